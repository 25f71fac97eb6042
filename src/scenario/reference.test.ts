import { describe, expect, it } from 'vitest';
import { fieldReference } from './reference';

describe('the reference of fields', () => {
  const all = fieldReference();
  const of = (path: string) => all.find((one) => one.path === path);

  it('names each with its range, default and meaning, in lists, alternatives and loops', () => {
    expect(of('hosts.A.nic.txRing')).toMatchObject({ initial: '256', required: false });
    expect(of('hosts.A.nic.txRing')?.expected).toBe('a whole number from 80 to 4096, a multiple of 8');
    expect(of('tasks[].calls[] write .bytes')).toMatchObject({ initial: null, required: true, doc: 'Bytes to write.' });
    expect(of('tasks[].calls[] loop .times')?.expected).toBe('a whole number from 1 to 10000');
    expect(of('hosts.A.qdisc tbf .rate')?.required).toBe(true);
    expect(of('hosts.A.sysctl.ipv4.tcp_reordering')?.doc).toContain('Duplicate ACKs');
  });

  it('names the choices within lists and alternatives, and defaults of sysctls', () => {
    expect(of('tasks[].calls[] send .flags')?.expected).toBe(
      'a list of at most 8 flags: "MSG_DONTWAIT", "MSG_EOR", "MSG_MORE", "MSG_NOSIGNAL" or "MSG_OOB"',
    );
    expect(of('tasks[].calls[] setsockopt .option')?.expected).toContain('"TCP_DEFER_ACCEPT"');
    expect(of('tasks[].calls[] shutdown .how')?.expected).toBe('"SHUT_RD", "SHUT_WR", "SHUT_RDWR" or a number');
    expect(of('hosts.A.sysctl.ipv4.tcp_rmem')?.expected).toBe(
      'a list of 3 rising numbers (min, default, max): a whole number from 256 to 67108864',
    );
    expect(of('hosts.A.sysctl.ipv4.tcp_reordering')?.initial).toBe('3');
  });

  it('says what each takes', () => {
    expect(all.filter(({ expected }) => expected === '').map(({ path }) => path)).toEqual([]);
    expect(new Set(all.map(({ path }) => path)).size).toBe(all.length);
  });
});
