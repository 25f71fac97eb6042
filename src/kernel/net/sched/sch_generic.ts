/**
 * Mirrors net/sched/sch_generic.c (2.6.39): sending from a qdisc, pfifo_fast, the TX watchdog, attaching qdiscs to
 * devices. The queue helpers of include/net/sch_generic.h that touch skb lists stand here too. Left out: classful
 * trees and their statistics estimators, qdisc destruction through RCU.
 */
import { ops } from '../../../base/dispatch';
import { type Kgen, kernel_global, smp_processor_id } from '../../arch/current';
import {
  __netif_tx_lock,
  __netif_tx_unlock,
  __QUEUE_STATE_FROZEN,
  dev_xmit_complete,
  IFF_UP,
  NETDEV_TX_BUSY,
  NETDEV_TX_LOCKED,
  NETIF_F_LLTX,
  type net_device,
  netdev_get_tx_queue,
  type netdev_queue,
  netif_carrier_ok,
  netif_is_multiqueue,
  netif_running,
  netif_tx_queue_frozen_or_stopped,
  netif_tx_queue_stopped,
  netif_tx_stop_queue,
} from '../../include/linux/netdevice';
import { __skb_dequeue, __skb_queue_tail, type sk_buff, sk_buff_head, skb_peek } from '../../include/linux/skbuff';
import { spin_lock, spin_unlock } from '../../include/linux/spinlock';
import { HZ, jiffies } from '../../include/linux/timer';
import {
  __QDISC___STATE_RUNNING,
  __QDISC_STATE_DEACTIVATED,
  __QDISC_STATE_SCHED,
  NET_XMIT_CN,
  NET_XMIT_DROP,
  NET_XMIT_SUCCESS,
  Qdisc,
  type Qdisc_ops,
  qdisc_bstats_update,
  qdisc_pkt_len,
  qdisc_qlen,
  qdisc_run_end,
  TC_PRIO_MAX,
  TCQ_F_BUILTIN,
  TCQ_F_CAN_BYPASS,
} from '../../include/net/sch_generic';
import { msleep, need_resched } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { del_timer, mod_timer, setup_timer } from '../../kernel/timer';
import { __netif_schedule, dev_hard_start_xmit, netif_schedule_queue, softnet } from '../core/dev';
import { linkwatch_fire_event } from '../core/link_watch';
import { kfree_skb } from '../core/skbuff';
import { mq_qdisc_ops } from './sch_mq';

/** Band of each packet priority; band 0 is sent first. */
const prio2band = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
const PFIFO_FAST_BANDS = 3;
/** Lowest band that is not empty, by the bitmap of bands that are not; −1: all are empty. */
const bitmap2band = [-1, 0, 1, 0, 2, 0, 1, 0];

/**
 * Frees a packet that a qdisc does not take and counts it.
 * @modelled include/net/sch_generic.h
 */
export function qdisc_drop(skb: sk_buff, sch: Qdisc): number {
  kfree_skb(skb);
  sch.drops = sch.drops + 1;
  return NET_XMIT_DROP;
}

/**
 * Frees a packet that filters told a qdisc to drop.
 * @modelled include/net/sch_generic.h
 */
export function qdisc_reshape_fail(skb: sk_buff, sch: Qdisc): number {
  sch.drops = sch.drops + 1;
  kfree_skb(skb);
  return NET_XMIT_DROP;
}

/**
 * Appends a packet to a list of a qdisc and counts its bytes.
 * @modelled include/net/sch_generic.h
 * @cost 4
 */
export function __qdisc_enqueue_tail(skb: sk_buff, sch: Qdisc, list: sk_buff_head): number {
  __skb_queue_tail(list, skb);
  sch.backlog = sch.backlog + qdisc_pkt_len(skb);
  return NET_XMIT_SUCCESS;
}

/**
 * Appends a packet to the qdisc's own list.
 * @modelled include/net/sch_generic.h
 * @cost 2
 */
export function qdisc_enqueue_tail(skb: sk_buff, sch: Qdisc): number {
  return __qdisc_enqueue_tail(skb, sch, sch.q);
}

/**
 * Takes the first packet off a list of a qdisc and counts it as sent.
 * @modelled include/net/sch_generic.h
 * @cost 4
 */
