import { describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from '../../base/heap';
import {
  csum_block_add,
  csum_fold,
  csum_partial,
  csum_replace2,
  csum_sub,
  csum_tcpudp_magic,
  ip_fast_csum,
} from './checksum';

function put(bytes: readonly number[]): number {
  const at = heap.ramAlloc(Math.max(bytes.length, 1));
  heap.writeBytes(at, Uint8Array.from(bytes));
  return at;
}

/** The sum as RFC 1071 writes it down, one word at a time. */
function plainChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}

const noise = Array.from({ length: 1461 }, (_, i) => (i * 73 + (i >> 3) * 19) & 0xff);

describe('the Internet checksum', () => {
  it('gives the number of the example in RFC 1071 section 3', () => {
    setHeap(new Heap());
    const at = put([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    expect(csum_fold(csum_partial(at, 8, 0))).toBe(~0xddf2 & 0xffff);
  });

  it('is the same whole or in blocks, at even and odd offsets', () => {
    setHeap(new Heap());
    const at = put(noise);
    const whole = csum_fold(csum_partial(at, noise.length, 0));
    expect(whole).toBe(plainChecksum(noise));
    for (const cut of [1, 2, 7, 730, 1460]) {
      const first = csum_partial(at, cut, 0);
      const second = csum_partial(at + cut, noise.length - cut, 0);
      expect(csum_fold(csum_block_add(first, second, cut))).toBe(whole);
      expect(csum_fold(csum_sub(csum_block_add(first, second, cut), first))).toBe(
        csum_fold(csum_block_add(0, second, cut)),
      );
    }
  });

  it('verifies a header that carries it, and follows a changed word', () => {
    setHeap(new Heap());
    const header = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
    const at = put(header);
    const check = ip_fast_csum(at, 5);
    expect(check).toBe(0xb861);
    heap.writeBe16(at + 10, check);
    expect(ip_fast_csum(at, 5)).toBe(0);
    heap.writeBe16(at + 2, 0x99);
    heap.writeBe16(at + 10, csum_replace2(check, 0x73, 0x99));
    expect(ip_fast_csum(at, 5)).toBe(0);
  });

  it('counts the pseudo-header', () => {
    setHeap(new Heap());
    const segment = noise.slice(0, 33);
    const pseudo = [10, 0, 0, 1, 10, 0, 0, 2, 0, 6, 0, 33];
    const at = put(segment);
    const sum = csum_partial(at, 33, 0);
    expect(csum_tcpudp_magic(0x0a000001, 0x0a000002, 33, 6, sum)).toBe(plainChecksum([...pseudo, ...segment]));
  });
});
