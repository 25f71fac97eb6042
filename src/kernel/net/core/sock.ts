/**
 * Mirrors net/core/sock.c (2.6.39), with those inline functions of include/net/sock.h that call it or net/core/skbuff.c.
 * Modelled: owning a socket and its backlog, memory accounting, charging skbs to sockets, waking, route caching, timers.
 * Left out: socket options, credentials, filters, asynchronous I/O, cgroups.
 */

import { heap } from '../../../base/heap';
import { copyStruct, type StructClass } from '../../../base/struct';
import { type Kgen, kernel_global, sysctl } from '../../arch/current';
import {
  EAGAIN,
  EDOM,
  EFAULT,
  EINVAL,
  ENOBUFS,
  ENOMEM,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPIPE,
} from '../../include/linux/errno';
import { GFP_KERNEL } from '../../include/linux/gfp';
import { IPPROTO_TCP } from '../../include/linux/ip';
import {
  SOCK_ASYNC_NOSPACE,
  SOCK_ASYNC_WAITDATA,
  SOCK_NOSPACE,
  SOCK_STREAM,
  type socket,
  type socket_wq,
} from '../../include/linux/net';
import {
  NETIF_F_GSO,
  NETIF_F_GSO_SOFTWARE,
  NETIF_F_HW_CSUM,
  NETIF_F_SG,
  type net_device,
} from '../../include/linux/netdevice';
import {
  __skb_queue_tail,
  __skb_unlink,
  CHECKSUM_NONE,
  type page,
  type sk_buff,
  skb_orphan,
  skb_queue_head_init,
} from '../../include/linux/skbuff';
import { spin_lock, spin_unlock } from '../../include/linux/spinlock';
import { TCP_CLOSE, TCP_LISTEN } from '../../include/linux/tcp';
import { HZ, type timer_list } from '../../include/linux/timer';
import { access_ok, copy_from_user, get_user, get_user64, put_user } from '../../include/linux/uaccess';
import { TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, type wait_queue_head_t } from '../../include/linux/wait';
import { type dst_entry, dst_release, skb_dst_force } from '../../include/net/dst';
import {
  __sk_dst_get,
  __sk_dst_set,
  __sock_put,
  type accounted_proto,
  bh_lock_sock,
  bh_unlock_sock,
  POLLERR,
  POLLIN,
  POLLOUT,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  type proto,
  proto_memory,
  SEND_SHUTDOWN,
  SK_MEM_QUANTUM,
  SK_MEM_QUANTUM_SHIFT,
  SK_MEM_RECV,
  SK_MEM_SEND,
  SOCK_BINDPORT_LOCK,
  SOCK_BROADCAST,
  SOCK_DBG,
  SOCK_DEAD,
  SOCK_DONE,
  SOCK_KEEPOPEN,
  SOCK_LINGER,
  SOCK_LOCALROUTE,
  SOCK_MIN_RCVBUF,
  SOCK_MIN_SNDBUF,
  SOCK_QUEUE_SHRUNK,
  SOCK_RCVBUF_LOCK,
  SOCK_SNDBUF_LOCK,
  SOCK_TIMESTAMP,
  SOCK_TIMESTAMPING_RX_SOFTWARE,
  SOCK_URGINLINE,
  SOCK_USE_WRITE_QUEUE,
  SOCK_WAKE_IO,
  SOCK_WAKE_SPACE,
  SOCK_WAKE_URG,
  SOCK_WAKE_WAITD,
  sk_backlog_rcv,
  sk_can_gso,
  sk_dst_get,
  sk_dst_reset,
  sk_has_account,
  sk_mem_charge,
  sk_mem_pages,
  sk_mem_uncharge,
  sk_set_socket,
  sk_sleep,
  sk_stream_moderate_sndbuf,
  sk_tx_queue_clear,
  sk_wake_async,
  type sock,
  sock_error,
  sock_flag,
  sock_hold,
  sock_intr_errno,
  sock_orphan,
  sock_owned_by_user,
  sock_reset_flag,
  sock_set_flag,
  sock_sndtimeo,
  sock_valbool_flag,
  sock_writeable,
  type timeo_ptr,
  wq_has_sleeper,
} from '../../include/net/sock';
import { put_pid } from '../../kernel/pid';
import { __cond_resched_softirq, current, MAX_SCHEDULE_TIMEOUT, schedule, schedule_timeout } from '../../kernel/sched';
import { send_sigurg } from '../../kernel/signal';
import { local_bh_enable, spin_lock_bh, spin_unlock_bh } from '../../kernel/softirq';
import { del_timer, mod_timer, timer_pending } from '../../kernel/timer';
import {
  __wake_up,
  __wake_up_sync_key,
  DEFINE_WAIT,
  finish_wait,
  prepare_to_wait,
  prepare_to_wait_exclusive,
  TASK_NORMAL,
  waitqueue_active,
} from '../../kernel/wait';
import { csum_and_copy_from_user, csum_block_add, type err_ptr } from '../../lib/checksum';
import { alloc_pages } from '../../mm/page_alloc';
import { sk_filter } from './filter';
import { __kfree_skb, alloc_skb } from './skbuff';

/** Wake-up bands of SIGIO (asm-generic/siginfo.h). */
export const POLL_IN = 1;
export const POLL_OUT = 2;
export const POLL_ERR = 4;
export const POLL_PRI = 5;
export const POLL_HUP = 6;

/** Default socket buffers: 256 packets of 256 bytes with their sk_buff, bytes. */
export const SK_WMEM_MAX = 256 * (240 + 256);
export const SK_RMEM_MAX = 256 * (240 + 256);