export function __qdisc_dequeue_head(sch: Qdisc, list: sk_buff_head): sk_buff | null {
  const skb = __skb_dequeue(list);
  if (skb !== null) {
    sch.backlog = sch.backlog - qdisc_pkt_len(skb);
    qdisc_bstats_update(sch, skb);
  }
  return skb;
}

/**
 * Takes the first packet off the qdisc's own list.
 * @modelled include/net/sch_generic.h
 * @cost 2
 */
export function qdisc_dequeue_head(sch: Qdisc): sk_buff | null {
  return __qdisc_dequeue_head(sch, sch.q);
}

/**
 * The first packet of the qdisc's own list, left where it is.
 * @modelled include/net/sch_generic.h
 * @cost 2
 */
export function qdisc_peek_head(sch: Qdisc): sk_buff | null {
  return skb_peek(sch.q);
}

/**
 * The packet that would leave next, of a qdisc that finds it only by dequeueing: it is kept for the next dequeue.
 * @modelled include/net/sch_generic.h
 * @cost 4
 */
export function qdisc_peek_dequeued(sch: Qdisc): sk_buff | null {
  if (sch.gso_skb === null) {
    sch.gso_skb = sch.ops === null ? null : sch.ops.dequeue(sch);
    if (sch.gso_skb !== null) {
      sch.q.qlen++;
    }
  }
  return sch.gso_skb;
}

/**
 * Dequeues from a qdisc that may have been peeked at before.
 * @modelled include/net/sch_generic.h
 * @cost 4
 */
export function qdisc_dequeue_peeked(sch: Qdisc): sk_buff | null {
  const skb = sch.gso_skb;
  if (skb !== null) {
    sch.gso_skb = null;
    sch.q.qlen--;
    return skb;
  }
  return sch.ops === null ? null : sch.ops.dequeue(sch);
}

/**
 * Frees all packets of one list of a qdisc.
 * @modelled include/net/sch_generic.h
 */
export function __qdisc_reset_queue(sch: Qdisc, list: sk_buff_head): void {
  let skb = __skb_dequeue(list);
  while (skb !== null) {
    sch.backlog = sch.backlog - qdisc_pkt_len(skb);
    kfree_skb(skb);
    skb = __skb_dequeue(list);
  }
}

/**
 * Puts back a packet that the driver refused: it goes first when NET_TX runs the qdisc again.
 * @modelled net/sched/sch_generic.c
 */
export function dev_requeue_skb(skb: sk_buff, q: Qdisc): number {
  q.gso_skb = skb;
  q.requeues = q.requeues + 1;
  q.q.qlen++;
  __netif_schedule(q);
  return 0;
}

/**
 * Next packet to send: the one put back, unless its TX queue is still stopped, else what the qdisc gives.
 * @modelled net/sched/sch_generic.c
 * @cost 6
 */
export function dequeue_skb(q: Qdisc): sk_buff | null {
  const skb = q.gso_skb;
  if (skb !== null) {
    const txq = netdev_get_tx_queue(q.dev as net_device, skb.queue_mapping);
    if (netif_tx_queue_frozen_or_stopped(txq)) {
      return null;
    }
    q.gso_skb = null;
    q.q.qlen--;
    return skb;
  }
  return q.ops === null ? null : q.ops.dequeue(q);
}

/**
 * The driver could not take its lock. On the CPU that holds it this is a loop and the packet is dropped; otherwise it waits.
 * @modelled net/sched/sch_generic.c
 */
export function handle_dev_cpu_collision(skb: sk_buff, dev_queue: netdev_queue, q: Qdisc): number {
  if (dev_queue.xmit_lock_owner === smp_processor_id()) {
    kfree_skb(skb);
    return qdisc_qlen(q);
  }
  softnet().cpu_collision++;
  return dev_requeue_skb(skb, q);
}

/**
 * Hands one packet to the driver: the root lock is dropped, the TX lock taken. Returns what is left in the qdisc,
 * 0 when it must not go on.
 * @modelled net/sched/sch_generic.c
 * @cost 20
 */
