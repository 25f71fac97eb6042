/**
 * Mirrors net/core/datagram.c (2.6.39): waiting for a datagram, and copying received data to the reader, with or without
 * verifying the checksum.
 * Left out: copying from user pages.
 */
import type { Kgen } from '../../arch/current';
import { EAGAIN, EFAULT, EINVAL, ENOENT, ENOTCONN } from '../../include/linux/errno';
import type { file } from '../../include/linux/fs';
import {
  MSG_DONTWAIT,
  MSG_PEEK,
  SOCK_ASYNC_NOSPACE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type socket,
} from '../../include/linux/net';
import { type poll_table, sock_poll_wait } from '../../include/linux/poll';
import {
  __skb_unlink,
  CHECKSUM_UNNECESSARY,
  type sk_buff,
  skb_frag_address,
  skb_orphan,
  skb_peek,
  skb_queue_empty,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { spin_lock, spin_unlock } from '../../include/linux/spinlock';
import { TCP_ESTABLISHED, TCP_LISTEN } from '../../include/linux/tcp';
import { TASK_INTERRUPTIBLE, type wait_queue_t } from '../../include/linux/wait';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
  sk_sleep,
  type sock,
  sock_error,
  sock_intr_errno,
  sock_rcvtimeo,
  sock_writeable,
  type timeo_ptr,
} from '../../include/net/sock';
import { current, schedule_timeout } from '../../kernel/sched';
import { spin_lock_bh, spin_unlock_bh } from '../../kernel/softirq';
import { autoremove_wake_function, DEFINE_WAIT, finish_wait, prepare_to_wait_exclusive } from '../../kernel/wait';
import { csum_and_copy_to_user, csum_block_add, csum_fold, csum_partial, type err_ptr } from '../../lib/checksum';
import { type csum_ptr, type iovec_ptr, memcpy_toiovec } from './iovec';
import { __kfree_skb, consume_skb, kfree_skb, skb_checksum } from './skbuff';
import { lock_sock_fast, sk_mem_reclaim_partial, unlock_sock_fast } from './sock';

/** Where a datagram function leaves its error; in C a pointer to int. */
export interface error_ptr {
  err: number;
}

/** Says that a datagram was seen before by a reader that only peeked; in C a pointer to int. */
export interface peeked_ptr {
  peeked: number;
}

/**
 * True for a socket on which nothing arrives before it is connected.
 * @modelled net/core/datagram.c
 * @cost 1
 */
export function connection_based(sk: sock): boolean {
  return sk.sk_type === SOCK_SEQPACKET || sk.sk_type === SOCK_STREAM;
}

/**
 * Wakes a reader, but not for events that are no concern of one.
 * @modelled net/core/datagram.c
 * @cost 3
 */
export function receiver_wake_function(wait: wait_queue_t, mode: number, flags: number, key: number): number {
  if (key !== 0 && (key & (POLLIN | POLLERR)) === 0) {
    return 0;
  }
  return autoremove_wake_function(wait, mode, flags, key);
}

/**
 * Sleeps until something arrives: 0 to look again, else it is over and `err` says why (0: the socket was shut down).
 * @modelled net/core/datagram.c
 * @cost 12
 */
export function* wait_for_packet(sk: sock, err: error_ptr, timeo_p: timeo_ptr): Kgen<number> {
  const wait = DEFINE_WAIT();
  wait.func = receiver_wake_function;
  prepare_to_wait_exclusive(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
  let error = sock_error(sk);
  if (error !== 0) {
    err.err = error;
  } else if (skb_queue_empty(sk.sk_receive_queue)) {
    if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) {
      err.err = 0;
      error = 1;
    } else if (connection_based(sk) && sk.skc_state !== TCP_ESTABLISHED && sk.skc_state !== TCP_LISTEN) {
      error = -ENOTCONN;
      err.err = error;
    } else if (current().signal_pending) {
      error = sock_intr_errno(timeo_p.timeo);
      err.err = error;
    } else {
      timeo_p.timeo = yield* schedule_timeout(timeo_p.timeo);
    }
  }
  finish_wait(sk_sleep(sk), wait);
  return error;
}

/**
 * Takes the first datagram of the receive queue, or only a reference to it when peeking; sleeps until there is one. Null and
 * an error: none came.
 * @modelled net/core/datagram.c
 * @cost 15
 */
