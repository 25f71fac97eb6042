/**
 * Mirrors drivers/net/igb/e1000_hw.h, e1000_regs.h, e1000_defines.h, e1000_82575.h and the parts of e1000_phy.c and e1000_mac.c
 * (2.6.39) that an 82576 with a copper PHY needs: registers and their bits, layout of the advanced descriptors, `struct e1000_hw`, link
 * status. Left out: other chips and media, NVM, flow control set-up, PHY tuning, VMDq and SR-IOV.
 */
import { charge } from '../../../../base/clock';
import { heap } from '../../../../base/heap';
import { bool, enumeration, int, struct, u16 } from '../../../../base/struct';
import { __const_udelay } from '../../../arch/x86/lib/delay';
import { readl, writel } from '../../../include/linux/io';

export const E1000_DEV_ID_82576 = 0x10c9;
/** Value of hw.mac_type (enum e1000_mac_type). */
export const e1000_82576 = 2;

export const SPEED_10 = 10;
export const SPEED_100 = 100;
export const SPEED_1000 = 1000;

/** Register offsets. */
export const E1000_CTRL = 0x00000;
export const E1000_STATUS = 0x00008;
export const E1000_MDIC = 0x00020;
export const E1000_ICR = 0x000c0;
export const E1000_IMS = 0x000d0;
export const E1000_IMC = 0x000d8;
export const E1000_RCTL = 0x00100;
export const E1000_TCTL = 0x00400;
export const E1000_GPIE = 0x01514;
export const E1000_EICS = 0x01520;
export const E1000_EIMS = 0x01524;
export const E1000_EIMC = 0x01528;
export const E1000_EIAC = 0x0152c;
export const E1000_EIAM = 0x01530;
export const E1000_EITR = (n: number): number => 0x01680 + 4 * n;
export const E1000_IVAR0 = 0x01700;
export const E1000_IVAR_MISC = 0x01740;
export const E1000_RXPBS = 0x02404;
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
export const E1000_IAC = 0x04100;
export const E1000_RXCSUM = 0x05000;
export const E1000_RLPML = 0x05004;
export const E1000_RAL = 0x05400;
export const E1000_RAH = 0x05404;
export const E1000_MRQC = 0x05818;
export const E1000_RETA = (n: number): number => 0x05c00 + 4 * n;
export const E1000_RSSRK = (n: number): number => 0x05c80 + 4 * n;

/** Ring registers of queue `n`: the first four queues stand where older chips have theirs. */
const rx_base = (n: number): number => (n < 4 ? 0x02800 + n * 0x100 : 0x0c000 + n * 0x40);
const tx_base = (n: number): number => (n < 4 ? 0x03800 + n * 0x100 : 0x0e000 + n * 0x40);
export const E1000_RDBAL = (n: number): number => rx_base(n);
export const E1000_RDBAH = (n: number): number => rx_base(n) + 0x04;
export const E1000_RDLEN = (n: number): number => rx_base(n) + 0x08;
export const E1000_SRRCTL = (n: number): number => rx_base(n) + 0x0c;
export const E1000_RDH = (n: number): number => rx_base(n) + 0x10;
export const E1000_RDT = (n: number): number => rx_base(n) + 0x18;
export const E1000_RXDCTL = (n: number): number => rx_base(n) + 0x28;
export const E1000_RQDPC = (n: number): number => 0x0c030 + n * 0x40;
export const E1000_TDBAL = (n: number): number => tx_base(n);
export const E1000_TDBAH = (n: number): number => tx_base(n) + 0x04;
export const E1000_TDLEN = (n: number): number => tx_base(n) + 0x08;
export const E1000_TDH = (n: number): number => tx_base(n) + 0x10;
export const E1000_TDT = (n: number): number => tx_base(n) + 0x18;
export const E1000_TXDCTL = (n: number): number => tx_base(n) + 0x28;

