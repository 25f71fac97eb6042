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
export const UPGRADERS: Readonly<Record<number, Upgrader>> = {
  // 2: a call names its descriptor, and not only connections have one.
  1: (scenario) => ({
    ...scenario,
    ...(Array.isArray(scenario.tasks)
      ? { tasks: scenario.tasks.map((task) => withCalls(task, descriptorsNamed)) }
      : {}),
  }),
};

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `holder` with each of its calls changed, if it has any. Depth is bounded before a scenario comes here. */
function withCalls(holder: unknown, change: (call: Raw) => Raw): unknown {
  if (!isRaw(holder) || !Array.isArray(holder.calls)) return holder;
  return { ...holder, calls: holder.calls.map((call: unknown) => (isRaw(call) ? change(call) : call)) };
}

function descriptorsNamed(call: Raw): Raw {
  const inner = withCalls(call, descriptorsNamed) as Raw;
  if (!('connection' in inner)) return inner;
  const { connection, ...rest } = inner;
  return { ...rest, fd: connection };
}

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
