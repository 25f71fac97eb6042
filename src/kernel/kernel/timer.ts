/**
 * Mirrors kernel/timer.c and kernel/hrtimer.c (2.6.39): timers in jiffies run in the TIMER softirq, high-resolution ones in the
 * timer interrupt. Simplified: no periodic tick (as with NO_HZ): the clock event is programmed for the next timer, and
 * timers stand in one list a CPU instead of the cascading wheel.
 */
import { clock } from '../../base/clock';
import { list, ref, struct } from '../../base/struct';
import type { Cpu, Kgen } from '../arch/current';
import { cpu, kernel, per_cpu } from '../arch/current';
import { type hrtimer, INITIAL_JIFFIES, jiffies, NSEC_PER_JIFFY, type timer_list } from '../include/linux/timer';

const tvec_base = struct('tvec_base', {
  timers: list(ref<timer_list>('armed timer'), 512, 'armed timers of this CPU, soonest first'),
  hrtimers: list(ref<hrtimer>('armed timer'), 64, 'armed high-resolution timers, soonest first'),
  running: ref<timer_list>('timer whose function runs'),
});
interface tvec_base extends InstanceType<typeof tvec_base> {}

export const tvec_bases = per_cpu<tvec_base>(() => new tvec_base());

/** An array access, no call worth seeing. */
const cpuOf = (id: number): Cpu => kernel.cpus[id] as Cpu;

/** Programs the clock event of a CPU for its next timer: stands for the tick device. */
const program_next_event = (id: number): void => {
  const base = tvec_bases(cpuOf(id));
  let at = Number.POSITIVE_INFINITY;
  if (base.timers.length > 0) {
    at = (base.timers.at(0).due - INITIAL_JIFFIES) * NSEC_PER_JIFFY;
  }
  if (base.hrtimers.length > 0) {
    at = Math.min(at, base.hrtimers.at(0).expires);
  }
  // While only housekeeping is armed nothing waits for it.
  const idle = base.hrtimers.length === 0 && [...base.timers].every(({ deferrable }) => deferrable);
  kernel.arch.setTimer(id, at, idle);
};

/**
 * Gives a timer its function and argument.
 * @modelled include/linux/timer.h
 * @cost 4
 */
export function setup_timer<T extends object>(timer: timer_list, func: (data: T) => Kgen, data: T): void {
  timer.function = func as (data: never) => Kgen;
  timer.data = data;
  timer.pending = false;
}

/**
 * True while a timer is armed.
 * @modelled include/linux/timer.h
 * @cost 1
 */
export function timer_pending(timer: timer_list): boolean {
  return timer.pending;
}

/**
 * Arms a timer for a jiffy, or moves it; the tick of the present jiffy is over, so the next is the first that can run it. Returns 1 if it was
 * armed already.
 * @omits apply_slack: timers are not put together to save wake-ups
 * @modelled kernel/timer.c
 * @cost 25
 */
export function mod_timer(timer: timer_list, expires: number): number {
  const was = timer.pending;
  if (was && timer.expires === expires) {
    return 1;
  }
  if (was) {
    tvec_bases(cpuOf(timer.cpu)).timers.remove(timer);
    if (timer.cpu !== cpu.id) {
      program_next_event(timer.cpu);
    }
  }
  timer.expires = expires;
  timer.due = Math.max(expires, jiffies() + 1);
  timer.pending = true;
  timer.cpu = cpu.id;
  const { timers } = tvec_bases();
  let at = timers.length;
  while (at > 0 && timers.at(at - 1).due > timer.due) {
    at--;
  }
  timers.insertAt(at, timer);
  program_next_event(cpu.id);
  return was ? 1 : 0;
}

/**
 * Disarms a timer. Returns 1 if it was armed.
 * @modelled kernel/timer.c
 * @cost 15
 */
export function del_timer(timer: timer_list): number {
  if (!timer.pending) {
    return 0;
  }
  tvec_bases(cpuOf(timer.cpu)).timers.remove(timer);
  timer.pending = false;
  program_next_event(timer.cpu);
  return 1;
}

/**
 * Calls the function of a timer.
 * @modelled kernel/timer.c
 * @cost 8
 */
function* call_timer_fn(timer: timer_list): Kgen {
  const func = timer.function;
  if (func !== null) {
    yield* func(timer.data as never);
  }
}

/**
 * The TIMER softirq: runs the timers that are due.
 * @modelled kernel/timer.c
 * @cost 20
 */
export function* run_timer_softirq(): Kgen {
  const base = tvec_bases();
  while (base.timers.length > 0 && base.timers.at(0).due <= jiffies()) {
    const timer = base.timers.removeAt(0);
    timer.pending = false;
    base.running = timer;
    yield* call_timer_fn(timer);
    base.running = null;
  }
  program_next_event(cpu.id);
}

/**
 * Arms a high-resolution timer for an instant, ns.
 * @modelled kernel/hrtimer.c
 * @cost 30
 */
export function hrtimer_start(timer: hrtimer, at: number): void {
  hrtimer_cancel(timer);
  timer.expires = at;
  timer.pending = true;
  timer.cpu = cpu.id;
  const { hrtimers } = tvec_bases();
  let index = hrtimers.length;
  while (index > 0 && hrtimers.at(index - 1).expires > at) {
    index--;
  }
  hrtimers.insertAt(index, timer);
  program_next_event(cpu.id);
}

/**
 * Disarms a high-resolution timer. Returns 1 if it was armed.
 * @modelled kernel/hrtimer.c
 * @cost 20
 */
export function hrtimer_cancel(timer: hrtimer): number {
  if (!timer.pending) {
    return 0;
  }
  tvec_bases(cpuOf(timer.cpu)).hrtimers.remove(timer);
  timer.pending = false;
  program_next_event(timer.cpu);
  return 1;
}

/**
 * Runs the high-resolution timers that are due; true if a jiffies timer is due too.
 * @modelled kernel/hrtimer.c
 * @cost 30
 */
export function hrtimer_interrupt(): boolean {
  const base = tvec_bases();
  while (base.hrtimers.length > 0 && base.hrtimers.at(0).expires <= clock.ns) {
    const timer = base.hrtimers.removeAt(0);
    timer.pending = false;
    const func = timer.function;
    if (func !== null) {
      func(timer);
    }
  }
  return base.timers.length > 0 && base.timers.at(0).due <= jiffies();
}

/**
 * Programs the clock event again after a timer interrupt.
 * @model the tick device's reprogramming at the end of the interrupt
 * @cost 5
 */
export function tick_program_event(): void {
  const base = tvec_bases();
  // A due jiffies timer waits for the softirq, which programs the next event itself.
  if (base.timers.length > 0 && base.timers.at(0).due <= jiffies()) {
    return;
  }
  program_next_event(cpu.id);
}
