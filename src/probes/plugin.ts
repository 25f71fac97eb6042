/**
 * The probe pass. Inserts into `src/kernel`, at build time: function entry with arguments, each line reached, locals as
 * they are assigned, and return with its value; in generators also the point where another CPU or an interrupt may come
 * between. Kernel sources stay plain, and the source panel shows exactly the lines that ran.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import MagicString from 'magic-string';
import { type Plugin, parseSync } from 'vite';

/** What is known of a kernel function without running it. */
export interface FunctionFact {
  readonly id: number;
  readonly name: string;
  /** Path below src/kernel, which is the path in the Linux tree but for the ending. */
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly generator: boolean;
  readonly params: readonly string[];
  /** Parameters first, then locals in order of declaration. */
  readonly variables: readonly string[];
  /** ns charged on entry. */
  readonly cost: number;
  /** Docstring without its tags. */
  readonly doc: string;
  /** Docstring tags such as `modelled`, `simplified`, `omits`, `checked`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** ns charged for entering a function whose docstring has no `@cost`: about what a call and a few loads take. */
const DEFAULT_COST = 12;

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

interface Source {
  readonly file: string;
  readonly text: string;
  readonly functions: { fact: FunctionFact; node: Node }[];
}

const here = fileURLToPath(new URL('.', import.meta.url));
const kernelRoot = join(here, '..', 'kernel');
const recorderPath = join(here, '..', 'trace', 'recorder.ts');
const dispatchPath = join(here, '..', 'base', 'dispatch.ts');

/** arch/ stands for the machine under the kernel: reading `current` or a sysctl is no call. */
const PLAIN_FOLDER = join(kernelRoot, 'arch');

function kernelFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return path === PLAIN_FOLDER ? [] : kernelFiles(path);
      return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** Calls `visit` on the children of `node`, in source order. */
function children(node: Node): Node[] {
  const found: Node[] = [];
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  return found;
}

const FUNCTION_TYPES = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

function identifierNames(pattern: Node): string[] {
  if (pattern.type === 'Identifier') return [pattern.name as string];
  if (pattern.type === 'AssignmentPattern') return identifierNames(pattern.left as Node);
  if (pattern.type === 'RestElement') return identifierNames(pattern.argument as Node);
  if (pattern.type === 'ObjectPattern')
    return (pattern.properties as Node[]).flatMap((p) => identifierNames((p.value ?? p.argument) as Node));
  if (pattern.type === 'ArrayPattern')
    return (pattern.elements as (Node | null)[]).flatMap((e) => (e === null ? [] : identifierNames(e)));
  return [];
}

/** Names declared in a function's own body, not in functions inside it. */
function localNames(body: Node): string[] {
  const names: string[] = [];
  const walk = (node: Node): void => {
    if (FUNCTION_TYPES.has(node.type)) return;
    if (node.type === 'VariableDeclarator') names.push(...identifierNames(node.id as Node));
    for (const child of children(node)) walk(child);
  };
  walk(body);
  return names;
}

function parseDoc(comment: string): { doc: string; tags: Record<string, string> } {
  const lines = comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*+ ?/, '').trimEnd())
    .join('\n')
    .trim();
  const [doc = '', ...tagged] = lines.split(/^@/m);
  const tags: Record<string, string> = {};
  for (const entry of tagged) {
    const space = entry.search(/\s/);
    const name = space < 0 ? entry : entry.slice(0, space);
    const text = space < 0 ? '' : entry.slice(space).trim().replace(/\s+/g, ' ');
    tags[name] = tags[name] === undefined ? text : `${tags[name]}; ${text}`;
  }
  return { doc: doc.trim(), tags };
}

function lineStarts(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = 0; i < text.length; i++) if (text[i] === '\n') starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if ((starts[mid] as number) <= offset) low = mid;
      else high = mid - 1;
    }
    return low + 1;
  };
}

