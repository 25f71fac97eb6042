/** Mirrors net/ipv4/netfilter/iptable_raw.c (2.6.39): the table raw, on PREROUTING and OUTPUT, before all others. */
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../../../include/linux/netdevice';
import { NF_IP_PRI_RAW } from '../../../include/linux/netfilter';
import type { xt_table } from '../../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../../include/linux/skbuff';
import { ipt_do_table, ipt_register_table, iptables, xt_hook_link } from './ip_tables';

/** One bit a hook. */
const RAW_VALID_HOOKS = 1 | 8;

/**
 * Asks the rules of the table.
 * @modelled net/ipv4/netfilter/iptable_raw.c
 * @cost 6
 */
export function* iptable_raw_hook(
  hook: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  return yield* ipt_do_table(skb, hook, indev, outdev, iptables().raw as xt_table);
}

/**
 * Makes the table of this host and puts it on its hooks, as loading the module does; once only.
 * @modelled net/ipv4/netfilter/iptable_raw.c
 */
export function iptable_raw_init(): xt_table {
  const tables = iptables();
  if (tables.raw === null) {
    tables.raw = ipt_register_table('raw', RAW_VALID_HOOKS);
    xt_hook_link(tables.raw, iptable_raw_hook, NF_IP_PRI_RAW);
  }
  return tables.raw;
}
