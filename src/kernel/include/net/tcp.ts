/**
 * Mirrors include/net/tcp.h (2.6.39): constants, sysctls and the inline functions that need nothing but state.
 * Inline functions that call an implementation stand with it: tcp_push_pending_frames and tcp_check_probe_timer in
 * net/ipv4/tcp_output.ts, tcp_prequeue in net/ipv4/tcp_ipv4.ts, the checksum ones in net/ipv4/tcp_input.ts.
 * Left out: MD5 signatures, TCP cookie transactions, /proc.
 */
import { seqDiff } from '../../../base/seq';
import { sysctl, sysctls } from '../../arch/current';
import {
  __skb_queue_after,
  __skb_queue_before,
  __skb_queue_head,
  __skb_queue_tail,
  __skb_unlink,
  type sk_buff,
  type skb_cb,
  skb_peek_tail,
  skb_queue_head_init,
  skb_shinfo,
} from '../linux/skbuff';
import {
  TCP_CA_CWR,
  TCP_CA_Recovery,
  TCPHDR_ACK,
  TCPHDR_CWR,
  TCPHDR_ECE,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPHDR_URG,
  type tcp_options,
  tcp_rsk,
  tcp_sk,
  type tcp_sock,
  tcphdr,
} from '../linux/tcp';
import { HZ, jiffies } from '../linux/timer';
import { inet_csk } from './inet_connection_sock';
import { inet_rsk } from './inet_sock';
import type { request_sock } from './request_sock';
import type { sock } from './sock';

export { TCPHDR_ACK, TCPHDR_CWR, TCPHDR_ECE, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN, TCPHDR_URG };

/** LL_MAX_HEADER 96 (wireless off, AX25 off) plus 48 for tunnels. */
export const MAX_HEADER = 144;
/** Headroom TCP leaves for all headers below and its own, bytes. */
export const MAX_TCP_HEADER = 128 + MAX_HEADER;
export const MAX_TCP_OPTION_SPACE = 40;
/** Largest window that fits the header without scaling, bytes. */
export const MAX_TCP_WINDOW = 32767;
export const TCP_MIN_MSS = 88;
export const TCP_BASE_MSS = 512;
export const TCP_MSS_DEFAULT = 536;
export const TCP_FASTRETRANS_THRESH = 3;
export const TCP_MAX_REORDERING = 127;
export const TCP_MAX_QUICKACKS = 16;
/** Largest shift RFC 1323 allows. */
export const TCP_MAX_WSCALE = 14;
/** Initial receive window, segments. */
export const TCP_DEFAULT_INIT_RCVWND = 10;
/** Initial congestion window, segments. */
export const TCP_INIT_CWND = 10;
export const TCP_INFINITE_SSTHRESH = 0x7fffffff;

/** Jiffies. */
export const TCP_DELACK_MAX = HZ / 5;
export const TCP_DELACK_MIN = HZ / 25;
export const TCP_ATO_MIN = HZ / 25;
export const TCP_RTO_MAX = 120 * HZ;
export const TCP_RTO_MIN = HZ / 5;
export const TCP_TIMEOUT_INIT = 3 * HZ;
/** Between attempts to send that failed for lack of local resources. */
export const TCP_RESOURCE_PROBE_INTERVAL = HZ / 2;
export const TCP_TIMEWAIT_LEN = 60 * HZ;

export const TCP_SYN_RETRIES = 5;
export const TCP_SYNACK_RETRIES = 5;
/** Between two looks at the SYN queue, jiffies. */
export const TCP_SYNQ_INTERVAL = HZ / 5;
export const TCP_RETR1 = 3;
export const TCP_RETR2 = 15;

/** Seconds. */
/** How long PAWS holds against a reset: the life of a segment. Seconds. */
export const TCP_PAWS_MSL = 60;
export const TCP_PAWS_24DAYS = 60 * 60 * 24 * 24;
/** How far timestamps may run backwards. */
export const TCP_PAWS_WINDOW = 1;

