import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeCodeOf, encodeMessage, type FaultName, faultTable, limits } from '@lapwing/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { type Ended, makeBatch, makeHello, RawDevice } from './raw-device.ts';

let folder: string;
let hub: HubProcess;
let client: HubClient;
let neighbour: Neighbour;

/** A well-behaved device beside the others: it waits for each Ack before it sends the next, and never stops. */
interface Neighbour {
  readonly finish: () => Promise<{ sent: number; worstAckMs: number; ended: Ended | null }>;
}

function runNeighbour(device: RawDevice): Neighbour {
  let going = true;
  let sent = 0;
  let worstAckMs = 0;
  let ended: Ended | null = null;
  void device.ended.then((how) => {
    ended = how;
  });
  const running = (async () => {
    while (going && ended === null) {
      sent += 1;
      const startMs = performance.now();
      device.send(makeBatch(sent, [sent]));
      await Promise.race([device.waitForAck(sent), device.ended]);
      worstAckMs = Math.max(worstAckMs, performance.now() - startMs);
    }
  })();
  return {
    finish: async () => {
      going = false;
      await running;
      const how = ended;
      device.close();
      return { sent, worstAckMs, ended: how };
    },
  };
}

let made = 0;
async function startDevice(): Promise<RawDevice> {
  made += 1;
  const deviceId = `wrong-${made}`;
  return RawDevice.start(hub.url, { deviceId, token: await client.enrol(deviceId) });
}

async function expectFault(device: RawDevice, fault: FaultName): Promise<void> {
  const { code, faultCode } = await device.ended;
  expect({ code, faultCode }).toEqual({ code: closeCodeOf(fault), faultCode: faultTable[fault].code });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lapwing-garbage-'));
  hub = await startHub({ dataFolder: folder });
  client = await HubClient.signIn(hub.signInLink);
  neighbour = runNeighbour(
    await RawDevice.start(hub.url, { deviceId: 'neighbour', token: await client.enrol('neighbour') }),
  );
});

afterAll(async () => {
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

describe.concurrent('each wrong device gets its documented code', () => {
  it('FR-3: garbage in a session is malformedFrame', async () => {
    const device = await startDevice();
    device.send(Uint8Array.of(0x03, 0xff, 0xff, 0xff, 0x00, 0x13, 0x37));
    await expectFault(device, 'malformedFrame');
  });

  it('FR-3: garbage instead of Hello is malformedFrame', async () => {
    const device = await RawDevice.connect(hub.url);
    device.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await expectFault(device, 'malformedFrame');
  });

  it('FR-2: a frame one byte too long is frameTooLarge', async () => {
    const device = await startDevice();
    device.send(new Uint8Array(limits.frameBytesMax + 1).fill(0x03));
    await expectFault(device, 'frameTooLarge');
  });

  it('FR-2: a frame of 8 MB is cut by the WebSocket layer before it is held in memory', async () => {
    const device = await startDevice();
    device.send(new Uint8Array(8_000_000));
    expect((await device.ended).code).toBe(1009);
  });

  it('DL-6: a batch out of order is sequenceGap, and what came before it stays', async () => {
    const deviceId = 'out-of-order';
    const device = await RawDevice.start(hub.url, { deviceId, token: await client.enrol(deviceId) });
    device.send(makeBatch(1, [1]));
    await device.waitForAck(1);
    device.send(makeBatch(3, [3]));
    await expectFault(device, 'sequenceGap');
    expect((await client.readAll(deviceId, 'n')).values).toEqual([1]);
  });

  it('SE-1: another version is unsupportedVersion', async () => {
    const device = await RawDevice.connect(hub.url, await client.enrol('wrong-version'));
    device.send(Uint8Array.from(makeHello({ deviceId: 'wrong-version' }), (byte, i) => (i === 1 ? 2 : byte)));
    await expectFault(device, 'unsupportedVersion');
  });

  it('SE-3: a wrong token in Hello is unauthorized', async () => {
    const device = await RawDevice.connect(hub.url);
    device.send(makeHello({ deviceId: 'neighbour', token: 'guessed' }));
    await expectFault(device, 'unauthorized');
  });

  it('SE-3: the token of another device is unauthorized', async () => {
    const device = await RawDevice.connect(hub.url, await client.enrol('somebody'));
    device.send(makeHello({ deviceId: 'neighbour' }));
    await expectFault(device, 'unauthorized');
  });

  it('SE-3: a wrong token in the upgrade request is HTTP 401', async () => {
    await expect(RawDevice.connect(hub.url, 'guessed')).rejects.toThrow('HTTP 401');
  });

  it('FR-1: a text message is notBinary', async () => {
    const device = await startDevice();
    device.send('{"temperature": 21.5}');
    await expectFault(device, 'notBinary');
  });

  it('SE-2: a batch before Hello is helloExpected', async () => {
    const device = await RawDevice.connect(hub.url, await client.enrol('hasty'));
    device.send(makeBatch(1, [1]));
    await expectFault(device, 'helloExpected');
  });

  it('SE-2: a second Hello is helloExpected', async () => {
    const device = await RawDevice.start(hub.url, { deviceId: 'twice', token: await client.enrol('twice') });
    device.send(makeHello({ deviceId: 'twice' }));
    await expectFault(device, 'helloExpected');
  });

  it('SE-2: silence after connecting is helloTimeout', async () => {
    const device = await RawDevice.connect(hub.url, await client.enrol('silent'));
    await expectFault(device, 'helloTimeout');
  });

  it('DL-9: a metric nobody declared is unknownMetric', async () => {
    const device = await startDevice();
    device.send(makeBatch(1, [1], { metric: 7 }));
    await expectFault(device, 'unknownMetric');
  });

  it('FR-3: a message of the other side is unexpectedMessage', async () => {
    const device = await startDevice();
    device.send(encodeMessage({ type: 'ack', seq: 1 }));
    await expectFault(device, 'unexpectedMessage');
  });

  it('SE-4: a second session of a device supersedes the first, and goes on where it was', async () => {
    const deviceId = 'twin';
    const token = await client.enrol(deviceId);
    const first = await RawDevice.start(hub.url, { deviceId, token });
    first.send(makeBatch(1, [1]));
    await first.waitForAck(1);
    const second = await RawDevice.start(hub.url, { deviceId, token });
    await expectFault(first, 'superseded');
    expect(second.messages[0]).toMatchObject({ type: 'welcome', committedSeq: 1 });
    second.send(makeBatch(2, [2]));
    await second.waitForAck(2);
    second.close();
    expect((await client.readAll(deviceId, 'n')).values).toEqual([1, 2]);
  });
});

it('nobody else notices: the device beside them was acked all the time, and all of it is stored once', async () => {
  const { sent, worstAckMs, ended } = await neighbour.finish();
  expect(ended).toBeNull();
  expect(sent).toBeGreaterThan(100);
  expect(worstAckMs).toBeLessThan(1_000);
  expect((await client.readAll('neighbour', 'n')).values).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
  expect((await client.get<{ status: string }>('/health')).status).toBe('ok');
});
