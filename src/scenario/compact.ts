/** The short form of a scenario: what a person would have written. */
import { equal, minimise } from './minimise';
import { parseScenario, type Scenario, type ScenarioInput } from './schema';
import { VERSION } from './shape';

/** True when `input` is valid and means `scenario`. */
export function isInputOf(input: unknown, scenario: Scenario): boolean {
  const parsed = parseScenario(input);
  return parsed.ok && equal(parsed.scenario, scenario);
}

/**
 * Leaves out what is a default or follows from the rest. For links and for editors: what was settled from other fields
 * (first windows, MSS, sequence numbers) follows again when those are edited. The version stays.
 */
export function compact(scenario: Scenario): ScenarioInput {
  const small = minimise(scenario as unknown as Record<string, unknown>, (candidate) => {
    return candidate.version === VERSION && isInputOf(candidate, scenario);
  });
  return small as unknown as ScenarioInput;
}
