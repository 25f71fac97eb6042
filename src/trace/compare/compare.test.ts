import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FunctionFact } from '../data';
import { compareBlocks, namesIn, omissions } from './compare';
import { type Block, type Call, countCalls, walk } from './forest';
import { whyHidden } from './hidden';
import { parseRecording } from './recording';

const folder = join(import.meta.dirname, '..', 'golden');
const recordings = readdirSync(folder).filter((name) => name.endsWith('.ctx'));
const read = (name: string): Block[] => parseRecording(readFileSync(join(folder, name), 'utf8'));

const TEXT = `## syscall init  @1.5
sys_write
  vfs_write
    inet_sendmsg
      tcp_push
      tcp_push

## hardirq eth0  @1.6
do_IRQ
  e1000_intr
`;

function facts(names: Iterable<string>, tags: Record<string, Record<string, string>> = {}): FunctionFact[] {
  const rest = { file: 'x.ts', line: 1, endLine: 2, generator: false, params: [], variables: [], cost: 1, doc: '' };
  return [...names].map((name, id) => ({ id, name, ...rest, tags: tags[name] ?? { modelled: 'x.c' } }));
}

const call = (name: string, ...children: Call[]): Call => ({ name, children });

describe('a recording', () => {
  it('is read into blocks of nested calls', () => {
    expect(parseRecording(TEXT)).toEqual([
      {
        kind: 'syscall',
        host: null,
        calls: [call('sys_write', call('vfs_write', call('inet_sendmsg', call('tcp_push'), call('tcp_push'))))],
      },
      { kind: 'hardirq', host: 0, calls: [call('do_IRQ', call('e1000_intr'))] },
    ]);
  });

  it('that is none is refused with the line and what was expected', () => {
    expect(() => parseRecording('## nonsense')).toThrow('line 1: expected "## syscall|hardirq|softirq|task NAME');
    expect(() => parseRecording('## syscall init @1\na\n     b')).toThrow('line 3: expected a function name');
    expect(() => parseRecording('')).toThrow('line 1: expected a block');
  });

  it.each(recordings)('compared with itself is reproduced whole: %s', (name) => {
    const blocks = read(name);
    const shown = namesIn([blocks]);
    const result = compareBlocks(blocks, blocks, facts(shown));
    expect([result.missing, result.extra, result.reproduced]).toEqual([[], [], result.recorded]);
    expect(result.recorded).toBeGreaterThan(150);
  });

  it('shows no call that is said to be hidden', () => {
    for (const { calls } of recordings.flatMap(read)) {
      walk(calls, ({ name }, caller) => expect([caller, name, whyHidden(name, caller)]).toEqual([caller, name, null]));
    }
  });
});

describe('the comparison', () => {
  const blocks = parseRecording(TEXT);
  const shown = namesIn([blocks]);
  const model = (top: Call): Block[] => [{ kind: 'syscall', host: 0, calls: [top] }, blocks[1] as Block];

  it('names what the model leaves out, and asks for its row', () => {
    const names = ['sys_write', 'vfs_write', 'inet_sendmsg', 'do_IRQ', 'e1000_intr'];
    const made = model(call('sys_write', call('vfs_write', call('inet_sendmsg'))));
    const silent = compareBlocks(made, blocks, facts(names));
    expect([silent.reproduced, silent.recorded]).toEqual([5, 7]);
    expect(silent.missing).toEqual([
      { caller: 'inet_sendmsg', callee: 'tcp_push', count: 2, row: null, modelled: false },
    ]);
    const told = compareBlocks(made, blocks, facts(names, { inet_sendmsg: { omits: 'tcp_push: not here' } }));
    expect(told.missing[0]?.row).toBe('left out: not here');
  });

  it('looks through a function that only one side has', () => {
    const names = [...shown, 'helper'];
    const inner = call('inet_sendmsg', call('tcp_push'), call('helper', call('tcp_push')));
    const result = compareBlocks(
      model(call('sys_write', call('vfs_write', inner))),
      blocks,
      facts(names, { helper: { model: 'why' } }),
    );
    expect(result.reproduced).toBe(result.recorded);
    expect(result.extra).toEqual([
      { caller: 'inet_sendmsg', callee: 'helper', count: 1, row: 'only in the model: why', modelled: true },
    ]);
  });

  it('counts a call in another order as missing', () => {
    const result = compareBlocks(model(call('vfs_write', call('sys_write'))), blocks, facts(shown));
    expect(result.reproduced).toBe(2);
  });

  it('reads @omits of several callees', () => {
    const [fact] = facts(['f'], { f: { omits: 'tcp_mtu_probe: off; by default; a, b: no such device' } });
    expect(omissions(fact)).toEqual([
      { name: 'tcp_mtu_probe', why: 'off; by default' },
      { name: 'a', why: 'no such device' },
      { name: 'b', why: 'no such device' },
    ]);
  });

  it('allows for what the tracer did in one recording there only', () => {
    const misplaced = [blocks[0] as Block, { ...(blocks[1] as Block), calls: [call('do_IRQ', call('tcp_push'))] }];
    const made = [blocks[0] as Block, { ...(blocks[1] as Block), calls: [call('do_IRQ')] }];
    const rowIn = (number: string | null): string | null | undefined =>
      compareBlocks(made, misplaced, facts(shown), { number, known: new Set() }).missing[0]?.row;
    expect(rowIn('36')).toMatch('set-up: ');
    expect([rowIn('08'), rowIn(null)]).toEqual([null, null]);
  });

  it('asks for a function that recordings do not show if this one does', () => {
    const recorded = parseRecording('## syscall init @1\nbictcp_cong_avoid\n  bictcp_update\n    tcp_push\n');
    const names = namesIn([recorded]);
    expect(whyHidden('bictcp_update', 'bictcp_cong_avoid')).not.toBeNull();
    const whole = compareBlocks(recorded, recorded, facts(names));
    expect([whole.reproduced, whole.missing, whole.extra]).toEqual([3, [], []]);
  });

  it('counts calls of all levels', () => {
    expect(blocks.map(({ calls }) => countCalls(calls))).toEqual([5, 2]);
  });
});
