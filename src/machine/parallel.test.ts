/** Several CPUs, several queues, several interrupts: who meets whom, and where. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryScenario } from '../scenario/arbitrary';
import { presetNamed, scenarioOf } from '../scenario/presets';
import { parseScenario, type Scenario, type ScenarioInput } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import type { StructView } from '../trace/state';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

const DD = 1;

function told(name: string): Scenario {
  const preset = presetNamed(name);
  if (preset === null) throw new Error(`no preset ${name}`);
  return scenarioOf(preset);
}

interface Event {
  readonly n: number;
  readonly name: string;
  readonly cpu: number;
  /** ns. */
  readonly at: number;
  readonly context: string;
}

class Seen {
  readonly trace: Trace;
  constructor(readonly run: Run) {
    this.trace = new Trace(run.trace);
    expect(run.trace.end.reason).toBe('done');
  }

  /** Events of a kind, with the function or label, CPU and time. */
  events(kind: number, host: number): Event[] {
    const found: Event[] = [];
    for (let n = 0; n < this.trace.steps; n++) {
      const { host: where, cpu, kind: context } = this.trace.context(this.trace.ctx(n));
      if (this.trace.kind(n) !== kind || where !== host) continue;
      const name = kind === Kind.ENTER ? (this.trace.functionAt(n)?.name ?? '') : this.trace.label(n);
      found.push({ n, name, cpu, at: this.trace.time(n), context });
    }
    return found;
  }

  end(): Cursor {
    const cursor = new Cursor(this.trace);
    cursor.seek(this.trace.steps - 1);
    return cursor;
  }

  softnets(host: number): StructView[] {
    return this.end().state.objects('softnet_data', host);
  }
}

/** ns that each CPU of a host span at the lock that is field `field` of a `type`. */
function spins(seen: Seen, host: number, type: string, field: string): number[] {
  const { trace } = seen;
  const { state } = seen.end();
  const locks = new Set(state.objects(type, host).map((owner) => owner.ref(field)?.id));
  const since = new Map<number, number>();
  const found: number[] = [];
  for (let n = 0; n < trace.steps; n++) {
    const ctx = trace.ctx(n);
    if (trace.context(ctx).host !== host || !locks.has(trace.skb(n))) continue;
    if (trace.kind(n) === Kind.SPIN) since.set(ctx, trace.time(n));
    if (trace.kind(n) === Kind.GOT) found.push(trace.time(n) - (since.get(ctx) ?? Number.NaN));
  }
  return found;
}

describe('four CPUs that send at once', () => {
  it('meet at the one TX lock: each spins for as long as those before it hold the lock', () => {
    const seen = new Seen(run(told('tx-lock-contention'), { level: 'calls' }));
    const [first = 0, second = 0, third = 0] = spins(seen, 0, 'netdev_queue', '_xmit_lock');
    expect(first).toBeGreaterThan(100);
    expect(second).toBeGreaterThan(1.5 * first);
    expect(third).toBeGreaterThan(second + first / 2);
  });

  it('meet nowhere with a queue each', () => {
    const seen = new Seen(run(told('mq-no-contention'), { level: 'calls' }));
    expect(seen.events(Kind.SPIN, 0)).toEqual([]);
    const { state } = seen.end();
    const [device] = state.objects('net_device', 0).filter((one) => one.text('name') === 'eth0');
    expect(device?.ref('qdisc')?.tableName('ops')).toBe('mq_qdisc_ops');
    const sent = device?.refs('_tx').map((txq) => txq.ref('qdisc')?.num('bstats_packets'));
    expect(sent).toEqual([2, 2, 2, 2, 0, 0, 0, 0]);
  });

  it('send by the queue of their CPU, and clean it there', () => {
    const seen = new Seen(run(told('mq-no-contention'), { level: 'calls' }));
    for (const fn of ['igb_tx_queue_adv', 'igb_clean_tx_irq'])
      for (const { n, cpu } of seen.events(Kind.ENTER, 0).filter(({ name }) => name === fn)) {
        const value = seen.trace.variablesAt(n)[0]?.value as number;
        const view = seen.end().state.view(value);
        const ring = view.has('tx_ring') ? view.ref('tx_ring') : view;
        expect(ring === null || ring.num('queue_index') === cpu).toBe(true);
      }
  });
});

