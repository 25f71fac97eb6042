/** Mirrors lib/halfmd4.c (2.6.39): MD4 (RFC 1320) cut down to 24 of its 48 operations, for numbers that only have to be hard to guess. */

const K1 = 0;
const K2 = 0x5a827999;
const K3 = 0x6ed9eba1;

const rol32 = (word: number, shift: number): number => (word << shift) | (word >>> (32 - shift));

/** A round: what it mixes three words by, what it adds, in which order it takes the input, and how far it turns each word. */
interface Round {
  readonly mix: (x: number, y: number, z: number) => number;
  readonly constant: number;
  readonly order: readonly number[];
  readonly shifts: readonly [number, number, number, number];
}

const ROUNDS: readonly Round[] = [
  { mix: (x, y, z) => z ^ (x & (y ^ z)), constant: K1, order: [0, 1, 2, 3, 4, 5, 6, 7], shifts: [3, 7, 11, 19] },
  { mix: (x, y, z) => (x & y) + ((x ^ y) & z), constant: K2, order: [1, 3, 5, 7, 0, 2, 4, 6], shifts: [3, 5, 9, 13] },
  { mix: (x, y, z) => x ^ y ^ z, constant: K3, order: [3, 7, 2, 6, 1, 5, 0, 4], shifts: [3, 9, 11, 15] },
];

/**
 * Mixes eight words `input` into the four of `buf`, and returns the second of these, which is the hash.
 * @modelled lib/halfmd4.c
 * @cost 60
 */
export function half_md4_transform(buf: Uint32Array, input: ArrayLike<number>): number {
  let [a = 0, b = 0, c = 0, d = 0] = buf;
  for (const { mix, constant, order, shifts } of ROUNDS) {
    order.forEach((word, n) => {
      const mixed = rol32((a + mix(b, c, d) + (input[word] as number) + constant) | 0, shifts[n & 3] as number);
      [a, b, c, d] = [d, mixed, b, c];
    });
  }
  [a, b, c, d].forEach((word, n) => {
    buf[n] = (buf[n] as number) + word;
  });
  return buf[1] as number;
}
