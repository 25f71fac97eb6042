/**
 * Mirrors include/net/request_sock.h (2.6.39): connections that are only asked for, and the two queues of a listener.
 * Left out: the lock of the SYN table (softirqs hold the listener's lock whenever they touch it), security ids.
 */
import { heap } from '../../../base/heap';
import { hex32, int, list, ref, struct, table, u8, u16, u32 } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { sk_buff } from '../linux/skbuff';
import { jiffies } from '../linux/timer';
import type { sock } from './sock';

/** Most buckets of a SYN table. */
export const MAX_SYN_TABLE = 2048;

/** What a protocol does with a connection that is only asked for. */
export interface request_sock_ops {
  family: number;
  rtx_syn_ack: (sk: sock, req: request_sock) => Kgen<number>;
  send_ack: (sk: sock, skb: sk_buff, req: request_sock) => Kgen;
  send_reset: (sk: sock | null, skb: sk_buff) => Kgen;
  destructor: (req: request_sock) => void;
  syn_ack_timeout: (sk: sock, req: request_sock) => void;
}

/** A connection that was asked for by a SYN and not yet accepted. */
export const request_sock = struct('request_sock', {
  dl_next: ref<request_sock>('next in the bucket, or in the accept queue'),
  mss: u16('MSS the peer announced'),
  retrans: u8('times the SYN-ACK was sent again'),
  cookie_ts: u8('the SYN-ACK carries options in its timestamp'),
  window_clamp: u32('largest window to offer, bytes'),
  rcv_wnd: u32('window of the SYN-ACK, bytes; 0: not chosen yet'),
  ts_recent: u32('timestamp to echo'),
  expires: int('when the SYN-ACK is due again, jiffies'),
  rsk_ops: table<request_sock_ops>('operations of the protocol'),
  sk: ref<sock>('the connection, once it is made'),
});
export interface request_sock extends InstanceType<typeof request_sock> {}

/** The SYN queue of a listener: a hash of requests. */
export const listen_sock = struct('listen_sock', {
  max_qlen_log: u8('the queue is full at 2^this'),
  synflood_warned: u8('a flood was reported'),
  qlen: int('requests in it'),
  qlen_young: int('of these, how many never had their SYN-ACK sent again'),
  clock_hand: int('bucket where the timer goes on'),
  hash_rnd: hex32('mixed into the hash'),
  nr_table_entries: u32('buckets'),
  syn_table: list(ref<request_sock>('first of the chain'), MAX_SYN_TABLE, 'requests by bucket'),
});
export interface listen_sock extends InstanceType<typeof listen_sock> {}

/** Both queues of a listener: SYNs to be answered (listen_opt), and connections to be accepted. */
export const request_sock_queue = struct('request_sock_queue', {
  rskq_accept_head: ref<request_sock>('first connection that waits for accept'),
  rskq_accept_tail: ref<request_sock>('last one'),
  rskq_defer_accept: u8('SYN-ACKs to wait for data (TCP_DEFER_ACCEPT)'),
  listen_opt: ref<listen_sock>('SYN queue, null: does not listen'),
});
export interface request_sock_queue extends InstanceType<typeof request_sock_queue> {}

const listen_opt_of = (queue: request_sock_queue): listen_sock => queue.listen_opt as listen_sock;

/**
 * Gives a new request its operations.
 * @simplified the caller allocates the struct, since its size depends on the protocol
 * @cost 10
 */
export function reqsk_alloc<T extends request_sock>(req: T, ops: NonNullable<request_sock['rsk_ops']>): T {
  req.rsk_ops = ops;
  return req;
}

/**
 * Frees a request.
 * @modelled include/net/request_sock.h
 * @cost 8
 */
export function __reqsk_free(req: request_sock): void {
  heap.release(req);
}

/**
 * Frees a request and what it holds.
 * @modelled include/net/request_sock.h
 * @cost 4
 */
export function reqsk_free(req: request_sock): void {
  req.rsk_ops?.destructor(req);
  __reqsk_free(req);
}

/**
 * Takes the whole accept queue.
 * @modelled include/net/request_sock.h
 * @cost 3
 */
export function reqsk_queue_yank_acceptq(queue: request_sock_queue): request_sock | null {
  const req = queue.rskq_accept_head;
  queue.rskq_accept_head = null;
  return req;
}

/**
 * No connection waits for accept.
 * @modelled include/net/request_sock.h
 * @cost 2
 */
export function reqsk_queue_empty(queue: request_sock_queue): boolean {
  return queue.rskq_accept_head === null;
}