/** Reads all of src/kernel. Function ids are positions in file order, so they do not depend on the order of loading. */
export function scanKernel(): Source[] {
  let id = 0;
  return kernelFiles(kernelRoot).map((path) => {
    const text = readFileSync(path, 'utf8');
    const file = relative(kernelRoot, path).replaceAll('\\', '/');
    const { program, comments, errors } = parseSync(path, text);
    if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
    const lineOf = lineStarts(text);
    const functions: Source['functions'] = [];
    for (const statement of program.body as unknown as Node[]) {
      const node = statement.type === 'ExportNamedDeclaration' ? (statement.declaration as Node | null) : statement;
      if (node === null || node.type !== 'FunctionDeclaration' || node.body === null || node.body === undefined)
        continue;
      const comment = comments.findLast(
        (c) => c.type === 'Block' && c.end <= statement.start && text.slice(c.end, statement.start).trim() === '',
      );
      const { doc, tags } = parseDoc(comment?.value ?? '');
      const params = (node.params as Node[]).flatMap((param) => identifierNames(param));
      const cost = tags.cost === undefined ? DEFAULT_COST : Number.parseFloat(tags.cost);
      if (!(cost >= 0))
        throw new Error(`${file}:${lineOf(node.start)}: @cost must be a number of ns, not "${tags.cost}"`);
      const fact: FunctionFact = {
        id: id++,
        name: (node.id as Node).name as string,
        file,
        line: lineOf(node.start),
        endLine: lineOf(node.end),
        generator: node.generator as boolean,
        params,
        variables: [...params, ...localNames(node.body as Node)],
        cost,
        doc,
        tags,
      };
      functions.push({ fact, node });
    }
    return { file, text, functions };
  });
}

/** Inserts the probes into one function. */
function instrument(code: MagicString, fact: FunctionFact, node: Node, lineOf: (offset: number) => number): void {
  const slotOf = (name: string): number => fact.variables.lastIndexOf(name);
  const body = node.body as Node;

  /** Puts `__l` before a statement, in braces where it is the lone body of an `if` or a loop. */
  const statement = (node: Node, lone: boolean): void => {
    if (node.type === 'BlockStatement') {
      for (const child of node.body as Node[]) statement(child, false);
      return;
    }
    if (node.type === 'FunctionDeclaration' || node.type === 'EmptyStatement') return;
    code.appendLeft(node.start, `${lone ? '{' : ''}__l(${lineOf(node.start)});`);
    inside(node);
    if (lone) code.appendRight(node.end, '}');
  };

  const loopVariable = (left: Node, loopBody: Node): void => {
    if (left.type !== 'VariableDeclaration' || loopBody.type !== 'BlockStatement') return;
    const names = (left.declarations as Node[]).flatMap((d) => identifierNames(d.id as Node));
    code.appendLeft(loopBody.start + 1, names.map((name) => `__v(${slotOf(name)},${name});`).join(''));
  };

  const inside = (node: Node): void => {
    if (FUNCTION_TYPES.has(node.type)) return;
    switch (node.type) {
      case 'BlockStatement':
        statement(node, false);
        return;
      case 'IfStatement':
        expression(node.test as Node);
        statement(node.consequent as Node, true);
        if (node.alternate !== null) statement(node.alternate as Node, true);
        return;
      case 'WhileStatement':
      case 'DoWhileStatement':
        expression(node.test as Node);
        statement(node.body as Node, true);
        return;
      case 'ForStatement':
        for (const part of [node.init, node.test, node.update]) if (isNode(part)) expression(part);
        statement(node.body as Node, true);
        return;
      case 'ForOfStatement':
      case 'ForInStatement':
        expression(node.right as Node);
        loopVariable(node.left as Node, node.body as Node);
        statement(node.body as Node, true);
        return;
      case 'LabeledStatement':
        inside(node.body as Node);
        return;
      case 'SwitchStatement':
        expression(node.discriminant as Node);
        for (const branch of node.cases as Node[])
          for (const child of branch.consequent as Node[]) statement(child, false);
        return;
      case 'TryStatement':
        throw new Error(`${fact.file}:${lineOf(node.start)}: kernel code has no exceptions`);
      case 'ReturnStatement':
        if (node.argument === null) code.appendRight(node.start + 'return'.length, ' __r(undefined)');
        else {
          const argument = node.argument as Node;
          code.appendRight(argument.start, '__r(');
          expression(argument);
          code.appendLeft(argument.end, ')');
        }
        return;
      case 'VariableDeclaration': {
        expression(node);
        const named = (node.declarations as Node[]).filter((d) => d.init !== null);
        const names = named.flatMap((d) => identifierNames(d.id as Node));
        code.appendLeft(node.end, `;${names.map((name) => `__v(${slotOf(name)},${name})`).join(';')};`);
        return;
      }
      default:
        expression(node);
    }
  };

  /** Finds assignments to locals anywhere in an expression. */
  const expression = (node: Node): void => {
    if (FUNCTION_TYPES.has(node.type)) return;
    if (node.type === 'AssignmentExpression' && (node.left as Node).type === 'Identifier') {
      const slot = slotOf((node.left as Node).name as string);
      expression(node.right as Node);
      if (slot >= 0) {
        code.appendRight(node.start, `__v(${slot},`);
        code.appendLeft(node.end, ')');
      }
      return;
    }
    if (node.type === 'ExpressionStatement' && (node.expression as Node).type === 'UpdateExpression') {
      const target = (node.expression as Node).argument as Node;
      if (target.type === 'Identifier' && slotOf(target.name as string) >= 0) {
        code.appendLeft(node.end, `;__v(${slotOf(target.name as string)},${target.name as string});`);
      }
      return;
    }
    for (const child of children(node)) expression(child);
  };

  const args = fact.params.map((name, slot) => `__a(${slot},${name});`).join('');
  const point = fact.generator ? 'if(__p())yield;' : '';
  code.appendLeft(body.start + 1, `__e(${fact.id});${args}${point}`);
  statement(body, false);
  const last = (body.body as Node[]).at(-1);
  if (last?.type !== 'ReturnStatement') code.appendRight(body.end - 1, ';__r(undefined);');
}

