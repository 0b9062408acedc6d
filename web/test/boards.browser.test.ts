/** Boards: pinned from anywhere, arranged by hand and by keys, never overwritten unseen, on a wall screen, and by a link. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage, waitForCharted } from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 40_000 };
const series = [{ device: 'pi-attic-01', metric: 'cpu.busy' }];

interface Kept {
  readonly title: string;
  readonly revision: number;
  readonly content: { tiles: { id: string; kind: string; x: number; y: number; w: number; h: number }[] };
}
const kept = (hub: MockHub) => hub.documents.known.get('board/wall') as unknown as Kept;

function putBoard(hub: MockHub, title = 'Wall'): void {
  const place = { title: '', series, w: 6, h: 4, y: 0 };
  const tiles = [
    { ...place, id: 'a', kind: 'chart', x: 0 },
    { ...place, id: 'b', kind: 'value', x: 6 },
    { ...place, id: 'c', kind: 'table', x: 0, y: 4 },
  ];
  const revision = (hub.documents.known.get('board/wall')?.revision ?? 0) + 1;
  const document = { kind: 'board', id: 'wall', title, shared: true, revision, changedMs: 0 };
  hub.documents.known.set('board/wall', { ...document, content: { rangeMs: 300_000, tiles } });
}

const open = (path: string, context = {}) =>
  openPage(browser, { devices: 2, pastS: 60, path, context, setUp: putBoard });
const grip = (page: Page, place: number) => page.getByRole('button', { name: /^Move / }).nth(place);

describe('boards', () => {
  it('the first one is taught, and a chart of a device is pinned to it', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 1, pastS: 60, path: '/boards' });
    await page.getByText('What you look at every day').waitFor();
    await page.goto(`${new URL(page.url()).origin}/devices/pi-attic-01`);
    await waitForCharted(page, 61);
    await page.locator('.chart-card').first().hover();
    await page.locator('.chart-card .pin-button').first().click();
    await page.getByLabel('Name of a new board').fill('Attic');
    await page.getByRole('button', { name: 'Make and pin' }).click();
    await page.getByRole('link', { name: /Open “Attic”/ }).click();
    await page.getByRole('heading', { name: 'Attic', exact: true }).waitFor();
    await waitForCharted(page, 61);
    expect([...hub.documents.known.values()].filter(({ kind }) => kind === 'board')).toMatchObject([
      { title: 'Attic', shared: true, revision: 1, content: { tiles: [{ kind: 'chart' }] } },
    ]);
    expect(problems).toEqual([]);
    await close();
  });

  it('keys move and resize a tile, say so, and save it', slow, async () => {
    const { page, hub, problems, close } = await open('/board/wall');
    await waitForCharted(page, 61);
    await page.getByRole('button', { name: 'Arrange' }).click();
    await grip(page, 0).focus();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => kept(hub).revision).toBe(2);
    const placeOf = (id: string) => kept(hub).content.tiles.find((tile) => tile.id === id)!;
    expect([placeOf('a').y, placeOf('c').y]).toEqual([4, 0]);
    await page
      .locator('[aria-live=polite]', { hasText: 'column 1, row 5, 6 wide, 4 high' })
      .waitFor({ state: 'attached' });
    await page.locator('[data-tile=a] .tile-grip').focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(() => placeOf('a').w).toBe(5);
    expect(problems).toEqual([]);
    await close();
  });

  it('a hand drags one onto another, which makes room', slow, async () => {
    const { page, hub, close } = await open('/board/wall');
    await page.getByRole('button', { name: 'Arrange' }).click();
    const from = (await page.locator('[data-tile=b] .tile-grip').boundingBox())!;
    const to = (await page.locator('[data-tile=a] .tile-grip').boundingBox())!;
    await page.mouse.move(from.x + 10, from.y + 10);
    await page.mouse.down();
    await page.mouse.move(to.x + 40, to.y + 14, { steps: 6 });
    await page.mouse.move(to.x + 10, to.y + 10);
    await page.mouse.up();
    await expect.poll(() => kept(hub).revision).toBe(2);
    const at = Object.fromEntries(kept(hub).content.tiles.map(({ id, x, y }) => [id, [x, y]]));
    expect(at).toMatchObject({ b: [0, 0], a: [0, 4] });
    await close();
  });

  it('of two who arrange it the second is told, and may take theirs or put hers over it', slow, async () => {
    const { page, hub, problems, close } = await open('/board/wall');
    await page.getByRole('button', { name: 'Arrange' }).click();
    putBoard(hub, 'Theirs');
    await page.locator('[data-tile=a] .tile-grip').focus();
    await page.keyboard.press('ArrowDown');
    await page.getByText('Somebody else has changed this board meanwhile').waitFor();
    expect(kept(hub)).toMatchObject({ title: 'Theirs', revision: 2 });
    await page.getByRole('button', { name: 'Put mine over it' }).click();
    await expect.poll(() => kept(hub).revision).toBe(3);
    expect(kept(hub)).toMatchObject({ title: 'Wall' });
    // The refusal itself is logged by the browser.
    expect(problems.every((problem) => problem.includes('409'))).toBe(true);
    await close();
  });

  it('on a wall screen there is nothing but the board and a clock, and it comes back by itself', slow, async () => {
    const { page, hub, close } = await open('/board/wall?kiosk');
    await waitForCharted(page, 61);
    expect(await page.locator('.rail, .top-bar, button').count()).toBe(0);
    await expect.poll(() => page.locator('.kiosk-clock').textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
    hub.feed.isAway = true;
    hub.feed.cut();
    await page.getByText(/Reconnecting/).waitFor();
    hub.feed.isAway = false;
    await page.getByText(/Reconnecting/).waitFor({ state: 'detached', timeout: 20_000 });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Wall screen' }).waitFor();
    await close();
  });

  it('a link is made, shows the board to whoever is not signed in, and is revoked in Settings', slow, async () => {
    const { page, hub, url, close } = await open('/board/wall');
    await page.getByRole('button', { name: 'Share…' }).click();
    await page.getByLabel('For whom').fill('the caretaker');
    await page.getByRole('button', { name: 'Make a link' }).click();
    const link = (await page.locator('.copy-text code').textContent())!;
    expect(link).toBe(`${url}/share#${hub.shares.secret}`);
    const strangers = await browser.newContext();
    const stranger = await strangers.newPage();
    await stranger.goto(link);
    await stranger.getByRole('heading', { name: 'Wall' }).waitFor();
    await waitForCharted(stranger, 61);
    await stranger.locator('[data-tile=b] [data-value]', { hasText: /\d/ }).waitFor();
    expect(await stranger.locator('.rail, .top-bar, button').count()).toBe(0);
    await page.goto(`${url}/settings`);
    await page.getByText('the caretaker').waitFor();
    await page.getByRole('button', { name: 'Revoke the link of the caretaker' }).click();
    await page.locator('#shares').getByRole('button', { name: 'Revoke' }).last().click();
    await page.getByText('Nobody has a link').waitFor();
    expect(hub.shares.known).toEqual([]);
    await stranger.reload();
    await stranger.getByText('This link shows nothing any more').waitFor();
    await strangers.close();
    await close();
  });

  it('stands at 360 px, one tile below the other', slow, async () => {
    const { page, problems, close } = await open('/board/wall', { viewport: { width: 360, height: 740 } });
    await waitForCharted(page, 61);
    expect(await hasSidewaysScroll(page)).toBe(false);
    const tops = await page
      .locator('.board-tile')
      .evaluateAll((tiles) => tiles.map((tile) => tile.getBoundingClientRect().left));
    expect(new Set(tops).size).toBe(1);
    expect(problems).toEqual([]);
    await close();
  });
});

describe('preferences', () => {
  it('change units, clock and zone everywhere, and are kept in the hub', slow, async () => {
    const { page, hub, url, problems, close } = await open('/settings');
    await page.getByLabel('Temperature').selectOption('°F');
    await page.getByLabel('Pressure').selectOption('bar');
    await page.getByLabel('Clock').selectOption('12');
    await page.getByLabel('Time zone').selectOption('utc');
    const saved = () => (hub.documents.known.get('preferences/mine')?.content ?? {}) as object;
    await expect.poll(saved).toMatchObject({ units: { temperature: '°F', pressure: 'bar' }, clock: '12', zone: 'utc' });
    expect(await page.getByLabel('Temperature').inputValue()).toBe('°F');
    await page.goto(`${url}/explore?s=pi-attic-01/temperature.cpu&range=5m`);
    await waitForCharted(page, 61);
    await page.locator('.explore-legend [data-value]', { hasText: '°F' }).waitFor();
    await page.evaluate(() => localStorage.clear());
    await page.goto(`${url}/board/wall?kiosk`);
    await expect.poll(() => page.locator('.kiosk-clock').textContent()).toMatch(/^\d\d?:\d\d:\d\d.(AM|PM)$/);
    expect(problems).toEqual([]);
    await close();
  });
});
