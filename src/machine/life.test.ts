/** The end of connections, options and what programs are told, through the machine: numbers from RFC 793, RFC 1122 and the facts of 2.6.39. */
import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import { tcp_sock } from '../kernel/include/linux/tcp';
import { SIGPIPE, task_struct } from '../kernel/include/linux/wait';
import { inet_timewait_sock } from '../kernel/include/net/inet_timewait_sock';
import { type CallInput, parseScenario, type ScenarioInput } from '../scenario/schema';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';
import { alive } from './story';
import type { CallResult } from './syscalls/enter';

const EPIPE = 32;
const EAGAIN = 11;
const EINVAL = 22;
const ENOPROTOOPT = 92;
const ENOTCONN = 107;
const EBADF = 9;
const ECONNRESET = 104;
const POLLIN = 0x41;
const POLLOUT = 0x104;
const POLLHUP = 0x10;
const POLLERR = 0x08;
const POLLPRI = 0x02;
const POLLRDHUP = 0x2000;

class Life {
  readonly run: Run;
  /** What each call gave, by task. */
  readonly answers = new Map<string, CallResult[]>();

  constructor(a: readonly CallInput[], b: readonly CallInput[], rest: Partial<ScenarioInput> = {}) {
    const parsed = parseScenario({
      tasks: [
        { host: 'A', name: 'a', startUs: 100, calls: [...a] },
        ...(b.length > 0 ? [{ host: 'B' as const, name: 'b', calls: [...b] }] : []),
      ],
      limits: { maxMs: 600_000 },
      ...rest,
    });
    if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
    this.run = run(parsed.scenario, {
      level: 'calls',
      onAnswer: ({ task }, _call, answer) => {
        this.answers.set(task.comm, [...(this.answers.get(task.comm) ?? []), answer]);
      },
    });
    expect(this.run.trace.end.message).toMatch(/nothing is left to do|limit/);
  }

  results(task: 'a' | 'b'): number[] {
    return (this.answers.get(task) ?? []).map(({ result }) => result);
  }

  /** Segments on A's wire: `> FIN ACK 0` is one that A sent; with the ms of each. */
  segments(): { text: string; ms: number }[] {
    const packets = captureAt(new Trace(this.run.trace), { host: 0, dev: 'eth0', side: 'wire' });
    return packets
      .filter(({ bytes }) => bytes[12] === 0x08 && bytes[13] === 0x00)
      .map(({ bytes, ns, direction }) => {
        const flags = bytes[47] ?? 0;
        const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, bit) => (flags & (1 << bit)) !== 0);
        const total = ((bytes[16] ?? 0) << 8) | (bytes[17] ?? 0);
        const payload = total - 20 - ((bytes[46] ?? 0) >> 4) * 4;
        const shown = names.filter((name) => name !== 'PSH').join(' ');
        return { text: `${direction === 'out' ? '>' : '<'} ${shown} ${payload}`, ms: ns / 1e6 };
      });
  }

  /** Virtual ns at which nothing was left to do. */
  get end(): number {
    const trace = new Trace(this.run.trace);
    return trace.time(trace.steps - 1);
  }

  texts(): string[] {
    return this.segments().map(({ text }) => text);
  }

  live<T>(type: Parameters<typeof alive<T>>[1]): number {
    return alive(this.run.heap, type).length;
  }
}

const write = (bytes: number): CallInput => ({ op: 'write', fd: 'c1', bytes });
const read = (bytes = 65_536): CallInput => ({ op: 'read', fd: 'c1', bytes });
const close: CallInput = { op: 'close', fd: 'c1' };
const sleep = (ms: number): CallInput => ({ op: 'sleep', us: ms * 1000 });
const set = (option: string, value: unknown = 1): CallInput =>
  ({ op: 'setsockopt', fd: 'c1', option, value }) as unknown as CallInput;
const get = (option: string): CallInput => ({ op: 'getsockopt', fd: 'c1', option }) as unknown as CallInput;

