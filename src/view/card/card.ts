/** A network card at one step, inside: a pure function of (trace, state, step, the step before), as plain data. */
import { Kind } from '../../trace/recorder';
import type { StructView } from '../../trace/state';
import type { Moment } from '../stage/floors/context';
import type { WireStage } from '../stage/floors/hardware';
import { chain, grouped, mac, num, ref, refs, span, text } from '../stage/read';
import type { Stage } from '../stage/stage';
import { wireWords } from '../step-words';
import { deviceOfCard, cableOf as linkOf, type Setting, type Switch, settingsOf, switchesOf } from '../switches';
import { type EngineWork, engineWork, type Verdict, verdictOf } from './engines';
import { phyRegisters, queueRegisters, type RegisterGroup, registerGroups } from './registers';
import { type ByteRanges, type RingView, ringsOf } from './rings';
import { causesOf, type SteeringView, steeringOf } from './steering';

export interface Transfer {
  /** The channel of the DMA engine. */
  readonly channel: 'TX data' | 'TX ring' | 'RX';
  readonly id: number;
  readonly busy: boolean;
  /** What is moved, such as `data`. */
  readonly what: string;
  readonly toHost: boolean;
  readonly address: number;
  readonly bytes: number;
  /** Part that has passed, 0 to 1: by time, latency included. */
  readonly part: number;
  readonly left: string;
}

export interface Fifo {
  readonly id: number;
  readonly bytes: number;
  readonly size: number;
  readonly frames: readonly number[];
  /** Fill levels, bytes, at which something happens. */
  readonly marks: readonly { readonly at: number; readonly doc: string }[];
}

export interface Cause {
  readonly name: string;
  readonly doc: string;
  readonly pending: boolean;
  readonly enabled: boolean;
}

/** Something that counts down. */
export interface Countdown {
  readonly name: string;
  readonly doc: string;
  /** Whole span as the register says, ns; 0: off. */
  readonly of: number;
  /** What is left, ns; 0: not running. */
  readonly left: number;
}

/** An interrupt vector of a card with MSI-X. */
export interface VectorView {
  readonly id: number;
  readonly index: number;
  /** What IVAR sends to it, short: `rx0 tx0`; `other` for what belongs to no queue; empty: nothing. */
  readonly name: string;
  /** Its bit in EICR and in EIMS. */
  readonly pending: boolean;
  readonly enabled: boolean;
  /** Its message has left, and it is not enabled anew. */
  readonly fired: boolean;
  readonly count: number;
  readonly throttle: Countdown;
}

export interface InterruptView {
  readonly id: number;
  /** Vectors of MSI-X; empty: the card has one interrupt line. */
  readonly vectors: readonly VectorView[];
  readonly line: boolean;
  readonly count: number;
  readonly causes: readonly Cause[];
  readonly throttle: Countdown;
  readonly delays: readonly Countdown[];
}

export interface CardView {
  readonly id: number;
  /** Number among all cards of the run, from 0. */
  readonly index: number;
  readonly host: number;
  /** Which of the host's cards, from 0. */
  readonly port: number;
  readonly hostName: string;
  readonly name: string;
  readonly model: string;
  readonly bus: string;
  readonly registersId: number;
  readonly link: {
    readonly up: boolean;
    /** The cable is in, and both ends agree on a speed: no link until they have. */
    readonly negotiates: boolean;
    readonly speed: number;
    readonly linkLed: boolean;
    readonly activityLed: boolean;
  };
  readonly mac: { readonly address: string; readonly filter: string; readonly filtered: number };
  readonly rings: readonly RingView[];
  readonly transfers: readonly Transfer[];
  readonly tx: {
    readonly id: number;
    readonly phase: string;
    /** Queue it works for, and how many of its descriptors are fetched ahead. */
    readonly queue: number;
    readonly cached: number;
    readonly fifo: Fifo;
    /** Frame being put together, 0: none. */
    readonly building: number;
    readonly filled: number;
    /** Frame on its way out, 0: none, and how much of it is out. */
    readonly sending: number;
    readonly sent: number;
    readonly gap: number;
    /** It does nothing more until the card is reset. */
    readonly hung: boolean;
    readonly cuts: boolean;
    readonly sums: string;
    readonly mss: number;
    /** Bytes of payload cut off so far, and of how many. */
    readonly cut: { readonly done: number; readonly of: number };
  };
  readonly rx: {
    readonly id: number;
    readonly phase: string;
    /** Queue it works for, and how many of its descriptors are fetched ahead. */
    readonly queue: number;
    readonly cached: number;
    readonly fifo: Fifo;
    readonly moving: number;
    readonly moved: number;
    readonly sums: boolean;
  };
  readonly work: EngineWork | null;
  /** What the checksum verifier finds in the frame being moved to memory. */
  readonly verdict: Verdict | null;
  readonly interrupts: InterruptView;
  /** Receive side scaling and the queues' vectors; null: the card has one queue. */
  readonly steering: SteeringView | null;
  readonly registers: readonly RegisterGroup[];
  readonly switches: readonly Switch[];
  readonly settings: readonly Setting[];
  /** Ring registers of each queue, where a queue has its own. */
  readonly queues: readonly RegisterGroup[];
  /** Pause frames: how long the peer keeps this card quiet, ns, and whether this one keeps the peer quiet. */
  readonly pause: { readonly held: number; readonly asks: boolean; readonly sent: number };
  /** Registers whose value the step changed. */
  readonly changed: ReadonlySet<string>;
  readonly counts: { readonly sent: number; readonly received: number; readonly missed: number };
  /** What the hardware does at this step, in words; empty when it is somebody else's step. */
  readonly event: string;
}

