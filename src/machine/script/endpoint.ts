/**
 * The connection a script plays the other end of, and how numbers of the script and of the run go over into each other, as packetdrill does it:
 *
 * - Sequence and acknowledgement numbers in packets with SYN stand as they are; in all others they count from the initial ones. The kernel's own
 *   initial number is learnt from its SYN or SYN-ACK, the script's is what it sends.
 * - A timestamp the kernel sends is remembered with the one the script has in its place; what the script echoes becomes the kernel's again.
 * - One connection at a time is under test: that of the last listen(), connect() or SYN.
 */
import { lookUp } from '../../base/look-up';
import type { IcmpPacket, TcpOption, TcpPacket, UdpPacket } from '../../scenario/packetdrill/ast';
import type { Settings } from '../../scenario/packetdrill/settings';
import {
  encodeIcmp,
  encodeIp,
  encodeOptions,
  encodeTcp,
  encodeUdp,
  FLAG,
  IP_BYTES,
  type Ip,
  PROTOCOL,
  type Seen,
  TCP_BYTES,
  type Tcp,
} from './wire';

/** How far the connection has come, as the script's end sees it. */
export type State =
  | 'new'
  | 'listening'
  | 'syn received'
  | 'syn-ack sent'
  | 'passive'
  | 'connecting'
  | 'syn sent'
  | 'active';

/** packetdrill sends with this time to live. */
const TTL = 255;
/** Bytes of the transport header that an ICMP message quotes. */
const QUOTED_BYTES = 8;

const mod32 = (value: number): number => ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;

/** Something of the script that cannot be sent or compared: the reason in words. */
export class CannotMap extends Error {}

export class Endpoint {
  state: State = 'new';
  /** Ports and addresses as on the wire; 0: not known yet. */
  localIp = 0;
  localPort = 0;
  remoteIp = 0;
  remotePort = 0;
  /** Initial sequence number of the kernel, on the wire and in the script. */
  liveLocalIsn = 0;
  scriptLocalIsn = 0;
  /** That of the script's end: the same in both. */
  remoteIsn = 0;
  private readonly stamps = new Map<number, number>();
  private firstStamp: { readonly script: number; readonly live: number } | null = null;

  constructor(
    readonly protocol: 'tcp' | 'udp',
    /** The script's number of the descriptor; null: a child nobody has accepted. */
    public fd: number | null,
  ) {}

  /** From the script's numbers of the kernel's side to the wire's. */
  private localOffset(isSyn: boolean): number {
    return isSyn ? this.liveLocalIsn - this.scriptLocalIsn : this.liveLocalIsn;
  }

  private remoteOffset(isSyn: boolean): number {
    return isSyn ? 0 : this.remoteIsn;
  }

  private ipIn(packet: TcpPacket | UdpPacket | IcmpPacket, protocol: keyof typeof PROTOCOL): Ip {
    const { ip } = packet;
    const ecn = { noecn: 0, ect1: 1, ect0: 2, ect01: 2, ce: 3 }[ip?.ecn ?? 'noecn'];
    return {
      source: this.remoteIp,
      destination: this.localIp,
      tos: ip?.tos ?? ecn,
      ttl: ip?.ttl ?? TTL,
      protocol: PROTOCOL[protocol],
    };
  }

