import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { closeCodeOf } from '@lapwing/protocol';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildWebIfStale } from '../../../scripts/build-web.ts';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { launchChromium, openSignedIn } from './chromium.ts';
import { makeBatch, RawDevice } from './raw-device.ts';
import { fillDisk, whyNoSmallDisk, wrapInSmallDisk } from './small-disk.ts';

interface Health {
  readonly status: string;
  readonly store: { readonly state: string; readonly code: string; readonly message: string };
}

const deviceId = 'on-a-small-disk';
const rows = 500;
/** Values that no coder makes small, so that the disk is needed. */
const valuesOf = (seq: number): number[] => Array.from({ length: rows }, (_, i) => Math.sin(seq * rows + i) / 3);
const batchOf = (seq: number): Uint8Array => makeBatch(seq, valuesOf(seq));

let folder: string;
let hub: HubProcess;
let client: HubClient;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (whyNoSmallDisk !== '') return;
  buildWebIfStale();
  folder = mkdtempSync(join(tmpdir(), 'lapwing-disk-'));
  hub = await startHub({ dataFolder: folder, wrap: wrapInSmallDisk(folder, 16 * 2 ** 20) });
  client = await HubClient.signIn(hub.signInLink);
  browser = await launchChromium();
  page = await openSignedIn(browser, client);
});

afterAll(async () => {
  await browser?.close();
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

async function readHealth(): Promise<{ http: number; health: Health }> {
  const answer = await client.request('GET', '/health');
  return { http: answer.status, health: (await answer.json()) as Health };
}

/** Sends batch after batch, each when the one before is acked, until the hub refuses one. Returns the last seq acked. */
async function sendUntilRefused(device: RawDevice, firstSeq: number): Promise<number> {
  for (let seq = firstSeq; seq < firstSeq + 10_000; seq++) {
    device.send(batchOf(seq));
    const answer = await Promise.race([device.waitForAck(seq), device.ended]);
    if ('code' in answer) return seq - 1;
  }
  throw new Error('the disk never filled');
}

const title =
  'a full disk: refuses with storeUnavailable, says so, serves history, goes on by itself when there is room';
it.skipIf(whyNoSmallDisk !== '')(whyNoSmallDisk === '' ? title : `${title} (${whyNoSmallDisk})`, async () => {
  const token = await client.enrol(deviceId);
  const first = await RawDevice.start(hub.url, { deviceId, token });
  for (let seq = 1; seq <= 10; seq++) {
    first.send(batchOf(seq));
    await first.waitForAck(seq);
  }

  const makeRoom = fillDisk(hub.child.pid!, folder);
  const acked = await sendUntilRefused(first, 11);
  const refused = await first.ended;
  expect(refused.code).toBe(closeCodeOf('storeUnavailable'));
  expect(refused.retryAfterMs).toBeGreaterThan(0);

  const full = await readHealth();
  expect(full.http).toBe(503);
  expect(full.health.status).toBe('degraded');
  expect(full.health.store).toMatchObject({ state: 'unavailable', code: 'SQLITE_FULL' });
  expect((await client.readAll(deviceId, 'n')).values.slice(0, acked * rows)).toHaveLength(acked * rows);
  const { devices } = await client.get<{ devices: { id: string }[] }>('/devices');
  expect(devices.map(({ id }) => id)).toEqual([deviceId]);

  await page.goto(`${hub.url}/devices/${deviceId}`);
  await page.getByText("The hub's disk is full").waitFor();
  await page.locator('canvas').first().waitFor();

  const second = await RawDevice.start(hub.url, { deviceId, token });
  expect(second.messages[0]).toMatchObject({ type: 'welcome', committedSeq: acked });
  second.send(batchOf(acked + 1));
  expect((await second.ended).code).toBe(closeCodeOf('storeUnavailable'));

  makeRoom();
  const deadlineMs = performance.now() + 30_000;
  while ((await readHealth()).http !== 200 && performance.now() < deadlineMs) await pause(50);
  expect((await readHealth()).health).toMatchObject({ status: 'ok', store: { state: 'ok' } });

  await page.getByText("The hub's disk is full").waitFor({ state: 'hidden' });
  const third = await RawDevice.start(hub.url, { deviceId, token });
  expect(third.messages[0]).toMatchObject({ type: 'welcome', committedSeq: acked });
  for (let seq = acked + 1; seq <= acked + 5; seq++) {
    third.send(batchOf(seq));
    await third.waitForAck(seq);
  }
  third.close();
  const stored = await client.readAll(deviceId, 'n');
  expect(stored.values).toEqual(Array.from({ length: acked + 5 }, (_, i) => valuesOf(i + 1)).flat());
});
