/** Mirrors drivers/net/loopback.c (2.6.39): the device by which a host talks to itself. Left out: statistics per CPU. */

import { ops } from '../../../base/dispatch';
import type { Kgen } from '../../arch/current';
import { ETH_HLEN } from '../../include/linux/if_ether';
import {
  IFF_LOOPBACK,
  IFF_XMIT_DST_RELEASE,
  NET_RX_SUCCESS,
  NETDEV_TX_OK,
  NETIF_F_FRAGLIST,
  NETIF_F_LLTX,
  NETIF_F_NO_CSUM,
  NETIF_F_SG,
  NETIF_F_TSO,
  NETIF_F_UFO,
  net_device,
  type net_device_ops,
} from '../../include/linux/netdevice';
import { type sk_buff, skb_orphan } from '../../include/linux/skbuff';
import { dev_open, netif_rx, register_netdevice } from '../../net/core/dev';
import { eth_header_ops, eth_type_trans } from '../../net/ethernet/eth';

/** 16 KiB of data with IP and TCP headers and timestamps, bytes. */
const LOOPBACK_MTU = 16 * 1024 + 20 + 20 + 12;

/**
 * Sends a packet to this very host: it turns round and is received.
 * @modelled drivers/net/loopback.c
 * @cost 15
 */
export function* loopback_xmit(skb: sk_buff, dev: net_device): Kgen<number> {
  skb_orphan(skb);
  skb.protocol = eth_type_trans(skb, dev);
  const { len } = skb;
  if (netif_rx(skb) === NET_RX_SUCCESS) {
    dev.tx_bytes += len;
    dev.tx_packets++;
    dev.rx_bytes += len;
    dev.rx_packets++;
  } else {
    dev.rx_dropped++;
  }
  return NETDEV_TX_OK;
}

const loopback_ops = ops<net_device_ops>('net_device_ops', 'loopback_ops', {
  ndo_start_xmit: loopback_xmit,
  ndo_tx_timeout: null,
  ndo_select_queue: null,
});

/**
 * Gives the device its properties: no queue, no lock, everything that a card could do, and packets keep their route.
 * @modelled drivers/net/loopback.c
 */
export function loopback_setup(dev: net_device): void {
  dev.mtu = LOOPBACK_MTU;
  dev.hard_header_len = ETH_HLEN;
  dev.tx_queue_len = 0;
  dev.flags = dev.flags | IFF_LOOPBACK;
  dev.priv_flags = dev.priv_flags & ~IFF_XMIT_DST_RELEASE;
  dev.features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_TSO | NETIF_F_UFO | NETIF_F_NO_CSUM | NETIF_F_LLTX;
  dev.header_ops = eth_header_ops;
  dev.netdev_ops = loopback_ops;
}

/**
 * Makes the loopback device of a host, and opens it.
 * @modelled drivers/net/loopback.c
 */
export function loopback_net_init(): net_device {
  const dev = new net_device();
  dev.name = 'lo';
  loopback_setup(dev);
  register_netdevice(dev);
  dev_open(dev);
  return dev;
}
