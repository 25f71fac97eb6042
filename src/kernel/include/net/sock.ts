/** Mirrors include/net/sock.h (2.6.39): struct sock and struct proto. Bodies of sock.c are in net/core/sock.ts. */
import {
  bool,
  byteCount,
  embed,
  enumeration,
  flags,
  fn,
  hex32,
  int,
  ip4,
  ref,
  struct,
  table,
} from '../../../base/struct';
import type { Kgen, SysctlVector } from '../../arch/current';
import { EINTR, ENOBUFS, ERESTARTSYS } from '../linux/errno';
import type { sk_filter_prog } from '../linux/filter';
import type { kiocb } from '../linux/fs';
import type { sockaddr } from '../linux/in';
import type { msghdr, socket, socket_wq } from '../linux/net';
import { net_gso_ok, rps_record_sock_flow, rps_reset_sock_flow, rps_sock_flows } from '../linux/netdevice';
import type { page } from '../linux/skbuff';
import { type sk_buff, sk_buff_head } from '../linux/skbuff';
import { spin_lock, spin_unlock, spinlock_t } from '../linux/spinlock';
import { timer_list } from '../linux/timer';
import { type task_struct, wait_queue_head_t } from '../linux/wait';
import { type dst_entry, dst_release, skb_dst_force } from './dst';
import type { inet_timewait_sock } from './inet_timewait_sock';

export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;
export const SOCK_MIN_SNDBUF = 2048;
export const SOCK_MIN_RCVBUF = 256;

/** Masks of the sk_flags the model uses. */
export const SOCK_DEAD = 1 << 0;
export const SOCK_DONE = 1 << 1;
export const SOCK_URGINLINE = 1 << 2;
export const SOCK_KEEPOPEN = 1 << 3;
export const SOCK_LINGER = 1 << 4;
export const SOCK_BROADCAST = 1 << 6;
export const SOCK_DBG = 1 << 10;
export const SOCK_LOCALROUTE = 1 << 13;
export const SOCK_TIMESTAMPING_RX_SOFTWARE = 1 << 17;
export const SOCK_QUEUE_SHRUNK = 1 << 9;
export const SOCK_TIMESTAMP = 1 << 8;
export const SOCK_USE_WRITE_QUEUE = 1 << 7;

/** Which side sk_mem_schedule charges for. */
export const SK_MEM_SEND = 0;
export const SK_MEM_RECV = 1;
/** Memory is charged to a protocol in units of a page, bytes. */
export const SK_MEM_QUANTUM = 4096;
export const SK_MEM_QUANTUM_SHIFT = 12;

/** Masks of sk_userlocks. */
export const SOCK_SNDBUF_LOCK = 1;
export const SOCK_RCVBUF_LOCK = 2;
export const SOCK_BINDADDR_LOCK = 4;
export const SOCK_BINDPORT_LOCK = 8;

/** What sk_wake_async tells asynchronous waiters. */
export const SOCK_WAKE_IO = 0;
export const SOCK_WAKE_WAITD = 1;
export const SOCK_WAKE_SPACE = 2;
export const SOCK_WAKE_URG = 3;

/** poll() events that wake-ups name (asm-generic/poll.h). */
export const POLLIN = 0x0001;
export const POLLPRI = 0x0002;
export const POLLOUT = 0x0004;
export const POLLERR = 0x0008;
export const POLLHUP = 0x0010;
export const POLLNVAL = 0x0020;
export const POLLRDNORM = 0x0040;
export const POLLRDBAND = 0x0080;
export const POLLWRNORM = 0x0100;
export const POLLWRBAND = 0x0200;
export const POLLRDHUP = 0x2000;

/** kernel/sched.ts has it too; include imports no implementation. */
const MAX_SCHEDULE_TIMEOUT = Number.MAX_SAFE_INTEGER;

/** A timeout that a function counts down for its caller, jiffies; in C a pointer to long. */
export interface timeo_ptr {
  timeo: number;
}

/** Where recvmsg says how long the sender's address is, bytes; in C a pointer to int. */
export interface addr_len_ptr {
  addr_len: number;
}