describe('closing', () => {
  it('goes FIN, ACK, FIN, ACK; the active side rests in TIME_WAIT for 60 s and nothing is left then', () => {
    const life = new Life([write(10), close], [read(), read(), close]);
    expect(life.results('a')).toEqual([10, 0]);
    expect(life.results('b')).toEqual([10, 0, 0]);
    expect(life.texts().filter((text) => text.includes('FIN'))).toEqual(['> FIN ACK 0', '< FIN ACK 0']);
    expect(life.texts().at(-1)).toBe('> ACK 0');
    expect([life.live(tcp_sock), life.live(inet_timewait_sock)]).toEqual([0, 0]);
    // The slow timer has eight slots of 7.5 s, the first of which begins with the socket.
    expect(life.end / 1e9).toBeCloseTo(60, 0);
  });

  it('on both sides at once goes by CLOSING, and both rest in TIME_WAIT', () => {
    const life = new Life([sleep(10), close], [sleep(10), close], { link: { delayUs: 5000 } });
    expect(life.texts()).toEqual(['> FIN ACK 0', '< FIN ACK 0', '> ACK 0', '< ACK 0']);
    expect([life.live(tcp_sock), life.live(inet_timewait_sock)]).toEqual([0, 0]);
  });

  it('with unread data resets: the peer reads ECONNRESET, then writes EPIPE', () => {
    const life = new Life([write(10), sleep(5), read(), write(1)], [sleep(1), close]);
    expect(life.texts().some((text) => text.startsWith('< RST'))).toBe(true);
    expect(life.results('a')).toEqual([10, -ECONNRESET, -EPIPE]);
  });

  it('with SO_LINGER and no time resets', () => {
    const life = new Life([set('SO_LINGER', { onoff: 1, linger: 0 }), close], [read()]);
    expect(life.texts()).toEqual(['> RST ACK 0']);
    expect(life.results('b')).toEqual([-ECONNRESET]);
  });

  it('with SO_LINGER waits for the ACK of the FIN, at most so long', () => {
    const life = new Life(
      [set('SO_LINGER', { onoff: 1, linger: 2 }), write(10), close, { op: 'close', fd: 'c1' }],
      [],
      {
        link: { delayUs: 200_000 },
      },
    );
    expect(life.results('a')).toEqual([0, 10, 0, -EBADF]);
    const trace = new Trace(life.run.trace);
    let closed = 0;
    for (let n = 0; n < trace.steps; n++)
      if (trace.functionAt(n)?.name === 'sk_stream_wait_close') closed = trace.time(n);
    expect(closed / 1e6).toBeGreaterThan(400);
  });

  it('leaves an orphan in FIN_WAIT2 to a small socket for tcp_fin_timeout', () => {
    const life = new Life([close], [read(), sleep(100_000)], {
      hosts: { A: { sysctl: { 'ipv4.tcp_fin_timeout': 20 } } },
    });
    expect(life.live(inet_timewait_sock)).toBe(0);
    const trace = new Trace(life.run.trace);
    const killed: number[] = [];
    for (let n = 0; n < trace.steps; n++)
      if (trace.functionAt(n)?.name === 'inet_twsk_free') killed.push(trace.time(n) / 1e9);
    // Three slots of 7.5 s hold 20 s.
    expect(killed[0]).toBeGreaterThan(20);
    expect(killed[0]).toBeLessThan(30.1);
  });

  it('answers data for a closed reader with a reset', () => {
    const life = new Life([sleep(5), write(10), sleep(5), write(10)], [close]);
    expect(life.texts()).toContain('< RST 0');
    expect(life.results('a')).toEqual([10, -EPIPE]);
  });
});

describe('shutdown', () => {
  it('of the sending side lets data come still, and writes give EPIPE with a signal', () => {
    const life = new Life(
      [{ op: 'shutdown', fd: 'c1', how: 'SHUT_WR' }, write(1), read(), read()],
      [read(), write(100), close],
    );
    expect(life.results('a')).toEqual([0, -EPIPE, 100, 0]);
    expect(life.results('b')).toEqual([0, 100, 0]);
    const told = life.run.heap.objects.filter((object) => task_struct.isInstance(object) && object.signals !== 0);
    expect(told.map((task) => task_struct.isInstance(task) && [task.comm, task.signals])).toEqual([['a', SIGPIPE]]);
  });

  it('twice fails once the connection is gone; an unknown way is EINVAL', () => {
    const how = (way: 'SHUT_RDWR' | number): CallInput => ({ op: 'shutdown', fd: 'c1', how: way });
    const life = new Life(
      [how(7), how('SHUT_RDWR'), sleep(50), how('SHUT_RDWR')],
      [read(), set('SO_LINGER', { onoff: 1, linger: 0 }), close],
    );
    expect(life.results('a')).toEqual([-EINVAL, 0, -ENOTCONN]);
  });
});

