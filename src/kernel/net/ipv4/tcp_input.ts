/**
 * Mirrors net/ipv4/tcp_input.c (Linux 2.6.39): everything that happens to a TCP segment that arrived for a connection.
 * Modelled: the fast and the slow path of an established connection, ACK processing with RTT estimation, congestion
 * states, SACK and FACK tagging, F-RTO and undo, in-order and out-of-order data, SACK generation, ACK decisions,
 * window and buffer tuning, urgent data, PAWS, pruning, resets, the closing states as far as data flow needs them.
 * Left out: asynchronous DMA copies, MD5, statistics counters.
 */

import { clock } from '../../../base/clock';
import { heap } from '../../../base/heap';
import { after, before, between, seqAdd, seqDiff } from '../../../base/seq';
import type { Kgen } from '../../arch/current';
import { ECONNREFUSED, ECONNRESET, EINVAL, EPIPE } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { SOCK_NOSPACE } from '../../include/linux/net';
import {
  __skb_pull,
  __skb_queue_after,
  __skb_queue_before,
  __skb_queue_head,
  __skb_queue_tail,
  __skb_unlink,
  PAGE_SIZE,
  SIZEOF_SK_BUFF,
  SIZEOF_SKB_SHARED_INFO,
  type sk_buff,
  type sk_buff_head,
  skb_csum_unnecessary,
  skb_frag_address,
  skb_headlen,
  skb_headroom,
  skb_is_nonlinear,
  skb_peek,
  skb_peek_tail,
  skb_queue_empty,
  skb_queue_is_first,
  skb_queue_is_last,
  skb_queue_next,
  skb_queue_prev,
  skb_reserve,
  skb_shinfo,
} from '../../include/linux/skbuff';
import {
  TCP_CA_CWR,
  TCP_CA_Disorder,
  TCP_CA_Loss,
  TCP_CA_Open,
  TCP_CA_Recovery,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
  tcp_clear_options,
  type tcp_options,
  type tcp_sack_block,
  tcp_sk,
  type tcp_sock,
  type tcp_ucopy,
  tcphdr,
} from '../../include/linux/tcp';
import { HZ, jiffies } from '../../include/linux/timer';
import { TASK_RUNNING } from '../../include/linux/wait';
import {
  dst_confirm,
  type dst_entry,
  dst_metric_locked,
  dst_metric_set,
  RTAX_CWND,
  RTAX_REORDERING,
  RTAX_RTO_MIN,
  RTAX_RTT,
  RTAX_RTTVAR,
  RTAX_SSTHRESH,
  skb_dst_drop,
} from '../../include/net/dst';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_PUSHED2,
  ICSK_TIME_DACK,
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_ack_scheduled,
  inet_csk_clear_xmit_timer,
  inet_csk_schedule_ack,
  type tcp_congestion_ops,
} from '../../include/net/inet_connection_sock';
import {
  __sk_dst_get,
  type accounted_proto,
  RCV_SHUTDOWN,
  SEND_SHUTDOWN,
  SHUTDOWN_MASK,
  SOCK_DEAD,
  SOCK_DONE,
  SOCK_KEEPOPEN,
  SOCK_QUEUE_SHRUNK,
  SOCK_RCVBUF_LOCK,
  SOCK_SNDBUF_LOCK,
  SOCK_URGINLINE,
  SOCK_WAKE_IO,
  SOCK_WAKE_WAITD,
  sk_can_gso,
  sk_wake_async,
  type sock,
  sock_flag,
  sock_owned_by_user,
  sock_reset_flag,
  sock_set_flag,
} from '../../include/net/sock';
import {
  __tcp_fast_path_on,
  __tcp_set_rto,
  CA_EVENT_COMPLETE_CWR,
  CA_EVENT_FAST_ACK,
  CA_EVENT_FRTO,
  CA_EVENT_LOSS,
  CA_EVENT_SLOW_ACK,
  keepalive_time_when,
  MAX_TCP_HEADER,
  sysctl_tcp_abc,
  sysctl_tcp_app_win,
  sysctl_tcp_dsack,
  sysctl_tcp_fack,
  sysctl_tcp_frto,
  sysctl_tcp_frto_response,
  sysctl_tcp_moderate_rcvbuf,
  sysctl_tcp_nometrics_save,
  sysctl_tcp_reordering,
  sysctl_tcp_rmem,
  sysctl_tcp_sack,
  sysctl_tcp_stdurg,
  sysctl_tcp_thin_dupack,
  sysctl_tcp_timestamps,
  sysctl_tcp_window_scaling,
  sysctl_tcp_wmem,
  TCP_ATO_MIN,
  TCP_CONG_RTT_STAMP,
  TCP_DELACK_MAX,
  TCP_ECN_DEMAND_CWR,
  TCP_ECN_OK,
  TCP_ECN_QUEUE_CWR,
  TCP_INIT_CWND,
  TCP_MAX_QUICKACKS,
  TCP_MAX_REORDERING,
  TCP_MAX_WSCALE,
  TCP_MIN_MSS,
  TCP_MSS_DEFAULT,
  TCP_NUM_SACKS,
  TCP_PAWS_MSL,
  TCP_PAWS_WINDOW,
  TCP_RTO_MAX,
  TCP_RTO_MIN,
  TCP_SKB_CB,
  TCP_TIMEOUT_INIT,
  TCP_TIMEWAIT_LEN,
  TCP_URG_NOTYET,
  TCP_URG_VALID,
  TCPCB_EVER_RETRANS,
  TCPCB_LOST,
  TCPCB_RETRANS,
  TCPCB_SACKED_ACKED,
  TCPCB_SACKED_RETRANS,
  TCPCB_TAGBITS,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
  TCPOLEN_MSS,
  TCPOLEN_SACK_BASE,
  TCPOLEN_SACK_PERBLOCK,
  TCPOLEN_SACK_PERM,
  TCPOLEN_TIMESTAMP,
  TCPOLEN_TSTAMP_ALIGNED,
  TCPOLEN_WINDOW,
  TCPOPT_EOL,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_WINDOW,
  tcp_advance_highest_sack,
  tcp_bound_rto,
  tcp_ca_event,
  tcp_clear_all_retrans_hints,
  tcp_clear_retrans_hints_partial,
  tcp_current_ssthresh,
  tcp_enable_fack,
  tcp_fast_path_check,
  tcp_fast_path_on,
  tcp_fin_time,
  tcp_full_space,
  tcp_highest_sack,
  tcp_highest_sack_reset,
  tcp_highest_sack_seq,
  tcp_in_initial_slowstart,
  tcp_init_wl,
  tcp_is_fack,
  tcp_is_reno,
  tcp_is_sack,
  tcp_left_out,
  tcp_max_burst,
  tcp_packets_in_flight,
  tcp_paws_check,
  tcp_receive_window,
  tcp_sack_reset,
  tcp_send_head,
  tcp_set_ca_state,
  tcp_skb_is_last,
  tcp_skb_mss,
  tcp_skb_pcount,
  tcp_space,
  tcp_stream_is_thin,
  tcp_time_stamp,
  tcp_unlink_write_queue,
  tcp_update_wl,
  tcp_win_from_space,
  tcp_wnd_end,
  tcp_write_queue_head,
  tcp_write_queue_tail,
} from '../../include/net/tcp';
import { current, get_seconds, jiffies_to_usecs } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { __skb_checksum_complete, skb_copy_and_csum_datagram_iovec, skb_copy_datagram_iovec } from '../core/datagram';
import type { iovec_ptr } from '../core/iovec';
import {
  __kfree_skb,
  __skb_queue_purge,
  alloc_skb,
  kfree_skb,
  skb_copy_bits,
  skb_put,
  skb_shift,
} from '../core/skbuff';
import {
  POLL_HUP,
  POLL_IN,
  POLL_OUT,
  sk_mem_reclaim,
  sk_rmem_schedule,
  sk_send_sigurg,
  sk_wmem_free_skb,
  skb_set_owner_r,
  tcp_memory,
} from '../core/sock';
import { inet_csk_reset_keepalive_timer, inet_csk_reset_xmit_timer } from './inet_connection_sock';
import { tcp_done, tcp_set_state } from './tcp';
import { tcp_init_congestion_control } from './tcp_cong';
import { tcp_time_wait } from './tcp_minisocks';
import {
  __tcp_select_window,
  tcp_current_mss,
  tcp_fragment,
  tcp_may_send_now,
  tcp_mss_to_mtu,
  tcp_mtup_init,
  tcp_push_pending_frames,
  tcp_retransmit_skb,
  tcp_send_ack,
  tcp_send_delayed_ack,
  tcp_send_synack,
  tcp_sync_mss,
  tcp_trim_head,
  tcp_xmit_retransmit_queue,
} from './tcp_output';

/** What an ACK did, collected while it is processed. */
export const FLAG_DATA = 0x01;
export const FLAG_WIN_UPDATE = 0x02;
export const FLAG_DATA_ACKED = 0x04;
export const FLAG_RETRANS_DATA_ACKED = 0x08;
export const FLAG_SYN_ACKED = 0x10;
export const FLAG_DATA_SACKED = 0x20;
export const FLAG_ECE = 0x40;
export const FLAG_DATA_LOST = 0x80;
export const FLAG_SLOWPATH = 0x100;
export const FLAG_ONLY_ORIG_SACKED = 0x200;
export const FLAG_SND_UNA_ADVANCED = 0x400;
export const FLAG_DSACKING_ACK = 0x800;
export const FLAG_NONHEAD_RETRANS_ACKED = 0x1000;
export const FLAG_SACK_RENEGING = 0x2000;
const FLAG_ACKED = FLAG_DATA_ACKED | FLAG_SYN_ACKED;
const FLAG_NOT_DUP = FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED;
const FLAG_CA_ALERT = FLAG_DATA_SACKED | FLAG_ECE;
const FLAG_FORWARD_PROGRESS = FLAG_ACKED | FLAG_DATA_SACKED;
const FLAG_ANY_PROGRESS = FLAG_FORWARD_PROGRESS | FLAG_SND_UNA_ADVANCED;

/** Header bits that a full-sized segment of a bulk transfer does not have. */
const TCP_REMNANT = 0x002b0000;
/** Header bits that header prediction compares: all but the reserved ones and PSH. */
const TCP_HP_BITS = 0xf0f7ffff;
const TCP_HEADER_LEN = 20;
/** Length of a header with an aligned timestamp option, bytes. */
const TCP_HEADER_LEN_TSTAMP = TCP_HEADER_LEN + TCPOLEN_TSTAMP_ALIGNED;

// Macros and one-line accessors: expressions, not functions, so they are no calls in a trace.

const tcp_hdr = (skb: sk_buff): tcphdr => new tcphdr(skb.transport_header);
/** Length of the header, bytes. */
const doff_bytes = (th: tcphdr): number => (th.doff_res >> 4) * 4;
/** The header's fourth word: length, flags, window. */
const tcp_flag_word = (th: tcphdr): number => heap.readBe32(th.$addr + 12);
const ca_ops_of = (sk: sock): tcp_congestion_ops => inet_csk(sk).icsk_ca_ops as tcp_congestion_ops;
/** Least retransmission timeout: the route's, or 200 ms. Jiffies. */
export const tcp_rto_min = (sk: sock): number => {
  const dst = __sk_dst_get(sk);
  return dst !== null && dst_metric_locked(dst, RTAX_RTO_MIN) ? dst.rto_min : TCP_RTO_MIN;
};
/** What a full-sized segment costs in memory with its headers, bytes. */
const segment_memory = (mss: number): number => mss + MAX_TCP_HEADER + 16 + SIZEOF_SK_BUFF;

/** The same, so that its share of window is a full segment. */
const rcvmem_of_segment = (advmss: number): number => {
  let rcvmem = segment_memory(advmss);
  while (tcp_win_from_space(rcvmem) < advmss) {
    rcvmem += 128;
  }
  return rcvmem;
};
const tcp_memory_pressure = (): boolean => tcp_memory().memory_pressure;
/** All sockets together use so much that buffers should not grow. */
const tcp_memory_tight = (sk: sock): boolean =>
  tcp_memory().memory_allocated >= (sk.skc_prot as accounted_proto).sysctl_mem.at(0);
const copy_sack_block = (to: tcp_sack_block, from: tcp_sack_block): void => {
  to.start_seq = from.start_seq;
  to.end_seq = from.end_seq;
};
/** Where the waiting reader wants its bytes. */
const ucopy_iov = (tp: tcp_sock): iovec_ptr => (tp.ucopy as tcp_ucopy).iov as iovec_ptr;
/** Byte `offset` of an skb's data, linear or in pages. */
const byte_at = (skb: sk_buff, offset: number): number => {
  let at = offset - skb_headlen(skb);
  if (at < 0) {
    return heap.read8(skb.data + offset);
  }
  for (const frag of skb_shinfo(skb).frags) {
    if (at < frag.size) {
      return heap.read8(skb_frag_address(frag) + at);
    }
    at -= frag.size;
  }
  return 0;
};

/** What a walk over the SACKed queue collects. Lives on the stack of tcp_sacktag_write_queue. */
interface tcp_sacktag_state {
  /** Segments from the head up to the lowest newly filled hole. */
  reord: number;
  /** Segments walked so far. */
  fack_count: number;
  flag: number;
}

/** A SACK block as it stood in the option, on the stack. */
interface tcp_sack_range {
  start_seq: number;
  end_seq: number;
}

/**
 * Guesses the segment size the peer uses, for the decision when to acknowledge; notes small segments as pushed.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_measure_rcv_mss(sk: sock, skb: sk_buff): void {
  const ack = inet_csk(sk).icsk_ack;
  const lss = ack.last_seg_size;
  ack.last_seg_size = 0;

  let len = skb_shinfo(skb).gso_size !== 0 ? skb_shinfo(skb).gso_size : skb.len;
  if (len >= ack.rcv_mss) {
    ack.rcv_mss = len;
    return;
  }
  len += skb.data - skb.transport_header;
  if (
    len >= TCP_MSS_DEFAULT + TCP_HEADER_LEN ||
    (len >= TCP_MIN_MSS + TCP_HEADER_LEN && (tcp_flag_word(tcp_hdr(skb)) & TCP_REMNANT) === 0)
  ) {
    len -= tcp_sk(sk).tcp_header_len;
    ack.last_seg_size = len;
    if (len === lss) {
      ack.rcv_mss = len;
      return;
    }
  }
  if ((ack.pending & ICSK_ACK_PUSHED) !== 0) {
    ack.pending |= ICSK_ACK_PUSHED2;
  }
  ack.pending |= ICSK_ACK_PUSHED;
}

/**
 * Promises ACKs at once for about half a window of segments, at most 16.
 * @modelled net/ipv4/tcp_input.c
 * @cost 6
 */
function tcp_incr_quickack(sk: sock): void {
  const ack = inet_csk(sk).icsk_ack;
  let quickacks = Math.trunc(tcp_sk(sk).rcv_wnd / (2 * ack.rcv_mss));
  if (quickacks === 0) {
    quickacks = 2;
  }
  if (quickacks > ack.quick) {
    ack.quick = Math.min(quickacks, TCP_MAX_QUICKACKS);
  }
}

/**
 * Acknowledges at once from here on: something went wrong, or the sender starts anew.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_enter_quickack_mode(sk: sock): void {
  const ack = inet_csk(sk).icsk_ack;
  tcp_incr_quickack(sk);
  ack.pingpong = false;
  ack.ato = TCP_ATO_MIN;
}

/**
 * True while ACKs are promised at once and the session is not interactive.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_in_quickack_mode(sk: sock): boolean {
  const ack = inet_csk(sk).icsk_ack;
  return ack.quick !== 0 && !ack.pingpong;
}

/**
 * The next new segment is to carry CWR: the window was cut.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_queue_cwr(tp: tcp_sock): void {
  if ((tp.ecn_flags & TCP_ECN_OK) !== 0) {
    tp.ecn_flags |= TCP_ECN_QUEUE_CWR;
  }
}

/**
 * The peer says it has cut its window: no more ECE.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_accept_cwr(tp: tcp_sock, skb: sk_buff): void {
  if ((tcp_hdr(skb).flags & TCPHDR_CWR) !== 0) {
    tp.ecn_flags &= ~TCP_ECN_DEMAND_CWR;
  }
}

/**
 * Takes back the demand for CWR after an undo.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_withdraw_cwr(tp: tcp_sock): void {
  tp.ecn_flags &= ~TCP_ECN_DEMAND_CWR;
}

/**
 * Looks at the ECN bits the segment's IP header had: congestion met is reported back; a segment without ECT is a
 * retransmission, so ACKs go at once.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function TCP_ECN_check_ce(tp: tcp_sock, skb: sk_buff): void {
  if ((tp.ecn_flags & TCP_ECN_OK) === 0) {
    return;
  }
  const ect = TCP_SKB_CB(skb).flags & 3;
  if (ect === 3) {
    tp.ecn_flags |= TCP_ECN_DEMAND_CWR;
  } else if (ect === 0) {
    tcp_enter_quickack_mode(tp);
  }
}

/**
 * True when the peer reports congestion (ECE).
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_rcv_ecn_echo(tp: tcp_sock, th: tcphdr): boolean {
  return (th.flags & TCPHDR_ECE) !== 0 && (th.flags & TCPHDR_SYN) === 0 && (tp.ecn_flags & TCP_ECN_OK) !== 0;
}

/**
 * Makes the send buffer hold at least three full segments.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_fixup_sndbuf(sk: sock): void {
  const sndmem = segment_memory(tcp_sk(sk).rx_opt.mss_clamp);
  if (sk.sk_sndbuf < 3 * sndmem) {
    sk.sk_sndbuf = Math.min(3 * sndmem, sysctl_tcp_wmem.at(2));
  }
}

/**
 * Window growth for a segment with much overhead: two segments while the window is small enough for it, else 0. Bytes.
 * @modelled net/ipv4/tcp_input.c
 */
function __tcp_grow_window(sk: sock, skb: sk_buff): number {
  const tp = tcp_sk(sk);
  let truesize = tcp_win_from_space(skb.truesize) >> 1;
  let window = tcp_win_from_space(sysctl_tcp_rmem.at(2)) >> 1;
  while (tp.rcv_ssthresh <= window) {
    if (truesize <= skb.len) {
      return 2 * inet_csk(sk).icsk_ack.rcv_mss;
    }
    truesize >>= 1;
    window >>= 1;
  }
  return 0;
}

