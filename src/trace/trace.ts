/** Reads a run: events, frames, values and objects, by step. A step is the index of an event. */
import type { Work } from '../base/work';
import type { ContextInfo, FunctionFact, SlotSchema, StructSchema, TableSchema, TraceData } from './data';
import { type Layer, layerOf } from './layers';
import { indexPackets, type PacketIndex } from './packets';
import { Kind, NONE, RETURN_SLOT, Tag } from './recorder';

export { collectTrace, transferables } from './collect';
export type {
  ContextInfo,
  FieldSchema,
  FunctionFact,
  SlotSchema,
  StructSchema,
  TableSchema,
  TraceData,
} from './data';

/** A frame of a call stack. */
export interface Frame {
  /** The event that entered it. */
  readonly enter: number;
  /** The event it stands at: for a caller, the line that made the call. */
  readonly at: number;
  readonly fact: FunctionFact;
  /** How it was called; null: directly. */
  readonly via: SlotSchema | null;
  readonly depth: number;
  /** Line of the file it stands at (its first line where no lines were recorded). */
  readonly line: number;
}

/** A value a probe saw. */
export interface Value {
  /** Name of the parameter or local; `return` for the result. */
  readonly name: string;
  readonly isReturn: boolean;
  /** One of `Tag`. */
  readonly tag: number;
  /**
   * OBJECT: object id; TABLE and FUNCTION: name; VIEW: address in RAM; else the value itself. OPAQUE and UNDEFINED: undefined.
   */
  readonly value: number | string | boolean | null | undefined;
}

/** First and last index (exclusive) of the word and byte journal entries that a step makes. */
export interface JournalRange {
  readonly words: readonly [number, number];
  readonly bytes: readonly [number, number];
}

/** Steps of each context, in order. */
interface ContextIndex {
  readonly start: Uint32Array;
  readonly events: Uint32Array;
}

/** Index of the last element `<= value` of the sorted `list[from, to)`, or `from - 1`. */
function lastAtMost(list: Uint32Array, from: number, to: number, value: number): number {
  let low = from - 1;
  let high = to - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if ((list[mid] as number) <= value) low = mid;
    else high = mid - 1;
  }
  return low;
}

export class Trace {
  /** How many steps there are: 0 to `steps - 1`. */
  readonly steps: number;
  private readonly slots: ReadonlyMap<number, SlotSchema>;
  private readonly tables: ReadonlyMap<number, TableSchema>;
  private readonly structNames: ReadonlyMap<string, number>;
  private readonly layers: readonly (Layer | null)[];
  private contextIndex: ContextIndex | null = null;
  private leaves: Uint32Array | null = null;
  private packetIndex: PacketIndex | null = null;
  private readonly relating = indexPackets(this);
  private byType: ReadonlyMap<number, readonly number[]> | null = null;

  constructor(readonly data: TraceData) {
    this.steps = data.columns.kind.length;
    this.slots = new Map(data.schema.slots.map((slot) => [slot.id, slot]));
    this.tables = new Map(data.schema.tables.map((table) => [table.id, table]));
    this.structNames = new Map(data.schema.structs.map((type, index) => [type.name, index]));
    this.layers = data.schema.functions.map((fact) => layerOf(fact.file));
  }

  /** One of `Kind`. */
  kind(n: number): number {
    return this.data.columns.kind[n] as number;
  }
  /** Virtual ns since the start of the run. */
  time(n: number): number {
    return this.data.columns.time[n] as number;
  }
  /** Context id. */
  ctx(n: number): number {
    return this.data.columns.ctx[n] as number;
  }
  /** ENTER, LEAVE and LINE: function id; others: label index. */
  fn(n: number): number {
    return this.data.columns.fn[n] as number;
  }
  /** LINE: 1-based line of the function's file; else 0. */
  line(n: number): number {
    return this.data.columns.line[n] as number;
  }
  /** Open frames of the context, the one entered here not counted. */
  depth(n: number): number {
    const depth = this.data.columns.depth[n] as number;
    return this.kind(n) === Kind.ENTER ? depth : Math.max(0, depth - 1);
  }
  /** Object id of the skb in hand (of the lock, the frame or the like for marks), 0: none. */
  skb(n: number): number {
    return this.data.columns.skb[n] as number;
  }
  /** ENTER: slot id the call went through, 0: a direct call. */
  via(n: number): number {
    return this.data.columns.via[n] as number;
  }
  /** ENTER event of the frame the event belongs to, or `NONE`. */
  frame(n: number): number {
    return this.data.columns.frame[n] as number;
  }
  /** ENTER: the caller's event that called; LINE and LEAVE: the frame's event before; `NONE` if there is none. */
  link(n: number): number {
    return this.data.columns.link[n] as number;
  }
  /** True for ENTER, LEAVE and LINE. */
  isCode(n: number): boolean {
    return this.kind(n) <= Kind.LINE;
  }

