/** Call trees: ordered, names only. */

export interface Call {
  readonly name: string;
  readonly children: Call[];
  /** The function that made it, where `splice` has taken that out. */
  readonly from?: string;
  /** Calls that `splice` has taken out below, each with the function that made it. */
  readonly removed?: readonly Removed[];
}

export interface Removed {
  readonly caller: string;
  readonly callee: string;
}

/** A stretch of calls in one execution context. */
export interface Block {
  readonly kind: 'syscall' | 'hardirq' | 'softirq' | 'task';
  /** Host number where it is known (`eth0` is host 0), else null. */
  readonly host: number | null;
  readonly calls: readonly Call[];
}

/** Calls of a forest, all levels. */
export function countCalls(calls: readonly Call[]): number {
  let count = 0;
  for (const call of calls) count += 1 + countCalls(call.children);
  return count;
}

/** Calls `visit` on each call with its caller's name (null at the top). */
export function walk(
  calls: readonly Call[],
  visit: (call: Call, caller: string | null) => void,
  caller: string | null = null,
): void {
  for (const call of calls) {
    visit(call, caller);
    walk(call.children, visit, call.name);
  }
}

/**
 * Takes calls out of a forest and puts what they called in their place. Each caller keeps note of what it lost. `goes` is
 * asked with the function that made the call, null at the top.
 */
export function splice(calls: readonly Call[], goes: (name: string, caller: string | null) => boolean): Call[] {
  return spliced(calls, goes, null, []);
}

function spliced(
  calls: readonly Call[],
  goes: (name: string, caller: string | null) => boolean,
  gone: string | null,
  removed: Removed[],
  caller: string | null = null,
): Call[] {
  return calls.flatMap(({ name, children }) => {
    const direct = gone ?? caller;
    if (goes(name, direct)) {
      removed.push({ caller: direct ?? '-', callee: name });
      return spliced(children, goes, name, removed, caller);
    }
    const lost: Removed[] = [];
    const call = { name, children: spliced(children, goes, null, lost, name), removed: lost };
    return [gone === null ? call : { ...call, from: gone }];
  });
}
