/** Mirrors arch/x86/lib/delay.c (2.6.39): busy waiting on the time stamp counter. */
import { charge } from '../../../../base/clock';

/**
 * Spins until the time stamp counter has moved on.
 * @simplified counts in ns instead of cycles
 * @cost 0
 */
function delay_tsc(loops: number): void {
  charge(loops);
}

/**
 * Waits with the delay loop in use.
 * @modelled arch/x86/lib/delay.c
 * @cost 0
 */
export function __delay(loops: number): void {
  delay_tsc(loops);
}

/**
 * Waits a number of microseconds known when the kernel was compiled (udelay).
 * @simplified takes microseconds instead of a scaled fraction
 * @cost 0
 */
export function __const_udelay(usecs: number): void {
  __delay(usecs * 1000);
}
