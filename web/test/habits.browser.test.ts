/** Habits: the palette, the list of keys, the neighbours of a device, and installing the page, in a real Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage, waitForCharted } from './browser-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };

describe('the palette', () => {
  it('goes to devices, metrics and pages by keyboard, and gives the focus back', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 30, pastS: 20 });
    await page.locator('tr.fleet-row').first().waitFor();
    await page.getByLabel('Filter by name').focus();
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Go to a device' });
    await field.waitFor();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label')?.startsWith('Filter by name'));
    await page.keyboard.press('Control+k');
    await field.fill('wifi attic-01');
    await page.getByRole('option', { name: 'wifi.rssi' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'pi-attic-01' }).waitFor();
    await waitForCharted(page, 21);
    await page.waitForFunction(() => {
      const chart = document.querySelector('[data-metrics~="wifi.rssi"]')!.getBoundingClientRect();
      return chart.top >= 0 && chart.bottom <= innerHeight;
    });
    await page.keyboard.press('Control+k');
    await field.fill(hub.devices[7]!.id);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/devices/${hub.devices[7]!.id}`);
    await page.keyboard.press('Control+k');
    await field.fill('sett');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/settings`);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('a dialogue', () => {
  it('keeps the focus inside, both ways, and gives it back', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 2 });
    const opener = page.getByRole('button', { name: 'Columns' });
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialogue = page.getByRole('dialog', { name: 'Columns' });
    await dialogue.waitFor();
    const isInside = () => dialogue.evaluate((element) => element.contains(document.activeElement));
    const stops = new Set<string>();
    for (const key of ['Tab', 'Shift+Tab']) {
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press(key);
        expect(await isInside(), `${key} ${i}`).toBe(true);
        stops.add(await page.evaluate(() => document.activeElement!.outerHTML));
      }
    }
    expect(stops.size).toBeGreaterThan(2);
    await page.keyboard.press('Escape');
    await dialogue.waitFor({ state: 'detached' });
    expect(await opener.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('keys', () => {
  it('are listed by ?, but not while somebody types', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1 });
    await page.getByLabel('Filter by name').fill('a');
    await page.keyboard.type('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.getByLabel('Filter by name').blur();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('hold the charts still').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await close();
  });

  it('go to the next and previous device by name, keeping the range', slow, async () => {
    const { page, url, problems, close } = await openPage(browser, {
      devices: 14,
      pastS: 10,
      path: '/devices/pi-attic-02?range=15m',
    });
    await waitForCharted(page, 11);
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(`${url}/devices/pi-barn-01?range=15m`);
    await page.getByRole('heading', { level: 1, name: 'pi-barn-01' }).waitFor();
    await page.keyboard.press('h');
    await page.keyboard.press('h');
    await page.waitForURL(`${url}/devices/pi-attic-01?range=15m`);
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(`${url}/devices/pi-workshop-01?range=15m`);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('installing', () => {
  it('has a manifest whose icons exist', slow, async () => {
    const { page, url, problems, close } = await openPage(browser, { devices: 1 });
    const manifest = await page.evaluate(async () => {
      const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')!;
      return (await (await fetch(link.href)).json()) as { display: string; icons: { src: string; sizes: string }[] };
    });
    expect(manifest.display).toBe('standalone');
    for (const { src } of manifest.icons) expect((await page.request.get(url + src)).status()).toBe(200);
    expect(manifest.icons.map((icon) => icon.sizes)).toContain('512x512');
    const session = await page.context().newCDPSession(page);
    const told = await session.send('Page.getAppManifest');
    expect(told.errors).toEqual([]);
    expect(problems).toEqual([]);
    await close();
  });
});