/** What all TCP sockets of this host share: tcp_memory_allocated, tcp_memory_pressure, tcp_sockets_allocated. */
export const tcp_memory = kernel_global(() => new proto_memory());

/** What all UDP sockets of this host share: udp_memory_allocated. */
export const udp_memory = kernel_global(() => new proto_memory());

/** The shared memory of a socket's protocol: in C `*sk->sk_prot->memory_allocated` and its neighbours. */
const memory_of = (sk: sock): proto_memory => (sk.skc_prot?.name === 'UDP' ? udp_memory() : tcp_memory());

/**
 * Makes a socket's protocol side known: counted, with one reference and one in sk_wmem_alloc.
 * @simplified the caller allocates the struct (`new tcp_sock()`), since its size depends on the protocol
 */
export function sk_alloc<T extends sock>(sk: T, family: number, prot: NonNullable<sock['skc_prot']>): T {
  sk.skc_family = family;
  sk.skc_prot = prot;
  sk.sk_wmem_alloc = 1;
  sk.skc_refcnt = 1;
  sk_tx_queue_clear(sk);
  return sk;
}

/**
 * Gives a new socket its queues, limits and callbacks, and ties it to its file side.
 * @modelled net/core/sock.c
 * @cost 60
 */
export function sock_init_data(sock: socket | null, sk: sock): void {
  skb_queue_head_init(sk.sk_receive_queue);
  skb_queue_head_init(sk.sk_write_queue);
  skb_queue_head_init(sk.sk_error_queue);
  sk.sk_send_head = null;
  sk.sk_allocation = GFP_KERNEL;
  sk.sk_rcvbuf = sysctl('core.rmem_default', SK_RMEM_MAX);
  sk.sk_sndbuf = sysctl('core.wmem_default', SK_WMEM_MAX);
  sk.skc_state = TCP_CLOSE;
  sk_set_socket(sk, sock);
  if (sock !== null) {
    sk.sk_type = sock.type;
    sk.sk_wq = sock.wq;
    sock.sk = sk;
  } else {
    sk.sk_wq = null;
  }
  sk.sk_state_change = sock_def_wakeup;
  sk.sk_data_ready = sock_def_readable;
  sk.sk_write_space = sock_def_write_space;
  sk.sk_error_report = sock_def_error_report;
  sk.sk_destruct = sock_def_destruct;
  sk.sk_sndmsg_page = null;
  sk.sk_sndmsg_off = 0;
  sk.sk_write_pending = 0;
  sk.sk_rcvlowat = 1;
  sk.sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT;
  sk.sk_sndtimeo = MAX_SCHEDULE_TIMEOUT;
}

/** Options of SOL_SOCKET (asm-generic/socket.h). */
const SO_DEBUG = 1;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_DONTROUTE = 5;
const SO_BROADCAST = 6;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const SO_OOBINLINE = 10;
const SO_NO_CHECK = 11;
const SO_PRIORITY = 12;
const SO_LINGER = 13;
const SO_BSDCOMPAT = 14;
const SO_RCVLOWAT = 18;
const SO_SNDLOWAT = 19;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_ACCEPTCONN = 30;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
/** struct linger and struct timeval of x86-64, bytes. */
const SIZEOF_LINGER = 8;
const SIZEOF_TIMEVAL = 16;
const USEC_PER_SEC = 1_000_000;
const INT_MAX = 0x7fffffff;

/**
 * Sets a timeout from a struct timeval in user memory, jiffies; zero means none. 0, or -errno.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function sock_set_timeout(set: (timeo: number) => void, optval: number, optlen: number): number {
  if (optlen < SIZEOF_TIMEVAL) {
    return -EINVAL;
  }
  const sec = get_user64(optval);
  const usec = get_user64(optval + 8);
  if (sec === null || usec === null) {
    return -EFAULT;
  }
  if (usec < 0 || usec >= USEC_PER_SEC) {
    return -EDOM;
  }
  if (sec < 0) {
    set(0);
  } else if (sec === 0 && usec === 0) {
    set(MAX_SCHEDULE_TIMEOUT);
  } else {
    const usecs_a_jiffy = USEC_PER_SEC / HZ;
    set(Math.min(sec * HZ + Math.ceil(usec / usecs_a_jiffy), MAX_SCHEDULE_TIMEOUT));
  }
  return 0;
}

/**
 * Sets an option that all sockets have. Buffer sizes are bounded by rmem_max and wmem_max, then doubled: half is for overhead. 0, or -errno.
 * @modelled net/core/sock.c
 * @omits sock_bindtodevice: one device a host
 * @omits sock_enable_timestamp: no timestamps for programs
 * @omits sk_attach_filter: no socket filters
 * @cost 30
 */
