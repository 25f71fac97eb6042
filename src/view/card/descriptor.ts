/**
 * Descriptors byte by byte. The 8254x manual (317453): receive 3.2.3, legacy transmit 3.3.3, context 3.3.6, data 3.3.7. The 82576
 * datasheet (317694): advanced receive 7.1.5, advanced transmit 7.2.2. All numbers in them are little-endian.
 */

type DescriptorKind = 'legacy' | 'context' | 'data' | 'receive';

export interface DescriptorField {
  readonly name: string;
  readonly text: string;
  readonly doc: string;
  /** First byte in the descriptor, and how many. */
  readonly at: number;
  readonly length: number;
}

export interface Descriptor {
  readonly kind: DescriptorKind;
  /** Bus address of the buffer; 0 for a context descriptor. */
  readonly buffer: number;
  /** Bytes of the buffer that count: what it sends, or what was received. */
  readonly length: number;
  /** Command bits that are set (transmit), or status bits (receive). */
  readonly bits: readonly string[];
  /** DD: the card is done with it. */
  readonly done: boolean;
  /** The card is asked to write DD. */
  readonly wantsReport: boolean;
  readonly fields: readonly DescriptorField[];
}

const LEGACY_COMMANDS = ['EOP', 'IFCS', 'IC', 'RS', 'RPS', 'DEXT', 'VLE', 'IDE'] as const;
const DATA_COMMANDS = ['EOP', 'IFCS', 'TSE', 'RS', 'RPS', 'DEXT', 'VLE', 'IDE'] as const;
const CONTEXT_COMMANDS = ['TCP', 'IP', 'TSE', 'RS', '', 'DEXT', '', 'IDE'] as const;
const TX_STATUS = ['DD', 'EC', 'LC'] as const;
const RX_STATUS = ['DD', 'EOP', 'IXSM', 'VP', '', 'TCPCS', 'IPCS', 'PIF'] as const;
const RX_ERRORS = ['CE', 'SE', 'SEQ', '', 'CXE', 'TCPE', 'IPE', 'RXE'] as const;
const CHECKSUMS = ['IXSM', 'TXSM'] as const;
const ADVANCED_COMMANDS = ['EOP', 'IFCS', '', 'RS', '', 'DEXT', 'VLE', 'TSE'] as const;
const ADVANCED_RX_STATUS = ['DD', 'EOP', '', 'VP', 'UDPCS', 'TCPCS', 'IPCS', 'PIF'] as const;
const ADVANCED_RX_ERRORS = ['', '', '', '', '', 'TCPE', 'IPE', 'RXE'] as const;
const RSS_TYPES: Readonly<Record<number, string>> = { 0: 'none', 1: 'addresses and TCP ports', 2: 'addresses' };
const PACKET_TYPES: readonly (readonly [bit: number, name: string])[] = [
  [0x010, 'IPv4'],
  [0x100, 'TCP'],
  [0x200, 'UDP'],
];

const BIT_DOCS: Readonly<Record<string, string>> = {
  EOP: 'last piece of the packet',
  IFCS: 'append the frame check sequence',
  IC: 'insert a checksum',
  TSE: 'cut the packet into segments',
  RS: 'write DD when done',
  RPS: 'report when the packet is sent',
  DEXT: 'not a legacy descriptor',
  VLE: 'insert a VLAN tag',
  IDE: 'the interrupt may be delayed (TIDV)',
  TCP: 'the packet is TCP',
  IP: 'the packet is IPv4',
  DD: 'done',
  EC: 'too many collisions',
  LC: 'a late collision',
  VP: 'a VLAN tag was taken off',
  TCPCS: 'the TCP or UDP checksum was looked at',
  IPCS: 'the IP checksum was looked at',
  PIF: 'passed by an inexact filter',
  CE: 'wrong frame check sequence or alignment',
  SE: 'symbol error',
  SEQ: 'sequence error',
  CXE: 'carrier extension error',
  TCPE: 'the TCP or UDP checksum is wrong',
  IPE: 'the IP checksum is wrong',
  RXE: 'data error',
  TXSM: 'insert the TCP or UDP checksum',
  UDPCS: 'the UDP checksum was looked at',
};
const IXSM_DOC = { transmit: 'insert the IP checksum', receive: 'ignore the checksum bits' };
const STATUS = 12;
const COMMAND = 11;
const DD = 1;
const RS = 8;
const DEXT = 0x20;

