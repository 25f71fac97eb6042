/** What people write and open: a scenario as JSON, or a packetdrill script, told apart by how they begin. */
import type { Issue } from './issues';
import { parsePacketdrill } from './packetdrill/parse';
import { scenarioOfScript } from './packetdrill/scenario';
import { parseScenario, parseScenarioText, type Scenario, type ScenarioInput } from './schema';
import { LONGEST_SCRIPT } from './shape';

export type ReadText =
  | {
      readonly ok: true;
      readonly kind: 'scenario' | 'script';
      readonly input: ScenarioInput;
      readonly scenario: Scenario;
    }
  | { readonly ok: false; readonly kind: 'scenario' | 'script'; readonly issues: readonly Issue[] };

/** A scenario is a JSON object; no script begins with a brace. */
export function isScriptText(text: string): boolean {
  return !/^\s*(\{|$)/.test(text);
}

/** Reads either; issues say line and column. Never throws. `title` is for a script, which has none. */
export function readScenarioText(text: string, title?: string): ReadText {
  if (!isScriptText(text)) {
    const parsed = parseScenarioText(text);
    return parsed.ok
      ? { ok: true, kind: 'scenario', input: JSON.parse(text) as ScenarioInput, scenario: parsed.scenario }
      : { ok: false, kind: 'scenario', issues: parsed.issues };
  }
  if (text.length > LONGEST_SCRIPT) {
    const expected = `at most ${LONGEST_SCRIPT} characters`;
    const message = `expected a script of ${expected}, got ${text.length}`;
    return { ok: false, kind: 'script', issues: [{ path: '', expected, message }] };
  }
  const script = parsePacketdrill(text);
  if (!script.ok) {
    // The place stands in fields of its own.
    const issues = script.issues.map((found) => ({
      ...found,
      path: '',
      message: found.message.replace(/^line \d+, column \d+: /, ''),
    }));
    return { ok: false, kind: 'script', issues };
  }
  const input = scenarioOfScript(text, title === undefined ? {} : { title });
  const parsed = parseScenario(input);
  return parsed.ok
    ? { ok: true, kind: 'script', input, scenario: parsed.scenario }
    : { ok: false, kind: 'script', issues: parsed.issues };
}
