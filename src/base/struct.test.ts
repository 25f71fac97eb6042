import { describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from './heap';
import { byteCount, embed, int, list, ref, seq32, struct, u16 } from './struct';

const lock = struct('lock_t', { owner: int('cpu that holds it', -1) });
const node = struct('node', { next: ref<node>('next node'), lock: embed(lock, 'guards it'), seq: seq32('sequence') });
interface node extends InstanceType<typeof node> {}
const wide = struct(
  'wide',
  { len: byteCount('length'), short: u16('wraps'), items: list(ref<node>('a node'), 4, 'nodes') },
  node,
);

describe('struct', () => {
  it('keeps fields in the heap, and the parent struct first', () => {
    setHeap(new Heap());
    const a = new wide();
    const b = new node();
    a.next = b;
    a.seq = -1;
    a.short = 65537;
    a.lock.owner = 3;
    expect([a.next === b, a.seq, a.short, a.lock.owner, node.isInstance(a), wide.isInstance(b)]).toEqual([
      true,
      0xffffffff,
      1,
      3,
      true,
      false,
    ]);
    expect(heap.objParent[a.lock.$id]).toBe(a.$id);
  });

  it('journals each change once, so that undoing it gives the state before', () => {
    setHeap(new Heap());
    const a = new wide();
    const start = heap.journalTop;
    const before = heap.words.slice(0, heap.wordTop);
    a.len = 7;
    a.len = 7;
    a.items.push(a);
    a.items.removeAt(0);
    for (let i = heap.journalTop - 1; i >= start; i--)
      heap.words[heap.journalAddr[i] as number] = heap.journalOld[i] as number;
    expect(heap.words.slice(0, heap.wordTop)).toEqual(before);
    expect(heap.journalTop - start).toBe(5);
  });

  it('refuses a double free', () => {
    setHeap(new Heap());
    const a = new node();
    heap.release(a);
    expect(() => heap.release(a)).toThrow('double free of node');
  });
});
