import { describe, expect, it } from 'vitest';
import { heap } from '../base/heap';
import { type FaultRule, frameIs } from './faults';
import { Bench, be16, legacyDescriptor, receiveRing, tcpPacket, transmitRing } from './testing';

/** Bytes of the IP packet with n bytes of payload, as the sixteenth byte of the frame has it: tells the frames apart. */
const length = (payload: number): number => 40 + payload;

/** Sends frames with 10, 11, 12... bytes of payload from card 0; both cards receive. */
function sent(rules: readonly FaultRule[], count = 4, seed = 1): Bench {
  const bench = new Bench({ faults: rules, seed });
  const ring = transmitRing(bench.nic(0), 64);
  receiveRing(bench.nic(0), 64);
  receiveRing(bench.nic(1), 128);
  for (let i = 0; i < count; i++) legacyDescriptor(ring.at(i), ring.buffer(i), tcpPacket(ring.buffer(i), 10 + i));
  bench.nic(0).write32(0x3818, count);
  return bench;
}

function arrivals(bench: Bench): number[] {
  bench.run();
  const frames = heap.objects.filter((object) => object !== null && object.$type.name === 'frame');
  expect(frames.filter((object) => object !== null && heap.isLive(object))).toEqual([]);
  return bench.arrived().map((bytes) => be16(bytes, 16) - length(0));
}

