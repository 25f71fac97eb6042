import { expect, it } from 'vitest';
import { run } from '../machine/run';
import { presetNamed, scenarioOf } from '../scenario/presets';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { stepWords } from './step-words';

it('says of each frame when it leaves, has left and has arrived', () => {
  const preset = presetNamed('write-100');
  if (preset === null) throw new Error('write-100');
  const trace = new Trace(run(scenarioOf(preset), { level: 'calls' }).trace);
  const said = new Map<number, string[]>();
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.WIRE) continue;
    const frame = trace.skb(n);
    said.set(frame, [...(said.get(frame) ?? []), stepWords(trace, n)]);
  }
  // The segment from A, and B's ACK of it.
  const [segment, ack] = [...said];
  const ofFrame = (host: string, frame: number | undefined): string[] => [
    `host ${host}, nic: frame #${frame}: its first bit leaves the card`,
    `host ${host}, nic: frame #${frame}: its last bit has left the card`,
    `wire: frame #${frame}: its last bit has reached the other card`,
  ];
  expect(segment?.[1]).toEqual(ofFrame('A', segment?.[0]));
  expect(ack?.[1]).toEqual(ofFrame('B', ack?.[0]));
  expect(said.size).toBe(2);
});
