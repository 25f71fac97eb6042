import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { ICR_RXDMT0, ICR_RXT0, ICR_TXDW, OFFSETS } from './registers';
import {
  Bench,
  be16,
  be32,
  contextDescriptor,
  dataDescriptor,
  legacyDescriptor,
  naiveSum,
  receiveRing,
  segmentSum,
  tcpPacket,
  transmitRing,
} from './testing';

const DD = 1;
/** Sum of the pseudo-header 10.0.0.1, 10.0.0.2, TCP, without length. */
const PSEUDO = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6;

const CHECKSUM_CONTEXT = {
  ipcss: 14,
  ipcso: 24,
  ipcse: 33,
  tucss: 34,
  tucso: 50,
  tucse: 0,
  paylen: 0,
  hdrlen: 0,
  mss: 0,
  tucmd: 1,
};

/** CRC-32 bit by bit, from its polynomial. */
function naiveCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const mix = (crc ^ (byte >> bit)) & 1;
      crc = mix ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

describe('transmission', () => {
  it('puts a packet on the wire with its frame check sequence, at the speed of the link', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    const length = tcpPacket(ring.buffer(0), 1460);
    expect(length).toBe(1514);
    legacyDescriptor(ring.at(0), ring.buffer(0), length);
    legacyDescriptor(ring.at(1), ring.buffer(0), length);
    bench.nic(0).write32(OFFSETS.TDT, 2);
    bench.run();
    const starts = bench.wire.filter(({ event }) => event === 'tx-start');
    const ends = bench.wire.filter(({ event }) => event === 'tx-end');
    expect(ends).toHaveLength(2);
    const first = ends[0]?.bytes as Uint8Array;
    expect(first).toHaveLength(1518);
    expect(new DataView(first.buffer).getUint32(1514, true)).toBe(naiveCrc(first.subarray(0, 1514)));
    expect((starts[1]?.at ?? 0) - (starts[0]?.at ?? 0)).toBe((8 + 1518 + 12) * 8);
    expect(bench.nic(0).read32(OFFSETS.GPTC)).toBe(2);
    expect(bench.nic(0).read32(OFFSETS.GPTC)).toBe(0);
  });

  it('says what its DMA engine moves over the bus: descriptors, then the data of a packet', () => {
    const bench = new Bench();
    const { transfer } = bench.nic(0).transmitter.state;
    const ring = transmitRing(bench.nic(0), 8);
    const length = tcpPacket(ring.buffer(0), 1460);
    legacyDescriptor(ring.at(0), ring.buffer(0), length);
    expect(transfer.what).toBe(0);
    bench.nic(0).write32(OFFSETS.TDT, 1);
    // A fetch of 16 bytes at 264 MB/s: 300 ns to the first data, 3.79 ns a byte.
    expect([transfer.what, transfer.address, transfer.bytes, transfer.end]).toEqual([1, ring.at(0), 16, 361]);
    bench.run(400);
    // Decoding takes 20 ns, then the data is asked for.
    const end = 361 + 20 + 300 + Math.round(1514 * 3.79);
    expect([transfer.what, transfer.address, transfer.bytes, transfer.end]).toEqual([2, ring.buffer(0), 1514, end]);
    expect(transfer.to_host).toBe(false);
    bench.run();
    expect(transfer.what).toBe(0);
  });

  it('takes ten times as long at 100 Mb/s', () => {
    const bench = new Bench({ speed: 100 });
    const ring = transmitRing(bench.nic(0), 8);
    legacyDescriptor(ring.at(0), ring.buffer(0), tcpPacket(ring.buffer(0), 1460));
    bench.nic(0).write32(OFFSETS.TDT, 1);
    bench.run();
    const sent = bench.wire.find(({ event }) => event === 'tx-end');
    expect((sent?.end ?? 0) - (sent?.start ?? 0)).toBe((8 + 1518) * 80);
  });

  it('pads a short frame to 60 bytes', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    tcpPacket(ring.buffer(0), 0);
    heap.fill(ring.buffer(0) + 54, 0xee, 20);
    legacyDescriptor(ring.at(0), ring.buffer(0), 54);
    bench.nic(0).write32(OFFSETS.TDT, 1);
    bench.run();
    const frame = bench.arrived()[0] as Uint8Array;
    expect(frame).toHaveLength(64);
    expect([...frame.subarray(54, 60)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('inserts the TCP checksum where the context says, even over an odd length', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    const length = tcpPacket(ring.buffer(1), 101, { seed: PSEUDO + 121 });
    contextDescriptor(ring.at(0), CHECKSUM_CONTEXT);
    dataDescriptor(ring.at(1), ring.buffer(1), length, 0x0b, 2);
    bench.nic(0).write32(OFFSETS.TDT, 2);
    bench.run();
    const frame = bench.arrived()[0] as Uint8Array;
    expect(segmentSum(frame)).toBe(0xffff);
    expect(naiveSum(frame.subarray(14, 34))).toBe(0xffff);
  });

  it('gathers a packet from several descriptors and marks only the last as done', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    const length = tcpPacket(ring.buffer(1), 300, { seed: PSEUDO + 320 });
    contextDescriptor(ring.at(0), CHECKSUM_CONTEXT);
    dataDescriptor(ring.at(1), ring.buffer(1), 54, 0x02, 2);
    dataDescriptor(ring.at(2), ring.buffer(1) + 54, length - 54, 0x0b, 2);
    bench.nic(0).write32(OFFSETS.TDT, 3);
    bench.run();
    expect(bench.arrived()).toHaveLength(1);
    expect(segmentSum(bench.arrived()[0] as Uint8Array)).toBe(0xffff);
    expect([0, 1, 2].map((i) => heap.read8(ring.at(i) + 12) & DD)).toEqual([0, 0, DD]);
  });

  it('cuts a TSO packet: lengths, ids, sequence numbers, flags and checksums of each segment', () => {
    const bench = new Bench();
    const ring = transmitRing(bench.nic(0), 8);
    const block = heap.ramAlloc(8192);
    tcpPacket(block, 4000, { seed: PSEUDO, ipCheck: false, flags: 0x19 });
    heap.writeBe16(block + 16, 0);
    const data = heap.bytes(block + 54, 4000).slice();
    contextDescriptor(ring.at(0), { ...CHECKSUM_CONTEXT, paylen: 4000, hdrlen: 54, mss: 1460, tucmd: 7 });
    dataDescriptor(ring.at(1), block, 54, 0x06, 3);
    dataDescriptor(ring.at(2), block + 54, 2000, 0x06, 3);
    dataDescriptor(ring.at(3), block + 2054, 2000, 0x0f, 3);
    bench.nic(0).write32(OFFSETS.TDT, 4);
    bench.run();
    const frames = bench.arrived();
    expect(frames.map((bytes) => bytes.length - 4)).toEqual([1514, 1514, 54 + 1080]);
    const payload: number[] = [];
    frames.forEach((bytes, n) => {
      expect(be16(bytes, 16)).toBe(bytes.length - 18);
      expect(be16(bytes, 18)).toBe(0x1234 + n);
      expect(be32(bytes, 38)).toBe((0xfffffff0 + 1460 * n) >>> 0);
      expect(bytes[47]).toBe(n === 2 ? 0x19 : 0x10);
      expect(naiveSum(bytes.subarray(14, 34))).toBe(0xffff);
      expect(segmentSum(bytes)).toBe(0xffff);
      payload.push(...bytes.subarray(54, bytes.length - 4));
    });
    expect(Uint8Array.from(payload)).toEqual(data);
    expect(bench.nic(0).registers.TSCTC).toBe(1);
  });

  it('as the emulated card of the recordings: at once, and one segment with headers only after whole ones', () => {
    const bench = new Bench({ instant: true, propagation: 0 }, { emulated: true, addsEmptySegment: true });
    const nic = bench.nic(0);
    const ring = transmitRing(nic, 8);
    const block = heap.ramAlloc(8192);
    tcpPacket(block, 2920, { seed: PSEUDO, ipCheck: false, flags: 0x18 });
    contextDescriptor(ring.at(0), { ...CHECKSUM_CONTEXT, paylen: 2920, hdrlen: 54, mss: 1460, tucmd: 7 });
    dataDescriptor(ring.at(1), block, 2974, 0x0f, 3);
    nic.write32(OFFSETS.TDT, 2);
    bench.run();
    const frames = bench.arrived();
    expect(bench.now).toBe(0);
    expect(frames.map((bytes) => be16(bytes, 16))).toEqual([1500, 1500, 40]);
    expect(be32(frames[2] as Uint8Array, 38)).toBe((0xfffffff0 + 2920) >>> 0);
    expect((frames[2] as Uint8Array)[47]).toBe(0x18);
  });

  it('goes round the ring and reports in order', () => {
    const bench = new Bench();
    const nic = bench.nic(0);
    const ring = transmitRing(nic, 8);
    const done: number[] = [];
    let tail = 0;
    for (let n = 0; n < 21; n++) {
      heap.writeBe16(ring.buffer(tail) + 60, n);
      const length = tcpPacket(ring.buffer(tail), 10 + n);
      legacyDescriptor(ring.at(tail), ring.buffer(tail), length);
      tail = (tail + 1) % 8;
      nic.write32(OFFSETS.TDT, tail);
      bench.run();
      done.push(heap.read8(ring.at(tail + 7) + 12) & DD);
      expect(nic.registers.TDH).toBe(tail);
    }
    expect(done.every((bit) => bit === DD)).toBe(true);
    expect(bench.arrived().map((bytes) => be16(bytes, 16))).toEqual(Array.from({ length: 21 }, (_, n) => 50 + n));
  });

  it('fetches no more than the TX FIFO holds', () => {
    const bench = new Bench({ speed: 10 });
    const nic = bench.nic(0);
    const ring = transmitRing(nic, 64);
    for (let i = 0; i < 40; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), 1460));
    nic.write32(OFFSETS.TDT, 40);
    for (let ns = 0; ns < 60_000_000; ns += 100_000) {
      bench.run(ns);
      expect(nic.transmitter.state.fifo.bytes).toBeLessThanOrEqual(16384);
    }
    expect(bench.wire.filter(({ event }) => event === 'tx-end')).toHaveLength(40);
  });

  it('waits with the interrupt for TIDV after the last packet, at most TADV after the first', () => {
    const bench = new Bench();
    const nic = bench.nic(0);
    const ring = transmitRing(nic, 8);
    nic.write32(OFFSETS.IMS, ICR_TXDW);
    nic.write32(OFFSETS.TIDV, 8);
    nic.write32(OFFSETS.TADV, 32);
    legacyDescriptor(ring.at(0), ring.buffer(0), tcpPacket(ring.buffer(0), 100), 0x8b);
    nic.write32(OFFSETS.TDT, 1);
    while ((heap.read8(ring.at(0) + 12) & DD) === 0) bench.run(bench.now + 1);
    const written = bench.now;
    bench.run();
    expect(bench.lines).toEqual([{ host: 0, at: written + 8 * 1024, asserted: true }]);
    expect(nic.read32(OFFSETS.ICR) & ICR_TXDW).toBe(ICR_TXDW);
    expect(nic.read32(OFFSETS.ICR)).toBe(0);
    expect(bench.lines[1]).toEqual({ host: 0, at: bench.now, asserted: false });
  });
});

