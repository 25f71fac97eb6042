import { describe, expect, it } from 'vitest';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { told } from './story';

const WRITER = /^A task:writer/;
const READER = /^B task:reader/;

describe('preset', () => {
  it('write-4000: three segments, two by tcp_push_one and the last by tcp_push', () => {
    const story = told('write-4000');
    expect(story.ways('tcp_sendmsg')).toEqual(['inet_stream_ops.sendmsg']);
    const sent = story
      .calls('e1000_xmit_frame', WRITER)
      .map((n) => story.stack(n).filter((name) => /^tcp_push/.test(name)));
    expect(sent).toEqual([['tcp_push_one'], ['tcp_push_one'], ['tcp_push']]);
  });

  it('write-100: one segment past an empty qdisc', () => {
    const story = told('write-100');
    expect(story.calls('e1000_xmit_frame', WRITER)).toHaveLength(1);
    expect(story.calls('pfifo_fast_enqueue', WRITER)).toHaveLength(0);
  });

  it('write-4000-2.6.39: one sk_buff takes the data, its two full segments leave as one', () => {
    const story = told('write-4000-2.6.39');
    expect(story.ways('tcp_sendmsg')).toEqual(['tcp_prot.sendmsg']);
    expect(story.calls('sk_stream_alloc_skb', /^A/).map((n) => story.stack(n).at(-2))).toEqual([
      'tcp_sendmsg',
      'tso_fragment',
    ]);
    expect(story.results('tcp_mss_split_point', WRITER)).toEqual([2896]);
    expect(story.results('e1000_tso', WRITER)).toEqual([1, 0]);
  });

  it('write-64k-cwnd: ten segments leave, then the window is full', () => {
    const story = told('write-64k-cwnd');
    const acks = story.calls('tcp_ack', /^A/);
    const before = story.calls('e1000_xmit_frame', WRITER).filter((n) => n < (acks[0] ?? 0));
    expect(before).toHaveLength(10);
    expect(story.results('tcp_cwnd_test', WRITER)).toContain(0);
    expect(story.calls('sk_stream_wait_memory')).toHaveLength(0);
  });

  it("write-rwnd: the peer's window stops the sender until the reader reads", () => {
    const story = told('write-rwnd');
    expect(story.results('tcp_snd_wnd_test', WRITER).filter((fits) => !fits).length).toBeGreaterThan(0);
    expect(story.results('tcp_cwnd_test')).not.toContain(0);
    expect(story.calls('e1000_xmit_frame', WRITER)).toHaveLength(4);
    expect(story.calls('e1000_xmit_frame', READER).length).toBeGreaterThan(0);
  });

  it('write-sndbuf: the writer sleeps for memory and is woken by ACKs', () => {
    const story = told('write-sndbuf');
    const sleeps = story.marks(Kind.SWITCH, 'sleeps', WRITER);
    expect(sleeps.filter((n) => story.stack(n).includes('sk_stream_wait_memory')).length).toBeGreaterThan(0);
    const wakes = story.calls('sk_stream_write_space', /^A softirq/);
    expect(wakes.some((n) => story.stack(n).includes('tcp_v4_rcv') && n > (sleeps[0] ?? 0))).toBe(true);
    expect(story.results('sys_write', WRITER)).toEqual([65_536]);
  });

  it('capture-on: both taps get clones', () => {
    const story = told('capture-on');
    expect(story.calls('dev_queue_xmit_nit', WRITER)).toHaveLength(2);
    for (const host of [/^A/, /^B/]) expect(story.calls('packet_rcv', host).length).toBeGreaterThan(1);
  });

  it('offload-off: five frames, summed and cut by the kernel', () => {
    const story = told('offload-off');
    expect(story.calls('e1000_xmit_frame', WRITER)).toHaveLength(5);
    expect(story.calls('dev_queue_xmit_nit', WRITER)).toHaveLength(5);
    expect(story.results('e1000_tso').every((cut) => cut === 0)).toBe(true);
  });

  it('offload-on: one large frame at the tap, cut by the card', () => {
    const story = told('offload-on');
    expect(story.calls('dev_queue_xmit_nit', WRITER)).toHaveLength(1);
    expect(story.results('e1000_tso', WRITER)).toEqual([1]);
  });

  it('qdisc-backlog: packets wait for tokens, and NET_TX sends them', () => {
    const story = told('qdisc-backlog');
    expect(story.calls('tbf_enqueue', WRITER)).toHaveLength(6);
    expect(story.calls('e1000_xmit_frame', WRITER)).toHaveLength(2);
    const late = story.calls('e1000_xmit_frame', /^A softirq/).filter((n) => story.stack(n).includes('net_tx_action'));
    expect(late).toHaveLength(4);
  });

  it('two-writers: one CPU spins on the TX lock while the other holds it', () => {
    const story = told('two-writers');
    const spins = story.marks(Kind.SPIN, 'spins', /^A task:writer-[12]$/);
    const locks = spins.map(
      (n) => story.run.heap.objects[story.run.heap.objParent[story.trace.skb(n)] ?? 0]?.$type.name,
    );
    expect(locks).toContain('netdev_queue');
    const spin = spins[locks.indexOf('netdev_queue')] ?? 0;
    expect(story.stack(spin)).toContain('dev_queue_xmit');
    const next = story.trace.nextEventOf(story.trace.ctx(spin), spin);
    expect(story.trace.time(next)).toBeGreaterThan(story.trace.time(spin));
  });

  it('read-wakes: the reader sleeps, is woken, and processes the segment itself', () => {
    const story = told('read-wakes');
    const [sleep] = story.marks(Kind.SWITCH, 'sleeps', READER);
    expect(story.stack(sleep ?? 0)).toContain('sk_wait_data');
    const [woken] = story.calls('tcp_prequeue', /^B softirq/);
    expect(woken).toBeGreaterThan(sleep ?? 0);
    expect(story.calls('tcp_prequeue_process', READER)).toHaveLength(1);
    expect(story.calls('tcp_rcv_established', READER)).toHaveLength(1);
  });

  it('fast-retransmit: one retransmission, when more than three segments are passed, and no timeout', () => {
    const story = told('fast-retransmit');
    expect(story.calls('tcp_retransmit_skb', /^A/)).toHaveLength(1);
    expect(story.calls('tcp_retransmit_timer', /^A/)).toHaveLength(0);
    // FACK counts up to the highest SACK, the hole included: more than 3 with the third SACKed segment behind it.
    const judged = story.results('tcp_time_to_recover', /^A/);
    expect(judged.slice(0, 3)).toEqual([false, false, true]);
  });

  it('rto: two timeouts, the second after twice the time, with F-RTO', () => {
    const story = told('rto');
    const timeouts = story.calls('tcp_enter_frto', /^A/).map((n) => story.trace.time(n) / 1e6);
    expect(timeouts).toHaveLength(2);
    const [first = 0, second = 0] = timeouts;
    // The timeout is RTT + 200 ms (1 + 200 jiffies) and then the double of that.
    expect(second - first).toBeGreaterThan(400);
    expect(second - first).toBeLessThan(406);
    expect(story.calls('tcp_retransmit_skb', /^A/)).toHaveLength(2);
  });

  it('sack-recovery: three holes, three retransmissions', () => {
    const story = told('sack-recovery');
    expect(story.calls('tcp_retransmit_skb', /^A/)).toHaveLength(3);
    expect(story.calls('tcp_retransmit_timer', /^A/)).toHaveLength(0);
    expect(story.calls('tcp_mark_head_lost', /^A/).length).toBeGreaterThan(0);
  });

  it('arp-miss: the segments wait for the answer to a broadcast', () => {
    const story = told('arp-miss');
    const [asked] = story.calls('arp_solicit', /^A/);
    const waiting = story.calls('__neigh_event_send', WRITER).filter((n) => n < (asked ?? 0));
    expect(waiting).toHaveLength(3);
    const [answer] = story.calls('arp_process', /^A/);
    expect(story.calls('e1000_xmit_frame', /^A/).filter((n) => n > (answer ?? 0)).length).toBeGreaterThanOrEqual(3);
  });

  it('router: three segments and their ACKs go through ip_forward', () => {
    const story = told('router');
    const left = story.calls('e1000_xmit_frame', /^[AB]/);
    expect(story.calls('ip_forward', /^R/)).toHaveLength(left.length);
  });

  it('cubic-growth: cut, steep, flat, steep again', () => {
    const story = told('cubic-growth');
    const cursor = new Cursor(story.trace);
    const windows: number[] = [];
    let next = 0;
    for (const n of story.calls('bictcp_cong_avoid', /^A/)) {
      if (story.trace.time(n) < next) continue;
      next = story.trace.time(n) + 200e6;
      cursor.seek(n);
      windows.push(Math.max(...cursor.state.objects('tcp_sock', 0).map((tp) => tp.num('snd_cwnd'))));
    }
    // After the loss ssthresh is 24 * 717/1024 = 16; the cubic is flat where the window was, and not before or behind.
    const climb = windows.slice(windows.findIndex((cwnd, n) => n > 0 && cwnd >= 16 && cwnd < 24));
    const roundsAt = (from: number, to: number): number => climb.filter((cwnd) => cwnd >= from && cwnd < to).length;
    expect(Math.max(...windows)).toBeGreaterThan(29);
    expect(roundsAt(23, 26)).toBeGreaterThan(2 * roundsAt(17, 20));
    expect(roundsAt(23, 26)).toBeGreaterThan(2 * roundsAt(26, 29));
  });

  it('nagle-vs-nodelay: the small writes behind the first wait for its ACK, but for those with TCP_NODELAY', () => {
    const story = told('nagle-vs-nodelay');
    expect(story.calls('e1000_xmit_frame', /^A task:nagle/)).toHaveLength(1);
    expect(story.results('tcp_nagle_test', /^A task:nagle/)).toContain(false);
    expect(story.calls('e1000_xmit_frame', /^A task:nodelay/)).toHaveLength(3);
  });

  it('delayed-ack: the second write leaves when the ACK put off for 40 ms comes', () => {
    const story = told('delayed-ack');
    expect(story.calls('e1000_xmit_frame', WRITER)).toHaveLength(1);
    const [late] = story
      .calls('e1000_xmit_frame', /^A softirq/)
      .filter((n) => story.stack(n).includes('tcp_data_snd_check'));
    expect(story.trace.time(late ?? 0) / 1e6).toBeGreaterThan(39);
    expect(story.calls('tcp_delack_timer', /^B/).length).toBeGreaterThan(0);
  });

  it('zero-window: probes go at 200 ms and then twice as late each time, until the window opens', () => {
    const story = told('zero-window');
    const probes = story.calls('tcp_send_probe0', /^A/).map((n) => story.trace.time(n) / 1e6);
    expect(probes.length).toBeGreaterThanOrEqual(2);
    const gaps = probes.slice(1).map((at, n) => at - (probes[n] ?? 0));
    for (const [n, gap] of gaps.slice(1).entries()) expect(gap / (gaps[n] ?? 1)).toBeCloseTo(2, 0);
  });

  it('close: a small socket stays for a minute, then nothing is left', () => {
    const story = told('close');
    expect(story.calls('tcp_time_wait', /^A/)).toHaveLength(1);
    expect(story.calls('inet_twsk_free', /^A/)).toHaveLength(1);
    expect(story.calls('sk_prot_free')).toHaveLength(2);
    expect(story.trace.time(story.calls('inet_twsk_free')[0] ?? 0) / 1e9).toBeCloseTo(60, 0);
  });
});
