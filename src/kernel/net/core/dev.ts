/**
 * Mirrors net/core/dev.c (2.6.39): from dev_queue_xmit to the driver, the softirqs NET_TX and NET_RX, NAPI, GRO, the
 * receive path up to the protocol handlers, registration of devices and handlers. Inline functions of
 * include/linux/netdevice.h and include/net/pkt_sched.h that reach code of this file stand here too.
 * Left out: VLAN tags in software, bridging and bonding (rx_handler), ingress qdiscs, netpoll, ethtool, flow steering by
 * socket (RFS), transmit steering maps (XPS).
 */
import { heap } from '../../../base/heap';
import { cpu, type Kgen, kernel, kernel_global, per_cpu, smp_processor_id, sysctl } from '../../arch/current';
import { EINVAL, ENETDOWN } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_ALL, ETH_P_IP } from '../../include/linux/if_ether';
import { NET_RX_SOFTIRQ, NET_TX_SOFTIRQ } from '../../include/linux/interrupt';
import { IP_MF, IP_OFFSET, IPPROTO_TCP, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
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
  type napi_struct,
  net,
  type net_device,
  netdev_get_tx_queue,
  netdev_queue,
  netif_needs_gso,
  netif_tx_queue_stopped,
  packet_handlers,
  type packet_type,
  skb_gro_len,
  skb_gro_offset,
  skb_gso_ok,
  softnet_data,
  txq_trans_update,
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
  skb_has_frag_list,
  skb_header_cloned,
  skb_headlen,
  skb_is_gso,
  skb_is_nonlinear,
  skb_orphan,
  skb_reset_mac_header,
  skb_reset_network_header,
  skb_reset_transport_header,
  skb_set_network_header,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { spin_lock, spin_trylock, spin_unlock } from '../../include/linux/spinlock';
import { jiffies } from '../../include/linux/timer';
import { skb_dst_drop, skb_dst_force } from '../../include/net/dst';
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
import {
  __raise_softirq_irqoff,
  in_irq,
  irq_stat,
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
const WEIGHT_P = 64;
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
  sd.backlog.weight = WEIGHT_P;
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

/**
 * Picks a TX queue by the hash of the flow.
 * @simplified the hash of the socket or flow is spread with one multiplication, not with jhash
 */
export function __skb_tx_hash(dev: net_device, skb: sk_buff, num_tx_queues: number): number {
  const sk = skb.sk;
  const hash = sk !== null && sk.skc_hash !== 0 ? sk.skc_hash : skb.protocol ^ skb.rxhash;
  const queues = Math.min(num_tx_queues, dev.num_tx_queues);
  return Math.floor(((Math.imul(hash, 0x9e3779b1) >>> 0) * queues) / 2 ** 32);
}

/**
 * Picks a TX queue by the hash of the flow.
 * @modelled include/linux/netdevice.h
 */
export function skb_tx_hash(dev: net_device, skb: sk_buff): number {
  return __skb_tx_hash(dev, skb, dev.num_tx_queues);
}

/**
 * Chooses the TX queue: the only one, the driver's choice, the socket's last one, or by hash.
 * @modelled net/core/dev.c
 * @omits get_xps_queue: no transmit steering maps
 * @omits sk_tx_queue_set: the queue is remembered by a field write
 */
export function dev_pick_tx(dev: net_device, skb: sk_buff): netdev_queue {
  const select = dev.netdev_ops === null ? null : dev.netdev_ops.ndo_select_queue;
  let queue_index = 0;
  if (dev.num_tx_queues > 1) {
    if (select !== null) {
      queue_index = select(dev, skb);
      if (queue_index >= dev.num_tx_queues) {
        queue_index = 0;
      }
    } else {
      const sk = skb.sk;
      queue_index = sk === null ? -1 : sk.skc_tx_queue_mapping;
      if (queue_index < 0 || skb.ooo_okay || queue_index >= dev.num_tx_queues) {
        queue_index = skb_tx_hash(dev, skb);
        if (sk !== null && sk.sk_dst_cache !== null && skb._skb_refdst === sk.sk_dst_cache) {
          sk.skc_tx_queue_mapping = queue_index;
        }
      }
    }
  }
  skb.queue_mapping = queue_index;
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
    rps_trigger_softirq(remsd);
    kernel.arch.kick(remsd.cpu);
  }
}

/**
 * Has another CPU poll its backlog.
 * @simplified runs before the interrupt is sent; in Linux the interrupted CPU does this itself
 */
export function rps_trigger_softirq(sd: softnet_data): void {
  sd.poll_list.push(sd.backlog);
  const target = kernel.cpus[sd.cpu];
  if (target !== undefined) {
    const stat = irq_stat(target);
    stat.__softirq_pending = stat.__softirq_pending | (1 << NET_RX_SOFTIRQ);
  }
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
 * Appends a packet to the backlog of a CPU; dropped when more than netdev_max_backlog wait there.
 * @modelled net/core/dev.c
 */
export function enqueue_to_backlog(skb: sk_buff, to: number): number {
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
  return NET_RX_SUCCESS;
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
  napi.weight = WEIGHT_P;
  while (work < limit) {
    let skb = __skb_dequeue(sd.process_queue);
    while (skb !== null) {
      yield* __netif_receive_skb(skb);
      work++;
      if (work >= limit) {
        return work;
      }
      skb = __skb_dequeue(sd.process_queue);
    }
    const { qlen } = sd.input_pkt_queue;
    for (let moved = __skb_dequeue(sd.input_pkt_queue); moved !== null; moved = __skb_dequeue(sd.input_pkt_queue)) {
      __skb_queue_tail(sd.process_queue, moved);
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
 * Hash of a received flow: addresses, and ports of TCP and UDP. 0 when there is none.
 * @simplified mixes with multiplications instead of jhash
 */
export function __skb_get_rxhash(skb: sk_buff): number {
  if (skb.protocol !== ETH_P_IP || skb_headlen(skb) < iphdr.size) {
    return 0;
  }
  const iph = new iphdr(skb.data);
  const ihl = (iph.version_ihl & 0xf) * 4;
  const fragment = (iph.frag_off & (IP_MF | IP_OFFSET)) !== 0;
  let ports = 0;
  if (!fragment && (iph.protocol === IPPROTO_TCP || iph.protocol === IPPROTO_UDP) && skb_headlen(skb) >= ihl + 4) {
    ports = heap.readBe16(skb.data + ihl) ^ heap.readBe16(skb.data + ihl + 2);
  }
  const mixed = Math.imul(iph.saddr ^ iph.daddr, 0x9e3779b1) ^ Math.imul(ports + 1, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0 || 1;
}

/**
 * CPU to which receive steering sends a packet, −1: none is chosen.
 * @simplified by the CPU mask of the device and the flow hash; socket flow tables (RFS) are left out
 */
export function get_rps_cpu(dev: net_device, skb: sk_buff): number {
  if (skb.rxhash === 0) {
    skb.rxhash = __skb_get_rxhash(skb);
  }
  if (skb.rxhash === 0) {
    return -1;
  }
  const allowed: number[] = [];
  for (const { id } of kernel.cpus) {
    if ((dev.rps_cpus & (1 << id)) !== 0) {
      allowed.push(id);
    }
  }
  return allowed[Math.floor((skb.rxhash * allowed.length) / 2 ** 32)] ?? -1;
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
  const dev = skb.dev as net_device;
  if (dev.rps_cpus !== 0) {
    const to = get_rps_cpu(dev, skb);
    if (to >= 0) {
      return enqueue_to_backlog(skb, to);
    }
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
 * Registers a device: index, TX queues, and the features every device has because they work in software.
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
