/**
 * The two layouts of descriptors: legacy and extended ones of the 8254x (317453, 3.2.3 and 3.3), advanced ones of the 82576
 * (317694, chapters 7.1 and 7.2). Both are 16 bytes, little-endian.
 */
import { heap } from '../base/heap';
import type { frame } from './frame';
import type { nic_context, RxRing } from './queues';
import { onesSum } from './sums';

/** Checksums that POPTS asks for. */
export const POPTS_IXSM = 0x01;
export const POPTS_TXSM = 0x02;

const STA_DD = 0x01;
const DTYP_CONTEXT = 0;
const DTYP_ADVANCED_CONTEXT = 2;

/** What a transmit descriptor says, whatever its layout. */
export interface TxDescriptor {
  /** It sets up an offload context, and stands for no data. */
  readonly context: boolean;
  readonly buffer: number;
  readonly length: number;
  /** Last of its packet. */
  readonly eop: boolean;
  readonly ifcs: boolean;
  readonly rs: boolean;
  readonly ide: boolean;
  readonly tse: boolean;
  readonly popts: number;
  /** Where a legacy descriptor has a checksum begin and stored; null: it asks for none. */
  readonly legacySum: { readonly start: number; readonly offset: number } | null;
}

export interface TransmitFormat {
  read(at: number): TxDescriptor;
  loadContext(at: number, context: nic_context): void;
  /** Marks the descriptor as done with. */
  writeBack(at: number): void;
  /** Bits of TXDCTL without which the queue stands still. */
  readonly enabled: number;
}

const CMD_EOP = 0x01;
const CMD_IFCS = 0x02;
/** Legacy: insert a checksum. */
const CMD_IC = 0x04;
/** Data and context: TCP segmentation. */
const CMD_TSE = 0x04;
const CMD_RS = 0x08;
const CMD_DEXT = 0x20;
const CMD_IDE = 0x80;
const TUCMD_TCP = 0x01;
const TUCMD_IP = 0x02;

export const legacyTransmit: TransmitFormat = {
  enabled: 0,
  read(at) {
    const command = heap.read8(at + 11);
    const extended = (command & CMD_DEXT) !== 0;
    return {
      context: extended && heap.read8(at + 10) >> 4 === DTYP_CONTEXT,
      buffer: heap.readLe64(at),
      length: extended ? heap.readLe32(at + 8) & 0xfffff : heap.readLe16(at + 8),
      eop: (command & CMD_EOP) !== 0,
      ifcs: (command & CMD_IFCS) !== 0,
      rs: (command & CMD_RS) !== 0,
      ide: (command & CMD_IDE) !== 0,
      tse: extended && (command & CMD_TSE) !== 0,
      popts: extended ? heap.read8(at + 13) & (POPTS_IXSM | POPTS_TXSM) : 0,
      legacySum:
        extended || (command & CMD_IC) === 0 ? null : { start: heap.read8(at + 13), offset: heap.read8(at + 10) },
    };
  },
  loadContext(at, context) {
    const command = heap.read8(at + 11);
    context.ipcss = heap.read8(at);
    context.ipcso = heap.read8(at + 1);
    context.ipcse = heap.readLe16(at + 2);
    context.tucss = heap.read8(at + 4);
    context.tucso = heap.read8(at + 5);
    context.tucse = heap.readLe16(at + 6);
    context.paylen = heap.readLe32(at + 8) & 0xfffff;
    context.hdrlen = heap.read8(at + 13);
    context.mss = heap.readLe16(at + 14);
    context.tcp = (command & TUCMD_TCP) !== 0;
    context.ip = (command & TUCMD_IP) !== 0;
  },
  writeBack(at) {
    heap.write8(at + 12, heap.read8(at + 12) | STA_DD);
  },
};

/** Bits of the command byte of advanced data descriptors. */
const DCMD_EOP = 0x01;
const DCMD_IFCS = 0x02;
const DCMD_RS = 0x08;
const DCMD_TSE = 0x80;
/** Bits of the third word of advanced context descriptors. */
const ADV_TUCMD_IPV4 = 0x400;
const ADV_TUCMD_TCP = 0x800;
const IP_CHECK = 10;
const TCP_CHECK = 16;
const UDP_CHECK = 6;
const QUEUE_ENABLE = 0x02000000;