describe('a plan of faults', () => {
  it('drops by number, list, every nth', () => {
    expect(arrivals(sent([{ mishap: { op: 'drop' }, nth: [1] }]))).toEqual([11, 12, 13]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, nth: [2, 4] }]))).toEqual([10, 12]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, every: 2 }], 6))).toEqual([10, 12, 14]);
    expect(arrivals(sent([{ mishap: { op: 'drop' } }]))).toEqual([]);
  });

  it('counts only frames of its direction and kind', () => {
    expect(arrivals(sent([{ mishap: { op: 'drop' }, side: 1 }]))).toEqual([10, 11, 12, 13]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, kind: 'ack' }]))).toEqual([10, 11, 12, 13]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, kind: 'data', nth: [3] }]))).toEqual([10, 11, 13]);
  });

  it('drops by chance about as often as told, and the same frames for the same seed', () => {
    const lossy = (seed: number): number[] => arrivals(sent([{ mishap: { op: 'drop' }, rate: 0.25 }], 60, seed));
    expect(lossy(7)).toEqual(lossy(7));
    expect(lossy(7)).not.toEqual(lossy(8));
    const left = [1, 2, 3, 4, 5, 6].reduce((sum, seed) => sum + lossy(seed).length, 0);
    // 360 frames at 3/4: 270, with a standard deviation of 8.2.
    expect(Math.abs(left - 270)).toBeLessThan(4 * 8.2);
  });

  it('strikes from a time on and up to a time', () => {
    const plain = sent([]);
    plain.run();
    const ends = plain.wire.filter(({ event }) => event === 'tx-end').map(({ at }) => at);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, from: ends[2] ?? 0 }]))).toEqual([10, 11]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, until: ends[2] ?? 0 }]))).toEqual([12, 13]);
    expect(arrivals(sent([{ mishap: { op: 'drop' }, from: ends[1] ?? 0, nth: [2] }]))).toEqual([10, 11, 13]);
  });

  it('doubles frames, one behind the other', () => {
    const bench = sent([{ mishap: { op: 'duplicate', copies: 2 }, nth: [1] }], 2);
    expect([...arrivals(bench)].sort()).toEqual([10, 10, 10, 11]);
    // At 1 Gb/s a byte takes 8 ns; 54 bytes of headers, 10 of payload and 4 of check sequence have a preamble of 8 and a gap of 12.
    const alone = sent([{ mishap: { op: 'duplicate', copies: 2 } }], 1);
    alone.run();
    const [first = 0, ...others] = alone.wire.filter(({ event }) => event === 'rx').map(({ at }) => at);
    expect(others).toEqual([first + 88 * 8, first + 2 * 88 * 8]);
    expect(alone.wire.filter(({ event }) => event === 'duplicated')).toHaveLength(2);
  });

  it('holds a frame back until others have passed it', () => {
    const one = (frames: number): FaultRule => ({ mishap: { op: 'reorder', frames, ns: 1e9 }, nth: [1] });
    expect(arrivals(sent([one(1)]))).toEqual([11, 10, 12, 13]);
    expect(arrivals(sent([one(3)]))).toEqual([11, 12, 13, 10]);
  });

  it('lets a frame that nobody passes go after its time', () => {
    const bench = sent([{ mishap: { op: 'reorder', frames: 3, ns: 50_000 }, nth: [4] }]);
    expect(arrivals(bench)).toEqual([10, 11, 12, 13]);
    const held = bench.wire.find(({ event }) => event === 'held')?.at ?? 0;
    expect(bench.wire.findLast(({ event }) => event === 'rx')?.at).toBe(held + 50_000);
  });

  it('delays, with jitter within its bounds', () => {
    const plain = sent([], 1);
    plain.run();
    const usual = plain.wire.find(({ event }) => event === 'rx')?.at ?? 0;
    const late = sent([{ mishap: { op: 'delay', ns: 3000, jitter: 1000 } }], 1);
    late.run();
    const at = (late.wire.find(({ event }) => event === 'rx')?.at ?? 0) - usual;
    expect([at >= 3000, at <= 4000]).toEqual([true, true]);
  });

  it('breaks a byte: the card throws the frame away, unless its FCS was made to fit', () => {
    const rule = (freshFcs: boolean): FaultRule => ({ mishap: { op: 'corrupt', offset: 54, mask: 0x81, freshFcs } });
    const broken = sent([rule(false)], 1);
    broken.run();
    expect([broken.nic(1).registers.CRCERRS, broken.nic(1).registers.GPRC]).toEqual([1, 0]);
    const fitting = sent([rule(true)], 1);
    fitting.run();
    expect([fitting.nic(1).registers.CRCERRS, fitting.nic(1).registers.GPRC]).toEqual([0, 1]);
    // The first byte of payload is 3.
    expect(fitting.arrived()[0]?.[54]).toBe(0x82);
  });

  it('loses what is under way or held when the cable is pulled, even if it is soon back', () => {
    const bench = sent([{ mishap: { op: 'reorder', frames: 9, ns: 1e9 }, nth: [1] }], 2);
    bench.run(0);
    while (bench.wire.filter(({ event }) => event === 'tx-end').length < 2) bench.run(bench.now + 100);
    bench.link.plug(false);
    bench.link.plug(true);
    expect(arrivals(bench)).toEqual([]);
    expect(bench.link.state.forth.lost).toBe(2);
  });
});

describe('the kind of a frame', () => {
  const kinds = ['data', 'ack', 'syn', 'fin', 'rst', 'tcp', 'udp', 'icmp', 'fragment', 'ip', 'arp'] as const;
  const isOf = (payload: number, flags: number): string[] => {
    const at = heap.ramAlloc(256);
    tcpPacket(at, payload, { flags });
    return kinds.filter((kind) => frameIs(kind, at));
  };

  it('is read from its headers', () => {
    new Bench();
    expect(isOf(5, 0x18)).toEqual(['data', 'tcp', 'ip']);
    expect(isOf(0, 0x10)).toEqual(['ack', 'tcp', 'ip']);
    expect(isOf(0, 0x12)).toEqual(['syn', 'tcp', 'ip']);
    expect(isOf(5, 0x11)).toEqual(['data', 'fin', 'tcp', 'ip']);
    expect(isOf(0, 0x14)).toEqual(['rst', 'tcp', 'ip']);
  });

  it('of a later fragment is not read from its payload', () => {
    new Bench();
    const at = heap.ramAlloc(256);
    tcpPacket(at, 20);
    heap.writeBe16(at + 20, 0x2000 | 8);
    expect(kinds.filter((kind) => frameIs(kind, at))).toEqual(['tcp', 'fragment', 'ip']);
  });
});
