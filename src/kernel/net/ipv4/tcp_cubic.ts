/**
 * Mirrors net/ipv4/tcp_cubic.c (Linux 2.6.39): CUBIC with hybrid slow start (HyStart), the default congestion control.
 * The window follows a cubic of the time since the last loss; scaled integers as in the kernel, 64-bit products as
 * BigInt. Left out: module parameters (their defaults are the constants below).
 */
import { ops } from '../../../base/dispatch';
import { after, seqDiff } from '../../../base/seq';
import { TCP_CA_Loss, TCP_CA_Open, tcp_sk } from '../../include/linux/tcp';
import { HZ } from '../../include/linux/timer';
import { type bictcp, inet_csk, type tcp_congestion_ops } from '../../include/net/inet_connection_sock';
import type { sock } from '../../include/net/sock';
import { tcp_time_stamp } from '../../include/net/tcp';
import { tcp_cong_avoid_ai, tcp_is_cwnd_limited, tcp_register_congestion_control, tcp_slow_start } from './tcp_cong';

/** What `beta` is a fraction of. */
const BICTCP_BETA_SCALE = 1024;
/** Time runs in units of 2^-10 s. */
const BICTCP_HZ = 10;
/** The ratio of delayed ACKs is kept in sixteenths. */
const ACK_RATIO_SHIFT = 4;

/** Signs of the end of slow start. */
const HYSTART_ACK_TRAIN = 0x1;
const HYSTART_DELAY = 0x2;
/** RTT samples a round before the delay is judged. */
const HYSTART_MIN_SAMPLES = 8;
/** Bounds of the delay increase that counts, 1/8 ms. */
const HYSTART_DELAY_MIN = 4 << 3;
const HYSTART_DELAY_MAX = 16 << 3;

const fast_convergence = true;
/** Decrease factor 717/1024. */
const beta = 717;
const initial_ssthresh = 0;
const bic_scale = 41;
const tcp_friendliness = true;
const hystart = true;
const hystart_detect = HYSTART_ACK_TRAIN | HYSTART_DELAY;
/** Window from which HyStart looks for the end of slow start, segments. */
const hystart_low_window = 16;
/** Largest gap inside a train of ACKs, ms. */
const hystart_ack_delta = 2;

/** 410: C in units of the scaled time. */
const cube_rtt_scale = bic_scale * 10;
/** 15: how fast Reno would grow with the same decrease, in eighths. */
const beta_scale = Math.trunc(Math.trunc((8 * (BICTCP_BETA_SCALE + beta)) / 3) / (BICTCP_BETA_SCALE - beta));
/** 2^40 / 410. */
const cube_factor = Math.floor(2 ** (10 + 3 * BICTCP_HZ) / cube_rtt_scale);

/** Cube roots of 0…63 in 1/64, as the kernel's table has them (hand-tuned there, so not computed here). */
const cube_root_table = [
  0, 54, 54, 54, 118, 118, 118, 118, 123, 129, 134, 138, 143, 147, 151, 156, 157, 161, 164, 168, 170, 173, 176, 179,
  181, 185, 187, 190, 192, 194, 197, 199, 200, 202, 204, 206, 209, 211, 213, 215, 217, 219, 221, 222, 224, 225, 227,
  229, 231, 232, 234, 236, 237, 239, 240, 242, 244, 245, 246, 248, 250, 251, 252, 254,
] as const;

/** The private data of the module in a connection. */
const inet_csk_ca = (sk: sock): bictcp => inet_csk(sk).icsk_ca_priv;
/** HyStart's clock, ms; HZ is 1000. */
const bictcp_clock = (): number => tcp_time_stamp();

/**
 * Forgets all but what a connection starts with.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 15
 */
export function bictcp_reset(ca: bictcp): void {
  ca.cnt = 0;
  ca.last_max_cwnd = 0;
  ca.loss_cwnd = 0;
  ca.last_cwnd = 0;
  ca.last_time = 0;
  ca.bic_origin_point = 0;
  ca.bic_K = 0;
  ca.delay_min = 0;
  ca.epoch_start = 0;
  ca.delayed_ack = 2 << ACK_RATIO_SHIFT;
  ca.ack_cnt = 0;
  ca.tcp_cwnd = 0;
  ca.found = 0;
}

/**
 * Begins a HyStart round: it lasts until what is now sent is acknowledged.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 8
 */
