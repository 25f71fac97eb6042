/** From a filter to a program of the BSD packet filter, as libpcap makes it for an Ethernet device, but without its optimiser. */
import type { BinaryOperator, Comparison, Direction, Filter, Protocol, Term } from './ast';
import { FilterError, parseFilter } from './parse';

/** An instruction as struct sock_filter has it: jumps count instructions from the next one. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Instructions a filter may take: a conditional jump reaches 255. */
const MOST_INSTRUCTIONS = 255;

const LD_W_ABS = 0x20;
const LD_H_ABS = 0x28;
const LD_B_ABS = 0x30;
const LD_W_IND = 0x40;
const LD_H_IND = 0x48;
const LD_B_IND = 0x50;
const LD_IMM = 0x00;
const LD_LEN = 0x80;
const LDX_MSH = 0xb1;
const LDX_MEM = 0x61;
const ST = 0x02;
const TAX = 0x07;
const ADD_X = 0x0c;
const JEQ_K = 0x15;
const JGT_K = 0x25;
const JGE_K = 0x35;
const JSET_K = 0x45;
const AND_K = 0x54;
const RET_K = 0x06;
const ALU_K: Readonly<Record<BinaryOperator, number>> = {
  '+': 0x04,
  '-': 0x14,
  '*': 0x24,
  '/': 0x34,
  '|': 0x44,
  '&': 0x54,
  '<<': 0x64,
  '>>': 0x74,
};
/** The same with X in place of the constant. */
const FROM_X = 0x08;

/** The jump of each comparison; `inverse`: it goes where the comparison fails. */
const JUMPS: Readonly<Record<Comparison, { readonly code: number; readonly inverse: boolean }>> = {
  '=': { code: JEQ_K, inverse: false },
  '!=': { code: JEQ_K, inverse: true },
  '>': { code: JGT_K, inverse: false },
  '<=': { code: JGT_K, inverse: true },
  '>=': { code: JGE_K, inverse: false },
  '<': { code: JGE_K, inverse: true },
};

const MEMORY_WORDS = 16;
const ETHERNET_HEADER = 14;
const ETHERTYPE_AT = 12;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const IP_FRAGMENT_AT = ETHERNET_HEADER + 6;
const IP_OFFSET = 0x1fff;
const IP_PROTOCOL_AT = ETHERNET_HEADER + 9;
const IP_ADDRESSES = { src: ETHERNET_HEADER + 12, dst: ETHERNET_HEADER + 16 } as const;
const ARP_ADDRESSES = { src: ETHERNET_HEADER + 14, dst: ETHERNET_HEADER + 24 } as const;
const MAC_ADDRESSES = { src: 6, dst: 0 } as const;
const PORTS = { src: ETHERNET_HEADER, dst: ETHERNET_HEADER + 2 } as const;
const PROTOCOL_NUMBERS = { icmp: 1, tcp: 6, udp: 17 } as const;
/** Offset of the packet type among the ancillary data of Linux (SKF_AD_OFF + SKF_AD_PKTTYPE). */
const PACKET_TYPE_AT = 0xfffff004;
const PACKET_OUTGOING = 4;

/** Where a jump goes: found once all instructions stand. */
class Label {
  at = -1;
}

interface Draft {
  readonly code: number;
  readonly k: number;
  readonly yes: Label | null;
  readonly no: Label | null;
}

/** Why a filter cannot be compiled. */
export class Uncompilable extends Error {}

type Test = (yes: Label, no: Label) => void;

class Compiler {
  private readonly drafts: Draft[] = [];

  program(filter: Filter | null, snaplen: number): Instruction[] {
    const take = new Label();
    const leave = new Label();
    if (filter !== null) this.test(filter)(take, leave);
    this.put(take);
    this.emit(RET_K, snaplen);
    if (filter !== null) {
      this.put(leave);
      this.emit(RET_K, 0);
    }
    if (this.drafts.length > MOST_INSTRUCTIONS) {
      throw new Uncompilable(
        `the filter takes ${this.drafts.length} instructions, at most ${MOST_INSTRUCTIONS} are possible`,
      );
    }
    return this.drafts.map(({ code, k, yes, no }, at) => ({
      code,
      jt: yes === null ? 0 : yes.at - at - 1,
      jf: no === null ? 0 : no.at - at - 1,
      k: k >>> 0,
    }));
  }

  private emit(code: number, k = 0, yes: Label | null = null, no: Label | null = null): void {
    this.drafts.push({ code, k, yes, no });
  }

  private put(label: Label): void {
    label.at = this.drafts.length;
  }

  /** Jumps on what is in A. */
  private jump(code: number, k: number): Test {
    return (yes, no) => this.emit(code, k, yes, no);
  }

