/** Mirrors drivers/net/e1000/e1000.h (2.6.39): the driver's view of an adapter, its rings and buffers. */
import {
  addr,
  bool,
  byteCount,
  embed,
  enumeration,
  flags,
  fn,
  int,
  list,
  ref,
  struct,
  u16,
  u32,
} from '../../../../base/struct';
import type { Kgen } from '../../../arch/current';
import { napi_struct, type net_device } from '../../../include/linux/netdevice';
import type { page, sk_buff } from '../../../include/linux/skbuff';
import { timer_list } from '../../../include/linux/timer';
import { work_struct } from '../../../include/linux/workqueue';
import { E1000_DESC_SIZE, e1000_hw, e1000_hw_stats } from './e1000_hw';

/** Descriptors of a ring: the default, and the most an 82540 or newer takes. */
export const E1000_DEFAULT_TXD = 256;
export const E1000_MAX_82544_TXD = 4096;
export const E1000_DEFAULT_RXD = 256;
export const E1000_MAX_82544_RXD = 4096;
/** Receive buffers are given back to the card in groups of this many. */
export const E1000_RX_BUFFER_WRITE = 16;
/** Receive buffers of 2 KiB; larger frames take pages. */
export const E1000_RXBUFFER_2048 = 2048;
/** Free descriptors at which a stopped queue is woken. */
export const TX_WAKE_THRESHOLD = 32;
/** A descriptor takes at most this much data: 4096 bytes. */
export const E1000_MAX_TXD_PWR = 12;
export const E1000_MAX_DATA_PER_TXD = 1 << E1000_MAX_TXD_PWR;

export const E1000_TX_FLAGS_CSUM = 0x00000001;
export const E1000_TX_FLAGS_TSO = 0x00000004;
export const E1000_TX_FLAGS_IPV4 = 0x00000008;

/** Masks of the bits in adapter.flags. */
export const __E1000_TESTING = 1 << 0;
export const __E1000_RESETTING = 1 << 1;
export const __E1000_DOWN = 1 << 2;

/** enum latency_range: which interrupt rate the traffic asks for. */
export const lowest_latency = 0;
export const low_latency = 1;
export const bulk_latency = 2;

/** What belongs to one descriptor. */
export const e1000_buffer = struct('e1000_buffer', {
  skb: ref<sk_buff>('transmit: the skb whose last piece this is; receive: the skb whose data area is posted'),
  dma: addr('bus address of the data'),
  time_stamp: int('jiffies when it was queued, 0: none'),
  length: byteCount('length of the piece or of the buffer'),
  next_to_watch: u16('last descriptor of the packet that begins here'),
  mapped_as_page: bool('a page fragment'),
  page: ref<page>('jumbo frames: the page that is posted'),
});
export interface e1000_buffer extends InstanceType<typeof e1000_buffer> {}

export const e1000_tx_ring = struct('e1000_tx_ring', {
  desc: addr('descriptors'),
  size: byteCount('length of the descriptors'),
  count: u32('descriptors in the ring'),
  next_to_use: u32('next to be filled'),
  next_to_clean: u32('oldest that was not cleaned'),
  buffer_info: list(ref<e1000_buffer>('of one descriptor'), E1000_MAX_82544_TXD, 'what each descriptor stands for'),
  tdh: u16('offset of the head register'),
  tdt: u16('offset of the tail register'),
  last_tx_tso: bool('the last packet was a TSO packet (erratum)'),
});
export interface e1000_tx_ring extends InstanceType<typeof e1000_tx_ring> {}

export const e1000_rx_ring = struct('e1000_rx_ring', {
  desc: addr('descriptors'),
  size: byteCount('length of the descriptors'),
  count: u32('descriptors in the ring'),
  next_to_use: u32('next to get a buffer'),
  next_to_clean: u32('next the card fills, or has filled'),
  buffer_info: list(ref<e1000_buffer>('of one descriptor'), E1000_MAX_82544_RXD, 'what each descriptor stands for'),
  rdh: u16('offset of the head register'),
  rdt: u16('offset of the tail register'),
  rx_skb_top: ref<sk_buff>('jumbo frames: the frame being put together'),
});
export interface e1000_rx_ring extends InstanceType<typeof e1000_rx_ring> {}

