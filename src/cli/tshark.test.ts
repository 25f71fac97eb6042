import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { captureAt, captureFile, type Place } from '../export/capture';
import { type Run, run } from '../machine/run';
import { PRESETS, scenarioOf } from '../scenario/presets';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { dissect } from '../view/dissect/dissect';

const folder = mkdtempSync(join(tmpdir(), 'skbscope-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FIELDS = [
  'frame.len',
  'ip.checksum.status',
  'ip.proto',
  'tcp.checksum.status',
  'udp.checksum.status',
  'icmp.checksum.status',
  'ip.src',
  'tcp.srcport',
  'tcp.seq_raw',
  'tcp.payload',
  '_ws.malformed',
  'tcp.ack_raw',
  'tcp.analysis.retransmission',
  'tcp.analysis.fast_retransmission',
  'tcp.analysis.out_of_order',
  'tcp.analysis.spurious_retransmission',
  'tcp.analysis.duplicate_ack',
] as const;
const GOOD = '1';
/** The transport checksum of a packet by its protocol; of what an ICMP error quotes nothing is asked. */
const CHECKSUM = { '1': 'icmp.checksum.status', '6': 'tcp.checksum.status', '17': 'udp.checksum.status' } as const;
/** Its packets never come near a card. */
const OWN_HOST_ONLY = 'loopback';
const isHere = spawnSync('tshark', ['--version']).status === 0;

type Row = Record<(typeof FIELDS)[number], string>;

/** What tshark makes of a place's capture, a row a packet. */
function dissected(trace: Trace, place: Place): Row[] {
  const file = join(folder, `${place.host}-${place.side}.pcapng`);
  writeFileSync(file, captureFile(trace, place));
  const sums = [
    '-o',
    'ip.check_checksum:TRUE',
    '-o',
    'tcp.check_checksum:TRUE',
    '-o',
    'tcp.desegment_tcp_streams:FALSE',
    '-o',
    'udp.check_checksum:TRUE',
  ];
  const fields = FIELDS.flatMap((field) => ['-e', field]);
  const { stdout, stderr, status } = spawnSync(
    'tshark',
    ['-n', '-r', file, ...sums, '-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=f', ...fields],
    {
      encoding: 'utf8',
      maxBuffer: 256 << 20,
    },
  );
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(line.split('|').map((value, nth) => [FIELDS[nth], value])) as Row);
}

/** True when the transport checksum is right; tshark sees none in the fragments before the last. */
function isTransportGood(row: Row): boolean {
  const status = row[CHECKSUM[row['ip.proto'] as keyof typeof CHECKSUM] ?? 'tcp.checksum.status'];
  return status === GOOD || (row['ip.proto'] === '17' && status === '');
}

function runPreset(name: string): Run {
  const preset = PRESETS.find((one) => one.name === name);
  if (preset === undefined) throw new Error(name);
  return run(scenarioOf({ ...preset, scenario: { ...preset.scenario, captures: [{ host: 'A' }] } }), {
    level: 'calls',
  });
}

/** Of links on which frames with data are lost. */
const SEEDS = [1, 2, 3, 4];

/** 120 kB over a link that loses one frame with data in twenty; the seed decides which, and the options of both ends. */
function lossyRun(seed: number): Run {
  const sysctl = {
    'ipv4.tcp_sack': seed & 1,
    'ipv4.tcp_timestamps': (seed >> 1) & 1,
    'ipv4.tcp_congestion_control': (['cubic', 'reno', 'bic'] as const)[seed % 3],
  };
  const parsed = parseScenario({
    seed,
    hosts: { A: { sysctl }, B: { sysctl } },
    link: { mbps: 100, delayUs: 2000, faults: [{ op: 'drop', from: 'A', kind: 'data', rate: 0.05 }] },
    connections: [],
    tasks: [
      {
        host: 'A',
        name: 'client',
        startUs: 100,
        calls: [
          { op: 'socket', as: 's' },
          { op: 'connect', fd: 's', to: { host: 'B', port: 80 } },
          { op: 'write', fd: 's', bytes: 120_000 },
          { op: 'recv', fd: 's', bytes: 1 },
        ],
      },
      {
        host: 'B',
        name: 'server',
        calls: [
          { op: 'socket', as: 'l' },
          { op: 'bind', fd: 'l', port: 80 },
          { op: 'listen', fd: 'l' },
          { op: 'accept', fd: 'l', as: 's' },
          { op: 'recv', fd: 's', bytes: 120_000, flags: ['MSG_WAITALL'] },
        ],
      },
    ],
    limits: { maxMs: 60_000 },
  } as ScenarioInput);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  return run(parsed.scenario, { level: 'calls' });
}

