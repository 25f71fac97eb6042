/** Mirrors include/net/dst.h, route.h and neighbour.h (2.6.39): routes, neighbours and the cached link header. */
import { heap } from '../../../base/heap';
import {
  addr,
  bool,
  byteCount,
  embed,
  enumeration,
  fn,
  hex32,
  int,
  ip4,
  list,
  mac48,
  ref,
  struct,
  table,
  u8,
  u16,
} from '../../../base/struct';
import { type Kgen, sysctl } from '../../arch/current';
import type { net_device } from '../linux/netdevice';
import { type sk_buff, sk_buff_head } from '../linux/skbuff';
import { spinlock_t } from '../linux/spinlock';
import { jiffies, timer_list } from '../linux/timer';

export const NUD_NONE = 0x00;
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
export const NUD_CONNECTED = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;

export interface dst_ops {
  family: number;
  /** EtherType of its packets. */
  protocol: number;
  check: (dst: dst_entry, cookie: number) => dst_entry | null;
  default_mtu: (dst: dst_entry) => number;
  default_advmss: (dst: dst_entry) => number;
  cow_metrics: (dst: dst_entry) => inet_peer | null;
  negative_advice: (dst: dst_entry) => dst_entry | null;
  link_failure: (skb: sk_buff) => Kgen;
  update_pmtu: (dst: dst_entry, mtu: number) => void;
}

export interface neigh_ops {
  family: number;
  solicit: (neigh: neighbour, skb: sk_buff | null) => Kgen;
  error_report: (neigh: neighbour, skb: sk_buff) => Kgen;
  output: (skb: sk_buff) => Kgen<number>;
  connected_output: (skb: sk_buff) => Kgen<number>;
  hh_output: (skb: sk_buff) => Kgen<number>;
  queue_xmit: (skb: sk_buff) => Kgen<number>;
}

/** A ready-made link header. */
export const hh_cache = struct('hh_cache', {
  hh_len: byteCount('length of the header, without alignment'),
  hh_data: addr('16 bytes in RAM: the header stands at their end'),
  hh_output: fn<(skb: sk_buff) => Kgen<number>>('where a packet goes with this header'),
  hh_refcnt: int('references', 1),
});
export interface hh_cache extends InstanceType<typeof hh_cache> {}

export const neighbour = struct('neighbour', {
  primary_key: ip4('its IP address'),
  ha: mac48('its MAC address'),
  nud_state: enumeration('what is known of it', {
    NUD_NONE,
    NUD_INCOMPLETE,
    NUD_REACHABLE,
    NUD_STALE,
    NUD_DELAY,
    NUD_PROBE,
    NUD_FAILED,
    NUD_NOARP,
    NUD_PERMANENT,
  }),
  dev: ref<net_device>('device it is reached by'),
  output: fn<(skb: sk_buff) => Kgen<number>>('how to send to it in this state'),
  ops: table<neigh_ops>('operations'),
  confirmed: int('jiffies when it was last known to be there'),
  reachable_time: int('jiffies it counts as reachable without a sign of life'),
  arp_queue_dropped: int('packets dropped because three were waiting already'),
  refcnt: int('references', 1),
  updated: int('jiffies of the last change'),
  used: int('jiffies of the last use'),
  probes: u8('requests sent'),
  arp_queue: embed(sk_buff_head, 'packets waiting for the answer'),
  timer: embed(timer_list, 'state timer'),
  lock: embed(spinlock_t, 'guards it'),
  hh: ref<hh_cache>('link header made from it'),
});
export interface neighbour extends InstanceType<typeof neighbour> {}

/** dst.obsolete: check before use. */
export const DST_OBSOLETE_CHK = -1;
/** Is in no cache: freed with its last reference. */
export const DST_NOCACHE = 0x0010;

