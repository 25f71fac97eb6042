/**
 * Takes a frame apart, field by field with byte ranges: Ethernet II and pause frames (IEEE 802.3), ARP (RFC 826), IPv4 with its options and fragments
 * (RFC 791, 2474, 3168), ICMP (RFC 792, 1191), UDP (RFC 768), TCP. Never fails: what is cut short or unknown is said so.
 */
import { dataSection, eachOption, hex, ipText, macText, Reader, type Section } from './reader';
import { CHECKSUM_WORDS, checksumState, internetChecksum } from './sums';
import { tcp } from './tcp';

export type { Field, Section } from './reader';

export interface Dissection {
  readonly sections: readonly Section[];
  /** One line that tells the frame, as a capture program would. */
  readonly summary: string;
}

const ETHERTYPES: Readonly<Record<number, string>> = {
  2048: 'IPv4',
  2054: 'ARP',
  33024: 'VLAN',
  34525: 'IPv6',
  34824: 'MAC control',
};
const IP_PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP' };

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
  reader.number('destination', 6, { key: 'eth.dst', show: macText });
  reader.number('source', 6, { key: 'eth.src', show: macText });
  const type = reader.number('type', 2, {
    key: 'eth.type',
    show: (value) => `${ETHERTYPES[value] ?? 'unknown'} (${hex(value, 4)})`,
  });
  sections.push({ protocol: 'eth', title: 'Ethernet II', at: 0, length: 14, fields: reader.fields });
  if (type === 0x0800) return { sections, summary: ipv4(bytes, 14, sections) };
  if (type === 0x0806) return { sections, summary: arp(bytes, 14, sections) };
  if (type === 0x8808) return { sections, summary: macControl(bytes, 14, sections) };
  sections.push(dataSection('data', 'Data', bytes, 14, bytes.length));
  return { sections, summary: `${ETHERTYPES[type] ?? hex(type, 4)}, ${bytes.length} bytes` };
}

const ARP_OPS: Readonly<Record<number, string>> = { 1: 'request', 2: 'reply' };

function arp(bytes: Uint8Array, at: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, bytes.length);
  if (reader.left < 28) {
    sections.push(dataSection('arp', 'ARP, cut short', bytes, at, bytes.length));
    return 'ARP, cut short';
  }
  reader.number('hardware type', 2, { key: 'arp.hw.type' });
  reader.number('protocol type', 2, { key: 'arp.proto.type', show: (value) => hex(value, 4) });
  reader.number('hardware address length', 1, { key: 'arp.hw.size' });
  reader.number('protocol address length', 1, { key: 'arp.proto.size' });
  const op = reader.number('operation', 2, {
    key: 'arp.opcode',
    show: (value) => (ARP_OPS[value] === undefined ? String(value) : `${ARP_OPS[value]} (${value})`),
  });
  const sha = reader.number('sender MAC', 6, { key: 'arp.src.hw_mac', show: macText });
  const spa = reader.number('sender address', 4, { key: 'arp.src.proto_ipv4', show: ipText });
  reader.number('target MAC', 6, { key: 'arp.dst.hw_mac', show: macText });
  const tpa = reader.number('target address', 4, { key: 'arp.dst.proto_ipv4', show: ipText });
  sections.push({ protocol: 'arp', title: 'Address Resolution Protocol', at, length: 28, fields: reader.fields });
  if (bytes.length > at + 28) sections.push(dataSection('data', 'Padding', bytes, at + 28, bytes.length));
  return op === 1 ? `ARP who has ${ipText(tpa)}? tell ${ipText(spa)}` : `ARP ${ipText(spa)} is at ${macText(sha)}`;
}

const PAUSE = 1;

