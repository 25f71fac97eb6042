/** Small readers of the state that forgive what a model does not have, and words for numbers. */
import type { State, StructView } from '../../trace/state';

export function num(view: StructView | null, field: string, fallback = 0): number {
  return view?.has(field) ? view.num(field) : fallback;
}

export function ref(view: StructView | null, field: string): StructView | null {
  return view?.has(field) ? view.ref(field) : null;
}

export function refs(view: StructView | null, field: string): StructView[] {
  return view?.has(field) ? view.refs(field) : [];
}

export function text(view: StructView | null, field: string): string {
  return view?.has(field) ? view.text(field) : '';
}

/** Objects chained by a field, from the first on; ends at null, at a circle or at `limit`. */
export function chain(first: StructView | null, field: string, limit = 4096): StructView[] {
  const found: StructView[] = [];
  const seen = new Set<number>();
  for (let at = first; at !== null && found.length < limit && !seen.has(at.id) && at.has(field); at = at.ref(field)) {
    seen.add(at.id);
    found.push(at);
  }
  return found;
}

/** The skbs of a `sk_buff_head`, in order. */
export function queued(head: StructView | null, limit = 4096): StructView[] {
  const qlen = num(head, 'qlen');
  return chain(ref(head, 'next'), 'next', Math.min(limit, qlen));
}

/** A number, with its thousands apart from five digits on: `1460`, `14 601`. */
export function grouped(value: number): string {
  if (Math.abs(value) < 10_000) return String(Math.round(value));
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** `1 segment`, `2 segments`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

/** A span of virtual time in the unit that suits it. */
export function span(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(2)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(ns >= 1e7 ? 0 : 1)} ms`;
  return ns >= 1000 ? `${(ns / 1000).toFixed(ns >= 1e5 ? 0 : 1)} µs` : `${Math.round(ns)} ns`;
}

/** Distance of two sequence numbers, negative if `b` is after `a` (wraps at 2^32). */
export function seqMinus(a: number, b: number): number {
  return (a - b) | 0;
}

export function dotted(ip: number): string {
  return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 0xff).join('.');
}

export function mac(value: number): string {
  return [5, 4, 3, 2, 1, 0]
    .map((byte) => (Math.floor(value / 256 ** byte) & 0xff).toString(16).padStart(2, '0'))
    .join(':');
}

export function byteAt(state: State, addr: number): number {
  return state.bytes[addr] ?? 0;
}

export function be16At(state: State, addr: number): number {
  return byteAt(state, addr) * 256 + byteAt(state, addr + 1);
}

export function be32At(state: State, addr: number): number {
  return be16At(state, addr) * 65536 + be16At(state, addr + 2);
}