/**
 * Lets the window offered grow as data arrives, as far as memory and the clamp allow; asks for an ACK soon.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_grow_window(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  if (tp.rcv_ssthresh >= tp.window_clamp || tp.rcv_ssthresh >= tcp_space(sk) || tcp_memory_pressure()) {
    return;
  }
  const incr = tcp_win_from_space(skb.truesize) <= skb.len ? 2 * tp.advmss : __tcp_grow_window(sk, skb);
  if (incr !== 0) {
    tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh + incr, tp.window_clamp);
    inet_csk(sk).icsk_ack.quick |= 1;
  }
}

/**
 * Makes the receive buffer hold at least four full segments.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_fixup_rcvbuf(sk: sock): void {
  const rcvmem = rcvmem_of_segment(tcp_sk(sk).advmss);
  if (sk.sk_rcvbuf < 4 * rcvmem) {
    sk.sk_rcvbuf = Math.min(4 * rcvmem, sysctl_tcp_rmem.at(2));
  }
}

/**
 * Fits buffers and windows to each other when a connection is established.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_init_buffer_space(sk: sock): void {
  const tp = tcp_sk(sk);
  if ((sk.sk_userlocks & SOCK_RCVBUF_LOCK) === 0) {
    tcp_fixup_rcvbuf(sk);
  }
  if ((sk.sk_userlocks & SOCK_SNDBUF_LOCK) === 0) {
    tcp_fixup_sndbuf(sk);
  }
  tp.rcvq_space_space = tp.rcv_wnd;

  const maxwin = tcp_full_space(sk);
  const app_win = sysctl_tcp_app_win();
  if (tp.window_clamp >= maxwin) {
    tp.window_clamp = maxwin;
    if (app_win !== 0 && maxwin > 4 * tp.advmss) {
      tp.window_clamp = Math.max(maxwin - (maxwin >> app_win), 4 * tp.advmss);
    }
  }
  if (app_win !== 0 && tp.window_clamp > 2 * tp.advmss && tp.window_clamp + tp.advmss > maxwin) {
    tp.window_clamp = Math.max(2 * tp.advmss, maxwin - tp.advmss);
  }
  tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh, tp.window_clamp);
  tp.snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * Narrows the window after the receive buffer ran over; grows the buffer where the system has memory to spare.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_clamp_window(sk: sock): void {
  const tp = tcp_sk(sk);
  inet_csk(sk).icsk_ack.quick = 0;
  const limit = sysctl_tcp_rmem.at(2);
  if (
    sk.sk_rcvbuf < limit &&
    (sk.sk_userlocks & SOCK_RCVBUF_LOCK) === 0 &&
    !tcp_memory_pressure() &&
    !tcp_memory_tight(sk)
  ) {
    sk.sk_rcvbuf = Math.min(sk.sk_rmem_alloc, limit);
  }
  if (sk.sk_rmem_alloc > sk.sk_rcvbuf) {
    tp.rcv_ssthresh = Math.min(tp.window_clamp, 2 * tp.advmss);
  }
}

/**
 * First guess of the segment size the peer uses: on the low side, it is measured later.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_initialize_rcv_mss(sk: sock): void {
  const tp = tcp_sk(sk);
  const hint = Math.min(tp.advmss, tp.mss_cache, Math.trunc(tp.rcv_wnd / 2), TCP_MSS_DEFAULT);
  inet_csk(sk).icsk_ack.rcv_mss = Math.max(hint, TCP_MIN_MSS);
}

/**
 * Takes a sample of the RTT as the receiver sees it, jiffies: smoothed when it comes from timestamps, the least one
 * when it is the time a window took (`win_dep`).
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_rcv_rtt_update(tp: tcp_sock, sample: number, win_dep: boolean): void {
  const m = sample === 0 ? 1 : sample;
  let new_sample = tp.rcv_rtt_rtt;
  if (new_sample === 0) {
    new_sample = m << 3;
  } else if (!win_dep) {
    new_sample += m - (new_sample >>> 3);
  } else if (m < new_sample) {
    new_sample = m << 3;
  }
  if (tp.rcv_rtt_rtt !== new_sample) {
    tp.rcv_rtt_rtt = new_sample;
  }
}

/**
 * Times how long the peer takes to fill one window.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_rcv_rtt_measure(tp: tcp_sock): void {
  if (tp.rcv_rtt_time !== 0) {
    if (before(tp.rcv_nxt, tp.rcv_rtt_seq)) {
      return;
    }
    tcp_rcv_rtt_update(tp, jiffies() - tp.rcv_rtt_time, true);
  }
  tp.rcv_rtt_seq = seqAdd(tp.rcv_nxt, tp.rcv_wnd);
  tp.rcv_rtt_time = tcp_time_stamp();
}

/**
 * Takes an RTT sample from the echoed timestamp of a full segment.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_rcv_rtt_measure_ts(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  if (tp.rx_opt.rcv_tsecr !== 0 && (cb.end_seq - cb.seq) >>> 0 >= inet_csk(sk).icsk_ack.rcv_mss) {
    tcp_rcv_rtt_update(tp, (tcp_time_stamp() - tp.rx_opt.rcv_tsecr) >>> 0, false);
  }
}

/**
 * Once an RTT, after the reader took data: grows the receive buffer and the clamp to twice what it took.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_rcv_space_adjust(sk: sock): void {
  const tp = tcp_sk(sk);
  const now = tcp_time_stamp();
  if (tp.rcvq_space_time !== 0) {
    const time = seqDiff(now, tp.rcvq_space_time);
    if (time < tp.rcv_rtt_rtt >>> 3 || tp.rcv_rtt_rtt === 0) {
      return;
    }
    const space = Math.max(tp.rcvq_space_space, 2 * ((tp.copied_seq - tp.rcvq_space_seq) >>> 0));
    if (tp.rcvq_space_space !== space) {
      tp.rcvq_space_space = space;
      if (sysctl_tcp_moderate_rcvbuf() !== 0 && (sk.sk_userlocks & SOCK_RCVBUF_LOCK) === 0) {
        const segments = Math.max(Math.trunc(space / tp.advmss), 1);
        const rcvbuf = Math.min(segments * rcvmem_of_segment(tp.advmss), sysctl_tcp_rmem.at(2));
        if (rcvbuf > sk.sk_rcvbuf) {
          sk.sk_rcvbuf = rcvbuf;
          tp.window_clamp = space;
        }
      }
    }
  }
  tp.rcvq_space_seq = tp.copied_seq;
  tp.rcvq_space_time = now;
}

/**
 * Data has arrived: an ACK is due. Measures segment size, RTT and the gap since the last data, which sets the delayed
 * ACK timeout; a long gap asks for quick ACKs again; larger segments let the window grow.
 * @modelled net/ipv4/tcp_input.c
 * @cost 20
 */
function tcp_event_data_recv(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const ack = icsk.icsk_ack;

  inet_csk_schedule_ack(sk);
  tcp_measure_rcv_mss(sk, skb);
  tcp_rcv_rtt_measure(tp);

  const now = tcp_time_stamp();
  if (ack.ato === 0) {
    tcp_incr_quickack(sk);
    ack.ato = TCP_ATO_MIN;
  } else {
    const m = seqDiff(now, ack.lrcvtime);
    if (m <= TCP_ATO_MIN / 2) {
      ack.ato = (ack.ato >> 1) + TCP_ATO_MIN / 2;
    } else if (m < ack.ato) {
      ack.ato = Math.min((ack.ato >> 1) + m, icsk.icsk_rto);
    } else if (m > icsk.icsk_rto) {
      tcp_incr_quickack(sk);
      sk_mem_reclaim(sk);
    }
  }
  ack.lrcvtime = now;

  TCP_ECN_check_ce(tp, skb);
  if (skb.len >= 128) {
    tcp_grow_window(sk, skb);
  }
}

/**
 * Takes an RTT sample, jiffies: smoothed RTT (gain 1/8) and mean deviation (gain 1/4, 1/32 when the RTT shrinks).
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_rtt_estimator(sk: sock, mrtt: number): void {
  const tp = tcp_sk(sk);
  let m = mrtt === 0 ? 1 : mrtt;
  if (tp.srtt !== 0) {
    m -= tp.srtt >>> 3;
    tp.srtt += m;
    if (m < 0) {
      m = -m - (tp.mdev >>> 2);
      if (m > 0) {
        m >>= 3;
      }
    } else {
      m -= tp.mdev >>> 2;
    }
    tp.mdev += m;
    if (tp.mdev > tp.mdev_max) {
      tp.mdev_max = tp.mdev;
      if (tp.mdev_max > tp.rttvar) {
        tp.rttvar = tp.mdev_max;
      }
    }
    if (after(tp.snd_una, tp.rtt_seq)) {
      if (tp.mdev_max < tp.rttvar) {
        tp.rttvar -= (tp.rttvar - tp.mdev_max) >>> 2;
      }
      tp.rtt_seq = tp.snd_nxt;
      tp.mdev_max = tcp_rto_min(sk);
    }
  } else {
    tp.srtt = m << 3;
    tp.mdev = m << 1;
    tp.mdev_max = Math.max(tp.mdev, tcp_rto_min(sk));
    tp.rttvar = tp.mdev_max;
    tp.rtt_seq = tp.snd_nxt;
  }
}

/**
 * Sets the retransmission timeout from the estimators.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_set_rto(sk: sock): void {
  inet_csk(sk).icsk_rto = __tcp_set_rto(tcp_sk(sk));
  tcp_bound_rto(sk);
}

/**
 * Saves with the destination what the connection learned: RTT and its variation as moving averages, the window as far as it
 * means something, reordering.
 * @modelled net/ipv4/tcp_input.c
 * @cost 20
 */
export function tcp_update_metrics(sk: sock): void {
  if (sysctl_tcp_nometrics_save() !== 0) {
    return;
  }
  const tp = tcp_sk(sk);
  const { icsk_backoff, icsk_ca_state } = inet_csk(sk);
  const dst = __sk_dst_get(sk);
  dst_confirm(dst);
  if (dst === null) {
    return;
  }
  if (icsk_backoff !== 0 || tp.srtt === 0) {
    // No sample to believe: the next connection begins without one.
    if (!dst_metric_locked(dst, RTAX_RTT)) {
      dst_metric_set(dst, 'rtt', 0);
    }
    return;
  }
  const { rtt, rttvar, ssthresh, cwnd } = dst;
  let m = rtt - tp.srtt;
  if (!dst_metric_locked(dst, RTAX_RTT)) {
    dst_metric_set(dst, 'rtt', m <= 0 ? tp.srtt : rtt - (m >> 3));
  }
  if (!dst_metric_locked(dst, RTAX_RTTVAR)) {
    m = Math.max(Math.abs(m) >> 1, tp.mdev);
    dst_metric_set(dst, 'rttvar', m >= rttvar ? m : rttvar - ((rttvar - m) >> 2));
  }
  const ssthresh_free = !dst_metric_locked(dst, RTAX_SSTHRESH);
  const cwnd_free = !dst_metric_locked(dst, RTAX_CWND);
  if (tcp_in_initial_slowstart(tp)) {
    if (ssthresh !== 0 && ssthresh_free && tp.snd_cwnd >> 1 > ssthresh) {
      dst_metric_set(dst, 'ssthresh', tp.snd_cwnd >> 1);
    }
    if (cwnd_free && tp.snd_cwnd > cwnd) {
      dst_metric_set(dst, 'cwnd', tp.snd_cwnd);
    }
  } else if (tp.snd_cwnd > tp.snd_ssthresh && icsk_ca_state === TCP_CA_Open) {
    if (ssthresh_free) {
      dst_metric_set(dst, 'ssthresh', Math.max(tp.snd_cwnd >> 1, tp.snd_ssthresh));
    }
    if (cwnd_free) {
      dst_metric_set(dst, 'cwnd', (cwnd + tp.snd_cwnd) >> 1);
    }
  } else {
    if (cwnd_free) {
      dst_metric_set(dst, 'cwnd', (cwnd + tp.snd_ssthresh) >> 1);
    }
    if (ssthresh !== 0 && ssthresh_free && tp.snd_ssthresh > ssthresh) {
      dst_metric_set(dst, 'ssthresh', tp.snd_ssthresh);
    }
  }
  if (
    !dst_metric_locked(dst, RTAX_REORDERING) &&
    dst.reordering < tp.reordering &&
    tp.reordering !== sysctl_tcp_reordering()
  ) {
    dst_metric_set(dst, 'reordering', tp.reordering);
  }
}

