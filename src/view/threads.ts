/** Threads of attention: what a step can follow, by name. */
import type { Thread } from '../trace/navigate';
import type { State } from '../trace/state';
import type { Trace } from '../trace/trace';
import { defaultObject } from './panels/inspector';

/** CPU number of contexts that have none. */
export const NO_CPU = 255;

export interface ThreadChoice {
  /** Unique among the choices. */
  readonly id: string;
  readonly label: string;
  readonly thread: Thread;
}

/** A thread in words: `packet #2787 and its family`. */
export function threadWords(trace: Trace, thread: Thread): string {
  if (thread === 'all') return 'everything';
  if ('skb' in thread) return `skb #${thread.skb} and its family`;
  const hostOf = (host: number): string => trace.data.hosts[host]?.name ?? '';
  if ('task' in thread) {
    const { name, host } = trace.context(thread.task);
    return `${name.replace(':', ' ')} on ${hostOf(host)}`;
  }
  return `CPU ${thread.cpu} of ${hostOf(thread.host)}`;
}

function choice(trace: Trace, thread: Thread): ThreadChoice {
  return { id: JSON.stringify(thread), label: threadWords(trace, thread), thread };
}

/** All CPUs and tasks that ever ran, in order of hosts. */
export function fixedThreads(trace: Trace): ThreadChoice[] {
  const cpus = new Map<string, ThreadChoice>();
  const tasks: ThreadChoice[] = [];
  for (const { id, kind, host, cpu } of trace.data.contexts) {
    if (kind === 'task') tasks.push(choice(trace, { task: id }));
    if (cpu === NO_CPU || kind === 'hardware') continue;
    const made = choice(trace, { host, cpu });
    cpus.set(made.id, made);
  }
  return [...[...cpus.values()].sort((a, b) => a.id.localeCompare(b.id)), ...tasks];
}

/** The packet one would mean here: the one that is looked at, else the one in hand; null where there is none. */
export function packetThread(trace: Trace, state: State, step: number, selection: number | null): ThreadChoice | null {
  for (const id of [selection, defaultObject(trace, state, step)]) {
    if (id !== null && state.find(id)?.is('sk_buff')) return choice(trace, { skb: id });
  }
  return null;
}
