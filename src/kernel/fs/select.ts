/**
 * Mirrors fs/select.c (2.6.39): poll(). The poller is on a wait queue of each file, looks at them all, and sleeps until one wakes it or the
 * time is over. Left out: select(), restarting after a signal.
 */
import { clock } from '../../base/clock';
import { heap } from '../../base/heap';
import type { Kgen } from '../arch/current';
import { EINTR, EINVAL } from '../include/linux/errno';
import type { file } from '../include/linux/fs';
import { type poll_table, poll_table_entry, poll_wqueues } from '../include/linux/poll';
import { hrtimer } from '../include/linux/timer';
import {
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  type task_struct,
  type wait_queue_head_t,
  type wait_queue_t,
} from '../include/linux/wait';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDNORM, POLLWRNORM } from '../include/net/sock';
import { current, default_wake_function, schedule, try_to_wake_up } from '../kernel/sched';
import { hrtimer_cancel, hrtimer_start } from '../kernel/timer';
import { add_wait_queue, remove_wait_queue } from '../kernel/wait';
import { fget_light, fput, fput_light, type fput_needed_ptr } from './file_table';

/** What a file without a poll operation answers. */
const DEFAULT_POLLMASK = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
/** Most descriptors of one poll: RLIMIT_NOFILE. */
const RLIMIT_NOFILE = 1024;
const NSEC_PER_MSEC = 1_000_000;

/** One descriptor to poll, as in user memory; the kernel answers in `revents`. */
export interface pollfd {
  readonly fd: number;
  readonly events: number;
  revents: number;
}

/**
 * The system call: waits at most `timeout_msecs` (negative: without limit, 0: not at all) until one of the descriptors is ready. Returns how
 * many are, 0 when the time is over, or -errno.
 * @simplified the descriptors come as they are, not copied from user memory; no restart after a signal
 * @cost 15
 */
export function* sys_poll(ufds: pollfd[], nfds: number, timeout_msecs: number): Kgen<number> {
  const end_time = timeout_msecs >= 0 ? clock.ns + timeout_msecs * NSEC_PER_MSEC : null;
  return yield* do_sys_poll(ufds, nfds, timeout_msecs === 0 ? 0 : end_time);
}

/**
 * Polls until `end_time` (ns; null: without limit, 0: not at all).
 * @modelled fs/select.c
 * @cost 30
 */
export function* do_sys_poll(ufds: pollfd[], nfds: number, end_time: number | null): Kgen<number> {
  if (nfds > RLIMIT_NOFILE) {
    return -EINVAL;
  }
  const table = new poll_wqueues();
  const pt = poll_initwait(table);
  const fdcount = yield* do_poll(nfds, ufds, table, pt, end_time);
  yield* poll_freewait(table);
  return fdcount;
}

/**
 * Prepares to wait.
 * @modelled fs/select.c
 * @cost 10
 */
export function poll_initwait(pwq: poll_wqueues): poll_table {
  pwq.polling_task = current();
  pwq.triggered = false;
  pwq.error = 0;
  return { qproc: __pollwait, key: 0, pwq };
}

/**
 * Leaves all wait queues.
 * @modelled fs/select.c
 * @cost 8
 */
export function* poll_freewait(pwq: poll_wqueues): Kgen {
  for (const entry of [...pwq.entries]) {
    yield* free_poll_entry(entry);
  }
  heap.release(pwq);
}

/**
 * Leaves one wait queue; the file need not stay for it any longer.
 * @modelled fs/select.c
 * @cost 10
 */
export function* free_poll_entry(entry: poll_table_entry): Kgen {
  remove_wait_queue(entry.wait_address as wait_queue_head_t, entry);
  yield* fput(entry.filp as file);
  heap.release(entry);
}

/**
 * Puts the poller on a wait queue; the file must stay meanwhile.
 * @modelled fs/select.c
 * @cost 20
 */
export function __pollwait(filp: file, wait_address: wait_queue_head_t, p: poll_table): void {
  const entry = new poll_table_entry();
  filp.f_count++;
  entry.filp = filp;
  entry.wait_address = wait_address;
  entry.key = p.key;
  entry.func = pollwake;
  entry.pwq = p.pwq;
  p.pwq.entries.push(entry);
  add_wait_queue(wait_address, entry);
}

