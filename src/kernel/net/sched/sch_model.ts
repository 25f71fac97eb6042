/** Puts a qdisc on the TX queues of a device, as `tc qdisc replace dev eth0 root ...` does. No such file in Linux. */
import {
  type net_device,
  netdev_get_tx_queue,
  type netdev_queue,
  netif_is_multiqueue,
} from '../../include/linux/netdevice';
import { HZ } from '../../include/linux/timer';
import type { netem_sched_data, Qdisc } from '../../include/net/sch_generic';
import { bfifo_qdisc_ops, fifo_init, pfifo_qdisc_ops } from './sch_fifo';
import {
  attach_default_qdiscs,
  dev_graft_qdisc,
  noqueue_qdisc_ops,
  pfifo_fast_ops,
  qdisc_create_dflt,
} from './sch_generic';
import { netem_qdisc_ops } from './sch_netem';
import { prio_graft, prio_qdisc_ops, prio_tune } from './sch_prio';
import { sfq_change, sfq_qdisc_ops } from './sch_sfq';
import { tbf_change, tbf_qdisc_ops } from './sch_tbf';

/** A qdisc with its parameters. Those that may stand inside another one. */
export type LeafParameters =
  /** limit: packets. */
  | { readonly kind: 'pfifo'; readonly limit: number }
  /** limit: bytes. */
  | { readonly kind: 'bfifo'; readonly limit: number }
  /** rate in bits a second, burst and limit in bytes. */
  | { readonly kind: 'tbf'; readonly rate: number; readonly burst: number; readonly limit: number }
  /** quantum in bytes (0: a full frame), limit in packets, divisor a power of two, perturb in seconds (0: never). */
  | {
      readonly kind: 'sfq';
      readonly limit: number;
      readonly quantum: number;
      readonly divisor: number;
      readonly perturb: number;
    }
  /** delay and jitter in ns; chances and correlations from 0 to 1; limit: packets. */
  | {
      readonly kind: 'netem';
      readonly limit?: number;
      readonly delay?: number;
      readonly jitter?: number;
      readonly delayCorrelation?: number;
      readonly loss?: number;
      readonly lossCorrelation?: number;
      readonly duplicate?: number;
      readonly duplicateCorrelation?: number;
      readonly corrupt?: number;
      readonly corruptCorrelation?: number;
      readonly reorder?: number;
      readonly reorderCorrelation?: number;
      readonly gap?: number;
    };

export type QdiscParameters =
  | LeafParameters
  /** limit: packets (tx_queue_len). */
  | { readonly kind: 'pfifo_fast'; readonly limit?: number }
  /** A qdisc a band, `null` or left out: pfifo. */
  | {
      readonly kind: 'prio';
      readonly bands: number;
      readonly priomap: readonly number[];
      readonly children: readonly (LeafParameters | null)[];
    }
  | { readonly kind: 'noqueue' };

const BITS_PER_BYTE = 8;
/** Chance 1 of netem. */
const CERTAIN = 0xffffffff;
/** Major number of the root qdisc, as tc gives it to the first one: 8001. */
const ROOT_HANDLE = 0x80010000;
const NEXT_HANDLE = 0x10000;

const chance = (share = 0): number => Math.round(share * CERTAIN);

/**
 * Sets the parameters of a netem.
 * @model stands for netem_change and its netlink attributes
 */
function netem_model_change(q: netem_sched_data, wanted: Extract<LeafParameters, { kind: 'netem' }>): void {
  q.limit = wanted.limit ?? q.limit;
  if (q.qdisc !== null) {
    q.qdisc.limit = q.limit;
  }
  q.latency = wanted.delay ?? 0;
  q.jitter = wanted.jitter ?? 0;
  q.loss = chance(wanted.loss);
  q.duplicate = chance(wanted.duplicate);
  q.corrupt = chance(wanted.corrupt);
  q.reorder = chance(wanted.reorder);
  q.gap = wanted.gap ?? (q.reorder > 0 ? 1 : 0);
  q.delay_cor.rho = chance(wanted.delayCorrelation);
  q.loss_cor.rho = chance(wanted.lossCorrelation);
  q.dup_cor.rho = chance(wanted.duplicateCorrelation);
  q.corrupt_cor.rho = chance(wanted.corruptCorrelation);
  q.reorder_cor.rho = chance(wanted.reorderCorrelation);
}

