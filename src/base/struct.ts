import { declareSlot, dispatch, functionById, functionId, type OpsTable, tableById } from './dispatch';
import { heap, type StructInfo, type StructObject } from './heap';

/** How a word is to be read and shown. */
export type FieldKind =
  | 'number'
  | 'bool'
  | 'enum'
  | 'flags'
  | 'seq'
  | 'ns'
  | 'bytes'
  | 'addr'
  | 'ip'
  | 'port'
  | 'hex'
  | 'mac'
  | 'string'
  | 'ref'
  | 'fn'
  | 'ops'
  | 'embed'
  | 'list';

/** One field of a struct: how it is stored and what it means. `T` is the type kernel code sees. */
export interface Field<T> {
  readonly kind: FieldKind;
  readonly doc: string;
  /** Words it takes. */
  readonly words: number;
  readonly initial: number;
  /** Names of values (`enum`) or of bits (`flags`). */
  readonly names?: Readonly<Record<number, string>>;
  /** Width of an unsigned number that wraps, in bits (0: a plain number). */
  readonly wrap?: number;
  readonly item?: Field<unknown>;
  readonly type?: StructClass<unknown>;
  readonly readonly?: boolean;
  readonly $t?: T;
}

export type Fields = Readonly<Record<string, Field<never> | Field<unknown>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
export type Instance<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/** A declared struct: a constructor that allocates in the current heap, and what the inspector needs. */
export interface StructClass<T> extends StructInfo {
  new (): T & StructObject;
  readonly fields: readonly FieldInfo[];
  /** The C struct this one contains at its start, if any. */
  readonly parent: StructClass<unknown> | null;
  isInstance(value: unknown): value is T & StructObject;
}

export interface FieldInfo {
  readonly name: string;
  readonly field: Field<unknown>;
  /** Offset of the first word from the object's base. */
  readonly offset: number;
  /** Slot id of a function pointer field, else 0. */
  readonly slot: number;
}

function scalar<T>(kind: FieldKind, initial = 0, wrap = 0): (doc: string, first?: number) => Field<T> {
  return (doc, first = initial) => ({ kind, doc, words: 1, initial: first, wrap });
}

export const u8 = scalar<number>('number', 0, 8);
export const u16 = scalar<number>('number', 0, 16);
export const u32 = scalar<number>('number', 0, 32);
/** Signed or unbounded numbers: stored as they are. */
export const int = scalar<number>('number');
/** A TCP sequence number: wraps at 2^32. */
export const seq32 = scalar<number>('seq', 0, 32);
export const bool = scalar<boolean>('bool');
/** Virtual time or a duration, ns. */
export const ns = scalar<number>('ns');
export const byteCount = scalar<number>('bytes');
/** An address in RAM (`Heap.ram`). */
export const addr = scalar<number>('addr');
/** An IPv4 address as a number in host order, e.g. 0x0a000001. */
export const ip4 = scalar<number>('ip', 0, 32);
/** A port in host order. */
export const port = scalar<number>('port', 0, 16);
export const hex32 = scalar<number>('hex', 0, 32);
/** A MAC address as a 48-bit number. */
export const mac48 = scalar<number>('mac');
export const str = scalar<string>('string');

export function enumeration(doc: string, names: Readonly<Record<string, number>>, initial = 0): Field<number> {
  return { kind: 'enum', doc, words: 1, initial, names: invert(names) };
}

/** A bit set; `names` gives the mask of each name. */
export function flags(doc: string, names: Readonly<Record<string, number>>, initial = 0): Field<number> {
  return { kind: 'flags', doc, words: 1, initial, names: invert(names) };
}

function invert(names: Readonly<Record<string, number>>): Record<number, string> {
  const byValue: Record<number, string> = {};
  for (const [name, value] of Object.entries(names)) byValue[value] ??= name;
  return byValue;
}

/** A pointer to another struct, or null. */
export function ref<T>(doc: string): Field<T | null> {
  return { kind: 'ref', doc, words: 1, initial: 0 };
}

/** A function pointer, or null. Reading it notes the slot, so that the call is recorded as going through it. */
export function fn<F>(doc: string): Field<F | null> {
  return { kind: 'fn', doc, words: 1, initial: -1 };
}

/** A pointer to a function-pointer table made with `ops()`, or null. */
export function table<T>(doc: string): Field<(T & OpsTable) | null> {
  return { kind: 'ops', doc, words: 1, initial: 0 };
}

