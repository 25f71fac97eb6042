/**
 * Mirrors net/ipv4/tcp.c (2.6.39), and from tcp.h the inline functions that need an implementation.
 * Modelled: sending from system call to send queue, reading with prequeue and direct copy, urgent data, window updates, segmentation and
 * merging (GSO, GRO), states, closing, polling, options, the protocol's memory.
 * Left out: splice and sendfile, DMA copies (NET_DMA), MD5 signatures, cookie transactions.
 */

import { heap } from '../../../base/heap';
import { after, before, seqAdd, seqDiff } from '../../../base/seq';
import type { Kgen } from '../../arch/current';
import {
  EAGAIN,
  ECONNRESET,
  EFAULT,
  EINVAL,
  ENOIOCTLCMD,
  ENOPROTOOPT,
  ENOTCONN,
  EPIPE,
} from '../../include/linux/errno';
import type { file, kiocb } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import {
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  type msghdr,
  SOCK_ASYNC_NOSPACE,
  SOCK_NOSPACE,
  socket,
} from '../../include/linux/net';
import {
  NETIF_F_ALL_CSUM,
  NETIF_F_SG,
  type napi_struct,
  skb_gro_len,
  skb_gro_offset,
  skb_gro_pull,
  skb_gso_ok,
} from '../../include/linux/netdevice';
import { type poll_table, sock_poll_wait } from '../../include/linux/poll';
import {
  __skb_dequeue,
  __skb_pull,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  PAGE_SIZE,
  type page,
  SIZEOF_SKB_SHARED_INFO,
  SKB_GSO_TCP_ECN,
  SMP_CACHE_BYTES,
  type sk_buff,
  skb_can_coalesce,
  skb_fill_page_desc,
  skb_header_release,
  skb_peek_tail,
  skb_queue_empty,
  skb_reserve,
  skb_shinfo,
  skb_tailroom,
} from '../../include/linux/skbuff';
import { SIOCATMARK, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD } from '../../include/linux/sockios';
import {
  TCP_CA_Open,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_NAGLE_CORK,
  TCP_NAGLE_OFF,
  TCP_NAGLE_PUSH,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_FIN,
  TCPHDR_PSH,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
  tcp_no_options,
  tcp_sk,
  type tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { HZ } from '../../include/linux/timer';
import { get_user, put_user, strncpy_from_user } from '../../include/linux/uaccess';
import type { task_struct } from '../../include/linux/wait';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_PUSHED2,
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_ack_scheduled,
} from '../../include/net/inet_connection_sock';
import { inet_sk } from '../../include/net/inet_sock';
import {
  __sk_dst_reset,
  type accounted_proto,
  bh_lock_sock,
  bh_unlock_sock,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  type proto,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_BINDADDR_LOCK,
  SOCK_BINDPORT_LOCK,
  SOCK_DEAD,
  SOCK_DONE,
  SOCK_KEEPOPEN,
  SOCK_LINGER,
  SOCK_MIN_RCVBUF,
  SOCK_MIN_SNDBUF,
  SOCK_URGINLINE,
  sk_backlog_rcv,
  sk_can_gso,
  sk_mem_charge,
  sk_sleep,
  sk_stream_memory_free,
  sk_stream_min_wspace,
  sk_stream_moderate_sndbuf,
  sk_stream_wspace,
  type sock,
  sock_error,
  sock_flag,
  sock_hold,
  sock_intr_errno,
  sock_orphan,
  sock_rcvlowat,
  sock_rcvtimeo,
  sock_reset_flag,
  sock_sndtimeo,
} from '../../include/net/sock';
import {
  keepalive_intvl_when,
  keepalive_probes,
  keepalive_time_elapsed,
  keepalive_time_when,
  MAX_TCP_HEADER,
  MAX_TCP_WINDOW,
  sysctl_tcp_fin_timeout,
  sysctl_tcp_low_latency,
  sysctl_tcp_max_orphans,
  sysctl_tcp_syn_retries,
  TCP_ECN_OK,
  TCP_INFINITE_SSTHRESH,
  TCP_MIN_MSS,
  TCP_RTO_MAX,
  TCP_SKB_CB,
  TCP_TIMEOUT_INIT,
  TCP_TIMEWAIT_LEN,
  TCP_URG_READ,
  TCP_URG_VALID,
  TCPF_CLOSE,
  TCPF_CLOSE_WAIT,
  TCPF_ESTABLISHED,
  TCPF_FIN_WAIT1,
  TCPF_FIN_WAIT2,
  TCPF_LISTEN,
  TCPF_SYN_RECV,
  TCPF_SYN_SENT,
  tcp_add_write_queue_tail,
  tcp_bound_to_half_wnd,
  tcp_check_send_head,
  tcp_clear_all_retrans_hints,
  tcp_fast_path_check,
  tcp_fin_time,
  tcp_init_send_head,
  tcp_is_sack,
  tcp_receive_window,
  tcp_send_head,
  tcp_set_ca_state,
  tcp_time_stamp,
  tcp_unlink_write_queue,
  tcp_write_queue_tail,
} from '../../include/net/tcp';
import { current, jiffies_to_msecs, jiffies_to_usecs, msecs_to_jiffies } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { csum_fold, csum_partial } from '../../lib/checksum';
import { get_page, put_page } from '../../mm/swap';
import { skb_copy_datagram_iovec } from '../core/datagram';
import { memcpy_toiovec } from '../core/iovec';
import {
  __kfree_skb,
  __skb_queue_purge,
  alloc_skb_fclone,
  pskb_may_pull,
  skb_add_data,
  skb_gro_receive,
  skb_segment,
} from '../core/skbuff';
import {
  lock_sock,
  put_option,
  release_sock,
  sk_eat_skb,
  sk_enter_memory_pressure,
  sk_mem_reclaim,
  sk_stream_alloc_page,
  sk_wait_data,
  sk_wmem_free_skb,
  sk_wmem_schedule,
  skb_copy_to_page,
  sock_put,
  tcp_memory,
} from '../core/sock';
import { sk_stream_error, sk_stream_wait_close, sk_stream_wait_connect, sk_stream_wait_memory } from '../core/stream';
import {
  inet_csk_clear_xmit_timers,
  inet_csk_delack_init,
  inet_csk_destroy_sock,
  inet_csk_listen_poll,
  inet_csk_listen_stop,
  inet_csk_reset_keepalive_timer,
} from './inet_connection_sock';
import { inet_put_port } from './inet_hashtables';
import { tcp_set_congestion_control } from './tcp_cong';
import { tcp_clear_retrans, tcp_rcv_space_adjust } from './tcp_input';
import { tcp_time_wait } from './tcp_minisocks';
import {
  __tcp_push_pending_frames,
  __tcp_select_window,
  tcp_current_mss,
  tcp_push_one,
  tcp_push_pending_frames,
  tcp_send_ack,
  tcp_send_active_reset,
  tcp_send_fin,
} from './tcp_output';

const INT_MAX = 0x7fffffff;
/** Offset of the check field in the TCP header. */
const CSUM_OFFSET = 16;

/**
 * Allocates an skb for the write queue with exactly `size` bytes of tail room (and room for all headers in front), if the
 * socket's memory allows.
 * @modelled net/ipv4/tcp.c
 */
export function sk_stream_alloc_skb(sk: sock, size: number, gfp: number): sk_buff | null {
  const aligned = (size + 3) & ~3;
  const skb = alloc_skb_fclone(aligned + MAX_TCP_HEADER, gfp);
  if (skb !== null) {
    if (sk_wmem_schedule(sk, skb.truesize)) {
      skb_reserve(skb, skb_tailroom(skb) - aligned);
      return skb;
    }
    __kfree_skb(skb);
  } else {
    sk_enter_memory_pressure(sk);
    sk_stream_moderate_sndbuf(sk);
  }
  return null;
}

