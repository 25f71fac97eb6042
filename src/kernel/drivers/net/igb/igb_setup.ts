/**
 * The part of drivers/net/igb/igb_main.c (2.6.39) that sets a card up, takes it down and resets it: rings, registers, vectors, statistics.
 * Left out: VLAN, wake-up, DCA, virtualisation.
 */
import { heap } from '../../../../base/heap';
import type { Kgen } from '../../../arch/current';
import { ETH_FCS_LEN, ETH_HLEN } from '../../../include/linux/if_ether';
import {
  napi_enable,
  type net_device,
  netif_tx_start_all_queues,
  netif_tx_stop_all_queues,
} from '../../../include/linux/netdevice';
import { PAGE_SIZE } from '../../../include/linux/skbuff';
import { msleep } from '../../../kernel/sched';
import { del_timer } from '../../../kernel/timer';
import { schedule_work } from '../../../kernel/workqueue';
import { put_page } from '../../../mm/swap';
import { napi_disable } from '../../../net/core/dev';
import { consume_skb } from '../../../net/core/skbuff';
import { netif_carrier_off } from '../../../net/sched/sch_generic';
import { igb_init_hw_82575, igb_reset_hw_82575 } from './e1000_82575';
import * as reg from './e1000_hw';
import { ADV_DESC_SIZE, type igb_hw, MAXIMUM_ETHERNET_VLAN_SIZE, rd32, wr32 } from './e1000_hw';
import {
  __IGB_DOWN,
  __IGB_RESETTING,
  adapter_of,
  IGB_ABS_MAX_TX_QUEUES,
  IGB_RX_HTHRESH,
  IGB_RX_PTHRESH,
  IGB_RX_WTHRESH,
  IGB_RXBUFFER_128,
  IGB_RXBUFFER_1024,
  IGB_TX_HTHRESH,
  IGB_TX_PTHRESH,
  IGB_TX_WTHRESH,
  type igb_adapter,
  igb_buffer,
  igb_desc_unused,
  type igb_q_vector,
  type igb_ring,
} from './igb';
import { igb_alloc_rx_buffers_adv } from './igb_rx';
import { igb_unmap_and_free_tx_resource } from './igb_tx';

/** Key of the RSS hash: the one of Microsoft's verification suite. */
const rsshash = [
  0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b,
  0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac,
  0x01, 0xfa,
];

/**
 * Writes a vector into a byte of the table that says which vector a queue has.
 * @model the two halves of the 82576's case in igb_assign_vector
 * @cost 4
 */
function igb_write_ivar(hw: igb_hw, msix_vector: number, queue: number, column: number): void {
  const offset = reg.E1000_IVAR0 + 4 * (queue & 0x7);
  const shift = 8 * column + (queue < 8 ? 0 : 16);
  const ivar = rd32(hw, offset) & ~(0xff << shift);
  wr32(hw, offset, ivar | ((msix_vector | reg.E1000_IVAR_VALID) << shift));
}

/**
 * Ties the rings of a vector to it.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_assign_vector(q_vector: igb_q_vector, msix_vector: number): void {
  const adapter = q_vector.adapter as igb_adapter;
  const hw = adapter.hw;
  if (q_vector.rx_ring !== null) {
    igb_write_ivar(hw, msix_vector, q_vector.rx_ring.reg_idx, 0);
  }
  if (q_vector.tx_ring !== null) {
    igb_write_ivar(hw, msix_vector, q_vector.tx_ring.reg_idx, 1);
  }
  q_vector.eims_value = 1 << msix_vector;
  adapter.eims_enable_mask = adapter.eims_enable_mask | q_vector.eims_value;
  q_vector.set_itr = true;
}

/**
 * Sets the card up for MSI-X: vector 0 for what belongs to no queue, the others for the rings.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_configure_msix(adapter: igb_adapter): void {
  const hw = adapter.hw;
  let vector = 0;
  adapter.eims_enable_mask = 0;
  wr32(hw, reg.E1000_GPIE, reg.E1000_GPIE_MSIX_MODE | reg.E1000_GPIE_PBA | reg.E1000_GPIE_EIAME | reg.E1000_GPIE_NSICR);
  adapter.eims_other = 1 << vector;
  wr32(hw, reg.E1000_IVAR_MISC, (vector++ | reg.E1000_IVAR_VALID) << 8);
  adapter.eims_enable_mask = adapter.eims_other;
  for (const q_vector of adapter.q_vector) {
    igb_assign_vector(q_vector, vector++);
  }
}

/**
 * Masks all interrupts of the card.
 * @modelled drivers/net/igb/igb_main.c
 * @omits synchronize_irq: an interrupt under way on another CPU finds __IGB_DOWN set
 */
