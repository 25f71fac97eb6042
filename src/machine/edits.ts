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
import { adapter_of as igb_adapter_of } from '../kernel/drivers/net/igb/igb';
import {
  igb_set_coalesce,
  igb_set_pauseparam,
  igb_set_ringparam,
  igb_set_rx_csum,
  igb_set_settings,
} from '../kernel/drivers/net/igb/igb_ethtool';
import { igb_netdev_ops } from '../kernel/drivers/net/igb/igb_main';
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

/** Descriptors of each ring of a card now. */
function rings(dev: net_device, isIgb: boolean): { readonly txRing: number; readonly rxRing: number } {
  if (isIgb) {
    const { tx_ring_count, rx_ring_count } = igb_adapter_of(dev);
    return { txRing: tx_ring_count, rxRing: rx_ring_count };
  }
  const { tx_ring, rx_ring } = adapter_of(dev);
  return { txRing: tx_ring.count, rxRing: rx_ring.count };
}

/** What the task of such an edit does: `ethtool -G`, `-A` and `-s`. */
export function* restart(dev: net_device, { txRing, rxRing, pause, mbps }: NicEdit): Execution['code'] {
  const isIgb = dev.netdev_ops === igb_netdev_ops;
  if (txRing !== undefined || rxRing !== undefined) {
    const now = rings(dev, isIgb);
    yield* (isIgb ? igb_set_ringparam : e1000_set_ringparam)(dev, txRing ?? now.txRing, rxRing ?? now.rxRing);
  }
  if (pause !== undefined) yield* (isIgb ? igb_set_pauseparam : e1000_set_pauseparam)(dev, FLOW_CONTROL[pause]);
  if (mbps !== undefined) yield* (isIgb ? igb_set_settings : e1000_set_settings)(dev, mbps);
}
