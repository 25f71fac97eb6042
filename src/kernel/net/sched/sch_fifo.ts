/** Mirrors net/sched/sch_fifo.c (2.6.39): first in, first out, with a limit in packets or in bytes. */
import { ops } from '../../../base/dispatch';
import type { net_device, netdev_queue } from '../../include/linux/netdevice';
import { type sk_buff, skb_queue_len } from '../../include/linux/skbuff';
import { type Qdisc, type Qdisc_ops, qdisc_pkt_len, TCQ_F_CAN_BYPASS } from '../../include/net/sch_generic';
import {
  __qdisc_reset_queue,
  qdisc_create_dflt,
  qdisc_dequeue_head,
  qdisc_enqueue_tail,
  qdisc_peek_head,
  qdisc_reshape_fail,
} from './sch_generic';

/**
 * Queues a packet unless the limit in bytes would be passed.
 * @modelled net/sched/sch_fifo.c
 */
export function bfifo_enqueue(skb: sk_buff, sch: Qdisc): number {
  if (sch.backlog + qdisc_pkt_len(skb) <= sch.limit) {
    return qdisc_enqueue_tail(skb, sch);
  }
  return qdisc_reshape_fail(skb, sch);
}

/**
 * Queues a packet unless the limit in packets is reached.
 * @modelled net/sched/sch_fifo.c
 */
export function pfifo_enqueue(skb: sk_buff, sch: Qdisc): number {
  if (skb_queue_len(sch.q) < sch.limit) {
    return qdisc_enqueue_tail(skb, sch);
  }
  return qdisc_reshape_fail(skb, sch);
}

/**
 * Sets the limit: the given one, or tx_queue_len packets, in bytes with the MTU of the device. A packet may go round the queue if the queue
 * could hold one.
 * @modelled net/sched/sch_fifo.c
 */
export function fifo_init(sch: Qdisc, opt: number | null = null): void {
  const { tx_queue_len, mtu, hard_header_len } = sch.dev as net_device;
  const is_bfifo = sch.ops === bfifo_qdisc_ops;
  const packets = tx_queue_len || 1;
  sch.limit = opt ?? (is_bfifo ? packets * mtu : packets);
  const bypass = sch.limit >= (is_bfifo ? mtu + hard_header_len : 1);
  sch.flags = bypass ? sch.flags | TCQ_F_CAN_BYPASS : sch.flags & ~TCQ_F_CAN_BYPASS;
}

/**
 * Frees all packets.
 * @modelled include/net/sch_generic.h
 */
export function qdisc_reset_queue(sch: Qdisc): void {
  __qdisc_reset_queue(sch, sch.q);
  sch.backlog = 0;
}

export const pfifo_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'pfifo_qdisc_ops', {
  id: 'pfifo',
  enqueue: pfifo_enqueue,
  dequeue: qdisc_dequeue_head,
  peek: qdisc_peek_head,
  init: fifo_init,
  reset: qdisc_reset_queue,
});

export const bfifo_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'bfifo_qdisc_ops', {
  id: 'bfifo',
  enqueue: bfifo_enqueue,
  dequeue: qdisc_dequeue_head,
  peek: qdisc_peek_head,
  init: fifo_init,
  reset: qdisc_reset_queue,
});

/**
 * Makes a fifo with this limit, for a qdisc that keeps its packets in one.
 * @modelled net/sched/sch_fifo.c
 */
export function fifo_create_dflt(dev_queue: netdev_queue, sch_ops: typeof bfifo_qdisc_ops, limit: number): Qdisc {
  const q = qdisc_create_dflt(dev_queue, sch_ops);
  q.limit = limit;
  return q;
}
