import { expect, idle, test } from './fixtures';
import { open } from './page';

test.use({ serviceWorkers: 'allow' });

test('once it was opened, the page works without a network', async ({ page, context }) => {
  await open(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await context.setOffline(true);
  await page.goto('./#s=1.p.write-100');
  await page.reload();
  await idle(page);
  await expect(page.getByLabel('Scenario', { exact: true })).toHaveValue('write-100');
  // A part of the page that loads when it is first needed.
  await page.keyboard.press('e');
  await expect(page.getByRole('textbox', { name: 'Scenario as JSON' })).toContainText('write');
});
