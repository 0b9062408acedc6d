/**
 * The main job, as its owner meets it: sign in by the link, see this machine's own figures move, kill -9, start again, and
 * nothing that was shown as stored is gone. Real hub, real agent, real browser.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildWebIfStale } from '../../../scripts/build-web.ts';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { findFreePort, type HubProcess, type SimProcess, startHub, startSim } from '../../../scripts/hub-process.ts';
import { launchChromium } from './chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-main-job-'));
const deviceId = hostname();
const consoleErrors: string[] = [];
const foreignRequests: string[] = [];
let port: number;
let hub: HubProcess;
let agent: SimProcess;
let browser: Browser;
let page: Page;
let client: HubClient;

beforeAll(async () => {
  buildWebIfStale();
  port = await findFreePort();
  hub = await startHub({ dataFolder: join(folder, 'data'), port });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('console', (message) => (message.type() === 'error' ? consoleErrors.push(message.text()) : undefined));
  page.on('pageerror', (error) => consoleErrors.push(String(error)));
  page.on('request', (request) => {
    const { hostname: host, protocol } = new URL(request.url());
    if (host !== '127.0.0.1' && protocol !== 'data:') foreignRequests.push(request.url());
  });
});

afterAll(async () => {
  await browser?.close();
  await endProcess(agent?.child, 'SIGTERM');
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves to the milliseconds until the value tile's text has changed twice: it moves. */
function waitUntilMoving(): Promise<number> {
  return page.evaluate(() => {
    const startMs = performance.now();
    return new Promise<number>((resolve) => {
      const seen = new Set<string>();
      const look = () => {
        seen.add(document.querySelector('.tiles')?.textContent ?? '');
        if (seen.size > 3) resolve(performance.now() - startMs);
        else requestAnimationFrame(look);
      };
      look();
    });
  });
}

describe('the main job', () => {
  test('the one-time link signs in, and the address bar forgets it', async () => {
    await page.goto(hub.signInLink);
    await page.waitForURL((url) => !url.href.includes('link='));
    await page.waitForSelector('.rail, nav');
    const cookies = await page.context().cookies();
    const { name, value, httpOnly, sameSite } = cookies.find((cookie) => cookie.name === 'lapwing_session')!;
    expect({ httpOnly, sameSite }).toEqual({ httpOnly: true, sameSite: 'Strict' });
    client = new HubClient(hub.url, `${name}=${value}`);
  });

  test('this machine appears by itself, online', async () => {
    const key = await client.makeEnrolmentKey(1);
    const args = ['host', '--hub', hub.url, '--state', join(folder, 'state')];
    agent = startSim(args, { env: { LAPWING_ENROLMENT_KEY: key } });
    await page.getByRole('link', { name: deviceId, exact: true }).waitFor();
    await page.getByText('Online', { exact: true }).first().waitFor();
  });

  test('its figures move within two seconds of opening its page', async () => {
    await page.goto(`${hub.url}/devices/${deviceId}`);
    // A test of behaviour, not of speed: the bound is generous towards a machine that runs other tests beside it.
    expect(await waitUntilMoving()).toBeLessThan(10_000);
  });

  test('after kill -9 the page comes back by itself, and every reading it was acked is there', async () => {
    const before = await client.readAll(deviceId, 'cpu.usage');
    await endProcess(hub.child, 'SIGKILL');
    await page
      .getByText(/reconnecting/i)
      .first()
      .waitFor();
    hub = await startHub({ dataFolder: join(folder, 'data'), port });
    await page.getByText('live', { exact: true }).first().waitFor();
    await waitUntilMoving();
    const after = await client.readAll(deviceId, 'cpu.usage');
    expect(after.timesMs.slice(0, before.timesMs.length)).toEqual(before.timesMs);
    expect(after.values.slice(0, before.values.length)).toEqual(before.values);
    expect(after.timesMs.length).toBeGreaterThan(before.timesMs.length);
    expect(new Set(after.timesMs).size).toBe(after.timesMs.length);
  });

  test('nothing went wrong in the console but the lost connection, and no other host was asked', () => {
    const unexpected = consoleErrors.filter((text) => !/WebSocket connection|ERR_CONNECTION_REFUSED/.test(text));
    expect(unexpected).toEqual([]);
    expect(foreignRequests).toEqual([]);
  });
});
