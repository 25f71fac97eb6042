/**
 * Mirrors net/core/datagram.c (2.6.39): copying received data to the reader, with or without verifying the checksum.
 * Left out: receiving whole datagrams (skb_recv_datagram), datagram_poll, copying from user pages.
 */
import { EFAULT, EINVAL } from '../../include/linux/errno';
import { CHECKSUM_UNNECESSARY, type sk_buff, skb_frag_address, skb_shinfo } from '../../include/linux/skbuff';
import { csum_and_copy_to_user, csum_block_add, csum_fold, csum_partial, type err_ptr } from '../../lib/checksum';
import { type iovec_ptr, memcpy_toiovec } from './iovec';
import { skb_checksum } from './skbuff';

/** A partial sum that a function adds to for its caller; in C a pointer to __wsum. */
export interface csum_ptr {
  csum: number;
}

/**
 * Copies `len` bytes from `offset` in the data to the pieces, which shrink: 0, or -EFAULT.
 * @modelled net/core/datagram.c
 * @cost 10
 */
export function skb_copy_datagram_iovec(skb: sk_buff, offset: number, to: iovec_ptr, len: number): number {
  let at = offset;
  let left = len;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    if (memcpy_toiovec(to, skb.data + at, copy) !== 0) {
      return -EFAULT;
    }
    at += copy;
    left -= copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      if (memcpy_toiovec(to, skb_frag_address(frag) + at - start, copy) !== 0) {
        return -EFAULT;
      }
      at += copy;
      left -= copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      if (skb_copy_datagram_iovec(list, at - start, to, copy) !== 0) {
        return -EFAULT;
      }
      at += copy;
      left -= copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Copies `len` bytes from `offset` in the data to one piece of user memory and adds their sum: 0, or -EFAULT.
 * @modelled net/core/datagram.c
 * @cost 10
 */
export function skb_copy_and_csum_datagram(
  skb: sk_buff,
  offset: number,
  to: number,
  len: number,
  csump: csum_ptr,
): number {
  const err: err_ptr = { err: 0 };
  let at = offset;
  let dst = to;
  let left = len;
  let pos = 0;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    csump.csum = csum_and_copy_to_user(skb.data + at, dst, copy, csump.csum, err);
    if (err.err !== 0) {
      return -EFAULT;
    }
    at += copy;
    dst += copy;
    left -= copy;
    pos = copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      const csum2 = csum_and_copy_to_user(skb_frag_address(frag) + at - start, dst, copy, 0, err);
      if (err.err !== 0) {
        return -EFAULT;
      }
      csump.csum = csum_block_add(csump.csum, csum2, pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      const csum2: csum_ptr = { csum: 0 };
      if (skb_copy_and_csum_datagram(list, at - start, dst, copy, csum2) !== 0) {
        return -EFAULT;
      }
      csump.csum = csum_block_add(csump.csum, csum2.csum, pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Verifies the checksum over the first `len` bytes with what stands in csum: 0 when it is right.
 * @modelled net/core/datagram.c
 * @cost 6
 */
export function __skb_checksum_complete_head(skb: sk_buff, len: number): number {
  const sum = csum_fold(skb_checksum(skb, 0, len, skb.csum));
  if (sum === 0) {
    skb.ip_summed = CHECKSUM_UNNECESSARY;
  }
  return sum;
}

/**
 * Verifies the checksum over all the data: 0 when it is right.
 * @modelled net/core/datagram.c
 * @cost 3
 */
export function __skb_checksum_complete(skb: sk_buff): number {
  return __skb_checksum_complete_head(skb, skb.len);
}

/**
 * Copies the data behind the first `hlen` bytes to the reader and verifies the checksum on the way: 0, -EINVAL for a
 * wrong checksum, -EFAULT. When they do not fit the first piece the checksum is verified before.
 * @modelled net/core/datagram.c
 * @omits netdev_rx_csum_fault: devices here do not err about checksums
 * @cost 10
 */
export function skb_copy_and_csum_datagram_iovec(skb: sk_buff, hlen: number, iov: iovec_ptr): number {
  const chunk = skb.len - hlen;
  if (chunk === 0) {
    return 0;
  }
  const pieces = ('iov_base' in iov ? [iov] : iov).filter((piece) => piece.iov_len > 0);
  const first = pieces[0];
  if (first === undefined) {
    return -EFAULT;
  }
  if (first.iov_len < chunk) {
    if (__skb_checksum_complete(skb) !== 0) {
      return -EINVAL;
    }
    return skb_copy_datagram_iovec(skb, hlen, pieces, chunk) !== 0 ? -EFAULT : 0;
  }
  const sum: csum_ptr = { csum: csum_partial(skb.data, hlen, skb.csum) };
  if (skb_copy_and_csum_datagram(skb, hlen, first.iov_base, chunk, sum) !== 0) {
    return -EFAULT;
  }
  if (csum_fold(sum.csum) !== 0) {
    return -EINVAL;
  }
  first.iov_len -= chunk;
  first.iov_base += chunk;
  return 0;
}
