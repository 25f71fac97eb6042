/** Mirrors include/linux/interrupt.h (2.6.39): softirq numbers and interrupt handlers. */
import { fn, int, ref, str, struct } from '../../../base/struct';
import type { Kgen } from '../../arch/current';

export const TIMER_SOFTIRQ = 1;
export const NET_TX_SOFTIRQ = 2;
export const NET_RX_SOFTIRQ = 3;

export const IRQ_NONE = 0;
export const IRQ_HANDLED = 1;

export const irqaction = struct('irqaction', {
  handler: fn<(irq: number, dev_id: never) => Kgen<number>>('handler'),
  dev_id: ref<object>('argument of the handler'),
  irq: int('line'),
  name: str('device'),
});
export interface irqaction extends InstanceType<typeof irqaction> {}

/** Per-CPU interrupt state. */
export const irq_cpustat_t = struct('irq_cpustat_t', {
  __softirq_pending: int('softirqs that wait, one bit each'),
  hardirq_count: int('interrupts under way'),
  softirq_count: int('softirqs under way'),
  bh_disable: int('depth of local_bh_disable'),
});
export interface irq_cpustat_t extends InstanceType<typeof irq_cpustat_t> {}
