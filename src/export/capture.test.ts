import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { parseScenario } from '../scenario/schema';
import { Trace } from '../trace/trace';
import { captureAt } from './capture';

it('takes packets that GRO has merged whole', () => {
  const bytes = 40_000;
  const parsed = parseScenario({
    tasks: [
      { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes }] },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes, flags: ['MSG_WAITALL'] }] },
    ],
    captures: [{ host: 'B' }],
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const { trace } = run(parsed.scenario, { level: 'calls' });
  const frames = captureAt(new Trace(trace), { host: 1, dev: 'eth0', side: 'tap' }).filter(
    ({ direction }) => direction === 'in',
  );
  expect(Math.max(...frames.map((frame) => frame.bytes.length))).toBeGreaterThan(1514);
  for (const frame of frames) {
    const total = ((frame.bytes[16] as number) << 8) | (frame.bytes[17] as number);
    expect(frame.bytes.length).toBe(14 + total);
  }
});

describe('several packet sockets on a host', () => {
  const sendto = (host: 'A' | 'B') => ({ op: 'sendto', fd: 'u', bytes: 10, to: { host, port: 7 } }) as const;
  const parsed = parseScenario({
    version: 2,
    tasks: [
      {
        host: 'A',
        name: 'sender',
        calls: [{ op: 'socket', as: 'u', type: 'SOCK_DGRAM' }, sendto('A'), sendto('B')],
      },
    ],
    captures: [
      { host: 'A', dev: 'lo' },
      { host: 'A', dev: 'any' },
      { host: 'A', filter: 'udp' },
    ],
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  const trace = new Trace(run(parsed.scenario, { level: 'calls' }).trace);
  /** `out udp`, `in icmp`. */
  const got = (dev: string): string[] =>
    captureAt(trace, { host: 0, dev, side: 'tap' }).map(
      ({ direction, bytes }) => `${direction} ${bytes[23] === 17 ? 'udp' : 'icmp'}`,
    );

  it('each get what they asked for', () => {
    expect(got('eth0')).toEqual(['out udp']);
  });

  it('see each packet of the loopback device twice: as it is sent, and as it comes in', () => {
    expect(got('lo')).toEqual(['out udp', 'in udp', 'out icmp', 'in icmp']);
  });

  it('bound to no device see all of them, once each', () => {
    expect(got('any')).toEqual([...got('lo'), 'out udp', 'in icmp']);
  });

  it('show which frame a packet became, whatever went to other devices before', () => {
    const [tap] = captureAt(trace, { host: 0, dev: 'eth0', side: 'tap' });
    const [frame] = captureAt(trace, { host: 0, dev: 'eth0', side: 'wire' });
    expect(trace.packetOf(frame?.object ?? 0)).toBe(trace.packetOf(tap?.object ?? -1));
  });
});
