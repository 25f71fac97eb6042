/**
 * The scenario, version 1: everything a run is made from. It is data: two hosts back to back, established connections
 * between them, tasks that make system calls. The defaults are Linux 2.6.39's, so a scenario says only what differs.
 * All sizes are bounded: a scenario comes from a link or a file and is not to be trusted.
 */
import * as v from 'valibot';
import { label, listOf, matching, oneOf, text, whole, yes } from './fields';
import { SYSCTLS } from './sysctls';

export const VERSION = 1;
/** TCP_INFINITE_SSTHRESH: slow start has no end yet. */
export const INFINITE_SSTHRESH = 0x7fffffff;
/** Bytes one call may write or ask for. */
export const LARGEST_CALL = 16 << 20;

export const HOST_NAMES = ['A', 'B'] as const;
export type HostName = (typeof HOST_NAMES)[number];

function ring(which: string) {
  const expected = 'a whole number from 80 to 4096, a multiple of 8';
  return v.pipe(
    v.number(expected),
    v.minValue(80, expected),
    v.maxValue(4096, expected),
    v.multipleOf(8, expected),
    v.description(`Descriptors in the ${which} ring; one always stays unused.`),
  );
}

const ITR = '0, 1, 3 or a whole number from 100 to 100000';

const Nic = v.strictObject(
  {
    model: v.optional(oneOf(['82540EM', '82545EM'], 'The card; both are driven by e1000.'), '82540EM'),
    txRing: v.optional(ring('TX'), 256),
    rxRing: v.optional(ring('RX'), 256),
    txCsum: yes('The card fills in the TCP checksum (ethtool -K tx).'),
    rxCsum: yes('The card verifies the TCP checksum of what it receives (ethtool -K rx).'),
    sg: yes('Scatter-gather: payload in page fragments. Off without txCsum.'),
    tso: yes('The card cuts large TCP segments. Off without sg.'),
    gso: yes('Software cuts large segments just before the driver. Off without sg.'),
    gro: yes('Received segments are merged before IP.'),
    itr: v.optional(
      v.pipe(
        v.number(ITR),
        v.integer(ITR),
        v.check((n) => n === 0 || n === 1 || n === 3 || (n >= 100 && n <= 100_000), ITR),
        v.description('Interrupt throttling: 0 none, 1 dynamic, 3 dynamic conservative, else interrupts a second.'),
      ),
      3,
    ),
    mtu: v.optional(whole(576, 9000, 'Largest IP packet.', 'bytes'), 1500),
  },
  'a card, such as { "txRing": 256, "tso": false }',
);

const Qdisc = v.variant(
  'kind',
  [
    v.strictObject({
      kind: v.literal('pfifo_fast'),
      limit: v.optional(whole(1, 100_000, 'tx_queue_len: packets it holds.', 'packets'), 1000),
    }),
    v.strictObject({
      kind: v.literal('tbf'),
      rate: whole(8000, 1_000_000_000, 'Tokens come at this rate.', 'bits a second'),
      burst: v.optional(whole(256, 16 << 20, 'Bucket: bytes that may leave at once.', 'bytes'), 5000),
      limit: v.optional(whole(256, 16 << 20, 'Bytes it holds before it drops.', 'bytes'), 30_000),
    }),
    // As with txqueuelen 0: a packet goes straight to the TX lock.
    v.strictObject({ kind: v.literal('noqueue') }),
  ],
  'a queueing discipline: { "kind": "pfifo_fast" }, { "kind": "noqueue" } or { "kind": "tbf", "rate": 8000000 }',
);

const Sysctls: v.GenericSchema<Record<string, number>> = v.strictObject(
  Object.fromEntries(
    Object.entries(SYSCTLS).map(([name, { min, max, doc }]) => [name, v.exactOptional(whole(min, max, doc))]),
  ),
  'switches by name, such as { "ipv4.tcp_slow_start_after_idle": 0 }',
) as never;

