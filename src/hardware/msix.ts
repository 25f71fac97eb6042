/**
 * Interrupts of the 82576 by MSI-X (317694, chapter 7.3): a cause sets the bit of its vector in EICR; a vector that is not masked and whose
 * throttle has run down sends its message, clears its bit (EIAC) and masks itself (EIAM).
 */
import type { Environment, Timer } from './environment';
import { nic_interrupts } from './interrupts';
import { EITR_INTERVAL, EITR_SHIFT, EITR_UNIT_NS, GPIE_EIAME, type nic_82576_registers } from './registers-82576';

interface Vector {
  readonly state: nic_interrupts;
  throttle: Timer | null;
}

export class MsixUnit {
  readonly vectors: readonly Vector[];

  constructor(
    private readonly env: Environment,
    private readonly registers: nic_82576_registers,
    count: number,
  ) {
    this.vectors = Array.from({ length: count }, (_, index) => {
      const state = new nic_interrupts();
      state.index = index;
      return { state, throttle: null };
    });
  }

  /** Sets bits of EICR. */
  cause(bits: number): void {
    const { registers } = this;
    registers.EICR = (registers.EICR | bits) >>> 0;
    this.update();
  }

  /** Bits of EICR that were written as 1, or all that were read. */
  clear(bits: number): void {
    const { registers } = this;
    registers.EICR = (registers.EICR & ~bits) >>> 0;
    this.update();
  }

  enable(bits: number): void {
    const { registers } = this;
    registers.EIMS = (registers.EIMS | bits) >>> 0;
    for (const { state } of this.vectors) if (bits & (1 << state.index)) state.line = false;
    this.update();
  }

  disable(bits: number): void {
    const { registers } = this;
    registers.EIMS = (registers.EIMS & ~bits) >>> 0;
    this.update();
  }

  reset(): void {
    const { registers } = this;
    for (const name of ['EICR', 'EIMS', 'EIAC', 'EIAM', 'GPIE'] as const) registers[name] = 0;
    for (const vector of this.vectors) {
      if (vector.throttle !== null) this.env.cancel(vector.throttle);
      vector.throttle = null;
      vector.state.throttled_until = 0;
      vector.state.line = false;
      registers.EITR.set(vector.state.index, 0);
    }
  }

  private update(): void {
    const { registers, env } = this;
    const wanted = registers.EICR & registers.EIMS;
    for (const vector of this.vectors) {
      const { state } = vector;
      const bit = 1 << state.index;
      if ((wanted & bit) === 0) {
        if (vector.throttle !== null) env.cancel(vector.throttle);
        vector.throttle = null;
      } else if (vector.throttle === null) {
        if (env.now() >= state.throttled_until) this.send(vector, bit);
        else {
          vector.throttle = env.at(state.throttled_until, `interrupt throttle of vector ${state.index} ends`, () => {
            vector.throttle = null;
            this.update();
          });
        }
      }
    }
  }

  /** The message leaves. */
  private send({ state }: Vector, bit: number): void {
    const { registers, env } = this;
    if (registers.EIAC & bit) registers.EICR = (registers.EICR & ~bit) >>> 0;
    if (registers.EIAM & bit && registers.GPIE & GPIE_EIAME) registers.EIMS = (registers.EIMS & ~bit) >>> 0;
    const interval = (registers.EITR.at(state.index) & EITR_INTERVAL) >> EITR_SHIFT;
    state.throttled_until = env.now() + interval * EITR_UNIT_NS;
    state.line = true;
    state.count++;
    registers.IAC++;
    env.message(state.index);
  }
}
