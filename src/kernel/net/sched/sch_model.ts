/** Puts a qdisc on the TX queues of a device, as `tc qdisc replace dev eth0 root ...` does. No such file in Linux. */
import { type net_device, netdev_get_tx_queue } from '../../include/linux/netdevice';
import type { Qdisc } from '../../include/net/sch_generic';
import { bfifo_qdisc_ops, pfifo_qdisc_ops } from './sch_fifo';
import { dev_graft_qdisc, noqueue_qdisc_ops, pfifo_fast_ops, qdisc_create_dflt } from './sch_generic';
import { netem_qdisc_ops } from './sch_netem';
import { tbf_change, tbf_qdisc_ops } from './sch_tbf';

/** A qdisc with its parameters. */
export type QdiscParameters =
  /** limit: packets (tx_queue_len). */
  | { readonly kind: 'pfifo_fast'; readonly limit?: number }
  /** limit: packets. */
  | { readonly kind: 'pfifo'; readonly limit: number }
  /** limit: bytes. */
  | { readonly kind: 'bfifo'; readonly limit: number }
  /** rate in bits a second, burst and limit in bytes. */
  | { readonly kind: 'tbf'; readonly rate: number; readonly burst: number; readonly limit: number }
  /** delay and jitter in ns; loss, duplicate, corrupt and reorder as chances from 0 to 1; limit: packets. */
  | {
      readonly kind: 'netem';
      readonly limit?: number;
      readonly delay?: number;
      readonly jitter?: number;
      readonly loss?: number;
      readonly duplicate?: number;
      readonly corrupt?: number;
      readonly reorder?: number;
      readonly gap?: number;
    }
  | { readonly kind: 'noqueue' };

const BITS_PER_BYTE = 8;
/** Chance 1 of netem. */
const CERTAIN = 0xffffffff;

/**
 * Replaces the root qdisc of each TX queue.
 * @model stands for the netlink messages of tc, and for `ip link set txqueuelen`
 */
export function qdisc_model_attach(dev: net_device, wanted: QdiscParameters): void {
  if (wanted.kind === 'pfifo_fast' && wanted.limit !== undefined) {
    dev.tx_queue_len = wanted.limit;
  }
  for (let index = 0; index < dev.num_tx_queues; index++) {
    const txq = netdev_get_tx_queue(dev, index);
    switch (wanted.kind) {
      case 'pfifo_fast':
        dev_graft_qdisc(txq, qdisc_create_dflt(txq, pfifo_fast_ops));
        break;
      case 'noqueue':
        dev.tx_queue_len = 0;
        dev_graft_qdisc(txq, qdisc_create_dflt(txq, noqueue_qdisc_ops));
        break;
      case 'pfifo':
      case 'bfifo': {
        const fifo = qdisc_create_dflt(txq, wanted.kind === 'pfifo' ? pfifo_qdisc_ops : bfifo_qdisc_ops);
        fifo.limit = wanted.limit;
        dev_graft_qdisc(txq, fifo);
        break;
      }
      case 'netem': {
        const netem = qdisc_create_dflt(txq, netem_qdisc_ops);
        const q = netem.netem;
        if (q !== null) {
          q.limit = wanted.limit ?? q.limit;
          (q.qdisc as Qdisc).limit = q.limit;
          q.latency = wanted.delay ?? 0;
          q.jitter = wanted.jitter ?? 0;
          q.loss = Math.round((wanted.loss ?? 0) * CERTAIN);
          q.duplicate = Math.round((wanted.duplicate ?? 0) * CERTAIN);
          q.corrupt = Math.round((wanted.corrupt ?? 0) * CERTAIN);
          q.reorder = Math.round((wanted.reorder ?? 0) * CERTAIN);
          q.gap = wanted.gap ?? (q.reorder > 0 ? 1 : 0);
        }
        dev_graft_qdisc(txq, netem);
        break;
      }
      default: {
        const tbf = qdisc_create_dflt(txq, tbf_qdisc_ops);
        tbf_change(tbf, wanted.rate / BITS_PER_BYTE, wanted.burst, wanted.limit);
        dev_graft_qdisc(txq, tbf);
      }
    }
  }
}
