/** Scenarios outlive the app: each version that ever was is brought to the present one, a step at a time. */
import { type Issue, issue } from './issues';
import { VERSION } from './shape';

type Raw = Record<string, unknown>;

/**
 * From version n to n + 1. Takes a scenario as written, before validation, or a link's patch to a preset, so any field may
 * be missing or wrong. It must not throw.
 */
export type Upgrader = (scenario: Raw) => Raw;

/** By the version they start from. */
export const UPGRADERS: Readonly<Record<number, Upgrader>> = {};

/** Brings a raw scenario to `to`; a missing version is the first one. */
export function upgrade(
  input: Raw,
  upgraders: Readonly<Record<number, Upgrader>> = UPGRADERS,
  to: number = VERSION,
): { ok: true; value: Raw } | { ok: false; issue: Issue } {
  const from = input.version ?? 1;
  if (typeof from !== 'number' || !Number.isInteger(from) || from < 1) {
    return { ok: false, issue: issue(['version'], `a whole number from 1 to ${to}`, from) };
  }
  if (from > to) {
    const message = `version: this scenario is of version ${from}, newer than this skbscope, which knows up to ${to}`;
    return { ok: false, issue: { path: 'version', expected: `at most ${to}`, message } };
  }
  let value: Raw = { ...input };
  for (let version = from; version < to; version++) {
    value = { ...(upgraders[version]?.(value) ?? value), version: version + 1 };
  }
  return { ok: true, value };
}
