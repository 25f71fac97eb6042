import { expect, idle, test } from './fixtures';

test('the page opens and comes to rest', async ({ page }) => {
  await page.goto('./');
  await idle(page);
  await expect(page).toHaveTitle(/skbscope/);
});
