import { describe, expect, it } from 'vitest';
import { run } from '../../machine/run';
import { presetNamed, scenarioOf } from '../../scenario/presets';
import { parseScenario, type ScenarioInput } from '../../scenario/schema';
import { Cursor } from '../../trace/cursor';
import { Kind } from '../../trace/recorder';
import { Trace } from '../../trace/trace';
import type { Box, Shape, TextShape } from '../stage/draw/shapes';
import { stageOf } from '../stage/stage';
import { cardWidth } from './arrange';
import { type CardView, cableOf, cardOf } from './card';
import { cardInWords } from './in-words';
import type { DescriptorState, RingView } from './rings';
import { type CardScene, cardScene } from './scene';

const traces = new Map<string, Trace>();

/** Four flows over the queues of two 82576. */
const QUEUES: ScenarioInput = {
  hosts: {
    A: { cpus: 4, nic: { model: '82576', queues: 4 } },
    B: { cpus: 4, nic: { model: '82576', queues: 4 } },
  },
  connections: [1, 2, 3, 4].map((n) => ({ name: `c${n}`, a: { port: 40_000 + n } })),
  tasks: [1, 2, 3, 4].flatMap((n) => [
    {
      host: 'A' as const,
      name: `w${n}`,
      cpu: n - 1,
      startUs: 50,
      calls: [{ op: 'write' as const, fd: `c${n}`, bytes: 4000 }],
    },
    { host: 'B' as const, name: `r${n}`, cpu: n - 1, calls: [{ op: 'read' as const, fd: `c${n}`, bytes: 4000 }] },
  ]),
};

function traceOf(name: string): Trace {
  let known = traces.get(name);
  if (known === undefined) {
    const preset = presetNamed(name);
    const own = parseScenario(QUEUES);
    if (!own.ok) throw new Error(own.issues[0]?.message);
    known = new Trace(run(preset === null ? own.scenario : scenarioOf(preset), { level: 'calls' }).trace);
    traces.set(name, known);
  }
  return known;
}

interface At {
  readonly cursor: Cursor;
  readonly card: CardView;
}

/** A card at each of its own hardware events. */
function* events(name: string, index: number, label?: string): Generator<At> {
  const trace = traceOf(name);
  const cursor = new Cursor(trace);
  for (let n = 1; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.HARDWARE && trace.kind(n) !== Kind.WIRE) continue;
    if (trace.context(trace.ctx(n)).host !== index || (label !== undefined && trace.label(n) !== label)) continue;
    cursor.seek(n);
    const card = cardOf(cursor, index, n - 1);
    if (card !== null) yield { cursor, card };
  }
}

function first(name: string, index: number, label: string): At {
  for (const at of events(name, index, label)) return at;
  throw new Error(`${name} has no "${label}"`);
}

function ring(card: CardView, direction: 'TX' | 'RX'): RingView {
  const found = card.rings.find((one) => one.direction === direction);
  if (found === undefined) throw new Error(`no ${direction} ring`);
  return found;
}

