/** Mirrors include/linux/netdevice.h (2.6.39): devices, TX queues, NAPI, per-CPU queues, packet types. */
import {
  byteCount,
  embed,
  flags,
  fn,
  hex32,
  int,
  list,
  mac48,
  ref,
  str,
  struct,
  table,
  u32,
} from '../../../base/struct';
import { type Kgen, kernel_global, smp_processor_id, sysctl } from '../../arch/current';
import type { hh_cache, neighbour } from '../net/dst';
import type { Qdisc } from '../net/sch_generic';
import type { sock } from '../net/sock';
import { CHECKSUM_PARTIAL, type sk_buff, sk_buff_head, skb_shinfo } from './skbuff';
import { call_single_data } from './smp';
import { spin_lock, spin_unlock, spinlock_t } from './spinlock';
import { jiffies, timer_list } from './timer';

export const NETIF_F_SG = 1;
export const NETIF_F_IP_CSUM = 2;
export const NETIF_F_NO_CSUM = 4;
export const NETIF_F_HW_CSUM = 8;
export const NETIF_F_IPV6_CSUM = 16;
export const NETIF_F_FRAGLIST = 64;
export const NETIF_F_GSO = 2048;
export const NETIF_F_LLTX = 4096;
export const NETIF_F_GRO = 16384;
export const NETIF_F_GSO_SHIFT = 16;
export const NETIF_F_TSO = 1 << 16;
export const NETIF_F_UFO = 2 << 16;
export const NETIF_F_ALL_CSUM = NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM | NETIF_F_IPV6_CSUM;
export const NETIF_F_V4_CSUM = NETIF_F_IP_CSUM | NETIF_F_NO_CSUM | NETIF_F_HW_CSUM;
export const NETIF_F_GEN_CSUM = NETIF_F_NO_CSUM | NETIF_F_HW_CSUM;
export const NETIF_F_GSO_SOFTWARE = NETIF_F_TSO | (8 << NETIF_F_GSO_SHIFT);

export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_NOARP = 0x80;
export const IFF_XMIT_DST_RELEASE = 0x400;

export const NETDEV_TX_OK = 0x00;
export const NETDEV_TX_BUSY = 0x10;
export const NETDEV_TX_LOCKED = 0x20;
/** Results of the driver below this mean that the packet was consumed. */
export const NET_XMIT_MASK = 0x0f;
export const NETDEV_TX_MASK = 0xf0;
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
/** Link headers are cached in multiples of this, bytes. */
export const HH_DATA_MOD = 16;

/** Operations of a network driver. */
export interface net_device_ops {
  ndo_start_xmit: (skb: sk_buff, dev: net_device) => Kgen<number>;
  ndo_tx_timeout: ((dev: net_device) => Kgen) | null;
  ndo_select_queue: ((dev: net_device, skb: sk_buff) => number) | null;
}

/** Link layer operations (Ethernet: eth_header_ops). */
export interface header_ops {
  create: (
    skb: sk_buff,
    dev: net_device,
    type: number,
    daddr: number | null,
    saddr: number | null,
    len: number,
  ) => number;
  /** Sender's link address of a packet with its link header in place. */
  parse: ((skb: sk_buff) => number) | null;
  cache: ((neigh: neighbour, hh: hh_cache) => number) | null;
  cache_update: ((hh: hh_cache, dev: net_device, haddr: number) => void) | null;
}

export const netdev_queue = struct('netdev_queue', {
  dev: ref<net_device>('device'),
  qdisc: ref<Qdisc>('qdisc in use'),
  qdisc_sleeping: ref<Qdisc>('qdisc in use while the link is up'),
  state: flags('stopped by the driver, frozen', { __QUEUE_STATE_XOFF, __QUEUE_STATE_FROZEN }),
  _xmit_lock: embed(spinlock_t, 'the TX lock: one CPU in the driver at a time'),
  xmit_lock_owner: int('CPU that holds it, -1: none', -1),
  trans_start: int('jiffies of the last packet given to the driver'),
  index: int('number of the queue'),
});
export interface netdev_queue extends InstanceType<typeof netdev_queue> {}

/** Most queues of a device in each direction: an 82576 with igb has eight. */
export const MAX_DEV_QUEUES = 8;
/** No CPU is chosen. */
export const RPS_NO_CPU = 0xffff;
/** Most flows of a table of receive flow steering. */
export const MAX_RPS_FLOWS = 1024;

/** CPUs that share the packets of a receive queue (rps_cpus). */
export const rps_map = struct('rps_map', { cpus: list(int('CPU'), 8, 'CPUs to choose from') });
export interface rps_map extends InstanceType<typeof rps_map> {}

