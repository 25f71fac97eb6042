/** Calls that make sockets and connect them: socket, bind, listen, accept, connect, getsockname, getpeername. */
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { AF_INET, SIZEOF_SOCKADDR_IN } from '../../kernel/include/linux/in';
import { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP } from '../../kernel/include/linux/ip';
import { SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM } from '../../kernel/include/linux/net';
import {
  sys_accept,
  sys_accept4,
  sys_bind,
  sys_connect,
  sys_getpeername,
  sys_getsockname,
  sys_listen,
  sys_socket,
} from '../../kernel/net/socket';
import type { SystemCall } from '../../scenario/schema';
import { ipNumber, ipText } from '../addresses';
import type { Process } from '../process';
import { type CallResult, enter, freeUserMemory, userMemory } from './enter';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

const TYPES = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW } as const;
const PROTOCOLS = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP } as const;
/** sizeof(socklen_t), bytes. */
const SIZEOF_SOCKLEN = 4;

const flagsOf = (names: readonly string[]): number => (names.includes('SOCK_NONBLOCK') ? SOCK_NONBLOCK : 0);

/** Names the descriptor that a call gave; after a failure the name stands for none. */
function named(process: Process, as: string, result: number): CallResult {
  process.open(as, result < 0 ? -1 : result);
  return { result };
}

export function* socket(process: Process, call: CallOf<'socket'>): Kgen<CallResult> {
  const { type, protocol, flags, as } = call;
  const label = `socket(PF_INET, ${[type, ...flags].join(' | ')}, ${protocol ?? 0})`;
  const code = sys_socket(AF_INET, TYPES[type] | flagsOf(flags), protocol === undefined ? 0 : PROTOCOLS[protocol]);
  return named(process, as, yield* enter(process, label, null, code));
}

/** Makes a call with a struct sockaddr_in in user memory. */
function* withAddress(
  process: Process,
  op: string,
  fd: number,
  { ip, port }: { readonly ip: string; readonly port: number },
  call: (fd: number, addr: number, len: number) => Kgen<number>,
): Kgen<CallResult> {
  const buffer = userMemory(SIZEOF_SOCKADDR_IN);
  heap.fill(buffer.addr, 0, SIZEOF_SOCKADDR_IN);
  heap.writeLe16(buffer.addr, AF_INET);
  heap.writeBe16(buffer.addr + 2, port);
  heap.writeBe32(buffer.addr + 4, ipNumber(ip));
  const code = call(fd, buffer.addr, SIZEOF_SOCKADDR_IN);
  const result = yield* enter(process, `${op}(${fd}, ${ip}:${port})`, buffer, code);
  freeUserMemory(buffer);
  return { result };
}

export function bind(process: Process, call: CallOf<'bind'>): Kgen<CallResult> {
  return withAddress(process, 'bind', process.named(call.fd).fd, call, sys_bind);
}

export function connect(process: Process, call: CallOf<'connect'>): Kgen<CallResult> {
  return withAddress(process, 'connect', process.named(call.fd).fd, process.addressOf(call.to), sys_connect);
}

export function* listen(process: Process, call: CallOf<'listen'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  return {
    result: yield* enter(process, `listen(${fd}, ${call.backlog})`, null, sys_listen(fd, call.backlog)),
  };
}

export function* accept(process: Process, call: CallOf<'accept'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { flags } = call;
  const code = flags.length === 0 ? sys_accept(fd, 0, 0) : sys_accept4(fd, 0, 0, flagsOf(flags));
  const label = flags.length === 0 ? `accept(${fd})` : `accept4(${fd}, ${flags.join(' | ')})`;
  return named(process, call.as, yield* enter(process, label, null, code));
}

/** Makes a call that fills in an address: the value-result argument of its length comes first in the memory. */
function* askAddress(
  process: Process,
  op: string,
  name: string,
  call: (fd: number, addr: number, len: number) => Kgen<number>,
): Kgen<CallResult> {
  const { fd } = process.named(name);
  const buffer = userMemory(SIZEOF_SOCKLEN + SIZEOF_SOCKADDR_IN);
  heap.writeLe32(buffer.addr, SIZEOF_SOCKADDR_IN);
  const at = buffer.addr + SIZEOF_SOCKLEN;
  const result = yield* enter(process, `${op}(${fd})`, buffer, call(fd, at, buffer.addr));
  const address = { ip: ipText(heap.readBe32(at + 4)), port: heap.readBe16(at + 2) };
  freeUserMemory(buffer);
  return result < 0 ? { result } : { result, address };
}

export function getsockname(process: Process, call: CallOf<'getsockname'>): Kgen<CallResult> {
  return askAddress(process, 'getsockname', call.fd, sys_getsockname);
}

export function getpeername(process: Process, call: CallOf<'getpeername'>): Kgen<CallResult> {
  return askAddress(process, 'getpeername', call.fd, sys_getpeername);
}
