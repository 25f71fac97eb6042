/**
 * Receive side of a card: address filter, RX FIFO, frame check, checksum verdict, DMA into the posted buffers, write-back.
 * 317453 3.2 for the 8254x, 317694 chapter 7.1 for the 82576. One DMA engine empties the FIFO in order; each frame goes to the queue that the
 * card chose for it.
 *
 * Left out: VLAN, wake-up, several receive addresses, write-back of several descriptors at a time (RXDCTL.WTHRESH above 1).
 */
import { heap } from '../base/heap';
import { byteCount, embed, enumeration, int, ref, struct } from '../base/struct';
import { type Card, DESCRIPTOR_BYTES, DESCRIPTOR_CACHE } from './card';
import { type Filled, packetChecksum, type ReceiveFormat, type Verdict } from './descriptors';
import { DMA_DATA, DMA_DESCRIPTORS, DMA_WRITE_BACK, DmaChannel, nic_transfer } from './dma';
import type { Discard } from './environment';
import { castOf, FRAME_RX_FIFO, type frame, frame_queue, freeFrame, pushFrame, shiftFrame } from './frame';
import { nic_rx_queue, type RxRing } from './queues';
import {
  type CommonRegisters,
  RAH_AV,
  RCTL_BAM,
  RCTL_EN,
  RCTL_MO_SHIFT,
  RCTL_MPE,
  RCTL_PMCF,
  RCTL_RDMTS_SHIFT,
  RCTL_SBP,
  RCTL_SECRC,
  RCTL_UPE,
  RXCSUM_IPOFL,
  RXCSUM_PCSS,
  RXCSUM_TUOFL,
} from './registers';
import { countArrived, countTaken } from './statistics';
import { frameCheckSequence, onesSum } from './sums';

const FCS_BYTES = 4;
const ETHERNET_HEADER = 14;

const ETH_P_IP = 0x0800;
const IP_MF_OFFSET = 0x3fff;
const PROTO_TCP = 6;
const PROTO_UDP = 17;

const IDLE = 0;
const FETCH = 1;
const DMA = 2;
const WAIT_DESCRIPTOR = 3;

export const nic_rx = struct('nic_rx', {
  phase: enumeration('what the engine does', {
    idle: IDLE,
    'fetching descriptors': FETCH,
    'writing data': DMA,
    'waiting for a descriptor': WAIT_DESCRIPTOR,
  }),
  queue: int('queue of the frame being moved'),
  descriptor: int('descriptor being filled, -1: none', -1),
  fifo: embed(frame_queue, 'frames waiting for memory'),
  fifo_size: byteCount('size of the RX FIFO'),
  moving: ref<frame>('frame being written to memory'),
  moved: byteCount('bytes of it already written'),
  filtered: int('frames that were not for us'),
  transfer: embed(nic_transfer, 'what is moved over the host bus now'),
});
export interface nic_rx extends InstanceType<typeof nic_rx> {}

/** A receive queue: what can be drawn of it, and its ring registers as the engine uses them. */
export interface RxQueue {
  readonly state: nic_rx_queue;
  readonly ring: RxRing;
  /** Whether a frame that finds no descriptor is dropped now, and so does not hold up those behind it; counts it. */
  readonly drops: () => boolean;
}

export function rxQueue(index: number, ring: RxRing, drops: () => boolean = () => false): RxQueue {
  const state = new nic_rx_queue();
  state.index = index;
  state.ring = ring;
  return { state, ring, drops };
}

function sizeOf({ ring }: RxQueue): number {
  return Math.floor(ring.RDLEN / DESCRIPTOR_BYTES);
}

export class ReceiveEngine {
  readonly state = new nic_rx();
  private readonly regs: CommonRegisters;
  private readonly dma: DmaChannel;

  /** `verifies`: the checksum engine works; without it every descriptor says "ignore the checksum bits". */
  constructor(
    private readonly card: Card,
    readonly queues: readonly [RxQueue, ...RxQueue[]],
    private readonly format: ReceiveFormat,
    private readonly verifies: boolean,
  ) {
    this.regs = card.registers;
    this.dma = new DmaChannel(card, this.state.transfer);
  }

  reset(fifoSize: number): void {
    for (const { state } of this.queues) state.cached = 0;
    const { fifo } = this.state;
    this.dma.abort();
    this.state.fifo_size = fifoSize;
    this.state.phase = IDLE;
    this.state.descriptor = -1;
    this.state.moving = null;
    this.state.moved = 0;
    for (let dropped = shiftFrame(fifo); dropped !== null; dropped = shiftFrame(fifo))
      this.discard(dropped, 'rx-reset');
  }

  /** The tail of a ring was written: there may be descriptors for what waits. */
  descriptorsAdded(): void {
    if (this.state.phase === WAIT_DESCRIPTOR) this.next();
  }

