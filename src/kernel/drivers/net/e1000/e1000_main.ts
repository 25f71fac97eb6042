/**
 * Mirrors drivers/net/e1000/e1000_main.c and e1000_param.c (2.6.39): the driver of the Intel 8254x.
 *
 * Modelled: bringing the card up, transmission with checksum and TSO contexts, the interrupt, NAPI polling, cleaning of both rings,
 * copybreak, jumbo frames, refilling, dynamic interrupt rates, the watchdog. Left out: VLAN, wake-up, suspend, ethtool, EEPROM,
 * chips other than the 82540EM and 82545EM, half duplex, resets after a hang.
 */

import { ops } from '../../../../base/dispatch';
import { heap } from '../../../../base/heap';
import type { Kgen } from '../../../arch/current';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import { ETH_DATA_LEN, ETH_FCS_LEN, ETH_HLEN, ETH_P_IP } from '../../../include/linux/if_ether';
import { IRQ_HANDLED, IRQ_NONE } from '../../../include/linux/interrupt';
import { IPPROTO_TCP, iphdr } from '../../../include/linux/ip';
import {
  NETDEV_TX_BUSY,
  NETDEV_TX_OK,
  NETIF_F_GRO,
  NETIF_F_GSO,
  NETIF_F_HW_CSUM,
  NETIF_F_SG,
  NETIF_F_TSO,
  napi_enable,
  napi_schedule_prep,
  type napi_struct,
  net_device,
  type net_device_ops,
  netif_carrier_ok,
  netif_queue_stopped,
  netif_start_queue,
  netif_stop_queue,
} from '../../../include/linux/netdevice';
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  MAX_SKB_FRAGS,
  NET_IP_ALIGN,
  PAGE_SIZE,
  type page,
  type sk_buff,
  skb_fill_page_desc,
  skb_header_cloned,
  skb_headlen,
  skb_is_gso,
  skb_network_header,
  skb_network_offset,
  skb_shinfo,
  skb_tailroom,
  skb_transport_header,
  skb_transport_offset,
} from '../../../include/linux/skbuff';
import { tcphdr } from '../../../include/linux/tcp';
import { HZ, jiffies } from '../../../include/linux/timer';
import { memcpy } from '../../../include/linux/uaccess';
import { request_irq } from '../../../kernel/irq';
import { mod_timer, setup_timer } from '../../../kernel/timer';
import { csum_tcpudp_magic } from '../../../lib/checksum';
import { alloc_pages } from '../../../mm/page_alloc';
import {
  __napi_schedule,
  dev_kfree_skb_any,
  dev_open,
  napi_complete,
  napi_gro_receive,
  netdev_update_features,
  netif_napi_add,
  netif_wake_queue,
  register_netdevice,
} from '../../../net/core/dev';
import {
  consume_skb,
  netdev_alloc_skb_ip_align,
  pskb_expand_head,
  pskb_may_pull,
  pskb_trim,
  skb_put,
  skb_trim,
} from '../../../net/core/skbuff';
import { eth_header_ops, eth_type_trans } from '../../../net/ethernet/eth';
import { DEFAULT_WATCHDOG_TIMEO, netif_carrier_off, netif_carrier_on } from '../../../net/sched/sch_generic';
import {
  clear_rx_desc_status,
  DEFAULT_TIPG,
  E1000_BPRC,
  E1000_COLLISION_THRESHOLD,
  E1000_CRCERRS,
  E1000_CT_SHIFT,
  E1000_CTRL,
  E1000_CTRL_RST,
  E1000_DESC_SIZE,
  E1000_DEV_ID_82540EM,
  E1000_DEV_ID_82545EM_COPPER,
  E1000_GORCL,
  E1000_GOTCL,
  E1000_GPRC,
  E1000_GPTC,
  E1000_ICR,
  E1000_ICR_LSC,
  E1000_ICR_RXDMT0,
  E1000_ICR_RXSEQ,
  E1000_ICS,
  E1000_IMC,
  E1000_IMS,
  E1000_ITR,
  E1000_MPC,
  E1000_PACKET_MEMORY_KB,
  E1000_PBA,
  E1000_PBA_48K,
  E1000_RADV,
  E1000_RAH,
  E1000_RAL,
  E1000_RCTL,
  E1000_RCTL_BAM,
  E1000_RCTL_BSEX,
  E1000_RCTL_EN,
  E1000_RCTL_LPE,
  E1000_RCTL_RDMTS_HALF,
  E1000_RCTL_SZ_2048,
  E1000_RCTL_SZ_4096,
  E1000_RDBAH,
  E1000_RDBAL,
  E1000_RDH,
  E1000_RDLEN,
  E1000_RDT,
  E1000_RDTR,
  E1000_RNBC,
  E1000_RXCSUM,
  E1000_RXCSUM_TUOFL,
  E1000_RXD_ERR_FRAME_ERR_MASK,
  E1000_RXD_ERR_TCPE,
  E1000_RXD_STAT_DD,
  E1000_RXD_STAT_EOP,
  E1000_RXD_STAT_IXSM,
  E1000_RXD_STAT_TCPCS,
  E1000_STATUS,
  E1000_STATUS_LU,
  E1000_TADV,
  E1000_TCTL,
  E1000_TCTL_EN,
  E1000_TCTL_PSP,
  E1000_TCTL_RTLC,
  E1000_TDBAH,
  E1000_TDBAL,
  E1000_TDH,
  E1000_TDLEN,
  E1000_TDT,
  E1000_TIDV,
  E1000_TIPG,
  E1000_TPR,
  E1000_TPT,
  E1000_TSCTC,
  E1000_TXD_CMD_DEXT,
  E1000_TXD_CMD_EOP,
  E1000_TXD_CMD_IDE,
  E1000_TXD_CMD_IFCS,
  E1000_TXD_CMD_IP,
  E1000_TXD_CMD_RS,
  E1000_TXD_CMD_TCP,
  E1000_TXD_CMD_TSE,
  E1000_TXD_DTYP_D,
  E1000_TXD_POPTS_IXSM,
  E1000_TXD_POPTS_TXSM,
  E1000_TXD_STAT_DD,
  e1000_82540,
  e1000_82543,
  e1000_82545,
  e1000_82546,
  e1000_bus_type_pci,
  e1000_bus_type_pcix,
  e1000_check_for_link,
  e1000_get_speed_and_duplex,
  type e1000_hw,
  e1000_read_phy_reg,
  e1000_update_adaptive,
  er32,
  ew32,
  IMS_ENABLE_MASK,
  M88E1000_RX_ERR_CNTR,
  MAXIMUM_ETHERNET_VLAN_SIZE,
  PHY_1000T_STATUS,
  rx_desc_csum,
  rx_desc_errors,
  rx_desc_length,
  rx_desc_status,
  SPEED_10,
  SPEED_100,
  SPEED_1000,
  set_rx_desc_buffer,
  set_tx_desc_lower,
  set_tx_desc_upper,
  tx_desc_lower,
  tx_desc_upper,
  write_context_desc,
  write_tx_desc,
} from './e1000_hw';
import {
  __E1000_DOWN,
  bulk_latency,
  E1000_DEFAULT_RXD,
  E1000_DEFAULT_TXD,
  E1000_MAX_DATA_PER_TXD,
  E1000_MAX_TXD_PWR,
  E1000_RX_BUFFER_WRITE,
  E1000_RXBUFFER_2048,
  E1000_TX_FLAGS_CSUM,
  E1000_TX_FLAGS_IPV4,
  E1000_TX_FLAGS_TSO,
  e1000_adapter,
  e1000_buffer,
  type e1000_rx_ring,
  type e1000_tx_ring,
  low_latency,
  lowest_latency,
  TX_WAKE_THRESHOLD,
  type work_count,
} from './e1000_struct';

