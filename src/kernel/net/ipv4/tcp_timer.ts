/**
 * Mirrors net/ipv4/tcp_timer.c (2.6.39): what happens when a connection's timers fire.
 * Modelled: delayed ACK, retransmission with backoff, window probes, keepalive probes, giving up.
 */
import type { Kgen } from '../../arch/current';
import { ETIMEDOUT } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { __skb_dequeue, type sk_buff, skb_queue_empty } from '../../include/linux/skbuff';
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_FIN_WAIT2, TCP_LISTEN, tcp_sk } from '../../include/linux/tcp';
import { HZ, jiffies } from '../../include/linux/timer';
import {
  ICSK_ACK_TIMER,
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  type inet_connection_sock,
  inet_csk,
  inet_csk_ack_scheduled,
} from '../../include/net/inet_connection_sock';
import {
  __sk_dst_reset,
  bh_lock_sock,
  bh_unlock_sock,
  dst_negative_advice,
  SOCK_DEAD,
  SOCK_KEEPOPEN,
  sk_backlog_rcv,
  type sock,
  sock_flag,
  sock_owned_by_user,
} from '../../include/net/sock';
import {
  __tcp_set_rto,
  keepalive_intvl_when,
  keepalive_probes,
  keepalive_time_elapsed,
  keepalive_time_when,
  sysctl_tcp_base_mss,
  sysctl_tcp_mtu_probing,
  sysctl_tcp_orphan_retries,
  sysctl_tcp_retries1,
  sysctl_tcp_retries2,
  sysctl_tcp_syn_retries,
  sysctl_tcp_thin_linear_timeouts,
  TCP_ATO_MIN,
  TCP_DELACK_MIN,
  TCP_RESOURCE_PROBE_INTERVAL,
  TCP_RTO_MAX,
  TCP_RTO_MIN,
  TCP_SKB_CB,
  TCP_SYNQ_INTERVAL,
  TCP_TIMEOUT_INIT,
  TCP_TIMEWAIT_LEN,
  TCPF_CLOSE,
  TCPF_LISTEN,
  TCPF_SYN_RECV,
  TCPF_SYN_SENT,
  tcp_fin_time,
  tcp_send_head,
  tcp_stream_is_thin,
  tcp_time_stamp,
  tcp_write_queue_empty,
  tcp_write_queue_head,
} from '../../include/net/tcp';
import { sk_mem_reclaim, sk_mem_reclaim_partial, sk_reset_timer, sock_put, tcp_memory } from '../core/sock';
import {
  inet_csk_delete_keepalive_timer,
  inet_csk_init_xmit_timers,
  inet_csk_reqsk_queue_prune,
  inet_csk_reset_keepalive_timer,
  inet_csk_reset_xmit_timer,
} from './inet_connection_sock';
import { tcp_done, tcp_too_many_orphans } from './tcp';
import { tcp_enter_frto, tcp_enter_loss, tcp_use_frto } from './tcp_input';
import { tcp_time_wait } from './tcp_minisocks';
import {
  tcp_mss_to_mtu,
  tcp_mtu_to_mss,
  tcp_retransmit_skb,
  tcp_send_ack,
  tcp_send_active_reset,
  tcp_send_probe0,
  tcp_sync_mss,
  tcp_write_wakeup,
} from './tcp_output';

/** Timeouts in a row that stay linear for a thin stream. */
const TCP_THIN_LINEAR_RETRIES = 6;

/**
 * Gives a connection its timers.
 * @modelled net/ipv4/tcp_timer.c
 */
export function tcp_init_xmit_timers(sk: sock): void {
  inet_csk_init_xmit_timers(sk, tcp_write_timer, tcp_delack_timer, tcp_keepalive_timer);
}

/**
 * Gives the connection up: the reason goes to the program.
 * @modelled net/ipv4/tcp_timer.c
 */
export function tcp_write_err(sk: sock): void {
  sk.sk_err = sk.sk_err_soft !== 0 ? sk.sk_err_soft : ETIMEDOUT;
  if (sk.sk_error_report !== null) sk.sk_error_report(sk);
  tcp_done(sk);
}

