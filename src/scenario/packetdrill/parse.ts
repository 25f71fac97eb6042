/**
 * Reads a packetdrill script. The constructs are those of packetdrill's grammar (`gtests/net/packetdrill/parser.y`), with
 * its checks of ranges and directions. Read besides: several commands before and after the events, an errno without its
 * words, casts, and TCP options, header fields and encapsulations the grammar has not (kept as their words).
 */
import type {
  Action,
  Command,
  Expression,
  IcmpPacket,
  IpInfo,
  Option,
  Packet,
  Ports,
  Script,
  ScriptEvent,
  Sequence,
  SystemCall,
  TcpOption,
  TcpPacket,
  Time,
} from './ast';
import { ECN } from './ast';
import { Scanner, type Token, Unexpected } from './scan';

export interface ScriptIssue {
  readonly line: number;
  readonly column: number;
  /** `line 3, column 5: expected "=" and the result, got "+0"`. */
  readonly message: string;
  readonly expected: string;
}

export type ParsedScript = { ok: true; script: Script } | { ok: false; issues: ScriptIssue[] };

/** Longest script, characters. */
const LONGEST_TEXT = 1 << 20;
const MOST_ISSUES = 20;
/** Brackets inside each other. */
const DEEPEST = 64;
/** Words of a part that is kept as words. */
const MOST_WORDS = 200;
/** Latest time, seconds. */
const LATEST = 1e9;

const U16 = 0xffff;
const U32 = 0xffffffff;

/**
 * Parses a whole script; what is wrong is told of line by line, up to 20 times. Never throws.
 * `defines` are words that stand for others, as packetdrill's `-D`: `{ COOKIE: '3021b9d8', CC: '"reno"' }`.
 */
export function parsePacketdrill(text: string, defines: Readonly<Record<string, string>> = {}): ParsedScript {
  if (text.length > LONGEST_TEXT) {
    const expected = `at most ${LONGEST_TEXT} characters`;
    return {
      ok: false,
      issues: [{ line: 1, column: 1, expected, message: `line 1, column 1: expected ${expected}, got ${text.length}` }],
    };
  }
  return new Parser(text, defines).script();
}

class Parser {
  private readonly scan: Scanner;
  private readonly issues: ScriptIssue[] = [];
  private depth = 0;
  /** After a result a parenthesis with a blank before it begins a note. */
  private inResult = false;

  constructor(text: string, defines: Readonly<Record<string, string>>) {
    this.scan = new Scanner(text);
    for (const [symbol, value] of Object.entries(defines)) this.define(symbol, value);
  }

  script(): ParsedScript {
    const options: Option[] = [];
    const init: Command[] = [];
    const events: ScriptEvent[] = [];
    const cleanup: Command[] = [];
    /** One thing of the script; false at its end. */
    const one = (): boolean => {
      const { kind, offset } = this.scan.peek();
      const begun = events.length > 0 || this.issues.length > 0;
      if (kind === 'end') {
        if (!begun) this.fail('an event: a time and what happens then');
        return false;
      }
      if (kind === 'option') {
        if (begun || init.length > 0) throw new Unexpected('options at the beginning of the script only', offset);
        options.push(this.option());
      } else if (kind === 'command') {
        (events.length > 0 ? cleanup : init).push(this.command());
      } else {
        if (cleanup.length > 0) throw new Unexpected('a time before a command between two events', offset);
        events.push(this.event());
      }
      return true;
    };
    for (let more = true; more && this.issues.length < MOST_ISSUES; ) {
      try {
        more = one();
      } catch (error) {
        if (!(error instanceof Unexpected)) throw error;
        this.issues.push(this.issue(error));
        this.depth = 0;
        this.inResult = false;
        cleanup.length = 0;
        this.scan.recover(error.offset);
      }
    }
    if (this.issues.length > 0) return { ok: false, issues: this.issues };
    return { ok: true, script: { options, init, events, cleanup } };
  }