export function bictcp_hystart_reset(sk: sock): void {
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  ca.last_ack = bictcp_clock();
  ca.round_start = ca.last_ack;
  ca.end_seq = tp.snd_nxt;
  ca.curr_rtt = 0;
  ca.sample_cnt = 0;
}

/**
 * Starts CUBIC on a connection.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function bictcp_init(sk: sock): void {
  bictcp_reset(inet_csk_ca(sk));
  if (hystart) {
    bictcp_hystart_reset(sk);
  }
  if (!hystart && initial_ssthresh !== 0) {
    tcp_sk(sk).snd_ssthresh = initial_ssthresh;
  }
}

/**
 * Cube root of `a` (below 2^53): a table for the first six bits, one Newton step, about 0.2 % off.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 40
 */
export function cubic_root(a: number): number {
  let b = a === 0 ? 0 : Math.floor(Math.log2(a)) + 1;
  if (b > 0 && a < 2 ** (b - 1)) {
    b--;
  } else if (a >= 2 ** b) {
    b++;
  }
  if (b < 7) {
    return ((cube_root_table[a] as number) + 35) >> 6;
  }
  b = ((b * 84) >> 8) - 1;
  const shift = Math.floor(a / 2 ** (b * 3));
  let x = (((cube_root_table[shift] as number) + 10) * 2 ** b) >>> 6;
  x = 2 * x + Math.floor(a / (x * (x - 1)));
  return Math.floor((x * 341) / 1024);
}

/**
 * Computes how many ACKs one segment more takes, from where the cubic stands now; at most every 1/32 s for the same
 * window. Not slower than Reno would be.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 80
 */
export function bictcp_update(ca: bictcp, cwnd: number): void {
  ca.ack_cnt++;
  const now = tcp_time_stamp();
  if (ca.last_cwnd === cwnd && seqDiff(now, ca.last_time) <= HZ / 32) {
    return;
  }
  ca.last_cwnd = cwnd;
  ca.last_time = now;

  if (ca.epoch_start === 0) {
    ca.epoch_start = now;
    ca.ack_cnt = 1;
    ca.tcp_cwnd = cwnd;
    if (ca.last_max_cwnd <= cwnd) {
      ca.bic_K = 0;
      ca.bic_origin_point = cwnd;
    } else {
      ca.bic_K = cubic_root(cube_factor * (ca.last_max_cwnd - cwnd));
      ca.bic_origin_point = ca.last_max_cwnd;
    }
  }

  const elapsed = (now + (ca.delay_min >>> 3) - ca.epoch_start) >>> 0;
  const t = Math.floor(((elapsed << BICTCP_HZ) >>> 0) / HZ);
  const offs = Math.abs(t - ca.bic_K);
  const cube = BigInt.asUintN(64, BigInt(cube_rtt_scale) * BigInt(offs) ** 3n);
  let delta = Number(BigInt.asUintN(32, cube >> BigInt(10 + 3 * BICTCP_HZ)));
  const bic_target = (t < ca.bic_K ? ca.bic_origin_point - delta : ca.bic_origin_point + delta) >>> 0;

  let cnt = bic_target > cwnd ? Math.floor(cwnd / (bic_target - cwnd)) : 100 * cwnd;
  if (ca.loss_cwnd === 0 && cnt > 20) {
    cnt = 20;
  }
  if (tcp_friendliness) {
    delta = (cwnd * beta_scale) >>> 3;
    while (ca.ack_cnt > delta) {
      ca.ack_cnt -= delta;
      ca.tcp_cwnd++;
    }
    if (ca.tcp_cwnd > cwnd) {
      cnt = Math.min(cnt, Math.floor(cwnd / (ca.tcp_cwnd - cwnd)));
    }
  }
  cnt = Math.floor((cnt << ACK_RATIO_SHIFT) / ca.delayed_ack);
  ca.cnt = cnt === 0 ? 1 : cnt;
}