export function igb_irq_disable(adapter: igb_adapter): void {
  const hw = adapter.hw;
  const { eims_enable_mask } = adapter;
  wr32(hw, reg.E1000_EIAM, rd32(hw, reg.E1000_EIAM) & ~eims_enable_mask);
  wr32(hw, reg.E1000_EIMC, eims_enable_mask);
  wr32(hw, reg.E1000_EIAC, rd32(hw, reg.E1000_EIAC) & ~eims_enable_mask);
  wr32(hw, reg.E1000_IMC, 0xffffffff);
}

/**
 * Allows the interrupts: all vectors, which clear their cause and mask themselves, and link changes.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_irq_enable(adapter: igb_adapter): void {
  const hw = adapter.hw;
  const { eims_enable_mask } = adapter;
  wr32(hw, reg.E1000_EIAC, rd32(hw, reg.E1000_EIAC) | eims_enable_mask);
  wr32(hw, reg.E1000_EIAM, rd32(hw, reg.E1000_EIAM) | eims_enable_mask);
  wr32(hw, reg.E1000_EIMS, eims_enable_mask);
  wr32(hw, reg.E1000_IMS, reg.IGB_IMS_OTHER);
}

/**
 * Makes a transmit ring.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_setup_tx_resources(tx_ring: igb_ring): void {
  tx_ring.size = Math.ceil((tx_ring.count * ADV_DESC_SIZE) / PAGE_SIZE) * PAGE_SIZE;
  tx_ring.desc = heap.ramAlloc(tx_ring.size);
  heap.fill(tx_ring.desc, 0, tx_ring.size);
  for (let i = 0; i < tx_ring.count; i++) {
    tx_ring.buffer_info.push(new igb_buffer());
  }
  tx_ring.next_to_use = 0;
  tx_ring.next_to_clean = 0;
}

/**
 * Makes all transmit rings, and the table that finds the ring of a TX queue.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_setup_all_tx_resources(adapter: igb_adapter): void {
  for (const ring of adapter.tx_ring) {
    igb_setup_tx_resources(ring);
  }
  for (let i = 0; i < IGB_ABS_MAX_TX_QUEUES; i++) {
    adapter.multi_tx_table.set(i, adapter.tx_ring.at(i % adapter.num_tx_queues));
  }
}

/**
 * Makes a receive ring, without buffers.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_setup_rx_resources(rx_ring: igb_ring): void {
  rx_ring.size = Math.ceil((rx_ring.count * ADV_DESC_SIZE) / PAGE_SIZE) * PAGE_SIZE;
  rx_ring.desc = heap.ramAlloc(rx_ring.size);
  heap.fill(rx_ring.desc, 0, rx_ring.size);
  for (let i = 0; i < rx_ring.count; i++) {
    rx_ring.buffer_info.push(new igb_buffer());
  }
  rx_ring.next_to_clean = 0;
  rx_ring.next_to_use = 0;
}

/**
 * Makes all receive rings.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_setup_all_rx_resources(adapter: igb_adapter): void {
  for (const ring of adapter.rx_ring) {
    igb_setup_rx_resources(ring);
  }
}

/**
 * Enables transmission; short frames are padded.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_config_collision_dist: the link is full duplex
 */
function igb_setup_tctl(adapter: igb_adapter): void {
  const hw = adapter.hw;
  wr32(hw, reg.E1000_TXDCTL(0), 0);
  const tctl = rd32(hw, reg.E1000_TCTL) & ~reg.E1000_TCTL_CT;
  const collisions = reg.E1000_COLLISION_THRESHOLD << reg.E1000_CT_SHIFT;
  wr32(hw, reg.E1000_TCTL, tctl | reg.E1000_TCTL_PSP | reg.E1000_TCTL_RTLC | collisions | reg.E1000_TCTL_EN);
}

