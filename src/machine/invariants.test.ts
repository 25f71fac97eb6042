import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heap, StructObject } from '../base/heap';
import { seqDiff } from '../base/seq';
import { e1000_buffer } from '../kernel/drivers/net/e1000/e1000_struct';
import { sk_buff, skb_shared_info } from '../kernel/include/linux/skbuff';
import { spinlock_t } from '../kernel/include/linux/spinlock';
import { tcp_sock } from '../kernel/include/linux/tcp';
import { arbitraryLossyScenario, arbitraryScenario } from '../scenario/arbitrary';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import type { Ledger } from './process';
import { type Run, run } from './run';

/** Runs a scenario to its end. A run that breaks shows where. */
function finished(input: ScenarioInput): Run {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const result = run(parsed.scenario, { level: 'calls' });
  const { reason, message } = result.trace.end;
  if (reason !== 'done') throw new Error(`the run ended with ${reason}: ${message}`);
  return result;
}

interface Type<T> {
  isInstance(value: unknown): value is T & StructObject;
}

function alive<T>(heap: Heap, type: Type<T>): (T & StructObject)[] {
  return heap.objects.filter((object): object is T & StructObject => {
    return object !== null && type.isInstance(object) && heap.isLive(object);
  });
}

function joined(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat(pieces);
}

function checkStream(name: string, from: Ledger, to: Ledger): void {
  const written = joined(from.written);
  const read = joined(to.read);
  expect(`${name}: ${read.length} bytes`).toBe(`${name}: ${written.length} bytes`);
  // Compared here, as the matcher would print them.
  if (!written.equals(read)) {
    throw new Error(`${name}: byte ${written.findIndex((byte, n) => byte !== read[n])} differs from what was written`);
  }
}

/** An skb that lives on is in a receive ring, in the queue of a capture, or part of the data of one that is. */
function checkBuffers(heap: Heap): void {
  const held = new Set<StructObject | null>(alive(heap, e1000_buffer).map(({ skb }) => skb));
  for (const { frag_list } of alive(heap, skb_shared_info)) {
    for (let part = frag_list; part !== null; part = part.next) held.add(part);
  }
  const captured = (skb: sk_buff): boolean => skb.list !== null && skb.sk !== null && !tcp_sock.isInstance(skb.sk);
  const lost = alive(heap, sk_buff).filter((skb) => !held.has(skb) && !captured(skb));
  expect(lost.map((skb) => `skb #${skb.$id} of ${skb.len} bytes`)).toEqual([]);
  const data = new Set(alive(heap, sk_buff).map((skb) => skb.end));
  expect(alive(heap, skb_shared_info).length).toBe(data.size);
}

function checkSockets(heap: Heap): void {
  for (const tp of alive(heap, tcp_sock)) {
    const { sk_wmem_queued, sk_wmem_alloc, sk_rmem_alloc, packets_out, snd_una, write_seq, rcv_nxt, copied_seq } = tp;
    expect({ sk_wmem_queued, sk_wmem_alloc, sk_rmem_alloc, packets_out }).toEqual({
      sk_wmem_queued: 0,
      sk_wmem_alloc: 1,
      sk_rmem_alloc: 0,
      packets_out: 0,
    });
    expect([snd_una, rcv_nxt]).toEqual([write_seq, copied_seq]);
  }
}

function checkLocks({ heap, machine }: Run): void {
  expect(machine.quiet).toBe(true);
  const held = alive(heap, spinlock_t).filter((lock) => lock.state !== 0 || lock.owner !== -1 || lock.waiters !== 0);
  expect(held.map((lock) => `lock #${lock.$id} of CPU ${lock.owner}`)).toEqual([]);
  for (const tp of alive(heap, tcp_sock)) expect(tp.sk_lock.owned).toBe(false);
}

describe('any scenario', () => {
  it('ends quiet: all bytes arrived, nothing leaked, no lock held', () => {
    fc.assert(
      fc.property(arbitraryScenario(fc), (input) => {
        const ended = finished(input);
        for (const [name, { a, b }] of ended.ledgers) {
          checkStream(`${name} from A`, a, b);
          checkStream(`${name} from B`, b, a);
        }
        checkBuffers(ended.heap);
        checkSockets(ended.heap);
        checkLocks(ended);
      }),
      { numRuns: 25 },
    );
  });
});

/**
 * At each segment that leaves for the first time: sequence numbers stand in order, the congestion window has room for what is in
 * flight, and the peer's window for the segment.
 */
function checkSending({ trace: data }: Run): void {
  const trace = new Trace(data);
  const cursor = new Cursor(trace);
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== 'tcp_event_new_data_sent') continue;
    const sk = trace.variablesAt(n).find(({ name }) => name === 'sk')?.value as number;
    cursor.seek(trace.leaveOf(n));
    const tp = cursor.state.view(sk);
    const [una = 0, nxt = 0, written = 0] = ['snd_una', 'snd_nxt', 'write_seq'].map((name) => tp.num(name));
    const flight = tp.num('packets_out') - tp.num('sacked_out') - tp.num('lost_out') + tp.num('retrans_out');
    expect([seqDiff(nxt, una) >= 0, seqDiff(written, nxt) >= 0]).toEqual([true, true]);
    expect(flight).toBeLessThanOrEqual(tp.num('snd_cwnd'));
    expect(seqDiff(nxt, una)).toBeLessThanOrEqual(tp.num('snd_wnd'));
  }
}

describe('on links that lose, double, reorder, delay and break frames', () => {
  it('every stream arrives whole and in order; nothing leaks; windows are kept', () => {
    fc.assert(
      fc.property(arbitraryLossyScenario(fc), (input) => {
        const ended = finished(input);
        for (const [name, { a, b }] of ended.ledgers) {
          checkStream(`${name} from A`, a, b);
          checkStream(`${name} from B`, b, a);
        }
        checkBuffers(ended.heap);
        checkSockets(ended.heap);
        checkLocks(ended);
        checkSending(ended);
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
