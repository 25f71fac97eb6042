/** What the palette offers, and what each entry does. */
import { PRESETS } from '../../scenario/presets';
import {
  breakpointOf,
  breakpointWords,
  type Calls,
  callsOf,
  type Entry,
  find,
  nextOf,
  objectEntries,
} from '../../view/palette';
import { fixedThreads, packetThread } from '../../view/threads';
import { KEYS } from '../keyboard';
import { presetSource } from '../store/address';
import { Derived } from '../store/derived';
import { usePage } from '../store/store';

export interface Command extends Entry {
  readonly run: () => void;
}

const MOST = 60;
const MOST_OBJECTS = 20;

const CALLS = new Derived(callsOf);

/** Keys whose commands one looks for first; the rest moves through the run. */
const MENU = ['e', 'h', 'l', 'x', 'd', 't', '?'];

function keyCommands(inMenu: boolean): Command[] {
  const keys = Object.entries(KEYS).filter(([key]) => key !== '/' && MENU.includes(key) === inMenu);
  return keys.map(([key, { does, run }]) => ({
    id: `key ${key}`,
    group: inMenu ? 'Commands' : 'Steps',
    label: does,
    hint: key.replace('Arrow', '').replace(' ', 'Space'),
    run,
  }));
}

function moreCommands(): Command[] {
  const page = usePage.getState();
  const command = (label: string, run: () => void): Command => ({
    id: `command ${label}`,
    group: 'Commands',
    label,
    run,
  });
  return [
    command('About this run', () => page.openDialog('about')),
    command('Break at a function: break NAME if x > 1', () => page.openPalette('break ')),
    ...(page.breakpoints.length > 0
      ? [command('Remove all breakpoints', () => usePage.setState({ breakpoints: [] }))]
      : []),
  ];
}

function presetCommands(): Command[] {
  const { load } = usePage.getState();
  return PRESETS.map(({ name, title, watch }) => ({
    id: `preset ${name}`,
    group: 'Scenarios',
    label: `${name}: ${title}`,
    hint: watch.length > 60 ? '' : watch,
    run: () => {
      const source = presetSource(name);
      if (source !== null) load(source);
    },
  }));
}

function followCommands(): Command[] {
  const { trace, cursor, step, selection, setThread } = usePage.getState();
  if (trace === null || cursor === null) return [];
  const packet = packetThread(trace, cursor.state, step, selection);
  const all = { id: 'all', label: 'everything', thread: 'all' as const };
  return [all, ...(packet === null ? [] : [packet]), ...fixedThreads(trace)].map(({ id, label, thread }) => ({
    id: `follow ${id}`,
    group: 'Follow',
    label: `Follow ${label}`,
    run: () => setThread(thread),
  }));
}

function breakpointCommands(): Command[] {
  const { breakpoints, toggleBreakpoint } = usePage.getState();
  return breakpoints.map((point) => ({
    id: `remove ${breakpointWords(point)}`,
    group: 'Breakpoints',
    label: `Remove the breakpoint at ${breakpointWords(point)}`,
    run: () => toggleBreakpoint(point),
  }));
}

function callCommand({ name, file, steps }: Calls): Command {
  const { step, seek } = usePage.getState();
  const target = nextOf(steps, step);
  return {
    id: `fn ${file} ${name}`,
    group: 'Functions',
    label: name,
    hint: `call ${steps.indexOf(target) + 1} of ${steps.length}, ${file}`,
    run: () => seek(target),
  };
}

/** `break ...`: the breakpoint that is written, functions to complete it, and those that are set. */
function breakEntries(text: string): Command[] {
  const { trace, toggleBreakpoint, openPalette } = usePage.getState();
  if (trace === null) return [];
  const calls = CALLS.of(trace);
  const point = breakpointOf(text, calls);
  const made: Command[] =
    point === null
      ? []
      : [
          {
            id: 'break',
            group: 'Breakpoints',
            label: `Break at ${breakpointWords(point)}`,
            hint: 'Enter',
            run: () => toggleBreakpoint(point),
          },
        ];
  const [name = ''] = text.trim().split(/\s/);
  const entries = calls.map((one) => ({ id: `break ${one.file} ${one.name}`, group: 'Breakpoints', label: one.name }));
  const offered = find(entries, name, MOST).map((entry) => ({
    ...entry,
    run: () => openPalette(`break ${entry.label} `),
  }));
  return [...made, ...breakpointCommands(), ...(point === null ? offered : [])];
}

/** What fits the query: a step by number, commands, scenarios, functions of the run, objects of the step. */
export function entriesFor(query: string): Command[] {
  const { trace, cursor, seek, select } = usePage.getState();
  const text = query.trim();
  if (/^b(reak)?\s/.test(query)) return breakEntries(query.replace(/^\w+\s+/, ''));
  const found: Command[] = [];
  const number = /^#?([\d,_ ]+)$/.exec(text)?.[1]?.replace(/[,_ ]/g, '');
  if (trace !== null && number !== undefined && number !== '') {
    const step = Math.max(1, Math.min(trace.steps, Number(number)));
    const label = `Go to step ${step.toLocaleString('en')}`;
    found.push({ id: 'step', group: 'Go to', label, run: () => seek(step - 1) });
  }
  found.push(
    ...find([...keyCommands(true), ...moreCommands(), ...breakpointCommands()], text, MOST),
    ...find(presetCommands(), text, MOST),
    ...find(followCommands(), text, MOST),
    ...find(keyCommands(false), text, MOST),
  );
  if (trace !== null && text !== '') found.push(...find(CALLS.of(trace).map(callCommand), text, MOST));
  if (cursor !== null && text.length > 1) {
    const objects = objectEntries(cursor.trace, cursor.state, text, MOST_OBJECTS);
    found.push(...objects.map((entry) => ({ ...entry, run: () => select(entry.object) })));
  }
  return found.slice(0, 3 * MOST);
}
