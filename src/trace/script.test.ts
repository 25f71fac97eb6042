import { expect, it } from 'vitest';
import { runScenario } from '../machine/run';
import { scenarioOfScript } from '../scenario/packetdrill/scenario';
import { parseScenario } from '../scenario/schema';
import { scriptLineAt, scriptLinesAt, scriptMoments } from './script';
import { Trace } from './trace';

function traceOf(script: string): Trace {
  const parsed = parseScenario(scenarioOfScript(script));
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message);
  return new Trace(runScenario(parsed.scenario, { level: 'calls' }));
}

const SCRIPT = `// Refused.
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = -1 ECONNREFUSED
+0 > S 0:0(0) <...>
+.1 < R. 0:0(0) ack 1 win 0
`;

it('the trace of a script says which line is current, and what became of each', () => {
  const trace = traceOf(SCRIPT);
  const moments = scriptMoments(trace).map(({ line, kind }) => `${line} ${kind}`);
  // The blocking call of line 3 holds only when the packet of line 5 has come.
  expect(moments).toEqual(['2 begins', '2 holds', '3 begins', '4 begins', '4 holds', '5 begins', '5 holds', '3 holds']);
  const syn = scriptMoments(trace)[4]?.step ?? 0;
  expect(scriptLineAt(trace, 0)).toBe(null);
  expect(scriptLineAt(trace, syn)).toBe(4);
  expect([...scriptLinesAt(trace, syn)].map(([line, { kind }]) => `${line} ${kind}`)).toEqual([
    '2 holds',
    '3 begins',
    '4 holds',
  ]);
  expect(trace.data.end).toMatchObject({ reason: 'done', message: 'the script is over' });
});

it('a line that does not hold ends the run and says what came', () => {
  const trace = traceOf(SCRIPT.replace('> S 0', '> S. 0'));
  expect(scriptMoments(trace).at(-1)).toMatchObject({ line: 4, kind: 'failed' });
  expect(scriptMoments(trace).at(-1)?.text).toMatch(/^expected > S\. 0:0\(0\).*, got > S 0:0\(0\)/);
});

it('the same script leaves the same trace', () => {
  expect(traceOf(SCRIPT).data.hash).toBe(traceOf(SCRIPT).data.hash);
});
