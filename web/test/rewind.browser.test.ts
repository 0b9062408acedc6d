/** The past of the whole page, and the way around blocked sockets, in a real Chromium over the mock hub. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from './browser-page.ts';
import { pastPresence, pastValue } from './mock-past.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 60_000 };
/** A round instant some hours ago: an odd minute, in which everybody was online. */
function someTime(): number {
  const ms = Math.floor(Date.now() / 120_000) * 120_000 - 3 * 3_600_000 + 60_000;
  return ms + 5_000;
}
const iso = (ms: number) => new Date(ms).toISOString();

/** Numbers in the first row that stand for metric 0: seconds. */
async function waitForSecond(page: Page, is: (second: number) => boolean): Promise<void> {
  await expect
    .poll(
      async () => {
        const text = ((await page.locator('tr.fleet-row').first().textContent()) ?? '').replaceAll(/[,\s]/g, '');
        return [...text.matchAll(/\d+(?:\.\d+)?/g)].some(([found]) => is(Math.floor(Number(found))));
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true);
}

describe('rewind', () => {
  it('shows statuses and values of the instant, says so, and comes back with one key', slow, async () => {
    const atMs = someTime();
    const open = await openPage(browser, { devices: 40, pastS: 5, path: `/?at=${iso(atMs)}` });
    const { page, hub, problems, close } = open;
    await page.getByText('Rewound to').waitFor();
    await waitForSecond(page, (second) => second === pastValue(atMs, 0));
    await page.getByRole('button', { name: /^All 40/ }).waitFor();
    await page.getByRole('button', { name: /^Online 40/ }).waitFor();
    // A minute on, one in ten was away.
    await page.keyboard.press('>');
    expect(pastPresence(3, atMs + 60_000)).toBe('offline');
    await page.getByRole('button', { name: /^Offline 4/ }).waitFor();
    // The present goes on, and does not show.
    expect(hub.feed.viewers).toBeLessThanOrEqual(1);
    hub.feed.sendPresence(hub.devices[0]!, 'late');
    await page.keyboard.press('<');
    await page.getByRole('button', { name: /^Late 0/ }).waitFor();
    await page.keyboard.press('r');
    await page.getByText('Rewound to').waitFor({ state: 'detached' });
    const late = hub.devices.filter(({ presence }) => presence === 'late').length;
    await page.getByRole('button', { name: new RegExp(`^Late ${late}`) }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    expect(problems).toEqual([]);
    await close();
  });

  it('the scrubber is worked by keyboard, and speed and play are said', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 5, pastS: 5 });
    await page.locator('tr.fleet-row').first().waitFor();
    await page.getByRole('button', { name: 'Rewind the page' }).click();
    const scrubber = page.getByRole('slider', { name: 'Instant shown' });
    await scrubber.focus();
    const before = Date.parse(new URL(page.url()).searchParams.get('at')!);
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((ms) => Date.parse(new URL(location.href).searchParams.get('at')!) < ms, before);
    await page.getByRole('button', { name: '60 times as fast' }).click();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByRole('button', { name: 'Stand still', exact: true }).waitFor();
    // At sixty times it meets the present by itself.
    await page.getByText('Rewound to').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByText('rewind the whole page, and back to live').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('a thousand devices play at sixty times with the main thread mostly idle', slow, async () => {
    const atMs = someTime();
    const { page, problems, close } = await openPage(browser, { devices: 1000, path: `/?at=${iso(atMs)}` });
    await page.getByText('Rewound to').waitFor();
    await page.getByRole('button', { name: '60 times as fast' }).click();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await waitForSecond(page, (second) => second > pastValue(atMs, 0) + 60);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const readTask = async () => {
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string) => metrics.find((metric) => metric.name === name)!.value;
      return { busy: of('ThreadTime'), at: of('Timestamp') };
    };
    const from = await readTask();
    // Six minutes of the past: six seconds.
    await waitForSecond(page, (second) => second > pastValue(atMs, 0) + 420);
    const to = await readTask();
    const busy = (to.busy - from.busy) / (to.at - from.at);
    console.log(`1,000 devices at 60×: main thread ${(busy * 100).toFixed(1)} % of a core`);
    expect(busy).toBeLessThan(0.5);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('sockets blocked on the way', () => {
  it('the page goes on over server-sent events by itself, and says so', slow, async () => {
    const open = await openPage(browser, {
      devices: 3,
      pastS: 5,
      setUp: (hub) => {
        hub.feed.isBlocked = true;
      },
    });
    const { page, hub, close } = open;
    await page.getByText('over SSE').waitFor({ timeout: 20_000 });
    hub.feed.sendPresence(hub.devices[0]!, 'late');
    await page.getByRole('button', { name: /^Late 1/ }).waitFor();
    hub.feed.cut();
    await page.getByText('over SSE').waitFor();
    hub.feed.sendPresence(hub.devices[1]!, 'late');
    await expect.poll(() => hub.feed.viewers, { timeout: 10_000 }).toBe(1);
    await page.getByRole('button', { name: /^Late [12]/ }).waitFor();
    await close();
  });
});
