/**
 * Transmit side of the card: descriptor fetch, DMA, TX FIFO, checksum insertion, TCP segmentation, frame check sequence,
 * serialisation, write-back. Manual chapter 3.3 to 3.6 (descriptors 3.3, segmentation 3.5, checksums 3.6).
 *
 * Left out: VLAN tags, half duplex (collisions, back-off), flow control, several queues. Simplified: the DMA of a packet begins
 * when the ring holds its last descriptor (the driver moves the tail by whole packets); an empty FIFO takes any packet.
 */
import { heap } from '../base/heap';
import { addr, bool, byteCount, embed, enumeration, int, ns, ref, struct, u8, u16 } from '../base/struct';
import { type Card, DESCRIPTOR_BYTES, DESCRIPTOR_CACHE, PACKET_MEMORY } from './card';
import { DMA_DATA, DMA_DESCRIPTORS, DMA_WRITE_BACK, DmaChannel, nic_transfer } from './dma';
import {
  FRAME_SENDING,
  FRAME_TX_FIFO,
  type frame,
  frame_queue,
  freeFrame,
  newFrame,
  pushFrame,
  shiftFrame,
} from './frame';
import { Moderation } from './interrupts';
import { GAP_BYTES, PREAMBLE_BYTES } from './link';
import { ICR_TXDW, ICR_TXQE, type nic_registers, TCTL_EN, TCTL_PSP } from './registers';
import { frameCheckSequence, onesSum } from './sums';

const FCS_BYTES = 4;
/** Shortest frame without FCS (IEEE 802.3 3.2.8); TCTL.PSP pads to it. */
const MIN_FRAME = 60;

/** Bits of the command byte of legacy and data descriptors. */
const CMD_EOP = 0x01;
const CMD_IFCS = 0x02;
/** Legacy: insert a checksum. */
const CMD_IC = 0x04;
/** Data and context: TCP segmentation. */
const CMD_TSE = 0x04;
const CMD_RS = 0x08;
const CMD_DEXT = 0x20;
const CMD_IDE = 0x80;
/** Bits of the command byte of a context descriptor. */
const TUCMD_TCP = 0x01;
const TUCMD_IP = 0x02;

const DTYP_CONTEXT = 0;
const STA_DD = 0x01;
const POPTS_IXSM = 0x01;
const POPTS_TXSM = 0x02;

const TCP_FIN_PSH = 0x01 | 0x08;

/** Decoding a descriptor and setting up the engines: a few clocks of the card. */
const DECODE_NS = 20;

const IDLE = 0;
const FETCH = 1;
const DECODE = 2;
const DMA = 3;
const WAIT_FIFO = 4;

/** What the last context descriptor set up. */
export const nic_context = struct('nic_context', {
  ipcss: u8('where the IP header begins'),
  ipcso: u8('where the IP checksum goes'),
  ipcse: u16('last byte of the IP header'),
  tucss: u8('where the TCP or UDP header begins'),
  tucso: u8('where its checksum goes'),
  tucse: u16('last byte to sum, 0: the end of the packet'),
  paylen: byteCount('payload of the packet to cut'),
  hdrlen: byteCount('length of the headers repeated in each segment'),
  mss: byteCount('payload of each segment'),
  tcp: bool('TCP, else UDP'),
  ip: bool('IPv4, else IPv6'),
});
export interface nic_context extends InstanceType<typeof nic_context> {}

export const nic_tx = struct('nic_tx', {
  phase: enumeration('what the engine does', {
    idle: IDLE,
    'fetching descriptors': FETCH,
    decoding: DECODE,
    'fetching data': DMA,
    'waiting for the FIFO': WAIT_FIFO,
  }),
  cached: int('descriptors fetched and not yet processed'),
  descriptor: int('descriptor being processed, -1: none', -1),
  context: embed(nic_context, 'offload context in force'),
  packet_active: bool('between the first and the last descriptor of a packet'),
  tse: bool('the packet is being segmented'),
  popts: u8('checksums asked for: 1 IP, 2 TCP or UDP'),
  ifcs: bool('append a frame check sequence'),
  header: addr('header of the packet being segmented'),
  header_bytes: byteCount('how much of it was fetched'),
  payload_done: byteCount('payload already cut off'),
  packet_payload: byteCount('payload of the packet under way'),
  first_descriptor: int('first data descriptor of the packet', -1),
  first_buffer: addr('host memory its payload begins at'),
  building: ref<frame>('frame being filled'),
  filled: byteCount('bytes in it so far'),
  fifo: embed(frame_queue, 'frames waiting for the wire'),
  fifo_size: byteCount('size of the TX FIFO'),
  sending: ref<frame>('frame on its way out'),
  gap_end: ns('the wire is ours again then'),
  transfer: embed(nic_transfer, 'what is read from host memory now'),
  write_back: embed(nic_transfer, 'descriptor being written back'),
});
export interface nic_tx extends InstanceType<typeof nic_tx> {}

