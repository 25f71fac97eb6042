/**
 * The scenario, version 2: everything a run is made from. It is data: two hosts back to back or with a router between them,
 * established connections, tasks that make system calls. The defaults are Linux 2.6.39's, so a scenario says only what differs.
 * All sizes are bounded: a scenario comes from a link or a file and is not to be trusted.
 */
import * as v from 'valibot';
import { CABLE_EDITS, Cable } from './cable';
import { AnyCall } from './calls';
import { label, listOf, oneOf, text, whole, yes } from './fields';
import { filterProblem } from './filter/compile';
import { host, interruptRate, PAUSE, ring, router } from './hosts';

export const VERSION = 2;
/** TCP_INFINITE_SSTHRESH: slow start has no end yet. */
export const INFINITE_SSTHRESH = 0x7fffffff;

/** R, the router between them, need not be there. */
export const HOST_NAMES = ['A', 'B', 'R'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** One end of an established connection. A field that is left out is settled from the rest: see settle.ts. */
function side(name: 'A' | 'B', port: number) {
  return v.optional(
    v.strictObject(
      {
        host: v.optional(v.literal(name, JSON.stringify(name)), name),
        port: v.optional(whole(1, 65_535, 'TCP port.'), port),
        sndbuf: v.optional(whole(4096, 16 << 20, 'sk_sndbuf, as struct sock has it.', 'bytes'), 16_384),
        rcvbuf: v.optional(whole(2048, 16 << 20, 'sk_rcvbuf, as struct sock has it.', 'bytes'), 87_380),
        cwnd: v.optional(whole(1, 100_000, 'Congestion window.', 'segments'), 10),
        ssthresh: v.optional(whole(2, INFINITE_SSTHRESH, 'Slow start ends here.', 'segments'), INFINITE_SSTHRESH),
        sndWnd: v.optional(whole(0, 16 << 20, "The peer's advertised window at the start.", 'bytes')),
        quickack: v.optional(
          v.nullable(whole(0, 16, 'ACKs to send at once before delaying; null: measured at the first data.')),
          null,
        ),
        pingpong: yes('The session counts as interactive: ACKs wait for data to ride on.', false),
        nodelay: yes('TCP_NODELAY is set.', false),
        isn: v.optional(whole(0, 0xffffffff, 'Initial sequence number; data starts at the next.')),
        rttMs: v.optional(whole(0, 60_000, 'RTT that the handshake measured.', 'ms')),
      },
      'one end: { port, sndbuf, rcvbuf, cwnd, ... }',
    ),
    {},
  );
}

const ConnectionFields = v.strictObject(
  {
    name: v.optional(label('Tasks name the connection by this.'), 'c1'),
    a: side('A', 40_000),
    b: side('B', 5001),
    timestamps: yes('Timestamps option: 12 bytes in each header.'),
    windowScaling: yes('Window scaling was agreed.'),
    sack: yes('Selective acknowledgements were agreed.'),
    mss: v.optional(whole(88, 65_495, 'MSS both ends announced; default: smaller MTU less 40.', 'bytes')),
  },
  'a connection: { name, a, b, timestamps, windowScaling, sack, mss }',
);

/** What `connections` is when a scenario leaves it out. */
export const plainConnection = (): v.InferOutput<typeof ConnectionFields> => v.parse(ConnectionFields, {});

const TaskShape = v.strictObject(
  {
    host: hostName('Where it runs.'),
    name: label('Shown as task:NAME.'),
    cpu: v.optional(whole(0, 7, 'CPU it runs on.'), 0),
    startUs: v.optional(whole(0, 600_000_000, 'When it starts.', 'us'), 0),
    calls: listOf(AnyCall, 256, 'calls', 1),
  },
  'a task: { host, name, cpu, startUs, calls }',
);

function hostName(doc: string) {
  return oneOf(HOST_NAMES, doc);
}

const CaptureShape = v.strictObject(
  {
    host: hostName('Where the packet socket is open.'),
    dev: v.optional(oneOf(['eth0', 'eth1', 'lo', 'any'], 'The device it listens on; eth1 is for R.'), 'eth0'),
    filter: v.optional(
      v.pipe(
        text(500, ''),
        v.check(
          (filter) => filterProblem(filter) === null,
          ({ input }) => `a filter in tcpdump's language (${filterProblem(input)})`,
        ),
        v.description('Which packets, in tcpdump\'s language: "tcp dst port 5001".'),
      ),
      '',
    ),
    snaplen: v.optional(whole(14, 65_535, 'Bytes it keeps of each packet.', 'bytes'), 65_535),
    rcvbuf: v.optional(
      whole(2048, 16 << 20, 'Receive buffer of the packet socket: packets beyond are dropped and counted.', 'bytes'),
      2 << 20,
    ),
    startUs: v.optional(whole(0, 600_000_000, 'When it is opened.', 'us'), 0),
  },
  'a capture: { "host": "A" }',
);

const flip = () => v.optional(v.boolean('true or false'));

/** A change from outside while the run goes on. */
const EditShape = v.variant(
  'op',
  [
    v.strictObject({
      op: v.literal('nic'),
      atUs: whole(0, 600_000_000, 'When.', 'us'),
      host: hostName('Whose card.'),
      dev: v.optional(oneOf(['eth0', 'eth1'], 'Which of them; eth1 is for R.'), 'eth0'),
      txCsum: flip(),
      rxCsum: flip(),
      sg: flip(),
      tso: flip(),
      gso: flip(),
      gro: flip(),
      txRing: v.optional(ring('TX')),
      rxRing: v.optional(ring('RX')),
      itr: v.optional(interruptRate()),
      pause: v.optional(oneOf(PAUSE, 'Pause frames wanted; the link is agreed on anew.')),
      mbps: v.optional(oneOf([10, 100, 1000], 'Fastest speed it offers its partner; the link is agreed on anew.')),
    }),
    v.strictObject({
      op: v.literal('hang'),
      atUs: whole(0, 600_000_000, 'When.', 'us'),
      host: hostName('Whose card.'),
      dev: v.optional(oneOf(['eth0', 'eth1'], 'Which of them; eth1 is for R.'), 'eth0'),
    }),
    ...CABLE_EDITS,
  ],
  'an edit whose op is "nic", "hang", "link" or "drop"',
);

/** A day and more: keepalive begins after two hours. */
export const LATEST_MS = 100_000_000;
/** Characters of a packetdrill script. */
export const LONGEST_SCRIPT = 131_072;

const Limits = v.strictObject(
  {
    maxEvents: v.optional(whole(1000, 20_000_000, 'The run stops after this many events.', 'events'), 2_000_000),
    maxMs: v.optional(
      whole(1, LATEST_MS, 'The run stops at this virtual time; default 2000, with a script none.', 'ms'),
    ),
  },
  'limits: { maxEvents, maxMs }',
);

/** What a scenario may say, and the defaults; `settle` fills in what depends on other fields. */
export const ScenarioShape = v.strictObject(
  {
    version: v.optional(v.literal(VERSION, String(VERSION)), VERSION),
    title: v.optional(text(120, 'One line.'), 'Untitled'),
    watch: v.optional(text(1000, 'A sentence on what to watch.'), ''),
    kernel: v.optional(
      oneOf(['2.6.39', 'article'], "'article': the shorter socket hop of 2.6.35, as the article shows."),
      '2.6.39',
    ),
    seed: v.optional(whole(0, 0xffffffff, 'Of the random numbers.'), 1),
    hosts: v.optional(
      v.strictObject({ A: host(1), B: host(2), R: v.optional(router) }, 'the hosts, such as { "A": { "cpus": 1 } }'),
      {},
    ),
    link: Cable,
    linkB: Cable,
    connections: v.optional(listOf(ConnectionFields, 16, 'connections')),
    tasks: v.optional(listOf(TaskShape, 64, 'tasks'), []),
    script: v.optional(
      v.nullable(
        text(
          LONGEST_SCRIPT,
          "A packetdrill script: it stands at the other end of host A's wire, in place of host B; see packetdrill/.",
        ),
      ),
      null,
    ),
    captures: v.optional(listOf(CaptureShape, 8, 'captures'), []),
    edits: v.optional(listOf(EditShape, 64, 'edits'), []),
    limits: v.optional(Limits, {}),
  },
  'a scenario: an object with at least "tasks", or "script"',
);

type Shape = v.InferOutput<typeof ScenarioShape>;
type Settled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: Exclude<T[P], undefined> };

