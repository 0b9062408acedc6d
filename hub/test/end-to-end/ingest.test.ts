/** Readings over HTTP and through bridges, on a real hub in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeMessage, type Message } from '@lapwing/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';
import { makeBatch, makeHello } from '../support/core-bench.ts';

let hub: Hub;
let folder: string;
let cookie = '';
let key = '';

const start = () => startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapwing-ingest-'));
  hub = await start();
  const link = (await hub.makeSignInLink()).split('#link=')[1]!;
  const signedIn = await fetch(`${hub.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  cookie = signedIn.headers.get('set-cookie')!.split(';', 1)[0]!;
  key = (await asPerson<{ key: string }>('POST', '/enrolment-keys', { label: 'ingest' })).key;
});

afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

async function asPerson<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${hub.url}/api/v1${path}`, {
    method,
    headers: { cookie, origin: hub.url, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

interface Metric {
  name: string;
  unit: string;
  kind: string;
  latest: { timeMs: number; value: number | string } | null;
}

/** Newest values by metric. */
async function latestOf(device: string): Promise<Record<string, number | string | undefined>> {
  const { metrics } = await asPerson<{ metrics: Metric[] }>('GET', `/devices/${device}`);
  return Object.fromEntries(metrics.map(({ name, latest }) => [name, latest?.value]));
}

async function countOf(device: string, metric: string): Promise<number> {
  const query = `device=${device}&metric=${metric}&from=0&to=4000000000000`;
  return (await asPerson<{ values: unknown[] }>('GET', `/readings?${query}`)).values.length;
}

async function enrol(deviceId: string): Promise<string> {
  const answer = await fetch(`${hub.url}/api/v1/enroll`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, deviceId }),
  });
  return ((await answer.json()) as { token: string }).token;
}

const send = (path: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(hub.url + path, { method: 'POST', headers, body });

describe('one line of curl', () => {
  test('makes a device’s readings, with names and units', async () => {
    const token = await enrol('shed');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await send(`/in/${token}`, 'temp=21.5 hum=40', form);
    expect([answer.status, await answer.json()]).toEqual([200, { readings: 2, devices: ['shed'], faults: [] }]);
    expect(await latestOf('shed')).toMatchObject({ temp: 21.5, hum: 40 });
  });

  test('is refused without a good token, and says what would be right', async () => {
    const answer = await send('/in/nobody', 'temp=21.5');
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { advice: expect.stringContaining('enrolment-key') } });
  });
});

