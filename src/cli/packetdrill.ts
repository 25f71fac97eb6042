/** `packetdrill FILE...`: plays scripts against the model and says of each what came of it. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../machine/run';
import { callsBeyond } from '../machine/script/beyond';
import { sysctlOf } from '../scenario/packetdrill/commands';
import { parsePacketdrill } from '../scenario/packetdrill/parse';
import {
  beyondOf,
  ignoredOf,
  type ScriptOptions,
  scenarioOfScript,
  setsOffload,
} from '../scenario/packetdrill/scenario';
import { parseScenario } from '../scenario/schema';
import type { SysctlValue } from '../scenario/sysctls';
import { Problem } from './problem';
import { readText } from './target';

/** Deepest folder that is looked into, and most scripts at a time. */
const DEEPEST = 12;
const MOST_FILES = 10_000;

/** The files, and the scripts in folders, in order of names. */
export function scriptFiles(paths: readonly string[]): string[] {
  const files: string[] = [];
  const visit = (path: string, depth: number): void => {
    if (!(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
      files.push(path);
      return;
    }
    if (depth > DEEPEST) throw new Problem(`${path}: expected at most ${DEEPEST} folders inside each other`);
    for (const name of readdirSync(path).sort()) {
      const inner = join(path, name);
      const isFolder = statSync(inner, { throwIfNoEntry: false })?.isDirectory() ?? false;
      if (isFolder || name.endsWith('.pkt')) visit(inner, depth + 1);
    }
  };
  for (const path of paths) visit(path, 0);
  if (files.length > MOST_FILES) throw new Problem(`FILE: expected at most ${MOST_FILES} scripts, not ${files.length}`);
  return files;
}

/** Switches from `net.ipv4.tcp_sack=0`, `ipv4.tcp_rmem="4096 87380 4194304"`, as a scenario has them. */
export function sysctlsOf(texts: readonly string[]): Record<string, SysctlValue> {
  return Object.fromEntries(
    texts.flatMap((text) => {
      const [, name = '', value = ''] = /^(?:net\.)?([\w.]+)=(.*)$/.exec(text) ?? [];
      const effects = sysctlOf(name, value.trim().replace(/^"(.*)"$/, '$1'));
      const [first] = effects;
      // A later kernel's, with the value that is this one's way.
      if (first === undefined) return [];
      if (first.kind !== 'sysctl') {
        throw new Problem(
          `--sysctl: expected NAME=VALUE such as net.ipv4.tcp_sack=0, of a switch this kernel has, not "${text}"`,
        );
      }
      const values = effects.flatMap((effect) => (effect.kind === 'sysctl' ? [effect.value] : []));
      return [[name, values.length === 1 ? first.value : (values as number[])] as const];
    }),
  );
}

export interface Verdict {
  readonly kind: 'ok' | 'not ok' | 'unsupported';
  /** `ok FILE`, `not ok FILE:3: expected ..., got ...`, `unsupported FILE:3: ...`. */
  readonly text: string;
  /** What an ok does not tell: settings of the script that were left out, or that the device had to have no offload; a line each. */
  readonly warning?: string;
}

/** Plays one script. Never throws for what stands in it. */
export function playFile(path: string, options: ScriptOptions): Verdict {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { kind: 'not ok', text: `not ok ${error.message}` };
  }
  return verdictOf(path, text, options);
}

/** The same for a text; `path` is what it is called. */
export function verdictOf(path: string, text: string, options: ScriptOptions): Verdict {
  const parsed = parsePacketdrill(text);
  if (!parsed.ok) {
    const [{ line, column, message } = { line: 1, column: 1, message: '' }] = parsed.issues;
    return {
      kind: 'not ok',
      text: `not ok ${path}:${line}:${column}: ${message.replace(/^line \d+, column \d+: /, '')}`,
    };
  }
  const [beyond] = [...beyondOf(text), ...callsBeyond(parsed.script)].sort((a, b) => a.line - b.line);
  if (beyond !== undefined) return { kind: 'unsupported', text: `unsupported ${path}:${beyond.line}: ${beyond.what}` };
  const ignored = ignoredOf(parsed.script);
  const warning = ignored
    .map(({ line, what }) => `${path}:${line}: left out ${what}, which this kernel has not\n`)
    .join('');
  const first = playOn(path, text, options);
  if (first.kind === 'ok') return { ...first, warning };
  // Scripts written for a device without offload hold where each segment is a packet of its own.
  if (first.kind === 'not ok' && options.offload === undefined && !setsOffload(parsed.script)) {
    const plain = playOn(path, text, { ...options, offload: false });
    if (plain.kind === 'ok')
      return { ...plain, warning: `${warning}${path}: holds only on a device without offload\n` };
  }
  const [missing] = ignored;
  if (missing === undefined || first.kind === 'unsupported') return first;
  const why = first.text.replace(/^not ok /, '');
  return {
    kind: 'unsupported',
    text: `unsupported ${path}:${missing.line}: ${missing.what}, which this kernel has not (without it ${why})`,
  };
}

/** One run. */
function playOn(path: string, text: string, options: ScriptOptions): Verdict {
  const scenario = parseScenario(scenarioOfScript(text, options));
  if (!scenario.ok)
    return { kind: 'not ok', text: `not ok ${path}:1: ${scenario.issues[0]?.message ?? 'no scenario'}` };
  const outcome = run(scenario.scenario, { level: 'off' }).script;
  switch (outcome?.kind) {
    case 'ok':
      return { kind: 'ok', text: `ok ${path}` };
    case 'unsupported':
      return { kind: 'unsupported', text: `unsupported ${path}:${outcome.line}: ${outcome.what}` };
    case 'not ok':
      return {
        kind: 'not ok',
        text: `not ok ${path}:${outcome.line}: expected ${outcome.expected}, got ${outcome.got}`,
      };
    default:
      throw new Error('a run of a script says nothing of it');
  }
}