  /** The last bit of a frame has come in from the wire; the frame is ours now. */
  arrive(arrived: frame): void {
    const { state, regs, card } = this;
    card.activity();
    if ((regs.RCTL & RCTL_EN) === 0) {
      this.discard(arrived, 'rx-off');
      return;
    }
    countArrived(regs, arrived.len);
    const good =
      frameCheckSequence(arrived.data, arrived.len - FCS_BYTES) ===
      heap.readLe32(arrived.data + arrived.len - FCS_BYTES);
    if (!good) regs.CRCERRS++;
    const tooLong = arrived.len > card.longestFrame;
    if (tooLong) regs[good ? 'ROC' : 'RJC']++;
    const isBad = !good && (regs.RCTL & RCTL_SBP) === 0;
    const kind = isBad || tooLong ? 'data' : card.pause.receive(arrived);
    const isControl = kind !== 'data' && (regs.RCTL & RCTL_PMCF) === 0;
    if (isBad || tooLong || isControl || (kind === 'data' && !this.wanted(arrived))) {
      if (kind === 'data') {
        state.filtered++;
        this.discard(arrived, isBad ? 'rx-crc' : tooLong ? 'rx-long' : 'rx-filtered');
      } else freeFrame(arrived);
      return;
    }
    if (state.fifo.bytes + arrived.len > state.fifo_size) {
      regs.MPC++;
      this.discard(arrived, 'rx-missed');
      card.signals.overrun();
      return;
    }
    if (good && kind === 'data') countTaken(regs, arrived.len, castOf(arrived));
    arrived.state = FRAME_RX_FIFO;
    card.steer(arrived);
    pushFrame(state.fifo, arrived);
    card.pause.level(state.fifo.bytes, true);
    const { ring } = this.queueOf(arrived);
    if (ring.RDH === ring.RDT) regs.RNBC++;
    if (state.phase === IDLE) this.next();
  }

  private discard(gone: frame, why: Discard): void {
    this.card.env.wire(why, gone);
    freeFrame(gone);
  }

  /** The address filter. */
  private wanted(arrived: frame): boolean {
    const { regs } = this;
    const cast = castOf(arrived);
    if (cast === 'broadcast') return (regs.RCTL & (RCTL_BAM | RCTL_MPE)) !== 0;
    if (cast === 'multicast') return (regs.RCTL & RCTL_MPE) !== 0 || this.inTable(arrived);
    if (regs.RCTL & RCTL_UPE) return true;
    const valid = (regs.RAH0 & RAH_AV) !== 0;
    return (
      valid && heap.readLe32(arrived.data) === regs.RAL0 && heap.readLe16(arrived.data + 4) === (regs.RAH0 & 0xffff)
    );
  }

  /** Whether the multicast table has the bit of an address: 12 bits of its last two bytes choose it (13.5.1). */
  private inTable({ data }: frame): boolean {
    const { regs } = this;
    const shift = [4, 3, 2, 0][(regs.RCTL >> RCTL_MO_SHIFT) & 3] as number;
    const hash = (heap.readLe16(data + 4) >> shift) & 0xfff;
    return ((regs.MTA.at(hash >> 5) >>> (hash & 0x1f)) & 1) === 1;
  }

  private queueOf({ rx_queue }: frame): RxQueue {
    return this.queues[rx_queue] ?? this.queues[0];
  }

  private freeIn(queue: RxQueue): number {
    const { format } = this;
    const { RDH, RDT, RXDCTL } = queue.ring;
    if ((RXDCTL & format.enabled) !== format.enabled) return 0;
    return RDT >= RDH ? RDT - RDH : sizeOf(queue) - RDH + RDT;
  }

  /** Moves the oldest frame of the FIFO on, if there is a descriptor for it. */
  private next(): void {
    const { state } = this;
    state.descriptor = -1;
    const oldest = state.fifo.first;
    if (oldest === null) {
      state.phase = IDLE;
      return;
    }
    const queue = this.queueOf(oldest);
    const { ring } = queue;
    state.queue = queue.state.index;
    const free = this.freeIn(queue);
    if (free === 0 && state.moved === 0 && queue.drops()) {
      queue.state.drops++;
      shiftFrame(state.fifo);
      this.discard(oldest, 'rx-no-descriptor');
      this.card.pause.level(state.fifo.bytes, false);
      this.next();
      return;
    }
    if (free === 0) {
      state.phase = WAIT_DESCRIPTOR;
      return;
    }
    if (queue.state.cached === 0) {
      const count = Math.min(free, DESCRIPTOR_CACHE, sizeOf(queue) - ring.RDH);
      state.phase = FETCH;
      const fetch = {
        what: DMA_DESCRIPTORS,
        address: ring.RDBAL + ring.RDH * DESCRIPTOR_BYTES,
        bytes: count * DESCRIPTOR_BYTES,
        label: 'RX descriptor fetch',
      };
      this.dma.read(fetch, () => {
        queue.state.cached = count;
        this.fill(queue);
      });
      return;
    }
    this.fill(queue);
  }

