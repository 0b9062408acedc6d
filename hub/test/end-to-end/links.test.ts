/** One contract for every link that carries native frames: WebSocket, and MQTT on lapwing/v1/<device>/up and down. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type HubMessage,
  type Message,
  makeNumberColumn,
} from '@lapwing/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { makePublish, makeSubscribe, RawMqtt } from './mqtt-raw.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-links-'));
let hub: HubProcess;
let client: HubClient;

beforeAll(async () => {
  hub = await startHub({ dataFolder: folder, mqttPort: 0 });
  client = await HubClient.signIn(hub.signInLink);
});
afterAll(async () => {
  await endProcess(hub.child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Link {
  send(frame: Uint8Array): void;
  readonly heard: HubMessage[];
  readonly closed: Promise<void>;
  end(): void;
}

function hear(heard: HubMessage[], frame: Uint8Array): void {
  const decoded = decodeMessage(frame, 'hub');
  if (!decoded.ok) throw new Error(decoded.text);
  heard.push(decoded.message);
}

async function openSocket(_deviceId: string, token: string): Promise<Link> {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/device/v1`, 'lapwing.v1', {
    headers: { authorization: `Bearer ${token}` },
  });
  const heard: HubMessage[] = [];
  socket.on('message', (data) => hear(heard, data as Buffer));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise((resolve) => socket.once('open', resolve));
  return { send: (frame) => socket.send(frame), heard, closed, end: () => socket.terminate() };
}

async function openMqtt(deviceId: string, token: string): Promise<Link> {
  const raw = await RawMqtt.start(hub.mqttPort, { clientId: deviceId, username: deviceId, password: token });
  const [up, down] = ['up', 'down'].map((way) => `lapwing/v1/${deviceId}/${way}`) as [string, string];
  raw.send(makeSubscribe(down));
  await raw.packet();
  const heard: HubMessage[] = [];
  const listening = async () => {
    for (;;) {
      const { first, body } = await raw.packet();
      if (first >> 4 === 3) hear(heard, body.subarray(2 + body.readUInt16BE()));
    }
  };
  listening().catch(() => undefined);
  let id = 0;
  const send = (frame: Uint8Array) => raw.send(makePublish(up, frame, { qos: 1, id: ++id }));
  return { send, heard, closed: raw.closed, end: () => raw.end() };
}

const hello = (deviceId: string, more: Partial<Hello> = {}): Message => ({
  ...{ type: 'hello', version: 1, deviceId, token: '', epoch: 7, model: 'Board', firmware: '1', clockMs: 0 },
  ...{ metrics: [{ name: 'n', unit: 'W', kind: 'gauge' }], ...more },
});
const batch = (seq: number): Message => ({
  ...{ type: 'batch', seq, ackNow: true, backfill: false, times: Float64Array.of(1_700_000_000_000 + seq) },
  columns: [makeNumberColumn(0, Float64Array.of(seq), null)],
});

describe.each([
  ['WebSocket', openSocket],
  ['MQTT', openMqtt],
] as const)('a link over %s', (name, open) => {
  const idOf = (what: string) => `${name.toLowerCase()}-${what}`;
  const start = async (what: string) => {
    const token = await client.enrol(idOf(what));
    const link = await open(idOf(what), token);
    link.send(encodeMessage(hello(idOf(what))));
    await expect.poll(() => link.heard).toMatchObject([{ type: 'welcome', committedSeq: 0 }]);
    return { link, token };
  };

  test('welcomes, acks what is committed, once however often it comes, and goes on where it stood', async () => {
    const { link, token } = await start('steady');
    for (const seq of [1, 2, 2]) link.send(encodeMessage(batch(seq)));
    await expect.poll(() => link.heard.findLast(({ type }) => type === 'ack')).toMatchObject({ seq: 2 });
    link.end();
    await link.closed;
    const again = await open(idOf('steady'), token);
    again.send(encodeMessage(hello(idOf('steady'))));
    await expect.poll(() => again.heard).toMatchObject([{ type: 'welcome', committedSeq: 2 }]);
    expect((await client.readAll(idOf('steady'), 'n')).values).toEqual([1, 2]);
    again.end();
  });

  test.each([
    ['a gap', () => encodeMessage(batch(5)), 'sequenceGap'],
    ['garbage', () => Uint8Array.of(250, 1, 2, 3), 'unknownType'],
    ['a frame too large', () => new Uint8Array(70_000), 'frameTooLarge'],
  ])('ends with a fault in words: %s', async (what, make) => {
    const { link } = await start(what.replaceAll(' ', '-'));
    link.send(make());
    await link.closed;
    expect(link.heard.at(-1)).toMatchObject({ type: 'fault' });
  });

  test('another device’s Hello is refused', async () => {
    const token = await client.enrol(idOf('own'));
    const link = await open(idOf('own'), token);
    link.send(encodeMessage(hello('somebody-else')));
    await link.closed;
    expect(link.heard).toMatchObject([{ type: 'fault' }]);
  });

  test('Goodbye is answered by the last Ack, and the link ends', async () => {
    const { link } = await start('leaving');
    link.send(encodeMessage({ ...batch(1), ackNow: false } as Message));
    link.send(encodeMessage({ type: 'goodbye', reason: 'stopping', backMs: 0 }));
    await link.closed;
    expect(link.heard.at(-1)).toMatchObject({ type: 'ack', seq: 1 });
  });
});
