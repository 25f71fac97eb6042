import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from './json';

function natively(text: string): unknown {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

function ours(text: string): unknown {
  const read = readJson(text);
  return read.ok ? { value: read.value } : null;
}

describe('what other languages allow', () => {
  it('is told from what is only wrong', () => {
    const told = (text: string): string => {
      const read = readJson(text);
      return read.ok ? '' : read.issue.message;
    };
    expect(told('{"tasks": [],\n}')).toBe(
      'line 2, column 1: expected a field name in double quotes, got "}"; no comma goes before it',
    );
    expect(told('{"seed": // one\n1}')).toBe('line 1, column 10: expected a value, got "/"; JSON has no comments');
    expect(told("{'seed': 1}")).toMatch(/JSON has double quotes only$/);
  });
});

describe('readJson', () => {
  it('reads what JSON.parse reads, and refuses what it refuses', () => {
    fc.assert(fc.property(fc.json(), (text) => void expect(ours(text)).toEqual(natively(text))));
    const indented = fc.jsonValue().map((value) => JSON.stringify(value, null, 2));
    const broken = fc.tuple(
      indented,
      fc.nat(),
      fc.constantFrom('', ',', '}', ']', '"', '0', '.', 'e', ' ', '\n', '\\', '-'),
    );
    fc.assert(
      fc.property(broken, ([text, at, mark]) => {
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + mark + text.slice(place + 1);
        const read = readJson(changed);
        if (!read.ok && read.issue.expected.startsWith('each field once')) return;
        expect(ours(changed)).toEqual(natively(changed));
      }),
      { numRuns: 500 },
    );
  });

  it('knows where values stand', () => {
    const read = readJson('{\n  "hosts": {\n    "A": { "x.y": [1,\n 22] }\n  }\n}');
    if (!read.ok) throw new Error(read.issue.message);
    expect(read.place('hosts.A')).toEqual({ line: 3, column: 10 });
    expect(read.place('hosts.A["x.y"][1]')).toEqual({ line: 4, column: 2 });
    expect(read.place('hosts.A.missing.deep')).toEqual({ line: 3, column: 10 });
    expect(read.place('nothing')).toEqual({ line: 1, column: 1 });
  });

  it('does not follow endless nesting', () => {
    expect(readJson('['.repeat(100_000)).ok).toBe(false);
  });
});
