/**
 * Work of a long run that can be done a little at a time: a generator that yields every few thousand items, and returns the result.
 * Who has a page to keep alive goes on with it between frames; who has not, finishes it at once.
 */
export type Work<T> = Generator<undefined, T, undefined>;

/** Does all that is left of it. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Items between two rests: a fraction of a millisecond. */
const STRIDE = 2048;

/** True for every so many-th item: the place to yield. */
export const rests = (n: number): boolean => n % STRIDE === STRIDE - 1;
