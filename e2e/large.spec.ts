import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

const LARGE = JSON.stringify({
  title: 'Large',
  connections: [{ a: { sndbuf: 1_048_576, cwnd: 40 }, b: { rcvbuf: 1_048_576 } }],
  limits: { maxEvents: 1_000_000 },
  tasks: [
    { host: 'A', name: 'w', calls: [{ op: 'write', fd: 'c1', bytes: 4_194_304 }] },
    {
      host: 'B',
      name: 'r',
      cpu: 1,
      calls: [{ op: 'recv', fd: 'c1', bytes: 4_194_304, flags: ['MSG_WAITALL'] }],
    },
  ],
});

test('a run of a million steps is gone through from end to end', async ({ page }) => {
  await open(page);
  await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], 'large.json', { type: 'application/json' }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, LARGE);
  await expect(page.getByText("The run stopped at the scenario's limit")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByLabel('Scenario', { exact: true })).toContainText('Own: Large');
  await idle(page);
  await expect(page.locator('.transport-step')).toContainText('of 1,000,001');
  const goes = async (key: string, where: (step: number) => boolean): Promise<void> => {
    await page.keyboard.press(key);
    await expect.poll(async () => where(await stepOf(page)), `after ${key}`).toBe(true);
  };
  await goes('End', (step) => step === 1_000_001);
  await goes('ArrowLeft', (step) => step > 999_000 && step < 1_000_001);
  await goes('ArrowRight', (step) => step === 1_000_001);
  await goes('Home', (step) => step === 1);
  await goes('n', (step) => step > 1);
  await goes('p', (step) => step === 1);
});
