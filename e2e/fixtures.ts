import { test as base, expect, type Page } from '@playwright/test';

/** Playwright's `test`, where any error that the page logs or throws fails the test. */
export const test = base.extend({
  page: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => errors.push(`page: ${error.stack ?? error.message}`));
    await use(page);
    expect(errors, 'errors of the page').toEqual([]);
  },
});

/** Waits until the page says that it has nothing left to do (`<html data-idle="true">`); never for a time. */
export async function idle(page: Page): Promise<void> {
  await page.locator('html[data-idle="true"]').waitFor({ state: 'attached' });
}

export { expect };
