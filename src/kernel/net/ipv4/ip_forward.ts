/**
 * Mirrors net/ipv4/ip_forward.c (2.6.39): sending on packets that are not for this host.
 * Left out: IP options, IPsec, redirects, statistics.
 */
import type { Kgen } from '../../arch/current';
import { ICMP_DEST_UNREACH, ICMP_EXC_TTL, ICMP_FRAG_NEEDED, ICMP_TIME_EXCEEDED } from '../../include/linux/icmp';
import { IP_DF, type iphdr } from '../../include/linux/ip';
import { LL_RESERVED_SPACE, NET_RX_DROP, type net_device } from '../../include/linux/netdevice';
import { NF_INET_FORWARD, NFPROTO_IPV4 } from '../../include/linux/netfilter';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  PACKET_HOST,
  type sk_buff,
  skb_is_gso,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { dst_mtu, dst_output, type rtable, skb_rtable } from '../../include/net/dst';
import { ip_hdr } from '../../include/net/ip';
import { kfree_skb, skb_cow } from '../core/skbuff';
import { NF_HOOK, nf_hooks } from '../netfilter/core';
import { icmp_send } from './icmp';
import { rt_tos2priority } from './route';

/**
 * Sends a packet on that all have accepted.
 * @modelled net/ipv4/ip_forward.c
 * @omits ip_forward_options: IP options are not looked at
 * @cost 8
 */
export function* ip_forward_finish(skb: sk_buff): Kgen<number> {
  return yield* dst_output(skb);
}

/**
 * True for a packet that the card merged from several (LRO), which must not be forwarded.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
function skb_warn_if_lro(skb: sk_buff): boolean {
  const { gso_size, gso_type } = skb_shinfo(skb);
  return skb.data_len > 0 && gso_size !== 0 && gso_type === 0;
}

/**
 * A sum over the whole packet is of no use for sending.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
function skb_forward_csum(skb: sk_buff): void {
  if (skb.ip_summed === CHECKSUM_COMPLETE) {
    skb.ip_summed = CHECKSUM_NONE;
  }
}

/**
 * Counts the hop, and corrects the header checksum by as much (RFC 1141).
 * @modelled include/net/ip.h
 * @cost 3
 */
function ip_decrease_ttl(iph: iphdr): number {
  const check = iph.check + 0x0100;
  iph.check = check >= 0xffff ? (check + 1) & 0xffff : check;
  iph.ttl -= 1;
  return iph.ttl;
}

/**
 * Takes a packet for another host: counts the hop, tells the sender if it may go no further, asks netfilter.
 * @modelled net/ipv4/ip_forward.c
 * @omits xfrm4_policy_check: no IPsec
 * @omits xfrm4_route_forward: the same
 * @omits ip_call_ra_chain: no router alert option
 * @omits ip_rt_send_redirect: redirects are not modelled
 * @cost 30
 */
export function* ip_forward(skb: sk_buff): Kgen<number> {
  if (skb_warn_if_lro(skb) || skb.pkt_type !== PACKET_HOST) {
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  skb_forward_csum(skb);
  if (ip_hdr(skb).ttl <= 1) {
    yield* icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  const rt = skb_rtable(skb) as rtable;
  const mtu = dst_mtu(rt);
  if (skb.len > mtu && !skb_is_gso(skb) && (ip_hdr(skb).frag_off & IP_DF) !== 0 && !skb.local_df) {
    yield* icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu);
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  if (skb_cow(skb, LL_RESERVED_SPACE(rt.dev as net_device) + rt.header_len) !== 0) {
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  const iph = ip_hdr(skb);
  ip_decrease_ttl(iph);
  skb.priority = rt_tos2priority(iph.tos);
  if (nf_hooks().FORWARD.length > 0) {
    return yield* NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, skb, skb.dev, rt.dev, ip_forward_finish);
  }
  return yield* ip_forward_finish(skb);
}
