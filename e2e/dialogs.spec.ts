import { readFile } from 'node:fs/promises';
import { encodeLink } from '../src/scenario/link';
import type { ScenarioInput } from '../src/scenario/schema';
import { VERSION } from '../src/scenario/shape';
import { expect, idle, type Page, test } from './fixtures';
import { open, stepOf } from './page';

/** Replaces what stands in the editor. */
async function write(page: Page, text: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: 'Scenario as JSON' });
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}

const OWN = `{
  "title": "Mine",
  "tasks": [{ "host": "A", "name": "w", "calls": [{ "op": "write", "fd": "c1", "bytes": 2000 }] }]
}`;

test('the editor names line and place of what is wrong, and runs what is right', async ({ page, context }) => {
  await open(page);
  await page.getByRole('button', { name: 'Edit scenario' }).click();
  await expect(page.getByRole('textbox', { name: 'Scenario as JSON' })).toContainText('as the article tells it');
  const wrong = page.getByRole('list', { name: 'What is wrong' });
  await write(page, OWN.replace('2000', '"many"'));
  await expect(wrong).toContainText('line 3');
  await expect(wrong).toContainText('tasks[0].calls[0].bytes: expected');
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeDisabled();
  await write(page, '{ "tasks": [ }');
  await expect(wrong).toContainText('line 1');
  await write(page, OWN);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await idle(page);
  await expect(page.getByLabel('Scenario', { exact: true })).toContainText('Own: Mine');
  // The editor has kept the text as it was written.
  await page.keyboard.press('e');
  await expect(page.getByRole('textbox', { name: 'Scenario as JSON' })).toContainText('"fd": "c1", "bytes": 2000');
  await page.keyboard.press('Escape');
  // A scenario of one's own has a link too.
  await page.keyboard.press('n');
  await page.keyboard.press('l');
  await expect(page).toHaveURL(/#s=1\./);
  const other = await context.newPage();
  await other.goto(page.url());
  await idle(other);
  expect(await stepOf(other)).toBe(await stepOf(page));
  await expect(other.getByLabel('Scenario', { exact: true })).toContainText('Own: Mine');
});

test('the editor warns of what a valid scenario may run into, where it stands, and runs it all the same', async ({
  page,
}) => {
  await open(page);
  await page.keyboard.press('e');
  // No queue, and no card that cuts: tcp has to take back what the ring had no room for.
  await write(
    page,
    OWN.replace('"title"', '"hosts": { "A": { "qdisc": { "kind": "noqueue" }, "nic": { "tso": false } } },\n  "title"'),
  );
  const wrong = page.getByRole('list', { name: 'What is wrong' });
  await expect(wrong).toContainText('line 2 hosts.A.qdisc: without a queue');
  await expect(wrong).toContainText('This is a valid scenario.');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await idle(page);
  await expect(page.getByLabel('Scenario', { exact: true })).toContainText('Own: Mine');
});

test('a file dropped on the page is run', async ({ page }) => {
  await open(page);
  await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], 'mine.json', { type: 'application/json' }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, OWN);
  await expect(page.getByText('mine.json opened.')).toBeVisible();
  await idle(page);
  await expect(page.getByLabel('Scenario', { exact: true })).toContainText('Own: Mine');
});

test('the palette goes to functions, steps, scenarios, and sets breakpoints with conditions', async ({ page }) => {
  await open(page);
  const palette = page.getByRole('combobox', { name: 'Command, scenario' });
  await page.keyboard.press('ControlOrMeta+k');
  await palette.fill('tcp_transmit_skb');
  await page.keyboard.press('Enter');
  await expect(page.locator('.transport-words')).toContainText('enters tcp_transmit_skb');
  await page.keyboard.press('ControlOrMeta+k');
  await palette.fill('1,234');
  await page.keyboard.press('Enter');
  expect(await stepOf(page)).toBe(1234);
  await page.keyboard.press('ControlOrMeta+k');
  await palette.fill('break ip_output');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Home');
  await page.keyboard.press(']');
  await expect(page.locator('.transport-words')).toContainText('enters ip_output');
  await page.getByRole('button', { name: '1 breakpoint' }).click();
  await page.getByRole('option', { name: 'Remove the breakpoint at ip_output' }).click();
  await expect(page.getByRole('button', { name: '1 breakpoint' })).toHaveCount(0);
  await page.keyboard.press('/');
  await palette.fill('read-wakes');
  await page.keyboard.press('Enter');
  await idle(page);
  await expect(page.getByLabel('Scenario', { exact: true })).toHaveValue('read-wakes');
});

test('following one packet, each step has it in hand', async ({ page }) => {
  await open(page);
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  const follow = page.getByLabel('Follow', { exact: true });
  const packet = await follow.locator('option', { hasText: 'and its family' }).textContent();
  await follow.selectOption({ label: packet ?? '' });
  const from = await stepOf(page);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  for (let n = 0; n < 5; n++) await page.keyboard.press('ArrowRight');
  expect(await stepOf(page)).toBeGreaterThan(from);
  const number = /#(\d+)/.exec(packet ?? '')?.[1];
  await expect(page.locator('.family, .inspector-title').filter({ hasText: `#${number}` })).not.toHaveCount(0);
});

test('exports are files of their kinds', async ({ page }) => {
  await open(page, '#s=1.p.capture-on');
  await page.keyboard.press('x');
  const save = async (button: string): Promise<Buffer> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog').getByRole('button', { name: button }).click(),
    ]);
    return readFile(await download.path());
  };
  for (const button of ['Host A, tap', 'Host A, wire', 'Host B, tap', 'Host B, wire']) {
    const file = await save(button);
    expect(file.readUInt32LE(0), button).toBe(0x0a0d0d0a);
    expect(file.length, button).toBeGreaterThan(500);
  }
  const trace = JSON.parse((await save('Functions of all CPUs')).toString()) as { traceEvents: unknown[] };
  expect(trace.traceEvents.length).toBeGreaterThan(1000);
  const scenario = JSON.parse((await save('With all defaults')).toString()) as { version: number };
  expect(scenario.version).toBe(VERSION);
});

test('dropped packets are listed with their reasons, and lead to where it happened', async ({ page }) => {
  const scenario: ScenarioInput = {
    hosts: {
      A: { qdisc: { kind: 'tbf', rate: 1_000_000, burst: 1600, limit: 3100 }, nic: { tso: false, gso: false } },
    },
    tasks: [{ host: 'A', name: 'w', calls: [{ op: 'write', fd: 'c1', bytes: 8000 }] }],
    limits: { maxMs: 30 },
  };
  await open(page, encodeLink({ scenario }));
  await page.keyboard.press('d');
  const rows = page.getByRole('dialog').getByRole('listitem');
  await expect(rows).toHaveCount(3);
  await rows.first().getByRole('button').click();
  await idle(page);
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('Dropped, QDISC_DROP');
});

test('the editor tells of every field, found by its words', async ({ page }) => {
  await open(page);
  await page.keyboard.press('e');
  await page.getByRole('button', { name: 'Fields' }).click();
  const help = page.getByRole('region', { name: 'Fields' });
  await help.getByRole('searchbox', { name: 'Find a field' }).fill('descriptors in the tx ring');
  await expect(help.locator('dt')).toHaveText(['hosts.A.nic.txRing', 'edits[] nic .txRing']);
  await expect(help).toContainText('default 256');
});
