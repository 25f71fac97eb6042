import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { presetNamed } from '../scenario/presets';
import { parseScenario, type Scenario } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Trace } from '../trace/trace';
import { switchesOf, withEdit } from './switches';

const preset = presetNamed('offload-on');

function parsed(input: unknown): Scenario {
  const result = parseScenario(input);
  if (!result.ok) throw new Error(result.issues[0]?.message);
  return result.scenario;
}

function endOf(scenario: Scenario): Cursor {
  const cursor = new Cursor(new Trace(run(scenario, { level: 'calls' }).trace));
  cursor.seek(cursor.trace.steps - 1);
  return cursor;
}

function switches(cursor: Cursor, card: number) {
  const nic = cursor.state.objects('nic')[card];
  if (nic === undefined) throw new Error(`no card ${card}`);
  return switchesOf(
    cursor.state,
    nic,
    cursor.trace.data.hosts.map(({ name }) => name),
  );
}

describe('withEdit', () => {
  it('adds an edit that the scenario keeps, after the moment it was made', () => {
    const once = withEdit(preset?.scenario, { op: 'nic', host: 'A', dev: 'eth0', tso: false }, 12_001);
    const twice = parsed(withEdit(once, { op: 'link', up: false, of: 'B' }, 90_000));
    expect(twice.edits).toEqual([
      { op: 'nic', atUs: 13, host: 'A', dev: 'eth0', tso: false },
      { op: 'link', atUs: 90, up: false, of: 'B' },
    ]);
    expect(preset?.scenario.edits).toBeUndefined();
  });
});

describe('switches of a card', () => {
  it('each flips itself, and no other card’s', () => {
    const before = switches(endOf(parsed(preset?.scenario)), 1);
    expect(before.map(({ name, on }) => `${name} ${on}`)).toEqual([
      'txCsum true',
      'rxCsum true',
      'sg true',
      'tso true',
      'gso true',
      'gro true',
      'cable true',
    ]);
    for (const { name, flip } of before) {
      if (name === 'txCsum' || name === 'sg') continue;
      const cursor = endOf(parsed(withEdit(preset?.scenario, flip, 2_000_000)));
      const off = switches(cursor, 1).filter(({ on }) => !on);
      expect(off.map((one) => one.name)).toEqual([name]);
      const others = switches(cursor, 0).filter(({ on }) => !on);
      // One cable joins both cards.
      expect(others.map((one) => one.name)).toEqual(name === 'cable' ? ['cable'] : []);
    }
  });
});
