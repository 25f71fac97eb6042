/** What stands on the transport floor besides a TCP stream: a listener's queues, connections in TIME_WAIT, a datagram socket. */
import type { StructView } from '../../../trace/state';
import { chain, counted, num, queued, ref, refs, span, text } from '../read';
import { functionHere, type HostContext, inCallHere } from './context';
import type { Bin, Gauge } from './tcp';

/** A connection that is not there yet, in one of a listener's queues. */
export interface Request {
  readonly id: number;
  /** `10.0.0.1:40000`. */
  readonly peer: string;
  readonly text: string;
}

export interface RequestQueue {
  readonly name: string;
  readonly count: number;
  /** It is full at this many. */
  readonly most: number;
  readonly requests: readonly Request[];
  readonly here: boolean;
}

export interface ListenStage {
  readonly id: number;
  readonly port: number;
  readonly queues: readonly RequestQueue[];
  readonly sentence: string;
}

export interface TimeWait {
  readonly id: number;
  readonly ends: string;
  /** State it stands for, and how long it lasts yet. */
  readonly text: string;
}

export interface DatagramStage {
  readonly id: number;
  readonly kind: string;
  readonly ends: string;
  readonly bins: readonly Bin[];
  readonly gauge: Gauge;
  readonly sentence: string;
}

const TCP_LISTEN = 10;
const MOST = 64;

function requestOf(request: StructView): Request {
  const retrans = num(request, 'retrans');
  const made = ref(request, 'sk') !== null;
  return {
    id: request.id,
    peer: `${text(request, 'rmt_addr')}:${num(request, 'rmt_port')}`,
    text: made ? 'established' : retrans > 0 ? `SYN-ACK sent again ${counted(retrans, 'time')}` : 'SYN-ACK sent',
  };
}

/** A listener's SYN queue and accept queue; null: the socket does not listen. */
export function listenStage(c: HostContext): ListenStage | null {
  const { sock } = c;
  if (sock === null || !sock.is('tcp_sock') || num(sock, 'skc_state') !== TCP_LISTEN) return null;
  const both = ref(sock, 'icsk_accept_queue');
  const table = ref(both, 'listen_opt');
  const asked = table === null ? [] : refs(table, 'syn_table').flatMap((head) => chain(head, 'dl_next', MOST));
  const ready = chain(ref(both, 'rskq_accept_head'), 'dl_next', MOST);
  const waiting = num(sock, 'sk_ack_backlog');
  const most = num(sock, 'sk_max_ack_backlog');
  const inSyns = num(table, 'qlen');
  return {
    id: sock.id,
    port: num(sock, 'inet_num'),
    queues: [
      {
        name: 'SYN queue',
        count: inSyns,
        most: 2 ** num(table, 'max_qlen_log'),
        requests: asked.map(requestOf),
        here: inCallHere(c, 'tcp_v4_conn_request', 'inet_csk_reqsk_queue_hash_add', 'tcp_v4_hnd_req'),
      },
      {
        name: 'accept queue',
        count: waiting,
        // The test is for more than the backlog: one more than it says finds room (sk_acceptq_is_full).
        most: most + 1,
        requests: ready.map(requestOf),
        here: inCallHere(c, 'inet_csk_reqsk_queue_add', 'reqsk_queue_add', 'inet_csk_accept'),
      },
    ],
    sentence:
      waiting > most
        ? 'The accept queue is full: the last ACK of a handshake is dropped.'
        : inSyns + waiting === 0
          ? 'Nobody has asked for a connection.'
          : `${counted(inSyns, 'handshake')} under way, ${counted(waiting, 'connection')} to be accepted.`,
  };
}

const INITIAL_JIFFIES = 300_000;
const JIFFY_NS = 1e6;

/** Connections of the host that are in TIME_WAIT, or in FIN_WAIT2 without a socket. */
export function timeWaits(c: HostContext): TimeWait[] {
  return c.state
    .objects('inet_timewait_sock', c.host)
    .slice(0, MOST)
    .map((tw) => {
      const left = (num(tw, 'tw_ttd') - INITIAL_JIFFIES) * JIFFY_NS - c.time;
      const state = text(tw, 'tw_substate').replace('TCP_', '');
      return {
        id: tw.id,
        ends: `${num(tw, 'tw_sport')} → ${text(tw, 'skc_daddr')}:${num(tw, 'tw_dport')}`,
        text: num(tw, 'tw_ttd') > 0 ? `${state}, ${span(Math.max(0, left))} left` : state,
      };
    });
}

/** A UDP or raw socket; null: the socket is of TCP. */
export function datagramStage(c: HostContext): DatagramStage | null {
  const { sock } = c;
  if (sock === null || sock.is('tcp_sock')) return null;
  const fn = functionHere(c);
  const kind = (sock.tableName('skc_prot') ?? '').replace(/_prot$/, '').toUpperCase();
  const bin = (name: string, field: string, fns: readonly string[]): Bin => {
    const head = ref(sock, field);
    const skbs = field === 'sk_backlog' ? chain(ref(head, 'head'), 'next') : queued(head);
    return { name, id: head?.id ?? sock.id, skbs: skbs.map(({ id }) => id), here: fn !== null && fns.includes(fn) };
  };
  const received = bin('receive queue', 'sk_receive_queue', [
    '__skb_queue_tail',
    'sock_queue_rcv_skb',
    '__skb_recv_datagram',
  ]);
  const pending = sock.has('len') ? num(sock, 'len') : 0;
  const peer = num(sock, 'inet_dport');
  return {
    id: sock.id,
    kind,
    ends: `port ${num(sock, 'inet_num')}${peer === 0 ? ', any peer' : ` → ${text(sock, 'inet_daddr')}:${peer}`}`,
    bins: [
      received,
      bin('backlog', 'sk_backlog', ['sk_add_backlog', '__release_sock']),
      bin('write queue', 'sk_write_queue', ['ip_append_data', '__ip_append_data', 'ip_push_pending_frames']),
    ],
    gauge: { name: 'receive memory', used: num(sock, 'sk_rmem_alloc'), limit: num(sock, 'sk_rcvbuf') },
    sentence:
      pending > 0
        ? `A datagram of ${counted(pending, 'byte')} is being put together.`
        : `${counted(received.skbs.length, 'datagram')} to be read.`,
  };
}
