import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Trace } from '../trace/trace';
import { tcText } from './tc';

/** What `tc` prints after A has written 3000 bytes to B. */
function printed(A: NonNullable<ScenarioInput['hosts']>['A']): string[] {
  const parsed = parseScenario({
    version: 2,
    hosts: { A: A ?? {} },
    connections: [{ name: 'c1' }],
    tasks: [
      { host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 3000 }] },
      { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 3000, flags: ['MSG_WAITALL'] }] },
    ],
  });
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  return (tcText(new Trace(run(parsed.scenario, { level: 'calls' }).trace)).split('\n\n')[0] ?? '').split('\n');
}

describe('tc', () => {
  it('shows the default qdisc, and no line for a device without one', () => {
    expect(printed({}).slice(0, 2)).toEqual([
      'host A',
      'qdisc pfifo_fast 0: dev eth0 root bands 3 priomap  1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1',
    ]);
    expect(printed({ qdisc: { kind: 'noqueue' } })[0]).not.toBe('host A');
  });

  it('shows mq with the sum of its queues, then each of them', () => {
    const lines = printed({ cpus: 2, nic: { model: '82576', queues: 2, xps: [[0], [1]] } });
    expect(lines[1]).toBe('qdisc mq 0: dev eth0 root');
    expect(lines.filter((line) => line.startsWith('class'))).toEqual(['class mq :1 root', 'class mq :2 root']);
    const [all = 0, first = 0, second = 0] = lines
      .filter((line) => line.startsWith(' Sent'))
      .map((line) => Number(line.split(' ')[2]));
    // 3000 bytes with headers of 66 bytes.
    expect(all).toBeGreaterThanOrEqual(3066);
    expect(first + second).toBe(all);
  });

  it('tells the parameters of netem as they were set', () => {
    const [, line] = printed({
      qdisc: { kind: 'netem', delayUs: 10_000, jitterUs: 1000, delayCorrelation: 25, duplicate: 50 },
    });
    expect(line).toBe('qdisc netem 8001: dev eth0 root limit 1000 delay 10.0ms  1.0ms 25% duplicate 50%');
  });
});
