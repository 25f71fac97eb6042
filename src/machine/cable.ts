/** The cable of a scenario as a link of the hardware. */
import { clock } from '../base/clock';
import type { FaultRule, Mishap } from '../hardware/faults';
import { Link } from '../hardware/link';
import type { Cable, Fault } from '../scenario/cable';
import type { HostName } from '../scenario/shape';
import { Kind } from '../trace/recorder';
import type { Scheduled } from './event-queue';
import type { Machine } from './machine';

const NS_PER_US = 1000;

export interface CableOptions {
  /** Of the chance in faults. */
  readonly seed: number;
  /** LinkConfig.tick. */
  readonly tick: number;
  /** Neither bits nor the cable take time. */
  readonly emulated: boolean;
}

/** Lays a cable: faults are on their way, the times at which it is pulled are set. `sideOf` gives the end a host is at. */
export function layCable(
  machine: Machine,
  { mbps, delayUs, faults }: Cable,
  sideOf: (host: HostName) => 0 | 1,
  { seed, tick, emulated }: CableOptions,
): Link {
  const { recorder } = machine;
  const link = new Link(
    {
      now: () => clock.ns,
      at: (ns, label, action) =>
        machine.at(ns, -1, label, () => {
          recorder.mark(Kind.HARDWARE, label, null);
          action();
        }),
      cancel: (timer) => {
        (timer as Scheduled).cancelled = true;
      },
      wire: (event, frame) => {
        recorder.mark(Kind.WIRE, event, frame);
      },
    },
    {
      speed: mbps,
      propagation: emulated ? 0 : delayUs * NS_PER_US,
      tick,
      instant: emulated,
      faults: faults.flatMap((fault) => (fault.op === 'down' ? [] : [ruleOf(fault, sideOf)])),
      seed,
    },
  );
  for (const fault of faults) {
    if (fault.op !== 'down') continue;
    plugAt(machine, link, fault.fromUs, false);
    if (fault.untilUs !== undefined) plugAt(machine, link, fault.untilUs, true);
  }
  return link;
}

/** Plugs a cable in, or pulls it, at a time. */
export function plugAt(machine: Machine, link: Link, atUs: number, up: boolean): void {
  machine.at(atUs * NS_PER_US, -1, 'cable', () => {
    machine.recorder.mark(Kind.HARDWARE, up ? 'the cable is plugged in' : 'the cable is pulled', link.state);
    link.plug(up);
  });
}

type FrameFault = Exclude<Fault, { op: 'down' }>;

function ruleOf(fault: FrameFault, sideOf: (host: HostName) => 0 | 1): FaultRule {
  const { from, kind, nth, every, rate, fromUs, untilUs } = fault;
  return {
    mishap: mishapOf(fault),
    side: from === undefined ? undefined : sideOf(from),
    kind,
    nth: typeof nth === 'number' ? [nth] : nth,
    every,
    rate,
    from: fromUs * NS_PER_US,
    until: untilUs === undefined ? undefined : untilUs * NS_PER_US,
  };
}

function mishapOf(fault: FrameFault): Mishap {
  switch (fault.op) {
    case 'drop':
      return { op: 'drop' };
    case 'duplicate':
      return { op: 'duplicate', copies: fault.copies };
    case 'reorder':
      return { op: 'reorder', frames: fault.frames, ns: fault.us * NS_PER_US };
    case 'delay':
      return { op: 'delay', ns: fault.us * NS_PER_US, jitter: fault.jitterUs * NS_PER_US };
    case 'corrupt':
      return { op: 'corrupt', offset: fault.offset, mask: fault.mask, freshFcs: fault.fcs === 'right' };
  }
}
