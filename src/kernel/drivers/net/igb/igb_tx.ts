/**
 * The transmit side of drivers/net/igb/igb_main.c (2.6.39): from an skb to advanced descriptors and the doorbell, and the cleaning of what
 * the card has sent. Left out: VLAN tags, time stamps, the 82575's context indices.
 */
import type { Kgen } from '../../../arch/current';
import { EBUSY } from '../../../include/linux/errno';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import { ETH_P_IP } from '../../../include/linux/if_ether';
import { IPPROTO_TCP, iphdr } from '../../../include/linux/ip';
import {
  __netif_subqueue_stopped,
  NETDEV_TX_BUSY,
  NETDEV_TX_OK,
  type net_device,
  netif_carrier_ok,
  netif_stop_subqueue,
} from '../../../include/linux/netdevice';
import {
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  type page,
  type sk_buff,
  skb_get_queue_mapping,
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
import { dev_kfree_skb_any, netif_wake_subqueue } from '../../../net/core/dev';
import { pskb_expand_head } from '../../../net/core/skbuff';
import {
  add_adv_tx_cmd,
  adv_tx_status,
  clear_adv_tx_status,
  E1000_ADVTXD_DCMD_DEXT,
  E1000_ADVTXD_DCMD_EOP,
  E1000_ADVTXD_DCMD_IFCS,
  E1000_ADVTXD_DCMD_RS,
  E1000_ADVTXD_DCMD_TSE,
  E1000_ADVTXD_DTYP_CTXT,
  E1000_ADVTXD_DTYP_DATA,
  E1000_ADVTXD_L4LEN_SHIFT,
  E1000_ADVTXD_MACLEN_SHIFT,
  E1000_ADVTXD_MSS_SHIFT,
  E1000_ADVTXD_PAYLEN_SHIFT,
  E1000_ADVTXD_TUCMD_IPV4,
  E1000_ADVTXD_TUCMD_L4T_TCP,
  E1000_TXD_CMD_DEXT,
  E1000_TXD_POPTS_IXSM,
  E1000_TXD_POPTS_TXSM,
  E1000_TXD_STAT_DD,
  wr32,
  write_adv_context_desc,
  write_adv_tx_desc,
} from './e1000_hw';
import {
  __IGB_DOWN,
  adapter_of,
  adapter_of_ring,
  IGB_ABS_MAX_TX_QUEUES,
  IGB_DESC,
  IGB_TX_FLAGS_CSUM,
  IGB_TX_FLAGS_IPV4,
  IGB_TX_FLAGS_TSO,
  IGB_TX_QUEUE_WAKE,
  type igb_buffer,
  igb_desc_unused,
  type igb_q_vector,
  type igb_ring,
} from './igb';

/** Length of the headers that TSO repeats; a pointer argument in Linux. */
interface header_length {
  value: number;
}

/**
 * Releases what one transmit descriptor stood for: the mapping, and the skb with its last piece.
 * @modelled drivers/net/igb/igb_main.c
 * @omits dma_unmap_single: there is no IOMMU
 * @cost 10
 */
export function igb_unmap_and_free_tx_resource(_tx_ring: igb_ring, buffer_info: igb_buffer): void {
  buffer_info.dma = 0;
  const skb = buffer_info.skb;
  if (skb !== null) {
    dev_kfree_skb_any(skb);
    buffer_info.skb = null;
  }
  buffer_info.time_stamp = 0;
  buffer_info.length = 0;
  buffer_info.next_to_watch = 0;
  buffer_info.mapped_as_page = false;
}

/** Takes the next descriptor for a context. Stands in both functions that write one in Linux. */
const put_context = (tx_ring: igb_ring, vlan_macip_lens: number, tu_cmd: number, mss_l4len_idx: number): void => {
  const i = tx_ring.next_to_use;
  write_adv_context_desc(IGB_DESC(tx_ring, i), vlan_macip_lens, tu_cmd, mss_l4len_idx);
  const buffer_info = tx_ring.buffer_info.at(i);
  buffer_info.time_stamp = jiffies();
  buffer_info.next_to_watch = i;
  buffer_info.dma = 0;
  tx_ring.next_to_use = i + 1 === tx_ring.count ? 0 : i + 1;
};

/**
 * Writes the context descriptor of a GSO skb, so that the card cuts it. 1: done, negative: no memory. The card fills in lengths and
 * checksums of each segment, so they are zeroed; the TCP checksum keeps the pseudo-header without length.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 15
 */
function igb_tso_adv(tx_ring: igb_ring, skb: sk_buff, _tx_flags: number, hdr_len: header_length): number {
  if (skb_header_cloned(skb)) {
    const err = pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
    if (err !== 0) {
      return err;
    }
  }
  const th = new tcphdr(skb_transport_header(skb));
  const l4len = (th.doff_res >> 4) * 4;
  hdr_len.value = skb_transport_offset(skb) + l4len;
  let tu_cmd = E1000_TXD_CMD_DEXT | E1000_ADVTXD_DTYP_CTXT | E1000_ADVTXD_TUCMD_L4T_TCP;
  if (skb.protocol === ETH_P_IP) {
    const iph = new iphdr(skb_network_header(skb));
    iph.tot_len = 0;
    iph.check = 0;
    th.check = ~csum_tcpudp_magic(iph.saddr, iph.daddr, 0, IPPROTO_TCP, 0) & 0xffff;
    tu_cmd |= E1000_ADVTXD_TUCMD_IPV4;
  }
  const network_header_len = skb_transport_offset(skb) - skb_network_offset(skb);
  const info = (skb_network_offset(skb) << E1000_ADVTXD_MACLEN_SHIFT) | network_header_len;
  const mss_l4len_idx = (skb_shinfo(skb).gso_size << E1000_ADVTXD_MSS_SHIFT) | (l4len << E1000_ADVTXD_L4LEN_SHIFT);
  put_context(tx_ring, info, tu_cmd, mss_l4len_idx);
  return 1;
}

/**
 * Writes the context descriptor for an skb whose transport checksum the card is to insert.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 10
 */
function igb_tx_csum_adv(tx_ring: igb_ring, skb: sk_buff, _tx_flags: number): boolean {
  if (skb.ip_summed !== CHECKSUM_PARTIAL) {
    return false;
  }
  const network_header_len = skb_transport_offset(skb) - skb_network_offset(skb);
  let tu_cmd = E1000_TXD_CMD_DEXT | E1000_ADVTXD_DTYP_CTXT;
  if (skb.protocol === ETH_P_IP) {
    tu_cmd |= E1000_ADVTXD_TUCMD_IPV4;
    if (new iphdr(skb_network_header(skb)).protocol === IPPROTO_TCP) {
      tu_cmd |= E1000_ADVTXD_TUCMD_L4T_TCP;
    }
  }
  put_context(tx_ring, (skb_network_offset(skb) << E1000_ADVTXD_MACLEN_SHIFT) | network_header_len, tu_cmd, 0);
  return true;
}

/**
 * Maps the linear data and the fragments of an skb for DMA: one igb_buffer a piece. The last keeps the skb; the first notes it as the one
 * to watch. Gives the number of pieces.
 * @modelled drivers/net/igb/igb_main.c
 * @omits dma_map_single: bus addresses are RAM addresses, and mapping never fails
 * @cost 20
 */
function igb_tx_map_adv(tx_ring: igb_ring, skb: sk_buff, first: number): number {
  const hlen = skb_headlen(skb);
  const { nr_frags, gso_segs } = skb_shinfo(skb);
  let i = tx_ring.next_to_use;
  let buffer_info = tx_ring.buffer_info.at(i);
  buffer_info.length = hlen;
  buffer_info.time_stamp = jiffies();
  buffer_info.next_to_watch = i;
  buffer_info.dma = skb.data;
  let count = 0;
  for (let f = 0; f < nr_frags; f++) {
    const frag = skb_shinfo(skb).frags.at(f);
    count++;
    if (++i === tx_ring.count) {
      i = 0;
    }
    buffer_info = tx_ring.buffer_info.at(i);
    buffer_info.length = frag.size;
    buffer_info.time_stamp = jiffies();
    buffer_info.next_to_watch = i;
    buffer_info.mapped_as_page = true;
    buffer_info.dma = (frag.page as page).virtual + frag.page_offset;
  }
  const segs = gso_segs === 0 ? 1 : gso_segs;
  buffer_info.skb = skb;
  buffer_info.bytecount = (segs - 1) * hlen + skb.len;
  buffer_info.gso_segs = segs;
  tx_ring.buffer_info.at(first).next_to_watch = i;
  return count + 1;
}

/**
 * Writes the data descriptors of a mapped packet and rings the doorbell (TDT): from here on the card has it.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 15
 */
function igb_tx_queue_adv(tx_ring: igb_ring, tx_flags: number, count: number, paylen: number, hdr_len: number): void {
  let cmd_type_len = E1000_ADVTXD_DTYP_DATA | E1000_ADVTXD_DCMD_IFCS | E1000_ADVTXD_DCMD_DEXT;
  let olinfo_status = (paylen - hdr_len) << E1000_ADVTXD_PAYLEN_SHIFT;
  if ((tx_flags & IGB_TX_FLAGS_TSO) !== 0) {
    cmd_type_len |= E1000_ADVTXD_DCMD_TSE;
    olinfo_status |= E1000_TXD_POPTS_TXSM << 8;
    if ((tx_flags & IGB_TX_FLAGS_IPV4) !== 0) {
      olinfo_status |= E1000_TXD_POPTS_IXSM << 8;
    }
  } else if ((tx_flags & IGB_TX_FLAGS_CSUM) !== 0) {
    olinfo_status |= E1000_TXD_POPTS_TXSM << 8;
  }
  let i = tx_ring.next_to_use;
  let tx_desc = 0;
  for (let left = count; left > 0; left--) {
    const buffer_info = tx_ring.buffer_info.at(i);
    tx_desc = IGB_DESC(tx_ring, i);
    write_adv_tx_desc(tx_desc, buffer_info.dma, cmd_type_len | buffer_info.length, olinfo_status);
    if (++i === tx_ring.count) {
      i = 0;
    }
  }
  add_adv_tx_cmd(tx_desc, E1000_ADVTXD_DCMD_EOP | E1000_ADVTXD_DCMD_RS);
  tx_ring.next_to_use = i;
  wr32(adapter_of_ring(tx_ring).hw, tx_ring.tail, i);
}

/**
 * Stops the queue because `size` descriptors are not free, and looks again: the cleaning CPU may just have made room. 0: there is
 * room after all.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 30
 */
function __igb_maybe_stop_tx(tx_ring: igb_ring, size: number): number {
  const netdev = tx_ring.netdev as net_device;
  netif_stop_subqueue(netdev, tx_ring.queue_index);
  if (igb_desc_unused(tx_ring) < size) {
    return -EBUSY;
  }
  netif_wake_subqueue(netdev, tx_ring.queue_index);
  tx_ring.restart_queue++;
  return 0;
}

/**
 * Stops the queue unless `size` descriptors are free. 0: they are.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 4
 */
function igb_maybe_stop_tx(tx_ring: igb_ring, size: number): number {
  return igb_desc_unused(tx_ring) >= size ? 0 : __igb_maybe_stop_tx(tx_ring, size);
}

/**
 * Puts an skb into a transmit ring. NETDEV_TX_BUSY when the ring is too full for the most descriptors it could take.
 * @modelled drivers/net/igb/igb_main.c
 * @omits vlan_tx_tag_present: no VLAN
 * @cost 25
 */
function igb_xmit_frame_ring_adv(skb: sk_buff, tx_ring: igb_ring): number {
  if (igb_maybe_stop_tx(tx_ring, skb_shinfo(skb).nr_frags + 4) !== 0) {
    return NETDEV_TX_BUSY;
  }
  let tx_flags = skb.protocol === ETH_P_IP ? IGB_TX_FLAGS_IPV4 : 0;
  const first = tx_ring.next_to_use;
  const hdr_len = { value: 0 };
  let tso = 0;
  if (skb_is_gso(skb)) {
    tso = igb_tso_adv(tx_ring, skb, tx_flags, hdr_len);
    if (tso < 0) {
      dev_kfree_skb_any(skb);
      return NETDEV_TX_OK;
    }
  }
  if (tso !== 0) {
    tx_flags |= IGB_TX_FLAGS_TSO;
  } else if (igb_tx_csum_adv(tx_ring, skb, tx_flags)) {
    tx_flags |= IGB_TX_FLAGS_CSUM;
  }
  const count = igb_tx_map_adv(tx_ring, skb, first);
  igb_tx_queue_adv(tx_ring, tx_flags, count, skb.len, hdr_len.value);
  igb_maybe_stop_tx(tx_ring, MAX_SKB_FRAGS + 4);
  return NETDEV_TX_OK;
}

/**
 * Gives an skb to the ring of the TX queue that the stack chose (ndo_start_xmit). Called with the TX lock of that queue held.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 10
 */
export function* igb_xmit_frame_adv(skb: sk_buff, netdev: net_device): Kgen<number> {
  const adapter = adapter_of(netdev);
  if ((adapter.state & __IGB_DOWN) !== 0 || skb.len <= 0) {
    dev_kfree_skb_any(skb);
    return NETDEV_TX_OK;
  }
  const r_idx = skb_get_queue_mapping(skb) & (IGB_ABS_MAX_TX_QUEUES - 1);
  return igb_xmit_frame_ring_adv(skb, adapter.multi_tx_table.at(r_idx));
}

/**
 * Frees the packets the card is done with (DD in the last descriptor of each) and wakes a stopped queue once 16 descriptors are free.
 * True unless a whole ring was cleaned: then there may be more.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_tx_hwtstamp: no time stamps
 * @cost 25
 */
export function igb_clean_tx_irq(q_vector: igb_q_vector): boolean {
  const tx_ring = q_vector.tx_ring as igb_ring;
  const adapter = adapter_of_ring(tx_ring);
  const netdev = tx_ring.netdev as net_device;
  let count = 0;
  let total_bytes = 0;
  let total_packets = 0;
  let i = tx_ring.next_to_clean;
  let eop = tx_ring.buffer_info.at(i).next_to_watch;
  while ((adv_tx_status(IGB_DESC(tx_ring, eop)) & E1000_TXD_STAT_DD) !== 0 && count < tx_ring.count) {
    for (let cleaned = false; !cleaned; count++) {
      const buffer_info = tx_ring.buffer_info.at(i);
      cleaned = i === eop;
      if (buffer_info.skb !== null) {
        total_bytes += buffer_info.bytecount;
        total_packets += buffer_info.gso_segs;
      }
      igb_unmap_and_free_tx_resource(tx_ring, buffer_info);
      clear_adv_tx_status(IGB_DESC(tx_ring, i));
      if (++i === tx_ring.count) {
        i = 0;
      }
    }
    eop = tx_ring.buffer_info.at(i).next_to_watch;
  }
  tx_ring.next_to_clean = i;
  if (count > 0 && netif_carrier_ok(netdev) && igb_desc_unused(tx_ring) >= IGB_TX_QUEUE_WAKE) {
    if (__netif_subqueue_stopped(netdev, tx_ring.queue_index) && (adapter.state & __IGB_DOWN) === 0) {
      netif_wake_subqueue(netdev, tx_ring.queue_index);
      tx_ring.restart_queue++;
    }
  }
  if (tx_ring.detect_tx_hung) {
    tx_ring.detect_tx_hung = false;
    const queued = tx_ring.buffer_info.at(i).time_stamp;
    if (queued !== 0 && jiffies() > queued + adapter.tx_timeout_factor * HZ) {
      netif_stop_subqueue(netdev, tx_ring.queue_index);
    }
  }
  tx_ring.total_bytes += total_bytes;
  tx_ring.total_packets += total_packets;
  tx_ring.bytes += total_bytes;
  tx_ring.packets += total_packets;
  netdev.tx_bytes += total_bytes;
  netdev.tx_packets += total_packets;
  return count < tx_ring.count;
}
