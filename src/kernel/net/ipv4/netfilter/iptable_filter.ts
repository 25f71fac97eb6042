/** Mirrors net/ipv4/netfilter/iptable_filter.c (2.6.39): the table filter, on INPUT, FORWARD and OUTPUT. */
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../../../include/linux/netdevice';
import { NF_IP_PRI_FILTER } from '../../../include/linux/netfilter';
import type { xt_table } from '../../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../../include/linux/skbuff';
import { ipt_do_table, ipt_register_table, iptables, xt_hook_link } from './ip_tables';

/** One bit a hook. */
const FILTER_VALID_HOOKS = 2 | 4 | 8;

/**
 * Asks the rules of the table.
 * @modelled net/ipv4/netfilter/iptable_filter.c
 * @cost 6
 */
export function* iptable_filter_hook(
  hook: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  return yield* ipt_do_table(skb, hook, indev, outdev, iptables().filter as xt_table);
}

/**
 * Makes the table of this host and puts it on its hooks, as loading the module does; once only.
 * @modelled net/ipv4/netfilter/iptable_filter.c
 */
export function iptable_filter_init(): xt_table {
  const tables = iptables();
  if (tables.filter === null) {
    tables.filter = ipt_register_table('filter', FILTER_VALID_HOOKS);
    xt_hook_link(tables.filter, iptable_filter_hook, NF_IP_PRI_FILTER);
  }
  return tables.filter;
}