export function* sock_setsockopt(
  sock: socket,
  _level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const sk = sock.sk as sock;
  if (optlen < 4) {
    return -EINVAL;
  }
  let val = get_user(optval);
  if (val === null) {
    return -EFAULT;
  }
  const valbool = val !== 0;
  let ret = 0;
  yield* lock_sock(sk);
  switch (optname) {
    case SO_DEBUG:
      sock_valbool_flag(sk, SOCK_DBG, valbool);
      break;
    case SO_REUSEADDR:
      sk.skc_reuse = valbool ? 1 : 0;
      break;
    case SO_DONTROUTE:
      sock_valbool_flag(sk, SOCK_LOCALROUTE, valbool);
      break;
    case SO_BROADCAST:
      sock_valbool_flag(sk, SOCK_BROADCAST, valbool);
      break;
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
      if (optname === SO_SNDBUF) {
        val = Math.min(val >>> 0, sysctl('core.wmem_max', SK_WMEM_MAX));
      }
      sk.sk_userlocks |= SOCK_SNDBUF_LOCK;
      sk.sk_sndbuf = Math.max(val * 2, SOCK_MIN_SNDBUF);
      sk.sk_write_space?.(sk);
      break;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      if (optname === SO_RCVBUF) {
        val = Math.min(val >>> 0, sysctl('core.rmem_max', SK_RMEM_MAX));
      }
      sk.sk_userlocks |= SOCK_RCVBUF_LOCK;
      sk.sk_rcvbuf = Math.max(val * 2, SOCK_MIN_RCVBUF);
      break;
    case SO_KEEPALIVE:
      if (sk.sk_protocol === IPPROTO_TCP) {
        (sk.skc_prot as proto).set_keepalive?.(sk, valbool);
      }
      sock_valbool_flag(sk, SOCK_KEEPOPEN, valbool);
      break;
    case SO_OOBINLINE:
      sock_valbool_flag(sk, SOCK_URGINLINE, valbool);
      break;
    case SO_NO_CHECK:
      sk.sk_no_check = valbool ? 1 : 0;
      break;
    case SO_PRIORITY:
      sk.sk_priority = val;
      break;
    case SO_LINGER: {
      const linger = optlen < SIZEOF_LINGER ? null : get_user(optval + 4);
      if (linger === null) {
        ret = optlen < SIZEOF_LINGER ? -EINVAL : -EFAULT;
      } else if (!valbool) {
        sock_reset_flag(sk, SOCK_LINGER);
      } else {
        sk.sk_lingertime = (linger >>> 0) * HZ;
        sock_set_flag(sk, SOCK_LINGER);
      }
      break;
    }
    case SO_BSDCOMPAT:
      break;
    case SO_RCVLOWAT:
      sk.sk_rcvlowat = val < 0 ? INT_MAX : val || 1;
      break;
    case SO_RCVTIMEO:
      ret = sock_set_timeout((timeo) => (sk.sk_rcvtimeo = timeo), optval, optlen);
      break;
    case SO_SNDTIMEO:
      ret = sock_set_timeout((timeo) => (sk.sk_sndtimeo = timeo), optval, optlen);
      break;
    case SO_MARK:
      sk.sk_mark = val;
      break;
    default:
      ret = -ENOPROTOOPT;
  }
  yield* release_sock(sk);
  return ret;
}

/** The numbers that an option of SOL_SOCKET reads as, null: there is no such option. */
const sock_option = (sk: sock, optname: number): readonly number[] | null => {
  const bit = (flag: number): readonly number[] => [sock_flag(sk, flag) ? 1 : 0];
  const timeval = (timeo: number): readonly number[] =>
    timeo === MAX_SCHEDULE_TIMEOUT ? [0, 0, 0, 0] : [Math.floor(timeo / HZ), 0, ((timeo % HZ) * USEC_PER_SEC) / HZ, 0];
  switch (optname) {
    case SO_DEBUG:
      return bit(SOCK_DBG);
    case SO_DONTROUTE:
      return bit(SOCK_LOCALROUTE);
    case SO_BROADCAST:
      return bit(SOCK_BROADCAST);
    case SO_SNDBUF:
      return [sk.sk_sndbuf];
    case SO_RCVBUF:
      return [sk.sk_rcvbuf];
    case SO_REUSEADDR:
      return [sk.skc_reuse];
    case SO_KEEPALIVE:
      return bit(SOCK_KEEPOPEN);
    case SO_TYPE:
      return [sk.sk_type];
    case SO_PROTOCOL:
      return [sk.sk_protocol];
    case SO_DOMAIN:
      return [sk.skc_family];
    case SO_ERROR: {
      const err = -sock_error(sk);
      if (err !== 0) return [err];
      const soft = sk.sk_err_soft;
      sk.sk_err_soft = 0;
      return [soft];
    }
    case SO_OOBINLINE:
      return bit(SOCK_URGINLINE);
    case SO_NO_CHECK:
      return [sk.sk_no_check];
    case SO_PRIORITY:
      return [sk.sk_priority];
    case SO_LINGER:
      return [sock_flag(sk, SOCK_LINGER) ? 1 : 0, Math.trunc(sk.sk_lingertime / HZ)];
    case SO_RCVTIMEO:
      return timeval(sk.sk_rcvtimeo);
    case SO_SNDTIMEO:
      return timeval(sk.sk_sndtimeo);
    case SO_RCVLOWAT:
      return [sk.sk_rcvlowat];
    case SO_SNDLOWAT:
      return [1];
    case SO_ACCEPTCONN:
      return [sk.skc_state === TCP_LISTEN ? 1 : 0];
    case SO_MARK:
      return [sk.sk_mark];
    default:
      return null;
  }
};

/**
 * Reads an option that all sockets have. SO_ERROR takes the error away. 0, or -errno.
 * @modelled net/core/sock.c
 * @omits cred_to_ucred: no credentials
 * @cost 20
 */
export function sock_getsockopt(sock: socket, _level: number, optname: number, optval: number, optlen: number): number {
  const len = get_user(optlen);
  if (len === null) {
    return -EFAULT;
  }
  if (len < 0) {
    return -EINVAL;
  }
  const words = sock_option(sock.sk as sock, optname);
  return words === null ? -ENOPROTOOPT : put_option(words, len, optval, optlen);
}

