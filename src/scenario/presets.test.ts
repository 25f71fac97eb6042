import { describe, expect, it } from 'vitest';
import { PRESETS, presetNamed, scenarioOf } from './presets';

describe('presets', () => {
  it('are all there, valid, and tell what to watch', () => {
    const names = PRESETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    // Links name these: they stay.
    expect(names).toEqual(
      expect.arrayContaining([
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
        'tx-lock-contention',
        'mq-no-contention',
        'rss',
        'napi-budget',
      ]),
    );
    for (const preset of PRESETS) {
      expect(scenarioOf(preset)).toMatchObject({ title: preset.title, watch: preset.watch });
      expect(preset.watch).toMatch(/^[A-Z].*\.$/);
    }
    expect(presetNamed('nothing')).toBeNull();
  });
});