describe('POST /api/v1/ingest', () => {
  test('takes JSON under an enrolment key that names a new device', async () => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const answer = await send('/api/v1/ingest?device=attic', '{"temperature":19.25,"window":true}', headers);
    expect([answer.status, await answer.json()]).toEqual([200, { readings: 2, devices: ['attic'], faults: [] }]);
    expect(await latestOf('attic')).toMatchObject({ temperature: 19.25, window: 1 });
  });

  test('lets in as many devices as a key has uses, and it stays the secret of those', async () => {
    const once = (await asPerson<{ key: string }>('POST', '/enrolment-keys', { label: 'one', uses: 1 })).key;
    for (const value of [1, 2]) expect((await send(`/in/${once}?device=porch`, `t=${value}`)).status).toBe(200);
    expect((await send(`/in/${once}?device=cellar`, 't=1')).status).toBe(401);
    expect((await send(`/in/${once}`, 't=1')).status).toBe(401);
    expect((await send(`/in/${key}?device=porch`, 't=1')).status).toBe(403);
    expect(await countOf('porch', 't')).toBe(2);
  });

  test('stores a request that names itself once, also over a restart of the hub', async () => {
    const token = await enrol('once');
    const headers = {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'idempotency-key': 'abc-1',
    };
    for (let i = 0; i < 3; i++) expect((await send('/api/v1/ingest', '{"t":1}', headers)).status).toBe(200);
    await hub.stop();
    hub = await start();
    expect((await send('/api/v1/ingest', '{"t":1}', headers)).status).toBe(200);
    expect(await countOf('once', 't')).toBe(1);
    expect((await send('/api/v1/ingest', '{"t":1}', { ...headers, 'idempotency-key': 'abc-2' })).status).toBe(200);
    expect(await countOf('once', 't')).toBe(2);
    const other = await send('/api/v1/ingest', '{"t":2}', headers);
    expect([other.status, await other.json()]).toMatchObject([
      422,
      { error: { code: 'key-reused', advice: expect.stringContaining('key of its own') } },
    ]);
    expect(await countOf('once', 't')).toBe(2);
  });

  test('knows a request again that an enrolment key sent first, and whose secret it is by then', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'first' };
    for (const repeated of [{}, { repeated: true, readings: 0, devices: [] }]) {
      const answer = await send(`/in/${key}?device=barn`, '{"t":1}', headers);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        { readings: 1, devices: ['barn'], faults: [], ...repeated },
      ]);
    }
    expect(await countOf('barn', 't')).toBe(1);
  });

  test('says that a device is to be named, where an enrolment key names none', async () => {
    const answer = await send(`/in/${key}`, 't=1');
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { advice: expect.stringContaining('add ?device=NAME to the address') } },
    ]);
  });

  test('takes SenML', async () => {
    const token = await enrol('senml');
    const body = '[{"bn":"","n":"temp","u":"Cel","v":23.1},{"n":"open","vb":true}]';
    const headers = { 'content-type': 'application/senml+json', authorization: `Bearer ${token}` };
    const answer = await send('/api/v1/ingest', body, headers);
    expect([answer.status, await answer.json()]).toEqual([200, { readings: 2, devices: ['senml'], faults: [] }]);
    expect(await latestOf('senml')).toMatchObject({ temp: 23.1, open: 1 });
  });

  test('a name in the body is one device’s, whoever sends it; what another credential says of it is refused', async () => {
    const headers = { 'content-type': 'application/senml+json' };
    const pack = (urn: string) => JSON.stringify([{ bn: `${urn}:`, n: 'temp', u: 'Cel', v: 23.1 }]);
    const urn = 'urn:dev:ow:10e2073a01080063';
    expect((await send(`/in/${key}?device=cabin`, pack(urn), headers)).status).toBe(200);
    for (const path of [`/in/${key}`, `/in/${key}?device=lodge`]) {
      const answer = await send(path, pack(urn), headers);
      expect([answer.status, await answer.json()], path).toMatchObject([
        403,
        { error: { code: 'other-device', message: expect.stringMatching(/came by the credential of cabin before/) } },
      ]);
    }
    const free = 'urn:dev:mac:0024befffe804ff1';
    for (const path of [`/in/${key}`, `/in/${key}?device=hut`]) {
      const answer = await send(path, pack(free), headers);
      expect(await answer.json(), path).toEqual({
        readings: 1,
        devices: ['senml-urn:dev:mac:0024befffe804ff1'],
        faults: [],
      });
    }
  });

  test('says of an empty body, of broken JSON and of a time of 1970 what is wrong', async () => {
    const bodies = [
      [`/in/${key}?device=pier`, '', /The body is empty/],
      [`/in/${key}?device=pier`, '{"temperature":21', /begins as JSON and is none/],
      [`/write?device=pier&p=${key}`, 'weather temp=1 1795000000', /1795000000 is a moment of 1970: .*precision/],
    ] as const;
    for (const [path, body, wrong] of bodies) {
      const answer = await send(path, body, { 'content-type': 'text/plain' });
      expect([answer.status, await answer.json()], path).toMatchObject([
        400,
        { error: { message: expect.stringMatching(wrong) } },
      ]);
    }
    expect(await latestOf('pier')).toEqual({});
  });

  test('takes native frames, and again without storing them twice', async () => {
    const token = await enrol('pi-1');
    const headers = { 'content-type': 'application/vnd.lapwing.frames', authorization: `Bearer ${token}` };
    const body = pack([makeHello({ token: '' }), makeBatch(1), makeBatch(2)]);
    for (let i = 0; i < 2; i++) {
      const answer = await send('/api/v1/ingest', body, headers);
      expect([answer.status, await answer.json()]).toEqual([200, { committedSeq: 2 }]);
    }
    expect(await countOf('pi-1', 'temperature')).toBe(2);
    const gap = await send('/api/v1/ingest', pack([makeHello({ token: '' }), makeBatch(9)]), headers);
    expect([gap.status, await gap.json()]).toMatchObject([400, { error: { code: 'sequenceGap' } }]);
  });

  test('refuses what it cannot read, and says why', async () => {
    const token = await enrol('wrong');
    const authorization = `Bearer ${token}`;
    const json = { 'content-type': 'application/json', authorization };
    expect((await send('/api/v1/ingest', '{"t":', json)).status).toBe(400);
    expect((await send('/api/v1/ingest', '<t/>', { 'content-type': 'text/xml', authorization })).status).toBe(415);
    expect((await send('/api/v1/ingest?device=other', '{"t":1}', json)).status).toBe(403);
    expect((await send('/api/v1/ingest', Buffer.alloc(5 * 2 ** 20, 32), json)).status).toBe(413);
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, 32));
    expect((await send('/api/v1/ingest', bomb, { ...json, 'content-encoding': 'gzip' })).status).toBe(413);
    const longKey = { ...json, 'idempotency-key': 'x'.repeat(201) };
    expect((await send('/api/v1/ingest', '{"t":1}', longKey)).status).toBe(400);
  });
});