const MSS = 1460;
const STAMP_BYTES = 12;
const mssOf = (stamps: 0 | 1): number => MSS - stamps * STAMP_BYTES;
const CUTTERS = (['82540EM', '82576'] as const).flatMap((model) =>
  (['tso', 'gso'] as const).flatMap((by) => ([0, 1] as const).map((stamps) => [model, by, stamps] as const)),
);

/** Writes of odd sizes, an urgent byte, and a FIN on data that still wait. */
function cutRun(model: '82540EM' | '82576', by: 'tso' | 'gso', stamps: 0 | 1): Run {
  const write = (bytes: number, flags: readonly 'MSG_OOB'[] = []) => ({ op: 'send', fd: 's', bytes, flags }) as const;
  const parsed = parseScenario({
    hosts: {
      A: { nic: { model, tso: by === 'tso', gso: true }, sysctl: { 'ipv4.tcp_timestamps': stamps } },
    },
    link: { delayUs: 1000 },
    connections: [],
    tasks: [
      {
        host: 'A',
        name: 'client',
        startUs: 100,
        calls: [
          { op: 'socket', as: 's' },
          { op: 'connect', fd: 's', to: { host: 'B', port: 80 } },
          write(7001),
          write(4321, ['MSG_OOB']),
          { op: 'sleep', us: 50_000 },
          // Whole segments, more than the congestion window: those that wait for ACKs get the FIN.
          write(60 * mssOf(stamps)),
          { op: 'close', fd: 's' },
        ],
      },
      {
        host: 'B',
        name: 'server',
        calls: [
          { op: 'socket', as: 'l' },
          { op: 'bind', fd: 'l', port: 80 },
          { op: 'listen', fd: 'l' },
          { op: 'accept', fd: 'l', as: 's' },
          { op: 'loop', times: 40, calls: [{ op: 'read', fd: 's', bytes: 65_536 }] },
        ],
      },
    ],
    captures: [{ host: 'A' }],
    limits: { maxMs: 1000 },
  } as ScenarioInput);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  return run(parsed.scenario, { level: 'calls' });
}

/** tshark says in one of four ways, by what it guesses of the cause, that a segment was on the wire before. */
function isSentAgain(row: Row): boolean {
  return (['retransmission', 'fast_retransmission', 'out_of_order', 'spurious_retransmission'] as const).some(
    (how) => row[`tcp.analysis.${how}`] !== '',
  );
}

/** Payload that the stream of one sender carried, put in order by sequence number. */
function streamOf(rows: readonly Row[], source: string, port: string): string {
  const sent = rows.filter(
    (row) => row['ip.src'] === source && row['tcp.srcport'] === port && row['tcp.payload'] !== '',
  );
  const first = Math.min(...sent.map((row) => Number(row['tcp.seq_raw'])));
  const bytes: string[] = [];
  for (const row of sent) {
    const at = Number(row['tcp.seq_raw']) - first;
    (row['tcp.payload'].match(/../g) ?? []).forEach((byte, nth) => {
      bytes[at + nth] = byte;
    });
  }
  return bytes.join('');
}

