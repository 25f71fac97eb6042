/** Measures the model and the trace on this machine. Numbers are for comparison with themselves. */
import { runScenario } from '../machine/run';
import { parseScenario, type Scenario } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import type { TraceData } from '../trace/data';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';

export type Row = readonly [what: string, value: string];

const SEEKS = 2000;
const MILLION = 1_000_000;

/** Bytes written over one connection, one skb a segment: many packets. */
function bulk(bytes: number, maxEvents: number): Scenario {
  const parsed = parseScenario({
    title: 'bench',
    connections: [{ a: { sndbuf: 65_536 } }],
    hosts: { A: { nic: { tso: false, gso: false } } },
    tasks: [
      { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes }] },
      { host: 'B', name: 'reader', cpu: 1, calls: [{ op: 'recv', fd: 'c1', bytes, flags: ['MSG_WAITALL'] }] },
    ],
    limits: { maxEvents, maxMs: 600_000 },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  return parsed.scenario;
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function packetsIn(data: TraceData): number {
  const label = data.labels.indexOf('tx-start');
  return data.columns.kind.reduce(
    (n, kind, at) => n + (kind === Kind.WIRE && data.columns.fn[at] === label ? 1 : 0),
    0,
  );
}

function bytesOf(data: TraceData): number {
  const groups: object[] = [data.columns, data.values, data.journal, data.byteJournal, data.objects];
  return groups
    .flatMap((group) => Object.values(group))
    .reduce((sum: number, column: Uint8Array) => sum + column.byteLength, 0);
}

/** What both Node and the Worker run: a million events. */
export function benchScenario(): Scenario {
  return bulk(2_000_000, MILLION);
}

/** Runs in Node: events and packets a second at both levels, bytes an event, and seeks over a long trace. */
export function benchNode(): Row[] {
  const rows: Row[] = [];
  // Once for the compiler to warm up.
  runScenario(bulk(100_000, 400_000), { level: 'lines' });
  for (const level of ['calls', 'lines'] as const) {
    const start = performance.now();
    const data = runScenario(benchScenario(), { level });
    const seconds = (performance.now() - start) / 1000;
    const events = data.columns.kind.length;
    rows.push([
      `Node, ${level}: events a second`,
      `${rounded(events / seconds)} (${rounded(events)} in ${seconds.toFixed(2)} s)`,
    ]);
    rows.push([`Node, ${level}: packets a second`, rounded(packetsIn(data) / seconds)]);
    rows.push([`Node, ${level}: bytes a recorded event`, (bytesOf(data) / events).toFixed(1)]);
    if (level === 'lines') rows.push(...seekTimes(new Trace(data)));
  }
  return rows;
}

/** Jumps to places all over the trace; they are the same each time. */
function seekTimes(trace: Trace): Row[] {
  const cursor = new Cursor(trace);
  const first = performance.now();
  cursor.seek(trace.steps - 1);
  const whole = performance.now() - first;
  const times: number[] = [];
  let place = 1;
  for (let i = 0; i < SEEKS; i++) {
    place = (place * 48_271) % 0x7fffffff;
    const start = performance.now();
    cursor.seek(place % trace.steps);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => `${(times[Math.floor(share * (times.length - 1))] as number).toFixed(2)} ms`;
  return [
    [`seek over ${rounded(trace.steps)} events: p50`, at(0.5)],
    [`seek over ${rounded(trace.steps)} events: p99`, at(0.99)],
    ['first seek from start to end', `${whole.toFixed(2)} ms`],
  ];
}