/** Lengths of options with their padding, bytes. */
export const TCPOLEN_TIMESTAMP = 10;
export const TCPOLEN_TSTAMP_ALIGNED = 12;
export const TCPOLEN_WSCALE_ALIGNED = 4;
export const TCPOLEN_SACKPERM_ALIGNED = 4;
export const TCPOLEN_SACK_BASE = 2;
export const TCPOLEN_SACK_BASE_ALIGNED = 4;
export const TCPOLEN_SACK_PERBLOCK = 8;
export const TCPOLEN_MSS_ALIGNED = 4;
export const TCP_NUM_SACKS = 4;
export const TCPOLEN_MSS = 4;
export const TCPOLEN_WINDOW = 3;
export const TCPOLEN_SACK_PERM = 2;

/** Kinds of options (RFC 793, 1323, 2018). */
export const TCPOPT_EOL = 0;
export const TCPOPT_NOP = 1;
export const TCPOPT_MSS = 2;
export const TCPOPT_WINDOW = 3;
export const TCPOPT_SACK_PERM = 4;
export const TCPOPT_SACK = 5;
export const TCPOPT_TIMESTAMP = 8;

/** Bits of tcp_sock.ecn_flags. */
export const TCP_ECN_OK = 1;
export const TCP_ECN_QUEUE_CWR = 2;
export const TCP_ECN_DEMAND_CWR = 4;

export const TCP_FACK_ENABLED = 2;

/** Bits of the SACK scoreboard in cb.sacked. */
export const TCPCB_SACKED_ACKED = 0x01;
export const TCPCB_SACKED_RETRANS = 0x02;
export const TCPCB_LOST = 0x04;
export const TCPCB_TAGBITS = 0x07;
export const TCPCB_EVER_RETRANS = 0x80;
export const TCPCB_RETRANS = TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS;

/** Events told to the congestion module. */
export const CA_EVENT_TX_START = 0;
export const CA_EVENT_CWND_RESTART = 1;
export const CA_EVENT_COMPLETE_CWR = 2;
export const CA_EVENT_FRTO = 3;
export const CA_EVENT_LOSS = 4;
export const CA_EVENT_FAST_ACK = 5;
export const CA_EVENT_SLOW_ACK = 6;
export const TCP_CONG_NON_RESTRICTED = 1;
export const TCP_CONG_RTT_STAMP = 2;

/** What the header's flags byte and offset look like in `pred_flags`, host order. */
export const TCP_FLAG_ACK = 0x00100000;

/** Bits of states, for tests such as `(1 << state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)`. */
export const TCPF_ESTABLISHED = 1 << 1;
export const TCPF_SYN_SENT = 1 << 2;
export const TCPF_SYN_RECV = 1 << 3;
export const TCPF_FIN_WAIT1 = 1 << 4;
export const TCPF_FIN_WAIT2 = 1 << 5;
export const TCPF_CLOSE = 1 << 7;
export const TCPF_CLOSE_WAIT = 1 << 8;
export const TCPF_LISTEN = 1 << 10;

/** States of tcp_sock.urg_data; with VALID the lower byte is the urgent byte. */
export const TCP_URG_VALID = 0x0100;
export const TCP_URG_NOTYET = 0x0200;
export const TCP_URG_READ = 0x0400;

// Macros and sysctls: expressions, not functions, so they are no calls in a trace.