describe('options', () => {
  it('double and clamp buffers', () => {
    const life = new Life(
      [
        set('SO_SNDBUF', 10_000),
        get('SO_SNDBUF'),
        set('SO_SNDBUF', 1),
        get('SO_SNDBUF'),
        set('SO_RCVBUF', 1 << 24),
        get('SO_RCVBUF'),
      ],
      [],
    );
    expect((life.answers.get('a') ?? []).map(({ value }) => value)).toEqual([
      undefined,
      20_000,
      undefined,
      2048,
      undefined,
      2 * 126_976,
    ]);
  });

  it('of TCP have the defaults and the ranges of 2.6.39', () => {
    const names = [
      'TCP_KEEPIDLE',
      'TCP_KEEPINTVL',
      'TCP_KEEPCNT',
      'TCP_SYNCNT',
      'TCP_LINGER2',
      'TCP_NODELAY',
      'TCP_CONGESTION',
      'IP_TTL',
      'IP_MTU',
    ];
    const life = new Life(names.map(get), []);
    expect((life.answers.get('a') ?? []).map(({ value }) => value)).toEqual([7200, 75, 9, 5, 60, 0, 'cubic', 64, 1500]);
    const errors = new Life(
      [
        set('TCP_MAXSEG', 87),
        set('TCP_KEEPCNT', 128),
        set('TCP_CONGESTION', 'nosuch'),
        set('SO_TYPE', 1),
        set('IP_TTL', 256),
        { op: 'setsockopt', fd: 'c1', option: 99, level: 6, value: 1 },
        { op: 'setsockopt', fd: 'c1', option: 'TCP_NODELAY', value: 1, length: 2 },
      ],
      [],
    );
    expect(errors.results('a')).toEqual([-EINVAL, -EINVAL, -2, -ENOPROTOOPT, -EINVAL, -ENOPROTOOPT, -EINVAL]);
  });

  it('TCP_INFO tells the state of the connection', () => {
    const life = new Life([write(100), sleep(100), get('TCP_INFO')], [read()]);
    const { info, length } = life.answers.get('a')?.at(-1) ?? {};
    expect(length).toBe(104);
    expect(info).toMatchObject({
      state: 1,
      ca_state: 0,
      unacked: 0,
      snd_mss: 1448,
      pmtu: 1500,
      advmss: 1448,
      reordering: 3,
      options: 7,
    });
    expect(info?.snd_cwnd).toBeGreaterThanOrEqual(10);
  });

  it('TCP_CORK holds a part of a segment back until it is taken off', () => {
    const life = new Life([set('TCP_CORK'), write(100), write(100), sleep(10), set('TCP_CORK', 0)], [read()]);
    const data = life.segments().filter(({ text }) => text.endsWith(' 200'));
    expect(data).toHaveLength(1);
    expect(data[0]?.ms).toBeGreaterThan(10);
  });

  it('SO_RCVTIMEO ends a read with EAGAIN', () => {
    const life = new Life([set('SO_RCVTIMEO', { sec: 0, usec: 50_000 }), read()], []);
    expect(life.results('a')).toEqual([0, -EAGAIN]);
    expect(life.end / 1e6).toBeGreaterThan(50);
  });

  it('SO_RCVLOWAT lets a reader sleep until so much is there', () => {
    const life = new Life([write(10), sleep(20), write(90)], [set('SO_RCVLOWAT', 100), read()]);
    expect(life.results('b')).toEqual([0, 100]);
  });
});

describe('keepalive', () => {
  it('asks after the idle time, then at each interval, and gives up with ETIMEDOUT', () => {
    const life = new Life(
      [set('TCP_KEEPIDLE', 10), set('TCP_KEEPINTVL', 5), set('TCP_KEEPCNT', 3), set('SO_KEEPALIVE'), read()],
      [],
      { link: { faults: [{ op: 'drop', from: 'A', kind: 'tcp', rate: 1 }] } },
    );
    expect(life.results('a').at(-1)).toBe(-110);
    const probes = life.segments().filter(({ text }) => text === '> ACK 0');
    expect(probes.map(({ ms }) => Math.round(ms / 1000))).toEqual([10, 15, 20]);
    expect(life.texts().at(-1)).toBe('> RST ACK 0');
  });

  it('goes on as long as the peer answers, at the interval from the first probe on', () => {
    const idle = [set('TCP_KEEPIDLE', 10), set('TCP_KEEPINTVL', 11), set('SO_KEEPALIVE')];
    const life = new Life([...idle, sleep(35_000), set('SO_KEEPALIVE', 0)], [read()]);
    expect(life.texts()).toEqual(['> ACK 0', '< ACK 0', '> ACK 0', '< ACK 0', '> ACK 0', '< ACK 0']);
    const probes = life.segments().filter(({ text }) => text.startsWith('>'));
    expect(probes.map(({ ms }) => Math.round(ms / 1000))).toEqual([10, 21, 32]);
  });
});

