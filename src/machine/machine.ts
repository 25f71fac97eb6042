import { clock } from '../base/clock';
import type { Heap, StructObject } from '../base/heap';
import { Rng } from '../base/rng';
import { type Arch, cpu as currentCpu, type Request, setCurrent } from '../kernel/arch/current';
import { TASK_DEAD, TASK_RUNNING, type task_struct } from '../kernel/include/linux/wait';
import { CALL_FUNCTION_SINGLE_VECTOR, do_IRQ, smp_apic_timer_interrupt } from '../kernel/kernel/irq';
import { runqueue } from '../kernel/kernel/sched';
import { smp_call_function_single_interrupt } from '../kernel/kernel/smp';
import { __do_softirq, irq_stat } from '../kernel/kernel/softirq';
import { type Context, Kind, type Recorder } from '../trace/recorder';
import type { Core, Execution, MachineCpu } from './cpu';
import { EventQueue, type Scheduled } from './event-queue';

/** ns to switch from one task to another, or from idle to a task (pick, switch stacks and address space). */
const TASK_SWITCH_NS = 900;
/** ns for a cache line with a lock to reach the CPU that spins on it. */
const LOCK_HANDOVER_NS = 60;
/** ns for an interrupt from one CPU to another. */
const IPI_NS = 700;

/** ns without an event after which nothing is going on any more: longer than anything a card or a link takes for a frame or two. */
const QUIET_NS = 100_000;

/** A device whose registers kernel code reads and writes. */
export interface Device {
  read32(offset: number): number;
  write32(offset: number, value: number): void;
}

/** Why a run ended. */
export interface End {
  readonly reason: 'done' | 'time' | 'events' | 'error';
  readonly message: string;
}

/**
 * Runs kernels in virtual time. Always takes the CPU whose clock is furthest behind, or the next event if that comes first,
 * and lets it run until its clock has passed the next thing that could affect it.
 */
export class Machine {
  readonly queue = new EventQueue();
  readonly cores: Core[] = [];
  readonly devices: Device[] = [];
  readonly hardware: Context[] = [];
  private readonly random: Rng;
  private readonly executions = new Map<number, Execution>();
  private readonly spinners: Execution[] = [];
  private readonly clockEvents = new Map<MachineCpu, Scheduled>();

  constructor(
    readonly heap: Heap,
    readonly recorder: Recorder,
    seed: number,
  ) {
    this.random = new Rng(seed);
  }

  /** What the kernel of `cpus` may ask of this machine. */
  archFor(cpus: readonly MachineCpu[]): Arch {
    const cpuOf = (id: number): MachineCpu => cpus[id] as MachineCpu;
    return {
      wake: (task) => this.wake(task as task_struct),
      startThread: (task, code) => this.addTask(currentCpu as MachineCpu, task as task_struct, code, clock.ns),
      unlocked: (lock) => this.handOver(lock.$id),
      setTimer: (id, at, idle) => this.setTimer(cpuOf(id), at, idle),
      softirqAfterIrq: (id) => {
        cpuOf(id).softirqAfterIrq = true;
      },
      sendIpi: (id) => this.raise(cpuOf(id), CALL_FUNCTION_SINGLE_VECTOR, clock.ns + IPI_NS),
      read32: (device, offset) => (this.devices[device] as Device).read32(offset),
      write32: (device, offset, value) => (this.devices[device] as Device).write32(offset, value),
      needResched: (id) => cpuOf(id).core.needResched,
      random32: () => this.random.next(),
    };
  }

  /** Schedules hardware or the world: `run` happens at `at` ns, in the hardware context of `host` (-1: the wire). */
  at(at: number, host: number, label: string, run: () => void): Scheduled {
    const event = this.queue.add(at, label, () => {
      this.heap.currentHost = host < 0 ? 255 : host;
      this.recorder.current = this.hardware[host] ?? (this.recorder.contexts[0] as Context);
      run();
    });
    clock.horizon = Math.min(clock.horizon, at);
    return event;
  }

