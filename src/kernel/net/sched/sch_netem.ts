/**
 * Mirrors net/sched/sch_netem.c (2.6.39): network emulation. Packets are delayed, lost, sent twice, damaged or put out of
 * order; they wait in an inner fifo sorted by departure.
 * Left out: delay distribution tables, the 4-state and Gilbert-Elliott loss models, netlink, classes.
 */
import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import { kernel } from '../../arch/current';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import {
  __skb_queue_after,
  __skb_queue_head,
  CHECKSUM_PARTIAL,
  type sk_buff,
  skb_cloned,
  skb_headlen,
  skb_orphan,
  skb_queue_empty,
  skb_queue_len,
} from '../../include/linux/skbuff';
import {
  type crndstate,
  NET_XMIT_DROP,
  NET_XMIT_SUCCESS,
  netem_sched_data,
  type Qdisc,
  type Qdisc_ops,
  qdisc_bstats_update,
  qdisc_enqueue,
  qdisc_is_throttled,
  qdisc_pkt_len,
  qdisc_unthrottled,
} from '../../include/net/sch_generic';
import { skb_checksum_help } from '../core/dev';
import { kfree_skb, skb_clone, skb_copy } from '../core/skbuff';
import {
  psched_get_time,
  qdisc_root,
  qdisc_watchdog_cancel,
  qdisc_watchdog_init,
  qdisc_watchdog_schedule,
} from './sch_api';
import { qdisc_reset_queue } from './sch_fifo';
import {
  qdisc_create_dflt,
  qdisc_dequeue_head,
  qdisc_dequeue_peeked,
  qdisc_enqueue_tail,
  qdisc_peek_head,
  qdisc_reset,
  qdisc_reshape_fail,
} from './sch_generic';

/** Packets netem holds unless told otherwise. */
const NETEM_LIMIT = 1000;
const BITS_PER_BYTE = 8;
const TWO_32 = 2 ** 32;

/**
 * netem's part of the control block.
 * @modelled net/sched/sch_netem.c
 * @cost 1
 */
export function netem_skb_cb(skb: sk_buff): sk_buff['cb'] {
  return skb.cb;
}

/**
 * A random 32-bit number that depends on the last one as the state says.
 * @modelled net/sched/sch_netem.c
 */
export function get_crandom(state: crndstate): number {
  const value = kernel.arch.random32();
  if (state.rho === 0) {
    return value;
  }
  const share = (state.rho + 1) / TWO_32;
  const answer = Math.floor(value * (1 - share) + state.last * share);
  state.last = answer;
  return state.last;
}

/**
 * True when this packet is to be lost.
 * @modelled net/sched/sch_netem.c
 */
export function loss_event(q: netem_sched_data): boolean {
  return q.loss !== 0 && q.loss >= get_crandom(q.loss_cor);
}

/**
 * A delay around `mu` that differs by up to `sigma`, ns.
 * @modelled net/sched/sch_netem.c
 */
export function tabledist(mu: number, sigma: number, state: crndstate): number {
  if (sigma === 0) {
    return mu;
  }
  return (get_crandom(state) % (2 * sigma)) - sigma + mu;
}

/**
 * Takes a packet in: it may be dropped here, though the sender is told all is well.
 * @modelled net/sched/sch_netem.c
 * @cost 20
 */
export function netem_enqueue(packet: sk_buff, sch: Qdisc): number {
  const q = sch.netem as netem_sched_data;
  const inner = q.qdisc as Qdisc;
  let skb = packet;
  let count = 1;
  if (q.duplicate !== 0 && q.duplicate >= get_crandom(q.dup_cor)) {
    count++;
  }
  if (loss_event(q)) {
    count--;
  }
  if (count === 0) {
    sch.drops++;
    kfree_skb(skb);
    return NET_XMIT_SUCCESS;
  }
  skb_orphan(skb);
  const skb2 = count > 1 ? skb_clone(skb, GFP_ATOMIC) : null;
  if (skb2 !== null) {
    const { duplicate } = q;
    q.duplicate = 0;
    qdisc_enqueue(skb2, qdisc_root(sch));
    q.duplicate = duplicate;
  }
  if (q.corrupt !== 0 && q.corrupt >= get_crandom(q.corrupt_cor)) {
    const own = skb_cloned(skb) ? skb_copy(skb, GFP_ATOMIC) : skb;
    if (own !== skb) {
      kfree_skb(skb);
    }
    if (own === null || (own.ip_summed === CHECKSUM_PARTIAL && skb_checksum_help(own) !== 0)) {
      kfree_skb(own);
      sch.drops++;
      return NET_XMIT_DROP;
    }
    skb = own;
    const at = skb.data + (kernel.arch.random32() % skb_headlen(skb));
    heap.write8(at, heap.read8(at) ^ (1 << (kernel.arch.random32() % BITS_PER_BYTE)));
  }
  const cb = netem_skb_cb(skb);
  let ret = NET_XMIT_SUCCESS;
  if (q.gap === 0 || q.counter < q.gap || q.reorder < get_crandom(q.reorder_cor)) {
    const delay = tabledist(q.latency, q.jitter, q.delay_cor);
    cb.time_to_send = psched_get_time() + delay;
    q.counter++;
    ret = qdisc_enqueue(skb, inner);
  } else {
    cb.time_to_send = psched_get_time();
    q.counter = 0;
    __skb_queue_head(inner.q, skb);
    inner.backlog += qdisc_pkt_len(skb);
    inner.requeues++;
  }
  if (ret !== NET_XMIT_SUCCESS) {
    sch.drops++;
    return ret;
  }
  sch.q.qlen++;
  return NET_XMIT_SUCCESS;
}

