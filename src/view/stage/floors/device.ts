/** The device floor: qdisc and its bypass, TX lock, taps, and what waits for softirqs. */
import type { StructView } from '../../../trace/state';
import { chain, counted, num, queued, ref, refs, text } from '../read';
import {
  functionHere,
  type HostContext,
  inCall,
  inCallHere,
  napiInHand,
  queueInHand,
  skbInHand,
  spinnersOn,
} from './context';

export interface BandStage {
  readonly name: string;
  readonly id: number;
  readonly skbs: readonly number[];
  readonly here: boolean;
}

export interface QdiscStage {
  readonly id: number;
  readonly name: string;
  readonly bands: readonly BandStage[];
  readonly running: number;
  readonly state: string;
  /** Packet the driver refused: first next time. */
  readonly requeued: number;
  readonly drops: number;
  /** Token bucket: bytes it allows now, and its depth in bytes; null: no token bucket. */
  readonly tokens: { readonly bytes: number; readonly depth: number } | null;
  readonly root: LockStage;
  readonly bypass: BypassStage;
}

export interface BypassStage {
  readonly open: boolean;
  readonly text: string;
  /** A packet takes it at this step. */
  readonly here: boolean;
}

export interface LockStage {
  readonly id: number;
  readonly name: string;
  readonly locked: boolean;
  /** `CPU 0`, `free`. */
  readonly owner: string;
  readonly waiters: readonly string[];
  readonly here: boolean;
}

export interface TapStage {
  readonly id: number;
  readonly packets: number;
  readonly skbs: readonly number[];
  readonly here: boolean;
}

export interface SoftnetStage {
  readonly id: number;
  readonly cpu: number;
  readonly polls: readonly string[];
  readonly backlog: number;
  readonly completions: number;
  readonly pending: readonly string[];
  readonly here: boolean;
}

/** One of several TX queues: how much waits in its qdisc, and who has its lock. */
export interface QueueStage {
  readonly index: number;
  readonly id: number;
  readonly skbs: readonly number[];
  readonly stopped: boolean;
  readonly lock: LockStage;
  /** It is the one that is worked on. */
  readonly chosen: boolean;
}

export interface DeviceStage {
  readonly id: number;
  readonly name: string;
  /** Why its TX queue may not be sent from, in words; empty: it may. */
  readonly stopped: string;
  readonly qdisc: QdiscStage | null;
  readonly lock: LockStage | null;
  /** All TX queues where there are several, with the name of the root qdisc above them; else none. */
  readonly queues: readonly QueueStage[];
  readonly root: string;
  readonly taps: readonly TapStage[];
  readonly tapHere: boolean;
  readonly softnets: readonly SoftnetStage[];
  /** EtherType -> handler, with the packet's under way. */
  readonly handlers: readonly {
    readonly type: string;
    readonly func: string;
    readonly followed: boolean;
    readonly here: boolean;
    readonly id: number;
  }[];
  readonly gro: {
    readonly id: number;
    readonly count: number;
    readonly skbs: readonly number[];
    readonly here: boolean;
  } | null;
}

const SOFTIRQS = ['HI', 'TIMER', 'NET_TX', 'NET_RX'];
const ETH_P_ALL = 3;
const QUEUED_SHOWN = 256;

function lockStage(c: HostContext, lock: StructView | null, name: string, here: boolean): LockStage {
  const owner = num(lock, 'owner', -1);
  const locked = num(lock, 'state') !== 0 || owner >= 0;
  return {
    id: lock?.id ?? 0,
    name,
    locked,
    owner: locked ? `CPU ${owner}` : 'free',
    waiters: lock === null ? [] : spinnersOn(c, lock.id),
    here:
      here ||
      (lock !== null && c.trace.kind(c.step) >= 4 && c.trace.kind(c.step) <= 5 && c.trace.skb(c.step) === lock.id),
  };
}

/** Rows of a qdisc that has many queues, such as sfq: those with the most packets. */
const MOST_FLOWS = 3;

/** A queue of a qdisc: its name, the object it is, and its packets. */
interface Lane {
  readonly name: string;
  readonly id: number;
  readonly skbs: readonly StructView[];
}