/**
 * Orphans take too much: this one ends now, the sooner the longer nothing was sent, with a reset if it was active lately. True: it has ended.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_out_of_resources(sk: sock, do_reset: boolean): Kgen<boolean> {
  const tp = tcp_sk(sk);
  const idle = tcp_time_stamp() - tp.lsndtime;
  let shift = 0;
  if (idle > 2 * TCP_RTO_MAX || !do_reset) shift++;
  if (sk.sk_err_soft !== 0) shift++;
  if (!tcp_too_many_orphans(sk, shift)) return false;
  if (do_reset || idle <= TCP_TIMEWAIT_LEN || (tp.snd_wnd === 0 && tp.packets_out === 0)) {
    yield* tcp_send_active_reset(sk, GFP_ATOMIC);
  }
  tcp_done(sk);
  return true;
}

/**
 * Timeouts after which an orphaned socket is given up.
 * @modelled net/ipv4/tcp_timer.c
 */
export function tcp_orphan_retries(sk: sock, alive: boolean): number {
  const retries = sk.sk_err_soft !== 0 && !alive ? 0 : sysctl_tcp_orphan_retries();
  return retries === 0 && alive ? 8 : retries;
}

/**
 * After repeated timeouts the path may swallow large packets: starts MTU probing, or halves the MTU known to work.
 * @modelled net/ipv4/tcp_timer.c
 */
export function tcp_mtu_probing(icsk: inet_connection_sock, sk: sock): void {
  if (sysctl_tcp_mtu_probing() === 0) return;
  if (!icsk.icsk_mtup_enabled) {
    icsk.icsk_mtup_enabled = true;
  } else {
    let mss = tcp_mtu_to_mss(sk, icsk.icsk_mtup_search_low) >> 1;
    mss = Math.min(sysctl_tcp_base_mss(), mss);
    mss = Math.max(mss, 68 - tcp_sk(sk).tcp_header_len);
    icsk.icsk_mtup_search_low = tcp_mss_to_mtu(sk, mss);
  }
  tcp_sync_mss(sk, icsk.icsk_pmtu_cookie);
}

/**
 * So much time has passed since the first timeout as `boundary` timeouts with doubling would take; `timeout` (jiffies) overrides it.
 * @modelled net/ipv4/tcp_timer.c
 */
export function retransmits_timed_out(sk: sock, boundary: number, timeout: number, syn_set: boolean): boolean {
  const rto_base = syn_set ? TCP_TIMEOUT_INIT : TCP_RTO_MIN;
  if (inet_csk(sk).icsk_retransmits === 0) return false;
  const stamp = tcp_sk(sk).retrans_stamp;
  const head = tcp_write_queue_head(sk);
  const start_ts = stamp !== 0 || head === null ? stamp : TCP_SKB_CB(head).when;
  let limit = timeout;
  if (limit === 0) {
    const linear_backoff_thresh = Math.floor(Math.log2(TCP_RTO_MAX / rto_base));
    if (boundary <= linear_backoff_thresh) {
      limit = (2 ** (boundary + 1) - 1) * rto_base;
    } else {
      limit = (2 ** (linear_backoff_thresh + 1) - 1) * rto_base + (boundary - linear_backoff_thresh) * TCP_RTO_MAX;
    }
  }
  return (tcp_time_stamp() - start_ts) >>> 0 >= limit;
}