export function* __skb_recv_datagram(
  sk: sock,
  flags: number,
  peeked: peeked_ptr,
  err: error_ptr,
): Kgen<sk_buff | null> {
  let error = sock_error(sk);
  if (error !== 0) {
    err.err = error;
    return null;
  }
  const timeo: timeo_ptr = { timeo: sock_rcvtimeo(sk, flags & MSG_DONTWAIT) };
  do {
    const queue = sk.sk_receive_queue;
    yield* spin_lock(queue.lock);
    const skb = skb_peek(queue);
    if (skb !== null) {
      peeked.peeked = skb.peeked ? 1 : 0;
      if ((flags & MSG_PEEK) !== 0) {
        skb.peeked = true;
        skb.users++;
      } else {
        __skb_unlink(skb, queue);
      }
      spin_unlock(queue.lock);
      return skb;
    }
    spin_unlock(queue.lock);
    error = -EAGAIN;
    if (timeo.timeo === 0) {
      err.err = error;
      return null;
    }
  } while ((yield* wait_for_packet(sk, err, timeo)) === 0);
  return null;
}

/**
 * Takes the first datagram of the receive queue; sleeps until there is one.
 * @modelled net/core/datagram.c
 * @cost 4
 */
export function* skb_recv_datagram(sk: sock, flags: number, noblock: number, err: error_ptr): Kgen<sk_buff | null> {
  const peeked: peeked_ptr = { peeked: 0 };
  return yield* __skb_recv_datagram(sk, flags | (noblock !== 0 ? MSG_DONTWAIT : 0), peeked, err);
}

/**
 * Lets go of a datagram that was read.
 * @modelled net/core/datagram.c
 * @cost 5
 */
export function skb_free_datagram(sk: sock, skb: sk_buff): void {
  consume_skb(skb);
  sk_mem_reclaim_partial(sk);
}

/**
 * Lets go of a datagram that was read. Its charge is given back under the socket's lock, so that memory accounting stays
 * right; the rest is freed outside.
 * @modelled net/core/datagram.c
 * @cost 8
 */
export function* skb_free_datagram_locked(sk: sock, skb: sk_buff): Kgen {
  if (skb.users !== 1) {
    skb.users--;
    return;
  }
  const slow = yield* lock_sock_fast(sk);
  skb_orphan(skb);
  sk_mem_reclaim_partial(sk);
  yield* unlock_sock_fast(sk, slow);
  __kfree_skb(skb);
}

/**
 * Drops a datagram that turned out to be broken, even if it was only peeked at: 0, or -ENOENT when somebody else has taken it.
 * @modelled net/core/datagram.c
 * @cost 8
 */
export function* skb_kill_datagram(sk: sock, skb: sk_buff, flags: number): Kgen<number> {
  let err = 0;
  if ((flags & MSG_PEEK) !== 0) {
    err = -ENOENT;
    yield* spin_lock_bh(sk.sk_receive_queue.lock);
    if (skb === skb_peek(sk.sk_receive_queue)) {
      __skb_unlink(skb, sk.sk_receive_queue);
      skb.users--;
      err = 0;
    }
    yield* spin_unlock_bh(sk.sk_receive_queue.lock);
  }
  kfree_skb(skb);
  sk.sk_drops++;
  sk_mem_reclaim_partial(sk);
  return err;
}

/**
 * Copies `len` bytes from `offset` in the data to the pieces, which shrink: 0, or -EFAULT.
 * @modelled net/core/datagram.c
 * @cost 10
 */
