/**
 * Mirrors net/ipv4/tcp_cong.c (Linux 2.6.39): the registry of congestion control modules, Reno, and what modules share.
 * Modelled: registration, choice at connection set-up, slow start (limited slow start and appropriate byte counting
 * included), additive increase, the test for a window in full use. Left out: loading modules on demand, permissions,
 * changing the module of a running connection.
 */
import { type OpsTable, ops } from '../../../base/dispatch';
import { list, struct, table } from '../../../base/struct';
import { kernel_global } from '../../arch/current';
import { ENOENT } from '../../include/linux/errno';
import { TCP_CLOSE, tcp_sk, type tcp_sock } from '../../include/linux/tcp';
import { inet_csk, type tcp_congestion_ops } from '../../include/net/inet_connection_sock';
import { sk_can_gso, type sock } from '../../include/net/sock';
import {
  sysctl_tcp_abc,
  sysctl_tcp_max_ssthresh,
  sysctl_tcp_tso_win_divisor,
  TCP_CONG_NON_RESTRICTED,
  tcp_max_burst,
} from '../../include/net/tcp';

/** The modules of a kernel; the first is the default. */
export const tcp_cong_registry = struct('tcp_cong_registry', {
  tcp_cong_list: list(table<tcp_congestion_ops>('module'), 8, 'registered modules, the default first'),
});
export interface tcp_cong_registry extends InstanceType<typeof tcp_cong_registry> {}

export const tcp_cong_list = kernel_global(() => new tcp_cong_registry());

/**
 * Registers a congestion control module; −1 when it is registered already. Later ones stand behind earlier ones.
 * @modelled net/ipv4/tcp_cong.c
 */
export function tcp_register_congestion_control(ca: tcp_congestion_ops & OpsTable): number {
  const modules = tcp_cong_list().tcp_cong_list;
  if (modules.indexOf(ca) >= 0) {
    return -1;
  }
  modules.push(ca);
  return 0;
}

/**
 * Makes a module the default of new connections (sysctl ipv4.tcp_congestion_control). 0, or −ENOENT.
 * @modelled net/ipv4/tcp_cong.c
 * @omits request_module: no modules to load
 */
export function tcp_set_default_congestion_control(name: string): number {
  const modules = tcp_cong_list().tcp_cong_list;
  for (const ca of modules) {
    if (ca.name === name) {
      modules.remove(ca);
      modules.insertAt(0, ca);
      return 0;
    }
  }
  return -ENOENT;
}

/**
 * Gives a connection its module: the default of the host unless it has one already, and lets it initialise.
 * @modelled net/ipv4/tcp_cong.c
 * @omits try_module_get: modules do not go away
 */
export function tcp_init_congestion_control(sk: sock): void {
  const icsk = inet_csk(sk);
  if (icsk.icsk_ca_ops === tcp_init_congestion_ops) {
    const modules = tcp_cong_list().tcp_cong_list;
    icsk.icsk_ca_ops = modules.length > 0 ? modules.at(0) : tcp_reno;
  }
  const ca = icsk.icsk_ca_ops as tcp_congestion_ops;
  if (ca.init !== null) {
    ca.init(sk);
  }
}

/**
 * The connection lets go of its module.
 * @simplified modules have no destructor and are not counted
 * @cost 3
 */
export function tcp_cleanup_congestion_control(_sk: sock): void {}

/**
 * The module of a name, or null.
 * @modelled net/ipv4/tcp_cong.c
 * @cost 5
 */
function tcp_ca_find(name: string): (tcp_congestion_ops & OpsTable) | null {
  for (const ca of tcp_cong_list().tcp_cong_list) {
    if (ca.name === name) {
      return ca;
    }
  }
  return null;
}

/**
 * Changes the module of a connection (TCP_CONGESTION); one that is open starts with it at once. 0, or -ENOENT.
 * @modelled net/ipv4/tcp_cong.c
 * @omits request_module: no modules to load
 */
export function tcp_set_congestion_control(sk: sock, name: string): number {
  const icsk = inet_csk(sk);
  const ca = tcp_ca_find(name);
  if (ca === icsk.icsk_ca_ops) {
    return 0;
  }
  if (ca === null) {
    return -ENOENT;
  }
  tcp_cleanup_congestion_control(sk);
  icsk.icsk_ca_ops = ca;
  if (sk.skc_state !== TCP_CLOSE && ca.init !== null) {
    ca.init(sk);
  }
  return 0;
}

/**
 * True when the congestion window, not the application, holds the sender back. `in_flight` in segments, from before
 * the ACK. With segmentation offload a part left over from deferring counts as full.
 * @modelled net/ipv4/tcp_cong.c
 */
