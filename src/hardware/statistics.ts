/**
 * Statistics registers of the MAC (317453, 13.7): the same in both families of cards. Each counts from the last time it was read:
 * reading clears. Those of collisions, carrier and the media-independent interface stand still on a full-duplex copper link.
 */
import { type Instance, u32 } from '../base/struct';

/** What each counts. */
export const COMMON_STATISTICS = {
  CRCERRS: u32('frames received with a wrong FCS'),
  ALGNERRC: u32('frames received with an alignment error'),
  SYMERRS: u32('symbol errors'),
  RXERRC: u32('errors the PHY reported while receiving'),
  MPC: u32('frames missed: the receive FIFO was full'),
  SCC: u32('frames sent after a single collision'),
  ECOL: u32('frames given up after too many collisions'),
  MCC: u32('frames sent after several collisions'),
  LATECOL: u32('late collisions'),
  COLC: u32('collisions: none on a full-duplex link'),
  DC: u32('frames deferred: the wire was busy, or a pause frame held them back'),
  TNCRS: u32('frames sent without carrier sense'),
  SEC: u32('sequence errors'),
  CEXTERR: u32('carrier extension errors'),
  RLEC: u32('frames whose length field is wrong'),
  XONRXC: u32('XON frames received'),
  XONTXC: u32('XON frames sent'),
  XOFFRXC: u32('XOFF frames received'),
  XOFFTXC: u32('XOFF frames sent'),
  FCRUC: u32('control frames received that are no pause frames'),
  PRC64: u32('good frames received of 64 bytes'),
  PRC127: u32('good frames received of 65 to 127 bytes'),
  PRC255: u32('good frames received of 128 to 255 bytes'),
  PRC511: u32('good frames received of 256 to 511 bytes'),
  PRC1023: u32('good frames received of 512 to 1023 bytes'),
  PRC1522: u32('good frames received of 1024 bytes and more'),
  GPRC: u32('good frames received'),
  BPRC: u32('broadcast frames received'),
  MPRC: u32('multicast frames received'),
  GPTC: u32('good frames sent'),
  GORCL: u32('bytes of good frames received'),
  GORCH: u32('bytes of good frames received, upper half; reading it clears both'),
  GOTCL: u32('bytes of good frames sent'),
  GOTCH: u32('bytes of good frames sent, upper half; reading it clears both'),
  RNBC: u32('frames that found no free receive descriptor'),
  RUC: u32('frames received shorter than 64 bytes'),
  RFC: u32('frames received shorter than 64 bytes and with a wrong FCS'),
  ROC: u32('frames received longer than allowed'),
  RJC: u32('frames received longer than allowed and with a wrong FCS'),
  TORL: u32('bytes received'),
  TORH: u32('bytes received, upper half; reading it clears both'),
  TOTL: u32('bytes sent'),
  TOTH: u32('bytes sent, upper half; reading it clears both'),
  TPR: u32('frames received'),
  TPT: u32('frames sent'),
  PTC64: u32('frames sent of 64 bytes'),
  PTC127: u32('frames sent of 65 to 127 bytes'),
  PTC255: u32('frames sent of 128 to 255 bytes'),
  PTC511: u32('frames sent of 256 to 511 bytes'),
  PTC1023: u32('frames sent of 512 to 1023 bytes'),
  PTC1522: u32('frames sent of 1024 bytes and more'),
  MPTC: u32('multicast frames sent'),
  BPTC: u32('broadcast frames sent'),
  TSCTC: u32('packets segmented'),
  TSCTFC: u32('packets that should have been segmented but could not be'),
};
export type Statistics = Instance<typeof COMMON_STATISTICS>;
export type StatisticName = keyof typeof COMMON_STATISTICS;

