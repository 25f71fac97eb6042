/** Holds a run of the model against a recording of a real kernel. */
import type { FunctionFact } from '../data';
import type { Trace } from '../trace';
import { Aligner, type Difference } from './align';
import { blocksOf, callsOf } from './blocks';
import { type Block, type Call, countCalls, splice, walk } from './forest';
import { isHidden } from './hidden';
import { setupDifference, unrecorded } from './setup';
import { Streams } from './streams';

/** A difference by name, however often it happened. */
export interface Finding {
  /** `-` at the top of a context. */
  readonly caller: string;
  readonly callee: string;
  /** Calls, with what they would have called. */
  readonly count: number;
  /** Why that is no mistake: what FIDELITY.md says of it, or that the same call is made elsewhere; null: nothing explains it. */
  readonly row: string | null;
  /** The model has both functions. */
  readonly modelled: boolean;
}

export interface Comparison {
  /** Calls in the recording. */
  readonly recorded: number;
  /** Of these, calls the model made under the same callers in the same order. */
  readonly reproduced: number;
  /** In the recording and not in the model. */
  readonly missing: readonly Finding[];
  /** In the model and not in the recording. */
  readonly extra: readonly Finding[];
  /** Share of each stream. */
  readonly streams: readonly { readonly name: string; readonly recorded: number; readonly reproduced: number }[];
}

/** System calls of the recorded kind that are tried as the beginning. */
const MOST_BEGINNINGS = 32;

/** What else is known of a recording. */
export interface Background {
  /** Its number among the project's, null: it is none of them. Some allowances are for one recording only. */
  readonly number: string | null;
  /** Calls that other recordings have. */
  readonly known: Calls;
}

const NO_BACKGROUND: Background = { number: null, known: new Set() };

/**
 * Compares from a system call on that is like the first of the recording that the scenario makes at all: the one from which most is
 * reproduced and least is extra, for the scenario may have a history before. A recording without system calls is held against the
 * whole run. Throws when the scenario makes none of the recorded system calls.
 */
export function compare(trace: Trace, recording: readonly Block[], background: Background = NO_BACKGROUND): Comparison {
  const names = recording.flatMap(({ kind, calls }) => (kind === 'syscall' ? calls.map(({ name }) => name) : []));
  const beginnings =
    names.length === 0 ? [0] : names.map((name) => callsOf(trace, name)).find(({ length }) => length > 0);
  if (beginnings === undefined) {
    throw new Error(`the recording has ${[...new Set(names)].join(', ')}, which no task of the scenario calls`);
  }
  const tried = beginnings
    .slice(0, MOST_BEGINNINGS)
    .map((from) => compareBlocks(blocksOf(trace, from), recording, trace.data.schema.functions, background));
  return tried.reduce((best, other) => (better(other, best) ? other : best));
}

function better(one: Comparison, other: Comparison): boolean {
  if (one.reproduced !== other.reproduced) return one.reproduced > other.reproduced;
  const extras = ({ extra }: Comparison): number => extra.reduce((sum, { count }) => sum + count, 0);
  return extras(one) < extras(other);
}

