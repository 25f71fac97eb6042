/** Long work on a page that stays alive: a slice of it between two frames, whenever there is nothing else to do. */
import type { Work } from '../../base/work';

/** Longest stretch of work between two frames, ms: no key or click waits longer for it. */
const SLICE_MS = 12;

const soon: (run: () => void) => number =
  typeof requestIdleCallback === 'function'
    ? (run) => requestIdleCallback(run, { timeout: 100 })
    : (run) => window.setTimeout(run, 8);
const notSoon: (id: number) => void =
  typeof cancelIdleCallback === 'function' ? cancelIdleCallback : (id) => window.clearTimeout(id);

/** Works until it is done and tells; what is returned gives it up. */
export function inSlices<T>(work: Work<T>, onDone: (value: T) => void): () => void {
  const goOn = (): void => {
    const until = performance.now() + SLICE_MS;
    do {
      const { done, value } = work.next();
      if (!done) continue;
      onDone(value as T);
      return;
    } while (performance.now() < until);
    id = soon(goOn);
  };
  let id = soon(goOn);
  return () => notSoon(id);
}
