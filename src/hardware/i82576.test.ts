import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { Nic82576 } from './i82576';
import {
  EITR0,
  IVAR0,
  OFFSETS_82576 as R,
  RETA0,
  RSSRK0,
  RX_RING,
  RX_RINGS,
  TX_RING,
  TX_RINGS,
} from './registers-82576';
import { Bench, be16, be32, naiveSum, Ring, segmentSum, tcpPacket } from './testing';

const ENABLE = 0x02000000;
const PSEUDO = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6;
const DD = 1;
/** EOP, IFCS, RS, DEXT of an advanced data descriptor. */
const WHOLE = 0x2b;
const TSE = 0x80;

function bench(): Bench<Nic82576> {
  return new Bench({}, {}, (env, config) => new Nic82576(env, config));
}

const tx = (queue: number, name: keyof typeof TX_RING): number => TX_RINGS.base + TX_RINGS.step * queue + TX_RING[name];
const rx = (queue: number, name: keyof typeof RX_RING): number => RX_RINGS.base + RX_RINGS.step * queue + RX_RING[name];

function transmitRing(nic: Nic82576, queue: number, count: number): Ring {
  const ring = new Ring(count);
  nic.write32(tx(queue, 'TDBAL'), ring.desc);
  nic.write32(tx(queue, 'TDLEN'), count * 16);
  nic.write32(tx(queue, 'TXDCTL'), ENABLE);
  nic.write32(R.TCTL, 0x2 | 0x8);
  return ring;
}

/** One buffer of 2 KiB a descriptor; frames that find none are dropped if `drop`. */
function receiveRing(nic: Nic82576, queue: number, count: number, drop = false): Ring {
  const ring = new Ring(count);
  for (let i = 0; i < count; i++) {
    heap.writeLe64(ring.at(i), ring.buffer(i));
    heap.writeLe64(ring.at(i) + 8, 0);
  }
  nic.write32(rx(queue, 'RDBAL'), ring.desc);
  nic.write32(rx(queue, 'RDLEN'), count * 16);
  nic.write32(rx(queue, 'SRRCTL'), (0x02000002 | (drop ? 0x80000000 : 0)) >>> 0);
  nic.write32(rx(queue, 'RXDCTL'), ENABLE);
  nic.write32(rx(queue, 'RDT'), count - 1);
  nic.write32(R.RCTL, 0x8002 | 0x04000000);
  return ring;
}

function dataDescriptor(at: number, buffer: number, length: number, command: number, popts: number): void {
  heap.writeLe64(at, buffer);
  heap.writeLe32(at + 8, (length | (3 << 20) | (command << 24)) >>> 0);
  heap.writeLe32(at + 12, popts << 8);
}

/** For Ethernet, 20 bytes of IPv4 and 20 of TCP. */
function contextDescriptor(at: number, mss: number): void {
  heap.writeLe32(at, (14 << 9) | 20);
  heap.writeLe32(at + 4, 0);
  heap.writeLe32(at + 8, (0x20 << 24) | (2 << 20) | 0xc00);
  heap.writeLe32(at + 12, ((mss << 16) | (20 << 8)) >>> 0);
}

/** A TCP packet from host 0 to host 1 whose source port is `port`. */
function flow(to: number, payload: number, port: number): number {
  const length = tcpPacket(to, payload, {});
  heap.writeBe16(to + 34, port);
  const sum = PSEUDO + 20 + payload + naiveSum(heap.bytes(to + 34, 20 + payload));
  heap.writeBe16(to + 50, ~(sum % 65535) & 0xffff);
  return length;
}

/** Microsoft's key, all queues of `queues` in turn, TCP over IPv4 and IPv4. */
function spread(nic: Nic82576, queues: number): void {
  const key = [
    0xda565a6d, 0xc20e5b25, 0x3d256741, 0xb08fa343, 0xcb2bcad0, 0xb4307bae, 0xa32dcb77, 0x0cf23080, 0x3bb7426a,
    0xfa01acbe,
  ];
  for (const [n, word] of key.entries()) nic.write32(RSSRK0 + 4 * n, word);
  for (let n = 0; n < 32; n++) {
    const bytes = [0, 1, 2, 3].map((byte) => (4 * n + byte) % queues);
    nic.write32(
      RETA0 + 4 * n,
      bytes.reduce((word, queue, byte) => word | (queue << (8 * byte)), 0),
    );
  }
  nic.write32(R.MRQC, 0x2 | 0x10000 | 0x20000);
  nic.write32(R.RXCSUM, 0x300 | 0x2000);
}