/**
 * Makes a qdisc for a TX queue, with its children, and gives it a handle, as tc does: 8001:, its children the ones after.
 * @model stands for qdisc_create and the netlink messages of tc
 */
export function qdisc_model_create(txq: netdev_queue, wanted: QdiscParameters, handle = ROOT_HANDLE): Qdisc {
  const qdisc = unnamed(txq, wanted, handle);
  const named = wanted.kind !== 'pfifo_fast' && wanted.kind !== 'noqueue';
  qdisc.handle = named ? handle : 0;
  return qdisc;
}

/** The qdisc without its handle. */
const unnamed = (txq: netdev_queue, wanted: QdiscParameters, handle: number): Qdisc => {
  switch (wanted.kind) {
    case 'pfifo_fast':
      return qdisc_create_dflt(txq, pfifo_fast_ops);
    case 'noqueue':
      return qdisc_create_dflt(txq, noqueue_qdisc_ops);
    case 'pfifo':
    case 'bfifo': {
      const fifo = qdisc_create_dflt(txq, wanted.kind === 'pfifo' ? pfifo_qdisc_ops : bfifo_qdisc_ops);
      fifo_init(fifo, wanted.limit);
      return fifo;
    }
    case 'sfq': {
      const sfq = qdisc_create_dflt(txq, sfq_qdisc_ops);
      sfq_change(sfq, wanted.quantum, wanted.limit, wanted.divisor, wanted.perturb * HZ);
      return sfq;
    }
    case 'netem': {
      const netem = qdisc_create_dflt(txq, netem_qdisc_ops);
      netem_model_change(netem.netem as netem_sched_data, wanted);
      return netem;
    }
    case 'tbf': {
      const tbf = qdisc_create_dflt(txq, tbf_qdisc_ops);
      tbf_change(tbf, wanted.rate / BITS_PER_BYTE, wanted.burst, wanted.limit);
      return tbf;
    }
    case 'prio': {
      const prio = qdisc_create_dflt(txq, prio_qdisc_ops);
      prio_tune(prio, wanted.bands, wanted.priomap);
      wanted.children.slice(0, wanted.bands).forEach((child, band) => {
        if (child !== null) {
          prio_graft(prio, band, qdisc_model_create(txq, child, handle + (band + 1) * NEXT_HANDLE));
        }
      });
      return prio;
    }
  }
};

/**
 * Replaces the root qdisc of a device. All its TX queues share the new one, and its lock; pfifo_fast stands for the default, which gives
 * each of several queues its own, under mq.
 * @model stands for the netlink messages of tc (tc_modify_qdisc, qdisc_graft), and for `ip link set txqueuelen`
 */
export function qdisc_model_attach(dev: net_device, wanted: QdiscParameters): void {
  if (wanted.kind === 'pfifo_fast' && wanted.limit !== undefined) {
    dev.tx_queue_len = wanted.limit;
  } else if (wanted.kind === 'noqueue') {
    dev.tx_queue_len = 0;
  }
  if (wanted.kind === 'pfifo_fast' && netif_is_multiqueue(dev)) {
    attach_default_qdiscs(dev);
    return;
  }
  const root = qdisc_model_create(netdev_get_tx_queue(dev, 0), wanted);
  for (const txq of dev._tx) {
    dev_graft_qdisc(txq, wanted.kind === 'noqueue' && txq.index > 0 ? qdisc_model_create(txq, wanted) : root);
  }
  dev.qdisc = root;
}
