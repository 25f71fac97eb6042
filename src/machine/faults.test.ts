import { describe, expect, it } from 'vitest';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

type Faults = NonNullable<NonNullable<ScenarioInput['link']>['faults']>;

/** A writes 60 kB, B reads them: with faults, and perhaps edits. */
function transfer(faults: Faults, rest: Partial<ScenarioInput> = {}): Run {
  const parsed = parseScenario({
    hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
    link: { delayUs: 500, faults },
    tasks: [
      { host: 'A', name: 'writer', startUs: 100, calls: [{ op: 'write', fd: 'c1', bytes: 60_000 }] },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 60_000, flags: ['MSG_WAITALL'] }] },
    ],
    limits: { maxMs: 60_000 },
    ...rest,
  });
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  const ended = run(parsed.scenario, { level: 'calls' });
  expect(ended.trace.end).toMatchObject({ reason: 'done' });
  const { a, b } = ended.ledgers.get('c1') ?? {};
  expect(Buffer.concat(b?.read ?? []).equals(Buffer.concat(a?.written ?? []))).toBe(true);
  expect(b?.read.reduce((sum, { length }) => sum + length, 0)).toBe(60_000);
  return ended;
}

function count(ended: Run, kind: number, label: string): number {
  const trace = new Trace(ended.trace);
  let found = 0;
  for (let n = 0; n < trace.steps; n++) if (trace.kind(n) === kind && trace.label(n) === label) found++;
  return found;
}

function calls(ended: Run, name: string): number {
  const trace = new Trace(ended.trace);
  let found = 0;
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name) found++;
  }
  return found;
}

describe('faults of a link', () => {
  it('a lost frame is sent once more', () => {
    const ended = transfer([{ op: 'drop', from: 'A', kind: 'data', nth: 3 }]);
    expect(count(ended, Kind.WIRE, 'lost')).toBe(1);
    expect(calls(ended, 'tcp_retransmit_skb')).toBe(1);
    expect(calls(ended, 'tcp_retransmit_timer')).toBe(0);
  });

  it('a frame that comes twice is told of by a D-SACK', () => {
    const ended = transfer([{ op: 'duplicate', from: 'A', kind: 'data', nth: [4] }]);
    expect(count(ended, Kind.WIRE, 'duplicated')).toBe(1);
    expect(calls(ended, 'tcp_dsack_set')).toBe(1);
    expect(calls(ended, 'tcp_retransmit_skb')).toBe(0);
  });

  it('one that is overtaken by two is no loss', () => {
    const ended = transfer([{ op: 'reorder', from: 'A', kind: 'data', nth: 5, frames: 2 }]);
    expect(count(ended, Kind.WIRE, 'held')).toBe(1);
    expect(calls(ended, 'tcp_sacktag_write_queue')).toBe(2);
    expect(calls(ended, 'tcp_retransmit_skb')).toBe(0);
  });

  it.each(['wrong', 'right'] as const)('a broken one with a %s FCS is thrown away by the card or by TCP', (fcs) => {
    const ended = transfer([{ op: 'corrupt', from: 'A', kind: 'data', nth: 2, offset: 200, fcs }]);
    expect(count(ended, Kind.WIRE, 'corrupted')).toBe(1);
    expect(calls(ended, 'tcp_retransmit_skb')).toBe(1);
  });

  it('jitter reorders, and all arrives', () => {
    const ended = transfer([{ op: 'delay', from: 'A', us: 100, jitterUs: 400 }]);
    expect(count(ended, Kind.WIRE, 'delayed')).toBeGreaterThan(41);
  });

  it('chance follows the seed', () => {
    const lost = (seed: number): number => count(transfer([{ op: 'drop', rate: 0.1 }], { seed }), Kind.WIRE, 'lost');
    expect(lost(3)).toBe(lost(3));
    expect(new Set([3, 4, 5, 6].map(lost)).size).toBeGreaterThan(1);
  });

  it('a cable that is pulled for a while: what was under way is sent again', () => {
    const ended = transfer([{ op: 'down', fromUs: 700, untilUs: 50_000 }]);
    expect(count(ended, Kind.HARDWARE, 'the cable is pulled')).toBe(1);
    expect(count(ended, Kind.WIRE, 'lost')).toBeGreaterThan(0);
    expect(calls(ended, 'tcp_retransmit_skb')).toBeGreaterThan(0);
  });

  it('edits drop one frame, and pull the cable', () => {
    const dropped = transfer([], { edits: [{ op: 'drop', atUs: 0, from: 'A', nth: 6 }] });
    expect(count(dropped, Kind.WIRE, 'lost')).toBe(1);
    const pulled = transfer([], {
      edits: [
        { op: 'link', atUs: 700, up: false },
        { op: 'link', atUs: 9000, up: true },
      ],
    });
    expect(count(pulled, Kind.HARDWARE, 'the cable is plugged in')).toBe(1);
    expect(count(pulled, Kind.WIRE, 'lost')).toBeGreaterThan(0);
  });
});
