/**
 * Mirrors drivers/net/e1000/e1000_hw.h, e1000_hw.c and e1000_osdep.h (2.6.39): registers and their bits, layout of the
 * descriptors, `struct e1000_hw`, access to registers and to the PHY.
 *
 * Modelled: what an 82540EM or 82545EM with a copper PHY needs. Left out: other chips and media, EEPROM, flow control
 * set-up, PHY tuning.
 */
import { charge } from '../../../../base/clock';
import { heap } from '../../../../base/heap';
import { bool, byteCount, enumeration, int, struct, u16, u32 } from '../../../../base/struct';
import { __const_udelay } from '../../../arch/x86/lib/delay';
import { readl, writel } from '../../../include/linux/io';

export const E1000_DEV_ID_82540EM = 0x100e;
export const E1000_DEV_ID_82545EM_COPPER = 0x100f;

/** Values of hw.mac_type (enum e1000_mac_type). */
export const e1000_82543 = 3;
export const e1000_82544 = 4;
export const e1000_82540 = 5;
export const e1000_82545 = 6;
export const e1000_82546 = 8;
export const e1000_82547 = 12;

/** Values of hw.bus_type (enum e1000_bus_type). */
export const e1000_bus_type_pci = 1;
export const e1000_bus_type_pcix = 2;

export const SPEED_10 = 10;
export const SPEED_100 = 100;
export const SPEED_1000 = 1000;

/** Register offsets. */
export const E1000_CTRL = 0x00000;
export const E1000_STATUS = 0x00008;
export const E1000_MDIC = 0x00020;
export const E1000_ICR = 0x000c0;
export const E1000_ITR = 0x000c4;
export const E1000_ICS = 0x000c8;
export const E1000_IMS = 0x000d0;
export const E1000_IMC = 0x000d8;
export const E1000_RCTL = 0x00100;
export const E1000_TCTL = 0x00400;
export const E1000_TIPG = 0x00410;
export const E1000_PBA = 0x01000;
export const E1000_RDBAL = 0x02800;
export const E1000_RDBAH = 0x02804;
export const E1000_RDLEN = 0x02808;
export const E1000_RDH = 0x02810;
export const E1000_RDT = 0x02818;
export const E1000_RDTR = 0x02820;
export const E1000_RADV = 0x0282c;
export const E1000_TDBAL = 0x03800;
export const E1000_TDBAH = 0x03804;
export const E1000_TDLEN = 0x03808;
export const E1000_TDH = 0x03810;
export const E1000_TDT = 0x03818;
export const E1000_TIDV = 0x03820;
export const E1000_TADV = 0x0382c;
export const E1000_CRCERRS = 0x04000;
export const E1000_MPC = 0x04010;
export const E1000_GPRC = 0x04074;
export const E1000_BPRC = 0x04078;
export const E1000_GPTC = 0x04080;
export const E1000_GORCL = 0x04088;
export const E1000_GOTCL = 0x04090;
export const E1000_RNBC = 0x040a0;
export const E1000_TPR = 0x040d0;
export const E1000_TPT = 0x040d4;
export const E1000_TSCTC = 0x040f8;
export const E1000_RXCSUM = 0x05000;
export const E1000_RAL = 0x05400;
export const E1000_RAH = 0x05404;

export const E1000_CTRL_RST = 0x04000000;
export const E1000_STATUS_LU = 0x00000002;
export const E1000_STATUS_SPEED_100 = 0x00000040;
export const E1000_STATUS_SPEED_1000 = 0x00000080;

export const E1000_ICR_TXDW = 0x00000001;
export const E1000_ICR_LSC = 0x00000004;
export const E1000_ICR_RXSEQ = 0x00000008;
export const E1000_ICR_RXDMT0 = 0x00000010;
export const E1000_ICR_RXT0 = 0x00000080;
export const IMS_ENABLE_MASK = E1000_ICR_RXT0 | E1000_ICR_TXDW | E1000_ICR_RXDMT0 | E1000_ICR_RXSEQ | E1000_ICR_LSC;

export const E1000_RCTL_EN = 0x00000002;
export const E1000_RCTL_BAM = 0x00008000;
export const E1000_RCTL_RDMTS_HALF = 0x00000000;
export const E1000_RCTL_LPE = 0x00000020;
export const E1000_RCTL_SZ_2048 = 0x00000000;
/** With E1000_RCTL_BSEX. */
export const E1000_RCTL_SZ_4096 = 0x00030000;
export const E1000_RCTL_BSEX = 0x02000000;
export const E1000_TCTL_EN = 0x00000002;
export const E1000_TCTL_PSP = 0x00000008;
export const E1000_TCTL_RTLC = 0x01000000;
export const E1000_CT_SHIFT = 4;
export const E1000_COLLISION_THRESHOLD = 15;
export const E1000_RXCSUM_TUOFL = 0x00000200;
/** KiB of packet memory for receiving, and of all. */
export const E1000_PBA_48K = 0x0030;
export const E1000_PACKET_MEMORY_KB = 64;
/** Inter-packet gap of copper: IPGT 8, IPGR1 8, IPGR2 6. */
export const DEFAULT_TIPG = 8 | (8 << 10) | (6 << 20);

