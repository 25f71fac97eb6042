/** The card's register file: every register with its value, what its bits mean, and whether the step changed it. */
import type { FieldSchema } from '../../trace/data';
import type { Change, StructView } from '../../trace/state';
import { num, ref, refs, span } from '../stage/read';

export interface RegisterBit {
  readonly name: string;
  readonly on: boolean;
}

export interface RegisterRow {
  readonly name: string;
  /** `0x00000041` or a plain number, as the register is used. */
  readonly value: string;
  /** What the number comes to: `50 µs`, `ring of 256`. Empty where the number says it. */
  readonly means: string;
  readonly bits: readonly RegisterBit[];
  readonly doc: string;
  readonly changed: boolean;
}

export interface RegisterGroup {
  readonly title: string;
  readonly rows: readonly RegisterRow[];
}

/** Units of ITR, and of the interrupt delays, ns (manual 13.4.18, 13.4.26). */
const ITR_UNIT_NS = 256;
const DELAY_UNIT_NS = 1024;

const GROUPS: readonly { readonly title: string; readonly names: RegExp }[] = [
  { title: 'General', names: /^(CTRL|STATUS|CTRL_EXT|MDIC|EECD|EERD|LEDCTL|PBA|FC\w*|GPIE|TIPG)$/ },
  { title: 'Interrupts', names: /^(ICR|ICS|IMS|IMC|ITR|EITR|IVAR.*|E\w*IC\w*|E\w*IM\w*|EIAM|EIAC)$/ },
  { title: 'Transmit', names: /^(TCTL|TD\w+|TXD\w+|TIDV|TADV|TSPMT)$/ },
  { title: 'Receive', names: /^(RCTL|MRQC|RD\w+|RXD\w+|RADV|RXCSUM|RAL\w*|RAH\w*|SRRCTL\w*|RETA\w*|RSSRK\w*|MTA\w*)$/ },
];
const STATISTICS = 'Statistics';

function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

function meaning(name: string, value: number): string {
  if (/^ITR/.test(name))
    return value === 0 ? 'no throttle' : `${span(value * ITR_UNIT_NS)}, ${Math.round(1e9 / (value * ITR_UNIT_NS))}/s`;
  if (/^(TIDV|TADV|RDTR|RADV)$/.test(name)) return value === 0 ? 'no delay' : span(value * DELAY_UNIT_NS);
  if (/^[TR]DLEN/.test(name)) return value === 0 ? 'no ring' : `${value / 16} descriptors`;
  if (name === 'PBA') return `RX FIFO ${value & 0xffff} KiB`;
  return '';
}

function rowOf(registers: StructView, field: FieldSchema, changed: boolean): RegisterRow {
  const value = registers.num(field.name);
  const isFlags = field.kind === 'flags';
  return {
    name: field.name,
    value: isFlags || field.kind === 'hex' ? hex32(value) : String(value),
    means: meaning(field.name, value),
    bits: isFlags
      ? Object.entries(field.names ?? {}).map(([mask, name]) => ({ name, on: (value & Number(mask)) !== 0 }))
      : [],
    doc: field.doc,
    changed,
  };
}

const WORD_BYTES = 4;
/** Arrays that the model holds byte by byte. */
const BYTE_ARRAYS: ReadonlySet<string> = new Set(['RETA', 'RSSRK']);

function zeros(count: number, alone: boolean): string {
  return count === 0 ? '' : `${alone ? '' : 'and '}${count} words of 0`;
}

/** A register that is an array, its words in order; bytes are put together as the card has them, the first one lowest. */
function arrayRow(registers: StructView, field: FieldSchema, changed: ReadonlySet<string>): RegisterRow {
  const items = registers.items(field.name);
  const inWord = BYTE_ARRAYS.has(field.name) ? WORD_BYTES : 1;
  const words = Array.from({ length: Math.ceil(items.length / inWord) }, (_, nth) =>
    items.slice(nth * inWord, (nth + 1) * inWord).reduceRight((sum, byte) => sum * 256 + byte, 0),
  );
  const used = words.findLastIndex((word) => word !== 0) + 1;
  const isOne = words.length > 1 && used > 0 && words.every((word) => word === words[0]);
  return {
    name: field.name,
    value: words
      .slice(0, isOne ? 1 : used)
      .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
      .join(' '),
    means: isOne ? `in all ${words.length} words` : zeros(words.length - used, used === 0),
    bits: [],
    doc: field.doc,
    changed: [...changed].some((name) => name.startsWith(`${field.name}[`)),
  };
}

function isArray({ name, kind, item }: FieldSchema): boolean {
  return /^[A-Z]+$/.test(name) && kind === 'list' && item?.kind !== 'ref' && item?.kind !== 'embed';
}

function isRegister({ name, kind }: FieldSchema): boolean {
  return /^[A-Z0-9_]+$/.test(name) && kind !== 'list' && kind !== 'ref' && kind !== 'embed';
}

/** Registers of the transceiver, behind MDIC. */
export function phyRegisters(phy: StructView | null, changes: readonly Change[]): RegisterGroup[] {
  if (phy === null) return [];
  const changed = new Set(changes.flatMap((one) => (one.object === phy.id ? [one.field] : [])));
  const rows = phy.schema.fields.map((field) => rowOf(phy, field, changed.has(field.name)));
  return [{ title: 'PHY', rows }];
}

/** Ring registers of each queue, where they are not among the card's own (82576). */
export function queueRegisters(
  nic: StructView,
  registers: StructView | null,
  changes: readonly Change[],
): RegisterGroup[] {
  const rows = (side: string, queue: number): RegisterRow[] => {
    const ring = ref(refs(nic, side)[queue] ?? null, 'ring');
    // A queue that the driver does not use has no ring.
    if (ring === null || ring.id === registers?.id || num(ring, 'TDLEN') + num(ring, 'RDLEN') === 0) return [];
    const changed = new Set(changes.flatMap((one) => (one.object === ring.id ? [one.field] : [])));
    return ring.schema.fields.filter(isRegister).map((field) => rowOf(ring, field, changed.has(field.name)));
  };
  return refs(nic, 'tx_queues')
    .map((_, queue) => ({
      title: `Queue ${queue}`,
      rows: [...rows('tx_queues', queue), ...rows('rx_queues', queue)],
    }))
    .filter((group) => group.rows.length > 0);
}

/** Registers in groups, statistics last. `changed` holds the names of those the step changed. */
export function registerGroups(registers: StructView | null, changed: ReadonlySet<string>): RegisterGroup[] {
  if (registers === null) return [];
  const groups = new Map<string, RegisterRow[]>();
  for (const field of registers.schema.fields) {
    if (!isRegister(field) && !isArray(field)) continue;
    const title = GROUPS.find(({ names }) => names.test(field.name))?.title ?? STATISTICS;
    const row = isArray(field) ? arrayRow(registers, field, changed) : rowOf(registers, field, changed.has(field.name));
    const rows = groups.get(title);
    if (rows === undefined) groups.set(title, [row]);
    else rows.push(row);
  }
  const order = [...GROUPS.map(({ title }) => title), STATISTICS];
  return order.flatMap((title) => {
    const rows = groups.get(title);
    return rows === undefined ? [] : [{ title, rows }];
  });
}
