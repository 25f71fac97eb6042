/**
 * A port of an Intel 82576 gigabit Ethernet controller, after the "82576 Gigabit Ethernet Controller Datasheet" (317694): 16 queues each
 * way with advanced descriptors, MSI-X, receive side scaling.
 *
 * Left out: VMDq and SR-IOV, VLAN, IPsec, timestamps, DCA, low-latency interrupts, manageability, legacy interrupts and
 * descriptors, the second port.
 */
import type { Signals } from './card';
import { advancedReceive, advancedTransmit } from './descriptors';
import type { Environment } from './environment';
import type { PauseUnit } from './flow-control';
import type { frame } from './frame';
import { MsixUnit } from './msix';
import { MOST_QUEUES, MOST_VECTORS, type NicConfig, Port } from './port';
import { nic_rx_ring, nic_tx_ring } from './queues';
import { ReceiveEngine, rxQueue } from './receive';
import {
  CTRL_FD,
  CTRL_RST,
  CTRL_SLU,
  ICR_LSC,
  ICR_RXO,
  RCTL_LPE,
  RXCSUM_IPOFL,
  RXCSUM_PCSD,
  RXCSUM_TUOFL,
} from './registers';
import {
  EITR0,
  IVAR_VALID,
  IVAR_VECTOR,
  IVAR0,
  MRQC_MODE,
  MRQC_RSS,
  nic_82576_registers,
  RETA_ENTRIES,
  RETA0,
  RSSRK_BYTES,
  RSSRK0,
  RX_RING,
  RX_RINGS,
  register82576At,
  ringRegister,
  SRRCTL_DROP_EN,
  TX_RING,
  TX_RINGS,
} from './registers-82576';
import { RSS_NONE, rssInput, toeplitz } from './rss';
import { clearWhenRead } from './statistics';
import { TransmitEngine, txQueue } from './transmit';

/** KiB of the packet buffers after reset. */
const DEFAULT_RXPBS = 64;
const DEFAULT_TXPBS = 40;
/** Longest frame with FCS and VLAN tag while RCTL.LPE is 0. */
const LONGEST = 1522;
/** DTXTCPFLGSOL and DTXTCPFLGSOH after reset: FIN and PSH stay with the last segment, CWR with the first. */
const TCP_FLAGS = [0xf6, 0x76, 0x7f] as const;
const IVAR_ROWS = 8;
const QUEUE_ENABLE = 0x02000000;

const TX_NAMES = Object.keys(TX_RING) as (keyof typeof TX_RING)[];
const RX_NAMES = Object.keys(RX_RING) as (keyof typeof RX_RING)[];

/** Registers that are arrays, with their offset and number of words. */
const ARRAYS = {
  EITR: { from: EITR0, words: MOST_VECTORS },
  IVAR: { from: IVAR0, words: IVAR_ROWS },
  RETA: { from: RETA0, words: RETA_ENTRIES / 4 },
  RSSRK: { from: RSSRK0, words: RSSRK_BYTES / 4 },
} as const;
type ArrayName = keyof typeof ARRAYS;

function arrayAt(offset: number): { readonly name: ArrayName; readonly index: number } | null {
  for (const [name, { from, words }] of Object.entries(ARRAYS)) {
    if (offset >= from && offset < from + 4 * words) return { name: name as ArrayName, index: (offset - from) >> 2 };
  }
  return null;
}

/** EICR bit of a byte of IVAR; 0: it is not valid. */
function vectorBit(ivar: number): number {
  return ivar & IVAR_VALID ? (1 << (ivar & IVAR_VECTOR)) >>> 0 : 0;
}

/** Counts a frame that finds no descriptor, if the queue drops such frames. */
function drops(ring: nic_rx_ring): boolean {
  if ((ring.SRRCTL & SRRCTL_DROP_EN) === 0) return false;
  ring.RQDPC++;
  return true;
}

export class Nic82576 extends Port {
  readonly registers = new nic_82576_registers();
  readonly interrupts: MsixUnit;
  readonly transmitter: TransmitEngine;
  readonly receiver: ReceiveEngine;
  readonly signals: Signals;
  readonly pause: PauseUnit;
  readonly tcpFlagMasks = TCP_FLAGS;
  private readonly txRings = Array.from({ length: MOST_QUEUES }, () => new nic_tx_ring());
  private readonly rxRings = Array.from({ length: MOST_QUEUES }, () => new nic_rx_ring());

