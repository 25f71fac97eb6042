/**
 * Mirrors drivers/net/igb/igb_ethtool.c (2.6.39): of the switches, receive checksums, rings, flow control, coalescing, speed. The number of
 * queues is not among them: that kernel's igb takes it from the number of CPUs when it is loaded. Left out: everything else.
 */
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../../../include/linux/netdevice';
import { ADVERTISE_10_FULL, ADVERTISE_100_FULL, E1000_ALL_FULL_DUPLEX, SPEED_10, SPEED_100 } from './e1000_hw';
import { igb_force_mac_fc } from './e1000_mac';
import {
  __IGB_RESETTING,
  adapter_of,
  first_itr,
  IGB_MAX_TXD,
  IGB_MIN_TXD,
  IGB_RING_FLAG_RX_CSUM,
  itr_setting,
  REQ_TX_DESCRIPTOR_MULTIPLE,
} from './igb';
import {
  igb_down,
  igb_setup_rx_resources,
  igb_setup_tx_resources,
  igb_up,
  resize_ring,
  take_resetting,
} from './igb_setup';

/**
 * Switches the use of the card's checksum verdicts on or off (ethtool -K rx).
 * @modelled drivers/net/igb/igb_ethtool.c
 */
export function igb_set_rx_csum(netdev: net_device, data: boolean): number {
  for (const ring of adapter_of(netdev).rx_ring) {
    ring.flags = data ? ring.flags | IGB_RING_FLAG_RX_CSUM : ring.flags & ~IGB_RING_FLAG_RX_CSUM;
  }
  return 0;
}

/** A number of descriptors that the card can have: bounds and step are the same in both directions. */
const descriptors = (pending: number): number => {
  const within = Math.max(Math.min(pending, IGB_MAX_TXD), IGB_MIN_TXD);
  return Math.ceil(within / REQ_TX_DESCRIPTOR_MULTIPLE) * REQ_TX_DESCRIPTOR_MULTIPLE;
};

/**
 * Sets the number of descriptors of all rings (ethtool -G): the card goes down, gets new rings, and comes up.
 * @simplified the new rings are made after the old ones are gone; memory does not run out in between
 */
export function* igb_set_ringparam(netdev: net_device, tx_pending: number, rx_pending: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  const new_tx_count = descriptors(tx_pending);
  const new_rx_count = descriptors(rx_pending);
  if (new_tx_count === adapter.tx_ring_count && new_rx_count === adapter.rx_ring_count) {
    return 0;
  }
  yield* take_resetting(adapter);
  yield* igb_down(adapter);
  if (new_tx_count !== adapter.tx_ring_count) {
    for (const ring of adapter.tx_ring) {
      resize_ring(ring, new_tx_count, igb_setup_tx_resources);
    }
    adapter.tx_ring_count = new_tx_count;
  }
  if (new_rx_count !== adapter.rx_ring_count) {
    for (const ring of adapter.rx_ring) {
      resize_ring(ring, new_rx_count, igb_setup_rx_resources);
    }
    adapter.rx_ring_count = new_rx_count;
  }
  igb_up(adapter);
  adapter.state = adapter.state & ~__IGB_RESETTING;
  return 0;
}

/**
 * Sets how often the card may interrupt (ethtool -C): 0 off, 1 dynamic, 3 dynamic conservative, else interrupts a second. The vectors write
 * it at their next interrupt.
 * @simplified takes a rate, as the module parameter of e1000 does, and not the time between interrupts
 */
export function igb_set_coalesce(netdev: net_device, rate: number): number {
  const adapter = adapter_of(netdev);
  adapter.rx_itr_setting = itr_setting(rate);
  adapter.tx_itr_setting = itr_setting(rate);
  for (const q_vector of adapter.q_vector) {
    q_vector.itr_val = first_itr(q_vector.rx_ring === null ? adapter.tx_itr_setting : adapter.rx_itr_setting);
    q_vector.set_itr = true;
  }
  return 0;
}

/**
 * Sets which pause frames are used, whatever the partner offers (ethtool -A, with its negotiation off): the MAC is told, the link stays up.
 * At which fill of the FIFO they go out is set at a reset only.
 * @simplified the negotiation of pause frames is always switched off by it
 */
export function* igb_set_pauseparam(netdev: net_device, fc: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  const hw = adapter.hw;
  yield* take_resetting(adapter);
  hw.requested_mode = fc;
  hw.current_mode = fc;
  igb_force_mac_fc(hw);
  adapter.state = adapter.state & ~__IGB_RESETTING;
  return 0;
}

/**
 * Sets the fastest speed that is offered to the partner, Mb/s (ethtool -s advertise); both agree anew.
 * @simplified negotiation stays on: a speed is what is offered, not forced
 */
export function* igb_set_settings(netdev: net_device, speed: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  const slow = speed === SPEED_10 ? ADVERTISE_10_FULL : ADVERTISE_10_FULL | ADVERTISE_100_FULL;
  yield* take_resetting(adapter);
  adapter.hw.autoneg_advertised = speed === SPEED_10 || speed === SPEED_100 ? slow : E1000_ALL_FULL_DUPLEX;
  yield* igb_down(adapter);
  igb_up(adapter);
  adapter.state = adapter.state & ~__IGB_RESETTING;
  return 0;
}
