import { describe, expect, it } from 'vitest';
import { run } from '../../../machine/run';
import { presetNamed, scenarioOf } from '../../../scenario/presets';
import { Cursor } from '../../../trace/cursor';
import { Kind } from '../../../trace/recorder';
import { Trace } from '../../../trace/trace';
import { extentOf, rolesOf } from '../history';
import type { Packet } from '../packet';
import { type HostStage, type Stage, stageOf } from '../stage';
import { inUserMode } from './process';

const traces = new Map<string, Trace>();

function traceOf(name: string): Trace {
  let known = traces.get(name);
  if (known === undefined) {
    const preset = presetNamed(name);
    if (preset === null) throw new Error(`no preset ${name}`);
    known = new Trace(run(scenarioOf(preset), { level: 'calls' }).trace);
    traces.set(name, known);
  }
  return known;
}

/** Stages at the calls of a function on a host, in order. */
function* callsOf(name: string, fn: string, host = 0): Generator<Stage> {
  const trace = traceOf(name);
  const cursor = new Cursor(trace);
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== fn) continue;
    if (trace.context(trace.ctx(n)).host !== host) continue;
    cursor.seek(n);
    yield stageOf(cursor);
  }
}

function nth(name: string, fn: string, count: number, host = 0): Stage {
  let seen = 0;
  for (const stage of callsOf(name, fn, host)) if (++seen === count) return stage;
  throw new Error(`${fn} is called ${seen} times`);
}

function hostOf(stage: Stage, host = 0): HostStage {
  const found = stage.hosts[host];
  if (found === undefined) throw new Error(`no host ${host}`);
  return found;
}

function gate(stage: Stage, name: string) {
  return hostOf(stage).tcp?.gates.find((one) => one.name === name);
}

/** Parts of a packet as text: `room eth 14 ip 20 tcp 20 data 1460`. */
function anatomy(packet: Packet | null): string {
  const counted = (packet?.parts ?? []).filter(({ kind }) => kind !== 'room' && kind !== 'tail');
  return counted.map(({ kind, bytes, taken }) => `${kind}${taken ? '*' : ''} ${bytes}`).join(' ');
}

describe('gates', () => {
  it('lets the second segment of write-4000 through with its numbers', () => {
    const stage = nth('write-4000', 'tcp_snd_wnd_test', 2);
    expect(gate(stage, 'window')).toMatchObject({ verdict: 'open', numbers: '2921 ≤ 14\u00a0601', here: true });
    expect(gate(stage, 'cwnd')).toMatchObject({ verdict: 'open', numbers: '1 of 10', here: false });
    expect(hostOf(stage).tcp?.verdict).toBe("It ends at 2921, the peer's window reaches to 14\u00a0601: it fits.");
  });

  it('shuts the congestion window when it is full', () => {
    for (const stage of callsOf('write-64k-cwnd', 'tcp_cwnd_test')) {
      const tcp = hostOf(stage).tcp;
      const [flight, cwnd] = (gate(stage, 'cwnd')?.numbers ?? '').split(' of ').map(Number);
      expect(gate(stage, 'cwnd')?.verdict).toBe((flight ?? 0) < (cwnd ?? 0) ? 'open' : 'shut');
      if (flight === cwnd) {
        expect(tcp?.verdict).toMatch(/nothing more may go until an ACK/);
        return;
      }
    }
    throw new Error('the window never fills');
  });

  it("shuts the peer's window in write-rwnd", () => {
    const verdicts = new Set<string>();
    for (const stage of callsOf('write-rwnd', 'tcp_snd_wnd_test')) verdicts.add(gate(stage, 'window')?.verdict ?? '');
    expect([...verdicts].sort()).toEqual(['open', 'shut']);
  });
});

describe('the send queue', () => {
  it('is a ribbon in sequence space that covers every byte once', () => {
    for (const stage of callsOf('write-64k-cwnd', 'tcp_ack')) {
      const send = hostOf(stage).tcp?.send;
      const at = (name: string): number => send?.marks.find((mark) => mark.name === name)?.at ?? -1;
      let edge = 0;
      for (const segment of send?.segments ?? []) {
        expect(segment.from).toBeLessThanOrEqual(edge);
        if (segment.state === 'waiting') expect(segment.from).toBeGreaterThanOrEqual(at('snd_nxt'));
        edge = segment.to;
      }
      expect(edge).toBe(at('write_seq'));
    }
  });

  it('has an axis that does not move', () => {
    const domains = new Set<string>();
    for (const stage of callsOf('write-4000', 'tcp_ack')) domains.add(String(hostOf(stage).tcp?.send.domain));
    expect([...domains]).toEqual(['0,4000']);
  });
});

