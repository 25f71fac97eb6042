import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const src = import.meta.dirname;

/** The folders that stand in the first column of the README's table, as `base/` or `src/base/`. */
function roomsToldOf(readme: string): string[] {
  return [...readme.matchAll(/^\|\s*`(?:src\/)?([\w-]+)\/?`\s*\|/gm)].map((row) => row[1] ?? '').sort();
}

function roomsThatAre(): string[] {
  const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map((folder) => folder.name)
    .filter((name) => readdirSync(join(src, name)).length > 0)
    .sort();
}

test('the table in src/README.md names the folders of src, all of them and no others', () => {
  expect(roomsToldOf(readFileSync(join(src, 'README.md'), 'utf8'))).toEqual(roomsThatAre());
});