/**
 * Gives the first packet if its time has come, else sets the watchdog.
 * @modelled net/sched/sch_netem.c
 */
export function netem_dequeue(sch: Qdisc): sk_buff | null {
  const q = sch.netem as netem_sched_data;
  const inner = q.qdisc as Qdisc;
  if (qdisc_is_throttled(sch)) {
    return null;
  }
  const next = inner.ops === null ? null : inner.ops.peek(inner);
  if (next === null) {
    return null;
  }
  const cb = netem_skb_cb(next);
  if (cb.time_to_send <= psched_get_time()) {
    const skb = qdisc_dequeue_peeked(inner);
    if (skb === null) {
      return null;
    }
    sch.q.qlen--;
    qdisc_unthrottled(sch);
    qdisc_bstats_update(sch, skb);
    return skb;
  }
  qdisc_watchdog_schedule(q.watchdog, cb.time_to_send);
  return null;
}

/**
 * The packet that would leave next, its time or not.
 * @modelled net/sched/sch_generic.c
 */
export function netem_peek(sch: Qdisc): sk_buff | null {
  const inner = (sch.netem as netem_sched_data).qdisc;
  return inner === null || inner.ops === null ? null : inner.ops.peek(inner);
}

/**
 * Frees all packets.
 * @modelled net/sched/sch_netem.c
 */
export function netem_reset(sch: Qdisc): void {
  const q = sch.netem as netem_sched_data;
  if (q.qdisc !== null) {
    qdisc_reset(q.qdisc);
  }
  sch.q.qlen = 0;
  qdisc_watchdog_cancel(q.watchdog);
}

/**
 * Queues a packet at its place by departure; nearly always that is the end.
 * @modelled net/sched/sch_netem.c
 */
export function tfifo_enqueue(nskb: sk_buff, sch: Qdisc): number {
  const q = sch.netem as netem_sched_data;
  const tnext = netem_skb_cb(nskb).time_to_send;
  if (skb_queue_len(sch.q) >= sch.limit) {
    return qdisc_reshape_fail(nskb, sch);
  }
  if (skb_queue_empty(sch.q) || tnext >= q.oldest) {
    q.oldest = tnext;
    return qdisc_enqueue_tail(nskb, sch);
  }
  let skb = sch.q.prev;
  while (skb !== null && tnext < netem_skb_cb(skb).time_to_send) {
    skb = skb.prev;
  }
  __skb_queue_after(sch.q, skb, nskb);
  sch.backlog += qdisc_pkt_len(nskb);
  return NET_XMIT_SUCCESS;
}

/** The inner fifo, in order of departure. */
export const tfifo_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'tfifo_qdisc_ops', {
  id: 'tfifo',
  enqueue: tfifo_enqueue,
  dequeue: qdisc_dequeue_head,
  peek: qdisc_peek_head,
  init: null,
  reset: qdisc_reset_queue,
});

/**
 * Makes the private data, the inner fifo and the watchdog.
 * @modelled net/sched/sch_netem.c
 */
export function netem_init(sch: Qdisc): void {
  const q = new netem_sched_data();
  sch.netem = q;
  q.limit = NETEM_LIMIT;
  qdisc_watchdog_init(q.watchdog, sch);
  if (sch.dev_queue !== null) {
    const inner = qdisc_create_dflt(sch.dev_queue, tfifo_qdisc_ops);
    inner.netem = q;
    inner.limit = q.limit;
    q.qdisc = inner;
  }
}

export const netem_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'netem_qdisc_ops', {
  id: 'netem',
  enqueue: netem_enqueue,
  dequeue: netem_dequeue,
  peek: netem_peek,
  init: netem_init,
  reset: netem_reset,
});