/** Free descriptors of a ring. A macro in Linux, so not a function of the call tree. */
const E1000_DESC_UNUSED = (ring: e1000_tx_ring | e1000_rx_ring): number =>
  (ring.next_to_clean > ring.next_to_use ? 0 : ring.count) + ring.next_to_clean - ring.next_to_use - 1;

/** Descriptors that `size` bytes may take, at most 1 << `power` in each. A macro in Linux. */
const TXD_USE_COUNT = (size: number, power: number): number => (size >> power) + 1;

/** Address of descriptor `i` (E1000_TX_DESC and E1000_RX_DESC). */
const E1000_DESC = (ring: e1000_tx_ring | e1000_rx_ring, i: number): number => ring.desc + i * E1000_DESC_SIZE;

/** The adapter of a device (netdev_priv). */
const adapter_of = (netdev: net_device): e1000_adapter => netdev.priv as e1000_adapter;

/** Position of the highest set bit, from 1 (include/asm-generic/bitops/fls.h). */
const fls = (value: number): number => 32 - Math.clz32(value);

/**
 * Allows the interrupts the driver handles.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 10
 */
function e1000_irq_enable(adapter: e1000_adapter): void {
  ew32(adapter.hw, E1000_IMS, IMS_ENABLE_MASK);
  er32(adapter.hw, E1000_STATUS);
}

/**
 * Masks all interrupts of the card.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits synchronize_irq: only used at start-up here
 */
function e1000_irq_disable(adapter: e1000_adapter): void {
  ew32(adapter.hw, E1000_IMC, 0xffffffff);
  er32(adapter.hw, E1000_STATUS);
}

/**
 * Finds out which interrupt rate the traffic of one direction asks for: bulk traffic few, single small packets many.
 * Not in the call tree: compilers fold it into e1000_set_itr.
 */
const e1000_update_itr = (itr_setting: number, packets: number, bytes: number): number => {
  if (packets === 0) {
    return itr_setting;
  }
  const average = Math.trunc(bytes / packets);
  switch (itr_setting) {
    case lowest_latency:
      if (average > 8000) {
        return bulk_latency;
      }
      return packets < 5 && bytes > 512 ? low_latency : lowest_latency;
    case low_latency:
      if (bytes > 10000) {
        if (average > 8000 || packets < 10 || average > 1200) {
          return bulk_latency;
        }
        return packets > 35 ? lowest_latency : low_latency;
      }
      if (average > 2000) {
        return bulk_latency;
      }
      return packets <= 2 && bytes < 512 ? lowest_latency : low_latency;
    default:
      if (bytes > 25000) {
        return packets > 35 ? low_latency : bulk_latency;
      }
      return bytes < 6000 ? low_latency : bulk_latency;
  }
};

/**
 * Sets the interrupt rate (ITR) from what the last polls saw: 70000, 20000 or 4000 interrupts a second. The conservative
 * mode (itr_setting 3) never takes the highest; below gigabit it is 4000.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_update_itr: computed here, in an expression
 * @cost 25
 */
function e1000_set_itr(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  let new_itr = adapter.itr;
  if (hw.mac_type < e1000_82540) {
    return;
  }
  if (adapter.link_speed !== SPEED_1000) {
    new_itr = 4000;
  } else {
    adapter.tx_itr = e1000_update_itr(adapter.tx_itr, adapter.total_tx_packets, adapter.total_tx_bytes);
    if (adapter.itr_setting === 3 && adapter.tx_itr === lowest_latency) {
      adapter.tx_itr = low_latency;
    }
    adapter.rx_itr = e1000_update_itr(adapter.rx_itr, adapter.total_rx_packets, adapter.total_rx_bytes);
    if (adapter.itr_setting === 3 && adapter.rx_itr === lowest_latency) {
      adapter.rx_itr = low_latency;
    }
    switch (Math.max(adapter.rx_itr, adapter.tx_itr)) {
      case lowest_latency:
        new_itr = 70000;
        break;
      case low_latency:
        new_itr = 20000;
        break;
      case bulk_latency:
        new_itr = 4000;
        break;
    }
  }
  if (new_itr !== adapter.itr) {
    if (new_itr > adapter.itr) {
      new_itr = Math.min(adapter.itr + (new_itr >> 2), new_itr);
    }
    adapter.itr = new_itr;
    ew32(hw, E1000_ITR, Math.trunc(1_000_000_000 / (new_itr * 256)));
  }
}

/**
 * Releases what one transmit descriptor stood for: the mapping, and the skb with its last piece.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits dma_unmap_single: there is no IOMMU
 * @cost 10
 */
function e1000_unmap_and_free_tx_resource(_adapter: e1000_adapter, buffer_info: e1000_buffer): void {
  buffer_info.dma = 0;
  const skb = buffer_info.skb;
  if (skb !== null) {
    dev_kfree_skb_any(skb);
    buffer_info.skb = null;
  }
  buffer_info.time_stamp = 0;
}

/**
 * Writes the context descriptor of a GSO skb, so that the card cuts it. 1: done, 0: not GSO, negative: no memory. The card fills
 * in lengths and checksums of each segment, so they are zeroed; the TCP checksum keeps the pseudo-header without length.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 15
 */
function e1000_tso(_adapter: e1000_adapter, tx_ring: e1000_tx_ring, skb: sk_buff): number {
  if (!skb_is_gso(skb)) {
    return 0;
  }
  if (skb_header_cloned(skb)) {
    const err = pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
    if (err !== 0) {
      return err;
    }
  }
  const th = new tcphdr(skb_transport_header(skb));
  const hdr_len = skb_transport_offset(skb) + (th.doff_res >> 4) * 4;
  const mss = skb_shinfo(skb).gso_size;
  let cmd_length = E1000_TXD_CMD_DEXT | E1000_TXD_CMD_TSE | E1000_TXD_CMD_TCP | (skb.len - hdr_len);
  let ipcse = 0;
  if (skb.protocol === ETH_P_IP) {
    const iph = new iphdr(skb_network_header(skb));
    iph.tot_len = 0;
    iph.check = 0;
    th.check = ~csum_tcpudp_magic(iph.saddr, iph.daddr, 0, IPPROTO_TCP, 0) & 0xffff;
    cmd_length |= E1000_TXD_CMD_IP;
    ipcse = skb_transport_offset(skb) - 1;
  }
  let i = tx_ring.next_to_use;
  const ipcss = skb_network_offset(skb);
  const tucss = skb_transport_offset(skb);
  write_context_desc(E1000_DESC(tx_ring, i), {
    ipcss,
    ipcso: ipcss + 10,
    ipcse,
    tucss,
    tucso: tucss + 16,
    tucse: 0,
    mss,
    hdr_len,
    cmd_and_length: cmd_length,
  });
  const buffer_info = tx_ring.buffer_info.at(i);
  buffer_info.time_stamp = jiffies();
  buffer_info.next_to_watch = i;
  if (++i === tx_ring.count) {
    i = 0;
  }
  tx_ring.next_to_use = i;
  return 1;
}

/**
 * Writes the context descriptor for an skb whose transport checksum the card is to insert: where to begin, where to store.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 10
 */