export const TCP_SKB_CB = (skb: sk_buff): skb_cb => skb.cb;
/** The clock of timestamps: jiffies, 32 bits. */
export const tcp_time_stamp = (): number => jiffies() >>> 0;
export const sysctl_tcp_timestamps = (): number => sysctl('ipv4.tcp_timestamps', 1);
export const sysctl_tcp_window_scaling = (): number => sysctl('ipv4.tcp_window_scaling', 1);
export const sysctl_tcp_sack = (): number => sysctl('ipv4.tcp_sack', 1);
export const sysctl_tcp_fack = (): number => sysctl('ipv4.tcp_fack', 1);
export const sysctl_tcp_dsack = (): number => sysctl('ipv4.tcp_dsack', 1);
export const sysctl_tcp_reordering = (): number => sysctl('ipv4.tcp_reordering', TCP_FASTRETRANS_THRESH);
export const sysctl_tcp_frto = (): number => sysctl('ipv4.tcp_frto', 2);
export const sysctl_tcp_frto_response = (): number => sysctl('ipv4.tcp_frto_response', 0);
export const sysctl_tcp_abc = (): number => sysctl('ipv4.tcp_abc', 0);
export const sysctl_tcp_max_ssthresh = (): number => sysctl('ipv4.tcp_max_ssthresh', 0);
export const sysctl_tcp_low_latency = (): number => sysctl('ipv4.tcp_low_latency', 0);
export const sysctl_tcp_slow_start_after_idle = (): number => sysctl('ipv4.tcp_slow_start_after_idle', 1);
export const sysctl_tcp_tso_win_divisor = (): number => sysctl('ipv4.tcp_tso_win_divisor', 3);
export const sysctl_tcp_mtu_probing = (): number => sysctl('ipv4.tcp_mtu_probing', 0);
export const sysctl_tcp_base_mss = (): number => sysctl('ipv4.tcp_base_mss', TCP_BASE_MSS);
export const sysctl_tcp_moderate_rcvbuf = (): number => sysctl('ipv4.tcp_moderate_rcvbuf', 1);
export const sysctl_tcp_adv_win_scale = (): number => sysctl('ipv4.tcp_adv_win_scale', 2);
export const sysctl_tcp_app_win = (): number => sysctl('ipv4.tcp_app_win', 31);
export const sysctl_tcp_syn_retries = (): number => sysctl('ipv4.tcp_syn_retries', TCP_SYN_RETRIES);
export const sysctl_tcp_synack_retries = (): number => sysctl('ipv4.tcp_synack_retries', TCP_SYNACK_RETRIES);
/** Answers to a SYN flood: cookies instead of requests. */
export const sysctl_tcp_syncookies = (): number => sysctl('ipv4.tcp_syncookies', 1);
/** An overflow of the accept queue resets the peer instead of leaving him to try again. */
export const sysctl_tcp_abort_on_overflow = (): number => sysctl('ipv4.tcp_abort_on_overflow', 0);
/** 0: no ECN; 1: asked for and accepted; 2: accepted. */
export const sysctl_tcp_ecn = (): number => sysctl('ipv4.tcp_ecn', 2);
export const sysctl_tcp_retries1 = (): number => sysctl('ipv4.tcp_retries1', TCP_RETR1);
export const sysctl_tcp_retries2 = (): number => sysctl('ipv4.tcp_retries2', TCP_RETR2);
export const sysctl_tcp_orphan_retries = (): number => sysctl('ipv4.tcp_orphan_retries', 0);
export const sysctl_tcp_fin_timeout = (): number => sysctl('ipv4.tcp_fin_timeout', 60) * HZ;
/** Half of the 524288 buckets that the connection hash of a host with 4 GiB has. */
export const sysctl_tcp_max_orphans = (): number => sysctl('ipv4.tcp_max_orphans', 262_144);
export const sysctl_tcp_keepalive_time = (): number => sysctl('ipv4.tcp_keepalive_time', 7200) * HZ;
export const sysctl_tcp_keepalive_probes = (): number => sysctl('ipv4.tcp_keepalive_probes', 9);
export const sysctl_tcp_keepalive_intvl = (): number => sysctl('ipv4.tcp_keepalive_intvl', 75) * HZ;
export const sysctl_tcp_retrans_collapse = (): number => sysctl('ipv4.tcp_retrans_collapse', 1);
export const sysctl_tcp_stdurg = (): number => sysctl('ipv4.tcp_stdurg', 0);
export const sysctl_tcp_workaround_signed_windows = (): number => sysctl('ipv4.tcp_workaround_signed_windows', 0);
export const sysctl_tcp_thin_linear_timeouts = (): number => sysctl('ipv4.tcp_thin_linear_timeouts', 0);
export const sysctl_tcp_thin_dupack = (): number => sysctl('ipv4.tcp_thin_dupack', 0);
export const sysctl_tcp_nometrics_save = (): number => sysctl('ipv4.tcp_no_metrics_save', 0);
/** Least, first and largest receive buffer, bytes. */
export const sysctl_tcp_rmem = sysctls('ipv4.tcp_rmem', { min: 4096, default: 87_380, max: 4 << 20 });
/** Least, first and largest send buffer, bytes. */
export const sysctl_tcp_wmem = sysctls('ipv4.tcp_wmem', { min: 4096, default: 16_384, max: 4 << 20 });
/** Pages all sockets may have: without care, before pressure begins, at most. Linux derives them from the memory: an eighth of 4 GiB is the second. */
export const sysctl_tcp_mem = sysctls('ipv4.tcp_mem', { low: 98_304, pressure: 131_072, high: 196_608 });
/** rmem_max of net.core, bytes. */
export const sysctl_rmem_max = (): number => sysctl('core.rmem_max', 126976);

