/** Mirrors net/ipv4/netfilter/ipt_REJECT.c (2.6.39): dropping a packet, and telling its sender. Left out: ICMP errors for ICMP echo. */
import { ops } from '../../../../base/dispatch';
import { heap } from '../../../../base/heap';
import { seqAdd } from '../../../../base/seq';
import type { Kgen } from '../../../arch/current';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import { ICMP_DEST_UNREACH, ICMP_PKT_FILTERED } from '../../../include/linux/icmp';
import { IP_DF, IP_OFFSET, IPPROTO_TCP, iphdr } from '../../../include/linux/ip';
import { NF_DROP, NF_INET_FORWARD } from '../../../include/linux/netfilter';
import {
  IPT_ICMP_ADMIN_PROHIBITED,
  IPT_TCP_RESET,
  type ipt_reject_info,
  type xt_action_param,
  type xt_target,
} from '../../../include/linux/netfilter/x_tables';
import {
  CHECKSUM_PARTIAL,
  type sk_buff,
  skb_reserve,
  skb_reset_network_header,
  skb_reset_transport_header,
} from '../../../include/linux/skbuff';
import { tcphdr } from '../../../include/linux/tcp';
import {
  type dst_entry,
  dst_mtu,
  ip4_dst_hoplimit,
  RTCF_BROADCAST,
  RTCF_MULTICAST,
  RTN_LOCAL,
  RTN_UNSPEC,
  skb_dst,
  skb_rtable,
} from '../../../include/net/dst';
import { ip_hdr, ip_hdrlen } from '../../../include/net/ip';
import { TCPHDR_ACK, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN } from '../../../include/net/tcp';
import { csum_tcpudp_magic } from '../../../lib/checksum';
import { skb_dst_set_noref } from '../../core/dst';
import { alloc_skb, kfree_skb, pskb_may_pull, skb_put } from '../../core/skbuff';
import { icmp_send } from '../icmp';
import { ip_local_out } from '../ip_output';
import { ip_route_me_harder, nf_ip_checksum } from '../netfilter';

const TCPHDR_LEN = 20;
const TCP_CHECK_OFFSET = 16;
const LL_MAX_HEADER = 128;

/**
 * Answers a TCP segment with a reset, as if nobody listened (RFC 793 page 36); never a reset with another.
 * @modelled net/ipv4/netfilter/ipt_REJECT.c
 * @omits nf_ct_attach: no connection tracking
 * @cost 40
 */
export function* send_reset(oldskb: sk_buff, hook: number): Kgen {
  const thoff = ip_hdrlen(oldskb);
  const route = skb_rtable(oldskb);
  if ((ip_hdr(oldskb).frag_off & IP_OFFSET) !== 0 || !pskb_may_pull(oldskb, thoff + TCPHDR_LEN) || route === null) {
    return;
  }
  const oiph = ip_hdr(oldskb);
  const oth = new tcphdr(oiph.$addr + thoff);
  if ((oth.flags & TCPHDR_RST) !== 0 || (route.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0) {
    return;
  }
  if (nf_ip_checksum(oldskb, hook, thoff, IPPROTO_TCP) !== 0) {
    return;
  }
  const nskb = alloc_skb(iphdr.size + TCPHDR_LEN + LL_MAX_HEADER, GFP_ATOMIC);
  if (nskb === null) {
    return;
  }
  skb_reserve(nskb, LL_MAX_HEADER);
  skb_reset_network_header(nskb);
  const niph = new iphdr(skb_put(nskb, iphdr.size));
  niph.version_ihl = 0x45;
  niph.tos = 0;
  niph.id = 0;
  niph.frag_off = IP_DF;
  niph.protocol = IPPROTO_TCP;
  niph.check = 0;
  niph.saddr = oiph.daddr;
  niph.daddr = oiph.saddr;
  const at = skb_put(nskb, TCPHDR_LEN);
  heap.fill(at, 0, TCPHDR_LEN);
  const tcph = new tcphdr(at);
  skb_reset_transport_header(nskb);
  nskb.transport_header = at;
  tcph.source = oth.dest;
  tcph.dest = oth.source;
  tcph.doff_res = (TCPHDR_LEN / 4) << 4;
  if ((oth.flags & TCPHDR_ACK) !== 0) {
    tcph.seq = oth.ack_seq;
    tcph.flags = TCPHDR_RST;
  } else {
    const syn = (oth.flags & TCPHDR_SYN) !== 0 ? 1 : 0;
    const fin = (oth.flags & TCPHDR_FIN) !== 0 ? 1 : 0;
    tcph.ack_seq = seqAdd(oth.seq, syn + fin + oldskb.len - thoff - (oth.doff_res >> 4) * 4);
    tcph.flags = TCPHDR_RST | TCPHDR_ACK;
  }
  tcph.check = ~csum_tcpudp_magic(niph.saddr, niph.daddr, TCPHDR_LEN, IPPROTO_TCP, 0);
  nskb.ip_summed = CHECKSUM_PARTIAL;
  nskb.csum_start = at - nskb.head;
  nskb.csum_offset = TCP_CHECK_OFFSET;
  skb_dst_set_noref(nskb, route);
  if (ip_route_me_harder(nskb, hook === NF_INET_FORWARD ? RTN_UNSPEC : RTN_LOCAL) !== 0) {
    kfree_skb(nskb);
    return;
  }
  const dst = skb_dst(nskb) as dst_entry;
  niph.ttl = ip4_dst_hoplimit(dst);
  if (nskb.len > dst_mtu(dst)) {
    kfree_skb(nskb);
    return;
  }
  yield* ip_local_out(nskb);
}

/**
 * Tells the sender of a packet by ICMP.
 * @modelled net/ipv4/netfilter/ipt_REJECT.c
 * @cost 3
 */
export function* send_unreach(skb_in: sk_buff, code: number): Kgen {
  yield* icmp_send(skb_in, ICMP_DEST_UNREACH, code, 0);
}

/**
 * Refuses a packet: its sender is told in the way the rule says, the packet is dropped.
 * @modelled net/ipv4/netfilter/ipt_REJECT.c
 * @cost 6
 */
export function* reject_tg(skb: sk_buff, par: xt_action_param): Kgen<number> {
  const reject = par.targinfo as ipt_reject_info;
  if (reject.with === IPT_TCP_RESET) {
    yield* send_reset(skb, par.hooknum);
  } else {
    yield* send_unreach(skb, reject.with === IPT_ICMP_ADMIN_PROHIBITED ? ICMP_PKT_FILTERED : reject.with);
  }
  return NF_DROP;
}

export const reject_target = ops<xt_target>('xt_target', 'REJECT', { name: 'REJECT', target: reject_tg });
