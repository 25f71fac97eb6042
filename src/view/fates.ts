/**
 * What became of each sk_buff and frame that is gone: taken, sent, acknowledged, replaced, or dropped, and then for what reason. Read from
 * the run: the innermost function that gave it up, the last check that function made, and the values they had.
 */
import { lookUp } from '../base/look-up';
import { finish, rests, type Work } from '../base/work';
import { Cursor } from '../trace/cursor';
import { Kind, NONE } from '../trace/recorder';
import type { State, StructView } from '../trace/state';
import type { Frame, Trace } from '../trace/trace';
import { DISCARDS, RULES, type Told } from './fate-rules';

export interface Fate {
  /** Step at which it was freed. */
  readonly step: number;
  /** Object id of the sk_buff or the frame. */
  readonly packet: number;
  /** Host, -1: between the hosts. */
  readonly host: number;
  readonly dropped: boolean;
  /** In a word: `ACKED`, `NO_SOCKET`. */
  readonly word: string;
  /** Why, with the deciding values. */
  readonly text: string;
  /** The function that gave it up; of a frame `wire`, or `card` that threw it away. */
  readonly by: string;
}

/** What frees for others: none of them decides. */
const FREEING = new Set([
  'kfree_skbmem',
  'skb_release_all',
  'skb_release_data',
  'skb_drop_fraglist',
  'skb_drop_list',
  '__kfree_skb',
  'kfree_skb',
  'consume_skb',
  'dev_kfree_skb_any',
  'dev_kfree_skb_irq',
  'sk_wmem_free_skb',
  'sk_eat_skb',
]);

/** A second cursor of the trace, to read the state at the moment of a decision. */
const cursors = new WeakMap<Trace, Cursor>();

/** The state at a step, without moving the page's own cursor. Valid until the next call. */
export function stateAt(trace: Trace, step: number): State {
  let cursor = cursors.get(trace);
  if (cursor === undefined) {
    cursor = new Cursor(trace);
    cursors.set(trace, cursor);
  }
  cursor.seek(step);
  return cursor.state;
}

/** The last direct callee of a frame that returned before `step`, freeing apart. */
function lastCallee(trace: Trace, frame: Frame, step: number): { name: string; result: number } {
  const ctx = trace.ctx(step);
  for (let at = trace.lastEventOf(ctx, step - 1); at > frame.enter; at = trace.lastEventOf(ctx, at - 1)) {
    if (trace.kind(at) !== Kind.LEAVE) continue;
    const enter = trace.frame(at);
    const name = trace.functionAt(at)?.name ?? '';
    const caller = trace.link(enter);
    if (caller !== NONE && trace.frame(caller) === frame.enter && !FREEING.has(name)) {
      const value = trace.variablesAt(at).find(({ isReturn }) => isReturn)?.value;
      return { name, result: typeof value === 'number' ? value : value === true ? 1 : 0 };
    }
    // Nothing inside a callee is the frame's own.
    if (enter > frame.enter) at = Math.min(at, enter + 1);
  }
  return { name: '', result: 0 };
}

/** True when another call of the frame's own function lies between the frame and the call at `enter`. */
function isNested(trace: Trace, frame: Frame, enter: number): boolean {
  for (let at = trace.link(enter); at !== NONE && trace.frame(at) > frame.enter; at = trace.link(trace.frame(at))) {
    if (trace.functionAt(at)?.name === frame.fact.name) return true;
  }
  return false;
}

/** The last call of `fn` inside a frame before `step`; NONE where there is none. */
function callWithin(trace: Trace, frame: Frame, step: number, fn: string): number {
  const ctx = trace.ctx(step);
  for (let at = trace.lastEventOf(ctx, step - 1); at > frame.enter; at = trace.lastEventOf(ctx, at - 1)) {
    if (trace.kind(at) === Kind.ENTER && trace.functionAt(at)?.name === fn && !isNested(trace, frame, at)) return at;
  }
  return NONE;
}

/** An argument of that call; 0 where there is none. */
function argumentWithin(trace: Trace, frame: Frame, step: number, fn: string, name: string): number {
  const at = callWithin(trace, frame, step, fn);
  const value = at === NONE ? 0 : trace.variablesAt(at).find((one) => one.name === name)?.value;
  return typeof value === 'number' ? value : 0;
}

