/** The plots below the lanes: a sender's sequence space over time with the peer's window, and its congestion window. */
import { seqDiff } from '../../base/seq';
import type { Work } from '../../base/work';
import type { Trace } from '../../trace/trace';
import { extentOf } from '../stage/history';
import { type Course, coursesOf } from './history';

/** A step function of time. */
export interface Line {
  readonly name: string;
  readonly times: readonly number[];
  /** NaN: nothing is drawn. */
  readonly values: readonly number[];
}

/** A stretch in which the congestion state machine was not in Open. */
export interface Trouble {
  readonly state: 'Disorder' | 'CWR' | 'Recovery' | 'Loss';
  readonly from: number;
  readonly to: number;
}

/** What is plotted of a socket that sends. */
export interface SenderPlot {
  readonly sock: number;
  readonly host: number;
  /** `A 40000 → 5001`. */
  readonly name: string;
  /** Bytes since the start of the connection: acked, sent, written, and how far the peer's window reaches. */
  readonly sequence: readonly Line[];
  /** Segments: snd_cwnd, snd_ssthresh (nothing while it is without limit), and what is in flight. */
  readonly congestion: readonly Line[];
  readonly troubles: readonly Trouble[];
  /** Other numbers that are told for the moment: srtt in eighths of a ms, snd_wnd in bytes. */
  readonly numbers: { readonly srtt: Line; readonly window: Line };
}

const STATES = ['Open', 'Disorder', 'CWR', 'Recovery', 'Loss'] as const;
/** TCP_INFINITE_SSTHRESH. */
const NO_LIMIT = 0x7fffffff;
/** Fields that say what is in flight (tcp_packets_in_flight). */
const FLIGHT = ['packets_out', 'sacked_out', 'lost_out', 'retrans_out'] as const;
const FIELDS = [
  ...['snd_una', 'snd_nxt', 'write_seq', 'snd_wnd', 'snd_cwnd', 'snd_ssthresh', 'srtt', 'icsk_ca_state'],
  ...['inet_sport', 'inet_dport'],
  ...FLIGHT,
];

/** Value of a line or a course at a time: that of the last change not after it; before the first, the first. */
export function valueAt(line: Pick<Line, 'times' | 'values'> | undefined, t: number): number {
  if (line === undefined) return 0;
  let low = 0;
  let high = line.times.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((line.times[mid] as number) <= t) low = mid + 1;
    else high = mid;
  }
  return line.values[Math.max(0, low - 1)] ?? 0;
}

/** What several courses give together from a time on, and at each at which one of them changes; a value that stays is not repeated. */
function combined(
  name: string,
  courses: readonly (Course | undefined)[],
  since: number,
  value: (values: readonly number[]) => number,
): Line {
  const times: number[] = [];
  const values: number[] = [];
  const at = courses.map(() => 0);
  const now = courses.map((course) => course?.values[0] ?? 0);
  const put = (time: number, made: number): void => {
    if (Object.is(made, values.at(-1))) return;
    times.push(time);
    values.push(made);
  };
  for (;;) {
    let next = Number.POSITIVE_INFINITY;
    courses.forEach((course, nth) => {
      next = Math.min(next, course?.times[at[nth] as number] ?? Number.POSITIVE_INFINITY);
    });
    // What held at the beginning was set before it.
    if (times.length === 0 && next > since) put(since, value(now));
    if (next === Number.POSITIVE_INFINITY) return { name, times, values };
    courses.forEach((course, nth) => {
      if (course === undefined || course.times[at[nth] as number] !== next) return;
      now[nth] = course.values[at[nth] as number] as number;
      at[nth] = (at[nth] as number) + 1;
    });
    if (next >= since) put(next, value(now));
  }
}

function troublesOf(course: Course | undefined): Trouble[] {
  if (course === undefined) return [];
  return course.times.flatMap((from, nth) => {
    const state = STATES[course.values[nth] as number];
    if (state === undefined || state === 'Open') return [];
    return [{ state, from, to: course.times[nth + 1] ?? Number.POSITIVE_INFINITY }];
  });
}

/** The plots of each socket that sends data, the one that sends most first. */
export function* senderPlots(trace: Trace): Work<SenderPlot[]> {
  const courses = new Map<string, Course>();
  for (const course of yield* coursesOf(trace, 'tcp_sock', FIELDS))
    courses.set(`${course.object} ${course.field}`, course);
  const plots: { plot: SenderPlot; sent: number }[] = [];
  for (const sock of trace.idsOf('tcp_sock')) {
    yield;
    const of = (field: string): Course | undefined => courses.get(`${sock} ${field}`);
    const una = of('snd_una');
    const nxt = of('snd_nxt');
    if (una === undefined || nxt === undefined || nxt.times.length < 2) continue;
    // A socket that is yet to connect has no numbers: they begin when the first is chosen.
    const since = una.times[una.values.findIndex((value) => value !== 0)] ?? Number.POSITIVE_INFINITY;
    const { first } = extentOf(trace, sock, 'send');
    const line = (name: string, fields: readonly string[], value: (values: readonly number[]) => number): Line =>
      combined(name, fields.map(of), since, value);
    const reached = ([value = 0]: readonly number[]): number => Math.max(0, seqDiff(value, first));
    const sequence = [
      line('acked', ['snd_una'], reached),
      line('sent', ['snd_nxt'], reached),
      line('written', ['write_seq'], reached),
      line('window', ['snd_una', 'snd_wnd'], ([from = 0, wide = 0]) => reached([from]) + wide),
    ];
    const host = trace.data.objects.host[sock] as number;
    const port = (field: string): number => of(field)?.values.findLast((value) => value !== 0) ?? 0;
    plots.push({
      sent: sequence.slice(0, 3).reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0),
      plot: {
        sock,
        host,
        name: `${trace.data.hosts[host]?.name ?? host} ${port('inet_sport')} → ${port('inet_dport')}`,
        sequence,
        congestion: [
          line('cwnd', ['snd_cwnd'], ([value = 0]) => value),
          line('ssthresh', ['snd_ssthresh'], ([value = 0]) => (value >= NO_LIMIT ? Number.NaN : value)),
          line('in flight', FLIGHT, ([out = 0, sacked = 0, lost = 0, again = 0]) => out - sacked - lost + again),
        ],
        troubles: troublesOf(of('icsk_ca_state')),
        numbers: {
          srtt: line('srtt', ['srtt'], ([value = 0]) => value),
          window: line('window', ['snd_wnd'], ([value = 0]) => value),
        },
      },
    });
  }
  return plots.sort((a, b) => b.sent - a.sent).map(({ plot }) => plot);
}
