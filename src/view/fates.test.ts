import { describe, expect, it } from 'vitest';
import { runScenario } from '../machine/run';
import { PRESETS } from '../scenario/presets';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Fate, fatesOf } from './fates';

function traceOf(input: ScenarioInput, level: 'calls' | 'lines' = 'calls'): Trace {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  return new Trace(runScenario(parsed.scenario, { level }));
}

const count = (fates: readonly Fate[], word: string): number => fates.filter((fate) => fate.word === word).length;

describe('what became of a packet', () => {
  it.each(PRESETS.map(({ name, scenario }) => [name, scenario] as const))(
    '%s: each sk_buff that is freed has a reason',
    (_, scenario) => {
      const trace = traceOf(scenario);
      const freeing = trace.data.schema.functions.find(({ name }) => name === 'kfree_skbmem')?.id;
      const freed = trace.data.columns.kind.reduce(
        (count, kind, n) => count + (kind === Kind.ENTER && trace.fn(n) === freeing ? 1 : 0),
        0,
      );
      const fates = fatesOf(trace).filter(({ by }) => by !== 'wire');
      expect(fates).toHaveLength(freed);
      expect(fates.filter(({ word }) => word === 'FREED').map(({ by }) => by)).toEqual([]);
    },
  );

  it('write-4000 without GSO: three segments are sent as clones, acknowledged, and read; nothing is dropped', () => {
    const preset = PRESETS.find(({ name }) => name === 'write-4000');
    const fates = fatesOf(traceOf(preset?.scenario as ScenarioInput));
    expect([count(fates, 'ACKED'), count(fates, 'READ')]).toEqual([3, 3]);
    expect(fates.filter(({ dropped }) => dropped)).toEqual([]);
  });

  it('a qdisc of two packets drops the rest of a burst, and says how many it held', () => {
    const trace = traceOf({
      hosts: {
        A: {
          qdisc: { kind: 'tbf', rate: 1_000_000, burst: 1600, limit: 3100 },
          nic: { tso: false, gso: false },
        },
      },
      tasks: [{ host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 8000 }] }],
      limits: { maxMs: 20 },
    });
    const drops = fatesOf(trace).filter(({ dropped }) => dropped);
    expect(drops.length).toBeGreaterThan(0);
    expect(new Set(drops.map(({ word, host }) => `${host} ${word}`))).toEqual(new Set(['0 QDISC_DROP']));
  });
});
