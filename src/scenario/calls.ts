/**
 * The calls a task makes, named as the system calls are, and the two that are none: `sleep` and `loop`. Each kind is an entry of the
 * variant `AnyCall`; what performs it stands in src/machine/syscalls.
 */
import * as v from 'valibot';
import { IP, label, listed, listOf, matching, oneOf, text, whole } from './fields';
import { OPTION_NAMES } from './options';

/** Bytes one call may write or ask for. */
export const LARGEST_CALL = 16 << 20;

const fd = label('Name of a descriptor: that of a connection, or one a call before gave with `as`.');
const PATTERNS = ['offsets', 'letters', 'zeros', 'random'] as const;
const SEND_FLAGS = ['MSG_DONTWAIT', 'MSG_EOR', 'MSG_MORE', 'MSG_NOSIGNAL', 'MSG_OOB'] as const;
const RECV_FLAGS = ['MSG_DONTWAIT', 'MSG_OOB', 'MSG_PEEK', 'MSG_TRUNC', 'MSG_WAITALL'] as const;

/** A pointer that leads nowhere in place of the buffer: EFAULT. */
const buffer = v.exactOptional(v.literal('NULL', '"NULL", or nothing'));

const payload = {
  fd,
  bytes: whole(1, LARGEST_CALL, 'Bytes to write.', 'bytes'),
  pattern: v.optional(
    oneOf(PATTERNS, 'What the bytes are. offsets: a line for each 16, which tells where in the stream they stand.'),
    'offsets',
  ),
  data: v.optional(v.nullable(text(65_536, 'The text to write: its first `bytes` bytes in UTF-8, repeated.')), null),
};
const wanted = whole(1, LARGEST_CALL, 'Size of the buffer.', 'bytes');

const WriteCall = v.strictObject({ op: v.literal('write'), ...payload, buffer });
const SendCall = v.strictObject({
  op: v.literal('send'),
  ...payload,
  buffer,
  flags: v.optional(listOf(oneOf(SEND_FLAGS, ''), 8, 'flags'), []),
});
const ReadCall = v.strictObject({ op: v.literal('read'), fd, bytes: wanted, buffer });
const RecvCall = v.strictObject({
  op: v.literal('recv'),
  fd,
  bytes: wanted,
  buffer,
  flags: v.optional(listOf(oneOf(RECV_FLAGS, ''), 8, 'flags'), []),
});
const pieces = listOf(whole(0, LARGEST_CALL, 'Bytes of the piece.', 'bytes'), 64, 'pieces', 1);
const Spread = {
  fd,
  pieces,
  pattern: payload.pattern,
  data: payload.data,
};
const WritevCall = v.strictObject({ op: v.literal('writev'), ...Spread });
const SendmsgCall = v.strictObject({
  op: v.literal('sendmsg'),
  ...Spread,
  flags: v.optional(listOf(oneOf(SEND_FLAGS, ''), 8, 'flags'), []),
});
const ReadvCall = v.strictObject({ op: v.literal('readv'), fd, pieces });
const RecvmsgCall = v.strictObject({
  op: v.literal('recvmsg'),
  fd,
  pieces,
  flags: v.optional(listOf(oneOf(RECV_FLAGS, ''), 8, 'flags'), []),
});

const CloseCall = v.strictObject({ op: v.literal('close'), fd });
const ShutdownCall = v.strictObject({
  op: v.literal('shutdown'),
  fd,
  how: v.union(
    [oneOf(['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'], 'Which side.'), whole(-1, 99, 'The same as a number.')],
    '"SHUT_RD", "SHUT_WR", "SHUT_RDWR" or a number',
  ),
});

const INT_MAX = 0x7fffffff;
const int = (doc: string) => whole(-INT_MAX - 1, INT_MAX, doc);
const OPTION = `the name of an option such as "TCP_NODELAY" or "SO_LINGER"`;
const option = v.union(
  [oneOf(OPTION_NAMES, 'Which.'), whole(0, 0xffff, 'Its number, for one without a name here.')],
  OPTION,
);
const level = v.exactOptional(whole(0, 0xffff, 'SOL_SOCKET 1, SOL_TCP 6, SOL_IP 0; of a named option its own.'));
const length = v.exactOptional(
  whole(0, 256, 'What the program says is its length; else that of such a value.', 'bytes'),
);
const VALUE = 'a number, text, { "onoff": 1, "linger": 0 } or { "sec": 1, "usec": 0 }';
const OptionValueShape = v.union(
  [
    int('A number.'),
    text(64, 'A text (TCP_CONGESTION).'),
    v.strictObject({ onoff: int('On or off.'), linger: int('s.') }),
    v.strictObject({
      sec: v.pipe(v.number(VALUE), v.integer(VALUE), v.minValue(-1e9, VALUE), v.maxValue(1e9, VALUE)),
      usec: int('us.'),
    }),
  ],
  VALUE,
);
const SetsockoptCall = v.strictObject({
  op: v.literal('setsockopt'),
  fd,
  option,
  level,
  value: v.optional(OptionValueShape, 1),
  length,
});
const GetsockoptCall = v.strictObject({ op: v.literal('getsockopt'), fd, option, level, length });

