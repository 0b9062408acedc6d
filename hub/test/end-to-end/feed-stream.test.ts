/**
 * The feed where WebSockets cannot pass, for curl, and for a reader that stalls. Real hub, real sockets, real browser.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMessage } from '@lapwing/protocol';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildWebIfStale } from '../../../scripts/build-web.ts';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, makeSignInLink, startHub } from '../../../scripts/hub-process.ts';
import { launchChromium } from './chromium.ts';
import { makeBatch, RawDevice } from './raw-device.ts';
import { RefusingProxy } from './refusing-proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-stream-'));
const dataFolder = join(folder, 'data');
let hub: HubProcess;
let client: HubClient;
let token: string;
let device: RawDevice;
let browser: Browser;
let seq = 0;

beforeAll(async () => {
  buildWebIfStale();
  hub = await startHub({ dataFolder });
  client = await HubClient.signIn(hub.signInLink);
  token = (await client.post<{ token: string }>('/tokens', { label: 'curl' })).token;
  device = await RawDevice.start(hub.url, { deviceId: 'kiln', token: await client.enrol('kiln') });
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  device?.close();
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

async function say(...values: number[]): Promise<void> {
  device.send(makeBatch(++seq, values, { timeMs: Date.now() - values.length }));
  await device.waitForAck(seq);
}

function tell(text: string): void {
  device.send(encodeMessage({ type: 'event', seq: ++seq, atMs: Date.now(), level: 'info', code: 'lid', text }));
}

/** What curl has printed so far, and a wait for more of it. */
function startCurl(path: string): { child: ChildProcess; until(has: (text: string) => boolean): Promise<string> } {
  const child = spawn('curl', ['-sN', '-H', `Authorization: Bearer ${token}`, hub.url + path]);
  let text = '';
  const until = (has: (text: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!has(text)) return;
        child.stdout.off('data', look);
        resolve(text);
      };
      child.stdout.on('data', look);
      child.once('exit', (code) => reject(new Error(`curl ended with ${code} after: ${text}`)));
      look();
    });
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, until };
}

test('curl -N shows what happens, as it happens', async () => {
  const curl = startCurl('/api/v1/feed?device=kiln&metric=n');
  await curl.until((text) => text.includes('event: presence'));
  await say(21.5);
  const text = await curl.until((so) => so.includes('"value":21.5'));
  expect(text).toMatch(/^retry: 2000\n\nid: \S+\nevent: snapshot\ndata: \{"device":"kiln"/);
  expect(text).toMatch(/event: readings\ndata: \{"device":"kiln","stream":\d+,"seq":\d+,"arrivedMs":\d+,"readings":\[/);
  curl.child.kill();
});

test('a reader that takes nothing costs the hub little, and the others are not delayed', async () => {
  const { port } = new URL(hub.url);
  const stalled = connect({
    port: Number(port),
    host: '127.0.0.1',
    onread: { buffer: Buffer.alloc(1024), callback: () => false },
  });
  stalled.write(`GET /api/v1/feed HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n\r\n`);
  const curl = startCurl('/api/v1/feed?device=kiln');
  await curl.until((text) => text.includes('event: presence'));
  const values = Array.from({ length: 4000 }, (_, i) => i + Math.random());
  for (let i = 0; i < 60; i++) device.send(makeBatch(++seq, values, { ackNow: false, timeMs: Date.now() - 10_000 }));
  await say(-1);
  const ended = await curl.until((text) => text.includes('"value":-1'));
  expect(ended).not.toContain('"conflated":true,"metrics":[{"metric":"n","index":0,"unit":"","kind":"counter"}]');
  const { figures } = await client.get<{ figures: Record<string, number> }>('/health');
  expect(figures.viewers).toBe(2);
  stalled.destroy();
  curl.child.kill();
});

test('a page behind a proxy that refuses sockets is live over SSE, and goes on after a cut', async () => {
  const proxy = await RefusingProxy.open(hub.url);
  const page = await browser.newPage();
  const link = await makeSignInLink(dataFolder);
  await page.goto(link.replace(hub.url, proxy.url));
  await page.getByText('over SSE').waitFor();
  expect(proxy.refused).toBeGreaterThanOrEqual(2);
  await page.getByRole('link', { name: 'kiln', exact: true }).click();
  await page.getByText('None yet.').waitFor();
  tell('the lid is open');
  await page.getByText('the lid is open').waitFor();
  proxy.cut();
  tell('the lid is shut');
  await page.getByText('the lid is shut').waitFor();
  await page.close();
  proxy.close();
});

test('the past in JSON: newest values, who was there, and what changed behind it', async () => {
  const timeMs = Date.now() - 600_000;
  for (let i = 0; i < 10; i++) device.send(makeBatch(++seq, [100 + i], { ackNow: false, timeMs: timeMs + i * 1000 }));
  await say(77);
  const path = `/fleet/at?time=${timeMs + 3500}&steps=2&step=2000&device=kiln`;
  const answer = await client.get<{ devices: { id: string; metrics: unknown[] }[]; steps: { readings: unknown[] }[] }>(
    path,
  );
  const reading = (i: number) => ({ metric: 0, name: 'n', unit: '', timeMs: timeMs + i * 1000, value: 100 + i });
  expect(answer.devices).toMatchObject([{ id: 'kiln', metrics: [reading(3)] }]);
  expect(answer.steps.map(({ readings }) => readings)).toEqual([
    [{ device: 'kiln', ...reading(5) }],
    [{ device: 'kiln', ...reading(7) }],
  ]);
  await expect(client.get('/fleet/at?time=soon')).rejects.toThrow('400');
});
