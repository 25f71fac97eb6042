/**
 * Mirrors drivers/net/e1000/e1000_hw.h, e1000_hw.c and e1000_osdep.h (2.6.39): registers and their bits, layout of the
 * descriptors, `struct e1000_hw`, access to registers and to the PHY.
 *
 * Modelled: what an 82540EM or 82545EM with a copper PHY needs. Left out: other chips and media, EEPROM, PHY tuning.
 */
import { charge } from '../../../../base/clock';
import { heap } from '../../../../base/heap';
import { bool, byteCount, enumeration, hex32, int, struct, u16, u32 } from '../../../../base/struct';
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
export const E1000_FCAL = 0x00028;
export const E1000_FCAH = 0x0002c;
export const E1000_FCT = 0x00030;
export const E1000_FCTTV = 0x00170;
export const E1000_FCRTL = 0x02160;
export const E1000_FCRTH = 0x02168;
export const E1000_TXDCTL = 0x03828;
export const E1000_MTA = 0x05200;
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
export const E1000_RXCSUM = 0x05000;
export const E1000_RAL = 0x05400;
export const E1000_RAH = 0x05404;

export const E1000_CTRL_RST = 0x04000000;
export const E1000_CTRL_RFCE = 0x08000000;
export const E1000_CTRL_TFCE = 0x10000000;
export const E1000_STATUS_TXOFF = 0x00000010;
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

/** Values of hw.fc (enum e1000_fc_type). */
export const E1000_FC_NONE = 0;
export const E1000_FC_RX_PAUSE = 1;
export const E1000_FC_TX_PAUSE = 2;
export const E1000_FC_FULL = 3;
/** Time a pause frame asks for, 512 bit times. */
export const E1000_FC_PAUSE_TIME = 0xffff;
/** Destination and EtherType of pause frames. */
const FLOW_CONTROL_ADDRESS_LOW = 0x00c28001;
const FLOW_CONTROL_ADDRESS_HIGH = 0x00000100;
const FLOW_CONTROL_TYPE = 0x8808;
const E1000_FCRTL_XONE = 0x80000000;
/** Descriptors are written back whole, one at a time: thresholds count descriptors, WTHRESH is 1. */
const E1000_TXDCTL_WTHRESH = 0x003f0000;
const E1000_TXDCTL_FULL_TX_DESC_WB = 0x01010000;
const E1000_MC_TBL_SIZE = 128;

/** Speeds that hw.autoneg_advertised offers. */
export const ADVERTISE_10_FULL = 0x0002;
export const ADVERTISE_100_FULL = 0x0008;
export const ADVERTISE_1000_FULL = 0x0020;
export const AUTONEG_ADVERTISE_SPEED_DEFAULT = ADVERTISE_10_FULL | ADVERTISE_100_FULL | ADVERTISE_1000_FULL;

export const PHY_CTRL = 0x00;
export const PHY_AUTONEG_ADV = 0x04;
export const PHY_LP_ABILITY = 0x05;
export const PHY_1000T_CTRL = 0x09;
const MII_CR_RESTART_AUTO_NEG = 0x0200;
const MII_CR_AUTO_NEG_EN = 0x1000;
const MII_SR_AUTONEG_COMPLETE = 0x0020;
const NWAY_AR_SELECTOR = 0x0001;
const NWAY_AR_10T_FD_CAPS = 0x0040;
const NWAY_AR_100TX_FD_CAPS = 0x0100;
const NWAY_AR_PAUSE = 0x0400;
const NWAY_AR_ASM_DIR = 0x0800;
const CR_1000T_FD_CAPS = 0x0200;
export const PHY_STATUS = 0x01;
export const PHY_1000T_STATUS = 0x0a;
export const M88E1000_RX_ERR_CNTR = 0x15;
export const MII_SR_LINK_STATUS = 0x0004;
export const MAX_PHY_REG_ADDRESS = 0x1f;
const E1000_MDIC_REG_SHIFT = 16;
const E1000_MDIC_PHY_SHIFT = 21;
const E1000_MDIC_OP_WRITE = 0x04000000;
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
  fc: enumeration('pause frames in use', { E1000_FC_NONE, E1000_FC_RX_PAUSE, E1000_FC_TX_PAUSE, E1000_FC_FULL }),
  original_fc: enumeration('pause frames wanted', {
    E1000_FC_NONE,
    E1000_FC_RX_PAUSE,
    E1000_FC_TX_PAUSE,
    E1000_FC_FULL,
  }),
  fc_high_water: byteCount('receive FIFO up to this: the peer is asked to pause'),
  fc_low_water: byteCount('receive FIFO down to this: it may go on'),
  fc_pause_time: u16('for how long, 512 bit times'),
  fc_send_xon: bool('tell the peer when it may go on'),
  autoneg_advertised: hex32('speeds offered to the peer', AUTONEG_ADVERTISE_SPEED_DEFAULT),
  phy_settled: bool('the transceivers have agreed before the run began: no need to at the first reset'),
  get_link_status: bool('the link must be looked at anew'),
  tx_packet_delta: u32('packets sent since the last watchdog'),
});
export interface e1000_hw extends InstanceType<typeof e1000_hw> {}

