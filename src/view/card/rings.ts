/** Descriptor rings: the state of every descriptor, read from memory, the card's registers and the driver's indices. */
import type { State, StructView } from '../../trace/state';
import { num, ref, refs } from '../stage/read';
import {
  advancedReceiveDescriptor,
  advancedTransmitDescriptor,
  type Descriptor,
  receiveDescriptor,
  transmitDescriptor,
} from './descriptor';

/**
 * Where a descriptor is in its life. `free`: the driver's, nothing in it; `filled`: written, the tail has not passed it yet;
 * `owned`: the card's; `fetched`: the card has read it ahead; `active`: the card works on it; `done`: the card is past it and
 * has not said so in memory; `back`: written back with DD.
 */
export type DescriptorState = 'free' | 'filled' | 'owned' | 'fetched' | 'active' | 'done' | 'back';

export type Direction = 'TX' | 'RX';

const WORDS: Readonly<Record<Direction, Readonly<Record<DescriptorState, string>>>> = {
  TX: {
    free: 'free',
    filled: 'filled, not given',
    owned: "the card's",
    fetched: 'prefetched',
    active: 'at work',
    done: 'worked off',
    back: 'written back',
  },
  RX: {
    free: 'no buffer',
    filled: 'filled, not given',
    owned: 'posted',
    fetched: 'prefetched',
    active: 'being filled',
    done: 'full',
    back: 'written back',
  },
};

export function stateWords(direction: Direction, state: DescriptorState): string {
  return WORDS[direction][state];
}

/** Neighbours in the same state, from `from` up to but not including `to`; may pass the end of the ring. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly state: DescriptorState;
}

export interface DescriptorRow {
  readonly index: number;
  readonly state: DescriptorState;
  /** The driver's record of it, to select it by; 0: none. */
  readonly object: number;
  /** The skb it stands for, 0: none. */
  readonly skb: number;
  /** Bus address that the driver gave it: still known when the card has written over the descriptor. */
  readonly dma: number;
  /** Written since the step before. */
  readonly changed: boolean;
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

export interface Pointer {
  /** `TDH`, `next_to_use`... */
  readonly name: string;
  readonly at: number;
  readonly owner: 'card' | 'driver';
  readonly doc: string;
}

export interface RingView {
  readonly direction: Direction;
  /** Number of the queue. */
  readonly queue: number;
  /** The driver's ring. */
  readonly id: number;
  readonly base: number;
  readonly count: number;
  readonly head: Pointer;
  readonly tail: Pointer;
  readonly use: Pointer;
  readonly clean: Pointer;
  /** Descriptors the card may work on, and how many of them it has fetched. */
  readonly owned: number;
  readonly fetched: number;
  /** Filled and not yet cleaned (TX); with a buffer (RX). */
  readonly used: number;
  readonly stretches: readonly Stretch[];
  /** Where something happens, for a window that shows a few. */
  readonly focus: number;
  /** Descriptors whose bytes were written since the step before. */
  readonly changed: ReadonlySet<number>;
  row(index: number): DescriptorRow;
}

/** What differs between cards: where a ring's registers and engine are. */
interface RingSource {
  readonly direction: Direction;
  readonly queue: number;
  /** struct of the driver's ring. */
  readonly ring: StructView;
  readonly base: number;
  /** Bytes of the ring as the card knows it. */
  readonly bytes: number;
  readonly head: number;
  readonly tail: number;
  /** Descriptors fetched ahead, and the one under way (-1: none). */
  readonly cached: number;
  readonly active: number;
  readonly names: readonly [head: string, tail: string];
  decode(bytes: Uint8Array): Descriptor;
}

const DESCRIPTOR_BYTES = 16;

/** A driver keeps one ring of each kind (e1000), or a list of them by queue (igb). */
function driverRing(adapter: StructView, field: string, queue: number): StructView | null {
  if (!adapter.has(field)) return null;
  if (adapter.field(field).kind !== 'list') return queue === 0 ? adapter.ref(field) : null;
  const found = adapter.list(field)[queue] ?? null;
  return typeof found === 'number' ? null : found;
}

const FORMATS = {
  legacy: { TX: transmitDescriptor, RX: receiveDescriptor },
  advanced: { TX: advancedTransmitDescriptor, RX: advancedReceiveDescriptor },
};

function sourcesOf(nic: StructView, adapter: StructView, direction: Direction): RingSource[] {
  const tx = direction === 'TX';
  const letter = tx ? 'T' : 'R';
  const engine = ref(nic, tx ? 'tx' : 'rx');
  const format = FORMATS[ref(nic, 'registers')?.has('EICR') ? 'advanced' : 'legacy'];
  return refs(nic, tx ? 'tx_queues' : 'rx_queues').flatMap((queue) => {
    const registers = ref(queue, 'ring');
    const index = num(queue, 'index');
    const ring = driverRing(adapter, tx ? 'tx_ring' : 'rx_ring', index);
    if (ring === null) return [];
    return [
      {
        direction,
        queue: index,
        ring,
        base: num(registers, `${letter}DBAL`),
        bytes: num(registers, `${letter}DLEN`),
        head: num(registers, `${letter}DH`),
        tail: num(registers, `${letter}DT`),
        cached: num(queue, 'cached'),
        active: num(engine, 'queue') === index ? num(engine, 'descriptor', -1) : -1,
        names: [`${letter}DH`, `${letter}DT`] as const,
        decode: format[direction],
      },
    ];
  });
}

