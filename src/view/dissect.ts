/**
 * Takes a frame apart, field by field with byte ranges: Ethernet II (IEEE 802.3), ARP (RFC 826), IPv4 (RFC 791), ICMP (RFC 792), UDP (RFC 768), TCP with
 * its options (RFC 793, 7323, 2018). Never fails: what is cut short or unknown is said so.
 */

export interface Field {
  readonly name: string;
  readonly text: string;
  /** First byte in the frame, and how many. */
  readonly at: number;
  readonly length: number;
  /** What is wrong with it, if anything. */
  readonly problem?: string;
}

export type Protocol = 'eth' | 'arp' | 'ip' | 'icmp' | 'udp' | 'tcp' | 'data';

export interface Section {
  readonly protocol: Protocol;
  readonly title: string;
  readonly at: number;
  readonly length: number;
  readonly fields: readonly Field[];
}

export interface Dissection {
  readonly sections: readonly Section[];
  /** One line that tells the frame, as a capture program would. */
  readonly summary: string;
}

const ETHERTYPES: Readonly<Record<number, string>> = { 2048: 'IPv4', 2054: 'ARP', 33024: 'VLAN', 34525: 'IPv6' };
const IP_PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP' };
const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;

/** Reads bytes in network order; a read past the end gives null. */
class Reader {
  readonly fields: Field[] = [];
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {}
  get left(): number {
    return this.end - this.at;
  }
  peek(offset: number, length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (this.bytes[offset + i] ?? 0);
    return value;
  }
  number(
    name: string,
    length: number,
    show: (value: number) => string = String,
    problem?: (value: number) => string | undefined,
  ): number {
    const value = this.peek(this.at, length);
    this.add(name, show(value), length, problem?.(value));
    return value;
  }
  add(name: string, text: string, length: number, problem?: string): void {
    this.fields.push({ name, text, at: this.at, length, ...(problem === undefined ? {} : { problem }) });
    this.at += length;
  }
  /** Another reading of bytes already passed, such as the bits of a byte. */
  again(name: string, text: string, at: number, length: number): void {
    this.fields.push({ name, text, at, length });
  }
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

export function ipText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

function macText(value: number): string {
  return (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

/** Internet checksum (RFC 1071) over a range; `seed` is added. 0 when the range holds a right checksum. */
export function internetChecksum(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  let sum = seed;
  for (let i = from; i < to; i += 2) sum += ((bytes[i] ?? 0) << 8) | (i + 1 < to ? (bytes[i + 1] ?? 0) : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function pseudoSum(bytes: Uint8Array, ip: number, protocol: number, length: number): number {
  let sum = protocol + length;
  for (let i = ip + 12; i < ip + 20; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  return sum;
}

/** Takes a frame apart; `bytes` begin with the destination MAC address and have no FCS. */
export function dissect(bytes: Uint8Array): Dissection {
  const sections: Section[] = [];
  const reader = new Reader(bytes, 0, bytes.length);
  if (bytes.length < 14) {
    return {
      sections: [dataSection('data', 'Too short for an Ethernet header', bytes, 0, bytes.length)],
      summary: `${bytes.length} bytes`,
    };
  }
  reader.number('destination', 6, macText);
  reader.number('source', 6, macText);
  const type = reader.number('type', 2, (value) => `${ETHERTYPES[value] ?? 'unknown'} (${hex(value, 4)})`);
  sections.push({ protocol: 'eth', title: 'Ethernet II', at: 0, length: 14, fields: reader.fields });
  if (type === 0x0800) return { sections, summary: ipv4(bytes, 14, sections) };
  if (type === 0x0806) return { sections, summary: arp(bytes, 14, sections) };
  sections.push(dataSection('data', 'Data', bytes, 14, bytes.length));
  return { sections, summary: `${ETHERTYPES[type] ?? hex(type, 4)}, ${bytes.length} bytes` };
}

function dataSection(protocol: Protocol, title: string, bytes: Uint8Array, from: number, to: number): Section {
  const sample = [...bytes.subarray(from, Math.min(to, from + 48))]
    .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'))
    .join('');
  return {
    protocol,
    title: `${title}, ${to - from} bytes`,
    at: from,
    length: to - from,
    fields: to > from ? [{ name: 'bytes', text: sample, at: from, length: to - from }] : [],
  };
}

function arp(bytes: Uint8Array, at: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, bytes.length);
  if (reader.left < 28) {
    sections.push(dataSection('arp', 'ARP, cut short', bytes, at, bytes.length));
    return 'ARP, cut short';
  }
  reader.number('hardware type', 2);
  reader.number('protocol type', 2, (value) => hex(value, 4));
  reader.number('hardware address length', 1);
  reader.number('protocol address length', 1);
  const op = reader.number('operation', 2, (value) =>
    value === 1 ? 'request (1)' : value === 2 ? 'reply (2)' : String(value),
  );
  const sha = reader.number('sender MAC', 6, macText);
  const spa = reader.number('sender address', 4, ipText);
  reader.number('target MAC', 6, macText);
  const tpa = reader.number('target address', 4, ipText);
  sections.push({ protocol: 'arp', title: 'Address Resolution Protocol', at, length: 28, fields: reader.fields });
  return op === 1 ? `ARP who has ${ipText(tpa)}? tell ${ipText(spa)}` : `ARP ${ipText(spa)} is at ${macText(sha)}`;
}

function ipv4(bytes: Uint8Array, at: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, bytes.length);
  const ihl = ((bytes[at] ?? 0) & 0xf) * 4;
  if (reader.left < 20 || ihl < 20 || reader.left < ihl) {
    sections.push(dataSection('ip', 'IPv4, cut short', bytes, at, bytes.length));
    return 'IPv4, cut short';
  }
  reader.add('version, header length', `${(bytes[at] as number) >> 4}, ${ihl} bytes`, 1);
  reader.number('type of service', 1, (value) => hex(value, 2));
  const total = reader.number('total length', 2, String, (value) =>
    value > bytes.length - at ? 'longer than the frame' : value < ihl ? 'shorter than the header' : undefined,
  );
  const id = reader.number('identification', 2, (value) => hex(value, 4));
  const fragment = reader.number('flags, fragment offset', 2, (value) => {
    const flags = [value & 0x4000 ? 'DF' : '', value & 0x2000 ? 'MF' : ''].filter(Boolean).join(' ');
    return `${flags || 'none'}, ${(value & 0x1fff) * 8}`;
  });
  reader.number('time to live', 1);
  const protocol = reader.number('protocol', 1, (value) => `${IP_PROTOCOLS[value] ?? 'unknown'} (${value})`);
  const right = internetChecksum(bytes, at, at + ihl) === 0;
  reader.number(
    'header checksum',
    2,
    (value) => `${hex(value, 4)} ${right ? '(right)' : '(wrong)'}`,
    () => (right ? undefined : 'wrong'),
  );
  const source = reader.number('source', 4, ipText);
  const target = reader.number('destination', 4, ipText);
  if (ihl > 20) reader.add('options', `${ihl - 20} bytes`, ihl - 20);
  sections.push({ protocol: 'ip', title: 'Internet Protocol version 4', at, length: ihl, fields: reader.fields });
  const end = Math.min(bytes.length, at + Math.max(total, ihl));
  const addresses = `${ipText(source)} to ${ipText(target)}`;
  let summary: string;
  if ((fragment & 0x1fff) !== 0) {
    sections.push(dataSection('data', 'Fragment', bytes, at + ihl, end));
    summary = `${addresses}: fragment of ${hex(id, 4)} at ${(fragment & 0x1fff) * 8}`;
  } else if (protocol === 6) summary = tcp(bytes, at, at + ihl, end, sections, (fragment & 0x2000) === 0);
  else if (protocol === 17) summary = `${addresses}: ${udp(bytes, at, at + ihl, end, sections)}`;
  else if (protocol === 1) summary = `${addresses}: ${icmp(bytes, at + ihl, end, sections)}`;
  else {
    sections.push(dataSection('data', 'Data', bytes, at + ihl, end));
    summary = `${addresses}: protocol ${protocol}`;
  }
  if (end < bytes.length) sections.push(dataSection('data', 'Padding', bytes, end, bytes.length));
  return summary;
}

function icmp(bytes: Uint8Array, at: number, end: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, end);
  if (reader.left < 8) {
    sections.push(dataSection('icmp', 'ICMP, cut short', bytes, at, end));
    return 'ICMP, cut short';
  }
  const type = reader.number('type', 1);
  const code = reader.number('code', 1);
  reader.number('checksum', 2, (value) => hex(value, 4));
  reader.number('rest of header', 4, (value) => hex(value, 8));
  sections.push({ protocol: 'icmp', title: 'Internet Control Message Protocol', at, length: 8, fields: reader.fields });
  sections.push(dataSection('data', 'Data', bytes, at + 8, end));
  const names: Readonly<Record<number, string>> = {
    0: 'echo reply',
    3: `unreachable, code ${code}`,
    8: 'echo request',
    11: 'time exceeded',
  };
  return `ICMP ${names[type] ?? `type ${type}`}`;
}

function udp(bytes: Uint8Array, ip: number, at: number, end: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, end);
  if (reader.left < 8) {
    sections.push(dataSection('udp', 'UDP, cut short', bytes, at, end));
    return 'UDP, cut short';
  }
  const source = reader.number('source port', 2);
  const target = reader.number('destination port', 2);
  const length = reader.number('length', 2);
  const complete = length === end - at;
  const right = complete && internetChecksum(bytes, at, end, pseudoSum(bytes, ip, 17, length)) === 0;
  reader.number('checksum', 2, (value) =>
    value === 0 ? 'none' : `${hex(value, 4)} ${complete ? (right ? '(right)' : '(wrong)') : ''}`,
  );
  sections.push({ protocol: 'udp', title: 'User Datagram Protocol', at, length: 8, fields: reader.fields });
  sections.push(dataSection('data', 'Data', bytes, at + 8, end));
  return `UDP ${source} to ${target}, ${length - 8} bytes`;
}

/** How a TCP checksum stands: right; only the pseudo-header's sum (left to the card); or wrong. */
export type ChecksumState = 'right' | 'partial' | 'wrong';

function checksumState(bytes: Uint8Array, ip: number, at: number, end: number): ChecksumState {
  const length = end - at;
  if (internetChecksum(bytes, at, end, pseudoSum(bytes, ip, 6, length)) === 0) return 'right';
  let partial = pseudoSum(bytes, ip, 6, length);
  while (partial > 0xffff) partial = (partial & 0xffff) + (partial >>> 16);
  // Segmentation engines want the sum without the length, as each segment has its own.
  let withoutLength = pseudoSum(bytes, ip, 6, 0);
  while (withoutLength > 0xffff) withoutLength = (withoutLength & 0xffff) + (withoutLength >>> 16);
  const check = ((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0);
  return check === partial || check === withoutLength ? 'partial' : 'wrong';
}

const CHECKSUM_WORDS: Readonly<Record<ChecksumState, string>> = {
  right: '(right)',
  partial: '(pseudo-header only)',
  wrong: '(wrong)',
};

function tcp(bytes: Uint8Array, ip: number, at: number, end: number, sections: Section[], whole: boolean): string {
  const reader = new Reader(bytes, at, end);
  const header = ((bytes[at + 12] ?? 0) >> 4) * 4;
  if (reader.left < 20 || header < 20 || reader.left < header) {
    sections.push(dataSection('tcp', 'TCP, cut short', bytes, at, end));
    return 'TCP, cut short';
  }
  const source = reader.number('source port', 2);
  const target = reader.number('destination port', 2);
  const seq = reader.number('sequence', 4);
  const ack = reader.number('acknowledgement', 4);
  reader.add('header length', `${header} bytes`, 1);
  const flags = reader.peek(reader.at, 1);
  const names = TCP_FLAGS.filter((_, bit) => flags & (1 << bit));
  reader.add('flags', names.join(' ') || 'none', 1);
  const window = reader.number('window', 2, (value) => `${value} (before scaling)`);
  const state = checksumState(bytes, ip, at, end);
  reader.number(
    'checksum',
    2,
    (value) => `${hex(value, 4)} ${whole ? CHECKSUM_WORDS[state] : ''}`,
    () => (whole && state === 'wrong' ? 'wrong' : undefined),
  );
  reader.number('urgent pointer', 2);
  options(reader, at + header);
  sections.push({ protocol: 'tcp', title: 'Transmission Control Protocol', at, length: header, fields: reader.fields });
  const data = end - at - header;
  if (data > 0) sections.push(dataSection('data', 'Data', bytes, at + header, end));
  const flagText = names.join(' ');
  return `${source} to ${target} [${flagText}] seq ${seq} ack ${ack} win ${window} len ${data}`;
}

const OPTION_NAMES: Readonly<Record<number, string>> = {
  2: 'maximum segment size',
  3: 'window scale',
  4: 'SACK permitted',
  5: 'SACK',
  8: 'timestamps',
};

function options(reader: Reader, end: number): void {
  while (reader.at < end) {
    const kind = reader.peek(reader.at, 1);
    if (kind === 0) {
      reader.add('end of options', '', end - reader.at);
      return;
    }
    if (kind === 1) {
      reader.add('no operation', '', 1);
      continue;
    }
    const length = reader.peek(reader.at + 1, 1);
    if (length < 2 || reader.at + length > end) {
      reader.add('option', 'broken', end - reader.at, 'its length does not fit');
      return;
    }
    const value = (offset: number, bytes: number): number => reader.peek(reader.at + offset, bytes);
    let text = `${length} bytes`;
    if (kind === 2 && length === 4) text = String(value(2, 2));
    else if (kind === 3 && length === 3) text = `shift ${value(2, 1)}`;
    else if (kind === 4) text = 'yes';
    else if (kind === 8 && length === 10) text = `value ${value(2, 4)}, echo ${value(6, 4)}`;
    else if (kind === 5) {
      const blocks: string[] = [];
      for (let offset = 2; offset + 8 <= length; offset += 8)
        blocks.push(`${value(offset, 4)} to ${value(offset + 4, 4)}`);
      text = blocks.join(', ');
    }
    reader.add(OPTION_NAMES[kind] ?? `option ${kind}`, text, length);
  }
}

/** The TCP checksum of a whole frame, or null where there is none to judge. */
export function tcpChecksum(bytes: Uint8Array): ChecksumState | null {
  if (bytes.length < 54 || bytes[12] !== 8 || bytes[13] !== 0 || bytes[23] !== 6) return null;
  const ihl = ((bytes[14] as number) & 0xf) * 4;
  const end = Math.min(bytes.length, 14 + (((bytes[16] as number) << 8) | (bytes[17] as number)));
  return checksumState(bytes, 14, 14 + ihl, end);
}
