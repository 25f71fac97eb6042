/** What presets are made of. */
import type { CallInput, ScenarioInput } from '../schema';
import { VERSION } from '../shape';

export interface Preset {
  /** In links and on the command line: never renamed. */
  readonly name: string;
  readonly title: string;
  /** What to watch, one sentence. */
  readonly watch: string;
  readonly scenario: ScenarioInput;
}

type Rest = Omit<ScenarioInput, 'title' | 'watch' | 'version'>;

export function preset(name: string, title: string, watch: string, rest: Rest): Preset {
  return { name, title, watch, scenario: { version: VERSION, title, watch, ...rest } };
}

export const write = (bytes: number, fd = 'c1'): CallInput => ({ op: 'write', fd, bytes });
export const read = (bytes: number, fd = 'c1'): CallInput => ({ op: 'read', fd, bytes });

/** Host A's writer starts when host B's reader already waits. */
export const writer = (...calls: CallInput[]) => ({ host: 'A' as const, name: 'writer', startUs: 50, calls });
export const reader = (...calls: CallInput[]) => ({ host: 'B' as const, name: 'reader', cpu: 1, calls });

/** One call that returns when all `bytes` have come. */
export const readAll = (bytes: number, fd = 'c1'): CallInput => ({ op: 'recv', fd, bytes, flags: ['MSG_WAITALL'] });