  /** The function an event is in: of marks (hardware, locks) the one that was running; null outside functions. */
  functionAt(n: number): FunctionFact | null {
    const frame = this.frame(n);
    return frame === NONE ? null : (this.data.schema.functions[this.fn(frame)] ?? null);
  }
  /** Text of a mark (SWITCH, SPIN, GOT, HARDWARE, WIRE, END); empty for the events of functions. */
  label(n: number): string {
    return this.isCode(n) ? '' : (this.data.labels[this.fn(n)] ?? '');
  }
  context(id: number): ContextInfo {
    const context = this.data.contexts[id];
    if (context === undefined) throw new RangeError(`context ${id} of ${this.data.contexts.length}`);
    return context;
  }
  slot(id: number): SlotSchema | null {
    return this.slots.get(id) ?? null;
  }
  table(id: number): TableSchema | null {
    return this.tables.get(id) ?? null;
  }
  /** Struct by index, as it stands in `data.objects.type`. */
  struct(typeIndex: number): StructSchema {
    const type = this.data.schema.structs[typeIndex];
    if (type === undefined) throw new RangeError(`struct ${typeIndex} of ${this.data.schema.structs.length}`);
    return type;
  }
  /** Index of a struct by name, or -1. */
  structIndex(name: string): number {
    return this.structNames.get(name) ?? -1;
  }
  /** True when struct `typeIndex` is `name` or begins with it. */
  derives(typeIndex: number, name: string): boolean {
    for (let type: number | undefined = typeIndex; type !== undefined; ) {
      const schema = this.struct(type);
      if (schema.name === name) return true;
      type = schema.parent === null ? undefined : this.structNames.get(schema.parent);
    }
    return false;
  }
  /** How many objects there ever are; ids are 1 to `objectCount - 1`. */
  get objectCount(): number {
    return this.data.objects.type.length;
  }
  /** Ids of all objects of a type or one derived from it that the run ever makes, oldest first. */
  idsOf(typeName: string): readonly number[] {
    if (this.byType === null) {
      const lists = new Map<number, number[]>();
      const { type } = this.data.objects;
      for (let id = 1; id < type.length; id++) {
        const list = lists.get(type[id] as number);
        if (list === undefined) lists.set(type[id] as number, [id]);
        else list.push(id);
      }
      this.byType = lists;
    }
    const found = [...this.byType].filter(([type]) => this.derives(type, typeName)).map(([, ids]) => ids);
    return found.length === 1 ? (found[0] as readonly number[]) : found.flat().sort((a, b) => a - b);
  }

  /** Call stack of the context at step n, outermost first; empty where no function runs. */
  stackAt(n: number): Frame[] {
    const frames: Frame[] = [];
    let at = n;
    while (at !== NONE) {
      const enter = this.frame(at);
      if (enter === NONE) break;
      const fact = this.functionAt(enter);
      if (fact === null) break;
      const shown = this.isCode(at) ? at : this.link(at);
      frames.push({
        enter,
        at,
        fact,
        via: this.slot(this.via(enter)),
        depth: this.depth(enter),
        line: (shown === NONE ? 0 : this.line(shown)) || (this.kind(at) === Kind.LEAVE ? this.lastLine(at) : fact.line),
      });
      at = this.link(enter);
    }
    return frames.reverse();
  }

  /** Line of a LEAVE event: the last one reached in its frame, its closing line where lines were not recorded. */
  private lastLine(leave: number): number {
    const before = this.link(leave);
    const fact = this.functionAt(leave);
    return (before === NONE ? 0 : this.line(before)) || (fact?.endLine ?? 0);
  }

  /** Arguments, locals and (at LEAVE) the result of the event's frame as they are at the event, in order of declaration. */
  variablesAt(event: number): Value[] {
    const fact = this.functionAt(event);
    if (fact === null) return [];
    const { slot, prev } = this.data.values;
    const latest = new Map<number, number>();
    for (let at = this.data.columns.vars[event] as number; at !== NONE; at = prev[at] as number) {
      const key = slot[at] as number;
      if (!latest.has(key)) latest.set(key, at);
    }
    return [...latest].sort(([a], [b]) => a - b).map(([key, at]) => this.value(fact, key, at));
  }

  private value(fact: FunctionFact, slot: number, at: number): Value {
    const isReturn = slot === RETURN_SLOT;
    const tag = this.data.values.tag[at] as number;
    const num = this.data.values.num[at] as number;
    return {
      name: isReturn ? 'return' : (fact.variables[slot] ?? `#${slot}`),
      isReturn,
      tag,
      value: this.decode(tag, num),
    };
  }