  private issue({ expected, offset, got }: Unexpected): ScriptIssue {
    const { line, column } = this.scan.place(offset);
    const message = `line ${line}, column ${column}: expected ${expected}, got ${got ?? this.scan.shown(offset)}`;
    return { line, column, expected, message };
  }

  private fail(expected: string, token: Token = this.scan.peek()): never {
    throw new Unexpected(expected, token.offset);
  }

  /** Goes past `text` if it stands here. */
  private take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.scan.next();
    return true;
  }

  private sees(text: string): boolean {
    const token = this.scan.peek();
    return token.text === text && (token.kind === 'mark' || token.kind === 'word');
  }

  private need(text: string, expected = `"${text}"`): void {
    if (!this.take(text)) this.fail(expected);
  }

  private word(expected: string): string {
    if (this.scan.peek().kind !== 'word') this.fail(expected);
    return this.scan.next().text;
  }

  private natural(what: string, most: number): number {
    const token = this.scan.peek();
    const value = token.kind === 'number' && /^[\dx]/i.test(token.text) ? Number(token.text) : Number.NaN;
    if (!Number.isInteger(value) || value > most || token.text.includes('.')) this.fail(`${what} from 0 to ${most}`);
    this.scan.next();
    return value;
  }

  private option(): Option {
    const token = this.scan.next();
    const name = token.text.slice(2);
    let value: string | null = null;
    let { end } = token;
    if (this.take('=')) {
      const from = this.scan.peek();
      const symbol = this.scan.match(/\w+(?=\s{0,9}=)/y)?.text ?? null;
      if (symbol !== null) this.scan.next();
      const quoted = ['string', 'command'].includes(this.scan.peek().kind) ? this.scan.next() : null;
      const plain = quoted ?? this.scan.match(/[^\s"`=]+/y);
      if (plain === null) this.fail(`a value of --${name}`, from);
      value = symbol === null ? plain.text : `${symbol}=${plain.text}`;
      end = plain.end;
      if (name === 'define' && symbol !== null) this.define(symbol, plain.text);
    }
    return { name, value, place: this.scan.place(token.offset, end) };
  }

  /** `--define=CC="reno"`: from here on the word stands for its value. */
  private define(symbol: string, text: string): void {
    const quote = /^(["`])[\s\S]*\1$/.exec(text)?.[1];
    const value = quote === undefined ? text : text.slice(1, -1);
    const bare = /^(-?\d+|0x[\da-f]+)$/i.test(text) ? 'number' : 'word';
    const kind = quote === undefined ? bare : quote === '"' ? 'string' : 'command';
    this.scan.defines.set(symbol, { kind, text, value });
  }

  private command(): Command {
    const token = this.scan.next();
    return { text: token.value, place: this.scan.place(token.offset, token.end) };
  }

  private event(): ScriptEvent {
    const first = this.scan.peek();
    const time = this.time();
    const { action, end } = this.action();
    const free = action.kind === 'packet' && action.direction === 'out';
    if (time.kind === 'any' && !free) {
      throw new Unexpected('a time: * is for outbound packets only', first.offset);
    }
    if (time.kind !== 'any' && time.until !== null) {
      if (!free) throw new Unexpected('one time: ranges are for outbound packets only', first.offset);
      if (time.until < time.us) throw new Unexpected('a range that ends after it begins', first.offset);
    }
    return { time, action, place: this.scan.place(first.offset, end) };
  }

  private time(): Time {
    if (this.take('*')) return { kind: 'any' };
    const relative = this.take('+');
    const us = this.microseconds(relative ? 'seconds after "+"' : 'a time like 0.1, +0.1 or *');
    let until: number | null = null;
    if (this.take('~')) {
      if (relative) this.need('+', '"+" before the end of a relative range');
      until = this.microseconds('the end of the range in seconds');
    }
    return { kind: relative ? 'relative' : 'absolute', us, until };
  }

  /** Seconds as whole microseconds; smaller parts are cut off. */
  private microseconds(expected: string): number {
    const token = this.scan.peek();
    const found = /^(\d*)(?:\.(\d+))?$/.exec(token.text);
    if (token.kind !== 'number' || found === null) this.fail(expected);
    const seconds = Number(found[1]);
    if (seconds > LATEST) this.fail(`at most ${LATEST} seconds`);
    this.scan.next();
    return seconds * 1e6 + Number((found[2] ?? '').slice(0, 6).padEnd(6, '0'));
  }

  private action(): { action: Action; end: number } {
    const token = this.scan.peek();
    if (token.kind === 'command') {
      this.scan.next();
      return { action: { kind: 'command', text: token.value }, end: token.end };
    }
    if (token.kind === 'code') {
      this.scan.next();
      const text = token.value.replace(/^[ \t]+/, '');
      const begins = token.offset + 2 + token.value.length - text.length;
      const textPlace = this.scan.place(begins, begins + text.length);
      return { action: { kind: 'code', text: trimEnd(text), textPlace }, end: token.end };
    }
    let action: Action;
    if (this.sees('<') || this.sees('>')) action = this.packet();
    else if (this.sees('...') || token.kind === 'word') action = this.call();
    else this.fail('a packet (< or >), a system call, a `command` or %{ code }%');
    return { action, end: this.scan.lastEnd };
  }

  // System calls

  private call(): SystemCall {
    const end = this.take('...') ? this.microseconds('the time the call returns, in seconds') : null;
    const name = this.word('the name of a system call');
    this.need('(', `"(" after ${name}`);
    const args = this.list(')');
    this.need('=', '"=" and the result');
    this.inResult = true;
    const result = this.expression();
    this.inResult = false;
    let errno: SystemCall['errno'] = null;
    if (this.scan.peek().kind === 'word') {
      const error = this.scan.next();
      errno = { name: error.text, message: this.note() };
    }
    return { kind: 'call', end, name, args, result, errno, note: this.note() };
  }

  private note(): string | null {
    if (!this.sees('(')) return null;
    const open = this.scan.next();
    const text = this.scan.upTo(')', '()"`<>');
    if (text === null) throw new Unexpected('words and ")" after this "("', open.offset);
    return text.trim().replace(/\s+/g, ' ');
  }

  /** Expressions up to the bracket that closes them. */
  private list(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.take(close)) return items;
    do items.push(this.expression());
    while (this.take(','));
    this.need(close, `"," or "${close}"`);
    return items;
  }

  private expression(): Expression {
    if (++this.depth > DEEPEST) this.fail(`at most ${DEEPEST} levels inside each other`);
    const first = this.operand();
    const of = [first];
    while (this.take('|')) of.push(this.operand());
    this.depth--;
    return of.length === 1 ? first : { kind: 'or', of };
  }

  private operand(): Expression {
    const token = this.scan.peek();
    if (this.take('...')) return { kind: 'ellipsis' };
    if (token.kind === 'number') {
      this.scan.next();
      return { kind: 'number', value: Number(token.text), text: token.text };
    }
    if (token.kind === 'string') return this.strings();
    if (token.kind === 'word') return this.named();
    if (this.take('[')) return { kind: 'list', items: this.list(']') };
    if (this.sees('{')) return this.struct();
    if (this.take('(')) {
      const type = this.words((mark) => mark === ')', '")" after the type');
      this.need(')');
      if (type === '') this.fail('a type in the parentheses');
      if (++this.depth > DEEPEST) this.fail(`at most ${DEEPEST} levels inside each other`);
      const of = this.operand();
      this.depth--;
      return { kind: 'cast', type, of };
    }
    return this.fail('a value: a number, a name, "text", [...], {...} or ...');
  }

  private strings(): Expression {
    const parts: string[] = [];
    while (this.scan.peek().kind === 'string') {
      parts.push(this.scan.next().value);
    }
    return { kind: 'string', parts, more: this.take('...') };
  }

  private named(): Expression {
    const { text: name, end } = this.scan.next();
    const isCall = this.sees('(') && (!this.inResult || this.scan.peek().offset === end);
    if (isCall) this.scan.next();
    const args = isCall ? this.list(')') : null;
    if (this.take('=')) return { kind: 'field', name, args, value: this.expression() };
    return args === null ? { kind: 'symbol', name } : { kind: 'call', name, args };
  }

  private struct(): Expression {
    const open = this.scan.next();
    const first = this.scan.peek();
    // MPLS labels in parentheses and GRE fields without "=".
    if (this.take('(') && this.sees('label')) return this.rawStruct(first.offset);
    this.scan.moveTo(first.offset);
    if (this.take('flags') && !this.sees('=') && !this.sees('|')) return this.rawStruct(first.offset);
    this.scan.moveTo(open.end);
    return { kind: 'struct', items: this.list('}') };
  }

  private rawStruct(offset: number): Expression {
    this.scan.moveTo(offset);
    const text = this.words((mark) => mark === '}', '"}"');
    this.need('}');
    return { kind: 'raw', text };
  }

  /** Words with one blank between them, up to one that ends them outside of brackets. */
  private words(ends: (mark: string) => boolean, expected: string): string {
    const words: string[] = [];
    let depth = 0;
    for (;;) {
      const token = this.scan.peek();
      if (depth === 0 && token.kind === 'mark' && ends(token.text)) return words.join(' ');
      if (token.kind === 'end' || token.kind === 'command' || token.kind === 'code' || words.length >= MOST_WORDS) {
        this.fail(expected);
      }
      if ('([{'.includes(token.text)) depth++;
      else if (')]}'.includes(token.text) && --depth < 0) this.fail(expected);
      words.push(this.scan.next().text);
    }
  }

  // Packets

  private packet(): Packet {
    const direction = this.scan.next().text === '<' ? 'in' : 'out';
    const outer: string[] = [];
    for (let header = this.outer(); header !== null; header = this.outer()) outer.push(header);
    const at = this.scan.peek();
    const before = this.isAbout() ? this.about() : null;
    const ip = before === null && (this.sees('[') || this.sees('(')) ? this.ipInfo() : null;
    if (ip?.ecn === 'ect01' && direction === 'in') throw new Unexpected('[ect01] on outbound packets only', at.offset);
    const head = { kind: 'packet', direction, outer, ip } as const;
    if (before === null && this.take('udp')) {
      const ports = this.ports();
      return { ...head, protocol: 'udp', ports, length: this.inParentheses('bytes of payload', U16) };
    }
    if (this.take('icmp')) return { ...head, ...this.icmp(before) };
    if (before !== null) this.fail('icmp after what it is about');
    const ports = this.ports();
    return { ...head, ...this.tcp(direction, ports) };
  }

  /** Whether what an ICMP message is about stands before it, as in the first scripts: `[1:2(1)] icmp unreachable`. */
  private isAbout(): boolean {
    const open = this.scan.peek();
    if (!this.take('[')) return false;
    const { kind, text } = this.scan.peek();
    this.scan.moveTo(open.offset);
    return kind === 'number' || text === 'udp' || text === 'raw';
  }

  /** An outer header up to its colon, or MPTCP's `addr[a] > addr[b]`. */
  private outer(): string | null {
    const start = this.scan.peek();
    if (start.kind !== 'word') return null;
    if (/^(ipv4|ipv6|gre|GREv0|mpls|psp)$/.test(start.text)) return this.header(':');
    if (start.text === 'encap') {
      const words = [this.scan.next().text, this.word('the encapsulation')];
      while (this.sees('spi') || this.sees('vc')) {
        words.push(this.scan.next().text, this.scan.next().text);
        if (this.sees(',')) words.push(this.scan.next().text);
      }
      return words.join(' ');
    }
    if (start.text !== 'addr') return null;
    const words: string[] = [];
    for (const mark of ['>', '']) {
      for (const text of ['addr', '[']) {
        this.need(text);
        words.push(text);
      }
      words.push(this.word('the name of an address'), ']');
      this.need(']');
      if (this.take(':')) words.push(':', this.scan.next().text);
      if (mark === '') break;
      this.need(mark);
      words.push(mark);
    }
    return words.join(' ');
  }

  private header(close: string): string {
    const words = [this.scan.next().text];
    for (let depth = 0; words.length < MOST_WORDS; ) {
      const address = this.scan.matchAddress6();
      if (address !== null) {
        words.push(address.text);
        continue;
      }
      const token = this.scan.peek();
      if (!['word', 'number', 'address', 'mark'].includes(token.kind)) break;
      words.push(this.scan.next().text);
      if ('[('.includes(token.text)) depth++;
      else if ('])'.includes(token.text)) depth--;
      else if (token.text === close && depth === 0) return words.join(' ');
    }
    return this.fail(`"${close}" after the ${words[0]} header`);
  }

  /** `[ect0]`, `(tos 0x10, flowlabel 0x12345)`. */
  private ipInfo(): IpInfo {
    const close = this.scan.next().text === '[' ? ']' : ')';
    const info: { -readonly [field in keyof IpInfo]: IpInfo[field] } = {
      ecn: null,
      tos: null,
      flowLabel: null,
      ttl: null,
    };
    do {
      const token = this.scan.peek();
      const ecn = ECN.find((name) => name === token.text);
      if (ecn !== undefined) {
        this.scan.next();
        info.ecn = ecn;
      } else if (this.take('tos')) info.tos = this.natural('a type of service', 0xff);
      else if (this.take('flowlabel')) info.flowLabel = this.natural('a flow label', 0xfffff);
      else if (this.take('ttl')) info.ttl = this.natural('a time to live', 0xff);
      else this.fail(`one of ${ECN.join(', ')}, tos, flowlabel or ttl`);
    } while (this.take(','));
    this.need(close);
    return info;
  }

  private ports(): Ports | null {
    const { kind, text } = this.scan.peek();
    // `.5` are flags: ACK and the AccECN field.
    if (kind !== 'number' || text.includes('.')) return null;
    const source = this.natural('a port', U16);
    this.need('>', '">" and the other port');
    return { source, destination: this.natural('a port', U16) };
  }

  private inParentheses(what: string, most: number): number {
    this.need('(', `"(" and the ${what}`);
    const value = this.natural(what, most);
    this.need(')');
    return value;
  }

  /** `1:1001(1000)`; the end may wrap around. */
  private sequence(): Sequence {
    const token = this.scan.peek();
    if (token.kind !== 'number') this.fail('a sequence like 1:1001(1000)');
    const start = this.natural('a sequence number', U32);
    this.need(':', '":" and the end of the sequence');
    const at = this.scan.peek();
    const end = this.natural('a sequence number', U32);
    const length = this.inParentheses('length', U16);
    if ((start + length) % 2 ** 32 !== end) {
      throw new Unexpected(
        `${(start + length) % 2 ** 32}, as ${start} and ${length} bytes make`,
        at.offset,
        String(end),
      );
    }
    return { start, end, length };
  }

  private icmp(before: IcmpPacket['about']): Omit<IcmpPacket, 'kind' | 'direction' | 'outer' | 'ip'> {
    const type = this.word('the type of the ICMP message');
    let code: string | null = null;
    const next = this.scan.peek();
    if (next.kind === 'word' && next.text !== 'mtu' && next.text !== 'id') {
      code = this.scan.next().text;
    }
    const mtu = this.sized('mtu', 'an MTU', U16);
    const id = this.sized('id', 'an identifier', U16);
    return { protocol: 'icmp', type, code, mtu, id, about: before ?? this.about() };
  }

  /** `[1:1001(1000)]`, `[udp (100)]`. */
  private about(): IcmpPacket['about'] {
    if (!this.take('[')) return null;
    let about: IcmpPacket['about'];
    if (this.sees('udp') || this.sees('raw')) {
      const protocol = this.scan.next().text as 'udp' | 'raw';
      about = { protocol, length: this.inParentheses('bytes of payload', U16) };
    } else about = { protocol: 'tcp', sequence: this.sequence() };
    this.need(']');
    return about;
  }

  /** `win 257` and its like: a word and a number, or neither. */
  private sized(word: string, what: string, most: number): number | null {
    if (!this.take(word)) return null;
    return this.natural(what, most);
  }

  private tcp(direction: 'in' | 'out', ports: Ports | null): Omit<TcpPacket, 'kind' | 'direction' | 'outer' | 'ip'> {
    const token = this.scan.peek();
    const flags = this.scan.match(/-|[\w.]+/y)?.text ?? '';
    if (!/^(-|[FSRPUEWAC]*[0-7]?\.?[0-7]?)$/.test(flags) || flags === '') {
      this.fail('TCP flags out of F S R P U E W A . (or - for none), udp or icmp', token);
    }
    const sequence = this.sequence();
    const ack = this.sized('ack', 'an acknowledgement number', U32);
    const window = this.sized('win', 'a window', U16);
    const urgent = this.sized('urg', 'an urgent pointer', U16);
    const at = this.scan.peek();
    const options = this.tcpOptions();
    if (options === 'any' && direction === 'in') {
      throw new Unexpected('TCP options, as <...> is for outbound packets only', at.offset);
    }
    let fuzz: string | null = null;
    if (this.take('{')) {
      fuzz = this.words((mark) => mark === '}', '"}"');
      this.need('}');
    }
    return { protocol: 'tcp', ports, flags, sequence, ack, window, urgent, options, fuzz };
  }

  private tcpOptions(): TcpOption[] | 'any' {
    if (!this.take('<')) return [];
    if (this.take('...')) {
      this.need('>');
      return 'any';
    }
    const options: TcpOption[] = [];
    do options.push(this.tcpOption());
    while (this.take(','));
    this.need('>', '"," or ">" after a TCP option');
    return options;
  }

  private tcpOption(): TcpOption {
    const token = this.scan.peek();
    if (token.kind !== 'word') this.fail('a TCP option');
    switch (token.text) {
      case 'nop':
      case 'eol':
      case 'sackOK':
        this.scan.next();
        return { kind: token.text };
      case 'mss':
        this.scan.next();
        return { kind: 'mss', bytes: this.natural('a segment size', U16) };
      case 'wscale':
        this.scan.next();
        return { kind: 'wscale', shift: this.take('*') ? null : this.natural('a shift', 0xff) };
      case 'sack':
        this.scan.next();
        return { kind: 'sack', blocks: this.blocks() };
      case 'TS': {
        this.scan.next();
        this.need('val');
        const value = this.natural('a timestamp', U32);
        this.need('ecr');
        return { kind: 'timestamp', value, echo: this.natural('a timestamp', U32) };
      }
      case 'FO':
      case 'FOEXP':
        this.scan.next();
        return { kind: token.text, cookie: this.hex() };
      case 'md5':
        this.scan.next();
        return { kind: 'md5', digest: this.hex() };
      default:
        return {
          kind: 'unknown',
          text: this.words((mark) => mark === ',' || mark === '>', '">" after the TCP options'),
        };
    }
  }

  private blocks(): { start: number; end: number }[] {
    const blocks: { start: number; end: number }[] = [];
    do {
      const start = this.natural('the start of a block', U32);
      this.need(':', '":" and the end of the block');
      blocks.push({ start, end: this.natural('the end of a block', U32) });
    } while (this.scan.peek().kind === 'number');
    return blocks;
  }

  /** Hex digits, none too; or a word that stands for them. */
  private hex(): string {
    const token = this.scan.peek();
    if (token.kind === 'mark') return '';
    const word = this.scan.match(/\w+/y)?.text ?? '';
    const digits = this.scan.defines.get(word)?.value ?? word;
    const isWord = /^[a-z_]\w*$/i.test(digits) && !/^[\da-f]+$/i.test(digits);
    if (!isWord && !/^([\da-f]{2})+$/i.test(digits)) this.fail('hex digits, two for each byte', token);
    return digits;
  }
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(0, end);
}
