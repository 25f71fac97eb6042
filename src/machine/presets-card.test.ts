import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { nic_registers } from '../hardware/registers';
import { e1000_adapter } from '../kernel/drivers/net/e1000/e1000_struct';
import { Qdisc } from '../kernel/include/net/sch_generic';
import { packet_sock } from '../kernel/net/packet/af_packet';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { alive, type Story, told } from './story';

const WRITER = /^A task:writer/;
const SOFTIRQ = /^A softirq/;

const us = (story: Story, n: number): number => story.trace.time(n) / 1000;

/** Lengths of the frames that left a host, FCS left out. */
function framesFrom(story: Story, host: number): number[] {
  const cursor = new Cursor(story.trace);
  return story
    .marks(Kind.WIRE, 'tx-end')
    .filter((n) => story.trace.context(story.trace.ctx(n)).host === host)
    .map((n) => {
      cursor.seek(n);
      return (cursor.state.find(story.trace.skb(n))?.num('len') ?? 0) - 4;
    });
}

/** Lengths of the packets in the queues of the captures, by socket. */
function captured(story: Story): number[][] {
  return alive(story.run.heap, packet_sock).map(({ sk_receive_queue }) => {
    const lengths: number[] = [];
    for (let skb = sk_receive_queue.next; skb !== null; skb = skb.next) lengths.push(skb.len);
    return lengths;
  });
}

