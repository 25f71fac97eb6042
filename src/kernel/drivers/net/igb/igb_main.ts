/**
 * Mirrors drivers/net/igb/igb_main.c (2.6.39): the driver of the Intel 82576. Its largest parts stand in igb_setup.ts, igb_tx.ts and
 * igb_rx.ts.
 *
 * Modelled: bringing the card up with a ring and a vector a queue, RSS, MSI-X, NAPI polling, dynamic interrupt rates, the watchdog, resets.
 * Left out: MSI and legacy interrupts, VMDq and SR-IOV, VLAN, wake-up, suspend, DCA, time stamps, NVM, chips other than the 82576.
 */
import { ops } from '../../../../base/dispatch';
import { type Kgen, kernel } from '../../../arch/current';
import { ETH_DATA_LEN } from '../../../include/linux/if_ether';
import { IRQ_HANDLED } from '../../../include/linux/interrupt';
import {
  NETIF_F_GRO,
  NETIF_F_GSO,
  NETIF_F_IP_CSUM,
  NETIF_F_SG,
  NETIF_F_TSO,
  napi_enable,
  type napi_struct,
  type net_device,
  type net_device_ops,
  netif_carrier_ok,
  netif_tx_start_all_queues,
} from '../../../include/linux/netdevice';
import { HZ, jiffies } from '../../../include/linux/timer';
import { request_irq } from '../../../kernel/irq';
import { mod_timer, setup_timer } from '../../../kernel/timer';
import { INIT_WORK, schedule_work } from '../../../kernel/workqueue';
import {
  alloc_netdev_mqs,
  dev_open,
  napi_complete,
  napi_schedule,
  netdev_update_features,
  netif_napi_add,
  netif_set_real_num_rx_queues,
  netif_set_real_num_tx_queues,
  register_netdevice,
} from '../../../net/core/dev';
import { ether_setup } from '../../../net/ethernet/eth';
import { DEFAULT_WATCHDOG_TIMEO, netif_carrier_off, netif_carrier_on } from '../../../net/sched/sch_generic';
import * as reg from './e1000_hw';
import { type igb_hw, MAXIMUM_ETHERNET_VLAN_SIZE, rd32, SPEED_10, SPEED_1000, wr32 } from './e1000_hw';
import { igb_check_for_copper_link, igb_config_fc_after_link_up, igb_get_speed_and_duplex_copper } from './e1000_mac';
import {
  __IGB_DOWN,
  adapter_of,
  EITR_INTERVAL,
  first_itr,
  IGB_ABS_MAX_TX_QUEUES,
  IGB_DEFAULT_ITR,
  IGB_DEFAULT_RXD,
  IGB_DEFAULT_TXD,
  IGB_FLAG_QUEUE_PAIRS,
  IGB_MAX_RX_QUEUES,
  IGB_RING_FLAG_RX_CSUM,
  igb_adapter,
  igb_desc_unused,
  igb_q_vector,
  igb_ring,
  itr_setting,
} from './igb';
import { igb_clean_rx_irq_adv } from './igb_rx';
import {
  igb_change_mtu,
  igb_configure,
  igb_configure_msix,
  igb_irq_disable,
  igb_irq_enable,
  igb_reset,
  igb_reset_task,
  igb_setup_all_rx_resources,
  igb_setup_all_tx_resources,
  igb_tx_timeout,
  igb_update_stats,
} from './igb_setup';
import { igb_clean_tx_irq, igb_xmit_frame_adv } from './igb_tx';

/** What a device is made with: the card, and what ethtool would switch. */
export interface igb_config {
  readonly name: string;
  readonly ip_addr: number;
  /** Bytes; default 1500. */
  readonly mtu?: number;
  readonly tx_queue_len?: number;
  /** Queues each way; default: one a CPU, at most 8. */
  readonly queues?: number;
  /** Offloads; all on by default. */
  readonly tx_csum?: boolean;
  readonly rx_csum?: boolean;
  readonly sg?: boolean;
  readonly tso?: boolean;
  readonly gso?: boolean;
  readonly gro?: boolean;
  /** Descriptors of each ring. */
  readonly tx_ring_count?: number;
  readonly rx_ring_count?: number;
  /** 0 off, 1 dynamic, 3 dynamic conservative (default), else interrupts a second. */
  readonly itr?: number;
  /** Pause frames: one of e1000_fc_. Default full. */
  readonly flow_control?: number;
  /** Whether the 2 s watchdog runs from the start; if not, it runs when the link changes. Default off. */
  readonly watchdog?: boolean;
}

