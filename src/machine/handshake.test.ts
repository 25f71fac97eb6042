import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  EBADF,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOTCONN,
  ETIMEDOUT,
} from '../kernel/include/linux/errno';
import { tcp_sock } from '../kernel/include/linux/tcp';
import type { CallInput } from '../scenario/calls';
import { presetNamed } from '../scenario/presets';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

type Host = 'A' | 'B';

/** A run of tasks `HOST NAME` that make calls, without connections made before; what came of it. */
class Story {
  readonly run: Run;
  readonly trace: Trace;

  constructor(tasks: Readonly<Record<string, readonly CallInput[]>>, rest: Partial<ScenarioInput> = {}) {
    const parsed = parseScenario({
      connections: [],
      tasks: Object.entries(tasks).map(([place, calls], nth) => ({
        host: place[0] as Host,
        name: place.slice(2),
        startUs: 100 * nth,
        calls: [...calls],
      })),
      limits: { maxMs: 1_000_000 },
      ...rest,
    });
    if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
    this.run = run(parsed.scenario, { level: 'calls' });
    this.trace = new Trace(this.run.trace);
    if (this.run.trace.end.reason === 'error') throw new Error(this.run.trace.end.message);
  }

  /** When nothing more happened, s. */
  get end(): number {
    return this.trace.time(this.trace.steps - 1) / 1e9;
  }

  /** What the calls of a task returned. */
  returned(task: string): readonly number[] {
    return this.run.processes.get(task)?.returned ?? [];
  }

  /** Seconds of virtual time at which TCP segments left a host, each with its flags: `S`, `S.`, `.`, `R`... */
  sent(host: Host): { at: number; flags: string; bytes: Uint8Array }[] {
    return captureAt(this.trace, { host: host === 'A' ? 0 : 1, dev: 'eth0', side: 'wire' })
      .filter(({ direction, bytes }) => direction === 'out' && bytes[12] === 8 && bytes[23] === 6)
      .map(({ ns, bytes }) => ({ at: ns / 1e9, flags: flagsOf(bytes[47] ?? 0), bytes }));
  }

  calls(name: string): number {
    let found = 0;
    for (let n = 0; n < this.trace.steps; n++) {
      if (this.trace.kind(n) === Kind.ENTER && this.trace.functionAt(n)?.name === name) found++;
    }
    return found;
  }

  /** Objects of a kind that were not freed. */
  live(type: string): number {
    const { heap } = this.run;
    return heap.objects.filter((object) => object !== null && object.$type.name === type && heap.isLive(object)).length;
  }
}

function flagsOf(bits: number): string {
  return ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W'].filter((_, n) => (bits & (1 << n)) !== 0).join('');
}

const PORT = 5001;
const to = { host: 'B', port: PORT } as const;
const listening = (backlog = 8): CallInput[] => [
  { op: 'socket', as: 'l' },
  { op: 'bind', fd: 'l', port: PORT },
  { op: 'listen', fd: 'l', backlog },
];
const connecting: readonly CallInput[] = [
  { op: 'socket', as: 's' },
  { op: 'connect', fd: 's', to },
];
const accept: CallInput = { op: 'accept', fd: 'l', as: 'c' };
const sleep = (ms: number): CallInput => ({ op: 'sleep', us: ms * 1000 });
/** Buffers that wait in the receive rings of both cards. */
const IN_RINGS = 512;
/**
 * A SYN queue for 8 has 16 buckets, of which the timer looks at two each 200 ms (inet_csk_reqsk_queue_prune): a SYN-ACK that is due
 * waits up to 1.6 s for its turn.
 */
const ROUND = 1.6;
/** Options of a SYN of Linux: MSS 1460, SACK permitted, timestamps, NOP, window scale. */
const SYN_OPTIONS = [2, 4, 5, 180, 4, 2, 8, 10];

