/**
 * The part of drivers/net/e1000/e1000_main.c (2.6.39) that sets a card up, takes it down and resets it: rings, registers, interrupts.
 * Left out: VLAN, wake-up, manageability.
 */
import { heap } from '../../../../base/heap';
import type { Kgen } from '../../../arch/current';
import { ETH_DATA_LEN, ETH_FCS_LEN, ETH_HLEN } from '../../../include/linux/if_ether';
import { napi_enable, type net_device } from '../../../include/linux/netdevice';
import { PAGE_SIZE } from '../../../include/linux/skbuff';
import { msleep } from '../../../kernel/sched';
import { del_timer } from '../../../kernel/timer';
import { schedule_work } from '../../../kernel/workqueue';
import { put_page } from '../../../mm/swap';
import { napi_disable, netif_wake_queue } from '../../../net/core/dev';
import { consume_skb } from '../../../net/core/skbuff';
import { netif_carrier_off, netif_tx_disable } from '../../../net/sched/sch_generic';
import {
  DEFAULT_TIPG,
  E1000_COLLISION_THRESHOLD,
  E1000_CT_SHIFT,
  E1000_DESC_SIZE,
  E1000_FC_PAUSE_TIME,
  E1000_ICR_LSC,
  E1000_ICS,
  E1000_IMC,
  E1000_IMS,
  E1000_ITR,
  E1000_PACKET_MEMORY_KB,
  E1000_PBA,
  E1000_PBA_48K,
  E1000_RADV,
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
  E1000_RXCSUM,
  E1000_RXCSUM_TUOFL,
  E1000_STATUS,
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
  E1000_TXD_CMD_EOP,
  E1000_TXD_CMD_IDE,
  E1000_TXD_CMD_IFCS,
  E1000_TXD_CMD_RS,
  e1000_82545,
  e1000_82546,
  e1000_init_hw,
  e1000_reset_hw,
  er32,
  ew32,
  IMS_ENABLE_MASK,
  MAXIMUM_ETHERNET_VLAN_SIZE,
} from './e1000_hw';
import {
  alloc_rx_skb,
  e1000_alloc_jumbo_rx_buffers,
  e1000_alloc_rx_buffers,
  e1000_clean_jumbo_rx_irq,
  e1000_clean_rx_irq,
} from './e1000_rx';
import {
  __E1000_DOWN,
  __E1000_RESETTING,
  adapter_of,
  E1000_DESC_UNUSED,
  E1000_RXBUFFER_2048,
  type e1000_adapter,
  e1000_buffer,
  type e1000_rx_ring,
  type e1000_tx_ring,
} from './e1000_struct';
import { e1000_unmap_and_free_tx_resource } from './e1000_tx';

/**
 * Allows the interrupts the driver handles.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 10
 */
export function e1000_irq_enable(adapter: e1000_adapter): void {
  ew32(adapter.hw, E1000_IMS, IMS_ENABLE_MASK);
  er32(adapter.hw, E1000_STATUS);
}

/**
 * Masks all interrupts of the card.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits synchronize_irq: an interrupt under way on another CPU finds __E1000_DOWN set
 */
export function e1000_irq_disable(adapter: e1000_adapter): void {
  ew32(adapter.hw, E1000_IMC, 0xffffffff);
  er32(adapter.hw, E1000_STATUS);
}

/**
 * Makes the transmit ring.
 * @modelled drivers/net/e1000/e1000_main.c
 */