describe('receive side scaling', () => {
  const seen = new Seen(run(told('rss'), { level: 'calls' }));

  it('gives each CPU the packets of one flow', () => {
    const processed = seen.softnets(1).map((one) => one.num('processed'));
    expect(new Set(processed).size).toBe(1);
    expect(processed[0]).toBeGreaterThan(2);
    const hashes = seen.events(Kind.ENTER, 1).filter(({ name }) => name === 'tcp_v4_rcv');
    expect(new Set(hashes.map(({ cpu }) => cpu))).toEqual(new Set([0, 1, 2, 3]));
  });

  it('goes from the interrupt to the poll to the stack, on one CPU', () => {
    for (const host of [0, 1])
      for (const cpu of [0, 1, 2, 3]) {
        const mine = seen.events(Kind.ENTER, host).filter((event) => event.cpu === cpu);
        const first = (fn: string): number => mine.find(({ name }) => name === fn)?.n ?? Number.NaN;
        const order = [
          'do_IRQ',
          'handle_edge_irq',
          'igb_msix_ring',
          'net_rx_action',
          'igb_poll',
          'igb_clean_rx_irq_adv',
        ];
        const steps = [...order, 'napi_gro_receive'].map(first);
        if (host === 1) expect(steps).toEqual([...steps].sort((a, b) => a - b));
        for (const { name, context } of mine) {
          if (name === 'igb_msix_ring') expect(context).toBe('hardirq');
          if (name === 'igb_poll') expect(context).not.toBe('hardirq');
        }
      }
  });

  it('cuts in the card what a socket wrote at once', () => {
    const cards = seen.end().state.objects('nic');
    expect(
      cards
        .find((card) => card.num('host') === 0)
        ?.ref('registers')
        ?.num('TSCTC'),
    ).toBeGreaterThan(0);
  });
});

describe('interrupts', () => {
  it('of a card with one queue go to the CPU of its affinity', () => {
    const parsed = parseScenario({
      version: 2,
      hosts: { B: { nic: { affinity: [1] } } },
      tasks: [
        { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 100 }] },
        { host: 'B', name: 'reader', calls: [{ op: 'read', fd: 'c1', bytes: 100 }] },
      ],
    } as ScenarioInput);
    if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
    const seen = new Seen(run(parsed.scenario, { level: 'calls' }));
    const taken = (host: number): number[] =>
      seen.events(Kind.ENTER, host).flatMap(({ name, cpu }) => (name === 'e1000_intr' ? [cpu] : []));
    expect(new Set(taken(1))).toEqual(new Set([1]));
    expect(new Set(taken(0))).toEqual(new Set([0]));
  });

  it('carry packets to another CPU: RPS by the hash, RFS to where the reader runs', () => {
    const steered = (nic: object, sysctl: object): Seen => {
      const parsed = parseScenario({
        version: 2,
        hosts: { B: { cpus: 3, nic, sysctl } },
        tasks: [
          { host: 'A', name: 'writer', calls: [...Array(3)].map(() => ({ op: 'write', fd: 'c1', bytes: 100 })) },
          { host: 'B', name: 'reader', cpu: 2, calls: [...Array(3)].map(() => ({ op: 'read', fd: 'c1', bytes: 100 })) },
        ],
      } as ScenarioInput);
      if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
      return new Seen(run(parsed.scenario, { level: 'calls' }));
    };
    const cpus = (seen: Seen): number[] =>
      seen.events(Kind.ENTER, 1).flatMap(({ name, cpu }) => (name === 'tcp_v4_rcv' ? [cpu] : []));
    const rps = steered({ rps: [[1]] }, {});
    expect(new Set(cpus(rps))).toEqual(new Set([1]));
    expect(rps.softnets(1)[1]?.num('received_rps')).toBeGreaterThan(0);
    expect(rps.events(Kind.SWITCH, 1).some(({ name, cpu }) => name === 'interrupt of another CPU' && cpu === 1)).toBe(
      true,
    );
    const rfs = steered({ rps: [[0, 1]], rpsFlowCnt: 64 }, { 'core.rps_sock_flow_entries': 64 });
    expect(cpus(rfs).at(-1)).toBe(2);
  });
});

