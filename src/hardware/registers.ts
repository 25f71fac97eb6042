/**
 * Registers of the Intel 8254x family by their names in the "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual" (317453), chapter 13: offsets and bits. Only those that the model of the card acts on.
 */
import { flags, hex32, type Instance, list, struct, u32 } from '../base/struct';
import { COMMON_STATISTICS, STATISTIC_OFFSETS, type Statistics } from './statistics';

export const CTRL_FD = 0x1;
export const CTRL_SLU = 0x40;
export const CTRL_RST = 0x04000000;
/** Received pause frames hold back transmission. */
export const CTRL_RFCE = 0x08000000;
/** The receive FIFO may send pause frames. */
export const CTRL_TFCE = 0x10000000;

export const STATUS_FD = 0x1;
export const STATUS_LU = 0x2;
/** A pause frame holds back transmission now. */
export const STATUS_TXOFF = 0x10;
export const STATUS_SPEED_100 = 0x40;
export const STATUS_SPEED_1000 = 0x80;

export const ICR_TXDW = 0x1;
export const ICR_TXQE = 0x2;
export const ICR_LSC = 0x4;
export const ICR_RXDMT0 = 0x10;
export const ICR_RXO = 0x40;
export const ICR_RXT0 = 0x80;
const CAUSES = { TXDW: ICR_TXDW, TXQE: ICR_TXQE, LSC: ICR_LSC, RXDMT0: ICR_RXDMT0, RXO: ICR_RXO, RXT0: ICR_RXT0 };

export const RCTL_EN = 0x2;
export const RCTL_SBP = 0x4;
export const RCTL_UPE = 0x8;
export const RCTL_MPE = 0x10;
export const RCTL_LPE = 0x20;
/** Free descriptors at which RXDMT0 is set: 1/2, 1/4 or 1/8 of the ring. */
export const RCTL_RDMTS_SHIFT = 8;
export const RCTL_BAM = 0x8000;
/** Which 12 bits of a multicast address choose the bit of the table: from bit 36, 35, 34 or 32 on. */
export const RCTL_MO_SHIFT = 12;
export const RCTL_BSIZE_SHIFT = 16;
/** Pause frames go to the host too. */
export const RCTL_PMCF = 0x00800000;
export const RCTL_BSEX = 0x02000000;
export const RCTL_SECRC = 0x04000000;

export const TCTL_EN = 0x2;
export const TCTL_PSP = 0x8;

/** Fields of TXDCTL and RXDCTL: thresholds for fetching ahead and for writing back (13.4.31, 13.4.44). */
export const DCTL_THRESH = 0x3f;
export const DCTL_HTHRESH_SHIFT = 8;
export const DCTL_WTHRESH_SHIFT = 16;
/** They count descriptors, else cache lines. */
export const DCTL_GRAN = 0x01000000;

/** Receive FIFO thresholds for pause frames count bytes, in eights (13.4.55, 13.4.56). */
export const FCRT_BYTES = 0xfff8;
/** Send XON when the FIFO is down to the low threshold. */
export const FCRTL_XONE = 0x80000000;

export const RXCSUM_PCSS = 0xff;
export const RXCSUM_IPOFL = 0x100;
export const RXCSUM_TUOFL = 0x200;
/** 82576: the RSS hash instead of the packet checksum. */
export const RXCSUM_PCSD = 0x2000;

export const RAH_AV = 0x80000000;

export const MDIC_REG_SHIFT = 16;
export const MDIC_OP_READ = 0x08000000;
export const MDIC_READY = 0x10000000;

/** Words of the multicast table, and where it stands. */
export const MTA_WORDS = 128;
export const MTA_OFFSET = 0x5200;

/** Fields that both families of cards have. */
export const COMMON_REGISTERS = {
  CTRL: flags('device control', { FD: CTRL_FD, SLU: CTRL_SLU, RST: CTRL_RST, RFCE: CTRL_RFCE, TFCE: CTRL_TFCE }),
  STATUS: flags('device status', {
    FD: STATUS_FD,
    LU: STATUS_LU,
    TXOFF: STATUS_TXOFF,
    'speed 100': STATUS_SPEED_100,
    'speed 1000': STATUS_SPEED_1000,
  }),
  MDIC: hex32('access to the registers of the PHY'),
  FCAL: hex32('destination of pause frames, first four bytes'),
  FCAH: hex32('destination of pause frames, last two bytes'),
  FCT: hex32('EtherType of pause frames'),
  FCTTV: u32('how long a pause frame asks to be quiet, 512 bit times'),
  FCRTL: hex32('receive FIFO down to this many bytes: XON, if bit 31 is set'),
  FCRTH: hex32('receive FIFO up to this many bytes: XOFF'),
  ICR: flags('interrupt causes; reading clears them', CAUSES),
  IMS: flags('causes that may interrupt', CAUSES),
  RCTL: flags('receive control', {
    EN: RCTL_EN,
    SBP: RCTL_SBP,
    UPE: RCTL_UPE,
    MPE: RCTL_MPE,
    LPE: RCTL_LPE,
    BAM: RCTL_BAM,
    PMCF: RCTL_PMCF,
    BSEX: RCTL_BSEX,
    SECRC: RCTL_SECRC,
  }),
  TCTL: flags('transmit control', { EN: TCTL_EN, PSP: TCTL_PSP }),
  RXCSUM: flags('receive checksum control', { IPOFL: RXCSUM_IPOFL, TUOFL: RXCSUM_TUOFL, PCSD: RXCSUM_PCSD }),
  MTA: list(hex32('bits of 32 hashes'), MTA_WORDS, 'multicast table: hashes of multicast addresses that pass'),
  RAL0: hex32('receive address 0, first four bytes'),
  RAH0: hex32('receive address 0, last two bytes, and valid bit'),
};

