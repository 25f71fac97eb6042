/**
 * A full-duplex point-to-point link: it carries frames with a delay, and can lose them or be unplugged. The sender's card
 * does the serialisation; the link knows only how long a bit takes and how long the cable is.
 */
import { bool, embed, int, ns, struct } from '../base/struct';
import type { Environment } from './environment';
import { FRAME_IN_FLIGHT, FRAME_LOST, type frame, frame_queue, freeFrame, pushFrame, shiftFrame } from './frame';

/** Preamble and start-of-frame delimiter, IEEE 802.3 3.2.1 and 3.2.2. */
export const PREAMBLE_BYTES = 8;
/** Inter-packet gap of 96 bit times, IEEE 802.3 4.4.2. */
export const GAP_BYTES = 12;

/** Propagation in twisted pair is about 5 ns a metre; 100 m is the longest 1000BASE-T allows. */
const DEFAULT_PROPAGATION_NS = 500;

export const link_direction = struct('link_direction', {
  frames: int('frames sent in this direction so far'),
  in_flight: embed(frame_queue, 'frames under way, oldest first'),
  lost: int('frames lost in this direction'),
});
export interface link_direction extends InstanceType<typeof link_direction> {}

export const link_state = struct('link', {
  up: bool('the cable is plugged in'),
  speed: int('Mb/s', 1000),
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
  /** Decides before a frame travels whether it is lost. `nth` counts the frames of this direction from 0. */
  readonly loses?: (sent: frame, side: 0 | 1, nth: number) => boolean;
}

/** What a link needs of the card at an end. */
export interface LinkEnd {
  readonly host: number;
  receive(arrived: frame): void;
  /** The link came up or went down. */
  linkChanged(): void;
}

export class Link {
  readonly state: link_state;
  private readonly ends: [LinkEnd | null, LinkEnd | null] = [null, null];
  private readonly tick: number;
  private readonly instant: boolean;
  private readonly loses: NonNullable<LinkConfig['loses']>;

  constructor(
    private readonly env: Pick<Environment, 'now' | 'at' | 'wire'>,
    config: LinkConfig = {},
  ) {
    this.state = new link_state();
    this.state.up = true;
    this.state.speed = config.speed ?? 1000;
    this.state.propagation = config.propagation ?? DEFAULT_PROPAGATION_NS;
    this.tick = config.tick ?? 0;
    this.instant = config.instant ?? false;
    this.loses = config.loses ?? (() => false);
  }

  get speed(): number {
    return this.state.speed;
  }

  get up(): boolean {
    return this.state.up;
  }

  /** ns that `bytes` take on the wire. */
  byteTime(bytes: number): number {
    return this.instant ? 0 : (bytes * 8000) / this.state.speed;
  }

  attach(end: LinkEnd, side: 0 | 1): void {
    this.ends[side] = end;
  }

  /** Plugs the cable in or pulls it. Frames under way when it is pulled are lost. */
  plug(up: boolean): void {
    if (this.state.up === up) return;
    this.state.up = up;
    for (const end of this.ends) end?.linkChanged();
  }

  /** The first bit of `sent` leaves the card at `side`; its `start` and `end` are set. Sets where and when it arrives. */
  begin(sent: frame, side: 0 | 1): void {
    const arrival = sent.end + this.state.propagation;
    sent.to_host = this.other(side)?.host ?? -1;
    sent.arrival = this.tick > 0 ? Math.ceil(arrival / this.tick) * this.tick : arrival;
  }

  /** The last bit of `sent` has left the card at `side`. */
  carry(sent: frame, side: 0 | 1): void {
    const direction = this.direction(side);
    const other = this.other(side);
    const lost = other === null || !this.state.up || this.loses(sent, side, direction.frames);
    direction.frames++;
    sent.state = FRAME_IN_FLIGHT;
    pushFrame(direction.in_flight, sent);
    this.env.at(sent.arrival, 'frame arrives', () => {
      shiftFrame(direction.in_flight);
      if (lost || !this.state.up) {
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

  private other(side: 0 | 1): LinkEnd | null {
    return this.ends[side === 0 ? 1 : 0];
  }

  private direction(side: 0 | 1): link_direction {
    return side === 0 ? this.state.forth : this.state.back;
  }
}