export function tcp_is_cwnd_limited(sk: sock, in_flight: number): boolean {
  const tp = tcp_sk(sk);
  if (in_flight >= tp.snd_cwnd) {
    return true;
  }
  const left = tp.snd_cwnd - in_flight;
  if (sk_can_gso(sk) && left * sysctl_tcp_tso_win_divisor() < tp.snd_cwnd && left * tp.mss_cache < sk.sk_gso_max_size) {
    return true;
  }
  return left <= tcp_max_burst(tp);
}

/**
 * Slow start: one segment more for each ACK, fewer above tcp_max_ssthresh, by bytes with tcp_abc.
 * @modelled net/ipv4/tcp_cong.c
 */
export function tcp_slow_start(tp: tcp_sock): void {
  const abc = sysctl_tcp_abc();
  if (abc !== 0 && tp.bytes_acked < tp.mss_cache) {
    return;
  }
  const max_ssthresh = sysctl_tcp_max_ssthresh();
  let cnt = max_ssthresh > 0 && tp.snd_cwnd > max_ssthresh ? max_ssthresh >> 1 : tp.snd_cwnd;
  if (abc > 1 && tp.bytes_acked >= 2 * tp.mss_cache) {
    cnt *= 2;
  }
  tp.bytes_acked = 0;
  tp.snd_cwnd_cnt += cnt;
  while (tp.snd_cwnd_cnt >= tp.snd_cwnd) {
    tp.snd_cwnd_cnt -= tp.snd_cwnd;
    if (tp.snd_cwnd < tp.snd_cwnd_clamp) {
      tp.snd_cwnd++;
    }
  }
}

/**
 * Additive increase: one segment more after `w` ACKs.
 * @modelled net/ipv4/tcp_cong.c
 * @cost 6
 */
export function tcp_cong_avoid_ai(tp: tcp_sock, w: number): void {
  if (tp.snd_cwnd_cnt >= w) {
    if (tp.snd_cwnd < tp.snd_cwnd_clamp) {
      tp.snd_cwnd++;
    }
    tp.snd_cwnd_cnt = 0;
  } else {
    tp.snd_cwnd_cnt++;
  }
}

/**
 * Reno: slow start up to ssthresh, then one segment a window.
 * @modelled net/ipv4/tcp_cong.c
 */
export function tcp_reno_cong_avoid(sk: sock, _ack: number, in_flight: number): void {
  const tp = tcp_sk(sk);
  if (!tcp_is_cwnd_limited(sk, in_flight)) {
    return;
  }
  if (tp.snd_cwnd <= tp.snd_ssthresh) {
    tcp_slow_start(tp);
  } else if (sysctl_tcp_abc() !== 0) {
    const window = tp.snd_cwnd * tp.mss_cache;
    if (tp.bytes_acked >= window) {
      tp.bytes_acked -= window;
      if (tp.snd_cwnd < tp.snd_cwnd_clamp) {
        tp.snd_cwnd++;
      }
    }
  } else {
    tcp_cong_avoid_ai(tp, tp.snd_cwnd);
  }
}

/**
 * Reno on a loss: half the window, at least two segments.
 * @modelled net/ipv4/tcp_cong.c
 * @cost 4
 */
export function tcp_reno_ssthresh(sk: sock): number {
  return Math.max(tcp_sk(sk).snd_cwnd >>> 1, 2);
}

/**
 * Reno's lower bound while the window is being cut: half of ssthresh.
 * @modelled net/ipv4/tcp_cong.c
 * @cost 4
 */
export function tcp_reno_min_cwnd(sk: sock): number {
  return tcp_sk(sk).snd_ssthresh >>> 1;
}

export const tcp_reno = ops<tcp_congestion_ops>('tcp_congestion_ops', 'tcp_reno', {
  name: 'reno',
  flags: TCP_CONG_NON_RESTRICTED,
  init: null,
  ssthresh: tcp_reno_ssthresh,
  min_cwnd: tcp_reno_min_cwnd,
  cong_avoid: tcp_reno_cong_avoid,
  set_state: null,
  cwnd_event: null,
  undo_cwnd: null,
  pkts_acked: null,
});

/** What a socket has until its connection is established. */
export const tcp_init_congestion_ops = ops<tcp_congestion_ops>('tcp_congestion_ops', 'tcp_init_congestion_ops', {
  name: '',
  flags: 0,
  init: null,
  ssthresh: tcp_reno_ssthresh,
  min_cwnd: tcp_reno_min_cwnd,
  cong_avoid: tcp_reno_cong_avoid,
  set_state: null,
  cwnd_event: null,
  undo_cwnd: null,
  pkts_acked: null,
});
