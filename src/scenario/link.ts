/**
 * Permalinks: what stands behind `#` in the address. `s=VERSION.CODEC.BODY` is the scenario, `at` the key of a step, other
 * fields are the view's. Codec `p`: a preset, `NAME` or `NAME.PATCH`, where the patch holds only what differs from it; codec
 * `z`: a scenario of its own. Defaults are left out. Links that were once published are in published-links.json.
 */
import { pack, unpack } from './codec';
import { compact, isInputOf } from './compact';
import { difference, minimise, patched } from './minimise';
import { presetNamed } from './presets';
import { parseScenario, type Scenario, type ScenarioInput } from './schema';
import { VERSION } from './shape';
import { upgrade } from './upgrade';

/** Version of the link format; the scenario inside has its own. */
const LINK_VERSION = 1;
/** Longest link that is read, characters. */
const LONGEST_LINK = 1 << 16;
const LONGEST_FIELD = 400;
const MOST_FIELDS = 16;

export interface LinkTarget {
  /** A preset's name; with `scenario`: the preset it was made from. */
  readonly preset?: string | null;
  /** Left out: the preset as it is. */
  readonly scenario?: Scenario | ScenarioInput;
  /** Key of the step to open at. */
  readonly key?: string | null;
  /** Small settings of the page. Names: 1 to 12 letters, other than `s` and `at`. */
  readonly view?: Readonly<Record<string, string>>;
}

export interface Link {
  /** The preset it names, changed or not. */
  readonly preset: string | null;
  /** True when the preset is as it came. */
  readonly unchanged: boolean;
  readonly scenario: Scenario;
  readonly key: string | null;
  readonly view: Readonly<Record<string, string>>;
}

export type Decoded = { ok: true; link: Link } | { ok: false; message: string };

type Json = Record<string, unknown>;

/** The hash of a link, with `#`. Throws for an unknown preset, an invalid scenario, or what is too long. */
export function encodeLink(target: LinkTarget): string {
  const { key, view = {} } = target;
  const fields = [['s', `${LINK_VERSION}.${bodyOf(target)}`], ...(key ? [['at', key]] : []), ...Object.entries(view)];
  for (const [name, value] of fields.slice(1) as [string, string][]) {
    if (!/^[a-z]{1,12}$/i.test(name) || (name in view && ['s', 'at'].includes(name))) {
      throw new Error(`a link has no place for a field named "${name}"`);
    }
    if (value.length > LONGEST_FIELD) throw new Error(`${name}: at most ${LONGEST_FIELD} characters fit into a link`);
  }
  const hash = `#${fields.map(([name, value]) => `${name}=${escaped(value as string)}`).join('&')}`;
  if (hash.length > LONGEST_LINK) throw new Error('the scenario is too large for a link: keep it in a file');
  return hash;
}

function bodyOf({ preset, scenario }: LinkTarget): string {
  const known = preset ? presetNamed(preset) : null;
  if (preset && known === null) throw new Error(`there is no preset "${preset}"`);
  if (scenario === undefined) {
    if (known === null) throw new Error('a link needs a preset or a scenario');
    return `p.${known.name}`;
  }
  const parsed = parseScenario(scenario);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message ?? 'the scenario is not valid');
  const wanted = parsed.scenario;
  const gives = (input: Json): boolean => isInputOf(input, wanted);
  const small = compact(wanted) as Json;
  if (known === null) return `z.${pack(small)}`;
  const base = known.scenario as Json;
  if (gives(base)) return `p.${known.name}`;
  const patch = minimise({ ...difference(base, small), version: VERSION }, (candidate) => {
    return candidate.version === VERSION && gives(patched(base, candidate));
  });
  return `p.${known.name}.${pack(patch)}`;
}

