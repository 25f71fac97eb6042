import { charge, clock } from '../base/clock';
import { heap } from '../base/heap';
import type { Kgen } from '../kernel/arch/current';
import { sys_read, sys_write } from '../kernel/fs/read_write';
import { user_buffer } from '../kernel/include/linux/fs';
import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_PEEK, MSG_WAITALL } from '../kernel/include/linux/net';
import { TASK_INTERRUPTIBLE, type task_struct } from '../kernel/include/linux/wait';
import { sys_recvfrom, sys_sendto } from '../kernel/net/socket';
import { payloadOf } from '../scenario/payload';
import type { Call } from '../scenario/schema';
import type { Execution } from './cpu';
import type { Machine } from './machine';

/** ns from user mode to the first instruction of a system call, and back. */
const SYSCALL_ENTRY_NS = 60;
const SYSCALL_EXIT_NS = 60;

const FLAGS: Readonly<Record<string, number>> = { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_PEEK, MSG_WAITALL };

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

/** A connection's end as a program knows it. */
export interface OpenSocket {
  readonly fd: number;
  readonly ledger: Ledger;
}

type Code = Execution['code'];

/** Runs a task's calls one after the other. `socketOf` gives the socket of a connection. */
export function* program(
  machine: Machine,
  task: task_struct,
  calls: readonly Call[],
  seed: number,
  socketOf: (connection: string) => OpenSocket,
): Code {
  for (const call of calls) {
    if (call.op === 'loop') {
      for (let i = 0; i < call.times; i++) yield* program(machine, task, call.calls, seed, socketOf);
    } else if (call.op === 'sleep') {
      task.state = TASK_INTERRUPTIBLE;
      machine.wakeAt(task, clock.ns + call.us * 1000);
      yield { op: 'sleep' };
    } else {
      yield* systemCall(task, call, seed, socketOf(call.connection));
      yield { op: 'resched' };
    }
  }
}

type SocketCall = Exclude<Call, { op: 'loop' } | { op: 'sleep' }>;

/** User memory for one call; it goes back when the call has returned. */
function userMemory(bytes: number): user_buffer {
  const buffer = new user_buffer();
  buffer.addr = heap.ramAlloc(bytes);
  buffer.len = bytes;
  return buffer;
}

function* systemCall(task: task_struct, call: SocketCall, seed: number, { fd, ledger }: OpenSocket): Kgen {
  const buffer = userMemory(call.bytes);
  const flags = 'flags' in call ? call.flags.reduce((all, name) => all | (FLAGS[name] ?? 0), 0) : 0;
  const gives = call.op === 'write' || call.op === 'send';
  if (gives) heap.writeBytes(buffer.addr, payloadOf(call, ledger.position, seed));
  task.buffer = buffer;
  task.syscall = `${call.op}(${fd}, ${call.bytes} bytes)`;
  charge(SYSCALL_ENTRY_NS);
  const result = yield* enter(call.op, fd, buffer.addr, call.bytes, flags);
  charge(SYSCALL_EXIT_NS);
  if (result > 0) {
    buffer.done = result;
    const bytes = heap.bytes(buffer.addr, result).slice();
    if (gives) ledger.written.push(bytes);
    else if ((flags & MSG_PEEK) === 0) ledger.read.push(bytes);
  }
  task.result = result;
  task.syscall = '';
  task.buffer = null;
  heap.ramFree(buffer.addr, buffer.len);
  heap.release(buffer);
}

function enter(op: SocketCall['op'], fd: number, addr: number, bytes: number, flags: number): Kgen<number> {
  switch (op) {
    case 'write':
      return sys_write(fd, addr, bytes);
    case 'read':
      return sys_read(fd, addr, bytes);
    case 'send':
      return sys_sendto(fd, addr, bytes, flags);
    case 'recv':
      return sys_recvfrom(fd, addr, bytes, flags);
  }
}
