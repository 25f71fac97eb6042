/**
 * Mirrors kernel/smp.c and the interrupt of arch/x86/kernel/smp.c (2.6.39): function calls on another CPU.
 * Left out: calls that wait for their end, calls on several CPUs, the lock of the queue (interrupts are off and each step is atomic here).
 */
import { charge } from '../../base/clock';
import { ref, struct } from '../../base/struct';
import { type Kgen, kernel, per_cpu } from '../arch/current';
import { CSD_FLAG_LOCK, type call_single_data } from '../include/linux/smp';
import { irq_enter, irq_exit } from './softirq';

/** ns to tell the local interrupt controller which CPU to interrupt. */
const SEND_IPI_NS = 80;
/** ns an interrupt takes from the message to the first instruction. */
const IRQ_ENTRY_NS = 250;

/** Calls that wait for a CPU. */
export const call_single_queue = struct('call_single_queue', {
  first: ref<call_single_data>('first'),
  last: ref<call_single_data>('last'),
});
export interface call_single_queue extends InstanceType<typeof call_single_queue> {}

const call_single = per_cpu(() => new call_single_queue());

/**
 * Waits until an earlier call with this data is over.
 * @simplified it is: whoever calls makes sure of that
 * @cost 4
 */
function csd_lock(data: call_single_data): void {
  data.flags |= CSD_FLAG_LOCK;
}

/**
 * The data may be used for another call.
 * @modelled kernel/smp.c
 * @cost 4
 */
function csd_unlock(data: call_single_data): void {
  data.flags &= ~CSD_FLAG_LOCK;
}

/**
 * Queues a call; the CPU is interrupted if its queue was empty.
 * @modelled kernel/smp.c
 * @cost 30
 */
function generic_exec_single(cpu: number, data: call_single_data): void {
  const target = kernel.cpus[cpu];
  if (target === undefined) {
    return;
  }
  const dst = call_single(target);
  const ipi = dst.first === null;
  if (dst.last === null) {
    dst.first = data;
  } else {
    dst.last.next = data;
  }
  dst.last = data;
  if (ipi) {
    charge(SEND_IPI_NS);
    kernel.arch.sendIpi(cpu);
  }
}

/**
 * Has another CPU call a function.
 * @modelled kernel/smp.c
 */
export function __smp_call_function_single(cpuid: number, data: call_single_data): void {
  csd_lock(data);
  generic_exec_single(cpuid, data);
}

/**
 * Makes the calls that wait for this CPU.
 * @modelled kernel/smp.c
 * @cost 20
 */
function generic_smp_call_function_single_interrupt(): void {
  const queue = call_single();
  let next = queue.first;
  queue.first = null;
  queue.last = null;
  while (next !== null) {
    const data: call_single_data = next;
    next = data.next;
    data.next = null;
    const func = data.func;
    if (func !== null && data.info !== null) {
      func(data.info);
    }
    csd_unlock(data);
  }
}

/**
 * Entry of the interrupt by which one CPU has another call a function.
 * @modelled arch/x86/kernel/smp.c
 * @cost 40
 */
export function* smp_call_function_single_interrupt(): Kgen {
  charge(IRQ_ENTRY_NS);
  irq_enter();
  generic_smp_call_function_single_interrupt();
  irq_exit();
}
