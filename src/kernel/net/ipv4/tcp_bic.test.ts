import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { TCP_CA_Loss, TCP_CA_Recovery, tcp_sock } from '../../include/linux/tcp';
import { bictcp_ops } from './tcp_bic';

const RTT_MS = 100;

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: {} as Arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
});

function connection(cwnd: number, ssthresh: number): tcp_sock {
  const sk = new tcp_sock();
  sk.snd_cwnd = cwnd;
  sk.snd_ssthresh = ssthresh;
  bictcp_ops.init?.(sk);
  return sk;
}

/** One round trip in which each segment is acknowledged by itself. */
function round(sk: tcp_sock): void {
  const flight = sk.snd_cwnd;
  for (let i = 0; i < flight; i++) {
    bictcp_ops.pkts_acked?.(sk, 1, RTT_MS * 1000);
    bictcp_ops.cong_avoid(sk, 0, sk.snd_cwnd);
    clock.ns += (RTT_MS * 1e6) / flight;
  }
}

describe('BIC', () => {
  it('cuts a window above 14 to 819/1024, a smaller one by half', () => {
    expect(bictcp_ops.ssthresh(connection(100, 50))).toBe(79);
    expect(bictcp_ops.ssthresh(connection(15, 7))).toBe(11);
    expect(bictcp_ops.ssthresh(connection(14, 7))).toBe(7);
    expect(bictcp_ops.ssthresh(connection(2, 2))).toBe(2);
  });

  it('gives way when a loss comes below the last maximum', () => {
    const sk = connection(100, 50);
    bictcp_ops.ssthresh(sk);
    sk.snd_cwnd = 79;
    bictcp_ops.ssthresh(sk);
    expect(sk.icsk_ca_priv.last_max_cwnd).toBe(Math.trunc((79 * (1024 + 819)) / 2048));
    expect(bictcp_ops.undo_cwnd?.(sk)).toBe(79);
  });

  it('climbs in large steps far below the old maximum, in small ones close to it', () => {
    const sk = connection(400, 300);
    sk.snd_ssthresh = bictcp_ops.ssthresh(sk);
    sk.snd_cwnd = sk.snd_ssthresh;
    const windows = [sk.snd_cwnd];
    for (let n = 0; n < 40; n++) {
      round(sk);
      windows.push(sk.snd_cwnd);
    }
    const step = (n: number): number => (windows[n + 1] ?? 0) - (windows[n] ?? 0);
    // 319 is 81 below 400: a quarter of that is more than the 16 segments that are added at most in a round trip, for a receiver
    // that acknowledges every second segment, which is what the estimate of ACKs begins with: 19 ACKs * 16 / 31 make one more.
    expect(step(0)).toBeGreaterThan(16);
    expect(step(0)).toBeLessThanOrEqual(Math.ceil(400 / 9));
    const near = windows.findIndex((cwnd) => cwnd >= 396);
    expect(step(near)).toBeLessThanOrEqual(2);
  });

  it('forgets the maximum after a timeout, not after a fast retransmit', () => {
    const sk = connection(100, 50);
    bictcp_ops.ssthresh(sk);
    bictcp_ops.set_state?.(sk, TCP_CA_Recovery);
    expect(sk.icsk_ca_priv.last_max_cwnd).toBe(100);
    bictcp_ops.set_state?.(sk, TCP_CA_Loss);
    expect(sk.icsk_ca_priv.last_max_cwnd).toBe(0);
  });
});
