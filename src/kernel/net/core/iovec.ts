/** Mirrors net/core/iovec.c (2.6.39): copying between kernel memory and the pieces of a user's message. */
import { EFAULT } from '../../include/linux/errno';
import type { iovec } from '../../include/linux/fs';
import { copy_from_user, copy_to_user } from '../../include/linux/uaccess';
import { csum_and_copy_from_user, csum_block_add, type err_ptr } from '../../lib/checksum';

/** A partial sum that a function adds to for its caller; in C a pointer to __wsum. */
export interface csum_ptr {
  csum: number;
}

/** A `struct iovec *`: the first of several, or the only one. */
export type iovec_ptr = iovec | readonly iovec[];

/**
 * Copies kernel memory to the pieces, which shrink by what they got: 0, or -EFAULT.
 * @modelled net/core/iovec.c
 * @cost 6
 */
export function memcpy_toiovec(iov: iovec_ptr, kdata: number, len: number): number {
  let from = kdata;
  let left = len;
  for (const piece of 'iov_base' in iov ? [iov] : iov) {
    if (left === 0) {
      break;
    }
    const copy = Math.min(piece.iov_len, left);
    if (copy > 0) {
      if (copy_to_user(piece.iov_base, from, copy) !== 0) {
        return -EFAULT;
      }
      from += copy;
      left -= copy;
      piece.iov_len -= copy;
      piece.iov_base += copy;
    }
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Copies `len` bytes from `offset` in the pieces to kernel memory; the pieces stay as they are. 0, or -EFAULT.
 * @modelled net/core/iovec.c
 * @cost 6
 */
export function memcpy_fromiovecend(kdata: number, iov: readonly iovec[], offset: number, len: number): number {
  let skip = offset;
  let to = kdata;
  let left = len;
  for (const { iov_base, iov_len } of iov) {
    if (left === 0) {
      break;
    }
    const copy = Math.min(Math.max(iov_len - skip, 0), left);
    if (copy > 0 && copy_from_user(to, iov_base + skip, copy) !== 0) {
      return -EFAULT;
    }
    skip = Math.max(skip - iov_len, 0);
    to += copy;
    left -= copy;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Copies `len` bytes from `offset` in the pieces to kernel memory and sums them on the way: 0, or -EFAULT. A piece may end
 * at an odd byte.
 * @modelled net/core/iovec.c
 * @cost 8
 */
export function csum_partial_copy_fromiovecend(
  kdata: number,
  iov: readonly iovec[],
  offset: number,
  len: number,
  csump: csum_ptr,
): number {
  const err: err_ptr = { err: 0 };
  let skip = offset;
  let to = kdata;
  let left = len;
  for (const { iov_base, iov_len } of iov) {
    if (left === 0) {
      break;
    }
    const copy = Math.min(Math.max(iov_len - skip, 0), left);
    if (copy > 0) {
      const csum = csum_and_copy_from_user(iov_base + skip, to, copy, 0, err);
      if (err.err !== 0) {
        return -EFAULT;
      }
      csump.csum = csum_block_add(csump.csum, csum, len - left);
    }
    skip = Math.max(skip - iov_len, 0);
    to += copy;
    left -= copy;
  }
  return left === 0 ? 0 : -EFAULT;
}
