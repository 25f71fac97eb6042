/** Mirrors include/linux/timer.h and jiffies.h (2.6.39), HZ = 1000. The functions are in kernel/timer.ts. */
import { clock } from '../../../base/clock';
import { bool, fn, int, ns, ref, struct } from '../../../base/struct';
import type { Kgen } from '../../arch/current';

export const HZ = 1000;
export const NSEC_PER_JIFFY = 1_000_000;
/** Jiffies at the start of a run: the kernel has been up for a while. */
export const INITIAL_JIFFIES = 300_000;

/** The tick counter; plain numbers, a run is far too short for it to wrap. */
export const jiffies = (): number => INITIAL_JIFFIES + Math.floor(clock.ns / NSEC_PER_JIFFY);

export const timer_list = struct('timer_list', {
  expires: int('jiffies at which it fires'),
  due: int('jiffies of the tick that runs it: expires, but not before the next one'),
  pending: bool('it is armed'),
  function: fn<(data: never) => Kgen>('what it runs, in softirq context'),
  data: ref<object>('argument of the function'),
  cpu: int('CPU on whose wheel it is'),
  deferrable: bool('housekeeping: a run does not go on for its sake'),
});
export interface timer_list extends InstanceType<typeof timer_list> {}

/** A high-resolution timer (include/linux/hrtimer.h): fires at an exact ns, in hardirq context. */
export const hrtimer = struct('hrtimer', {
  expires: ns('when it fires'),
  pending: bool('it is armed'),
  function: fn<(timer: hrtimer) => void>('what it runs, in hardirq context'),
  data: ref<object>('owner'),
  cpu: int('CPU that takes the interrupt'),
});
export interface hrtimer extends InstanceType<typeof hrtimer> {}
