/**
 * Mirrors net/core/filter.c (2.6.39): socket filters, and the machine that runs their programs. Left out: the instructions are kept as
 * they are written, not recoded; netlink attributes; the compiler to machine code.
 */
import { charge } from '../../../base/clock';
import { heap } from '../../../base/heap';
import { smp_processor_id } from '../../arch/current';
import { EINVAL, EPERM } from '../../include/linux/errno';
import {
  BPF_A,
  BPF_ABS,
  BPF_ALU,
  BPF_B,
  BPF_H,
  BPF_IMM,
  BPF_IND,
  BPF_JMP,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_MAXINSNS,
  BPF_MEM,
  BPF_MEMWORDS,
  BPF_MISC,
  BPF_MSH,
  BPF_RET,
  BPF_ST,
  BPF_STX,
  BPF_TAX,
  BPF_TXA,
  BPF_X,
  SKF_AD_CPU,
  SKF_AD_IFINDEX,
  SKF_AD_MARK,
  SKF_AD_OFF,
  SKF_AD_PKTTYPE,
  SKF_AD_PROTOCOL,
  SKF_AD_QUEUE,
  SKF_AD_RXHASH,
  sk_filter_prog,
  sock_filter,
} from '../../include/linux/filter';
import { type sk_buff, skb_headlen } from '../../include/linux/skbuff';
import type { sock } from '../../include/net/sock';
import { pskb_trim, skb_copy_bits } from './skbuff';

const CLASS = 0x07;
const SIZE = 0x18;
const MODE = 0xe0;
const OPERATION = 0xf0;
/** Operations of BPF_ALU and BPF_JMP. */
const ALU_ADD = 0x00;
const ALU_SUB = 0x10;
const ALU_MUL = 0x20;
const ALU_DIV = 0x30;
const ALU_OR = 0x40;
const ALU_AND = 0x50;
const ALU_LSH = 0x60;
const ALU_RSH = 0x70;
const ALU_NEG = 0x80;
const JMP_JA = 0x00;
const JMP_JEQ = 0x10;
const JMP_JGT = 0x20;
const JMP_JGE = 0x30;
const JMP_JSET = 0x40;
/** ns an instruction takes: a switch, and a load that hits the cache. */
const INSTRUCTION_NS = 2;

const SKB_MAX_BYTES = 4;

/**
 * Reads 1, 2 or 4 bytes of a packet in network order, fragments included; null past its end.
 * @modelled net/core/filter.c
 * @cost 2
 */
export function load_pointer(skb: sk_buff, k: number, size: number): number | null {
  if (k + size > skb.len) {
    return null;
  }
  let at = skb.data + k;
  const scattered = k + size > skb_headlen(skb);
  if (scattered) {
    at = heap.ramAlloc(SKB_MAX_BYTES);
    skb_copy_bits(skb, k, at, size);
  }
  const value = size === 1 ? heap.read8(at) : size === 2 ? heap.readBe16(at) : heap.readBe32(at);
  if (scattered) {
    heap.ramFree(at, SKB_MAX_BYTES);
  }
  return value;
}

/** What Linux knows about a packet, by the offset from SKF_AD_OFF; null: nothing stands there. Cases of sk_run_filter in Linux. */
const ancillary = (skb: sk_buff, offset: number): number | null => {
  switch (offset) {
    case SKF_AD_PROTOCOL:
      return skb.protocol;
    case SKF_AD_PKTTYPE:
      return skb.pkt_type;
    case SKF_AD_IFINDEX:
      return skb.dev === null ? null : skb.dev.ifindex;
    case SKF_AD_MARK:
      return skb.mark;
    case SKF_AD_QUEUE:
      return skb.queue_mapping;
    case SKF_AD_RXHASH:
      return skb.rxhash;
    case SKF_AD_CPU:
      return smp_processor_id();
    default:
      return null;
  }
};

/** A load of BPF_ABS or BPF_IND. */
const fetched = (skb: sk_buff, code: number, k: number): number | null => {
  if (k >= SKF_AD_OFF) {
    return ancillary(skb, k - SKF_AD_OFF);
  }
  const width = code & SIZE;
  return load_pointer(skb, k, width === BPF_B ? 1 : width === BPF_H ? 2 : 4);
};

/** An arithmetic instruction; null: division by zero. */
const computed = (operation: number, a: number, b: number): number | null => {
  switch (operation) {
    case ALU_ADD:
      return a + b;
    case ALU_SUB:
      return a - b;
    case ALU_MUL:
      return Math.imul(a, b);
    case ALU_DIV:
      return b === 0 ? null : Math.floor(a / b);
    case ALU_OR:
      return a | b;
    case ALU_AND:
      return a & b;
    case ALU_LSH:
      return a << (b & 31);
    case ALU_RSH:
      return a >>> (b & 31);
    default:
      return -a;
  }
};

/** Whether a conditional jump goes its first way. */
const holds = (operation: number, a: number, b: number): boolean => {
  switch (operation) {
    case JMP_JEQ:
      return a === b;
    case JMP_JGT:
      return a > b;
    case JMP_JGE:
      return a >= b;
    default:
      return (a & b) !== 0;
  }
};

/**
 * Runs a filter program over a packet: how many of its bytes to keep, 0 for none. Two registers, A and X, and 16 words of memory, all of
 * 32 bits. A load past the end of the packet, or a division by zero, ends it with 0.
 * @modelled net/core/filter.c
 * @cost 15
 */
