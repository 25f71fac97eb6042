import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { ops } from '../../../base/dispatch';
import { Heap, heap, setHeap } from '../../../base/heap';
import { seqAdd } from '../../../base/seq';
import { type Arch, type Cpu, type Kernel, type Kgen, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import type { kiocb } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { MSG_DONTWAIT, SOCK_STREAM, socket, socket_wq } from '../../include/linux/net';
import { NETIF_F_HW_CSUM, NETIF_F_SG, NETIF_F_TSO } from '../../include/linux/netdevice';
import { CHECKSUM_UNNECESSARY, SKB_GSO_TCPV4, sk_buff, skb_reserve, skb_shinfo } from '../../include/linux/skbuff';
import {
  TCP_CA_Disorder,
  TCP_CA_Recovery,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCPHDR_ACK,
  TCPHDR_RST,
  tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { task_struct } from '../../include/linux/wait';
import type { inet_connection_sock_af_ops } from '../../include/net/inet_connection_sock';
import { bh_lock_sock, bh_unlock_sock } from '../../include/net/sock';
import { TCP_SKB_CB, tcp_fast_path_on, tcp_packets_in_flight } from '../../include/net/tcp';
import { runqueue } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { run_timer_softirq } from '../../kernel/timer';
import { alloc_skb, kfree_skb, skb_copy_bits, skb_put } from '../core/skbuff';
import { sock_init_data } from '../core/sock';
import { tcp_recvmsg, tcp_sendmsg } from './tcp';
import { tcp_init_congestion_control } from './tcp_cong';
import { tcp_prot, tcp_v4_do_rcv, tcp_v4_init_sock } from './tcp_ipv4';

const MSS = 1000;
const DELAY_NS = 5_000_000;
const ISN = 0xffff_f000;

interface Segment {
  to: tcp_sock;
  bytes: Uint8Array;
  at: number;
}

let wire: Segment[] = [];
let timerAt = Number.POSITIVE_INFINITY;
/** Decides what the link does with the n-th segment: how many copies arrive, and how much later, ns. */
let fate: (n: number, segment: Uint8Array) => { copies: number; late: number };
let carried = 0;
let peers = new Map<number, tcp_sock>();

/** Puts one segment on the link; a large one is cut as the card would. */
function onto(to: tcp_sock, bytes: Uint8Array): void {
  const { copies, late } = fate(carried++, bytes);
  for (let i = 0; i < copies; i++) wire.push({ to, bytes, at: clock.ns + DELAY_NS + late });
  wire.sort((a, b) => a.at - b.at);
}

const below = ops<inet_connection_sock_af_ops>('inet_connection_sock_af_ops', 'link_af_ops', {
  *queue_xmit(skb: sk_buff): Kgen<number> {
    const copy = heap.ramAlloc(skb.len);
    skb_copy_bits(skb, 0, copy, skb.len);
    const bytes = heap.bytes(copy, skb.len).slice();
    heap.ramFree(copy, skb.len);
    const to = peers.get(skb.sk?.$id ?? 0) as tcp_sock;
    const size = skb_shinfo(skb).gso_size;
    const header = ((bytes[12] as number) >> 4) * 4;
    if (size === 0) onto(to, bytes);
    for (let at = header; size !== 0 && at < bytes.length; at += size) {
      const part = new Uint8Array([...bytes.subarray(0, header), ...bytes.subarray(at, at + size)]);
      const view = new DataView(part.buffer);
      view.setUint32(4, seqAdd(view.getUint32(4), at - header));
      onto(to, part);
    }
    kfree_skb(skb);
    return 0;
  },
  send_check: () => {},
  *rebuild_header(): Kgen<number> {
    return 0;
  },
  net_header_len: 20,
});

function run<T>(code: Kgen<T>): T {
  for (;;) {
    const step = code.next();
    if (step.done === true) return step.value;
  }
}

interface Options {
  sack: boolean;
  timestamps: boolean;
  gso: boolean;
}

function end(snd: number, rcv: number, { sack, timestamps, gso }: Options): tcp_sock {
  const sk = new tcp_sock();
  sk.sk_wmem_alloc = 1;
  const sock = new socket();
  sock.wq = new socket_wq();
  sk.skc_prot = tcp_prot;
  sk.sk_type = SOCK_STREAM;
  sock_init_data(sock, sk);
  tcp_v4_init_sock(sk);
  sk.sk_backlog_rcv = tcp_v4_do_rcv;
  sk.icsk_af_ops = below;
  sk.skc_state = TCP_ESTABLISHED;
  sk.sk_sndbuf = 1 << 20;
  sk.sk_gso_type = SKB_GSO_TCPV4;
  sk.sk_gso_max_size = 65536;
  sk.sk_route_caps = gso ? NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO : NETIF_F_HW_CSUM;
  sk.rx_opt.sack_ok = sack ? 3 : 0;
  sk.rx_opt.tstamp_ok = timestamps;
  sk.rx_opt.mss_clamp = MSS;
  sk.rx_opt.rcv_wscale = 2;
  sk.rx_opt.snd_wscale = 2;
  sk.tcp_header_len = timestamps ? 32 : 20;
  sk.mss_cache = MSS - (timestamps ? 12 : 0);
  sk.advmss = sk.mss_cache;
  sk.icsk_pmtu_cookie = MSS + 40;
  for (const at of ['write_seq', 'pushed_seq', 'snd_nxt', 'snd_una', 'snd_sml', 'snd_up'] as const) sk[at] = snd;
  for (const at of ['rcv_nxt', 'rcv_wup', 'copied_seq', 'snd_wl1'] as const) sk[at] = rcv;
  sk.snd_wnd = 60_000;
  sk.max_window = 60_000;
  sk.rcv_wnd = 60_000;
  sk.rcv_ssthresh = 60_000;
  sk.window_clamp = 65_535;
  sk.snd_cwnd = 10;
  sk.icsk_rto = 211;
  sk.srtt = 10 << 3;
  sk.mdev = 20;
  sk.rttvar = 200;
  sk.mdev_max = 200;
  sk.icsk_ack.rcv_mss = 536;
  tcp_init_congestion_control(sk);
  tcp_fast_path_on(sk);
  return sk;
}

function pair(options: Options): [tcp_sock, tcp_sock] {
  const sender = end(ISN, 5000, options);
  const receiver = end(5000, ISN, options);
  peers.set(sender.$id, receiver);
  peers.set(receiver.$id, sender);
  return [sender, receiver];
}

const PLAIN: Options = { sack: true, timestamps: true, gso: false };

function write(sk: tcp_sock, length: number): Uint8Array {
  const from = heap.ramAlloc(length);
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
  heap.writeBytes(from, bytes);
  const iov = { iov_base: from, iov_len: length };
  const msg = { msg_iov: [iov], msg_iovlen: 1, msg_flags: MSG_DONTWAIT };
  const taken = run(tcp_sendmsg({} as kiocb, sk, msg, length));
  return bytes.subarray(0, Math.max(taken, 0));
}

function read(sk: tcp_sock, length: number): number[] {
  const to = heap.ramAlloc(length);
  const msg = { msg_iov: [{ iov_base: to, iov_len: length }], msg_iovlen: 1, msg_flags: 0 };
  const got = run(tcp_recvmsg({} as kiocb, sk, msg, length, 1, 0));
  return got > 0 ? [...heap.bytes(to, got)] : [];
}

/** Hands a segment to a socket as tcp_v4_rcv does. */
function receive(sk: tcp_sock, bytes: Uint8Array): void {
  const skb = alloc_skb(64 + bytes.length, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  heap.writeBytes(skb_put(skb, bytes.length), bytes);
  skb.transport_header = skb.data;
  skb.ip_summed = CHECKSUM_UNNECESSARY;
  const th = new tcphdr(skb.data);
  const tcb = TCP_SKB_CB(skb);
  tcb.seq = th.seq;
  tcb.end_seq = th.seq + (th.flags & 1) + bytes.length - (th.doff_res >> 4) * 4;
  tcb.ack_seq = th.ack_seq;
  local_bh_disable();
  run(bh_lock_sock(sk));
  run(tcp_v4_do_rcv(sk, skb));
  bh_unlock_sock(sk);
  run(local_bh_enable());
}

/** A segment as the peer would send it, without options. */
function segment(sk: tcp_sock, from: number, length: number, flags = TCPHDR_ACK): Uint8Array {
  const bytes = new Uint8Array(20 + length).fill(0xaa);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, seqAdd(sk.copied_seq, from));
  view.setUint32(8, sk.snd_una);
  view.setUint8(12, 5 << 4);
  view.setUint8(13, flags);
  view.setUint16(14, 15_000);
  return bytes;
}

function sane(sk: tcp_sock): void {
  const { packets_out, sacked_out, lost_out, retrans_out, fackets_out } = sk;
  expect({
    ok: sacked_out + lost_out <= packets_out && retrans_out <= packets_out && fackets_out <= packets_out,
  }).toEqual({
    ok: true,
  });
  expect(tcp_packets_in_flight(sk)).toBeGreaterThanOrEqual(0);
}

/** Lets time pass until the link is empty and no timer runs, or `until` ns. */
function settle(sockets: tcp_sock[], each: () => void = () => {}, until = 1e12): void {
  for (let steps = 0; steps < 20_000; steps++) {
    const at = Math.min(wire[0]?.at ?? Number.POSITIVE_INFINITY, timerAt);
    if (at > until) return;
    clock.ns = Math.max(clock.ns, at);
    if (wire[0] !== undefined && wire[0].at <= clock.ns) {
      const { to, bytes } = wire.shift() as Segment;
      receive(to, bytes);
    } else {
      timerAt = Number.POSITIVE_INFINITY;
      local_bh_disable();
      run(run_timer_softirq());
      run(local_bh_enable());
    }
    sockets.forEach(sane);
    each();
  }
  throw new Error('the connection does not come to rest');
}

function liveSkbs(): number {
  return heap.objects.filter((object) => object !== null && sk_buff.isInstance(object) && heap.isLive(object)).length;
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  clock.horizon = Number.POSITIVE_INFINITY;
  wire = [];
  timerAt = Number.POSITIVE_INFINITY;
  fate = () => ({ copies: 1, late: 0 });
  carried = 0;
  peers = new Map();
  const arch: Arch = {
    ...idleArch,
    setTimer: (_cpu, at) => {
      timerAt = at;
    },
  };
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  runqueue().curr = new task_struct();
});

describe('the receiver', () => {
  it('keeps data ahead of a hole, reports it in SACK blocks, newest first, and puts it in order', () => {
    const [, sk] = pair({ ...PLAIN, timestamps: false });
    receive(sk, segment(sk, 100, 100));
    receive(sk, segment(sk, 300, 100));
    const base = sk.rcv_nxt;
    const blocks = (): number[][] =>
      [...sk.selective_acks]
        .slice(0, sk.rx_opt.num_sacks)
        .map(({ start_seq, end_seq }) => [start_seq - base, end_seq - base]);
    expect(blocks()).toEqual([
      [300, 400],
      [100, 200],
    ]);
    receive(sk, segment(sk, 200, 100));
    expect(blocks()).toEqual([[100, 400]]);
    expect([sk.out_of_order_queue.qlen, sk.sk_receive_queue.qlen]).toEqual([3, 0]);
    receive(sk, segment(sk, 0, 100));
    expect([sk.out_of_order_queue.qlen, sk.sk_receive_queue.qlen, sk.rx_opt.num_sacks]).toEqual([0, 4, 0]);
    expect(sk.rcv_nxt).toBe(seqAdd(base, 400));
    expect(read(sk, 1000).length).toBe(400);
    expect(sk.sk_rmem_alloc).toBe(0);
  });

  it('reports a duplicate with a D-SACK', () => {
    const [, sk] = pair({ ...PLAIN, timestamps: false });
    receive(sk, segment(sk, 0, 100));
    wire = [];
    receive(sk, segment(sk, 0, 100));
    const ack = new DataView((wire[0] as Segment).bytes.buffer);
    expect([ack.getUint8(20 + 2), ack.getUint8(20 + 3)]).toEqual([5, 10]);
    expect([ack.getUint32(24), ack.getUint32(28)]).toEqual([ISN, ISN + 100]);
  });

  it('is closed by a reset inside the window only', () => {
    const [, sk] = pair({ ...PLAIN, timestamps: false });
    receive(sk, segment(sk, 100_000, 0, TCPHDR_RST));
    expect(sk.skc_state).toBe(TCP_ESTABLISHED);
    receive(sk, segment(sk, 0, 0, TCPHDR_RST));
    expect(sk.skc_state).toBe(TCP_CLOSE);
  });

  it('takes the bytes of any order of overlapping segments', () => {
    const piece = fc.record({ from: fc.integer({ min: 0, max: 4000 }), length: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, sack) => {
        const [, sk] = pair({ sack, timestamps: false, gso: false });
        const base = sk.rcv_nxt;
        const stream = Array.from({ length: 5000 }, (_, i) => (i * 11) & 0xff);
        const have = new Array<boolean>(5000).fill(false);
        for (const { from, length } of [...pieces, { from: 0, length: 1 }]) {
          const bytes = segment(sk, from, length);
          bytes.set(stream.slice(from, from + length), 20);
          receive(sk, bytes);
          have.fill(true, from, from + length);
          const ofo = [...sk.selective_acks].slice(0, sk.rx_opt.num_sacks);
          for (const { start_seq, end_seq } of ofo) {
            for (let i = seqAdd(start_seq, -base); i < seqAdd(end_seq, -base); i++) expect(have[i]).toBe(true);
          }
        }
        const inOrder = have.indexOf(false);
        expect(seqAdd(sk.rcv_nxt, -base)).toBe(inOrder);
        expect(read(sk, 6000)).toEqual(stream.slice(0, inOrder));
      }),
      { numRuns: 15 },
    );
  });
});