/**
 * Bytes an skb may hold before it counts as full: one MSS, or with GSO as many whole ones as fit 64 KiB and half the peer's
 * window.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_xmit_size_goal(sk: sock, mss_now: number, large_allowed: boolean): number {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  let xmit_size_goal = mss_now;
  if (large_allowed && sk_can_gso(sk)) {
    const net_header_len = icsk.icsk_af_ops?.net_header_len ?? 0;
    xmit_size_goal = sk.sk_gso_max_size - 1 - net_header_len - icsk.icsk_ext_hdr_len - tp.tcp_header_len;
    xmit_size_goal = tcp_bound_to_half_wnd(tp, xmit_size_goal);
    const old_size_goal = tp.xmit_size_goal_segs * mss_now;
    if (old_size_goal <= xmit_size_goal && old_size_goal + mss_now > xmit_size_goal) {
      xmit_size_goal = old_size_goal;
    } else {
      tp.xmit_size_goal_segs = Math.trunc(xmit_size_goal / mss_now);
      xmit_size_goal = tp.xmit_size_goal_segs * mss_now;
    }
  }
  return Math.max(xmit_size_goal, mss_now);
}

/** Where tcp_send_mss leaves the size goal; C writes it through a pointer. */
export interface size_goal_p {
  /** Bytes. */
  size_goal: number;
}

/**
 * Segment size and size of a full skb for what is written now. Bytes.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_send_mss(sk: sock, goal: size_goal_p, flags: number): number {
  const mss_now = tcp_current_mss(sk);
  goal.size_goal = tcp_xmit_size_goal(sk, mss_now, (flags & MSG_OOB) === 0);
  return mss_now;
}

/**
 * Sets PSH on an skb and remembers how far the data is pushed.
 * @modelled net/ipv4/tcp.c
 * @cost 3
 */
export function tcp_mark_push(tp: tcp_sock, skb: sk_buff): void {
  TCP_SKB_CB(skb).flags |= TCPHDR_PSH;
  tp.pushed_seq = tp.write_seq;
}

/**
 * More than half of the peer's largest window was written since the last push.
 * @modelled net/ipv4/tcp.c
 * @cost 4
 */
export function forced_push(tp: tcp_sock): boolean {
  return after(tp.write_seq, tp.pushed_seq + (tp.max_window >>> 1));
}

/**
 * Puts a new, empty skb at the tail of the write queue and charges the socket for it.
 * @modelled net/ipv4/tcp.c
 */
export function skb_entail(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  const tcb = TCP_SKB_CB(skb);
  skb.csum = 0;
  tcb.seq = tp.write_seq;
  tcb.end_seq = tp.write_seq;
  tcb.flags = TCPHDR_ACK;
  tcb.sacked = 0;
  skb_header_release(skb);
  tcp_add_write_queue_tail(sk, skb);
  sk.sk_wmem_queued += skb.truesize;
  sk_mem_charge(sk, skb.truesize);
  if ((tp.nonagle & TCP_NAGLE_PUSH) !== 0) tp.nonagle &= ~TCP_NAGLE_PUSH;
}

/**
 * With MSG_OOB the urgent pointer moves to the end of what was written.
 * @modelled net/ipv4/tcp.c
 * @cost 2
 */
export function tcp_mark_urg(tp: tcp_sock, flags: number): void {
  if ((flags & MSG_OOB) !== 0) tp.snd_up = tp.write_seq;
}

/**
 * The end of a write: marks PSH unless more is to come, and sends what may be sent.
 * @modelled net/ipv4/tcp.c
 */
export function* tcp_push(sk: sock, flags: number, mss_now: number, nonagle: number): Kgen {
  const tp = tcp_sk(sk);
  if (tcp_send_head(sk) === null) return;
  const skb = tcp_write_queue_tail(sk) as sk_buff;
  if ((flags & MSG_MORE) === 0 || forced_push(tp)) tcp_mark_push(tp, skb);
  tcp_mark_urg(tp, flags);
  yield* __tcp_push_pending_frames(sk, mss_now, (flags & MSG_MORE) !== 0 ? TCP_NAGLE_CORK : nonagle);
}

/**
 * How much linear room a new skb gets: none with GSO (all payload goes to pages), else a segment, with scatter-gather at
 * most what fits one page. Bytes.
 * @modelled net/ipv4/tcp.c
 */
export function select_size(sk: sock, sg: boolean): number {
  const tmp = tcp_sk(sk).mss_cache;
  if (!sg) return tmp;
  if (sk_can_gso(sk)) return 0;
  const pgbreak = (PAGE_SIZE - MAX_TCP_HEADER - SIZEOF_SKB_SHARED_INFO) & ~(SMP_CACHE_BYTES - 1);
  return tmp >= pgbreak && tmp <= pgbreak + (MAX_SKB_FRAGS - 1) * PAGE_SIZE ? pgbreak : tmp;
}

/**
 * Takes a writer's bytes into the send queue and sends what may be sent; sleeps while send memory is used up. Returns bytes
 * taken, or a negative errno.
 * In the 2.6.35 of the article it is the socket's own operation and gets a `socket`, here else the `sock` inside.
 * @modelled net/ipv4/tcp.c
 * @omits tcp_sendmsg_done: NET_DMA and splice
 * @cost 40
 */
