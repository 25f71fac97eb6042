/** Mirrors include/net/sch_generic.h (2.6.39): Qdisc and its operations. */
import { byteCount, embed, flags, int, list, ns, ref, struct, table } from '../../../base/struct';
import type { net_device, netdev_queue } from '../linux/netdevice';
import { type sk_buff, sk_buff_head } from '../linux/skbuff';
import { spinlock_t } from '../linux/spinlock';
import { hrtimer } from '../linux/timer';

export const TCQ_F_BUILTIN = 1;
export const TCQ_F_THROTTLED = 2;
export const TCQ_F_CAN_BYPASS = 4;

export const __QDISC_STATE_SCHED = 1 << 0;
export const __QDISC_STATE_DEACTIVATED = 1 << 1;
/** Kept in __state here; 2.6.39 has it as __QDISC___STATE_RUNNING. */
export const __QDISC___STATE_RUNNING = 1 << 2;

export const NET_XMIT_SUCCESS = 0;
export const NET_XMIT_DROP = 1;
export const NET_XMIT_CN = 2;
export const NET_XMIT_POLICED = 3;

export interface Qdisc_ops {
  id: string;
  enqueue: ((skb: sk_buff, qdisc: Qdisc) => number) | null;
  dequeue: (qdisc: Qdisc) => sk_buff | null;
  peek: (qdisc: Qdisc) => sk_buff | null;
  init: ((qdisc: Qdisc) => void) | null;
}

/** Token bucket state (net/sched/sch_tbf.c). */
export const tbf_sched_data = struct('tbf_sched_data', {
  limit: byteCount('most bytes queued'),
  buffer: ns('depth of the bucket, as time to send it'),
  rate: byteCount('bytes a second'),
  max_size: byteCount('largest packet let in'),
  tokens: ns('tokens now, as time'),
  t_c: ns('when tokens were last counted'),
  qdisc: ref<Qdisc>('inner qdisc that holds the packets'),
  watchdog: embed(hrtimer, 'fires when enough tokens are there'),
});
export interface tbf_sched_data extends InstanceType<typeof tbf_sched_data> {}

export const Qdisc = struct('Qdisc', {
  ops: table<Qdisc_ops>('operations'),
  flags: flags('how it behaves', { TCQ_F_BUILTIN, TCQ_F_THROTTLED, TCQ_F_CAN_BYPASS }),
  __state: flags('scheduled, switched off, running', { __QDISC_STATE_SCHED, __QDISC_STATE_DEACTIVATED, __QDISC___STATE_RUNNING }),
  limit: int('most it holds'),
  dev: ref<net_device>('device it serves'),
  dev_queue: ref<netdev_queue>('TX queue it serves'),
  gso_skb: ref<sk_buff>('packet the driver refused: goes first next time'),
  q: embed(sk_buff_head, 'the queue, or only its length'),
  band: list(ref<sk_buff_head>('band'), 3, 'pfifo_fast: one queue a band'),
  bitmap: int('pfifo_fast: bands that are not empty'),
  qlen: int('packets in it'),
  backlog: byteCount('bytes in it'),
  bstats_bytes: byteCount('bytes sent'),
  bstats_packets: int('packets sent'),
  drops: int('packets dropped'),
  requeues: int('packets put back'),
  overlimits: int('times it had to wait'),
  running_cpu: int('CPU that runs it, -1: none', -1),
  root_lock: embed(spinlock_t, 'the root lock'),
  busylock: embed(spinlock_t, 'taken first while another CPU runs it'),
  next_sched: ref<Qdisc>('next on the output queue of a CPU'),
  tbf: ref<tbf_sched_data>('private data of tbf'),
});
export interface Qdisc extends InstanceType<typeof Qdisc> {}
