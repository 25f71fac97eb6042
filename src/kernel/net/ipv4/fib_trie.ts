/**
 * Mirrors net/ipv4/fib_trie.c (2.6.39) in a simple form: the routes of a table in a list, longest prefix first.
 * Left out: the trie itself, multipath, realms, scopes, netlink.
 */
import { heap } from '../../../base/heap';
import { ESRCH } from '../../include/linux/errno';
import { IFF_UP, type net_device } from '../../include/linux/netdevice';
import { fib_info, type fib_table } from '../../include/net/ip_fib';

/** The netmask of a prefix length (include/linux/inetdevice.h). */
export const inet_make_mask = (logmask: number): number => (logmask === 0 ? 0 : (0xffffffff << (32 - logmask)) >>> 0);

/**
 * True when a route whose prefix fits can be used: its device is up, and is `oif` if that is asked for (0: any).
 * @simplified one route a leaf, with one next hop; types of service and scopes are left out
 * @cost 8
 */
export function check_leaf(route: fib_info, oif: number): boolean {
  const dev = route.nh_dev as net_device;
  return (dev.flags & IFF_UP) !== 0 && (oif === 0 || oif === dev.ifindex);
}

/**
 * Finds the route with the longest prefix in a table; `oif` restricts it to a device (0: any). Null: none.
 * @simplified a walk over a list instead of the trie
 * @cost 40
 */
export function fib_table_lookup(tb: fib_table, daddr: number, oif: number): fib_info | null {
  for (const route of tb.routes) {
    if ((daddr & inet_make_mask(route.fib_dst_len)) >>> 0 === route.fib_dst && check_leaf(route, oif)) {
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
  tb: fib_table,
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
  const { routes } = tb;
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
export function fib_table_delete(tb: fib_table, dst: number, dst_len: number, priority: number): number {
  const { routes } = tb;
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
