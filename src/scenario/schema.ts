/** The only way in: whatever someone wrote becomes a `Scenario`, or sentences that say what is wrong and where. */
import * as v from 'valibot';
import { inconsistencies } from './consistency';
import { fromSchema, type Issue, issue } from './issues';
import { readJson } from './json';
import { settle } from './settle';
import { type Scenario, ScenarioShape } from './shape';
import { upgrade } from './upgrade';

export type { Call, CallInput, Pattern, SystemCall } from './calls';
export { descriptorsIn } from './calls';
export type { Capture, Connection, Edit, Qdisc, Scenario, ScenarioInput, Task, TcpSide } from './shape';

export type Parsed = { ok: true; scenario: Scenario } | { ok: false; issues: Issue[] };

/** Longest text of a scenario, characters. */
const LONGEST_TEXT = 1 << 20;
const DEEPEST = 24;
const MOST_VALUES = 50_000;
const MOST_ISSUES = 20;

/** Checks `input`, upgrades it if it is old, and fills in all defaults. Never throws. */
export function parseScenario(input: unknown): Parsed {
  const unruly = bounds(input);
  if (unruly !== null) return { ok: false, issues: [unruly] };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, issues: [issue([], 'a scenario: an object with at least "tasks"', input)] };
  }
  const upgraded = upgrade(input as Record<string, unknown>);
  if (!upgraded.ok) return { ok: false, issues: [upgraded.issue] };
  const result = v.safeParse(ScenarioShape, upgraded.value, { abortPipeEarly: true });
  if (!result.success) {
    return { ok: false, issues: result.issues.slice(0, MOST_ISSUES).map((found) => fromSchema(ScenarioShape, found)) };
  }
  const scenario = settle(result.output);
  const issues = inconsistencies(scenario);
  return issues.length > 0 ? { ok: false, issues: issues.slice(0, MOST_ISSUES) } : { ok: true, scenario };
}

/** The same for JSON text; issues say line and column. */
export function parseScenarioText(text: string): Parsed {
  if (text.length > LONGEST_TEXT) {
    return { ok: false, issues: [issue([], `at most ${LONGEST_TEXT} characters`, text.length)] };
  }
  const read = readJson(text);
  if (!read.ok) return { ok: false, issues: [read.issue] };
  const parsed = parseScenario(read.value);
  return parsed.ok
    ? parsed
    : { ok: false, issues: parsed.issues.map((found) => ({ ...found, ...read.place(found.path) })) };
}

/** Size and depth, before anything recurses into the input. */
function bounds(input: unknown): Issue | null {
  const stack: { value: unknown; keys: (string | number)[] }[] = [{ value: input, keys: [] }];
  let values = 0;
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { value, keys } = item;
    if (++values > MOST_VALUES) return issue([], `at most ${MOST_VALUES} values`, 'more');
    if (typeof value !== 'object' || value === null) continue;
    if (keys.length >= DEEPEST) return issue(keys.slice(0, 4), `at most ${DEEPEST} levels inside each other`, 'more');
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value) && key in Object.prototype)
        return issue([...keys, key], 'a name that a field may have', key);
      stack.push({ value: inner, keys: [...keys, Array.isArray(value) ? Number(key) : key] });
    }
  }
  return null;
}
