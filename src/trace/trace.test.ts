import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clock } from '../base/clock';
import { Heap, heap, setHeap } from '../base/heap';
import { bool, int, list, ref, struct } from '../base/struct';
import { Cursor } from './cursor';
import { findKey, keyOf } from './keys';
import { next, out, outBack, over, previous, SIZES } from './navigate';
import { __a, __e, __l, __r, __v, Kind, Recorder, setRecorder } from './recorder';
import { collectTrace, type FunctionFact, Trace, type TraceData, transferables } from './trace';

const sk_buff = struct('sk_buff', {
  len: int('length'),
  cloned: bool('shared'),
  family: int('made from'),
  next: ref<sk_buff>('next'),
  frags: list(int('a number'), 3, 'numbers'),
});
interface sk_buff extends InstanceType<typeof sk_buff> {}

const FILES = ['fs/read_write.ts', 'net/socket.ts', 'net/ipv4/tcp_output.ts', 'net/core/skbuff.ts'];

const functions: FunctionFact[] = FILES.map((file, id) => ({
  id,
  name: `f${id}`,
  file,
  line: 100 * id + 1,
  endLine: 100 * id + 9,
  generator: false,
  params: ['skb'],
  variables: ['skb', 'sum'],
  cost: 10,
  doc: '',
  tags: {},
}));

/** One thing a made-up kernel does. */
type Act =
  | { do: 'call'; fn: number; skb: number }
  | { do: 'return' }
  | { do: 'line'; at: number }
  | { do: 'alloc' | 'free' | 'clone'; skb: number }
  | { do: 'set'; skb: number; value: number }
  | { do: 'write'; at: number; bytes: Uint8Array }
  | { do: 'switch'; to: number }
  | { do: 'wire' };

const nat = (max: number) => fc.nat({ max });
const acts = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('call' as const), fn: nat(3), skb: nat(5) }),
    fc.record({ do: fc.constant('return' as const) }),
    fc.record({ do: fc.constant('line' as const), at: nat(7) }),
    fc.record({ do: fc.constantFrom('alloc' as const, 'free' as const, 'clone' as const), skb: nat(5) }),
    fc.record({ do: fc.constant('set' as const), skb: nat(5), value: nat(9) }),
    fc.record({
      do: fc.constant('write' as const),
      at: nat(300),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    }),
    fc.record({ do: fc.constant('switch' as const), to: nat(2) }),
    fc.record({ do: fc.constant('wire' as const) }),
  ),
  { maxLength: 120 },
);

interface Snapshot {
  readonly words: Float64Array;
  readonly bytes: Uint8Array;
}

/** Runs the acts and keeps, beside the trace, a full copy of the state at each event. */
function run(script: readonly Act[], level: 'calls' | 'lines' = 'lines'): { data: TraceData; naive: Snapshot[] } {
  setHeap(new Heap());
  clock.ns = 0;
  const recorder = new Recorder(
    level,
    Float64Array.from(functions, (fact) => fact.cost),
    1e6,
  );
  setRecorder(recorder);
  const contexts = [
    recorder.addContext('task', 'task:writer', 0, 0),
    recorder.addContext('softirq', 'softirq', 0, 1),
    recorder.addContext('hardirq', 'hardirq', 1, 0),
  ];
  recorder.current = contexts[0] as (typeof contexts)[0];
  const naive: Snapshot[] = [];
  const keep = (): void => {
    while (naive.length < recorder.top) naive.push({ words: heap.words.slice(), bytes: heap.ram.slice(0, 2048) });
  };
  const skbs: sk_buff[] = [];
  const block = heap.ramAlloc(512);
  for (const act of script) {
    const open = recorder.current.frames.length;
    if (act.do === 'call' && open < 20) {
      __e(act.fn);
      __a(0, skbs[act.skb] ?? null);
    } else if (act.do === 'return' && open > 0) __r(open);
    else if (act.do === 'line' && open > 0) {
      __l(100 * (recorder.fn[recorder.current.frames.at(-1) as number] as number) + 2 + act.at);
      __v(1, act.at);
    } else if (act.do === 'alloc') skbs.push(new sk_buff());
    else if (act.do === 'clone' && skbs[act.skb] !== undefined) {
      const made = new sk_buff();
      made.family = (skbs[act.skb] as sk_buff).$id;
      skbs.push(made);
    } else if (act.do === 'free') for (const skb of skbs.splice(act.skb, 1)) heap.release(skb);
    else if (act.do === 'set' && skbs[act.skb] !== undefined) {
      const skb = skbs[act.skb] as sk_buff;
      skb.len = act.value;
      skb.cloned = act.value > 4;
      skb.next = skbs[0] ?? null;
      if (skb.frags.length < 3) skb.frags.push(act.value);
      else skb.frags.clear();
    } else if (act.do === 'write') heap.writeBytes(block + act.at, act.bytes);
    else if (act.do === 'switch') recorder.current = contexts[act.to] as (typeof contexts)[0];
    else if (act.do === 'wire') recorder.mark(Kind.WIRE, 'rx', null);
    keep();
  }
  recorder.mark(Kind.END, 'done', null);
  keep();
  const hosts = ['A', 'B'].map((name, nth) => ({ name, cpus: 2, ip: `10.0.0.${nth + 1}` }));
  return { data: collectTrace(recorder, heap, { functions, scenario: {}, hosts, end: { reason: 'done' } }), naive };
}

