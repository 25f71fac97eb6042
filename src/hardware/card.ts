/** What the engines of a card share. */
import type { Bus } from './bus';
import type { Environment } from './environment';
import type { InterruptUnit } from './interrupts';
import type { Link } from './link';
import type { nic_registers } from './registers';

export interface Card {
  readonly host: number;
  readonly port: number;
  readonly env: Environment;
  readonly bus: Bus;
  readonly registers: nic_registers;
  readonly interrupts: InterruptUnit;
  readonly link: Link | null;
  readonly side: 0 | 1;
  /** As an emulator makes it: no time passes inside, interrupts are neither delayed nor throttled. */
  readonly emulated: boolean;
  /** Something passed: the activity LED blinks. */
  activity(): void;
}

/** Bytes of a descriptor, of either ring. */
export const DESCRIPTOR_BYTES = 16;

/** Descriptors the card keeps of each ring, fetched ahead of use. */
export const DESCRIPTOR_CACHE = 64;

/** On-chip packet memory: 64 KiB, shared by both directions as PBA says. */
export const PACKET_MEMORY = 65536;