describe('packets', () => {
  it('grow their headers on the way down', () => {
    const held = (stage: Stage): Packet | null => {
      const one = hostOf(stage).held.find(({ current, direct }) => current && direct);
      return one === undefined ? null : stage.packet(one.skb);
    };
    expect(anatomy(held(nth('write-4000', 'tcp_transmit_skb', 1)))).toBe('data 1460');
    expect(anatomy(held(nth('write-4000', 'ip_queue_xmit', 1)))).toBe('tcp 20 data 1460');
    expect(anatomy(held(nth('write-4000', 'dev_queue_xmit', 1)))).toBe('eth 14 ip 20 tcp 20 data 1460');
  });

  it('have their headers taken off on the way up', () => {
    const stage = nth('write-4000', 'tcp_rcv_established', 1, 1);
    const one = hostOf(stage, 1).held.find(({ current, direct }) => current && direct);
    expect(anatomy(stage.packet(one?.skb ?? 0))).toBe('eth* 14 ip* 20 tcp 20 data 1460');
  });
});

describe('the way down', () => {
  it('is followed through the cabinets and past the queue', () => {
    const stage = nth('write-4000', 'e1000_xmit_frame', 1);
    const host = hostOf(stage);
    expect(host.vfs.cabinet?.rows.find(({ followed }) => followed)?.slot).toBe('aio_write');
    expect(host.socket.cabinet?.rows.find(({ followed }) => followed)?.slot).toBe('sendmsg');
    expect(host.device?.qdisc?.bypass.text).toBe('taken: past the queue');
    expect(host.device?.lock).toMatchObject({ locked: true, owner: 'CPU 0' });
    expect(host.path.at(-1)).toMatchObject({ fn: 'e1000_xmit_frame', layer: 'driver', here: true });
  });

  it('meets another CPU at the TX lock in two-writers', () => {
    const trace = traceOf('two-writers');
    const cursor = new Cursor(trace);
    const waiters = new Set<string>();
    for (let n = 0; n < trace.steps; n++) {
      if (trace.kind(n) !== Kind.SPIN) continue;
      cursor.seek(n);
      for (const name of hostOf(stageOf(cursor)).device?.lock?.waiters ?? []) waiters.add(name);
    }
    expect(waiters.size).toBeGreaterThan(0);
  });
});

describe('a run as a whole', () => {
  it('tells the sender from the receiver and how much was said', () => {
    const trace = traceOf('write-4000');
    expect(rolesOf(trace)).toEqual(['send', 'receive']);
    const lengths = trace
      .idsOf('tcp_sock')
      .map((id) => [extentOf(trace, id, 'send').length, extentOf(trace, id, 'receive').length]);
    expect(lengths).toEqual([
      [4000, 0],
      [0, 4000],
    ]);
  });

  it('has frames on the wire only between their first and their last bit', () => {
    const trace = traceOf('write-4000');
    const cursor = new Cursor(trace);
    for (let n = 0; n < trace.steps; n += 37) {
      cursor.seek(n);
      for (const frame of stageOf(cursor).wires.flatMap(({ frames }) => frames)) {
        expect(frame.tail).toBeLessThanOrEqual(frame.head);
        expect(frame.head).toBeLessThanOrEqual(1);
        expect(frame.tail).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it.each(['write-100', 'router'])('has a frame on its cable from the first bit on: %s', (name) => {
    const trace = traceOf(name);
    const cursor = new Cursor(trace);
    let started = 0;
    for (let n = 0; n < trace.steps; n++) {
      if (trace.kind(n) !== Kind.WIRE || trace.label(n) !== 'tx-start') continue;
      cursor.seek(n);
      const wires = stageOf(cursor).wires.filter(({ here }) => here);
      const found = wires.flatMap(({ frames }) => frames).filter(({ id }) => id === trace.skb(n));
      expect(found).toEqual([expect.objectContaining({ tail: 0, head: 0, text: '0 % sent' })]);
      started++;
    }
    expect(started).toBeGreaterThan(1);
  });
});

it('shows each band of prio with what waits in it, whatever qdisc the band is', () => {
  let together = false;
  for (const stage of callsOf('prio-bands', 'prio_dequeue')) {
    const bands = hostOf(stage).device?.qdisc?.bands ?? [];
    expect(bands.map(({ name }) => name)).toEqual(['band 0', 'band 1', 'band 2']);
    const [urgent = 0, bulk = 0] = bands.map(({ skbs }) => skbs.length);
    together ||= urgent > 0 && bulk > 0;
  }
  expect(together, 'urgent and bulk packets wait at the same time').toBe(true);
});

describe('tasks', () => {
  it('outside the kernel say by name what their last call failed with', () => {
    const cursor = new Cursor(traceOf('netfilter-drop'));
    cursor.seek(cursor.trace.steps - 1);
    const [writer] = hostOf(stageOf(cursor)).process.tasks;
    expect(writer?.state).toBe('exited');
    expect(writer === undefined ? '' : inUserMode(writer)).toBe('last call gave ECONNREFUSED');
  });
});
