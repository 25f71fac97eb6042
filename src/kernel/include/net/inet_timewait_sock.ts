/**
 * Mirrors include/net/inet_timewait_sock.h and struct tcp_timewait_sock of include/linux/tcp.h (2.6.39): what is left of a connection in
 * TIME_WAIT. The first fields are those of struct sock_common, under the names they have in struct sock, so that a lookup may give either.
 */
import {
  bool,
  embed,
  enumeration,
  hex32,
  int,
  ip4,
  list,
  port,
  ref,
  seq32,
  struct,
  table,
  u8,
  u32,
} from '../../../base/struct';
import { timer_list } from '../linux/timer';
import type { inet_bind_bucket } from './inet_hashtables';
import type { proto, sock } from './sock';

/** The slow timer kills one of this many slots every 7.5 s, so the eighth is up after 60 s. */
export const INET_TWDR_TWKILL_SLOTS = 8;
/** Slots of the fast timer, for timeouts below 4 s. */
export const INET_TWDR_RECYCLE_SLOTS = 32;
/** Jiffies from one slot of the fast timer to the next, as a shift (HZ 1000). */
export const INET_TWDR_RECYCLE_TICK = 7;

export const inet_timewait_sock = struct('inet_timewait_sock', {
  skc_family: int('address family'),
  skc_state: enumeration('state, always TIME_WAIT', { TCP_TIME_WAIT: 6 }, 6),
  skc_hash: hex32('hash of the connection'),
  skc_refcnt: int('references'),
  skc_daddr: ip4('address of the peer'),
  skc_rcv_saddr: ip4('own address'),
  skc_reuse: int('SO_REUSEADDR: the port may be shared'),
  skc_bound_dev_if: int('index of the device it is bound to, 0: any'),
  skc_nulls_next: ref<inet_timewait_sock>('next in the TIME_WAIT chain'),
  skc_bind_next: ref<sock>('next owner of the same port'),
  skc_prot: table<proto>('protocol'),
  tw_timeout: int('how long TIME_WAIT lasts, jiffies'),
  tw_substate: enumeration('what it stands for', { TCP_FIN_WAIT2: 5, TCP_TIME_WAIT: 6 }),
  tw_rcv_wscale: u8('shift of windows we send'),
  tw_sport: port('own port used to send'),
  tw_dport: port('port of the peer'),
  tw_num: port('own port'),
  tw_hashed: bool('it is in the TIME_WAIT chain'),
  tw_tb: ref<inet_bind_bucket>('entry of its port'),
  tw_ttd: int('when it dies, jiffies'),
  tw_death_slot: int('slot of its timer: 0 to 7 of the slow one, from 8 of the fast one, -1: none', -1),
  tw_death_next: ref<inet_timewait_sock>('next in that slot'),
});
export interface inet_timewait_sock extends InstanceType<typeof inet_timewait_sock> {}

export const tcp_timewait_sock = struct(
  'tcp_timewait_sock',
  {
    tw_rcv_nxt: seq32('next byte we expect'),
    tw_snd_nxt: seq32('next byte we would send'),
    tw_rcv_wnd: u32('window we offered, bytes'),
    tw_ts_recent: u32('timestamp to echo'),
    tw_ts_recent_stamp: int('when it was stored, s; 0: no timestamps'),
  },
  inet_timewait_sock,
);
export interface tcp_timewait_sock extends InstanceType<typeof tcp_timewait_sock> {}

/** The timers of all TIME_WAIT sockets of a protocol. */
export const inet_timewait_death_row = struct('inet_timewait_death_row', {
  twcal_hand: int('slot the fast timer looks at next, -1: it rests', -1),
  twcal_jiffie: int('when that slot is due, jiffies'),
  twcal_timer: embed(timer_list, 'the fast timer'),
  twcal_row: list(ref<inet_timewait_sock>('first of the slot'), INET_TWDR_RECYCLE_SLOTS, 'slots of the fast timer'),
  tw_count: int('sockets in TIME_WAIT'),
  period: int('jiffies from one slot of the slow timer to the next'),
  tw_timer: embed(timer_list, 'the slow timer'),
  slot: int('slot the slow timer kills next'),
  cells: list(ref<inet_timewait_sock>('first of the slot'), INET_TWDR_TWKILL_SLOTS, 'slots of the slow timer'),
});
export interface inet_timewait_death_row extends InstanceType<typeof inet_timewait_death_row> {}

/** What a segment for a socket in TIME_WAIT asks for. */
export const TCP_TW_SUCCESS = 0;
export const TCP_TW_RST = 1;
export const TCP_TW_ACK = 2;
export const TCP_TW_SYN = 3;

/** A found socket that is in TIME_WAIT; free casts, as lookups give either kind. */
export const inet_twsk = (sk: sock): inet_timewait_sock => sk as unknown as inet_timewait_sock;
export const tcp_twsk = (tw: inet_timewait_sock): tcp_timewait_sock => tw as tcp_timewait_sock;

/**
 * True while it is in a slot of a timer.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 1
 */
export function inet_twsk_dead_hashed(tw: inet_timewait_sock): boolean {
  return tw.tw_death_slot >= 0;
}

/**
 * It is in no slot yet.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 1
 */
export function inet_twsk_dead_node_init(tw: inet_timewait_sock): void {
  tw.tw_death_slot = -1;
}
