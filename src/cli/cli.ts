/** The command line: reads arguments, runs a command, says what went wrong. */

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { functions } from 'virtual:kernel-functions';
import { lookUp } from '../base/look-up';
import { captureFile, type Place } from '../export/capture';
import { chromeTrace } from '../export/chrome-trace';
import { run, runScenario } from '../machine/run';
import { nearest } from '../scenario/issues';
import { PRESETS } from '../scenario/presets';
import type { Scenario } from '../scenario/schema';
import { interfacesOf } from '../scenario/topology';
import { warningsOf } from '../scenario/warnings';
import { reportOf } from '../trace/compare/compare';
import { findKey } from '../trace/keys';
import { Trace } from '../trace/trace';
import { benchNode, benchScenario, type Row } from './bench';
import { benchPage } from './bench-page';
import { compareWith, type Pace } from './compare';
import { dropsText } from './drops';
import { fidelityOf } from './fidelity';
import { fieldsText } from './fields';
import { writeWhole } from './output';
import { playFile, scriptFiles, sysctlsOf } from './packetdrill';
import { Problem } from './problem';
import { PACE, situationOf } from './situations';
import { stateAt } from './state';
import { summaryOf } from './summary';
import { readPacketdrill, readScenario, readTarget, readText } from './target';
import { tcText } from './tc';
import { treeOf } from './tree';

const USAGE = `skbscope COMMAND ...

TARGET is a preset's name, a scenario file or a link.

  tree TARGET [--host A|B] [--context NAME]     every entered function, tab-separated: ns, host, cpu, context,
                                                depth, function, how it was called, skb
  pcap TARGET --at HOST:DEV:tap|HOST:DEV:wire --out FILE
                                                pcapng of what a packet socket gets there, or what is on the wire
  state TARGET --step N|--key KEY [--object ID] the state at a step, as JSON
  run TARGET                                    runs it and says what came of it
  drops TARGET                                  every packet that was dropped: ns, host, packet, the function that gave it up,
                                                the reason in a word, and with its numbers
  tc TARGET                                     statistics of each qdisc at the end of the run, as tc -s qdisc show
  check FILE                                    validates a scenario file or a packetdrill script (.pkt)
  fields [WORD]                                 every field of a scenario: name, what it takes, default, meaning;
                                                WORD: only those that have it in one of these
  presets                                       names of the presets and what to watch in each
  compare TARGET RECORDING [--link-tick-us N] [--slowdown N] [--no-one-core] [--no-emulated-card]
                                                holds the run against a recording of a real kernel, at the pace of the
                                                recorded machine: one CPU for both hosts, emulated cards, frames handed over
                                                every 1000 us (0: at once), functions 125 times as dear (its tracer).
                                                TARGET may be the number of a recording of the project: its situation
  packetdrill FILE... [--sysctl NAME=VALUE]... [--initcwnd N]
                                                plays packetdrill scripts (or those in a folder) against the model; a line for
                                                each: ok, not ok and why, or unsupported and what
  trace TARGET --out FILE                       events for Perfetto or chrome://tracing, as JSON
  fidelity [--out FILE]                         FIDELITY.md
  bench [--node]                                measures on this machine; --node: without the page
`;

/** What a command gives back: text for standard output, and the exit code if it is not 0. */
interface Result {
  readonly text: string;
  readonly code?: number;
  /** For standard error. */
  readonly warning?: string;
}

type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

interface Command {
  /** Names of its positional arguments: `[WORD]` may be left out, `FILE...` may come again and again. */
  readonly takes: readonly string[];
  readonly options: NonNullable<ParseArgsConfig['options']>;
  run(args: readonly string[], options: Options): Result | Promise<Result>;
}

const STRING = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;

/** Largest of `--link-tick-us` and `--slowdown`. */
const MOST_TICK_US = 1_000_000;
const MOST_SLOWDOWN = 10_000;
/** Largest of `--initcwnd`, segments. */
const MOST_CWND = 100_000;

