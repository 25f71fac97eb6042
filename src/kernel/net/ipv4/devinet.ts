/** Mirrors net/ipv4/devinet.c (2.6.39): addresses of devices. Left out: more than one address a device, ioctls, netlink. */
import type { net_device } from '../../include/linux/netdevice';
import { RTN_LOCAL } from '../../include/net/dst';
import { RT_TABLE_LOCAL } from '../../include/net/ip_fib';
import { init_net } from '../core/dev';
import { fib_get_table } from './fib_frontend';
import { fib_table_lookup } from './fib_trie';

/**
 * The device that has an address of this host, or null. Any address of the loopback network is one.
 * @modelled net/ipv4/devinet.c
 * @cost 8
 */
export function __ip_dev_find(addr: number): net_device | null {
  for (const dev of init_net().dev_base) {
    if (dev.ip_addr === addr) {
      return dev;
    }
  }
  const res = fib_table_lookup(fib_get_table(RT_TABLE_LOCAL), addr, 0);
  return res !== null && res.fib_type === RTN_LOCAL ? res.nh_dev : null;
}

/**
 * Own address to use as source toward a destination on a device.
 * @simplified the device's only address
 */
export function inet_select_addr(dev: net_device, _dst: number): number {
  return dev.ip_addr;
}