export function* tcp_sendmsg(_iocb: kiocb, of: sock | socket, msg: msghdr, _size: number): Kgen<number> {
  const sk = socket.isInstance(of) ? (of.sk as sock) : of;
  const tp = tcp_sk(sk);
  const socket_of = sk.sk_socket as socket;
  const goal: size_goal_p = { size_goal: 0 };
  yield* lock_sock(sk);
  const flags = msg.msg_flags;
  const timeo_p = { timeo: sock_sndtimeo(sk, flags & MSG_DONTWAIT) };
  let copied = 0;
  let err = 0;
  if (sk.skc_state !== TCP_ESTABLISHED && sk.skc_state !== TCP_CLOSE_WAIT) {
    err = yield* sk_stream_wait_connect(sk, timeo_p);
  }
  if (err === 0) {
    socket_of.flags &= ~SOCK_ASYNC_NOSPACE;
    let mss_now = tcp_send_mss(sk, goal, flags);
    const sg = (sk.sk_route_caps & NETIF_F_SG) !== 0;
    if (sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) err = -EPIPE;

    copying: for (let nr = 0; nr < msg.msg_iovlen && err === 0; nr++) {
      const iov = msg.msg_iov[nr];
      if (iov === undefined) break;
      let seglen = iov.iov_len;
      let from = iov.iov_base;
      while (seglen > 0) {
        let max = goal.size_goal;
        let copy = 0;
        let skb = tcp_write_queue_tail(sk);
        if (tcp_send_head(sk) !== null && skb !== null) {
          if (skb.ip_summed === CHECKSUM_NONE) max = mss_now;
          copy = max - skb.len;
        }
        let new_segment = copy <= 0;
        let wait_for_memory = false;
        let filled: sk_buff | null = null;

        while (filled === null && !wait_for_memory) {
          if (new_segment || skb === null) {
            if (!sk_stream_memory_free(sk)) {
              socket_of.flags |= SOCK_NOSPACE;
              wait_for_memory = true;
              break;
            }
            skb = sk_stream_alloc_skb(sk, select_size(sk, sg), sk.sk_allocation);
            if (skb === null) {
              wait_for_memory = true;
              break;
            }
            if ((sk.sk_route_caps & NETIF_F_ALL_CSUM) !== 0) skb.ip_summed = CHECKSUM_PARTIAL;
            skb_entail(sk, skb);
            copy = goal.size_goal;
            max = goal.size_goal;
            new_segment = false;
          }
          if (copy > seglen) copy = seglen;

          if (skb_tailroom(skb) > 0) {
            if (copy > skb_tailroom(skb)) copy = skb_tailroom(skb);
            err = skb_add_data(skb, from, copy);
            if (err === 0) {
              filled = skb;
              continue;
            }
            if (skb.len === 0) {
              tcp_unlink_write_queue(skb, sk);
              tcp_check_send_head(sk, skb);
              sk_wmem_free_skb(sk, skb);
            }
            break copying;
          }

          let merge = false;
          const i = skb_shinfo(skb).nr_frags;
          let page: page | null = sk.sk_sndmsg_page;
          let off = sk.sk_sndmsg_off;
          if (skb_can_coalesce(skb, i, page, off) && off !== PAGE_SIZE) {
            merge = true;
          } else if (i === MAX_SKB_FRAGS || (i === 0 && !sg)) {
            tcp_mark_push(tp, skb);
            new_segment = true;
            continue;
          } else if (page !== null) {
            if (off === PAGE_SIZE) {
              put_page(page);
              sk.sk_sndmsg_page = null;
              page = null;
              off = 0;
            }
          } else {
            off = 0;
          }
          if (copy > PAGE_SIZE - off) copy = PAGE_SIZE - off;
          if (!sk_wmem_schedule(sk, copy)) {
            wait_for_memory = true;
            break;
          }
          if (page === null) page = sk_stream_alloc_page(sk);
          if (page === null) {
            wait_for_memory = true;
            break;
          }
          err = skb_copy_to_page(sk, from, skb, page, off, copy);
          if (err !== 0) {
            if (sk.sk_sndmsg_page === null) {
              sk.sk_sndmsg_page = page;
              sk.sk_sndmsg_off = 0;
            }
            break copying;
          }
          if (merge) {
            skb_shinfo(skb).frags.at(i - 1).size += copy;
          } else {
            skb_fill_page_desc(skb, i, page, off, copy);
            if (sk.sk_sndmsg_page !== null) {
              get_page(page);
            } else if (off + copy < PAGE_SIZE) {
              get_page(page);
              sk.sk_sndmsg_page = page;
            }
          }
          sk.sk_sndmsg_off = off + copy;
          filled = skb;
        }

        if (filled === null) {
          if (copied > 0) yield* tcp_push(sk, flags & ~MSG_MORE, mss_now, TCP_NAGLE_PUSH);
          err = yield* sk_stream_wait_memory(sk, timeo_p);
          if (err !== 0) break copying;
          mss_now = tcp_send_mss(sk, goal, flags);
          continue;
        }

        const tcb = TCP_SKB_CB(filled);
        if (copied === 0) tcb.flags &= ~TCPHDR_PSH;
        tp.write_seq += copy;
        tcb.end_seq += copy;
        skb_shinfo(filled).gso_segs = 0;
        from += copy;
        copied += copy;
        seglen -= copy;
        if (seglen === 0 && nr === msg.msg_iovlen - 1) break copying;
        if (filled.len < max || (flags & MSG_OOB) !== 0) continue;
        if (forced_push(tp)) {
          tcp_mark_push(tp, filled);
          yield* __tcp_push_pending_frames(sk, mss_now, TCP_NAGLE_PUSH);
        } else if (filled === tcp_send_head(sk)) {
          yield* tcp_push_one(sk, mss_now);
        }
      }
    }
    if (copied > 0) yield* tcp_push(sk, flags, mss_now, tp.nonagle);
  }
  if (copied > 0 || err === 0) {
    yield* release_sock(sk);
    return copied;
  }
  err = sk_stream_error(sk, flags, err);
  yield* release_sock(sk);
  return err;
}

/**
 * After bytes were read: sends an ACK that is due by now, or a window update when the window at least doubled.
 * @modelled net/ipv4/tcp.c
 */
export function* tcp_cleanup_rbuf(sk: sock, copied: number): Kgen {
  const tp = tcp_sk(sk);
  const ack = inet_csk(sk).icsk_ack;
  let time_to_ack = false;
  if (inet_csk_ack_scheduled(sk)) {
    time_to_ack =
      ack.blocked ||
      seqDiff(tp.rcv_nxt, tp.rcv_wup) > ack.rcv_mss ||
      (copied > 0 &&
        ((ack.pending & ICSK_ACK_PUSHED2) !== 0 || ((ack.pending & ICSK_ACK_PUSHED) !== 0 && !ack.pingpong)) &&
        sk.sk_rmem_alloc === 0);
  }
  if (copied > 0 && !time_to_ack && (sk.sk_shutdown & RCV_SHUTDOWN) === 0) {
    const rcv_window_now = tcp_receive_window(tp);
    if (2 * rcv_window_now <= tp.window_clamp) {
      const new_window = __tcp_select_window(sk);
      time_to_ack = new_window !== 0 && new_window >= 2 * rcv_window_now;
    }
  }
  if (time_to_ack) yield* tcp_send_ack(sk);
}

/**
 * Runs the segments that the softirq left for the reader, in the reader's context, with softirqs held off.
 * @modelled net/ipv4/tcp.c
 */
export function* tcp_prequeue_process(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  local_bh_disable();
  for (let skb = __skb_dequeue(tp.ucopy.prequeue); skb !== null; skb = __skb_dequeue(tp.ucopy.prequeue)) {
    yield* sk_backlog_rcv(sk, skb);
  }
  yield* local_bh_enable();
  tp.ucopy.memory = 0;
}

/**
 * Reads the urgent byte out of line (MSG_OOB): 1, 0 at the end of the stream, -EINVAL when there is none (or it is read in line), -EAGAIN
 * while it is on its way.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_recv_urg(sk: sock, msg: msghdr, len: number, flags: number): number {
  const tp = tcp_sk(sk);
  if (sock_flag(sk, SOCK_URGINLINE) || tp.urg_data === 0 || tp.urg_data === TCP_URG_READ) return -EINVAL;
  if (sk.skc_state === TCP_CLOSE && !sock_flag(sk, SOCK_DONE)) return -ENOTCONN;
  if ((tp.urg_data & TCP_URG_VALID) !== 0) {
    const c = heap.ramAlloc(1);
    heap.write8(c, tp.urg_data & 0xff);
    if ((flags & MSG_PEEK) === 0) tp.urg_data = TCP_URG_READ;
    msg.msg_flags |= MSG_OOB;
    let err = 0;
    if (len === 0) msg.msg_flags |= MSG_TRUNC;
    else if ((flags & MSG_TRUNC) === 0) err = memcpy_toiovec(msg.msg_iov, c, 1);
    heap.ramFree(c, 1);
    return err !== 0 ? -EFAULT : Math.min(len, 1);
  }
  if (sk.skc_state === TCP_CLOSE || (sk.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
  return -EAGAIN;
}

/**
 * Gives a reader the bytes in order: from the receive queue, else straight from segments as they come (prequeue), else from
 * the backlog; sleeps until `target` bytes are there. Returns bytes read, 0 at the end of the stream, or a negative errno.
 * @modelled net/ipv4/tcp.c
 * @omits dma_skb_copy_datagram_iovec: NET_DMA
 * @cost 40
 */
