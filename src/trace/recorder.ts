/**
 * The recorder: what the probes and the machine push while a run goes on. One column a property, in typed arrays.
 * Kernel code never imports it: the probe pass inserts the calls (see src/probes/plugin.ts).
 */
import { clock } from '../base/clock';
import { dispatch, functionId, isKernelFunction } from '../base/dispatch';
import type { StructObject } from '../base/heap';
import { heap } from '../base/heap';

/** What an event says. */
export const Kind = {
  /** A function was entered; `via` is the table slot it was called through (0: directly). */
  ENTER: 0,
  /** A function is about to return. */
  LEAVE: 1,
  /** A source line was reached and is about to run. */
  LINE: 2,
  /** A CPU goes on with a context (`fn`: label index of the reason). */
  SWITCH: 3,
  /** A CPU starts spinning on a lock (`skb`: the lock's object id). */
  SPIN: 4,
  /** The spinning CPU has got the lock. */
  GOT: 5,
  /** The NIC or the link did something (`fn`: label index, `skb`: object id or 0). */
  HARDWARE: 6,
  /** A frame begins or ends its way over the wire (`fn`: label index, `skb`: object id of the frame). */
  WIRE: 7,
  /** The run is over; the state after everything. */
  END: 8,
  /** A line of a packetdrill script begins or is over (`line`: the line, `fn`: label index of what came of it). */
  SCRIPT: 9,
} as const;

/** How a recorded value is to be read. */
export const Tag = {
  UNDEFINED: 0,
  NULL: 1,
  NUMBER: 2,
  BOOL: 3,
  OBJECT: 4,
  TABLE: 5,
  FUNCTION: 6,
  STRING: 7,
  OPAQUE: 8,
  /** A header view: the number is its address in RAM. */
  VIEW: 9,
} as const;

/** Slot of a return value in the values log. */
export const RETURN_SLOT = 0xffff;
export const NONE = 0xffffffff;

export type Level = 'off' | 'calls' | 'lines';

export type ContextKind = 'task' | 'softirq' | 'hardirq' | 'hardware';

/** A thread of execution: a task, one run of softirqs or an interrupt, or the hardware of a host. */
export interface Context {
  readonly id: number;
  readonly kind: ContextKind;
  /** `task:writer`, `softirq`, `hardirq`. */
  readonly name: string;
  readonly host: number;
  readonly cpu: number;
  /** ENTER event of each open frame. */
  readonly frames: number[];
  /** Last ENTER or LINE event in each open frame. */
  readonly last: number[];
  /** Head of the values of each open frame. */
  readonly vars: number[];
  /** skb in hand in each open frame (object id). */
  readonly skbs: number[];
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

function twice<T extends Column>(column: T): T {
  const bigger = new (column.constructor as new (n: number) => T)(column.length * 2);
  bigger.set(column as never);
  return bigger;
}

export class Recorder {
  top = 0;
  kind = new Uint8Array(1 << 12);
  ctx = new Uint16Array(1 << 12);
  fn = new Uint16Array(1 << 12);
  line = new Uint16Array(1 << 12);
  depth = new Uint8Array(1 << 12);
  time = new Float64Array(1 << 12);
  /** ENTER event of the frame the event belongs to (NONE outside frames). */
  frame = new Uint32Array(1 << 12);
  /** ENTER: the caller's last event; LINE and LEAVE: the event before in the same frame. */
  link = new Uint32Array(1 << 12);
  via = new Uint32Array(1 << 12);
  /** Object id of the skb in hand, 0 if none. */
  skb = new Uint32Array(1 << 12);
  /** Length of the word and byte journals when the event was recorded: the state at this step. */
  words = new Uint32Array(1 << 12);
  bytes = new Uint32Array(1 << 12);
  /** Latest value of the frame at this step, an index into the values log (NONE: none). */
  vars = new Uint32Array(1 << 12);

  valueTop = 0;
  valueSlot = new Uint16Array(1 << 12);
  valueTag = new Uint8Array(1 << 12);
  valueNum = new Float64Array(1 << 12);
  /** The value before in the same frame. */
  valuePrev = new Uint32Array(1 << 12);

