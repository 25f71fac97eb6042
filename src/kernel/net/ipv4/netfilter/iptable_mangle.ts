/** Mirrors net/ipv4/netfilter/iptable_mangle.c (2.6.39): the table mangle, on all five hooks; here only its verdicts count. */
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../../../include/linux/netdevice';
import { NF_IP_PRI_MANGLE } from '../../../include/linux/netfilter';
import type { xt_table } from '../../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../../include/linux/skbuff';
import { ipt_do_table, ipt_register_table, iptables, xt_hook_link } from './ip_tables';

/** One bit a hook. */
const MANGLE_VALID_HOOKS = 1 | 2 | 4 | 8 | 16;

/**
 * Asks the rules of the table.
 * @simplified no target changes packets, so that ipt_mangle_out has nothing to look at
 * @cost 6
 */
export function* iptable_mangle_hook(
  hook: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  return yield* ipt_do_table(skb, hook, indev, outdev, iptables().mangle as xt_table);
}

/**
 * Makes the table of this host and puts it on its hooks, as loading the module does; once only.
 * @modelled net/ipv4/netfilter/iptable_mangle.c
 */
export function iptable_mangle_init(): xt_table {
  const tables = iptables();
  if (tables.mangle === null) {
    tables.mangle = ipt_register_table('mangle', MANGLE_VALID_HOOKS);
    xt_hook_link(tables.mangle, iptable_mangle_hook, NF_IP_PRI_MANGLE);
  }
  return tables.mangle;
}
