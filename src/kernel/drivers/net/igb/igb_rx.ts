/**
 * The receive side of drivers/net/igb/igb_main.c (2.6.39): from descriptors the card has filled to skbs for the stack, and new buffers
 * for the card. Left out: VLAN tags, time stamps.
 */
import type { Kgen } from '../../../arch/current';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import type { net_device } from '../../../include/linux/netdevice';
import {
  CHECKSUM_NONE,
  CHECKSUM_UNNECESSARY,
  PAGE_SIZE,
  type page,
  type sk_buff,
  skb_fill_page_desc,
  skb_record_rx_queue,
  skb_shinfo,
} from '../../../include/linux/skbuff';
import { alloc_pages } from '../../../mm/page_alloc';
import { get_page } from '../../../mm/swap';
import { dev_kfree_skb_irq, napi_gro_receive } from '../../../net/core/dev';
import { netdev_alloc_skb_ip_align, skb_put } from '../../../net/core/skbuff';
import { eth_type_trans } from '../../../net/ethernet/eth';
import {
  adv_rx_hdr_len,
  adv_rx_length,
  adv_rx_staterr,
  clear_adv_rx_staterr,
  E1000_RXD_STAT_DD,
  E1000_RXD_STAT_EOP,
  E1000_RXD_STAT_IXSM,
  E1000_RXD_STAT_TCPCS,
  E1000_RXD_STAT_UDPCS,
  E1000_RXDEXT_ERR_FRAME_ERR_MASK,
  E1000_RXDEXT_STATERR_IPE,
  E1000_RXDEXT_STATERR_TCPE,
  wr32,
  write_adv_rx_desc,
} from './e1000_hw';
import {
  adapter_of_ring,
  IGB_DESC,
  IGB_RING_FLAG_RX_CSUM,
  IGB_RX_BUFFER_WRITE,
  IGB_RXBUFFER_1024,
  type igb_buffer,
  igb_desc_unused,
  type igb_q_vector,
  type igb_ring,
} from './igb';

/** A count that a callee adds to; a pointer argument in Linux. */
export interface work_count {
  value: number;
}

/**
 * Hands a received skb to the stack.
 * @modelled drivers/net/igb/igb_main.c
 * @omits vlan_gro_receive: no VLAN
 * @cost 6
 */
function* igb_receive_skb(q_vector: igb_q_vector, skb: sk_buff, _vlan_tag: number): Kgen {
  yield* napi_gro_receive(q_vector.napi, skb);
}

/**
 * Takes over the card's verdict on the checksum of a received packet.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 6
 */
function igb_rx_checksum_adv(ring: igb_ring, status_err: number, skb: sk_buff): void {
  skb.ip_summed = CHECKSUM_NONE;
  if ((ring.flags & IGB_RING_FLAG_RX_CSUM) === 0 || (status_err & E1000_RXD_STAT_IXSM) !== 0) {
    return;
  }
  if ((status_err & (E1000_RXDEXT_STATERR_TCPE | E1000_RXDEXT_STATERR_IPE)) !== 0) {
    if (skb.len !== 60) {
      ring.csum_err++;
    }
    return;
  }
  if ((status_err & (E1000_RXD_STAT_TCPCS | E1000_RXD_STAT_UDPCS)) !== 0) {
    skb.ip_summed = CHECKSUM_UNNECESSARY;
  }
}

/**
 * Length of the headers that the card put into the header buffer.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 3
 */
function igb_get_hlen(rx_ring: igb_ring, rx_desc: number): number {
  return Math.min(adv_rx_hdr_len(rx_desc), rx_ring.rx_buffer_len);
}

/** Adds the half page of a descriptor to an skb; a page that nobody else holds is used again. Part of igb_clean_rx_irq_adv in Linux. */
const take_half_page = (buffer_info: igb_buffer, skb: sk_buff, length: number): void => {
  const held = buffer_info.page as page;
  buffer_info.page_dma = 0;
  skb_fill_page_desc(skb, skb_shinfo(skb).nr_frags, held, buffer_info.page_offset, length);
  if (held._count !== 1) {
    buffer_info.page = null;
  } else {
    get_page(held);
  }
  skb.len += length;
  skb.data_len += length;
  skb.truesize += length;
};

/**
 * Takes the frames the card has written to memory (DD) out of a receive ring, at most `budget`, hands them to the stack and posts new
 * buffers. Frames longer than the buffers come as headers and half pages, over several descriptors if need be.
 * @modelled drivers/net/igb/igb_main.c
 * @omits dma_unmap_single: there is no IOMMU
 * @omits igb_rx_hwtstamp: no time stamps
 * @cost 30
 */
