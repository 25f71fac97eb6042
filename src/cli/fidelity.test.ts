import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { functions } from 'virtual:kernel-functions';
import { expect, it } from 'vitest';
import { fidelityOf, untagged } from './fidelity';

const path = join(import.meta.dirname, '..', '..', 'FIDELITY.md');

it('every kernel function says how close it is: @modelled, @simplified or @model', () => {
  expect(untagged(functions).map(({ file, name, line }) => `${file}:${line} ${name}`)).toEqual([]);
});

it('FIDELITY.md is what `npm run -s skbscope -- fidelity --out FIDELITY.md` writes', () => {
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(fidelityOf(functions));
});