/** Writes an option's value, cut to the `len` bytes the program has room for, and its length: copy_to_user and put_user. */
export const put_option = (words: readonly number[], len: number, optval: number, optlen: number): number => {
  const size = Math.min(len, words.length * 4);
  if (!access_ok(optval, size)) return -EFAULT;
  for (let i = 0; i < size; i++) heap.write8(optval + i, ((words[i >> 2] as number) >>> (8 * (i & 3))) & 0xff);
  return put_user(size, optlen);
};

/**
 * Sets an option of the protocol.
 * @modelled net/core/sock.c
 * @cost 4
 */
export function* sock_common_setsockopt(
  sock: socket,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const sk = sock.sk as sock;
  const { setsockopt } = sk.skc_prot as proto;
  return setsockopt === undefined ? -EOPNOTSUPP : yield* setsockopt(sk, level, optname, optval, optlen);
}

/**
 * Reads an option of the protocol.
 * @modelled net/core/sock.c
 * @cost 4
 */
export function* sock_common_getsockopt(
  sock: socket,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const sk = sock.sk as sock;
  const { getsockopt } = sk.skc_prot as proto;
  return getsockopt === undefined ? -EOPNOTSUPP : yield* getsockopt(sk, level, optname, optval, optlen);
}

/**
 * Tells the owner of a socket's file of urgent data, and who waits for SIGIO.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sk_send_sigurg(sk: sock): void {
  const file = sk.sk_socket?.file ?? null;
  if (file !== null && send_sigurg(file) !== 0) {
    sk_wake_async(sk, SOCK_WAKE_URG, POLL_PRI);
  }
}

/**
 * Ends timestamps of received packets for this socket.
 * @modelled net/core/sock.c
 * @omits net_disable_timestamp: no socket asks for them
 * @cost 3
 */
export function sock_disable_timestamp(sk: sock, flag: number): void {
  if (sock_flag(sk, flag)) {
    sock_reset_flag(sk, flag);
  }
}

/**
 * Frees the memory of a socket.
 * @modelled net/core/sock.c
 * @omits security_sk_free: no security module
 * @cost 15
 */
export function sk_prot_free(_prot: proto, sk: sock): void {
  heap.release(sk);
}

/**
 * A new protocol side like `sk`'s, all fields as made.
 * @simplified the struct is of the same type as `sk`; in C the protocol's slab
 * @cost 40
 */
export function sk_prot_alloc(sk: sock): sock {
  const newsk = new (sk.$type as StructClass<sock>)();
  sk_tx_queue_clear(newsk);
  return newsk;
}

/**
 * Copies a socket as it is.
 * @modelled net/core/sock.c
 * @cost 120
 */
export function sock_copy(nsk: sock, osk: sock): void {
  copyStruct(nsk, osk);
}

/**
 * An empty wait queue.
 * @modelled kernel/wait.c
 * @cost 2
 */
export function __init_waitqueue_head(q: wait_queue_head_t): void {
  q.task_list.clear();
}

/**
 * A lock that nobody holds.
 * @modelled net/core/sock.c
 * @cost 4
 */
export function sock_lock_init(sk: sock): void {
  const { slock } = sk.sk_lock;
  slock.owner = -1;
  slock.waiters = 0;
  slock.state = 0;
  sk.sk_lock.owned = false;
  sk.sk_lock.owner = null;
  __init_waitqueue_head(sk.sk_lock.wq);
}

/**
 * Makes a socket like another, but with nothing queued, on no file and in no table. It comes locked, with two references.
 * @modelled net/core/sock.c
 * @omits xfrm_sk_clone_policy: no IPsec
 * @omits sk_filter_charge: no filters
 * @cost 80
 */
export function* sk_clone(sk: sock, _priority: number): Kgen<sock | null> {
  const newsk = sk_prot_alloc(sk);
  sock_copy(newsk, sk);
  newsk.skc_nulls_next = null;
  newsk.skc_hashed = false;
  newsk.skc_bind_next = null;
  sock_lock_init(newsk);
  yield* bh_lock_sock(newsk);
  newsk.sk_backlog.head = null;
  newsk.sk_backlog.tail = null;
  newsk.sk_backlog.len = 0;
  newsk.sk_rmem_alloc = 0;
  newsk.sk_wmem_alloc = 1;
  newsk.sk_omem_alloc = 0;
  skb_queue_head_init(newsk.sk_receive_queue);
  skb_queue_head_init(newsk.sk_write_queue);
  skb_queue_head_init(newsk.sk_error_queue);
  newsk.sk_dst_cache = null;
  newsk.sk_wmem_queued = 0;
  newsk.sk_forward_alloc = 0;
  newsk.sk_send_head = null;
  newsk.sk_userlocks &= ~SOCK_BINDPORT_LOCK;
  sock_reset_flag(newsk, SOCK_DONE);
  newsk.sk_err = 0;
  newsk.sk_priority = 0;
  newsk.skc_refcnt = 2;
  sk_set_socket(newsk, null);
  newsk.sk_wq = null;
  tcp_memory().sockets_allocated++;
  return newsk;
}

/**
 * Ties a connection to the file that accept() made for it.
 * @modelled include/net/sock.h
 * @omits security_sock_graft: no security module
 * @cost 4
 */
export function sock_graft(sk: sock, parent: socket): void {
  sk.sk_wq = parent.wq;
  parent.sk = sk;
  sk_set_socket(sk, parent);
}

/**
 * What a protocol without a destructor does.
 * @modelled net/core/sock.c
 */
export function sock_def_destruct(_sk: sock): void {}

/**
 * Waits, asleep, until no other task owns the socket. Entered and left with the spinlock held.
 * @modelled net/core/sock.c
 */
