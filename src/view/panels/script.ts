/** A packetdrill script as a pane shows it: its lines, what has become of each up to a step, and what came of the whole. */
import { scriptLineAt, scriptLinesAt, scriptMoments } from '../../trace/script';
import type { Trace } from '../../trace/trace';

export interface ScriptRow {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** `ahead`: not yet come, or no event; `begins`: under way; of a line that `failed`, `note` says what was expected and what came. */
  readonly state: 'ahead' | 'begins' | 'holds' | 'failed';
  readonly note: string;
  readonly isCurrent: boolean;
  /** First step of the line, null: it has none. */
  readonly step: number | null;
}

export interface ScriptVerdict {
  readonly ok: boolean;
  readonly text: string;
}

/** The script of the run, null: it is none. */
export function scriptOf(trace: Trace): string | null {
  const { script } = trace.data.scenario as { script?: unknown };
  return typeof script === 'string' ? script : null;
}

export function scriptRows(trace: Trace, step: number): ScriptRow[] {
  const lines = (scriptOf(trace) ?? '').split('\n');
  const current = scriptLineAt(trace, step);
  const now = scriptLinesAt(trace, step);
  const firsts = new Map<number, number>();
  for (const moment of scriptMoments(trace)) if (!firsts.has(moment.line)) firsts.set(moment.line, moment.step);
  return lines.map((text, index) => {
    const number = index + 1;
    const moment = now.get(number);
    return {
      number,
      text,
      state: moment?.kind ?? 'ahead',
      note: moment?.text ?? '',
      isCurrent: number === current,
      step: firsts.get(number) ?? null,
    };
  });
}

/** What came of the script in the whole run. */
export function scriptVerdict(trace: Trace): ScriptVerdict {
  const all = scriptMoments(trace);
  const failed = all.find(({ kind }) => kind === 'failed');
  if (failed !== undefined) return { ok: false, text: `Line ${failed.line}: ${failed.text}` };
  if (trace.data.end.reason === 'limit') return { ok: false, text: 'The run was over before the script.' };
  const held = new Set(all.filter(({ kind }) => kind === 'holds').map(({ line }) => line)).size;
  return {
    ok: true,
    text: `The model does what the script says: ${held} ${held === 1 ? 'line holds' : 'lines hold'}.`,
  };
}
