import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { TCP_CA_Loss, tcp_sock } from '../../include/linux/tcp';
import {
  bictcp_acked,
  bictcp_cong_avoid,
  bictcp_init,
  bictcp_recalc_ssthresh,
  bictcp_state,
  bictcp_undo_cwnd,
  cubic_root,
} from './tcp_cubic';

const RTT_MS = 100;

/** A connection whose window is always full. */
function connection(cwnd: number, ssthresh: number): tcp_sock {
  const sk = new tcp_sock();
  sk.snd_cwnd = cwnd;
  sk.snd_ssthresh = ssthresh;
  bictcp_init(sk);
  return sk;
}

/** One round trip: as many ACKs as segments were in flight. */
function round(sk: tcp_sock): void {
  const flight = sk.snd_cwnd;
  for (let i = 0; i < flight; i++) {
    sk.snd_una++;
    sk.snd_nxt = sk.snd_una + flight;
    bictcp_acked(sk, 1, RTT_MS * 1000);
    bictcp_cong_avoid(sk, sk.snd_una, sk.snd_cwnd);
    clock.ns += (RTT_MS * 1e6) / flight;
  }
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: {} as Arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
});

describe('cubic_root', () => {
  it('is within 7 % of the root for small numbers, within 0.3 % for large ones', () => {
    for (let a = 64; a < 2 ** 52; a = Math.floor(a * 1.37) + 1) {
      const root = Math.cbrt(a);
      expect(Math.abs(cubic_root(a) - root)).toBeLessThanOrEqual(Math.max(0.003 * root, 1));
    }
    expect([0, 1, 8, 27, 63].map(cubic_root)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('CUBIC', () => {
  it('doubles the window each round trip below ssthresh', () => {
    const sk = connection(4, 0x7fffffff);
    round(sk);
    expect(sk.snd_cwnd).toBe(8);
    round(sk);
    expect(sk.snd_cwnd).toBe(16);
  });

  it('leaves slow start when ACKs come in a long dense train', () => {
    const sk = connection(64, 0x7fffffff);
    round(sk);
    expect(sk.snd_ssthresh).toBeLessThan(128);
  });

  it('cuts to 717/1024 on a loss, remembers the window, and gives it back on an undo', () => {
    const sk = connection(100, 50);
    sk.snd_ssthresh = bictcp_recalc_ssthresh(sk);
    expect(sk.snd_ssthresh).toBe(70);
    sk.snd_cwnd = 70;
    expect(bictcp_undo_cwnd(sk)).toBe(100);
    bictcp_recalc_ssthresh(sk);
    expect(sk.icsk_ca_priv.last_max_cwnd).toBe(Math.floor((70 * (1024 + 717)) / 2048));
    bictcp_state(sk, TCP_CA_Loss);
    expect(sk.icsk_ca_priv.last_max_cwnd).toBe(0);
  });

  it('climbs back to the old window in K seconds: fast, then flat, then fast again', () => {
    const sk = connection(200, 100);
    sk.snd_ssthresh = bictcp_recalc_ssthresh(sk);
    sk.snd_cwnd = sk.snd_ssthresh;
    const windows = [sk.snd_cwnd];
    for (let n = 0; n < 100; n++) {
      round(sk);
      windows.push(sk.snd_cwnd);
    }
    const k = Math.cbrt((200 * (1 - 717 / 1024)) / 0.4);
    const plateau = Math.round((k * 1000) / RTT_MS);
    const gain = (at: number): number => (windows[at + 5] as number) - (windows[at] as number);
    expect(Math.abs((windows[plateau] as number) - 200)).toBeLessThan(8);
    expect(gain(2)).toBeGreaterThan(gain(plateau - 5));
    expect(gain(90)).toBeGreaterThan(gain(plateau - 5));
  });
});
