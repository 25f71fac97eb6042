/** How an 82576 spreads what it receives: RSS from the frame's addresses to a queue, and IVAR from a queue to an interrupt vector. */
import type { State, StructView } from '../../trace/state';
import { dissect } from '../dissect/dissect';
import { num, ref } from '../stage/read';
import type { RingView } from './rings';

/** What was hashed last, and where that led. */
export interface Steered {
  /** Frame in the card; 0: it has gone, and its descriptor tells. */
  readonly frame: number;
  /** `10.0.0.1:40000 to 10.0.0.2:5001`; empty where only the hash is known. */
  readonly flow: string;
  /** What the hash is of, in words; empty: the frame is not of a kind that is hashed. */
  readonly of: string;
  readonly hash: number;
  /** Entry of the redirection table, -1: none was looked up. */
  readonly entry: number;
  readonly queue: number;
}

/** What IVAR says of a queue: numbers of vectors, null where no vector is valid. */
export interface QueueVectors {
  readonly queue: number;
  readonly rx: number | null;
  readonly tx: number | null;
}

export interface SteeringView {
  readonly on: boolean;
  /** What MRQC lets it hash. */
  readonly fields: readonly string[];
  readonly key: readonly number[];
  /** Queue by the low bits of the hash. */
  readonly table: readonly number[];
  readonly last: Steered | null;
  readonly vectors: readonly QueueVectors[];
  /** Vector of causes that belong to no queue. */
  readonly other: number | null;
}

/** MRQC (317694, 8.10.9): mode in the low bits, then what may be hashed. */
const MODE = 7;
const RSS_MODE = 2;
const HASHED: readonly (readonly [bit: number, words: string])[] = [
  [0x10000, 'TCP ports'],
  [0x400000, 'UDP ports'],
  [0x20000, 'IPv4 addresses'],
];
/** RSS types that a frame and a descriptor have. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'addresses and TCP ports',
  2: 'addresses',
  7: 'addresses and UDP ports',
};
const RXCSUM_PCSD = 0x2000;
/** IVAR (317694, 8.8.15): a word has four bytes, RX and TX of queue n, then RX and TX of queue n + 8. */
const VALID = 0x80;
const VECTOR = 0x1f;
const IVAR_ROWS = 8;
const DESCRIPTOR_DONE = 1;

/** Null: the card has no such unit. */
export function steeringOf(
  state: State,
  registers: StructView | null,
  rx: StructView | null,
  rings: readonly RingView[],
): SteeringView | null {
  if (registers === null || !registers.has('RETA')) return null;
  const mrqc = num(registers, 'MRQC');
  const on = (mrqc & MODE) === RSS_MODE;
  const table = registers.items('RETA');
  const ivar = registers.items('IVAR');
  const queues = Math.max(-1, ...rings.map(({ queue }) => queue)) + 1;
  return {
    on,
    fields: HASHED.flatMap(([bit, words]) => (mrqc & bit ? [words] : [])),
    key: registers.items('RSSRK'),
    table,
    last: on ? (steeredFrame(state, rx, table) ?? steeredBefore(registers, rx, rings, table)) : null,
    vectors: Array.from({ length: queues }, (_, queue) => {
      const word = (ivar[queue % IVAR_ROWS] ?? 0) >>> (queue >= IVAR_ROWS ? 16 : 0);
      return { queue, rx: vectorOf(word), tx: vectorOf(word >>> 8) };
    }),
    other: vectorOf(num(registers, 'IVAR_MISC') >>> 8),
  };
}

function vectorOf(byte: number): number | null {
  return byte & VALID ? byte & VECTOR : null;
}

/** The frame that is moved to memory, or else the one that came in last. */
function steeredFrame(state: State, rx: StructView | null, table: readonly number[]): Steered | null {
  const frame = ref(rx, 'moving') ?? ref(ref(rx, 'fifo'), 'last');
  if (frame === null) return null;
  const of = TYPES[num(frame, 'rss_type')] ?? '';
  const hash = num(frame, 'rss_hash') >>> 0;
  return {
    frame: frame.id,
    flow: flowOf(state.ram(num(frame, 'data'), num(frame, 'len')), of.includes('ports')),
    of,
    hash,
    entry: of === '' ? -1 : hash % table.length,
    queue: num(frame, 'rx_queue'),
  };
}

/** The frame before, by the descriptor that was written back for it: until the driver hands that back to the card. */
function steeredBefore(
  registers: StructView,
  rx: StructView | null,
  rings: readonly RingView[],
  table: readonly number[],
): Steered | null {
  const queue = num(rx, 'queue');
  const ring = rings.find((one) => one.direction === 'RX' && one.queue === queue);
  if (ring === undefined || ring.count === 0 || (num(registers, 'RXCSUM') & RXCSUM_PCSD) === 0) return null;
  const { bytes } = ring.row((ring.head.at + ring.count - 1) % ring.count);
  const of = TYPES[(bytes[0] ?? 0) & 0xf] ?? '';
  if (((bytes[8] ?? 0) & DESCRIPTOR_DONE) === 0 || of === '') return null;
  const hash = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  return { frame: 0, flow: '', of, hash, entry: hash % table.length, queue };
}

function flowOf(bytes: Uint8Array, withPorts: boolean): string {
  const fields = dissect(bytes).sections.flatMap((section) => (section.quoted ? [] : section.fields));
  const text = (key: RegExp): string => fields.find((field) => key.test(field.key))?.text ?? '';
  const end = (side: 'src' | 'dst'): string => {
    const port = withPorts ? `:${text(new RegExp(`^(tcp|udp)\\.${side}port$`))}` : '';
    return `${text(new RegExp(`^ip\\.${side}$`))}${port}`;
  };
  return fields.some(({ key }) => key === 'ip.src') ? `${end('src')} to ${end('dst')}` : '';
}

/** Names of what IVAR sends to a vector: `rx0 tx0`, `other`. */
export function causesOf({ vectors, other }: SteeringView, vector: number): string[] {
  return [
    ...vectors.flatMap(({ queue, rx, tx }) => [
      ...(rx === vector ? [`rx${queue}`] : []),
      ...(tx === vector ? [`tx${queue}`] : []),
    ]),
    ...(other === vector ? ['other'] : []),
  ];
}
