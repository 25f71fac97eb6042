/** Mirrors net/core/iovec.c (2.6.39): copying between kernel memory and the pieces of a user's message. */
import { EFAULT } from '../../include/linux/errno';
import type { iovec } from '../../include/linux/fs';
import { copy_to_user } from '../../include/linux/uaccess';

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