describe('preset', () => {
  it('ring-full: the queue is stopped, a packet is put back, and cleaning wakes the queue', () => {
    const story = told('ring-full');
    const [stop] = story.calls('netif_stop_queue', WRITER);
    expect(story.stack(stop ?? 0)).toContain('__e1000_maybe_stop_tx');
    const queued = story.calls('pfifo_fast_enqueue', WRITER).filter((n) => n > (stop ?? 0));
    expect(queued.length).toBeGreaterThan(3);
    const [wake] = story.calls('netif_wake_queue', SOFTIRQ);
    expect(story.stack(wake ?? 0)).toContain('e1000_clean_tx_irq');
    const after = story.calls('e1000_xmit_frame', SOFTIRQ).filter((n) => n > (wake ?? 0));
    expect(after.every((n) => story.stack(n).includes('net_tx_action'))).toBe(true);
    expect(after.length).toBeGreaterThan(3);
    const requeues = story.calls('dev_requeue_skb').length;
    expect(alive(story.run.heap, Qdisc).map((qdisc) => qdisc.requeues)).toContain(requeues);
    expect(requeues).toBeGreaterThan(0);
  });

  it('interrupt-throttle: thirty segments in eight interrupts, at least 250 us apart', () => {
    const story = told('interrupt-throttle');
    const interrupts = story.calls('e1000_intr', /^B/);
    expect([story.calls('napi_gro_receive', /^B/).length, interrupts.length]).toEqual([30, 8]);
    const gaps = interrupts.slice(1).map((n, i) => us(story, n) - us(story, interrupts[i] as number));
    // ITR counts 256 ns: 976 of them are 249.9 us. What the CPU takes to answer varies a little.
    for (const gap of gaps) expect(gap).toBeGreaterThan(249);
  });

  it('pause-frames: XOFF stops the sender for ten milliseconds, XON starts it, nothing is missed', () => {
    const story = told('pause-frames');
    const [a, b] = alive(story.run.heap, nic_registers);
    expect([b?.XOFFTXC, b?.XONTXC, b?.MPC, a?.XOFFRXC, a?.XONRXC]).toEqual([1, 1, 0, 1, 1]);
    const sent = story.marks(Kind.WIRE, 'tx-start', /^A/).map((n) => us(story, n));
    const longest = Math.max(...sent.slice(1).map((at, i) => at - (sent[i] as number)));
    expect(longest).toBeGreaterThan(8000);
  });

  it('link-flap: carrier, qdisc and queue go and come with the link', () => {
    const story = told('link-flap');
    for (const host of [/^A/, /^B/]) {
      expect(story.calls('netif_carrier_off', host)).toHaveLength(1);
      const [on] = story.calls('netif_carrier_on', host);
      expect(us(story, on ?? 0)).toBeGreaterThan(500_000);
      const [deactivated] = story.calls('dev_deactivate', host);
      const [activated] = story.calls('dev_activate', host);
      expect(deactivated).toBeLessThan(activated ?? 0);
    }
    const dropped = story.calls('noop_enqueue', /^A/);
    expect(dropped.length).toBeGreaterThan(0);
    for (const n of dropped) expect(us(story, n)).toBeLessThan(502_000);
    expect(story.calls('tcp_retransmit_timer', /^A/).length).toBeGreaterThan(0);
  });

  it('tx-timeout: hang seen, queue stopped, timeout, reset, and the data arrives after all', () => {
    const story = told('tx-timeout');
    const [stop] = story.calls('netif_stop_queue', SOFTIRQ);
    expect(story.stack(stop ?? 0)).toContain('e1000_clean_tx_irq');
    const [timeout] = story.calls('e1000_tx_timeout', SOFTIRQ);
    expect(story.ways('e1000_tx_timeout')).toEqual(['e1000_netdev_ops.ndo_tx_timeout']);
    // The watchdog runs every five seconds; the last packet was taken three seconds into the run.
    expect(us(story, timeout ?? 0)).toBeGreaterThan(8_000_000);
    const [reset] = story.calls('e1000_reset_task', /^A task:kworker/);
    const [up] = story.calls('e1000_up', /^A task:kworker/);
    expect([stop, timeout, reset, up].every((n, i, all) => i === 0 || (n ?? 0) > (all[i - 1] ?? 0))).toBe(true);
    expect(alive(story.run.heap, e1000_adapter)[0]?.tx_timeout_count).toBe(1);
  });

  it('tbf-shaping: after the burst a frame every 3.04 ms, each by the watchdog', () => {
    const story = told('tbf-shaping');
    const sent = story.calls('e1000_xmit_frame', /^A/);
    const late = sent.filter((n) => story.stack(n).includes('net_tx_action'));
    expect([sent.length, late.length]).toEqual([20, 17]);
    // 1514 bytes are 190 cells of 8 bytes: 1520 bytes at 500 bytes a millisecond.
    for (const [i, n] of late.slice(1).entries()) {
      expect(us(story, n) - us(story, late[i] as number)).toBeCloseTo(3040, -1);
    }
    const tbf = alive(story.run.heap, Qdisc).find(({ tbf }) => tbf !== null);
    expect([tbf?.bstats_packets, tbf?.drops, (tbf?.overlimits ?? 0) >= 17]).toEqual([20, 0, true]);
  });

  it('prio-bands: what is urgent leaves before what waits', () => {
    const story = told('prio-bands');
    const [urgent] = story.calls('pfifo_enqueue', /^A task:talker/);
    expect(urgent).toBeDefined();
    const [wake] = story.calls('netif_wake_queue', SOFTIRQ);
    const order = story
      .calls('prio_dequeue', SOFTIRQ)
      .filter((n) => n > (wake ?? 0))
      .map((n) => {
        const inner = story.calls('qdisc_dequeue_head', SOFTIRQ).concat(story.calls('sfq_dequeue', SOFTIRQ));
        const last = inner.filter((call) => call > n && call < story.trace.leaveOf(n)).sort((x, y) => x - y);
        return last.map((call) => story.trace.functionAt(call)?.name);
      });
    // The first band has it at once: the second is not asked.
    expect(order[0]).toEqual(['qdisc_dequeue_head']);
    expect(order[1]).toEqual(['qdisc_dequeue_head', 'sfq_dequeue']);
  });

  it('tso-cut: one packet for the driver, ten frames on the wire', () => {
    const story = told('tso-cut');
    expect(story.results('e1000_tso', WRITER)).toEqual([1]);
    expect(framesFrom(story, 0)).toEqual(Array(10).fill(1514));
  });

  it('gro-merge: five frames, one packet for IP', () => {
    const story = told('gro-merge');
    expect(story.calls('napi_gro_receive', /^B/)).toHaveLength(5);
    expect(story.calls('skb_gro_receive', /^B/)).toHaveLength(4);
    expect(story.calls('ip_rcv', /^B/)).toHaveLength(1);
    expect(captured(story)[0]?.[0]).toBe(7306);
  });

  it('tcpdump-lies: one packet in both captures, five frames on the wire', () => {
    const story = told('tcpdump-lies');
    expect(framesFrom(story, 0)).toEqual(Array(5).fill(1514));
    expect(captured(story)).toEqual([[7306], [7306]]);
    const [a, b] = alive(story.run.heap, packet_sock);
    const sumOf = (sock: packet_sock | undefined): number => {
      const at = sock?.sk_receive_queue.next?.data ?? 0;
      return heap.readBe16(at + 14 + 20 + 16);
    };
    // The sum of the pseudo-header, left by tcp_v4_send_check at A and put there by tcp4_gro_complete at B.
    const pseudo = [0x0a00, 0x0001, 0x0a00, 0x0002, 6, 7306 - 34].reduce((sum, word) => sum + word, 0);
    expect([sumOf(a), sumOf(b)]).toEqual([pseudo, pseudo]);
  });
});
