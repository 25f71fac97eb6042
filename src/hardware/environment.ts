/**
 * What a card or a link may ask of the machine around it: the time, timed callbacks, its interrupt line, and a note of
 * what passes on the wire.
 */
import type { frame } from './frame';

/** A timed callback that can be cancelled; only the machine knows what it is. */
export type Timer = object;

/**
 * `tx-start`/`tx-end`: first and last bit leave the card; `rx`: the last bit reached the other card; `lost`: it never will. What
 * else befalls a frame on the link: `duplicated` (of the copy), `corrupted`, `held`, `delayed`. Or the card it reached threw it away.
 */
export type WireEvent =
  | 'tx-start'
  | 'tx-end'
  | 'rx'
  | 'lost'
  | 'duplicated'
  | 'corrupted'
  | 'held'
  | 'delayed'
  | Discard;

/**
 * Why a card throws a frame away that has come in: its FCS is wrong, it is longer than allowed, its address is not ours, the RX FIFO is
 * full, its queue has no descriptor and must not hold up others, the receive unit is off, or a reset emptied the FIFO.
 */
export type Discard = 'rx-crc' | 'rx-long' | 'rx-filtered' | 'rx-missed' | 'rx-no-descriptor' | 'rx-off' | 'rx-reset';

export interface Environment {
  /** Virtual time, ns. */
  now(): number;
  /** Calls `run` at virtual time `ns`. Callbacks of the same ns run in the order of the calls of `at`. */
  at(ns: number, label: string, run: () => void): Timer;
  cancel(timer: Timer): void;
  /** The level of the interrupt line changed. Not used by a link. */
  interrupt(asserted: boolean): void;
  /** The message of an MSI-X vector was sent. Not used by a link. */
  message(vector: number): void;
  wire(event: WireEvent, frame: frame): void;
}
