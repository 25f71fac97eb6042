/**
 * Mirrors net/ipv4/route.c and include/net/route.h (2.6.39): the route cache, output and input lookup, IPv4's operations
 * on a dst_entry. Below it stands the list of routes of fib_frontend.ts.
 * Left out: multicast routing, ICMP redirects, forgetting cached routes by age (rt_check_expire) and random invalidation of the
 * cache, policy routing. Functions that return an error pointer in Linux return null here.
 */

import { ops } from '../../../base/dispatch';
import { type Kgen, kernel_global, sysctl } from '../../arch/current';
import { EACCES, EHOSTUNREACH, EINVAL, ENETUNREACH } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP_NET_UNREACH, ICMP_PKT_FILTERED } from '../../include/linux/icmp';
import { ETH_P_IP } from '../../include/linux/if_ether';
import type { iphdr } from '../../include/linux/ip';
import { IFF_LOOPBACK, IFF_UP, type net_device } from '../../include/linux/netdevice';
import type { sk_buff } from '../../include/linux/skbuff';
import { HZ, jiffies } from '../../include/linux/timer';
import {
  DST_NOCACHE,
  DST_OBSOLETE_CHK,
  dst_confirm,
  type dst_entry,
  dst_mtu,
  type dst_ops,
  dst_release,
  dst_use_noref,
  type flowi4,
  type inet_peer,
  RTAX_MTU,
  RTCF_BROADCAST,
  RTCF_DIRECTSRC,
  RTCF_DOREDIRECT,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  rt_hash_table,
  rtable,
  SAVED_METRICS,
  skb_dst_set,
  skb_rtable,
  xfrm_lookup,
} from '../../include/net/dst';
import { FLOWI_FLAG_ANYSRC, inet_sk } from '../../include/net/inet_sock';
import { IP_MAX_MTU, IPTOS_RT_MASK, IPTOS_TOS_MASK } from '../../include/net/ip';
import type { fib_info } from '../../include/net/ip_fib';
import type { sock } from '../../include/net/sock';
import { dev_get_by_index, init_net } from '../core/dev';
import { skb_dst_set_noref } from '../core/dst';
import { neigh_hh_init } from '../core/neighbour';
import { alloc_skb, kfree_skb } from '../core/skbuff';
import { arp_bind_neighbour } from './arp';
import { __ip_dev_find, inet_select_addr } from './devinet';
import { fib_lookup, fib_validate_source, ipv4_is_multicast } from './fib_frontend';
import { icmp_send } from './icmp';
import { inet_getpeer, inet_putpeer } from './inetpeer';
import { ip_forward } from './ip_forward';
import { ip_local_deliver } from './ip_input';
import { ip_output } from './ip_output';

/** Chains longer than that lose a route for each that comes (net.ipv4.route.gc_elasticity). */
const GC_ELASTICITY = 8;
/** dst.obsolete of a route that was taken out of the cache. */
const DST_OBSOLETE_DEAD = 2;
/** Errors to one source: jiffies that one costs, and how many may be saved up (net.ipv4.route.error_cost, error_burst). */
const ERROR_COST = HZ;
const ERROR_BURST = 5 * HZ;
/** Buckets of the cache. */
const RT_HASH_SIZE = 32;
const IP_HEADERS_LEN = 40;
/** Least advertised MSS (net.ipv4.route.min_adv_mss). */
const MIN_ADVMSS = 256;
const MIN_PMTU = 512 + 20 + 20;
const LOOPBACK_NET = 127;
/** MTUs of usual links (RFC 1191 section 7), bytes. */
const MTU_PLATEAU = [32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128, 68];

/** Least path MTU that is believed (net.ipv4.route.min_pmtu), bytes. */
const ip_rt_min_pmtu = (): number => sysctl('ipv4.route.min_pmtu', MIN_PMTU);
/** How long a path MTU is believed (net.ipv4.route.mtu_expires), jiffies. */
const ip_rt_mtu_expires = (): number => sysctl('ipv4.route.mtu_expires', 600) * HZ;

/** The route cache of this host. */
export const rt_cache = kernel_global(() => new rt_hash_table());

/**
 * Generation of the cache: routes of an older one are no longer valid.
 * @modelled net/ipv4/route.c
 * @cost 1
 */
export function rt_genid(): number {
  return rt_cache().rt_genid;
}

/**
 * Generation of what is known of peers.
 * @modelled net/ipv4/route.c
 * @cost 2
 */
export function rt_peer_genid(): number {
  return rt_cache().rt_peer_genid;
}

/**
 * True while routes are cached: the cache has not been attacked too often.
 * @modelled net/ipv4/route.c
 * @cost 2
 */
export function rt_caching(): boolean {
  return rt_cache().current_rt_cache_rebuild_count <= sysctl('ipv4.rt_cache_rebuild_count', 4);
}

/**
 * True when a route is of an older generation than the cache.
 * @modelled net/ipv4/route.c
 * @cost 1
 */
export function rt_is_expired(rth: rtable): boolean {
  return rth.rt_genid !== rt_genid();
}

