/**
 * Registers of the Intel 8254x family by their names in the "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual" (317453), chapter 13: offsets and bits. Only those that the model of the card acts on.
 */
import { flags, hex32, type Instance, int, struct, u32 } from '../base/struct';

export const CTRL_FD = 0x1;
export const CTRL_SLU = 0x40;
export const CTRL_RST = 0x04000000;

export const STATUS_FD = 0x1;
export const STATUS_LU = 0x2;
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
export const RCTL_BSIZE_SHIFT = 16;
export const RCTL_BSEX = 0x02000000;
export const RCTL_SECRC = 0x04000000;

export const TCTL_EN = 0x2;
export const TCTL_PSP = 0x8;

export const RXCSUM_PCSS = 0xff;
export const RXCSUM_IPOFL = 0x100;
export const RXCSUM_TUOFL = 0x200;
/** 82576: the RSS hash instead of the packet checksum. */
export const RXCSUM_PCSD = 0x2000;

export const RAH_AV = 0x80000000;

export const MDIC_REG_SHIFT = 16;
export const MDIC_OP_READ = 0x08000000;
export const MDIC_READY = 0x10000000;

/** Fields that both families of cards have. */
export const COMMON_REGISTERS = {
  CTRL: flags('device control', { FD: CTRL_FD, SLU: CTRL_SLU, RST: CTRL_RST }),
  STATUS: flags('device status', {
    FD: STATUS_FD,
    LU: STATUS_LU,
    'speed 100': STATUS_SPEED_100,
    'speed 1000': STATUS_SPEED_1000,
  }),
  MDIC: hex32('access to the registers of the PHY'),
  ICR: flags('interrupt causes; reading clears them', CAUSES),
  IMS: flags('causes that may interrupt', CAUSES),
  RCTL: flags('receive control', {
    EN: RCTL_EN,
    SBP: RCTL_SBP,
    UPE: RCTL_UPE,
    MPE: RCTL_MPE,
    LPE: RCTL_LPE,
    BAM: RCTL_BAM,
    BSEX: RCTL_BSEX,
    SECRC: RCTL_SECRC,
  }),
  TCTL: flags('transmit control', { EN: TCTL_EN, PSP: TCTL_PSP }),
  RXCSUM: flags('receive checksum control', { IPOFL: RXCSUM_IPOFL, TUOFL: RXCSUM_TUOFL, PCSD: RXCSUM_PCSD }),
  RAL0: hex32('receive address 0, first four bytes'),
  RAH0: hex32('receive address 0, last two bytes, and valid bit'),
};

/** Statistics that both families count. */
export const COMMON_STATISTICS = {
  CRCERRS: u32('frames received with a wrong FCS'),
  MPC: int('frames missed: the receive FIFO was full'),
  RNBC: int('frames that found no free receive descriptor'),
  GPRC: int('good frames received'),
  BPRC: int('broadcast frames received'),
  GPTC: int('good frames sent'),
  GORCL: u32('bytes of good frames received'),
  GOTCL: u32('bytes of good frames sent'),
  TORL: u32('bytes received'),
  TOTL: u32('bytes sent'),
  TPR: int('frames received'),
  TPT: int('frames sent'),
  TSCTC: int('packets segmented'),
};

/** What the engines see of the registers of any card. */
export type CommonRegisters = Instance<typeof COMMON_REGISTERS> & Instance<typeof COMMON_STATISTICS>;

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
  TXDCTL: hex32('transmit descriptor control'),
  RXDCTL: hex32('receive descriptor control'),
  ...COMMON_STATISTICS,
});
export interface nic_registers extends InstanceType<typeof nic_registers> {}

/** The registers that are plain numbers to the code of the card. */
export type RegisterName = Extract<keyof InstanceType<typeof nic_registers>, Uppercase<string>>;

/** Byte offset in the card's memory region. IMC and ICS have no storage of their own. */
export const OFFSETS = {
  CTRL: 0x0000,
  STATUS: 0x0008,
  MDIC: 0x0020,
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
  CRCERRS: 0x4000,
  MPC: 0x4010,
  GPRC: 0x4074,
  BPRC: 0x4078,
  GPTC: 0x4080,
  GORCL: 0x4088,
  GOTCL: 0x4090,
  RNBC: 0x40a0,
  TORL: 0x40c0,
  TOTL: 0x40c8,
  TPR: 0x40d0,
  TPT: 0x40d4,
  TSCTC: 0x40f8,
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

/** Statistics registers: reading clears them. */
export const STATISTICS: ReadonlySet<string> = new Set(Object.keys(COMMON_STATISTICS));
