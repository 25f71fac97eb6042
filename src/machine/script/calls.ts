/**
 * The process on host A that makes a script's calls: one task for those that return at once, one for those that block, with the same descriptors.
 * The script's numbers of descriptors are names here; which number the kernel gave is its own business, as in packetdrill.
 */
import { clock } from '../../base/clock';
import type { task_struct } from '../../kernel/include/linux/wait';
import { TASK_INTERRUPTIBLE } from '../../kernel/include/linux/wait';
import type { SystemCall as Written } from '../../scenario/packetdrill/ast';
import type { Names } from '../../scenario/packetdrill/python';
import { errnoName } from '../../scenario/packetdrill/values';
import type { SystemCall } from '../../scenario/schema';
import type { Execution } from '../cpu';
import type { Machine } from '../machine';
import type { Process } from '../process';
import { perform } from '../syscalls';
import type { CallResult } from '../syscalls/enter';
import { fdName, type Problem, type Sockets } from './arguments';
import { infoNames } from './info';
import { translate } from './translate';

interface Job {
  readonly call: SystemCall;
  readonly done: (result: CallResult) => void;
}

/** A task that makes one call after the other as they are given to it. */
class Worker {
  private job: Job | null = null;
  isBusy = false;

  constructor(
    private readonly machine: Machine,
    readonly process: Process,
  ) {}

  give(job: Job): void {
    this.job = job;
    this.isBusy = true;
    this.machine.wakeAt(this.process.task, clock.ns);
  }

  *code(): Execution['code'] {
    const { task } = this.process;
    for (;;) {
      while (this.job === null) {
        task.state = TASK_INTERRUPTIBLE;
        yield { op: 'sleep' };
      }
      const { call, done } = this.job;
      this.job = null;
      const result = yield* perform(this.process, call);
      this.isBusy = false;
      done(result);
      yield { op: 'resched' };
    }
  }
}

/** A call that blocks: its line, and the us at which it should return. */
export interface Open {
  readonly line: number;
  readonly name: string;
  readonly end: number;
}

export class Caller {
  /** The blocking call under way; null: none. */
  open: Open | null = null;
  private readonly atOnce: Worker;
  private readonly blocking: Worker;

  /** `tasks`: the one that returns at once, the one that blocks. */
  constructor(
    private readonly sockets: Sockets,
    machine: Machine,
    processes: readonly [Process, Process],
    add: (task: task_struct, code: Execution['code']) => void,
  ) {
    this.atOnce = new Worker(machine, processes[0]);
    this.blocking = new Worker(machine, processes[1]);
    for (const worker of [this.atOnce, this.blocking]) add(worker.process.task, worker.code());
  }

  /** A call that should return at once has not. */
  get isBusy(): boolean {
    return this.atOnce.isBusy;
  }

  /**
   * Makes a call of the script; `blocksUntil`: us at which a blocking one should return, null: at once. `settle` is told what is wrong
   * with the result, null: nothing. Throws `CannotMap` for a call the model has not.
   */
  make(written: Written, line: number, blocksUntil: number | null, settle: (problem: Problem | null) => void): void {
    const { call, check, before, after } = translate(written, this.sockets);
    const done = (result: CallResult): void => {
      if (blocksUntil !== null) this.open = null;
      after?.(result.result);
      settle(check(result));
    };
    before?.();
    if (blocksUntil === null) {
      this.atOnce.give({ call, done });
      return;
    }
    if (this.open !== null) {
      const { name, line: before } = this.open;
      settle({
        expected: `the blocking ${name}() of line ${before} to have returned before the next one`,
        got: 'it still blocks',
      });
      return;
    }
    this.open = { line, name: written.name, end: blocksUntil };
    this.blocking.give({ call, done });
  }

  /** TCP_INFO of a descriptor by the names Python knows its fields by; in words why there is none. */
  tcpInfo(fd: number, then: (info: Names | string) => void): void {
    const call: SystemCall = { op: 'getsockopt', fd: fdName(fd), option: 'TCP_INFO' };
    this.atOnce.give({
      call,
      done: ({ result, info }) => then(info === undefined ? errnoName(-result) : infoNames(info)),
    });
  }
}