describe('transmission', () => {
  it('cuts a TSO packet as the context says, and writes back only the last descriptor', () => {
    const b = bench();
    const nic = b.nic(0);
    const ring = transmitRing(nic, 2, 8);
    const block = heap.ramAlloc(8192);
    tcpPacket(block, 4000, { seed: PSEUDO, ipCheck: false, flags: 0x99 });
    heap.writeBe16(block + 16, 0);
    contextDescriptor(ring.at(0), 1460);
    dataDescriptor(ring.at(1), block, 54, 0x22 | TSE, 3);
    dataDescriptor(ring.at(2), block + 54, 4000, WHOLE | TSE, 3);
    nic.write32(tx(2, 'TDT'), 3);
    b.run();
    const frames = b.arrived();
    expect(frames.map((bytes) => bytes.length - 4)).toEqual([1514, 1514, 54 + 1080]);
    frames.forEach((bytes, n) => {
      expect(be16(bytes, 16)).toBe(bytes.length - 18);
      expect(be16(bytes, 18)).toBe(0x1234 + n);
      expect(be32(bytes, 38)).toBe((0xfffffff0 + 1460 * n) >>> 0);
      expect(naiveSum(bytes.subarray(14, 34))).toBe(0xffff);
      expect(segmentSum(bytes)).toBe(0xffff);
    });
    // CWR stays with the first segment, FIN and PSH with the last (DTXTCPFLGSOL, DTXTCPFLGSOH).
    expect(frames.map((bytes) => bytes[47])).toEqual([0x90, 0x10, 0x19]);
    expect([0, 1, 2].map((i) => heap.read8(ring.at(i) + 12) & DD)).toEqual([0, 0, DD]);
    expect(nic.read32(tx(2, 'TDH'))).toBe(3);
    expect(nic.read32(R.TSCTC)).toBe(1);
  });

  it('takes packets of several queues in turn', () => {
    const b = bench();
    const nic = b.nic(0);
    const rings = [0, 1, 5].map((queue) => ({ queue, ring: transmitRing(nic, queue, 16) }));
    nic.write32(R.TCTL, 0);
    for (const { queue, ring } of rings) {
      for (let i = 0; i < 4; i++)
        dataDescriptor(ring.at(i), ring.buffer(i), flow(ring.buffer(i), 200, 1000 + queue), WHOLE, 0);
      nic.write32(tx(queue, 'TDT'), 4);
    }
    nic.write32(R.TCTL, 0x2 | 0x8);
    b.run();
    const order = b.arrived().map((bytes) => be16(bytes, 34) - 1000);
    expect(order).toHaveLength(12);
    for (let n = 0; n < 12; n += 3) expect([...order.slice(n, n + 3)].sort()).toEqual([0, 1, 5]);
  });

  it('sends nothing of a queue that is not enabled', () => {
    const b = bench();
    const nic = b.nic(0);
    const ring = transmitRing(nic, 3, 8);
    nic.write32(tx(3, 'TXDCTL'), 0);
    dataDescriptor(ring.at(0), ring.buffer(0), tcpPacket(ring.buffer(0), 10), WHOLE, 0);
    nic.write32(tx(3, 'TDT'), 1);
    b.run();
    expect(b.arrived()).toHaveLength(0);
    nic.write32(tx(3, 'TXDCTL'), ENABLE);
    b.run();
    expect(b.arrived()).toHaveLength(1);
  });
});