  /**
   * An inbound TCP packet as bytes: several packets if it is larger than the wire takes, which the card's driver puts together again (GRO), as
   * tun takes a packet of any size. `ecrScaled`: echoes of timestamps that were never sent are worked out from the first.
   */
  tcpIn(packet: TcpPacket, { tsEcrScaled, mtu, mss }: Settings): Uint8Array[] {
    const isSyn = packet.flags.includes('S');
    const flags = flagsOf(packet.flags);
    const ackOffset = this.localOffset(isSyn);
    const hasAck = (flags & FLAG['.']) !== 0;
    const options = (packet.options === 'any' ? [] : packet.options).map((option): TcpOption => {
      if (option.kind === 'sack') {
        const blocks = option.blocks.map(({ start, end }) => ({
          start: mod32(start + ackOffset),
          end: mod32(end + ackOffset),
        }));
        return { kind: 'sack', blocks };
      }
      if (option.kind === 'timestamp' && hasAck) return { ...option, echo: this.liveStamp(option.echo, tsEcrScaled) };
      return option;
    });
    const encoded = encodeOptions(options);
    if (encoded === null) throw new CannotMap('TCP options that can be sent (at most 40 bytes, of known kinds)');
    const ip = this.ipIn(packet, 'tcp');
    const room = mtu - IP_BYTES - TCP_BYTES - encoded.length;
    const most = Math.max(1, mss === null ? room : Math.min(mss, room));
    const seq = packet.sequence.start + this.remoteOffset(isSyn);
    const { length } = packet.sequence;
    const parts: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < length; at += most) {
      const isLast = at + most >= length;
      const segment = encodeTcp(
        ip,
        {
          source: packet.ports?.source || this.remotePort,
          destination: packet.ports?.destination || this.localPort,
          seq: mod32(seq + at),
          ack: hasAck ? mod32((packet.ack ?? 0) + ackOffset) : (packet.ack ?? 0),
          flags: isLast ? flags : flags & ~(FLAG.P | FLAG.F),
          window: packet.window ?? 0,
          urgent: packet.urgent ?? 0,
          payload: new Uint8Array(Math.min(most, length - at)),
        },
        encoded,
      );
      parts.push(encodeIp(ip, segment, { id: length > most ? parts.length : null }));
    }
    return parts;
  }

  udpIn(packet: UdpPacket): Uint8Array {
    const ip = this.ipIn(packet, 'udp');
    const { ports } = packet;
    const payload = new Uint8Array(packet.length);
    return encodeIp(ip, encodeUdp(ip, ports?.source || this.remotePort, ports?.destination || this.localPort, payload));
  }

  /** An ICMP message about a packet of this connection: its IP header and the first 8 bytes after it. */
  icmpIn(packet: IcmpPacket): Uint8Array {
    const type = lookUp(ICMP_TYPES, packet.type) ?? numbered(packet.type, 'type');
    if (type === null) throw new CannotMap(`an ICMP type out of ${Object.keys(ICMP_TYPES).join(', ')}`);
    const codes = ICMP_CODES[type] ?? {};
    const named = packet.code === null ? 0 : (lookUp(codes, packet.code) ?? numbered(packet.code, 'code'));
    if (named === null) throw new CannotMap(`an ICMP code out of ${Object.keys(codes).join(', ')}`);
    const ip = this.ipIn(packet, 'icmp');
    const rest = packet.mtu ?? (packet.id === null ? 0 : packet.id * 0x10000);
    return encodeIp(ip, encodeIcmp(type, named, rest, this.quoted(packet)));
  }

  /** As packetdrill: without a word of what the message is about, that is a packet of the connection's first sequence number. */
  private quoted(packet: IcmpPacket): Uint8Array {
    const about = packet.about ?? { protocol: 'raw', length: 0 };
    const protocol = about.protocol === 'raw' ? this.protocol : about.protocol;
    const ip: Ip = {
      source: this.localIp,
      destination: this.remoteIp,
      tos: 0,
      ttl: TTL,
      protocol: PROTOCOL[protocol],
    };
    const inner = new Uint8Array(QUOTED_BYTES);
    const view = new DataView(inner.buffer);
    view.setUint16(0, this.localPort);
    view.setUint16(2, this.remotePort);
    if (about.protocol === 'tcp') {
      view.setUint32(4, mod32(about.sequence.start + this.localOffset(false)));
      return encodeIp(ip, inner, { total: IP_BYTES + 20 + about.sequence.length });
    }
    if (protocol === 'tcp') view.setUint32(4, mod32(this.localOffset(false)));
    else view.setUint16(4, 8 + about.length);
    return encodeIp(ip, inner, { total: IP_BYTES + 8 + about.length });
  }

  private liveStamp(script: number, scaled: boolean): number {
    const live = this.stamps.get(script);
    if (live !== undefined) return live;
    if (scaled && this.firstStamp !== null) return mod32(script - this.firstStamp.script + this.firstStamp.live);
    throw new CannotMap(
      `a TS ecr that the kernel has sent as TS val (${[...this.stamps.keys()].slice(-4).join(', ') || 'it has sent none'})`,
    );
  }

  /** Takes the kernel's initial sequence number from its SYN-ACK; false for another packet. */
  learnSynAck({ flags, seq }: Tcp): boolean {
    const isSynAck = (flags & (FLAG.S | FLAG['.'])) === (FLAG.S | FLAG['.']);
    if (isSynAck) this.liveLocalIsn = seq;
    return isSynAck;
  }

  /** True when a packet on the wire goes out from this connection. */
  sends({ ip, inner }: Seen): boolean {
    if (inner.protocol !== this.protocol) return false;
    return (
      ip.source === this.localIp &&
      ip.destination === this.remoteIp &&
      inner.source === this.localPort &&
      inner.destination === this.remotePort
    );
  }

  /**
   * A TCP packet of the kernel in the script's numbers. `expected` is what the script has in its place: its timestamp is what the kernel's is
   * known by from now on.
   */
  tcpOut(tcp: Tcp, tos: number, ttl: number, expected: TcpPacket): TcpPacket {
    const isSyn = (tcp.flags & FLAG.S) !== 0;
    const ackOffset = this.remoteOffset(isSyn);
    const hasAck = (tcp.flags & FLAG['.']) !== 0;
    const wanted =
      expected.options === 'any' ? undefined : expected.options.find((option) => option.kind === 'timestamp');
    const options = tcp.options.map((option): TcpOption => {
      if (option.kind === 'sack') {
        const blocks = option.blocks.map(({ start, end }) => ({
          start: mod32(start - ackOffset),
          end: mod32(end - ackOffset),
        }));
        return { kind: 'sack', blocks };
      }
      if (option.kind !== 'timestamp' || wanted?.kind !== 'timestamp') return option;
      this.stamps.set(wanted.value, option.value);
      this.firstStamp ??= { script: wanted.value, live: option.value };
      return { ...option, value: mod32(this.firstStamp.script + option.value - this.firstStamp.live) };
    });
    const start = mod32(tcp.seq - this.localOffset(isSyn));
    return {
      kind: 'packet',
      direction: 'out',
      outer: [],
      ip: { ecn: (['noecn', 'ect1', 'ect0', 'ce'] as const)[tos & 3] ?? null, tos, flowLabel: null, ttl },
      protocol: 'tcp',
      ports: { source: tcp.source, destination: tcp.destination },
      flags: flagText(tcp.flags),
      sequence: { start, end: mod32(start + tcp.payload.length), length: tcp.payload.length },
      ack: hasAck ? mod32(tcp.ack - ackOffset) : null,
      window: tcp.window,
      urgent: tcp.urgent === 0 ? null : tcp.urgent,
      options,
      fuzz: null,
    };
  }
}

