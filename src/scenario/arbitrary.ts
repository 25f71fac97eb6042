/** Random valid scenarios for property tests. The library is handed in, as the app does not carry it. */
import type fastCheck from 'fast-check';
import type { CallInput, Pattern, ScenarioInput } from './schema';

/** Pieces that add up to `total`: where a stream is cut into calls. */
function pieces(total: number, cuts: readonly number[]): number[] {
  const places = [...new Set(cuts.map((cut) => 1 + (cut % Math.max(1, total - 1))))].sort((a, b) => a - b);
  const ends = [...places.filter((place) => place < total), total];
  return ends.map((end, n) => end - (ends[n - 1] ?? 0));
}

type FastCheck = typeof fastCheck;

interface Stream {
  readonly bytes: number;
  readonly writes: readonly number[];
  readonly reads: readonly number[];
  /** us between writes. */
  readonly pause: number | null;
  readonly pattern: Pattern;
  readonly send: boolean;
  readonly startUs: number;
  readonly readUs: number;
  readonly cpus: readonly [number, number];
  /** From B to A. */
  readonly back: boolean;
}

function tasksOf(one: Stream, name: string, cpus: { A: number; B: number }): NonNullable<ScenarioInput['tasks']> {
  const writes = pieces(one.bytes, one.writes).flatMap((bytes): CallInput[] => [
    { op: one.send ? 'send' : 'write', fd: name, bytes, pattern: one.pattern },
    ...(one.pause === null ? [] : [{ op: 'sleep' as const, us: one.pause }]),
  ]);
  const reads = pieces(one.bytes, one.reads).map(
    (bytes): CallInput => ({ op: 'recv', fd: name, bytes, flags: ['MSG_WAITALL'] }),
  );
  const [from, to] = one.back ? (['B', 'A'] as const) : (['A', 'B'] as const);
  return [
    { host: from, name: `writer-${name}`, cpu: one.cpus[0] % cpus[from], startUs: one.startUs, calls: writes },
    { host: to, name: `reader-${name}`, cpu: one.cpus[1] % cpus[to], startUs: one.readUs, calls: reads },
  ];
}

function hostOf(fc: FastCheck) {
  const nic = fc.record(
    {
      model: fc.constantFrom('82540EM' as const, '82545EM' as const, '82576' as const),
      queues: fc.integer({ min: 1, max: 8 }),
      affinity: fc.array(fc.nat(), { maxLength: 8 }),
      xps: fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 8 }),
      rps: fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 8 }),
      rpsFlowCnt: fc.constantFrom(0, 0, 16),
      txRing: fc.integer({ min: 10, max: 64 }).map((n) => 8 * n),
      rxRing: fc.integer({ min: 10, max: 64 }).map((n) => 8 * n),
      txCsum: fc.boolean(),
      rxCsum: fc.boolean(),
      sg: fc.boolean(),
      tso: fc.boolean(),
      gso: fc.boolean(),
      gro: fc.boolean(),
      itr: fc.constantFrom(0, 1, 3, 100, 4000, 20_000),
      pause: fc.constantFrom('none' as const, 'rx' as const, 'tx' as const, 'full' as const),
      txIntDelay: fc.constantFrom(0, 8, 200),
      rxIntDelay: fc.constantFrom(0, 20),
      mtu: fc.constantFrom(576, 1400, 1500, 9000),
    },
    { requiredKeys: [] },
  );

  /** Queues large enough that nothing is dropped: losses are for other tests. */
  const qdisc = fc.oneof(
    { arbitrary: fc.constant({ kind: 'pfifo_fast' as const }), weight: 4 },
    { arbitrary: fc.constant({ kind: 'noqueue' as const }), weight: 1 },
    { arbitrary: fc.constantFrom({ kind: 'pfifo' as const }, { kind: 'bfifo' as const }), weight: 1 },
    { arbitrary: fc.constant({ kind: 'prio' as const }), weight: 1 },
  );

  // Without a queue, a ring that fills in the middle of a packet cut by GSO makes TCP take back all of it, though the peer
  // acknowledges the part that left: as in Linux, the connection hangs.
  return fc
    .record({ cpus: fc.integer({ min: 1, max: 8 }), nic, qdisc })
    .map((host) => (host.qdisc.kind === 'noqueue' ? { ...host, nic: { ...host.nic, gso: false } } : host))
    .map(({ nic: { queues = null, affinity = [], xps = [], rps = [], ...rest }, cpus, qdisc }) => {
      const several = rest.model === '82576';
      const count = several ? (queues ?? cpus) : 1;
      const onHost = (list: readonly number[]): number[] => list.map((cpu) => cpu % cpus);
      return {
        cpus,
        qdisc,
        sysctl: { 'core.rps_sock_flow_entries': (rest.rpsFlowCnt ?? 0) * 2 },
        nic: {
          ...rest,
          queues: several ? queues : null,
          affinity: onHost(affinity),
          xps: xps.slice(0, count).map(onHost),
          rps: rps.slice(0, count).map(onHost),
        },
      };
    });
}