/**
 * Tells the card where a transmit ring is, and enables the queue.
 * @modelled drivers/net/igb/igb_main.c
 * @omits __const_udelay: the card has nothing under way yet
 */
function igb_configure_tx_ring(adapter: igb_adapter, ring: igb_ring): void {
  const hw = adapter.hw;
  const n = ring.reg_idx;
  let txdctl = rd32(hw, reg.E1000_TXDCTL(n));
  wr32(hw, reg.E1000_TXDCTL(n), txdctl & ~reg.E1000_TXDCTL_QUEUE_ENABLE);
  wr32(hw, reg.E1000_TDLEN(n), ring.count * ADV_DESC_SIZE);
  wr32(hw, reg.E1000_TDBAL(n), ring.desc);
  wr32(hw, reg.E1000_TDBAH(n), 0);
  ring.head = reg.E1000_TDH(n);
  ring.tail = reg.E1000_TDT(n);
  wr32(hw, ring.head, 0);
  wr32(hw, ring.tail, 0);
  txdctl |= IGB_TX_PTHRESH | (IGB_TX_HTHRESH << 8) | (IGB_TX_WTHRESH << 16) | reg.E1000_TXDCTL_QUEUE_ENABLE;
  wr32(hw, reg.E1000_TXDCTL(n), txdctl);
}

/**
 * Tells the card where the transmit rings are.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_configure_tx(adapter: igb_adapter): void {
  for (const ring of adapter.tx_ring) {
    igb_configure_tx_ring(adapter, ring);
  }
}

/**
 * Sets up receive side scaling: the key, the table of 128 entries that names the queues in turn, and what is hashed: addresses, and the
 * ports of TCP (not of UDP: fragments would go astray). The hash takes the place of the packet checksum.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_vmm_control: no virtualisation
 */
function igb_setup_mrqc(adapter: igb_adapter): void {
  const hw = adapter.hw;
  for (let j = 0; j < 10; j++) {
    let rsskey = 0;
    for (let byte = 3; byte >= 0; byte--) {
      rsskey = rsskey * 256 + (rsshash[4 * j + byte] as number);
    }
    wr32(hw, reg.E1000_RSSRK(j), rsskey);
  }
  for (let j = 0; j < 128; j += 4) {
    let reta = 0;
    for (let byte = 3; byte >= 0; byte--) {
      reta = reta * 256 + ((j + byte) % adapter.rss_queues);
    }
    wr32(hw, reg.E1000_RETA(j >> 2), reta);
  }
  wr32(hw, reg.E1000_RXCSUM, rd32(hw, reg.E1000_RXCSUM) | reg.E1000_RXCSUM_PCSD | reg.E1000_RXCSUM_CRCOFL);
  wr32(
    hw,
    reg.E1000_MRQC,
    reg.E1000_MRQC_ENABLE_RSS_4Q |
      reg.E1000_MRQC_RSS_FIELD_IPV4 |
      reg.E1000_MRQC_RSS_FIELD_IPV4_TCP |
      reg.E1000_MRQC_RSS_FIELD_IPV6 |
      reg.E1000_MRQC_RSS_FIELD_IPV6_TCP |
      reg.E1000_MRQC_RSS_FIELD_IPV6_TCP_EX,
  );
}

/**
 * Enables reception: broadcasts too, FCS taken off, length bounded by RLPML.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_setup_rctl(adapter: igb_adapter): void {
  const hw = adapter.hw;
  const rctl =
    rd32(hw, reg.E1000_RCTL) |
    reg.E1000_RCTL_EN |
    reg.E1000_RCTL_BAM |
    reg.E1000_RCTL_RDMTS_HALF |
    reg.E1000_RCTL_SECRC;
  wr32(hw, reg.E1000_RXDCTL(0), 0);
  wr32(hw, reg.E1000_RCTL, rctl | reg.E1000_RCTL_LPE);
}

/**
 * Sets the longest frame that the card takes in.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_rlpml_set(adapter: igb_adapter): void {
  wr32(adapter.hw, reg.E1000_RLPML, adapter.max_frame_size);
}

/**
 * Tells the card where a receive ring is and how large its buffers are, and enables the queue. With several queues, a frame that finds no
 * descriptor is dropped, so that it does not hold up the other queues.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_set_vmolr: no virtualisation
 */