/** What a kiocb of a socket points to; on the stack of sock_aio_write and its kin. */
export interface sock_iocb {
  kiocb: kiocb | null;
  sock: socket | null;
  msg: msghdr | null;
  size: number;
  flags: number;
}

/** What all sockets of a protocol share: in C the variables proto.memory_allocated and its neighbours point to. */
export const proto_memory = struct('proto_memory', {
  memory_allocated: int('pages charged to all sockets'),
  memory_pressure: bool('over the second limit'),
  sockets_allocated: int('sockets'),
  orphan_count: int('sockets that no file holds any more'),
});
export interface proto_memory extends InstanceType<typeof proto_memory> {}

/** The protocol behind a socket. */
export interface proto {
  name: string;
  sendmsg: (iocb: kiocb, sk: sock, msg: msghdr, size: number) => Kgen<number>;
  recvmsg: (
    iocb: kiocb,
    sk: sock,
    msg: msghdr,
    len: number,
    nonblock: number,
    flags: number,
    addr_len: addr_len_ptr,
  ) => Kgen<number>;
  backlog_rcv: (sk: sock, skb: sk_buff) => Kgen<number>;
  init?: (sk: sock) => number;
  close?: (sk: sock, timeout: number) => Kgen;
  connect?: (sk: sock, uaddr: sockaddr, addr_len: number) => Kgen<number>;
  disconnect?: (sk: sock, flags: number) => Kgen<number>;
  ioctl?: (sk: sock, cmd: number, arg: number) => Kgen<number>;
  /** TCP's is a plain function, as connections end in plain ones too. */
  destroy?: (sk: sock) => Kgen | undefined;
  shutdown?: (sk: sock, how: number) => Kgen;
  setsockopt?: (sk: sock, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
  getsockopt?: (sk: sock, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
  /** Slot of struct timewait_sock_ops: a new connection may take the place of `sktw`; `choosing`: of any such port. */
  twsk_unique?: (sk: sock, sktw: inet_timewait_sock, choosing: boolean) => boolean;
  /** In C sock_setsockopt calls TCP by its name. */
  set_keepalive?: (sk: sock, val: boolean) => void;
  bind?: (sk: sock, uaddr: sockaddr, addr_len: number) => Kgen<number>;
  accept?: (sk: sock, flags: number, err: { err: number }) => Kgen<sock | null>;
  hash?: (sk: sock) => void;
  unhash?: (sk: sock) => void;
  /** Binds to a port, 0: any free one. 0: done, else 1. */
  get_port?: (sk: sock, snum: number) => number;
  max_header: number;
  no_autobind: boolean;
  obj_size: number;
  /** Left out by protocols whose sockets share no account of memory. */
  sysctl_mem?: SysctlVector;
  sysctl_wmem?: SysctlVector;
  sysctl_rmem?: SysctlVector;
}

/** Those whose sockets share an account. */
export type accounted_proto = proto & Required<Pick<proto, 'sysctl_mem' | 'sysctl_wmem' | 'sysctl_rmem'>>;

export const socket_lock_t = struct('socket_lock_t', {
  slock: embed(spinlock_t, 'held by softirqs, and for moments by the owner'),
  owned: bool('a task owns the socket (lock_sock)'),
  owner: ref<task_struct>('that task'),
  wq: embed(wait_queue_head_t, 'tasks waiting to own it'),
});
export interface socket_lock_t extends InstanceType<typeof socket_lock_t> {}

/** Segments that arrived while a task owned the socket. */
export const sk_backlog = struct('sk_backlog', {
  head: ref<sk_buff>('first'),
  tail: ref<sk_buff>('last'),
  len: byteCount('truesize queued'),
});
export interface sk_backlog extends InstanceType<typeof sk_backlog> {}

export const sock = struct('sock', {
  skc_family: int('address family'),
  skc_state: enumeration('TCP state', {
    TCP_ESTABLISHED: 1,
    TCP_SYN_SENT: 2,
    TCP_SYN_RECV: 3,
    TCP_FIN_WAIT1: 4,
    TCP_FIN_WAIT2: 5,
    TCP_TIME_WAIT: 6,
    TCP_CLOSE: 7,
    TCP_CLOSE_WAIT: 8,
    TCP_LAST_ACK: 9,
    TCP_LISTEN: 10,
    TCP_CLOSING: 11,
  }),
  skc_hash: hex32('hash of the connection'),
  skc_refcnt: int('references', 1),
  skc_daddr: ip4('address of the peer'),
  skc_rcv_saddr: ip4('own address'),
  skc_reuse: int('SO_REUSEADDR: the port may be shared'),
  skc_bound_dev_if: int('index of the device it is bound to, 0: any'),
  skc_nulls_next: ref<sock>('next in the hash chain'),
  skc_hashed: bool('it is in a hash table (in C: skc_node.pprev is set)'),
  skc_bind_next: ref<sock>('next owner of the same port'),
  skc_tx_queue_mapping: int('TX queue cached, -1: none', -1),
  skc_prot: table<proto>('protocol'),
  sk_shutdown: flags('sides shut down', { RCV_SHUTDOWN, SEND_SHUTDOWN }),
  sk_protocol: int('IP protocol number'),
  sk_type: int('socket type'),
  sk_rcvbuf: byteCount('limit of receive memory'),
  sk_lock: embed(socket_lock_t, 'lock'),
  sk_backlog: embed(sk_backlog, 'segments that arrived while it was owned'),
  sk_wq: ref<socket_wq>('who sleeps on it'),
  sk_dst_cache: ref<dst_entry>('cached route'),
  sk_rmem_alloc: byteCount('receive memory in use (truesize)'),
  sk_filter: ref<sk_filter_prog>('program that judges received packets, null: all are kept'),
  sk_wmem_alloc: byteCount('truesize of skbs handed down and not yet released'),
  sk_omem_alloc: byteCount('option memory'),
  sk_sndbuf: byteCount('limit of send memory'),
  sk_receive_queue: embed(sk_buff_head, 'in order data the reader has not taken'),
  sk_error_queue: embed(sk_buff_head, 'errors that IP_RECVERR asks for'),
  sk_write_queue: embed(sk_buff_head, 'data sent but not acked, then data not yet sent'),
  sk_wmem_queued: byteCount('truesize on the write queue'),
  sk_forward_alloc: byteCount('memory charged to the protocol but not yet used'),
  sk_allocation: int('allocation flags'),
  sk_route_caps: hex32('features of the device the route leads to'),
  sk_route_nocaps: hex32('features not to use'),
  sk_gso_type: hex32('GSO type of this protocol'),
  sk_gso_max_size: byteCount('largest GSO skb'),
  sk_rcvlowat: byteCount('least to wake a reader for', 1),
  sk_flags: flags('state bits', {
    SOCK_DEAD,
    SOCK_DONE,
    SOCK_URGINLINE,
    SOCK_KEEPOPEN,
    SOCK_LINGER,
    SOCK_BROADCAST,
    SOCK_DBG,
    SOCK_LOCALROUTE,
    SOCK_QUEUE_SHRUNK,
    SOCK_TIMESTAMP,
    SOCK_USE_WRITE_QUEUE,
  }),
  sk_err: int('error to report'),
  sk_err_soft: int('error that does not end the connection'),
  sk_ack_backlog: int('connections waiting for accept'),
  sk_max_ack_backlog: int('most that may wait'),
  sk_lingertime: int('how long close() waits for the FIN to be acknowledged, jiffies (with SOCK_LINGER)'),
  sk_priority: int('priority of its packets'),
  sk_mark: int('mark of its packets'),
  sk_rxhash: hex32('flow hash of what was received'),
  sk_rcvtimeo: int('receive timeout, jiffies', Number.MAX_SAFE_INTEGER),
  sk_sndtimeo: int('send timeout, jiffies', Number.MAX_SAFE_INTEGER),
  sk_timer: embed(timer_list, 'keepalive timer'),
  sk_socket: ref<socket>('file side'),
  sk_sndmsg_page: ref<page>('page being filled by sendmsg'),
  sk_sndmsg_off: byteCount('how far it is filled'),
  sk_send_head: ref<sk_buff>('first skb not yet sent'),
  sk_write_pending: int('a write waits'),
  sk_no_check: int('1: no checksum when sending, 2: none wanted when receiving'),
  sk_drops: int('packets dropped for want of room'),
  sk_userlocks: flags('what the user set', {
    SOCK_SNDBUF_LOCK,
    SOCK_RCVBUF_LOCK,
    SOCK_BINDADDR_LOCK,
    SOCK_BINDPORT_LOCK,
  }),
  sk_state_change: fn<(sk: sock) => void>('called when the state changes'),
  sk_data_ready: fn<(sk: sock, bytes: number) => void>('called when data has arrived'),
  sk_write_space: fn<(sk: sock) => void>('called when send memory is free'),
  sk_error_report: fn<(sk: sock) => void>('called on an error'),
  sk_backlog_rcv: fn<(sk: sock, skb: sk_buff) => Kgen<number>>('takes a segment off the backlog'),
  sk_destruct: fn<(sk: sock) => void>('called at the end'),
});
export interface sock extends InstanceType<typeof sock> {}

/** True when the bit is set in sk_flags. */
export const sock_flag = (sk: sock, flag: number): boolean => (sk.sk_flags & flag) !== 0;

/**
 * Sets a bit of sk_flags.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_set_flag(sk: sock, flag: number): void {
  sk.sk_flags |= flag;
}

/**
 * Clears a bit of sk_flags.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_reset_flag(sk: sock, flag: number): void {
  sk.sk_flags &= ~flag;
}

/**
 * One more holder of the socket.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sock_hold(sk: sock): void {
  sk.skc_refcnt++;
}

/**
 * One holder less; surely not the last.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function __sock_put(sk: sock): void {
  sk.skc_refcnt--;
}

/**
 * Sets or clears a bit of sk_flags.
 * @modelled net/core/sock.c
 * @cost 2
 */
export function sock_valbool_flag(sk: sock, bit: number, valbool: boolean): void {
  if (valbool) {
    sock_set_flag(sk, bit);
  } else {
    sock_reset_flag(sk, bit);
  }
}

/**
 * The file side lets go of the socket: from here on it is an orphan.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sock_orphan(sk: sock): void {
  sock_set_flag(sk, SOCK_DEAD);
  sk_set_socket(sk, null);
  sk.sk_wq = null;
}

/**
 * The wait queue of a socket.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_sleep(sk: sock): wait_queue_head_t {
  return (sk.sk_wq as socket_wq).wait;
}

/**
 * True when somebody sleeps on the queue.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function wq_has_sleeper(wq: socket_wq | null): boolean {
  return wq !== null && wq.wait.task_list.length > 0;
}

/** True while a task owns the socket. */
export const sock_owned_by_user = (sk: sock): boolean => sk.sk_lock.owned;

/**
 * Takes the socket's spinlock in a softirq.
 * @modelled include/net/sock.h
 * @cost 0
 */
export function* bh_lock_sock(sk: sock): Kgen {
  yield* spin_lock(sk.sk_lock.slock);
}

/**
 * Takes the socket's spinlock in a softirq; the nesting matters to lockdep only.
 * @modelled include/net/sock.h
 * @cost 0
 */
export function* bh_lock_sock_nested(sk: sock): Kgen {
  yield* spin_lock(sk.sk_lock.slock);
}

/**
 * Releases the socket's spinlock.
 * @modelled include/net/sock.h
 * @cost 0
 */
export function bh_unlock_sock(sk: sock): void {
  spin_unlock(sk.sk_lock.slock);
}

/** Pages that hold `amt` bytes. */
export const sk_mem_pages = (amt: number): number => (amt + SK_MEM_QUANTUM - 1) >> SK_MEM_QUANTUM_SHIFT;

/** True when the protocol's memory limits are counted for this socket. */
export const sk_has_account = (sk: sock): boolean => (sk.skc_prot as proto).sysctl_mem !== undefined;

/**
 * Uses up memory that sk_mem_schedule provided.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function sk_mem_charge(sk: sock, size: number): void {
  if (sk_has_account(sk)) {
    sk.sk_forward_alloc -= size;
  }
}

/**
 * Makes used memory available to this socket again.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function sk_mem_uncharge(sk: sock, size: number): void {
  if (sk_has_account(sk)) {
    sk.sk_forward_alloc += size;
  }
}

/** Free space a writer must find before it is woken, bytes: half of what is queued. */
export const sk_stream_min_wspace = (sk: sock): number => sk.sk_wmem_queued >> 1;

/** Free send space, bytes; negative while the limit is overrun. */
export const sk_stream_wspace = (sk: sock): number => sk.sk_sndbuf - sk.sk_wmem_queued;

/**
 * True while a new skb may be put on the write queue.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function sk_stream_memory_free(sk: sock): boolean {
  return sk.sk_wmem_queued < sk.sk_sndbuf;
}

/**
 * Lowers the send limit to half of what is queued: memory is short.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_stream_moderate_sndbuf(sk: sock): void {
  if ((sk.sk_userlocks & SOCK_SNDBUF_LOCK) === 0) {
    sk.sk_sndbuf = Math.max(Math.min(sk.sk_sndbuf, sk.sk_wmem_queued >> 1), SOCK_MIN_SNDBUF);
  }
}

/**
 * True while a datagram socket has half of its send buffer free.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function sock_writeable(sk: sock): boolean {
  return sk.sk_wmem_alloc < sk.sk_sndbuf >> 1;
}

/**
 * Bytes to wake a reader for.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_rcvlowat(sk: sock, waitall: boolean | number, len: number): number {
  return (waitall ? len : Math.min(sk.sk_rcvlowat, len)) || 1;
}

/**
 * How long a reader may sleep, jiffies.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_rcvtimeo(sk: sock, noblock: boolean | number): number {
  return noblock ? 0 : sk.sk_rcvtimeo;
}

/**
 * How long a writer may sleep, jiffies.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_sndtimeo(sk: sock, noblock: boolean | number): number {
  return noblock ? 0 : sk.sk_sndtimeo;
}

/**
 * The error of an interrupted sleep: restarted if it had no time limit.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_intr_errno(timeo: number): number {
  return timeo === MAX_SCHEDULE_TIMEOUT ? -ERESTARTSYS : -EINTR;
}

/**
 * Takes the pending error of a socket: negative, or 0.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sock_error(sk: sock): number {
  if (sk.sk_err === 0) {
    return 0;
  }
  const err = sk.sk_err;
  sk.sk_err = 0;
  return -err;
}

/**
 * True when one more segment would not fit the receive buffer, backlog included.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_rcvqueues_full(sk: sock, skb: sk_buff): boolean {
  return sk.sk_backlog.len + sk.sk_rmem_alloc + skb.truesize > sk.sk_rcvbuf;
}

/**
 * Appends to the backlog; the caller has the spinlock.
 * @modelled include/net/sock.h
 * @cost 6
 */
export function __sk_add_backlog(sk: sock, skb: sk_buff): void {
  const backlog = sk.sk_backlog;
  skb_dst_force(skb);
  if (backlog.tail === null) {
    backlog.head = skb;
  } else {
    backlog.tail.next = skb;
  }
  backlog.tail = skb;
  skb.next = null;
}

/**
 * Appends to the backlog unless the receive buffer is full: 0, or -ENOBUFS.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sk_add_backlog(sk: sock, skb: sk_buff): number {
  if (sk_rcvqueues_full(sk, skb)) {
    return -ENOBUFS;
  }
  __sk_add_backlog(sk, skb);
  sk.sk_backlog.len += skb.truesize;
  return 0;
}

/**
 * Hands a segment to the protocol in the owner's context.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function* sk_backlog_rcv(sk: sock, skb: sk_buff): Kgen<number> {
  return yield* (sk.sk_backlog_rcv as NonNullable<sock['sk_backlog_rcv']>)(sk, skb);
}

/**
 * Notes for receive flow steering that the reader of this flow runs on this CPU.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sock_rps_record_flow(sk: sock): void {
  rps_record_sock_flow(rps_sock_flows(), sk.sk_rxhash);
}

/**
 * Forgets on which CPU the reader of this flow runs.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sock_rps_reset_flow(sk: sock): void {
  rps_reset_sock_flow(rps_sock_flows(), sk.sk_rxhash);
}

/**
 * Remembers the flow hash the device or RPS has given the segment.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sock_rps_save_rxhash(sk: sock, rxhash: number): void {
  if (sk.sk_rxhash !== rxhash) {
    sock_rps_reset_flow(sk);
    sk.sk_rxhash = rxhash;
  }
}

/**
 * The TX queue that the socket's last packets took, −1: none is remembered.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_tx_queue_get(sk: sock | null): number {
  return sk === null ? -1 : sk.skc_tx_queue_mapping;
}

/**
 * Remembers the TX queue, so that packets of a connection stay in order.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_tx_queue_set(sk: sock, tx_queue: number): void {
  sk.skc_tx_queue_mapping = tx_queue;
}

/**
 * Forgets the TX queue: another one may be chosen.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_tx_queue_clear(sk: sock): void {
  sk.skc_tx_queue_mapping = -1;
}

/**
 * Ties the protocol side to the file side.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_set_socket(sk: sock, sock: socket | null): void {
  sk_tx_queue_clear(sk);
  sk.sk_socket = sock;
}

/** In no hash table. Merged into its callers everywhere: no call. */
export const sk_unhashed = (sk: sock): boolean => !sk.skc_hashed;

/**
 * Counts a socket among the owners of a port.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_add_bind_node(sk: sock, tb: { owners: sock | null }): void {
  sk.skc_bind_next = tb.owners;
  tb.owners = sk;
}

/** The cached route of an owned socket. */
export const __sk_dst_get = (sk: sock): dst_entry | null => sk.sk_dst_cache;

/**
 * Caches a route; the reference to it passes to the socket.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function __sk_dst_set(sk: sock, dst: dst_entry | null): void {
  sk_tx_queue_clear(sk);
  const old = sk.sk_dst_cache;
  sk.sk_dst_cache = dst;
  dst_release(old);
}

/**
 * The cached route with a reference, or null; for callers that do not own the socket.
 * @modelled include/net/sock.h
 * @cost 5
 */
export function sk_dst_get(sk: sock): dst_entry | null {
  const dst = sk.sk_dst_cache;
  if (dst !== null) {
    dst.__refcnt++;
  }
  return dst;
}

/**
 * Caches a route; for callers that do not own the socket.
 * @modelled include/net/sock.h
 * @omits spin_lock: nobody else can look meanwhile
 * @cost 6
 */
export function sk_dst_set(sk: sock, dst: dst_entry | null): void {
  __sk_dst_set(sk, dst);
}

/**
 * Forgets the cached route; for callers that do not own the socket.
 * @modelled include/net/sock.h
 * @cost 5
 */
export function sk_dst_reset(sk: sock): void {
  sk_dst_set(sk, null);
}

/**
 * Notes what time stamps a sender wants.
 * @simplified nobody asks for time stamps of what was sent: 0
 * @cost 2
 */
export function sock_tx_timestamp(_sk: sock): number {
  return 0;
}

/**
 * Gives a reader time stamp and number of drops, if it asked for them: nobody does.
 * @simplified no ancillary data
 * @cost 3
 */
export function sock_recv_ts_and_drops(_msg: msghdr, _sk: sock, _skb: sk_buff): void {}

/**
 * Nothing comes back: the route may be to blame, and is given up if it does not stand on its own.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function dst_negative_advice(sk: sock): void {
  const dst = __sk_dst_get(sk);
  if (dst === null || dst.ops === null) return;
  const ndst = dst.ops.negative_advice(dst);
  if (ndst !== dst) {
    sk.sk_dst_cache = ndst;
    sk_tx_queue_clear(sk);
  }
}

/**
 * Forgets the cached route.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function __sk_dst_reset(sk: sock): void {
  __sk_dst_set(sk, null);
}

/**
 * True when skbs of this socket may be larger than a segment.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function sk_can_gso(sk: sock): boolean {
  return net_gso_ok(sk.sk_route_caps, sk.sk_gso_type);
}

/**
 * Takes the socket off an skb that was steered to it early.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function skb_steal_sock(skb: sk_buff): sock | null {
  const { sk } = skb;
  if (sk !== null) {
    skb.destructor = null;
    skb.sk = null;
  }
  return sk;
}

/**
 * Tells asynchronous waiters (SIGIO).
 * @simplified no process in the model asks for signals
 * @cost 2
 */
export function sk_wake_async(_sk: sock, _how: number, _band: number): void {}
