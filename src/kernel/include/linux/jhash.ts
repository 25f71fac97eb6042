/** Mirrors include/linux/jhash.h (2.6.39): Bob Jenkins' lookup3 for a few words. Inlined everywhere in the kernel: no calls. */

const JHASH_INITVAL = 0xdeadbeef;

const rol32 = (word: number, shift: number): number => (word << shift) | (word >>> (32 - shift));

/** Hash of three words, unsigned 32 bits. */
export const jhash_3words = (a: number, b: number, c: number, initval: number): number => {
  a = (a + JHASH_INITVAL) | 0;
  b = (b + JHASH_INITVAL) | 0;
  c = (c + initval) | 0;
  c = ((c ^ b) - rol32(b, 14)) | 0;
  a = ((a ^ c) - rol32(c, 11)) | 0;
  b = ((b ^ a) - rol32(a, 25)) | 0;
  c = ((c ^ b) - rol32(b, 16)) | 0;
  a = ((a ^ c) - rol32(c, 4)) | 0;
  b = ((b ^ a) - rol32(a, 14)) | 0;
  c = ((c ^ b) - rol32(b, 24)) | 0;
  return c >>> 0;
};

/** Hash of two words, unsigned 32 bits. */
export const jhash_2words = (a: number, b: number, initval: number): number => jhash_3words(a, b, 0, initval);

/** Hash of one word, unsigned 32 bits. */
export const jhash_1word = (a: number, initval: number): number => jhash_3words(a, 0, 0, initval);
