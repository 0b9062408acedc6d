/**
 * Makes the README's pictures from the running product: a hub, simulated boards, this machine, a real browser.
 *
 * Owns the processes and the scratch folder it starts them in, and writes web/pictures/*.png. `node scripts/pictures.ts`, a
 * minute; `--keep-running` leaves the hub up to look at, until Ctrl-C. `--shots DIR` also takes the sizes that a designer checks.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { buildWebIfStale } from './build-web.ts';
import { endProcess } from './child-processes.ts';
import { HubClient } from './hub-client.ts';
import { type HubProcess, startHub, startSim } from './hub-process.ts';
import { findChromium } from './system-packages.ts';

const { values } = parseArgs({
  options: {
    'warm-s': { type: 'string', default: '45' },
    shots: { type: 'string' },
    'keep-running': { type: 'boolean' },
  },
});
const pictures = resolve(import.meta.dirname, '../web/pictures');
const boards = 48;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly theme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

const readmeShots: readonly Shot[] = [
  { name: 'fleet-dark', path: '/', theme: 'dark', width: 1440, height: 900 },
  { name: 'fleet-light', path: '/', theme: 'light', width: 1440, height: 900 },
  { name: 'device-dark', path: `/devices/${hostname()}?range=1m`, theme: 'dark', width: 1440, height: 900 },
];
const designShots: readonly Shot[] = (['light', 'dark'] as const).flatMap((theme) => [
  { name: `fleet-wide-${theme}`, path: '/', theme, width: 1440, height: 900 },
  { name: `fleet-phone-${theme}`, path: '/', theme, width: 360, height: 740 },
  { name: `device-wide-${theme}`, path: `/devices/${hostname()}`, theme, width: 1440, height: 1400 },
  { name: `device-phone-${theme}`, path: `/devices/${hostname()}`, theme, width: 360, height: 1600 },
  { name: `settings-${theme}`, path: '/settings', theme, width: 1440, height: 700 },
]);

async function main(): Promise<void> {
  buildWebIfStale();
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium: npm test installs one, or set LAPWING_CHROMIUM');
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-pictures-'));
  const hub = await startHub({ dataFolder: join(folder, 'data') });
  try {
    await withFleet(hub, folder, () => takeAll(hub, executablePath));
  } finally {
    await endProcess(hub.child, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withFleet(hub: HubProcess, folder: string, work: () => Promise<void>): Promise<void> {
  const client = await HubClient.signIn(hub.signInLink);
  const env = { LAPWING_ENROLMENT_KEY: await client.makeEnrolmentKey(boards + 1) };
  const where = ['--hub', hub.url, '--state', join(folder, 'state')];
  const sims = [
    startSim(['fleet', '--boards', String(boards), '--seed', '7', ...where], { env }),
    startSim(['host', ...where], { env }),
  ];
  try {
    console.error(`letting ${boards} boards and this machine run for ${values['warm-s']} s`);
    await new Promise((done) => setTimeout(done, Number(values['warm-s']) * 1000));
    sessionCookie = client.cookie;
    await work();
  } finally {
    await Promise.all(sims.map((sim) => endProcess(sim.child, 'SIGTERM')));
  }
}

let sessionCookie = '';

async function takeAll(hub: HubProcess, executablePath: string): Promise<void> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  const browser = await chromium.launch({ executablePath, args });
  try {
    mkdirSync(pictures, { recursive: true });
    if (values.shots === undefined)
      for (const shot of readmeShots) await take(browser, hub, { shot, folder: pictures });
    else for (const shot of designShots) await take(browser, hub, { shot, folder: resolve(values.shots) });
    if (values['keep-running'] === true) {
      console.error(`the hub is at ${hub.url}; Ctrl-C ends it`);
      await new Promise((done) => process.once('SIGINT', done));
    }
  } finally {
    await browser.close();
  }
}

async function take(
  browser: Browser,
  hub: HubProcess,
  { shot, folder }: { shot: Shot; folder: string },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { theme, width, height } = shot;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: 'reduce',
  });
  const [name, value] = sessionCookie.split('=', 2) as [string, string];
  await context.addCookies([{ name, value, url: hub.url }]);
  const page = await context.newPage();
  page.on('console', (message) =>
    message.type() === 'error' ? console.error(`${shot.name}: ${message.text()}`) : undefined,
  );
  await page.goto(hub.url + shot.path);
  await settle(page);
  await page.screenshot({ path: join(folder, `${shot.name}.png`) });
  console.error(`took ${shot.name}`);
  await context.close();
}

/** A picture of a live page: long enough for history, fonts and some live seconds. */
async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('load');
  await new Promise((done) => setTimeout(done, 6_000));
}

await main();
