/** Mirrors lib/sha1.c (2.6.39): the compression of SHA-1 (RFC 3174 section 6.1). */

export const SHA_DIGEST_WORDS = 5;
/** Words of a block of data. */
export const SHA_BLOCK_WORDS = 16;
const SHA_WORKSPACE_WORDS = 80;

const rol32 = (word: number, shift: number): number => (word << shift) | (word >>> (32 - shift));

/** 20 steps each: what mixes three words, and what is added. */
const ROUNDS: readonly { readonly mix: (x: number, y: number, z: number) => number; readonly constant: number }[] = [
  { mix: (x, y, z) => z ^ (x & (y ^ z)), constant: 0x5a827999 },
  { mix: (x, y, z) => x ^ y ^ z, constant: 0x6ed9eba1 },
  { mix: (x, y, z) => (x & y) + (z & (x ^ y)), constant: 0x8f1bbcdc },
  { mix: (x, y, z) => x ^ y ^ z, constant: 0xca62c1d6 },
];
const STEPS = 20;

/**
 * Mixes a block of 16 words, as they stand in network order, into the digest.
 * @modelled lib/sha1.c
 * @cost 250
 */
export function sha_transform(digest: Uint32Array, data: Uint32Array): void {
  const w = new Int32Array(SHA_WORKSPACE_WORDS);
  w.set(data.subarray(0, SHA_BLOCK_WORDS));
  for (let n = SHA_BLOCK_WORDS; n < SHA_WORKSPACE_WORDS; n++) {
    w[n] = rol32((w[n - 3] as number) ^ (w[n - 8] as number) ^ (w[n - 14] as number) ^ (w[n - 16] as number), 1);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = digest;
  w.forEach((word, n) => {
    const { mix, constant } = ROUNDS[Math.trunc(n / STEPS)] as (typeof ROUNDS)[number];
    const mixed = (rol32(a, 5) + mix(b, c, d) + e + word + constant) | 0;
    [a, b, c, d, e] = [mixed, a, rol32(b, 30), c, d];
  });
  [a, b, c, d, e].forEach((word, n) => {
    digest[n] = (digest[n] as number) + word;
  });
}
