/** What one machine may ask of the broker: connections without a credential, packets a second; and the broker over TLS. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { findFreePort, type HubProcess, startHub } from '../../../scripts/hub-process.ts';
import { ensureInstalled, findProgram } from '../../../scripts/system-packages.ts';
import { RawMqtt } from './mqtt-raw.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-mqtt-limits-'));
const certFile = join(folder, 'cert.pem');
const keyFile = join(folder, 'key.pem');
const pendingMax = 20;
let hub: HubProcess;
let client: HubClient;
let tlsPort: number;
let token: string;

beforeAll(async () => {
  ensureInstalled('openssl', 'openssl', () => findProgram('openssl'));
  ensureInstalled('mosquitto_pub', 'mosquitto-clients', () => findProgram('mosquitto_pub'));
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...request, ...names, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  tlsPort = await findFreePort();
  const tls = ['--mqtt-tls-port', String(tlsPort), '--mqtt-tls-cert', certFile, '--mqtt-tls-key', keyFile];
  hub = await startHub({ dataFolder: folder, mqttPort: 0, args: [...tls, '--mqtt-pending', String(pendingMax)] });
  client = await HubClient.signIn(hub.signInLink);
  token = await client.enrol('board');
}, 600_000);
afterAll(async () => {
  await endProcess(hub?.child, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const start = (clientId: string) =>
  RawMqtt.start(hub.mqttPort, { clientId, username: 'board', password: token, keepAlive: 60 });

async function readFigure(name: string): Promise<number> {
  const { figures } = await client.get<{ figures: Record<string, number> }>('/health');
  return figures[name]!;
}

test('who has not said who it is has so many connections; who has is not counted', async () => {
  const known = await Promise.all(Array.from({ length: 10 }, (_, i) => start(`known-${i}`)));
  const silent = await Promise.all(Array.from({ length: pendingMax }, () => RawMqtt.open(hub.mqttPort)));
  const more = await Promise.all(Array.from({ length: 5 }, () => RawMqtt.open(hub.mqttPort)));
  await Promise.all(more.map(({ closed }) => closed));
  expect(silent.some(({ isClosed }) => isClosed)).toBe(false);
  expect(await readFigure('mqtt.refusedLinks')).toBe(5);
  for (const link of known) {
    link.send(Buffer.from([0xc0, 0]));
    expect((await link.packet()).first).toBe(0xd0);
  }
  // A place that becomes free is the next one's.
  silent[0]!.end();
  await expect
    .poll(() =>
      start('again').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  for (const link of [...known, ...silent]) link.end();
  await expect.poll(() => readFigure('mqtt.clients')).toBe(1);
});

test('over TLS with the hub’s own certificate, and by nobody who does not trust it', async () => {
  const args = [
    '-h',
    'localhost',
    '-p',
    String(tlsPort),
    '-u',
    'board',
    '-P',
    token,
    '-q',
    '1',
    '-t',
    'tls',
    '-m',
    '{"level":5}',
  ];
  execFileSync('mosquitto_pub', ['--cafile', certFile, ...args], { timeout: 10_000 });
  expect((await client.readAll('board', 'level')).values).toEqual([5]);
  expect(() =>
    execFileSync('mosquitto_pub', ['--tls-use-os-certs', ...args], { timeout: 10_000, stdio: 'ignore' }),
  ).toThrow();
  const old = connectTls({ port: tlsPort, ca: readFileSync(certFile), maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
  await new Promise((resolve) => old.once('error', resolve));
});

test('handshakes that nobody ends are bounded as well', async () => {
  const silent = await Promise.all(Array.from({ length: pendingMax }, () => RawMqtt.open(tlsPort)));
  const more = await RawMqtt.open(tlsPort);
  await more.closed;
  expect(silent.some(({ isClosed }) => isClosed)).toBe(false);
  for (const link of silent) link.end();
});

test.each([
  [['--mqtt-tls-cert', 'x'], 'needs both --mqtt-tls-cert FILE and --mqtt-tls-key FILE'],
  [['--mqtt-tls-cert', '/nowhere/c', '--mqtt-tls-key', '/nowhere/k'], '/nowhere/c'],
  [['--mqtt-pending', 'many'], '--mqtt-pending takes a whole number'],
])('a hub with %j does not start, and says why', async (args, why) => {
  await expect(startHub({ dataFolder: join(folder, 'other'), args })).rejects.toThrow(why);
});

test('who sends more than its share is read more slowly, and nobody else is', async () => {
  const flood = await start('flood');
  const neighbour = await start('neighbour');
  const pings = Buffer.alloc(2 * 100_000);
  for (let i = 0; i < pings.length; i += 2) pings[i] = 0xc0;
  const startedMs = performance.now();
  flood.send(pings);
  for (let i = 0; i < 5; i++) {
    neighbour.send(Buffer.from([0xc0, 0]));
    expect((await neighbour.packet()).first).toBe(0xd0);
  }
  const neighbourMs = performance.now() - startedMs;
  await flood.take(pings.length);
  // What comes in one read (64 KiB) is answered; then it waits for the next second, at least twice.
  expect(performance.now() - startedMs).toBeGreaterThan(1_000);
  expect(neighbourMs).toBeLessThan(performance.now() - startedMs);
  for (const link of [flood, neighbour]) link.end();
});
