/** Driver, card and wire: rings with heads and tails, engines, registers, frames under way. */
import { Kind } from '../../../trace/recorder';
import type { StructView } from '../../../trace/state';
import { wireWords } from '../../step-words';
import { chain, num, ref, refs, span, text } from '../read';
import {
  type Cabinet,
  cabinetOf,
  cardOf,
  type HostContext,
  inCall,
  inCallHere,
  type Moment,
  napiInHand,
  queueInHand,
} from './context';

export interface RingStage {
  readonly name: 'TX' | 'RX';
  /** ` 2 of 4` where the card has several. */
  readonly which: string;
  readonly id: number;
  readonly count: number;
  /** The driver's indices. */
  readonly use: number;
  readonly clean: number;
  /** The card's registers. */
  readonly head: number;
  readonly tail: number;
  /** Descriptors with an skb: index and object id. */
  readonly skbs: readonly { readonly at: number; readonly id: number }[];
  readonly here: boolean;
}

export interface DriverStage {
  readonly id: number;
  readonly table: Cabinet | null;
  readonly poll: string;
  readonly polled: boolean;
  readonly pollHere: boolean;
  readonly napi: string;
  readonly napiId: number;
  /** Of the queue that is worked on. */
  readonly tx: RingStage | null;
  readonly rx: RingStage | null;
  /** Of all queues. */
  readonly txRings: readonly RingStage[];
  readonly rxRings: readonly RingStage[];
}

export interface FifoStage {
  readonly name: string;
  readonly id: number;
  readonly frames: readonly number[];
  readonly bytes: number;
  readonly size: number;
}

export interface EngineStage {
  readonly name: string;
  readonly state: string;
  readonly busy: boolean;
  readonly on: boolean;
  /** A switch of the card or the device: shown as one. */
  readonly isSwitch: boolean;
}

export interface RegisterStage {
  readonly name: string;
  readonly value: string;
  readonly changed: boolean;
}

export interface NicStage {
  readonly id: number;
  readonly name: string;
  readonly linkLed: boolean;
  readonly activityLed: boolean;
  readonly speed: string;
  readonly engines: readonly EngineStage[];
  readonly txFifo: FifoStage;
  readonly rxFifo: FifoStage;
  /** Frames being filled, sent or written to memory: they are in an engine. */
  readonly inEngine: readonly { readonly frame: number; readonly engine: string }[];
  readonly irq: { readonly id: number; readonly line: boolean; readonly causes: string; readonly throttle: string };
  readonly registers: readonly RegisterStage[];
  /** Label of the hardware event of this step. */
  readonly event: string;
}

export interface WireFrame {
  readonly id: number;
  readonly from: number;
  /** Where its first and last bit are, 0: the sender, 1: the receiver. */
  readonly head: number;
  readonly tail: number;
  readonly text: string;
}

export interface WireStage {
  readonly id: number;
  readonly up: boolean;
  readonly text: string;
  readonly frames: readonly WireFrame[];
  readonly here: boolean;
  readonly event: string;
}

/** What works on a ring of either driver. */
const TX_WORK = [
  'e1000_tx_map',
  'e1000_tx_queue',
  'e1000_clean_tx_irq',
  'e1000_unmap_and_free_tx_resource',
  'igb_tx_map_adv',
  'igb_tx_queue_adv',
  'igb_clean_tx_irq',
];
const RX_WORK = ['e1000_clean_rx_irq', 'e1000_alloc_rx_buffers', 'igb_clean_rx_irq_adv', 'igb_alloc_rx_buffers_adv'];

/** The rings of a driver: one (e1000), or a list by queue (igb). */
function ringsOf(adapter: StructView, field: 'tx_ring' | 'rx_ring'): StructView[] {
  if (!adapter.has(field)) return [];
  const one = adapter.field(field).kind === 'list' ? null : adapter.ref(field);
  return one === null ? refs(adapter, field) : [one];
}

function ringStages(c: HostContext, adapter: StructView, name: 'TX' | 'RX', nic: StructView | null): RingStage[] {
  const rings = ringsOf(adapter, name === 'TX' ? 'tx_ring' : 'rx_ring');
  const chosen = chosenOf(c, rings);
  return rings.map((ring, queue) =>
    ringStage(c, ring, name, nic, { queue, of: rings.length, chosen: queue === chosen }),
  );
}

/** The ring that is worked on, of a list by queue. */
function chosenOf(c: HostContext, rings: readonly unknown[]): number {
  return Math.min(queueInHand(c), rings.length - 1);
}

