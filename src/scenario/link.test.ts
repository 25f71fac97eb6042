import fc from 'fast-check';
import { deflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { arbitraryScenario } from './arbitrary';
import { decodeLink, encodeLink } from './link';
import { PRESETS } from './presets';
import published from './published-links.json';
import { parseScenario, type ScenarioInput } from './schema';

function parsed(input: ScenarioInput) {
  const result = parseScenario(input);
  if (!result.ok) throw new Error(result.issues[0]?.message);
  return result.scenario;
}

function opened(hash: string) {
  const decoded = decodeLink(hash);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.link;
}

function message(hash: string): string {
  const decoded = decodeLink(hash);
  return decoded.ok ? '' : decoded.message;
}

const base64url = (data: Uint8Array) => Buffer.from(data).toString('base64url');

describe('links', () => {
  it('name an unchanged preset and the step, and nothing else', () => {
    const key = 'A~task.writer~tcp_transmit_skb~2~14';
    const hash = encodeLink({ preset: 'write-4000', key });
    expect(hash).toBe(`#s=1.p.write-4000&at=${key}`);
    expect(opened(hash)).toMatchObject({ preset: 'write-4000', unchanged: true, key, view: {} });
  });

  it('hold only what differs from a preset', () => {
    for (const { name, scenario } of PRESETS) {
      const changed = {
        ...scenario,
        seed: 7,
        hosts: { ...scenario.hosts, B: { cpus: 1 } },
        tasks: scenario.tasks?.slice(0, 1),
      };
      const hash = encodeLink({ preset: name, scenario: changed });
      expect(opened(hash)).toMatchObject({ preset: name, unchanged: false, scenario: parsed(changed) });
      expect(encodeLink({ preset: name, scenario: parsed(scenario) })).toBe(`#s=1.p.${name}`);
    }
    const hash = encodeLink({ preset: 'write-100', scenario: { ...PRESETS[1]!.scenario, seed: 7 } });
    expect(hash.length).toBeLessThan(80);
  });

  it('bring back any scenario, key and view', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const view = fc.dictionary(fc.stringMatching(/^[a-z]{3,12}$/), text, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(arbitraryScenario(fc), text, view, (input, key, fields) => {
        const link = opened(encodeLink({ scenario: input, key, view: fields }));
        expect(link).toEqual({
          preset: null,
          unchanged: false,
          scenario: parsed(input),
          key: key || null,
          view: fields,
        });
      }),
      { numRuns: 40 },
    );
  });

  it('say plainly what is wrong', () => {
    expect(message('')).toContain('no scenario');
    expect(message('#s=2.q.whatever')).toContain('version 2, newer than this skbscope');
    expect(message('#s=1.p.write-9000')).toContain('does not have: "write-9000"');
    expect(message('#s=1.q.write-4000')).toContain('does not know');
    expect(message('#s=hello')).toContain('damaged');
    expect(message('#s=1.z.@@@')).toContain('damaged');
    expect(
      message(`#s=1.z.${base64url(deflateSync(new TextEncoder().encode('{"version": 9, "tasks": []}')))}`),
    ).toContain('newer');
    expect(message(`#s=1.z.${base64url(deflateSync(new TextEncoder().encode('{"tasks": 3}')))}`)).toContain(
      'tasks: expected a list',
    );
    expect(message('x'.repeat(100_000))).toContain('longer than');
  });

  it('are found out when cut short', () => {
    const [scenario] = fc.sample(arbitraryScenario(fc), { numRuns: 1, seed: 4 }) as [ScenarioInput];
    const hash = encodeLink({ scenario });
    for (let n = 0; n < hash.length; n++) expect(message(hash.slice(0, n))).not.toBe('');
  });

  it('cannot be made to unfold without end', () => {
    const bomb = base64url(deflateSync(new Uint8Array(40 << 20), { level: 9 }));
    expect(message(`#s=1.z.${bomb.slice(0, 60_000)}`)).toContain('unfolds to more than');
    expect(message(`#s=1.p.write-100.${bomb.slice(0, 60_000)}`)).toContain('unfolds to more than');
    const deep = base64url(deflateSync(new TextEncoder().encode(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)));
    expect(message(`#s=1.z.${deep}`)).not.toBe('');
    expect(message(`#s=1.p.write-100.${deep}`)).not.toBe('');
  });

  it('never throw, whatever comes', () => {
    const near = fc.constantFrom('#s=1.z.', '#s=1.p.write-100.', '#s=', '#s=1.', '');
    const garbage = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 2000 }).map((data) => base64url(data)),
    );
    fc.assert(
      fc.property(near, garbage, (start, rest) => void decodeLink(start + rest)),
      { numRuns: 500 },
    );
    const json = fc.json().map((text) => base64url(deflateSync(new TextEncoder().encode(text))));
    fc.assert(
      fc.property(near, json, (start, rest) => void decodeLink(start + rest)),
      { numRuns: 300 },
    );
  });

  it.each(published)('once published still open: $note', ({ link, opens }) => {
    const { preset, key, view, scenario } = opened(link);
    expect({ preset, key, view, scenario }).toMatchObject(opens);
  });
});
