/** What an operator does with the fleet's table: sort, filter, group, pick, tag, keep; by mouse, keyboard and on a phone. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSidewaysScroll, openBrowser, openPage } from './browser-page.ts';
import type { MockHub } from './mock-hub.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

const slow = { timeout: 30_000 };
/** The machine may be busy: what is waited for comes, only later. */
const patient = { timeout: 10_000 };
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** Names of the rows from top to bottom, as far as they are in sight. */
function readNames(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('tr.fleet-row')]
      .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
      .map((row) => row.querySelector('.cell-name a')?.textContent ?? ''),
  );
}

async function waitForFirst(page: Page, name: string): Promise<void> {
  await page.locator('tr[aria-rowindex="2"] .cell-name a', { hasText: name }).waitFor();
}

/** So many rows stand, the feed brings their news, and the page listens to the keyboard: its effects ran after the first paint. */
async function standsWith(page: Page, hub: MockHub, rows: number): Promise<void> {
  await page
    .locator('tr.fleet-row')
    .nth(rows - 1)
    .waitFor();
  await expect.poll(() => hub.feed.subscriptions, patient).toBeGreaterThan(0);
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)))),
  );
}

const row = (page: Page, name: string) => page.locator('tr.fleet-row', { hasText: name });

describe('order', () => {
  it('goes by a heading, either way, by keyboard too, and stands in the address', slow, async () => {
    const { page, problems, close } = await openPage(browser, { devices: 12, pastS: 5 });
    const heading = page.getByRole('columnheader', { name: 'Name' });
    await heading.getByRole('button').focus();
    await page.keyboard.press('Enter');
    await waitForFirst(page, 'pi-attic-01');
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    await page.keyboard.press('Enter');
    await waitForFirst(page, 'pi-workshop-01');
    expect(new URL(page.url()).search).toBe('?sort=-name');
    await page.reload();
    await waitForFirst(page, 'pi-workshop-01');
    await heading.getByRole('button').press('Enter');
    expect(new URL(page.url()).search).toBe('');
    await expect.poll(() => heading.getAttribute('aria-sort')).toBe(null);
    expect(problems).toEqual([]);
    await close();
  });

  it('never moves a row from under the pointer, says so, and sorts when asked or left alone', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 8 });
    await standsWith(page, hub, 8);
    const before = await readNames(page);
    const last = hub.devices.find(({ id }) => id === before.at(-1))!;
    await row(page, before[2]!).hover();
    hub.feed.sendPresence(last, 'offline');
    await row(page, last.id).getByText('Offline').waitFor();
    await page.getByText(/rows would move/).waitFor();
    expect(await readNames(page)).toEqual(before);
    await page.mouse.move(5, 5);
    await waitForFirst(page, last.id);
    await page.getByText(/rows would move/).waitFor({ state: 'detached' });
    await close();
  });
});

