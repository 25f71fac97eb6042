/** What the page knows: the run it shows, where it stands, and what the user looks at. Everything drawn is derived from it. */
import { create } from 'zustand';
import { Cursor } from '../../trace/cursor';
import type { TraceData } from '../../trace/data';
import { findKey, keyOf } from '../../trace/keys';
import {
  type Breakpoint,
  into,
  intoBack,
  next,
  nextHit,
  out,
  outBack,
  over,
  overBack,
  previous,
  previousHit,
  type Size,
  type Thread,
} from '../../trace/navigate';
import { Kind } from '../../trace/recorder';
import { Trace } from '../../trace/trace';
import { type Change, withEdit } from '../../view/switches';
import { inSlices } from './slices';
import { WorkerClient } from './worker-client';

export type Theme = 'system' | 'light' | 'dark';

/** What was asked for: a preset by name, or a scenario of the user's own. */
export interface Source {
  readonly preset: string | null;
  /** False when the scenario was made from the preset, or is no preset's. */
  readonly unchanged: boolean;
  /** Scenario input as the user or the preset wrote it. */
  readonly scenario: unknown;
  /** The text it was read from, which the editor goes on with; null when it came as data. */
  readonly text: string | null;
}

/** What can stand over the page. */
export type DialogName = 'palette' | 'editor' | 'export' | 'help' | 'about' | 'drops';

/** The stage, a packet of the capture, or the inside of a network card: its number among all cards. */
export type Main = 'stage' | 'packet' | number;

/** Something went wrong; the page keeps what it had. */
export interface Problem {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface PageState {
  readonly run: { readonly ns: number; readonly events: number } | null;
  readonly problem: Problem | null;
  /** A short word that something was done, such as a link copied. */
  readonly notice: string | null;
  readonly source: Source | null;
  readonly trace: Trace | null;
  /** Stands at `step`; the same object while the trace is the same. */
  readonly cursor: Cursor | null;
  readonly step: number;
  /** Where the page stood before: what changed since is marked. */
  readonly previousStep: number;
  readonly playing: boolean;
  /** Which way it plays. */
  readonly direction: 1 | -1;
  /** Steps a second while playing. */
  readonly pace: number;
  readonly size: Size;
  readonly thread: Thread;
  /** Object id looked at in the inspector; null: what the step has in hand. */
  readonly selection: number | null;
  /** Object id under the pointer, marked wherever it is drawn. */
  readonly hover: number | null;
  /** What stands in the middle of the page. */
  readonly main: Main;
  /** Number of the card whose capture is shown, and of the packet that was chosen there, from 1; null: none. */
  readonly capturePlace: number;
  readonly captured: number | null;
  readonly breakpoints: readonly Breakpoint[];
  readonly theme: Theme;
  readonly dialog: DialogName | null;
  /** What the palette opens with. */
  readonly query: string;
  /** Text the editor opens with; null: the scenario that runs. */
  readonly draft: string | null;
  /** Parts of the page that still load. */
  readonly pending: number;
}

export interface PageActions {
  /** Runs a scenario and shows it at the step of `key` (the start if there is none). */
  load(source: Source, key?: string): void;
  cancelRun(): void;
  seek(step: number): void;
  /** One step of the current size along the current thread. */
  forward(): void;
  back(): void;
  move(how: 'into' | 'over' | 'out' | 'intoBack' | 'overBack' | 'outBack'): void;
  /** To the next breakpoint, or the end; backwards to the one before, or the start. */
  proceed(direction: 1 | -1): void;
  toPacket(direction: 1 | -1): void;
  /** Plays on, or backwards; from the end, or the start, over again. */
  play(direction?: 1 | -1): void;
  pause(): void;
  /** Changes something from outside at this moment: the run is made anew with that edit, and the page stays at this step. */
  edit(change: Change): void;
  setPace(pace: number): void;
  setSize(size: Size): void;
  setThread(thread: Thread): void;
  select(object: number | null): void;
  setHover(object: number | null): void;
  show(main: Main): void;
  showCapture(place: number, captured: number | null): void;
  toggleBreakpoint(breakpoint: Breakpoint): void;
  setTheme(theme: Theme): void;
  openDialog(dialog: DialogName | null): void;
  openPalette(query: string): void;
  /** Opens the editor with a text, or with the scenario that runs. */
  openEditor(draft: string | null): void;
  /** Notes that something is loaded; call what it returns when that has come. */
  wait(): () => void;
  report(problem: Problem | null): void;
  say(notice: string | null): void;
}

/** Gives up what is still worked out for the run that was shown before. */
let stopPreparing = (): void => undefined;

const MOVES = { into, over, out, intoBack, overBack, outBack } as const;
const client = new WorkerClient();

function sameBreakpoint(a: Breakpoint, b: Breakpoint): boolean {
  const place = ({ fn, file, line, when = [] }: Breakpoint): string => JSON.stringify([fn, file, line, when]);
  return place(a) === place(b);
}

/** Where a run is opened: the first write, else the first function. */
function firstStep(trace: Trace): number {
  let first = -1;
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER) continue;
    if (first < 0) first = n;
    if (trace.functionAt(n)?.name === 'sys_write') return n;
  }
  return Math.max(first, 0);
}

/** What can still be shown of another run: a card if it has as many. */
function mainFor(main: Main, { state }: Cursor): Main {
  return typeof main === 'number' && main < state.objects('nic').length ? main : 'stage';
}

const THEME_KEY = 'skbscope.theme';

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

