import { describe, expect, it } from 'vitest';
import { captureRows, type SeenPacket } from './rows';

/** A TCP segment from 10.0.0.1:40000 to 10.0.0.2:5001 (or back); checksums are not what these tests are about. */
function segment(options: { seq: number; ack: number; data: number; back?: boolean; flags?: number }): Uint8Array {
  const bytes = new Uint8Array(54 + options.data);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  bytes.set([0x45, 0], 14);
  view.setUint16(16, 40 + options.data);
  bytes[23] = 6;
  bytes.set(options.back ? [10, 0, 0, 2, 10, 0, 0, 1] : [10, 0, 0, 1, 10, 0, 0, 2], 26);
  view.setUint16(34, options.back ? 5001 : 40_000);
  view.setUint16(36, options.back ? 40_000 : 5001);
  view.setUint32(38, options.seq);
  view.setUint32(42, options.ack);
  bytes[46] = 0x50;
  bytes[47] = options.flags ?? 0x10;
  return bytes;
}

const seen = (ns: number, object: number, direction: 'in' | 'out', bytes: Uint8Array): SeenPacket => ({
  step: ns,
  ns,
  object,
  direction,
  bytes,
});

describe('captureRows', () => {
  it('counts sequence numbers from the first seen of each direction, also over a wrap', () => {
    const start = 0xffffff00;
    const wire = [
      seen(10, 1, 'out', segment({ seq: start, ack: 700, data: 1460 })),
      seen(20, 2, 'out', segment({ seq: (start + 1460) >>> 0, ack: 700, data: 40, flags: 0x18 })),
      seen(30, 3, 'in', segment({ seq: 700, ack: (start + 1500) >>> 0, data: 0, back: true })),
    ];
    expect(captureRows([], wire, (object) => object).map(({ brief }) => brief)).toEqual([
      'ACK 1:1461, ack 1',
      'PSH ACK 1461:1501, ack 1',
      'ACK ack 1501',
    ]);
  });

  it('names no ack where there is none, and counts bytes from the one after the SYN', () => {
    const [mine, yours] = [941_273_482, 2_717_677_803];
    const wire = [
      seen(10, 1, 'out', segment({ seq: mine, ack: 0, data: 0, flags: 0x02 })),
      seen(20, 2, 'in', segment({ seq: yours, ack: mine + 1, data: 0, back: true, flags: 0x12 })),
      seen(30, 3, 'out', segment({ seq: mine + 1, ack: yours + 1, data: 0 })),
      seen(40, 4, 'out', segment({ seq: mine + 1, ack: yours + 1, data: 100, flags: 0x18 })),
      seen(50, 5, 'in', segment({ seq: yours + 1, ack: 0, data: 0, back: true, flags: 0x04 })),
    ];
    const rows = captureRows([], wire, (object) => object);
    expect(rows.map(({ brief }) => brief)).toEqual([
      'SYN',
      'SYN ACK ack 1',
      'ACK ack 1',
      'PSH ACK 1:101, ack 1',
      'RST',
    ]);
    expect(rows[0]?.summary).toContain('[SYN] seq 941273482 win');
  });

  it('puts the frames a large packet became beside it, and says that it was cut', () => {
    const tap = [seen(10, 1, 'out', segment({ seq: 1, ack: 1, data: 2000 }))];
    const wire = [
      seen(20, 2, 'out', segment({ seq: 1, ack: 1, data: 1460 })),
      seen(30, 3, 'out', segment({ seq: 1461, ack: 1, data: 540 })),
      seen(40, 4, 'out', segment({ seq: 2001, ack: 1, data: 10 })),
    ];
    const rows = captureRows(tap, wire, (object) => (object === 4 ? 4 : 1));
    expect(rows.map((row) => [row.tap?.bytes.length, row.wire.length])).toEqual([
      [2054, 2],
      [undefined, 1],
    ]);
    expect(rows[0]?.differences.at(-1)?.why).toContain('2 frames carry a packet of 2054 bytes');
  });

  it('tells an ICMP error as what it is, not as the packet it quotes', () => {
    const quoted = segment({ seq: 1, ack: 1, data: 0 }).subarray(14, 42);
    const bytes = new Uint8Array(14 + 20 + 8 + 28);
    bytes.set([8, 0, 0x45, 0, 0, 56], 12);
    bytes.set([1], 23);
    bytes.set([10, 0, 0, 254, 10, 0, 0, 1], 26);
    bytes.set([3, 4, 0, 0, 0, 0, 0x03, 0xe8], 34);
    bytes.set(quoted, 42);
    const [row] = captureRows([], [seen(10, 1, 'in', bytes)], (object) => object);
    expect(row?.brief).toMatch(/^ICMP unreachable: fragmentation needed, MTU 1000/);
  });
});