export const E1000_CTRL_RST = 0x04000000;
export const E1000_STATUS_LU = 0x00000002;
const E1000_STATUS_SPEED_100 = 0x00000040;
const E1000_STATUS_SPEED_1000 = 0x00000080;

export const E1000_ICR_LSC = 0x00000004;
export const E1000_ICR_DOUTSYNC = 0x10000000;
/** The same bits as in ICR. */
export const IGB_IMS_OTHER = E1000_ICR_LSC | E1000_ICR_DOUTSYNC;

export const E1000_GPIE_NSICR = 0x00000001;
export const E1000_GPIE_MSIX_MODE = 0x00000010;
export const E1000_GPIE_EIAME = 0x40000000;
export const E1000_GPIE_PBA = 0x80000000;
export const E1000_IVAR_VALID = 0x80;

export const E1000_RCTL_EN = 0x00000002;
export const E1000_RCTL_LPE = 0x00000020;
export const E1000_RCTL_BAM = 0x00008000;
export const E1000_RCTL_RDMTS_HALF = 0x00000000;
export const E1000_RCTL_SECRC = 0x04000000;
export const E1000_TCTL_EN = 0x00000002;
export const E1000_TCTL_PSP = 0x00000008;
export const E1000_TCTL_CT = 0x00000ff0;
export const E1000_TCTL_RTLC = 0x01000000;
export const E1000_CT_SHIFT = 4;
export const E1000_COLLISION_THRESHOLD = 15;
export const E1000_RXCSUM_CRCOFL = 0x00000800;
export const E1000_RXCSUM_PCSD = 0x00002000;

export const E1000_MRQC_ENABLE_RSS_4Q = 0x00000002;
export const E1000_MRQC_RSS_FIELD_IPV4_TCP = 0x00010000;
export const E1000_MRQC_RSS_FIELD_IPV4 = 0x00020000;
export const E1000_MRQC_RSS_FIELD_IPV6_TCP_EX = 0x00040000;
export const E1000_MRQC_RSS_FIELD_IPV6 = 0x00100000;
export const E1000_MRQC_RSS_FIELD_IPV6_TCP = 0x00200000;

export const E1000_SRRCTL_BSIZEPKT_SHIFT = 10;
export const E1000_SRRCTL_BSIZEHDRSIZE_SHIFT = 2;
export const E1000_SRRCTL_DESCTYPE_ADV_ONEBUF = 0x02000000;
export const E1000_SRRCTL_DESCTYPE_HDR_SPLIT_ALWAYS = 0x0a000000;
export const E1000_SRRCTL_DROP_EN = 0x80000000;
export const E1000_TXDCTL_QUEUE_ENABLE = 0x02000000;
export const E1000_RXDCTL_QUEUE_ENABLE = 0x02000000;

export const E1000_TXD_STAT_DD = 0x00000001;
export const E1000_TXD_POPTS_IXSM = 0x01;
export const E1000_TXD_POPTS_TXSM = 0x02;
export const E1000_TXD_CMD_DEXT = 0x20000000;
export const E1000_ADVTXD_DTYP_CTXT = 0x00200000;
export const E1000_ADVTXD_DTYP_DATA = 0x00300000;
export const E1000_ADVTXD_DCMD_EOP = 0x01000000;
export const E1000_ADVTXD_DCMD_IFCS = 0x02000000;
export const E1000_ADVTXD_DCMD_RS = 0x08000000;
export const E1000_ADVTXD_DCMD_DEXT = 0x20000000;
export const E1000_ADVTXD_DCMD_TSE = 0x80000000;
export const E1000_ADVTXD_PAYLEN_SHIFT = 14;
export const E1000_ADVTXD_MACLEN_SHIFT = 9;
export const E1000_ADVTXD_TUCMD_IPV4 = 0x00000400;
export const E1000_ADVTXD_TUCMD_L4T_TCP = 0x00000800;
export const E1000_ADVTXD_L4LEN_SHIFT = 8;
export const E1000_ADVTXD_MSS_SHIFT = 16;