const ITR_4K = 976;
const ITR_20K = 196;
const EITR_IGNORE_COUNTER = 0x8000000;

/**
 * Makes the rings.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_cache_ring_register: without virtualisation queue n has number n in the card
 */
function igb_alloc_queues(adapter: igb_adapter): void {
  for (let i = 0; i < adapter.num_tx_queues; i++) {
    const ring = new igb_ring();
    ring.count = adapter.tx_ring_count;
    ring.queue_index = i;
    ring.reg_idx = i;
    ring.netdev = adapter.netdev;
    adapter.tx_ring.push(ring);
  }
  for (let i = 0; i < adapter.num_rx_queues; i++) {
    const ring = new igb_ring();
    ring.count = adapter.rx_ring_count;
    ring.queue_index = i;
    ring.reg_idx = i;
    ring.netdev = adapter.netdev;
    ring.rx_buffer_len = MAXIMUM_ETHERNET_VLAN_SIZE;
    ring.flags = IGB_RING_FLAG_RX_CSUM;
    adapter.rx_ring.push(ring);
  }
}

/**
 * Registers a handler for each vector.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_request_msix(adapter: igb_adapter): void {
  const { name } = adapter.netdev as net_device;
  let vector = 0;
  request_irq(adapter.msix_irq + vector++, igb_msix_other, name, adapter);
  for (const q_vector of adapter.q_vector) {
    q_vector.itr_register = reg.E1000_EITR(vector);
    const { rx_ring, tx_ring } = q_vector;
    if (rx_ring !== null && tx_ring !== null) {
      q_vector.name = `${name}-TxRx-${rx_ring.queue_index}`;
    } else if (tx_ring !== null) {
      q_vector.name = `${name}-tx-${tx_ring.queue_index}`;
    } else if (rx_ring !== null) {
      q_vector.name = `${name}-rx-${rx_ring.queue_index}`;
    }
    request_irq(adapter.msix_irq + vector++, igb_msix_ring, q_vector.name, q_vector);
  }
  igb_configure_msix(adapter);
}

/**
 * How many rings and vectors there are: one vector a ring, or one for both rings of a queue.
 * @modelled drivers/net/igb/igb_main.c
 * @omits pci_enable_msix: there are vectors enough
 */
function igb_set_interrupt_capability(adapter: igb_adapter): number {
  adapter.num_rx_queues = adapter.rss_queues;
  adapter.num_tx_queues = adapter.rss_queues;
  let numvecs = adapter.num_rx_queues;
  if ((adapter.flags & IGB_FLAG_QUEUE_PAIRS) === 0) {
    numvecs += adapter.num_tx_queues;
  }
  adapter.num_q_vectors = numvecs;
  netif_set_real_num_tx_queues(adapter.netdev as net_device, adapter.num_tx_queues);
  return netif_set_real_num_rx_queues(adapter.netdev as net_device, adapter.num_rx_queues);
}

/**
 * Makes the vectors, each with a NAPI instance.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_alloc_q_vectors(adapter: igb_adapter): void {
  for (let v_idx = 0; v_idx < adapter.num_q_vectors; v_idx++) {
    const q_vector = new igb_q_vector();
    q_vector.adapter = adapter;
    q_vector.itr_register = reg.E1000_EITR(0);
    q_vector.itr_val = first_itr(IGB_DEFAULT_ITR);
    netif_napi_add(adapter.netdev as net_device, q_vector.napi, igb_poll, 64);
    adapter.q_vector.push(q_vector);
  }
}

/**
 * Has a vector serve a receive ring.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_map_rx_ring_to_vector(adapter: igb_adapter, ring_idx: number, v_idx: number): void {
  const q_vector = adapter.q_vector.at(v_idx);
  const ring = adapter.rx_ring.at(ring_idx);
  q_vector.rx_ring = ring;
  ring.q_vector = q_vector;
  q_vector.itr_val = first_itr(adapter.rx_itr_setting);
}

/**
 * Has a vector serve a transmit ring.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_map_tx_ring_to_vector(adapter: igb_adapter, ring_idx: number, v_idx: number): void {
  const q_vector = adapter.q_vector.at(v_idx);
  const ring = adapter.tx_ring.at(ring_idx);
  q_vector.tx_ring = ring;
  ring.q_vector = q_vector;
  q_vector.itr_val = first_itr(adapter.tx_itr_setting);
}

/**
 * Gives each ring a vector of its own, or both rings of a queue one if there are not so many.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_map_ring_to_vector(adapter: igb_adapter): void {
  let v_idx = 0;
  const { num_rx_queues, num_tx_queues } = adapter;
  if (adapter.num_q_vectors >= num_rx_queues + num_tx_queues) {
    for (let i = 0; i < num_rx_queues; i++) {
      igb_map_rx_ring_to_vector(adapter, i, v_idx++);
    }
    for (let i = 0; i < num_tx_queues; i++) {
      igb_map_tx_ring_to_vector(adapter, i, v_idx++);
    }
    return;
  }
  for (let i = 0; i < num_rx_queues; i++) {
    igb_map_tx_ring_to_vector(adapter, i, v_idx);
    igb_map_rx_ring_to_vector(adapter, i, v_idx++);
  }
}

/**
 * Makes vectors and rings, and ties them together.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_init_interrupt_scheme(adapter: igb_adapter): void {
  igb_set_interrupt_capability(adapter);
  igb_alloc_q_vectors(adapter);
  igb_alloc_queues(adapter);
  igb_map_ring_to_vector(adapter);
}

/**
 * Opens the device (ndo_open): rings, registers, interrupts, queues.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_power_up_link: the PHY is always powered
 */