/**
 * Wakes the poller if it waits for this event.
 * @modelled fs/select.c
 * @cost 5
 */
export function pollwake(wait: wait_queue_t, mode: number, sync: number, key: number): number {
  const entry = wait as poll_table_entry;
  if (key !== 0 && (key & entry.key) === 0) {
    return 0;
  }
  return __pollwake(wait, mode, sync, key);
}

/**
 * Wakes the poller, and notes that an event came, in case it is awake.
 * @modelled fs/select.c
 * @cost 5
 */
export function __pollwake(wait: wait_queue_t, _mode: number, _sync: number, _key: number): number {
  const pwq = (wait as poll_table_entry).pwq as poll_wqueues;
  pwq.triggered = true;
  return default_wake_function(pwq.polling_task as task_struct);
}

/**
 * Looks at all descriptors, over and over, until one is ready or the time is over. Only the first look puts the poller on the queues.
 * @modelled fs/select.c
 * @cost 15
 */
export function* do_poll(
  nfds: number,
  list: pollfd[],
  wait: poll_wqueues,
  table: poll_table,
  end_time: number | null,
): Kgen<number> {
  let pt: poll_table | null = end_time === 0 ? null : table;
  let timed_out = end_time === 0;
  for (;;) {
    let count = 0;
    for (const pfd of list.slice(0, nfds)) {
      if ((yield* do_pollfd(pfd, pt)) !== 0) {
        count++;
        pt = null;
      }
    }
    pt = null;
    if (count === 0) {
      count = wait.error;
      if (current().signal_pending) {
        count = -EINTR;
      }
    }
    if (count !== 0 || timed_out) {
      return count;
    }
    timed_out = (yield* poll_schedule_timeout(wait, TASK_INTERRUPTIBLE, end_time)) === 0;
  }
}

/**
 * Asks one file what is ready: the mask of events wanted, and of errors.
 * @modelled fs/select.c
 * @cost 12
 */
export function* do_pollfd(pollfd: pollfd, pwait: poll_table | null): Kgen<number> {
  let mask = 0;
  if (pollfd.fd >= 0) {
    const needed: fput_needed_ptr = { fput_needed: false };
    mask = POLLNVAL;
    const file = fget_light(pollfd.fd, needed);
    if (file !== null) {
      const wanted = pollfd.events | POLLERR | POLLHUP;
      mask = DEFAULT_POLLMASK;
      if (file.f_op !== null && file.f_op.poll !== null) {
        if (pwait !== null) {
          pwait.key = wanted;
        }
        mask = file.f_op.poll(file, pwait);
      }
      mask &= wanted;
      yield* fput_light(file, needed.fput_needed);
    }
  }
  pollfd.revents = mask;
  return mask;
}

/**
 * Sleeps until an event comes or until `expires` (ns; null: no limit). 0 when the time is over, else -EINTR.
 * @modelled fs/select.c
 * @cost 10
 */
export function* poll_schedule_timeout(pwq: poll_wqueues, state: number, expires: number | null): Kgen<number> {
  let rc = -EINTR;
  current().state = state;
  if (!pwq.triggered) {
    rc = yield* schedule_hrtimeout_range(expires);
  }
  current().state = TASK_RUNNING;
  pwq.triggered = false;
  return rc;
}

/**
 * Sleeps at most until `expires` (ns; null: no limit). 0 when the time is over, else -EINTR.
 * @modelled kernel/hrtimer.c
 * @cost 15
 */
export function* schedule_hrtimeout_range(expires: number | null): Kgen<number> {
  if (expires === null) {
    yield* schedule();
    current().state = TASK_RUNNING;
    return -EINTR;
  }
  const timer = new hrtimer();
  timer.function = hrtimer_wakeup;
  timer.data = current();
  hrtimer_start(timer, expires);
  yield* schedule();
  const woken_by_timer = !timer.pending;
  hrtimer_cancel(timer);
  heap.release(timer);
  current().state = TASK_RUNNING;
  return woken_by_timer ? 0 : -EINTR;
}

/**
 * Wakes the sleeper of a high-resolution timer.
 * @modelled kernel/hrtimer.c
 * @cost 5
 */
export function hrtimer_wakeup(timer: hrtimer): void {
  try_to_wake_up(timer.data as task_struct);
}
