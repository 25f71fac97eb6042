import { describe, expect, it } from 'vitest';
import { PRESETS } from '../scenario/presets';
import { parseScenario } from '../scenario/schema';
import { withFlip } from './switches';

describe('withFlip', () => {
  it('adds an edit that the scenario keeps, after the moment it was made', () => {
    const preset = PRESETS.find(({ name }) => name === 'offload-on');
    const once = withFlip(preset?.scenario, 'A', 'tso', false, 12_001);
    const twice = parseScenario(withFlip(once, 'B', 'gro', false, 90_000));
    expect(twice.ok && twice.scenario.edits).toEqual([
      { op: 'nic', atUs: 13, host: 'A', dev: 'eth0', tso: false },
      { op: 'nic', atUs: 90, host: 'B', dev: 'eth0', gro: false },
    ]);
    expect(preset?.scenario.edits).toBeUndefined();
  });
});
