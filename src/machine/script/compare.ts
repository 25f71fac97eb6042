/**
 * A packet the kernel sent against the one the script expects, field by field in packetdrill's order. Of what the script leaves out (window,
 * TOS, TTL, ports) nothing is asked; options are compared in their order, unless they stand as `<...>`.
 */
import { lookUp } from '../../base/look-up';
import type { IcmpPacket, Packet, TcpOption, TcpPacket, UdpPacket } from '../../scenario/packetdrill/ast';
import { printPacket } from '../../scenario/packetdrill/print';
import { type Endpoint, flagsOf, ICMP_CODES, ICMP_TYPES, numbered } from './endpoint';
import type { Icmp, Ip, Seen, Tcp, Udp } from './wire';

/** Timestamps further apart than this are a difference; null: any will do. */
export type StampTolerance = { readonly tickUs: number; readonly toleranceUs: number } | null;

/** Why a packet is not the expected one: the first field that differs. Null: it is. */
function tcpDifference(
  expected: TcpPacket,
  actual: TcpPacket,
  payload: Uint8Array,
  stamps: StampTolerance,
): string | null {
  const wanted = flagsOf(expected.flags);
  const got = flagsOf(actual.flags);
  if (wanted !== got) return `flags ${expected.flags}, not ${actual.flags}`;
  if (expected.sequence.start !== actual.sequence.start)
    return `sequence number ${expected.sequence.start}, not ${actual.sequence.start}`;
  if (expected.sequence.length !== actual.sequence.length)
    return `${expected.sequence.length} bytes, not ${actual.sequence.length}`;
  if ((expected.ack ?? 0) !== (actual.ack ?? 0)) return `ack ${expected.ack ?? 'none'}, not ${actual.ack ?? 'none'}`;
  if (expected.window !== null && expected.window !== actual.window)
    return `win ${expected.window}, not ${actual.window}`;
  if ((expected.urgent ?? 0) !== (actual.urgent ?? 0)) return `urg ${expected.urgent ?? 0}, not ${actual.urgent ?? 0}`;
  if (expected.ports !== null && expected.ports.source !== 0 && expected.ports.source !== actual.ports?.source) {
    return `source port ${expected.ports.source}, not ${actual.ports?.source}`;
  }
  const ip = ipDifference(expected, actual.ip?.tos ?? 0, actual.ip?.ttl ?? 0);
  if (ip !== null) return ip;
  if (expected.options !== 'any' && actual.options !== 'any') {
    const options = optionsDifference(expected.options, actual.options, stamps);
    if (options !== null) return options;
  }
  return payload.every((byte) => byte === 0) ? null : 'zeros as payload, as packetdrill writes them';
}

function ipDifference({ ip }: Packet, tos: number, ttl: number): string | null {
  if (ip === null) return null;
  const ecn = ip.ecn;
  if (ecn === 'ect01') {
    if ((tos & 3) !== 1 && (tos & 3) !== 2) return `ECT(0) or ECT(1), not ECN bits ${tos & 3}`;
  } else if (ecn !== null && ip.tos === null) {
    const wanted = { noecn: 0, ect1: 1, ect0: 2, ce: 3 }[ecn];
    if (wanted !== (tos & 3)) return `ECN bits ${wanted}, not ${tos & 3}`;
  }
  if (ip.tos !== null && ip.tos !== tos) return `tos 0x${ip.tos.toString(16)}, not 0x${tos.toString(16)}`;
  if (ip.ttl !== null && ip.ttl !== ttl) return `ttl ${ip.ttl}, not ${ttl}`;
  return null;
}

/** Without the zeros that fill options up to whole words. */
function trimmed(options: readonly TcpOption[]): readonly TcpOption[] {
  let end = options.length;
  while (options[end - 1]?.kind === 'eol') end--;
  return options.slice(0, end);
}

function optionsDifference(
  wanted: readonly TcpOption[],
  got: readonly TcpOption[],
  stamps: StampTolerance,
): string | null {
  const [expected, actual] = [trimmed(wanted), trimmed(got)];
  const most = Math.max(expected.length, actual.length);
  for (let n = 0; n < most; n++) {
    const [one, other] = [expected[n], actual[n]];
    if (one === undefined) return `no option ${other?.kind}`;
    if (other === undefined) return `option ${one.kind}`;
    if (one.kind !== other.kind) return `option ${one.kind}, not ${other.kind}`;
    if (!sameOption(one, other, stamps)) return `option ${one.kind} as it stands`;
  }
  return null;
}

