/** Mirrors include/linux/jhash.h (2.6.38 and later): Bob Jenkins' lookup3 hash, for words. */

const JHASH_INITVAL = 0xdeadbeef;

const rol32 = (word: number, shift: number): number => (word << shift) | (word >>> (32 - shift));

/**
 * Hash of three words: the final mix of lookup3. Gives a 32-bit number.
 * @modelled include/linux/jhash.h
 * @cost 6
 */
export function jhash_3words(first: number, second: number, third: number, initval: number): number {
  let a = (first + JHASH_INITVAL) | 0;
  let b = (second + JHASH_INITVAL) | 0;
  let c = (third + initval) | 0;
  c = ((c ^ b) - rol32(b, 14)) | 0;
  a = ((a ^ c) - rol32(c, 11)) | 0;
  b = ((b ^ a) - rol32(a, 25)) | 0;
  c = ((c ^ b) - rol32(b, 16)) | 0;
  a = ((a ^ c) - rol32(c, 4)) | 0;
  b = ((b ^ a) - rol32(a, 14)) | 0;
  c = ((c ^ b) - rol32(b, 24)) | 0;
  return c >>> 0;
}

/**
 * Hash of two words.
 * @modelled include/linux/jhash.h
 * @cost 2
 */
export function jhash_2words(a: number, b: number, initval: number): number {
  return jhash_3words(a, b, 0, initval);
}

/**
 * Hash of one word.
 * @modelled include/linux/jhash.h
 * @cost 2
 */
export function jhash_1word(a: number, initval: number): number {
  return jhash_3words(a, 0, 0, initval);
}
