/** Mirrors include/linux/wait.h and the task part of include/linux/sched.h (2.6.39). The functions are in kernel/wait.ts and kernel/sched.ts. */
import { bool, embed, enumeration, flags, fn, int, list, ref, str, struct } from '../../../base/struct';
import type { files_struct, user_buffer } from './fs';
import { spinlock_t } from './spinlock';

/** Masks of the signals that the network stack sends, as a signal set has them. */
export const SIGPIPE = 1 << 12;
export const SIGURG = 1 << 22;

export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;
export const TASK_DEAD = 64;

export const task_struct = struct('task_struct', {
  comm: str('name of the task'),
  pid: int('process id'),
  state: enumeration('runnable, or why it sleeps', {
    TASK_RUNNING,
    TASK_INTERRUPTIBLE,
    TASK_UNINTERRUPTIBLE,
    TASK_DEAD,
  }),
  cpu: int('CPU it runs on'),
  on_cpu: bool('it is the one running there'),
  files: ref<files_struct>('open file descriptors'),
  syscall: str('system call under way, empty in user mode'),
  buffer: ref<user_buffer>('memory of the process that the call takes from or fills'),
  result: int('what the last system call returned'),
  signal_pending: bool('a signal waits to be handled'),
  signals: flags('signals that were sent to it; the programs here ignore them', { SIGPIPE, SIGURG }),
});
export interface task_struct extends InstanceType<typeof task_struct> {}

export const wait_queue_t = struct('wait_queue_t', {
  task: ref<task_struct>('who waits'),
  func: fn<(wait: wait_queue_t, mode: number, flags: number, key: number) => number>('wakes the waiter'),
  exclusive: bool('wake one at a time'),
  queue: ref<wait_queue_head_t>('the queue it is on, null if on none'),
});
export interface wait_queue_t extends InstanceType<typeof wait_queue_t> {}

export const wait_queue_head_t = struct('wait_queue_head_t', {
  lock: embed(spinlock_t, 'guards the list'),
  task_list: list(ref<wait_queue_t>('a waiter'), 64, 'waiters'),
});
export interface wait_queue_head_t extends InstanceType<typeof wait_queue_head_t> {}
