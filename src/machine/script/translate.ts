/** A call as a script writes it, as one the machine's programs can make; and what the script expects of its result. */
import type { Expression, SystemCall as Written } from '../../scenario/packetdrill/ast';
import { printExpression } from '../../scenario/packetdrill/print';
import type { Settings } from '../../scenario/packetdrill/settings';
import { ERRNO, errnoName, numberOf } from '../../scenario/packetdrill/values';
import type { SystemCall } from '../../scenario/schema';
import type { CallResult } from '../syscalls/enter';
import { CannotMap } from './endpoint';

/** What a line expects, and what came instead. */
export interface Problem {
  readonly expected: string;
  readonly got: string;
}

export interface Translated {
  readonly call: SystemCall;
  /** What is wrong with the result, null: nothing. */
  check(result: CallResult): Problem | null;
}

/** The name of the script's descriptor `n` among the process's. */
export function fdName(n: number): string {
  return n < 0 ? 'none' : `fd${n}`;
}

type Maker = (args: readonly Expression[], written: Written, settings: Settings) => Translated;

/** The number that stands as argument; throws for what is none. */
function number(args: readonly Expression[], n: number, { name }: Written): number {
  const value = numberOf(args[n]);
  if (value !== null) return value;
  const shown = args[n] === undefined ? 'none' : printExpression(args[n]);
  throw new CannotMap(`argument ${n + 1} of ${name}(): ${shown}`);
}

/** Checks the returned number and errno; `own` what else there is to check of a call that did not fail. */
function returning(written: Written, own: (result: CallResult) => Problem | null = () => null) {
  return (result: CallResult): Problem | null => {
    const { name, result: wanted, errno } = written;
    const got = result.result < 0 ? `-1 ${errnoName(-result.result)}` : String(result.result);
    if (wanted.kind === 'ellipsis') return null;
    const expected = numberOf(wanted);
    const returned = result.result < 0 ? -1 : result.result;
    const shown = `${name}() = ${printExpression(wanted)}${errno === null ? '' : ` ${errno.name}`}`;
    if (expected !== returned) return { expected: shown, got };
    if (errno !== null && ERRNO[errno.name] !== -result.result) return { expected: shown, got };
    return result.result < 0 ? null : own(result);
  };
}

const MAKERS: Readonly<Record<string, Maker>> = {
  write: (args, written) => ({
    call: { op: 'write', fd: fdName(number(args, 0, written)), ...payload(args, written) },
    check: returning(written),
  }),
  read: (args, written) => ({
    call: { op: 'read', fd: fdName(number(args, 0, written)), bytes: number(args, 2, written) },
    check: returning(written),
  }),
};

function payload(
  args: readonly Expression[],
  written: Written,
): { bytes: number; pattern: 'zeros'; data: string | null } {
  const [, buffer] = args;
  const data = buffer?.kind === 'string' ? buffer.parts.join('') : null;
  return { bytes: number(args, 2, written), pattern: 'zeros', data };
}

/** Throws `CannotMap` with the reason for a call the model has not. */
export function translate(written: Written, settings: Settings): Translated {
  const make = Object.hasOwn(MAKERS, written.name) ? MAKERS[written.name] : undefined;
  if (make === undefined) throw new CannotMap(`the system call ${written.name}()`);
  return make(written.args, written, settings);
}
