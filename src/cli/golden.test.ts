import { afterAll, describe, expect, it } from 'vitest';
import { type Finding, reportOf } from '../trace/compare/compare';
import { compareWith } from './compare';
import { RECORDINGS } from './recordings';
import { PACE, situationOf } from './situations';

const LEAST = 0.9;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
const names = (findings: readonly Finding[]): string =>
  findings.map(({ count, caller, callee }) => `\n    ${count}\t${caller} > ${callee}`).join('');

describe('the model against recordings of a running 2.6.39', () => {
  const total = { recorded: 0, reproduced: 0 };
  afterAll(() => {
    console.log(`all: ${percent(total.reproduced, total.recorded)} of ${total.recorded} calls reproduced`);
  });

  it.each([...RECORDINGS.entries()])('%s', (number, { name, text }) => {
    const scenario = situationOf(number);
    if (scenario === null) throw new Error(`no situation for recording ${number}`);
    const comparison = compareWith(scenario, name, text, PACE);
    const { recorded, reproduced, missing, extra } = comparison;
    total.recorded += recorded;
    total.reproduced += reproduced;
    console.log(`${name}: ${percent(reproduced, recorded)} of ${recorded} calls reproduced${names(missing)}`);
    const silent = [...missing, ...extra].filter(({ row }) => row === null);
    expect(silent, reportOf(comparison)).toEqual([]);
    expect(reproduced / recorded, reportOf(comparison)).toBeGreaterThanOrEqual(LEAST);
  });
});
