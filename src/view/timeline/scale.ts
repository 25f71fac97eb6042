/**
 * The time axis. A run is microseconds of work between milliseconds of nothing, so stretches in which nothing happens are drawn short,
 * with a break mark. Positions on the axis are in units u: one is a busy nanosecond.
 */
import { rests, type Work } from '../../base/work';
import type { Trace } from '../../trace/trace';

export interface Gap {
  /** ns. */
  readonly from: number;
  readonly to: number;
  /** Where it stands on the axis. */
  readonly u0: number;
  readonly u1: number;
}

export interface TimeScale {
  /** Length of the axis, u. */
  readonly length: number;
  readonly gaps: readonly Gap[];
  /** Position of a time. */
  toU(ns: number): number;
  /** Time at a position. */
  toNs(u: number): number;
}

/** Quiet stretches longer than this are shortened, ns. */
const QUIET_NS = 12_000;
/** Length a shortened stretch is drawn with, u. */
const GAP_U = 2500;

/** Makes the axis of a run; `busy` are stretches during which something is under way without events, such as a frame on the wire. */
export function* timeScale(trace: Trace, busy: readonly (readonly [from: number, to: number])[]): Work<TimeScale> {
  const times = yield* inOrder(trace.data.columns.time);
  const covered = [...busy].sort((a, b) => a[0] - b[0]);
  const knots: { t: number; u: number }[] = [{ t: 0, u: 0 }];
  const gaps: Gap[] = [];
  let u = 0;
  let last = 0;
  let reach = 0;
  let nextBusy = 0;
  const quietUntil = (t: number): void => {
    while (nextBusy < covered.length && (covered[nextBusy]?.[0] ?? 0) <= Math.max(reach, t)) {
      const [from, to] = covered[nextBusy] as readonly [number, number];
      if (from > reach) pass(from);
      reach = Math.max(reach, to);
      nextBusy++;
    }
    if (t > reach) pass(t);
    reach = Math.max(reach, t);
  };
  /** Moves on from `reach` to `t`, with nothing between. */
  const pass = (t: number): void => {
    if (t - reach <= QUIET_NS) return;
    u += reach - last;
    knots.push({ t: reach, u });
    gaps.push({ from: reach, to: t, u0: u, u1: u + GAP_U });
    u += GAP_U;
    knots.push({ t, u });
    last = t;
    reach = t;
  };
  for (let n = 0; n < times.length; n++) {
    if (rests(n)) yield;
    quietUntil(times[n] as number);
  }
  const end = Math.max(reach, times.at(-1) ?? 0, 1);
  u += end - last;
  knots.push({ t: end, u });

  const at = (value: number, by: 't' | 'u', out: 't' | 'u'): number => {
    let low = 0;
    let high = knots.length - 1;
    while (low < high - 1) {
      const mid = (low + high) >> 1;
      if ((knots[mid] as { t: number; u: number })[by] <= value) low = mid;
      else high = mid;
    }
    const a = knots[low] as { t: number; u: number };
    const b = knots[high] as { t: number; u: number };
    const span = b[by] - a[by];
    const share = span === 0 ? 0 : Math.max(0, Math.min(1, (value - a[by]) / span));
    return a[out] + share * (b[out] - a[out]);
  };
  return { length: Math.max(u, 1), gaps, toU: (t) => at(t, 't', 'u'), toNs: (value) => at(value, 'u', 't') };
}

/** Times in order. Those of a run nearly are, as CPUs are ahead of each other by less than a microsecond: each has a short way to its place. */
function* inOrder(recorded: Float64Array): Work<Float64Array> {
  const times = recorded.slice();
  for (let n = 1; n < times.length; n++) {
    if (rests(n)) yield;
    const t = times[n] as number;
    let at = n;
    for (; at > 0 && (times[at - 1] as number) > t; at--) times[at] = times[at - 1] as number;
    times[at] = t;
  }
  return times;
}
