/**
 * Why a packet is where it is: answered from the checks that ran, with the numbers they compared. Each sentence names the step it is read from.
 */
import { seqDiff } from '../base/seq';
import { Kind } from '../trace/recorder';
import type { State, StructView } from '../trace/state';
import type { Trace, Value } from '../trace/trace';
import { fateOf, stateAt } from './fates';

export interface Reason {
  readonly text: string;
  /** Step at which it was decided. */
  readonly step: number;
}

const number = (value: number): string => value.toLocaleString('en');
const plural = (n: number, one: string): string => `${number(n)} ${one}${n === 1 ? '' : 's'}`;

/** Checks that let an skb through or hold it, and the sentence each gives. `passed` is what it returned, as a yes or no. */
const CHECKS: Readonly<
  Record<string, (socket: StructView, skb: StructView, passed: boolean, result: number) => string>
> = {
  tcp_cwnd_test(socket, _skb, passed, result) {
    const flight =
      socket.num('packets_out') - socket.num('sacked_out') - socket.num('lost_out') + socket.num('retrans_out');
    const base = `${plural(flight, 'segment')} in flight, snd_cwnd is ${number(socket.num('snd_cwnd'))}`;
    return passed
      ? `${base}: ${number(result)} more may go.`
      : `${base}: the congestion window is full, it waits for an ACK.`;
  },
  tcp_snd_wnd_test(socket, skb, passed) {
    const origin = socket.num('snd_una');
    const edge = socket.num('snd_wnd');
    const cb = skb.ref('cb');
    // Only the first segment of a longer skb has to fit.
    const first = Math.min(skb.num('len'), socket.num('mss_cache'));
    const end = cb === null ? 0 : seqDiff(cb.num('seq'), origin) + first;
    const base = `it ends ${number(end)} bytes beyond snd_una, the peer's window reaches ${number(edge)} bytes beyond it`;
    return passed ? `Its first segment fits: ${base}.` : `It does not fit the peer's window: ${base}.`;
  },
  tcp_nagle_test(socket, skb, passed) {
    const size = `${number(skb.num('len'))} of ${number(socket.num('mss_cache'))} bytes`;
    return passed
      ? `Nagle lets it go (${size} of a full segment).`
      : `Nagle holds it: ${size} of a full segment, and small data is not yet acknowledged.`;
  },
  tcp_tso_should_defer(socket, skb, deferred) {
    return deferred
      ? `TSO deferral holds it: ${number(skb.num('len'))} bytes are ready, a larger packet may go after the next ACK (cwnd ${number(socket.num('snd_cwnd'))}).`
      : 'TSO deferral lets it go.';
  },
};

const DEFERS = 'tcp_tso_should_defer';

function asNumber(value: Value | undefined): number {
  return typeof value?.value === 'number' ? value.value : value?.value === true ? 1 : 0;
}

/** The last answers of the gates for an skb of the send queue, up to a step: those of the last time it stood before them. */
function gateReasons(trace: Trace, skb: number, step: number): Reason[] {
  const reasons: Reason[] = [];
  const ids = new Map(
    trace.data.schema.functions.filter(({ name }) => name in CHECKS).map((fact) => [fact.id, fact.name]),
  );
  const seen = new Set<string>();
  for (let n = step; n >= 0 && seen.size < ids.size; n--) {
    if (trace.kind(n) !== Kind.LEAVE || trace.skb(n) !== skb) continue;
    const name = ids.get(trace.fn(n));
    if (name === undefined) continue;
    if (seen.has(name)) break;
    seen.add(name);
    const values = trace.variablesAt(n);
    const result = asNumber(values.find(({ isReturn }) => isReturn));
    const socketId = asNumber(values.find((value) => value.name === 'tp' || value.name === 'sk'));
    const state = stateAt(trace, n);
    const socket = state.find(socketId);
    const view = state.find(skb);
    const say = CHECKS[name];
    if (socket === null || view === null || say === undefined) continue;
    reasons.push({ text: say(socket, view, result !== 0, result), step: n });
    const stopped = name === DEFERS ? result !== 0 : result === 0;
    if (stopped) break;
  }
  return reasons.reverse();
}

function endReason(trace: Trace, skb: number, step: number): Reason[] {
  const fate = fateOf(trace, skb, step);
  if (fate === null) return [];
  return [{ text: `${fate.dropped ? `Dropped, ${fate.word}` : 'It is gone'}: ${fate.text}.`, step: fate.step }];
}

/** Why a packet went into its qdisc and not past it: what __dev_xmit_skb found. */
function bypassReason(trace: Trace, skb: number, step: number): Reason[] {
  const by = trace.data.schema.functions.find(({ name }) => name === '__dev_xmit_skb')?.id ?? -1;
  for (let n = step; n >= 0; n--) {
    if (trace.kind(n) !== Kind.ENTER || trace.fn(n) !== by || trace.skb(n) !== skb) continue;
    const qdisc = stateAt(trace, n).find(asNumber(trace.variablesAt(n).find(({ name }) => name === 'q')));
    if (qdisc === null) return [];
    const kind = (qdisc.tableName('ops') ?? 'the qdisc').replace(/_(qdisc_)?ops$/, '');
    const length = qdisc.ref('q')?.num('qlen') ?? 0;
    const text = !qdisc.text('flags').includes('CAN_BYPASS')
      ? `${kind} has to see every packet`
      : length > 0
        ? `${plural(length, 'packet')} ${length === 1 ? 'was' : 'were'} in it already`
        : qdisc.text('__state').includes('RUNNING')
          ? `CPU ${qdisc.num('running_cpu')} was sending from it`
          : 'another CPU took it at that moment';
    return [{ text: `The bypass was refused: ${text}.`, step: n }];
  }
  return [];
}

