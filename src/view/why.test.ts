import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { presetNamed, scenarioOf } from '../scenario/presets';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { whyHere } from './why';

/** What is said of the packet that the nth call of a function has in hand, just after that call. */
function said(preset: string, fn: string, nth: number): string[] {
  const found = presetNamed(preset);
  if (found === null) throw new Error(preset);
  const trace = new Trace(run(scenarioOf(found), { level: 'calls' }).trace);
  const ids = new Set(trace.data.schema.functions.filter(({ name }) => name === fn).map(({ id }) => id));
  let seen = 0;
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER || !ids.has(trace.fn(n)) || ++seen < nth) continue;
    const after = trace.leaveOf(n) + 1;
    const cursor = new Cursor(trace);
    cursor.seek(after);
    return whyHere(trace, cursor.state, trace.skb(n), after).map(({ text }) => text);
  }
  throw new Error(`${fn} is not called ${nth} times`);
}

describe('why a packet waits in a qdisc', () => {
  it('a token bucket has to see every packet', () => {
    expect(said('tbf-shaping', 'tbf_enqueue', 6)).toContain('The bypass was refused: tbf has to see every packet.');
  });

  it('others were in it already', () => {
    const text = said('ring-full', 'pfifo_fast_enqueue', 3);
    expect(text[0]).toMatch(/^It waits in band 1 of the qdisc with \d packets\.$/);
    expect(text).toContainEqual(expect.stringMatching(/^The bypass was refused: \d packets were in it already\.$/));
  });
});