describe('reception', () => {
  /** Sends packets with these source ports from queue 0 of host 0. */
  function send(b: Bench<Nic82576>, ports: readonly number[], payload = 100): void {
    const nic = b.nic(0);
    const ring = transmitRing(nic, 0, 256);
    ports.forEach((port, i) => {
      dataDescriptor(ring.at(i), ring.buffer(i), flow(ring.buffer(i), payload, port), WHOLE, 0);
    });
    nic.write32(tx(0, 'TDT'), ports.length);
    b.run();
  }

  it('writes back hash, types, verdict and length', () => {
    const b = bench();
    const ring = receiveRing(b.nic(1), 0, 8);
    spread(b.nic(1), 1);
    send(b, [0x3039]);
    const at = ring.at(0);
    expect(heap.readLe16(at) & 0xf).toBe(1);
    expect(heap.readLe16(at) >> 4).toBe(0x11);
    const status = heap.readLe32(at + 8);
    expect(status & 0xfffff).toBe(0x1 | 0x2 | 0x20 | 0x40);
    expect(status >>> 20).toBe(0);
    expect(heap.readLe16(at + 12)).toBe(154);
    // Toeplitz of 10.0.0.1, 10.0.0.2, 0x3039, 0x0050 with Microsoft's key, from its definition over big integers.
    const key = BigInt('0x6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa');
    const input = BigInt('0x0a0000010a00000230390050');
    let hash = 0n;
    for (let bit = 0n; bit < 96n; bit++)
      if ((input >> (95n - bit)) & 1n) hash ^= (key >> (320n - 32n - bit)) & 0xffffffffn;
    expect(heap.readLe32(at + 4)).toBe(Number(hash));
  });

  it('says that a segment with a wrong checksum is wrong', () => {
    const b = bench();
    const ring = receiveRing(b.nic(1), 0, 8);
    const nic = b.nic(0);
    const out = transmitRing(nic, 0, 8);
    const length = flow(out.buffer(0), 100, 77);
    heap.write8(out.buffer(0) + 100, heap.read8(out.buffer(0) + 100) ^ 1);
    dataDescriptor(out.at(0), out.buffer(0), length, WHOLE, 0);
    nic.write32(tx(0, 'TDT'), 1);
    b.run();
    expect(heap.readLe32(ring.at(0) + 8) >>> 29).toBe(1);
  });

  it('spreads flows over queues by RETA, and keeps each flow on one', () => {
    const b = bench();
    const nic = b.nic(1);
    const rings = [0, 1, 2, 3].map((queue) => receiveRing(nic, queue, 256));
    spread(nic, 4);
    send(
      b,
      Array.from({ length: 200 }, (_, n) => 40_000 + (n % 50)),
    );
    const queueOf = new Map<number, number>();
    const counts = rings.map((ring, queue) => {
      let i = 0;
      for (; heap.readLe32(ring.at(i) + 8) & DD; i++) {
        const port = heap.readBe16(ring.buffer(i) + 34);
        expect(queueOf.get(port) ?? queue).toBe(queue);
        queueOf.set(port, queue);
        expect((heap.readLe32(ring.at(i) + 4) % 128) % 4).toBe(queue);
      }
      return i;
    });
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(200);
    for (const count of counts) expect(count).toBeGreaterThan(20);
  });

  it('drops what finds no descriptor where SRRCTL says so, and counts it', () => {
    const b = bench();
    const nic = b.nic(1);
    receiveRing(nic, 0, 8, true);
    send(
      b,
      Array.from({ length: 20 }, () => 5),
    );
    expect(nic.read32(rx(0, 'RQDPC'))).toBe(13);
    expect(nic.read32(rx(0, 'RQDPC'))).toBe(0);
    expect(nic.read32(R.GPRC)).toBe(20);
  });

  it('splits headers from data where SRRCTL says so', () => {
    const b = bench();
    const nic = b.nic(1);
    const ring = receiveRing(nic, 0, 8);
    const headers = heap.ramAlloc(128);
    heap.writeLe64(ring.at(0) + 8, headers);
    nic.write32(rx(0, 'SRRCTL'), 0x0a000000 | (2 << 8) | 2);
    send(b, [9], 300);
    expect(heap.readLe16(ring.at(0) + 2)).toBe(0x8000 | (54 << 5));
    expect(heap.readLe16(ring.at(0) + 12)).toBe(300);
    expect(heap.readBe16(headers + 34)).toBe(9);
    expect(heap.read8(ring.buffer(0))).toBe(3);
  });
});

