/**
 * What the cards of both families have in common: the struct that is drawn, the connector with its LEDs, link status, the PHY. State
 * that can be drawn stands in heap structs; the classes are plumbing.
 *
 * Left out: most registers of the PHY, half duplex.
 */
import { bool, embed, hex32, int, list, ns, ref, str, struct } from '../base/struct';
import { Bus, type BusKind } from './bus';
import type { Card, Signals } from './card';
import type { Environment } from './environment';
import { type nic_pause, PauseUnit } from './flow-control';
import { type frame, freeFrame } from './frame';
import type { nic_delay, nic_interrupts } from './interrupts';
import type { Link, LinkEnd } from './link';
import type { nic_rx_queue, nic_tx_queue } from './queues';
import type { nic_rx, ReceiveEngine } from './receive';
import {
  type CommonRegisters,
  MDIC_OP_READ,
  MDIC_READY,
  MDIC_REG_SHIFT,
  MTA_WORDS,
  RAH_AV,
  STATUS_FD,
  STATUS_LU,
  STATUS_SPEED_100,
  STATUS_SPEED_1000,
  STATUS_TXOFF,
} from './registers';
import { clearStatistics } from './statistics';
import type { nic_tx, TransmitEngine } from './transmit';

/** How long the activity LED stays lit after a packet. A real one blinks for the human eye, far longer than a run lasts. */
const ACTIVITY_NS = 20_000;

/**
 * Registers of the PHY (IEEE 802.3 22.2.4, 28.2.4 and 40.5.1): control, status, identifiers, what it advertises, what the partner
 * advertises, 1000BASE-T control and status.
 */
const PHY_CONTROL = 0;
const PHY_STATUS = 1;
const PHY_ID1 = 2;
const PHY_ID2 = 3;
const PHY_ADVERTISE = 4;
const PHY_PARTNER = 5;
const PHY_1000T_CONTROL = 9;
const PHY_1000T_STATUS = 10;
const PHY_CONTROL_AUTONEG = 0x1000;
const PHY_CONTROL_RESTART = 0x0200;
const ADVERTISE_10_FULL = 0x0040;
const ADVERTISE_100_FULL = 0x0100;
/** 10, 10 full, 100, 100 full; IEEE 802.3 frames. */
const ADVERTISE_SPEEDS = 0x01e1;
const ADVERTISE_1000_FULL = 0x0200;
const PARTNER_ACKNOWLEDGES = 0x4000;
const PARTNER_1000_FULL = 0x0800;
const PHY_STATUS_LINK = 0x0004;
const PHY_STATUS_AUTONEG_DONE = 0x0020;
const PHY_RECEIVERS_OK = 0x3000;

/** Most queues a card has in each direction, and most interrupt vectors. */
export const MOST_QUEUES = 16;
export const MOST_VECTORS = 25;

/** The transceiver between card and cable. */
export const nic_phy = struct('nic_phy', {
  control: hex32('control (register 0)', PHY_CONTROL_AUTONEG),
  advertise: hex32('speeds and pause it offers its partner (register 4)', ADVERTISE_SPEEDS),
  gigabit_control: hex32('what of 1000BASE-T it offers (register 9)', ADVERTISE_1000_FULL),
});