/** Beyond this many events between two steps nothing is marked as changed: everything would be. */
const FAR = 20_000;
const ITR_UNIT_NS = 256;
const DELAY_UNIT_NS = 1024;
/** The ring's descriptors of a card with one queue: how many the card fetches ahead. */
export const PREFETCH = 64;

const CAUSE_DOCS: Readonly<Record<string, string>> = {
  TXDW: 'a TX descriptor was written back',
  TXQE: 'the TX ring has run empty',
  LSC: 'the link went up or down',
  RXSEQ: 'symbols out of order on the link',
  RXDMT0: 'few RX descriptors are left',
  RXO: 'the RX FIFO overran',
  RXT0: 'a received packet stands in memory',
  MDAC: 'a PHY access is complete',
  TXD_LOW: 'few TX descriptors are left to the card',
  SRPD: 'a small packet was received',
};

/** All cards of the run, in the order in which they were put in: the same in every run of a scenario's hosts. */
export function cardsIn({ state }: Pick<Moment, 'state'>): StructView[] {
  return state.objects('nic');
}

/** The number of a host's first card; -1: it has none. */
export function cardOfHost(moment: Pick<Moment, 'state'>, host: number): number {
  return cardsIn(moment).findIndex((nic) => num(nic, 'host') === host);
}

export function cardOf(moment: Moment, index: number, previousStep: number): CardView | null {
  const nic = cardsIn(moment)[index];
  if (nic === undefined) return null;
  const host = num(nic, 'host');
  const { trace, state, step } = moment;
  const now = trace.time(step);
  const isNear = Math.abs(step - previousStep) <= FAR;
  const changes = isNear ? state.changes(previousStep, step) : [];
  const written: ByteRanges = isNear ? state.ramChanges(previousStep, step) : [];
  const registers = ref(nic, 'registers');
  const changed = new Set(changes.flatMap((one) => (one.object === registers?.id ? [one.field] : [])));
  const device = deviceOfCard(state, nic);
  const tx = ref(nic, 'tx');
  const rx = ref(nic, 'rx');
  const txQueue = refs(nic, 'tx_queues')[num(tx, 'queue')] ?? null;
  const rxQueue = refs(nic, 'rx_queues')[num(rx, 'queue')] ?? null;
  const context = ref(txQueue, 'context');
  const pause = ref(nic, 'pause');
  const hosts = trace.data.hosts.map(({ name }) => name);
  const rings = ringsOf(state, nic, ref(device, 'priv'), written);
  const own = trace.context(trace.ctx(step)).host === host;
  const link = linkOf(state, nic, hosts);
  const steering = steeringOf(state, registers, rx, rings);
  const sending = ref(tx, 'sending');
  return {
    id: nic.id,
    index,
    host,
    port: cardsIn(moment)
      .filter((one) => num(one, 'host') === host)
      .indexOf(nic),
    hostName: trace.data.hosts[host]?.name ?? String(host),
    name: text(nic, 'name'),
    model: text(nic, 'model'),
    bus: text(nic, 'bus'),
    registersId: registers?.id ?? 0,
    link: {
      up: num(nic, 'led_link') !== 0,
      negotiates: num(link, 'up') !== 0 && num(link, 'negotiating') !== 0,
      speed: Number(text(registers, 'STATUS').match(/speed (\d+)/)?.[1] ?? 10),
      linkLed: num(nic, 'led_link') !== 0,
      activityLed: num(nic, 'led_activity_until') > now,
    },
    mac: { address: addressOf(registers), filter: filterOf(registers), filtered: num(rx, 'filtered') },
    rings,
    transfers: [
      transferOf('TX data', ref(tx, 'transfer'), now),
      ringTransfer(tx, now),
      transferOf('RX', ref(rx, 'transfer'), now),
    ],
    tx: {
      id: tx?.id ?? 0,
      phase: text(tx, 'phase'),
      queue: num(tx, 'queue'),
      cached: num(txQueue, 'cached'),
      fifo: fifoOf(tx, []),
      building: ref(tx, 'building')?.id ?? 0,
      filled: num(tx, 'filled'),
      sending: sending?.id ?? 0,
      sent: sentPart(sending, now),
      gap: Math.max(0, num(tx, 'gap_end') - now),
      hung: num(tx, 'hung') !== 0,
      cuts: num(tx, 'packet_active') !== 0 && num(tx, 'tse') !== 0,
      sums: num(tx, 'packet_active') === 0 ? '' : checksumWords(num(tx, 'popts'), num(context, 'tcp') !== 0),
      mss: num(context, 'mss'),
      cut: { done: num(tx, 'payload_done'), of: num(tx, 'packet_payload') },
    },
    rx: {
      id: rx?.id ?? 0,
      phase: text(rx, 'phase'),
      queue: num(rx, 'queue'),
      cached: num(rxQueue, 'cached'),
      fifo: fifoOf(rx, flowMarks(pause)),
      moving: ref(rx, 'moving')?.id ?? 0,
      moved: num(rx, 'moved'),
      sums: num(nic, 'rx_checksum') !== 0 && (num(registers, 'RXCSUM') & 0x300) !== 0,
    },
    work: engineWork(
      state,
      tx,
      rings.find(({ direction, queue }) => direction === 'TX' && queue === num(tx, 'queue')),
    ),
    verdict: verdictOf(state, rx, tx, num(nic, 'rx_checksum') !== 0 && (num(registers, 'RXCSUM') & 0x300) !== 0),
    interrupts: interruptsOf(nic, registers, steering, now),
    steering,
    registers: [...registerGroups(registers, changed), ...phyRegisters(ref(nic, 'phy'), changes)],
    switches: switchesOf(state, nic, hosts),
    settings: settingsOf(state, nic, hosts),
    queues: queueRegisters(nic, registers, changes),
    pause: {
      held: Math.max(0, num(pause, 'paused_until') - now),
      asks: num(pause, 'quiet') !== 0,
      sent: num(pause, 'sent'),
    },
    changed,
    counts: {
      sent: num(registers, 'TPT'),
      received: num(registers, 'TPR'),
      missed: num(registers, 'MPC'),
    },
    event: own ? eventOf(moment) : '',
  };
}