  /** Raises or lowers an interrupt line of a CPU. A line lowered before it was taken is forgotten. */
  interruptLine(cpu: MachineCpu, irq: number, asserted: boolean): void {
    const { interrupts } = cpu.core;
    const at = interrupts.findIndex((pending) => pending.irq === irq && pending.cpu === cpu);
    if (asserted && at < 0) {
      this.raise(cpu, irq, clock.ns);
    } else if (!asserted && at >= 0) {
      interrupts.splice(at, 1);
    }
  }

  private raise(cpu: MachineCpu, irq: number, at: number): void {
    cpu.core.interrupts.push({ cpu, irq, at });
    clock.horizon = Math.min(clock.horizon, at);
  }

  /** Starts a task at `at` ns. */
  addTask(cpu: MachineCpu, task: task_struct, code: Execution['code'], at: number): void {
    const context = this.recorder.addContext('task', `task:${task.comm}`, cpu.kernel.host, cpu.id);
    const execution: Execution = { context, cpu, code, task, spinning: 0, readyAt: at };
    this.executions.set(task.$id, execution);
    this.queue.add(at, 'task starts', () => {
      cpu.core.ready.push(execution);
    });
    clock.horizon = Math.min(clock.horizon, at);
  }

  /** Wakes a sleeping task at `at` ns: for programs that sleep. */
  wakeAt(task: task_struct, at: number): void {
    this.queue.add(at, 'sleep ends', () => {
      if (task.state === TASK_RUNNING) return;
      task.state = TASK_RUNNING;
      this.wake(task);
    });
    clock.horizon = Math.min(clock.horizon, at);
  }

  private wake(task: task_struct): void {
    const execution = this.executions.get(task.$id);
    if (execution === undefined) throw new Error(`woken task ${task.comm} does not run here`);
    const { core } = execution.cpu;
    // A task that is still on its CPU has not gone to sleep yet: schedule() will find it runnable.
    if (core.stack.includes(execution) || core.ready.includes(execution)) return;
    execution.readyAt = clock.ns + (this.running === core ? 0 : IPI_NS);
    core.ready.push(execution);
    core.needResched = core.stack.some(({ task }) => task !== null);
    clock.horizon = Math.min(clock.horizon, execution.readyAt);
  }

  private handOver(lock: number): number {
    const at = this.spinners.findIndex((execution) => execution.spinning === lock);
    if (at < 0) throw new Error(`no CPU spins on lock #${lock}`);
    const [next] = this.spinners.splice(at, 1) as [Execution];
    const { core } = next.cpu;
    next.spinning = 0;
    core.clock = Math.max(core.clock, clock.ns + LOCK_HANDOVER_NS);
    clock.horizon = Math.min(clock.horizon, core.clock);
    this.markAs(next, Kind.GOT, 'has the lock', this.heap.objects[lock] as StructObject);
    return next.cpu.id;
  }

  /** Records something of a CPU that is not the one running. */
  private markAs(execution: Execution, kind: number, label: string, object: StructObject): void {
    const { recorder } = this;
    const { current } = recorder;
    const { ns } = clock;
    recorder.current = execution.context;
    clock.ns = execution.cpu.core.clock;
    recorder.mark(kind, label, object);
    clock.ns = ns;
    recorder.current = current;
  }

  private setTimer(cpu: MachineCpu, at: number, idle: boolean): void {
    const old = this.clockEvents.get(cpu);
    if (old !== undefined) old.cancelled = true;
    this.clockEvents.delete(cpu);
    if (at === Number.POSITIVE_INFINITY) return;
    const due = Math.max(at, clock.ns);
    const event = this.queue.add(due, 'clock event', () => {
      this.clockEvents.delete(cpu);
      cpu.timerFired = due;
    });
    event.idle = idle;
    this.clockEvents.set(cpu, event);
    clock.horizon = Math.min(clock.horizon, due);
  }

  private quietHook: (() => void) | null = null;
  private stopped: string | null = null;

  /** Calls `run` once, as soon as no CPU has anything to do and nothing is due for the next 0.1 ms. */
  whenQuiet(run: () => void): void {
    this.quietHook = run;
  }

