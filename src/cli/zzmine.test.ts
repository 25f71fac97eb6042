import { describe, expect, it } from 'vitest';
import { parseScenario } from '../scenario/schema';
import { reportOf } from '../trace/compare/compare';
import { compareWith } from './compare';
import { RECORDINGS } from './recordings';
import { PACE, SITUATIONS } from './situations';

const LEAST = 0.9;

describe('the model against recordings of a running 2.6.39', () => {
  it.each([...RECORDINGS.entries()])('%s', (number, { name, text }) => {
    const parsed = parseScenario(SITUATIONS[number]);
    if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('\n'));
    const comparison = compareWith(parsed.scenario, name, text, {
      ...PACE,
      oneCore: true,
      slowdown: Number(process.env.SLOW ?? 40),
    });
    const share = comparison.reproduced / comparison.recorded;
    console.log(`${name}: ${(100 * share).toFixed(1)} % of ${comparison.recorded} calls reproduced`);
    const silent = [...comparison.missing, ...comparison.extra].filter(({ row }) => row === null);
    expect(silent, reportOf(comparison)).toEqual([]);
    expect(share, reportOf(comparison)).toBeGreaterThanOrEqual(LEAST);
  });
});
