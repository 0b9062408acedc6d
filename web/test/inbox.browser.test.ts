/** The inbox and the bridges, in a real Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage } from './browser-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };

describe('the inbox', () => {
  it('shows who waits with what they say, and lets them in under a name', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, {
      devices: 2,
      path: '/inbox',
      setUp: (mock) => mock.inbox.fill(Date.now()),
    });
    const plug = page.getByRole('listitem').filter({ hasText: 'Kitchen plug' });
    await plug.getByText('3.185 kWh').waitFor();
    await plug.getByText('Tasmota', { exact: true }).waitFor();
    const blob = page.getByRole('listitem').filter({ hasText: 'plant/line7/blob' });
    expect(await blob.getByRole('button', { name: /Let in/ }).count()).toBe(0);
    await plug.getByLabel('Call it').fill('kitchen-plug');
    await plug.getByRole('button', { name: 'Let in Kitchen plug' }).click();
    await page.waitForURL(`${url}/devices/kitchen-plug`);
    expect(hub.inbox.adopted).toEqual(['kitchen-plug']);
    // The mock has no such device; the page says so, and nothing else goes wrong.
    expect(problems.filter((line) => !line.includes('404'))).toEqual([]);
    await close();
  });

  it('blocks by two clicks, lists who is blocked, unblocks by one, and says when nobody waits', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, {
      devices: 1,
      path: '/inbox',
      setUp: (mock) => mock.inbox.fill(Date.now()),
    });
    for (const name of ['Kitchen plug', 'plant/line7/blob']) {
      await page.getByRole('button', { name: `Block ${name}` }).click();
      await page
        .getByRole('group', { name: 'What it says is passed over then.' })
        .getByRole('button', { name: 'Block' })
        .click();
      await page.getByRole('heading', { name }).waitFor({ state: 'detached' });
    }
    await page.getByRole('heading', { name: 'Nobody waits' }).waitFor();
    expect(hub.inbox.waiting).toEqual([]);
    await page.getByRole('heading', { name: 'Blocked' }).click();
    const blocked = page.getByRole('list', { name: 'Blocked devices' });
    expect(await blocked.getByRole('listitem').count()).toBe(2);
    await blocked.getByText('Tasmota').waitFor();
    await blocked.getByRole('button', { name: 'Unblock AABBCC' }).click();
    await blocked.getByText('AABBCC').waitFor({ state: 'detached' });
    expect(hub.inbox.blocked).toMatchObject([{ native: 'plant/line7/blob' }]);
    await blocked.getByRole('button', { name: 'Unblock plant/line7/blob' }).click();
    await page.getByRole('heading', { name: 'Blocked' }).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await close();
  });

  it('fits a phone', slow, async () => {
    const { page, problems, close } = await openPage(browser, {
      devices: 1,
      path: '/inbox',
      setUp: (mock) => mock.inbox.fill(Date.now()),
      context: { viewport: { width: 360, height: 740 } },
    });
    await page.getByText('Kitchen plug').waitFor();
    expect(await hasSidewaysScroll(page)).toBe(false);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('bridges in the settings', () => {
  it('connect a broker, show how it is, and turn it off without asking for the password again', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, path: '/settings' });
    const card = page.getByRole('region', { name: 'Bridges' });
    await card.getByText('No broker is connected.').waitFor();
    await card.getByText('Connect a broker').click();
    await card.getByLabel('Name').fill('home');
    await card.getByLabel('Address').fill('mqtt://192.168.1.5');
    await card.getByLabel('Password').fill('hunter-22');
    await card.getByRole('button', { name: 'Connect' }).click();
    await card.getByText('connected · 17 in, 4 out').waitFor();
    expect(hub.inbox.bridges.mqtt[0]).toMatchObject({ id: 'home', hasPassword: true, homeAssistantPrefix: '' });
    expect(hub.inbox.bridges.mqtt[0]!.read).toContain('tele/#');
    await card.getByRole('button', { name: 'Turn off home' }).click();
    await card.getByText('· off').waitFor();
    expect(await page.content()).not.toContain('hunter-22');
    await card.getByLabel(/Newest values for Prometheus/).check();
    await expect.poll(() => hub.inbox.bridges.prometheus).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });
});
