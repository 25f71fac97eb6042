import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { OFFSETS } from './registers';
import { STATISTIC_OFFSETS } from './statistics';
import { Bench, legacyDescriptor, type Ring, receiveRing, tcpPacket, transmitRing } from './testing';

const RFCE = 0x08000000;
const TFCE = 0x10000000;
const XONE = 0x80000000;
/** 512 bit times at a gigabit, ns. */
const QUANTUM_NS = 512;

/** Both cards agree on pause frames; XOFF from `high` bytes in the RX FIFO on, XON at `low`. */
function withPause(bench: Bench, high: number, low: number, time: number): void {
  for (const nic of bench.nics) {
    nic.write32(OFFSETS.FCAL, 0x00c28001);
    nic.write32(OFFSETS.FCAH, 0x0100);
    nic.write32(OFFSETS.FCT, 0x8808);
    nic.write32(OFFSETS.FCTTV, time);
    nic.write32(OFFSETS.FCRTL, low | XONE);
    nic.write32(OFFSETS.FCRTH, high);
    nic.write32(OFFSETS.CTRL, nic.registers.CTRL | RFCE | TFCE);
    nic.write32(OFFSETS.RCTL, 0x8002);
  }
}

function sendFrames(bench: Bench, ring: Ring, count: number, bytes = 1460): void {
  for (let i = 0; i < count; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), bytes));
  bench.nic(0).write32(OFFSETS.TDT, count);
}

const isPause = ({ bytes }: { bytes: Uint8Array }): boolean => bytes[12] === 0x88 && bytes[13] === 0x08;

describe('pause frames', () => {
  it('stop the peer before the receive FIFO overflows, and start it again', () => {
    const bench = new Bench();
    // 1518 bytes each: the fifth frame passes 6000 bytes.
    withPause(bench, 6000, 5992, 0xffff);
    const ring = transmitRing(bench.nic(0), 64);
    const posted = receiveRing(bench.nic(1), 8);
    bench.nic(1).write32(OFFSETS.RDT, 2);
    sendFrames(bench, ring, 20);
    bench.run(5_000_000);
    const sent = bench.nic(0).registers;
    const received = bench.nic(1).registers;
    expect([received.XOFFTXC, received.XONTXC, received.MPC]).toEqual([1, 0, 0]);
    expect([sent.XOFFRXC, sent.XONRXC]).toEqual([1, 0]);
    // Two went to memory; of the others XOFF lets those pass that were sent before it came.
    expect(sent.GPTC).toBeGreaterThanOrEqual(6);
    expect(sent.GPTC).toBeLessThanOrEqual(8);
    expect(bench.nic(0).state.pause?.paused_until).toBeGreaterThan(bench.now);
    for (let n = 0; n < 20; n++) {
      bench.nic(1).write32(OFFSETS.RDT, (2 + n) % posted.count);
      bench.run(bench.now + 500_000);
    }
    expect(received.XONTXC).toBeGreaterThan(0);
    expect([sent.GPTC, received.GPRC, received.MPC]).toEqual([20, 20, 0]);
    // Pause frames are in the totals only.
    const control = received.XOFFTXC + received.XONTXC;
    expect([received.GPTC, received.TPT, sent.TPR, sent.GPRC]).toEqual([0, control, control, 0]);
  });

  it('hold back for the time they name, to the ns, and not the frame under way', () => {
    const bench = new Bench();
    withPause(bench, 1500, 1496, 100);
    const ring = transmitRing(bench.nic(0), 64);
    receiveRing(bench.nic(1), 8);
    bench.nic(1).write32(OFFSETS.RDT, 0);
    sendFrames(bench, ring, 4);
    bench.run(3_000_000);
    const xoff = bench.wire.find((seen) => seen.event === 'rx' && isPause(seen));
    const next = bench.wire.find((seen) => seen.event === 'tx-start' && !isPause(seen) && seen.at > (xoff?.at ?? 0));
    expect(xoff?.bytes.slice(0, 18)).toEqual(
      Uint8Array.of(1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x08, 0, 1, 0, 100),
    );
    expect(xoff?.bytes).toHaveLength(64);
    expect(next?.start).toBe((xoff?.at ?? 0) + 100 * QUANTUM_NS);
  });

  it('are frames like others to a card that does not know them', () => {
    const bench = new Bench();
    withPause(bench, 1500, 1496, 100);
    bench.nic(0).write32(OFFSETS.CTRL, bench.nic(0).registers.CTRL & ~RFCE);
    const ring = transmitRing(bench.nic(0), 64);
    receiveRing(bench.nic(0), 8);
    receiveRing(bench.nic(1), 8);
    bench.nic(1).write32(OFFSETS.RDT, 0);
    sendFrames(bench, ring, 4);
    bench.run(3_000_000);
    expect(bench.nic(0).registers.XOFFRXC).toBe(0);
    expect(bench.nic(0).state.pause?.paused_until).toBe(0);
    expect(bench.nic(0).registers.GPTC).toBe(4);
  });
});

