/**
 * Scenario `mqtt`: 100 publishers of QoS 1 that send as fast as they are answered, and then idle connections, at the hub (which stores
 * every message before its PUBACK), at bare aedes (which stores nothing) and, with peers, at mosquitto. Owns the processes it starts.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RawMqtt } from '../../hub/test/end-to-end/mqtt-raw.ts';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { startHub } from '../hub-process.ts';
import { atLeast, atMost, type LoadReport } from '../load-report.ts';
import { MqttPublisher } from '../soak/mqtt-publisher.ts';
import type { BenchChoice } from './bench-choice.ts';
import { enrolDevices, makeScratchFolder, removeFolder } from './bench-hub.ts';
import { startMosquitto, tellMissing } from './peer-servers.ts';
import { Samples } from './samples.ts';
import { onCore, readStack } from './server-stack.ts';

const publishers = 100;
const windowMessages = 10;
const pace = { window: windowMessages, restMs: 0 };
const warmUpMs = 1_500;

interface Server {
  readonly pid: number;
  readonly port: number;
  readonly tokens: readonly string[];
  end(): Promise<void>;
}

export async function runMqtt(choice: BenchChoice): Promise<LoadReport> {
  const samples = new Samples();
  const servers: Record<string, () => Promise<Server>> = { aedes: startAedes, hub: () => startOwn(choice.hubArgs) };
  const missing = choice.peers ? tellMissing(['mosquitto']) : '';
  if (missing !== '') console.error(missing);
  else if (choice.peers) servers.mosquitto = startPeer;
  for (let i = 0; i < choice.rounds; i++) {
    for (const [name, start] of Object.entries(servers)) await takeTurn(name, await start(), { samples, choice });
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  const stored = samples.medianRatio('messagesPerCpuSecond', 'hub', 'aedes');
  const memory = samples.medianRatio('kibPerConnection', 'hub', 'aedes');
  return {
    scenario: 'mqtt',
    rounds: choice.rounds,
    figures: { publishers, windowMessages, hubArgs: choice.hubArgs.join(' '), ...samples.figures() },
    goals: [
      atLeast('messages stored per CPU-second, hub ÷ bare aedes', stored, { least: 0.8, unit: 'x' }),
      atMost('memory of an idle connection, hub ÷ bare aedes', memory, { most: 0.5, unit: 'x' }),
    ],
  };
}

async function takeTurn(
  name: string,
  server: Server,
  { samples, choice }: { samples: Samples; choice: BenchChoice },
): Promise<void> {
  try {
    // Memory first: a heap that has grown under load holds many connections without growing.
    const idle = await measureIdle(server, choice.quick ? 1_000 : 5_000);
    samples.add(name, { ...idle, ...(await measureRate(server, choice.quick ? 5_000 : 10_000)) });
  } finally {
    await server.end();
  }
}

async function measureRate({ pid, port, tokens }: Server, windowMs: number): Promise<Record<string, number>> {
  const all = tokens.map((token, i) => new MqttPublisher(port, { deviceId: `bench-${i}`, token }, pace));
  const count = () => all.reduce((sum, { acked }) => sum + acked, 0);
  await sleep(warmUpMs);
  const before = { acked: count(), cpu: readStack([pid]).cpuSeconds, ms: performance.now() };
  await sleep(windowMs);
  const acked = count() - before.acked;
  const cpuSeconds = readStack([pid]).cpuSeconds - before.cpu;
  const seconds = (performance.now() - before.ms) / 1000;
  await Promise.all(all.map((publisher) => publisher.stop()));
  return { messagesPerCpuSecond: acked / cpuSeconds, messagesPerSecond: acked / seconds };
}

async function measureIdle({ pid, port, tokens }: Server, connections: number): Promise<Record<string, number>> {
  await sleep(1_000);
  const emptyMiB = readStack([pid]).rssMiB;
  const clients: RawMqtt[] = [];
  while (clients.length < connections) {
    const some = Array.from({ length: 100 }, (_, i) =>
      RawMqtt.start(port, { clientId: `idle-${clients.length + i}`, username: 'bench-0', password: tokens[0]! }),
    );
    clients.push(...(await Promise.all(some)));
  }
  await sleep(3_000);
  const kib = ((readStack([pid]).rssMiB - emptyMiB) * 1_024) / connections;
  for (const client of clients) client.end();
  return { kibPerConnection: kib };
}

async function startOwn(args: readonly string[]): Promise<Server> {
  const folder = makeScratchFolder();
  const hub = await startHub({ dataFolder: folder, mqttPort: 0, wrap: onCore(0), args });
  const client = await HubClient.signIn(hub.signInLink);
  const tokens = await enrolDevices(
    client,
    Array.from({ length: publishers }, (_, i) => `bench-${i}`),
  );
  const end = async () => {
    await endProcess(hub.child, 'SIGTERM');
    removeFolder(folder);
  };
  return { pid: hub.child.pid!, port: hub.mqttPort, tokens, end };
}

const noTokens = Array.from({ length: publishers }, () => 'none');

async function startAedes(): Promise<Server> {
  const command = [...onCore(0), process.execPath, join(import.meta.dirname, 'mqtt-aedes.ts')];
  const child = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { pid: child.pid!, port, tokens: noTokens, end: async () => void (await endProcess(child, 'SIGTERM')) };
}

async function startPeer(): Promise<Server> {
  const folder = makeScratchFolder();
  const { child, pid, port } = await startMosquitto(join(folder, 'mosquitto'));
  const end = async () => {
    await endProcess(child, 'SIGTERM');
    removeFolder(folder);
  };
  return { pid, port, tokens: noTokens, end };
}
