/** Signing in, the fleet table and the states of the page, in a real Chromium against the mock hub. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage } from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };

describe('signing in', () => {
  it('takes the one-time link out of the address, offers a password, and signs in by it later', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, {
      devices: 3,
      isSignedIn: false,
      path: '/sign-in#link=first-link',
    });
    await page.getByRole('table', { name: 'Devices' }).waitFor();
    expect(page.url()).toBe(`${url}/`);
    await page.getByRole('link', { name: 'Set a password' }).click();
    await page.getByLabel('New password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByText('The password is set.').waitFor();
    expect(hub.password).toBe('correct horse battery');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    expect(await page.getByText('Set a password', { exact: true }).count()).toBe(0);
    expect(problems).toEqual([]);
    await close();
  });

  it('tells a stranger to make a link while nobody has a password, without a request refused', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, isSignedIn: false });
    await page.getByText('npx lapwing sign-in-link').waitFor();
    expect(await page.getByLabel('Password').count()).toBe(0);
    expect(problems).toEqual([]);
    await close();
  });

  it('says what to do when a link was used up', slow, async () => {
    const { page, url, close } = await openPage(browser, { devices: 1, isSignedIn: false, path: '/sign-in#link=old' });
    await page.getByRole('alert').getByText('This sign-in link is used up').waitFor();
    expect(page.url()).toBe(`${url}/sign-in`);
    await close();
  });
});

describe('the fleet table', () => {
  it('ticks without touching the structure of the page', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 5, pastS: 30 });
    const device = hub.devices[0]!;
    const cell = page.locator('tr.fleet-row', { hasText: device.id }).locator('[data-value]').first();
    await cell.filter({ hasText: /\d/ }).waitFor();
    await page.waitForFunction(() => document.querySelector('.spark path')?.getAttribute('d') !== null);
    await page.evaluate(() => {
      const state = window as unknown as { changes: number };
      state.changes = 0;
      const observer = new MutationObserver((records) => {
        state.changes += records.length;
      });
      observer.observe(document.querySelector('.fleet-table')!, { childList: true, subtree: true });
    });
    for (const value of [11.1, 22.2, 33.3]) {
      const nowMs = Date.now();
      const values = device.metrics.map((metric) => [
        metric.kind === 'text' ? 'x' : metric.kind === 'bool' ? 1 : value,
      ]);
      hub.feed.emit(device, { arrivedMs: nowMs, times: [nowMs + device.clockOffsetMs], values });
      await cell.filter({ hasText: String(value) }).waitFor();
    }
    expect(await page.evaluate(() => (window as unknown as { changes: number }).changes)).toBe(0);
    await page.locator('.pulse-figures b', { hasText: /^\d+$/ }).first().waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('puts a device that goes offline first, counts it, and keeps the filters in the address', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 8 });
    const last = hub.devices.at(-1)!;
    await page.locator('tr.fleet-row').nth(7).waitFor();
    hub.feed.sendPresence(last, 'offline');
    await page.locator('tr.fleet-row', { hasText: last.id }).getByText('Offline').waitFor();
    await page.waitForFunction((id) => {
      const rows = [...document.querySelectorAll<HTMLElement>('tr.fleet-row')];
      return rows.find((row) => row.ariaRowIndex === '2')?.textContent?.includes(id) === true;
    }, last.id);
    await page.getByRole('button', { name: 'Offline 1' }).click();
    await page.waitForFunction(() => document.querySelectorAll('tr.fleet-row').length === 1);
    expect(page.url()).toBe(`${url}/?state=offline`);
    await page.getByLabel('Filter by name').fill('nothing like it');
    await page.getByText('No device matches').waitFor();
    expect(page.url()).toContain('q=nothing');
    await page.reload();
    await page.getByText('No device matches').waitFor();
    await page.getByRole('button', { name: 'Show all devices' }).click();
    await page.locator('tr.fleet-row').nth(7).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('shows ten thousand devices with a few rows', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 10_000 });
    await page.getByRole('button', { name: 'All 10' }).waitFor();
    await page.locator('tr.fleet-row').first().waitFor();
    expect(await page.locator('tr.fleet-row').count()).toBeLessThan(60);
    await page.locator('.fleet-scroll').evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await page.locator('tr[aria-rowindex="10001"]').waitFor();
    expect(await page.locator('tr.fleet-row').count()).toBeLessThan(60);
    expect(problems).toEqual([]);
    await close();
  });

  it('says how things stand when the hub fails', slow, async () => {
    const failing = await openPage(browser, { devices: 0, setUp: (hub) => hub.failing.add('devices') });
    await failing.page.getByText('The devices could not be read').waitFor();
    failing.hub.failing.clear();
    await failing.page.getByRole('button', { name: 'Try again' }).click();
    await failing.page.getByText('Add your first device').waitFor();
    await failing.close();
  });
});

describe('the frame', () => {
  it('says that the disk is full while it is, and stops saying so', slow, async () => {
    const { page, hub, close } = await openPage(browser, {
      devices: 2,
      setUp: (mock) => {
        mock.store = { state: 'unavailable', code: 'SQLITE_FULL', message: 'disk is full', sinceMs: Date.now() };
      },
    });
    await page.getByRole('alert').getByText("The hub's disk is full").waitFor();
    await page.getByText('nothing acked is lost').waitFor();
    hub.store = { state: 'ok', code: '', message: '', sinceMs: 0 };
    await page.getByText("The hub's disk is full").waitFor({ state: 'detached' });
    await close();
  });

  it('follows the system’s theme until one is chosen, and then keeps that', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 2, context: { colorScheme: 'dark' } });
    const readGround = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.locator('tr.fleet-row').first().waitFor();
    expect(await readGround()).toBe('rgb(11, 16, 19)');
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await readGround()).toBe('rgb(244, 247, 247)');
    await page.getByRole('button', { name: 'Use the dark theme' }).click();
    await expect.poll(readGround).toBe('rgb(11, 16, 19)');
    await page.reload();
    await page.locator('tr.fleet-row').first().waitFor();
    expect(await readGround()).toBe('rgb(11, 16, 19)');
    expect(problems).toEqual([]);
    await close();
  });

  it('fits a screen of 360 px', slow, async () => {
    const context = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
    // A card without tags has no second line.
    const setUp = ({ devices }: MockHub) => {
      for (const device of devices.slice(0, 15)) device.tags.length = 0;
    };
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 30, pastS: 20, context, setUp });
    await page.locator('tr.fleet-row').nth(3).waitFor();
    expect(await hasSidewaysScroll(page)).toBe(false);
    const cut = await page.locator('tr.fleet-row').evaluateAll(
      (rows) =>
        rows.filter((row) => {
          const name = row.querySelector('.cell-name a')!.getBoundingClientRect();
          const tops = [...row.querySelectorAll('.cell-metric')].map((cell) => cell.getBoundingClientRect().top);
          return tops.length === 0 || tops.some((top) => top < name.bottom);
        }).length,
    );
    expect(cut, 'cards whose metrics lie upon the name').toBe(0);
    for (const path of [`/devices/${hub.devices[0]!.id}`, '/settings']) {
      await page.goto(url + path);
      await page.getByRole('heading').first().waitFor();
      expect(await hasSidewaysScroll(page)).toBe(false);
    }
    expect(problems).toEqual([]);
    await close();
  });

  it('is walked through by keyboard', slow, async () => {
    const { page, hub, url, close } = await openPage(browser, { devices: 2 });
    await page.locator('tr.fleet-row').nth(1).waitFor();
    await page.locator('tr.fleet-row a').first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(hub.devices.some((device) => page.url() === `${url}/devices/${device.id}`)).toBe(true);
    await page.goBack();
    await page.locator('tr.fleet-row').nth(1).waitFor();
    await close();
  });
});
