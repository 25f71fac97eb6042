/**
 * Mirrors drivers/net/e1000/e1000_param.c (2.6.39): the module parameters. What Linux has as arrays, one entry a card, is here an
 * object; it also holds what PCI and ethtool would say.
 */

import { E1000_DEFAULT_RXD, E1000_DEFAULT_TXD, type e1000_adapter } from './e1000_struct';

/** What a device is made with: the card, the module parameters of e1000_param.c, and what `ethtool -K` would switch. */
export interface e1000_config {
  readonly name: string;
  /** PCI device id: E1000_DEV_ID_82540EM, or E1000_DEV_ID_82545EM_COPPER. */
  readonly device_id?: number;
  /** The card stands on a PCI-X bus. */
  readonly pcix?: boolean;
  readonly ip_addr: number;
  /** Bytes; default 1500. */
  readonly mtu?: number;
  readonly tx_queue_len?: number;
  /** Offloads; all on by default. */
  readonly tx_csum?: boolean;
  readonly rx_csum?: boolean;
  readonly sg?: boolean;
  readonly tso?: boolean;
  readonly gso?: boolean;
  readonly gro?: boolean;
  /** Module parameters. */
  readonly TxDescriptors?: number;
  readonly RxDescriptors?: number;
  readonly TxIntDelay?: number;
  readonly TxAbsIntDelay?: number;
  readonly RxIntDelay?: number;
  readonly RxAbsIntDelay?: number;
  /** 0 off, 1 dynamic, 3 dynamic conservative (default), else interrupts a second. */
  readonly InterruptThrottleRate?: number;
  readonly copybreak?: number;
  /** Pause frames wanted (E1000_FC_): none, obeyed, sent, or both (default). */
  readonly flow_control?: number;
  /** Whether the 2 s watchdog runs from the start; if not, it runs when the link changes. Default off. */
  readonly watchdog?: boolean;
}

/**
 * Takes over the module parameters.
 * @modelled drivers/net/e1000/e1000_param.c
 * @omits e1000_validate_option: a scenario is checked where it is read
 */
export function e1000_check_options(adapter: e1000_adapter, config: e1000_config): void {
  adapter.tx_ring.count = config.TxDescriptors ?? E1000_DEFAULT_TXD;
  adapter.rx_ring.count = config.RxDescriptors ?? E1000_DEFAULT_RXD;
  adapter.tx_int_delay = config.TxIntDelay ?? 8;
  adapter.tx_abs_int_delay = config.TxAbsIntDelay ?? 32;
  adapter.rx_int_delay = config.RxIntDelay ?? 0;
  adapter.rx_abs_int_delay = config.RxAbsIntDelay ?? 8;
  adapter.rx_csum = config.rx_csum ?? true;
  adapter.copybreak = config.copybreak ?? 256;
  const itr = config.InterruptThrottleRate ?? 3;
  if (itr === 1 || itr === 3) {
    adapter.itr_setting = itr;
    adapter.itr = 20000;
  } else {
    adapter.itr_setting = itr & ~3;
    adapter.itr = itr;
  }
}
