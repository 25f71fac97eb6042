/**
 * Mirrors net/core/link_watch.c (2.6.39): what happens above the driver when a link comes up or goes down. A kernel thread then switches
 * the queues of the device on or off; for links that flap, at most once a second.
 * Left out: operational state (IF_OPER), notifiers.
 */
import { bool, embed, int, list, ref, struct } from '../../../base/struct';
import { type Kgen, kernel_global } from '../../arch/current';
import { IFF_UP, type net_device, netif_carrier_ok, netif_running } from '../../include/linux/netdevice';
import { HZ, jiffies } from '../../include/linux/timer';
import { work_struct } from '../../include/linux/workqueue';
import { del_timer } from '../../kernel/timer';
import { INIT_WORK, schedule_delayed_work } from '../../kernel/workqueue';
import { dev_activate, dev_deactivate, qdisc_tx_changing } from '../sched/sch_generic';

const linkwatch = struct('linkwatch', {
  nextevent: int('jiffies before which events that are not urgent wait'),
  urgent: bool('the work is due at once'),
  lweventlist: list(ref<net_device>('device'), 8, 'devices whose link has changed'),
  work: embed(work_struct, 'deals with them'),
});
interface linkwatch extends InstanceType<typeof linkwatch> {}

const state = kernel_global<linkwatch>(() => {
  const made = new linkwatch();
  INIT_WORK(made.work, linkwatch_event, made);
  return made;
});

/**
 * True when the queues of the device must be switched on now.
 * @modelled net/core/link_watch.c
 */
export function linkwatch_urgent_event(dev: net_device): boolean {
  return netif_running(dev) && netif_carrier_ok(dev) && qdisc_tx_changing(dev);
}

/**
 * Arranges for the work: at once if it is urgent or the last is a second ago, else then.
 * @modelled net/core/link_watch.c
 */
export function linkwatch_schedule_work(urgent: boolean): void {
  const lw = state();
  if (lw.urgent) {
    return;
  }
  let delay = Math.max(0, lw.nextevent - jiffies());
  if (urgent) {
    lw.urgent = true;
    delay = 0;
    if (lw.work.pending && del_timer(lw.work.timer) === 1) {
      lw.work.pending = false;
    }
  }
  schedule_delayed_work(lw.work, delay > HZ ? 0 : delay);
}

/**
 * Switches the queues of a device on or off.
 * @modelled net/core/link_watch.c
 * @omits netdev_state_change: nobody listens
 */
export function* linkwatch_do_dev(dev: net_device): Kgen {
  if ((dev.flags & IFF_UP) === 0) {
    return;
  }
  if (netif_carrier_ok(dev)) {
    dev_activate(dev);
  } else {
    yield* dev_deactivate(dev);
  }
}

/**
 * Deals with the devices whose link has changed.
 * @modelled net/core/link_watch.c
 */
export function* __linkwatch_run_queue(urgent_only: boolean): Kgen {
  const lw = state();
  if (!urgent_only) {
    lw.nextevent = jiffies() + HZ;
  }
  lw.urgent = false;
  for (let left = lw.lweventlist.length; left > 0; left--) {
    const dev = lw.lweventlist.removeAt(0);
    if (urgent_only && !linkwatch_urgent_event(dev)) {
      lw.lweventlist.push(dev);
    } else {
      yield* linkwatch_do_dev(dev);
    }
  }
  if (lw.lweventlist.length > 0) {
    linkwatch_schedule_work(false);
  }
}

/**
 * The work: all devices, or before the second is over only those that are urgent.
 * @modelled net/core/link_watch.c
 */
export function* linkwatch_event(): Kgen {
  yield* __linkwatch_run_queue(state().nextevent > jiffies());
}

/**
 * The link of a device has changed.
 * @simplified an event that leaves the queues as they are, as at boot, makes no work
 */
export function linkwatch_fire_event(dev: net_device): void {
  const urgent = linkwatch_urgent_event(dev);
  if (netif_carrier_ok(dev) && !qdisc_tx_changing(dev)) {
    return;
  }
  const { lweventlist } = state();
  if (![...lweventlist].includes(dev)) {
    lweventlist.push(dev);
  }
  linkwatch_schedule_work(urgent);
}
