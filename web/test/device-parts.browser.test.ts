/** What stands around and on a device's charts: strips, events, the crosshair, long lists, hidden tabs; in a real Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countCharted,
  hasSidewaysScroll,
  openBrowser,
  openPage,
  waitForCharted,
  waitForDrawn,
} from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

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

interface PlotBox {
  readonly lapwingPlot: {
    readonly paints: number;
    readonly columns: { readonly times: Float64Array; readonly series: readonly { readonly mean: Float64Array }[] };
  };
}

function readWindow(page: Page): { fromMs: number; toMs: number } | null {
  const query = new URL(page.url()).searchParams;
  return query.has('from') ? { fromMs: Number(query.get('from')), toMs: Number(query.get('to')) } : null;
}

function countPaints(page: Page): Promise<number> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.chart-box')].reduce(
      (sum, box) => sum + (box as unknown as PlotBox).lapwingPlot.paints,
      0,
    ),
  );
}

/** Offline for 40 s, then 20 s that came late, then a doze. */
function addPast(hub: MockHub): number {
  const device = hub.devices[0]!;
  const nowMs = Date.now();
  const isGone = (timeMs: number) => timeMs > nowMs - 150_000 && timeMs < nowMs - 110_000;
  device.batches.splice(0, Infinity, ...device.batches.filter((batch) => !isGone(batch.times[0]!)));
  const gap = { fromMs: nowMs - 150_000, toMs: nowMs - 110_000 };
  const filled = { fromMs: nowMs - 80_000, toMs: nowMs - 60_000 };
  device.gaps.push({ ...gap, cause: 'device-offline', because: null, readings: 480 });
  device.gaps.push({ ...filled, cause: 'backfilled', because: 'hub-down', readings: 240 });
  device.links.push({ ...gap, state: 'offline' }, { ...filled, state: 'hub-down' });
  const say = (agoMs: number, level: 'debug' | 'info' | 'warning' | 'error', code: string) =>
    device.events.push({ atMs: nowMs - agoMs, arrivedMs: nowMs, level, code, text: `${code} ${agoMs}` });
  say(200_000, 'info', 'boot');
  say(90_000, 'warning', 'throttled');
  say(30_000, 'debug', 'tick');
  return nowMs;
}

describe('what somebody may want next', () => {
  it('the same stretch in Explore, and its readings as a file, from both', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path: `${path}?range=15m` });
    await page.locator('.chart-card').first().waitFor();
    const saveBy = async (name: string) => {
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return new URL(file.url()).searchParams;
    };
    const whole = await saveBy('CSV');
    expect([whole.get('device'), whole.get('metrics')]).toEqual(['pi-attic-01', null]);
    expect(Number(whole.get('to')) - Number(whole.get('from'))).toBeCloseTo(900_000, -1);
    await page.locator('.device-actions').getByRole('link', { name: 'Explore' }).click();
    await page.getByRole('list', { name: 'Series shown' }).waitFor();
    const { pathname, searchParams } = new URL(page.url());
    expect([pathname, searchParams.get('range')]).toEqual(['/explore', '15m']);
    expect(searchParams.get('s')).toContain('pi-attic-01/cpu.busy,');
    const chosen = await saveBy('CSV of readings');
    expect(chosen.get('metrics')?.split(',')).toContain('cpu.busy');
    expect(problems).toEqual([]);
    await close();
  });

  it('its label and tags, and its credential taken from it, where it stands', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, pastS, path: `${path}?range=15m` });
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const dialogue = page.getByRole('dialog', { name: 'pi-attic-01' });
    await dialogue.getByRole('button', { name: 'Revoke the credential of pi-attic-01' }).click();
    expect(hub.requests).not.toContain('DELETE /api/v1/devices/pi-attic-01/token');
    await dialogue.getByRole('button', { name: 'Revoke', exact: true }).click();
    await dialogue.getByText('Revoked: it comes back with an enrolment key only').waitFor();
    expect(hub.requests).toContain('DELETE /api/v1/devices/pi-attic-01/token');
    await dialogue.getByLabel('Label', { exact: true }).fill('Loft');
    await dialogue.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1 }).getByText('Loft').waitFor();
    expect(new URL(page.url()).pathname).toBe('/devices/pi-attic-01');
    expect(problems).toEqual([]);
    await close();
  });

  it('an offline device says since when, and how its 24 hours were beside the stretch', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 1, pastS, path });
    await page.getByText('24 h').waitFor();
    expect(await page.locator('.device-gone').count()).toBe(0);
    hub.feed.sendPresence(hub.devices[0]!, 'offline');
    await page.locator('.device-gone', { hasText: /^since \d/ }).waitFor();
    await close();
  });

  it('a device whose readings come late says how old they are when they come', slow, async () => {
    const setUp = (mock: MockHub) => void mock.devices[0]!.batches.splice(0);
    const { page, hub, close } = await openPage(browser, { devices: 1, path, setUp });
    await page.getByText('Last seen').waitFor();
    await expect.poll(() => hub.feed.viewers).toBe(1);
    const device = hub.devices[0]!;
    const nowMs = Date.now();
    const values = device.metrics.map(({ kind }) => [kind === 'bool' ? 1 : 20]);
    hub.feed.emit(device, { times: [nowMs - 365_000 + device.clockOffsetMs], values, arrivedMs: nowMs });
    await page.getByText(/connected: what it sends is 6.min old when it comes/).waitFor();
    await page.locator('.fact', { hasText: /^Fresh.*6.min/ }).waitFor();
    await close();
  });
});

