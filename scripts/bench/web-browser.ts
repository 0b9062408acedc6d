/**
 * A Chromium for measuring the page, and what it tells about itself: paints, shifts, interactions, heap, main-thread time. Owns
 * the browser; whoever opens it closes it. Figures come from the browser's own observers and DevTools protocol, not from guesses.
 */
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { findChromium } from '../system-packages.ts';

export interface WebPage {
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly context: BrowserContext;
}

export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium: npm test installs one, or set LAPWING_CHROMIUM');
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  // Exact heap sizes: the browser rounds them for pages otherwise.
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info', ...quiet],
  });
}

/** A signed-in page that has loaded nothing yet. `slowdown` of 4 makes the processor four times as slow for it. */
export async function openWebPage(
  browser: Browser,
  { url, cookie, slowdown }: { url: string; cookie: string; slowdown: number },
): Promise<WebPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const [name, value] = cookie.split('=', 2) as [string, string];
  await context.addCookies([{ name, value, url }]);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.addInitScript(observe);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  return { page, cdp, context };
}

interface Observed {
  largestPaintMs: number;
  /** When the first devices stood in the table: the largest paint may be of the frame, which stands before there is anything in it. */
  rowsMs: number;
  shifts: number;
  readonly interactions: { name: string; ms: number }[];
}
type ObservedWindow = typeof globalThis & { lapwingObserved: Observed };

/** Runs in the page, before its own scripts. */
function observe(): void {
  const observed: Observed = { largestPaintMs: 0, rowsMs: Number.NaN, shifts: 0, interactions: [] };
  (globalThis as ObservedWindow).lapwingObserved = observed;
  const on = (type: string, take: (entry: PerformanceEntry) => void, more: object = {}): void => {
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  };
  on('largest-contentful-paint', (entry) => {
    observed.largestPaintMs = entry.startTime;
  });
  const look = (): void => {
    if (document.querySelectorAll('tr.fleet-row:not(.is-skeleton)').length > 5) observed.rowsMs = performance.now();
    else requestAnimationFrame(look);
  };
  // On another page it would look in each frame for as long as that is measured.
  if (location.pathname === '/') requestAnimationFrame(look);
  on('layout-shift', (entry) => {
    const shift = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
    if (!shift.hadRecentInput) observed.shifts += shift.value;
  });
  on(
    'event',
    (entry) => {
      const { interactionId } = entry as PerformanceEntry & { interactionId: number };
      if (interactionId > 0) observed.interactions.push({ name: entry.name, ms: entry.duration });
    },
    { durationThreshold: 16 },
  );
}

/** Interactions shorter than 16 ms are not listed by the browser. */
export function readObserved(page: Page): Promise<Observed> {
  return page.evaluate(() => (globalThis as ObservedWindow).lapwingObserved);
}

/** Live heap after a collection, bytes. */
export async function readHeap({ cdp }: WebPage): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize;
}
