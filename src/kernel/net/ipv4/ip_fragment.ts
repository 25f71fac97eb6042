/** Mirrors net/ipv4/ip_fragment.c (2.6.39): reassembly. */
import type { sk_buff } from '../../include/linux/skbuff';

export const IP_DEFRAG_LOCAL_DELIVER = 0;

export function ip_defrag(_skb: sk_buff, _user: number): number {
  throw new Error('ip_defrag');
}