describe('a connection that is asked for', () => {
  const story = new Story({
    'B server': [...listening(), accept, { op: 'read', fd: 'c', bytes: 1000 }, { op: 'getpeername', fd: 'c' }],
    'A client': [...connecting, { op: 'write', fd: 's', bytes: 100 }, { op: 'getsockname', fd: 's' }],
  });

  it('is accepted, and carries bytes', () => {
    expect(story.returned('B server')).toEqual([3, 0, 0, 4, 100, 0]);
    expect(story.returned('A client')).toEqual([3, 0, 100, 0]);
    const written = story.run.processes.get('A client')?.named('s').ledger.written ?? [];
    const read = story.run.processes.get('B server')?.named('c').ledger.read ?? [];
    expect(Buffer.concat(read).equals(Buffer.concat(written))).toBe(true);
  });

  it('takes three segments (RFC 793 figure 7)', () => {
    expect(story.sent('A').map(({ flags }) => flags)).toEqual(['S', '.', 'P.']);
    expect(story.sent('B').map(({ flags }) => flags)).toEqual(['S.', '.']);
  });

  it('agrees on options: a header of 40 bytes, ten segments of window, scale 7', () => {
    const [syn] = story.sent('A');
    const [synAck] = story.sent('B');
    const view = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []);
    expect([...view(syn?.bytes).subarray(54, 62)]).toEqual(SYN_OPTIONS);
    expect([...view(syn?.bytes).subarray(70, 74)]).toEqual([1, 3, 3, 7]);
    // 10 MSS of 1460; the SYN-ACK's are 12 bytes shorter, as timestamps are agreed on by then.
    expect(view(syn?.bytes).readUInt16BE(48)).toBe(14_600);
    expect(view(synAck?.bytes).readUInt16BE(48)).toBe(14_480);
    expect(view(synAck?.bytes).readUInt32BE(42)).toBe(view(syn?.bytes).readUInt32BE(38) + 1);
  });

  it('leaves nothing behind but its sockets', () => {
    expect(story.live('tcp_request_sock')).toBe(0);
    expect(story.live('sk_buff')).toBe(IN_RINGS);
    expect(story.live('listen_sock')).toBe(1);
    expect(story.run.machine.quiet).toBe(true);
  });

  it('has a port of the local range', () => {
    const port = Buffer.from(story.sent('A')[0]?.bytes ?? []).readUInt16BE(34);
    expect(port).toBeGreaterThanOrEqual(32_768);
    expect(port).toBeLessThanOrEqual(61_000);
  });
});

