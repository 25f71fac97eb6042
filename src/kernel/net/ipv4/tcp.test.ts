import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { ops } from '../../../base/dispatch';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Cpu, type Kernel, type Kgen, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { EAGAIN, ENOTCONN } from '../../include/linux/errno';
import type { kiocb } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { MSG_PEEK, SOCK_STREAM, socket, socket_wq } from '../../include/linux/net';
import { NETIF_F_HW_CSUM, NETIF_F_SG } from '../../include/linux/netdevice';
import {
  __skb_queue_tail,
  CHECKSUM_PARTIAL,
  SKB_GSO_TCPV4,
  type sk_buff,
  skb_reserve,
  skb_shinfo,
} from '../../include/linux/skbuff';
import {
  TCP_ESTABLISHED,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_FIN,
  TCPHDR_PSH,
  tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { task_struct } from '../../include/linux/wait';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_SCHED,
  type inet_connection_sock_af_ops,
} from '../../include/net/inet_connection_sock';
import { type proto, RCV_SHUTDOWN } from '../../include/net/sock';
import { sysctl_tcp_mem, sysctl_tcp_rmem, sysctl_tcp_wmem, TCP_SKB_CB } from '../../include/net/tcp';
import { runqueue } from '../../kernel/sched';
import { csum_partial, csum_tcpudp_magic } from '../../lib/checksum';
import { alloc_skb, kfree_skb, skb_copy_bits, skb_put } from '../core/skbuff';
import { skb_set_owner_r, sock_init_data } from '../core/sock';
import { tcp_cleanup_rbuf, tcp_recvmsg, tcp_tso_segment } from './tcp';
import { tcp_init_xmit_timers } from './tcp_timer';

let acks = 0;

const below = ops<inet_connection_sock_af_ops>('inet_connection_sock_af_ops', 'counting_af_ops', {
  *queue_xmit(skb: sk_buff): Kgen<number> {
    acks++;
    kfree_skb(skb);
    return 0;
  },
  send_check: () => {},
  *rebuild_header(): Kgen<number> {
    return 0;
  },
  net_header_len: 20,
});

const reading_prot = ops<proto>('proto', 'reading_prot', {
  name: 'TCP',
  sendmsg: tcp_recvmsg as never,
  recvmsg: tcp_recvmsg,
  backlog_rcv: tcp_recvmsg as never,
  max_header: 272,
  no_autobind: true,
  obj_size: 0,
  sysctl_mem: sysctl_tcp_mem,
  sysctl_wmem: sysctl_tcp_wmem,
  sysctl_rmem: sysctl_tcp_rmem,
});

function run<T>(code: Kgen<T>): T {
  for (;;) {
    const step = code.next();
    if (step.done === true) return step.value;
  }
}

function reader(): tcp_sock {
  const sk = new tcp_sock();
  const sock = new socket();
  sock.wq = new socket_wq();
  sk.skc_prot = reading_prot;
  sk.sk_type = SOCK_STREAM;
  sock_init_data(sock, sk);
  sk.skc_state = TCP_ESTABLISHED;
  sk.icsk_af_ops = below;
  sk.sk_rcvbuf = 87380;
  sk.rcv_nxt = 1000;
  sk.copied_seq = 1000;
  sk.rcv_wup = 1000;
  sk.rcv_wnd = 14480;
  sk.rcv_ssthresh = 40000;
  sk.window_clamp = 65535;
  sk.rx_opt.rcv_wscale = 7;
  sk.advmss = 1460;
  sk.tcp_header_len = 20;
  sk.icsk_ack.rcv_mss = 536;
  sk.icsk_rto = 201;
  tcp_init_xmit_timers(sk);
  return sk;
}

/** Queues a segment that was received in order. */
function arrived(sk: tcp_sock, bytes: number[], flags = TCPHDR_ACK): void {
  const skb = alloc_skb(64 + bytes.length, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  skb.transport_header = skb.data - tcphdr.size;
  new tcphdr(skb.transport_header).flags = flags;
  heap.writeBytes(skb_put(skb, bytes.length), Uint8Array.from(bytes));
  const tcb = TCP_SKB_CB(skb);
  tcb.seq = sk.rcv_nxt;
  tcb.end_seq = sk.rcv_nxt + bytes.length + ((flags & TCPHDR_FIN) !== 0 ? 1 : 0);
  sk.rcv_nxt = tcb.end_seq;
  sk.sk_forward_alloc += skb.truesize;
  skb_set_owner_r(skb, sk);
  __skb_queue_tail(sk.sk_receive_queue, skb);
}

function read(sk: tcp_sock, len: number, flags = 0): number[] | number {
  const to = heap.ramAlloc(len);
  const got = run(
    tcp_recvmsg(
      {} as kiocb,
      sk,
      { msg_iov: [{ iov_base: to, iov_len: len }], msg_iovlen: 1, msg_flags: 0 },
      len,
      1,
      flags,
    ),
  );
  return got < 0 ? got : [...heap.bytes(to, got)];
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  clock.horizon = Number.POSITIVE_INFINITY;
  acks = 0;
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: idleArch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  runqueue().curr = new task_struct();
});