function e1000_tx_csum(_adapter: e1000_adapter, tx_ring: e1000_tx_ring, skb: sk_buff): boolean {
  if (skb.ip_summed !== CHECKSUM_PARTIAL) {
    return false;
  }
  let cmd_len = E1000_TXD_CMD_DEXT;
  if (skb.protocol === ETH_P_IP && new iphdr(skb_network_header(skb)).protocol === IPPROTO_TCP) {
    cmd_len |= E1000_TXD_CMD_TCP;
  }
  const css = skb_transport_offset(skb);
  let i = tx_ring.next_to_use;
  write_context_desc(E1000_DESC(tx_ring, i), {
    ipcss: 0,
    ipcso: 0,
    ipcse: 0,
    tucss: css,
    tucso: css + skb.csum_offset,
    tucse: 0,
    mss: 0,
    hdr_len: 0,
    cmd_and_length: cmd_len,
  });
  const buffer_info = tx_ring.buffer_info.at(i);
  buffer_info.time_stamp = jiffies();
  buffer_info.next_to_watch = i;
  if (++i === tx_ring.count) {
    i = 0;
  }
  tx_ring.next_to_use = i;
  return true;
}

/**
 * Maps the linear data and the fragments of an skb for DMA, in pieces of at most `max_per_txd` bytes: one e1000_buffer a piece. The
 * last keeps the skb; the first notes it as the one to watch. Gives the number of pieces.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits dma_map_single: bus addresses are RAM addresses, and mapping never fails
 * @cost 20
 */
function e1000_tx_map(
  adapter: e1000_adapter,
  tx_ring: e1000_tx_ring,
  skb: sk_buff,
  first: number,
  max_per_txd: number,
  nr_frags: number,
  mss: number,
): number {
  const pcix = adapter.hw.bus_type === e1000_bus_type_pcix;
  let len = skb_headlen(skb);
  let offset = 0;
  let count = 0;
  let i = tx_ring.next_to_use;
  while (len > 0) {
    const buffer_info = tx_ring.buffer_info.at(i);
    let size = Math.min(len, max_per_txd);
    if (skb.data_len === 0 && tx_ring.last_tx_tso && !skb_is_gso(skb)) {
      tx_ring.last_tx_tso = false;
      size -= 4;
    }
    if (mss !== 0 && nr_frags === 0 && size === len && size > 8) {
      size -= 4;
    }
    if (pcix && size > 2015 && count === 0) {
      size = 2015;
    }
    buffer_info.length = size;
    buffer_info.time_stamp = jiffies();
    buffer_info.mapped_as_page = false;
    buffer_info.dma = skb.data + offset;
    buffer_info.next_to_watch = i;
    len -= size;
    offset += size;
    count++;
    if (len > 0 && ++i === tx_ring.count) {
      i = 0;
    }
  }
  for (let f = 0; f < nr_frags; f++) {
    const frag = skb_shinfo(skb).frags.at(f);
    len = frag.size;
    offset = frag.page_offset;
    while (len > 0) {
      if (++i === tx_ring.count) {
        i = 0;
      }
      const buffer_info = tx_ring.buffer_info.at(i);
      let size = Math.min(len, max_per_txd);
      if (mss !== 0 && f === nr_frags - 1 && size === len && size > 8) {
        size -= 4;
      }
      buffer_info.length = size;
      buffer_info.time_stamp = jiffies();
      buffer_info.mapped_as_page = true;
      buffer_info.dma = (frag.page as page).virtual + offset;
      buffer_info.next_to_watch = i;
      len -= size;
      offset += size;
      count++;
    }
  }
  tx_ring.buffer_info.at(i).skb = skb;
  tx_ring.buffer_info.at(first).next_to_watch = i;
  return count;
}

/**
 * Writes the data descriptors of a mapped packet and rings the doorbell (TDT): from here on the card has it.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 15
 */
function e1000_tx_queue(adapter: e1000_adapter, tx_ring: e1000_tx_ring, tx_flags: number, count: number): void {
  let txd_upper = 0;
  let txd_lower = E1000_TXD_CMD_IFCS;
  if ((tx_flags & E1000_TX_FLAGS_TSO) !== 0) {
    txd_lower |= E1000_TXD_CMD_DEXT | E1000_TXD_DTYP_D | E1000_TXD_CMD_TSE;
    txd_upper |= E1000_TXD_POPTS_TXSM << 8;
    if ((tx_flags & E1000_TX_FLAGS_IPV4) !== 0) {
      txd_upper |= E1000_TXD_POPTS_IXSM << 8;
    }
  }
  if ((tx_flags & E1000_TX_FLAGS_CSUM) !== 0) {
    txd_lower |= E1000_TXD_CMD_DEXT | E1000_TXD_DTYP_D;
    txd_upper |= E1000_TXD_POPTS_TXSM << 8;
  }
  let i = tx_ring.next_to_use;
  let tx_desc = 0;
  for (let left = count; left > 0; left--) {
    const buffer_info = tx_ring.buffer_info.at(i);
    tx_desc = E1000_DESC(tx_ring, i);
    write_tx_desc(tx_desc, buffer_info.dma, txd_lower | buffer_info.length, txd_upper);
    if (++i === tx_ring.count) {
      i = 0;
    }
  }
  set_tx_desc_lower(tx_desc, tx_desc_lower(tx_desc) | adapter.txd_cmd);
  tx_ring.next_to_use = i;
  ew32(adapter.hw, tx_ring.tdt, i);
}

/**
 * Stops the queue because `size` descriptors are not free, and looks again: the cleaning CPU may just have made room. 0: there is
 * room after all.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 30
 */
function __e1000_maybe_stop_tx(netdev: net_device, size: number): number {
  const adapter = adapter_of(netdev);
  netif_stop_queue(netdev);
  if (E1000_DESC_UNUSED(adapter.tx_ring) < size) {
    return NETDEV_TX_BUSY;
  }
  netif_start_queue(netdev);
  adapter.restart_queue++;
  return 0;
}

/**
 * Stops the queue unless `size` descriptors are free. 0: they are.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 4
 */
function e1000_maybe_stop_tx(netdev: net_device, tx_ring: e1000_tx_ring, size: number): number {
  if (E1000_DESC_UNUSED(tx_ring) >= size) {
    return 0;
  }
  return __e1000_maybe_stop_tx(netdev, size);
}

/**
 * Puts an skb into the transmit ring (ndo_start_xmit). Called with the TX lock held. NETDEV_TX_BUSY when the ring is too full for
 * the most descriptors it could take.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_82547_fifo_workaround: another chip
 * @omits vlan_tx_tag_present: no VLAN
 * @cost 30
 */
