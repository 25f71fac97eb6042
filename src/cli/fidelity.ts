/** FIDELITY.md, made of what the kernel functions' docstrings say. */

import { omissions } from '../trace/compare/compare';
import { CLASSES, whyHidden } from '../trace/compare/hidden';
import { ALLOWED_EXTRA, ALLOWED_MISSING, type Allowance } from '../trace/compare/setup';
import type { FunctionFact } from '../trace/data';
import { type Checks, checksByFunction, checksText } from './checks';
import { PREFACE } from './fidelity-preface';
import { publicScripts } from './public-scripts';

/** Functions whose docstring does not say how close they are. There should be none. */
export function untagged(functions: readonly FunctionFact[]): FunctionFact[] {
  return functions.filter(({ tags }) => !('modelled' in tags || 'simplified' in tags || 'model' in tags));
}

function howOf({ tags }: FunctionFact): string {
  if (tags.model !== undefined) return `only here: ${tags.model}`;
  if (tags.simplified !== undefined) return `simplified: ${tags.simplified}`;
  return tags.modelled === undefined ? 'NOT SAID' : 'modelled';
}

/** The whole file. */
export function fidelityOf(functions: readonly FunctionFact[]): string {
  const checks = checksByFunction();
  const lines = [PREFACE, publicScripts(), ...allowances(functions)];
  const files = [...new Set(functions.map(({ file }) => file))].sort();
  const count = (how: string): number => functions.filter((fact) => howOf(fact).startsWith(how)).length;
  lines.push(
    `## Functions\n\n${functions.length} in ${files.length} files: ${count('modelled')} modelled, ${count('simplified')} simplified, ${count('only here')} that exist only here.\n`,
  );
  for (const file of files) {
    lines.push(`### ${file.replace(/\.ts$/, file.startsWith('include/') ? '.h' : '.c')}\n`);
    lines.push('| function | how | leaves out | checked by |', '| --- | --- | --- | --- |');
    for (const fact of functions.filter((other) => other.file === file)) lines.push(rowOf(fact, checks(fact.name)));
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What the comparison with recordings allows for. */
function allowances(functions: readonly FunctionFact[]): string[] {
  const rows = (list: readonly Allowance[]): string[] =>
    list.map(({ caller, callee, not, recordings, why }) => {
      const what =
        callee === undefined ? `all but ${(not ?? []).map((name) => `\`${name}\``).join(', ')}` : `\`${callee}\``;
      return `| \`${caller}\` | ${what} | ${recordings?.join(', ') ?? 'any'} | ${why} |`;
    });
  const head = ['', '| caller | callee | recording | why |', '| --- | --- | --- | --- |'];
  const named = (names: RegExp): string =>
    functions
      .filter(({ name }) => names.test(name))
      .map(({ name }) => `\`${name}\``)
      .join(' ');
  const hidden = CLASSES.map(({ why, names, callers }) => {
    const under = callers === undefined ? '' : `, when called by ${named(callers)}`;
    return `| ${why} | ${named(names)}${under} |`;
  });
  return [
    '## What the comparison allows for\n',
    'Functions of the model that recordings do not show; calls of one are taken out, and what it calls is put in its place:\n',
    '| why | functions |',
    '| --- | --- |',
    ...hidden,
    '\nRecorded calls that the model cannot be asked for:',
    ...head,
    ...rows(ALLOWED_MISSING),
    '\nCalls of the model that no recording has:',
    ...head,
    ...rows(ALLOWED_EXTRA),
    '',
  ];
}

function rowOf(fact: FunctionFact, checks: Checks): string {
  const leftOut = omissions(fact).map(({ name, why }) => `\`${name}\`: ${why}`);
  const hidden = whyHidden(fact.name, null);
  const checked = checksText(checks);
  const shown = checks.recordings.length > 0 || hidden === null ? '' : `recordings do not show it (${hidden})`;
  const cells = [
    `\`${fact.name}\``,
    howOf(fact),
    leftOut.join('; '),
    [checked, shown].filter((part) => part !== '').join('; '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
