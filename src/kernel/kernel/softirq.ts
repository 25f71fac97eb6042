/**
 * Mirrors kernel/softirq.c (2.6.39): raising and running softirqs, bottom-half disabling, ksoftirqd.
 * Left out: tasklets, accounting, CPU hotplug. Interrupts are masked only while a hardirq runs.
 */
import { cpu, type Kgen, kernel, kernel_global, per_cpu } from '../arch/current';
import { irq_cpustat_t } from '../include/linux/interrupt';
import { spin_lock, spin_unlock, type spinlock_t } from '../include/linux/spinlock';
import { TASK_INTERRUPTIBLE, task_struct } from '../include/linux/wait';
import { current, runqueue, schedule, try_to_wake_up } from './sched';

export const irq_stat = per_cpu(() => new irq_cpustat_t());

/** Softirq handlers by number; at index i what open_softirq registered. */
const softirq_vec = kernel_global<((() => Kgen) | undefined)[]>(() => []);

const MAX_SOFTIRQ_RESTART = 10;

/**
 * Registers the handler of a softirq.
 * @modelled kernel/softirq.c
 */
export function open_softirq(nr: number, action: () => Kgen): void {
  softirq_vec()[nr] = action;
}

/** True in hardirq or softirq context, or with bottom halves disabled (include/linux/hardirq.h). A macro: no call. */
export const in_interrupt = (): boolean => {
  const stat = irq_stat();
  return stat.hardirq_count > 0 || stat.softirq_count > 0 || stat.bh_disable > 0;
};

/** True in hardirq context (include/linux/hardirq.h). A macro: no call. */
export const in_irq = (): boolean => irq_stat().hardirq_count > 0;

/**
 * Marks a softirq pending on this CPU; interrupts are off or this is a hardirq.
 * @modelled kernel/softirq.c
 * @cost 5
 */
export function __raise_softirq_irqoff(nr: number): void {
  const stat = irq_stat();
  stat.__softirq_pending = stat.__softirq_pending | (1 << nr);
}

/**
 * Marks a softirq pending; outside interrupts ksoftirqd is woken to run it.
 * @modelled kernel/softirq.c
 * @cost 8
 */
export function raise_softirq_irqoff(nr: number): void {
  __raise_softirq_irqoff(nr);
  if (!in_interrupt()) {
    wakeup_softirqd();
  }
}

/**
 * Marks a softirq pending from any context.
 * @modelled kernel/softirq.c
 * @cost 8
 */
export function raise_softirq(nr: number): void {
  raise_softirq_irqoff(nr);
}

/**
 * Wakes the thread that runs softirqs of this CPU when they persist.
 * @simplified the thread is started when it is first needed, not at boot
 */
export function wakeup_softirqd(): void {
  const queue = runqueue();
  if (queue.ksoftirqd !== null) {
    try_to_wake_up(queue.ksoftirqd);
    return;
  }
  const task = new task_struct();
  task.comm = `ksoftirqd/${cpu.id}`;
  queue.ksoftirqd = task;
  kernel.arch.startThread(task, run_ksoftirqd());
}

/**
 * Keeps softirqs off this CPU until local_bh_enable.
 * @modelled kernel/softirq.c
 * @cost 4
 */
export function local_bh_disable(): void {
  const stat = irq_stat();
  stat.bh_disable = stat.bh_disable + 1;
}

/**
 * Lets softirqs run again; pending ones run right here.
 * @modelled kernel/softirq.c
 * @cost 6
 */
export function* local_bh_enable(): Kgen {
  const stat = irq_stat();
  if (stat.bh_disable <= 0) {
    throw new Error('local_bh_enable without local_bh_disable');
  }
  stat.bh_disable = stat.bh_disable - 1;
  if (stat.__softirq_pending !== 0 && !in_interrupt()) {
    yield* do_softirq();
  }
}

/**
 * Takes a lock that softirqs take too.
 * @modelled include/linux/spinlock.h
 * @cost 0
 */
export function* spin_lock_bh(lock: spinlock_t): Kgen {
  local_bh_disable();
  yield* spin_lock(lock);
}

/**
 * Releases a lock taken with spin_lock_bh; pending softirqs run here.
 * @modelled include/linux/spinlock.h
 * @cost 0
 */
export function* spin_unlock_bh(lock: spinlock_t): Kgen {
  spin_unlock(lock);
  yield* local_bh_enable();
}

/**
 * Runs pending softirqs on top of the current context.
 * @modelled kernel/softirq.c
 * @cost 8
 */
export function* do_softirq(): Kgen {
  if (in_interrupt()) {
    return;
  }
  if (irq_stat().__softirq_pending !== 0) {
    yield { op: 'softirq' };
  }
}

/**
 * Runs pending softirqs in order of number, at most ten passes; what is still pending then goes to ksoftirqd.
 * @modelled kernel/softirq.c
 * @cost 40
 */
export function* __do_softirq(): Kgen {
  const stat = irq_stat();
  stat.softirq_count = stat.softirq_count + 1;
  let restarts = MAX_SOFTIRQ_RESTART;
  let pending = stat.__softirq_pending;
  while (pending !== 0 && restarts > 0) {
    stat.__softirq_pending = 0;
    for (let nr = 0; pending >> nr !== 0; nr++) {
      const action = softirq_vec()[nr];
      if ((pending & (1 << nr)) !== 0 && action !== undefined) {
        yield* action();
      }
    }
    pending = stat.__softirq_pending;
    restarts--;
  }
  if (pending !== 0) {
    wakeup_softirqd();
  }
  stat.softirq_count = stat.softirq_count - 1;
}

/**
 * The thread that runs softirqs of one CPU at task priority; sleeps while none is pending.
 * @simplified CPU hotplug left out
 */
function* run_ksoftirqd(): Kgen {
  for (;;) {
    if (irq_stat().__softirq_pending === 0) {
      current().state = TASK_INTERRUPTIBLE;
      yield* schedule();
    }
    yield* do_softirq();
  }
}

/**
 * Enters hardirq context.
 * @modelled kernel/softirq.c
 * @cost 20
 */
export function irq_enter(): void {
  const stat = irq_stat();
  stat.hardirq_count = stat.hardirq_count + 1;
}

/**
 * Leaves hardirq context; pending softirqs run next unless something keeps them off.
 * @modelled kernel/softirq.c
 * @cost 20
 */
export function irq_exit(): void {
  const stat = irq_stat();
  stat.hardirq_count = stat.hardirq_count - 1;
  if (!in_interrupt() && stat.__softirq_pending !== 0) {
    kernel.arch.softirqAfterIrq(cpu.id);
  }
}
