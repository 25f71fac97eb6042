/** Mirrors include/net/ip_fib.h (2.6.39) in a simple form: a list of prefixes a table. Lookup is in net/ipv4/fib_trie.ts. */
import { byteCount, enumeration, int, ip4, list, ref, struct } from '../../../base/struct';
import type { net_device } from '../linux/netdevice';
import {
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTN_UNSPEC,
} from './dst';

/** One route: what fib_alias, fib_info and fib_nh hold in Linux. */
export const fib_info = struct('fib_info', {
  fib_dst: ip4('prefix'),
  fib_dst_len: int('length of the prefix, bits'),
  fib_type: enumeration('kind of route', {
    RTN_UNSPEC,
    RTN_UNICAST,
    RTN_LOCAL,
    RTN_BROADCAST,
    RTN_MULTICAST,
    RTN_BLACKHOLE,
    RTN_UNREACHABLE,
    RTN_PROHIBIT,
  }),
  nh_gw: ip4('gateway, 0: on the link'),
  nh_dev: ref<net_device>('device'),
  fib_prefsrc: ip4('source address to use'),
  fib_priority: int('metric: less is preferred'),
  mtu: byteCount('MTU metric, 0: of the device'),
  advmss: byteCount('advertised MSS metric, 0: from the MTU'),
  hoplimit: int('TTL metric, 0: the default'),
  initcwnd: int('initial congestion window metric, 0: the default'),
  initrwnd: int('initial receive window metric, 0: the default'),
  window: byteCount('largest window to offer metric, 0: none'),
  rtt: int('RTT metric, jiffies times 8, 0: not known'),
  rttvar: int('its variation, jiffies times 4, 0: not known'),
  ssthresh: int('slow start threshold metric, 0: not known'),
  cwnd: int('congestion window metric: the largest, if locked'),
  reordering: int('reordering metric, 0: not known'),
  rto_min: int('least RTO metric, jiffies, 0: the default'),
  lock: int('metrics that must not change, a bit each'),
});
export interface fib_info extends InstanceType<typeof fib_info> {}

/** Table of the routes that a user sets, and table of a host's own addresses. */
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

/** A routing table. */
export const fib_table = struct('fib_table', {
  tb_id: enumeration('which', { RT_TABLE_MAIN, RT_TABLE_LOCAL }),
  routes: list(ref<fib_info>('route'), 32, 'longest prefix first'),
});
export interface fib_table extends InstanceType<typeof fib_table> {}