/**
 * Takes `pkts` off the count of ACKs still to be sent at once.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_dec_quickack_mode(sk: sock, pkts: number): void {
  const icsk = inet_csk(sk);
  if (icsk.icsk_ack.quick === 0) return;
  if (pkts >= icsk.icsk_ack.quick) {
    icsk.icsk_ack.quick = 0;
    icsk.icsk_ack.ato = TCP_ATO_MIN;
  } else {
    icsk.icsk_ack.quick -= pkts;
  }
}

/**
 * Remembers the segment that updated the window for the first time.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_init_wl(tp: tcp_sock, seq: number): void {
  tp.snd_wl1 = seq;
}

/**
 * Remembers the segment that updated the window last.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_update_wl(tp: tcp_sock, seq: number): void {
  tp.snd_wl1 = seq;
}

/**
 * Keeps the retransmission timeout at or below 120 s.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_bound_rto(sk: sock): void {
  const icsk = inet_csk(sk);
  if (icsk.icsk_rto > TCP_RTO_MAX) icsk.icsk_rto = TCP_RTO_MAX;
}

/**
 * The timeout that the estimators give, jiffies: smoothed RTT plus the variance term.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function __tcp_set_rto(tp: tcp_sock): number {
  return (tp.srtt >>> 3) + tp.rttvar;
}

/**
 * Sets the header word that lets a segment take the fast path, for a window of `snd_wnd` as it stands in a header.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function __tcp_fast_path_on(tp: tcp_sock, snd_wnd: number): void {
  tp.pred_flags = ((tp.tcp_header_len << 26) | TCP_FLAG_ACK | snd_wnd) >>> 0;
}

/**
 * Lets segments that look like the next expected one take the fast path.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_fast_path_on(tp: tcp_sock): void {
  __tcp_fast_path_on(tp, tp.snd_wnd >>> tp.rx_opt.snd_wscale);
}

/**
 * Turns the fast path on if nothing stands against it: no hole, an open window, room in the buffer, no urgent data.
 * @modelled include/net/tcp.h
 * @cost 6
 */
export function tcp_fast_path_check(sk: sock): void {
  const tp = tcp_sk(sk);
  if (tp.out_of_order_queue.next === null && tp.rcv_wnd !== 0 && sk.sk_rmem_alloc < sk.sk_rcvbuf && tp.urg_data === 0) {
    tcp_fast_path_on(tp);
  }
}

/**
 * What is left of the window last offered, bytes.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_receive_window(tp: tcp_sock): number {
  const win = seqDiff(tp.rcv_wup + tp.rcv_wnd, tp.rcv_nxt);
  return Math.max(win, 0);
}

/**
 * Segments an skb stands for.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_skb_pcount(skb: sk_buff): number {
  return skb_shinfo(skb).gso_segs;
}

/**
 * Payload of each segment an skb will be cut into, 0 if it is one segment. Bytes.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_skb_mss(skb: sk_buff): number {
  return skb_shinfo(skb).gso_size;
}

/**
 * Tells the congestion module of an event (CA_EVENT_).
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_ca_event(sk: sock, event: number): void {
  const ops = inet_csk(sk).icsk_ca_ops;
  if (ops !== null && ops.cwnd_event !== null) ops.cwnd_event(sk, event);
}

/**
 * Changes the congestion state (TCP_CA_) and tells the congestion module.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_set_ca_state(sk: sock, ca_state: number): void {
  const icsk = inet_csk(sk);
  const ops = icsk.icsk_ca_ops;
  if (ops !== null && ops.set_state !== null) ops.set_state(sk, ca_state);
  icsk.icsk_ca_state = ca_state;
}

/**
 * SACK was agreed on.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_is_sack(tp: tcp_sock): boolean {
  return tp.rx_opt.sack_ok !== 0;
}

/**
 * No SACK: duplicate ACKs are counted as in Reno.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_is_reno(tp: tcp_sock): boolean {
  return tp.rx_opt.sack_ok === 0;
}

/**
 * Everything below the highest SACK is taken for lost at once.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_is_fack(tp: tcp_sock): boolean {
  return (tp.rx_opt.sack_ok & TCP_FACK_ENABLED) !== 0;
}

/** Turns FACK on for this connection. Merged into its callers everywhere: no call. */
export const tcp_enable_fack = (tp: tcp_sock): void => {
  tp.rx_opt.sack_ok |= TCP_FACK_ENABLED;
};

