/** Where a packetdrill script stands at a step, and what became of its lines: what a pane beside the stage shows. */
import { Kind } from './recorder';
import type { Trace } from './trace';

/** Something that happened to a line of the script. */
export interface ScriptMoment {
  readonly step: number;
  /** From 1: where the event begins in the text, or the line of an assertion within it. */
  readonly line: number;
  /** `failed`: it was not as the line says, or the model has no way to do it. */
  readonly kind: 'begins' | 'holds' | 'failed';
  /** What was expected and what came, of a line that failed; else empty. */
  readonly text: string;
}

const moments = new WeakMap<Trace, readonly ScriptMoment[]>();

/** All moments in order of steps; none for a run without a script. Found once for a trace. */
export function scriptMoments(trace: Trace): readonly ScriptMoment[] {
  let found = moments.get(trace);
  if (found === undefined) {
    found = find(trace);
    moments.set(trace, found);
  }
  return found;
}

function find(trace: Trace): ScriptMoment[] {
  const { kind } = trace.data.columns;
  const all: ScriptMoment[] = [];
  for (let step = kind.indexOf(Kind.SCRIPT); step >= 0; step = kind.indexOf(Kind.SCRIPT, step + 1)) {
    const label = trace.label(step);
    const line = trace.line(step);
    if (label === 'begins' || label === 'holds') all.push({ step, line, kind: label, text: '' });
    else all.push({ step, line, kind: 'failed', text: label });
  }
  return all;
}

/** The line that is current at a step: the last that began, or failed. Null: none has yet, or there is no script. */
export function scriptLineAt(trace: Trace, step: number): number | null {
  const all = scriptMoments(trace);
  for (let n = last(all, step); n >= 0; n--) {
    const { kind, line } = all[n] as ScriptMoment;
    if (kind !== 'holds') return line;
  }
  return null;
}

/**
 * What has become of each line up to a step, by line: `begins` means under way (an outbound packet that is waited for, a call that blocks).
 * Lines that are not in it have not come yet. Of several events on one line the last counts.
 */
export function scriptLinesAt(trace: Trace, step: number): ReadonlyMap<number, ScriptMoment> {
  const all = scriptMoments(trace);
  const lines = new Map<number, ScriptMoment>();
  for (let n = 0; n <= last(all, step); n++) {
    const moment = all[n] as ScriptMoment;
    lines.set(moment.line, moment);
  }
  return lines;
}

/** Index of the last moment at or before a step, -1: none. */
function last(all: readonly ScriptMoment[], step: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle] as ScriptMoment).step <= step) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