function* e1000_xmit_frame(skb: sk_buff, netdev: net_device): Kgen<number> {
  const adapter = adapter_of(netdev);
  const hw = adapter.hw;
  const tx_ring = adapter.tx_ring;
  let max_per_txd = E1000_MAX_DATA_PER_TXD;
  let max_txd_pwr = E1000_MAX_TXD_PWR;
  let tx_flags = 0;
  const len = skb_headlen(skb);
  if (skb.len <= 0) {
    dev_kfree_skb_any(skb);
    return NETDEV_TX_OK;
  }
  const mss = skb_shinfo(skb).gso_size;
  if (mss !== 0) {
    max_per_txd = Math.min(mss << 2, max_per_txd);
    max_txd_pwr = fls(max_per_txd) - 1;
  }
  let count = 0;
  if (mss !== 0 || skb.ip_summed === CHECKSUM_PARTIAL) {
    count++;
  }
  count++;
  if (skb.data_len === 0 && tx_ring.last_tx_tso && !skb_is_gso(skb)) {
    count++;
  }
  count += TXD_USE_COUNT(len, max_txd_pwr);
  if (hw.bus_type === e1000_bus_type_pcix && len > 2015) {
    count++;
  }
  const nr_frags = skb_shinfo(skb).nr_frags;
  for (let f = 0; f < nr_frags; f++) {
    count += TXD_USE_COUNT(skb_shinfo(skb).frags.at(f).size, max_txd_pwr);
  }
  if (e1000_maybe_stop_tx(netdev, tx_ring, count + 2) !== 0) {
    return NETDEV_TX_BUSY;
  }
  const first = tx_ring.next_to_use;
  const tso = e1000_tso(adapter, tx_ring, skb);
  if (tso < 0) {
    dev_kfree_skb_any(skb);
    return NETDEV_TX_OK;
  }
  if (tso > 0) {
    tx_ring.last_tx_tso = true;
    tx_flags |= E1000_TX_FLAGS_TSO;
  } else if (e1000_tx_csum(adapter, tx_ring, skb)) {
    tx_flags |= E1000_TX_FLAGS_CSUM;
  }
  if (skb.protocol === ETH_P_IP) {
    tx_flags |= E1000_TX_FLAGS_IPV4;
  }
  count = e1000_tx_map(adapter, tx_ring, skb, first, max_per_txd, nr_frags, mss);
  if (count > 0) {
    e1000_tx_queue(adapter, tx_ring, tx_flags, count);
    e1000_maybe_stop_tx(netdev, tx_ring, MAX_SKB_FRAGS + 2);
  } else {
    dev_kfree_skb_any(skb);
    tx_ring.buffer_info.at(first).time_stamp = 0;
    tx_ring.next_to_use = first;
  }
  return NETDEV_TX_OK;
}

/**
 * The stack found the queue stopped for too long (ndo_tx_timeout).
 * @simplified counts it, but does not reset the card
 */
function* e1000_tx_timeout(netdev: net_device): Kgen {
  adapter_of(netdev).tx_timeout_count++;
}

/**
 * Interrupt handler: reads and so clears the causes, masks the card and hands over to NAPI.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 30
 */
function* e1000_intr(_irq: number, data: net_device): Kgen<number> {
  const adapter = adapter_of(data);
  const hw = adapter.hw;
  const icr = er32(hw, E1000_ICR);
  if (icr === 0) {
    return IRQ_NONE;
  }
  if ((adapter.flags & __E1000_DOWN) !== 0) {
    return IRQ_HANDLED;
  }
  if ((icr & (E1000_ICR_RXSEQ | E1000_ICR_LSC)) !== 0) {
    hw.get_link_status = true;
    mod_timer(adapter.watchdog_timer, jiffies() + 1);
  }
  ew32(hw, E1000_IMC, 0xffffffff);
  er32(hw, E1000_STATUS);
  if (napi_schedule_prep(adapter.napi)) {
    adapter.total_tx_bytes = 0;
    adapter.total_tx_packets = 0;
    adapter.total_rx_bytes = 0;
    adapter.total_rx_packets = 0;
    __napi_schedule(adapter.napi);
  } else {
    e1000_irq_enable(adapter);
  }
  return IRQ_HANDLED;
}

/**
 * NAPI poll: cleans the transmit ring, takes in at most `budget` packets, and when nothing is left allows interrupts again. Gives the
 * packets taken in, or `budget` to be polled again.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 20
 */
function* e1000_clean(napi: napi_struct, budget: number): Kgen<number> {
  const adapter = adapter_of(napi.dev as net_device);
  const work_done = { value: 0 };
  const tx_clean_complete = yield* e1000_clean_tx_irq(adapter, adapter.tx_ring);
  const clean_rx = adapter.clean_rx;
  if (clean_rx !== null) {
    yield* clean_rx(adapter, adapter.rx_ring, work_done, budget);
  }
  if (!tx_clean_complete) {
    work_done.value = budget;
  }
  if (work_done.value < budget) {
    if ((adapter.itr_setting & 3) !== 0) {
      e1000_set_itr(adapter);
    }
    yield* napi_complete(napi);
    if ((adapter.flags & __E1000_DOWN) === 0) {
      e1000_irq_enable(adapter);
    }
  }
  return work_done.value;
}

/**
 * Frees the packets the card is done with (DD in the last descriptor of each) and wakes a stopped queue once 32 descriptors are
 * free. True unless a whole ring was cleaned: then there may be more.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_dump: only prints
 * @cost 25
 */
function* e1000_clean_tx_irq(adapter: e1000_adapter, tx_ring: e1000_tx_ring): Kgen<boolean> {
  const netdev = adapter.netdev as net_device;
  let count = 0;
  let total_tx_bytes = 0;
  let total_tx_packets = 0;
  let i = tx_ring.next_to_clean;
  let eop = tx_ring.buffer_info.at(i).next_to_watch;
  while ((tx_desc_upper(E1000_DESC(tx_ring, eop)) & E1000_TXD_STAT_DD) !== 0 && count < tx_ring.count) {
    for (let cleaned = false; !cleaned; count++) {
      const buffer_info = tx_ring.buffer_info.at(i);
      cleaned = i === eop;
      if (cleaned) {
        const skb = buffer_info.skb as sk_buff;
        const segs = skb_shinfo(skb).gso_segs === 0 ? 1 : skb_shinfo(skb).gso_segs;
        total_tx_packets += segs;
        total_tx_bytes += (segs - 1) * skb_headlen(skb) + skb.len;
      }
      e1000_unmap_and_free_tx_resource(adapter, buffer_info);
      set_tx_desc_upper(E1000_DESC(tx_ring, i), 0);
      if (++i === tx_ring.count) {
        i = 0;
      }
    }
    eop = tx_ring.buffer_info.at(i).next_to_watch;
  }
  tx_ring.next_to_clean = i;
  if (count > 0 && netif_carrier_ok(netdev) && E1000_DESC_UNUSED(tx_ring) >= TX_WAKE_THRESHOLD) {
    if (netif_queue_stopped(netdev) && (adapter.flags & __E1000_DOWN) === 0) {
      netif_wake_queue(netdev);
      adapter.restart_queue++;
    }
  }
  if (adapter.detect_tx_hung) {
    adapter.detect_tx_hung = false;
    const queued = tx_ring.buffer_info.at(eop).time_stamp;
    if (queued !== 0 && jiffies() > queued + adapter.tx_timeout_factor * HZ) {
      netif_stop_queue(netdev);
    }
  }
  adapter.total_tx_bytes += total_tx_bytes;
  adapter.total_tx_packets += total_tx_packets;
  netdev.tx_bytes += total_tx_bytes;
  netdev.tx_packets += total_tx_packets;
  return count < tx_ring.count;
}

/**
 * Takes over the card's verdict on the checksum of a received packet.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 6
 */
function e1000_rx_checksum(adapter: e1000_adapter, status_err: number, _csum: number, skb: sk_buff): void {
  const status = status_err & 0xffff;
  const errors = (status_err >>> 24) & 0xff;
  skb.ip_summed = CHECKSUM_NONE;
  if (adapter.hw.mac_type < e1000_82543) {
    return;
  }
  if ((status & E1000_RXD_STAT_IXSM) !== 0) {
    return;
  }
  if ((errors & E1000_RXD_ERR_TCPE) !== 0) {
    adapter.hw_csum_err++;
    return;
  }
  if ((status & E1000_RXD_STAT_TCPCS) === 0) {
    return;
  }
  skb.ip_summed = CHECKSUM_UNNECESSARY;
  adapter.hw_csum_good++;
}

/**
 * Hands a received skb to the stack.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits vlan_gro_receive: no VLAN
 * @cost 8
 */
function* e1000_receive_skb(adapter: e1000_adapter, _status: number, _vlan: number, skb: sk_buff): Kgen {
  skb.protocol = eth_type_trans(skb, adapter.netdev as net_device);
  yield* napi_gro_receive(adapter.napi, skb);
}

