/** The filter language of tcpdump (pcap-filter(7)), the part of it that can match here: Ethernet, ARP, IPv4, ICMP, TCP, UDP. */
import { lookUp } from '../../base/look-up';
import type { BinaryOperator, Comparison, Direction, Filter, Protocol, Term } from './ast';

/** What is wrong with a filter, and where, in characters from 0. */
export class FilterError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

interface Token {
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*((?:[0-9a-f]{2}(?::[0-9a-f]{2}){5})|\d+(?:\.\d+){3}(?:\/\d+)?|0x[0-9a-f]+|\d+|[a-z][a-z0-9-]*|<<|>>|&&|\|\||!=|==|<=|>=|[()[\]:=<>!+\-*/&|])/iy;

/** Names of constants: offsets and bits of TCP flags, ICMP types. */
const CONSTANTS: Readonly<Record<string, number>> = {
  tcpflags: 13,
  'tcp-fin': 1,
  'tcp-syn': 2,
  'tcp-rst': 4,
  'tcp-push': 8,
  'tcp-ack': 16,
  'tcp-urg': 32,
  'tcp-ece': 64,
  'tcp-cwr': 128,
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-echo': 8,
  'icmp-timxceed': 11,
};

const PROTOCOLS = new Set<string>(['ether', 'ip', 'arp', 'tcp', 'udp', 'icmp']);
const TYPES = new Set(['host', 'net', 'port', 'portrange', 'proto']);
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
/** Operators by how tightly they bind, loosest first. */
const OPERATORS: readonly (readonly BinaryOperator[])[] = [['|'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/']];
const ETHERTYPES: Readonly<Record<string, number>> = { ip: 0x0800, arp: 0x0806 };
const IP_PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };
const DEEPEST = 64;

/** What stands before a value and may be left out when it is repeated: `port 80 or 443`. */
interface Qualifiers {
  readonly protocol: Protocol | null;
  readonly direction: Direction;
  readonly type: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) {
      const at = from + text.slice(from).search(/\S/);
      throw new FilterError(`${JSON.stringify(text[at])} has no meaning here`, at);
    }
    const token = (found[1] as string).toLowerCase();
    tokens.push({ text: token, at: TOKEN.lastIndex - token.length });
  }
  return tokens;
}

class Parser {
  private readonly tokens: readonly Token[];
  private next = 0;
  private depth = 0;
  private before: Qualifiers | null = null;

  constructor(private readonly text: string) {
    this.tokens = tokensOf(text);
  }

  parse(): Filter {
    const filter = this.or();
    if (this.peek() !== null) throw this.wrong('"and", "or" or the end');
    return filter;
  }

  private peek(ahead = 0): string | null {
    return this.tokens[this.next + ahead]?.text ?? null;
  }

  private take(...texts: readonly string[]): boolean {
    const found = texts.includes(this.peek() ?? '');
    if (found) this.next++;
    return found;
  }

  private wrong(expected: string): FilterError {
    const token = this.tokens[this.next];
    const got = token === undefined ? 'the end' : JSON.stringify(token.text);
    return new FilterError(`expected ${expected}, got ${got}`, token?.at ?? this.text.length);
  }

  /** Runs a rule that may contain itself, not too deep. */
  private nested<T>(rule: () => T): T {
    if (++this.depth > DEEPEST) throw new FilterError(`more than ${DEEPEST} levels inside each other`, 0);
    const result = rule();
    this.depth--;
    return result;
  }

  /** As in tcpdump, `and` and `or` bind equally, from the left. */
  private or(): Filter {
    let left = this.not();
    for (;;) {
      if (this.take('and', '&&')) left = { kind: 'and', left, right: this.not() };
      else if (this.take('or', '||')) left = { kind: 'or', left, right: this.not() };
      else return left;
    }
  }

  private not(): Filter {
    if (this.take('not', '!')) return { kind: 'not', inner: this.nested(() => this.not()) };
    return this.primitive();
  }