/** MAC control (IEEE 802.3 31): a pause frame (annex 31B) has a time in units of 512 bit times behind its opcode. */
function macControl(bytes: Uint8Array, at: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, bytes.length);
  if (reader.left < 4) {
    sections.push(dataSection('macc', 'MAC control, cut short', bytes, at, bytes.length));
    return 'MAC control, cut short';
  }
  const opcode = reader.number('opcode', 2, {
    key: 'macc.opcode',
    show: (value) => (value === PAUSE ? `PAUSE (${value})` : String(value)),
  });
  let summary = `MAC control, opcode ${opcode}`;
  if (opcode === PAUSE) {
    const time = reader.number('pause time', 2, {
      key: 'macc.pause_time',
      show: (value) => `${value} × 512 bit times`,
    });
    summary = time === 0 ? 'PAUSE 0: send again' : `PAUSE ${time} × 512 bit times`;
  }
  const length = reader.at - at;
  sections.push({ protocol: 'macc', title: 'MAC Control', at, length, fields: reader.fields });
  if (reader.left > 0) sections.push(dataSection('data', 'Padding', bytes, reader.at, bytes.length));
  return summary;
}

const DSCP_NAMES: Readonly<Record<number, string>> = { 0: 'default', 4: 'low delay', 46: 'EF' };
const ECN_NAMES = ['not ECT', 'ECT(1)', 'ECT(0)', 'CE'] as const;

/** The bits of the first bytes of an IPv4 header, and the fields that hold them. */
function ipv4Header(reader: Reader, at: number, ihl: number, quoted: boolean) {
  const { bytes } = reader;
  const first = bytes[at] as number;
  reader.number('version, header length', 1, { show: () => `${first >> 4}, ${ihl} bytes` });
  reader.part('version', at, 1, first >> 4, 'ip.version');
  reader.part('header length', at, 1, ihl, 'ip.hdr_len', `${ihl} bytes`);
  const tos = reader.number('type of service', 1, { key: 'ip.dsfield', show: (value) => hex(value, 2) });
  reader.part('DSCP', at + 1, 1, tos >> 2, 'ip.dsfield.dscp', `${tos >> 2} (${DSCP_NAMES[tos >> 2] ?? 'other'})`);
  reader.part('ECN', at + 1, 1, tos & 3, 'ip.dsfield.ecn', `${tos & 3} (${ECN_NAMES[tos & 3]})`);
  const total = reader.number('total length', 2, {
    key: 'ip.len',
    problem: (value) => {
      if (quoted) return;
      return value > bytes.length - at ? 'longer than the frame' : value < ihl ? 'shorter than the header' : undefined;
    },
  });
  const id = reader.number('identification', 2, { key: 'ip.id', show: (value) => hex(value, 4) });
  const fragment = reader.number('flags, fragment offset', 2, {
    show: (value) => {
      const flags = [value & 0x4000 ? 'DF' : '', value & 0x2000 ? 'MF' : ''].filter(Boolean).join(' ');
      return `${flags || 'none'}, ${(value & 0x1fff) * 8}`;
    },
  });
  reader.part("don't fragment", at + 6, 1, (fragment >> 14) & 1, 'ip.flags.df');
  reader.part('more fragments', at + 6, 1, (fragment >> 13) & 1, 'ip.flags.mf');
  const offset = (fragment & 0x1fff) * 8;
  reader.part('fragment offset', at + 6, 2, offset, 'ip.frag_offset', `${offset} bytes`);
  reader.number('time to live', 1, { key: 'ip.ttl' });
  const protocol = reader.number('protocol', 1, {
    key: 'ip.proto',
    show: (value) => `${IP_PROTOCOLS[value] ?? 'unknown'} (${value})`,
  });
  const right = internetChecksum(bytes, at, at + ihl) === 0;
  reader.number('header checksum', 2, {
    key: 'ip.checksum',
    show: (value) => `${hex(value, 4)} ${right ? '(right)' : '(wrong)'}`,
    problem: () => (right ? undefined : 'wrong'),
  });
  const source = reader.number('source', 4, { key: 'ip.src', show: ipText });
  const target = reader.number('destination', 4, { key: 'ip.dst', show: ipText });
  ipOptions(reader, at + ihl);
  return { total, id, offset, more: (fragment & 0x2000) !== 0, protocol, source, target };
}

const IP_OPTIONS: Readonly<Record<number, string>> = {
  7: 'record route',
  68: 'timestamp',
  130: 'security',
  131: 'loose source route',
  136: 'stream id',
  137: 'strict source route',
  148: 'router alert',
};
/** Options that hold addresses, from their fourth byte on. */
const ROUTES = new Set([7, 131, 137]);

