/**
 * The receive side of drivers/net/e1000/e1000_main.c (2.6.39): from descriptors the card has filled to skbs for the stack, and
 * new buffers for the card. Left out: VLAN tags, fibre cards.
 */

import type { Kgen } from '../../../arch/current';
import { GFP_ATOMIC } from '../../../include/linux/gfp';
import { ETH_HLEN } from '../../../include/linux/if_ether';
import type { net_device } from '../../../include/linux/netdevice';
import {
  CHECKSUM_NONE,
  CHECKSUM_UNNECESSARY,
  NET_IP_ALIGN,
  type page,
  type sk_buff,
  skb_fill_page_desc,
  skb_shinfo,
  skb_tailroom,
} from '../../../include/linux/skbuff';
import { memcpy } from '../../../include/linux/uaccess';
import { alloc_pages } from '../../../mm/page_alloc';
import { napi_gro_receive } from '../../../net/core/dev';
import {
  consume_skb,
  netdev_alloc_skb_ip_align,
  pskb_may_pull,
  pskb_trim,
  skb_put,
  skb_trim,
} from '../../../net/core/skbuff';
import { eth_type_trans } from '../../../net/ethernet/eth';
import {
  clear_rx_desc_status,
  E1000_RXD_ERR_FRAME_ERR_MASK,
  E1000_RXD_ERR_TCPE,
  E1000_RXD_STAT_DD,
  E1000_RXD_STAT_EOP,
  E1000_RXD_STAT_IXSM,
  E1000_RXD_STAT_TCPCS,
  e1000_82543,
  ew32,
  rx_desc_csum,
  rx_desc_errors,
  rx_desc_length,
  rx_desc_status,
  set_rx_desc_buffer,
} from './e1000_hw';
import {
  adapter_of,
  E1000_DESC,
  E1000_DESC_UNUSED,
  E1000_RX_BUFFER_WRITE,
  type e1000_adapter,
  type e1000_buffer,
  type e1000_rx_ring,
  type work_count,
} from './e1000_struct';

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
export function* e1000_clean_rx_irq(
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
export const alloc_rx_skb = (adapter: e1000_adapter, bufsz: number): sk_buff | null => {
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
export function e1000_alloc_rx_buffers(adapter: e1000_adapter, rx_ring: e1000_rx_ring, cleaned_count: number): void {
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
export function e1000_alloc_jumbo_rx_buffers(
  adapter: e1000_adapter,
  rx_ring: e1000_rx_ring,
  cleaned_count: number,
): void {
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
export function* e1000_clean_jumbo_rx_irq(
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
