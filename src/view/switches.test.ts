import { describe, expect, it } from 'vitest';
import { run } from '../machine/run';
import { presetNamed } from '../scenario/presets';
import { parseScenario, type Scenario } from '../scenario/schema';
import { Cursor } from '../trace/cursor';
import { Trace } from '../trace/trace';
import { settingsOf, switchesOf, withEdit } from './switches';

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

describe('settings of a card', () => {
  it.each(['82545EM', '82576'])('of an %s are those of the scenario, and change as an edit says', (model) => {
    const scenario = { ...preset?.scenario, hosts: { A: { nic: { model, txRing: 128, itr: 8000, pause: 'rx' } } } };
    const shown = (input: unknown) => {
      const cursor = endOf(parsed(input));
      const nic = cursor.state.objects('nic')[0];
      if (nic === undefined) throw new Error('no card');
      return Object.fromEntries(settingsOf(cursor.state, nic, ['A', 'B']).map(({ name, value }) => [name, value]));
    };
    const before = { txRing: '128', rxRing: '256', itr: '8000', pause: 'rx', mbps: '1000' };
    expect(shown(scenario)).toEqual(before);
    const edited = withEdit(scenario, { op: 'nic', host: 'A', dev: 'eth0', rxRing: 512 }, 1_000);
    expect(shown(edited)).toEqual({ ...before, rxRing: '512' });
  });
});
