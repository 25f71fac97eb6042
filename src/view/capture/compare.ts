/** A packet at the tap held against a frame on the wire, byte by byte: where they differ, in which field, and why. */
import { dissect, type Section } from '../dissect/dissect';
import { transportChecksum } from '../dissect/sums';

export interface Difference {
  /** `TCP checksum`; `payload` and `padding` are no fields. */
  readonly name: string;
  /** First byte, from the destination MAC address, and how many. */
  readonly at: number;
  readonly length: number;
  /** What each has there; empty where one has nothing. */
  readonly tap: string;
  readonly wire: string;
  /** A sentence without its full stop. */
  readonly why: string;
}

/** How a byte stands beside the other side: the same there, different, or not there. */
export const SAME = 0;
export const DIFFERS = 1;
export const ALONE = 2;

export interface Comparison {
  readonly differences: readonly Difference[];
  /** A mark for each byte of the packet at the tap, and of the frame. */
  readonly tap: Uint8Array;
  readonly wire: Uint8Array;
}

/** What a frame is to the packet: the nth of several, and how much payload went before it. */
export interface Part {
  readonly nth: number;
  readonly of: number;
  readonly before: number;
  readonly direction: 'in' | 'out';
}

const NAMES: Readonly<Record<string, string>> = { eth: 'Ethernet', data: 'data' };

function isHeader({ protocol }: Section): boolean {
  return protocol !== 'data';
}

/** Length of the headers of a frame, those that an ICMP error quotes included. */
export function headerLength(bytes: Uint8Array): number {
  return dissect(bytes)
    .sections.filter(isHeader)
    .reduce((sum, { at, length }) => Math.max(sum, at + length), 0);
}

/** Bytes of payload, without padding. */
export function payloadLength(bytes: Uint8Array): number {
  const data = dissect(bytes).sections.filter(
    ({ protocol, title }) => protocol === 'data' && !title.startsWith('Padding'),
  );
  return data.reduce((sum, { length }) => sum + length, 0);
}

function marksOf(tap: Uint8Array, wire: Uint8Array, { of, before }: Part): Pick<Comparison, 'tap' | 'wire'> {
  const marks = { tap: new Uint8Array(tap.length).fill(ALONE), wire: new Uint8Array(wire.length).fill(ALONE) };
  const pair = (a: number, b: number): void => {
    const mark = tap[a] === wire[b] ? SAME : DIFFERS;
    marks.tap[a] = mark;
    marks.wire[b] = mark;
  };
  if (of === 1) {
    for (let at = 0; at < Math.min(tap.length, wire.length); at++) pair(at, at);
    return marks;
  }
  const [tapHeader, wireHeader] = [headerLength(tap), headerLength(wire)];
  for (let at = 0; at < Math.min(tapHeader, wireHeader); at++) pair(at, at);
  const carried = payloadLength(wire);
  for (let i = 0; i < carried && tapHeader + before + i < tap.length; i++) pair(tapHeader + before + i, wireHeader + i);
  return marks;
}

const BELOW = 'below the tap';

function checksumReason(tap: Uint8Array, { direction, of }: Part): string {
  const isPartial = transportChecksum(tap) === 'partial';
  if (direction === 'in')
    return isPartial
      ? 'GRO leaves the sum of the pseudo-header in the merged packet, so that it could be cut again'
      : `changed ${BELOW}`;
  const cut = of > 1 ? ' for each frame' : '';
  return isPartial
    ? `the stack leaves the sum of the pseudo-header there (CHECKSUM_PARTIAL); it is filled in${cut} ${BELOW}`
    : `made anew${cut}, as the packet is cut ${BELOW}`;
}

const CUT_REASONS: Readonly<Record<string, string>> = {
  'IP total length': 'each frame has the length of its own part',
  'IP identification': 'counted up from frame to frame',
  'IP header checksum': 'follows from the length and the identification of each frame',
  'TCP sequence': 'each frame begins where the one before ended',
  'TCP flags': 'PSH and FIN stay with the last frame only',
  'UDP length': 'each frame has the length of its own part',
};
const MERGED_REASONS: Readonly<Record<string, string>> = {
  'IP total length': 'GRO adds up what it merges',
  'IP header checksum': 'made anew by GRO for the length of the merged packet',
  'IP identification': 'the merged packet keeps that of its first frame',
  'TCP sequence': 'the merged packet keeps that of its first frame',
  'TCP flags': 'the merged packet has PSH and FIN if any of its frames had them',
  'TCP acknowledgement': 'the merged packet keeps that of its first frame',
  'TCP window': 'the merged packet keeps that of its first frame',
  'TCP timestamps': 'the merged packet keeps those of its first frame',
};

