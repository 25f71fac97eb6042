import { expect, it } from 'vitest';
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