export function* sch_direct_xmit(skb: sk_buff, q: Qdisc, dev: net_device, txq: netdev_queue): Kgen<number> {
  let ret = NETDEV_TX_BUSY;
  spin_unlock(q.root_lock);
  if ((dev.features & NETIF_F_LLTX) === 0) {
    yield* __netif_tx_lock(txq, smp_processor_id());
  }
  if (!netif_tx_queue_frozen_or_stopped(txq)) {
    ret = yield* dev_hard_start_xmit(skb, dev, txq);
  }
  if ((dev.features & NETIF_F_LLTX) === 0) {
    __netif_tx_unlock(txq);
  }
  yield* spin_lock(q.root_lock);

  if (dev_xmit_complete(ret)) {
    ret = qdisc_qlen(q);
  } else if (ret === NETDEV_TX_LOCKED) {
    ret = handle_dev_cpu_collision(skb, txq, q);
  } else {
    ret = dev_requeue_skb(skb, q);
  }
  if (ret !== 0 && netif_tx_queue_frozen_or_stopped(txq)) {
    ret = 0;
  }
  return ret;
}

/**
 * Sends one packet of the qdisc. Returns how many are left, 0 to stop.
 * @modelled net/sched/sch_generic.c
 */
export function* qdisc_restart(q: Qdisc): Kgen<number> {
  const skb = dequeue_skb(q);
  if (skb === null) {
    return 0;
  }
  const dev = q.dev as net_device;
  const txq = netdev_get_tx_queue(dev, skb.queue_mapping);
  return yield* sch_direct_xmit(skb, q, dev, txq);
}

/**
 * Sends until the qdisc is empty, the driver full, or another task or the next jiffy asks for the CPU.
 * @modelled net/sched/sch_generic.c
 */
export function* __qdisc_run(q: Qdisc): Kgen {
  const start_time = jiffies();
  while ((yield* qdisc_restart(q)) !== 0) {
    if (need_resched() || jiffies() !== start_time) {
      __netif_schedule(q);
      break;
    }
  }
  qdisc_run_end(q);
}

/**
 * Freezes all TX queues of a device, each at a moment when no CPU is in the driver.
 * @modelled include/linux/netdevice.h
 */
export function* netif_tx_lock(dev: net_device): Kgen {
  const cpu = smp_processor_id();
  for (const txq of dev._tx) {
    yield* __netif_tx_lock(txq, cpu);
    txq.state = txq.state | __QUEUE_STATE_FROZEN;
    __netif_tx_unlock(txq);
  }
}

/**
 * Stops all TX queues of a device, each at a moment when no CPU is in the driver.
 * @modelled include/linux/netdevice.h
 */
export function* netif_tx_disable(dev: net_device): Kgen {
  local_bh_disable();
  const cpu = smp_processor_id();
  for (const txq of dev._tx) {
    yield* __netif_tx_lock(txq, cpu);
    netif_tx_stop_queue(txq);
    __netif_tx_unlock(txq);
  }
  yield* local_bh_enable();
}

/**
 * Thaws all TX queues of a device; their qdiscs run again.
 * @modelled include/linux/netdevice.h
 */
export function netif_tx_unlock(dev: net_device): void {
  for (const txq of dev._tx) {
    txq.state = txq.state & ~__QUEUE_STATE_FROZEN;
    netif_schedule_queue(txq);
  }
}

/**
 * True when no queue of the device has a working qdisc.
 * @modelled include/net/sch_generic.h
 */
export function qdisc_tx_is_noop(dev: net_device): boolean {
  for (const txq of dev._tx) {
    if (txq.qdisc !== null && txq.qdisc.ops !== noop_qdisc_ops) {
      return false;
    }
  }
  return true;
}

/**
 * True when a TX queue has not the qdisc it should have: the link has come up, and nobody has seen to it yet.
 * @modelled include/net/sch_generic.h
 */
export function qdisc_tx_changing(dev: net_device): boolean {
  for (const txq of dev._tx) {
    if (txq.qdisc !== txq.qdisc_sleeping) {
      return true;
    }
  }
  return false;
}

/**
 * Timer: calls ndo_tx_timeout when a TX queue has been stopped for longer than watchdog_timeo.
 * @modelled net/sched/sch_generic.c
 * @omits round_jiffies: the timer wheel of the model does not batch
 * @omits round_jiffies_common: the same
 * @cost 30
 */