/** All rings of a card, transmit first. */
export function ringsOf(state: State, nic: StructView, adapter: StructView | null, changed: ByteRanges): RingView[] {
  if (adapter === null) return [];
  const sources = [...sourcesOf(nic, adapter, 'TX'), ...sourcesOf(nic, adapter, 'RX')];
  return sources.map((source) => ringView(state, source, changed));
}

/** Stretches of memory written since the step before. */
export type ByteRanges = readonly { readonly addr: number; readonly len: number }[];

function between(index: number, from: number, to: number): boolean {
  return from <= to ? index >= from && index < to : index >= from || index < to;
}

function ringView(state: State, source: RingSource, changes: ByteRanges): RingView {
  const { direction, ring, base, head, tail } = source;
  const count = Math.floor(source.bytes / DESCRIPTOR_BYTES);
  const wrap = (index: number): number => (count === 0 ? 0 : ((index % count) + count) % count);
  const use = num(ring, 'next_to_use');
  const clean = num(ring, 'next_to_clean');
  const owned = wrap(tail - head);
  const fetched = Math.min(owned, source.cached);
  const decodeAt = (index: number): Uint8Array => state.ram(base + index * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);

  const stateOf = (index: number): DescriptorState => {
    if (index === source.active && between(index, head, tail)) return 'active';
    if (between(index, head, tail)) return wrap(index - head) < fetched ? 'fetched' : 'owned';
    if (direction === 'TX' && between(index, tail, use)) return 'filled';
    if (!between(index, clean, head)) return 'free';
    const { done } = source.decode(decodeAt(index));
    return done ? 'back' : direction === 'TX' ? 'done' : 'free';
  };

  const touched = new Set<number>();
  for (const { addr, len } of changes) {
    if (addr + len <= base || addr >= base + count * DESCRIPTOR_BYTES) continue;
    const first = Math.max(0, Math.floor((addr - base) / DESCRIPTOR_BYTES));
    const last = Math.min(count - 1, Math.floor((addr + len - 1 - base) / DESCRIPTOR_BYTES));
    for (let index = first; index <= last; index++) touched.add(index);
  }
  const buffers = ring.has('buffer_info') ? ring.items('buffer_info') : [];
  const bufferOf = (index: number): StructView | null => state.find(buffers[index] ?? 0);

  /** The skb of a TX packet is kept with its last descriptor, that of an RX buffer with its own. */
  const skbOf = (index: number, where: DescriptorState): number => {
    if (direction === 'RX') return ref(bufferOf(index), 'skb')?.id ?? 0;
    if (where === 'free') return 0;
    for (let at = index; between(at, clean, use); at = wrap(at + 1)) {
      const skb = ref(bufferOf(at), 'skb');
      if (skb !== null) return skb.id;
      if (wrap(at + 1) === clean) break;
    }
    return 0;
  };
  const [headName, tailName] = source.names;
  return {
    direction,
    queue: source.queue,
    id: ring.id,
    base,
    count,
    head: { name: headName, at: head, owner: 'card', doc: 'the next descriptor the card works on' },
    tail: { name: tailName, at: tail, owner: 'card', doc: 'the first descriptor that is not the card’s' },
    use: { name: 'next_to_use', at: use, owner: 'driver', doc: 'the next descriptor the driver fills' },
    clean: {
      name: 'next_to_clean',
      at: clean,
      owner: 'driver',
      doc: 'the oldest descriptor the driver has not cleaned',
    },
    owned,
    fetched,
    used: direction === 'TX' ? wrap(use - clean) : owned,
    stretches: stretchesOf(count, stateOf),
    focus: focusOf(source, touched, count),
    changed: touched,
    row(index) {
      const where = stateOf(index);
      const bytes = decodeAt(index);
      return {
        index,
        state: where,
        object: bufferOf(index)?.id ?? 0,
        skb: skbOf(index, where),
        dma: num(bufferOf(index), 'dma'),
        changed: touched.has(index),
        bytes,
        descriptor: source.decode(bytes),
      };
    },
  };
}

function stretchesOf(count: number, stateOf: (index: number) => DescriptorState): Stretch[] {
  const found: { from: number; to: number; state: DescriptorState }[] = [];
  for (let index = 0; index < count; index++) {
    const state = stateOf(index);
    const last = found.at(-1);
    if (last?.state === state) last.to = index + 1;
    else found.push({ from: index, to: index + 1, state });
  }
  return found;
}

/** The descriptor under way, else one that was just written, else the one at the head (of TX: the last one done). */
function focusOf({ active, head, tail, direction }: RingSource, touched: ReadonlySet<number>, count: number): number {
  if (active >= 0) return active;
  if (touched.size > 0 && touched.size < count) return Math.max(...touched);
  return direction === 'TX' && head === tail ? Math.max(0, head - 1) : head;
}

/** The index of the descriptor that belongs to an object: the driver's record of it, or the skb it stands for; -1: none. */
export function descriptorOf(state: State, ring: RingView, object: number): number {
  const view = state.find(ring.id);
  if (object === 0 || view === null || !view.has('buffer_info')) return -1;
  const records = view.items('buffer_info');
  const direct = records.indexOf(object);
  if (direct >= 0) return direct;
  return records.findIndex((record) => ref(state.find(record), 'skb')?.id === object);
}
