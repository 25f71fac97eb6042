/** The plot below the lanes: a sender's sequence space over time, and its windows. */
import { seqDiff } from '../../base/seq';
import type { Trace } from '../../trace/trace';
import { extentOf } from '../stage/history';
import { type Course, coursesOf } from './history';

/** A step function of time. */
export interface Line {
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export interface SequencePlot {
  readonly sock: number;
  readonly host: number;
  /** Bytes since the start of the connection: acked, sent, written, and how far the peer's window reaches. */
  readonly lines: readonly Line[];
  readonly most: number;
}

const FIELDS = ['snd_una', 'snd_nxt', 'write_seq', 'snd_wnd'] as const;

function valueAt(course: Course | undefined, t: number): number {
  if (course === undefined) return 0;
  let value = course.values[0] ?? 0;
  for (let i = 0; i < course.times.length && (course.times[i] as number) <= t; i++) value = course.values[i] as number;
  return value;
}

/** The plot of each socket that sends data, the one that sends most first. */
export function sequencePlots(trace: Trace): SequencePlot[] {
  const courses = coursesOf(trace, 'tcp_sock', FIELDS);
  const plots: SequencePlot[] = [];
  for (const sock of trace.idsOf('tcp_sock')) {
    const of = (field: string): Course | undefined =>
      courses.find((course) => course.object === sock && course.field === field);
    const una = of('snd_una');
    const nxt = of('snd_nxt');
    if (una === undefined || nxt === undefined || nxt.times.length < 2) continue;
    // A socket that is yet to connect has no numbers: they begin when the first is chosen.
    const since = una.times[una.values.findIndex((value) => value !== 0)] ?? Number.POSITIVE_INFINITY;
    const origin = extentOf(trace, sock, 'send').first;
    const reached = (value: number): number => Math.max(0, seqDiff(value, origin));
    const relative = (name: string, course: Course | undefined): Line => ({
      name,
      times: course?.times.filter((t) => t >= since) ?? [],
      values: course?.values.filter((_, n) => (course.times[n] as number) >= since).map(reached) ?? [],
    });
    const edgeTimes = [...new Set([...una.times, ...(of('snd_wnd')?.times ?? [])])]
      .filter((t) => t >= since)
      .sort((a, b) => a - b);
    const edge: Line = {
      name: "right edge of the peer's window",
      times: edgeTimes,
      values: edgeTimes.map((t) => reached(valueAt(una, t)) + valueAt(of('snd_wnd'), t)),
    };
    const lines = [
      relative('acked (snd_una)', una),
      relative('sent (snd_nxt)', nxt),
      relative('written (write_seq)', of('write_seq')),
      edge,
    ];
    const sent = Math.max(...lines.slice(0, 3).flatMap(({ values }) => values), 1);
    plots.push({ sock, host: trace.data.objects.host[sock] as number, lines, most: sent * 1.15 });
  }
  return plots.sort((a, b) => b.most - a.most);
}
