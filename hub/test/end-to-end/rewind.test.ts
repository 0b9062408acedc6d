/**
 * The whole page in the past, as an operator sees it: the instant in the address, play, and back to live with nothing missing. Real
 * hub, real browser. What is shown is checked against what was sent: the value of a second is the second itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildWebIfStale } from '../../../scripts/build-web.ts';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { launchChromium, openSignedIn } from './chromium.ts';
import { makeHello, RawDevice } from './raw-device.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-rewind-'));
const startMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const problems: string[] = [];
let hub: HubProcess;
let client: HubClient;
let device: RawDevice;
let browser: Browser;
let page: Page;
let seq = 0;

/** The temperature of a second: seconds since the start. */
function send(fromSecond: number, toSecond: number): void {
  const seconds = Array.from({ length: toSecond - fromSecond }, (_, i) => fromSecond + i);
  device.send(
    encodeMessage({
      type: 'batch',
      seq: ++seq,
      ackNow: true,
      backfill: false,
      times: Float64Array.from(seconds, (second) => startMs + second * 1000),
      columns: [makeNumberColumn(0, Float64Array.from(seconds))],
    }),
  );
}
const nowSecond = () => Math.floor((Date.now() - startMs) / 1000);
const instantOf = (second: number) => new Date(startMs + second * 1000 + 500).toISOString();

beforeAll(async () => {
  buildWebIfStale();
  hub = await startHub({ dataFolder: join(folder, 'data') });
  client = await HubClient.signIn(hub.signInLink);
  const token = await client.enrol('kiln');
  device = await RawDevice.connect(hub.url, token);
  const metrics = [{ name: 'temperature', unit: '°C', kind: 'gauge' as const }];
  device.send(makeHello({ deviceId: 'kiln', metrics }));
  await device.next((message) => message.type === 'welcome');
  const end = nowSecond();
  for (let second = 0; second < end; second += 300) send(second, Math.min(end, second + 300));
  await device.waitForAck(seq);
  browser = await launchChromium();
  page = await openSignedIn(browser, client);
  page.on('console', (message) => (message.type() === 'error' ? problems.push(message.text()) : undefined));
  page.on('pageerror', (error) => problems.push(String(error)));
});
afterAll(async () => {
  await browser?.close();
  device?.close();
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const row = () => page.locator('[role="row"], tr, .fleet-row').filter({ hasText: 'kiln' }).first();
/** What the row shows; NaN while it shows none. */
async function shown(): Promise<number> {
  const text = (await row().textContent()) ?? '';
  return Number(/(\d{1,4}(?:\.\d+)?)\s*°C/.exec(text.replaceAll(',', ''))?.[1] ?? Number.NaN);
}
async function waitForShown(is: (value: number) => boolean): Promise<void> {
  await expect.poll(async () => is(await shown()), { timeout: 10_000, interval: 50 }).toBe(true);
}

test('an address with an instant shows the fleet as it was then', async () => {
  await page.goto(`${hub.url}/?at=${instantOf(1234)}`);
  await page.getByText('Rewound to').waitFor();
  await waitForShown((value) => value === 1234);
  expect(await row().textContent()).toContain('Online');
});

test('what arrives now does not leak in', async () => {
  send(nowSecond(), nowSecond() + 1);
  await device.waitForAck(seq);
  await page.keyboard.press('.');
  await waitForShown((value) => value === 1244);
  await page.keyboard.press(',');
  await waitForShown((value) => value === 1234);
  expect(new URL(page.url()).searchParams.get('at')).toMatch(/^\d{4}-.*Z$/);
});

test('it plays, never ahead of its own clock, and stands still again', async () => {
  await page.getByRole('button', { name: '10 times as fast' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await waitForShown((value) => value > 1264);
  await page.getByRole('button', { name: 'Stand still', exact: true }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  const atSecond = (Date.parse(new URL(page.url()).searchParams.get('at')!) - startMs) / 1000;
  await waitForShown((value) => value <= atSecond && value > atSecond - 12);
});

test('a device page is in the past with the rest, and stays there from page to page', async () => {
  await page.getByRole('link', { name: 'kiln', exact: true }).click();
  await page.getByText('Rewound to').waitFor();
  const atSecond = (Date.parse(new URL(page.url()).searchParams.get('at')!) - startMs) / 1000;
  const tile = page.locator('.tiles').getByText(/\d/).first();
  await expect
    .poll(async () => Number(/[\d.]+/.exec((await tile.textContent()) ?? '')?.[0] ?? Number.NaN), { timeout: 10_000 })
    .toBeLessThanOrEqual(atSecond);
  await page.getByRole('link', { name: 'Fleet' }).first().click();
  await page.getByText('Rewound to').waitFor();
});

test('one key, and it is live, with what came meanwhile', async () => {
  const last = nowSecond();
  send(last + 1, last + 2);
  await device.waitForAck(seq);
  await page.keyboard.press('Escape');
  await waitForShown((value) => value === last + 1);
  expect(new URL(page.url()).searchParams.has('at')).toBe(false);
  await page.getByText('Rewound to').waitFor({ state: 'detached' });
  send(last + 2, last + 3);
  await waitForShown((value) => value === last + 2);
  expect(problems).toEqual([]);
});
