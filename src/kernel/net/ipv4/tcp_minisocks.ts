/**
 * Mirrors net/ipv4/tcp_minisocks.c (2.6.39): what comes before and after a full socket. Before: a segment for a request is checked,
 * and the one that acknowledges our SYN-ACK makes the connection. After: TIME_WAIT (RFC 793 section 3.5, RFC 1122 section 4.2.2.13, RFC 1337).
 */

import { after, before, seqAdd, seqDiff } from '../../../base/seq';
import { type Kgen, kernel_global, sysctl } from '../../arch/current';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { type sk_buff, skb_queue_head_init } from '../../include/linux/skbuff';
import {
  TCP_CA_Open,
  TCP_FIN_WAIT2,
  TCP_SYN_RECV,
  TCP_TIME_WAIT,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  tcp_no_options,
  tcp_rsk,
  tcp_s_data_size,
  tcp_sack_block,
  tcp_sk,
  type tcp_sock,
  tcphdr,
} from '../../include/linux/tcp';
import { HZ } from '../../include/linux/timer';
import {
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_reqsk_queue_add,
  inet_csk_reqsk_queue_unlink,
  type req_place,
} from '../../include/net/inet_connection_sock';
import { inet_rsk } from '../../include/net/inet_sock';
import {
  INET_TWDR_TWKILL_SLOTS,
  inet_timewait_death_row,
  type inet_timewait_sock,
  TCP_TW_ACK,
  TCP_TW_RST,
  TCP_TW_SUCCESS,
  TCP_TW_SYN,
  tcp_twsk,
} from '../../include/net/inet_timewait_sock';
import type { request_sock, request_sock_ops } from '../../include/net/request_sock';
import {
  __sk_add_backlog,
  bh_unlock_sock,
  SOCK_KEEPOPEN,
  type sock,
  sock_flag,
  sock_owned_by_user,
} from '../../include/net/sock';
import {
  keepalive_time_when,
  sysctl_tcp_abort_on_overflow,
  sysctl_tcp_fack,
  TCP_ECN_OK,
  TCP_INFINITE_SSTHRESH,
  TCP_INIT_CWND,
  TCP_MSS_DEFAULT,
  TCP_NUM_SACKS,
  TCP_SKB_CB,
  TCP_TIMEOUT_INIT,
  TCP_TIMEWAIT_LEN,
  TCPOLEN_TSTAMP_ALIGNED,
  tcp_enable_fack,
  tcp_init_wl,
  tcp_prequeue_init,
  tcp_receive_window,
  tcp_set_ca_state,
} from '../../include/net/tcp';
import { get_seconds } from '../../kernel/sched';
import { setup_timer } from '../../kernel/timer';
import { sock_put } from '../core/sock';
import {
  inet_csk_clone,
  inet_csk_reqsk_queue_drop,
  inet_csk_reqsk_queue_removed,
  inet_csk_reset_keepalive_timer,
} from './inet_connection_sock';
import { tcp_hashinfo } from './inet_hashtables';
import {
  __inet_twsk_hashdance,
  inet_twdr_hangman,
  inet_twdr_twcal_tick,
  inet_twsk_alloc,
  inet_twsk_deschedule,
  inet_twsk_put,
  inet_twsk_schedule,
} from './inet_timewait_sock';
import { tcp_done } from './tcp';
import { tcp_init_congestion_ops } from './tcp_cong';
import { tcp_parse_options, tcp_paws_reject, tcp_rcv_state_process, tcp_update_metrics } from './tcp_input';
import { tcp_init_xmit_timers } from './tcp_timer';

const TCP_HEADER_LEN = 20;

const tcp_hdr = (skb: sk_buff): tcphdr => new tcphdr(skb.transport_header);

/** Half of the 524288 buckets that a host with 4 GiB has. */
const sysctl_max_tw_buckets = (): number => sysctl('ipv4.tcp_max_tw_buckets', 262_144);
const sysctl_tw_recycle = (): number => sysctl('ipv4.tcp_tw_recycle', 0);
const sysctl_tcp_rfc1337 = (): number => sysctl('ipv4.tcp_rfc1337', 0);

