import { type RunOptions, runScenario } from '../machine/run';
import type { Scenario } from '../scenario/schema';
import { type Comparison, compare } from '../trace/compare/compare';
import { parseRecording } from '../trace/compare/recording';
import { Trace } from '../trace/trace';
import { Problem } from './problem';
import { numberOf, RECORDED_CALLS } from './recordings';

export type Pace = Pick<RunOptions, 'emulated' | 'linkTick' | 'oneCore' | 'slowdown'>;

/** Runs a scenario and holds it against a recording's text. `name` is told in errors; `pace`: as the recorded machine ran. */
export function compareWith(scenario: Scenario, name: string, text: string, pace: Pace): Comparison {
  const recording = located(name, () => parseRecording(text));
  const data = runScenario(scenario, { level: 'calls', ...pace });
  if (data.end.reason === 'error') throw new Error(`the run ended with an error: ${data.end.message}`);
  return located(name, () => compare(new Trace(data), recording, { number: numberOf(text), known: RECORDED_CALLS }));
}

function located<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Problem(`${name}: ${(error as Error).message}`);
  }
}