describe('the strips of the head', () => {
  it('tell each cause to the pointer and to the arrow keys, and zoom to it', slow, async () => {
    let nowMs = 0;
    const setUp = (hub: MockHub) => {
      nowMs = addPast(hub);
    };
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, setUp });
    const readings = page.getByRole('button', { name: /Completeness of the stretch shown: 2 gaps/ });
    await readings.waitFor();
    const box = (await readings.boundingBox())!;
    // The gap begins at the middle of five minutes.
    await page.mouse.move(box.x + box.width * 0.56, box.y + box.height / 2);
    const text = page.locator('.cause-text');
    await text.getByText('about 480 readings missing: the device was offline').waitFor();
    await page.mouse.move(box.x + box.width * 0.77, box.y + box.height / 2);
    await text.getByText('240 readings backfilled: the hub was not running').waitFor();
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
    await text.getByText('Everything expected came').waitFor();
    await page.getByRole('button', { name: /Connection of the stretch shown: 2 gaps/ }).focus();
    await page.keyboard.press('ArrowLeft');
    await text.getByText('Not known for 20').waitFor();
    await page.keyboard.press('ArrowLeft');
    await text.getByText('No connection for 40').waitFor();
    // The arrow keys were the strip's: this is still the same device.
    expect(new URL(page.url()).pathname).toBe(path);
    await page.keyboard.press('Enter');
    await expect.poll(() => readWindow(page)).not.toBeNull();
    const window = readWindow(page)!;
    expect(Math.abs(window.fromMs - (nowMs - 170_000))).toBeLessThan(1_000);
    expect(Math.abs(window.toMs - (nowMs - 90_000))).toBeLessThan(1_000);
    await page.locator('.facts').getByText('192.168.1.20').waitFor();
    expect(problems).toEqual([]);
    await close();
  });
});

