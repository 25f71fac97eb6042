/**
 * A full-duplex point-to-point link: it carries frames with a delay, and can be unplugged. A plan of faults says what it loses, doubles,
 * holds back, delays or breaks. The sender's card does the serialisation; the link knows only how long a bit takes and how long the
 * cable is.
 */
import { heap } from '../base/heap';
import { bool, embed, int, ns, struct } from '../base/struct';
import type { Environment } from './environment';
import { FaultPlan, type FaultRule, type Mishap } from './faults';
import {
  copyFrame,
  FAULT_CORRUPT,
  FAULT_DELAYED,
  FAULT_DUPLICATE,
  FAULT_HELD,
  FAULT_LOST,
  FRAME_HELD,
  FRAME_IN_FLIGHT,
  FRAME_LOST,
  type frame,
  frame_queue,
  freeFrame,
  pushFrame,
  removeFrame,
} from './frame';
import { frameCheckSequence } from './sums';

/** Preamble and start-of-frame delimiter, IEEE 802.3 3.2.1 and 3.2.2. */
export const PREAMBLE_BYTES = 8;
/** Inter-packet gap of 96 bit times, IEEE 802.3 4.4.2. */
export const GAP_BYTES = 12;

/** Propagation in twisted pair is about 5 ns a metre; 100 m is the longest 1000BASE-T allows. */
const DEFAULT_PROPAGATION_NS = 500;

/** Auto-negotiation of 1000BASE-T with its training takes between one and a half and three seconds. */
const NEGOTIATION_NS = 2_000_000_000;

export const link_direction = struct('link_direction', {
  frames: int('frames sent in this direction so far'),
  in_flight: embed(frame_queue, 'frames under way, in the order they were sent'),
  held: embed(frame_queue, 'frames held back until later ones have passed'),
  lost: int('frames lost in this direction'),
});
export interface link_direction extends InstanceType<typeof link_direction> {}

export const link_state = struct('link', {
  up: bool('the cable is plugged in'),
  speed: int('Mb/s', 1000),
  negotiating: bool('both ends agree on a speed: no link until they have'),
  propagation: ns('from end to end', DEFAULT_PROPAGATION_NS),
  forth: embed(link_direction, 'from side 0 to side 1'),
  back: embed(link_direction, 'from side 1 to side 0'),
});
export interface link_state extends InstanceType<typeof link_state> {}

export interface LinkConfig {
  /** Mb/s: 10, 100 or 1000. */
  readonly speed?: number;
  /** ns from end to end. */
  readonly propagation?: number;
  /** Frames are handed over only at multiples of this many ns, as an emulator that looks at its wires now and then; 0: at once. */
  readonly tick?: number;
  /** Bits take no time, as on the wire of an emulator. */
  readonly instant?: boolean;
  /** What goes wrong; left out: nothing. */
  readonly faults?: readonly FaultRule[];
  /** Of the chance in faults. */
  readonly seed?: number;
}

const FCS_BYTES = 4;

/** What a link needs of the card at an end. */
export interface LinkEnd {
  readonly host: number;
  /** Which of the host's cards, from 0. */
  readonly port: number;
  receive(arrived: frame): void;
  /** The link came up or went down. */
  linkChanged(): void;
  /** Fastest speed it offers, Mb/s; 0: none; left out: any. */
  readonly offeredSpeed?: number;
  /** What it offers the partner: the advertisement register of its PHY. */
  readonly offers?: number;
}

/** A frame held back: when it has been passed by `left` more, or by `timer`, it goes on. */
interface Held {
  readonly sent: frame;
  left: number;
  readonly timer: object;
}

export class Link {
  readonly state: link_state;
  readonly faults: FaultPlan;
  private readonly ends: [LinkEnd | null, LinkEnd | null] = [null, null];
  private readonly held: [Held[], Held[]] = [[], []];
  private readonly tick: number;
  /** What the cable can carry, Mb/s. */
  private readonly fastest: number;
  private readonly instant: boolean;

  constructor(
    private readonly env: Pick<Environment, 'now' | 'at' | 'cancel' | 'wire'>,
    config: LinkConfig = {},
  ) {
    this.state = new link_state();
    this.state.up = true;
    this.fastest = config.speed ?? 1000;
    this.state.speed = this.fastest;
    this.state.propagation = config.propagation ?? DEFAULT_PROPAGATION_NS;
    this.tick = config.tick ?? 0;
    this.instant = config.instant ?? false;
    this.faults = new FaultPlan(config.faults ?? [], config.seed ?? 1);
  }

  get speed(): number {
    return this.state.speed;
  }

  get up(): boolean {
    return this.state.up && !this.state.negotiating;
  }

  /** The card at the other end of `side`. */
  partnerOf(side: 0 | 1): LinkEnd | null {
    return this.other(side);
  }

  /**
   * A transceiver asks for a new negotiation: the link is down until both have agreed on the fastest speed that both and the cable know.
   */
  negotiate(): void {
    const { state, ends } = this;
    if (state.negotiating || !state.up) return;
    this.loseAll();
    state.negotiating = true;
    for (const end of ends) end?.linkChanged();
    this.env.at(this.env.now() + NEGOTIATION_NS, 'negotiation is over', () => {
      state.negotiating = false;
      const offered = ends.map((end) => end?.offeredSpeed ?? this.fastest);
      state.speed = Math.min(this.fastest, ...offered) || state.speed;
      if (state.up) for (const end of ends) end?.linkChanged();
    });
  }

  /** ns that `bytes` take on the wire. */
  byteTime(bytes: number): number {
    return this.instant ? 0 : (bytes * 8000) / this.state.speed;
  }

  attach(end: LinkEnd, side: 0 | 1): void {
    this.ends[side] = end;
  }