/** Where a flow of a receive queue is being processed. */
export const rps_dev_flow = struct('rps_dev_flow', {
  cpu: int('CPU its packets go to', RPS_NO_CPU),
  last_qtail: u32('how many packets that CPU had been given when the last one of this flow was'),
});
export interface rps_dev_flow extends InstanceType<typeof rps_dev_flow> {}

/** Flows of one receive queue by their hash (rps_flow_cnt). */
export const rps_dev_flow_table = struct('rps_dev_flow_table', {
  mask: hex32('bits of the hash that choose an entry'),
  flows: list(ref<rps_dev_flow>('flow'), MAX_RPS_FLOWS, 'flows'),
});
export interface rps_dev_flow_table extends InstanceType<typeof rps_dev_flow_table> {}

/** On which CPU the reader of a flow last ran, by the hash of the flow (net.core.rps_sock_flow_entries). */
export const rps_sock_flow_table = struct('rps_sock_flow_table', {
  mask: hex32('bits of the hash that choose an entry'),
  ents: list(int('CPU'), MAX_RPS_FLOWS, 'CPU of the reader; empty: receive flow steering is off'),
});
export interface rps_sock_flow_table extends InstanceType<typeof rps_sock_flow_table> {}

/** The table of this host. */
export const rps_sock_flows = kernel_global(() => {
  const table = new rps_sock_flow_table();
  const wanted = sysctl('core.rps_sock_flow_entries', 0);
  const entries = wanted === 0 ? 0 : 2 ** Math.ceil(Math.log2(wanted));
  for (let n = 0; n < entries; n++) {
    table.ents.push(RPS_NO_CPU);
  }
  table.mask = Math.max(0, entries - 1);
  return table;
});

export const netdev_rx_queue = struct('netdev_rx_queue', {
  dev: ref<net_device>('device'),
  index: int('number of the queue'),
  rps_map: ref<rps_map>('CPUs its packets are steered to, null: not steered'),
  rps_flow_table: ref<rps_dev_flow_table>('flows that follow their readers, null: they do not'),
});
export interface netdev_rx_queue extends InstanceType<typeof netdev_rx_queue> {}

/** TX queues that a CPU uses (the other way round than xps_cpus of a queue). */
export const xps_map = struct('xps_map', { queues: list(int('TX queue'), MAX_DEV_QUEUES, 'TX queues') });
export interface xps_map extends InstanceType<typeof xps_map> {}

export const xps_dev_maps = struct('xps_dev_maps', {
  cpu_map: list(ref<xps_map>('TX queues of a CPU'), 8, 'by CPU'),
});
export interface xps_dev_maps extends InstanceType<typeof xps_dev_maps> {}

