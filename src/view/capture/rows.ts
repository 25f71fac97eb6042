/** Tap and wire side by side: which frames of the wire a captured packet became, where they differ, and why. */
import { finish, type Work } from '../../base/work';
import { dissect } from '../dissect/dissect';
import type { Filterable } from '../filter/fields';
import { type Comparison, compare, type Difference, payloadLength } from './compare';

/** A packet as the capture reader gives it. */
export interface SeenPacket {
  readonly step: number;
  /** Virtual ns. */
  readonly ns: number;
  /** Object id of the skb or the frame. */
  readonly object: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
}

export interface CaptureRow {
  /** From 1. */
  readonly number: number;
  readonly packet: number;
  readonly direction: 'in' | 'out';
  readonly tap: SeenPacket | null;
  readonly wire: readonly SeenPacket[];
  /** One line as a capture program prints it. */
  readonly summary: string;
  /** The same for a narrow column: flags, and sequence numbers counted from the first of the run. */
  readonly brief: string;
  /** Where the packet at the tap and the first frame it became (or came from) differ. */
  readonly differences: readonly Difference[];
}

/** What a column needs of a TCP segment. */
interface Segment {
  readonly flow: string;
  readonly back: string;
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
}

function segmentOf(bytes: Uint8Array): Segment | null {
  const { sections } = dissect(bytes);
  // What an ICMP error quotes is not the packet's own.
  const own = sections.filter(({ quoted }) => quoted !== true);
  const ip = own.find(({ protocol }) => protocol === 'ip');
  const tcp = own.find(({ protocol }) => protocol === 'tcp');
  const text = (section: typeof tcp, name: string): string =>
    section?.fields.find((field) => field.name === name)?.text ?? '';
  if (ip === undefined || tcp === undefined || tcp.fields.length === 0) return null;
  const from = `${text(ip, 'source')} ${text(tcp, 'source port')}`;
  const to = `${text(ip, 'destination')} ${text(tcp, 'destination port')}`;
  const length = sections.find(({ protocol, title }) => protocol === 'data' && title.startsWith('Data'))?.length ?? 0;
  return {
    flow: `${from} ${to}`,
    back: `${to} ${from}`,
    flags: text(tcp, 'flags'),
    seq: Number(text(tcp, 'sequence')),
    ack: Number(text(tcp, 'acknowledgement')),
    length,
  };
}

/** Makes the short line of packets shown in order: numbers are relative to the first seen of their direction, which is 1. */
function briefly(): (bytes: Uint8Array) => string {
  const origins = new Map<string, number>();
  const relative = (flow: string, value: number): number => {
    if (!origins.has(flow)) origins.set(flow, value);
    return ((value - (origins.get(flow) ?? 0)) >>> 0) + 1;
  };
  return (bytes) => {
    const segment = segmentOf(bytes);
    // Without the addresses, as for TCP: flows of one host are told apart by what they say.
    if (segment === null) return dissect(bytes).summary.replace(/^[\d.]+ to [\d.]+: /, '');
    // A SYN has a sequence number of its own: bytes are counted from the one after it.
    if (/\bSYN\b/.test(segment.flags)) origins.set(segment.flow, (segment.seq + 1) >>> 0);
    const seq = relative(segment.flow, segment.seq);
    const range = segment.length > 0 ? `${seq}:${seq + segment.length}` : '';
    // Without ACK the field means nothing, and is no place to count the other direction from.
    const ack = /\bACK\b/.test(segment.flags) ? `ack ${relative(segment.back, segment.ack)}` : '';
    return `${segment.flags} ${[range, ack].filter((part) => part !== '').join(', ')}`.trimEnd();
  };
}

/** The packet at the tap beside one of its frames; null where there is only one side. */
export function comparisonOf({ tap, wire, direction }: CaptureRow, nth: number): Comparison | null {
  const frame = wire[nth];
  if (tap === null || frame === undefined) return null;
  const before = wire.slice(0, nth).reduce((sum, { bytes }) => sum + payloadOf(bytes), 0);
  return compare(tap.bytes, frame.bytes, { nth, of: wire.length, before, direction });
}

/** A row as a filter sees it: the packet at the tap, or what is on the wire where there is no tap. */
export function filterable(row: CaptureRow): Filterable {
  return {
    bytes: (row.tap ?? row.wire[0])?.bytes ?? new Uint8Array(),
    number: row.number,
    out: row.direction === 'out',
    differs: row.differences.length > 0,
  };
}

