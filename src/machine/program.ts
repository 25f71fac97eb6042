import { clock } from '../base/clock';
import { TASK_INTERRUPTIBLE } from '../kernel/include/linux/wait';
import type { Call } from '../scenario/schema';
import type { Execution } from './cpu';
import type { Machine } from './machine';
import type { Process } from './process';
import { perform } from './syscalls';

/** Runs a process's calls one after the other. */
export function* program(machine: Machine, process: Process, calls: readonly Call[]): Execution['code'] {
  const { task } = process;
  for (const call of calls) {
    if (call.op === 'loop') {
      for (let i = 0; i < call.times; i++) yield* program(machine, process, call.calls);
    } else if (call.op === 'sleep') {
      task.state = TASK_INTERRUPTIBLE;
      machine.wakeAt(task, clock.ns + call.us * 1000);
      yield { op: 'sleep' };
    } else {
      process.returned.push((yield* perform(process, call)).result);
      yield { op: 'resched' };
    }
  }
}
