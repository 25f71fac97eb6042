/**
 * Mirrors net/ipv4/inet_connection_sock.c (2.6.39), and from its header inet_csk_reset_xmit_timer, which needs sk_reset_timer.
 * Modelled: the three timers of a connection.
 * Left out: binding to ports, accept queues and requests (the handshake).
 */

import { heap } from '../../../base/heap';
import type { Kgen } from '../../arch/current';
import { jiffies } from '../../include/linux/timer';
import {
  ICSK_ACK_TIMER,
  ICSK_TIME_DACK,
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  icsk_ack_state,
  inet_csk,
} from '../../include/net/inet_connection_sock';
import type { proto, sock } from '../../include/net/sock';
import { setup_timer } from '../../kernel/timer';
import { sk_reset_timer, sk_stop_timer, sock_put, tcp_memory } from '../core/sock';
import { sk_stream_kill_queues } from '../core/stream';

/**
 * Gives a connection its timers: retransmission and probe, delayed ACK, keepalive. None is armed.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_init_xmit_timers(
  sk: sock,
  retransmit_handler: (sk: sock) => Kgen,
  delack_handler: (sk: sock) => Kgen,
  keepalive_handler: (sk: sock) => Kgen,
): void {
  const icsk = inet_csk(sk);
  setup_timer(icsk.icsk_retransmit_timer, retransmit_handler, sk);
  setup_timer(icsk.icsk_delack_timer, delack_handler, sk);
  setup_timer(sk.sk_timer, keepalive_handler, sk);
  icsk.icsk_pending = 0;
  icsk.icsk_ack.pending = 0;
}

/**
 * Stops all timers of a connection.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_clear_xmit_timers(sk: sock): void {
  const icsk = inet_csk(sk);
  icsk.icsk_pending = 0;
  icsk.icsk_ack.pending = 0;
  icsk.icsk_ack.blocked = false;
  sk_stop_timer(sk, icsk.icsk_retransmit_timer);
  sk_stop_timer(sk, icsk.icsk_delack_timer);
  sk_stop_timer(sk, sk.sk_timer);
}

/**
 * Arms the keepalive timer in `len` jiffies.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_reset_keepalive_timer(sk: sock, len: number): void {
  sk_reset_timer(sk, sk.sk_timer, jiffies() + len);
}

/**
 * Arms the retransmission, probe or delayed ACK timer (ICSK_TIME_) in `when` jiffies, at most `max_when`.
 * Retransmission and probe share one timer: `icsk_pending` tells which it is.
 * @modelled include/net/inet_connection_sock.h
 */
export function inet_csk_reset_xmit_timer(sk: sock, what: number, when: number, max_when: number): void {
  const icsk = inet_csk(sk);
  const wait = Math.min(when, max_when);
  if (what === ICSK_TIME_RETRANS || what === ICSK_TIME_PROBE0) {
    icsk.icsk_pending = what;
    icsk.icsk_timeout = jiffies() + wait;
    sk_reset_timer(sk, icsk.icsk_retransmit_timer, icsk.icsk_timeout);
  } else if (what === ICSK_TIME_DACK) {
    icsk.icsk_ack.pending |= ICSK_ACK_TIMER;
    icsk.icsk_ack.timeout = jiffies() + wait;
    sk_reset_timer(sk, icsk.icsk_delack_timer, icsk.icsk_ack.timeout);
  }
}

/**
 * Stops the keepalive timer.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 2
 */
export function inet_csk_delete_keepalive_timer(sk: sock): void {
  sk_stop_timer(sk, sk.sk_timer);
}

/**
 * Forgets all about ACKs that are due.
 * @modelled include/net/inet_connection_sock.h
 * @cost 4
 */
export function inet_csk_delack_init(sk: sock): void {
  heap.assign(inet_csk(sk).icsk_ack, new icsk_ack_state());
  inet_csk(sk).icsk_ack.rcv_mss = 0;
}

/**
 * Ends a closed socket that no file holds: the protocol lets go of all it has, and the socket goes with its last reference.
 * @modelled net/ipv4/inet_connection_sock.c
 * @omits xfrm_sk_free_policy: no IPsec
 */
export function inet_csk_destroy_sock(sk: sock): void {
  (sk.skc_prot as Required<proto>).destroy(sk);
  sk_stream_kill_queues(sk);
  tcp_memory().orphan_count--;
  sock_put(sk);
}
