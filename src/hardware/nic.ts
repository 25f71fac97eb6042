/**
 * An Intel 82540EM / 82545EM gigabit Ethernet controller, after the "PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual" (317453). The card sees its registers, host memory by DMA, its interrupt line and the wire; it knows nothing of
 * the kernel.
 *
 * Left out: EEPROM, VLAN, wake-up, TBI, flash, several receive addresses.
 */
import type { Signals } from './card';
import { legacyReceive, legacyTransmit } from './descriptors';
import type { Environment } from './environment';
import type { PauseUnit } from './flow-control';
import type { frame } from './frame';
import { InterruptUnit, Moderation } from './interrupts';
import { type NicConfig, Port } from './port';
import { ReceiveEngine, rxQueue } from './receive';
import {
  CTRL_FD,
  CTRL_RST,
  CTRL_SLU,
  ICR_LSC,
  ICR_RXDMT0,
  ICR_RXO,
  ICR_RXT0,
  ICR_TXDW,
  ICR_TXQE,
  MTA_OFFSET,
  MTA_WORDS,
  nic_registers,
  RCTL_BSEX,
  RCTL_BSIZE_SHIFT,
  RCTL_LPE,
  RXCSUM_IPOFL,
  RXCSUM_TUOFL,
  registerAt,
} from './registers';
import { clearWhenRead } from './statistics';
import { TransmitEngine, txQueue } from './transmit';

/** On-chip packet memory: 64 KiB, shared by both directions as PBA says. */
const PACKET_MEMORY = 65536;
/** KiB of the packet memory for receiving after reset. */
const DEFAULT_PBA = 48;
/** One descriptor is written back at a time (13.4.31). */
const DEFAULT_RXDCTL = 0x00010000;
/** Longest frame with FCS and VLAN tag while RCTL.LPE is 0 (13.4.22). */
const LONGEST = 1522;
/** FIN and PSH stay with the last segment (3.5.9). */
const NOT_FIN_PSH = 0xff & ~(0x01 | 0x08);

/** Which word of the multicast table stands at an offset, -1: none. */
function tableWord(offset: number): number {
  const word = (offset - MTA_OFFSET) / 4;
  return word >= 0 && word < MTA_WORDS ? word : -1;
}

export class Nic extends Port {
  readonly registers = new nic_registers();
  readonly interrupts: InterruptUnit;
  readonly transmitter: TransmitEngine;
  readonly receiver: ReceiveEngine;
  readonly signals: Signals;
  readonly pause: PauseUnit;
  readonly tcpFlagMasks = [NOT_FIN_PSH, NOT_FIN_PSH, 0xff] as const;
  private readonly moderation: { readonly tx: Moderation; readonly rx: Moderation };

  constructor(env: Environment, config: NicConfig) {
    super(env, config, config.bus ?? 'pci-66');
    const { registers, state } = this;
    this.interrupts = new InterruptUnit(env, registers, !this.emulated);
    const { interrupts } = this;
    this.moderation = {
      tx: new Moderation(env, 'TX interrupt delay', () => interrupts.cause(ICR_TXDW)),
      rx: new Moderation(env, 'RX interrupt delay', () => interrupts.cause(ICR_RXT0)),
    };
    this.signals = this.makeSignals();
    this.pause = this.addPause();
    const tx = txQueue(0, registers);
    const rx = rxQueue(0, registers);
    this.transmitter = new TransmitEngine(this, [tx], legacyTransmit);
    this.receiver = new ReceiveEngine(
      this,
      [rx],
      legacyReceive(() => this.bufferSize),
      config.rxCsum,
    );
    state.registers = registers;
    state.tx = this.transmitter.state;
    state.rx = this.receiver.state;
    state.tx_queues.push(tx.state);
    state.rx_queues.push(rx.state);
    state.interrupts = interrupts.state;
    state.vectors.push(interrupts.state);
    state.tx_delay = this.moderation.tx.state;
    state.rx_delay = this.moderation.rx.state;
    this.reset();
  }

  get longestFrame(): number {
    return this.registers.RCTL & RCTL_LPE ? Number.POSITIVE_INFINITY : LONGEST;
  }

  /** Bytes of a host buffer (RCTL.BSIZE and BSEX, 13.4.22). */
  private get bufferSize(): number {
    const { RCTL } = this.registers;
    const size = 2048 >> ((RCTL >> RCTL_BSIZE_SHIFT) & 3);
    return RCTL & RCTL_BSEX ? size * 16 : size;
  }

  /** There is one queue. */
  steer(_arrived: frame): void {}

  /** What happens in the engines becomes a cause of ICR, after a delay where the driver allows one. */
  private makeSignals(): Signals {
    const { registers, interrupts, moderation, emulated } = this;
    return {
      sent(_queue, mayWait) {
        if (mayWait && registers.TIDV > 0 && !emulated) moderation.tx.event(registers.TIDV, registers.TADV);
        else moderation.tx.fire();
      },
      drained: () => interrupts.cause(ICR_TXQE),
      received() {
        if (registers.RDTR > 0 && !emulated) moderation.rx.event(registers.RDTR, registers.RADV);
        else moderation.rx.fire();
      },
      scarce: () => interrupts.cause(ICR_RXDMT0),
      overrun: () => interrupts.cause(ICR_RXO),
    };
  }

  protected linkInterrupt(): void {
    this.interrupts.cause(ICR_LSC);
  }

  /** What the driver reads at `offset`. Some registers change by being read. */
  read32(offset: number): number {
    const hash = tableWord(offset);
    if (hash >= 0) return this.registers.MTA.at(hash);
    const name = registerAt(offset);
    if (name === null || name === 'ICS' || name === 'IMC') return 0;
    if (name === 'ICR') return this.interrupts.readCauses();
    const value = this.registers[name];
    clearWhenRead(this.registers, name);
    return value >>> 0;
  }

  /** What the driver writes at `offset`, and what that sets going. */
  write32(offset: number, value: number): void {
    const hash = tableWord(offset);
    if (hash >= 0) {
      this.registers.MTA.set(hash, value >>> 0);
      return;
    }
    const name = registerAt(offset);
    switch (name) {
      case null:
      case 'STATUS':
        return;
      case 'CTRL':
        if (value & CTRL_RST) this.reset();
        else this.registers.CTRL = value >>> 0;
        this.pause.configure();
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
    else if (name === 'FCRTH' || name === 'FCRTL') this.pause.configure();
  }

  private reset(): void {
    const { registers } = this;
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
      'TXDCTL',
    ] as const) {
      registers[name] = 0;
    }
    registers.RXCSUM = RXCSUM_IPOFL | RXCSUM_TUOFL;
    registers.PBA = DEFAULT_PBA;
    registers.RXDCTL = DEFAULT_RXDCTL;
    this.resetCommon();
    this.interrupts.reset();
    this.sizeFifos();
    this.showLink();
  }

  private sizeFifos(): void {
    const forReceiving = this.registers.PBA * 1024;
    this.moderation.tx.stop();
    this.moderation.rx.stop();
    this.transmitter.reset(PACKET_MEMORY - forReceiving);
    this.receiver.reset(forReceiving);
  }
}