export function* __lock_sock(sk: sock): Kgen {
  const wait = DEFINE_WAIT();
  for (;;) {
    prepare_to_wait_exclusive(sk.sk_lock.wq, wait, TASK_UNINTERRUPTIBLE);
    yield* spin_unlock_bh(sk.sk_lock.slock);
    yield* schedule();
    yield* spin_lock_bh(sk.sk_lock.slock);
    if (!sock_owned_by_user(sk)) {
      break;
    }
  }
  finish_wait(sk.sk_lock.wq, wait);
}

/**
 * Runs the segments that arrived while the socket was owned, until none is left. The spinlock is dropped meanwhile,
 * so that more may arrive; bottom halves stay disabled.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function* __release_sock(sk: sock): Kgen {
  const backlog = sk.sk_backlog;
  let skb = backlog.head;
  do {
    backlog.head = null;
    backlog.tail = null;
    bh_unlock_sock(sk);
    while (skb !== null) {
      const next: sk_buff | null = skb.next;
      skb.next = null;
      yield* sk_backlog_rcv(sk, skb);
      yield* __cond_resched_softirq();
      skb = next;
    }
    yield* spin_lock(sk.sk_lock.slock);
    skb = backlog.head;
  } while (skb !== null);
  backlog.len = 0;
}

/**
 * Owns the socket: other tasks wait, softirqs put what arrives on the backlog.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function* lock_sock(sk: sock): Kgen {
  yield* lock_sock_nested(sk, 0);
}

/**
 * Owns the socket, sleeping while another task does.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function* lock_sock_nested(sk: sock, _subclass: number): Kgen {
  yield* spin_lock_bh(sk.sk_lock.slock);
  if (sk.sk_lock.owned) {
    yield* __lock_sock(sk);
  }
  sk.sk_lock.owned = true;
  sk.sk_lock.owner = current();
  spin_unlock(sk.sk_lock.slock);
  yield* local_bh_enable();
}

/**
 * Gives the socket back: runs the backlog, then wakes a task that waits to own it.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function* release_sock(sk: sock): Kgen {
  yield* spin_lock_bh(sk.sk_lock.slock);
  if (sk.sk_backlog.tail !== null) {
    yield* __release_sock(sk);
  }
  sk.sk_lock.owned = false;
  sk.sk_lock.owner = null;
  if (waitqueue_active(sk.sk_lock.wq)) {
    __wake_up(sk.sk_lock.wq, TASK_NORMAL, 1, 0);
  }
  yield* spin_unlock_bh(sk.sk_lock.slock);
}

/**
 * Takes the socket's spinlock and, if nobody owns the socket, no more (false); else waits to own it (true).
 * @modelled net/core/sock.c
 * @cost 8
 */
export function* lock_sock_fast(sk: sock): Kgen<boolean> {
  yield* spin_lock_bh(sk.sk_lock.slock);
  if (!sk.sk_lock.owned) {
    return false;
  }
  yield* __lock_sock(sk);
  sk.sk_lock.owned = true;
  sk.sk_lock.owner = current();
  spin_unlock(sk.sk_lock.slock);
  yield* local_bh_enable();
  return true;
}

/**
 * Ends what lock_sock_fast began; `slow` is what that returned.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function* unlock_sock_fast(sk: sock, slow: boolean): Kgen {
  if (slow) {
    yield* release_sock(sk);
  } else {
    yield* spin_unlock_bh(sk.sk_lock.slock);
  }
}

/**
 * Sleeps until data are in the receive queue or the time is over; the socket is not owned meanwhile. True when there
 * are data.
 * @modelled net/core/sock.c
 * @cost 12
 */
export function* sk_wait_data(sk: sock, timeo: timeo_ptr): Kgen<boolean> {
  const wait = DEFINE_WAIT();
  const sock = sk.sk_socket as socket;
  prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
  sock.flags |= SOCK_ASYNC_WAITDATA;
  yield* release_sock(sk);
  if (sk.sk_receive_queue.next === null) {
    timeo.timeo = yield* schedule_timeout(timeo.timeo);
  }
  yield* lock_sock(sk);
  const rc = sk.sk_receive_queue.next !== null;
  sock.flags &= ~SOCK_ASYNC_WAITDATA;
  finish_wait(sk_sleep(sk), wait);
  return rc;
}

/**
 * Provides `size` more bytes, in whole pages: free under the first limit, under pressure over the second, refused over
 * the third, except that each socket may have its minimum. 1, or 0: refused.
 * @modelled net/core/sock.c
 * @modelled net/core/sock.c
 * @cost 20
 */
export function __sk_mem_schedule(sk: sock, size: number, kind: number): number {
  const prot = sk.skc_prot as accounted_proto;
  const amt = sk_mem_pages(size);
  const pool = memory_of(sk);
  sk.sk_forward_alloc += amt * SK_MEM_QUANTUM;
  pool.memory_allocated += amt;
  const allocated = pool.memory_allocated;
  if (allocated <= prot.sysctl_mem.at(0)) {
    if (pool.memory_pressure) {
      pool.memory_pressure = false;
    }
    return 1;
  }
  if (allocated > prot.sysctl_mem.at(1)) {
    sk_enter_memory_pressure(sk);
  }
  if (allocated <= prot.sysctl_mem.at(2)) {
    if (kind === SK_MEM_RECV) {
      if (sk.sk_rmem_alloc < prot.sysctl_rmem.at(0)) {
        return 1;
      }
    } else if (sk.sk_type === SOCK_STREAM) {
      if (sk.sk_wmem_queued < prot.sysctl_wmem.at(0)) {
        return 1;
      }
    } else if (sk.sk_wmem_alloc < prot.sysctl_wmem.at(0)) {
      return 1;
    }
    if (!pool.memory_pressure) {
      return 1;
    }
    const used = sk_mem_pages(sk.sk_wmem_queued + sk.sk_rmem_alloc + sk.sk_forward_alloc);
    if (prot.sysctl_mem.at(2) > pool.sockets_allocated * used) {
      return 1;
    }
  }
  if (kind === SK_MEM_SEND && sk.sk_type === SOCK_STREAM) {
    sk_stream_moderate_sndbuf(sk);
    if (sk.sk_wmem_queued + size >= sk.sk_sndbuf) {
      return 1;
    }
  }
  sk.sk_forward_alloc -= amt * SK_MEM_QUANTUM;
  pool.memory_allocated -= amt;
  return 0;
}

