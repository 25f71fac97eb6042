/** Each call of a script as one the machine's programs can make, with what the script expects of it. */
import { lookUp } from '../../base/look-up';
import type { Expression, SystemCall as Written } from '../../scenario/packetdrill/ast';
import { printExpression } from '../../scenario/packetdrill/print';
import { bitNames, numberOf } from '../../scenario/packetdrill/values';
import { Arguments, fdName, flagNames, isSize, type Sockets, type Translated } from './arguments';
import { CannotMap } from './endpoint';
import { getting, setting } from './options';

const SOCK_TYPE_MASK = 0xf;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

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
    const named = ({ 0: null, 1: 'IPPROTO_ICMP', 6: 'IPPROTO_TCP', 17: 'IPPROTO_UDP' } as const)[protocol];
    if (named === undefined) return args.beyond(2);
    return {
      call: {
        op: 'socket',
        as: fdName(given),
        type,
        ...(named === null ? {} : { protocol: named }),
        flags: flags & SOCK_NONBLOCK ? ['SOCK_NONBLOCK'] : [],
      },
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
  writev(args) {
    args.counted(3);
    return {
      call: { op: 'writev', fd: args.fd(), pieces: pieces(args, args.at(1)), ...ZEROS },
      check: args.returning(),
    };
  },
  sendmsg(args) {
    args.counted(3);
    const message = messageOf(args, 1);
    return {
      call: {
        op: 'sendmsg',
        fd: args.fd(),
        pieces: message.pieces,
        ...ZEROS,
        flags: flagNames(args, 2, SEND_FLAGS) as never,
      },
      check: args.returning(),
    };
  },
  readv(args) {
    args.counted(3);
    return { call: { op: 'readv', fd: args.fd(), pieces: pieces(args, args.at(1)) }, check: args.returning() };
  },
  recvmsg(args) {
    args.counted(3);
    const message = messageOf(args, 1);
    return {
      call: {
        op: 'recvmsg',
        fd: args.fd(),
        pieces: message.pieces,
        flags: flagNames(args, 2, RECV_FLAGS) as never,
      },
      check: args.returning(({ msgFlags = 0 }) => {
        const { flags } = message;
        if (flags === null || flags === msgFlags) return null;
        return { expected: `msg_flags ${bitNames(flags, 'MSG_')}`, got: bitNames(msgFlags, 'MSG_') };
      }),
    };
  },
  close(args) {
    args.counted(1);
    return { call: { op: 'close', fd: args.fd() }, check: args.returning() };
  },
  shutdown(args) {
    args.counted(2);
    return { call: { op: 'shutdown', fd: args.fd(), how: args.number(1) }, check: args.returning() };
  },
  setsockopt: setting,
  getsockopt: getting,
  poll(args) {
    args.counted(3);
    const list = args.at(0);
    if (list?.kind !== 'list') return args.beyond(0);
    const wanted = list.items.map((item) => {
      const fd = numberOf(fieldOf(item, 'fd'));
      const events = numberOf(fieldOf(item, 'events'));
      if (fd === null || events === null) return args.beyond(0);
      return { fd, events, revents: numberOf(fieldOf(item, 'revents')) };
    });
    const fds = wanted.map(({ fd, events }) => ({ fd: fdName(fd), events: eventNames(args, events) as never }));
    return {
      call: { op: 'poll', fds, timeoutMs: args.number(2) },
      check: args.returning(({ revents = [] }) => {
        for (const [n, { fd, revents: expected }] of wanted.entries()) {
          const got = revents[n] ?? 0;
          if (expected !== null && expected !== got) {
            return {
              expected: `revents ${bitNames(expected, 'POLL')} of descriptor ${fd}`,
              got: bitNames(got, 'POLL'),
            };
          }
        }
        return null;
      }),
    };
  },
  ioctl(args) {
    args.counted(2, 3);
    const list = args.at(2);
    const value = list === undefined ? 0 : numberOf(list.kind === 'list' ? list.items[0] : list);
    if (value === null) return args.beyond(2);
    return {
      call: { op: 'ioctl', fd: args.fd(), request: args.number(1), value },
      check: args.returning(({ value: got }) => {
        const isAsked = args.number(1) !== FIONBIO && list !== undefined;
        if (!isAsked || got === value) return null;
        return { expected: `${value} from ${printExpression(args.at(1) as Expression)}`, got: String(got) };
      }),
    };
  },
  fcntl(args) {
    args.counted(2, 3);
    const command = ({ 3: 'F_GETFL', 4: 'F_SETFL' } as const)[args.number(1)];
    if (command === undefined) return args.beyond(1);
    const flags = command === 'F_SETFL' ? (flagNames(args, 2, FILE_FLAGS) as never) : [];
    return { call: { op: 'fcntl', fd: args.fd(), command, flags }, check: args.returning() };
  },
  sendto(args) {
    args.counted(6);
    const { sockets } = args;
    const isNone = !args.isAny(4) && numberOf(args.at(4)) === 0;
    const to = isNone ? null : args.address(4, sockets.remoteIp, sockets.settings.connectPort);
    return {
      call: {
        op: 'sendto',
        fd: args.fd(),
        ...payload(args, 1, 2),
        flags: flagNames(args, 3, SEND_FLAGS) as never,
        ...(to === null ? {} : { to }),
      },
      before: () => {
        if (to !== null) sockets.sends(args.number(0), ipOf(to.ip), to.port);
      },
      check: args.returning(),
    };
  },
  recvfrom(args) {
    args.counted(6);
    return {
      call: {
        op: 'recvfrom',
        fd: args.fd(),
        bytes: args.size(2),
        ...pointer(args, 1),
        flags: flagNames(args, 3, RECV_FLAGS) as never,
      },
      check: args.returning(),
    };
  },
  read(args) {
    args.counted(3);
    return { call: { op: 'read', fd: args.fd(), bytes: args.size(2), ...pointer(args, 1) }, check: args.returning() };
  },
  recv(args) {
    args.counted(4);
    return {
      call: {
        op: 'recv',
        fd: args.fd(),
        bytes: args.size(2),
        ...pointer(args, 1),
        flags: flagNames(args, 3, RECV_FLAGS) as never,
      },
      check: args.returning(),
    };
  },
};