/**
 * Copies a short frame into an skb of its own, so that the posted buffer goes back into the ring. Gives the skb to pass on (in
 * Linux through a pointer): the copy, or the posted one.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits skb_copy_to_linear_data_offset: a plain copy
 * @cost 8
 */
function e1000_check_copybreak(netdev: net_device, buffer_info: e1000_buffer, length: number, skb: sk_buff): sk_buff {
  if (length > adapter_of(netdev).copybreak) {
    return skb;
  }
  const new_skb = netdev_alloc_skb_ip_align(netdev, length);
  if (new_skb === null) {
    return skb;
  }
  memcpy(new_skb.data - NET_IP_ALIGN, skb.data - NET_IP_ALIGN, length + NET_IP_ALIGN);
  buffer_info.skb = skb;
  return new_skb;
}

/**
 * Takes the frames the card has written to memory (DD) out of the receive ring, at most `work_to_do`, hands them to the stack and
 * posts new buffers.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_tbi_adjust_stats: fibre only
 * @omits dma_unmap_single: there is no IOMMU
 * @cost 30
 */
function* e1000_clean_rx_irq(
  adapter: e1000_adapter,
  rx_ring: e1000_rx_ring,
  work_done: work_count,
  work_to_do: number,
): Kgen<boolean> {
  const netdev = adapter.netdev as net_device;
  let cleaned_count = 0;
  let cleaned = false;
  let total_rx_bytes = 0;
  let total_rx_packets = 0;
  let i = rx_ring.next_to_clean;
  let rx_desc = E1000_DESC(rx_ring, i);
  let buffer_info = rx_ring.buffer_info.at(i);
  let status = rx_desc_status(rx_desc);
  while ((status & E1000_RXD_STAT_DD) !== 0) {
    if (work_done.value >= work_to_do) {
      break;
    }
    work_done.value++;
    let skb = buffer_info.skb as sk_buff;
    buffer_info.skb = null;
    if (++i === rx_ring.count) {
      i = 0;
    }
    cleaned = true;
    cleaned_count++;
    buffer_info.dma = 0;
    let length = rx_desc_length(rx_desc);
    const errors = rx_desc_errors(rx_desc);
    if ((status & E1000_RXD_STAT_EOP) === 0) {
      adapter.discarding = true;
    }
    if (adapter.discarding) {
      buffer_info.skb = skb;
      if ((status & E1000_RXD_STAT_EOP) !== 0) {
        adapter.discarding = false;
      }
    } else if ((errors & E1000_RXD_ERR_FRAME_ERR_MASK) !== 0) {
      buffer_info.skb = skb;
    } else {
      length -= 4;
      total_rx_bytes += length;
      total_rx_packets++;
      skb = e1000_check_copybreak(netdev, buffer_info, length, skb);
      skb_put(skb, length);
      e1000_rx_checksum(adapter, (status | (errors << 24)) >>> 0, rx_desc_csum(rx_desc), skb);
      yield* e1000_receive_skb(adapter, status, 0, skb);
    }
    clear_rx_desc_status(rx_desc);
    if (cleaned_count >= E1000_RX_BUFFER_WRITE) {
      const refill = adapter.alloc_rx_buf;
      if (refill !== null) {
        refill(adapter, rx_ring, cleaned_count);
      }
      cleaned_count = 0;
    }
    rx_desc = E1000_DESC(rx_ring, i);
    buffer_info = rx_ring.buffer_info.at(i);
    status = rx_desc_status(rx_desc);
  }
  rx_ring.next_to_clean = i;
  cleaned_count = E1000_DESC_UNUSED(rx_ring);
  if (cleaned_count > 0) {
    const refill = adapter.alloc_rx_buf;
    if (refill !== null) {
      refill(adapter, rx_ring, cleaned_count);
    }
  }
  adapter.total_rx_packets += total_rx_packets;
  adapter.total_rx_bytes += total_rx_bytes;
  netdev.rx_bytes += total_rx_bytes;
  netdev.rx_packets += total_rx_packets;
  return cleaned;
}

/**
 * Erratum of the 82545 and 82546: a buffer may not cross a 64 KiB boundary. True when it does not, or does not matter.
 * @simplified always true, as in Linux: kmalloc aligns blocks of this size to it. RAM of the model is packed tighter, and its card
 * has no such erratum.
 * @cost 4
 */
function e1000_check_64k_bound(_adapter: e1000_adapter, _start: number, _len: number): boolean {
  return true;
}

/** A receive skb for the card to fill; null when there is none. Stands in both refill functions in Linux. */
const alloc_rx_skb = (adapter: e1000_adapter, bufsz: number): sk_buff | null => {
  const skb = netdev_alloc_skb_ip_align(adapter.netdev as net_device, bufsz);
  if (skb === null || e1000_check_64k_bound(adapter, skb.data, bufsz)) {
    return skb;
  }
  consume_skb(skb);
  return null;
};

/** Gives the card the descriptors up to `i`: the tail register points at the last one it may use. */
const post_rx_descriptors = (adapter: e1000_adapter, rx_ring: e1000_rx_ring, i: number): void => {
  if (rx_ring.next_to_use !== i) {
    rx_ring.next_to_use = i;
    ew32(adapter.hw, rx_ring.rdt, i === 0 ? rx_ring.count - 1 : i - 1);
  }
};

/**
 * Posts `cleaned_count` receive buffers: reuses the skb where a copy was passed on, else allocates one; moves the tail (RDT) last.
 * @simplified does not try a second time when e1000_check_64k_bound fails, as it never does
 * @omits dma_map_single: bus addresses are RAM addresses, and mapping never fails
 * @cost 15
 */
function e1000_alloc_rx_buffers(adapter: e1000_adapter, rx_ring: e1000_rx_ring, cleaned_count: number): void {
  const bufsz = adapter.rx_buffer_len;
  let i = rx_ring.next_to_use;
  for (let left = cleaned_count; left > 0; left--) {
    const buffer_info = rx_ring.buffer_info.at(i);
    let skb = buffer_info.skb;
    if (skb !== null) {
      skb_trim(skb, 0);
    } else {
      skb = alloc_rx_skb(adapter, bufsz);
      if (skb === null) {
        adapter.alloc_rx_buff_failed++;
        break;
      }
      buffer_info.skb = skb;
      buffer_info.length = bufsz;
    }
    buffer_info.dma = skb.data;
    if (!e1000_check_64k_bound(adapter, buffer_info.dma, bufsz)) {
      consume_skb(skb);
      buffer_info.skb = null;
      buffer_info.dma = 0;
      adapter.alloc_rx_buff_failed++;
      break;
    }
    set_rx_desc_buffer(E1000_DESC(rx_ring, i), buffer_info.dma);
    if (++i === rx_ring.count) {
      i = 0;
    }
  }
  post_rx_descriptors(adapter, rx_ring, i);
}

/**
 * The same for jumbo frames: each descriptor gets a page for the data and a small skb for the headers.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits dma_map_page: bus addresses are RAM addresses, and mapping never fails
 * @cost 15
 */
function e1000_alloc_jumbo_rx_buffers(adapter: e1000_adapter, rx_ring: e1000_rx_ring, cleaned_count: number): void {
  let i = rx_ring.next_to_use;
  for (let left = cleaned_count; left > 0; left--) {
    const buffer_info = rx_ring.buffer_info.at(i);
    const skb = buffer_info.skb;
    if (skb !== null) {
      skb_trim(skb, 0);
    } else {
      buffer_info.skb = alloc_rx_skb(adapter, 256 - 16);
      if (buffer_info.skb === null) {
        adapter.alloc_rx_buff_failed++;
        break;
      }
      buffer_info.length = adapter.rx_buffer_len;
    }
    if (buffer_info.page === null) {
      buffer_info.page = alloc_pages(GFP_ATOMIC, 0);
    }
    buffer_info.dma = (buffer_info.page as page).virtual;
    set_rx_desc_buffer(E1000_DESC(rx_ring, i), buffer_info.dma);
    if (++i === rx_ring.count) {
      i = 0;
    }
  }
  post_rx_descriptors(adapter, rx_ring, i);
}

