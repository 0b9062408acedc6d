/** A link that shows one board: over every route and the feed of a real hub it sees that board and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMessage, encodeMessage, type FeedMessage, makeNumberColumn } from '@lapwing/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';
import { makeHello, RawDevice } from './raw-device.ts';

let hub: Hub;
let folder: string;
let cookie = '';
const devices = new Map<string, RawDevice>();
const said = new Map<string, number>();
const timeMs = 1_700_000_000_000;

async function call(method: string, path: string, ...[body, headers]: [unknown?, Record<string, string>?]) {
  return fetch(hub.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...(headers ?? { cookie, origin: hub.url }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const readJson = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;

function makeBoard(series: [string, string][]) {
  const tile = { id: 't', kind: 'chart', title: '', x: 0, y: 0, w: 6, h: 4 };
  const tiles = [{ ...tile, series: series.map(([device, metric]) => ({ device, metric })) }];
  return { title: 'Wall', shared: true, content: { rangeMs: 3_600_000, tiles } };
}

async function makeShare(expiresMs = Date.now() + 3_600_000): Promise<{ id: string; secret: string; path: string }> {
  return readJson(call('POST', '/api/v1/shares', { board: 'wall', label: 'wall', expiresMs }));
}

/** Rows of all three metrics: what is secret is 666. */
async function say(id: string): Promise<void> {
  const seq = (said.get(id) ?? 0) + 1;
  said.set(id, seq);
  const device = devices.get(id)!;
  const times = Float64Array.of(timeMs + seq * 1000);
  const columns = [seq, 666, 666].map((value, metric) => makeNumberColumn(metric, Float64Array.of(value)));
  device.send(encodeMessage({ type: 'batch', seq, ackNow: true, backfill: false, times, columns }));
  await device.waitForAck(seq);
}

class Watcher {
  readonly heard: FeedMessage[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  private readonly waiting: (() => void)[] = [];

  constructor(secret: string) {
    const protocols = ['lapwing.v1', `lapwing.share.${secret}`];
    this.socket = new WebSocket(`${hub.url.replace('http', 'ws')}/viewer/v1`, protocols, { headers: { cookie } });
    this.socket.on('message', (frame: Buffer) => {
      const decoded = decodeMessage(frame, 'feed');
      if (!decoded.ok) throw new Error(decoded.text);
      this.heard.push(decoded.message);
      for (const look of this.waiting.splice(0)) look();
    });
    this.closed = new Promise((fulfil) => this.socket.once('close', fulfil));
  }

  async subscribe(names: string[]): Promise<void> {
    await new Promise((fulfil) => this.socket.once('open', fulfil));
    this.socket.send(encodeMessage({ type: 'subscribe', id: 1, devices: names }));
  }

  async until(wants: (message: FeedMessage) => boolean): Promise<void> {
    while (!this.heard.some(wants)) await new Promise<void>((fulfil) => this.waiting.push(fulfil));
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapwing-share-'));
  hub = await startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });
  const link = (await hub.makeSignInLink()).split('#link=')[1]!;
  const session = await call('POST', '/api/v1/session', { link }, {});
  cookie = session.headers.get('set-cookie')!.split(';', 1)[0]!;
  const { key } = await readJson<{ key: string }>(call('POST', '/api/v1/enrolment-keys', { label: 'two', uses: 2 }));
  for (const deviceId of ['shown', 'hidden']) {
    const enrolled = call('POST', '/api/v1/enroll', { key, deviceId }, {});
    const { token } = await readJson<{ token: string }>(enrolled);
    const device = await RawDevice.connect(hub.url, token);
    const metrics = ['temp', 'secret-a', 'secret-b'].map((name) => ({ name, unit: '°C', kind: 'gauge' as const }));
    device.send(makeHello({ deviceId, token, model: 'secret-model', firmware: 'secret-1', metrics }));
    await device.next((message) => message.type === 'welcome');
    devices.set(deviceId, device);
    await say(deviceId);
  }
  expect((await call('PUT', '/api/v1/documents/board/wall', makeBoard([['shown', 'temp']]))).status).toBe(201);
});

afterAll(async () => {
  for (const device of devices.values()) device.close();
  await hub.stop();
  await rm(folder, { recursive: true });
});

test('every route that is not for links refuses them', async () => {
  const { secret } = await makeShare();
  const api = await readJson<{ paths: Record<string, Record<string, { security: object[] }>> }>(
    call('GET', '/api/v1/openapi.json', undefined, {}),
  );
  const open: string[] = [];
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      if (security.length === 0) continue;
      const real = path.replace('{id}', 'shown').replace('{kind}', 'board');
      const { status } = await call(method.toUpperCase(), real, undefined, bearer(secret));
      if (security.some((way) => 'share' in way)) open.push(`${method} ${path}`);
      else expect([method, path, status]).toEqual([method, path, 403]);
    }
  }
  // Who opens one more route to links must say so here, and test below that it keeps to the scope.
  const expected = ['clock', 'feed', 'history', 'shared-board'];
  expect(open.sort()).toEqual(expected.map((name) => `get /api/v1/${name}`));
  const health = await call('GET', '/api/v1/health', undefined, bearer(secret));
  expect(await health.json()).not.toHaveProperty('figures');
  for (const path of ['/device/v1', '/viewer/v1']) expect((await fetch(hub.url + path)).status).toBe(426);
});

test('it gets the board and the metrics that it names, and not a word about others', async () => {
  const { secret, path } = await makeShare();
  expect(path).toBe(`/share#${secret}`);
  const answer = await call('GET', '/api/v1/shared-board', undefined, bearer(secret));
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({
    title: 'Wall',
    content: { tiles: [{ series: [{ device: 'shown', metric: 'temp' }] }] },
    devices: [{ id: 'shown', presence: 'online', metrics: [{ index: 0, name: 'temp', latest: { value: 1 } }] }],
  });
  expect(text).not.toMatch(/secret|hidden|666/);
  expect((await call('GET', '/api/v1/shared-board')).status).toBe(404);
});