describe('a card with two queues', () => {
  /** 300 kB written at once by a task of host A, whose transmit rings have 80 descriptors. */
  function written(edits: ScenarioInput['edits'], nic = {}): Seen {
    const bytes = 300_000;
    const parsed = parseScenario({
      version: 2,
      hosts: {
        A: { nic: { model: '82576', queues: 2, txRing: 80, tso: false, gso: false, ...nic } },
        B: { nic: { model: '82576' } },
      },
      connections: [{ a: { cwnd: 200, sndbuf: 1 << 20, sndWnd: 65_535 }, b: { rcvbuf: 1 << 20 } }],
      tasks: [
        { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes }] },
        { host: 'B', name: 'reader', cpu: 1, calls: [{ op: 'recv', fd: 'c1', bytes, flags: ['MSG_WAITALL'] }] },
      ],
      edits,
    } as ScenarioInput);
    if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
    const seen = new Seen(run(parsed.scenario, { level: 'calls' }));
    const read = seen.run.ledgers.get('c1')?.b.read ?? [];
    expect(read.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
    return seen;
  }

  const calls = (seen: Seen, host: number, fn: string): number =>
    seen.events(Kind.ENTER, host).filter(({ name }) => name === fn).length;

  it('stops the queue whose ring is full, and wakes it once 16 descriptors are free', () => {
    const seen = written([]);
    expect(calls(seen, 0, 'netif_stop_subqueue')).toBeGreaterThan(0);
    expect(calls(seen, 0, 'netif_wake_subqueue')).toBe(calls(seen, 0, 'netif_stop_subqueue'));
    const [adapter] = seen.end().state.objects('igb_adapter', 0);
    const woken = adapter?.refs('tx_ring').map((ring) => [ring.num('restart_queue') > 0, ring.num('packets') > 0]);
    expect(woken?.filter(([restarted]) => restarted)).toEqual([[true, true]]);
  });

  it('takes jumbo frames as headers and half pages', () => {
    const parsed = parseScenario({
      version: 2,
      hosts: { A: { nic: { mtu: 9000 } }, B: { nic: { model: '82576', mtu: 9000, gro: false } } },
      tasks: [
        { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 20_000 }] },
        { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 20_000, flags: ['MSG_WAITALL'] }] },
      ],
    } as ScenarioInput);
    if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
    const seen = new Seen(run(parsed.scenario, { level: 'calls' }));
    const [first] = seen.events(Kind.ENTER, 1).filter(({ name }) => name === 'igb_receive_skb');
    if (first === undefined) throw new Error('nothing received');
    const cursor = new Cursor(seen.trace);
    cursor.seek(first.n);
    const id = seen.trace.variablesAt(first.n).find(({ name }) => name === 'skb')?.value as number;
    // 9000 bytes of IP: 52 of headers in the header buffer, the rest in half pages of 2 KiB.
    expect(cursor.state.view(id).num('len')).toBe(9000);
    expect(cursor.state.view(id).num('data_len')).toBe(9000 - 52);
  });

  it('follows the link by its vector for other causes', () => {
    const seen = written([
      { op: 'link', atUs: 300, up: false },
      { op: 'link', atUs: 20_000, up: true },
    ] as ScenarioInput['edits']);
    // Packets are in the ring when the link goes: the card is reset in between, which looks at the link once more.
    const order = ['igb_msix_other', 'igb_reset_task', 'igb_watchdog_task', 'netif_carrier_off', 'netif_carrier_on'];
    expect(order.map((fn) => calls(seen, 0, fn))).toEqual([2, 1, 3, 2, 1]);
  });

  it('interrupts at most as often as ethtool -C says', () => {
    const taken = (itr: number): number => calls(written([], { itr }), 0, 'igb_msix_ring');
    expect(taken(4000)).toBeLessThan(taken(20_000));
    const changed = written([{ op: 'nic', atUs: 100, host: 'A', itr: 4000 }] as ScenarioInput['edits']);
    expect(changed.end().state.objects('igb_q_vector', 0)[0]?.num('itr_val')).toBe(1000);
  });
});

describe('softirqs that do not end', () => {
  it('are cut off by the budget, and left to ksoftirqd after ten runs', () => {
    const seen = new Seen(run(told('napi-budget'), { level: 'calls' }));
    const [first] = seen.softnets(1);
    expect(first?.num('processed')).toBe(80);
    expect(first?.num('time_squeeze')).toBeGreaterThanOrEqual(10);
    expect(first?.num('dropped')).toBe(0);
    const ran = seen
      .events(Kind.SWITCH, 1)
      .filter(({ n }) => seen.trace.context(seen.trace.ctx(n)).name === 'task:ksoftirqd/0');
    expect(ran[0]?.name).toBe('runs');
    const runs = seen.events(Kind.ENTER, 1).filter(({ name, cpu }) => cpu === 0 && name === 'net_rx_action');
    expect(runs.length).toBeGreaterThan(10);
  });
});