export const advancedTransmit: TransmitFormat = {
  enabled: QUEUE_ENABLE,
  read(at) {
    const command = heap.read8(at + 11);
    return {
      context: ((heap.read8(at + 10) >> 4) & 0xf) === DTYP_ADVANCED_CONTEXT,
      buffer: heap.readLe64(at),
      length: heap.readLe16(at + 8),
      eop: (command & DCMD_EOP) !== 0,
      ifcs: (command & DCMD_IFCS) !== 0,
      rs: (command & DCMD_RS) !== 0,
      ide: false,
      tse: (command & DCMD_TSE) !== 0,
      popts: heap.read8(at + 13) & (POPTS_IXSM | POPTS_TXSM),
      legacySum: null,
    };
  },
  loadContext(at, context) {
    const lengths = heap.readLe32(at);
    const command = heap.readLe32(at + 8);
    const sizes = heap.readLe32(at + 12);
    const macLength = (lengths >> 9) & 0x7f;
    const ipLength = lengths & 0x1ff;
    context.tcp = (command & ADV_TUCMD_TCP) !== 0;
    context.ip = (command & ADV_TUCMD_IPV4) !== 0;
    context.ipcss = macLength;
    context.ipcso = macLength + IP_CHECK;
    context.ipcse = macLength + ipLength - 1;
    context.tucss = macLength + ipLength;
    context.tucso = context.tucss + (context.tcp ? TCP_CHECK : UDP_CHECK);
    context.tucse = 0;
    context.hdrlen = context.tucss + ((sizes >> 8) & 0xff);
    context.mss = sizes >>> 16;
    context.paylen = 0;
  },
  // The write-back format has nothing but the status.
  writeBack(at) {
    heap.writeLe64(at, 0);
    heap.writeLe32(at + 8, 0);
    heap.writeLe32(at + 12, STA_DD);
  },
};

/** What the checksum engine found in a frame. */
export interface Verdict {
  /** The frame was not looked at: the driver is to ignore the bits. */
  readonly ignore: boolean;
  readonly ip: 'unchecked' | 'right' | 'wrong';
  readonly l4: 'unchecked' | 'right' | 'wrong';
  /** TCP, UDP or 0: neither, or a fragment. */
  readonly protocol: number;
}

/** A piece of a frame for one buffer. */
interface Piece {
  readonly to: number;
  readonly from: number;
  readonly length: number;
}

/** What is written back to a receive descriptor once its buffers are filled. */
export interface Filled {
  readonly moved: frame;
  readonly pieces: readonly Piece[];
  readonly last: boolean;
  /** Its FCS is wrong, and RCTL.SBP let it in. */
  readonly broken: boolean;
  readonly verdict: Verdict;
  /** Checksum from RXCSUM.PCSS on. */
  readonly packetSum: number;
}

export interface ReceiveFormat {
  /** Bits of RXDCTL without which the queue takes nothing. */
  readonly enabled: number;
  /** Where the next `total - done` bytes of a frame go, as far as the descriptor has room. */
  place(at: number, ring: RxRing, moved: frame, done: number, total: number): Piece[];
  writeBack(at: number, filled: Filled): void;
}

const PROTO_UDP = 17;

const RX_DD = 0x01;
const RX_EOP = 0x02;
/** Ignore the checksum bits. */
const RX_IXSM = 0x04;
const RX_UDPCS = 0x10;
const RX_TCPCS = 0x20;
const RX_IPCS = 0x40;
const RX_CE = 0x01;
const RX_TCPE = 0x20;
const RX_IPE = 0x40;

function statusOf({ last, verdict }: Filled, udp: number): number {
  if (!last) return RX_DD;
  const { ignore, ip, l4, protocol } = verdict;
  const sums = (ip === 'unchecked' ? 0 : RX_IPCS) | (l4 === 'unchecked' ? 0 : protocol === PROTO_UDP ? udp : RX_TCPCS);
  return RX_DD | RX_EOP | (ignore ? RX_IXSM : sums);
}

