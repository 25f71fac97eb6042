import { beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../../machine/run';
import { presetNamed, scenarioOf } from '../../../scenario/presets';
import { Cursor } from '../../../trace/cursor';
import { Kind } from '../../../trace/recorder';
import { Trace } from '../../../trace/trace';
import { stageOf } from '../stage';

function traceOf(name: string): Trace {
  const preset = presetNamed(name);
  if (preset === null) throw new Error(`no preset ${name}`);
  return new Trace(runScenario(scenarioOf(preset), { level: 'calls' }));
}

describe('the stage of a card with four queues', () => {
  let trace: Trace;
  beforeAll(() => {
    trace = traceOf('rss');
  });

  /** First entry of a function on a CPU of a host. */
  function entered(fn: string, host: number, cpu: number): number {
    for (let n = 0; n < trace.steps; n++) {
      const context = trace.context(trace.ctx(n));
      if (trace.kind(n) !== Kind.ENTER || context.host !== host || context.cpu !== cpu) continue;
      if (trace.functionAt(n)?.name === fn) return n;
    }
    throw new Error(`${fn} is not entered on CPU ${cpu}`);
  }

  function at(step: number) {
    const cursor = new Cursor(trace);
    cursor.seek(step);
    return stageOf(cursor);
  }

  it('shows the ring, the qdisc and the lock of the queue at work', () => {
    for (const cpu of [0, 1, 2, 3]) {
      const host = at(entered('igb_tx_map_adv', 0, cpu)).hosts[0];
      expect(host?.driver?.tx).toMatchObject({ which: ` ${cpu} of 4`, here: true });
      expect(host?.device?.qdisc?.name).toBe(`pfifo_fast of queue ${cpu}`);
      expect(host?.device?.lock).toMatchObject({ name: `TX lock ${cpu}`, owner: `CPU ${cpu}` });
    }
  });

  it('shows all queues together, with the lock of each', () => {
    const device = at(entered('igb_tx_map_adv', 0, 2)).hosts[0]?.device;
    expect(device?.root).toBe('mq');
    expect(device?.queues.map(({ index, chosen }) => [index, chosen])).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [3, false],
    ]);
    expect(device?.queues[2]?.lock).toMatchObject({ locked: true, owner: 'CPU 2' });
  });

  it('shows the receive ring whose vector is polled', () => {
    for (const cpu of [0, 1, 2, 3]) {
      const host = at(entered('igb_clean_rx_irq_adv', 1, cpu)).hosts[1];
      expect(host?.driver?.rx).toMatchObject({ which: ` ${cpu} of 4` });
      expect(host?.driver?.rx?.head).toBeGreaterThan(0);
    }
  });
});