describe('tcp_recvmsg', () => {
  it('gives bytes in order across segments, keeps what is left, and frees what was read', () => {
    const sk = reader();
    arrived(sk, [1, 2, 3]);
    arrived(sk, [4, 5, 6]);
    expect(read(sk, 2, MSG_PEEK)).toEqual([1, 2]);
    expect(read(sk, 4)).toEqual([1, 2, 3, 4]);
    expect(sk.sk_receive_queue.qlen).toBe(1);
    expect(read(sk, 10)).toEqual([5, 6]);
    expect([sk.sk_receive_queue.qlen, sk.sk_rmem_alloc, sk.copied_seq]).toEqual([0, 0, 1006]);
    expect(read(sk, 10)).toBe(-EAGAIN);
    expect([sk.ucopy.task, sk.sk_lock.owned]).toEqual([null, false]);
  });

  it('ends at a FIN', () => {
    const sk = reader();
    arrived(sk, [7], TCPHDR_ACK | TCPHDR_FIN);
    sk.sk_shutdown = RCV_SHUTDOWN;
    expect(read(sk, 10)).toEqual([7]);
    expect(read(sk, 10)).toEqual([]);
    expect(sk.copied_seq).toBe(1002);
    sk.sk_shutdown = 0;
    sk.skc_state = 7;
    expect(read(sk, 10)).toBe(-ENOTCONN);
  });
});

describe('tcp_cleanup_rbuf', () => {
  it('sends the ACK that is due once the pushed data is read', () => {
    const sk = reader();
    sk.icsk_ack.pending = ICSK_ACK_SCHED | ICSK_ACK_PUSHED;
    run(tcp_cleanup_rbuf(sk, 0));
    expect(acks).toBe(0);
    run(tcp_cleanup_rbuf(sk, 100));
    expect([acks, sk.icsk_ack.pending]).toEqual([1, 0]);
  });

  it('updates the window when it at least doubled', () => {
    const sk = reader();
    run(tcp_cleanup_rbuf(sk, 100));
    expect([acks, sk.rcv_wnd]).toEqual([1, 40064]);
    run(tcp_cleanup_rbuf(sk, 100));
    expect(acks).toBe(1);
  });
});

describe('tcp_tso_segment', () => {
  const source = 0x0a000001;
  const destination = 0x0a000002;
  const link = 14;
  const ip = 20;

  function gso(payload: number, mss: number): sk_buff {
    const header = link + ip + tcphdr.size;
    const skb = alloc_skb(header + payload, GFP_ATOMIC) as sk_buff;
    skb.mac_header = skb.data;
    skb_reserve(skb, link + ip);
    skb.network_header = skb.data - ip;
    skb.transport_header = skb.data;
    skb.mac_len = link;
    skb_put(skb, tcphdr.size + payload);
    heap.writeBytes(
      skb.data + tcphdr.size,
      Uint8Array.from({ length: payload }, (_, i) => i & 0xff),
    );
    const th = new tcphdr(skb.transport_header);
    th.seq = 0xffff_ff00;
    th.doff_res = 0x50;
    th.flags = TCPHDR_ACK | TCPHDR_PSH | TCPHDR_FIN | TCPHDR_CWR;
    th.check = ~csum_tcpudp_magic(source, destination, skb.len, 6, 0) & 0xffff;
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb_shinfo(skb).gso_size = mss;
    skb_shinfo(skb).gso_segs = Math.ceil(payload / mss);
    skb_shinfo(skb).gso_type = SKB_GSO_TCPV4;
    return skb;
  }

  it.each([
    ['leaves the pseudo-header sum to a device that sums', NETIF_F_SG | NETIF_F_HW_CSUM],
    ['sums in software for one that cannot', 0],
  ])('%s', (_, features) => {
    const skb = gso(2500, 1000);
    const segments: { seq: number; flags: number; payload: number[] }[] = [];
    for (let seg = tcp_tso_segment(skb, features); seg !== null; seg = seg.next) {
      const at = seg.transport_header - seg.data;
      const len = seg.len - at;
      const flat = heap.ramAlloc(len);
      skb_copy_bits(seg, at, flat, len);
      const th = new tcphdr(flat);
      if (seg.ip_summed === CHECKSUM_PARTIAL) {
        expect(th.check).toBe(~csum_tcpudp_magic(source, destination, len, 6, 0) & 0xffff);
      } else {
        expect(csum_tcpudp_magic(source, destination, len, 6, csum_partial(flat, len, 0))).toBe(0);
      }
      segments.push({ seq: th.seq, flags: th.flags, payload: [...heap.bytes(flat + tcphdr.size, len - tcphdr.size)] });
    }
    expect(segments.map((s) => s.payload.length)).toEqual([1000, 1000, 500]);
    expect(segments.map((s) => s.seq)).toEqual([0xffff_ff00, 744, 1744]);
    expect(segments.map((s) => s.flags)).toEqual([
      TCPHDR_ACK | TCPHDR_CWR,
      TCPHDR_ACK,
      TCPHDR_ACK | TCPHDR_PSH | TCPHDR_FIN,
    ]);
    expect(segments.flatMap((s) => s.payload)).toEqual(Array.from({ length: 2500 }, (_, i) => i & 0xff));
  });
});
