/** JSON that knows where its values stand: errors and issues can name line and column in every browser alike. */
import { type Issue, pathText } from './issues';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Read =
  /** `place` is where the value of a path (`hosts.A.cpus`) begins, or its nearest parent. */
  { ok: true; value: unknown; place: (path: string) => Place } | { ok: false; issue: Issue };

const DEEPEST = 64;

class Unexpected extends Error {
  constructor(
    readonly expected: string,
    readonly offset: number,
  ) {
    super(expected);
  }
}

/** Reads one JSON value. A field given twice is an error too. */
export function readJson(text: string): Read {
  const reader = new Reader(text);
  try {
    const value = reader.all();
    const place = (path: string): Place => placeOf(text, reader.offsetOf(path));
    return { ok: true, value, place };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    const { line, column } = placeOf(text, error.offset);
    const got = error.offset >= text.length ? 'the end of the text' : JSON.stringify(text[error.offset]);
    const message = `line ${line}, column ${column}: expected ${error.expected}, got ${got}${hintAt(text, error.offset)}`;
    return { ok: false, issue: { path: '', expected: error.expected, message, line, column } };
  }
}

/** What people write that other languages allow and JSON does not. */
function hintAt(text: string, offset: number): string {
  if (/^\/[/*]/.test(text.slice(offset, offset + 2))) return '; JSON has no comments';
  if (text[offset] === "'") return '; JSON has double quotes only';
  const isEnd = text[offset] === '}' || text[offset] === ']';
  return isEnd && text.slice(0, offset).trimEnd().endsWith(',') ? '; no comma goes before it' : '';
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}

class Reader {
  private at = 0;
  private readonly offsets = new Map<string, number>();
  private readonly keys: (string | number)[] = [];

  constructor(private readonly text: string) {}

  all(): unknown {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail('the end of the text');
    return value;
  }

  offsetOf(path: string): number {
    for (let rest = path; rest !== ''; rest = rest.replace(/(^|\.)[\w$]+$|\[[^[\]]*\]$|.$/, '')) {
      const offset = this.offsets.get(rest);
      if (offset !== undefined) return offset;
    }
    return this.offsets.get('') ?? 0;
  }

  private fail(expected: string, offset = this.at): never {
    throw new Unexpected(expected, offset);
  }

  private space(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? '.')) this.at++;
  }

  /** Goes past `mark` if it stands here. */
  private take(mark: string): boolean {
    this.space();
    if (this.text[this.at] !== mark) return false;
    this.at++;
    return true;
  }

  private value(): unknown {
    this.space();
    this.offsets.set(pathText(this.keys), this.at);
    if (this.keys.length > DEEPEST) this.fail(`at most ${DEEPEST} levels inside each other`);
    const mark = this.text[this.at];
    if (mark === '{') return this.object();
    if (mark === '[') return this.list();
    if (mark === '"') return this.string();
    const word = /[\w+.-]*/y;
    word.lastIndex = this.at;
    const found = word.exec(this.text)?.[0] ?? '';
    const known = new Map<string, unknown>([
      ['true', true],
      ['false', false],
      ['null', null],
    ]);
    if (!known.has(found) && !/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(found)) this.fail('a value');
    this.at += found.length;
    return known.has(found) ? known.get(found) : Number(found);
  }

  private object(): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    this.at++;
    if (this.take('}')) return {};
    do {
      this.space();
      const start = this.at;
      if (this.text[start] !== '"') this.fail('a field name in double quotes');
      const name = this.string();
      if (entries.has(name)) this.fail(`each field once, not "${name.slice(0, 40)}" again`, start);
      if (!this.take(':')) this.fail('":"');
      this.keys.push(name);
      entries.set(name, this.value());
      this.keys.pop();
    } while (this.take(','));
    if (!this.take('}')) this.fail('"," or "}"');
    return Object.fromEntries(entries);
  }

  private list(): unknown[] {
    const items: unknown[] = [];
    this.at++;
    if (this.take(']')) return items;
    do {
      this.keys.push(items.length);
      items.push(this.value());
      this.keys.pop();
    } while (this.take(','));
    if (!this.take(']')) this.fail('"," or "]"');
    return items;
  }

  private string(): string {
    const start = this.at;
    for (this.at++; this.text[this.at] !== '"'; this.at++) {
      const mark = this.text[this.at];
      if (mark === undefined || mark < ' ') this.fail('the closing double quote');
      if (mark === '\\') this.at++;
    }
    this.at++;
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      return this.fail('text with valid escapes', start);
    }
  }
}