/**
 * Notes that the protocol's memory is short.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function sk_enter_memory_pressure(sk: sock): void {
  const pool = memory_of(sk);
  // Only TCP has a state of pressure.
  if (!pool.memory_pressure && sk.sk_type === SOCK_STREAM) {
    pool.memory_pressure = true;
  }
}

/**
 * Gives whole pages that the socket does not use back to the protocol.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function __sk_mem_reclaim(sk: sock): void {
  const prot = sk.skc_prot as accounted_proto;
  const pool = memory_of(sk);
  pool.memory_allocated -= sk.sk_forward_alloc >> SK_MEM_QUANTUM_SHIFT;
  sk.sk_forward_alloc &= SK_MEM_QUANTUM - 1;
  if (pool.memory_pressure && pool.memory_allocated < prot.sysctl_mem.at(0)) {
    pool.memory_pressure = false;
  }
}

/**
 * Gives memory back if a page or more is unused.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_mem_reclaim(sk: sock): void {
  if (sk_has_account(sk) && sk.sk_forward_alloc >= SK_MEM_QUANTUM) {
    __sk_mem_reclaim(sk);
  }
}

/**
 * Gives memory back if more than a page is unused.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_mem_reclaim_partial(sk: sock): void {
  if (sk_has_account(sk) && sk.sk_forward_alloc > SK_MEM_QUANTUM) {
    __sk_mem_reclaim(sk);
  }
}

/**
 * Sees to it that `size` bytes can be charged for sending.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_wmem_schedule(sk: sock, size: number): boolean {
  if (!sk_has_account(sk)) {
    return true;
  }
  return size <= sk.sk_forward_alloc || __sk_mem_schedule(sk, size, SK_MEM_SEND) !== 0;
}

/**
 * Sees to it that `size` bytes can be charged for receiving.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function sk_rmem_schedule(sk: sock, size: number): boolean {
  if (!sk_has_account(sk)) {
    return true;
  }
  return size <= sk.sk_forward_alloc || __sk_mem_schedule(sk, size, SK_MEM_RECV) !== 0;
}

/**
 * Frees an skb of the write queue: its memory can be used again, and writers may be woken.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function sk_wmem_free_skb(sk: sock, skb: sk_buff): void {
  sk.sk_flags |= SOCK_QUEUE_SHRUNK;
  sk.sk_wmem_queued -= skb.truesize;
  sk_mem_uncharge(sk, skb.truesize);
  __kfree_skb(skb);
}

/**
 * Takes an skb that was read to its end off the receive queue and frees it.
 * @modelled include/net/sock.h
 * @omits dma_async_memcpy: no copy engine
 * @cost 3
 */
export function sk_eat_skb(sk: sock, skb: sk_buff, _copied_early: boolean | number): void {
  __skb_unlink(skb, sk.sk_receive_queue);
  __kfree_skb(skb);
}

/**
 * A page for sendmsg to fill, or null: then the protocol is under pressure.
 * @modelled include/net/sock.h
 * @cost 6
 */
export function sk_stream_alloc_page(sk: sock): page | null {
  const page = alloc_pages(sk.sk_allocation, 0);
  if (page === null) {
    sk_enter_memory_pressure(sk);
    sk_stream_moderate_sndbuf(sk);
  }
  return page;
}

/**
 * Copies a user's bytes into a page and counts them in the skb; the fragment is the caller's affair. 0, or -EFAULT.
 * @modelled include/net/sock.h
 * @cost 6
 */
export function skb_copy_to_page(sk: sock, from: number, skb: sk_buff, page: page, off: number, copy: number): number {
  if (skb.ip_summed === CHECKSUM_NONE) {
    const err: err_ptr = { err: 0 };
    const csum = csum_and_copy_from_user(from, page.virtual + off, copy, 0, err);
    if (err.err !== 0) {
      return err.err;
    }
    skb.csum = csum_block_add(skb.csum, csum, skb.len);
  } else if (copy_from_user(page.virtual + off, from, copy) !== 0) {
    return -EFAULT;
  }
  skb.len += copy;
  skb.data_len += copy;
  skb.truesize += copy;
  sk.sk_wmem_queued += copy;
  sk_mem_charge(sk, copy);
  return 0;
}

/**
 * Charges a segment on its way down to its socket, until the driver or the qdisc lets go of it.
 * @modelled include/net/sock.h
 * @cost 6
 */
export function skb_set_owner_w(skb: sk_buff, sk: sock): void {
  skb_orphan(skb);
  skb.sk = sk;
  skb.destructor = sock_wfree;
  sk.sk_wmem_alloc += skb.truesize;
}

/**
 * Charges a received segment to its socket, until it is read.
 * @modelled include/net/sock.h
 * @cost 6
 */
export function skb_set_owner_r(skb: sk_buff, sk: sock): void {
  skb_orphan(skb);
  skb.sk = sk;
  skb.destructor = sock_rfree;
  sk.sk_rmem_alloc += skb.truesize;
  sk_mem_charge(sk, skb.truesize);
}