const POLL_EVENTS = [
  'POLLIN',
  'POLLPRI',
  'POLLOUT',
  'POLLERR',
  'POLLHUP',
  'POLLRDNORM',
  'POLLWRNORM',
  'POLLRDHUP',
] as const;
const PollCall = v.strictObject({
  op: v.literal('poll'),
  fds: listOf(
    v.strictObject(
      { fd, events: listOf(oneOf(POLL_EVENTS, ''), 8, 'events') },
      'such as { "fd": "c1", "events": ["POLLIN"] }',
    ),
    64,
    'descriptors',
  ),
  timeoutMs: v.optional(whole(-1, 600_000, 'How long it waits; -1: without limit, 0: not at all.', 'ms'), -1),
});
const IoctlCall = v.strictObject({
  op: v.literal('ioctl'),
  fd,
  request: v.union(
    [
      oneOf(['SIOCINQ', 'SIOCOUTQ', 'SIOCOUTQNSD', 'SIOCATMARK', 'FIONBIO'], 'What.'),
      whole(0, INT_MAX, 'Its number, for one without a name here.'),
    ],
    'a request such as "SIOCINQ"',
  ),
  value: v.optional(int('What stands at the argument before.'), 0),
});
const FcntlCall = v.strictObject({
  op: v.literal('fcntl'),
  fd,
  command: v.union(
    [oneOf(['F_GETFL', 'F_SETFL', 'F_GETOWN', 'F_SETOWN'], 'What.'), whole(0, INT_MAX, 'Its number.')],
    'a command such as "F_SETFL"',
  ),
  flags: v.optional(listOf(oneOf(['O_RDWR', 'O_NONBLOCK'], ''), 2, 'flags'), []),
});

const ip = (doc: string) => matching(IP, 'an IPv4 address such as "10.0.0.2"', doc);
const PEERS = ['A', 'B', 'R'] as const;
const ADDRESS = 'an address: { "host": "B", "port": 5001 } or { "ip": "10.0.0.2", "port": 5001 }';

/** A host by name or by IP address, and a port. */
const AddressFields = v.pipe(
  v.strictObject(
    {
      host: v.exactOptional(oneOf(PEERS, 'The host; of a router the address at the first cable.')),
      ip: v.exactOptional(ip('Its address, in place of the host.')),
      port: whole(0, 65_535, 'Port.'),
    },
    ADDRESS,
  ),
  v.check(({ host, ip }) => (host === undefined) !== (ip === undefined), ADDRESS),
);
export type Address = v.InferOutput<typeof AddressFields>;

/** Where a datagram goes: a raw socket has no ports. */
const TargetFields = v.pipe(
  v.strictObject({ ...AddressFields.entries, port: v.optional(AddressFields.entries.port, 0) }, ADDRESS),
  v.check(({ host, ip }) => (host === undefined) !== (ip === undefined), ADDRESS),
);
const EchoFields = v.strictObject(
  {
    id: v.optional(whole(0, 65_535, 'Identifier.'), 1),
    seq: v.optional(whole(0, 65_535, 'Sequence number.'), 1),
  },
  'an echo request: { "id": 1, "seq": 1 }',
);
const SendtoCall = v.strictObject({
  op: v.literal('sendto'),
  ...payload,
  bytes: whole(0, LARGEST_CALL, 'Bytes to send.', 'bytes'),
  buffer,
  flags: v.optional(listOf(oneOf(SEND_FLAGS, ''), 8, 'flags'), []),
  to: v.exactOptional(TargetFields),
  /** Of a raw socket: the program puts the header of an ICMP echo request, and its checksum, over the first 8 bytes. */
  echo: v.exactOptional(EchoFields),
});
const RecvfromCall = v.strictObject({
  op: v.literal('recvfrom'),
  fd,
  bytes: wanted,
  buffer,
  flags: v.optional(listOf(oneOf(RECV_FLAGS, ''), 8, 'flags'), []),
});

