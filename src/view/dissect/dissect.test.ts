import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dissect } from './dissect';
import { internetChecksum, transportChecksum } from './sums';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** A SYN of a real stack (both checksums computed by it). */
const SYN = bytes(`
  00 00 00 00 00 00 00 00 00 00 00 00 08 00
  45 00 00 3c 1c 46 40 00 40 06 b1 e6 ac 10 0a 63 ac 10 0a 0c`);

describe('dissect', () => {
  it('knows the header checksum example of RFC 1071 style sums', () => {
    expect(internetChecksum(SYN, 14, 34)).toBe(0);
    const [, ip] = dissect(SYN).sections;
    expect(ip?.fields.find(({ name }) => name === 'header checksum')?.text).toBe('0xb1e6 (right)');
    expect(ip?.fields.find(({ name }) => name === 'source')?.text).toBe('172.16.10.99');
  });

  it('names the bytes of every field once, in order, within the frame', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(0x0800, 0x0806, 0x1234),
        fc.nat(255),
        (random, type, protocol) => {
          const frame = Uint8Array.from(random);
          if (frame.length > 13) [frame[12], frame[13]] = [type >> 8, type & 0xff];
          if (frame.length > 24) [frame[14], frame[23]] = [0x45, protocol % 3 === 0 ? 6 : protocol];
          const { sections, summary } = dissect(frame);
          expect(summary.length).toBeGreaterThan(0);
          let at = 0;
          for (const section of sections) {
            expect(section.at).toBe(at);
            at += section.length;
            for (const field of section.fields) {
              expect(field.at).toBeGreaterThanOrEqual(section.at);
              expect(field.at + field.length).toBeLessThanOrEqual(section.at + section.length);
            }
          }
          expect(at).toBeLessThanOrEqual(frame.length);
        },
      ),
    );
  });

  it('takes a pause frame apart (IEEE 802.3 annex 31B)', () => {
    const frame = bytes(`01 80 c2 00 00 01 02 00 00 00 00 01 88 08 00 01 06 80 ${'00 '.repeat(42)}`);
    const { sections, summary } = dissect(frame);
    expect(summary).toBe('PAUSE 1664 × 512 bit times');
    expect(sections.map(({ protocol, at, length }) => [protocol, at, length])).toEqual([
      ['eth', 0, 14],
      ['macc', 14, 4],
      ['data', 18, 42],
    ]);
    expect(sections[1]?.fields.map(({ key, value }) => [key, value])).toEqual([
      ['macc.opcode', 1],
      ['macc.pause_time', 0x680],
    ]);
  });

  it('tells a checksum left to the card from a wrong one', () => {
    const frame = bytes(`
      02 00 00 00 00 02 02 00 00 00 00 01 08 00
      45 00 00 2c 00 01 40 00 40 06 00 00 0a 00 00 01 0a 00 00 02
      9c 40 13 89 00 00 00 01 00 00 00 01 50 18 00 e5 00 00 00 00 41 42 43 44`);
    const put = (value: number): void => {
      frame[50] = value >> 8;
      frame[51] = value & 0xff;
    };
    // 0a00 + 0001 + 0a00 + 0002 + protocol 6 + length 24
    put(0x0a00 + 1 + 0x0a00 + 2 + 6 + 24);
    expect(transportChecksum(frame)).toBe('partial');
    put(0);
    put(internetChecksum(frame, 34, 58, 0x0a00 + 1 + 0x0a00 + 2 + 6 + 24));
    expect(transportChecksum(frame)).toBe('right');
    put(0x1234);
    expect(transportChecksum(frame)).toBe('wrong');
  });
});