describe('events', () => {
  it('are a log by level and marks on the charts', slow, async () => {
    let nowMs = 0;
    const setUp = (hub: MockHub) => {
      nowMs = addPast(hub);
    };
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path, setUp });
    await page.locator('.event', { hasText: 'throttled' }).waitFor();
    expect(await page.locator('.event-code').allTextContents()).toEqual(['throttled', 'boot']);
    await page.getByRole('button', { name: '1 of level debug' }).click();
    await expect.poll(() => page.locator('.event-code').allTextContents()).toEqual(['tick', 'throttled', 'boot']);
    const over = page.locator('.chart-box .u-over').first();
    const box = (await over.boundingBox())!;
    const note = page.locator('.gap-note').first();
    const pointAt = async (timeMs: number) => {
      const share = 1 - (Date.now() - timeMs) / 300_000;
      await page.mouse.move(box.x + box.width * share, box.y + 40);
      return note.textContent();
    };
    await expect.poll(() => pointAt(nowMs - 90_000)).toBe('throttled: throttled 90000');
    await page.getByRole('button', { name: '1 of level warning' }).click();
    await page.locator('.event', { hasText: 'throttled' }).waitFor({ state: 'hidden' });
    await expect.poll(() => pointAt(nowMs - 90_000)).toBe('');
    await page.locator('.event', { hasText: 'boot' }).getByRole('button').click();
    await expect.poll(() => readWindow(page)).not.toBeNull();
    const window = readWindow(page)!;
    expect(window.fromMs).toBeLessThan(nowMs - 200_000);
    expect(window.toMs).toBeGreaterThan(nowMs - 200_000);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('the crosshair', () => {
  it('stands at one time on all charts, says it, and has its values in all legends', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS, path });
    await waitForCharted(page, pastS + 1);
    await page.keyboard.press('Space');
    await page.locator('.hold.is-held').waitFor();
    const box = (await page.locator('.chart-box .u-over').first().boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    const time = page.locator('.cross-time').first();
    await time.waitFor();
    const { fromMs, toMs } = readWindow(page)!;
    const middle = await page.evaluate(
      (at) =>
        new Intl.DateTimeFormat(undefined, {
          hour: '2-digit',
          minute: '2-digit',
          second: '2-digit',
          hourCycle: 'h23',
        }).format(at),
      Math.round((fromMs + toMs) / 2),
    );
    const seconds = (text: string) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    expect(Math.abs(seconds((await time.textContent())!) - seconds(middle))).toBeLessThanOrEqual(1);
    const legends = () => page.locator('.legend-value').allTextContents();
    const atMiddle = await legends();
    expect(atMiddle).not.toContain('–');
    // As shares: value axes differ in width.
    const shares = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.u-over')].map((over) => {
        const line = over.querySelector('.u-cursor-x')!.getBoundingClientRect();
        return (line.left - over.getBoundingClientRect().left) / over.clientWidth;
      }),
    );
    expect(shares.length).toBeGreaterThan(5);
    for (const share of shares) expect(Math.abs(share - shares[0]!)).toBeLessThan(0.005);
    await page.mouse.move(box.x + box.width * 0.9, box.y + 40);
    await expect.poll(async () => (await legends()).join() !== atMiddle.join()).toBe(true);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('where history meets live', () => {
  it('nothing moves when the tail that came live is replaced by history', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 1, pastS: 60, path });
    const device = hub.devices[0]!;
    await waitForCharted(page, 61);
    for (let i = 0; i < 20; i++) hub.feed.tick(hub.devices, Date.now());
    await waitForCharted(page, 81);
    await page.keyboard.press('Space');
    const read = () =>
      page.evaluate(() =>
        [...document.querySelectorAll('.chart-box')].map((box) => {
          const { times, series } = (box as unknown as PlotBox).lapwingPlot.columns;
          return [
            times.length,
            ...series.map(({ mean }) => Array.from(mean, (value) => Math.round(value * 1e6) / 1e6).join()),
          ];
        }),
      );
    await waitForCharted(page, 81);
    const asked = hub.requests.length;
    const before = await read();
    await page.keyboard.press('Space');
    hub.feed.sendLate(device, Date.now() - 5_000, Date.now() - 5_000);
    await expect.poll(() => hub.requests.slice(asked).includes('GET /api/v1/history'), { timeout: 8_000 }).toBe(true);
    await waitForCharted(page, 81);
    // The network chart is a rate: its first steps lean on what has left the window.
    const after = await read();
    expect(after.slice(0, 5)).toEqual(before.slice(0, 5));
    await close();
  });
});

