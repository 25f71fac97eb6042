/**
 * Mirrors the parts of drivers/net/igb/e1000_mac.c (2.6.39) that an 82576 with a copper PHY needs: link, speed and flow control;
 * igb_setup_copper_link of e1000_phy.c too, as it needs them. Left out: other media, half duplex, NVM.
 */
import {
  E1000_CTRL,
  E1000_CTRL_RFCE,
  E1000_CTRL_TFCE,
  E1000_FCAH,
  E1000_FCAL,
  E1000_FCRTH,
  E1000_FCRTL,
  E1000_FCT,
  E1000_FCTTV,
  E1000_STATUS,
  E1000_STATUS_SPEED_100,
  E1000_STATUS_SPEED_1000,
  e1000_fc_full,
  e1000_fc_none,
  e1000_fc_rx_pause,
  e1000_fc_tx_pause,
  type igb_hw,
  rd32,
  SPEED_10,
  SPEED_100,
  SPEED_1000,
  wr32,
} from './e1000_hw';
import {
  igb_copper_link_autoneg,
  igb_phy_has_link,
  igb_read_phy_reg_mdic,
  MII_SR_AUTONEG_COMPLETE,
  NWAY_AR_ASM_DIR,
  NWAY_AR_PAUSE,
  PHY_AUTONEG_ADV,
  PHY_LP_ABILITY,
  PHY_STATUS,
} from './e1000_phy';

/** Address and type of pause frames, as FCAL, FCAH and FCT have them. */
const FLOW_CONTROL_ADDRESS_LOW = 0x00c28001;
const FLOW_CONTROL_ADDRESS_HIGH = 0x00000100;
const FLOW_CONTROL_TYPE = 0x8808;
const E1000_FCRTL_XONE = 0x80000000;
/** Times that a link is looked for after it was set up. */
const COPPER_LINK_UP_LIMIT = 10;

/**
 * Tells the MAC which pause frames to send and to obey.
 * @modelled drivers/net/igb/e1000_mac.c
 */
export function igb_force_mac_fc(hw: igb_hw): void {
  let ctrl = rd32(hw, E1000_CTRL) & ~(E1000_CTRL_RFCE | E1000_CTRL_TFCE);
  if ((hw.current_mode & e1000_fc_rx_pause) !== 0) {
    ctrl |= E1000_CTRL_RFCE;
  }
  if ((hw.current_mode & e1000_fc_tx_pause) !== 0) {
    ctrl |= E1000_CTRL_TFCE;
  }
  wr32(hw, E1000_CTRL, ctrl);
}

/**
 * Which pause frames two partners use, from what both offer (IEEE 802.3 table 28B-3): where that gives none, a card that wanted to obey
 * obeys all the same, as it does no harm. Part of igb_config_fc_after_link_up in Linux.
 */
const resolved_mode = (requested_mode: number, own: number, partner: number): number => {
  const [pause, asym] = [(own & NWAY_AR_PAUSE) !== 0, (own & NWAY_AR_ASM_DIR) !== 0];
  const [their_pause, their_asym] = [(partner & NWAY_AR_PAUSE) !== 0, (partner & NWAY_AR_ASM_DIR) !== 0];
  if (pause && their_pause) {
    return requested_mode === e1000_fc_full ? e1000_fc_full : e1000_fc_rx_pause;
  }
  if (!pause && asym && their_pause && their_asym) {
    return e1000_fc_tx_pause;
  }
  if (pause && asym && !their_pause && their_asym) {
    return e1000_fc_rx_pause;
  }
  return (requested_mode & e1000_fc_rx_pause) === 0 ? e1000_fc_none : e1000_fc_rx_pause;
};

/**
 * The transceivers have agreed: flow control is set to what both can.
 * @modelled drivers/net/igb/e1000_mac.c
 * @omits igb_get_speed_and_duplex_copper: always full duplex here
 */
export function igb_config_fc_after_link_up(hw: igb_hw): void {
  igb_read_phy_reg_mdic(hw, PHY_STATUS);
  if ((igb_read_phy_reg_mdic(hw, PHY_STATUS) & MII_SR_AUTONEG_COMPLETE) === 0) {
    return;
  }
  const own = igb_read_phy_reg_mdic(hw, PHY_AUTONEG_ADV);
  const partner = igb_read_phy_reg_mdic(hw, PHY_LP_ABILITY);
  hw.current_mode = resolved_mode(hw.requested_mode, own, partner);
  igb_force_mac_fc(hw);
}

/**
 * Sets up a copper link, and flow control if it is up already.
 * @modelled drivers/net/igb/e1000_phy.c
 * @omits igb_config_collision_dist: the link is full duplex
 */
function igb_setup_copper_link(hw: igb_hw): void {
  // A link that is there before the run begins is looked at once both of its cards are set up.
  const settled = hw.phy_settled;
  igb_copper_link_autoneg(hw);
  if (igb_phy_has_link(hw, COPPER_LINK_UP_LIMIT, 10) && !settled) {
    igb_config_fc_after_link_up(hw);
  }
}

/**
 * Sets at which fill of the receive FIFO pause frames go out.
 * @modelled drivers/net/igb/e1000_mac.c
 */
function igb_set_fc_watermarks(hw: igb_hw): void {
  let [fcrtl, fcrth] = [0, 0];
  if ((hw.current_mode & e1000_fc_tx_pause) !== 0) {
    fcrtl = hw.send_xon ? hw.low_water | E1000_FCRTL_XONE : hw.low_water;
    fcrth = hw.high_water;
  }
  wr32(hw, E1000_FCRTL, fcrtl);
  wr32(hw, E1000_FCRTH, fcrth);
}

/**
 * Sets up link and flow control: what to offer, how pause frames look, at which fill of the receive FIFO to send them.
 * @modelled drivers/net/igb/e1000_mac.c
 * @omits igb_check_reset_block: no management firmware
 * @omits igb_set_default_fc: what the NVM would say stands in requested_mode
 */
export function igb_setup_link(hw: igb_hw): void {
  hw.current_mode = hw.requested_mode;
  igb_setup_copper_link(hw);
  wr32(hw, E1000_FCT, FLOW_CONTROL_TYPE);
  wr32(hw, E1000_FCAH, FLOW_CONTROL_ADDRESS_HIGH);
  wr32(hw, E1000_FCAL, FLOW_CONTROL_ADDRESS_LOW);
  wr32(hw, E1000_FCTTV, hw.pause_time);
  igb_set_fc_watermarks(hw);
}

/**
 * Looks at the link of a copper PHY after a link interrupt: clears get_link_status when it is up.
 * @modelled drivers/net/igb/e1000_mac.c
 * @omits igb_check_downshift: the model's PHY does not downshift
 * @omits igb_config_collision_dist: the link is full duplex
 */
export function igb_check_for_copper_link(hw: igb_hw): number {
  if (!hw.get_link_status) {
    return 0;
  }
  if (igb_phy_has_link(hw, 1, 0)) {
    hw.get_link_status = false;
    igb_config_fc_after_link_up(hw);
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