export function* dev_watchdog(dev: net_device): Kgen {
  yield* netif_tx_lock(dev);
  if (!qdisc_tx_is_noop(dev) && netif_running(dev) && netif_carrier_ok(dev)) {
    let timed_out = false;
    for (const txq of dev._tx) {
      if (netif_tx_queue_stopped(txq) && jiffies() > txq.trans_start + dev.watchdog_timeo) {
        timed_out = true;
      }
    }
    const timeout = dev.netdev_ops === null ? null : dev.netdev_ops.ndo_tx_timeout;
    if (timed_out && timeout !== null) {
      yield* timeout(dev);
    }
    mod_timer(dev.watchdog_timer, jiffies() + dev.watchdog_timeo);
  }
  netif_tx_unlock(dev);
}

/**
 * Starts the TX watchdog.
 * @simplified a driver that leaves watchdog_timeo at 0 is not watched; Linux takes 5 s then
 */
export function __netdev_watchdog_up(dev: net_device): void {
  if (dev.netdev_ops === null || dev.netdev_ops.ndo_tx_timeout === null || dev.watchdog_timeo <= 0) {
    return;
  }
  setup_timer(dev.watchdog_timer, dev_watchdog, dev);
  dev.watchdog_timer.deferrable = true;
  mod_timer(dev.watchdog_timer, jiffies() + dev.watchdog_timeo);
}

/**
 * Ends the watch over the TX queues.
 * @modelled net/sched/sch_generic.c
 */
export function dev_watchdog_down(dev: net_device): void {
  del_timer(dev.watchdog_timer);
}

/** Default of dev.watchdog_timeo in drivers, jiffies. */
export const DEFAULT_WATCHDOG_TIMEO = 5 * HZ;

/**
 * Queues a packet in the band of its priority, or drops it at the queue limit of the device.
 * @modelled net/sched/sch_generic.c
 */
export function pfifo_fast_enqueue(skb: sk_buff, qdisc: Qdisc): number {
  if (qdisc.q.qlen < (qdisc.dev as net_device).tx_queue_len) {
    const band = prio2band[skb.priority & TC_PRIO_MAX] as number;
    qdisc.bitmap = qdisc.bitmap | (1 << band);
    qdisc.q.qlen++;
    return __qdisc_enqueue_tail(skb, qdisc, qdisc.band.at(band));
  }
  return qdisc_drop(skb, qdisc);
}

/**
 * Takes the first packet of the lowest band that has one.
 * @modelled net/sched/sch_generic.c
 */
export function pfifo_fast_dequeue(qdisc: Qdisc): sk_buff | null {
  const band = bitmap2band[qdisc.bitmap] as number;
  if (band < 0) {
    return null;
  }
  const list = qdisc.band.at(band);
  const skb = __qdisc_dequeue_head(qdisc, list);
  qdisc.q.qlen--;
  if (list.qlen === 0) {
    qdisc.bitmap = qdisc.bitmap & ~(1 << band);
  }
  return skb;
}

/**
 * The packet that would leave next.
 * @modelled net/sched/sch_generic.c
 */
export function pfifo_fast_peek(qdisc: Qdisc): sk_buff | null {
  const band = bitmap2band[qdisc.bitmap] as number;
  return band < 0 ? null : skb_peek(qdisc.band.at(band));
}

/**
 * Frees all packets.
 * @modelled net/sched/sch_generic.c
 */
export function pfifo_fast_reset(qdisc: Qdisc): void {
  for (const list of qdisc.band) {
    __qdisc_reset_queue(qdisc, list);
  }
  qdisc.bitmap = 0;
  qdisc.backlog = 0;
  qdisc.q.qlen = 0;
}

/**
 * Makes the three bands.
 * @modelled net/sched/sch_generic.c
 */
export function pfifo_fast_init(qdisc: Qdisc): void {
  for (let band = 0; band < PFIFO_FAST_BANDS; band++) {
    qdisc.band.set(band, new sk_buff_head());
  }
  qdisc.flags = qdisc.flags | TCQ_F_CAN_BYPASS;
}

