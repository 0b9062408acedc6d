/** Labels, tags and where a device's readings come from, over HTTP on a real hub; and that they outlive it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';

let hub: Hub;
let folder: string;
let cookie = '';

const start = () => startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${hub.url}/api/v1/${path}`, {
    method,
    headers: { cookie, origin: hub.url, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, never> };
}

interface Listed {
  readonly id: string;
  readonly label: string;
  readonly tags: string[];
  readonly source: string;
  readonly metrics?: unknown[];
}
const list = async (query = '') => (await call('GET', `devices${query}`)).json.devices as unknown as Listed[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapwing-notes-'));
  hub = await start();
  const link = (await hub.makeSignInLink()).split('#link=')[1]!;
  const answer = await fetch(`${hub.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  cookie = answer.headers.get('set-cookie')!.split(';', 1)[0]!;
  const { key } = (await call('POST', 'enrolment-keys', { label: 'boards' })).json;
  for (const deviceId of ['boiler', 'pump']) await call('POST', 'enroll', { key, deviceId });
  await fetch(`${hub.url}/api/v1/import?device=logger`, {
    method: 'POST',
    headers: { cookie, origin: hub.url, 'content-type': 'text/csv' },
    body: 'time,temp\n1700000000000,21.5\n',
  });
});

afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

test('a device gets a label and tags, and keeps them over a restart', async () => {
  const put = await call('PUT', 'devices/boiler/notes', {
    label: ' Boiler room ',
    tags: ['site:north', 'roof', 'roof'],
  });
  expect(put).toMatchObject({ status: 200, json: { label: 'Boiler room', tags: ['roof', 'site:north'] } });
  expect(await call('PUT', 'devices/boiler/notes', { label: 'Boilers' })).toMatchObject({
    json: { label: 'Boilers', tags: ['roof', 'site:north'] },
  });
  await hub.stop();
  hub = await start();
  expect((await call('GET', 'devices/boiler')).json).toMatchObject({ label: 'Boilers', tags: ['roof', 'site:north'] });
  expect((await list('?tag=roof')).map(({ id }) => id)).toEqual(['boiler']);
});

test('several devices are tagged at once, or none of them', async () => {
  const edit = (body: object) => call('POST', 'device-tags', body);
  expect(await edit({ devices: ['boiler', 'pump'], add: ['floor:2'], remove: ['roof'] })).toMatchObject({
    status: 200,
    json: {
      devices: [
        { id: 'boiler', tags: ['floor:2', 'site:north'] },
        { id: 'pump', tags: ['floor:2'] },
      ],
    },
  });
  expect(await edit({ devices: ['pump', 'nobody'], add: ['x'] })).toMatchObject({ status: 404 });
  expect(await edit({ devices: ['pump'], add: ['not a tag'] })).toMatchObject({ status: 400 });
  expect(await edit({ devices: [], add: ['x'] })).toMatchObject({ status: 400 });
  const many = Array.from({ length: 32 }, (_, i) => `t${i}`);
  expect(await edit({ devices: ['boiler', 'pump'], add: many })).toMatchObject({
    status: 409,
    json: { error: { code: 'too-many-tags', message: expect.stringContaining('boiler') } },
  });
  expect((await call('GET', 'device-tags')).json).toEqual({
    tags: [
      { tag: 'floor:2', devices: 2 },
      { tag: 'site:north', devices: 1 },
    ],
  });
});

test('what only a file brought is told from what has spoken and from what never came', async () => {
  const devices = await list('?metrics=false');
  const sources = Object.fromEntries(devices.map(({ id, source }) => [id, source]));
  expect(sources).toEqual({ boiler: 'none', pump: 'none', logger: 'import' });
  expect(devices.every(({ metrics }) => metrics === undefined)).toBe(true);
  await hub.stop();
  hub = await start();
  expect((await list()).find(({ id }) => id === 'logger')).toMatchObject({
    source: 'import',
    metrics: [{ name: 'temp' }],
  });
});
