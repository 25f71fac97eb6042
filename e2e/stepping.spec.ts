import { expect, type Page, test } from './fixtures';
import { chooseSize, open, shown, stepOf } from './page';

// A recording of every key press would take longer than the steps themselves.
test.use({ trace: 'off' });

/** Steps with a key until an end is reached or `most` steps are made; what was shown at each step by its number. */
async function walk(page: Page, key: 'ArrowRight' | 'ArrowLeft', most: number): Promise<Map<number, string>> {
  const seen = new Map<number, string>();
  for (let made = 0; made <= most; made++) {
    if (made > 0) await page.keyboard.press(key);
    const { step, text } = await shown(page);
    if (seen.has(step)) break;
    seen.set(step, text);
  }
  return seen;
}

async function prepare(page: Page): Promise<void> {
  await open(page, '#s=1.p.write-4000');
  // All fields, so that what is listed does not depend on the way one came.
  await page.getByRole('button', { name: 'Show what is zero too' }).click();
  await page.keyboard.press('Home');
}

test('the whole of write-4000 forwards, layer by layer, and back again shows the same at every step', async ({
  page,
}) => {
  test.slow();
  await prepare(page);
  await chooseSize(page, 'layer');
  const { text: start } = await shown(page);
  const there = await walk(page, 'ArrowRight', 5000);
  await expect(page.getByRole('button', { name: 'To the end' })).toBeDisabled();
  expect(there.size).toBeGreaterThan(100);
  const back = await walk(page, 'ArrowLeft', 5000);
  await expect(page.getByRole('button', { name: 'To the start' })).toBeDisabled();
  expect(Object.fromEntries(back)).toEqual(Object.fromEntries(there));
  expect((await shown(page)).text).toBe(start);
});

test('line by line through a stretch and back again shows the same at every step', async ({ page }) => {
  await prepare(page);
  await chooseSize(page, 'packet');
  for (let n = 0; n < 6; n++) await page.keyboard.press('ArrowRight');
  await chooseSize(page, 'line');
  const there = await walk(page, 'ArrowRight', 150);
  expect(there.size).toBe(151);
  const back = await walk(page, 'ArrowLeft', 150);
  expect(Object.fromEntries(back)).toEqual(Object.fromEntries(there));
});

test('into, over and out go where their names say', async ({ page }) => {
  await open(page);
  const depth = (): Promise<number> => page.locator('.code-stack li').count();
  const before = await depth();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  expect(await depth()).toBeLessThanOrEqual(before + 3);
  const here = await depth();
  await page.keyboard.press('Shift+ArrowRight');
  expect(await depth()).toBeLessThanOrEqual(here);
  await page.keyboard.press('n');
  await expect(page.locator('.inspector h2')).toContainText('sk_buff');
});

test('it plays and pauses', async ({ page }) => {
  await open(page);
  const from = await stepOf(page);
  await page.getByLabel('Pace').selectOption('60');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-idle', 'false');
  await expect.poll(() => stepOf(page)).toBeGreaterThan(from + 5);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-idle', 'true');
});