function igb_open(netdev: net_device): number {
  const adapter = adapter_of(netdev);
  igb_setup_all_tx_resources(adapter);
  igb_setup_all_rx_resources(adapter);
  igb_configure(adapter);
  igb_request_msix(adapter);
  adapter.state = adapter.state & ~__IGB_DOWN;
  for (const q_vector of adapter.q_vector) {
    napi_enable(q_vector.napi);
  }
  rd32(adapter.hw, reg.E1000_ICR);
  igb_irq_enable(adapter);
  netif_tx_start_all_queues(netdev);
  return 0;
}

/**
 * Finds a new throttle for a vector from the mean length of the frames since it was last set: short frames ask for many interrupts. The
 * conservative mode (3) stays at 20000 a second or below; below gigabit it is 4000.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 15
 */
function igb_update_ring_itr(q_vector: igb_q_vector): void {
  const adapter = q_vector.adapter as igb_adapter;
  const { rx_ring, tx_ring } = q_vector;
  let new_val = q_vector.itr_val;
  let avg_wire_size = 0;
  if (adapter.link_speed !== SPEED_1000) {
    new_val = ITR_4K;
  } else {
    for (const ring of [rx_ring, tx_ring]) {
      if (ring !== null && ring.total_packets > 0) {
        avg_wire_size = Math.max(avg_wire_size, Math.trunc(ring.total_bytes / ring.total_packets));
      }
    }
    if (avg_wire_size > 0) {
      avg_wire_size = Math.min(avg_wire_size + 24, 3000);
      new_val = Math.trunc(avg_wire_size / (avg_wire_size > 300 && avg_wire_size < 1200 ? 3 : 2));
      if (adapter.rx_itr_setting === 3 && new_val < ITR_20K) {
        new_val = ITR_20K;
      }
    }
  }
  if (new_val !== q_vector.itr_val) {
    q_vector.itr_val = new_val;
    q_vector.set_itr = true;
  }
  for (const ring of [rx_ring, tx_ring]) {
    if (ring !== null) {
      ring.total_bytes = 0;
      ring.total_packets = 0;
    }
  }
}

/**
 * Handler of the vector for what belongs to no queue: a link change has the watchdog look at it.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_check_wvbr: no virtualisation
 * @cost 30
 */
function* igb_msix_other(_irq: number, adapter: igb_adapter): Kgen<number> {
  const hw = adapter.hw;
  const icr = rd32(hw, reg.E1000_ICR);
  if ((icr & reg.E1000_ICR_DOUTSYNC) !== 0) {
    adapter.stats.doosync++;
  }
  if ((icr & reg.E1000_ICR_LSC) !== 0) {
    hw.get_link_status = true;
    if ((adapter.state & __IGB_DOWN) === 0) {
      mod_timer(adapter.watchdog_timer, jiffies() + 1);
    }
  }
  wr32(hw, reg.E1000_IMS, reg.IGB_IMS_OTHER);
  wr32(hw, reg.E1000_EIMS, adapter.eims_other);
  return IRQ_HANDLED;
}

/**
 * Writes the throttle of a vector if a new one was found: now, as the interval has just run down.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 6
 */
function igb_write_itr(q_vector: igb_q_vector): void {
  if (!q_vector.set_itr) {
    return;
  }
  const itr_val = q_vector.itr_val & EITR_INTERVAL || 0x4;
  wr32((q_vector.adapter as igb_adapter).hw, q_vector.itr_register, itr_val | EITR_IGNORE_COUNTER);
  q_vector.set_itr = false;
}