/**
 * Ends the charge of a segment sent. Sockets whose writers wait for the write queue (TCP) are not woken by this.
 * @modelled net/core/sock.c
 * @cost 12
 */
export function sock_wfree(skb: sk_buff): void {
  const sk = skb.sk as sock;
  let len = skb.truesize;
  if (!sock_flag(sk, SOCK_USE_WRITE_QUEUE)) {
    sk.sk_wmem_alloc -= len - 1;
    sk.sk_write_space?.(sk);
    len = 1;
  }
  sk.sk_wmem_alloc -= len;
  if (sk.sk_wmem_alloc === 0) {
    __sk_free(sk);
  }
}

/**
 * An skb charged to its socket, or null: the send buffer is full (unless `force`), or memory is short.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_wmalloc(sk: sock, size: number, force: number, priority: number): sk_buff | null {
  if (force === 0 && sk.sk_wmem_alloc >= sk.sk_sndbuf) {
    return null;
  }
  const skb = alloc_skb(size, priority);
  if (skb !== null) {
    skb_set_owner_w(skb, sk);
  }
  return skb;
}

/**
 * Sleeps until the send buffer has room. Gives what is left of the time, jiffies.
 * @modelled net/core/sock.c
 * @cost 12
 */
export function* sock_wait_for_wmem(sk: sock, timeo: number): Kgen<number> {
  const wait = DEFINE_WAIT();
  const sock = sk.sk_socket as socket;
  let left = timeo;
  sock.flags &= ~SOCK_ASYNC_NOSPACE;
  while (left !== 0 && !current().signal_pending) {
    sock.flags |= SOCK_NOSPACE;
    prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
    if (sk.sk_wmem_alloc < sk.sk_sndbuf || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || sk.sk_err !== 0) {
      break;
    }
    left = yield* schedule_timeout(left);
  }
  finish_wait(sk_sleep(sk), wait);
  return left;
}

/**
 * An skb charged to its socket; sleeps while the send buffer is full. Null, and an error: none could be had.
 * @modelled net/core/sock.c
 * @omits alloc_pages: nobody asks for data in pages
 * @cost 12
 */
export function* sock_alloc_send_pskb(
  sk: sock,
  header_len: number,
  _data_len: number,
  noblock: number,
  errcode: { err: number },
): Kgen<sk_buff | null> {
  let timeo = sock_sndtimeo(sk, noblock);
  for (;;) {
    const pending = sock_error(sk);
    if (pending !== 0) {
      errcode.err = pending;
      return null;
    }
    if ((sk.sk_shutdown & SEND_SHUTDOWN) !== 0) {
      errcode.err = -EPIPE;
      return null;
    }
    if (sk.sk_wmem_alloc < sk.sk_sndbuf) {
      const skb = alloc_skb(header_len, sk.sk_allocation);
      if (skb === null) {
        errcode.err = -ENOBUFS;
        return null;
      }
      skb_set_owner_w(skb, sk);
      return skb;
    }
    const sock = sk.sk_socket;
    if (sock !== null) {
      sock.flags |= SOCK_ASYNC_NOSPACE | SOCK_NOSPACE;
    }
    if (timeo === 0) {
      errcode.err = -EAGAIN;
      return null;
    }
    if (current().signal_pending) {
      errcode.err = sock_intr_errno(timeo);
      return null;
    }
    timeo = yield* sock_wait_for_wmem(sk, timeo);
  }
}

/**
 * An skb of `size` bytes charged to its socket; sleeps while the send buffer is full.
 * @modelled net/core/sock.c
 * @cost 3
 */
export function* sock_alloc_send_skb(
  sk: sock,
  size: number,
  noblock: number,
  errcode: { err: number },
): Kgen<sk_buff | null> {
  return yield* sock_alloc_send_pskb(sk, size, 0, noblock, errcode);
}

/**
 * Puts a received datagram on the receive queue and wakes the reader: 0, or -ENOMEM when the receive buffer is full, -ENOBUFS
 * when the protocol's memory is.
 * @modelled net/core/sock.c
 * @cost 12
 */
export function* sock_queue_rcv_skb(sk: sock, skb: sk_buff): Kgen<number> {
  if (sk.sk_rmem_alloc + skb.truesize >= sk.sk_rcvbuf) {
    sk.sk_drops++;
    return -ENOMEM;
  }
  const err = sk_filter(sk, skb);
  if (err !== 0) {
    return err;
  }
  if (!sk_rmem_schedule(sk, skb.truesize)) {
    sk.sk_drops++;
    return -ENOBUFS;
  }
  skb.dev = null;
  skb_set_owner_r(skb, sk);
  const { len } = skb;
  skb_dst_force(skb);
  const list = sk.sk_receive_queue;
  yield* spin_lock(list.lock);
  __skb_queue_tail(list, skb);
  spin_unlock(list.lock);
  if (!sock_flag(sk, SOCK_DEAD)) {
    sk.sk_data_ready?.(sk, len);
  }
  return 0;
}

/**
 * Ends the charge of a segment received.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_rfree(skb: sk_buff): void {
  const sk = skb.sk as sock;
  sk.sk_rmem_alloc -= skb.truesize;
  sk_mem_uncharge(sk, skb.truesize);
}

/**
 * Ends a socket: nothing refers to it any more.
 * @modelled net/core/sock.c
 * @omits sk_filter_uncharge: no socket filters
 */
