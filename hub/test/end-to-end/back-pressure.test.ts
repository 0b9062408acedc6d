/**
 * More than the store can take: devices are read no faster than it writes, so what waits in memory is bounded.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { makeBatch, RawDevice } from './raw-device.ts';

const devices = 2;
const framesEach = 1_200;
const rows = 4_000;
/** Two sockets' buffers in the kernel, what may wait for the writer, and the groups under way. */
const underWayBytesMax = 48 * 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), 'lapwing-pressure-'));
let hub: HubProcess;
let client: HubClient;

beforeAll(async () => {
  hub = await startHub({ dataFolder: folder });
  client = await HubClient.signIn(hub.signInLink);
});
afterAll(async () => {
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

test('what devices have sent and the store has not is bounded, however much they send', async () => {
  const floods = await Promise.all(Array.from({ length: devices }, (_, i) => startFlood(`flood-${i}`)));
  const bytes = floods.reduce((sum, flood) => sum + flood.bytes, 0);
  expect(bytes).toBeGreaterThan(1.5 * underWayBytesMax);
  await Promise.all(floods.map((flood) => flood.sent));
  const { figures } = await client.get<{ figures: { committedFrames: number } }>('/health');
  const committedBytes = (figures.committedFrames * bytes) / (devices * framesEach);
  expect(bytes - committedBytes).toBeLessThan(underWayBytesMax);
  await Promise.all(floods.map((flood) => flood.acked));
});

/** Sends without ever waiting. `sent`: the last byte has left this process. */
async function startFlood(deviceId: string): Promise<{ bytes: number; sent: Promise<void>; acked: Promise<unknown> }> {
  const token = await client.enrol(deviceId);
  const device = await RawDevice.start(hub.url, { deviceId, token });
  const values = Array.from({ length: rows }, (_, i) => Math.sin(i) / 3);
  let bytes = 0;
  let sent = Promise.resolve();
  for (let seq = 1; seq <= framesEach; seq++) {
    const frame = makeBatch(seq, values, { ackNow: seq === framesEach });
    bytes += frame.length;
    sent = device.sendAndDrain(frame);
  }
  return { bytes, sent, acked: device.waitForAck(framesEach).then(() => device.close()) };
}
