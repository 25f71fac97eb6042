/**
 * Words of a packetdrill script. What a word is follows packetdrill's scanner (`gtests/net/packetdrill/lexer.l`);
 * beyond it, `#` begins a comment and a carriage return is a blank.
 */
import type { Place } from './ast';

export type Token =
  /** `text` is the source, `value` what is inside of quotes; both are the same for what has none. */
  {
    readonly kind: 'number' | 'address' | 'word' | 'string' | 'command' | 'code' | 'option' | 'mark' | 'end';
    readonly text: string;
    readonly value: string;
    readonly offset: number;
    readonly end: number;
  };

/** What stands in the text is not what the language wants there. */
export class Unexpected extends Error {
  constructor(
    readonly expected: string,
    readonly offset: number,
    /** Overrides the words for what was found. */
    readonly got: string | null = null,
  ) {
    super(expected);
  }
}

const ADDRESS = /\d+\.\d+\.\d+\.\d+/y;
/** Only with `::` or all eight groups, or `1:1001` would be one. */
const ADDRESS6 =
  /(?:[\da-f]{1,4}(?::[\da-f]{1,4}){0,6})?::(?:[\da-f]{1,4}(?::[\da-f]{1,4}){0,6}(?:\.\d{1,3}){0,3})?|(?:[\da-f]{1,4}:){7}[\da-f]{1,4}/iy;
const FRACTION = /-?\d*\.\d+/y;
const WHOLE = /-?\d+(?!\w)/y;
const WORD = /sequence#|[A-Za-z0-9_]+/y;
const OPTION = /--\w+/y;

export class Scanner {
  /** Symbols of `--define`: what stands for each. */
  readonly defines = new Map<string, Pick<Token, 'kind' | 'text' | 'value'>>();
  /** Where the last word that was gone past ends. */
  lastEnd = 0;
  private at: number;
  private ahead: Token | null = null;
  private readonly lineStarts: number[] = [0];

  constructor(private readonly text: string) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
    for (let n = text.indexOf('\n'); n >= 0; n = text.indexOf('\n', n + 1)) this.lineStarts.push(n + 1);
  }

  peek(): Token {
    this.ahead ??= this.scan();
    return this.ahead;
  }

  next(): Token {
    const token = this.peek();
    this.at = token.end;
    this.lastEnd = token.end;
    this.ahead = null;
    return token;
  }

  /** Goes back to (or forward to) an offset. */
  moveTo(offset: number): void {
    this.at = offset;
    this.ahead = null;
  }

  /** The text after `before` if `pattern` (sticky) is found here, blanks and comments skipped. */
  match(pattern: RegExp): Token | null {
    this.skip();
    const found = this.found(pattern);
    if (found === null || found === '') return null;
    const token = this.token('word', this.at, this.at + found.length);
    this.moveTo(token.end);
    this.lastEnd = token.end;
    return token;
  }

  matchAddress6(): Token | null {
    return this.match(ADDRESS6);
  }

  /** Text up to `close`, which is gone past; null if it does not come before the end or one of `never`. */
  upTo(close: string, never: string): string | null {
    const start = this.at;
    for (let n = start; n < this.text.length; n++) {
      const mark = this.text[n] as string;
      if (mark === close) {
        this.moveTo(n + 1);
        this.lastEnd = n + 1;
        return this.text.slice(start, n);
      }
      if (never.includes(mark)) return null;
    }
    return null;
  }

  place(offset: number, end = offset + 1): Place {
    const line = this.lineOf(offset);
    const start = this.lineStarts[line - 1] as number;
    return { line, column: offset - start + 1, lastLine: this.lineOf(Math.max(offset, end - 1)) };
  }

  /** Goes to the next line after `offset` that begins like an event, an option or a command; to the end if none does. */
  recover(offset: number): void {
    const start = /\n[ \t\r]*(?=[+*.\d`]|--|%\{)/g;
    start.lastIndex = offset;
    const found = start.exec(this.text);
    this.moveTo(found === null ? this.text.length : found.index + found[0].length);
  }

  /** What stands at an offset, for a message. */
  shown(offset: number): string {
    if (offset >= this.text.length) return 'the end of the script';
    const found = /\S{1,24}/y;
    found.lastIndex = offset;
    const word = found.exec(this.text)?.[0] ?? 'a blank';
    return JSON.stringify(word);
  }

  private lineOf(offset: number): number {
    let low = 0;
    let high = this.lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.lineStarts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  private token(kind: Token['kind'], offset: number, end: number, inside: readonly [number, number] = [0, 0]): Token {
    const text = this.text.slice(offset, end);
    return { kind, text, value: text.slice(inside[0], text.length - inside[1]), offset, end };
  }

  private found(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0] ?? null;
  }

  /** Past blanks and comments. */
  private skip(): void {
    const { text } = this;
    for (;;) {
      const mark = text[this.at];
      if (mark === ' ' || mark === '\t' || mark === '\n' || mark === '\r') this.at++;
      else if (mark === '#' || text.startsWith('//', this.at)) this.at = past(text, '\n', this.at);
      else if (text.startsWith('/*', this.at)) {
        const end = text.indexOf('*/', this.at + 2);
        if (end < 0) throw new Unexpected('"*/" after this "/*"', this.at);
        this.at = end + 2;
      } else return;
    }
  }

  private scan(): Token {
    this.skip();
    const { text, at } = this;
    const mark = text[at];
    if (mark === undefined) return this.token('end', at, at);
    if (mark === '"') return this.token('string', at, this.closing('"'), [1, 1]);
    if (mark === '`') return this.token('command', at, this.closing('`'), [1, 1]);
    if (text.startsWith('%{', at)) {
      const end = text.indexOf('}%', at + 2);
      if (end < 0) throw new Unexpected('"}%" after this "%{"', at);
      return this.token('code', at, end + 2, [2, 2]);
    }
    if (text.startsWith('...', at)) return this.token('mark', at, at + 3);
    for (const [pattern, kind] of [
      [OPTION, 'option'],
      [ADDRESS, 'address'],
      [FRACTION, 'number'],
      [WHOLE, 'number'],
      [WORD, 'word'],
    ] as const) {
      const found = this.found(pattern);
      if (found === null) continue;
      if (kind !== 'word') return this.token(kind, at, at + found.length);
      const isNumber = /^(0x[\da-f]+|\d+e\d{1,3})$/i.test(found);
      const token = this.token(isNumber ? 'number' : 'word', at, at + found.length);
      return { ...token, ...this.defines.get(found) };
    }
    return this.token('mark', at, at + 1);
  }

  /** The offset past the quote that closes the one here; a backslash takes the next character with it. */
  private closing(quote: string): number {
    for (let n = this.at + 1; n < this.text.length; n++) {
      const mark = this.text[n];
      if (mark === '\\') n++;
      else if (mark === quote) return n + 1;
    }
    throw new Unexpected(`another ${quote} that closes this one`, this.at);
  }
}

function past(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + 1;
}
