import { describe, expect, it } from 'vitest';
import { captureAt } from '../../export/capture';
import { run } from '../../machine/run';
import { presetNamed, scenarioOf } from '../../scenario/presets';
import { Trace } from '../../trace/trace';
import { ALONE, compare, DIFFERS, headerLength, SAME } from './compare';
import { type CaptureRow, captureRows, comparisonOf } from './rows';

function rowsOf(name: string, host: number): CaptureRow[] {
  const preset = presetNamed(name);
  if (preset === null) throw new Error(`no preset ${name}`);
  const trace = new Trace(run(scenarioOf(preset), { level: 'calls' }).trace);
  const place = { host, dev: 'eth0' };
  return captureRows(
    captureAt(trace, { ...place, side: 'tap' }),
    captureAt(trace, { ...place, side: 'wire' }),
    (object) => trace.packetOf(object),
  );
}

function rowWhere(rows: readonly CaptureRow[], fits: (row: CaptureRow) => boolean): CaptureRow {
  const found = rows.find(fits);
  if (found === undefined) throw new Error('no such packet');
  return found;
}

describe('tap and wire of offload-on', () => {
  const rows = rowsOf('offload-on', 0);
  const large = rowWhere(rows, ({ wire }) => wire.length > 1);

  it('differ in what segmentation writes anew, and each with its reason', () => {
    expect(large.wire).toHaveLength(5);
    expect(large.differences.map(({ name }) => name)).toEqual([
      'IP total length',
      'IP header checksum',
      'TCP flags',
      'TCP checksum',
      'length',
    ]);
    const [length, , flags, checksum] = large.differences;
    // 7240 bytes of payload, 32 of TCP, 20 of IP; of the first frame 1448 of payload.
    expect([length?.tap, length?.wire]).toEqual(['7292', '1500']);
    expect([flags?.tap, flags?.wire]).toEqual(['PSH ACK', 'ACK']);
    expect(checksum?.why).toMatch(/CHECKSUM_PARTIAL/);
  });

  it('have the same payload, each frame a stretch of it', () => {
    const { tap } = large;
    if (tap === null) throw new Error('no tap');
    const covered = new Uint8Array(tap.bytes.length);
    large.wire.forEach((frame, nth) => {
      const comparison = comparisonOf(large, nth);
      expect(comparison?.wire.subarray(headerLength(frame.bytes)).includes(DIFFERS)).toBe(false);
      comparison?.tap.forEach((mark, at) => {
        if (at >= headerLength(tap.bytes) && mark === SAME) covered[at] = (covered[at] ?? 0) + 1;
      });
    });
    expect(new Set(covered.subarray(headerLength(tap.bytes)))).toEqual(new Set([1]));
  });

  it('of the last frame show its sequence number and identification too', () => {
    const last = comparisonOf(large, 4);
    expect(last?.differences.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['IP identification', 'TCP sequence']),
    );
    expect(last?.differences.map(({ name }) => name)).not.toContain('TCP flags');
  });
});

describe('tap and wire of capture-on', () => {
  it('show on the receiver that GRO merged two frames before the tap', () => {
    const merged = rowWhere(rowsOf('capture-on', 1), ({ direction, wire }) => direction === 'in' && wire.length > 1);
    // 1448 and 1104 bytes of payload with 66 bytes of headers.
    expect([merged.tap?.bytes.length, ...merged.wire.map(({ bytes }) => bytes.length)]).toEqual([2618, 1514, 1170]);
    expect(merged.differences.find(({ name }) => name === 'IP total length')?.why).toMatch(/GRO/);
    expect(merged.differences.find(({ name }) => name === 'TCP checksum')?.why).toMatch(/pseudo-header/);
  });

  it('leave no frame of the wire out, and none twice', () => {
    for (const host of [0, 1]) {
      const rows = rowsOf('capture-on', host);
      const frames = rows.flatMap(({ wire }) => wire.map(({ object, direction }) => `${direction} ${object}`));
      expect(new Set(frames).size).toBe(frames.length);
      expect(rows.every(({ tap }) => tap !== null)).toBe(true);
      expect(rows.map(({ number }) => number)).toEqual(rows.map((_, nth) => nth + 1));
    }
  });
});

describe('compare', () => {
  it('marks padding as on one side only, and says so', () => {
    const tap = new Uint8Array(54);
    const wire = new Uint8Array(60);
    const { wire: marks, differences } = compare(tap, wire, { nth: 0, of: 1, before: 0, direction: 'out' });
    expect([...marks.subarray(52)]).toEqual([SAME, SAME, ALONE, ALONE, ALONE, ALONE, ALONE, ALONE]);
    expect(differences.map(({ why }) => why)).toEqual(['padded to the least length of an Ethernet frame']);
  });
});