describe('a device of 300 metrics', () => {
  const setUp = (hub: MockHub) => {
    const device = hub.devices[0]!;
    const metrics = Array.from({ length: 300 }, (_, i) => ({
      name: `rack${i % 60}.probe${i}`,
      unit: i % 2 === 0 ? '°C' : '%',
      kind: 'gauge' as const,
    }));
    device.metrics.splice(0, Infinity, ...metrics);
    for (const batch of device.batches.splice(0)) {
      device.batches.push({ ...batch, values: metrics.map((_, m) => batch.times.map(() => m)) });
    }
  };

  it('shows sections, fetches and draws only what is near, and finds by name', slow, async () => {
    const asked: number[] = [];
    const { page, problems, close } = await openPage(browser, { devices: 1, pastS: 60, path: '/settings', setUp });
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === '/api/v1/history') asked.push(...searchParams.get('metrics')!.split(',').map(Number));
    });
    await page.goto(new URL(path, page.url()).href);
    await page.locator('.chart-section .uplot').first().waitFor();
    const sections = await page.locator('.chart-section').count();
    expect(sections).toBeGreaterThanOrEqual(6);
    await waitForCharted(page, 61);
    expect(await page.locator('.uplot').count()).toBeLessThan(40);
    expect(new Set(asked).size).toBeLessThan(160);
    expect(asked.length).toBeLessThanOrEqual(new Set(asked).size + 8);
    const last = page.locator('.chart-section').last();
    await last.scrollIntoViewIfNeeded();
    await last.locator('.uplot').first().waitFor();
    await expect.poll(() => page.locator('.chart-section').first().locator('.uplot').count()).toBe(0);
    await page.getByLabel('Filter charts by name or unit').fill('%  probe299');
    await page.getByText(/1 of \d+ charts/).waitFor();
    expect(new URL(page.url()).search).toBe('?q=%25%20%20probe299');
    // The one chart is made once its section is seen to be near.
    await expect.poll(() => page.locator('.chart-card').count()).toBe(1);
    await waitForCharted(page, 61);
    expect(await hasSidewaysScroll(page)).toBe(false);
    expect(problems).toEqual([]);
    await close();
  });
});

/** A headless browser hides no tab: this does to the page what hiding does, which is to say so and to grant no frames. */
function allowHiding(): void {
  const held: FrameRequestCallback[] = [];
  let isHidden = false;
  const grant = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (callback) =>
    grant((atMs) => {
      if (isHidden) held.push(callback);
      else callback(atMs);
    });
  Object.defineProperty(document, 'visibilityState', { get: () => (isHidden ? 'hidden' : 'visible') });
  (globalThis as { hideTab?: (hidden: boolean) => void }).hideTab = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
    if (!hidden) for (const callback of held.splice(0)) grant(callback);
  };
}

describe('a hidden tab', () => {
  it('draws nothing by any other way, and has caught up when it is seen again', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, { devices: 1, pastS: 60, path: '/settings' });
    await page.addInitScript(allowHiding);
    await page.goto(url + path);
    await waitForCharted(page, 61);
    await waitForDrawn(page);
    const hide = (isHidden: boolean) =>
      page.evaluate((hidden) => (globalThis as { hideTab?: (hidden: boolean) => void }).hideTab!(hidden), isHidden);
    const readDrawn = () =>
      page.evaluate(() => {
        const box = document.querySelector('.chart-box') as unknown as PlotBox;
        return box.lapwingPlot.columns.times.at(-1)!;
      });
    await hide(true);
    const [before, drawnMs] = [await countPaints(page), await readDrawn()];
    for (let i = 0; i < 15; i++) hub.feed.tick(hub.devices, Date.now() + i);
    // The readings are there, though nothing shows them.
    await expect.poll(() => countCharted(page)).toBe(76);
    expect([await countPaints(page), await readDrawn()]).toEqual([before, drawnMs]);
    await hide(false);
    await expect.poll(readDrawn).toBeGreaterThan(drawnMs);
    await waitForCharted(page, 76);
    expect(problems).toEqual([]);
    await close();
  });
});
