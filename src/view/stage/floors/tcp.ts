/** The TCP floor: send queue and receive side in sequence space, gates with their numbers, timers, memory. */
import type { StructView } from '../../../trace/state';
import { extentOf } from '../history';
import { chain, counted, grouped, num, queued, ref, seqMinus, span, text } from '../read';
import { functionHere, type HostContext, inCallHere, skbInHand } from './context';

/** An skb in sequence space, as bytes from the start of its ribbon's axis. */
export interface Segment {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly state: 'flight' | 'waiting' | 'acked' | 'sacked' | 'lost' | 'queued' | 'beyond';
  readonly retransmitted: boolean;
  readonly cloned: boolean;
  readonly gsoSegs: number;
  /** Payload of each segment of a GSO skb. */
  readonly mss: number;
  readonly inHand: boolean;
}

export interface Mark {
  readonly name: string;
  /** Bytes from the start of the axis. */
  readonly at: number;
}

export interface Bracket {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly shut: boolean;
}

/** A direction of the stream as a ribbon. Positions are bytes from `first`; byte 0 is shown as 1. */
export interface Ribbon {
  readonly first: number;
  readonly domain: readonly [number, number];
  readonly segments: readonly Segment[];
  readonly marks: readonly Mark[];
  readonly brackets: readonly Bracket[];
  readonly sentence: string;
}

export interface Gate {
  readonly name: 'cwnd' | 'window' | 'Nagle' | 'TSO defer';
  readonly verdict: 'open' | 'shut' | 'none';
  readonly numbers: string;
  readonly sentence: string;
  /** Its test runs at this step. */
  readonly here: boolean;
}

export interface Dial {
  readonly id: number;
  readonly name: string;
  readonly running: boolean;
  /** Part of its time that is left, 0 to 1. */
  readonly left: number;
  readonly text: string;
  readonly here: boolean;
}

export interface Bin {
  readonly name: string;
  readonly id: number;
  readonly skbs: readonly number[];
  readonly here: boolean;
}

