/** Letting devices and programs in: settings' keys and tokens, and adding a device, in a real Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage } from './browser-page.ts';
import { makeMockDevice } from './mock-fleet.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describe('enrolment keys', () => {
  it('are made with label, uses and expiry, shown once, and removed after a second question', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, path: '/settings' });
    const card = page.getByRole('region', { name: 'Enrolment keys' });
    await card.getByText('There is no key').waitFor();
    await card.getByLabel('For what').fill('workshop boards');
    await card.getByLabel('Devices').fill('12');
    await card.getByLabel('Works for').selectOption('1 hour');
    await card.getByRole('button', { name: 'Make a key' }).click();
    await card.getByText('lwk_mock1').waitFor();
    await card.getByText('12 more devices').waitFor();
    expect(hub.secrets.keys).toMatchObject([{ label: 'workshop boards', usesLeft: 12 }]);
    expect(hub.secrets.keys[0]!.expiresMs! - Date.now()).toBeGreaterThan(3_500_000);
    expect(hub.secrets.keys[0]!.expiresMs! - Date.now()).toBeLessThan(3_601_000);
    await page.reload();
    await card.getByText('12 more devices').waitFor();
    expect(await card.getByText('lwk_mock1').count()).toBe(0);
    await card.getByRole('button', { name: 'Remove the key workshop boards' }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Keep');
    await page.keyboard.press('Escape');
    expect(hub.secrets.keys).toHaveLength(1);
    await card.getByRole('button', { name: 'Remove the key workshop boards' }).click();
    await card.getByRole('button', { name: 'Remove', exact: true }).click();
    await card.getByText('There is no key').waitFor();
    expect(hub.secrets.keys).toHaveLength(0);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('API tokens', () => {
  it('are made, shown once and revoked, also on a phone', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, path: '/settings', context: phone });
    const card = page.getByRole('region', { name: 'API tokens' });
    await card.getByLabel('For what').fill('nightly export');
    await page.keyboard.press('Enter');
    await card.getByText('lwt_mock1').waitFor();
    expect(await hasSidewaysScroll(page)).toBe(false);
    await card.getByRole('button', { name: 'I have it' }).click();
    await expect.poll(() => card.getByText('lwt_mock1').count()).toBe(0);
    await card.getByRole('button', { name: 'Revoke the token nightly export' }).click();
    await card.getByRole('button', { name: 'Revoke', exact: true }).click();
    await card.getByText('There is no token').waitFor();
    expect(hub.secrets.tokens).toHaveLength(0);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('adding a device', () => {
  it(
    'shows a command with a fresh single-use key, and turns green at the first reading of a new device',
    slow,
    async () => {
      const { page, hub, url, problems, close } = await openPage(browser, { devices: 2, pastS: 5 });
      await page.getByRole('link', { name: 'Add a device' }).click();
      await page.getByLabel('Raspberry Pi').check();
      await page.getByText(`npx device-sim host --hub ${url} --key=lwk_mock1`, { exact: true }).waitFor();
      expect(hub.secrets.keys).toMatchObject([{ usesLeft: 1 }]);
      await page.getByText('Waiting for the first reading').waitFor();
      await page.getByLabel('Linux machine').check();
      await page.getByLabel('Simulated boards').check();
      await page.getByText('--boards 10').filter({ hasText: 'lwk_mock2' }).waitFor();
      await page.getByLabel('How many').fill('25');
      await page.getByLabel('How many').blur();
      await page.getByText('--boards 25').filter({ hasText: 'lwk_mock3' }).waitFor();
      expect(hub.secrets.keys.map((key) => key.usesLeft)).toEqual([1, 10, 25]);
      // A reading of a device known before is not an arrival.
      hub.feed.tick([hub.devices[0]!], Date.now());
      await page.locator('.pulse-dot.beat-1').waitFor();
      expect(await page.getByText('Waiting for the first reading').count()).toBe(1);
      const device = makeMockDevice(5, Date.now());
      hub.devices.push(device);
      hub.feed.introduceToAll(device);
      hub.feed.tick([device], Date.now());
      await page.getByRole('status').getByRole('link', { name: device.id }).click();
      await page.getByRole('heading', { level: 1, name: device.id }).waitFor();
      expect(problems).toEqual([]);
      await close();
    },
  );

  it('is what an empty fleet shows, on a phone too, and stays to say who came', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 0, context: phone });
    await page.getByRole('heading', { name: 'Add your first device' }).waitFor();
    for (const [kind, text] of [
      ['Python', `HUB, KEY, DEVICE = "${url}", "lwk_mock1", "my-device-1"`],
      ['ESP32 or other C', `${url}/api/v1/enroll`],
      ['MQTT device', 'Password  lwk_mock1'],
      ['curl', `curl -d 'temp=21.5 hum=40' '${url}/in/lwk_mock1?device=my-device-1'`],
      ['A CSV file', 'npx device-sim replay readings.csv --as backfill'],
    ] as const) {
      await page.getByLabel(kind).check();
      await page.locator('.copy-text', { hasText: text }).waitFor();
      expect(await hasSidewaysScroll(page)).toBe(false);
    }
    expect(hub.secrets.keys).toHaveLength(1);
    const device = makeMockDevice(0, Date.now());
    hub.devices.push(device);
    hub.feed.introduceToAll(device);
    hub.feed.tick([device], Date.now());
    await page.getByRole('status').getByText(`${device.id} is here.`).waitFor();
    await page.getByRole('link', { name: 'See the fleet' }).click();
    await page.locator('tr.fleet-row', { hasText: device.id }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });
});
