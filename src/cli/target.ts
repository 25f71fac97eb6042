/** TARGET of a command: a preset's name, a scenario file or a link. */
import { readFileSync, statSync } from 'node:fs';
import type { Issue } from '../scenario/issues';
import { nearest } from '../scenario/issues';
import { decodeLink } from '../scenario/link';
import type { Script } from '../scenario/packetdrill/ast';
import { parsePacketdrill } from '../scenario/packetdrill/parse';
import { PRESETS, presetNamed, scenarioOf } from '../scenario/presets';
import type { Scenario } from '../scenario/schema';
import { readScenarioText } from '../scenario/text';
import { Problem } from './problem';

/** Largest file that is read, bytes. */
const LARGEST_FILE = 16 << 20;

export interface Target {
  readonly scenario: Scenario;
  /** Key of the step a link opens at. */
  readonly key: string | null;
}

export function readTarget(text: string): Target {
  const preset = presetNamed(text);
  if (preset !== null) return { scenario: scenarioOf(preset), key: null };
  const hash = text.indexOf('#');
  if (hash >= 0 && (hash === 0 || /^[a-z]+:\/\//i.test(text))) return readLink(text.slice(hash));
  if (isFile(text)) return { scenario: readScenario(text), key: null };
  const near = nearest(
    text,
    PRESETS.map(({ name }) => name),
  );
  const hint = near === null ? '' : `; did you mean ${near}?`;
  throw new Problem(`TARGET: expected a preset's name, a scenario file or a link, not "${text}"${hint}`);
}

function readLink(hash: string): Target {
  const decoded = decodeLink(hash);
  if (!decoded.ok) throw new Problem(`TARGET: ${decoded.message}`);
  return { scenario: decoded.link.scenario, key: decoded.link.key };
}

/** Reads and validates a scenario file, or a packetdrill script as one. */
export function readScenario(path: string): Scenario {
  const read = readScenarioText(readText(path), path);
  if (read.ok) return read.scenario;
  throw new Problem(read.issues.map((issue) => `${path}${place(issue)}: ${issue.message}`).join('\n'));
}

/** Reads a packetdrill script. */
export function readPacketdrill(path: string): Script {
  const parsed = parsePacketdrill(readText(path));
  if (parsed.ok) return parsed.script;
  throw new Problem(parsed.issues.map(({ message }) => `${path}: ${message}`).join('\n'));
}

function place({ line, column }: Issue): string {
  return line === undefined ? '' : `:${line}:${column ?? 1}`;
}

/** A text file; a Problem says what is in the way. */
export function readText(path: string): string {
  if (!isFile(path)) throw new Problem(`${path}: expected a file, there is none`);
  if (statSync(path).size > LARGEST_FILE) throw new Problem(`${path}: expected at most ${LARGEST_FILE >> 20} MiB`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Problem(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
