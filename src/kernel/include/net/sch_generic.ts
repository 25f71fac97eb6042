/** Mirrors include/net/sch_generic.h (2.6.39): Qdisc and its operations. */
import { byteCount, embed, flags, hex32, int, list, ns, ref, struct, table, u8, u32 } from '../../../base/struct';
import { smp_processor_id } from '../../arch/current';
import { MAX_DEV_QUEUES, type net_device, type netdev_queue } from '../linux/netdevice';
import { type sk_buff, sk_buff_head, skb_shinfo } from '../linux/skbuff';
import { spinlock_t } from '../linux/spinlock';
import { hrtimer, timer_list } from '../linux/timer';

export const TCQ_F_BUILTIN = 1;
export const TCQ_F_THROTTLED = 2;
export const TCQ_F_CAN_BYPASS = 4;
export const TCQ_F_MQROOT = 8;

export const __QDISC_STATE_SCHED = 1 << 0;
export const __QDISC_STATE_DEACTIVATED = 1 << 1;
/** Kept in __state here; 2.6.39 has it as __QDISC___STATE_RUNNING. */
export const __QDISC___STATE_RUNNING = 1 << 2;

export const NET_XMIT_SUCCESS = 0;
export const NET_XMIT_DROP = 1;
export const NET_XMIT_CN = 2;
/** With NET_XMIT_SUCCESS: the packet went elsewhere and must not be counted as dropped. */
export const __NET_XMIT_STOLEN = 0x10000;

export const TC_PRIO_MAX = 15;
/** Halves of a handle: the qdisc and a class of it. */
export const TC_H_MAJ_MASK = 0xffff0000;
export const TC_H_MIN_MASK = 0x0000ffff;
/** Most bands of prio (TCQ_PRIO_BANDS). */
export const TCQ_PRIO_BANDS = 16;
/** Packets sfq holds at most in one flow, and flows it knows at a time. */
export const SFQ_DEPTH = 128;
export const SFQ_SLOTS = 128;
export const SFQ_DEFAULT_HASH_DIVISOR = 1024;

export interface Qdisc_ops {
  id: string;
  enqueue: ((skb: sk_buff, qdisc: Qdisc) => number) | null;
  dequeue: (qdisc: Qdisc) => sk_buff | null;
  peek: (qdisc: Qdisc) => sk_buff | null;
  init: ((qdisc: Qdisc) => void) | null;
  reset: ((qdisc: Qdisc) => void) | null;
  /** Puts its children on the TX queues: of a root for devices with several. */
  attach?: (qdisc: Qdisc) => void;
}

/** Children until they are attached (net/sched/sch_mq.c). */
export const mq_sched = struct('mq_sched', {
  qdiscs: list(ref<Qdisc>('child'), MAX_DEV_QUEUES, 'one qdisc a TX queue'),
});
export interface mq_sched extends InstanceType<typeof mq_sched> {}

/** Token bucket state (net/sched/sch_tbf.c). */
export const tbf_sched_data = struct('tbf_sched_data', {
  limit: byteCount('most bytes queued'),
  buffer: ns('depth of the bucket, as time to send it'),
  rate: byteCount('bytes a second'),
  cell_log: int('lengths are rounded up to 2 to this, bytes'),
  max_size: byteCount('largest packet let in'),
  tokens: ns('tokens now, as time'),
  t_c: ns('when tokens were last counted'),
  qdisc: ref<Qdisc>('inner qdisc that holds the packets'),
  watchdog: embed(hrtimer, 'fires when enough tokens are there'),
});
export interface tbf_sched_data extends InstanceType<typeof tbf_sched_data> {}

/** State of a random number that resembles the one before (net/sched/sch_netem.c). */
export const crndstate = struct('crndstate', {
  last: u32('last number'),
  rho: u32('how much it depends on the one before, 2^32 - 1: wholly'),
});
export interface crndstate extends InstanceType<typeof crndstate> {}