export function skb_copy_datagram_iovec(skb: sk_buff, offset: number, to: iovec_ptr, len: number): number {
  let at = offset;
  let left = len;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    if (memcpy_toiovec(to, skb.data + at, copy) !== 0) {
      return -EFAULT;
    }
    at += copy;
    left -= copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      if (memcpy_toiovec(to, skb_frag_address(frag) + at - start, copy) !== 0) {
        return -EFAULT;
      }
      at += copy;
      left -= copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      if (skb_copy_datagram_iovec(list, at - start, to, copy) !== 0) {
        return -EFAULT;
      }
      at += copy;
      left -= copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Copies `len` bytes from `offset` in the data to one piece of user memory and adds their sum: 0, or -EFAULT.
 * @modelled net/core/datagram.c
 * @cost 10
 */
export function skb_copy_and_csum_datagram(
  skb: sk_buff,
  offset: number,
  to: number,
  len: number,
  csump: csum_ptr,
): number {
  const err: err_ptr = { err: 0 };
  let at = offset;
  let dst = to;
  let left = len;
  let pos = 0;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    csump.csum = csum_and_copy_to_user(skb.data + at, dst, copy, csump.csum, err);
    if (err.err !== 0) {
      return -EFAULT;
    }
    at += copy;
    dst += copy;
    left -= copy;
    pos = copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      const csum2 = csum_and_copy_to_user(skb_frag_address(frag) + at - start, dst, copy, 0, err);
      if (err.err !== 0) {
        return -EFAULT;
      }
      csump.csum = csum_block_add(csump.csum, csum2, pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      const csum2: csum_ptr = { csum: 0 };
      if (skb_copy_and_csum_datagram(list, at - start, dst, copy, csum2) !== 0) {
        return -EFAULT;
      }
      csump.csum = csum_block_add(csump.csum, csum2.csum, pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Verifies the checksum over the first `len` bytes with what stands in csum: 0 when it is right.
 * @modelled net/core/datagram.c
 * @cost 6
 */
export function __skb_checksum_complete_head(skb: sk_buff, len: number): number {
  const sum = csum_fold(skb_checksum(skb, 0, len, skb.csum));
  if (sum === 0) {
    skb.ip_summed = CHECKSUM_UNNECESSARY;
  }
  return sum;
}

/**
 * Verifies the checksum over all the data: 0 when it is right.
 * @modelled net/core/datagram.c
 * @cost 3
 */
export function __skb_checksum_complete(skb: sk_buff): number {
  return __skb_checksum_complete_head(skb, skb.len);
}

/**
 * Copies the data behind the first `hlen` bytes to the reader and verifies the checksum on the way: 0, -EINVAL for a
 * wrong checksum, -EFAULT. When they do not fit the first piece the checksum is verified before.
 * @modelled net/core/datagram.c
 * @omits netdev_rx_csum_fault: devices here do not err about checksums
 * @cost 10
 */
export function skb_copy_and_csum_datagram_iovec(skb: sk_buff, hlen: number, iov: iovec_ptr): number {
  const chunk = skb.len - hlen;
  if (chunk === 0) {
    return 0;
  }
  const pieces = ('iov_base' in iov ? [iov] : iov).filter((piece) => piece.iov_len > 0);
  const first = pieces[0];
  if (first === undefined) {
    return -EFAULT;
  }
  if (first.iov_len < chunk) {
    if (__skb_checksum_complete(skb) !== 0) {
      return -EINVAL;
    }
    return skb_copy_datagram_iovec(skb, hlen, pieces, chunk) !== 0 ? -EFAULT : 0;
  }
  const sum: csum_ptr = { csum: csum_partial(skb.data, hlen, skb.csum) };
  if (skb_copy_and_csum_datagram(skb, hlen, first.iov_base, chunk, sum) !== 0) {
    return -EFAULT;
  }
  if (csum_fold(sum.csum) !== 0) {
    return -EINVAL;
  }
  first.iov_len -= chunk;
  first.iov_base += chunk;
  return 0;
}

/**
 * What a program may do with a datagram socket now, and that it wants to be woken when that changes.
 * @modelled net/core/datagram.c
 * @cost 12
 */
export function datagram_poll(file: file, sock: socket, wait: poll_table | null): number {
  const sk = sock.sk as sock;
  sock_poll_wait(file, sk_sleep(sk), wait);
  let mask = 0;
  if (sk.sk_err !== 0 || !skb_queue_empty(sk.sk_error_queue)) {
    mask |= POLLERR;
  }
  if ((sk.sk_shutdown & RCV_SHUTDOWN) !== 0) {
    mask |= POLLRDHUP | POLLIN | POLLRDNORM;
  }
  if (sk.sk_shutdown === SHUTDOWN_MASK) {
    mask |= POLLHUP;
  }
  if (!skb_queue_empty(sk.sk_receive_queue)) {
    mask |= POLLIN | POLLRDNORM;
  }
  if (sock_writeable(sk)) {
    mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
  } else {
    sock.flags |= SOCK_ASYNC_NOSPACE;
  }
  return mask;
}