/** True for a route of packets made here. Merged into its callers: no recording has it. */
export const rt_is_output_route = (rt: rtable): boolean => rt.rt_route_iif === 0;

/**
 * True for a route of packets that came in.
 * @modelled include/net/route.h
 * @cost 1
 */
export function rt_is_input_route(rt: rtable): boolean {
  return rt.rt_route_iif !== 0;
}

/**
 * Bucket of a key.
 * @simplified mixes with multiplications instead of jhash
 * @cost 5
 */
export function rt_hash(daddr: number, saddr: number, idx: number, genid: number): number {
  let hash = Math.imul(daddr, 0x9e3779b1) ^ Math.imul(saddr, 0x85ebca6b) ^ Math.imul(idx + 1, 0xc2b2ae35) ^ genid;
  hash ^= hash >>> 16;
  return (hash >>> 0) % RT_HASH_SIZE;
}

/**
 * Head of a bucket's chain.
 * @model an array access in C
 * @cost 1
 */
function rt_chain(hash: number): rtable | null {
  const { chain } = rt_cache();
  return hash < chain.length ? chain.at(hash) : null;
}

/**
 * Makes all cached routes invalid: routes have changed.
 * @modelled net/ipv4/route.c
 */
export function rt_cache_flush(_delay: number): void {
  rt_cache().rt_genid++;
}

/**
 * Binds what is remembered of the destination to a route.
 * @modelled net/ipv4/route.c
 */
export function rt_bind_peer(rt: rtable, create: boolean): void {
  const peer = inet_getpeer(rt.rt_dst, create);
  if (peer !== null && rt.peer === null) {
    rt.peer = peer;
    rt.rt_peer_genid = rt_peer_genid();
  }
}

/**
 * The route itself while it may be used, else null: a new lookup is due.
 * @modelled net/ipv4/route.c
 * @omits check_peer_redir: redirects are not modelled
 */
export function ipv4_dst_check(dst: dst_entry, _cookie: number): dst_entry | null {
  const rt = dst as rtable;
  if (rt_is_expired(rt)) {
    return null;
  }
  if (rt.rt_peer_genid !== rt_peer_genid()) {
    if (rt.peer === null) {
      rt_bind_peer(rt, false);
    }
    if (rt.peer !== null) {
      check_peer_pmtu(dst, rt.peer);
    }
    rt.rt_peer_genid = rt_peer_genid();
  }
  return dst;
}

/**
 * Advice that a route does not work: an expired one is given up.
 * @modelled net/ipv4/route.c
 * @omits rt_del: an entry is only forgotten when it expires
 */
export function ipv4_negative_advice(dst: dst_entry): dst_entry | null {
  if (dst.obsolete > 0) {
    dst_release(dst);
    return null;
  }
  const { peer } = dst as rtable;
  if (peer !== null && peer.pmtu_expires !== 0 && jiffies() >= peer.pmtu_expires) {
    forget_pmtu(dst as rtable, peer);
  }
  return dst;
}

/**
 * Gives a route the metric back that it had before a path MTU was learned.
 * @model the compare-and-exchange on pmtu_expires in ipv4_negative_advice and ipv4_link_failure
 * @cost 3
 */
function forget_pmtu(rt: rtable, peer: inet_peer): void {
  peer.pmtu_expires = 0;
  rt.mtu = peer.pmtu_orig;
}

/**
 * The next hop does not answer: the sender is told, and what is known of the path is forgotten.
 * @modelled net/ipv4/route.c
 */
export function* ipv4_link_failure(skb: sk_buff): Kgen {
  yield* icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
  const rt = skb_rtable(skb);
  if (rt !== null && rt.peer !== null && rt.peer.pmtu_expires !== 0) {
    forget_pmtu(rt, rt.peer);
  }
}

/**
 * A path MTU for a router that does not say it: the next lower of the usual ones (RFC 1191 section 7).
 * @modelled net/ipv4/route.c
 * @cost 4
 */
export function guess_mtu(old_mtu: number): number {
  for (const mtu of MTU_PLATEAU) {
    if (old_mtu > mtu) {
      return mtu;
    }
  }
  return 68;
}

/**
 * A router says that a packet was too long (RFC 1191): remembers the MTU with the destination, where routes look when they
 * are next used. Gives the MTU that counts, 0: none.
 * @modelled net/ipv4/route.c
 * @cost 15
 */
export function ip_rt_frag_needed(iph: iphdr, new_mtu: number, _dev: net_device): number {
  let old_mtu = iph.tot_len;
  let est_mtu = 0;
  const peer = inet_getpeer(iph.daddr, true);
  if (peer !== null) {
    let mtu = new_mtu;
    if (new_mtu < 68 || new_mtu >= old_mtu) {
      const header = (iph.version_ihl & 0xf) * 4;
      if (mtu === 0 && old_mtu >= 68 + header) {
        old_mtu -= header;
      }
      mtu = guess_mtu(old_mtu);
    }
    mtu = Math.max(mtu, ip_rt_min_pmtu());
    if (peer.pmtu_expires === 0 || mtu < peer.pmtu_learned) {
      est_mtu = mtu;
      peer.pmtu_learned = mtu;
      peer.pmtu_expires = jiffies() + ip_rt_mtu_expires();
      rt_cache().rt_peer_genid++;
    }
    inet_putpeer(peer);
  }
  return est_mtu === 0 ? new_mtu : est_mtu;
}

