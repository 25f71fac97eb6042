/** The Worker's entry: runs one scenario after the other, and hands each trace over without copying. */
/// <reference lib="webworker" />
import { runScenario } from '../machine/run';
import { parseScenario } from '../scenario/schema';
import { transferables } from '../trace/collect';
import type { RunRequest, WorkerMessage } from './messages';

function answer(message: WorkerMessage, transfer: Transferable[] = []): void {
  (self as unknown as DedicatedWorkerGlobalScope).postMessage(message, transfer);
}

self.addEventListener('message', ({ data }: MessageEvent<RunRequest>) => {
  const { id } = data;
  const parsed = parseScenario(data.scenario);
  if (!parsed.ok) {
    answer({ type: 'failed', id, lines: parsed.issues.map(({ message }) => message) });
    return;
  }
  try {
    const trace = runScenario(parsed.scenario, {
      level: data.level,
      onProgress: (ns, events) => answer({ type: 'progress', id, ns, events }),
    });
    answer({ type: 'done', id, trace }, transferables(trace));
  } catch (error) {
    answer({ type: 'failed', id, lines: [error instanceof Error ? error.message : String(error)] });
  }
});
