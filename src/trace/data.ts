/**
 * What a run leaves, as plain data: typed arrays and JSON. It can be posted to another thread (the arrays' buffers are
 * transferable), hashed, and read without the model that made it.
 */
import type { FieldKind } from '../base/struct';
import type { ContextKind, Level } from './recorder';

/** What is known of a kernel function without running it. The probe pass finds it (src/probes/plugin.ts). */
export interface FunctionFact {
  readonly id: number;
  readonly name: string;
  /** Path below src/kernel, e.g. `net/ipv4/tcp_output.ts`: the path in the Linux tree but for the ending. */
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly generator: boolean;
  readonly params: readonly string[];
  /** Parameters first, then locals in order of declaration. */
  readonly variables: readonly string[];
  /** ns charged on entry. */
  readonly cost: number;
  /** Docstring without its tags. */
  readonly doc: string;
  /** Docstring tags such as `modelled`, `simplified`, `omits`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** How the items of a list field are read. */
export interface ItemSchema {
  readonly kind: FieldKind;
  readonly doc: string;
  readonly names?: Readonly<Record<number, string>>;
}

/** A field of a struct as the inspector shows it. */
export interface FieldSchema {
  readonly name: string;
  readonly kind: FieldKind;
  readonly doc: string;
  /** First word, counted from the object's base. */
  readonly offset: number;
  readonly words: number;
  /** Names of values (`enum`) or of bits (`flags`). */
  readonly names?: Readonly<Record<number, string>>;
  /** Only for `list`: how an item is read. */
  readonly item?: ItemSchema;
}

/** A declared struct. Its fields begin with those of the struct it contains at its start. */
export interface StructSchema {
  readonly name: string;
  /** Name of the struct it begins with, or null. */
  readonly parent: string | null;
  readonly words: number;
  readonly fields: readonly FieldSchema[];
}

/** A place through which a call can go: a slot of a table, or a struct field that holds a function. */
export interface SlotSchema {
  readonly id: number;
  readonly table: string;
  readonly slot: string;
}

/** A function-pointer table with what stands in it. */
export interface TableSchema {
  readonly id: number;
  readonly name: string;
  /** C type, e.g. `proto_ops`. */
  readonly type: string;
  readonly slots: readonly { readonly slot: string; readonly target: string }[];
}

/** Everything needed to read the numbers of a trace. */
export interface Schema {
  readonly structs: readonly StructSchema[];
  readonly functions: readonly FunctionFact[];
  readonly slots: readonly SlotSchema[];
  readonly tables: readonly TableSchema[];
}

/** A host of the run; its number is its place in `TraceData.hosts`. */
export interface HostInfo {
  /** `A`, `B`. */
  readonly name: string;
  readonly cpus: number;
  /** Dotted. */
  readonly ip: string;
}

/** A thread of execution: a task, one run of softirqs, an interrupt, or the hardware of a host. */
export interface ContextInfo {
  readonly id: number;
  readonly kind: ContextKind;
  /** `task:writer`, `softirq`, `hardirq`. */
  readonly name: string;
  /** Host number, 255: none (link, machine). */
  readonly host: number;
  /** CPU of the host, 255: none. */
  readonly cpu: number;
}

/** Why the run ended: `done`: all quiet; `limit`: the scenario's limit of time or events; `error`: a bug of the model. */
export interface EndInfo {
  readonly reason: 'done' | 'limit' | 'error';
  readonly message?: string;
}

/** One entry an event; see `Recorder` for what each column says. */
export interface Columns {
  readonly kind: Uint8Array;
  readonly ctx: Uint16Array;
  readonly fn: Uint16Array;
  readonly line: Uint16Array;
  readonly depth: Uint8Array;
  /** Virtual ns since the start of the run. */
  readonly time: Float64Array;
  readonly frame: Uint32Array;
  readonly link: Uint32Array;
  readonly via: Uint32Array;
  readonly skb: Uint32Array;
  /** Length of the word journal at the event. */
  readonly words: Uint32Array;
  /** Length of the byte journal at the event. */
  readonly bytes: Uint32Array;
  readonly vars: Uint32Array;
}

/** Arguments, locals and results; chains by `prev`. */
export interface ValueColumns {
  readonly slot: Uint16Array;
  readonly tag: Uint8Array;
  readonly num: Float64Array;
  readonly prev: Uint32Array;
}

/** Each change of a word of state, in order. */
export interface WordJournal {
  readonly addr: Uint32Array;
  readonly old: Float64Array;
  readonly new: Float64Array;
}

/** Each write of bytes, in order: `len` bytes before at `log[at]`, then the `len` bytes after. */
export interface ByteJournal {
  readonly addr: Uint32Array;
  readonly len: Uint32Array;
  readonly at: Float64Array;
  readonly log: Uint8Array;
}

/** Objects by id; entry 0 is the null pointer. */
export interface ObjectColumns {
  /** Index into `Schema.structs`. */
  readonly type: Uint16Array;
  /** First word. */
  readonly base: Uint32Array;
  /** Object it is embedded in, 0: none. */
  readonly parent: Uint32Array;
  /** Host that allocated it, 255: none. */
  readonly host: Uint8Array;
}

/** A whole run. */
export interface TraceData {
  readonly version: 1;
  readonly level: Level;
  readonly columns: Columns;
  readonly values: ValueColumns;
  readonly journal: WordJournal;
  readonly byteJournal: ByteJournal;
  /** Words and bytes of RAM that the state takes. */
  readonly size: { readonly words: number; readonly ram: number };
  readonly objects: ObjectColumns;
  readonly strings: readonly string[];
  readonly contexts: readonly ContextInfo[];
  readonly labels: readonly string[];
  readonly schema: Schema;
  /** The scenario that ran, as JSON; opaque here. */
  readonly scenario: unknown;
  readonly hosts: readonly HostInfo[];
  readonly end: EndInfo;
  /** 16 hex digits; the same for the same scenario and model wherever it runs. */
  readonly hash: string;
}