/**
 * Gives a route the path MTU known of its destination while it holds, and its own metric back once it has expired.
 * @modelled net/ipv4/route.c
 * @cost 5
 */
export function check_peer_pmtu(dst: dst_entry, peer: inet_peer): void {
  const expires = peer.pmtu_expires;
  if (expires === 0) {
    return;
  }
  if (jiffies() < expires) {
    const orig_dst_mtu = dst_mtu(dst);
    if (peer.pmtu_learned < orig_dst_mtu) {
      if (peer.pmtu_orig === 0) {
        peer.pmtu_orig = dst.mtu;
      }
      dst.mtu = peer.pmtu_learned;
    }
  } else {
    forget_pmtu(dst as rtable, peer);
  }
}

/**
 * A smaller path MTU was learned for a route.
 * @modelled net/ipv4/route.c
 * @cost 10
 */
export function ip_rt_update_pmtu(dst: dst_entry, mtu: number): void {
  const rt = dst as rtable;
  dst_confirm(dst);
  if (rt.peer === null) {
    rt_bind_peer(rt, true);
  }
  const { peer } = rt;
  if (peer === null) {
    return;
  }
  const wanted = Math.max(mtu, ip_rt_min_pmtu());
  if (peer.pmtu_expires === 0 || wanted < peer.pmtu_learned) {
    peer.pmtu_learned = wanted;
    peer.pmtu_expires = jiffies() + ip_rt_mtu_expires();
    rt_cache().rt_peer_genid++;
    rt.rt_peer_genid = rt_peer_genid();
  }
  check_peer_pmtu(dst, peer);
}

/**
 * MSS to advertise when the route has no metric: device MTU less headers.
 * @modelled net/ipv4/route.c
 */
export function ipv4_default_advmss(dst: dst_entry): number {
  const { mtu } = dst.dev as net_device;
  return Math.min(Math.max(mtu - IP_HEADERS_LEN, sysctl('ipv4.route.min_adv_mss', MIN_ADVMSS)), 65535 - IP_HEADERS_LEN);
}

/**
 * Path MTU when the route has no metric: that of the device.
 * @modelled net/ipv4/route.c
 */
export function ipv4_default_mtu(dst: dst_entry): number {
  const { mtu } = dst.dev as net_device;
  const rt = dst as rtable;
  if (dst.mtu_locked && rt.rt_gateway !== rt.rt_dst && mtu > 576) {
    return 576;
  }
  return Math.min(mtu, IP_MAX_MTU);
}

/**
 * What is remembered of a route's destination, so that a metric can be changed there; it begins with what the route has.
 * @modelled net/ipv4/route.c
 * @cost 8
 */
export function ipv4_cow_metrics(dst: dst_entry): inet_peer | null {
  const rt = dst as rtable;
  if (rt.peer === null) {
    rt_bind_peer(rt, true);
  }
  const { peer } = rt;
  if (peer !== null && !peer.has_metrics) {
    peer.has_metrics = true;
    for (const metric of SAVED_METRICS) {
      peer[metric] = dst[metric];
    }
  }
  return peer;
}

export const ipv4_dst_ops = ops<dst_ops>('dst_ops', 'ipv4_dst_ops', {
  family: 2,
  protocol: ETH_P_IP,
  check: ipv4_dst_check,
  default_mtu: ipv4_default_mtu,
  default_advmss: ipv4_default_advmss,
  cow_metrics: ipv4_cow_metrics,
  negative_advice: ipv4_negative_advice,
  link_failure: ipv4_link_failure,
  update_pmtu: ip_rt_update_pmtu,
});

/**
 * Output function of a route that is only for input: a bug of the kernel.
 * @modelled net/ipv4/route.c
 */
export function* ip_rt_bug(skb: sk_buff): Kgen<number> {
  kfree_skb(skb);
  return 0;
}

/**
 * Makes a route that no cache holds yet.
 * @modelled net/ipv4/route.c
 */
export function rt_dst_alloc(dev: net_device): rtable {
  const rt = new rtable();
  rt.ops = ipv4_dst_ops;
  rt.dev = dev;
  rt.obsolete = DST_OBSOLETE_CHK;
  rt.__refcnt = 1;
  return rt;
}

/**
 * What earlier connections learned of the destination, and a path MTU that is known, hold for a new route too.
 * @simplified metrics stand in the route itself, not with the peer, so that a peer that has none need not be made
 * @cost 5
 */
export function rt_init_metrics(rt: rtable): void {
  const peer = inet_getpeer(rt.rt_dst, false);
  if (peer !== null) {
    rt.peer = peer;
    rt.rt_peer_genid = rt_peer_genid();
    if (peer.has_metrics) {
      for (const metric of SAVED_METRICS) {
        rt[metric] = peer[metric];
      }
    }
    check_peer_pmtu(rt, peer);
  }
}

