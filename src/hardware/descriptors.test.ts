import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { OFFSETS } from './registers';
import { Bench, legacyDescriptor, receiveRing, tcpPacket, transmitRing } from './testing';

const GRAN = 0x01000000;
const DD = 0x01;

interface Moment {
  readonly head: number;
  readonly tail: number;
  readonly cached: number;
  readonly done: boolean[];
  readonly sent: number;
}

describe('the life of a transmit descriptor', () => {
  const thresholds = fc.record({
    prefetch: fc.constantFrom(0, 1, 4, 32),
    host: fc.constantFrom(0, 1, 8),
    write: fc.constantFrom(0, 1, 3, 8),
  });

  it('is posted, fetched, processed, written back: in that order, in the order of the ring, whatever the thresholds', () => {
    fc.assert(
      fc.property(
        thresholds,
        fc.array(fc.record({ payload: fc.integer({ min: 1, max: 1460 }), rs: fc.boolean() }), {
          minLength: 1,
          maxLength: 70,
        }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
        ({ prefetch, host, write }, packets, batches) => {
          const bench = new Bench();
          const nic = bench.nic(0);
          const count = 128;
          const ring = transmitRing(nic, count);
          receiveRing(bench.nic(1), 64);
          nic.write32(OFFSETS.TXDCTL, prefetch | (host << 8) | (write << 16) | GRAN);
          packets.forEach(({ payload, rs }, i) => {
            legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), payload), rs ? 0x0b : 0x03);
          });
          const moments: Moment[] = [];
          const look = (): void => {
            const { TDH, TDT, GPTC } = nic.registers;
            const { cached } = nic.state.tx_queues.at(0);
            const done = packets.map((_, i) => (heap.read8(ring.at(i) + 12) & DD) !== 0);
            moments.push({ head: TDH, tail: TDT, cached, done, sent: GPTC });
          };
          let posted = 0;
          for (const batch of [...batches, packets.length]) {
            posted = Math.min(packets.length, posted + batch);
            nic.write32(OFFSETS.TDT, posted);
            for (let step = 0; step < 400 && bench.events.length > 0; step++) {
              const next = Math.min(...bench.events.map(({ at }) => at));
              bench.run(next);
              look();
            }
          }
          let before: Moment | null = null;
          for (const now of moments) {
            // The card never has more than was posted, and never passes the tail.
            expect(now.head + now.cached).toBeLessThanOrEqual(now.tail);
            // Written back only once processed; and only where the driver asked for it.
            now.done.forEach((done, i) => {
              if (done) expect([i < now.head, packets[i]?.rs]).toEqual([true, true]);
            });
            if (before !== null) {
              expect(now.head).toBeGreaterThanOrEqual(before.head);
              before.done.forEach((done, i) => {
                if (done) expect(now.done[i]).toBe(true);
              });
              // In the order of the ring: none before one that asked earlier.
              const asked = packets.flatMap(({ rs }, i) => (rs ? [now.done[i]] : []));
              expect(
                asked.indexOf(true) <= 0 || asked.indexOf(false) < 0 || asked.lastIndexOf(true) < asked.indexOf(false),
              ).toBe(true);
            }
            before = now;
          }
          bench.run();
          look();
          const last = moments.at(-1);
          expect(last?.head).toBe(packets.length);
          expect(last?.done).toEqual(packets.map(({ rs }) => rs));
          expect(nic.registers.GPTC).toBe(packets.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('ends with a reset: nothing is fetched, sent or written back any more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), (at) => {
        const bench = new Bench();
        const nic = bench.nic(0);
        const ring = transmitRing(nic, 32);
        receiveRing(bench.nic(1), 64);
        for (let i = 0; i < 20; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), 1000));
        nic.write32(OFFSETS.TDT, 20);
        bench.run(at);
        nic.write32(OFFSETS.CTRL, 0x04000000);
        const done = Array.from({ length: 20 }, (_, i) => heap.read8(ring.at(i) + 12));
        bench.run();
        expect(Array.from({ length: 20 }, (_, i) => heap.read8(ring.at(i) + 12))).toEqual(done);
        expect([nic.registers.TDH, nic.registers.TPT, nic.state.tx?.fifo.count]).toEqual([0, 0, 0]);
        // It works again.
        const again = transmitRing(nic, 32);
        legacyDescriptor(again.at(0), again.buffer(0), tcpPacket(again.buffer(0), 10));
        nic.write32(OFFSETS.TDT, 1);
        bench.run();
        expect(nic.registers.GPTC).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('stands still while the unit hangs; frames in the FIFO leave', () => {
    const bench = new Bench();
    const nic = bench.nic(0);
    const ring = transmitRing(nic, 32);
    for (let i = 0; i < 10; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), 1000));
    nic.write32(OFFSETS.TDT, 5);
    bench.run(12_000);
    nic.hang();
    bench.run();
    const { TDH, GPTC } = nic.registers;
    expect(TDH).toBeLessThan(5);
    expect(GPTC).toBe(TDH);
    nic.write32(OFFSETS.TDT, 10);
    bench.run();
    expect(nic.registers.TDH).toBe(TDH);
  });
});
