/**
 * Mirrors net/sched/sch_sfq.c (2.6.39): stochastic fairness queueing. Packets are sorted into flows by a hash of addresses
 * and ports; the flows send in turn, `quantum` bytes a round; when all is full, the longest flow loses its last packet.
 * Flows of the same length are on one list, so that the longest is found at once.
 * Left out: tc filters, netlink, the class operations, IPv6.
 */
import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import { type Kgen, kernel } from '../../arch/current';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { IP_MF, IP_OFFSET, IPPROTO_TCP, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import { jhash_2words } from '../../include/linux/jhash';
import type { net_device } from '../../include/linux/netdevice';
import {
  __skb_dequeue,
  __skb_dequeue_tail,
  __skb_queue_tail,
  type sk_buff,
  skb_network_header,
} from '../../include/linux/skbuff';
import { jiffies } from '../../include/linux/timer';
import {
  NET_XMIT_CN,
  NET_XMIT_SUCCESS,
  type Qdisc,
  type Qdisc_ops,
  qdisc_bstats_update,
  qdisc_pkt_len,
  SFQ_DEFAULT_HASH_DIVISOR,
  SFQ_DEPTH,
  SFQ_SLOTS,
  sfq_head,
  sfq_sched_data,
  sfq_slot,
  TC_H_MAJ_MASK,
  TC_H_MIN_MASK,
  TCQ_F_CAN_BYPASS,
} from '../../include/net/sch_generic';
import { del_timer, mod_timer, setup_timer } from '../../kernel/timer';
import { kfree_skb } from '../core/skbuff';
import { qdisc_tree_decrease_qlen } from './sch_api';
import { qdisc_drop, qdisc_peek_dequeued } from './sch_generic';

const SFQ_EMPTY_SLOT = 255;
/** allot counts in units of 8 bytes, so that it fits 16 bits. */
const SFQ_ALLOT_SHIFT = 3;
/** A macro in Linux. */
const SFQ_ALLOT_SIZE = (bytes: number): number => Math.ceil(bytes / (1 << SFQ_ALLOT_SHIFT));

/**
 * The link that an index stands for: that of a flow, or the head of a list.
 * @modelled net/sched/sch_sfq.c
 * @cost 1
 */
export function sfq_dep_head(q: sfq_sched_data, val: number): sfq_head {
  return val < SFQ_SLOTS ? q.slots.at(val).dep : q.dep.at(val - SFQ_SLOTS);
}

/**
 * Mixes two words into an entry of the hash table.
 * @modelled net/sched/sch_sfq.c
 * @cost 2
 */
export function sfq_fold_hash(q: sfq_sched_data, h: number, h1: number): number {
  return jhash_2words(h, h1, q.perturbation) & (q.divisor - 1);
}

/**
 * Hash of a packet's flow: addresses and protocol, and ports unless it is a fragment.
 * @modelled net/sched/sch_sfq.c
 * @omits proto_ports_offset: TCP and UDP only, whose ports stand at the beginning
 * @omits pskb_network_may_pull: headers of packets on the way out are in the linear area
 * @cost 10
 */
export function sfq_hash(q: sfq_sched_data, skb: sk_buff): number {
  if (skb.protocol !== ETH_P_IP) {
    return sfq_fold_hash(q, skb.protocol, skb.sk === null ? 0 : skb.sk.$id);
  }
  const at = skb_network_header(skb);
  const iph = new iphdr(at);
  const h = heap.readLe32(at + 16);
  let h2 = heap.readLe32(at + 12) ^ iph.protocol;
  const whole = (iph.frag_off & (IP_MF | IP_OFFSET)) === 0;
  if (whole && (iph.protocol === IPPROTO_TCP || iph.protocol === IPPROTO_UDP)) {
    h2 ^= heap.readLe32(at + (iph.version_ihl & 0xf) * 4);
  }
  return sfq_fold_hash(q, h, h2);
}

/**
 * The flow of a packet, from 1: the class that its priority names, else by hash.
 * @modelled net/sched/sch_sfq.c
 * @omits tc_classify: no filters
 */
export function sfq_classify(skb: sk_buff, sch: Qdisc): number {
  const q = sch.sfq as sfq_sched_data;
  const minor = skb.priority & TC_H_MIN_MASK;
  if ((skb.priority & TC_H_MAJ_MASK) >>> 0 === sch.handle && minor > 0 && minor <= q.divisor) {
    return minor;
  }
  return sfq_hash(q, skb) + 1;
}

/**
 * Puts flow `x` on the list of flows of its length.
 * @modelled net/sched/sch_sfq.c
 * @cost 4
 */
export function sfq_link(q: sfq_sched_data, x: number): void {
  const slot = q.slots.at(x);
  const head = q.dep.at(slot.qlen);
  const n = head.next;
  slot.dep.next = n;
  slot.dep.prev = slot.qlen + SFQ_SLOTS;
  head.next = x;
  sfq_dep_head(q, n).prev = x;
}

/** Takes flow `x` off its list; true when it was alone there. A macro in Linux. */
const sfq_unlink = (q: sfq_sched_data, x: number): boolean => {
  const { next, prev } = q.slots.at(x).dep;
  sfq_dep_head(q, prev).next = next;
  sfq_dep_head(q, next).prev = prev;
  return next === prev;
};

/**
 * Flow `x` has become shorter by a packet.
 * @modelled net/sched/sch_sfq.c
 * @cost 3
 */
export function sfq_dec(q: sfq_sched_data, x: number): void {
  const alone = sfq_unlink(q, x);
  const slot = q.slots.at(x);
  const d = slot.qlen--;
  if (alone && q.cur_depth === d) {
    q.cur_depth--;
  }
  sfq_link(q, x);
}

/**
 * Flow `x` has become longer by a packet.
 * @modelled net/sched/sch_sfq.c
 * @cost 3
 */
export function sfq_inc(q: sfq_sched_data, x: number): void {
  sfq_unlink(q, x);
  const slot = q.slots.at(x);
  slot.qlen++;
  if (q.cur_depth < slot.qlen) {
    q.cur_depth = slot.qlen;
  }
  sfq_link(q, x);
}

/**
 * Takes the last packet of a flow.
 * @modelled net/sched/sch_sfq.c
 * @cost 2
 */
export function slot_dequeue_tail(slot: sfq_slot): sk_buff {
  return __skb_dequeue_tail(slot.skblist) as sk_buff;
}

/**
 * Takes the first packet of a flow.
 * @modelled net/sched/sch_sfq.c
 * @cost 2
 */
export function slot_dequeue_head(slot: sfq_slot): sk_buff {
  return __skb_dequeue(slot.skblist) as sk_buff;
}

/**
 * Appends a packet to a flow.
 * @modelled net/sched/sch_sfq.c
 * @cost 2
 */
export function slot_queue_add(slot: sfq_slot, skb: sk_buff): void {
  __skb_queue_tail(slot.skblist, skb);
}

/**
 * Drops the last packet of the longest flow; if all flows have one packet, the next one of the round goes. Gives its length.
 * @modelled net/sched/sch_sfq.c
 */
export function sfq_drop(sch: Qdisc): number {
  const q = sch.sfq as sfq_sched_data;
  const d = q.cur_depth;
  if (d === 0) {
    return 0;
  }
  const tail = d === 1 ? q.slots.at(q.tail) : null;
  const x = tail === null ? q.dep.at(d).next : tail.next;
  const slot = q.slots.at(x);
  if (tail !== null) {
    tail.next = slot.next;
    q.ht.set(slot.hash, SFQ_EMPTY_SLOT);
  }
  const skb = slot_dequeue_tail(slot);
  const len = qdisc_pkt_len(skb);
  sfq_dec(q, x);
  kfree_skb(skb);
  sch.q.qlen--;
  sch.drops++;
  sch.backlog -= len;
  return len;
}

/**
 * Appends a packet to its flow. One too many costs the longest flow its last packet; if that is this flow, the sender is
 * told of congestion.
 * @modelled net/sched/sch_sfq.c
 * @cost 15
 */
export function sfq_enqueue(skb: sk_buff, sch: Qdisc): number {
  const q = sch.sfq as sfq_sched_data;
  const hash = sfq_classify(skb, sch) - 1;
  let x = q.ht.at(hash);
  if (x === SFQ_EMPTY_SLOT) {
    x = q.dep.at(0).next;
    q.ht.set(hash, x);
    q.slots.at(x).hash = hash;
  }
  const slot = q.slots.at(x);
  if (slot.qlen >= q.limit) {
    return qdisc_drop(skb, sch);
  }
  sch.backlog += qdisc_pkt_len(skb);
  slot_queue_add(slot, skb);
  sfq_inc(q, x);
  if (slot.qlen === 1) {
    const last = q.tail < 0 ? slot : q.slots.at(q.tail);
    slot.next = q.tail < 0 ? x : last.next;
    last.next = x;
    q.tail = x;
    slot.allot = q.scaled_quantum;
  }
  if (++sch.q.qlen <= q.limit) {
    return NET_XMIT_SUCCESS;
  }
  const { qlen } = slot;
  sfq_drop(sch);
  if (qlen !== slot.qlen) {
    return NET_XMIT_CN;
  }
  qdisc_tree_decrease_qlen(sch, 1);
  return NET_XMIT_SUCCESS;
}

/**
 * Takes the next packet of the flow whose turn it is.
 * @modelled net/sched/sch_sfq.c
 * @cost 10
 */
export function sfq_dequeue(sch: Qdisc): sk_buff | null {
  const q = sch.sfq as sfq_sched_data;
  if (q.tail < 0) {
    return null;
  }
  let a = q.slots.at(q.tail).next;
  let slot = q.slots.at(a);
  while (slot.allot <= 0) {
    q.tail = a;
    slot.allot += q.scaled_quantum;
    a = slot.next;
    slot = q.slots.at(a);
  }
  const skb = slot_dequeue_head(slot);
  sfq_dec(q, a);
  qdisc_bstats_update(sch, skb);
  sch.q.qlen--;
  sch.backlog -= qdisc_pkt_len(skb);
  if (slot.qlen > 0) {
    slot.allot -= SFQ_ALLOT_SIZE(qdisc_pkt_len(skb));
    return skb;
  }
  q.ht.set(slot.hash, SFQ_EMPTY_SLOT);
  if (a === slot.next) {
    q.tail = -1;
  } else {
    q.slots.at(q.tail).next = slot.next;
  }
  return skb;
}

/**
 * Frees all packets.
 * @modelled net/sched/sch_sfq.c
 */
export function sfq_reset(sch: Qdisc): void {
  for (let skb = sfq_dequeue(sch); skb !== null; skb = sfq_dequeue(sch)) {
    kfree_skb(skb);
  }
}

/**
 * Timer: changes the hash, so that flows that shared one part.
 * @modelled net/sched/sch_sfq.c
 */
export function* sfq_perturbation(sch: Qdisc): Kgen {
  const q = sch.sfq as sfq_sched_data;
  q.perturbation = kernel.arch.random32();
  if (q.perturb_period > 0) {
    mod_timer(q.perturb_timer, jiffies() + q.perturb_period);
  }
}

/**
 * Makes hash table, flows and lists, with the default parameters.
 * @modelled net/sched/sch_sfq.c
 */
export function sfq_init(sch: Qdisc): void {
  const q = new sfq_sched_data();
  const { mtu, hard_header_len } = sch.dev as net_device;
  sch.sfq = q;
  setup_timer(q.perturb_timer, sfq_perturbation, sch);
  q.perturb_timer.deferrable = true;
  for (let i = 0; i < SFQ_DEPTH; i++) {
    const head = new sfq_head();
    head.next = i + SFQ_SLOTS;
    head.prev = i + SFQ_SLOTS;
    q.dep.push(head);
  }
  q.limit = SFQ_DEPTH - 1;
  q.divisor = SFQ_DEFAULT_HASH_DIVISOR;
  q.quantum = mtu + hard_header_len;
  q.scaled_quantum = SFQ_ALLOT_SIZE(q.quantum);
  q.perturbation = kernel.arch.random32();
  for (let i = 0; i < SFQ_DEFAULT_HASH_DIVISOR; i++) {
    q.ht.push(SFQ_EMPTY_SLOT);
  }
  for (let i = 0; i < SFQ_SLOTS; i++) {
    q.slots.push(new sfq_slot());
    sfq_link(q, i);
  }
  sch.flags = sch.flags | TCQ_F_CAN_BYPASS;
}

export const sfq_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'sfq_qdisc_ops', {
  id: 'sfq',
  enqueue: sfq_enqueue,
  dequeue: sfq_dequeue,
  peek: qdisc_peek_dequeued,
  init: sfq_init,
  reset: sfq_reset,
});

/**
 * Sets quantum (bytes, 0: one full frame), limit (packets), entries of the hash table (a power of two), and the time after
 * which the hash changes (jiffies, 0: never).
 * @simplified takes the parameters as numbers, before the first packet
 */
export function sfq_change(sch: Qdisc, quantum: number, limit: number, divisor: number, perturb: number): void {
  const q = sch.sfq as sfq_sched_data;
  const { mtu, hard_header_len } = sch.dev as net_device;
  q.quantum = quantum || mtu + hard_header_len;
  q.scaled_quantum = SFQ_ALLOT_SIZE(q.quantum);
  q.perturb_period = perturb;
  q.limit = Math.min(limit, SFQ_DEPTH - 1);
  q.divisor = divisor;
  del_timer(q.perturb_timer);
  if (q.perturb_period > 0) {
    mod_timer(q.perturb_timer, jiffies() + q.perturb_period);
    q.perturbation = kernel.arch.random32();
  }
}
