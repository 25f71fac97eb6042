import { describe, expect, it } from 'vitest';
import { tcp_sock } from '../kernel/include/linux/tcp';
import { inet_peer } from '../kernel/include/net/dst';
import { type CallInput, parseScenario, type ScenarioInput } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

type HostInput = NonNullable<NonNullable<ScenarioInput['hosts']>['A']>;
type Route = NonNullable<HostInput['routes']>[number];

const BYTES = 60_000;
const transfer = (fd: string): CallInput[] => [
  { op: 'socket', as: fd },
  { op: 'connect', fd, to: { host: 'B', port: 80 } },
  { op: 'write', fd, bytes: BYTES },
  { op: 'close', fd },
];

/** `times` connections from A to B one after the other, over the route to B's network with these metrics. */
function connected(metrics: Partial<Route>, times = 1, sysctl: HostInput['sysctl'] = {}): Run {
  const names = Array.from({ length: times }, (_, n) => `s${n}`);
  const parsed = parseScenario({
    hosts: { A: { routes: [{ to: '10.0.0.0/24', ...metrics }], sysctl } },
    link: { delayUs: 5000 },
    connections: [],
    tasks: [
      {
        host: 'A',
        name: 'client',
        startUs: 100,
        calls: names.flatMap((name) => [...transfer(name), { op: 'sleep' as const, us: 2_000_000 }]),
      },
      {
        host: 'B',
        name: 'server',
        calls: [
          { op: 'socket', as: 'l' },
          { op: 'bind', fd: 'l', port: 80 },
          { op: 'listen', fd: 'l' },
          ...names.flatMap((name): CallInput[] => [
            { op: 'accept', fd: 'l', as: name },
            { op: 'recv', fd: name, bytes: BYTES, flags: ['MSG_WAITALL'] },
            { op: 'close', fd: name },
          ]),
        ],
      },
    ],
    limits: { maxMs: 200_000 },
  } as ScenarioInput);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  return run(parsed.scenario, { level: 'calls' });
}

/** Fields of A's socket right after the nth call of a function at A. */
function socketAfter({ trace: data }: Run, name: string, nth: number, fields: readonly string[]): number[] {
  const trace = new Trace(data);
  const calls = Array.from({ length: trace.steps }, (_, n) => n).filter((n) => {
    return trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name && trace.context(trace.ctx(n)).host === 0;
  });
  const call = calls.at(nth);
  if (call === undefined) throw new Error(`${name} was not called ${nth + 1} times`);
  const cursor = new Cursor(trace);
  cursor.seek(trace.leaveOf(call));
  const tp = cursor.state.view(trace.variablesAt(call).find((one) => one.name === 'sk')?.value as number);
  return fields.map((field) => tp.num(field));
}

function peersOf({ heap }: Run): InstanceType<typeof inet_peer>[] {
  return heap.objects.filter((object) => object !== null && inet_peer.isInstance(object)) as never;
}

describe('metrics of a route', () => {
  it('initcwnd, the lock on cwnd, ssthresh and reordering count when a connection begins', () => {
    const ended = connected({ initcwnd: 3, ssthresh: 17, reordering: 9 });
    expect(socketAfter(ended, 'tcp_init_metrics', 0, ['snd_cwnd', 'snd_ssthresh', 'reordering'])).toEqual([3, 17, 9]);
    const clamped = connected({ cwnd: 5 });
    expect(socketAfter(clamped, 'tcp_init_metrics', 0, ['snd_cwnd', 'snd_cwnd_clamp'])).toEqual([5, 5]);
    for (const tp of clamped.heap.objects.filter((one) => one !== null && tcp_sock.isInstance(one))) {
      expect((tp as InstanceType<typeof tcp_sock>).snd_cwnd).toBeLessThanOrEqual(10);
    }
  });

  it('mtu and advmss bound the segments of both sides', () => {
    expect(socketAfter(connected({ mtu: 1000 }), 'tcp_init_metrics', 0, ['mss_cache'])).toEqual([1000 - 40 - 12]);
    const small = connected({ advmss: 700 });
    // What A announced is 700; B's segments have 12 bytes of timestamps less.
    expect(socketAfter(small, 'tcp_init_metrics', 0, ['advmss'])).toEqual([700 - 12]);
  });

  it('window bounds what is offered to the peer', () => {
    // 3000 bytes need no scale; two segments of A's 1460 less timestamps fit.
    const bounded = connected({ window: 3000 });
    expect(socketAfter(bounded, 'tcp_connect', 0, ['window_clamp', 'rcv_wnd'])).toEqual([3000, 2 * 1460]);
  });

  it('rto_min is the least variation in the timeout', () => {
    // Jiffies: RTT about 10 ms, three quarters of a first sample's deviation below 200 ms.
    const [usual = 0] = socketAfter(connected({}), 'tcp_init_metrics', 0, ['icsk_rto']);
    const [short = 0] = socketAfter(connected({ rtoMinMs: 30 }), 'tcp_init_metrics', 0, ['icsk_rto']);
    expect(usual).toBeGreaterThanOrEqual(210);
    expect(short).toBeGreaterThanOrEqual(40);
    expect(short).toBeLessThan(60);
  });

  it('a connection leaves what it learned to the next, unless tcp_no_metrics_save says not to', () => {
    const ended = connected({}, 2);
    const [peer] = peersOf(ended).filter(({ has_metrics }) => has_metrics);
    expect(peer?.rtt).toBeGreaterThan(0);
    // In slow start to the end: the window is remembered.
    expect(peer?.cwnd).toBeGreaterThan(10);
    const kept = connected({}, 1, { 'ipv4.tcp_no_metrics_save': 1 });
    expect(peersOf(kept).filter(({ has_metrics, daddr }) => has_metrics && daddr === 0x0a000002)).toEqual([]);
  });
});
