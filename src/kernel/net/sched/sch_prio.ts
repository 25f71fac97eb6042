/**
 * Mirrors net/sched/sch_prio.c (2.6.39): bands, each with a qdisc of its own; the first band that has a packet sends.
 * Left out: tc filters, netlink, the class operations.
 */
import { ops } from '../../../base/dispatch';
import type { sk_buff } from '../../include/linux/skbuff';
import {
  NET_XMIT_SUCCESS,
  net_xmit_drop_count,
  prio_sched_data,
  type Qdisc,
  type Qdisc_ops,
  qdisc_bstats_update,
  qdisc_enqueue,
  TC_H_MAJ_MASK,
  TC_H_MIN_MASK,
  TC_PRIO_MAX,
} from '../../include/net/sch_generic';
import { pfifo_qdisc_ops } from './sch_fifo';
import { qdisc_create_dflt, qdisc_reset } from './sch_generic';

/**
 * The qdisc of the band that a packet belongs to: by the minor number if its priority names a class of this qdisc,
 * else by its priority.
 * @modelled net/sched/sch_prio.c
 * @omits tc_classify: no filters
 */
export function prio_classify(skb: sk_buff, sch: Qdisc): Qdisc {
  const q = sch.prio as prio_sched_data;
  const major = (skb.priority & TC_H_MAJ_MASK) >>> 0;
  if (major !== sch.handle) {
    const priority = major !== 0 ? 0 : skb.priority;
    return q.queues.at(q.prio2band.at(priority & TC_PRIO_MAX));
  }
  const band = (skb.priority & TC_H_MIN_MASK) - 1;
  return q.queues.at(band < 0 || band >= q.bands ? q.prio2band.at(0) : band);
}

/**
 * Hands a packet to the qdisc of its band.
 * @modelled net/sched/sch_prio.c
 */
export function prio_enqueue(skb: sk_buff, sch: Qdisc): number {
  const ret = qdisc_enqueue(skb, prio_classify(skb, sch));
  if (ret === NET_XMIT_SUCCESS) {
    sch.q.qlen++;
    return NET_XMIT_SUCCESS;
  }
  if (net_xmit_drop_count(ret) !== 0) {
    sch.drops++;
  }
  return ret;
}

/**
 * The packet that would leave next.
 * @modelled net/sched/sch_prio.c
 */
export function prio_peek(sch: Qdisc): sk_buff | null {
  const q = sch.prio as prio_sched_data;
  for (let prio = 0; prio < q.bands; prio++) {
    const { ops } = q.queues.at(prio);
    const skb = ops === null ? null : ops.peek(q.queues.at(prio));
    if (skb !== null) {
      return skb;
    }
  }
  return null;
}

/**
 * Takes a packet from the first band that gives one.
 * @modelled net/sched/sch_prio.c
 */
export function prio_dequeue(sch: Qdisc): sk_buff | null {
  const q = sch.prio as prio_sched_data;
  for (let prio = 0; prio < q.bands; prio++) {
    const { ops } = q.queues.at(prio);
    const skb = ops === null ? null : ops.dequeue(q.queues.at(prio));
    if (skb !== null) {
      qdisc_bstats_update(sch, skb);
      sch.q.qlen--;
      return skb;
    }
  }
  return null;
}

/**
 * Frees all packets.
 * @modelled net/sched/sch_prio.c
 */
export function prio_reset(sch: Qdisc): void {
  const q = sch.prio as prio_sched_data;
  for (const child of q.queues) {
    qdisc_reset(child);
  }
  sch.q.qlen = 0;
}

/**
 * Makes the private data; the bands come with prio_tune.
 * @modelled net/sched/sch_prio.c
 */
export function prio_init(sch: Qdisc): void {
  sch.prio = new prio_sched_data();
}

export const prio_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'prio_qdisc_ops', {
  id: 'prio',
  enqueue: prio_enqueue,
  dequeue: prio_dequeue,
  peek: prio_peek,
  init: prio_init,
  reset: prio_reset,
});

/**
 * Sets the number of bands and the band of each priority; each band gets a pfifo.
 * @simplified takes the parameters as numbers, and is called once, so that no band is taken away again
 */
export function prio_tune(sch: Qdisc, bands: number, priomap: readonly number[]): void {
  const q = sch.prio as prio_sched_data;
  q.bands = bands;
  for (let priority = 0; priority <= TC_PRIO_MAX; priority++) {
    q.prio2band.push(priomap[priority] ?? 0);
  }
  const queue = sch.dev_queue;
  for (let band = 0; band < bands && queue !== null; band++) {
    const child = qdisc_create_dflt(queue, pfifo_qdisc_ops);
    child.parent = sch;
    q.queues.push(child);
  }
}

/**
 * Puts another qdisc in a band.
 * @simplified the old one is empty: children are set before the first packet
 */
export function prio_graft(sch: Qdisc, band: number, child: Qdisc): void {
  child.parent = sch;
  (sch.prio as prio_sched_data).queues.set(band, child);
}
