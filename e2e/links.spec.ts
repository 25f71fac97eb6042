import { expect, idle, test } from './fixtures';
import { open, shown, stepOf } from './page';

test('a link copied at a step opens at exactly that step', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, '#s=1.p.capture-on');
  for (let n = 0; n < 9; n++) await page.keyboard.press('n');
  for (let n = 0; n < 3; n++) await page.keyboard.press('ArrowDown');
  const step = await stepOf(page);
  await page.getByRole('button', { name: 'Link to this step' }).click();
  await expect(page.getByText('Link to this step copied.')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toBe(page.url());
  const other = await context.newPage();
  await other.goto(link);
  await idle(other);
  expect(await stepOf(other)).toBe(step);
  expect(await shown(other)).toEqual(await shown(page));
});

for (const [what, hash, words] of [
  ['damaged', '#s=nonsense', 'damaged'],
  ['of a later version', '#s=9.p.write-4000', 'newer than this skbscope'],
  ['of an unknown preset', '#s=1.p.no-such-preset', 'no-such-preset'],
  ['with a broken body', '#s=1.z.AAAA', 'link'],
] as const) {
  test(`a link ${what} says so, and the page shows a run all the same`, async ({ page }) => {
    await open(page, hash);
    const problem = page.getByRole('alert');
    await expect(problem).toContainText('This link cannot be opened');
    await expect(problem).toContainText(words);
    expect(await stepOf(page)).toBeGreaterThan(0);
    await problem.getByRole('button', { name: 'Close' }).click();
    await expect(problem).toHaveCount(0);
  });
}

test('a link to a step that the run does not have says so', async ({ page }) => {
  await open(page, '#s=1.p.write-100&at=A~task.writer~no_such_function~1~in');
  await expect(page.getByRole('alert')).toContainText('a step this run does not have');
  expect(await stepOf(page)).toBeGreaterThan(0);
});
