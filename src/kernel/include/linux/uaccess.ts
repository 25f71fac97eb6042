/**
 * Mirrors include/linux/uaccess.h and arch/x86/include/asm/uaccess.h (2.6.39): copying between user memory and kernel
 * memory. User memory is a range of RAM like any other; an address outside RAM faults. Left out: page faults that sleep.
 */
import { charge } from '../../../base/clock';
import { heap } from '../../../base/heap';
import { EFAULT } from './errno';

/** ns a copied byte takes when the lines are in the cache: about 3 GB/s. */
export const COPY_NS_PER_BYTE = 0.3;

/** Lowest address a program may name. */
const LOWEST_USER_ADDRESS = 64;

/**
 * True when the range may be touched.
 * @modelled arch/x86/include/asm/uaccess.h
 * @cost 1
 */
export function access_ok(addr: number, size: number): boolean {
  return addr >= LOWEST_USER_ADDRESS && size >= 0 && addr + size <= heap.ramTop;
}

/**
 * Copies `n` bytes from user memory. Returns the bytes left uncopied: 0, or all of them on a fault.
 * @simplified a fault copies nothing
 * @cost 8
 */
export function copy_from_user(to: number, from: number, n: number): number {
  if (!access_ok(from, n)) {
    return n;
  }
  charge(Math.round(n * COPY_NS_PER_BYTE));
  heap.copy(to, from, n);
  return 0;
}

/**
 * Copies `n` bytes to user memory. Returns the bytes left uncopied: 0, or all of them on a fault.
 * @simplified a fault copies nothing
 * @cost 8
 */
export function copy_to_user(to: number, from: number, n: number): number {
  if (!access_ok(to, n)) {
    return n;
  }
  charge(Math.round(n * COPY_NS_PER_BYTE));
  heap.copy(to, from, n);
  return 0;
}

/**
 * Copies inside kernel memory.
 * @modelled arch/x86/lib/memcpy_64.S
 * @cost 2
 */
export function memcpy(to: number, from: number, n: number): void {
  charge(Math.round(n * COPY_NS_PER_BYTE));
  heap.copy(to, from, n);
}

/** A number of four bytes at a user address, null: it faults. A macro in C: no call. */
export const get_user = (from: number): number | null => (access_ok(from, 4) ? heap.readLe32(from) | 0 : null);

/** Writes a number of four bytes to a user address: 0, or -EFAULT. A macro in C: no call. */
export const put_user = (value: number, to: number): number => {
  if (!access_ok(to, 4)) return -EFAULT;
  heap.writeLe32(to, value);
  return 0;
};

/** The same with eight bytes. */
export const get_user64 = (from: number): number | null =>
  access_ok(from, 8) ? (heap.readLe32(from + 4) | 0) * 2 ** 32 + heap.readLe32(from) : null;

/** A text of at most `count` bytes from a user address, up to its end; null: it faults. An assembler routine: no call. */
export const strncpy_from_user = (from: number, count: number): string | null => {
  if (!access_ok(from, count)) return null;
  let text = '';
  for (let i = 0; i < count; i++) {
    const byte = heap.read8(from + i);
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
};
