/**
 * Mirrors net/ipv4/ip_fragment.c with net/ipv4/inet_fragment.c (2.6.39): reassembly. Fragments of a packet wait in order of
 * offset until none is missing, 30 s at most.
 * Left out: statistics, secret rebuilding of the hash, connection tracking's own queues.
 */
import { heap } from '../../../base/heap';
import { byteCount, embed, flags, hex32, int, ip4, list, ns, ref, struct } from '../../../base/struct';
import { type Kgen, kernel_global, sysctl } from '../../arch/current';
import { EINPROGRESS, EINVAL, ENOMEM } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ICMP_EXC_FRAGTIME, ICMP_TIME_EXCEEDED } from '../../include/linux/icmp';
import { IP_MF, IP_OFFSET, type iphdr } from '../../include/linux/ip';
import type { net_device } from '../../include/linux/netdevice';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_UNNECESSARY,
  type sk_buff,
  skb_cloned,
  skb_has_frag_list,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { HZ, jiffies, timer_list } from '../../include/linux/timer';
import { type inet_peer, skb_dst_drop } from '../../include/net/dst';
import { IPSKB_FRAG_COMPLETE, ip_hdr, ip_hdrlen } from '../../include/net/ip';
import { del_timer, mod_timer, setup_timer } from '../../kernel/timer';
import { csum_add } from '../../lib/checksum';
import { dev_get_by_index } from '../core/dev';
import {
  kfree_skb,
  pskb_expand_head,
  pskb_pull,
  pskb_trim_rcsum,
  skb_clone,
  skb_linearize,
  skb_morph,
  skb_push,
} from '../core/skbuff';
import { icmp_send } from './icmp';
import { inet_getpeer, inet_putpeer } from './inetpeer';
import { ip_route_input_noref } from './route';

export const IP_DEFRAG_LOCAL_DELIVER = 0;

const INET_FRAG_COMPLETE = 4;
const INET_FRAG_FIRST_IN = 2;
const INET_FRAG_LAST_IN = 1;
const MAX_PACKET = 65535;
/** Memory for fragments: above the first, old ones are dropped until the second is reached, bytes. */
const HIGH_THRESH = 256 * 1024;
const LOW_THRESH = 192 * 1024;

/** Fragments of one packet (struct ipq and struct inet_frag_queue). */
export const ipq = struct('ipq', {
  user: int('who asked for reassembly'),
  saddr: ip4('source'),
  daddr: ip4('destination'),
  id: hex32('IP identification'),
  protocol: int('protocol'),
  ecn: hex32('ECN marks seen'),
  iif: int('device of the last fragment'),
  rid: int('count of the peer when the last fragment came'),
  peer: ref<inet_peer>('what is known of the sender'),
  timer: embed(timer_list, 'gives up'),
  refcnt: int('references'),
  fragments: ref<sk_buff>('first fragment'),
  fragments_tail: ref<sk_buff>('last fragment'),
  stamp: ns('time stamp of the last fragment'),
  len: byteCount('length of the packet, as far as known'),
  meat: byteCount('bytes here'),
  last_in: flags('what has come', { INET_FRAG_COMPLETE, INET_FRAG_FIRST_IN, INET_FRAG_LAST_IN }),
});
export interface ipq extends InstanceType<typeof ipq> {}

/** Packets under reassembly at a host (struct inet_frags and struct netns_frags). */
export const inet_frags = struct('inet_frags', {
  queues: list(ref<ipq>('packet'), 64, 'packets, least recently used first'),
  mem: byteCount('memory of the fragments'),
});
export interface inet_frags extends InstanceType<typeof inet_frags> {}

/** Packets under reassembly at this host. */
export const ip4_frags = kernel_global(() => new inet_frags());

/** Some fragment cannot carry congestion marks: then the packet cannot. Some fragment is marked: then the packet is. */
const IPFRAG_ECN_CLEAR = 1;
const IPFRAG_ECN_SET_CE = 4;
const INET_ECN_MASK = 3;

/**
 * What a fragment's ECN field means for the packet: it cannot carry marks, it is marked, or nothing.
 * @modelled net/ipv4/ip_fragment.c
 * @cost 2
 */
export function ip4_frag_ecn(tos: number): number {
  const ecn = (tos & INET_ECN_MASK) + 1;
  return (ecn & 2) !== 0 ? 0 : ecn;
}

/**
 * Hash of a fragment's key.
 * @simplified mixes with multiplications instead of jhash
 * @cost 4
 */
export function ipqhashfn(id: number, saddr: number, daddr: number, prot: number): number {
  return (Math.imul(saddr ^ daddr, 0x9e3779b1) ^ Math.imul((id << 8) | prot, 0x85ebca6b)) & 63;
}

/**
 * Hash of a packet under reassembly.
 * @modelled net/ipv4/ip_fragment.c
 * @cost 2
 */
