/**
 * An import onto a disk that fills: it is told how far it came, and the same file sent again stores the rest, each row once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { fillDisk, whyNoSmallDisk, wrapInSmallDisk } from './small-disk.ts';

const rows = 200_000;
/** Values that no coder makes small, so that the disk is needed. */
const values = Array.from({ length: rows }, (_, row) => Math.sin(row * row) / 3);
const lines = ['time,n', ...values.map((value, row) => `${1_700_000_000_000 + row},${value}`)];

let folder: string;
let hub: HubProcess;
let client: HubClient;

beforeAll(async () => {
  if (whyNoSmallDisk !== '') return;
  folder = mkdtempSync(join(tmpdir(), 'lapwing-import-disk-'));
  hub = await startHub({ dataFolder: folder, wrap: wrapInSmallDisk(folder, 32 * 2 ** 20) });
  client = await HubClient.signIn(hub.signInLink);
});

afterAll(async () => {
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

async function importRows(count: number): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await fetch(`${client.url}/api/v1/import?device=d`, {
    method: 'POST',
    headers: { cookie: client.cookie, origin: client.url, 'content-type': 'text/csv' },
    body: lines.slice(0, count + 1).join('\n'),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

const title = 'a disk that fills during an import: 503 says how far it came, and the file again stores the rest';
it.skipIf(whyNoSmallDisk !== '')(whyNoSmallDisk === '' ? title : `${title} (${whyNoSmallDisk})`, async () => {
  expect(await importRows(20_000)).toMatchObject({ status: 200, json: { stored: 20_000 } });
  const makeRoom = fillDisk(hub.child.pid!, folder);
  const refused = await importRows(rows);
  expect(refused).toMatchObject({ status: 503, json: { error: { code: 'store-unavailable' } } });
  const { message } = refused.json.error as { message: string };
  const stored = Number(/(\d+) rows of d are stored/.exec(message)![1]);
  expect(stored).toBeGreaterThanOrEqual(20_000);
  expect(stored).toBeLessThan(rows);

  makeRoom();
  const isWell = async () => (await client.request('GET', '/health')).status === 200;
  await vi.waitUntil(isWell, { timeout: 30_000, interval: 50 });
  expect(await importRows(rows)).toMatchObject({ status: 200, json: { stored: rows - stored, duplicates: stored } });
  expect((await client.readAll('d', 'n')).values).toEqual(values);
});
