/**
 * Mirrors kernel/workqueue.c (2.6.39): work that must sleep, or must not be done where it is found necessary, is done by a kernel thread.
 * Simplified: each piece of work gets a thread of its own, where Linux has a pool of them.
 */
import { cpu, type Kgen, kernel } from '../arch/current';
import { jiffies } from '../include/linux/timer';
import { task_struct } from '../include/linux/wait';
import type { work_struct } from '../include/linux/workqueue';
import { mod_timer, setup_timer } from './timer';

/**
 * Gives a piece of work its function and argument.
 * @modelled include/linux/workqueue.h
 * @cost 4
 */
export function INIT_WORK<T extends object>(work: work_struct, func: (data: T) => Kgen, data: T): void {
  work.func = func as (data: never) => Kgen;
  work.data = data;
}

/**
 * Does one piece of work. It may be scheduled anew while it is done.
 * @modelled kernel/workqueue.c
 * @cost 10
 */
export function* process_one_work(work: work_struct): Kgen {
  work.pending = false;
  const func = work.func;
  if (func !== null) {
    yield* func(work.data as never);
  }
}

/**
 * Has a kernel thread of this CPU do a piece of work. False when it waits to be done already.
 * @simplified starts the thread
 * @cost 30
 */
export function schedule_work(work: work_struct): boolean {
  if (work.pending) {
    return false;
  }
  work.pending = true;
  const task = new task_struct();
  task.comm = `kworker/${cpu.id}`;
  kernel.arch.startThread(task, process_one_work(work));
  return true;
}

/**
 * Timer: the time of a piece of work has come.
 * @modelled kernel/workqueue.c
 */
export function* delayed_work_timer_fn(work: work_struct): Kgen {
  work.pending = false;
  schedule_work(work);
}

/**
 * The same after a number of jiffies.
 * @modelled kernel/workqueue.c
 * @cost 15
 */
export function schedule_delayed_work(work: work_struct, delay: number): boolean {
  if (delay === 0) {
    return schedule_work(work);
  }
  if (work.pending) {
    return false;
  }
  work.pending = true;
  setup_timer(work.timer, delayed_work_timer_fn, work);
  mod_timer(work.timer, jiffies() + delay);
  return true;
}