describe('poll', () => {
  it('sleeps until something is to read, and says when it may be written to', () => {
    const one = (events: readonly ('POLLIN' | 'POLLOUT')[], timeoutMs: number): CallInput => ({
      op: 'poll',
      fds: [{ fd: 'c1', events: [...events] }],
      timeoutMs,
    });
    const life = new Life(
      [sleep(30), write(10)],
      [one(['POLLIN'], 0), one(['POLLIN', 'POLLOUT'], 0), one(['POLLIN'], 10), one(['POLLIN'], -1)],
    );
    expect(life.results('b')).toEqual([0, 1, 0, 1]);
    expect((life.answers.get('b') ?? []).map(({ revents }) => revents?.[0])).toEqual([0, POLLOUT & 4, 0, POLLIN & 1]);
  });

  it('tells of the end and of errors that were not asked for', () => {
    const events: CallInput = { op: 'poll', fds: [{ fd: 'c1', events: ['POLLIN', 'POLLRDHUP'] }] };
    const ended = new Life([close], [sleep(5), events]);
    expect(ended.answers.get('b')?.at(-1)?.revents).toEqual([1 | POLLRDHUP]);
    const reset = new Life([set('SO_LINGER', { onoff: 1, linger: 0 }), close], [sleep(5), events]);
    expect(reset.answers.get('b')?.at(-1)?.revents).toEqual([1 | POLLRDHUP | POLLHUP | POLLERR]);
  });
});

describe('urgent data', () => {
  it('stands out of line: a read stops before it, MSG_OOB takes it', () => {
    const oob: CallInput = { op: 'recv', fd: 'c1', bytes: 10, flags: ['MSG_OOB'] };
    const life = new Life(
      [write(5), { op: 'send', fd: 'c1', bytes: 3, flags: ['MSG_OOB'] }, write(4)],
      [
        sleep(100),
        { op: 'poll', fds: [{ fd: 'c1', events: ['POLLPRI'] }], timeoutMs: 0 },
        { op: 'ioctl', fd: 'c1', request: 'SIOCINQ' },
        read(),
        { op: 'ioctl', fd: 'c1', request: 'SIOCATMARK' },
        oob,
        oob,
        read(),
      ],
    );
    expect(life.results('b')).toEqual([1, 0, 7, 0, 1, -EINVAL, 4]);
    const answers = life.answers.get('b') ?? [];
    expect([answers[0]?.revents, answers[1]?.value, answers[3]?.value]).toEqual([[POLLPRI], 7, 1]);
  });

  it('in line is read as the rest', () => {
    const life = new Life(
      [sleep(5), { op: 'send', fd: 'c1', bytes: 3, flags: ['MSG_OOB'] }, write(4)],
      [set('SO_OOBINLINE'), sleep(50), read()],
    );
    expect(life.results('b').at(-1)).toBeGreaterThan(0);
    expect(life.run.ledgers.get('c1')?.b.read.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(2);
  });
});

describe('descriptors', () => {
  it('O_NONBLOCK makes calls return at once', () => {
    const life = new Life(
      [
        { op: 'fcntl', fd: 'c1', command: 'F_GETFL' },
        { op: 'fcntl', fd: 'c1', command: 'F_SETFL', flags: ['O_RDWR', 'O_NONBLOCK'] },
        { op: 'fcntl', fd: 'c1', command: 'F_GETFL' },
        read(),
      ],
      [],
    );
    expect(life.results('a')).toEqual([2, 0, 0o4002, -EAGAIN]);
  });

  it('take and give several pieces in one call', () => {
    const life = new Life(
      [
        { op: 'writev', fd: 'c1', pieces: [3, 4, 5] },
        { op: 'sendmsg', fd: 'c1', pieces: [6, 0, 2], flags: ['MSG_DONTWAIT'] },
        { op: 'ioctl', fd: 'c1', request: 'SIOCOUTQ' },
      ],
      [sleep(20), { op: 'readv', fd: 'c1', pieces: [1, 9] }, { op: 'recvmsg', fd: 'c1', pieces: [4, 40] }],
    );
    expect(life.results('a')).toEqual([12, 8, 0]);
    expect(life.results('b')).toEqual([10, 10]);
    const { a, b } = life.run.ledgers.get('c1') ?? {};
    expect(Buffer.concat(b?.read ?? []).equals(Buffer.concat(a?.written ?? []))).toBe(true);
  });
});
