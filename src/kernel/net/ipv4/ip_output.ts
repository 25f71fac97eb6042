/**
 * Mirrors net/ipv4/ip_output.c (2.6.39), with inline functions of include/net/ip.h: building IP headers, the way to the
 * neighbour, fragmentation. Left out: IP options, multicast loopback, corking (UDP), statistics, ICMP errors, IPsec.
 */

import { heap } from '../../../base/heap';
import type { Kgen } from '../../arch/current';
import { EHOSTUNREACH, EINVAL, EMSGSIZE, ENOMEM } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { IP_DF, IP_MF, IP_OFFSET, iphdr } from '../../include/linux/ip';
import { LL_RESERVED_SPACE, type net_device } from '../../include/linux/netdevice';
import { NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING, NFPROTO_IPV4 } from '../../include/linux/netfilter';
import {
  __skb_push,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  type sk_buff,
  skb_cloned,
  skb_has_frag_list,
  skb_headlen,
  skb_headroom,
  skb_is_gso,
  skb_pagelen,
  skb_reserve,
  skb_reset_network_header,
  skb_reset_transport_header,
  skb_shared,
  skb_shinfo,
} from '../../include/linux/skbuff';
import {
  type dst_entry,
  dst_mtu,
  dst_output,
  ip4_dst_hoplimit,
  type rtable,
  skb_dst,
  skb_dst_copy,
  skb_dst_drop,
  skb_rtable,
} from '../../include/net/dst';
import { inet_sk, type inet_sock } from '../../include/net/inet_sock';
import { IPSKB_FRAG_COMPLETE, IPSKB_REROUTED, ip_dont_fragment, ip_hdr } from '../../include/net/ip';
import type { sock } from '../../include/net/sock';
import { ip_fast_csum } from '../../lib/checksum';
import { skb_checksum_help } from '../core/dev';
import { skb_dst_set_noref } from '../core/dst';
import { neigh_hh_output } from '../core/neighbour';
import { alloc_skb, kfree_skb, skb_copy_bits, skb_push, skb_put, skb_realloc_headroom } from '../core/skbuff';
import { __sk_dst_check, sk_setup_caps, skb_set_owner_w, sock_wfree } from '../core/sock';
import { NF_HOOK, nf_hook, nf_hooks } from '../netfilter/core';
import { inet_getid } from './inetpeer';
import { ip_route_output_ports, rt_bind_peer } from './route';

/**
 * Computes the checksum of an IP header.
 * @modelled net/ipv4/ip_output.c
 * @cost 3
 */
export function ip_send_check(iph: iphdr): void {
  iph.check = 0;
  iph.check = ip_fast_csum(iph.$addr, iph.version_ihl & 0x0f);
}

/**
 * Completes the header of a packet made here and asks the hook LOCAL_OUT. 1: the caller goes on with dst_output.
 * @modelled net/ipv4/ip_output.c
 */
export function* __ip_local_out(skb: sk_buff): Kgen<number> {
  const iph = ip_hdr(skb);
  iph.tot_len = skb.len;
  ip_send_check(iph);
  if (nf_hooks().LOCAL_OUT.length > 0) {
    return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, skb, null, (skb_dst(skb) as dst_entry).dev);
  }
  return 1;
}

/**
 * Sends a packet made here.
 * @modelled net/ipv4/ip_output.c
 */
export function* ip_local_out(skb: sk_buff): Kgen<number> {
  const err = yield* __ip_local_out(skb);
  return err === 1 ? yield* dst_output(skb) : err;
}

/**
 * TTL of a socket's packets: its own, or that of the route.
 * @modelled net/ipv4/ip_output.c
 * @cost 2
 */
export function ip_select_ttl(inet: inet_sock, dst: dst_entry): number {
  return inet.uc_ttl < 0 ? ip4_dst_hoplimit(dst) : inet.uc_ttl;
}

/**
 * Identification from the counter of the destination, with room for `more` after it.
 * @modelled net/ipv4/route.c
 * @omits ip_select_fb_ident: an entry of the peer can always be made
 */
export function __ip_select_ident(iph: iphdr, dst: dst_entry, more: number): void {
  const rt = dst as rtable;
  if (rt.peer === null) {
    rt_bind_peer(rt, true);
  }
  if (rt.peer !== null) {
    iph.id = inet_getid(rt.peer, more);
  }
}

/**
 * Identification of a packet that may be cut into `more` + 1: leaves room for the others.
 * @modelled include/net/ip.h
 * @cost 3
 */
export function ip_select_ident_more(iph: iphdr, dst: dst_entry, sk: sock | null, more: number): void {
  if ((iph.frag_off & IP_DF) !== 0) {
    if (sk !== null && inet_sk(sk).inet_daddr !== 0) {
      const inet = inet_sk(sk);
      iph.id = inet.inet_id;
      inet.inet_id += 1 + more;
    } else {
      iph.id = 0;
    }
  } else {
    __ip_select_ident(iph, dst, more);
  }
}

/**
 * Gives a packet to the next hop: with the ready-made link header, else through the neighbour.
 * @modelled net/ipv4/ip_output.c
 */
