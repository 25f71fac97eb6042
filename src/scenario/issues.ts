/** What is wrong with a scenario, and where, in words. */
import type { BaseIssue } from 'valibot';

export interface Issue {
  /** `hosts.A.nic.txRing`, `tasks[0].calls[2].bytes`; empty for the whole. */
  readonly path: string;
  /** One sentence that names the place: `hosts.A.nic.txRing: expected a whole number from 80 to 4096, got "many"`. */
  readonly message: string;
  /** The part after "expected". */
  readonly expected: string;
  /** Where it stands in the text, counted from 1, when the scenario came as text. */
  readonly line?: number;
  readonly column?: number;
}

type Unknown = Record<string, unknown>;

export function pathText(keys: readonly (string | number)[]): string {
  let path = '';
  for (const key of keys) {
    if (typeof key === 'number') path += `[${key}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) path += path === '' ? key : `.${key}`;
    else path += `[${JSON.stringify(key.slice(0, 40))}]`;
  }
  return path;
}

export function issue(keys: readonly (string | number)[], expected: string, got: unknown): Issue {
  const path = pathText(keys);
  const at = path === '' ? '' : `${path}: `;
  return { path, expected, message: `${at}expected ${expected}, got ${shown(got)}` };
}

/** A value in a message: short, whatever was sent. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return String(value);
}

/** The one of the words that `word` may be meant for: the only one that it begins, or the nearest by edits; null: none is near. */
export function nearest(word: string, words: readonly string[]): string | null {
  if (word.length > 40) return null;
  const begun = words.filter((known) => word.length > 1 && known.toLowerCase().startsWith(word.toLowerCase()));
  if (begun.length === 1) return begun[0] ?? null;
  let best: string | null = null;
  // Of a short word something has to be right.
  let least = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 1) + 1;
  for (const candidate of words) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Letters to put in, leave out, change, or swap with their neighbour (Damerau, Levenshtein). */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] as number) + 1 : change;
      next.push(Math.min(change, swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}

/** Words for an issue of the schema `root`. */
export function fromSchema(root: unknown, found: BaseIssue<unknown>): Issue {
  const keys = (found.path ?? []).map((item) => item.key as string | number);
  const last = found.path?.at(-1);
  if (found.type === 'strict_object' && found.expected === 'never' && last !== undefined) {
    return unknownField(keys, entriesAt(root, found.path?.slice(0, -1) ?? [], last.input));
  }
  if (found.input === undefined && last?.type === 'object') {
    const expected = phrase(root, found);
    return {
      ...issue(keys, expected, undefined),
      message: `${pathText(keys)}: expected ${expected}, but it is missing`,
    };
  }
  const known = typeof found.input === 'string' ? nearest(found.input, choicesIn(found)) : null;
  const { message, ...rest } = issue(keys, found.message, found.input);
  return { ...rest, message: known === null ? message : `${message}; did you mean ${JSON.stringify(known)}?` };
}

/** The words that may stand where one of a few was expected. */
function choicesIn({ type, message, issues }: BaseIssue<unknown>): string[] {
  if (type === 'union') return issues?.flatMap(choicesIn) ?? [];
  if (type !== 'picklist' && type !== 'variant') return [];
  return [...message.matchAll(/"(\w[^"]*)"/g)].map(([, word]) => word as string);
}

/** The issue for a field that is not there in the schema. */
export function unknownField(keys: readonly (string | number)[], known: readonly string[]): Issue {
  const name = String(keys.at(-1)).slice(0, 40);
  const guess = nearest(name, known);
  const expected = guess === null ? `one of ${known.join(', ')}` : `"${guess}"`;
  const hint = guess === null ? `; known are ${known.join(', ')}` : `; did you mean "${guess}"?`;
  const at = pathText(keys.slice(0, -1));
  const path = pathText(keys);
  return { path, expected, message: `${path}: ${at === '' ? 'a scenario' : at} has no field "${name}"${hint}` };
}

/** The phrase of the schema at the place of `found`: a missing field is reported by the object around it. */
function phrase(root: unknown, found: BaseIssue<unknown>): string {
  if (found.type !== 'strict_object') return found.message;
  const path = found.path ?? [];
  const entries = objectAt(root, path.slice(0, -1), path.at(-1)?.input)?.entries as Unknown | undefined;
  const entry = unwrap(entries?.[String(path.at(-1)?.key)]);
  return typeof entry?.message === 'string' ? entry.message : `"${String(path.at(-1)?.key)}"`;
}

type PathItem = { readonly key?: unknown; readonly input?: unknown };

function entriesAt(root: unknown, path: readonly PathItem[], input: unknown): string[] {
  return Object.keys((objectAt(root, path, input)?.entries as Unknown | undefined) ?? {});
}

/** The object schema at `path`; variants are chosen by what stands in the input there. */
function objectAt(root: unknown, path: readonly PathItem[], input: unknown): Unknown | undefined {
  let schema = unwrap(root);
  for (let n = 0; n <= path.length; n++) {
    const here = n === path.length ? input : path[n]?.input;
    schema = chosen(schema, here);
    if (n === path.length || schema === undefined) break;
    const entries = schema.entries as Unknown | undefined;
    schema = unwrap(schema.item ?? entries?.[String(path[n]?.key)]);
  }
  return schema;
}

function unwrap(schema: unknown): Unknown | undefined {
  let inner = schema as Unknown | undefined;
  while (inner !== undefined && (inner.wrapped !== undefined || inner.type === 'lazy')) {
    inner = (inner.wrapped ?? (inner.getter as () => unknown)()) as Unknown;
  }
  return inner;
}

function chosen(schema: Unknown | undefined, input: unknown): Unknown | undefined {
  if (schema?.type !== 'variant') return schema;
  const key = schema.key as string;
  const tag = (input as Unknown | null)?.[key];
  const options = schema.options as { entries: Record<string, { literal?: unknown }> }[];
  return options.find((option) => option.entries[key]?.literal === tag) as Unknown | undefined;
}
