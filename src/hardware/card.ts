/** What the engines of a card share. */
import type { Bus } from './bus';
import type { Environment } from './environment';
import type { PauseUnit } from './flow-control';
import type { frame } from './frame';
import type { Link } from './link';
import type { CommonRegisters } from './registers';

/** What happens in an engine and may interrupt the host; the card decides how. */
export interface Signals {
  /** A descriptor that asked for it (RS) was written back; `mayWait`: it also said that the interrupt may be delayed (IDE). */
  sent(queue: number, mayWait: boolean): void;
  /** All transmit rings are empty. */
  drained(): void;
  /** A whole frame is in memory. */
  received(queue: number): void;
  /** The free receive descriptors are down to the threshold. */
  scarce(queue: number): void;
  /** The receive FIFO had no room. */
  overrun(): void;
}

export interface Card {
  readonly host: number;
  readonly port: number;
  readonly env: Environment;
  readonly bus: Bus;
  readonly registers: CommonRegisters;
  readonly signals: Signals;
  /** Flow control. */
  readonly pause: PauseUnit;
  readonly link: Link | null;
  readonly side: 0 | 1;
  /** As an emulator makes it: no time passes inside, interrupts are neither delayed nor throttled. */
  readonly emulated: boolean;
  /** One more segment, of headers only, goes out behind a packet that was cut into whole ones. */
  readonly addsEmptySegment: boolean;
  /** Masks of the low byte of the TCP flags in the first, the middle and the last segment of a packet that is cut. */
  readonly tcpFlagMasks: readonly [number, number, number];
  /** Longest frame it takes in now, FCS included. */
  readonly longestFrame: number;
  /** Chooses the receive queue of a frame and notes it there. */
  steer(arrived: frame): void;
  /** Something passed: the activity LED blinks. */
  activity(): void;
}

/** Bytes of a descriptor, of either ring. */
export const DESCRIPTOR_BYTES = 16;

/** Descriptors the card keeps of each ring, fetched ahead of use. */
export const DESCRIPTOR_CACHE = 64;