function ipOptions(reader: Reader, end: number): void {
  eachOption(reader, end, (at, type, length) => {
    const addresses: string[] = [];
    if (ROUTES.has(type))
      for (let from = 3; from + 4 <= length; from += 4) addresses.push(ipText(reader.peek(at + from, 4)));
    reader.add(IP_OPTIONS[type] ?? `option ${type}`, addresses.join(', ') || `${length} bytes`, length);
    reader.part('type', at, 1, type, 'ip.opt.type');
  });
}

function ipv4(bytes: Uint8Array, at: number, sections: Section[], quoted = false): string {
  const reader = new Reader(bytes, at, bytes.length);
  const ihl = ((bytes[at] ?? 0) & 0xf) * 4;
  if (reader.left < 20 || ihl < 20 || reader.left < ihl) {
    sections.push(dataSection('ip', 'IPv4, cut short', bytes, at, bytes.length));
    return 'IPv4, cut short';
  }
  const { total, id, offset, more, protocol, source, target } = ipv4Header(reader, at, ihl, quoted);
  sections.push({ protocol: 'ip', title: 'Internet Protocol version 4', at, length: ihl, fields: reader.fields });
  const end = Math.min(bytes.length, at + Math.max(total, ihl));
  const from = at + ihl;
  const addresses = `${ipText(source)} to ${ipText(target)}`;
  const isFragment = offset !== 0 || more;
  let summary: string;
  if (offset !== 0) {
    sections.push(dataSection('data', 'Fragment', bytes, from, end));
    summary = `${addresses}: fragment of ${hex(id, 4)} at ${offset}${more ? '' : ', the last'}`;
  } else if (quoted) summary = quotedPorts(bytes, from, end, protocol, sections, addresses);
  else if (protocol === 6) summary = tcp(bytes, at, from, end, sections, !isFragment);
  else if (protocol === 17) summary = `${addresses}: ${udp(bytes, at, from, end, sections, !isFragment)}`;
  else if (protocol === 1) summary = `${addresses}: ${icmp(bytes, from, end, sections)}`;
  else {
    sections.push(dataSection('data', 'Data', bytes, from, end));
    summary = `${addresses}: protocol ${protocol}`;
  }
  if (offset === 0 && more) summary += `, first fragment of ${hex(id, 4)}`;
  if (end < bytes.length && !quoted) sections.push(dataSection('data', 'Padding', bytes, end, bytes.length));
  return summary;
}

/** The first eight bytes behind a quoted IP header: the ports, and what else there is of the header. */
function quotedPorts(
  bytes: Uint8Array,
  at: number,
  end: number,
  protocol: number,
  sections: Section[],
  addresses: string,
): string {
  const name = IP_PROTOCOLS[protocol] ?? `protocol ${protocol}`;
  if ((protocol === 6 || protocol === 17) && end - at >= 8) {
    const reader = new Reader(bytes, at, end);
    const source = reader.number('source port', 2);
    const target = reader.number('destination port', 2);
    if (protocol === 6) reader.number('sequence', 4);
    else {
      reader.number('length', 2);
      reader.number('checksum', 2, { show: (value) => hex(value, 4) });
    }
    const part = protocol === 6 ? 'tcp' : 'udp';
    sections.push({ protocol: part, title: `${name}, quoted`, at, length: 8, fields: reader.fields });
    if (end > at + 8) sections.push(dataSection('data', 'Rest of what is quoted', bytes, at + 8, end));
    return `${addresses}, ${name} ${source} to ${target}`;
  }
  sections.push(dataSection('data', `${name}, quoted`, bytes, at, end));
  return `${addresses}, ${name}`;
}

const UNREACHABLE: readonly string[] = [
  'network',
  'host',
  'protocol',
  'port',
  'fragmentation needed',
  'source route failed',
];
const EXCEEDED: readonly string[] = ['in transit', 'in reassembly'];
const ECHO_REPLY = 0;
const DEST_UNREACHABLE = 3;
const REDIRECT = 5;
const ECHO = 8;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
const FRAG_NEEDED = 4;

