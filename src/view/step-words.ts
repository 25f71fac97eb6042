/** A step, and what one follows, in words. */

import { Kind } from '../trace/recorder';
import type { Trace } from '../trace/trace';
import { NO_CPU } from './threads';

/** `host A, CPU 0`; `link` where nothing of a host runs. */
export function placeWords(trace: Trace, n: number): string {
  const { host, cpu, name } = trace.context(trace.ctx(n));
  const hostName = trace.data.hosts[host]?.name;
  if (hostName === undefined) return name;
  return cpu === NO_CPU ? `host ${hostName}, ${name}` : `host ${hostName}, CPU ${cpu}`;
}

/** What happens at step n: `host A, CPU 0: enters tcp_write_xmit`. */
export function stepWords(trace: Trace, n: number): string {
  return `${placeWords(trace, n)}: ${deedWords(trace, n)}`;
}

function deedWords(trace: Trace, n: number): string {
  const name = trace.functionAt(n)?.name ?? '';
  switch (trace.kind(n)) {
    case Kind.ENTER: {
      const slot = trace.slot(trace.via(n));
      return slot === null ? `enters ${name}` : `enters ${name} through ${slot.table}.${slot.slot}`;
    }
    case Kind.LEAVE:
      return `returns from ${name}`;
    case Kind.LINE:
      return `${name}, line ${trace.line(n)}`;
    case Kind.SPIN:
      return 'spins on a lock';
    case Kind.GOT:
      return 'has got the lock';
    case Kind.SCRIPT:
      return `line ${trace.line(n)} of the script: ${trace.label(n)}`;
    case Kind.END:
      return 'the run is over';
    default:
      return trace.label(n).replace(/[-_]/g, ' ');
  }
}
