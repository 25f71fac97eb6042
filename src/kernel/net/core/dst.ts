/** Mirrors net/core/dst.c (2.6.39). dst_release stands in include/net/dst.ts, because the inline functions there need it. */
import type { sk_buff } from '../../include/linux/skbuff';
import { DST_NOCACHE, type dst_entry, dst_hold } from '../../include/net/dst';

/**
 * Lends the skb a route without a reference; a route that no cache holds is referenced after all.
 * @modelled net/core/dst.c
 * @cost 3
 */
export function skb_dst_set_noref(skb: sk_buff, dst: dst_entry): void {
  skb._skb_refdst = dst;
  if ((dst.flags & DST_NOCACHE) !== 0) {
    dst_hold(dst);
    skb.dst_noref = false;
  } else {
    skb.dst_noref = true;
  }
}
