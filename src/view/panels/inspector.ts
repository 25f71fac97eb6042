/** What the inspector shows of an object: its fields, an sk_buff's anatomy and family, what a step changed. */
import { NONE } from '../../trace/recorder';
import type { Change, State, StructView } from '../../trace/state';
import type { FieldSchema, Trace } from '../../trace/trace';

export interface FieldRow {
  readonly name: string;
  readonly text: string;
  readonly doc: string;
  /** Object it points to, 0: none. */
  readonly object: number;
  readonly changed: boolean;
  /** Zero, NULL or an empty list: left out unless all is wanted. */
  readonly empty: boolean;
}

function fieldText(
  state: State,
  view: StructView,
  schema: FieldSchema,
): { text: string; object: number; empty: boolean } {
  if (schema.kind === 'list') {
    const items = view.items(schema.name);
    const item = schema.item ?? schema;
    const shown = items.slice(0, 6).map((word) => state.format(item.kind, item.names, word));
    const more = items.length > shown.length ? `, and ${items.length - shown.length} more` : '';
    return {
      text: items.length === 0 ? 'empty' : shown.join(', ') + more,
      object: items.length === 1 && item.kind === 'ref' ? (items[0] as number) : 0,
      empty: items.length === 0,
    };
  }
  const word = view.num(schema.name);
  const isRef = schema.kind === 'ref' || schema.kind === 'embed';
  const text = state.format(schema.kind, schema.names, word);
  return { text, object: isRef ? word : 0, empty: schema.kind === 'fn' ? word < 0 : word === 0 };
}

/** Fields of an object in order of declaration; those that differ from `before` are marked. */
export function fieldRows(state: State, view: StructView, changes: readonly Change[]): FieldRow[] {
  const changed = new Set(changes.filter(({ object }) => object === view.id).map(({ schema }) => schema.name));
  return view.schema.fields.map((schema) => ({
    name: schema.name,
    doc: schema.doc,
    changed: changed.has(schema.name),
    ...fieldText(state, view, schema),
  }));
}

export interface ChangeRow {
  readonly object: number;
  readonly title: string;
  readonly field: string;
  readonly from: string;
  readonly to: string;
  readonly doc: string;
}

/** Bookkeeping that would drown what one looks for. */
const QUIET_STRUCTS = new Set(['tvec_base', 'rq', 'irq_cpustat_t']);

/** What a step changed, at most `limit` rows; `more` counts the rest. */
export function changeRows(
  state: State,
  changes: readonly Change[],
  limit: number,
): { rows: ChangeRow[]; more: number } {
  const shown = changes.filter(({ object }) => !QUIET_STRUCTS.has(state.view(object).type));
  const rows = shown.slice(0, limit).map(({ object, field, schema, old, new: after }) => {
    const format = (word: number): string => {
      const item =
        schema.kind === 'list' && schema.item !== undefined && !field.endsWith('.length') ? schema.item : schema;
      return schema.kind === 'list' && field.endsWith('.length')
        ? String(word)
        : state.format(item.kind, item.names, word);
    };
    return {
      object,
      title: `${state.view(object).type} #${object}`,
      field,
      from: format(old),
      to: format(after),
      doc: schema.doc,
    };
  });
  return { rows, more: shown.length - rows.length };
}

/** A stretch of an skb's linear block or a page fragment of it. */
export interface AnatomyPart {
  readonly label: string;
  readonly kind: 'headroom' | 'eth' | 'ip' | 'tcp' | 'data' | 'tailroom' | 'fragment';
  readonly bytes: number;
  /** Address of its first byte. */
  readonly at: number;
}

export interface Anatomy {
  readonly parts: readonly AnatomyPart[];
  /** Offsets from `head` of the four pointers. */
  readonly data: number;
  readonly tail: number;
  readonly end: number;
  readonly fragments: readonly AnatomyPart[];
  /** Holders of the data block: all, and those of the payload only. */
  readonly dataref: number;
}

const ETHERNET_HEADER = 14;
const IPPROTO_UDP = 17;

