import { sources } from 'virtual:kernel-sources';
import { describe, expect, it } from 'vitest';
import { parseScenario } from './schema';
import { SYSCTL_LISTS, SYSCTLS, sysctlNumbers } from './sysctls';

const tasks = [{ host: 'A', name: 't', calls: [{ op: 'sleep', us: 1 }] }];

function complaint(sysctl: object): string | null {
  const parsed = parseScenario({ tasks, hosts: { A: { sysctl } } });
  return parsed.ok ? null : (parsed.issues[0]?.message ?? '');
}

describe('sysctls', () => {
  it('are all read by the kernel', () => {
    const text = Object.values(sources).join('\n');
    const reads = [
      ...Object.keys(SYSCTLS).map((name) => `'${name}'`),
      ...Object.entries(SYSCTL_LISTS).map(([name, { parts }]) => {
        const vector = `sysctls\\('${name}', \\{ ${parts.map((part) => `${part}: [^,]+`).join(', ')} \\}`;
        return `${vector}|${parts.map((part) => `'${name}.${part}'[^]*`).join('')}`;
      }),
    ];
    expect(reads.filter((read) => !new RegExp(read).test(text))).toEqual([]);
  });

  it('are by default what the kernel takes when they are not set', () => {
    const defaults = new Map([
      ...Object.entries(SYSCTLS).map(([name, { initial }]) => [name, initial] as const),
      ...Object.entries(SYSCTL_LISTS).flatMap(([name, { parts, initial }]) =>
        parts.map((part, n) => [`${name}.${part}`, initial[n]] as const),
      ),
    ]);
    const text = Object.values(sources).join('\n');
    const NUMBER = /^([\d_]+)(?: << (\d+))?$/;
    const vectors = [...text.matchAll(/sysctls\('([\w.]+)', \{ ([^}]+) \}/g)].flatMap(([, name, parts = '']) =>
      parts.split(', ').map((part) => [`${name}.${part.split(': ')[0]}`, part.split(': ')[1] ?? ''] as const),
    );
    const single = [...text.matchAll(/sysctl\('([\w.]+)', ([^)]+)\)/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    const read = [...single, ...vectors].filter(([, value = '']) => NUMBER.test(value));
    expect(read.length).toBeGreaterThan(60);
    for (const [name = '', value = ''] of read) {
      const [, digits = '', shift = '0'] = NUMBER.exec(value) ?? [];
      expect([name, Number(digits.replaceAll('_', '')) * 2 ** Number(shift)]).toEqual([name, defaults.get(name)]);
    }
  });

  it('are set by their names, as /proc/sys has them', () => {
    expect(complaint({ 'ipv4.tcp_sack': 0, 'ipv4.tcp_rmem': [4096, 8192, 16_384] })).toBeNull();
    expect(complaint({ 'ipv4.tcp_congestion_control': 'reno' })).toBeNull();
    expect(complaint({ 'ipv4.tcp_congestion_control': 'vegas' })).toMatch(
      /expected "cubic", "reno" or "bic", got "vegas"$/,
    );
    expect(complaint({ 'ipv4.tcp_rmem': [9000, 8192, 16_384] })).toMatch(/3 rising numbers \(min, default, max\)/);
    expect(complaint({ 'ipv4.tcp_sak': 0 })).toMatch(/did you mean "ipv4\.tcp_sack"\?$/);
  });

  it('with several numbers are several to the kernel', () => {
    expect(
      sysctlNumbers({ 'ipv4.tcp_wmem': [1, 2, 3], 'ipv4.tcp_ecn': 1, 'ipv4.tcp_congestion_control': 'bic' }),
    ).toEqual({
      'ipv4.tcp_wmem.min': 1,
      'ipv4.tcp_wmem.default': 2,
      'ipv4.tcp_wmem.max': 3,
      'ipv4.tcp_ecn': 1,
    });
  });
});
