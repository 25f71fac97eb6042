/** The situations of the recordings in src/trace/golden, as scenarios: what was set up there, as far as a scenario can say it. */
import { lookUp } from '../base/look-up';
import { type CallInput, parseScenario, type Scenario, type ScenarioInput } from '../scenario/schema';

type Nic = NonNullable<NonNullable<NonNullable<ScenarioInput['hosts']>['A']>['nic']>;
type Qdisc = NonNullable<NonNullable<NonNullable<ScenarioInput['hosts']>['A']>['qdisc']>;

/** `-ii`: transmit checksum on, all else off. */
const PLAIN: Nic = { sg: false, tso: false, gso: false };

interface Setup {
  readonly nic?: Nic;
  readonly qdisc?: Qdisc;
  readonly timestamps?: boolean;
  readonly side?: { readonly sndbuf?: number; readonly cwnd?: number };
  readonly reading?: { readonly quickack?: number | null; readonly pingpong?: boolean; readonly rcvbuf?: number };
  /** What the writer does after its warm-up. */
  readonly writes: readonly CallInput[];
  /** A write of 100 bytes before, so that routes and neighbours are known: over the same connection, or over another. */
  readonly before?: 'same' | 'other';
  /** From a tick of the link to the first write, us: as in the recording, where a tick is an interrupt for a frame. */
  readonly phase?: number;
  /** From the warm-up to the writes, ms. */
  readonly pauseMs?: number;
  readonly captures?: ScenarioInput['captures'];
}

const write = (bytes: number, fd = 'c1'): CallInput => ({ op: 'write', fd, bytes });
const recv = (fd: string): CallInput => ({ op: 'recv', fd, bytes: 65_536 });
/** From the warm-up to the writes that count: long enough for a delayed ACK, ms. */
const PAUSE_MS = 150;
/** Of those recordings that end before the next tick: no matter. */
const SOME_PHASE = 250;

/** A writer on A and a reader on B that is asleep in recv when the data come. One CPU a host, as in the recordings. */
function situation(setup: Setup): ScenarioInput {
  const {
    nic = {},
    qdisc,
    timestamps = true,
    side = {},
    reading = {},
    before = 'same',
    phase = SOME_PHASE,
    pauseMs = PAUSE_MS,
  } = setup;
  const names = before === 'same' ? ['c1'] : ['c1', 'c0'];
  const first = names.at(-1) ?? 'c1';
  const readers = names.map((name) => ({
    host: 'B' as const,
    name: `reader-${name}`,
    calls: [{ op: 'loop' as const, times: 64, calls: [recv(name)] }],
  }));
  return {
    title: 'as recorded',
    hosts: {
      A: { cpus: 1, nic, ...(qdisc === undefined ? {} : { qdisc }) },
      B: { cpus: 1, nic },
    },
    link: { mbps: 1000, delayUs: 0 },
    connections: names.map((name, nth) => ({
      name,
      timestamps,
      a: { port: 40_000 + nth, ...side },
      b: reading,
    })),
    tasks: [
      {
        host: 'A',
        name: 'warmer',
        startUs: 1000,
        calls: [write(100, first)],
      },
      {
        host: 'A',
        name: 'writer',
        startUs: (1 + pauseMs) * 1000 + phase,
        calls: [...setup.writes],
      },
      ...readers,
    ],
    ...(setup.captures === undefined ? {} : { captures: setup.captures }),
    limits: { maxMs: 5000 },
  };
}

/** One write into a qdisc that loses all, on a connection that was idle for longer than its RTO: nobody hears of it. */
const ALL_IS_LOST: ScenarioInput = {
  title: 'as recorded',
  hosts: { A: { cpus: 1, qdisc: { kind: 'netem', loss: 100 } }, B: { cpus: 1 } },
  link: { delayUs: 0 },
  tasks: [{ host: 'A', name: 'writer', startUs: 1_000_250, calls: [write(100)] }],
  limits: { maxMs: 1700 },
};

/**
 * Five writes of which the first is lost; the ACKs come back after 600 ms, and nobody reads. The writes before leave the page that the
 * socket fills at an offset from which the second of the five crosses its end.
 */
const ONE_IS_LOST: ScenarioInput = {
  title: 'as recorded',
  hosts: { A: { cpus: 1 }, B: { cpus: 1, qdisc: { kind: 'netem', delayUs: 600_000 } } },
  link: { delayUs: 0, faults: [{ op: 'drop', from: 'A', kind: 'data', fromUs: 5_900_000, nth: 1 }] },
  connections: [{ a: { nodelay: true, rttMs: 600 } }],
  tasks: [
    {
      host: 'A',
      name: 'writer',
      startUs: 1250,
      calls: [
        { op: 'loop', times: 5, calls: [write(500), { op: 'sleep', us: 1_200_000 }] },
        ...Array.from({ length: 5 }, () => write(1000)),
      ],
    },
  ],
  limits: { maxMs: 8500 },
};