/**
 * Takes gateway and metrics of a route over.
 * @modelled net/ipv4/route.c
 */
export function rt_set_nexthop(rt: rtable, fi: fib_info | null, _type: number): void {
  if (fi === null) {
    rt_init_metrics(rt);
    return;
  }
  if (fi.nh_gw !== 0) {
    rt.rt_gateway = fi.nh_gw;
  }
  rt.mtu = Math.min(fi.mtu, IP_MAX_MTU);
  rt.lock = fi.lock;
  rt.mtu_locked = (fi.lock & (1 << RTAX_MTU)) !== 0;
  rt.advmss = Math.min(fi.advmss, 65535 - IP_HEADERS_LEN);
  rt.hoplimit = fi.hoplimit;
  rt.initcwnd = fi.initcwnd;
  rt.initrwnd = fi.initrwnd;
  rt.window = fi.window;
  rt.rtt = fi.rtt;
  rt.rttvar = fi.rttvar;
  rt.ssthresh = fi.ssthresh;
  rt.cwnd = fi.cwnd;
  rt.reordering = fi.reordering;
  rt.rto_min = fi.rto_min;
  rt_init_metrics(rt);
}

/**
 * How much a cached route is worth keeping: by age, more if it is precious (input routes count more than broadcasts).
 * @modelled net/ipv4/route.c
 * @cost 3
 */
function rt_score(rt: rtable): number {
  const age = (jiffies() - rt.lastuse) >>> 0;
  const valuable = (rt.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL)) === 0 || rt_is_output_route(rt);
  return ((~age & 0x3fffffff) | (valuable ? 1 << 30 : 0)) >>> 0;
}

/**
 * Forgets the routes of a chain that are of an older generation, and of a long chain the unused one that is worth least, before
 * `rt` is added to it.
 * @model the first half of rt_intern_hash
 * @cost 6
 */
function rt_trim_chain(hash: number, rt: rtable): void {
  let before: rtable | null = null;
  let worst: { score: number; at: rtable; before: rtable | null } | null = null;
  let length = 0;
  for (let rth = rt_chain(hash); rth !== null; ) {
    const next: rtable | null = rth.rt_next;
    if (rt_is_expired(rth)) {
      rt_unlink(hash, rth, before);
    } else {
      if (compare_keys(rth, rt)) {
        return;
      }
      if (rth.__refcnt === 0) {
        const score = rt_score(rth);
        if (worst === null || score <= worst.score) {
          worst = { score, at: rth, before };
        }
      }
      length++;
      before = rth;
    }
    rth = next;
  }
  if (worst !== null && length > GC_ELASTICITY) {
    rt_unlink(hash, worst.at, worst.before);
  }
}

/**
 * Takes a route out of its chain. It goes with the last reference; packets that only borrow it may still be under way.
 * @model rt_free, whose work is put off until nobody can look at the route any more
 * @cost 4
 */
function rt_unlink(hash: number, rt: rtable, before: rtable | null): void {
  if (before === null) {
    rt_cache().chain.set(hash, rt.rt_next as rtable);
  } else {
    before.rt_next = rt.rt_next;
  }
  rt.rt_next = null;
  rt.obsolete = DST_OBSOLETE_DEAD;
  if (rt.__refcnt > 0) {
    rt.flags = rt.flags | DST_NOCACHE;
  }
}

/**
 * Puts a route into the cache, or finds an equal one that is there; a route out gets its neighbour. With an skb, the route
 * becomes that of the skb.
 * @modelled net/ipv4/route.c
 * @omits slow_chain_length: chains are short
 * @cost 60
 */
export function rt_intern_hash(hash: number, rt: rtable, skb: sk_buff | null, _ifindex: number): rtable | null {
  const caching = rt_caching();
  if (caching) {
    rt_trim_chain(hash, rt);
    for (let rth = rt_chain(hash); rth !== null; rth = rth.rt_next) {
      if (compare_keys(rth, rt)) {
        rth.__refcnt++;
        rth.__use++;
        rth.lastuse = jiffies();
        dst_release(rt);
        if (skb !== null) {
          skb_dst_set(skb, rth);
        }
        return rth;
      }
    }
  } else {
    rt.flags = rt.flags | DST_NOCACHE;
  }
  if ((rt.rt_type === RTN_UNICAST || rt_is_output_route(rt)) && arp_bind_neighbour(rt) !== 0) {
    dst_release(rt);
    return null;
  }
  if (caching) {
    rt.rt_next = rt_chain(hash);
    rt_cache().chain.set(hash, rt);
  }
  if (skb !== null) {
    skb_dst_set(skb, rt);
  }
  return rt;
}

/**
 * True when two routes answer the same question.
 * @modelled net/ipv4/route.c
 * @cost 4
 */
export function compare_keys(rt1: rtable, rt2: rtable): boolean {
  return (
    rt1.rt_key_dst === rt2.rt_key_dst &&
    rt1.rt_key_src === rt2.rt_key_src &&
    rt1.rt_mark === rt2.rt_mark &&
    rt1.rt_key_tos === rt2.rt_key_tos &&
    rt1.rt_oif === rt2.rt_oif &&
    rt1.rt_route_iif === rt2.rt_route_iif
  );
}

