/** From a scenario's qdisc to the kernel's parameters: units, and percent to chances. */
import type { LeafParameters, QdiscParameters } from '../kernel/net/sched/sch_model';
import type { Qdisc } from '../scenario/schema';

type Leaf = Extract<Qdisc, { kind: LeafParameters['kind'] }>;

function leafParameters(wanted: Leaf): LeafParameters {
  if (wanted.kind !== 'netem') return wanted;
  const { kind, limit, delayUs, jitterUs, gap, ...percents } = wanted;
  const shares = Object.fromEntries(Object.entries(percents).map(([name, percent]) => [name, percent / 100]));
  const times = { delay: delayUs * 1000, jitter: jitterUs * 1000 };
  return { kind, limit, ...times, ...shares, ...(gap > 0 ? { gap } : {}) };
}

export function qdiscParameters(wanted: Qdisc): QdiscParameters {
  switch (wanted.kind) {
    case 'pfifo_fast':
    case 'noqueue':
      return wanted;
    case 'prio':
      return { ...wanted, children: wanted.children.map((child) => (child === null ? null : leafParameters(child))) };
    default:
      return leafParameters(wanted);
  }
}
