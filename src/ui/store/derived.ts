import { useEffect, useState } from 'react';
import type { Trace } from '../../trace/trace';
import { usePage } from './store';

/** Something read off a whole trace: made once a trace, when it is first shown. */
export class Derived<T> {
  private readonly known = new WeakMap<Trace, T>();

  constructor(private readonly make: (trace: Trace) => T) {}

  of(trace: Trace): T {
    const found = this.known.get(trace);
    if (found !== undefined) return found;
    const made = this.make(trace);
    this.known.set(trace, made);
    return made;
  }

  has(trace: Trace): boolean {
    return this.known.has(trace);
  }
}

const soon: (run: () => void) => number =
  typeof requestIdleCallback === 'function'
    ? (run) => requestIdleCallback(run, { timeout: 400 })
    : (run) => window.setTimeout(run, 30);
const notSoon: (id: number) => void =
  typeof cancelIdleCallback === 'function' ? cancelIdleCallback : (id) => window.clearTimeout(id);

/** What is derived from the trace, or null until there was time to make it: the step is drawn first. */
export function useDerived<T>(derived: Derived<T>, trace: Trace | null): T | null {
  const [, setMade] = useState(0);
  const wait = usePage((page) => page.wait);
  useEffect(() => {
    if (trace === null || derived.has(trace)) return;
    const over = wait();
    const id = soon(() => {
      derived.of(trace);
      setMade((count) => count + 1);
      over();
    });
    return () => {
      notSoon(id);
      over();
    };
  }, [derived, trace, wait]);
  return trace !== null && derived.has(trace) ? derived.of(trace) : null;
}