  private loaded(load: number, at: number, code: number, k: number): Test {
    return (yes, no) => {
      this.emit(load, at);
      this.emit(code, k, yes, no);
    };
  }

  private all(...tests: readonly Test[]): Test {
    return (yes, no) => {
      tests.forEach((test, n) => {
        const last = n === tests.length - 1;
        const next = last ? yes : new Label();
        test(next, no);
        if (!last) this.put(next);
      });
    };
  }

  private any(...tests: readonly Test[]): Test {
    return (yes, no) => this.all(...tests.map((test) => this.not(test)))(no, yes);
  }

  private not(test: Test): Test {
    return (yes, no) => test(no, yes);
  }

  private test(filter: Filter): Test {
    switch (filter.kind) {
      case 'and':
        return this.all(this.test(filter.left), this.test(filter.right));
      case 'or':
        return this.any(this.test(filter.left), this.test(filter.right));
      case 'not':
        return this.not(this.test(filter.inner));
      case 'compare':
        return this.compare(filter.operator, filter.left, filter.right);
      case 'protocol':
        return this.protocol(filter.protocol);
      case 'ethertype':
        return this.ethertype(filter.value);
      case 'ip protocol':
        return this.ipProtocol(filter.value);
      case 'address':
        return this.address(filter);
      case 'mac':
        return this.ends(filter.direction, MAC_ADDRESSES, (at) => this.mac(at, filter.address));
      case 'multicast':
        return this.loaded(LD_B_ABS, 0, JSET_K, 1);
      case 'ports':
        return this.ports(filter);
      case 'outgoing': {
        const outgoing = this.loaded(LD_B_ABS, PACKET_TYPE_AT, JEQ_K, PACKET_OUTGOING);
        return filter.yes ? outgoing : this.not(outgoing);
      }
    }
  }

  private ethertype(type: number): Test {
    return this.loaded(LD_H_ABS, ETHERTYPE_AT, JEQ_K, type);
  }

  private ipProtocol(number: number): Test {
    return this.all(this.ethertype(ETH_P_IP), this.loaded(LD_B_ABS, IP_PROTOCOL_AT, JEQ_K, number));
  }

  private protocol(protocol: Exclude<Protocol, 'ether'>): Test {
    if (protocol === 'ip') return this.ethertype(ETH_P_IP);
    if (protocol === 'arp') return this.ethertype(ETH_P_ARP);
    return this.ipProtocol(PROTOCOL_NUMBERS[protocol]);
  }

  /** The header behind IP's is there: not a later fragment. */
  private get firstFragment(): Test {
    return this.not(this.loaded(LD_H_ABS, IP_FRAGMENT_AT, JSET_K, IP_OFFSET));
  }

  /** A test of the source, the destination, either or both. */
  private ends(
    direction: Direction,
    places: { readonly src: number; readonly dst: number },
    test: (at: number) => Test,
  ): Test {
    if (direction === 'src' || direction === 'dst') return test(places[direction]);
    const both = [test(places.src), test(places.dst)] as const;
    return direction === 'src or dst' ? this.any(...both) : this.all(...both);
  }

  private address({ protocol, direction, address, bits }: Extract<Filter, { kind: 'address' }>): Test {
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    const wanted = (address & mask) >>> 0;
    const at = (place: number): Test => {
      return (yes, no) => {
        this.emit(LD_W_ABS, place);
        if (bits < 32) this.emit(AND_K, mask);
        this.emit(JEQ_K, wanted, yes, no);
      };
    };
    const ip = this.all(this.ethertype(ETH_P_IP), this.ends(direction, IP_ADDRESSES, at));
    const arp = this.all(this.ethertype(ETH_P_ARP), this.ends(direction, ARP_ADDRESSES, at));
    return protocol === 'ip' ? ip : protocol === 'arp' ? arp : this.any(ip, arp);
  }

  private mac(at: number, address: number): Test {
    return this.all(
      this.loaded(LD_W_ABS, at + 2, JEQ_K, address % 2 ** 32),
      this.loaded(LD_H_ABS, at, JEQ_K, Math.floor(address / 2 ** 32)),
    );
  }

  private ports({ protocol, direction, first, last }: Extract<Filter, { kind: 'ports' }>): Test {
    const has = (number: number): Test => this.loaded(LD_B_ABS, IP_PROTOCOL_AT, JEQ_K, number);
    const transport = protocol === null ? this.any(has(6), has(17)) : has(PROTOCOL_NUMBERS[protocol]);
    const port = (at: number): Test => {
      return (yes, no) => {
        this.emit(LD_H_IND, at);
        if (first === last) this.emit(JEQ_K, first, yes, no);
        else this.all(this.jump(JGE_K, first), this.not(this.jump(JGT_K, last)))(yes, no);
      };
    };
    const headerLength: Test = (yes, no) => {
      this.emit(LDX_MSH, ETHERNET_HEADER);
      this.ends(direction, PORTS, port)(yes, no);
    };
    return this.all(this.ethertype(ETH_P_IP), transport, this.firstFragment, headerLength);
  }