type HostShape = Shape['hosts']['A'];
/** A host, all fields known. */
export type Host = Settled<HostShape, 'ip' | 'routes'>;
export type Nic = Host['nic'];
export type Qdisc = Host['qdisc'];
type ConnectionShape = NonNullable<Shape['connections']>[number];
export type SideShape = ConnectionShape['a'];
/** One end of a connection, all fields known. */
export type TcpSide = Settled<Omit<SideShape, 'host'>, 'sndWnd' | 'isn' | 'rttMs'> & { host: 'A' | 'B' };
export type Connection = Omit<Settled<ConnectionShape, 'mss'>, 'a' | 'b'> & { a: TcpSide; b: TcpSide };
export type Task = Shape['tasks'][number];
export type Capture = Shape['captures'][number];
export type Edit = Shape['edits'][number];

/** What people write: everything but the tasks may be left out. */
export type ScenarioInput = v.InferInput<typeof ScenarioShape>;
/** What the machine takes: every field filled in. */
export type Scenario = Omit<Shape, 'connections' | 'hosts' | 'limits'> & {
  connections: Connection[];
  hosts: { A: Host; B: Host; R?: Settled<NonNullable<Shape['hosts']['R']>, 'routes'> };
  limits: Settled<Shape['limits'], 'maxMs'>;
};
export type { Shape };