export const net_device = struct('net_device', {
  name: str('eth0'),
  ifindex: int('index'),
  mtu: byteCount('MTU', 1500),
  dev_addr: mac48('MAC address'),
  ip_addr: int('IPv4 address of the interface (in Linux: of its in_device)'),
  flags: flags('interface flags', { IFF_UP, IFF_LOOPBACK, IFF_NOARP }),
  priv_flags: flags('private flags', { IFF_XMIT_DST_RELEASE }, IFF_XMIT_DST_RELEASE),
  features: hex32('what the NIC can do (NETIF_F_)'),
  netdev_ops: table<net_device_ops>('operations of the driver'),
  header_ops: table<header_ops>('operations of the link layer'),
  hard_header_len: byteCount('length of the link header', 14),
  tx_queue_len: int('packets a queue may hold', 1000),
  _tx: list(ref<netdev_queue>('TX queue'), MAX_DEV_QUEUES, 'TX queues'),
  num_tx_queues: int('TX queues', 1),
  real_num_tx_queues: int('TX queues in use', 1),
  _rx: list(ref<netdev_rx_queue>('RX queue'), MAX_DEV_QUEUES, 'RX queues'),
  num_rx_queues: int('RX queues', 1),
  real_num_rx_queues: int('RX queues in use', 1),
  qdisc: ref<Qdisc>('root qdisc, as tc shows it'),
  xps_maps: ref<xps_dev_maps>('transmit packet steering: TX queues by CPU, null: off'),
  carrier: int('the link is up', 1),
  gso_max_size: byteCount('largest GSO skb', 65536),
  priv: ref<object>('private data of the driver'),
  watchdog_timeo: int('jiffies a stopped TX queue may stand still, 0: not watched'),
  watchdog_timer: embed(timer_list, 'watches for a TX queue that stands still'),
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
  process_queue: embed(sk_buff_head, 'packets taken off input_pkt_queue'),
  backlog: embed(napi_struct, 'polls these two queues'),
  rps_ipi_list: list(ref<softnet_data>('queues of another CPU'), 8, 'CPUs to interrupt when NET_RX is over'),
  cpu: int('CPU it belongs to'),
  csd: embed(call_single_data, 'interrupts this CPU, so that it polls its backlog'),
  input_queue_head: u32('packets taken off the backlog'),
  input_queue_tail: u32('packets put on the backlog'),
  processed: int('packets taken in'),
  dropped: int('packets dropped at the backlog limit'),
  time_squeeze: int('times the budget or the time ran out'),
  cpu_collision: int('times the lock of a driver was taken by another CPU'),
  received_rps: int('times another CPU asked for a poll of the backlog'),
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
  /** Makes the checksum partial before segmentation of an skb whose checksum is complete. */
  gso_send_check?: ((skb: sk_buff) => number) | null;
}

/** Handlers of received packets. In C two variables of net/core/dev.c; the hash by EtherType is left out. */
export const packet_handlers = struct('packet_handlers', {
  ptype_all: list(ref<packet_type>('tap'), 16, 'taps: see every packet, both ways'),
  ptype_base: list(ref<packet_type>('protocol'), 16, 'protocols by EtherType'),
});
export interface packet_handlers extends InstanceType<typeof packet_handlers> {}

/** Devices of a host (struct net, include/net/net_namespace.h). */
export const net = struct('net', {
  dev_base: list(ref<net_device>('device'), 8, 'devices by index'),
  netstamp_needed: int('who wants received and captured packets stamped'),
});
export interface net extends InstanceType<typeof net> {}

/**
 * TX queue `index` of a device.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netdev_get_tx_queue(dev: net_device, index: number): netdev_queue {
  return dev._tx.at(index);
}

/**
 * True when the device was made with several TX queues.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netif_is_multiqueue(dev: net_device): boolean {
  return dev.num_tx_queues > 1;
}

/**
 * Lets the driver be called for all queues.
 * @modelled include/linux/netdevice.h
 */
export function netif_tx_start_all_queues(dev: net_device): void {
  for (let i = 0; i < dev.num_tx_queues; i++) {
    netif_tx_start_queue(netdev_get_tx_queue(dev, i));
  }
}

/**
 * The driver takes no more packets of any queue. A CPU may be in the driver all the same.
 * @modelled include/linux/netdevice.h
 */
export function netif_tx_stop_all_queues(dev: net_device): void {
  for (let i = 0; i < dev.num_tx_queues; i++) {
    netif_tx_stop_queue(netdev_get_tx_queue(dev, i));
  }
}

/**
 * The driver takes no more packets of this queue.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_stop_subqueue(dev: net_device, queue_index: number): void {
  netif_tx_stop_queue(netdev_get_tx_queue(dev, queue_index));
}

/**
 * True while the driver has stopped this queue.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function __netif_subqueue_stopped(dev: net_device, queue_index: number): boolean {
  return netif_tx_queue_stopped(netdev_get_tx_queue(dev, queue_index));
}

/**
 * Notes on which CPU the reader of a flow runs.
 * @modelled include/linux/netdevice.h
 * @cost 3
 */
export function rps_record_sock_flow(table: rps_sock_flow_table, hash: number): void {
  if (table.ents.length > 0 && hash !== 0) {
    const index = (hash & table.mask) >>> 0;
    const cpu = smp_processor_id();
    if (table.ents.at(index) !== cpu) {
      table.ents.set(index, cpu);
    }
  }
}

/**
 * Forgets on which CPU the reader of a flow runs.
 * @modelled include/linux/netdevice.h
 * @cost 3
 */
export function rps_reset_sock_flow(table: rps_sock_flow_table, hash: number): void {
  if (table.ents.length > 0 && hash !== 0) {
    table.ents.set((hash & table.mask) >>> 0, RPS_NO_CPU);
  }
}

/**
 * True when the features cover this GSO type.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function net_gso_ok(features: number, gso_type: number): boolean {
  const feature = gso_type << NETIF_F_GSO_SHIFT;
  return (features & feature) === feature;
}

/**
 * True when a device with these features cuts this skb itself.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function skb_gso_ok(skb: sk_buff, features: number): boolean {
  return (
    net_gso_ok(features, skb_shinfo(skb).gso_type) &&
    (skb_shinfo(skb).frag_list === null || (features & NETIF_F_FRAGLIST) !== 0)
  );
}

/**
 * True when the skb must be cut in software before the driver gets it.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_needs_gso(skb: sk_buff, features: number): boolean {
  return skb_shinfo(skb).gso_size > 0 && (!skb_gso_ok(skb, features) || skb.ip_summed !== CHECKSUM_PARTIAL);
}

/**
 * True once the device is open.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netif_running(dev: net_device): boolean {
  return (dev.flags & IFF_UP) !== 0;
}

/**
 * True while the link is up.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netif_carrier_ok(dev: net_device): boolean {
  return dev.carrier !== 0;
}

/**
 * Lets the driver be called for this queue.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_tx_start_queue(dev_queue: netdev_queue): void {
  dev_queue.state = dev_queue.state & ~__QUEUE_STATE_XOFF;
}

/**
 * Lets the driver be called for the first queue.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_start_queue(dev: net_device): void {
  netif_tx_start_queue(netdev_get_tx_queue(dev, 0));
}

/**
 * The driver takes no more packets of this queue: its ring is full.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_tx_stop_queue(dev_queue: netdev_queue): void {
  dev_queue.state = dev_queue.state | __QUEUE_STATE_XOFF;
}

/**
 * The driver takes no more packets of its only queue.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_stop_queue(dev: net_device): void {
  netif_tx_stop_queue(netdev_get_tx_queue(dev, 0));
}

/**
 * True while the driver has stopped this queue.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netif_tx_queue_stopped(dev_queue: netdev_queue): boolean {
  return (dev_queue.state & __QUEUE_STATE_XOFF) !== 0;
}

/**
 * True while the driver has stopped its only queue.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function netif_queue_stopped(dev: net_device): boolean {
  return netif_tx_queue_stopped(netdev_get_tx_queue(dev, 0));
}

/**
 * True when no packet may go to the driver: it stopped the queue, or the core froze it.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function netif_tx_queue_frozen_or_stopped(dev_queue: netdev_queue): boolean {
  return (dev_queue.state & (__QUEUE_STATE_XOFF | __QUEUE_STATE_FROZEN)) !== 0;
}

/**
 * Takes the TX lock of a queue and notes who holds it, so that a driver that sends to itself is found out.
 * @modelled include/linux/netdevice.h
 * @cost 4
 */
export function* __netif_tx_lock(txq: netdev_queue, cpu: number): Kgen {
  yield* spin_lock(txq._xmit_lock);
  txq.xmit_lock_owner = cpu;
}

/**
 * Releases the TX lock of a queue.
 * @modelled include/linux/netdevice.h
 * @cost 3
 */
export function __netif_tx_unlock(txq: netdev_queue): void {
  txq.xmit_lock_owner = -1;
  spin_unlock(txq._xmit_lock);
}

/**
 * Notes when the driver last took a packet; drivers without the TX lock do it themselves.
 * @modelled include/linux/netdevice.h
 * @cost 2
 */
export function txq_trans_update(txq: netdev_queue): void {
  if (txq.xmit_lock_owner !== -1) {
    txq.trans_start = jiffies();
  }
}

/**
 * True when a result of the driver means that it took the packet or that the packet is gone.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function dev_xmit_complete(rc: number): boolean {
  return rc < NET_XMIT_MASK;
}

/**
 * True while NAPI is being switched off.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function napi_disable_pending(n: napi_struct): boolean {
  return (n.state & NAPI_STATE_DISABLE) !== 0;
}

/**
 * Claims the poll: true for the one who may schedule it.
 * @modelled include/linux/netdevice.h
 * @cost 15
 */
export function napi_schedule_prep(n: napi_struct): boolean {
  if (napi_disable_pending(n) || (n.state & NAPI_STATE_SCHED) !== 0) {
    return false;
  }
  n.state = n.state | NAPI_STATE_SCHED;
  return true;
}

/**
 * Allows polling.
 * @modelled include/linux/netdevice.h
 * @cost 4
 */
export function napi_enable(n: napi_struct): void {
  n.state = n.state & ~NAPI_STATE_SCHED;
}

/**
 * Room for the link header, in steps of 16 bytes.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function LL_RESERVED_SPACE(dev: net_device): number {
  return (dev.hard_header_len & ~(HH_DATA_MOD - 1)) + HH_DATA_MOD;
}

/**
 * Builds the link header with the operations of the device.
 * @modelled include/linux/netdevice.h
 * @cost 4
 */
export function dev_hard_header(
  skb: sk_buff,
  dev: net_device,
  type: number,
  daddr: number | null,
  saddr: number | null,
  len: number,
): number {
  const ops = dev.header_ops;
  if (ops === null) {
    return 0;
  }
  return ops.create(skb, dev, type, daddr, saddr, len);
}

/**
 * Offset of the header that GRO looks at, from skb.data.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function skb_gro_offset(skb: sk_buff): number {
  return skb.cb.gro_data_offset;
}

/**
 * Bytes from that header on.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function skb_gro_len(skb: sk_buff): number {
  return skb.len - skb.cb.gro_data_offset;
}

/**
 * Moves GRO on to the next header.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function skb_gro_pull(skb: sk_buff, len: number): void {
  skb.cb.gro_data_offset = skb.cb.gro_data_offset + len;
}
