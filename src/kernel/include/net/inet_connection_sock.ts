/** Mirrors include/net/inet_connection_sock.h (2.6.39): the struct. Its inline functions live below it. */
import {
  bool,
  byteCount,
  embed,
  enumeration,
  flags,
  hex32,
  int,
  ref,
  struct,
  table,
  u8,
  u16,
} from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { sk_buff } from '../linux/skbuff';
import { timer_list } from '../linux/timer';
import type { dst_entry } from './dst';
import type { inet_bind_bucket } from './inet_hashtables';
import { inet_sock } from './inet_sock';
import {
  reqsk_queue_add,
  reqsk_queue_is_full,
  reqsk_queue_len,
  reqsk_queue_len_young,
  reqsk_queue_unlink,
  type request_sock,
  request_sock_queue,
} from './request_sock';
import type { sock } from './sock';

export const ICSK_TIME_RETRANS = 1;
export const ICSK_TIME_DACK = 2;
export const ICSK_TIME_PROBE0 = 3;

export const ICSK_ACK_SCHED = 1;
export const ICSK_ACK_TIMER = 2;
export const ICSK_ACK_PUSHED = 4;
export const ICSK_ACK_PUSHED2 = 8;

/** What TCP calls of the network layer below it. */
export interface inet_connection_sock_af_ops {
  queue_xmit: (skb: sk_buff) => Kgen<number>;
  send_check: (sk: sock, skb: sk_buff) => void;
  rebuild_header: (sk: sock) => Kgen<number>;
  setsockopt?: (sk: sock, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
  getsockopt?: (sk: sock, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
  /** A SYN for a listener: 0, or negative when the peer is to be reset. */
  conn_request?: (sk: sock, skb: sk_buff) => Kgen<number>;
  /** Makes the connection of a request whose SYN-ACK was acknowledged; null: not now. */
  syn_recv_sock?: (sk: sock, skb: sk_buff, req: request_sock, dst: dst_entry | null) => Kgen<sock | null>;
  /** Another owner of the port stands in the way. */
  bind_conflict?: (sk: sock, tb: inet_bind_bucket) => boolean;
  net_header_len: number;
}

/** A congestion control module (include/net/tcp.h). */
export interface tcp_congestion_ops {
  name: string;
  flags: number;
  init: ((sk: sock) => void) | null;
  ssthresh: (sk: sock) => number;
  min_cwnd: ((sk: sock) => number) | null;
  cong_avoid: (sk: sock, ack: number, in_flight: number) => void;
  set_state: ((sk: sock, new_state: number) => void) | null;
  cwnd_event: ((sk: sock, event: number) => void) | null;
  undo_cwnd: ((sk: sock) => number) | null;
  pkts_acked: ((sk: sock, num_acked: number, rtt_us: number) => void) | null;
}

export const icsk_ack_state = struct('icsk_ack_state', {
  pending: flags('an ACK is due', { ICSK_ACK_SCHED, ICSK_ACK_TIMER, ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2 }),
  quick: u8('ACKs still to be sent at once'),
  pingpong: bool('the session is interactive'),
  blocked: bool('the delayed ACK timer found the socket owned'),
  ato: int('delayed ACK timeout, jiffies'),
  timeout: int('when the delayed ACK is due, jiffies'),
  lrcvtime: int('jiffies of the last data received'),
  last_seg_size: u16('size of the last segment'),
  rcv_mss: u16('MSS the peer seems to use', 536),
});
export interface icsk_ack_state extends InstanceType<typeof icsk_ack_state> {}

/** Private data of a congestion module: the fields of CUBIC (net/ipv4/tcp_cubic.c). */
export const bictcp = struct('bictcp', {
  cnt: int('ACKs for one more segment'),
  last_max_cwnd: int('window before the last loss'),
  loss_cwnd: int('window at the last loss'),
  last_cwnd: int('window at the last computation'),
  last_time: int('jiffies of the last computation'),
  bic_origin_point: int('origin of the curve'),
  bic_K: int('time to the origin, 1/1024 s'),
  delay_min: int('least RTT, ms << 3'),
  epoch_start: int('jiffies when the epoch began, 0: none'),
  ack_cnt: int('ACKs in the epoch'),
  tcp_cwnd: int('window Reno would have'),
  delayed_ack: int('average ACK ratio << 4', 32),
  sample_cnt: u8('RTT samples in this round'),
  found: u8('HyStart found an exit'),
  round_start: int('ms when the round began'),
  end_seq: hex32('end of the round'),
  last_ack: int('ms of the last ACK in a train'),
  curr_rtt: int('least RTT of the round'),
});
export interface bictcp extends InstanceType<typeof bictcp> {}

export const inet_connection_sock = struct(
  'inet_connection_sock',
  {
    icsk_accept_queue: embed(request_sock_queue, 'queues of a listener'),
    icsk_bind_hash: ref<inet_bind_bucket>('the port it owns'),
    icsk_timeout: int('when the retransmit timer is due, jiffies'),
    icsk_retransmit_timer: embed(timer_list, 'retransmission or probe'),
    icsk_delack_timer: embed(timer_list, 'delayed ACK'),
    icsk_rto: int('retransmission timeout, jiffies', 3000),
    icsk_pmtu_cookie: byteCount('path MTU that mss_cache was made from'),
    icsk_ca_ops: table<tcp_congestion_ops>('congestion control'),
    icsk_af_ops: table<inet_connection_sock_af_ops>('network layer below'),
    icsk_ca_state: enumeration('congestion state', {
      TCP_CA_Open: 0,
      TCP_CA_Disorder: 1,
      TCP_CA_CWR: 2,
      TCP_CA_Recovery: 3,
      TCP_CA_Loss: 4,
    }),
    icsk_retransmits: u8('retransmissions of the same segment'),
    icsk_pending: enumeration('which timer runs', { none: 0, ICSK_TIME_RETRANS, ICSK_TIME_DACK, ICSK_TIME_PROBE0 }),
    icsk_backoff: u8('times the timeout was doubled'),
    icsk_syn_retries: u8('SYN retries'),
    icsk_probes_out: u8('window probes without an answer'),
    icsk_ext_hdr_len: u16('length of IP options'),
    icsk_ack: embed(icsk_ack_state, 'state of delayed ACKs'),
    icsk_mtup_enabled: bool('MTU probing'),
    icsk_mtup_search_high: byteCount('MTU probing: largest MTU to try'),
    icsk_mtup_search_low: byteCount('MTU probing: MTU known to work'),
    icsk_mtup_probe_size: byteCount('MTU probing: size of the probe that is out'),
    icsk_user_timeout: int('user timeout, jiffies'),
    icsk_ca_priv: embed(bictcp, 'private data of the congestion control'),
  },
  inet_sock,
);
export interface inet_connection_sock extends InstanceType<typeof inet_connection_sock> {}

/** The inet_connection_sock a sock begins: a free cast. */
export const inet_csk = (sk: object): inet_connection_sock => sk as inet_connection_sock;

/**
 * An ACK is due; when it goes is decided later.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_schedule_ack(sk: sock): void {
  inet_csk(sk).icsk_ack.pending |= ICSK_ACK_SCHED;
}

/**
 * An ACK is due.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_ack_scheduled(sk: sock): boolean {
  return (inet_csk(sk).icsk_ack.pending & ICSK_ACK_SCHED) !== 0;
}

/**
 * Forgets a timer: it may still fire, and will find nothing to do.
 * @modelled include/net/inet_connection_sock.h
 * @omits sk_stop_timer: only with INET_CSK_CLEAR_TIMERS, which 2.6.39 leaves undefined
 * @cost 4
 */
export function inet_csk_clear_xmit_timer(sk: sock, what: number): void {
  const icsk = inet_csk(sk);
  if (what === ICSK_TIME_RETRANS || what === ICSK_TIME_PROBE0) {
    icsk.icsk_pending = 0;
  } else if (what === ICSK_TIME_DACK) {
    icsk.icsk_ack.blocked = false;
    icsk.icsk_ack.pending = 0;
  }
}

/**
 * Puts a connection into the accept queue of its listener.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_reqsk_queue_add(sk: sock, req: request_sock, child: sock): void {
  reqsk_queue_add(inet_csk(sk).icsk_accept_queue, req, sk, child);
}

/**
 * Requests in the SYN queue of a listener.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_reqsk_queue_len(sk: sock): number {
  return reqsk_queue_len(inet_csk(sk).icsk_accept_queue);
}

/**
 * Requests of a listener whose SYN-ACK was sent only once.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_reqsk_queue_young(sk: sock): number {
  return reqsk_queue_len_young(inet_csk(sk).icsk_accept_queue);
}

/**
 * The SYN queue of a listener is full.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_reqsk_queue_is_full(sk: sock): boolean {
  return reqsk_queue_is_full(inet_csk(sk).icsk_accept_queue);
}

/**
 * Takes a request out of the SYN queue.
 * @modelled include/net/inet_connection_sock.h
 * @cost 2
 */
export function inet_csk_reqsk_queue_unlink(sk: sock, req: request_sock, prev: req_place): void {
  reqsk_queue_unlink(inet_csk(sk).icsk_accept_queue, req, prev.prev, prev.hash);
}

/** Where a request stands in the SYN table; in C a pointer to the pointer to it. */
export interface req_place {
  /** Bucket. */
  hash: number;
  /** The request before it in the chain, null: it is the first. */
  prev: request_sock | null;
}