/** All of this host's TCP sockets in TIME_WAIT. */
export const tcp_death_row = kernel_global(() => {
  const twdr = new inet_timewait_death_row();
  twdr.period = Math.floor(TCP_TIMEWAIT_LEN / INET_TWDR_TWKILL_SLOTS);
  setup_timer(twdr.tw_timer, inet_twdr_hangman, twdr);
  setup_timer(twdr.twcal_timer, inet_twdr_twcal_tick, twdr);
  return twdr;
});

/**
 * A segment touches the window.
 * @modelled net/ipv4/tcp_minisocks.c
 * @cost 3
 */
export function tcp_in_window(seq: number, end_seq: number, s_win: number, e_win: number): boolean {
  if (seq === s_win) {
    return true;
  }
  if (after(end_seq, s_win) && before(seq, e_win)) {
    return true;
  }
  return seq === e_win && seq === end_seq;
}

/**
 * The peer's last timestamp may be kept, so that the port can be used anew soon.
 * @simplified never: peers keep no timestamps here, so tcp_tw_recycle shortens no TIME_WAIT
 * @cost 5
 */
export function tcp_remember_stamp(_sk: sock): boolean {
  return false;
}

/**
 * A segment came for a socket in TIME_WAIT, or in FIN_WAIT2 without a program: what the caller is to do (TCP_TW_). For TCP_TW_SYN the sequence
 * number to answer with stands in cb.when. The caller's reference is given back but for TCP_TW_ACK and TCP_TW_SYN.
 * @modelled net/ipv4/tcp_minisocks.c
 * @omits tcp_tw_remember_stamp: as tcp_remember_stamp
 */
export function tcp_timewait_state_process(tw: inet_timewait_sock, skb: sk_buff, th: tcphdr): number {
  const tcptw = tcp_twsk(tw);
  const { seq, end_seq } = TCP_SKB_CB(skb);
  const has = (flag: number): boolean => (th.flags & flag) !== 0;
  const twdr = tcp_death_row();
  const tmp_opt = tcp_no_options();
  let paws_reject = false;
  if (th.doff_res >> 4 > 5 && tcptw.tw_ts_recent_stamp !== 0) {
    tcp_parse_options(skb, tmp_opt, false);
    if (tmp_opt.saw_tstamp) {
      tmp_opt.ts_recent = tcptw.tw_ts_recent;
      tmp_opt.ts_recent_stamp = tcptw.tw_ts_recent_stamp;
      paws_reject = tcp_paws_reject(tmp_opt, has(TCPHDR_RST));
    }
  }
  const { saw_tstamp, rcv_tsval } = tmp_opt;
  const remember = (): void => {
    if (saw_tstamp) {
      tcptw.tw_ts_recent = rcv_tsval;
      tcptw.tw_ts_recent_stamp = get_seconds();
    }
  };
  const kill = (verdict: number): number => {
    inet_twsk_deschedule(tw, twdr);
    inet_twsk_put(tw);
    return verdict;
  };

  if (tw.tw_substate === TCP_FIN_WAIT2) {
    if (paws_reject || !tcp_in_window(seq, end_seq, tcptw.tw_rcv_nxt, seqAdd(tcptw.tw_rcv_nxt, tcptw.tw_rcv_wnd))) {
      return TCP_TW_ACK;
    }
    if (has(TCPHDR_RST)) {
      return kill(TCP_TW_SUCCESS);
    }
    if (has(TCPHDR_SYN) && !before(seq, tcptw.tw_rcv_nxt)) {
      return kill(TCP_TW_RST);
    }
    if (!has(TCPHDR_ACK) || !after(end_seq, tcptw.tw_rcv_nxt) || end_seq === seq) {
      inet_twsk_put(tw);
      return TCP_TW_SUCCESS;
    }
    if (!has(TCPHDR_FIN) || end_seq !== seqAdd(tcptw.tw_rcv_nxt, 1)) {
      return kill(TCP_TW_RST);
    }
    tw.tw_substate = TCP_TIME_WAIT;
    tcptw.tw_rcv_nxt = end_seq;
    remember();
    inet_twsk_schedule(tw, twdr, TCP_TIMEWAIT_LEN, TCP_TIMEWAIT_LEN);
    return TCP_TW_ACK;
  }

  if (!paws_reject && seq === tcptw.tw_rcv_nxt && (seq === end_seq || has(TCPHDR_RST))) {
    if (has(TCPHDR_RST) && sysctl_tcp_rfc1337() === 0) {
      return kill(TCP_TW_SUCCESS);
    }
    inet_twsk_schedule(tw, twdr, TCP_TIMEWAIT_LEN, TCP_TIMEWAIT_LEN);
    remember();
    inet_twsk_put(tw);
    return TCP_TW_SUCCESS;
  }

  if (
    has(TCPHDR_SYN) &&
    !has(TCPHDR_RST) &&
    !has(TCPHDR_ACK) &&
    !paws_reject &&
    (after(seq, tcptw.tw_rcv_nxt) || (saw_tstamp && seqDiff(tcptw.tw_ts_recent, rcv_tsval) < 0))
  ) {
    TCP_SKB_CB(skb).when = seqAdd(tcptw.tw_snd_nxt, 65_535 + 2) || 1;
    return TCP_TW_SYN;
  }
  if (!has(TCPHDR_RST)) {
    if (paws_reject || has(TCPHDR_ACK)) {
      inet_twsk_schedule(tw, twdr, TCP_TIMEWAIT_LEN, TCP_TIMEWAIT_LEN);
    }
    return TCP_TW_ACK;
  }
  inet_twsk_put(tw);
  return TCP_TW_SUCCESS;
}