describe('connect', () => {
  it('is refused where nobody listens', () => {
    const story = new Story({ 'A client': connecting });
    expect(story.returned('A client')).toEqual([3, -ECONNREFUSED]);
    expect(story.sent('B').map(({ flags }) => flags)).toEqual(['R.']);
    expect(story.live('sk_buff')).toBe(IN_RINGS);
  });

  it('may be tried again on the same socket', () => {
    const story = new Story({
      'A client': [...connecting, sleep(10), { op: 'connect', fd: 's', to }],
      'B server': [sleep(5), ...listening(), accept],
    });
    expect(story.returned('A client')).toEqual([3, -ECONNREFUSED, 0]);
    expect(story.returned('B server')).toEqual([3, 0, 0, 4]);
  });

  it('sends its SYN again after 3, 6, 12, 24 and 48 s, and gives up after 189 s (2.6.39: initial RTO 3 s, tcp_syn_retries 5)', () => {
    const story = new Story({ 'A client': connecting }, { link: { faults: [{ op: 'drop', from: 'A' }] } });
    const times = story.sent('A').map(({ at }) => Math.round(at));
    expect(times).toEqual([0, 3, 9, 21, 45, 93]);
    expect(story.returned('A client')).toEqual([3, -ETIMEDOUT]);
    expect(Math.round(story.end)).toBe(189);
  });

  it('gives up sooner with fewer tries', () => {
    const story = new Story(
      { 'A client': connecting },
      { link: { faults: [{ op: 'drop', from: 'A' }] }, hosts: { A: { sysctl: { 'ipv4.tcp_syn_retries': 1 } } } },
    );
    expect(story.sent('A')).toHaveLength(2);
    expect(story.returned('A client')).toEqual([3, -ETIMEDOUT]);
  });

  it('returns at once on a socket that does not block, and says how far it is', () => {
    const again: CallInput = { op: 'connect', fd: 's', to };
    const story = new Story(
      {
        'B server': [...listening(), accept],
        'A client': [{ op: 'socket', as: 's', flags: ['SOCK_NONBLOCK'] }, again, again, sleep(10), again, again],
      },
      { link: { delayUs: 2000 } },
    );
    expect(story.returned('A client')).toEqual([3, -EINPROGRESS, -EALREADY, 0, -EISCONN]);
  });

  it('stops waiting after SO_SNDTIMEO, while the attempt goes on', () => {
    const story = new Story(
      {
        'A client': [
          { op: 'socket', as: 's' },
          { op: 'setsockopt', fd: 's', option: 'SO_SNDTIMEO', value: { sec: 1, usec: 0 } },
          { op: 'connect', fd: 's', to },
          { op: 'connect', fd: 's', to },
        ],
        'B server': [...listening(), accept],
      },
      { link: { faults: [{ op: 'drop', from: 'A', nth: 1 }] } },
    );
    expect(story.returned('A client').slice(2)).toEqual([-EINPROGRESS, -EALREADY]);
    expect(story.returned('B server').at(-1)).toBe(4);
  });

  it('fails where no route leads, and for what is no socket', () => {
    const story = new Story(
      {
        'A client': [
          { op: 'socket', as: 's' },
          { op: 'connect', fd: 's', to: { ip: '192.0.2.1', port: 80 } },
          { op: 'connect', fd: 's', to: { ip: '10.0.0.255', port: 80 } },
          { op: 'getpeername', fd: 's' },
          { op: 'listen', fd: 's' },
          { op: 'accept', fd: 's', as: 'c' },
        ],
      },
      {},
    );
    const [, noRoute, broadcast, peer, listen] = story.returned('A client');
    expect([noRoute, broadcast, peer, listen]).toEqual([-ENETUNREACH, -ENETUNREACH, -ENOTCONN, 0]);
  });

  it('at both ends at once makes one connection (RFC 793 figure 8)', () => {
    const cross = (host: Host): CallInput[] => [
      { op: 'socket', as: 's' },
      { op: 'bind', fd: 's', port: 7000 },
      { op: 'connect', fd: 's', to: { host, port: 7000 } },
      { op: host === 'A' ? 'write' : 'read', fd: 's', bytes: 10 },
    ];
    const story = new Story({ 'A one': cross('B'), 'B two': cross('A') }, { link: { delayUs: 5000 } });
    expect(story.returned('A one')).toEqual([3, 0, 0, 10]);
    expect(story.returned('B two')).toEqual([3, 0, 0, 10]);
    expect(
      story
        .sent('A')
        .slice(0, 2)
        .map(({ flags }) => flags),
    ).toEqual(['S', 'S.']);
    expect(story.live('sk_buff')).toBe(IN_RINGS);
  });
});