export const dst_entry = struct('dst_entry', {
  dev: ref<net_device>('device it leaves by'),
  output: fn<(skb: sk_buff) => Kgen<number>>('sends a packet on'),
  input: fn<(skb: sk_buff) => Kgen<number>>('takes a packet in'),
  neighbour: ref<neighbour>('next hop on the link'),
  hh: ref<hh_cache>('link header cached for it'),
  ops: table<dst_ops>('operations of the address family'),
  error: int('why packets to it are refused, a negative errno; 0: they are not'),
  obsolete: int('non-zero: check before use', -1),
  flags: int('DST_ flags'),
  header_len: byteCount('room wanted in front'),
  trailer_len: byteCount('room wanted behind'),
  mtu: byteCount('MTU metric, 0: the device has it'),
  mtu_locked: bool('MTU metric is locked'),
  hoplimit: int('TTL metric, 0: the default'),
  initcwnd: int('initial congestion window metric, 0: the default'),
  initrwnd: int('initial receive window metric, 0: the default'),
  rtt: int('RTT metric, jiffies times 8, 0: not known'),
  rttvar: int('its variation, jiffies times 4, 0: not known'),
  ssthresh: int('slow start threshold metric, 0: not known'),
  cwnd: int('congestion window metric: the largest, if locked'),
  reordering: int('reordering metric, 0: not known'),
  window: byteCount('largest window to offer metric, 0: none'),
  rto_min: int('least RTO metric, jiffies, 0: the default'),
  lock: int('metrics that must not change, a bit each'),
  advmss: int('advertised MSS metric, 0: from the MTU'),
  __refcnt: int('references', 1),
  __use: int('lookups that gave it'),
  lastuse: int('jiffies of the last lookup'),
});
export interface dst_entry extends InstanceType<typeof dst_entry> {}

/** What is remembered of a destination address (include/net/inetpeer.h). */
export const inet_peer = struct('inet_peer', {
  daddr: ip4('address'),
  refcnt: int('references'),
  ip_id_count: u16('next IP identification'),
  rid: int('fragments received from it'),
  rate_tokens: int('jiffies saved up for ICMP messages to it'),
  rate_last: int('jiffies of the last ICMP message'),
  pmtu_expires: int('jiffies when the path MTU is forgotten, 0: none is known'),
  pmtu_orig: byteCount('MTU metric of the route before'),
  pmtu_learned: byteCount('path MTU that a router told'),
  avl_left: ref<inet_peer>('peers with lower addresses'),
  avl_right: ref<inet_peer>('peers with higher addresses'),
  tcp_ts: int('last timestamp seen'),
  tcp_ts_stamp: int('second when it was seen'),
  has_metrics: bool('a connection has saved metrics here'),
  rtt: int('RTT metric, jiffies times 8'),
  rttvar: int('its variation, jiffies times 4'),
  ssthresh: int('slow start threshold metric'),
  cwnd: int('congestion window metric'),
  reordering: int('reordering metric'),
});
export interface inet_peer extends InstanceType<typeof inet_peer> {}

export const RTCF_BROADCAST = 0x10000000;
export const RTCF_MULTICAST = 0x20000000;
/** The next hop is on the link of the sender too: it could go there directly. */
export const RTCF_DOREDIRECT = 0x01000000;
/** The sender is on the link, not behind a gateway. */
export const RTCF_DIRECTSRC = 0x04000000;
export const RTCF_LOCAL = 0x80000000;

export const RTN_UNSPEC = 0;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;

/** Numbers of metrics (include/linux/rtnetlink.h); bits of `lock`. */
export const RTAX_MTU = 2;
export const RTAX_RTT = 4;
export const RTAX_RTTVAR = 5;
export const RTAX_SSTHRESH = 6;
export const RTAX_CWND = 7;
export const RTAX_REORDERING = 9;
export const RTAX_RTO_MIN = 13;

export const rtable = struct(
  'rtable',
  {
    rt_key_dst: ip4('looked up: destination'),
    rt_key_src: ip4('looked up: source, 0: any'),
    rt_genid: int('generation it was made in'),
    rt_key_tos: u8('looked up: type of service'),
    rt_mark: int('looked up: mark'),
    rt_oif: int('looked up: device to leave by, 0: any'),
    rt_flags: hex32('RTCF_ flags'),
    rt_type: enumeration('kind of route', {
      RTN_UNSPEC,
      RTN_UNICAST,
      RTN_LOCAL,
      RTN_BROADCAST,
      RTN_MULTICAST,
      RTN_UNREACHABLE,
    }),
    rt_dst: ip4('destination'),
    rt_src: ip4('source'),
    rt_route_iif: int('looked up: device it came by, 0: made here'),
    rt_iif: int('index of the device it came by, or leaves by'),
    rt_gateway: ip4('next hop'),
    rt_spec_dst: ip4('own address that an answer comes from'),
    rt_peer_genid: int('generation of what is known of the peer'),
    peer: ref<inet_peer>('what is remembered of the destination'),
    rt_next: ref<rtable>('next in the cache chain'),
  },
  dst_entry,
);
export interface rtable extends InstanceType<typeof rtable> {}

