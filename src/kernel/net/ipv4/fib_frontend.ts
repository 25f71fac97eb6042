/**
 * Mirrors net/ipv4/fib_frontend.c and fib_trie.c (2.6.39) in a simple form: routes of a host in a list, longest prefix
 * first. Left out: the trie, several tables and rules, multipath, realms, scopes, netlink.
 */
import { heap } from '../../../base/heap';
import { kernel_global, sysctl } from '../../arch/current';
import { EINVAL, ESRCH, EXDEV } from '../../include/linux/errno';
import { IFF_LOOPBACK, IFF_UP, type net_device } from '../../include/linux/netdevice';
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from '../../include/net/dst';
import { fib_info, fib_table } from '../../include/net/ip_fib';

/** Routes of this host. */
export const fib_tables = kernel_global(() => new fib_table());

/**
 * The netmask of a prefix length.
 * @modelled include/linux/inetdevice.h
 * @cost 1
 */
export function inet_make_mask(logmask: number): number {
  return logmask === 0 ? 0 : (0xffffffff << (32 - logmask)) >>> 0;
}

/**
 * True for 224.0.0.0/4.
 * @modelled include/linux/in.h
 * @cost 1
 */
export function ipv4_is_multicast(address: number): boolean {
  return address >>> 28 === 0xe;
}

/**
 * Finds the route with the longest prefix; `oif` restricts it to a device (0: any). Null: none.
 * @simplified a walk over a list instead of the trie; rules and tables are left out
 * @cost 60
 */
export function fib_lookup(daddr: number, oif: number): fib_info | null {
  for (const route of fib_tables().routes) {
    const mask = inet_make_mask(route.fib_dst_len);
    const dev = route.nh_dev;
    if ((daddr & mask) >>> 0 !== route.fib_dst || dev === null || (dev.flags & IFF_UP) === 0) {
      continue;
    }
    if (oif === 0 || oif === dev.ifindex || route.fib_type === RTN_LOCAL) {
      return route;
    }
  }
  return null;
}

/**
 * Adds a route.
 * @simplified takes its parts as arguments instead of a netlink message; metrics are fields of the result
 */
export function fib_table_insert(
  dst: number,
  dst_len: number,
  type: number,
  gw: number,
  dev: net_device,
  prefsrc: number,
  priority: number,
): fib_info {
  const route = new fib_info();
  route.fib_dst = dst & inet_make_mask(dst_len);
  route.fib_dst_len = dst_len;
  route.fib_type = type;
  route.nh_gw = gw;
  route.nh_dev = dev;
  route.fib_prefsrc = prefsrc;
  route.fib_priority = priority;
  const { routes } = fib_tables();
  let i = 0;
  while (i < routes.length && comes_first(routes.at(i), route)) {
    i++;
  }
  routes.insertAt(i, route);
  return route;
}

/**
 * Takes a route out. 0, or −ESRCH: there is none.
 * @simplified takes its parts as arguments instead of a netlink message
 */
export function fib_table_delete(dst: number, dst_len: number, priority: number): number {
  const { routes } = fib_tables();
  for (let i = 0; i < routes.length; i++) {
    const route = routes.at(i);
    if (route.fib_dst === dst && route.fib_dst_len === dst_len && route.fib_priority === priority) {
      routes.removeAt(i);
      heap.release(route);
      return 0;
    }
  }
  return -ESRCH;
}

/**
 * True when route `a` is to be tried before `b`: longer prefix, then smaller metric, then age.
 * @model order of the list that stands for the trie
 */
function comes_first(a: fib_info, b: fib_info): boolean {
  return a.fib_dst_len > b.fib_dst_len || (a.fib_dst_len === b.fib_dst_len && a.fib_priority <= b.fib_priority);
}

/**
 * Gives a device an address: routes to itself, to its network and to the broadcast addresses.
 * @modelled net/ipv4/fib_frontend.c
 */
export function fib_add_ifaddr(dev: net_device, address: number, prefixlen: number): void {
  const mask = inet_make_mask(prefixlen);
  const prefix = (address & mask) >>> 0;
  dev.ip_addr = address;
  fib_table_insert(address, 32, RTN_LOCAL, 0, dev, address, 0);
  if (prefixlen < 32) {
    const type = (dev.flags & IFF_LOOPBACK) !== 0 ? RTN_LOCAL : RTN_UNICAST;
    fib_table_insert(prefix, prefixlen, type, 0, dev, address, 0);
  }
  if (prefixlen < 31) {
    fib_table_insert(prefix, 32, RTN_BROADCAST, 0, dev, address, 0);
    fib_table_insert((prefix | ~mask) >>> 0, 32, RTN_BROADCAST, 0, dev, address, 0);
  }
}

/**
 * What kind of address this is: ours, a broadcast, somebody's.
 * @modelled net/ipv4/fib_frontend.c
 */
export function inet_addr_type(addr: number): number {
  if (addr === 0 || addr === 0xffffffff) {
    return RTN_BROADCAST;
  }
  if (ipv4_is_multicast(addr)) {
    return RTN_MULTICAST;
  }
  const route = fib_lookup(addr, 0);
  return route !== null && (route.fib_type === RTN_LOCAL || route.fib_type === RTN_BROADCAST)
    ? route.fib_type
    : RTN_UNICAST;
}

/**
 * What the routing table knows of the source of a packet that came by `dev`: −errno when it cannot be, 1 when it is on the
 * link, 0 when it is somewhere behind. With rp_filter 1 the way back must be by the same device, with 2 there must be one.
 * @modelled net/ipv4/fib_frontend.c
 * @cost 25
 */
export function fib_validate_source(src: number, _dst: number, _tos: number, _oif: number, dev: net_device): number {
  const rpf = sysctl('ipv4.conf.all.rp_filter', 0);
  const res = fib_lookup(src, 0);
  if (res === null) {
    return rpf !== 0 ? -EXDEV : 0;
  }
  if (res.fib_type !== RTN_UNICAST) {
    return -EINVAL;
  }
  if (res.nh_dev === dev) {
    return res.nh_gw === 0 ? 1 : 0;
  }
  if (rpf === 1) {
    return -EXDEV;
  }
  const by_dev = fib_lookup(src, dev.ifindex);
  return by_dev !== null && by_dev.fib_type === RTN_UNICAST && by_dev.nh_gw === 0 ? 1 : 0;
}

/**
 * Own address to use as source toward a destination on a device.
 * @simplified the device's only address
 */
export function inet_select_addr(dev: net_device, _dst: number): number {
  return dev.ip_addr;
}
