/**
 * A small display filter, in the manner of capture programs: `tcp`, `ip.addr == 10.0.0.1`, `tcp.port == 80 and tcp.len > 0`,
 * `not arp`, `tcp.flags.syn || (udp && ip.ttl < 64)`. A field alone is true where the packet has it; a flag alone where it is set.
 * Of several values (either address) `==` and the others ask whether one fits, `!=` whether none is equal.
 */
import { lookUp } from '../../base/look-up';
import { ALIASES, FIELDS, type FieldType, type Filterable, hasProtocol, PROTOCOLS, valuesOf } from './fields';

export type Test = (packet: Filterable) => boolean;

export type Filter =
  | { readonly ok: true; readonly test: Test }
  /** `at`: where in the text, from 0. */
  | { readonly ok: false; readonly message: string; readonly at: number };

/** Longest text that is read, characters, and how deep parentheses may go. */
const LONGEST = 1000;
const DEEPEST = 50;

interface Token {
  readonly text: string;
  readonly at: number;
}

class Problem extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

const TOKEN = /\s*(&&|\|\||==|!=|>=|<=|[!<>()=&|~]|[A-Za-z0-9_.:/]+)/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) {
      const where = at + text.slice(at).search(/\S/);
      throw new Problem(`"${text[where]}" has no meaning here`, where);
    }
    const [whole, word = ''] = found;
    tokens.push({ text: word, at: at + whole.length - word.length });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

type Compare = (a: number, b: number) => boolean;

const OPERATORS: Readonly<Record<string, Compare>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a === b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};
const WORD_OPERATORS: Readonly<Record<string, string>> = {
  eq: '==',
  ne: '!=',
  gt: '>',
  lt: '<',
  ge: '>=',
  le: '<=',
};
const AND = new Set(['and', '&&']);
const OR = new Set(['or', '||']);
const NOT = new Set(['not', '!']);
const HALF: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||', '~': 'not' };

class Parser {
  private next = 0;
  private depth = 0;
  constructor(
    private readonly tokens: readonly Token[],
    private readonly end: number,
  ) {}

  whole(): Test {
    const test = this.either();
    const rest = this.peek();
    if (rest !== undefined) {
      const half = lookUp(HALF, rest.text);
      if (half !== undefined) throw new Problem(`write ${half} instead of ${rest.text}`, rest.at);
      throw new Problem(
        rest.text === ')' ? 'there is no ( for this )' : `"and" or "or" is wanted before "${rest.text}"`,
        rest.at,
      );
    }
    return test;
  }

  private peek(): Token | undefined {
    return this.tokens[this.next];
  }

  /** Takes the next token if it is one of these words. */
  private take(words: ReadonlySet<string>): boolean {
    const token = this.peek();
    if (token === undefined || !words.has(token.text.toLowerCase())) return false;
    this.next++;
    return true;
  }

  private either(): Test {
    let left = this.both();
    while (this.take(OR)) {
      const [a, b] = [left, this.both()];
      left = (packet) => a(packet) || b(packet);
    }
    return left;
  }

  private both(): Test {
    let left = this.negated();
    while (this.take(AND)) {
      const [a, b] = [left, this.negated()];
      left = (packet) => a(packet) && b(packet);
    }
    return left;
  }

  private negated(): Test {
    if (++this.depth > DEEPEST) throw new Problem('too many parentheses or "not"', this.peek()?.at ?? this.end);
    try {
      if (!this.take(NOT)) return this.single();
      const inner = this.negated();
      return (packet) => !inner(packet);
    } finally {
      this.depth--;
    }
  }

  private single(): Test {
    const token = this.peek();
    if (token === undefined) throw new Problem('a field or a protocol is wanted here, such as tcp.port', this.end);
    if (token.text === '(') {
      this.next++;
      const inner = this.either();
      const close = this.peek();
      if (close?.text !== ')') throw new Problem('a ) is missing', close?.at ?? this.end);
      this.next++;
      return inner;
    }
    this.next++;
    return this.field(token);
  }

