/**
 * Mirrors net/ipv4/tcp_minisocks.c (2.6.39): the end of a connection, TIME_WAIT (RFC 793 section 3.5, RFC 1122 section 4.2.2.13, RFC 1337).
 */

import { heap } from '../../../base/heap';
import { after, before, seqAdd, seqDiff } from '../../../base/seq';
import { kernel_global, sysctl } from '../../arch/current';
import type { sk_buff } from '../../include/linux/skbuff';
import {
  TCP_FIN_WAIT2,
  TCP_TIME_WAIT,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  tcp_options_received,
  tcp_sk,
  type tcphdr,
} from '../../include/linux/tcp';
import { inet_csk } from '../../include/net/inet_connection_sock';
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
import type { sock } from '../../include/net/sock';
import { TCP_SKB_CB, TCP_TIMEWAIT_LEN, tcp_paws_check, tcp_receive_window } from '../../include/net/tcp';
import { get_seconds } from '../../kernel/sched';
import { setup_timer } from '../../kernel/timer';
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
import { tcp_parse_options, tcp_update_metrics } from './tcp_input';

/** Half of the 131072 buckets that a host with 1 GiB has. */
const sysctl_max_tw_buckets = (): number => sysctl('ipv4.tcp_max_tw_buckets', 65_536);
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

/** Seconds for which a reset with an old timestamp is refused. */
const TCP_PAWS_MSL = 60;

/**
 * The segment's timestamp is too old (PAWS). Resets need not carry a good one once the last is a minute old.
 * @modelled include/net/tcp.h
 * @cost 4
 */
export function tcp_paws_reject(rx_opt: tcp_options_received, rst: boolean): boolean {
  if (tcp_paws_check(rx_opt, 0)) {
    return false;
  }
  return !(rst && get_seconds() >= rx_opt.ts_recent_stamp + TCP_PAWS_MSL);
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
  const tmp_opt = new tcp_options_received();
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
  heap.release(tmp_opt);
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