/** `type_3`, `code_0`; null: neither. */
export function numbered(text: string, word: 'type' | 'code'): number | null {
  const found = new RegExp(`^${word}_(\\d{1,3})$`).exec(text);
  return found === null || Number(found[1]) > 255 ? null : Number(found[1]);
}

const LETTERS = ['S', 'F', 'R', 'P', 'U', 'E', 'W', 'A', '.'] as const;

/** Bits of FLAG for `S.`, `FP.`, `SEW`, `5.` (the AccECN field, whose bits are AE, CWR, ECE). */
export function flagsOf(text: string): number {
  let bits = 0;
  for (const mark of text) {
    if (/\d/.test(mark)) {
      const field = Number(mark);
      bits |= (field & 4 ? FLAG.A : 0) | (field & 2 ? FLAG.W : 0) | (field & 1 ? FLAG.E : 0);
    } else if (mark !== '-') bits |= FLAG[mark as keyof typeof FLAG];
  }
  return bits;
}

export function flagText(bits: number): string {
  return LETTERS.filter((letter) => (bits & FLAG[letter]) !== 0).join('') || '-';
}

/** RFC 792 names as packetdrill spells them. */
export const ICMP_TYPES: Readonly<Record<string, number>> = {
  echo_reply: 0,
  unreachable: 3,
  dest_unreachable: 3,
  source_quench: 4,
  redirect: 5,
  echo_request: 8,
  time_exceeded: 11,
  parameter_problem: 12,
  timestamp_request: 13,
  timestamp_reply: 14,
  information_request: 15,
  information_reply: 16,
  address_mask_request: 17,
  address_mask_reply: 18,
};

export const ICMP_CODES: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  3: {
    net_unreachable: 0,
    host_unreachable: 1,
    protocol_unreachable: 2,
    port_unreachable: 3,
    frag_needed: 4,
    source_route_failed: 5,
    net_unknown: 6,
    host_unknown: 7,
    source_host_isolated: 8,
    net_prohibited: 9,
    host_prohibited: 10,
    net_unreachable_for_tos: 11,
    host_unreachable_for_tos: 12,
    packet_filtered: 13,
    precedence_violation: 14,
    precedence_cutoff: 15,
    dest_net_unreachable: 0,
    dest_host_unreachable: 1,
    dest_protocol_unreachable: 2,
    dest_port_unreachable: 3,
    dest_unknown: 6,
  },
  5: { net: 0, host: 1, tos_net: 2, tos_host: 3 },
  11: { ttl: 0, ttl_exceeded: 0, exc_frag: 1, frag_time_exceeded: 1 },
};
