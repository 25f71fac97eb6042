/** What the page and the Worker say to each other. A run is asked for with an id; answers carry it. */
import type { TraceData } from '../trace/data';

/** Page to Worker. A new `run` ends the one under way. */
export interface RunRequest {
  readonly type: 'run';
  readonly id: number;
  /** Scenario input, not yet validated. */
  readonly scenario: unknown;
  readonly level: 'calls' | 'lines';
}

/** Worker to page. */
export type WorkerMessage =
  /** Now and then while a run goes on: virtual ns reached and events recorded. */
  | { readonly type: 'progress'; readonly id: number; readonly ns: number; readonly events: number }
  | { readonly type: 'done'; readonly id: number; readonly trace: TraceData }
  /** The scenario is not valid, or the run broke. Each line names a place and what was expected. */
  | { readonly type: 'failed'; readonly id: number; readonly lines: readonly string[] };
