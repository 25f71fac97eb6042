import { drops } from '../../view/fates';
import { Derived } from './derived';

/** Drops that the page lists and marks. */
const MOST = 10_000;

/** What was dropped in a run, and why. */
export const DROPS = new Derived((trace) => drops(trace, MOST));
