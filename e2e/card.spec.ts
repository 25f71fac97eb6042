import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

test('the card opens from the stage, steps with the run, shows descriptors and registers, and closes again', async ({
  page,
}) => {
  await open(page, '#s=1.p.offload-on');
  await page.getByRole('button', { name: 'Card', exact: true }).click();
  const card = page.getByRole('region', { name: 'Network card' });
  await expect(card.getByRole('img')).toHaveAttribute('aria-label', /^The card: card of host A/);
  await expect(page.locator('section.stage')).toHaveCount(1);

  await card.getByRole('button', { name: 'Details' }).click();
  await card.getByRole('tab', { name: 'In words' }).click();
  const words = card.getByRole('tabpanel');
  await expect(words).toContainText('Intel 82540EM');
  await expect(words).toContainText('256 descriptors; TDH 0, TDT 0');

  // The first frame of the segmented packet: five descriptors are with the card then.
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await idle(page);
  await expect(words).toContainText('TDT 5');
  await expect(words).toContainText(/Headers of frame #\d+/);
  await expect(words).toContainText('IP total length: 0 became 1500');

  await card.locator('.descrow').nth(1).click();
  await card.getByRole('tab', { name: 'Descriptor' }).click();
  const descriptor = card.getByRole('region', { name: 'TX descriptor 1' });
  await expect(descriptor).toContainText('data transmit descriptor');
  await expect(descriptor).toContainText('66 bytes');

  await card.getByRole('tab', { name: 'Registers' }).click();
  await expect(card.getByRole('region', { name: 'Registers: Transmit' })).toContainText('256 descriptors');
  await expect(card.getByRole('region', { name: 'Registers: Statistics' })).toContainText('GPTC');

  const step = await stepOf(page);
  await page.keyboard.press('h');
  await expect(page.getByRole('region', { name: 'Stage', exact: true })).toBeVisible();
  expect(await stepOf(page)).toBe(step);
});

test('a switch on the board is flipped by pressing it, and the link keeps the edit', async ({ page }) => {
  await open(page, '#s=1.p.offload-on');
  await page.keyboard.press('h');
  const before = await stepOf(page);
  const card = page.getByRole('region', { name: 'Network card' });
  const onBoard = card.locator('rect[data-action="switch tso"]');
  await expect(onBoard).toHaveClass(/\bon\b/);
  await onBoard.click();
  await idle(page);
  expect(await stepOf(page)).toBe(before);
  await expect(card).toBeVisible();
  await page.keyboard.press('l');
  await expect.poll(() => page.url()).toContain('s=1.p.offload-on.');
  const link = page.url();
  await page.goto('about:blank');
  await page.goto(link);
  await idle(page);
  // The link has the card open too.
  await expect(card).toBeVisible();
  await page.keyboard.press('End');
  await expect(onBoard).not.toHaveClass(/\bon\b/);
});

test('a larger ring, set from the details, is the card’s from then on', async ({ page }) => {
  await open(page, '#s=1.p.write-4000');
  await page.keyboard.press('h');
  const card = page.getByRole('region', { name: 'Network card' });
  await card.getByRole('button', { name: 'Details' }).click();
  await card.getByLabel('TX ring').selectOption('1024');
  await idle(page);
  await page.keyboard.press('End');
  await expect(card.getByLabel('TX ring')).toHaveValue('1024');
  await card.getByRole('tab', { name: 'In words' }).click();
  await expect(card.getByRole('tabpanel')).toContainText('1024 descriptors; TDH');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
  test('the card fills the panel, with its details below', async ({ page }) => {
    await open(page, '#s=1.p.write-4000');
    await page.getByRole('button', { name: 'Card', exact: true }).click();
    const card = page.getByRole('region', { name: 'Network card' });
    await card.getByRole('button', { name: 'Details' }).click();
    await expect(card.getByRole('switch', { name: /^TSO/ })).toBeInViewport();
    const box = await card.boundingBox();
    expect(box?.width).toBe(390);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  });
});

test('a card with several queues shows its RSS unit, the redirection table and the vectors', async ({ page }) => {
  await open(page, '#s=1.p.rss');
  await page.keyboard.press('h');
  const card = page.getByRole('region', { name: 'Network card' });
  await card.getByRole('button', { name: 'B', exact: true }).click();
  await expect(card.getByRole('img')).toContainText('RSS');
  // Four queues, one after the other, in each group of eight.
  await expect(card.getByRole('img')).toContainText('01230123');
  await card.getByRole('button', { name: 'Details' }).click();
  await card.getByRole('tab', { name: 'In words' }).click();
  const words = card.getByRole('tabpanel');
  await expect(words).toContainText('redirection table (RETA): 128 entries, queues 0, 1, 2, 3');
  await expect(words).toContainText('queue 2: received to vector 3, sent to vector 7');
  await card.getByRole('tab', { name: 'Registers' }).click();
  await expect(card.getByRole('region', { name: 'Registers: Receive' })).toContainText('RETA');
});