export const E1000_RXD_STAT_DD = 0x01;
export const E1000_RXD_STAT_EOP = 0x02;
export const E1000_RXD_STAT_IXSM = 0x04;
export const E1000_RXD_STAT_UDPCS = 0x10;
export const E1000_RXD_STAT_TCPCS = 0x20;
const E1000_RXDEXT_STATERR_CE = 0x01000000;
const E1000_RXDEXT_STATERR_SE = 0x02000000;
const E1000_RXDEXT_STATERR_SEQ = 0x04000000;
const E1000_RXDEXT_STATERR_CXE = 0x10000000;
const E1000_RXDEXT_STATERR_RXE = 0x80000000;
export const E1000_RXDEXT_STATERR_TCPE = 0x20000000;
export const E1000_RXDEXT_STATERR_IPE = 0x40000000;
export const E1000_RXDEXT_ERR_FRAME_ERR_MASK =
  E1000_RXDEXT_STATERR_CE |
  E1000_RXDEXT_STATERR_SE |
  E1000_RXDEXT_STATERR_SEQ |
  E1000_RXDEXT_STATERR_CXE |
  E1000_RXDEXT_STATERR_RXE;
const E1000_RXDADV_HDRBUFLEN_MASK = 0x7fe0;
const E1000_RXDADV_HDRBUFLEN_SHIFT = 5;

/** With VLAN tag and FCS. */
export const MAXIMUM_ETHERNET_VLAN_SIZE = 1522;

/** The chip as the driver knows it (struct e1000_hw of igb). */
export const igb_hw = struct('igb_hw', {
  device: int('device whose registers are mapped (in Linux: hw_addr)', -1),
  device_id: u16('PCI device id'),
  mac_type: enumeration('chip', { e1000_82576 }),
  get_link_status: bool('the link must be looked at anew'),
});
export interface igb_hw extends InstanceType<typeof igb_hw> {}

/** Reads a register. A macro in Linux, so not a function of the call tree. */
export const rd32 = (hw: igb_hw, reg: number): number => readl(hw.device, reg);

/** Writes a register. A macro in Linux. */
export const wr32 = (hw: igb_hw, reg: number, value: number): void => writel(value, hw.device, reg);

/** ns of reading a descriptor the card has written: a cache miss. */
const DESCRIPTOR_READ_NS = 60;
/** ns of writing a descriptor: write-combined stores to its cache line. */
const DESCRIPTOR_WRITE_NS = 12;

/** Length of any advanced descriptor, bytes. */
export const ADV_DESC_SIZE = 16;

/** struct e1000_adv_tx_context_desc. */
export const write_adv_context_desc = (
  desc: number,
  vlan_macip_lens: number,
  type_tucmd_mlhl: number,
  mss_l4len_idx: number,
): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe32(desc, vlan_macip_lens);
  heap.writeLe32(desc + 4, 0);
  heap.writeLe32(desc + 8, type_tucmd_mlhl >>> 0);
  heap.writeLe32(desc + 12, mss_l4len_idx >>> 0);
};

/** union e1000_adv_tx_desc, as it is read by the card. */
export const write_adv_tx_desc = (
  desc: number,
  buffer_addr: number,
  cmd_type_len: number,
  olinfo_status: number,
): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe64(desc, buffer_addr);
  heap.writeLe32(desc + 8, cmd_type_len >>> 0);
  heap.writeLe32(desc + 12, olinfo_status >>> 0);
};

export const add_adv_tx_cmd = (desc: number, bits: number): void =>
  heap.writeLe32(desc + 8, (heap.readLe32(desc + 8) | bits) >>> 0);

/** union e1000_adv_tx_desc, as the card writes it back. */
export const adv_tx_status = (desc: number): number => {
  charge(DESCRIPTOR_READ_NS);
  return heap.readLe32(desc + 12);
};

