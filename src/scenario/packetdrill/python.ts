/**
 * The Python that stands in `%{ ... }%`, as far as assertions go: `assert`, assignments, `print` (ignored), over numbers, comparisons, arithmetic,
 * `and` / `or` / `not`, conditionals, parentheses, tuples and a few pure functions. Nothing is handed to a language that could do more: what is
 * not in this grammar is `Unsupported`.
 */
import { lookUp } from '../../base/look-up';

/** Python that this evaluator has no rule for. `line` counts from 0, within the code. */
export class Unsupported extends Error {
  constructor(
    readonly what: string,
    readonly line: number,
  ) {
    super(what);
    this.name = 'Unsupported';
  }
}

export type Value = number | boolean | string | null | readonly Value[];

/** What names stand for. */
export type Names = Map<string, Value>;

export type Statement =
  | { readonly kind: 'assert'; readonly test: Node; readonly text: string; readonly line: number }
  | { readonly kind: 'assign'; readonly name: string; readonly value: Node; readonly line: number }
  | { readonly kind: 'ignored' };

type Node =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly op: string; readonly of: Node }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'logic'; readonly op: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'compare'; readonly first: Node; readonly rest: readonly { op: string; of: Node }[] }
  | { readonly kind: 'choose'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'tuple'; readonly items: readonly Node[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] };

/** An assertion that does not hold, or an expression with no value. */
export interface Failure {
  readonly line: number;
  /** `tcpi_snd_cwnd == 10`. */
  readonly expected: string;
  /** `tcpi_snd_cwnd = 9`. */
  readonly got: string;
}

const FUNCTIONS: Readonly<Record<string, (...args: number[]) => number>> = {
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  int: Math.trunc,
  float: (x) => x,
  bool: (x) => (x === 0 ? 0 : 1),
  round: (x) => Math.round(x),
};

/** Nested brackets and operators. */
const DEEPEST = 100;

/** Words and signs of a statement. */
const MOST_TOKENS = 2000;

const LONGEST_STRING = 65_536;

const TOKEN =
  /\s*(?:(#.*)|(0[xX][\da-fA-F]+|\d+\.\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|((?:[rbfuRBFU]{0,2})(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))|(\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*/%&|^~<>=(),[\].:;]))/y;

interface Token {
  readonly kind: 'number' | 'name' | 'string' | 'mark';
  readonly text: string;
  readonly at: number;
}

/** Reads code; throws `Unsupported` for what is beyond it. */
export function parsePython(text: string): Statement[] {
  const statements: Statement[] = [];
  for (const { source, line } of logicalLines(text)) {
    const tokens = tokensOf(source, line);
    if (tokens.length > 0) statements.push(...new Reader(tokens, source, line).statements());
  }
  return statements;
}

/** Lines as Python joins them: inside of brackets and after a backslash. */
function logicalLines(text: string): { source: string; line: number }[] {
  const lines: { source: string; line: number }[] = [];
  let source = '';
  let line = 0;
  let depth = 0;
  text.split('\n').forEach((part, n) => {
    if (source === '') line = n;
    const bare = part.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '').replace(/#.*$/, '');
    depth += (bare.match(/[([{]/g) ?? []).length - (bare.match(/[)\]}]/g) ?? []).length;
    const joined = /\\\s*$/.test(bare);
    source += `${joined ? part.replace(/\\\s*$/, '') : depth > 0 ? part.replace(/#.*$/, '') : part} `;
    if (joined || depth > 0) return;
    lines.push({ source, line });
    source = '';
  });
  if (source !== '') lines.push({ source, line });
  return lines;
}

function tokensOf(source: string, line: number): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; source.slice(at).trim() !== ''; ) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(source);
    if (found === null)
      throw new Unsupported(`Python from ${JSON.stringify(source.slice(at).trim().slice(0, 24))} on`, line);
    const [all, comment, number, name, string, mark] = found;
    at += all.length;
    if (comment !== undefined) break;
    if (tokens.length === MOST_TOKENS) throw new Unsupported(`more than ${MOST_TOKENS} words in a statement`, line);
    const text = (number ?? name ?? string ?? mark) as string;
    const kind =
      number !== undefined ? 'number' : name !== undefined ? 'name' : string !== undefined ? 'string' : 'mark';
    tokens.push({ kind, text, at: at - text.length });
  }
  return tokens;
}