/** The same for blocks; `functions` are those of the model. */
export function compareBlocks(
  model: readonly Block[],
  recording: readonly Block[],
  functions: readonly FunctionFact[],
  background: Background = NO_BACKGROUND,
): Comparison {
  const shown = namesIn([recording]);
  const tally = new Tally(functions, background, callsIn([recording]));
  // A recording that shows a function of one of the hidden classes was taken otherwise than the project's: what it shows counts.
  const goes = (name: string, caller: string | null): boolean =>
    isHidden(name, caller) && !(shown.has(name) && isHidden(name, null));
  const visible = model.map((block) => ({ ...block, calls: plain(splice(block.calls, goes)) }));
  for (const { calls } of [...model, ...visible]) walk(calls, (call, caller) => tally.seen(caller, call.name));
  const oneHost = !recording.some(({ host }) => host === 1);
  const theirs = new Streams(recording.map((block) => tally.lookThrough(block)));
  const ours = new Streams(
    visible
      .filter(({ host }) => !oneHost || host !== 1)
      .map((block) => ({ ...block, calls: splice(block.calls, (name) => !shown.has(name)) })),
  );
  const aligner = new Aligner();
  const streams = theirs.names().map((name) => {
    const recorded = theirs.get(name)?.calls ?? [];
    const made = ours.get(name);
    const { matched, differences } = aligner.align(recorded, made?.calls ?? [], theirs.get(name)?.caller);
    const byTiming = theirs.get(name)?.byTiming ?? false;
    for (const difference of differences) tally.add(difference, byTiming);
    return { name, recorded: countCalls(recorded), reproduced: matched };
  });
  const recorded = recording.reduce((sum, { calls }) => sum + countCalls(calls), 0) - emptyTicks(recording);
  return {
    recorded,
    reproduced: streams.reduce((sum, stream) => sum + stream.reproduced, 0),
    missing: tally.findings('missing'),
    extra: tally.findings('extra'),
    streams,
  };
}

/** Passes over a timer wheel with nothing due, which the model (without ticks) has none of. */
function emptyTicks(blocks: readonly Block[]): number {
  let count = 0;
  for (const { calls } of blocks) {
    walk(calls, (call) => {
      if (call.name === 'run_timer_softirq' && call.children.length === 0) count++;
    });
  }
  return count;
}

/** Forgets what was spliced out: it needs no telling. */
function plain(calls: readonly Call[]): Call[] {
  return calls.map(({ name, children }) => ({ name, children: plain(children) }));
}

type Side = Difference['side'];

/** Counts differences by caller and callee and finds what FIDELITY says of them. */
class Tally {
  private readonly counts = { missing: new Map<string, number>(), extra: new Map<string, number>() };
  private readonly excused = new Set<string>();
  private readonly facts: ReadonlyMap<string, FunctionFact>;
  private readonly edges = new Set<string>();
  private readonly entered = new Set<string>();

  constructor(
    functions: readonly FunctionFact[],
    private readonly background: Background,
    private readonly recorded: Calls,
  ) {
    this.facts = new Map(functions.map((fact) => [fact.name, fact]));
  }

  /**
   * Takes out of a recording what the run never enters, where the run goes straight from the caller to what it calls (or where
   * it has the function not at all): the calls below can be compared still. Each is counted as missing.
   */
  lookThrough({ calls, ...block }: Block): Block {
    const pass = (list: readonly Call[], caller: string | null): Call[] =>
      list.flatMap((call) => {
        const direct = call.children.some((child) => this.edges.has(`${caller ?? '-'} ${child.name}`));
        if (this.entered.has(call.name) || (!direct && this.facts.has(call.name))) {
          return [{ name: call.name, children: pass(call.children, call.name) }];
        }
        this.count('missing', caller, call.name, 1);
        return pass(call.children, caller);
      });
    return { ...block, calls: pass(calls, null) };
  }

  add({ side, caller, call }: Difference, byTiming: boolean): void {
    const size = 1 + countCalls(call.children);
    this.count(side, caller, call.name, size);
    if (caller === null && (byTiming || side === 'extra')) this.excused.add(`${side} - ${call.name}`);
  }

  private count(side: Side, caller: string | null, callee: string, size: number): void {
    const key = `${caller ?? '-'} ${callee}`;
    this.counts[side].set(key, (this.counts[side].get(key) ?? 0) + size);
  }

  /** The model made this call somewhere in the run. */
  seen(caller: string | null, callee: string): void {
    this.entered.add(callee);
    this.edges.add(`${caller ?? '-'} ${callee}`);
  }

  findings(side: Side): Finding[] {
    return [...this.counts[side]]
      .map(([key, count]) => {
        const [caller = '-', callee = ''] = key.split(' ');
        const modelled = this.facts.has(callee) && (caller === '-' || this.facts.has(caller));
        return { caller, callee, count, row: this.row(side, caller, callee), modelled };
      })
      .sort((a, b) => b.count - a.count || a.callee.localeCompare(b.callee));
  }

