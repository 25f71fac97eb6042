import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { ops } from '../../../base/dispatch';
import { Heap, heap, setHeap } from '../../../base/heap';
import { seqDiff } from '../../../base/seq';
import { type Cpu, type Kernel, type Kgen, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import type { kiocb } from '../../include/linux/fs';
import { MSG_DONTWAIT, MSG_MORE, SOCK_STREAM, socket, socket_wq } from '../../include/linux/net';
import { NETIF_F_HW_CSUM, NETIF_F_SG, NETIF_F_TSO } from '../../include/linux/netdevice';
import { CHECKSUM_PARTIAL, SKB_GSO_TCPV4, type sk_buff } from '../../include/linux/skbuff';
import {
  TCP_ESTABLISHED,
  TCP_NAGLE_OFF,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_PSH,
  tcp_sack_block,
  tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { task_struct } from '../../include/linux/wait';
import {
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  type inet_connection_sock_af_ops,
} from '../../include/net/inet_connection_sock';
import type { proto } from '../../include/net/sock';
import { sysctl_tcp_mem, sysctl_tcp_rmem, sysctl_tcp_wmem, TCP_SKB_CB } from '../../include/net/tcp';
import { runqueue } from '../../kernel/sched';
import { kfree_skb, skb_copy_bits } from '../core/skbuff';
import { sk_wmem_free_skb, sock_init_data } from '../core/sock';
import { tcp_sendmsg } from './tcp';
import {
  __tcp_push_pending_frames,
  tcp_fragment,
  tcp_push_pending_frames,
  tcp_retransmit_skb,
  tcp_select_initial_window,
  tcp_send_ack,
  tcp_send_fin,
  tcp_send_probe0,
  tcp_trim_head,
} from './tcp_output';
import { tcp_init_xmit_timers } from './tcp_timer';

/** What the network layer below was handed. */
interface Sent {
  seq: number;
  flags: number;
  window: number;
  options: number[];
  payload: number[];
  clone: boolean;
}

const ISN = 0xffff_f000;
const MSS = 1448;
let sent: Sent[] = [];

function bytesOf(skb: sk_buff, offset: number, len: number): number[] {
  const to = heap.ramAlloc(len);
  skb_copy_bits(skb, offset, to, len);
  const bytes = [...heap.bytes(to, len)];
  heap.ramFree(to, len);
  return bytes;
}

const below = ops<inet_connection_sock_af_ops>('inet_connection_sock_af_ops', 'test_af_ops', {
  *queue_xmit(skb: sk_buff): Kgen<number> {
    const th = new tcphdr(skb.transport_header);
    const header = (th.doff_res >> 4) * 4;
    sent.push({
      seq: th.seq,
      flags: th.flags,
      window: th.window,
      options: bytesOf(skb, tcphdr.size, header - tcphdr.size),
      payload: bytesOf(skb, header, skb.len - header),
      clone: skb.cloned,
    });
    kfree_skb(skb);
    return 0;
  },
  send_check: () => {},
  *rebuild_header(): Kgen<number> {
    return 0;
  },
  net_header_len: 20,
});

const test_prot = ops<proto>('proto', 'test_prot', {
  name: 'TCP',
  sendmsg: tcp_sendmsg,
  recvmsg: tcp_sendmsg as never,
  backlog_rcv: tcp_sendmsg as never,
  max_header: 272,
  no_autobind: true,
  obj_size: 0,
  sysctl_mem: sysctl_tcp_mem,
  sysctl_wmem: sysctl_tcp_wmem,
  sysctl_rmem: sysctl_tcp_rmem,
});

/** Runs a generator that meets nobody. */
function run<T>(code: Kgen<T>): T {
  for (;;) {
    const step = code.next();
    if (step.done === true) return step.value;
  }
}

function connection(gso: boolean, wanted: Partial<tcp_sock> = {}): tcp_sock {
  const sk = new tcp_sock();
  sk.sk_wmem_alloc = 1;
  const sock = new socket();
  sock.wq = new socket_wq();
  sk.skc_prot = test_prot;
  sk.sk_type = SOCK_STREAM;
  sock_init_data(sock, sk);
  sk.skc_state = TCP_ESTABLISHED;
  sk.icsk_af_ops = below;
  sk.inet_sport = 1000;
  sk.inet_dport = 80;
  sk.sk_sndbuf = 1 << 20;
  sk.sk_rcvbuf = 87380;
  sk.sk_gso_type = SKB_GSO_TCPV4;
  sk.sk_gso_max_size = 65536;
  sk.sk_route_caps = gso ? NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO : NETIF_F_HW_CSUM;
  sk.rx_opt.tstamp_ok = true;
  sk.rx_opt.ts_recent = 77;
  sk.rx_opt.rcv_wscale = 7;
  sk.rx_opt.mss_clamp = 1460;
  sk.tcp_header_len = 32;
  sk.mss_cache = MSS;
  sk.advmss = 1460;
  for (const at of ['write_seq', 'pushed_seq', 'snd_nxt', 'snd_una', 'snd_sml', 'snd_up'] as const) sk[at] = ISN;
  sk.snd_wnd = 65535;
  sk.max_window = 65535;
  sk.rcv_nxt = 5000;
  sk.rcv_wup = 5000;
  sk.rcv_wnd = 14480;
  sk.rcv_ssthresh = 14480;
  sk.window_clamp = 65535;
  sk.icsk_rto = 201;
  sk.icsk_ack.rcv_mss = 536;
  sk.lsndtime = 300_000;
  tcp_init_xmit_timers(sk);
  Object.assign(sk, wanted);
  return sk;
}

function write(sk: tcp_sock, length: number, msg_flags = MSG_DONTWAIT): number[] {
  const from = heap.ramAlloc(length);
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
  heap.writeBytes(from, bytes);
  const taken = run(
    tcp_sendmsg({} as kiocb, sk, { msg_iov: [{ iov_base: from, iov_len: length }], msg_iovlen: 1, msg_flags }, length),
  );
  return [...bytes.subarray(0, Math.max(taken, 0))];
}

/** Acknowledges everything below `ack`, as tcp_clean_rtx_queue does with whole skbs. */
function acknowledge(sk: tcp_sock, ack: number): void {
  for (let skb = sk.sk_write_queue.next; skb !== null; skb = sk.sk_write_queue.next) {
    if (skb === sk.sk_send_head || seqDiff(TCP_SKB_CB(skb).end_seq, ack) > 0) break;
    sk.packets_out -= skb.shared_info?.gso_segs ?? 0;
    const queue = sk.sk_write_queue;
    queue.next = skb.next;
    if (skb.next === null) queue.prev = null;
    else skb.next.prev = null;
    skb.next = null;
    skb.list = null;
    queue.qlen--;
    sk_wmem_free_skb(sk, skb);
  }
  sk.snd_una = ack;
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  clock.horizon = Number.POSITIVE_INFINITY;
  sent = [];
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: idleArch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  runqueue().curr = new task_struct();
});

describe('sending', () => {
  it('writes a header with the timestamps, keeps the skb and arms the timer', () => {
    const sk = connection(true);
    const bytes = write(sk, 100);
    expect(sent).toHaveLength(1);
    const [first] = sent;
    expect(first).toMatchObject({
      seq: ISN,
      flags: TCPHDR_ACK | TCPHDR_PSH,
      window: 14592 >> 7,
      payload: bytes,
      clone: true,
    });
    expect(first?.options).toEqual([1, 1, 8, 10, 0, 4, 0x93, 0xe0, 0, 0, 0, 77]);
    expect([sk.snd_nxt, sk.packets_out, sk.icsk_pending, sk.icsk_timeout]).toEqual([
      ISN + 100,
      1,
      ICSK_TIME_RETRANS,
      300_201,
    ]);
    expect([sk.sk_send_head, sk.sk_write_queue.qlen]).toEqual([null, 1]);
  });

  it('sends full segments one by one while the writer goes on', () => {
    const sk = connection(false);
    const bytes = write(sk, 4000);
    expect(sent.map((s) => s.payload.length)).toEqual([MSS, MSS, 4000 - 2 * MSS]);
    expect(sent.flatMap((s) => s.payload)).toEqual(bytes);
    expect(sent.map((s) => s.flags & TCPHDR_PSH)).toEqual([0, 0, TCPHDR_PSH]);
    expect(sk.snd_nxt).toBe((ISN + 4000) >>> 0);
  });

  it('stops at the congestion window and goes on when ACKs make room', () => {
    const sk = connection(false, { snd_cwnd: 2 });
    write(sk, 5 * MSS);
    expect([sent.length, sk.packets_out, sk.sk_write_queue.qlen]).toEqual([2, 2, 5]);
    acknowledge(sk, sk.snd_nxt);
    run(tcp_push_pending_frames(sk));
    expect([sent.length, sk.packets_out]).toEqual([4, 2]);
  });

  it('cuts a large skb where the window ends, at a whole segment', () => {
    const sk = connection(true, { snd_wnd: 3 * MSS + 100, max_window: 65535 });
    write(sk, 8 * MSS);
    const out = sent.map((s) => s.payload.length);
    expect(out.reduce((a, b) => a + b, 0)).toBe(3 * MSS);
    expect(sk.sk_send_head).not.toBeNull();
    expect(sk.packets_out).toBe(3);
  });

  it('probes a closed window instead of sending', () => {
    const sk = connection(false, { snd_wnd: 0 });
    write(sk, 100);
    expect([sent.length, sk.icsk_pending]).toEqual([0, ICSK_TIME_PROBE0]);
    run(tcp_send_probe0(sk));
    expect(sent[0]).toMatchObject({ seq: ISN - 1, payload: [] });
    expect([sk.icsk_probes_out, sk.icsk_backoff]).toEqual([1, 1]);
    expect(sk.icsk_timeout).toBe(300_402);
  });

  it('holds back a small segment only behind another small one', () => {
    const sk = connection(false);
    write(sk, MSS);
    write(sk, 10);
    expect(sent).toHaveLength(2);
    write(sk, 20);
    expect(sent).toHaveLength(2);
    acknowledge(sk, sk.snd_nxt);
    run(tcp_push_pending_frames(sk));
    expect(sent.map((s) => s.payload.length)).toEqual([MSS, 10, 20]);
    sk.nonagle = TCP_NAGLE_OFF;
    write(sk, 30);
    write(sk, 30);
    expect(sent).toHaveLength(5);
  });

  it('waits for more after MSG_MORE, and tops up the skb', () => {
    const sk = connection(false);
    write(sk, 10, MSG_MORE);
    expect(sent).toHaveLength(0);
    write(sk, 20);
    expect(sent.map((s) => s.payload.length)).toEqual([30]);
  });

  it('takes what the send buffer holds and no more', () => {
    const sk = connection(true, { sk_sndbuf: 16384, snd_cwnd: 0, max_window: 14480 });
    const bytes = write(sk, 100_000);
    expect(bytes.length).toBe(3 * 5 * MSS);
    expect(sk.sk_wmem_queued).toBeGreaterThan(16384);
    expect(sk.sk_socket?.flags).not.toBe(0);
  });

  it('sends a FIN on the last data, or alone', () => {
    const sk = connection(false, { snd_wnd: 0 });
    write(sk, 100);
    run(tcp_send_fin(sk));
    expect([sent.length, sk.sk_write_queue.qlen, sk.write_seq]).toEqual([0, 1, ISN + 101]);
    sk.snd_wnd = 65535;
    run(tcp_push_pending_frames(sk));
    expect(sent[0]?.flags).toBe(TCPHDR_ACK | TCPHDR_PSH | TCPHDR_FIN);
    const idle = connection(false);
    run(tcp_send_fin(idle));
    expect(sent[1]).toMatchObject({ seq: ISN, flags: TCPHDR_ACK | TCPHDR_FIN, payload: [] });
    expect(idle.snd_nxt).toBe(ISN + 1);
  });

  it('offers SACK blocks, a duplicate first', () => {
    const sk = connection(false);
    const block = (start_seq: number): tcp_sack_block =>
      Object.assign(new tcp_sack_block(), { start_seq, end_seq: start_seq + 10 });
    sk.duplicate_sack.set(0, block(100));
    sk.selective_acks.set(0, block(6000));
    sk.rx_opt.dsack = true;
    sk.rx_opt.num_sacks = 1;
    run(tcp_send_ack(sk));
    expect(sent[0]?.options.slice(12)).toEqual([
      1, 1, 5, 18, 0, 0, 0, 100, 0, 0, 0, 110, 0, 0, 0x17, 0x70, 0, 0, 0x17, 0x7a,
    ]);
    expect(sk.rx_opt.dsack).toBe(false);
  });

  it('never takes back a window it offered', () => {
    const sk = connection(false, { rcv_ssthresh: 4000 });
    run(tcp_send_ack(sk));
    expect(sent[0]?.window).toBe(Math.ceil(14480 / 128));
  });
});

describe('the write queue', () => {
  it('carries the bytes written, in order, however segments are cut, trimmed and sent', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 500, max: 60_000 }),
        fc.integer({ min: 1, max: 3000 }),
        (gso, lengths, snd_cwnd, snd_wnd, cut) => {
          sent = [];
          const sk = connection(gso, { snd_cwnd, snd_wnd });
          const written = lengths.flatMap((length) => write(sk, length));
          for (let turn = 0; turn < 200 && sk.sk_write_queue.next !== null; turn++) {
            const head = sk.sk_write_queue.next;
            if (head === sk.sk_send_head && head.len > cut) {
              head.ip_summed = CHECKSUM_PARTIAL;
              expect(tcp_fragment(sk, head, cut, MSS)).toBe(0);
            }
            acknowledge(sk, sk.snd_nxt);
            run(__tcp_push_pending_frames(sk, MSS, TCP_NAGLE_OFF));
            if (sk.packets_out === 0) sk.snd_wnd += 1000;
          }
          const stream = new Array<number>(written.length);
          for (const segment of sent) {
            segment.payload.forEach((byte, i) => {
              stream[seqDiff(segment.seq, ISN) + i] = byte;
            });
          }
          expect(stream).toEqual(written);
          expect(sk.sk_wmem_queued).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('retransmits what is left of a segment', () => {
    const sk = connection(true);
    const bytes = write(sk, 3 * MSS);
    const head = sk.sk_write_queue.next as sk_buff;
    expect(tcp_trim_head(sk, head, MSS)).toBe(0);
    sk.snd_una = (ISN + MSS) >>> 0;
    sk.packets_out = 2;
    sk.sk_wmem_alloc = 1;
    expect(run(tcp_retransmit_skb(sk, head))).toBe(0);
    expect(sent.at(-1)).toMatchObject({ seq: (ISN + MSS) >>> 0, payload: bytes.slice(MSS, 2 * MSS) });
    expect([sk.retrans_out, sk.sk_write_queue.qlen, sk.packets_out]).toEqual([1, 2, 2]);
  });
});

describe('tcp_select_initial_window', () => {
  it('offers ten segments and the scale for the largest buffer', () => {
    expect(tcp_select_initial_window(87380 - (87380 >> 2), 1460, 0, true, 0)).toEqual({
      rcv_wnd: 14600,
      window_clamp: 65535 * 128,
      rcv_wscale: 7,
    });
    expect(tcp_select_initial_window(65535, 1448, 0, false, 2).rcv_wnd).toBe(2896);
  });
});