  /** Writes the next piece of the oldest frame into the buffers of the descriptor at the head, and then the descriptor. */
  private fill(queue: RxQueue): void {
    const { state, regs } = this;
    const { ring } = queue;
    const moved = state.fifo.first as frame;
    const index = ring.RDH;
    const at = ring.RDBAL + index * DESCRIPTOR_BYTES;
    const total = regs.RCTL & RCTL_SECRC ? moved.len - FCS_BYTES : moved.len;
    const pieces = this.format.place(at, ring, moved, state.moved, total);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    state.phase = DMA;
    state.descriptor = index;
    state.moving = moved;
    const data = { what: DMA_DATA, address: pieces[0]?.to ?? 0, bytes: length, label: 'RX data' };
    const descriptor = { what: DMA_WRITE_BACK, address: at, bytes: DESCRIPTOR_BYTES, label: 'RX write-back' };
    this.dma.write(data, () => {
      for (const piece of pieces) heap.copy(piece.to, moved.data + piece.from, piece.length);
      state.moved += length;
      const filled = { ...this.judge(moved), moved, pieces, last: state.moved === total };
      this.dma.write(descriptor, () => this.writeBack(queue, index, at, filled));
    });
  }

  private judge(moved: frame): Pick<Filled, 'verdict' | 'packetSum' | 'broken'> {
    const { regs } = this;
    const bytes = moved.len - FCS_BYTES;
    return {
      verdict: this.verify(moved),
      packetSum: packetChecksum(moved, regs.RXCSUM & RXCSUM_PCSS, bytes),
      broken:
        (regs.RCTL & RCTL_SBP) !== 0 && frameCheckSequence(moved.data, bytes) !== heap.readLe32(moved.data + bytes),
    };
  }

  private writeBack(queue: RxQueue, index: number, at: number, filled: Filled): void {
    const { state, regs, card } = this;
    const { ring } = queue;
    const { moved, last } = filled;
    this.format.writeBack(at, filled);
    ring.RDH = (index + 1) % sizeOf(queue);
    queue.state.cached--;
    if (last) {
      shiftFrame(state.fifo);
      freeFrame(moved);
      card.pause.level(state.fifo.bytes, false);
      state.moving = null;
      state.moved = 0;
      queue.state.packets++;
      card.signals.received(queue.state.index);
    }
    const threshold = sizeOf(queue) >> (1 + ((regs.RCTL >> RCTL_RDMTS_SHIFT) & 3));
    if (this.freeIn(queue) === threshold) card.signals.scarce(queue.state.index);
    this.next();
  }

  /** What the checksum engine has to say about a frame (317453 3.2.9): IPv4 header, TCP and UDP of packets that are not fragments. */
  private verify(moved: frame): Verdict {
    const { regs } = this;
    const ip = moved.data + ETHERNET_HEADER;
    const headerLength = (heap.read8(ip) & 0xf) * 4;
    const room = moved.len - FCS_BYTES - ETHERNET_HEADER;
    const isIp =
      heap.readBe16(moved.data + 12) === ETH_P_IP &&
      heap.read8(ip) >> 4 === 4 &&
      headerLength >= 20 &&
      headerLength <= room;
    const transport = heap.read8(ip + 9);
    const length = heap.readBe16(ip + 2) - headerLength;
    const whole = (heap.readBe16(ip + 6) & IP_MF_OFFSET) === 0 && length >= 8 && length + headerLength <= room;
    const protocol = isIp && whole && (transport === PROTO_TCP || transport === PROTO_UDP) ? transport : 0;
    if (!this.verifies || !isIp || (regs.RXCSUM & (RXCSUM_IPOFL | RXCSUM_TUOFL)) === 0)
      return { ignore: true, ip: 'unchecked', l4: 'unchecked', protocol };
    const right = (yes: boolean): 'right' | 'wrong' => (yes ? 'right' : 'wrong');
    const noSum = protocol === PROTO_UDP && heap.readBe16(ip + headerLength + 6) === 0;
    const pseudo = onesSum(ip + 12, 8, transport + length);
    return {
      ignore: false,
      ip: regs.RXCSUM & RXCSUM_IPOFL ? right(onesSum(ip, headerLength) === 0xffff) : 'unchecked',
      l4:
        regs.RXCSUM & RXCSUM_TUOFL && protocol !== 0 && !noSum
          ? right(onesSum(ip + headerLength, length, pseudo) === 0xffff)
          : 'unchecked',
      protocol,
    };
  }
}
