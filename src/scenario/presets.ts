/** Scenarios that come with the app. Their numbers are chosen so that each shows what it is named for. */
import type { CallInput, Scenario, ScenarioInput } from './schema';
import { parseScenario } from './schema';
import { VERSION } from './shape';

export interface Preset {
  /** In links and on the command line: never renamed. */
  readonly name: string;
  readonly title: string;
  /** What to watch, one sentence. */
  readonly watch: string;
  readonly scenario: ScenarioInput;
}

type Rest = Omit<ScenarioInput, 'title' | 'watch' | 'version'>;

function preset(name: string, title: string, watch: string, rest: Rest): Preset {
  return { name, title, watch, scenario: { version: VERSION, title, watch, ...rest } };
}

const write = (bytes: number, connection = 'c1'): CallInput => ({ op: 'write', connection, bytes });
const read = (bytes: number, connection = 'c1'): CallInput => ({ op: 'read', connection, bytes });

/** Host A's writer starts when host B's reader already waits. */
const writer = (...calls: CallInput[]) => ({ host: 'A' as const, name: 'writer', startUs: 50, calls });
const reader = (...calls: CallInput[]) => ({ host: 'B' as const, name: 'reader', cpu: 1, calls });

/** One call that returns when all `bytes` have come. */
const readAll = (bytes: number, connection = 'c1'): CallInput => ({
  op: 'recv',
  connection,
  bytes,
  flags: ['MSG_WAITALL'],
});

export const PRESETS: readonly Preset[] = [
  preset(
    'write-4000',
    'write(4000), as the article tells it',
    'One write() becomes three sk_buffs of 1460, 1460 and 1080 bytes: tcp_push_one sends the first two, tcp_push the last.',
    {
      kernel: 'article',
      hosts: { A: { nic: { sg: false, tso: false, gso: false } }, B: { nic: { gro: false } } },
      connections: [{ timestamps: false }],
      tasks: [writer(write(4000)), reader(readAll(4000))],
    },
  ),
  preset(
    'write-100',
    'write(100): one small segment',
    'The smallest journey: 100 bytes in one sk_buff, straight past an empty qdisc into the ring, and up to the reader.',
    { tasks: [writer(write(100)), reader(read(100))] },
  ),
  preset(
    'write-4000-2.6.39',
    'write(4000) with the defaults of 2.6.39',
    'One sk_buff takes all 4000 bytes in page fragments; its two full segments leave as one, for the card to cut, the rest follows.',
    { tasks: [writer(write(4000)), reader(readAll(4000))] },
  ),
  preset(
    'write-64k-cwnd',
    'write(65536) against the congestion window',
    'Ten segments leave at once and the rest wait at the cwnd gate; each ACK opens it a little wider.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
      link: { delayUs: 500 },
      connections: [{ a: { sndbuf: 262_144, sndWnd: 131_072 }, b: { rcvbuf: 262_144 } }],
      tasks: [writer(write(65_536)), reader(readAll(65_536))],
    },
  ),
  preset(
    'write-rwnd',
    "write(12000) against the receiver's window",
    'The congestion window has room for ten segments, but the peer announced 6144 bytes: the fifth waits until the reader reads.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
      connections: [{ b: { rcvbuf: 8192 } }],
      tasks: [
        writer(write(12_000)),
        { host: 'B', name: 'reader', cpu: 1, calls: [{ op: 'sleep', us: 5000 }, readAll(12_000)] },
      ],
    },
  ),
  preset(
    'write-sndbuf',
    'write(65536) and a send buffer of 16 kB',
    'The writer fills its send buffer and falls asleep in sk_stream_wait_memory; ACKs free memory and wake it.',
    {
      link: { delayUs: 500 },
      connections: [{ a: { sndbuf: 16_000 } }],
      tasks: [writer(write(65_536)), reader(readAll(65_536))],
    },
  ),
  preset(
    'capture-on',
    'A packet capture is open',
    'The tap list ptype_all is no longer empty: each frame is cloned for the packet socket, on its way out and on its way in.',
    {
      captures: [{ host: 'A' }, { host: 'B' }],
      tasks: [writer(write(4000)), reader(readAll(4000))],
    },
  ),
  preset(
    'offload-off',
    'All offloads off',
    'The kernel cuts the data and sums every byte itself: what the capture sees is what stands on the wire.',
    {
      hosts: {
        A: { nic: { txCsum: false, rxCsum: false, gro: false } },
        B: { nic: { txCsum: false, rxCsum: false, gro: false } },
      },
      captures: [{ host: 'A' }],
      tasks: [writer(write(7240)), reader(readAll(7240))],
    },
  ),
  preset(
    'offload-on',
    'Checksum and segmentation in the card',
    'The capture sees one frame of 7306 bytes with a half-done checksum; on the wire are five frames with right ones.',
    { captures: [{ host: 'A' }], tasks: [writer(write(7240)), reader(readAll(7240))] },
  ),
  preset(
    'qdisc-backlog',
    'A qdisc that holds packets back',
    'The token bucket lets two frames go; the others wait in it until its watchdog raises NET_TX.',
    {
      hosts: {
        A: { qdisc: { kind: 'tbf', rate: 10_000_000, burst: 3100, limit: 30_000 }, nic: { tso: false, gso: false } },
      },
      tasks: [writer(write(8000)), reader(readAll(8000))],
    },
  ),
  preset(
    'two-writers',
    'Two CPUs meet at the TX lock',
    'Two tasks write at the same moment on two CPUs; eth0 has no qdisc, so both go for the TX lock and one spins.',
    {
      hosts: { A: { qdisc: { kind: 'noqueue' } } },
      connections: [{ name: 'c1' }, { name: 'c2', a: { port: 40_001 } }],
      tasks: [
        { host: 'A', name: 'writer-1', cpu: 0, startUs: 50, calls: [write(1000, 'c1')] },
        { host: 'A', name: 'writer-2', cpu: 1, startUs: 50, calls: [write(1000, 'c2')] },
        { host: 'B', name: 'reader-1', cpu: 0, calls: [read(1000, 'c1')] },
        { host: 'B', name: 'reader-2', cpu: 1, calls: [read(1000, 'c2')] },
      ],
    },
  ),
  preset(
    'read-wakes',
    'A reader wakes',
    'The reader sleeps in recv(); the segment goes to the prequeue, wakes it, and is processed in its context.',
    {
      tasks: [{ ...writer(write(100)), startUs: 500 }, reader({ op: 'recv', connection: 'c1', bytes: 65_536 })],
    },
  ),
];

export function presetNamed(name: string): Preset | null {
  return PRESETS.find((one) => one.name === name) ?? null;
}

/** A preset's scenario, all fields filled in. Throws if the preset is not valid: a mistake of this file. */
export function scenarioOf({ name, scenario }: Preset): Scenario {
  const parsed = parseScenario(scenario);
  if (!parsed.ok) throw new Error(`preset ${name}: ${parsed.issues.map(({ message }) => message).join('; ')}`);
  return parsed.scenario;
}
