/**
 * Mirrors fs/read_write.c (2.6.39): read() and write() down to the operations of the file.
 * Left out: positions of seekable files beyond passing them on, notification of watchers, accounting.
 */
import type { Kgen } from '../arch/current';
import { EBADF, EFAULT, EINVAL, EIOCBRETRY } from '../include/linux/errno';
import { FMODE_READ, FMODE_WRITE, type file, type file_operations, type iovec, type kiocb } from '../include/linux/fs';
import { access_ok } from '../include/linux/uaccess';
import { fget_light, fput_light, type fput_needed_ptr } from './file_table';

/** Most bytes one call moves: INT_MAX rounded down to a page. */
const MAX_RW_COUNT = 0x7ffff000;

/** A position that a function moves for its caller; in C a pointer to loff_t. */
export interface loff_ptr {
  pos: number;
}

/**
 * The system call: `count` bytes at `buf` go to the file of a descriptor. Returns how many went, or -errno.
 * @modelled fs/read_write.c
 * @cost 15
 */
export function* sys_write(fd: number, buf: number, count: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  let ret = -EBADF;
  const file = fget_light(fd, needed);
  if (file !== null) {
    const pos: loff_ptr = { pos: file.f_pos };
    ret = yield* vfs_write(file, buf, count, pos);
    file.f_pos = pos.pos;
    yield* fput_light(file, needed.fput_needed);
  }
  return ret;
}

/**
 * The system call: up to `count` bytes of the file of a descriptor come to `buf`. Returns how many came, or -errno.
 * @modelled fs/read_write.c
 * @cost 15
 */
export function* sys_read(fd: number, buf: number, count: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  let ret = -EBADF;
  const file = fget_light(fd, needed);
  if (file !== null) {
    const pos: loff_ptr = { pos: file.f_pos };
    ret = yield* vfs_read(file, buf, count, pos);
    file.f_pos = pos.pos;
    yield* fput_light(file, needed.fput_needed);
  }
  return ret;
}

/**
 * How much of a request may be done: at most MAX_RW_COUNT, or -EINVAL.
 * @simplified no mandatory locks, no security module
 * @cost 6
 */
export function rw_verify_area(_read_write: number, _file: file, ppos: loff_ptr, count: number): number {
  if (count < 0 || ppos.pos < 0) {
    return -EINVAL;
  }
  return Math.min(count, MAX_RW_COUNT);
}

/**
 * Writes to a file by its own operation, or by the asynchronous one made to wait.
 * @modelled fs/read_write.c
 * @omits fsnotify_modify: nobody watches
 * @cost 15
 */
export function* vfs_write(file: file, buf: number, count: number, pos: loff_ptr): Kgen<number> {
  if ((file.f_mode & FMODE_WRITE) === 0) {
    return -EBADF;
  }
  const f_op = file.f_op;
  if (f_op === null || (f_op.write === null && f_op.aio_write === null)) {
    return -EINVAL;
  }
  if (!access_ok(buf, count)) {
    return -EFAULT;
  }
  const ret = rw_verify_area(FMODE_WRITE, file, pos, count);
  if (ret < 0) {
    return ret;
  }
  if (f_op.write !== null) {
    return yield* f_op.write(file, buf, ret, pos);
  }
  return yield* do_sync_write(file, buf, ret, pos);
}

/**
 * Reads from a file by its own operation, or by the asynchronous one made to wait.
 * @modelled fs/read_write.c
 * @omits fsnotify_access: nobody watches
 * @cost 15
 */
export function* vfs_read(file: file, buf: number, count: number, pos: loff_ptr): Kgen<number> {
  if ((file.f_mode & FMODE_READ) === 0) {
    return -EBADF;
  }
  const f_op = file.f_op;
  if (f_op === null || (f_op.read === null && f_op.aio_read === null)) {
    return -EINVAL;
  }
  if (!access_ok(buf, count)) {
    return -EFAULT;
  }
  const ret = rw_verify_area(FMODE_READ, file, pos, count);
  if (ret < 0) {
    return ret;
  }
  if (f_op.read !== null) {
    return yield* f_op.read(file, buf, ret, pos);
  }
  return yield* do_sync_read(file, buf, ret, pos);
}

/**
 * Calls aio_write with one piece and a control block on the stack, again while it asks for that.
 * @modelled fs/read_write.c
 * @omits wait_on_sync_kiocb: no operation here is queued
 * @cost 15
 */
export function* do_sync_write(filp: file, buf: number, len: number, ppos: loff_ptr): Kgen<number> {
  const iov: iovec[] = [{ iov_base: buf, iov_len: len }];
  const iocb: kiocb = { ki_filp: filp, ki_pos: ppos.pos, ki_left: len, ki_nbytes: len, private: null };
  const f_op = filp.f_op as file_operations;
  let ret = -EIOCBRETRY;
  while (ret === -EIOCBRETRY) {
    ret = yield* (f_op.aio_write as NonNullable<file_operations['aio_write']>)(iocb, iov, 1, iocb.ki_pos);
  }
  ppos.pos = iocb.ki_pos;
  return ret;
}

/**
 * Calls aio_read with one piece and a control block on the stack, again while it asks for that.
 * @modelled fs/read_write.c
 * @omits wait_on_sync_kiocb: no operation here is queued
 * @cost 15
 */