export function e1000_setup_tx_resources(tx_ring: e1000_tx_ring): void {
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
export function e1000_setup_rx_resources(rx_ring: e1000_rx_ring): void {
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
 * full frames, and the receive part at least one. The receive FIFO asks the peer to pause when nine tenths are full, or when one full
 * frame still fits, whichever comes first.
 * @simplified no wake-up or VLAN set-up
 * @omits e1000_phy_get_info: tells nothing that is needed
 */
export function e1000_reset(adapter: e1000_adapter): void {
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
  hw.fc_high_water = Math.trunc(Math.min((pba * 1024 * 9) / 10, pba * 1024 - max_frame)) & 0xfff8;
  hw.fc_low_water = hw.fc_high_water - 8;
  hw.fc_pause_time = E1000_FC_PAUSE_TIME;
  hw.fc_send_xon = true;
  hw.fc = hw.original_fc;
  e1000_reset_hw(hw);
  ew32(hw, E1000_PBA, pba);
  e1000_init_hw(hw);
}

/**
 * Chooses the receive buffers for the MTU: 1522 or 2048 bytes in one skb, pages for jumbo frames.
 * @simplified the part of e1000_change_mtu that sets rx_buffer_len
 */
export function e1000_change_mtu(netdev: net_device, new_mtu: number): void {
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
export function e1000_configure(adapter: e1000_adapter): void {
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

/** Frees what belongs to one descriptor of the receive ring. */
const free_rx_buffer = (buffer_info: e1000_buffer): void => {
  buffer_info.dma = 0;
  if (buffer_info.skb !== null) {
    consume_skb(buffer_info.skb);
    buffer_info.skb = null;
  }
  if (buffer_info.page !== null) {
    put_page(buffer_info.page);
    buffer_info.page = null;
  }
};

/**
 * Frees every packet in the transmit ring, sent or not, and empties it.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_clean_tx_ring(adapter: e1000_adapter, tx_ring: e1000_tx_ring): void {
  for (const buffer_info of tx_ring.buffer_info) {
    e1000_unmap_and_free_tx_resource(adapter, buffer_info);
  }
  heap.fill(tx_ring.desc, 0, tx_ring.size);
  tx_ring.next_to_use = 0;
  tx_ring.next_to_clean = 0;
  tx_ring.last_tx_tso = false;
  ew32(adapter.hw, tx_ring.tdh, 0);
  ew32(adapter.hw, tx_ring.tdt, 0);
}

/**
 * Takes all buffers out of the receive ring.
 * @modelled drivers/net/e1000/e1000_main.c
 */
function e1000_clean_rx_ring(adapter: e1000_adapter, rx_ring: e1000_rx_ring): void {
  for (const buffer_info of rx_ring.buffer_info) {
    free_rx_buffer(buffer_info);
  }
  if (rx_ring.rx_skb_top !== null) {
    consume_skb(rx_ring.rx_skb_top);
    rx_ring.rx_skb_top = null;
  }
  heap.fill(rx_ring.desc, 0, rx_ring.size);
  rx_ring.next_to_clean = 0;
  rx_ring.next_to_use = 0;
  adapter.discarding = false;
  ew32(adapter.hw, rx_ring.rdh, 0);
  ew32(adapter.hw, rx_ring.rdt, 0);
}

/** Frees a ring that is empty: e1000_free_tx_resources and e1000_free_rx_resources are the same here. */
export const free_ring = (ring: e1000_tx_ring | e1000_rx_ring): void => {
  while (ring.buffer_info.length > 0) {
    heap.release(ring.buffer_info.removeAt(ring.buffer_info.length - 1));
  }
  heap.ramFree(ring.desc, ring.size);
  ring.desc = 0;
};

/**
 * Starts a card that has been reset: registers, receive buffers, interrupts, queue. A link interrupt starts the watchdog.
 * @modelled drivers/net/e1000/e1000_main.c
 */
export function e1000_up(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  e1000_configure(adapter);
  adapter.flags = adapter.flags & ~__E1000_DOWN;
  napi_enable(adapter.napi);
  e1000_irq_enable(adapter);
  netif_wake_queue(adapter.netdev as net_device);
  ew32(hw, E1000_ICS, E1000_ICR_LSC);
}

/**
 * Stops the card: no more reception, the queue stopped, transmission off, polling and interrupts off, no carrier. It is reset, and the
 * packets in its rings are freed. Sleeps.
 * @modelled drivers/net/e1000/e1000_main.c
 * @cost 60
 */
export function* e1000_down(adapter: e1000_adapter): Kgen {
  const hw = adapter.hw;
  const netdev = adapter.netdev as net_device;
  ew32(hw, E1000_RCTL, er32(hw, E1000_RCTL) & ~E1000_RCTL_EN);
  yield* netif_tx_disable(netdev);
  ew32(hw, E1000_TCTL, er32(hw, E1000_TCTL) & ~E1000_TCTL_EN);
  er32(hw, E1000_STATUS);
  yield* msleep(10);
  yield* napi_disable(adapter.napi);
  e1000_irq_disable(adapter);
  adapter.flags = adapter.flags | __E1000_DOWN;
  del_timer(adapter.watchdog_timer);
  adapter.link_speed = 0;
  netif_carrier_off(netdev);
  e1000_reset(adapter);
  e1000_clean_tx_ring(adapter, adapter.tx_ring);
  e1000_clean_rx_ring(adapter, adapter.rx_ring);
}

/**
 * Stops and starts the card, from a system call.
 * @modelled drivers/net/e1000/e1000_main.c
 */
export function* e1000_reinit_locked(adapter: e1000_adapter): Kgen {
  while ((adapter.flags & __E1000_RESETTING) !== 0) {
    yield* msleep(1);
  }
  adapter.flags = adapter.flags | __E1000_RESETTING;
  yield* e1000_down(adapter);
  e1000_up(adapter);
  adapter.flags = adapter.flags & ~__E1000_RESETTING;
}

/**
 * Stops and starts the card, from a kernel thread.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits rtnl_lock: changes of a device never meet in the model
 */
export function* e1000_reinit_safe(adapter: e1000_adapter): Kgen {
  while ((adapter.flags & __E1000_RESETTING) !== 0) {
    yield* msleep(1);
  }
  adapter.flags = adapter.flags | __E1000_RESETTING;
  yield* e1000_down(adapter);
  e1000_up(adapter);
  adapter.flags = adapter.flags & ~__E1000_RESETTING;
}

/**
 * The work that resets a card that hangs.
 * @modelled drivers/net/e1000/e1000_main.c
 */
export function* e1000_reset_task(adapter: e1000_adapter): Kgen {
  yield* e1000_reinit_safe(adapter);
}

/**
 * The stack found the queue stopped for too long (ndo_tx_timeout): a kernel thread resets the card.
 * @modelled drivers/net/e1000/e1000_main.c
 */
export function* e1000_tx_timeout(netdev: net_device): Kgen {
  const adapter = adapter_of(netdev);
  adapter.tx_timeout_count++;
  schedule_work(adapter.reset_task);
}
