import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

const REFUSED = `// Nobody listens: the answer is a reset.
+0 < S 0:0(0) win 32792 <mss 1460>
+0 > R. 0:0(0) ack 1
`;

/** Drops a file on the page. */
const drop = (file: { name: string; text: string }): void => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([file.text], file.name));
  window.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
};

test('a packetdrill script that is dropped runs; its lines follow the playhead and lead to their steps', async ({
  page,
}) => {
  await open(page);
  await page.evaluate(drop, { name: 'refused.pkt', text: REFUSED });
  await expect(page.getByLabel('Scenario', { exact: true })).toContainText('Own: refused.pkt');
  await idle(page);
  const script = page.getByRole('region', { name: 'Script' });
  await expect(script).toContainText('The model does what the script says: 2 lines hold.');
  await page.keyboard.press('End');
  await expect(script.locator('[aria-current="true"]')).toHaveText(/R\. 0:0\(0\) ack 1/);
  await expect(script.locator('[data-state="holds"]')).toHaveCount(2);
  const end = await stepOf(page);
  await script.getByRole('button', { name: /^Line 2/ }).click();
  await idle(page);
  expect(await stepOf(page)).toBeLessThan(end);
  await expect(script.locator('[data-state="holds"]')).toHaveCount(0);
  await page.getByRole('tab', { name: 'Kernel source' }).click();
  await expect(script).toHaveCount(0);
});

test('a line that does not hold says what was expected and what came; the link keeps the script', async ({ page }) => {
  await open(page);
  await page.evaluate(drop, { name: 'wrong.pkt', text: REFUSED.replace('ack 1', 'ack 2') });
  const script = page.getByRole('region', { name: 'Script' });
  await expect(script.locator('.script-verdict')).toContainText('Line 3');
  await expect(script.locator('.script-verdict')).toContainText('ack 1');
  await page.keyboard.press('l');
  await expect(page).toHaveURL(/#s=/);
  await page.reload();
  await idle(page);
  await expect(script.locator('.script-verdict')).toContainText('Line 3');
});

test('a script with a mistake opens in the editor, at the line', async ({ page }) => {
  await open(page);
  await page.evaluate(drop, { name: 'broken.pkt', text: '+0 < S 0:0(0 win 1000\n' });
  await expect(page.getByRole('list', { name: 'What is wrong' })).toContainText('line 1');
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeDisabled();
});
