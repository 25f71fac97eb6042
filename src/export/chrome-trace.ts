/** Writes the run in the Trace Event Format that Perfetto and chrome://tracing read: a process a host, a thread a CPU or task. */
import { Kind, NONE } from '../trace/recorder';
import type { Trace } from '../trace/trace';

interface TraceEvent {
  readonly name: string;
  readonly ph: 'B' | 'E' | 'i' | 'M';
  /** Microseconds. */
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly s?: 't';
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Host number of what belongs to none. */
const NO_HOST = 255;

/** Events of all functions, hardware and the wire. Threads are contexts, so that each one's calls nest. */
export function chromeTrace(trace: Trace): { traceEvents: TraceEvent[]; displayTimeUnit: 'ns' } {
  const traceEvents: TraceEvent[] = [];
  for (const [pid, { name }] of [...trace.data.hosts.entries(), [NO_HOST, { name: 'link' }] as const]) {
    traceEvents.push({ name: 'process_name', ph: 'M', ts: 0, pid, tid: 0, args: { name: `host ${name}` } });
  }
  for (const { id, name, host, cpu } of trace.data.contexts) {
    const where = cpu === NO_HOST ? name : `${name} (cpu ${cpu})`;
    traceEvents.push({ name: 'thread_name', ph: 'M', ts: 0, pid: host, tid: id, args: { name: where } });
  }
  for (let n = 0; n < trace.steps; n++) {
    const kind = trace.kind(n);
    if (kind === Kind.LINE || kind === Kind.END) continue;
    const tid = trace.ctx(n);
    const place = { ts: trace.time(n) / 1000, pid: trace.context(tid).host, tid };
    const skb = trace.skb(n);
    const fact = trace.functionAt(n);
    if (kind === Kind.ENTER && fact !== null) {
      const slot = trace.slot(trace.via(n));
      const args = {
        ...(skb ? { skb } : {}),
        ...(slot === null ? {} : { via: `${slot.table}.${slot.slot}` }),
        step: n,
      };
      traceEvents.push({ name: fact.name, ph: 'B', cat: trace.layerAt(n) ?? 'kernel', ...place, args });
    } else if (kind === Kind.LEAVE && fact !== null) traceEvents.push({ name: fact.name, ph: 'E', ...place });
    else
      traceEvents.push({
        name: trace.label(n),
        ph: 'i',
        s: 't',
        ...place,
        args: { ...(skb ? { object: skb } : {}), step: n },
      });
  }
  closeOpen(trace, traceEvents);
  return { traceEvents, displayTimeUnit: 'ns' };
}

/** Functions that had not returned when the run ended: they end with it. */
function closeOpen(trace: Trace, events: TraceEvent[]): void {
  const ts = trace.steps === 0 ? 0 : trace.time(trace.steps - 1) / 1000;
  for (let n = trace.steps - 1; n >= 0; n--) {
    if (trace.kind(n) !== Kind.ENTER || trace.leaveOf(n) !== NONE) continue;
    const tid = trace.ctx(n);
    events.push({ name: trace.functionAt(n)?.name ?? '', ph: 'E', ts, pid: trace.context(tid).host, tid });
  }
}