describe('status and freshness', () => {
  const setUp = (hub: MockHub) => {
    const [imported, unknown, warned, offline] = hub.devices;
    Object.assign(imported!, { source: 'import', presence: 'offline' });
    Object.assign(unknown!, { presence: 'unknown' });
    Object.assign(warned!, { completeness: 97.5 });
    Object.assign(offline!, { presence: 'offline' });
  };

  it('counts every device once, warnings apart, and each counter filters', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 8, setUp });
    await page.getByRole('button', { name: 'All 8' }).waitFor();
    await row(page, hub.devices[0]!.id).getByText('Imported').waitFor();
    const texts = await page.locator('.counter').allTextContents();
    const counts = texts.map((text) => Number(/\d+/.exec(text)?.[0]));
    expect(counts.slice(1, -1).reduce((sum, count) => sum + count, 0)).toBe(8);
    await page.getByRole('button', { name: 'Unknown 1' }).click();
    await expect.poll(() => readNames(page), patient).toEqual([hub.devices[1]!.id]);
    await page.getByRole('button', { name: 'Warnings 1' }).click();
    await expect.poll(() => readNames(page), patient).toEqual([hub.devices[2]!.id]);
    await page.getByText('2.5 % missing in 24 h'.replace(' ', '\u2009')).waitFor();
    // Of what the text leaves: each says how many rows its click will show.
    await page.getByLabel('Filter by name').fill(`name:${hub.devices[1]!.id}`);
    await page.getByRole('button', { name: 'All 1', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Unknown 1' }).waitFor();
    await page.getByRole('button', { name: 'Warnings 0' }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('is as old as the newest sample, greys, and tells a contact that is newer', slow, async () => {
    const send = (hub: MockHub, place: number, agoMs: number) => {
      const device = hub.devices[place]!;
      const nowMs = Date.now();
      const values = device.metrics.map((metric) => [metric.kind === 'text' ? 'x' : 1]);
      hub.feed.emit(device, { arrivedMs: nowMs, times: [nowMs - agoMs + device.clockOffsetMs], values });
    };
    const { page, hub, close } = await openPage(browser, {
      devices: 2,
      setUp: (mock) => {
        // Of the second one only old readings come, though it is heard.
        mock.devices[1]!.batches.length = 0;
        send(mock, 1, 180_000);
      },
    });
    const first = row(page, hub.devices[0]!.id).locator('.cell-seen');
    const second = row(page, hub.devices[1]!.id).locator('.cell-seen');
    await second.and(page.locator('.is-overdue')).getByText('heard').waitFor();
    expect(await second.locator('[data-age]').textContent()).toBe('3\u2009min');
    await first.and(page.locator('.is-overdue')).waitFor();
    send(hub, 0, 0);
    await first.and(page.locator(':not(.is-overdue)')).waitFor();
    expect(await first.getByText('heard').isVisible()).toBe(false);
    await close();
  });
});

describe('finding', () => {
  it('filters by tag and status from the keyboard, and groups with folds in the address', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 12 });
    await standsWith(page, hub, 12);
    await page.keyboard.press('/');
    await page.keyboard.type('site:north -status:off');
    await expect.poll(async () => (await readNames(page)).length, patient).toBe(4);
    expect(new URL(page.url()).searchParams.get('q')).toBe('site:north -status:off');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByLabel('Group by').selectOption('tag:site');
    const group = page.getByRole('button', { name: /^harbour 4/ });
    await group.click();
    await expect.poll(() => group.getAttribute('aria-expanded'), patient).toBe('false');
    await expect.poll(async () => (await readNames(page)).length, patient).toBe(8);
    expect(new URL(page.url()).search).toBe('?group=tag%3Asite&fold=harbour');
    await page.reload();
    await expect.poll(async () => (await readNames(page)).length, patient).toBe(8);
    expect(problems).toEqual([]);
    await close();
  });

  it('is walked through by arrow keys, and Enter opens', slow, async () => {
    const { page, hub, url, close } = await openPage(browser, { devices: 300 });
    await standsWith(page, hub, 6);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const names = await readNames(page);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(names[1]);
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.activeElement?.closest('tr')?.ariaRowIndex === '301');
    const last = await page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/devices/${last}`);
    expect(hub.devices.some(({ id }) => id === last)).toBe(true);
    await close();
  });
});

describe('tags', () => {
  it('are written on several devices picked by keyboard, and a slip is told', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 6 });
    await standsWith(page, hub, 6);
    const names = await readNames(page);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x');
    await page.getByText('2 devices picked').waitFor();
    await page.keyboard.press('t');
    await page.getByLabel('Add tags').fill('bad:tag:here');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('alert').getByText('A tag is a word or key:value').waitFor();
    await page.getByLabel('Add tags').fill('rack:7');
    await page.getByRole('button', { name: 'Save' }).click();
    for (const name of names.slice(0, 2)) await row(page, name).getByText('rack:7').waitFor();
    expect(
      hub.devices
        .filter(({ tags }) => tags.includes('rack:7'))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(names.slice(0, 2).sort());
    expect(await page.getByRole('link', { name: 'Explore' }).last().getAttribute('href')).toMatch(/^\/explore\?s=/);
    expect(problems).toEqual([]);
    await close();
  });

  it('and a label are edited where the address says', slow, async () => {
    const { page, hub, close } = await openPage(browser, { devices: 3, path: '/?edit=pi-barn-01' });
    await page.getByLabel('Label', { exact: true }).fill('Boiler room');
    await page.getByRole('button', { name: 'Remove outdoor' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: 'Boiler room' }).waitFor();
    expect(hub.devices[1]).toMatchObject({ id: 'pi-barn-01', label: 'Boiler room', tags: ['site:south'] });
    expect(new URL(page.url()).search).toBe('');
    await close();
  });
});

describe('what is kept', () => {
  it('columns are chosen, moved, and come back as one’s own', slow, async () => {
    const { page, hub, problems, url, close } = await openPage(browser, { devices: 5, pastS: 5 });
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByLabel('Find a metric or a fact').fill('firmware');
    await page.getByRole('button', { name: /^Firmware/ }).click();
    await page.getByRole('button', { name: 'Firmware to the left' }).click();
    await page.getByRole('button', { name: 'Keep as mine' }).click();
    await page.getByText('Kept for you.').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    const headings = await page.getByRole('columnheader').allTextContents();
    expect(headings.indexOf('Firmware')).toBe(headings.indexOf('Complete') - 1);
    expect(page.url()).toContain('cols=seen');
    expect(hub.documents.known.get('preferences/mine')?.content).toMatchObject({
      fleet: { columns: expect.anything() },
    });
    await page.goto(`${url}/`);
    await page.getByRole('columnheader', { name: 'Firmware' }).waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  it('views are saved under a name and opened again', slow, async () => {
    const { page, hub, url, problems, close } = await openPage(browser, {
      devices: 8,
      path: '/?q=tag:north&sort=name',
    });
    await standsWith(page, hub, 3);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByLabel('Name of the view').fill('North side');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.waitForURL(/view=/);
    await page.goto(`${url}/`);
    await standsWith(page, hub, 8);
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('link', { name: /North side/ }).click();
    await expect.poll(async () => (await readNames(page)).length, patient).toBe(3);
    expect(new URL(page.url()).searchParams.get('q')).toBe('tag:north');
    expect(problems).toEqual([]);
    await close();
  });
});

describe('on a phone', () => {
  it('cards do the same: sort, pick, tag, with nothing wider than the screen', slow, async () => {
    const { page, hub, problems, close } = await openPage(browser, { devices: 20, pastS: 10, context: phone });
    await standsWith(page, hub, 4);
    await page.getByLabel('Sort by').selectOption('name');
    await waitForFirst(page, 'pi-attic-01');
    await page.getByRole('button', { name: 'Pick' }).tap();
    await page.getByLabel('Select pi-attic-01').tap();
    await page.getByRole('button', { name: 'Tags', exact: true }).tap();
    await page.getByLabel('Add tags').fill('loft');
    await page.getByRole('button', { name: 'Save' }).tap();
    await row(page, 'pi-attic-01').getByText('loft').waitFor();
    expect(hub.devices[0]!.tags).toContain('loft');
    expect(await hasSidewaysScroll(page)).toBe(false);
    expect(problems).toEqual([]);
    await close();
  });
});