function streamOf(fc: FastCheck) {
  const end = fc.record(
    {
      sndbuf: fc.integer({ min: 4608, max: 131_072 }),
      cwnd: fc.integer({ min: 1, max: 40 }),
      nodelay: fc.boolean(),
      quickack: fc.option(fc.integer({ min: 0, max: 16 })),
      pingpong: fc.boolean(),
      rcvbuf: fc.integer({ min: 8192, max: 131_072 }),
      /** Closed, small, or nearly all that the smallest rcvbuf has room for. */
      sndWnd: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6000 })),
      /** Often just before the sequence numbers wrap. */
      isn: fc.oneof(fc.constant(0xffff_f000), fc.integer({ min: 0, max: 0xffff_ffff })),
    },
    { requiredKeys: [] },
  );

  return fc.record({
    a: end,
    b: end,
    timestamps: fc.boolean(),
    windowScaling: fc.boolean(),
    sack: fc.boolean(),
    bytes: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 60_000 })),
    writes: fc.array(fc.nat(), { maxLength: 5 }),
    reads: fc.array(fc.nat(), { maxLength: 5 }),
    pause: fc.option(fc.integer({ min: 1, max: 3000 })),
    pattern: fc.constantFrom('offsets' as const, 'letters' as const, 'random' as const),
    send: fc.boolean(),
    startUs: fc.integer({ min: 0, max: 2000 }),
    readUs: fc.integer({ min: 0, max: 4000 }),
    cpus: fc.tuple(fc.nat(), fc.nat()),
    back: fc.boolean(),
  });
}

/**
 * Valid scenarios in which everything written is read to the last byte: one to three connections, each written at one end
 * and read at the other, with all sorts of cards, offloads, sizes and cuts.
 */
export function arbitraryScenario(fc: FastCheck): fastCheck.Arbitrary<ScenarioInput> {
  const host = hostOf(fc);
  return fc
    .record({
      kernel: fc.constantFrom('2.6.39' as const, 'article' as const),
      seed: fc.nat(),
      A: host,
      B: host,
      link: fc.record({
        mbps: fc.constantFrom(10 as const, 100 as const, 1000 as const),
        delayUs: fc.integer({ min: 0, max: 2000 }),
      }),
      streams: fc.array(streamOf(fc), { minLength: 1, maxLength: 3 }),
      captures: fc.subarray([{ host: 'A' as const }, { host: 'B' as const }]),
    })
    .map(({ kernel, seed, A, B, link, streams, captures }): ScenarioInput => {
      const cpus = { A: A.cpus, B: B.cpus };
      return {
        version: 2,
        kernel,
        seed,
        hosts: { A, B },
        link,
        connections: streams.map(({ a, b, timestamps, windowScaling, sack }, n) => ({
          name: `c${n + 1}`,
          a: { ...a, port: 40_000 + n },
          b,
          timestamps,
          windowScaling,
          sack,
        })),
        tasks: streams.flatMap((one, n) => tasksOf(one, `c${n + 1}`, cpus)),
        captures,
        limits: { maxMs: 60_000 },
      };
    });
}

type Faults = NonNullable<NonNullable<ScenarioInput['link']>['faults']>;