/**
 * Takes a request out of the SYN queue; `prev` is the one before it in its chain, null: it is the first of bucket `hash`.
 * @simplified the place is given as bucket and predecessor, in C as a pointer to the pointer
 * @cost 4
 */
export function reqsk_queue_unlink(
  queue: request_sock_queue,
  req: request_sock,
  prev: request_sock | null,
  hash: number,
): void {
  if (prev === null) {
    listen_opt_of(queue).syn_table.set(hash, req.dl_next as request_sock);
  } else {
    prev.dl_next = req.dl_next;
  }
}

/**
 * Appends a connection to the accept queue.
 * @modelled include/net/request_sock.h
 * @cost 5
 */
export function reqsk_queue_add(queue: request_sock_queue, req: request_sock, parent: sock, child: sock): void {
  req.sk = child;
  sk_acceptq_added(parent);
  if (queue.rskq_accept_head === null) {
    queue.rskq_accept_head = req;
  } else {
    (queue.rskq_accept_tail as request_sock).dl_next = req;
  }
  queue.rskq_accept_tail = req;
  req.dl_next = null;
}

/**
 * Takes the first request off the accept queue, which is not empty.
 * @modelled include/net/request_sock.h
 * @cost 4
 */
export function reqsk_queue_remove(queue: request_sock_queue): request_sock {
  const req = queue.rskq_accept_head as request_sock;
  queue.rskq_accept_head = req.dl_next;
  if (queue.rskq_accept_head === null) {
    queue.rskq_accept_tail = null;
  }
  return req;
}

/**
 * Takes the first connection off the accept queue.
 * @modelled include/net/request_sock.h
 * @cost 5
 */
export function reqsk_queue_get_child(queue: request_sock_queue, parent: sock): sock {
  const req = reqsk_queue_remove(queue);
  const child = req.sk as sock;
  sk_acceptq_removed(parent);
  __reqsk_free(req);
  return child;
}

/**
 * Counts a request out of the SYN queue. Returns how many are left.
 * @modelled include/net/request_sock.h
 * @cost 3
 */
export function reqsk_queue_removed(queue: request_sock_queue, req: request_sock): number {
  const lopt = listen_opt_of(queue);
  if (req.retrans === 0) {
    lopt.qlen_young--;
  }
  lopt.qlen--;
  return lopt.qlen;
}

/**
 * Counts a request into the SYN queue. Returns how many there were.
 * @modelled include/net/request_sock.h
 * @cost 3
 */
export function reqsk_queue_added(queue: request_sock_queue): number {
  const lopt = listen_opt_of(queue);
  lopt.qlen_young++;
  return lopt.qlen++;
}

/**
 * Requests in the SYN queue.
 * @modelled include/net/request_sock.h
 * @cost 2
 */
export function reqsk_queue_len(queue: request_sock_queue): number {
  return queue.listen_opt === null ? 0 : queue.listen_opt.qlen;
}

/**
 * Requests whose SYN-ACK was sent only once.
 * @modelled include/net/request_sock.h
 * @cost 2
 */
export function reqsk_queue_len_young(queue: request_sock_queue): number {
  return listen_opt_of(queue).qlen_young;
}

/**
 * The SYN queue is full.
 * @modelled include/net/request_sock.h
 * @cost 2
 */
export function reqsk_queue_is_full(queue: request_sock_queue): boolean {
  const lopt = listen_opt_of(queue);
  return lopt.qlen >> lopt.max_qlen_log !== 0;
}

/**
 * Puts a request into bucket `hash` of the SYN queue; its SYN-ACK is due again in `timeout` jiffies.
 * @modelled include/net/request_sock.h
 * @cost 5
 */
export function reqsk_queue_hash_req(
  queue: request_sock_queue,
  hash: number,
  req: request_sock,
  timeout: number,
): void {
  const { syn_table } = listen_opt_of(queue);
  req.expires = jiffies() + timeout;
  req.retrans = 0;
  req.sk = null;
  req.dl_next = syn_table.at(hash) as request_sock | null;
  syn_table.set(hash, req);
}

/**
 * One connection less waits for accept.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_acceptq_removed(sk: sock): void {
  sk.sk_ack_backlog--;
}

/**
 * One more connection waits for accept.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_acceptq_added(sk: sock): void {
  sk.sk_ack_backlog++;
}

/**
 * The accept queue is over its limit: the backlog of listen(), and one more.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_acceptq_is_full(sk: sock): boolean {
  return sk.sk_ack_backlog > sk.sk_max_ack_backlog;
}
