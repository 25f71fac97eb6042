/**
 * Mirrors net/ipv4/arp.c (2.6.39): finding the MAC address of an IPv4 neighbour.
 * Left out: proxy ARP, the policies of arp_announce and arp_filter, the ARP netfilter hooks, ioctls and /proc.
 */
import { ops } from '../../../base/dispatch';
import { type Kgen, sysctl } from '../../arch/current';
import { EINVAL } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ARPHRD_ETHER, ARPOP_REPLY, ARPOP_REQUEST, arphdr } from '../../include/linux/if_arp';
import { ETH_ALEN, ETH_P_ARP, ETH_P_IP, read_ether_addr, write_ether_addr } from '../../include/linux/if_ether';
import {
  dev_hard_header,
  IFF_LOOPBACK,
  IFF_NOARP,
  LL_RESERVED_SPACE,
  NET_RX_SUCCESS,
  type net_device,
  packet_type,
} from '../../include/linux/netdevice';
import {
  PACKET_HOST,
  PACKET_OTHERHOST,
  type sk_buff,
  skb_reserve,
  skb_reset_network_header,
} from '../../include/linux/skbuff';
import { jiffies } from '../../include/linux/timer';
import {
  type dst_entry,
  dst_link_failure,
  NUD_NOARP,
  NUD_REACHABLE,
  NUD_STALE,
  type neigh_ops,
  type neighbour,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  type rtable,
  skb_rtable,
} from '../../include/net/dst';
import { ip_hdr } from '../../include/net/ip';
import { dev_add_pack, dev_queue_xmit } from '../core/dev';
import {
  __neigh_lookup,
  __neigh_lookup_errno,
  arp_tbl,
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_OVERRIDE,
  NUD_VALID,
  neigh_event_ns,
  neigh_release,
  neigh_resolve_output,
  neigh_update,
  ucast_probes,
} from '../core/neighbour';
import { alloc_skb, consume_skb, kfree_skb, pskb_may_pull, skb_put, skb_share_check } from '../core/skbuff';
import { inet_select_addr } from './devinet';
import { inet_addr_type, ipv4_is_multicast } from './fib_frontend';
import { ip_route_input_noref } from './route';

const LOOPBACK_NET = 127;
const BROADCAST = 0xffffffffffff;
/** An answer does not replace an address this young, jiffies: the first one counts. */
const LOCKTIME = 1000;

/**
 * Asks the link who has the address: by broadcast first, and by unicast to the known address while probing. The request is in
 * the name of the packet that waits, if that is from an address of this host.
 * @modelled net/ipv4/arp.c
 */
export function* arp_solicit(neigh: neighbour, skb: sk_buff | null): Kgen {
  const dev = neigh.dev as net_device;
  const target = neigh.primary_key;
  let saddr = 0;
  if (skb !== null && inet_addr_type(ip_hdr(skb).saddr) === RTN_LOCAL) {
    saddr = ip_hdr(skb).saddr;
  }
  if (saddr === 0) {
    saddr = inet_select_addr(dev, target);
  }
  const dst_ha = neigh.probes < ucast_probes() ? neigh.ha : null;
  yield* arp_send(ARPOP_REQUEST, ETH_P_ARP, target, dev, saddr, dst_ha, dev.dev_addr, null);
}

/**
 * A packet could not be delivered because the neighbour does not answer.
 * @modelled net/ipv4/arp.c
 */
export function* arp_error_report(_neigh: neighbour, skb: sk_buff): Kgen {
  yield* dst_link_failure(skb);
  kfree_skb(skb);
}

/** Operations of a neighbour whose link header can be kept ready-made. */
export const arp_hh_ops = ops<neigh_ops>('neigh_ops', 'arp_hh_ops', {
  family: 2,
  solicit: arp_solicit,
  error_report: arp_error_report,
  output: neigh_resolve_output,
  connected_output: neigh_resolve_output,
  hh_output: dev_queue_xmit,
  queue_xmit: dev_queue_xmit,
});

/** Operations of a neighbour on a link without a header. */
export const arp_direct_ops = ops<neigh_ops>('neigh_ops', 'arp_direct_ops', {
  family: 2,
  solicit: arp_solicit,
  error_report: arp_error_report,
  output: dev_queue_xmit,
  connected_output: dev_queue_xmit,
  hh_output: dev_queue_xmit,
  queue_xmit: dev_queue_xmit,
});