export function ip4_hashfn(qp: ipq): number {
  return ipqhashfn(qp.id, qp.saddr, qp.daddr, qp.protocol);
}

/**
 * True when a fragment belongs to this packet.
 * @modelled net/ipv4/ip_fragment.c
 * @cost 3
 */
export function ip4_frag_match(qp: ipq, iph: iphdr, user: number): boolean {
  return (
    qp.id === iph.id &&
    qp.saddr === iph.saddr &&
    qp.daddr === iph.daddr &&
    qp.protocol === iph.protocol &&
    qp.user === user
  );
}

/**
 * Sets up a packet under reassembly from its first fragment to arrive.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip4_frag_init(qp: ipq, iph: iphdr, user: number): void {
  qp.protocol = iph.protocol;
  qp.ecn = ip4_frag_ecn(iph.tos);
  qp.id = iph.id;
  qp.saddr = iph.saddr;
  qp.daddr = iph.daddr;
  qp.user = user;
  qp.peer = inet_getpeer(iph.saddr, true);
}

/**
 * Allocates a packet under reassembly.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_alloc(iph: iphdr, user: number): ipq {
  const qp = new ipq();
  ip4_frag_init(qp, iph, user);
  setup_timer(qp.timer, ip_expire, qp);
  qp.refcnt = 1;
  return qp;
}

/**
 * Enters a packet under reassembly and starts its timer.
 * @simplified all packets stand in one list, whatever their hash
 */
export function inet_frag_intern(qp: ipq): ipq {
  ip4_hashfn(qp);
  mod_timer(qp.timer, jiffies() + sysctl('ipv4.ipfrag_time', 30) * HZ);
  qp.refcnt += 2;
  ip4_frags().queues.push(qp);
  return qp;
}

/**
 * Makes a packet under reassembly.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_create(iph: iphdr, user: number): ipq {
  return inet_frag_intern(inet_frag_alloc(iph, user));
}

/**
 * Finds the packet under reassembly that a fragment belongs to, or makes one.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_find(iph: iphdr, user: number): ipq {
  for (const qp of ip4_frags().queues) {
    if (ip4_frag_match(qp, iph, user)) {
      qp.refcnt++;
      return qp;
    }
  }
  return inet_frag_create(iph, user);
}

/**
 * Finds the packet under reassembly that a fragment belongs to, or makes one.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_find(iph: iphdr, user: number): ipq {
  ipqhashfn(iph.id, iph.saddr, iph.daddr, iph.protocol);
  return inet_frag_find(iph, user);
}

/**
 * Takes a packet out of the list.
 * @modelled net/ipv4/inet_fragment.c
 */
export function fq_unlink(fq: ipq): void {
  ip4_frags().queues.remove(fq);
}

/**
 * Ends reassembly: no timer, not to be found any more.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_kill(fq: ipq): void {
  if (del_timer(fq.timer) !== 0) {
    fq.refcnt--;
  }
  if ((fq.last_in & INET_FRAG_COMPLETE) === 0) {
    fq_unlink(fq);
    fq.refcnt--;
    fq.last_in = fq.last_in | INET_FRAG_COMPLETE;
  }
}

/**
 * Ends reassembly.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ipq_kill(qp: ipq): void {
  inet_frag_kill(qp);
}

/**
 * Forgets the sender of a packet that was under reassembly.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip4_frag_free(qp: ipq): void {
  if (qp.peer !== null) {
    inet_putpeer(qp.peer);
  }
}

/**
 * Frees a fragment and its share of the memory.
 * @modelled net/ipv4/ip_fragment.c
 */
export function frag_kfree_skb(skb: sk_buff): void {
  const frags = ip4_frags();
  frags.mem -= skb.truesize;
  kfree_skb(skb);
}

/**
 * Frees what is left of a packet under reassembly.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_destroy(qp: ipq): void {
  let fp = qp.fragments;
  while (fp !== null) {
    const next: sk_buff | null = fp.next;
    fp.next = null;
    frag_kfree_skb(fp);
    fp = next;
  }
  qp.fragments = null;
  qp.fragments_tail = null;
  ip4_frag_free(qp);
  heap.release(qp);
}

/**
 * Gives a reference back; the last one frees.
 * @modelled include/net/inet_frag.h
 */
export function inet_frag_put(qp: ipq): void {
  qp.refcnt--;
  if (qp.refcnt === 0) {
    inet_frag_destroy(qp);
  }
}

/**
 * Gives a reference back.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ipq_put(qp: ipq): void {
  inet_frag_put(qp);
}

/**
 * Timer: the missing fragments have not come. The sender is told if the first one has (RFC 792).
 * @modelled net/ipv4/ip_fragment.c
 */
