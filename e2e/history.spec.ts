import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

test('back in the browser shows what was shown before, and a reload keeps what is shown', async ({ page }) => {
  await open(page);
  const scenario = page.getByLabel('Scenario', { exact: true });
  await scenario.selectOption('write-100');
  await idle(page);
  await expect(page).toHaveURL(/#s=1\.p\.write-100$/);
  await scenario.selectOption('close');
  await idle(page);
  await page.reload();
  await idle(page);
  await expect(scenario).toHaveValue('close');
  await page.goBack();
  await expect(scenario).toHaveValue('write-100');
  await page.goBack();
  await expect(scenario).toHaveValue('write-4000');
  await page.goForward();
  await expect(scenario).toHaveValue('write-100');
});

test('a run plays backwards to its start, and stops there', async ({ page }) => {
  await open(page, '#s=1.p.write-100');
  await page.getByLabel('Pace').selectOption('60');
  await page.getByLabel('Step size').selectOption('packet');
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press('End');
  const end = await stepOf(page);
  await page.keyboard.press('Shift+Space');
  await idle(page);
  expect(await stepOf(page)).toBeLessThan(end);
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
});

test('the timeline tells the numbers of the connection that is chosen, and is drawn nearer and whole again', async ({
  page,
}) => {
  await open(page, '#s=1.p.sack-recovery');
  const timeline = page.getByRole('region', { name: 'Timeline' });
  // 16 segments is what the scenario begins with; nothing is lost yet.
  await page.keyboard.press('Home');
  await expect(timeline).toContainText('Open · cwnd 16 · ssthresh none');
  await timeline.getByRole('button', { name: 'Shorter time' }).click();
  await timeline.getByRole('button', { name: 'Whole run' }).click();
  await expect(timeline.getByRole('button', { name: 'Longer time' })).toBeDisabled();
  await page.getByLabel('Scenario', { exact: true }).selectOption('nagle-vs-nodelay');
  await idle(page);
  const choice = timeline.getByLabel('Connection that is plotted');
  await expect(choice.locator('option')).toHaveCount(2);
});
