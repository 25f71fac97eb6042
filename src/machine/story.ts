/** A preset's run as a test asks about it. */
import type { Heap, StructObject } from '../base/heap';
import { presetNamed, scenarioOf } from '../scenario/presets';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

/** Structs of a type that are not freed, oldest first. */
export function alive<T>(
  heap: Heap,
  type: { isInstance(value: unknown): value is T & StructObject },
): (T & StructObject)[] {
  return heap.objects.filter((object): object is T & StructObject => {
    return object !== null && type.isInstance(object) && heap.isLive(object);
  });
}

/** A run seen by its calls. */
export class Story {
  readonly trace: Trace;
  constructor(readonly run: Run) {
    this.trace = new Trace(run.trace);
  }

  private where(n: number): string {
    const { host, name } = this.trace.context(this.trace.ctx(n));
    return `${this.trace.data.hosts[host]?.name ?? '-'} ${name}`;
  }

  private *events(kind: number, place: RegExp): Generator<number> {
    for (let n = 0; n < this.trace.steps; n++) if (this.trace.kind(n) === kind && place.test(this.where(n))) yield n;
  }

  /** ENTER events of a function in contexts such as `A task:writer`. */
  calls(name: string, place = /./): number[] {
    return [...this.events(Kind.ENTER, place)].filter((n) => this.trace.functionAt(n)?.name === name);
  }

  /** What the calls of a function returned. */
  results(name: string, place = /./): unknown[] {
    return this.calls(name, place).map((n) => {
      return this.trace.variablesAt(this.trace.leaveOf(n)).find(({ isReturn }) => isReturn)?.value;
    });
  }

  /** Through which table each call of a function went. */
  ways(name: string, place = /./): string[] {
    return this.calls(name, place).map((n) => {
      const slot = this.trace.slot(this.trace.via(n));
      return slot === null ? 'direct' : `${slot.table}.${slot.slot}`;
    });
  }

  /** Marks with a label. */
  marks(kind: number, label: string, place = /./): number[] {
    return [...this.events(kind, place)].filter((n) => this.trace.label(n) === label);
  }

  /** Names of the functions under way at step n, outermost first. */
  stack(n: number): string[] {
    return this.trace.stackAt(n).map(({ fact }) => fact.name);
  }

  /** True when step n happens while the first call of `name` in `place` is under way. */
  during(n: number, name: string, place = /./): boolean {
    return this.calls(name, place).some((enter) => n > enter && n < this.trace.leaveOf(enter));
  }
}

/** The run of a preset; it has ended well, and all that was written was read. */
export function told(name: string): Story {
  const preset = presetNamed(name);
  if (preset === null) throw new Error(`no preset ${name}`);
  const story = new Story(run(scenarioOf(preset), { level: 'calls' }));
  const { reason, message } = story.run.trace.end;
  if (reason !== 'done') throw new Error(`the run ended with ${reason}: ${message}`);
  for (const [connection, { a, b }] of story.run.ledgers) {
    const whole = Buffer.concat(b.read).equals(Buffer.concat(a.written));
    if (!whole || a.written.length === 0) throw new Error(`${connection}: not all that was written was read`);
  }
  return story;
}
