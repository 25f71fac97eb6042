/** Connections that random programs make, use and end over links that lose frames, for a while or for good. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { e1000_buffer } from '../kernel/drivers/net/e1000/e1000_struct';
import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EHOSTUNREACH,
  EINPROGRESS,
  EINVAL,
  ENOTCONN,
  EPIPE,
  ETIMEDOUT,
} from '../kernel/include/linux/errno';
import { file } from '../kernel/include/linux/fs';
import { sk_buff } from '../kernel/include/linux/skbuff';
import { tcp_sock } from '../kernel/include/linux/tcp';
import { inet_timewait_sock } from '../kernel/include/net/inet_timewait_sock';
import { proto_memory } from '../kernel/include/net/sock';
import { type CallInput, parseScenario, type ScenarioInput } from '../scenario/schema';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';
import { alive } from './story';
import { brokenLaw } from './tcp-laws';

const PORT = 5001;
const bytes = fc.integer({ min: 1, max: 12_000 });

/** Calls on a connection; those that wait for the other end do so no longer than their timeouts. */
const callOn = (fd: string): fc.Arbitrary<CallInput> =>
  fc.oneof(
    { arbitrary: bytes.map((n): CallInput => ({ op: 'write', fd, bytes: n })), weight: 5 },
    { arbitrary: bytes.map((n): CallInput => ({ op: 'read', fd, bytes: n })), weight: 5 },
    bytes.map((n): CallInput => ({ op: 'send', fd, bytes: n, flags: ['MSG_DONTWAIT'] })),
    fc
      .integer({ min: 1, max: 4 })
      .map((n): CallInput => ({ op: 'send', fd, bytes: n, flags: ['MSG_OOB', 'MSG_DONTWAIT'] })),
    bytes.map((n): CallInput => ({ op: 'recv', fd, bytes: n, flags: ['MSG_WAITALL'] })),
    fc.integer({ min: 0, max: 300 }).map((timeoutMs): CallInput => {
      return { op: 'poll', fds: [{ fd, events: ['POLLIN', 'POLLOUT', 'POLLPRI'] }], timeoutMs };
    }),
    fc.integer({ min: 1, max: 900_000 }).map((us): CallInput => ({ op: 'sleep', us })),
    fc.constantFrom<CallInput>(
      { op: 'recv', fd, bytes: 1, flags: ['MSG_OOB', 'MSG_DONTWAIT'] },
      { op: 'shutdown', fd, how: 'SHUT_WR' },
      { op: 'shutdown', fd, how: 'SHUT_RD' },
      { op: 'setsockopt', fd, option: 'SO_OOBINLINE', value: 1 },
      { op: 'setsockopt', fd, option: 'SO_SNDBUF', value: 1 },
      { op: 'setsockopt', fd, option: 'SO_RCVBUF', value: 1 },
      { op: 'setsockopt', fd, option: 'TCP_NODELAY', value: 1 },
      { op: 'setsockopt', fd, option: 'TCP_DEFER_ACCEPT', value: 1 },
      { op: 'setsockopt', fd, option: 'TCP_USER_TIMEOUT', value: 3000 },
      { op: 'setsockopt', fd, option: 'SO_LINGER', value: { onoff: 1, linger: 0 } },
      { op: 'setsockopt', fd, option: 'SO_LINGER', value: { onoff: 1, linger: 2 } },
      { op: 'fcntl', fd, command: 'F_SETFL', flags: ['O_RDWR', 'O_NONBLOCK'] },
    ),
  );
const patience = (fd: string): CallInput[] => [
  { op: 'setsockopt', fd, option: 'SO_RCVTIMEO', value: { sec: 1, usec: 0 } },
];
const callsOn = (fd: string) => fc.array(callOn(fd), { maxLength: 10 });

