/** A board by its link, for whoever is nobody here: over sockets, where they are blocked, and when the link ends while it is open. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage } from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 60_000 };
const device = 'pi-attic-01';

function shareBoard(hub: MockHub): void {
  const tile = { title: '', series: [{ device, metric: 'cpu.busy' }], w: 6, h: 4, x: 0, y: 0 };
  const content = { rangeMs: 300_000, tiles: [{ ...tile, id: 'b', kind: 'value' }] };
  const document = { kind: 'board', id: 'wall', title: 'Wall', shared: true, revision: 1, changedMs: 0 };
  hub.documents.known.set('board/wall', { ...document, content });
  hub.shares.known.push({ id: 's', label: 'wall', board: 'wall', createdMs: 0, expiresMs: Date.now() + 1e9 });
  hub.isSignedIn = false;
  hub.feed.isBlocked = true;
}
const open = () => openPage(browser, { devices: 1, pastS: 30, path: '/share#lw_mock-secret', setUp: shareBoard });

describe('a shared board where sockets are blocked', () => {
  it('goes on over server-sent events by its secret alone, says so, and comes back when it was cut', slow, async () => {
    const { page, hub, close } = await open();
    await page.getByText('over SSE').waitFor({ timeout: 20_000 });
    expect(await page.context().cookies()).toEqual([]);
    const value = page.locator('[data-tile=b] [data-value]');
    const say = async (number: number) => {
      await expect.poll(() => hub.feed.viewers, { timeout: 15_000 }).toBe(1);
      const nowMs = Date.now();
      const values = hub.devices[0]!.metrics.map(({ kind }) => [kind === 'bool' ? 1 : number]);
      hub.feed.emit(hub.devices[0]!, { times: [nowMs], values, arrivedMs: nowMs });
      await value.filter({ hasText: String(number) }).waitFor();
    };
    await say(42);
    hub.feed.cut();
    await say(43);
    await close();
  });

  it('shows nothing any more when the link is revoked meanwhile', slow, async () => {
    const { page, hub, close } = await open();
    await page.getByText('over SSE').waitFor({ timeout: 20_000 });
    hub.shares.known.splice(0);
    hub.feed.cut();
    await page.getByText('This link shows nothing any more').waitFor();
    expect(await page.locator('[data-tile]').count()).toBe(0);
    await close();
  });
});
