/** IPv4 packets as bytes and back: what the script's end of the wire reads and writes. RFC 791, 793, 768, 792, 1323, 2018. */
import type { TcpOption } from '../../scenario/packetdrill/ast';

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;

export const ETH_BYTES = 14;
export const IP_BYTES = 20;
export const TCP_BYTES = 20;
const UDP_BYTES = 8;
const ETHERTYPE_IPV4 = 0x0800;
const IP_DF = 0x4000;

/** TCP flags, from the byte 13 of the header and the lowest bit of byte 12 (AccECN's AE). */
export const FLAG = { F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32, E: 64, W: 128, A: 256 } as const;

export interface Ip {
  readonly source: number;
  readonly destination: number;
  readonly tos: number;
  readonly ttl: number;
  readonly protocol: number;
}

export interface Tcp {
  readonly protocol: 'tcp';
  readonly source: number;
  readonly destination: number;
  readonly seq: number;
  readonly ack: number;
  /** Bits of FLAG. */
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: readonly TcpOption[];
  /** Bytes of the header, options included. */
  readonly headerBytes: number;
  readonly payload: Uint8Array;
}

export interface Udp {
  readonly protocol: 'udp';
  readonly source: number;
  readonly destination: number;
  readonly payload: Uint8Array;
}

export interface Icmp {
  readonly protocol: 'icmp';
  readonly type: number;
  readonly code: number;
  readonly payload: Uint8Array;
}

/** Any other protocol, or a fragment that is not the first. */
export interface Opaque {
  readonly protocol: 'other';
}

export interface Seen {
  readonly ip: Ip;
  readonly inner: Tcp | Udp | Icmp | Opaque;
}

/** The IPv4 packet in an Ethernet frame; null for other frames, and for what is no whole packet. */
export function decodeFrame(frame: Uint8Array): Seen | null {
  if (frame.length < ETH_BYTES + IP_BYTES) return null;
  const eth = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (eth.getUint16(12) !== ETHERTYPE_IPV4) return null;
  const bytes = frame.subarray(ETH_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerBytes = (view.getUint8(0) & 0x0f) * 4;
  const total = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || headerBytes < IP_BYTES || total < headerBytes || total > bytes.length) return null;
  const ip: Ip = {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    tos: view.getUint8(1),
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
  };
  const isLater = (view.getUint16(6) & 0x1fff) !== 0;
  return { ip, inner: isLater ? { protocol: 'other' } : decodeInner(ip.protocol, bytes.subarray(headerBytes, total)) };
}

function decodeInner(protocol: number, bytes: Uint8Array): Seen['inner'] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (protocol === PROTOCOL.tcp && bytes.length >= TCP_BYTES) {
    const headerBytes = (view.getUint8(12) >> 4) * 4;
    return {
      protocol: 'tcp',
      source: view.getUint16(0),
      destination: view.getUint16(2),
      seq: view.getUint32(4),
      ack: view.getUint32(8),
      flags: view.getUint16(12) & 0x1ff,
      window: view.getUint16(14),
      urgent: view.getUint16(18),
      options: decodeOptions(bytes.subarray(TCP_BYTES, headerBytes)),
      headerBytes,
      payload: bytes.slice(headerBytes),
    };
  }
  if (protocol === PROTOCOL.udp && bytes.length >= UDP_BYTES) {
    return {
      protocol: 'udp',
      source: view.getUint16(0),
      destination: view.getUint16(2),
      payload: bytes.slice(UDP_BYTES),
    };
  }
  if (protocol === PROTOCOL.icmp && bytes.length >= 8) {
    return { protocol: 'icmp', type: view.getUint8(0), code: view.getUint8(1), payload: bytes.slice(8) };
  }
  return { protocol: 'other' };
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
/** Magic number of the experimental Fast Open option (RFC 6994). */
const FOEXP_MAGIC = 0xf989;

function decodeOptions(bytes: Uint8Array): TcpOption[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = view.getUint8(at);
    if (kind === 0 || kind === 1) {
      options.push({ kind: kind === 0 ? 'eol' : 'nop' });
      at++;
      continue;
    }
    const length = at + 1 < bytes.length ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > bytes.length) {
      options.push({ kind: 'unknown', text: `broken option ${kind}` });
      break;
    }
    options.push(decodeOption(kind, length, view, at, bytes));
    at += length;
  }
  return options;
}