/** A struct inside this one (spinlock, list head, timer): allocated with it, cannot be reassigned. */
export function embed<T>(type: StructClass<T>, doc: string): Field<T & StructObject> {
  return { kind: 'embed', doc, words: 1, initial: 0, type: type as StructClass<unknown>, readonly: true };
}

/** A list of at most `capacity` items held inline; also serves as a fixed array through `set`. */
export function list<T>(item: Field<T>, capacity: number, doc: string): Field<List<NonNullable<T>>> {
  return {
    kind: 'list',
    doc,
    words: 1 + capacity * item.words,
    initial: 0,
    item: item as Field<unknown>,
    readonly: true,
  };
}

/** View of a `list` field. Word 0 is the length, the items follow. */
export class List<T> {
  constructor(
    private readonly base: number,
    private readonly capacity: number,
    private readonly codec: Codec,
  ) {}
  get length(): number {
    return heap.words[this.base] as number;
  }
  /** Item `i`; throws outside the list. */
  at(i: number): T {
    if (i < 0 || i >= this.length) throw new Error(`index ${i} outside a list of ${this.length}`);
    return this.codec.decode(heap.words[this.base + 1 + i] as number) as T;
  }
  /** Writes item `i`, growing the length to hold it (items between are zero). */
  set(i: number, value: T): void {
    if (i >= this.capacity) throw new Error(`index ${i} outside a list of capacity ${this.capacity}`);
    if (i >= this.length) heap.set(this.base, i + 1);
    heap.set(this.base + 1 + i, this.codec.encode(value));
  }
  push(value: T): void {
    this.set(this.length, value);
  }
  /** Removes and returns item `i`; later items move down. */
  removeAt(i: number): T {
    const value = this.at(i);
    const last = this.length - 1;
    for (let k = i; k < last; k++) heap.set(this.base + 1 + k, heap.words[this.base + 2 + k] as number);
    heap.set(this.base + 1 + last, 0);
    heap.set(this.base, last);
    return value;
  }
  insertAt(i: number, value: T): void {
    for (let k = this.length; k > i; k--) heap.set(this.base + 1 + k, heap.words[this.base + k] as number);
    heap.set(this.base, this.length + 1);
    this.set(i, value);
  }
  indexOf(value: T): number {
    const word = this.codec.encode(value);
    for (let i = 0; i < this.length; i++) if (heap.words[this.base + 1 + i] === word) return i;
    return -1;
  }
  /** Removes the first item equal to `value`; false if there is none. */
  remove(value: T): boolean {
    const i = this.indexOf(value);
    if (i >= 0) this.removeAt(i);
    return i >= 0;
  }
  shift(): T | null {
    return this.length === 0 ? null : this.removeAt(0);
  }
  clear(): void {
    while (this.length > 0) this.removeAt(this.length - 1);
  }
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

interface Codec {
  decode(word: number): unknown;
  encode(value: unknown): number;
}

function codecOf(field: Field<unknown>, slot: number): Codec {
  switch (field.kind) {
    case 'bool':
      return { decode: (word) => word !== 0, encode: (value) => (value ? 1 : 0) };
    case 'string':
      return { decode: (word) => heap.strings[word], encode: (value) => heap.internString(value as string) };
    case 'ref':
    case 'embed':
      return {
        decode: (word) => heap.objects[word],
        encode: (value) => (value === null ? 0 : (value as StructObject).$id),
      };
    case 'fn':
      return {
        decode(word) {
          if (word < 0) return null;
          const target = functionById(word) ?? null;
          dispatch.slot = slot;
          dispatch.target = target;
          return target;
        },
        encode: (value) => (value === null ? -1 : functionId(value as () => void)),
      };
    case 'ops':
      return {
        decode: (word) => tableById(word),
        encode: (value) => (value === null ? 0 : (value as OpsTable).$table),
      };
    default: {
      const wrap = field.wrap ?? 0;
      if (wrap === 32) return { decode: (word) => word, encode: (value) => (value as number) >>> 0 };
      if (wrap > 0) {
        const mask = 2 ** wrap - 1;
        return { decode: (word) => word, encode: (value) => (value as number) & mask };
      }
      return { decode: (word) => word, encode: (value) => value as number };
    }
  }
}

const structTypes: StructClass<unknown>[] = [];

export function allStructs(): readonly StructClass<unknown>[] {
  return structTypes;
}

/** Owner of the embedded struct that is being constructed. */
let pendingParent = 0;

/**
 * Declares a C struct. `parent` is the struct it begins with (`tcp_sock` begins with `inet_connection_sock`),
 * whose fields come first, so that casts are free. Setters journal every change.
 */
export function struct<F extends Fields>(name: string, fields: F): StructClass<Instance<F>>;
export function struct<F extends Fields, P>(
  name: string,
  fields: F,
  parent: StructClass<P>,
): StructClass<P & Instance<F>>;
export function struct(name: string, fields: Fields, parent: StructClass<unknown> | null = null): StructClass<unknown> {
  const inherited = parent?.fields ?? [];
  let offset = parent?.words ?? 1;
  const own: FieldInfo[] = Object.entries(fields).map(([key, spec]) => {
    const field = spec as Field<unknown>;
    const info = { name: key, field, offset, slot: field.kind === 'fn' ? declareSlot(name, key) : 0 };
    offset += field.words;
    return info;
  });
  const all = [...inherited, ...own];
  const starting = all.filter(({ field }) => field.initial !== 0);
  const embedded = all.filter(({ field }) => field.kind === 'embed');

  class Struct {
    static readonly $struct = true;
    static readonly words = offset;
    static readonly index = structTypes.length;
    static readonly fields = all;
    static readonly parent = parent;
    readonly $id: number;
    readonly $base: number;
    constructor() {
      const owner = pendingParent;
      pendingParent = 0;
      const self = this as unknown as StructObject;
      const { id, base: start } = heap.allocate(self, Struct as unknown as StructInfo, owner);
      this.$id = id;
      this.$base = start;
      for (const { field, offset: at } of starting) heap.set(start + at, field.initial);
      for (const { field, offset: at } of embedded) {
        pendingParent = id;
        const part = new (field.type as StructClass<unknown>)();
        heap.set(start + at, part.$id);
      }
    }
    static isInstance(value: unknown): boolean {
      return (
        typeof value === 'object' &&
        value !== null &&
        '$type' in value &&
        derives((value as StructObject).$type, Struct as unknown as StructInfo)
      );
    }
  }
  Object.defineProperty(Struct, 'name', { value: name });
  Object.defineProperty(Struct.prototype, '$type', { value: Struct });
  for (const { name: key, field, offset: at, slot } of all) define(Struct.prototype, key, field, at, slot);
  structTypes.push(Struct as unknown as StructClass<unknown>);
  return Struct as unknown as StructClass<unknown>;
}

function derives(type: StructInfo, ancestor: StructInfo): boolean {
  for (let t: StructClass<unknown> | null = type as StructClass<unknown>; t !== null; t = t.parent)
    if (t === ancestor) return true;
  return false;
}

function define(prototype: object, key: string, field: Field<unknown>, at: number, slot: number): void {
  if (field.kind === 'list') {
    const item = field.item as Field<unknown>;
    const codec = codecOf(item, slot);
    const views = new WeakMap<StructObject, List<unknown>>();
    Object.defineProperty(prototype, key, {
      get(this: StructObject) {
        let view = views.get(this);
        if (view === undefined) {
          view = new List(this.$base + at, (field.words - 1) / item.words, codec);
          views.set(this, view);
        }
        return view;
      },
    });
    return;
  }
  const plain = codecOf(field, slot);
  const isNumber =
    field.kind !== 'bool' &&
    field.kind !== 'string' &&
    field.kind !== 'ref' &&
    field.kind !== 'embed' &&
    field.kind !== 'fn' &&
    field.kind !== 'ops';
  const get = isNumber
    ? function (this: StructObject) {
        return heap.words[this.$base + at];
      }
    : function (this: StructObject) {
        return plain.decode(heap.words[this.$base + at] as number);
      };
  if (field.readonly) {
    Object.defineProperty(prototype, key, { get });
    return;
  }
  const { encode } = plain;
  Object.defineProperty(prototype, key, {
    get,
    set(this: StructObject, value: unknown) {
      heap.set(this.$base + at, encode(value));
    },
  });
}

/** Copies a struct with all that it embeds: memcpy, where the parts embedded stay objects of their own. */
export function copyStruct(to: StructObject, from: StructObject): void {
  for (const { field, offset } of (from.$type as StructClass<unknown>).fields) {
    const at = from.$base + offset;
    const word = heap.words[at] as number;
    const target = to.$base + offset;
    if (field.kind === 'embed') {
      copyStruct(heap.objects[heap.words[target] as number] as StructObject, heap.objects[word] as StructObject);
    } else {
      for (let i = 0; i < field.words; i++) heap.set(target + i, heap.words[at + i] as number);
    }
  }
}
