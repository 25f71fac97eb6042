/**
 * Mirrors the parts of drivers/net/igb/e1000_phy.c (2.6.39) that an 82576 with a copper PHY needs: access to its registers, link status,
 * negotiation with the partner. Left out: half duplex, tuning, other PHYs.
 */
import { __const_udelay } from '../../../arch/x86/lib/delay';
import {
  ADVERTISE_10_FULL,
  ADVERTISE_100_FULL,
  ADVERTISE_1000_FULL,
  E1000_MDIC,
  e1000_fc_full,
  e1000_fc_rx_pause,
  e1000_fc_tx_pause,
  type igb_hw,
  rd32,
  wr32,
} from './e1000_hw';

const PHY_CONTROL = 0x00;
export const PHY_STATUS = 0x01;
export const PHY_AUTONEG_ADV = 0x04;
export const PHY_LP_ABILITY = 0x05;
const PHY_1000T_CTRL = 0x09;
const MII_CR_RESTART_AUTO_NEG = 0x0200;
const MII_CR_AUTO_NEG_EN = 0x1000;
const MII_SR_LINK_STATUS = 0x0004;
export const MII_SR_AUTONEG_COMPLETE = 0x0020;
const NWAY_AR_10T_FD_CAPS = 0x0040;
const NWAY_AR_100TX_FD_CAPS = 0x0100;
export const NWAY_AR_PAUSE = 0x0400;
export const NWAY_AR_ASM_DIR = 0x0800;
const CR_1000T_FD_CAPS = 0x0200;
/** Selector field: IEEE 802.3. */
const NWAY_AR_SELECTOR_FIELD = 0x0001;
const E1000_MDIC_REG_SHIFT = 16;
const E1000_MDIC_PHY_SHIFT = 21;
const E1000_MDIC_OP_WRITE = 0x04000000;
const E1000_MDIC_OP_READ = 0x08000000;
const E1000_MDIC_READY = 0x10000000;
const E1000_GEN_POLL_TIMEOUT = 640;
const PHY_ADDRESS = 1;

/** Waits for an access to be over, in steps of 50 us; gives MDIC then, −1: never. Stands in both functions below in Linux. */
const await_mdic = (hw: igb_hw): number => {
  for (let i = 0; i < E1000_GEN_POLL_TIMEOUT * 3; i++) {
    __const_udelay(50);
    const mdic = rd32(hw, E1000_MDIC);
    if ((mdic & E1000_MDIC_READY) !== 0) {
      return mdic & 0xffff;
    }
  }
  return -1;
};

/**
 * Reads a register of the PHY through MDIC. −1: it did not answer.
 * @modelled drivers/net/igb/e1000_phy.c
 */
export function igb_read_phy_reg_mdic(hw: igb_hw, offset: number): number {
  wr32(hw, E1000_MDIC, (offset << E1000_MDIC_REG_SHIFT) | (PHY_ADDRESS << E1000_MDIC_PHY_SHIFT) | E1000_MDIC_OP_READ);
  return await_mdic(hw);
}

/**
 * Writes a register of the PHY through MDIC.
 * @modelled drivers/net/igb/e1000_phy.c
 */
function igb_write_phy_reg_mdic(hw: igb_hw, offset: number, data: number): void {
  const where = (offset << E1000_MDIC_REG_SHIFT) | (PHY_ADDRESS << E1000_MDIC_PHY_SHIFT);
  wr32(hw, E1000_MDIC, data | where | E1000_MDIC_OP_WRITE);
  await_mdic(hw);
}

/**
 * True when the PHY says that the link is up: looks `iterations` times, `usec_interval` apart. Its bit holds that the link was down since the
 * last look, so each is two reads.
 * @modelled drivers/net/igb/e1000_phy.c
 */
export function igb_phy_has_link(hw: igb_hw, iterations: number, usec_interval: number): boolean {
  for (let i = 0; i < iterations; i++) {
    igb_read_phy_reg_mdic(hw, PHY_STATUS);
    const phy_status = igb_read_phy_reg_mdic(hw, PHY_STATUS);
    if (phy_status >= 0 && (phy_status & MII_SR_LINK_STATUS) !== 0) {
      return true;
    }
    if (usec_interval > 0) {
      __const_udelay(usec_interval);
    }
  }
  return false;
}

/**
 * Tells the PHY what to offer its partner: speeds, and which pause frames.
 * @modelled drivers/net/igb/e1000_phy.c
 */
function igb_phy_setup_autoneg(hw: igb_hw): void {
  const { autoneg_advertised, current_mode } = hw;
  let mii_autoneg_adv_reg = NWAY_AR_SELECTOR_FIELD;
  if ((autoneg_advertised & ADVERTISE_10_FULL) !== 0) {
    mii_autoneg_adv_reg |= NWAY_AR_10T_FD_CAPS;
  }
  if ((autoneg_advertised & ADVERTISE_100_FULL) !== 0) {
    mii_autoneg_adv_reg |= NWAY_AR_100TX_FD_CAPS;
  }
  switch (current_mode) {
    case e1000_fc_rx_pause:
    case e1000_fc_full:
      mii_autoneg_adv_reg |= NWAY_AR_PAUSE | NWAY_AR_ASM_DIR;
      break;
    case e1000_fc_tx_pause:
      mii_autoneg_adv_reg |= NWAY_AR_ASM_DIR;
      break;
  }
  igb_write_phy_reg_mdic(hw, PHY_AUTONEG_ADV, mii_autoneg_adv_reg);
  igb_write_phy_reg_mdic(hw, PHY_1000T_CTRL, (autoneg_advertised & ADVERTISE_1000_FULL) !== 0 ? CR_1000T_FD_CAPS : 0);
}

/**
 * Has the PHY agree with its partner on speed and flow control; the link is down until they have.
 * @modelled drivers/net/igb/e1000_phy.c
 * @omits igb_wait_autoneg: the link interrupt tells
 */
export function igb_copper_link_autoneg(hw: igb_hw): void {
  igb_phy_setup_autoneg(hw);
  const phy_ctrl = igb_read_phy_reg_mdic(hw, PHY_CONTROL);
  if (hw.phy_settled) {
    hw.phy_settled = false;
  } else {
    igb_write_phy_reg_mdic(hw, PHY_CONTROL, phy_ctrl | MII_CR_AUTO_NEG_EN | MII_CR_RESTART_AUTO_NEG);
  }
  hw.get_link_status = true;
}