const COMMANDS: Readonly<Record<string, Command>> = {
  tree: {
    takes: ['TARGET'],
    options: { host: STRING, context: STRING },
    run([target = ''], options) {
      const { scenario } = readTarget(target);
      const trace = traced(scenario, 'calls');
      const host = options.host as string | undefined;
      const context = options.context as string | undefined;
      if (host !== undefined) hostNumber(trace, '--host', host);
      const names = [...new Set(trace.data.contexts.map(({ name }) => name))];
      if (context !== undefined && !names.includes(context)) {
        throw new Problem(`--context: expected one of ${names.join(', ')}, not "${context}"`);
      }
      return ended(trace, treeOf(trace, { host, context }));
    },
  },
  pcap: {
    takes: ['TARGET'],
    options: { at: STRING, out: STRING },
    run([target = ''], options) {
      const { scenario } = readTarget(target);
      const at = needed(options, 'at', 'HOST:DEV:tap or HOST:DEV:wire');
      const out = needed(options, 'out', 'a file to write');
      const placeOf = parsePlace(at, scenario);
      const trace = traced(scenario, 'calls');
      writeWhole(out, captureFile(trace, placeOf(trace)));
      return ended(trace, '');
    },
  },
  state: {
    takes: ['TARGET'],
    options: { step: STRING, key: STRING, object: STRING },
    run([target = ''], options) {
      const opened = readTarget(target);
      const wanted = options.key ?? opened.key;
      if (options.step !== undefined && options.key !== undefined)
        throw new Problem('state: expected --step or --key, not both');
      if (options.step === undefined && typeof wanted !== 'string')
        throw new Problem('state: expected --step N or --key KEY');
      const trace = traced(opened.scenario, 'lines');
      const step =
        options.step === undefined ? keyed(trace, String(wanted)) : whole('--step', options.step, 0, trace.steps - 1);
      const object =
        options.object === undefined ? undefined : whole('--object', options.object, 1, trace.objectCount - 1);
      return ended(trace, `${JSON.stringify(stateAt(trace, step, object), null, 2)}\n`);
    },
  },
  run: {
    takes: ['TARGET'],
    options: {},
    run([target = '']) {
      const { scenario } = readTarget(target);
      const result = run(scenario, { level: 'lines' });
      return ended(new Trace(result.trace), summaryOf(scenario, result));
    },
  },
  drops: {
    takes: ['TARGET'],
    options: {},
    run([target = '']) {
      const trace = traced(readTarget(target).scenario, 'calls');
      return ended(trace, dropsText(trace));
    },
  },
  tc: {
    takes: ['TARGET'],
    options: {},
    run([target = '']) {
      const trace = traced(readTarget(target).scenario, 'calls');
      return ended(trace, tcText(trace));
    },
  },
  check: {
    takes: ['FILE'],
    options: {},
    run([file = '']) {
      if (file.endsWith('.pkt')) {
        const { length } = readPacketdrill(file).events;
        return { text: `${file}: valid packetdrill script, ${length} ${length === 1 ? 'event' : 'events'}\n` };
      }
      const scenario = readScenario(file);
      const warnings = warningsOf(scenario).map((text) => `${file}: ${text}\n`);
      return { text: `${file}: valid (${scenario.title})\n`, warning: warnings.join('') };
    },
  },
  fields: {
    takes: ['[WORD]'],
    options: {},
    run: ([word = '']) => ({ text: fieldsText(word) }),
  },
  presets: {
    takes: [],
    options: {},
    run: () => ({ text: PRESETS.map(({ name, watch }) => `${name}\t${watch}\n`).join('') }),
  },
  compare: {
    takes: ['TARGET', 'RECORDING'],
    options: {
      'link-tick-us': STRING,
      slowdown: STRING,
      'one-core': FLAG,
      'no-one-core': FLAG,
      'emulated-card': FLAG,
      'no-emulated-card': FLAG,
    },
    run([target = '', recording = ''], options) {
      const scenario = situationOf(target) ?? readTarget(target).scenario;
      return { text: `${reportOf(compareWith(scenario, recording, readText(recording), paceOf(options)))}\n` };
    },
  },
  packetdrill: {
    takes: ['FILE...'],
    options: { sysctl: { type: 'string', multiple: true }, initcwnd: STRING },
    run(paths, { sysctl, initcwnd }) {
      const options = {
        sysctl: sysctlsOf((sysctl as string[] | undefined) ?? []),
        ...(initcwnd === undefined ? {} : { initcwnd: whole('--initcwnd', initcwnd, 1, MOST_CWND) }),
      };
      const verdicts = scriptFiles(paths).map((path) => playFile(path, options));
      const text = verdicts.map((verdict) => `${verdict.text}\n`).join('');
      const warning = verdicts.map((verdict) => verdict.warning ?? '').join('');
      return { text, warning, code: verdicts.every(({ kind }) => kind === 'ok') ? 0 : 1 };
    },
  },
  trace: {
    takes: ['TARGET'],
    options: { out: STRING },
    run([target = ''], options) {
      const { scenario } = readTarget(target);
      const out = needed(options, 'out', 'a file to write');
      const trace = traced(scenario, 'calls');
      writeWhole(out, JSON.stringify(chromeTrace(trace)));
      return ended(trace, '');
    },
  },
  fidelity: {
    takes: [],
    options: { out: STRING },
    run(_, { out }) {
      const text = fidelityOf(functions);
      if (typeof out !== 'string') return { text };
      writeWhole(out, text);
      return { text: '' };
    },
  },
  bench: {
    takes: [],
    options: { node: { type: 'boolean' } },
    async run(_, { node }) {
      const rows = [...benchNode(), ...(node ? [] : await benchPage(benchScenario()))];
      return { text: rows.map(([what, value]: Row) => `${what.padEnd(44)}${value}\n`).join('') };
    },
  },
};

