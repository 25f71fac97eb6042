import { describe, expect, it } from 'vitest';
import { PRESETS, presetNamed, scenarioOf } from './presets';

describe('presets', () => {
  it('are all there, valid, and tell what to watch', () => {
    expect(PRESETS.map(({ name }) => name).sort()).toEqual(
      [
        'write-100',
        'write-4000',
        'write-4000-2.6.39',
        'write-64k-cwnd',
        'write-rwnd',
        'write-sndbuf',
        'capture-on',
        'offload-off',
        'offload-on',
        'qdisc-backlog',
        'two-writers',
        'read-wakes',
      ].sort(),
    );
    for (const preset of PRESETS) {
      expect(scenarioOf(preset)).toMatchObject({ title: preset.title, watch: preset.watch });
      expect(preset.watch).toMatch(/^[A-Z].*\.$/);
    }
    expect(presetNamed('nothing')).toBeNull();
  });
});