/**
 * Decides after a timeout whether to go on. True: the connection was given up.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_write_timeout(sk: sock): Kgen<boolean> {
  const icsk = inet_csk(sk);
  let retry_until: number;
  let syn_set = false;
  if (((1 << sk.skc_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0) {
    if (icsk.icsk_retransmits !== 0) dst_negative_advice(sk);
    retry_until = icsk.icsk_syn_retries !== 0 ? icsk.icsk_syn_retries : sysctl_tcp_syn_retries();
    syn_set = true;
  } else {
    if (retransmits_timed_out(sk, sysctl_tcp_retries1(), 0, false)) {
      tcp_mtu_probing(icsk, sk);
      dst_negative_advice(sk);
    }
    retry_until = sysctl_tcp_retries2();
    if (sock_flag(sk, SOCK_DEAD)) {
      const alive = icsk.icsk_rto < TCP_RTO_MAX;
      retry_until = tcp_orphan_retries(sk, alive);
      const do_reset = alive || !retransmits_timed_out(sk, retry_until, 0, false);
      if (yield* tcp_out_of_resources(sk, do_reset)) return true;
    }
  }
  if (retransmits_timed_out(sk, retry_until, syn_set ? 0 : icsk.icsk_user_timeout, syn_set)) {
    tcp_write_err(sk);
    return true;
  }
  return false;
}

/**
 * An ACK was put off long enough. If a program owns the socket it looks again 40 ms later, and the owner sends the ACK.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_delack_timer(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  yield* bh_lock_sock(sk);
  if (sock_owned_by_user(sk)) {
    icsk.icsk_ack.blocked = true;
    sk_reset_timer(sk, icsk.icsk_delack_timer, jiffies() + TCP_DELACK_MIN);
  } else {
    sk_mem_reclaim_partial(sk);
    if (sk.skc_state !== TCP_CLOSE && (icsk.icsk_ack.pending & ICSK_ACK_TIMER) !== 0) {
      if (icsk.icsk_ack.timeout > jiffies()) {
        sk_reset_timer(sk, icsk.icsk_delack_timer, icsk.icsk_ack.timeout);
      } else {
        icsk.icsk_ack.pending &= ~ICSK_ACK_TIMER;
        if (!skb_queue_empty(tp.ucopy.prequeue)) {
          for (let skb = __skb_dequeue(tp.ucopy.prequeue); skb !== null; skb = __skb_dequeue(tp.ucopy.prequeue)) {
            yield* sk_backlog_rcv(sk, skb);
          }
          tp.ucopy.memory = 0;
        }
        if (inet_csk_ack_scheduled(sk)) {
          if (!icsk.icsk_ack.pingpong) {
            icsk.icsk_ack.ato = Math.min(icsk.icsk_ack.ato << 1, icsk.icsk_rto);
          } else {
            icsk.icsk_ack.pingpong = false;
            icsk.icsk_ack.ato = TCP_ATO_MIN;
          }
          yield* tcp_send_ack(sk);
        }
      }
    }
    if (tcp_memory().memory_pressure) sk_mem_reclaim(sk);
  }
  bh_unlock_sock(sk);
  sock_put(sk);
}

/**
 * The peer's window is closed: asks whether it has opened, or gives up after too many questions.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_probe_timer(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  if (tcp_sk(sk).packets_out !== 0 || tcp_send_head(sk) === null) {
    icsk.icsk_probes_out = 0;
    return;
  }
  let max_probes = sysctl_tcp_retries2();
  if (sock_flag(sk, SOCK_DEAD)) {
    const alive = icsk.icsk_rto * 2 ** icsk.icsk_backoff < TCP_RTO_MAX;
    max_probes = tcp_orphan_retries(sk, alive);
    if (yield* tcp_out_of_resources(sk, alive || icsk.icsk_probes_out <= max_probes)) return;
  }
  if (icsk.icsk_probes_out > max_probes) tcp_write_err(sk);
  else yield* tcp_send_probe0(sk);
}

/**
 * No ACK came in time: loss recovery starts (F-RTO first, if it may), the oldest segment goes again, and the timeout doubles.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_retransmit_timer(sk: sock): Kgen {
  const tp = tcp_sk(sk);
  const icsk = inet_csk(sk);
  if (tp.packets_out === 0) return;
  if (tcp_write_queue_empty(sk)) throw new Error('tcp_retransmit_timer: packets are out, but the queue is empty');
  const head = tcp_write_queue_head(sk) as sk_buff;
  const opening = ((1 << sk.skc_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0;
  if (tp.snd_wnd === 0 && !sock_flag(sk, SOCK_DEAD) && !opening) {
    if (jiffies() - tp.rcv_tstamp > TCP_RTO_MAX) {
      tcp_write_err(sk);
      return;
    }
    tcp_enter_loss(sk, 0);
    yield* tcp_retransmit_skb(sk, head);
    __sk_dst_reset(sk);
  } else {
    if (yield* tcp_write_timeout(sk)) return;
    if (tcp_use_frto(sk)) tcp_enter_frto(sk);
    else tcp_enter_loss(sk, 0);
    if ((yield* tcp_retransmit_skb(sk, head)) > 0) {
      if (icsk.icsk_retransmits === 0) icsk.icsk_retransmits = 1;
      const when = Math.min(icsk.icsk_rto, TCP_RESOURCE_PROBE_INTERVAL);
      inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, when, TCP_RTO_MAX);
      return;
    }
    icsk.icsk_backoff++;
    icsk.icsk_retransmits++;
  }
  if (
    sk.skc_state === TCP_ESTABLISHED &&
    (tp.thin_lto || sysctl_tcp_thin_linear_timeouts() !== 0) &&
    tcp_stream_is_thin(tp) &&
    icsk.icsk_retransmits <= TCP_THIN_LINEAR_RETRIES
  ) {
    icsk.icsk_backoff = 0;
    icsk.icsk_rto = Math.min(__tcp_set_rto(tp), TCP_RTO_MAX);
  } else {
    icsk.icsk_rto = Math.min(icsk.icsk_rto << 1, TCP_RTO_MAX);
  }
  inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, icsk.icsk_rto, TCP_RTO_MAX);
  if (retransmits_timed_out(sk, sysctl_tcp_retries1() + 1, 0, false)) __sk_dst_reset(sk);
}

/**
 * The retransmission or the probe timer fired. If a program owns the socket it looks again 50 ms later.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_write_timer(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  yield* bh_lock_sock(sk);
  if (sock_owned_by_user(sk)) {
    sk_reset_timer(sk, icsk.icsk_retransmit_timer, jiffies() + HZ / 20);
  } else {
    if (sk.skc_state !== TCP_CLOSE && icsk.icsk_pending !== 0) {
      if (icsk.icsk_timeout > jiffies()) {
        sk_reset_timer(sk, icsk.icsk_retransmit_timer, icsk.icsk_timeout);
      } else {
        const event = icsk.icsk_pending;
        icsk.icsk_pending = 0;
        if (event === ICSK_TIME_RETRANS) yield* tcp_retransmit_timer(sk);
        else if (event === ICSK_TIME_PROBE0) yield* tcp_probe_timer(sk);
      }
    }
    sk_mem_reclaim(sk);
  }
  bh_unlock_sock(sk);
  sock_put(sk);
}

/**
 * Goes over the SYN queue of a listener.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_synack_timer(sk: sock): Kgen {
  yield* inet_csk_reqsk_queue_prune(sk, TCP_SYNQ_INTERVAL, TCP_TIMEOUT_INIT, TCP_RTO_MAX);
}

/**
 * SO_KEEPALIVE was set or cleared.
 * @modelled net/ipv4/tcp_timer.c
 * @cost 4
 */