  /** What must be true for the fields of a term to be there. */
  private demands(term: Term): Test[] {
    if (term.kind === 'binary') return [...this.demands(term.left), ...this.demands(term.right)];
    if (term.kind !== 'field') return [];
    const inner = this.demands(term.at);
    if (term.protocol === 'ether') return inner;
    const own = this.protocol(term.protocol);
    return term.protocol === 'ip' || term.protocol === 'arp' ? [...inner, own] : [...inner, own, this.firstFragment];
  }

  private compare(operator: Comparison, left: Term, right: Term): Test {
    const relation: Test = (yes, no) => {
      const constant = constantOf(right);
      if (constant === null) {
        this.load(right, 1);
        this.emit(ST, 0);
        this.load(left, 1);
        this.emit(LDX_MEM, 0);
      } else this.load(left, 0);
      const { code, inverse } = JUMPS[operator];
      const test = this.jump(constant === null ? code | FROM_X : code, constant ?? 0);
      (inverse ? this.not(test) : test)(yes, no);
    };
    return this.all(...this.demands(left), ...this.demands(right), relation);
  }

  /** Puts a term into A; words of the scratch memory from `free` on may be used. */
  private load(term: Term, free: number): void {
    if (free >= MEMORY_WORDS)
      throw new Uncompilable('the sum is too deep for the sixteen words of memory that a filter has');
    const constant = constantOf(term);
    if (constant !== null) this.emit(LD_IMM, constant);
    else if (term.kind === 'length') this.emit(LD_LEN);
    else if (term.kind === 'field') this.loadField(term, free);
    else if (term.kind === 'binary') this.loadResult(term, free);
  }

  private loadResult({ operator, left, right }: Extract<Term, { kind: 'binary' }>, free: number): void {
    const constant = constantOf(right);
    if (constant === 0 && operator === '/') throw new Uncompilable('division by zero');
    if (constant !== null) {
      this.load(left, free);
      this.emit(ALU_K[operator], constant);
    } else {
      this.load(right, free);
      this.emit(ST, free);
      this.load(left, free + 1);
      this.emit(LDX_MEM, free);
      this.emit(ALU_K[operator] | FROM_X);
    }
  }

  private loadField({ protocol, at, size }: Extract<Term, { kind: 'field' }>, free: number): void {
    const isTransport = protocol === 'tcp' || protocol === 'udp' || protocol === 'icmp';
    const base = protocol === 'ether' ? 0 : ETHERNET_HEADER;
    const constant = constantOf(at);
    const [absolute, indirect] = { 1: [LD_B_ABS, LD_B_IND], 2: [LD_H_ABS, LD_H_IND], 4: [LD_W_ABS, LD_W_IND] }[
      size
    ] as [number, number];
    if (constant !== null) {
      if (isTransport) this.emit(LDX_MSH, ETHERNET_HEADER);
      this.emit(isTransport ? indirect : absolute, base + constant);
    } else {
      this.load(at, free);
      if (isTransport) {
        this.emit(LDX_MSH, ETHERNET_HEADER);
        this.emit(ADD_X);
      }
      this.emit(TAX);
      this.emit(indirect, base);
    }
  }
}

/** The value of a term that has no part of the packet in it, else null. */
function constantOf(term: Term): number | null {
  if (term.kind === 'number') return term.value;
  if (term.kind !== 'binary') return null;
  const left = constantOf(term.left);
  const right = constantOf(term.right);
  if (left === null || right === null) return null;
  switch (term.operator) {
    case '+':
      return (left + right) >>> 0;
    case '-':
      return (left - right) >>> 0;
    case '*':
      return Math.imul(left, right) >>> 0;
    case '/':
      if (right === 0) throw new Uncompilable('division by zero');
      return Math.floor(left / right);
    case '&':
      return (left & right) >>> 0;
    case '|':
      return (left | right) >>> 0;
    case '<<':
      return right > 31 ? 0 : (left << right) >>> 0;
    case '>>':
      return right > 31 ? 0 : left >>> right;
  }
}

/** The program of a filter: it gives `snaplen` for the packets it takes, else 0. Throws FilterError or Uncompilable. */
export function compileFilter(text: string, snaplen: number): Instruction[] {
  return new Compiler().program(parseFilter(text), snaplen);
}

/** What is wrong with a filter, in words; null: nothing. */
export function filterProblem(text: string): string | null {
  try {
    compileFilter(text, 1);
    return null;
  } catch (error) {
    if (error instanceof FilterError) return `${error.message}, at character ${error.at + 1}`;
    if (error instanceof Uncompilable) return error.message;
    throw error;
  }
}
