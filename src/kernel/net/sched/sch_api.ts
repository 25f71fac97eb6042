/** Mirrors net/sched/sch_api.c (2.6.39) as far as qdiscs with a clock need it: the watchdog. Left out: netlink, rate tables. */
import { clock } from '../../../base/clock';
import type { hrtimer } from '../../include/linux/timer';
import {
  __QDISC_STATE_DEACTIVATED,
  type Qdisc,
  qdisc_throttled,
  qdisc_unthrottled,
} from '../../include/net/sch_generic';
import { hrtimer_cancel, hrtimer_start } from '../../kernel/timer';
import { __netif_schedule } from '../core/dev';

/**
 * Time for packet scheduling, ns (in Linux in units of 64 ns).
 * @modelled include/net/pkt_sched.h
 * @cost 8
 */
export function psched_get_time(): number {
  return clock.ns;
}

/**
 * The root of the tree that a qdisc belongs to: the qdisc of its TX queue.
 * @modelled include/net/sch_generic.h
 * @cost 2
 */
export function qdisc_root(qdisc: Qdisc): Qdisc {
  const queue = qdisc.dev_queue;
  return queue === null || queue.qdisc === null ? qdisc : queue.qdisc;
}

/**
 * Timer of a throttled qdisc: it may go on, in NET_TX.
 * @modelled net/sched/sch_api.c
 */
export function qdisc_watchdog(timer: hrtimer): void {
  const qdisc = timer.data as Qdisc | null;
  if (qdisc !== null) {
    qdisc_unthrottled(qdisc);
    __netif_schedule(qdisc_root(qdisc));
  }
}

/**
 * Ties a watchdog to its qdisc.
 * @modelled net/sched/sch_api.c
 */
export function qdisc_watchdog_init(wd: hrtimer, qdisc: Qdisc): void {
  wd.function = qdisc_watchdog;
  wd.data = qdisc;
}

/**
 * Throttles a qdisc until an instant, ns.
 * @modelled net/sched/sch_api.c
 */
export function qdisc_watchdog_schedule(wd: hrtimer, expires: number): void {
  const qdisc = wd.data as Qdisc;
  if ((qdisc_root(qdisc).__state & __QDISC_STATE_DEACTIVATED) !== 0) {
    return;
  }
  qdisc_throttled(qdisc);
  hrtimer_start(wd, expires);
}

/**
 * Ends the throttling of a qdisc.
 * @modelled net/sched/sch_api.c
 */
export function qdisc_watchdog_cancel(wd: hrtimer): void {
  hrtimer_cancel(wd);
  qdisc_unthrottled(wd.data as Qdisc);
}

/**
 * Tells the parents of a qdisc that it has dropped `n` packets they count.
 * @modelled net/sched/sch_api.c
 * @omits qlen_notify: no class of the model keeps a list of those that are not empty
 */
export function qdisc_tree_decrease_qlen(sch: Qdisc, n: number): void {
  if (n === 0) {
    return;
  }
  for (let parent = sch.parent; parent !== null; parent = parent.parent) {
    parent.q.qlen -= n;
  }
}
