/** Documents over HTTP on a real hub: shapes, bounds, revisions, who sees what, and that they outlive the hub. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';

let hub: Hub;
let folder: string;
let cookie = '';
let apiToken = '';

const start = () => startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });

async function call(method: string, path: string, ...[body, headers]: [unknown?, Record<string, string>?]) {
  const answer = await fetch(`${hub.url}/api/v1/${path}`, {
    method,
    headers: { cookie, origin: hub.url, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = (text === '' ? null : JSON.parse(text)) as never;
  return { status: answer.status, etag: answer.headers.get('etag'), json: json as Record<string, never> };
}

const tile = {
  id: 't1',
  kind: 'chart',
  title: 'Boiler',
  x: 0,
  y: 0,
  w: 6,
  h: 4,
  series: [{ device: 'boiler', metric: 'temp' }],
};
const board = (tiles: unknown[] = [tile]) => ({
  title: 'Cellar',
  shared: true,
  content: { rangeMs: 3_600_000, tiles },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapwing-documents-'));
  hub = await start();
  const link = (await hub.makeSignInLink()).split('#link=')[1]!;
  const answer = await fetch(`${hub.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  cookie = answer.headers.get('set-cookie')!.split(';', 1)[0]!;
  apiToken = ((await call('POST', 'tokens', { label: 'reader' })).json as unknown as { token: string }).token;
});

afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

test('a document is made, changed under its revision, listed, and removed', async () => {
  const made = await call('PUT', 'documents/board/cellar', board());
  expect(made).toMatchObject({ status: 201, etag: '"1"', json: { kind: 'board', id: 'cellar', shared: true } });
  expect(await call('PUT', 'documents/board/cellar', board([]))).toMatchObject({
    status: 409,
    json: { error: { code: 'conflict', message: expect.stringContaining('revision is 1') } },
  });
  const changed = await call('PUT', 'documents/board/cellar', board([]), { 'if-match': '"1"' });
  expect(changed).toMatchObject({ status: 200, etag: '"2"', json: { revision: 2, content: { tiles: [] } } });
  expect((await call('PUT', 'documents/board/cellar', board(), { 'if-match': '"1"' })).status).toBe(409);
  const anyway = await call('PUT', 'documents/board/cellar', board(), { 'if-match': '*' });
  expect(anyway).toMatchObject({ status: 200, etag: '"3"' });
  const read = await call('GET', 'documents/board/cellar');
  expect(read).toMatchObject({ status: 200, etag: '"3"', json: { title: 'Cellar', content: board().content } });
  const lists = [await call('GET', 'documents/board'), await call('GET', 'documents/board?content=true')];
  expect(lists.map(({ json }) => (json as { documents?: object[] }).documents)).toEqual([
    [expect.not.objectContaining({ content: expect.anything() })],
    [expect.objectContaining({ id: 'cellar', content: board().content })],
  ]);
  expect((await call('DELETE', 'documents/board/cellar', undefined, { 'if-match': '"2"' })).status).toBe(409);
  expect((await call('DELETE', 'documents/board/cellar', undefined, { 'if-match': '"3"' })).status).toBe(204);
  expect((await call('GET', 'documents/board/cellar')).status).toBe(404);
  expect((await call('DELETE', 'documents/board/cellar')).status).toBe(404);
});

test('of ten editors at once, one wins', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('PUT', 'documents/board/race', board())));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
});

test('what is no document is refused with its place', async () => {
  const wrong: [string, unknown, RegExp][] = [
    ['documents/board/x', { content: { rangeMs: 1 } }, /content: rangeMs/],
    ['documents/board/x', { content: { rangeMs: 3_600_000, tiles: [{ ...tile, w: 13 }] } }, /tiles\.0\.w/],
    ['documents/board/x', { content: { rangeMs: 3_600_000, tiles: [], colour: 'red' } }, /colour/],
    ['documents/board/x', { title: 'x'.repeat(101), content: board().content }, /title/],
    ['documents/board/x', { content: board(Array.from({ length: 61 }, () => tile)).content }, /tiles/],
    ['documents/view/x', { content: { search: 5 } }, /search/],
    ['documents/view/x', { content: null }, /content/],
    ['documents/preferences/mine', { content: { theme: 'pink' } }, /theme/],
    ['documents/preferences/mine', { content: { zone: '<script>' } }, /zone/],
    ['documents/preferences/else', { content: {} }, /no id/],
    ['documents/view/a:b', { content: { search: '' } }, /no id/],
    [`documents/view/${'x'.repeat(65)}`, { content: { search: '' } }, /no id/],
  ];
  for (const [path, body, why] of wrong) {
    const { status, json } = await call('PUT', path, body);
    expect([path, status, (json as { error?: { message: string } }).error?.message]).toEqual([
      path,
      400,
      expect.stringMatching(why),
    ]);
  }
  expect((await call('PUT', 'documents/nothing/x', { content: {} })).status).toBe(404);
  expect((await call('GET', 'documents/__proto__/x')).status).toBe(404);
  expect((await call('PUT', 'documents/view/x', { content: { search: '' } }, { 'if-match': 'new' })).status).toBe(400);
  const large = board(Array.from({ length: 60 }, (_, i) => ({ ...tile, id: `t${i}`, title: 'é'.repeat(100) })));
  const series = Array.from({ length: 40 }, (_, i) => ({ device: 'd'.repeat(64), metric: `m${i}` }));
  for (const one of large.content.tiles as { series: unknown }[]) one.series = series;
  expect((await call('PUT', 'documents/board/x', large)).status).toBe(413);
});

test('preferences are each person’s own, and an API token sees only what is the hub’s', async () => {
  const content = { theme: 'dark', units: { temperature: '°F' }, fleet: { columns: ['status', 'name'] } };
  const saved = await call('PUT', 'documents/preferences/mine', { shared: true, content });
  expect(saved).toMatchObject({ status: 201, json: { id: 'mine', shared: false, content } });
  await call('PUT', 'documents/view/own', { title: 'own', content: { search: 'q=x' } });
  await call('PUT', 'documents/view/all', { title: 'all', shared: true, content: { search: 'q=y' } });
  const byToken = { cookie: '', authorization: `Bearer ${apiToken}` };
  const listed = await call('GET', 'documents/view', undefined, byToken);
  expect(listed.json).toMatchObject({ documents: [{ id: 'all' }] });
  expect((await call('GET', 'documents/view/own', undefined, byToken)).status).toBe(404);
  expect((await call('GET', 'documents/preferences/mine', undefined, byToken)).status).toBe(404);
  expect((await call('PUT', 'documents/view/all', { content: { search: '' } }, byToken)).status).toBe(403);
});

test('documents outlive the hub, with their revisions', async () => {
  await call('PUT', 'documents/board/kept', board());
  await call('PUT', 'documents/board/kept', board([]), { 'if-match': '"1"' });
  await call('PUT', 'documents/board/gone', board());
  await call('DELETE', 'documents/board/gone');
  await hub.stop();
  hub = await start();
  expect(await call('GET', 'documents/board/kept')).toMatchObject({ etag: '"2"', json: { shared: true } });
  expect((await call('GET', 'documents/board/gone')).status).toBe(404);
});