const SOCKET_FLAGS = ['SOCK_NONBLOCK'] as const;
const socketFlags = v.optional(listOf(oneOf(SOCKET_FLAGS, ''), 1, 'flags'), []);
const as = label('Name for the descriptor that comes of it.');

const SocketCall = v.strictObject({
  op: v.literal('socket'),
  as,
  type: v.optional(oneOf(['SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW'], 'TCP, UDP, or whole packets.'), 'SOCK_STREAM'),
  protocol: v.exactOptional(
    oneOf(['IPPROTO_ICMP', 'IPPROTO_TCP', 'IPPROTO_UDP'], 'Left out: that of the type; a raw socket needs one.'),
  ),
  flags: socketFlags,
});
const BindCall = v.strictObject({
  op: v.literal('bind'),
  fd,
  ip: v.optional(ip('Own address; 0.0.0.0: any.'), '0.0.0.0'),
  port: v.optional(whole(0, 65_535, 'Port; 0: any that is free.'), 0),
});
const ListenCall = v.strictObject({
  op: v.literal('listen'),
  fd,
  backlog: v.optional(whole(-1, 65_535, 'Connections that may wait for accept, less one.'), 128),
});
const AcceptCall = v.strictObject({ op: v.literal('accept'), fd, as, flags: socketFlags });
const ConnectCall = v.strictObject({ op: v.literal('connect'), fd, to: AddressFields });
const GetSockNameCall = v.strictObject({ op: v.literal('getsockname'), fd });
const GetPeerNameCall = v.strictObject({ op: v.literal('getpeername'), fd });

const SleepCall = v.strictObject({ op: v.literal('sleep'), us: whole(1, 600_000_000, 'Time asleep.', 'us') });

const PLAIN_CALLS = [
  SocketCall,
  BindCall,
  ListenCall,
  AcceptCall,
  ConnectCall,
  GetSockNameCall,
  GetPeerNameCall,
  WriteCall,
  SendCall,
  SendtoCall,
  WritevCall,
  SendmsgCall,
  ReadCall,
  RecvCall,
  RecvfromCall,
  ReadvCall,
  RecvmsgCall,
  ShutdownCall,
  CloseCall,
  SetsockoptCall,
  GetsockoptCall,
  PollCall,
  IoctlCall,
  FcntlCall,
  SleepCall,
] as const;
type PlainCall = v.InferOutput<(typeof PLAIN_CALLS)[number]>;
type PlainCallInput = v.InferInput<(typeof PLAIN_CALLS)[number]>;
const OPS = [...PLAIN_CALLS.map(({ entries }) => entries.op.literal), 'loop'];

/** One thing a task does. `loop` repeats calls. */
export type Call = PlainCall | { op: 'loop'; times: number; calls: Call[] };
export type CallInput = PlainCallInput | { op: 'loop'; times: number; calls: CallInput[] };

export const AnyCall: v.GenericSchema<CallInput, Call> = v.variant(
  'op',
  [
    ...PLAIN_CALLS,
    v.strictObject({
      op: v.literal('loop'),
      times: whole(1, 10_000, 'How often.'),
      calls: listOf(
        v.lazy(() => AnyCall),
        64,
        'calls',
        1,
      ),
    }),
  ],
  `a call whose op is ${listed(OPS)}`,
);

/** A call that enters the kernel. */
export type SystemCall = Exclude<Call, { op: 'loop' } | { op: 'sleep' }>;
export type Pattern = (typeof PATTERNS)[number];

/** Names of the descriptors that calls use, loops included. */
export function descriptorsIn(calls: readonly Call[]): Set<string> {
  const names = new Set<string>();
  for (const call of calls) {
    if (call.op === 'loop') for (const name of descriptorsIn(call.calls)) names.add(name);
    else if (call.op === 'poll') for (const { fd } of call.fds) names.add(fd);
    else if ('fd' in call) names.add(call.fd);
  }
  return names;
}

/** Names that calls give to descriptors with `as`, in loops too. */
export function openedIn(calls: readonly Call[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const call of calls) {
    if (call.op === 'loop') for (const name of openedIn(call.calls)) names.add(name);
    else if ('as' in call) names.add(call.as);
  }
  return names;
}