/**
 * Initial congestion window, segments: the route's, or 10.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
export function tcp_init_cwnd(tp: tcp_sock, dst: dst_entry | null): number {
  const cwnd = dst !== null && dst.initcwnd !== 0 ? dst.initcwnd : TCP_INIT_CWND;
  return Math.min(cwnd, tp.snd_cwnd_clamp);
}

/**
 * Cuts the window without a loss: congestion notification, or a drop on this host. Rate halving does the rest.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_enter_cwr(sk: sock, set_ssthresh: number): void {
  const tp = tcp_sk(sk);
  tp.prior_ssthresh = 0;
  tp.bytes_acked = 0;
  if (inet_csk(sk).icsk_ca_state < TCP_CA_CWR) {
    tp.undo_marker = 0;
    if (set_ssthresh !== 0) {
      tp.snd_ssthresh = ca_ops_of(sk).ssthresh(sk);
    }
    tp.snd_cwnd = Math.min(tp.snd_cwnd, tcp_packets_in_flight(tp) + 1);
    tp.snd_cwnd_cnt = 0;
    tp.high_seq = tp.snd_nxt;
    tp.snd_cwnd_stamp = tcp_time_stamp();
    TCP_ECN_queue_cwr(tp);
    tcp_set_ca_state(sk, TCP_CA_CWR);
  }
}

/**
 * Gives up counting by the highest SACK: segments were reordered.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_disable_fack(tp: tcp_sock): void {
  if (tcp_is_fack(tp)) {
    tp.lost_skb_hint = null;
  }
  tp.rx_opt.sack_ok &= ~2;
}

/**
 * Notes that the peer sends D-SACKs.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_dsack_seen(tp: tcp_sock): void {
  tp.rx_opt.sack_ok |= 4;
}

/**
 * Starts congestion control when a connection is established, from what is known of the route: initial window, ssthresh, RTT,
 * reordering. Without timestamps an RTT that makes the timeout small is not trusted.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_init_metrics(sk: sock): void {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const dst = __sk_dst_get(sk);
  let reset = true;
  if (dst !== null) {
    dst_confirm(dst);
    if (dst_metric_locked(dst, RTAX_CWND)) {
      tp.snd_cwnd_clamp = dst.cwnd;
    }
    if (dst.ssthresh !== 0) {
      tp.snd_ssthresh = Math.min(dst.ssthresh, tp.snd_cwnd_clamp);
    }
    if (dst.reordering !== 0 && tp.reordering !== dst.reordering) {
      tcp_disable_fack(tp);
      tp.reordering = dst.reordering;
    }
    if (dst.rtt !== 0 && (tp.srtt !== 0 || dst.rtt >= TCP_TIMEOUT_INIT << 3)) {
      if (dst.rtt > tp.srtt) {
        tp.srtt = dst.rtt;
        tp.rtt_seq = tp.snd_nxt;
      }
      if (dst.rttvar > tp.mdev) {
        tp.mdev = dst.rttvar;
        tp.mdev_max = Math.max(tp.mdev, tcp_rto_min(sk));
        tp.rttvar = tp.mdev_max;
      }
      tcp_set_rto(sk);
      reset = icsk.icsk_rto < TCP_TIMEOUT_INIT;
    }
  }
  if (reset && !tp.rx_opt.saw_tstamp && tp.srtt !== 0) {
    tp.srtt = 0;
    tp.rttvar = TCP_TIMEOUT_INIT;
    tp.mdev_max = TCP_TIMEOUT_INIT;
    tp.mdev = TCP_TIMEOUT_INIT;
    icsk.icsk_rto = TCP_TIMEOUT_INIT;
  }
  tp.snd_cwnd = tcp_init_cwnd(tp, dst);
  tp.snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * Raises the reordering measure to `metric` segments, at most 127, and turns FACK off.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_update_reordering(sk: sock, metric: number, _ts: boolean): void {
  const tp = tcp_sk(sk);
  if (metric > tp.reordering) {
    tp.reordering = Math.min(TCP_MAX_REORDERING, metric);
    tcp_disable_fack(tp);
  }
}

/**
 * Moves the place where retransmission goes on back to `skb` if that comes earlier. Before lost_out grows.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_verify_retransmit_hint(tp: tcp_sock, skb: sk_buff): void {
  const hint = tp.retransmit_skb_hint;
  const cb = TCP_SKB_CB(skb);
  if (hint === null || before(cb.seq, TCP_SKB_CB(hint).seq)) {
    tp.retransmit_skb_hint = skb;
  }
  if (tp.lost_out === 0 || after(cb.end_seq, tp.retransmit_high)) {
    tp.retransmit_high = cb.end_seq;
  }
}

/**
 * Marks a segment lost unless it is SACKed or marked already.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_skb_mark_lost(tp: tcp_sock, skb: sk_buff): void {
  const cb = TCP_SKB_CB(skb);
  if ((cb.sacked & (TCPCB_LOST | TCPCB_SACKED_ACKED)) === 0) {
    tcp_verify_retransmit_hint(tp, skb);
    tp.lost_out += tcp_skb_pcount(skb);
    cb.sacked |= TCPCB_LOST;
  }
}

/**
 * Marks a segment lost, and lets retransmission begin at it in any case.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_skb_mark_lost_uncond_verify(tp: tcp_sock, skb: sk_buff): void {
  tcp_verify_retransmit_hint(tp, skb);
  const cb = TCP_SKB_CB(skb);
  if ((cb.sacked & (TCPCB_LOST | TCPCB_SACKED_ACKED)) === 0) {
    tp.lost_out += tcp_skb_pcount(skb);
    cb.sacked |= TCPCB_LOST;
  }
}

/**
 * True when a SACK block lies in what is outstanding; a D-SACK block may also lie below snd_una, down to undo_marker.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_is_sackblock_valid(tp: tcp_sock, is_dsack: boolean, start_seq: number, end_seq: number): boolean {
  if (after(end_seq, tp.snd_nxt) || !before(start_seq, end_seq) || !before(start_seq, tp.snd_nxt)) {
    return false;
  }
  if (after(start_seq, tp.snd_una)) {
    return true;
  }
  if (!is_dsack || tp.undo_marker === 0 || after(end_seq, tp.snd_una)) {
    return false;
  }
  if (!before(start_seq, tp.undo_marker)) {
    return true;
  }
  if (!after(end_seq, tp.undo_marker)) {
    return false;
  }
  return !before(start_seq, seqAdd(end_seq, -tp.max_window));
}

/**
 * Finds retransmissions that were lost too: something sent after them was SACKed. Only with FACK, in Recovery.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_mark_lost_retrans(sk: sock): void {
  const tp = tcp_sk(sk);
  const received_upto = tcp_highest_sack_seq(tp);
  if (
    !tcp_is_fack(tp) ||
    tp.retrans_out === 0 ||
    !after(received_upto, tp.lost_retrans_low) ||
    inet_csk(sk).icsk_ca_state !== TCP_CA_Recovery
  ) {
    return;
  }
  let cnt = 0;
  let new_low_seq = tp.snd_nxt;
  for (let skb = tcp_write_queue_head(sk); skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk) || cnt === tp.retrans_out) {
      break;
    }
    const cb = TCP_SKB_CB(skb);
    if (!after(cb.end_seq, tp.snd_una) || (cb.sacked & TCPCB_SACKED_RETRANS) === 0) {
      continue;
    }
    if (after(received_upto, cb.ack_seq)) {
      cb.sacked &= ~TCPCB_SACKED_RETRANS;
      tp.retrans_out -= tcp_skb_pcount(skb);
      tcp_skb_mark_lost_uncond_verify(tp, skb);
    } else {
      if (before(cb.ack_seq, new_low_seq)) {
        new_low_seq = cb.ack_seq;
      }
      cnt += tcp_skb_pcount(skb);
    }
  }
  if (tp.retrans_out !== 0) {
    tp.lost_retrans_low = new_low_seq;
  }
}

/**
 * True when the first SACK block is a D-SACK: below the ACK, or inside the second block. A D-SACK for data long acked
 * counts against the retransmissions that could be undone. `sp` is the address of the first block.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_check_dsack(sk: sock, ack_skb: sk_buff, sp: number, num_sacks: number, prior_snd_una: number): boolean {
  const tp = tcp_sk(sk);
  const start_seq_0 = heap.readBe32(sp);
  const end_seq_0 = heap.readBe32(sp + 4);
  let dup_sack = false;
  if (before(start_seq_0, TCP_SKB_CB(ack_skb).ack_seq)) {
    dup_sack = true;
  } else if (num_sacks > 1) {
    const start_seq_1 = heap.readBe32(sp + 8);
    const end_seq_1 = heap.readBe32(sp + 12);
    dup_sack = !after(end_seq_0, end_seq_1) && !before(start_seq_0, start_seq_1);
  }
  if (dup_sack) {
    tcp_dsack_seen(tp);
    if (
      tp.undo_marker !== 0 &&
      tp.undo_retrans !== 0 &&
      !after(end_seq_0, prior_snd_una) &&
      after(end_seq_0, tp.undo_marker)
    ) {
      tp.undo_retrans--;
    }
  }
  return dup_sack;
}

/**
 * 1 when a SACK block covers the skb, 0 when not, −errno when it could not be cut. An skb of several segments is cut
 * at a segment boundary so that the block covers one part of it.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_match_skb_to_sack(sk: sock, skb: sk_buff, start_seq: number, end_seq: number): number {
  const cb = TCP_SKB_CB(skb);
  let in_sack = !after(start_seq, cb.seq) && !before(end_seq, cb.end_seq);
  if (tcp_skb_pcount(skb) > 1 && !in_sack && after(cb.end_seq, start_seq)) {
    const mss = tcp_skb_mss(skb);
    in_sack = !after(start_seq, cb.seq);
    let pkt_len: number;
    if (!in_sack) {
      pkt_len = Math.max((start_seq - cb.seq) >>> 0, mss);
    } else {
      pkt_len = (end_seq - cb.seq) >>> 0;
      if (pkt_len < mss) {
        return -EINVAL;
      }
    }
    if (pkt_len > mss) {
      let new_len = Math.trunc(pkt_len / mss) * mss;
      if (!in_sack && new_len < pkt_len) {
        new_len += mss;
        if (new_len > skb.len) {
          return 0;
        }
      }
      pkt_len = new_len;
    }
    const err = tcp_fragment(sk, skb, pkt_len, mss);
    if (err < 0) {
      return err;
    }
  }
  return in_sack ? 1 : 0;
}

/**
 * Tags `pcount` segments of an skb as SACKed and keeps the counters right; returns the new tag. A first SACK below the
 * highest one, for data never retransmitted, shows reordering.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sacktag_one(skb: sk_buff, sk: sock, state: tcp_sacktag_state, dup_sack: boolean, pcount: number): number {
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  let sacked = cb.sacked;
  let fack_count = state.fack_count;

  if (dup_sack && (sacked & TCPCB_RETRANS) !== 0) {
    if (tp.undo_marker !== 0 && tp.undo_retrans !== 0 && after(cb.end_seq, tp.undo_marker)) {
      tp.undo_retrans--;
    }
    if ((sacked & TCPCB_SACKED_ACKED) !== 0) {
      state.reord = Math.min(fack_count, state.reord);
    }
  }
  if (!after(cb.end_seq, tp.snd_una)) {
    return sacked;
  }

  if ((sacked & TCPCB_SACKED_ACKED) === 0) {
    if ((sacked & TCPCB_SACKED_RETRANS) !== 0) {
      if ((sacked & TCPCB_LOST) !== 0) {
        sacked &= ~(TCPCB_LOST | TCPCB_SACKED_RETRANS);
        tp.lost_out -= pcount;
        tp.retrans_out -= pcount;
      }
    } else {
      if ((sacked & TCPCB_RETRANS) === 0) {
        if (before(cb.seq, tcp_highest_sack_seq(tp))) {
          state.reord = Math.min(fack_count, state.reord);
        }
        if (!after(cb.end_seq, tp.frto_highmark)) {
          state.flag |= FLAG_ONLY_ORIG_SACKED;
        }
      }
      if ((sacked & TCPCB_LOST) !== 0) {
        sacked &= ~TCPCB_LOST;
        tp.lost_out -= pcount;
      }
    }
    sacked |= TCPCB_SACKED_ACKED;
    state.flag |= FLAG_DATA_SACKED;
    tp.sacked_out += pcount;
    fack_count += pcount;

    const lost = tp.lost_skb_hint;
    if (!tcp_is_fack(tp) && lost !== null && before(cb.seq, TCP_SKB_CB(lost).seq)) {
      tp.lost_cnt_hint += pcount;
    }
    if (fack_count > tp.fackets_out) {
      tp.fackets_out = fack_count;
    }
  }

  if (dup_sack && (sacked & TCPCB_SACKED_RETRANS) !== 0) {
    sacked &= ~TCPCB_SACKED_RETRANS;
    tp.retrans_out -= pcount;
  }
  return sacked;
}

/**
 * Bookkeeping after `shifted` SACKed bytes (`pcount` segments) moved from `skb` into the SACKed skb before it; true
 * when `skb` is empty now and was freed.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_shifted_skb(
  sk: sock,
  skb: sk_buff,
  state: tcp_sacktag_state,
  pcount: number,
  shifted: number,
  mss: number,
  dup_sack: boolean,
): boolean {
  const tp = tcp_sk(sk);
  const prev = skb.prev as sk_buff;
  const cb = TCP_SKB_CB(skb);
  const prev_cb = TCP_SKB_CB(prev);
  const info = skb_shinfo(skb);
  const prev_info = skb_shinfo(prev);

  const lost = tp.lost_skb_hint;
  if (!tcp_is_fack(tp) && tcp_is_sack(tp) && lost !== null && !before(TCP_SKB_CB(lost).seq, cb.seq)) {
    tp.lost_cnt_hint += pcount;
  }
  prev_cb.end_seq += shifted;
  cb.seq += shifted;
  prev_info.gso_segs += pcount;
  info.gso_segs -= pcount;
  if (prev_info.gso_size === 0) {
    prev_info.gso_size = mss;
    prev_info.gso_type = sk.sk_gso_type;
  }
  if (info.gso_segs <= 1) {
    info.gso_size = 0;
    info.gso_type = 0;
  }
  tcp_sacktag_one(skb, sk, state, dup_sack, pcount);
  prev_cb.sacked |= cb.sacked & TCPCB_EVER_RETRANS;
  if (skb.len > 0) {
    return false;
  }

  if (skb === tp.retransmit_skb_hint) {
    tp.retransmit_skb_hint = prev;
  }
  if (skb === tp.scoreboard_skb_hint) {
    tp.scoreboard_skb_hint = prev;
  }
  if (skb === tp.lost_skb_hint) {
    tp.lost_skb_hint = prev;
    tp.lost_cnt_hint -= tcp_skb_pcount(prev);
  }
  cb.flags |= prev_cb.flags;
  if (skb === tcp_highest_sack(sk)) {
    tcp_advance_highest_sack(sk, skb);
  }
  tcp_unlink_write_queue(skb, sk);
  sk_wmem_free_skb(sk, skb);
  return true;
}

/**
 * Payload of each segment of an skb, bytes.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_skb_seglen(skb: sk_buff): number {
  return tcp_skb_pcount(skb) === 1 ? skb.len : tcp_skb_mss(skb);
}

/**
 * True when all the skb's bytes are in pages, so that they can be moved by reference.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function skb_can_shift(skb: sk_buff): boolean {
  return skb_headlen(skb) === 0 && skb_is_nonlinear(skb);
}

/**
 * Merges newly SACKed bytes into the SACKed skb before them, so that the queue stays short. Returns the skb to go on
 * after: the one before, `skb` itself when there is nothing to tag, null when it must be tagged without merging.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_shift_skb_data(
  sk: sock,
  skb: sk_buff,
  state: tcp_sacktag_state,
  start_seq: number,
  end_seq: number,
  dup_sack: boolean,
): sk_buff | null {
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  if (!sk_can_gso(sk)) {
    return null;
  }
  if (!dup_sack && (cb.sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS)) === TCPCB_SACKED_RETRANS) {
    return null;
  }
  if (!skb_can_shift(skb) || !after(cb.end_seq, tp.snd_una)) {
    return null;
  }
  const prev = skb.prev;
  if (prev === null || (TCP_SKB_CB(prev).sacked & TCPCB_TAGBITS) !== TCPCB_SACKED_ACKED) {
    return null;
  }

  let len: number;
  let pcount: number;
  let mss: number;
  if (!after(start_seq, cb.seq) && !before(end_seq, cb.end_seq)) {
    len = skb.len;
    pcount = tcp_skb_pcount(skb);
    mss = tcp_skb_seglen(skb);
    if (mss !== tcp_skb_seglen(prev)) {
      return null;
    }
  } else {
    if (!after(cb.end_seq, start_seq) || tcp_skb_pcount(skb) <= 1) {
      return skb;
    }
    if (after(start_seq, cb.seq)) {
      return null;
    }
    len = (end_seq - cb.seq) >>> 0;
    mss = tcp_skb_mss(skb);
    if (mss !== tcp_skb_seglen(prev)) {
      return null;
    }
    if (len < mss) {
      return skb;
    }
    pcount = Math.trunc(len / mss);
    len = pcount * mss;
  }

  if (skb_shift(prev, skb, len) === 0) {
    return null;
  }
  if (tcp_shifted_skb(sk, skb, state, pcount, len, mss, dup_sack) && prev !== tcp_write_queue_tail(sk)) {
    const next = prev.next as sk_buff;
    if (
      skb_can_shift(next) &&
      next !== tcp_send_head(sk) &&
      (TCP_SKB_CB(next).sacked & TCPCB_TAGBITS) === TCPCB_SACKED_ACKED &&
      mss === tcp_skb_seglen(next)
    ) {
      len = next.len;
      if (skb_shift(prev, next, len) !== 0) {
        pcount += tcp_skb_pcount(next);
        tcp_shifted_skb(sk, next, state, tcp_skb_pcount(next), len, mss, false);
      }
    }
  }
  state.fack_count += pcount;
  return prev;
}

/**
 * Tags the skbs from `skb` on that the block covers; returns the first skb behind it. `next_dup` is a D-SACK block
 * that lies inside and has to be honoured on the way.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sacktag_walk(
  skb: sk_buff | null,
  sk: sock,
  next_dup: tcp_sack_range | null,
  state: tcp_sacktag_state,
  start_seq: number,
  end_seq: number,
  dup_sack_in: boolean,
): sk_buff | null {
  const tp = tcp_sk(sk);
  for (; skb !== null; skb = skb.next) {
    let in_sack = 0;
    let dup_sack = dup_sack_in;
    if (skb === tcp_send_head(sk) || !before(TCP_SKB_CB(skb).seq, end_seq)) {
      break;
    }
    if (next_dup !== null && before(TCP_SKB_CB(skb).seq, next_dup.end_seq)) {
      in_sack = tcp_match_skb_to_sack(sk, skb, next_dup.start_seq, next_dup.end_seq);
      if (in_sack > 0) {
        dup_sack = true;
      }
    }
    if (in_sack <= 0) {
      const merged = tcp_shift_skb_data(sk, skb, state, start_seq, end_seq, dup_sack);
      if (merged !== null && merged !== skb) {
        skb = merged;
        continue;
      }
      in_sack = merged === null ? tcp_match_skb_to_sack(sk, skb, start_seq, end_seq) : 0;
    }
    if (in_sack < 0) {
      break;
    }
    if (in_sack !== 0) {
      TCP_SKB_CB(skb).sacked = tcp_sacktag_one(skb, sk, state, dup_sack, tcp_skb_pcount(skb));
      if (!before(TCP_SKB_CB(skb).seq, tcp_highest_sack_seq(tp))) {
        tcp_advance_highest_sack(sk, skb);
      }
    }
    state.fack_count += tcp_skb_pcount(skb);
  }
  return skb;
}

/**
 * Passes over the skbs that end at or before `skip_to_seq`, counting their segments.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sacktag_skip(
  skb: sk_buff | null,
  sk: sock,
  state: tcp_sacktag_state,
  skip_to_seq: number,
): sk_buff | null {
  for (; skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk) || after(TCP_SKB_CB(skb).end_seq, skip_to_seq)) {
      break;
    }
    state.fack_count += tcp_skb_pcount(skb);
  }
  return skb;
}

/**
 * Honours a D-SACK block that lies in a part known from the cache of earlier SACKs.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_maybe_skipping_dsack(
  skb: sk_buff | null,
  sk: sock,
  next_dup: tcp_sack_range | null,
  state: tcp_sacktag_state,
  skip_to_seq: number,
): sk_buff | null {
  if (next_dup === null || !before(next_dup.start_seq, skip_to_seq)) {
    return skb;
  }
  const at = tcp_sacktag_skip(skb, sk, state, next_dup.start_seq);
  return tcp_sacktag_walk(at, sk, null, state, next_dup.start_seq, next_dup.end_seq, true);
}

/**
 * True while `cache` is the index of an entry in the cache of SACK blocks received last.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_sack_cache_ok(tp: tcp_sock, cache: number): boolean {
  return cache < tp.recv_sack_cache.length;
}

/**
 * Applies the SACK blocks of an ACK to the retransmit queue: checks and sorts them, walks only what the cache of the
 * last blocks does not cover, looks for lost retransmissions and reordering. Returns FLAG_ bits.
 * @modelled net/ipv4/tcp_input.c
 * @cost 40
 */
function tcp_sacktag_write_queue(sk: sock, ack_skb: sk_buff, prior_snd_una: number): number {
  const tp = tcp_sk(sk);
  const option = ack_skb.transport_header + TCP_SKB_CB(ack_skb).sacked;
  const sp_wire = option + 2;
  const num_sacks = Math.min(TCP_NUM_SACKS, (heap.read8(option + 1) - TCPOLEN_SACK_BASE) >> 3);
  const state: tcp_sacktag_state = { reord: tp.packets_out, fack_count: 0, flag: 0 };

  if (tp.sacked_out === 0) {
    tp.fackets_out = 0;
    tcp_highest_sack_reset(sk);
  }
  const found_dup_sack = tcp_check_dsack(sk, ack_skb, sp_wire, num_sacks, prior_snd_una);
  if (found_dup_sack) {
    state.flag |= FLAG_DSACKING_ACK;
  }
  if (before(TCP_SKB_CB(ack_skb).ack_seq, seqAdd(prior_snd_una, -tp.max_window))) {
    return 0;
  }
  if (tp.packets_out === 0) {
    return state.flag;
  }

  const sp: tcp_sack_range[] = [];
  let first_sack_index = 0;
  for (let i = 0; i < num_sacks; i++) {
    const start_seq = heap.readBe32(sp_wire + 8 * i);
    const end_seq = heap.readBe32(sp_wire + 8 * i + 4);
    if (!tcp_is_sackblock_valid(tp, i === 0 && found_dup_sack, start_seq, end_seq)) {
      if (i === 0) {
        first_sack_index = -1;
      }
      continue;
    }
    if (after(end_seq, prior_snd_una)) {
      sp.push({ start_seq, end_seq });
    }
  }

  for (let i = sp.length - 1; i > 0; i--) {
    for (let j = 0; j < i; j++) {
      const left = sp[j] as tcp_sack_range;
      const right = sp[j + 1] as tcp_sack_range;
      if (after(left.start_seq, right.start_seq)) {
        sp[j] = right;
        sp[j + 1] = left;
        if (j === first_sack_index) {
          first_sack_index = j + 1;
        }
      }
    }
  }

  const cached = (index: number): tcp_sack_block => tp.recv_sack_cache.at(index);
  let cache = tp.recv_sack_cache.length;
  if (tp.sacked_out !== 0) {
    cache = 0;
    while (tcp_sack_cache_ok(tp, cache) && cached(cache).start_seq === 0 && cached(cache).end_seq === 0) {
      cache++;
    }
  }

  let skb = tcp_write_queue_head(sk);
  let i = 0;
  while (i < sp.length) {
    const { start_seq, end_seq } = sp[i] as tcp_sack_range;
    const dup_sack = found_dup_sack && i === first_sack_index;
    const next_dup = found_dup_sack && i + 1 === first_sack_index ? (sp[i + 1] as tcp_sack_range) : null;
    let todo = true;

    if (after(end_seq, tp.high_seq)) {
      state.flag |= FLAG_DATA_LOST;
    }
    while (tcp_sack_cache_ok(tp, cache) && !before(start_seq, cached(cache).end_seq)) {
      cache++;
    }

    if (tcp_sack_cache_ok(tp, cache) && !dup_sack && after(end_seq, cached(cache).start_seq)) {
      const known = cached(cache);
      if (before(start_seq, known.start_seq)) {
        skb = tcp_sacktag_skip(skb, sk, state, start_seq);
        skb = tcp_sacktag_walk(skb, sk, next_dup, state, start_seq, known.start_seq, dup_sack);
      }
      if (!after(end_seq, known.end_seq)) {
        todo = false;
      } else {
        skb = tcp_maybe_skipping_dsack(skb, sk, next_dup, state, known.end_seq);
        cache++;
        if (tcp_highest_sack_seq(tp) !== known.end_seq) {
          skb = tcp_sacktag_skip(skb, sk, state, known.end_seq);
          continue;
        }
        skb = tcp_highest_sack(sk);
        if (skb === null) {
          break;
        }
        state.fack_count = tp.fackets_out;
      }
    } else {
      if (!before(start_seq, tcp_highest_sack_seq(tp))) {
        skb = tcp_highest_sack(sk);
        if (skb === null) {
          break;
        }
        state.fack_count = tp.fackets_out;
      }
      skb = tcp_sacktag_skip(skb, sk, state, start_seq);
    }

    if (todo) {
      skb = tcp_sacktag_walk(skb, sk, next_dup, state, start_seq, end_seq, dup_sack);
    }
    if (after(end_seq, tp.frto_highmark)) {
      state.flag &= ~FLAG_ONLY_ORIG_SACKED;
    }
    i++;
  }

  const empty = tp.recv_sack_cache.length - sp.length;
  for (let k = 0; k < tp.recv_sack_cache.length; k++) {
    const range = k < empty ? null : (sp[k - empty] as tcp_sack_range);
    cached(k).start_seq = range === null ? 0 : range.start_seq;
    cached(k).end_seq = range === null ? 0 : range.end_seq;
  }

  tcp_mark_lost_retrans(sk);

  if (
    state.reord < tp.fackets_out &&
    (inet_csk(sk).icsk_ca_state !== TCP_CA_Loss || tp.undo_marker !== 0) &&
    (tp.frto_highmark === 0 || after(tp.snd_una, tp.frto_highmark))
  ) {
    tcp_update_reordering(sk, tp.fackets_out - state.reord, false);
  }
  return state.flag;
}

/**
 * Without SACK: keeps the count of duplicate ACKs below what is outstanding; true when it had to.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_limit_reno_sacked(tp: tcp_sock): boolean {
  const holes = Math.min(Math.max(tp.lost_out, 1), tp.packets_out);
  if (tp.sacked_out + holes > tp.packets_out) {
    tp.sacked_out = tp.packets_out - holes;
    return true;
  }
  return false;
}

/**
 * Sends again what was lost for being longer than the path's MTU: nothing is wrong with the network, so the congestion window
 * stays.
 * @modelled net/ipv4/tcp_input.c
 * @omits tcp_verify_left_out: a check of the kernel's own arithmetic
 * @cost 20
 */
export function* tcp_simple_retransmit(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const mss = tcp_current_mss(sk);
  const prior_lost = tp.lost_out;
  for (let skb = tcp_write_queue_head(sk); skb !== null && skb !== tcp_send_head(sk); skb = skb.next) {
    const cb = TCP_SKB_CB(skb);
    if (tcp_skb_seglen(skb) > mss && (cb.sacked & TCPCB_SACKED_ACKED) === 0) {
      if ((cb.sacked & TCPCB_SACKED_RETRANS) !== 0) {
        cb.sacked &= ~TCPCB_SACKED_RETRANS;
        tp.retrans_out -= tcp_skb_pcount(skb);
      }
      tcp_skb_mark_lost_uncond_verify(tp, skb);
    }
  }
  tcp_clear_retrans_hints_partial(tp);
  if (prior_lost === tp.lost_out) {
    return;
  }
  if (tcp_is_reno(tp)) {
    tcp_limit_reno_sacked(tp);
  }
  if (icsk.icsk_ca_state !== TCP_CA_Loss) {
    tp.high_seq = tp.snd_nxt;
    tp.snd_ssthresh = tcp_current_ssthresh(sk);
    tp.prior_ssthresh = 0;
    tp.undo_marker = 0;
    tcp_set_ca_state(sk, TCP_CA_Loss);
  }
  yield* tcp_xmit_retransmit_queue(sk);
}