/**
 * Makes a route out from the result of a lookup.
 * @modelled net/ipv4/route.c
 * @cost 80
 */
export function __mkroute_output(
  res: fib_info | null,
  res_type: number,
  fl4: flowi4,
  oldflp4: flowi4,
  dev_out: net_device,
  flags: number,
): rtable | null {
  let type = res_type;
  let rt_flags = flags;
  if (fl4.daddr === 0xffffffff) {
    type = RTN_BROADCAST;
  } else if (ipv4_is_multicast(fl4.daddr)) {
    type = RTN_MULTICAST;
  } else if (fl4.daddr >>> 24 === 0) {
    return null;
  }
  if (type === RTN_BROADCAST) {
    rt_flags |= RTCF_BROADCAST | RTCF_LOCAL;
  }
  const rth = rt_dst_alloc(dev_out);
  rth.output = ip_output;
  rth.rt_key_dst = oldflp4.daddr;
  rth.rt_key_src = oldflp4.saddr;
  rth.rt_genid = rt_genid();
  rth.rt_flags = rt_flags;
  rth.rt_type = type;
  rth.rt_key_tos = oldflp4.flowi4_tos & IPTOS_RT_MASK;
  rth.rt_dst = fl4.daddr;
  rth.rt_src = fl4.saddr;
  rth.rt_route_iif = 0;
  rth.rt_iif = oldflp4.flowi4_oif === 0 ? dev_out.ifindex : oldflp4.flowi4_oif;
  rth.rt_oif = oldflp4.flowi4_oif;
  rth.rt_mark = oldflp4.flowi4_mark;
  rth.rt_gateway = fl4.daddr;
  rth.rt_spec_dst = (rt_flags & RTCF_LOCAL) !== 0 && type !== RTN_BROADCAST ? fl4.daddr : fl4.saddr;
  rth.rt_peer_genid = 0;
  if ((rt_flags & RTCF_LOCAL) !== 0) {
    rth.input = ip_local_deliver;
  }
  rt_set_nexthop(rth, type === RTN_BROADCAST || type === RTN_MULTICAST ? null : res, type);
  return rth;
}

/**
 * The loopback device of this host, or null.
 * @model net->loopback_dev
 */
function loopback_dev(): net_device | null {
  for (const dev of init_net().dev_base) {
    if ((dev.flags & IFF_LOOPBACK) !== 0) {
      return dev;
    }
  }
  return null;
}

/**
 * Finds a route out in the routing table and puts it into the cache. Null: there is none. A route that refuses (unreachable,
 * prohibit, blackhole) is none to a sender of this host: this version tells all of them ENETUNREACH.
 * @modelled net/ipv4/route.c
 * @omits fib_select_default: one default route
 * @cost 80
 */
export function ip_route_output_slow(oldflp4: flowi4): rtable | null {
  const fl4: flowi4 = { ...oldflp4 };
  let dev_out: net_device | null = null;
  if (fl4.saddr !== 0 && __ip_dev_find(fl4.saddr) === null) {
    return null;
  }
  if (fl4.flowi4_oif !== 0) {
    dev_out = dev_get_by_index(fl4.flowi4_oif);
    if (dev_out === null || (dev_out.flags & IFF_UP) === 0) {
      return null;
    }
  }
  if (fl4.daddr === 0) {
    fl4.daddr = fl4.saddr === 0 ? 0x7f000001 : fl4.saddr;
  }
  const found = fib_lookup(fl4.daddr, fl4.flowi4_oif);
  const res = found === null || fib_error(found) !== 0 ? null : found;
  let type = RTN_UNICAST;
  let flags = 0;
  if (res === null) {
    if (dev_out === null) {
      return null;
    }
    fl4.saddr ||= inet_select_addr(dev_out, fl4.daddr);
  } else {
    type = res.fib_type;
    fl4.saddr ||= type === RTN_LOCAL ? fl4.daddr : res.fib_prefsrc;
    if (type === RTN_LOCAL) {
      dev_out = loopback_dev();
      flags = RTCF_LOCAL;
    } else {
      dev_out = res.nh_dev;
    }
  }
  if (dev_out === null) {
    return null;
  }
  const rth = __mkroute_output(res, type, fl4, oldflp4, dev_out, flags);
  if (rth === null) {
    return null;
  }
  const hash = rt_hash(oldflp4.daddr, oldflp4.saddr, oldflp4.flowi4_oif, rt_genid());
  return rt_intern_hash(hash, rth, null, oldflp4.flowi4_oif);
}

/**
 * Finds a route out: in the cache, else in the routing table. The caller gets a reference. Null: there is none.
 * @modelled net/ipv4/route.c
 * @cost 25
 */