/** Runs a command and gives what to print. Never throws: what goes wrong becomes text and an exit code. */
export async function cli(args: readonly string[]): Promise<Required<Result>> {
  const done = (result: Result): Required<Result> => ({ code: 0, warning: '', ...result });
  try {
    const [name, ...rest] = args;
    if (name === 'help' || name === '--help' || name === '-h') return done({ text: USAGE });
    if (name === undefined) throw new Problem(`expected a command\n\n${USAGE}`);
    const command = lookUp(COMMANDS, name);
    if (command === undefined) {
      const near = nearest(name, Object.keys(COMMANDS));
      const known = near === null ? Object.keys(COMMANDS).join(', ') : near;
      throw new Problem(`COMMAND: expected ${known}, not "${name}"`);
    }
    const { values, positionals } = parsed(name, command, rest);
    return done(await command.run(positionals, values));
  } catch (error) {
    if (error instanceof Problem) return done({ text: '', warning: `skbscope: ${error.message}\n`, code: 2 });
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return done({ text: '', warning: `skbscope: ${text}\n`, code: 1 });
  }
}

function parsed(name: string, command: Command, args: string[]): { values: Options; positionals: string[] } {
  const wanted = ['skbscope', name, ...command.takes].join(' ');
  let result: { values: Options; positionals: string[] };
  try {
    result = parseArgs({ args, options: command.options, allowPositionals: true }) as typeof result;
  } catch (error) {
    throw new Problem(`${name}: ${(error as Error).message.split('. ')[0]}; expected ${usageOf(name)}`);
  }
  const { positionals } = result;
  const missing = command.takes[positionals.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw new Problem(`${name}: ${missing} is missing; expected ${usageOf(name) || wanted}`);
  const surplus = command.takes.at(-1)?.endsWith('...') ? undefined : positionals[command.takes.length];
  if (surplus !== undefined)
    throw new Problem(`${name}: "${surplus}" is one argument too many; expected ${usageOf(name)}`);
  return result;
}

/** The line of USAGE that tells of a command. */
function usageOf(name: string): string {
  const line = USAGE.split('\n').find((text) => text.startsWith(`  ${name}`)) ?? '';
  return (/^ {2}(.*?)( {2,}|$)/.exec(line)?.[1] ?? name).trim();
}

function traced(scenario: Scenario, level: 'calls' | 'lines'): Trace {
  return new Trace(runScenario(scenario, { level }));
}

/** Output of a run; one that a bug of the model ended says so and fails. */
function ended({ data: { end } }: Trace, text: string): Result {
  if (end.reason === 'done') return { text };
  const warning = `skbscope: the run ended early: ${end.message ?? end.reason}\n`;
  return { text, warning, code: end.reason === 'error' ? 1 : 0 };
}

/** The pace of the recorded machine, but for what was asked for. */
function paceOf(options: Options): Pace {
  const { 'link-tick-us': tick, slowdown } = options;
  const isOn = (name: string, usual: boolean): boolean =>
    options[name] === true || (usual && options[`no-${name}`] !== true);
  return {
    linkTick: tick === undefined ? PACE.linkTick : whole('--link-tick-us', tick, 0, MOST_TICK_US) * 1000,
    slowdown: slowdown === undefined ? PACE.slowdown : whole('--slowdown', slowdown, 1, MOST_SLOWDOWN),
    oneCore: isOn('one-core', PACE.oneCore),
    emulated: isOn('emulated-card', PACE.emulated),
  };
}

function needed(options: Options, name: string, what: string): string {
  const value = options[name];
  if (typeof value !== 'string' || value === '') throw new Problem(`--${name}: expected ${what}`);
  return value;
}

function whole(option: string, text: Options[string], least: number, most: number): number {
  const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Problem(`${option}: expected a whole number from ${least} to ${most}, not "${text}"`);
}

function keyed(trace: Trace, key: string): number {
  const step = findKey(trace, key);
  if (step === null) throw new Problem(`--key: expected a step of this run, there is none like "${key}"`);
  return step;
}

function hostNumber(trace: Trace, option: string, name: string): number {
  const host = trace.data.hosts.findIndex((info) => info.name === name);
  if (host >= 0) return host;
  throw new Problem(`${option}: expected ${trace.data.hosts.map((info) => info.name).join(' or ')}, not "${name}"`);
}

/** Checks the place before anything runs; the host's number is known once it has. */
function parsePlace(text: string, scenario: Scenario): (trace: Trace) => Place {
  const [host = '', dev = '', side = '', ...rest] = text.split(':');
  const hosts = Object.keys(scenario.hosts);
  if (!hosts.includes(host))
    throw new Problem(`--at: expected ${hosts.join(' or ')} before the first colon, not "${host}"`);
  const devices = interfacesOf(scenario)
    .filter((one) => one.host === host)
    .map((one) => one.dev);
  if ((side !== 'tap' && side !== 'wire') || rest.length > 0) {
    throw new Problem(`--at: expected tap or wire after the second colon, not "${[side, ...rest].join(':')}"`);
  }
  const names = [...devices, ...(side === 'tap' ? ['lo', 'any'] : [])];
  if (!names.includes(dev))
    throw new Problem(`--at: expected ${names.join(' or ')} after the first colon, not "${dev}"`);
  const listens = scenario.captures.some((one) => one.host === host && [dev, 'any'].includes(one.dev));
  if (side === 'tap' && !listens) {
    throw new Problem(
      `--at: host ${host} has no capture in this scenario: expected an entry in "captures", or ${host}:${devices[0]}:wire`,
    );
  }
  return (trace) => ({ host: hostNumber(trace, '--at', host), dev, side });
}