  readonly contexts: Context[] = [];
  readonly labels: string[] = [];
  private readonly labelIds = new Map<string, number>();
  current: Context;
  readonly calls: boolean;
  readonly lines: boolean;

  constructor(
    readonly level: Level,
    /** Cost in ns of entering each function, by id. */
    readonly cost: Float64Array,
    /** Stop the run with a clear error past this many events. */
    readonly maxEvents: number,
  ) {
    this.calls = level !== 'off';
    this.lines = level === 'lines';
    this.current = this.addContext('hardware', 'wire', 255, 255);
  }

  addContext(kind: ContextKind, name: string, host: number, cpu: number): Context {
    const context: Context = {
      id: this.contexts.length,
      kind,
      name,
      host,
      cpu,
      frames: [],
      last: [],
      vars: [],
      skbs: [],
    };
    if (context.id > 0xffff) throw new Error('a run can hold at most 65,536 contexts');
    this.contexts.push(context);
    return context;
  }

  label(text: string): number {
    let id = this.labelIds.get(text);
    if (id === undefined) {
      id = this.labels.length;
      this.labels.push(text);
      this.labelIds.set(text, id);
    }
    return id;
  }

  private grow(): void {
    if (this.top >= this.maxEvents) throw new TooManyEvents(this.maxEvents);
    this.kind = twice(this.kind);
    this.ctx = twice(this.ctx);
    this.fn = twice(this.fn);
    this.line = twice(this.line);
    this.depth = twice(this.depth);
    this.time = twice(this.time);
    this.frame = twice(this.frame);
    this.link = twice(this.link);
    this.via = twice(this.via);
    this.skb = twice(this.skb);
    this.words = twice(this.words);
    this.bytes = twice(this.bytes);
    this.vars = twice(this.vars);
  }

  /** Records one event and returns its index. */
  push(
    kind: number,
    fn: number,
    line: number,
    frame: number,
    link: number,
    via: number,
    skb: number,
    vars: number,
  ): number {
    const at = this.top++;
    if (at >= this.kind.length || at >= this.maxEvents) this.grow();
    const context = this.current;
    this.kind[at] = kind;
    this.ctx[at] = context.id;
    this.fn[at] = fn;
    this.line[at] = line;
    this.depth[at] = context.frames.length;
    this.time[at] = clock.ns;
    this.frame[at] = frame;
    this.link[at] = link;
    this.via[at] = via;
    this.skb[at] = skb;
    this.words[at] = heap.journalTop;
    this.bytes[at] = heap.byteTop;
    this.vars[at] = vars;
    return at;
  }

  /** Appends a value to a frame's chain and returns its index. */
  value(slot: number, value: unknown, prev: number): number {
    const at = this.valueTop++;
    if (at >= this.valueTag.length) {
      this.valueSlot = twice(this.valueSlot);
      this.valueTag = twice(this.valueTag);
      this.valueNum = twice(this.valueNum);
      this.valuePrev = twice(this.valuePrev);
    }
    let tag: number = Tag.OPAQUE;
    let num = 0;
    if (typeof value === 'number') {
      tag = Tag.NUMBER;
      num = value;
    } else if (value === undefined) tag = Tag.UNDEFINED;
    else if (value === null) tag = Tag.NULL;
    else if (typeof value === 'boolean') {
      tag = Tag.BOOL;
      num = value ? 1 : 0;
    } else if (typeof value === 'string') {
      tag = Tag.STRING;
      num = heap.internString(value);
    } else if (typeof value === 'function') {
      if (isKernelFunction(value)) {
        tag = Tag.FUNCTION;
        num = functionId(value);
      }
    } else if (typeof value === 'object') {
      if ('$id' in value) {
        tag = Tag.OBJECT;
        num = value.$id as number;
      } else if ('$table' in value) {
        tag = Tag.TABLE;
        num = value.$table as number;
      } else if ('$addr' in value) {
        tag = Tag.VIEW;
        num = value.$addr as number;
      }
    }
    this.valueSlot[at] = slot;
    this.valueTag[at] = tag;
    this.valueNum[at] = num;
    this.valuePrev[at] = prev;
    return at;
  }

