/** Mirrors include/net/dst.h, route.h and neighbour.h (2.6.39): routes, neighbours and the cached link header. */
import { addr, bool, byteCount, embed, enumeration, fn, int, ip4, list, mac48, ns, ref, struct, table, u8 } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { net_device } from '../linux/netdevice';
import { type sk_buff, sk_buff_head } from '../linux/skbuff';
import { spinlock_t } from '../linux/spinlock';
import { timer_list } from '../linux/timer';

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
  check: (dst: dst_entry, cookie: number) => dst_entry | null;
  default_mtu: (dst: dst_entry) => number;
  default_advmss: (dst: dst_entry) => number;
}

export interface neigh_ops {
  family: number;
  solicit: (neigh: neighbour, skb: sk_buff | null) => Kgen;
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
  updated: int('jiffies of the last change'),
  used: int('jiffies of the last use'),
  probes: u8('requests sent'),
  arp_queue: embed(sk_buff_head, 'packets waiting for the answer'),
  timer: embed(timer_list, 'state timer'),
  lock: embed(spinlock_t, 'guards it'),
  hh: ref<hh_cache>('link header made from it'),
});
export interface neighbour extends InstanceType<typeof neighbour> {}

export const dst_entry = struct('dst_entry', {
  dev: ref<net_device>('device it leaves by'),
  output: fn<(skb: sk_buff) => Kgen<number>>('sends a packet on'),
  input: fn<(skb: sk_buff) => Kgen<number>>('takes a packet in'),
  neighbour: ref<neighbour>('next hop on the link'),
  hh: ref<hh_cache>('link header cached for it'),
  ops: table<dst_ops>('operations of the address family'),
  obsolete: int('non-zero: check before use', -1),
  flags: int('DST_ flags'),
  header_len: byteCount('room wanted in front'),
  trailer_len: byteCount('room wanted behind'),
  mtu: byteCount('MTU metric, 0: the device has it'),
  mtu_locked: bool('MTU metric is locked'),
  hoplimit: int('TTL metric, 0: the default'),
  initcwnd: int('initial congestion window metric, 0: the default'),
  rto_min: int('least RTO metric, jiffies, 0: the default'),
  advmss: int('advertised MSS metric, 0: from the MTU'),
  __refcnt: int('references', 1),
  __use: int('lookups that gave it'),
  lastuse: ns('last lookup'),
});
export interface dst_entry extends InstanceType<typeof dst_entry> {}

export const rtable = struct(
  'rtable',
  {
    rt_key_dst: ip4('looked up: destination'),
    rt_key_src: ip4('looked up: source, 0: any'),
    rt_genid: int('generation it was made in'),
    rt_flags: int('RTCF_ flags'),
    rt_type: enumeration('kind of route', { RTN_UNSPEC: 0, RTN_UNICAST: 1, RTN_LOCAL: 2, RTN_BROADCAST: 3 }),
    rt_dst: ip4('destination'),
    rt_src: ip4('source'),
    rt_iif: int('index of the device it came by, 0: made here'),
    rt_gateway: ip4('next hop'),
    rt_peer_genid: int('generation of what is known of the peer'),
    rt_next: ref<rtable>('next in the cache chain'),
  },
  dst_entry,
);
export interface rtable extends InstanceType<typeof rtable> {}

/** The route cache (net/ipv4/route.c), hash buckets of chains. */
export const rt_hash_table = struct('rt_hash_table', { chain: list(ref<rtable>('first of the chain'), 32, 'buckets') });
export interface rt_hash_table extends InstanceType<typeof rt_hash_table> {}