function sameOption(one: TcpOption, other: TcpOption, stamps: StampTolerance): boolean {
  if (one.kind === 'wscale' && other.kind === 'wscale') return one.shift === null || one.shift === other.shift;
  if (one.kind === 'timestamp' && other.kind === 'timestamp') {
    // What is echoed the script has sent itself; the kernel's clock is another matter.
    if (one.echo !== other.echo) return false;
    return stamps === null || Math.abs((other.value - one.value) | 0) * stamps.tickUs <= stamps.toleranceUs;
  }
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Segments one behind the other as the packet they were cut from: what packetdrill sees above segmentation. Null: they do not fit. */
export function joined(first: Tcp, next: Tcp): Tcp | null {
  const follows = (first.seq + first.payload.length) % 2 ** 32 === next.seq;
  const alike = first.ack === next.ack && first.window === next.window && first.urgent === next.urgent;
  const hasSyn = ((first.flags | next.flags) & 0x06) !== 0;
  if (!follows || !alike || hasSyn || first.headerBytes !== next.headerBytes) return null;
  const payload = new Uint8Array(first.payload.length + next.payload.length);
  payload.set(first.payload);
  payload.set(next.payload, first.payload.length);
  return { ...first, flags: first.flags | next.flags, payload };
}

function udpDifference(expected: UdpPacket, udp: Udp, ip: Ip): string | null {
  if (expected.length !== udp.payload.length) return `${expected.length} bytes, not ${udp.payload.length}`;
  if (expected.ports !== null && expected.ports.destination !== 0 && expected.ports.destination !== udp.destination) {
    return `destination port ${expected.ports.destination}, not ${udp.destination}`;
  }
  const wrong = ipDifference(expected, ip.tos, ip.ttl);
  if (wrong !== null) return wrong;
  return udp.payload.every((byte) => byte === 0) ? null : 'zeros as payload, as packetdrill writes them';
}

function icmpDifference(expected: IcmpPacket, icmp: Icmp, ip: Ip): string | null {
  const type = lookUp(ICMP_TYPES, expected.type) ?? numbered(expected.type, 'type');
  if (type !== icmp.type) return `ICMP type ${type}, not ${icmp.type}`;
  const code =
    expected.code === null
      ? 0
      : (lookUp(ICMP_CODES[type ?? -1] ?? {}, expected.code) ?? numbered(expected.code, 'code'));
  if (code !== icmp.code) return `ICMP code ${code}, not ${icmp.code}`;
  return ipDifference(expected, ip.tos, ip.ttl);
}

/** Why a packet of the kernel is not the expected one; null: it is. `tcp`: its segments put together. */
export function difference(
  endpoint: Endpoint,
  { ip, inner }: Seen,
  tcp: Tcp | null,
  expected: Packet,
  stamps: StampTolerance,
): string | null {
  if (tcp !== null && expected.protocol === 'tcp') {
    return tcpDifference(expected, endpoint.tcpOut(tcp, ip.tos, ip.ttl, expected), tcp.payload, stamps);
  }
  if (inner.protocol === 'udp' && expected.protocol === 'udp') return udpDifference(expected, inner, ip);
  if (inner.protocol === 'icmp' && expected.protocol === 'icmp') return icmpDifference(expected, inner, ip);
  return `${expected.protocol}, not ${inner.protocol}`;
}

/** A packet of the kernel in the words of a script, with as many fields as the expected one has. */
export function inWords(endpoint: Endpoint, { ip, inner }: Seen, tcp: Tcp | null, like: Packet): string {
  const segment = tcp ?? (inner.protocol === 'tcp' ? inner : null);
  if (segment !== null && like.protocol === 'tcp')
    return printPacket(asWritten(endpoint.tcpOut(segment, ip.tos, ip.ttl, like), like));
  switch (inner.protocol) {
    case 'tcp':
      return `a TCP packet of ${inner.payload.length} bytes`;
    case 'udp':
      return `> udp (${inner.payload.length})`;
    case 'icmp':
      return `> icmp of type ${inner.type} and code ${inner.code}`;
    default:
      return 'a packet of another protocol';
  }
}

function asWritten(actual: TcpPacket, like: TcpPacket): TcpPacket {
  const { ip } = like;
  const shown = actual.ip;
  return {
    ...actual,
    ip:
      ip === null || shown === null
        ? null
        : {
            ecn: ip.ecn === null ? null : shown.ecn,
            tos: ip.tos === null ? null : shown.tos,
            ttl: ip.ttl === null ? null : shown.ttl,
            flowLabel: null,
          },
    ports: like.ports === null ? null : actual.ports,
    window: like.window === null ? null : actual.window,
    options: like.options === 'any' || actual.options === 'any' ? 'any' : trimmed(actual.options),
  };
}
