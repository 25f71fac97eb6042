/** Seeded random numbers (xorshift32, Marsaglia 2003): the only source of chance in a run. */
export class Rng {
  private state: number;

  /** `seed`: any 32-bit number; 0 is replaced, as xorshift has no way out of it. */
  constructor(seed: number) {
    this.state = seed >>> 0 || 0x9e3779b9;
  }

  /** A number from 0 to 2^32 - 1. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }
}