/** What the engines see of the registers of any card. */
export type CommonRegisters = Instance<typeof COMMON_REGISTERS> & Statistics;

/** The registers of an 8254x. */
export const nic_registers = struct('nic_registers', {
  ...COMMON_REGISTERS,
  ITR: u32('least time between interrupts, 256 ns'),
  TIPG: hex32('inter-packet gap'),
  PBA: u32('packet buffer for receiving, KiB of 64'),
  RDBAL: hex32('receive ring, address'),
  RDBAH: hex32('receive ring, upper half of the address'),
  RDLEN: u32('receive ring, bytes'),
  RDH: u32('receive ring: next descriptor the card fills'),
  RDT: u32('receive ring: first descriptor the card may not fill'),
  RDTR: u32('receive: interrupt this long after the last packet, 1.024 us'),
  RADV: u32('receive: interrupt at most this long after the first packet, 1.024 us'),
  TDBAL: hex32('transmit ring, address'),
  TDBAH: hex32('transmit ring, upper half of the address'),
  TDLEN: u32('transmit ring, bytes'),
  TDH: u32('transmit ring: next descriptor the card processes'),
  TDT: u32('transmit ring: first descriptor not given to the card; writing it is the doorbell'),
  TIDV: u32('transmit: interrupt this long after the last write-back, 1.024 us'),
  TADV: u32('transmit: interrupt at most this long after the first write-back, 1.024 us'),
  TXDCTL: hex32('transmit: thresholds for fetching descriptors ahead and for writing them back'),
  RXDCTL: hex32('receive: thresholds for fetching descriptors ahead and for writing them back'),
  ...COMMON_STATISTICS,
});
export interface nic_registers extends InstanceType<typeof nic_registers> {}

/** The registers that are plain numbers to the code of the card. */
export type RegisterName = Exclude<Extract<keyof InstanceType<typeof nic_registers>, Uppercase<string>>, 'MTA'>;

/** Flow control: the same offsets in both families. */
export const FLOW_OFFSETS = {
  FCAL: 0x0028,
  FCAH: 0x002c,
  FCT: 0x0030,
  FCTTV: 0x0170,
  FCRTL: 0x2160,
  FCRTH: 0x2168,
} as const;

/** Byte offset in the card's memory region. IMC and ICS have no storage of their own. */
export const OFFSETS = {
  CTRL: 0x0000,
  STATUS: 0x0008,
  MDIC: 0x0020,
  ...FLOW_OFFSETS,
  ICR: 0x00c0,
  ITR: 0x00c4,
  ICS: 0x00c8,
  IMS: 0x00d0,
  IMC: 0x00d8,
  RCTL: 0x0100,
  TCTL: 0x0400,
  TIPG: 0x0410,
  PBA: 0x1000,
  RDBAL: 0x2800,
  RDBAH: 0x2804,
  RDLEN: 0x2808,
  RDH: 0x2810,
  RDT: 0x2818,
  RDTR: 0x2820,
  RXDCTL: 0x2828,
  RADV: 0x282c,
  TDBAL: 0x3800,
  TDBAH: 0x3804,
  TDLEN: 0x3808,
  TDH: 0x3810,
  TDT: 0x3818,
  TIDV: 0x3820,
  TXDCTL: 0x3828,
  TADV: 0x382c,
  ...STATISTIC_OFFSETS,
  RXCSUM: 0x5000,
  RAL0: 0x5400,
  RAH0: 0x5404,
} as const satisfies Readonly<Record<RegisterName | 'ICS' | 'IMC', number>>;

const namesByOffset = new Map<number, keyof typeof OFFSETS>(
  Object.entries(OFFSETS).map(([name, offset]) => [offset, name as keyof typeof OFFSETS]),
);

/** Which register stands at an offset; null for one the model has not. */
export function registerAt(offset: number): keyof typeof OFFSETS | null {
  return namesByOffset.get(offset) ?? null;
}