export function __ip_route_output_key(flp4: flowi4): rtable | null {
  if (rt_caching()) {
    const hash = rt_hash(flp4.daddr, flp4.saddr, flp4.flowi4_oif, rt_genid());
    for (let rth = rt_chain(hash); rth !== null; rth = rth.rt_next) {
      if (
        rth.rt_key_dst === flp4.daddr &&
        rth.rt_key_src === flp4.saddr &&
        rt_is_output_route(rth) &&
        rth.rt_oif === flp4.flowi4_oif &&
        rth.rt_mark === flp4.flowi4_mark &&
        ((rth.rt_key_tos ^ flp4.flowi4_tos) & IPTOS_RT_MASK) === 0 &&
        !rt_is_expired(rth)
      ) {
        rth.__refcnt++;
        rth.__use++;
        rth.lastuse = jiffies();
        rt_cache().stat.out_hit++;
        return rth;
      }
    }
  }
  rt_cache().stat.out_slow_tot++;
  return ip_route_output_slow(flp4);
}

/**
 * Finds a route out for a flow of a socket.
 * @modelled net/ipv4/route.c
 */
export function ip_route_output_flow(flp4: flowi4, _sk: sock | null): rtable | null {
  const rt = __ip_route_output_key(flp4);
  if (rt === null) {
    return null;
  }
  if (flp4.flowi4_proto !== 0) {
    if (flp4.saddr === 0) {
      flp4.saddr = rt.rt_src;
    }
    if (flp4.daddr === 0) {
      flp4.daddr = rt.rt_dst;
    }
    xfrm_lookup(rt);
  }
  return rt;
}

/**
 * Finds a route out for a flow of no socket.
 * @modelled include/net/route.h
 * @cost 2
 */
export function ip_route_output_key(flp4: flowi4): rtable | null {
  return ip_route_output_flow(flp4, null);
}

/**
 * Finds a route out for a transport protocol.
 * @modelled include/net/route.h
 */
export function ip_route_output_ports(
  sk: sock | null,
  daddr: number,
  saddr: number,
  dport: number,
  sport: number,
  proto: number,
  tos: number,
  oif: number,
): rtable | null {
  return ip_route_output_flow(
    {
      daddr,
      saddr,
      flowi4_oif: oif,
      flowi4_iif: 0,
      flowi4_mark: sk === null ? 0 : sk.sk_mark,
      flowi4_tos: tos,
      flowi4_proto: proto,
      flowi4_flags: 0,
      fl4_dport: dport,
      fl4_sport: sport,
    },
    sk,
  );
}

/**
 * Finds the route of a connection to be made, and with it the own address if that is not chosen yet. Null: there is none.
 * @modelled include/net/route.h
 * @omits security_sk_classify_flow: no security module
 */
export function ip_route_connect(
  dst: number,
  src: number,
  tos: number,
  oif: number,
  protocol: number,
  sport: number,
  dport: number,
  sk: sock,
  _can_sleep: boolean,
): rtable | null {
  const fl4: flowi4 = {
    daddr: dst,
    saddr: src,
    flowi4_oif: oif,
    flowi4_iif: 0,
    flowi4_mark: sk.sk_mark,
    flowi4_tos: tos,
    flowi4_proto: protocol,
    flowi4_flags: inet_sk(sk).transparent ? FLOWI_FLAG_ANYSRC : 0,
    fl4_dport: dport,
    fl4_sport: sport,
  };
  if (dst === 0 || src === 0) {
    const rt = __ip_route_output_key(fl4);
    if (rt === null) {
      return null;
    }
    fl4.daddr = rt.rt_dst;
    fl4.saddr = rt.rt_src;
    ip_rt_put(rt);
  }
  return ip_route_output_flow(fl4, sk);
}

/**
 * Finds the route again once the ports are known: IPsec might tell them apart. Takes over `rt`.
 * @modelled include/net/route.h
 * @omits security_sk_classify_flow: no security module
 */
export function ip_route_newports(
  rt: rtable,
  protocol: number,
  orig_sport: number,
  orig_dport: number,
  sport: number,
  dport: number,
  sk: sock,
): rtable | null {
  if (sport === orig_sport && dport === orig_dport) {
    return rt;
  }
  const fl4: flowi4 = {
    daddr: rt.rt_dst,
    saddr: rt.rt_src,
    flowi4_oif: rt.rt_oif,
    flowi4_iif: 0,
    flowi4_mark: rt.rt_mark,
    flowi4_tos: rt.rt_key_tos,
    flowi4_proto: protocol,
    flowi4_flags: inet_sk(sk).transparent ? FLOWI_FLAG_ANYSRC : 0,
    fl4_dport: dport,
    fl4_sport: sport,
  };
  ip_rt_put(rt);
  return ip_route_output_flow(fl4, sk);
}

/**
 * Gives a route back.
 * @modelled include/net/route.h
 */
export function ip_rt_put(rt: rtable | null): void {
  if (rt !== null) {
    dst_release(rt);
  }
}

/** Priority of a type of service: best effort, filler, bulk, interactive bulk, interactive. */
const ip_tos2prio = [0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4] as const;

/**
 * The priority that a type of service stands for.
 * @modelled include/net/route.h
 * @cost 2
 */
export function rt_tos2priority(tos: number): number {
  return ip_tos2prio[(tos & IPTOS_TOS_MASK) >> 1] ?? 0;
}

/**
 * Takes a packet for which there is no route: the sender is told, but not too often.
 * @modelled net/ipv4/route.c
 * @cost 15
 */
