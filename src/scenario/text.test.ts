import { describe, expect, it } from 'vitest';
import { isScriptText, readScenarioText } from './text';

const SCENARIO = '{"tasks":[{"host":"A","name":"w","calls":[{"op":"write","fd":"c1","bytes":1}]}]}';

function complaint(text: string): string {
  const read = readScenarioText(text);
  return read.ok ? '' : (read.issues[0]?.message ?? '');
}

describe('what a text is', () => {
  it.each(['', ' \n', '{', '[]', '"text"', 'null', '// why\n{}', '/* a */ /* b */\n# c\n{'])('JSON: %j', (text) => {
    expect(isScriptText(text)).toBe(false);
  });

  it.each(['0 socket(..., SOCK_STREAM, 0) = 3', '// only a comment', '`true`', '--mss=1460', '# c\n+0 < S 0:0(0)'])(
    'a script: %j',
    (text) => {
      expect(isScriptText(text)).toBe(true);
    },
  );

  it('says of JSON what it is not, in terms of JSON', () => {
    expect(complaint('[]')).toBe('expected a scenario: an object with at least "tasks", got an empty list');
    expect(complaint('null')).toBe('expected a scenario: an object with at least "tasks", got null');
    expect(complaint(`// mine\n${SCENARIO}`)).toMatch(/^line 1, column 1: expected a value.*JSON has no comments$/);
  });

  it('takes a byte order mark', () => {
    expect(complaint(`\ufeff${SCENARIO}`)).toBe('');
  });
});
