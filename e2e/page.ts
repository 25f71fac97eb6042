/** What the end-to-end tests do on the page, and read from it. */
import { idle, type Page } from './fixtures';

/** Opens the page at a hash and waits until it is at rest. */
export async function open(page: Page, hash = ''): Promise<void> {
  await page.goto(`./${hash}`);
  await idle(page);
}

/** Number of the step that the transport shows, counted from 1. */
export async function stepOf(page: Page): Promise<number> {
  const text = await page.locator('.transport-step').textContent();
  return Number(/step ([\d,]+) of/.exec(text ?? '')?.[1]?.replaceAll(',', ''));
}

export async function chooseSize(page: Page, size: string): Promise<void> {
  await page.getByLabel('Step size').selectOption(size);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
}

/** Everything in words that the page shows of a step: transport, call stack, variables, object looked at. */
export async function shown(page: Page): Promise<string> {
  return page.evaluate(() =>
    ['.transport-where', '.code-stack', '.code-variables', '.inspector .fields', '.stagenow']
      .map((place) => document.querySelector(place)?.textContent ?? '-')
      .join('\n'),
  );
}