describe('the sender', () => {
  it('frees what is acknowledged, measures the RTT and opens the window', () => {
    const [sender, receiver] = pair(PLAIN);
    const bytes = write(sender, 8000);
    expect(sender.packets_out).toBe(9);
    settle([sender, receiver]);
    expect(read(receiver, 10_000)).toEqual([...bytes]);
    expect([sender.packets_out, sender.sk_wmem_queued, sender.snd_una]).toEqual([0, 0, sender.write_seq]);
    expect(sender.srtt >> 3).toBe(10);
    expect(sender.snd_cwnd).toBeGreaterThan(10);
  });

  it('retransmits one lost segment at once after SACKs, and cuts the window to 717/1024', () => {
    const [sender, receiver] = pair(PLAIN);
    fate = (n) => ({ copies: n === 2 ? 0 : 1, late: 0 });
    const states = new Set<number>();
    const bytes = write(sender, 9000);
    let cwnd = 0;
    let repaired = 0;
    settle([sender, receiver], () => {
      if (repaired === 0 && sender.packets_out === 0) repaired = clock.ns;
      states.add(sender.icsk_ca_state);
      if (sender.icsk_ca_state === TCP_CA_Disorder && !states.has(TCP_CA_Recovery)) cwnd = sender.snd_cwnd;
    });
    expect([...states]).toEqual(expect.arrayContaining([TCP_CA_Disorder, TCP_CA_Recovery]));
    expect(sender.total_retrans).toBe(1);
    expect(sender.snd_ssthresh).toBe(Math.floor((cwnd * 717) / 1024));
    expect(repaired).toBeLessThan(50_000_000);
    expect(read(receiver, 10_000)).toEqual([...bytes]);
  });

  it('goes back to the old window when a timeout was spurious', () => {
    const [sender, receiver] = pair(PLAIN);
    fate = (n) => ({ copies: 1, late: n < 8 ? 300_000_000 + n * 1_000_000 : 0 });
    const bytes = write(sender, 8000);
    settle([sender, receiver]);
    expect(read(receiver, 10_000)).toEqual([...bytes]);
    expect(sender.total_retrans).toBeGreaterThan(0);
    expect([sender.frto_counter, sender.lost_out, sender.retrans_out]).toEqual([0, 0, 0]);
  });

  it('brings every byte over a link that loses, doubles and reorders', () => {
    const link = fc.array(
      fc.tuple(fc.constantFrom(0, 1, 1, 1, 1, 1, 2), fc.constantFrom(0, 0, 0, 0, 3_000_000, 12_000_000)),
      {
        minLength: 60,
        maxLength: 60,
      },
    );
    const options = fc.record({ sack: fc.boolean(), timestamps: fc.boolean(), gso: fc.boolean() });
    fc.assert(
      fc.property(link, options, fc.integer({ min: 1, max: 40_000 }), (plan, wanted, length) => {
        wire = [];
        carried = 0;
        fate = (n) => ({ copies: plan[n]?.[0] ?? 1, late: plan[n]?.[1] ?? 0 });
        const before = liveSkbs();
        const [sender, receiver] = pair(wanted);
        const bytes = write(sender, length);
        const got: number[] = [];
        settle([sender, receiver], () => got.push(...read(receiver, 50_000)));
        expect(got.length).toBe(bytes.length);
        expect(got).toEqual([...bytes]);
        const { packets_out, sacked_out, lost_out, retrans_out, sk_wmem_queued } = sender;
        expect({ packets_out, sacked_out, lost_out, retrans_out, sk_wmem_queued }).toEqual({
          packets_out: 0,
          sacked_out: 0,
          lost_out: 0,
          retrans_out: 0,
          sk_wmem_queued: 0,
        });
        expect(liveSkbs()).toBe(before);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
