/**
 * Virtual time of the CPU that is running now, in ns since the start of the run.
 * The machine loads and saves it when it switches CPUs; probes and kernel code advance it.
 */
export const clock = {
  /** ns. */
  ns: 0,
  /** The CPU should let the machine look again once `ns` reaches this. */
  horizon: Number.POSITIVE_INFINITY,
};

/** Charges `ns` of work to the running CPU. */
export function charge(ns: number): void {
  clock.ns += ns;
}