/** The queues inside a qdisc: bands, flows, those of the qdisc it holds its packets in, or its one queue. */
function lanesOf(qdisc: StructView): Lane[] {
  const lane = (name: string, head: StructView | null): Lane => {
    return { name, id: head?.id ?? 0, skbs: queued(head, QUEUED_SHOWN) };
  };
  const inner = ref(ref(qdisc, 'tbf') ?? ref(qdisc, 'netem'), 'qdisc');
  if (inner !== null) return lanesOf(inner);
  const bands = refs(qdisc, 'band');
  if (bands.length > 0) return bands.map((head, nth) => lane(`band ${nth}`, head));
  const prio = ref(qdisc, 'prio');
  if (prio !== null)
    return refs(prio, 'queues')
      .slice(0, num(prio, 'bands'))
      .map((child, nth) => ({ name: `band ${nth}`, id: child.id, skbs: lanesOf(child).flatMap(({ skbs }) => skbs) }));
  const sfq = ref(qdisc, 'sfq');
  if (sfq !== null)
    return refs(sfq, 'slots')
      .map((slot, nth) => ({ nth, slot, length: num(slot, 'qlen') }))
      .sort((a, b) => b.length - a.length || a.nth - b.nth)
      .slice(0, MOST_FLOWS)
      .map(({ nth, slot }) => ({ ...lane(`flow ${nth}`, ref(slot, 'skblist')), id: slot.id }));
  return [lane('queue', ref(qdisc, 'q'))];
}

function bandsOf(c: HostContext, qdisc: StructView): BandStage[] {
  const fn = functionHere(c);
  const here = fn !== null && /_(enqueue|dequeue)$|^__qdisc_(enqueue|dequeue)/.test(fn);
  return lanesOf(qdisc).map(({ name, id, skbs }) => ({
    name,
    id,
    skbs: skbs.map((skb) => skb.id),
    here: here && skbs.length > 0,
  }));
}

function bypassOf(c: HostContext, qdisc: StructView, length: number): BypassStage {
  const may = text(qdisc, 'flags').includes('CAN_BYPASS');
  const running = text(qdisc, '__state').includes('RUNNING');
  const names = c.hand?.frames.map(({ frame }) => frame.fact.name) ?? [];
  const at = names.lastIndexOf('sch_direct_xmit');
  const taken = at > 0 && names[at - 1] === '__dev_xmit_skb';
  const why = !may
    ? 'shut: not allowed'
    : length > 0
      ? `shut: ${counted(length, 'packet')} queued`
      : running
        ? 'shut: qdisc runs'
        : 'open: empty, idle';
  return {
    open: taken || (may && !running && length === 0),
    text: taken ? 'taken: past the queue' : why,
    here: taken && c.hand?.current === true && at === names.length - 1,
  };
}

/** What tbf would find if it counted now: the tokens it noted and the time since, both as time to send. */
function tokensOf(c: HostContext, tbf: StructView | null): QdiscStage['tokens'] {
  if (tbf === null) return null;
  const bytesPerNs = num(tbf, 'rate') / 1e9;
  const depth = num(tbf, 'buffer');
  const now = Math.min(depth, num(tbf, 'tokens') + Math.max(0, c.time - num(tbf, 't_c')));
  return { bytes: now * bytesPerNs, depth: depth * bytesPerNs };
}

function qdiscStage(c: HostContext, qdisc: StructView | null, which: string): QdiscStage | null {
  if (qdisc === null) return null;
  const length = num(ref(qdisc, 'q'), 'qlen');
  const state = text(qdisc, '__state');
  const running = state.includes('RUNNING');
  const cpu = num(qdisc, 'running_cpu', -1);
  return {
    id: qdisc.id,
    name: qdiscName(qdisc) + which,
    bands: bandsOf(c, qdisc),
    running: running ? cpu : -1,
    state:
      state.includes('SCHED') && !running
        ? 'scheduled'
        : running
          ? `run by CPU ${cpu}`
          : text(qdisc, 'flags').includes('THROTTLED')
            ? 'waits for tokens'
            : 'idle',
    requeued: ref(qdisc, 'gso_skb')?.id ?? 0,
    drops: num(qdisc, 'drops'),
    tokens: tokensOf(c, ref(qdisc, 'tbf')),
    root: lockStage(c, ref(qdisc, 'root_lock'), 'root lock', false),
    bypass: bypassOf(c, qdisc, length),
  };
}

function queuesOf(c: HostContext, device: StructView, chosen: number): QueueStage[] {
  return refs(device, '_tx')
    .slice(0, num(device, 'real_num_tx_queues', 1))
    .map((queue, index) => {
      const qdisc = ref(queue, 'qdisc');
      return {
        index,
        id: qdisc?.id ?? queue.id,
        skbs: qdisc === null ? [] : bandsOf(c, qdisc).flatMap(({ skbs }) => skbs),
        stopped: isStopped(queue),
        lock: lockStage(c, ref(queue, '_xmit_lock'), `TX lock ${index}`, false),
        chosen: index === chosen,
      };
    });
}

/** Each name once, with how often it was there: a card of several vectors has a napi_struct for each. */
function numbered(names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => {
    const times = names.filter((other) => other === name).length;
    return times === 1 ? name : `${name} ×${times}`;
  });
}

