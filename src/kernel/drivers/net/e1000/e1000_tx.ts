/**
 * The transmit side of drivers/net/e1000/e1000_main.c (2.6.39): from an skb to descriptors and the doorbell, and the cleaning of
 * what the card has sent. Left out: VLAN tags, the 82544 and 82547 and their workarounds.
 */

import type { Kgen } from '../../../arch/current';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import { ETH_P_IP } from '../../../include/linux/if_ether';
import { IPPROTO_TCP, iphdr } from '../../../include/linux/ip';
import {
  NETDEV_TX_BUSY,
  NETDEV_TX_OK,
  type net_device,
  netif_carrier_ok,
  netif_queue_stopped,
  netif_start_queue,
  netif_stop_queue,
} from '../../../include/linux/netdevice';
import {
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  type page,
  type sk_buff,
  skb_header_cloned,
  skb_headlen,
  skb_is_gso,
  skb_network_header,
  skb_network_offset,
  skb_shinfo,
  skb_transport_header,
  skb_transport_offset,
} from '../../../include/linux/skbuff';
import { tcphdr } from '../../../include/linux/tcp';
import { HZ, jiffies } from '../../../include/linux/timer';
import { csum_tcpudp_magic } from '../../../lib/checksum';
import { dev_kfree_skb_any, netif_wake_queue } from '../../../net/core/dev';
import { pskb_expand_head } from '../../../net/core/skbuff';
import {
  E1000_STATUS,
  E1000_STATUS_TXOFF,
  E1000_TXD_CMD_DEXT,
  E1000_TXD_CMD_IFCS,
  E1000_TXD_CMD_IP,
  E1000_TXD_CMD_TCP,
  E1000_TXD_CMD_TSE,
  E1000_TXD_DTYP_D,
  E1000_TXD_POPTS_IXSM,
  E1000_TXD_POPTS_TXSM,
  E1000_TXD_STAT_DD,
  e1000_bus_type_pcix,
  er32,
  ew32,
  set_tx_desc_lower,
  set_tx_desc_upper,
  tx_desc_lower,
  tx_desc_upper,
  write_context_desc,
  write_tx_desc,
} from './e1000_hw';
import {
  __E1000_DOWN,
  adapter_of,
  E1000_DESC,
  E1000_DESC_UNUSED,
  E1000_MAX_DATA_PER_TXD,
  E1000_MAX_TXD_PWR,
  E1000_TX_FLAGS_CSUM,
  E1000_TX_FLAGS_IPV4,
  E1000_TX_FLAGS_TSO,
  type e1000_adapter,
  type e1000_buffer,
  type e1000_tx_ring,
  TX_WAKE_THRESHOLD,
} from './e1000_struct';

/** Position of the highest set bit, from 1 (include/asm-generic/bitops/fls.h). */
const fls = (value: number): number => 32 - Math.clz32(value);

/** Descriptors that `size` bytes may take, at most 1 << `power` in each. A macro in Linux. */
const TXD_USE_COUNT = (size: number, power: number): number => (size >> power) + 1;

/**
 * Releases what one transmit descriptor stood for: the mapping, and the skb with its last piece.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits dma_unmap_single: there is no IOMMU
 * @cost 10
 */
export function e1000_unmap_and_free_tx_resource(_adapter: e1000_adapter, buffer_info: e1000_buffer): void {
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
export function* e1000_xmit_frame(skb: sk_buff, netdev: net_device): Kgen<number> {
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
 * Frees the packets the card is done with (DD in the last descriptor of each) and wakes a stopped queue once 32 descriptors are
 * free. True unless a whole ring was cleaned: then there may be more.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits e1000_dump: only prints
 * @cost 25
 */
export function* e1000_clean_tx_irq(adapter: e1000_adapter, tx_ring: e1000_tx_ring): Kgen<boolean> {
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
    const late = queued !== 0 && jiffies() > queued + adapter.tx_timeout_factor * HZ;
    // A pause frame of the peer is no fault of the card's.
    if (late && (er32(adapter.hw, E1000_STATUS) & E1000_STATUS_TXOFF) === 0) {
      netif_stop_queue(netdev);
    }
  }
  adapter.total_tx_bytes += total_tx_bytes;
  adapter.total_tx_packets += total_tx_packets;
  netdev.tx_bytes += total_tx_bytes;
  netdev.tx_packets += total_tx_packets;
  return count < tx_ring.count;
}