function reasonFor(name: string, tap: Uint8Array, part: Part): string {
  if (name === 'TCP checksum' || name === 'UDP checksum') return checksumReason(tap, part);
  if (part.of > 1) {
    const reasons = part.direction === 'in' ? MERGED_REASONS : CUT_REASONS;
    return reasons[name] ?? (part.direction === 'in' ? `merged ${BELOW}` : `made anew for each frame ${BELOW}`);
  }
  return part.direction === 'in' ? `changed ${BELOW}` : `written ${BELOW}`;
}

/** The verdict behind a checksum is told by the reason. */
function plain(text: string): string {
  return text.replace(/ *\((right|wrong|pseudo-header only)\)$/, '');
}

function fieldDifferences(tap: Uint8Array, wire: Uint8Array, marks: Uint8Array, part: Part): Difference[] {
  const other = dissect(wire).sections.flatMap(({ fields }) => fields);
  return dissect(tap)
    .sections.filter(isHeader)
    .flatMap(({ protocol, fields }) =>
      fields.flatMap((field) => {
        if (field.isPart) return [];
        const differs = marks.subarray(field.at, field.at + field.length).includes(DIFFERS);
        if (!differs) return [];
        const name = `${NAMES[protocol] ?? protocol.toUpperCase()} ${field.name}`;
        const there = other.find((one) => !one.isPart && one.at === field.at && one.name === field.name);
        return [
          {
            name,
            at: field.at,
            length: field.length,
            tap: plain(field.text),
            wire: plain(there?.text ?? ''),
            why: reasonFor(name, tap, part),
          },
        ];
      }),
    );
}

/** Where the payload is not the same, and what one side has that the other has not. */
function bodyDifferences(tap: Uint8Array, wire: Uint8Array, marks: Uint8Array, part: Part): Difference[] {
  const found: Difference[] = [];
  const from = headerLength(tap);
  const first = marks.findIndex((mark, at) => at >= from && mark === DIFFERS);
  if (first >= 0) {
    const count = marks.subarray(from).filter((mark) => mark === DIFFERS).length;
    found.push({
      name: 'payload',
      at: first,
      length: count,
      tap: '',
      wire: '',
      why: `${count} bytes of payload are not the same: the frame was damaged, or changed ${BELOW}`,
    });
  }
  if (part.of > 1) {
    const verb = part.direction === 'in' ? `were merged into a packet of` : `carry a packet of`;
    const who = part.direction === 'in' ? `GRO, ${BELOW}` : `the card (TSO) or the device layer (GSO), ${BELOW}`;
    found.push({
      name: 'length',
      at: wire.length,
      length: Math.max(0, tap.length - wire.length),
      tap: `${tap.length} bytes`,
      wire: `${wire.length} bytes`,
      why: `${part.of} frames ${verb} ${tap.length} bytes: the work of ${who}`,
    });
  } else if (tap.length < wire.length) {
    found.push({
      name: 'padding',
      at: tap.length,
      length: wire.length - tap.length,
      tap: '',
      wire: `${wire.length - tap.length} bytes`,
      why: 'padded to the least length of an Ethernet frame',
    });
  } else if (tap.length > wire.length) {
    found.push({
      name: 'length',
      at: wire.length,
      length: tap.length - wire.length,
      tap: `${tap.length} bytes`,
      wire: `${wire.length} bytes`,
      why: 'only a part of the packet is on the wire so far',
    });
  }
  return found;
}

/** The common case, and the quick one: nothing has to be dissected. */
function isSame(tap: Uint8Array, wire: Uint8Array): boolean {
  return tap.length === wire.length && tap.every((byte, at) => byte === wire[at]);
}

export function compare(tap: Uint8Array, wire: Uint8Array, part: Part): Comparison {
  if (part.of === 1 && isSame(tap, wire))
    return {
      tap: new Uint8Array(tap.length).fill(SAME),
      wire: new Uint8Array(wire.length).fill(SAME),
      differences: [],
    };
  const marks = marksOf(tap, wire, part);
  return {
    ...marks,
    differences: [...fieldDifferences(tap, wire, marks.tap, part), ...bodyDifferences(tap, wire, marks.tap, part)],
  };
}