export const E1000_TXD_DTYP_D = 0x00100000;
export const E1000_TXD_POPTS_IXSM = 0x01;
export const E1000_TXD_POPTS_TXSM = 0x02;
export const E1000_TXD_CMD_EOP = 0x01000000;
export const E1000_TXD_CMD_IFCS = 0x02000000;
export const E1000_TXD_CMD_RS = 0x08000000;
export const E1000_TXD_CMD_DEXT = 0x20000000;
export const E1000_TXD_CMD_IDE = 0x80000000;
export const E1000_TXD_STAT_DD = 0x00000001;
/** In context descriptors. */
export const E1000_TXD_CMD_TCP = 0x01000000;
export const E1000_TXD_CMD_IP = 0x02000000;
export const E1000_TXD_CMD_TSE = 0x04000000;

export const E1000_RXD_STAT_DD = 0x01;
export const E1000_RXD_STAT_EOP = 0x02;
export const E1000_RXD_STAT_IXSM = 0x04;
export const E1000_RXD_STAT_TCPCS = 0x20;
export const E1000_RXD_ERR_CE = 0x01;
export const E1000_RXD_ERR_SE = 0x02;
export const E1000_RXD_ERR_SEQ = 0x04;
export const E1000_RXD_ERR_CXE = 0x10;
export const E1000_RXD_ERR_TCPE = 0x20;
export const E1000_RXD_ERR_RXE = 0x80;
export const E1000_RXD_ERR_FRAME_ERR_MASK =
  E1000_RXD_ERR_CE | E1000_RXD_ERR_SE | E1000_RXD_ERR_SEQ | E1000_RXD_ERR_CXE | E1000_RXD_ERR_RXE;

/** With VLAN tag and FCS. */
export const MAXIMUM_ETHERNET_VLAN_SIZE = 1522;

export const PHY_STATUS = 0x01;
export const PHY_1000T_STATUS = 0x0a;
export const M88E1000_RX_ERR_CNTR = 0x15;
export const MII_SR_LINK_STATUS = 0x0004;
export const MAX_PHY_REG_ADDRESS = 0x1f;
const E1000_MDIC_REG_SHIFT = 16;
const E1000_MDIC_PHY_SHIFT = 21;
const E1000_MDIC_OP_READ = 0x08000000;
const E1000_MDIC_READY = 0x10000000;
const E1000_ERR_PHY = 2;
const E1000_ERR_PARAM = 4;
const E1000_ERR_CONFIG = 3;
/** Address of the PHY on the management bus. */
const PHY_ADDRESS = 1;

/** The chip as the driver knows it. */
export const e1000_hw = struct('e1000_hw', {
  device: int('device whose registers are mapped (in Linux: hw_addr)', -1),
  device_id: u16('PCI device id'),
  mac_type: enumeration('chip', { e1000_82544, e1000_82540, e1000_82545, e1000_82546, e1000_82547 }),
  bus_type: enumeration('host bus', { e1000_bus_type_pci, e1000_bus_type_pcix }),
  get_link_status: bool('the link must be looked at anew'),
  tx_packet_delta: u32('packets sent since the last watchdog'),
});
export interface e1000_hw extends InstanceType<typeof e1000_hw> {}

/** Sums of the statistics registers. */
export const e1000_hw_stats = struct('e1000_hw_stats', {
  crcerrs: int('frames with a wrong FCS'),
  mpc: int('frames missed for lack of room'),
  gprc: int('good frames received'),
  bprc: int('broadcast frames received'),
  gptc: int('good frames sent'),
  gorcl: byteCount('bytes of good frames received'),
  gotcl: byteCount('bytes of good frames sent'),
  rnbc: int('frames that found no receive descriptor'),
  tpr: int('frames received'),
  tpt: int('frames sent'),
  tsctc: int('packets segmented'),
});
export interface e1000_hw_stats extends InstanceType<typeof e1000_hw_stats> {}

/** Reads a register. A macro in Linux, so not a function of the call tree. */
export const er32 = (hw: e1000_hw, reg: number): number => readl(hw.device, reg);

/** Writes a register. A macro in Linux. */
export const ew32 = (hw: e1000_hw, reg: number, value: number): void => writel(value, hw.device, reg);

/** ns of reading a descriptor the card has written: a cache miss. */
const DESCRIPTOR_READ_NS = 60;
/** ns of writing a descriptor: write-combined stores to its cache line. */
const DESCRIPTOR_WRITE_NS = 12;

/** Length of any descriptor, bytes. */
export const E1000_DESC_SIZE = 16;

/** struct e1000_tx_desc, legacy or data: address, then two words named lower.data and upper.data. */
export const write_tx_desc = (desc: number, buffer_addr: number, lower: number, upper: number): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe64(desc, buffer_addr);
  heap.writeLe32(desc + 8, lower);
  heap.writeLe32(desc + 12, upper);
};