/** Lost now and then, or all from a moment on, which may be before the first SYN. */
const faults = fc.array(
  fc.oneof(
    fc
      .constantFrom('A' as const, 'B' as const)
      .chain((from) =>
        fc
          .uniqueArray(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 5 })
          .map((nth) => ({ op: 'drop' as const, from, kind: 'tcp' as const, nth })),
      ),
    fc.constantFrom(0.02, 0.1, 0.2).map((rate) => ({ op: 'drop' as const, kind: 'tcp' as const, rate })),
    fc.integer({ min: 5, max: 20 }).map((every) => ({ op: 'reorder' as const, every, frames: 3, us: 20_000 })),
    fc.integer({ min: 2, max: 9 }).map((every) => ({ op: 'duplicate' as const, every })),
    fc.constantFrom(0, 1000, 300_000).map((fromUs) => ({ op: 'drop' as const, kind: 'tcp' as const, fromUs })),
  ),
  { maxLength: 3 },
);

const sysctl = fc.record({
  'ipv4.tcp_ecn': fc.integer({ min: 0, max: 2 }),
  'ipv4.tcp_timestamps': fc.integer({ min: 0, max: 1 }),
  'ipv4.tcp_window_scaling': fc.integer({ min: 0, max: 1 }),
  'ipv4.tcp_sack': fc.integer({ min: 0, max: 1 }),
});

