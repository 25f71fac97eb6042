/**
 * Where a step goes. Each size and thread of attention is a set of steps at which one stops; `next` is the first of them after
 * n, `previous` the last before it. So `previous(next(n))` is n wherever n itself is a stop.
 */
import { Kind, NONE } from './recorder';
import type { Trace } from './trace';

/** From small to large. */
export const SIZES = ['line', 'call', 'layer', 'packet', 'trip'] as const;
export type Size = (typeof SIZES)[number];

/** What one follows: everything, a CPU (with interrupts on it), a task by its context id, or a packet with its family. */
export type Thread =
  | 'all'
  | { readonly host: number; readonly cpu: number }
  | { readonly task: number }
  | { readonly skb: number };

/** Stop where a function is entered, a line reached, a mark set, or a value of the frame meets a condition. */
export interface Breakpoint {
  /** Function name; its entry if `line` is not given. */
  readonly fn?: string;
  /** Path below src/kernel, with `line`. */
  readonly file?: string;
  readonly line?: number;
  /** All of them must hold for values of the frame (parameters and locals, by name). */
  readonly when?: readonly Condition[];
}

export interface Condition {
  readonly name: string;
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=';
  readonly value: number | string | boolean | null;
}

/** True when the event belongs to what is followed. */
export function follows(trace: Trace, n: number, thread: Thread): boolean {
  if (thread === 'all') return true;
  if ('skb' in thread) {
    const kind = trace.kind(n);
    // A lock's id stands where other events have their skb.
    if (kind === Kind.SPIN || kind === Kind.GOT || kind === Kind.SWITCH) return false;
    const skb = trace.skb(n);
    return skb !== 0 && trace.packetOf(skb) === trace.packetOf(thread.skb);
  }
  if ('task' in thread) return trace.ctx(n) === thread.task;
  const { host, cpu } = trace.context(trace.ctx(n));
  return host === thread.host && cpu === thread.cpu;
}

/** Marks that are something to see: not the switch of a context. */
function isShown(kind: number): boolean {
  return kind >= Kind.SPIN;
}

/** Steps of each size, found once a trace; 1 where a stop is. */
const stops = new WeakMap<Trace, Map<Size, Uint8Array>>();

function stopsOf(trace: Trace, size: Size): Uint8Array {
  let bySize = stops.get(trace);
  if (bySize === undefined) {
    bySize = new Map();
    stops.set(trace, bySize);
  }
  let marks = bySize.get(size);
  if (marks === undefined) {
    marks = FINDERS[size](trace);
    bySize.set(size, marks);
  }
  return marks;
}

function mark(trace: Trace, isStop: (n: number, kind: number) => boolean): Uint8Array {
  const marks = new Uint8Array(trace.steps);
  for (let n = 0; n < trace.steps; n++) if (isStop(n, trace.kind(n))) marks[n] = 1;
  // The ends are always stops, so that one gets there.
  if (trace.steps > 0) marks[0] = marks[trace.steps - 1] = 1;
  return marks;
}

const FINDERS: Readonly<Record<Size, (trace: Trace) => Uint8Array>> = {
  line: (trace) => {
    const hasLines = trace.data.level === 'lines';
    return mark(trace, (_, kind) => isShown(kind) || (hasLines ? kind === Kind.LINE : kind <= Kind.LEAVE));
  },
  call: (trace) => mark(trace, (_, kind) => kind === Kind.ENTER || isShown(kind)),
  layer: (trace) =>
    mark(trace, (n, kind) => {
      if (kind === Kind.WIRE) return true;
      if (kind !== Kind.ENTER) return false;
      const caller = trace.link(n);
      return caller === NONE || trace.layerAt(n) !== trace.layerAt(caller);
    }),
  packet: (trace) => {
    const inHand = new Uint32Array(trace.data.contexts.length);
    return mark(trace, (n, kind) => {
      if (kind === Kind.WIRE) return true;
      if (kind !== Kind.ENTER || trace.skb(n) === 0) return false;
      const packet = trace.packetOf(trace.skb(n));
      const ctx = trace.ctx(n);
      if (inHand[ctx] === packet) return false;
      inHand[ctx] = packet;
      return true;
    });
  },
  trip: (trace) => {
    let sender = -1;
    return mark(trace, (n, kind) => {
      if (kind !== Kind.WIRE) return false;
      const host = trace.senderOf(trace.skb(n));
      if (host === sender) return false;
      sender = host;
      return true;
    });
  },
};