describe('reception', () => {
  /** Sends `count` packets of `payload` bytes from card 0. */
  function send(bench: Bench, count: number, payload: number): void {
    const ring = transmitRing(bench.nic(0), 256);
    for (let i = 0; i < count; i++) {
      const length = tcpPacket(ring.buffer(i), payload, { seed: PSEUDO + payload + 20 });
      contextDescriptor(ring.at(2 * i), CHECKSUM_CONTEXT);
      dataDescriptor(ring.at(2 * i + 1), ring.buffer(i), length, 0x0b, 2);
    }
    bench.nic(0).write32(OFFSETS.TDT, 2 * count);
  }

  it('writes the frame into the posted buffer, then the descriptor, then interrupts', () => {
    const bench = new Bench();
    const ring = receiveRing(bench.nic(1), 16);
    bench.nic(1).write32(OFFSETS.IMS, ICR_RXT0);
    send(bench, 1, 100);
    bench.run();
    expect(heap.readLe16(ring.at(0) + 8)).toBe(158);
    expect(heap.read8(ring.at(0) + 12)).toBe(0x63);
    expect(heap.read8(ring.at(0) + 13)).toBe(0);
    expect(heap.bytes(ring.buffer(0), 158)).toEqual(bench.arrived()[0]);
    expect(bench.lines.filter(({ host }) => host === 1)).toHaveLength(1);
    expect(bench.nic(1).registers.RDH).toBe(1);
  });

  it('says that a segment with a wrong checksum is wrong', () => {
    const bench = new Bench();
    const ring = receiveRing(bench.nic(1), 16);
    const tx = transmitRing(bench.nic(0), 8);
    legacyDescriptor(tx.at(0), tx.buffer(0), tcpPacket(tx.buffer(0), 100, { seed: 0xbad }));
    bench.nic(0).write32(OFFSETS.TDT, 1);
    bench.run();
    expect(heap.read8(ring.at(0) + 13)).toBe(0x20);
  });

  it('without a checksum engine tells the driver to ignore the bits', () => {
    const bench = new Bench({}, { rxCsum: false });
    const ring = receiveRing(bench.nic(1), 16);
    send(bench, 1, 100);
    bench.run();
    expect(heap.read8(ring.at(0) + 12)).toBe(0x07);
  });

  it.each([
    ['half', 0, 8],
    ['a quarter', 1, 4],
    ['an eighth', 2, 2],
  ])('says that descriptors run short when %s are left (RCTL.RDMTS)', (_share, bits, left) => {
    // Of 16 descriptors 15 can be free.
    for (const [count, cause] of [
      [15 - left - 1, 0],
      [15 - left, ICR_RXDMT0],
    ] as const) {
      const bench = new Bench();
      const nic = bench.nic(1);
      receiveRing(nic, 16);
      nic.write32(OFFSETS.RCTL, nic.registers.RCTL | (bits << 8));
      send(bench, count, 100);
      bench.run();
      expect(nic.read32(OFFSETS.ICR) & ICR_RXDMT0).toBe(cause);
    }
  });

  it('keeps frames in the FIFO while no descriptor is free, and drops them once that is full', () => {
    const bench = new Bench();
    const nic = bench.nic(1);
    const ring = receiveRing(nic, 8);
    send(bench, 60, 1460);
    bench.run();
    const held = Math.floor((48 * 1024) / 1518);
    expect(nic.receiver.state.fifo.count).toBe(held);
    expect(nic.registers.MPC).toBe(60 - 7 - held);
    nic.write32(OFFSETS.RDT, (nic.registers.RDT + 4) % 8);
    bench.run();
    expect(nic.receiver.state.fifo.count).toBe(held - 4);
    expect(heap.read8(ring.at(2) + 12) & DD).toBe(DD);
  });

  it('does not take what is for others', () => {
    const bench = new Bench({}, { mac: 0x02aabbccddee });
    receiveRing(bench.nic(1), 16);
    send(bench, 1, 100);
    bench.run();
    expect(bench.nic(1).registers.RDH).toBe(0);
    expect(bench.nic(1).receiver.state.filtered).toBe(1);
  });

  it('keeps ITR between interrupts, however many packets come', () => {
    const bench = new Bench();
    const nic = bench.nic(1);
    receiveRing(nic, 256);
    nic.write32(OFFSETS.IMS, ICR_RXT0);
    nic.write32(OFFSETS.ITR, 195);
    send(bench, 40, 1000);
    const gaps: number[] = [];
    let last = -1;
    for (let ns = 0; ns < 1_000_000; ns += 500) {
      bench.run(ns);
      if (nic.interrupts.state.line) {
        const at = bench.lines.findLast(({ host, asserted }) => host === 1 && asserted)?.at ?? 0;
        if (last >= 0) gaps.push(at - last);
        last = at;
        nic.read32(OFFSETS.ICR);
      }
    }
    expect(gaps.length).toBeGreaterThan(4);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(195 * 256);
  });

  it('does not interrupt for a masked cause until it is unmasked', () => {
    const bench = new Bench();
    const nic = bench.nic(1);
    receiveRing(nic, 16);
    send(bench, 1, 100);
    bench.run();
    expect(bench.lines.filter(({ host }) => host === 1)).toHaveLength(0);
    nic.write32(OFFSETS.IMS, ICR_RXT0);
    expect(nic.interrupts.state.line).toBe(true);
    nic.write32(OFFSETS.IMC, 0xffffffff);
    expect(nic.interrupts.state.line).toBe(false);
  });
});