function igb_configure_rx_ring(adapter: igb_adapter, ring: igb_ring): void {
  const hw = adapter.hw;
  const n = ring.reg_idx;
  let rxdctl = rd32(hw, reg.E1000_RXDCTL(n));
  wr32(hw, reg.E1000_RXDCTL(n), rxdctl & ~reg.E1000_RXDCTL_QUEUE_ENABLE);
  wr32(hw, reg.E1000_RDBAL(n), ring.desc);
  wr32(hw, reg.E1000_RDBAH(n), 0);
  wr32(hw, reg.E1000_RDLEN(n), ring.count * ADV_DESC_SIZE);
  ring.head = reg.E1000_RDH(n);
  ring.tail = reg.E1000_RDT(n);
  wr32(hw, ring.head, 0);
  wr32(hw, ring.tail, 0);
  let srrctl: number;
  if (ring.rx_buffer_len < IGB_RXBUFFER_1024) {
    srrctl = (Math.ceil(ring.rx_buffer_len / 64) * 64) << reg.E1000_SRRCTL_BSIZEHDRSIZE_SHIFT;
    srrctl |= (PAGE_SIZE / 2) >> reg.E1000_SRRCTL_BSIZEPKT_SHIFT;
    srrctl |= reg.E1000_SRRCTL_DESCTYPE_HDR_SPLIT_ALWAYS;
  } else {
    srrctl = Math.ceil(ring.rx_buffer_len / 1024) | reg.E1000_SRRCTL_DESCTYPE_ADV_ONEBUF;
  }
  if (adapter.num_rx_queues > 1) {
    srrctl |= reg.E1000_SRRCTL_DROP_EN;
  }
  wr32(hw, reg.E1000_SRRCTL(n), srrctl);
  rxdctl = (rxdctl & 0xfff00000) | IGB_RX_PTHRESH | (IGB_RX_HTHRESH << 8) | (IGB_RX_WTHRESH << 16);
  wr32(hw, reg.E1000_RXDCTL(n), rxdctl | reg.E1000_RXDCTL_QUEUE_ENABLE);
}

/**
 * Tells the card where the receive rings are.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_set_uta: no virtualisation
 * @omits igb_rar_set_qsel: the address register holds the card's address since the reset
 */
function igb_configure_rx(adapter: igb_adapter): void {
  igb_rlpml_set(adapter);
  for (const ring of adapter.rx_ring) {
    igb_configure_rx_ring(adapter, ring);
  }
}

/**
 * Programs the card and posts receive buffers: all but one descriptor of each ring.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_get_hw_control: no management firmware
 * @omits igb_set_rx_mode: the card's own address and broadcast are enough
 * @omits igb_restore_vlan: no VLAN
 * @omits igb_rx_fifo_flush_82575: another chip
 */
export function igb_configure(adapter: igb_adapter): void {
  igb_setup_tctl(adapter);
  igb_setup_mrqc(adapter);
  igb_setup_rctl(adapter);
  igb_configure_tx(adapter);
  igb_configure_rx(adapter);
  for (const ring of adapter.rx_ring) {
    igb_alloc_rx_buffers_adv(ring, igb_desc_unused(ring));
  }
}

/**
 * Adds the statistics registers, which reading clears, to the sums the driver keeps.
 * @simplified the registers that the card of the model has
 * @cost 40
 */