/** Rows of one host in order of time. `packetOf` names the packet an skb or a frame belongs to, the same for its whole family. */
export function captureRows(
  tap: readonly SeenPacket[],
  wire: readonly SeenPacket[],
  packetOf: (object: number) => number,
): CaptureRow[] {
  return finish(rowsOf(tap, wire, packetOf));
}

/** The same, a little at a time. */
export function* rowsOf(
  tap: readonly SeenPacket[],
  wire: readonly SeenPacket[],
  packetOf: (object: number) => number,
): Work<CaptureRow[]> {
  const framesOf = new Map<string, SeenPacket[]>();
  const keyOf = ({ object, direction }: SeenPacket): string => `${direction} ${packetOf(object)}`;
  for (const frame of wire) {
    const list = framesOf.get(keyOf(frame));
    if (list === undefined) framesOf.set(keyOf(frame), [frame]);
    else list.push(frame);
  }
  const rows: Omit<CaptureRow, 'brief' | 'number' | 'differences'>[] = [];
  const taken = new Set<SeenPacket>();
  for (const packet of tap) {
    yield;
    // A packet sent again has the same family: its frames are those that come next.
    const frames = (framesOf.get(keyOf(packet)) ?? []).filter(
      (frame) => !taken.has(frame) && (packet.direction === 'in' || frame.ns >= packet.ns),
    );
    const own = firstRun(packet, frames);
    if (packet.direction === 'in') own.push(...mergedAfter(packet, own, wire, taken));
    for (const frame of own) taken.add(frame);
    rows.push({
      packet: packetOf(packet.object),
      direction: packet.direction,
      tap: packet,
      wire: own,
      summary: dissect(packet.bytes).summary,
    });
  }
  for (const frame of wire) {
    if (taken.has(frame)) continue;
    yield;
    rows.push({
      packet: packetOf(frame.object),
      direction: frame.direction,
      tap: null,
      wire: [frame],
      summary: dissect(frame.bytes).summary,
    });
  }
  const firstOf = ({
    tap: packet,
    wire: frames,
  }: Omit<CaptureRow, 'brief' | 'number' | 'differences'>): SeenPacket | undefined => packet ?? frames[0];
  const brief = briefly();
  rows.sort((a, b) => (firstOf(a)?.ns ?? 0) - (firstOf(b)?.ns ?? 0));
  const made: CaptureRow[] = [];
  for (const [nth, row] of rows.entries()) {
    yield;
    const named = { ...row, number: nth + 1, brief: brief(firstOf(row)?.bytes ?? new Uint8Array()), differences: [] };
    made.push({ ...named, differences: comparisonOf(named, 0)?.differences ?? [] });
  }
  return made;
}

/** Bytes of payload by packet: asked for more than once of each. */
const payloads = new WeakMap<Uint8Array, number>();

function payloadOf(bytes: Uint8Array): number {
  let length = payloads.get(bytes);
  if (length === undefined) {
    length = payloadLength(bytes);
    payloads.set(bytes, length);
  }
  return length;
}

/** The frames that carry this packet's payload once. */
function firstRun(packet: SeenPacket, frames: readonly SeenPacket[]): SeenPacket[] {
  const wanted = payloadOf(packet.bytes);
  const run: SeenPacket[] = [];
  let carried = 0;
  for (const frame of frames) {
    run.push(frame);
    carried += payloadOf(frame.bytes);
    if (carried >= wanted) break;
  }
  return run;
}

/** Frames that GRO merged into a received packet: those that go on where it, so far, ends. */
function mergedAfter(
  packet: SeenPacket,
  own: readonly SeenPacket[],
  wire: readonly SeenPacket[],
  taken: ReadonlySet<SeenPacket>,
): SeenPacket[] {
  const whole = segmentOf(packet.bytes);
  const last = own.at(-1);
  if (whole === null || last === undefined) return [];
  let carried = own.reduce((sum, { bytes }) => sum + payloadOf(bytes), 0);
  const found: SeenPacket[] = [];
  for (const frame of wire) {
    if (carried >= whole.length) break;
    if (frame.direction !== 'in' || frame.ns <= last.ns || frame.ns > packet.ns || taken.has(frame)) continue;
    const segment = segmentOf(frame.bytes);
    if (segment?.flow !== whole.flow || segment.seq !== (whole.seq + carried) >>> 0 || segment.length === 0) continue;
    found.push(frame);
    carried += segment.length;
  }
  return found;
}
