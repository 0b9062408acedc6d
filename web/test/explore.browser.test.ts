/** Explore: any series found by a few letters, on one chart or several, with a link and files of what is seen. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage, waitForCharted, waitForDrawn } from './browser-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 40_000 };
const field = (page: Page) => page.getByRole('combobox', { name: /Add metrics/ });
const twoUnits = '/explore?s=pi-attic-01/cpu.busy,pi-attic-01/temperature.cpu&range=5m';

describe('Explore', () => {
  it('finds series by letters, adds them by keys, and says all of it in its address', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 20, pastS: 60, path: '/explore' });
    await page.getByText('Lay any measurements over each other').waitFor();
    await field(page).click();
    await page.keyboard.type('attic-01 cpu.b');
    await page
      .getByRole('option', { name: /cpu\.busy/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /Take away cpu\.busy/ }).waitFor();
    expect(new URL(page.url()).search).toMatch(/^\?s=[\w-]+\/cpu\.busy$/);
    await page.keyboard.press('Escape');
    await waitForCharted(page, 61);
    await page.getByRole('button', { name: /Take away cpu\.busy/ }).click();
    await page.getByText('Lay any measurements over each other').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('draws two units on two axes, history and live on one line, each reading once', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 2, pastS: 60, path: twoUnits });
    await waitForCharted(page, 61);
    await expect.poll(() => page.locator('.explore-card').count()).toBe(1);
    expect(await page.locator('.explore-legend li').count()).toBe(2);
    const device = hub.devices[0]!;
    const nowMs = Date.now();
    const values = device.metrics.map(({ kind }) => [kind === 'text' ? 'x' : kind === 'bool' ? 1 : 5]);
    for (let i = 3; i > 0; i--) {
      hub.feed.emit(device, { arrivedMs: nowMs, times: [nowMs - i * 100 + device.clockOffsetMs], values });
    }
    await waitForCharted(page, 64);
    await page.getByRole('button', { name: 'One each' }).click();
    await expect.poll(() => page.locator('.explore-card').count()).toBe(2);
    expect(page.url()).toContain('layout=each');
    await waitForCharted(page, 64);
    expect(problems).toEqual([]);
    await close();
  });

  it('"All" begins with the earliest reading of any of its devices', slow, async () => {
    const { page, problems, close } = await openPage(browser, {
      devices: 2,
      pastS: 600,
      path: twoUnits.replace('5m', 'all'),
    });
    const span = () =>
      page.evaluate(() => {
        const box = document.querySelector('.chart-box') as unknown as
          | { lapwingPlot?: { view: { fromMs: number; edgeMs: number } } }
          | undefined;
        const view = box?.lapwingPlot?.view;
        return view === undefined ? 0 : Math.round((view.edgeMs - view.fromMs) / 1_000);
      });
    // Ten minutes and a little air, not a year.
    await expect.poll(async () => (await span()) > 600 && (await span()) < 640, { timeout: 8_000 }).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });

  it('a link brings back what was seen: how it is drawn, and the time it is compared with', slow, async () => {
    const path = `${twoUnits}&draw=max&compare=day&layout=each`;
    const { page, hub, problems, close } = await openPage(browser, { devices: 2, pastS: 60, path });
    await waitForCharted(page, 61);
    expect(await page.getByLabel('Draw').inputValue()).toBe('max');
    await page.getByText('a day before', { exact: true }).first().waitFor();
    const asked = () => hub.requests.filter((request) => request === 'GET /api/v1/history').length;
    await expect.poll(asked).toBeGreaterThanOrEqual(2);
    await page.getByLabel('Compare with').selectOption('none');
    expect(page.url()).not.toContain('compare');
    expect(page.url()).toContain('draw=max');
    expect(problems).toEqual([]);
    await close();
  });

  it('gives what is seen as CSV and PNG', slow, async () => {
    const { page, close } = await openPage(browser, { devices: 2, pastS: 60, path: twoUnits });
    await waitForCharted(page, 61);
    await waitForDrawn(page);
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV as drawn' }).click(),
    ]);
    const lines = (await readFile(await csv.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines[0]).toBe('time,pi-attic-01/cpu.busy,pi-attic-01/temperature.cpu');
    expect(lines.length).toBeGreaterThan(40);
    expect(lines[5]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z,-?[\d.]+,-?[\d.]+$/);
    const [png] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PNG' }).click()]);
    const bytes = await readFile(await png.path());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(bytes.length).toBeGreaterThan(5_000);
    await close();
  });

  it('says of a series that there is none, and stands at 360 px', slow, async () => {
    const path = '/explore?s=nobody/nothing,pi-attic-01/cpu.busy&range=5m';
    const context = { viewport: { width: 360, height: 740 } };
    const { page, problems, close } = await openPage(browser, { devices: 3, pastS: 20, path, context });
    await page.getByText('not known').waitFor();
    expect(await hasSidewaysScroll(page)).toBe(false);
    expect(problems).toEqual([]);
    await close();
  });
});