/**
 * The skb has taken over the page of a buffer.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 4
 */
function e1000_consume_page(bi: e1000_buffer, skb: sk_buff, length: number): void {
  bi.page = null;
  skb.len += length;
  skb.data_len += length;
  skb.truesize += length;
}

/**
 * Puts what one descriptor holds of a jumbo frame into an skb: adds the page to the frame under way, or copies a frame that fits the
 * small skb. Gives the skb once the frame is whole, else null. Part of e1000_clean_jumbo_rx_irq in Linux.
 */
const take_jumbo_piece = (
  adapter: e1000_adapter,
  rx_ring: e1000_rx_ring,
  buffer_info: e1000_buffer,
  skb: sk_buff,
  length: number,
  eop: boolean,
): sk_buff | null => {
  const rxtop = rx_ring.rx_skb_top;
  if (rxtop === null && eop && length <= adapter.copybreak && skb_tailroom(skb) >= length) {
    memcpy(skb.tail, (buffer_info.page as page).virtual, length);
    skb_put(skb, length);
    return skb;
  }
  const whole = rxtop ?? skb;
  skb_fill_page_desc(whole, skb_shinfo(whole).nr_frags, buffer_info.page, 0, length);
  if (rxtop !== null) {
    buffer_info.skb = skb;
  }
  e1000_consume_page(buffer_info, whole, length);
  rx_ring.rx_skb_top = eop ? null : whole;
  return eop ? whole : null;
};

/**
 * e1000_clean_rx_irq for jumbo frames: a frame may take several descriptors, each with a page.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_tbi_adjust_stats: fibre only
 * @cost 30
 */
function* e1000_clean_jumbo_rx_irq(
  adapter: e1000_adapter,
  rx_ring: e1000_rx_ring,
  work_done: work_count,
  work_to_do: number,
): Kgen<boolean> {
  const netdev = adapter.netdev as net_device;
  let cleaned_count = 0;
  let cleaned = false;
  let total_rx_bytes = 0;
  let total_rx_packets = 0;
  let i = rx_ring.next_to_clean;
  let rx_desc = E1000_DESC(rx_ring, i);
  let buffer_info = rx_ring.buffer_info.at(i);
  let status = rx_desc_status(rx_desc);
  while ((status & E1000_RXD_STAT_DD) !== 0) {
    if (work_done.value >= work_to_do) {
      break;
    }
    work_done.value++;
    const small = buffer_info.skb as sk_buff;
    buffer_info.skb = null;
    if (++i === rx_ring.count) {
      i = 0;
    }
    cleaned = true;
    cleaned_count++;
    buffer_info.dma = 0;
    const length = rx_desc_length(rx_desc);
    const errors = rx_desc_errors(rx_desc);
    const eop = (status & E1000_RXD_STAT_EOP) !== 0;
    if (eop && (errors & E1000_RXD_ERR_FRAME_ERR_MASK) !== 0) {
      buffer_info.skb = small;
      consume_skb(rx_ring.rx_skb_top);
      rx_ring.rx_skb_top = null;
    } else {
      const skb = take_jumbo_piece(adapter, rx_ring, buffer_info, small, length, eop);
      if (skb !== null) {
        e1000_rx_checksum(adapter, (status | (errors << 24)) >>> 0, rx_desc_csum(rx_desc), skb);
        pskb_trim(skb, skb.len - 4);
        total_rx_bytes += skb.len;
        total_rx_packets++;
        if (pskb_may_pull(skb, ETH_HLEN)) {
          yield* e1000_receive_skb(adapter, status, 0, skb);
        } else {
          consume_skb(skb);
        }
      }
    }
    clear_rx_desc_status(rx_desc);
    if (cleaned_count >= E1000_RX_BUFFER_WRITE) {
      const refill = adapter.alloc_rx_buf;
      if (refill !== null) {
        refill(adapter, rx_ring, cleaned_count);
      }
      cleaned_count = 0;
    }
    rx_desc = E1000_DESC(rx_ring, i);
    buffer_info = rx_ring.buffer_info.at(i);
    status = rx_desc_status(rx_desc);
  }
  rx_ring.next_to_clean = i;
  cleaned_count = E1000_DESC_UNUSED(rx_ring);
  if (cleaned_count > 0) {
    const refill = adapter.alloc_rx_buf;
    if (refill !== null) {
      refill(adapter, rx_ring, cleaned_count);
    }
  }
  adapter.total_rx_packets += total_rx_packets;
  adapter.total_rx_bytes += total_rx_bytes;
  netdev.rx_bytes += total_rx_bytes;
  netdev.rx_packets += total_rx_packets;
  return cleaned;
}

/**
 * True while the link is up. Asks the PHY only after a link interrupt.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_has_link(adapter: e1000_adapter): boolean {
  const hw = adapter.hw;
  if (!hw.get_link_status) {
    return true;
  }
  e1000_check_for_link(hw);
  return !hw.get_link_status;
}

/**
 * Adds the statistics registers, which reading clears, to the sums the driver keeps.
 * @simplified the registers that the card of the model has
 * @cost 40
 */
function e1000_update_stats(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  const stats = adapter.stats;
  if (adapter.link_speed === 0) {
    return;
  }
  stats.crcerrs += er32(hw, E1000_CRCERRS);
  stats.gprc += er32(hw, E1000_GPRC);
  stats.gorcl += er32(hw, E1000_GORCL);
  stats.bprc += er32(hw, E1000_BPRC);
  stats.mpc += er32(hw, E1000_MPC);
  stats.gptc += er32(hw, E1000_GPTC);
  stats.gotcl += er32(hw, E1000_GOTCL);
  stats.rnbc += er32(hw, E1000_RNBC);
  stats.tpr += er32(hw, E1000_TPR);
  stats.tpt += er32(hw, E1000_TPT);
  stats.tsctc += er32(hw, E1000_TSCTC);
  const phy_data = { value: 0 };
  if (adapter.link_speed === SPEED_1000) {
    e1000_read_phy_reg(hw, PHY_1000T_STATUS, phy_data);
  }
  e1000_read_phy_reg(hw, M88E1000_RX_ERR_CNTR, phy_data);
}

/**
 * Timer: follows the link, reads the statistics, and sees to it that the rings are cleaned now and then.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits round_jiffies: timers of the model are not batched
 * @omits e1000_smartspeed: for other PHYs
 * @cost 40
 */