  /** Plugs the cable in or pulls it. Frames under way or held back when it is pulled are lost, even if it is soon back. */
  plug(up: boolean): void {
    if (this.state.up === up) return;
    this.state.up = up;
    if (!up) this.loseAll();
    for (const end of this.ends) end?.linkChanged();
  }

  /** Frames under way or held back do not arrive. */
  private loseAll(): void {
    for (const side of [0, 1] as const) {
      for (let under = this.direction(side).in_flight.first; under !== null; under = under.next) {
        under.faults |= FAULT_LOST;
      }
      for (const one of [...this.held[side]]) {
        one.sent.faults |= FAULT_LOST;
        this.env.cancel(one.timer);
        this.release(one, side);
      }
    }
  }

  /** The first bit of `sent` leaves the card at `side`; its `start` and `end` are set. Sets where and when it arrives. */
  begin(sent: frame, side: 0 | 1): void {
    const other = this.other(side);
    sent.to_host = other?.host ?? -1;
    sent.to_port = other?.port ?? 0;
    sent.arrival = this.onTick(sent.end + this.state.propagation);
  }

  /** The last bit of `sent` has left the card at `side`. */
  carry(sent: frame, side: 0 | 1): void {
    const direction = this.direction(side);
    sent.nth = ++direction.frames;
    if (!this.up || this.other(side) === null) sent.faults |= FAULT_LOST;
    let copies = 0;
    let hold: Extract<Mishap, { op: 'reorder' }> | null = null;
    for (const { mishap, chance } of this.faults.befalling(sent, side)) {
      switch (mishap.op) {
        case 'drop':
          sent.faults |= FAULT_LOST;
          break;
        case 'duplicate':
          copies += mishap.copies;
          break;
        case 'reorder':
          hold = mishap;
          break;
        case 'delay':
          sent.faults |= FAULT_DELAYED;
          sent.arrival = this.onTick(sent.arrival + mishap.ns + Math.round(chance() * mishap.jitter));
          this.env.wire('delayed', sent);
          break;
        case 'corrupt':
          this.corrupt(sent, mishap);
          break;
      }
    }
    const isLost = (sent.faults & FAULT_LOST) !== 0;
    const twins = Array.from({ length: isLost ? 0 : copies }, () => copyFrame(sent));
    if (hold !== null && !isLost) this.hold(sent, side, hold);
    else this.launch(sent, side);
    twins.forEach((twin, n) => {
      twin.faults = sent.faults | FAULT_DUPLICATE;
      twin.arrival = this.onTick(sent.arrival + (n + 1) * this.byteTime(PREAMBLE_BYTES + sent.len + GAP_BYTES));
      this.env.wire('duplicated', twin);
      this.launch(twin, side);
    });
    // A frame that waits itself passes nobody, and one that is lost neither.
    if (hold === null && !isLost) this.passed(sent, side);
  }

  private launch(sent: frame, side: 0 | 1): void {
    const direction = this.direction(side);
    sent.state = FRAME_IN_FLIGHT;
    pushFrame(direction.in_flight, sent);
    this.env.at(Math.max(sent.arrival, this.env.now()), 'frame arrives', () => {
      removeFrame(direction.in_flight, sent);
      const other = this.other(side);
      if (sent.faults & FAULT_LOST || other === null) {
        direction.lost++;
        sent.state = FRAME_LOST;
        this.env.wire('lost', sent);
        freeFrame(sent);
        return;
      }
      this.env.wire('rx', sent);
      other.receive(sent);
    });
  }

  private hold(sent: frame, side: 0 | 1, { frames, ns }: Extract<Mishap, { op: 'reorder' }>): void {
    sent.faults |= FAULT_HELD;
    sent.state = FRAME_HELD;
    pushFrame(this.direction(side).held, sent);
    this.env.wire('held', sent);
    const timer = this.env.at(this.env.now() + ns, 'held long enough', () => this.release(one, side));
    const one: Held = { sent, left: frames, timer };
    this.held[side].push(one);
  }

  /** A frame has gone past those that are held back: some may follow it now. */
  private passed(sent: frame, side: 0 | 1): void {
    for (const one of [...this.held[side]]) {
      one.left--;
      if (one.left > 0) continue;
      const behind = sent.arrival + this.byteTime(PREAMBLE_BYTES + one.sent.len + GAP_BYTES);
      one.sent.arrival = this.onTick(Math.max(one.sent.arrival, behind));
      this.env.cancel(one.timer);
      this.release(one, side);
    }
  }

  private release(one: Held, side: 0 | 1): void {
    const held = this.held[side];
    held.splice(held.indexOf(one), 1);
    removeFrame(this.direction(side).held, one.sent);
    one.sent.arrival = Math.max(one.sent.arrival, this.env.now());
    this.launch(one.sent, side);
  }

  /** Flips bits of a byte; an offset past the end of the frame is taken modulo its length. */
  private corrupt(sent: frame, { offset, mask, freshFcs }: Extract<Mishap, { op: 'corrupt' }>): void {
    const body = sent.len - FCS_BYTES;
    const at = sent.data + (offset % body);
    heap.write8(at, heap.read8(at) ^ mask);
    if (freshFcs) heap.writeLe32(sent.data + body, frameCheckSequence(sent.data, body));
    sent.faults |= FAULT_CORRUPT;
    this.env.wire('corrupted', sent);
  }

  private onTick(at: number): number {
    return this.tick > 0 ? Math.ceil(at / this.tick) * this.tick : at;
  }

  private other(side: 0 | 1): LinkEnd | null {
    return this.ends[side === 0 ? 1 : 0];
  }

  private direction(side: 0 | 1): link_direction {
    return side === 0 ? this.state.forth : this.state.back;
  }
}
