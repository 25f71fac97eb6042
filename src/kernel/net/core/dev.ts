/**
 * Mirrors net/core/dev.c (2.6.39): from dev_queue_xmit to the driver, the softirqs NET_TX and NET_RX, NAPI, GRO, the
 * receive path up to the protocol handlers, registration of devices and handlers. Inline functions of
 * include/linux/netdevice.h and include/net/pkt_sched.h that reach code of this file stand here too.
 * Left out: VLAN tags in software, bridging and bonding (rx_handler), ingress qdiscs, netpoll, ethtool.
 */
import { heap } from '../../../base/heap';
import { cpu, type Kgen, kernel, kernel_global, per_cpu, smp_processor_id, sysctl } from '../../arch/current';
import { EINVAL, ENETDOWN } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_ALL, ETH_P_IP } from '../../include/linux/if_ether';
import { NET_RX_SOFTIRQ, NET_TX_SOFTIRQ } from '../../include/linux/interrupt';
import { IP_MF, IP_OFFSET, IPPROTO_TCP, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import { jhash_1word, jhash_3words } from '../../include/linux/jhash';
import {
  __netif_tx_lock,
  __netif_tx_unlock,
  __QUEUE_STATE_XOFF,
  dev_xmit_complete,
  GRO_DROP,
  GRO_HELD,
  GRO_MERGED,
  GRO_MERGED_FREE,
  GRO_NORMAL,
  IFF_UP,
  IFF_XMIT_DST_RELEASE,
  MAX_GRO_SKBS,
  NAPI_STATE_DISABLE,
  NAPI_STATE_SCHED,
  NET_RX_DROP,
  NET_RX_SUCCESS,
  NET_XMIT_MASK,
  NETDEV_TX_BUSY,
  NETDEV_TX_MASK,
  NETDEV_TX_OK,
  NETIF_F_ALL_CSUM,
  NETIF_F_FRAGLIST,
  NETIF_F_GEN_CSUM,
  NETIF_F_GRO,
  NETIF_F_GSO,
  NETIF_F_LLTX,
  NETIF_F_SG,
  NETIF_F_TSO,
  NETIF_F_V4_CSUM,
  napi_disable_pending,
  napi_schedule_prep,
  type napi_struct,
  net,
  net_device,
  netdev_get_tx_queue,
  netdev_queue,
  netdev_rx_queue,
  netif_needs_gso,
  netif_tx_queue_stopped,
  packet_handlers,
  type packet_type,
  rps_dev_flow,
  rps_dev_flow_table,
  rps_map,
  rps_sock_flows,
  skb_gro_len,
  skb_gro_offset,
  skb_gso_ok,
  softnet_data,
  txq_trans_update,
  xps_dev_maps,
  xps_map,
} from '../../include/linux/netdevice';
import {
  __net_timestamp,
  __skb_dequeue,
  __skb_pull,
  __skb_push,
  __skb_queue_tail,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  PACKET_OUTGOING,
  type sk_buff,
  skb_checksum_start_offset,
  skb_clone_writable,
  skb_cloned,
  skb_get_rx_queue,
  skb_has_frag_list,
  skb_header_cloned,
  skb_headlen,
  skb_is_gso,
  skb_is_nonlinear,
  skb_orphan,
  skb_queue_splice_tail_init,
  skb_reset_mac_header,
  skb_reset_network_header,
  skb_reset_transport_header,
  skb_rx_queue_recorded,
  skb_set_network_header,
  skb_set_queue_mapping,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { spin_lock, spin_trylock, spin_unlock } from '../../include/linux/spinlock';
import { jiffies } from '../../include/linux/timer';
import { skb_dst, skb_dst_drop, skb_dst_force } from '../../include/net/dst';
import {
  __QDISC_STATE_DEACTIVATED,
  __QDISC_STATE_SCHED,
  NET_XMIT_DROP,
  NET_XMIT_SUCCESS,
  type Qdisc,
  qdisc_bstats_update,
  qdisc_calculate_pkt_len,
  qdisc_is_running,
  qdisc_qlen,
  qdisc_run_begin,
  qdisc_run_end,
  TCQ_F_CAN_BYPASS,
} from '../../include/net/sch_generic';
import { sk_tx_queue_get, sk_tx_queue_set } from '../../include/net/sock';
import { msleep } from '../../kernel/sched';
import { __smp_call_function_single } from '../../kernel/smp';
import {
  __raise_softirq_irqoff,
  in_irq,
  local_bh_disable,
  local_bh_enable,
  open_softirq,
  raise_softirq_irqoff,
} from '../../kernel/softirq';
import { csum_fold } from '../../lib/checksum';
import { __qdisc_run, dev_activate, sch_direct_xmit } from '../sched/sch_generic';
import {
  __kfree_skb,
  __skb_linearize,
  consume_skb,
  kfree_skb,
  pskb_expand_head,
  skb_checksum,
  skb_clone,
} from './skbuff';

/** Packets one NET_RX may take. */
const NETDEV_BUDGET = 300;
const NETDEV_MAX_BACKLOG = 1000;
const weight_p = (): number => sysctl('core.dev_weight', 64);
/** Fixed part of an Ethernet header, for comparing two of them. */
const ETHER_HEADER_LEN = 14;

/** This CPU's queues. */
export const softnet = per_cpu(softnet_init);

/** The lists ptype_all and ptype_base of this host. */
export const packet_lists = kernel_global(() => new packet_handlers());

/** Devices of this host. */
export const init_net = kernel_global(() => new net());

/**
 * Makes the queues of one CPU.
 * @model part of net_dev_init
 */
function softnet_init(): softnet_data {
  const sd = new softnet_data();
  sd.backlog.poll = process_backlog;
  sd.backlog.weight = weight_p();
  sd.csd.func = rps_trigger_softirq;
  sd.csd.info = sd;
  return sd;
}

/**
 * Makes the queues of each CPU and registers the network softirqs.
 * @modelled net/core/dev.c
 */
export function net_dev_init(): void {
  for (const of of kernel.cpus) {
    softnet(of).cpu = of.id;
  }
  open_softirq(NET_TX_SOFTIRQ, net_tx_action);
  open_softirq(NET_RX_SOFTIRQ, net_rx_action);
}

/**
 * Registers a handler of received packets: a tap, or a protocol.
 * @modelled net/core/dev.c
 */
export function dev_add_pack(pt: packet_type): void {
  ptype_head(pt).insertAt(0, pt);
}

/**
 * Takes a handler of received packets away.
 * @modelled net/core/dev.c
 */
export function dev_remove_pack(pt: packet_type): void {
  ptype_head(pt).remove(pt);
}

/**
 * The list a handler belongs on.
 * @simplified all protocols are on one list, without the hash by EtherType
 * @cost 2
 */
export function ptype_head(pt: packet_type): packet_handlers['ptype_all'] {
  const lists = packet_lists();
  return pt.type === ETH_P_ALL ? lists.ptype_all : lists.ptype_base;
}

/**
 * Asks for time stamps on packets.
 * @modelled net/core/dev.c
 */
export function net_enable_timestamp(): void {
  init_net().netstamp_needed++;
}

/**
 * Wants time stamps no more.
 * @modelled net/core/dev.c
 */
export function net_disable_timestamp(): void {
  init_net().netstamp_needed--;
}

/**
 * Stamps a packet that is about to be captured, if anybody wants that.
 * @modelled net/core/dev.c
 * @cost 4
 */
export function net_timestamp_set(skb: sk_buff): void {
  if (init_net().netstamp_needed > 0) {
    __net_timestamp(skb);
  } else {
    skb.tstamp = 0;
  }
}

/**
 * Stamps a received packet that has no stamp yet, if anybody wants that.
 * @modelled net/core/dev.c
 * @cost 4
 */
export function net_timestamp_check(skb: sk_buff): void {
  if (skb.tstamp === 0 && init_net().netstamp_needed > 0) {
    __net_timestamp(skb);
  }
}

/**
 * Hands an skb that others will get too to one handler, with a reference of its own.
 * @modelled net/core/dev.c
 */
export function* deliver_skb(skb: sk_buff, pt_prev: packet_type, orig_dev: net_device): Kgen<number> {
  skb.users++;
  const func = pt_prev.func as NonNullable<packet_type['func']>;
  return yield* func(skb, skb.dev as net_device, pt_prev, orig_dev);
}

/**
 * Shows an outgoing packet to the taps: one clone for all of them.
 * @modelled net/core/dev.c
 * @cost 25
 */
export function* dev_queue_xmit_nit(skb: sk_buff, dev: net_device): Kgen {
  let skb2: sk_buff | null = null;
  let pt_prev: packet_type | null = null;
  // A tap that comes or goes meanwhile is seen by the next packet, as with RCU.
  for (const ptype of [...packet_lists().ptype_all]) {
    if (ptype.dev !== null && ptype.dev !== dev) {
      continue;
    }
    if (ptype.af_packet_priv !== null && ptype.af_packet_priv === skb.sk) {
      continue;
    }
    if (pt_prev !== null) {
      yield* deliver_skb(skb2 as sk_buff, pt_prev, dev);
      pt_prev = ptype;
      continue;
    }
    skb2 = skb_clone(skb, GFP_ATOMIC);
    if (skb2 === null) {
      break;
    }
    net_timestamp_set(skb2);
    skb_reset_mac_header(skb2);
    if (skb2.network_header < skb2.data || skb2.network_header > skb2.tail) {
      skb_reset_network_header(skb2);
    }
    skb2.transport_header = skb2.network_header;
    skb2.pkt_type = PACKET_OUTGOING;
    pt_prev = ptype;
  }
  if (pt_prev !== null) {
    const func = pt_prev.func as NonNullable<packet_type['func']>;
    yield* func(skb2 as sk_buff, dev, pt_prev, dev);
  }
}

/**
 * Appends a qdisc to this CPU's output queue, for NET_TX.
 * @modelled net/core/dev.c
 */
export function __netif_reschedule(q: Qdisc): void {
  const sd = softnet();
  q.next_sched = null;
  if (sd.output_queue_tailp === null) {
    sd.output_queue = q;
  } else {
    sd.output_queue_tailp.next_sched = q;
  }
  sd.output_queue_tailp = q;
  raise_softirq_irqoff(NET_TX_SOFTIRQ);
}

/**
 * Has NET_TX run a qdisc, unless that is arranged already.
 * @modelled net/core/dev.c
 */
export function __netif_schedule(q: Qdisc): void {
  if ((q.__state & __QDISC_STATE_SCHED) === 0) {
    q.__state = q.__state | __QDISC_STATE_SCHED;
    __netif_reschedule(q);
  }
}

/**
 * Has NET_TX run the qdisc of a TX queue, unless the driver has stopped the queue.
 * @modelled include/linux/netdevice.h
 */
export function netif_schedule_queue(txq: netdev_queue): void {
  if ((txq.state & __QUEUE_STATE_XOFF) === 0 && txq.qdisc !== null) {
    __netif_schedule(txq.qdisc);
  }
}

/**
 * The driver takes packets of this queue again: if it was stopped, its qdisc runs in NET_TX.
 * @modelled include/linux/netdevice.h
 */
export function netif_tx_wake_queue(dev_queue: netdev_queue): void {
  if ((dev_queue.state & __QUEUE_STATE_XOFF) !== 0) {
    dev_queue.state = dev_queue.state & ~__QUEUE_STATE_XOFF;
    if (dev_queue.qdisc !== null) {
      __netif_schedule(dev_queue.qdisc);
    }
  }
}

/**
 * The driver takes packets of this queue again.
 * @modelled include/linux/netdevice.h
 */
export function netif_wake_subqueue(dev: net_device, queue_index: number): void {
  netif_tx_wake_queue(netdev_get_tx_queue(dev, queue_index));
}

/**
 * The driver takes packets of its only queue again.
 * @modelled include/linux/netdevice.h
 */
export function netif_wake_queue(dev: net_device): void {
  netif_tx_wake_queue(netdev_get_tx_queue(dev, 0));
}

/**
 * Sends from a qdisc unless another CPU does. Under the root lock.
 * @modelled include/net/pkt_sched.h
 */
export function* qdisc_run(q: Qdisc): Kgen {
  if (qdisc_run_begin(q)) {
    yield* __qdisc_run(q);
  }
}

/**
 * Frees an skb from a hardirq: with the last reference it waits for NET_TX.
 * @modelled net/core/dev.c
 */
export function dev_kfree_skb_irq(skb: sk_buff): void {
  skb.users--;
  if (skb.users === 0) {
    const sd = softnet();
    skb.next = sd.completion_queue;
    sd.completion_queue = skb;
    raise_softirq_irqoff(NET_TX_SOFTIRQ);
  }
}

/**
 * Frees an skb in any context.
 * @modelled net/core/dev.c
 */
export function dev_kfree_skb_any(skb: sk_buff): void {
  if (in_irq()) {
    dev_kfree_skb_irq(skb);
  } else {
    consume_skb(skb);
  }
}

/**
 * Sums the packet in software and stores the checksum, because the device cannot. 0, or −ENOMEM.
 * @modelled net/core/dev.c
 */
export function skb_checksum_help(skb: sk_buff): number {
  if (skb.ip_summed !== CHECKSUM_COMPLETE && skb_shinfo(skb).gso_size === 0) {
    const start = skb_checksum_start_offset(skb);
    const csum = skb_checksum(skb, start, skb.len - start, 0);
    const offset = start + skb.csum_offset;
    if (skb_cloned(skb) && !skb_clone_writable(skb, offset + 2)) {
      const err = pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
      if (err !== 0) {
        return err;
      }
    }
    heap.writeBe16(skb.data + offset, csum_fold(csum));
  }
  skb.ip_summed = CHECKSUM_NONE;
  return 0;
}

/**
 * Cuts a GSO skb with the function of its network protocol. Null: only the header was to be checked.
 * @simplified null also where Linux returns an error: nobody cuts this protocol, or the headers are malformed
 */
export function skb_gso_segment(skb: sk_buff, features: number): sk_buff | null {
  let segs: sk_buff | null = null;
  skb_reset_mac_header(skb);
  skb.mac_len = skb.network_header - skb.mac_header;
  __skb_pull(skb, skb.mac_len);
  if (skb.ip_summed !== CHECKSUM_PARTIAL && skb_header_cloned(skb)) {
    pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
  }
  for (const ptype of packet_lists().ptype_base) {
    const offload = ptype.offload;
    if (ptype.type !== skb.protocol || ptype.dev !== null || offload === null || offload.gso_segment === null) {
      continue;
    }
    if (skb.ip_summed !== CHECKSUM_PARTIAL) {
      const check = offload.gso_send_check;
      if (check === null || check === undefined || check(skb) !== 0 || skb_gso_ok(skb, features)) {
        break;
      }
      __skb_push(skb, skb.data - skb.network_header);
    }
    const segment = offload.gso_segment;
    segs = segment === null ? null : segment(skb, features);
    break;
  }
  __skb_push(skb, skb.data - skb.mac_header);
  return segs;
}

/**
 * True when the device must not reach a page of the skb: never on a 64-bit machine, which has no high memory.
 * @modelled net/core/dev.c
 * @cost 1
 */
export function illegal_highdma(_dev: net_device, _skb: sk_buff): boolean {
  return false;
}

/**
 * Destructor of a GSO skb whose segments are under way: frees the segments not yet sent.
 * @modelled net/core/dev.c
 */
export function dev_gso_skb_destructor(skb: sk_buff): void {
  while (skb.next !== null) {
    const nskb: sk_buff = skb.next;
    skb.next = nskb.next;
    nskb.next = null;
    kfree_skb(nskb);
  }
  const destructor = skb.cb.gso_destructor;
  if (destructor !== null) {
    destructor(skb);
  }
}

/**
 * Cuts a GSO skb in software; the segments hang on skb.next.
 * @modelled net/core/dev.c
 */
export function dev_gso_segment(skb: sk_buff, features: number): number {
  const segs = skb_gso_segment(skb, features);
  if (segs === null) {
    return 0;
  }
  skb.next = segs;
  skb.cb.gso_destructor = skb.destructor;
  skb.destructor = dev_gso_skb_destructor;
  return 0;
}

/**
 * Ends the socket's charge for the packet before the driver gets it, unless it wants a transmit time stamp.
 * @modelled net/core/dev.c
 */
export function skb_orphan_try(skb: sk_buff): void {
  const sk = skb.sk;
  if (sk !== null && skb_shinfo(skb).tx_flags === 0) {
    if (skb.rxhash === 0) {
      skb.rxhash = sk.skc_hash;
    }
    skb_orphan(skb);
  }
}

/**
 * True when the device can sum this protocol.
 * @modelled net/core/dev.c
 * @cost 3
 */
export function can_checksum_protocol(features: number, protocol: number): boolean {
  return (features & NETIF_F_GEN_CSUM) !== 0 || ((features & NETIF_F_V4_CSUM) !== 0 && protocol === ETH_P_IP);
}

/**
 * Features of the device that hold for this protocol.
 * @modelled net/core/dev.c
 */
export function harmonize_features(skb: sk_buff, protocol: number, features: number): number {
  if (!can_checksum_protocol(features, protocol)) {
    return features & ~NETIF_F_ALL_CSUM & ~NETIF_F_SG;
  }
  if (illegal_highdma(skb.dev as net_device, skb)) {
    return features & ~NETIF_F_SG;
  }
  return features;
}

/**
 * Features of the device that hold for this packet.
 * @modelled net/core/dev.c
 * @omits vlan_tx_tag_present: no VLAN devices
 */
export function netif_skb_features(skb: sk_buff): number {
  return harmonize_features(skb, skb.protocol, (skb.dev as net_device).features);
}

/**
 * True when the data must be gathered in one piece for the driver.
 * @modelled net/core/dev.c
 * @cost 3
 */
export function skb_needs_linearize(skb: sk_buff, features: number): boolean {
  return (
    skb_is_nonlinear(skb) &&
    ((skb_has_frag_list(skb) && (features & NETIF_F_FRAGLIST) === 0) ||
      (skb_shinfo(skb).nr_frags > 0 && (features & NETIF_F_SG) === 0))
  );
}

/**
 * Makes a packet fit the device and gives it to the driver; a GSO skb in as many pieces as needed. Under the TX lock.
 * @modelled net/core/dev.c
 * @omits vlan_put_tag: no VLAN devices
 * @cost 25
 */
export function* dev_hard_start_xmit(skb: sk_buff, dev: net_device, txq: netdev_queue): Kgen<number> {
  const ops = dev.netdev_ops as NonNullable<net_device['netdev_ops']>;
  if (skb.next === null) {
    if ((dev.priv_flags & IFF_XMIT_DST_RELEASE) !== 0) {
      skb_dst_drop(skb);
    }
    if (packet_lists().ptype_all.length > 0) {
      yield* dev_queue_xmit_nit(skb, dev);
    }
    skb_orphan_try(skb);
    const features = netif_skb_features(skb);
    if (netif_needs_gso(skb, features)) {
      if (dev_gso_segment(skb, features) !== 0) {
        kfree_skb(skb);
        return NETDEV_TX_OK;
      }
    } else {
      if (skb_needs_linearize(skb, features) && __skb_linearize(skb) !== 0) {
        kfree_skb(skb);
        return NETDEV_TX_OK;
      }
      if (skb.ip_summed === CHECKSUM_PARTIAL) {
        skb.transport_header = skb.head + skb.csum_start;
        if ((features & NETIF_F_ALL_CSUM) === 0 && skb_checksum_help(skb) !== 0) {
          kfree_skb(skb);
          return NETDEV_TX_OK;
        }
      }
    }
    if (skb.next === null) {
      const rc = yield* ops.ndo_start_xmit(skb, dev);
      if (rc === NETDEV_TX_OK) {
        txq_trans_update(txq);
      }
      return rc;
    }
  }

  let rc = NETDEV_TX_OK;
  while (skb.next !== null) {
    const nskb: sk_buff = skb.next;
    skb.next = nskb.next;
    nskb.next = null;
    if ((dev.priv_flags & IFF_XMIT_DST_RELEASE) !== 0) {
      skb_dst_drop(nskb);
    }
    rc = yield* ops.ndo_start_xmit(nskb, dev);
    if (rc !== NETDEV_TX_OK) {
      if ((rc & ~NETDEV_TX_MASK) !== 0) {
        break;
      }
      nskb.next = skb.next;
      skb.next = nskb;
      return rc;
    }
    txq_trans_update(txq);
    if (netif_tx_queue_stopped(txq) && skb.next !== null) {
      return NETDEV_TX_BUSY;
    }
  }
  if (skb.next === null) {
    skb.destructor = skb.cb.gso_destructor;
  }
  kfree_skb(skb);
  return rc;
}

/** Seed of the hashes by which queues and CPUs are chosen: random for each boot. A static variable, so no call. */
const hashrnd = kernel_global(() => kernel.arch.random32());

/**
 * Picks a TX queue: that of the same number as the RX queue of a packet that is passed on, else by the hash of the flow.
 * @modelled net/core/dev.c
 * @omits netdev_get_prio_tc_map: no traffic classes (num_tc = 0)
 */
export function __skb_tx_hash(_dev: net_device, skb: sk_buff, num_tx_queues: number): number {
  if (skb_rx_queue_recorded(skb)) {
    return skb_get_rx_queue(skb) % num_tx_queues;
  }
  return Math.floor((flow_hash(skb) * num_tx_queues) / 2 ** 32);
}

/** Hash of the connection that a packet belongs to. Stands in both functions that need it in Linux. */
const flow_hash = (skb: sk_buff): number => {
  const sk = skb.sk;
  const hash = sk !== null && sk.skc_hash !== 0 ? sk.skc_hash : skb.protocol ^ skb.rxhash;
  return jhash_1word(hash, hashrnd());
};

/**
 * Picks a TX queue by the hash of the flow.
 * @modelled include/linux/netdevice.h
 */
export function skb_tx_hash(dev: net_device, skb: sk_buff): number {
  return __skb_tx_hash(dev, skb, dev.real_num_tx_queues);
}

/**
 * A TX queue that the driver chose, or 0 if it is not in use.
 * @modelled net/core/dev.c
 * @cost 2
 */
export function dev_cap_txqueue(dev: net_device, queue_index: number): number {
  return queue_index >= dev.real_num_tx_queues ? 0 : queue_index;
}

/**
 * Picks a TX queue of those that this CPU is to use (xps_cpus), by the hash of the flow if there are several; −1: none is set.
 * @modelled net/core/dev.c
 */
export function get_xps_queue(dev: net_device, skb: sk_buff): number {
  const dev_maps = dev.xps_maps;
  if (dev_maps === null || smp_processor_id() >= dev_maps.cpu_map.length) {
    return -1;
  }
  const map = dev_maps.cpu_map.at(smp_processor_id());
  if (map === null || map.queues.length === 0) {
    return -1;
  }
  const { length } = map.queues;
  const queue_index = map.queues.at(length === 1 ? 0 : Math.floor((flow_hash(skb) * length) / 2 ** 32));
  return queue_index >= dev.real_num_tx_queues ? -1 : queue_index;
}

/**
 * Chooses the TX queue: the only one, the driver's choice, the socket's last one, the one of this CPU (XPS), or by hash. A socket's
 * choice stays while packets are under way (ooo_okay), so that none overtakes another.
 * @modelled net/core/dev.c
 */
export function dev_pick_tx(dev: net_device, skb: sk_buff): netdev_queue {
  const select = dev.netdev_ops === null ? null : dev.netdev_ops.ndo_select_queue;
  let queue_index = 0;
  if (dev.real_num_tx_queues === 1) {
    queue_index = 0;
  } else if (select !== null) {
    queue_index = dev_cap_txqueue(dev, select(dev, skb));
  } else {
    const sk = skb.sk;
    queue_index = sk_tx_queue_get(sk);
    if (queue_index < 0 || skb.ooo_okay || queue_index >= dev.real_num_tx_queues) {
      const old_index = queue_index;
      queue_index = get_xps_queue(dev, skb);
      if (queue_index < 0) {
        queue_index = skb_tx_hash(dev, skb);
      }
      if (queue_index !== old_index && sk !== null) {
        const dst = sk.sk_dst_cache;
        if (dst !== null && skb_dst(skb) === dst) {
          sk_tx_queue_set(sk, queue_index);
        }
      }
    }
  }
  skb_set_queue_mapping(skb, queue_index);
  return netdev_get_tx_queue(dev, queue_index);
}

/**
 * Passes a packet through the qdisc of its TX queue: dropped when that is switched off, straight to the driver when it is
 * idle and empty, else queued.
 * @modelled net/core/dev.c
 * @cost 20
 */
export function* __dev_xmit_skb(skb: sk_buff, q: Qdisc, dev: net_device, txq: netdev_queue): Kgen<number> {
  let rc: number;
  qdisc_calculate_pkt_len(skb, q);
  let contended = qdisc_is_running(q);
  if (contended) {
    yield* spin_lock(q.busylock);
  }
  yield* spin_lock(q.root_lock);
  if ((q.__state & __QDISC_STATE_DEACTIVATED) !== 0) {
    kfree_skb(skb);
    rc = NET_XMIT_DROP;
  } else if ((q.flags & TCQ_F_CAN_BYPASS) !== 0 && qdisc_qlen(q) === 0 && qdisc_run_begin(q)) {
    if ((dev.priv_flags & IFF_XMIT_DST_RELEASE) === 0) {
      skb_dst_force(skb);
    }
    qdisc_bstats_update(q, skb);
    if ((yield* sch_direct_xmit(skb, q, dev, txq)) !== 0) {
      if (contended) {
        spin_unlock(q.busylock);
        contended = false;
      }
      yield* __qdisc_run(q);
    } else {
      qdisc_run_end(q);
    }
    rc = NET_XMIT_SUCCESS;
  } else {
    skb_dst_force(skb);
    const ops = q.ops as NonNullable<Qdisc['ops']>;
    const enqueue = ops.enqueue as NonNullable<typeof ops.enqueue>;
    rc = enqueue(skb, q) & NET_XMIT_MASK;
    if (qdisc_run_begin(q)) {
      if (contended) {
        spin_unlock(q.busylock);
        contended = false;
      }
      yield* __qdisc_run(q);
    }
  }
  spin_unlock(q.root_lock);
  if (contended) {
    spin_unlock(q.busylock);
  }
  return rc;
}

/**
 * Queues a packet for a device; consumes it in any case. NET_XMIT code, or −errno.
 * @modelled net/core/dev.c
 * @cost 25
 */
export function* dev_queue_xmit(skb: sk_buff): Kgen<number> {
  const dev = skb.dev as net_device;
  local_bh_disable();
  const txq = dev_pick_tx(dev, skb);
  const q = txq.qdisc;
  let rc = -ENETDOWN;
  if (q !== null && q.ops !== null && q.ops.enqueue !== null) {
    rc = yield* __dev_xmit_skb(skb, q, dev, txq);
    yield* local_bh_enable();
    return rc;
  }
  if ((dev.flags & IFF_UP) !== 0 && txq.xmit_lock_owner !== smp_processor_id()) {
    if ((dev.features & NETIF_F_LLTX) === 0) {
      yield* __netif_tx_lock(txq, smp_processor_id());
    }
    const stopped = netif_tx_queue_stopped(txq);
    if (!stopped) {
      rc = yield* dev_hard_start_xmit(skb, dev, txq);
    }
    if ((dev.features & NETIF_F_LLTX) === 0) {
      __netif_tx_unlock(txq);
    }
    if (!stopped && dev_xmit_complete(rc)) {
      yield* local_bh_enable();
      return rc;
    }
    rc = -ENETDOWN;
  }
  yield* local_bh_enable();
  kfree_skb(skb);
  return rc;
}

/**
 * Softirq NET_TX: frees what was finished in hardirqs, runs the qdiscs that wait.
 * @modelled net/core/dev.c
 * @cost 25
 */
export function* net_tx_action(): Kgen {
  const sd = softnet();
  let clist = sd.completion_queue;
  sd.completion_queue = null;
  while (clist !== null) {
    const skb: sk_buff = clist;
    clist = skb.next;
    skb.next = null;
    __kfree_skb(skb);
  }
  let head = sd.output_queue;
  sd.output_queue = null;
  sd.output_queue_tailp = null;
  while (head !== null) {
    const q: Qdisc = head;
    head = q.next_sched;
    q.next_sched = null;
    if (spin_trylock(q.root_lock)) {
      q.__state = q.__state & ~__QDISC_STATE_SCHED;
      yield* qdisc_run(q);
      spin_unlock(q.root_lock);
    } else if ((q.__state & __QDISC_STATE_DEACTIVATED) === 0) {
      __netif_reschedule(q);
    } else {
      q.__state = q.__state & ~__QDISC_STATE_SCHED;
    }
  }
}

/**
 * Appends a NAPI instance to the poll list of a CPU and raises NET_RX.
 * @modelled net/core/dev.c
 */
export function ____napi_schedule(sd: softnet_data, napi: napi_struct): void {
  sd.poll_list.push(napi);
  __raise_softirq_irqoff(NET_RX_SOFTIRQ);
}

/**
 * Has NET_RX of this CPU poll a NAPI instance.
 * @modelled net/core/dev.c
 */
export function __napi_schedule(n: napi_struct): void {
  ____napi_schedule(softnet(), n);
}

/**
 * Has NET_RX of this CPU poll a NAPI instance, unless that is arranged already.
 * @modelled include/linux/netdevice.h
 * @cost 4
 */
export function napi_schedule(n: napi_struct): void {
  if (napi_schedule_prep(n)) {
    __napi_schedule(n);
  }
}

/**
 * Takes a NAPI instance off the poll list.
 * @modelled net/core/dev.c
 */
export function __napi_complete(n: napi_struct): void {
  softnet().poll_list.remove(n);
  n.state = n.state & ~NAPI_STATE_SCHED;
}

/**
 * Ends polling: packets held for merging go up, interrupts may come again.
 * @modelled net/core/dev.c
 */
export function* napi_complete(n: napi_struct): Kgen {
  if (n.gro_list !== null) {
    yield* napi_gro_flush(n);
  }
  __napi_complete(n);
}

/**
 * Ends polling for good: waits until a poll that is under way, or to come, is over.
 * @modelled include/linux/netdevice.h
 * @cost 8
 */
export function* napi_disable(n: napi_struct): Kgen {
  n.state = n.state | NAPI_STATE_DISABLE;
  while ((n.state & NAPI_STATE_SCHED) !== 0) {
    yield* msleep(1);
  }
  n.state = (n.state | NAPI_STATE_SCHED) & ~NAPI_STATE_DISABLE;
}

/**
 * Makes a NAPI instance of a driver; polling begins with napi_enable.
 * @modelled net/core/dev.c
 */
export function netif_napi_add(
  dev: net_device,
  napi: napi_struct,
  poll: NonNullable<napi_struct['poll']>,
  weight: number,
): void {
  napi.gro_count = 0;
  napi.gro_list = null;
  napi.skb = null;
  napi.poll = poll;
  napi.weight = weight;
  napi.dev = dev;
  napi.state = napi.state | NAPI_STATE_SCHED;
}

/**
 * Softirq NET_RX: polls the NAPI instances of this CPU until none is left, 300 packets are in, or two jiffies have passed.
 * @modelled net/core/dev.c
 * @cost 30
 */
export function* net_rx_action(): Kgen {
  const sd = softnet();
  const time_limit = jiffies() + 2;
  let budget = sysctl('core.netdev_budget', NETDEV_BUDGET);
  while (sd.poll_list.length > 0) {
    if (budget <= 0 || jiffies() > time_limit) {
      sd.time_squeeze++;
      __raise_softirq_irqoff(NET_RX_SOFTIRQ);
      break;
    }
    const n = sd.poll_list.at(0);
    const weight = n.weight;
    let work = 0;
    if ((n.state & NAPI_STATE_SCHED) !== 0) {
      const poll = n.poll as NonNullable<napi_struct['poll']>;
      work = yield* poll(n, weight);
    }
    budget -= work;
    if (work === weight) {
      if (napi_disable_pending(n)) {
        yield* napi_complete(n);
      } else {
        sd.poll_list.remove(n);
        sd.poll_list.push(n);
      }
    }
  }
  net_rps_action_and_irq_enable(sd);
}

/**
 * Interrupts the CPUs to which this NET_RX has steered packets.
 * @modelled net/core/dev.c
 */
export function net_rps_action_and_irq_enable(sd: softnet_data): void {
  for (let remsd = sd.rps_ipi_list.shift(); remsd !== null; remsd = sd.rps_ipi_list.shift()) {
    __smp_call_function_single(remsd.cpu, remsd.csd);
  }
}

/**
 * In the interrupt that another CPU sent: has NET_RX poll the backlog.
 * @modelled net/core/dev.c
 */
export function rps_trigger_softirq(data: object): void {
  const sd = data as softnet_data;
  ____napi_schedule(sd, sd.backlog);
  sd.received_rps++;
}

/**
 * Notes that a backlog of another CPU has work; false when it is this CPU's own.
 * @modelled net/core/dev.c
 */
export function rps_ipi_queued(sd: softnet_data): boolean {
  const mysd = softnet();
  if (sd === mysd) {
    return false;
  }
  mysd.rps_ipi_list.push(sd);
  __raise_softirq_irqoff(NET_RX_SOFTIRQ);
  return true;
}

/**
 * Appends a packet to the backlog of a CPU; dropped when more than netdev_max_backlog wait there. `rflow` notes where the backlog ends
 * then.
 * @modelled net/core/dev.c
 */
export function enqueue_to_backlog(skb: sk_buff, to: number, rflow: rps_dev_flow | null): number {
  const sd = softnet(kernel.cpus[to] ?? cpu);
  const { input_pkt_queue } = sd;
  if (input_pkt_queue.qlen > sysctl('core.netdev_max_backlog', NETDEV_MAX_BACKLOG)) {
    sd.dropped++;
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  if (input_pkt_queue.qlen === 0 && (sd.backlog.state & NAPI_STATE_SCHED) === 0) {
    sd.backlog.state = sd.backlog.state | NAPI_STATE_SCHED;
    if (!rps_ipi_queued(sd)) {
      ____napi_schedule(sd, sd.backlog);
    }
  }
  __skb_queue_tail(input_pkt_queue, skb);
  const qtail = input_queue_tail_incr(sd);
  if (rflow !== null) {
    rflow.last_qtail = qtail;
  }
  return NET_RX_SUCCESS;
}

/**
 * Counts a packet put on the backlog; gives the count.
 * @simplified input_queue_tail_incr_save of include/linux/netdevice.h, which also stores it
 * @cost 1
 */
export function input_queue_tail_incr(sd: softnet_data): number {
  sd.input_queue_tail++;
  return sd.input_queue_tail;
}

/**
 * Counts a packet taken off the backlog.
 * @modelled include/linux/netdevice.h
 * @cost 1
 */
export function input_queue_head_incr(sd: softnet_data): void {
  sd.input_queue_head++;
}

/**
 * Takes a packet from a driver that does not poll: it goes to the backlog of this CPU, or of the one that receive steering
 * chooses.
 * @modelled net/core/dev.c
 * @cost 8
 */
export function netif_rx(skb: sk_buff): number {
  net_timestamp_check(skb);
  const { cpu: to, rflow } = get_rps_cpu(skb.dev as net_device, skb);
  return enqueue_to_backlog(skb, to < 0 ? smp_processor_id() : to, rflow);
}

/**
 * Polls the backlog of this CPU.
 * @modelled net/core/dev.c
 */
export function* process_backlog(napi: napi_struct, quota: number): Kgen<number> {
  const sd = softnet();
  let work = 0;
  let limit = quota;
  if (sd.rps_ipi_list.length > 0) {
    net_rps_action_and_irq_enable(sd);
  }
  napi.weight = weight_p();
  while (work < limit) {
    let skb = __skb_dequeue(sd.process_queue);
    while (skb !== null) {
      yield* __netif_receive_skb(skb);
      input_queue_head_incr(sd);
      work++;
      if (work >= limit) {
        return work;
      }
      skb = __skb_dequeue(sd.process_queue);
    }
    const { qlen } = sd.input_pkt_queue;
    if (qlen > 0) {
      skb_queue_splice_tail_init(sd.input_pkt_queue, sd.process_queue);
    }
    if (qlen < limit - work) {
      sd.poll_list.remove(napi);
      napi.state = 0;
      limit = work + qlen;
    }
  }
  return work;
}

/**
 * Hash of a received flow: addresses, and ports of TCP and UDP; the same for both directions. 0 when there is none.
 * @modelled net/core/dev.c
 * @omits pskb_may_pull: headers are in the linear part here
 */
export function __skb_get_rxhash(skb: sk_buff): number {
  if (skb.protocol !== ETH_P_IP || skb_headlen(skb) < iphdr.size) {
    return 0;
  }
  const iph = new iphdr(skb.data);
  const ihl = (iph.version_ihl & 0xf) * 4;
  const ip_proto = (iph.frag_off & (IP_MF | IP_OFFSET)) !== 0 ? 0 : iph.protocol;
  let ports = 0;
  if ((ip_proto === IPPROTO_TCP || ip_proto === IPPROTO_UDP) && skb_headlen(skb) >= ihl + 4) {
    const one = heap.readBe16(skb.data + ihl);
    const other = heap.readBe16(skb.data + ihl + 2);
    ports = Math.max(one, other) * 65536 + Math.min(one, other);
  }
  const low = Math.min(iph.saddr, iph.daddr);
  const high = Math.max(iph.saddr, iph.daddr);
  return jhash_3words(low, high, ports, hashrnd()) || 1;
}

/**
 * The flow hash of a packet: the one it has, or a new one; 0: it has no flow.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_get_rxhash(skb: sk_buff): number {
  if (skb.rxhash === 0) {
    skb.rxhash = __skb_get_rxhash(skb);
  }
  return skb.rxhash;
}

/**
 * Sends a flow to another CPU from now on.
 * @modelled net/core/dev.c
 * @omits ndo_rx_flow_steer: the cards cannot steer single flows (CONFIG_RFS_ACCEL)
 */
export function set_rps_cpu(rflow: rps_dev_flow, next_cpu: number): void {
  rflow.cpu = next_cpu;
  const target = kernel.cpus[next_cpu];
  if (target !== undefined) {
    rflow.last_qtail = softnet(target).input_queue_head;
  }
}

/** The CPU that receive steering chose; `rflow`: the flow, where it follows its reader. */
export interface rps_choice {
  readonly cpu: number;
  readonly rflow: rps_dev_flow | null;
}

const NOT_STEERED: rps_choice = { cpu: -1, rflow: null };

/**
 * CPU to which receive steering sends a packet, −1: none is chosen. A flow follows its reader (RFS) once the packets that it left on its
 * old CPU have been processed; without flow tables the hash chooses one of the CPUs of the queue (RPS).
 * @modelled net/core/dev.c
 */
export function get_rps_cpu(dev: net_device, skb: sk_buff): rps_choice {
  const index = skb_rx_queue_recorded(skb) ? skb_get_rx_queue(skb) : 0;
  if (index >= dev.real_num_rx_queues || index >= dev._rx.length) {
    return NOT_STEERED;
  }
  const rxqueue = dev._rx.at(index);
  const map = rxqueue.rps_map;
  const flow_table = rxqueue.rps_flow_table;
  if (map !== null) {
    if (map.cpus.length === 1 && flow_table === null) {
      return { cpu: map.cpus.at(0), rflow: null };
    }
  } else if (flow_table === null) {
    return NOT_STEERED;
  }
  skb_reset_network_header(skb);
  const hash = skb_get_rxhash(skb);
  if (hash === 0) {
    return NOT_STEERED;
  }
  const sock_flow_table = rps_sock_flows();
  if (flow_table !== null && sock_flow_table.ents.length > 0) {
    const rflow = flow_table.flows.at((hash & flow_table.mask) >>> 0);
    const next_cpu = sock_flow_table.ents.at((hash & sock_flow_table.mask) >>> 0);
    const old = kernel.cpus[rflow.cpu];
    if (rflow.cpu !== next_cpu && (old === undefined || softnet(old).input_queue_head >= rflow.last_qtail)) {
      set_rps_cpu(rflow, next_cpu);
    }
    if (kernel.cpus[rflow.cpu] !== undefined) {
      return { cpu: rflow.cpu, rflow };
    }
  }
  return map === null ? NOT_STEERED : { cpu: map.cpus.at(Math.floor((hash * map.cpus.length) / 2 ** 32)), rflow: null };
}

/**
 * Takes a VLAN tag off packets of a bond that belong to a VLAN device: there are none here.
 * @modelled net/core/dev.c
 * @cost 2
 */
export function vlan_on_bond_hook(_skb: sk_buff): void {}

/**
 * Hands a received packet to the taps and to the handler of its EtherType, each one step late so that the last one
 * needs no further reference.
 * @modelled net/core/dev.c
 * @omits handle_ing: no ingress qdiscs
 * @omits vlan_hwaccel_do_receive: no VLAN devices
 * @omits netpoll_receive_skb: no netpoll
 * @cost 25
 */
export function* __netif_receive_skb(skb: sk_buff): Kgen<number> {
  const dev = skb.dev as net_device;
  if (skb.skb_iif === 0) {
    skb.skb_iif = dev.ifindex;
  }
  const orig_dev = dev;
  skb_reset_network_header(skb);
  skb_reset_transport_header(skb);
  skb.mac_len = skb.network_header - skb.mac_header;
  let pt_prev: packet_type | null = null;
  softnet().processed++;
  for (const ptype of [...packet_lists().ptype_all]) {
    if (ptype.dev === null || ptype.dev === dev) {
      if (pt_prev !== null) {
        yield* deliver_skb(skb, pt_prev, orig_dev);
      }
      pt_prev = ptype;
    }
  }
  vlan_on_bond_hook(skb);
  for (const ptype of [...packet_lists().ptype_base]) {
    if (ptype.type === skb.protocol && (ptype.dev === null || ptype.dev === dev)) {
      if (pt_prev !== null) {
        yield* deliver_skb(skb, pt_prev, orig_dev);
      }
      pt_prev = ptype;
    }
  }
  if (pt_prev === null) {
    dev.rx_dropped++;
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  const func = pt_prev.func as NonNullable<packet_type['func']>;
  return yield* func(skb, dev, pt_prev, orig_dev);
}

/**
 * Takes a packet from a driver, in softirq context; receive steering may move it to another CPU.
 * @modelled net/core/dev.c
 * @cost 15
 */
export function* netif_receive_skb(skb: sk_buff): Kgen<number> {
  net_timestamp_check(skb);
  const { cpu: to, rflow } = get_rps_cpu(skb.dev as net_device, skb);
  if (to >= 0) {
    return enqueue_to_backlog(skb, to, rflow);
  }
  return yield* __netif_receive_skb(skb);
}

/**
 * Completes a merged skb and sends it up.
 * @modelled net/core/dev.c
 */
export function* napi_gro_complete(skb: sk_buff): Kgen<number> {
  if (skb.cb.gro_count === 1) {
    skb_shinfo(skb).gso_size = 0;
    return yield* netif_receive_skb(skb);
  }
  let err = -EINVAL;
  for (const ptype of packet_lists().ptype_base) {
    const offload = ptype.offload;
    if (ptype.type !== skb.protocol || ptype.dev !== null || offload === null || offload.gro_complete === null) {
      continue;
    }
    err = offload.gro_complete(skb);
    break;
  }
  if (err !== 0) {
    kfree_skb(skb);
    return NET_RX_SUCCESS;
  }
  return yield* netif_receive_skb(skb);
}

/**
 * Sends up everything held for merging.
 * @modelled net/core/dev.c
 */
export function* napi_gro_flush(napi: napi_struct): Kgen {
  let skb = napi.gro_list;
  napi.gro_count = 0;
  napi.gro_list = null;
  while (skb !== null) {
    const next: sk_buff | null = skb.next;
    skb.next = null;
    yield* napi_gro_complete(skb);
    skb = next;
  }
}

/**
 * Takes an skb out of the list of those held for merging.
 * @model the unlinking through a pointer to a pointer in dev_gro_receive
 * @cost 4
 */
function gro_unlink(napi: napi_struct, held: sk_buff): void {
  if (napi.gro_list === held) {
    napi.gro_list = held.next;
  } else {
    for (let p = napi.gro_list; p !== null; p = p.next) {
      if (p.next === held) {
        p.next = held.next;
        break;
      }
    }
  }
  held.next = null;
  napi.gro_count--;
}

/**
 * Lets the network protocol try to merge a packet with one of those held; a new flow is held.
 * @modelled net/core/dev.c
 */
export function* dev_gro_receive(napi: napi_struct, skb: sk_buff): Kgen<number> {
  if (((skb.dev as net_device).features & NETIF_F_GRO) === 0 || skb_is_gso(skb) || skb_has_frag_list(skb)) {
    return GRO_NORMAL;
  }
  let flushed: sk_buff | null = null;
  let found = false;
  for (const ptype of packet_lists().ptype_base) {
    const offload = ptype.offload;
    if (ptype.type !== skb.protocol || ptype.dev !== null || offload === null) {
      continue;
    }
    const receive = offload.gro_receive;
    if (receive === null) {
      continue;
    }
    skb_set_network_header(skb, skb_gro_offset(skb));
    skb.mac_len = skb.network_header - skb.mac_header;
    skb.cb.gro_same_flow = false;
    skb.cb.gro_flush = 0;
    skb.cb.gro_free = false;
    flushed = receive(napi, skb);
    found = true;
    break;
  }
  if (!found) {
    return GRO_NORMAL;
  }
  const same_flow = skb.cb.gro_same_flow;
  const ret = skb.cb.gro_free ? GRO_MERGED_FREE : GRO_MERGED;
  if (flushed !== null) {
    gro_unlink(napi, flushed);
    yield* napi_gro_complete(flushed);
  }
  if (same_flow) {
    return ret;
  }
  if (skb.cb.gro_flush !== 0 || napi.gro_count >= MAX_GRO_SKBS) {
    return GRO_NORMAL;
  }
  napi.gro_count++;
  skb.cb.gro_count = 1;
  skb_shinfo(skb).gso_size = skb_gro_len(skb);
  skb.next = napi.gro_list;
  napi.gro_list = skb;
  return GRO_HELD;
}

/**
 * Marks which of the held skbs have the link header of this one, then lets the protocols decide.
 * @modelled net/core/dev.c
 */
export function* __napi_gro_receive(napi: napi_struct, skb: sk_buff): Kgen<number> {
  for (let p = napi.gro_list; p !== null; p = p.next) {
    p.cb.gro_same_flow =
      p.dev === skb.dev && p.vlan_tci === skb.vlan_tci && same_ether_header(p.mac_header, skb.mac_header);
    p.cb.gro_flush = 0;
  }
  return yield* dev_gro_receive(napi, skb);
}

/**
 * True when two Ethernet headers are equal.
 * @model the inverse of compare_ether_header
 * @cost 3
 */
function same_ether_header(a: number, b: number): boolean {
  for (let i = 0; i < ETHER_HEADER_LEN; i++) {
    if (heap.read8(a + i) !== heap.read8(b + i)) {
      return false;
    }
  }
  return true;
}

/**
 * Acts on what GRO decided: up, freed, or held.
 * @modelled net/core/dev.c
 */
export function* napi_skb_finish(ret: number, skb: sk_buff): Kgen<number> {
  switch (ret) {
    case GRO_NORMAL:
      return (yield* netif_receive_skb(skb)) === NET_RX_SUCCESS ? ret : GRO_DROP;
    case GRO_DROP:
    case GRO_MERGED_FREE:
      kfree_skb(skb);
      return ret;
    default:
      return ret;
  }
}

/**
 * GRO begins at the start of the data.
 * @modelled net/core/dev.c
 */
export function skb_gro_reset_offset(skb: sk_buff): void {
  skb.cb.gro_data_offset = 0;
}

/**
 * Takes a packet from the poll function of a driver; may merge it with earlier ones of its flow.
 * @modelled net/core/dev.c
 * @cost 15
 */
export function* napi_gro_receive(napi: napi_struct, skb: sk_buff): Kgen<number> {
  skb_gro_reset_offset(skb);
  return yield* napi_skb_finish(yield* __napi_gro_receive(napi, skb), skb);
}

/**
 * Removes features that do not work without others: SG without checksum, TSO and GSO without SG.
 * @modelled net/core/dev.c
 */
export function netdev_fix_features(_dev: net_device, features: number): number {
  let fixed = features;
  if ((fixed & NETIF_F_SG) !== 0 && (fixed & NETIF_F_ALL_CSUM) === 0) {
    fixed &= ~NETIF_F_SG;
  }
  if ((fixed & NETIF_F_TSO) !== 0 && (fixed & NETIF_F_SG) === 0) {
    fixed &= ~NETIF_F_TSO;
  }
  if ((fixed & NETIF_F_GSO) !== 0 && (fixed & NETIF_F_SG) === 0) {
    fixed &= ~NETIF_F_GSO;
  }
  return fixed;
}

/**
 * Sets the features of a device to those wanted, without what does not work together (what ethtool does).
 * @simplified takes the wanted features as an argument; drivers are not asked
 */
export function netdev_update_features(dev: net_device, wanted: number): void {
  dev.features = netdev_fix_features(dev, wanted);
}

/**
 * Makes a device with room for several queues each way.
 * @simplified the queues themselves are made when the device is registered
 */
export function alloc_netdev_mqs(txqs: number, rxqs: number): net_device {
  const dev = new net_device();
  dev.num_tx_queues = txqs;
  dev.real_num_tx_queues = txqs;
  dev.num_rx_queues = rxqs;
  dev.real_num_rx_queues = rxqs;
  return dev;
}

/**
 * How many TX queues are in use.
 * @modelled net/core/dev.c
 * @omits qdisc_reset_all_tx_gt: set before the device is opened
 */
export function netif_set_real_num_tx_queues(dev: net_device, txq: number): number {
  if (txq < 1 || txq > dev.num_tx_queues) {
    return -EINVAL;
  }
  dev.real_num_tx_queues = txq;
  return 0;
}

/**
 * How many RX queues are in use.
 * @modelled net/core/dev.c
 */
export function netif_set_real_num_rx_queues(dev: net_device, rxq: number): number {
  if (rxq < 1 || rxq > dev.num_rx_queues) {
    return -EINVAL;
  }
  dev.real_num_rx_queues = rxq;
  return 0;
}

/**
 * Registers a device: index, queues, and the features every device has because they work in software.
 * @simplified no sysfs, no notifier chain
 */
export function register_netdevice(dev: net_device): number {
  const { dev_base } = init_net();
  dev.ifindex = dev_base.length + 1;
  for (let index = dev._tx.length; index < dev.num_tx_queues; index++) {
    const txq = new netdev_queue();
    txq.dev = dev;
    txq.index = index;
    dev._tx.push(txq);
  }
  for (let index = dev._rx.length; index < dev.num_rx_queues; index++) {
    const rxq = new netdev_rx_queue();
    rxq.dev = dev;
    rxq.index = index;
    dev._rx.push(rxq);
  }
  netdev_update_features(dev, dev.features | NETIF_F_GSO | NETIF_F_GRO);
  dev_base.push(dev);
  return 0;
}

/**
 * Opens a device: from now on it sends.
 * @simplified the driver's ndo_open has run before
 */
export function dev_open(dev: net_device): number {
  if ((dev.flags & IFF_UP) === 0) {
    dev.flags = dev.flags | IFF_UP;
    dev_activate(dev);
  }
  return 0;
}

/**
 * The device with this index, or null.
 * @modelled net/core/dev.c
 */
export function dev_get_by_index(ifindex: number): net_device | null {
  for (const dev of init_net().dev_base) {
    if (dev.ifindex === ifindex) {
      return dev;
    }
  }
  return null;
}

/**
 * Sets which CPUs use which TX queue: `queues[n]` are those of queue n.
 * @model stands for writes to /sys/class/net/DEV/queues/tx-N/xps_cpus (net/core/net-sysfs.c)
 */
export function net_model_xps(dev: net_device, queues: readonly (readonly number[])[]): void {
  const maps = new xps_dev_maps();
  for (const { id } of kernel.cpus) {
    const map = new xps_map();
    queues.forEach((cpus, queue) => {
      if (cpus.includes(id)) {
        map.queues.push(queue);
      }
    });
    maps.cpu_map.push(map);
  }
  dev.xps_maps = maps;
}

/**
 * Sets which CPUs share the packets of which RX queue, and how many flows of each follow their readers.
 * @model stands for writes to /sys/class/net/DEV/queues/rx-N/rps_cpus and rps_flow_cnt (net/core/net-sysfs.c)
 */
export function net_model_rps(dev: net_device, queues: readonly (readonly number[])[], flow_cnt: number): void {
  for (const rxq of dev._rx) {
    const cpus = queues[rxq.index] ?? [];
    if (cpus.length > 0) {
      const map = new rps_map();
      for (const id of cpus) {
        map.cpus.push(id);
      }
      rxq.rps_map = map;
    }
    if (flow_cnt > 0 && rxq.index < dev.real_num_rx_queues) {
      const table = new rps_dev_flow_table();
      table.mask = flow_cnt - 1;
      for (let n = 0; n < flow_cnt; n++) {
        table.flows.push(new rps_dev_flow());
      }
      rxq.rps_flow_table = table;
    }
  }
}
