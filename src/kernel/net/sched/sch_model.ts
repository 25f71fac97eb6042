/** Puts a qdisc on the TX queues of a device, as `tc qdisc replace dev eth0 root ...` does. No such file in Linux. */
import { type net_device, netdev_get_tx_queue } from '../../include/linux/netdevice';
import { bfifo_qdisc_ops, pfifo_qdisc_ops } from './sch_fifo';
import { dev_graft_qdisc, noqueue_qdisc_ops, pfifo_fast_ops, qdisc_create_dflt } from './sch_generic';
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
  | { readonly kind: 'noqueue' };

const BITS_PER_BYTE = 8;

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
      default: {
        const tbf = qdisc_create_dflt(txq, tbf_qdisc_ops);
        tbf_change(tbf, wanted.rate / BITS_PER_BYTE, wanted.burst, wanted.limit);
        dev_graft_qdisc(txq, tbf);
      }
    }
  }
}
