/**
 * Mirrors net/ipv4/inet_connection_sock.c (2.6.39), and those inline functions of its header that call an implementation.
 * Modelled: binding to ports, listening, the SYN queue and its timer, accepting, making the socket of a connection, the three
 * timers of a connection, the end of a socket.
 * Left out: redirection by IP options, network namespaces.
 */
import { type Kgen, kernel } from '../../arch/current';
import { EADDRINUSE, EAGAIN, EINVAL } from '../../include/linux/errno';
import { O_NONBLOCK } from '../../include/linux/fs';
import { jhash_2words } from '../../include/linux/jhash';
import { TCP_CLOSE, TCP_LISTEN, TCP_SYN_RECV, TCP_TIME_WAIT } from '../../include/linux/tcp';
import { jiffies } from '../../include/linux/timer';
import { TASK_INTERRUPTIBLE } from '../../include/linux/wait';
import type { dst_entry } from '../../include/net/dst';
import {
  ICSK_ACK_TIMER,
  ICSK_TIME_DACK,
  ICSK_TIME_PROBE0,
  ICSK_TIME_RETRANS,
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_reqsk_queue_unlink,
  type req_place,
} from '../../include/net/inet_connection_sock';
import type { inet_bind_bucket } from '../../include/net/inet_hashtables';
import { inet_rsk, inet_sk, inet_sk_flowi_flags } from '../../include/net/inet_sock';
import { RT_CONN_FLAGS } from '../../include/net/ip';
import {
  __reqsk_free,
  type listen_sock,
  reqsk_free,
  reqsk_queue_added,
  reqsk_queue_empty,
  reqsk_queue_get_child,
  reqsk_queue_hash_req,
  reqsk_queue_removed,
  reqsk_queue_yank_acceptq,
  type request_sock,
  type request_sock_ops,
  sk_acceptq_removed,
} from '../../include/net/request_sock';
import {
  bh_lock_sock,
  bh_unlock_sock,
  POLLIN,
  POLLRDNORM,
  type proto,
  sk_dst_reset,
  sk_sleep,
  type sock,
  sock_hold,
  sock_intr_errno,
  sock_orphan,
  sock_rcvtimeo,
} from '../../include/net/sock';
import { sysctl_tcp_synack_retries } from '../../include/net/tcp';
import { current, schedule_timeout } from '../../kernel/sched';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { setup_timer } from '../../kernel/timer';
import { DEFINE_WAIT, finish_wait, prepare_to_wait_exclusive } from '../../kernel/wait';
import { __reqsk_queue_destroy, reqsk_queue_alloc, reqsk_queue_destroy } from '../core/request_sock';
import { lock_sock, release_sock, sk_clone, sk_reset_timer, sk_stop_timer, sock_put, tcp_memory } from '../core/sock';
import { sk_stream_kill_queues, sk_stream_write_space } from '../core/stream';
import {
  inet_bind_bucket_create,
  inet_bind_bucket_of,
  inet_bind_hash,
  inet_get_local_port_range,
  inet_is_reserved_local_port,
  tcp_hashinfo,
} from './inet_hashtables';
import { ip_route_output_flow } from './route';

/** How often a choice among shared ports is tried again after a conflict. */
const PORT_ATTEMPTS = 5;

/**
 * Address a socket is bound to, 0: any.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 1
 */
export function inet_rcv_saddr(sk: sock): number {
  return sk.skc_state === TCP_TIME_WAIT ? sk.skc_rcv_saddr : inet_sk(sk).inet_rcv_saddr;
}

