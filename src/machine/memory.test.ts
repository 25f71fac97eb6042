import { expect, it } from 'vitest';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { run } from './run';

/** Functions B entered while A wrote 40 kB to a socket nobody read for 20 ms; then all of it was read. */
function callsOnB(sysctl: NonNullable<NonNullable<NonNullable<ScenarioInput['hosts']>['B']>['sysctl']>): Set<string> {
  const parsed = parseScenario({
    hosts: { B: { sysctl } },
    tasks: [
      { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 40_000 }] },
      {
        host: 'B',
        name: 'reader',
        calls: [
          { op: 'sleep', us: 20_000 },
          { op: 'recv', fd: 'c1', bytes: 40_000, flags: ['MSG_WAITALL'] },
        ],
      },
    ],
    limits: { maxMs: 60_000 },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const ended = run(parsed.scenario, { level: 'calls' });
  expect(ended.ledgers.get('c1')?.b.read.reduce((sum, { length }) => sum + length, 0)).toBe(40_000);
  const trace = new Trace(ended.trace);
  const names = new Set<string>();
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) === Kind.ENTER && trace.context(trace.ctx(n)).host === 1)
      names.add(trace.functionAt(n)?.name ?? '');
  }
  return names;
}

// tcp(7): tcp_mem is low, pressure and high, in pages.
it('TCP is under pressure where its memory is short; with enough it is not', () => {
  expect(callsOnB({}).has('sk_enter_memory_pressure')).toBe(false);
  const tight = callsOnB({ 'ipv4.tcp_mem': [2, 4, 4000] });
  expect([tight.has('sk_enter_memory_pressure'), tight.has('tcp_prune_queue')]).toEqual([true, false]);
});