/** Network emulation state (net/sched/sch_netem.c). Chances are fractions of 2^32 - 1. */
export const netem_sched_data = struct('netem_sched_data', {
  qdisc: ref<Qdisc>('inner qdisc that holds the packets in order of departure'),
  watchdog: embed(hrtimer, 'fires when the first packet may leave'),
  latency: ns('delay of each packet'),
  jitter: ns('how far the delay may differ'),
  loss: u32('chance that a packet is lost'),
  limit: int('packets it holds'),
  counter: int('packets since the last one sent out of order'),
  gap: int('one in so many packets may leave at once, 0: none'),
  duplicate: u32('chance that a packet is sent twice'),
  reorder: u32('chance that a packet after the gap leaves at once'),
  corrupt: u32('chance that a bit is changed'),
  delay_cor: embed(crndstate, 'for the delay'),
  loss_cor: embed(crndstate, 'for losses'),
  dup_cor: embed(crndstate, 'for duplicates'),
  reorder_cor: embed(crndstate, 'for reordering'),
  corrupt_cor: embed(crndstate, 'for corruption'),
  oldest: ns('inner fifo: latest departure queued at its end'),
});
export interface netem_sched_data extends InstanceType<typeof netem_sched_data> {}

/** Priority bands, each with a qdisc of its own (net/sched/sch_prio.c). */
export const prio_sched_data = struct('prio_sched_data', {
  bands: int('bands in use'),
  prio2band: list(u8('band'), TC_PRIO_MAX + 1, 'band of each packet priority'),
  queues: list(ref<Qdisc>('qdisc of a band'), TCQ_PRIO_BANDS, 'one qdisc a band, band 0 is sent first'),
});
export interface prio_sched_data extends InstanceType<typeof prio_sched_data> {}

/** A link of the lists of flows by length: indices below SFQ_SLOTS are flows, above them list heads. */
export const sfq_head = struct('sfq_head', {
  next: int('next of the same length'),
  prev: int('previous of the same length'),
});
export interface sfq_head extends InstanceType<typeof sfq_head> {}

/** One flow of sfq, or several that share a hash. */
export const sfq_slot = struct('sfq_slot', {
  skblist: embed(sk_buff_head, 'its packets'),
  qlen: int('how many'),
  next: int('next flow of the round'),
  dep: embed(sfq_head, 'its place among the flows of the same length'),
  hash: int('its entry of the hash table'),
  allot: int('bytes it may still send in this round, in eights'),
});
export interface sfq_slot extends InstanceType<typeof sfq_slot> {}

/** Stochastic fairness queueing (net/sched/sch_sfq.c). */
export const sfq_sched_data = struct('sfq_sched_data', {
  perturb_period: int('jiffies after which the hash changes, 0: never'),
  quantum: byteCount('bytes a flow may send in a round'),
  limit: int('packets it holds'),
  divisor: int('entries of the hash table in use'),
  perturb_timer: embed(timer_list, 'changes the hash'),
  perturbation: u32('random number in the hash'),
  cur_depth: int('packets of the longest flow'),
  scaled_quantum: int('quantum in eights of a byte, rounded up'),
  tail: int('the flow that was served last, -1: all are empty', -1),
  ht: list(u8('flow, 255: none'), SFQ_DEFAULT_HASH_DIVISOR, 'flow of each hash'),
  slots: list(ref<sfq_slot>('flow'), SFQ_SLOTS, 'the flows'),
  dep: list(ref<sfq_head>('flows of this length'), SFQ_DEPTH, 'heads of the lists of flows, by their length'),
});
export interface sfq_sched_data extends InstanceType<typeof sfq_sched_data> {}

export const Qdisc = struct('Qdisc', {
  ops: table<Qdisc_ops>('operations'),
  flags: flags('how it behaves', { TCQ_F_BUILTIN, TCQ_F_THROTTLED, TCQ_F_CAN_BYPASS, TCQ_F_MQROOT }),
  __state: flags('scheduled, switched off, running', {
    __QDISC_STATE_SCHED,
    __QDISC_STATE_DEACTIVATED,
    __QDISC___STATE_RUNNING,
  }),
  handle: hex32('its name: major number, as tc prints it, in the upper half'),
  parent: ref<Qdisc>('qdisc it is a child of, null: it is the root'),
  limit: int('most it holds'),
  dev: ref<net_device>('device it serves'),
  dev_queue: ref<netdev_queue>('TX queue it serves'),
  gso_skb: ref<sk_buff>('packet the driver refused: goes first next time'),
  q: embed(sk_buff_head, 'the queue; of a qdisc that queues elsewhere only its length counts'),
  band: list(ref<sk_buff_head>('band'), 3, 'pfifo_fast: one queue a band'),
  bitmap: int('pfifo_fast: bands that are not empty'),
  backlog: byteCount('bytes in it'),
  bstats_bytes: byteCount('bytes sent'),
  bstats_packets: int('packets sent'),
  drops: int('packets dropped'),
  requeues: int('packets put back'),
  overlimits: int('times it had to wait'),
  running_cpu: int('CPU that runs it, -1: none', -1),
  root_lock: embed(spinlock_t, 'the root lock'),
  busylock: embed(spinlock_t, 'taken first while another CPU runs it'),
  next_sched: ref<Qdisc>('next on the output queue of a CPU'),
  tbf: ref<tbf_sched_data>('private data of tbf'),
  netem: ref<netem_sched_data>('private data of netem'),
  prio: ref<prio_sched_data>('private data of prio'),
  sfq: ref<sfq_sched_data>('private data of sfq'),
  mq: ref<mq_sched>('private data of mq'),
});
export interface Qdisc extends InstanceType<typeof Qdisc> {}

