/**
 * Mirrors net/sched/sch_mq.c (2.6.39): the root of a device with several TX queues. It holds no packets: each TX queue has a qdisc of
 * its own, with a lock of its own. Left out: netlink, the class operations, destruction.
 */
import { ops } from '../../../base/dispatch';
import { type net_device, netdev_get_tx_queue, type netdev_queue } from '../../include/linux/netdevice';
import { mq_sched, type Qdisc, type Qdisc_ops, TCQ_F_MQROOT } from '../../include/net/sch_generic';
import { dev_graft_qdisc, noop_dequeue, pfifo_fast_ops, qdisc_create_dflt } from './sch_generic';

/**
 * Makes a pfifo_fast for each TX queue, with handles 0:1, 0:2 and so on.
 * @modelled net/sched/sch_mq.c
 */
export function mq_init(sch: Qdisc): void {
  const dev = sch.dev as net_device;
  const priv = new mq_sched();
  sch.mq = priv;
  for (let ntx = 0; ntx < dev.num_tx_queues; ntx++) {
    const qdisc = qdisc_create_dflt(netdev_get_tx_queue(dev, ntx), pfifo_fast_ops);
    qdisc.handle = sch.handle | (ntx + 1);
    priv.qdiscs.push(qdisc);
  }
  sch.flags = sch.flags | TCQ_F_MQROOT;
}

/**
 * Puts the children on their TX queues.
 * @modelled net/sched/sch_mq.c
 */
export function mq_attach(sch: Qdisc): void {
  const priv = sch.mq as mq_sched;
  for (const qdisc of priv.qdiscs) {
    dev_graft_qdisc(qdisc.dev_queue as netdev_queue, qdisc);
  }
}

export const mq_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'mq_qdisc_ops', {
  id: 'mq',
  enqueue: null,
  dequeue: noop_dequeue,
  peek: noop_dequeue,
  init: mq_init,
  reset: null,
  attach: mq_attach,
});
