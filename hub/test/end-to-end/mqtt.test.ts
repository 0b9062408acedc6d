import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { endProcess, spawnOwn } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { findFreePort, type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { ensureInstalled, findProgram } from '../../../scripts/system-packages.ts';
import { makeConnect, makePublish, makeSubscribe, RawMqtt } from './mqtt-raw.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'lapwing-mqtt-'));
let hub: HubProcess;
let client: HubClient;
let token: string;
let reader: string;
let httpPort: number;
let mqttPort: number;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  ensureInstalled('mosquitto_pub', 'mosquitto-clients', () => findProgram('mosquitto_pub'));
  ensureInstalled('paho-mqtt for Python', 'python3-paho-mqtt', findPaho);
  httpPort = await findFreePort();
  mqttPort = await findFreePort();
  hub = await startHub({ dataFolder: folder, port: httpPort, mqttPort });
  client = await HubClient.signIn(hub.signInLink);
  token = await client.enrol('board');
  reader = (await client.post<{ token: string }>('/tokens', { label: 'reads' })).token;
}, 600_000);
afterAll(async () => {
  for (const program of programs) await endProcess(program, 'SIGKILL');
  await endProcess(hub?.child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The Debian package's Python, whichever is first on the PATH. */
const python = '/usr/bin/python3';
function findPaho(): string | null {
  return findProgram('python3') === null ? null : (['/usr/lib/python3/dist-packages/paho'].find(exists) ?? null);
}
function exists(path: string): boolean {
  return process.getBuiltinModule('node:fs').existsSync(path);
}

const board = () => ['-h', '127.0.0.1', '-p', String(mqttPort), '-u', 'board', '-P', token];
const publish = (topic: string, message: string, ...more: string[]) =>
  run('mosquitto_pub', [...board(), '-t', topic, '-m', message, ...more], { timeout: 10_000 });

/** Hears as the reader; resolves with the lines when `count` came. */
function listen(filter: string, count: number, ...more: string[]): { lines: Promise<string[]>; ready: Promise<void> } {
  const args = ['-h', '127.0.0.1', '-p', String(mqttPort), '-u', 'reader', '-P', reader];
  const program = spawnOwn(
    // Line by line, though it is a pipe.
    ['stdbuf', '-oL', 'mosquitto_sub', ...args, '-t', filter, '-C', String(count), '-W', '20', '-v', '-d', ...more],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  programs.push(program);
  let output = '';
  const subscribed = Promise.withResolvers<void>();
  program.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.includes('Subscribed')) subscribed.resolve();
  });
  const lines = new Promise<string[]>((resolve) => {
    program.once('close', () =>
      resolve(output.split('\n').filter((line) => line !== '' && !/^(Client|Subscribed)/.test(line))),
    );
  });
  return { lines, ready: subscribed.promise };
}

async function readValues(metric: string, device = 'board'): Promise<(number | string)[]> {
  return (await client.readAll(device, metric)).values;
}

describe('with mosquitto_pub and mosquitto_sub', () => {
  test.each([0, 1, 2])('QoS %i: heard once and stored once', async (qos) => {
    const hearing = listen(`rooms/q${qos}`, 1, '-q', String(qos));
    await hearing.ready;
    const payload = `{"level_${qos}":21.5}`;
    await publish(`rooms/q${qos}`, payload, '-q', String(qos));
    expect(await hearing.lines).toEqual([`rooms/q${qos} ${payload}`]);
    await expect.poll(() => readValues(`level_${qos}`)).toEqual([21.5]);
  });

  test('retained: heard by who comes later, until it is taken back; a restart keeps it', async () => {
    await publish('rooms/kept', '7', '-r', '-q', '1');
    expect(await listen('rooms/kept', 1).lines).toEqual(['rooms/kept 7']);
    await restart();
    expect(await listen('rooms/kept', 1).lines).toEqual(['rooms/kept 7']);
    await publish('rooms/kept', '', '-r', '-q', '1');
    await publish('rooms/kept2', '8', '-r', '-q', '1');
    expect(await listen('rooms/#', 1).lines).toEqual(['rooms/kept2 8']);
  });

  test.each([0, 1])('a subscription by wildcard at QoS %i gets nothing at more, retained or live', async (granted) => {
    const topic = `board/granted${granted}/state`;
    await publish(topic, 'kept', '-q', '2', '-r');
    const heard = listen(`board/granted${granted}/+`, 2, '-q', String(granted), '-F', '%q %r %p');
    await heard.ready;
    await publish(topic, 'live', '-q', '2');
    expect((await heard.lines).toSorted()).toEqual([`${granted} 0 live`, `${granted} 1 kept`]);
  });

  test('a will is published when its client is cut, and not when it says goodbye', async () => {
    const hearing = listen('rooms/will', 1);
    await hearing.ready;
    const will = { topic: 'rooms/will', payload: 'gone', qos: 1 };
    const polite = await RawMqtt.start(mqttPort, {
      clientId: 'w',
      username: 'board',
      password: token,
      will: { ...will, payload: 'wrong' },
    });
    polite.send(Buffer.from([0xe0, 0]));
    await polite.closed;
    const rude = await RawMqtt.start(mqttPort, { clientId: 'w', username: 'board', password: token, will });
    rude.end();
    expect(await hearing.lines).toEqual(['rooms/will gone']);
  });

  test('a session that is kept gets what came meanwhile, also over kill -9', async () => {
    const kept = ['-i', 'keeper', '-c', '-q', '1'];
    const first = listen('rooms/session', 1, ...kept);
    await first.ready;
    await publish('rooms/session', '1', '-q', '1');
    await first.lines;
    await publish('rooms/session', '2', '-q', '1');
    await publish('rooms/session', '3', '-q', '1');
    await restart();
    expect(await listen('rooms/session', 2, ...kept).lines).toEqual(['rooms/session 2', 'rooms/session 3']);
  });

  test('a payload of a megabyte', async () => {
    const file = join(folder, 'large.txt');
    process.getBuiltinModule('node:fs').writeFileSync(file, 'x'.repeat(1_000_000));
    const hearing = listen('rooms/large', 1);
    await hearing.ready;
    await run('mosquitto_pub', [...board(), '-t', 'rooms/large', '-f', file, '-q', '1'], { timeout: 10_000 });
    expect((await hearing.lines)[0]).toHaveLength(1_000_000 + 'rooms/large '.length);
  });

  test('a factory-fresh Tasmota, with an enrolment key for its password, is a device with units', async () => {
    const key = await client.makeEnrolmentKey(1);
    const args = ['-h', '127.0.0.1', '-p', String(mqttPort), '-u', 'plug', '-P', key, '-q', '1'];
    const payload = '{"Time":"2026-01-01T10:00:00","ENERGY":{"Total":1.5,"Power":42},"TempUnit":"C"}';
    // Its credentials stay what was typed in: the second connection is as good as the first.
    for (const _ of [1, 2]) await run('mosquitto_pub', [...args, '-t', 'tele/plug/SENSOR', '-m', payload]);
    const { devices } = await client.get<{ devices: { id: string; metrics: { name: string; unit: string }[] }[] }>(
      '/devices',
    );
    const plug = devices.find((device) => device.id === 'plug');
    expect(plug?.metrics).toEqual(
      expect.arrayContaining([expect.objectContaining({ unit: 'W' }), expect.objectContaining({ unit: 'kWh' })]),
    );
    await expect(
      run('mosquitto_pub', [...args.slice(0, 4), '-u', 'other', '-P', key, '-t', 'a', '-m', '1']),
    ).rejects.toThrow();
  });
});

test('with paho: QoS 0, 1 and 2 both ways, and a session that is kept', async () => {
  const script = `
import sys, time, threading
import paho.mqtt.client as mqtt
port, device, secret, reader = int(sys.argv[1]), "board", sys.argv[2], sys.argv[3]
heard, done = [], threading.Event()
def on_message(c, u, m):
    heard.append((m.topic, m.payload.decode(), m.qos))
    if len(heard) == 30: done.set()
sub = mqtt.Client("paho-reader", clean_session=False)
sub.username_pw_set("reader", reader)
sub.on_message = on_message
ready = threading.Event()
sub.on_connect = lambda c, u, f, rc: c.subscribe("paho/#", 2)
sub.on_subscribe = lambda c, u, mid, qos: ready.set()
sub.connect("127.0.0.1", port); sub.loop_start(); ready.wait(10)
pub = mqtt.Client("paho-board")
pub.username_pw_set(device, secret)
pub.connect("127.0.0.1", port); pub.loop_start()
infos = [pub.publish("paho/%d" % (i % 3), str(i), qos=i % 3) for i in range(30)]
for info in infos: info.wait_for_publish(10)
done.wait(10)
print(sorted(int(p) for _, p, _ in heard) == list(range(30)), sorted(set(q for _, _, q in heard)))
`;
  const { stdout } = await run(python, ['-c', script, String(mqttPort), token, reader], { timeout: 40_000 });
  expect(stdout.trim()).toBe('True [0, 1, 2]');
});

test('1,000 clients at once, each with a message that is stored', async () => {
  const before = await client.get<{ figures: Record<string, number> }>('/health');
  const clients: RawMqtt[] = [];
  for (let i = 0; i < 1_000; i += 100) {
    const some = Array.from({ length: 100 }, (_, k) =>
      RawMqtt.start(mqttPort, { clientId: `many-${i + k}`, username: 'board', password: token }),
    );
    clients.push(...(await Promise.all(some)));
  }
  const acked = clients.map(async (one, i) => {
    one.send(makePublish(`many/m${i % 10}`, String(i), { qos: 1 }));
    return (await one.packet()).first;
  });
  expect(new Set(await Promise.all(acked))).toEqual(new Set([0x40]));
  const after = await client.get<{ figures: Record<string, number> }>('/health');
  expect(after.figures['mqtt.clients']).toBeGreaterThanOrEqual(1_000);
  expect(after.figures['foreign.readings']! - before.figures['foreign.readings']!).toBe(1_000);
  for (const one of clients) one.end();
});

test('over WebSocket at /mqtt', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${httpPort}/mqtt`, 'mqtt');
  await new Promise((resolve) => socket.once('open', resolve));
  const heard: Buffer[] = [];
  const next = () =>
    new Promise<void>((resolve) => socket.once('message', (data) => resolve(void heard.push(data as Buffer))));
  socket.send(makeConnect({ clientId: 'web', username: 'board', password: token }));
  await next();
  socket.send(makePublish('rooms/web', '{"level":3}', { qos: 1, id: 5 }));
  await next();
  expect(heard).toEqual([Buffer.from([0x20, 2, 0, 0]), Buffer.from([0x40, 2, 0, 5])]);
  socket.terminate();
});

test('a device hears the hub and itself, and no other device', async () => {
  const other = await client.enrol('other');
  const listener = await RawMqtt.start(mqttPort, { clientId: 'other', username: 'other', password: other });
  listener.send(makeSubscribe('shared/#'));
  await listener.packet();
  await publish('shared/secret', '1', '-q', '1');
  listener.send(makePublish('shared/own', '2'));
  const { body } = await listener.packet();
  expect(body.toString()).toContain('shared/own');
  listener.end();
});

test('a revoked token ends the link within a second', async () => {
  const secret = await client.enrol('leaving');
  const device = await RawMqtt.start(mqttPort, { clientId: 'leaving', username: 'leaving', password: secret });
  const startedMs = performance.now();
  await client.request('DELETE', '/devices/leaving/token');
  await device.closed;
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

async function restart(): Promise<void> {
  await endProcess(hub.child, 'SIGKILL');
  hub = await startHub({ dataFolder: folder, port: httpPort, mqttPort });
}
