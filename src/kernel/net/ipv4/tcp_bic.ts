/**
 * Mirrors net/ipv4/tcp_bic.c (Linux 2.6.39): binary increase congestion control, the forerunner of CUBIC. After a loss the window
 * goes half the way to where the loss was, again and again, and past it looks for the new limit.
 * Left out: module parameters (their defaults are the constants below).
 */
import { ops } from '../../../base/dispatch';
import { seqDiff } from '../../../base/seq';
import { TCP_CA_Loss, TCP_CA_Open, tcp_sk } from '../../include/linux/tcp';
import { HZ } from '../../include/linux/timer';
import { type bictcp, inet_csk, type tcp_congestion_ops } from '../../include/net/inet_connection_sock';
import type { sock } from '../../include/net/sock';
import { tcp_time_stamp } from '../../include/net/tcp';
import { tcp_cong_avoid_ai, tcp_is_cwnd_limited, tcp_register_congestion_control, tcp_slow_start } from './tcp_cong';

const BICTCP_BETA_SCALE = 1024;
/** The part of the way to the last maximum that one step goes: 1/4. */
const BICTCP_B = 4;
/** The ratio of delayed ACKs is kept in sixteenths. */
const ACK_RATIO_SHIFT = 4;

const fast_convergence = true;
/** Largest increase a round trip, segments. */
const max_increment = 16;
/** Up to this window it behaves as Reno, segments. */
const low_window = 14;
/** Decrease factor 819/1024. */
const beta = 819;
const initial_ssthresh = 0;
/** How slow it gets close to the last maximum. */
const smooth_part = 20;

/** The private data of the module in a connection. */
const inet_csk_ca = (sk: sock): bictcp => inet_csk(sk).icsk_ca_priv;

/**
 * Forgets all but what a connection starts with.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 8
 */
function bictcp_reset(ca: bictcp): void {
  ca.cnt = 0;
  ca.last_max_cwnd = 0;
  ca.loss_cwnd = 0;
  ca.last_cwnd = 0;
  ca.last_time = 0;
  ca.epoch_start = 0;
  ca.delayed_ack = 2 << ACK_RATIO_SHIFT;
}

/**
 * Starts BIC on a connection.
 * @modelled net/ipv4/tcp_bic.c
 */
function bictcp_init(sk: sock): void {
  bictcp_reset(inet_csk_ca(sk));
  if (initial_ssthresh !== 0) {
    tcp_sk(sk).snd_ssthresh = initial_ssthresh;
  }
}

/**
 * Computes how many ACKs one segment more takes; at most every 1/32 s for the same window.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 25
 */
function bictcp_update(ca: bictcp, cwnd: number): void {
  const now = tcp_time_stamp();
  if (ca.last_cwnd === cwnd && seqDiff(now, ca.last_time) <= HZ / 32) {
    return;
  }
  ca.last_cwnd = cwnd;
  ca.last_time = now;
  if (ca.epoch_start === 0) {
    ca.epoch_start = now;
  }
  if (cwnd <= low_window) {
    ca.cnt = cwnd;
    return;
  }

  let cnt: number;
  if (cwnd < ca.last_max_cwnd) {
    const dist = Math.trunc((ca.last_max_cwnd - cwnd) / BICTCP_B);
    if (dist > max_increment) {
      cnt = Math.trunc(cwnd / max_increment);
    } else if (dist <= 1) {
      cnt = Math.trunc((cwnd * smooth_part) / BICTCP_B);
    } else {
      cnt = Math.trunc(cwnd / dist);
    }
  } else if (cwnd < ca.last_max_cwnd + BICTCP_B) {
    cnt = Math.trunc((cwnd * smooth_part) / BICTCP_B);
  } else if (cwnd < ca.last_max_cwnd + max_increment * (BICTCP_B - 1)) {
    cnt = Math.trunc((cwnd * (BICTCP_B - 1)) / (cwnd - ca.last_max_cwnd));
  } else {
    cnt = Math.trunc(cwnd / max_increment);
  }
  if (ca.loss_cwnd === 0) {
    cnt = Math.min(cnt, 20);
  }
  cnt = Math.trunc((cnt << ACK_RATIO_SHIFT) / ca.delayed_ack);
  ca.cnt = cnt === 0 ? 1 : cnt;
}

/**
 * Grows the window on an ACK: slow start below ssthresh, the search above.
 * @modelled net/ipv4/tcp_bic.c
 */
function bictcp_cong_avoid(sk: sock, _ack: number, in_flight: number): void {
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  if (!tcp_is_cwnd_limited(sk, in_flight)) {
    return;
  }
  if (tp.snd_cwnd <= tp.snd_ssthresh) {
    tcp_slow_start(tp);
  } else {
    bictcp_update(ca, tp.snd_cwnd);
    tcp_cong_avoid_ai(tp, ca.cnt);
  }
}

/**
 * On a loss: notes where it was, and cuts the window to 819/1024, a small one by half.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 10
 */
function bictcp_recalc_ssthresh(sk: sock): number {
  const { snd_cwnd } = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  ca.epoch_start = 0;
  ca.last_max_cwnd =
    snd_cwnd < ca.last_max_cwnd && fast_convergence
      ? Math.trunc((snd_cwnd * (BICTCP_BETA_SCALE + beta)) / (2 * BICTCP_BETA_SCALE))
      : snd_cwnd;
  ca.loss_cwnd = snd_cwnd;
  const wanted = snd_cwnd <= low_window ? snd_cwnd >> 1 : Math.trunc((snd_cwnd * beta) / BICTCP_BETA_SCALE);
  return Math.max(wanted, 2);
}

/**
 * The window to go back to when a reduction was unfounded.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 4
 */
function bictcp_undo_cwnd(sk: sock): number {
  return Math.max(tcp_sk(sk).snd_cwnd, inet_csk_ca(sk).last_max_cwnd);
}

/**
 * After a timeout it starts anew.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 4
 */
function bictcp_state(sk: sock, new_state: number): void {
  if (new_state === TCP_CA_Loss) {
    bictcp_reset(inet_csk_ca(sk));
  }
}

/**
 * Tracks how many segments an ACK covers.
 * @modelled net/ipv4/tcp_bic.c
 * @cost 5
 */
function bictcp_acked(sk: sock, cnt: number, _rtt: number): void {
  if (inet_csk(sk).icsk_ca_state === TCP_CA_Open) {
    const ca = inet_csk_ca(sk);
    ca.delayed_ack += cnt - (ca.delayed_ack >> ACK_RATIO_SHIFT);
  }
}

export const bictcp_ops = ops<tcp_congestion_ops>('tcp_congestion_ops', 'bictcp', {
  name: 'bic',
  flags: 0,
  init: bictcp_init,
  ssthresh: bictcp_recalc_ssthresh,
  min_cwnd: null,
  cong_avoid: bictcp_cong_avoid,
  set_state: bictcp_state,
  cwnd_event: null,
  undo_cwnd: bictcp_undo_cwnd,
  pkts_acked: bictcp_acked,
});

/**
 * Registers BIC.
 * @modelled net/ipv4/tcp_bic.c
 */
export function bictcp_register(): number {
  return tcp_register_congestion_control(bictcp_ops);
}
