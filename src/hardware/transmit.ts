/**
 * Transmit side of a card: descriptor fetch, DMA, TX FIFO, checksum insertion, TCP segmentation, frame check sequence,
 * serialisation, write-back. 317453 3.3 to 3.6 for the 8254x, 317694 chapter 7.2 for the 82576. One DMA engine serves all queues of a
 * card in turn, a packet at a time.
 *
 * Left out: VLAN tags, half duplex (collisions, back-off), several contexts a queue. Simplified: the DMA of a packet
 * begins when the ring holds its last descriptor (the driver moves the tail by whole packets); an empty FIFO takes any packet.
 */
import { heap } from '../base/heap';
import { addr, bool, byteCount, embed, enumeration, int, ns, ref, struct, u8 } from '../base/struct';
import { type Card, DESCRIPTOR_BYTES, DESCRIPTOR_CACHE } from './card';
import { POPTS_IXSM, POPTS_TXSM, type TransmitFormat, type TxDescriptor } from './descriptors';
import { DMA_DATA, DMA_DESCRIPTORS, DMA_WRITE_BACK, DmaChannel, nic_transfer } from './dma';
import {
  castOf,
  FRAME_SENDING,
  FRAME_TX_FIFO,
  type frame,
  frame_queue,
  freeFrame,
  newFrame,
  pushFrame,
  shiftFrame,
} from './frame';
import { GAP_BYTES, PREAMBLE_BYTES } from './link';
import { type nic_context, nic_tx_queue, type TxRing } from './queues';
import {
  type CommonRegisters,
  DCTL_GRAN,
  DCTL_HTHRESH_SHIFT,
  DCTL_THRESH,
  DCTL_WTHRESH_SHIFT,
  TCTL_EN,
  TCTL_PSP,
} from './registers';
import { countSent } from './statistics';
import { frameCheckSequence, onesSum } from './sums';

const FCS_BYTES = 4;
/** Shortest frame without FCS (IEEE 802.3 3.2.8); TCTL.PSP pads to it. */
const MIN_FRAME = 60;

/** Descriptors in a cache line of 64 bytes, the unit of thresholds without TXDCTL.GRAN. */
const DESCRIPTORS_A_LINE = 4;

/** Decoding a descriptor and setting up the engines: a few clocks of the card. */
const DECODE_NS = 20;

const IDLE = 0;
const FETCH = 1;
const DECODE = 2;
const DMA = 3;
const WAIT_FIFO = 4;

export const nic_tx = struct('nic_tx', {
  phase: enumeration('what the engine does', {
    idle: IDLE,
    'fetching descriptors': FETCH,
    decoding: DECODE,
    'fetching data': DMA,
    'waiting for the FIFO': WAIT_FIFO,
  }),
  queue: int('queue it works for'),
  descriptor: int('descriptor being processed, -1: none', -1),
  hung: bool('it does nothing more until the card is reset'),
  context_loaded: bool('a context was set up, and its packet comes next'),
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
  prefetch: embed(nic_transfer, 'descriptors being fetched ahead of use (TXDCTL.PTHRESH)'),
  write_back: embed(nic_transfer, 'descriptors being written back'),
});
export interface nic_tx extends InstanceType<typeof nic_tx> {}

/** Longest header the segmentation engine repeats: HDRLEN has 8 bits. */
const HEADER_MAX = 256;

/** A transmit queue: what can be drawn of it, and its ring registers as the engine uses them. */
export interface TxQueue {
  readonly state: nic_tx_queue;
  readonly ring: TxRing;
}

export function txQueue(index: number, ring: TxRing): TxQueue {
  const state = new nic_tx_queue();
  state.index = index;
  state.ring = ring;
  return { state, ring };
}

function sizeOf({ ring }: TxQueue): number {
  return Math.floor(ring.TDLEN / DESCRIPTOR_BYTES);
}

function addressOf({ ring }: TxQueue, index: number): number {
  return ring.TDBAL + index * DESCRIPTOR_BYTES;
}

export class TransmitEngine {
  readonly state = new nic_tx();
  private readonly regs: CommonRegisters;
  private readonly reads: DmaChannel;
  private readonly ahead: DmaChannel;
  private readonly writes: DmaChannel;
  /** The queue whose descriptors are being fetched ahead of use. */
  private aheadOf: TxQueue | null = null;
  /** Counts resets: what was begun before one does not go on. */
  private generation = 0;
  /** The queue it works for. */
  private queue: TxQueue;