export function sk_run_filter(skb: sk_buff, prog: sk_filter_prog): number {
  const mem = new Uint32Array(BPF_MEMWORDS);
  let A = 0;
  let X = 0;
  for (let pc = 0; pc < prog.len; pc++) {
    const { code, k, jt, jf } = prog.insns.at(pc);
    charge(INSTRUCTION_NS);
    const operand = (code & BPF_X) !== 0 ? X : k;
    switch (code & CLASS) {
      case BPF_LD: {
        const mode = code & MODE;
        let value: number | null;
        if (mode === BPF_ABS || mode === BPF_IND) {
          value = fetched(skb, code, mode === BPF_IND ? (X + k) >>> 0 : k);
        } else {
          value = mode === BPF_LEN ? skb.len : mode === BPF_MEM ? (mem[k] as number) : k;
        }
        if (value === null) {
          return 0;
        }
        A = value;
        break;
      }
      case BPF_LDX: {
        const mode = code & MODE;
        if (mode === BPF_MSH) {
          const byte = load_pointer(skb, k, 1);
          if (byte === null) {
            return 0;
          }
          X = (byte & 0xf) << 2;
        } else {
          X = mode === BPF_LEN ? skb.len : mode === BPF_MEM ? (mem[k] as number) : k;
        }
        break;
      }
      case BPF_ST:
        mem[k] = A;
        break;
      case BPF_STX:
        mem[k] = X;
        break;
      case BPF_ALU: {
        const result = computed(code & OPERATION, A, operand);
        if (result === null) {
          return 0;
        }
        A = result >>> 0;
        break;
      }
      case BPF_JMP:
        pc += (code & OPERATION) === JMP_JA ? k : holds(code & OPERATION, A, operand) ? jt : jf;
        break;
      case BPF_RET:
        return (code & 0x18) === BPF_A ? A : k;
      default:
        if ((code & 0xf8) === BPF_TXA) {
          A = X;
        } else {
          X = A;
        }
    }
  }
  return 0;
}

/** True for the operations that exist. */
const is_known = (code: number): boolean => {
  const mode = code & MODE;
  switch (code & CLASS) {
    case BPF_LD:
      return code <= 0xff && [BPF_IMM, BPF_ABS, BPF_IND, BPF_MEM, BPF_LEN].includes(mode);
    case BPF_LDX:
      return [BPF_IMM, BPF_MEM, BPF_LEN].includes(mode) || code === (BPF_LDX | BPF_MSH | BPF_B);
    case BPF_ALU:
      return (code & OPERATION) <= ALU_NEG;
    case BPF_JMP:
      return (code & OPERATION) <= JMP_JSET;
    case BPF_MISC:
      return (code & 0xf8) === BPF_TAX || (code & 0xf8) === BPF_TXA;
    default:
      return true;
  }
};

/**
 * Checks a program before it is used: known instructions, jumps and memory inside their bounds, a return at the end, no division by a
 * constant zero. 0, or −EINVAL.
 * @modelled net/core/filter.c
 * @omits check_load_and_stores: words of memory that are read before they are written hold zero here
 */
export function sk_chk_filter(filter: sk_filter_prog): number {
  const { len } = filter;
  if (len === 0 || len > BPF_MAXINSNS) {
    return -EINVAL;
  }
  for (let pc = 0; pc < len; pc++) {
    const { code, k, jt, jf } = filter.insns.at(pc);
    const kind = code & CLASS;
    const memory = kind === BPF_ST || kind === BPF_STX || (kind <= BPF_LDX && (code & MODE) === BPF_MEM);
    const conditional = kind === BPF_JMP && (code & OPERATION) !== JMP_JA;
    const beyond = kind === BPF_JMP && pc + (conditional ? Math.max(jt, jf) : k) + 1 >= len;
    const zero = kind === BPF_ALU && (code & OPERATION) === ALU_DIV && (code & BPF_X) === 0 && k === 0;
    if (!is_known(code) || (memory && k >= BPF_MEMWORDS) || beyond || zero) {
      return -EINVAL;
    }
  }
  return (filter.insns.at(len - 1).code & CLASS) === BPF_RET ? 0 : -EINVAL;
}

/** A program as a system call brings it. */
export interface sock_fprog {
  readonly len: number;
  readonly filter: readonly { readonly code: number; readonly jt: number; readonly jf: number; readonly k: number }[];
}

/**
 * Gives a socket a filter (SO_ATTACH_FILTER). 0, or −EINVAL.
 * @modelled net/core/filter.c
 */
export function sk_attach_filter(fprog: sock_fprog, sk: sock): number {
  if (fprog.len === 0 || fprog.len > BPF_MAXINSNS || fprog.len !== fprog.filter.length) {
    return -EINVAL;
  }
  const fp = new sk_filter_prog();
  fp.len = fprog.len;
  for (const from of fprog.filter) {
    fp.insns.push(Object.assign(new sock_filter(), from));
  }
  const err = sk_chk_filter(fp);
  if (err !== 0) {
    sk_filter_release(fp);
    return err;
  }
  if (sk.sk_filter !== null) {
    sk_filter_release(sk.sk_filter);
  }
  sk.sk_filter = fp;
  return 0;
}

/**
 * Frees a filter.
 * @modelled net/core/filter.c
 */
export function sk_filter_release(fp: sk_filter_prog): void {
  for (const insn of fp.insns) {
    heap.release(insn);
  }
  heap.release(fp);
}

/**
 * Lets the filter of a socket judge a packet: 0 to keep it, −EPERM to drop it. What it keeps may be cut short.
 * @modelled net/core/filter.c
 * @omits security_sock_rcv_skb: no security module
 * @cost 6
 */
export function sk_filter(sk: sock, skb: sk_buff): number {
  const filter = sk.sk_filter;
  if (filter === null) {
    return 0;
  }
  const pkt_len = sk_run_filter(skb, filter);
  return pkt_len !== 0 ? pskb_trim(skb, pkt_len) : -EPERM;
}
