/**
 * Names of steps that survive changes of the model. A key says host, context, function, which time, and which line of the
 * function; if the line has moved the nearest one is meant. Safe in a URL: letters, digits and `_ - . ~`.
 */
import { Kind, NONE } from './recorder';
import type { Trace } from './trace';

/** `A~task.writer~tcp_transmit_skb~2~14~1`: second call, line 14 of the function, first time that line ran in it. */
interface Key {
  readonly host: string;
  readonly context: string;
  /** Function, or `!label` of a mark. */
  readonly name: string;
  /** 1-based: the nth call of the function (or the nth such mark) in contexts of that name on that host. */
  readonly nth: number;
  /** Line relative to the function's first, `in` at entry, `out` at the return. */
  readonly place: string;
  /** 1-based: the nth time the line was reached in that call. */
  readonly time: number;
}

function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '.');
}

/** Steps that enter a function or set a mark, by host, context and name. */
const indexes = new WeakMap<Trace, ReadonlyMap<string, number[]>>();

function groupOf(trace: Trace, n: number): string {
  const { host, name } = trace.context(trace.ctx(n));
  const what = trace.isCode(n) ? (trace.functionAt(n)?.name ?? '') : `!${plain(trace.label(n))}`;
  return `${trace.data.hosts[host]?.name ?? '-'}~${plain(name)}~${what}`;
}

function indexOf(trace: Trace): ReadonlyMap<string, number[]> {
  const known = indexes.get(trace);
  if (known !== undefined) return known;
  const index = new Map<string, number[]>();
  for (let n = 0; n < trace.steps; n++) {
    const kind = trace.kind(n);
    if (kind === Kind.LINE || kind === Kind.LEAVE) continue;
    const group = groupOf(trace, n);
    const list = index.get(group);
    if (list === undefined) index.set(group, [n]);
    else list.push(n);
  }
  indexes.set(trace, index);
  return index;
}

/** Place of `value` in a sorted list that holds it. */
function positionIn(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((list[mid] as number) < value) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** The key of step n. */
export function keyOf(trace: Trace, n: number): string {
  const isCode = trace.isCode(n);
  const head = isCode ? trace.frame(n) : n;
  const group = groupOf(trace, head);
  const nth = positionIn(indexOf(trace).get(group) ?? [], head) + 1;
  if (!isCode) return `${group}~${nth}`;
  const kind = trace.kind(n);
  if (kind === Kind.ENTER) return `${group}~${nth}~in`;
  if (kind === Kind.LEAVE) return `${group}~${nth}~out`;
  const line = trace.line(n) - (trace.functionAt(n)?.line ?? 0);
  let time = 1;
  for (let at = trace.link(n); at !== NONE && at !== head; at = trace.link(at))
    if (trace.line(at) === trace.line(n)) time++;
  return `${group}~${nth}~${line}${time > 1 ? `~${time}` : ''}`;
}

function parse(key: string): Key | null {
  const [host, context, name, nth = '1', place = 'in', time = '1'] = key.split('~');
  if (host === undefined || context === undefined || name === undefined || !/^\d+$/.test(nth)) return null;
  return { host, context, name, nth: Number(nth), place, time: Number(time) || 1 };
}

/** The step a key means in this trace, or the nearest there is; null when nothing like it happened. */
export function findKey(trace: Trace, key: string): number | null {
  const wanted = parse(key);
  if (wanted === null) return null;
  const head = findHead(trace, wanted);
  if (head === null || !trace.isCode(head)) return head;
  return findPlace(trace, head, wanted);
}

/** The nth such call or mark; where there are fewer the last; else the same in another context of that host, else anywhere. */
function findHead(trace: Trace, { host, context, name, nth }: Key): number | null {
  const index = indexOf(trace);
  const exact = index.get(`${host}~${context}~${name}`);
  if (exact !== undefined) return exact[Math.min(nth, exact.length) - 1] ?? null;
  const groups = [...index.keys()].filter((group) => group.endsWith(`~${name}`));
  const other = groups.find((group) => group.startsWith(`${host}~`)) ?? groups[0];
  const steps = other === undefined ? undefined : index.get(other);
  return steps === undefined ? null : (steps[Math.min(nth, steps.length) - 1] ?? null);
}

function findPlace(trace: Trace, head: number, { place, time }: Key): number {
  const leave = trace.leaveOf(head);
  if (place === 'in') return head;
  if (place === 'out') return leave === NONE ? head : leave;
  const line = (trace.functionAt(head)?.line ?? 0) + Number(place);
  let best = head;
  let distance = Number.POSITIVE_INFINITY;
  let seen = 0;
  const ctx = trace.ctx(head);
  for (let at = head; at >= 0 && at <= (leave === NONE ? trace.steps : leave); at = trace.nextEventOf(ctx, at)) {
    if (trace.frame(at) !== head || trace.kind(at) !== Kind.LINE) continue;
    const off = Math.abs(trace.line(at) - line);
    if (off === 0) seen++;
    if (off < distance || (off === 0 && seen <= time)) {
      best = at;
      distance = off;
    }
  }
  return best;
}