/** A datagram larger than the MTU, to a reader that sleeps in recv; one like it has gone before, so that routes and peers are known, and a small one. */
const FRAGMENTED: ScenarioInput = {
  title: 'as recorded',
  hosts: { A: { cpus: 1 }, B: { cpus: 1 } },
  link: { delayUs: 0 },
  connections: [],
  tasks: [
    {
      host: 'B',
      name: 'reader',
      calls: [
        { op: 'socket', as: 's', type: 'SOCK_DGRAM' },
        { op: 'bind', fd: 's', port: 5001 },
        { op: 'loop', times: 3, calls: [recv('s')] },
      ],
    },
    {
      host: 'A',
      name: 'writer',
      startUs: 1000,
      calls: [
        { op: 'socket', as: 's', type: 'SOCK_DGRAM' },
        { op: 'connect', fd: 's', to: { host: 'B', port: 5001 } },
        write(4000, 's'),
        { op: 'sleep', us: 5000 },
        write(100, 's'),
        { op: 'sleep', us: 144_000 },
        write(4000, 's'),
      ],
    },
  ],
  limits: { maxMs: 500 },
};

/** Two ends of a connection that carried nothing: one closes, the other reads the end of the stream and closes too. Routes are known. */
const CLOSED: ScenarioInput = {
  title: 'as recorded',
  hosts: {
    A: { cpus: 1, sysctl: { 'ipv4.tcp_no_metrics_save': 1 } },
    B: { cpus: 1, sysctl: { 'ipv4.tcp_no_metrics_save': 1 } },
  },
  link: { mbps: 1000, delayUs: 0 },
  connections: [{ name: 'c1' }, { name: 'c0', a: { port: 40_001 } }],
  tasks: [
    { host: 'A', name: 'warmer', startUs: 1000, calls: [write(100, 'c0')] },
    { host: 'A', name: 'closer', startUs: 501_020, calls: [{ op: 'close', fd: 'c1' }] },
    { host: 'B', name: 'reader-c0', calls: [recv('c0')] },
    { host: 'B', name: 'reader-c1', calls: [recv('c1'), { op: 'close', fd: 'c1' }] },
  ],
  limits: { maxMs: 510 },
};

/**
 * How the recorded machine ran: both hosts were network namespaces on one CPU, cards and wires were emulated, frames were handed over
 * once a millisecond, and the tracer made each function dear. 125 makes an ACK take the recorded time: 217 us from one to the next of a
 * reader that drains its backlog (recording 36), 150 us from the begin of a write to its first interrupt (03, 11).
 */
export const PACE = { linkTick: 1_000_000, slowdown: 125, oneCore: true, emulated: true } as const;

/** A connection that is asked for and accepted; one before left the route, and the neighbours as its ARP request and reply made them. */
const CONNECT: ScenarioInput = {
  title: 'as recorded',
  hosts: { A: { cpus: 1, arp: 'unknown' }, B: { cpus: 1, arp: 'unknown' } },
  link: { mbps: 1000, delayUs: 0 },
  connections: [],
  tasks: [
    {
      host: 'B',
      name: 'server',
      calls: [
        { op: 'socket', as: 'listener' },
        { op: 'bind', fd: 'listener', port: 5001 },
        { op: 'listen', fd: 'listener', backlog: 8 },
        { op: 'loop', times: 2, calls: [{ op: 'accept', fd: 'listener', as: 'c' }] },
      ],
    },
    ...['warmer', 'client'].map((name, nth) => ({
      host: 'A' as const,
      name,
      startUs: 1000 + nth * 500_000 + SOME_PHASE,
      calls: [
        { op: 'socket' as const, as: 's' },
        { op: 'connect' as const, fd: 's', to: { host: 'B' as const, port: 5001 } },
      ],
    })),
  ],
  limits: { maxMs: 5000 },
};

/** By the recording's number. */
export const SITUATIONS: Readonly<Record<string, ScenarioInput>> = {
  '02': CONNECT,
  '03': situation({ writes: [write(100)] }),
  '06': situation({ nic: { tso: false }, writes: [write(4000)] }),
  '08': situation({ nic: PLAIN, timestamps: false, writes: [write(4000)] }),
  '11': situation({ phase: 246, nic: PLAIN, timestamps: false, writes: [write(100)] }),
  '12': situation({ nic: PLAIN, timestamps: false, phase: 466, writes: [write(4000)] }),
  '21': situation({ phase: 510, before: 'other', reading: { quickack: 0, pingpong: true }, writes: [write(100)] }),
  '23': situation({ pauseMs: 3500, phase: 944, writes: [write(100)] }),
  '28': situation({ phase: 958, writes: [write(100)], captures: [{ host: 'A' }] }),
  '31': situation({ writes: [write(100)] }),
  '33': situation({
    phase: 366,
    nic: { tso: false, gso: false },
    timestamps: false,
    qdisc: { kind: 'tbf', rate: 1_000_000, burst: 1600, limit: 30_000 },

    writes: [write(4000)],
  }),
  // The writer is woken by the ninth ACK: by then 9552 bytes and overhead are queued, 2/3 of a buffer that was set and does not grow.
  '40': ALL_IS_LOST,
  '44': ONE_IS_LOST,
  '48': FRAGMENTED,
  '36': situation({ phase: 471, side: { sndbuf: 16_000 }, writes: [write(65_536)] }),
  '37': CLOSED,
};

/** The situation of a recording of the project by its number, null: there is none. */
export function situationOf(number: string): Scenario | null {
  const input = lookUp(SITUATIONS, number);
  if (input === undefined) return null;
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(`situation ${number}: ${parsed.issues.map(({ message }) => message).join('; ')}`);
  return parsed.scenario;
}