function decodeOption(kind: number, length: number, view: DataView, at: number, bytes: Uint8Array): TcpOption {
  if (kind === 2 && length === 4) return { kind: 'mss', bytes: view.getUint16(at + 2) };
  if (kind === 3 && length === 3) return { kind: 'wscale', shift: view.getUint8(at + 2) };
  if (kind === 4 && length === 2) return { kind: 'sackOK' };
  if (kind === 5 && length % 8 === 2 && length > 2) {
    const blocks = Array.from({ length: (length - 2) / 8 }, (_, n) => ({
      start: view.getUint32(at + 2 + 8 * n),
      end: view.getUint32(at + 6 + 8 * n),
    }));
    return { kind: 'sack', blocks };
  }
  if (kind === 8 && length === 10)
    return { kind: 'timestamp', value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
  const data = bytes.subarray(at + 2, at + length);
  if (kind === 19 && length === 18) return { kind: 'md5', digest: hex(data) };
  if (kind === 34) return { kind: 'FO', cookie: hex(data) };
  if (kind === 254 && length >= 4 && view.getUint16(at + 2) === FOEXP_MAGIC)
    return { kind: 'FOEXP', cookie: hex(data.subarray(2)) };
  return { kind: 'unknown', text: `option ${kind} of ${length} bytes` };
}

/** Options as bytes, filled up with zeros (end of options) to whole words; null for one whose bytes are not known. */
export function encodeOptions(options: readonly TcpOption[]): Uint8Array | null {
  const bytes: number[] = [];
  const u32 = (value: number): void => {
    bytes.push(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  };
  const hexed = (kind: number, text: string, magic: readonly number[] = []): void => {
    bytes.push(kind, 2 + magic.length + text.length / 2, ...magic);
    for (let n = 0; n < text.length; n += 2) bytes.push(Number.parseInt(text.slice(n, n + 2), 16));
  };
  for (const option of options) {
    switch (option.kind) {
      case 'eol':
        bytes.push(0);
        break;
      case 'nop':
        bytes.push(1);
        break;
      case 'mss':
        bytes.push(2, 4, option.bytes >> 8, option.bytes & 0xff);
        break;
      case 'wscale':
        bytes.push(3, 3, option.shift ?? 0);
        break;
      case 'sackOK':
        bytes.push(4, 2);
        break;
      case 'sack':
        bytes.push(5, 2 + 8 * option.blocks.length);
        for (const { start, end } of option.blocks) {
          u32(start);
          u32(end);
        }
        break;
      case 'timestamp':
        bytes.push(8, 10);
        u32(option.value);
        u32(option.echo);
        break;
      case 'FO':
      case 'FOEXP':
        if (!/^([\da-f]{2})*$/i.test(option.cookie)) return null;
        if (option.kind === 'FO') hexed(34, option.cookie);
        else hexed(254, option.cookie, [FOEXP_MAGIC >> 8, FOEXP_MAGIC & 0xff]);
        break;
      case 'md5':
        if (!/^[\da-f]{32}$/i.test(option.digest)) return null;
        hexed(19, option.digest);
        break;
      case 'unknown':
        return null;
    }
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  return bytes.length > 40 ? null : Uint8Array.from(bytes);
}

/** The ones' complement sum of 16-bit words, RFC 1071. */
function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let n = 0; n < bytes.length; n++) sum += n % 2 === 0 ? (bytes[n] as number) << 8 : (bytes[n] as number);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function pseudoSum(ip: Ip, length: number): number {
  const halves = (address: number): number => (address >>> 16) + (address & 0xffff);
  return halves(ip.source) + halves(ip.destination) + ip.protocol + length;
}

export function encodeTcp(
  ip: Ip,
  tcp: Omit<Tcp, 'protocol' | 'options' | 'headerBytes'>,
  options: Uint8Array,
): Uint8Array {
  const headerBytes = TCP_BYTES + options.length;
  const bytes = new Uint8Array(headerBytes + tcp.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tcp.source);
  view.setUint16(2, tcp.destination);
  view.setUint32(4, tcp.seq);
  view.setUint32(8, tcp.ack);
  view.setUint16(12, ((headerBytes / 4) << 12) | tcp.flags);
  view.setUint16(14, tcp.window);
  view.setUint16(18, tcp.urgent);
  bytes.set(options, TCP_BYTES);
  bytes.set(tcp.payload, headerBytes);
  view.setUint16(16, checksum(bytes, pseudoSum(ip, bytes.length)));
  return bytes;
}

export function encodeUdp(ip: Ip, source: number, destination: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(UDP_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, source);
  view.setUint16(2, destination);
  view.setUint16(4, bytes.length);
  bytes.set(payload, UDP_BYTES);
  view.setUint16(6, checksum(bytes, pseudoSum(ip, bytes.length)) || 0xffff);
  return bytes;
}

/** `rest`: the second word of the header: an MTU, an identifier and sequence number. */
export function encodeIcmp(type: number, code: number, rest: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint32(4, rest);
  bytes.set(payload, 8);
  view.setUint16(2, checksum(bytes));
  return bytes;
}

/**
 * `total`: the length the header gives, where it is not that of what follows (packets quoted in part by ICMP). `id`: a number of one of several
 * packets in a row, with DF set, as GRO asks of what it puts together.
 */
export function encodeIp(
  ip: Ip,
  inner: Uint8Array,
  { total = IP_BYTES + inner.length, id = null }: { readonly total?: number; readonly id?: number | null } = {},
): Uint8Array {
  const bytes = new Uint8Array(IP_BYTES + inner.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, ip.tos);
  view.setUint16(2, total);
  if (id !== null) {
    view.setUint16(4, id);
    view.setUint16(6, IP_DF);
  }
  view.setUint8(8, ip.ttl);
  view.setUint8(9, ip.protocol);
  view.setUint32(12, ip.source);
  view.setUint32(16, ip.destination);
  view.setUint16(10, checksum(bytes.subarray(0, IP_BYTES)));
  bytes.set(inner, IP_BYTES);
  return bytes;
}

/** An Ethernet frame around an IPv4 packet, without FCS; filled up to the shortest length. */
export function encodeFrame(destination: number, source: number, packet: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(60, ETH_BYTES + packet.length));
  const view = new DataView(bytes.buffer);
  for (const [at, mac] of [[0, destination] as const, [6, source] as const]) {
    view.setUint16(at, Math.floor(mac / 2 ** 32));
    view.setUint32(at + 2, mac % 2 ** 32);
  }
  view.setUint16(12, ETHERTYPE_IPV4);
  bytes.set(packet, ETH_BYTES);
  return bytes;
}