describe('statistics registers', () => {
  it('clear when read; the lower half of a wide one when its upper half is read', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 64);
    receiveRing(bench.nic(1), 8);
    sendFrames(bench, ring, 3, 100);
    bench.run(1_000_000);
    const nic = bench.nic(0);
    const read = (name: keyof typeof STATISTIC_OFFSETS): number => nic.read32(STATISTIC_OFFSETS[name]);
    expect([read('GPTC'), read('GPTC')]).toEqual([3, 0]);
    expect([read('PTC255'), read('PTC64')]).toEqual([3, 0]);
    expect([read('GOTCL'), read('GOTCL'), read('GOTCH'), read('GOTCL')]).toEqual([474, 474, 0, 0]);
  });

  it('count lengths with the frame check sequence in: 64, to 127, to 255, to 511, to 1023, above', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 64);
    receiveRing(bench.nic(1), 64);
    const lengths = [64, 65, 127, 128, 255, 256, 511, 512, 1023, 1024, 1518];
    lengths.forEach((length, i) => {
      legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), length - 4 - 54));
    });
    bench.nic(0).write32(OFFSETS.TDT, lengths.length);
    bench.run(1_000_000);
    const sizes = ['64', '127', '255', '511', '1023', '1522'] as const;
    expect(sizes.map((size) => bench.nic(0).registers[`PTC${size}`])).toEqual([1, 2, 2, 2, 2, 2]);
    expect(sizes.map((size) => bench.nic(1).registers[`PRC${size}`])).toEqual([1, 2, 2, 2, 2, 2]);
  });

  it('carry from the lower half into the upper', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 64);
    bench.nic(0).registers.GOTCL = 0xffffffff;
    sendFrames(bench, ring, 1, 100);
    bench.run(1_000_000);
    expect([bench.nic(0).registers.GOTCH, bench.nic(0).registers.GOTCL]).toEqual([1, 157]);
  });

  it('agree with the link: what left one card is what the other took, filtered or missed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1460 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 8, max: 64 }),
        fc.constantFrom(0, 4000, 20_000),
        (payloads, descriptors, high) => {
          const bench = new Bench();
          if (high > 0) withPause(bench, high, high - 8, 500);
          const ring = transmitRing(bench.nic(0), 128);
          receiveRing(bench.nic(1), descriptors);
          let bytes = 0;
          payloads.forEach((payload, i) => {
            const length = tcpPacket(ring.buffer(i), payload);
            bytes += Math.max(60, length) + 4;
            legacyDescriptor(ring.at(i), ring.buffer(i), length);
          });
          bench.nic(0).write32(OFFSETS.TDT, payloads.length);
          bench.run(20_000_000);
          const sent = bench.nic(0).registers;
          const received = bench.nic(1).registers;
          const data = bench.wire.filter((seen) => seen.event === 'tx-end' && !isPause(seen));
          expect([sent.GPTC, sent.GOTCL]).toEqual([
            data.length,
            data.reduce((sum, { bytes: frame }) => sum + frame.length, 0),
          ]);
          expect(received.TPR).toBe(sent.TPT);
          expect(received.TORL).toBe(sent.TOTL);
          expect(received.GPRC + received.MPC).toBe(sent.GPTC);
          const bins = (registers: typeof sent, kind: 'PTC' | 'PRC'): number =>
            ([64, 127, 255, 511, 1023, 1522] as const).reduce((sum, size) => sum + registers[`${kind}${size}`], 0);
          expect([bins(sent, 'PTC'), bins(received, 'PRC')]).toEqual([sent.GPTC, received.GPRC]);
          if (sent.GPTC === payloads.length) expect(sent.GOTCL).toBe(bytes);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('the multicast table', () => {
  it('lets a multicast address pass whose bit is set', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    receiveRing(bench.nic(1), 8);
    const length = tcpPacket(ring.buffer(0), 100);
    heap.writeBe32(ring.buffer(0), 0x01005e00);
    heap.writeBe16(ring.buffer(0) + 4, 0x0016);
    for (const i of [0, 1]) legacyDescriptor(ring.at(i), ring.buffer(0), length);
    bench.nic(0).write32(OFFSETS.TDT, 1);
    bench.run(1_000_000);
    expect(bench.nic(1).registers.MPRC).toBe(0);
    // RCTL.MO is 0: bits 47 to 36 of the address, 0x160 for ..:00:16 (13.5.1).
    bench.nic(1).write32(0x5200 + (0x160 >> 5) * 4, 1 << (0x160 & 31));
    bench.nic(0).write32(OFFSETS.TDT, 2);
    bench.run(2_000_000);
    expect([bench.nic(1).registers.MPRC, bench.nic(0).registers.MPTC]).toEqual([1, 2]);
  });
});

describe('the transceivers', () => {
  const access = (bench: Bench, host: 0 | 1, register: number, write?: number): number => {
    const nic = bench.nic(host);
    const operation = write === undefined ? 0x08000000 : 0x04000000 | write;
    nic.write32(OFFSETS.MDIC, operation | (register << 16) | (1 << 21));
    return nic.read32(OFFSETS.MDIC) & 0xffff;
  };

  it('agree on the fastest speed both offer, and the link is down meanwhile', () => {
    const bench = new Bench();
    access(bench, 1, 9, 0);
    access(bench, 0, 0, 0x1200);
    expect([bench.link.up, bench.nic(0).registers.STATUS & 2]).toEqual([false, 0]);
    bench.run(2_000_000_000);
    expect([bench.link.up, bench.link.speed]).toEqual([true, 100]);
    expect(bench.nic(0).registers.STATUS & 0xc2).toBe(0x42);
  });

  it('tell each other what they offer', () => {
    const bench = new Bench();
    access(bench, 1, 4, 0x0de1);
    expect(access(bench, 0, 5)).toBe(0x4de1);
  });
});