/** Everything of a card that can be drawn. */
export const nic = struct('nic', {
  name: str('name, as the host calls it'),
  model: str('part number'),
  bus: str('host bus'),
  host: int('host it is in'),
  registers: ref<CommonRegisters>('registers'),
  tx: ref<nic_tx>('transmit side'),
  rx: ref<nic_rx>('receive side'),
  tx_queues: list(ref<nic_tx_queue>('transmit queue'), MOST_QUEUES, 'transmit queues, each with its ring registers'),
  rx_queues: list(ref<nic_rx_queue>('receive queue'), MOST_QUEUES, 'receive queues, each with its ring registers'),
  interrupts: ref<nic_interrupts>('interrupt unit; of several vectors the first'),
  vectors: list(ref<nic_interrupts>('vector'), MOST_VECTORS, 'interrupt vectors (MSI-X), or the one interrupt line'),
  pause: ref<nic_pause>('flow control'),
  phy: embed(nic_phy, 'the transceiver'),
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
   * The card is an emulator's and not Intel's: DMA takes no time, interrupts are neither delayed (TIDV, RDTR) nor throttled (ITR).
   */
  readonly emulated?: boolean;
  /** After a packet cut into whole segments one more goes out that has headers only, as by the emulator of the recordings (QEMU of 2011). */
  readonly addsEmptySegment?: boolean;
}

function swapBytes(value: number, bytes: number): number {
  let swapped = 0;
  for (let i = 0; i < bytes; i++) swapped = swapped * 256 + (Math.floor(value / 256 ** i) & 0xff);
  return swapped;
}

export abstract class Port implements Card, LinkEnd {
  readonly state = new nic();
  readonly bus: Bus;
  readonly host: number;
  readonly port: number;
  readonly emulated: boolean;
  readonly addsEmptySegment: boolean;
  link: Link | null = null;
  side: 0 | 1 = 0;
  abstract readonly registers: CommonRegisters;
  abstract readonly signals: Signals;
  abstract readonly transmitter: TransmitEngine;
  abstract readonly receiver: ReceiveEngine;
  abstract readonly tcpFlagMasks: readonly [number, number, number];
  abstract readonly longestFrame: number;
  abstract readonly pause: PauseUnit;

  constructor(
    readonly env: Environment,
    protected readonly config: NicConfig,
    bus: BusKind,
  ) {
    this.host = config.host;
    this.port = config.port ?? 0;
    this.emulated = config.emulated ?? false;
    this.addsEmptySegment = config.addsEmptySegment ?? false;
    this.bus = new Bus(bus);
    this.state.name = config.name;
    this.state.model = config.model ?? '82540EM';
    this.state.bus = this.bus.name;
    this.state.host = config.host;
    this.state.rx_checksum = config.rxCsum;
  }

  /** Once the engines are there. */
  protected addPause(): PauseUnit {
    const pause = new PauseUnit(this, () => this.transmitter.resume());
    this.state.pause = pause.state;
    return pause;
  }

  abstract steer(arrived: frame): void;

  /** Tells the host that the link changed. */
  protected abstract linkInterrupt(): void;

  /** Plugs the card into an end of a link. */
  connect(link: Link, side: 0 | 1): void {
    this.link = link;
    this.side = side;
    link.attach(this, side);
    this.showLink();
  }

  linkChanged(): void {
    this.showLink();
    this.linkInterrupt();
    if (this.link?.up) this.transmitter.resume();
  }

  /** Fastest speed it offers its partner, Mb/s; 0: none. */
  get offeredSpeed(): number {
    const { advertise, gigabit_control } = this.state.phy;
    if (gigabit_control & ADVERTISE_1000_FULL) return 1000;
    return advertise & ADVERTISE_100_FULL ? 100 : advertise & ADVERTISE_10_FULL ? 10 : 0;
  }

  /** What it offers its partner (register 4). */
  get offers(): number {
    return this.state.phy.advertise;
  }

  /** The transmit unit hangs: it processes no more descriptors until the card is reset. A defect, such as errata describe. */
  hang(): void {
    this.transmitter.hang();
  }

  /** A frame came in from the wire. */
  receive(arrived: frame): void {
    if (this.link?.up) this.receiver.arrive(arrived);
    else freeFrame(arrived);
  }

  activity(): void {
    this.state.led_activity_until = this.env.now() + ACTIVITY_NS;
  }

  protected showLink(): void {
    const up = this.link?.up ?? false;
    const speed = this.link?.speed ?? 0;
    const speedBits = speed >= 1000 ? STATUS_SPEED_1000 : speed >= 100 ? STATUS_SPEED_100 : 0;
    const held = this.registers.STATUS & STATUS_TXOFF;
    this.registers.STATUS = up ? STATUS_FD | STATUS_LU | speedBits | held : 0;
    this.state.led_link = up;
  }

  /** What a reset does to what both families have. */
  protected resetCommon(): void {
    const { registers } = this;
    for (const name of ['FCAL', 'FCAH', 'FCT', 'FCTTV', 'FCRTL', 'FCRTH'] as const) registers[name] = 0;
    for (let n = registers.MTA.length; n < MTA_WORDS; n++) registers.MTA.push(0);
    clearStatistics(registers);
    this.loadAddress();
    this.pause.reset();
  }

  /** The address registers come up with the MAC address, as after the EEPROM's auto-load. */
  private loadAddress(): void {
    const { registers, config } = this;
    registers.RAL0 = swapBytes(Math.floor(config.mac / 0x10000), 4);
    registers.RAH0 = (RAH_AV | swapBytes(config.mac % 0x10000, 2)) >>> 0;
  }

  /** A management access to the PHY. */
  protected accessPhy(value: number): void {
    const register = (value >> MDIC_REG_SHIFT) & 0x1f;
    if ((value & MDIC_OP_READ) === 0) this.writePhy(register, value & 0xffff);
    const data = value & MDIC_OP_READ ? this.phyRegister(register) : value & 0xffff;
    this.registers.MDIC = ((value & 0xffff0000) | MDIC_READY | data) >>> 0;
  }

  private writePhy(register: number, value: number): void {
    const { phy } = this.state;
    if (register === PHY_ADVERTISE) phy.advertise = value;
    else if (register === PHY_1000T_CONTROL) phy.gigabit_control = value;
    else if (register === PHY_CONTROL) {
      phy.control = value & ~PHY_CONTROL_RESTART;
      if (value & PHY_CONTROL_RESTART) this.link?.negotiate();
    }
  }

  private phyRegister(register: number): number {
    const up = this.link?.up ?? false;
    const partner = this.link?.partnerOf(this.side) ?? null;
    switch (register) {
      case PHY_CONTROL:
        return this.state.phy.control;
      case PHY_ADVERTISE:
        return this.state.phy.advertise;
      case PHY_PARTNER:
        return up ? (partner?.offers ?? 0) | PARTNER_ACKNOWLEDGES : 0;
      case PHY_1000T_CONTROL:
        return this.state.phy.gigabit_control;
      case PHY_STATUS:
        return up ? PHY_STATUS_LINK | PHY_STATUS_AUTONEG_DONE : 0;
      case PHY_ID1:
        return 0x0141;
      case PHY_ID2:
        return 0x0c20;
      case PHY_1000T_STATUS:
        return up && this.link?.speed === 1000 ? PHY_RECEIVERS_OK | PARTNER_1000_FULL : 0;
      default:
        return 0;
    }
  }
}
