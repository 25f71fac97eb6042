/** Mirrors net/ipv4/ip_options.c (2.6.39) as far as packets without options go. Left out: options (RFC 791 section 3.1) themselves. */
import type { sk_buff } from '../../include/linux/skbuff';

/**
 * Makes the options of an answer from those of a packet: 0, as there are none.
 * @simplified IP options are not modelled
 * @cost 3
 */
export function ip_options_echo(_skb: sk_buff): number {
  return 0;
}