const IP = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** `n`: 1 for host A, 2 for host B; makes the default addresses. */
function host(n: number) {
  const ip = matching(IP, 'an IPv4 address such as "10.0.0.1"', 'Address of eth0, in a /24.');
  const mac = matching(MAC, 'a MAC address such as "02:00:00:00:00:01", lower case', 'Address of the card.');
  return v.optional(
    v.strictObject(
      {
        ip: v.optional(ip, `10.0.0.${n}`),
        mac: v.optional(mac, `02:00:00:00:00:0${n}`),
        cpus: v.optional(whole(1, 8, 'CPUs of the host.'), 2),
        qdisc: v.optional(Qdisc, { kind: 'pfifo_fast' }),
        nic: v.optional(Nic, {}),
        sysctl: v.optional(Sysctls, {}),
      },
      'a host: { ip, mac, cpus, qdisc, nic, sysctl }',
    ),
    {},
  );
}

/** One end of an established connection. A field that is left out is settled from the rest: see settle.ts. */
function side(name: HostName, port: number) {
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

const ConnectionShape = v.strictObject(
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

const connection = label('Name of a connection.');
const PATTERNS = ['offsets', 'letters', 'zeros', 'random'] as const;
const SEND_FLAGS = ['MSG_DONTWAIT', 'MSG_MORE', 'MSG_NOSIGNAL'] as const;
const RECV_FLAGS = ['MSG_DONTWAIT', 'MSG_PEEK', 'MSG_WAITALL'] as const;

const payload = {
  connection,
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
const ReadCall = v.strictObject({ op: v.literal('read'), connection, bytes: wanted });
const RecvCall = v.strictObject({
  op: v.literal('recv'),
  connection,
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

const AnyCall: v.GenericSchema<CallInput, Call> = v.variant(
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
    dev: v.optional(oneOf(['eth0'], 'The device it listens on.'), 'eth0'),
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
      txCsum: flip(),
      rxCsum: flip(),
      sg: flip(),
      tso: flip(),
      gso: flip(),
      gro: flip(),
    }),
  ],
  'an edit whose op is "nic"',
);

const Limits = v.strictObject(
  {
    maxEvents: v.optional(whole(1000, 20_000_000, 'The run stops after this many events.', 'events'), 2_000_000),
    maxMs: v.optional(whole(1, 600_000, 'The run stops at this virtual time.', 'ms'), 2000),
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
    hosts: v.optional(v.strictObject({ A: host(1), B: host(2) }, 'the hosts, such as { "A": { "cpus": 1 } }'), {}),
    link: v.optional(
      v.strictObject(
        {
          mbps: v.optional(oneOf([10, 100, 1000], 'Speed, Mbit/s.'), 1000),
          delayUs: v.optional(whole(0, 1_000_000, 'Time on the wire, one way.', 'us'), 5),
        },
        'the link: { mbps, delayUs }',
      ),
      {},
    ),
    connections: v.optional(listOf(ConnectionShape, 16, 'connections', 1), [{}]),
    tasks: listOf(TaskShape, 64, 'tasks', 1),
    captures: v.optional(listOf(CaptureShape, 8, 'captures'), []),
    edits: v.optional(listOf(EditShape, 64, 'edits'), []),
    limits: v.optional(Limits, {}),
  },
  'a scenario: an object with at least "tasks"',
);

type Shape = v.InferOutput<typeof ScenarioShape>;
type Settled<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: Exclude<T[P], undefined> };

export type Host = Shape['hosts']['A'];
export type Nic = Host['nic'];
export type Qdisc = Host['qdisc'];
export type SideShape = Shape['connections'][number]['a'];
/** One end of a connection, all fields known. */
export type TcpSide = Settled<Omit<SideShape, 'host'>, 'sndWnd' | 'isn' | 'rttMs'> & { host: HostName };
export type Connection = Omit<Settled<Shape['connections'][number], 'mss'>, 'a' | 'b'> & { a: TcpSide; b: TcpSide };
export type Task = Shape['tasks'][number];
export type Edit = Shape['edits'][number];
export type Pattern = (typeof PATTERNS)[number];

/** What people write: everything but the tasks may be left out. */
export type ScenarioInput = v.InferInput<typeof ScenarioShape>;
/** What the machine takes: every field filled in. */
export type Scenario = Omit<Shape, 'connections'> & { connections: Connection[] };
export type { Shape };
