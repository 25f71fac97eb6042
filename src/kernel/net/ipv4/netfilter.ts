/** Mirrors net/ipv4/netfilter.c (2.6.39): routes and checksums for netfilter. */

import { GFP_ATOMIC } from '../../include/linux/gfp';
import { IPPROTO_TCP, IPPROTO_UDP } from '../../include/linux/ip';
import type { net_device } from '../../include/linux/netdevice';
import { NF_INET_LOCAL_IN, NF_INET_PRE_ROUTING } from '../../include/linux/netfilter';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_UNNECESSARY,
  type sk_buff,
  skb_headroom,
} from '../../include/linux/skbuff';
import { RTN_LOCAL, RTN_UNSPEC, skb_dst_drop, skb_dst_set } from '../../include/net/dst';
import { IPTOS_RT_MASK, ip_hdr } from '../../include/net/ip';
import { csum_fold, csum_sub, csum_tcpudp_magic, csum_tcpudp_nofold } from '../../lib/checksum';
import { __skb_checksum_complete } from '../core/datagram';
import { pskb_expand_head, skb_checksum } from '../core/skbuff';
import { inet_addr_type } from './fib_frontend';
import { ip_route_output_key } from './route';

/**
 * Looks the route of a packet up anew, by the addresses it has now: 0, or -1 when there is none.
 * @simplified a packet with somebody else's source is routed without regard to it
 * @cost 20
 */
export function ip_route_me_harder(skb: sk_buff, addr_type: number): number {
  const iph = ip_hdr(skb);
  const type = addr_type === RTN_UNSPEC ? inet_addr_type(iph.saddr) : addr_type;
  const rt = ip_route_output_key({
    daddr: iph.daddr,
    saddr: type === RTN_LOCAL ? iph.saddr : 0,
    flowi4_oif: 0,
    flowi4_iif: 0,
    flowi4_mark: skb.mark,
    flowi4_tos: iph.tos & IPTOS_RT_MASK,
    flowi4_proto: 0,
    flowi4_flags: 0,
    fl4_dport: 0,
    fl4_sport: 0,
  });
  if (rt === null) {
    return -1;
  }
  skb_dst_drop(skb);
  skb_dst_set(skb, rt);
  const hh_len = (rt.dev as net_device).hard_header_len;
  if (skb_headroom(skb) < hh_len && pskb_expand_head(skb, hh_len - skb_headroom(skb), 0, GFP_ATOMIC) !== 0) {
    return -1;
  }
  return 0;
}

/**
 * Verifies the transport checksum of a packet: nonzero when it is wrong.
 * @modelled net/ipv4/netfilter.c
 * @cost 8
 */
export function nf_ip_checksum(skb: sk_buff, hook: number, dataoff: number, protocol: number): number {
  const iph = ip_hdr(skb);
  const received = hook === NF_INET_PRE_ROUTING || hook === NF_INET_LOCAL_IN;
  const hasPseudo = protocol === IPPROTO_TCP || protocol === IPPROTO_UDP;
  if (skb.ip_summed === CHECKSUM_COMPLETE && received) {
    const sum = csum_sub(skb.csum, skb_checksum(skb, 0, dataoff, 0));
    const right = hasPseudo
      ? csum_tcpudp_magic(iph.saddr, iph.daddr, skb.len - dataoff, protocol, sum) === 0
      : csum_fold(sum) === 0;
    if (right) {
      skb.ip_summed = CHECKSUM_UNNECESSARY;
      return 0;
    }
  }
  if (skb.ip_summed !== CHECKSUM_COMPLETE && skb.ip_summed !== CHECKSUM_NONE) {
    return 0;
  }
  const pseudo = hasPseudo ? csum_tcpudp_nofold(iph.saddr, iph.daddr, skb.len - dataoff, protocol, 0) : 0;
  skb.csum = csum_sub(pseudo, skb_checksum(skb, 0, dataoff, 0));
  return __skb_checksum_complete(skb);
}