/**
 * Segments that left the network: SACKed or thought lost.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_left_out(tp: tcp_sock): number {
  return tp.sacked_out + tp.lost_out;
}

/**
 * Segments thought to be in the network now.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_packets_in_flight(tp: tcp_sock): number {
  return tp.packets_out - tcp_left_out(tp) + tp.retrans_out;
}

/**
 * The threshold was never set by a loss.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_in_initial_slowstart(tp: tcp_sock): boolean {
  return tp.snd_ssthresh >= TCP_INFINITE_SSTHRESH;
}

/**
 * Slow start threshold to return to: while cwnd is being cut the present one, else at least 3/4 of cwnd. Segments.
 * @modelled include/net/tcp.h
 * @cost 5
 */
export function tcp_current_ssthresh(sk: sock): number {
  const tp = tcp_sk(sk);
  if (((1 << inet_csk(sk).icsk_ca_state) & ((1 << TCP_CA_CWR) | (1 << TCP_CA_Recovery))) !== 0) return tp.snd_ssthresh;
  return Math.max(tp.snd_ssthresh, (tp.snd_cwnd >>> 1) + (tp.snd_cwnd >>> 2));
}

/**
 * Segments that one ACK may release at most.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_max_burst(tp: tcp_sock): number {
  return tp.reordering;
}

/**
 * First sequence number beyond the send window.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_wnd_end(tp: tcp_sock): number {
  return (tp.snd_una + tp.snd_wnd) >>> 0;
}

/**
 * Remembers the end of the last small segment, for Minshall's form of Nagle.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_minshall_update(tp: tcp_sock, mss: number, skb: sk_buff): void {
  if (skb.len < mss) tp.snd_sml = TCP_SKB_CB(skb).end_seq;
}

/**
 * Half of the largest window the peer ever offered bounds a segment or an skb. Bytes.
 * @modelled include/net/tcp.h
 * @cost 6
 */
export function tcp_bound_to_half_wnd(tp: tcp_sock, pktsize: number): number {
  const cutoff = tp.max_window >= 512 ? tp.max_window >>> 1 : tp.max_window;
  if (cutoff !== 0 && pktsize > cutoff) return Math.max(cutoff, 68 - tp.tcp_header_len);
  return pktsize;
}

