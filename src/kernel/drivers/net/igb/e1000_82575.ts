/** Mirrors the parts of drivers/net/igb/e1000_82575.c (2.6.39) that an 82576 needs to be reset and set up. */
import * as reg from './e1000_hw';
import { type igb_hw, rd32, wr32 } from './e1000_hw';
import { igb_setup_link } from './e1000_mac';

/**
 * Resets the card: all registers come up with their first values.
 * @modelled drivers/net/igb/e1000_82575.c
 * @omits igb_disable_pcie_master: no transfers are under way
 * @omits igb_set_pcie_completion_timeout: the bus answers
 * @omits msleep: the reset takes no time
 * @omits igb_get_auto_rd_done: the address is there at once
 * @omits igb_check_alt_mac_addr: no NVM
 */
export function igb_reset_hw_82575(hw: igb_hw): void {
  wr32(hw, reg.E1000_IMC, 0xffffffff);
  wr32(hw, reg.E1000_RCTL, 0);
  wr32(hw, reg.E1000_TCTL, reg.E1000_TCTL_PSP);
  rd32(hw, reg.E1000_STATUS);
  wr32(hw, reg.E1000_CTRL, rd32(hw, reg.E1000_CTRL) | reg.E1000_CTRL_RST);
  wr32(hw, reg.E1000_IMC, 0xffffffff);
  rd32(hw, reg.E1000_ICR);
}

/**
 * Has the link set up by the MAC: a copper link begins when the MAC says so.
 * @modelled drivers/net/igb/e1000_82575.c
 * @omits igb_clear_hw_cntrs_82575: the reset has cleared them
 * @omits igb_id_led_init: the LEDs show link and activity
 * @omits igb_init_rx_addrs: the card's own address is loaded from the NVM
 */
export function igb_init_hw_82575(hw: igb_hw): void {
  wr32(hw, reg.E1000_CTRL, rd32(hw, reg.E1000_CTRL) | reg.E1000_CTRL_SLU);
  igb_setup_link(hw);
}