function ringStage(
  c: HostContext,
  ring: StructView,
  name: 'TX' | 'RX',
  nic: StructView | null,
  { queue, of, chosen }: { queue: number; of: number; chosen: boolean },
): RingStage {
  const registers = ref(refs(nic, name === 'TX' ? 'tx_queues' : 'rx_queues')[queue] ?? null, 'ring');
  const buffers = ring.has('buffer_info') ? ring.list('buffer_info') : [];
  const skbs: { at: number; id: number }[] = [];
  if (name === 'TX') {
    buffers.forEach((buffer, at) => {
      if (buffer === null || typeof buffer === 'number') return;
      const skb = buffer.has('skb') ? ref(buffer, 'skb') : buffer.type === 'sk_buff' ? buffer : null;
      if (skb !== null) skbs.push({ at, id: skb.id });
    });
  }
  return {
    name,
    which: of > 1 ? ` ${queue} of ${of}` : '',
    id: ring.id,
    count: num(ring, 'count'),
    use: num(ring, 'next_to_use'),
    clean: num(ring, 'next_to_clean'),
    head: num(registers, name === 'TX' ? 'TDH' : 'RDH'),
    tail: num(registers, name === 'TX' ? 'TDT' : 'RDT'),
    skbs,
    here:
      chosen &&
      (name === 'TX'
        ? inCallHere(c, ...TX_WORK)
        : inCallHere(c, ...RX_WORK) && !inCallHere(c, 'napi_gro_receive', 'e1000_receive_skb')),
  };
}

export function driverStage(c: HostContext): DriverStage | null {
  const { device } = c;
  const adapter = ref(device, 'priv');
  if (device === null || adapter === null) return null;
  const nic = cardOf(c, device);
  const napi = napiInHand(c, device);
  const poll = napi?.fnName('poll') ?? '';
  const txRings = ringStages(c, adapter, 'TX', nic);
  const rxRings = ringStages(c, adapter, 'RX', nic);
  return {
    id: adapter.id,
    table: cabinetOf(c, device.tableName('netdev_ops'), ['ndo_start_xmit'], 1),
    poll,
    polled: inCall(c, poll),
    pollHere: inCallHere(c, poll) && c.hand?.frames.at(-1)?.layer === 'driver',
    napi: text(napi, 'state').includes('SCHED') ? 'scheduled' : 'idle',
    napiId: napi?.id ?? 0,
    tx: txRings[chosenOf(c, txRings)] ?? null,
    rx: rxRings[chosenOf(c, rxRings)] ?? null,
    txRings,
    rxRings,
  };
}

function fifoStage(queue: StructView | null, name: string, size: number): FifoStage {
  return {
    name,
    id: queue?.id ?? 0,
    frames: chain(ref(queue, 'first'), 'next', num(queue, 'count')).map(({ id }) => id),
    bytes: num(queue, 'bytes'),
    size,
  };
}

const NETIF_F_TSO = 1 << 16;
const NETIF_F_SG = 1;
const NETIF_F_CSUM = 2 | 4 | 8;
const REGISTERS = ['TDH', 'TDT', 'RDH', 'RDT', 'EICR', 'EIMS', 'ICR', 'IMS', 'ITR', 'STATUS'];
const ITR_UNIT_NS = 256;

/** What an engine does, short enough for its chip. */
const PHASES: Readonly<Record<string, string>> = {
  'fetching descriptors': 'reads ring',
  'fetching data': 'reads data',
  'waiting for the FIFO': 'FIFO is full',
  'writing data': 'writes data',
  'waiting for a descriptor': 'no descriptor',
};

function enginesOf(device: StructView, nic: StructView, tx: StructView | null, rx: StructView | null): EngineStage[] {
  const features = num(device, 'features');
  const engine = (name: string, state: string, busy: boolean): EngineStage => {
    return { name, state: PHASES[state] ?? state, busy, on: true, isSwitch: false };
  };
  const part = (name: string, on: boolean, busy: boolean): EngineStage => {
    return { name, state: on ? 'on' : 'off', busy, on, isSwitch: true };
  };
  const txPhase = text(tx, 'phase');
  const rxPhase = text(rx, 'phase');
  const packet = num(tx, 'packet_active') !== 0;
  return [
    engine('TX DMA', txPhase, txPhase !== 'idle'),
    part('SG', (features & NETIF_F_SG) !== 0, false),
    part('checksum', (features & NETIF_F_CSUM) !== 0, packet && (num(tx, 'popts') & 2) !== 0),
    part('TSO', (features & NETIF_F_TSO) !== 0, packet && num(tx, 'tse') !== 0),
    engine('RX DMA', rxPhase, rxPhase !== 'idle'),
    part('RX sum', num(nic, 'rx_checksum') !== 0, ref(rx, 'moving') !== null),
  ];
}

