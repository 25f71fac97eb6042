/** Mirrors include/linux/poll.h (2.6.39): what poll() leaves on the wait queues of files. The functions are in fs/select.ts. */
import { bool, hex32, int, list, ref, struct } from '../../../base/struct';
import type { file } from './fs';
import { type task_struct, type wait_queue_head_t, wait_queue_t } from './wait';

/** How a file's poll operation is to wait; on the stack of do_sys_poll. */
export interface poll_table {
  /** Puts the poller on a wait queue of the file. */
  qproc: (filp: file, wait_address: wait_queue_head_t, p: poll_table) => void;
  /** Events the poller wakes for. */
  key: number;
  pwq: poll_wqueues;
}

/** One queue a poller is on. In C it holds a wait_queue_t, here it begins with one. */
export const poll_table_entry = struct(
  'poll_table_entry',
  {
    filp: ref<file>('the file'),
    key: hex32('events it wakes for'),
    wait_address: ref<wait_queue_head_t>('the queue'),
    pwq: ref<poll_wqueues>('all queues of this poller'),
  },
  wait_queue_t,
);
export interface poll_table_entry extends InstanceType<typeof poll_table_entry> {}

/** Everything one poll() waits for. */
export const poll_wqueues = struct('poll_wqueues', {
  polling_task: ref<task_struct>('who polls'),
  triggered: bool('an event came'),
  error: int('-errno, 0: none'),
  entries: list(ref<poll_table_entry>('a queue'), 64, 'queues it is on'),
});
export interface poll_wqueues extends InstanceType<typeof poll_wqueues> {}

/**
 * Puts the poller on a wait queue, if it wants to wait at all.
 * @modelled include/linux/poll.h
 * @cost 3
 */
export function poll_wait(filp: file, wait_address: wait_queue_head_t | null, p: poll_table | null): void {
  if (p !== null && wait_address !== null) {
    p.qproc(filp, wait_address, p);
  }
}

/**
 * The same for the wait queue of a socket; in C with a memory barrier.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sock_poll_wait(filp: file, wait_address: wait_queue_head_t | null, p: poll_table | null): void {
  if (p !== null && wait_address !== null) {
    poll_wait(filp, wait_address, p);
  }
}
