/** The course of single fields over a run, read off the journal. */
import { rests, type Work } from '../../base/work';
import type { Trace } from '../../trace/trace';

export interface Course {
  readonly object: number;
  readonly field: string;
  /** ns of the start and of each change; a value holds from there on. */
  readonly times: number[];
  readonly values: number[];
}

/** Every change of `fields` in all objects of a type (or derived from it), by object and field. */
export function* coursesOf(trace: Trace, typeName: string, fields: readonly string[]): Work<Course[]> {
  const { addr, old: before, new: after } = trace.data.journal;
  const { base, type } = trace.data.objects;
  const watched = new Map<number, Course>();
  for (const object of trace.idsOf(typeName)) {
    const schema = trace.struct(type[object] as number);
    for (const field of fields) {
      const offset = schema.fields.find(({ name }) => name === field)?.offset;
      if (offset === undefined) continue;
      watched.set((base[object] as number) + offset, { object, field, times: [], values: [] });
    }
  }
  const { words } = trace.data.columns;
  let event = 0;
  for (let i = 0; i < addr.length; i++) {
    if (rests(i)) yield;
    const course = watched.get(addr[i] as number);
    if (course === undefined) continue;
    // The change was made after the last event whose journal length does not reach beyond it.
    while (event + 1 < trace.steps && (words[event + 1] as number) <= i) event++;
    const t = i < (words[0] ?? 0) ? 0 : trace.time(event);
    if (course.times.length === 0 && t > 0) {
      course.times.push(0);
      course.values.push(before[i] as number);
    }
    if (course.times.at(-1) === t) course.values[course.values.length - 1] = after[i] as number;
    else {
      course.times.push(t);
      course.values.push(after[i] as number);
    }
  }
  return [...watched.values()].filter(({ times }) => times.length > 0);
}

/** A frame's time on the wire. */
export interface WireSpan {
  readonly frame: number;
  /** Hosts; to -1: what is there is none, such as a script. */
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly end: number;
  /** When the last bit reached the other card; `end` if it never did. */
  readonly arrival: number;
  readonly bytes: number;
  readonly lost: boolean;
}

/** All frames that began to leave a card, in order. */
export function* wireSpans(trace: Trace): Work<WireSpan[]> {
  const frames = new Map<number, Record<string, number>>();
  const courses = yield* coursesOf(trace, 'frame', ['from_host', 'to_host', 'start', 'end', 'arrival', 'len', 'state']);
  for (const { object, field, values } of courses) {
    const known = frames.get(object) ?? {};
    known[field] = values.at(-1) as number;
    frames.set(object, known);
  }
  const LOST = 5;
  return [...frames]
    .filter(([, { end }]) => end !== undefined && end > 0)
    .map(([frame, { from_host = -1, to_host = -1, start = 0, end = 0, arrival = end, len = 0, state = 0 }]) => ({
      frame,
      from: from_host,
      to: to_host,
      start,
      end,
      arrival: Math.max(arrival, end),
      bytes: len,
      lost: state === LOST,
    }))
    .sort((a, b) => a.start - b.start);
}
