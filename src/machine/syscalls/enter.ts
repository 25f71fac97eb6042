import { charge } from '../../base/clock';
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { user_buffer } from '../../kernel/include/linux/fs';
import type { OptionValue, TcpInfo } from '../../scenario/options';
import type { Process } from '../process';

/** ns from user mode to the first instruction of a system call, and back. */
const SYSCALL_ENTRY_NS = 60;
const SYSCALL_EXIT_NS = 60;

/** What a system call gave back. */
export interface CallResult {
  /** As in the register on return: a count, a descriptor, or -errno. */
  readonly result: number;
  /** What a call that receives wrote to the program's buffer. */
  readonly bytes?: Uint8Array;
  /** Flags of the message that recvmsg() gave (MSG_OOB, MSG_TRUNC). */
  readonly msgFlags?: number;
  /** An option's value, or the number an ioctl() gave. */
  readonly value?: OptionValue;
  /** TCP_INFO. */
  readonly info?: TcpInfo;
  /** Bytes of the option's value. */
  readonly length?: number;
  /** What poll() says of each descriptor, as masks. */
  readonly revents?: readonly number[];
  /** Address that the call filled in. */
  readonly address?: { readonly ip: string; readonly port: number };
}

/** User memory for one call. */
export function userMemory(bytes: number): user_buffer {
  const buffer = new user_buffer();
  buffer.addr = heap.ramAlloc(bytes);
  buffer.len = bytes;
  return buffer;
}

/** Gives user memory back once the call has returned. */
export function freeUserMemory(buffer: user_buffer): void {
  heap.ramFree(buffer.addr, buffer.len);
  heap.release(buffer);
}

/**
 * Enters the kernel with `code`, the system call: from user mode and back. `label` is the call as a tracer would print it; `buffer` is
 * what the program hands over, null: nothing that is worth a look.
 */
export function* enter(process: Process, label: string, buffer: user_buffer | null, code: Kgen<number>): Kgen<number> {
  const { task } = process;
  process.entered(label);
  task.buffer = buffer;
  task.syscall = label;
  charge(SYSCALL_ENTRY_NS);
  const result = yield* code;
  charge(SYSCALL_EXIT_NS);
  if (buffer !== null && result > 0) buffer.done = result;
  task.result = result;
  task.syscall = '';
  task.buffer = null;
  return result;
}