/**
 * Without SACK: more duplicate ACKs than segments outstanding mean reordering.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_check_reno_reordering(sk: sock, addend: number): void {
  const tp = tcp_sk(sk);
  if (tcp_limit_reno_sacked(tp)) {
    tcp_update_reordering(sk, tp.packets_out + addend, false);
  }
}

/**
 * Without SACK: counts a duplicate ACK as one segment that left the network.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_add_reno_sack(sk: sock): void {
  tcp_sk(sk).sacked_out++;
  tcp_check_reno_reordering(sk, 0);
}

/**
 * Without SACK: `acked` segments were acknowledged, all but the first had been counted by duplicate ACKs.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_remove_reno_sacks(sk: sock, acked: number): void {
  const tp = tcp_sk(sk);
  if (acked > 0) {
    tp.sacked_out = Math.max(tp.sacked_out - (acked - 1), 0);
  }
  tcp_check_reno_reordering(sk, acked);
}

/**
 * Without SACK: forgets the duplicate ACKs counted.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_reset_reno_sack(tp: tcp_sock): void {
  tp.sacked_out = 0;
}

/**
 * F-RTO in its variant for SACK.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_is_sackfrto(tp: tcp_sock): boolean {
  return sysctl_tcp_frto() === 2 && !tcp_is_reno(tp);
}

/**
 * True when F-RTO may find out whether a timeout was spurious: nothing but the head was ever retransmitted.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_use_frto(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if (sysctl_tcp_frto() === 0) {
    return false;
  }
  if (tcp_is_sackfrto(tp)) {
    return true;
  }
  if (tp.retrans_out > 1) {
    return false;
  }
  const head = tcp_write_queue_head(sk) as sk_buff;
  if (tcp_skb_is_last(sk, head)) {
    return true;
  }
  for (let skb = head.next; skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk)) {
      break;
    }
    if ((TCP_SKB_CB(skb).sacked & TCPCB_RETRANS) !== 0) {
      return false;
    }
    if ((TCP_SKB_CB(skb).sacked & TCPCB_SACKED_ACKED) === 0) {
      break;
    }
  }
  return true;
}

/**
 * On a timeout: reduces ssthresh but puts off the loss state until the next ACKs tell whether it was spurious.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_enter_frto(sk: sock): void {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  if (
    (tp.frto_counter === 0 && icsk.icsk_ca_state <= TCP_CA_Disorder) ||
    tp.snd_una === tp.high_seq ||
    ((icsk.icsk_ca_state === TCP_CA_Loss || tp.frto_counter !== 0) && icsk.icsk_retransmits === 0)
  ) {
    tp.prior_ssthresh = tcp_current_ssthresh(sk);
    if (tp.frto_counter !== 0) {
      const stored_cwnd = tp.snd_cwnd;
      tp.snd_cwnd = 2;
      tp.snd_ssthresh = ca_ops_of(sk).ssthresh(sk);
      tp.snd_cwnd = stored_cwnd;
    } else {
      tp.snd_ssthresh = ca_ops_of(sk).ssthresh(sk);
    }
    tcp_ca_event(sk, CA_EVENT_FRTO);
  }

  tp.undo_marker = tp.snd_una;
  tp.undo_retrans = 0;
  const head = tcp_write_queue_head(sk) as sk_buff;
  const cb = TCP_SKB_CB(head);
  if ((cb.sacked & TCPCB_RETRANS) !== 0) {
    tp.undo_marker = 0;
  }
  if ((cb.sacked & TCPCB_SACKED_RETRANS) !== 0) {
    cb.sacked &= ~TCPCB_SACKED_RETRANS;
    tp.retrans_out -= tcp_skb_pcount(head);
  }
  tp.snd_cwnd = Math.min(tp.snd_cwnd, tcp_packets_in_flight(tp) + 1);

  if (
    tcp_is_sackfrto(tp) &&
    (tp.frto_counter !== 0 || icsk.icsk_ca_state === TCP_CA_Recovery || icsk.icsk_ca_state === TCP_CA_Loss) &&
    after(tp.high_seq, tp.snd_una)
  ) {
    tp.frto_highmark = tp.high_seq;
  } else {
    tp.frto_highmark = tp.snd_nxt;
  }
  tcp_set_ca_state(sk, TCP_CA_Disorder);
  tp.high_seq = tp.snd_nxt;
  tp.frto_counter = 1;
}

/**
 * The timeout was real: everything not SACKed is lost after all. `allowed_segments` may be sent at once.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_enter_frto_loss(sk: sock, allowed_segments: number, flag: number): void {
  const tp = tcp_sk(sk);
  let first_ack_pending = tp.frto_counter === 1 && (flag & FLAG_DATA_ACKED) === 0;
  tp.lost_out = 0;
  tp.retrans_out = 0;
  if (tcp_is_reno(tp)) {
    tcp_reset_reno_sack(tp);
  }
  for (let skb = tcp_write_queue_head(sk); skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk)) {
      break;
    }
    const cb = TCP_SKB_CB(skb);
    cb.sacked &= ~TCPCB_LOST;
    if (first_ack_pending) {
      if ((cb.sacked & TCPCB_SACKED_RETRANS) !== 0) {
        tp.retrans_out += tcp_skb_pcount(skb);
      }
      first_ack_pending = false;
    } else {
      if ((cb.sacked & TCPCB_RETRANS) !== 0) {
        tp.undo_marker = 0;
      }
      cb.sacked &= ~TCPCB_SACKED_RETRANS;
    }
    if ((cb.sacked & TCPCB_SACKED_ACKED) === 0) {
      cb.sacked |= TCPCB_LOST;
      tp.lost_out += tcp_skb_pcount(skb);
      tp.retransmit_high = cb.end_seq;
    }
  }
  tp.snd_cwnd = tcp_packets_in_flight(tp) + allowed_segments;
  tp.snd_cwnd_cnt = 0;
  tp.snd_cwnd_stamp = tcp_time_stamp();
  tp.frto_counter = 0;
  tp.bytes_acked = 0;
  tp.reordering = Math.min(tp.reordering, sysctl_tcp_reordering());
  tcp_set_ca_state(sk, TCP_CA_Loss);
  tp.high_seq = tp.snd_nxt;
  TCP_ECN_queue_cwr(tp);
  tcp_clear_all_retrans_hints(tp);
}

/**
 * Forgets losses and retransmissions.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_clear_retrans_partial(tp: tcp_sock): void {
  tp.retrans_out = 0;
  tp.lost_out = 0;
  tp.undo_marker = 0;
  tp.undo_retrans = 0;
}

/**
 * Forgets losses, retransmissions and what is SACKed.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
export function tcp_clear_retrans(tp: tcp_sock): void {
  tcp_clear_retrans_partial(tp);
  tp.fackets_out = 0;
  tp.sacked_out = 0;
}

/**
 * Enters the loss state after a timeout: window of one segment, all that is not SACKed is lost; with `how` set SACKs
 * are forgotten too.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_enter_loss(sk: sock, how: number): void {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  if (
    icsk.icsk_ca_state <= TCP_CA_Disorder ||
    tp.snd_una === tp.high_seq ||
    (icsk.icsk_ca_state === TCP_CA_Loss && icsk.icsk_retransmits === 0)
  ) {
    tp.prior_ssthresh = tcp_current_ssthresh(sk);
    tp.snd_ssthresh = ca_ops_of(sk).ssthresh(sk);
    tcp_ca_event(sk, CA_EVENT_LOSS);
  }
  tp.snd_cwnd = 1;
  tp.snd_cwnd_cnt = 0;
  tp.snd_cwnd_stamp = tcp_time_stamp();
  tp.bytes_acked = 0;
  tcp_clear_retrans_partial(tp);
  if (tcp_is_reno(tp)) {
    tcp_reset_reno_sack(tp);
  }
  if (how === 0) {
    tp.undo_marker = tp.snd_una;
  } else {
    tp.sacked_out = 0;
    tp.fackets_out = 0;
  }
  tcp_clear_all_retrans_hints(tp);

  for (let skb = tcp_write_queue_head(sk); skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk)) {
      break;
    }
    const cb = TCP_SKB_CB(skb);
    if ((cb.sacked & TCPCB_RETRANS) !== 0) {
      tp.undo_marker = 0;
    }
    cb.sacked &= ~TCPCB_TAGBITS | TCPCB_SACKED_ACKED;
    if ((cb.sacked & TCPCB_SACKED_ACKED) === 0 || how !== 0) {
      cb.sacked = (cb.sacked & ~TCPCB_SACKED_ACKED) | TCPCB_LOST;
      tp.lost_out += tcp_skb_pcount(skb);
      tp.retransmit_high = cb.end_seq;
    }
  }
  tp.reordering = Math.min(tp.reordering, sysctl_tcp_reordering());
  tcp_set_ca_state(sk, TCP_CA_Loss);
  tp.high_seq = tp.snd_nxt;
  TCP_ECN_queue_cwr(tp);
  tp.frto_counter = 0;
}

/**
 * The ACK stops at a SACKed skb: the receiver threw SACKed data away. Treats it as a timeout; true then.
 * @modelled net/ipv4/tcp_input.c
 */
function* tcp_check_sack_reneging(sk: sock, flag: number): Kgen<boolean> {
  if ((flag & FLAG_SACK_RENEGING) === 0) {
    return false;
  }
  const icsk = inet_csk(sk);
  tcp_enter_loss(sk, 1);
  icsk.icsk_retransmits++;
  yield* tcp_retransmit_skb(sk, tcp_write_queue_head(sk) as sk_buff);
  inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, icsk.icsk_rto, TCP_RTO_MAX);
  return true;
}

/**
 * Segments up to the highest SACK; without SACK duplicate ACKs plus one.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_fackets_out(tp: tcp_sock): number {
  return tcp_is_reno(tp) ? tp.sacked_out + 1 : tp.fackets_out;
}

/**
 * The measure that is compared with the reordering to see a loss.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_dupack_heuristics(tp: tcp_sock): number {
  return tcp_is_fack(tp) ? tp.fackets_out : tp.sacked_out + 1;
}

/**
 * The skb was sent longer ago than the timeout.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_skb_timedout(sk: sock, skb: sk_buff): boolean {
  return (tcp_time_stamp() - TCP_SKB_CB(skb).when) >>> 0 > inet_csk(sk).icsk_rto;
}

/**
 * The oldest unacknowledged skb was sent longer ago than the timeout.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function tcp_head_timedout(sk: sock): boolean {
  return tcp_sk(sk).packets_out !== 0 && tcp_skb_timedout(sk, tcp_write_queue_head(sk) as sk_buff);
}

/**
 * Decides that something is lost, so that fast retransmit begins.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_time_to_recover(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if (tp.frto_counter !== 0) {
    return false;
  }
  if (tp.lost_out !== 0 || tcp_dupack_heuristics(tp) > tp.reordering) {
    return true;
  }
  if (tcp_is_fack(tp) && tcp_head_timedout(sk)) {
    return true;
  }
  const packets_out = tp.packets_out;
  if (
    packets_out <= tp.reordering &&
    tp.sacked_out >= Math.max(packets_out >>> 1, sysctl_tcp_reordering()) &&
    !tcp_may_send_now(sk)
  ) {
    return true;
  }
  return (
    (tp.thin_dupack || sysctl_tcp_thin_dupack() !== 0) &&
    tcp_stream_is_thin(tp) &&
    tcp_dupack_heuristics(tp) > 1 &&
    tcp_is_sack(tp) &&
    tcp_send_head(sk) === null
  );
}

/**
 * With FACK: marks as lost what was sent longer ago than the timeout, from the head on.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_timeout_skbs(sk: sock): void {
  const tp = tcp_sk(sk);
  if (!tcp_is_fack(tp) || !tcp_head_timedout(sk)) {
    return;
  }
  let skb = tp.scoreboard_skb_hint !== null ? tp.scoreboard_skb_hint : tcp_write_queue_head(sk);
  for (; skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk) || !tcp_skb_timedout(sk, skb)) {
      break;
    }
    tcp_skb_mark_lost(tp, skb);
  }
  tp.scoreboard_skb_hint = skb;
}

/**
 * Marks the first `packets` segments lost (counted by SACKs where FACK is off); with `mark_head` only the head.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_mark_head_lost(sk: sock, packets: number, mark_head: boolean): void {
  const tp = tcp_sk(sk);
  let skb: sk_buff | null;
  let cnt: number;
  if (tp.lost_skb_hint !== null) {
    skb = tp.lost_skb_hint;
    cnt = tp.lost_cnt_hint;
    if (mark_head && skb !== tcp_write_queue_head(sk)) {
      return;
    }
  } else {
    skb = tcp_write_queue_head(sk);
    cnt = 0;
  }
  for (; skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk)) {
      break;
    }
    tp.lost_skb_hint = skb;
    tp.lost_cnt_hint = cnt;
    if (after(TCP_SKB_CB(skb).end_seq, tp.high_seq)) {
      break;
    }
    const oldcnt = cnt;
    if (tcp_is_fack(tp) || tcp_is_reno(tp) || (TCP_SKB_CB(skb).sacked & TCPCB_SACKED_ACKED) !== 0) {
      cnt += tcp_skb_pcount(skb);
    }
    if (cnt > packets) {
      if ((tcp_is_sack(tp) && !tcp_is_fack(tp)) || oldcnt >= packets) {
        break;
      }
      const mss = skb_shinfo(skb).gso_size;
      if (tcp_fragment(sk, skb, (packets - oldcnt) * mss, mss) < 0) {
        break;
      }
      cnt = packets;
    }
    tcp_skb_mark_lost(tp, skb);
    if (mark_head) {
      break;
    }
  }
}

/**
 * Marks what is thought lost now: the head without SACK, all below the highest SACK but `reordering` segments with it.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_update_scoreboard(sk: sock, fast_rexmit: boolean): void {
  const tp = tcp_sk(sk);
  if (tcp_is_reno(tp)) {
    tcp_mark_head_lost(sk, 1, true);
  } else if (tcp_is_fack(tp)) {
    tcp_mark_head_lost(sk, Math.max(tp.fackets_out - tp.reordering, 1), false);
  } else {
    const sacked_upto = tp.sacked_out - tp.reordering;
    if (sacked_upto >= 0) {
      tcp_mark_head_lost(sk, sacked_upto, false);
    } else if (fast_rexmit) {
      tcp_mark_head_lost(sk, 1, true);
    }
  }
  tcp_timeout_skbs(sk);
}

/**
 * Keeps the window from releasing a burst: at most what is in flight plus the reordering.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_moderate_cwnd(tp: tcp_sock): void {
  tp.snd_cwnd = Math.min(tp.snd_cwnd, tcp_packets_in_flight(tp) + tcp_max_burst(tp));
  tp.snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * Lower bound while the window is being cut: ssthresh, unless the congestion module says otherwise.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_cwnd_min(sk: sock): number {
  const ca_ops = ca_ops_of(sk);
  return ca_ops.min_cwnd !== null ? ca_ops.min_cwnd(sk) : tcp_sk(sk).snd_ssthresh;
}

/**
 * Rate halving: one segment less for every second ACK that makes progress.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_cwnd_down(sk: sock, flag: number): void {
  const tp = tcp_sk(sk);
  let decr = tp.snd_cwnd_cnt + 1;
  if ((flag & (FLAG_ANY_PROGRESS | FLAG_DSACKING_ACK)) !== 0 || (tcp_is_reno(tp) && (flag & FLAG_NOT_DUP) === 0)) {
    tp.snd_cwnd_cnt = decr & 1;
    decr >>= 1;
    if (decr !== 0 && tp.snd_cwnd > tcp_cwnd_min(sk)) {
      tp.snd_cwnd -= decr;
    }
    tp.snd_cwnd = Math.min(tp.snd_cwnd, tcp_packets_in_flight(tp) + 1);
    tp.snd_cwnd_stamp = tcp_time_stamp();
  }
}

/**
 * Nothing was retransmitted, or the peer echoes a timestamp older than the retransmission: the original arrived late.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_packet_delayed(tp: tcp_sock): boolean {
  return (
    tp.retrans_stamp === 0 ||
    (tp.rx_opt.saw_tstamp && tp.rx_opt.rcv_tsecr !== 0 && before(tp.rx_opt.rcv_tsecr, tp.retrans_stamp))
  );
}

/**
 * Takes a window reduction back.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_undo_cwr(sk: sock, undo_ssthresh: boolean): void {
  const tp = tcp_sk(sk);
  if (tp.prior_ssthresh !== 0) {
    const ca_ops = ca_ops_of(sk);
    tp.snd_cwnd = ca_ops.undo_cwnd !== null ? ca_ops.undo_cwnd(sk) : Math.max(tp.snd_cwnd, tp.snd_ssthresh * 2);
    if (undo_ssthresh && tp.prior_ssthresh > tp.snd_ssthresh) {
      tp.snd_ssthresh = tp.prior_ssthresh;
      TCP_ECN_withdraw_cwr(tp);
    }
  } else {
    tp.snd_cwnd = Math.max(tp.snd_cwnd, tp.snd_ssthresh);
  }
  tp.snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * True when the reduction was unfounded: every retransmission proved needless, or the originals were only late.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_may_undo(tp: tcp_sock): boolean {
  return tp.undo_marker !== 0 && (tp.undo_retrans === 0 || tcp_packet_delayed(tp));
}

/**
 * At the end of recovery: undoes the reduction if it was unfounded, and goes back to Open. True when the state is to be
 * held until something above high_seq is acknowledged (no SACK).
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_undo_recovery(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if (tcp_may_undo(tp)) {
    tcp_undo_cwr(sk, true);
    tp.undo_marker = 0;
  }
  if (tp.snd_una === tp.high_seq && tcp_is_reno(tp)) {
    tcp_moderate_cwnd(tp);
    return true;
  }
  tcp_set_ca_state(sk, TCP_CA_Open);
  return false;
}

/**
 * Undoes the reduction when D-SACKs covered every retransmission.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_undo_dsack(sk: sock): void {
  const tp = tcp_sk(sk);
  if (tp.undo_marker !== 0 && tp.undo_retrans === 0) {
    tcp_undo_cwr(sk, true);
    tp.undo_marker = 0;
  }
}

/**
 * Something in the window was retransmitted (judged by the head).
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_any_retrans_done(sk: sock): boolean {
  if (tcp_sk(sk).retrans_out !== 0) {
    return true;
  }
  const skb = tcp_write_queue_head(sk);
  return skb !== null && (TCP_SKB_CB(skb).sacked & TCPCB_EVER_RETRANS) !== 0;
}

/**
 * On a partial ACK in recovery: undoes the reduction if the hole was filled by a late original. True when more is to be
 * marked lost.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_undo_partial(sk: sock, acked: number): boolean {
  const tp = tcp_sk(sk);
  const failed = tcp_is_reno(tp) || tcp_fackets_out(tp) > tp.reordering;
  if (!tcp_may_undo(tp)) {
    return failed;
  }
  if (!tcp_any_retrans_done(sk)) {
    tp.retrans_stamp = 0;
  }
  tcp_update_reordering(sk, tcp_fackets_out(tp) + acked, true);
  tcp_undo_cwr(sk, false);
  return false;
}

/**
 * In the loss state: undoes it if the timeout was unfounded; true then.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_undo_loss(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if (!tcp_may_undo(tp)) {
    return false;
  }
  for (let skb = tcp_write_queue_head(sk); skb !== null; skb = skb.next) {
    if (skb === tcp_send_head(sk)) {
      break;
    }
    TCP_SKB_CB(skb).sacked &= ~TCPCB_LOST;
  }
  tcp_clear_all_retrans_hints(tp);
  tp.lost_out = 0;
  tcp_undo_cwr(sk, true);
  inet_csk(sk).icsk_retransmits = 0;
  tp.undo_marker = 0;
  if (tcp_is_sack(tp)) {
    tcp_set_ca_state(sk, TCP_CA_Open);
  }
  return true;
}

/**
 * The reduction is complete: the window is at most ssthresh, unless it was undone.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_complete_cwr(sk: sock): void {
  const tp = tcp_sk(sk);
  if (tp.undo_marker !== 0 && tp.snd_cwnd > tp.snd_ssthresh) {
    tp.snd_cwnd = tp.snd_ssthresh;
    tp.snd_cwnd_stamp = tcp_time_stamp();
  }
  tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
}

/**
 * Chooses between Open and Disorder: Disorder while anything is SACKed, lost or retransmitted.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_keep_open(sk: sock): void {
  const tp = tcp_sk(sk);
  const disorder = tcp_left_out(tp) !== 0 || tcp_any_retrans_done(sk) || tp.undo_marker !== 0;
  const state = disorder ? TCP_CA_Disorder : TCP_CA_Open;
  if (inet_csk(sk).icsk_ca_state !== state) {
    tcp_set_ca_state(sk, state);
    tp.high_seq = tp.snd_nxt;
  }
}

/**
 * Nothing to recover: stays in Open, Disorder or CWR and keeps the window from bursts.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_try_to_open(sk: sock, flag: number): void {
  const tp = tcp_sk(sk);
  if (tp.frto_counter === 0 && !tcp_any_retrans_done(sk)) {
    tp.retrans_stamp = 0;
  }
  if ((flag & FLAG_ECE) !== 0) {
    tcp_enter_cwr(sk, 1);
  }
  if (inet_csk(sk).icsk_ca_state !== TCP_CA_CWR) {
    tcp_try_keep_open(sk);
    tcp_moderate_cwnd(tp);
  } else {
    tcp_cwnd_down(sk, flag);
  }
}

/**
 * The MTU probe was lost: nothing as long as that is tried again.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_mtup_probe_failed(sk: sock): void {
  const icsk = inet_csk(sk);
  icsk.icsk_mtup_search_high = icsk.icsk_mtup_probe_size - 1;
  icsk.icsk_mtup_probe_size = 0;
}

/**
 * The MTU probe arrived: segments are as long as it from now on, and the window has as many bytes as before.
 * @modelled net/ipv4/tcp_input.c
 * @cost 15
 */