/** Statistics registers in the order in which the driver reads them, by the field of their sum. */
export const E1000_STATISTICS = {
  crcerrs: 0x4000,
  gprc: 0x4074,
  gorcl: 0x4088,
  gorch: 0x408c,
  bprc: 0x4078,
  mprc: 0x407c,
  roc: 0x40ac,
  prc64: 0x405c,
  prc127: 0x4060,
  prc255: 0x4064,
  prc511: 0x4068,
  prc1023: 0x406c,
  prc1522: 0x4070,
  symerrs: 0x4008,
  mpc: 0x4010,
  scc: 0x4014,
  ecol: 0x4018,
  mcc: 0x401c,
  latecol: 0x4020,
  dc: 0x4030,
  sec: 0x4038,
  rlec: 0x4040,
  xonrxc: 0x4048,
  xontxc: 0x404c,
  xoffrxc: 0x4050,
  xofftxc: 0x4054,
  fcruc: 0x4058,
  gptc: 0x4080,
  gotcl: 0x4090,
  gotch: 0x4094,
  rnbc: 0x40a0,
  ruc: 0x40a4,
  rfc: 0x40a8,
  rjc: 0x40b0,
  torl: 0x40c0,
  torh: 0x40c4,
  totl: 0x40c8,
  toth: 0x40cc,
  tpr: 0x40d0,
  ptc64: 0x40d8,
  ptc127: 0x40dc,
  ptc255: 0x40e0,
  ptc511: 0x40e4,
  ptc1023: 0x40e8,
  ptc1522: 0x40ec,
  mptc: 0x40f0,
  bptc: 0x40f4,
  colc: 0x4028,
  tpt: 0x40d4,
  algnerrc: 0x4004,
  rxerrc: 0x400c,
  tncrs: 0x4034,
  cexterr: 0x403c,
  tsctc: 0x40f8,
  tsctfc: 0x40fc,
} as const;

