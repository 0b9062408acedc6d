/** WCAG A and AA, as axe judges them, of every page in a real Chromium: dark and light, desktop and phone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openPage, waitForCharted } from './browser-page.ts';

interface AxeReport {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
}

let browser: Browser;
let axeSource = '';
beforeAll(async () => {
  axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  browser = await openBrowser();
}, 30_000);
afterAll(async () => {
  await browser?.close();
});

/** One line per fault: the rule, what it says, and where. */
async function listFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const report = (await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  )) as AxeReport;
  return report.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} · ${target.join(' ')} · ${failureSummary ?? ''}`),
  );
}

const looks = [
  { name: 'dark, desktop', context: { colorScheme: 'dark', viewport: { width: 1440, height: 900 } } },
  { name: 'light, desktop', context: { colorScheme: 'light', viewport: { width: 1440, height: 900 } } },
  { name: 'dark, phone', context: { colorScheme: 'dark', viewport: { width: 360, height: 740 } } },
  { name: 'light, phone', context: { colorScheme: 'light', viewport: { width: 360, height: 740 } } },
] as const;

async function openBoard(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const series = [{ device: 'pi-attic-01', metric: 'cpu.busy' }];
    const tiles = ['chart', 'value', 'table'].map((kind, i) => ({
      ...{ id: kind, kind, title: '', series },
      ...{ x: i * 4, y: 0, w: 4, h: 4 },
    }));
    const body = JSON.stringify({ title: 'Wall', shared: true, content: { rangeMs: 300_000, tiles } });
    await fetch('/api/v1/documents/board/wall', { method: 'PUT', body });
  });
  await page.goto(`${new URL(page.url()).origin}/board/wall`);
  await page.getByRole('button', { name: 'Arrange' }).click();
  await waitForCharted(page, 21);
}

/** Opens what the name says and waits until it stands. */
const pages: readonly {
  readonly name: string;
  readonly path: string;
  readonly devices?: number;
  readonly isSignedIn?: boolean;
  readonly stand: (page: Page) => Promise<unknown>;
}[] = [
  { name: 'the fleet', path: '/', devices: 30, stand: (page) => page.locator('tr.fleet-row').first().waitFor() },
  {
    name: 'an empty fleet',
    path: '/',
    devices: 0,
    stand: (page) => page.getByRole('heading', { level: 1, name: 'Add your first device' }).waitFor(),
  },
  { name: 'a device', path: '/devices/pi-attic-01', stand: (page) => waitForCharted(page, 21) },
  {
    name: 'the palette',
    path: '/',
    stand: async (page) => {
      await page.locator('tr.fleet-row').first().waitFor();
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'the keys',
    path: '/',
    stand: async (page) => {
      await page.locator('tr.fleet-row').first().waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'Explore, empty and open',
    path: '/explore',
    stand: async (page) => {
      await page.getByRole('combobox', { name: /Add metrics/ }).click();
      await page.getByRole('option').first().waitFor();
    },
  },
  {
    name: 'Explore with series',
    path: '/explore?s=pi-attic-01/cpu.busy,pi-attic-01/temperature.cpu&range=5m&compare=day',
    stand: (page) => waitForCharted(page, 21),
  },
  { name: 'boards before the first one', path: '/boards', stand: (page) => page.getByText('Or begin with').waitFor() },
  { name: 'a board being arranged', path: '/boards', stand: openBoard },
  {
    name: 'a board on a wall screen',
    path: '/boards',
    stand: async (page) => {
      await openBoard(page);
      await page.getByRole('button', { name: 'Wall screen' }).click();
      await page.locator('.kiosk-clock', { hasText: ':' }).waitFor();
    },
  },
  { name: 'the inbox', path: '/inbox', stand: (page) => page.getByText('Kitchen plug').waitFor() },
  { name: 'adding a device', path: '/add', stand: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
  { name: 'settings', path: '/settings', stand: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
  {
    name: 'the sign-in',
    path: '/sign-in',
    isSignedIn: false,
    stand: (page) => page.getByRole('heading', { level: 1 }).waitFor(),
  },
  { name: 'a page that is not there', path: '/nowhere', stand: (page) => page.getByRole('heading').first().waitFor() },
];

for (const { name, path, stand, ...options } of pages) {
  describe(`${name} has nothing that axe finds`, () => {
    for (const look of looks) {
      it(look.name, { timeout: 30_000 }, async () => {
        const { page, close } = await openPage(browser, {
          devices: 6,
          pastS: 20,
          ...options,
          path,
          context: look.context,
          setUp: (hub) => hub.inbox.fill(Date.now()),
        });
        await stand(page);
        expect(await listFaults(page)).toEqual([]);
        await close();
      });
    }
  });
}

describe('the rig', () => {
  it('finds what is wrong', { timeout: 30_000 }, async () => {
    const { page, close } = await openPage(browser, { devices: 1 });
    await page.locator('tr.fleet-row').first().waitFor();
    await page.evaluate("document.querySelector('main').append(document.createElement('button'))");
    expect(await listFaults(page)).toContainEqual(expect.stringContaining('button-name'));
    await close();
  });
});
