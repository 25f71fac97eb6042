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
    case Kind.WIRE:
      return wireWords(trace, n);
    default:
      return trace.label(n);
  }
}

const WIRE_WORDS: Readonly<Record<string, string>> = {
  'tx-start': 'its first bit leaves the card',
  'tx-end': 'its last bit has left the card',
  rx: 'its last bit has reached the other card',
  lost: 'it is lost',
  'rx-crc': 'the card drops it: its FCS is wrong',
  'rx-long': 'the card drops it: it is longer than allowed',
  'rx-filtered': "the card drops it: it is for another's address",
  'rx-missed': 'the card drops it: the RX FIFO is full',
  'rx-no-descriptor': 'the card drops it: its queue has no descriptor',
  'rx-off': 'the card drops it: its receive unit is off',
  'rx-reset': 'a reset of the card drops it',
};

/** What step n, an event of the wire, means for its frame: `frame #12: its first bit leaves the card`. */
export function wireWords(trace: Trace, n: number): string {
  const label = trace.label(n);
  return `frame #${trace.skb(n)}: ${WIRE_WORDS[label] ?? label}`;
}