export const tx_desc_lower = (desc: number): number => heap.readLe32(desc + 8);

export const set_tx_desc_lower = (desc: number, lower: number): void => heap.writeLe32(desc + 8, lower);

export const tx_desc_upper = (desc: number): number => {
  charge(DESCRIPTOR_READ_NS);
  return heap.readLe32(desc + 12);
};

export const set_tx_desc_upper = (desc: number, upper: number): void => heap.writeLe32(desc + 12, upper);

/** Fields of struct e1000_context_desc. */
export interface e1000_context_desc {
  ipcss: number;
  ipcso: number;
  ipcse: number;
  tucss: number;
  tucso: number;
  tucse: number;
  mss: number;
  hdr_len: number;
  cmd_and_length: number;
}

export const write_context_desc = (desc: number, context: e1000_context_desc): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe32(desc, context.ipcss | (context.ipcso << 8) | (context.ipcse << 16));
  heap.writeLe32(desc + 4, context.tucss | (context.tucso << 8) | (context.tucse << 16));
  heap.writeLe32(desc + 8, context.cmd_and_length);
  heap.writeLe32(desc + 12, (context.hdr_len << 8) | (context.mss << 16));
};

/** struct e1000_rx_desc: address, length, checksum, status, errors, special. */
export const rx_desc_status = (desc: number): number => {
  charge(DESCRIPTOR_READ_NS);
  return heap.read8(desc + 12);
};
export const rx_desc_length = (desc: number): number => heap.readLe16(desc + 8);
export const rx_desc_csum = (desc: number): number => heap.readLe16(desc + 10);
export const rx_desc_errors = (desc: number): number => heap.read8(desc + 13);
export const clear_rx_desc_status = (desc: number): void => heap.write8(desc + 12, 0);
export const set_rx_desc_buffer = (desc: number, dma: number): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe64(desc, dma);
};

/** The result of a PHY access; a pointer argument in Linux. */
export interface phy_data {
  value: number;
}

/**
 * Reads a register of the PHY through MDIC: starts the access, then waits for it in steps of 50 us.
 * @modelled drivers/net/e1000/e1000_hw.c
 */
export function e1000_read_phy_reg_ex(hw: e1000_hw, reg_addr: number, phy_data: phy_data): number {
  if (reg_addr > MAX_PHY_REG_ADDRESS) {
    return -E1000_ERR_PARAM;
  }
  ew32(hw, E1000_MDIC, (reg_addr << E1000_MDIC_REG_SHIFT) | (PHY_ADDRESS << E1000_MDIC_PHY_SHIFT) | E1000_MDIC_OP_READ);
  let mdic = 0;
  for (let i = 0; i < 64; i++) {
    __const_udelay(50);
    mdic = er32(hw, E1000_MDIC);
    if ((mdic & E1000_MDIC_READY) !== 0) {
      phy_data.value = mdic & 0xffff;
      return 0;
    }
  }
  return -E1000_ERR_PHY;
}

/**
 * Reads a register of the PHY.
 * @modelled drivers/net/e1000/e1000_hw.c
 * @omits spin_lock_irqsave: e1000_phy_lock guards the page register of other PHYs
 */
export function e1000_read_phy_reg(hw: e1000_hw, reg_addr: number, phy_data: phy_data): number {
  return e1000_read_phy_reg_ex(hw, reg_addr, phy_data);
}

/**
 * Looks at the link of a copper PHY after a link interrupt: clears get_link_status when it is up.
 * @simplified only the link bit is looked at
 * @omits e1000_check_downshift: the model's PHY does not downshift
 * @omits e1000_config_dsp_after_link_change: analogue tuning
 * @omits e1000_config_fc_after_link_up: no flow control
 */
export function e1000_check_for_link(hw: e1000_hw): number {
  if (!hw.get_link_status) {
    return 0;
  }
  const phy_data = { value: 0 };
  e1000_read_phy_reg(hw, PHY_STATUS, phy_data);
  const failed = e1000_read_phy_reg(hw, PHY_STATUS, phy_data);
  if (failed !== 0) {
    return failed;
  }
  if ((phy_data.value & MII_SR_LINK_STATUS) === 0) {
    return -E1000_ERR_CONFIG;
  }
  hw.get_link_status = false;
  return 0;
}

/**
 * Speed of the link, Mb/s.
 * @simplified the link is always full duplex
 */
export function e1000_get_speed_and_duplex(hw: e1000_hw): number {
  const status = er32(hw, E1000_STATUS);
  if ((status & E1000_STATUS_SPEED_1000) !== 0) {
    return SPEED_1000;
  }
  return (status & E1000_STATUS_SPEED_100) !== 0 ? SPEED_100 : SPEED_10;
}

/**
 * Adapts the gap between packets to the number of collisions.
 * @simplified there are no collisions on a full-duplex link, so nothing is ever adapted
 */
export function e1000_update_adaptive(hw: e1000_hw): void {
  hw.tx_packet_delta = 0;
}