  /** Ends the run at the next event. */
  stop(message: string): void {
    this.stopped ??= message;
    clock.horizon = Math.min(clock.horizon, clock.ns);
  }

  /** Core under way, undefined between cores. */
  private running: Core | undefined;

  /** Runs until nothing is left to do, or past `limit` ns. `tick` is called now and then, for progress. */
  run(limit: number, tick: () => void): End {
    for (let turn = 0; ; turn++) {
      if ((turn & 0xfff) === 0) tick();
      let next: Core | undefined;
      let nextTime = Number.POSITIVE_INFINITY;
      let other = Number.POSITIVE_INFINITY;
      for (const core of this.cores) {
        const time = core.nextTime;
        if (time < nextTime) {
          other = nextTime;
          nextTime = time;
          next = core;
        } else if (time < other) other = time;
      }
      if (this.stopped !== null) return { reason: 'done', message: this.stopped };
      const event = this.queue.peek();
      const hook = this.quietHook;
      if (hook !== null && next === undefined && (event === undefined || event.at > clock.ns + QUIET_NS)) {
        this.quietHook = null;
        hook();
      } else if (next === undefined && event?.idle && this.queue.isIdle) {
        return { reason: 'done', message: 'nothing is left to do' };
      } else if (event !== undefined && event.at <= nextTime) {
        if (event.at > limit) return this.timeLimit(limit, event.at);
        this.queue.take();
        clock.ns = event.at;
        clock.horizon = Number.POSITIVE_INFINITY;
        event.run();
      } else if (next === undefined) {
        return { reason: 'done', message: 'nothing is left to do' };
      } else {
        if (nextTime > limit) return this.timeLimit(limit, nextTime);
        this.resume(next, nextTime, Math.min(other, event?.at ?? Number.POSITIVE_INFINITY));
      }
    }
  }

  /** Ends at the limit; `next`: when there would be something to do. */
  private timeLimit(limit: number, next: number): End {
    clock.ns = limit;
    const left = this.executions.size === 0 ? 'every program is over, and what is left to timers' : 'what comes next';
    const due = `${left} is due at ${(next / 1e6).toFixed(3)} ms`;
    return { reason: 'time', message: `the run passed its limit of ${limit / 1e6} ms of virtual time; ${due}` };
  }

  private resume(core: Core, now: number, horizon: number): void {
    this.running = core;
    clock.ns = now;
    clock.horizon = Math.min(horizon, core.interruptAt);
    if (core.interruptAt <= now) this.takeInterrupt(core);
    else if (core.top === undefined) this.switchTo(core);
    else this.runSoftirqs(core);
    const execution = core.top as Execution;
    if (execution.spinning === 0) {
      setCurrent(execution.cpu, this.heap);
      this.recorder.current = execution.context;
      const result = execution.code.next();
      if (result.done) this.finished(execution);
      else if (result.value !== undefined) this.serve(execution, result.value);
    }
    core.clock = clock.ns;
    this.running = undefined;
  }

  private push(cpu: MachineCpu, context: Context, code: Execution['code'], label: string): void {
    cpu.core.stack.push({ context, cpu, code, task: null, spinning: 0, readyAt: 0 });
    this.recorder.current = context;
    this.recorder.mark(Kind.SWITCH, label, null);
  }

  private takeInterrupt(core: Core): void {
    const irq = core.firstInterrupt;
    const timer = core.cpus.reduce((first, cpu) => (cpu.timerFired < first.timerFired ? cpu : first));
    if (irq !== undefined && irq.at <= timer.timerFired) {
      core.interrupts.splice(core.interrupts.indexOf(irq), 1);
      if (irq.irq === CALL_FUNCTION_SINGLE_VECTOR) {
        this.push(irq.cpu, irq.cpu.hardirq, smp_call_function_single_interrupt(), 'interrupt of another CPU');
      } else this.push(irq.cpu, irq.cpu.hardirq, do_IRQ(irq.irq), 'interrupt');
    } else {
      timer.timerFired = Number.POSITIVE_INFINITY;
      this.push(timer, timer.hardirq, smp_apic_timer_interrupt(), 'timer interrupt');
    }
  }