/**
 * The share of a piece of receive memory that is offered as window; the rest is for overhead. Bytes.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_win_from_space(space: number): number {
  const scale = sysctl_tcp_adv_win_scale();
  return scale <= 0 ? space >> -scale : space - (space >> scale);
}

/**
 * Window that the free receive memory allows, bytes; negative when over the limit.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_space(sk: sock): number {
  return tcp_win_from_space(sk.sk_rcvbuf - sk.sk_rmem_alloc);
}

/**
 * Window that the whole receive buffer allows, bytes.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_full_space(sk: sock): number {
  return tcp_win_from_space(sk.sk_rcvbuf);
}

/**
 * Forgets the SACK blocks to send.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_sack_reset(rx_opt: tcp_options): void {
  rx_opt.dsack = false;
  rx_opt.num_sacks = 0;
}

/**
 * Timeout between keepalive probes, jiffies.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function keepalive_intvl_when(tp: tcp_sock): number {
  return tp.keepalive_intvl !== 0 ? tp.keepalive_intvl : sysctl_tcp_keepalive_intvl();
}

/**
 * Idle time before the first keepalive probe, jiffies.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function keepalive_time_when(tp: tcp_sock): number {
  return tp.keepalive_time !== 0 ? tp.keepalive_time : sysctl_tcp_keepalive_time();
}

/**
 * Keepalive probes before the connection is given up.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function keepalive_probes(tp: tcp_sock): number {
  return tp.keepalive_probes !== 0 ? tp.keepalive_probes : sysctl_tcp_keepalive_probes();
}

/**
 * Jiffies since anything was heard from the peer.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function keepalive_time_elapsed(tp: tcp_sock): number {
  return Math.min(jiffies() - inet_csk(tp).icsk_ack.lrcvtime, jiffies() - tp.rcv_tstamp);
}

/**
 * How long FIN_WAIT2 lasts, jiffies: at least 3.5 timeouts.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_fin_time(sk: sock): number {
  const linger2 = tcp_sk(sk).linger2;
  const rto = inet_csk(sk).icsk_rto;
  return Math.max(linger2 !== 0 ? linger2 : sysctl_tcp_fin_timeout(), (rto << 2) - (rto >> 1));
}

/**
 * The segment's timestamp is recent enough (PAWS); `paws_win` is how far it may run back.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_paws_check(rx_opt: tcp_options, paws_win: number): boolean {
  if (seqDiff(rx_opt.ts_recent, rx_opt.rcv_tsval) <= paws_win) return true;
  if (Math.trunc(jiffies() / HZ) >= rx_opt.ts_recent_stamp + TCP_PAWS_24DAYS) return true;
  return rx_opt.ts_recent === 0;
}

/**
 * Empties the prequeue of a new socket.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_prequeue_init(tp: tcp_sock): void {
  const { ucopy } = tp;
  ucopy.task = null;
  ucopy.len = 0;
  ucopy.memory = 0;
  skb_queue_head_init(ucopy.prequeue);
}

/**
 * Makes a request of a SYN and its options.
 * @modelled include/net/tcp.h
 * @cost 8
 */
export function tcp_openreq_init(req: request_sock, rx_opt: tcp_options, skb: sk_buff): void {
  const ireq = inet_rsk(req);
  const th = new tcphdr(skb.transport_header);
  req.rcv_wnd = 0;
  tcp_rsk(req).rcv_isn = TCP_SKB_CB(skb).seq;
  req.mss = rx_opt.mss_clamp;
  req.ts_recent = rx_opt.saw_tstamp ? rx_opt.rcv_tsval : 0;
  ireq.tstamp_ok = rx_opt.tstamp_ok;
  ireq.sack_ok = rx_opt.sack_ok !== 0;
  ireq.snd_wscale = rx_opt.snd_wscale;
  ireq.wscale_ok = rx_opt.wscale_ok;
  ireq.acked = false;
  ireq.ecn_ok = false;
  ireq.rmt_port = th.source;
  ireq.loc_port = th.dest;
}

/**
 * The SYN queue of this listener has run over just now.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_synq_overflow(sk: sock): void {
  tcp_sk(sk).rx_opt.ts_recent_stamp = jiffies();
}

/**
 * The SYN queue of this listener has not run over for as long as a SYN-ACK is waited for: no cookie can be about.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_synq_no_recent_overflow(sk: sock): boolean {
  return jiffies() > tcp_sk(sk).rx_opt.ts_recent_stamp + TCP_TIMEOUT_INIT;
}

/**
 * What goes with a SYN-ACK in TCP cookie transactions.
 * @simplified they are not configured: nothing
 * @cost 1
 */
export function tcp_xv(rvp: null): null {
  return rvp;
}

/**
 * Forgets where loss recovery got to, as far as a new loss makes it stale.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_clear_retrans_hints_partial(tp: tcp_sock): void {
  tp.lost_skb_hint = null;
  tp.scoreboard_skb_hint = null;
}

/**
 * Forgets where loss recovery got to in the write queue.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_clear_all_retrans_hints(tp: tcp_sock): void {
  tcp_clear_retrans_hints_partial(tp);
  tp.retransmit_skb_hint = null;
}

/**
 * First skb of the write queue: the oldest not yet acknowledged.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_write_queue_head(sk: sock): sk_buff | null {
  return sk.sk_write_queue.next;
}

/**
 * Last skb of the write queue: where new data goes while it is unsent.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_write_queue_tail(sk: sock): sk_buff | null {
  return skb_peek_tail(sk.sk_write_queue);
}

/**
 * Nothing sent and unacknowledged, nothing to send.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_write_queue_empty(sk: sock): boolean {
  return sk.sk_write_queue.next === null;
}

/**
 * The skb is the last of the write queue.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_skb_is_last(_sk: sock, skb: sk_buff): boolean {
  return skb.next === null;
}

/**
 * First skb that was never sent, or null.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_send_head(sk: sock): sk_buff | null {
  return sk.sk_send_head;
}

/**
 * Nothing waits to be sent.
 * @modelled include/net/tcp.h
 * @cost 1
 */
