import { e1000_set_rx_csum } from '../kernel/drivers/net/e1000/e1000_ethtool';
import { igb_netdev_ops, igb_set_rx_csum } from '../kernel/drivers/net/igb/igb_main';
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

type NicEdit = Extract<Edit, { op: 'nic' }>;

/** Offload switches and their feature bits. */
const FEATURES = {
  sg: NETIF_F_SG,
  tso: NETIF_F_TSO,
  gso: NETIF_F_GSO,
  gro: NETIF_F_GRO,
} as const;

/** Does to a device what a scenario's edit says, as `ethtool -K` would. Sockets keep what they found when their route was set up. */
export function applyEdit(dev: net_device, edit: NicEdit): void {
  let { features } = dev;
  const sums = dev.netdev_ops === igb_netdev_ops ? NETIF_F_IP_CSUM : NETIF_F_HW_CSUM;
  for (const [name, bit] of Object.entries({ ...FEATURES, txCsum: sums })) {
    const wanted = edit[name as keyof typeof FEATURES | 'txCsum'];
    if (wanted !== undefined) features = wanted ? features | bit : features & ~bit;
  }
  netdev_update_features(dev, features);
  if (edit.rxCsum === undefined) return;
  if (dev.netdev_ops === igb_netdev_ops) igb_set_rx_csum(dev, edit.rxCsum);
  else e1000_set_rx_csum(dev, edit.rxCsum);
}
