import {
  e1000_set_coalesce,
  e1000_set_pauseparam,
  e1000_set_ringparam,
  e1000_set_rx_csum,
  e1000_set_settings,
} from '../kernel/drivers/net/e1000/e1000_ethtool';
import {
  E1000_FC_FULL,
  E1000_FC_NONE,
  E1000_FC_RX_PAUSE,
  E1000_FC_TX_PAUSE,
} from '../kernel/drivers/net/e1000/e1000_hw';
import { adapter_of } from '../kernel/drivers/net/e1000/e1000_struct';
import { igb_netdev_ops, igb_set_coalesce, igb_set_rx_csum } from '../kernel/drivers/net/igb/igb_main';
import {
  NETIF_F_GRO,
  NETIF_F_GSO,
  NETIF_F_HW_CSUM,
  NETIF_F_IP_CSUM,
  NETIF_F_SG,
  NETIF_F_TSO,
  type net_device,
} from '../kernel/include/linux/netdevice';
import { netdev_update_features } from '../kernel/net/core/dev';
import type { Edit } from '../scenario/schema';
import type { Execution } from './cpu';

export type NicEdit = Extract<Edit, { op: 'nic' }>;

/** Offload switches and their feature bits. */
const FEATURES = {
  sg: NETIF_F_SG,
  tso: NETIF_F_TSO,
  gso: NETIF_F_GSO,
  gro: NETIF_F_GRO,
} as const;

/** Pause frames by what a scenario calls them. */
export const FLOW_CONTROL = {
  none: E1000_FC_NONE,
  rx: E1000_FC_RX_PAUSE,
  tx: E1000_FC_TX_PAUSE,
  full: E1000_FC_FULL,
} as const;

/** Does to a device what a scenario's edit says, as `ethtool -K` and `-C` would. Sockets keep what they found when their route was set up. */
export function applyEdit(dev: net_device, edit: NicEdit): void {
  let { features } = dev;
  const sums = dev.netdev_ops === igb_netdev_ops ? NETIF_F_IP_CSUM : NETIF_F_HW_CSUM;
  for (const [name, bit] of Object.entries({ ...FEATURES, txCsum: sums })) {
    const wanted = edit[name as keyof typeof FEATURES | 'txCsum'];
    if (wanted !== undefined) features = wanted ? features | bit : features & ~bit;
  }
  netdev_update_features(dev, features);
  const isIgb = dev.netdev_ops === igb_netdev_ops;
  if (edit.rxCsum !== undefined) (isIgb ? igb_set_rx_csum : e1000_set_rx_csum)(dev, edit.rxCsum);
  if (edit.itr !== undefined) (isIgb ? igb_set_coalesce : e1000_set_coalesce)(dev, edit.itr);
}

/** True when an edit takes the card down and up again, for which a task must sleep. */
export function restarts({ txRing, rxRing, pause, mbps }: NicEdit): boolean {
  return txRing !== undefined || rxRing !== undefined || pause !== undefined || mbps !== undefined;
}

/** What the task of such an edit does: `ethtool -G`, `-A` and `-s`. */
export function* restart(dev: net_device, { txRing, rxRing, pause, mbps }: NicEdit): Execution['code'] {
  const { tx_ring, rx_ring } = adapter_of(dev);
  if (txRing !== undefined || rxRing !== undefined) {
    yield* e1000_set_ringparam(dev, txRing ?? tx_ring.count, rxRing ?? rx_ring.count);
  }
  if (pause !== undefined) yield* e1000_set_pauseparam(dev, FLOW_CONTROL[pause]);
  if (mbps !== undefined) yield* e1000_set_settings(dev, mbps);
}