/** Sums of the statistics registers; of those of 64 bits each half on its own, as in Linux. */
export const e1000_hw_stats = struct('e1000_hw_stats', {
  crcerrs: int('frames received with a wrong FCS'),
  gprc: int('good frames received'),
  gorcl: int('bytes of good frames received'),
  gorch: int('bytes of good frames received, upper half; reading it clears both'),
  bprc: int('broadcast frames received'),
  mprc: int('multicast frames received'),
  roc: int('frames received longer than allowed'),
  prc64: int('good frames received of 64 bytes'),
  prc127: int('good frames received of 65 to 127 bytes'),
  prc255: int('good frames received of 128 to 255 bytes'),
  prc511: int('good frames received of 256 to 511 bytes'),
  prc1023: int('good frames received of 512 to 1023 bytes'),
  prc1522: int('good frames received of 1024 bytes and more'),
  symerrs: int('symbol errors'),
  mpc: int('frames missed: the receive FIFO was full'),
  scc: int('frames sent after a single collision'),
  ecol: int('frames given up after too many collisions'),
  mcc: int('frames sent after several collisions'),
  latecol: int('late collisions'),
  dc: int('frames deferred: the wire was busy, or a pause frame held them back'),
  sec: int('sequence errors'),
  rlec: int('frames whose length field is wrong'),
  xonrxc: int('XON frames received'),
  xontxc: int('XON frames sent'),
  xoffrxc: int('XOFF frames received'),
  xofftxc: int('XOFF frames sent'),
  fcruc: int('control frames received that are no pause frames'),
  gptc: int('good frames sent'),
  gotcl: int('bytes of good frames sent'),
  gotch: int('bytes of good frames sent, upper half; reading it clears both'),
  rnbc: int('frames that found no free receive descriptor'),
  ruc: int('frames received shorter than 64 bytes'),
  rfc: int('frames received shorter than 64 bytes and with a wrong FCS'),
  rjc: int('frames received longer than allowed and with a wrong FCS'),
  torl: int('bytes received'),
  torh: int('bytes received, upper half; reading it clears both'),
  totl: int('bytes sent'),
  toth: int('bytes sent, upper half; reading it clears both'),
  tpr: int('frames received'),
  ptc64: int('frames sent of 64 bytes'),
  ptc127: int('frames sent of 65 to 127 bytes'),
  ptc255: int('frames sent of 128 to 255 bytes'),
  ptc511: int('frames sent of 256 to 511 bytes'),
  ptc1023: int('frames sent of 512 to 1023 bytes'),
  ptc1522: int('frames sent of 1024 bytes and more'),
  mptc: int('multicast frames sent'),
  bptc: int('broadcast frames sent'),
  colc: int('collisions: none on a full-duplex link'),
  tpt: int('frames sent'),
  algnerrc: int('frames received with an alignment error'),
  rxerrc: int('errors the PHY reported while receiving'),
  tncrs: int('frames sent without carrier sense'),
  cexterr: int('carrier extension errors'),
  tsctc: int('packets segmented'),
  tsctfc: int('packets that should have been segmented but could not be'),
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
 * Writes a register of the PHY through MDIC.
 * @modelled drivers/net/e1000/e1000_hw.c
 * @omits spin_lock_irqsave: e1000_phy_lock guards the page register of other PHYs
 */
export function e1000_write_phy_reg(hw: e1000_hw, reg_addr: number, phy_data: number): number {
  if (reg_addr > MAX_PHY_REG_ADDRESS) {
    return -E1000_ERR_PARAM;
  }
  const command = phy_data | (reg_addr << E1000_MDIC_REG_SHIFT) | (PHY_ADDRESS << E1000_MDIC_PHY_SHIFT);
  ew32(hw, E1000_MDIC, command | E1000_MDIC_OP_WRITE);
  for (let i = 0; i < 641; i++) {
    __const_udelay(5);
    if ((er32(hw, E1000_MDIC) & E1000_MDIC_READY) !== 0) {
      return 0;
    }
  }
  return -E1000_ERR_PHY;
}

/**
 * Resets the card: all registers come up with their first values.
 * @simplified the parts that matter without an EEPROM
 */
export function e1000_reset_hw(hw: e1000_hw): void {
  ew32(hw, E1000_IMC, 0xffffffff);
  ew32(hw, E1000_RCTL, 0);
  ew32(hw, E1000_TCTL, 0);
  er32(hw, E1000_STATUS);
  ew32(hw, E1000_CTRL, er32(hw, E1000_CTRL) | E1000_CTRL_RST);
  ew32(hw, E1000_IMC, 0xffffffff);
  er32(hw, E1000_ICR);
}

/**
 * Tells the PHY what to offer its partner: speeds, and which pause frames.
 * @modelled drivers/net/e1000/e1000_hw.c
 */
export function e1000_phy_setup_autoneg(hw: e1000_hw): void {
  let adv = NWAY_AR_SELECTOR;
  if ((hw.autoneg_advertised & ADVERTISE_10_FULL) !== 0) {
    adv |= NWAY_AR_10T_FD_CAPS;
  }
  if ((hw.autoneg_advertised & ADVERTISE_100_FULL) !== 0) {
    adv |= NWAY_AR_100TX_FD_CAPS;
  }
  switch (hw.fc) {
    case E1000_FC_RX_PAUSE:
    case E1000_FC_FULL:
      adv |= NWAY_AR_PAUSE | NWAY_AR_ASM_DIR;
      break;
    case E1000_FC_TX_PAUSE:
      adv |= NWAY_AR_ASM_DIR;
      break;
  }
  e1000_write_phy_reg(hw, PHY_AUTONEG_ADV, adv);
  e1000_write_phy_reg(hw, PHY_1000T_CTRL, (hw.autoneg_advertised & ADVERTISE_1000_FULL) !== 0 ? CR_1000T_FD_CAPS : 0);
}

/**
 * Has the PHY agree with its partner on speed and flow control; the link is down until they have.
 * @modelled drivers/net/e1000/e1000_hw.c
 * @omits e1000_wait_autoneg: the link interrupt tells
 */
export function e1000_copper_link_autoneg(hw: e1000_hw): void {
  e1000_phy_setup_autoneg(hw);
  const phy_data = { value: 0 };
  e1000_read_phy_reg(hw, PHY_CTRL, phy_data);
  if (hw.phy_settled) {
    hw.phy_settled = false;
  } else {
    e1000_write_phy_reg(hw, PHY_CTRL, phy_data.value | MII_CR_AUTO_NEG_EN | MII_CR_RESTART_AUTO_NEG);
  }
  hw.get_link_status = true;
}

/**
 * Sets up link and flow control: what to offer, how pause frames look, at which fill of the receive FIFO to send them.
 * @simplified copper only
 */
export function e1000_setup_link(hw: e1000_hw): void {
  e1000_copper_link_autoneg(hw);
  ew32(hw, E1000_FCT, FLOW_CONTROL_TYPE);
  ew32(hw, E1000_FCAH, FLOW_CONTROL_ADDRESS_HIGH);
  ew32(hw, E1000_FCAL, FLOW_CONTROL_ADDRESS_LOW);
  ew32(hw, E1000_FCTTV, hw.fc_pause_time);
  if ((hw.fc & E1000_FC_TX_PAUSE) === 0) {
    ew32(hw, E1000_FCRTL, 0);
    ew32(hw, E1000_FCRTH, 0);
  } else {
    ew32(hw, E1000_FCRTL, hw.fc_send_xon ? hw.fc_low_water | E1000_FCRTL_XONE : hw.fc_low_water);
    ew32(hw, E1000_FCRTH, hw.fc_high_water);
  }
}

/**
 * Sets up a card that has been reset: multicast table, link and flow control, write-back of descriptors, statistics.
 * @modelled drivers/net/e1000/e1000_hw.c
 * @omits e1000_init_rx_addrs: the card's own address is loaded from the EEPROM
 * @omits e1000_clear_hw_cntrs: the reset has cleared them
 */
export function e1000_init_hw(hw: e1000_hw): void {
  for (let i = 0; i < E1000_MC_TBL_SIZE; i++) {
    ew32(hw, E1000_MTA + 4 * i, 0);
  }
  e1000_setup_link(hw);
  ew32(hw, E1000_TXDCTL, (er32(hw, E1000_TXDCTL) & ~E1000_TXDCTL_WTHRESH) | E1000_TXDCTL_FULL_TX_DESC_WB);
}

/**
 * Tells the MAC which pause frames to send and to obey.
 * @modelled drivers/net/e1000/e1000_hw.c
 */
export function e1000_force_mac_fc(hw: e1000_hw): void {
  let ctrl = er32(hw, E1000_CTRL) & ~(E1000_CTRL_RFCE | E1000_CTRL_TFCE);
  if ((hw.fc & E1000_FC_RX_PAUSE) !== 0) {
    ctrl |= E1000_CTRL_RFCE;
  }
  if ((hw.fc & E1000_FC_TX_PAUSE) !== 0) {
    ctrl |= E1000_CTRL_TFCE;
  }
  ew32(hw, E1000_CTRL, ctrl);
}

/**
 * Which pause frames two partners use, from what both offer (IEEE 802.3 table 28B-3): where that gives none, a card that wanted to obey obeys
 * all the same, as it does no harm. Part of e1000_config_fc_after_link_up in Linux.
 */
const resolved_fc = (hw: e1000_hw, own: number, partner: number): number => {
  const [pause, asym] = [(own & NWAY_AR_PAUSE) !== 0, (own & NWAY_AR_ASM_DIR) !== 0];
  const [their_pause, their_asym] = [(partner & NWAY_AR_PAUSE) !== 0, (partner & NWAY_AR_ASM_DIR) !== 0];
  if (pause && their_pause) {
    return hw.original_fc === E1000_FC_FULL ? E1000_FC_FULL : E1000_FC_RX_PAUSE;
  }
  if (!pause && asym && their_pause && their_asym) {
    return E1000_FC_TX_PAUSE;
  }
  if (pause && asym && !their_pause && their_asym) {
    return E1000_FC_RX_PAUSE;
  }
  return (hw.original_fc & E1000_FC_RX_PAUSE) === 0 ? E1000_FC_NONE : E1000_FC_RX_PAUSE;
};

/**
 * The transceivers have agreed: flow control is set to what both can.
 * @modelled drivers/net/e1000/e1000_hw.c
 * @omits e1000_get_speed_and_duplex: always full duplex here
 */
export function e1000_config_fc_after_link_up(hw: e1000_hw): void {
  const phy_data = { value: 0 };
  e1000_read_phy_reg(hw, PHY_STATUS, phy_data);
  e1000_read_phy_reg(hw, PHY_STATUS, phy_data);
  if ((phy_data.value & MII_SR_AUTONEG_COMPLETE) === 0) {
    return;
  }
  e1000_read_phy_reg(hw, PHY_AUTONEG_ADV, phy_data);
  const own = phy_data.value;
  e1000_read_phy_reg(hw, PHY_LP_ABILITY, phy_data);
  hw.fc = resolved_fc(hw, own, phy_data.value);
  e1000_force_mac_fc(hw);
}

/**
 * Looks at the link of a copper PHY after a link interrupt: clears get_link_status when it is up.
 * @simplified only the link bit is looked at
 * @omits e1000_check_downshift: the model's PHY does not downshift
 * @omits e1000_config_dsp_after_link_change: analogue tuning
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
  e1000_config_fc_after_link_up(hw);
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