/**
 * Handler of a vector of rings. The card has masked the vector and cleared its cause by itself: there is nothing to read.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 10
 */
function* igb_msix_ring(_irq: number, q_vector: igb_q_vector): Kgen<number> {
  igb_write_itr(q_vector);
  napi_schedule(q_vector.napi);
  return IRQ_HANDLED;
}

/**
 * Polling of a vector is over: finds its next throttle and enables it again.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_set_itr: for a single vector without MSI-X
 * @cost 8
 */
function igb_ring_irq_enable(q_vector: igb_q_vector): void {
  const adapter = q_vector.adapter as igb_adapter;
  const setting = q_vector.rx_ring === null ? adapter.tx_itr_setting : adapter.rx_itr_setting;
  if ((setting & 3) !== 0) {
    igb_update_ring_itr(q_vector);
  }
  if ((adapter.state & __IGB_DOWN) === 0) {
    wr32(adapter.hw, reg.E1000_EIMS, q_vector.eims_value);
  }
}

/** The vector whose NAPI instance this is (container_of). */
const vector_of = (napi: napi_struct): igb_q_vector => {
  for (const q_vector of adapter_of(napi.dev as net_device).q_vector) {
    if (q_vector.napi === napi) {
      return q_vector;
    }
  }
  throw new Error('a poll without a vector');
};

/**
 * NAPI poll of a vector: cleans its transmit ring, takes in at most `budget` packets of its receive ring, and when nothing is left enables
 * it again. Gives the packets taken in, or `budget` to be polled again.
 * @modelled drivers/net/igb/igb_main.c
 * @cost 20
 */
function* igb_poll(napi: napi_struct, budget: number): Kgen<number> {
  const q_vector = vector_of(napi);
  const work_done = { value: 0 };
  const tx_clean_complete = q_vector.tx_ring === null || igb_clean_tx_irq(q_vector);
  if (q_vector.rx_ring !== null) {
    yield* igb_clean_rx_irq_adv(q_vector, work_done, budget);
  }
  if (!tx_clean_complete) {
    work_done.value = budget;
  }
  if (work_done.value < budget) {
    yield* napi_complete(napi);
    igb_ring_irq_enable(q_vector);
  }
  return work_done.value;
}

/**
 * True while the link is up. Asks the PHY only after a link interrupt.
 * @modelled drivers/net/igb/igb_main.c
 */
function igb_has_link(adapter: igb_adapter): boolean {
  const hw = adapter.hw;
  if (!hw.get_link_status) {
    return true;
  }
  igb_check_for_copper_link(hw);
  return !hw.get_link_status;
}

/**
 * Follows the link, reads the statistics, and has all rings cleaned now and then.
 * @modelled drivers/net/igb/igb_main.c
 * @omits round_jiffies: timers of the model are not batched
 * @omits igb_spoof_check: no virtualisation
 * @cost 40
 */
function* igb_watchdog_task(adapter: igb_adapter): Kgen {
  const hw = adapter.hw;
  const netdev = adapter.netdev as net_device;
  const link = igb_has_link(adapter);
  if (link && !netif_carrier_ok(netdev)) {
    adapter.link_speed = igb_get_speed_and_duplex_copper(hw);
    adapter.tx_timeout_factor = adapter.link_speed === SPEED_10 ? 14 : 1;
    netif_carrier_on(netdev);
  } else if (!link && netif_carrier_ok(netdev)) {
    adapter.link_speed = 0;
    netif_carrier_off(netdev);
  }
  igb_update_stats(adapter);
  for (const tx_ring of adapter.tx_ring) {
    if (!netif_carrier_ok(netdev) && igb_desc_unused(tx_ring) + 1 < tx_ring.count) {
      adapter.tx_timeout_count++;
      schedule_work(adapter.reset_task);
      return;
    }
    tx_ring.detect_tx_hung = true;
  }
  wr32(hw, reg.E1000_EICS, adapter.eims_enable_mask & ~adapter.eims_other);
  if (adapter.watchdog_period > 0 && (adapter.state & __IGB_DOWN) === 0) {
    mod_timer(adapter.watchdog_timer, jiffies() + adapter.watchdog_period);
  }
}

/**
 * Timer of the watchdog: has a kernel thread look after the card.
 * @modelled drivers/net/igb/igb_main.c
 */
function* igb_watchdog(adapter: igb_adapter): Kgen {
  schedule_work(adapter.watchdog_task);
}

export const igb_netdev_ops = ops<net_device_ops>('net_device_ops', 'igb_netdev_ops', {
  ndo_start_xmit: igb_xmit_frame_adv,
  ndo_tx_timeout: igb_tx_timeout,
  ndo_select_queue: null,
});

