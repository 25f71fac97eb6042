/**
 * Receive side of the card: address filter, RX FIFO, frame check, checksum verdict, DMA into the posted buffers, write-back,
 * interrupt. Manual chapter 3.2 (descriptors 3.2.3, interrupts 3.2.7, checksums 3.2.9).
 *
 * Left out: VLAN, multicast table (RCTL.MPE takes all multicast or none), wake-up, several receive addresses, packet split.
 */
import { heap } from '../base/heap';
import { byteCount, embed, enumeration, int, ref, struct } from '../base/struct';
import { type Card, DESCRIPTOR_BYTES, DESCRIPTOR_CACHE } from './card';
import { DMA_DATA, DMA_DESCRIPTORS, DMA_WRITE_BACK, DmaChannel, nic_transfer } from './dma';
import { FRAME_RX_FIFO, type frame, frame_queue, freeFrame, pushFrame, shiftFrame } from './frame';
import { Moderation } from './interrupts';
import {
  ICR_RXDMT0,
  ICR_RXO,
  ICR_RXT0,
  type nic_registers,
  RAH_AV,
  RCTL_BAM,
  RCTL_BSEX,
  RCTL_BSIZE_SHIFT,
  RCTL_EN,
  RCTL_LPE,
  RCTL_MPE,
  RCTL_RDMTS_SHIFT,
  RCTL_SBP,
  RCTL_SECRC,
  RCTL_UPE,
  RXCSUM_IPOFL,
  RXCSUM_PCSS,
  RXCSUM_TUOFL,
} from './registers';
import { frameCheckSequence, onesSum } from './sums';

const FCS_BYTES = 4;
const ETHERNET_HEADER = 14;
/** Longest frame with FCS and VLAN tag while RCTL.LPE is 0 (13.4.22). */
const LONGEST = 1522;

/** Bits of the status byte (3.2.3.1). */
const RX_DD = 0x01;
const RX_EOP = 0x02;
/** Ignore the checksum bits. */
const RX_IXSM = 0x04;
const RX_TCPCS = 0x20;
const RX_IPCS = 0x40;
/** Bits of the errors byte (3.2.3.2). */
const RX_CE = 0x01;
const RX_TCPE = 0x20;
const RX_IPE = 0x40;

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
  cached: int('descriptors fetched and not yet used'),
  descriptor: int('descriptor being filled, -1: none', -1),
  fifo: embed(frame_queue, 'frames waiting for memory'),
  fifo_size: byteCount('size of the RX FIFO'),
  moving: ref<frame>('frame being written to memory'),
  moved: byteCount('bytes of it already written'),
  filtered: int('frames that were not for us'),
  transfer: embed(nic_transfer, 'what is moved over the host bus now'),
});
export interface nic_rx extends InstanceType<typeof nic_rx> {}

/** Status and error bits of the checksum engine for one frame. */
interface Verdict {
  readonly status: number;
  readonly errors: number;
}

export class ReceiveEngine {
  readonly state = new nic_rx();
  readonly moderation: Moderation;
  private readonly regs: nic_registers;
  private readonly dma: DmaChannel;

  /** `verifies`: the checksum engine works; without it every descriptor says "ignore the checksum bits". */
  constructor(
    private readonly card: Card,
    private readonly verifies: boolean,
  ) {
    this.regs = card.registers;
    this.dma = new DmaChannel(card, this.state.transfer);
    this.moderation = new Moderation(card.env, 'RX interrupt delay', () => card.interrupts.cause(ICR_RXT0));
  }

  reset(): void {
    const { state } = this;
    state.cached = 0;
    state.fifo_size = this.regs.PBA * 1024;
    this.moderation.stop();
    for (let dropped = shiftFrame(state.fifo); dropped !== null; dropped = shiftFrame(state.fifo)) freeFrame(dropped);
  }

  /** RDT was written: there may be descriptors for what waits. */
  descriptorsAdded(): void {
    if (this.state.phase === WAIT_DESCRIPTOR) this.next();
  }

