/**
 * What the machine gives a kernel: which CPU and which kernel run now, per-kernel and per-CPU variables, and the few
 * things only hardware can do. Mirrors no single Linux file: it stands for `current`, `smp_processor_id()`, per-CPU
 * sections and the I/O instructions.
 */
import type { Heap } from '../../base/heap';

/** What kernel code may ask of the machine at a `yield`. A bare `yield` lets others run if it is their turn. */
export type Request =
  /** The task sleeps until `arch.wake` (its state is already set). */
  | { readonly op: 'sleep' }
  /** Spin until `lock` is free; returns with the lock held. `until`: it is held already, but counts as free only from that ns on. */
  | { readonly op: 'spin'; readonly lock: { readonly $id: number }; readonly until?: number }
  /** Run pending softirqs on this CPU now, on top of the current context. */
  | { readonly op: 'softirq' }
  /** Gives way to a task that waits for this CPU; stays runnable. */
  | { readonly op: 'resched' };

/** A kernel function that may be preempted, block, or call one that may. */
export type Kgen<T = void> = Generator<Request | undefined, T, undefined>;

/** A CPU as kernel code sees it. */
export interface Cpu {
  /** Number within its host, from 0. */
  readonly id: number;
  readonly kernel: Kernel;
  readonly perCpu: unknown[];
}

/** A kernel as its code sees it: one a host. */
export interface Kernel {
  /** Host number in the run, from 0. */
  readonly host: number;
  readonly cpus: readonly Cpu[];
  readonly globals: unknown[];
  readonly arch: Arch;
  /** `article`: the socket hop of 2.6.35, as in the article (`inet_stream_ops.sendmsg` is `tcp_sendmsg`). */
  readonly version: '2.6.39' | 'article';
  /** Sysctls of this host that differ from the defaults, by name without `net.`, e.g. `ipv4.tcp_sack`. */
  readonly sysctl: Readonly<Record<string, number>>;
}

/** What only the machine can do for a kernel. */
export interface Arch {
  /** Makes a sleeping task runnable on its CPU. */
  wake(task: { readonly $id: number }): void;
  /** Starts a kernel thread on the CPU that runs now. */
  startThread(task: { readonly $id: number; readonly comm: string }, code: Kgen): void;
  /** Lets the CPU that has spun on a lock longest go on, and returns its number: it holds the lock now. */
  unlocked(lock: { readonly $id: number }): number;
  /** (Re)programs this CPU's clock event: a timer interrupt at `at` ns (Infinity: none). `idle`: a run need not go on for its sake. */
  setTimer(cpu: number, at: number, idle: boolean): void;
  /** Asks that softirqs run when the interrupt under way is over. */
  softirqAfterIrq(cpu: number): void;
  /** Interrupts another CPU so that it makes the function calls that wait for it. */
  sendIpi(cpu: number): void;
  /** MMIO read and write of a device register, by device index and byte offset. */
  read32(device: number, offset: number): number;
  write32(device: number, offset: number, value: number): void;
  /** True while tasks other than the running one wait for this CPU. */
  needResched(cpu: number): boolean;
  /** A seeded 32-bit random number. */
  random32(): number;
}

/** The kernel and the CPU that run now. Set by the machine at each switch. */
export let kernel: Kernel;
export let cpu: Cpu;

export function setCurrent(next: Cpu, heap: Heap): void {
  cpu = next;
  kernel = next.kernel;
  heap.currentHost = next.kernel.host;
}

let globalCount = 0;

/** Declares a variable of which each kernel has its own: call the result to get it. Made at first use. */
export function kernel_global<T>(make: () => T): () => T {
  const index = globalCount++;
  return () => {
    const { globals } = kernel;
    if (!(index in globals)) globals[index] = make();
    return globals[index] as T;
  };
}

let perCpuCount = 0;

/** Declares a per-CPU variable: call the result for this CPU's, or with a CPU of this kernel for that one's. */
export function per_cpu<T>(make: () => T): (of?: Cpu) => T {
  const index = perCpuCount++;
  return (of = cpu) => {
    const { perCpu } = of;
    if (!(index in perCpu)) perCpu[index] = make();
    return perCpu[index] as T;
  };
}

export function smp_processor_id(): number {
  return cpu.id;
}

/** A sysctl of this host by its name without `net.`, or the default. */
export function sysctl(name: string, initial: number): number {
  return kernel.sysctl[name] ?? initial;
}

/** Several numbers under one name, as tcp_rmem has: what Linux writes `sysctl_tcp_rmem[1]` is `.at(1)`. */
export interface SysctlVector {
  at(n: number): number;
  /** Its name. */
  toString(): string;
}

/** The sysctl `name` of this host, whose parts are set as `name.part`; each has a default. */
export function sysctls(name: string, defaults: Readonly<Record<string, number>>): SysctlVector {
  const parts = Object.keys(defaults).map((part) => `${name}.${part}`);
  const initial = Object.values(defaults);
  return {
    at: (n) => sysctl(parts[n] as string, initial[n] as number),
    toString: () => name,
  };
}