/**
 * Sets up a new neighbour: its operations, and its address where no question is needed.
 * @modelled net/ipv4/arp.c
 * @simplified multicast addresses are mapped without the table of other link types
 */
export function arp_constructor(neigh: neighbour): number {
  const dev = neigh.dev as net_device;
  const addr = neigh.primary_key;
  const type = inet_addr_type(addr);
  if (dev.header_ops === null) {
    neigh.nud_state = NUD_NOARP;
    neigh.ops = arp_direct_ops;
    neigh.output = arp_direct_ops.queue_xmit;
    return 0;
  }
  if (type === RTN_MULTICAST) {
    neigh.nud_state = NUD_NOARP;
    neigh.ha = 0x01005e000000 + (addr & 0x7fffff);
  } else if ((dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0) {
    neigh.nud_state = NUD_NOARP;
    neigh.ha = dev.dev_addr;
  } else if (type === RTN_BROADCAST) {
    neigh.nud_state = NUD_NOARP;
    neigh.ha = BROADCAST;
  }
  neigh.ops = arp_hh_ops;
  neigh.output = (neigh.nud_state & NUD_VALID) !== 0 ? arp_hh_ops.connected_output : arp_hh_ops.output;
  return 0;
}

/**
 * Gives a route its neighbour: the gateway, or the destination itself.
 * @modelled net/ipv4/arp.c
 */
export function arp_bind_neighbour(dst: dst_entry): number {
  const dev = dst.dev;
  if (dev === null) {
    return -EINVAL;
  }
  if (dst.neighbour === null) {
    const nexthop = (dev.flags & IFF_LOOPBACK) !== 0 ? 0 : (dst as rtable).rt_gateway;
    dst.neighbour = __neigh_lookup_errno(arp_tbl(), nexthop, dev, arp_constructor);
  }
  return 0;
}

/**
 * Builds an ARP packet with its link header.
 * @modelled net/ipv4/arp.c
 */
export function arp_create(
  type: number,
  ptype: number,
  dest_ip: number,
  dev: net_device,
  src_ip: number,
  dest_hw: number | null,
  src_hw: number | null,
  target_hw: number | null,
): sk_buff | null {
  const skb = alloc_skb(arphdr.size + LL_RESERVED_SPACE(dev), GFP_ATOMIC);
  if (skb === null) {
    return null;
  }
  skb_reserve(skb, LL_RESERVED_SPACE(dev));
  skb_reset_network_header(skb);
  const arp = new arphdr(skb_put(skb, arphdr.size));
  skb.dev = dev;
  skb.protocol = ETH_P_ARP;
  const source = src_hw ?? dev.dev_addr;
  if (dev_hard_header(skb, dev, ptype, dest_hw ?? BROADCAST, source, skb.len) < 0) {
    kfree_skb(skb);
    return null;
  }
  arp.ar_hrd = ARPHRD_ETHER;
  arp.ar_pro = ETH_P_IP;
  arp.ar_hln = ETH_ALEN;
  arp.ar_pln = 4;
  arp.ar_op = type;
  write_ether_addr(arp.$addr + 8, source);
  arp.ar_sip = src_ip;
  write_ether_addr(arp.$addr + 18, target_hw ?? 0);
  arp.ar_tip = dest_ip;
  return skb;
}

/**
 * Hands an ARP packet to the device.
 * @modelled net/ipv4/arp.c
 * @omits nf_hook: no ARP filter
 */
export function* arp_xmit(skb: sk_buff): Kgen<number> {
  return yield* dev_queue_xmit(skb);
}

/**
 * Builds and sends an ARP packet.
 * @modelled net/ipv4/arp.c
 */
export function* arp_send(
  type: number,
  ptype: number,
  dest_ip: number,
  dev: net_device,
  src_ip: number,
  dest_hw: number | null,
  src_hw: number | null,
  target_hw: number | null,
): Kgen {
  if ((dev.flags & IFF_NOARP) !== 0) {
    return;
  }
  const skb = arp_create(type, ptype, dest_ip, dev, src_ip, dest_hw, src_hw, target_hw);
  if (skb !== null) {
    yield* arp_xmit(skb);
  }
}

/**
 * Whether a request is to be left unanswered: with arp_ignore 1, if the address is not one of the device it came by.
 * @simplified the policies 0 and 1
 * @omits inet_confirm_addr: a device has one address
 * @cost 3
 */
function arp_ignore(dev: net_device, _sip: number, tip: number): boolean {
  return sysctl('ipv4.conf.all.arp_ignore', 0) !== 0 && dev.ip_addr !== tip;
}

/**
 * Answers a request for an address of this host, and learns from requests and answers. Who asks for a route's target leaves
 * the route of its packets in the cache.
 * @modelled net/ipv4/arp.c
 * @omits arp_filter: off by default; arp_fwd_proxy, arp_fwd_pvlan, pneigh_lookup, pneigh_enqueue: no proxy ARP
 */
export function* arp_process(skb: sk_buff): Kgen<number> {
  const dev = skb.dev as net_device;
  const arp = new arphdr(skb.network_header);
  const sip = arp.ar_sip;
  const tip = arp.ar_tip;
  const sha = read_ether_addr(arp.$addr + 8);
  const request = arp.ar_op === ARPOP_REQUEST;
  const wrong =
    arp.ar_hrd !== ARPHRD_ETHER ||
    arp.ar_pro !== ETH_P_IP ||
    (arp.ar_op !== ARPOP_REPLY && !request) ||
    ipv4_is_multicast(tip) ||
    tip >>> 24 === LOOPBACK_NET;
  if (wrong) {
    consume_skb(skb);
    return 0;
  }
  if (sip === 0) {
    if (request && inet_addr_type(tip) === RTN_LOCAL && !arp_ignore(dev, sip, tip)) {
      yield* arp_send(ARPOP_REPLY, ETH_P_ARP, sip, dev, tip, sha, dev.dev_addr, sha);
    }
    consume_skb(skb);
    return 0;
  }
  if (request && ip_route_input_noref(skb, tip, sip, 0, dev) === 0) {
    if ((skb_rtable(skb) as rtable).rt_type === RTN_LOCAL) {
      if (!arp_ignore(dev, sip, tip)) {
        const learned = yield* neigh_event_ns(arp_tbl(), sha, sip, dev, arp_constructor);
        if (learned !== null) {
          yield* arp_send(ARPOP_REPLY, ETH_P_ARP, sip, dev, tip, sha, dev.dev_addr, sha);
          neigh_release(learned);
        }
      }
      consume_skb(skb);
      return 0;
    }
  }
  const n = __neigh_lookup(arp_tbl(), sip, dev, null);
  if (n !== null) {
    const override = jiffies() > n.updated + LOCKTIME;
    const state = !request && skb.pkt_type === PACKET_HOST ? NUD_REACHABLE : NUD_STALE;
    yield* neigh_update(n, sha, state, override ? NEIGH_UPDATE_F_OVERRIDE : 0);
    neigh_release(n);
  }
  consume_skb(skb);
  return 0;
}

/**
 * Takes a received ARP packet.
 * @modelled net/ipv4/arp.c
 * @omits nf_hook: no ARP filter
 */
export function* arp_rcv(skb: sk_buff, dev: net_device, _pt: packet_type, _orig_dev: net_device): Kgen<number> {
  const arp = new arphdr(skb.network_header);
  if (
    !pskb_may_pull(skb, arphdr.size) ||
    arp.ar_hln !== ETH_ALEN ||
    arp.ar_pln !== 4 ||
    (dev.flags & (IFF_NOARP | IFF_LOOPBACK)) !== 0 ||
    skb.pkt_type === PACKET_OTHERHOST
  ) {
    kfree_skb(skb);
    return NET_RX_SUCCESS;
  }
  const own = skb_share_check(skb, GFP_ATOMIC);
  return own === null ? 0 : yield* arp_process(own);
}

/**
 * Registers ARP as a packet type.
 * @modelled net/ipv4/arp.c
 */
export function arp_init(): void {
  const arp_packet_type = new packet_type();
  arp_packet_type.type = ETH_P_ARP;
  arp_packet_type.func = arp_rcv;
  dev_add_pack(arp_packet_type);
}

/**
 * Enters a neighbour by hand (ip neighbour add): `state` is a NUD_ value.
 * @simplified takes arguments instead of a netlink message
 */
export function* neigh_add(addr: number, dev: net_device, lladdr: number, state: number): Kgen<neighbour> {
  const n = __neigh_lookup_errno(arp_tbl(), addr, dev, arp_constructor) as neighbour;
  yield* neigh_update(n, lladdr, state, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN);
  return n;
}
