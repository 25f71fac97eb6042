/** What people write and open: a scenario as JSON, or a packetdrill script, told apart by how they begin. */
import type { Issue } from './issues';
import { readJson } from './json';
import { parsePacketdrill } from './packetdrill/parse';
import { scenarioOfScript } from './packetdrill/scenario';
import { parseScenario, parseScenarioText, type Scenario, type ScenarioInput } from './schema';
import { LONGEST_SCRIPT } from './shape';
import { warningsOf } from './warnings';

export type ReadText =
  | {
      readonly ok: true;
      readonly kind: 'scenario' | 'script';
      readonly input: ScenarioInput;
      readonly scenario: Scenario;
      /** What it may run into; they say line and column too. */
      readonly warnings: readonly Issue[];
    }
  | { readonly ok: false; readonly kind: 'scenario' | 'script'; readonly issues: readonly Issue[] };

/** What JSON may begin with; no script begins so. */
const JSON_BEGINS = /^([[{"]|(null|true|false)\s*$)/;

/** A scenario is JSON, even where somebody put comments before it, which JSON has none of. */
export function isScriptText(text: string): boolean {
  const rest = afterComments(text);
  return rest === '' ? text.trim() !== '' : !JSON_BEGINS.test(rest);
}

/** The text from the first thing on that is neither space nor comment. */
function afterComments(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    const end = rest.startsWith('//') || rest.startsWith('#') ? '\n' : rest.startsWith('/*') ? '*/' : null;
    if (end === null) return rest;
    const at = rest.indexOf(end);
    rest = at < 0 ? '' : rest.slice(at + end.length).trimStart();
  }
}

/** Reads either; issues say line and column. Never throws. `title` is for a script, which has none. */
export function readScenarioText(marked: string, title?: string): ReadText {
  // Some editors put a byte order mark in front.
  const text = marked.replace(/^\ufeff/, '');
  if (!isScriptText(text)) {
    const parsed = parseScenarioText(text);
    if (!parsed.ok) return { ok: false, kind: 'scenario', issues: parsed.issues };
    const { scenario } = parsed;
    const input = JSON.parse(text) as ScenarioInput;
    return { ok: true, kind: 'scenario', input, scenario, warnings: placed(text, warningsOf(scenario)) };
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
    ? { ok: true, kind: 'script', input, scenario: parsed.scenario, warnings: [] }
    : { ok: false, kind: 'script', issues: parsed.issues };
}

/** Warnings with the places of the fields they begin with, or of the nearest around these that the text has. */
function placed(text: string, warnings: readonly string[]): Issue[] {
  if (warnings.length === 0) return [];
  const read = readJson(text);
  return warnings.map((message) => {
    const path = message.slice(0, message.indexOf(': '));
    return { path, expected: '', message, ...(read.ok ? read.place(path) : {}) };
  });
}
