/** The state of a run at one step: typed reads of structs, objects by type, bytes of RAM. */
import type { FieldSchema, StructSchema } from './data';
import type { Trace } from './trace';

/** A change of one word between two steps. */
export interface Change {
  /** Object that holds the word. */
  readonly object: number;
  /** `snd_nxt`, or `frags[2]` and `frags.length` for a list. */
  readonly field: string;
  /** Raw word before and after; how to read it says the field's schema. */
  readonly old: number;
  readonly new: number;
  /** The field's schema (for a list, that of the list). */
  readonly schema: FieldSchema;
}

/** A stretch of RAM that was written. */
export interface RamChange {
  readonly addr: number;
  readonly len: number;
}

/** Word 0 of each object: 1 while it is allocated. */
const LIVE_WORD = 0;
const NO_HOST = 255;

/** Fields of each struct by name, worked out once a trace. */
const fieldMaps = new WeakMap<StructSchema, ReadonlyMap<string, FieldSchema>>();

function fieldsOf(type: StructSchema): ReadonlyMap<string, FieldSchema> {
  let map = fieldMaps.get(type);
  if (map === undefined) {
    map = new Map(type.fields.map((field) => [field.name, field]));
    fieldMaps.set(type, map);
  }
  return map;
}

/** An object as it is in its `State` now: read it before the cursor moves on. */
export class StructView {
  constructor(
    private readonly state: State,
    readonly id: number,
    readonly schema: StructSchema,
    private readonly base: number,
  ) {}

  /** Name of its struct. */
  get type(): string {
    return this.schema.name;
  }
  /** Host number, -1: none (the link, the machine). */
  get host(): number {
    const host = this.state.trace.data.objects.host[this.id] as number;
    return host === NO_HOST ? -1 : host;
  }
  /** The object it is embedded in. */
  get parent(): StructView | null {
    return this.state.find(this.state.trace.data.objects.parent[this.id] as number);
  }
  /** Allocated and not yet freed at this step. */
  get live(): boolean {
    return this.state.isLive(this.id);
  }
  /** True for the struct itself and those that begin with it. */
  is(typeName: string): boolean {
    return this.state.trace.derives(this.state.trace.data.objects.type[this.id] as number, typeName);
  }
  has(field: string): boolean {
    return fieldsOf(this.schema).has(field);
  }
  field(name: string): FieldSchema {
    const field = fieldsOf(this.schema).get(name);
    if (field === undefined) throw new Error(`struct ${this.type} has no field ${name}`);
    return field;
  }
  private word(name: string): number {
    return this.state.words[this.base + this.field(name).offset] as number;
  }

  /** The word as it is: numbers, times, addresses, enums, flags, sequence numbers. */
  num(field: string): number {
    return this.word(field);
  }
  flag(field: string): boolean {
    return this.word(field) !== 0;
  }
  /** What a `ref` or `embed` points to; null for the null pointer. */
  ref(field: string): StructView | null {
    return this.state.find(this.word(field));
  }
  /** As text: strings as they are; enum, flag, function and table names; addresses dotted; else the number. */
  text(field: string): string {
    const schema = this.field(field);
    return this.state.format(schema.kind, schema.names, this.word(field));
  }
  /** Items of a list field: objects for `ref` and `embed` items (null where a place is empty), else raw words. */
  list(field: string): (StructView | number | null)[] {
    const schema = this.field(field);
    const isRef = schema.item?.kind === 'ref' || schema.item?.kind === 'embed';
    return this.items(field).map((word) => (isRef ? this.state.find(word) : word));
  }
  /** The objects of a list of pointers; empty places are left out. */
  refs(field: string): StructView[] {
    return this.items(field).flatMap((word) => this.state.find(word) ?? []);
  }
  /** Raw words of a list field. */
  items(field: string): number[] {
    const schema = this.field(field);
    if (schema.kind !== 'list') throw new Error(`${this.type}.${field} is no list`);
    const at = this.base + schema.offset;
    return Array.from(this.state.words.subarray(at + 1, at + 1 + (this.state.words[at] as number)));
  }
  /** Name of the function a function pointer holds, null if none. */
  fnName(field: string): string | null {
    return this.state.trace.data.schema.functions[this.word(field)]?.name ?? null;
  }
  /** Name of the function-pointer table a field points to, null if none. */
  tableName(field: string): string | null {
    return this.state.trace.table(this.word(field))?.name ?? null;
  }
}

/** Words and bytes at one step. A `Cursor` moves it; readers only read. */
export class State {
  readonly words: Float64Array;
  private readonly memory: Uint8Array;
  private readonly views = new Map<number, StructView>();

  constructor(readonly trace: Trace) {
    this.words = new Float64Array(trace.data.size.words);
    this.memory = new Uint8Array(trace.data.size.ram);
  }

  /** All of RAM; for the cursor and for views that scan. */
  get bytes(): Uint8Array {
    return this.memory;
  }

