/**
 * Mirrors net/sched/sch_tbf.c (2.6.39): a token bucket. Packets wait in an inner fifo; one may leave when the bucket holds
 * tokens for its length; otherwise a timer is set for when it will. Tokens are counted as time.
 * Left out: the peak rate bucket, netlink, classes.
 */
import { ops } from '../../../base/dispatch';
import type { net_device } from '../../include/linux/netdevice';
import type { sk_buff } from '../../include/linux/skbuff';
import {
  NET_XMIT_SUCCESS,
  type Qdisc,
  type Qdisc_ops,
  qdisc_bstats_update,
  qdisc_enqueue,
  qdisc_pkt_len,
  qdisc_unthrottled,
  tbf_sched_data,
} from '../../include/net/sch_generic';
import { psched_get_time, qdisc_watchdog_cancel, qdisc_watchdog_init, qdisc_watchdog_schedule } from './sch_api';
import { bfifo_qdisc_ops, fifo_create_dflt } from './sch_fifo';
import { qdisc_dequeue_peeked, qdisc_reset, qdisc_reshape_fail } from './sch_generic';

const NSEC_PER_SEC = 1e9;
/** Entries of a rate table. */
const RTAB_SIZE = 256;
/** Largest packet the rate table is made for unless told otherwise, bytes. */
const TBF_MTU = 2047;

/**
 * Time to send a packet of this length, ns: the length is rounded up to a whole cell of the rate table.
 * @simplified computed, in ns; in Linux the table comes from tc, in units of 64 ns
 * @cost 2
 */
export function qdisc_l2t(q: tbf_sched_data, len: number): number {
  const cell = 1 << q.cell_log;
  return Math.trunc(((Math.trunc(len / cell) + 1) * cell * NSEC_PER_SEC) / q.rate);
}

/**
 * Queues a packet in the inner fifo; one that is longer than the bucket is deep can never leave and is dropped.
 * @modelled net/sched/sch_tbf.c
 */
export function tbf_enqueue(skb: sk_buff, sch: Qdisc): number {
  const q = sch.tbf as tbf_sched_data;
  if (qdisc_pkt_len(skb) > q.max_size) {
    return qdisc_reshape_fail(skb, sch);
  }
  const ret = qdisc_enqueue(skb, q.qdisc as Qdisc);
  if (ret !== NET_XMIT_SUCCESS) {
    sch.drops++;
    return ret;
  }
  sch.q.qlen++;
  return NET_XMIT_SUCCESS;
}

/**
 * Gives the next packet if there are tokens for it, else sets the watchdog.
 * @modelled net/sched/sch_tbf.c
 */
export function tbf_dequeue(sch: Qdisc): sk_buff | null {
  const q = sch.tbf as tbf_sched_data;
  const inner = q.qdisc as Qdisc;
  const next = inner.ops === null ? null : inner.ops.peek(inner);
  if (next === null) {
    return null;
  }
  const now = psched_get_time();
  const earned = Math.min(now - q.t_c, q.buffer);
  const toks = Math.min(earned + q.tokens, q.buffer) - qdisc_l2t(q, qdisc_pkt_len(next));
  if (toks >= 0) {
    const skb = qdisc_dequeue_peeked(inner);
    if (skb === null) {
      return null;
    }
    q.t_c = now;
    q.tokens = toks;
    sch.q.qlen--;
    qdisc_unthrottled(sch);
    qdisc_bstats_update(sch, skb);
    return skb;
  }
  qdisc_watchdog_schedule(q.watchdog, now - toks);
  sch.overlimits++;
  return null;
}

/**
 * The packet that would leave next, tokens or not.
 * @modelled net/sched/sch_generic.c
 */
export function tbf_peek(sch: Qdisc): sk_buff | null {
  const inner = (sch.tbf as tbf_sched_data).qdisc;
  return inner === null || inner.ops === null ? null : inner.ops.peek(inner);
}

/**
 * Frees all packets and fills the bucket.
 * @modelled net/sched/sch_tbf.c
 */
export function tbf_reset(sch: Qdisc): void {
  const q = sch.tbf as tbf_sched_data;
  if (q.qdisc !== null) {
    qdisc_reset(q.qdisc);
  }
  sch.q.qlen = 0;
  q.t_c = psched_get_time();
  q.tokens = q.buffer;
  qdisc_watchdog_cancel(q.watchdog);
}

/**
 * Makes the private data and the watchdog.
 * @modelled net/sched/sch_tbf.c
 */
export function tbf_init(sch: Qdisc): void {
  const q = new tbf_sched_data();
  sch.tbf = q;
  q.t_c = psched_get_time();
  qdisc_watchdog_init(q.watchdog, sch);
}

export const tbf_qdisc_ops = ops<Qdisc_ops>('Qdisc_ops', 'tbf_qdisc_ops', {
  id: 'tbf',
  enqueue: tbf_enqueue,
  dequeue: tbf_dequeue,
  peek: tbf_peek,
  init: tbf_init,
  reset: tbf_reset,
});

/**
 * Sets rate (bytes a second), depth of the bucket and limit of the fifo (bytes), and fills the bucket.
 * @simplified takes the parameters as numbers instead of a netlink message with a rate table
 */
export function tbf_change(sch: Qdisc, rate: number, burst: number, limit: number): void {
  const q = sch.tbf as tbf_sched_data;
  const { mtu, hard_header_len } = sch.dev as net_device;
  let cell_log = 0;
  while (Math.max(TBF_MTU, mtu + hard_header_len) >> cell_log > RTAB_SIZE - 1) {
    cell_log++;
  }
  q.rate = rate;
  q.limit = limit;
  q.cell_log = cell_log;
  q.buffer = Math.trunc((burst * NSEC_PER_SEC) / rate);
  q.max_size = (Math.min(Math.trunc(burst / (1 << cell_log)), RTAB_SIZE) << cell_log) - 1;
  q.tokens = q.buffer;
  if (q.qdisc === null && sch.dev_queue !== null) {
    q.qdisc = fifo_create_dflt(sch.dev_queue, bfifo_qdisc_ops, limit);
  }
}
