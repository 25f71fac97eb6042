/**
 * Mirrors net/core/request_sock.c (2.6.39): the queues of a listener are made and emptied.
 */
import { heap } from '../../../base/heap';
import { kernel, sysctl } from '../../arch/current';
import {
  listen_sock,
  MAX_SYN_TABLE,
  reqsk_free,
  type request_sock,
  type request_sock_queue,
} from '../../include/net/request_sock';

const NO_REQ = null as unknown as request_sock;
const LEAST_TABLE = 8;

/**
 * Most requests a SYN queue is made for. The kernel sets it when TCP starts: a 256th of the buckets of the connection hash,
 * which a machine with 4 GiB has 524288 of.
 */
export const sysctl_max_syn_backlog = (): number => sysctl('ipv4.tcp_max_syn_backlog', 2048);

const roundup_pow_of_two = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/**
 * Makes the SYN queue of a listener, with room for `nr_table_entries` requests at least: the next power of two above. 0.
 * @simplified the table has at most 2048 buckets
 * @cost 60
 */
export function reqsk_queue_alloc(queue: request_sock_queue, nr_table_entries: number): number {
  const wanted = Math.max(Math.min(nr_table_entries >>> 0, sysctl_max_syn_backlog(), MAX_SYN_TABLE - 1), LEAST_TABLE);
  const entries = roundup_pow_of_two(wanted + 1);
  const lopt = new listen_sock();
  lopt.syn_table.set(entries - 1, NO_REQ);
  lopt.max_qlen_log = Math.max(3, Math.log2(entries));
  lopt.hash_rnd = kernel.arch.random32();
  queue.rskq_accept_head = null;
  lopt.nr_table_entries = entries;
  queue.listen_opt = lopt;
  return 0;
}

/**
 * Frees the SYN queue of a listener that could not be started: nothing is in it.
 * @modelled net/core/request_sock.c
 */
export function __reqsk_queue_destroy(queue: request_sock_queue): void {
  const lopt = reqsk_queue_yank_listen_sk(queue);
  heap.release(lopt);
}

/**
 * Takes the SYN queue off a listener.
 * @modelled net/core/request_sock.c
 */
export function reqsk_queue_yank_listen_sk(queue: request_sock_queue): listen_sock {
  const lopt = queue.listen_opt as listen_sock;
  queue.listen_opt = null;
  return lopt;
}

/**
 * Frees the SYN queue with all that is in it.
 * @modelled net/core/request_sock.c
 */
export function reqsk_queue_destroy(queue: request_sock_queue): void {
  const lopt = reqsk_queue_yank_listen_sk(queue);
  if (lopt.qlen !== 0) {
    for (let i = 0; i < lopt.nr_table_entries; i++) {
      for (let req = lopt.syn_table.at(i) as request_sock | null; req !== null; ) {
        const next: request_sock | null = req.dl_next;
        lopt.syn_table.set(i, next as request_sock);
        lopt.qlen--;
        reqsk_free(req);
        req = next;
      }
    }
  }
  heap.release(lopt);
}
