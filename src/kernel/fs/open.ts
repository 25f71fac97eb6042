/** Mirrors fs/open.c (2.6.39): close(). Left out: opening files of file systems. */
import type { Kgen } from '../arch/current';
import { EBADF } from '../include/linux/errno';
import type { file, files_struct } from '../include/linux/fs';
import { current } from '../kernel/sched';
import { fput } from './file_table';

/** An empty entry of a descriptor table. */
const NO_FILE = null as unknown as file;

/**
 * The system call: the descriptor can be used anew, and the file ends if nothing else has it open. 0, or -errno.
 * @modelled fs/open.c
 * @cost 20
 */
export function* sys_close(fd: number): Kgen<number> {
  const files = current().files as files_struct;
  const filp = fd >= 0 && fd < files.fd.length ? (files.fd.at(fd) as file | null) : null;
  if (filp === null) {
    return -EBADF;
  }
  files.fd.set(fd, NO_FILE);
  __put_unused_fd(files, fd);
  return yield* filp_close(filp, files);
}

/**
 * Marks a descriptor free.
 * @simplified a free descriptor is one without a file
 * @cost 6
 */
export function __put_unused_fd(_files: files_struct, _fd: number): void {}

/**
 * A descriptor of an open file is gone: flushes the file and drops the reference. 0, or -errno.
 * @modelled fs/open.c
 * @omits locks_remove_posix: no file locks
 * @cost 15
 */
export function* filp_close(filp: file, _id: files_struct): Kgen<number> {
  yield* fput(filp);
  return 0;
}
