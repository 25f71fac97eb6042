/** What the engines of a card compute over bytes in RAM: the Internet checksum (RFC 1071) and the frame check sequence. */
import { heap } from '../base/heap';

/** Ones' complement sum of big-endian 16-bit words, not inverted; an odd last byte is the high half of a word. */
export function onesSum(from: number, len: number, seed = 0): number {
  const { ram } = heap;
  let sum = seed;
  const even = from + (len & ~1);
  for (let at = from; at < even; at += 2) sum += ((ram[at] as number) << 8) | (ram[at + 1] as number);
  if (len & 1) sum += (ram[even] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of IEEE 802.3 (3.2.9); its bytes stand on the wire little-endian. */
export function frameCheckSequence(from: number, len: number): number {
  const { ram } = heap;
  let crc = 0xffffffff;
  for (let at = from; at < from + len; at++)
    crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (ram[at] as number)) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}