/** Characters that chat programs cut off or browsers rewrite are escaped too. */
function escaped(value: string): string {
  const readable = encodeURIComponent(value).replace(/%3A/g, ':').replace(/%2F/g, '/');
  return readable.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Reads the hash of a link, with or without `#`. Never throws, whatever it is given. */
export function decodeLink(hash: string): Decoded {
  if (hash.length > LONGEST_LINK) return bad(`the link is longer than ${LONGEST_LINK} characters`);
  const fields = new Map<string, string>();
  for (const part of hash.replace(/^#/, '').split('&').slice(0, MOST_FIELDS)) {
    const [, name, value] = /^([a-zA-Z]{1,12})=(.*)$/s.exec(part) ?? [];
    if (name !== undefined && value !== undefined && !fields.has(name)) fields.set(name, unescaped(value));
  }
  const opened = scenarioIn(fields.get('s') ?? '');
  if (!opened.ok) return opened;
  const key = fields.get('at') ?? null;
  fields.delete('s');
  fields.delete('at');
  for (const [name, value] of [...fields, ['at', key ?? ''] as const]) {
    if (value.length > LONGEST_FIELD)
      return bad(`the link's field "${name}" is longer than ${LONGEST_FIELD} characters`);
  }
  return { ok: true, link: { ...opened.part, key: key === '' ? null : key, view: Object.fromEntries(fields) } };
}

function bad(message: string): { ok: false; message: string } {
  return { ok: false, message };
}

function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

type Part = Pick<Link, 'preset' | 'unchanged' | 'scenario'>;

function scenarioIn(text: string): { ok: true; part: Part } | { ok: false; message: string } {
  if (text === '') return bad('the link holds no scenario: "s=" is missing');
  const [, version, codec, body] = /^(\d{1,6})\.([a-z]+)\.(.*)$/s.exec(text) ?? [];
  if (version === undefined || body === undefined) {
    const early = /^(\d{1,6})(\.|$)/.exec(text)?.[1];
    if (early !== undefined && Number(early) > LINK_VERSION) return bad(newer(early));
    return bad('the link is damaged: its beginning is not that of a skbscope link');
  }
  if (Number(version) > LINK_VERSION) return bad(newer(version));
  if (codec === 'p') return presetIn(body);
  if (codec !== 'z') return bad(`the link is written in a way ("${codec?.slice(0, 12)}") this skbscope does not know`);
  const unpacked = unpack(body);
  if (!unpacked.ok) return unpacked;
  return validated(unpacked.value, null, false);
}

function newer(version: string): string {
  return `this link is of version ${version}, newer than this skbscope, which reads up to ${LINK_VERSION}: reload or update`;
}

/** `NAME` or `NAME.PATCH`; a name may hold dots itself. */
function presetIn(body: string): ReturnType<typeof scenarioIn> {
  const whole = presetNamed(body);
  if (whole !== null) return validated(whole.scenario, whole.name, true);
  const dot = body.lastIndexOf('.');
  const base = presetNamed(body.slice(0, Math.max(dot, 0)));
  if (base === null) return bad(`the link names a preset that this skbscope does not have: "${body.slice(0, 40)}"`);
  const unpacked = unpack(body.slice(dot + 1));
  if (!unpacked.ok) return unpacked;
  const { value } = unpacked;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return bad('the link is damaged: what it holds is not a change to a scenario');
  }
  if (depthOf(value) > 24) return bad('the link is damaged: what it holds is nested too deep');
  const upgraded = upgrade(value as Json);
  if (!upgraded.ok) return bad(upgraded.issue.message);
  return validated(patched(base.scenario as Json, upgraded.value), base.name, false);
}

/** Levels of objects and lists inside each other; stops looking at 25. */
function depthOf(value: unknown, level = 0): number {
  if (level > 24 || typeof value !== 'object' || value === null) return level;
  return Object.values(value).reduce(
    (deepest: number, inner) => Math.max(deepest, depthOf(inner, level + 1)),
    level + 1,
  );
}

function validated(input: unknown, preset: string | null, unchanged: boolean): ReturnType<typeof scenarioIn> {
  const parsed = parseScenario(input);
  if (parsed.ok) return { ok: true, part: { preset, unchanged, scenario: parsed.scenario } };
  return bad(`the link's scenario is not valid: ${parsed.issues[0]?.message ?? 'unknown'}`);
}
