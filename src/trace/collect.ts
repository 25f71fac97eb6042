/** Makes a `TraceData` of a finished run, and its hash. */
import { allSlots, allTables } from '../base/dispatch';
import { fnv1a } from '../base/hash';
import type { Heap } from '../base/heap';
import { allStructs, type Field, type StructClass } from '../base/struct';
import type { EndInfo, FieldSchema, FunctionFact, HostInfo, ItemSchema, StructSchema, TraceData } from './data';
import { NONE, type Recorder } from './recorder';

/** What the machine knows of a run and neither recorder nor heap does. */
export interface TraceMeta {
  readonly functions: readonly FunctionFact[];
  /** JSON. */
  readonly scenario: unknown;
  readonly hosts: readonly HostInfo[];
  readonly end: EndInfo;
}

function itemSchema({ kind, doc, names }: Field<unknown>): ItemSchema {
  return { kind, doc, ...(names === undefined ? {} : { names }) };
}

function structSchema(type: StructClass<unknown>): StructSchema {
  const fields = type.fields.map(({ name, field, offset }): FieldSchema => {
    const item = field.item === undefined ? {} : { item: itemSchema(field.item) };
    return { name, offset, words: field.words, ...itemSchema(field), ...item };
  });
  return { name: type.name, parent: type.parent?.name ?? null, words: type.words, fields };
}

/** Takes what recorder and heap hold now; later pushes do not show in it. The arrays are copies, exactly as long as needed. */
export function collectTrace(recorder: Recorder, heap: Heap, meta: TraceMeta): TraceData {
  const events = recorder.top;
  const values = recorder.valueTop;
  const entries = heap.journalTop;
  const writes = heap.byteTop;
  const objects = heap.objects.length;
  const data: Omit<TraceData, 'hash'> = {
    version: 1,
    level: recorder.level,
    columns: {
      kind: recorder.kind.slice(0, events),
      ctx: recorder.ctx.slice(0, events),
      fn: recorder.fn.slice(0, events),
      line: recorder.line.slice(0, events),
      depth: recorder.depth.slice(0, events),
      time: recorder.time.slice(0, events),
      frame: recorder.frame.slice(0, events),
      link: recorder.link.slice(0, events),
      via: recorder.via.slice(0, events),
      skb: recorder.skb.slice(0, events),
      words: recorder.words.slice(0, events),
      bytes: recorder.bytes.slice(0, events),
      vars: recorder.vars.slice(0, events),
    },
    values: {
      slot: recorder.valueSlot.slice(0, values),
      tag: recorder.valueTag.slice(0, values),
      num: recorder.valueNum.slice(0, values),
      prev: recorder.valuePrev.slice(0, values),
    },
    journal: {
      addr: heap.journalAddr.slice(0, entries),
      old: heap.journalOld.slice(0, entries),
      new: heap.journalNew.slice(0, entries),
    },
    byteJournal: {
      addr: heap.byteAddr.slice(0, writes),
      len: heap.byteLen.slice(0, writes),
      at: heap.byteAt.slice(0, writes),
      log: heap.byteLog.slice(0, heap.byteLogTop),
    },
    size: { words: heap.wordTop, ram: heap.ramTop },
    objects: {
      type: heap.objType.slice(0, objects),
      base: heap.objBase.slice(0, objects),
      parent: heap.objParent.slice(0, objects),
      host: heap.objHost.slice(0, objects),
    },
    strings: [...heap.strings],
    contexts: recorder.contexts.map(({ id, kind, name, host, cpu }) => ({ id, kind, name, host, cpu })),
    labels: [...recorder.labels],
    schema: {
      structs: allStructs().map(structSchema),
      functions: meta.functions,
      slots: allSlots(),
      tables: allTables(),
    },
    scenario: meta.scenario,
    hosts: meta.hosts,
    end: meta.end,
  };
  return { ...data, hash: hashOf(data) };
}

/** Buffers to hand over when a trace is posted to another thread. */
export function transferables(data: TraceData): ArrayBuffer[] {
  const groups: object[] = [data.columns, data.values, data.journal, data.byteJournal, data.objects];
  return groups.flatMap((group) => Object.values(group).map((column: Uint8Array) => column.buffer as ArrayBuffer));
}

/** Two FNV-1a lanes over 32-bit units: quick, and the same on every machine (all of them are little-endian). */
class Mixer {
  private a = 0x811c9dc5;
  private b = 0x01000193;
  add(unit: number): void {
    this.a = Math.imul(this.a ^ unit, 0x01000193);
    this.b = Math.imul(this.b ^ unit, 0x85ebca6b);
    this.b ^= this.b >>> 15;
  }
  column(column: Uint8Array | Uint16Array | Uint32Array): void {
    for (let i = 0; i < column.length; i++) this.add(column[i] as number);
  }
  floats(column: Float64Array): void {
    this.column(new Uint32Array(column.buffer, column.byteOffset, column.length * 2));
  }
  /** Ids that depend on the build, by the hash of the name they stand for. */
  named(column: Uint16Array, hashes: Uint32Array): void {
    for (let i = 0; i < column.length; i++) this.add(hashes[column[i] as number] ?? 0);
  }
  hex(): string {
    return [this.a, this.b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }
}

/**
 * What happened, in what order and at what time, with every change of state: functions, structs and labels by name, so that
 * the order in which a build loads its modules does not show.
 */
function hashOf(data: Omit<TraceData, 'hash'>): string {
  const mix = new Mixer();
  const { columns, journal, byteJournal, objects, values } = data;
  const functions = Uint32Array.from(data.schema.functions, (fact) => fnv1a(`${fact.file} ${fact.name}`));
  const labels = Uint32Array.from(data.labels, fnv1a);
  for (let i = 0; i < columns.kind.length; i++) {
    const kind = columns.kind[i] as number;
    const fn = columns.fn[i] as number;
    mix.add(kind);
    mix.add((kind <= 2 ? functions[fn] : labels[fn]) ?? NONE);
  }
  for (const column of [columns.ctx, columns.line, columns.depth, columns.via, columns.skb]) mix.column(column);
  for (const column of [columns.frame, columns.words, columns.bytes]) mix.column(column);
  mix.floats(columns.time);
  for (const column of [values.slot, values.tag]) mix.column(column);
  mix.floats(values.num);
  mix.column(journal.addr);
  mix.floats(journal.new);
  for (const column of [byteJournal.addr, byteJournal.len, byteJournal.log]) mix.column(column);
  mix.named(
    objects.type,
    Uint32Array.from(data.schema.structs, (type) => fnv1a(type.name)),
  );
  for (const column of [objects.base, objects.parent, objects.host]) mix.column(column);
  for (const { name, host, cpu } of data.contexts) for (const unit of [fnv1a(name), host, cpu]) mix.add(unit);
  for (const text of data.strings) mix.add(fnv1a(text));
  return mix.hex();
}
