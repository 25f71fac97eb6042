import { beforeAll, describe, expect, it } from 'vitest';
import { finish } from '../../base/work';
import { runScenario } from '../../machine/run';
import { presetNamed, scenarioOf } from '../../scenario/presets';
import { Trace } from '../../trace/trace';
import { type SenderPlot, senderPlots, valueAt } from './series';

function plotsOf(name: string): SenderPlot[] {
  const preset = presetNamed(name);
  if (preset === null) throw new Error(`no preset ${name}`);
  return finish(senderPlots(new Trace(runScenario(scenarioOf(preset), { level: 'calls' }))));
}

describe('the plots of a sender that loses segments', () => {
  let plot: SenderPlot;
  beforeAll(() => {
    plot = plotsOf('sack-recovery')[0] as SenderPlot;
  });

  it('begin with the window of the scenario and no threshold', () => {
    const [cwnd, ssthresh, flight] = plot.congestion.map((line) => valueAt(line, 0));
    expect([cwnd, ssthresh, flight]).toEqual([16, Number.NaN, 0]);
  });

  it('have CUBIC’s threshold from the start of the recovery on: 717/1024 of the window then', () => {
    const recovery = plot.troubles.find(({ state }) => state === 'Recovery');
    if (recovery === undefined) throw new Error('no recovery');
    const [cwnd, ssthresh] = plot.congestion;
    const before = valueAt(cwnd, recovery.from - 1);
    expect(valueAt(ssthresh, recovery.from)).toBe(Math.floor((before * 717) / 1024));
  });

  it('come to rest with all acknowledged and nothing in flight', () => {
    const [acked, sent, written] = plot.sequence.map((line) => line.values.at(-1));
    expect([acked, sent, written]).toEqual([40_000, 40_000, 40_000]);
    expect(plot.congestion[2]?.values.at(-1)).toBe(0);
  });

  it('never go back in time, nor repeat a value', () => {
    for (const { times, values } of [...plot.sequence, ...plot.congestion]) {
      for (let n = 1; n < times.length; n++) {
        expect(times[n]).toBeGreaterThan(times[n - 1] as number);
        expect(values[n]).not.toBe(values[n - 1]);
      }
    }
  });
});

it('a connection that is made in the run begins with what its socket was made with', () => {
  const [plot] = plotsOf('handshake');
  if (plot === undefined) throw new Error('no plot');
  // tcp_v4_init_sock: two segments, and no threshold; tcp_init_cwnd makes ten of the two when the handshake is done.
  const [cwnd, ssthresh] = plot.congestion;
  expect(cwnd?.values).toEqual([2, 10]);
  expect(ssthresh?.values).toEqual([Number.NaN]);
});

it('each connection that sends has plots of its own, named by its ports', () => {
  const names = plotsOf('nagle-vs-nodelay').map(({ name }) => name);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^A \d+ → \d+$/);
});
