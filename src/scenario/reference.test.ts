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

  it('says what each takes', () => {
    expect(all.filter(({ expected }) => expected === '').map(({ path }) => path)).toEqual([]);
    expect(new Set(all.map(({ path }) => path)).size).toBe(all.length);
  });
});