function errorsOf({ last, broken, verdict: { ip, l4 } }: Filled): number {
  if (!last) return 0;
  return (broken ? RX_CE : 0) | (l4 === 'wrong' ? RX_TCPE : 0) | (ip === 'wrong' ? RX_IPE : 0);
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Layout of the 8254x; `bufferSize` is RCTL's. */
export function legacyReceive(bufferSize: () => number): ReceiveFormat {
  return {
    enabled: 0,
    place: (at, _ring, _moved, done, total) => [
      { to: heap.readLe64(at), from: done, length: Math.min(total - done, bufferSize()) },
    ],
    writeBack(at, filled) {
      heap.writeLe16(at + 8, bytesOf(filled.pieces));
      heap.writeLe16(at + 10, filled.packetSum);
      heap.write8(at + 13, errorsOf(filled));
      // The 8254x has one bit for TCP and UDP.
      heap.write8(at + 12, statusOf(filled, RX_TCPCS));
    },
  };
}

/** Fields of SRRCTL. */
const SRRCTL_PACKET_KIB = 0x7f;
const SRRCTL_HEADER_SHIFT = 8;
const SRRCTL_HEADER_UNITS = 0x3f;
const SRRCTL_DESCTYPE = 0x0e000000;
const SRRCTL_SPLIT_ALWAYS = 0x0a000000;
const SPH = 0x8000;
/** Packet types, shifted to their place. */
const TYPE_IPV4 = 0x010;
const TYPE_TCP = 0x100;
const TYPE_UDP = 0x200;
const ETHERNET_HEADER = 14;
const UDP_HEADER = 8;

/** Length of Ethernet, IP and TCP or UDP headers; 0: not known. */
function headerOf({ data }: frame): number {
  if (heap.readBe16(data + 12) !== 0x0800) return 0;
  const ip = data + ETHERNET_HEADER;
  const l4 = ETHERNET_HEADER + (heap.read8(ip) & 0xf) * 4;
  if ((heap.readBe16(ip + 6) & 0x3fff) !== 0) return l4;
  const protocol = heap.read8(ip + 9);
  if (protocol === 6) return l4 + (heap.read8(data + l4 + 12) >> 4) * 4;
  return protocol === PROTO_UDP ? l4 + UDP_HEADER : l4;
}

function packetType(moved: frame, { protocol }: Verdict): number {
  if (heap.readBe16(moved.data + 12) !== 0x0800) return 0;
  return TYPE_IPV4 | (protocol === 6 ? TYPE_TCP : protocol === PROTO_UDP ? TYPE_UDP : 0);
}

/** Layout of the 82576. `hashInstead`: RXCSUM.PCSD has the RSS hash where else the packet checksum is. */
export function advancedReceive(hashInstead: () => boolean): ReceiveFormat {
  return {
    enabled: QUEUE_ENABLE,
    place(at, { SRRCTL: control = 0 }, moved, done, total) {
      const packet = (control & SRRCTL_PACKET_KIB) * 1024;
      const pieces: Piece[] = [];
      let from = done;
      if (done === 0 && (control & SRRCTL_DESCTYPE) === SRRCTL_SPLIT_ALWAYS) {
        const room = ((control >> SRRCTL_HEADER_SHIFT) & SRRCTL_HEADER_UNITS) * 64;
        const length = Math.min(headerOf(moved) || total, room, total);
        pieces.push({ to: heap.readLe64(at + 8), from, length });
        from += length;
      }
      if (from < total) pieces.push({ to: heap.readLe64(at), from, length: Math.min(total - from, packet) });
      return pieces;
    },
    writeBack(at, filled) {
      const { moved, pieces, packetSum } = filled;
      const split = pieces.length > 1 || (pieces[0]?.to === heap.readLe64(at + 8) && pieces[0].to !== 0);
      const header = split ? (pieces[0]?.length ?? 0) : 0;
      const type = moved.rss_type | packetType(moved, filled.verdict);
      const hash = hashInstead() ? moved.rss_hash : packetSum << 16;
      heap.writeLe16(at, type);
      heap.writeLe16(at + 2, (header << 5) | (split ? SPH : 0));
      heap.writeLe32(at + 4, hash >>> 0);
      heap.writeLe16(at + 12, bytesOf(pieces) - header);
      heap.writeLe16(at + 14, 0);
      // Status in bits 0 to 19, errors in 20 to 31.
      heap.writeLe32(at + 8, (statusOf(filled, RX_UDPCS | RX_TCPCS) | (errorsOf(filled) << 24)) >>> 0);
    },
  };
}

/** Checksum of a frame from `start` on, FCS left out, as the packet checksum field has it. */
export function packetChecksum({ data }: frame, start: number, bytes: number): number {
  return start < bytes ? ~onesSum(data + start, bytes - start) & 0xffff : 0;
}