/**
 * A small socket takes the connection's place for the time that old segments may still be about; the connection is over. `state` is
 * TCP_TIME_WAIT, or TCP_FIN_WAIT2 for a connection without a program whose peer has not closed; then it lasts `timeo` jiffies, at least 3.5
 * retransmission timeouts, else 60 s. With too many of them there is none.
 * @modelled net/ipv4/tcp_minisocks.c
 */
export function tcp_time_wait(sk: sock, state: number, timeo: number): void {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const twdr = tcp_death_row();
  const recycle_ok = sysctl_tw_recycle() !== 0 && tp.rx_opt.ts_recent_stamp !== 0 && tcp_remember_stamp(sk);
  if (twdr.tw_count < sysctl_max_tw_buckets()) {
    const tw = inet_twsk_alloc(sk, state);
    const tcptw = tcp_twsk(tw);
    const rto = (icsk.icsk_rto << 2) - (icsk.icsk_rto >> 1);
    tw.tw_rcv_wscale = tp.rx_opt.rcv_wscale;
    tcptw.tw_rcv_nxt = tp.rcv_nxt;
    tcptw.tw_snd_nxt = tp.snd_nxt;
    tcptw.tw_rcv_wnd = tcp_receive_window(tp);
    tcptw.tw_ts_recent = tp.rx_opt.ts_recent;
    tcptw.tw_ts_recent_stamp = tp.rx_opt.ts_recent_stamp;
    __inet_twsk_hashdance(tw, sk, tcp_hashinfo());

    let wait = Math.max(timeo, rto);
    if (recycle_ok) {
      tw.tw_timeout = rto;
    } else {
      tw.tw_timeout = TCP_TIMEWAIT_LEN;
      if (state === TCP_TIME_WAIT) wait = TCP_TIMEWAIT_LEN;
    }
    inet_twsk_schedule(tw, twdr, wait, TCP_TIMEWAIT_LEN);
    inet_twsk_put(tw);
  }
  tcp_update_metrics(sk);
  tcp_done(sk);
}

/**
 * The connection uses ECN if its request agreed on it.
 * @modelled net/ipv4/tcp_minisocks.c
 * @cost 2
 */
export function TCP_ECN_openreq_child(tp: tcp_sock, req: request_sock): void {
  tp.ecn_flags = inet_rsk(req).ecn_ok ? TCP_ECN_OK : 0;
}

/**
 * Makes the socket of a connection, as its request agreed on it: sequence numbers, windows, options. Null: no memory.
 * @modelled net/ipv4/tcp_minisocks.c
 * @cost 80
 */
