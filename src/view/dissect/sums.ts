/** Internet checksums (RFC 1071) of frames: right, wrong, or left for the card to finish. */

/** Internet checksum over a range; `seed` is added. 0 when the range holds a right checksum. */
export function internetChecksum(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  let sum = seed;
  for (let i = from; i < to; i += 2) sum += ((bytes[i] ?? 0) << 8) | (i + 1 < to ? (bytes[i + 1] ?? 0) : 0);
  return ~folded(sum) & 0xffff;
}

function folded(value: number): number {
  let sum = value;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** Sum of the pseudo-header of RFC 793 and 768. */
export function pseudoSum(bytes: Uint8Array, ip: number, protocol: number, length: number): number {
  let sum = protocol + length;
  for (let i = ip + 12; i < ip + 20; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

/** How a checksum stands: right; only the pseudo-header's sum (left to the card); or wrong. */
export type ChecksumState = 'right' | 'partial' | 'wrong';

export const CHECKSUM_WORDS: Readonly<Record<ChecksumState, string>> = {
  right: '(right)',
  partial: '(pseudo-header only)',
  wrong: '(wrong)',
};

/** Of a TCP or UDP segment from `at` to `end`, whose checksum is `offset` bytes into it. */
export function checksumState(
  bytes: Uint8Array,
  ip: number,
  at: number,
  end: number,
  protocol: number,
  offset: number,
): ChecksumState {
  const length = end - at;
  if (internetChecksum(bytes, at, end, pseudoSum(bytes, ip, protocol, length)) === 0) return 'right';
  const partial = folded(pseudoSum(bytes, ip, protocol, length));
  // Segmentation engines want the sum without the length, as each segment has its own.
  const withoutLength = folded(pseudoSum(bytes, ip, protocol, 0));
  const check = ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
  return check === partial || check === withoutLength ? 'partial' : 'wrong';
}

const TCP_CHECK = 16;
const UDP_CHECK = 6;

/** The TCP or UDP checksum of a whole frame, or null where there is none to judge. */
export function transportChecksum(bytes: Uint8Array): ChecksumState | null {
  if (bytes.length < 42 || bytes[12] !== 8 || bytes[13] !== 0) return null;
  const protocol = bytes[23];
  const isFragment = (((bytes[20] ?? 0) << 8) | (bytes[21] ?? 0)) & 0x3fff;
  if ((protocol !== 6 && protocol !== 17) || isFragment !== 0) return null;
  const at = 14 + ((bytes[14] as number) & 0xf) * 4;
  const end = Math.min(bytes.length, 14 + (((bytes[16] as number) << 8) | (bytes[17] as number)));
  if (end - at < (protocol === 6 ? 20 : 8)) return null;
  if (protocol === 17 && bytes[at + UDP_CHECK] === 0 && bytes[at + UDP_CHECK + 1] === 0) return null;
  return checksumState(bytes, 14, at, end, protocol, protocol === 6 ? TCP_CHECK : UDP_CHECK);
}
