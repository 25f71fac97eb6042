/**
 * Mirrors drivers/net/igb/e1000_hw.h, e1000_regs.h, e1000_defines.h and e1000_82575.h (2.6.39), what an 82576 with a copper PHY needs:
 * registers and their bits, layout of the advanced descriptors, `struct e1000_hw`. Left out: other chips and media, NVM, VMDq and SR-IOV.
 */
import { charge } from '../../../../base/clock';
import { heap } from '../../../../base/heap';
import { bool, byteCount, enumeration, hex32, int, struct, u16 } from '../../../../base/struct';
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
export const E1000_FCAL = 0x00028;
export const E1000_FCAH = 0x0002c;
export const E1000_FCT = 0x00030;
export const E1000_ICR = 0x000c0;
export const E1000_IMS = 0x000d0;
export const E1000_IMC = 0x000d8;
export const E1000_RCTL = 0x00100;
export const E1000_FCTTV = 0x00170;
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
export const E1000_FCRTL = 0x02160;
export const E1000_FCRTH = 0x02168;
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

export const E1000_CTRL_SLU = 0x00000040;
export const E1000_CTRL_RST = 0x04000000;
export const E1000_CTRL_RFCE = 0x08000000;
export const E1000_CTRL_TFCE = 0x10000000;
/** RXPBS: KiB of the receive packet buffer. */
export const E1000_RXPBS_SIZE_MASK_82576 = 0x0000007f;
export const E1000_STATUS_LU = 0x00000002;
export const E1000_STATUS_SPEED_100 = 0x00000040;
export const E1000_STATUS_SPEED_1000 = 0x00000080;

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

/** Values of fc.requested_mode and fc.current_mode (enum e1000_fc_mode). */
export const e1000_fc_none = 0;
export const e1000_fc_rx_pause = 1;
export const e1000_fc_tx_pause = 2;
export const e1000_fc_full = 3;
const PAUSE_MODES = { e1000_fc_none, e1000_fc_rx_pause, e1000_fc_tx_pause, e1000_fc_full };

/** Bits of phy.autoneg_advertised. */
export const ADVERTISE_10_FULL = 0x0002;
export const ADVERTISE_100_FULL = 0x0008;
export const ADVERTISE_1000_FULL = 0x0020;
export const E1000_ALL_FULL_DUPLEX = ADVERTISE_10_FULL | ADVERTISE_100_FULL | ADVERTISE_1000_FULL;

/** The chip as the driver knows it (struct e1000_hw of igb); what stands in its parts `fc` and `phy` in Linux says so. */
export const igb_hw = struct('igb_hw', {
  device: int('device whose registers are mapped (in Linux: hw_addr)', -1),
  device_id: u16('PCI device id'),
  mac_type: enumeration('chip', { e1000_82576 }),
  get_link_status: bool('the link must be looked at anew'),
  requested_mode: enumeration('pause frames wanted (fc)', PAUSE_MODES, e1000_fc_full),
  current_mode: enumeration('pause frames in use (fc)', PAUSE_MODES),
  high_water: byteCount('receive FIFO up to this: the peer is asked to pause (fc)'),
  low_water: byteCount('receive FIFO down to this: it may go on (fc)'),
  pause_time: u16('for how long, 512 bit times (fc)'),
  send_xon: bool('tell the peer when it may go on (fc)'),
  autoneg_advertised: hex32('speeds offered to the peer (phy)', E1000_ALL_FULL_DUPLEX),
  phy_settled: bool('the transceivers have agreed before the run began: no need to at the first reset'),
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
