/** Mirrors include/linux/netdevice.h (2.6.39): devices, TX queues, NAPI, per-CPU queues, packet types. */
import { byteCount, embed, flags, fn, hex32, int, list, mac48, ref, str, struct, table } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { Qdisc } from '../net/sch_generic';
import type { sock } from '../net/sock';
import { type sk_buff, sk_buff_head } from './skbuff';
import { spinlock_t } from './spinlock';

export const NETIF_F_SG = 1;
export const NETIF_F_IP_CSUM = 2;
export const NETIF_F_NO_CSUM = 4;
export const NETIF_F_HW_CSUM = 8;
export const NETIF_F_IPV6_CSUM = 16;
export const NETIF_F_HIGHDMA = 32;
export const NETIF_F_FRAGLIST = 64;
export const NETIF_F_HW_VLAN_TX = 128;
export const NETIF_F_GSO = 2048;
export const NETIF_F_LLTX = 4096;
export const NETIF_F_GRO = 16384;
export const NETIF_F_GSO_SHIFT = 16;
export const NETIF_F_TSO = 1 << 16;
export const NETIF_F_RXCSUM = 1 << 29;
export const NETIF_F_ALL_CSUM = NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM | NETIF_F_IPV6_CSUM;
export const NETIF_F_V4_CSUM = NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM;
export const NETIF_F_GEN_CSUM = NETIF_F_NO_CSUM | NETIF_F_HW_CSUM;
export const NETIF_F_GSO_SOFTWARE = NETIF_F_TSO | (8 << NETIF_F_GSO_SHIFT);

export const IFF_UP = 0x1;
export const IFF_XMIT_DST_RELEASE = 0x400;

export const NETDEV_TX_OK = 0x00;
export const NETDEV_TX_BUSY = 0x10;
export const NETDEV_TX_LOCKED = 0x20;
export const NET_RX_SUCCESS = 0;
export const NET_RX_DROP = 1;

/** Masks of the bits in netdev_queue.state. */
export const __QUEUE_STATE_XOFF = 1 << 0;
export const __QUEUE_STATE_FROZEN = 1 << 1;

/** Masks of the bits in napi_struct.state. */
export const NAPI_STATE_SCHED = 1 << 0;
export const NAPI_STATE_DISABLE = 1 << 1;

export const GRO_MERGED = 0;
export const GRO_MERGED_FREE = 1;
export const GRO_HELD = 2;
export const GRO_NORMAL = 3;
export const GRO_DROP = 4;
export const MAX_GRO_SKBS = 8;

/** Operations of a network driver. */
export interface net_device_ops {
  ndo_start_xmit: (skb: sk_buff, dev: net_device) => Kgen<number>;
  ndo_tx_timeout: ((dev: net_device) => Kgen) | null;
  ndo_select_queue: ((dev: net_device, skb: sk_buff) => number) | null;
}

/** Link layer operations (Ethernet: eth_header_ops). */
export interface header_ops {
  create: (skb: sk_buff, dev: net_device, type: number, daddr: number, saddr: number, len: number) => number;
}

export const netdev_queue = struct('netdev_queue', {
  dev: ref<net_device>('device'),
  qdisc: ref<Qdisc>('qdisc in use'),
  state: flags('stopped by the driver, frozen', { __QUEUE_STATE_XOFF, __QUEUE_STATE_FROZEN }),
  _xmit_lock: embed(spinlock_t, 'the TX lock: one CPU in the driver at a time'),
  xmit_lock_owner: int('CPU that holds it, -1: none', -1),
  trans_start: int('jiffies of the last packet given to the driver'),
  index: int('number of the queue'),
});
export interface netdev_queue extends InstanceType<typeof netdev_queue> {}

export const net_device = struct('net_device', {
  name: str('eth0'),
  ifindex: int('index'),
  mtu: byteCount('MTU', 1500),
  dev_addr: mac48('MAC address'),
  ip_addr: int('IPv4 address of the interface (in Linux: of its in_device)'),
  flags: flags('interface flags', { IFF_UP }),
  priv_flags: flags('private flags', { IFF_XMIT_DST_RELEASE }, IFF_XMIT_DST_RELEASE),
  features: hex32('what the NIC can do (NETIF_F_)'),
  netdev_ops: table<net_device_ops>('operations of the driver'),
  header_ops: table<header_ops>('operations of the link layer'),
  hard_header_len: byteCount('length of the link header', 14),
  tx_queue_len: int('packets a queue may hold', 1000),
  _tx: list(ref<netdev_queue>('TX queue'), 8, 'TX queues'),
  num_tx_queues: int('TX queues', 1),
  carrier: int('the link is up', 1),
  gso_max_size: byteCount('largest GSO skb', 65536),
  priv: ref<object>('private data of the driver'),
  tx_packets: int('packets sent'),
  tx_bytes: byteCount('bytes sent'),
  rx_packets: int('packets received'),
  rx_bytes: byteCount('bytes received'),
  rx_dropped: int('packets without a taker'),
  tx_dropped: int('packets dropped on the way out'),
});
export interface net_device extends InstanceType<typeof net_device> {}

export const napi_struct = struct('napi_struct', {
  state: flags('scheduled, being switched off', { NAPI_STATE_SCHED, NAPI_STATE_DISABLE }),
  weight: int('packets a poll may take', 64),
  poll: fn<(napi: napi_struct, budget: number) => Kgen<number>>('the poll function of the driver'),
  dev: ref<net_device>('device'),
  gro_list: ref<sk_buff>('skbs held for merging'),
  gro_count: int('how many'),
  skb: ref<sk_buff>('skb being built'),
});
export interface napi_struct extends InstanceType<typeof napi_struct> {}

/** Per-CPU device queues. */
export const softnet_data = struct('softnet_data', {
  output_queue: ref<Qdisc>('qdiscs to run in NET_TX'),
  output_queue_tailp: ref<Qdisc>('the last of them'),
  poll_list: list(ref<napi_struct>('NAPI instance'), 16, 'NAPI instances to poll in NET_RX'),
  completion_queue: ref<sk_buff>('skbs to free in NET_TX'),
  input_pkt_queue: embed(sk_buff_head, 'packets from netif_rx or another CPU'),
  processed: int('packets taken in'),
  dropped: int('packets dropped at the backlog limit'),
  time_squeeze: int('times the budget or the time ran out'),
});
export interface softnet_data extends InstanceType<typeof softnet_data> {}

/** Who wants packets of a type: an entry of ptype_all or ptype_base. */
export const packet_type = struct('packet_type', {
  type: hex32('EtherType, ETH_P_ALL for a tap'),
  dev: ref<net_device>('device, null: any'),
  func: fn<(skb: sk_buff, dev: net_device, pt: packet_type, orig_dev: net_device) => Kgen<number>>('takes the packet'),
  af_packet_priv: ref<sock>('packet socket of a tap'),
  offload: table<packet_offload>('GSO and GRO of the protocol'),
});
export interface packet_type extends InstanceType<typeof packet_type> {}

/** GSO and GRO functions of a network protocol; in 2.6.39 they stand in struct packet_type itself. */
export interface packet_offload {
  gso_segment: ((skb: sk_buff, features: number) => sk_buff | null) | null;
  gro_receive: ((head: napi_struct, skb: sk_buff) => sk_buff | null) | null;
  gro_complete: ((skb: sk_buff) => number) | null;
}