export function igb_update_stats(adapter: igb_adapter): void {
  const hw = adapter.hw;
  const stats = adapter.stats;
  if (adapter.link_speed === 0) {
    return;
  }
  for (const ring of adapter.rx_ring) {
    ring.drops += rd32(hw, reg.E1000_RQDPC(ring.reg_idx));
  }
  stats.crcerrs += rd32(hw, reg.E1000_CRCERRS);
  stats.gprc += rd32(hw, reg.E1000_GPRC);
  stats.gorc += rd32(hw, reg.E1000_GORCL);
  stats.bprc += rd32(hw, reg.E1000_BPRC);
  stats.mpc += rd32(hw, reg.E1000_MPC);
  stats.gptc += rd32(hw, reg.E1000_GPTC);
  stats.gotc += rd32(hw, reg.E1000_GOTCL);
  stats.rnbc += rd32(hw, reg.E1000_RNBC);
  stats.tpr += rd32(hw, reg.E1000_TPR);
  stats.tpt += rd32(hw, reg.E1000_TPT);
  stats.tsctc += rd32(hw, reg.E1000_TSCTC);
  stats.iac += rd32(hw, reg.E1000_IAC);
}

/**
 * Chooses the receive buffers for the MTU: one buffer a frame, or headers in 128 bytes and data in half pages.
 * @simplified the part of igb_change_mtu that sets rx_buffer_len
 */
export function igb_change_mtu(netdev: net_device, new_mtu: number): void {
  const adapter = adapter_of(netdev);
  const max_frame = new_mtu + ETH_HLEN + ETH_FCS_LEN;
  adapter.max_frame_size = max_frame;
  let rx_buffer_len = IGB_RXBUFFER_128;
  if (max_frame <= IGB_RXBUFFER_1024) {
    rx_buffer_len = IGB_RXBUFFER_1024;
  } else if (max_frame <= MAXIMUM_ETHERNET_VLAN_SIZE) {
    rx_buffer_len = MAXIMUM_ETHERNET_VLAN_SIZE;
  }
  netdev.mtu = new_mtu;
  for (const ring of adapter.rx_ring) {
    ring.rx_buffer_len = rx_buffer_len;
  }
}

/**
 * Resets the card. Its receive packet buffer asks the peer to pause when nine tenths are full, or when two full frames still fit, whichever
 * comes first.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_get_phy_info: tells nothing that is needed
 */
export function igb_reset(adapter: igb_adapter): void {
  const hw = adapter.hw;
  const pba = (rd32(hw, reg.E1000_RXPBS) & reg.E1000_RXPBS_SIZE_MASK_82576) * 1024;
  const hwm = Math.min(Math.trunc((pba * 9) / 10), pba - 2 * adapter.max_frame_size);
  hw.high_water = hwm & 0xfff0;
  hw.low_water = hw.high_water - 16;
  hw.pause_time = 0xffff;
  hw.send_xon = true;
  hw.current_mode = hw.requested_mode;
  igb_reset_hw_82575(hw);
  igb_init_hw_82575(hw);
}

/**
 * Frees every packet in a transmit ring, sent or not, and empties it.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_clean_tx_ring(tx_ring: igb_ring): void {
  for (const buffer_info of tx_ring.buffer_info) {
    igb_unmap_and_free_tx_resource(tx_ring, buffer_info);
  }
  heap.fill(tx_ring.desc, 0, tx_ring.size);
  tx_ring.next_to_use = 0;
  tx_ring.next_to_clean = 0;
}

/**
 * Empties all transmit rings.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_clean_all_tx_rings(adapter: igb_adapter): void {
  for (const ring of adapter.tx_ring) {
    igb_clean_tx_ring(ring);
  }
}

/** Frees what belongs to one descriptor of a receive ring. Part of igb_clean_rx_ring in Linux. */
const free_rx_buffer = (buffer_info: igb_buffer): void => {
  buffer_info.dma = 0;
  if (buffer_info.skb !== null) {
    consume_skb(buffer_info.skb);
    buffer_info.skb = null;
  }
  buffer_info.page_dma = 0;
  if (buffer_info.page !== null) {
    put_page(buffer_info.page);
    buffer_info.page = null;
    buffer_info.page_offset = 0;
  }
};