test('history: its own metrics; others answer as if they did not exist', async () => {
  const { secret } = await makeShare();
  const ask = (series: string) => {
    const query = new URLSearchParams({ series, from: `${timeMs}`, to: `${timeMs + 60_000}`, buckets: '10' });
    return call('GET', `/api/v1/history?${query}`, undefined, bearer(secret));
  };
  const good = await ask('shown:0');
  expect(good.status).toBe(200);
  expect(await good.json()).toMatchObject({ series: [{ name: 'temp', device: 'shown' }] });
  const problem = async (series: string) => (await (await ask(series)).json()) as { error: { message: string } };
  const refusals = await Promise.all(['shown:1', 'shown:99', 'shown:0,shown:2'].map(problem));
  expect(new Set(refusals.map(({ error }) => error.message)).size).toBe(1);
  const [hidden, missing] = [await problem('hidden:0'), await problem('nobody:0')];
  expect(hidden.error.message.replace('hidden', '')).toBe(missing.error.message.replace('nobody', ''));
  const byDevice = `/api/v1/history?device=hidden&metrics=0&from=${timeMs}&to=${timeMs + 1000}`;
  expect((await call('GET', byDevice, undefined, bearer(secret))).status).toBe(404);
});

test('the feed: Snapshots of its metrics; no frame, no other device, and the cookie beside it adds nothing', async () => {
  const { secret } = await makeShare();
  const watcher = new Watcher(secret);
  await watcher.subscribe([]);
  await say('shown');
  await say('hidden');
  await say('shown');
  await watcher.until((message) => message.type === 'snapshot' && message.latest.some(({ value }) => value === 3));
  for (const message of watcher.heard) {
    if (message.type === 'ping' || message.type === 'pong') continue;
    if (message.type === 'presence') expect(message.entries.map(({ device }) => device)).toEqual(['shown']);
    else {
      expect(message).toMatchObject({ type: 'snapshot', device: 'shown', table: [] });
      expect(JSON.stringify(message)).not.toMatch(/secret|hidden|666/);
    }
  }
  watcher.socket.terminate();
  const curious = new Watcher(secret);
  await curious.subscribe(['hidden']);
  await curious.until((message) => message.type === 'fault');
  const stranger = new Watcher('lw_nothing');
  expect(await new Promise((fulfil) => stranger.socket.once('error', (error) => fulfil(error.message)))).toMatch(/401/);
});

test.each(['json', 'frames'])('the feed as events (%s): the same, and no other device by name', async (form) => {
  const { secret } = await makeShare();
  const listen = (query: string) => call('GET', `/api/v1/feed?form=${form}${query}`, undefined, bearer(secret));
  expect((await listen('&device=hidden')).status).toBe((await listen('&device=nobody')).status);
  const answer = await listen('');
  expect(answer.status).toBe(200);
  const reader = answer.body!.getReader();
  let text = '';
  const read = async () => {
    text += Buffer.from((await reader.read()).value ?? []).toString();
    for (const [, data = ''] of form === 'frames' ? text.matchAll(/^data: (.+)$/gm) : []) {
      text += Buffer.from(data, 'base64').toString('latin1');
    }
  };
  while (!text.includes('shown')) await read();
  await say('hidden');
  await say('shown');
  const before = text.length;
  while (text.length === before) await read();
  await reader.cancel();
  expect(text).toContain('temp');
  expect(text).not.toMatch(/secret|hidden|666/);
});

test('a change of the board changes at once what its viewers see; an empty one shows nothing', async () => {
  const { secret } = await makeShare();
  const watcher = new Watcher(secret);
  await watcher.subscribe(['shown']);
  await watcher.until((message) => message.type === 'snapshot');
  await call('PUT', '/api/v1/documents/board/wall', makeBoard([['hidden', 'temp']]), {
    ...{ cookie, origin: hub.url },
    'if-match': '*',
  });
  await watcher.until((message) => message.type === 'goodbye');
  const after = new Watcher(secret);
  await after.subscribe([]);
  await after.until((message) => message.type === 'snapshot');
  expect(after.heard.find((message) => message.type === 'snapshot')).toMatchObject({ device: 'hidden' });
  after.socket.terminate();
});

test('it ends when it is revoked or its board goes: the socket is cut, every route says 401', async () => {
  const [first, second] = [await makeShare(), await makeShare()];
  const listed = await readJson<{ shares: { id: string }[] }>(call('GET', '/api/v1/shares'));
  expect(JSON.stringify(listed)).not.toContain('lw_');
  expect(listed.shares.map(({ id }) => id)).toEqual(expect.arrayContaining([first.id, second.id]));
  const watcher = new Watcher(first.secret);
  await watcher.subscribe([]);
  expect((await call('DELETE', `/api/v1/shares/${first.id}`)).status).toBe(204);
  expect(await watcher.closed).toBe(4020);
  expect((await call('GET', '/api/v1/shared-board', undefined, bearer(first.secret))).status).toBe(401);
  const other = new Watcher(second.secret);
  await other.subscribe([]);
  expect((await call('DELETE', '/api/v1/documents/board/wall')).status).toBe(204);
  expect(await other.closed).toBe(4020);
  expect((await call('GET', '/api/v1/shared-board', undefined, bearer(second.secret))).status).toBe(401);
  const past = await call('POST', '/api/v1/shares', { board: 'wall', label: 'x', expiresMs: 5 });
  expect(past.status).toBe(404);
});