export function* tcp_create_openreq_child(sk: sock, req: request_sock, skb: sk_buff): Kgen<sock | null> {
  const newsk = yield* inet_csk_clone(sk, req, GFP_ATOMIC);
  if (newsk === null) {
    return null;
  }
  const ireq = inet_rsk(req);
  const treq = tcp_rsk(req);
  const oldtp = tcp_sk(sk);
  const newtp = tcp_sk(newsk);
  const { rx_opt } = newtp;
  own_sack_blocks(newtp);

  newtp.pred_flags = 0;
  newtp.rcv_nxt = seqAdd(treq.rcv_isn, 1);
  newtp.copied_seq = newtp.rcv_nxt;
  newtp.rcv_wup = newtp.rcv_nxt;
  newtp.snd_up = seqAdd(treq.snt_isn, 1 + tcp_s_data_size(oldtp));
  newtp.snd_nxt = newtp.snd_up;
  newtp.snd_una = newtp.snd_up;
  newtp.snd_sml = newtp.snd_up;
  tcp_prequeue_init(newtp);
  tcp_init_wl(newtp, treq.rcv_isn);

  newtp.srtt = 0;
  newtp.mdev = TCP_TIMEOUT_INIT;
  newtp.icsk_rto = TCP_TIMEOUT_INIT;
  newtp.packets_out = 0;
  newtp.retrans_out = 0;
  newtp.sacked_out = 0;
  newtp.fackets_out = 0;
  newtp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
  newtp.snd_cwnd = TCP_INIT_CWND;
  newtp.snd_cwnd_cnt = 0;
  newtp.bytes_acked = 0;
  newtp.frto_counter = 0;
  newtp.frto_highmark = 0;
  newtp.icsk_ca_ops = tcp_init_congestion_ops;
  tcp_set_ca_state(newsk, TCP_CA_Open);
  tcp_init_xmit_timers(newsk);
  skb_queue_head_init(newtp.out_of_order_queue);
  newtp.write_seq = seqAdd(treq.snt_isn, 1 + tcp_s_data_size(oldtp));
  newtp.pushed_seq = newtp.write_seq;
  rx_opt.saw_tstamp = false;
  rx_opt.dsack = false;
  rx_opt.num_sacks = 0;
  newtp.urg_data = 0;
  if (sock_flag(newsk, SOCK_KEEPOPEN)) {
    inet_csk_reset_keepalive_timer(newsk, keepalive_time_when(newtp));
  }

  rx_opt.tstamp_ok = ireq.tstamp_ok;
  rx_opt.sack_ok = ireq.sack_ok ? 1 : 0;
  if (ireq.sack_ok && sysctl_tcp_fack() !== 0) {
    tcp_enable_fack(newtp);
  }
  newtp.window_clamp = req.window_clamp;
  newtp.rcv_ssthresh = req.rcv_wnd;
  newtp.rcv_wnd = req.rcv_wnd;
  rx_opt.wscale_ok = ireq.wscale_ok;
  if (rx_opt.wscale_ok) {
    rx_opt.snd_wscale = ireq.snd_wscale;
    rx_opt.rcv_wscale = ireq.rcv_wscale;
  } else {
    rx_opt.snd_wscale = 0;
    rx_opt.rcv_wscale = 0;
    newtp.window_clamp = Math.min(newtp.window_clamp, 65535);
  }
  newtp.snd_wnd = tcp_hdr(skb).window * 2 ** rx_opt.snd_wscale;
  newtp.max_window = newtp.snd_wnd;
  newtp.tcp_header_len = TCP_HEADER_LEN;
  if (rx_opt.tstamp_ok) {
    rx_opt.ts_recent = req.ts_recent;
    rx_opt.ts_recent_stamp = get_seconds();
    newtp.tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
  } else {
    rx_opt.ts_recent_stamp = 0;
  }
  if (skb.len >= TCP_MSS_DEFAULT + newtp.tcp_header_len) {
    newtp.icsk_ack.last_seg_size = skb.len - newtp.tcp_header_len;
  }
  rx_opt.mss_clamp = req.mss;
  TCP_ECN_openreq_child(newtp, req);
  return newsk;
}

/**
 * Gives a socket copied from another SACK blocks of its own.
 * @model in C the blocks stand inside struct tcp_sock
 * @cost 0
 */
function own_sack_blocks(tp: tcp_sock): void {
  tp.duplicate_sack.set(0, new tcp_sack_block());
  for (let i = 0; i < TCP_NUM_SACKS; i++) {
    tp.selective_acks.set(i, new tcp_sack_block());
    tp.recv_sack_cache.set(i, new tcp_sack_block());
  }
}

