/** The device page: history runs into live with no hole and no duplicate, whatever happens to the link. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCharted, openBrowser, openPage, waitForCharted } from './browser-page.ts';
import type { MockDevice } from './mock-fleet.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 40_000 };
/** The mock's first device is a computer; its past lies inside the range of five minutes. */
const pastS = 60;
const path = '/devices/pi-attic-01';

/** One row at a time that a chart's window surely holds. */
function emitAt(hub: MockHub, device: MockDevice, agoMs: number): void {
  const nowMs = Date.now();
  const values = device.metrics.map((metric) => [metric.kind === 'text' ? 'x' : metric.kind === 'bool' ? 1 : 5]);
  hub.feed.emit(device, { arrivedMs: nowMs, times: [nowMs - agoMs + device.clockOffsetMs], values });
}

function makeGate(): { readonly wait: () => Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((fulfil) => {
    open = fulfil;
  });
  return { wait: () => opened, open: () => open() };
}

async function waitForRequests(hub: MockHub, count: number): Promise<void> {
  const asked = () => hub.requests.filter((request) => request === 'GET /api/v1/history').length;
  await expect.poll(asked, { timeout: 8_000 }).toBeGreaterThanOrEqual(count);
}

describe('history into live', () => {
  it('counts every reading once when batches come before, while and after history is worked out', slow, async () => {
    const before = makeGate();
    const after = makeGate();
    const { page, hub, problems, close } = await openPage(browser, {
      devices: 1,
      pastS,
      path,
      setUp: (mock) => {
        mock.holdBefore = before.wait;
        mock.holdAfter = after.wait;
      },
    });
    const device = hub.devices[0]!;
    await waitForRequests(hub, 1);
    for (let i = 0; i < 5; i++) emitAt(hub, device, 2_000);
    before.open();
    await expect.poll(() => countCharted(page), { timeout: 8_000 }).toBe(5);
    for (let i = 0; i < 7; i++) emitAt(hub, device, 1_000);
    await expect.poll(() => countCharted(page), { timeout: 8_000 }).toBe(12);
    after.open();
    // All of them at two instants: had times been the key, most would be gone.
    await waitForCharted(page, pastS + 1 + 12);
    for (let i = 0; i < 3; i++) emitAt(hub, device, 500);
    await waitForCharted(page, pastS + 1 + 15);
    expect(problems).toEqual([]);
    await close();
  });

  it('fetches the stretch again when late data came', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 1, pastS, path });
    const device = hub.devices[0]!;
    await waitForCharted(page, pastS + 1);
    const lateMs = Date.now() - 100_000;
    device.seq++;
    device.batches.push({
      seq: device.seq,
      arrivedMs: Date.now(),
      times: [lateMs, lateMs],
      values: device.metrics.map((metric) => (metric.kind === 'text' ? ['x', 'x'] : [1, 2])),
    });
    hub.feed.sendLate(device, lateMs, lateMs);
    await waitForCharted(page, pastS + 3);
    await close();
  });

  it('closes the hole of a lost link, and says meanwhile until when its data is', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 1, pastS, path });
    const device = hub.devices[0]!;
    await waitForCharted(page, pastS + 1);
    emitAt(hub, device, 100);
    await waitForCharted(page, pastS + 2);
    hub.feed.isAway = true;
    hub.feed.cut();
    await page
      .getByText(/data until \d\d:\d\d:\d\d/)
      .first()
      .waitFor();
    for (let i = 0; i < 4; i++) emitAt(hub, device, 50);
    expect(await countCharted(page)).toBe(pastS + 2);
    hub.feed.isAway = false;
    await page.locator('.pulse.is-live').waitFor();
    await waitForCharted(page, pastS + 6);
    emitAt(hub, device, 10);
    await waitForCharted(page, pastS + 7);
    await close();
  });
});

describe('the page', () => {
  it('makes charts, strips, texts and events with no configuration', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, pastS, path });
    await waitForCharted(page, pastS + 1);
    expect(await page.locator('.chart-card h2').allTextContents()).toEqual([
      'cpu %',
      'memory.used %',
      'temperature.cpu °C',
      'disk.used %',
      'load.1m ',
      'network B/s',
      'wifi.rssi dBm',
    ]);
    expect(await page.locator('.strip-name').allTextContents()).toEqual(['throttled']);
    await page.locator('.texts td', { hasText: /ondemand|performance/ }).waitFor();
    await page.locator('.facts').getByText(hub.devices[0]!.model).waitFor();
    expect(await page.locator('.device-body.has-side').count()).toBe(0);
    hub.feed.sendEvent(hub.devices[0]!, { level: 'warning', code: 'throttled', text: 'hot' }, Date.now());
    await page.locator('.event', { hasText: 'throttled' }).waitFor();
    expect(await page.locator('.device-body.has-side').count()).toBe(1);
    hub.feed.sendPresence(hub.devices[0]!, 'offline');
    await page.locator('.device-title').getByText('Offline').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('keeps the range in the address and asks history for it', slow, async () => {
    const { page, url, hub, problems, close } = await openPage(browser, { devices: 1, pastS, path });
    await waitForCharted(page, pastS + 1);
    await page.getByRole('button', { name: 'last 24 hours' }).click();
    expect(page.url()).toBe(`${url}${path}?range=24h`);
    await waitForRequests(hub, 2);
    await waitForCharted(page, pastS + 1);
    expect(problems).toEqual([]);
    await close();
  });

  it('paints nothing that is out of sight', slow, async () => {
    const { page, hub, close } = await openPage(browser, {
      devices: 1,
      pastS,
      path,
      context: { viewport: { width: 800, height: 500 } },
    });
    await waitForCharted(page, pastS + 1);
    const painted = () =>
      page.evaluate(() => {
        const boxes = [...document.querySelectorAll('.chart-box')] as unknown as { lapwingPlot: { paints: number } }[];
        return boxes.map((box) => box.lapwingPlot.paints);
      });
    const first = await painted();
    emitAt(hub, hub.devices[0]!, 0);
    await waitForCharted(page, pastS + 2);
    await expect.poll(async () => (await painted())[0]! > first[0]!).toBe(true);
    expect((await painted()).at(-1)).toBe(first.at(-1));
    await close();
  });

  it('says so when the hub knows no such device', slow, async () => {
    const { page, close } = await openPage(browser, { devices: 1, path: '/devices/nobody' });
    await page.getByText('The hub knows no device').waitFor();
    await close();
  });
});