/** Vite plugin: instruments src/kernel, and serves what is known of it as two virtual modules. */
export function probes(): Plugin {
  let sources: Source[] | null = null;
  const scan = (): Source[] => {
    sources ??= scanKernel();
    return sources;
  };
  return {
    name: 'skbscope-probes',
    enforce: 'pre',
    resolveId(id) {
      return id === 'virtual:kernel-functions' || id === 'virtual:kernel-sources' ? `\0${id}` : null;
    },
    load(id) {
      if (id === '\0virtual:kernel-functions') {
        return `export const functions = ${JSON.stringify(scan().flatMap((s) => s.functions.map((f) => f.fact)))};`;
      }
      if (id === '\0virtual:kernel-sources') {
        return `export const sources = ${JSON.stringify(Object.fromEntries(scan().map((s) => [s.file, s.text])))};`;
      }
      return null;
    },
    transform(text, id) {
      const path = id.split('?')[0] as string;
      const file = relative(kernelRoot, path).replaceAll('\\', '/');
      if (file.startsWith('..') || !file.endsWith('.ts') || file.endsWith('.test.ts')) return null;
      const source = scan().find((s) => s.file === file);
      if (source === undefined || source.functions.length === 0) return null;
      if (source.text !== text) throw new Error(`${file} changed while building; build again`);
      const code = new MagicString(text);
      const lineOf = lineStarts(text);
      for (const { fact, node } of source.functions) instrument(code, fact, node, lineOf);
      const register = source.functions
        .map(({ fact }) => `__reg(${fact.id},${JSON.stringify(fact.name)},${fact.name});`)
        .join('');
      code.prepend(
        `import{__e,__a,__p,__l,__v,__r}from${JSON.stringify(recorderPath)};import{registerFunction as __reg}from${JSON.stringify(dispatchPath)};${register}`,
      );
      return { code: code.toString(), map: code.generateMap({ hires: 'boundary' }) };
    },
    hotUpdate({ file }) {
      if (relative(kernelRoot, file).startsWith('..')) return;
      sources = null;
      this.environment.moduleGraph.invalidateAll();
      this.environment.hot.send({ type: 'full-reload' });
      return [];
    },
  };
}
