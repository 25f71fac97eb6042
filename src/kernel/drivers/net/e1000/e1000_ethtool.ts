/**
 * Mirrors drivers/net/e1000/e1000_ethtool.c (2.6.39): of the switches, receive checksums, rings, flow control, coalescing, speed.
 * Left out: everything else.
 */
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../../../include/linux/netdevice';
import { netif_running } from '../../../include/linux/netdevice';
import {
  ADVERTISE_10_FULL,
  ADVERTISE_100_FULL,
  AUTONEG_ADVERTISE_SPEED_DEFAULT,
  E1000_ITR,
  E1000_RXCSUM,
  E1000_RXCSUM_TUOFL,
  er32,
  ew32,
  SPEED_10,
  SPEED_100,
} from './e1000_hw';
import {
  e1000_down,
  e1000_reinit_locked,
  e1000_setup_rx_resources,
  e1000_setup_tx_resources,
  e1000_up,
  free_ring,
} from './e1000_setup';
import { __E1000_RESETTING, adapter_of, type e1000_adapter } from './e1000_struct';

/**
 * Switches the checksum engine for received packets.
 * @simplified the register is written at once; Linux restarts the device
 */
export function e1000_set_rx_csum(netdev: net_device, data: boolean): void {
  const adapter = netdev.priv as e1000_adapter;
  const rxcsum = er32(adapter.hw, E1000_RXCSUM);
  adapter.rx_csum = data;
  ew32(adapter.hw, E1000_RXCSUM, data ? rxcsum | E1000_RXCSUM_TUOFL : rxcsum & ~E1000_RXCSUM_TUOFL);
}

/**
 * Sets the number of descriptors of both rings: the card goes down, gets new rings, and comes up.
 * @simplified the new rings are made after the old ones are gone; memory does not run out in between
 */
export function* e1000_set_ringparam(netdev: net_device, tx_pending: number, rx_pending: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  adapter.flags = adapter.flags | __E1000_RESETTING;
  if (netif_running(netdev)) {
    yield* e1000_down(adapter);
  }
  free_ring(adapter.tx_ring);
  free_ring(adapter.rx_ring);
  adapter.tx_ring.count = tx_pending;
  adapter.rx_ring.count = rx_pending;
  e1000_setup_tx_resources(adapter.tx_ring);
  e1000_setup_rx_resources(adapter.rx_ring);
  if (netif_running(netdev)) {
    e1000_up(adapter);
  }
  adapter.flags = adapter.flags & ~__E1000_RESETTING;
  return 0;
}

/**
 * Sets which pause frames are wanted (E1000_FC_); the partners agree anew.
 * @simplified flow control is always negotiated
 */
export function* e1000_set_pauseparam(netdev: net_device, fc: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  adapter.hw.fc = fc;
  adapter.hw.original_fc = fc;
  yield* e1000_reinit_locked(adapter);
  return 0;
}

/**
 * Sets the interrupt rate: 0 none, 1 dynamic, 3 dynamic conservative, else a fixed number of interrupts a second.
 * @simplified takes what the module parameter takes, where ethtool has microseconds between interrupts
 */
export function e1000_set_coalesce(netdev: net_device, rate: number): number {
  const adapter = adapter_of(netdev);
  const dynamic = rate === 1 || rate === 3;
  adapter.itr_setting = dynamic ? rate : rate & ~3;
  adapter.itr = dynamic ? 20000 : rate;
  ew32(adapter.hw, E1000_ITR, adapter.itr === 0 ? 0 : Math.trunc(1_000_000_000 / (adapter.itr * 256)));
  return 0;
}

/**
 * Sets the fastest speed that is offered to the partner, Mb/s; both agree anew.
 * @simplified negotiation stays on: a speed is what is offered, not forced
 */
export function* e1000_set_settings(netdev: net_device, speed: number): Kgen<number> {
  const adapter = adapter_of(netdev);
  const slow = speed === SPEED_10 ? ADVERTISE_10_FULL : ADVERTISE_10_FULL | ADVERTISE_100_FULL;
  adapter.hw.autoneg_advertised = speed === SPEED_10 || speed === SPEED_100 ? slow : AUTONEG_ADVERTISE_SPEED_DEFAULT;
  yield* e1000_reinit_locked(adapter);
  return 0;
}