  /** The last bit of a frame has come in from the wire; the frame is ours now. */
  arrive(arrived: frame): void {
    const { state, regs, card } = this;
    card.activity();
    if ((regs.RCTL & RCTL_EN) === 0) {
      freeFrame(arrived);
      return;
    }
    regs.TPR++;
    regs.TORL += arrived.len;
    const good =
      frameCheckSequence(arrived.data, arrived.len - FCS_BYTES) ===
      heap.readLe32(arrived.data + arrived.len - FCS_BYTES);
    if (!good) regs.CRCERRS++;
    if ((!good && (regs.RCTL & RCTL_SBP) === 0) || !this.wanted(arrived)) {
      state.filtered++;
      freeFrame(arrived);
      return;
    }
    if (state.fifo.bytes + arrived.len > state.fifo_size) {
      regs.MPC++;
      freeFrame(arrived);
      card.interrupts.cause(ICR_RXO);
      return;
    }
    if (good) {
      regs.GPRC++;
      regs.GORCL += arrived.len;
      if (heap.readBe16(arrived.data) === 0xffff && heap.readBe32(arrived.data + 2) === 0xffffffff) regs.BPRC++;
    }
    arrived.state = FRAME_RX_FIFO;
    pushFrame(state.fifo, arrived);
    if (regs.RDH === regs.RDT) regs.RNBC++;
    if (state.phase === IDLE) this.next();
  }

  /** The address filter and the length limit. */
  private wanted(arrived: frame): boolean {
    const { regs } = this;
    if (arrived.len > LONGEST && (regs.RCTL & RCTL_LPE) === 0) return false;
    const first = heap.read8(arrived.data);
    if (first & 1) {
      const broadcast = heap.readBe16(arrived.data) === 0xffff && heap.readBe32(arrived.data + 2) === 0xffffffff;
      return (regs.RCTL & (broadcast ? RCTL_BAM | RCTL_MPE : RCTL_MPE)) !== 0;
    }
    if (regs.RCTL & RCTL_UPE) return true;
    const valid = (regs.RAH0 & RAH_AV) !== 0;
    return (
      valid && heap.readLe32(arrived.data) === regs.RAL0 && heap.readLe16(arrived.data + 4) === (regs.RAH0 & 0xffff)
    );
  }

  private get ringSize(): number {
    return Math.floor(this.regs.RDLEN / DESCRIPTOR_BYTES);
  }

  private get free(): number {
    const { RDH, RDT } = this.regs;
    return RDT >= RDH ? RDT - RDH : this.ringSize - RDH + RDT;
  }

  /** Bytes of a host buffer (RCTL.BSIZE and BSEX, 13.4.22). */
  private get bufferSize(): number {
    const { RCTL } = this.regs;
    const size = 2048 >> ((RCTL >> RCTL_BSIZE_SHIFT) & 3);
    return RCTL & RCTL_BSEX ? size * 16 : size;
  }

  /** Moves the oldest frame of the FIFO on, if there is a descriptor for it. */
  private next(): void {
    const { state } = this;
    state.descriptor = -1;
    if (state.fifo.first === null) {
      state.phase = IDLE;
      return;
    }
    if (this.free === 0) {
      state.phase = WAIT_DESCRIPTOR;
      return;
    }
    if (state.cached === 0) {
      const count = Math.min(this.free, DESCRIPTOR_CACHE, this.ringSize - this.regs.RDH);
      state.phase = FETCH;
      const fetch = {
        what: DMA_DESCRIPTORS,
        address: this.regs.RDBAL + this.regs.RDH * DESCRIPTOR_BYTES,
        bytes: count * DESCRIPTOR_BYTES,
        label: 'RX descriptor fetch',
      };
      this.dma.read(fetch, () => {
        state.cached = count;
        this.fill();
      });
      return;
    }
    this.fill();
  }

