/** Makes of a model's trace the kind of blocks a recording has. */
import { Kind, NONE } from '../recorder';
import type { Trace } from '../trace';
import type { Block, Call } from './forest';

/**
 * Blocks of the run from step `from` on, in order of their begin. Calls of functions that were open by then lose those
 * callers, as in a recording: the rest of a system call that was asleep comes as a `task` block.
 */
export function blocksOf(trace: Trace, from: number): Block[] {
  const blocks: { block: Block; calls: Call[] }[] = [];
  const begin = (kind: Block['kind'], host: number): Call[] => {
    const calls: Call[] = [];
    blocks.push({ block: { kind, host, calls }, calls });
    return calls;
  };
  const open = new Map<number, Call>();
  /** The block to which top-level calls of a sleeper that goes on are added, by context. */
  const rests = new Map<number, Call[]>();
  for (let n = from; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER) continue;
    const fact = trace.functionAt(n);
    const { kind, host } = trace.context(trace.ctx(n));
    if (fact === null || kind === 'hardware') continue;
    const call: Call = { name: fact.name, children: [] };
    open.set(n, call);
    const link = trace.link(n);
    const caller = link === NONE ? undefined : open.get(trace.frame(link));
    if (caller !== undefined) caller.children.push(call);
    else if (kind === 'task' && link !== NONE) {
      let rest = rests.get(trace.ctx(n));
      if (rest === undefined) {
        rest = begin('task', host);
        rests.set(trace.ctx(n), rest);
      }
      rest.push(call);
    } else begin(kind === 'task' ? 'syscall' : kind, host).push(call);
  }
  return blocks.map(({ block }) => block);
}

/** Steps that enter `name` as a system call (called by no kernel function). */
export function callsOf(trace: Trace, name: string): number[] {
  const steps: number[] = [];
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) === Kind.ENTER && trace.link(n) === NONE && trace.functionAt(n)?.name === name) steps.push(n);
  }
  return steps;
}
