import { expect, test } from './fixtures';
import { open, stepOf } from './page';

test('everything can be reached with Tab, and the focus is seen', async ({ page }) => {
  await open(page);
  const reached = new Set<string>();
  for (let n = 0; n < 120; n++) {
    await page.keyboard.press('Tab');
    const { name, outlined } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const style = getComputedStyle(element);
      return {
        name: element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '',
        // A line around it, or (the splitters) a filled bar.
        outlined:
          element === document.body ||
          style.outlineStyle !== 'none' ||
          style.backgroundColor !== 'rgba(0, 0, 0, 0)' ||
          element.closest('svg') !== null,
      };
    });
    expect(outlined, `the focus on "${name}"`).toBe(true);
    reached.add(name);
  }
  for (const name of ['Link to this step', 'Step', 'Into', 'Playhead', 'Width of the left column', 'Host B']) {
    expect([...reached]).toContain(name);
  }
});

test('a run can be stepped, played, linked and searched by keys alone', async ({ page }) => {
  await open(page);
  await page.keyboard.press('End');
  await expect(page.getByRole('button', { name: 'To the end' })).toBeDisabled();
  await page.keyboard.press('Home');
  expect(await stepOf(page)).toBe(1);
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  await page.keyboard.press('l');
  await expect(page).toHaveURL(/#s=1\.p\.write-4000&at=/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Out of the function');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the arrow keys move a splitter that has the focus, and not the run', async ({ page }) => {
  await open(page);
  const splitter = page.getByRole('separator', { name: 'Width of the left column' });
  const before = Number(await splitter.getAttribute('aria-valuenow'));
  const step = await stepOf(page);
  await splitter.focus();
  await page.keyboard.press('ArrowRight');
  await expect(splitter).toHaveAttribute('aria-valuenow', String(before + 2));
  expect(await stepOf(page)).toBe(step);
});