/** Every time a lock was taken and given back: by which CPU, when. */
function holdings(trace: Trace): Map<number, { cpu: string; from: number; to: number }[]> {
  const found = new Map<number, { cpu: string; from: number; to: number }[]>();
  for (let n = 0; n < trace.steps; n++) {
    const name = trace.functionAt(n)?.name;
    if (trace.kind(n) !== Kind.ENTER || (name !== 'spin_lock' && name !== 'spin_trylock' && name !== 'spin_unlock'))
      continue;
    const { host, cpu } = trace.context(trace.ctx(n));
    const lock = trace.variablesAt(n).find((one) => one.name === 'lock')?.value as number;
    const list = found.get(lock) ?? [];
    found.set(lock, list);
    const leave = trace.leaveOf(n);
    if (name === 'spin_unlock') {
      const last = list.findLast((one) => one.cpu === `${host}.${cpu}`);
      if (last !== undefined) last.to = trace.time(n);
    } else if (name === 'spin_lock' || trace.variablesAt(leave).find(({ isReturn }) => isReturn)?.value === true) {
      list.push({ cpu: `${host}.${cpu}`, from: trace.time(leave), to: Number.NaN });
    }
  }
  return found;
}

describe('locks', () => {
  function check(scenario: Scenario): void {
    const { trace } = new Seen(run(scenario, { level: 'lines' }));
    for (const [lock, list] of holdings(trace)) {
      const inOrder = [...list].sort((a, b) => a.from - b.from);
      for (const [n, { cpu, from }] of inOrder.entries()) {
        const before = inOrder[n - 1];
        if (before !== undefined && before.to > from)
          throw new Error(
            `CPU ${cpu} was in lock #${lock} at ${from} ns, which CPU ${before.cpu} left at ${before.to} ns`,
          );
      }
    }
  }

  it.each(['tx-lock-contention', 'two-writers', 'rss', 'napi-budget'])(
    'of %s have one holder at any moment',
    (name) => {
      check(told(name));
    },
  );

  it('have one holder at any moment in any scenario', () => {
    fc.assert(
      fc.property(arbitraryScenario(fc), (input) => {
        const parsed = parseScenario(input);
        if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
        check(parsed.scenario);
      }),
      { numRuns: 6 },
    );
  });
});

describe('descriptors', () => {
  /** Steps from `from` to `to` round a ring. */
  const ahead = (from: number, to: number, count: number): number => (to - from + count) % count;

  it.each(['rss', 'mq-no-contention'])(
    'of %s are filled, given, processed, written back and cleaned in this order',
    (name) => {
      const seen = new Seen(run(told(name), { level: 'calls' }));
      const cursor = new Cursor(seen.trace);
      const done = new Set<string>();
      for (let n = 0; n < seen.trace.steps; n++) {
        const kind = seen.trace.kind(n);
        if (kind !== Kind.HARDWARE && kind !== Kind.LEAVE) continue;
        if (kind === Kind.LEAVE && !/^igb_/.test(seen.trace.functionAt(n)?.name ?? '')) continue;
        cursor.seek(n);
        for (const adapter of cursor.state.objects('igb_adapter')) {
          const card = cursor.state.objects('nic').find((one) => one.num('host') === adapter.host);
          adapter.refs('tx_ring').forEach((ring, queue) => {
            const registers = card?.refs('tx_queues')[queue]?.ref('ring');
            if (registers == null) throw new Error('a ring without registers');
            const [count, clean, use] = ['count', 'next_to_clean', 'next_to_use'].map((field) => ring.num(field)) as [
              number,
              number,
              number,
            ];
            const [head, tail] = [registers.num('TDH'), registers.num('TDT')];
            const way = ahead(clean, head, count) + ahead(head, tail, count) + ahead(tail, use, count);
            expect(way).toBe(ahead(clean, use, count));
            // What the card has not processed is not marked as done.
            for (let i = head; i !== tail; i = (i + 1) % count) {
              const at = ring.num('desc') + i * 16;
              expect((cursor.state.ram(at + 12, 1)[0] ?? 0) & DD).toBe(0);
            }
            if (head !== 0) done.add(`${adapter.id} ${queue}`);
          });
          adapter.refs('rx_ring').forEach((ring, queue) => {
            const registers = card?.refs('rx_queues')[queue]?.ref('ring');
            if (registers == null) throw new Error('a ring without registers');
            const [count, clean, use] = ['count', 'next_to_clean', 'next_to_use'].map((field) => ring.num(field)) as [
              number,
              number,
              number,
            ];
            const [head, tail] = [registers.num('RDH'), registers.num('RDT')];
            expect(ahead(clean, head, count) + ahead(head, tail, count) + ahead(tail, use, count)).toBe(
              ahead(clean, use, count),
            );
          });
        }
      }
      expect(done.size).toBeGreaterThanOrEqual(4);
    },
  );
});
