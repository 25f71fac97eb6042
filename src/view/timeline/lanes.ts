/** The lanes of the timeline: what each CPU worked on, by layer, and what was on the wire. */
import { rests, type Work } from '../../base/work';
import { type Layer, layerOf } from '../../trace/layers';
import { Kind } from '../../trace/recorder';
import type { Trace } from '../../trace/trace';
import { wayOf } from '../stage/history';
import { type WireSpan, wireSpans } from './history';

/** A stretch of one lane in one colour. Stretches nest: `level` 0 is the lowest. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly level: number;
  readonly layer: Layer;
  /** Step to go to when it is chosen. */
  readonly step: number;
  readonly name: string;
}

export interface Lane {
  readonly id: string;
  readonly label: string;
  readonly levels: number;
  /** In order of start. */
  readonly spans: readonly Span[];
}

/** A frame in which the layer changed: what is drawn of a call stack. */
interface Floor {
  readonly layer: Layer;
  readonly level: number;
  readonly step: number;
  readonly name: string;
  /** ns since when it is drawn, -1: not now, as another context has the CPU. */
  since: number;
}

function* cpuLanes(trace: Trace): Work<Lane[]> {
  const layers = trace.data.schema.functions.map((fact) => layerOf(fact.file));
  const lanes = new Map<string, { label: string; order: number; spans: Span[]; levels: number }>();
  // By context: one entry a frame, null where the layer is the caller's.
  const stacks = new Map<number, (Floor | null)[]>();
  const onCpu = new Map<string, number>();

  const laneOf = (ctx: number): string => {
    const { host, cpu } = trace.context(ctx);
    return `${host}.${cpu}`;
  };
  const close = (lane: string, floor: Floor, end: number): void => {
    if (floor.since < 0) return;
    const entry = lanes.get(lane);
    if (entry !== undefined && end > floor.since) {
      entry.spans.push({
        start: floor.since,
        end,
        level: floor.level,
        layer: floor.layer,
        step: floor.step,
        name: floor.name,
      });
      entry.levels = Math.max(entry.levels, floor.level + 1);
    }
    floor.since = -1;
  };

  for (let n = 0; n < trace.steps; n++) {
    if (rests(n)) yield;
    const ctx = trace.ctx(n);
    const { cpu, host, kind } = trace.context(ctx);
    if (kind === 'hardware' || cpu === 255) continue;
    const lane = laneOf(ctx);
    const t = trace.time(n);
    if (!lanes.has(lane)) {
      const name = trace.data.hosts[host]?.name ?? String(host);
      lanes.set(lane, { label: `${name} CPU ${cpu}`, order: host * 256 + cpu, spans: [], levels: 1 });
    }
    const before = onCpu.get(lane);
    if (before !== ctx) {
      if (before !== undefined) for (const floor of stacks.get(before) ?? []) if (floor !== null) close(lane, floor, t);
      for (const floor of stacks.get(ctx) ?? []) if (floor !== null) floor.since = t;
      onCpu.set(lane, ctx);
    }
    const event = trace.kind(n);
    let stack = stacks.get(ctx);
    if (stack === undefined) {
      stack = [];
      stacks.set(ctx, stack);
    }
    if (event === Kind.ENTER) {
      const outer = stack.findLast((floor) => floor !== null) ?? null;
      const layer = layers[trace.fn(n)] ?? outer?.layer ?? 'process';
      const isNew = outer === null || outer.layer !== layer;
      stack.push(
        isNew
          ? {
              layer,
              level: outer === null ? 0 : outer.level + 1,
              step: n,
              name: trace.functionAt(n)?.name ?? '',
              since: t,
            }
          : null,
      );
    } else if (event === Kind.LEAVE) {
      const floor = stack.pop();
      if (floor) close(lane, floor, t);
    } else if (event === Kind.SWITCH && trace.label(n) === 'sleeps') {
      for (const floor of stack) if (floor !== null) close(lane, floor, t);
      onCpu.delete(lane);
    }
  }
  return [...lanes]
    .sort(([, a], [, b]) => a.order - b.order)
    .map(([id, { label, spans, levels }]) => ({
      id: `cpu.${id}`,
      label,
      levels,
      spans: spans.sort((a, b) => a.start - b.start || a.level - b.level),
    }));
}

function* wireLanes(trace: Trace, frames: readonly WireSpan[]): Work<Lane[]> {
  const steps = new Map<number, number>();
  for (let n = 0; n < trace.steps; n++) {
    if (rests(n)) yield;
    if (trace.kind(n) === Kind.WIRE && !steps.has(trace.skb(n))) steps.set(trace.skb(n), n);
  }
  const lanes = new Map<string, Span[]>();
  for (const frame of frames) {
    const key = `${frame.from}.${frame.to}`;
    const spans = lanes.get(key) ?? [];
    lanes.set(key, spans);
    spans.push({
      start: frame.start,
      end: frame.end,
      level: 0,
      layer: 'wire',
      step: steps.get(frame.frame) ?? 0,
      name: `${frame.bytes} bytes${frame.lost ? ', lost' : ''}`,
    });
  }
  const way = wayOf(trace);
  const nameOf = (host: number): string => trace.data.hosts[host]?.name ?? 'script';
  const place = ({ from, to }: { from: number; to: number }): number =>
    Math.min(...[from, to].map((host) => way.indexOf(host)).filter((at) => at >= 0)) * 2 +
    (way.indexOf(from) > way.indexOf(to) && to >= 0 ? 1 : 0);
  return [...lanes]
    .map(([key, spans]) => {
      const [from = -1, to = -1] = key.split('.').map(Number);
      return {
        from,
        to,
        lane: { id: `wire.${key}`, label: `wire ${nameOf(from)} to ${nameOf(to)}`, levels: 1, spans },
      };
    })
    .sort((a, b) => place(a) - place(b))
    .map(({ lane }) => lane);
}

/** CPUs of the hosts in order, the wires between the hosts'. */
export function* lanesOf(trace: Trace): Work<{ lanes: Lane[]; frames: WireSpan[] }> {
  const frames = yield* wireSpans(trace);
  const cpus = yield* cpuLanes(trace);
  const wires = yield* wireLanes(trace, frames);
  const first = cpus.filter(({ id }) => id.startsWith('cpu.0.'));
  return { lanes: [...first, ...wires, ...cpus.filter((lane) => !first.includes(lane))], frames };
}
