import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from './fixtures';
import { open } from './page';

const launcher = join(import.meta.dirname, '..', 'tools', 'skbscope.mjs');

// One after the other: the launcher may have to build the command line first.
test.describe.configure({ mode: 'serial' });

for (const preset of ['write-4000', 'offload-on', 'two-writers']) {
  test(`the run of ${preset} has the same hash here and in Node`, async ({ page }) => {
    const { stdout } = await promisify(execFile)(process.execPath, [launcher, 'run', preset]);
    const hash = /^hash\s+([0-9a-f]{16})$/m.exec(stdout)?.[1];
    await open(page, `#s=1.p.${preset}`);
    await page.getByRole('button', { name: 'About' }).click();
    await expect(page.locator('[data-hash]')).toHaveText(hash ?? 'Node gave no hash');
  });
}
