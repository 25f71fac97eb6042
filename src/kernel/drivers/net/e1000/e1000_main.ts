/**
 * Mirrors drivers/net/e1000/e1000_main.c (2.6.39): the driver of the Intel 8254x. Its two largest parts stand in e1000_tx.ts and
 * e1000_rx.ts.
 *
 * Modelled: bringing the card up, transmission with checksum and TSO contexts, the interrupt, NAPI polling, cleaning of both rings,
 * copybreak, jumbo frames, refilling, dynamic interrupt rates, the watchdog. Left out: VLAN, wake-up, suspend, ethtool, EEPROM,
 * chips other than the 82540EM and 82545EM, half duplex, resets after a hang.
 */

import { ops } from '../../../../base/dispatch';
import { heap } from '../../../../base/heap';
import type { Kgen } from '../../../arch/current';
import { ETH_DATA_LEN, ETH_FCS_LEN, ETH_HLEN } from '../../../include/linux/if_ether';
import { IRQ_HANDLED, IRQ_NONE } from '../../../include/linux/interrupt';
import {
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
  netif_start_queue,
} from '../../../include/linux/netdevice';
import { PAGE_SIZE } from '../../../include/linux/skbuff';
import { HZ, jiffies } from '../../../include/linux/timer';
import { request_irq } from '../../../kernel/irq';
import { mod_timer, setup_timer } from '../../../kernel/timer';
import {
  __napi_schedule,
  dev_open,
  napi_complete,
  netdev_update_features,
  netif_napi_add,
  register_netdevice,
} from '../../../net/core/dev';
import { eth_header_ops } from '../../../net/ethernet/eth';
import { DEFAULT_WATCHDOG_TIMEO, netif_carrier_off, netif_carrier_on } from '../../../net/sched/sch_generic';
import {
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
  E1000_TXD_CMD_EOP,
  E1000_TXD_CMD_IDE,
  E1000_TXD_CMD_IFCS,
  E1000_TXD_CMD_RS,
  e1000_82540,
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
  SPEED_10,
  SPEED_100,
  SPEED_1000,
} from './e1000_hw';
import { e1000_check_options, type e1000_config } from './e1000_param';
import {
  alloc_rx_skb,
  e1000_alloc_jumbo_rx_buffers,
  e1000_alloc_rx_buffers,
  e1000_clean_jumbo_rx_irq,
  e1000_clean_rx_irq,
} from './e1000_rx';
import {
  __E1000_DOWN,
  adapter_of,
  bulk_latency,
  E1000_DESC_UNUSED,
  E1000_RXBUFFER_2048,
  e1000_adapter,
  e1000_buffer,
  type e1000_rx_ring,
  type e1000_tx_ring,
  low_latency,
  lowest_latency,
} from './e1000_struct';
import { e1000_clean_tx_irq, e1000_xmit_frame } from './e1000_tx';

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
 * @omits round_jiffies_common: the same
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