/** What the route cache was asked (include/net/route.h; per CPU there). */
export const rt_cache_stat = struct('rt_cache_stat', {
  in_hit: int('packets that came in by a cached route'),
  in_slow_tot: int('that needed a look into the routing table'),
  in_no_route: int('for which there was no route'),
  in_martian_dst: int('with an impossible destination'),
  in_martian_src: int('with an impossible source'),
  out_hit: int('routes out found in the cache'),
  out_slow_tot: int('that needed a look into the routing table'),
});

/** The route cache (net/ipv4/route.c), hash buckets of chains. */
export const rt_hash_table = struct('rt_hash_table', {
  stat: embed(rt_cache_stat, 'hits and misses'),
  chain: list(ref<rtable>('first of the chain'), 32, 'buckets'),
  rt_genid: int('generation: routes of another one are no longer valid'),
  rt_peer_genid: int('generation of what is known of peers'),
  current_rt_cache_rebuild_count: int('times the cache had to be rebuilt'),
});
export interface rt_hash_table extends InstanceType<typeof rt_hash_table> {}

/** Key of a route lookup (include/net/flow.h); lives on the kernel stack. */
export interface flowi4 {
  daddr: number;
  saddr: number;
  flowi4_oif: number;
  flowi4_iif: number;
  flowi4_mark: number;
  flowi4_tos: number;
  flowi4_proto: number;
  flowi4_flags: number;
  fl4_dport: number;
  fl4_sport: number;
}

/**
 * The skb's route, borrowed or owned.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_dst(skb: sk_buff): dst_entry | null {
  return skb._skb_refdst;
}

/**
 * The skb's route as an IPv4 route.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_rtable(skb: sk_buff): rtable | null {
  return skb._skb_refdst as rtable | null;
}

/**
 * Gives the skb a route together with a reference to it.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_dst_set(skb: sk_buff, dst: dst_entry | null): void {
  skb._skb_refdst = dst;
  skb.dst_noref = false;
}

/**
 * True while the skb borrows its route from a cache.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_dst_is_noref(skb: sk_buff): boolean {
  return skb.dst_noref && skb._skb_refdst !== null;
}

/**
 * Gives a reference back; a route that no cache holds is freed with the last one.
 * @modelled net/core/dst.c
 * @omits dst_destroy: a route cache entry is only forgotten when it expires
 * @cost 6
 */
export function dst_release(dst: dst_entry | null): void {
  if (dst === null) {
    return;
  }
  dst.__refcnt = dst.__refcnt - 1;
  if (dst.__refcnt === 0 && (dst.flags & DST_NOCACHE) !== 0) {
    heap.release(dst);
  }
}

/**
 * Takes a reference.
 * @modelled include/net/dst.h
 * @cost 5
 */
export function dst_hold(dst: dst_entry): void {
  dst.__refcnt = dst.__refcnt + 1;
}

/**
 * Notes a use without taking a reference.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function dst_use_noref(dst: dst_entry, time: number): void {
  dst.__use = dst.__use + 1;
  dst.lastuse = time;
}

/**
 * Gives back the reference of an skb, if it owns one.
 * @modelled include/net/dst.h
 * @cost 2
 */
export function refdst_drop(dst: dst_entry, noref: boolean): void {
  if (!noref) {
    dst_release(dst);
  }
}

/**
 * Takes the route off an skb.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function skb_dst_drop(skb: sk_buff): void {
  const dst = skb._skb_refdst;
  if (dst !== null) {
    refdst_drop(dst, skb.dst_noref);
    skb._skb_refdst = null;
    skb.dst_noref = false;
  }
}

/**
 * Gives `nskb` the route of `oskb`, with a reference of its own if that one has one.
 * @modelled include/net/dst.h
 * @cost 4
 */