/** First stop after n, or null at the end. */
export function next(trace: Trace, n: number, size: Size, thread: Thread = 'all'): number | null {
  const marks = stopsOf(trace, size);
  for (let at = n + 1; at < trace.steps; at++) if (marks[at] === 1 && follows(trace, at, thread)) return at;
  return null;
}

/** Last stop before n, or null at the start. */
export function previous(trace: Trace, n: number, size: Size, thread: Thread = 'all'): number | null {
  const marks = stopsOf(trace, size);
  for (let at = n - 1; at >= 0; at--) if (marks[at] === 1 && follows(trace, at, thread)) return at;
  return null;
}

/** Smallest steps of the context of n: lines where they are recorded, else entries. */
function scan(trace: Trace, n: number, forwards: boolean, isStop: (at: number) => boolean): number | null {
  const ctx = trace.ctx(n);
  const marks = stopsOf(trace, 'line');
  const move = (at: number): number =>
    forwards ? trace.nextEventOf(ctx, at) : at > 0 ? trace.lastEventOf(ctx, at - 1) : -1;
  for (let at = move(n); at >= 0; at = move(at)) {
    if (marks[at] === 1 && trace.ctx(at) === ctx && trace.isCode(at) && isStop(at)) return at;
  }
  return null;
}

/** The next line in the same context, inside a function if one is called. */
export function into(trace: Trace, n: number): number | null {
  return scan(trace, n, true, () => true);
}
/** The line before in the same context. */
export function intoBack(trace: Trace, n: number): number | null {
  return scan(trace, n, false, () => true);
}
/** The next line of this frame, or of its caller when it returns; what it calls is passed. */
export function over(trace: Trace, n: number): number | null {
  const depth = trace.depth(n);
  return scan(trace, n, true, (at) => trace.depth(at) <= depth);
}
/** The line before in this frame, or in its caller. */
export function overBack(trace: Trace, n: number): number | null {
  const depth = trace.depth(n);
  return scan(trace, n, false, (at) => trace.depth(at) <= depth);
}
/** The line after the call of this frame, in its caller. */
export function out(trace: Trace, n: number): number | null {
  const depth = trace.depth(n);
  return scan(trace, n, true, (at) => trace.depth(at) < depth);
}
/** The line of the caller that called this frame. */
export function outBack(trace: Trace, n: number): number | null {
  const depth = trace.depth(n);
  return scan(trace, n, false, (at) => trace.depth(at) < depth);
}

/** True when the event is one a breakpoint stops at. */
export function hits(trace: Trace, n: number, breakpoint: Breakpoint): boolean {
  const kind = trace.kind(n);
  const wanted = breakpoint.line === undefined ? Kind.ENTER : Kind.LINE;
  if (kind !== wanted) return false;
  const fact = trace.functionAt(n);
  if (fact === null) return false;
  if (breakpoint.fn !== undefined && fact.name !== breakpoint.fn) return false;
  if (breakpoint.file !== undefined && fact.file !== breakpoint.file) return false;
  if (breakpoint.line !== undefined && trace.line(n) !== breakpoint.line) return false;
  return (breakpoint.when ?? []).every((condition) => holds(trace, n, condition));
}

function holds(trace: Trace, n: number, { name, op, value }: Condition): boolean {
  const found = trace.variablesAt(n).find((variable) => variable.name === name);
  if (found === undefined) return false;
  const actual = found.value ?? null;
  if (op === '==') return actual === value;
  if (op === '!=') return actual !== value;
  const [a, b] = [Number(actual), Number(value)];
  if (op === '<') return a < b;
  if (op === '<=') return a <= b;
  return op === '>' ? a > b : a >= b;
}

/** First step after n at which one of the breakpoints stops, or null. */
export function nextHit(trace: Trace, n: number, points: readonly Breakpoint[], thread: Thread = 'all'): number | null {
  for (let at = n + 1; at < trace.steps; at++) {
    if (points.some((point) => hits(trace, at, point)) && follows(trace, at, thread)) return at;
  }
  return null;
}

/** Last step before n at which one of the breakpoints stops, or null. */
export function previousHit(
  trace: Trace,
  n: number,
  points: readonly Breakpoint[],
  thread: Thread = 'all',
): number | null {
  for (let at = n - 1; at >= 0; at--) {
    if (points.some((point) => hits(trace, at, point)) && follows(trace, at, thread)) return at;
  }
  return null;
}
