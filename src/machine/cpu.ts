import type { Cpu, Kernel, Request } from '../kernel/arch/current';
import type { task_struct } from '../kernel/include/linux/wait';
import type { Context } from '../trace/recorder';

/** A generator under way in a context: a task, a run of softirqs or an interrupt. */
export interface Execution {
  readonly context: Context;
  readonly cpu: MachineCpu;
  readonly code: Generator<Request | undefined, void, undefined>;
  /** The task, null in interrupts. */
  readonly task: task_struct | null;
  /** Object id of the lock it spins on, 0: none. */
  spinning: number;
  /** ns from which it may run again. */
  readyAt: number;
}

/** An interrupt that waits to be taken. */
export interface PendingInterrupt {
  readonly cpu: MachineCpu;
  readonly irq: number;
  /** ns when the line was raised. */
  readonly at: number;
}

/**
 * What really executes: a clock, the contexts on it (task, softirq on top, hardirq on top of that), and what waits for it. Each CPU has a
 * core of its own, but for hosts that share one, as network namespaces of one machine do.
 */
export class Core {
  /** ns. */
  clock = 0;
  readonly cpus: MachineCpu[] = [];
  readonly stack: Execution[] = [];
  readonly ready: Execution[] = [];
  readonly interrupts: PendingInterrupt[] = [];
  /** A task was woken while another ran: it gets the core at the next point where kernel code offers it. */
  needResched = false;

  get top(): Execution | undefined {
    return this.stack.at(-1);
  }

  /** The interrupt that was raised first, of those not yet taken. */
  get firstInterrupt(): PendingInterrupt | undefined {
    let [first] = this.interrupts;
    for (const pending of this.interrupts) if (first !== undefined && pending.at < first.at) first = pending;
    return first;
  }

  /** ns from which an interrupt waits to be taken, Infinity: none does, or one is under way. */
  get interruptAt(): number {
    if (this.top?.context.kind === 'hardirq') return Number.POSITIVE_INFINITY;
    let at = this.firstInterrupt?.at ?? Number.POSITIVE_INFINITY;
    for (const { timerFired } of this.cpus) at = Math.min(at, timerFired);
    return at;
  }

  /** ns at which it would go on, Infinity: never by itself. An idle or spinning core waits for what wakes it. */
  get nextTime(): number {
    const { top } = this;
    if (top !== undefined && top.spinning === 0) return this.clock;
    const ready = top === undefined ? (this.ready[0]?.readyAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    return Math.max(this.clock, Math.min(ready, this.interruptAt));
  }
}

/** A CPU as its kernel sees it. */
export class MachineCpu implements Cpu {
  readonly perCpu: unknown[] = [];
  /** ns when the clock event fired, Infinity: it has not. */
  timerFired = Number.POSITIVE_INFINITY;
  /** Softirqs are to run once no interrupt is under way. */
  softirqAfterIrq = false;

  constructor(
    readonly id: number,
    readonly kernel: Kernel,
    readonly core: Core,
    readonly hardirq: Context,
    readonly softirq: Context,
  ) {
    core.cpus.push(this);
  }
}