export function skb_dst_copy(nskb: sk_buff, oskb: sk_buff): void {
  nskb._skb_refdst = oskb._skb_refdst;
  nskb.dst_noref = oskb.dst_noref;
  if (oskb._skb_refdst !== null && !oskb.dst_noref) {
    dst_hold(oskb._skb_refdst);
  }
}

/**
 * Turns a borrowed route into one of its own: the skb is about to wait in a queue.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function skb_dst_force(skb: sk_buff): void {
  if (skb_dst_is_noref(skb)) {
    skb.dst_noref = false;
    dst_hold(skb._skb_refdst as dst_entry);
  }
}

/** Metrics that connections save with a destination. */
export const SAVED_METRICS = ['rtt', 'rttvar', 'ssthresh', 'cwnd', 'reordering'] as const;
export type saved_metric = (typeof SAVED_METRICS)[number];

/** True for a metric that whoever set the route wants kept. */
export const dst_metric_locked = (dst: dst_entry, metric: number): boolean => (dst.lock & (1 << metric)) !== 0;
/** Changes a metric, of the route and of what is remembered of its destination. */
export const dst_metric_set = (dst: dst_entry, metric: saved_metric, value: number): void => {
  const peer = dst.ops === null ? null : dst.ops.cow_metrics(dst);
  dst[metric] = value;
  if (peer !== null) peer[metric] = value;
};

/**
 * Path MTU of a route.
 * @modelled include/net/dst.h
 * @cost 2
 */
export function dst_mtu(dst: dst_entry): number {
  return dst.mtu !== 0 || dst.ops === null ? dst.mtu : dst.ops.default_mtu(dst);
}

/**
 * MSS to advertise on a route.
 * @modelled include/net/dst.h
 * @cost 2
 */
export function dst_metric_advmss(dst: dst_entry): number {
  return dst.advmss !== 0 || dst.ops === null ? dst.advmss : dst.ops.default_advmss(dst);
}

/**
 * Notes a sign of life of a neighbour.
 * @modelled include/net/neighbour.h
 * @cost 2
 */
export function neigh_confirm(neigh: neighbour | null): void {
  if (neigh !== null) {
    neigh.confirmed = jiffies();
  }
}

/**
 * Forward progress over this route: its next hop is alive.
 * @modelled include/net/dst.h
 * @cost 2
 */
export function dst_confirm(dst: dst_entry | null): void {
  if (dst !== null) {
    neigh_confirm(dst.neighbour);
  }
}

/**
 * Tells the address family that the next hop does not answer.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function* dst_link_failure(skb: sk_buff): Kgen {
  const dst = skb_dst(skb);
  if (dst !== null && dst.ops !== null) {
    yield* dst.ops.link_failure(skb);
  }
}

/**
 * Sends an skb on by its route.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function* dst_output(skb: sk_buff): Kgen<number> {
  const output = (skb_dst(skb) as dst_entry).output as (skb: sk_buff) => Kgen<number>;
  return yield* output(skb);
}

/**
 * Takes an skb in by its route.
 * @modelled include/net/dst.h
 * @cost 3
 */
export function* dst_input(skb: sk_buff): Kgen<number> {
  const input = (skb_dst(skb) as dst_entry).input as (skb: sk_buff) => Kgen<number>;
  return yield* input(skb);
}

/**
 * IPsec lookup of a kernel without IPsec: nothing to do.
 * @modelled include/net/dst.h
 * @cost 1
 */
export function xfrm_lookup(_dst_orig: dst_entry): number {
  return 0;
}

/**
 * TTL of a route: its metric, or the default of the host.
 * @modelled include/net/route.h
 * @cost 2
 */
export function ip4_dst_hoplimit(dst: dst_entry): number {
  return dst.hoplimit === 0 ? sysctl('ipv4.ip_default_ttl', 64) : dst.hoplimit;
}

/**
 * Index of the device a received packet came by, from its route.
 * @modelled include/net/route.h
 * @cost 2
 */
export function inet_iif(skb: sk_buff): number {
  return (skb_rtable(skb) as rtable).rt_iif;
}