export function* tcp_recvmsg(
  _iocb: kiocb,
  sk: sock,
  msg: msghdr,
  len: number,
  nonblock: number,
  flags: number,
): Kgen<number> {
  const tp = tcp_sk(sk);
  yield* lock_sock(sk);
  if (sk.skc_state === TCP_LISTEN) {
    yield* release_sock(sk);
    return -ENOTCONN;
  }
  const timeo_p = { timeo: sock_rcvtimeo(sk, nonblock) };
  if ((flags & MSG_OOB) !== 0) {
    const err = tcp_recv_urg(sk, msg, len, flags);
    yield* release_sock(sk);
    return err;
  }
  const peek = (flags & MSG_PEEK) !== 0;
  let peek_seq = tp.copied_seq;
  const target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
  let user_recv: task_struct | null = null;
  let copied = 0;
  let left = len;
  let urg_hole = 0;

  reading: do {
    const seq = peek ? peek_seq : tp.copied_seq;
    if (tp.urg_data !== 0 && tp.urg_seq === seq) {
      if (copied > 0) break;
      if (current().signal_pending) {
        copied = timeo_p.timeo !== 0 ? sock_intr_errno(timeo_p.timeo) : -EAGAIN;
        break;
      }
    }
    let found: sk_buff | null = null;
    let offset = 0;
    let fin = false;
    for (let skb = sk.sk_receive_queue.next; skb !== null; skb = skb.next) {
      const tcb = TCP_SKB_CB(skb);
      if (before(seq, tcb.seq)) throw new Error(`tcp_recvmsg: a hole in the receive queue at ${seq}`);
      const th = new tcphdr(skb.transport_header);
      offset = seqDiff(seq, tcb.seq) - ((th.flags & TCPHDR_SYN) !== 0 ? 1 : 0);
      fin = (th.flags & TCPHDR_FIN) !== 0;
      if (offset < skb.len || fin) {
        found = skb;
        break;
      }
    }

    if (found === null) {
      if (copied >= target && sk.sk_backlog.tail === null) break;
      if (copied > 0) {
        if (
          sk.sk_err !== 0 ||
          sk.skc_state === TCP_CLOSE ||
          (sk.sk_shutdown & RCV_SHUTDOWN) !== 0 ||
          timeo_p.timeo === 0 ||
          current().signal_pending
        ) {
          break;
        }
      } else {
        if (sock_flag(sk, SOCK_DONE)) break;
        if (sk.sk_err !== 0) {
          copied = sock_error(sk);
          break;
        }
        if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) break;
        if (sk.skc_state === TCP_CLOSE) {
          copied = -ENOTCONN;
          break;
        }
        if (timeo_p.timeo === 0) {
          copied = -EAGAIN;
          break;
        }
        if (current().signal_pending) {
          copied = sock_intr_errno(timeo_p.timeo);
          break;
        }
      }

      yield* tcp_cleanup_rbuf(sk, copied);

      let process_prequeue = false;
      if (sysctl_tcp_low_latency() === 0 && tp.ucopy.task === user_recv) {
        if (user_recv === null && (flags & (MSG_TRUNC | MSG_PEEK)) === 0) {
          user_recv = current();
          tp.ucopy.task = user_recv;
          tp.ucopy.iov = msg.msg_iov;
        }
        tp.ucopy.len = left;
        process_prequeue = !skb_queue_empty(tp.ucopy.prequeue);
      }
      if (!process_prequeue) {
        if (copied >= target) {
          yield* release_sock(sk);
          yield* lock_sock(sk);
        } else {
          yield* sk_wait_data(sk, timeo_p);
        }
        if (user_recv !== null) {
          const chunk = left - tp.ucopy.len;
          left -= chunk;
          copied += chunk;
          process_prequeue = tp.rcv_nxt === tp.copied_seq && !skb_queue_empty(tp.ucopy.prequeue);
        }
      }
      if (process_prequeue) {
        yield* tcp_prequeue_process(sk);
        const chunk = left - tp.ucopy.len;
        left -= chunk;
        copied += chunk;
      }
      if (peek && seqAdd(peek_seq, -copied - urg_hole) !== tp.copied_seq) peek_seq = tp.copied_seq;
      continue;
    }

    if (offset < found.len) {
      let used = Math.min(found.len - offset, left);
      if (tp.urg_data !== 0) {
        const urg_offset = (tp.urg_seq - seq) >>> 0;
        if (urg_offset === 0 && !sock_flag(sk, SOCK_URGINLINE)) {
          if (peek) peek_seq = seqAdd(peek_seq, 1);
          else tp.copied_seq++;
          urg_hole++;
          offset++;
          used--;
        } else if (urg_offset !== 0 && urg_offset < used) {
          used = urg_offset;
        }
      }
      if (used > 0 && (flags & MSG_TRUNC) === 0 && skb_copy_datagram_iovec(found, offset, msg.msg_iov, used) !== 0) {
        if (copied === 0) copied = -EFAULT;
        break;
      }
      if (peek) peek_seq = seqAdd(peek_seq, used);
      else tp.copied_seq += used;
      copied += used;
      left -= used;
      if (used > 0) tcp_rcv_space_adjust(sk);
      if (tp.urg_data !== 0 && after(tp.copied_seq, tp.urg_seq)) {
        tp.urg_data = 0;
        tcp_fast_path_check(sk);
      }
      if (used + offset < found.len) continue;
      if (!fin) {
        if (!peek) sk_eat_skb(sk, found, false);
        continue;
      }
    }
    if (peek) peek_seq = seqAdd(peek_seq, 1);
    else {
      tp.copied_seq++;
      sk_eat_skb(sk, found, false);
    }
    break reading;
  } while (left > 0);

  if (user_recv !== null) {
    if (!skb_queue_empty(tp.ucopy.prequeue)) {
      tp.ucopy.len = copied > 0 ? left : 0;
      yield* tcp_prequeue_process(sk);
      if (copied > 0) {
        const chunk = left - tp.ucopy.len;
        left -= chunk;
        copied += chunk;
      }
    }
    tp.ucopy.task = null;
    tp.ucopy.len = 0;
    tp.ucopy.iov = undefined;
  }
  yield* tcp_cleanup_rbuf(sk, copied);
  yield* release_sock(sk);
  return copied;
}

/** What close() does in a state (RFC 793 section 3.9, CLOSE call): the next state, and whether a FIN is to be sent. */
const NEW_STATE: Readonly<Record<number, { readonly next: number; readonly fin?: true }>> = {
  [TCP_ESTABLISHED]: { next: TCP_FIN_WAIT1, fin: true },
  [TCP_SYN_SENT]: { next: TCP_CLOSE },
  [TCP_SYN_RECV]: { next: TCP_FIN_WAIT1, fin: true },
  [TCP_FIN_WAIT1]: { next: TCP_FIN_WAIT1 },
  [TCP_FIN_WAIT2]: { next: TCP_FIN_WAIT2 },
  [TCP_TIME_WAIT]: { next: TCP_CLOSE },
  [TCP_CLOSE]: { next: TCP_CLOSE },
  [TCP_CLOSE_WAIT]: { next: TCP_LAST_ACK, fin: true },
  [TCP_LAST_ACK]: { next: TCP_LAST_ACK },
  [TCP_LISTEN]: { next: TCP_CLOSE },
  [TCP_CLOSING]: { next: TCP_CLOSING },
};

/**
 * Changes the state of a connection; a closed one leaves the tables, and gives up a port that it did not ask for by number.
 * @modelled net/ipv4/tcp.c
 * @omits TCP_INC_STATS: SNMP counters
 */
export function tcp_set_state(sk: sock, state: number): void {
  if (state === TCP_CLOSE) {
    (sk.skc_prot as proto).unhash?.(sk);
    if (inet_csk(sk).icsk_bind_hash !== null && (sk.sk_userlocks & SOCK_BINDPORT_LOCK) === 0) inet_put_port(sk);
  }
  sk.skc_state = state;
}