function tcp_mtup_probe_success(sk: sock): void {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  tp.prior_ssthresh = tcp_current_ssthresh(sk);
  tp.snd_cwnd = Math.trunc((tp.snd_cwnd * tcp_mss_to_mtu(sk, tp.mss_cache)) / icsk.icsk_mtup_probe_size);
  tp.snd_cwnd_cnt = 0;
  tp.snd_cwnd_stamp = tcp_time_stamp();
  tp.snd_ssthresh = tcp_current_ssthresh(sk);
  icsk.icsk_mtup_search_low = icsk.icsk_mtup_probe_size;
  icsk.icsk_mtup_probe_size = 0;
  tcp_sync_mss(sk, icsk.icsk_pmtu_cookie);
}

/**
 * Processes an ACK that is not plain progress: duplicates, SACKs, ECN, or any ACK while something is being recovered.
 * Moves the congestion state, marks losses, cuts the window, and retransmits. `pkts_acked`: segments this ACK covered.
 * @modelled net/ipv4/tcp_input.c
 * @cost 30
 */
function* tcp_fastretrans_alert(sk: sock, pkts_acked: number, flag: number): Kgen {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const is_dupack = (flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP)) === 0;
  let do_lost = is_dupack || ((flag & FLAG_DATA_SACKED) !== 0 && tcp_fackets_out(tp) > tp.reordering);
  let fast_rexmit = false;

  if (tp.packets_out === 0) {
    tp.sacked_out = 0;
  }
  if (tp.sacked_out === 0) {
    tp.fackets_out = 0;
  }
  if ((flag & FLAG_ECE) !== 0) {
    tp.prior_ssthresh = 0;
  }
  if (yield* tcp_check_sack_reneging(sk, flag)) {
    return;
  }
  if (
    tcp_is_fack(tp) &&
    (flag & FLAG_DATA_LOST) !== 0 &&
    before(tp.snd_una, tp.high_seq) &&
    icsk.icsk_ca_state !== TCP_CA_Open &&
    tp.fackets_out > tp.reordering
  ) {
    tcp_mark_head_lost(sk, tp.fackets_out - tp.reordering, false);
  }

  if (icsk.icsk_ca_state === TCP_CA_Open) {
    tp.retrans_stamp = 0;
  } else if (!before(tp.snd_una, tp.high_seq)) {
    switch (icsk.icsk_ca_state) {
      case TCP_CA_Loss:
        icsk.icsk_retransmits = 0;
        if (tcp_try_undo_recovery(sk)) {
          return;
        }
        break;
      case TCP_CA_CWR:
        if (tp.snd_una !== tp.high_seq) {
          tcp_complete_cwr(sk);
          tcp_set_ca_state(sk, TCP_CA_Open);
        }
        break;
      case TCP_CA_Disorder:
        tcp_try_undo_dsack(sk);
        if (tp.undo_marker === 0 || tcp_is_reno(tp) || tp.snd_una !== tp.high_seq) {
          tp.undo_marker = 0;
          tcp_set_ca_state(sk, TCP_CA_Open);
        }
        break;
      case TCP_CA_Recovery:
        if (tcp_is_reno(tp)) {
          tcp_reset_reno_sack(tp);
        }
        if (tcp_try_undo_recovery(sk)) {
          return;
        }
        tcp_complete_cwr(sk);
        break;
    }
  }

  if (icsk.icsk_ca_state === TCP_CA_Loss) {
    if ((flag & FLAG_DATA_ACKED) !== 0) {
      icsk.icsk_retransmits = 0;
    }
    if (tcp_is_reno(tp) && (flag & FLAG_SND_UNA_ADVANCED) !== 0) {
      tcp_reset_reno_sack(tp);
    }
    if (!tcp_try_undo_loss(sk)) {
      tcp_moderate_cwnd(tp);
      yield* tcp_xmit_retransmit_queue(sk);
      return;
    }
    if ((icsk.icsk_ca_state as number) !== TCP_CA_Open) {
      return;
    }
  }
  if (icsk.icsk_ca_state === TCP_CA_Recovery) {
    if ((flag & FLAG_SND_UNA_ADVANCED) !== 0) {
      do_lost = tcp_try_undo_partial(sk, pkts_acked);
    } else if (tcp_is_reno(tp) && is_dupack) {
      tcp_add_reno_sack(sk);
    }
  } else {
    if (tcp_is_reno(tp)) {
      if ((flag & FLAG_SND_UNA_ADVANCED) !== 0) {
        tcp_reset_reno_sack(tp);
      }
      if (is_dupack) {
        tcp_add_reno_sack(sk);
      }
    }
    if (icsk.icsk_ca_state === TCP_CA_Disorder) {
      tcp_try_undo_dsack(sk);
    }
    if (!tcp_time_to_recover(sk)) {
      tcp_try_to_open(sk, flag);
      return;
    }
    if (icsk.icsk_ca_state < TCP_CA_CWR && icsk.icsk_mtup_probe_size !== 0 && tp.snd_una === tp.mtu_probe_seq_start) {
      tcp_mtup_probe_failed(sk);
      // What tcp_mtu_probe took off.
      tp.snd_cwnd++;
      yield* tcp_simple_retransmit(sk);
      return;
    }

    tp.high_seq = tp.snd_nxt;
    tp.prior_ssthresh = 0;
    tp.undo_marker = tp.snd_una;
    tp.undo_retrans = tp.retrans_out;
    if (icsk.icsk_ca_state < TCP_CA_CWR) {
      if ((flag & FLAG_ECE) === 0) {
        tp.prior_ssthresh = tcp_current_ssthresh(sk);
      }
      tp.snd_ssthresh = ca_ops_of(sk).ssthresh(sk);
      TCP_ECN_queue_cwr(tp);
    }
    tp.bytes_acked = 0;
    tp.snd_cwnd_cnt = 0;
    tcp_set_ca_state(sk, TCP_CA_Recovery);
    fast_rexmit = true;
  }

  if (do_lost || (tcp_is_fack(tp) && tcp_head_timedout(sk))) {
    tcp_update_scoreboard(sk, fast_rexmit);
  }
  tcp_cwnd_down(sk, flag);
  yield* tcp_xmit_retransmit_queue(sk);
}

/**
 * Uses an RTT sample, jiffies: estimators, timeout, no more backoff.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
export function tcp_valid_rtt_meas(sk: sock, seq_rtt: number): void {
  tcp_rtt_estimator(sk, seq_rtt);
  tcp_set_rto(sk);
  inet_csk(sk).icsk_backoff = 0;
}

/**
 * RTT from the echoed timestamp: valid even after a retransmission.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_ack_saw_tstamp(sk: sock, _flag: number): void {
  tcp_valid_rtt_meas(sk, (tcp_time_stamp() - tcp_sk(sk).rx_opt.rcv_tsecr) >>> 0);
}

/**
 * RTT from the time of sending, unless retransmitted data was acknowledged (Karn).
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_ack_no_tstamp(sk: sock, seq_rtt: number, flag: number): void {
  if ((flag & FLAG_RETRANS_DATA_ACKED) === 0) {
    tcp_valid_rtt_meas(sk, seq_rtt);
  }
}

/**
 * Takes the RTT sample of an ACK; `seq_rtt` jiffies since sending, −1 if unknown.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
export function tcp_ack_update_rtt(sk: sock, flag: number, seq_rtt: number): void {
  const rx_opt = tcp_sk(sk).rx_opt;
  if (rx_opt.saw_tstamp && rx_opt.rcv_tsecr !== 0) {
    tcp_ack_saw_tstamp(sk, flag);
  } else if (seq_rtt >= 0) {
    tcp_ack_no_tstamp(sk, seq_rtt, flag);
  }
}

/**
 * Lets the congestion module grow the window. `in_flight`: segments before this ACK.
 * @modelled net/ipv4/tcp_input.c
 * @cost 6
 */
function tcp_cong_avoid(sk: sock, ack: number, in_flight: number): void {
  ca_ops_of(sk).cong_avoid(sk, ack, in_flight);
  tcp_sk(sk).snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * After progress: restarts the retransmission timer, or stops it when nothing is outstanding.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
export function tcp_rearm_rto(sk: sock): void {
  if (tcp_sk(sk).packets_out === 0) {
    inet_csk_clear_xmit_timer(sk, ICSK_TIME_RETRANS);
  } else {
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk).icsk_rto, TCP_RTO_MAX);
  }
}

/**
 * Cuts the acknowledged part off an skb of several segments; returns how many segments that was.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_tso_acked(sk: sock, skb: sk_buff): number {
  const packets = tcp_skb_pcount(skb);
  if (tcp_trim_head(sk, skb, (tcp_sk(sk).snd_una - TCP_SKB_CB(skb).seq) >>> 0) !== 0) {
    return 0;
  }
  return packets - tcp_skb_pcount(skb);
}

/**
 * Frees what is acknowledged from the head of the write queue, keeps the counters right, takes the RTT sample, and
 * tells the congestion module. Returns FLAG_ bits.
 * @modelled net/ipv4/tcp_input.c
 * @cost 25
 */
function tcp_clean_rtx_queue(sk: sock, prior_fackets: number, prior_snd_una: number): number {
  const tp = tcp_sk(sk);
  const now = tcp_time_stamp();
  const prior_sacked = tp.sacked_out;
  let fully_acked = true;
  let flag = 0;
  let pkts_acked = 0;
  let reord = tp.packets_out;
  let seq_rtt = -1;
  let ca_seq_rtt = -1;
  let last_ackt = 0;
  let skb = tcp_write_queue_head(sk);

  for (; skb !== null && skb !== tcp_send_head(sk); skb = tcp_write_queue_head(sk)) {
    const cb = TCP_SKB_CB(skb);
    const sacked = cb.sacked;
    let acked_pcount: number;
    if (after(cb.end_seq, tp.snd_una)) {
      if (tcp_skb_pcount(skb) === 1 || !after(tp.snd_una, cb.seq)) {
        break;
      }
      acked_pcount = tcp_tso_acked(sk, skb);
      if (acked_pcount === 0) {
        break;
      }
      fully_acked = false;
    } else {
      acked_pcount = tcp_skb_pcount(skb);
    }

    if ((sacked & TCPCB_RETRANS) !== 0) {
      if ((sacked & TCPCB_SACKED_RETRANS) !== 0) {
        tp.retrans_out -= acked_pcount;
      }
      flag |= FLAG_RETRANS_DATA_ACKED;
      ca_seq_rtt = -1;
      seq_rtt = -1;
      if ((flag & FLAG_DATA_ACKED) !== 0 || acked_pcount > 1) {
        flag |= FLAG_NONHEAD_RETRANS_ACKED;
      }
    } else {
      ca_seq_rtt = seqDiff(now, cb.when);
      last_ackt = skb.tstamp;
      if (seq_rtt < 0) {
        seq_rtt = ca_seq_rtt;
      }
      if ((sacked & TCPCB_SACKED_ACKED) === 0) {
        reord = Math.min(pkts_acked, reord);
      }
    }
    if ((sacked & TCPCB_SACKED_ACKED) !== 0) {
      tp.sacked_out -= acked_pcount;
    }
    if ((sacked & TCPCB_LOST) !== 0) {
      tp.lost_out -= acked_pcount;
    }
    tp.packets_out -= acked_pcount;
    pkts_acked += acked_pcount;

    if ((cb.flags & TCPHDR_SYN) === 0) {
      flag |= FLAG_DATA_ACKED;
    } else {
      flag |= FLAG_SYN_ACKED;
      tp.retrans_stamp = 0;
    }
    if (!fully_acked) {
      break;
    }

    tcp_unlink_write_queue(skb, sk);
    sk_wmem_free_skb(sk, skb);
    tp.scoreboard_skb_hint = null;
    if (skb === tp.retransmit_skb_hint) {
      tp.retransmit_skb_hint = null;
    }
    if (skb === tp.lost_skb_hint) {
      tp.lost_skb_hint = null;
    }
  }

  if (between(tp.snd_up, prior_snd_una, tp.snd_una)) {
    tp.snd_up = tp.snd_una;
  }
  if (skb !== null && (TCP_SKB_CB(skb).sacked & TCPCB_SACKED_ACKED) !== 0) {
    flag |= FLAG_SACK_RENEGING;
  }
  if ((flag & FLAG_ACKED) === 0) {
    return flag;
  }

  const ca_ops = ca_ops_of(sk);
  if (inet_csk(sk).icsk_mtup_probe_size !== 0 && !after(tp.mtu_probe_seq_end, tp.snd_una)) {
    tcp_mtup_probe_success(sk);
  }
  tcp_ack_update_rtt(sk, flag, seq_rtt);
  tcp_rearm_rto(sk);
  if (tcp_is_reno(tp)) {
    tcp_remove_reno_sacks(sk, pkts_acked);
  } else {
    if (reord < prior_fackets) {
      tcp_update_reordering(sk, tp.fackets_out - reord, false);
    }
    const delta = tcp_is_fack(tp) ? pkts_acked : prior_sacked - tp.sacked_out;
    tp.lost_cnt_hint -= Math.min(tp.lost_cnt_hint, delta);
  }
  tp.fackets_out -= Math.min(pkts_acked, tp.fackets_out);

  if (ca_ops.pkts_acked !== null) {
    let rtt_us = -1;
    if ((flag & FLAG_RETRANS_DATA_ACKED) === 0) {
      if ((ca_ops.flags & TCP_CONG_RTT_STAMP) !== 0 && last_ackt !== 0) {
        rtt_us = Math.trunc((clock.ns - last_ackt) / 1000);
      } else if (ca_seq_rtt >= 0) {
        rtt_us = jiffies_to_usecs(ca_seq_rtt);
      }
    }
    ca_ops.pkts_acked(sk, pkts_acked, rtt_us);
  }
  return flag;
}

/**
 * An ACK while nothing is outstanding: stops the window probes if what waits fits the window now, else plans the next.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_ack_probe(sk: sock): void {
  const icsk = inet_csk(sk);
  const head = tcp_send_head(sk) as sk_buff;
  if (!after(TCP_SKB_CB(head).end_seq, tcp_wnd_end(tcp_sk(sk)))) {
    icsk.icsk_backoff = 0;
    inet_csk_clear_xmit_timer(sk, ICSK_TIME_PROBE0);
  } else {
    const when = Math.min(icsk.icsk_rto * 2 ** icsk.icsk_backoff, TCP_RTO_MAX);
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, when, TCP_RTO_MAX);
  }
}

/**
 * The ACK needs a closer look: a duplicate, one with SACKs or ECE, or something is being recovered.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_ack_is_dubious(sk: sock, flag: number): boolean {
  return (flag & FLAG_NOT_DUP) === 0 || (flag & FLAG_CA_ALERT) !== 0 || inet_csk(sk).icsk_ca_state !== TCP_CA_Open;
}

/**
 * The window may grow although the ACK is dubious: not while it is being cut.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_may_raise_cwnd(sk: sock, flag: number): boolean {
  const tp = tcp_sk(sk);
  const state = inet_csk(sk).icsk_ca_state;
  return (
    ((flag & FLAG_ECE) === 0 || tp.snd_cwnd < tp.snd_ssthresh) && state !== TCP_CA_Recovery && state !== TCP_CA_CWR
  );
}

/**
 * The segment's window is news: it acknowledges more, is newer than the last update, or as old with a larger window.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_may_update_window(tp: tcp_sock, ack: number, ack_seq: number, nwin: number): boolean {
  return after(ack, tp.snd_una) || after(ack_seq, tp.snd_wl1) || (ack_seq === tp.snd_wl1 && nwin > tp.snd_wnd);
}

/**
 * Takes over the window and the acknowledged sequence number of a segment. Returns FLAG_WIN_UPDATE or 0.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_ack_update_window(sk: sock, skb: sk_buff, ack: number, ack_seq: number): number {
  const tp = tcp_sk(sk);
  const th = tcp_hdr(skb);
  let flag = 0;
  let nwin = th.window;
  if ((th.flags & TCPHDR_SYN) === 0) {
    nwin <<= tp.rx_opt.snd_wscale;
  }
  if (tcp_may_update_window(tp, ack, ack_seq, nwin)) {
    flag |= FLAG_WIN_UPDATE;
    tcp_update_wl(tp, ack_seq);
    if (tp.snd_wnd !== nwin) {
      tp.snd_wnd = nwin;
      tp.pred_flags = 0;
      tcp_fast_path_check(sk);
      if (nwin > tp.max_window) {
        tp.max_window = nwin;
        tcp_sync_mss(sk, inet_csk(sk).icsk_pmtu_cookie);
      }
    }
  }
  tp.snd_una = ack;
  return flag;
}

/**
 * After a spurious timeout: congestion avoidance from a window of ssthresh.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_conservative_spur_to_response(tp: tcp_sock): void {
  tp.snd_cwnd = Math.min(tp.snd_cwnd, tp.snd_ssthresh);
  tp.snd_cwnd_cnt = 0;
  tp.bytes_acked = 0;
  TCP_ECN_queue_cwr(tp);
  tcp_moderate_cwnd(tp);
}

/**
 * After a spurious timeout: cuts the window by rate halving.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_ratehalving_spur_to_response(sk: sock): void {
  tcp_enter_cwr(sk, 0);
}

/**
 * After a spurious timeout: takes the reduction back, unless the peer reports congestion.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function tcp_undo_spur_to_response(sk: sock, flag: number): void {
  if ((flag & FLAG_ECE) !== 0) {
    tcp_ratehalving_spur_to_response(sk);
  } else {
    tcp_undo_cwr(sk, true);
  }
}

/**
 * F-RTO: judges by the first two ACKs after a timeout whether it was spurious. True when the window is not to grow.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_process_frto(sk: sock, flag: number): boolean {
  const tp = tcp_sk(sk);
  if ((flag & FLAG_DATA_ACKED) !== 0) {
    inet_csk(sk).icsk_retransmits = 0;
  }
  if ((flag & FLAG_NONHEAD_RETRANS_ACKED) !== 0 || (tp.frto_counter >= 2 && (flag & FLAG_RETRANS_DATA_ACKED) !== 0)) {
    tp.undo_marker = 0;
  }
  if (!before(tp.snd_una, tp.frto_highmark)) {
    tcp_enter_frto_loss(sk, tp.frto_counter === 1 ? 2 : 3, flag);
    return true;
  }

  if (!tcp_is_sackfrto(tp)) {
    if ((flag & FLAG_ANY_PROGRESS) === 0 && (flag & FLAG_NOT_DUP) !== 0) {
      return true;
    }
    if ((flag & FLAG_DATA_ACKED) === 0) {
      tcp_enter_frto_loss(sk, tp.frto_counter === 1 ? 0 : 3, flag);
      return true;
    }
  } else {
    if ((flag & FLAG_DATA_ACKED) === 0 && tp.frto_counter === 1) {
      tp.snd_cwnd = Math.min(tp.snd_cwnd, tcp_packets_in_flight(tp));
      return true;
    }
    const new_sacked = (flag & FLAG_DATA_SACKED) !== 0 && (flag & FLAG_ONLY_ORIG_SACKED) === 0;
    if (tp.frto_counter >= 2 && ((flag & FLAG_FORWARD_PROGRESS) === 0 || new_sacked)) {
      if ((flag & FLAG_FORWARD_PROGRESS) === 0 && (flag & FLAG_NOT_DUP) !== 0) {
        return true;
      }
      tcp_enter_frto_loss(sk, 3, flag);
      return true;
    }
  }

  if (tp.frto_counter === 1) {
    tp.snd_cwnd = tcp_packets_in_flight(tp) + 2;
    tp.frto_counter = 2;
    if (!tcp_may_send_now(sk)) {
      tcp_enter_frto_loss(sk, 2, flag);
    }
    return true;
  }
  switch (sysctl_tcp_frto_response()) {
    case 2:
      tcp_undo_spur_to_response(sk, flag);
      break;
    case 1:
      tcp_conservative_spur_to_response(tp);
      break;
    default:
      tcp_ratehalving_spur_to_response(sk);
      break;
  }
  tp.frto_counter = 0;
  tp.undo_marker = 0;
  return false;
}

/**
 * Processes the acknowledgement in a segment. Returns 1; 0 when it is older than what is known; −1 when it acknowledges
 * what was never sent.
 * @modelled net/ipv4/tcp_input.c
 * @cost 40
 */