  constructor(
    private readonly card: Card,
    readonly queues: readonly [TxQueue, ...TxQueue[]],
    private readonly format: TransmitFormat,
  ) {
    this.regs = card.registers;
    [this.queue] = queues;
    this.reads = new DmaChannel(card, this.state.transfer);
    this.ahead = new DmaChannel(card, this.state.prefetch);
    this.writes = new DmaChannel(card, this.state.write_back);
    this.state.header = heap.ramAlloc(HEADER_MAX);
  }

  reset(fifoSize: number): void {
    const { state, card } = this;
    this.generation++;
    this.aheadOf = null;
    for (const channel of [this.reads, this.ahead, this.writes]) channel.abort();
    for (const queue of this.queues) {
      queue.state.cached = 0;
      queue.state.held = false;
      queue.state.unwritten = 0;
    }
    state.fifo_size = fifoSize;
    state.phase = IDLE;
    state.descriptor = -1;
    state.hung = false;
    state.packet_active = false;
    state.context_loaded = false;
    state.sending = null;
    if (state.building !== null) freeFrame(state.building);
    state.building = null;
    const { outgoing } = card.pause.state;
    for (const queue of [state.fifo, outgoing]) {
      for (let gone = shiftFrame(queue); gone !== null; gone = shiftFrame(queue)) {
        if (gone.state === FRAME_SENDING) card.env.wire('lost', gone);
        freeFrame(gone);
      }
    }
  }

  /** It hangs from now on: a frame being put together stays where it is, those in the FIFO still leave. */
  hang(): void {
    this.state.hung = true;
  }

  /** The tail of a queue was written, or transmission was enabled. */
  doorbell(): void {
    for (const { state } of this.queues) if (state.held) state.held = false;
    if (this.state.phase === IDLE) this.next();
  }

  private after(delay: number, label: string, run: () => void): void {
    const { generation } = this;
    this.card.env.at(this.card.env.now() + (this.card.emulated ? 0 : delay), label, () => {
      if (this.generation === generation) run();
    });
  }

  /** True when the queue has something to process. */
  private ready(queue: TxQueue): boolean {
    const { ring, state } = queue;
    const on = (ring.TXDCTL & this.format.enabled) === this.format.enabled && sizeOf(queue) > 0;
    return on && ring.TDH !== ring.TDT && !state.held;
  }

  /** The queue to go on with: the one in the middle of a packet, else the next in turn that has something; null: none. */
  private pick(): TxQueue | null {
    const { queues, queue, state } = this;
    if (state.packet_active || (state.context_loaded && this.ready(queue))) return this.ready(queue) ? queue : null;
    const from = queues.indexOf(queue);
    for (let n = 1; n <= queues.length; n++) {
      const candidate = queues[(from + n) % queues.length] as TxQueue;
      if (this.ready(candidate)) return candidate;
    }
    return null;
  }

  /** Goes on with the descriptor at the head of a queue, fetching more when none of it is in the card. */
  private next(): void {
    const { state } = this;
    if (state.hung) return;
    state.descriptor = -1;
    const queue = (this.regs.TCTL & TCTL_EN) === 0 ? null : this.pick();
    if (queue === null) {
      const worked = state.phase !== IDLE;
      state.phase = IDLE;
      if (worked) for (const idle of this.queues) this.writeBack(idle);
      if (worked && this.queues.every(({ ring }) => ring.TDH === ring.TDT)) this.card.signals.drained();
      return;
    }
    this.queue = queue;
    state.queue = queue.state.index;
    if (queue.state.cached > 0) {
      state.phase = DECODE;
      this.after(DECODE_NS, 'TX descriptor', () => this.decode());
      return;
    }
    state.phase = FETCH;
    // A fetch ahead of use that is under way brings them.
    if (this.aheadOf !== queue) this.fetch(this.reads, queue, () => this.fetched());
  }

  /** Descriptors are there for the queue it works for. */
  private fetched(): void {
    this.state.phase = DECODE;
    this.after(DECODE_NS, 'TX descriptor', () => this.decode());
  }

  /** How many descriptors of a queue, up to the end of its ring, are in host memory only. */
  private unfetched({ ring, state }: TxQueue, size: number): number {
    const from = (ring.TDH + state.cached) % size;
    return ring.TDT >= from ? ring.TDT - from : size - from;
  }

  private fetch(channel: DmaChannel, queue: TxQueue, run: () => void): void {
    const { ring, state } = queue;
    const size = sizeOf(queue);
    const count = Math.min(this.unfetched(queue, size), DESCRIPTOR_CACHE - state.cached);
    const fetch = {
      what: DMA_DESCRIPTORS,
      address: addressOf(queue, (ring.TDH + state.cached) % size),
      bytes: count * DESCRIPTOR_BYTES,
      label: channel === this.ahead ? 'TX descriptor prefetch' : 'TX descriptor fetch',
    };
    channel.read(fetch, () => {
      state.cached += count;
      run();
    });
  }

