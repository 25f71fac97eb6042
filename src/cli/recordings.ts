/** The recordings of a real kernel that come with the project (src/trace/golden). */

import { type Calls, callsIn } from '../trace/compare/compare';
import type { Block } from '../trace/compare/forest';
import { parseRecording } from '../trace/compare/recording';

const texts = import.meta.glob<string>('../trace/golden/*.ctx', { query: '?raw', import: 'default', eager: true });

/** By their number: `08`. */
export const RECORDINGS: ReadonlyMap<string, { readonly name: string; readonly text: string }> = new Map(
  Object.entries(texts)
    .map(([path, text]) => ({ name: path.replace(/^.*\//, ''), text }))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((recording) => [recording.name.slice(0, 2), recording]),
);

/** The number of the one with this text, null: it is none of them. */
export function numberOf(text: string): string | null {
  return [...RECORDINGS].find(([, recording]) => recording.text === text)?.[0] ?? null;
}

/** Every call of any of them. */
export const RECORDED_CALLS: Calls = callsIn([...RECORDINGS.values()].map(({ text }) => parseRecording(text)));

/** Blocks of a recording by its number. */
export function recordingOf(number: string): Block[] {
  const recording = RECORDINGS.get(number);
  if (recording === undefined) throw new Error(`no recording ${number}`);
  return parseRecording(recording.text);
}
