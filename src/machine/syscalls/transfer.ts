/** Calls that move bytes by one buffer: write, send, read, recv. */
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { sys_read, sys_write } from '../../kernel/fs/read_write';
import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_PEEK, MSG_WAITALL } from '../../kernel/include/linux/net';
import { sys_recvfrom, sys_sendto } from '../../kernel/net/socket';
import { payloadOf } from '../../scenario/payload';
import type { SystemCall } from '../../scenario/schema';
import type { Process } from '../process';
import { type CallResult, enter, freeUserMemory, userMemory } from './enter';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

const FLAGS: Readonly<Record<string, number>> = { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_PEEK, MSG_WAITALL };

function flagsOf(names: readonly string[]): number {
  return names.reduce((all, name) => all | (FLAGS[name] ?? 0), 0);
}

/** `code` is the system call on a descriptor and the address of the buffer. */
type Code = (fd: number, addr: number) => Kgen<number>;

function* give(process: Process, call: CallOf<'write' | 'send'>, code: Code): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(call.bytes);
  heap.writeBytes(buffer.addr, payloadOf(call, ledger.position, process.seed));
  const result = yield* enter(process.task, `${call.op}(${fd}, ${call.bytes} bytes)`, buffer, code(fd, buffer.addr));
  if (result > 0) ledger.written.push(heap.bytes(buffer.addr, result).slice());
  freeUserMemory(buffer);
  return { result };
}

function* take(process: Process, call: CallOf<'read' | 'recv'>, code: Code, flags: number): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(call.bytes);
  const result = yield* enter(process.task, `${call.op}(${fd}, ${call.bytes} bytes)`, buffer, code(fd, buffer.addr));
  const bytes = heap.bytes(buffer.addr, Math.max(0, result)).slice();
  if (result > 0 && (flags & MSG_PEEK) === 0) ledger.read.push(bytes);
  freeUserMemory(buffer);
  return { result, bytes };
}

export function write(process: Process, call: CallOf<'write'>): Kgen<CallResult> {
  return give(process, call, (fd, addr) => sys_write(fd, addr, call.bytes));
}

export function send(process: Process, call: CallOf<'send'>): Kgen<CallResult> {
  return give(process, call, (fd, addr) => sys_sendto(fd, addr, call.bytes, flagsOf(call.flags)));
}

export function read(process: Process, call: CallOf<'read'>): Kgen<CallResult> {
  return take(process, call, (fd, addr) => sys_read(fd, addr, call.bytes), 0);
}

export function recv(process: Process, call: CallOf<'recv'>): Kgen<CallResult> {
  const flags = flagsOf(call.flags);
  return take(process, call, (fd, addr) => sys_recvfrom(fd, addr, call.bytes, flags), flags);
}