/** Longest header the segmentation engine repeats: HDRLEN has 8 bits. */
const HEADER_MAX = 256;

export class TransmitEngine {
  readonly state = new nic_tx();
  readonly moderation: Moderation;
  private readonly regs: nic_registers;
  private readonly reads: DmaChannel;
  private readonly writes: DmaChannel;

  constructor(private readonly card: Card) {
    this.regs = card.registers;
    this.reads = new DmaChannel(card, this.state.transfer);
    this.writes = new DmaChannel(card, this.state.write_back);
    this.state.header = heap.ramAlloc(HEADER_MAX);
    this.moderation = new Moderation(card.env, 'TX interrupt delay', () => card.interrupts.cause(ICR_TXDW));
  }

  reset(): void {
    const { state } = this;
    state.cached = 0;
    state.fifo_size = PACKET_MEMORY - this.regs.PBA * 1024;
    this.moderation.stop();
  }

  /** TDT was written, or transmission was enabled. */
  doorbell(): void {
    if (this.state.phase === IDLE) this.next();
  }

  private get ringSize(): number {
    return Math.floor(this.regs.TDLEN / DESCRIPTOR_BYTES);
  }

  private descriptorAddress(index: number): number {
    return this.regs.TDBAL + index * DESCRIPTOR_BYTES;
  }

  private after(delay: number, label: string, run: () => void): void {
    this.card.env.at(this.card.env.now() + (this.card.emulated ? 0 : delay), label, run);
  }

  /** Goes on with the descriptor at the head, fetching more when the cache is empty. */
  private next(): void {
    const { state, regs } = this;
    state.descriptor = -1;
    if ((regs.TCTL & TCTL_EN) === 0 || this.ringSize === 0 || regs.TDH === regs.TDT) {
      const worked = state.phase !== IDLE;
      state.phase = IDLE;
      if (worked && regs.TDH === regs.TDT) this.card.interrupts.cause(ICR_TXQE);
      return;
    }
    if (state.cached > 0) {
      state.phase = DECODE;
      this.after(DECODE_NS, 'TX descriptor', () => this.decode());
      return;
    }
    const pending = regs.TDT > regs.TDH ? regs.TDT - regs.TDH : this.ringSize - regs.TDH;
    const count = Math.min(pending, DESCRIPTOR_CACHE);
    state.phase = FETCH;
    const fetch = {
      what: DMA_DESCRIPTORS,
      address: this.descriptorAddress(regs.TDH),
      bytes: count * DESCRIPTOR_BYTES,
      label: 'TX descriptor fetch',
    };
    this.reads.read(fetch, () => {
      state.cached = count;
      this.next();
    });
  }

  private decode(): void {
    const { state, regs } = this;
    const index = regs.TDH;
    const at = this.descriptorAddress(index);
    state.descriptor = index;
    const command = heap.read8(at + 11);
    if (command & CMD_DEXT && heap.read8(at + 10) >> 4 === DTYP_CONTEXT) {
      this.loadContext(at, command);
      this.processed(index, command);
      return;
    }
    if (!state.packet_active && !this.startPacket(index)) return;
    this.fetchData(index);
  }

  private loadContext(at: number, command: number): void {
    const { context } = this.state;
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
    if (command & CMD_TSE) this.regs.TSCTC++;
  }

  /** Bytes a legacy (16-bit) or data (20-bit length) descriptor stands for. */
  private lengthOf(at: number): number {
    return heap.read8(at + 11) & CMD_DEXT ? heap.readLe32(at + 8) & 0xfffff : heap.readLe16(at + 8);
  }