  private primitive(): Filter {
    if (this.peek() === '(') return this.parenthesis();
    if (this.isTerm()) return this.comparison();
    if (this.take('broadcast')) return { kind: 'mac', direction: 'dst', address: 0xffffffffffff };
    if (this.take('multicast')) return { kind: 'multicast' };
    if (this.take('inbound')) return { kind: 'outgoing', yes: false };
    if (this.take('outbound')) return { kind: 'outgoing', yes: true };
    if (this.take('greater')) return this.lengthIs('>=');
    if (this.take('less')) return this.lengthIs('<=');
    return this.qualified();
  }

  /** Either the begin of a sum that is compared, or a filter in parentheses. */
  private parenthesis(): Filter {
    const { next, depth } = this;
    try {
      return this.comparison();
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.next = next + 1;
      this.depth = depth;
    }
    const filter = this.nested(() => this.or());
    if (!this.take(')')) throw this.wrong('")"');
    return filter;
  }

  private isTerm(): boolean {
    const token = this.peek() ?? '';
    if (token === 'len' || lookUp(CONSTANTS, token) !== undefined) return true;
    if (PROTOCOLS.has(token)) return this.peek(1) === '[';
    const after = this.peek(1) ?? '';
    const isNumber = /^(0x[0-9a-f]+|\d+)$/.test(token);
    return isNumber && (lookUp(COMPARISONS, after) !== undefined || OPERATORS.flat().includes(after as BinaryOperator));
  }

  private lengthIs(operator: '>=' | '<='): Filter {
    return { kind: 'compare', operator, left: { kind: 'length' }, right: { kind: 'number', value: this.number() } };
  }

  private comparison(): Filter {
    const left = this.sum(0);
    const operator = lookUp(COMPARISONS, this.peek() ?? '');
    if (operator === undefined) throw this.wrong('a comparison: =, !=, <, <=, > or >=');
    this.next++;
    return { kind: 'compare', operator, left, right: this.sum(0) };
  }

  private sum(level: number): Term {
    const operators = OPERATORS[level];
    if (operators === undefined) return this.term();
    let left = this.sum(level + 1);
    for (;;) {
      const operator = operators.find((one) => one === this.peek());
      if (operator === undefined) return left;
      this.next++;
      left = { kind: 'binary', operator, left, right: this.sum(level + 1) };
    }
  }

  private term(): Term {
    if (this.take('(')) {
      const inner = this.nested(() => this.sum(0));
      if (!this.take(')')) throw this.wrong('")"');
      return inner;
    }
    if (this.take('len')) return { kind: 'length' };
    const token = this.peek() ?? '';
    if (PROTOCOLS.has(token)) {
      this.next++;
      return this.field(token as Protocol);
    }
    return { kind: 'number', value: this.number() };
  }

  private field(protocol: Protocol): Term {
    if (!this.take('[')) throw this.wrong('"["');
    const at = this.nested(() => this.sum(0));
    const size = this.take(':') ? this.number() : 1;
    if (size !== 1 && size !== 2 && size !== 4) {
      this.next--;
      throw this.wrong('a size of 1, 2 or 4 bytes');
    }
    if (!this.take(']')) throw this.wrong('"]"');
    return { kind: 'field', protocol, at, size };
  }

  private number(most = 0xffffffff): number {
    const token = this.peek() ?? '';
    const value = lookUp(CONSTANTS, token) ?? (/^(0x[0-9a-f]+|\d+)$/.test(token) ? Number(token) : Number.NaN);
    if (!(value <= most)) throw this.wrong(most === 0xffffffff ? 'a number' : `a number up to ${most}`);
    this.next++;
    return value;
  }

