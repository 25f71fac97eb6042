/** What goes wrong on a link: rules that pick frames, by direction, kind, number, chance and time, and what befalls those. */
import { heap } from '../base/heap';
import { Rng } from '../base/rng';
import { int, str, struct } from '../base/struct';
import type { frame } from './frame';

const ETHERNET_HEADER = 14;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const PROTO_ICMP = 1;
const PROTO_TCP = 6;
const PROTO_UDP = 17;
/** More fragments, or an offset: RFC 791, section 3.1. */
const IP_FRAGMENT = 0x3fff;
const IP_OFFSET = 0x1fff;
const TCP_FIN = 0x01;
const TCP_SYN = 0x02;
const TCP_RST = 0x04;

/** `data`: TCP with payload; `ack`: TCP with neither payload nor SYN, FIN, RST; `syn` includes SYN-ACK; the rest by protocol or flag. */
export const FRAME_KINDS = ['data', 'ack', 'syn', 'fin', 'rst', 'tcp', 'udp', 'icmp', 'fragment', 'ip', 'arp'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** What a frame is, read from its bytes at `data`. */
export function frameIs(kind: FrameKind, data: number): boolean {
  const type = heap.readBe16(data + 12);
  if (kind === 'arp') return type === ETH_P_ARP;
  if (type !== ETH_P_IP) return false;
  const ip = data + ETHERNET_HEADER;
  const offset = heap.readBe16(ip + 6);
  const protocol = heap.read8(ip + 9);
  if (kind === 'ip') return true;
  if (kind === 'fragment') return (offset & IP_FRAGMENT) !== 0;
  if (kind === 'udp') return protocol === PROTO_UDP;
  if (kind === 'icmp') return protocol === PROTO_ICMP;
  if (protocol !== PROTO_TCP) return false;
  if (kind === 'tcp') return true;
  // Only the first fragment has the TCP header.
  if ((offset & IP_OFFSET) !== 0) return false;
  const headerLength = (heap.read8(ip) & 0xf) * 4;
  const tcp = ip + headerLength;
  const flags = heap.read8(tcp + 13);
  const payload = heap.readBe16(ip + 2) - headerLength - (heap.read8(tcp + 12) >> 4) * 4;
  switch (kind) {
    case 'data':
      return payload > 0;
    case 'ack':
      return payload === 0 && (flags & (TCP_SYN | TCP_FIN | TCP_RST)) === 0;
    case 'syn':
      return (flags & TCP_SYN) !== 0;
    case 'fin':
      return (flags & TCP_FIN) !== 0;
    case 'rst':
      return (flags & TCP_RST) !== 0;
  }
}

/** What befalls a frame. Times in ns. */
export type Mishap =
  | { readonly op: 'drop' }
  | { readonly op: 'duplicate'; readonly copies: number }
  /** Held back until `frames` later ones of its direction have passed it, at most for `ns`. */
  | { readonly op: 'reorder'; readonly frames: number; readonly ns: number }
  /** Arrives later by `ns` and by a random part of `jitter`; it may be overtaken. */
  | { readonly op: 'delay'; readonly ns: number; readonly jitter: number }
  /** The bits of `mask` flip in the byte at `offset` from the destination MAC address; `freshFcs`: and the FCS is made to fit. */
  | { readonly op: 'corrupt'; readonly offset: number; readonly mask: number; readonly freshFcs: boolean };

/** A mishap and the frames it strikes: those of which all that is given is true. */
export interface FaultRule {
  readonly mishap: Mishap;
  /** Sent from this side of the link. */
  readonly side?: 0 | 1 | undefined;
  readonly kind?: FrameKind | undefined;
  /** Of the frames with this side and kind, counted from 1, those with these numbers; */
  readonly nth?: readonly number[] | undefined;
  /** every so many; */
  readonly every?: number | undefined;
  /** or each with this probability. */
  readonly rate?: number | undefined;
  /** Whose last bit leaves at or after this time, ns; they are counted from there on. */
  readonly from?: number | undefined;
  /** Whose last bit leaves before this time, ns. */
  readonly until?: number | undefined;
}

export const link_fault = struct('link_fault', {
  op: str('what befalls the frames'),
  matched: int('frames seen of this direction, kind and time'),
  struck: int('frames it befell'),
});
export interface link_fault extends InstanceType<typeof link_fault> {}

/** A seed for the chance of a rule, mixed so that neighbouring seeds have nothing in common (the finaliser of MurmurHash3). */
function mixed(seed: number): number {
  let x = seed >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** One rule at work. Each has chance of its own: adding one does not change what the others do. */
class Fault {
  readonly state = new link_fault();
  private readonly random: Rng;

  constructor(
    readonly rule: FaultRule,
    seed: number,
  ) {
    this.state.op = rule.mishap.op;
    this.random = new Rng(mixed(seed));
  }

  /** From 0 (included) to 1. */
  chance(): number {
    return this.random.next() / 2 ** 32;
  }

  strikes(sent: frame, side: 0 | 1): boolean {
    const { rule, state } = this;
    if (rule.side !== undefined && rule.side !== side) return false;
    if (sent.end < (rule.from ?? 0) || sent.end >= (rule.until ?? Number.POSITIVE_INFINITY)) return false;
    if (rule.kind !== undefined && !frameIs(rule.kind, sent.data)) return false;
    state.matched++;
    if (rule.nth !== undefined && !rule.nth.includes(state.matched)) return false;
    if (rule.every !== undefined && state.matched % rule.every !== 0) return false;
    if (rule.rate !== undefined && this.chance() >= rule.rate) return false;
    state.struck++;
    return true;
  }
}

/** All that is to go wrong on one link. */
export class FaultPlan {
  private readonly faults: Fault[] = [];

  constructor(
    rules: readonly FaultRule[],
    private readonly seed: number,
  ) {
    for (const rule of rules) this.add(rule);
  }

  add(rule: FaultRule): void {
    this.faults.push(new Fault(rule, this.seed + 0x9e3779b9 * (this.faults.length + 1)));
  }

  /** What befalls a frame whose last bit has left, in the order of the rules; `chance` gives numbers from 0 to 1. */
  befalling(sent: frame, side: 0 | 1): { readonly mishap: Mishap; readonly chance: () => number }[] {
    return this.faults
      .filter((fault) => fault.strikes(sent, side))
      .map((fault) => ({ mishap: fault.rule.mishap, chance: () => fault.chance() }));
  }
}