describe('transmit descriptors', () => {
  it('of a TSO packet are a context and data, all given to the card at once, and read ahead', () => {
    const { card } = first('offload-on', 0, 'TX descriptor fetch');
    const tx = ring(card, 'TX');
    // 7240 bytes in pages of 4096, headers in the linear part, and the last 4 bytes apart (an erratum of the chip).
    expect([0, 1, 2, 3, 4].map((index) => tx.row(index).descriptor.kind)).toEqual([
      'context',
      'data',
      'data',
      'data',
      'data',
    ]);
    const lengths = [1, 2, 3, 4].map((index) => tx.row(index).descriptor.length);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(7240 + 66);
    expect(tx.row(0).state).toBe('owned');
    expect(tx.row(5).state).toBe('free');
    expect(tx.row(4).descriptor.bits).toEqual(expect.arrayContaining(['EOP', 'RS', 'TSE']));
    const skbs = new Set([0, 1, 2, 3, 4].map((index) => tx.row(index).skb));
    expect(skbs.size).toBe(1);
    const fetched = first('offload-on', 0, 'TX descriptor').card;
    expect(ring(fetched, 'TX').row(0).state).toBe('fetched');
    expect(ring(fetched, 'TX').fetched).toBe(5);
  });

  it('live through their states in the datasheet’s order', () => {
    const order: readonly DescriptorState[] = ['free', 'filled', 'owned', 'fetched', 'active', 'done', 'back'];
    const last = new Map<number, number>();
    const seen = new Set<DescriptorState>();
    for (const { card } of events('offload-on', 0)) {
      const tx = ring(card, 'TX');
      for (let index = 0; index < 5; index++) {
        const { state } = tx.row(index);
        seen.add(state);
        const rank = order.indexOf(state);
        if (state !== 'free') expect(rank, `${index} ${state}`).toBeGreaterThanOrEqual(last.get(index) ?? 0);
        last.set(index, state === 'free' ? 0 : rank);
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['owned', 'fetched', 'active', 'done', 'back', 'free']));
  });

  it('cover each ring once', () => {
    for (const { card } of events('two-writers', 0)) {
      for (const { stretches, count } of card.rings) {
        expect(stretches.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(count);
      }
    }
  });
});

describe('an 82576', () => {
  it('has a ring each way for each queue, advanced descriptors, and a vector for each ring', () => {
    const { card } = first('queues', 0, 'TX data');
    expect(card.model).toBe('82576');
    expect(card.rings.map(({ direction, queue }) => `${direction} ${queue}`)).toEqual([
      ...[0, 1, 2, 3].map((queue) => `TX ${queue}`),
      ...[0, 1, 2, 3].map((queue) => `RX ${queue}`),
    ]);
    const busy = card.rings.find(({ direction, queue }) => direction === 'TX' && queue === card.tx.queue);
    const active = busy?.row(busy.focus);
    expect(active).toMatchObject({ state: 'active', descriptor: { kind: 'data' } });
    expect(active?.descriptor.fields.map(({ name }) => name)).toContain('PAYLEN');
    const names = card.interrupts.vectors.filter(({ enabled }) => enabled).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['rx0', 'rx3', 'tx0', 'tx3', 'other']));
    expect(card.queues.map(({ title }) => title)).toEqual(['Queue 0', 'Queue 1', 'Queue 2', 'Queue 3']);
  });

  it('sets a bit of EIMS for each vector that its driver enabled, and sends messages', () => {
    let sent = 0;
    for (const { card } of events('queues', 1))
      sent = Math.max(sent, ...card.interrupts.vectors.map(({ count }) => count));
    expect(sent).toBeGreaterThan(0);
  });
});

describe('the engines', () => {
  it('show what the segmenter wrote into the headers of the second of five segments', () => {
    for (const { card } of events('offload-on', 0)) {
      if (card.work?.segment !== 1 || card.work.segments !== 5) continue;
      const names = card.work.changes.map(({ name }) => name);
      expect(names).toEqual([
        'IP total length',
        'IP identification',
        'IP header checksum',
        'TCP sequence',
        'TCP flags',
        'TCP checksum',
      ]);
      const [total, , , sequence, flags] = card.work.changes;
      expect([total?.before, total?.after]).toEqual(['0', '1500']);
      expect(Number(sequence?.after) - Number(sequence?.before)).toBe(1448);
      expect([flags?.before, flags?.after]).toEqual(['PSH ACK', 'ACK']);
      return;
    }
    throw new Error('no second segment was seen');
  });

  it('change only the checksum of a packet that is not cut', () => {
    for (const { card } of events('write-4000', 0)) {
      if (card.work === null) continue;
      expect(card.work.changes.map(({ name }) => name)).toEqual(['TCP checksum']);
      return;
    }
    throw new Error('no frame was seen');
  });
});

describe('the checksum verifier', () => {
  it('finds both sums of a received segment right while it is moved to memory', () => {
    const { card } = first('offload-on', 1, 'RX data');
    expect(card.verdict?.checks.map(({ name, found }) => `${name} ${found}`)).toEqual([
      'IP checksum right',
      'TCP checksum right',
    ]);
  });
});

describe('the bus', () => {
  it('has the bytes of each data descriptor, from where it says', () => {
    let seen = 0;
    for (const { card } of events('offload-on', 0, 'TX data')) {
      const { row } = ring(card, 'TX');
      const transfer = card.transfers.find(({ channel }) => channel === 'TX data');
      const active = Array.from({ length: 8 }, (_, index) => row(index)).find(({ state }) => state === 'active');
      expect(transfer).toMatchObject({ busy: true, what: 'data', toHost: false, part: 1 });
      expect(transfer?.bytes).toBe(active?.descriptor.length);
      expect(transfer?.address).toBe(active?.descriptor.buffer);
      seen++;
    }
    expect(seen).toBe(4);
  });
});