export function* ip_error(skb: sk_buff): Kgen<number> {
  const rt = skb_rtable(skb) as rtable;
  const code = ERROR_CODES.get(-rt.error);
  if (code !== undefined) {
    if (rt.peer === null) {
      rt_bind_peer(rt, true);
    }
    const { peer } = rt;
    let send = true;
    if (peer !== null) {
      const now = jiffies();
      peer.rate_tokens = Math.min(peer.rate_tokens + now - peer.rate_last, ERROR_BURST);
      peer.rate_last = now;
      send = peer.rate_tokens >= ERROR_COST;
      if (send) {
        peer.rate_tokens -= ERROR_COST;
      }
    }
    if (send) {
      yield* icmp_send(skb, ICMP_DEST_UNREACH, code, 0);
    }
  }
  kfree_skb(skb);
  return 0;
}

/** ICMP code of an error, by errno. */
const ERROR_CODES: ReadonlyMap<number, number> = new Map([
  [EHOSTUNREACH, ICMP_HOST_UNREACH],
  [ENETUNREACH, ICMP_NET_UNREACH],
  [EACCES, ICMP_PKT_FILTERED],
]);

/**
 * Makes a route for packets that are received here.
 * @model what ip_route_input_slow and __mkroute_input do alike
 * @cost 15
 */
function rt_input_route(
  skb: sk_buff,
  daddr: number,
  saddr: number,
  tos: number,
  dev: net_device,
  out_dev: net_device,
): rtable {
  const rth = rt_dst_alloc(out_dev);
  rth.rt_key_dst = daddr;
  rth.rt_key_src = saddr;
  rth.rt_genid = rt_genid();
  rth.rt_key_tos = tos;
  rth.rt_dst = daddr;
  rth.rt_src = saddr;
  rth.rt_route_iif = dev.ifindex;
  rth.rt_iif = dev.ifindex;
  rth.rt_oif = 0;
  rth.rt_mark = skb.mark;
  rth.rt_gateway = daddr;
  rth.rt_peer_genid = 0;
  return rth;
}

/**
 * Makes a route for packets that are sent on. Null: their source cannot be.
 * @modelled net/ipv4/route.c
 * @omits inet_addr_onlink: RTCF_DOREDIRECT is set as for shared media, and no redirect is sent
 * @cost 60
 */
function __mkroute_input(
  skb: sk_buff,
  res: fib_info,
  in_dev: net_device,
  daddr: number,
  saddr: number,
  tos: number,
): rtable | null {
  const out_dev = res.nh_dev as net_device;
  const err = fib_validate_source(saddr, daddr, tos, out_dev.ifindex, in_dev);
  if (err < 0) {
    rt_cache().stat.in_martian_src++;
    return null;
  }
  if (skb.protocol !== ETH_P_IP && out_dev === in_dev) {
    return null;
  }
  const rth = rt_input_route(skb, daddr, saddr, tos, in_dev, out_dev);
  if (err > 0) {
    rth.rt_flags = (rth.rt_flags | RTCF_DIRECTSRC | (out_dev === in_dev ? RTCF_DOREDIRECT : 0)) >>> 0;
  }
  rth.rt_type = res.fib_type;
  rth.rt_spec_dst = inet_select_addr(in_dev, saddr);
  rth.input = ip_forward;
  rth.output = ip_output;
  rt_set_nexthop(rth, res, res.fib_type);
  return rth;
}

/**
 * Makes a route for packets that are sent on, and puts it into the cache. 0, or −errno.
 * @modelled net/ipv4/route.c
 * @omits fib_select_multipath: a route has one next hop
 * @cost 10
 */
function ip_mkroute_input(
  skb: sk_buff,
  res: fib_info,
  in_dev: net_device,
  daddr: number,
  saddr: number,
  tos: number,
): number {
  const rth = __mkroute_input(skb, res, in_dev, daddr, saddr, tos);
  if (rth === null) {
    return -EINVAL;
  }
  const hash = rt_hash(daddr, saddr, in_dev.ifindex, rt_genid());
  return rt_intern_hash(hash, rth, skb, in_dev.ifindex) === null ? -EHOSTUNREACH : 0;
}

/** Why the routing table refuses a destination: negative errno, by the type of its route. */
const fib_error = (res: fib_info): number => {
  switch (res.fib_type) {
    case RTN_UNREACHABLE:
      return -EHOSTUNREACH;
    case RTN_PROHIBIT:
      return -EACCES;
    case RTN_BLACKHOLE:
      return -EINVAL;
    default:
      return 0;
  }
};

/**
 * Finds the route of a received packet in the routing table: for this host, to be sent on, or refused. Addresses that no packet
 * can have ("martians") are an error.
 * @modelled net/ipv4/route.c
 * @omits ip_handle_martian_source: it only logs
 * @cost 100
 */
