/** Mirrors net/core/filter.c (2.6.39): socket filters. Left out: the filter machine itself; packet sockets have theirs in af_packet. */
import type { sk_buff } from '../../include/linux/skbuff';
import type { sock } from '../../include/net/sock';

/**
 * Lets the filter of a socket judge a packet: 0 to keep it.
 * @simplified no program can attach a filter, so that each packet is kept
 * @cost 6
 */
export function sk_filter(_sk: sock, _skb: sk_buff): number {
  return 0;
}