export interface Gauge {
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

export interface TcpStage {
  readonly id: number;
  readonly state: string;
  readonly ends: string;
  readonly send: Ribbon;
  readonly gates: readonly Gate[];
  /** The sentence of the gate in action, or of what holds the next segment. */
  readonly verdict: string;
  readonly dials: readonly Dial[];
  readonly receive: Ribbon;
  readonly bins: readonly Bin[];
  readonly gauges: readonly Gauge[];
  readonly congestion: Congestion;
}

/** The congestion state machine and its scoreboard, segments. */
export interface Congestion {
  readonly state: string;
  /** Null: without limit. */
  readonly ssthresh: number | null;
  readonly lost: number;
  readonly sacked: number;
  /** Sent again and not yet acknowledged. */
  readonly again: number;
  readonly here: boolean;
  readonly sentence: string;
}

const SACKED_ACKED = 1;
const SACKED_RETRANS = 2;
const LOST = 4;
const EVER_RETRANS = 0x80;

/** A stream of at most this many segments is shown whole, so that its axis does not move. */
const WHOLE_STREAM = 64;

export function inFlight(sk: StructView): number {
  return num(sk, 'packets_out') - num(sk, 'sacked_out') - num(sk, 'lost_out') + num(sk, 'retrans_out');
}

function domainOf(start: number, end: number, length: number, mss: number): [number, number] {
  const whole = Math.max(length, mss);
  if (whole <= WHOLE_STREAM * mss) return [0, whole];
  const wanted = Math.max(end - start, 8 * mss);
  let size = 8 * mss;
  while (size < wanted) size *= 2;
  const step = size / 4;
  const from = Math.max(0, Math.floor(start / step) * step);
  return [from, Math.max(from + size, end)];
}

function segmentOf(c: HostContext, skb: StructView, first: number, state: Segment['state'], inHand: number): Segment {
  const cb = ref(skb, 'cb');
  const shared = ref(skb, 'shared_info');
  const from = seqMinus(num(cb, 'seq'), first);
  const sacked = num(cb, 'sacked');
  const sending = state === 'flight';
  return {
    id: skb.id,
    from,
    to: Math.max(from, seqMinus(num(cb, 'end_seq'), first)),
    state: sending && sacked & SACKED_ACKED ? 'sacked' : sending && sacked & LOST ? 'lost' : state,
    retransmitted: (sacked & (SACKED_RETRANS | EVER_RETRANS)) !== 0 && sending,
    cloned: num(skb, 'cloned') !== 0,
    gsoSegs: num(shared, 'gso_size') > 0 ? num(shared, 'gso_segs') : 0,
    mss: num(shared, 'gso_size'),
    inHand: skb.id === inHand && c.hand?.current === true,
  };
}

function sendRibbon(c: HostContext, sk: StructView): Ribbon {
  const extent = extentOf(c.trace, sk.id, 'send');
  const { first } = extent;
  const at = (field: string): number => seqMinus(num(sk, field), first);
  const mss = num(sk, 'mss_cache', 1460) || 1460;
  const cwnd = num(sk, 'snd_cwnd');
  const head = ref(sk, 'sk_send_head');
  const inHand = skbInHand(c)?.id ?? 0;
  let sent = head !== null;
  const skbs = queued(ref(sk, 'sk_write_queue'));
  if (head === null) sent = true;
  const segments = skbs.map((skb) => {
    if (skb.id === head?.id) sent = false;
    return segmentOf(c, skb, first, sent ? 'flight' : 'waiting', inHand);
  });
  const una = at('snd_una');
  const acked: Segment[] =
    una > 0
      ? [
          {
            id: 0,
            from: 0,
            to: una,
            state: 'acked',
            retransmitted: false,
            cloned: false,
            gsoSegs: 0,
            mss: 0,
            inHand: false,
          },
        ]
      : [];
  const windowEnd = una + num(sk, 'snd_wnd');
  const cwndEnd = una + cwnd * mss;
  const waiting = segments.filter((one) => one.state === 'waiting').length;
  const flying = at('snd_nxt') - una;
  const parts = [
    segments.length === 0 ? 'nothing queued' : counted(segments.length, 'skb'),
    flying > 0 ? `${grouped(flying)} bytes in flight` : '',
    waiting > 0 ? `${waiting} not yet sent` : '',
  ];
  return {
    first,
    domain: domainOf(una, Math.max(at('write_seq'), at('snd_nxt')), extent.length, mss),
    segments: [...acked, ...segments],
    marks: [
      { name: 'snd_una', at: una },
      { name: 'snd_nxt', at: at('snd_nxt') },
      { name: 'write_seq', at: at('write_seq') },
    ],
    brackets: [
      {
        name: 'cwnd',
        from: una,
        to: cwndEnd,
        text: `${grouped(cwnd)} × ${grouped(mss)}`,
        shut: cwnd <= inFlight(sk),
      },
      {
        name: 'window',
        from: una,
        to: windowEnd,
        text: `to ${grouped(windowEnd + 1)}`,
        shut: head !== null && nextEnd(head, first, mss) > windowEnd,
      },
    ],
    sentence: parts.filter((part) => part !== '').join(', '),
  };
}

/** End of what would be sent next: of the skb, or of its first segment when it is larger than one. */
function nextEnd(head: StructView, first: number, mss: number): number {
  const cb = ref(head, 'cb');
  const from = seqMinus(num(cb, 'seq'), first);
  const to = seqMinus(num(cb, 'end_seq'), first);
  return num(head, 'len') > mss ? from + mss : to;
}

const NAGLE_OFF = 1;
const NAGLE_CORK = 2;
const NAGLE_PUSH = 4;

function gatesOf(c: HostContext, sk: StructView, send: Ribbon): Gate[] {
  const head = ref(sk, 'sk_send_head');
  const mss = num(sk, 'mss_cache', 1460) || 1460;
  const here = c.hand?.current === true ? c.hand.frames.map(({ frame }) => frame.fact.name) : [];
  const runs = (...names: string[]): boolean => names.some((name) => here.includes(name));
  return [
    cwndGate(sk, head, runs('tcp_cwnd_test')),
    windowGate(sk, head, send, mss, runs('tcp_snd_wnd_test')),
    nagleGate(sk, head, mss, runs('tcp_nagle_test', 'tcp_nagle_check')),
    deferGate(sk, head, mss, runs('tcp_tso_should_defer')),
  ];
}

function cwndGate(sk: StructView, head: StructView | null, here: boolean): Gate {
  const flight = inFlight(sk);
  const cwnd = num(sk, 'snd_cwnd');
  const left = Math.max(0, cwnd - flight);
  const open = left > 0;
  return {
    name: 'cwnd',
    verdict: head === null && !here ? 'none' : open ? 'open' : 'shut',
    numbers: `${grouped(flight)} of ${grouped(cwnd)}`,
    sentence: open
      ? `${counted(flight, 'segment')} in flight, cwnd is ${grouped(cwnd)}: ${grouped(left)} more may go.`
      : `${counted(flight, 'segment')} in flight, cwnd is ${grouped(cwnd)}: nothing more may go until an ACK.`,
    here,
  };
}

function windowGate(sk: StructView, head: StructView | null, send: Ribbon, mss: number, here: boolean): Gate {
  const edge = seqMinus(num(sk, 'snd_una'), send.first) + num(sk, 'snd_wnd');
  if (head === null) {
    return {
      name: 'window',
      verdict: 'none',
      numbers: `to ${grouped(edge + 1)}`,
      sentence: `The peer takes bytes up to ${grouped(edge + 1)}.`,
      here,
    };
  }
  const end = nextEnd(head, send.first, mss);
  const open = end <= edge;
  return {
    name: 'window',
    verdict: open ? 'open' : 'shut',
    numbers: `${grouped(end + 1)} ${open ? '≤' : '>'} ${grouped(edge + 1)}`,
    sentence: open
      ? `It ends at ${grouped(end + 1)}, the peer's window reaches to ${grouped(edge + 1)}: it fits.`
      : `It would end at ${grouped(end + 1)}, the peer's window reaches only to ${grouped(edge + 1)}: it waits.`,
    here,
  };
}

function nagleGate(sk: StructView, head: StructView | null, mss: number, here: boolean): Gate {
  const nonagle = num(sk, 'nonagle');
  const len = num(head, 'len');
  const out = num(sk, 'packets_out');
  const gate = (verdict: Gate['verdict'], numbers: string, sentence: string): Gate => {
    return { name: 'Nagle', verdict, numbers, sentence, here };
  };
  if (head === null) return gate('none', nonagle & NAGLE_OFF ? 'off' : 'on', 'Nagle has nothing to decide.');
  if (len >= mss)
    return gate('open', 'full segment', `${grouped(len)} bytes fill a segment: Nagle has nothing against it.`);
  if (nonagle & NAGLE_CORK)
    return gate('shut', 'corked', 'The socket is corked: what is shorter than a segment waits.');
  if (nonagle & (NAGLE_OFF | NAGLE_PUSH)) return gate('open', 'off', 'Nagle is off here: a short segment may go.');
  const small = seqMinus(num(sk, 'snd_sml'), num(sk, 'snd_una')) > 0;
  if (out > 0 && small)
    return gate(
      'shut',
      `${grouped(len)} < ${grouped(mss)}`,
      `${grouped(len)} bytes are less than a segment, and a short one is unacked: it waits.`,
    );
  return gate(
    'open',
    `${grouped(len)}, none out`,
    `${grouped(len)} bytes are less than a segment, but no short one is unacked: it may go.`,
  );
}

function deferGate(sk: StructView, head: StructView | null, mss: number, here: boolean): Gate {
  const deferred = num(sk, 'tso_deferred') !== 0;
  const large = head !== null && num(head, 'len') > mss;
  return {
    name: 'TSO defer',
    verdict: deferred ? 'shut' : large ? 'open' : 'none',
    numbers: deferred ? 'put off' : large ? 'not put off' : 'one segment',
    sentence: deferred
      ? 'Put off, so that one larger packet can go a little later.'
      : large
        ? 'The skb stands for several segments and was not put off.'
        : 'Only packets of several segments are ever put off.',
    here,
  };
}

function verdictOf(gates: readonly Gate[], waiting: boolean): string {
  const here = gates.find((gate) => gate.here);
  if (here !== undefined) return here.sentence;
  if (!waiting) return 'Nothing waits to be sent.';
  return (gates.find((gate) => gate.verdict === 'shut') ?? gates[0])?.sentence ?? '';
}

const TCP_LISTEN = 10;
const JIFFY_NS = 1e6;
const INITIAL_JIFFIES = 300_000;

function dial(c: HostContext, timer: StructView | null, name: string, full: number, idle: string): Dial {
  const running = num(timer, 'pending') !== 0;
  const due = (num(timer, 'expires') - INITIAL_JIFFIES) * JIFFY_NS - c.time;
  return {
    id: timer?.id ?? 0,
    name,
    running,
    left: running && full > 0 ? Math.max(0, Math.min(1, due / (full * JIFFY_NS))) : 0,
    text: running ? `in ${span(Math.max(0, due))}` : idle,
    here: false,
  };
}

function dialsOf(c: HostContext, sk: StructView): Dial[] {
  const ack = ref(sk, 'icsk_ack');
  const rto = num(sk, 'icsk_rto');
  const probing = text(sk, 'icsk_pending') === 'ICSK_TIME_PROBE0';
  const quick = num(ack, 'quick');
  const retransmit = dial(
    c,
    ref(sk, 'icsk_retransmit_timer'),
    probing ? 'window probe' : 'retransmit',
    rto << num(sk, 'icsk_backoff'),
    `off, RTO ${rto} ms`,
  );
  const delack = dial(
    c,
    ref(sk, 'icsk_delack_timer'),
    'delayed ACK',
    Math.max(40, num(ack, 'ato')),
    num(ack, 'pending') & 1 ? 'ACK due' : quick > 0 ? `off, quick ${quick}` : 'off',
  );
  return [
    {
      ...retransmit,
      here: inCallHere(c, 'tcp_rearm_rto', 'inet_csk_reset_xmit_timer', 'tcp_write_timer', 'tcp_retransmit_timer'),
    },
    {
      ...delack,
      here: inCallHere(c, '__tcp_ack_snd_check', 'tcp_ack_snd_check', 'tcp_send_delayed_ack', 'tcp_delack_timer'),
    },
  ];
}

function receiveRibbon(c: HostContext, sk: StructView): Ribbon {
  const extent = extentOf(c.trace, sk.id, 'receive');
  const { first } = extent;
  const at = (field: string): number => seqMinus(num(sk, field), first);
  const mss = num(ref(sk, 'icsk_ack'), 'rcv_mss', 536) || 536;
  const inHand = skbInHand(c)?.id ?? 0;
  const inOrder = queued(ref(sk, 'sk_receive_queue'));
  const beyond = queued(ref(sk, 'out_of_order_queue'));
  const copied = at('copied_seq');
  const taken: Segment[] =
    copied > 0
      ? [
          {
            id: 0,
            from: 0,
            to: copied,
            state: 'acked',
            retransmitted: false,
            cloned: false,
            gsoSegs: 0,
            mss: 0,
            inHand: false,
          },
        ]
      : [];
  const unread = at('rcv_nxt') - copied;
  const windowFrom = at('rcv_wup');
  const windowTo = windowFrom + num(sk, 'rcv_wnd');
  const axisMss = Math.max(mss, 1460);
  return {
    first,
    domain: domainOf(copied, at('rcv_nxt'), extent.length, axisMss),
    segments: [
      ...taken,
      ...inOrder.map((skb) => segmentOf(c, skb, first, 'queued', inHand)),
      ...beyond.map((skb) => segmentOf(c, skb, first, 'beyond', inHand)),
    ],
    marks: [
      { name: 'copied_seq', at: copied },
      { name: 'rcv_nxt', at: at('rcv_nxt') },
    ],
    brackets: [
      {
        name: 'offered',
        from: windowFrom,
        to: windowTo,
        text: `to ${grouped(windowTo + 1)}`,
        shut: windowTo <= at('rcv_nxt'),
      },
    ],
    sentence: [
      inOrder.length === 0
        ? 'nothing to read'
        : `${counted(inOrder.length, 'skb')}, ${grouped(Math.max(0, unread))} bytes to read`,
      beyond.length > 0 ? `${beyond.length} beyond a hole` : '',
    ]
      .filter((part) => part !== '')
      .join(', '),
  };
}

function binsOf(c: HostContext, sk: StructView): Bin[] {
  const fn = functionHere(c);
  const backlog = ref(sk, 'sk_backlog');
  const prequeue = ref(ref(sk, 'ucopy'), 'prequeue');
  const bin = (name: string, head: StructView | null, skbs: StructView[], ...fns: string[]): Bin => {
    return { name, id: head?.id ?? sk.id, skbs: skbs.map(({ id }) => id), here: fn !== null && fns.includes(fn) };
  };
  return [
    bin(
      'backlog',
      backlog,
      chain(ref(backlog, 'head'), 'next'),
      'sk_add_backlog',
      '__sk_add_backlog',
      '__release_sock',
    ),
    bin('prequeue', prequeue, queued(prequeue), 'tcp_prequeue', 'tcp_prequeue_process'),
    bin('out of order', ref(sk, 'out_of_order_queue'), queued(ref(sk, 'out_of_order_queue')), 'tcp_ofo_queue'),
  ];
}

/** TCP_INFINITE_SSTHRESH. */
const NO_LIMIT = 0x7fffffff;

function congestionOf(c: HostContext, sk: StructView): Congestion {
  const state = text(sk, 'icsk_ca_state').replace('TCP_CA_', '');
  const limit = num(sk, 'snd_ssthresh');
  const ssthresh = limit >= NO_LIMIT ? null : limit;
  const slow = num(sk, 'snd_cwnd') < limit;
  const [lost, sacked, again] = [num(sk, 'lost_out'), num(sk, 'sacked_out'), num(sk, 'retrans_out')];
  const marks = [
    lost > 0 ? `${lost} thought lost` : '',
    sacked > 0 ? `${sacked} SACKed` : '',
    again > 0 ? `${again} sent again` : '',
  ].filter((part) => part !== '');
  return {
    state,
    ssthresh,
    lost,
    sacked,
    again,
    here: inCallHere(
      c,
      'tcp_fastretrans_alert',
      'tcp_sacktag_write_queue',
      'tcp_enter_loss',
      'tcp_cong_avoid',
      'tcp_enter_frto',
      'tcp_process_frto',
    ),
    sentence: [
      state,
      slow ? 'slow start' : 'congestion avoidance',
      ssthresh === null ? 'ssthresh without limit' : `ssthresh ${ssthresh}`,
      `srtt ${num(sk, 'srtt') >> 3} ms`,
      ...marks,
    ].join(', '),
  };
}

export function tcpStage(c: HostContext): TcpStage | null {
  const { sock } = c;
  if (sock === null || !sock.is('tcp_sock') || num(sock, 'skc_state') === TCP_LISTEN) return null;
  const send = sendRibbon(c, sock);
  const gates = gatesOf(c, sock, send);
  const waiting = ref(sock, 'sk_send_head') !== null;
  return {
    id: sock.id,
    state: text(sock, 'skc_state').replace('TCP_', ''),
    ends: `${num(sock, 'inet_sport') || num(sock, 'inet_num')} → ${num(sock, 'inet_dport')}`,
    send,
    gates,
    verdict: verdictOf(gates, waiting),
    dials: dialsOf(c, sock),
    receive: receiveRibbon(c, sock),
    bins: binsOf(c, sock),
    gauges: [
      { name: 'send memory', used: num(sock, 'sk_wmem_queued'), limit: num(sock, 'sk_sndbuf') },
      { name: 'receive memory', used: num(sock, 'sk_rmem_alloc'), limit: num(sock, 'sk_rcvbuf') },
    ],
    congestion: congestionOf(c, sock),
  };
}
