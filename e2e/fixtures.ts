import { test as base, expect, type Page } from '@playwright/test';

/** Makes every error that a page logs or throws a line of `errors`. */
function listen(page: Page, errors: string[]): void {
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`page: ${error.stack ?? error.message}`));
}

/** Playwright's `test`, where any error that a page logs or throws fails the test. */
export const test = base.extend({
  context: async ({ context }, use) => {
    const errors: string[] = [];
    context.on('page', (page) => listen(page, errors));
    await use(context);
    expect(errors, 'errors of the page').toEqual([]);
  },
});

/** Waits until the page says that it has nothing left to do (`<html data-idle="true">`); never for a time. */
export async function idle(page: Page): Promise<void> {
  await page.locator('html[data-idle="true"]').waitFor({ state: 'attached' });
}

export { expect, type Page };