  /** Writes the next piece of the oldest frame into the buffer of the descriptor at the head, and then the descriptor. */
  private fill(): void {
    const { state, regs } = this;
    const moving = state.fifo.first as frame;
    const index = regs.RDH;
    const at = regs.RDBAL + index * DESCRIPTOR_BYTES;
    const total = regs.RCTL & RCTL_SECRC ? moving.len - FCS_BYTES : moving.len;
    const length = Math.min(total - state.moved, this.bufferSize);
    const last = state.moved + length === total;
    state.phase = DMA;
    state.descriptor = index;
    state.moving = moving;
    const buffer = heap.readLe64(at);
    const data = { what: DMA_DATA, address: buffer, bytes: length, label: 'RX data' };
    const descriptor = { what: DMA_WRITE_BACK, address: at, bytes: DESCRIPTOR_BYTES, label: 'RX write-back' };
    this.dma.write(data, () => {
      heap.copy(buffer, moving.data + state.moved, length);
      state.moved += length;
      this.dma.write(descriptor, () => this.writeBack(index, at, moving, length, last));
    });
  }

  private writeBack(index: number, at: number, moved: frame, length: number, last: boolean): void {
    const { state, regs, card } = this;
    const verdict = this.verify(moved);
    const start = regs.RXCSUM & RXCSUM_PCSS;
    const bytes = moved.len - FCS_BYTES;
    const broken =
      (regs.RCTL & RCTL_SBP) !== 0 && frameCheckSequence(moved.data, bytes) !== heap.readLe32(moved.data + bytes);
    heap.writeLe16(at + 8, length);
    heap.writeLe16(at + 10, start < bytes ? ~onesSum(moved.data + start, bytes - start) & 0xffff : 0);
    heap.write8(at + 13, last ? verdict.errors | (broken ? RX_CE : 0) : 0);
    heap.write8(at + 12, RX_DD | (last ? RX_EOP | verdict.status : 0));
    regs.RDH = (index + 1) % this.ringSize;
    state.cached--;
    if (last) {
      shiftFrame(state.fifo);
      freeFrame(moved);
      state.moving = null;
      state.moved = 0;
      if (regs.RDTR > 0 && !card.emulated) this.moderation.event(regs.RDTR, regs.RADV);
      else this.moderation.fire();
    }
    const threshold = this.ringSize >> (1 + ((regs.RCTL >> RCTL_RDMTS_SHIFT) & 3));
    if (this.free === threshold) card.interrupts.cause(ICR_RXDMT0);
    this.next();
  }

  /** What the checksum engine has to say about a frame (3.2.9): IPv4 header, TCP and UDP of packets that are not fragments. */
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
    if (!this.verifies || !isIp || (regs.RXCSUM & (RXCSUM_IPOFL | RXCSUM_TUOFL)) === 0)
      return { status: RX_IXSM, errors: 0 };
    let status = 0;
    let errors = 0;
    if (regs.RXCSUM & RXCSUM_IPOFL) {
      status |= RX_IPCS;
      if (onesSum(ip, headerLength) !== 0xffff) errors |= RX_IPE;
    }
    const protocol = heap.read8(ip + 9);
    const length = heap.readBe16(ip + 2) - headerLength;
    const whole = (heap.readBe16(ip + 6) & IP_MF_OFFSET) === 0 && length >= 8 && length + headerLength <= room;
    if (regs.RXCSUM & RXCSUM_TUOFL && whole && (protocol === PROTO_TCP || protocol === PROTO_UDP)) {
      const noSum = protocol === PROTO_UDP && heap.readBe16(ip + headerLength + 6) === 0;
      if (!noSum) {
        status |= RX_TCPCS;
        const pseudo = onesSum(ip + 12, 8, protocol + length);
        if (onesSum(ip + headerLength, length, pseudo) !== 0xffff) errors |= RX_TCPE;
      }
    }
    return { status, errors };
  }
}
