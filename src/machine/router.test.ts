import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import { rt_hash_table } from '../kernel/include/net/dst';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

const BYTES = 30_000;

/** A writes to B through the router. */
function routed(change: Partial<ScenarioInput> = {}, hosts: ScenarioInput['hosts'] = {}): Run {
  const parsed = parseScenario({
    hosts: { R: {}, ...hosts },
    link: { delayUs: 100 },
    linkB: { delayUs: 200 },
    tasks: [
      { host: 'A', name: 'writer', startUs: 100, calls: [{ op: 'write', fd: 'c1', bytes: BYTES }] },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: BYTES, flags: ['MSG_WAITALL'] }] },
    ],
    limits: { maxMs: 60_000 },
    ...change,
  });
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  return run(parsed.scenario, { level: 'calls' });
}

function arrived({ ledgers }: Run): boolean {
  const { a, b } = ledgers.get('c1') ?? {};
  return Buffer.concat(b?.read ?? []).equals(Buffer.concat(a?.written ?? [])) && (a?.written.length ?? 0) > 0;
}

function calls({ trace: data }: Run, name: string, host: string): number {
  const trace = new Trace(data);
  let found = 0;
  for (let n = 0; n < trace.steps; n++) {
    const here = trace.data.hosts[trace.context(trace.ctx(n)).host]?.name === host;
    if (here && trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name) found++;
  }
  return found;
}

const ttls = ({ trace: data }: Run, host: number, dev: string): Set<number> => {
  const packets = captureAt(new Trace(data), { host, dev, side: 'wire' });
  return new Set(packets.filter(({ direction }) => direction === 'in').map(({ bytes }) => bytes[22] ?? -1));
};

describe('a router between the hosts', () => {
  it('sends packets on, one hop less in each; what is sent comes whole', () => {
    const ended = routed();
    expect(ended.trace.end).toMatchObject({ reason: 'done' });
    expect(arrived(ended)).toBe(true);
    expect(calls(ended, 'ip_forward', 'R')).toBeGreaterThan(15);
    expect(calls(ended, 'tcp_v4_rcv', 'R')).toBe(0);
    expect(ttls(ended, 2, 'eth0')).toEqual(new Set([64]));
    expect(ttls(ended, 1, 'eth0')).toEqual(new Set([63]));
    // The header checksums that R corrected are right: B takes every packet.
    expect(calls(ended, 'ip_local_deliver', 'B')).toBe(calls(ended, 'ip_rcv', 'B'));
  });

  it('looks into the routing table once in each direction: the rest is in the cache', () => {
    const { heap } = routed();
    const [, , r] = heap.objects.filter((object) => object !== null && rt_hash_table.isInstance(object));
    const { stat } = r as InstanceType<typeof rt_hash_table>;
    expect(stat.in_slow_tot).toBe(2);
    expect(stat.in_hit).toBeGreaterThan(15);
  });

  it('merges and cuts again what it forwards, with GRO and TSO', () => {
    const ended = routed({}, { A: { nic: { tso: true } } });
    expect(calls(ended, 'tcp_gro_receive', 'R')).toBeGreaterThan(0);
    expect(arrived(ended)).toBe(true);
  });

  it('with forwarding off answers nothing and sends nothing on', () => {
    const ended = routed({ limits: { maxMs: 1000 } }, { R: { sysctl: { 'ipv4.ip_forward': 0 } } });
    expect(calls(ended, 'ip_forward', 'R')).toBe(0);
    expect(calls(ended, 'ip_rcv', 'B')).toBe(0);
  });

  it('tells of a prefix that it refuses', () => {
    const refused = routed(
      { limits: { maxMs: 1000 } },
      { R: { routes: [{ to: '10.0.1.2/32', type: 'unreachable' }] } },
    );
    expect(calls(refused, 'ip_error', 'R')).toBeGreaterThan(0);
    expect(calls(refused, 'icmp_send', 'R')).toBeGreaterThan(0);
    expect(calls(refused, 'icmp_rcv', 'A')).toBeGreaterThan(0);
  });

  it('that has a smaller MTU behind it asks for smaller packets, and they come', () => {
    const ended = routed(
      { connections: [{ mss: 1460 }] },
      { R: { eth1: { nic: { mtu: 1000 } } }, A: { nic: { tso: false } } },
    );
    expect(calls(ended, 'ip_rt_frag_needed', 'A')).toBeGreaterThan(0);
    expect(arrived(ended)).toBe(true);
  });

  it('loses on either cable, and all comes', () => {
    const ended = routed({ linkB: { delayUs: 200, faults: [{ op: 'drop', from: 'R', kind: 'data', nth: 4 }] } });
    expect(arrived(ended)).toBe(true);
    expect(calls(ended, 'tcp_retransmit_skb', 'A')).toBe(1);
  });

  it('knows its neighbours by asking, if they do not stand in its table', () => {
    const unknown = { arp: 'unknown' as const };
    const ended = routed({}, { A: unknown, B: unknown, R: unknown });
    expect(arrived(ended)).toBe(true);
    const asked = (host: number, dev: string): number =>
      captureAt(new Trace(ended.trace), { host, dev, side: 'wire' }).filter(({ bytes, direction }) => {
        return direction === 'in' && bytes[0] === 0xff && bytes[12] === 0x08 && bytes[13] === 0x06;
      }).length;
    expect([asked(2, 'eth0'), asked(1, 'eth0')]).toEqual([1, 1]);
  });
});
