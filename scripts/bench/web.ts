/**
 * Scenario `web`: the page in a real Chromium against a real hub. How soon it stands and how fast it answers on a processor four
 * times as slow, how smoothly 10,000 devices move, how busy 100 live series keep it, and whether its heap stays flat. Owns nothing but the figures.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildWebIfStale } from '../build-web.ts';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { startSim } from '../hub-process.ts';
import { atLeast, atMost, type LoadReport, quantile } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { type BenchHub, closeHub, enrolDevices, makeScratchFolder, openHub } from './bench-hub.ts';
import { Samples } from './samples.ts';
import { openBrowser, openWebPage, readHeap, readObserved, type WebPage } from './web-browser.ts';
import { measureDevice } from './web-device-trace.ts';
import { type FleetFigures, measureFleet } from './web-fleet-trace.ts';

const boards = 48;
const slowdown = 4;
const series = 100;
const fleetDevices = 10_000;
const usualHz = 10;
/** Of the heap's load: half an hour at 10 Hz takes a minute and a half. */
const hurriedHz = 200;
const feeder = resolve(import.meta.dirname, 'web-feeder.ts');
const fleetServer = resolve(import.meta.dirname, '../../web/test/mock-hub-cli.ts');

export async function runWeb(choice: BenchChoice): Promise<LoadReport> {
  buildWebIfStale();
  const samples = new Samples();
  const hub = await openHub(choice.hubArgs);
  const browser = await openBrowser();
  try {
    await withBoards(hub, async () => {
      for (let i = 0; i < choice.rounds; i++) {
        samples.add('page', await measureStart(browser, hub));
        console.error(`round ${i + 1} of ${choice.rounds} done`);
      }
    });
    samples.add('page', await measureLargeFleet(browser, choice.quick ? 4 : 15));
    samples.add('page', await measureLive(browser, hub, choice.quick ? 5 : 30));
    samples.add('page', await measureHeap(browser, hub, choice.quick ? 2 : 90));
  } finally {
    await browser.close();
    await closeHub(hub);
  }
  const median = (measure: string): number => samples.median('page', measure);
  return {
    scenario: 'web',
    rounds: choice.rounds,
    figures: { boards, slowdown, series, ...samples.figures() },
    goals: [
      atMost('largest contentful paint, processor 4 times as slow', median('largestPaintMs'), {
        most: 500,
        unit: 'ms',
      }),
      atMost('slowest interaction, processor 4 times as slow', median('interactionMsMax'), { most: 50, unit: 'ms' }),
      atMost('script and style of the first screen, as sent', median('firstKilobytes'), { most: 70, unit: 'kB' }),
      atMost('layout shifts', median('shifts'), { most: 0, unit: '' }),
      atMost(`main thread busy, ${series} live series at ${usualHz} Hz`, median('busyPercent'), {
        most: 10,
        unit: '%',
      }),
      atLeast(`frames per second, ${fleetDevices} devices ticking`, median('fleetTickFps'), { least: 58, unit: 'Hz' }),
      atLeast(`frames per second, ${fleetDevices} devices scrolled`, median('fleetScrollFps'), {
        least: 58,
        unit: 'Hz',
      }),
      atMost(
        'tasks of 50 ms of processor time and more meanwhile',
        median('fleetTickLongTasks') + median('fleetScrollLongTasks'),
        {
          most: 0,
          unit: 'tasks',
        },
      ),
      atMost('heap after half an hour of readings ÷ before', median('heapGrowth'), { most: 1.05, unit: 'x' }),
    ],
  };
}

