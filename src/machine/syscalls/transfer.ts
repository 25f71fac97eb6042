/** Calls that move bytes: write, send, read, recv by one buffer; writev, sendmsg, readv, recvmsg by several pieces. */
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { sys_read, sys_readv, sys_write, sys_writev } from '../../kernel/fs/read_write';
import type { iovec, user_buffer } from '../../kernel/include/linux/fs';
import {
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
} from '../../kernel/include/linux/net';
import { type msg_flags_ptr, sys_recvfrom, sys_recvmsg, sys_sendmsg, sys_sendto } from '../../kernel/net/socket';
import { payloadOf } from '../../scenario/payload';
import type { SystemCall } from '../../scenario/schema';
import type { Process } from '../process';
import { type CallResult, enter, freeUserMemory, userMemory } from './enter';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

const FLAGS: Readonly<Record<string, number>> = {
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
};

/** Flags of a call by their names. */
export function flagsOf(names: readonly string[]): number {
  return names.reduce((all, name) => all | (FLAGS[name] ?? 0), 0);
}

/** What such a receive gives was the next of the stream: not only looked at, not out of line, not thrown away. */
export function inStream(flags: number): boolean {
  return (flags & (MSG_PEEK | MSG_OOB | MSG_TRUNC)) === 0;
}

/** The address a call is given: that of its buffer, or none. */
export function pointerTo({ addr }: user_buffer, call: { readonly buffer?: 'NULL' }): number {
  return call.buffer === 'NULL' ? 0 : addr;
}

/** Flags of a call as the last of its arguments. */
export function flagsIn(call: { readonly op: string; readonly flags?: readonly string[] }): string {
  return call.flags === undefined || call.flags.length === 0 ? '' : `, ${call.flags.join(' | ')}`;
}

/** Flags of a message in names. */
export function messageFlagNames(flags: number): string {
  const names = Object.entries(FLAGS).filter(([, bit]) => (flags & bit) !== 0);
  return names.map(([name]) => name).join(' | ');
}

const labelOf = (fd: number, call: CallOf<'write' | 'send' | 'read' | 'recv'>): string =>
  `${call.op}(${fd}, ${call.buffer === undefined ? '' : 'NULL, '}${call.bytes} bytes${flagsIn(call)})`;

/** `code` is the system call on a descriptor and the address of the buffer. */
type Code = (fd: number, addr: number) => Kgen<number>;

function* give(process: Process, call: CallOf<'write' | 'send'>, code: Code): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(call.bytes);
  heap.writeBytes(buffer.addr, payloadOf(call, ledger.position, process.seed));
  const result = yield* enter(process, labelOf(fd, call), buffer, code(fd, pointerTo(buffer, call)));
  if (result > 0) ledger.written.push(heap.bytes(buffer.addr, result).slice());
  freeUserMemory(buffer);
  return { result };
}

function* take(process: Process, call: CallOf<'read' | 'recv'>, code: Code, flags: number): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(call.bytes);
  const result = yield* enter(process, labelOf(fd, call), buffer, code(fd, pointerTo(buffer, call)));
  const bytes = heap.bytes(buffer.addr, Math.min(Math.max(0, result), buffer.len)).slice();
  if (inStream(flags)) ledger.read.push(bytes);
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

const sumOf = (pieces: readonly number[]): number => pieces.reduce((sum, bytes) => sum + bytes, 0);

/** The pieces one behind the other in a buffer. */
function vectorOf(addr: number, pieces: readonly number[]): iovec[] {
  let at = addr;
  return pieces.map((iov_len) => {
    const piece = { iov_base: at, iov_len };
    at += iov_len;
    return piece;
  });
}

type Vectored = (fd: number, vec: readonly iovec[]) => Kgen<number>;

function* gather(process: Process, call: CallOf<'writev' | 'sendmsg'>, code: Vectored): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const bytes = sumOf(call.pieces);
  const buffer = userMemory(bytes);
  if (bytes > 0) heap.writeBytes(buffer.addr, payloadOf({ ...call, bytes }, ledger.position, process.seed));
  const text = `${call.op}(${fd}, [${call.pieces.join(', ')}] bytes${flagsIn(call)})`;
  const result = yield* enter(process, text, buffer, code(fd, vectorOf(buffer.addr, call.pieces)));
  if (result > 0) ledger.written.push(heap.bytes(buffer.addr, result).slice());
  freeUserMemory(buffer);
  return { result };
}

function* scatter(
  process: Process,
  call: CallOf<'readv' | 'recvmsg'>,
  code: Vectored,
  flags: number,
): Kgen<CallResult & { readonly bytes: Uint8Array }> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(sumOf(call.pieces));
  const text = `${call.op}(${fd}, [${call.pieces.join(', ')}] bytes${flagsIn(call)})`;
  const result = yield* enter(process, text, buffer, code(fd, vectorOf(buffer.addr, call.pieces)));
  const bytes = heap.bytes(buffer.addr, Math.min(Math.max(0, result), buffer.len)).slice();
  if (inStream(flags)) ledger.read.push(bytes);
  freeUserMemory(buffer);
  return { result, bytes };
}

export function writev(process: Process, call: CallOf<'writev'>): Kgen<CallResult> {
  return gather(process, call, sys_writev);
}

export function sendmsg(process: Process, call: CallOf<'sendmsg'>): Kgen<CallResult> {
  return gather(process, call, (fd, vec) => sys_sendmsg(fd, vec, flagsOf(call.flags)));
}

export function readv(process: Process, call: CallOf<'readv'>): Kgen<CallResult> {
  return scatter(process, call, sys_readv, 0);
}

export function* recvmsg(process: Process, call: CallOf<'recvmsg'>): Kgen<CallResult> {
  const flags = flagsOf(call.flags);
  const out: msg_flags_ptr = { msg_flags: 0 };
  const answer = yield* scatter(process, call, (fd, vec) => sys_recvmsg(fd, vec, flags, out), flags);
  return { ...answer, msgFlags: out.msg_flags };
}
