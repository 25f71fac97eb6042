/** How each kernel function is held against something that was not written here: recordings, packetdrill scripts, tests with published numbers. */
import { runScenario } from '../machine/run';
import { scenarioOfScript } from '../scenario/packetdrill/scenario';
import { parseScenario } from '../scenario/schema';
import { walk } from '../trace/compare/forest';
import { Kind } from '../trace/recorder';
import { RECORDINGS, recordingOf } from './recordings';

export interface Checks {
  /** Numbers of the recordings it was seen in. */
  readonly recordings: readonly string[];
  /** Names of the project's scripts in which it ran. */
  readonly scripts: readonly string[];
  /** Test files of the kernel and the machine that import it or ask for it by name. */
  readonly tests: readonly string[];
}

const scripts = import.meta.glob<string>('../scenario/packetdrill/scripts/*.pkt', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const tests = import.meta.glob<string>('../{kernel,machine}/**/*.test.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** What a test imports, and its texts that are nothing but a name: not words of comments and titles. */
function namedIn(test: string): ReadonlySet<string> {
  const imported = [...test.matchAll(/^import \{([^}]*)\}/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
  const quoted = [...test.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
  return new Set([...imported, ...quoted]);
}

const baseName = (path: string): string => path.replace(/^.*\//, '').replace(/\.[^.]+$/, '');

function functionsIn(script: string): ReadonlySet<string> {
  const parsed = parseScenario(scenarioOfScript(script));
  if (!parsed.ok) return new Set();
  const { columns, schema } = runScenario(parsed.scenario, { level: 'calls' });
  const ids = new Set<number>();
  columns.kind.forEach((kind, n) => {
    if (kind === Kind.ENTER) ids.add(columns.fn[n] as number);
  });
  return new Set([...ids].map((id) => schema.functions[id]?.name ?? ''));
}

/** By function name. Runs all scripts. */
export function checksByFunction(): (name: string) => Checks {
  const recorded = [...RECORDINGS.keys()].map((number) => {
    const names = new Set<string>();
    for (const { calls } of recordingOf(number)) walk(calls, ({ name }) => names.add(name));
    return [number, names] as const;
  });
  const scripted = Object.entries(scripts).map(([path, text]) => [baseName(path), functionsIn(text)] as const);
  const tested = Object.entries(tests).map(([path, text]) => [baseName(path), namedIn(text)] as const);
  const having = (sources: readonly (readonly [string, ReadonlySet<string>])[], name: string): string[] =>
    sources.filter(([, names]) => names.has(name)).map(([source]) => source);
  return (name) => ({
    recordings: having(recorded, name),
    scripts: having(scripted, name),
    tests: having(tested, name),
  });
}

/** In short, for a cell of a table. */
export function checksText({ recordings, scripts: played, tests: named }: Checks): string {
  const some = (names: readonly string[]): string =>
    names.length <= 2 ? names.join(', ') : `${names[0]} and ${names.length - 1} more`;
  return [
    recordings.length > 0 ? `recordings ${recordings.join(' ')}` : '',
    played.length > 0 ? `scripts ${some(played)}` : '',
    named.length > 0 ? `tests ${some(named.map((name) => name.replace(/\.test$/, '')))}` : '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}
