/** Leaves out of a JSON value whatever can be left out. */
import { lookUp } from '../base/look-up';

type Json = Record<string, unknown>;

/** Attempts before it is left as it is: each costs a validation. */
const MOST_TRIALS = 400;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

/**
 * Deletes fields of `value` (a copy), from the outside in, as long as `same` holds for what remains. List items stay,
 * as their number matters.
 */
export function minimise(value: Json, same: (candidate: Json) => boolean): Json {
  const result = structuredClone(value);
  let trials = 0;
  const prune = (inside: Json): void => {
    for (const key of Object.keys(inside)) {
      const kept = inside[key];
      if (!Array.isArray(inside)) {
        if (++trials > MOST_TRIALS) return;
        delete inside[key];
        if (same(result)) continue;
        inside[key] = kept;
      }
      if (isObject(kept)) prune(kept);
    }
  };
  prune(result);
  return result;
}

/** What turns `from` into `to`, as a JSON merge patch (RFC 7396): null removes a field, lists are replaced whole. */
export function difference(from: Json, to: Json): Json {
  const patch: Json = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key];
    const after = to[key];
    if (after === undefined) patch[key] = null;
    else if (isObject(before) && isObject(after) && !Array.isArray(before) && !Array.isArray(after)) {
      const inner = difference(before, after);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!equal(before, after)) patch[key] = after;
  }
  return patch;
}

/** Applies a merge patch. */
export function patched(from: Json, patch: Json): Json {
  const result: Json = { ...from };
  for (const [key, change] of Object.entries(patch)) {
    const before = lookUp(result, key);
    if (change === null) delete result[key];
    else if (!isObject(change) || Array.isArray(change)) result[key] = change;
    else result[key] = patched(isObject(before) && !Array.isArray(before) ? before : {}, change);
  }
  return result;
}

/** Same JSON value, whatever the order of fields. */
export function equal(a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
