/** Every field a scenario may have, read off its schema: for the command line and the editor's help. */
import { lookUp } from '../base/look-up';
import { ScenarioShape } from './shape';
import { SYSCTLS } from './sysctls';

export interface FieldReference {
  /** `hosts.A.nic.txRing`, `tasks[].calls[] write .bytes`; of several alternatives the tag stands behind the path. */
  readonly path: string;
  /** What it may be: `a whole number of bytes from 1 to 16777216`. */
  readonly expected: string;
  /** As JSON; null: it has to be given, or follows from others when it is left out. */
  readonly initial: string | null;
  readonly required: boolean;
  readonly doc: string;
}

type Schema = Readonly<Record<string, unknown>>;

/** Alike for host A and another, for one cable or end and the other, or for any place of a qdisc: told once. */
const TOLD_ONCE =
  /^hosts\.B(\.|$)|^hosts\.R\.(eth1\.|eth0\.(nic|qdisc)[. ]|(sysctl|routes|netfilter)[.[])|^linkB\.faults\[|^connections\[\]\.b\.|\.children\[\]/;
const DEEPEST = 12;

export function fieldReference(): FieldReference[] {
  return [...fieldsBelow(ScenarioShape as unknown as Schema, '', 0, new Set())].filter(
    ({ path }) => !TOLD_ONCE.test(path),
  );
}

function* fieldsBelow(
  schema: Schema,
  path: string,
  depth: number,
  open: ReadonlySet<Schema>,
): Generator<FieldReference> {
  const { inner } = unwrapped(schema);
  if (depth > DEEPEST || open.has(inner)) return;
  const within = new Set(open).add(inner);
  if (inner.type === 'array') {
    yield* fieldsBelow(inner.item as Schema, `${path}[]`, depth + 1, within);
  } else if (inner.type === 'variant') {
    const key = inner.key as string;
    for (const option of inner.options as Schema[]) {
      const entries = option.entries as Readonly<Record<string, Schema>>;
      const tag = (entries[key] as Schema).literal;
      for (const [name, entry] of Object.entries(entries)) {
        if (name !== key) yield* field(entry, `${path} ${String(tag)} .${name}`, depth, within);
      }
    }
  } else if (inner.type === 'strict_object') {
    for (const [name, entry] of Object.entries(inner.entries as Readonly<Record<string, Schema>>)) {
      yield* field(entry, path === '' ? name : `${path}.${name}`, depth, within);
    }
  }
}

function* field(schema: Schema, path: string, depth: number, open: ReadonlySet<Schema>): Generator<FieldReference> {
  const { inner, initial, optional, doc } = unwrapped(schema);
  const holds = inner.type === 'strict_object' || inner.type === 'variant';
  const shown = initial === undefined || typeof initial === 'object' ? null : JSON.stringify(initial);
  const sysctl = lookUp(SYSCTLS, path.replace(/^hosts\..\.sysctl\./, ''))?.initial;
  yield {
    path,
    expected: expectedOf(inner),
    initial: holds ? null : (shown ?? (sysctl === undefined ? null : String(sysctl))),
    required: !optional,
    doc,
  };
  yield* fieldsBelow(schema, path, depth + 1, open);
}

/** What a field takes, with the choices that a list or one of several kinds leaves to its members. */
function expectedOf(schema: Schema): string {
  const said = String(schema.message ?? '');
  const within = schema.type === 'array' ? [schema.item] : schema.type === 'union' ? (schema.options as Schema[]) : [];
  const choices = within
    .map((member) => unwrapped(member as Schema).inner)
    .filter(({ type }) => type === 'picklist' || (schema.type === 'array' && type === 'number'));
  // `"SHUT_RD", "SHUT_WR", "SHUT_RDWR" or a number` has named them.
  const more = choices.map(({ message }) => String(message)).filter((message) => !said.startsWith(message.slice(0, 8)));
  return [said, ...more].join(': ');
}

/** The schema proper, without what makes it optional or lazy; and what those, and pipes, say of it. */
function unwrapped(schema: Schema): { inner: Schema; initial: unknown; optional: boolean; doc: string } {
  let inner = schema;
  let initial: unknown;
  let optional = false;
  let doc = '';
  for (;;) {
    const pipe = inner.pipe as readonly Schema[] | undefined;
    const described = pipe?.find(({ type }) => type === 'description')?.description;
    if (typeof described === 'string' && doc === '') doc = described;
    if (inner.type === 'lazy') inner = (inner.getter as () => Schema)();
    else if (inner.wrapped !== undefined) {
      optional ||= inner.type === 'optional' || inner.type === 'exact_optional';
      if (inner.default !== undefined) initial = inner.default;
      inner = inner.wrapped as Schema;
    } else return { inner, initial, optional, doc };
  }
}

/** True when every word of `query` stands in the field's name, range or meaning. */
export function matchesField({ path, expected, doc }: FieldReference, query: string): boolean {
  const all = `${path} ${expected} ${doc}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