/**
 * The program closes its side: moves on to the next state. True when a FIN is to be sent.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_close_state(sk: sock): boolean {
  const { next, fin } = NEW_STATE[sk.skc_state] ?? { next: TCP_CLOSE };
  tcp_set_state(sk, next);
  return fin === true;
}

/**
 * shutdown() of the sending side: a FIN goes behind the data. The receiving side needs nothing sent.
 * @modelled net/ipv4/tcp.c
 */
export function* tcp_shutdown(sk: sock, how: number): Kgen {
  if ((how & SEND_SHUTDOWN) === 0) return;
  const open = TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE_WAIT;
  if (((1 << sk.skc_state) & open) !== 0 && tcp_close_state(sk)) yield* tcp_send_fin(sk);
}

/**
 * Orphans take more than their share: their number, shifted left by `shift`, is above the limit, or this one has data queued while all
 * of TCP's memory is used.
 * @simplified the number is exact: in C it is first read roughly from a percpu_counter, to which each CPU of several adds its part only by
 * batches of 32 or more, so that an SMP kernel lets the first orphans be even with tcp_max_orphans 0
 * @cost 6
 */
export function tcp_too_many_orphans(sk: sock, shift: number): boolean {
  const pool = tcp_memory();
  if (pool.orphan_count * 2 ** shift > sysctl_tcp_max_orphans()) return true;
  return (
    sk.sk_wmem_queued > SOCK_MIN_SNDBUF && pool.memory_allocated > (sk.skc_prot as accounted_proto).sysctl_mem.at(2)
  );
}

/**
 * The last descriptor is closed. Bytes that nobody will read are answered with a reset (RFC 2525 section 2.17), as is SO_LINGER with no
 * time; else a FIN goes behind the data, and close() waits up to `timeout` jiffies for it. From then on the socket is an orphan: it ends by
 * itself.
 * @modelled net/ipv4/tcp.c
 * @cost 40
 */