/**
 * Takes all buffers out of a receive ring.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_clean_rx_ring(rx_ring: igb_ring): void {
  for (const buffer_info of rx_ring.buffer_info) {
    free_rx_buffer(buffer_info);
  }
  heap.fill(rx_ring.desc, 0, rx_ring.size);
  rx_ring.next_to_clean = 0;
  rx_ring.next_to_use = 0;
}

/**
 * Takes all buffers out of all receive rings.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_clean_all_rx_rings(adapter: igb_adapter): void {
  for (const ring of adapter.rx_ring) {
    igb_clean_rx_ring(ring);
  }
}

/** Gives a ring that is empty another number of descriptors. In Linux a copy of the ring gets them, and is put in its place. */
export const resize_ring = (ring: igb_ring, count: number, setup: (ring: igb_ring) => void): void => {
  while (ring.buffer_info.length > 0) {
    heap.release(ring.buffer_info.removeAt(ring.buffer_info.length - 1));
  }
  heap.ramFree(ring.desc, ring.size);
  ring.count = count;
  setup(ring);
};

/**
 * Starts a card that has been reset: registers, receive buffers, vectors, queues, and the watchdog, which finds the link.
 * @modelled drivers/net/igb/igb_main.c
 */
export function igb_up(adapter: igb_adapter): number {
  const hw = adapter.hw;
  igb_configure(adapter);
  adapter.state = adapter.state & ~__IGB_DOWN;
  for (const q_vector of adapter.q_vector) {
    napi_enable(q_vector.napi);
  }
  igb_configure_msix(adapter);
  rd32(hw, reg.E1000_ICR);
  igb_irq_enable(adapter);
  netif_tx_start_all_queues(adapter.netdev as net_device);
  hw.get_link_status = true;
  schedule_work(adapter.watchdog_task);
  return 0;
}

/**
 * Stops the card: no more reception, the queues stopped, transmission off, polling and interrupts off, no carrier. Its statistics are read,
 * it is reset, and the packets in its rings are freed. Sleeps.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_setup_dca: no DCA
 * @cost 60
 */
export function* igb_down(adapter: igb_adapter): Kgen {
  const hw = adapter.hw;
  const netdev = adapter.netdev as net_device;
  adapter.state = adapter.state | __IGB_DOWN;
  wr32(hw, reg.E1000_RCTL, rd32(hw, reg.E1000_RCTL) & ~reg.E1000_RCTL_EN);
  netif_tx_stop_all_queues(netdev);
  wr32(hw, reg.E1000_TCTL, rd32(hw, reg.E1000_TCTL) & ~reg.E1000_TCTL_EN);
  rd32(hw, reg.E1000_STATUS);
  yield* msleep(10);
  for (const q_vector of adapter.q_vector) {
    yield* napi_disable(q_vector.napi);
  }
  igb_irq_disable(adapter);
  del_timer(adapter.watchdog_timer);
  netif_carrier_off(netdev);
  igb_update_stats(adapter);
  adapter.link_speed = 0;
  igb_reset(adapter);
  igb_clean_all_tx_rings(adapter);
  igb_clean_all_rx_rings(adapter);
}

/**
 * Waits until nobody else resets the card, and takes that right. The loop stands in each function in Linux.
 * @model test_and_set_bit with msleep
 */
export function* take_resetting(adapter: igb_adapter): Kgen {
  while ((adapter.state & __IGB_RESETTING) !== 0) {
    yield* msleep(1);
  }
  adapter.state = adapter.state | __IGB_RESETTING;
}

/**
 * Stops and starts the card.
 * @modelled drivers/net/igb/igb_main.c
 */
export function* igb_reinit_locked(adapter: igb_adapter): Kgen {
  yield* take_resetting(adapter);
  yield* igb_down(adapter);
  igb_up(adapter);
  adapter.state = adapter.state & ~__IGB_RESETTING;
}

/**
 * The work that resets a card that hangs.
 * @modelled drivers/net/igb/igb_main.c
 */
export function* igb_reset_task(adapter: igb_adapter): Kgen {
  yield* igb_reinit_locked(adapter);
}

/**
 * The stack found a queue stopped for too long (ndo_tx_timeout): a kernel thread resets the card; until then all rings are cleaned once more.
 * @modelled drivers/net/igb/igb_main.c
 */
export function* igb_tx_timeout(netdev: net_device): Kgen {
  const adapter = adapter_of(netdev);
  adapter.tx_timeout_count++;
  schedule_work(adapter.reset_task);
  wr32(adapter.hw, reg.E1000_EICS, adapter.eims_enable_mask & ~adapter.eims_other);
}
