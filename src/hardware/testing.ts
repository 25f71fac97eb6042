/** Two cards, a link and an event queue, without a machine: for the tests of this folder. */
import { Heap, heap, setHeap } from '../base/heap';
import type { Environment, WireEvent } from './environment';
import type { frame } from './frame';
import { Link, type LinkConfig } from './link';
import { Nic } from './nic';
import type { NicConfig, Port } from './port';
import { OFFSETS } from './registers';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export interface Seen {
  readonly event: WireEvent;
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class Bench<Model extends Port = Nic> {
  now = 0;
  readonly events: Event[] = [];
  readonly wire: Seen[] = [];
  readonly lines: { readonly host: number; readonly at: number; readonly asserted: boolean }[] = [];
  readonly messages: { readonly host: number; readonly at: number; readonly vector: number }[] = [];
  readonly nics: Model[] = [];
  readonly link: Link;
  private order = 0;

  constructor(
    link: LinkConfig = {},
    nic: Partial<NicConfig> = {},
    make: (env: Environment, config: NicConfig) => Model = (env, config) => new Nic(env, config) as never,
  ) {
    setHeap(new Heap());
    this.link = new Link(this.environment(-1), link);
    for (const host of [0, 1] as const) {
      const made = make(this.environment(host), {
        host,
        name: `eth${host}`,
        mac: 0x020000000001 + host,
        rxCsum: true,
        ...nic,
      });
      made.connect(this.link, host);
      this.nics.push(made);
    }
  }

  private environment(host: number): Environment {
    return {
      now: () => this.now,
      at: (at, _label, run) => {
        const event = { at, order: this.order++, run };
        this.events.push(event);
        return event;
      },
      cancel: (timer) => {
        const i = this.events.indexOf(timer as Event);
        if (i < 0) throw new Error('cancelled a timer that is not pending');
        this.events.splice(i, 1);
      },
      interrupt: (asserted) => this.lines.push({ host, at: this.now, asserted }),
      message: (vector) => this.messages.push({ host, at: this.now, vector }),
      wire: (event, passing: frame) => {
        const bytes = heap.bytes(passing.data, passing.len).slice();
        this.wire.push({ event, at: this.now, bytes, start: passing.start, end: passing.end });
      },
    };
  }

  /** Runs events up to and including `until`. */
  run(until = Number.POSITIVE_INFINITY): void {
    for (;;) {
      this.events.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.events[0];
      if (next === undefined || next.at > until) break;
      this.events.shift();
      this.now = next.at;
      next.run();
    }
    if (Number.isFinite(until)) this.now = until;
  }

  nic(host: 0 | 1): Model {
    return this.nics[host] as Model;
  }

  /** Frames that reached the other card. */
  arrived(): Uint8Array[] {
    return this.wire.filter(({ event }) => event === 'rx').map(({ bytes }) => bytes);
  }
}

/** A ring of `count` descriptors with a buffer of `size` bytes each, in RAM. */
export class Ring {
  readonly desc: number;
  readonly buffers: number[] = [];
  constructor(
    readonly count: number,
    size = 2048,
  ) {
    this.desc = heap.ramAlloc(count * 16);
    for (let i = 0; i < count; i++) this.buffers.push(heap.ramAlloc(size));
  }
  at(i: number): number {
    return this.desc + (i % this.count) * 16;
  }
  buffer(i: number): number {
    return this.buffers[i % this.count] as number;
  }
}

export function transmitRing(nic: Nic, count: number): Ring {
  const ring = new Ring(count);
  nic.write32(OFFSETS.TDBAL, ring.desc);
  nic.write32(OFFSETS.TDLEN, count * 16);
  nic.write32(OFFSETS.TCTL, 0x2 | 0x8);
  return ring;
}

/** A receive ring with all descriptors but one posted. */
export function receiveRing(nic: Nic, count: number): Ring {
  const ring = new Ring(count);
  for (let i = 0; i < count; i++) heap.writeLe64(ring.at(i), ring.buffer(i));
  nic.write32(OFFSETS.RDBAL, ring.desc);
  nic.write32(OFFSETS.RDLEN, count * 16);
  nic.write32(OFFSETS.RDT, count - 1);
  nic.write32(OFFSETS.RCTL, 0x8002);
  return ring;
}

const EOP_IFCS_RS = 0x0b;

/** Writes a legacy descriptor for a whole packet. */
export function legacyDescriptor(at: number, buffer: number, length: number, command = EOP_IFCS_RS): void {
  heap.writeLe64(at, buffer);
  heap.writeLe16(at + 8, length);
  heap.write8(at + 10, 0);
  heap.write8(at + 11, command);
  heap.writeLe32(at + 12, 0);
}

/** Writes a data descriptor; `dcmd` EOP 1, IFCS 2, TSE 4, RS 8, DEXT 32; `popts` IXSM 1, TXSM 2. */
export function dataDescriptor(at: number, buffer: number, length: number, dcmd: number, popts: number): void {
  heap.writeLe64(at, buffer);
  heap.writeLe32(at + 8, length | (1 << 20) | ((dcmd | 0x20) << 24));
  heap.writeLe32(at + 12, popts << 8);
}

export interface Context {
  readonly ipcss: number;
  readonly ipcso: number;
  readonly ipcse: number;
  readonly tucss: number;
  readonly tucso: number;
  readonly tucse: number;
  readonly paylen: number;
  readonly hdrlen: number;
  readonly mss: number;
  /** TCP 1, IP 2, TSE 4. */
  readonly tucmd: number;
}

export function contextDescriptor(at: number, context: Context): void {
  heap.write8(at, context.ipcss);
  heap.write8(at + 1, context.ipcso);
  heap.writeLe16(at + 2, context.ipcse);
  heap.write8(at + 4, context.tucss);
  heap.write8(at + 5, context.tucso);
  heap.writeLe16(at + 6, context.tucse);
  heap.writeLe32(at + 8, context.paylen | ((context.tucmd | 0x20) << 24));
  heap.write8(at + 12, 0);
  heap.write8(at + 13, context.hdrlen);
  heap.writeLe16(at + 14, context.mss);
}

/** Ethernet, IPv4 and TCP headers and `payload` bytes, from host 0 to host 1; checksums as told. */
export function tcpPacket(
  to: number,
  payload: number,
  options: { readonly ipCheck?: boolean; readonly seed?: number; readonly flags?: number } = {},
): number {
  const ip = to + 14;
  const tcp = ip + 20;
  heap.writeBe16(to, 0x0200);
  heap.writeBe32(to + 2, 0x00000002);
  heap.writeBe16(to + 6, 0x0200);
  heap.writeBe32(to + 8, 0x00000001);
  heap.writeBe16(to + 12, 0x0800);
  heap.writeBe16(ip, 0x4500);
  heap.writeBe16(ip + 2, 40 + payload);
  heap.writeBe16(ip + 4, 0x1234);
  heap.writeBe16(ip + 6, 0x4000);
  heap.writeBe16(ip + 8, 0x4006);
  heap.writeBe16(ip + 10, 0);
  heap.writeBe32(ip + 12, 0x0a000001);
  heap.writeBe32(ip + 16, 0x0a000002);
  heap.writeBe32(tcp, 0x30390050);
  heap.writeBe32(tcp + 4, 0xfffffff0);
  heap.writeBe32(tcp + 8, 0x00000001);
  heap.writeBe16(tcp + 12, 0x5000 | (options.flags ?? 0x18));
  heap.writeBe16(tcp + 14, 0x1000);
  heap.writeBe16(tcp + 16, options.seed ?? 0);
  heap.writeBe16(tcp + 18, 0);
  for (let i = 0; i < payload; i++) heap.write8(tcp + 20 + i, (i * 7 + 3) & 0xff);
  if (options.ipCheck !== false) heap.writeBe16(ip + 10, 0xffff - naiveSum(heap.bytes(ip, 20)));
  return 54 + payload;
}

/** Ones' complement sum the slow way: add as one big number modulo 65535. */
export function naiveSum(bytes: Uint8Array): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) sum += BigInt(((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0));
  const folded = Number(sum % 65535n);
  return folded === 0 && sum > 0n ? 65535 : folded;
}

/** Sum over pseudo-header and segment of a frame with 14 + 20 bytes before the segment: 65535 if its checksum is right. */
export function segmentSum(bytes: Uint8Array): number {
  const length = ((bytes[16] as number) << 8) + (bytes[17] as number) - 20;
  const pseudo = Uint8Array.of(...bytes.subarray(26, 34), 0, bytes[23] as number, length >> 8, length & 0xff);
  const segment = bytes.subarray(34, 34 + length);
  return naiveSum(Uint8Array.of(...pseudo, ...segment));
}

export function be32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

export function be16(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(at);
}