export function* tcp_close(sk: sock, timeout: number): Kgen {
  yield* lock_sock(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (sk.skc_state === TCP_LISTEN) {
    tcp_set_state(sk, TCP_CLOSE);
    yield* inet_csk_listen_stop(sk);
  } else {
    let data_was_unread = 0;
    for (let skb = __skb_dequeue(sk.sk_receive_queue); skb !== null; skb = __skb_dequeue(sk.sk_receive_queue)) {
      const { seq, end_seq } = TCP_SKB_CB(skb);
      data_was_unread += seqDiff(end_seq, seq) - ((new tcphdr(skb.transport_header).flags & TCPHDR_FIN) !== 0 ? 1 : 0);
      __kfree_skb(skb);
    }
    sk_mem_reclaim(sk);
    if (sk.skc_state !== TCP_CLOSE) {
      if (data_was_unread > 0) {
        tcp_set_state(sk, TCP_CLOSE);
        yield* tcp_send_active_reset(sk, sk.sk_allocation);
      } else if (sock_flag(sk, SOCK_LINGER) && sk.sk_lingertime === 0) {
        yield* (sk.skc_prot as Required<proto>).disconnect(sk, 0);
      } else if (tcp_close_state(sk)) {
        yield* tcp_send_fin(sk);
      }
      yield* sk_stream_wait_close(sk, timeout);
    }
  }

  const state = sk.skc_state;
  sock_hold(sk);
  sock_orphan(sk);
  yield* release_sock(sk);

  local_bh_disable();
  yield* bh_lock_sock(sk);
  tcp_memory().orphan_count++;
  // A softirq or the backlog may have ended it meanwhile.
  if (state === TCP_CLOSE || sk.skc_state !== TCP_CLOSE) yield* tcp_close_orphan(sk);
  bh_unlock_sock(sk);
  yield* local_bh_enable();
  sock_put(sk);
}

/**
 * What becomes of a socket that has just lost its program: FIN_WAIT2 is left to a small socket or to a timer; one too many is reset.
 * @model the end of tcp_close, which C reaches by a goto
 * @cost 0
 */
function* tcp_close_orphan(sk: sock): Kgen {
  if (sk.skc_state === TCP_FIN_WAIT2) {
    if (tcp_sk(sk).linger2 < 0) {
      tcp_set_state(sk, TCP_CLOSE);
      yield* tcp_send_active_reset(sk, GFP_ATOMIC);
    } else {
      const tmo = tcp_fin_time(sk);
      if (tmo <= TCP_TIMEWAIT_LEN) {
        tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
        return;
      }
      inet_csk_reset_keepalive_timer(sk, tmo - TCP_TIMEWAIT_LEN);
    }
  }
  if (sk.skc_state !== TCP_CLOSE) {
    sk_mem_reclaim(sk);
    if (tcp_too_many_orphans(sk, 0)) {
      tcp_set_state(sk, TCP_CLOSE);
      yield* tcp_send_active_reset(sk, GFP_ATOMIC);
    }
  }
  if (sk.skc_state === TCP_CLOSE) inet_csk_destroy_sock(sk);
}

/**
 * A connection in this state is to be reset when it is aborted (RFC 793 section 3.9, ABORT call).
 * @modelled net/ipv4/tcp.c
 * @cost 2
 */
function tcp_need_reset(state: number): boolean {
  const needs = TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV;
  return ((1 << state) & needs) !== 0;
}

/**
 * Aborts a connection: a reset if the peer must know, then the socket is as new, but for its next sequence number. 0.
 * @modelled net/ipv4/tcp.c
 */
export function* tcp_disconnect(sk: sock, _flags: number): Kgen<number> {
  const inet = inet_sk(sk);
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const old_state = sk.skc_state;
  if (old_state !== TCP_CLOSE) tcp_set_state(sk, TCP_CLOSE);
  if (old_state === TCP_LISTEN) {
    yield* inet_csk_listen_stop(sk);
  } else if (
    tcp_need_reset(old_state) ||
    (tp.snd_nxt !== tp.write_seq && (old_state === TCP_CLOSING || old_state === TCP_LAST_ACK))
  ) {
    yield* tcp_send_active_reset(sk, GFP_ATOMIC);
    sk.sk_err = ECONNRESET;
  } else if (old_state === TCP_SYN_SENT) {
    sk.sk_err = ECONNRESET;
  }
  tcp_clear_xmit_timers(sk);
  __skb_queue_purge(sk.sk_receive_queue);
  tcp_write_queue_purge(sk);
  __skb_queue_purge(tp.out_of_order_queue);

  inet.inet_dport = 0;
  if ((sk.sk_userlocks & SOCK_BINDADDR_LOCK) === 0) inet_reset_saddr(sk);
  sk.sk_shutdown = 0;
  sock_reset_flag(sk, SOCK_DONE);
  tp.srtt = 0;
  tp.write_seq = seqAdd(tp.write_seq, tp.max_window + 2) || 1;
  icsk.icsk_backoff = 0;
  tp.snd_cwnd = 2;
  icsk.icsk_probes_out = 0;
  tp.packets_out = 0;
  tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
  tp.snd_cwnd_cnt = 0;
  tp.bytes_acked = 0;
  tp.window_clamp = 0;
  tcp_set_ca_state(sk, TCP_CA_Open);
  tcp_clear_retrans(tp);
  inet_csk_delack_init(sk);
  tcp_init_send_head(sk);
  Object.assign(tp.rx_opt, tcp_no_options());
  __sk_dst_reset(sk);
  sk.sk_error_report?.(sk);
  return 0;
}

/**
 * A socket forgets its own address.
 * @modelled include/net/ip.h
 * @cost 2
 */
export function inet_reset_saddr(sk: sock): void {
  const inet = inet_sk(sk);
  inet.inet_rcv_saddr = 0;
  inet.inet_saddr = 0;
}

/**
 * Frees all of the write queue.
 * @modelled include/net/tcp.h
 */
export function tcp_write_queue_purge(sk: sock): void {
  for (let skb = __skb_dequeue(sk.sk_write_queue); skb !== null; skb = __skb_dequeue(sk.sk_write_queue)) {
    sk_wmem_free_skb(sk, skb);
  }
  sk_mem_reclaim(sk);
  tcp_clear_all_retrans_hints(tcp_sk(sk));
}

/**
 * The connection is over: closed, timers stopped, sleepers told; a socket that no file holds ends here.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_done(sk: sock): void {
  tcp_set_state(sk, TCP_CLOSE);
  tcp_clear_xmit_timers(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (!sock_flag(sk, SOCK_DEAD)) sk.sk_state_change?.(sk);
  else inet_csk_destroy_sock(sk);
}

/**
 * Stops all timers of a connection.
 * @modelled include/net/tcp.h
 */
export function tcp_clear_xmit_timers(sk: sock): void {
  inet_csk_clear_xmit_timers(sk);
}

/**
 * What a program may do with the socket now, and that it wants to be woken when that changes. The lock is not taken: it may be just over.
 * @modelled net/ipv4/tcp.c
 * @cost 20
 */
export function tcp_poll(file: file, sock: socket, wait: poll_table | null): number {
  const sk = sock.sk as sock;
  const tp = tcp_sk(sk);
  sock_poll_wait(file, sk_sleep(sk), wait);
  if (sk.skc_state === TCP_LISTEN) return inet_csk_listen_poll(sk);
  let mask = 0;
  if (sk.sk_shutdown === SHUTDOWN_MASK || sk.skc_state === TCP_CLOSE) mask |= POLLHUP;
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLIN | POLLRDNORM | POLLRDHUP;

  if (((1 << sk.skc_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) === 0) {
    let target = sock_rcvlowat(sk, false, INT_MAX);
    if (tp.urg_seq === tp.copied_seq && !sock_flag(sk, SOCK_URGINLINE) && tp.urg_data !== 0) target++;
    if (seqDiff(tp.rcv_nxt, tp.copied_seq) >= target) mask |= POLLIN | POLLRDNORM;
    if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) {
      mask |= POLLOUT | POLLWRNORM;
    } else if (sk_stream_wspace(sk) >= sk_stream_min_wspace(sk)) {
      mask |= POLLOUT | POLLWRNORM;
    } else {
      sock.flags |= SOCK_ASYNC_NOSPACE | SOCK_NOSPACE;
    }
    if ((tp.urg_data & TCP_URG_VALID) !== 0) mask |= POLLPRI;
  }
  if (sk.sk_err !== 0) mask |= POLLERR;
  return mask;
}

/**
 * ioctl() on a TCP socket: bytes to read up to the urgent one (SIOCINQ), whether that is next (SIOCATMARK), bytes not acknowledged (SIOCOUTQ) or
 * not sent (SIOCOUTQNSD). The number goes to `arg` in user memory. 0, or -errno.
 * @modelled net/ipv4/tcp.c
 * @cost 15
 */
export function* tcp_ioctl(sk: sock, cmd: number, arg: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const opening = ((1 << sk.skc_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0;
  let answ = 0;
  switch (cmd) {
    case SIOCINQ:
      if (sk.skc_state === TCP_LISTEN) return -EINVAL;
      yield* lock_sock(sk);
      if (!opening) {
        const before_urgent =
          !sock_flag(sk, SOCK_URGINLINE) &&
          tp.urg_data !== 0 &&
          !before(tp.urg_seq, tp.copied_seq) &&
          before(tp.urg_seq, tp.rcv_nxt);
        answ = seqDiff(before_urgent ? tp.urg_seq : tp.rcv_nxt, tp.copied_seq);
        const skb = before_urgent ? null : skb_peek_tail(sk.sk_receive_queue);
        if (answ !== 0 && skb !== null && (new tcphdr(skb.transport_header).flags & TCPHDR_FIN) !== 0) answ--;
      }
      yield* release_sock(sk);
      break;
    case SIOCATMARK:
      answ = tp.urg_data !== 0 && tp.urg_seq === tp.copied_seq ? 1 : 0;
      break;
    case SIOCOUTQ:
      if (sk.skc_state === TCP_LISTEN) return -EINVAL;
      if (!opening) answ = seqDiff(tp.write_seq, tp.snd_una);
      break;
    case SIOCOUTQNSD:
      if (sk.skc_state === TCP_LISTEN) return -EINVAL;
      if (!opening) answ = seqDiff(tp.write_seq, tp.snd_nxt);
      break;
    default:
      return -ENOIOCTLCMD;
  }
  return put_user(answ, arg);
}

/** Level of the options below, and they (include/linux/tcp.h). */
const SOL_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;
const TCP_CORK = 3;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_SYNCNT = 7;
const TCP_LINGER2 = 8;
const TCP_DEFER_ACCEPT = 9;
const TCP_WINDOW_CLAMP = 10;
const TCP_INFO = 11;
const TCP_QUICKACK = 12;
const TCP_CONGESTION = 13;
const TCP_THIN_LINEAR_TIMEOUTS = 16;
const TCP_THIN_DUPACK = 17;
const TCP_USER_TIMEOUT = 18;
/** Bytes of the name of a congestion control module, with its end. */
const TCP_CA_NAME_MAX = 16;
const MAX_TCP_KEEPIDLE = 32767;
const MAX_TCP_KEEPINTVL = 32767;
const MAX_TCP_KEEPCNT = 127;
const MAX_TCP_SYNCNT = 127;

/**
 * Timeouts with doubling that fill so many seconds, the first lasting `timeout`, none more than `rto_max`.
 * @modelled net/ipv4/tcp.c
 * @cost 4
 */
export function secs_to_retrans(seconds: number, timeout: number, rto_max: number): number {
  if (seconds <= 0) return 0;
  let res = 1;
  let period = timeout;
  let next = timeout;
  while (seconds > period && res < 255) {
    res++;
    next = Math.min(next << 1, rto_max);
    period += next;
  }
  return res;
}

/**
 * Seconds that so many timeouts with doubling last.
 * @modelled net/ipv4/tcp.c
 * @cost 4
 */
export function retrans_to_secs(retrans: number, timeout: number, rto_max: number): number {
  if (retrans <= 0) return 0;
  let period = timeout;
  let next = timeout;
  for (let left = retrans - 1; left > 0; left--) {
    next = Math.min(next << 1, rto_max);
    period += next;
  }
  return period;
}

/**
 * Sets an option of level TCP: 0, or -errno.
 * @modelled net/ipv4/tcp.c
 * @omits tcp_v4_parse_md5_keys: no MD5 signatures
 * @cost 30
 */
export function* do_tcp_setsockopt(
  sk: sock,
  _level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  if (optname === TCP_CONGESTION) {
    if (optlen < 1) return -EINVAL;
    const name = strncpy_from_user(optval, Math.min(TCP_CA_NAME_MAX - 1, optlen));
    if (name === null) return -EFAULT;
    yield* lock_sock(sk);
    const err = tcp_set_congestion_control(sk, name);
    yield* release_sock(sk);
    return err;
  }
  if (optlen < 4) return -EINVAL;
  const val = get_user(optval);
  if (val === null) return -EFAULT;
  let err = 0;
  const within = (least: number, most: number): boolean => {
    if (val >= least && val <= most) return true;
    err = -EINVAL;
    return false;
  };
  yield* lock_sock(sk);
  switch (optname) {
    case TCP_MAXSEG:
      if (within(TCP_MIN_MSS, MAX_TCP_WINDOW)) tp.rx_opt.user_mss = val;
      break;
    case TCP_NODELAY:
      if (val !== 0) {
        tp.nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
        yield* tcp_push_pending_frames(sk);
      } else {
        tp.nonagle &= ~TCP_NAGLE_OFF;
      }
      break;
    case TCP_THIN_LINEAR_TIMEOUTS:
      if (within(0, 1)) tp.thin_lto = val !== 0;
      break;
    case TCP_THIN_DUPACK:
      if (within(0, 1)) tp.thin_dupack = val !== 0;
      break;
    case TCP_CORK:
      if (val !== 0) {
        tp.nonagle |= TCP_NAGLE_CORK;
      } else {
        tp.nonagle &= ~TCP_NAGLE_CORK;
        if ((tp.nonagle & TCP_NAGLE_OFF) !== 0) tp.nonagle |= TCP_NAGLE_PUSH;
        yield* tcp_push_pending_frames(sk);
      }
      break;
    case TCP_KEEPIDLE:
      if (within(1, MAX_TCP_KEEPIDLE)) {
        tp.keepalive_time = val * HZ;
        if (sock_flag(sk, SOCK_KEEPOPEN) && ((1 << sk.skc_state) & (TCPF_CLOSE | TCPF_LISTEN)) === 0) {
          inet_csk_reset_keepalive_timer(sk, Math.max(tp.keepalive_time - keepalive_time_elapsed(tp), 0));
        }
      }
      break;
    case TCP_KEEPINTVL:
      if (within(1, MAX_TCP_KEEPINTVL)) tp.keepalive_intvl = val * HZ;
      break;
    case TCP_KEEPCNT:
      if (within(1, MAX_TCP_KEEPCNT)) tp.keepalive_probes = val;
      break;
    case TCP_SYNCNT:
      if (within(1, MAX_TCP_SYNCNT)) icsk.icsk_syn_retries = val;
      break;
    case TCP_LINGER2:
      if (val < 0) tp.linger2 = -1;
      else tp.linger2 = val > sysctl_tcp_fin_timeout() / HZ ? 0 : val * HZ;
      break;
    case TCP_DEFER_ACCEPT:
      icsk.icsk_accept_queue.rskq_defer_accept = secs_to_retrans(val, TCP_TIMEOUT_INIT / HZ, TCP_RTO_MAX / HZ);
      break;
    case TCP_WINDOW_CLAMP:
      if (val === 0) {
        if (sk.skc_state !== TCP_CLOSE) err = -EINVAL;
        else tp.window_clamp = 0;
      } else {
        tp.window_clamp = Math.max(val, SOCK_MIN_RCVBUF / 2);
      }
      break;
    case TCP_QUICKACK:
      if (val === 0) {
        icsk.icsk_ack.pingpong = true;
      } else {
        icsk.icsk_ack.pingpong = false;
        const open = ((1 << sk.skc_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) !== 0;
        if (open && inet_csk_ack_scheduled(sk)) {
          icsk.icsk_ack.pending |= ICSK_ACK_PUSHED;
          yield* tcp_cleanup_rbuf(sk, 1);
          if ((val & 1) === 0) icsk.icsk_ack.pingpong = true;
        }
      }
      break;
    case TCP_USER_TIMEOUT:
      icsk.icsk_user_timeout = msecs_to_jiffies(val);
      break;
    default:
      err = -ENOPROTOOPT;
  }
  yield* release_sock(sk);
  return err;
}

/**
 * Sets an option of level TCP; other levels are the network layer's.
 * @modelled net/ipv4/tcp.c
 * @cost 4
 */
export function* tcp_setsockopt(
  sk: sock,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  if (level !== SOL_TCP) {
    return yield* (inet_csk(sk).icsk_af_ops as Required<inet_connection_sock_af_ops>).setsockopt(
      sk,
      level,
      optname,
      optval,
      optlen,
    );
  }
  return yield* do_tcp_setsockopt(sk, level, optname, optval, optlen);
}

/** Bits of tcp_info.options. */
const TCPI_OPT_TIMESTAMPS = 1;
const TCPI_OPT_SACK = 2;
const TCPI_OPT_WSCALE = 4;
const TCPI_OPT_ECN = 8;

/**
 * What a program may know of its connection (TCP_INFO), as the 26 words of struct tcp_info: the first two hold eight bytes.
 * @modelled net/ipv4/tcp.c
 * @cost 40
 */
export function tcp_get_info(sk: sock): number[] {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const { rx_opt } = tp;
  const now = tcp_time_stamp();
  const listens = sk.skc_state === TCP_LISTEN;
  const since = (stamp: number): number => jiffies_to_msecs((now - stamp) >>> 0);
  let options = 0;
  if (rx_opt.tstamp_ok) options |= TCPI_OPT_TIMESTAMPS;
  if (tcp_is_sack(tp)) options |= TCPI_OPT_SACK;
  if (rx_opt.wscale_ok) options |= TCPI_OPT_WSCALE;
  if ((tp.ecn_flags & TCP_ECN_OK) !== 0) options |= TCPI_OPT_ECN;
  const wscale = rx_opt.wscale_ok ? rx_opt.snd_wscale | (rx_opt.rcv_wscale << 4) : 0;
  return [
    sk.skc_state | (icsk.icsk_ca_state << 8) | (icsk.icsk_retransmits << 16) | (icsk.icsk_probes_out << 24),
    icsk.icsk_backoff | (options << 8) | (wscale << 16),
    jiffies_to_usecs(icsk.icsk_rto),
    jiffies_to_usecs(icsk.icsk_ack.ato),
    tp.mss_cache,
    icsk.icsk_ack.rcv_mss,
    listens ? sk.sk_ack_backlog : tp.packets_out,
    listens ? sk.sk_max_ack_backlog : tp.sacked_out,
    tp.lost_out,
    tp.retrans_out,
    tp.fackets_out,
    since(tp.lsndtime),
    0,
    since(icsk.icsk_ack.lrcvtime),
    since(tp.rcv_tstamp),
    icsk.icsk_pmtu_cookie,
    tp.rcv_ssthresh,
    jiffies_to_usecs(tp.srtt) >>> 3,
    jiffies_to_usecs(tp.mdev) >>> 2,
    tp.snd_ssthresh,
    tp.snd_cwnd,
    tp.advmss,
    tp.reordering,
    jiffies_to_usecs(tp.rcv_rtt_rtt) >>> 3,
    tp.rcvq_space_space,
    tp.total_retrans,
  ];
}

/** The number that an option of level TCP reads as, null: there is no such option. */
const tcp_option = (sk: sock, optname: number): number | null => {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  switch (optname) {
    case TCP_MAXSEG:
      return tp.mss_cache === 0 && ((1 << sk.skc_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0
        ? tp.rx_opt.user_mss
        : tp.mss_cache;
    case TCP_NODELAY:
      return (tp.nonagle & TCP_NAGLE_OFF) !== 0 ? 1 : 0;
    case TCP_CORK:
      return (tp.nonagle & TCP_NAGLE_CORK) !== 0 ? 1 : 0;
    case TCP_KEEPIDLE:
      return Math.trunc(keepalive_time_when(tp) / HZ);
    case TCP_KEEPINTVL:
      return Math.trunc(keepalive_intvl_when(tp) / HZ);
    case TCP_KEEPCNT:
      return keepalive_probes(tp);
    case TCP_SYNCNT:
      return icsk.icsk_syn_retries || sysctl_tcp_syn_retries();
    case TCP_LINGER2:
      return tp.linger2 >= 0 ? Math.trunc((tp.linger2 || sysctl_tcp_fin_timeout()) / HZ) : tp.linger2;
    case TCP_DEFER_ACCEPT:
      return retrans_to_secs(icsk.icsk_accept_queue.rskq_defer_accept, TCP_TIMEOUT_INIT / HZ, TCP_RTO_MAX / HZ);
    case TCP_WINDOW_CLAMP:
      return tp.window_clamp;
    case TCP_QUICKACK:
      return icsk.icsk_ack.pingpong ? 0 : 1;
    case TCP_THIN_LINEAR_TIMEOUTS:
      return tp.thin_lto ? 1 : 0;
    case TCP_THIN_DUPACK:
      return tp.thin_dupack ? 1 : 0;
    case TCP_USER_TIMEOUT:
      return jiffies_to_msecs(icsk.icsk_user_timeout);
    default:
      return null;
  }
};

/** A text as the words of a buffer of 16 bytes. */
const words_of = (text: string): number[] =>
  [0, 4, 8, 12].map((at) => [3, 2, 1, 0].reduce((word, i) => word * 256 + (text.charCodeAt(at + i) || 0), 0));

/**
 * Reads an option of level TCP: 0, or -errno.
 * @modelled net/ipv4/tcp.c
 * @cost 25
 */
export function do_tcp_getsockopt(sk: sock, _level: number, optname: number, optval: number, optlen: number): number {
  const len = get_user(optlen);
  if (len === null) return -EFAULT;
  if (len < 0) return -EINVAL;
  if (optname === TCP_INFO) return put_option(tcp_get_info(sk), len, optval, optlen);
  if (optname === TCP_CONGESTION) {
    return put_option(words_of(inet_csk(sk).icsk_ca_ops?.name ?? ''), len, optval, optlen);
  }
  const val = tcp_option(sk, optname);
  return val === null ? -ENOPROTOOPT : put_option([val], len, optval, optlen);
}

/**
 * Reads an option of level TCP; other levels are the network layer's.
 * @modelled net/ipv4/tcp.c
 * @cost 4
 */
export function* tcp_getsockopt(
  sk: sock,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  if (level !== SOL_TCP) {
    return yield* (inet_csk(sk).icsk_af_ops as Required<inet_connection_sock_af_ops>).getsockopt(
      sk,
      level,
      optname,
      optval,
      optlen,
    );
  }
  return do_tcp_getsockopt(sk, level, optname, optval, optlen);
}

/**
 * Cuts a GSO skb into segments: sequence numbers go on by the segment size, FIN and PSH stay on the last only, CWR on the
 * first, and each checksum is corrected for its length. Null: nothing to cut, or malformed.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_tso_segment(skb: sk_buff, features: number): sk_buff | null {
  if (!pskb_may_pull(skb, tcphdr.size)) return null;
  const thlen = (new tcphdr(skb.transport_header).doff_res >> 4) * 4;
  if (thlen < tcphdr.size) return null;
  if (!pskb_may_pull(skb, thlen)) return null;
  const oldlen = ~skb.len & 0xffff;
  __skb_pull(skb, thlen);
  const mss = skb_shinfo(skb).gso_size;
  if (skb.len <= mss) return null;
  if (skb_gso_ok(skb, features)) {
    skb_shinfo(skb).gso_segs = Math.ceil(skb.len / mss);
    return null;
  }
  const segs = skb_segment(skb, features);
  if (segs === null) return null;

  let delta = oldlen + thlen + mss;
  let seq = new tcphdr(segs.transport_header).seq;
  for (let seg: sk_buff | null = segs; seg !== null; seg = seg.next) {
    const th = new tcphdr(seg.transport_header);
    const last = seg.next === null;
    th.seq = seq;
    if (seg !== segs) th.flags &= ~TCPHDR_CWR;
    if (!last) th.flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
    if (last) delta = oldlen + (seg.tail - seg.transport_header) + seg.data_len;
    th.check = ~csum_fold(th.check + delta) & 0xffff;
    if (seg.ip_summed !== CHECKSUM_PARTIAL) th.check = csum_fold(csum_partial(seg.transport_header, thlen, seg.csum));
    seq = seqAdd(seq, mss);
  }
  return segs;
}

/**
 * Offers a received segment to the skbs that are held for merging. Returns the held skb that must go up now, or null.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_gro_receive(head: napi_struct, skb: sk_buff): sk_buff | null {
  const off = skb_gro_offset(skb);
  if (!pskb_may_pull(skb, off + tcphdr.size)) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const th = new tcphdr(skb.data + off);
  const thlen = (th.doff_res >> 4) * 4;
  if (thlen < tcphdr.size || !pskb_may_pull(skb, off + thlen)) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const header = new tcphdr(skb.data + off);
  skb_gro_pull(skb, thlen);
  const len = skb_gro_len(skb);
  const tcp_flags = header.flags;
  let mss = 1;
  let flush = false;

  let previous: sk_buff | null = null;
  let p = head.gro_list;
  while (p !== null) {
    if (p.cb.gro_same_flow) {
      const th2 = new tcphdr(p.transport_header);
      if (header.source === th2.source && header.dest === th2.dest) break;
      p.cb.gro_same_flow = false;
    }
    previous = p;
    p = p.next;
  }
  if (p !== null) {
    const th2 = new tcphdr(p.transport_header);
    mss = skb_shinfo(p).gso_size;
    flush =
      p.cb.gro_flush !== 0 ||
      (tcp_flags & TCPHDR_CWR) !== 0 ||
      ((tcp_flags ^ th2.flags) & ~(TCPHDR_CWR | TCPHDR_FIN | TCPHDR_PSH)) !== 0 ||
      header.doff_res !== th2.doff_res ||
      header.window !== th2.window ||
      header.ack_seq !== th2.ack_seq ||
      len < 1 ||
      len > mss ||
      seqAdd(th2.seq, skb_gro_len(p)) !== header.seq;
    for (let i = tcphdr.size; i < thlen && !flush; i += 4) {
      flush = heap.readBe32(header.$addr + i) !== heap.readBe32(th2.$addr + i);
    }
    if (flush || skb_gro_receive(head, p, skb) !== 0) {
      mss = 1;
    } else {
      p = previous === null ? head.gro_list : previous.next;
      if (p !== null) new tcphdr(p.transport_header).flags |= tcp_flags & (TCPHDR_FIN | TCPHDR_PSH);
    }
  }
  const ends = len < mss || (tcp_flags & (TCPHDR_URG | TCPHDR_PSH | TCPHDR_RST | TCPHDR_SYN | TCPHDR_FIN)) !== 0;
  if (ends) skb.cb.gro_flush |= 1;
  return p !== null && (!skb.cb.gro_same_flow || ends) ? p : null;
}

/**
 * Ends a merge: the skb becomes one that GSO could cut again.
 * @modelled net/ipv4/tcp.c
 */
export function tcp_gro_complete(skb: sk_buff): number {
  const shinfo = skb_shinfo(skb);
  skb.csum_start = skb.transport_header - skb.head;
  skb.csum_offset = CSUM_OFFSET;
  skb.ip_summed = CHECKSUM_PARTIAL;
  shinfo.gso_segs = skb.cb.gro_count;
  if ((new tcphdr(skb.transport_header).flags & TCPHDR_CWR) !== 0) shinfo.gso_type |= SKB_GSO_TCP_ECN;
  return 0;
}
