import { useEffect, useState } from 'react';
import { finish, type Work } from '../../base/work';
import type { Trace } from '../../trace/trace';
import { inSlices } from './slices';
import { usePage } from './store';

/** Something read off a whole trace: made once a trace, when it is first shown. */
export class Derived<T> {
  private readonly known = new WeakMap<Trace, { readonly value: T }>();
  private readonly works = new WeakMap<Trace, Work<T>>();

  constructor(private readonly make: (trace: Trace) => Work<T>) {}

  /** At once: what is left of the work is done now. */
  of(trace: Trace): T {
    return finish(this.from(trace));
  }

  has(trace: Trace): boolean {
    return this.known.has(trace);
  }

  /** A little at a time. Whoever asks, the work is one: it is gone on with where it stands. */
  *from(trace: Trace): Work<T> {
    for (;;) {
      const found = this.known.get(trace);
      if (found !== undefined) return found.value;
      const { done, value } = this.workOn(trace).next();
      if (!done) yield;
      else this.known.set(trace, { value: value as T });
    }
  }

  private workOn(trace: Trace): Work<T> {
    let work = this.works.get(trace);
    if (work === undefined) {
      work = this.make(trace);
      this.works.set(trace, work);
    }
    return work;
  }
}

/** What is derived from the trace, or null until there was time to make it: the step is drawn first. */
export function useDerived<T>(derived: Derived<T>, trace: Trace | null): T | null {
  const [, setMade] = useState(0);
  const wait = usePage((page) => page.wait);
  useEffect(() => {
    if (trace === null || derived.has(trace)) return;
    const over = wait();
    const stop = inSlices(derived.from(trace), () => {
      setMade((count) => count + 1);
      over();
    });
    return () => {
      stop();
      over();
    };
  }, [derived, trace, wait]);
  return trace !== null && derived.has(trace) ? derived.of(trace) : null;
}