class Reader {
  private n = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly source: string,
    private readonly line: number,
  ) {}

  statements(): Statement[] {
    const all: Statement[] = [];
    while (this.n < this.tokens.length) {
      all.push(this.statement());
      if (this.n < this.tokens.length) this.need(';');
    }
    return all;
  }

  private statement(): Statement {
    const { line } = this;
    if (this.take('assert')) {
      const from = this.tokens[this.n]?.at ?? 0;
      const test = this.expression();
      const last = this.tokens[this.n - 1] as Token;
      const text = this.source.slice(from, last.at + last.text.length).replace(/\s+/g, ' ');
      if (this.take(',')) this.message();
      return { kind: 'assert', test, text, line };
    }
    if (this.take('print')) {
      this.message();
      return { kind: 'ignored' };
    }
    if (this.take('pass')) return { kind: 'ignored' };
    const [name, equals] = [this.tokens[this.n], this.tokens[this.n + 1]];
    if (name?.kind === 'name' && equals?.text === '=') {
      this.n += 2;
      return { kind: 'assign', name: name.text, value: this.tuple(), line };
    }
    return this.beyond();
  }

  /** Goes past what would be printed, to the end of the statement. */
  private message(): void {
    let depth = 0;
    for (; this.n < this.tokens.length && !(depth === 0 && this.sees(';')); this.n++) {
      if (this.sees('(') || this.sees('[')) depth++;
      else if (this.sees(')') || this.sees(']')) depth--;
      if (depth < 0) this.beyond();
    }
    if (depth > 0) this.beyond();
  }

  private beyond(): never {
    const token = this.tokens[this.n];
    throw new Unsupported(`Python ${token === undefined ? 'that ends here' : `from "${token.text}" on`}`, this.line);
  }

  private sees(text: string): boolean {
    const token = this.tokens[this.n];
    return token?.text === text && token.kind !== 'string';
  }

  private take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.n++;
    return true;
  }

  private need(text: string): void {
    if (!this.take(text)) this.beyond();
  }

  /** Expressions with commas between them. */
  private tuple(): Node {
    const items = [this.expression()];
    let isTuple = false;
    while (this.take(',')) {
      isTuple = true;
      if (this.n >= this.tokens.length || this.sees(')') || this.sees(']') || this.sees(';')) break;
      items.push(this.expression());
    }
    return isTuple ? { kind: 'tuple', items } : (items[0] as Node);
  }

  private expression(): Node {
    if (++this.depth > DEEPEST) throw new Unsupported(`more than ${DEEPEST} levels inside each other`, this.line);
    const yes = this.or();
    let node = yes;
    if (this.take('if')) {
      const test = this.or();
      this.need('else');
      node = { kind: 'choose', test, yes, no: this.expression() };
    }
    this.depth--;
    return node;
  }

  private or(): Node {
    let left = this.and();
    while (this.take('or')) left = { kind: 'logic', op: 'or', left, right: this.and() };
    return left;
  }

  private and(): Node {
    let left = this.not();
    while (this.take('and')) left = { kind: 'logic', op: 'and', left, right: this.not() };
    return left;
  }

  private not(): Node {
    if (++this.depth > DEEPEST) throw new Unsupported(`more than ${DEEPEST} levels inside each other`, this.line);
    const node: Node = this.take('not') ? { kind: 'unary', op: 'not', of: this.not() } : this.comparison();
    this.depth--;
    return node;
  }

  private comparison(): Node {
    const first = this.binary(0);
    const rest: { op: string; of: Node }[] = [];
    for (let op = this.comparator(); op !== null; op = this.comparator()) rest.push({ op, of: this.binary(0) });
    return rest.length === 0 ? first : { kind: 'compare', first, rest };
  }

  private comparator(): string | null {
    for (const op of ['==', '!=', '<=', '>=', '<', '>', 'in']) if (this.take(op)) return op;
    if (this.take('is')) return this.take('not') ? '!=' : '==';
    if (!this.sees('not')) return null;
    this.need('not');
    this.need('in');
    return 'not in';
  }

  /** Operators by rank, weakest first. */
  private binary(rank: number): Node {
    const ranks = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']];
    const ops = ranks[rank];
    if (ops === undefined) return this.unary();
    let left = this.binary(rank + 1);
    for (;;) {
      const op = ops.find((text) => this.sees(text));
      if (op === undefined) return left;
      this.n++;
      left = { kind: 'binary', op, left, right: this.binary(rank + 1) };
    }
  }

  private unary(): Node {
    if (++this.depth > DEEPEST) throw new Unsupported(`more than ${DEEPEST} levels inside each other`, this.line);
    const op = ['-', '+', '~'].find((text) => this.sees(text));
    let node: Node;
    if (op !== undefined) {
      this.n++;
      node = { kind: 'unary', op, of: this.unary() };
    } else {
      node = this.atom();
      if (this.take('**')) node = { kind: 'binary', op: '**', left: node, right: this.unary() };
    }
    this.depth--;
    return node;
  }

  private atom(): Node {
    const token = this.tokens[this.n];
    if (token === undefined) return this.beyond();
    if (token.kind === 'number') {
      this.n++;
      return { kind: 'value', value: Number(token.text) };
    }
    if (token.kind === 'string') {
      let value = '';
      while (this.tokens[this.n]?.kind === 'string') {
        value += (this.tokens[this.n++] as Token).text.replace(/^[a-z]*["']|["']$/gi, '');
      }
      return { kind: 'value', value };
    }
    for (const [open, close] of [['(', ')'] as const, ['[', ']'] as const]) {
      if (!this.take(open)) continue;
      if (this.take(close)) return { kind: 'tuple', items: [] };
      const inner = this.tuple();
      this.need(close);
      return open === '[' && inner.kind !== 'tuple' ? { kind: 'tuple', items: [inner] } : inner;
    }
    if (token.kind !== 'name') return this.beyond();
    this.n++;
    const constant = new Map<string, Value>([
      ['True', true],
      ['False', false],
      ['None', null],
    ]).get(token.text);
    if (constant !== undefined) return { kind: 'value', value: constant };
    if (['lambda', 'for', 'while', 'def', 'import', 'from', 'if', 'else'].includes(token.text)) {
      this.n--;
      return this.beyond();
    }
    if (!this.take('(')) return { kind: 'name', name: token.text };
    if (lookUp(FUNCTIONS, token.text) === undefined && token.text !== 'len' && token.text !== 'str') {
      throw new Unsupported(`the Python function ${token.text}()`, this.line);
    }
    const args: Node[] = [];
    if (!this.take(')')) {
      do args.push(this.expression());
      while (this.take(','));
      this.need(')');
    }
    return { kind: 'call', name: token.text, args };
  }
}

class NoValue extends Error {}

/**
 * Runs statements in order. `names` holds what the code may use, and keeps what it assigns. The first assertion that does not hold is given back,
 * null: all hold. A name that nothing is known of is `Unsupported`.
 */
export function runPython(statements: readonly Statement[], names: Names): Failure | null {
  for (const statement of statements) {
    if (statement.kind === 'ignored') continue;
    const { line } = statement;
    const used = new Map<string, Value>();
    try {
      if (statement.kind === 'assign') names.set(statement.name, evaluate(statement.value, names, used, line));
      else if (!truth(evaluate(statement.test, names, used, line))) {
        // Constants say nothing new.
        const told = [...used].filter(([name]) => !/^TCP/.test(name));
        const got = told.map(([name, value]) => `${name} = ${shown(value)}`).join(', ');
        return { line, expected: statement.text, got: got === '' ? 'False' : got };
      }
    } catch (error) {
      if (!(error instanceof NoValue)) throw error;
      const expected = statement.kind === 'assert' ? statement.text : `a value for ${statement.name}`;
      return { line, expected, got: error.message };
    }
  }
  return null;
}

function evaluate(node: Node, names: Names, used: Map<string, Value>, line: number): Value {
  const of = (inner: Node): Value => evaluate(inner, names, used, line);
  switch (node.kind) {
    case 'value':
      return node.value;
    case 'name': {
      const value = names.get(node.name);
      if (value === undefined) {
        const isField = node.name.startsWith('tcpi_');
        throw new Unsupported(
          isField ? `${node.name}, a field the tcp_info of this kernel has not` : `the name ${node.name} in Python`,
          line,
        );
      }
      used.set(node.name, value);
      return value;
    }
    case 'tuple':
      return node.items.map(of);
    case 'logic': {
      const left = of(node.left);
      return truth(left) === (node.op === 'or') ? left : of(node.right);
    }
    case 'choose':
      return truth(of(node.test)) ? of(node.yes) : of(node.no);
    case 'compare': {
      let left = of(node.first);
      for (const { op, of: next } of node.rest) {
        const right = of(next);
        if (!compare(op, left, right)) return false;
        left = right;
      }
      return true;
    }
    case 'unary': {
      const value = of(node.of);
      if (node.op === 'not') return !truth(value);
      const number = numberOf(value);
      return node.op === '-' ? -number : node.op === '~' ? bits('^', number, -1) : number;
    }
    case 'binary':
      return operate(node.op, of(node.left), of(node.right));
    case 'call': {
      const args = node.args.map(of);
      if (node.name === 'str') return shown(args[0] ?? null);
      if (node.name === 'len') {
        const [first] = args;
        if (typeof first === 'string' || Array.isArray(first)) return first.length;
        throw new NoValue('len() of what has no length');
      }
      const list = args.length === 1 && Array.isArray(args[0]) ? args[0] : args;
      return (FUNCTIONS[node.name] as (...args: number[]) => number)(...list.map(numberOf));
    }
  }
}

function truth(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  throw new NoValue(`${shown(value)}, which is no number`);
}

function shown(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'object' ? `(${value.map(shown).join(', ')})` : String(value);
}

function same(left: Value, right: Value): boolean {
  if (typeof left === 'object' && typeof right === 'object' && left !== null && right !== null) {
    return left.length === right.length && left.every((item, n) => same(item, right[n] as Value));
  }
  const plain = (value: Value): Value => (typeof value === 'boolean' ? Number(value) : value);
  return plain(left) === plain(right);
}

function compare(op: string, left: Value, right: Value): boolean {
  switch (op) {
    case '==':
      return same(left, right);
    case '!=':
      return !same(left, right);
    case 'in':
    case 'not in': {
      if (!Array.isArray(right)) throw new NoValue(`"${op}" of ${shown(right)}, which is no list`);
      return right.some((item) => same(left, item)) === (op === 'in');
    }
    case '<':
      return numberOf(left) < numberOf(right);
    case '<=':
      return numberOf(left) <= numberOf(right);
    case '>':
      return numberOf(left) > numberOf(right);
    default:
      return numberOf(left) >= numberOf(right);
  }
}

function operate(op: string, first: Value, second: Value): Value {
  // "..." % values: a message, which nobody reads.
  if (op === '%' && typeof first === 'string') return first;
  if (op === '+' && typeof first === 'string' && typeof second === 'string') {
    if (first.length + second.length > LONGEST_STRING) throw new NoValue('a string that is too long');
    return first + second;
  }
  const [left, right] = [numberOf(first), numberOf(second)];
  switch (op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '**':
      return left ** right;
    case '<<':
    case '>>':
    case '&':
    case '|':
    case '^':
      return bits(op, left, right);
  }
  if (right === 0) throw new NoValue('a division by zero');
  if (op === '/') return left / right;
  const floor = Math.floor(left / right);
  return op === '//' ? floor : left - floor * right;
}

function bits(op: string, left: number, right: number): number {
  if (!Number.isInteger(left) || !Number.isInteger(right)) throw new NoValue('bits of what is no whole number');
  const [a, b] = [BigInt(left), BigInt(right)];
  if ((op === '<<' || op === '>>') && (right < 0 || right > 64)) throw new NoValue(`a shift by ${right}`);
  const result = op === '<<' ? a << b : op === '>>' ? a >> b : op === '&' ? a & b : op === '|' ? a | b : a ^ b;
  return Number(result);
}
