import { expect, test } from './fixtures';
import { open, stepOf } from './page';

for (const [width, height] of [
  [390, 844],
  [360, 640],
] as const) {
  test(`at ${width}x${height} the page does not scroll sideways, and each panel and the transport can be used`, async ({
    page,
  }) => {
    await page.setViewportSize({ width, height });
    await open(page);
    for (const [tab, panel] of [
      ['Code', 'panel-code'],
      ['Inspector', 'panel-inspector'],
      ['Timeline', 'panel-timeline'],
      ['Capture', 'panel-capture'],
      ['Stage', 'panel-stage'],
    ] as const) {
      await page.getByRole('tab', { name: tab, exact: true }).first().click();
      const box = await page.locator(`#${panel}`).boundingBox();
      expect(box?.width, tab).toBe(width);
      expect(box?.height, tab).toBeGreaterThan(height * 0.45);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(height);
      const step = await stepOf(page);
      await page.getByRole('button', { name: 'Step', exact: true }).click();
      expect(await stepOf(page)).toBeGreaterThan(step);
      await expect(page.getByRole('button', { name: 'Play' })).toBeInViewport({ ratio: 1 });
    }
  });
}

for (const [width, height] of [
  [1440, 900],
  [1280, 720],
  [1024, 768],
] as const) {
  test(`at ${width}x${height} the whole page is in view`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await open(page);
    for (const panel of ['.bar', 'section.stage', 'div.code', '.transport', 'section.timeline', 'section.capture']) {
      await expect(page.locator(panel)).toBeInViewport({ ratio: 0.99 });
    }
    const scroll = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(scroll).toEqual([width, height]);
  });
}

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark' });
  test('the page follows the system until one chooses', async ({ page }) => {
    await open(page);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.keyboard.press('t');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  });
});