/** What a link may do to frames without ever stopping all of them: each rule strikes a few. */
function faultsOf(fc: FastCheck, ends: readonly ('A' | 'B' | 'R')[]): fastCheck.Arbitrary<Faults> {
  const which = fc
    .record({
      from: fc.option(fc.constantFrom(...ends), { nil: undefined }),
      kind: fc.constantFrom(undefined, 'data' as const, 'ack' as const),
      pick: fc.oneof(
        fc.record({ rate: fc.constantFrom(0.01, 0.05, 0.15) }),
        fc.record({ every: fc.integer({ min: 5, max: 40 }) }),
        fc.record({ nth: fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }) }),
      ),
    })
    .map(({ from, kind, pick }) => ({
      ...(from === undefined ? {} : { from }),
      ...(kind === undefined ? {} : { kind }),
      ...pick,
    }));
  const fault = fc.oneof(
    which.map((frames) => ({ op: 'drop' as const, ...frames })),
    fc
      .tuple(which, fc.integer({ min: 1, max: 3 }))
      .map(([frames, copies]) => ({ op: 'duplicate' as const, ...frames, copies })),
    fc
      .tuple(which, fc.integer({ min: 1, max: 8 }))
      .map(([frames, passed]) => ({ op: 'reorder' as const, ...frames, frames: passed, us: 20_000 })),
    fc
      .tuple(which, fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 }))
      .map(([frames, us, jitterUs]) => ({ op: 'delay' as const, ...frames, us, jitterUs })),
    fc
      .tuple(which, fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 1, max: 255 }), fc.boolean())
      .map(([frames, offset, mask, seen]) => {
        return { op: 'corrupt' as const, ...frames, offset, mask, fcs: seen ? ('wrong' as const) : ('right' as const) };
      }),
    fc
      .tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 1, max: 400_000 }))
      .map(([fromUs, us]) => ({ op: 'down' as const, fromUs, untilUs: fromUs + us })),
  );
  return fc.array(fault, { minLength: 1, maxLength: 3 });
}

/**
 * Scenarios on links that lose, double, reorder, delay and break frames, with or without a router between: what is written is read all the
 * same.
 */
export function arbitraryLossyScenario(fc: FastCheck): fastCheck.Arbitrary<ScenarioInput> {
  const recovery = fc.record(
    {
      'ipv4.tcp_frto': fc.integer({ min: 0, max: 2 }),
      'ipv4.tcp_frto_response': fc.integer({ min: 0, max: 2 }),
      'ipv4.tcp_fack': fc.integer({ min: 0, max: 1 }),
      'ipv4.tcp_dsack': fc.integer({ min: 0, max: 1 }),
      'ipv4.tcp_abc': fc.integer({ min: 0, max: 2 }),
      'ipv4.tcp_reordering': fc.integer({ min: 1, max: 8 }),
      'ipv4.tcp_congestion_control': fc.constantFrom('cubic', 'reno', 'bic'),
      'ipv4.tcp_retrans_collapse': fc.integer({ min: 0, max: 1 }),
      'ipv4.tcp_ecn': fc.integer({ min: 0, max: 2 }),
      'ipv4.tcp_low_latency': fc.integer({ min: 0, max: 1 }),
      'ipv4.tcp_slow_start_after_idle': fc.integer({ min: 0, max: 1 }),
      'ipv4.tcp_moderate_rcvbuf': fc.integer({ min: 0, max: 1 }),
    },
    { requiredKeys: [] },
  );
  return fc
    .record({
      plain: arbitraryScenario(fc),
      sysctl: recovery,
      router: fc.boolean(),
      arp: fc.constantFrom('known' as const, 'unknown' as const),
      near: faultsOf(fc, ['A']),
      far: faultsOf(fc, ['B']),
    })
    .map(({ plain, sysctl, router, arp, near, far }): ScenarioInput => {
      const { A, B } = plain.hosts ?? {};
      // Cards at the ends of a cable agree on the longest frame: what is longer vanishes in the card.
      const like = (end: { nic?: { mtu?: number | undefined } | undefined } | undefined) => ({
        nic: { mtu: end?.nic?.mtu ?? 1500 },
      });
      const usual = { qdisc: { kind: 'pfifo_fast' as const }, sysctl, arp };
      return {
        ...plain,
        hosts: {
          A: { ...A, ...usual },
          B: { ...B, ...usual },
          ...(router ? { R: { arp, eth0: like(A), eth1: like(B) } } : {}),
        },
        link: { ...plain.link, faults: near },
        ...(router ? { linkB: { faults: far } } : {}),
        limits: { maxMs: 600_000, maxEvents: 6_000_000 },
      };
    });
}
