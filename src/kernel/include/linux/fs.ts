/** Mirrors include/linux/fs.h, fdtable.h, aio.h and uio.h (2.6.39) as far as sockets meet them. */
import { addr, bool, byteCount, flags, int, list, ref, struct, table } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { poll_table } from './poll';

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;
export const O_RDWR = 2;
export const O_NONBLOCK = 0o4000;

/** Which operations a file has; sockets fill in the aio ones only. */
export interface file_operations {
  read: ((file: file, buf: number, count: number, ppos: { pos: number }) => Kgen<number>) | null;
  write: ((file: file, buf: number, count: number, ppos: { pos: number }) => Kgen<number>) | null;
  aio_read: ((iocb: kiocb, iov: readonly iovec[], nr_segs: number, pos: number) => Kgen<number>) | null;
  aio_write: ((iocb: kiocb, iov: readonly iovec[], nr_segs: number, pos: number) => Kgen<number>) | null;
  poll: ((file: file, wait: poll_table | null) => number) | null;
  unlocked_ioctl: ((file: file, cmd: number, arg: number) => Kgen<number>) | null;
  release: ((file: file) => Kgen<number>) | null;
}

export const file = struct('file', {
  f_op: table<file_operations>('operations of this kind of file'),
  f_count: int('references', 1),
  f_flags: flags('open flags', { O_RDWR, O_NONBLOCK }),
  f_mode: flags('may be read or written', { FMODE_READ, FMODE_WRITE }),
  f_pos: byteCount('position'),
  f_owner: ref<object>('task that is told of urgent data (F_SETOWN), null: none'),
  private_data: ref<object>('the struct socket'),
});
export interface file extends InstanceType<typeof file> {}

export const files_struct = struct('files_struct', {
  count: int('tasks that share the table', 1),
  fd: list(ref<file>('open file'), 64, 'open files by descriptor'),
  reserved: list(bool('taken'), 64, 'descriptors taken whose file is still being made'),
});
export interface files_struct extends InstanceType<typeof files_struct> {}

/** A range of user memory. Lives on the kernel stack, so it is no heap struct. */
export interface iovec {
  /** Address of the user's bytes in RAM. */
  iov_base: number;
  /** bytes */
  iov_len: number;
}

/** Control block of one I/O operation, on the stack of do_sync_read/write. */
export interface kiocb {
  /** Null for an operation that no file stands behind (sock_sendmsg). */
  ki_filp: file | null;
  ki_pos: number;
  ki_left: number;
  ki_nbytes: number;
  private: unknown;
}

export const user_buffer = struct('user_buffer', {
  addr: addr('where the bytes stand in RAM'),
  len: byteCount('length'),
  done: byteCount('bytes the kernel has taken or given so far'),
});
/** Memory of a process that system calls read or fill. Not in C, where it is any user page. */
export interface user_buffer extends InstanceType<typeof user_buffer> {}
