import { errnoName } from '../../../scenario/packetdrill/values';
import { chain, grouped, num, ref, text } from '../read';
import { type HostContext, variableIn } from './context';

/** A process: what it does, and the memory its system call takes from or fills. */
export interface TaskStage {
  readonly id: number;
  readonly name: string;
  readonly cpu: number;
  readonly state: 'running' | 'ready' | 'asleep' | 'exited';
  readonly syscall: string;
  readonly current: boolean;
  readonly buffer: BufferStage | null;
  /** What the last call returned, null: none has. */
  readonly result: number | null;
}

export interface BufferStage {
  readonly id: number;
  readonly len: number;
  /** Bytes that have passed between it and the kernel. */
  readonly done: number;
  readonly fills: boolean;
}

export interface ProcessStage {
  readonly tasks: readonly TaskStage[];
  /** Tasks that are not shown. */
  readonly more: number;
}

const KERNEL_THREADS = /^(ksoftirqd|swapper|idle)/;
const SHOWN = 4;

export function processStage(c: HostContext): ProcessStage {
  // Tasks are the host's whose contexts are.
  const names = new Set(
    c.trace.data.contexts
      .filter(({ kind, host }) => kind === 'task' && host === c.host)
      .map(({ name }) => name.slice(5)),
  );
  const all = c.state
    .objects('task_struct')
    .filter((task) => names.has(text(task, 'comm')) && !KERNEL_THREADS.test(text(task, 'comm')));
  const tasks = all.map((task): TaskStage => {
    const comm = text(task, 'comm');
    const hand = c.hands.find((one) => one.context.host === c.host && one.context.name === `task:${comm}`) ?? null;
    const syscall = text(task, 'syscall');
    const buffer = ref(task, 'buffer');
    const copied = variableIn(c, hand, 'tcp_sendmsg', 'copied') ?? variableIn(c, hand, 'tcp_recvmsg', 'copied') ?? 0;
    const running = num(task, 'on_cpu') !== 0;
    const asleep = num(task, 'state') === 1 || num(task, 'state') === 2;
    return {
      id: task.id,
      name: comm,
      cpu: contextCpu(c, comm) ?? num(task, 'cpu'),
      state: num(task, 'state') === 64 ? 'exited' : asleep ? 'asleep' : running ? 'running' : 'ready',
      syscall,
      current: hand?.current ?? false,
      buffer:
        buffer === null
          ? null
          : {
              id: buffer.id,
              len: num(buffer, 'len'),
              done: Math.min(num(buffer, 'len'), Math.max(copied, num(buffer, 'done'))),
              fills: /^(read|recv)/.test(syscall),
            },
      result: task.has('result') && syscall === '' ? num(task, 'result') : null,
    };
  });
  // The one under way first, then those in a call.
  const order = (task: TaskStage): number => (task.current ? 0 : task.syscall !== '' ? 1 : 2);
  const shown = tasks.length <= SHOWN ? tasks : [...tasks].sort((a, b) => order(a) - order(b)).slice(0, SHOWN);
  return { tasks: shown, more: tasks.length - shown.length };
}

/** What there is to say of a task outside the kernel: what its last call gave, an error by its name; empty: it is through. */
export function inUserMode({ state, result }: TaskStage): string {
  const gave = result ?? 0;
  const last = gave === 0 ? '' : `last call gave ${gave < 0 ? errnoName(-gave) : grouped(gave)}`;
  if (state === 'exited') return gave < 0 ? last : '';
  return last === '' ? 'user mode' : `user mode, ${last}`;
}

function contextCpu(c: HostContext, comm: string): number | undefined {
  return c.trace.data.contexts.find(({ host, name }) => host === c.host && name === `task:${comm}`)?.cpu;
}

/** Names of the tasks on a wait queue. */
export function waitersOf(c: HostContext, queue: number): string[] {
  const head = c.state.find(queue);
  if (head === null) return [];
  const waits = head.has('task_list') ? head.refs('task_list') : chain(ref(head, 'first'), 'next', 16);
  return waits.flatMap((wait) => text(ref(wait, 'task'), 'comm') || []);
}
