/** A call as a script writes it, as one the machine's programs can make; what it does to the script's picture of its sockets; what the script expects. */
import type { Expression, SystemCall as Written } from '../../scenario/packetdrill/ast';
import { printExpression } from '../../scenario/packetdrill/print';
import type { Settings } from '../../scenario/packetdrill/settings';
import { ERRNO, errnoName, numberOf } from '../../scenario/packetdrill/values';
import type { SystemCall } from '../../scenario/schema';
import type { CallResult } from '../syscalls/enter';
import { CannotMap } from './endpoint';

/** What a line expects, and what came instead. */
export interface Problem {
  readonly expected: string;
  readonly got: string;
}

/** What calls change in the script's picture: which sockets there are and which is under test. `fd` is the script's number. */
export interface Sockets {
  readonly settings: Settings;
  opened(fd: number, protocol: 'tcp' | 'udp'): void;
  bound(fd: number, port: number): void;
  listens(fd: number): void;
  connects(fd: number, ip: number, port: number): void;
  accepted(fd: number): void;
  /** Own and the script's address, dotted. */
  readonly localIp: string;
  readonly remoteIp: string;
}

export interface Translated {
  readonly call: SystemCall;
  /** Before the kernel is entered, and after it has returned. */
  readonly before?: () => void;
  readonly after?: (result: number) => void;
  /** What is wrong with the result, null: nothing. */
  check(result: CallResult): Problem | null;
}

/** The name of the script's descriptor `n` among the process's. */
export function fdName(n: number): string {
  return n < 0 ? 'none' : `fd${n}`;
}

/** The arguments of a call, read with words for what is wrong. */
class Arguments {
  constructor(
    readonly written: Written,
    readonly sockets: Sockets,
  ) {}

  at(n: number): Expression | undefined {
    return this.written.args[n];
  }

  beyond(n: number): never {
    const arg = this.at(n);
    throw new CannotMap(
      `argument ${n + 1} of ${this.written.name}(): ${arg === undefined ? 'none' : printExpression(arg)}`,
    );
  }

  /** Throws for more or fewer arguments. */
  counted(least: number, most = least): void {
    const { args, name } = this.written;
    if (args.length < least || args.length > most) throw new CannotMap(`${name}() with ${args.length} arguments`);
  }

  number(n: number): number {
    return numberOf(this.at(n)) ?? this.beyond(n);
  }

  fd(n = 0): string {
    return fdName(this.number(n));
  }

  isAny(n: number): boolean {
    return this.at(n)?.kind === 'ellipsis';
  }

  /** The number the script gives the descriptor that comes of the call; -1: it expects an error. */
  get given(): number {
    return numberOf(this.written.result) ?? -1;
  }

  /** A struct sockaddr_in, or `...` for what packetdrill puts there. */
  address(n: number, ip: string, port: number): { readonly ip: string; readonly port: number } {
    const struct = this.at(n);
    if (struct?.kind === 'ellipsis') return { ip, port };
    if (struct?.kind !== 'struct') return this.beyond(n);
    const field = (name: string): Expression | undefined =>
      struct.items.flatMap((item) => (item.kind === 'field' && item.name === name ? [item.value] : []))[0];
    const family = numberOf(field('sa_family'));
    const address = numberOf(field('sin_addr'));
    const number = numberOf(field('sin_port'));
    if (family !== 2 || address === null || number === null) return this.beyond(n);
    return { ip: dotted(address), port: number };
  }

  /** Checks the returned number and errno; `own`: what else there is to check of a call that has not failed. */
  returning(own: (result: CallResult) => Problem | null = () => null): (result: CallResult) => Problem | null {
    const { name, result: wanted, errno } = this.written;
    return (result) => {
      const got = result.result < 0 ? `-1 ${errnoName(-result.result)}` : String(result.result);
      if (wanted.kind === 'ellipsis') return null;
      const returned = result.result < 0 ? -1 : result.result;
      const fails = numberOf(wanted) !== returned || (errno !== null && ERRNO[errno.name] !== -result.result);
      if (!fails) return result.result < 0 ? null : own(result);
      const expected = `${name}() = ${printExpression(wanted)}${errno === null ? '' : ` ${errno.name}`}`;
      return { expected, got };
    };
  }

  /** The result of a call that gives a descriptor: which number the kernel gave is its own business. */
  givingFd(): (result: CallResult) => Problem | null {
    const plain = this.returning();
    return (result) => (result.result >= 0 && this.given >= 0 ? null : plain(result));
  }
}

export function dotted(ip: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(ip / 2 ** shift) % 256).join('.');
}

const SOCK_TYPE_MASK = 0xf;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** By the names of flags the machine's calls know; throws for others. */
function flagNames(args: Arguments, n: number, known: Readonly<Record<string, number>>): string[] {
  let rest = args.number(n);
  const names = Object.entries(known).filter(([, bit]) => {
    const has = (rest & bit) !== 0;
    if (has) rest &= ~bit;
    return has;
  });
  if (rest !== 0) args.beyond(n);
  return names.map(([name]) => name);
}

