import { describe, expect, it } from 'vitest';
import { runScenario } from '../machine/run';
import { PRESETS } from '../scenario/presets';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Fate, fatesOf } from './fates';

function traceOf(input: ScenarioInput, level: 'calls' | 'lines' = 'calls'): Trace {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  return new Trace(runScenario(parsed.scenario, { level }));
}

const count = (fates: readonly Fate[], word: string): number => fates.filter((fate) => fate.word === word).length;

describe('what became of a packet', () => {
  it.each(PRESETS.map(({ name, scenario }) => [name, scenario] as const))(
    '%s: each sk_buff that is freed has a reason',
    (_, scenario) => {
      const trace = traceOf(scenario);
      const freeing = trace.data.schema.functions.find(({ name }) => name === 'kfree_skbmem')?.id;
      const freed = trace.data.columns.kind.reduce(
        (count, kind, n) => count + (kind === Kind.ENTER && trace.fn(n) === freeing ? 1 : 0),
        0,
      );
      const fates = fatesOf(trace).filter(({ by }) => by !== 'wire' && by !== 'card');
      expect(fates).toHaveLength(freed);
      expect(fates.filter(({ word }) => word === 'FREED').map(({ by }) => by)).toEqual([]);
    },
  );

  it('write-4000 without GSO: three segments are sent as clones, acknowledged, and read; nothing is dropped', () => {
    const preset = PRESETS.find(({ name }) => name === 'write-4000');
    const fates = fatesOf(traceOf(preset?.scenario as ScenarioInput));
    expect([count(fates, 'ACKED'), count(fates, 'READ')]).toEqual([3, 3]);
    expect(fates.filter(({ dropped }) => dropped)).toEqual([]);
  });

  it('a qdisc of two packets drops the rest of a burst, and says how many it held', () => {
    const trace = traceOf({
      hosts: {
        A: {
          qdisc: { kind: 'tbf', rate: 1_000_000, burst: 1600, limit: 3100 },
          nic: { tso: false, gso: false },
        },
      },
      tasks: [{ host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 8000 }] }],
      limits: { maxMs: 20 },
    });
    const drops = fatesOf(trace).filter(({ dropped }) => dropped);
    expect(drops.length).toBeGreaterThan(0);
    expect(new Set(drops.map(({ word, host }) => `${host} ${word}`))).toEqual(new Set(['0 QDISC_DROP']));
  });

  const dropsOf = (input: ScenarioInput): Fate[] => fatesOf(traceOf(input)).filter(({ dropped }) => dropped);
  const words = (fates: readonly Fate[]): string[] => [...new Set(fates.map(({ word }) => word))];

  it('packets that a router merges by GRO and cuts again by GSO are not lost', () => {
    const trace = traceOf({
      hosts: { R: {} },
      tasks: [
        { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 60_000 }] },
        {
          host: 'B',
          name: 'reader',
          calls: [{ op: 'loop', times: 60, calls: [{ op: 'read', fd: 'c1', bytes: 65_536 }] }],
        },
      ],
      limits: { maxMs: 100 },
    });
    const fates = fatesOf(trace);
    expect(fates.filter(({ dropped }) => dropped)).toEqual([]);
    expect(fates.some(({ by, word }) => by === 'dev_hard_start_xmit' && word === 'REPLACED')).toBe(true);
  });

  it('a listener whose accept queue is full drops the last ACK of a handshake, and then SYNs, with the numbers', () => {
    const connect = (nth: number): NonNullable<ScenarioInput['tasks']>[number] => ({
      host: 'A',
      name: `client${nth}`,
      startUs: 1000 * nth,
      calls: [
        { op: 'socket', as: 's' },
        { op: 'connect', fd: 's', to: { host: 'B', port: 80 } },
      ],
    });
    const drops = dropsOf({
      connections: [],
      tasks: [
        {
          host: 'B',
          name: 'server',
          calls: [
            { op: 'socket', as: 'l' },
            { op: 'bind', fd: 'l', port: 80 },
            { op: 'listen', fd: 'l', backlog: 0 },
            { op: 'sleep', us: 1_000_000 },
          ],
        },
        ...[1, 2, 3, 4, 5].map(connect),
      ],
      limits: { maxMs: 900 },
    });
    expect(words(drops)).toEqual(['TCP_LISTEN_OVERFLOW']);
    expect(new Set(drops.map(({ by }) => by))).toEqual(new Set(['tcp_v4_do_rcv', 'tcp_rcv_state_process']));
    for (const { text } of drops) expect(text).toMatch(/^1 connections wait for accept\(\), and the backlog is 0/);
  });

  it('a segment that comes again is old, and data that nobody read go with their socket', () => {
    const writes = { host: 'A' as const, name: 'writer', calls: [{ op: 'write' as const, fd: 'c1', bytes: 1000 }] };
    const again = dropsOf({
      link: { faults: [{ op: 'duplicate', from: 'A', kind: 'data', nth: 1 }] },
      tasks: [writes],
      limits: { maxMs: 20 },
    });
    expect(again.map(({ word, text }) => `${word}: ${text}`)).toEqual([
      'TCP_OLD_DATA: it holds bytes -1,000 to 0 from rcv_nxt: all of it came before',
    ]);
    const closed = dropsOf({
      tasks: [writes, { host: 'B', name: 'closer', startUs: 5000, calls: [{ op: 'close', fd: 'c1' }] }],
      limits: { maxMs: 20 },
    });
    expect(closed[0]).toMatchObject({
      host: 1,
      by: 'tcp_close',
      word: 'TCP_CLOSE',
      text: 'the socket was closed before its 1,000 bytes were read',
    });
  });

  it('a frame that the card throws away: a broken FCS, a full RX FIFO, each with its numbers', () => {
    const broken = dropsOf({
      link: { faults: [{ op: 'corrupt', from: 'A', kind: 'data', nth: 1, offset: 60 }] },
      tasks: [{ host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 1000 }] }],
      limits: { maxMs: 20 },
    });
    expect(broken).toMatchObject([
      { host: 1, by: 'card', word: 'CRCERRS', text: 'its frame check sequence (FCS) is wrong' },
    ]);
    const missed = dropsOf({
      hosts: {
        A: { nic: { tso: false, gso: false } },
        B: { cpus: 1, nic: { rxRing: 80, gro: false, itr: 100, pause: 'none' } },
      },
      connections: [{ a: { cwnd: 160, sndbuf: 524_288, sndWnd: 230_000 }, b: { rcvbuf: 1_048_576 } }],
      tasks: [{ host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 220_000 }] }],
      limits: { maxMs: 8 },
    });
    // 80 descriptors of which one stays free, and a FIFO of 48 kB or less take fewer than the 152 segments.
    expect(missed.length).toBeGreaterThan(0);
    for (const { host, by, word, text } of missed) {
      expect([host, by, word]).toEqual([1, 'card', 'MPC']);
      const [held, size, length] = (text.match(/[\d,]+/g) ?? [])
        .map((digits) => Number(digits.replaceAll(',', '')))
        .filter((value) => value > 0);
      expect(text).toContain('its oldest frame waits for a descriptor');
      expect((held as number) + (length as number)).toBeGreaterThan(size as number);
    }
  });
});