  /** Qualifiers and a value: `tcp dst port 80`; those of the primitive before when only a value is given. */
  private qualified(): Filter {
    const start = this.next;
    const protocol = PROTOCOLS.has(this.peek() ?? '') ? (this.tokens[this.next++]?.text as Protocol) : null;
    const direction = this.direction();
    const type = TYPES.has(this.peek() ?? '') ? (this.tokens[this.next++]?.text as string) : null;
    const isValue = /^[0-9]/.test(this.peek() ?? '');
    if (type === null && direction === null && protocol !== null && !isValue) {
      if (protocol === 'ether') throw this.wrong('"host", "src", "dst", "proto" or "["');
      return { kind: 'protocol', protocol };
    }
    if (start === this.next) {
      if (this.before === null || !isValue) {
        throw this.wrong(
          'a primitive such as "tcp", "host 10.0.0.1", "dst port 80", "len > 100" or "tcp[tcpflags] & tcp-syn != 0"',
        );
      }
    } else this.before = { protocol, direction: direction ?? 'src or dst', type: type ?? 'host' };
    return this.value(this.before as Qualifiers);
  }

  private direction(): Direction | null {
    const one = this.peek();
    if (one !== 'src' && one !== 'dst') return null;
    this.next++;
    const joint = this.peek();
    const other = one === 'src' ? 'dst' : 'src';
    if ((joint === 'or' || joint === 'and') && this.peek(1) === other) {
      this.next += 2;
      return `src ${joint} dst`;
    }
    return one;
  }

  private value({ protocol, direction, type }: Qualifiers): Filter {
    switch (type) {
      case 'port':
      case 'portrange': {
        if (protocol !== null && protocol !== 'tcp' && protocol !== 'udp')
          throw this.wrong('"tcp" or "udp" before a port');
        const first = this.number(65_535);
        const last = type === 'portrange' && this.take('-') ? this.number(65_535) : first;
        return { kind: 'ports', protocol, direction, first: Math.min(first, last), last: Math.max(first, last) };
      }
      case 'proto': {
        if (protocol !== 'ip' && protocol !== 'ether') throw this.wrong('"ip" or "ether" before "proto"');
        const names = protocol === 'ip' ? IP_PROTOCOLS : ETHERTYPES;
        const named = lookUp(names, this.peek() ?? '');
        if (named !== undefined) this.next++;
        const value = named ?? this.number(protocol === 'ip' ? 255 : 65_535);
        return { kind: protocol === 'ip' ? 'ip protocol' : 'ethertype', value };
      }
      default:
        return protocol === 'ether' ? this.macAddress(direction) : this.address(protocol, direction, type === 'net');
    }
  }

  private macAddress(direction: Direction): Filter {
    const token = this.peek() ?? '';
    if (this.take('broadcast')) return { kind: 'mac', direction: 'dst', address: 0xffffffffffff };
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(token)) throw this.wrong('a MAC address such as 02:00:00:00:00:01');
    this.next++;
    const address = token.split(':').reduce((sum, part) => sum * 256 + Number.parseInt(part, 16), 0);
    return { kind: 'mac', direction, address };
  }

  private address(protocol: Protocol | null, direction: Direction, isNet: boolean): Filter {
    if (protocol !== null && protocol !== 'ip' && protocol !== 'arp')
      throw this.wrong('"ip" or "arp" before an address');
    const [, dotted = '', width = '32'] = /^(\d+(?:\.\d+){3})(?:\/(\d+))?$/.exec(this.peek() ?? '') ?? [];
    const parts = dotted.split('.').map(Number);
    const bits = Number(width);
    if (dotted === '' || parts.some((part) => part > 255) || bits > 32 || (!isNet && bits !== 32)) {
      throw this.wrong(isNet ? 'a network such as 10.0.0.0/24' : 'an IPv4 address such as 10.0.0.1');
    }
    this.next++;
    return { kind: 'address', protocol, direction, address: parts.reduce((sum, part) => sum * 256 + part, 0), bits };
  }
}

/** Reads a filter; null stands for an empty one, which takes everything. Throws FilterError. */
export function parseFilter(text: string): Filter | null {
  return text.trim() === '' ? null : new Parser(text).parse();
}