/**
 * Grows the window on an ACK: slow start below ssthresh, the cubic above.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function bictcp_cong_avoid(sk: sock, ack: number, in_flight: number): void {
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  if (!tcp_is_cwnd_limited(sk, in_flight)) {
    return;
  }
  if (tp.snd_cwnd <= tp.snd_ssthresh) {
    if (hystart && after(ack, ca.end_seq)) {
      bictcp_hystart_reset(sk);
    }
    tcp_slow_start(tp);
  } else {
    bictcp_update(ca, tp.snd_cwnd);
    tcp_cong_avoid_ai(tp, ca.cnt);
  }
}

/**
 * On a loss: remembers the window as the next plateau (a lower one if it shrinks: fast convergence) and gives the new
 * ssthresh, 717/1024 of the window.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function bictcp_recalc_ssthresh(sk: sock): number {
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  ca.epoch_start = 0;
  if (tp.snd_cwnd < ca.last_max_cwnd && fast_convergence) {
    ca.last_max_cwnd = Math.floor((tp.snd_cwnd * (BICTCP_BETA_SCALE + beta)) / (2 * BICTCP_BETA_SCALE));
  } else {
    ca.last_max_cwnd = tp.snd_cwnd;
  }
  ca.loss_cwnd = tp.snd_cwnd;
  return Math.max(Math.floor((tp.snd_cwnd * beta) / BICTCP_BETA_SCALE), 2);
}

/**
 * The window to go back to when a loss turns out to be none.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 4
 */
export function bictcp_undo_cwnd(sk: sock): number {
  return Math.max(tcp_sk(sk).snd_cwnd, inet_csk_ca(sk).last_max_cwnd);
}

/**
 * Starts anew after a retransmission timeout.
 * @modelled net/ipv4/tcp_cubic.c
 * @cost 4
 */
export function bictcp_state(sk: sock, new_state: number): void {
  if (new_state === TCP_CA_Loss) {
    bictcp_reset(inet_csk_ca(sk));
    bictcp_hystart_reset(sk);
  }
}

/**
 * Looks for the end of slow start: a long train of closely spaced ACKs, or growing delay (`delay` in 1/8 ms). Found:
 * ssthresh becomes the window.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function hystart_update(sk: sock, delay: number): void {
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  if ((ca.found & hystart_detect) !== 0) {
    return;
  }
  const now = bictcp_clock();
  if (seqDiff(now, ca.last_ack) <= hystart_ack_delta) {
    ca.last_ack = now;
    if (seqDiff(now, ca.round_start) > ca.delay_min >>> 4) {
      ca.found |= HYSTART_ACK_TRAIN;
    }
  }
  if (ca.sample_cnt < HYSTART_MIN_SAMPLES) {
    if (ca.curr_rtt === 0 || ca.curr_rtt > delay) {
      ca.curr_rtt = delay;
    }
    ca.sample_cnt++;
  } else {
    const threshold = Math.min(Math.max(ca.delay_min >>> 4, HYSTART_DELAY_MIN), HYSTART_DELAY_MAX);
    if (ca.curr_rtt > ca.delay_min + threshold) {
      ca.found |= HYSTART_DELAY;
    }
  }
  if ((ca.found & hystart_detect) !== 0) {
    tp.snd_ssthresh = tp.snd_cwnd;
  }
}

/**
 * Takes note of `cnt` segments acknowledged with an RTT of `rtt_us` (−1: none): ratio of delayed ACKs, least delay,
 * HyStart.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function bictcp_acked(sk: sock, cnt: number, rtt_us: number): void {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const ca = inet_csk_ca(sk);
  if (icsk.icsk_ca_state === TCP_CA_Open) {
    ca.delayed_ack += cnt - (ca.delayed_ack >>> ACK_RATIO_SHIFT);
  }
  if (rtt_us < 0) {
    return;
  }
  if (seqDiff(tcp_time_stamp(), ca.epoch_start) < HZ) {
    return;
  }
  const delay = Math.max(Math.floor((rtt_us * 8) / 1000), 1);
  if (ca.delay_min === 0 || ca.delay_min > delay) {
    ca.delay_min = delay;
  }
  if (hystart && tp.snd_cwnd <= tp.snd_ssthresh && tp.snd_cwnd >= hystart_low_window) {
    hystart_update(sk, delay);
  }
}

export const cubictcp = ops<tcp_congestion_ops>('tcp_congestion_ops', 'cubictcp', {
  name: 'cubic',
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
 * Registers CUBIC. The kernel's flag for exact time stamps is not set, as HZ is 1000.
 * @modelled net/ipv4/tcp_cubic.c
 */
export function cubictcp_register(): number {
  return tcp_register_congestion_control(cubictcp);
}
