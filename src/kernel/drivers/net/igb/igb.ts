/** Mirrors drivers/net/igb/igb.h (2.6.39): the driver's view of an adapter, its interrupt vectors, rings and buffers. */
import { addr, bool, byteCount, embed, flags, int, list, ref, str, struct, u16, u32 } from '../../../../base/struct';
import { napi_struct, type net_device } from '../../../include/linux/netdevice';
import type { page, sk_buff } from '../../../include/linux/skbuff';
import { timer_list } from '../../../include/linux/timer';
import { work_struct } from '../../../include/linux/workqueue';
import { ADV_DESC_SIZE, igb_hw } from './e1000_hw';

export const IGB_DEFAULT_TXD = 256;
/** Most descriptors of a ring. */
export const IGB_MAX_TXD = 4096;
/** Fewest, and their number is a multiple of the other. */
export const IGB_MIN_TXD = 80;
export const REQ_TX_DESCRIPTOR_MULTIPLE = 8;
export const IGB_DEFAULT_RXD = 256;
export const IGB_DEFAULT_ITR = 3;
/** EITR before any traffic: about 6000 interrupts a second. */
const IGB_START_ITR = 648;
/** Most queues in each direction without virtualisation. */
export const IGB_MAX_RX_QUEUES = 8;
export const IGB_ABS_MAX_TX_QUEUES = 8;
export const MAX_Q_VECTORS = 8;
/** Receive buffers are given back to the card in groups of this many. */
export const IGB_RX_BUFFER_WRITE = 16;
/** Free descriptors at which a stopped queue is woken. */
export const IGB_TX_QUEUE_WAKE = 16;
export const IGB_RXBUFFER_128 = 128;
export const IGB_RXBUFFER_1024 = 1024;
/** Thresholds of prefetch and write-back, in descriptors; with MSI-X each descriptor is written back at once. */
export const IGB_TX_PTHRESH = 8;
export const IGB_TX_HTHRESH = 1;
export const IGB_TX_WTHRESH = 1;
export const IGB_RX_PTHRESH = 8;
export const IGB_RX_HTHRESH = 8;
export const IGB_RX_WTHRESH = 1;

export const IGB_TX_FLAGS_CSUM = 0x00000001;
export const IGB_TX_FLAGS_TSO = 0x00000004;
export const IGB_TX_FLAGS_IPV4 = 0x00000008;

/** Masks of the bits in adapter.state. */
export const __IGB_TESTING = 1 << 0;
export const __IGB_RESETTING = 1 << 1;
export const __IGB_DOWN = 1 << 2;

/** One vector serves a receive and a transmit ring. */
export const IGB_FLAG_QUEUE_PAIRS = 1 << 3;

/** In ring.flags: use the verdict of the checksum engine. */
export const IGB_RING_FLAG_RX_CSUM = 0x00000001;

/** What belongs to one descriptor. */
export const igb_buffer = struct('igb_buffer', {
  skb: ref<sk_buff>('transmit: the skb whose last piece this is; receive: the skb whose data area is posted'),
  dma: addr('bus address of the data'),
  time_stamp: int('jiffies when it was queued, 0: none'),
  length: byteCount('length of the piece'),
  next_to_watch: u16('last descriptor of the packet that begins here'),
  bytecount: byteCount('bytes that the packet puts on the wire, without FCS'),
  gso_segs: u16('frames that the packet becomes'),
  mapped_as_page: bool('a page fragment'),
  page: ref<page>('header split: the page whose half is posted'),
  page_dma: addr('bus address of that half'),
  page_offset: int('which half'),
});
export interface igb_buffer extends InstanceType<typeof igb_buffer> {}

export const igb_ring = struct('igb_ring', {
  q_vector: ref<igb_q_vector>('interrupt vector that serves it'),
  netdev: ref<net_device>('device'),
  desc: addr('descriptors'),
  size: byteCount('length of the descriptors'),
  count: u32('descriptors in the ring'),
  head: u32('offset of the head register'),
  tail: u32('offset of the tail register'),
  next_to_use: u32('next to be filled, or to get a buffer'),
  next_to_clean: u32('oldest that was not cleaned'),
  queue_index: int('number of the queue to the stack'),
  reg_idx: int('number of the queue in the card'),
  flags: flags('switches', { IGB_RING_FLAG_RX_CSUM }),
  total_bytes: u32('bytes since the interrupt rate was last set'),
  total_packets: u32('packets since the interrupt rate was last set'),
  packets: int('packets through the ring'),
  bytes: byteCount('bytes through the ring'),
  restart_queue: int('transmit: times the queue was woken'),
  detect_tx_hung: bool('transmit: the next clean looks for a stuck packet'),
  rx_buffer_len: byteCount('receive: length of a buffer'),
  drops: int('receive: frames the card dropped for lack of descriptors'),
  csum_err: int('receive: packets whose checksum the card found wrong'),
  alloc_failed: int('receive: buffers that could not be had'),
  buffer_info: list(ref<igb_buffer>('of one descriptor'), IGB_MAX_TXD, 'what each descriptor stands for'),
});
export interface igb_ring extends InstanceType<typeof igb_ring> {}