describe('link', () => {
  it('loses the frames it is told to lose, and each frame is freed once', () => {
    const bench = new Bench({ faults: [{ mishap: { op: 'drop' }, side: 0, nth: [2] }] });
    const ring = transmitRing(bench.nic(0), 8);
    receiveRing(bench.nic(1), 8);
    for (let i = 0; i < 3; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), 10 + i));
    bench.nic(0).write32(OFFSETS.TDT, 3);
    bench.run();
    expect(bench.wire.filter(({ event }) => event === 'lost')).toHaveLength(1);
    expect(bench.arrived().map((bytes) => be16(bytes, 16))).toEqual([50, 52]);
    expect(bench.link.state.forth.lost).toBe(1);
    const frames = heap.objects.filter((object) => object !== null && object.$type.name === 'frame');
    expect(frames).toHaveLength(3);
    expect(frames.some((object) => object !== null && heap.isLive(object))).toBe(false);
  });

  it('tells both cards when the cable is pulled', () => {
    const bench = new Bench();
    expect(bench.nic(0).read32(OFFSETS.STATUS) & 0x82).toBe(0x82);
    bench.link.plug(false);
    expect(bench.nic(0).read32(OFFSETS.STATUS) & 2).toBe(0);
    expect(bench.nic(1).read32(OFFSETS.ICR) & 4).toBe(4);
  });
});