async function withBoards(hub: BenchHub, work: () => Promise<void>): Promise<void> {
  const env = { LAPWING_ENROLMENT_KEY: await hub.client.makeEnrolmentKey(boards) };
  const sim = startSim(
    ['fleet', '--boards', String(boards), '--seed', '7', '--hub', hub.url, '--state', makeScratchFolder()],
    {
      env,
    },
  );
  try {
    for (;;) {
      const { devices } = await hub.client.get<{ devices: { lastSeenMs: number | null }[] }>('/devices');
      if (devices.filter(({ lastSeenMs }) => lastSeenMs !== null).length === boards) break;
      await pause(200);
    }
    await work();
  } finally {
    await endProcess(sim.child, 'SIGTERM');
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function measureStart(browser: Browser, hub: BenchHub): Promise<Record<string, number>> {
  const opened = await openWebPage(browser, { url: hub.url, cookie: hub.client.cookie, slowdown });
  const { page } = opened;
  const firstBytes = await countFirstBytes(opened, async () => {
    await page.goto(hub.url);
    // A locator would bring its own half megabyte of script into the page, and that into the figures.
    await pause(4_000);
  });
  const { largestPaintMs, rowsMs } = await readObserved(page);
  await useThePage(page);
  const { interactions, shifts } = await readObserved(page);
  const sorted = interactions.map(({ ms }) => ms).sort((a, b) => a - b);
  const worst = interactions.toSorted((a, b) => b.ms - a.ms).slice(0, 3);
  console.error(
    `slowest interactions: ${worst.map(({ name, ms }) => `${name} ${ms} ms`).join(', ') || 'none above 16 ms'}`,
  );
  await opened.context.close();
  return {
    largestPaintMs,
    rowsMs,
    interactionMsMax: sorted.at(-1) ?? 16,
    interactionMsP75: quantile(sorted, 0.75) ?? 16,
    shifts: Math.round(shifts * 10_000) / 10_000,
    firstKilobytes: firstBytes / 1000,
  };
}

/** Script and style on the wire that index.html names; what is fetched in advance for other pages is not among it. */
async function countFirstBytes({ cdp, page }: WebPage, open: () => Promise<void>): Promise<number> {
  const files = new Map<string, { readonly path: string; bytes: number }>();
  await cdp.send('Network.enable');
  cdp.on('Network.responseReceived', ({ requestId, response }) => {
    files.set(requestId, { path: new URL(response.url).pathname, bytes: 0 });
  });
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const file = files.get(requestId);
    if (file !== undefined) file.bytes = encodedDataLength;
  });
  await open();
  await cdp.send('Network.disable');
  const html = await (await page.request.get(page.url())).text();
  return [...files.values()]
    .filter(({ path }) => /\.(?:js|css)$/.test(path) && html.includes(`"${path}"`))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * What an operator does in a minute, by real input events and nothing else: a locator brings half a megabyte of script, and its click asks
 * the page what it hit while it is being hit. At that speed both take longer than the page's own answer.
 */
async function useThePage(page: Page): Promise<void> {
  await page.keyboard.press('/');
  await clickOn(page, '.text-filter input');
  await page.keyboard.type('att', { delay: 60 });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await findOn(page, 'dialog[open] input');
  await page.keyboard.type('pi', { delay: 60 });
  await page.keyboard.press('Escape');
  await clickOn(page, '.fleet-row:nth-child(4) .cell-name a');
  await findOn(page, '.chart-box');
  await pause(1_000);
  for (const name of ['15m', '1h', '5m']) {
    await clickOn(page, `.range-bar .range-${name}`);
    await pause(500);
  }
  await page.keyboard.press('ArrowRight');
  await pause(800);
  await clickOn(page, '.rail a');
  await findOn(page, '.fleet-row');
  await pause(500);
}

/** Its middle, once it is there. */
async function findOn(page: Page, selector: string): Promise<{ x: number; y: number }> {
  for (let tries = 0; tries < 200; tries++) {
    const point = await page.evaluate((wanted) => {
      const box = document.querySelector(wanted)?.getBoundingClientRect();
      return box === undefined || box.width === 0 ? null : { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }, selector);
    if (point !== null) return point;
    await pause(50);
  }
  throw new Error(`the page shows no ${selector}`);
}

async function clickOn(page: Page, selector: string): Promise<void> {
  const { x, y } = await findOn(page, selector);
  await page.mouse.click(x, y);
}

async function withFeeder(hub: BenchHub, hz: number, work: (device: string) => Promise<void>): Promise<void> {
  const device = `bench-${hz}`;
  const [token = ''] = await enrolDevices(hub.client, [device]);
  const child = fork(feeder, [hub.url, device, token, String(series), String(hz)], { stdio: 'inherit' });
  await once(child, 'message');
  try {
    await work(device);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

async function measureLive(browser: Browser, hub: BenchHub, seconds: number): Promise<Record<string, number>> {
  const opened = await openWebPage(browser, { url: hub.url, cookie: hub.client.cookie, slowdown: 1 });
  let figures: Record<string, number> = {};
  await withFeeder(hub, usualHz, async (device) => {
    await openDevice(opened.page, hub, device);
    const { cpuShare, busyShare, longTasks, frameMsP99 } = await measureDevice(opened.page, { forMs: seconds * 1000 });
    const percents = { busyPercent: cpuShare * 100, busyPercentOfWall: busyShare * 100 };
    figures = { ...percents, deviceLongTasks: longTasks, deviceFrameMsP99: frameMsP99 };
  });
  await opened.context.close();
  return figures;
}

/** A fleet of ten thousand is made up by a process of its own: what is measured is the page. */
async function measureLargeFleet(browser: Browser, seconds: number): Promise<Record<string, number>> {
  const child = spawnOwn([process.execPath, fleetServer, String(fleetDevices)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [said] = (await once(child.stdout!, 'data')) as [Buffer];
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(said.toString('utf8').trim());
    const figures = await measureFleet({ page, browser, seconds });
    await context.close();
    return nameFleetFigures(figures);
  } finally {
    await endProcess(child, 'SIGTERM');
  }
}

function nameFleetFigures({ rows, ticking, scrolling }: FleetFigures): Record<string, number> {
  return {
    fleetRows: rows,
    fleetTickFps: ticking.framesPerSecond,
    fleetTickLongTasks: ticking.longCpuTasks,
    fleetTickTaskCpuMsMax: ticking.taskCpuMsMax,
    fleetTickBusyPercent: ticking.busyPercent,
    fleetScrollFps: scrolling.framesPerSecond,
    fleetScrollLateFramesPercent: scrolling.lateFramesPercent,
    fleetScrollLongTasks: scrolling.longCpuTasks,
    fleetScrollTaskCpuMsMax: scrolling.taskCpuMsMax,
    fleetScrollBusyPercent: scrolling.busyPercent,
  };
}

/** Readings of half an hour at 10 Hz, twenty times as fast; the heap is compared once the shortest range is full. */
async function measureHeap(browser: Browser, hub: BenchHub, seconds: number): Promise<Record<string, number>> {
  const opened = await openWebPage(browser, { url: hub.url, cookie: hub.client.cookie, slowdown: 1 });
  let before = Number.NaN;
  let after = Number.NaN;
  await withFeeder(hub, hurriedHz, async (device) => {
    await openDevice(opened.page, hub, device);
    await pause(Math.min(seconds, 70) * 1000);
    before = await readHeap(opened);
    await pause(seconds * 1000);
    after = await readHeap(opened);
  });
  await opened.context.close();
  return { heapMiBBefore: before / 2 ** 20, heapMiBAfter: after / 2 ** 20, heapGrowth: after / before };
}

async function openDevice(page: Page, hub: BenchHub, device: string): Promise<void> {
  await page.goto(`${hub.url}/devices/${device}?range=1m`);
  await page.locator('.chart-box').first().waitFor();
  await pause(2_000);
}