export function ip_route_input_slow(skb: sk_buff, daddr: number, saddr: number, tos: number, dev: net_device): number {
  const { stat } = rt_cache();
  const forwarding = sysctl('ipv4.ip_forward', 0) !== 0;
  if (ipv4_is_multicast(saddr) || saddr === 0xffffffff || saddr >>> 24 === LOOPBACK_NET) {
    stat.in_martian_src++;
    return -EINVAL;
  }
  const broadcast = daddr === 0xffffffff || (saddr === 0 && daddr === 0);
  let type = RTN_BROADCAST;
  let err = 0;
  if (!broadcast) {
    if (saddr >>> 24 === 0) {
      stat.in_martian_src++;
      return -EINVAL;
    }
    if (daddr >>> 24 === 0 || daddr >>> 24 === LOOPBACK_NET) {
      stat.in_martian_dst++;
      return -EINVAL;
    }
    const res = fib_lookup(daddr, 0);
    err = res === null ? -ENETUNREACH : fib_error(res);
    if (res === null || err !== 0) {
      if (!forwarding) {
        return -EHOSTUNREACH;
      }
      stat.in_no_route++;
      type = RTN_UNREACHABLE;
    } else {
      type = res.fib_type;
    }
    if (res !== null && type === RTN_UNICAST) {
      return forwarding ? ip_mkroute_input(skb, res, dev, daddr, saddr, tos) : -EHOSTUNREACH;
    }
  }
  if (type === RTN_BROADCAST && skb.protocol !== ETH_P_IP) {
    return -EINVAL;
  }
  let flags = 0;
  if (type !== RTN_UNREACHABLE && saddr !== 0) {
    const direct = fib_validate_source(saddr, daddr, tos, 0, dev);
    if (direct < 0) {
      stat.in_martian_src++;
      return direct;
    }
    flags = direct > 0 ? RTCF_DIRECTSRC : 0;
  }
  const rth = rt_input_route(skb, daddr, saddr, tos, dev, loopback_dev() ?? dev);
  rth.rt_type = type;
  rth.output = ip_rt_bug;
  rth.rt_spec_dst = type === RTN_LOCAL ? daddr : inet_select_addr(dev, 0);
  if (type === RTN_UNREACHABLE) {
    rth.input = ip_error;
    rth.error = err;
  } else {
    rth.input = ip_local_deliver;
    flags |= RTCF_LOCAL | (type === RTN_BROADCAST ? RTCF_BROADCAST : 0);
  }
  rth.rt_flags = flags >>> 0;
  const hash = rt_hash(daddr, saddr, dev.ifindex, rt_genid());
  return rt_intern_hash(hash, rth, skb, dev.ifindex) === null ? -EHOSTUNREACH : 0;
}

/**
 * Finds the route of a received packet: in the cache, else in the routing table.
 * @modelled net/ipv4/route.c
 * @omits ip_route_input_mc: no multicast groups
 * @cost 25
 */
export function ip_route_input_common(
  skb: sk_buff,
  daddr: number,
  saddr: number,
  tos: number,
  dev: net_device,
  noref: boolean,
): number {
  const iif = dev.ifindex;
  const rt_tos = tos & IPTOS_RT_MASK;
  if (rt_caching()) {
    const hash = rt_hash(daddr, saddr, iif, rt_genid());
    for (let rth = rt_chain(hash); rth !== null; rth = rth.rt_next) {
      if (
        rth.rt_key_dst === daddr &&
        rth.rt_key_src === saddr &&
        rth.rt_route_iif === iif &&
        rth.rt_oif === 0 &&
        rth.rt_key_tos === rt_tos &&
        rth.rt_mark === skb.mark &&
        !rt_is_expired(rth)
      ) {
        if (noref) {
          dst_use_noref(rth, jiffies());
          skb_dst_set_noref(skb, rth);
        } else {
          rth.__refcnt++;
          dst_use_noref(rth, jiffies());
          skb_dst_set(skb, rth);
        }
        rt_cache().stat.in_hit++;
        return 0;
      }
    }
  }
  rt_cache().stat.in_slow_tot++;
  return ip_route_input_slow(skb, daddr, saddr, rt_tos, dev);
}

/**
 * Finds the route of a received packet; one from the cache is only borrowed.
 * @modelled include/net/route.h
 */
export function ip_route_input_noref(skb: sk_buff, dst: number, src: number, tos: number, devin: net_device): number {
  return ip_route_input_common(skb, dst, src, tos, devin, true);
}

/**
 * Leaves the caches of this host as earlier packets to and from a peer do: the route out with the ready-made link header of
 * its neighbour, the route in. The neighbour's address must be known.
 * @model stands for the packets of the handshake when a connection is given as established
 */
export function rt_model_warm(own: number, peer: number, dev: net_device): void {
  const rt = ip_route_output_ports(null, peer, own, 0, 0, 0, 0, 0);
  if (rt !== null) {
    if (rt.neighbour !== null && rt.hh === null && (rt.flags & DST_NOCACHE) === 0) {
      neigh_hh_init(rt.neighbour, rt, ETH_P_IP);
    }
    ip_rt_put(rt);
  }
  const skb = alloc_skb(0, GFP_ATOMIC);
  if (skb !== null) {
    skb.dev = dev;
    ip_route_input_noref(skb, own, peer, 0, dev);
    kfree_skb(skb);
  }
}