export function tcp_set_keepalive(sk: sock, val: boolean): void {
  if (((1 << sk.skc_state) & (TCPF_CLOSE | TCPF_LISTEN)) !== 0) return;
  if (val && !sock_flag(sk, SOCK_KEEPOPEN)) inet_csk_reset_keepalive_timer(sk, keepalive_time_when(tcp_sk(sk)));
  else if (!val) inet_csk_delete_keepalive_timer(sk);
}

/**
 * The timer of three duties: it goes over the SYN queue of a listener; it ends FIN_WAIT2 of a socket that no file holds; with SO_KEEPALIVE it asks a silent peer whether it is still
 * there, and gives up after too many questions.
 * @modelled net/ipv4/tcp_timer.c
 */
export function* tcp_keepalive_timer(sk: sock): Kgen {
  yield* bh_lock_sock(sk);
  if (sock_owned_by_user(sk)) {
    inet_csk_reset_keepalive_timer(sk, HZ / 20);
  } else if (sk.skc_state === TCP_LISTEN) {
    yield* tcp_synack_timer(sk);
  } else if (sk.skc_state === TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
    const tmo = tcp_sk(sk).linger2 >= 0 ? tcp_fin_time(sk) - TCP_TIMEWAIT_LEN : 0;
    if (tmo > 0) {
      tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
    } else {
      yield* tcp_send_active_reset(sk, GFP_ATOMIC);
      tcp_done(sk);
    }
  } else if (sk.skc_state !== TCP_LISTEN && sock_flag(sk, SOCK_KEEPOPEN) && sk.skc_state !== TCP_CLOSE) {
    yield* tcp_keepalive_probe(sk);
  }
  bh_unlock_sock(sk);
  sock_put(sk);
}

/**
 * Probes a peer that was silent too long, and rearms the timer.
 * @model the end of tcp_keepalive_timer, which C reaches by gotos
 * @cost 0
 */
function* tcp_keepalive_probe(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  let elapsed = keepalive_time_when(tp);
  if (tp.packets_out === 0 && tcp_send_head(sk) === null) {
    elapsed = keepalive_time_elapsed(tp);
    if (elapsed >= keepalive_time_when(tp)) {
      const limited = icsk.icsk_user_timeout !== 0;
      if (
        (limited && elapsed >= icsk.icsk_user_timeout && icsk.icsk_probes_out > 0) ||
        (!limited && icsk.icsk_probes_out >= keepalive_probes(tp))
      ) {
        yield* tcp_send_active_reset(sk, GFP_ATOMIC);
        tcp_write_err(sk);
        return;
      }
      if ((yield* tcp_write_wakeup(sk)) <= 0) {
        icsk.icsk_probes_out++;
        elapsed = keepalive_intvl_when(tp);
      } else {
        elapsed = TCP_RESOURCE_PROBE_INTERVAL;
      }
    } else {
      elapsed = keepalive_time_when(tp) - elapsed;
    }
    sk_mem_reclaim(sk);
  }
  inet_csk_reset_keepalive_timer(sk, elapsed);
}