/**
 * Sets up the driver's own structs: ring sizes, interrupt rates, queues and vectors.
 * @modelled drivers/net/igb/igb_main.c
 * @omits igb_probe_vfs: no virtualisation
 */
function igb_sw_init(adapter: igb_adapter, config: igb_config): void {
  adapter.tx_ring_count = config.tx_ring_count ?? IGB_DEFAULT_TXD;
  adapter.rx_ring_count = config.rx_ring_count ?? IGB_DEFAULT_RXD;
  const setting = itr_setting(config.itr ?? IGB_DEFAULT_ITR);
  adapter.rx_itr_setting = setting;
  adapter.tx_itr_setting = setting;
  adapter.rss_queues = config.queues ?? Math.min(IGB_MAX_RX_QUEUES, kernel.cpus.length);
  if (adapter.rss_queues > 4) {
    adapter.flags = adapter.flags | IGB_FLAG_QUEUE_PAIRS;
  }
  igb_init_interrupt_scheme(adapter);
  igb_irq_disable(adapter);
  adapter.state = __IGB_DOWN;
}

/**
 * The MAC address from the receive address registers, where the NVM's is loaded at reset.
 * @simplified Linux reads it through a function of the chip's table
 */
function igb_read_mac_addr(hw: igb_hw): number {
  const low = rd32(hw, reg.E1000_RAL);
  const high = rd32(hw, reg.E1000_RAH);
  let mac = 0;
  for (let i = 0; i < 4; i++) {
    mac = mac * 256 + ((low >>> (8 * i)) & 0xff);
  }
  return mac * 65536 + (high & 0xff) * 256 + ((high >>> 8) & 0xff);
}

/**
 * What the first look at the link brings about: flow control as both ends can. Once the cards at both ends are set up.
 * @model the link is there before the run begins
 */
export function igb_model_link_up(netdev: net_device): void {
  igb_config_fc_after_link_up(adapter_of(netdev).hw);
}

/**
 * Makes, registers and opens the network device of card `device`, whose vectors come in on `irq` and the lines after it. The link is taken
 * as it is: a card that is plugged in has its carrier at once.
 * @simplified no PCI set-up; opening is part of it; in Linux the carrier comes with the first run of the watchdog
 */
export function igb_probe(device: number, irq: number, config: igb_config): net_device {
  const netdev = alloc_netdev_mqs(IGB_ABS_MAX_TX_QUEUES, IGB_ABS_MAX_TX_QUEUES);
  ether_setup(netdev);
  const adapter = new igb_adapter();
  const hw = adapter.hw;
  netdev.name = config.name;
  netdev.priv = adapter;
  netdev.tx_queue_len = config.tx_queue_len ?? netdev.tx_queue_len;
  netdev.ip_addr = config.ip_addr;
  netdev.netdev_ops = igb_netdev_ops;
  adapter.netdev = netdev;
  adapter.msix_irq = irq;
  hw.device = device;
  hw.device_id = reg.E1000_DEV_ID_82576;
  hw.mac_type = reg.e1000_82576;
  hw.get_link_status = true;
  hw.requested_mode = config.flow_control ?? reg.e1000_fc_full;
  hw.phy_settled = true;
  igb_sw_init(adapter, config);
  igb_change_mtu(netdev, config.mtu ?? ETH_DATA_LEN);
  for (const ring of adapter.rx_ring) {
    ring.flags = config.rx_csum === false ? 0 : IGB_RING_FLAG_RX_CSUM;
  }
  netdev.features =
    (config.sg === false ? 0 : NETIF_F_SG) |
    (config.tx_csum === false ? 0 : NETIF_F_IP_CSUM) |
    (config.tso === false ? 0 : NETIF_F_TSO);
  netdev.dev_addr = igb_read_mac_addr(hw);
  setup_timer(adapter.watchdog_timer, igb_watchdog, adapter);
  adapter.watchdog_timer.deferrable = true;
  INIT_WORK(adapter.reset_task, igb_reset_task, adapter);
  INIT_WORK(adapter.watchdog_task, igb_watchdog_task, adapter);
  igb_reset(adapter);
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
  igb_open(netdev);
  dev_open(netdev);
  if ((rd32(hw, reg.E1000_STATUS) & reg.E1000_STATUS_LU) !== 0) {
    hw.get_link_status = false;
    adapter.link_speed = igb_get_speed_and_duplex_copper(hw);
    netif_carrier_on(netdev);
  }
  return netdev;
}