/**
 * How many drops a result of an enqueue stands for: none when the packet was taken elsewhere.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function net_xmit_drop_count(e: number): number {
  return (e & __NET_XMIT_STOLEN) !== 0 ? 0 : 1;
}

/**
 * Packets in a qdisc.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_qlen(q: Qdisc): number {
  return q.q.qlen;
}

/**
 * True while some CPU sends from this qdisc.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_is_running(qdisc: Qdisc): boolean {
  return (qdisc.__state & __QDISC___STATE_RUNNING) !== 0;
}

/**
 * Makes this CPU the one that sends from the qdisc; false when another is. Under the root lock.
 * @modelled include/net/sch_generic.h
 * @cost 3
 */
export function qdisc_run_begin(qdisc: Qdisc): boolean {
  if (qdisc_is_running(qdisc)) {
    return false;
  }
  qdisc.__state = qdisc.__state | __QDISC___STATE_RUNNING;
  qdisc.running_cpu = smp_processor_id();
  return true;
}

/**
 * Lets another CPU send from the qdisc. Under the root lock.
 * @modelled include/net/sch_generic.h
 * @cost 3
 */
export function qdisc_run_end(qdisc: Qdisc): void {
  qdisc.__state = qdisc.__state & ~__QDISC___STATE_RUNNING;
  qdisc.running_cpu = -1;
}

/**
 * True while a timer decides when the qdisc goes on.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_is_throttled(qdisc: Qdisc): boolean {
  return (qdisc.flags & TCQ_F_THROTTLED) !== 0;
}

/**
 * Marks the qdisc as waiting for its timer.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_throttled(qdisc: Qdisc): void {
  qdisc.flags = qdisc.flags | TCQ_F_THROTTLED;
}

/**
 * Marks the qdisc as free to send.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_unthrottled(qdisc: Qdisc): void {
  qdisc.flags = qdisc.flags & ~TCQ_F_THROTTLED;
}

/**
 * Sets the length that the qdisc counts for a packet.
 * @modelled include/net/sch_generic.h
 * @omits __qdisc_calculate_pkt_len: no size table (tc stab) is configured
 * @cost 2
 */
export function qdisc_calculate_pkt_len(skb: sk_buff, _sch: Qdisc): void {
  skb.cb.pkt_len = skb.len;
}

/**
 * The length that qdiscs count for a packet.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_pkt_len(skb: sk_buff): number {
  return skb.cb.pkt_len;
}

/**
 * Hands a packet to a qdisc.
 * @modelled include/net/sch_generic.h
 * @cost 3
 */
export function qdisc_enqueue(skb: sk_buff, sch: Qdisc): number {
  qdisc_calculate_pkt_len(skb, sch);
  const enqueue = sch.ops === null ? null : sch.ops.enqueue;
  return enqueue === null ? NET_XMIT_DROP : enqueue(skb, sch);
}

/**
 * Counts bytes, and packets: a GSO skb counts as its segments.
 * @modelled include/net/sch_generic.h
 * @cost 2
 */
export function bstats_update(qdisc: Qdisc, skb: sk_buff): void {
  qdisc.bstats_bytes = qdisc.bstats_bytes + qdisc_pkt_len(skb);
  qdisc.bstats_packets = qdisc.bstats_packets + (skb_shinfo(skb).gso_size > 0 ? skb_shinfo(skb).gso_segs : 1);
}

/**
 * Counts a packet that leaves the qdisc.
 * @modelled include/net/sch_generic.h
 * @cost 1
 */
export function qdisc_bstats_update(sch: Qdisc, skb: sk_buff): void {
  bstats_update(sch, skb);
}
