/** The plot below the lanes: a sender's sequence space over time, and its windows. */
import { seqDiff } from '../../base/seq';
import type { Trace } from '../../trace/trace';
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
    const origin = valueAt(una, 0);
    const relative = (name: string, course: Course | undefined): Line => ({
      name,
      times: course?.times ?? [],
      values: course?.values.map((value) => seqDiff(value, origin)) ?? [],
    });
    const edgeTimes = [...new Set([...una.times, ...(of('snd_wnd')?.times ?? [])])].sort((a, b) => a - b);
    const edge: Line = {
      name: "right edge of the peer's window",
      times: edgeTimes,
      values: edgeTimes.map((t) => seqDiff(valueAt(una, t), origin) + valueAt(of('snd_wnd'), t)),
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