/** The card behind a network device. */
export function nicStage(c: HostContext, device: StructView): NicStage | null {
  const nic = cardOf(c, device);
  if (nic === null) return null;
  const tx = ref(nic, 'tx');
  const rx = ref(nic, 'rx');
  const interrupts = ref(nic, 'interrupts');
  const registers = ref(nic, 'registers');
  const changed = new Set(
    c.step === 0
      ? []
      : c.state.changes(c.step - 1, c.step).flatMap((one) => (one.object === registers?.id ? [one.field] : [])),
  );
  const throttled = num(interrupts, 'throttled_until') - c.time;
  const inEngine: { frame: number; engine: string }[] = [];
  const engaged: readonly [StructView | null, string][] = [
    [ref(tx, 'building'), 'TX DMA'],
    [ref(rx, 'moving'), 'RX DMA'],
  ];
  for (const [frame, engine] of engaged) if (frame !== null) inEngine.push({ frame: frame.id, engine });
  const kind = c.trace.kind(c.step);
  const own = c.trace.context(c.trace.ctx(c.step)).host === c.host;
  return {
    id: nic.id,
    name: text(nic, 'name'),
    linkLed: num(nic, 'led_link') !== 0,
    activityLed: num(nic, 'led_activity_until') > c.time,
    speed: text(registers, 'STATUS').match(/speed (\d+)/)?.[1] ?? '10',
    engines: enginesOf(device, nic, tx, rx),
    txFifo: fifoStage(ref(tx, 'fifo'), 'TX FIFO', num(tx, 'fifo_size')),
    rxFifo: fifoStage(ref(rx, 'fifo'), 'RX FIFO', num(rx, 'fifo_size')),
    inEngine,
    irq: {
      id: interrupts?.id ?? 0,
      line: num(interrupts, 'line') !== 0,
      causes: text(registers, 'ICR'),
      throttle: throttled > 0 ? `${span(throttled)} more` : itrText(num(registers, 'ITR')),
    },
    registers: registerRows(registers, changed),
    event: kind === 6 && own ? c.trace.label(c.step) : '',
  };
}

function itrText(itr: number): string {
  return itr === 0 ? 'no throttle' : `max ${Math.round(1e9 / (itr * ITR_UNIT_NS))}/s`;
}

function registerRows(registers: StructView | null, changed: ReadonlySet<string>): RegisterStage[] {
  return REGISTERS.filter((name) => registers?.has(name)).map((name) => ({
    name,
    value: /^(T|R)D|ITR/.test(name) ? String(num(registers, name)) : `0x${num(registers, name).toString(16)}`,
    changed: changed.has(name),
  }));
}

/** How far along the cable the first and the last bit of a frame are at `time`. */
function placeOf(frame: StructView, time: number): Pick<WireFrame, 'head' | 'tail' | 'text'> {
  const [start, end, arrival] = [num(frame, 'start'), num(frame, 'end'), num(frame, 'arrival')];
  const travel = Math.max(1, arrival - end);
  const share = (since: number): number => Math.max(0, Math.min(1, since / travel));
  const sent = Math.max(0, Math.min(1, (time - start) / Math.max(1, end - start)));
  const left = span(Math.max(0, arrival - time));
  return {
    head: share(time - start),
    tail: share(time - end),
    text: sent < 1 ? `${Math.round(sent * 100)} % sent` : `arrives in ${left}`,
  };
}

/** A frame that a fault holds back stands in the middle of the cable until later ones have passed it. */
const HELD_BACK = { head: 0.55, tail: 0.45, text: 'held back' };

/** Which cable a frame is on, and from which of its ends it comes (0: the left one). */
function cableOf(frame: StructView, way: readonly number[], cables: number): { nth: number; from: number } {
  const sender = way.indexOf(num(frame, 'from_host', -1));
  const inMiddle = sender > 0 && sender < way.length - 1;
  const nth = inMiddle ? num(frame, 'from_port') : Math.min(Math.max(sender, 0), cables - 1);
  return { nth, from: sender <= nth ? 0 : 1 };
}

function wireStage(time: number, link: StructView, sending: readonly WireFrame[], event: string): WireStage {
  const frames = ['forth', 'back'].flatMap((side, from) => {
    const direction = ref(link, side);
    const queue = (name: string): StructView[] => chain(ref(ref(direction, name), 'first'), 'next');
    return [
      ...queue('in_flight').map((frame): WireFrame => ({ id: frame.id, from, ...placeOf(frame, time) })),
      ...queue('held').map((frame): WireFrame => ({ id: frame.id, from, ...HELD_BACK })),
    ];
  });
  const up = num(link, 'up') !== 0;
  const length = span(Math.max(1, num(link, 'propagation')));
  return {
    id: link.id,
    up,
    text: up ? `${num(link, 'speed')} Mb/s, ${length} from end to end` : 'cable pulled',
    frames: [...frames, ...sending],
    here: event !== '',
    event,
  };
}

/** The cables from left to right along the way of hosts. What happens on a wire at this step stands with the cable of its frame. */
export function wiresOf({ trace, state, step }: Moment, way: readonly number[]): WireStage[] {
  const time = trace.time(step);
  const links = state.objects('link');
  const frame = trace.kind(step) === Kind.WIRE ? state.find(trace.skb(step)) : null;
  const at = frame === null ? -1 : cableOf(frame, way, links.length).nth;
  const event = wireWords(trace, step);
  // Bits leave as soon as a frame is begun; only a whole frame is the link's.
  const sending = state.objects('nic_tx').flatMap((tx) => {
    const begun = ref(tx, 'sending');
    return begun === null || begun.text('state') !== 'sending' ? [] : [begun];
  });
  return links.map((link, nth) => {
    const begun = sending.flatMap((one): WireFrame[] => {
      const cable = cableOf(one, way, links.length);
      return cable.nth === nth ? [{ id: one.id, from: cable.from, ...placeOf(one, time) }] : [];
    });
    return wireStage(time, link, begun, nth === at ? event : '');
  });
}
