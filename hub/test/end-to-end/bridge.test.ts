/** A bridge to somebody else's broker, both ways: a real broker and a real hub in this process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';

let hub: Hub;
let folder: string;
let cookie = '';
let broker: Aedes;
let server: Server;
let brokerUrl = '';
let home: MqttClient;

beforeEach(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  brokerUrl = `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`;
  home = await connectAsync(brokerUrl);
  folder = await mkdtemp(join(tmpdir(), 'lapwing-bridge-'));
  hub = await startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });
  const link = (await hub.makeSignInLink()).split('#link=')[1]!;
  const signedIn = await fetch(`${hub.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link }),
  });
  cookie = signedIn.headers.get('set-cookie')!.split(';', 1)[0]!;
});

afterEach(async () => {
  await hub.stop();
  await home.endAsync();
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  await new Promise<void>((resolve) => server.close(() => resolve()));
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

async function waitFor<T>(look: () => Promise<T | null | undefined>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const connectBridge = (more: object) =>
  asPerson('PUT', '/bridges', {
    prometheus: false,
    mqtt: [{ id: 'home', isOn: true, url: brokerUrl, read: [], homeAssistantPrefix: '', ...more }],
  });

test('what is blocked says nothing in the inbox any more, is listed, and waits again once it is unblocked', {
  timeout: 20_000,
}, async () => {
  const listIds = async () =>
    (await asPerson<{ devices: { id: string }[] }>('GET', '/inbox')).devices.map(({ id }) => id);
  const speak = (topic: string) => home.publishAsync(`${topic}/state`, '{"level":1}', { qos: 1 });
  const waitUntil = (id: string) => waitFor(async () => ((await listIds()).includes(id) ? id : null));
  await connectBridge({ read: ['plant/#'] });
  await waitFor(async () => {
    await speak('plant/pump');
    return (await listIds()).includes('plain/plant/pump') ? true : null;
  });
  await asPerson('POST', '/inbox/block', { id: 'plain/plant/pump' });
  expect(await listIds()).toEqual([]);
  expect(await asPerson('GET', '/inbox/blocked')).toEqual({
    blocked: [{ id: 'plain/plant/pump', dialect: 'plain', native: 'plant/pump', deviceId: 'plain-plant-pump' }],
    max: 1_000,
  });
  await speak('plant/pump');
  // One link, in order: when the second is here, the first was passed over.
  await speak('plant/fan');
  await waitUntil('plain/plant/fan');
  expect(await listIds()).toEqual(['plain/plant/fan']);
  await asPerson('POST', '/inbox/unblock', { id: 'plain/plant/pump' });
  await expect(asPerson('POST', '/inbox/unblock', { id: 'plain/plant/pump' })).rejects.toThrow('404');
  await speak('plant/pump');
  await waitUntil('plain/plant/pump');
  for (const id of await listIds()) await asPerson('POST', '/inbox/block', { id });
});

test('reads devices of another broker: they wait in the inbox and are stored once let in', {
  timeout: 20_000,
}, async () => {
  const discovery = {
    ip: '192.168.1.31',
    dn: 'Plug',
    fn: ['Plug'],
    hn: 'plug-1',
    mac: 'AABBCCDDEEFF',
    md: 'Sonoff S31',
    t: 'plug',
    ft: '%prefix%/%topic%/',
    tp: ['cmnd', 'stat', 'tele'],
    onln: 'Online',
    ofln: 'Offline',
    sw: '14.2.0',
    rl: [1, 0, 0, 0, 0, 0, 0, 0],
  };
  await home.publishAsync('tasmota/discovery/AABBCCDDEEFF/config', JSON.stringify(discovery), { retain: true, qos: 1 });
  await home.publishAsync('tele/plug/SENSOR', '{"ENERGY":{"Power":99}}', { retain: true, qos: 1 });
  await connectBridge({ read: ['tasmota/discovery/#', 'tele/#'] });
  const waiting = await waitFor(async () => {
    const { devices } = await asPerson<{ devices: { id: string; dialect: string }[] }>('GET', '/inbox');
    return devices.find(({ dialect }) => dialect === 'tasmota');
  });
  const { deviceId } = await asPerson<{ deviceId: string }>('POST', '/inbox/adopt', {
    id: waiting.id,
    deviceId: 'plug-1',
  });
  expect(deviceId).toBe('plug-1');
  await home.publishAsync('tele/plug/SENSOR', '{"Time":"2026-01-01T00:00:00","ENERGY":{"Power":42}}', { qos: 1 });
  const power = await waitFor(async () => {
    const { metrics } = await asPerson<{ metrics: { name: string; unit: string; latest: { value: number } | null }[] }>(
      'GET',
      '/devices/plug-1',
    );
    return metrics.find(({ name, latest }) => /power/i.test(name) && latest?.value === 42);
  });
  expect(power.unit).toBe('W');
  const query = `device=plug-1&metric=${encodeURIComponent((power as { name: string }).name)}&from=0&to=4000000000000`;
  // What was retained before, 99, was a last known value and no fresh sample.
  expect((await asPerson<{ values: number[] }>('GET', `/readings?${query}`)).values).toEqual([42]);
});

test('publishes devices as Home Assistant discovers them, again when it was started anew', {
  timeout: 20_000,
}, async () => {
  const { key } = await asPerson<{ key: string }>('POST', '/enrolment-keys', { label: 'x' });
  const sent = await fetch(`${hub.url}/api/v1/ingest?device=attic`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"temperature":19.5}',
  });
  expect(sent.status).toBe(200);
  const heard = new Map<string, string>();
  home.on('message', (topic, payload) => heard.set(topic, payload.toString()));
  await home.subscribeAsync(['homeassistant/#', 'lapwing/#']);
  await connectBridge({ homeAssistantPrefix: 'homeassistant' });
  const config = 'homeassistant/device/lapwing_attic/config';
  const said = await waitFor(async () => heard.get(config));
  expect(JSON.parse(said)).toMatchObject({
    dev: { name: 'attic' },
    cmps: { m0: { name: 'temperature', p: 'sensor' } },
  });
  expect(await waitFor(async () => heard.get('lapwing/devices/lapwing_attic/state'))).toBe('{"m0":19.5}');
  expect(await waitFor(async () => heard.get('lapwing/bridge/home/state'))).toBe('online');
  heard.delete(config);
  await home.publishAsync('homeassistant/status', 'online');
  await waitFor(async () => heard.get(config));
  // Switched off, it says so before it goes.
  await connectBridge({ homeAssistantPrefix: 'homeassistant', isOn: false });
  await waitFor(async () => (heard.get('lapwing/bridge/home/state') === 'offline' ? true : null));
  expect((await asPerson<{ devices: unknown[] }>('GET', '/inbox')).devices).toEqual([]);
});

test('what is retained is understood whatever its order: states wait for the discovery behind them', {
  timeout: 20_000,
}, async () => {
  const kept = { retain: true, qos: 1 } as const;
  await home.publishAsync('attic/sensor/t/state', '19.5', kept);
  const config = {
    stat_t: 'attic/sensor/t/state',
    unit_of_meas: '°C',
    name: 'T',
    uniq_id: 'attic-t',
    dev: { ids: 'attic', name: 'Attic' },
  };
  await home.publishAsync('homeassistant/sensor/attic/t/config', JSON.stringify(config), kept);
  await connectBridge({ read: ['#'] });
  type Waiting = { devices: { dialect: string; metrics: { name: string; unit: string; latest: unknown }[] }[] };
  const { devices } = await waitFor(async () => {
    const inbox = await asPerson<Waiting>('GET', '/inbox');
    return inbox.devices.length > 0 ? inbox : null;
  });
  expect(devices).toMatchObject([{ dialect: 'home-assistant', metrics: [{ unit: '°C', latest: 19.5 }] }]);
});