  private row(side: Side, caller: string, callee: string): string | null {
    if (this.excused.has(`${side} ${caller} ${callee}`)) return 'how often: a matter of timing';
    if (side === 'extra') {
      const { model } = this.facts.get(callee)?.tags ?? {};
      if (model !== undefined) return `only in the model: ${model}`;
      const { known, number } = this.background;
      if ([known, this.recorded].some((calls) => calls.has(`${caller} ${callee}`)))
        return 'recorded elsewhere: how often or when differs';
      const why = unrecorded(number, caller, callee);
      return why === null ? null : `in no recording: ${why}`;
    }
    const setup = setupDifference(this.background.number, caller, callee);
    if (setup !== null) return `set-up: ${setup}`;
    const omitted = omissions(this.facts.get(caller)).find(({ name }) => name === callee);
    if (omitted !== undefined) return `left out: ${omitted.why}`;
    return this.edges.has(`${caller} ${callee}`) ? 'called elsewhere in the run: how often or when differs' : null;
  }
}

/** What a function leaves out: its `@omits CALLEE: WHY` tags. */
export function omissions(fact: FunctionFact | undefined): { name: string; why: string }[] {
  const text = fact?.tags.omits;
  if (text === undefined) return [];
  // Several tags of a kind are joined with "; ": a new one begins where a name and a colon follow. One may name several callees.
  return text.split(/;\s+(?=[\w, ]+:)/).flatMap((entry) => {
    const colon = entry.indexOf(':');
    const names = colon < 0 ? entry : entry.slice(0, colon);
    const why = colon < 0 ? '' : entry.slice(colon + 1).trim();
    return names.split(/[,\s]+/).map((name) => ({ name: name.replace(/\(\)$/, ''), why }));
  });
}

/** Calls as `CALLER CALLEE`. */
export type Calls = ReadonlySet<string>;

/** Every call of some recordings. */
export function callsIn(recordings: readonly (readonly Block[])[]): Calls {
  const calls = new Set<string>();
  for (const blocks of recordings) {
    for (const block of blocks) walk(block.calls, ({ name }, caller) => calls.add(`${caller ?? '-'} ${name}`));
  }
  return calls;
}

/** Every function name of some recordings. */
export function namesIn(recordings: readonly (readonly Block[])[]): Set<string> {
  const names = new Set<string>();
  const note = (call: Call): void => {
    names.add(call.name);
  };
  for (const blocks of recordings) for (const { calls } of blocks) walk(calls, note);
  return names;
}

/** Marks what nothing explains. A test forbids both in the project's own situations; other scenarios may go other ways than a recording. */
const NOT_EXPLAINED = 'NO ROW IN FIDELITY';
const OTHER_WAY = 'THIS RUN GOES ANOTHER WAY: the model has both functions';

/** A comparison as text: shares, then what is missing and extra by name. */
export function reportOf(comparison: Comparison): string {
  const { recorded, reproduced, missing, extra, streams } = comparison;
  const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
  const list = (title: string, findings: readonly Finding[]): string[] => [
    `${title}: ${findings.length === 0 ? 'none' : ''}`.trimEnd(),
    ...findings.map(
      ({ caller, callee, count, row, modelled }) =>
        `  ${count}\t${caller} > ${callee}\t${row ?? (modelled ? OTHER_WAY : NOT_EXPLAINED)}`,
    ),
  ];
  return [
    `reproduced: ${reproduced} of ${recorded} recorded calls, ${share(reproduced, recorded)}`,
    ...streams.map((s) => `  ${share(s.reproduced, s.recorded)}\t${s.reproduced}/${s.recorded}\t${s.name}`),
    ...list('missing in the model', missing),
    ...list('only in the model', extra),
  ].join('\n');
}
