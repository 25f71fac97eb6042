/** Calls that move datagrams, with an address each: sendto, recvfrom. */
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { ICMP_ECHO } from '../../kernel/include/linux/icmp';
import { AF_INET, SIZEOF_SOCKADDR_IN } from '../../kernel/include/linux/in';
import { sum_words } from '../../kernel/lib/checksum';
import { sys_recvfrom, sys_sendto } from '../../kernel/net/socket';
import { payloadOf } from '../../scenario/payload';
import type { SystemCall } from '../../scenario/schema';
import { ipNumber, ipText } from '../addresses';
import type { Process } from '../process';
import { type CallResult, enter, freeUserMemory, userMemory } from './enter';
import { flagsIn, flagsOf, inStream, pointerTo } from './transfer';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

/** sizeof(socklen_t), bytes. */
const SIZEOF_SOCKLEN = 4;
const ICMPHDR_LEN = 8;

/** Makes the first bytes of a message the header of an ICMP echo request with the right checksum (RFC 792), as ping does. */
function asEcho(addr: number, bytes: number, { id, seq }: { readonly id: number; readonly seq: number }): void {
  if (bytes < ICMPHDR_LEN) return;
  heap.writeBe16(addr, ICMP_ECHO << 8);
  heap.writeBe16(addr + 2, 0);
  heap.writeBe16(addr + 4, id);
  heap.writeBe16(addr + 6, seq);
  let sum = sum_words(addr, bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  heap.writeBe16(addr + 2, ~sum & 0xffff);
}

export function* sendto(process: Process, call: CallOf<'sendto'>): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const buffer = userMemory(call.bytes + SIZEOF_SOCKADDR_IN);
  const { addr } = buffer;
  heap.writeBytes(addr, payloadOf(call, ledger.position, process.seed));
  if (call.echo !== undefined) asEcho(addr, call.bytes, call.echo);
  let label = 'NULL';
  let name = 0;
  if (call.to !== undefined) {
    const { ip, port } = process.addressOf(call.to);
    name = addr + call.bytes;
    heap.fill(name, 0, SIZEOF_SOCKADDR_IN);
    heap.writeLe16(name, AF_INET);
    heap.writeBe16(name + 2, port);
    heap.writeBe32(name + 4, ipNumber(ip));
    label = port === 0 ? ip : `${ip}:${port}`;
  }
  const from = pointerTo(buffer, call);
  const code = sys_sendto(fd, from, call.bytes, flagsOf(call.flags), name, name === 0 ? 0 : SIZEOF_SOCKADDR_IN);
  const result = yield* enter(process, `sendto(${fd}, ${call.bytes} bytes, ${label}${flagsIn(call)})`, buffer, code);
  if (result > 0) ledger.written.push(heap.bytes(addr, result).slice());
  freeUserMemory(buffer);
  return { result };
}

export function* recvfrom(process: Process, call: CallOf<'recvfrom'>): Kgen<CallResult> {
  const { fd, ledger } = process.named(call.fd);
  const flags = flagsOf(call.flags);
  const buffer = userMemory(call.bytes + SIZEOF_SOCKLEN + SIZEOF_SOCKADDR_IN);
  const length = buffer.addr + call.bytes;
  const name = length + SIZEOF_SOCKLEN;
  heap.writeLe32(length, SIZEOF_SOCKADDR_IN);
  const code = sys_recvfrom(fd, pointerTo(buffer, call), call.bytes, flags, name, length);
  const result = yield* enter(process, `recvfrom(${fd}, ${call.bytes} bytes${flagsIn(call)})`, buffer, code);
  const bytes = heap.bytes(buffer.addr, Math.min(Math.max(0, result), call.bytes)).slice();
  const hasName = result >= 0 && heap.readLe32(length) >= SIZEOF_SOCKADDR_IN;
  const address = hasName ? { ip: ipText(heap.readBe32(name + 4)), port: heap.readBe16(name + 2) } : null;
  if (inStream(flags)) ledger.read.push(bytes);
  freeUserMemory(buffer);
  return address === null ? { result, bytes } : { result, bytes, address };
}
