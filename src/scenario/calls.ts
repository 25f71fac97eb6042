/**
 * The calls a task makes, named as the system calls are, and the two that are none: `sleep` and `loop`. Each kind is an entry of the
 * variant `AnyCall`; what performs it stands in src/machine/syscalls.
 */
import * as v from 'valibot';
import { label, listOf, oneOf, text, whole } from './fields';

/** Bytes one call may write or ask for. */
export const LARGEST_CALL = 16 << 20;

const fd = label('Name of a descriptor: that of a connection, or one a call before gave with `as`.');
const PATTERNS = ['offsets', 'letters', 'zeros', 'random'] as const;
const SEND_FLAGS = ['MSG_DONTWAIT', 'MSG_MORE', 'MSG_NOSIGNAL'] as const;
const RECV_FLAGS = ['MSG_DONTWAIT', 'MSG_PEEK', 'MSG_WAITALL'] as const;

const payload = {
  fd,
  bytes: whole(1, LARGEST_CALL, 'Bytes to write.', 'bytes'),
  pattern: v.optional(oneOf(PATTERNS, 'What the bytes are; see payload.ts.'), 'offsets'),
  data: v.optional(v.nullable(text(65_536, 'The text to write: its first `bytes` bytes in UTF-8, repeated.')), null),
};
const wanted = whole(1, LARGEST_CALL, 'Size of the buffer.', 'bytes');

const WriteCall = v.strictObject({ op: v.literal('write'), ...payload });
const SendCall = v.strictObject({
  op: v.literal('send'),
  ...payload,
  flags: v.optional(listOf(oneOf(SEND_FLAGS, ''), 4, 'flags'), []),
});
const ReadCall = v.strictObject({ op: v.literal('read'), fd, bytes: wanted });
const RecvCall = v.strictObject({
  op: v.literal('recv'),
  fd,
  bytes: wanted,
  flags: v.optional(listOf(oneOf(RECV_FLAGS, ''), 4, 'flags'), []),
});
const SleepCall = v.strictObject({ op: v.literal('sleep'), us: whole(1, 600_000_000, 'Time asleep.', 'us') });

type PlainCall = v.InferOutput<
  typeof WriteCall | typeof SendCall | typeof ReadCall | typeof RecvCall | typeof SleepCall
>;
type PlainCallInput = v.InferInput<
  typeof WriteCall | typeof SendCall | typeof ReadCall | typeof RecvCall | typeof SleepCall
>;

/** One thing a task does. `loop` repeats calls. */
export type Call = PlainCall | { op: 'loop'; times: number; calls: Call[] };
export type CallInput = PlainCallInput | { op: 'loop'; times: number; calls: CallInput[] };

export const AnyCall: v.GenericSchema<CallInput, Call> = v.variant(
  'op',
  [
    WriteCall,
    SendCall,
    ReadCall,
    RecvCall,
    SleepCall,
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
  'a call whose op is "write", "send", "read", "recv", "sleep" or "loop"',
);

/** A call that enters the kernel. */
export type SystemCall = Exclude<Call, { op: 'loop' } | { op: 'sleep' }>;
export type Pattern = (typeof PATTERNS)[number];
