import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

test('flipping a switch of the card makes the run anew from there, stays at the step, and the link keeps it', async ({
  page,
}) => {
  await open(page, '#s=1.p.offload-on');
  await page.getByRole('tab', { name: 'Find' }).click();
  const card = page
    .locator('.finder section', { hasText: /^nic[^_]/ })
    .getByRole('button')
    .first();
  await card.click();
  await page.getByRole('tab', { name: 'Object' }).click();
  const before = await stepOf(page);
  const tso = page.getByRole('switch', { name: /^TSO/ });
  await expect(tso).toBeChecked();
  await tso.click();
  await idle(page);
  expect(await stepOf(page)).toBe(before);
  await expect(page.locator('#preset option:checked')).toHaveText(/^Own: /);

  await page.keyboard.press('l');
  await expect.poll(() => page.url()).toContain('s=1.p.offload-on.');
  const link = page.url();
  await page.goto('about:blank');
  await page.goto(link);
  await idle(page);
  await page.keyboard.press('End');
  await page.getByRole('tab', { name: 'Find' }).click();
  await card.click();
  await page.getByRole('tab', { name: 'Object' }).click();
  await expect(tso).not.toBeChecked();
});
