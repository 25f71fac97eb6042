import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { captureAt, captureFile, type Place } from '../export/capture';
import { runScenario } from '../machine/run';
import { presetNamed, scenarioOf } from '../scenario/presets';
import { Trace } from '../trace/trace';
import { dissect } from '../view/dissect/dissect';
import { FIELDS } from '../view/filter/fields';

const folder = mkdtempSync(join(tmpdir(), 'skbscope-'));
afterAll(() => rmSync(folder, { recursive: true }));

const isHere = spawnSync('tshark', ['--version']).status === 0;

/** Fields of the filter language that stand for one field of a header. */
const KEYS = Object.entries(FIELDS).flatMap(([key, { of }]) =>
  of === undefined && !key.startsWith('frame.') ? key : [],
);

/** Where tshark has another name for the number that stands in the header. */
const THEIR_NAMES: Readonly<Record<string, string>> = {
  'tcp.seq': 'tcp.seq_raw',
  'tcp.ack': 'tcp.ack_raw',
  'tcp.window_size': 'tcp.window_size_value',
};
const PREFERENCES = ['tcp.relative_sequence_numbers:FALSE', 'tcp.desegment_tcp_streams:FALSE', 'ip.defragment:FALSE'];
const PADDING_OPTIONS = [0, 1];

/** A value as tshark prints it, as a number: addresses by their bytes, flags 0 or 1. */
function numberOf(key: string, text: string): number {
  if (text === 'True' || key === 'tcp.options.sack_perm') return 1;
  if (text === 'False') return 0;
  if (text.includes(':')) return Number.parseInt(text.replaceAll(':', ''), 16);
  const bytes = text.split('.');
  return bytes.length === 4 ? bytes.reduce((sum, byte) => sum * 256 + Number(byte), 0) : Number(text);
}

/** All values of all fields in each packet, by tshark. */
function theirs(trace: Trace, place: Place): Map<string, number[]>[] {
  const file = join(folder, 'capture.pcapng');
  writeFileSync(file, captureFile(trace, place));
  const options = PREFERENCES.flatMap((preference) => ['-o', preference]);
  const fields = KEYS.flatMap((key) => ['-e', THEIR_NAMES[key] ?? key]);
  const shape = ['-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=a', '-E', 'aggregator=;'];
  const { stdout, status, stderr } = spawnSync('tshark', ['-n', '-r', file, ...options, ...shape, ...fields], {
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split('|');
      return new Map(
        KEYS.map((key, nth) => {
          const values = (cells[nth] ?? '').split(';').filter((text) => text !== '');
          return [key, values.map((text) => numberOf(key, text))];
        }),
      );
    });
}

/** The same by our dissection. */
function ours(bytes: Uint8Array): { values: Map<string, number[]>; quotes: boolean } {
  const { sections } = dissect(bytes);
  const fields = sections.flatMap((section) => section.fields);
  const values = KEYS.map((key): [string, number[]] => [
    key,
    fields.flatMap((field) => (field.key === key && field.value !== null ? field.value : [])),
  ]);
  return { values: new Map(values), quotes: sections.some(({ quoted }) => quoted === true) };
}

/** What tshark shows that our dissection leaves out on purpose or counts in other units. */
function settled(key: string, values: readonly number[], count: number, quotes: boolean): readonly number[] {
  // It gives the field as it stands there, in units of eight bytes.
  if (key === 'ip.frag_offset') return values.map((units) => units * 8);
  // Ports of what an ICMP error quotes cannot be filtered by.
  const own = key === 'tcp.option_kind' ? values.filter((kind) => !PADDING_OPTIONS.includes(kind)) : values;
  return quotes && /^(tcp|udp|icmp)/.test(key) ? own.slice(0, count) : own;
}

describe.runIf(isHere)('each field of each packet has the value that tshark reads', () => {
  it.each([
    ['handshake', 'tap'],
    ['sack-recovery', 'wire'],
    ['syn-flood-cookies', 'wire'],
    ['udp-fragments', 'wire'],
    ['pmtu', 'wire'],
    ['ping', 'tap'],
    ['arp-miss', 'wire'],
    ['pause-frames', 'wire'],
  ] as const)('%s, %s', (name, side) => {
    const preset = presetNamed(name);
    if (preset === null) throw new Error(name);
    const captures = [{ host: 'A' as const }];
    const scenario = scenarioOf({ ...preset, scenario: { ...preset.scenario, captures } });
    const trace = new Trace(runScenario(scenario, { level: 'calls' }));
    const place: Place = { host: 0, dev: 'eth0', side };
    const read = theirs(trace, place);
    const seen = captureAt(trace, place);
    expect(seen.length).toBeGreaterThan(0);
    expect(read).toHaveLength(seen.length);
    const different = seen.flatMap(({ bytes }, n) => {
      const { values, quotes } = ours(bytes);
      return KEYS.flatMap((key) => {
        const mine = values.get(key) ?? [];
        const other = settled(key, read[n]?.get(key) ?? [], mine.length, quotes);
        return mine.join() === other.join() ? [] : `packet ${n + 1}: ${key} ${mine.join()}, tshark ${other.join()}`;
      });
    });
    expect(different).toEqual([]);
  });
});
