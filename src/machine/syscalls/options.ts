/** Calls that set a socket up and ask it: setsockopt, getsockopt, ioctl, fcntl. */
import { heap } from '../../base/heap';
import type { Kgen } from '../../kernel/arch/current';
import { F_GETFL, F_GETOWN, F_SETFL, F_SETOWN, sys_fcntl } from '../../kernel/fs/fcntl';
import { FIONBIO, sys_ioctl } from '../../kernel/fs/ioctl';
import { O_NONBLOCK, O_RDWR } from '../../kernel/include/linux/fs';
import { SIOCATMARK, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD } from '../../kernel/include/linux/sockios';
import { sys_getsockopt, sys_setsockopt } from '../../kernel/net/socket';
import {
  type OptionKind,
  type OptionName,
  type OptionValue,
  SIZEOF_TCP_INFO,
  SOCKET_OPTIONS,
  TCP_INFO_BYTES,
  TCP_INFO_WORDS,
  type TcpInfo,
} from '../../scenario/options';
import type { SystemCall } from '../../scenario/schema';
import type { Process } from '../process';
import { type CallResult, enter, freeUserMemory, userMemory } from './enter';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

/** Bytes of the value of each kind of option. */
const SIZES: Readonly<Record<OptionKind, number>> = { int: 4, linger: 8, timeval: 16, text: 16, info: SIZEOF_TCP_INFO };

interface Wanted {
  readonly label: string;
  readonly level: number;
  readonly number: number;
  readonly kind: OptionKind;
}

/** An option by its name, or one that has none here, by numbers. */
function wanted({ option, level }: { readonly option: OptionName | number; readonly level?: number }): Wanted {
  if (typeof option === 'number') {
    return { label: `${level ?? 0}, ${option}`, level: level ?? 0, number: option, kind: 'int' };
  }
  const known = SOCKET_OPTIONS[option];
  return { label: option, number: known.number, kind: known.kind, level: level ?? known.level };
}

/** The value as bytes in user memory; `length`: how many the program says there are. */
function layOut(value: OptionValue, addr: number): number {
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    heap.writeBytes(addr, bytes);
    return bytes.length;
  }
  if (typeof value === 'number') {
    heap.writeLe32(addr, value);
    return 4;
  }
  if ('linger' in value) {
    heap.writeLe32(addr, value.onoff);
    heap.writeLe32(addr + 4, value.linger);
    return 8;
  }
  writeLong(addr, value.sec);
  writeLong(addr + 8, value.usec);
  return 16;
}

/** A signed number of eight bytes. */
function writeLong(addr: number, value: number): void {
  heap.writeLe32(addr, value);
  heap.writeLe32(addr + 4, Math.floor(value / 2 ** 32));
}

function shown(value: OptionValue): string {
  if (typeof value !== 'object') return String(value);
  return `{${Object.values(value).join(', ')}}`;
}

/** Longest value that a call sets or asks for, bytes. */
const ROOM = 256;

export function* setsockopt(process: Process, call: CallOf<'setsockopt'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { label, level, number } = wanted(call);
  const buffer = userMemory(ROOM);
  const length = call.length ?? layOut(call.value, buffer.addr);
  if (call.length !== undefined) layOut(call.value, buffer.addr);
  const text = `setsockopt(${fd}, ${label}, ${shown(call.value)})`;
  const result = yield* enter(process, text, buffer, sys_setsockopt(fd, level, number, buffer.addr, length));
  freeUserMemory(buffer);
  return { result };
}

/** struct tcp_info as far as it was filled. */
function infoAt(addr: number): TcpInfo {
  const scales = heap.read8(addr + 6);
  const bytes = TCP_INFO_BYTES.map((name, n) => [name, heap.read8(addr + n)] as const);
  const words = TCP_INFO_WORDS.map((name, n) => [name, heap.readLe32(addr + 8 + 4 * n)] as const);
  const scale = { snd_wscale: scales & 0xf, rcv_wscale: scales >> 4 };
  return { ...Object.fromEntries([...bytes, ...words]), ...scale } as TcpInfo;
}

function valueAt(addr: number, length: number, kind: OptionKind): OptionValue {
  switch (kind) {
    case 'text': {
      const text = new TextDecoder().decode(heap.bytes(addr, length));
      return text.slice(0, text.includes('\0') ? text.indexOf('\0') : undefined);
    }
    case 'linger':
      return { onoff: heap.readLe32(addr) | 0, linger: heap.readLe32(addr + 4) | 0 };
    case 'timeval':
      return { sec: heap.readLe64(addr), usec: heap.readLe64(addr + 8) };
    default:
      return length === 1 ? heap.read8(addr) : heap.readLe32(addr) | 0;
  }
}

export function* getsockopt(process: Process, call: CallOf<'getsockopt'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { label, level, number, kind } = wanted(call);
  const buffer = userMemory(ROOM + 4);
  heap.fill(buffer.addr, 0, ROOM);
  heap.writeLe32(buffer.addr + ROOM, call.length ?? SIZES[kind]);
  const code = sys_getsockopt(fd, level, number, buffer.addr, buffer.addr + ROOM);
  const result = yield* enter(process, `getsockopt(${fd}, ${label})`, buffer, code);
  const length = heap.readLe32(buffer.addr + ROOM);
  const answer: Partial<CallResult> =
    result < 0
      ? {}
      : kind === 'info'
        ? { info: infoAt(buffer.addr), length }
        : { value: valueAt(buffer.addr, length, kind), length };
  freeUserMemory(buffer);
  return { result, ...answer };
}

const REQUESTS = { SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, FIONBIO } as const;

export function* ioctl(process: Process, call: CallOf<'ioctl'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { request } = call;
  const buffer = userMemory(4);
  heap.writeLe32(buffer.addr, call.value);
  const code = sys_ioctl(fd, typeof request === 'number' ? request : REQUESTS[request], buffer.addr);
  const result = yield* enter(process, `ioctl(${fd}, ${request})`, buffer, code);
  const value = heap.readLe32(buffer.addr) | 0;
  freeUserMemory(buffer);
  return result < 0 ? { result } : { result, value };
}

const COMMANDS = { F_GETFL, F_SETFL, F_GETOWN, F_SETOWN } as const;
const FILE_FLAGS: Readonly<Record<string, number>> = { O_RDWR, O_NONBLOCK };

/** F_SETOWN names the process itself. */
export function* fcntl(process: Process, call: CallOf<'fcntl'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { command, flags } = call;
  const bits = flags.reduce((all, name) => all | (FILE_FLAGS[name] ?? 0), 0);
  const arg = command === 'F_SETOWN' ? process.task.pid : bits;
  const text = `fcntl(${[fd, command, ...(flags.length > 0 ? [flags.join(' | ')] : [])].join(', ')})`;
  const code = sys_fcntl(fd, typeof command === 'number' ? command : COMMANDS[command], arg);
  return { result: yield* enter(process, text, null, code) };
}
