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

  it('has its label as title and crumb, and says its id beside it', slow, async () => {
    const { page, problems, close } = await openPage(browser, {
      devices: 1,
      pastS,
      path,
      setUp: (mock) => {
        mock.devices[0]!.label = 'Attic board';
      },
    });
    await page.getByRole('heading', { level: 1, name: 'Attic board' }).waitFor();
    const crumb = page.locator('.crumb-here');
    expect(await crumb.textContent()).toBe('Attic board');
    expect(await crumb.getAttribute('title')).toBe('pi-attic-01');
    await page.locator('.facts').getByText('pi-attic-01').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('shows what was last known, marked as not live, until there is a reading', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, {
      devices: 1,
      pastS: 0,
      path,
      setUp: (mock) => {
        const device = mock.devices[0]!;
        device.batches.length = 0;
        device.lastKnown.set(4, 47.5).set(10, 1).set(11, 'powersave');
      },
    });
    const tile = page.locator('.tile', { hasText: 'temperature.cpu' });
    await tile.getByText('last known, not live').waitFor();
    expect(await tile.locator('.tile-value').textContent()).toContain('47.5');
    expect(await tile.locator('.is-known').count()).toBe(1);
    await page.locator('.strip-state.is-known', { hasText: 'on' }).waitFor();
    await page.locator('.texts tr', { hasText: 'powersave' }).getByText('last known, not live').waitFor();
    emitAt(hub, hub.devices[0]!, 0);
    await tile.locator('.tile-value:not(.is-known)').waitFor();
    expect(await tile.getByText('last known').count()).toBe(0);
    await page.locator('.strip-state:not(.is-known)').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('of a gateway lists the devices behind it, and of these names the gateway', slow, async () => {
    const lamp = { id: 'lamp', label: 'Desk lamp', model: 'TRADFRI', presence: 'offline' };
    const { page, url, hub, problems, close } = await openPage(browser, {
      devices: 2,
      path,
      setUp: (mock) => {
        const [gateway, other] = mock.devices;
        gateway!.metrics.length = 0;
        gateway!.batches.length = 0;
        gateway!.kin = { gateway: null, behind: [lamp, { ...lamp, id: other!.id, label: '', presence: 'online' }] };
        other!.kin = { gateway: { id: gateway!.id, label: 'The bridge' }, behind: [] };
      },
    });
    await page.getByText('2 devices speak through it').waitFor();
    const behind = page.getByRole('region', { name: 'Devices behind it' });
    const texts = await behind.getByRole('listitem').allTextContents();
    expect(texts).toEqual(['OfflineDesk lampTRADFRI', `Online${hub.devices[1]!.id}TRADFRI`]);
    await behind.getByRole('link', { name: hub.devices[1]!.id }).click();
    await page.waitForURL(`${url}/devices/${hub.devices[1]!.id}`);
    await page.locator('.facts').getByRole('link', { name: 'The bridge' }).click();
    await page.waitForURL(`${url}${path}`);
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
