/**
 * An Intel 82540EM / 82545EM gigabit Ethernet controller, after the "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual" (317453). The card sees its registers, host memory by DMA, its interrupt line and the wire. State that can be
 * drawn stands in heap structs; the classes are plumbing.
 *
 * Left out: EEPROM (the address registers come up with the MAC address, as after the EEPROM's auto-load), PHY but for link
 * status and a few registers, VLAN, flow control, wake-up, TBI, flash, several receive addresses.
 */
import { bool, int, ns, ref, str, struct } from '../base/struct';
import { BUS_NAMES, Bus, type BusKind } from './bus';
import type { Card } from './card';
import type { Environment } from './environment';
import { type frame, freeFrame } from './frame';
import { InterruptUnit, type nic_delay, type nic_interrupts } from './interrupts';
import type { Link, LinkEnd } from './link';
import { type nic_rx, ReceiveEngine } from './receive';
import {
  CTRL_FD,
  CTRL_RST,
  CTRL_SLU,
  ICR_LSC,
  MDIC_OP_READ,
  MDIC_READY,
  MDIC_REG_SHIFT,
  nic_registers,
  RAH_AV,
  RXCSUM_IPOFL,
  RXCSUM_TUOFL,
  registerAt,
  STATISTICS,
  STATUS_FD,
  STATUS_LU,
  STATUS_SPEED_100,
  STATUS_SPEED_1000,
} from './registers';
import { type nic_tx, TransmitEngine } from './transmit';

/** How long the activity LED stays lit after a packet. A real one blinks for the human eye, far longer than a run lasts. */
const ACTIVITY_NS = 20_000;

/** KiB of the packet memory for receiving after reset. */
const DEFAULT_PBA = 48;

/** Registers of the PHY (IEEE 802.3 22.2.4 and 40.5.1): status, identifiers, 1000BASE-T status. */
const PHY_STATUS = 1;
const PHY_ID1 = 2;
const PHY_ID2 = 3;
const PHY_1000T_STATUS = 10;
const PHY_STATUS_LINK = 0x0004;
const PHY_STATUS_AUTONEG_DONE = 0x0020;
const PHY_RECEIVERS_OK = 0x3000;

/** Everything of a card that can be drawn. */
export const nic = struct('nic', {
  name: str('name, as the host calls it'),
  model: str('part number'),
  bus: str('host bus'),
  host: int('host it is in'),
  registers: ref<nic_registers>('registers'),
  tx: ref<nic_tx>('transmit side'),
  rx: ref<nic_rx>('receive side'),
  interrupts: ref<nic_interrupts>('interrupt unit'),
  tx_delay: ref<nic_delay>('transmit interrupt delays'),
  rx_delay: ref<nic_delay>('receive interrupt delays'),
  led_link: bool('link LED'),
  led_activity_until: ns('the activity LED is lit until then'),
  rx_checksum: bool('the receive checksum engine works'),
});
export interface nic extends InstanceType<typeof nic> {}

export interface NicConfig {
  /** Host the card is in, from 0. */
  readonly host: number;
  /** Which of the host's cards, from 0; left out: the first. */
  readonly port?: number;
  readonly name: string;
  /** MAC address as a 48-bit number. */
  readonly mac: number;
  /** Whether the card verifies checksums of received packets. */
  readonly rxCsum: boolean;
  /** Part number; default `82540EM`. */
  readonly model?: string;
  /** Host bus; default `pci-66`. */
  readonly bus?: BusKind;
  /**
   * The card is the emulated one of the recordings (QEMU of 2011) and not Intel's: DMA takes no time, interrupts are neither delayed
   * (TIDV, RDTR) nor throttled (ITR), and after a packet cut into whole segments one more goes out that has headers only.
   */
  readonly emulated?: boolean;
}

function swapBytes(value: number, bytes: number): number {
  let swapped = 0;
  for (let i = 0; i < bytes; i++) swapped = swapped * 256 + (Math.floor(value / 256 ** i) & 0xff);
  return swapped;
}

export class Nic implements Card, LinkEnd {
  readonly state: nic;
  readonly registers: nic_registers;
  readonly interrupts: InterruptUnit;
  readonly transmitter: TransmitEngine;
  readonly receiver: ReceiveEngine;
  readonly bus: Bus;
  readonly host: number;
  readonly port: number;
  readonly emulated: boolean;
  link: Link | null = null;
  side: 0 | 1 = 0;