function little(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

function bitsOf(value: number, names: readonly string[]): string[] {
  return names.flatMap((name, bit) => (value & (1 << bit) ? [name || `bit ${bit}`] : []));
}

function hex(value: number, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

class Fields {
  readonly list: DescriptorField[] = [];
  constructor(
    private readonly bytes: Uint8Array,
    private readonly receives: boolean,
  ) {}
  number(name: string, at: number, length: number, doc: string, unit = ''): number {
    const value = little(this.bytes, at, length);
    this.list.push({ name, text: `${value}${unit}`, doc, at, length });
    return value;
  }
  /** A field of some bits: what it says is worked out by the caller. */
  part(name: string, at: number, length: number, text: string, doc: string): void {
    this.list.push({ name, text, doc, at, length });
  }
  /** 20 bits that begin at byte 8; the descriptor's type is in the four above. */
  length20(name: string, doc: string): number {
    const value = little(this.bytes, 8, 3) & 0xfffff;
    this.list.push({ name, text: `${value} bytes`, doc, at: 8, length: 3 });
    return value;
  }
  type(): void {
    const value = (this.bytes[10] ?? 0) >> 4;
    const doc = 'type of the extended descriptor: 0 context, 1 data';
    this.list.push({ name: 'DTYP', text: String(value), doc, at: 10, length: 1 });
  }
  address(name = 'address', at = 0, doc = 'where the buffer is in host memory'): number {
    const value = little(this.bytes, at, 8);
    this.list.push({ name, text: hex(value), doc, at, length: 8 });
    return value;
  }
  bits(name: string, at: number, names: readonly string[]): string[] {
    const value = this.bytes[at] ?? 0;
    const set = bitsOf(value, names);
    const ixsm = this.receives ? IXSM_DOC.receive : IXSM_DOC.transmit;
    const doc = set.map((bit) => `${bit}: ${bit === 'IXSM' ? ixsm : (BIT_DOCS[bit] ?? 'reserved')}`).join('; ');
    this.list.push({
      name,
      text: set.join(' ') || 'none',
      doc: doc === '' ? 'no bit is set' : doc,
      at,
      length: 1,
    });
    return set;
  }
  special(): void {
    const value = little(this.bytes, 14, 2);
    this.list.push({ name: 'special', text: hex(value, 4), doc: 'VLAN tag', at: 14, length: 2 });
  }
}

/** A transmit descriptor, whichever of the three kinds it is. */
export function transmitDescriptor(bytes: Uint8Array): Descriptor {
  const command = bytes[COMMAND] ?? 0;
  const extended = (command & DEXT) !== 0;
  const done = ((bytes[STATUS] ?? 0) & DD) !== 0;
  const wantsReport = (command & RS) !== 0;
  const fields = new Fields(bytes, false);
  if (extended && (bytes[10] ?? 0) >> 4 === 0) {
    fields.number('IPCSS', 0, 1, 'where the IP header begins');
    fields.number('IPCSO', 1, 1, 'where the IP checksum goes');
    fields.number('IPCSE', 2, 2, 'last byte of the IP header');
    fields.number('TUCSS', 4, 1, 'where the TCP or UDP header begins');
    fields.number('TUCSO', 5, 1, 'where its checksum goes');
    fields.number('TUCSE', 6, 2, 'last byte to sum; 0: the end of the packet');
    fields.length20('PAYLEN', 'payload to cut');
    fields.type();
    const bits = fields.bits('TUCMD', COMMAND, CONTEXT_COMMANDS);
    fields.bits('STA', STATUS, TX_STATUS);
    fields.number('HDRLEN', 13, 1, 'headers that each segment repeats', ' bytes');
    fields.number('MSS', 14, 2, 'payload of a segment', ' bytes');
    return { kind: 'context', buffer: 0, length: 0, bits, done, wantsReport, fields: fields.list };
  }
  const buffer = fields.address();
  if (extended) {
    const length = fields.length20('DTALEN', 'bytes in the buffer');
    fields.type();
    const bits = fields.bits('DCMD', COMMAND, DATA_COMMANDS);
    fields.bits('STA', STATUS, TX_STATUS);
    fields.bits('POPTS', 13, CHECKSUMS);
    fields.special();
    return { kind: 'data', buffer, length, bits, done, wantsReport, fields: fields.list };
  }
  const length = fields.number('length', 8, 2, 'bytes in the buffer', ' bytes');
  fields.number('CSO', 10, 1, 'where the checksum goes (IC)');
  const bits = fields.bits('CMD', COMMAND, LEGACY_COMMANDS);
  fields.bits('STA', STATUS, TX_STATUS);
  fields.number('CSS', 13, 1, 'where summing begins (IC)');
  fields.special();
  return { kind: 'legacy', buffer, length, bits, done, wantsReport, fields: fields.list };
}

/** A receive descriptor. Before the card has written it back only the address counts. */
export function receiveDescriptor(bytes: Uint8Array): Descriptor {
  const fields = new Fields(bytes, true);
  const buffer = fields.address();
  const length = fields.number('length', 8, 2, 'bytes received into the buffer', ' bytes');
  const sum = little(bytes, 10, 2);
  fields.list.push({
    name: 'checksum',
    text: hex(sum, 4),
    doc: 'sum of the packet from RXCSUM.PCSS on',
    at: 10,
    length: 2,
  });
  const bits = fields.bits('status', STATUS, RX_STATUS);
  fields.bits('errors', 13, RX_ERRORS);
  fields.special();
  const done = ((bytes[STATUS] ?? 0) & DD) !== 0;
  return { kind: 'receive', buffer, length, bits, done, wantsReport: true, fields: fields.list };
}

const DTYP_ADVANCED_CONTEXT = 2;
const DTYP_ADVANCED_DATA = 3;

/** A transmit descriptor of the 82576. Once it is written back nothing is left in it but DD. */
export function advancedTransmitDescriptor(bytes: Uint8Array): Descriptor {
  const type = (bytes[10] ?? 0) >> 4;
  const fields = new Fields(bytes, false);
  const wantsReport = ((bytes[COMMAND] ?? 0) & RS) !== 0;
  if (type === DTYP_ADVANCED_CONTEXT) {
    const lengths = little(bytes, 0, 2);
    const command = little(bytes, 8, 4);
    const kinds = [command & 0x400 ? 'IPV4' : '', command & 0x800 ? 'TCP' : ''].filter(Boolean);
    fields.part('IPLEN', 0, 2, `${lengths & 0x1ff} bytes`, 'length of the IP header');
    fields.part('MACLEN', 1, 1, `${(lengths >> 9) & 0x7f} bytes`, 'length of the Ethernet header');
    fields.number('VLAN', 2, 2, 'VLAN tag');
    fields.part('TUCMD', 9, 2, kinds.join(' ') || 'none', 'what the packet is');
    fields.part('DTYP', 10, 1, '2', 'type: an advanced context descriptor');
    fields.bits('DCMD', COMMAND, ADVANCED_COMMANDS);
    fields.part('IDX', STATUS, 1, String(((bytes[STATUS] ?? 0) >> 4) & 7), 'which context of the queue is set');
    fields.number('L4LEN', 13, 1, 'length of the TCP header', ' bytes');
    fields.number('MSS', 14, 2, 'payload of a segment', ' bytes');
    return { kind: 'context', buffer: 0, length: 0, bits: kinds, done: false, wantsReport, fields: fields.list };
  }
  if (type === DTYP_ADVANCED_DATA) {
    const buffer = fields.address();
    const length = fields.number('DTALEN', 8, 2, 'bytes in the buffer', ' bytes');
    fields.part('DTYP', 10, 1, '3', 'type: an advanced data descriptor');
    const bits = fields.bits('DCMD', COMMAND, ADVANCED_COMMANDS);
    const last = little(bytes, 12, 4);
    fields.part('STA', 12, 1, last & DD ? 'DD' : 'none', 'status: DD is done');
    const sums = bitsOf((last >>> 8) & 0x3f, CHECKSUMS);
    fields.part('POPTS', 13, 1, sums.join(' ') || 'none', 'checksums to insert');
    fields.part('PAYLEN', 13, 3, `${last >>> 14} bytes`, 'payload of the whole packet');
    return { kind: 'data', buffer, length, bits, done: (last & DD) !== 0, wantsReport, fields: fields.list };
  }
  const done = ((bytes[STATUS] ?? 0) & DD) !== 0;
  fields.part('STA', STATUS, 1, done ? 'DD' : 'none', 'written back: nothing but the status is left');
  return { kind: 'data', buffer: 0, length: 0, bits: done ? ['DD'] : [], done, wantsReport: true, fields: fields.list };
}

/** A receive descriptor of the 82576: two addresses until the card writes it back, then the verdict. */
export function advancedReceiveDescriptor(bytes: Uint8Array): Descriptor {
  const fields = new Fields(bytes, true);
  const done = ((bytes[8] ?? 0) & DD) !== 0;
  if (!done) {
    const buffer = fields.address('packet address', 0, 'where the packet goes in host memory');
    fields.address('header address', 8, 'where headers go if they are split off; bit 0 must be 0');
    return { kind: 'receive', buffer, length: 0, bits: [], done, wantsReport: true, fields: fields.list };
  }
  const type = little(bytes, 0, 2);
  const names = PACKET_TYPES.flatMap(([bit, name]) => (type & bit ? [name] : []));
  fields.part('RSS type', 0, 1, RSS_TYPES[type & 0xf] ?? String(type & 0xf), 'what the hash was taken of');
  fields.part('packet type', 0, 2, names.join(' ') || 'other', 'what the packet is');
  const header = little(bytes, 2, 2);
  fields.part('HDR_LEN', 2, 2, `${(header >> 5) & 0x3ff} bytes`, 'headers that were split off');
  fields.part('RSS hash', 4, 4, hex(little(bytes, 4, 4), 8), 'Toeplitz hash of the flow (or the packet checksum)');
  const bits = fields.bits('status', 8, ADVANCED_RX_STATUS);
  fields.bits('errors', 11, ADVANCED_RX_ERRORS);
  const length = fields.number('length', 12, 2, 'bytes in the packet buffer', ' bytes');
  fields.special();
  return { kind: 'receive', buffer: 0, length, bits, done, wantsReport: true, fields: fields.list };
}
