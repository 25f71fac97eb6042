/** The queueing discipline of a device, with the parameters that `tc qdisc add dev eth0 root ...` takes. */
import * as v from 'valibot';
import { listOf, percent, whole } from './fields';

const LARGEST_LIMIT = 16 << 20;
const packets = (doc: string) => whole(1, 100_000, doc, 'packets');
const bytes = (fewest: number, doc: string) => whole(fewest, LARGEST_LIMIT, doc, 'bytes');
const time = (doc: string) => v.optional(whole(0, 60_000_000, doc, 'us'), 0);

const DIVISOR = 'a power of two from 1 to 1024';

const Pfifo = v.strictObject({
  kind: v.literal('pfifo'),
  limit: v.optional(packets('Packets it holds before it drops.'), 1000),
});

const Bfifo = v.strictObject({
  kind: v.literal('bfifo'),
  limit: v.optional(bytes(1, 'Bytes it holds before it drops.'), 1_500_000),
});

const Tbf = v.strictObject({
  kind: v.literal('tbf'),
  rate: whole(8000, 1_000_000_000, 'Tokens come at this rate.', 'bits a second'),
  burst: v.optional(bytes(256, 'Bucket: bytes that may leave at once.'), 5000),
  limit: v.optional(bytes(256, 'Bytes it holds before it drops.'), 30_000),
});

const Sfq = v.strictObject({
  kind: v.literal('sfq'),
  limit: v.optional(whole(1, 127, 'Packets it holds; one more costs the longest flow its last.', 'packets'), 127),
  quantum: v.optional(whole(0, 1 << 18, 'Bytes a flow may send in a round; 0: one full frame.', 'bytes'), 0),
  divisor: v.optional(
    v.pipe(
      v.number(DIVISOR),
      v.integer(DIVISOR),
      v.check((n) => n >= 1 && n <= 1024 && (n & (n - 1)) === 0, DIVISOR),
      v.description('Entries of the hash table: flows that share one are one to sfq.'),
    ),
    1024,
  ),
  perturb: v.optional(whole(0, 3600, 'The hash changes this often; 0: never.', 's'), 0),
});

const Netem = v.strictObject({
  kind: v.literal('netem'),
  limit: v.optional(packets('Packets it holds before it drops.'), 1000),
  delayUs: time('Delay of each packet.'),
  jitterUs: time('How far the delay may differ, either way.'),
  delayCorrelation: percent('How much a delay resembles the one before.'),
  loss: percent('Packets lost.'),
  lossCorrelation: percent('How much a loss depends on the one before.'),
  duplicate: percent('Packets sent twice.'),
  duplicateCorrelation: percent('How much a duplicate depends on the one before.'),
  corrupt: percent('Packets in which one bit is changed.'),
  corruptCorrelation: percent('How much a changed bit depends on the one before.'),
  reorder: percent('Packets that leave at once, before those that wait; needs a delay.'),
  reorderCorrelation: percent('How much that depends on the packet before.'),
  gap: v.optional(whole(0, 1000, 'Only each so-manieth packet may be reordered; 0: any.', 'packets'), 0),
});

/** Those that may stand in a band of prio. */
const Leaf = v.variant(
  'kind',
  [Pfifo, Bfifo, Tbf, Sfq, Netem],
  'a qdisc of a band: kind "pfifo", "bfifo", "tbf", "sfq" or "netem"',
);

/** Default of tc: as pfifo_fast. */
const PRIOMAP = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

const Prio = v.strictObject({
  kind: v.literal('prio'),
  bands: v.optional(whole(2, 16, 'Bands; band 0 is sent first.', 'bands'), 3),
  priomap: v.optional(
    v.pipe(listOf(whole(0, 15, ''), 16, 'bands', 16), v.description('Entry n: the band of packets of priority n.')),
    PRIOMAP,
  ),
  children: v.optional(
    v.pipe(listOf(v.nullable(Leaf), 16, 'qdiscs'), v.description('Entry n: the qdisc of band n; null: pfifo.')),
    [],
  ),
});

export const Qdisc = v.variant(
  'kind',
  [
    v.strictObject({
      kind: v.literal('pfifo_fast'),
      limit: v.optional(packets('tx_queue_len: packets it holds.'), 1000),
    }),
    Pfifo,
    Bfifo,
    Tbf,
    Sfq,
    Netem,
    Prio,
    // As with txqueuelen 0: a packet goes straight to the TX lock.
    v.strictObject({ kind: v.literal('noqueue') }),
  ],
  'a queueing discipline whose kind is "pfifo_fast", "pfifo", "bfifo", "tbf", "sfq", "netem", "prio" or "noqueue", such as { "kind": "tbf", "rate": 8000000 }',
);
