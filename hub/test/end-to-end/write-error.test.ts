/**
 * A disk that answers writes with an error which is not "full": the kernel's own, by a limit on file sizes (EFBIG, which SQLite reports as
 * an I/O error), put on the running hub and taken away again. After such an error nobody knows what the file holds: the store
 * must open it anew, and nothing may be lost or stored twice.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { closeCodeOf } from '@lapwing/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { findProgram } from '../../../scripts/system-packages.ts';
import { makeBatch, RawDevice } from './raw-device.ts';

const deviceId = 'on-a-bad-disk';
const prlimit = findProgram('prlimit');
const isPossible = process.platform === 'linux' && prlimit !== null;

let folder: string;
let hub: HubProcess;
let client: HubClient;

beforeAll(async () => {
  if (!isPossible) return;
  folder = mkdtempSync(join(tmpdir(), 'lapwing-bad-disk-'));
  hub = await startHub({ dataFolder: folder });
  client = await HubClient.signIn(hub.signInLink);
});
afterAll(async () => {
  await endProcess(hub?.child, 'SIGTERM');
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** No write of the hub gets further into a file than this. */
function limitWrites(bytes: number | 'unlimited'): void {
  execFileSync(prlimit!, ['--pid', String(hub.child.pid), `--fsize=${bytes}:unlimited`]);
}

async function readHealth(): Promise<{ http: number; code: string }> {
  const answer = await client.request('GET', '/health');
  const { store } = (await answer.json()) as { store: { code: string } };
  return { http: answer.status, code: store.code };
}

const title = 'an I/O error: the devices are sent away, the file is opened anew, and every reading is stored once';
it.skipIf(!isPossible)(isPossible ? title : `${title} (needs Linux and prlimit)`, async () => {
  const token = await client.enrol(deviceId);
  const first = await RawDevice.start(hub.url, { deviceId, token });
  for (let seq = 1; seq <= 5; seq++) {
    first.send(makeBatch(seq, [seq]));
    await first.waitForAck(seq);
  }

  limitWrites(4096);
  first.send(makeBatch(6, [6]));
  const refused = await first.ended;
  expect(refused.code).toBe(closeCodeOf('storeUnavailable'));
  expect(await readHealth()).toMatchObject({ http: 503, code: expect.stringMatching(/^SQLITE_IOERR/) });
  expect((await client.readAll(deviceId, 'n')).values, 'history goes on').toEqual([1, 2, 3, 4, 5]);

  limitWrites('unlimited');
  const deadlineMs = performance.now() + 30_000;
  while ((await readHealth()).http !== 200 && performance.now() < deadlineMs) await pause(50);
  const second = await RawDevice.start(hub.url, { deviceId, token });
  expect(second.messages[0]).toMatchObject({ type: 'welcome', committedSeq: 5 });
  for (let seq = 6; seq <= 9; seq++) {
    second.send(makeBatch(seq, [seq]));
    await second.waitForAck(seq);
  }
  second.close();
  expect((await client.readAll(deviceId, 'n')).values).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