describe('MSI-X', () => {
  /** Vector `n` for queue `n` of both directions, from 1 on; all enabled, clearing and masking themselves. */
  function vectors(nic: Nic82576, queues: number): void {
    nic.write32(R.GPIE, 0xc0000011);
    for (let n = 0; n < queues; n++) nic.write32(IVAR0 + 4 * n, (0x80 | (n + 1)) * 0x101);
    nic.write32(R.IVAR_MISC, 0x8000);
    nic.write32(R.EIAC, 0xff);
    nic.write32(R.EIAM, 0xff);
    nic.write32(R.EIMS, 0xff);
    nic.write32(R.IMS, 0x4);
  }

  function one(b: Bench<Nic82576>, queue: number): void {
    const nic = b.nic(0);
    const ring = transmitRing(nic, queue, 8);
    nic.write32(tx(queue, 'TDH'), 0);
    dataDescriptor(ring.at(0), ring.buffer(0), flow(ring.buffer(0), 10, 1), WHOLE, 0);
    nic.write32(tx(queue, 'TDT'), 1);
  }

  it('sends the message of the queue, after which the vector is masked and its cause cleared', () => {
    const b = bench();
    vectors(b.nic(0), 4);
    one(b, 2);
    b.run();
    expect(b.messages.map(({ host, vector }) => [host, vector])).toEqual([[0, 3]]);
    expect(b.nic(0).read32(R.EICR)).toBe(0);
    expect(b.nic(0).read32(R.EIMS)).toBe(0xff & ~(1 << 3));
  });

  it('waits for the driver to enable the vector, and for EITR', () => {
    const b = bench();
    const nic = b.nic(0);
    vectors(nic, 4);
    nic.write32(EITR0 + 4 * 3, 50 << 2);
    one(b, 2);
    b.run();
    one(b, 2);
    b.run();
    expect(b.messages).toHaveLength(1);
    nic.write32(R.EIMS, 1 << 3);
    b.run();
    expect(b.messages).toHaveLength(2);
    expect((b.messages[1]?.at ?? 0) - (b.messages[0]?.at ?? 0)).toBe(50_000);
  });

  it('reports a change of the link on the vector of other causes', () => {
    const b = bench();
    vectors(b.nic(1), 1);
    b.link.plug(false);
    b.run();
    expect(b.messages.filter(({ host }) => host === 1).map(({ vector }) => vector)).toEqual([0]);
    expect(b.nic(1).read32(R.ICR) & 4).toBe(4);
    expect(b.nic(1).read32(R.STATUS) & 2).toBe(0);
  });
});

describe('any packets on any queues', () => {
  it('arrive, each queue in order, and the statistics of both cards agree', () => {
    const packet = fc.record({ queue: fc.integer({ min: 0, max: 15 }), payload: fc.integer({ min: 0, max: 1446 }) });
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 40 }), (packets) => {
        const b = bench();
        const nic = b.nic(0);
        const rings = new Map<number, Ring>();
        const tails = new Map<number, number>();
        receiveRing(b.nic(1), 0, 64);
        packets.forEach(({ queue, payload }, n) => {
          const ring = rings.get(queue) ?? transmitRing(nic, queue, 64);
          rings.set(queue, ring);
          const at = tails.get(queue) ?? 0;
          dataDescriptor(ring.at(at), ring.buffer(at), flow(ring.buffer(at), payload, n), WHOLE, 0);
          tails.set(queue, at + 1);
          nic.write32(tx(queue, 'TDT'), at + 1);
        });
        b.run();
        const order = b.arrived().map((bytes) => be16(bytes, 34));
        expect([...order].sort((x, y) => x - y)).toEqual(packets.map((_, n) => n));
        for (const queue of rings.keys()) {
          const mine = order.filter((n) => packets[n]?.queue === queue);
          expect(mine).toEqual([...mine].sort((x, y) => x - y));
          expect(nic.read32(tx(queue, 'TDH'))).toBe(tails.get(queue));
        }
        const sent = [nic.read32(R.GPTC), nic.read32(R.GOTCL)];
        expect([b.nic(1).read32(R.GPRC), b.nic(1).read32(R.GORCL)]).toEqual(sent);
        expect(sent[0]).toBe(packets.length);
      }),
      { numRuns: 40 },
    );
  });
});
