/**
 * Mirrors arch/x86/kernel/irq.c, kernel/irq/handle.c and kernel/irq/chip.c (2.6.39): from the vector to the driver's handler.
 * Left out: shared lines, threaded handlers, spurious interrupt accounting.
 */
import { charge } from '../../base/clock';
import { type Kgen, kernel_global } from '../arch/current';
import { IRQ_NONE, irqaction, TIMER_SOFTIRQ } from '../include/linux/interrupt';
import { irq_enter, irq_exit, raise_softirq_irqoff } from './softirq';
import { hrtimer_interrupt, tick_program_event } from './timer';

/** ns an interrupt takes from the line to the first instruction: saving state, vector dispatch. */
const IRQ_ENTRY_NS = 250;

/** Vector of the interrupt by which a CPU has another call functions (arch/x86/include/asm/irq_vectors.h). */
export const CALL_FUNCTION_SINGLE_VECTOR = 0xfb;

/** Lines from here on are messages (MSI-X); those below come from the IO-APIC. */
export const FIRST_MSI_IRQ = 40;

/** Handlers by line. */
const irq_desc = kernel_global<(irqaction | undefined)[]>(() => []);

/**
 * Registers the handler of an interrupt line.
 * @modelled kernel/irq/manage.c
 */
export function request_irq(
  irq: number,
  handler: (irq: number, dev_id: never) => Kgen<number>,
  name: string,
  dev_id: object,
): void {
  const action = new irqaction();
  action.irq = irq;
  action.name = name;
  action.handler = handler;
  action.dev_id = dev_id;
  irq_desc()[irq] = action;
}

/**
 * Calls the handlers of a line.
 * @modelled kernel/irq/handle.c
 */
function* handle_irq_event_percpu(action: irqaction): Kgen<number> {
  const handler = action.handler;
  return handler === null ? IRQ_NONE : yield* handler(action.irq, action.dev_id as never);
}

/**
 * Marks the line in progress around its handlers.
 * @modelled kernel/irq/handle.c
 */
function* handle_irq_event(action: irqaction): Kgen<number> {
  return yield* handle_irq_event_percpu(action);
}

/**
 * Flow handler of an IO-APIC line: the end of interrupt is signalled after the handlers.
 * @modelled kernel/irq/chip.c
 */
function* handle_fasteoi_irq(action: irqaction): Kgen {
  yield* handle_irq_event(action);
}

/**
 * Flow handler of a message (MSI, MSI-X): acknowledged before the handlers, so that the next one is not lost.
 * @simplified a message that comes while its handler runs waits in the interrupt controller, not in the line's state
 */
function* handle_edge_irq(action: irqaction): Kgen {
  yield* handle_irq_event(action);
}

/**
 * Finds the line's flow handler.
 * @modelled arch/x86/kernel/irq_64.c
 */
function* handle_irq(irq: number): Kgen<boolean> {
  const action = irq_desc()[irq];
  if (action === undefined) {
    return false;
  }
  if (irq >= FIRST_MSI_IRQ) {
    yield* handle_edge_irq(action);
  } else {
    yield* handle_fasteoi_irq(action);
  }
  return true;
}

/**
 * Entry of a device interrupt.
 * @modelled arch/x86/kernel/irq.c
 * @cost 60
 */
export function* do_IRQ(irq: number): Kgen {
  charge(IRQ_ENTRY_NS);
  irq_enter();
  yield* handle_irq(irq);
  irq_exit();
}

/**
 * Entry of the local timer interrupt: due high-resolution timers run here, the rest in the TIMER softirq.
 * @modelled arch/x86/kernel/apic/apic.c
 * @cost 60
 */
export function* smp_apic_timer_interrupt(): Kgen {
  charge(IRQ_ENTRY_NS);
  irq_enter();
  if (hrtimer_interrupt()) {
    raise_softirq_irqoff(TIMER_SOFTIRQ);
  }
  tick_program_event();
  irq_exit();
}
