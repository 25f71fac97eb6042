/** Mirrors kernel/wait.c and the wake-up part of kernel/sched.c (2.6.39). The queue locks are taken for moments and never contended. */
import {
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  type wait_queue_head_t,
  wait_queue_t,
} from '../include/linux/wait';
import { current, default_wake_function } from './sched';

export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

/**
 * A wait queue entry for the current task that leaves the queue by itself when woken.
 * @modelled include/linux/wait.h
 * @cost 5
 */
export function DEFINE_WAIT(): wait_queue_t {
  const wait = new wait_queue_t();
  wait.task = current();
  wait.func = autoremove_wake_function;
  return wait;
}

/**
 * Wakes the task of an entry and takes the entry off its queue.
 * @modelled kernel/wait.c
 * @cost 6
 */
export function autoremove_wake_function(wait: wait_queue_t, _mode: number, _flags: number, _key: number): number {
  const task = wait.task;
  if (task === null || default_wake_function(task) === 0) {
    return 0;
  }
  wait.queue?.task_list.remove(wait);
  wait.queue = null;
  return 1;
}

/**
 * Puts the task on the queue and sets its state; the caller tests its condition after this, then schedules.
 * @modelled kernel/wait.c
 * @cost 20
 */
export function prepare_to_wait(q: wait_queue_head_t, wait: wait_queue_t, state: number): void {
  wait.exclusive = false;
  if (wait.queue === null) {
    q.task_list.insertAt(0, wait);
    wait.queue = q;
  }
  current().state = state;
}

/**
 * Like prepare_to_wait, at the end of the queue, woken one at a time.
 * @modelled kernel/wait.c
 * @cost 20
 */
export function prepare_to_wait_exclusive(q: wait_queue_head_t, wait: wait_queue_t, state: number): void {
  wait.exclusive = true;
  if (wait.queue === null) {
    q.task_list.push(wait);
    wait.queue = q;
  }
  current().state = state;
}

/**
 * Ends waiting: the task runs, and is on no queue.
 * @modelled kernel/wait.c
 * @cost 15
 */
export function finish_wait(_q: wait_queue_head_t, wait: wait_queue_t): void {
  current().state = TASK_RUNNING;
  if (wait.queue !== null) {
    wait.queue.task_list.remove(wait);
    wait.queue = null;
  }
}

/**
 * Calls the wake function of the entries; stops after `nr_exclusive` exclusive ones (0: no limit).
 * @modelled kernel/sched.c
 * @cost 10
 */
export function __wake_up_common(
  q: wait_queue_head_t,
  mode: number,
  nr_exclusive: number,
  flags: number,
  key: number,
): void {
  let left = nr_exclusive;
  for (const wait of [...q.task_list]) {
    const woken = wait.func === null ? 0 : wait.func(wait, mode, flags, key);
    if (woken !== 0 && wait.exclusive) {
      left--;
      if (left === 0) {
        return;
      }
    }
  }
}

/**
 * Wakes who waits on a queue.
 * @modelled kernel/sched.c
 * @cost 15
 */
export function __wake_up(q: wait_queue_head_t, mode: number, nr_exclusive: number, key: number): void {
  __wake_up_common(q, mode, nr_exclusive, 0, key);
}

/**
 * Wakes who waits; the waker is about to sleep itself, so the woken task need not be moved.
 * @modelled kernel/sched.c
 * @cost 15
 */
export function __wake_up_sync_key(q: wait_queue_head_t, mode: number, nr_exclusive: number, key: number): void {
  __wake_up_common(q, mode, nr_exclusive, 1, key);
}

/**
 * True while a task waits on the queue.
 * @modelled include/linux/wait.h
 * @cost 2
 */
export function waitqueue_active(q: wait_queue_head_t): boolean {
  return q.task_list.length > 0;
}

/**
 * Puts an entry on a queue; the task does not sleep for it alone.
 * @modelled kernel/wait.c
 * @cost 10
 */
export function add_wait_queue(q: wait_queue_head_t, wait: wait_queue_t): void {
  wait.exclusive = false;
  q.task_list.insertAt(0, wait);
  wait.queue = q;
}

/**
 * Takes an entry off its queue.
 * @modelled kernel/wait.c
 * @cost 8
 */
export function remove_wait_queue(q: wait_queue_head_t, wait: wait_queue_t): void {
  q.task_list.remove(wait);
  wait.queue = null;
}
