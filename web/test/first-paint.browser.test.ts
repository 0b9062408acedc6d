/** The frame that stands in index.html before any code has been read: the page takes it over, and nothing moves or is made anew. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from './browser-page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };
const parts = '.rail, .rail-item, .top-bar, .crumb-here, .search-button, .counters, .text-filter input, .fleet-finder';

/** Left, top, width and height of each part, and where the table begins. */
function measureFrame(page: Page): Promise<readonly (readonly [name: string, place: string])[]> {
  return page.evaluate((selector) => {
    const table = document.querySelector('.fleet-scroll')!.getBoundingClientRect();
    const boxes = Array.from(document.querySelectorAll(selector), (element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      return [element.classList[0] ?? element.localName, [x, y, width, height].map(Math.round).join(' ')] as const;
    });
    return [...boxes, ['table', `${table.x} ${table.y} ${table.width}`] as const];
  }, parts);
}

describe('the first paint', () => {
  for (const [width, height] of [
    [1440, 900],
    [800, 900],
    [360, 740],
  ] as const) {
    it(`shows at ${width} px the frame where the page will have it`, slow, async () => {
      const { page, url, close } = await openPage(browser, {
        devices: 5,
        path: '/settings',
        context: { viewport: { width, height } },
      });
      await page.route('**/assets/main-*', (route) => route.abort());
      await page.goto(url);
      await page.locator('.is-shell').waitFor();
      const before = await measureFrame(page);
      await page.unroute('**/assets/main-*');
      await page.goto(url);
      await page.locator('tr.fleet-row').nth(2).waitFor();
      expect(await page.locator('.is-shell').count()).toBe(0);
      expect(await measureFrame(page)).toEqual(before);
      await close();
    });
  }

  it('is taken over element by element', slow, async () => {
    const { page, url, problems, close } = await openPage(browser, { devices: 5, path: '/settings' });
    await page.addInitScript(() => {
      document.addEventListener('DOMContentLoaded', () => {
        for (const element of document.querySelectorAll('.is-shell, .is-shell *')) {
          (element as { isOfShell?: boolean }).isOfShell = true;
        }
      });
    });
    await page.goto(url);
    await page.locator('tr.fleet-row').nth(2).waitFor();
    const isKept = await page.evaluate(() =>
      ['.frame', '.rail-home', '.top-bar', '.text-filter input', '.fleet-tools', '.fleet-scroll'].map(
        (selector) => (document.querySelector(selector) as { isOfShell?: boolean } | null)?.isOfShell === true,
      ),
    );
    expect(isKept).toEqual([true, true, true, true, true, true]);
    expect(problems).toEqual([]);
    await close();
  });

  it('is not shown where another page is opened', slow, async () => {
    const { page, url, close } = await openPage(browser, { devices: 5, path: '/settings' });
    await page.route('**/assets/main-*', (route) => route.abort());
    await page.goto(`${url}/explore`);
    expect(await page.locator('.is-shell').isVisible()).toBe(false);
    await close();
  });
});
