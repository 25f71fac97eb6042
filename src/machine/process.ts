import { clock } from '../base/clock';
import type { task_struct } from '../kernel/include/linux/wait';
import type { Address } from '../scenario/calls';
import type { Scenario } from '../scenario/schema';
import { interfacesOf } from '../scenario/topology';
import type { CallResult } from './syscalls/enter';

/** What passed between programs and kernel at one end of a connection. */
export class Ledger {
  /** Bytes the kernel took from writes, in order. */
  written: Uint8Array[] = [];
  /** Bytes the kernel gave to reads, in order; what was only peeked at is left out. */
  read: Uint8Array[] = [];

  /** How many bytes the kernel took in all. */
  get position(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }
}

/** A program's open descriptor. */
export interface Descriptor {
  readonly fd: number;
  readonly ledger: Ledger;
}

/** One system call of a program. */
export interface CallRecord {
  /** The call as a tracer would print it. */
  readonly label: string;
  /** ns at which it was made. */
  readonly from: number;
  /** ns at which it returned, and what it gave back; null: it has not returned. */
  readonly done: { readonly at: number; readonly answer: CallResult } | null;
}

/** What a program is besides its calls: the task that makes them, and the names it has given to its descriptors. */
export class Process {
  constructor(
    readonly task: task_struct,
    private readonly scenario: Scenario,
    readonly descriptors = new Map<string, Descriptor>(),
  ) {}

  /** Its system calls so far, in order. */
  readonly calls: CallRecord[] = [];

  /** What its system calls returned so far, in order: a count, a descriptor, or -errno. */
  get returned(): number[] {
    return this.calls.flatMap(({ done }) => done?.answer.result ?? []);
  }

  /** A system call begins. */
  entered(label: string): void {
    this.calls.push({ label, from: clock.ns, done: null });
  }

  /** The system call that was begun last has returned. */
  answered(answer: CallResult): void {
    const call = this.calls.pop();
    if (call !== undefined) this.calls.push({ ...call, done: { at: clock.ns, answer } });
  }

  /** Another task of the same process: with the same descriptors. */
  thread(task: task_struct): Process {
    return new Process(task, this.scenario, this.descriptors);
  }

  /** Of patterns that are random. */
  get seed(): number {
    return this.scenario.seed;
  }

  /** An address with a host's name resolved: of a router the address at the first cable. */
  addressOf({ host, ip, port }: Address): { readonly ip: string; readonly port: number } {
    const found = interfacesOf(this.scenario).find((one) => one.host === host);
    return { ip: ip ?? found?.ip ?? '0.0.0.0', port };
  }

  /** Names a descriptor; a name that was in use names the new one from now on. */
  open(name: string, fd: number, ledger = new Ledger()): void {
    this.descriptors.set(name, { fd, ledger });
  }

  /** The descriptor of that name; one that was never opened is -1, as the variable would be in C. */
  named(name: string): Descriptor {
    return this.descriptors.get(name) ?? { fd: -1, ledger: new Ledger() };
  }
}