function* e1000_watchdog(adapter: e1000_adapter): Kgen {
  const hw = adapter.hw;
  const netdev = adapter.netdev as net_device;
  const link = e1000_has_link(adapter);
  if (link && !netif_carrier_ok(netdev)) {
    adapter.link_speed = e1000_get_speed_and_duplex(hw);
    adapter.tx_timeout_factor = 1;
    if (adapter.link_speed === SPEED_10) {
      adapter.tx_timeout_factor = 16;
    } else if (adapter.link_speed === SPEED_100) {
      adapter.tx_timeout_factor = 8;
    }
    ew32(hw, E1000_TCTL, er32(hw, E1000_TCTL) | E1000_TCTL_EN);
    netif_carrier_on(netdev);
  } else if (!link && netif_carrier_ok(netdev)) {
    adapter.link_speed = 0;
    netif_carrier_off(netdev);
  }
  e1000_update_stats(adapter);
  hw.tx_packet_delta = adapter.stats.tpt - adapter.tpt_old;
  adapter.tpt_old = adapter.stats.tpt;
  e1000_update_adaptive(hw);
  if (!netif_carrier_ok(netdev) && E1000_DESC_UNUSED(adapter.tx_ring) + 1 < adapter.tx_ring.count) {
    adapter.tx_timeout_count++;
    return;
  }
  ew32(hw, E1000_ICS, E1000_ICR_RXDMT0);
  adapter.detect_tx_hung = true;
  if (adapter.watchdog_period > 0 && (adapter.flags & __E1000_DOWN) === 0) {
    mod_timer(adapter.watchdog_timer, jiffies() + adapter.watchdog_period);
  }
}

export const e1000_netdev_ops = ops<net_device_ops>('net_device_ops', 'e1000_netdev_ops', {
  ndo_start_xmit: e1000_xmit_frame,
  ndo_tx_timeout: e1000_tx_timeout,
  ndo_select_queue: null,
});

/** What a device is made with: the card, the module parameters of e1000_param.c, and what `ethtool -K` would switch. */
export interface e1000_config {
  readonly name: string;
  /** PCI device id: E1000_DEV_ID_82540EM, or E1000_DEV_ID_82545EM_COPPER. */
  readonly device_id?: number;
  /** The card stands on a PCI-X bus. */
  readonly pcix?: boolean;
  readonly ip_addr: number;
  /** Bytes; default 1500. */
  readonly mtu?: number;
  readonly tx_queue_len?: number;
  /** Offloads; all on by default. */
  readonly tx_csum?: boolean;
  readonly rx_csum?: boolean;
  readonly sg?: boolean;
  readonly tso?: boolean;
  readonly gso?: boolean;
  readonly gro?: boolean;
  /** Module parameters. */
  readonly TxDescriptors?: number;
  readonly RxDescriptors?: number;
  readonly TxIntDelay?: number;
  readonly TxAbsIntDelay?: number;
  readonly RxIntDelay?: number;
  readonly RxAbsIntDelay?: number;
  /** 0 off, 1 dynamic, 3 dynamic conservative (default), else interrupts a second. */
  readonly InterruptThrottleRate?: number;
  readonly copybreak?: number;
  /** Whether the 2 s watchdog runs from the start; if not, it runs when the link changes. Default off. */
  readonly watchdog?: boolean;
}

/**
 * Takes over the module parameters.
 * @modelled drivers/net/e1000/e1000_param.c
 * @omits e1000_validate_option: a scenario is checked where it is read
 */
function e1000_check_options(adapter: e1000_adapter, config: e1000_config): void {
  adapter.tx_ring.count = config.TxDescriptors ?? E1000_DEFAULT_TXD;
  adapter.rx_ring.count = config.RxDescriptors ?? E1000_DEFAULT_RXD;
  adapter.tx_int_delay = config.TxIntDelay ?? 8;
  adapter.tx_abs_int_delay = config.TxAbsIntDelay ?? 32;
  adapter.rx_int_delay = config.RxIntDelay ?? 0;
  adapter.rx_abs_int_delay = config.RxAbsIntDelay ?? 8;
  adapter.rx_csum = config.rx_csum ?? true;
  adapter.copybreak = config.copybreak ?? 256;
  const itr = config.InterruptThrottleRate ?? 3;
  if (itr === 1 || itr === 3) {
    adapter.itr_setting = itr;
    adapter.itr = 20000;
  } else {
    adapter.itr_setting = itr & ~3;
    adapter.itr = itr;
  }
}

/**
 * Makes the transmit ring.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_setup_tx_resources(tx_ring: e1000_tx_ring): void {
  tx_ring.size = tx_ring.count * E1000_DESC_SIZE;
  tx_ring.desc = heap.ramAlloc(tx_ring.size);
  heap.fill(tx_ring.desc, 0, tx_ring.size);
  for (let i = 0; i < tx_ring.count; i++) {
    tx_ring.buffer_info.push(new e1000_buffer());
  }
  tx_ring.next_to_use = 0;
  tx_ring.next_to_clean = 0;
}

/**
 * Makes the receive ring, without buffers.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_setup_rx_resources(rx_ring: e1000_rx_ring): void {
  rx_ring.size = rx_ring.count * E1000_DESC_SIZE;
  rx_ring.desc = heap.ramAlloc(rx_ring.size);
  heap.fill(rx_ring.desc, 0, rx_ring.size);
  for (let i = 0; i < rx_ring.count; i++) {
    rx_ring.buffer_info.push(new e1000_buffer());
  }
  rx_ring.next_to_use = 0;
  rx_ring.next_to_clean = 0;
}

/**
 * Resets the card and splits its packet memory: 48 KiB for receiving, 16 for transmitting; for jumbo frames the transmit part holds two
 * full frames, and the receive part at least one.
 * @simplified no flow control, wake-up or VLAN set-up
 */
function e1000_reset(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  const max_frame = (adapter.netdev as net_device).mtu + ETH_HLEN + ETH_FCS_LEN;
  let pba = E1000_PBA_48K;
  if (max_frame > ETH_DATA_LEN + ETH_HLEN + ETH_FCS_LEN) {
    const min_tx_space = Math.ceil(((max_frame + E1000_DESC_SIZE - ETH_FCS_LEN) * 2) / 1024);
    const min_rx_space = Math.ceil(max_frame / 1024);
    const tx_space = E1000_PACKET_MEMORY_KB - pba;
    if (tx_space < min_tx_space && min_tx_space - tx_space < pba) {
      pba -= min_tx_space - tx_space;
      if (hw.mac_type === e1000_82545 || hw.mac_type === e1000_82546) {
        pba &= ~7;
      }
      pba = Math.max(pba, min_rx_space);
    }
  }
  ew32(hw, E1000_CTRL, er32(hw, E1000_CTRL) | E1000_CTRL_RST);
  ew32(hw, E1000_PBA, pba);
}

/**
 * Chooses the receive buffers for the MTU: 1522 or 2048 bytes in one skb, pages for jumbo frames.
 * @simplified the part of e1000_change_mtu that sets rx_buffer_len
 */
function e1000_change_mtu(netdev: net_device, new_mtu: number): void {
  const adapter = adapter_of(netdev);
  const max_frame = new_mtu + ETH_HLEN + ETH_FCS_LEN;
  adapter.rx_buffer_len = max_frame <= E1000_RXBUFFER_2048 ? E1000_RXBUFFER_2048 : PAGE_SIZE;
  if (max_frame === ETH_DATA_LEN + ETH_HLEN + ETH_FCS_LEN || max_frame === MAXIMUM_ETHERNET_VLAN_SIZE) {
    adapter.rx_buffer_len = MAXIMUM_ETHERNET_VLAN_SIZE;
  }
  netdev.mtu = new_mtu;
}