describe('as InfluxDB', () => {
  test('takes what Telegraf writes, gzipped, with the precision it names', async () => {
    const line = 'cpu,host=server1 usage_idle=97.5,count=12i 1700000000\ncpu,host=server2 usage_idle=50 1700000000\n';
    const headers = { authorization: `Token ${key}`, 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    const answer = await send('/api/v2/write?org=o&bucket=b&precision=s', gzipSync(line), headers);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    const { devices } = await asPerson<{ devices: { id: string; metrics: Metric[] }[] }>('GET', '/devices');
    const servers = devices.filter(({ id }) => id.includes('server'));
    expect(servers).toHaveLength(2);
    expect(servers[0]!.metrics[0]!.latest!.timeMs).toBe(1_700_000_000_000);
  });

  test('lines without a tag that names their device are of the device in the address, or of nobody', async () => {
    const line = 'weather temperature=7.5,humidity=81\n';
    const headers = { authorization: `Token ${key}` };
    const nobody = await send('/api/v2/write', line, headers);
    expect([nobody.status, await nobody.json()]).toMatchObject([
      400,
      { error: { advice: expect.stringContaining('?device=NAME') } },
    ]);
    expect((await send('/api/v2/write?device=mast', line, headers)).status).toBe(204);
    expect(await latestOf('mast')).toMatchObject({ 'weather.temperature': 7.5, 'weather.humidity': 81 });
  });

  test('answers what agents ask before they write', async () => {
    expect((await fetch(`${hub.url}/ping`)).status).toBe(204);
    expect((await fetch(`${hub.url}/ping`, { method: 'HEAD' })).status).toBe(204);
    const basic = { authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}` };
    expect((await send('/query?q=CREATE+DATABASE+x', '', basic)).status).toBe(200);
    expect((await send('/write?db=x&precision=ns', '', basic)).status).toBe(204);
    expect((await send('/write?db=x', 'not a line', basic)).status).toBe(400);
  });
});

test('as ThingsBoard: telemetry under the token in the path', async () => {
  const token = await enrol('tb');
  const headers = { 'content-type': 'application/json' };
  expect((await send(`/api/v1/${token}/telemetry`, '{"ts":1700000000000,"values":{"k":42}}', headers)).status).toBe(
    200,
  );
  expect(await latestOf('tb')).toMatchObject({ k: 42 });
  expect((await send(`/api/v1/${key}/telemetry?device=tb-2`, '{"k":43}', headers)).status).toBe(200);
  expect((await send(`/api/v1/${key}/telemetry?device=tb-2`, '{"k":44}', headers)).status).toBe(200);
  expect(await latestOf('tb-2')).toMatchObject({ k: 44 });
});

describe('Prometheus', () => {
  test('finds newest values once somebody switched them on', async () => {
    expect((await fetch(`${hub.url}/metrics/devices`, { headers: { cookie } })).status).toBe(404);
    expect((await fetch(`${hub.url}/metrics/devices`)).status).toBe(401);
    await asPerson('PUT', '/bridges', { prometheus: true, mqtt: [] });
    const scraped = await fetch(`${hub.url}/metrics/devices`, { headers: { cookie } });
    expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await scraped.text()).toContain('lapwing_reading{device="shed",metric="temp"');
  });
});

describe('a bridge', () => {
  test('says why it has no connection, and is ended by the settings', async () => {
    const port = await findClosedPort();
    const bridge = {
      id: 'home',
      isOn: true,
      url: `mqtt://127.0.0.1:${port}`,
      read: ['tele/#'],
      homeAssistantPrefix: '',
    };
    await asPerson('PUT', '/bridges', { prometheus: false, mqtt: [{ ...bridge, password: 'secret' }] });
    const said = await waitFor(async () => {
      const { health } = await asPerson<{ health: { state: string; error: string }[] }>('GET', '/bridges');
      return health[0]!.state === 'waiting' ? health[0]! : null;
    });
    expect(said.error).toContain('ECONNREFUSED');
    expect(JSON.stringify(await asPerson('GET', '/bridges'))).not.toContain('secret');
    await asPerson('PUT', '/bridges', { prometheus: false, mqtt: [] });
    expect((await asPerson<{ health: unknown[] }>('GET', '/bridges')).health).toEqual([]);
  });

  test('has bounds: addresses, filters and number', async () => {
    const bridge = { id: 'x', isOn: true, url: 'mqtt://a', read: [], homeAssistantPrefix: '' };
    const wrong = [
      { ...bridge, url: 'http://a' },
      { ...bridge, url: 'mqtt://u:p@a' },
      { ...bridge, read: ['a#'] },
      { ...bridge, id: 'A B' },
    ];
    for (const one of wrong)
      await expect(asPerson('PUT', '/bridges', { prometheus: false, mqtt: [one] })).rejects.toThrow('400');
    const twice = { prometheus: false, mqtt: [bridge, bridge] };
    await expect(asPerson('PUT', '/bridges', twice)).rejects.toThrow('two bridges');
  });
});