/** The default qdisc of a device with a queue. */
export const pfifo_fast_ops = ops<Qdisc_ops>('Qdisc_ops', 'pfifo_fast_ops', {
  id: 'pfifo_fast',
  enqueue: pfifo_fast_enqueue,
  dequeue: pfifo_fast_dequeue,
  peek: pfifo_fast_peek,
  init: pfifo_fast_init,
  reset: pfifo_fast_reset,
});

/**
 * Has nothing to send.
 * @modelled net/sched/sch_generic.c
 */
export function noop_dequeue(_qdisc: Qdisc): sk_buff | null {
  return null;
}

/**
 * Drops each packet, and says congestion.
 * @modelled net/sched/sch_generic.c
 */
export function noop_enqueue(skb: sk_buff, _qdisc: Qdisc): number {
  kfree_skb(skb);
  return NET_XMIT_CN;
}

/** Qdisc of a device that may not send: its link is down. */
export const noop_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'noop_qdisc_ops', {
  id: 'noop',
  enqueue: noop_enqueue,
  dequeue: noop_dequeue,
  peek: noop_dequeue,
  init: null,
  reset: null,
});

/** The one qdisc that all queues have while their link is down. */
export const noop_qdisc = kernel_global(() => {
  const qdisc = new Qdisc();
  qdisc.ops = noop_qdisc_ops;
  qdisc.flags = TCQ_F_BUILTIN;
  return qdisc;
});

/** Qdisc of a device without a queue, such as lo: no enqueue, so dev_queue_xmit calls the driver itself. */
export const noqueue_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'noqueue_qdisc_ops', {
  id: 'noqueue',
  enqueue: null,
  dequeue: noop_dequeue,
  peek: noop_dequeue,
  init: null,
  reset: null,
});

/**
 * Makes a qdisc for a TX queue without its private set-up.
 * @modelled net/sched/sch_generic.c
 */
export function qdisc_alloc(dev_queue: netdev_queue, sch_ops: typeof pfifo_fast_ops): Qdisc {
  const sch = new Qdisc();
  sch.ops = sch_ops;
  sch.dev_queue = dev_queue;
  sch.dev = dev_queue.dev;
  return sch;
}

/**
 * Makes a qdisc with the default parameters of its kind.
 * @modelled net/sched/sch_generic.c
 */
export function qdisc_create_dflt(dev_queue: netdev_queue, sch_ops: typeof pfifo_fast_ops): Qdisc {
  const sch = qdisc_alloc(dev_queue, sch_ops);
  const init = sch_ops.init;
  if (init !== null) {
    init(sch);
  }
  return sch;
}

/**
 * Empties a qdisc, the packet put back included.
 * @modelled net/sched/sch_generic.c
 */
export function qdisc_reset(qdisc: Qdisc): void {
  const reset = qdisc.ops === null ? null : qdisc.ops.reset;
  if (reset !== null) {
    reset(qdisc);
  }
  if (qdisc.gso_skb !== null) {
    kfree_skb(qdisc.gso_skb);
    qdisc.gso_skb = null;
    qdisc.q.qlen = 0;
  }
}

/**
 * Puts another qdisc on a TX queue; the old one is emptied and returned.
 * @simplified the new qdisc is in use at once: Linux deactivates and activates the device around the change
 */
export function dev_graft_qdisc(dev_queue: netdev_queue, qdisc: Qdisc): Qdisc | null {
  const oqdisc = dev_queue.qdisc;
  if (oqdisc !== null) {
    qdisc_reset(oqdisc);
    oqdisc.__state = oqdisc.__state | __QDISC_STATE_DEACTIVATED;
  }
  qdisc.__state = qdisc.__state & ~__QDISC_STATE_DEACTIVATED;
  dev_queue.qdisc = qdisc;
  dev_queue.qdisc_sleeping = qdisc;
  return oqdisc;
}

/**
 * Gives a TX queue its default qdisc: pfifo_fast, or noqueue when the device has no queue length.
 * @modelled net/sched/sch_generic.c
 */
export function attach_one_default_qdisc(dev: net_device, dev_queue: netdev_queue): void {
  const sch_ops = dev.tx_queue_len > 0 ? pfifo_fast_ops : noqueue_qdisc_ops;
  const qdisc = qdisc_create_dflt(dev_queue, sch_ops);
  if (dev.tx_queue_len === 0) {
    qdisc.flags = qdisc.flags | TCQ_F_BUILTIN;
  }
  dev_queue.qdisc = qdisc;
  dev_queue.qdisc_sleeping = qdisc;
}