function icmpName(type: number, code: number): string {
  switch (type) {
    case ECHO_REPLY:
      return 'echo reply';
    case ECHO:
      return 'echo request';
    case DEST_UNREACHABLE:
      return `unreachable: ${UNREACHABLE[code] ?? `code ${code}`}`;
    case TIME_EXCEEDED:
      return `time exceeded ${EXCEEDED[code] ?? `code ${code}`}`;
    case REDIRECT:
      return 'redirect';
    case PARAMETER_PROBLEM:
      return 'parameter problem';
    default:
      return `type ${type}`;
  }
}

function icmp(bytes: Uint8Array, at: number, end: number, sections: Section[]): string {
  const reader = new Reader(bytes, at, end);
  if (reader.left < 8) {
    sections.push(dataSection('icmp', 'ICMP, cut short', bytes, at, end));
    return 'ICMP, cut short';
  }
  const code = reader.peek(at + 1, 1);
  const type = reader.number('type', 1, { key: 'icmp.type', show: (value) => `${value} (${icmpName(value, code)})` });
  reader.number('code', 1, { key: 'icmp.code' });
  const right = internetChecksum(bytes, at, end) === 0;
  reader.number('checksum', 2, {
    key: 'icmp.checksum',
    show: (value) => `${hex(value, 4)} ${right ? '(right)' : '(wrong)'}`,
    problem: () => (right ? undefined : 'wrong'),
  });
  const isEcho = type === ECHO || type === ECHO_REPLY;
  let more = '';
  if (isEcho) {
    const id = reader.number('identifier', 2, { key: 'icmp.ident' });
    const seq = reader.number('sequence', 2, { key: 'icmp.seq' });
    more = ` id ${id} seq ${seq}`;
  } else if (type === DEST_UNREACHABLE && code === FRAG_NEEDED) {
    reader.number('unused', 2);
    more = `, MTU ${reader.number('MTU of the next hop', 2, { key: 'icmp.mtu' })}`;
  } else if (type === REDIRECT)
    more = `, use ${ipText(reader.number('gateway', 4, { key: 'icmp.redir_gw', show: ipText }))}`;
  else if (type === PARAMETER_PROBLEM) {
    reader.number('pointer', 1, { key: 'icmp.pointer' });
    reader.number('unused', 3);
  } else reader.number('unused', 4, { show: (value) => hex(value, 8) });
  sections.push({ protocol: 'icmp', title: 'Internet Control Message Protocol', at, length: 8, fields: reader.fields });
  const isError = [DEST_UNREACHABLE, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM].includes(type);
  if (!isError || end - at - 8 < 20) {
    if (end > at + 8) sections.push(dataSection('data', 'Data', bytes, at + 8, end));
    return `ICMP ${icmpName(type, code)}${more}`;
  }
  const quoted: Section[] = [];
  const what = ipv4(bytes.subarray(0, end), at + 8, quoted, true);
  sections.push(...quoted.map((section) => ({ ...section, quoted: true })));
  return `ICMP ${icmpName(type, code)}${more} (for ${what})`;
}

function udp(bytes: Uint8Array, ip: number, at: number, end: number, sections: Section[], whole: boolean): string {
  const reader = new Reader(bytes, at, end);
  if (reader.left < 8) {
    sections.push(dataSection('udp', 'UDP, cut short', bytes, at, end));
    return 'UDP, cut short';
  }
  const source = reader.number('source port', 2, { key: 'udp.srcport' });
  const target = reader.number('destination port', 2, { key: 'udp.dstport' });
  const length = reader.number('length', 2, {
    key: 'udp.length',
    problem: (value) => (whole && value !== end - at ? 'not the length of the datagram' : undefined),
  });
  const complete = whole && length === end - at;
  const state = checksumState(bytes, ip, at, end, 17, 6);
  reader.number('checksum', 2, {
    key: 'udp.checksum',
    show: (value) => (value === 0 ? 'none' : `${hex(value, 4)} ${complete ? CHECKSUM_WORDS[state] : ''}`.trim()),
    problem: (value) => (value !== 0 && complete && state === 'wrong' ? 'wrong' : undefined),
  });
  sections.push({ protocol: 'udp', title: 'User Datagram Protocol', at, length: 8, fields: reader.fields });
  if (end > at + 8) sections.push(dataSection('data', 'Data', bytes, at + 8, end));
  return `UDP ${source} to ${target}, ${length - 8} bytes`;
}