export function* do_sync_read(filp: file, buf: number, len: number, ppos: loff_ptr): Kgen<number> {
  const iov: iovec[] = [{ iov_base: buf, iov_len: len }];
  const iocb: kiocb = { ki_filp: filp, ki_pos: ppos.pos, ki_left: len, ki_nbytes: len, private: null };
  const f_op = filp.f_op as file_operations;
  let ret = -EIOCBRETRY;
  while (ret === -EIOCBRETRY) {
    ret = yield* (f_op.aio_read as NonNullable<file_operations['aio_read']>)(iocb, iov, 1, iocb.ki_pos);
  }
  ppos.pos = iocb.ki_pos;
  return ret;
}

/** Most pieces of one call (include/linux/uio.h). */
const UIO_MAXIOV = 1024;

/**
 * The system call: the pieces `vec` go to the file of a descriptor, as one write. Returns how many bytes went, or -errno.
 * @simplified the pieces come as they are, not copied from user memory
 * @cost 15
 */
export function* sys_writev(fd: number, vec: readonly iovec[]): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  let ret = -EBADF;
  const file = fget_light(fd, needed);
  if (file !== null) {
    const pos: loff_ptr = { pos: file.f_pos };
    ret = yield* vfs_writev(file, vec, pos);
    file.f_pos = pos.pos;
    yield* fput_light(file, needed.fput_needed);
  }
  return ret;
}

/**
 * The system call: the file of a descriptor fills the pieces `vec`. Returns how many bytes came, or -errno.
 * @simplified the pieces come as they are, not copied from user memory
 * @cost 15
 */
export function* sys_readv(fd: number, vec: readonly iovec[]): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  let ret = -EBADF;
  const file = fget_light(fd, needed);
  if (file !== null) {
    const pos: loff_ptr = { pos: file.f_pos };
    ret = yield* vfs_readv(file, vec, pos);
    file.f_pos = pos.pos;
    yield* fput_light(file, needed.fput_needed);
  }
  return ret;
}

/**
 * Writes pieces.
 * @modelled fs/read_write.c
 * @cost 8
 */
export function* vfs_writev(file: file, vec: readonly iovec[], pos: loff_ptr): Kgen<number> {
  if ((file.f_mode & FMODE_WRITE) === 0) {
    return -EBADF;
  }
  if (file.f_op === null || file.f_op.aio_write === null) {
    return -EINVAL;
  }
  return yield* do_readv_writev(FMODE_WRITE, file, vec, pos);
}

/**
 * Reads to pieces.
 * @modelled fs/read_write.c
 * @cost 8
 */
export function* vfs_readv(file: file, vec: readonly iovec[], pos: loff_ptr): Kgen<number> {
  if ((file.f_mode & FMODE_READ) === 0) {
    return -EBADF;
  }
  if (file.f_op === null || file.f_op.aio_read === null) {
    return -EINVAL;
  }
  return yield* do_readv_writev(FMODE_READ, file, vec, pos);
}

/**
 * Checks the pieces: their sum in bytes, or -EINVAL or -EFAULT.
 * @modelled fs/read_write.c
 * @cost 8
 */
export function rw_copy_check_uvector(vec: readonly iovec[]): number {
  if (vec.length > UIO_MAXIOV) {
    return -EINVAL;
  }
  let total = 0;
  for (const { iov_base, iov_len } of vec) {
    if (iov_len < 0) {
      return -EINVAL;
    }
    if (!access_ok(iov_base, iov_len)) {
      return -EFAULT;
    }
    total += iov_len;
  }
  return Math.min(total, MAX_RW_COUNT);
}

/**
 * Moves pieces by the operation of the file that takes several.
 * @modelled fs/read_write.c
 * @omits fsnotify_modify: nobody watches
 * @cost 15
 */
export function* do_readv_writev(type: number, file: file, vec: readonly iovec[], pos: loff_ptr): Kgen<number> {
  const total = rw_copy_check_uvector(vec);
  if (total <= 0) {
    return total;
  }
  const ret = rw_verify_area(type, file, pos, total);
  if (ret < 0) {
    return ret;
  }
  return yield* do_sync_readv_writev(file, vec, total, pos, type === FMODE_READ ? 'aio_read' : 'aio_write');
}

/**
 * Calls aio_read or aio_write with the pieces and a control block on the stack, again while it asks for that.
 * @modelled fs/read_write.c
 * @omits wait_on_sync_kiocb: no operation here is queued
 * @cost 15
 */
export function* do_sync_readv_writev(
  filp: file,
  vec: readonly iovec[],
  len: number,
  ppos: loff_ptr,
  slot: 'aio_read' | 'aio_write',
): Kgen<number> {
  const iov = vec.map((piece) => ({ ...piece }));
  const iocb: kiocb = { ki_filp: filp, ki_pos: ppos.pos, ki_left: len, ki_nbytes: len, private: null };
  const f_op = filp.f_op as file_operations;
  let ret = -EIOCBRETRY;
  while (ret === -EIOCBRETRY) {
    ret = yield* (f_op[slot] as NonNullable<file_operations['aio_write']>)(iocb, iov, iov.length, iocb.ki_pos);
  }
  ppos.pos = iocb.ki_pos;
  return ret;
}
