/** Interrupt unit of the card: causes (ICR), mask (IMS), the throttle (ITR) and the line. Manual 13.4.17 to 13.4.21. */
import { bool, int, ns, struct } from '../base/struct';
import type { Environment, Timer } from './environment';
import type { nic_registers } from './registers';

/** Unit of ITR (13.4.18), ns. */
export const ITR_UNIT_NS = 256;
/** Unit of the interrupt delays TIDV, TADV, RDTR and RADV, ns. */
export const DELAY_UNIT_NS = 1024;

export const nic_interrupts = struct('nic_interrupts', {
  index: int('number of the vector'),
  line: bool('the interrupt line is asserted; MSI-X: the message has left and the vector is not enabled anew'),
  throttled_until: ns('the line stays low until then, whatever happens (ITR)'),
  count: int('times the line was asserted, or messages sent'),
});
export interface nic_interrupts extends InstanceType<typeof nic_interrupts> {}

export class InterruptUnit {
  readonly state = new nic_interrupts();
  private throttle: Timer | null = null;

  constructor(
    private readonly env: Environment,
    private readonly registers: nic_registers,
    private readonly throttles = true,
  ) {}

  /** Something happened: sets bits of ICR. */
  cause(bits: number): void {
    this.registers.ICR = (this.registers.ICR | bits) >>> 0;
    this.update();
  }

  /** ICR reads and clears (13.4.17). */
  readCauses(): number {
    const causes = this.registers.ICR;
    this.registers.ICR = 0;
    this.update();
    return causes;
  }

  clearCauses(bits: number): void {
    this.registers.ICR = (this.registers.ICR & ~bits) >>> 0;
    this.update();
  }

  enable(bits: number): void {
    this.registers.IMS = (this.registers.IMS | bits) >>> 0;
    this.update();
  }

  disable(bits: number): void {
    this.registers.IMS = (this.registers.IMS & ~bits) >>> 0;
    this.update();
  }

  reset(): void {
    this.registers.ICR = 0;
    this.registers.IMS = 0;
    this.state.throttled_until = 0;
    this.update();
  }

  private update(): void {
    const { state, registers, env } = this;
    const wanted = (registers.ICR & registers.IMS) !== 0;
    if (!wanted) {
      if (this.throttle !== null) env.cancel(this.throttle);
      this.throttle = null;
      if (!state.line) return;
      state.line = false;
      env.interrupt(false);
      return;
    }
    if (state.line || this.throttle !== null) return;
    const now = env.now();
    if (now < state.throttled_until) {
      this.throttle = env.at(state.throttled_until, 'interrupt throttle ends', () => {
        this.throttle = null;
        this.update();
      });
      return;
    }
    state.line = true;
    state.count++;
    if (this.throttles) state.throttled_until = now + registers.ITR * ITR_UNIT_NS;
    env.interrupt(true);
  }
}

export const nic_delay = struct('nic_delay', {
  packet_end: ns('when the delay since the last event ends, 0: not running (TIDV, RDTR)'),
  absolute_end: ns('when the delay since the first event ends, 0: not running (TADV, RADV)'),
});
export interface nic_delay extends InstanceType<typeof nic_delay> {}

/**
 * A pair of interrupt delays: one starts anew with each event, the other bounds it from the first event on
 * (3.4.3 for TIDV/TADV, 3.2.7 for RDTR/RADV). Values are in units of 1.024 us.
 */
export class Moderation {
  readonly state = new nic_delay();
  private packet: Timer | null = null;
  private absolute: Timer | null = null;

  constructor(
    private readonly env: Environment,
    private readonly label: string,
    private readonly expired: () => void,
  ) {}

  /** An event that may wait: `relative` units from now, at most `bound` units from the first one (0: no bound). */
  event(relative: number, bound: number): void {
    const { env, state } = this;
    const now = env.now();
    if (this.packet !== null) env.cancel(this.packet);
    state.packet_end = now + relative * DELAY_UNIT_NS;
    this.packet = env.at(state.packet_end, this.label, () => {
      this.packet = null;
      this.fire();
    });
    if (bound === 0 || this.absolute !== null) return;
    state.absolute_end = now + bound * DELAY_UNIT_NS;
    this.absolute = env.at(state.absolute_end, this.label, () => {
      this.absolute = null;
      this.fire();
    });
  }

  /** An event that may not wait, or the end of a delay: both delays stop. */
  fire(): void {
    this.stop();
    this.expired();
  }

  stop(): void {
    if (this.packet !== null) this.env.cancel(this.packet);
    if (this.absolute !== null) this.env.cancel(this.absolute);
    this.packet = null;
    this.absolute = null;
    this.state.packet_end = 0;
    this.state.absolute_end = 0;
  }
}
