/** Tap and wire side by side: which frames of the wire a captured packet became, where they differ, and why. */
import { dissect, tcpChecksum } from './dissect';

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

/** Bytes that differ, and the reason. `at` counts from the destination MAC address. */
export interface Difference {
  readonly at: number;
  readonly length: number;
  readonly why: string;
}

export interface CaptureRow {
  readonly packet: number;
  readonly direction: 'in' | 'out';
  readonly tap: SeenPacket | null;
  readonly wire: readonly SeenPacket[];
  /** One line as a capture program prints it. */
  readonly summary: string;
  /** The same for a narrow column: flags, and sequence numbers counted from the first of the run. */
  readonly brief: string;
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
  const ip = sections.find(({ protocol }) => protocol === 'ip');
  const tcp = sections.find(({ protocol }) => protocol === 'tcp');
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
    if (segment === null) return dissect(bytes).summary;
    const seq = relative(segment.flow, segment.seq);
    const ack = relative(segment.back, segment.ack);
    const range = segment.length > 0 ? `${seq}:${seq + segment.length}, ` : '';
    return `${segment.flags} ${range}ack ${ack}`;
  };
}

function rangesThatDiffer(a: Uint8Array, b: Uint8Array): { at: number; length: number }[] {
  const ranges: { at: number; length: number }[] = [];
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] === b[i]) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last.at + last.length === i) last.length++;
    else ranges.push({ at: i, length: 1 });
  }
  return ranges;
}

/** Why the field at a byte is not the same at tap and wire. */
function reason(tap: Uint8Array, at: number, frames: number): string {
  const section = dissect(tap).sections.find((part) => at >= part.at && at < part.at + part.length);
  const field = section?.fields.find((part) => at >= part.at && at < part.at + part.length);
  const name = `${section?.protocol.toUpperCase() ?? ''} ${field?.name ?? 'bytes'}`;
  if (section?.protocol === 'tcp' && field?.name === 'checksum') {
    return tcpChecksum(tap) === 'partial'
      ? `${name}: the stack leaves the sum of the pseudo-header there (CHECKSUM_PARTIAL); it is filled in below the tap`
      : `${name}: made anew for each segment`;
  }
  if (frames > 1) return `${name}: made anew for each segment the packet is cut into`;
  return `${name}: written below the tap`;
}

function differencesOf(tap: SeenPacket, wire: readonly SeenPacket[]): Difference[] {
  const [first] = wire;
  if (first === undefined) return [];
  const found = rangesThatDiffer(tap.bytes, first.bytes).map(({ at, length }) => ({
    at,
    length,
    why: reason(tap.bytes, at, wire.length),
  }));
  if (wire.length > 1) {
    found.push({
      at: first.bytes.length,
      length: tap.bytes.length - first.bytes.length,
      why: `the packet of ${tap.bytes.length} bytes is cut into ${wire.length} frames below the tap`,
    });
  } else if (tap.bytes.length < first.bytes.length) {
    found.push({
      at: tap.bytes.length,
      length: first.bytes.length - tap.bytes.length,
      why: 'padded to the least length of an Ethernet frame',
    });
  }
  return found;
}

/** Rows of one host in order of time. `packetOf` names the packet an skb or a frame belongs to, the same for its whole family. */
export function captureRows(
  tap: readonly SeenPacket[],
  wire: readonly SeenPacket[],
  packetOf: (object: number) => number,
): CaptureRow[] {
  const framesOf = new Map<string, SeenPacket[]>();
  const keyOf = ({ object, direction }: SeenPacket): string => `${direction} ${packetOf(object)}`;
  for (const frame of wire) {
    const list = framesOf.get(keyOf(frame));
    if (list === undefined) framesOf.set(keyOf(frame), [frame]);
    else list.push(frame);
  }
  const rows: Omit<CaptureRow, 'brief'>[] = [];
  const taken = new Set<SeenPacket>();
  for (const packet of tap) {
    // A packet sent again has the same family: its frames are those that come next.
    const frames = (framesOf.get(keyOf(packet)) ?? []).filter(
      (frame) => !taken.has(frame) && (packet.direction === 'in' || frame.ns >= packet.ns),
    );
    const own = firstRun(packet, frames);
    for (const frame of own) taken.add(frame);
    rows.push({
      packet: packetOf(packet.object),
      direction: packet.direction,
      tap: packet,
      wire: own,
      summary: dissect(packet.bytes).summary,
      differences: differencesOf(packet, own),
    });
  }
  for (const frame of wire) {
    if (taken.has(frame)) continue;
    rows.push({
      packet: packetOf(frame.object),
      direction: frame.direction,
      tap: null,
      wire: [frame],
      summary: dissect(frame.bytes).summary,
      differences: [],
    });
  }
  const firstOf = ({ tap: packet, wire: frames }: Omit<CaptureRow, 'brief'>): SeenPacket | undefined =>
    packet ?? frames[0];
  const brief = briefly();
  return rows
    .sort((a, b) => (firstOf(a)?.ns ?? 0) - (firstOf(b)?.ns ?? 0))
    .map((row) => ({ ...row, brief: brief(firstOf(row)?.bytes ?? new Uint8Array()) }));
}

/** Bytes of payload by packet: asked for more than once of each. */
const payloads = new WeakMap<Uint8Array, number>();

function payloadOf(bytes: Uint8Array): number {
  let length = payloads.get(bytes);
  if (length === undefined) {
    const isPayload = (title: string): boolean => !title.startsWith('Padding');
    length =
      dissect(bytes).sections.find(({ protocol, title }) => protocol === 'data' && isPayload(title))?.length ?? 0;
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
