import { fnv1a } from './hash';

/** Kernel functions are values that fields can hold; each has an id from the probe pass. */
// biome-ignore lint/complexity/noBannedTypes: any function may stand in a table
type AnyFunction = Function;

const functionsById: (AnyFunction | undefined)[] = [];
const idsByFunction = new Map<AnyFunction, number>();
/** Names by id: a build may shorten `Function.name`. */
const namesById: string[] = [];

/**
 * Called by the code that the probe pass inserts at the top of each kernel module.
 * @public
 */
export function registerFunction(id: number, name: string, fn: AnyFunction): void {
  functionsById[id] = fn;
  namesById[id] = name;
  idsByFunction.set(fn, id);
}

/** Id of a registered kernel function. Throws for a function the probe pass has not seen. */
export function functionId(fn: AnyFunction): number {
  const id = idsByFunction.get(fn);
  if (id === undefined) throw new Error(`function ${fn.name || '(anonymous)'} is not a top-level kernel function`);
  return id;
}

/** True for functions the probe pass has seen: those that have an id. */
export function isKernelFunction(fn: AnyFunction): boolean {
  return idsByFunction.has(fn);
}

export function functionById(id: number): AnyFunction | undefined {
  return functionsById[id];
}

/** The slot last read, so that the next function entered can say through which pointer it was called. */
export const dispatch: { slot: number; target: AnyFunction | null } = { slot: 0, target: null };

/** A place in a function-pointer table, or a struct field that holds a function. */
export interface Slot {
  readonly id: number;
  /** `inet_stream_ops`, or the struct's name for a field. */
  readonly table: string;
  readonly slot: string;
}

const slots = new Map<number, Slot>();

export function declareSlot(table: string, slot: string): number {
  const name = `${table}.${slot}`;
  const id = fnv1a(name);
  const known = slots.get(id);
  if (known !== undefined && (known.table !== table || known.slot !== slot))
    throw new Error(`slot ids of ${name} and ${known.table}.${known.slot} collide`);
  slots.set(id, { id, table, slot });
  return id;
}

export function allSlots(): readonly Slot[] {
  return [...slots.values()].sort((a, b) => a.id - b.id);
}

/** A function-pointer table, such as `inet_stream_ops`. */
export interface OpsTable {
  readonly $table: number;
  readonly $name: string;
  /** The table's C type, such as `proto_ops`. */
  readonly $type: string;
}

const tables = new Map<number, OpsTable & Record<string, unknown>>();

/**
 * Declares a function-pointer table. Reading a slot notes it, so that the call that follows is recorded as
 * going through `name.slot`. Values that are not functions are kept as they are.
 */
export function ops<T extends object>(type: string, name: string, entries: T): T & OpsTable {
  const id = fnv1a(`${type} ${name}`);
  const table = { $table: id, $name: name, $type: type } as OpsTable & Record<string, unknown>;
  for (const [slot, value] of Object.entries(entries)) {
    if (typeof value === 'function') {
      const slotId = declareSlot(name, slot);
      Object.defineProperty(table, slot, {
        enumerable: true,
        get() {
          dispatch.slot = slotId;
          dispatch.target = value;
          return value;
        },
      });
    } else {
      Object.defineProperty(table, slot, { enumerable: true, value });
    }
  }
  const known = tables.get(id);
  if (known !== undefined && known.$name !== name) throw new Error(`table ids of ${name} and ${known.$name} collide`);
  tables.set(id, table);
  return table as unknown as T & OpsTable;
}

export function tableById(id: number): OpsTable | null {
  return tables.get(id) ?? null;
}

/** Name, type and slots of each declared table, for the trace's schema. */
export function allTables(): { id: number; name: string; type: string; slots: { slot: string; target: string }[] }[] {
  const targets: { id: number; name: string; type: string; slots: { slot: string; target: string }[] }[] = [];
  for (const table of tables.values()) {
    const list = Object.keys(table)
      .filter((key) => !key.startsWith('$'))
      .map((slot) => {
        const value = table[slot];
        return { slot, target: typeof value === 'function' ? (namesById[functionId(value)] ?? '') : String(value) };
      });
    targets.push({ id: table.$table, name: table.$name, type: table.$type, slots: list });
  }
  return targets.sort((a, b) => a.id - b.id);
}
