/**
 * Mirrors net/ipv4/fib_frontend.c (2.6.39): the routing tables local and main of a host.
 * Left out: policy rules and other tables, netlink.
 */
import { kernel_global, sysctl } from '../../arch/current';
import { EINVAL, EXDEV } from '../../include/linux/errno';
import { IFF_LOOPBACK, type net_device } from '../../include/linux/netdevice';
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from '../../include/net/dst';
import { type fib_info, fib_table, RT_TABLE_LOCAL, RT_TABLE_MAIN } from '../../include/net/ip_fib';
import { fib_table_insert, fib_table_lookup, inet_make_mask } from './fib_trie';

const fib_local_table = kernel_global(() => fib_new_table(RT_TABLE_LOCAL));
const fib_main_table = kernel_global(() => fib_new_table(RT_TABLE_MAIN));

/**
 * Makes a routing table.
 * @modelled net/ipv4/fib_frontend.c
 */
function fib_new_table(id: number): fib_table {
  const tb = new fib_table();
  tb.tb_id = id;
  return tb;
}

/**
 * A routing table of this host.
 * @modelled include/net/ip_fib.h
 * @cost 2
 */
export function fib_get_table(id: number): fib_table {
  return id === RT_TABLE_LOCAL ? fib_local_table() : fib_main_table();
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
 * Finds the route to a destination: in the table of own addresses, then among the others. `oif` restricts it to a device (0: any). Null: none.
 * @simplified gives the route itself: one that refuses is an error for its callers, as with policy rules
 * @cost 10
 */
export function fib_lookup(daddr: number, oif: number): fib_info | null {
  return (
    fib_table_lookup(fib_get_table(RT_TABLE_LOCAL), daddr, oif) ??
    fib_table_lookup(fib_get_table(RT_TABLE_MAIN), daddr, oif)
  );
}

/**
 * Gives a device an address: routes to itself, to its network and to the broadcast addresses.
 * @modelled net/ipv4/fib_frontend.c
 */
export function fib_add_ifaddr(dev: net_device, address: number, prefixlen: number): void {
  const mask = inet_make_mask(prefixlen);
  const prefix = (address & mask) >>> 0;
  const local = fib_get_table(RT_TABLE_LOCAL);
  dev.ip_addr = address;
  fib_table_insert(local, address, 32, RTN_LOCAL, 0, dev, address, 0);
  if (prefixlen < 32) {
    const [tb, type] =
      (dev.flags & IFF_LOOPBACK) !== 0
        ? ([local, RTN_LOCAL] as const)
        : ([fib_get_table(RT_TABLE_MAIN), RTN_UNICAST] as const);
    fib_table_insert(tb, prefix, prefixlen, type, 0, dev, address, 0);
  }
  if (prefixlen < 31) {
    fib_table_insert(local, prefix, 32, RTN_BROADCAST, 0, dev, address, 0);
    fib_table_insert(local, (prefix | ~mask) >>> 0, 32, RTN_BROADCAST, 0, dev, address, 0);
  }
}

/**
 * What kind of address this is: ours, a broadcast, somebody's. With `dev`, only what is an address of that device is ours.
 * @modelled net/ipv4/fib_frontend.c
 * @cost 6
 */
export function __inet_dev_addr_type(dev: net_device | null, addr: number): number {
  if (addr >>> 24 === 0 || addr === 0xffffffff) {
    return RTN_BROADCAST;
  }
  if (ipv4_is_multicast(addr)) {
    return RTN_MULTICAST;
  }
  const res = fib_table_lookup(fib_get_table(RT_TABLE_LOCAL), addr, 0);
  return res !== null && (dev === null || dev === res.nh_dev) ? res.fib_type : RTN_UNICAST;
}

/**
 * What kind of address this is: ours, a broadcast, somebody's.
 * @modelled net/ipv4/fib_frontend.c
 */
export function inet_addr_type(addr: number): number {
  return __inet_dev_addr_type(null, addr);
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