/** What became of the sk_buff that is freed at `step`, an entry of kfree_skbmem. */
function fateAt(trace: Trace, step: number, packet: number, state = stateAt(trace, step)): Fate {
  const frames = trace.stackAt(step);
  const by = frames.findLast(({ fact }) => !FREEING.has(fact.name));
  const name = by?.fact.name ?? '';
  const base = { step, packet, host: trace.context(trace.ctx(step)).host, by: name };
  const skb = state.find(packet);
  const rule = lookUp(RULES, name);
  if (rule === undefined || skb === null || by === undefined)
    return { ...base, dropped: false, word: 'FREED', text: `${name || 'someone'} freed it` };
  const values = new Map(trace.variablesAt(by.at).map((value) => [value.name, value.value]));
  const object = (variable: string): StructView | null => {
    const id = values.get(variable);
    return typeof id === 'number' ? state.find(id) : null;
  };
  const { dropped, told } = rule({
    skb,
    object,
    arg: (variable) => values.get(variable),
    last: lastCallee(trace, by, step),
    within: (fn, variable) => state.find(argumentWithin(trace, by, step, fn, variable)),
    did: (fn) => callWithin(trace, by, step, fn) !== NONE,
    numberWithin: (fn, variable) => argumentWithin(trace, by, step, fn, variable),
    stack: frames.map(({ fact }) => fact.name),
  });
  return { ...base, dropped, word: told[0], text: told[1] };
}

const LOST_ON_THE_WAY: Readonly<Record<string, Told>> = {
  lost: ['LOST', 'the wire lost it'],
};

/** What ends packets: entries of kfree_skbmem, losses on the wire, and frames that a card throws away. */
function endingsOf(trace: Trace): (step: number) => boolean {
  const freeing = trace.data.schema.functions.find(({ name }) => name === 'kfree_skbmem')?.id ?? -1;
  return (step) => {
    const kind = trace.kind(step);
    return kind === Kind.ENTER
      ? trace.fn(step) === freeing
      : kind === Kind.WIRE && (trace.label(step) in LOST_ON_THE_WAY || trace.label(step) in DISCARDS);
  };
}

function fateOfEnding(trace: Trace, step: number, cursor: Cursor): Fate {
  const packet = trace.skb(step);
  const told = LOST_ON_THE_WAY[trace.label(step)];
  if (told === undefined) {
    cursor.seek(step);
    const discard = trace.kind(step) === Kind.WIRE ? DISCARDS[trace.label(step)] : undefined;
    return discard === undefined
      ? fateAt(trace, step, packet, cursor.state)
      : discarded(cursor.state, step, packet, discard);
  }
  return { step, packet, host: -1, dropped: true, word: told[0], text: told[1], by: 'wire' };
}

/** A frame that the card it reached throws away. */
function discarded(state: State, step: number, packet: number, tell: (typeof DISCARDS)[string]): Fate {
  const frame = state.view(packet);
  const host = frame.num('to_host');
  const nic = state
    .objects('nic')
    .find((card) => card.num('host') === host && card.text('name') === `eth${frame.num('to_port')}`);
  const [word, text] = tell(frame, nic ?? null);
  return { step, packet, host, dropped: true, word, text, by: 'card' };
}

/** What became of every packet that ends in the run, in order. */
export function fatesOf(trace: Trace): Fate[] {
  return finish(fates(trace));
}

/** Those that were dropped, in order; at most `most`. */
export function dropsOf(trace: Trace, most: number): Fate[] {
  return finish(drops(trace, most));
}

/** The same, a little at a time. */
export function drops(trace: Trace, most: number): Work<Fate[]> {
  return fates(trace, ({ dropped }) => dropped, most);
}

function* fates(
  trace: Trace,
  wanted: (fate: Fate) => boolean = () => true,
  most = Number.POSITIVE_INFINITY,
): Work<Fate[]> {
  const isEnding = endingsOf(trace);
  const cursor = new Cursor(trace, { once: true });
  const found: Fate[] = [];
  for (let n = 0; n < trace.steps && found.length < most; n++) {
    if (rests(n)) yield;
    if (!isEnding(n)) continue;
    const fate = fateOfEnding(trace, n, cursor);
    if (wanted(fate)) found.push(fate);
  }
  return found;
}

/** What became of an sk_buff that is gone at `step`; null when it was never freed before. */
export function fateOf(trace: Trace, skb: number, step: number): Fate | null {
  const freeing = trace.data.schema.functions.find(({ name }) => name === 'kfree_skbmem')?.id ?? -1;
  for (let n = step; n >= 0; n--) {
    if (trace.kind(n) === Kind.ENTER && trace.fn(n) === freeing && trace.skb(n) === skb) return fateAt(trace, n, skb);
  }
  return null;
}