describe('the interrupt unit', () => {
  it('raises its line when a cause that has come may interrupt, and is throttled for ITR × 256 ns then', () => {
    const trace = traceOf('offload-on');
    const cursor = new Cursor(trace);
    let seen = 0;
    for (let n = 1; n < trace.steps; n++) {
      if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== 'e1000_intr') continue;
      cursor.seek(n);
      const { line, causes, throttle } = cardOf(cursor, trace.context(trace.ctx(n)).host, n - 1)?.interrupts ?? {};
      expect(line).toBe(true);
      expect(causes?.some(({ pending, enabled }) => pending && enabled)).toBe(true);
      // 20000 interrupts a second (the driver's first rate) are 195 units of 256 ns.
      expect(throttle?.of).toBe(195 * 256);
      expect(throttle?.left).toBeGreaterThan(0);
      expect(throttle?.left).toBeLessThanOrEqual(195 * 256);
      seen++;
    }
    expect(seen).toBeGreaterThan(1);
  });
});

/** Toeplitz as its definition has it: for each 1 bit of the input, the 32 bits of the key from there on. */
function toeplitz(key: readonly number[], input: readonly number[]): number {
  const bits = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const keyBits = bits(key);
  return [...bits(input)].reduce(
    (sum, bit, at) => (bit === '1' ? (sum ^ Number.parseInt(keyBits.slice(at, at + 32), 2)) >>> 0 : sum),
    0,
  );
}

/** Addresses and ports of `10.0.0.1:40000 to 10.0.0.2:5001` as RSS takes them. */
function rssInput(flow: string): number[] {
  const ends = flow.split(' to ').map((end) => end.split(':'));
  return [
    ...ends.flatMap(([address = '']) => address.split('.').map(Number)),
    ...ends.flatMap(([, port]) => [Number(port) >> 8, Number(port) & 0xff]),
  ];
}

describe('the frame that leaves', () => {
  it('has the payload that the packet has, not the padding of a short frame', () => {
    // The receiver sends ACKs alone.
    for (const { card } of events('write-4000', 1))
      if (card.work !== null) expect([card.work.header, card.work.payload]).toEqual([54, 0]);
    const sent = new Set<number>();
    for (const { card } of events('write-4000', 0)) if (card.work !== null) sent.add(card.work.payload);
    expect([...sent]).toEqual([1460, 1080]);
  });
});

describe('the RX FIFO', () => {
  it('is marked where e1000 sets the thresholds of pause frames: nine tenths of 48 KiB, and 8 bytes below', () => {
    const { card } = first('offload-on', 0, 'TX data');
    expect(card.rx.fifo.size).toBe(48 * 1024);
    // e1000_reset: FCRTH in steps of 8 bytes.
    const high = Math.floor((48 * 1024 * 9) / 10 / 8) * 8;
    expect(card.rx.fifo.marks.map(({ at }) => at)).toEqual([high - 8, high]);
    expect(card.tx.fifo.marks).toEqual([]);
  });
});

describe('receive side scaling', () => {
  it('leads each frame by the hash of its flow and the table to a queue, and the queue to its vector', () => {
    const flows = new Set<string>();
    for (const { card } of events('rss', 1)) {
      if (flows.size === 4) break;
      const { steering, rx } = card;
      const last = steering?.last;
      if (steering == null || last == null || last.frame === 0) continue;
      expect(last.hash).toBe(toeplitz(steering.key, rssInput(last.flow)));
      expect(last.entry).toBe(last.hash & 127);
      expect(last.queue).toBe(steering.table[last.hash & 127]);
      if (rx.moving === last.frame) expect(last.queue).toBe(rx.queue);
      flows.add(last.flow);
    }
    expect(flows.size).toBe(4);
  });

  it('has a vector for what each queue receives and one for what it sends, with four queues; one is for the link', () => {
    const { card } = first('rss', 1, 'RX data');
    const { steering, interrupts } = card;
    // igb: vector 0 for the rest, then the receive queues, then the transmit queues.
    expect(steering?.other).toBe(0);
    expect(steering?.vectors.map(({ rx, tx }) => [rx, tx])).toEqual([1, 2, 3, 4].map((n) => [n, n + 4]));
    expect(interrupts.vectors.slice(0, 10).map(({ name }) => name)).toEqual([
      'other',
      'rx0',
      'rx1',
      'rx2',
      'rx3',
      'tx0',
      'tx1',
      'tx2',
      'tx3',
      '',
    ]);
  });

  it('stands in the register file as the words that the driver wrote', () => {
    const rows = first('rss', 1, 'RX data').card.registers.flatMap((group) => group.rows);
    const value = (name: string): string => rows.find((row) => row.name === name)?.value ?? '';
    // Queue 0 in the lowest byte of each word; RX of queue n to vector n + 1 and TX to n + 5, all valid.
    expect(rows.find((row) => row.name === 'RETA')).toMatchObject({ value: '03020100', means: 'in all 32 words' });
    expect(value('IVAR')).toBe('00008581 00008682 00008783 00008884');
    // The key of the published test vectors.
    expect(value('RSSRK')).toMatch(/^da565a6d c20e5b25 /);
  });

  it('is no part of a card with one queue', () => {
    expect(first('offload-on', 0, 'TX data').card.steering).toBeNull();
  });
});