describe('cursor', () => {
  it('shows at each step, come to from any other, the state a full copy would', () => {
    fc.assert(
      fc.property(acts, fc.array(fc.nat(), { maxLength: 40 }), (script, jumps) => {
        const { data, naive } = run(script);
        const cursor = new Cursor(new Trace(data));
        for (const jump of [...jumps, data.columns.kind.length - 1, 0]) {
          cursor.seek(jump % naive.length);
          const { words, bytes } = naive[cursor.step] as Snapshot;
          expect(cursor.state.words).toEqual(words.subarray(0, data.size.words));
          expect(cursor.state.bytes.subarray(64)).toEqual(bytes.subarray(64, data.size.ram));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('names what changed between two steps, in both directions', () => {
    const { data } = run([
      { do: 'alloc', skb: 0 },
      { do: 'call', fn: 0, skb: 0 },
      { do: 'set', skb: 0, value: 7 },
      { do: 'line', at: 1 },
    ]);
    const { state } = new Cursor(new Trace(data));
    const seen = (from: number, to: number) => state.changes(from, to).map((c) => [c.field, c.old, c.new]);
    expect(seen(0, 1)).toEqual([
      ['len', 0, 7],
      ['cloned', 0, 1],
      ['next', 0, 1],
      ['frags.length', 0, 1],
      ['frags[0]', 0, 7],
    ]);
    expect(seen(1, 0)[0]).toEqual(['len', 7, 0]);
  });
});

describe('navigation', () => {
  it('comes back to a stop it left, in every size and along every thread', () => {
    fc.assert(
      fc.property(acts, fc.constantFrom('calls' as const, 'lines' as const), (script, level) => {
        const trace = new Trace(run(script, level).data);
        for (const thread of ['all', { host: 0, cpu: 1 }, { task: 1 }, { skb: 1 }] as const) {
          for (const size of SIZES) {
            for (let at = next(trace, -1, size, thread); at !== null; ) {
              const further = next(trace, at, size, thread);
              if (further !== null) expect(previous(trace, further, size, thread)).toBe(at);
              at = further;
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('passes what is called with over, and leaves the frame with out', () => {
    const line = { do: 'line', at: 0 } as const;
    const call = { do: 'call', fn: 1, skb: 0 } as const;
    const { data } = run([call, line, call, line, { do: 'return' }, line]);
    const trace = new Trace(data);
    // 0 enter, 1 line, 2 enter, 3 line, 4 leave, 5 line, 6 end
    expect([over(trace, 1), out(trace, 3), outBack(trace, 3)]).toEqual([5, 5, 1]);
    expect(trace.stackAt(3).map((frame) => [frame.enter, frame.at, frame.line])).toEqual([
      [0, 1, 102],
      [2, 3, 102],
    ]);
    expect(trace.variablesAt(4).map((v) => [v.name, v.value])).toEqual([
      ['skb', null],
      ['sum', 0],
      ['return', 2],
    ]);
  });

  it('follows a packet through its clones', () => {
    const { data } = run([
      { do: 'alloc', skb: 0 },
      { do: 'alloc', skb: 0 },
      { do: 'clone', skb: 0 },
      { do: 'call', fn: 0, skb: 0 },
      { do: 'call', fn: 1, skb: 1 },
      { do: 'call', fn: 2, skb: 2 },
    ]);
    const trace = new Trace(data);
    expect([0, 1, 2].map((n) => trace.packetOf(trace.skb(n)))).toEqual([1, 2, 1]);
    expect(next(trace, 0, 'call', { skb: 3 })).toBe(2);
  });
});

describe('step keys', () => {
  it('find the step they were made of', () => {
    fc.assert(
      fc.property(acts, (script) => {
        const trace = new Trace(run(script).data);
        for (let n = 0; n < trace.steps; n++) expect(findKey(trace, keyOf(trace, n))).toBe(n);
      }),
      { numRuns: 60 },
    );
  });

  it('find the nearest line where the line has moved, and nothing where the function never ran', () => {
    const line = { do: 'line', at: 4 } as const;
    const trace = new Trace(run([{ do: 'call', fn: 2, skb: 0 }, line, { ...line, at: 6 }]).data);
    expect(keyOf(trace, 2)).toBe('A~task.writer~f2~1~7');
    expect(findKey(trace, 'A~task.writer~f2~3~8')).toBe(2);
    expect(findKey(trace, 'A~softirq~f2~1~4')).toBe(1);
    expect(findKey(trace, 'A~softirq~f3~1~4')).toBe(null);
  });
});

describe('trace data', () => {
  it('has the same hash for the same run and another for another', () => {
    const script: Act[] = [
      { do: 'alloc', skb: 0 },
      { do: 'call', fn: 2, skb: 0 },
      { do: 'set', skb: 0, value: 3 },
    ];
    const [one, two] = [run(script).data, run(script).data];
    expect(one.hash).toBe(two.hash);
    expect(run([...script, { do: 'set', skb: 0, value: 4 }]).data.hash).not.toBe(one.hash);
    const sent = structuredClone(one, { transfer: transferables(one) });
    expect([one.columns.kind.length, sent.columns.kind]).toEqual([0, two.columns.kind]);
  });
});