/**
 * Receives a segment for a request, where a full socket would be in SYN_RECV. Returns the connection, locked, if this made it; the
 * listener, which resets the peer, for an ACK of something never sent; null: nothing more to do.
 * @modelled net/ipv4/tcp_minisocks.c
 * @cost 25
 */
export function* tcp_check_req(sk: sock, skb: sk_buff, req: request_sock, prev: req_place): Kgen<sock | null> {
  const th = tcp_hdr(skb);
  const cb = TCP_SKB_CB(skb);
  const treq = tcp_rsk(req);
  const ops = req.rsk_ops as request_sock_ops;
  const queue = inet_csk(sk).icsk_accept_queue;
  const first = seqAdd(treq.rcv_isn, 1);
  let flg = th.flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
  let paws_reject = false;
  const tmp_opt = tcp_no_options();

  if ((th.doff_res >> 4) * 4 > TCP_HEADER_LEN) {
    tcp_parse_options(skb, tmp_opt, false);
    if (tmp_opt.saw_tstamp) {
      tmp_opt.ts_recent = req.ts_recent;
      // When it was stored is not known, but the SYN-ACK's timeouts since then are.
      tmp_opt.ts_recent_stamp = get_seconds() - (TCP_TIMEOUT_INIT / HZ) * 2 ** req.retrans;
      paws_reject = tcp_paws_reject(tmp_opt, (th.flags & TCPHDR_RST) !== 0);
    }
  }

  if (cb.seq === treq.rcv_isn && flg === TCPHDR_SYN && !paws_reject) {
    yield* ops.rtx_syn_ack(sk, req);
    return null;
  }
  if ((flg & TCPHDR_ACK) !== 0 && cb.ack_seq !== seqAdd(treq.snt_isn, 1 + tcp_s_data_size(tcp_sk(sk)))) {
    return sk;
  }
  if (paws_reject || !tcp_in_window(cb.seq, cb.end_seq, first, seqAdd(first, req.rcv_wnd))) {
    if ((flg & TCPHDR_RST) === 0) {
      yield* ops.send_ack(sk, skb, req);
    }
    return null;
  }
  if (tmp_opt.saw_tstamp && !after(cb.seq, first)) {
    req.ts_recent = tmp_opt.rcv_tsval;
  }
  if (cb.seq === treq.rcv_isn) {
    flg &= ~TCPHDR_SYN;
  }

  let overflow = false;
  if ((flg & (TCPHDR_RST | TCPHDR_SYN)) === 0) {
    if ((flg & TCPHDR_ACK) === 0) {
      return null;
    }
    if (req.retrans < queue.rskq_defer_accept && cb.end_seq === first) {
      inet_rsk(req).acked = true;
      return null;
    }
    const { syn_recv_sock } = inet_csk(sk).icsk_af_ops as Required<inet_connection_sock_af_ops>;
    const child = yield* syn_recv_sock(sk, skb, req, null);
    if (child !== null) {
      inet_csk_reqsk_queue_unlink(sk, req, prev);
      inet_csk_reqsk_queue_removed(sk, req);
      inet_csk_reqsk_queue_add(sk, req, child);
      return child;
    }
    overflow = true;
  }
  if (overflow && sysctl_tcp_abort_on_overflow() === 0) {
    inet_rsk(req).acked = true;
    return null;
  }
  if ((flg & TCPHDR_RST) === 0) {
    yield* ops.send_reset(sk, skb);
  }
  inet_csk_reqsk_queue_drop(sk, req, prev);
  return null;
}

/**
 * Lets a connection that was just made process the segment that made it, and tells the listener. The child comes locked and
 * with a reference; both are given back. Nonzero when the caller is to send a reset.
 * @modelled net/ipv4/tcp_minisocks.c
 * @cost 6
 */
export function* tcp_child_process(parent: sock, child: sock, skb: sk_buff): Kgen<number> {
  const state = child.skc_state;
  let ret = 0;
  if (!sock_owned_by_user(child)) {
    ret = yield* tcp_rcv_state_process(child, skb, tcp_hdr(skb), skb.len);
    if (state === TCP_SYN_RECV && child.skc_state !== state) {
      parent.sk_data_ready?.(parent, 0);
    }
  } else {
    __sk_add_backlog(child, skb);
  }
  bh_unlock_sock(child);
  sock_put(child);
  return ret;
}
