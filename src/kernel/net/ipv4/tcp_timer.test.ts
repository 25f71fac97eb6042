import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { tcp_sock } from '../../include/linux/tcp';
import { INITIAL_JIFFIES, NSEC_PER_JIFFY } from '../../include/linux/timer';
import { retransmits_timed_out, tcp_orphan_retries } from './tcp_timer';

/** Milliseconds from the first timeout until the connection counts as timed out, to the nearest 100. */
function patience(boundary: number, opening: boolean): number {
  const sk = new tcp_sock();
  sk.icsk_retransmits = 1;
  sk.retrans_stamp = INITIAL_JIFFIES;
  let ms = 0;
  for (clock.ns = 0; !retransmits_timed_out(sk, boundary, 0, opening); clock.ns = ms * NSEC_PER_JIFFY) ms += 100;
  return ms;
}

beforeEach(() => {
  setHeap(new Heap());
  const kernel: Kernel = { host: 0, cpus: [], globals: [], arch: {} as Arch, version: '2.6.39', sysctl: {} };
  const cpu: Cpu = { id: 0, kernel, perCpu: [] };
  setCurrent(cpu, heap);
});

describe('giving up', () => {
  it.each([
    ['looks for another route after tcp_retries1', 3, false, 3_000],
    ['ends a connection after tcp_retries2', 15, false, 924_600],
    ['ends an orphan sooner', 8, false, 102_200],
    ['ends a connection that is being opened', 5, true, 189_000],
  ])('%s', (_, boundary, opening, ms) => {
    expect(patience(boundary, opening)).toBe(ms);
  });

  it('waits for no time before the first timeout, and for the user timeout when there is one', () => {
    const sk = new tcp_sock();
    sk.retrans_stamp = INITIAL_JIFFIES;
    clock.ns = 5000 * NSEC_PER_JIFFY;
    expect(retransmits_timed_out(sk, 0, 1, false)).toBe(false);
    sk.icsk_retransmits = 1;
    expect(retransmits_timed_out(sk, 15, 5000, false)).toBe(true);
    expect(retransmits_timed_out(sk, 15, 5001, false)).toBe(false);
  });

  it('gives an orphan eight tries while the path lives', () => {
    const sk = new tcp_sock();
    expect([tcp_orphan_retries(sk, true), tcp_orphan_retries(sk, false)]).toEqual([8, 0]);
  });
});
