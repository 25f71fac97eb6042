import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heap, StructObject } from '../base/heap';
import { seqDiff } from '../base/seq';
import { link_state } from '../hardware/link';
import { nic } from '../hardware/port';
import { e1000_buffer } from '../kernel/drivers/net/e1000/e1000_struct';
import { igb_buffer } from '../kernel/drivers/net/igb/igb';
import { net_device } from '../kernel/include/linux/netdevice';
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
import { alive } from './story';
import { brokenLaw } from './tcp-laws';

/** Runs a scenario to its end. A run that breaks shows where. */
function finished(input: ScenarioInput): Run {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const result = run(parsed.scenario, { level: 'calls' });
  const { reason, message } = result.trace.end;
  if (reason !== 'done') throw new Error(`the run ended with ${reason}: ${message}`);
  return result;
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
  const buffers = [...alive(heap, e1000_buffer), ...alive(heap, igb_buffer)];
  const held = new Set<StructObject | null>(buffers.map(({ skb }) => skb));
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

/** What left one card came to the other, frame by frame and byte by byte, and passed the link. */
function checkCounts(heap: Heap): void {
  const [a, b] = alive(heap, nic).map(({ registers }) => registers);
  const [link] = alive(heap, link_state);
  if (a == null || b == null || link === undefined) throw new Error('no cards');
  for (const [from, to, { frames, lost }] of [[a, b, link.forth] as const, [b, a, link.back] as const]) {
    expect([frames, lost]).toEqual([from.TPT, 0]);
    expect([to.TPR, to.TORL]).toEqual([from.TPT, from.TOTL]);
    // Pause frames, 64 bytes each, are in the totals only.
    const pauses = from.XOFFTXC + from.XONTXC;
    expect([from.GPTC, from.GOTCL, from.CRCERRS]).toEqual([from.TPT - pauses, from.TOTL - 64 * pauses, 0]);
  }
}

/**
 * Each packet that a qdisc let go is on the wire: cut ones as often as they have segments. A device without a queue counts nothing; neither
 * do packets that software cuts.
 */
function checkQdiscs(heap: Heap): void {
  for (const dev of alive(heap, net_device)) {
    const card = alive(heap, nic).find(({ host, name }) => host === heap.objHost[dev.$id] && name === dev.name);
    const qdiscs = new Set([...dev._tx].map(({ qdisc }) => qdisc));
    if (card === undefined || [...qdiscs].some((qdisc) => qdisc?.ops?.enqueue == null)) continue;
    const sent = [...qdiscs].reduce((sum, qdisc) => sum + (qdisc?.bstats_packets ?? 0), 0);
    expect(card.registers?.GPTC).toBe(sent);
    expect(dev.tx_packets).toBe(sent);
  }
}

/** No two CPUs are inside one lock: neither in the order of the steps nor in virtual time. */
function checkExclusion({ trace: data }: Run): void {
  const trace = new Trace(data);
  const ids = new Map(data.schema.functions.map(({ name, id }) => [id, name]));
  const holders = new Map<number, string>();
  const freed = new Map<number, number>();
  for (let n = 0; n < trace.steps; n++) {
    const name = ids.get(trace.fn(n));
    if (name !== 'spin_lock' && name !== 'spin_trylock' && name !== 'spin_unlock') continue;
    if (trace.kind(n) !== (name === 'spin_unlock' ? Kind.ENTER : Kind.LEAVE)) continue;
    const values = trace.variablesAt(n);
    if (name === 'spin_trylock' && values.find(({ isReturn }) => isReturn)?.value !== true) continue;
    const { host, cpu } = trace.context(trace.ctx(n));
    const who = `${host}/${cpu}`;
    const lock = Number(values.find((value) => value.name === 'lock')?.value ?? 0);
    expect([n, holders.get(lock)]).toEqual([n, name === 'spin_unlock' ? who : undefined]);
    if (name === 'spin_unlock') {
      holders.delete(lock);
      freed.set(lock, trace.time(n));
    } else {
      expect(trace.time(n)).toBeGreaterThanOrEqual(freed.get(lock) ?? 0);
      holders.set(lock, who);
    }
  }
  expect(freed.size).toBeGreaterThan(0);
}

/** What holds at the end of any run: all bytes arrived, nothing leaked, no lock is held. */
function checkEnd(ended: Run): void {
  for (const [name, { a, b }] of ended.ledgers) {
    checkStream(`${name} from A`, a, b);
    checkStream(`${name} from B`, b, a);
  }
  checkBuffers(ended.heap);
  checkSockets(ended.heap);
  checkLocks(ended);
}

describe('any scenario', () => {
  it('ends quiet: all bytes arrived, nothing leaked, no lock held', () => {
    fc.assert(
      fc.property(arbitraryScenario(fc), (input) => {
        const ended = finished(input);
        checkEnd(ended);
        checkExclusion(ended);
        checkCounts(ended.heap);
        checkQdiscs(ended.heap);
      }),
      { numRuns: 8 },
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

/** Sequence numbers in order, and counters that agree with the write queue, wherever a socket is given back. */
function checkLaws({ trace }: Run): void {
  const { broken, checked } = brokenLaw(new Trace(trace));
  expect(broken).toBe(null);
  expect(checked).toBeGreaterThan(0);
}

describe('on links that lose, double, reorder, delay and break frames', () => {
  it('every stream arrives whole and in order; nothing leaks; windows are kept', () => {
    fc.assert(
      fc.property(arbitraryLossyScenario(fc), (input) => {
        const ended = finished(input);
        checkEnd(ended);
        checkSending(ended);
        checkLaws(ended);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