export function* ip_finish_output2(packet: sk_buff): Kgen<number> {
  let skb = packet;
  const dst = skb_dst(skb) as dst_entry;
  const dev = dst.dev as net_device;
  if (skb_headroom(skb) < LL_RESERVED_SPACE(dev) && dev.header_ops !== null) {
    const skb2 = skb_realloc_headroom(skb, LL_RESERVED_SPACE(dev));
    if (skb2 === null) {
      kfree_skb(skb);
      return -ENOMEM;
    }
    if (skb.sk !== null) {
      skb_set_owner_w(skb2, skb.sk);
    }
    kfree_skb(skb);
    skb = skb2;
  }
  if (dst.hh !== null) {
    return yield* neigh_hh_output(dst.hh, skb);
  }
  const output = dst.neighbour === null ? null : dst.neighbour.output;
  if (output !== null) {
    return yield* output(skb);
  }
  kfree_skb(skb);
  return -EINVAL;
}

/**
 * MTU that holds for a packet.
 * @modelled net/ipv4/ip_output.c
 * @omits IP_PMTUDISC_PROBE: no socket asks for it
 */
export function ip_skb_dst_mtu(skb: sk_buff): number {
  return dst_mtu(skb_dst(skb) as dst_entry);
}

/**
 * Cuts a packet that is longer than the MTU into fragments; a GSO skb is left to the device.
 * @modelled net/ipv4/ip_output.c
 */
export function* ip_finish_output(skb: sk_buff): Kgen<number> {
  if (skb.len > ip_skb_dst_mtu(skb) && !skb_is_gso(skb)) {
    return yield* ip_fragment(skb, ip_finish_output2);
  }
  return yield* ip_finish_output2(skb);
}

/**
 * Output function of a route: the hook POST_ROUTING, then on.
 * @modelled net/ipv4/ip_output.c
 */
export function* ip_output(skb: sk_buff): Kgen<number> {
  const { dev } = skb_dst(skb) as dst_entry;
  skb.dev = dev;
  skb.protocol = ETH_P_IP;
  if (nf_hooks().POST_ROUTING.length > 0 && (skb.cb.ip_flags & IPSKB_REROUTED) === 0) {
    return yield* NF_HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, skb, null, dev, ip_finish_output);
  }
  return yield* ip_finish_output(skb);
}

/**
 * Puts an IP header in front of a segment of a connection and sends it. The route is the socket's while it is valid.
 * @modelled net/ipv4/ip_output.c
 * @omits ip_options_build: IP options are not modelled
 * @cost 40
 */
export function* ip_queue_xmit(skb: sk_buff): Kgen<number> {
  const sk = skb.sk as sock;
  const inet = inet_sk(sk);
  let rt = skb_rtable(skb);
  if (rt === null) {
    rt = __sk_dst_check(sk, 0) as rtable | null;
    if (rt === null) {
      rt = ip_route_output_ports(
        sk,
        inet.inet_daddr,
        inet.inet_saddr,
        inet.inet_dport,
        inet.inet_sport,
        sk.sk_protocol,
        inet.tos,
        0,
      );
      if (rt === null) {
        kfree_skb(skb);
        return -EHOSTUNREACH;
      }
      sk_setup_caps(sk, rt);
    }
    skb_dst_set_noref(skb, rt);
  }
  const iph = new iphdr(skb_push(skb, iphdr.size));
  skb_reset_network_header(skb);
  iph.version_ihl = 0x45;
  iph.tos = inet.tos;
  iph.frag_off = ip_dont_fragment(sk, rt) && !skb.local_df ? IP_DF : 0;
  iph.ttl = ip_select_ttl(inet, rt);
  iph.protocol = sk.sk_protocol;
  iph.saddr = rt.rt_src;
  iph.daddr = rt.rt_dst;
  ip_select_ident_more(iph, rt, sk, (skb_shinfo(skb).gso_segs || 1) - 1);
  skb.priority = sk.sk_priority;
  skb.mark = sk.sk_mark;
  return yield* ip_local_out(skb);
}

/**
 * Gives a fragment what its packet has: route, device, priority, mark.
 * @modelled net/ipv4/ip_output.c
 * @omits nf_copy: no connection tracking
 */
export function ip_copy_metadata(to: sk_buff, from: sk_buff): void {
  to.pkt_type = from.pkt_type;
  to.priority = from.priority;
  to.protocol = from.protocol;
  skb_dst_drop(to);
  skb_dst_copy(to, from);
  to.dev = from.dev;
  to.mark = from.mark;
  to.cb.ip_flags = from.cb.ip_flags;
}

/**
 * Turns IP options that only the first fragment carries into padding: there are no options.
 * @modelled net/ipv4/ip_options.c
 * @cost 2
 */
export function ip_options_fragment(_skb: sk_buff): void {}

/**
 * True when the skbs of the frag_list are fragments already: right lengths, room for a header, nobody else's.
 * @model a condition inside ip_fragment
 */
