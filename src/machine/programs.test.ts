/** Random programs at both ends of a connection: whatever they call, the stream stays whole and in order, and all ends without a trace. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { e1000_buffer } from '../kernel/drivers/net/e1000/e1000_struct';
import { file } from '../kernel/include/linux/fs';
import { socket } from '../kernel/include/linux/net';
import { poll_table_entry } from '../kernel/include/linux/poll';
import { sk_buff } from '../kernel/include/linux/skbuff';
import { tcp_sock } from '../kernel/include/linux/tcp';
import { inet_timewait_sock } from '../kernel/include/net/inet_timewait_sock';
import { proto_memory } from '../kernel/include/net/sock';
import { type CallInput, parseScenario } from '../scenario/schema';
import { type Run, run } from './run';
import { alive } from './story';

const fd = 'c1';
const bytes = fc.integer({ min: 1, max: 9000 });
/** Calls that end by themselves: a program that sends without waiting and reads with a timeout cannot hang on the other. */
const call: fc.Arbitrary<CallInput> = fc.oneof(
  bytes.map((n): CallInput => ({ op: 'send', fd, bytes: n, flags: ['MSG_DONTWAIT'] })),
  bytes.map((n): CallInput => ({ op: 'send', fd, bytes: n, flags: ['MSG_DONTWAIT', 'MSG_MORE'] })),
  fc
    .array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 4 })
    .map((pieces): CallInput => ({ op: 'sendmsg', fd, pieces, flags: ['MSG_DONTWAIT'] })),
  bytes.map((n): CallInput => ({ op: 'read', fd, bytes: n })),
  bytes.map((n): CallInput => ({ op: 'recv', fd, bytes: n, flags: ['MSG_PEEK', 'MSG_DONTWAIT'] })),
  bytes.map((n): CallInput => ({ op: 'recv', fd, bytes: n, flags: ['MSG_WAITALL'] })),
  fc
    .array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 })
    .map((pieces): CallInput => ({ op: 'readv', fd, pieces })),
  fc
    .integer({ min: 0, max: 30 })
    .map((timeoutMs): CallInput => ({ op: 'poll', fds: [{ fd, events: ['POLLIN', 'POLLOUT'] }], timeoutMs })),
  fc.integer({ min: 1, max: 60_000 }).map((us): CallInput => ({ op: 'sleep', us })),
  fc.constantFrom<CallInput>(
    { op: 'shutdown', fd, how: 'SHUT_WR' },
    { op: 'shutdown', fd, how: 'SHUT_RD' },
    { op: 'shutdown', fd, how: 'SHUT_RDWR' },
    { op: 'setsockopt', fd, option: 'TCP_NODELAY', value: 1 },
    { op: 'setsockopt', fd, option: 'TCP_CORK', value: 1 },
    { op: 'setsockopt', fd, option: 'TCP_CORK', value: 0 },
    { op: 'setsockopt', fd, option: 'TCP_QUICKACK', value: 1 },
    { op: 'setsockopt', fd, option: 'TCP_LINGER2', value: -1 },
    { op: 'setsockopt', fd, option: 'TCP_USER_TIMEOUT', value: 5000 },
    { op: 'setsockopt', fd, option: 'SO_KEEPALIVE', value: 1 },
    { op: 'setsockopt', fd, option: 'SO_SNDBUF', value: 4096 },
    { op: 'setsockopt', fd, option: 'SO_RCVBUF', value: 2048 },
    { op: 'setsockopt', fd, option: 'SO_LINGER', value: { onoff: 1, linger: 0 } },
    { op: 'setsockopt', fd, option: 'SO_LINGER', value: { onoff: 1, linger: 1 } },
    { op: 'getsockopt', fd, option: 'TCP_INFO' },
    { op: 'ioctl', fd, request: 'SIOCINQ' },
    { op: 'ioctl', fd, request: 'SIOCOUTQ' },
  ),
);
const START: CallInput = { op: 'setsockopt', fd, option: 'SO_RCVTIMEO', value: { sec: 0, usec: 50_000 } };
const END: CallInput = { op: 'close', fd };
const programOf = fc.array(call, { maxLength: 10 }).map((calls): CallInput[] => [START, ...calls, END]);

function finished(a: CallInput[], b: CallInput[], delayUs: number): Run {
  const parsed = parseScenario({
    link: { delayUs },
    tasks: [
      { host: 'A', name: 'a', startUs: 10, calls: a },
      { host: 'B', name: 'b', calls: b },
    ],
    limits: { maxMs: 600_000 },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const ended = run(parsed.scenario, { level: 'calls' });
  if (ended.trace.end.reason !== 'done') throw new Error(`the run ended with ${ended.trace.end.message}`);
  return ended;
}

describe('random programs', () => {
  it('read a beginning of what was written, and leave no socket, file, packet or memory behind', () => {
    fc.assert(
      fc.property(programOf, programOf, fc.constantFrom(5, 3000), (a, b, delayUs) => {
        const ended = finished(a, b, delayUs);
        const { a: left, b: right } = ended.ledgers.get(fd) ?? {};
        for (const [from, to] of [
          [left, right],
          [right, left],
        ]) {
          const written = Buffer.concat(from?.written ?? []);
          const read = Buffer.concat(to?.read ?? []);
          expect(written.subarray(0, read.length).equals(read)).toBe(true);
        }
        const rings = new Set(alive(ended.heap, e1000_buffer).map(({ skb }) => skb));
        const lost = alive(ended.heap, sk_buff).filter((skb) => !rings.has(skb as never));
        const memory = alive(ended.heap, proto_memory).map((pool) =>
          proto_memory.isInstance(pool) ? [pool.memory_allocated, pool.orphan_count, pool.sockets_allocated] : [],
        );
        expect({
          socks: alive(ended.heap, tcp_sock).length,
          timewait: alive(ended.heap, inet_timewait_sock).length,
          sockets: alive(ended.heap, socket).filter((sock) => sock.file !== null).length,
          files: alive(ended.heap, file).length,
          polls: alive(ended.heap, poll_table_entry).length,
          lost: lost.length,
          memory: memory.flat().filter((n) => n !== 0),
        }).toEqual({ socks: 0, timewait: 0, sockets: 0, files: 0, polls: 0, lost: 0, memory: [] });
      }),
      { numRuns: 25 },
    );
  });
});
