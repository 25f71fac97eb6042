/**
 * Registers of the Intel 82576 by their names in the "82576 Gigabit Ethernet Controller Datasheet" (317694), chapter 8: offsets and bits.
 * Only those that the model of the card acts on. Ring registers, one set a queue, are in queues.ts.
 */
import { hex32, int, list, struct, u8, u32 } from '../base/struct';
import { MOST_VECTORS } from './port';
import { COMMON_REGISTERS, FLOW_OFFSETS, OFFSETS } from './registers';
import { COMMON_STATISTICS, STATISTIC_OFFSETS } from './statistics';

/** GPIE: vectors in EIAM mask themselves. */
export const GPIE_EIAME = 0x40000000;
/** A valid byte of IVAR: its low bits are a vector. */
export const IVAR_VALID = 0x80;
export const IVAR_VECTOR = 0x1f;
/** MRQC: spread by RSS. */
export const MRQC_MODE = 0x7;
export const MRQC_RSS = 0x2;
/** SRRCTL: drop what finds no descriptor. */
export const SRRCTL_DROP_EN = 0x80000000;
/** EITR: interval in us in bits 2 to 14; bit 31 leaves the counter alone. */
export const EITR_INTERVAL = 0x7ffc;
export const EITR_SHIFT = 2;
export const EITR_UNIT_NS = 1000;

export const RETA_ENTRIES = 128;
export const RSSRK_BYTES = 40;
const IVAR_WORDS = 8;

/** The registers of an 82576, but for those of its rings. */
export const nic_82576_registers = struct('nic_82576_registers', {
  ...COMMON_REGISTERS,
  EICR: hex32('extended interrupt causes, a bit a vector'),
  EIMS: hex32('vectors that may interrupt'),
  EIAC: hex32('causes that clear themselves when their message has left'),
  EIAM: hex32('vectors that mask themselves when their message has left'),
  GPIE: hex32('how interrupts are sent: MSI-X, a vector a cause'),
  EITR: list(
    u32('least time between interrupts, us in bits 2 to 14'),
    MOST_VECTORS,
    'interrupt throttle of each vector',
  ),
  IVAR: list(
    hex32('vectors of two queues'),
    IVAR_WORDS,
    'vector of each queue: RX n, TX n, RX n+8, TX n+8, a byte each',
  ),
  IVAR_MISC: hex32('vector of other causes, in the second byte'),
  MRQC: hex32('how received packets are spread over the queues'),
  RETA: list(u8('queue'), RETA_ENTRIES, 'queue by the low seven bits of the RSS hash'),
  RSSRK: list(u8('byte'), RSSRK_BYTES, 'key of the RSS hash'),
  RLPML: u32('longest packet taken in, bytes with FCS'),
  RXPBS: u32('receive packet buffer, KiB'),
  TXPBS: u32('transmit packet buffer, KiB'),
  IAC: int('interrupts sent'),
  ...COMMON_STATISTICS,
});
export interface nic_82576_registers extends InstanceType<typeof nic_82576_registers> {}

/** Byte offset in the card's memory region, of registers that stand alone. */
export const OFFSETS_82576 = {
  CTRL: OFFSETS.CTRL,
  STATUS: OFFSETS.STATUS,
  MDIC: OFFSETS.MDIC,
  ...FLOW_OFFSETS,
  ICR: OFFSETS.ICR,
  ICS: OFFSETS.ICS,
  IMS: OFFSETS.IMS,
  IMC: OFFSETS.IMC,
  RCTL: OFFSETS.RCTL,
  TCTL: OFFSETS.TCTL,
  GPIE: 0x1514,
  EICS: 0x1520,
  EIMS: 0x1524,
  EIMC: 0x1528,
  EIAC: 0x152c,
  EIAM: 0x1530,
  EICR: 0x1580,
  IVAR_MISC: 0x1740,
  RXPBS: 0x2404,
  TXPBS: 0x3404,
  RXCSUM: OFFSETS.RXCSUM,
  RLPML: 0x5004,
  RAL0: OFFSETS.RAL0,
  RAH0: OFFSETS.RAH0,
  MRQC: 0x5818,
  IAC: 0x4100,
  ...STATISTIC_OFFSETS,
} as const;
export type Name82576 = keyof typeof OFFSETS_82576;

/** Offsets of register arrays. */
export const EITR0 = 0x1680;
export const IVAR0 = 0x1700;
export const RETA0 = 0x5c00;
export const RSSRK0 = 0x5c80;

/** Registers of a ring by their offset within it. */
export const TX_RING = { TDBAL: 0x00, TDBAH: 0x04, TDLEN: 0x08, TDH: 0x10, TDT: 0x18, TXDCTL: 0x28 } as const;
export const RX_RING = {
  RDBAL: 0x00,
  RDBAH: 0x04,
  RDLEN: 0x08,
  SRRCTL: 0x0c,
  RDH: 0x10,
  RDT: 0x18,
  RXDCTL: 0x28,
  RQDPC: 0x30,
} as const;

/** Where the ring registers of queue `n` begin; queues 0 to 3 are also found where older cards have theirs. */
export const RX_RINGS = { base: 0xc000, step: 0x40, alias: 0x2800 };
export const TX_RINGS = { base: 0xe000, step: 0x40, alias: 0x3800 };
const ALIAS_STEP = 0x100;
const ALIASED = 4;

export interface RingRegister<T extends string> {
  readonly queue: number;
  readonly name: T;
}

/** Which ring register stands at an offset; null: none. */
export function ringRegister<T extends string>(
  offset: number,
  rings: typeof RX_RINGS,
  registers: Readonly<Record<T, number>>,
  queues: number,
): RingRegister<T> | null {
  const find = (from: number, step: number, count: number): RingRegister<T> | null => {
    const queue = Math.floor((offset - from) / step);
    if (queue < 0 || queue >= count) return null;
    const inner = offset - from - queue * step;
    for (const name in registers) if (registers[name] === inner) return { queue, name };
    return null;
  };
  return find(rings.base, rings.step, queues) ?? find(rings.alias, ALIAS_STEP, ALIASED);
}

const namesByOffset = new Map<number, Name82576>(
  Object.entries(OFFSETS_82576).map(([name, offset]) => [offset, name as Name82576]),
);

/** Which register stands alone at an offset; null: none. */
export function register82576At(offset: number): Name82576 | null {
  return namesByOffset.get(offset) ?? null;
}