/** The cable in a card, and whether the card is at its right end. */
export interface Cable {
  readonly wire: WireStage;
  readonly atRight: boolean;
  /** Who is at the other end. */
  readonly other: string;
}

export function cableOf(stage: Pick<Stage, 'way' | 'wires' | 'hosts'>, { host, port }: CardView): Cable | null {
  const place = stage.way.indexOf(host);
  // Cables stand between neighbours; a host in the middle has its first card at the cable to its left.
  const atRight = place > 0 && port === 0;
  const wire = stage.wires[atRight ? place - 1 : place];
  if (wire === undefined) return null;
  const other = stage.hosts[stage.way[place + (atRight ? -1 : 1)] ?? -1];
  return { wire, atRight, other: other === undefined ? 'the script' : `host ${other.name}` };
}

function eventOf({ trace, step }: Moment): string {
  const kind = trace.kind(step);
  if (kind === Kind.HARDWARE) return trace.label(step);
  return kind === Kind.WIRE ? wireWords(trace, step) : '';
}

function transferOf(channel: Transfer['channel'], transfer: StructView | null, now: number): Transfer {
  const start = num(transfer, 'start');
  const end = num(transfer, 'end');
  const busy = num(transfer, 'what') !== 0;
  return {
    channel,
    id: transfer?.id ?? 0,
    busy,
    what: text(transfer, 'what'),
    toHost: num(transfer, 'to_host') !== 0,
    address: num(transfer, 'address'),
    bytes: num(transfer, 'bytes'),
    part: !busy ? 0 : end <= start ? 1 : Math.max(0, Math.min(1, (now - start) / (end - start))),
    left: busy ? span(Math.max(0, end - now)) : '',
  };
}

/** What moves of the ring beside the data: descriptors read ahead, or written back. */
function ringTransfer(tx: StructView | null, now: number): Transfer {
  const back = transferOf('TX ring', ref(tx, 'write_back'), now);
  const ahead = transferOf('TX ring', ref(tx, 'prefetch'), now);
  return ahead.busy && !back.busy ? ahead : back;
}

/** Levels of the RX FIFO at which the pause unit asks the peer to stop, and to go on. */
function flowMarks(pause: StructView | null): Fifo['marks'] {
  const [high, low] = [num(pause, 'high'), num(pause, 'low')];
  if (high === 0) return [];
  return [
    { at: low, doc: `FCRTL, ${grouped(low)} bytes: below this the peer may send again (XON)` },
    { at: high, doc: `FCRTH, ${grouped(high)} bytes: above this the peer is asked to pause (XOFF)` },
  ];
}