  constructor(
    readonly env: Environment,
    private readonly config: NicConfig,
  ) {
    this.host = config.host;
    this.port = config.port ?? 0;
    this.emulated = config.emulated ?? false;
    this.bus = new Bus(config.bus ?? 'pci-66');
    this.registers = new nic_registers();
    this.interrupts = new InterruptUnit(env, this.registers, !this.emulated);
    this.transmitter = new TransmitEngine(this);
    this.receiver = new ReceiveEngine(this, config.rxCsum);
    this.state = new nic();
    this.state.name = config.name;
    this.state.model = config.model ?? '82540EM';
    this.state.bus = BUS_NAMES[config.bus ?? 'pci-66'];
    this.state.host = config.host;
    this.state.registers = this.registers;
    this.state.tx = this.transmitter.state;
    this.state.rx = this.receiver.state;
    this.state.interrupts = this.interrupts.state;
    this.state.tx_delay = this.transmitter.moderation.state;
    this.state.rx_delay = this.receiver.moderation.state;
    this.state.rx_checksum = config.rxCsum;
    this.reset();
  }

  /** Plugs the card into an end of a link. */
  connect(link: Link, side: 0 | 1): void {
    this.link = link;
    this.side = side;
    link.attach(this, side);
    this.showLink();
  }

  linkChanged(): void {
    this.showLink();
    this.interrupts.cause(ICR_LSC);
    if (this.link?.up) this.transmitter.linkUp();
  }

  /** A frame came in from the wire. */
  receive(arrived: frame): void {
    if (this.link?.up) this.receiver.arrive(arrived);
    else freeFrame(arrived);
  }

  activity(): void {
    this.state.led_activity_until = this.env.now() + ACTIVITY_NS;
  }

  /** What the driver reads at `offset`. Some registers change by being read. */
  read32(offset: number): number {
    const name = registerAt(offset);
    if (name === null || name === 'ICS' || name === 'IMC') return 0;
    if (name === 'ICR') return this.interrupts.readCauses();
    const value = this.registers[name];
    if (STATISTICS.has(name)) this.registers[name] = 0;
    return value >>> 0;
  }

  /** What the driver writes at `offset`, and what that sets going. */
  write32(offset: number, value: number): void {
    const name = registerAt(offset);
    switch (name) {
      case null:
      case 'STATUS':
        return;
      case 'CTRL':
        if (value & CTRL_RST) this.reset();
        else this.registers.CTRL = value >>> 0;
        return;
      case 'MDIC':
        this.accessPhy(value);
        return;
      case 'ICR':
        this.interrupts.clearCauses(value);
        return;
      case 'ICS':
        this.interrupts.cause(value >>> 0);
        return;
      case 'IMS':
        this.interrupts.enable(value);
        return;
      case 'IMC':
        this.interrupts.disable(value);
        return;
      default:
        this.registers[name] = value >>> 0;
    }
    if (name === 'TDT' || name === 'TCTL') this.transmitter.doorbell();
    else if (name === 'RDT' || name === 'RCTL') this.receiver.descriptorsAdded();
    else if (name === 'PBA') this.sizeFifos();
  }

  private reset(): void {
    const { registers, config } = this;
    registers.CTRL = CTRL_FD | CTRL_SLU;
    for (const name of [
      'RCTL',
      'TCTL',
      'ITR',
      'RDH',
      'RDT',
      'TDH',
      'TDT',
      'RDLEN',
      'TDLEN',
      'RDTR',
      'RADV',
      'TIDV',
      'TADV',
    ] as const) {
      registers[name] = 0;
    }
    registers.RXCSUM = RXCSUM_IPOFL | RXCSUM_TUOFL;
    registers.PBA = DEFAULT_PBA;
    registers.RAL0 = swapBytes(Math.floor(config.mac / 0x10000), 4);
    registers.RAH0 = (RAH_AV | swapBytes(config.mac % 0x10000, 2)) >>> 0;
    this.interrupts.reset();
    this.sizeFifos();
    this.showLink();
  }

  private sizeFifos(): void {
    this.transmitter.reset();
    this.receiver.reset();
  }

  private showLink(): void {
    const up = this.link?.up ?? false;
    const speed = this.link?.speed ?? 0;
    const speedBits = speed >= 1000 ? STATUS_SPEED_1000 : speed >= 100 ? STATUS_SPEED_100 : 0;
    this.registers.STATUS = up ? STATUS_FD | STATUS_LU | speedBits : 0;
    this.state.led_link = up;
  }

  /** A management access to the PHY: reads of the registers below, writes without effect. */
  private accessPhy(value: number): void {
    const register = (value >> MDIC_REG_SHIFT) & 0x1f;
    const data = value & MDIC_OP_READ ? this.phyRegister(register) : value & 0xffff;
    this.registers.MDIC = ((value & 0xffff0000) | MDIC_READY | data) >>> 0;
  }

  private phyRegister(register: number): number {
    const up = this.link?.up ?? false;
    switch (register) {
      case PHY_STATUS:
        return up ? PHY_STATUS_LINK | PHY_STATUS_AUTONEG_DONE : 0;
      case PHY_ID1:
        return 0x0141;
      case PHY_ID2:
        return 0x0c20;
      case PHY_1000T_STATUS:
        return up && this.link?.speed === 1000 ? PHY_RECEIVERS_OK : 0;
      default:
        return 0;
    }
  }
}