export function* tcp_ack(sk: sock, skb: sk_buff, flag: number): Kgen<number> {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  const prior_snd_una = tp.snd_una;
  const ack_seq = cb.seq;
  const ack = cb.ack_seq;

  if (before(ack, prior_snd_una)) {
    if (cb.sacked !== 0) {
      tcp_sacktag_write_queue(sk, skb, prior_snd_una);
      if (icsk.icsk_ca_state === TCP_CA_Open) {
        tcp_try_keep_open(sk);
      }
    }
    return 0;
  }
  if (after(ack, tp.snd_nxt)) {
    return -1;
  }
  if (after(ack, prior_snd_una)) {
    flag |= FLAG_SND_UNA_ADVANCED;
  }
  if (sysctl_tcp_abc() !== 0) {
    const bytes = (ack - prior_snd_una) >>> 0;
    if (icsk.icsk_ca_state < TCP_CA_CWR) {
      tp.bytes_acked += bytes;
    } else if (icsk.icsk_ca_state === TCP_CA_Loss) {
      tp.bytes_acked += Math.min(bytes, tp.mss_cache);
    }
  }
  const prior_fackets = tp.fackets_out;
  const prior_in_flight = tcp_packets_in_flight(tp);

  if ((flag & FLAG_SLOWPATH) === 0 && after(ack, prior_snd_una)) {
    tcp_update_wl(tp, ack_seq);
    tp.snd_una = ack;
    flag |= FLAG_WIN_UPDATE;
    tcp_ca_event(sk, CA_EVENT_FAST_ACK);
  } else {
    if (ack_seq !== cb.end_seq) {
      flag |= FLAG_DATA;
    }
    flag |= tcp_ack_update_window(sk, skb, ack, ack_seq);
    if (cb.sacked !== 0) {
      flag |= tcp_sacktag_write_queue(sk, skb, prior_snd_una);
    }
    if (TCP_ECN_rcv_ecn_echo(tp, tcp_hdr(skb))) {
      flag |= FLAG_ECE;
    }
    tcp_ca_event(sk, CA_EVENT_SLOW_ACK);
  }

  sk.sk_err_soft = 0;
  icsk.icsk_probes_out = 0;
  tp.rcv_tstamp = tcp_time_stamp();
  const prior_packets = tp.packets_out;
  if (prior_packets === 0) {
    if (tcp_send_head(sk) !== null) {
      tcp_ack_probe(sk);
    }
    return 1;
  }

  flag |= tcp_clean_rtx_queue(sk, prior_fackets, prior_snd_una);
  const frto_cwnd = tp.frto_counter !== 0 && tcp_process_frto(sk, flag);
  if (before(tp.frto_highmark, tp.snd_una)) {
    tp.frto_highmark = 0;
  }

  if (tcp_ack_is_dubious(sk, flag)) {
    if ((flag & FLAG_DATA_ACKED) !== 0 && !frto_cwnd && tcp_may_raise_cwnd(sk, flag)) {
      tcp_cong_avoid(sk, ack, prior_in_flight);
    }
    yield* tcp_fastretrans_alert(sk, prior_packets - tp.packets_out, flag);
  } else if ((flag & FLAG_DATA_ACKED) !== 0 && !frto_cwnd) {
    tcp_cong_avoid(sk, ack, prior_in_flight);
  }
  if ((flag & FLAG_FORWARD_PROGRESS) !== 0 || (flag & FLAG_NOT_DUP) === 0) {
    dst_confirm(__sk_dst_get(sk));
  }
  return 1;
}

/**
 * Reads the options of a header into `opt_rx`. On an established connection (`estab`) only timestamps and SACK count.
 * @modelled net/ipv4/tcp_input.c
 * @omits MD5 and cookie options: not supported
 * @cost 30
 */
export function tcp_parse_options(skb: sk_buff, opt_rx: tcp_options, estab: boolean): void {
  const th = tcp_hdr(skb);
  const syn = (th.flags & TCPHDR_SYN) !== 0;
  let length = doff_bytes(th) - TCP_HEADER_LEN;
  let ptr = th.$addr + TCP_HEADER_LEN;
  opt_rx.saw_tstamp = false;

  while (length > 0) {
    const opcode = heap.read8(ptr++);
    if (opcode === TCPOPT_EOL) {
      return;
    }
    if (opcode === TCPOPT_NOP) {
      length--;
      continue;
    }
    const opsize = heap.read8(ptr++);
    if (opsize < 2 || opsize > length) {
      return;
    }
    switch (opcode) {
      case TCPOPT_MSS:
        if (opsize === TCPOLEN_MSS && syn && !estab) {
          const in_mss = heap.readBe16(ptr);
          if (in_mss !== 0) {
            opt_rx.mss_clamp = opt_rx.user_mss !== 0 ? Math.min(opt_rx.user_mss, in_mss) : in_mss;
          }
        }
        break;
      case TCPOPT_WINDOW:
        if (opsize === TCPOLEN_WINDOW && syn && !estab && sysctl_tcp_window_scaling() !== 0) {
          opt_rx.wscale_ok = true;
          opt_rx.snd_wscale = Math.min(heap.read8(ptr), TCP_MAX_WSCALE);
        }
        break;
      case TCPOPT_TIMESTAMP:
        if (
          opsize === TCPOLEN_TIMESTAMP &&
          ((estab && opt_rx.tstamp_ok) || (!estab && sysctl_tcp_timestamps() !== 0))
        ) {
          opt_rx.saw_tstamp = true;
          opt_rx.rcv_tsval = heap.readBe32(ptr);
          opt_rx.rcv_tsecr = heap.readBe32(ptr + 4);
        }
        break;
      case TCPOPT_SACK_PERM:
        if (opsize === TCPOLEN_SACK_PERM && syn && !estab && sysctl_tcp_sack() !== 0) {
          opt_rx.sack_ok = 1;
          tcp_sack_reset(opt_rx);
        }
        break;
      case TCPOPT_SACK:
        if (
          opsize >= TCPOLEN_SACK_BASE + TCPOLEN_SACK_PERBLOCK &&
          (opsize - TCPOLEN_SACK_BASE) % TCPOLEN_SACK_PERBLOCK === 0 &&
          opt_rx.sack_ok !== 0
        ) {
          TCP_SKB_CB(skb).sacked = ptr - 2 - th.$addr;
        }
        break;
    }
    ptr += opsize - 2;
    length -= opsize;
  }
}

/**
 * Reads a timestamp option if it stands where it usually does: first, after two NOPs. True when it was there.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_parse_aligned_timestamp(tp: tcp_sock, th: tcphdr): boolean {
  const ptr = th.$addr + TCP_HEADER_LEN;
  const aligned = ((TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | (TCPOPT_TIMESTAMP << 8) | TCPOLEN_TIMESTAMP) >>> 0;
  if (heap.readBe32(ptr) !== aligned) {
    return false;
  }
  tp.rx_opt.saw_tstamp = true;
  tp.rx_opt.rcv_tsval = heap.readBe32(ptr + 4);
  tp.rx_opt.rcv_tsecr = heap.readBe32(ptr + 8);
  return true;
}

/**
 * Reads the options of a segment of an established connection, the usual cases quickly; false when it has none.
 * @modelled net/ipv4/tcp_input.c
 * @cost 5
 */
function tcp_fast_parse_options(skb: sk_buff, th: tcphdr, tp: tcp_sock): boolean {
  if (doff_bytes(th) === TCP_HEADER_LEN) {
    tp.rx_opt.saw_tstamp = false;
    return false;
  }
  if (tp.rx_opt.tstamp_ok && doff_bytes(th) === TCP_HEADER_LEN_TSTAMP && tcp_parse_aligned_timestamp(tp, th)) {
    return true;
  }
  tcp_parse_options(skb, tp.rx_opt, true);
  return true;
}

/**
 * The segment's timestamp shows it to be from the past. A reset is believed once the connection was silent for a minute.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_paws_reject(rx_opt: tcp_options, rst: boolean): boolean {
  if (tcp_paws_check(rx_opt, 0)) return false;
  return !(rst && get_seconds() >= rx_opt.ts_recent_stamp + TCP_PAWS_MSL);
}

/**
 * The segment's timestamp is the one to echo from now on.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_store_ts_recent(tp: tcp_sock): void {
  tp.rx_opt.ts_recent = tp.rx_opt.rcv_tsval;
  tp.rx_opt.ts_recent_stamp = get_seconds();
}

/**
 * Takes over the timestamp of a segment that begins at or before what was last acknowledged.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_replace_ts_recent(tp: tcp_sock, seq: number): void {
  if (tp.rx_opt.saw_tstamp && !after(seq, tp.rcv_wup) && tcp_paws_check(tp.rx_opt, 0)) {
    tcp_store_ts_recent(tp);
  }
}

/**
 * A pure duplicate ACK that changes nothing and is not much too old may fail PAWS without harm.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_disordered_ack(sk: sock, skb: sk_buff): boolean {
  const tp = tcp_sk(sk);
  const th = tcp_hdr(skb);
  const { seq, end_seq, ack_seq } = TCP_SKB_CB(skb);
  return (
    (th.flags & TCPHDR_ACK) !== 0 &&
    seq === end_seq &&
    seq === tp.rcv_nxt &&
    ack_seq === tp.snd_una &&
    !tcp_may_update_window(tp, ack_seq, seq, th.window << tp.rx_opt.snd_wscale) &&
    seqDiff(tp.rx_opt.ts_recent, tp.rx_opt.rcv_tsval) <= Math.trunc((inet_csk(sk).icsk_rto * 1024) / HZ)
  );
}

/**
 * The segment's timestamp shows it to be from the past: to be dropped.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_paws_discard(sk: sock, skb: sk_buff): boolean {
  return !tcp_paws_check(tcp_sk(sk).rx_opt, TCP_PAWS_WINDOW) && !tcp_disordered_ack(sk, skb);
}

/**
 * The segment touches the receive window.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_sequence(tp: tcp_sock, seq: number, end_seq: number): boolean {
  return !before(end_seq, tp.rcv_wup) && !after(seq, seqAdd(tp.rcv_nxt, tcp_receive_window(tp)));
}

/**
 * The peer reset the connection: reports the error and closes.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_reset(sk: sock): void {
  switch (sk.skc_state) {
    case TCP_SYN_SENT:
      sk.sk_err = ECONNREFUSED;
      break;
    case TCP_CLOSE_WAIT:
      sk.sk_err = EPIPE;
      break;
    case TCP_CLOSE:
      return;
    default:
      sk.sk_err = ECONNRESET;
  }
  if (!sock_flag(sk, SOCK_DEAD) && sk.sk_error_report !== null) {
    sk.sk_error_report(sk);
  }
  tcp_done(sk);
}

/**
 * The peer has sent its last byte: readers see the end, the state moves on.
 * @modelled net/ipv4/tcp_input.c
 */
function* tcp_fin(_skb: sk_buff, sk: sock, _th: tcphdr): Kgen {
  const tp = tcp_sk(sk);
  inet_csk_schedule_ack(sk);
  sk.sk_shutdown |= RCV_SHUTDOWN;
  sock_set_flag(sk, SOCK_DONE);

  switch (sk.skc_state) {
    case TCP_SYN_RECV:
    case TCP_ESTABLISHED:
      tcp_set_state(sk, TCP_CLOSE_WAIT);
      inet_csk(sk).icsk_ack.pingpong = true;
      break;
    case TCP_FIN_WAIT1:
      yield* tcp_send_ack(sk);
      tcp_set_state(sk, TCP_CLOSING);
      break;
    case TCP_FIN_WAIT2:
      yield* tcp_send_ack(sk);
      tcp_time_wait(sk, TCP_TIME_WAIT, 0);
      break;
  }

  __skb_queue_purge(tp.out_of_order_queue);
  if (tcp_is_sack(tp)) {
    tcp_sack_reset(tp.rx_opt);
  }
  sk_mem_reclaim(sk);

  if (!sock_flag(sk, SOCK_DEAD)) {
    sk.sk_state_change?.(sk);
    const hangup = sk.sk_shutdown === SHUTDOWN_MASK || sk.skc_state === TCP_CLOSE;
    sk_wake_async(sk, SOCK_WAKE_WAITD, hangup ? POLL_HUP : POLL_IN);
  }
}

/**
 * Joins a range to a SACK block that it touches or overlaps; false when it does neither.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_sack_extend(sp: tcp_sack_block, seq: number, end_seq: number): boolean {
  if (after(seq, sp.end_seq) || after(sp.start_seq, end_seq)) {
    return false;
  }
  if (before(seq, sp.start_seq)) {
    sp.start_seq = seq;
  }
  if (after(end_seq, sp.end_seq)) {
    sp.end_seq = end_seq;
  }
  return true;
}

/**
 * The next ACK is to report a duplicate.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_dsack_set(sk: sock, seq: number, end_seq: number): void {
  const tp = tcp_sk(sk);
  if (tcp_is_sack(tp) && sysctl_tcp_dsack() !== 0) {
    tp.rx_opt.dsack = true;
    const block = tp.duplicate_sack.at(0);
    block.start_seq = seq;
    block.end_seq = end_seq;
  }
}

/**
 * Adds to the duplicate that the next ACK is to report.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_dsack_extend(sk: sock, seq: number, end_seq: number): void {
  const tp = tcp_sk(sk);
  if (!tp.rx_opt.dsack) {
    tcp_dsack_set(sk, seq, end_seq);
  } else {
    tcp_sack_extend(tp.duplicate_sack.at(0), seq, end_seq);
  }
}

/**
 * Answers a segment outside the window with an ACK; one with old data is reported as a duplicate.
 * @modelled net/ipv4/tcp_input.c
 */
function* tcp_send_dupack(sk: sock, skb: sk_buff): Kgen {
  const tp = tcp_sk(sk);
  const { seq, end_seq } = TCP_SKB_CB(skb);
  if (end_seq !== seq && before(seq, tp.rcv_nxt)) {
    tcp_enter_quickack_mode(sk);
    if (tcp_is_sack(tp) && sysctl_tcp_dsack() !== 0) {
      tcp_dsack_set(sk, seq, after(end_seq, tp.rcv_nxt) ? tp.rcv_nxt : end_seq);
    }
  }
  yield* tcp_send_ack(sk);
}

/**
 * Merges into the first SACK block those it now touches.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sack_maybe_coalesce(tp: tcp_sock): void {
  const blocks = tp.selective_acks;
  const first = blocks.at(0);
  let this_sack = 1;
  while (this_sack < tp.rx_opt.num_sacks) {
    const block = blocks.at(this_sack);
    if (!tcp_sack_extend(first, block.start_seq, block.end_seq)) {
      this_sack++;
      continue;
    }
    tp.rx_opt.num_sacks--;
    for (let i = this_sack; i < tp.rx_opt.num_sacks; i++) {
      copy_sack_block(blocks.at(i), blocks.at(i + 1));
    }
  }
}

/**
 * Puts newly arrived out-of-order data into the SACK blocks, the block it belongs to first.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sack_new_ofo_skb(sk: sock, seq: number, end_seq: number): void {
  const tp = tcp_sk(sk);
  const blocks = tp.selective_acks;
  const cur_sacks = tp.rx_opt.num_sacks;
  for (let this_sack = 0; this_sack < cur_sacks; this_sack++) {
    const block = blocks.at(this_sack);
    if (!tcp_sack_extend(block, seq, end_seq)) {
      continue;
    }
    const { start_seq, end_seq: block_end } = block;
    for (let i = this_sack; i > 0; i--) {
      copy_sack_block(blocks.at(i), blocks.at(i - 1));
    }
    blocks.at(0).start_seq = start_seq;
    blocks.at(0).end_seq = block_end;
    if (cur_sacks > 1) {
      tcp_sack_maybe_coalesce(tp);
    }
    return;
  }

  const kept = Math.min(cur_sacks, TCP_NUM_SACKS - 1);
  for (let i = kept; i > 0; i--) {
    copy_sack_block(blocks.at(i), blocks.at(i - 1));
  }
  blocks.at(0).start_seq = seq;
  blocks.at(0).end_seq = end_seq;
  tp.rx_opt.num_sacks = kept + 1;
}

/**
 * Drops the SACK blocks that rcv_nxt has passed.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_sack_remove(tp: tcp_sock): void {
  if (skb_queue_empty(tp.out_of_order_queue)) {
    tp.rx_opt.num_sacks = 0;
    return;
  }
  const blocks = tp.selective_acks;
  let num_sacks = tp.rx_opt.num_sacks;
  let this_sack = 0;
  while (this_sack < num_sacks) {
    if (before(tp.rcv_nxt, blocks.at(this_sack).start_seq)) {
      this_sack++;
      continue;
    }
    for (let i = this_sack + 1; i < num_sacks; i++) {
      copy_sack_block(blocks.at(i - 1), blocks.at(i));
    }
    num_sacks--;
  }
  tp.rx_opt.num_sacks = num_sacks;
}

/**
 * A hole was filled: moves what is in order now from the out-of-order queue to the receive queue.
 * @modelled net/ipv4/tcp_input.c
 */