const MAKERS: Readonly<Record<string, (args: Arguments) => Translated>> = {
  socket(args) {
    args.counted(3);
    const { given, sockets } = args;
    if (!args.isAny(0) && args.number(0) !== 2) return args.beyond(0);
    const bits = args.number(1);
    const type = ({ 1: 'SOCK_STREAM', 2: 'SOCK_DGRAM' } as const)[bits & SOCK_TYPE_MASK];
    const protocol = args.number(2);
    const flags = bits & ~SOCK_TYPE_MASK;
    if (type === undefined || (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0) return args.beyond(1);
    if (protocol !== 0 && protocol !== (type === 'SOCK_STREAM' ? 6 : 17)) return args.beyond(2);
    return {
      call: { op: 'socket', as: fdName(given), type, flags: flags & SOCK_NONBLOCK ? ['SOCK_NONBLOCK'] : [] },
      after: (result) => {
        if (result >= 0) sockets.opened(given, type === 'SOCK_STREAM' ? 'tcp' : 'udp');
      },
      check: args.givingFd(),
    };
  },
  bind(args) {
    args.counted(3);
    const { sockets } = args;
    const address = args.address(1, sockets.localIp, sockets.settings.bindPort);
    return {
      call: { op: 'bind', fd: args.fd(), ...address },
      after: (result) => {
        if (result >= 0) sockets.bound(args.number(0), address.port);
      },
      check: args.returning(),
    };
  },
  listen(args) {
    args.counted(2);
    return {
      call: { op: 'listen', fd: args.fd(), backlog: args.number(1) },
      after: (result) => {
        if (result >= 0) args.sockets.listens(args.number(0));
      },
      check: args.returning(),
    };
  },
  accept: (args) => accepting(args, 0),
  accept4: (args) => accepting(args, args.number(3)),
  connect(args) {
    args.counted(3);
    const { sockets } = args;
    const to = args.address(1, sockets.remoteIp, sockets.settings.connectPort);
    return {
      call: { op: 'connect', fd: args.fd(), to },
      before: () => sockets.connects(args.number(0), ipOf(to.ip), to.port),
      check: args.returning(),
    };
  },
  write(args) {
    args.counted(3);
    return { call: { op: 'write', fd: args.fd(), ...payload(args, 1, 2) }, check: args.returning() };
  },
  send(args) {
    args.counted(4);
    return {
      call: { op: 'send', fd: args.fd(), ...payload(args, 1, 2), flags: flagNames(args, 3, SEND_FLAGS) as never },
      check: args.returning(),
    };
  },
  read(args) {
    args.counted(3);
    return { call: { op: 'read', fd: args.fd(), bytes: args.number(2) }, check: args.returning() };
  },
  recv(args) {
    args.counted(4);
    return {
      call: { op: 'recv', fd: args.fd(), bytes: args.number(2), flags: flagNames(args, 3, RECV_FLAGS) as never },
      check: args.returning(),
    };
  },
};

const SEND_FLAGS = { MSG_OOB: 1, MSG_DONTWAIT: 0x40, MSG_EOR: 0x80, MSG_NOSIGNAL: 0x4000, MSG_MORE: 0x8000 };
const RECV_FLAGS = { MSG_OOB: 1, MSG_PEEK: 2, MSG_TRUNC: 0x20, MSG_DONTWAIT: 0x40, MSG_WAITALL: 0x100 };

function accepting(args: Arguments, flags: number): Translated {
  args.counted(3, 4);
  const { given, sockets } = args;
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0) return args.beyond(3);
  return {
    call: { op: 'accept', fd: args.fd(), as: fdName(given), flags: flags & SOCK_NONBLOCK ? ['SOCK_NONBLOCK'] : [] },
    after: (result) => {
      if (result >= 0) sockets.accepted(given);
    },
    check: args.givingFd(),
  };
}

/** What is written: zeros, as packetdrill writes them, or the text that stands there. */
function payload(
  args: Arguments,
  buffer: number,
  count: number,
): { bytes: number; pattern: 'zeros'; data: string | null } {
  const text = args.at(buffer);
  const data = text?.kind === 'string' && !text.more ? text.parts.join('') : null;
  return { bytes: args.number(count), pattern: 'zeros', data };
}

function ipOf(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Throws `CannotMap` with the reason for a call the model has not. */
export function translate(written: Written, sockets: Sockets): Translated {
  const make = Object.hasOwn(MAKERS, written.name) ? MAKERS[written.name] : undefined;
  if (make === undefined) throw new CannotMap(`the system call ${written.name}()`);
  return make(new Arguments(written, sockets));
}