  constructor(env: Environment, config: NicConfig) {
    super(env, { model: '82576', ...config }, config.bus ?? 'pcie-x4');
    const { registers, state } = this;
    this.interrupts = new MsixUnit(env, registers, MOST_VECTORS);
    this.signals = this.makeSignals();
    this.pause = this.addPause();
    const tx = this.txRings.map((ring, n) => txQueue(n, ring));
    const rx = this.rxRings.map((ring, n) => rxQueue(n, ring, () => drops(ring)));
    this.transmitter = new TransmitEngine(this, tx as never, advancedTransmit);
    const hashInstead = (): boolean => (registers.RXCSUM & RXCSUM_PCSD) !== 0;
    this.receiver = new ReceiveEngine(this, rx as never, advancedReceive(hashInstead), config.rxCsum);
    state.registers = registers;
    state.tx = this.transmitter.state;
    state.rx = this.receiver.state;
    for (const queue of tx) state.tx_queues.push(queue.state);
    for (const queue of rx) state.rx_queues.push(queue.state);
    for (const vector of this.interrupts.vectors) state.vectors.push(vector.state);
    state.interrupts = state.vectors.at(0);
    for (let n = 0; n < RETA_ENTRIES; n++) registers.RETA.push(0);
    for (let n = 0; n < RSSRK_BYTES; n++) registers.RSSRK.push(0);
    for (let n = 0; n < IVAR_ROWS; n++) registers.IVAR.push(0);
    this.reset();
  }

  get longestFrame(): number {
    return this.registers.RCTL & RCTL_LPE ? this.registers.RLPML : LONGEST;
  }

  /** The queue that RSS chooses: by RETA from the hash of addresses and ports; queue 0 without a hash. */
  steer(arrived: frame): void {
    const { MRQC, RSSRK, RETA } = this.registers;
    arrived.rx_queue = 0;
    if ((MRQC & MRQC_MODE) !== MRQC_RSS) return;
    const { type, input } = rssInput(arrived.data, MRQC);
    arrived.rss_type = type;
    if (type === RSS_NONE) return;
    arrived.rss_hash = toeplitz(Uint8Array.from(RSSRK), input);
    arrived.rx_queue = RETA.at(arrived.rss_hash % RETA_ENTRIES) & (MOST_QUEUES - 1);
  }

  /** EICR bit of the vector that IVAR gives for a queue; 0: none. */
  private vectorOf(queue: number, column: number): number {
    const word = this.registers.IVAR.at(queue % IVAR_ROWS);
    return vectorBit(word >>> (8 * column + (queue >= IVAR_ROWS ? 16 : 0)));
  }

  private makeSignals(): Signals {
    const { interrupts } = this;
    return {
      sent: (queue) => interrupts.cause(this.vectorOf(queue, 1)),
      drained() {},
      received: (queue) => interrupts.cause(this.vectorOf(queue, 0)),
      scarce: (queue) => interrupts.cause(this.vectorOf(queue, 0)),
      overrun: () => this.otherCause(ICR_RXO),
    };
  }

  protected linkInterrupt(): void {
    this.otherCause(ICR_LSC);
  }

  /** A cause that belongs to no queue: its bit in ICR, and the vector of IVAR_MISC if IMS allows it. */
  private otherCause(bits: number): void {
    const { registers } = this;
    registers.ICR = (registers.ICR | bits) >>> 0;
    if (registers.ICR & registers.IMS) this.interrupts.cause(vectorBit(registers.IVAR_MISC >>> 8));
  }

  /** What the driver reads at `offset`. Some registers change by being read. */
  read32(offset: number): number {
    const { registers } = this;
    const rx = ringRegister(offset, RX_RINGS, RX_RING, MOST_QUEUES);
    if (rx !== null) {
      const ring = this.rxRings[rx.queue] as nic_rx_ring;
      const value = ring[rx.name];
      if (rx.name === 'RQDPC') ring.RQDPC = 0;
      return value;
    }
    const tx = ringRegister(offset, TX_RINGS, TX_RING, MOST_QUEUES);
    if (tx !== null) return (this.txRings[tx.queue] as nic_tx_ring)[tx.name];
    const word = arrayAt(offset);
    if (word !== null) return this.readArray(word.name, word.index);
    const name = register82576At(offset);
    switch (name) {
      case null:
      case 'ICS':
      case 'IMC':
      case 'EICS':
      case 'EIMC':
        return 0;
      case 'ICR': {
        const causes = registers.ICR;
        registers.ICR = 0;
        return causes;
      }
      case 'EICR': {
        const causes = registers.EICR;
        this.interrupts.clear(causes);
        return causes;
      }
      default: {
        const value = registers[name];
        if (name === 'IAC') registers.IAC = 0;
        clearWhenRead(registers, name);
        return value >>> 0;
      }
    }
  }