function* tcp_ofo_queue(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  let dsack_high = tp.rcv_nxt;
  for (let skb = skb_peek(tp.out_of_order_queue); skb !== null; skb = skb_peek(tp.out_of_order_queue)) {
    const cb = TCP_SKB_CB(skb);
    if (after(cb.seq, tp.rcv_nxt)) {
      break;
    }
    if (before(cb.seq, dsack_high)) {
      const dsack = dsack_high;
      if (before(cb.end_seq, dsack_high)) {
        dsack_high = cb.end_seq;
      }
      tcp_dsack_extend(sk, cb.seq, dsack);
    }
    __skb_unlink(skb, tp.out_of_order_queue);
    if (!after(cb.end_seq, tp.rcv_nxt)) {
      __kfree_skb(skb);
      continue;
    }
    __skb_queue_tail(sk.sk_receive_queue, skb);
    tp.rcv_nxt = cb.end_seq;
    const th = tcp_hdr(skb);
    if ((th.flags & TCPHDR_FIN) !== 0) {
      yield* tcp_fin(skb, sk, th);
    }
  }
}

/**
 * Reserves receive memory, making room by pruning if it must. 0, or −1 when there is none.
 * @modelled net/ipv4/tcp_input.c
 * @cost 6
 */
function tcp_try_rmem_schedule(sk: sock, size: number): number {
  if (sk.sk_rmem_alloc <= sk.sk_rcvbuf && sk_rmem_schedule(sk, size)) {
    return 0;
  }
  if (tcp_prune_queue(sk) < 0) {
    return -1;
  }
  if (sk_rmem_schedule(sk, size)) {
    return 0;
  }
  return tcp_prune_ofo_queue(sk) && sk_rmem_schedule(sk, size) ? 0 : -1;
}

/**
 * Takes the data of a segment: in order to the reader or the receive queue, ahead of a hole to the out-of-order queue
 * (with SACK blocks), duplicates are reported and dropped. Takes over the skb.
 * @modelled net/ipv4/tcp_input.c
 * @cost 30
 */
function* tcp_data_queue(sk: sock, skb: sk_buff): Kgen {
  const th = tcp_hdr(skb);
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  const { seq, end_seq } = cb;
  if (seq === end_seq) {
    __kfree_skb(skb);
    return;
  }
  skb_dst_drop(skb);
  __skb_pull(skb, doff_bytes(th));
  TCP_ECN_accept_cwr(tp, skb);
  tp.rx_opt.dsack = false;

  let eaten = -1;
  let in_order = false;
  let useless = false;
  if (seq === tp.rcv_nxt) {
    in_order = tcp_receive_window(tp) !== 0;
    useless = !in_order;
    if (
      in_order &&
      tp.ucopy.task === current() &&
      tp.copied_seq === tp.rcv_nxt &&
      tp.ucopy.len !== 0 &&
      sock_owned_by_user(sk) &&
      tp.urg_data === 0
    ) {
      const chunk = Math.min(skb.len, tp.ucopy.len);
      current().state = TASK_RUNNING;
      yield* local_bh_enable();
      if (skb_copy_datagram_iovec(skb, 0, ucopy_iov(tp), chunk) === 0) {
        tp.ucopy.len -= chunk;
        tp.copied_seq += chunk;
        eaten = chunk === skb.len ? 1 : 0;
        tcp_rcv_space_adjust(sk);
      }
      local_bh_disable();
    }
  } else if (!after(end_seq, tp.rcv_nxt)) {
    tcp_dsack_set(sk, seq, end_seq);
    useless = true;
  } else if (!before(seq, seqAdd(tp.rcv_nxt, tcp_receive_window(tp)))) {
    useless = true;
  } else {
    tcp_enter_quickack_mode(sk);
    if (before(seq, tp.rcv_nxt)) {
      tcp_dsack_set(sk, seq, tp.rcv_nxt);
      in_order = tcp_receive_window(tp) !== 0;
      useless = !in_order;
    }
  }

  if (useless) {
    tcp_enter_quickack_mode(sk);
    inet_csk_schedule_ack(sk);
    __kfree_skb(skb);
    return;
  }

  if (in_order) {
    if (eaten <= 0) {
      if (eaten < 0 && tcp_try_rmem_schedule(sk, skb.truesize) !== 0) {
        __kfree_skb(skb);
        return;
      }
      skb_set_owner_r(skb, sk);
      __skb_queue_tail(sk.sk_receive_queue, skb);
    }
    tp.rcv_nxt = end_seq;
    if (skb.len !== 0) {
      tcp_event_data_recv(sk, skb);
    }
    if ((th.flags & TCPHDR_FIN) !== 0) {
      yield* tcp_fin(skb, sk, th);
    }
    if (!skb_queue_empty(tp.out_of_order_queue)) {
      yield* tcp_ofo_queue(sk);
      if (skb_queue_empty(tp.out_of_order_queue)) {
        inet_csk(sk).icsk_ack.pingpong = false;
      }
    }
    if (tp.rx_opt.num_sacks !== 0) {
      tcp_sack_remove(tp);
    }
    tcp_fast_path_check(sk);
    if (eaten > 0) {
      __kfree_skb(skb);
    } else if (!sock_flag(sk, SOCK_DEAD)) {
      sk.sk_data_ready?.(sk, 0);
    }
    return;
  }

  TCP_ECN_check_ce(tp, skb);
  if (tcp_try_rmem_schedule(sk, skb.truesize) !== 0) {
    __kfree_skb(skb);
    return;
  }
  tp.pred_flags = 0;
  inet_csk_schedule_ack(sk);
  skb_set_owner_r(skb, sk);

  const ofo = tp.out_of_order_queue;
  if (skb_peek(ofo) === null) {
    if (tcp_is_sack(tp)) {
      tp.rx_opt.num_sacks = 1;
      tp.selective_acks.at(0).start_seq = seq;
      tp.selective_acks.at(0).end_seq = end_seq;
    }
    __skb_queue_head(ofo, skb);
    return;
  }

  let skb1: sk_buff | null = skb_peek_tail(ofo);
  if (skb1 !== null && seq === TCP_SKB_CB(skb1).end_seq) {
    __skb_queue_after(ofo, skb1, skb);
    if (tp.rx_opt.num_sacks !== 0 && tp.selective_acks.at(0).end_seq === seq) {
      tp.selective_acks.at(0).end_seq = end_seq;
    } else if (tcp_is_sack(tp)) {
      tcp_sack_new_ofo_skb(sk, seq, end_seq);
    }
    return;
  }

  while (skb1 !== null && after(TCP_SKB_CB(skb1).seq, seq)) {
    skb1 = skb_queue_is_first(ofo, skb1) ? null : skb_queue_prev(ofo, skb1);
  }
  let covered = false;
  if (skb1 !== null && before(seq, TCP_SKB_CB(skb1).end_seq)) {
    if (!after(end_seq, TCP_SKB_CB(skb1).end_seq)) {
      covered = true;
      __kfree_skb(skb);
      tcp_dsack_set(sk, seq, end_seq);
    } else if (after(seq, TCP_SKB_CB(skb1).seq)) {
      tcp_dsack_set(sk, seq, TCP_SKB_CB(skb1).end_seq);
    } else {
      skb1 = skb_queue_is_first(ofo, skb1) ? null : skb_queue_prev(ofo, skb1);
    }
  }
  if (!covered) {
    if (skb1 === null) {
      __skb_queue_head(ofo, skb);
    } else {
      __skb_queue_after(ofo, skb1, skb);
    }
    while (!skb_queue_is_last(ofo, skb)) {
      skb1 = skb_queue_next(ofo, skb);
      const next = TCP_SKB_CB(skb1);
      if (!after(end_seq, next.seq)) {
        break;
      }
      if (before(end_seq, next.end_seq)) {
        tcp_dsack_extend(sk, next.seq, end_seq);
        break;
      }
      __skb_unlink(skb1, ofo);
      tcp_dsack_extend(sk, next.seq, next.end_seq);
      __kfree_skb(skb1);
    }
  }
  if (tcp_is_sack(tp)) {
    tcp_sack_new_ofo_skb(sk, seq, end_seq);
  }
}

/**
 * Drops one skb while a queue is being collapsed; returns the one behind it.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_collapse_one(_sk: sock, skb: sk_buff, list: sk_buff_head): sk_buff | null {
  const next = skb_queue_is_last(list, skb) ? null : skb_queue_next(list, skb);
  __skb_unlink(skb, list);
  __kfree_skb(skb);
  return next;
}

/**
 * Copies the skbs from `head` up to `tail` (null: the end) into fewer, well filled ones, for sequence numbers
 * `start`…`end`; begins where an skb is bloated or overlaps the next.
 * @modelled net/ipv4/tcp_input.c
 * @cost 50
 */
function tcp_collapse(
  sk: sock,
  list: sk_buff_head,
  head: sk_buff,
  tail: sk_buff | null,
  start: number,
  end: number,
): void {
  let skb: sk_buff | null = head;
  let worthwhile = false;
  while (skb !== null && skb !== tail) {
    const cb = TCP_SKB_CB(skb);
    if (!before(start, cb.end_seq)) {
      skb = tcp_collapse_one(sk, skb, list);
      continue;
    }
    const plain = (tcp_hdr(skb).flags & (TCPHDR_SYN | TCPHDR_FIN)) === 0;
    if (plain && (tcp_win_from_space(skb.truesize) > skb.len || before(cb.seq, start))) {
      worthwhile = true;
      break;
    }
    const next: sk_buff | null = skb.next;
    if (next !== null && next !== tail && cb.end_seq !== TCP_SKB_CB(next).seq) {
      worthwhile = true;
      break;
    }
    start = cb.end_seq;
    skb = next;
  }
  if (!worthwhile || skb === null || (tcp_hdr(skb).flags & (TCPHDR_SYN | TCPHDR_FIN)) !== 0) {
    return;
  }

  while (before(start, end)) {
    const header = skb_headroom(skb);
    let copy = Math.min(PAGE_SIZE - SIZEOF_SKB_SHARED_INFO - header, (end - start) >>> 0);
    if (copy < 0) {
      return;
    }
    const nskb = alloc_skb(copy + header, GFP_ATOMIC);
    if (nskb === null) {
      return;
    }
    nskb.mac_header = nskb.head + (skb.mac_header - skb.head);
    nskb.network_header = nskb.head + (skb.network_header - skb.head);
    nskb.transport_header = nskb.head + (skb.transport_header - skb.head);
    skb_reserve(nskb, header);
    heap.copy(nskb.head, skb.head, header);
    const from = TCP_SKB_CB(skb);
    const to = TCP_SKB_CB(nskb);
    to.ack_seq = from.ack_seq;
    to.when = from.when;
    to.flags = from.flags;
    to.sacked = from.sacked;
    to.seq = start;
    to.end_seq = start;
    nskb.family = skb.$id;
    __skb_queue_before(list, skb, nskb);
    skb_set_owner_r(nskb, sk);

    while (copy > 0) {
      const cb = TCP_SKB_CB(skb);
      const offset = (start - cb.seq) >>> 0;
      const size = Math.min(copy, Math.max(seqDiff(cb.end_seq, start), 0));
      if (size > 0) {
        skb_copy_bits(skb, offset, skb_put(nskb, size), size);
        to.end_seq += size;
        copy -= size;
        start = seqAdd(start, size);
      }
      if (!before(start, cb.end_seq)) {
        skb = tcp_collapse_one(sk, skb, list);
        if (skb === null || skb === tail || (tcp_hdr(skb).flags & (TCPHDR_SYN | TCPHDR_FIN)) !== 0) {
          return;
        }
      }
    }
  }
}

/**
 * Collapses each contiguous run of the out-of-order queue.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_collapse_ofo_queue(sk: sock): void {
  const ofo = tcp_sk(sk).out_of_order_queue;
  let skb = skb_peek(ofo);
  if (skb === null) {
    return;
  }
  let head = skb;
  let start = TCP_SKB_CB(skb).seq;
  let end = TCP_SKB_CB(skb).end_seq;
  for (;;) {
    skb = skb_queue_is_last(ofo, skb) ? null : skb_queue_next(ofo, skb);
    if (skb === null || after(TCP_SKB_CB(skb).seq, end) || before(TCP_SKB_CB(skb).end_seq, start)) {
      tcp_collapse(sk, ofo, head, skb, start, end);
      if (skb === null) {
        return;
      }
      head = skb;
      start = TCP_SKB_CB(skb).seq;
      end = TCP_SKB_CB(skb).end_seq;
    } else {
      if (before(TCP_SKB_CB(skb).seq, start)) {
        start = TCP_SKB_CB(skb).seq;
      }
      if (after(TCP_SKB_CB(skb).end_seq, end)) {
        end = TCP_SKB_CB(skb).end_seq;
      }
    }
  }
}

/**
 * Throws the out-of-order queue away; true when there was something in it.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_prune_ofo_queue(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if (skb_queue_empty(tp.out_of_order_queue)) {
    return false;
  }
  __skb_queue_purge(tp.out_of_order_queue);
  if (tp.rx_opt.sack_ok !== 0) {
    tcp_sack_reset(tp.rx_opt);
  }
  sk_mem_reclaim(sk);
  return true;
}

/**
 * Gets a socket back within its receive memory: narrows the window, collapses the queues, as a last resort drops
 * out-of-order data. Negative when even that is not enough.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_prune_queue(sk: sock): number {
  const tp = tcp_sk(sk);
  if (sk.sk_rmem_alloc >= sk.sk_rcvbuf) {
    tcp_clamp_window(sk);
  } else if (tcp_memory_pressure()) {
    tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh, 4 * tp.advmss);
  }
  tcp_collapse_ofo_queue(sk);
  const head = skb_peek(sk.sk_receive_queue);
  if (head !== null) {
    tcp_collapse(sk, sk.sk_receive_queue, head, null, tp.copied_seq, tp.rcv_nxt);
  }
  sk_mem_reclaim(sk);
  if (sk.sk_rmem_alloc <= sk.sk_rcvbuf) {
    return 0;
  }
  tcp_prune_ofo_queue(sk);
  if (sk.sk_rmem_alloc <= sk.sk_rcvbuf) {
    return 0;
  }
  tp.pred_flags = 0;
  return -1;
}

/**
 * The sender did not use its window for a whole timeout: cwnd moves half way to what it did use.
 * @modelled net/ipv4/tcp_input.c
 */
export function tcp_cwnd_application_limited(sk: sock): void {
  const tp = tcp_sk(sk);
  const socket = sk.sk_socket;
  if (inet_csk(sk).icsk_ca_state === TCP_CA_Open && socket !== null && (socket.flags & SOCK_NOSPACE) === 0) {
    const init_win = tcp_init_cwnd(tp, __sk_dst_get(sk));
    const win_used = Math.max(tp.snd_cwnd_used, init_win);
    if (win_used < tp.snd_cwnd) {
      tp.snd_ssthresh = tcp_current_ssthresh(sk);
      tp.snd_cwnd = (tp.snd_cwnd + win_used) >>> 1;
    }
    tp.snd_cwnd_used = 0;
  }
  tp.snd_cwnd_stamp = tcp_time_stamp();
}

/**
 * The send buffer may grow: not set by the user, no shortage of memory, and the congestion window is not full.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_should_expand_sndbuf(sk: sock): boolean {
  const tp = tcp_sk(sk);
  if ((sk.sk_userlocks & SOCK_SNDBUF_LOCK) !== 0 || tcp_memory_pressure() || tcp_memory_tight(sk)) {
    return false;
  }
  return tp.packets_out < tp.snd_cwnd;
}

/**
 * ACKs have freed send memory while a writer waits: grows the buffer to twice the window if it may, and wakes him.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_new_space(sk: sock): void {
  const tp = tcp_sk(sk);
  if (tcp_should_expand_sndbuf(sk)) {
    const demanded = Math.max(tp.snd_cwnd, tp.reordering + 1);
    const sndmem = segment_memory(Math.max(tp.rx_opt.mss_clamp, tp.mss_cache)) * 2 * demanded;
    if (sndmem > sk.sk_sndbuf) {
      sk.sk_sndbuf = Math.min(sndmem, sysctl_tcp_wmem.at(2));
    }
    tp.snd_cwnd_stamp = tcp_time_stamp();
  }
  sk.sk_write_space?.(sk);
}

/**
 * Looks whether send memory was freed that a writer waits for.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_check_space(sk: sock): void {
  if (sock_flag(sk, SOCK_QUEUE_SHRUNK)) {
    sock_reset_flag(sk, SOCK_QUEUE_SHRUNK);
    if (sk.sk_socket !== null && (sk.sk_socket.flags & SOCK_NOSPACE) !== 0) {
      tcp_new_space(sk);
    }
  }
}

/**
 * After an ACK: sends what may be sent now, and looks for room in the send buffer.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function* tcp_data_snd_check(sk: sock): Kgen {
  yield* tcp_push_pending_frames(sk);
  tcp_check_space(sk);
}

/**
 * Acknowledges now (more than a full segment came and the window moved, quick ACKs are promised, or there is a hole),
 * else later.
 * @modelled net/ipv4/tcp_input.c
 * @cost 6
 */
function* __tcp_ack_snd_check(sk: sock, ofo_possible: boolean): Kgen {
  const tp = tcp_sk(sk);
  if (
    ((tp.rcv_nxt - tp.rcv_wup) >>> 0 > inet_csk(sk).icsk_ack.rcv_mss && __tcp_select_window(sk) >= tp.rcv_wnd) ||
    tcp_in_quickack_mode(sk) ||
    (ofo_possible && skb_peek(tp.out_of_order_queue) !== null)
  ) {
    yield* tcp_send_ack(sk);
  } else {
    yield* tcp_send_delayed_ack(sk);
  }
}

/**
 * Acknowledges if an ACK is due and no data segment has carried it already.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function* tcp_ack_snd_check(sk: sock): Kgen {
  if (inet_csk_ack_scheduled(sk)) {
    yield* __tcp_ack_snd_check(sk, true);
  }
}

/**
 * The segment carries a new urgent pointer: remembers where the urgent byte is. The fast path goes off.
 * @modelled net/ipv4/tcp_input.c
 */
function tcp_check_urg(sk: sock, th: tcphdr): void {
  const tp = tcp_sk(sk);
  let offset = th.urg_ptr;
  if (offset !== 0 && sysctl_tcp_stdurg() === 0) {
    offset--;
  }
  const ptr = seqAdd(th.seq, offset);
  if (after(tp.copied_seq, ptr) || before(ptr, tp.rcv_nxt) || (tp.urg_data !== 0 && !after(ptr, tp.urg_seq))) {
    return;
  }
  sk_send_sigurg(sk);
  if (
    tp.urg_seq === tp.copied_seq &&
    tp.urg_data !== 0 &&
    !sock_flag(sk, SOCK_URGINLINE) &&
    tp.copied_seq !== tp.rcv_nxt
  ) {
    const skb = skb_peek(sk.sk_receive_queue);
    tp.copied_seq++;
    if (skb !== null && !before(tp.copied_seq, TCP_SKB_CB(skb).end_seq)) {
      __skb_unlink(skb, sk.sk_receive_queue);
      __kfree_skb(skb);
    }
  }
  tp.urg_data = TCP_URG_NOTYET;
  tp.urg_seq = ptr;
  tp.pred_flags = 0;
}

/**
 * Urgent data: notes a new pointer, picks the urgent byte out when it is in this segment.
 * @modelled net/ipv4/tcp_input.c
 * @cost 4
 */
function tcp_urg(sk: sock, skb: sk_buff, th: tcphdr): void {
  const tp = tcp_sk(sk);
  if ((th.flags & TCPHDR_URG) !== 0) {
    tcp_check_urg(sk, th);
  }
  if (tp.urg_data === TCP_URG_NOTYET) {
    const syn = (th.flags & TCPHDR_SYN) !== 0 ? 1 : 0;
    const ptr = (tp.urg_seq - th.seq + doff_bytes(th) - syn) >>> 0;
    if (ptr < skb.len) {
      tp.urg_data = TCP_URG_VALID | byte_at(skb, ptr);
      if (!sock_flag(sk, SOCK_DEAD)) {
        sk.sk_data_ready?.(sk, 0);
      }
    }
  }
}