  /** Fetches ahead when fewer than PTHRESH descriptors are in the card and at least HTHRESH wait in host memory. */
  private fetchAhead(queue: TxQueue): void {
    const { state } = this;
    const { TXDCTL } = queue.ring;
    const unit = TXDCTL & DCTL_GRAN ? 1 : DESCRIPTORS_A_LINE;
    const few = (TXDCTL & DCTL_THRESH) * unit;
    const worth = Math.max(1, ((TXDCTL >> DCTL_HTHRESH_SHIFT) & DCTL_THRESH) * unit);
    const { cached } = queue.state;
    if (cached === 0 || cached >= few || this.aheadOf !== null) return;
    if (this.unfetched(queue, sizeOf(queue)) < worth) return;
    this.aheadOf = queue;
    this.fetch(this.ahead, queue, () => {
      this.aheadOf = null;
      if (state.phase === FETCH && state.queue === queue.state.index && state.transfer.what === 0) this.fetched();
    });
  }

  private get context(): nic_context {
    return this.queue.state.context;
  }

  private decode(): void {
    const { state, queue, format } = this;
    const index = queue.ring.TDH;
    const at = addressOf(queue, index);
    state.descriptor = index;
    const descriptor = format.read(at);
    if (descriptor.context) {
      format.loadContext(at, queue.state.context);
      state.context_loaded = true;
      this.processed(index, descriptor);
      return;
    }
    if (!state.packet_active && !this.startPacket(index)) {
      queue.state.held = true;
      state.context_loaded = false;
      state.phase = IDLE;
      if (this.queues.length > 1) this.next();
      return;
    }
    this.fetchData(index, descriptor);
  }

  /** Sets up the engines for the packet that begins at `index`. False while its last descriptor is not in the ring. */
  private startPacket(index: number): boolean {
    const { state, queue, format } = this;
    let total = 0;
    for (let i = index; ; i = (i + 1) % sizeOf(queue)) {
      if (i === queue.ring.TDT) return false;
      const { length, eop } = format.read(addressOf(queue, i));
      total += length;
      if (eop) break;
    }
    const first = format.read(addressOf(queue, index));
    state.packet_active = true;
    state.tse = first.tse;
    state.popts = first.popts;
    state.ifcs = first.ifcs;
    state.header_bytes = 0;
    state.payload_done = 0;
    state.packet_payload = first.tse ? total - this.context.hdrlen : total;
    state.first_descriptor = index;
    state.first_buffer = first.buffer;
    queue.state.packets++;
    if (first.tse) this.regs.TSCTC++;
    return true;
  }

