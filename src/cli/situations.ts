/** The situations of the recordings in src/trace/golden, as scenarios: what was set up there, as far as a scenario can say it. */
import type { CallInput, ScenarioInput } from '../scenario/schema';

type Nic = NonNullable<NonNullable<NonNullable<ScenarioInput['hosts']>['A']>['nic']>;
type Qdisc = NonNullable<NonNullable<NonNullable<ScenarioInput['hosts']>['A']>['qdisc']>;

/** The emulated card never vouches for a received checksum. */
const CARD: Nic = { rxCsum: false };
/** `-ii`: transmit checksum on, all else off. */
const PLAIN: Nic = { ...CARD, sg: false, tso: false, gso: false };

interface Setup {
  readonly nic?: Nic;
  readonly qdisc?: Qdisc;
  readonly timestamps?: boolean;
  readonly side?: { readonly sndbuf?: number; readonly cwnd?: number };
  readonly reading?: { readonly quickack?: number | null; readonly pingpong?: boolean; readonly rcvbuf?: number };
  /** What the writer does after its warm-up. */
  readonly writes: readonly CallInput[];
  /** Writes of 100 bytes before, so that the connection is no longer new. */
  readonly warmUp?: number;
  readonly captures?: ScenarioInput['captures'];
}

const write = (bytes: number): CallInput => ({ op: 'write', connection: 'c1', bytes });
const recv = (): CallInput => ({ op: 'recv', connection: 'c1', bytes: 65_536 });
/** Long enough for a delayed ACK. */
const pause: CallInput = { op: 'sleep', us: 150_000 };

/** A writer on A and a reader on B that is asleep in recv when the data come. One CPU a host, as in the recordings. */
function situation({
  nic = CARD,
  qdisc,
  timestamps = true,
  side = {},
  reading = {},
  writes,
  warmUp = 1,
  captures,
}: Setup): ScenarioInput {
  const before = Array.from({ length: warmUp }, () => [write(100), pause]).flat();
  return {
    title: 'as recorded',
    hosts: {
      A: { cpus: 1, nic, ...(qdisc === undefined ? {} : { qdisc }) },
      B: { cpus: 1, nic },
    },
    link: { mbps: 1000, delayUs: 500 },
    connections: [{ timestamps, a: side, b: reading }],
    tasks: [
      { host: 'A', name: 'writer', startUs: 1000, calls: [...before, ...writes] },
      { host: 'B', name: 'reader', calls: [{ op: 'loop', times: 64, calls: [recv()] }] },
    ],
    ...(captures === undefined ? {} : { captures }),
    limits: { maxMs: 5000 },
  };
}

/** The emulated wires are looked at once a millisecond: ns. */
export const LINK_TICK = 1_000_000;

/** By the recording's number. */
export const SITUATIONS: Readonly<Record<string, ScenarioInput>> = {
  '03': situation({ writes: [write(100)] }),
  '06': situation({ nic: { ...CARD, tso: false }, writes: [write(4000)] }),
  '08': situation({ nic: PLAIN, timestamps: false, writes: [write(4000)] }),
  '11': situation({ nic: PLAIN, timestamps: false, writes: [write(100)] }),
  '12': situation({ nic: PLAIN, timestamps: false, writes: [write(4000)] }),
  '21': situation({ reading: { quickack: 0, pingpong: true }, writes: [write(100)] }),
  '23': situation({ warmUp: 0, writes: [write(100)] }),
  '28': situation({ writes: [write(100)], captures: [{ host: 'A' }, { host: 'B' }] }),
  '31': situation({ writes: [write(100)] }),
  '33': situation({
    nic: { ...CARD, tso: false, gso: false },
    timestamps: false,
    qdisc: { kind: 'tbf', rate: 1_000_000, burst: 1600, limit: 30_000 },

    writes: [write(4000)],
  }),
  '36': situation({ side: { sndbuf: 16_384 }, writes: [write(65_536)] }),
};