  /** Sets up the engines for the packet that begins at `index`. False while its last descriptor is not in the ring. */
  private startPacket(index: number): boolean {
    const { state, regs } = this;
    let total = 0;
    let i = index;
    for (;;) {
      if (i === regs.TDT) {
        state.phase = IDLE;
        return false;
      }
      const at = this.descriptorAddress(i);
      total += this.lengthOf(at);
      if (heap.read8(at + 11) & CMD_EOP) break;
      i = (i + 1) % this.ringSize;
    }
    const at = this.descriptorAddress(index);
    const command = heap.read8(at + 11);
    const extended = (command & CMD_DEXT) !== 0;
    state.packet_active = true;
    state.tse = extended && (command & CMD_TSE) !== 0;
    state.popts = extended ? heap.read8(at + 13) & (POPTS_IXSM | POPTS_TXSM) : 0;
    state.ifcs = (command & CMD_IFCS) !== 0;
    state.header_bytes = 0;
    state.payload_done = 0;
    state.packet_payload = state.tse ? total - state.context.hdrlen : total;
    state.first_descriptor = index;
    state.first_buffer = heap.readLe64(at);
    return true;
  }

  private fetchData(index: number): void {
    const { state } = this;
    const at = this.descriptorAddress(index);
    const buffer = heap.readLe64(at);
    const length = this.lengthOf(at);
    const segments = state.tse ? Math.ceil(length / Math.max(state.context.mss, 1)) : 0;
    const room = length + segments * (state.context.hdrlen + FCS_BYTES) + FCS_BYTES;
    if (state.fifo.bytes > 0 && state.fifo.bytes + room > state.fifo_size) {
      state.phase = WAIT_FIFO;
      return;
    }
    state.phase = DMA;
    this.reads.read({ what: DMA_DATA, address: buffer, bytes: length, label: 'TX data' }, () => {
      if (state.tse) this.segmentBytes(buffer, length);
      else this.appendBytes(buffer, length);
      const command = heap.read8(at + 11);
      if (command & CMD_EOP) this.endPacket(at, command);
      this.processed(index, command);
    });
  }

  private startFrame(payload: number, headerBytes: number): frame {
    const { state } = this;
    const made = newFrame(Math.max(payload + headerBytes, MIN_FRAME) + FCS_BYTES);
    made.from_host = this.card.host;
    made.from_port = this.card.port;
    made.source_descriptor = state.first_descriptor;
    made.buffer_address = state.first_buffer;
    state.building = made;
    state.filled = headerBytes;
    return made;
  }

  private appendBytes(buffer: number, length: number): void {
    const { state } = this;
    const target = state.building ?? this.startFrame(state.packet_payload, 0);
    heap.copy(target.data + state.filled, buffer, length);
    state.filled += length;
  }

  /** The first HDRLEN bytes are the prototype header; the rest is cut into frames of MSS bytes. */
  private segmentBytes(buffer: number, length: number): void {
    const { state } = this;
    const { context } = state;
    let from = buffer;
    let left = length;
    const header = Math.min(left, context.hdrlen - state.header_bytes);
    if (header > 0) {
      heap.copy(state.header + state.header_bytes, from, header);
      state.header_bytes += header;
      from += header;
      left -= header;
    }
    while (left > 0) {
      const size = Math.min(context.mss, state.packet_payload - state.payload_done);
      const target = state.building ?? this.startSegment(size);
      const wanted = context.hdrlen + size - state.filled;
      const taken = Math.min(left, wanted);
      heap.copy(target.data + state.filled, from, taken);
      state.filled += taken;
      from += taken;
      left -= taken;
      if (taken === wanted) this.endSegment(target, size);
    }
  }

  private startSegment(size: number): frame {
    const { state } = this;
    const { context } = state;
    const target = this.startFrame(size, context.hdrlen);
    target.segment = Math.floor(state.payload_done / context.mss);
    target.segments = Math.ceil(state.packet_payload / context.mss);
    heap.copy(target.data, state.header, context.hdrlen);
    return target;
  }

  /** Makes the header of a segment its own: lengths, IP id, sequence number, flags; then the checksums. */
  private endSegment(target: frame, size: number): void {
    const { state } = this;
    const { context } = state;
    const ip = target.data + context.ipcss;
    const transport = target.data + context.tucss;
    const length = context.hdrlen + size;
    if (context.ip) {
      heap.writeBe16(ip + 2, length - context.ipcss);
      heap.writeBe16(ip + 4, heap.readBe16(ip + 4) + target.segment);
    } else {
      heap.writeBe16(ip + 4, length - context.ipcss - 40);
    }
    if (context.tcp) {
      heap.writeBe32(transport + 4, heap.readBe32(transport + 4) + state.payload_done);
      if (target.segment < target.segments - 1) heap.write8(transport + 13, heap.read8(transport + 13) & ~TCP_FIN_PSH);
    } else {
      heap.writeBe16(transport + 4, length - context.tucss);
    }
    const { tucso } = context;
    const seed = onesSum(target.data + tucso, 2, length - context.tucss);
    heap.writeBe16(target.data + tucso, seed);
    state.payload_done += size;
    this.checksums(target, length);
    this.toFifo(target, length);
  }