/** An MSI-X vector with its poll. */
export const igb_q_vector = struct('igb_q_vector', {
  adapter: ref<igb_adapter>('adapter'),
  rx_ring: ref<igb_ring>('receive ring it serves'),
  tx_ring: ref<igb_ring>('transmit ring it serves'),
  napi: embed(napi_struct, 'polling'),
  name: str('name of the interrupt'),
  eims_value: u32('its bit in EIMS, EICR...'),
  itr_val: u16('throttle, as EITR has it: us in bits 2 to 14'),
  set_itr: bool('the throttle is to be written at the next interrupt'),
  itr_register: u32('offset of its EITR'),
});
export interface igb_q_vector extends InstanceType<typeof igb_q_vector> {}

/** Sums of the statistics registers (struct e1000_hw_stats). */
export const igb_hw_stats = struct('igb_hw_stats', {
  crcerrs: int('frames with a wrong FCS'),
  mpc: int('frames missed for lack of room'),
  gprc: int('good frames received'),
  bprc: int('broadcast frames received'),
  gptc: int('good frames sent'),
  gorc: byteCount('bytes of good frames received'),
  gotc: byteCount('bytes of good frames sent'),
  rnbc: int('frames that found no receive descriptor'),
  tpr: int('frames received'),
  tpt: int('frames sent'),
  tsctc: int('packets segmented'),
  iac: int('interrupts'),
  doosync: int('times the DMA of the card was out of step'),
});
export interface igb_hw_stats extends InstanceType<typeof igb_hw_stats> {}

export const igb_adapter = struct('igb_adapter', {
  netdev: ref<net_device>('device'),
  hw: embed(igb_hw, 'chip'),
  state: flags('state of the driver', { __IGB_TESTING, __IGB_RESETTING, __IGB_DOWN }),
  flags: flags('how vectors are shared', { IGB_FLAG_QUEUE_PAIRS }),
  num_q_vectors: int('interrupt vectors for queues'),
  q_vector: list(ref<igb_q_vector>('vector'), MAX_Q_VECTORS, 'interrupt vectors'),
  msix_irq: int('interrupt of vector 0; the others follow'),
  eims_enable_mask: u32('bits of all vectors in EIMS'),
  eims_other: u32('bit of the vector for what belongs to no queue'),
  rss_queues: int('queues that RSS spreads over'),
  num_tx_queues: int('transmit rings'),
  tx_ring: list(ref<igb_ring>('transmit ring'), IGB_ABS_MAX_TX_QUEUES, 'transmit rings'),
  multi_tx_table: list(ref<igb_ring>('transmit ring'), IGB_ABS_MAX_TX_QUEUES, 'transmit ring by TX queue'),
  num_rx_queues: int('receive rings'),
  rx_ring: list(ref<igb_ring>('receive ring'), IGB_MAX_RX_QUEUES, 'receive rings'),
  tx_ring_count: u32('descriptors of a transmit ring'),
  rx_ring_count: u32('descriptors of a receive ring'),
  tx_itr_setting: u32(
    'how vectors without a receive ring find their throttle: 0 off, 1 dynamic, 3 dynamic conservative, else EITR',
  ),
  rx_itr_setting: u32('how the others do'),
  max_frame_size: byteCount('longest frame with FCS'),
  link_speed: u16('Mb/s'),
  tx_timeout_factor: u32('s a packet may stay in a ring', 1),
  tx_timeout_count: int('times the stack found a queue stuck'),
  watchdog_timer: embed(timer_list, 'watchdog'),
  reset_task: embed(work_struct, 'resets the card when it hangs'),
  watchdog_task: embed(work_struct, 'what the watchdog does'),
  watchdog_period: int('jiffies between runs of the watchdog, 0: it runs on link changes only'),
  stats: embed(igb_hw_stats, 'sums of the statistics registers'),
});
export interface igb_adapter extends InstanceType<typeof igb_adapter> {}

/** Free descriptors of a ring (igb_desc_unused). An inline of igb.h that compilers fold away. */
export const igb_desc_unused = (ring: igb_ring): number =>
  (ring.next_to_clean > ring.next_to_use ? 0 : ring.count) + ring.next_to_clean - ring.next_to_use - 1;

/** Address of descriptor `i` (E1000_TX_DESC_ADV and E1000_RX_DESC_ADV). */
export const IGB_DESC = (ring: igb_ring, i: number): number => ring.desc + i * ADV_DESC_SIZE;

/** The adapter of a device (netdev_priv). */
export const adapter_of = (netdev: net_device): igb_adapter => netdev.priv as igb_adapter;

/** The adapter of a ring. */
export const adapter_of_ring = (ring: igb_ring): igb_adapter => adapter_of(ring.netdev as net_device);

/** Bits of EITR that are the interval, us in bits 2 to 14. */
export const EITR_INTERVAL = 0x7ffc;

/** A rate as the driver keeps it: 0, 1 and 3 as they are, interrupts a second as EITR has them. */
export const itr_setting = (rate: number): number =>
  rate <= 3 ? rate : Math.min(Math.trunc(1_000_000 / rate) << 2, EITR_INTERVAL);

/** The throttle a vector begins with under a setting. */
export const first_itr = (setting: number): number => (setting !== 0 && setting <= 3 ? IGB_START_ITR : setting);
