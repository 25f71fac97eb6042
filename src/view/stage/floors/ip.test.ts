import { describe, expect, it } from 'vitest';
import { runScenario } from '../../../machine/run';
import { presetNamed, scenarioOf } from '../../../scenario/presets';
import { Cursor } from '../../../trace/cursor';
import { Kind } from '../../../trace/recorder';
import { Trace } from '../../../trace/trace';
import { stageOf } from '../stage';
import type { IpStage } from './ip';

/** The IP floor of a host at the nth entry of a function there. */
function floorAt(preset: string, fn: string, host: number, nth: number): IpStage {
  const found = presetNamed(preset);
  if (found === null) throw new Error(`no preset ${preset}`);
  const trace = new Trace(runScenario(scenarioOf(found), { level: 'lines' }));
  let count = 0;
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== fn) continue;
    if (trace.context(trace.ctx(n)).host !== host || ++count < nth) continue;
    const cursor = new Cursor(trace);
    cursor.seek(n);
    const floor = stageOf(cursor).hosts[host]?.ip4;
    if (floor !== undefined) return floor;
  }
  throw new Error(`${fn} is not entered ${nth} times on host ${host}`);
}

describe('the IP floor', () => {
  it('shows the segments that wait for the answer to an ARP request', () => {
    // B is asked, and answers: until then A’s three segments wait.
    const floor = floorAt('arp-miss', 'arp_rcv', 0, 1);
    expect(floor.arp?.skbs).toHaveLength(3);
    expect(floor.arp?.text).toContain('INCOMPLETE');
  });

  it('shows the fragments that have come, and how much is still missing', () => {
    // Two of three are in the queue when the third arrives: each has as many bytes as 1500 leaves in units of eight.
    const { reassembly } = floorAt('udp-fragments', 'ip_frag_queue', 1, 3);
    expect(reassembly?.queues).toHaveLength(1);
    expect(reassembly?.queues[0]?.skbs).toHaveLength(2);
    expect(reassembly?.queues[0]?.text).toMatch(/: 2960 of \? bytes$/);
  });

  it('lists the rules of a hook with the packets each has matched', () => {
    const { sieves } = floorAt('netfilter-drop', 'icmp_send', 1, 1);
    const rules = sieves.find(({ name }) => name === 'LOCAL_IN')?.rules ?? [];
    expect(rules.map(({ target, packets }) => [target, packets])).toEqual([
      ['DROP', 1],
      ['REJECT', 1],
    ]);
    expect(rules[1]?.here).toBe(true);
  });
});
