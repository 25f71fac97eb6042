import { expect, it } from 'vitest';
import { pcapng } from './pcapng';

/** Blocks of a file, as type and total length; checks that both lengths of each agree. */
function blocks(file: Uint8Array): [number, number][] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: [number, number][] = [];
  for (let at = 0; at < file.length; ) {
    const length = view.getUint32(at + 4, true);
    expect(view.getUint32(at + length - 4, true)).toBe(length);
    found.push([view.getUint32(at, true), length]);
    at += length;
  }
  return found;
}

const iface = { name: 'A:eth0:tap', description: 'tap' };

it('writes a section, an interface and each packet as blocks of whole 32-bit words', () => {
  const packet = { at: 0, ns: 5_000_000_123, bytes: Uint8Array.of(1, 2, 3, 4, 5), direction: 'out' as const };
  const file = pcapng([iface], [packet, { ...packet, comment: 'lost' }]);
  const found = blocks(file);
  expect(found.map(([type]) => type)).toEqual([0x0a0d0d0a, 1, 6, 6]);
  for (const [, length] of found) expect(length % 4).toBe(0);
  const view = new DataView(file.buffer, file.byteOffset);
  const epb = (found[0]?.[1] ?? 0) + (found[1]?.[1] ?? 0);
  const word = (nth: number) => view.getUint32(epb + 8 + 4 * nth, true);
  expect(word(1) * 2 ** 32 + word(2)).toBe(5_000_000_123);
  expect([word(3), word(4)]).toEqual([5, 5]);
  expect([...file.subarray(epb + 28, epb + 36)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
});

it('writes a file without packets', () => {
  expect(blocks(pcapng([iface], [])).map(([type]) => type)).toEqual([0x0a0d0d0a, 1]);
});