const ZEROS = { pattern: 'zeros', data: null } as const;
const FIONBIO = 0x5421;
const FILE_FLAGS = { O_RDWR: 2, O_NONBLOCK: 0o4000 };
const EVENTS = {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 0x10,
  POLLRDNORM: 0x40,
  POLLWRNORM: 0x100,
  POLLRDHUP: 0x2000,
};

function eventNames(args: Arguments, events: number): string[] {
  const names = Object.entries(EVENTS).filter(([, bit]) => (events & bit) !== 0);
  if (names.reduce((all, [, bit]) => all | bit, 0) !== events) args.beyond(0);
  return names.map(([name]) => name);
}

/** The value of `name=...` in a struct. */
function fieldOf(struct: Expression, name: string): Expression | undefined {
  if (struct.kind !== 'struct') return undefined;
  return struct.items.flatMap((item) => (item.kind === 'field' && item.name === name ? [item.value] : []))[0];
}

/** Lengths of `[{..., 100}, {..., 200}]`. */
function pieces(args: Arguments, list: Expression | undefined): number[] {
  if (list?.kind !== 'list') return args.beyond(1);
  return list.items.map((item) => {
    const bytes = item.kind === 'struct' ? numberOf(item.items.at(-1)) : null;
    return bytes === null || !isSize(bytes) ? args.beyond(1) : bytes;
  });
}

/** A struct msghdr: its pieces, and the flags it should have afterwards (null: not said). */
function messageOf(args: Arguments, n: number): { readonly pieces: number[]; readonly flags: number | null } {
  const struct = args.at(n);
  if (struct === undefined || struct.kind !== 'struct') return args.beyond(n);
  const control = fieldOf(struct, 'msg_control');
  if (control !== undefined && !(control.kind === 'list' && control.items.length === 0)) return args.beyond(n);
  const flags = fieldOf(struct, 'msg_flags');
  return { pieces: pieces(args, fieldOf(struct, 'msg_iov')), flags: flags === undefined ? null : numberOf(flags) };
}

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
): { bytes: number; pattern: 'zeros'; data: string | null; buffer?: 'NULL' } {
  const text = args.at(buffer);
  const data = text?.kind === 'string' && !text.more ? text.parts.join('') : null;
  return { bytes: args.size(count), pattern: 'zeros', data, ...pointer(args, buffer) };
}

/** `NULL`, or anything else for a buffer. */
function pointer(args: Arguments, n: number): { buffer?: 'NULL' } {
  return numberOf(args.at(n)) === 0 ? { buffer: 'NULL' } : {};
}

function ipOf(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Throws `CannotMap` with the reason for a call the model has not. */
export function translate(written: Written, sockets: Sockets): Translated {
  const make = lookUp(MAKERS, written.name);
  if (make === undefined) throw new CannotMap(`the system call ${written.name}()`);
  return make(new Arguments(written, sockets));
}
