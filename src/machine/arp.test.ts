import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import { neighbour } from '../kernel/include/net/dst';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

function ran(input: ScenarioInput): Run {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  const ended = run(parsed.scenario, { level: 'calls' });
  expect(ended.trace.end.reason).toBe('done');
  return ended;
}

function entered({ trace: data }: Run, name: string, host = 0): number[] {
  const trace = new Trace(data);
  return Array.from({ length: trace.steps }, (_, n) => n).filter((n) => {
    return (
      trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name && trace.context(trace.ctx(n)).host === host
    );
  });
}

function results(ended: Run, name: string): unknown[] {
  const trace = new Trace(ended.trace);
  return entered(ended, name).map((n) => trace.variablesAt(trace.leaveOf(n)).find(({ isReturn }) => isReturn)?.value);
}

/** ms at which ARP requests leave host A. */
function requests(ended: Run): number[] {
  return captureAt(new Trace(ended.trace), { host: 0, dev: 'eth0', side: 'wire' })
    .filter(
      ({ bytes, direction }) => direction === 'out' && bytes[12] === 0x08 && bytes[13] === 0x06 && bytes[21] === 1,
    )
    .map(({ ns }) => Math.round(ns / 1e6));
}

const unknown = { arp: 'unknown' } as const;
const EHOSTUNREACH = 113;

describe('a neighbour that is not known', () => {
  it('is asked for three times, a second apart; then connect() says that there is no way to it', () => {
    const ended = ran({
      hosts: { A: unknown, B: unknown },
      tasks: [
        {
          host: 'A',
          name: 'client',
          calls: [
            { op: 'socket', as: 's' },
            { op: 'connect', fd: 's', to: { ip: '10.0.0.77', port: 80 } },
          ],
        },
      ],
      limits: { maxMs: 300_000 },
    });
    const [first = 0, second = 0, third = 0, next = 0] = requests(ended);
    expect([second - first, third - second]).toEqual([1000, 1000]);
    // The SYN that the error makes TCP send once more begins another round.
    expect(next - third).toBeGreaterThanOrEqual(1000);
    expect(results(ended, 'sys_connect')).toEqual([-EHOSTUNREACH]);
    const [given_up = 0] = entered(ended, 'neigh_invalidate');
    expect(Math.round(new Trace(ended.trace).time(given_up) / 1e6) - first).toBe(3000);
  });

  it('has room for three packets that wait: a fourth costs the oldest, which TCP sends again', () => {
    const ended = ran({
      hosts: { A: { ...unknown, nic: { tso: false, gso: false } }, B: { ...unknown, nic: { gro: false } } },
      link: { delayUs: 3000 },
      tasks: [
        { host: 'A', name: 'writer', startUs: 100, calls: [{ op: 'write', fd: 'c1', bytes: 5 * 1448 }] },
        { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 5 * 1448, flags: ['MSG_WAITALL'] }] },
      ],
      limits: { maxMs: 200_000 },
    });
    const [to] = ended.heap.objects.filter((object) => object !== null && neighbour.isInstance(object));
    expect((to as InstanceType<typeof neighbour>).arp_queue_dropped).toBe(2);
    expect(entered(ended, 'tcp_retransmit_skb').length).toBeGreaterThanOrEqual(2);
    const { a, b } = ended.ledgers.get('c1') ?? {};
    expect(Buffer.concat(b?.read ?? []).equals(Buffer.concat(a?.written ?? []))).toBe(true);
  });

  it('learns the asker from its question: B asks nobody to answer', () => {
    const ended = ran({
      hosts: { A: unknown, B: unknown },
      tasks: [
        { host: 'A', name: 'writer', startUs: 100, calls: [{ op: 'write', fd: 'c1', bytes: 100 }] },
        { host: 'B', name: 'reader', calls: [{ op: 'read', fd: 'c1', bytes: 100 }] },
      ],
      limits: { maxMs: 200_000 },
    });
    expect(requests(ended)).toHaveLength(1);
    const asked = entered(ended, 'arp_solicit', 1).map((n) => new Trace(ended.trace).time(n) / 1e9);
    // STALE is good enough to send by; after delay_first_probe_time (5 s) without a sign of life it asks.
    expect(asked.every((second) => second > 5)).toBe(true);
  });

  it('asks in the name of the packet that waits, and leaves the route of its packets with the one who is asked', () => {
    const ended = ran({
      hosts: { A: unknown, B: unknown },
      connections: [],
      tasks: [
        {
          host: 'A',
          name: 'sender',
          calls: [
            { op: 'socket', as: 's', type: 'SOCK_DGRAM' },
            { op: 'sendto', fd: 's', bytes: 10, to: { host: 'B', port: 9 } },
          ],
        },
      ],
      limits: { maxMs: 200_000 },
    });
    // B looks the request's sender up in the routing table; the datagram then finds the route in the cache.
    expect(entered(ended, 'ip_route_input_slow', 1)).toHaveLength(1);
    expect(entered(ended, 'ip_rcv', 1)).toHaveLength(1);
    expect(entered(ended, 'neigh_event_ns', 1)).toHaveLength(1);
    expect(entered(ended, 'inet_select_addr')).toEqual([]);
  });
});