describe('bind, listen and accept', () => {
  it('a port is for one, unless both allow reuse and none listens', () => {
    const reuse = (fd: string): CallInput => ({ op: 'setsockopt', fd, option: 'SO_REUSEADDR' });
    const bind = (fd: string, ip?: string): CallInput => ({
      op: 'bind',
      fd,
      port: PORT,
      ...(ip === undefined ? {} : { ip }),
    });
    const socket = (as: string): CallInput => ({ op: 'socket', as });
    const story = new Story({
      'B server': [
        socket('a'),
        socket('b'),
        bind('a'),
        bind('b'),
        bind('a'),
        { op: 'bind', fd: 'b', ip: '10.0.0.77', port: 1 },
        socket('c'),
        socket('d'),
        reuse('c'),
        reuse('d'),
        { op: 'bind', fd: 'c', port: 6000 },
        { op: 'bind', fd: 'd', port: 6000 },
        { op: 'listen', fd: 'c' },
        { op: 'listen', fd: 'd' },
      ],
    });
    const [, , a, b, twice, elsewhere, , , , , c, d, first, second] = story.returned('B server');
    expect([a, b, twice, elsewhere]).toEqual([0, -EADDRINUSE, -EINVAL, -EADDRNOTAVAIL]);
    expect([c, d, first, second]).toEqual([0, 0, 0, -EADDRINUSE]);
  });

  it('accept does not wait where it must not, nor on what does not listen', () => {
    const story = new Story({
      'B server': [
        { op: 'socket', as: 'l', flags: ['SOCK_NONBLOCK'] },
        { op: 'accept', fd: 'l', as: 'c' },
        { op: 'listen', fd: 'l' },
        { op: 'accept', fd: 'l', as: 'c' },
        { op: 'read', fd: 'c', bytes: 1 },
      ],
    });
    expect(story.returned('B server')).toEqual([3, -EINVAL, 0, -EAGAIN, -EBADF]);
  });

  it('accept stops waiting after SO_RCVTIMEO', () => {
    const story = new Story({
      'B server': [
        ...listening(),
        { op: 'setsockopt', fd: 'l', option: 'SO_RCVTIMEO', value: { sec: 2, usec: 500_000 } },
        accept,
      ],
    });
    expect(story.returned('B server').at(-1)).toBe(-EAGAIN);
    expect(story.end).toBeCloseTo(2.5, 1);
  });

  it('a SYN-ACK that is lost goes again when its timer finds it, and the connection is made', () => {
    const story = new Story(
      { 'B server': [...listening(), accept], 'A client': connecting },
      { link: { faults: [{ op: 'drop', from: 'B', nth: 1 }] } },
    );
    expect(story.returned('A client')).toEqual([3, 0]);
    expect(story.returned('B server').at(-1)).toBe(4);
    const [first, second] = story.sent('B');
    expect([first?.flags, second?.flags]).toEqual(['S.', 'S.']);
    const gap = (second?.at ?? 0) - (first?.at ?? 0);
    expect(gap).toBeGreaterThanOrEqual(2.999);
    expect(gap).toBeLessThan(3 + ROUND + 0.1);
  });

  it('of a peer that is silent SYN-ACKs are sent five times more, then it is forgotten', () => {
    const story = new Story(
      { 'B server': [...listening(), accept], 'A client': connecting },
      {
        link: {
          faults: [
            { op: 'drop', from: 'A', fromUs: 50 * 1 + 1000 },
            { op: 'drop', from: 'B' },
          ],
        },
        limits: { maxMs: 250_000 },
      },
    );
    const times = story.sent('B').map(({ at }) => at);
    expect(times).toHaveLength(6);
    for (const [nth, wait] of [3, 6, 12, 24, 48].entries()) {
      const gap = (times[nth + 1] ?? 0) - (times[nth] ?? 0);
      expect(gap).toBeGreaterThanOrEqual(wait - 0.001);
      expect(gap).toBeLessThan(wait + ROUND + 0.1);
    }
    expect(story.live('tcp_request_sock')).toBe(0);
  });

  it('what does not fit the accept queue waits: the ACK is dropped and the SYN-ACK goes again', () => {
    const client = (n: number): [string, readonly CallInput[]] => [`A client${n}`, [sleep(n + 1), ...connecting]];
    const story = new Story(
      {
        'B server': [...listening(0), sleep(4000), accept, accept, accept],
        ...Object.fromEntries([0, 1, 2].map(client)),
      },
      { limits: { maxMs: 60_000 } },
    );
    // Backlog 0 holds one; for the client each of them is established at its SYN-ACK.
    for (const n of [0, 1, 2]) expect(story.returned(`A client${n}`)).toEqual([3, 0]);
    expect(story.returned('B server').slice(3)).toEqual([4, 5, 6]);
    expect(story.sent('B').filter(({ flags }) => flags === 'S.').length).toBeGreaterThan(3);
  });

  it('with tcp_abort_on_overflow he is reset instead', () => {
    const story = new Story(
      {
        'B server': [...listening(0), sleep(2000)],
        'A first': connecting,
        'A second': [sleep(5), ...connecting, sleep(100), { op: 'read', fd: 's', bytes: 1 }],
      },
      { hosts: { B: { sysctl: { 'ipv4.tcp_abort_on_overflow': 1 } } } },
    );
    expect(story.sent('B').map(({ flags }) => flags)).toContain('R');
    expect(story.returned('A second').at(-1)).toBe(-104);
  });
});