const story = fc.record({
  client: callsOn('s'),
  server: callsOn('c'),
  listens: fc.oneof({ arbitrary: fc.constant(true), weight: 9 }, { arbitrary: fc.constant(false), weight: 1 }),
  blocks: fc.boolean(),
  sysctlA: sysctl,
  sysctlB: sysctl,
  delayUs: fc.constantFrom(5, 2000, 40_000),
  seed: fc.nat(),
  faults,
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

function told({ client, server, listens, blocks, sysctlA, sysctlB, delayUs, seed, faults }: Story): Run {
  const input: ScenarioInput = {
    seed,
    connections: [],
    hosts: {
      A: { sysctl: { ...sysctlA, 'ipv4.tcp_retries2': 5 } },
      B: { sysctl: { ...sysctlB, 'ipv4.tcp_retries2': 5 } },
    },
    link: { delayUs, faults },
    tasks: [
      {
        host: 'B',
        name: 'server',
        calls: listens
          ? [
              { op: 'socket', as: 'l' },
              { op: 'bind', fd: 'l', port: PORT },
              { op: 'listen', fd: 'l', backlog: 4 },
              { op: 'setsockopt', fd: 'l', option: 'SO_RCVTIMEO', value: { sec: 250, usec: 0 } },
              { op: 'accept', fd: 'l', as: 'c' },
              ...patience('c'),
              ...server,
              { op: 'close', fd: 'c' },
              { op: 'close', fd: 'l' },
            ]
          : [{ op: 'sleep', us: 1 }],
      },
      {
        host: 'A',
        name: 'client',
        startUs: 1000,
        calls: [
          { op: 'socket', as: 's', flags: blocks ? [] : ['SOCK_NONBLOCK'] },
          ...patience('s'),
          { op: 'connect', fd: 's', to: { host: 'B', port: PORT } },
          ...(blocks
            ? []
            : [{ op: 'poll' as const, fds: [{ fd: 's', events: ['POLLOUT' as const] }], timeoutMs: 200_000 }]),
          ...client,
          { op: 'close', fd: 's' },
        ],
      },
    ],
    limits: { maxMs: 9_000_000, maxEvents: 6_000_000 },
  };
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const ended = run(parsed.scenario, { level: 'calls' });
  if (ended.trace.end.reason !== 'done') throw new Error(`the run ended with ${ended.trace.end.message}`);
  return ended;
}

/** What a call may fail with when the network or the other end is to blame, or the call comes too late or too early. */
const ENDS = [EAGAIN, ECONNRESET, EPIPE, ETIMEDOUT, ENOTCONN, EHOSTUNREACH];
const MAY_FAIL: Readonly<Record<string, readonly number[]>> = {
  connect: [EINPROGRESS, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH],
  accept: [EAGAIN],
  write: [...ENDS, ECONNREFUSED],
  send: [...ENDS, ECONNREFUSED],
  read: [...ENDS, ECONNREFUSED],
  recv: [...ENDS, ECONNREFUSED, EINVAL],
  shutdown: [ENOTCONN],
};

/** Each call that fails does so for a reason of its own; the refused and the unheard know which they are. */
function checkAnswers({ processes }: Run, { listens, faults }: Story): void {
  for (const [name, { calls }] of processes) {
    expect([name, calls.filter(({ done }) => done === null)]).toEqual([name, []]);
    const accepted = calls.find(({ label }) => label.startsWith('accept'))?.done?.answer.result ?? 0;
    // Nobody came: what follows has no descriptor.
    if (accepted < 0) continue;
    for (const { label, done } of calls) {
      const result = done?.answer.result ?? 0;
      const op = label.slice(0, label.indexOf('('));
      if (result < 0)
        expect(`${name} ${label}: ${MAY_FAIL[op]?.includes(-result) ? 'known' : result}`).toBe(
          `${name} ${label}: known`,
        );
    }
  }
  const connect = processes.get('A client')?.calls.find(({ label }) => label.startsWith('connect'))?.done
    ?.answer.result;
  if (faults.length === 0) expect([0, -EINPROGRESS, -ECONNREFUSED]).toContain(connect);
  if (faults.length === 0 && listens) expect(connect).not.toBe(-ECONNREFUSED);
  if (!listens) expect(connect).not.toBe(0);
  if (faults.some((one) => one.op === 'drop' && 'fromUs' in one && one.fromUs === 0)) {
    expect([-EINPROGRESS, -ETIMEDOUT]).toContain(connect);
  }
}

/** What was read is a beginning of what was written, but for urgent bytes, which may have been taken out. */
function checkStreams({ processes }: Run, { client, server }: Story): void {
  const urgent = (calls: readonly CallInput[]): boolean =>
    calls.some(
      (call) =>
        'flags' in call && (call.flags as readonly string[] | undefined)?.includes('MSG_OOB') && call.op === 'send',
    );
  const a = processes.get('A client')?.named('s').ledger;
  const b = processes.get('B server')?.named('c').ledger;
  for (const [from, to, calls] of [
    [a, b, client],
    [b, a, server],
  ] as const) {
    const written = Buffer.concat(from?.written ?? []);
    const read = Buffer.concat(to?.read ?? []);
    if (!urgent(calls)) expect(written.subarray(0, read.length).equals(read)).toBe(true);
    // Not more than each urgent byte is missing, and all else is in order.
    let at = 0;
    for (const byte of read) {
      at = written.indexOf(byte, at) + 1;
      if (at === 0) throw new Error('a byte was read that was not written');
    }
  }
}

/** Nothing is left: no socket, file, packet, memory or timer of a connection. */
function checkRemains(ended: Run): void {
  const rings = new Set(alive(ended.heap, e1000_buffer).map(({ skb }) => skb));
  const memory = alive(ended.heap, proto_memory).flatMap((pool) =>
    proto_memory.isInstance(pool) ? [pool.memory_allocated, pool.orphan_count, pool.sockets_allocated] : [],
  );
  expect({
    socks: alive(ended.heap, tcp_sock).length,
    timewait: alive(ended.heap, inet_timewait_sock).length,
    files: alive(ended.heap, file).length,
    lost: alive(ended.heap, sk_buff).filter((skb) => !rings.has(skb as never)).length,
    memory: memory.filter((n) => n !== 0),
  }).toEqual({ socks: 0, timewait: 0, files: 0, lost: 0, memory: [] });
}

describe('connections of random programs over links that lose frames', () => {
  it('give each program the stream in order or the right error, keep the laws of TCP, and leave nothing behind', () => {
    fc.assert(
      fc.property(story, (one) => {
        const ended = told(one);
        checkAnswers(ended, one);
        checkStreams(ended, one);
        checkRemains(ended);
        expect(brokenLaw(new Trace(ended.trace)).broken).toBe(null);
      }),
      { numRuns: 20 },
    );
  });
});