  private decode(tag: number, num: number): Value['value'] {
    switch (tag) {
      case Tag.NUMBER:
      case Tag.OBJECT:
      case Tag.VIEW:
        return num;
      case Tag.BOOL:
        return num !== 0;
      case Tag.STRING:
        return this.data.strings[num] ?? '';
      case Tag.NULL:
        return null;
      case Tag.TABLE:
        return this.table(num)?.name ?? `table ${num}`;
      case Tag.FUNCTION:
        return this.data.schema.functions[num]?.name ?? `function ${num}`;
      default:
        return undefined;
    }
  }

  /** Last event of context `ctx` at or before step n, or -1. */
  lastEventOf(ctx: number, n: number): number {
    const { start, events } = this.contextEvents();
    const from = start[ctx] ?? 0;
    const at = lastAtMost(events, from, start[ctx + 1] ?? from, n);
    return at < from ? -1 : (events[at] as number);
  }
  /** First event of context `ctx` after step n, or -1. */
  nextEventOf(ctx: number, n: number): number {
    const { start, events } = this.contextEvents();
    const from = start[ctx] ?? 0;
    const to = start[ctx + 1] ?? from;
    const at = lastAtMost(events, from, to, n) + 1;
    return at >= to ? -1 : (events[at] as number);
  }
  /** All events of a context, in order. */
  eventsOf(ctx: number): Uint32Array {
    const { start, events } = this.contextEvents();
    return events.subarray(start[ctx], start[ctx + 1]);
  }

  private contextEvents(): ContextIndex {
    if (this.contextIndex !== null) return this.contextIndex;
    const { ctx } = this.data.columns;
    const start = new Uint32Array(this.data.contexts.length + 1);
    for (let n = 0; n < this.steps; n++) start[(ctx[n] as number) + 1] = (start[(ctx[n] as number) + 1] as number) + 1;
    for (let id = 1; id < start.length; id++) start[id] = (start[id] as number) + (start[id - 1] as number);
    const fill = start.slice();
    const events = new Uint32Array(this.steps);
    for (let n = 0; n < this.steps; n++) {
      const id = ctx[n] as number;
      events[fill[id] as number] = n;
      fill[id] = (fill[id] as number) + 1;
    }
    this.contextIndex = { start, events };
    return this.contextIndex;
  }

  /** LEAVE event of the frame that `enter` opened, or `NONE` if it is still open at the end. */
  leaveOf(enter: number): number {
    if (this.leaves === null) {
      const leaves = new Uint32Array(this.steps).fill(NONE);
      const { kind, frame } = this.data.columns;
      for (let n = 0; n < this.steps; n++) if (kind[n] === Kind.LEAVE) leaves[frame[n] as number] = n;
      this.leaves = leaves;
    }
    return this.leaves[enter] as number;
  }

  /** Journal entries made between step n and the next. */
  journalRange(n: number): JournalRange {
    const { words, bytes } = this.data.columns;
    const next = n + 1 < this.steps;
    return {
      words: [words[n] as number, next ? (words[n + 1] as number) : this.data.journal.addr.length],
      bytes: [bytes[n] as number, next ? (bytes[n + 1] as number) : this.data.byteJournal.addr.length],
    };
  }

  /** Layer of the function an event is in; helpers count as their caller's. WIRE is `wire`, HARDWARE is `nic`. Null: none. */
  layerAt(n: number): Layer | null {
    const kind = this.kind(n);
    if (kind === Kind.WIRE) return 'wire';
    if (kind === Kind.HARDWARE) return 'nic';
    for (let at = n; at !== NONE; ) {
      const enter = this.frame(at);
      if (enter === NONE) return null;
      const layer = this.layers[this.fn(enter)];
      if (layer) return layer;
      at = this.link(enter);
    }
    return null;
  }

  /**
   * The packet an skb or a wire frame belongs to, as the object id of the first of its family: clones, copies, GSO
   * segments, wire frames and what is received from these. An object that is no packet is its own; 0 stays 0.
   */
  packetOf(objectId: number): number {
    return this.packets.roots[objectId] ?? objectId;
  }
  /** Host that sent a wire frame, -1 if unknown. */
  senderOf(frameId: number): number {
    return this.packets.senders.get(frameId) ?? -1;
  }
  /** Works out beforehand which packets belong together: who asks before it is done waits for the rest. */
  *relate(): Work<void> {
    while (this.packetIndex === null) {
      this.relateOn();
      yield;
    }
  }
  private relateOn(): void {
    const { value } = this.relating.next();
    if (value !== undefined) this.packetIndex = value;
  }
  private get packets(): PacketIndex {
    while (this.packetIndex === null) this.relateOn();
    return this.packetIndex;
  }
}
