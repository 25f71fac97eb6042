import type { Cpu, Kernel, Request } from '../kernel/arch/current';
import type { task_struct } from '../kernel/include/linux/wait';
import type { Context } from '../trace/recorder';

/** What a program may ask besides what kernel code asks. */
export type ProgramRequest = Request | { readonly op: 'resched' };

/** A generator under way in a context: a task, a run of softirqs or an interrupt. */
export interface Execution {
  readonly context: Context;
  readonly code: Generator<ProgramRequest | undefined, void, undefined>;
  /** The task, null in interrupts. */
  readonly task: task_struct | null;
  /** Object id of the lock it spins on, 0: none. */
  spinning: number;
  /** ns from which it may run again. */
  readyAt: number;
}

/** An interrupt that waits to be taken. */
export interface PendingInterrupt {
  readonly irq: number;
  /** ns when the line was raised. */
  readonly at: number;
}

/** A CPU: its clock, the contexts on it (task, softirq on top, hardirq on top of that), and what waits for it. */
export class MachineCpu implements Cpu {
  /** ns. */
  clock = 0;
  readonly perCpu: unknown[] = [];
  readonly stack: Execution[] = [];
  readonly ready: Execution[] = [];
  readonly interrupts: PendingInterrupt[] = [];
  /** ns when the clock event fired, Infinity: it has not. */
  timerFired = Number.POSITIVE_INFINITY;
  softirqAfterIrq = false;

  constructor(
    readonly id: number,
    /** Number among all CPUs of the run. */
    readonly index: number,
    readonly kernel: Kernel,
    readonly hardirq: Context,
    readonly softirq: Context,
  ) {}

  get top(): Execution | undefined {
    return this.stack.at(-1);
  }

  /** ns from which an interrupt waits to be taken, Infinity: none does, or one is under way. */
  get interruptAt(): number {
    if (this.top?.context.kind === 'hardirq') return Number.POSITIVE_INFINITY;
    return Math.min(this.timerFired, this.interrupts[0]?.at ?? Number.POSITIVE_INFINITY);
  }

  /** ns at which it would go on, Infinity: never by itself. An idle or spinning CPU waits for what wakes it. */
  get nextTime(): number {
    const { top } = this;
    if (top !== undefined && top.spinning === 0) return this.clock;
    const ready = top === undefined ? (this.ready[0]?.readyAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    return Math.max(this.clock, Math.min(ready, this.interruptAt));
  }
}
