/** What the command palette finds for what is typed. */
import { rests, type Work } from '../base/work';
import type { Breakpoint, Condition } from '../trace/navigate';
import { Kind } from '../trace/recorder';
import type { State } from '../trace/state';
import type { Trace } from '../trace/trace';

export interface Entry {
  /** Unique among all entries. */
  readonly id: string;
  readonly group: string;
  readonly label: string;
  /** A word or two beside it. */
  readonly hint?: string;
}

/** How well a label fits: 0 not at all, more is better. All words of the query must be found. */
export function scoreOf(query: string, label: string): number {
  const text = label.toLowerCase();
  let least = 4;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word);
    if (at < 0) return 0;
    const isStart = at === 0 || !/[a-z0-9]/.test(text[at - 1] ?? '');
    least = Math.min(least, text === word ? 4 : at === 0 ? 3 : isStart ? 2 : 1);
  }
  return least;
}

/** The entries that fit, best first, at most `limit`; those that fit alike keep their order. */
export function find<E extends Entry>(entries: readonly E[], query: string, limit: number): E[] {
  const found = entries
    .map((entry) => ({ entry, score: scoreOf(query, entry.label) }))
    .filter(({ score }) => score > 0);
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map(({ entry }) => entry);
}

/** The calls of a function in a run. */
export interface Calls {
  readonly name: string;
  readonly file: string;
  /** ENTER events, in order. */
  readonly steps: readonly number[];
}

/** All functions that were entered, by name. */
export function* callsOf(trace: Trace): Work<Calls[]> {
  const steps = new Map<number, number[]>();
  for (let n = 0; n < trace.steps; n++) {
    if (rests(n)) yield;
    if (trace.kind(n) !== Kind.ENTER) continue;
    const list = steps.get(trace.fn(n));
    if (list === undefined) steps.set(trace.fn(n), [n]);
    else list.push(n);
  }
  return [...steps]
    .flatMap(([id, list]) => {
      const fact = trace.data.schema.functions[id];
      return fact === undefined ? [] : [{ name: fact.name, file: fact.file, steps: list }];
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The first of the sorted steps after n; from the last one on to the first. */
export function nextOf(steps: readonly number[], n: number): number {
  return steps.find((at) => at > n) ?? (steps[0] as number);
}

/** Objects one can look at by what they are, with their hosts. Receive buffers without a packet are left out. */
export function objectEntries(
  trace: Trace,
  state: State,
  query: string,
  limit: number,
): (Entry & { object: number })[] {
  const found: (Entry & { object: number })[] = [];
  for (const { name: type } of trace.data.schema.structs) {
    if (scoreOf(query.replace(/#?\d+/g, ' '), type) === 0) continue;
    const number = /\d+/.exec(query)?.[0];
    for (const view of state.objects(type)) {
      // An object is listed under its own type, not under those it begins with.
      if (view.type !== type || (number !== undefined && !String(view.id).startsWith(number))) continue;
      if (type === 'sk_buff' && view.num('len') === 0) continue;
      const name = view.has('name') ? view.text('name') : view.has('comm') ? view.text('comm') : '';
      const host = trace.data.hosts[view.host]?.name;
      found.push({
        id: `object ${view.id}`,
        group: 'Objects',
        label: `${type} #${view.id}${name === '' ? '' : ` ${name}`}`,
        ...(host === undefined ? {} : { hint: `host ${host}` }),
        object: view.id,
      });
      if (found.length >= limit) return found;
    }
  }
  return found;
}

const CONDITION = /^([A-Za-z_$][\w$]*)\s*(==|!=|<=|>=|<|>)\s*(.+)$/;

function conditionOf(text: string): Condition | null {
  const [, name, op, value] = CONDITION.exec(text.trim()) ?? [];
  if (name === undefined || op === undefined || value === undefined) return null;
  const known = new Map<string, Condition['value']>([
    ['true', true],
    ['false', false],
    ['null', null],
    ['NULL', null],
  ]);
  const word = value.trim();
  const number = Number(word);
  const parsed = known.has(word)
    ? (known.get(word) ?? null)
    : Number.isNaN(number)
      ? word.replace(/^'|'$/g, '')
      : number;
  return { name, op: op as Condition['op'], value: parsed };
}

/** Reads `tcp_write_xmit if mss_now > 1000 and nonagle == 0`; null where it is none, or names no function of the run. */
export function breakpointOf(text: string, functions: readonly { readonly name: string }[]): Breakpoint | null {
  const [, fn, rest] = /^\s*([A-Za-z_]\w*)\s*(?:if\s+(.*))?$/.exec(text) ?? [];
  if (fn === undefined || !functions.some(({ name }) => name === fn)) return null;
  if (rest === undefined) return { fn };
  const when = rest.split(/\s+(?:and|&&)\s+/).map(conditionOf);
  return when.includes(null) ? null : { fn, when: when as Condition[] };
}

/** A breakpoint in the words it can be set with. */
export function breakpointWords({ fn, file, line, when = [] }: Breakpoint): string {
  const place = line === undefined ? (fn ?? '') : `${file ?? fn ?? ''}:${line}`;
  const conditions = when.map(({ name, op, value }) => `${name} ${op} ${String(value)}`);
  return conditions.length === 0 ? place : `${place} if ${conditions.join(' and ')}`;
}
