import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { makeConnect, makePacket, makePublish, makeSubscribe, RawMqtt, text } from './mqtt-raw.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-mqtt-hostile-'));
let hub: HubProcess;
let token: string;
let neighbour: RawMqtt;

beforeAll(async () => {
  hub = await startHub({ dataFolder: folder, mqttPort: 0 });
  const client = await HubClient.signIn(hub.signInLink);
  token = await client.enrol('board');
  const other = await client.enrol('neighbour');
  neighbour = await RawMqtt.start(hub.mqttPort, { clientId: 'neighbour', username: 'neighbour', password: other });
});
afterAll(async () => {
  neighbour.end();
  await endProcess(hub.child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const start = () => RawMqtt.start(hub.mqttPort, { clientId: 'board', username: 'board', password: token });

/** The hub lives and serves somebody else. */
async function checkNeighbour(): Promise<void> {
  neighbour.send(Buffer.from([0xc0, 0]));
  expect(await neighbour.packet()).toMatchObject({ first: 0xd0 });
}

const id = Buffer.from([0, 1]);
const credentials = () => ({ username: 'board', password: token });
const inFirst: readonly (readonly [string, () => Buffer])[] = [
  ['a packet that is no CONNECT', () => makePublish('a', '1')],
  ['a length of five bytes', () => Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ['another protocol', () => makePacket(0x10, text('MQTX'), Buffer.from([4, 2, 0, 60]), text('a'))],
  ['the reserved flag', () => makePacket(0x10, text('MQTT'), Buffer.from([4, 3, 0, 60]), text('a'))],
  ['bytes behind its end', () => makePacket(0x10, makeConnect(credentials()).subarray(3), Buffer.from([1, 2, 3]))],
  ['a will of QoS 3', () => makeConnect({ ...credentials(), will: { topic: 'w', payload: 'x', qos: 3 } })],
  ['a will to a wildcard', () => makeConnect({ ...credentials(), will: { topic: 'w/#', payload: 'x', qos: 0 } })],
  ['a NUL in the client identifier', () => makeConnect({ ...credentials(), clientId: 'a\u0000b' })],
  [
    'a lone surrogate in the client identifier',
    () => makePacket(0x10, text('MQTT'), Buffer.from([4, 2, 0, 60]), text(Buffer.from('eda080', 'hex'))),
  ],
  [
    'a password without a user name',
    () => makePacket(0x10, text('MQTT'), Buffer.from([4, 0x42, 0, 60]), text('a'), text('p')),
  ],
];

const afterwards: readonly (readonly [string, () => Buffer])[] = [
  ['a second CONNECT', () => makeConnect(credentials())],
  ['a topic of 200 levels', () => makePublish('a/'.repeat(200), '1')],
  ['a filter of 200 levels', () => makeSubscribe('a/'.repeat(200))],
  ['an empty topic', () => makePublish('', '1')],
  ['a topic with a wildcard', () => makePublish('a/+/b', '1')],
  ['a topic with NUL', () => makePublish('a\u0000b', '1')],
  ['a topic with a control character', () => makePublish('a\u0007b', '1')],
  ['a topic that is no UTF-8', () => makePublish(Buffer.from([0x61, 0xed, 0xa0, 0x80]), '1')],
  ['packet identifier 0 in PUBLISH', () => makePublish('a', '1', { qos: 1, id: 0 })],
  ['packet identifier 0 in SUBSCRIBE', () => makeSubscribe('a', 0, 0)],
  ['packet identifier 0 in PUBREL', () => makePacket(0x62, Buffer.from([0, 0]))],
  ['DUP at QoS 0', () => makePublish('a', '1', { dup: true })],
  ['a PUBLISH of QoS 3', () => makePublish('a', '1', { qos: 3 })],
  ['a SUBSCRIBE without a filter', () => makePacket(0x82, id)],
  ['a SUBSCRIBE with an empty filter', () => makeSubscribe('')],
  ['a SUBSCRIBE with # in the middle', () => makeSubscribe('a/#/b')],
  ['a SUBSCRIBE with + within a level', () => makeSubscribe('a+')],
  ['a SUBSCRIBE of QoS 3', () => makeSubscribe('a', 3)],
  ['a SUBSCRIBE with the wrong flags', () => makePacket(0x80, id, text('a'), Buffer.from([0]))],
  ['an UNSUBSCRIBE without a filter', () => makePacket(0xa2, id)],
  ['a CONNACK', () => makePacket(0x20, Buffer.from([0, 0]))],
  ['a PINGRESP', () => makePacket(0xd0)],
  ['type 0', () => makePacket(0x00)],
  ['type 15', () => makePacket(0xf0)],
  ['a length of five bytes', () => Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ['a packet of 200 MB', () => Buffer.from([0x30, 0x80, 0x80, 0x80, 0x64])],
  ['a topic of somebody else', () => makePublish('lapwing/v1/neighbour/up', '1')],
  ['a topic of the broker’s own', () => makePublish('$SYS/x', '1')],
];

describe('what is closed, while the hub lives', () => {
  test.each(inFirst)('first packet: %s', async (_what, make) => {
    const client = await RawMqtt.open(hub.mqttPort);
    client.send(make());
    await client.closed;
    await checkNeighbour();
  });

  test.each(afterwards)('afterwards: %s', async (_what, make) => {
    const client = await start();
    client.send(make());
    await client.closed;
    await checkNeighbour();
  });

  test('names that are properties of every object, and a doubled PUBREL, do no harm', async () => {
    for (const clientId of ['__proto__', 'constructor', 'toString']) {
      const client = await RawMqtt.start(hub.mqttPort, { ...credentials(), clientId, clean: false });
      client.send(makeSubscribe('__proto__/constructor', 1));
      expect((await client.packet()).first).toBe(0x90);
      client.send(makePublish('__proto__/constructor', '1', { qos: 2, id: 7 }));
      // A PUBREL that comes before its PUBREC is of a client that keeps to no rules, and ends its link.
      for (;;) if ((await client.packet()).first === 0x50) break;
      client.send(Buffer.concat([makePacket(0x62, Buffer.from([0, 7])), makePacket(0x62, Buffer.from([0, 7]))]));
      client.send(Buffer.from([0xc0, 0]));
      for (;;) if ((await client.packet()).first === 0xd0) break;
      client.end();
      await client.closed;
    }
    await checkNeighbour();
  });
});

test('a client of MQTT 5 is told that its version is not spoken, in words that it understands', async () => {
  const client = await RawMqtt.open(hub.mqttPort);
  client.send(makeConnect({ ...credentials(), level: 5 }));
  expect(await client.take(4)).toEqual(Buffer.from([0x20, 2, 0, 1]));
  await client.closed;
  await expect.poll(() => hub.output()).toContain('a client speaks MQTT 5');
});

test.each([
  ['no credential', {}, 5],
  ['a wrong password', { username: 'board', password: 'lw_wrong' }, 5],
  ['a kept session without a client identifier', { clientId: '', clean: false }, 2],
] as const)('CONNACK says no: %s', async (what, wish, code) => {
  const client = await RawMqtt.open(hub.mqttPort);
  client.send(makeConnect(what.startsWith('a kept') ? { ...credentials(), ...wish } : wish));
  expect(await client.take(4)).toEqual(Buffer.from([0x20, 2, 0, code]));
  await client.closed;
});

test.each(['#', '+/x', '$SYS/#', '$share/g/a', 'lapwing/#', 'lapwing/v1/neighbour/down', 'lapwing/v1/+/down'])(
  'a device is not let in to %s',
  async (filter) => {
    const client = await start();
    client.send(makeSubscribe(filter));
    expect((await client.packet()).body.at(-1)).toBe(0x80);
    client.end();
  },
);

test('50 CONNECTs that announce 256 MB are cut within a second and cost no memory', async () => {
  const rssBefore = readRss();
  const clients = await Promise.all(Array.from({ length: 50 }, () => RawMqtt.open(hub.mqttPort)));
  const startedMs = performance.now();
  const chunk = Buffer.alloc(1 << 20);
  for (const client of clients) {
    client.send(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    client.send(chunk);
  }
  await Promise.all(clients.map((client) => client.closed));
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(readRss() - rssBefore).toBeLessThan(20 * 2 ** 20);
  await checkNeighbour();
});

function readRss(): number {
  const status = readFileSync(`/proc/${hub.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

test('beside a subscriber that does not read nobody waits, at 2,000 messages a second', async () => {
  const frozen = await start();
  frozen.send(makeSubscribe('load/#', 1));
  await frozen.packet();
  frozen.socket.pause();
  const awake = await RawMqtt.start(hub.mqttPort, { ...credentials(), clientId: 'awake' });
  awake.send(makeSubscribe('load/#', 0));
  await awake.packet();
  const publisher = await RawMqtt.start(hub.mqttPort, { ...credentials(), clientId: 'publisher' });
  let gapMax = 0;
  let lastMs = performance.now();
  let heard = 0;
  let isOver = false;
  const listening = (async () => {
    while (!isOver) {
      await awake.packet();
      heard += 1;
      gapMax = Math.max(gapMax, performance.now() - lastMs);
      lastMs = performance.now();
    }
  })().catch(() => undefined);
  const acks = (async () => {
    for (;;) await publisher.packet();
  })().catch(() => undefined);
  const payload = 'x'.repeat(1_000);
  let sent = 0;
  const startedMs = performance.now();
  const seconds = 5;
  while (sent < 2_000 * seconds) {
    // By the clock: a timer that comes late makes up for it.
    const due = Math.min(2_000 * seconds, (performance.now() - startedMs) * 2);
    for (; sent < due; sent++)
      publisher.send(makePublish('load/x', payload, { qos: sent % 2, id: (sent % 60_000) + 1 }));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await expect.poll(() => heard, { timeout: 10_000 }).toBeGreaterThan(sent * 0.9);
  isOver = true;
  publisher.end();
  awake.end();
  frozen.end();
  await Promise.all([listening, acks]);
  expect(gapMax).toBeLessThan(1_000);
}, 30_000);
