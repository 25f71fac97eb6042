import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as order from './seq';

const anySeq = fc.integer({ min: 0, max: 0xffff_ffff });

describe('sequence numbers', () => {
  // RFC 1982 section 5.2, its example of 8 bits carried to 32: s1 < s2 when the way from s1 up to s2 is less than half the circle.
  it.each([
    [0, 1, true],
    [0, 44 * 2 ** 24, true],
    [0, 100 * 2 ** 24, true],
    [44 * 2 ** 24, 100 * 2 ** 24, true],
    [100 * 2 ** 24, 200 * 2 ** 24, true],
    [200 * 2 ** 24, 255 * 2 ** 24, true],
    [255 * 2 ** 24, 0, true],
    [255 * 2 ** 24, 100 * 2 ** 24, true],
    [200 * 2 ** 24, 0, true],
    [200 * 2 ** 24, 44 * 2 ** 24, true],
    [0xffff_ffff, 0, true],
    [0xffff_fff0, 0x10, true],
    [0x7fff_ffff, 0x8000_0000, true],
    [5, 5, false],
    [1, 0, false],
  ])('%i comes before %i: %s', (a, b, isBefore) => {
    expect(order.before(a, b)).toBe(isBefore);
    expect(order.after(b, a)).toBe(isBefore);
    if (isBefore) expect(order.before(b, a)).toBe(false);
  });

  it('are in a window that goes round the end of the numbers (RFC 793 section 3.3)', () => {
    expect(order.between(0xffff_ffff, 0xffff_fff0, 0x10)).toBe(true);
    expect(order.between(0, 0xffff_fff0, 0x10)).toBe(true);
    expect(order.between(0x10, 0xffff_fff0, 0x10)).toBe(true);
    expect(order.between(0x11, 0xffff_fff0, 0x10)).toBe(false);
    expect(order.between(0xffff_ffef, 0xffff_fff0, 0x10)).toBe(false);
  });

  it('are as far apart as was added, wherever they stand', () => {
    fc.assert(
      fc.property(anySeq, fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), (a, n) => {
        const b = order.seqAdd(a, n);
        expect(order.seqDiff(b, a)).toBe(n);
        expect([order.after(b, a), order.before(b, a)]).toEqual([n > 0, n < 0]);
      }),
    );
  });
});
