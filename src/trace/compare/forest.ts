/** Call trees: ordered, names only. */

export interface Call {
  readonly name: string;
  readonly children: Call[];
  /** Names of calls that `splice` has taken out from directly below. */
  readonly removed?: readonly string[];
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

/** Takes calls out of a forest and puts what they called in their place. Each caller keeps the names of what it lost. */
export function splice(calls: readonly Call[], goes: (name: string) => boolean): Call[] {
  return spliced(calls, goes, []);
}

function spliced(calls: readonly Call[], goes: (name: string) => boolean, removed: string[]): Call[] {
  return calls.flatMap((call) => {
    if (goes(call.name)) {
      removed.push(call.name);
      return spliced(call.children, goes, removed);
    }
    const lost: string[] = [];
    return [{ name: call.name, children: spliced(call.children, goes, lost), removed: lost }];
  });
}