describe('several clients over a cable that loses frames', () => {
  /** Which of the first frames of a direction are lost. */
  const lost = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 5 });

  it('all get through in the end, whatever is lost and however short the accept queue is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        lost,
        lost,
        (count, backlog, a, b) => {
          const names = Array.from({ length: count }, (_, n) => `c${n}`);
          const drop = (from: Host, nth: number[]) => (nth.length === 0 ? [] : [{ op: 'drop' as const, from, nth }]);
          const story = new Story(
            {
              'B server': [
                ...listening(backlog),
                ...names.map((as): CallInput => ({ op: 'accept', fd: 'l', as })),
                ...names.map((fd): CallInput => ({ op: 'recv', fd, bytes: 10, flags: ['MSG_WAITALL'] })),
              ],
              ...Object.fromEntries(
                names.map((name) => [`A ${name}`, [...connecting, { op: 'write', fd: 's', bytes: 10 }] as CallInput[]]),
              ),
            },
            { link: { faults: [...drop('A', a), ...drop('B', b)] } },
          );
          for (const name of names) expect(story.returned(`A ${name}`)).toEqual([3, 0, 10]);
          expect(story.returned('B server').slice(3 + count)).toEqual(names.map(() => 10));
          expect(story.live('tcp_request_sock')).toBe(0);
          expect(story.live('sk_buff')).toBe(IN_RINGS);
          expect(story.run.machine.quiet).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('presets of opening a connection', () => {
  const told = (name: string): Story => {
    const wanted = presetNamed(name);
    if (wanted === null) throw new Error(`no preset ${name}`);
    const { tasks = [], ...rest } = wanted.scenario;
    return new Story({}, { ...rest, tasks });
  };

  it('handshake: one request, one connection, 100 bytes', () => {
    const story = told('handshake');
    expect(story.returned('B server')).toEqual([3, 0, 0, 4, 100]);
    expect(story.calls('tcp_v4_conn_request')).toBe(1);
    expect(story.calls('tcp_create_openreq_child')).toBe(1);
    expect(story.calls('cookie_v4_init_sequence')).toBe(0);
  });

  it('syn-flood-cookies: the seventeenth SYN gets a cookie, and all options with it', () => {
    const story = told('syn-flood-cookies');
    expect(story.calls('cookie_v4_init_sequence')).toBe(1);
    expect(story.returned('A client')).toEqual([expect.any(Number), 0, 100]);
    expect(story.returned('B server').at(-1)).toBe(100);
    expect(story.live('tcp_request_sock')).toBe(16);
    const { heap } = story.run;
    const child = heap.objects.find(
      (one) => tcp_sock.isInstance(one) && heap.objHost[one.$id] === 1 && one.skc_state === 1,
    );
    if (!tcp_sock.isInstance(child)) throw new Error('no connection');
    expect(child.rx_opt).toMatchObject({
      tstamp_ok: true,
      wscale_ok: true,
      snd_wscale: 7,
      rcv_wscale: 7,
      mss_clamp: 1460,
    });
    expect(child.rx_opt.sack_ok & 1).toBe(1);
  });

  it('without cookies the seventeenth SYN is dropped', () => {
    const wanted = presetNamed('syn-flood-cookies');
    const { tasks = [], ...rest } = wanted?.scenario ?? {};
    const story = new Story({}, { ...rest, tasks, hosts: { B: { sysctl: { 'ipv4.tcp_syncookies': 0 } } } });
    expect(story.returned('A client')).toHaveLength(1);
    expect(story.live('tcp_request_sock')).toBe(16);
  });
});