export const clear_adv_tx_status = (desc: number): void => heap.writeLe32(desc + 12, 0);

/** union e1000_adv_rx_desc, as the card writes it back. */
export const adv_rx_staterr = (desc: number): number => {
  charge(DESCRIPTOR_READ_NS);
  return heap.readLe32(desc + 8);
};

export const clear_adv_rx_staterr = (desc: number): void => heap.writeLe32(desc + 8, 0);

export const adv_rx_length = (desc: number): number => heap.readLe16(desc + 12);

/** Bytes of headers in the header buffer. */
export const adv_rx_hdr_len = (desc: number): number =>
  (heap.readLe16(desc + 2) & E1000_RXDADV_HDRBUFLEN_MASK) >> E1000_RXDADV_HDRBUFLEN_SHIFT;

/** union e1000_adv_rx_desc, as it is read by the card. */
export const write_adv_rx_desc = (desc: number, pkt_addr: number, hdr_addr: number): void => {
  charge(DESCRIPTOR_WRITE_NS);
  heap.writeLe64(desc, pkt_addr);
  heap.writeLe64(desc + 8, hdr_addr);
};

const PHY_STATUS = 0x01;
const MII_SR_LINK_STATUS = 0x0004;
const E1000_MDIC_REG_SHIFT = 16;
const E1000_MDIC_PHY_SHIFT = 21;
const E1000_MDIC_OP_READ = 0x08000000;
const E1000_MDIC_READY = 0x10000000;
const PHY_ADDRESS = 1;

/**
 * Reads a register of the PHY through MDIC: starts the access, then waits for it in steps of 50 us. −1: it did not answer.
 * @modelled drivers/net/igb/e1000_phy.c
 */
function igb_read_phy_reg_mdic(hw: igb_hw, offset: number): number {
  wr32(hw, E1000_MDIC, (offset << E1000_MDIC_REG_SHIFT) | (PHY_ADDRESS << E1000_MDIC_PHY_SHIFT) | E1000_MDIC_OP_READ);
  for (let i = 0; i < 64; i++) {
    __const_udelay(50);
    const mdic = rd32(hw, E1000_MDIC);
    if ((mdic & E1000_MDIC_READY) !== 0) {
      return mdic & 0xffff;
    }
  }
  return -1;
}

/**
 * True when the PHY says that the link is up. Its bit holds that the link was down since the last look, so it is read twice.
 * @modelled drivers/net/igb/e1000_phy.c
 */
function igb_phy_has_link(hw: igb_hw): boolean {
  igb_read_phy_reg_mdic(hw, PHY_STATUS);
  const phy_status = igb_read_phy_reg_mdic(hw, PHY_STATUS);
  return phy_status >= 0 && (phy_status & MII_SR_LINK_STATUS) !== 0;
}

/**
 * Looks at the link of a copper PHY after a link interrupt: clears get_link_status when it is up.
 * @modelled drivers/net/igb/e1000_mac.c
 * @omits igb_check_downshift: the model's PHY does not downshift
 * @omits igb_config_collision_dist: the link is full duplex
 * @omits igb_config_fc_after_link_up: no flow control
 */
export function igb_check_for_copper_link(hw: igb_hw): number {
  if (!hw.get_link_status) {
    return 0;
  }
  if (igb_phy_has_link(hw)) {
    hw.get_link_status = false;
  }
  return 0;
}

/**
 * Speed of the link, Mb/s.
 * @simplified the link is always full duplex
 */
export function igb_get_speed_and_duplex_copper(hw: igb_hw): number {
  const status = rd32(hw, E1000_STATUS);
  if ((status & E1000_STATUS_SPEED_1000) !== 0) {
    return SPEED_1000;
  }
  return (status & E1000_STATUS_SPEED_100) !== 0 ? SPEED_100 : SPEED_10;
}
