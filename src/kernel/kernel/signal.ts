/**
 * Mirrors kernel/signal.c and the signals of fs/fcntl.c (2.6.39) as far as sockets send any. Programs here ignore SIGPIPE, and SIGURG is ignored
 * unless handled: both are noted on the task, and interrupt nothing.
 */
import type { file } from '../include/linux/fs';
import { SIGURG, type task_struct } from '../include/linux/wait';

/**
 * Sends a signal (a mask: SIGPIPE, SIGURG) to a task.
 * @simplified ignored signals only: noted on the task
 * @cost 40
 */
export function send_sig(sig: number, p: task_struct, _priv: number): void {
  p.signals |= sig;
}

/**
 * Tells the owner of a file (F_SETOWN) of urgent data. 1, or 0: it has no owner.
 * @simplified the owner is a task, not a process group
 * @cost 20
 */
export function send_sigurg(filp: file): number {
  const owner = filp.f_owner as task_struct | null;
  if (owner === null) {
    return 0;
  }
  send_sig(SIGURG, owner, 1);
  return 1;
}