export const usePage = create<PageState & PageActions>()((set, get) => {
  /** Goes to a step of the trace; null: there is none that way. */
  const go = (step: number | null): boolean => {
    const { cursor, step: from } = get();
    if (cursor === null || step === null || step === from) return false;
    cursor.seek(step);
    set({ step, previousStep: from });
    return true;
  };

  const open = (source: Source, data: TraceData, key: string | undefined): void => {
    const trace = new Trace(data);
    const cursor = new Cursor(trace);
    const found = key === undefined ? 0 : findKey(trace, key);
    const first = firstStep(trace);
    const step = found === null ? first : Math.max(found, key === undefined ? first : 0);
    cursor.seek(step);
    const lost = found === null ? { title: 'The link names a step this run does not have', lines: [key ?? ''] } : null;
    const ended =
      data.end.reason === 'error' ? { title: 'The run broke', lines: [data.end.message ?? 'The model failed.'] } : null;
    set({
      run: null,
      source,
      trace,
      cursor,
      step,
      previousStep: step,
      playing: false,
      selection: null,
      hover: null,
      captured: null,
      main: mainFor(get().main, cursor),
      thread: 'all',
      // A preset ends where it was made to end.
      notice:
        data.end.reason === 'limit' && !source.unchanged
          ? "The run stopped at the scenario's limit of time or events."
          : get().notice,
      // A wrong address is told of before the run that is shown instead.
      problem: ended ?? lost ?? get().problem,
    });
    stopPreparing();
    const over = get().wait();
    const stop = inSlices(cursor.prepare(), over);
    stopPreparing = () => {
      stop();
      over();
    };
  };

  return {
    run: null,
    problem: null,
    notice: null,
    source: null,
    trace: null,
    cursor: null,
    step: 0,
    previousStep: 0,
    playing: false,
    direction: 1,
    pace: 4,
    size: 'call',
    thread: 'all',
    selection: null,
    hover: null,
    main: 'stage',
    capturePlace: 0,
    captured: null,
    breakpoints: [],
    theme: storedTheme(),
    dialog: null,
    query: '',
    draft: null,
    pending: 0,

    load(source, key) {
      set({ run: { ns: 0, events: 0 }, playing: false, problem: null });
      client.run(source.scenario, 'lines', {
        onProgress: (ns, events) => set({ run: { ns, events } }),
        onDone: (data) => open(source, data, key),
        onFailed: (lines) => set({ run: null, problem: { title: 'The scenario cannot run', lines } }),
      });
    },
    cancelRun() {
      client.cancel();
      set({ run: null });
    },
    seek(step) {
      const { trace } = get();
      if (trace !== null) go(Math.max(0, Math.min(trace.steps - 1, Math.round(step))));
    },
    forward() {
      const { trace, step, size, thread } = get();
      if (trace === null) return;
      if (!go(next(trace, step, size, thread))) set({ playing: false });
    },
    back() {
      const { trace, step, size, thread } = get();
      if (trace === null) return;
      if (!go(previous(trace, step, size, thread))) set({ playing: false });
    },
    move(how) {
      const { trace, step } = get();
      if (trace !== null) go(MOVES[how](trace, step));
    },
    proceed(direction) {
      const { trace, step, breakpoints, thread } = get();
      if (trace === null) return;
      if (direction === 1) go(nextHit(trace, step, breakpoints, thread) ?? trace.steps - 1);
      else go(previousHit(trace, step, breakpoints, thread) ?? 0);
    },
    toPacket(direction) {
      const { trace, step } = get();
      if (trace !== null) go((direction === 1 ? next : previous)(trace, step, 'packet'));
    },
    play(direction = 1) {
      const { trace, step } = get();
      if (trace === null) return;
      if (direction === 1 && step >= trace.steps - 1) go(0);
      if (direction === -1 && step <= 0) go(trace.steps - 1);
      set({ playing: true, direction });
    },
    pause: () => set({ playing: false }),
    edit(change) {
      const { trace, source, step, load } = get();
      if (trace === null || source === null) return;
      const scenario = withEdit(source.scenario, change, trace.time(step));
      load({ preset: source.preset, unchanged: false, scenario, text: null }, keyOf(trace, step));
    },
    setPace: (pace) => set({ pace }),
    setSize: (size) => set({ size }),
    setThread: (thread) => set({ thread }),
    select: (selection) => set({ selection }),
    setHover: (hover) => set({ hover }),
    show: (main) => set({ main, hover: null }),
    showCapture: (capturePlace, captured) => set({ capturePlace, captured }),
    toggleBreakpoint(breakpoint) {
      const rest = get().breakpoints.filter((other) => !sameBreakpoint(other, breakpoint));
      set({ breakpoints: rest.length < get().breakpoints.length ? rest : [...rest, breakpoint] });
    },
    setTheme(theme) {
      set({ theme });
      try {
        localStorage.setItem(THEME_KEY, theme);
      } catch {
        // Kept for this visit only.
      }
    },
    openDialog: (dialog) => set(dialog === null ? { dialog } : { dialog, query: '', draft: null, playing: false }),
    openPalette: (query) => set({ dialog: 'palette', query, playing: false }),
    openEditor: (draft) => set({ dialog: 'editor', draft, playing: false }),
    wait() {
      set({ pending: get().pending + 1 });
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        set({ pending: get().pending - 1 });
      };
    },
    report: (problem) => set({ problem }),
    say: (notice) => set({ notice }),
  };
});

/** The key of the step the page stands at, for links. */
export function currentKey(): string | null {
  const { trace, step } = usePage.getState();
  return trace === null ? null : keyOf(trace, step);
}
