/**
 * Mirrors net/ipv4/tcp.c (2.6.39), and from tcp.h the inline functions that need an implementation.
 * Modelled: sending from system call to send queue, reading with prequeue and direct copy, window updates, segmentation and
 * merging (GSO, GRO), states, the protocol's memory.
 * Left out: urgent data on the reading side, splice and sendfile, DMA copies (NET_DMA), socket options, MD5 signatures,
 * connect, listen and close beyond tcp_done.
 */
import { heap } from '../../../base/heap';
import { after, before, seqAdd, seqDiff } from '../../../base/seq';
import type { Kgen } from '../../arch/current';
import { EAGAIN, EFAULT, ENOTCONN, EPIPE } from '../../include/linux/errno';
import type { kiocb } from '../../include/linux/fs';
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
  skb_queue_empty,
  skb_reserve,
  skb_shinfo,
  skb_tailroom,
} from '../../include/linux/skbuff';
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCP_NAGLE_CORK,
  TCP_NAGLE_PUSH,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_FIN,
  TCPHDR_PSH,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
  tcp_sk,
  type tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import type { task_struct } from '../../include/linux/wait';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_PUSHED2,
  inet_csk,
  inet_csk_ack_scheduled,
} from '../../include/net/inet_connection_sock';
import {
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_DEAD,
  SOCK_DONE,
  sk_backlog_rcv,
  sk_can_gso,
  sk_mem_charge,
  sk_stream_memory_free,
  sk_stream_moderate_sndbuf,
  type sock,
  sock_error,
  sock_flag,
  sock_intr_errno,
  sock_rcvlowat,
  sock_rcvtimeo,
  sock_sndtimeo,
} from '../../include/net/sock';
import {
  MAX_TCP_HEADER,
  sysctl_tcp_low_latency,
  TCP_SKB_CB,
  tcp_add_write_queue_tail,
  tcp_bound_to_half_wnd,
  tcp_check_send_head,
  tcp_fast_path_check,
  tcp_receive_window,
  tcp_send_head,
  tcp_unlink_write_queue,
  tcp_write_queue_tail,
} from '../../include/net/tcp';
import { current } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { csum_fold, csum_partial } from '../../lib/checksum';
import { get_page, put_page } from '../../mm/swap';
import { skb_copy_datagram_iovec } from '../core/datagram';
import {
  __kfree_skb,
  alloc_skb_fclone,
  pskb_may_pull,
  skb_add_data,
  skb_gro_receive,
  skb_segment,
} from '../core/skbuff';
import {
  lock_sock,
  release_sock,
  sk_eat_skb,
  sk_enter_memory_pressure,
  sk_stream_alloc_page,
  sk_wait_data,
  sk_wmem_free_skb,
  sk_wmem_schedule,
  skb_copy_to_page,
} from '../core/sock';
import { sk_stream_error, sk_stream_wait_connect, sk_stream_wait_memory } from '../core/stream';
import { inet_csk_clear_xmit_timers } from './inet_connection_sock';
import { inet_unhash } from './inet_hashtables';
import { tcp_rcv_space_adjust } from './tcp_input';
import {
  __tcp_push_pending_frames,
  __tcp_select_window,
  tcp_current_mss,
  tcp_push_one,
  tcp_send_ack,
} from './tcp_output';

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
 * Gives a reader the bytes in order: from the receive queue, else straight from segments as they come (prequeue), else from
 * the backlog; sleeps until `target` bytes are there. Returns bytes read, 0 at the end of the stream, or a negative errno.
 * @modelled net/ipv4/tcp.c
 * @omits tcp_recv_urg: urgent data is read in line
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
  const peek = (flags & MSG_PEEK) !== 0;
  let peek_seq = tp.copied_seq;
  const target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
  let user_recv: task_struct | null = null;
  let copied = 0;
  let left = len;

  reading: do {
    const seq = peek ? peek_seq : tp.copied_seq;
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
      if (peek && seqAdd(peek_seq, -copied) !== tp.copied_seq) peek_seq = tp.copied_seq;
      continue;
    }

    if (offset < found.len) {
      const used = Math.min(found.len - offset, left);
      if ((flags & MSG_TRUNC) === 0 && skb_copy_datagram_iovec(found, offset, msg.msg_iov, used) !== 0) {
        if (copied === 0) copied = -EFAULT;
        break;
      }
      if (peek) peek_seq = seqAdd(peek_seq, used);
      else tp.copied_seq += used;
      copied += used;
      left -= used;
      tcp_rcv_space_adjust(sk);
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

/**
 * Changes the state of a connection; a closed one leaves the hash.
 * @modelled net/ipv4/tcp.c
 * @omits inet_put_port: ports are not managed yet
 */
export function tcp_set_state(sk: sock, state: number): void {
  if (state === TCP_CLOSE) inet_unhash(sk);
  sk.skc_state = state;
}

/**
 * The connection is over: closed, timers stopped, sleepers told.
 * @modelled net/ipv4/tcp.c
 * @omits inet_csk_destroy_sock: only for a socket that no file holds
 */
export function tcp_done(sk: sock): void {
  tcp_set_state(sk, TCP_CLOSE);
  tcp_clear_xmit_timers(sk);
  sk.sk_shutdown = SHUTDOWN_MASK;
  if (!sock_flag(sk, SOCK_DEAD) && sk.sk_state_change !== null) sk.sk_state_change(sk);
}

/**
 * Stops all timers of a connection.
 * @modelled include/net/tcp.h
 */
export function tcp_clear_xmit_timers(sk: sock): void {
  inet_csk_clear_xmit_timers(sk);
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