/**
 * True when another owner of the port stands in the way: same device, same address (or one of them takes any), and not both
 * allow reuse, or the other listens.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_bind_conflict(sk: sock, tb: inet_bind_bucket): boolean {
  const sk_rcv_saddr = inet_rcv_saddr(sk);
  const reuse = sk.skc_reuse !== 0;
  for (let sk2 = tb.owners; sk2 !== null; sk2 = sk2.skc_bind_next) {
    if (sk === sk2) {
      continue;
    }
    const device = sk.skc_bound_dev_if;
    const device2 = sk2.skc_bound_dev_if;
    const same_device = device === 0 || device2 === 0 || device === device2;
    if (same_device && (!reuse || sk2.skc_reuse === 0 || sk2.skc_state === TCP_LISTEN)) {
      const sk2_rcv_saddr = inet_rcv_saddr(sk2);
      if (sk2_rcv_saddr === 0 || sk_rcv_saddr === 0 || sk2_rcv_saddr === sk_rcv_saddr) {
        return true;
      }
    }
  }
  return false;
}

/**
 * Chooses a port for bind(): a free one from a random start, else the one shared by fewest, if all its owners allow it. 0: none.
 * @model the search inside inet_csk_get_port
 */
function choose_port(sk: sock): { snum: number; shared: boolean } {
  const hashinfo = tcp_hashinfo();
  const { low, high } = inet_get_local_port_range();
  const range = high - low + 1;
  let rover = (kernel.arch.random32() % range) + low;
  let smallest_size = -1;
  let smallest_rover = rover;
  for (let remaining = range; remaining > 0; remaining--) {
    if (!inet_is_reserved_local_port(rover)) {
      const tb = inet_bind_bucket_of(hashinfo, rover);
      if (tb === null) {
        return { snum: rover, shared: false };
      }
      const may_share = tb.fastreuse > 0 && sk.skc_reuse !== 0 && sk.skc_state !== TCP_LISTEN;
      if (may_share && (tb.num_owners < smallest_size || smallest_size === -1)) {
        smallest_size = tb.num_owners;
        smallest_rover = rover;
        if (hashinfo.bsockets > range) {
          break;
        }
      }
    }
    rover = rover === high ? low : rover + 1;
  }
  return { snum: smallest_size === -1 ? 0 : smallest_rover, shared: true };
}

/**
 * Binds a socket to port `snum`, 0: one the kernel chooses. 0: done, 1: it is taken, or none is free.
 * @modelled net/ipv4/inet_connection_sock.c
 * @omits local_bh_disable: the tables have no lock here
 */
export function inet_csk_get_port(sk: sock, snum: number): number {
  const hashinfo = tcp_hashinfo();
  const { bind_conflict } = inet_csk(sk).icsk_af_ops as inet_connection_sock_af_ops;
  const reusable = sk.skc_reuse !== 0 && sk.skc_state !== TCP_LISTEN;
  let port = snum;
  let tb: inet_bind_bucket | null = null;
  for (let attempts = PORT_ATTEMPTS; ; attempts--) {
    let shared = false;
    if (snum === 0) {
      const choice = choose_port(sk);
      port = choice.snum;
      ({ shared } = choice);
      if (port === 0) {
        return 1;
      }
    }
    tb = inet_bind_bucket_of(hashinfo, port);
    if (tb === null || tb.owners === null || (tb.fastreuse > 0 && reusable && !shared)) {
      break;
    }
    if (bind_conflict === undefined || !bind_conflict(sk, tb)) {
      break;
    }
    if (!reusable || !shared || attempts <= 0) {
      return 1;
    }
  }
  tb ??= inet_bind_bucket_create(hashinfo, port);
  if (tb.owners === null) {
    tb.fastreuse = reusable ? 1 : 0;
  } else if (tb.fastreuse !== 0 && !reusable) {
    tb.fastreuse = 0;
  }
  if (inet_csk(sk).icsk_bind_hash === null) {
    inet_bind_hash(sk, tb, port);
  }
  return 0;
}

/**
 * Sleeps until a connection waits in the accept queue: 0, or -errno. The listener is not owned meanwhile.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 12
 */