function frag_list_is_fragments(skb: sk_buff, hlen: number, mtu: number): boolean {
  const first_len = skb_pagelen(skb);
  const fragment = (ip_hdr(skb).frag_off & (IP_MF | IP_OFFSET)) !== 0;
  if (first_len - hlen > mtu || ((first_len - hlen) & 7) !== 0 || fragment || skb_cloned(skb)) {
    return false;
  }
  for (let frag = skb_shinfo(skb).frag_list; frag !== null; frag = frag.next) {
    const odd = (frag.len & 7) !== 0 && frag.next !== null;
    if (frag.len > mtu || odd || skb_headroom(frag) < hlen || skb_shared(frag)) {
      return false;
    }
  }
  return true;
}

/**
 * Cuts a packet into fragments of the MTU, each a multiple of 8 bytes but the last, and hands them to `output`. Skbs of a
 * frag_list that fit become fragments as they are; otherwise the data is copied.
 * @simplified a sum left to the device is made before the data is cut, as later kernels do; in 2.6.39 it is forgotten
 * @omits icmp_send: ICMP is not modelled
 * @cost 60
 */
export function* ip_fragment(skb: sk_buff, output: (skb: sk_buff) => Kgen<number>): Kgen<number> {
  const iph = ip_hdr(skb);
  if ((iph.frag_off & IP_DF) !== 0 && !skb.local_df) {
    kfree_skb(skb);
    return -EMSGSIZE;
  }
  const rt = skb_dst(skb) as dst_entry;
  const hlen = (iph.version_ihl & 0x0f) * 4;
  const mtu = dst_mtu(rt) - hlen;
  skb.cb.ip_flags = skb.cb.ip_flags | IPSKB_FRAG_COMPLETE;
  let err = 0;
  if (skb_has_frag_list(skb) && frag_list_is_fragments(skb, hlen, mtu)) {
    const info = skb_shinfo(skb);
    const first_len = skb_pagelen(skb);
    let frag = info.frag_list;
    for (let f = frag; f !== null; f = f.next) {
      if (skb.sk !== null) {
        f.sk = skb.sk;
        f.destructor = sock_wfree;
      }
      skb.truesize -= f.truesize;
    }
    info.frag_list = null;
    skb.data_len = first_len - skb_headlen(skb);
    skb.len = first_len;
    iph.tot_len = first_len;
    iph.frag_off = IP_MF;
    ip_send_check(iph);
    let offset = 0;
    let under_way = skb;
    for (;;) {
      if (frag !== null) {
        frag.ip_summed = CHECKSUM_NONE;
        skb_reset_transport_header(frag);
        __skb_push(frag, hlen);
        skb_reset_network_header(frag);
        heap.copy(frag.network_header, under_way.network_header, hlen);
        const fragment = ip_hdr(frag);
        fragment.tot_len = frag.len;
        ip_copy_metadata(frag, under_way);
        if (offset === 0) {
          ip_options_fragment(frag);
        }
        offset += under_way.len - hlen;
        fragment.frag_off = (offset >> 3) | (frag.next === null ? 0 : IP_MF);
        ip_send_check(fragment);
      }
      err = yield* output(under_way);
      if (err !== 0 || frag === null) {
        break;
      }
      under_way = frag;
      frag = under_way.next;
      under_way.next = null;
    }
    while (frag !== null) {
      const next: sk_buff | null = frag.next;
      frag.next = null;
      kfree_skb(frag);
      frag = next;
    }
    return err;
  }

  if (skb.ip_summed === CHECKSUM_PARTIAL && skb_checksum_help(skb) !== 0) {
    kfree_skb(skb);
    return -ENOMEM;
  }
  const reserved = LL_RESERVED_SPACE(rt.dev as net_device);
  const not_last_frag = iph.frag_off & IP_MF;
  let offset = (iph.frag_off & IP_OFFSET) << 3;
  let left = skb.len - hlen;
  let ptr = hlen;
  while (left > 0) {
    let len = Math.min(left, mtu);
    if (len < left) {
      len &= ~7;
    }
    const skb2 = alloc_skb(len + hlen + reserved, GFP_ATOMIC);
    if (skb2 === null) {
      kfree_skb(skb);
      return -ENOMEM;
    }
    ip_copy_metadata(skb2, skb);
    skb_reserve(skb2, reserved);
    skb_put(skb2, len + hlen);
    skb_reset_network_header(skb2);
    skb2.transport_header = skb2.network_header + hlen;
    skb2.family = skb.$id;
    if (skb.sk !== null) {
      skb_set_owner_w(skb2, skb.sk);
    }
    heap.copy(skb2.network_header, skb.data, hlen);
    skb_copy_bits(skb, ptr, skb2.transport_header, len);
    left -= len;
    const fragment = ip_hdr(skb2);
    fragment.frag_off = (offset >> 3) | (left > 0 ? IP_MF : not_last_frag);
    if (offset === 0) {
      ip_options_fragment(skb);
    }
    ptr += len;
    offset += len;
    fragment.tot_len = len + hlen;
    ip_send_check(fragment);
    err = yield* output(skb2);
    if (err !== 0) {
      break;
    }
  }
  kfree_skb(skb);
  return err;
}