  /** Inserts the checksums that POPTS asked for (3.6). The field of the transport checksum holds the pseudo-header's sum. */
  private checksums(target: frame, length: number): void {
    const { state } = this;
    const { context, popts } = state;
    if (popts & POPTS_IXSM) this.insertSum(target, context.ipcss, context.ipcso, context.ipcse, length, false);
    if (popts & POPTS_TXSM) this.insertSum(target, context.tucss, context.tucso, context.tucse, length, !context.tcp);
  }

  /** `udp`: a sum of zero is sent as 0xffff (RFC 768). */
  private insertSum(target: frame, start: number, offset: number, last: number, length: number, udp: boolean): void {
    const end = last === 0 ? length : last + 1;
    const sum = ~onesSum(target.data + start, end - start) & 0xffff;
    heap.writeBe16(target.data + offset, udp && sum === 0 ? 0xffff : sum);
  }

  private endPacket(at: number, command: number): void {
    const { state } = this;
    const { building } = state;
    if (building !== null && !state.tse) {
      if (command & CMD_DEXT) this.checksums(building, state.filled);
      else if (command & CMD_IC) {
        const start = heap.read8(at + 13);
        this.insertSum(building, start, heap.read8(at + 10), 0, state.filled, false);
      }
      this.toFifo(building, state.filled);
    } else if (building !== null) {
      state.building = null;
      freeFrame(building);
    } else if (state.tse && this.card.emulated) this.endSegment(this.startSegment(0), 0);
    state.packet_active = false;
  }

  private toFifo(target: frame, length: number): void {
    const { state } = this;
    state.building = null;
    let bytes = length;
    if (this.regs.TCTL & TCTL_PSP && bytes < MIN_FRAME) {
      heap.fill(target.data + bytes, 0, MIN_FRAME - bytes);
      bytes = MIN_FRAME;
    }
    if (state.ifcs) {
      heap.writeLe32(target.data + bytes, frameCheckSequence(target.data, bytes));
      bytes += FCS_BYTES;
    }
    target.len = bytes;
    target.state = FRAME_TX_FIFO;
    pushFrame(state.fifo, target);
    this.send();
  }

  /** A descriptor is done with: the head moves, and DD is written back if the driver asked for it (RS). */
  private processed(index: number, command: number): void {
    const { state, regs } = this;
    regs.TDH = (index + 1) % this.ringSize;
    state.cached--;
    if (command & CMD_RS) {
      const at = this.descriptorAddress(index);
      const done = { what: DMA_WRITE_BACK, address: at, bytes: DESCRIPTOR_BYTES, label: 'TX write-back' };
      this.writes.write(done, () => {
        heap.write8(at + 12, heap.read8(at + 12) | STA_DD);
        if (command & CMD_IDE && regs.TIDV > 0 && !this.card.emulated) this.moderation.event(regs.TIDV, regs.TADV);
        else this.moderation.fire();
      });
    }
    this.next();
  }

  /** Starts the oldest frame of the FIFO, if the wire is free. */
  private send(): void {
    const { state, card } = this;
    const { link } = card;
    if (state.sending !== null || link === null || !link.up) return;
    const now = card.env.now();
    const { first } = state.fifo;
    if (first === null) return;
    state.sending = first;
    const start = Math.max(now, state.gap_end);
    card.env.at(start, 'frame starts', () => {
      first.start = start;
      first.end = start + link.byteTime(PREAMBLE_BYTES + first.len);
      first.state = FRAME_SENDING;
      link.begin(first, card.side);
      card.activity();
      card.env.wire('tx-start', first);
      card.env.at(first.end, 'frame ends', () => this.sent(first));
    });
  }

  private sent(done: frame): void {
    const { state, card, regs } = this;
    shiftFrame(state.fifo);
    state.sending = null;
    regs.GPTC++;
    regs.TPT++;
    regs.GOTCL += done.len;
    regs.TOTL += done.len;
    card.env.wire('tx-end', done);
    if (card.link !== null) {
      state.gap_end = done.end + card.link.byteTime(GAP_BYTES);
      card.link.carry(done, card.side);
    } else {
      freeFrame(done);
    }
    this.send();
    if (state.phase === WAIT_FIFO) this.fetchData(regs.TDH);
  }

  /** The link came up: what waits in the FIFO leaves. */
  linkUp(): void {
    this.send();
  }
}