function isStopped(queue: StructView | null): boolean {
  return /XOFF|FROZEN/.test(text(queue, 'state'));
}

/** What is named after a table of operations: `pfifo_fast_ops`, `mq_qdisc_ops`. */
const qdiscName = (qdisc: StructView | null): string =>
  (qdisc?.tableName('ops') ?? 'qdisc').replace(/_qdisc_ops$|_ops$/, '');

function tapsOf(c: HostContext): TapStage[] {
  const fn = functionHere(c);
  return c.state.objects('packet_handlers', c.host).flatMap((handlers) =>
    refs(handlers, 'ptype_all').map((tap) => {
      const queue = ref(ref(tap, 'af_packet_priv'), 'sk_receive_queue');
      return {
        id: tap.id,
        packets: num(queue, 'qlen'),
        skbs: queued(queue, QUEUED_SHOWN).map(({ id }) => id),
        here: fn === 'packet_rcv' || fn === 'tpacket_rcv',
      };
    }),
  );
}

function softnetsOf(c: HostContext): SoftnetStage[] {
  const stats = c.state.objects('irq_cpustat_t', c.host);
  return c.state.objects('softnet_data', c.host).map((softnet, nth) => {
    const pending = num(stats[nth] ?? null, '__softirq_pending');
    return {
      id: softnet.id,
      cpu: num(softnet, 'cpu', nth),
      polls: numbered(refs(softnet, 'poll_list').map((napi) => text(ref(napi, 'dev'), 'name') || 'backlog')),
      backlog: num(ref(softnet, 'input_pkt_queue'), 'qlen') + num(ref(softnet, 'process_queue'), 'qlen'),
      completions: chain(ref(softnet, 'completion_queue'), 'next').length,
      pending: SOFTIRQS.filter((_, bit) => pending & (1 << bit)),
      here:
        inCallHere(c, '__napi_schedule', '____napi_schedule', 'napi_schedule', 'net_rx_action') &&
        c.hand?.context.cpu === num(softnet, 'cpu', nth) &&
        (c.hand?.frames.length ?? 0) <= 4,
    };
  });
}

function handlersOf(c: HostContext): DeviceStage['handlers'] {
  const through = (func: string): { followed: boolean; here: boolean } => {
    const frames = c.hand?.frames ?? [];
    const depth = frames.findLastIndex(({ frame }) => frame.fact.name === func && frame.via?.table === 'packet_type');
    return { followed: depth >= 0, here: depth >= 0 && c.hand?.current === true && depth === frames.length - 1 };
  };
  return c.state.objects('packet_handlers', c.host).flatMap((handlers) =>
    refs(handlers, 'ptype_base')
      .filter((one) => num(one, 'type') !== ETH_P_ALL)
      .map((one) => {
        const func = one.fnName('func') ?? '';
        return { type: `0x${num(one, 'type').toString(16).padStart(4, '0')}`, func, ...through(func), id: one.id };
      }),
  );
}

export function deviceStage(c: HostContext): DeviceStage | null {
  const { device } = c;
  if (device === null) return null;
  const several = num(device, 'real_num_tx_queues', 1) > 1;
  const index = queueInHand(c);
  const queue = refs(device, '_tx')[index] ?? null;
  const state = text(queue, 'state');
  const napi = napiInHand(c, device);
  return {
    id: device.id,
    name: text(device, 'name'),
    stopped: state.includes('XOFF')
      ? 'TX queue stopped by the driver'
      : state.includes('FROZEN')
        ? 'TX queue frozen by netif_tx_lock'
        : '',
    queues: several ? queuesOf(c, device, index) : [],
    root: qdiscName(ref(device, 'qdisc')),
    qdisc: qdiscStage(c, ref(queue, 'qdisc'), several ? ` of queue ${index}` : ''),
    lock:
      queue === null ? null : lockStage(c, ref(queue, '_xmit_lock'), several ? `TX lock ${index}` : 'TX lock', false),
    taps: tapsOf(c),
    tapHere: inCallHere(c, 'dev_queue_xmit_nit', 'packet_rcv', 'tpacket_rcv', 'deliver_skb') && !inCall(c, 'ip_rcv'),
    softnets: softnetsOf(c),
    handlers: handlersOf(c),
    gro:
      napi === null
        ? null
        : {
            id: napi.id,
            count: num(napi, 'gro_count'),
            skbs: chain(ref(napi, 'gro_list'), 'next').map(({ id }) => id),
            here:
              inCallHere(c, 'dev_gro_receive', 'napi_gro_receive', 'napi_gro_flush') && skbInHand(c, 'device') !== null,
          },
  };
}
