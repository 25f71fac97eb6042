/**
 * Which skbs and wire frames are one packet. Clones, copies and segments say so themselves (`family`); what crosses hardware does
 * not, so a frame is matched with the skb the driver was given before, and a received skb with the frame whose bytes it has.
 */
import { rests, type Work } from '../base/work';
import { Cursor } from './cursor';
import { Kind, RETURN_SLOT } from './recorder';
import type { StructView } from './state';
import type { Trace } from './trace';

export interface PacketIndex {
  /** Object id of the first of its family, by object id. */
  readonly roots: Uint32Array;
  /** Host that sent a frame, by object id of the frame. */
  readonly senders: ReadonlyMap<number, number>;
}

/** The driver did not take the skb. */
const NETDEV_TX_BUSY = 0x10;
/** Bytes that tell one frame from another: Ethernet, IP and TCP headers. */
const HEAD_BYTES = 54;

export function* indexPackets(trace: Trace): Work<PacketIndex> {
  const parents = yield* familyParents(trace);
  const senders = new Map<number, number>();
  if (trace.structIndex('frame') >= 0) yield* new Hardware(trace, parents, senders).follow();
  const roots = new Uint32Array(parents.length);
  for (let id = 1; id < roots.length; id++) roots[id] = rootOf(parents, id);
  return { roots, senders };
}

/** What each object says it was made from. The first value counts: that does not change later. */
function* familyParents(trace: Trace): Work<Uint32Array> {
  const { type, base } = trace.data.objects;
  const parents = new Uint32Array(type.length);
  const offsets = trace.data.schema.structs.map((s) => s.fields.find(({ name }) => name === 'family')?.offset ?? 0);
  const owner = new Uint32Array(trace.data.size.words);
  for (let id = 1; id < type.length; id++) {
    const offset = offsets[type[id] as number] as number;
    if (offset > 0) owner[(base[id] as number) + offset] = id;
  }
  const { addr, new: after } = trace.data.journal;
  for (let i = 0; i < addr.length; i++) {
    if (rests(i)) yield;
    const id = owner[addr[i] as number] as number;
    if (id !== 0 && parents[id] === 0 && after[i] !== id) parents[id] = after[i] as number;
  }
  return parents;
}

/** Follows links to their end; a loop, which the model does not make, ends after as many hops as there are objects. */
function rootOf(parents: Uint32Array, id: number): number {
  let at = id;
  for (let hops = 0; hops < parents.length && (parents[at] as number) !== 0; hops++) at = parents[at] as number;
  return at;
}

interface Sent {
  /** The skb given to the driver, and the event that entered it. */
  readonly skb: number;
  readonly enter: number;
}

/** A device of a host. */
const placeOf = (host: number, dev: string): string => `${host} ${dev}`;

/** Goes along the run and ties skbs to frames and frames to skbs. */
class Hardware {
  private readonly cursor: Cursor;
  /** By host and device: a host may have several cards, and what it gives to lo comes to none. */
  private readonly given = new Map<string, Sent[]>();
  private readonly current = new Map<string, number>();
  private readonly arrived = new Map<number, { frame: number; head: Uint8Array }[]>();

  constructor(
    private readonly trace: Trace,
    private readonly parents: Uint32Array,
    private readonly senders: Map<number, number>,
  ) {
    this.cursor = new Cursor(trace, { once: true });
  }

  *follow(): Work<void> {
    const { trace } = this;
    const xmit = new Set(trace.data.schema.slots.filter(({ slot }) => slot === 'ndo_start_xmit').map(({ id }) => id));
    const received = trace.data.schema.functions.find(({ name }) => name === 'eth_type_trans')?.id ?? -1;
    for (let n = 0; n < trace.steps; n++) {
      if (rests(n)) yield;
      const kind = trace.kind(n);
      if (kind === Kind.ENTER) {
        if (xmit.has(trace.via(n))) this.give(n);
        else if (trace.fn(n) === received) this.receive(n);
      } else if (kind === Kind.WIRE && trace.skb(n) !== 0) this.wire(n, trace.label(n));
    }
  }

  private give(n: number): void {
    const skb = this.trace.skb(n);
    this.cursor.seek(n);
    const dev = this.cursor.state.find(skb)?.ref('dev')?.text('name') ?? '';
    listAt(this.given, placeOf(this.trace.context(this.trace.ctx(n)).host, dev)).push({ skb, enter: n });
  }

  private wire(n: number, label: string): void {
    this.cursor.seek(n);
    const frame = this.cursor.state.view(this.trace.skb(n));
    if (!frame.has('from_host') || !frame.has('segment')) return;
    if (label === 'tx-start') this.sent(frame);
    else if (label === 'rx') {
      const head = this.cursor.state.ram(frame.num('data'), HEAD_BYTES);
      listAt(this.arrived, frame.num('to_host')).push({ frame: frame.id, head });
    }
  }

  private sent(frame: StructView): void {
    const host = frame.num('from_host');
    const place = placeOf(host, `eth${frame.num('from_port')}`);
    this.senders.set(frame.id, host);
    if (frame.num('segment') === 0) {
      const queue = listAt(this.given, place);
      let next = queue.shift();
      while (next !== undefined && this.refused(next.enter)) next = queue.shift();
      this.current.set(place, next?.skb ?? 0);
    }
    this.parents[frame.id] ||= this.current.get(place) ?? 0;
  }

  private refused(enter: number): boolean {
    const leave = this.trace.leaveOf(enter);
    const { vars } = this.trace.data.columns;
    const { slot, num } = this.trace.data.values;
    const value = vars[leave] as number;
    return slot[value] === RETURN_SLOT && num[value] === NETDEV_TX_BUSY;
  }

  private receive(n: number): void {
    const skb = this.trace.skb(n);
    const queue = listAt(this.arrived, this.trace.context(this.trace.ctx(n)).host);
    if (skb === 0 || this.parents[skb] !== 0 || queue.length === 0) return;
    this.cursor.seek(n);
    const { state } = this.cursor;
    const head = state.ram(state.get(skb, 'data'), HEAD_BYTES);
    const at = queue.findIndex((entry) => entry.head.every((byte, i) => byte === head[i]));
    if (at < 0) return;
    this.parents[skb] = queue[at]?.frame ?? 0;
    queue.splice(0, at + 1);
  }
}

function listAt<K, T>(map: Map<K, T[]>, key: K): T[] {
  let list = map.get(key);
  if (list === undefined) {
    list = [];
    map.set(key, list);
  }
  return list;
}
