/**
 * Opens the built page in a real Chromium and listens for everything that must never happen: console errors, exceptions,
 * requests to another host, and violations of the Content-Security-Policy.
 *
 * Owns the browser of one test file. Refuses to sleep: tests wait for what they expect to see.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { MockHub, type MockOptions } from './mock-hub.ts';

const built = join(resolve(import.meta.dirname, '../dist'), 'index.html');

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(built)) throw new Error('The page is not built: run npm run build first.');
  return chromium.launch({
    executablePath: process.env.LAPWING_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface OpenPage {
  readonly page: Page;
  readonly hub: MockHub;
  readonly url: string;
  /** What must not happen, as it happened; a test that provokes a refusal empties it. */
  readonly problems: string[];
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  options: MockOptions & {
    readonly path?: string;
    readonly context?: BrowserContextOptions;
    readonly setUp?: (hub: MockHub) => void;
  },
): Promise<OpenPage> {
  const hub = new MockHub(options);
  options.setUp?.(hub);
  const url = await hub.listen();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options.context });
  const page = await context.newPage();
  // Shorter than a test's own limit, so that a failure names its step.
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      problems.push(`request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url + (options.path ?? '/'));
  const close = async (): Promise<void> => {
    await context.close();
    await hub.close();
  };
  return { page, hub, url, problems, close };
}

/** Readings in the buffers behind the first chart of the page; −1 while there is no chart. */
export function countCharted(page: Page): Promise<number> {
  return page.evaluate(countInPage);
}

export async function waitForCharted(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => {
      const box = document.querySelector('.chart-box') as unknown as ChartBox | null;
      return box?.lapwingPlot?.buffers[0]?.countAll() === wanted;
    },
    count,
    { timeout: 8_000 },
  );
}

/** What came is drawn a frame later. */
export async function waitForDrawn(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const box = document.querySelector('.chart-box') as unknown as ChartBox | null;
    return [box?.lapwingPlot?.columns ?? []].flat().some(({ times }) => times.length > 0);
  });
}

interface Columns {
  readonly times: { readonly length: number };
}
interface ChartBox {
  readonly lapwingPlot?: {
    readonly buffers: readonly { countAll(): number }[];
    /** Drawn in the frame behind their coming. */
    readonly columns: Columns | readonly Columns[];
  };
}

function countInPage(): number {
  const box = document.querySelector('.chart-box') as unknown as ChartBox | null;
  return box?.lapwingPlot?.buffers[0]?.countAll() ?? -1;
}

/** True when something is wider than the screen. */
export function hasSidewaysScroll(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const boxes = [document.documentElement, ...document.querySelectorAll('.page, .fleet-scroll, .sign-in')];
    return boxes.some((box) => box.scrollWidth > box.clientWidth);
  });
}