export function* ip_expire(qp: ipq): Kgen {
  if ((qp.last_in & INET_FRAG_COMPLETE) === 0) {
    ipq_kill(qp);
    const head = qp.fragments;
    if ((qp.last_in & INET_FRAG_FIRST_IN) !== 0 && head !== null) {
      const dev = dev_get_by_index(qp.iif);
      head.dev = dev;
      if (dev !== null) {
        skb_dst_drop(head);
        const iph = ip_hdr(head);
        if (ip_route_input_noref(head, iph.daddr, iph.saddr, iph.tos, dev) === 0) {
          yield* icmp_send(head, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
        }
      }
    }
  }
  ipq_put(qp);
}

/**
 * Gives up packets under reassembly, those that waited longest first, until their memory is below the lower threshold. Gives
 * how many.
 * @modelled net/ipv4/inet_fragment.c
 */
export function inet_frag_evictor(nf: inet_frags): number {
  const low_thresh = sysctl('ipv4.ipfrag_low_thresh', LOW_THRESH);
  let evicted = 0;
  while (nf.mem > low_thresh && nf.queues.length > 0) {
    const q = nf.queues.at(0);
    q.refcnt++;
    inet_frag_kill(q);
    q.refcnt--;
    if (q.refcnt === 0) {
      inet_frag_destroy(q);
    }
    evicted++;
  }
  return evicted;
}

/**
 * Too much memory is held by fragments.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_evictor(): void {
  inet_frag_evictor(ip4_frags());
}

/**
 * True when so many fragments of other packets of this sender have come since the last of this one that its identification
 * may have been used again.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_frag_too_far(qp: ipq): boolean {
  const max = sysctl('ipv4.ipfrag_max_dist', 64);
  const { peer } = qp;
  if (peer === null || max === 0) {
    return false;
  }
  const start = qp.rid;
  peer.rid++;
  qp.rid = peer.rid;
  return qp.fragments !== null && peer.rid - start > max;
}

/**
 * Begins anew with a packet whose identification was used again.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_frag_reinit(qp: ipq): void {
  mod_timer(qp.timer, jiffies() + sysctl('ipv4.ipfrag_time', 30) * HZ);
  let fp = qp.fragments;
  while (fp !== null) {
    const next: sk_buff | null = fp.next;
    fp.next = null;
    frag_kfree_skb(fp);
    fp = next;
  }
  qp.last_in = 0;
  qp.len = 0;
  qp.meat = 0;
  qp.fragments = null;
  qp.fragments_tail = null;
  qp.iif = 0;
  qp.ecn = 0;
}

/**
 * Makes one skb of the fragments: the others hang on the frag_list of the first, which takes the place of the skb that
 * came last. 0, or −errno.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_frag_reasm(qp: ipq, prev: sk_buff | null, dev: net_device | null): number {
  const frags = ip4_frags();
  ipq_kill(qp);
  let head = qp.fragments as sk_buff;
  if (prev !== null) {
    head = prev.next as sk_buff;
    const fp = skb_clone(head, GFP_ATOMIC);
    if (fp === null) {
      return -ENOMEM;
    }
    fp.next = head.next;
    fp.cb.frag_offset = head.cb.frag_offset;
    if (fp.next === null) {
      qp.fragments_tail = fp;
    }
    prev.next = fp;
    const first = qp.fragments as sk_buff;
    const second = first.next;
    skb_morph(head, first);
    head.next = second;
    first.next = null;
    kfree_skb(first);
    qp.fragments = head;
  }
  const ihlen = ip_hdrlen(head);
  const len = ihlen + qp.len;
  if (len > MAX_PACKET) {
    return -EINVAL;
  }
  if (skb_cloned(head) && pskb_expand_head(head, 0, 0, GFP_ATOMIC) !== 0) {
    return -ENOMEM;
  }
  if (skb_has_frag_list(head) && skb_linearize(head) !== 0) {
    return -ENOMEM;
  }
  skb_shinfo(head).frag_list = head.next;
  skb_push(head, head.data - head.network_header);
  for (let fp = head.next; fp !== null; fp = fp.next) {
    head.data_len += fp.len;
    head.len += fp.len;
    if (head.ip_summed !== fp.ip_summed) {
      head.ip_summed = CHECKSUM_NONE;
    } else if (head.ip_summed === CHECKSUM_COMPLETE) {
      head.csum = csum_add(head.csum, fp.csum);
    }
    head.truesize += fp.truesize;
  }
  frags.mem -= head.truesize;
  head.next = null;
  head.dev = dev;
  head.tstamp = qp.stamp;
  const iph = ip_hdr(head);
  iph.frag_off = 0;
  iph.tot_len = len;
  if ((qp.ecn & IPFRAG_ECN_CLEAR) !== 0) {
    iph.tos &= ~INET_ECN_MASK;
  } else if ((qp.ecn & IPFRAG_ECN_SET_CE) !== 0) {
    iph.tos |= INET_ECN_MASK;
  }
  qp.fragments = null;
  qp.fragments_tail = null;
  return 0;
}

/**
 * Puts a fragment in its place; what overlaps is cut. 0 once the packet is complete, else −errno.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_frag_queue(qp: ipq, skb: sk_buff): number {
  const frags = ip4_frags();
  if ((qp.last_in & INET_FRAG_COMPLETE) !== 0) {
    kfree_skb(skb);
    return -EINVAL;
  }
  if ((skb.cb.ip_flags & IPSKB_FRAG_COMPLETE) === 0 && ip_frag_too_far(qp)) {
    ip_frag_reinit(qp);
  }
  const { frag_off, tos } = ip_hdr(skb);
  const ecn = ip4_frag_ecn(tos);
  const more = (frag_off & IP_MF) !== 0;
  let offset = (frag_off & IP_OFFSET) << 3;
  const ihl = ip_hdrlen(skb);
  let end = offset + skb.len - ihl;
  const last_known = (qp.last_in & INET_FRAG_LAST_IN) !== 0;
  let bad = false;
  if (!more) {
    bad = end < qp.len || (last_known && end !== qp.len);
  } else {
    if ((end & 7) !== 0) {
      end &= ~7;
      checksum_lost(skb);
    }
    bad = end > qp.len && last_known;
  }
  if (bad || end === offset || pskb_pull(skb, ihl) === 0 || pskb_trim_rcsum(skb, end - offset) !== 0) {
    kfree_skb(skb);
    return -EINVAL;
  }
  if (!more) {
    qp.last_in = qp.last_in | INET_FRAG_LAST_IN;
  }
  qp.len = Math.max(qp.len, end);

  let prev: sk_buff | null = qp.fragments_tail;
  let next: sk_buff | null = null;
  if (prev !== null && prev.cb.frag_offset >= offset) {
    prev = null;
    next = qp.fragments;
    while (next !== null && next.cb.frag_offset < offset) {
      prev = next;
      next = next.next;
    }
  }
  if (prev !== null) {
    const overlap = prev.cb.frag_offset + prev.len - offset;
    if (overlap > 0) {
      offset += overlap;
      if (end <= offset || pskb_pull(skb, overlap) === 0) {
        kfree_skb(skb);
        return -EINVAL;
      }
      checksum_lost(skb);
    }
  }
  while (next !== null && next.cb.frag_offset < end) {
    const overlap = end - next.cb.frag_offset;
    if (overlap < next.len) {
      pskb_pull(next, overlap);
      next.cb.frag_offset += overlap;
      qp.meat -= overlap;
      checksum_lost(next);
      break;
    }
    const covered: sk_buff = next;
    next = covered.next;
    covered.next = null;
    if (prev === null) {
      qp.fragments = next;
    } else {
      prev.next = next;
    }
    qp.meat -= covered.len;
    frag_kfree_skb(covered);
  }
  skb.cb.frag_offset = offset;
  skb.next = next;
  if (next === null) {
    qp.fragments_tail = skb;
  }
  if (prev === null) {
    qp.fragments = skb;
  } else {
    prev.next = skb;
  }
  const { dev } = skb;
  if (dev !== null) {
    qp.iif = dev.ifindex;
    skb.dev = null;
  }
  qp.stamp = skb.tstamp;
  qp.meat += skb.len;
  qp.ecn |= ecn;
  frags.mem += skb.truesize;
  if (offset === 0) {
    qp.last_in = qp.last_in | INET_FRAG_FIRST_IN;
  }
  if (qp.last_in === (INET_FRAG_FIRST_IN | INET_FRAG_LAST_IN) && qp.meat === qp.len) {
    return ip_frag_reasm(qp, prev, dev);
  }
  frags.queues.remove(qp);
  frags.queues.push(qp);
  return -EINPROGRESS;
}

/**
 * The data was cut: the card's sum does not hold any more, though its verdict does.
 * @model three lines of ip_frag_queue
 * @cost 1
 */
function checksum_lost(skb: sk_buff): void {
  if (skb.ip_summed !== CHECKSUM_UNNECESSARY) {
    skb.ip_summed = CHECKSUM_NONE;
  }
}

/**
 * Takes a fragment. 0: `skb` is the whole packet now; otherwise it was taken or dropped.
 * @modelled net/ipv4/ip_fragment.c
 */
export function ip_defrag(skb: sk_buff, user: number): number {
  if (ip4_frags().mem > sysctl('ipv4.ipfrag_high_thresh', HIGH_THRESH)) {
    ip_evictor();
  }
  const qp = ip_find(ip_hdr(skb), user);
  const ret = ip_frag_queue(qp, skb);
  ipq_put(qp);
  return ret;
}
