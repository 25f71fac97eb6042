import { describe, expect, it } from 'vitest';
import { charge, clock } from '../base/clock';
import { Heap, setHeap } from '../base/heap';
import type { Kernel, Kgen } from '../kernel/arch/current';
import { setCurrent } from '../kernel/arch/current';
import { NET_TX_SOFTIRQ, TIMER_SOFTIRQ } from '../kernel/include/linux/interrupt';
import { spin_lock, spin_unlock, spinlock_t } from '../kernel/include/linux/spinlock';
import { HZ } from '../kernel/include/linux/timer';
import { TASK_INTERRUPTIBLE, task_struct, wait_queue_head_t } from '../kernel/include/linux/wait';
import { current, schedule, schedule_timeout } from '../kernel/kernel/sched';
import { __raise_softirq_irqoff, local_bh_disable, local_bh_enable, open_softirq } from '../kernel/kernel/softirq';
import { run_timer_softirq } from '../kernel/kernel/timer';
import { __wake_up, DEFINE_WAIT, finish_wait, prepare_to_wait, TASK_NORMAL } from '../kernel/kernel/wait';
import { Kind, Recorder, setRecorder } from '../trace/recorder';
import { Core, MachineCpu } from './cpu';
import { Machine } from './machine';

function twoCpus(): {
  machine: Machine;
  recorder: Recorder;
  cpus: MachineCpu[];
  task: (cpu: number, name: string, code: () => Kgen, at?: number) => void;
} {
  const heap = new Heap();
  setHeap(heap);
  const recorder = new Recorder('lines', new Float64Array(4096).fill(10), 100_000);
  setRecorder(recorder);
  clock.ns = 0;
  clock.horizon = Number.POSITIVE_INFINITY;
  const machine = new Machine(heap, recorder, 1);
  const cpus: MachineCpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: machine.archFor(cpus), version: '2.6.39', sysctl: {} };
  for (let id = 0; id < 2; id++) {
    const hardirq = recorder.addContext('hardirq', 'hardirq', 0, id);
    const softirq = recorder.addContext('softirq', 'softirq', 0, id);
    const core = new Core();
    machine.cores.push(core);
    cpus.push(new MachineCpu(id, kernel, core, hardirq, softirq));
  }
  setCurrent(cpus[0] as MachineCpu, heap);
  open_softirq(TIMER_SOFTIRQ, run_timer_softirq);
  return {
    machine,
    recorder,
    cpus,
    task(cpu, name, code, at = 0) {
      const task = new task_struct();
      task.comm = name;
      machine.addTask(cpus[cpu] as MachineCpu, task, code(), at);
    },
  };
}

describe('Machine', () => {
  it('lets one CPU at a time hold a spinlock, and the first to spin have it next', () => {
    const { machine, recorder, task } = twoCpus();
    const lock = new spinlock_t();
    const log: string[] = [];
    const worker = (name: string) =>
      function* (): Kgen {
        for (let i = 0; i < 3; i++) {
          yield* spin_lock(lock);
          log.push(`${name} in`);
          charge(500);
          yield;
          log.push(`${name} out`);
          spin_unlock(lock);
          yield;
        }
      };
    task(0, 'a', worker('a'));
    task(1, 'b', worker('b'), 10);
    expect(machine.run(1e9, () => {}).reason).toBe('done');
    for (let i = 0; i < log.length; i += 2) expect(log[i]?.[0]).toBe(log[i + 1]?.[0]);
    expect(log.length).toBe(12);
    expect([...recorder.kind.subarray(0, recorder.top)].filter((kind) => kind === Kind.SPIN).length).toBeGreaterThan(0);
    expect([lock.state, lock.owner, lock.waiters, machine.quiet]).toEqual([0, -1, 0, true]);
  });

  it('puts a waiting task to sleep until another CPU wakes it', () => {
    const { machine, task } = twoCpus();
    const queue = new wait_queue_head_t();
    const log: string[] = [];
    task(0, 'sleeper', function* () {
      const wait = DEFINE_WAIT();
      prepare_to_wait(queue, wait, TASK_INTERRUPTIBLE);
      log.push(`sleeps ${current().comm}`);
      yield* schedule();
      finish_wait(queue, wait);
      log.push(`woken after ${clock.ns > 1e6}`);
    });
    task(1, 'waker', function* () {
      charge(1e6);
      yield;
      log.push('wakes');
      __wake_up(queue, TASK_NORMAL, 1, 0);
    });
    machine.run(1e9, () => {});
    expect(log).toEqual(['sleeps sleeper', 'wakes', 'woken after true']);
    expect(queue.task_list.length).toBe(0);
  });

  it('ends a sleep by its timer, in the TIMER softirq of that CPU', () => {
    const { machine, task } = twoCpus();
    let left = -1;
    let at = 0;
    task(0, 'sleeper', function* () {
      current().state = TASK_INTERRUPTIBLE;
      left = yield* schedule_timeout(HZ / 100);
      at = clock.ns;
    });
    machine.run(1e9, () => {});
    expect(left).toBe(0);
    expect(at).toBeGreaterThanOrEqual(10e6);
    expect(at).toBeLessThan(11e6);
  });

  it('hands softirqs that never end to a thread, so that tasks get the CPU too', () => {
    const { machine, recorder, task } = twoCpus();
    const RUNS = 25;
    let runs = 0;
    open_softirq(NET_TX_SOFTIRQ, function* () {
      runs++;
      charge(100);
      if (runs < RUNS) __raise_softirq_irqoff(NET_TX_SOFTIRQ);
    });
    let done = 0;
    task(0, 'raiser', function* () {
      local_bh_disable();
      __raise_softirq_irqoff(NET_TX_SOFTIRQ);
      yield* local_bh_enable();
      done = runs;
    });
    machine.run(1e9, () => {});
    expect([runs, done]).toEqual([RUNS, 10]);
    expect(recorder.contexts.map(({ name }) => name)).toContain('task:ksoftirqd/0');
  });
});
