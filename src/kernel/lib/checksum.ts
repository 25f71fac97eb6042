/**
 * Mirrors lib/checksum.c, include/net/checksum.h and the x86-64 versions of them (arch/x86/lib/csum-partial_64.c,
 * csum-wrappers_64.c) of 2.6.39: the Internet checksum of RFC 1071.
 * A partial sum is a 32-bit ones' complement number over big-endian 16-bit words (x86 sums little-endian words: the same
 * number with its bytes exchanged, RFC 1071 section 2(B)). A check field holds `csum_fold` of it.
 */
import { charge } from '../../base/clock';
import { heap } from '../../base/heap';
import { EFAULT } from '../include/linux/errno';
import { access_ok } from '../include/linux/uaccess';

/** ns a byte takes to sum, and to copy and sum in one pass. */
const SUM_NS_PER_BYTE = 0.35;
const COPY_SUM_NS_PER_BYTE = 0.5;

/** Where a copying function leaves -EFAULT; in C a pointer to int. */
export interface err_ptr {
  err: number;
}

/**
 * Sum of 16-bit words at an address, without carry beyond 32 bits lost.
 * @model bytes of RAM; the charge is the caller's
 * @cost 0
 */
export function sum_words(buff: number, len: number): number {
  const bytes = heap.bytes(buff, len);
  let sum = 0;
  const even = len & ~1;
  for (let i = 0; i < even; i += 2) {
    sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  }
  if (even !== len) {
    sum += (bytes[even] as number) << 8;
  }
  while (sum > 0xffffffff) {
    sum = (sum % 0x100000000) + Math.floor(sum / 0x100000000);
  }
  return sum;
}

/**
 * The loop over the words.
 * @modelled arch/x86/lib/csum-partial_64.c
 * @cost 6
 */
export function do_csum(buff: number, len: number): number {
  charge(Math.round(len * SUM_NS_PER_BYTE));
  return sum_words(buff, len);
}

/**
 * Ones' complement addition of partial sums.
 * @modelled include/net/checksum.h
 * @cost 1
 */
export function csum_add(csum: number, addend: number): number {
  const sum = csum + addend;
  return sum > 0xffffffff ? sum - 0xffffffff : sum;
}

/** Ones' complement subtraction of partial sums. */
export const csum_sub = (csum: number, addend: number): number => csum_add(csum, ~addend >>> 0);

/**
 * Adds the sum of a block that begins `offset` bytes into the data: at an odd offset its bytes change places.
 * @modelled include/net/checksum.h
 * @cost 1
 */
export function csum_block_add(csum: number, csum2: number, offset: number): number {
  const placed = (offset & 1) === 0 ? csum2 : (((csum2 & 0xff00ff) << 8) | ((csum2 >>> 8) & 0xff00ff)) >>> 0;
  return csum_add(csum, placed);
}

/**
 * Takes the sum of a block away again.
 * @modelled include/net/checksum.h
 * @cost 1
 */
export function csum_block_sub(csum: number, csum2: number, offset: number): number {
  const placed = (offset & 1) === 0 ? csum2 : (((csum2 & 0xff00ff) << 8) | ((csum2 >>> 8) & 0xff00ff)) >>> 0;
  return csum_sub(csum, placed);
}

/**
 * Adds the sum of `len` bytes at `buff` to `sum`.
 * @modelled arch/x86/lib/csum-partial_64.c
 * @cost 3
 */
export function csum_partial(buff: number, len: number, sum: number): number {
  return csum_add(do_csum(buff, len), sum);
}

/**
 * The check field for a partial sum: folded to 16 bits and complemented.
 * @modelled include/asm-generic/checksum.h
 * @cost 1
 */
export function csum_fold(csum: number): number {
  let sum = (csum >>> 16) + (csum & 0xffff);
  sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}

/**
 * Adds the pseudo-header (RFC 793 section 3.1): addresses in host order, length of segment, protocol.
 * @modelled arch/x86/include/asm/checksum_64.h
 * @cost 2
 */
export function csum_tcpudp_nofold(saddr: number, daddr: number, len: number, proto: number, sum: number): number {
  return csum_add(csum_add(csum_add(sum, saddr >>> 0), daddr >>> 0), len + proto);
}

/**
 * The check field of a TCP or UDP segment: pseudo-header added to the sum of the segment, folded.
 * @modelled arch/x86/include/asm/checksum_64.h
 * @cost 2
 */
export function csum_tcpudp_magic(saddr: number, daddr: number, len: number, proto: number, sum: number): number {
  return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

/**
 * The check field of an IPv4 header of `ihl` words; 0 for a header that has the right one.
 * @modelled arch/x86/include/asm/checksum_64.h
 * @cost 6
 */
export function ip_fast_csum(iph: number, ihl: number): number {
  return csum_fold(sum_words(iph, ihl * 4));
}

/** Changes a check field for a changed 16-bit word (RFC 1624). */
export const csum_replace2 = (sum: number, from: number, to: number): number =>
  csum_fold(csum_add(csum_sub(~sum & 0xffff, from), to));

/**
 * Copies and sums in one pass, inside the kernel.
 * @modelled arch/x86/lib/csum-wrappers_64.c
 * @cost 4
 */
export function csum_partial_copy_nocheck(src: number, dst: number, len: number, sum: number): number {
  charge(Math.round(len * COPY_SUM_NS_PER_BYTE));
  heap.copy(dst, src, len);
  return csum_add(sum_words(dst, len), sum);
}

/**
 * Copies from user memory and sums in one pass.
 * @modelled include/net/checksum.h
 * @cost 6
 */
export function csum_and_copy_from_user(src: number, dst: number, len: number, sum: number, err: err_ptr): number {
  if (!access_ok(src, len)) {
    err.err = -EFAULT;
    return sum;
  }
  err.err = 0;
  charge(Math.round(len * COPY_SUM_NS_PER_BYTE));
  heap.copy(dst, src, len);
  return csum_add(sum_words(dst, len), sum);
}

/**
 * Copies to user memory and sums in one pass.
 * @modelled include/net/checksum.h
 * @cost 6
 */
export function csum_and_copy_to_user(src: number, dst: number, len: number, sum: number, err: err_ptr): number {
  if (!access_ok(dst, len)) {
    err.err = -EFAULT;
    return sum;
  }
  err.err = 0;
  charge(Math.round(len * COPY_SUM_NS_PER_BYTE));
  heap.copy(dst, src, len);
  return csum_add(sum_words(src, len), sum);
}