export function tcp_init_send_head(sk: sock): void {
  sk.sk_send_head = null;
}

/**
 * The skb after `skb` becomes the first not yet sent.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_advance_send_head(sk: sock, skb: sk_buff): void {
  sk.sk_send_head = tcp_skb_is_last(sk, skb) ? null : skb.next;
}

/**
 * The send head goes if it is the skb about to be taken off the queue.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_check_send_head(sk: sock, skb_unlinked: sk_buff): void {
  if (sk.sk_send_head === skb_unlinked) sk.sk_send_head = null;
}

/**
 * Appends to the write queue without touching the send head (a SYN is sent from there at once).
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function __tcp_add_write_queue_tail(sk: sock, skb: sk_buff): void {
  __skb_queue_tail(sk.sk_write_queue, skb);
}

/**
 * Puts an skb in front of the write queue.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function __tcp_add_write_queue_head(sk: sock, skb: sk_buff): void {
  __skb_queue_head(sk.sk_write_queue, skb);
}

/**
 * Appends to the write queue; the skb becomes the send head if nothing else waits to be sent.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_add_write_queue_tail(sk: sock, skb: sk_buff): void {
  __tcp_add_write_queue_tail(sk, skb);
  if (sk.sk_send_head === null) {
    sk.sk_send_head = skb;
    const tp = tcp_sk(sk);
    if (tp.highest_sack === null) tp.highest_sack = skb;
  }
}

/**
 * Inserts `buff` behind `skb` in the write queue.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_insert_write_queue_after(skb: sk_buff, buff: sk_buff, sk: sock): void {
  __skb_queue_after(sk.sk_write_queue, skb, buff);
}

/**
 * Inserts `newskb` before `skb` in the write queue; it is the send head then if `skb` was.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_insert_write_queue_before(newskb: sk_buff, skb: sk_buff, sk: sock): void {
  __skb_queue_before(sk.sk_write_queue, skb, newskb);
  if (sk.sk_send_head === skb) {
    sk.sk_send_head = newskb;
  }
}

/**
 * Takes an skb off the write queue.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_unlink_write_queue(skb: sk_buff, sk: sock): void {
  __skb_unlink(skb, sk.sk_write_queue);
}

/**
 * Lowest sequence number not known to be covered by SACKs at the top: start of the highest SACKed skb.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_highest_sack_seq(tp: tcp_sock): number {
  if (tp.sacked_out === 0) return tp.snd_una;
  return tp.highest_sack === null ? tp.snd_nxt : TCP_SKB_CB(tp.highest_sack).seq;
}

/**
 * Moves the highest SACKed skb on by one.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_advance_highest_sack(sk: sock, skb: sk_buff): void {
  tcp_sk(sk).highest_sack = tcp_skb_is_last(sk, skb) ? null : skb.next;
}

/**
 * The skb that the highest SACK covers.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function tcp_highest_sack(sk: sock): sk_buff | null {
  return tcp_sk(sk).highest_sack;
}

/**
 * Starts tracking SACKs at the head of the queue.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_highest_sack_reset(sk: sock): void {
  tcp_sk(sk).highest_sack = tcp_write_queue_head(sk);
}

/**
 * Keeps the highest SACK right when `old` is merged into `next`.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_highest_sack_combine(sk: sock, old: sk_buff, next: sk_buff): void {
  const tp = tcp_sk(sk);
  if (tp.sacked_out !== 0 && old === tp.highest_sack) tp.highest_sack = next;
}

/**
 * No retransmission timeouts outside the linear part: few packets in flight, and not in the initial slow start.
 * @modelled include/net/tcp.h
 * @cost 3
 */
export function tcp_stream_is_thin(tp: tcp_sock): boolean {
  return tp.packets_out < 4 && !tcp_in_initial_slowstart(tp);
}