  /** Raw word of a field. */
  get(objectId: number, field: string): number {
    return this.view(objectId).num(field);
  }
  /** Throws for ids that no object has; see `find`. */
  view(objectId: number): StructView {
    const view = this.find(objectId);
    if (view === null) throw new RangeError(`no object #${objectId}`);
    return view;
  }
  /** The object of an id, null for 0 and for ids that no object has. */
  find(objectId: number): StructView | null {
    const known = this.views.get(objectId);
    if (known !== undefined) return known;
    const { type, base } = this.trace.data.objects;
    if (!(objectId > 0 && objectId < type.length)) return null;
    const view = new StructView(this, objectId, this.trace.struct(type[objectId] as number), base[objectId] as number);
    this.views.set(objectId, view);
    return view;
  }
  /** Allocated, not freed, and so is what it is embedded in. */
  isLive(objectId: number): boolean {
    const { base, parent } = this.trace.data.objects;
    for (let id = objectId; id !== 0; id = parent[id] as number) {
      if (this.words[(base[id] as number) + LIVE_WORD] !== 1) return false;
    }
    return objectId !== 0;
  }
  /** Live objects of a type and of those that begin with it, oldest first; of one host if `host` is given. */
  objects(typeName: string, host?: number): StructView[] {
    const found: StructView[] = [];
    for (const id of this.trace.idsOf(typeName)) {
      if (host !== undefined && this.trace.data.objects.host[id] !== host) continue;
      if (this.isLive(id)) found.push(this.view(id));
    }
    return found;
  }
  /** A copy of `len` bytes of RAM. */
  ram(addr: number, len: number): Uint8Array {
    return this.memory.slice(addr, addr + len);
  }

  /** What differs between two steps (any order), one entry a word that ends up different, in order of first change. */
  changes(from: number, to: number): Change[] {
    const [first, last] = from <= to ? [from, to] : [to, from];
    const { words } = this.trace.data.columns;
    const { addr, old, new: after } = this.trace.data.journal;
    const net = new Map<number, { old: number; new: number }>();
    for (let i = words[first] as number; i < (words[last] as number); i++) {
      const known = net.get(addr[i] as number);
      if (known === undefined) net.set(addr[i] as number, { old: old[i] as number, new: after[i] as number });
      else known.new = after[i] as number;
    }
    const changes: Change[] = [];
    for (const [address, change] of net) {
      if (change.old === change.new) continue;
      const place = this.placeOf(address);
      if (place === null) continue;
      changes.push({ ...place, ...(from <= to ? change : { old: change.new, new: change.old }) });
    }
    return changes;
  }

  /** Stretches of RAM written between two steps (any order), as they were written. */
  ramChanges(from: number, to: number): RamChange[] {
    const [first, last] = from <= to ? [from, to] : [to, from];
    const { bytes } = this.trace.data.columns;
    const { addr, len } = this.trace.data.byteJournal;
    const found: RamChange[] = [];
    for (let i = bytes[first] as number; i < (bytes[last] as number); i++) {
      found.push({ addr: addr[i] as number, len: len[i] as number });
    }
    return found;
  }

  /** Object and field that a word address belongs to; null for the live word of an object. */
  private placeOf(address: number): Pick<Change, 'object' | 'field' | 'schema'> | null {
    const { base, type } = this.trace.data.objects;
    let low = 1;
    let high = base.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if ((base[mid] as number) <= address) low = mid;
      else high = mid - 1;
    }
    const offset = address - (base[low] ?? 0);
    const { fields } = this.trace.struct(type[low] as number);
    const schema = fields.find((field) => offset >= field.offset && offset < field.offset + field.words);
    if (schema === undefined) return null;
    const item = offset - schema.offset - 1;
    const suffix = schema.kind !== 'list' ? '' : item < 0 ? '.length' : `[${item}]`;
    return { object: low, field: schema.name + suffix, schema };
  }

  /** A raw word as text, by the kind of its field. */
  format(kind: FieldSchema['kind'], names: FieldSchema['names'], word: number): string {
    switch (kind) {
      case 'string':
        return this.trace.data.strings[word] ?? '';
      case 'bool':
        return word !== 0 ? 'true' : 'false';
      case 'enum':
        return names?.[word] ?? String(word);
      case 'flags':
        return flagText(names ?? {}, word);
      case 'ip':
        return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.');
      case 'mac':
        return (word.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
      case 'hex':
        return `0x${(word >= 0 ? word : word >>> 0).toString(16)}`;
      case 'ref':
      case 'embed': {
        const target = this.find(word);
        return target === null ? 'NULL' : `${target.type} #${word}`;
      }
      case 'fn':
        return this.trace.data.schema.functions[word]?.name ?? 'NULL';
      case 'ops':
        return this.trace.table(word)?.name ?? 'NULL';
      default:
        return String(word);
    }
  }
}

function flagText(names: Readonly<Record<number, string>>, word: number): string {
  const set: string[] = [];
  let rest = word;
  for (const [mask, name] of Object.entries(names)) {
    const bits = Number(mask);
    if (bits !== 0 && (word & bits) === bits) {
      set.push(name);
      rest &= ~bits;
    }
  }
  if (rest !== 0) set.push(`0x${(rest >>> 0).toString(16)}`);
  return set.length === 0 ? (names[0] ?? '0') : set.join(' | ');
}
