import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

const BYTES = 80_000;

/** A sender that probes from its first segment on (tcp_mtu_probing 2), over a path that takes 1500 bytes. */
function probing(change: Partial<ScenarioInput> = {}): Run {
  const parsed = parseScenario({
    hosts: {
      A: { sysctl: { 'ipv4.tcp_mtu_probing': 2 }, nic: { tso: false, gso: false } },
      B: { nic: { gro: false } },
    },
    link: { delayUs: 1000 },
    connections: [{ a: { sndbuf: 262_144, cwnd: 20, sndWnd: 60_000 }, b: { rcvbuf: 262_144 } }],
    tasks: [
      { host: 'A', name: 'writer', startUs: 100, calls: [{ op: 'write', fd: 'c1', bytes: BYTES }] },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: BYTES, flags: ['MSG_WAITALL'] }] },
    ],
    limits: { maxMs: 60_000 },
    ...change,
  });
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  const ended = run(parsed.scenario, { level: 'calls' });
  const { a, b } = ended.ledgers.get('c1') ?? {};
  expect(Buffer.concat(b?.read ?? []).equals(Buffer.concat(a?.written ?? []))).toBe(true);
  expect(a?.written.length).toBeGreaterThan(0);
  return ended;
}

function steps({ trace: data }: Run, name: string): number[] {
  const trace = new Trace(data);
  return Array.from({ length: trace.steps }, (_, n) => n).filter(
    (n) => trace.kind(n) === Kind.ENTER && trace.functionAt(n)?.name === name,
  );
}

function mssAt({ trace: data }: Run, step: number): number {
  const cursor = new Cursor(new Trace(data));
  cursor.seek(step);
  return cursor.state.objects('tcp_sock', 0)[0]?.num('mss_cache') ?? 0;
}

describe('MTU probing', () => {
  it('begins with 512 bytes, doubles once, and stops where doubling would pass the MTU', () => {
    const ended = probing();
    // tcp_base_mss 512 stands for the payload with the timestamps in it: 512 + 40 + 12 bytes of MTU.
    expect(mssAt(ended, steps(ended, 'tcp_mtu_probe')[0] ?? 0)).toBe(512);
    expect(steps(ended, 'tcp_mtup_probe_success')).toHaveLength(1);
    expect(mssAt(ended, new Trace(ended.trace).steps - 1)).toBe(1024);
  });

  it('a probe that is lost costs no window, and its bytes go again in short segments', () => {
    const sent = captureAt(new Trace(probing().trace), { host: 0, dev: 'eth0', side: 'wire' });
    const probe = sent.filter(({ direction }) => direction === 'out').findIndex(({ bytes }) => bytes.length > 1024);
    const ended = probing({ link: { delayUs: 1000, faults: [{ op: 'drop', from: 'A', nth: probe + 1 }] } });
    expect(steps(ended, 'tcp_mtup_probe_failed')).toHaveLength(1);
    expect(steps(ended, 'tcp_simple_retransmit')).toHaveLength(1);
    expect(steps(ended, 'bictcp_recalc_ssthresh')).toHaveLength(0);
  });
});
