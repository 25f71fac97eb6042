/** Mirrors fs/ioctl.c (2.6.39): ioctl() down to the operation of the file. */
import type { Kgen } from '../arch/current';
import { EBADF, EFAULT, EINVAL, ENOIOCTLCMD, ENOTTY } from '../include/linux/errno';
import { type file, O_NONBLOCK } from '../include/linux/fs';
import { get_user } from '../include/linux/uaccess';
import { fget_light, fput_light, type fput_needed_ptr } from './file_table';

export const FIONBIO = 0x5421;

/**
 * The system call. `arg`: an address in user memory, as the request wants it. 0, or -errno.
 * @modelled fs/ioctl.c
 * @omits security_file_ioctl: no security module
 * @cost 15
 */
export function* sys_ioctl(fd: number, cmd: number, arg: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const filp = fget_light(fd, needed);
  if (filp === null) {
    return -EBADF;
  }
  const error = yield* do_vfs_ioctl(filp, fd, cmd, arg);
  yield* fput_light(filp, needed.fput_needed);
  return error;
}

/**
 * Requests that every file knows are done here, of those modelled FIONBIO; others by the file.
 * @modelled fs/ioctl.c
 * @omits ioctl_fioasync: no SIGIO
 * @cost 8
 */
export function* do_vfs_ioctl(filp: file, _fd: number, cmd: number, arg: number): Kgen<number> {
  return cmd === FIONBIO ? ioctl_fionbio(filp, arg) : yield* vfs_ioctl(filp, cmd, arg);
}

/**
 * Sets or clears O_NONBLOCK: 0, or -EFAULT.
 * @modelled fs/ioctl.c
 * @cost 8
 */
export function ioctl_fionbio(filp: file, argp: number): number {
  const on = get_user(argp);
  if (on === null) {
    return -EFAULT;
  }
  filp.f_flags = on !== 0 ? filp.f_flags | O_NONBLOCK : filp.f_flags & ~O_NONBLOCK;
  return 0;
}

/**
 * Calls the file's own operation: -ENOTTY if it has none, -EINVAL if it does not know the request.
 * @modelled fs/ioctl.c
 * @cost 5
 */
export function* vfs_ioctl(filp: file, cmd: number, arg: number): Kgen<number> {
  const f_op = filp.f_op;
  if (f_op === null || f_op.unlocked_ioctl === null) {
    return -ENOTTY;
  }
  const error = yield* f_op.unlocked_ioctl(filp, cmd, arg);
  return error === -ENOIOCTLCMD ? -EINVAL : error;
}
