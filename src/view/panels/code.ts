/** What the left column shows: the call stack, the source line and the variables of the frame looked at. */
import { type Layer, layerOf } from '../../trace/layers';
import { Kind, NONE, Tag } from '../../trace/recorder';
import type { State } from '../../trace/state';
import type { Trace, Value } from '../../trace/trace';

export interface StackRow {
  /** ENTER event: names the frame. */
  readonly enter: number;
  /** Event the frame stands at. */
  readonly at: number;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly layer: Layer | null;
  /** `inet_stream_ops.sendmsg` when called through a pointer, else empty. */
  readonly via: string;
  /** Tags of its docstring. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Frames of the context at a step, outermost first. */
export function stackRows(trace: Trace, step: number): StackRow[] {
  return trace.stackAt(step).map(({ enter, at, fact, via, line }) => ({
    enter,
    at,
    name: fact.name,
    file: fact.file,
    line,
    layer: layerOf(fact.file),
    via: via === null ? '' : `${via.table}.${via.slot}`,
    tags: fact.tags,
  }));
}

export interface VariableRow {
  readonly name: string;
  readonly text: string;
  /** Object to look at when the row is chosen, 0: none. */
  readonly object: number;
  readonly isReturn: boolean;
  readonly changed: boolean;
}

/** A recorded value as text. */
export function valueText(state: State, { tag, value }: Value): string {
  switch (tag) {
    case Tag.OBJECT: {
      const object = state.find(value as number);
      return object === null ? 'NULL' : `${object.type} #${object.id}`;
    }
    case Tag.NULL:
      return 'NULL';
    case Tag.UNDEFINED:
      return '-';
    case Tag.OPAQUE:
      return '{…}';
    case Tag.VIEW:
      return `header at 0x${(value as number).toString(16)}`;
    case Tag.STRING:
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

/** Arguments and locals at an event; `changed` against the event before in the same frame. */
export function variableRows(trace: Trace, state: State, event: number): VariableRow[] {
  const before = new Map<string, string>();
  const link = trace.kind(event) === Kind.ENTER ? NONE : trace.link(event);
  if (link !== NONE) for (const value of trace.variablesAt(link)) before.set(value.name, valueText(state, value));
  return trace
    .variablesAt(event)
    .filter((value) => !(value.isReturn && value.tag === Tag.UNDEFINED))
    .map((value) => {
      const text = valueText(state, value);
      return {
        name: value.isReturn ? 'returns' : value.name,
        text,
        object: value.tag === Tag.OBJECT ? (value.value as number) : 0,
        isReturn: value.isReturn,
        changed: link !== NONE && before.get(value.name) !== text,
      };
    });
}

export type TokenKind = 'plain' | 'comment' | 'keyword' | 'string' | 'number' | 'call';
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const KEYWORDS = new Set(
  'as break case const continue default do else export false for function if import in interface let new null of return switch true type typeof undefined while yield'.split(
    ' ',
  ),
);
const TOKEN =
  /(\/\/.*|\/\*.*?(?:\*\/|$)|^\s*\*.*)|('(?:[^'\\]|\\.)*'|`[^`]*`)|(\b\d[\d_]*(?:\.\d+)?\b|\b0x[\da-f]+\b)|([A-Za-z_$][\w$]*)/g;

/** Cuts a line of TypeScript into coloured pieces. Lines of block comments are known by their leading star. */
export function tokens(line: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  for (const match of line.matchAll(TOKEN)) {
    if (match.index > at) found.push({ kind: 'plain', text: line.slice(at, match.index) });
    const [text, comment, string, number, word] = match;
    at = match.index + text.length;
    let kind: TokenKind = 'plain';
    if (comment !== undefined) kind = 'comment';
    else if (string !== undefined) kind = 'string';
    else if (number !== undefined) kind = 'number';
    else if (word !== undefined && KEYWORDS.has(word)) kind = 'keyword';
    else if (line[at] === '(') kind = 'call';
    found.push({ kind, text });
  }
  if (at < line.length) found.push({ kind: 'plain', text: line.slice(at) });
  return found;
}

/** The same function in the real tree, to read beside the model. */
export function elixirUrl(file: string, name: string): string {
  return file.startsWith('arch/current')
    ? 'https://elixir.bootlin.com/linux/v2.6.39/source'
    : `https://elixir.bootlin.com/linux/v2.6.39/A/ident/${encodeURIComponent(name)}`;
}

export interface Closeness {
  /** `modelled`: all conditions that matter are there; `simplified`: `text` says how; `model`: there is no such function in Linux. */
  readonly kind: 'modelled' | 'simplified' | 'model' | null;
  readonly text: string;
  /** `callee: why`, one an entry. */
  readonly omits: readonly string[];
}

/** How close a function is to the real one, by the tags of its docstring. */
export function closenessOf(tags: Readonly<Record<string, string>>): Closeness {
  const kind = (['simplified', 'model', 'modelled'] as const).find((name) => name in tags) ?? null;
  // The text of `modelled` is the path, which stands above already.
  const text = kind === null || kind === 'modelled' ? '' : (tags[kind] ?? '');
  return { kind, text, omits: (tags.omits ?? '').split('\n').filter(Boolean) };
}