/**
 * Gives a device its default qdiscs: one a TX queue, and if there are several, mq as the root above them.
 * @modelled net/sched/sch_generic.c
 */
export function attach_default_qdiscs(dev: net_device): void {
  const txq = netdev_get_tx_queue(dev, 0);
  if (!netif_is_multiqueue(dev) || dev.tx_queue_len === 0) {
    for (const one of dev._tx) {
      attach_one_default_qdisc(dev, one);
    }
    dev.qdisc = txq.qdisc;
    return;
  }
  const qdisc = qdisc_create_dflt(txq, mq_qdisc_ops);
  const { attach } = mq_qdisc_ops;
  if (attach !== undefined) {
    attach(qdisc);
  }
  dev.qdisc = qdisc;
}

/**
 * Puts the qdisc of a TX queue in use.
 * @modelled net/sched/sch_generic.c
 */
export function transition_one_qdisc(_dev: net_device, dev_queue: netdev_queue): void {
  const qdisc = dev_queue.qdisc_sleeping;
  if (qdisc !== null) {
    qdisc.__state = qdisc.__state & ~__QDISC_STATE_DEACTIVATED;
  }
  dev_queue.qdisc = qdisc;
  dev_queue.trans_start = jiffies();
}

/**
 * Starts transmission on a device that is open and has its link: default qdiscs where there are none, then the watchdog.
 * @simplified a device that is opened without link has its queues in use until the link goes down once more
 */
export function dev_activate(dev: net_device): void {
  if (dev.qdisc === null) {
    attach_default_qdiscs(dev);
  }
  for (const txq of dev._tx) {
    transition_one_qdisc(dev, txq);
  }
  __netdev_watchdog_up(dev);
}

/**
 * Empties the qdisc of a TX queue and puts noop in its place: from now on packets are dropped.
 * @modelled net/sched/sch_generic.c
 */
export function* dev_deactivate_queue(_dev: net_device, dev_queue: netdev_queue): Kgen {
  const qdisc = dev_queue.qdisc;
  if (qdisc === null) {
    return;
  }
  local_bh_disable();
  yield* spin_lock(qdisc.root_lock);
  if ((qdisc.flags & TCQ_F_BUILTIN) === 0) {
    qdisc.__state = qdisc.__state | __QDISC_STATE_DEACTIVATED;
  }
  dev_queue.qdisc = noop_qdisc();
  qdisc_reset(qdisc);
  spin_unlock(qdisc.root_lock);
  yield* local_bh_enable();
}

/**
 * True while a CPU sends from a qdisc of the device, or will.
 * @modelled net/sched/sch_generic.c
 */
export function some_qdisc_is_busy(dev: net_device): boolean {
  for (const { qdisc_sleeping } of dev._tx) {
    if (qdisc_sleeping !== null && (qdisc_sleeping.__state & (__QDISC_STATE_SCHED | __QDISC___STATE_RUNNING)) !== 0) {
      return true;
    }
  }
  return false;
}

/**
 * Ends transmission on a device: its packets are dropped, and those that are under way end first.
 * @simplified waits a jiffy at a time where Linux gives the CPU away
 */
export function* dev_deactivate(dev: net_device): Kgen {
  for (const txq of dev._tx) {
    yield* dev_deactivate_queue(dev, txq);
  }
  dev_watchdog_down(dev);
  while (some_qdisc_is_busy(dev)) {
    yield* msleep(1);
  }
}

/**
 * The link is up.
 * @modelled net/sched/sch_generic.c
 */
export function netif_carrier_on(dev: net_device): void {
  if (dev.carrier === 0) {
    dev.carrier = 1;
    linkwatch_fire_event(dev);
    if ((dev.flags & IFF_UP) !== 0) {
      __netdev_watchdog_up(dev);
    }
  }
}

/**
 * The link is down.
 * @modelled net/sched/sch_generic.c
 */
export function netif_carrier_off(dev: net_device): void {
  if (dev.carrier !== 0) {
    dev.carrier = 0;
    if (netif_running(dev)) {
      linkwatch_fire_event(dev);
    }
  }
}
