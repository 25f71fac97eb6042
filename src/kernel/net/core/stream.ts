/** Mirrors net/core/stream.c (2.6.39): waiting for connection and send memory of stream sockets. Left out: fasync. */

import type { Kgen } from '../../arch/current';
import { kernel } from '../../arch/current';
import { EAGAIN, EPIPE } from '../../include/linux/errno';
import { MSG_NOSIGNAL, SOCK_ASYNC_NOSPACE, SOCK_NOSPACE, type socket, type socket_wq } from '../../include/linux/net';
import { skb_queue_empty } from '../../include/linux/skbuff';
import {
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_LAST_ACK,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from '../../include/linux/tcp';
import { HZ } from '../../include/linux/timer';
import { SIGPIPE, TASK_INTERRUPTIBLE } from '../../include/linux/wait';
import {
  POLLOUT,
  POLLWRBAND,
  POLLWRNORM,
  SEND_SHUTDOWN,
  sk_sleep,
  sk_stream_memory_free,
  sk_stream_min_wspace,
  sk_stream_wspace,
  type sock,
  sock_error,
  sock_intr_errno,
  type timeo_ptr,
  wq_has_sleeper,
} from '../../include/net/sock';
import { current, MAX_SCHEDULE_TIMEOUT, schedule_timeout } from '../../kernel/sched';
import { send_sig } from '../../kernel/signal';
import { __wake_up, DEFINE_WAIT, finish_wait, prepare_to_wait } from '../../kernel/wait';
import { __skb_queue_purge } from './skbuff';
import { lock_sock, release_sock, sk_mem_reclaim } from './sock';

/** States in which our FIN is on its way, as a set of bits. */
const CLOSING = (1 << TCP_FIN_WAIT1) | (1 << TCP_CLOSING) | (1 << TCP_LAST_ACK);
/** States in which data may be sent, as a set of bits. */
const CONNECTED = (1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT);

/**
 * Wakes writers once a third of the send buffer is free (free space at least half of what is queued).
 * @modelled net/core/stream.c
 * @cost 8
 */
export function sk_stream_write_space(sk: sock): void {
  const sock = sk.sk_socket;
  if (sock === null || sk_stream_wspace(sk) < sk_stream_min_wspace(sk)) {
    return;
  }
  sock.flags &= ~SOCK_NOSPACE;
  if (wq_has_sleeper(sk.sk_wq)) {
    __wake_up((sk.sk_wq as socket_wq).wait, TASK_INTERRUPTIBLE, 1, POLLOUT | POLLWRNORM | POLLWRBAND);
  }
}

/**
 * Sleeps until the connection is made: 0, or -errno.
 * @modelled net/core/stream.c
 */
export function* sk_stream_wait_connect(sk: sock, timeo_p: timeo_ptr): Kgen<number> {
  const wait = DEFINE_WAIT();
  let done = false;
  do {
    const err = sock_error(sk);
    if (err !== 0) {
      return err;
    }
    if (sk.skc_state !== TCP_SYN_SENT && sk.skc_state !== TCP_SYN_RECV) {
      return -EPIPE;
    }
    if (timeo_p.timeo === 0) {
      return -EAGAIN;
    }
    if (current().signal_pending) {
      return sock_intr_errno(timeo_p.timeo);
    }
    prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
    sk.sk_write_pending++;
    yield* release_sock(sk);
    if (sk.sk_err !== 0 || ((1 << sk.skc_state) & CONNECTED) === 0) {
      timeo_p.timeo = yield* schedule_timeout(timeo_p.timeo);
    }
    yield* lock_sock(sk);
    done = sk.sk_err === 0 && ((1 << sk.skc_state) & CONNECTED) !== 0;
    finish_wait(sk_sleep(sk), wait);
    sk.sk_write_pending--;
  } while (!done);
  return 0;
}

/**
 * Sleeps until a new skb may be put on the write queue: 0, or -errno. The socket is not owned meanwhile, so that ACKs
 * can free some. When the queue has room (the protocol's memory is short) it naps 2 to HZ/5 + 1 jiffies.
 * @modelled net/core/stream.c
 * @cost 15
 */
export function* sk_stream_wait_memory(sk: sock, timeo_p: timeo_ptr): Kgen<number> {
  const wait = DEFINE_WAIT();
  const sock = sk.sk_socket as socket;
  let err = 0;
  let vm_wait = 0;
  let current_timeo = timeo_p.timeo;
  if (sk_stream_memory_free(sk)) {
    vm_wait = (kernel.arch.random32() % (HZ / 5)) + 2;
    current_timeo = vm_wait;
  }
  for (;;) {
    sock.flags |= SOCK_ASYNC_NOSPACE;
    prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
    if (sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0) {
      err = -EPIPE;
      break;
    }
    if (timeo_p.timeo === 0) {
      err = -EAGAIN;
      break;
    }
    if (current().signal_pending) {
      err = sock_intr_errno(timeo_p.timeo);
      break;
    }
    sock.flags &= ~SOCK_ASYNC_NOSPACE;
    if (sk_stream_memory_free(sk) && vm_wait === 0) {
      break;
    }
    sock.flags |= SOCK_NOSPACE;
    sk.sk_write_pending++;
    yield* release_sock(sk);
    let met = sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || (sk_stream_memory_free(sk) && vm_wait === 0);
    if (!met) {
      current_timeo = yield* schedule_timeout(current_timeo);
    }
    yield* lock_sock(sk);
    met = sk.sk_err !== 0 || (sk.sk_shutdown & SEND_SHUTDOWN) !== 0 || (sk_stream_memory_free(sk) && vm_wait === 0);
    sk.sk_write_pending--;
    if (vm_wait !== 0) {
      vm_wait -= current_timeo;
      current_timeo = timeo_p.timeo;
      if (current_timeo !== MAX_SCHEDULE_TIMEOUT) {
        current_timeo = Math.max(current_timeo - vm_wait, 0);
      }
      vm_wait = 0;
    }
    timeo_p.timeo = current_timeo;
  }
  finish_wait(sk_sleep(sk), wait);
  return err;
}

/**
 * The error of a failed send: a broken pipe turns into the socket's own error if there is one; else the writer gets SIGPIPE too, unless it
 * asked for none (MSG_NOSIGNAL).
 * @modelled net/core/stream.c
 * @cost 3
 */
export function sk_stream_error(sk: sock, flags: number, err: number): number {
  if (err !== -EPIPE) {
    return err;
  }
  const own = sock_error(sk) || -EPIPE;
  if (own === -EPIPE && (flags & MSG_NOSIGNAL) === 0) {
    send_sig(SIGPIPE, current(), 0);
  }
  return own;
}

/**
 * True while the peer has not acknowledged our FIN.
 * @modelled net/core/stream.c
 * @cost 2
 */
export function sk_stream_closing(sk: sock): boolean {
  return ((1 << sk.skc_state) & CLOSING) !== 0;
}

/**
 * Sleeps until the FIN is acknowledged, at most `timeout` jiffies (SO_LINGER); 0: not at all.
 * @modelled net/core/stream.c
 * @cost 4
 */
export function* sk_stream_wait_close(sk: sock, timeout: number): Kgen {
  if (timeout === 0) {
    return;
  }
  const wait = DEFINE_WAIT();
  let timeo = timeout;
  do {
    prepare_to_wait(sk_sleep(sk), wait, TASK_INTERRUPTIBLE);
    yield* release_sock(sk);
    if (sk_stream_closing(sk)) {
      timeo = yield* schedule_timeout(timeo);
    }
    yield* lock_sock(sk);
    if (!sk_stream_closing(sk)) {
      break;
    }
  } while (!current().signal_pending && timeo !== 0);
  finish_wait(sk_sleep(sk), wait);
}

/**
 * Frees what a stream socket has queued, at its end; the write queue is empty by now.
 * @modelled net/core/stream.c
 */
export function sk_stream_kill_queues(sk: sock): void {
  __skb_queue_purge(sk.sk_receive_queue);
  __skb_queue_purge(sk.sk_error_queue);
  if (!skb_queue_empty(sk.sk_write_queue)) {
    throw new Error('sk_stream_kill_queues: the write queue is not empty');
  }
  sk_mem_reclaim(sk);
}