  private readArray(name: ArrayName, index: number): number {
    const { registers } = this;
    if (name === 'EITR' || name === 'IVAR') return registers[name].at(index);
    return [3, 2, 1, 0].reduce((word, byte) => word * 256 + registers[name].at(4 * index + byte), 0);
  }

  private writeArray(name: ArrayName, index: number, value: number): void {
    const { registers } = this;
    if (name === 'EITR' || name === 'IVAR') registers[name].set(index, value >>> 0);
    else for (let byte = 0; byte < 4; byte++) registers[name].set(4 * index + byte, (value >>> (8 * byte)) & 0xff);
  }

  /** What the driver writes at `offset`, and what that sets going. */
  write32(offset: number, value: number): void {
    const { registers, interrupts } = this;
    const rx = ringRegister(offset, RX_RINGS, RX_RING, MOST_QUEUES);
    if (rx !== null) {
      (this.rxRings[rx.queue] as nic_rx_ring)[rx.name] = value >>> 0;
      if (rx.name === 'RDT' || rx.name === 'RXDCTL') this.receiver.descriptorsAdded();
      return;
    }
    const tx = ringRegister(offset, TX_RINGS, TX_RING, MOST_QUEUES);
    if (tx !== null) {
      (this.txRings[tx.queue] as nic_tx_ring)[tx.name] = value >>> 0;
      if (tx.name === 'TDT' || tx.name === 'TXDCTL') this.transmitter.doorbell();
      return;
    }
    const word = arrayAt(offset);
    if (word !== null) {
      this.writeArray(word.name, word.index, value);
      return;
    }
    const name = register82576At(offset);
    switch (name) {
      case null:
      case 'STATUS':
      case 'IAC':
        return;
      case 'CTRL':
        if (value & CTRL_RST) this.reset();
        else registers.CTRL = value >>> 0;
        this.pause.configure();
        return;
      case 'MDIC':
        this.accessPhy(value);
        return;
      case 'ICR':
        registers.ICR = (registers.ICR & ~value) >>> 0;
        return;
      case 'ICS':
        this.otherCause(value);
        return;
      case 'IMS':
        registers.IMS = (registers.IMS | value) >>> 0;
        this.otherCause(0);
        return;
      case 'IMC':
        registers.IMS = (registers.IMS & ~value) >>> 0;
        return;
      case 'EICR':
        interrupts.clear(value);
        return;
      case 'EICS':
        interrupts.cause(value);
        return;
      case 'EIMS':
        interrupts.enable(value);
        return;
      case 'EIMC':
        interrupts.disable(value);
        return;
      default:
        registers[name] = value >>> 0;
    }
    if (name === 'TCTL') this.transmitter.doorbell();
    else if (name === 'RCTL') this.receiver.descriptorsAdded();
    else if (name === 'FCRTH' || name === 'FCRTL') this.pause.configure();
  }

  private reset(): void {
    const { registers } = this;
    registers.CTRL = CTRL_FD | CTRL_SLU;
    for (const name of ['ICR', 'IMS', 'RCTL', 'TCTL', 'MRQC', 'IVAR_MISC'] as const) registers[name] = 0;
    for (let n = 0; n < IVAR_ROWS; n++) registers.IVAR.set(n, 0);
    for (const ring of this.txRings) for (const name of TX_NAMES) ring[name] = 0;
    for (const ring of this.rxRings) for (const name of RX_NAMES) ring[name] = 0;
    // The first queue of each direction comes up enabled.
    (this.txRings[0] as nic_tx_ring).TXDCTL = QUEUE_ENABLE;
    (this.rxRings[0] as nic_rx_ring).RXDCTL = QUEUE_ENABLE;
    registers.RXCSUM = RXCSUM_IPOFL | RXCSUM_TUOFL;
    registers.RLPML = LONGEST;
    registers.RXPBS = DEFAULT_RXPBS;
    registers.TXPBS = DEFAULT_TXPBS;
    this.resetCommon();
    this.interrupts.reset();
    this.transmitter.reset(registers.TXPBS * 1024);
    this.receiver.reset(registers.RXPBS * 1024);
    this.showLink();
  }
}
