/** The time bar: any stretch, everything, steps, and what it says when there is nothing to see; in a real Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage, waitForCharted } from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 40_000 };
const pastS = 120;
const path = '/devices/pi-attic-01';
const context = { timezoneId: 'Europe/Berlin' };

function readWindow(page: Page): { fromMs: number; toMs: number } | null {
  const query = new URL(page.url()).searchParams;
  return query.has('from') ? { fromMs: Number(query.get('from')), toMs: Number(query.get('to')) } : null;
}

/** All that the device ever measured happened on one day of 2014. */
function moveTo2014(hub: MockHub): { fromMs: number; toMs: number } {
  const device = hub.devices[0]!;
  const fromMs = Date.UTC(2014, 3, 3, 10);
  const batches = device.batches.map((batch, i) => ({ ...batch, times: [fromMs + i * 60_000] }));
  device.batches.splice(0, Infinity, ...batches);
  device.presence = 'offline';
  return { fromMs, toMs: batches.at(-1)!.times[0]! };
}

describe('a free range', () => {
  it('is checked, tells what is wrong, and is in the address', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, context });
    await waitForCharted(page, pastS + 1);
    await page.getByRole('button', { name: 'Choose a range' }).click();
    const from = page.getByLabel('From');
    const to = page.getByLabel('To, empty for now');
    await from.fill('2026-01-02T03:04:05');
    await to.fill('2026-01-02T03:04:05');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByRole('alert').getByText('It must end behind its beginning').waitFor();
    expect(await to.getAttribute('aria-invalid')).toBe('true');
    await from.fill('2099-01-02T03:04:05');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('still to come').waitFor();
    await from.fill('2026-01-02T02:04:05');
    await page.keyboard.press('Enter');
    await page.locator('.picker').waitFor({ state: 'hidden' });
    const toMs = Date.UTC(2026, 0, 2, 2, 4, 5);
    expect(readWindow(page)).toEqual({ fromMs: toMs - 3_600_000, toMs });
    await page.locator('.free-text', { hasText: /02:04.*03:04/ }).waitFor();
    await page.locator('.hold.is-held').waitFor();
    // Escape closes the picker and nothing else.
    await page.locator('.free-button').click();
    await from.waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.picker').waitFor({ state: 'hidden' });
    expect(readWindow(page)).toEqual({ fromMs: toMs - 3_600_000, toMs });
    expect(problems).toEqual([]);
    await close();
  });

  it('goes back, forward and wider by steps', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path });
    await waitForCharted(page, pastS + 1);
    await page.getByRole('button', { name: 'Half a range back' }).click();
    const first = readWindow(page)!;
    expect(first.toMs - first.fromMs).toBe(300_000);
    expect(Date.now() - first.toMs).toBeGreaterThan(149_000);
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await expect.poll(() => readWindow(page)!.toMs - readWindow(page)!.fromMs).toBe(600_000);
    const wide = readWindow(page)!;
    expect(Math.abs((wide.fromMs + wide.toMs - first.fromMs - first.toMs) / 2)).toBeLessThan(3_000);
    await page.getByRole('button', { name: 'Half a range back' }).click();
    await page.getByRole('button', { name: 'Half a range forward' }).click();
    await expect.poll(() => readWindow(page)).toEqual(wide);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('data that is not where one looks', () => {
  it('is hinted at on the page and on each chart, and shown by one click', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, setUp: moveTo2014, context });
    await page.getByText('Nothing was measured in the stretch shown.').waitFor();
    const hints = page.locator('.newest-hint', { hasText: /Latest reading Apr 3, 2014/ });
    await hints.first().waitFor();
    expect(await hints.count()).toBe(await page.locator('.chart-card').count());
    await hints.first().getByRole('button', { name: 'Show' }).click();
    const window = readWindow(page)!;
    expect(window.toMs - window.fromMs).toBe(300_000);
    await hints.first().waitFor({ state: 'hidden' });
    await page.getByText('Nothing was measured').waitFor({ state: 'hidden' });
    await waitForCharted(page, 5);
    expect(problems).toEqual([]);
    await close();
  });

  it('is all there under All, however old', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, setUp: moveTo2014 });
    await page.getByText('Nothing was measured').waitFor();
    await page.getByRole('button', { name: 'All, everything' }).click();
    await waitForCharted(page, pastS + 1);
    expect(new URL(page.url()).search).toBe('?range=all');
    await page.getByText('Nothing was measured').waitFor({ state: 'hidden' });
    expect(problems).toEqual([]);
    await close();
  });

  it('under All runs from the first reading into the present where there is a present', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 1, pastS, path: `${path}?range=all` });
    await waitForCharted(page, pastS + 1);
    hub.feed.tick(hub.devices, Date.now());
    await waitForCharted(page, pastS + 2);
    await close();
  });
});

/** What was written on each canvas at the height of its time labels in the last painting: places and widths. */
function readLabels(page: Page): Promise<{ text: string; from: number; to: number }[][]> {
  return page.evaluate(() => {
    const kept = (
      globalThis as unknown as {
        written: Map<HTMLCanvasElement, { text: string; x: number; y: number; width: number }[]>;
      }
    ).written;
    return [...kept].map(([canvas, list]) =>
      list
        .filter(({ y }) => y > canvas.height - 20 * devicePixelRatio)
        .map(({ text, x, width }) => ({ text, from: x - width / 2, to: x + width / 2 })),
    );
  });
}

describe('the labels of the time axis', () => {
  for (const width of [1440, 1280, 1100, 900, 360]) {
    it(`never touch at ${width} px, at any range`, slow, async () => {
      const { page, url, close } = await openPage(browser, {
        devices: 1,
        pastS,
        path: '/settings',
        context: { viewport: { width, height: 800 } },
      });
      await page.addInitScript(() => {
        const written = new Map<HTMLCanvasElement, { text: string; x: number; y: number; width: number }[]>();
        (globalThis as { written?: typeof written }).written = written;
        const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.clearRect = function (...box) {
          written.set(this.canvas, []);
          clearRect.apply(this, box);
        };
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          // uPlot moves the origin for its labels.
          const place = this.getTransform().transformPoint({ x, y });
          written.get(this.canvas)?.push({ text, x: place.x, y: place.y, width: this.measureText(text).width });
          fillText.call(this, text, x, y);
        };
      });
      const old = Date.UTC(2014, 3, 3);
      const views = ['range=1m', 'range=15m', 'range=6h', 'range=7d', 'range=90d', 'range=all'];
      views.push(`from=${old}&to=${old + 6 * 3_600_000}`, `from=${old}&to=${old + 40 * 86_400_000}`);
      views.push(`from=${old}&to=${old + 4 * 365 * 86_400_000}`);
      for (const view of views) {
        await page.goto(`${url}${path}?${view}`);
        await page.locator('.chart-box canvas').first().waitFor();
        await expect.poll(async () => (await readLabels(page)).flat().length).toBeGreaterThan(1);
        for (const labels of await readLabels(page)) {
          const sorted = labels.filter(({ text }) => text !== '').sort((a, b) => a.from - b.from);
          for (let i = 1; i < sorted.length; i++) {
            const room = sorted[i]!.from - sorted[i - 1]!.to;
            expect(room, `${view}: ${sorted[i - 1]!.text} and ${sorted[i]!.text}`).toBeGreaterThan(4);
          }
        }
      }
      await close();
    });
  }
});
