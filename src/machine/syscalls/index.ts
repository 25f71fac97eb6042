/**
 * What a program's calls do: each `op` has a handler, named as the system call is. A handler lays out the arguments in user memory, enters
 * the kernel, and gives back what came of it.
 */
import type { Kgen } from '../../kernel/arch/current';
import type { SystemCall } from '../../scenario/schema';
import type { Process } from '../process';
import { close, poll, shutdown } from './closing';
import { accept, bind, connect, getpeername, getsockname, listen, socket } from './connection';
import { recvfrom, sendto } from './datagram';
import type { CallResult } from './enter';
import { fcntl, getsockopt, ioctl, setsockopt } from './options';
import { read, readv, recv, recvmsg, send, sendmsg, write, writev } from './transfer';

type Handlers = {
  readonly [Op in SystemCall['op']]: (process: Process, call: Extract<SystemCall, { op: Op }>) => Kgen<CallResult>;
};

const HANDLERS: Handlers = {
  accept,
  bind,
  close,
  connect,
  fcntl,
  getpeername,
  getsockname,
  getsockopt,
  ioctl,
  listen,
  poll,
  read,
  readv,
  recv,
  recvfrom,
  recvmsg,
  send,
  sendmsg,
  sendto,
  setsockopt,
  shutdown,
  socket,
  write,
  writev,
};

/** Makes one call for a process. Runs in the context of its task, and may sleep. */
export function perform(process: Process, call: SystemCall): Kgen<CallResult> {
  return (HANDLERS[call.op] as (process: Process, call: SystemCall) => Kgen<CallResult>)(process, call);
}