function pack(messages: readonly Message[]): Buffer<ArrayBuffer> {
  return Buffer.concat(
    messages.flatMap((message) => {
      const frame = encodeMessage(message);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(frame.length);
      return [length, frame];
    }),
  );
}

async function waitFor<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function findClosedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('whoever is at the wrong address', () => {
  test('hears so: GET where readings come in, and paths that do not exist', async () => {
    for (const path of [`/in/${key}?t=1`, '/api/v2/write', '/write']) {
      const answer = await fetch(hub.url + path, { headers: { accept: 'text/html' } });
      expect([answer.status, answer.headers.get('allow')], path).toEqual([405, 'POST']);
      expect(await answer.json()).toMatchObject({ error: { advice: 'POST the readings as the body.' } });
    }
    const health = await fetch(`${hub.url}/health`);
    expect([health.status, await health.json()]).toMatchObject([
      404,
      { error: { advice: expect.stringContaining('/api/v1/health') } },
    ]);
  });

  test('is told how a script acts for a person', async () => {
    const path = `${hub.url}/api/v1/inbox/adopt`;
    const body = JSON.stringify({ id: 'plain/x' });
    const answer = await fetch(path, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body });
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { error: { advice: `A script sends Origin: ${hub.url} with the cookie.` } },
    ]);
  });
});
