import { expect, idle, test } from './fixtures';
import { open, stepOf } from './page';

test('bytes that differ between tap and wire are marked, field by field, with the reason', async ({ page }) => {
  await open(page, '#s=1.p.capture-on');
  await page.keyboard.press('End');
  const capture = page.getByRole('region', { name: 'Capture' });
  await capture.getByRole('button', { name: /PSH ACK 2897:4001/ }).click();
  await expect(capture).toContainText('the stack leaves the sum of the pseudo-header there (CHECKSUM_PARTIAL)');
  await capture.getByRole('button', { name: 'Bytes' }).click();
  const packet = page.getByRole('region', { name: 'Packet' });
  for (const side of ['At the tap', 'On the wire']) {
    const marked = packet.getByRole('region', { name: side }).locator('[data-mark="differs"]');
    // The TCP checksum: two bytes, at 50 and 51.
    await expect(marked).toHaveCount(2);
  }
  const checksum = packet.locator('.fields > div', { hasText: /^checksum/ }).last();
  await expect(checksum).toContainText(/0x[0-9a-f]{4} \(pseudo-header only\) wire 0x[0-9a-f]{4}/);

  // Pointing at a field marks its bytes, and the other way round.
  await checksum.hover();
  await expect(packet.getByRole('region', { name: 'At the tap' }).locator('[data-marked="true"]')).toHaveCount(2);
  await packet.getByRole('region', { name: 'On the wire' }).locator('.hex-bytes span').nth(12).hover();
  await expect(packet.locator('.fields > div[data-marked="true"]')).toContainText('type');
});

test('a packet is followed from its row to the stage', async ({ page }) => {
  await open(page, '#s=1.p.offload-on');
  const capture = page.getByRole('region', { name: 'Capture' });
  await capture.getByRole('button', { name: /PSH ACK 1:7241/ }).click();
  await idle(page);
  await expect(page.locator('.code-stack')).toContainText('packet_rcv');
  await expect(page.locator('.inspector h2')).toContainText('sk_buff');
  const atTap = await stepOf(page);
  await capture.getByRole('button', { name: 'Bytes' }).click();
  const packet = page.getByRole('region', { name: 'Packet' });
  await packet.getByRole('button', { name: /^Frame 5/ }).click();
  await idle(page);
  expect(await stepOf(page)).toBeGreaterThan(atTap);
  await expect(packet.getByRole('region', { name: /frame 5 of 5/ })).toBeVisible();
  await expect(packet).toContainText('IP identification');
  await packet.getByRole('button', { name: 'Follow on the stage' }).click();
  await expect(page.getByRole('region', { name: 'Stage', exact: true })).toBeVisible();
  await expect(page.getByLabel('Follow', { exact: true }).first()).toBeVisible();
  const followed = await stepOf(page);
  await page.keyboard.press('ArrowLeft');
  expect(await stepOf(page)).toBeLessThan(followed);
});

test('the filter box lets through what it says, and tells what is wrong with it', async ({ page }) => {
  await open(page, '#s=1.p.capture-on');
  const capture = page.getByRole('region', { name: 'Capture' });
  const box = capture.getByLabel('Filter packets');
  const rows = capture.locator('tbody .link');
  await expect(rows).toHaveCount(4);
  await box.fill('tcp.len > 0');
  await expect(rows).toHaveCount(2);
  await expect(capture.getByRole('status')).toHaveText('2 of 4');
  await box.fill('differs and tcp.flags.push');
  await expect(rows).toHaveCount(1);
  await box.fill('udp');
  await expect(rows).toHaveCount(0);
  await expect(capture).toContainText('No packet fits the filter.');
  await box.fill('tcp.prot == 5001');
  await expect(capture.getByRole('status')).toHaveText(
    'At character 1: there is no field "tcp.prot"; is tcp.port meant?',
  );
  await expect(box).toHaveAttribute('aria-invalid', 'true');
  // A filter that cannot be read hides nothing.
  await expect(rows).toHaveCount(4);
  await box.press('Escape');
  await expect(box).toHaveValue('');
});

test('tcpdump-lies: one packet with half a checksum at both taps, five whole frames on the wire between them', async ({
  page,
}) => {
  await open(page, '#s=1.p.tcpdump-lies');
  const capture = page.getByRole('region', { name: 'Capture' });
  const packet = page.getByRole('region', { name: 'Packet' });
  // The sender's tap: 7240 bytes of payload behind headers of 66, before the card cuts and sums.
  const sent = capture.getByRole('row', { name: /PSH ACK 1:7241/ });
  await expect(sent).toContainText('7306 B partial');
  await expect(sent).toContainText('5 frames good');
  await sent.getByRole('button').click();
  await capture.getByRole('button', { name: 'Bytes', exact: true }).click();
  await expect(packet.getByRole('region', { name: 'At the tap' })).toContainText('7,306 bytes');
  await expect(packet.getByRole('region', { name: 'On the wire' })).toContainText('frame 1 of 5, 1,514 bytes');
  await expect(packet.getByRole('list', { name: 'Where tap and wire differ' })).toContainText(
    'IP total length 7292 → 1500',
  );
  // Side by side, and from the first frame to the last: only that one has the PSH.
  await expect(packet).toContainText('PSH ACK → ACK');
  await packet.getByRole('button', { name: /^Frame 5/ }).click();
  await idle(page);
  await expect(packet).not.toContainText('PSH ACK → ACK');
  await expect(packet.getByRole('region', { name: /frame 5 of 5/ })).toContainText('1,514 bytes');

  // The receiver's tap stands behind GRO: the five frames have become one again.
  await capture.getByRole('button', { name: 'Host B' }).click();
  const received = capture.getByRole('row', { name: /ACK 1:7241/ });
  await expect(received).toContainText('7306 B');
  await expect(received).toContainText('5 frames good');
  await received.getByRole('button').click();
  await expect(packet).toContainText('GRO');
});

test('arrows move along the rows of the capture, and not the playhead by a step', async ({ page }) => {
  await open(page, '#s=1.p.capture-on');
  const capture = page.getByRole('region', { name: 'Capture' });
  const rows = capture.locator('tbody tr[aria-selected]');
  await rows.first().getByRole('button').click();
  await idle(page);
  const first = await stepOf(page);
  await page.keyboard.press('ArrowDown');
  await idle(page);
  await expect(rows.nth(1)).toHaveAttribute('aria-selected', 'true');
  await expect(rows.nth(1).getByRole('button')).toBeFocused();
  expect(await stepOf(page)).toBeGreaterThan(first + 1);
  await page.keyboard.press('End');
  await expect(rows.last().getByRole('button')).toBeFocused();
  await page.keyboard.press('Home');
  await expect(rows.first().getByRole('button')).toBeFocused();
  expect(await stepOf(page)).toBe(first);
});
