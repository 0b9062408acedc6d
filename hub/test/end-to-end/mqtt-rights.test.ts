/** A neighbour with a credential of its own: what it can neither say, overwrite, hear nor take over, before and after a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { findFreePort, type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { makeConnect, makePublish, makeSubscribe, RawMqtt } from './mqtt-raw.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-mqtt-rights-'));
let hub: HubProcess;
let client: HubClient;
let port: number;
let mqttPort: number;
const tokens = { owner: '', neighbour: '', quiet: '' };
type Id = keyof typeof tokens;

beforeAll(async () => {
  port = await findFreePort();
  mqttPort = await findFreePort();
  hub = await startHub({ dataFolder: folder, port, mqttPort });
  client = await HubClient.signIn(hub.signInLink);
  for (const id of Object.keys(tokens) as Id[]) tokens[id] = await client.enrol(id);
});
afterAll(async () => {
  await endProcess(hub.child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const as = (id: Id, more: Partial<Parameters<typeof makeConnect>[0]> = {}) =>
  RawMqtt.start(mqttPort, { clientId: id, username: id, password: tokens[id], ...more });

async function publish(id: Id, [topic, payload]: [string, string], retain = false): Promise<boolean> {
  const link = await as(id);
  link.send(makePublish(topic, payload, { qos: 1, id: 1, retain }));
  const isTaken = await Promise.race([link.packet().then(() => true), link.closed.then(() => false)]).catch(
    () => false,
  );
  link.end();
  await link.closed;
  return isTaken;
}

/** What comes within a PINGREQ's time. */
async function hear(link: RawMqtt): Promise<string[]> {
  link.send(Buffer.from([0xc0, 0]));
  const heard: string[] = [];
  for (;;) {
    const { first, body } = await link.packet();
    if (first === 0xd0) return heard;
    heard.push(body.toString());
  }
}

const topics = ['rooms/one/temp', 'owner/anything', 'tele/plug/STATE', 'spBv1.0/G/STATUS/node', 'homie/boiler/$state'];

test('the owner speaks first', async () => {
  for (const topic of topics) expect(await publish('owner', [topic, 'kept'], true), topic).toBe(true);
});

describe.each(['before', 'after'])('%s a restart', (when) => {
  test.runIf(when === 'after')('the hub is killed and comes back', async () => {
    await endProcess(hub.child, 'SIGKILL');
    hub = await startHub({ dataFolder: folder, port, mqttPort });
  });

  test.each([...topics, 'stat/plug/RESULT', 'quiet/temp', 'rooms/quiet'])(
    'nobody else publishes to %s',
    async (topic) => {
      expect(await publish('neighbour', [topic, 'false'], true)).toBe(false);
      expect(await publish('neighbour', [topic, ''], true)).toBe(false);
      expect(hub.output()).toContain('belongs to the device');
    },
  );

  test('its own goes on, and so does the owner', async () => {
    expect(await publish('neighbour', ['rooms/two/temp', '1'])).toBe(true);
    for (const topic of topics) expect(await publish('owner', [topic, 'kept'], true), topic).toBe(true);
    const { figures } = await client.get<{ figures: Record<string, number> }>('/health');
    expect(figures['mqtt.refusedPublishes']).toBeGreaterThan(0);
  });

  test('what is retained is heard by the owner alone', async () => {
    for (const [id, count] of [
      ['owner', 1],
      ['neighbour', 0],
    ] as const) {
      const link = await as(id);
      link.send(makeSubscribe('rooms/#'));
      expect((await link.packet()).body.at(-1)).toBe(0);
      // aedes sends what is retained in later turns.
      const heard = [...(await hear(link)), ...(await hear(link)), ...(await hear(link))];
      expect(
        heard.filter((text) => text.includes('kept')),
        id,
      ).toHaveLength(count);
      link.end();
    }
  });

  test.each(['tele/plug/#', 'cmnd/plug/+', 'spBv1.0/G/+/node', 'owner/#', 'rooms/one/temp'])(
    'a neighbour is not let in to %s',
    async (filter) => {
      const link = await as('neighbour');
      link.send(makeSubscribe(filter));
      expect((await link.packet()).body.at(-1)).toBe(0x80);
      link.end();
      // Nothing but the hub's log can say why: SUBACK has no words.
      const line = hub
        .output()
        .split('\n')
        .find((text) => text.includes(`"filter":"${filter}"`));
      expect(line).toContain('may not hear that: a device hears the hub and itself');
    },
  );
});

test('a will is judged when it is left, not only when it is due', async () => {
  const link = await RawMqtt.open(mqttPort);
  const will = { topic: 'rooms/one/temp', payload: 'false', qos: 0 };
  link.send(makeConnect({ clientId: 'n', username: 'neighbour', password: tokens.neighbour, will }));
  expect(await link.take(4)).toEqual(Buffer.from([0x20, 2, 0, 5]));
});

test('a client identifier is each credential’s own: no link is cut, no queue read by another', async () => {
  const owner = await as('owner', { clientId: 'same', clean: false });
  owner.send(makeSubscribe('rooms/one/temp', 1));
  await owner.packet();
  const neighbour = await as('neighbour', { clientId: 'same', clean: false });
  expect(await hear(neighbour)).toEqual([]);
  await hear(owner);
  owner.end();
  await owner.closed;
  await publish('owner', ['rooms/one/temp', 'queued']);
  expect(await hear(neighbour)).toEqual([]);
  const back = await as('owner', { clientId: 'same', clean: false });
  expect((await back.packet()).body.toString()).toContain('queued');
  for (const link of [back, neighbour]) link.end();
});

test('announcing another’s topics takes nothing from whose they are', async () => {
  expect(await publish('owner', ['rooms/one/level', '41'])).toBe(true);
  const config = {
    state_topic: 'rooms/one/level',
    unique_id: 'x',
    name: 'Stolen',
    device: { identifiers: ['stolen'] },
  };
  expect(await publish('neighbour', ['homeassistant/sensor/stolen/x/config', JSON.stringify(config)], true)).toBe(true);
  expect(await publish('owner', ['rooms/one/level', '42'])).toBe(true);
  const { devices } = await client.get<{ devices: { id: string; metrics: { name: string }[] }[] }>('/devices');
  expect(devices.find(({ id }) => id === 'owner')!.metrics.map(({ name }) => name)).toContain('rooms.one.level');
  expect((await client.readAll('owner', 'rooms.one.level')).values).toEqual([41, 42]);
});

test('a revoked credential leaves its topics to the next', async () => {
  await client.request('DELETE', '/devices/owner/token');
  expect(await publish('neighbour', ['rooms/one/temp', '1'])).toBe(true);
});