describe.runIf(isHere)('tshark', () => {
  it.each(PRESETS.map(({ name }) => name).filter((name) => name !== OWN_HOST_ONLY))(
    '%s: nothing malformed; on the wire each checksum is right and the bytes are those written',
    (name) => {
      const { trace: data, ledgers } = runPreset(name);
      const trace = new Trace(data);
      const tap = dissected(trace, { host: 0, dev: 'eth0', side: 'tap' });
      const wire = dissected(trace, { host: 0, dev: 'eth0', side: 'wire' });
      expect(wire.length).toBeGreaterThan(0);
      expect(tap.length).toBeGreaterThan(0);
      expect([...tap, ...wire].filter((row) => row['_ws.malformed'] !== '')).toEqual([]);
      const ip = wire.filter((row) => row['ip.src'] !== '');
      expect(ip.filter((row) => row['ip.checksum.status'] !== GOOD || !isTransportGood(row))).toEqual([]);
      for (const connection of scenarioOf(PRESETS.find((one) => one.name === name) as (typeof PRESETS)[number])
        .connections) {
        const written = ledgers.get(connection.name)?.a.written ?? [];
        const hex = Buffer.concat(written).toString('hex');
        expect(streamOf(wire, data.hosts[0]?.ip ?? '', String(connection.a.port))).toBe(hex);
      }
    },
  );

  it.each(['fast-retransmit', 'rto', 'sack-recovery'])(
    '%s: finds retransmissions and duplicate ACKs exactly where the kernel made them',
    (name) => {
      const trace = new Trace(runPreset(name).trace);
      const rows = dissected(trace, { host: 0, dev: 'eth0', side: 'wire' });
      const again = rows.filter(isSentAgain);
      const duplicates = rows.filter((row) => row['tcp.analysis.duplicate_ack'] !== '');
      expect(again.map((row) => Number(row['tcp.seq_raw']))).toEqual(retransmitted(trace));
      expect(duplicates.map((row) => Number(row['tcp.ack_raw']))).toEqual(repeatedAcks(trace));
    },
  );

  it.each(SEEDS)('a link that loses at random, seed %i: finds the same', (seed) => {
    const trace = new Trace(lossyRun(seed).trace);
    const rows = dissected(trace, { host: 0, dev: 'eth0', side: 'wire' });
    const sent = retransmitted(trace);
    expect(sent.length).toBeGreaterThan(0);
    expect(rows.filter(isSentAgain).map((row) => Number(row['tcp.seq_raw']))).toEqual(sent);
    const repeated = repeatedAcks(trace);
    const duplicates = rows.filter((row) => row['tcp.analysis.duplicate_ack'] !== '');
    expect(duplicates.map((row) => Number(row['tcp.ack_raw']))).toEqual(repeated);
  });

  it.each(CUTTERS)('%s cuts by %s, timestamps %i: what is on the wire is what was to be cut', (model, by, stamps) => {
    const trace = new Trace(cutRun(model, by, stamps).trace);
    const rows = dissected(trace, { host: 0, dev: 'eth0', side: 'wire' });
    const tcp = rows.filter((row) => row['ip.proto'] === '6');
    expect(tcp.filter((row) => row['ip.checksum.status'] !== GOOD || !isTransportGood(row))).toEqual([]);
    const sent = (side: Place['side']): Segment[] =>
      captureAt(trace, { host: 0, dev: 'eth0', side }).flatMap(({ bytes, direction }) =>
        direction === 'out' ? segmentOf(bytes) : [],
      );
    const wire = sent('wire').filter(({ len }) => len > 0);
    const whole = sent('tap').filter(({ len }) => len > MSS);
    expect(whole.some(({ fin }) => fin)).toBe(true);
    expect(whole.some(({ push }) => push)).toBe(true);
    for (const packet of whole) {
      const from = wire.findIndex(({ seq }) => seq === packet.seq);
      const mss = mssOf(stamps);
      const count = Math.ceil(packet.len / mss);
      const expected = Array.from({ length: count }, (_, nth): Segment => {
        const isLast = nth === count - 1;
        return {
          seq: packet.seq + nth * mss,
          id: (packet.id + nth) & 0xffff,
          len: isLast ? packet.len - nth * mss : mss,
          push: isLast && packet.push,
          fin: isLast && packet.fin,
          stamp: packet.stamp,
        };
      });
      expect(wire.slice(from, from + count)).toEqual(expected);
    }
  });

  it('offload-on: at the tap the checksum is the partial one and a frame is larger than the MTU; on the wire none is', () => {
    const trace = new Trace(runPreset('offload-on').trace);
    const tap = captureAt(trace, { host: 0, dev: 'eth0', side: 'tap' }).filter(({ direction }) => direction === 'out');
    expect(Math.max(...tap.map(({ bytes }) => bytes.length))).toBeGreaterThan(1514);
    for (const { bytes } of tap) expect(tcpChecksum(bytes)).toBe(pseudoSum(bytes));
    const wire = captureAt(trace, { host: 0, dev: 'eth0', side: 'wire' });
    expect(Math.max(...wire.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(1514);
  });
});

/** What is asked of a TCP segment that was cut from a larger one. */
interface Segment {
  readonly seq: number;
  readonly id: number;
  readonly len: number;
  readonly push: boolean;
  readonly fin: boolean;
  /** TSval; -1: no timestamps. */
  readonly stamp: number;
}

function segmentOf(bytes: Uint8Array): Segment[] {
  const values = new Map(dissect(bytes).sections.flatMap(({ fields }) => fields.map(({ key, value }) => [key, value])));
  const of = (key: string): number => values.get(key) ?? -1;
  if (!values.has('tcp.seq')) return [];
  return [
    {
      seq: of('tcp.seq'),
      id: of('ip.id'),
      len: of('tcp.len'),
      push: of('tcp.flags.push') === 1,
      fin: of('tcp.flags.fin') === 1,
      stamp: of('tcp.options.timestamp.tsval'),
    },
  ];
}

const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const tcpStart = (frame: Uint8Array): number => 14 + ((frame[14] ?? 0) & 15) * 4;
const tcpChecksum = (frame: Uint8Array): number => be16(frame, tcpStart(frame) + 16);

/** Sum of the pseudo-header (RFC 793 3.1), not inverted: what stands in the field while the card has still to sum the rest. */
function pseudoSum(frame: Uint8Array): number {
  let sum = 6 + frame.length - tcpStart(frame);
  for (let at = 26; at < 34; at += 2) sum += be16(frame, at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** Steps at which a host enters a function. */
function* entered(trace: Trace, name: string, host: number): Generator<number> {
  for (let n = 0; n < trace.steps; n++) {
    const isHere = trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name;
    if (isHere && trace.context(trace.ctx(n)).host === host) yield n;
  }
}

/** Sequence numbers that host A's kernel sent once more, in order. */
function retransmitted(trace: Trace): number[] {
  const cursor = new Cursor(trace);
  return [...entered(trace, 'tcp_retransmit_skb', 0)].map((n) => {
    cursor.seek(n);
    return cursor.state.view(trace.skb(n)).ref('cb')?.num('seq') ?? -1;
  });
}

/** What host B's kernel acknowledged once more because data had come that lies behind a hole, in order. */
function repeatedAcks(trace: Trace): number[] {
  const cursor = new Cursor(trace);
  const repeated: number[] = [];
  let last = -1;
  for (const n of entered(trace, 'tcp_send_ack', 1)) {
    cursor.seek(n);
    const tp = cursor.state.view(trace.variablesAt(n).find(({ name }) => name === 'sk')?.value as number);
    const next = tp.num('rcv_nxt');
    if (next === last && (tp.ref('out_of_order_queue')?.num('qlen') ?? 0) > 0) repeated.push(next);
    last = next;
  }
  return repeated;
}
