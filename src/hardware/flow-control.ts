/**
 * Flow control of full-duplex Ethernet: pause frames (IEEE 802.3 annex 31B; 317453, 3.7.5). A card whose receive FIFO fills past FCRTH sends
 * XOFF, and XON once it is down to FCRTL; one that receives XOFF sends no more frames until the time it names is over.
 *
 * Simplified: XOFF is sent again when a frame arrives after half of its time has passed and the FIFO is still above the low threshold.
 */
import { heap } from '../base/heap';
import { bool, byteCount, embed, int, ns, struct } from '../base/struct';
import type { Card } from './card';
import type { Timer } from './environment';
import { FRAME_TX_FIFO, type frame, frame_queue, newFrame, pushFrame } from './frame';
import { type CommonRegisters, CTRL_RFCE, CTRL_TFCE, FCRT_BYTES, FCRTL_XONE, RAH_AV, STATUS_TXOFF } from './registers';
import { frameCheckSequence } from './sums';

const OPCODE_PAUSE = 1;
const FRAME_BYTES = 60;
const FCS_BYTES = 4;
/** Unit of the time in a pause frame, bits. */
const QUANTUM_BITS = 512;

export const nic_pause = struct('nic_pause', {
  paused_until: ns('a pause frame of the peer holds back transmission until then'),
  quiet: bool('XOFF was sent, and no XON since'),
  quiet_until: ns('when the time that the last XOFF named is over'),
  high: byteCount('RX FIFO up to this: XOFF (FCRTH), 0: never'),
  low: byteCount('RX FIFO down to this: XON (FCRTL)'),
  outgoing: embed(frame_queue, 'pause frames waiting for the wire: they go first'),
  sent: int('pause frames made'),
});
export interface nic_pause extends InstanceType<typeof nic_pause> {}

export class PauseUnit {
  readonly state = new nic_pause();
  private timer: Timer | null = null;
  private readonly regs: CommonRegisters;

  /** `resume` is called when frames may go out again, or a pause frame waits. */
  constructor(
    private readonly card: Card,
    private readonly resume: () => void,
  ) {
    this.regs = card.registers;
  }

  reset(): void {
    const { state } = this;
    if (this.timer !== null) this.card.env.cancel(this.timer);
    this.timer = null;
    state.paused_until = 0;
    state.quiet = false;
    state.quiet_until = 0;
    this.configure();
  }

  /** FCRTH, FCRTL or CTRL was written. */
  configure(): void {
    const { state, regs } = this;
    state.high = regs.CTRL & CTRL_TFCE ? regs.FCRTH & FCRT_BYTES : 0;
    state.low = regs.FCRTL & FCRT_BYTES;
  }

  /** True while a pause frame of the peer holds back transmission. */
  get paused(): boolean {
    return this.card.env.now() < this.state.paused_until;
  }

  private quanta(count: number): number {
    const speed = this.card.link?.speed ?? 0;
    return speed === 0 ? 0 : Math.round((count * QUANTUM_BITS * 1000) / speed);
  }

  /** What a frame is to flow control: `pause` has been acted on; `control` is of another kind; `data` is none. */
  receive(arrived: frame): 'pause' | 'control' | 'data' {
    const { regs } = this;
    const { data } = arrived;
    if ((regs.CTRL & CTRL_RFCE) === 0 || heap.readBe16(data + 12) !== regs.FCT || regs.FCT === 0) return 'data';
    const isGroup = heap.readLe32(data) === regs.FCAL && heap.readLe16(data + 4) === (regs.FCAH & 0xffff);
    const isOwn =
      (regs.RAH0 & RAH_AV) !== 0 &&
      heap.readLe32(data) === regs.RAL0 &&
      heap.readLe16(data + 4) === (regs.RAH0 & 0xffff);
    if (!isGroup && !isOwn) return 'data';
    if (heap.readBe16(data + 14) !== OPCODE_PAUSE) {
      regs.FCRUC++;
      return 'control';
    }
    const count = heap.readBe16(data + 16);
    if (count === 0) regs.XONRXC++;
    else regs.XOFFRXC++;
    this.pause(count);
    return 'pause';
  }

  private pause(count: number): void {
    const { state, regs, card } = this;
    if (this.timer !== null) card.env.cancel(this.timer);
    this.timer = null;
    state.paused_until = card.env.now() + this.quanta(count);
    if (count === 0) {
      this.end();
      return;
    }
    regs.STATUS = (regs.STATUS | STATUS_TXOFF) >>> 0;
    this.timer = card.env.at(state.paused_until, 'pause is over', () => {
      this.timer = null;
      this.end();
    });
  }

  private end(): void {
    this.regs.STATUS = (this.regs.STATUS & ~STATUS_TXOFF) >>> 0;
    this.resume();
  }

  /** The receive FIFO holds `bytes` now; `grown`: a frame came in. */
  level(bytes: number, grown: boolean): void {
    const { state, regs } = this;
    if (state.high === 0) return;
    if (state.quiet && bytes <= state.low) {
      state.quiet = false;
      if (regs.FCRTL & FCRTL_XONE) this.send(0);
    } else if (grown && (state.quiet ? this.expiring : bytes >= state.high)) {
      state.quiet = true;
      state.quiet_until = this.card.env.now() + this.quanta(regs.FCTTV);
      this.send(regs.FCTTV);
    }
  }

  /** Half of the time of the last XOFF is over. */
  private get expiring(): boolean {
    return this.card.env.now() + this.quanta(this.regs.FCTTV) / 2 >= this.state.quiet_until;
  }

  private send(count: number): void {
    const { regs, card, state } = this;
    const made = newFrame(FRAME_BYTES + FCS_BYTES);
    heap.fill(made.data, 0, FRAME_BYTES);
    heap.writeLe32(made.data, regs.FCAL);
    heap.writeLe16(made.data + 4, regs.FCAH & 0xffff);
    heap.writeLe32(made.data + 6, regs.RAL0);
    heap.writeLe16(made.data + 10, regs.RAH0 & 0xffff);
    heap.writeBe16(made.data + 12, regs.FCT);
    heap.writeBe16(made.data + 14, OPCODE_PAUSE);
    heap.writeBe16(made.data + 16, count);
    heap.writeLe32(made.data + FRAME_BYTES, frameCheckSequence(made.data, FRAME_BYTES));
    made.len = FRAME_BYTES + FCS_BYTES;
    made.state = FRAME_TX_FIFO;
    made.from_host = card.host;
    made.from_port = card.port;
    state.sent++;
    pushFrame(state.outgoing, made);
    this.resume();
  }

  /** A pause frame of ours has left. */
  countSent({ data }: frame): void {
    if (heap.readBe16(data + 16) === 0) this.regs.XONTXC++;
    else this.regs.XOFFTXC++;
  }
}
