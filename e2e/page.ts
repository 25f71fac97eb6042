/** What the end-to-end tests do on the page, and read from it. */
import { idle, type Page } from './fixtures';

/** Opens the page at a hash and waits until it is at rest. */
export async function open(page: Page, hash = ''): Promise<void> {
  await page.goto(`./${hash}`);
  await idle(page);
}

export interface Shown {
  /** Counted from 1, as the transport shows it. */
  readonly step: number;
  readonly text: string;
}

/** Everything in words that the page shows of a step: transport, call stack, variables, object looked at. */
export async function shown(page: Page): Promise<Shown> {
  const texts = await page.evaluate(() =>
    ['.transport-step', '.transport-words', '.code-stack', '.code-variables', '.inspector .fields', '.stagenow'].map(
      (place) => document.querySelector(place)?.textContent ?? '-',
    ),
  );
  const number = /step ([\d,]+) of/.exec(texts[0] ?? '')?.[1]?.replaceAll(',', '');
  return { step: Number(number), text: texts.join('\n') };
}

export async function stepOf(page: Page): Promise<number> {
  return (await shown(page)).step;
}

export async function chooseSize(page: Page, size: string): Promise<void> {
  await page.getByLabel('Step size').selectOption(size);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
}