/** The sk_buff picture: what stands between head, data, tail and end. */
export function anatomyOf(state: State, view: StructView): Anatomy {
  const head = view.num('head');
  const data = view.num('data');
  const tail = view.num('tail');
  const end = view.num('end');
  const marks: { at: number; kind: AnatomyPart['kind'] }[] = [];
  const mark = (at: number, kind: AnatomyPart['kind']): void => {
    if (at >= data && at < tail) marks.push({ at, kind });
  };
  const network = view.num('network_header');
  const transport = view.num('transport_header');
  // On its way out the link header is pushed without a note of where it stands.
  mark(view.num('mac_header') || (network - data === ETHERNET_HEADER ? data : 0), 'eth');
  mark(network, 'ip');
  // A capture's clone has both pointers at the network header.
  mark(transport === network && network !== 0 ? network + ((state.bytes[network] ?? 0) & 0xf) * 4 : transport, 'tcp');
  marks.sort((a, b) => a.at - b.at);
  const parts: AnatomyPart[] = [{ label: 'room', kind: 'headroom', bytes: data - head, at: head }];
  let at = data;
  marks.forEach(({ at: start, kind }, i) => {
    if (start > at) parts.push({ label: 'data', kind: 'data', bytes: start - at, at });
    const next = marks[i + 1]?.at;
    const length =
      next !== undefined
        ? next - start
        : kind === 'eth'
          ? ETHERNET_HEADER
          : kind === 'ip'
            ? 20
            : Math.min(tail - start, headerLength(state, start));
    parts.push({ label: kind === 'tcp' ? transportName(state, network) : kind, kind, bytes: length, at: start });
    at = start + length;
  });
  if (tail > at) parts.push({ label: 'data', kind: 'data', bytes: tail - at, at });
  parts.push({ label: 'room', kind: 'tailroom', bytes: end - tail, at: tail });
  const info = view.ref('shared_info');
  const fragments = (info?.refs('frags') ?? []).slice(0, info?.num('nr_frags') ?? 0).map(
    (fragment): AnatomyPart => ({
      label: `page ${fragment.ref('page')?.id ?? 0}`,
      kind: 'fragment',
      bytes: fragment.num('size'),
      at: (fragment.ref('page')?.num('virtual') ?? 0) + fragment.num('page_offset'),
    }),
  );
  return {
    parts: parts.filter(({ bytes, kind }) => bytes > 0 || kind === 'headroom' || kind === 'tailroom'),
    data: data - head,
    tail: tail - head,
    end: end - head,
    fragments,
    dataref: (info?.num('dataref') ?? 0) & 0xffff,
  };
}

/** What the IP header says follows it; nothing is said of a header not yet filled in. */
function transportName(state: State, network: number): string {
  return (state.bytes[network + 9] ?? 0) === IPPROTO_UDP && network !== 0 ? 'udp' : 'tcp';
}

function headerLength(state: State, at: number): number {
  // The upper half of byte 12 of a TCP header is its length in words; a header still empty counts as 20.
  const words = (state.bytes[at + 12] ?? 0) >> 4;
  return words >= 5 ? words * 4 : 20;
}

export interface Relative {
  readonly id: number;
  readonly title: string;
  readonly depth: number;
  readonly live: boolean;
  readonly isSelf: boolean;
}

/** The family of an skb that exists so far: originals, clones, copies and segments, as a tree in order of birth. */
export function familyOf(trace: Trace, state: State, id: number): Relative[] {
  const packet = trace.packetOf(id);
  const members = trace.idsOf('sk_buff').filter((other) => trace.packetOf(other) === packet && isBorn(state, other));
  const parentOf = (member: number): number => state.view(member).num('family');
  const rows: Relative[] = [];
  const visit = (member: number, depth: number): void => {
    const host = trace.data.hosts[trace.data.objects.host[member] as number]?.name ?? '';
    rows.push({ id: member, title: `#${member} on ${host}`, depth, live: state.isLive(member), isSelf: member === id });
    for (const child of members) if (child !== member && parentOf(child) === member) visit(child, depth + 1);
  };
  for (const member of members) if (!members.includes(parentOf(member))) visit(member, 0);
  return rows;
}

/** True once there is a packet in an skb: receive buffers are allocated long before one comes. */
function isBorn(state: State, id: number): boolean {
  return state.view(id).num('len') > 0;
}

/** What the inspector looks at when nothing is chosen: the skb in hand, else the latest one handled, else the socket. */
export function defaultObject(trace: Trace, state: State, step: number): number {
  for (let at = step, seen = 0; at !== NONE && at >= 0 && seen < 400; at--, seen++) {
    const skb = trace.skb(at);
    if (skb !== 0 && state.find(skb)?.is('sk_buff') && state.isLive(skb)) return skb;
  }
  return state.objects('tcp_sock')[0]?.id ?? 0;
}