  private fetchData(index: number, descriptor: TxDescriptor): void {
    const { state, context } = this;
    const { buffer, length } = descriptor;
    const segments = state.tse ? Math.ceil(length / Math.max(context.mss, 1)) : 0;
    const room = length + segments * (context.hdrlen + FCS_BYTES) + FCS_BYTES;
    if (state.fifo.bytes > 0 && state.fifo.bytes + room > state.fifo_size) {
      state.phase = WAIT_FIFO;
      return;
    }
    state.phase = DMA;
    this.reads.read({ what: DMA_DATA, address: buffer, bytes: length, label: 'TX data' }, () => {
      if (state.tse) this.segmentBytes(buffer, length);
      else this.appendBytes(buffer, length);
      if (descriptor.eop) this.endPacket(descriptor);
      this.processed(index, descriptor);
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
    const { state, context } = this;
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
    const { state, context } = this;
    const target = this.startFrame(size, context.hdrlen);
    target.segment = Math.floor(state.payload_done / context.mss);
    target.segments = Math.ceil(state.packet_payload / context.mss);
    heap.copy(target.data, state.header, context.hdrlen);
    return target;
  }

  /** Makes the header of a segment its own: lengths, IP id, sequence number, flags; then the checksums. */
  private endSegment(target: frame, size: number): void {
    const { state, context } = this;
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
      heap.write8(transport + 13, heap.read8(transport + 13) & this.flagMask(target));
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

  /** Flags that a segment keeps of the header's; a packet of one segment keeps all. */
  private flagMask({ segment, segments }: frame): number {
    const [first, middle, last] = this.card.tcpFlagMasks;
    if (segments === 1) return 0xff;
    return segment === 0 ? first : segment < segments - 1 ? middle : last;
  }

  /** Inserts the checksums that POPTS asked for (3.6). The field of the transport checksum holds the pseudo-header's sum. */
  private checksums(target: frame, length: number): void {
    const { context } = this;
    const { popts } = this.state;
    if (popts & POPTS_IXSM) this.insertSum(target, context.ipcss, context.ipcso, context.ipcse, length, false);
    if (popts & POPTS_TXSM) this.insertSum(target, context.tucss, context.tucso, context.tucse, length, !context.tcp);
  }

  /** `udp`: a sum of zero is sent as 0xffff (RFC 768). */
  private insertSum(target: frame, start: number, offset: number, last: number, length: number, udp: boolean): void {
    const end = last === 0 ? length : last + 1;
    const sum = ~onesSum(target.data + start, end - start) & 0xffff;
    heap.writeBe16(target.data + offset, udp && sum === 0 ? 0xffff : sum);
  }

  private endPacket({ legacySum }: TxDescriptor): void {
    const { state } = this;
    const { building } = state;
    if (building !== null && !state.tse) {
      if (legacySum === null) this.checksums(building, state.filled);
      else this.insertSum(building, legacySum.start, legacySum.offset, 0, state.filled, false);
      this.toFifo(building, state.filled);
    } else if (building !== null) {
      state.building = null;
      freeFrame(building);
    } else if (state.tse && this.card.addsEmptySegment) this.endSegment(this.startSegment(0), 0);
    state.packet_active = false;
    state.context_loaded = false;
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

  /** A descriptor is done with: the head moves, and it is written back if the driver asked for that (RS). */
  private processed(index: number, { rs }: TxDescriptor): void {
    const { queue } = this;
    const { state, ring } = queue;
    ring.TDH = (index + 1) % sizeOf(queue);
    state.cached--;
    // Without a threshold only those that ask for it are written back, each at once; with one all of them are, so many at a time.
    const unit = ring.TXDCTL & DCTL_GRAN ? 1 : DESCRIPTORS_A_LINE;
    const threshold = ((ring.TXDCTL >> DCTL_WTHRESH_SHIFT) & DCTL_THRESH) * unit;
    if (threshold > 0 || rs) state.unwritten++;
    if (state.unwritten >= Math.max(threshold, 1)) this.writeBack(queue);
    this.fetchAhead(queue);
    this.next();
  }

  /** Writes back the descriptors of a queue that are done with. */
  private writeBack(queue: TxQueue): void {
    const { format, card } = this;
    const { state, ring } = queue;
    const count = state.unwritten;
    if (count === 0) return;
    state.unwritten = 0;
    const size = sizeOf(queue);
    const first = (ring.TDH + size - count) % size;
    const bytes = count * DESCRIPTOR_BYTES;
    this.writes.write({ what: DMA_WRITE_BACK, address: addressOf(queue, first), bytes, label: 'TX write-back' }, () => {
      for (let n = 0; n < count; n++) {
        const at = addressOf(queue, (first + n) % size);
        const { rs, ide } = format.read(at);
        if (!rs) continue;
        format.writeBack(at);
        card.signals.sent(state.index, ide);
      }
    });
  }

  /** Starts the oldest frame of the FIFO, if the wire is free. */
  private send(): void {
    const { state, card } = this;
    const { link, pause } = card;
    if (state.sending !== null || link === null || !link.up) return;
    const now = card.env.now();
    // Pause frames go first, and are not held back themselves.
    const first = pause.state.outgoing.first ?? (pause.paused ? null : state.fifo.first);
    if (first === null) return;
    state.sending = first;
    const start = Math.max(now, state.gap_end);
    this.after(start - now, 'frame starts', () => {
      first.start = start;
      first.end = start + link.byteTime(PREAMBLE_BYTES + first.len);
      first.state = FRAME_SENDING;
      link.begin(first, card.side);
      card.activity();
      card.env.wire('tx-start', first);
      this.after(first.end - start, 'frame ends', () => this.sent(first));
    });
  }

  private sent(done: frame): void {
    const { state, card, regs } = this;
    const isControl = card.pause.state.outgoing.first === done;
    shiftFrame(isControl ? card.pause.state.outgoing : state.fifo);
    state.sending = null;
    countSent(regs, done.len, castOf(done), isControl);
    if (isControl) card.pause.countSent(done);
    card.env.wire('tx-end', done);
    if (card.link !== null) {
      state.gap_end = done.end + card.link.byteTime(GAP_BYTES);
      card.link.carry(done, card.side);
    } else {
      freeFrame(done);
    }
    this.send();
    if (state.phase === WAIT_FIFO && !state.hung) this.decode();
  }

  /** The link came up, a pause is over, or a pause frame waits: what may leave does. */
  resume(): void {
    this.send();
  }
}