  private switchTo(core: Core): void {
    const execution = core.ready.shift() as Execution;
    core.needResched = false;
    clock.ns += TASK_SWITCH_NS;
    core.stack.push(execution);
    setCurrent(execution.cpu, this.heap);
    this.setCurrentTask(execution.task);
    this.recorder.current = execution.context;
    this.recorder.mark(Kind.SWITCH, 'runs', execution.task);
  }

  private setCurrentTask(task: task_struct | null): void {
    const queue = runqueue();
    if (queue.curr !== null) queue.curr.on_cpu = false;
    queue.curr = task;
    if (task !== null) task.on_cpu = true;
  }

  /** Takes a task off its core. */
  private leave(execution: Execution): void {
    execution.cpu.core.stack.pop();
    this.setCurrentTask(null);
  }

  private finished(execution: Execution): void {
    const { core } = execution.cpu;
    if (execution.task === null) core.stack.pop();
    else {
      execution.task.state = TASK_DEAD;
      this.executions.delete(execution.task.$id);
      this.leave(execution);
    }
    if (this.runSoftirqs(core)) return;
    const { top } = core;
    if (top === undefined) this.recorder.mark(Kind.SWITCH, execution.task === null ? 'idle' : 'exits', null);
    else {
      this.recorder.current = top.context;
      this.recorder.mark(Kind.SWITCH, 'goes on', null);
    }
  }

  /**
   * Starts softirqs that were asked for at the end of an interrupt. Hosts that share a core share its preemption count: where one of them
   * is in a softirq or keeps them off, the other's wait.
   */
  private runSoftirqs(core: Core): boolean {
    const cpu = core.cpus.find(({ softirqAfterIrq }) => softirqAfterIrq);
    if (cpu === undefined) return false;
    const { top } = core;
    const busy = top?.context.kind === 'hardirq' || core.cpus.some((other) => isKeptOff(other));
    if (busy) {
      clock.horizon = Math.min(clock.horizon, clock.ns);
      return false;
    }
    cpu.softirqAfterIrq = false;
    this.push(cpu, cpu.softirq, __do_softirq(), 'softirqs run');
    return true;
  }

  private serve(execution: Execution, request: Request): void {
    const { cpu } = execution;
    switch (request.op) {
      case 'sleep':
        this.recorder.mark(Kind.SWITCH, 'sleeps', execution.task);
        // Woken between setting its state and here: it stays on the CPU.
        if (execution.task?.state !== TASK_RUNNING) this.leave(execution);
        return;
      case 'resched':
        if (cpu.core.ready.length > 0) {
          this.recorder.mark(Kind.SWITCH, 'gives way', execution.task);
          this.leave(execution);
          execution.readyAt = clock.ns;
          cpu.core.ready.push(execution);
        }
        return;
      case 'spin':
        this.recorder.mark(Kind.SPIN, 'spins', request.lock as StructObject);
        if (request.until !== undefined) {
          clock.ns = request.until + LOCK_HANDOVER_NS;
          this.recorder.mark(Kind.GOT, 'has the lock', request.lock as StructObject);
          return;
        }
        execution.spinning = request.lock.$id;
        this.spinners.push(execution);
        return;
      case 'softirq':
        this.push(cpu, cpu.softirq, __do_softirq(), 'softirqs run');
        return;
    }
  }

  /** True when no core spins and none runs: every lock should be free then. */
  get quiet(): boolean {
    return this.spinners.length === 0 && this.cores.every((core) => core.stack.length === 0);
  }
}

/** True while softirqs may not start on a CPU. */
function isKeptOff(cpu: MachineCpu): boolean {
  const { softirq_count, bh_disable } = irq_stat(cpu);
  return softirq_count > 0 || bh_disable > 0;
}

/** Runs kernel code that must not wait, such as booting, to its end. */
export function drain<T>(code: Generator<unknown, T, undefined>): T {
  for (;;) {
    const { done, value } = code.next();
    if (done) return value as T;
    if (value !== undefined) throw new Error('kernel code waits while the machine boots');
  }
}