/**
 * Copies the payload straight to the reader that processes the segment, verifying the checksum on the way. 0 or −errno.
 * Softirqs may run meanwhile.
 * @modelled net/ipv4/tcp_input.c
 */
function* tcp_copy_to_iovec(sk: sock, skb: sk_buff, hlen: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const chunk = skb.len - hlen;
  const iov = ucopy_iov(tp);
  yield* local_bh_enable();
  const err = skb_csum_unnecessary(skb)
    ? skb_copy_datagram_iovec(skb, hlen, iov, chunk)
    : skb_copy_and_csum_datagram_iovec(skb, hlen, iov);
  if (err === 0) {
    tp.ucopy.len -= chunk;
    tp.copied_seq += chunk;
    tcp_rcv_space_adjust(sk);
  }
  local_bh_disable();
  return err;
}

/**
 * Sums a segment whose checksum was put off; nonzero when it is wrong.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function __tcp_checksum_complete(skb: sk_buff): number {
  return __skb_checksum_complete(skb);
}

/**
 * True when the checksum of a segment turns out to be wrong.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_checksum_complete(skb: sk_buff): boolean {
  return !skb_csum_unnecessary(skb) && __tcp_checksum_complete(skb) !== 0;
}

/**
 * Sums a segment, with softirqs enabled where a task drives it; nonzero when the checksum is wrong.
 * @modelled net/ipv4/tcp_input.c
 */
function* __tcp_checksum_complete_user(sk: sock, skb: sk_buff): Kgen<number> {
  if (!sock_owned_by_user(sk)) {
    return __tcp_checksum_complete(skb);
  }
  yield* local_bh_enable();
  const result = __tcp_checksum_complete(skb);
  local_bh_disable();
  return result;
}

/**
 * True when the checksum of a segment turns out to be wrong; sums it unless that was done.
 * @modelled net/ipv4/tcp_input.c
 * @cost 3
 */
function* tcp_checksum_complete_user(sk: sock, skb: sk_buff): Kgen<boolean> {
  return !skb_csum_unnecessary(skb) && (yield* __tcp_checksum_complete_user(sk, skb)) !== 0;
}

/**
 * Checks timestamp (PAWS), window, RST and SYN of a segment. 1: go on; 0: dropped; −1: the connection was reset.
 * @modelled net/ipv4/tcp_input.c
 * @cost 12
 */
function* tcp_validate_incoming(sk: sock, skb: sk_buff, th: tcphdr, _syn_inerr: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  const rst = (th.flags & TCPHDR_RST) !== 0;

  if (tcp_fast_parse_options(skb, th, tp) && tp.rx_opt.saw_tstamp && tcp_paws_discard(sk, skb) && !rst) {
    yield* tcp_send_dupack(sk, skb);
    __kfree_skb(skb);
    return 0;
  }
  if (!tcp_sequence(tp, cb.seq, cb.end_seq)) {
    if (!rst) {
      yield* tcp_send_dupack(sk, skb);
    }
    __kfree_skb(skb);
    return 0;
  }
  if (rst) {
    tcp_reset(sk);
    __kfree_skb(skb);
    return 0;
  }
  tcp_replace_ts_recent(tp, cb.seq);
  if ((th.flags & TCPHDR_SYN) !== 0 && !before(cb.seq, tp.rcv_nxt)) {
    tcp_reset(sk);
    return -1;
  }
  return 1;
}

/**
 * Receives a segment of an established connection. A header as predicted takes the fast path: a pure ACK, or data in
 * order. All else takes the slow path. `len`: header and payload, bytes. Returns 0, or 1 when the caller is to send a
 * reset. Takes over the skb unless it returns 1.
 * @modelled net/ipv4/tcp_input.c
 * @omits tcp_dma_try_early_copy: no DMA engine
 * @cost 30
 */
export function* tcp_rcv_established(sk: sock, skb: sk_buff, th: tcphdr, len: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const cb = TCP_SKB_CB(skb);
  tp.rx_opt.saw_tstamp = false;

  const tcp_header_len = tp.tcp_header_len;
  const has_tstamp = tcp_header_len === TCP_HEADER_LEN_TSTAMP;
  let checked = false;
  if (
    (tcp_flag_word(th) & TCP_HP_BITS) >>> 0 === tp.pred_flags &&
    cb.seq === tp.rcv_nxt &&
    !after(cb.ack_seq, tp.snd_nxt) &&
    (!has_tstamp || (tcp_parse_aligned_timestamp(tp, th) && seqDiff(tp.rx_opt.rcv_tsval, tp.rx_opt.ts_recent) >= 0))
  ) {
    if (len === tcp_header_len) {
      if (has_tstamp && tp.rcv_nxt === tp.rcv_wup) {
        tcp_store_ts_recent(tp);
      }
      yield* tcp_ack(sk, skb, 0);
      __kfree_skb(skb);
      yield* tcp_data_snd_check(sk);
      return 0;
    }
    if (len < tcp_header_len) {
      __kfree_skb(skb);
      return 0;
    }

    let eaten = false;
    if (
      tp.copied_seq === tp.rcv_nxt &&
      len - tcp_header_len <= tp.ucopy.len &&
      tp.ucopy.task === current() &&
      sock_owned_by_user(sk)
    ) {
      current().state = TASK_RUNNING;
      if ((yield* tcp_copy_to_iovec(sk, skb, tcp_header_len)) === 0) {
        eaten = true;
        if (has_tstamp && tp.rcv_nxt === tp.rcv_wup) {
          tcp_store_ts_recent(tp);
        }
        tcp_rcv_rtt_measure_ts(sk, skb);
        __skb_pull(skb, tcp_header_len);
        tp.rcv_nxt = cb.end_seq;
      }
    }
    if (!eaten) {
      if (yield* tcp_checksum_complete_user(sk, skb)) {
        __kfree_skb(skb);
        return 0;
      }
      if (has_tstamp && tp.rcv_nxt === tp.rcv_wup) {
        tcp_store_ts_recent(tp);
      }
      tcp_rcv_rtt_measure_ts(sk, skb);
      checked = skb.truesize > sk.sk_forward_alloc;
      if (!checked) {
        __skb_pull(skb, tcp_header_len);
        __skb_queue_tail(sk.sk_receive_queue, skb);
        skb_set_owner_r(skb, sk);
        tp.rcv_nxt = cb.end_seq;
      }
    }

    if (!checked) {
      tcp_event_data_recv(sk, skb);
      let ack_due = true;
      if (cb.ack_seq !== tp.snd_una) {
        yield* tcp_ack(sk, skb, FLAG_DATA);
        yield* tcp_data_snd_check(sk);
        ack_due = inet_csk_ack_scheduled(sk);
      }
      if (ack_due) {
        yield* __tcp_ack_snd_check(sk, false);
      }
      if (eaten) {
        __kfree_skb(skb);
      } else {
        sk.sk_data_ready?.(sk, 0);
      }
      return 0;
    }
  }

  if (!checked) {
    if (len < doff_bytes(th) || (yield* tcp_checksum_complete_user(sk, skb))) {
      __kfree_skb(skb);
      return 0;
    }
    const res = yield* tcp_validate_incoming(sk, skb, th, 1);
    if (res <= 0) {
      return -res;
    }
  }
  if ((th.flags & TCPHDR_ACK) !== 0 && (yield* tcp_ack(sk, skb, FLAG_SLOWPATH)) < 0) {
    __kfree_skb(skb);
    return 0;
  }
  tcp_rcv_rtt_measure_ts(sk, skb);
  tcp_urg(sk, skb, th);
  yield* tcp_data_queue(sk, skb);
  yield* tcp_data_snd_check(sk);
  yield* tcp_ack_snd_check(sk);
  return 0;
}

/**
 * The peer's SYN-ACK does not agree to ECN.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_rcv_synack(tp: tcp_sock, th: tcphdr): void {
  const agreed = (th.flags & (TCPHDR_ECE | TCPHDR_CWR)) === TCPHDR_ECE;
  if ((tp.ecn_flags & TCP_ECN_OK) !== 0 && !agreed) {
    tp.ecn_flags &= ~TCP_ECN_OK;
  }
}

/**
 * The peer's SYN, which crossed ours, does not ask for ECN.
 * @modelled net/ipv4/tcp_input.c
 * @cost 2
 */
function TCP_ECN_rcv_syn(tp: tcp_sock, th: tcphdr): void {
  const asked = (th.flags & (TCPHDR_ECE | TCPHDR_CWR)) === (TCPHDR_ECE | TCPHDR_CWR);
  if ((tp.ecn_flags & TCP_ECN_OK) !== 0 && !asked) {
    tp.ecn_flags &= ~TCP_ECN_OK;
  }
}

/**
 * Receives a segment while our SYN is out: a SYN-ACK establishes the connection, a SYN crosses ours (RFC 793 figure 8), a reset
 * that acknowledges our SYN refuses it. Returns −1 when the caller is to go on with the segment, 0 when it is done with (and
 * freed), 1 when the caller is to send a reset.
 * @modelled net/ipv4/tcp_input.c
 * @omits security_inet_conn_established: no security module
 * @cost 30
 */
function* tcp_rcv_synsent_state_process(sk: sock, skb: sk_buff, th: tcphdr, _len: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const { rx_opt } = tp;
  const cb = TCP_SKB_CB(skb);
  const saved_clamp = rx_opt.mss_clamp;
  const rst = (th.flags & TCPHDR_RST) !== 0;
  const syn = (th.flags & TCPHDR_SYN) !== 0;
  const undo = (): void => {
    tcp_clear_options(rx_opt);
    rx_opt.mss_clamp = saved_clamp;
  };
  tcp_parse_options(skb, rx_opt, false);

  if ((th.flags & TCPHDR_ACK) !== 0) {
    if (cb.ack_seq !== tp.snd_nxt) {
      undo();
      return 1;
    }
    if (rx_opt.saw_tstamp && rx_opt.rcv_tsecr !== 0 && !between(rx_opt.rcv_tsecr, tp.retrans_stamp, tcp_time_stamp())) {
      undo();
      return 1;
    }
    if (rst) {
      tcp_reset(sk);
      __kfree_skb(skb);
      return 0;
    }
    if (!syn) {
      undo();
      __kfree_skb(skb);
      return 0;
    }
    TCP_ECN_rcv_synack(tp, th);
    tp.snd_wl1 = cb.seq;
    yield* tcp_ack(sk, skb, FLAG_SLOWPATH);

    tp.rcv_nxt = seqAdd(cb.seq, 1);
    tp.rcv_wup = tp.rcv_nxt;
    // RFC 1323 section 2.2: the window of a SYN is not scaled.
    tp.snd_wnd = th.window;
    tcp_init_wl(tp, cb.seq);
    if (!rx_opt.wscale_ok) {
      rx_opt.snd_wscale = 0;
      rx_opt.rcv_wscale = 0;
      tp.window_clamp = Math.min(tp.window_clamp, 65535);
    }
    if (rx_opt.saw_tstamp) {
      rx_opt.tstamp_ok = true;
      tp.tcp_header_len = TCP_HEADER_LEN_TSTAMP;
      tp.advmss -= TCPOLEN_TSTAMP_ALIGNED;
      tcp_store_ts_recent(tp);
    } else {
      tp.tcp_header_len = TCP_HEADER_LEN;
    }
    if (tcp_is_sack(tp) && sysctl_tcp_fack() !== 0) {
      tcp_enable_fack(tp);
    }
    tcp_mtup_init(sk);
    tcp_sync_mss(sk, icsk.icsk_pmtu_cookie);
    tcp_initialize_rcv_mss(sk);
    tp.copied_seq = tp.rcv_nxt;
    tcp_set_state(sk, TCP_ESTABLISHED);

    yield* (icsk.icsk_af_ops as inet_connection_sock_af_ops).rebuild_header(sk);
    tcp_init_metrics(sk);
    tcp_init_congestion_control(sk);
    tp.lsndtime = tcp_time_stamp();
    tcp_init_buffer_space(sk);
    if (sock_flag(sk, SOCK_KEEPOPEN)) {
      inet_csk_reset_keepalive_timer(sk, keepalive_time_when(tp));
    }
    if (rx_opt.snd_wscale === 0) {
      __tcp_fast_path_on(tp, tp.snd_wnd);
    } else {
      tp.pred_flags = 0;
    }
    if (!sock_flag(sk, SOCK_DEAD)) {
      sk.sk_state_change?.(sk);
      sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
    }
    if (sk.sk_write_pending !== 0 || icsk.icsk_accept_queue.rskq_defer_accept !== 0 || icsk.icsk_ack.pingpong) {
      // Somebody is about to write: the ACK may ride on that data.
      inet_csk_schedule_ack(sk);
      icsk.icsk_ack.lrcvtime = tcp_time_stamp();
      icsk.icsk_ack.ato = TCP_ATO_MIN;
      tcp_incr_quickack(sk);
      tcp_enter_quickack_mode(sk);
      inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, TCP_DELACK_MAX, TCP_RTO_MAX);
      __kfree_skb(skb);
      return 0;
    }
    yield* tcp_send_ack(sk);
    return -1;
  }

  const from_the_past = rx_opt.ts_recent_stamp !== 0 && rx_opt.saw_tstamp && tcp_paws_reject(rx_opt, false);
  if (rst || from_the_past || !syn) {
    undo();
    __kfree_skb(skb);
    return 0;
  }
  tcp_set_state(sk, TCP_SYN_RECV);
  if (rx_opt.saw_tstamp) {
    rx_opt.tstamp_ok = true;
    tcp_store_ts_recent(tp);
    tp.tcp_header_len = TCP_HEADER_LEN_TSTAMP;
  } else {
    tp.tcp_header_len = TCP_HEADER_LEN;
  }
  tp.rcv_nxt = seqAdd(cb.seq, 1);
  tp.rcv_wup = tp.rcv_nxt;
  tp.snd_wnd = th.window;
  tp.snd_wl1 = cb.seq;
  tp.max_window = tp.snd_wnd;
  TCP_ECN_rcv_syn(tp, th);
  tcp_mtup_init(sk);
  tcp_sync_mss(sk, icsk.icsk_pmtu_cookie);
  tcp_initialize_rcv_mss(sk);
  yield* tcp_send_synack(sk);
  __kfree_skb(skb);
  return 0;
}

/**
 * Receives a segment in all states but ESTABLISHED and TIME_WAIT: while a connection is opened, and after our FIN or the peer's.
 * Returns 0, or 1 when the caller is to send a reset.
 * @modelled net/ipv4/tcp_input.c
 * @cost 30
 */
export function* tcp_rcv_state_process(sk: sock, skb: sk_buff, th: tcphdr, len: number): Kgen<number> {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const cb = TCP_SKB_CB(skb);
  const fin = (th.flags & TCPHDR_FIN) !== 0 ? 1 : 0;
  tp.rx_opt.saw_tstamp = false;

  switch (sk.skc_state) {
    case TCP_CLOSE:
      __kfree_skb(skb);
      return 0;
    case TCP_LISTEN: {
      if ((th.flags & TCPHDR_ACK) !== 0) {
        return 1;
      }
      if ((th.flags & (TCPHDR_RST | TCPHDR_SYN)) !== TCPHDR_SYN) {
        __kfree_skb(skb);
        return 0;
      }
      const { conn_request } = icsk.icsk_af_ops as Required<inet_connection_sock_af_ops>;
      if ((yield* conn_request(sk, skb)) < 0) {
        return 1;
      }
      kfree_skb(skb);
      return 0;
    }
    case TCP_SYN_SENT: {
      const queued = yield* tcp_rcv_synsent_state_process(sk, skb, th, len);
      if (queued >= 0) {
        return queued;
      }
      tcp_urg(sk, skb, th);
      __kfree_skb(skb);
      yield* tcp_data_snd_check(sk);
      return 0;
    }
  }
  const res = yield* tcp_validate_incoming(sk, skb, th, 0);
  if (res <= 0) {
    return -res;
  }
  if ((th.flags & TCPHDR_ACK) === 0) {
    __kfree_skb(skb);
    return 0;
  }
  const acceptable = (yield* tcp_ack(sk, skb, FLAG_SLOWPATH)) > 0;
  const all_acked = tp.snd_una === tp.write_seq;
  switch (sk.skc_state) {
    case TCP_SYN_RECV:
      if (!acceptable) {
        return 1;
      }
      tp.copied_seq = tp.rcv_nxt;
      tcp_set_state(sk, TCP_ESTABLISHED);
      sk.sk_state_change?.(sk);
      // Only an open that was crossed has a file by now; a connection of a listener gets it from accept().
      if (sk.sk_socket !== null) {
        sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
      }
      tp.snd_una = cb.ack_seq;
      tp.snd_wnd = th.window * 2 ** tp.rx_opt.snd_wscale;
      tcp_init_wl(tp, cb.seq);
      // tcp_ack saw nothing acknowledged, so that it took no sample of the RTT.
      tcp_ack_update_rtt(sk, 0, 0);
      if (tp.rx_opt.tstamp_ok) {
        tp.advmss -= TCPOLEN_TSTAMP_ALIGNED;
      }
      yield* (icsk.icsk_af_ops as inet_connection_sock_af_ops).rebuild_header(sk);
      tcp_init_metrics(sk);
      tcp_init_congestion_control(sk);
      tp.lsndtime = tcp_time_stamp();
      tcp_mtup_init(sk);
      tcp_initialize_rcv_mss(sk);
      tcp_init_buffer_space(sk);
      tcp_fast_path_on(tp);
      break;
    case TCP_FIN_WAIT1:
      if (all_acked) {
        tcp_set_state(sk, TCP_FIN_WAIT2);
        sk.sk_shutdown |= SEND_SHUTDOWN;
        dst_confirm(__sk_dst_get(sk));
        if (!sock_flag(sk, SOCK_DEAD)) {
          sk.sk_state_change?.(sk);
        } else {
          if (tp.linger2 < 0 || (cb.end_seq !== cb.seq && after(seqAdd(cb.end_seq, -fin), tp.rcv_nxt))) {
            tcp_done(sk);
            return 1;
          }
          const tmo = tcp_fin_time(sk);
          if (tmo > TCP_TIMEWAIT_LEN) {
            inet_csk_reset_keepalive_timer(sk, tmo - TCP_TIMEWAIT_LEN);
          } else if (fin !== 0 || sock_owned_by_user(sk)) {
            // The FIN in this segment would be lost with the socket.
            inet_csk_reset_keepalive_timer(sk, tmo);
          } else {
            tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
            __kfree_skb(skb);
            return 0;
          }
        }
      }
      break;
    case TCP_CLOSING:
      if (all_acked) {
        tcp_time_wait(sk, TCP_TIME_WAIT, 0);
        __kfree_skb(skb);
        return 0;
      }
      break;
    case TCP_LAST_ACK:
      if (all_acked) {
        tcp_update_metrics(sk);
        tcp_done(sk);
        __kfree_skb(skb);
        return 0;
      }
      break;
  }

  tcp_urg(sk, skb, th);

  let queued = false;
  const state = sk.skc_state;
  const closing = state === TCP_CLOSE_WAIT || state === TCP_CLOSING || state === TCP_LAST_ACK;
  if (
    state === TCP_ESTABLISHED ||
    state === TCP_FIN_WAIT1 ||
    state === TCP_FIN_WAIT2 ||
    (closing && before(cb.seq, tp.rcv_nxt))
  ) {
    const after_shutdown = state !== TCP_ESTABLISHED && (sk.sk_shutdown & RCV_SHUTDOWN) !== 0;
    if (after_shutdown && cb.end_seq !== cb.seq && after(seqAdd(cb.end_seq, -fin), tp.rcv_nxt)) {
      tcp_reset(sk);
      return 1;
    }
    yield* tcp_data_queue(sk, skb);
    queued = true;
  }
  if (sk.skc_state !== TCP_CLOSE) {
    yield* tcp_data_snd_check(sk);
    yield* tcp_ack_snd_check(sk);
  }
  if (!queued) {
    __kfree_skb(skb);
  }
  return 0;
}
