/** Mirrors net/netfilter/xt_statistic.c (2.6.39): every nth packet. Left out: random packets. */
import { ops } from '../../../base/dispatch';
import type { xt_action_param, xt_match, xt_statistic_info } from '../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../include/linux/skbuff';

/**
 * True for every nth packet that comes this far.
 * @simplified mode nth only
 * @cost 4
 */
export function statistic_mt(_skb: sk_buff, par: xt_action_param): boolean {
  const info = par.matchinfo as xt_statistic_info;
  info.count = info.count === info.every ? 0 : info.count + 1;
  return info.count === 0;
}

export const statistic_match = ops<xt_match>('xt_match', 'statistic', { name: 'statistic', match: statistic_mt });
