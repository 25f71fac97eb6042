/** igb while it runs: switches, flow control, link, and a transmit unit that hangs. */
import { describe, expect, it } from 'vitest';
import { run } from '../../../../machine/run';
import { parseScenario, type ScenarioInput } from '../../../../scenario/schema';
import { Cursor } from '../../../../trace/cursor';
import { Kind } from '../../../../trace/recorder';
import type { StructView } from '../../../../trace/state';
import { Trace } from '../../../../trace/trace';

type Edits = NonNullable<ScenarioInput['edits']>;
interface Wishes {
  readonly edits?: Edits;
  readonly nic?: Record<string, string | number | boolean>;
  /** us between writes. */
  readonly pauseUs?: number;
}

/** Two hosts with an 82576 of two queues, and ten writes from A to B. */
function played({ edits = [], nic = {}, pauseUs = 1000 }: Wishes) {
  const card = { model: '82576' as const, queues: 2 };
  const parsed = parseScenario({
    version: 2,
    hosts: { A: { cpus: 2, nic: { ...card, ...nic } }, B: { cpus: 2, nic: card } },
    connections: [{ name: 'c1' }],
    tasks: [
      {
        host: 'A',
        name: 'writer',
        calls: [
          {
            op: 'loop',
            times: 10,
            calls: [
              { op: 'write', fd: 'c1', bytes: 5000 },
              { op: 'sleep', us: pauseUs },
            ],
          },
        ],
      },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 50_000, flags: ['MSG_WAITALL'] }] },
    ],
    edits,
    limits: { maxMs: 60_000 },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const result = run(parsed.scenario, { level: 'calls' });
  const trace = new Trace(result.trace);
  const cursor = new Cursor(trace);
  cursor.seek(trace.steps - 1);
  const of = (type: string, host: number): StructView => {
    const found = cursor.state.objects(type, host)[0];
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  };
  /** Times at which host A entered a function, ns. */
  const entered = (name: string): number[] => {
    const times: number[] = [];
    for (let n = 0; n < trace.steps; n++) {
      if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== name) continue;
      if (trace.context(trace.ctx(n)).host === 0) times.push(trace.time(n));
    }
    return times;
  };
  const card576 = (host: number): StructView =>
    cursor.state.objects('nic').find((one) => one.num('host') === host) as StructView;
  return {
    end: result.trace.end,
    read: (result.ledgers.get('c1')?.b.read ?? []).reduce((sum, piece) => sum + piece.length, 0),
    adapter: of('igb_adapter', 0),
    registers: card576(0).ref('registers') as StructView,
    queues: (way: 'tx' | 'rx') =>
      card576(0)
        .refs(`${way}_queues`)
        .map((queue) => queue.ref('ring') as StructView),
    entered,
    drained: () => cursor.state.objects('igb_buffer', 0).length,
  };
}

/** CTRL: receive and transmit flow control enable. */
const RFCE = 0x0800_0000;
const TFCE = 0x1000_0000;
const NEGOTIATION_NS = 2_000_000_000;

describe('igb', () => {
  it('gives all rings of both ways another size, and loses nothing', () => {
    const seen = played({ edits: [{ op: 'nic', atUs: 4500, host: 'A', txRing: 128, rxRing: 512 }] });
    expect(seen.end.reason).toBe('done');
    expect(seen.read).toBe(50_000);
    expect([seen.adapter.num('tx_ring_count'), seen.adapter.num('rx_ring_count')]).toEqual([128, 512]);
    const lengths = (way: 'tx' | 'rx', name: string) => seen.queues(way).map((ring) => ring.num(name));
    expect(lengths('tx', 'TDLEN').slice(0, 3)).toEqual([128 * 16, 128 * 16, 0]);
    expect(lengths('rx', 'RDLEN').slice(0, 3)).toEqual([512 * 16, 512 * 16, 0]);
    expect(seen.drained()).toBe(2 * (128 + 512));
    // The link goes down with the reset, and both transceivers negotiate anew.
    const [down = 0] = seen.entered('netif_carrier_off').filter((time) => time > 0);
    const [up = 0] = seen.entered('netif_carrier_on').filter((time) => time > down);
    expect(up - down).toBeGreaterThan(NEGOTIATION_NS);
  });

  it('does nothing when the rings have that size', () => {
    const seen = played({ edits: [{ op: 'nic', atUs: 4500, host: 'A', txRing: 256 }] });
    expect(seen.entered('igb_down')).toEqual([]);
  });

  it('asks to pause when nine tenths of the receive packet buffer are full', () => {
    const { registers } = played({});
    expect(registers.num('CTRL') & (RFCE | TFCE)).toBe(RFCE | TFCE);
    // 64 KiB * 9 / 10 = 58982, in units of 16 bytes.
    expect(registers.num('FCRTH')).toBe(58_976);
    expect(registers.num('FCRTL') & 0x7fff_ffff).toBe(58_960);
    expect(registers.num('FCTTV')).toBe(0xffff);
  });

  it('tells the MAC at once which pause frames to use; the link stays up', () => {
    const seen = played({ edits: [{ op: 'nic', atUs: 4500, host: 'A', pause: 'rx' }] });
    expect(seen.registers.num('CTRL') & (RFCE | TFCE)).toBe(RFCE);
    expect(seen.entered('igb_down')).toEqual([]);
  });

  it('offers another speed, and throttles to 4000 interrupts a second below gigabit', () => {
    const seen = played({ edits: [{ op: 'nic', atUs: 4500, host: 'A', mbps: 100 }], pauseUs: 300_000 });
    expect(seen.read).toBe(50_000);
    expect(seen.adapter.num('link_speed')).toBe(100);
    expect(seen.registers.text('STATUS')).toContain('speed 100');
    // 976: 244 us in the unit of EITR.
    expect(seen.adapter.refs('q_vector').some((vector) => vector.num('itr_val') === 976)).toBe(true);
  });

  it('resets a card whose transmit unit hangs', () => {
    const seen = played({
      nic: { watchdog: true },
      edits: [{ op: 'hang', atUs: 4500, host: 'A' }],
      pauseUs: 300_000,
    });
    expect(seen.end.reason).toBe('done');
    expect(seen.read).toBe(50_000);
    expect(seen.adapter.num('tx_timeout_count')).toBe(1);
    const [[timeout = 0], [reset = 0]] = [seen.entered('igb_tx_timeout'), seen.entered('igb_reset_task')];
    // Looked at every 5 s: first less than 5 s after the queue was last used, so it takes until the second look.
    expect([timeout >= 5e9, timeout <= 10.1e9, reset > timeout]).toEqual([true, true, true]);
  });
});