  private field(token: Token): Test {
    const written = token.text.toLowerCase();
    const name = lookUp(ALIASES, written) ?? written;
    const operator = this.operator();
    if ((PROTOCOLS as readonly string[]).includes(name)) {
      if (operator !== null) throw new Problem(`${name} is a protocol: it has no value`, operator.at);
      return (packet) => hasProtocol(packet, name);
    }
    const known = lookUp(FIELDS, name);
    if (known === undefined) throw new Problem(unknownField(written), token.at);
    if (operator === null) {
      return known.type === 'flag'
        ? (packet) => valuesOf(packet, name).some((value) => value !== 0)
        : (packet) => valuesOf(packet, name).length > 0;
    }
    const value = this.peek();
    if (value === undefined) throw new Problem(`a value is wanted after ${operator.text}`, this.end);
    this.next++;
    const { fits, isExact } = valueTest(known.type, name, value);
    const compare = OPERATORS[operator.sign] as Compare;
    if (!isExact && operator.sign !== '==' && operator.sign !== '!=')
      throw new Problem('a network can only be compared with == and !=', operator.at);
    if (operator.sign === '!=') {
      return (packet) => {
        const values = valuesOf(packet, name);
        return values.length > 0 && !values.some(fits.equals);
      };
    }
    if (operator.sign === '==') return (packet) => valuesOf(packet, name).some(fits.equals);
    return (packet) => valuesOf(packet, name).some((one) => compare(one, fits.number));
  }

  private operator(): { sign: string; text: string; at: number } | null {
    const token = this.peek();
    if (token === undefined) return null;
    const sign = lookUp(WORD_OPERATORS, token.text.toLowerCase()) ?? token.text;
    if (lookUp(OPERATORS, sign) === undefined) {
      if (token.text === '=') throw new Problem('write == to compare', token.at);
      return null;
    }
    this.next++;
    return { sign, text: token.text, at: token.at };
  }
}

interface Wanted {
  readonly number: number;
  equals(value: number): boolean;
}

/** What a value stands for, by the type of its field. `isExact`: one number, and no network of addresses. */
function valueTest(type: FieldType, name: string, { text, at }: Token): { fits: Wanted; isExact: boolean } {
  const exactly = (number: number) => ({
    fits: { number, equals: (value: number) => value === number },
    isExact: true,
  });
  if (type === 'ip') {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
    const bytes = parts?.slice(1, 5).map(Number) ?? [];
    const bits = Number(parts?.[5] ?? 32);
    if (parts === null || bytes.some((byte) => byte > 255) || bits > 32)
      throw new Problem(`${name} wants an IPv4 address such as 10.0.0.1 or 10.0.0.0/24, not "${text}"`, at);
    const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    const size = 2 ** (32 - bits);
    const network = Math.floor(number / size);
    return { fits: { number, equals: (value) => Math.floor(value / size) === network }, isExact: bits === 32 };
  }
  if (type === 'mac') {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
      throw new Problem(`${name} wants a MAC address such as 02:00:00:00:00:01, not "${text}"`, at);
    return exactly(Number.parseInt(text.replaceAll(':', ''), 16));
  }
  if (type === 'flag' && /^(true|false)$/i.test(text)) return exactly(text.toLowerCase() === 'true' ? 1 : 0);
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text))
    throw new Problem(`${name} wants a number such as ${type === 'flag' ? '1' : '80 or 0x50'}, not "${text}"`, at);
  return exactly(Number(text));
}

function unknownField(name: string): string {
  const all = [...PROTOCOLS, ...Object.keys(FIELDS), ...Object.keys(ALIASES)];
  const [best] = all.map((one) => ({ one, distance: distance(name, one) })).sort((a, b) => a.distance - b.distance);
  if (best !== undefined && best.distance <= Math.max(name.length < 3 ? 1 : 2, Math.floor(name.length / 3)))
    return `there is no field "${name}"; is ${best.one} meant?`;
  const [group] = name.split('.');
  const siblings = Object.keys(FIELDS).filter((one) => one.startsWith(`${group}.`));
  if (siblings.length > 0)
    return `there is no field "${name}"; of ${group} there are ${siblings.slice(0, 6).join(', ')}...`;
  return `there is no field or protocol "${name}"; there are ${PROTOCOLS.join(', ')} and fields such as tcp.port`;
}

/** Edits from one word to the other; neighbours that changed places are one (Damerau, Levenshtein). */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    older = above;
    above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (older[j - 2] as number) + 1 : changed;
      row.push(Math.min(changed, swapped, (above[j] as number) + 1, (row[j - 1] as number) + 1));
    }
  }
  return row[b.length] as number;
}

/** Reads a filter; an empty one lets everything through. */
export function parseFilter(text: string): Filter {
  if (text.trim() === '') return { ok: true, test: () => true };
  if (text.length > LONGEST) return { ok: false, message: `at most ${LONGEST} characters`, at: LONGEST };
  try {
    return { ok: true, test: new Parser(tokensOf(text), text.length).whole() };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, message: error.message, at: error.at };
    throw error;
  }
}