/** A count that a callee adds to; a pointer argument in Linux. */
export interface work_count {
  value: number;
}

export const e1000_adapter = struct('e1000_adapter', {
  netdev: ref<net_device>('device'),
  hw: embed(e1000_hw, 'chip'),
  flags: flags('state of the driver', { __E1000_TESTING, __E1000_RESETTING, __E1000_DOWN }),
  napi: embed(napi_struct, 'polling'),
  irq: int('interrupt line'),
  link_speed: u16('Mb/s'),
  txd_cmd: u32('command bits of the last descriptor of a packet'),
  tx_int_delay: u32('TIDV, 1.024 us'),
  tx_abs_int_delay: u32('TADV, 1.024 us'),
  rx_int_delay: u32('RDTR, 1.024 us'),
  rx_abs_int_delay: u32('RADV, 1.024 us'),
  tx_timeout_factor: u32('s a packet may stay in the ring', 1),
  tx_timeout_count: int('times the stack found the queue stuck'),
  detect_tx_hung: bool('the next clean looks for a stuck packet'),
  restart_queue: int('times the queue was woken'),
  itr: u32('interrupts a second now'),
  itr_setting: u32('how itr is found: 0 off, 1 dynamic, 3 dynamic conservative, else fixed'),
  tx_itr: enumeration('what transmission asks for', { lowest_latency, low_latency, bulk_latency }),
  rx_itr: enumeration('what reception asks for', { lowest_latency, low_latency, bulk_latency }),
  total_tx_bytes: u32('bytes cleaned since the last interrupt'),
  total_tx_packets: u32('packets cleaned since the last interrupt'),
  total_rx_bytes: u32('bytes received since the last interrupt'),
  total_rx_packets: u32('packets received since the last interrupt'),
  clean_rx:
    fn<(adapter: e1000_adapter, rx_ring: e1000_rx_ring, work_done: work_count, work_to_do: number) => Kgen<boolean>>(
      'takes in received packets',
    ),
  alloc_rx_buf:
    fn<(adapter: e1000_adapter, rx_ring: e1000_rx_ring, cleaned_count: number) => void>('posts receive buffers'),
  tx_ring: embed(e1000_tx_ring, 'transmit ring'),
  rx_ring: embed(e1000_rx_ring, 'receive ring'),
  rx_buffer_len: byteCount('length of a receive buffer'),
  copybreak: byteCount('frames up to this length are copied, so that their buffer stays in the ring'),
  rx_csum: bool('use the verdict of the checksum engine'),
  discarding: bool('in a frame that took more than one buffer'),
  hw_csum_good: int('packets whose checksum the card verified'),
  hw_csum_err: int('packets whose checksum the card found wrong'),
  alloc_rx_buff_failed: int('buffers that could not be had'),
  watchdog_timer: embed(timer_list, 'watchdog'),
  watchdog_period: int('jiffies between runs of the watchdog, 0: it runs on link changes only'),
  tpt_old: int('stats.tpt at the last watchdog'),
  reset_task: embed(work_struct, 'resets the card'),
  stats: embed(e1000_hw_stats, 'sums of the statistics registers'),
});
export interface e1000_adapter extends InstanceType<typeof e1000_adapter> {}

/** Free descriptors of a ring. A macro in Linux, so not a function of the call tree. */
export const E1000_DESC_UNUSED = (ring: e1000_tx_ring | e1000_rx_ring): number =>
  (ring.next_to_clean > ring.next_to_use ? 0 : ring.count) + ring.next_to_clean - ring.next_to_use - 1;

/** Address of descriptor `i` (E1000_TX_DESC and E1000_RX_DESC). */
export const E1000_DESC = (ring: e1000_tx_ring | e1000_rx_ring, i: number): number => ring.desc + i * E1000_DESC_SIZE;

/** The adapter of a device (netdev_priv). */
export const adapter_of = (netdev: net_device): e1000_adapter => netdev.priv as e1000_adapter;
