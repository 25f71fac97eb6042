/** What is seen at a place of a host: by a packet socket on `ptype_all` (the tap) or on the wire at its card. */
import { finish, rests, type Work } from '../base/work';
import { Cursor } from '../trace/cursor';
import { Kind, NONE } from '../trace/recorder';
import type { State, StructView } from '../trace/state';
import type { Trace } from '../trace/trace';
import { type CapturedPacket, pcapng } from './pcapng';

/** `tap`: what af_packet's socket gets, before the card on the way out; `wire`: what leaves and reaches the card. */
export interface Place {
  /** Host number. */
  readonly host: number;
  /** `eth0`, `lo`; `any`: what a packet socket gets that is bound to no device. */
  readonly dev: string;
  readonly side: 'tap' | 'wire';
}

/** A captured packet and the step at which it was seen. */
export interface Seen extends CapturedPacket {
  readonly step: number;
  /** The skb at a tap, the frame on the wire. */
  readonly object: number;
}

const PACKET_OUTGOING = 4;
const FCS_BYTES = 4;

/** All packets seen at a place, in order of time. */
export function captureAt(trace: Trace, place: Place): Seen[] {
  return finish(capturing(trace, place));
}

/** The same, a little at a time. */
export function capturing(trace: Trace, place: Place): Work<Seen[]> {
  const cursor = new Cursor(trace, { once: true });
  return place.side === 'tap' ? atTap(trace, cursor, place) : onWire(trace, cursor, place);
}

/** The same as a pcapng file. */
export function captureFile(trace: Trace, place: Place): Uint8Array {
  const name = `${trace.data.hosts[place.host]?.name ?? place.host}:${place.dev}:${place.side}`;
  const description = place.side === 'tap' ? 'what a packet socket gets' : 'what is on the wire';
  return pcapng([{ name, description }], captureAt(trace, place));
}

/**
 * What a packet socket got: of several, the one bound to the device; where there is none, what one that is bound to no device got there.
 */
function* atTap(trace: Trace, cursor: Cursor, { host, dev }: Place): Work<Seen[]> {
  const asked = trace.data.schema.functions.find(({ name }) => name === 'packet_rcv')?.id ?? -1;
  const seen = { bound: [] as Seen[], unbound: [] as Seen[] };
  let isBound = false;
  for (let n = 0; n < trace.steps; n++) {
    if (rests(n)) yield;
    if (trace.kind(n) !== Kind.ENTER || trace.fn(n) !== asked || trace.context(trace.ctx(n)).host !== host) continue;
    cursor.seek(n);
    const skb = cursor.state.find(trace.skb(n));
    if (skb === null || (dev !== 'any' && skb.ref('dev')?.text('name') !== dev)) continue;
    const toDevice = isOfDevice(trace, cursor, n);
    if (toDevice && dev === 'any') continue;
    if (toDevice) isBound = true;
    if (!wasQueued(trace, cursor, n)) continue;
    cursor.seek(n);
    seen[toDevice ? 'bound' : 'unbound'].push({
      at: 0,
      ns: trace.time(n),
      bytes: packetBytes(cursor.state, skb),
      direction: skb.num('pkt_type') === PACKET_OUTGOING ? 'out' : 'in',
      step: n,
      object: skb.id,
    });
  }
  return isBound ? seen.bound : seen.unbound;
}

/** True if the socket that is asked at this step is bound to a device. */
function isOfDevice(trace: Trace, cursor: Cursor, enter: number): boolean {
  const hook = trace.variablesAt(enter).find(({ name }) => name === 'pt')?.value;
  const socket = typeof hook === 'number' ? cursor.state.find(hook)?.ref('af_packet_priv') : null;
  return socket != null && socket.num('ifindex') !== 0;
}

/** True unless the socket had no room: its count of received packets grew between entry and return. */
function wasQueued(trace: Trace, cursor: Cursor, enter: number): boolean {
  const leave = trace.leaveOf(enter);
  if (leave === NONE) return true;
  return cursor.state
    .changes(enter, leave)
    .some(({ object, field }) => field === 'qlen' && cursor.state.find(object)?.is('sk_buff_head'));
}

/** An skb's bytes from its link header on: the linear part, its page fragments, and the skbs merged into it. */
export function packetBytes(state: State, skb: StructView): Uint8Array {
  const start = skb.num('mac_header') || skb.num('data');
  const linear = state.ram(start, skb.num('tail') - start);
  const fragments = skb.num('data_len') === 0 ? [] : fragmentBytes(state, skb);
  const bytes = new Uint8Array(linear.length + fragments.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of [linear, ...fragments]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function fragmentBytes(state: State, skb: StructView): Uint8Array[] {
  const info = skb.ref('shared_info');
  if (info === null) return [];
  const parts = info
    .refs('frags')
    .slice(0, info.num('nr_frags'))
    .map((fragment) => {
      const page = fragment.ref('page')?.num('virtual') ?? 0;
      return state.ram(page + fragment.num('page_offset'), fragment.num('size'));
    });
  for (let merged = info.ref('frag_list'); merged !== null; merged = merged.ref('next')) {
    parts.push(state.ram(merged.num('data'), merged.num('tail') - merged.num('data')), ...fragmentBytes(state, merged));
  }
  return parts;
}

/** Name of the device that a card is to its host. */
function device(frame: StructView, field: 'from_port' | 'to_port'): string {
  return `eth${frame.num(field)}`;
}

function* onWire(trace: Trace, cursor: Cursor, { host, dev }: Place): Work<Seen[]> {
  const seen: Seen[] = [];
  const lost = new Set<number>();
  for (let n = 0; n < trace.steps; n++) {
    if (rests(n)) yield;
    if (trace.kind(n) !== Kind.WIRE || trace.skb(n) === 0) continue;
    const label = trace.label(n);
    if (label === 'lost') lost.add(trace.skb(n));
    if (label !== 'tx-end' && label !== 'rx') continue;
    cursor.seek(n);
    const frame = cursor.state.view(trace.skb(n));
    const isOut = label === 'tx-end' && frame.num('from_host') === host && dev === device(frame, 'from_port');
    const isIn = label === 'rx' && frame.num('to_host') === host && dev === device(frame, 'to_port');
    if (!isOut && !isIn) continue;
    seen.push({
      at: 0,
      ns: trace.time(n),
      bytes: cursor.state.ram(frame.num('data'), frame.num('len') - FCS_BYTES),
      direction: isOut ? 'out' : 'in',
      step: n,
      object: frame.id,
    });
  }
  return seen.map((packet) => (lost.has(packet.object) ? { ...packet, comment: 'lost on the wire' } : packet));
}