/**
 * Tells the card where the transmit ring is and how to send.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_configure_tx(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  const tx_ring = adapter.tx_ring;
  ew32(hw, E1000_TDLEN, tx_ring.size);
  ew32(hw, E1000_TDBAH, 0);
  ew32(hw, E1000_TDBAL, tx_ring.desc);
  ew32(hw, E1000_TDT, 0);
  ew32(hw, E1000_TDH, 0);
  tx_ring.tdh = E1000_TDH;
  tx_ring.tdt = E1000_TDT;
  ew32(hw, E1000_TIPG, DEFAULT_TIPG);
  ew32(hw, E1000_TIDV, adapter.tx_int_delay);
  ew32(hw, E1000_TADV, adapter.tx_abs_int_delay);
  adapter.txd_cmd = E1000_TXD_CMD_EOP | E1000_TXD_CMD_IFCS | E1000_TXD_CMD_RS;
  if (adapter.tx_int_delay !== 0) {
    adapter.txd_cmd = adapter.txd_cmd | E1000_TXD_CMD_IDE;
  }
  ew32(
    hw,
    E1000_TCTL,
    E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_RTLC | (E1000_COLLISION_THRESHOLD << E1000_CT_SHIFT),
  );
}

/**
 * Tells the card where the receive ring is, how often to interrupt, whether to verify checksums; enables reception.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_configure_rx(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  const rx_ring = adapter.rx_ring;
  const jumbo = (adapter.netdev as net_device).mtu > ETH_DATA_LEN;
  adapter.clean_rx = jumbo ? e1000_clean_jumbo_rx_irq : e1000_clean_rx_irq;
  adapter.alloc_rx_buf = jumbo ? e1000_alloc_jumbo_rx_buffers : e1000_alloc_rx_buffers;
  const size = adapter.rx_buffer_len > E1000_RXBUFFER_2048 ? E1000_RCTL_SZ_4096 | E1000_RCTL_BSEX : E1000_RCTL_SZ_2048;
  const rctl = E1000_RCTL_BAM | E1000_RCTL_RDMTS_HALF | (jumbo ? E1000_RCTL_LPE : 0) | size;
  ew32(hw, E1000_RCTL, rctl);
  ew32(hw, E1000_RDTR, adapter.rx_int_delay);
  ew32(hw, E1000_RADV, adapter.rx_abs_int_delay);
  if (adapter.itr_setting !== 0) {
    ew32(hw, E1000_ITR, Math.trunc(1_000_000_000 / (adapter.itr * 256)));
  }
  ew32(hw, E1000_RDLEN, rx_ring.size);
  ew32(hw, E1000_RDBAH, 0);
  ew32(hw, E1000_RDBAL, rx_ring.desc);
  ew32(hw, E1000_RDT, 0);
  ew32(hw, E1000_RDH, 0);
  rx_ring.rdh = E1000_RDH;
  rx_ring.rdt = E1000_RDT;
  const rxcsum = er32(hw, E1000_RXCSUM);
  ew32(hw, E1000_RXCSUM, adapter.rx_csum ? rxcsum | E1000_RXCSUM_TUOFL : rxcsum & ~E1000_RXCSUM_TUOFL);
  ew32(hw, E1000_RCTL, rctl | E1000_RCTL_EN);
}

/**
 * Programs the card and posts receive buffers: all but one descriptor of the ring.
 * @simplified the descriptor that is not posted has a buffer too, as on a host that has received short frames before: those
 * of the handshake, when the connection is there from the start
 * @omits e1000_set_rx_mode: the card's own address and broadcast are enough
 * @omits e1000_setup_rctl: part of e1000_configure_rx here
 */
function e1000_configure(adapter: e1000_adapter): void {
  e1000_configure_tx(adapter);
  e1000_configure_rx(adapter);
  const refill = adapter.alloc_rx_buf;
  if (refill !== null) {
    refill(adapter, adapter.rx_ring, E1000_DESC_UNUSED(adapter.rx_ring));
  }
  if ((adapter.netdev as net_device).mtu <= ETH_DATA_LEN) {
    const rest = adapter.rx_ring.buffer_info.at(adapter.rx_ring.next_to_use);
    rest.skb = alloc_rx_skb(adapter, adapter.rx_buffer_len);
    rest.length = adapter.rx_buffer_len;
  }
}

/**
 * Opens the device (ndo_open): rings, registers, interrupt, queue.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_power_up_phy: the PHY is always powered
 */
function e1000_open(netdev: net_device): number {
  const adapter = adapter_of(netdev);
  e1000_setup_tx_resources(adapter.tx_ring);
  e1000_setup_rx_resources(adapter.rx_ring);
  e1000_configure(adapter);
  request_irq(adapter.irq, e1000_intr, netdev.name, netdev);
  adapter.flags = adapter.flags & ~__E1000_DOWN;
  napi_enable(adapter.napi);
  e1000_irq_enable(adapter);
  netif_start_queue(netdev);
  return 0;
}

/**
 * The MAC address from the receive address registers, where the EEPROM's is loaded at reset.
 * @simplified Linux reads the EEPROM
 */
function e1000_read_mac_addr(hw: e1000_hw): number {
  const low = er32(hw, E1000_RAL);
  const high = er32(hw, E1000_RAH);
  let mac = 0;
  for (let i = 0; i < 4; i++) {
    mac = mac * 256 + ((low >>> (8 * i)) & 0xff);
  }
  return mac * 65536 + (high & 0xff) * 256 + ((high >>> 8) & 0xff);
}

/**
 * Makes, registers and opens the network device of card `device`, whose interrupts come in on `irq`. The link is taken as it is:
 * a card that is plugged in has its carrier at once.
 * @simplified no PCI set-up; opening is part of it; in Linux the carrier comes with the first link interrupt
 */
export function e1000_probe(device: number, irq: number, config: e1000_config): net_device {
  const netdev = new net_device();
  const adapter = new e1000_adapter();
  const hw = adapter.hw;
  netdev.name = config.name;
  netdev.priv = adapter;
  netdev.tx_queue_len = config.tx_queue_len ?? 1000;
  netdev.ip_addr = config.ip_addr;
  netdev.netdev_ops = e1000_netdev_ops;
  netdev.header_ops = eth_header_ops;
  adapter.netdev = netdev;
  adapter.irq = irq;
  adapter.flags = __E1000_DOWN;
  e1000_change_mtu(netdev, config.mtu ?? ETH_DATA_LEN);
  hw.device = device;
  hw.device_id = config.device_id ?? E1000_DEV_ID_82540EM;
  hw.mac_type = hw.device_id === E1000_DEV_ID_82545EM_COPPER ? e1000_82545 : e1000_82540;
  hw.bus_type = config.pcix === true ? e1000_bus_type_pcix : e1000_bus_type_pci;
  hw.get_link_status = true;
  netif_napi_add(netdev, adapter.napi, e1000_clean, 64);
  e1000_check_options(adapter, config);
  e1000_irq_disable(adapter);
  e1000_reset(adapter);
  netdev.dev_addr = e1000_read_mac_addr(hw);
  netdev.features =
    (config.sg === false ? 0 : NETIF_F_SG) |
    (config.tx_csum === false ? 0 : NETIF_F_HW_CSUM) |
    (config.tso === false ? 0 : NETIF_F_TSO);
  setup_timer(adapter.watchdog_timer, e1000_watchdog, adapter);
  register_netdevice(netdev);
  netdev_update_features(
    netdev,
    netdev.features & ~((config.gso === false ? NETIF_F_GSO : 0) | (config.gro === false ? NETIF_F_GRO : 0)),
  );
  netif_carrier_off(netdev);
  if (config.watchdog === true) {
    netdev.watchdog_timeo = DEFAULT_WATCHDOG_TIMEO;
    adapter.watchdog_period = 2 * HZ;
    mod_timer(adapter.watchdog_timer, jiffies() + adapter.watchdog_period);
  }
  e1000_open(netdev);
  dev_open(netdev);
  if ((er32(hw, E1000_STATUS) & E1000_STATUS_LU) !== 0) {
    hw.get_link_status = false;
    adapter.link_speed = e1000_get_speed_and_duplex(hw);
    netif_carrier_on(netdev);
  }
  return netdev;
}