export function* igb_clean_rx_irq_adv(q_vector: igb_q_vector, work_done: work_count, budget: number): Kgen<boolean> {
  const rx_ring = q_vector.rx_ring as igb_ring;
  const netdev = rx_ring.netdev as net_device;
  let cleaned = false;
  let cleaned_count = 0;
  let total_bytes = 0;
  let total_packets = 0;
  let i = rx_ring.next_to_clean;
  let buffer_info = rx_ring.buffer_info.at(i);
  let rx_desc = IGB_DESC(rx_ring, i);
  let staterr = adv_rx_staterr(rx_desc);
  while ((staterr & E1000_RXD_STAT_DD) !== 0) {
    if (work_done.value >= budget) {
      break;
    }
    work_done.value++;
    const skb = buffer_info.skb as sk_buff;
    buffer_info.skb = null;
    if (++i === rx_ring.count) {
      i = 0;
    }
    const next_rxd = IGB_DESC(rx_ring, i);
    const next_buffer = rx_ring.buffer_info.at(i);
    const length = adv_rx_length(rx_desc);
    cleaned = true;
    cleaned_count++;
    const whole = rx_ring.rx_buffer_len >= IGB_RXBUFFER_1024;
    if (buffer_info.dma !== 0) {
      buffer_info.dma = 0;
      skb_put(skb, whole ? length : igb_get_hlen(rx_ring, rx_desc));
    }
    if (!whole && length > 0) {
      take_half_page(buffer_info, skb, length);
    }
    if (!whole && (staterr & E1000_RXD_STAT_EOP) === 0) {
      buffer_info.skb = next_buffer.skb;
      buffer_info.dma = next_buffer.dma;
      next_buffer.skb = skb;
      next_buffer.dma = 0;
    } else if ((staterr & E1000_RXDEXT_ERR_FRAME_ERR_MASK) !== 0) {
      dev_kfree_skb_irq(skb);
    } else {
      total_bytes += skb.len;
      total_packets++;
      igb_rx_checksum_adv(rx_ring, staterr, skb);
      skb.protocol = eth_type_trans(skb, netdev);
      skb_record_rx_queue(skb, rx_ring.queue_index);
      yield* igb_receive_skb(q_vector, skb, 0);
    }
    clear_adv_rx_staterr(rx_desc);
    if (cleaned_count >= IGB_RX_BUFFER_WRITE) {
      igb_alloc_rx_buffers_adv(rx_ring, cleaned_count);
      cleaned_count = 0;
    }
    rx_desc = next_rxd;
    buffer_info = next_buffer;
    staterr = adv_rx_staterr(rx_desc);
  }
  rx_ring.next_to_clean = i;
  cleaned_count = igb_desc_unused(rx_ring);
  if (cleaned_count > 0) {
    igb_alloc_rx_buffers_adv(rx_ring, cleaned_count);
  }
  rx_ring.total_packets += total_packets;
  rx_ring.total_bytes += total_bytes;
  rx_ring.packets += total_packets;
  rx_ring.bytes += total_bytes;
  netdev.rx_bytes += total_bytes;
  netdev.rx_packets += total_packets;
  return cleaned;
}

/**
 * Posts `cleaned_count` receive buffers: an skb each, and for long frames half a page; moves the tail (RDT) last.
 * @modelled drivers/net/igb/igb_main.c
 * @omits dma_map_single: bus addresses are RAM addresses, and mapping never fails
 * @cost 15
 */
export function igb_alloc_rx_buffers_adv(rx_ring: igb_ring, cleaned_count: number): void {
  const netdev = rx_ring.netdev as net_device;
  const bufsz = rx_ring.rx_buffer_len;
  const split = bufsz < IGB_RXBUFFER_1024;
  let i = rx_ring.next_to_use;
  for (let left = cleaned_count; left > 0; left--) {
    const buffer_info = rx_ring.buffer_info.at(i);
    if (split && buffer_info.page_dma === 0) {
      if (buffer_info.page === null) {
        buffer_info.page = alloc_pages(GFP_ATOMIC, 0);
        buffer_info.page_offset = 0;
      } else {
        buffer_info.page_offset = buffer_info.page_offset ^ (PAGE_SIZE / 2);
      }
      buffer_info.page_dma = (buffer_info.page as page).virtual + buffer_info.page_offset;
    }
    if (buffer_info.skb === null) {
      buffer_info.skb = netdev_alloc_skb_ip_align(netdev, bufsz);
      if (buffer_info.skb === null) {
        rx_ring.alloc_failed++;
        break;
      }
    }
    if (buffer_info.dma === 0) {
      buffer_info.dma = buffer_info.skb.data;
    }
    const desc = IGB_DESC(rx_ring, i);
    write_adv_rx_desc(desc, split ? buffer_info.page_dma : buffer_info.dma, split ? buffer_info.dma : 0);
    if (++i === rx_ring.count) {
      i = 0;
    }
  }
  if (rx_ring.next_to_use !== i) {
    rx_ring.next_to_use = i;
    wr32(adapter_of_ring(rx_ring).hw, rx_ring.tail, i === 0 ? rx_ring.count - 1 : i - 1);
  }
}
