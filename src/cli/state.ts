import { Cursor } from '../trace/cursor';
import type { FieldSchema } from '../trace/data';
import { keyOf } from '../trace/keys';
import type { State, StructView } from '../trace/state';
import type { Trace, Value } from '../trace/trace';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The state at a step as JSON: where the run stands there, and all live objects (or the one asked for). */
export function stateAt(trace: Trace, step: number, object?: number): Json {
  const cursor = new Cursor(trace);
  cursor.seek(step);
  const context = trace.context(trace.ctx(step));
  const fact = trace.functionAt(step);
  const { state } = cursor;
  return {
    step,
    key: keyOf(trace, step),
    ns: trace.time(step),
    host: trace.data.hosts[context.host]?.name ?? null,
    cpu: context.cpu === 255 ? null : context.cpu,
    context: context.name,
    function: fact?.name ?? null,
    file: fact?.file ?? null,
    line: trace.line(step) || (fact?.line ?? null),
    event: trace.label(step) || null,
    skb: trace.skb(step) || null,
    stack: trace.stackAt(step).map(({ fact: { name, file }, line, via }) => ({
      function: name,
      at: `${file}:${line}`,
      via: via === null ? null : `${via.table}.${via.slot}`,
    })),
    variables: Object.fromEntries(trace.variablesAt(step).map((value) => [value.name, variable(value)])),
    ...(object === undefined ? { objects: allObjects(state) } : { object: objectJson(state, state.view(object)) }),
  };
}

function variable({ value }: Value): Json {
  return value ?? null;
}

/** Live objects that stand for themselves; embedded ones are shown inside their owner. */
function allObjects(state: State): Json[] {
  const found: Json[] = [];
  for (let id = 1; id < state.trace.objectCount; id++) {
    const view = state.view(id);
    if (view.live && view.parent === null) found.push(objectJson(state, view));
  }
  return found;
}

function objectJson(state: State, view: StructView): { [key: string]: Json } {
  const host = state.trace.data.hosts[view.host]?.name ?? null;
  const fields = view.schema.fields.map((field): [string, Json] => [field.name, fieldOf(state, view, field)]);
  return { id: view.id, type: view.type, host, live: view.live, fields: Object.fromEntries(fields) };
}

function fieldOf(state: State, view: StructView, field: FieldSchema): Json {
  const { name, kind } = field;
  switch (kind) {
    case 'embed': {
      const part = view.ref(name);
      return part === null ? null : (objectJson(state, part).fields ?? null);
    }
    case 'list':
      return view.list(name).map((item) => {
        if (typeof item !== 'number') return item === null ? null : `${item.type} #${item.id}`;
        return numeric(field.item?.kind ?? 'number')
          ? item
          : state.format(field.item?.kind ?? 'number', field.item?.names, item);
      });
    case 'bool':
      return view.flag(name);
    case 'ref':
      return view.ref(name) === null ? null : view.text(name);
    default:
      return numeric(kind) ? finite(view.num(name)) : view.text(name);
  }
}

function numeric(kind: FieldSchema['kind']): boolean {
  return ['number', 'seq', 'ns', 'bytes', 'addr', 'port'].includes(kind);
}

/** JSON has no infinity: a timer that never goes off is null. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