  /** Records something that is no function: a switch of context, a lock, hardware, the wire, the end. */
  mark(kind: number, label: string, object: StructObject | null): number {
    if (!this.calls) return 0;
    const { frames, last, vars } = this.current;
    const depth = frames.length - 1;
    return this.push(
      kind,
      this.label(label),
      0,
      depth < 0 ? NONE : (frames[depth] as number),
      depth < 0 ? NONE : (last[depth] as number),
      0,
      object?.$id ?? 0,
      depth < 0 ? NONE : (vars[depth] as number),
    );
  }

  /** Records what became of a line of a script. */
  note(label: string, line: number): void {
    if (this.calls) this.push(Kind.SCRIPT, this.label(label), line, NONE, NONE, 0, 0, NONE);
  }
}

/** A run that records more than its limit: the scenario is too large or never ends. */
export class TooManyEvents extends Error {
  constructor(readonly limit: number) {
    super(`the run passed its limit of ${limit} events`);
    this.name = 'TooManyEvents';
  }
}

let recorder = new Recorder('off', new Float64Array(0), 0);

export function setRecorder(next: Recorder): void {
  recorder = next;
}

// The functions below are what the probe pass inserts. Their short names keep the instrumented code small.

/** A function was entered. */
export function __e(id: number): void {
  const rec = recorder;
  clock.ns += rec.cost[id] ?? 0;
  if (!rec.calls) return;
  const context = rec.current;
  let via = 0;
  if (dispatch.slot !== 0) {
    if (dispatch.target !== null && functionId(dispatch.target) === id) via = dispatch.slot;
    dispatch.slot = 0;
  }
  const depth = context.frames.length;
  const link = depth === 0 ? NONE : (context.last[depth - 1] as number);
  const at = rec.push(Kind.ENTER, id, 0, rec.top, link, via, 0, NONE);
  context.frames.push(at);
  context.last.push(at);
  context.vars.push(NONE);
  context.skbs.push(0);
}

/** Argument `slot` of the function just entered. */
export function __a(slot: number, value: unknown): void {
  const rec = recorder;
  if (!rec.calls) return;
  const context = rec.current;
  const depth = context.frames.length - 1;
  const at = rec.value(slot, value, context.vars[depth] as number);
  context.vars[depth] = at;
  const event = context.frames[depth] as number;
  rec.vars[event] = at;
  if (context.skbs[depth] === 0 && isSkb(value)) {
    context.skbs[depth] = value.$id;
    rec.skb[event] = value.$id;
  }
}

function isSkb(value: unknown): value is StructObject {
  return typeof value === 'object' && value !== null && (value as StructObject).$type?.name === 'sk_buff';
}

/** True when the CPU must let the machine look: its clock has passed the next thing that could affect it. */
export function __p(): boolean {
  return clock.ns >= clock.horizon;
}

/** A line was reached. */
export function __l(line: number): void {
  const rec = recorder;
  if (!rec.lines) return;
  const context = rec.current;
  const depth = context.frames.length - 1;
  const frame = context.frames[depth] as number;
  context.last[depth] = rec.push(
    Kind.LINE,
    rec.fn[frame] as number,
    line,
    frame,
    context.last[depth] as number,
    0,
    context.skbs[depth] as number,
    context.vars[depth] as number,
  );
}

/** Local `slot` has a new value, which is passed through. */
export function __v<T>(slot: number, value: T): T {
  const rec = recorder;
  if (!rec.lines) return value;
  const context = rec.current;
  const depth = context.frames.length - 1;
  context.vars[depth] = rec.value(slot, value, context.vars[depth] as number);
  if (context.skbs[depth] === 0 && isSkb(value)) context.skbs[depth] = value.$id;
  return value;
}

/** The function returns `value`, which is passed through. */
export function __r<T>(value: T): T {
  const rec = recorder;
  if (!rec.calls) return value;
  const context = rec.current;
  const depth = context.frames.length - 1;
  const frame = context.frames[depth] as number;
  const vars = rec.value(RETURN_SLOT, value, context.vars[depth] as number);
  rec.push(
    Kind.LEAVE,
    rec.fn[frame] as number,
    0,
    frame,
    context.last[depth] as number,
    0,
    context.skbs[depth] as number,
    vars,
  );
  context.frames.pop();
  context.last.pop();
  context.vars.pop();
  context.skbs.pop();
  return value;
}
