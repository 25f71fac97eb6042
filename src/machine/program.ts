import { clock } from '../base/clock';
import { TASK_INTERRUPTIBLE } from '../kernel/include/linux/wait';
import type { Call, SystemCall } from '../scenario/schema';
import type { Execution } from './cpu';
import type { Machine } from './machine';
import type { Process } from './process';
import { perform } from './syscalls';
import type { CallResult } from './syscalls/enter';

/** Told of each system call when it has returned. */
export type OnAnswer = (process: Process, call: SystemCall, answer: CallResult) => void;

/** Runs a process's calls one after the other. */
export function* program(
  machine: Machine,
  process: Process,
  calls: readonly Call[],
  onAnswer?: OnAnswer,
): Execution['code'] {
  const { task } = process;
  for (const call of calls) {
    if (call.op === 'loop') {
      for (let i = 0; i < call.times; i++) yield* program(machine, process, call.calls, onAnswer);
    } else if (call.op === 'sleep') {
      task.state = TASK_INTERRUPTIBLE;
      machine.wakeAt(task, clock.ns + call.us * 1000);
      yield { op: 'sleep' };
    } else {
      const answer = yield* perform(process, call);
      process.answered(answer);
      onAnswer?.(process, call, answer);
      yield { op: 'resched' };
    }
  }
}