export function* inet_csk_wait_for_connect(sk: sock, timeout: number): Kgen<number> {
  const icsk = inet_csk(sk);
  const wait = DEFINE_WAIT();
  let timeo = timeout;
  let err = 0;
  for (;;) {
    prepare_to_wait_exclusive(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
    yield* release_sock(sk);
    if (reqsk_queue_empty(icsk.icsk_accept_queue)) {
      timeo = yield* schedule_timeout(timeo);
    }
    yield* lock_sock(sk);
    err = 0;
    if (!reqsk_queue_empty(icsk.icsk_accept_queue)) {
      break;
    }
    err = -EINVAL;
    if (sk.skc_state !== TCP_LISTEN) {
      break;
    }
    err = sock_intr_errno(timeo);
    if (current().signal_pending) {
      break;
    }
    err = -EAGAIN;
    if (timeo === 0) {
      break;
    }
  }
  finish_wait(sk_sleep(sk), wait);
  return err;
}

/**
 * Takes the next connection of a listener, waiting for one if that is allowed. Null: `err` says why not.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function* inet_csk_accept(sk: sock, flags: number, err: { err: number }): Kgen<sock | null> {
  const icsk = inet_csk(sk);
  yield* lock_sock(sk);
  let error = 0;
  if (sk.skc_state !== TCP_LISTEN) {
    error = -EINVAL;
  } else if (reqsk_queue_empty(icsk.icsk_accept_queue)) {
    const timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
    error = timeo === 0 ? -EAGAIN : yield* inet_csk_wait_for_connect(sk, timeo);
  }
  let newsk: sock | null = null;
  if (error === 0) {
    newsk = reqsk_queue_get_child(icsk.icsk_accept_queue, sk);
  } else {
    err.err = error;
  }
  yield* release_sock(sk);
  return newsk;
}

/**
 * Gives a connection its timers: retransmission and probe, delayed ACK, keepalive. None is armed.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_init_xmit_timers(
  sk: sock,
  retransmit_handler: (sk: sock) => Kgen,
  delack_handler: (sk: sock) => Kgen,
  keepalive_handler: (sk: sock) => Kgen,
): void {
  const icsk = inet_csk(sk);
  setup_timer(icsk.icsk_retransmit_timer, retransmit_handler, sk);
  setup_timer(icsk.icsk_delack_timer, delack_handler, sk);
  setup_timer(sk.sk_timer, keepalive_handler, sk);
  icsk.icsk_pending = 0;
  icsk.icsk_ack.pending = 0;
}

/**
 * Stops all timers of a connection.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_clear_xmit_timers(sk: sock): void {
  const icsk = inet_csk(sk);
  icsk.icsk_pending = 0;
  icsk.icsk_ack.pending = 0;
  icsk.icsk_ack.blocked = false;
  sk_stop_timer(sk, icsk.icsk_retransmit_timer);
  sk_stop_timer(sk, icsk.icsk_delack_timer);
  sk_stop_timer(sk, sk.sk_timer);
}

/**
 * Arms the keepalive timer in `len` jiffies.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_reset_keepalive_timer(sk: sock, len: number): void {
  sk_reset_timer(sk, sk.sk_timer, jiffies() + len);
}

/**
 * Arms the retransmission, probe or delayed ACK timer (ICSK_TIME_) in `when` jiffies, at most `max_when`.
 * Retransmission and probe share one timer: `icsk_pending` tells which it is.
 * @modelled include/net/inet_connection_sock.h
 */
export function inet_csk_reset_xmit_timer(sk: sock, what: number, when: number, max_when: number): void {
  const icsk = inet_csk(sk);
  const wait = Math.min(when, max_when);
  if (what === ICSK_TIME_RETRANS || what === ICSK_TIME_PROBE0) {
    icsk.icsk_pending = what;
    icsk.icsk_timeout = jiffies() + wait;
    sk_reset_timer(sk, icsk.icsk_retransmit_timer, icsk.icsk_timeout);
  } else if (what === ICSK_TIME_DACK) {
    icsk.icsk_ack.pending |= ICSK_ACK_TIMER;
    icsk.icsk_ack.timeout = jiffies() + wait;
    sk_reset_timer(sk, icsk.icsk_delack_timer, icsk.icsk_ack.timeout);
  }
}

/**
 * Stops the keepalive timer of a connection, or the SYN-ACK timer of a listener: they are one.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_delete_keepalive_timer(sk: sock): void {
  sk_stop_timer(sk, sk.sk_timer);
}

/**
 * Forgets what was planned about ACKs.
 * @modelled include/net/inet_connection_sock.h
 * @cost 3
 */
export function inet_csk_delack_init(sk: sock): void {
  const { icsk_ack } = inet_csk(sk);
  icsk_ack.pending = 0;
  icsk_ack.quick = 0;
  icsk_ack.pingpong = false;
  icsk_ack.blocked = false;
  icsk_ack.ato = 0;
  icsk_ack.timeout = 0;
  icsk_ack.lrcvtime = 0;
  icsk_ack.last_seg_size = 0;
  icsk_ack.rcv_mss = 0;
}

/**
 * The route to who asked for a connection, with a reference; null: none.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_route_req(sk: sock, req: request_sock): dst_entry | null {
  const ireq = inet_rsk(req);
  return ip_route_output_flow(
    {
      daddr: ireq.rmt_addr,
      saddr: ireq.loc_addr,
      flowi4_oif: sk.skc_bound_dev_if,
      flowi4_iif: 0,
      flowi4_mark: sk.sk_mark,
      flowi4_tos: RT_CONN_FLAGS(sk),
      flowi4_proto: sk.sk_protocol,
      flowi4_flags: inet_sk_flowi_flags(sk),
      fl4_dport: ireq.rmt_port,
      fl4_sport: inet_sk(sk).inet_sport,
    },
    sk,
  );
}

/**
 * Bucket of a request in the SYN table.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 6
 */
export function inet_synq_hash(raddr: number, rport: number, rnd: number, synq_hsize: number): number {
  return jhash_2words(raddr, rport, rnd) & (synq_hsize - 1);
}

/**
 * The request of a peer in the SYN queue of a listener; null: none. `place` tells where it stands.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 10
 */
export function inet_csk_search_req(
  sk: sock,
  place: req_place,
  rport: number,
  raddr: number,
  laddr: number,
): request_sock | null {
  const lopt = inet_csk(sk).icsk_accept_queue.listen_opt as listen_sock;
  place.hash = inet_synq_hash(raddr, rport, lopt.hash_rnd, lopt.nr_table_entries);
  place.prev = null;
  let req = lopt.syn_table.at(place.hash) as request_sock | null;
  while (req !== null) {
    const ireq = inet_rsk(req);
    if (ireq.rmt_port === rport && ireq.rmt_addr === raddr && ireq.loc_addr === laddr) {
      return req;
    }
    place.prev = req;
    req = req.dl_next;
  }
  return null;
}

/**
 * Puts a request into the SYN queue; its SYN-ACK is due again in `timeout` jiffies.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 10
 */
export function inet_csk_reqsk_queue_hash_add(sk: sock, req: request_sock, timeout: number): void {
  const queue = inet_csk(sk).icsk_accept_queue;
  const lopt = queue.listen_opt as listen_sock;
  const { rmt_addr, rmt_port } = inet_rsk(req);
  const h = inet_synq_hash(rmt_addr, rmt_port, lopt.hash_rnd, lopt.nr_table_entries);
  reqsk_queue_hash_req(queue, h, req, timeout);
  inet_csk_reqsk_queue_added(sk, timeout);
}

/**
 * Counts a request into the SYN queue; the first one starts the timer.
 * @modelled include/net/inet_connection_sock.h
 * @cost 3
 */
export function inet_csk_reqsk_queue_added(sk: sock, timeout: number): void {
  if (reqsk_queue_added(inet_csk(sk).icsk_accept_queue) === 0) {
    inet_csk_reset_keepalive_timer(sk, timeout);
  }
}

/**
 * Counts a request out of the SYN queue; the last one stops the timer.
 * @modelled include/net/inet_connection_sock.h
 * @cost 3
 */
export function inet_csk_reqsk_queue_removed(sk: sock, req: request_sock): void {
  if (reqsk_queue_removed(inet_csk(sk).icsk_accept_queue, req) === 0) {
    inet_csk_delete_keepalive_timer(sk);
  }
}

/**
 * Takes a request out of the SYN queue and frees it.
 * @modelled include/net/inet_connection_sock.h
 * @cost 3
 */
export function inet_csk_reqsk_queue_drop(sk: sock, req: request_sock, prev: req_place): void {
  inet_csk_reqsk_queue_unlink(sk, req, prev);
  inet_csk_reqsk_queue_removed(sk, req);
  reqsk_free(req);
}

/** What is to be done with a request whose SYN-ACK is due again. */
interface recalc {
  expire: boolean;
  resend: boolean;
}

/**
 * Decides whether a request is given up, and whether its SYN-ACK goes again. One that waits for data (TCP_DEFER_ACCEPT) after
 * its SYN-ACK was acknowledged gets it again only at the end.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 5
 */
export function syn_ack_recalc(
  req: request_sock,
  thresh: number,
  max_retries: number,
  rskq_defer_accept: number,
): recalc {
  if (rskq_defer_accept === 0) {
    return { expire: req.retrans >= thresh, resend: true };
  }
  const { acked } = inet_rsk(req);
  return {
    expire: req.retrans >= thresh && (!acked || req.retrans >= max_retries),
    resend: !acked || req.retrans >= rskq_defer_accept - 1,
  };
}

/**
 * Goes over a part of the SYN queue: sends SYN-ACKs again that are due, twice as late each time, and gives up requests that
 * had enough. All times in jiffies: it is called each `interval`, and a SYN-ACK waits `timeout` first, `max_rto` at most.
 * While more than half of the queue is full, old requests are given up sooner.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 30
 */
export function* inet_csk_reqsk_queue_prune(parent: sock, interval: number, timeout: number, max_rto: number): Kgen {
  const icsk = inet_csk(parent);
  const queue = icsk.icsk_accept_queue;
  const lopt = queue.listen_opt;
  const now = jiffies();
  if (lopt === null || lopt.qlen === 0) {
    return;
  }
  let max_retries = icsk.icsk_syn_retries !== 0 ? icsk.icsk_syn_retries : sysctl_tcp_synack_retries();
  let thresh = max_retries;
  if (lopt.qlen >> (lopt.max_qlen_log - 1) !== 0) {
    for (let young = lopt.qlen_young << 1; thresh > 2 && lopt.qlen >= young; young <<= 1) {
      thresh--;
    }
  }
  if (queue.rskq_defer_accept !== 0) {
    max_retries = queue.rskq_defer_accept;
  }
  let budget = 2 * Math.trunc(lopt.nr_table_entries / Math.trunc(timeout / interval));
  let i = lopt.clock_hand;
  do {
    const place: req_place = { hash: i, prev: null };
    for (let req = lopt.syn_table.at(i) as request_sock | null; req !== null; ) {
      const next: request_sock | null = req.dl_next;
      if (now < req.expires || (yield* goes_on(parent, req, thresh, max_retries, { now, timeout, max_rto }))) {
        place.prev = req;
      } else {
        inet_csk_reqsk_queue_unlink(parent, req, place);
        reqsk_queue_removed(queue, req);
        reqsk_free(req);
      }
      req = next;
    }
    i = (i + 1) & (lopt.nr_table_entries - 1);
  } while (--budget > 0);
  lopt.clock_hand = i;
  if (lopt.qlen !== 0) {
    inet_csk_reset_keepalive_timer(parent, interval);
  }
}

/**
 * Treats a request whose SYN-ACK is due again. False: it is to be given up.
 * @model the inner part of inet_csk_reqsk_queue_prune
 * @cost 0
 */
function* goes_on(
  parent: sock,
  req: request_sock,
  thresh: number,
  max_retries: number,
  { now, timeout, max_rto }: { now: number; timeout: number; max_rto: number },
): Kgen<boolean> {
  const queue = inet_csk(parent).icsk_accept_queue;
  const ops = req.rsk_ops as request_sock_ops;
  const { expire, resend } = syn_ack_recalc(req, thresh, max_retries, queue.rskq_defer_accept);
  ops.syn_ack_timeout(parent, req);
  if (expire || (resend && (yield* ops.rtx_syn_ack(parent, req)) !== 0 && !inet_rsk(req).acked)) {
    return false;
  }
  if (req.retrans === 0) {
    (queue.listen_opt as listen_sock).qlen_young--;
  }
  req.retrans++;
  req.expires = now + Math.min(timeout * 2 ** req.retrans, max_rto);
  return true;
}

/**
 * Makes the socket of a connection from its listener, locked, with two references. In SYN_RECV.
 * @modelled net/ipv4/inet_connection_sock.c
 * @omits security_inet_csk_clone: no security module
 */
export function* inet_csk_clone(sk: sock, req: request_sock, priority: number): Kgen<sock | null> {
  const newsk = yield* sk_clone(sk, priority);
  if (newsk === null) {
    return null;
  }
  const newicsk = inet_csk(newsk);
  const { rmt_port, loc_port } = inet_rsk(req);
  newsk.skc_state = TCP_SYN_RECV;
  newicsk.icsk_bind_hash = null;
  newicsk.inet_dport = rmt_port;
  newicsk.inet_num = loc_port;
  newicsk.inet_sport = loc_port;
  newsk.sk_write_space = sk_stream_write_space;
  newicsk.icsk_retransmits = 0;
  newicsk.icsk_backoff = 0;
  newicsk.icsk_probes_out = 0;
  const queue = newicsk.icsk_accept_queue;
  queue.rskq_accept_head = null;
  queue.rskq_accept_tail = null;
  queue.rskq_defer_accept = 0;
  queue.listen_opt = null;
  return newsk;
}

/**
 * Ends a closed socket that no file holds: the protocol lets go of all it has, and the socket goes with its last reference.
 * @modelled net/ipv4/inet_connection_sock.c
 * @omits xfrm_sk_free_policy: no IPsec
 */
export function inet_csk_destroy_sock(sk: sock): void {
  (sk.skc_prot as Required<proto>).destroy(sk);
  sk_stream_kill_queues(sk);
  tcp_memory().orphan_count--;
  sock_put(sk);
}

/**
 * Turns a socket into a listener, with a SYN queue for `nr_table_entries` requests: 0, or -EADDRINUSE.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function inet_csk_listen_start(sk: sock, nr_table_entries: number): number {
  const inet = inet_sk(sk);
  const icsk = inet_csk(sk);
  const prot = sk.skc_prot as proto;
  const rc = reqsk_queue_alloc(icsk.icsk_accept_queue, nr_table_entries);
  if (rc !== 0) {
    return rc;
  }
  sk.sk_max_ack_backlog = 0;
  sk.sk_ack_backlog = 0;
  inet_csk_delack_init(sk);
  // Listening changes what bind_conflict says, so the port has to be asked for once more.
  sk.skc_state = TCP_LISTEN;
  if (prot.get_port?.(sk, inet.inet_num) === 0) {
    inet.inet_sport = inet.inet_num;
    sk_dst_reset(sk);
    prot.hash?.(sk);
    return 0;
  }
  sk.skc_state = TCP_CLOSE;
  __reqsk_queue_destroy(icsk.icsk_accept_queue);
  return -EADDRINUSE;
}

/**
 * Ends a listener: its requests are forgotten, its connections that nobody accepted are reset.
 * @modelled net/ipv4/inet_connection_sock.c
 */
export function* inet_csk_listen_stop(sk: sock): Kgen {
  const queue = inet_csk(sk).icsk_accept_queue;
  inet_csk_delete_keepalive_timer(sk);
  let acc_req = reqsk_queue_yank_acceptq(queue);
  reqsk_queue_destroy(queue);
  while (acc_req !== null) {
    const req: request_sock = acc_req;
    const child = req.sk as sock;
    acc_req = req.dl_next;
    local_bh_disable();
    yield* bh_lock_sock(child);
    sock_hold(child);
    yield* (sk.skc_prot as Required<proto>).disconnect(child, O_NONBLOCK);
    sock_orphan(child);
    tcp_memory().orphan_count++;
    inet_csk_destroy_sock(child);
    bh_unlock_sock(child);
    yield* local_bh_enable();
    sock_put(child);
    sk_acceptq_removed(sk);
    __reqsk_free(req);
  }
}

/**
 * A listener is readable while a connection waits to be accepted.
 * @modelled include/net/inet_connection_sock.h
 * @cost 3
 */
export function inet_csk_listen_poll(sk: sock): number {
  return reqsk_queue_empty(inet_csk(sk).icsk_accept_queue) ? 0 : POLLIN | POLLRDNORM;
}
