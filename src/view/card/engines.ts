/** What the checksum and segmentation engines did to a packet: its headers as they came from memory, and as they left. */
import type { State, StructView } from '../../trace/state';
import { dissect, type Field } from '../dissect/dissect';
import { num, ref, text } from '../stage/read';
import type { RingView } from './rings';

/** A header field that the card wrote. */
export interface FieldChange {
  /** `IP total length`. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** First byte in the frame, and how many. */
  readonly at: number;
  readonly length: number;
}

export interface EngineWork {
  readonly frame: number;
  /** Number within the packet, from 0, and of how many. */
  readonly segment: number;
  readonly segments: number;
  /** Length of its headers, bytes. */
  readonly header: number;
  /** Bytes behind them in this frame, without the padding of a short one. */
  readonly payload: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly changes: readonly FieldChange[];
}

/** Headers of a TCP or UDP frame, no more. */
const LONGEST_HEADER = 134;
const FCS_BYTES = 4;
/** Where an Ethernet frame has IPv4's total length. */
const IP_LENGTH = 16;

/** The frame the engines finished last, of those still in the FIFO. */
function latestFrame(tx: StructView): StructView | null {
  return ref(ref(tx, 'fifo'), 'last') ?? ref(tx, 'sending');
}

/** Null while no frame is there, or the memory it came from has been given back. */
export function engineWork(state: State, tx: StructView | null, ring: RingView | undefined): EngineWork | null {
  const frame = tx === null ? null : latestFrame(tx);
  if (frame === null || ring === undefined || ring.count === 0) return null;
  const source = num(frame, 'source_descriptor', -1);
  const buffer = num(frame, 'buffer_address');
  if (source < 0 || source >= ring.count) return null;
  const row = ring.row(source);
  if (row.state === 'free' || row.dma !== buffer) return null;
  const after = state.ram(num(frame, 'data'), Math.max(0, num(frame, 'len') - FCS_BYTES));
  if (after.length === 0) return null;
  const taken = dissect(after);
  const header = Math.min(
    LONGEST_HEADER,
    taken.sections.filter(({ protocol }) => protocol !== 'data').reduce((sum, { length }) => sum + length, 0),
  );
  const before = state.ram(buffer, header);
  // A packet to be cut says length 0: with the frame's own the rest can be read as what it is.
  const whole = before.slice();
  whole.set(after.subarray(IP_LENGTH, IP_LENGTH + 2), IP_LENGTH);
  const was = dissect(whole);
  const textAt = (fields: readonly Field[], at: number): string => fields.find((one) => one.at === at)?.text ?? '';
  const oldFields = was.sections.flatMap((section) => section.fields);
  const changes = taken.sections.flatMap((section) =>
    section.protocol === 'data'
      ? []
      : section.fields.flatMap((field) => {
          if (field.isPart) return [];
          const touched = Array.from({ length: field.length }, (_, i) => field.at + i).some(
            (at) => before[at] !== after[at],
          );
          if (!touched) return [];
          return [
            {
              name: `${section.protocol === 'eth' ? 'Ethernet' : section.protocol.toUpperCase()} ${field.name}`,
              before:
                field.at === IP_LENGTH
                  ? String((before[IP_LENGTH] as number) * 256 + (before[IP_LENGTH + 1] as number))
                  : plain(textAt(oldFields, field.at)) || hexOf(before, field),
              after: plain(field.text),
              at: field.at,
              length: field.length,
            },
          ];
        }),
  );
  return {
    frame: frame.id,
    segment: num(frame, 'segment'),
    segments: num(frame, 'segments', 1),
    header,
    payload: taken.sections
      .filter(({ protocol, title }) => protocol === 'data' && !title.startsWith('Padding'))
      .reduce((sum, { length }) => sum + length, 0),
    before,
    after: after.subarray(0, header),
    changes,
  };
}

/** Without the verdict: that needs the whole packet, and only headers are held beside each other. */
function plain(text: string): string {
  return text.replace(/ *\([^)]*\)$/, '').trim();
}

function hexOf(bytes: Uint8Array, { at, length }: Field): string {
  return `0x${[...bytes.subarray(at, at + length)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** What the checksum verifier finds in a frame that is on its way to memory. */
export interface Verdict {
  readonly frame: number;
  readonly checks: readonly { readonly name: string; readonly value: string; readonly found: string }[];
  /** It is of more interest than what the transmit engines did: they are at rest. */
  readonly newer: boolean;
}

/** Null while no frame is being moved to memory. `looks`: the verifier is on. */
export function verdictOf(state: State, rx: StructView | null, tx: StructView | null, looks: boolean): Verdict | null {
  const frame = rx === null ? null : ref(rx, 'moving');
  if (frame === null) return null;
  const bytes = state.ram(num(frame, 'data'), Math.max(0, num(frame, 'len') - FCS_BYTES));
  const checks = dissect(bytes)
    .sections.filter(
      ({ protocol, quoted }) => (protocol === 'ip' || protocol === 'tcp' || protocol === 'udp') && !quoted,
    )
    .flatMap(({ protocol, fields }) =>
      fields
        .filter(({ key }) => key.endsWith('.checksum'))
        .map((field) => ({
          name: `${protocol.toUpperCase()} checksum`,
          value: plain(field.text),
          found: looks ? (/\((\w+)\)$/.exec(field.text)?.[1] ?? 'not looked at') : 'not looked at',
        })),
    );
  return { frame: frame.id, checks, newer: text(tx, 'phase') === 'idle' };
}
