/**
 * Mirrors kernel/sched.c (2.6.39) as far as the network stack meets it: sleeping and waking.
 * Simplified: one run queue a CPU, first in first out, no kernel preemption; the scheduling class is not modelled.
 */
import { clock } from '../../base/clock';
import { ref, struct } from '../../base/struct';
import { cpu, type Kgen, kernel, per_cpu } from '../arch/current';
import { HZ, jiffies, NSEC_PER_JIFFY, timer_list } from '../include/linux/timer';
import { TASK_RUNNING, TASK_UNINTERRUPTIBLE, type task_struct } from '../include/linux/wait';
import { local_bh_disable, local_bh_enable } from './softirq';
import { del_timer, mod_timer, setup_timer } from './timer';

/** What a run queue shows: the task that runs and ksoftirqd. */
export const rq = struct('rq', {
  curr: ref<task_struct>('running task, null while idle'),
  ksoftirqd: ref<task_struct>('thread that runs softirqs when they persist'),
});
export interface rq extends InstanceType<typeof rq> {}

export const runqueue = per_cpu(() => new rq());

/** The task this CPU runs (in interrupts: the one interrupted). A per-CPU variable: no call. */
export const current = (): task_struct => runqueue().curr as task_struct;

/** True when a task woken meanwhile should run on this CPU instead. There are no time slices. A flag test: no call. */
export const need_resched = (): boolean => kernel.arch.needResched(cpu.id);

/**
 * Tells whoever asked that the task leaves its CPU.
 * @simplified nobody asks in the model
 * @cost 4
 */
export function fire_sched_out_preempt_notifiers(): void {}

/**
 * Gives the CPU away until the task is woken. Returns at once if its state is runnable already.
 * @simplified first in, first out
 * @cost 120
 */
export function* schedule(): Kgen {
  if (current().state === TASK_RUNNING) {
    return;
  }
  fire_sched_out_preempt_notifiers();
  yield { op: 'sleep' };
}

/**
 * Wakes the sleeper of schedule_timeout.
 * @modelled kernel/timer.c
 */
export function* process_timeout(task: task_struct): Kgen {
  try_to_wake_up(task);
}

/** Longest time that is told apart from none, jiffies. */
const MAX_JIFFY_OFFSET = Number.MAX_SAFE_INTEGER - 1;
/** Longest sleep: no timer is armed. */
export const MAX_SCHEDULE_TIMEOUT = Number.MAX_SAFE_INTEGER;

/**
 * Sleeps at most `timeout` jiffies. Returns the jiffies left, 0 if they ran out.
 * @modelled kernel/timer.c
 * @cost 20
 */
export function* schedule_timeout(timeout: number): Kgen<number> {
  if (timeout === MAX_SCHEDULE_TIMEOUT) {
    yield* schedule();
    return timeout;
  }
  const expires = jiffies() + timeout;
  const timer = new timer_list();
  setup_timer(timer, process_timeout, current());
  mod_timer(timer, expires);
  yield* schedule();
  del_timer(timer);
  return Math.max(0, expires - jiffies());
}

/**
 * Sleeps for at least so many milliseconds, whatever happens.
 * @modelled kernel/timer.c
 * @cost 10
 */
export function* msleep(msecs: number): Kgen {
  let timeout = Math.ceil((msecs * HZ) / 1000) + 1;
  while (timeout > 0) {
    current().state = TASK_UNINTERRUPTIBLE;
    timeout = yield* schedule_timeout(timeout);
  }
}

/**
 * Makes a sleeping task runnable. Returns 1 if it slept, 0 if it was runnable already.
 * @simplified no load balancing: a task stays on its CPU
 * @cost 60
 */
export function try_to_wake_up(task: task_struct): number {
  if (task.state === TASK_RUNNING) {
    return 0;
  }
  task.state = TASK_RUNNING;
  kernel.arch.wake(task);
  return 1;
}

/**
 * The wake function of a wait queue entry.
 * @modelled kernel/sched.c
 * @cost 4
 */
export function default_wake_function(task: task_struct): number {
  return try_to_wake_up(task);
}

/**
 * Gives way: the task stays runnable and goes on when its turn comes.
 * @simplified first in, first out
 * @cost 120
 */
export function* __cond_resched(): Kgen {
  yield { op: 'resched' };
}

/**
 * Lets softirqs run and another task have the CPU, if one wants it, in a long stretch with bottom halves disabled. Returns 1 if it did.
 * @modelled kernel/sched.c
 * @cost 4
 */
export function* __cond_resched_softirq(): Kgen<number> {
  if (!need_resched()) {
    return 0;
  }
  yield* local_bh_enable();
  yield* __cond_resched();
  local_bh_disable();
  return 1;
}

/**
 * Wall-clock seconds.
 * @simplified seconds of virtual time since a fixed epoch
 * @cost 3
 */
export function get_seconds(): number {
  return 1_300_000_000 + Math.floor(clock.ns / 1e9);
}

/**
 * Microseconds in a number of jiffies.
 * @modelled kernel/time.c
 * @cost 2
 */
export function jiffies_to_usecs(j: number): number {
  return (j * NSEC_PER_JIFFY) / 1000;
}

/**
 * Milliseconds in a number of jiffies.
 * @modelled kernel/time.c
 * @cost 2
 */
export function jiffies_to_msecs(j: number): number {
  return Math.trunc((j * NSEC_PER_JIFFY) / 1_000_000);
}

/**
 * Jiffies in a number of milliseconds; a negative one means longest.
 * @modelled kernel/time.c
 * @cost 2
 */
export function msecs_to_jiffies(m: number): number {
  return m < 0 ? MAX_JIFFY_OFFSET : Math.ceil((m * 1_000_000) / NSEC_PER_JIFFY);
}
