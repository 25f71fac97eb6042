/**
 * Mirrors drivers/net/e1000/e1000_main.c (2.6.39): the driver of the Intel 8254x. Its largest parts stand in e1000_setup.ts,
 * e1000_tx.ts and e1000_rx.ts.
 *
 * Modelled: bringing the card up, transmission with checksum and TSO contexts, the interrupt, NAPI polling, cleaning of both rings,
 * copybreak, jumbo frames, refilling, dynamic interrupt rates, the watchdog. Left out: VLAN, wake-up, suspend, EEPROM,
 * chips other than the 82540EM and 82545EM, half duplex.
 */

import { ops } from '../../../../base/dispatch';
import type { Kgen } from '../../../arch/current';
import { ETH_DATA_LEN } from '../../../include/linux/if_ether';
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
import { HZ, jiffies } from '../../../include/linux/timer';
import { request_irq } from '../../../kernel/irq';
import { mod_timer, setup_timer } from '../../../kernel/timer';
import { INIT_WORK, schedule_work } from '../../../kernel/workqueue';
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
  E1000_DEV_ID_82540EM,
  E1000_DEV_ID_82545EM_COPPER,
  E1000_FC_FULL,
  E1000_ICR,
  E1000_ICR_LSC,
  E1000_ICR_RXDMT0,
  E1000_ICR_RXSEQ,
  E1000_ICS,
  E1000_IMC,
  E1000_ITR,
  E1000_RAH,
  E1000_RAL,
  E1000_STATISTICS,
  E1000_STATUS,
  E1000_STATUS_LU,
  E1000_TCTL,
  E1000_TCTL_EN,
  e1000_82540,
  e1000_82545,
  e1000_bus_type_pci,
  e1000_bus_type_pcix,
  e1000_check_for_link,
  e1000_config_fc_after_link_up,
  e1000_get_speed_and_duplex,
  type e1000_hw,
  e1000_read_phy_reg,
  e1000_update_adaptive,
  er32,
  ew32,
  M88E1000_RX_ERR_CNTR,
  PHY_1000T_STATUS,
  SPEED_10,
  SPEED_100,
  SPEED_1000,
} from './e1000_hw';
import { e1000_check_options, type e1000_config } from './e1000_param';
import {
  e1000_change_mtu,
  e1000_configure,
  e1000_irq_disable,
  e1000_irq_enable,
  e1000_reset,
  e1000_reset_task,
  e1000_setup_rx_resources,
  e1000_setup_tx_resources,
  e1000_tx_timeout,
} from './e1000_setup';
import {
  __E1000_DOWN,
  adapter_of,
  bulk_latency,
  E1000_DESC_UNUSED,
  e1000_adapter,
  low_latency,
  lowest_latency,
} from './e1000_struct';
import { e1000_clean_tx_irq, e1000_xmit_frame } from './e1000_tx';

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

const STATISTICS = Object.entries(E1000_STATISTICS) as [keyof typeof E1000_STATISTICS, number][];

/**
 * Adds the statistics registers, which reading clears, to the sums the driver keeps.
 * @modelled drivers/net/e1000/e1000_main.c
 * @omits spin_lock_irqsave: nobody else reads them
 * @cost 40
 */
function e1000_update_stats(adapter: e1000_adapter): void {
  const hw = adapter.hw;
  const stats = adapter.stats;
  if (adapter.link_speed === 0) {
    return;
  }
  for (const [field, reg] of STATISTICS) {
    stats[field] += er32(hw, reg);
  }
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
    schedule_work(adapter.reset_task);
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
 * What the first link interrupt brings about: flow control as both ends can. Once the cards at both ends are set up.
 * @model the link is there before the run begins
 */
export function e1000_model_link_up(netdev: net_device): void {
  e1000_config_fc_after_link_up(adapter_of(netdev).hw);
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
  hw.original_fc = config.flow_control ?? E1000_FC_FULL;
  hw.phy_settled = true;
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
  adapter.watchdog_timer.deferrable = true;
  INIT_WORK(adapter.reset_task, e1000_reset_task, adapter);
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