function fifoOf(engine: StructView | null, marks: Fifo['marks']): Fifo {
  const queue = ref(engine, 'fifo');
  return {
    id: queue?.id ?? 0,
    bytes: num(queue, 'bytes'),
    size: num(engine, 'fifo_size'),
    frames: chain(ref(queue, 'first'), 'next', num(queue, 'count')).map(({ id }) => id),
    marks: marks.filter(({ at }) => at > 0),
  };
}

function sentPart(frame: StructView | null, now: number): number {
  const start = num(frame, 'start');
  const end = num(frame, 'end');
  return end <= start ? 0 : Math.max(0, Math.min(1, (now - start) / (end - start)));
}

function checksumWords(popts: number, tcp: boolean): string {
  return [popts & 1 ? 'IP' : '', popts & 2 ? (tcp ? 'TCP' : 'UDP') : ''].filter(Boolean).join(', ');
}

/** RAL and RAH hold the address with its first byte lowest. */
function addressOf(registers: StructView | null): string {
  const low = num(registers, 'RAL0');
  const high = num(registers, 'RAH0') & 0xffff;
  const bytes = [low & 0xff, (low >>> 8) & 0xff, (low >>> 16) & 0xff, (low >>> 24) & 0xff, high & 0xff, high >>> 8];
  return mac(bytes.reduce((sum, byte) => sum * 256 + byte, 0));
}

const RCTL_WORDS: readonly (readonly [number, string])[] = [
  [0x8, 'all unicast'],
  [0x10, 'all multicast'],
  [0x8000, 'broadcast'],
];

function filterOf(registers: StructView | null): string {
  const value = num(registers, 'RCTL');
  if ((value & 2) === 0) return 'receiver off';
  return ['own address', ...RCTL_WORDS.flatMap(([bit, word]) => (value & bit ? [word] : []))].join(', ');
}

/** Interval of EITR: us in bits 2 to 14 (317694, 8.8.13). */
const EITR_SHIFT = 2;
const EITR_MASK = 0x7ffc;
const EITR_UNIT_NS = 1000;

function vectorsOf(
  nic: StructView,
  registers: StructView | null,
  steering: SteeringView | null,
  now: number,
): VectorView[] {
  if (registers === null || steering === null) return [];
  const throttles = registers.items('EITR');
  return refs(nic, 'vectors').map((vector) => {
    const index = num(vector, 'index');
    const bit = 2 ** index;
    return {
      id: vector.id,
      index,
      name: causesOf(steering, index).join(' '),
      pending: (num(registers, 'EICR') & bit) !== 0,
      enabled: (num(registers, 'EIMS') & bit) !== 0,
      fired: num(vector, 'line') !== 0,
      count: num(vector, 'count'),
      throttle: {
        name: `EITR${index}`,
        doc: 'the vector sends no other message for this long',
        of: (((throttles[index] ?? 0) & EITR_MASK) >> EITR_SHIFT) * EITR_UNIT_NS,
        left: Math.max(0, num(vector, 'throttled_until') - now),
      },
    };
  });
}

function interruptsOf(
  nic: StructView,
  registers: StructView | null,
  steering: SteeringView | null,
  now: number,
): InterruptView {
  const unit = ref(nic, 'interrupts');
  const names = registers?.has('ICR') ? (registers.field('ICR').names ?? {}) : {};
  const pending = num(registers, 'ICR');
  const mask = num(registers, 'IMS');
  const until = (view: StructView | null, field: string): number => Math.max(0, num(view, field) - now);
  const delay = (name: string, doc: string, view: StructView | null, field: string): Countdown => {
    return { name, doc, of: num(registers, name) * DELAY_UNIT_NS, left: until(view, field) };
  };
  const tx = ref(nic, 'tx_delay');
  const rx = ref(nic, 'rx_delay');
  return {
    id: unit?.id ?? 0,
    vectors: vectorsOf(nic, registers, steering, now),
    line: num(unit, 'line') !== 0,
    count: num(unit, 'count'),
    causes: Object.entries(names).map(([bit, name]) => ({
      name,
      doc: CAUSE_DOCS[name] ?? name,
      pending: (pending & Number(bit)) !== 0,
      enabled: (mask & Number(bit)) !== 0,
    })),
    throttle: {
      name: 'ITR',
      doc: 'the line stays low for this long after it was raised',
      of: num(registers, 'ITR') * ITR_UNIT_NS,
      left: until(unit, 'throttled_until'),
    },
    delays: [
      delay('TIDV', 'since the last TX write-back', tx, 'packet_end'),
      delay('TADV', 'since the first TX write-back', tx, 'absolute_end'),
      delay('RDTR', 'since the last packet received', rx, 'packet_end'),
      delay('RADV', 'since the first packet received', rx, 'absolute_end'),
    ],
  };
}
