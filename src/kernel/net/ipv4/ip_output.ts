/**
 * Mirrors net/ipv4/ip_output.c (2.6.39), with inline functions of include/net/ip.h: building IP headers, the way to the
 * neighbour, putting packets together piece by piece, fragmentation. Left out: IP options, multicast loopback, statistics, IPsec.
 */

import { heap } from '../../../base/heap';
import type { Kgen } from '../../arch/current';
import { EFAULT, EHOSTUNREACH, EINVAL, EMSGSIZE, ENOBUFS, ENOMEM } from '../../include/linux/errno';
import type { iovec } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } from '../../include/linux/icmp';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { IP_DF, IP_MF, IP_OFFSET, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import { MSG_DONTWAIT, MSG_MORE, MSG_PROBE } from '../../include/linux/net';
import {
  LL_RESERVED_SPACE,
  NETIF_F_SG,
  NETIF_F_UFO,
  NETIF_F_V4_CSUM,
  type net_device,
} from '../../include/linux/netdevice';
import { NF_INET_LOCAL_OUT, NF_INET_POST_ROUTING, NFPROTO_IPV4 } from '../../include/linux/netfilter';
import {
  __skb_dequeue,
  __skb_pull,
  __skb_push,
  __skb_queue_tail,
  __skb_trim,
  __skb_unlink,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  PAGE_SIZE,
  SKB_GSO_UDP,
  type sk_buff,
  sk_buff_head,
  skb_cloned,
  skb_fill_page_desc,
  skb_frag_address,
  skb_has_frag_list,
  skb_headlen,
  skb_headroom,
  skb_is_gso,
  skb_network_offset,
  skb_pagelen,
  skb_peek,
  skb_peek_tail,
  skb_queue_empty,
  skb_reserve,
  skb_reset_network_header,
  skb_reset_transport_header,
  skb_shared,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { tcphdr } from '../../include/linux/tcp';
import {
  type dst_entry,
  dst_mtu,
  dst_output,
  dst_release,
  ip4_dst_hoplimit,
  RTN_MULTICAST,
  type rtable,
  skb_dst,
  skb_dst_copy,
  skb_dst_drop,
  skb_dst_set,
  skb_rtable,
} from '../../include/net/dst';
import {
  FLOWI_FLAG_ANYSRC,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_PROBE,
  type inet_cork,
  inet_sk,
  type inet_sock,
} from '../../include/net/inet_sock';
import {
  IP_REPLY_ARG_NOSRCCHECK,
  IPSKB_FRAG_COMPLETE,
  IPSKB_REROUTED,
  ip_dont_fragment,
  ip_hdr,
  type ip_reply_arg,
  type ipcm_cookie,
  RT_TOS,
} from '../../include/net/ip';
import { NET_XMIT_CN } from '../../include/net/sch_generic';
import type { sock } from '../../include/net/sock';
import { bh_lock_sock, bh_unlock_sock } from '../../include/net/sock';
import {
  csum_add,
  csum_block_add,
  csum_fold,
  csum_partial_copy_nocheck,
  csum_sub,
  ip_fast_csum,
} from '../../lib/checksum';
import { alloc_pages } from '../../mm/page_alloc';
import { get_page } from '../../mm/swap';
import { skb_checksum_help } from '../core/dev';
import { skb_dst_set_noref } from '../core/dst';
import { csum_partial_copy_fromiovecend, type csum_ptr, memcpy_fromiovecend } from '../core/iovec';
import { neigh_hh_output } from '../core/neighbour';
import {
  alloc_skb,
  type getfrag_t,
  kfree_skb,
  pskb_trim_unique,
  skb_append_datato_frags,
  skb_copy_and_csum_bits,
  skb_copy_bits,
  skb_push,
  skb_put,
  skb_realloc_headroom,
} from '../core/skbuff';
import {
  __sk_dst_check,
  sk_setup_caps,
  skb_set_owner_w,
  sock_alloc_send_skb,
  sock_wfree,
  sock_wmalloc,
} from '../core/sock';
import { NF_HOOK, nf_hook, nf_hooks } from '../netfilter/core';
import { icmp_send } from './icmp';
import { inet_getid } from './inetpeer';
import { ip_route_output_key, ip_route_output_ports, ip_rt_put, rt_bind_peer } from './route';

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
    return yield* nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, skb, null, (skb_dst(skb) as dst_entry).dev);
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
 * Identification of a packet. One that may not be cut needs none; Windows stacks want one that grows all the same.
 * @modelled include/net/ip.h
 * @cost 3
 */
export function ip_select_ident(iph: iphdr, dst: dst_entry, sk: sock | null): void {
  if ((iph.frag_off & IP_DF) !== 0) {
    if (sk !== null && inet_sk(sk).inet_daddr !== 0) {
      const inet = inet_sk(sk);
      iph.id = inet.inet_id;
      inet.inet_id++;
    } else {
      iph.id = 0;
    }
  } else {
    __ip_select_ident(iph, dst, 0);
  }
}

/**
 * Puts an IP header in front of a segment that has its route, and sends it: for a socket that is no connection yet.
 * @modelled net/ipv4/ip_output.c
 * @omits ip_options_build: IP options are not modelled
 * @cost 30
 */
export function* ip_build_and_send_pkt(skb: sk_buff, sk: sock, _saddr: number, _daddr: number): Kgen<number> {
  const inet = inet_sk(sk);
  const rt = skb_rtable(skb) as rtable;
  const iph = new iphdr(skb_push(skb, iphdr.size));
  skb_reset_network_header(skb);
  iph.version_ihl = 0x45;
  iph.tos = inet.tos;
  iph.frag_off = ip_dont_fragment(sk, rt) ? IP_DF : 0;
  iph.ttl = ip_select_ttl(inet, rt);
  iph.daddr = rt.rt_dst;
  iph.saddr = rt.rt_src;
  iph.protocol = sk.sk_protocol;
  ip_select_ident(iph, rt, sk);
  skb.priority = sk.sk_priority;
  skb.mark = sk.sk_mark;
  return yield* ip_local_out(skb);
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
 */
export function ip_skb_dst_mtu(skb: sk_buff): number {
  const dst = skb_dst(skb) as dst_entry;
  if (skb.sk !== null && inet_sk(skb.sk).pmtudisc === IP_PMTUDISC_PROBE) {
    return (dst.dev as net_device).mtu;
  }
  return dst_mtu(dst);
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
 * @cost 60
 */
export function* ip_fragment(skb: sk_buff, output: (skb: sk_buff) => Kgen<number>): Kgen<number> {
  const iph = ip_hdr(skb);
  if ((iph.frag_off & IP_DF) !== 0 && !skb.local_df) {
    yield* icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, ip_skb_dst_mtu(skb));
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

/** A route that changes hands; in C a pointer to a pointer. */
export interface rtable_ptr {
  rt: rtable | null;
}

/**
 * Copies from a program's message: to a packet that the device will sum as it is, else summing on the way.
 * @modelled net/ipv4/ip_output.c
 * @cost 5
 */
export function ip_generic_getfrag(
  from: unknown,
  to: number,
  offset: number,
  len: number,
  odd: number,
  skb: sk_buff,
): number {
  const iov = from as iovec[];
  if (skb.ip_summed === CHECKSUM_PARTIAL) {
    return memcpy_fromiovecend(to, iov, offset, len);
  }
  const csum: csum_ptr = { csum: 0 };
  if (csum_partial_copy_fromiovecend(to, iov, offset, len, csum) < 0) {
    return -EFAULT;
  }
  skb.csum = csum_block_add(skb.csum, csum.csum, odd);
  return 0;
}

/**
 * Begins, or goes on with, a datagram that the device will cut: one skb with a header and the data in pages.
 * @modelled net/ipv4/ip_output.c
 * @cost 15
 */
export function* ip_ufo_append_data(
  sk: sock,
  queue: sk_buff_head,
  getfrag: getfrag_t,
  from: unknown,
  length: number,
  hh_len: number,
  fragheaderlen: number,
  transhdrlen: number,
  mtu: number,
  flags: number,
): Kgen<number> {
  let skb = skb_peek_tail(queue);
  if (skb === null) {
    const err = { err: 0 };
    skb = yield* sock_alloc_send_skb(sk, hh_len + fragheaderlen + transhdrlen + 20, flags & MSG_DONTWAIT, err);
    if (skb === null) {
      return err.err;
    }
    skb_reserve(skb, hh_len);
    skb_put(skb, fragheaderlen + transhdrlen);
    skb_reset_network_header(skb);
    skb.transport_header = skb.network_header + fragheaderlen;
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb.csum = 0;
    skb_shinfo(skb).gso_size = mtu - fragheaderlen;
    skb_shinfo(skb).gso_type = SKB_GSO_UDP;
    __skb_queue_tail(queue, skb);
  }
  return skb_append_datato_frags(sk, skb, getfrag, from, length - transhdrlen);
}

/** What puts a packet together: the cork of the socket, or one on the stack of ip_make_skb. */
type cork_t = Pick<inet_cork, 'fragsize' | 'dst' | 'length' | 'page' | 'off' | 'tx_flags'>;

/**
 * Appends data to the packet that is being put together in `queue`: fills the last skb, then makes new ones, each as long
 * as a fragment of the route's MTU may be, so that they need not be cut any more. 0, or -errno.
 * @modelled net/ipv4/ip_output.c
 * @omits ip_local_error: no error queue
 * @cost 60
 */
export function* __ip_append_data(
  sk: sock,
  queue: sk_buff_head,
  cork: cork_t,
  getfrag: getfrag_t,
  from: unknown,
  bytes: number,
  transport: number,
  flags: number,
): Kgen<number> {
  const rt = cork.dst as rtable;
  const { features } = rt.dev as net_device;
  let length = bytes;
  let transhdrlen = transport;
  const mtu = cork.fragsize;
  const hh_len = LL_RESERVED_SPACE(rt.dev as net_device);
  const fragheaderlen = iphdr.size;
  const maxfraglen = ((mtu - fragheaderlen) & ~7) + fragheaderlen;
  if (cork.length + length > 0xffff - fragheaderlen) {
    return -EMSGSIZE;
  }
  // A transport header says that this is the first skb. The device can sum it only if it is not going to be cut.
  let csummode = CHECKSUM_NONE;
  if (transhdrlen !== 0 && length + fragheaderlen <= mtu && (features & NETIF_F_V4_CSUM) !== 0) {
    csummode = CHECKSUM_PARTIAL;
  }
  let skb = skb_peek_tail(queue);
  cork.length += length;
  const large = length > mtu || (skb !== null && skb_is_gso(skb));
  if (large && sk.sk_protocol === IPPROTO_UDP && (features & NETIF_F_UFO) !== 0) {
    const err = yield* ip_ufo_append_data(
      sk,
      queue,
      getfrag,
      from,
      length,
      hh_len,
      fragheaderlen,
      transhdrlen,
      mtu,
      flags,
    );
    if (err !== 0) {
      cork.length -= length;
    }
    return err;
  }

  let offset = 0;
  while (length > 0) {
    let copy = skb === null ? 0 : mtu - skb.len;
    if (skb !== null && copy < length) {
      copy = maxfraglen - skb.len;
    }
    if (skb === null || copy <= 0) {
      const skb_prev: sk_buff | null = skb;
      // What the skb before holds beyond a multiple of 8 bytes moves to the new one.
      const fraggap = skb_prev === null ? 0 : skb_prev.len - maxfraglen;
      let datalen = length + fraggap;
      if (datalen > mtu - fragheaderlen) {
        datalen = maxfraglen - fragheaderlen;
      }
      const fraglen = datalen + fragheaderlen;
      const alloclen = (flags & MSG_MORE) !== 0 && (features & NETIF_F_SG) === 0 ? mtu : fraglen;
      const err = { err: 0 };
      let fresh: sk_buff | null = null;
      if (transhdrlen !== 0) {
        fresh = yield* sock_alloc_send_skb(sk, alloclen + hh_len + 15, flags & MSG_DONTWAIT, err);
      } else {
        if (sk.sk_wmem_alloc <= 2 * sk.sk_sndbuf) {
          fresh = sock_wmalloc(sk, alloclen + hh_len + 15, 1, sk.sk_allocation);
        }
        if (fresh === null) {
          err.err = -ENOBUFS;
        }
      }
      if (fresh === null) {
        cork.length -= length;
        return err.err;
      }
      fresh.ip_summed = csummode;
      fresh.csum = 0;
      skb_reserve(fresh, hh_len);
      let data = skb_put(fresh, fraglen);
      skb_reset_network_header(fresh);
      fresh.transport_header = fresh.network_header + fragheaderlen;
      data += fragheaderlen;
      if (fraggap > 0 && skb_prev !== null) {
        fresh.csum = skb_copy_and_csum_bits(skb_prev, maxfraglen, data + transhdrlen, fraggap, 0);
        skb_prev.csum = csum_sub(skb_prev.csum, fresh.csum);
        data += fraggap;
        pskb_trim_unique(skb_prev, maxfraglen);
      }
      copy = datalen - transhdrlen - fraggap;
      if (copy > 0) {
        if (getfrag(from, data + transhdrlen, offset, copy, fraggap, fresh) < 0) {
          kfree_skb(fresh);
          cork.length -= length;
          return -EFAULT;
        }
      }
      offset += copy;
      length -= datalen - fraggap;
      transhdrlen = 0;
      csummode = CHECKSUM_NONE;
      __skb_queue_tail(queue, fresh);
      skb = fresh;
      continue;
    }
    copy = Math.min(copy, length);
    if ((features & NETIF_F_SG) === 0) {
      const off = skb.len;
      if (getfrag(from, skb_put(skb, copy), offset, copy, off, skb) < 0) {
        __skb_trim(skb, off);
        cork.length -= length;
        return -EFAULT;
      }
    } else {
      const info = skb_shinfo(skb);
      const i = info.nr_frags;
      let frag = i === 0 ? null : info.frags.at(i - 1);
      let { page } = cork;
      const left = PAGE_SIZE - cork.off;
      if (page !== null && left > 0) {
        copy = Math.min(copy, left);
        if (frag === null || page !== frag.page) {
          if (i === MAX_SKB_FRAGS) {
            cork.length -= length;
            return -EMSGSIZE;
          }
          get_page(page);
          skb_fill_page_desc(skb, i, page, cork.off, 0);
          frag = info.frags.at(i);
        }
      } else if (i < MAX_SKB_FRAGS) {
        copy = Math.min(copy, PAGE_SIZE);
        page = alloc_pages(sk.sk_allocation, 0);
        if (page === null) {
          cork.length -= length;
          return -ENOMEM;
        }
        cork.page = page;
        cork.off = 0;
        skb_fill_page_desc(skb, i, page, 0, 0);
        frag = info.frags.at(i);
      } else {
        cork.length -= length;
        return -EMSGSIZE;
      }
      if (getfrag(from, skb_frag_address(frag) + frag.size, offset, copy, skb.len, skb) < 0) {
        cork.length -= length;
        return -EFAULT;
      }
      cork.off += copy;
      frag.size += copy;
      skb.len += copy;
      skb.data_len += copy;
      skb.truesize += copy;
      sk.sk_wmem_alloc += copy;
    }
    offset += copy;
    length -= copy;
  }
  return 0;
}

/**
 * Begins a packet: its route, whose reference passes to the cork, and the MTU it is cut for.
 * @modelled net/ipv4/ip_output.c
 * @cost 8
 */
export function ip_setup_cork(sk: sock, cork: cork_t, ipc: ipcm_cookie, rtp: rtable_ptr): number {
  const { rt } = rtp;
  if (rt === null) {
    return -EFAULT;
  }
  rtp.rt = null;
  cork.fragsize = inet_sk(sk).pmtudisc === IP_PMTUDISC_PROBE ? (rt.dev as net_device).mtu : dst_mtu(rt);
  cork.dst = rt;
  cork.length = 0;
  cork.tx_flags = ipc.tx_flags;
  cork.page = null;
  cork.off = 0;
  return 0;
}

/**
 * Appends data to the packet that is being put together on the write queue of an owned socket; nothing is sent yet. 0, or
 * -errno.
 * @modelled net/ipv4/ip_output.c
 * @cost 10
 */
export function* ip_append_data(
  sk: sock,
  getfrag: getfrag_t,
  from: unknown,
  length: number,
  transhdrlen: number,
  ipc: ipcm_cookie,
  rtp: rtable_ptr,
  flags: number,
): Kgen<number> {
  const { cork } = inet_sk(sk);
  let transport = transhdrlen;
  if ((flags & MSG_PROBE) !== 0) {
    return 0;
  }
  if (skb_queue_empty(sk.sk_write_queue)) {
    const err = ip_setup_cork(sk, cork, ipc, rtp);
    if (err !== 0) {
      return err;
    }
  } else {
    transport = 0;
  }
  return yield* __ip_append_data(sk, sk.sk_write_queue, cork, getfrag, from, length, transport, flags);
}

/**
 * Ends a packet's cork: what it holds of the route goes back.
 * @modelled net/ipv4/ip_output.c
 * @cost 4
 */
export function ip_cork_release(cork: cork_t): void {
  dst_release(cork.dst);
  cork.dst = null;
}

/**
 * Makes one packet of the skbs of a queue: those behind the first become its frag_list, the header is filled in.
 * @modelled net/ipv4/ip_output.c
 * @omits ip_options_build: IP options are not modelled
 * @omits icmp_out_count: a statistics counter
 * @cost 50
 */
export function __ip_make_skb(sk: sock, queue: sk_buff_head, cork: cork_t): sk_buff | null {
  const skb = __skb_dequeue(queue);
  if (skb === null) {
    return null;
  }
  const inet = inet_sk(sk);
  const rt = cork.dst as rtable;
  if (skb.data < skb.network_header) {
    __skb_pull(skb, skb_network_offset(skb));
  }
  let tail: sk_buff | null = null;
  for (let tmp_skb = __skb_dequeue(queue); tmp_skb !== null; tmp_skb = __skb_dequeue(queue)) {
    __skb_pull(tmp_skb, skb.transport_header - skb.network_header);
    if (tail === null) {
      skb_shinfo(skb).frag_list = tmp_skb;
    } else {
      tail.next = tmp_skb;
    }
    tail = tmp_skb;
    skb.len += tmp_skb.len;
    skb.data_len += tmp_skb.len;
    skb.truesize += tmp_skb.truesize;
    tmp_skb.destructor = null;
    tmp_skb.sk = null;
  }
  if (inet.pmtudisc < IP_PMTUDISC_DO) {
    skb.local_df = true;
  }
  const df = inet.pmtudisc >= IP_PMTUDISC_DO || (skb.len <= dst_mtu(rt) && ip_dont_fragment(sk, rt)) ? IP_DF : 0;
  const ttl = rt.rt_type === RTN_MULTICAST ? inet.mc_ttl : ip_select_ttl(inet, rt);
  const iph = new iphdr(skb.data);
  iph.version_ihl = 0x45;
  iph.tos = inet.tos;
  iph.frag_off = df;
  ip_select_ident(iph, rt, sk);
  iph.ttl = ttl;
  iph.protocol = sk.sk_protocol;
  iph.saddr = rt.rt_src;
  iph.daddr = rt.rt_dst;
  skb.priority = sk.sk_priority;
  skb.mark = sk.sk_mark;
  // The reference to the route passes from the cork to the skb.
  cork.dst = null;
  skb_dst_set(skb, rt);
  ip_cork_release(cork);
  return skb;
}

/**
 * Sends a packet that was put together: 0, or -errno of a qdisc that dropped it.
 * @modelled net/ipv4/ip_output.c
 * @cost 4
 */
export function* ip_send_skb(skb: sk_buff): Kgen<number> {
  let err = yield* ip_local_out(skb);
  if (err > 0) {
    // A packet that the qdisc dropped while it is not yet full is no error of this sender.
    err = err === NET_XMIT_CN ? 0 : -ENOBUFS;
  }
  return err;
}

/**
 * The packet of what was appended to a socket's write queue, or null.
 * @modelled include/net/ip.h
 * @cost 2
 */
export function ip_finish_skb(sk: sock): sk_buff | null {
  return __ip_make_skb(sk, sk.sk_write_queue, inet_sk(sk).cork);
}

/**
 * Makes a packet of what was appended to an owned socket, and sends it.
 * @modelled net/ipv4/ip_output.c
 * @cost 4
 */
export function* ip_push_pending_frames(sk: sock): Kgen<number> {
  const skb = ip_finish_skb(sk);
  return skb === null ? 0 : yield* ip_send_skb(skb);
}

/**
 * Throws away what was appended.
 * @modelled net/ipv4/ip_output.c
 * @cost 5
 */
export function __ip_flush_pending_frames(queue: sk_buff_head, cork: cork_t): void {
  for (let skb = queue.prev; skb !== null; skb = queue.prev) {
    __skb_unlink(skb, queue);
    kfree_skb(skb);
  }
  ip_cork_release(cork);
}

/**
 * Throws away what was appended to an owned socket.
 * @modelled net/ipv4/ip_output.c
 * @cost 3
 */
export function ip_flush_pending_frames(sk: sock): void {
  __ip_flush_pending_frames(sk.sk_write_queue, inet_sk(sk).cork);
}

/**
 * Makes a packet of one message, without owning the socket: cork and queue stand on the stack. Null and `err`: it failed, or
 * (0) there is nothing to send.
 * @modelled net/ipv4/ip_output.c
 * @cost 10
 */
export function* ip_make_skb(
  sk: sock,
  getfrag: getfrag_t,
  from: unknown,
  length: number,
  transhdrlen: number,
  ipc: ipcm_cookie,
  rtp: rtable_ptr,
  flags: number,
  err: { err: number },
): Kgen<sk_buff | null> {
  if ((flags & MSG_PROBE) !== 0) {
    return null;
  }
  const queue = new sk_buff_head();
  const cork: cork_t = { fragsize: 0, dst: null, length: 0, page: null, off: 0, tx_flags: 0 };
  let skb: sk_buff | null = null;
  err.err = ip_setup_cork(sk, cork, ipc, rtp);
  if (err.err === 0) {
    err.err = yield* __ip_append_data(sk, queue, cork, getfrag, from, length, transhdrlen, flags);
    if (err.err !== 0) {
      __ip_flush_pending_frames(queue, cork);
    } else {
      skb = __ip_make_skb(sk, queue, cork);
    }
  }
  heap.release(queue);
  return skb;
}

/**
 * Copies a piece of a reply into its skb and sums it: 0.
 * @modelled net/ipv4/ip_output.c
 * @cost 5
 */
export function ip_reply_glue_bits(
  dptr: unknown,
  to: number,
  offset: number,
  len: number,
  odd: number,
  skb: sk_buff,
): number {
  const csum = csum_partial_copy_nocheck((dptr as number) + offset, to, len, 0);
  skb.csum = csum_block_add(skb.csum, csum, odd);
  return 0;
}

/**
 * Route flags of a reply.
 * @modelled include/net/ip.h
 * @cost 1
 */
export function ip_reply_arg_flowi_flags(arg: ip_reply_arg): number {
  return (arg.flags & IP_REPLY_ARG_NOSRCCHECK) !== 0 ? FLOWI_FLAG_ANYSRC : 0;
}

/**
 * IP options of a packet, turned round for its answer: 0.
 * @simplified IP options are not modelled: none
 * @cost 4
 */
export function ip_options_echo(_skb: sk_buff): number {
  return 0;
}

/**
 * Sends a segment that no socket of a connection stands behind, as an answer to `skb`: with its type of service, from the address it
 * came to. `sk` is a control socket of the kernel's, which all such answers share.
 * @modelled net/ipv4/ip_output.c
 * @omits security_skb_classify_flow: no security module
 * @cost 25
 */
export function* ip_send_reply(sk: sock, skb: sk_buff, arg: ip_reply_arg, len: number): Kgen {
  const inet = inet_sk(sk);
  const route = skb_rtable(skb) as rtable;
  const iph = ip_hdr(skb);
  if (ip_options_echo(skb) !== 0) {
    return;
  }
  const ipc: ipcm_cookie = { addr: route.rt_src, oif: 0, tx_flags: 0 };
  const th = new tcphdr(skb.transport_header);
  const rt: rtable_ptr = {
    rt: ip_route_output_key({
      daddr: route.rt_src,
      saddr: route.rt_spec_dst,
      flowi4_oif: arg.bound_dev_if,
      flowi4_iif: 0,
      flowi4_mark: 0,
      flowi4_tos: RT_TOS(iph.tos),
      flowi4_proto: sk.sk_protocol,
      flowi4_flags: ip_reply_arg_flowi_flags(arg),
      fl4_dport: th.source,
      fl4_sport: th.dest,
    }),
  };
  if (rt.rt === null) {
    return;
  }
  yield* bh_lock_sock(sk);
  inet.tos = iph.tos;
  sk.sk_priority = skb.priority;
  sk.sk_protocol = iph.protocol;
  sk.skc_bound_dev_if = arg.bound_dev_if;
  yield* ip_append_data(sk, ip_reply_glue_bits, arg.iov.iov_base, len, 0, ipc, rt, MSG_DONTWAIT);
  const answer = skb_peek(sk.sk_write_queue);
  if (answer !== null) {
    if (arg.csumoffset >= 0) {
      const check = csum_fold(csum_add(answer.csum, arg.csum));
      heap.writeBe16(answer.transport_header + 2 * arg.csumoffset, check);
    }
    answer.ip_summed = CHECKSUM_NONE;
    yield* ip_push_pending_frames(sk);
  }
  bh_unlock_sock(sk);
  ip_rt_put(rt.rt);
}