describe('any packets', () => {
  it('arrive in order, with the bytes that were sent, however they are cut into descriptors', () => {
    const packet = fc.record({
      payload: fc.integer({ min: 0, max: 1460 }),
      cuts: fc.array(fc.integer({ min: 1, max: 1513 }), { maxLength: 4 }),
    });
    const property = fc.property(
      fc.array(packet, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 7, max: 20 }),
      fc.constantFrom(10, 100, 1000),
      (packets, ringSize, speed) => {
        const bench = new Bench({ speed });
        const nic = bench.nic(0);
        const tx = transmitRing(nic, ringSize);
        const rx = receiveRing(bench.nic(1), 64);
        let tail = 0;
        const sent = packets.map(({ payload, cuts }) => {
          const block = heap.ramAlloc(2048);
          const length = tcpPacket(block, payload);
          const edges = [...new Set([0, ...cuts.filter((cut) => cut < length), length])].sort((a, b) => a - b);
          for (let i = 0; i + 1 < edges.length; i++) {
            const from = edges[i] as number;
            const size = (edges[i + 1] as number) - from;
            legacyDescriptor(tx.at(tail), block + from, size, i + 2 === edges.length ? 0x0b : 0x02);
            tail = (tail + 1) % ringSize;
          }
          nic.write32(OFFSETS.TDT, tail);
          bench.run();
          return heap.bytes(block, length).slice();
        });
        const frames = bench.arrived();
        expect(frames).toHaveLength(sent.length);
        sent.forEach((bytes, n) => {
          expect(frames[n]?.subarray(0, bytes.length)).toEqual(bytes);
          expect(heap.bytes(rx.buffer(n), bytes.length)).toEqual(bytes);
          expect(heap.readLe16(rx.at(n) + 8)).toBe(Math.max(bytes.length, 60) + 4);
        });
      },
    );
    fc.assert(property, { numRuns: 40, seed: 1 });
  });

  it('leave a TSO packet whole: any length, segment size and cut', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 16000 }),
      fc.integer({ min: 88, max: 1460 }),
      fc.array(fc.integer({ min: 1, max: 16053 }), { maxLength: 6 }),
      (payload, mss, cuts) => {
        const bench = new Bench();
        const nic = bench.nic(0);
        const tx = transmitRing(nic, 64);
        const block = heap.ramAlloc(16100);
        const length = tcpPacket(block, payload, { seed: PSEUDO, ipCheck: false });
        heap.writeBe16(block + 16, 0);
        const data = heap.bytes(block + 54, payload).slice();
        contextDescriptor(tx.at(0), { ...CHECKSUM_CONTEXT, paylen: payload, hdrlen: 54, mss, tucmd: 7 });
        const edges = [...new Set([0, ...cuts.filter((cut) => cut < length), length])].sort((a, b) => a - b);
        for (let i = 0; i + 1 < edges.length; i++) {
          const from = edges[i] as number;
          const last = i + 2 === edges.length;
          dataDescriptor(tx.at(i + 1), block + from, (edges[i + 1] as number) - from, last ? 0x0f : 0x06, 3);
        }
        nic.write32(OFFSETS.TDT, edges.length);
        bench.run();
        const frames = bench.arrived();
        expect(frames).toHaveLength(Math.ceil(payload / mss));
        const received: number[] = [];
        for (const bytes of frames) {
          const size = be16(bytes, 16) - 40;
          expect(be32(bytes, 38)).toBe((0xfffffff0 + received.length) >>> 0);
          expect(segmentSum(bytes)).toBe(0xffff);
          expect(naiveSum(bytes.subarray(14, 34))).toBe(0xffff);
          received.push(...bytes.subarray(54, 54 + size));
        }
        expect(Uint8Array.from(received)).toEqual(data);
      },
    );
    fc.assert(property, { numRuns: 60, seed: 1 });
  });
});