export function __sk_free(sk: sock): void {
  sk.sk_destruct?.(sk);
  sock_disable_timestamp(sk, SOCK_TIMESTAMP);
  sock_disable_timestamp(sk, SOCK_TIMESTAMPING_RX_SOFTWARE);
  put_pid(null);
  sk_prot_free(sk.skc_prot as proto, sk);
}

/**
 * Drops the reference that the socket itself holds in sk_wmem_alloc.
 * @modelled net/core/sock.c
 * @cost 4
 */
export function sk_free(sk: sock): void {
  sk.sk_wmem_alloc--;
  if (sk.sk_wmem_alloc === 0) {
    __sk_free(sk);
  }
}

/**
 * Drops a reference to a socket; the last one frees it.
 * @modelled include/net/sock.h
 * @cost 5
 */
export function sock_put(sk: sock): void {
  sk.skc_refcnt--;
  if (sk.skc_refcnt === 0) {
    sk_free(sk);
  }
}

/**
 * Ends a socket that has no connection to end: it is not found any more, and goes with its last packet.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function* sk_common_release(sk: sock): Kgen {
  const prot = sk.skc_prot as proto;
  const destroying = prot.destroy?.(sk);
  if (destroying !== undefined) {
    yield* destroying;
  }
  prot.unhash?.(sk);
  sock_orphan(sk);
  sock_put(sk);
}

/**
 * (Re)arms a timer of the socket; an armed timer holds the socket.
 * @modelled net/core/sock.c
 * @cost 5
 */
export function sk_reset_timer(sk: sock, timer: timer_list, expires: number): void {
  if (mod_timer(timer, expires) === 0) {
    sock_hold(sk);
  }
}

/**
 * Stops a timer of the socket.
 * @modelled net/core/sock.c
 * @cost 5
 */
export function sk_stop_timer(sk: sock, timer: timer_list): void {
  if (timer_pending(timer) && del_timer(timer) !== 0) {
    __sock_put(sk);
  }
}

/**
 * The cached route of an owned socket, or null if there is none or it is no longer good.
 * @modelled net/core/sock.c
 * @cost 5
 */
export function __sk_dst_check(sk: sock, cookie: number): dst_entry | null {
  const dst = __sk_dst_get(sk);
  if (dst !== null && dst.obsolete !== 0 && dst.ops !== null && dst.ops.check(dst, cookie) === null) {
    sk_tx_queue_clear(sk);
    sk.sk_dst_cache = null;
    dst_release(dst);
    return null;
  }
  return dst;
}

/**
 * The cached route with a reference, or null if there is none or it is no longer good; for callers that do not own the socket.
 * @modelled net/core/sock.c
 * @cost 6
 */
export function sk_dst_check(sk: sock, cookie: number): dst_entry | null {
  const dst = sk_dst_get(sk);
  if (dst !== null && dst.obsolete !== 0 && dst.ops !== null && dst.ops.check(dst, cookie) === null) {
    sk_dst_reset(sk);
    dst_release(dst);
    return null;
  }
  return dst;
}

/** Bits of features that name GSO types. */
const NETIF_F_GSO_MASK = 0x00ff0000;

/**
 * Caches a route and takes over what its device can do.
 * @modelled net/core/sock.c
 * @cost 10
 */
export function sk_setup_caps(sk: sock, dst: dst_entry): void {
  const dev = dst.dev as net_device;
  __sk_dst_set(sk, dst);
  let caps = dev.features;
  if ((caps & NETIF_F_GSO) !== 0) {
    caps |= NETIF_F_GSO_SOFTWARE;
  }
  caps &= ~sk.sk_route_nocaps;
  sk.sk_route_caps = caps;
  if (sk_can_gso(sk)) {
    if (dst.header_len !== 0) {
      sk.sk_route_caps = caps & ~NETIF_F_GSO_MASK;
    } else {
      sk.sk_route_caps = caps | NETIF_F_SG | NETIF_F_HW_CSUM;
      sk.sk_gso_max_size = dev.gso_max_size;
    }
  }
}

/**
 * Wakes who waits for a change of state.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_def_wakeup(sk: sock): void {
  if (wq_has_sleeper(sk.sk_wq)) {
    __wake_up((sk.sk_wq as socket_wq).wait, TASK_INTERRUPTIBLE, 0, 0);
  }
}

/**
 * Wakes who waits, to see an error.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_def_error_report(sk: sock): void {
  if (wq_has_sleeper(sk.sk_wq)) {
    __wake_up((sk.sk_wq as socket_wq).wait, TASK_INTERRUPTIBLE, 1, POLLERR);
  }
  sk_wake_async(sk, SOCK_WAKE_IO, POLL_ERR);
}

/**
 * Wakes a reader: data have arrived.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_def_readable(sk: sock, _len: number): void {
  if (wq_has_sleeper(sk.sk_wq)) {
    __wake_up_sync_key((sk.sk_wq as socket_wq).wait, TASK_INTERRUPTIBLE, 1, POLLIN | POLLRDNORM | POLLRDBAND);
  }
  sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

/**
 * Wakes a writer once half of the send buffer is free.
 * @modelled net/core/sock.c
 * @cost 8
 */
export function sock_def_write_space(sk: sock): void {
  if (sk.sk_wmem_alloc << 1 > sk.sk_sndbuf) {
    return;
  }
  if (wq_has_sleeper(sk.sk_wq)) {
    __wake_up_sync_key((sk.sk_wq as socket_wq).wait, TASK_INTERRUPTIBLE, 1, POLLOUT | POLLWRNORM | POLLWRBAND);
  }
  if (sock_writeable(sk)) {
    sk_wake_async(sk, SOCK_WAKE_SPACE, POLL_OUT);
  }
}
