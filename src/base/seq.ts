/** 32-bit sequence arithmetic with wrap-around (RFC 1982, include/net/tcp.h). */

/** True when `a` comes before `b`. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}
/** True when `low <= seq <= high` going round. */
export function between(seq: number, low: number, high: number): boolean {
  return (high - low) >>> 0 >= (seq - low) >>> 0;
}
/** `a + n` as an unsigned 32-bit number. */
export function seqAdd(a: number, n: number): number {
  return (a + n) >>> 0;
}
/** Signed distance from `b` to `a`. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}
