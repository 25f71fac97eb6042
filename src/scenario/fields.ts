/** Building blocks of the schema. A schema's message is the phrase that follows "expected". */
import * as v from 'valibot';

/** A whole number from `min` to `max` (both included); `unit` is for the message. */
export function whole(min: number, max: number, doc: string, unit = '') {
  const expected = `a whole number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
    v.description(doc),
  );
}

/** A share in percent, from 0 to 100; fractions are fine. Default 0. */
export function percent(doc: string) {
  const expected = 'a number of percent from 0 to 100';
  return v.optional(
    v.pipe(v.number(expected), v.minValue(0, expected), v.maxValue(100, expected), v.description(doc)),
    0,
  );
}

export function yes(doc: string, initial = true) {
  return v.optional(v.pipe(v.boolean('true or false'), v.description(doc)), initial);
}

export function text(longest: number, doc: string) {
  const expected = `text of at most ${longest} characters`;
  return v.pipe(v.string(expected), v.maxLength(longest, expected), v.description(doc));
}

export function matching(pattern: RegExp, expected: string, doc: string) {
  return v.pipe(v.string(expected), v.regex(pattern, expected), v.description(doc));
}

/** A dotted IPv4 address. */
export const IP = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** One of a few values. */
export function oneOf<const T extends readonly (string | number)[]>(values: T, doc: string) {
  return v.pipe(v.picklist(values, listed(values)), v.description(doc));
}

export function listOf<S extends v.GenericSchema>(item: S, most: number, what: string, fewest = 0) {
  const range = fewest === most ? most : fewest === 0 ? `at most ${most}` : `${fewest} to ${most}`;
  const expected = `a list of ${range} ${what}`;
  return v.pipe(v.array(item, expected), v.minLength(fewest, expected), v.maxLength(most, expected));
}

/** `"a", "b" or "c"`. */
export function listed(values: readonly (string | number)[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** Names that end up in context names, keys and links. */
export function label(doc: string) {
  return matching(/^[A-Za-z0-9_.-]{1,24}$/, 'a name of 1 to 24 letters, digits, "_", "." or "-"', doc);
}