/** Where a live skb is, in words. */
function placeReason(trace: Trace, state: State, view: StructView, step: number): Reason[] {
  const list = view.ref('list');
  const owner = list?.parent ?? null;
  if (list !== null && owner !== null) {
    const field =
      owner.schema.fields.find((entry) => entry.kind === 'embed' && owner.num(entry.name) === list.id)?.name ?? '';
    if (field === 'sk_write_queue' && owner.is('tcp_sock')) return writeQueueReason(trace, view, owner, step);
    if (field === 'sk_receive_queue' && owner.is('tcp_sock')) {
      const cb = view.ref('cb');
      const left = cb === null ? 0 : seqDiff(cb.num('end_seq'), owner.num('copied_seq'));
      return [
        { text: `It is in the receive queue: ${plural(left, 'byte')} up to its end are still to be read.`, step },
      ];
    }
    if (field === 'sk_receive_queue' && !owner.is('packet_sock'))
      return [{ text: `It is in the receive queue: ${plural(list.num('qlen'), 'datagram')} wait for a reader.`, step }];
    if (field === 'sk_write_queue' && !owner.is('tcp_sock'))
      return [{ text: 'It is part of a datagram that is still being put together: more is to come.', step }];
    if (field === 'sk_receive_queue')
      return [{ text: 'It is captured: the packet socket keeps it for whoever reads the capture.', step }];
    if (field === 'out_of_order_queue') return [{ text: 'It came out of order: bytes before it are missing.', step }];
    if (field === 'prequeue')
      return [{ text: 'It is on the prequeue: the reader has been woken and will process it itself.', step }];
    if (owner.is('Qdisc') || owner.is('sfq_slot') || field === 'q')
      return [
        { text: `It waits in the qdisc with ${plural(list.num('qlen'), 'packet')}.`, step },
        ...bypassReason(trace, view.id, step),
      ];
    return [{ text: `It is on ${owner.type}.${field}.`, step }];
  }
  for (const qdisc of list === null ? [] : state.objects('Qdisc')) {
    const band = qdisc.refs('band').findIndex(({ id }) => id === list?.id);
    if (band < 0) continue;
    const waiting = plural(list?.num('qlen') ?? 0, 'packet');
    return [
      { text: `It waits in band ${band} of the qdisc with ${waiting}.`, step },
      ...bypassReason(trace, view.id, step),
    ];
  }
  for (const qdisc of state.objects('Qdisc')) {
    if (qdisc.num('gso_skb') === view.id)
      return [{ text: 'The driver had no room for it: the qdisc keeps it, and it goes first.', step }];
  }
  for (const socket of state.objects('tcp_sock')) {
    for (
      let at = socket.ref('sk_backlog')?.ref('head') ?? null, n = 0;
      at !== null && n < 4096;
      at = at.ref('next'), n++
    ) {
      if (at.id === view.id)
        return [{ text: 'It is on the backlog: a task owns the socket and will process it when it lets go.', step }];
    }
  }
  for (const info of ['e1000_buffer', 'igb_buffer'].flatMap((type) => state.objects(type))) {
    if (info.has('skb') && info.num('skb') === view.id)
      return [{ text: 'It is in a descriptor ring: the card has its buffers until the descriptor is done.', step }];
  }
  return [];
}

function writeQueueReason(trace: Trace, view: StructView, socket: StructView, step: number): Reason[] {
  const cb = view.ref('cb');
  const sent = cb !== null && seqDiff(cb.num('seq'), socket.num('snd_nxt')) < 0;
  if (sent) {
    const left = cb === null ? 0 : seqDiff(cb.num('end_seq'), socket.num('snd_una'));
    return [
      { text: `It is sent and kept until acknowledged: ${plural(left, 'byte')} up to its end are not yet.`, step },
      ...gateReasons(trace, view.id, step),
    ];
  }
  const gates = gateReasons(trace, view.id, step);
  return gates.length > 0 ? gates : [{ text: 'It is on the send queue; no gate has looked at it yet.', step }];
}

/** Why it has the size it has, from the state when it was filled. */
function sizeReason(view: StructView, step: number): Reason[] {
  const socket = view.ref('sk') ?? view.ref('list')?.parent ?? null;
  const info = view.ref('shared_info');
  if (socket === null || !socket.is('tcp_sock') || view.num('len') === 0) return [];
  const mss = socket.num('mss_cache');
  const segs = info?.num('gso_segs') ?? 0;
  if (segs > 1)
    return [
      {
        text: `Its ${number(view.num('len'))} bytes stand for ${number(segs)} segments of at most ${number(mss)}: they are cut below.`,
        step,
      },
    ];
  return [];
}

/** All there is to say about an skb at a step. */
export function whyHere(trace: Trace, state: State, skb: number, step: number): Reason[] {
  const view = state.find(skb);
  if (view === null || !view.is('sk_buff')) return [];
  const ends = trace.functionAt(step)?.name === 'kfree_skbmem' && trace.skb(step) === skb;
  if (ends || !view.live) return endReason(trace, skb, step);
  return [...placeReason(trace, state, view, step), ...sizeReason(view, step)];
}