function overlap(a: Box, b: Box): boolean {
  const slack = 0.5;
  return a.x + a.w > b.x + slack && b.x + b.w > a.x + slack && a.y + a.h > b.y + slack && b.y + b.h > a.y + slack;
}

function boxOf(text: TextShape): Box {
  const x = text.anchor === 'start' ? text.x : text.anchor === 'end' ? text.x - text.width : text.x - text.width / 2;
  return { x, y: text.y - 7.5, w: text.width, h: 9 };
}

function texts(shapes: readonly Shape[]): TextShape[] {
  return shapes.filter((shape) => shape.kind === 'text');
}

/** What is wrong with a drawing, in words. Texts of all groups are held against each other. */
function faults(scene: CardScene): string[] {
  const world = { x: 0, y: 0, w: scene.width, h: scene.height };
  const all = scene.groups.flatMap(({ key, shapes }) =>
    texts(shapes).map((shape) => ({
      name: `"${shape.text}" in ${key}`,
      cut: shape.text.endsWith('…'),
      box: boxOf(shape),
    })),
  );
  const found = all.filter(({ cut }) => cut).map(({ name }) => `${name} is cut short`);
  for (const { name, box } of all)
    if (box.x < -1 || box.x + box.w > world.w + 1 || box.y + box.h > world.h) found.push(`${name} leaves the drawing`);
  all.forEach((one, nth) => {
    for (const other of all.slice(nth + 1))
      if (overlap(one.box, other.box)) found.push(`${one.name} and ${other.name}`);
  });
  for (const place of scene.places)
    if (place.x < -1 || place.x + place.w > world.w + 1) found.push(`#${place.object} leaves the drawing`);
  const keys = scene.groups.flatMap(({ key, shapes }) => shapes.map((shape) => `${key} ${shape.kind} ${shape.key}`));
  if (new Set(keys).size !== keys.length) found.push('two shapes have one key');
  return [...new Set(found)];
}

describe.each(['write-4000', 'offload-on', 'two-writers', 'queues'])('the card of %s', (name) => {
  it.each([360, 390, 640, 700, 880, 1060])('has nothing cut and nothing over another at width %i', (width) => {
    for (const index of [0, 1]) {
      let nth = 0;
      for (const { card, cursor } of events(name, index)) {
        if (nth++ % 11 !== 0) continue;
        const look = { width, queue: 0, chosen: new Map<number, number>(), atRings: false };
        const scene = cardScene(card, cableOf(stageOf(cursor), card), look);
        expect(faults(scene), `step ${cursor.step}`).toEqual([]);
      }
    }
  });

  it('can be said in words', () => {
    for (const { card } of events(name, 0)) {
      for (const { text } of cardInWords(card).flatMap(({ items }) => items))
        expect(text).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe('arranging', () => {
  it('keeps the height of the drawing from step to step, and its type legible on a desktop', () => {
    const heights = new Set<number>();
    for (const { card } of events('offload-on', 0)) {
      heights.add(cardScene(card, null, { width: 880, queue: 0, chosen: new Map(), atRings: false }).height);
    }
    expect(heights.size).toBe(1);
    const { card } = first('offload-on', 0, 'TX data');
    const width = cardWidth(card, { w: 865, h: 545 });
    const [height = 0] = heights;
    expect(Math.min(865 / width, 545 / height)).toBeGreaterThan(0.9);
  });
});
