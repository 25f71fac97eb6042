/**
 * Mirrors net/ipv4/ip_input.c (2.6.39): header checks, routing decision, delivery to the transport protocol.
 * Left out: IP options beyond their length, statistics (MIB counters), IPsec policy.
 */
import type { Kgen } from '../../arch/current';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ICMP_DEST_UNREACH, ICMP_PROT_UNREACH } from '../../include/linux/icmp';
import { IP_MF, IP_OFFSET, iphdr } from '../../include/linux/ip';
import { NET_RX_DROP, type net_device, type packet_type } from '../../include/linux/netdevice';
import { NF_INET_LOCAL_IN, NF_INET_PRE_ROUTING, NFPROTO_IPV4 } from '../../include/linux/netfilter';
import {
  __skb_pull,
  PACKET_OTHERHOST,
  type sk_buff,
  skb_orphan,
  skb_reset_transport_header,
} from '../../include/linux/skbuff';
import { dst_input, skb_dst } from '../../include/net/dst';
import { ip_hdr, ip_hdrlen } from '../../include/net/ip';
import { ip_fast_csum } from '../../lib/checksum';
import { kfree_skb, pskb_may_pull, pskb_trim_rcsum, skb_share_check } from '../core/skbuff';
import { NF_HOOK, nf_hooks } from '../netfilter/core';
import { icmp_send } from './icmp';
import { IP_DEFRAG_LOCAL_DELIVER, ip_defrag } from './ip_fragment';
import { inet_protocol } from './protocol';
import { raw_local_deliver } from './raw';
import { ip_route_input_noref } from './route';

/**
 * Hands a packet for this host to its transport protocol, and copies to raw sockets.
 * @modelled net/ipv4/ip_input.c
 * @omits xfrm4_policy_check: no IPsec
 * @cost 20
 */
export function* ip_local_deliver_finish(skb: sk_buff): Kgen<number> {
  __skb_pull(skb, ip_hdrlen(skb));
  skb_reset_transport_header(skb);
  let { protocol } = ip_hdr(skb);
  for (;;) {
    const raw: boolean = yield* raw_local_deliver(skb, protocol);
    const ipprot = inet_protocol(protocol);
    if (ipprot === null) {
      if (!raw) {
        yield* icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
      }
      kfree_skb(skb);
      return 0;
    }
    const ret = yield* ipprot.handler(skb);
    if (ret >= 0) {
      return 0;
    }
    protocol = -ret;
  }
}

/**
 * Takes a packet for this host: fragments wait until all have come.
 * @modelled net/ipv4/ip_input.c
 */
export function* ip_local_deliver(skb: sk_buff): Kgen<number> {
  if ((ip_hdr(skb).frag_off & (IP_MF | IP_OFFSET)) !== 0 && ip_defrag(skb, IP_DEFRAG_LOCAL_DELIVER) !== 0) {
    return 0;
  }
  if (nf_hooks().LOCAL_IN.length > 0) {
    return yield* NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN, skb, skb.dev, null, ip_local_deliver_finish);
  }
  return yield* ip_local_deliver_finish(skb);
}

/**
 * Finds out where a packet goes, and sends it there.
 * @modelled net/ipv4/ip_input.c
 * @omits ip_rcv_options: IP options are not looked at
 * @cost 15
 */
export function* ip_rcv_finish(skb: sk_buff): Kgen<number> {
  const iph = ip_hdr(skb);
  if (skb_dst(skb) === null) {
    const err = ip_route_input_noref(skb, iph.daddr, iph.saddr, iph.tos, skb.dev as net_device);
    if (err !== 0) {
      kfree_skb(skb);
      return NET_RX_DROP;
    }
  }
  return yield* dst_input(skb);
}

/**
 * Takes an IPv4 packet from a device: checks its header, trims padding.
 * @modelled net/ipv4/ip_input.c
 * @cost 30
 */
export function* ip_rcv(packet: sk_buff, dev: net_device, _pt: packet_type, _orig_dev: net_device): Kgen<number> {
  if (packet.pkt_type === PACKET_OTHERHOST) {
    kfree_skb(packet);
    return NET_RX_DROP;
  }
  const skb = skb_share_check(packet, GFP_ATOMIC);
  if (skb === null) {
    return NET_RX_DROP;
  }
  let ok = pskb_may_pull(skb, iphdr.size);
  let iph = ip_hdr(skb);
  const ihl = iph.version_ihl & 0x0f;
  ok = ok && ihl >= 5 && iph.version_ihl >> 4 === 4 && pskb_may_pull(skb, ihl * 4);
  iph = ip_hdr(skb);
  const len = iph.tot_len;
  ok = ok && ip_fast_csum(iph.$addr, ihl) === 0 && skb.len >= len && len >= ihl * 4;
  if (!ok || pskb_trim_rcsum(skb, len) !== 0) {
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  skb.cb.ip_flags = 0;
  skb_orphan(skb);
  if (nf_hooks().PRE_ROUTING.length > 0) {
    return yield* NF_HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, skb, dev, null, ip_rcv_finish);
  }
  return yield* ip_rcv_finish(skb);
}
