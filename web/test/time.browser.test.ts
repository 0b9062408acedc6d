/** Holding, zooming and moving through time on the device page, with real pointers and keys, in a real Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage, waitForCharted } from './browser-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 40_000 };
const pastS = 250;
const path = '/devices/pi-attic-01';

function readWindow(page: Page): { fromMs: number; toMs: number; spanMs: number } | null {
  const query = new URL(page.url()).searchParams;
  if (!query.has('from')) return null;
  const [fromMs, toMs] = [Number(query.get('from')), Number(query.get('to'))];
  return { fromMs, toMs, spanMs: toMs - fromMs };
}

/** From one share of the first chart's width to another. */
async function drag(page: Page, [from, to]: readonly [number, number], whileHeld?: () => Promise<void>): Promise<void> {
  const box = (await page.locator('.chart-box .u-over').first().boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 });
  await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
  await whileHeld?.();
  await page.mouse.up();
}

function readBucketMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const box = document.querySelector('.chart-box') as unknown as { lapwingPlot: { buffers: { bucketMs: number }[] } };
    return box.lapwingPlot.buffers[0]!.bucketMs;
  });
}

describe('time', () => {
  it('a drag zooms, fetches finer data and is in the address; Escape and back go where they should', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 1, pastS, path });
    await waitForCharted(page, pastS + 1);
    expect(await readBucketMs(page)).toBe(500);
    const selection = page.locator('.time-selection').first();
    await drag(page, [0.5, 0.6], () => selection.waitFor());
    await selection.waitFor({ state: 'hidden' });
    await page.locator('.hold.is-held', { hasText: 'behind' }).waitFor();
    const zoomed = readWindow(page)!;
    expect(zoomed.spanMs).toBeGreaterThan(25_000);
    expect(zoomed.spanMs).toBeLessThan(36_000);
    await expect.poll(() => readBucketMs(page)).toBe(zoomed.spanMs > 30_000 ? 100 : 50);
    const shown = await page.evaluate(() => {
      const box = document.querySelector('.chart-box') as unknown as {
        lapwingPlot: { buffers: { countAll(): number }[] };
      };
      return box.lapwingPlot.buffers[0]!.countAll();
    });
    expect(shown).toBeGreaterThanOrEqual(Math.floor(zoomed.spanMs / 1000));
    const asked = hub.requests.length;
    await page.reload();
    await expect.poll(() => readBucketMs(page).catch(() => 0)).toBe(zoomed.spanMs > 30_000 ? 100 : 50);
    expect(readWindow(page)).toEqual(zoomed);
    expect(hub.requests.length).toBeGreaterThan(asked);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Hold the charts still' }).waitFor();
    expect(page.url()).toBe(url + path);
    await page.goBack();
    await page.locator('.hold.is-held').waitFor();
    expect(readWindow(page)).toEqual(zoomed);
    expect(problems).toEqual([]);
    await close();
  });

  it('Space holds the page still and lets it go; the pill says how far behind it is', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, pastS: 60, path });
    await waitForCharted(page, 61);
    await page.keyboard.press('Space');
    await page.locator('.hold.is-held', { hasText: /behind\s*1\s?s/ }).waitFor();
    const held = readWindow(page)!;
    expect(held.spanMs).toBe(300_000);
    hub.feed.tick(hub.devices, Date.now());
    await page.locator('.hold.is-held', { hasText: /behind\s*2\s?s/ }).waitFor();
    expect(readWindow(page)).toEqual(held);
    await page.keyboard.press('Space');
    await waitForCharted(page, 62);
    expect(readWindow(page)).toBeNull();
    expect(problems).toEqual([]);
    await close();
  });

  it(
    'shift-drag moves through time, Ctrl and wheel zoom around the pointer, a double-click goes live',
    slow,
    async () => {
      const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path });
      await waitForCharted(page, pastS + 1);
      await page.keyboard.down('Shift');
      await drag(page, [0.3, 0.8]);
      await page.keyboard.up('Shift');
      await page.locator('.hold.is-held').waitFor();
      const panned = readWindow(page)!;
      expect(panned.spanMs).toBe(300_000);
      expect(Date.now() - panned.toMs).toBeGreaterThan(140_000);
      expect(Date.now() - panned.toMs).toBeLessThan(170_000);
      const box = (await page.locator('.chart-box .u-over').first().boundingBox())!;
      await page.mouse.move(box.x + box.width / 2, box.y + 20);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -120);
      await page.mouse.wheel(0, -120);
      await page.keyboard.up('Control');
      await expect.poll(() => readWindow(page)!.spanMs).toBeLessThan(150_000);
      const zoomed = readWindow(page)!;
      expect(Math.abs((zoomed.fromMs + zoomed.toMs) / 2 - (panned.fromMs + panned.toMs) / 2)).toBeLessThan(3_000);
      await page.mouse.dblclick(box.x + box.width / 2, box.y + 20);
      await page.getByRole('button', { name: 'Hold the charts still' }).waitFor();
      expect(readWindow(page)).toBeNull();
      expect(problems).toEqual([]);
      await close();
    },
  );

  it('a gap says its cause under the pointer', slow, async () => {
    const { page, problems, close } = await openPage(browser, {
      devices: 1,
      pastS,
      path,
      setUp: (hub) => {
        const device = hub.devices[0]!;
        const nowMs = Date.now();
        const inHole = (timeMs: number) => timeMs > nowMs - 150_000 && timeMs < nowMs - 90_000;
        device.batches.splice(0, Infinity, ...device.batches.filter((batch) => !inHole(batch.times[0]!)));
        device.gaps.push({
          cause: 'skipped-overflow',
          because: null,
          fromMs: nowMs - 150_000,
          toMs: nowMs - 90_000,
          readings: 720,
        });
      },
    });
    await page.locator('.chart-box .u-over').first().waitFor();
    const box = (await page.locator('.chart-box .u-over').first().boundingBox())!;
    const note = page.locator('.gap-note').first();
    await expect
      .poll(async () => {
        await page.mouse.move(box.x + box.width * 0.59, box.y + 30);
        await page.mouse.move(box.x + box.width * 0.6, box.y + 30);
        return note.textContent();
      })
      .toContain('720 readings lost: the outbox was full');
    expect(await note.isVisible()).toBe(true);
    await page.locator('.header-strips').getByText('99.980').waitFor();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 30);
    await expect.poll(() => note.textContent()).toBe('');
    expect(problems).toEqual([]);
    await close();
  });

  it('one finger moves and two fingers zoom, on a phone where nothing runs out of the screen', slow, async () => {
    const context = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, context });
    await waitForCharted(page, pastS + 1);
    await page.locator('.chart-box').first().scrollIntoViewIfNeeded();
    const box = (await page.locator('.chart-box .u-over').first().boundingBox())!;
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...shares: number[]) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: shares.map((share, id) => ({ id, x: box.x + box.width * share, y: box.y + 60 })),
      });
    await touch('touchStart', 0.2);
    for (const share of [0.3, 0.5, 0.7]) await touch('touchMove', share);
    await touch('touchEnd');
    await page.locator('.hold.is-held').waitFor();
    const panned = readWindow(page)!;
    expect(panned.spanMs).toBe(300_000);
    expect(Date.now() - panned.toMs).toBeGreaterThan(100_000);
    expect(await hasSidewaysScroll(page)).toBe(false);
    const barHeight = await page.locator('.range-bar').evaluate((bar) => bar.clientHeight);
    expect(barHeight).toBeLessThan(40);
    await touch('touchStart', 0.4, 0.6);
    for (const spread of [0.15, 0.2, 0.3]) await touch('touchMove', 0.5 - spread, 0.5 + spread);
    await touch('touchEnd');
    await expect.poll(() => readWindow(page)!.spanMs).toBeLessThan(150_000);
    expect(problems).toEqual([]);
    await close();
  });
});
