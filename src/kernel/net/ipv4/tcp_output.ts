/**
 * Mirrors net/ipv4/tcp_output.c (2.6.39), and from tcp.h the inline functions that call it (tcp_push_pending_frames,
 * tcp_check_probe_timer).
 * Modelled: what may be sent and when, segments and their splitting, the header with its options, the window to offer,
 * ACKs, window probes, retransmission, FIN and reset.
 * Left out: MTU probing (off by default), MD5 signatures, SNMP counters.
 */

import { heap } from '../../../base/heap';
import { after, before, between, seqAdd, seqDiff } from '../../../base/seq';
import type { Kgen } from '../../arch/current';
import { EAGAIN, ECONNREFUSED, EFAULT, EHOSTUNREACH, ENOBUFS, ENOMEM } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import {
  __net_timestamp,
  __skb_pull,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  SKB_GSO_TCP_ECN,
  type sk_buff,
  skb_cloned,
  skb_header_release,
  skb_headlen,
  skb_is_nonlinear,
  skb_reserve,
  skb_reset_tail_pointer,
  skb_reset_transport_header,
  skb_shinfo,
  skb_tailroom,
} from '../../include/linux/skbuff';
import {
  TCP_CA_Open,
  TCP_CA_Recovery,
  TCP_CLOSE,
  TCP_NAGLE_CORK,
  TCP_NAGLE_OFF,
  TCP_NAGLE_PUSH,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_FIN,
  TCPHDR_PSH,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
  tcp_rsk,
  tcp_sk,
  type tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { HZ, jiffies } from '../../include/linux/timer';
import { memcpy } from '../../include/linux/uaccess';
import { type dst_entry, dst_hold, dst_metric_advmss, dst_mtu, skb_dst_set } from '../../include/net/dst';
import {
  ICSK_ACK_PUSHED,
  ICSK_ACK_SCHED,
  ICSK_ACK_TIMER,
  ICSK_TIME_DACK,
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_clear_xmit_timer,
  inet_csk_schedule_ack,
} from '../../include/net/inet_connection_sock';
import { inet_rsk, inet_sk } from '../../include/net/inet_sock';
import type { request_sock } from '../../include/net/request_sock';
import { NET_XMIT_CN } from '../../include/net/sch_generic';
import {
  __sk_dst_get,
  SOCK_DONE,
  SOCK_QUEUE_SHRUNK,
  SOCK_RCVBUF_LOCK,
  sk_can_gso,
  sk_mem_charge,
  sk_mem_uncharge,
  type sock,
  sock_reset_flag,
} from '../../include/net/sock';
import {
  __tcp_add_write_queue_head,
  __tcp_add_write_queue_tail,
  CA_EVENT_CWND_RESTART,
  CA_EVENT_TX_START,
  MAX_TCP_HEADER,
  MAX_TCP_OPTION_SPACE,
  MAX_TCP_WINDOW,
  sysctl_rmem_max,
  sysctl_tcp_base_mss,
  sysctl_tcp_ecn,
  sysctl_tcp_mtu_probing,
  sysctl_tcp_retrans_collapse,
  sysctl_tcp_retries2,
  sysctl_tcp_rmem,
  sysctl_tcp_sack,
  sysctl_tcp_slow_start_after_idle,
  sysctl_tcp_timestamps,
  sysctl_tcp_tso_win_divisor,
  sysctl_tcp_window_scaling,
  sysctl_tcp_workaround_signed_windows,
  TCP_ATO_MIN,
  TCP_CONG_RTT_STAMP,
  TCP_DEFAULT_INIT_RCVWND,
  TCP_DELACK_MAX,
  TCP_DELACK_MIN,
  TCP_ECN_DEMAND_CWR,
  TCP_ECN_OK,
  TCP_ECN_QUEUE_CWR,
  TCP_MAX_WSCALE,
  TCP_NUM_SACKS,
  TCP_RESOURCE_PROBE_INTERVAL,
  TCP_RTO_MAX,
  TCP_SKB_CB,
  TCP_TIMEOUT_INIT,
  TCPCB_EVER_RETRANS,
  TCPCB_LOST,
  TCPCB_RETRANS,
  TCPCB_SACKED_ACKED,
  TCPCB_SACKED_RETRANS,
  TCPOLEN_MSS,
  TCPOLEN_MSS_ALIGNED,
  TCPOLEN_SACK_BASE,
  TCPOLEN_SACK_BASE_ALIGNED,
  TCPOLEN_SACK_PERBLOCK,
  TCPOLEN_SACK_PERM,
  TCPOLEN_SACKPERM_ALIGNED,
  TCPOLEN_TIMESTAMP,
  TCPOLEN_TSTAMP_ALIGNED,
  TCPOLEN_WINDOW,
  TCPOLEN_WSCALE_ALIGNED,
  TCPOPT_MSS,
  TCPOPT_NOP,
  TCPOPT_SACK,
  TCPOPT_SACK_PERM,
  TCPOPT_TIMESTAMP,
  TCPOPT_WINDOW,
  tcp_add_write_queue_tail,
  tcp_advance_send_head,
  tcp_bound_to_half_wnd,
  tcp_ca_event,
  tcp_clear_retrans_hints_partial,
  tcp_current_ssthresh,
  tcp_dec_quickack_mode,
  tcp_full_space,
  tcp_highest_sack_combine,
  tcp_highest_sack_seq,
  tcp_init_wl,
  tcp_insert_write_queue_after,
  tcp_insert_write_queue_before,
  tcp_is_fack,
  tcp_is_reno,
  tcp_max_burst,
  tcp_minshall_update,
  tcp_packets_in_flight,
  tcp_receive_window,
  tcp_send_head,
  tcp_skb_is_last,
  tcp_skb_mss,
  tcp_skb_pcount,
  tcp_space,
  tcp_time_stamp,
  tcp_unlink_write_queue,
  tcp_wnd_end,
  tcp_write_queue_head,
  tcp_write_queue_tail,
  tcp_xv,
} from '../../include/net/tcp';
import { csum_block_add, csum_block_sub, csum_partial, csum_partial_copy_nocheck } from '../../lib/checksum';
import { put_page } from '../../mm/swap';
import {
  alloc_skb,
  alloc_skb_fclone,
  pskb_copy,
  pskb_expand_head,
  pskb_trim,
  skb_clone,
  skb_copy,
  skb_copy_and_csum_bits,
  skb_copy_bits,
  skb_pull,
  skb_push,
  skb_put,
  skb_split,
  skb_trim,
} from '../core/skbuff';
import { sk_reset_timer, sk_wmem_free_skb, skb_set_owner_w, sock_wmalloc, tcp_memory } from '../core/sock';
import { inet_csk_reset_xmit_timer } from './inet_connection_sock';
import { cookie_init_timestamp } from './syncookies';
import { sk_stream_alloc_skb } from './tcp';
import {
  tcp_clear_retrans,
  tcp_cwnd_application_limited,
  tcp_enter_cwr,
  tcp_init_cwnd,
  tcp_initialize_rcv_mss,
} from './tcp_input';

const OPTION_SACK_ADVERTISE = 1;
const OPTION_TS = 2;
const OPTION_WSCALE = 8;

/** Options that a header is going to carry. Lives on the stack of tcp_transmit_skb. */
export interface tcp_out_options {
  /** Which, OPTION_ bits. */
  options: number;
  /** Window scale to offer, 0: none. */
  ws: number;
  num_sack_blocks: number;
  /** MSS to offer, 0: none. */
  mss: number;
  tsval: number;
  tsecr: number;
}

const no_options = (): tcp_out_options => ({ options: 0, ws: 0, num_sack_blocks: 0, mss: 0, tsval: 0, tsecr: 0 });
const af_ops = (sk: sock): inet_connection_sock_af_ops => inet_csk(sk).icsk_af_ops as inet_connection_sock_af_ops;

/**
 * An skb with new data has left: the send head moves on, `snd_nxt` and `packets_out` grow, and if nothing was in flight
 * the retransmission timer is armed.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_event_new_data_sent(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  const prior_packets = tp.packets_out;
  tcp_advance_send_head(sk, skb);
  tp.snd_nxt = TCP_SKB_CB(skb).end_seq;
  if (tp.frto_counter === 2) tp.frto_counter = 3;
  tp.packets_out += tcp_skb_pcount(skb);
  if (prior_packets === 0) inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk).icsk_rto, TCP_RTO_MAX);
}

/**
 * Sequence number for a segment without data: `snd_nxt`, unless the peer shrank its window below it.
 * @modelled net/ipv4/tcp_output.c
 * @cost 4
 */
export function tcp_acceptable_seq(sk: sock): number {
  const tp = tcp_sk(sk);
  return before(tcp_wnd_end(tp), tp.snd_nxt) ? tcp_wnd_end(tp) : tp.snd_nxt;
}

/**
 * After an idle time longer than the timeout: cwnd is halved once a timeout, down to the initial window.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_cwnd_restart(sk: sock, dst: dst_entry | null): void {
  const tp = tcp_sk(sk);
  const rto = inet_csk(sk).icsk_rto;
  let delta = jiffies() - tp.lsndtime;
  let restart_cwnd = tcp_init_cwnd(tp, dst);
  let cwnd = tp.snd_cwnd;
  tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
  tp.snd_ssthresh = tcp_current_ssthresh(sk);
  restart_cwnd = Math.min(restart_cwnd, cwnd);
  delta -= rto;
  while (delta > 0 && cwnd > restart_cwnd) {
    cwnd >>>= 1;
    delta -= rto;
  }
  tp.snd_cwnd = Math.max(cwnd, restart_cwnd);
  tp.snd_cwnd_stamp = jiffies();
  tp.snd_cwnd_used = 0;
}

/**
 * A segment with data leaves: restarts cwnd after an idle time, and notes whether it answers what was just received
 * (then ACKs are worth delaying: `pingpong`).
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_event_data_sent(tp: tcp_sock, _skb: sk_buff, sk: sock): void {
  const icsk = inet_csk(sk);
  const now = jiffies();
  if (sysctl_tcp_slow_start_after_idle() !== 0 && tp.packets_out === 0 && now - tp.lsndtime > icsk.icsk_rto) {
    tcp_cwnd_restart(sk, __sk_dst_get(sk));
  }
  tp.lsndtime = now;
  if (now - icsk.icsk_ack.lrcvtime < icsk.icsk_ack.ato) icsk.icsk_ack.pingpong = true;
}

/**
 * A segment with an ACK leaves: no other is due.
 * @modelled net/ipv4/tcp_output.c
 * @cost 5
 */
export function tcp_event_ack_sent(sk: sock, pkts: number): void {
  tcp_dec_quickack_mode(sk, pkts);
  inet_csk_clear_xmit_timer(sk, ICSK_TIME_DACK);
}

/** What tcp_select_initial_window works out; C writes it through pointers. */
export interface initial_window {
  /** First window to offer, bytes. */
  rcv_wnd: number;
  /** Largest window ever to offer, bytes. */
  window_clamp: number;
  /** Shift of windows, 0…14. */
  rcv_wscale: number;
}

/**
 * First window to offer, its clamp and its scale, from the receive space `space` (bytes) and the MSS. `init_rcv_wnd` is the
 * route's wish in segments, 0: none.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_select_initial_window(
  __space: number,
  mss: number,
  window_clamp: number,
  wscale_ok: boolean,
  init_rcv_wnd: number,
): initial_window {
  let clamp = window_clamp === 0 ? 65535 << 14 : window_clamp;
  let space = Math.min(clamp, Math.max(__space, 0));
  if (space > mss) space = Math.trunc(space / mss) * mss;
  let rcv_wnd = sysctl_tcp_workaround_signed_windows() !== 0 ? Math.min(space, MAX_TCP_WINDOW) : space;
  let rcv_wscale = 0;
  if (wscale_ok) {
    space = Math.min(Math.max(sysctl_tcp_rmem.at(2), sysctl_rmem_max()), clamp);
    while (space > 65535 && rcv_wscale < TCP_MAX_WSCALE) {
      space >>>= 1;
      rcv_wscale++;
    }
  }
  if (mss > 1 << rcv_wscale) {
    let init_cwnd = TCP_DEFAULT_INIT_RCVWND;
    if (mss > 1460) init_cwnd = Math.max(Math.trunc((1460 * TCP_DEFAULT_INIT_RCVWND) / mss), 2);
    rcv_wnd = Math.min(rcv_wnd, (init_rcv_wnd !== 0 ? init_rcv_wnd : init_cwnd) * mss);
  }
  clamp = Math.min(65535 * 2 ** rcv_wscale, clamp);
  return { rcv_wnd, window_clamp: clamp, rcv_wscale };
}

/**
 * The window field of a header (already scaled). What was offered before is never taken back.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_select_window(sk: sock): number {
  const tp = tcp_sk(sk);
  const cur_win = tcp_receive_window(tp);
  let new_win = __tcp_select_window(sk);
  const wscale = tp.rx_opt.rcv_wscale;
  if (new_win < cur_win) {
    const unit = 1 << wscale;
    new_win = Math.ceil(cur_win / unit) * unit;
  }
  tp.rcv_wnd = new_win;
  tp.rcv_wup = tp.rcv_nxt;
  if (wscale === 0 && sysctl_tcp_workaround_signed_windows() !== 0) new_win = Math.min(new_win, MAX_TCP_WINDOW);
  else new_win = Math.min(new_win, 65535 * 2 ** wscale);
  new_win = Math.floor(new_win / 2 ** wscale);
  if (new_win === 0) tp.pred_flags = 0;
  return new_win;
}

/**
 * Marks the packet as ECN-capable where that is due, and tells the peer of congestion (CWR, ECE).
 * @modelled net/ipv4/tcp_output.c
 * @omits INET_ECN_xmit: a macro that sets the two bits in inet_sock.tos
 * @cost 5
 */
export function TCP_ECN_send(sk: sock, skb: sk_buff, tcp_header_len: number): void {
  const tp = tcp_sk(sk);
  if ((tp.ecn_flags & TCP_ECN_OK) === 0) return;
  const th = new tcphdr(skb.transport_header);
  const inet = inet_sk(sk);
  if (skb.len !== tcp_header_len && !before(TCP_SKB_CB(skb).seq, tp.snd_nxt)) {
    inet.tos |= 2;
    if ((tp.ecn_flags & TCP_ECN_QUEUE_CWR) !== 0) {
      tp.ecn_flags &= ~TCP_ECN_QUEUE_CWR;
      th.flags |= TCPHDR_CWR;
      skb_shinfo(skb).gso_type |= SKB_GSO_TCP_ECN;
    }
  } else {
    inet.tos &= ~3;
  }
  if ((tp.ecn_flags & TCP_ECN_DEMAND_CWR) !== 0) th.flags |= TCPHDR_ECE;
}

/**
 * A SYN-ACK for a SYN that crossed ours: says ECE only if the peer asked for ECN.
 * @modelled net/ipv4/tcp_output.c
 * @cost 2
 */
export function TCP_ECN_send_synack(tp: tcp_sock, skb: sk_buff): void {
  const tcb = TCP_SKB_CB(skb);
  tcb.flags &= ~TCPHDR_CWR;
  if ((tp.ecn_flags & TCP_ECN_OK) === 0) tcb.flags &= ~TCPHDR_ECE;
}

/**
 * A SYN asks for ECN where that is wanted (RFC 3168 section 6.1.1).
 * @modelled net/ipv4/tcp_output.c
 * @cost 2
 */
export function TCP_ECN_send_syn(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  tp.ecn_flags = 0;
  if (sysctl_tcp_ecn() === 1) {
    TCP_SKB_CB(skb).flags |= TCPHDR_ECE | TCPHDR_CWR;
    tp.ecn_flags = TCP_ECN_OK;
  }
}

/**
 * A SYN-ACK agrees to ECN if its request did.
 * @modelled net/ipv4/tcp_output.c
 * @cost 2
 */
export function TCP_ECN_make_synack(req: request_sock, th: tcphdr): void {
  if (inet_rsk(req).ecn_ok) th.flags |= TCPHDR_ECE;
}

/**
 * Prepares the control block of a segment without data. SYN and FIN take one sequence number.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_init_nondata_skb(skb: sk_buff, seq: number, flags: number): void {
  const shinfo = skb_shinfo(skb);
  const tcb = TCP_SKB_CB(skb);
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb.csum = 0;
  tcb.flags = flags;
  tcb.sacked = 0;
  shinfo.gso_segs = 1;
  shinfo.gso_size = 0;
  shinfo.gso_type = 0;
  tcb.seq = seq;
  tcb.end_seq = (flags & (TCPHDR_SYN | TCPHDR_FIN)) !== 0 ? seqAdd(seq, 1) : seq;
}

/**
 * The connection has urgent data that is not acknowledged.
 * @modelled net/ipv4/tcp_output.c
 * @cost 2
 */
export function tcp_urg_mode(tp: tcp_sock): boolean {
  return tp.snd_una !== tp.snd_up;
}

/**
 * Writes the options behind the fixed header at `ptr`, padded to words: MSS, SACK permitted, timestamps, window scale, SACK blocks.
 * @modelled net/ipv4/tcp_output.c
 * @omits MD5 signature and cookie options: not configured
 * @cost 20
 */
export function tcp_options_write(ptr: number, tp: tcp_sock, opts: tcp_out_options): void {
  let at = ptr;
  let options = opts.options;
  if (opts.mss !== 0) {
    heap.writeBe32(at, (TCPOPT_MSS << 24) | (TCPOLEN_MSS << 16) | opts.mss);
    at += 4;
  }
  if ((options & OPTION_TS) !== 0) {
    const timestamp = (TCPOPT_TIMESTAMP << 8) | TCPOLEN_TIMESTAMP;
    if ((options & OPTION_SACK_ADVERTISE) !== 0) {
      heap.writeBe32(at, (TCPOPT_SACK_PERM << 24) | (TCPOLEN_SACK_PERM << 16) | timestamp);
      options &= ~OPTION_SACK_ADVERTISE;
    } else {
      heap.writeBe32(at, (TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | timestamp);
    }
    heap.writeBe32(at + 4, opts.tsval);
    heap.writeBe32(at + 8, opts.tsecr);
    at += 12;
  }
  if ((options & OPTION_SACK_ADVERTISE) !== 0) {
    heap.writeBe32(at, (TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | (TCPOPT_SACK_PERM << 8) | TCPOLEN_SACK_PERM);
    at += 4;
  }
  if ((options & OPTION_WSCALE) !== 0) {
    heap.writeBe32(at, (TCPOPT_NOP << 24) | (TCPOPT_WINDOW << 16) | (TCPOLEN_WINDOW << 8) | opts.ws);
    at += 4;
  }
  if (opts.num_sack_blocks > 0) {
    const length = TCPOLEN_SACK_BASE + opts.num_sack_blocks * TCPOLEN_SACK_PERBLOCK;
    heap.writeBe32(at, (TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | (TCPOPT_SACK << 8) | length);
    at += 4;
    const duplicates = tp.rx_opt.dsack ? 1 : 0;
    for (let block = 0; block < opts.num_sack_blocks; block++) {
      const sp = block < duplicates ? tp.duplicate_sack.at(0) : tp.selective_acks.at(block - duplicates);
      heap.writeBe32(at, sp.start_seq);
      heap.writeBe32(at + 4, sp.end_seq);
      at += 8;
    }
    tp.rx_opt.dsack = false;
  }
}

/**
 * Works out the options of an ordinary segment. Without an skb only their length counts. Returns bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_established_options(sk: sock, skb: sk_buff | null, opts: tcp_out_options): number {
  const tp = tcp_sk(sk);
  let size = 0;
  if (tp.rx_opt.tstamp_ok) {
    opts.options |= OPTION_TS;
    opts.tsval = skb === null ? 0 : TCP_SKB_CB(skb).when;
    opts.tsecr = tp.rx_opt.ts_recent;
    size += TCPOLEN_TSTAMP_ALIGNED;
  }
  const eff_sacks = tp.rx_opt.num_sacks + (tp.rx_opt.dsack ? 1 : 0);
  if (eff_sacks > 0) {
    const remaining = MAX_TCP_OPTION_SPACE - size;
    opts.num_sack_blocks = Math.min(
      eff_sacks,
      TCP_NUM_SACKS,
      Math.trunc((remaining - TCPOLEN_SACK_BASE_ALIGNED) / TCPOLEN_SACK_PERBLOCK),
    );
    size += TCPOLEN_SACK_BASE_ALIGNED + opts.num_sack_blocks * TCPOLEN_SACK_PERBLOCK;
  }
  return size;
}

/**
 * Gives an skb its TCP header and hands it to the network layer. With `clone_it` the skb stays on the write queue and a
 * clone goes down: header clones share the payload; if an older clone still lives, the linear part is copied.
 * Returns 0, a negative errno, or a positive qdisc verdict (the packet is gone: cwnd was cut).
 * @modelled net/ipv4/tcp_output.c
 * @omits TCP_ADD_STATS: SNMP counters
 * @cost 40
 */
export function* tcp_transmit_skb(sk: sock, skb: sk_buff, clone_it: number, gfp_mask: number): Kgen<number> {
  const icsk = inet_csk(sk);
  const inet = inet_sk(sk);
  const tp = tcp_sk(sk);
  let out: sk_buff | null = skb;
  if (icsk.icsk_ca_ops !== null && (icsk.icsk_ca_ops.flags & TCP_CONG_RTT_STAMP) !== 0) __net_timestamp(skb);
  if (clone_it !== 0) {
    out = skb_cloned(skb) ? pskb_copy(skb, gfp_mask) : skb_clone(skb, gfp_mask);
    if (out === null) return -ENOBUFS;
  }
  const tcb = TCP_SKB_CB(out);
  const opts = no_options();
  const is_syn = (tcb.flags & TCPHDR_SYN) !== 0;
  const tcp_options_size = is_syn ? tcp_syn_options(sk, out, opts) : tcp_established_options(sk, out, opts);
  const tcp_header_size = tcp_options_size + tcphdr.size;

  if (tcp_packets_in_flight(tp) === 0) {
    tcp_ca_event(sk, CA_EVENT_TX_START);
    out.ooo_okay = true;
  } else {
    out.ooo_okay = false;
  }

  skb_push(out, tcp_header_size);
  skb_reset_transport_header(out);
  skb_set_owner_w(out, sk);

  const th = new tcphdr(out.transport_header);
  th.source = inet.inet_sport;
  th.dest = inet.inet_dport;
  th.seq = tcb.seq;
  th.ack_seq = tp.rcv_nxt;
  th.doff_res = (tcp_header_size >> 2) << 4;
  th.flags = tcb.flags;
  th.window = is_syn ? Math.min(tp.rcv_wnd, 65535) : tcp_select_window(sk);
  th.check = 0;
  th.urg_ptr = 0;
  if (tcp_urg_mode(tp) && before(tcb.seq, tp.snd_up)) {
    if (before(tp.snd_up, tcb.seq + 0x10000)) {
      th.urg_ptr = tp.snd_up - tcb.seq;
      th.flags |= TCPHDR_URG;
    } else if (after(tcb.seq + 0xffff, tp.snd_nxt)) {
      th.urg_ptr = 0xffff;
      th.flags |= TCPHDR_URG;
    }
  }
  tcp_options_write(th.$addr + tcphdr.size, tp, opts);
  if (!is_syn) TCP_ECN_send(sk, out, tcp_header_size);

  af_ops(sk).send_check(sk, out);
  if ((tcb.flags & TCPHDR_ACK) !== 0) tcp_event_ack_sent(sk, tcp_skb_pcount(out));
  if (out.len !== tcp_header_size) tcp_event_data_sent(tp, out, sk);

  const err = yield* af_ops(sk).queue_xmit(out);
  if (err <= 0) return err;
  tcp_enter_cwr(sk, 1);
  return err === NET_XMIT_CN ? 0 : err;
}

/**
 * Puts an skb that is already filled on the write queue, charged to the socket.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_queue_skb(sk: sock, skb: sk_buff): void {
  tcp_sk(sk).write_seq = TCP_SKB_CB(skb).end_seq;
  skb_header_release(skb);
  tcp_add_write_queue_tail(sk, skb);
  sk.sk_wmem_queued += skb.truesize;
  sk_mem_charge(sk, skb.truesize);
}

/**
 * Notes into how many segments of at most `mss_now` bytes an skb will be cut.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_set_skb_tso_segs(sk: sock, skb: sk_buff, mss_now: number): void {
  const shinfo = skb_shinfo(skb);
  if (skb.len <= mss_now || !sk_can_gso(sk) || skb.ip_summed === CHECKSUM_NONE) {
    shinfo.gso_segs = 1;
    shinfo.gso_size = 0;
    shinfo.gso_type = 0;
  } else {
    shinfo.gso_segs = Math.ceil(skb.len / mss_now);
    shinfo.gso_size = mss_now;
    shinfo.gso_type = sk.sk_gso_type;
  }
}

/**
 * Takes `decr` segments of an skb below the highest SACK out of that count.
 * @modelled net/ipv4/tcp_output.c
 * @cost 4
 */
export function tcp_adjust_fackets_out(sk: sock, skb: sk_buff, decr: number): void {
  const tp = tcp_sk(sk);
  if (tp.sacked_out === 0 || tcp_is_reno(tp)) return;
  if (after(tcp_highest_sack_seq(tp), TCP_SKB_CB(skb).seq)) tp.fackets_out -= decr;
}

/**
 * An skb that was sent already now stands for `decr` segments less: corrects every count it is part of.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_adjust_pcount(sk: sock, skb: sk_buff, decr: number): void {
  const tp = tcp_sk(sk);
  const tcb = TCP_SKB_CB(skb);
  tp.packets_out -= decr;
  if ((tcb.sacked & TCPCB_SACKED_ACKED) !== 0) tp.sacked_out -= decr;
  if ((tcb.sacked & TCPCB_SACKED_RETRANS) !== 0) tp.retrans_out -= decr;
  if ((tcb.sacked & TCPCB_LOST) !== 0) tp.lost_out -= decr;
  if (tcp_is_reno(tp) && decr > 0) tp.sacked_out -= Math.min(tp.sacked_out, decr);
  tcp_adjust_fackets_out(sk, skb, decr);
  const hint = tp.lost_skb_hint;
  if (
    hint !== null &&
    before(tcb.seq, TCP_SKB_CB(hint).seq) &&
    (tcp_is_fack(tp) || (tcb.sacked & TCPCB_SACKED_ACKED) !== 0)
  ) {
    tp.lost_cnt_hint -= decr;
  }
}

/**
 * Splits an skb on the write queue after `len` bytes; the rest becomes a new skb behind it. PSH and FIN go with the rest.
 * Returns 0 or -ENOMEM.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_fragment(sk: sock, skb: sk_buff, len: number, mss_now: number): number {
  const tp = tcp_sk(sk);
  const tcb = TCP_SKB_CB(skb);
  if (len > skb.len) throw new Error(`tcp_fragment: ${len} bytes of an skb of ${skb.len}`);
  const nsize = Math.max(skb_headlen(skb) - len, 0);
  if (skb_cloned(skb) && skb_is_nonlinear(skb) && pskb_expand_head(skb, 0, 0, GFP_ATOMIC) !== 0) return -ENOMEM;

  const buff = sk_stream_alloc_skb(sk, nsize, GFP_ATOMIC);
  if (buff === null) return -ENOMEM;
  sk.sk_wmem_queued += buff.truesize;
  sk_mem_charge(sk, buff.truesize);
  const nlen = skb.len - len - nsize;
  buff.truesize += nlen;
  skb.truesize -= nlen;

  const ncb = TCP_SKB_CB(buff);
  ncb.seq = tcb.seq + len;
  ncb.end_seq = tcb.end_seq;
  tcb.end_seq = ncb.seq;
  ncb.flags = tcb.flags;
  tcb.flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
  ncb.sacked = tcb.sacked;

  if (skb_shinfo(skb).nr_frags === 0 && skb.ip_summed !== CHECKSUM_PARTIAL) {
    const to = skb_put(buff, nsize);
    buff.csum = csum_partial_copy_nocheck(skb.data + len, to, nsize, 0);
    skb_trim(skb, len);
    skb.csum = csum_block_sub(skb.csum, buff.csum, len);
  } else {
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb_split(skb, buff, len);
  }
  buff.ip_summed = skb.ip_summed;
  ncb.when = tcb.when;
  buff.tstamp = skb.tstamp;

  const old_factor = tcp_skb_pcount(skb);
  tcp_set_skb_tso_segs(sk, skb, mss_now);
  tcp_set_skb_tso_segs(sk, buff, mss_now);
  if (!before(tp.snd_nxt, ncb.end_seq)) {
    const diff = old_factor - tcp_skb_pcount(skb) - tcp_skb_pcount(buff);
    if (diff !== 0) tcp_adjust_pcount(sk, skb, diff);
  }
  skb_header_release(buff);
  tcp_insert_write_queue_after(skb, buff, sk);
  return 0;
}

/**
 * Drops `len` bytes of page fragments in front; the linear part must be empty by then or goes as well.
 * @modelled net/ipv4/tcp_output.c
 */
export function __pskb_trim_head(skb: sk_buff, len: number): void {
  const shinfo = skb_shinfo(skb);
  let eat = len;
  let k = 0;
  for (let i = 0; i < shinfo.nr_frags; i++) {
    const frag = shinfo.frags.at(i);
    if (frag.size <= eat) {
      eat -= frag.size;
      if (frag.page !== null) put_page(frag.page);
      heap.release(frag);
    } else {
      if (eat > 0) {
        frag.page_offset += eat;
        frag.size -= eat;
        eat = 0;
      }
      shinfo.frags.set(k, frag);
      k++;
    }
  }
  while (shinfo.frags.length > k) shinfo.frags.removeAt(shinfo.frags.length - 1);
  shinfo.nr_frags = k;
  skb_reset_tail_pointer(skb);
  skb.data_len -= len;
  skb.len = skb.data_len;
}

/**
 * Removes the acknowledged first `len` bytes of an skb on the write queue. Returns 0 or -ENOMEM.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_trim_head(sk: sock, skb: sk_buff, len: number): number {
  if (skb_cloned(skb) && pskb_expand_head(skb, 0, 0, GFP_ATOMIC) !== 0) return -ENOMEM;
  if (len < skb_headlen(skb)) __skb_pull(skb, len);
  else __pskb_trim_head(skb, len - skb_headlen(skb));
  TCP_SKB_CB(skb).seq += len;
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb.truesize -= len;
  sk.sk_wmem_queued -= len;
  sk_mem_uncharge(sk, len);
  sk.sk_flags |= SOCK_QUEUE_SHRUNK;
  if (tcp_skb_pcount(skb) > 1) tcp_set_skb_tso_segs(sk, skb, tcp_current_mss(sk));
  return 0;
}

/**
 * Payload of a segment that fits `pmtu`: without IP and TCP headers and the usual options. Bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_mtu_to_mss(sk: sock, pmtu: number): number {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  let mss_now = pmtu - af_ops(sk).net_header_len - tcphdr.size;
  if (mss_now > tp.rx_opt.mss_clamp) mss_now = tp.rx_opt.mss_clamp;
  mss_now -= icsk.icsk_ext_hdr_len;
  if (mss_now < 48) mss_now = 48;
  return mss_now - (tp.tcp_header_len - tcphdr.size);
}

/**
 * MTU that a segment of `mss` bytes of payload needs. Bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_mss_to_mtu(sk: sock, mss: number): number {
  return mss + tcp_sk(sk).tcp_header_len + inet_csk(sk).icsk_ext_hdr_len + af_ops(sk).net_header_len;
}

/**
 * Bounds of MTU probing for a new connection.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_mtup_init(sk: sock): void {
  const icsk = inet_csk(sk);
  icsk.icsk_mtup_enabled = sysctl_tcp_mtu_probing() > 1;
  icsk.icsk_mtup_search_high = tcp_sk(sk).rx_opt.mss_clamp + tcphdr.size + af_ops(sk).net_header_len;
  icsk.icsk_mtup_search_low = tcp_mss_to_mtu(sk, sysctl_tcp_base_mss());
  icsk.icsk_mtup_probe_size = 0;
}

/**
 * Sets the segment size from the path MTU and half of the peer's window. Returns it, bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_sync_mss(sk: sock, pmtu: number): number {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  if (icsk.icsk_mtup_search_high > pmtu) icsk.icsk_mtup_search_high = pmtu;
  let mss_now = tcp_mtu_to_mss(sk, pmtu);
  mss_now = tcp_bound_to_half_wnd(tp, mss_now);
  icsk.icsk_pmtu_cookie = pmtu;
  if (icsk.icsk_mtup_enabled) mss_now = Math.min(mss_now, tcp_mtu_to_mss(sk, icsk.icsk_mtup_search_low));
  tp.mss_cache = mss_now;
  return mss_now;
}

/**
 * Segment size for the next segment: follows a changed path MTU, and leaves room for SACK blocks. Bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_current_mss(sk: sock): number {
  const tp = tcp_sk(sk);
  const dst = __sk_dst_get(sk);
  let mss_now = tp.mss_cache;
  if (dst !== null) {
    const mtu = dst_mtu(dst);
    if (mtu !== inet_csk(sk).icsk_pmtu_cookie) mss_now = tcp_sync_mss(sk, mtu);
  }
  const header_len = tcp_established_options(sk, null, no_options()) + tcphdr.size;
  if (header_len !== tp.tcp_header_len) mss_now -= header_len - tp.tcp_header_len;
  return mss_now;
}

/**
 * Watches whether the sender fills its congestion window (RFC 2861).
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_cwnd_validate(sk: sock): void {
  const tp = tcp_sk(sk);
  if (tp.packets_out >= tp.snd_cwnd) {
    tp.snd_cwnd_used = 0;
    tp.snd_cwnd_stamp = jiffies();
    return;
  }
  if (tp.packets_out > tp.snd_cwnd_used) tp.snd_cwnd_used = tp.packets_out;
  if (sysctl_tcp_slow_start_after_idle() !== 0 && jiffies() - tp.snd_cwnd_stamp >= inet_csk(sk).icsk_rto) {
    tcp_cwnd_application_limited(sk);
  }
}

/**
 * How many bytes of an skb may leave at once: what cwnd allows (`cwnd`, segments) and the window has room for, whole
 * segments unless the skb ends there.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_mss_split_point(sk: sock, skb: sk_buff, mss_now: number, cwnd: number): number {
  const tp = tcp_sk(sk);
  const window = seqDiff(tcp_wnd_end(tp), TCP_SKB_CB(skb).seq);
  const cwnd_len = mss_now * cwnd;
  if (cwnd_len <= window && skb !== tcp_write_queue_tail(sk)) return cwnd_len;
  const needed = Math.min(skb.len, window);
  if (cwnd_len <= needed) return cwnd_len;
  return needed - (needed % mss_now);
}

/**
 * Segments that the congestion window still allows. A lone FIN always goes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_cwnd_test(tp: tcp_sock, skb: sk_buff): number {
  if ((TCP_SKB_CB(skb).flags & TCPHDR_FIN) !== 0 && tcp_skb_pcount(skb) === 1) return 1;
  const in_flight = tcp_packets_in_flight(tp);
  const cwnd = tp.snd_cwnd;
  return in_flight < cwnd ? cwnd - in_flight : 0;
}

/**
 * Segments of an skb, worked out anew when the MSS has changed or was never applied.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_init_tso_segs(sk: sock, skb: sk_buff, mss_now: number): number {
  let tso_segs = tcp_skb_pcount(skb);
  if (tso_segs === 0 || (tso_segs > 1 && tcp_skb_mss(skb) !== mss_now)) {
    tcp_set_skb_tso_segs(sk, skb, mss_now);
    tso_segs = tcp_skb_pcount(skb);
  }
  return tso_segs;
}

/**
 * A small segment is in flight and not acknowledged (Minshall).
 * @modelled net/ipv4/tcp_output.c
 * @cost 4
 */
export function tcp_minshall_check(tp: tcp_sock): boolean {
  return after(tp.snd_sml, tp.snd_una) && !after(tp.snd_sml, tp.snd_nxt);
}

/**
 * Nagle's rule, in Minshall's form, and TCP_CORK: true when a small segment has to wait.
 * @modelled net/ipv4/tcp_output.c
 * @cost 5
 */
export function tcp_nagle_check(tp: tcp_sock, skb: sk_buff, mss_now: number, nonagle: number): boolean {
  return (
    skb.len < mss_now &&
    ((nonagle & TCP_NAGLE_CORK) !== 0 || (nonagle === 0 && tp.packets_out !== 0 && tcp_minshall_check(tp)))
  );
}

/**
 * A single segment may be sent now as far as Nagle goes.
 * @modelled net/ipv4/tcp_output.c
 * @cost 5
 */
export function tcp_nagle_test(tp: tcp_sock, skb: sk_buff, cur_mss: number, nonagle: number): boolean {
  if ((nonagle & TCP_NAGLE_PUSH) !== 0) return true;
  if (tcp_urg_mode(tp) || tp.frto_counter === 2 || (TCP_SKB_CB(skb).flags & TCPHDR_FIN) !== 0) return true;
  return !tcp_nagle_check(tp, skb, cur_mss, nonagle);
}

/**
 * At least the first segment of the skb fits the peer's window.
 * @modelled net/ipv4/tcp_output.c
 * @cost 5
 */
export function tcp_snd_wnd_test(tp: tcp_sock, skb: sk_buff, cur_mss: number): boolean {
  const tcb = TCP_SKB_CB(skb);
  const end_seq = skb.len > cur_mss ? seqAdd(tcb.seq, cur_mss) : tcb.end_seq;
  return !after(end_seq, tcp_wnd_end(tp));
}

/**
 * Segments of an skb that all tests together allow now: Nagle, cwnd, window.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_snd_test(sk: sock, skb: sk_buff, cur_mss: number, nonagle: number): number {
  const tp = tcp_sk(sk);
  tcp_init_tso_segs(sk, skb, cur_mss);
  if (!tcp_nagle_test(tp, skb, cur_mss, nonagle)) return 0;
  const cwnd_quota = tcp_cwnd_test(tp, skb);
  return cwnd_quota !== 0 && !tcp_snd_wnd_test(tp, skb, cur_mss) ? 0 : cwnd_quota;
}

/**
 * Something new could be sent at once.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_may_send_now(sk: sock): boolean {
  const tp = tcp_sk(sk);
  const skb = tcp_send_head(sk);
  if (skb === null) return false;
  return tcp_snd_test(sk, skb, tcp_current_mss(sk), tcp_skb_is_last(sk, skb) ? tp.nonagle : TCP_NAGLE_PUSH) !== 0;
}

/**
 * Splits an unsent skb that has all its data in pages. Returns 0 or -ENOMEM.
 * @modelled net/ipv4/tcp_output.c
 */
export function tso_fragment(sk: sock, skb: sk_buff, len: number, mss_now: number, gfp: number): number {
  if (skb.len !== skb.data_len) return tcp_fragment(sk, skb, len, mss_now);
  const nlen = skb.len - len;
  const buff = sk_stream_alloc_skb(sk, 0, gfp);
  if (buff === null) return -ENOMEM;
  sk.sk_wmem_queued += buff.truesize;
  sk_mem_charge(sk, buff.truesize);
  buff.truesize += nlen;
  skb.truesize -= nlen;

  const tcb = TCP_SKB_CB(skb);
  const ncb = TCP_SKB_CB(buff);
  ncb.seq = tcb.seq + len;
  ncb.end_seq = tcb.end_seq;
  tcb.end_seq = ncb.seq;
  ncb.flags = tcb.flags;
  tcb.flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
  ncb.sacked = 0;

  buff.ip_summed = CHECKSUM_PARTIAL;
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb_split(skb, buff, len);
  tcp_set_skb_tso_segs(sk, skb, mss_now);
  tcp_set_skb_tso_segs(sk, buff, mss_now);
  skb_header_release(buff);
  tcp_insert_write_queue_after(skb, buff, sk);
  return 0;
}

/**
 * Holds back an skb of several segments in the hope of sending more of it at once. No timer backs this: the next ACK or
 * write looks again, and it is never put off for more than a jiffy after the first time.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_tso_should_defer(sk: sock, skb: sk_buff): boolean {
  const tp = tcp_sk(sk);
  let send_now =
    (TCP_SKB_CB(skb).flags & TCPHDR_FIN) !== 0 ||
    inet_csk(sk).icsk_ca_state !== TCP_CA_Open ||
    (tp.tso_deferred !== 0 && jiffies() - Math.floor(tp.tso_deferred / 2) > 1);
  if (!send_now) {
    const in_flight = tcp_packets_in_flight(tp);
    const send_win = seqDiff(tcp_wnd_end(tp), TCP_SKB_CB(skb).seq);
    const cong_win = (tp.snd_cwnd - in_flight) * tp.mss_cache;
    const limit = Math.min(send_win, cong_win);
    if (limit >= sk.sk_gso_max_size) {
      send_now = true;
    } else if (skb !== tcp_write_queue_tail(sk) && limit >= skb.len) {
      send_now = true;
    } else {
      const win_divisor = sysctl_tcp_tso_win_divisor();
      if (win_divisor !== 0) {
        const chunk = Math.trunc(Math.min(tp.snd_wnd, tp.snd_cwnd * tp.mss_cache) / win_divisor);
        send_now = limit >= chunk;
      } else {
        send_now = limit > tcp_max_burst(tp) * tp.mss_cache;
      }
    }
  }
  tp.tso_deferred = send_now ? 0 : jiffies() * 2 + 1;
  return !send_now;
}

/**
 * Moves the first `probe_size` bytes that wait into `nskb`.
 * @model the loop in tcp_mtu_probe
 */
function fill_probe(sk: sock, nskb: sk_buff, probe_size: number, mss_now: number): void {
  const ncb = TCP_SKB_CB(nskb);
  let len = 0;
  for (let skb = nskb.next; skb !== null && len < probe_size; ) {
    const { next } = skb;
    const cb = TCP_SKB_CB(skb);
    const copy = Math.min(skb.len, probe_size - len);
    const to = skb_put(nskb, copy);
    if (nskb.ip_summed !== CHECKSUM_NONE) {
      skb_copy_bits(skb, 0, to, copy);
    } else {
      nskb.csum = csum_block_add(nskb.csum, skb_copy_and_csum_bits(skb, 0, to, copy, 0), len);
    }
    if (skb.len <= copy) {
      ncb.flags |= cb.flags;
      tcp_unlink_write_queue(skb, sk);
      sk_wmem_free_skb(sk, skb);
    } else {
      ncb.flags |= cb.flags & ~(TCPHDR_FIN | TCPHDR_PSH);
      if (skb_shinfo(skb).nr_frags === 0) {
        skb_pull(skb, copy);
        if (skb.ip_summed !== CHECKSUM_PARTIAL) skb.csum = csum_partial(skb.data, skb.len, 0);
      } else {
        __pskb_trim_head(skb, copy);
        tcp_set_skb_tso_segs(sk, skb, mss_now);
      }
      cb.seq += copy;
    }
    len += copy;
    skb = next;
  }
}

/**
 * Tries a segment twice as long, made of data that waits (RFC 4821): if it arrives, the path takes such packets. −1: no probe; 0:
 * wait until there is room for one; 1: sent.
 * @modelled net/ipv4/tcp_output.c
 * @cost 6
 */
export function* tcp_mtu_probe(sk: sock): Kgen<number> {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  if (
    !icsk.icsk_mtup_enabled ||
    icsk.icsk_mtup_probe_size !== 0 ||
    icsk.icsk_ca_state !== TCP_CA_Open ||
    tp.snd_cwnd < 11 ||
    tp.rx_opt.num_sacks !== 0 ||
    tp.rx_opt.dsack
  ) {
    return -1;
  }
  const mss_now = tcp_current_mss(sk);
  const probe_size = 2 * tp.mss_cache;
  const size_needed = probe_size + (tp.reordering + 1) * tp.mss_cache;
  if (probe_size > tcp_mtu_to_mss(sk, icsk.icsk_mtup_search_high)) return -1;
  if (seqDiff(tp.write_seq, tp.snd_nxt) < size_needed || tp.snd_wnd < size_needed) return -1;
  if (after(seqAdd(tp.snd_nxt, size_needed), tcp_wnd_end(tp))) return 0;
  const in_flight = tcp_packets_in_flight(tp);
  if (in_flight + 2 > tp.snd_cwnd) return in_flight === 0 ? -1 : 0;

  const nskb = sk_stream_alloc_skb(sk, probe_size, GFP_ATOMIC);
  if (nskb === null) return -1;
  sk.sk_wmem_queued += nskb.truesize;
  sk_mem_charge(sk, nskb.truesize);
  const skb = tcp_send_head(sk) as sk_buff;
  const ncb = TCP_SKB_CB(nskb);
  ncb.seq = TCP_SKB_CB(skb).seq;
  ncb.end_seq = seqAdd(ncb.seq, probe_size);
  ncb.flags = TCPHDR_ACK;
  ncb.sacked = 0;
  nskb.csum = 0;
  nskb.ip_summed = skb.ip_summed;
  tcp_insert_write_queue_before(nskb, skb, sk);
  fill_probe(sk, nskb, probe_size, mss_now);
  tcp_init_tso_segs(sk, nskb, nskb.len);
  ncb.when = tcp_time_stamp();
  if ((yield* tcp_transmit_skb(sk, nskb, 1, GFP_ATOMIC)) !== 0) return -1;
  // It is as much as two segments.
  tp.snd_cwnd--;
  tcp_event_new_data_sent(sk, nskb);
  icsk.icsk_mtup_probe_size = tcp_mss_to_mtu(sk, nskb.len);
  tp.mtu_probe_seq_start = ncb.seq;
  tp.mtu_probe_seq_end = ncb.end_seq;
  return 1;
}

/**
 * Sends from the send head on, as much as cwnd, window, Nagle and TSO deferral allow; with `push_one` one skb only.
 * Returns true when nothing is in flight and yet data waits: then a window probe is due.
 * @modelled net/ipv4/tcp_output.c
 * @cost 20
 */
export function* tcp_write_xmit(
  sk: sock,
  mss_now: number,
  nonagle: number,
  push_one: number,
  gfp: number,
): Kgen<boolean> {
  const tp = tcp_sk(sk);
  let sent_pkts = 0;
  if (push_one === 0) {
    const result = yield* tcp_mtu_probe(sk);
    if (result === 0) return false;
    if (result > 0) sent_pkts = 1;
  }
  for (let skb = tcp_send_head(sk); skb !== null; skb = tcp_send_head(sk)) {
    const tso_segs = tcp_init_tso_segs(sk, skb, mss_now);
    const cwnd_quota = tcp_cwnd_test(tp, skb);
    if (cwnd_quota === 0) break;
    if (!tcp_snd_wnd_test(tp, skb, mss_now)) break;
    if (tso_segs === 1) {
      if (!tcp_nagle_test(tp, skb, mss_now, tcp_skb_is_last(sk, skb) ? nonagle : TCP_NAGLE_PUSH)) break;
    } else if (push_one === 0 && tcp_tso_should_defer(sk, skb)) {
      break;
    }
    let limit = mss_now;
    if (tso_segs > 1 && !tcp_urg_mode(tp)) limit = tcp_mss_split_point(sk, skb, mss_now, cwnd_quota);
    if (skb.len > limit && tso_fragment(sk, skb, limit, mss_now, gfp) !== 0) break;
    TCP_SKB_CB(skb).when = tcp_time_stamp();
    if ((yield* tcp_transmit_skb(sk, skb, 1, gfp)) !== 0) break;
    tcp_event_new_data_sent(sk, skb);
    tcp_minshall_update(tp, mss_now, skb);
    sent_pkts++;
    if (push_one !== 0) break;
  }
  if (sent_pkts > 0) {
    tcp_cwnd_validate(sk);
    return false;
  }
  return tp.packets_out === 0 && tcp_send_head(sk) !== null;
}

/**
 * Nothing is in flight, so no ACK will come to open the window: arms the probe timer unless a timer runs.
 * @modelled include/net/tcp.h
 */
export function tcp_check_probe_timer(sk: sock): void {
  const icsk = inet_csk(sk);
  if (tcp_sk(sk).packets_out === 0 && icsk.icsk_pending === 0) {
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, icsk.icsk_rto, TCP_RTO_MAX);
  }
}

/**
 * Sends what waits, with segments of `cur_mss` and the given Nagle setting.
 * @modelled net/ipv4/tcp_output.c
 */
export function* __tcp_push_pending_frames(sk: sock, cur_mss: number, nonagle: number): Kgen {
  if (sk.skc_state === TCP_CLOSE) return;
  if (yield* tcp_write_xmit(sk, cur_mss, nonagle, 0, GFP_ATOMIC)) tcp_check_probe_timer(sk);
}

/**
 * Sends what waits, if anything does.
 * @modelled include/net/tcp.h
 */
export function* tcp_push_pending_frames(sk: sock): Kgen {
  if (tcp_send_head(sk) !== null) {
    yield* __tcp_push_pending_frames(sk, tcp_current_mss(sk), tcp_sk(sk).nonagle);
  }
}

/**
 * Sends the one full skb at the send head, while the writer goes on filling the next.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_push_one(sk: sock, mss_now: number): Kgen {
  const skb = tcp_send_head(sk);
  if (skb === null || skb.len < mss_now) throw new Error('tcp_push_one without a full skb');
  yield* tcp_write_xmit(sk, mss_now, TCP_NAGLE_PUSH, 1, sk.sk_allocation);
}

/**
 * The receive window to offer, bytes: what free memory allows, held to `rcv_ssthresh`; 0 rather than less than a segment
 * (silly window avoidance).
 * @modelled net/ipv4/tcp_output.c
 */
export function __tcp_select_window(sk: sock): number {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  let mss = icsk.icsk_ack.rcv_mss;
  let free_space = tcp_space(sk);
  const full_space = Math.min(tp.window_clamp, tcp_full_space(sk));
  if (mss > full_space) mss = full_space;
  if (free_space < full_space >> 1) {
    icsk.icsk_ack.quick = 0;
    if (tcp_memory().memory_pressure) tp.rcv_ssthresh = Math.min(tp.rcv_ssthresh, 4 * tp.advmss);
    if (free_space < mss) return 0;
  }
  if (free_space > tp.rcv_ssthresh) free_space = tp.rcv_ssthresh;
  let window = tp.rcv_wnd;
  if (tp.rx_opt.rcv_wscale !== 0) {
    const unit = 1 << tp.rx_opt.rcv_wscale;
    window = Math.ceil(free_space / unit) * unit;
  } else if (window <= free_space - mss || window > free_space) {
    window = Math.trunc(free_space / mss) * mss;
  } else if (mss === full_space && free_space > window + (full_space >> 1)) {
    window = free_space;
  }
  return window;
}

/**
 * Merges the skb after `skb`, which must be small, linear and single, into it.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_collapse_retrans(sk: sock, skb: sk_buff): void {
  const tp = tcp_sk(sk);
  const next_skb = skb.next;
  if (next_skb === null) throw new Error('tcp_collapse_retrans: nothing follows');
  const skb_size = skb.len;
  const next_skb_size = next_skb.len;
  tcp_highest_sack_combine(sk, next_skb, skb);
  tcp_unlink_write_queue(next_skb, sk);
  memcpy(skb_put(skb, next_skb_size), next_skb.data, next_skb_size);
  if (next_skb.ip_summed === CHECKSUM_PARTIAL) skb.ip_summed = CHECKSUM_PARTIAL;
  if (skb.ip_summed !== CHECKSUM_PARTIAL) skb.csum = csum_block_add(skb.csum, next_skb.csum, skb_size);
  const tcb = TCP_SKB_CB(skb);
  const ncb = TCP_SKB_CB(next_skb);
  tcb.end_seq = ncb.end_seq;
  tcb.flags |= ncb.flags;
  tcb.sacked |= ncb.sacked & TCPCB_EVER_RETRANS;
  tcp_clear_retrans_hints_partial(tp);
  if (next_skb === tp.retransmit_skb_hint) tp.retransmit_skb_hint = skb;
  tcp_adjust_pcount(sk, next_skb, tcp_skb_pcount(next_skb));
  sk_wmem_free_skb(sk, next_skb);
}

/**
 * An skb may be merged with its neighbour for retransmission.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_can_collapse(sk: sock, skb: sk_buff): boolean {
  if (tcp_skb_pcount(skb) > 1) return false;
  if (skb_shinfo(skb).nr_frags !== 0) return false;
  if (skb_cloned(skb)) return false;
  if (skb === tcp_send_head(sk)) return false;
  return (TCP_SKB_CB(skb).sacked & TCPCB_SACKED_ACKED) === 0;
}

/**
 * Fills a segment that is going to be retransmitted up to `space` bytes with the small ones that follow.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_retrans_try_collapse(sk: sock, to: sk_buff, space: number): void {
  const tp = tcp_sk(sk);
  if (sysctl_tcp_retrans_collapse() === 0) return;
  if ((TCP_SKB_CB(to).flags & TCPHDR_SYN) !== 0) return;
  let left = space;
  let first = true;
  let skb: sk_buff | null = to;
  while (skb !== null) {
    const next: sk_buff | null = skb.next;
    if (!tcp_can_collapse(sk, skb)) break;
    left -= skb.len;
    if (first) {
      first = false;
    } else {
      if (left < 0) break;
      if (skb.len > skb_tailroom(to)) break;
      if (after(TCP_SKB_CB(skb).end_seq, tcp_wnd_end(tp))) break;
      tcp_collapse_retrans(sk, to);
    }
    skb = next;
  }
}

/**
 * Sends an skb of the write queue once more. Returns 0, a negative errno (nothing left the socket) or a positive qdisc verdict.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_retransmit_skb(sk: sock, skb: sk_buff): Kgen<number> {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  const tcb = TCP_SKB_CB(skb);
  if (icsk.icsk_mtup_probe_size !== 0) icsk.icsk_mtup_probe_size = 0;
  if (sk.sk_wmem_alloc > Math.min(sk.sk_wmem_queued + (sk.sk_wmem_queued >> 2), sk.sk_sndbuf)) return -EAGAIN;
  if (before(tcb.seq, tp.snd_una)) {
    if (before(tcb.end_seq, tp.snd_una)) throw new Error('tcp_retransmit_skb: the skb is acknowledged');
    if (tcp_trim_head(sk, skb, seqDiff(tp.snd_una, tcb.seq)) !== 0) return -ENOMEM;
  }
  if ((yield* af_ops(sk).rebuild_header(sk)) !== 0) return -EHOSTUNREACH;
  const cur_mss = tcp_current_mss(sk);
  if (!before(tcb.seq, tcp_wnd_end(tp)) && tcb.seq !== tp.snd_una) return -EAGAIN;
  if (skb.len > cur_mss) {
    if (tcp_fragment(sk, skb, cur_mss, cur_mss) !== 0) return -ENOMEM;
  } else {
    const oldpcount = tcp_skb_pcount(skb);
    if (oldpcount > 1) {
      tcp_init_tso_segs(sk, skb, cur_mss);
      tcp_adjust_pcount(sk, skb, oldpcount - tcp_skb_pcount(skb));
    }
  }
  tcp_retrans_try_collapse(sk, skb, cur_mss);
  if (skb.len > 0 && (tcb.flags & TCPHDR_FIN) !== 0 && tp.snd_una === seqAdd(tcb.end_seq, -1)) {
    if (pskb_trim(skb, 0) === 0) {
      tcp_init_nondata_skb(skb, seqAdd(tcb.end_seq, -1), tcb.flags);
      skb.ip_summed = CHECKSUM_NONE;
    }
  }
  tcb.when = tcp_time_stamp();
  const err = yield* tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
  if (err === 0) {
    tp.total_retrans++;
    if (tp.retrans_out === 0) tp.lost_retrans_low = tp.snd_nxt;
    tcb.sacked |= TCPCB_RETRANS;
    tp.retrans_out += tcp_skb_pcount(skb);
    if (tp.retrans_stamp === 0) tp.retrans_stamp = tcb.when;
    tp.undo_retrans++;
    tcb.ack_seq = tp.snd_nxt;
  }
  return err;
}

/**
 * Segments not marked lost may be retransmitted ahead of time: only in Recovery, with SACK, and when nothing new can go.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_can_forward_retransmit(sk: sock): boolean {
  if (inet_csk(sk).icsk_ca_state !== TCP_CA_Recovery) return false;
  if (tcp_is_reno(tcp_sk(sk))) return false;
  return !tcp_may_send_now(sk);
}

/**
 * Retransmits what is marked lost, then in Recovery also holes below the highest SACK, while cwnd allows.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_xmit_retransmit_queue(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  if (tp.packets_out === 0) return;
  if (tp.lost_out === 0) tp.retransmit_high = tp.snd_una;
  let skb = tp.retransmit_skb_hint;
  let last_lost = tp.snd_una;
  if (skb !== null) {
    last_lost = TCP_SKB_CB(skb).end_seq;
    if (after(last_lost, tp.retransmit_high)) last_lost = tp.retransmit_high;
  } else {
    skb = tcp_write_queue_head(sk);
  }
  let hole: sk_buff | null = null;
  let fwd_rexmitting = false;
  for (; skb !== null && skb !== tcp_send_head(sk); skb = skb.next) {
    const sacked = TCP_SKB_CB(skb).sacked;
    if (hole === null) tp.retransmit_skb_hint = skb;
    if (tcp_packets_in_flight(tp) >= tp.snd_cwnd) return;
    if (!fwd_rexmitting) {
      if (!before(TCP_SKB_CB(skb).seq, tp.retransmit_high)) {
        tp.retransmit_high = last_lost;
        if (!tcp_can_forward_retransmit(sk)) break;
        if (hole !== null) {
          skb = hole;
          hole = null;
        }
        fwd_rexmitting = true;
      } else if ((sacked & TCPCB_LOST) === 0) {
        if (hole === null && (sacked & (TCPCB_SACKED_RETRANS | TCPCB_SACKED_ACKED)) === 0) hole = skb;
        continue;
      } else {
        last_lost = TCP_SKB_CB(skb).end_seq;
      }
    }
    if (fwd_rexmitting && !before(TCP_SKB_CB(skb).seq, tcp_highest_sack_seq(tp))) break;
    if ((sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS)) !== 0) continue;
    if ((yield* tcp_retransmit_skb(sk, skb)) !== 0) return;
    if (skb === tcp_write_queue_head(sk)) {
      inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk).icsk_rto, TCP_RTO_MAX);
    }
  }
}

/**
 * Sends a FIN: on the last unsent skb, or as one of its own.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_fin(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  const tail = tcp_write_queue_tail(sk);
  const mss_now = tcp_current_mss(sk);
  if (tcp_send_head(sk) !== null && tail !== null) {
    TCP_SKB_CB(tail).flags |= TCPHDR_FIN;
    TCP_SKB_CB(tail).end_seq++;
    tp.write_seq++;
  } else {
    const skb = alloc_skb_fclone(MAX_TCP_HEADER, sk.sk_allocation) as sk_buff;
    skb_reserve(skb, MAX_TCP_HEADER);
    tcp_init_nondata_skb(skb, tp.write_seq, TCPHDR_ACK | TCPHDR_FIN);
    tcp_queue_skb(sk, skb);
  }
  yield* __tcp_push_pending_frames(sk, mss_now, TCP_NAGLE_OFF);
}

/**
 * Sends a reset because this side gives the connection up.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_active_reset(sk: sock, priority: number): Kgen {
  const skb = alloc_skb(MAX_TCP_HEADER, priority);
  if (skb === null) return;
  skb_reserve(skb, MAX_TCP_HEADER);
  tcp_init_nondata_skb(skb, tcp_acceptable_seq(sk), TCPHDR_ACK | TCPHDR_RST);
  TCP_SKB_CB(skb).when = tcp_time_stamp();
  yield* tcp_transmit_skb(sk, skb, 0, priority);
}

/**
 * Puts an ACK off by the adaptive timeout (40 ms and up), unless one was put off already and is nearly due.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_delayed_ack(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  const ack = icsk.icsk_ack;
  let ato = ack.ato;
  if (ato > TCP_DELACK_MIN) {
    const srtt = tcp_sk(sk).srtt;
    let max_ato = ack.pingpong || (ack.pending & ICSK_ACK_PUSHED) !== 0 ? TCP_DELACK_MAX : HZ / 2;
    if (srtt !== 0) max_ato = Math.min(max_ato, Math.max(srtt >>> 3, TCP_DELACK_MIN));
    ato = Math.min(ato, max_ato);
  }
  let timeout = jiffies() + ato;
  if ((ack.pending & ICSK_ACK_TIMER) !== 0) {
    if (ack.blocked || ack.timeout <= jiffies() + (ato >> 2)) {
      yield* tcp_send_ack(sk);
      return;
    }
    timeout = Math.min(timeout, ack.timeout);
  }
  ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
  ack.timeout = timeout;
  sk_reset_timer(sk, icsk.icsk_delack_timer, timeout);
}

/**
 * Sends an ACK on its own; without memory it is put off for 200 ms.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_ack(sk: sock): Kgen {
  if (sk.skc_state === TCP_CLOSE) return;
  const buff = alloc_skb(MAX_TCP_HEADER, GFP_ATOMIC);
  if (buff === null) {
    inet_csk_schedule_ack(sk);
    inet_csk(sk).icsk_ack.ato = TCP_ATO_MIN;
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, TCP_DELACK_MAX, TCP_RTO_MAX);
    return;
  }
  skb_reserve(buff, MAX_TCP_HEADER);
  tcp_init_nondata_skb(buff, tcp_acceptable_seq(sk), TCPHDR_ACK);
  TCP_SKB_CB(buff).when = tcp_time_stamp();
  yield* tcp_transmit_skb(sk, buff, 0, GFP_ATOMIC);
}

/**
 * Sends an empty segment that the peer must answer with an ACK: its sequence number is one already acknowledged (`urgent` 0) or
 * the one that carries the urgent pointer.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_xmit_probe_skb(sk: sock, urgent: number): Kgen<number> {
  const skb = alloc_skb(MAX_TCP_HEADER, GFP_ATOMIC);
  if (skb === null) return -1;
  skb_reserve(skb, MAX_TCP_HEADER);
  tcp_init_nondata_skb(skb, seqAdd(tcp_sk(sk).snd_una, urgent !== 0 ? 0 : -1), TCPHDR_ACK);
  TCP_SKB_CB(skb).when = tcp_time_stamp();
  return yield* tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC);
}

/**
 * Provokes an ACK: with data if some fits the window, else with an empty probe. Returns 0, a negative errno or a positive
 * qdisc verdict.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_write_wakeup(sk: sock): Kgen<number> {
  const tp = tcp_sk(sk);
  if (sk.skc_state === TCP_CLOSE) return -1;
  const skb = tcp_send_head(sk);
  if (skb !== null && before(TCP_SKB_CB(skb).seq, tcp_wnd_end(tp))) {
    const tcb = TCP_SKB_CB(skb);
    const mss = tcp_current_mss(sk);
    let seg_size = seqDiff(tcp_wnd_end(tp), tcb.seq);
    if (before(tp.pushed_seq, tcb.end_seq)) tp.pushed_seq = tcb.end_seq;
    if (seg_size < seqDiff(tcb.end_seq, tcb.seq) || skb.len > mss) {
      seg_size = Math.min(seg_size, mss);
      tcb.flags |= TCPHDR_PSH;
      if (tcp_fragment(sk, skb, seg_size, mss) !== 0) return -1;
    } else if (tcp_skb_pcount(skb) === 0) {
      tcp_set_skb_tso_segs(sk, skb, mss);
    }
    tcb.flags |= TCPHDR_PSH;
    tcb.when = tcp_time_stamp();
    const err = yield* tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
    if (err === 0) tcp_event_new_data_sent(sk, skb);
    return err;
  }
  if (between(tp.snd_up, tp.snd_una + 1, tp.snd_una + 0xffff)) yield* tcp_xmit_probe_skb(sk, 1);
  return yield* tcp_xmit_probe_skb(sk, 0);
}

/**
 * Probes a closed window, and arms the timer for the next probe: twice as late each time.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_probe0(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const err = yield* tcp_write_wakeup(sk);
  if (tp.packets_out !== 0 || tcp_send_head(sk) === null) {
    icsk.icsk_probes_out = 0;
    icsk.icsk_backoff = 0;
    return;
  }
  if (err <= 0) {
    if (icsk.icsk_backoff < sysctl_tcp_retries2()) icsk.icsk_backoff++;
    icsk.icsk_probes_out++;
    const when = Math.min(icsk.icsk_rto * 2 ** icsk.icsk_backoff, TCP_RTO_MAX);
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, when, TCP_RTO_MAX);
  } else {
    if (icsk.icsk_probes_out === 0) icsk.icsk_probes_out = 1;
    const when = Math.min(icsk.icsk_rto * 2 ** icsk.icsk_backoff, TCP_RESOURCE_PROBE_INTERVAL);
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, when, TCP_RTO_MAX);
  }
}

/**
 * MSS to offer the peer: the route's if it is smaller than the one offered before. Bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_advertise_mss(sk: sock): number {
  const tp = tcp_sk(sk);
  const dst = __sk_dst_get(sk);
  if (dst !== null) {
    const metric = dst_metric_advmss(dst);
    if (metric < tp.advmss) tp.advmss = metric;
  }
  return tp.advmss;
}

/**
 * Works out the options of a SYN: MSS, timestamps, window scale, SACK. Returns bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_syn_options(sk: sock, skb: sk_buff, opts: tcp_out_options): number {
  const tp = tcp_sk(sk);
  opts.mss = tcp_advertise_mss(sk);
  let size = TCPOLEN_MSS_ALIGNED;
  if (sysctl_tcp_timestamps() !== 0) {
    opts.options |= OPTION_TS;
    opts.tsval = TCP_SKB_CB(skb).when;
    opts.tsecr = tp.rx_opt.ts_recent;
    size += TCPOLEN_TSTAMP_ALIGNED;
  }
  if (sysctl_tcp_window_scaling() !== 0) {
    opts.ws = tp.rx_opt.rcv_wscale;
    opts.options |= OPTION_WSCALE;
    size += TCPOLEN_WSCALE_ALIGNED;
  }
  if (sysctl_tcp_sack() !== 0) {
    opts.options |= OPTION_SACK_ADVERTISE;
    if ((opts.options & OPTION_TS) === 0) size += TCPOLEN_SACKPERM_ALIGNED;
  }
  return size;
}

/**
 * Works out the options of the SYN-ACK for a request: MSS, and what the SYN had too. Returns bytes.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_synack_options(req: request_sock, mss: number, skb: sk_buff, opts: tcp_out_options): number {
  const ireq = inet_rsk(req);
  opts.mss = mss;
  let size = TCPOLEN_MSS_ALIGNED;
  if (ireq.wscale_ok) {
    opts.ws = ireq.rcv_wscale;
    opts.options |= OPTION_WSCALE;
    size += TCPOLEN_WSCALE_ALIGNED;
  }
  if (ireq.tstamp_ok) {
    opts.options |= OPTION_TS;
    opts.tsval = TCP_SKB_CB(skb).when;
    opts.tsecr = req.ts_recent;
    size += TCPOLEN_TSTAMP_ALIGNED;
  }
  if (ireq.sack_ok) {
    opts.options |= OPTION_SACK_ADVERTISE;
    if (!ireq.tstamp_ok) size += TCPOLEN_SACKPERM_ALIGNED;
  }
  return size;
}

/**
 * Answers a SYN that crossed ours: our SYN goes again, now with an ACK. 0, a negative errno, or a positive qdisc verdict.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_send_synack(sk: sock): Kgen<number> {
  let skb = tcp_write_queue_head(sk);
  if (skb === null || (TCP_SKB_CB(skb).flags & TCPHDR_SYN) === 0) return -EFAULT;
  if ((TCP_SKB_CB(skb).flags & TCPHDR_ACK) === 0) {
    if (skb_cloned(skb)) {
      const nskb = skb_copy(skb, GFP_ATOMIC);
      if (nskb === null) return -ENOMEM;
      tcp_unlink_write_queue(skb, sk);
      skb_header_release(nskb);
      __tcp_add_write_queue_head(sk, nskb);
      sk_wmem_free_skb(sk, skb);
      sk.sk_wmem_queued += nskb.truesize;
      sk_mem_charge(sk, nskb.truesize);
      skb = nskb;
    }
    TCP_SKB_CB(skb).flags |= TCPHDR_ACK;
    TCP_ECN_send_synack(tcp_sk(sk), skb);
  }
  TCP_SKB_CB(skb).when = tcp_time_stamp();
  return yield* tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
}

/**
 * Makes the SYN-ACK for a request. The first one chooses the window. Null: no memory.
 * @modelled net/ipv4/tcp_output.c
 * @omits TCP_ADD_STATS: SNMP counters
 * @cost 40
 */
export function tcp_make_synack(sk: sock, dst: dst_entry, req: request_sock, rvp: null): sk_buff | null {
  const ireq = inet_rsk(req);
  const treq = tcp_rsk(req);
  const tp = tcp_sk(sk);
  tcp_xv(rvp);
  const skb = sock_wmalloc(sk, MAX_TCP_HEADER + 15, 1, GFP_ATOMIC);
  if (skb === null) return null;
  skb_reserve(skb, MAX_TCP_HEADER);
  dst_hold(dst);
  skb_dst_set(skb, dst);

  let mss = dst_metric_advmss(dst);
  if (tp.rx_opt.user_mss !== 0 && tp.rx_opt.user_mss < mss) mss = tp.rx_opt.user_mss;
  if (req.rcv_wnd === 0) {
    let clamp = tp.window_clamp !== 0 ? tp.window_clamp : dst.window;
    if ((sk.sk_userlocks & SOCK_RCVBUF_LOCK) !== 0 && (clamp > tcp_full_space(sk) || clamp === 0)) {
      clamp = tcp_full_space(sk);
    }
    const payload = mss - (ireq.tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0);
    const first = tcp_select_initial_window(tcp_full_space(sk), payload, clamp, ireq.wscale_ok, dst.initrwnd);
    req.rcv_wnd = first.rcv_wnd;
    req.window_clamp = first.window_clamp;
    ireq.rcv_wscale = first.rcv_wscale;
  }

  const opts = no_options();
  TCP_SKB_CB(skb).when = req.cookie_ts !== 0 ? cookie_init_timestamp(req) : tcp_time_stamp();
  const tcp_header_size = tcp_synack_options(req, mss, skb, opts) + tcphdr.size;
  skb_push(skb, tcp_header_size);
  skb_reset_transport_header(skb);
  const th = new tcphdr(skb.transport_header);
  th.flags = TCPHDR_SYN | TCPHDR_ACK;
  TCP_ECN_make_synack(req, th);
  th.source = ireq.loc_port;
  th.dest = ireq.rmt_port;
  tcp_init_nondata_skb(skb, treq.snt_isn, TCPHDR_SYN | TCPHDR_ACK);
  th.seq = TCP_SKB_CB(skb).seq;
  th.ack_seq = seqAdd(treq.rcv_isn, 1);
  th.window = Math.min(req.rcv_wnd, 65535);
  th.check = 0;
  th.urg_ptr = 0;
  tcp_options_write(th.$addr + tcphdr.size, tp, opts);
  th.doff_res = (tcp_header_size >> 2) << 4;
  return skb;
}

/**
 * Prepares a socket to connect: segment size and windows from the route, sequence numbers, timeout.
 * @modelled net/ipv4/tcp_output.c
 */
export function tcp_connect_init(sk: sock): void {
  const tp = tcp_sk(sk);
  const dst = __sk_dst_get(sk) as dst_entry;
  const { rx_opt } = tp;
  tp.tcp_header_len = tcphdr.size + (sysctl_tcp_timestamps() !== 0 ? TCPOLEN_TSTAMP_ALIGNED : 0);
  if (rx_opt.user_mss !== 0) rx_opt.mss_clamp = rx_opt.user_mss;
  tp.max_window = 0;
  tcp_mtup_init(sk);
  tcp_sync_mss(sk, dst_mtu(dst));
  if (tp.window_clamp === 0) tp.window_clamp = dst.window;
  tp.advmss = dst_metric_advmss(dst);
  if (rx_opt.user_mss !== 0 && rx_opt.user_mss < tp.advmss) tp.advmss = rx_opt.user_mss;
  tcp_initialize_rcv_mss(sk);
  if ((sk.sk_userlocks & SOCK_RCVBUF_LOCK) !== 0 && (tp.window_clamp > tcp_full_space(sk) || tp.window_clamp === 0)) {
    tp.window_clamp = tcp_full_space(sk);
  }
  const first = tcp_select_initial_window(
    tcp_full_space(sk),
    tp.advmss - (rx_opt.ts_recent_stamp !== 0 ? tp.tcp_header_len - tcphdr.size : 0),
    tp.window_clamp,
    sysctl_tcp_window_scaling() !== 0,
    dst.initrwnd,
  );
  tp.rcv_wnd = first.rcv_wnd;
  tp.window_clamp = first.window_clamp;
  rx_opt.rcv_wscale = first.rcv_wscale;
  tp.rcv_ssthresh = tp.rcv_wnd;

  sk.sk_err = 0;
  sock_reset_flag(sk, SOCK_DONE);
  tp.snd_wnd = 0;
  tcp_init_wl(tp, 0);
  tp.snd_una = tp.write_seq;
  tp.snd_sml = tp.write_seq;
  tp.snd_up = tp.write_seq;
  tp.rcv_nxt = 0;
  tp.rcv_wup = 0;
  tp.copied_seq = 0;
  tp.icsk_rto = TCP_TIMEOUT_INIT;
  tp.icsk_retransmits = 0;
  tcp_clear_retrans(tp);
}

/**
 * Sends a SYN, and keeps it on the write queue until it is acknowledged: 0, or -errno.
 * @modelled net/ipv4/tcp_output.c
 */
export function* tcp_connect(sk: sock): Kgen<number> {
  const tp = tcp_sk(sk);
  tcp_connect_init(sk);
  const buff = alloc_skb_fclone(MAX_TCP_HEADER + 15, sk.sk_allocation);
  if (buff === null) return -ENOBUFS;
  skb_reserve(buff, MAX_TCP_HEADER);
  tp.snd_nxt = tp.write_seq;
  tcp_init_nondata_skb(buff, tp.write_seq++, TCPHDR_SYN);
  TCP_ECN_send_syn(sk, buff);

  TCP_SKB_CB(buff).when = tcp_time_stamp();
  tp.retrans_stamp = TCP_SKB_CB(buff).when;
  skb_header_release(buff);
  __tcp_add_write_queue_tail(sk, buff);
  sk.sk_wmem_queued += buff.truesize;
  sk_mem_charge(sk, buff.truesize);
  tp.packets_out += tcp_skb_pcount(buff);
  const err = yield* tcp_transmit_skb(sk, buff, 1, sk.sk_allocation);
  if (err === -ECONNREFUSED) return err;

  tp.snd_nxt = tp.write_seq;
  tp.pushed_seq = tp.write_seq;
  inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp.icsk_rto, TCP_RTO_MAX);
  return 0;
}
