/** Mirrors drivers/net/e1000/e1000_ethtool.c (2.6.39): of the switches, receive checksums. Left out: everything else. */
import type { net_device } from '../../../include/linux/netdevice';
import { E1000_RXCSUM, E1000_RXCSUM_TUOFL, er32, ew32 } from './e1000_hw';
import type { e1000_adapter } from './e1000_struct';

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
