/** Mirrors fs/fcntl.c (2.6.39): flags and owner of an open file. Left out: duplicating descriptors, file locks, leases. */
import type { Kgen } from '../arch/current';
import { EBADF, EINVAL } from '../include/linux/errno';
import { type file, O_NONBLOCK } from '../include/linux/fs';
import type { task_struct } from '../include/linux/wait';
import { current } from '../kernel/sched';
import { fget, fput } from './file_table';

export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_SETOWN = 8;
export const F_GETOWN = 9;

/**
 * The system call. -EBADF, or as the command says.
 * @modelled fs/fcntl.c
 * @omits security_file_fcntl: no security module
 * @cost 20
 */
export function* sys_fcntl(fd: number, cmd: number, arg: number): Kgen<number> {
  const filp = fget(fd);
  if (filp === null) {
    return -EBADF;
  }
  const err = do_fcntl(fd, cmd, arg, filp);
  yield* fput(filp);
  return err;
}

/**
 * Reads or sets the flags of a file (F_GETFL, F_SETFL), or who is told of urgent data (F_SETOWN, F_GETOWN). -EINVAL for another command.
 * @simplified these four commands
 * @cost 8
 */
export function do_fcntl(fd: number, cmd: number, arg: number, filp: file): number {
  switch (cmd) {
    case F_GETFL:
      return filp.f_flags;
    case F_SETFL:
      return setfl(fd, filp, arg);
    case F_SETOWN:
      f_setown(filp, arg);
      return 0;
    case F_GETOWN:
      return (filp.f_owner as task_struct | null)?.pid ?? 0;
    default:
      return -EINVAL;
  }
}

/**
 * Sets the flags that may be changed: of those modelled, O_NONBLOCK.
 * @modelled fs/fcntl.c
 * @cost 10
 */
export function setfl(_fd: number, filp: file, arg: number): number {
  filp.f_flags = (arg & O_NONBLOCK) | (filp.f_flags & ~O_NONBLOCK);
  return 0;
}

/**
 * Sets who is told; 0: nobody.
 * @simplified only the caller itself can be named
 * @cost 8
 */
export function f_setown(filp: file, arg: number): void {
  const task = current();
  filp.f_owner = arg !== 0 && arg === task.pid ? task : null;
}