export const STATISTIC_OFFSETS = {
  CRCERRS: 0x4000,
  ALGNERRC: 0x4004,
  SYMERRS: 0x4008,
  RXERRC: 0x400c,
  MPC: 0x4010,
  SCC: 0x4014,
  ECOL: 0x4018,
  MCC: 0x401c,
  LATECOL: 0x4020,
  COLC: 0x4028,
  DC: 0x4030,
  TNCRS: 0x4034,
  SEC: 0x4038,
  CEXTERR: 0x403c,
  RLEC: 0x4040,
  XONRXC: 0x4048,
  XONTXC: 0x404c,
  XOFFRXC: 0x4050,
  XOFFTXC: 0x4054,
  FCRUC: 0x4058,
  PRC64: 0x405c,
  PRC127: 0x4060,
  PRC255: 0x4064,
  PRC511: 0x4068,
  PRC1023: 0x406c,
  PRC1522: 0x4070,
  GPRC: 0x4074,
  BPRC: 0x4078,
  MPRC: 0x407c,
  GPTC: 0x4080,
  GORCL: 0x4088,
  GORCH: 0x408c,
  GOTCL: 0x4090,
  GOTCH: 0x4094,
  RNBC: 0x40a0,
  RUC: 0x40a4,
  RFC: 0x40a8,
  ROC: 0x40ac,
  RJC: 0x40b0,
  TORL: 0x40c0,
  TORH: 0x40c4,
  TOTL: 0x40c8,
  TOTH: 0x40cc,
  TPR: 0x40d0,
  TPT: 0x40d4,
  PTC64: 0x40d8,
  PTC127: 0x40dc,
  PTC255: 0x40e0,
  PTC511: 0x40e4,
  PTC1023: 0x40e8,
  PTC1522: 0x40ec,
  MPTC: 0x40f0,
  BPTC: 0x40f4,
  TSCTC: 0x40f8,
  TSCTFC: 0x40fc,
} as const satisfies Readonly<Record<StatisticName, number>>;

/** Registers of 64 bits: the lower half by the upper one, whose reading clears both. */
const LOWER_HALVES: Readonly<Partial<Record<string, StatisticName>>> = {
  GORCH: 'GORCL',
  GOTCH: 'GOTCL',
  TORH: 'TORL',
  TOTH: 'TOTL',
};
const STAYS: ReadonlySet<string | undefined> = new Set(Object.values(LOWER_HALVES));

function isStatistic(name: string): name is StatisticName {
  return name in COMMON_STATISTICS;
}

/** A register was read: if it counts, it begins anew; the lower half of a wide one does so when its upper half is read. */
export function clearWhenRead(registers: Statistics, name: string): void {
  if (!isStatistic(name) || STAYS.has(name)) return;
  registers[name] = 0;
  const lower = LOWER_HALVES[name];
  if (lower !== undefined) registers[lower] = 0;
}

/** A reset of the card clears them all. */
export function clearStatistics(registers: Statistics): void {
  for (const name in COMMON_STATISTICS) if (isStatistic(name)) registers[name] = 0;
}

function addWide(registers: Statistics, lower: 'GORCL' | 'GOTCL' | 'TORL' | 'TOTL', bytes: number): void {
  const sum = registers[lower] + bytes;
  registers[lower] = sum % 2 ** 32;
  if (sum < 2 ** 32) return;
  const upper = `${lower.slice(0, -1)}H`;
  if (isStatistic(upper)) registers[upper]++;
}

const SIZES = [64, 127, 255, 511, 1023] as const;

/** The bin of a length, FCS included. */
function bin(length: number): 64 | 127 | 255 | 511 | 1023 | 1522 {
  return SIZES.find((size) => length <= size) ?? 1522;
}

/** To whom a frame is sent, by its destination address. */
export type Cast = 'unicast' | 'multicast' | 'broadcast';

/** A frame has left. `control`: it is a pause frame, which only the totals count. */
export function countSent(registers: Statistics, length: number, cast: Cast, control: boolean): void {
  registers.TPT++;
  addWide(registers, 'TOTL', length);
  if (control) return;
  registers.GPTC++;
  addWide(registers, 'GOTCL', length);
  registers[`PTC${bin(length)}`]++;
  if (cast !== 'unicast') registers[cast === 'broadcast' ? 'BPTC' : 'MPTC']++;
}

/** A frame has come in, good or bad, for us or not. */
export function countArrived(registers: Statistics, length: number): void {
  registers.TPR++;
  addWide(registers, 'TORL', length);
}

/** A good frame for us has found room in the FIFO. */
export function countTaken(registers: Statistics, length: number, cast: Cast): void {
  registers.GPRC++;
  addWide(registers, 'GORCL', length);
  registers[`PRC${bin(length)}`]++;
  if (cast !== 'unicast') registers[cast === 'broadcast' ? 'BPRC' : 'MPRC']++;
}
