/** The page's side of the Worker: one at a time, ended and started anew when a run is given up. */
import type { TraceData } from '../../trace/data';
import type { RunRequest, WorkerMessage } from '../../worker/messages';

export interface RunHandlers {
  onProgress(ns: number, events: number): void;
  onDone(trace: TraceData): void;
  onFailed(lines: readonly string[]): void;
}

export class WorkerClient {
  private worker: Worker | null = null;
  private nextId = 1;
  private busy = false;

  /** Runs a scenario; a run under way is given up, and its handlers hear nothing more. */
  run(scenario: unknown, level: RunRequest['level'], handlers: RunHandlers): void {
    if (this.busy) this.cancel();
    const id = this.nextId++;
    this.worker ??= new Worker(new URL('../../worker/worker.ts', import.meta.url), { type: 'module' });
    const { worker } = this;
    this.busy = true;
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if (data.id !== id) return;
      if (data.type === 'progress') handlers.onProgress(data.ns, data.events);
      else {
        this.busy = false;
        if (data.type === 'done') handlers.onDone(data.trace);
        else handlers.onFailed(data.lines);
      }
    };
    worker.onerror = (event) => {
      this.cancel();
      handlers.onFailed([event.message || 'The Worker could not start.']);
    };
    worker.postMessage({ type: 'run', id, scenario, level } satisfies RunRequest);
  }

  /** Gives up the run under way. */
  cancel(): void {
    this.worker?.terminate();
    this.worker = null;
    this.busy = false;
  }
}
