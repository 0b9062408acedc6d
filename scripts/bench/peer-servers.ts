/**
 * The programs that the hub is measured against, each on a free port of 127.0.0.1 with its data in a scratch folder, pinned as
 * the hub is. Owns nothing but the list of names: whoever starts one ends it. It installs nothing; it says what is missing.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { spawnOwn } from '../child-processes.ts';
import { findFreePort } from '../hub-process.ts';
import { findProgram } from '../system-packages.ts';
import { onCore } from './server-stack.ts';

export interface PeerServer {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
}

interface Peer {
  readonly program: string;
  readonly debianPackage: string;
}

export const peers = {
  mosquitto: { program: 'mosquitto', debianPackage: 'mosquitto' },
  influxdb: { program: 'influxd', debianPackage: 'influxdb' },
  'victoria-metrics': { program: 'victoria-metrics', debianPackage: 'victoria-metrics' },
} as const satisfies Record<string, Peer>;
export type PeerName = keyof typeof peers;

const readyMsMax = 20_000;

/** Those of `names` that are not there, as an instruction; '' when all are. */
export function tellMissing(names: readonly PeerName[]): string {
  const missing = names.filter((name) => findProgram(peers[name].program) === null);
  if (missing.length === 0) return '';
  const packages = missing.map((name) => peers[name].debianPackage).join(' ');
  return `not installed: ${missing.join(', ')}. On Debian: apt-get install -y --no-install-recommends ${packages}`;
}

/** As the package manager knows them: not every one of the programs can tell. */
export async function readPeerVersions(names: readonly PeerName[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of names) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is dpkg-query's own
    const asked = ['-W', '-f', '${Version}', peers[name].debianPackage];
    const said = await promisify(execFile)('dpkg-query', asked).catch(() => ({ stdout: '' }));
    versions[name] = /(\d+\.\d+\.\d+)/.exec(said.stdout)?.[1] ?? 'unknown';
  }
  return versions;
}

export async function startMosquitto(folder: string): Promise<PeerServer> {
  const port = await findFreePort();
  mkdirSync(folder, { recursive: true });
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 1',
    'max_queued_messages 0',
    'max_inflight_messages 1000',
    'set_tcp_nodelay true',
    'log_type error',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  const server = startPeer('mosquitto', ['-c', join(folder, 'mosquitto.conf')], { port, folder });
  await waitFor(server, () => canConnect(port));
  return server;
}

/** Every request fsynced; quick compaction, so that its size is final soon; one shard for all time. `port`: where it was before. */
export async function startInflux(folder: string, port?: number): Promise<PeerServer> {
  const ports = [port ?? (await findFreePort()), await findFreePort()] as const;
  mkdirSync(folder, { recursive: true });
  const lines = [
    'reporting-disabled = true',
    `bind-address = "127.0.0.1:${ports[1]}"`,
    '[meta]',
    `dir = "${folder}/meta"`,
    '[data]',
    `dir = "${folder}/data"`,
    `wal-dir = "${folder}/wal"`,
    'wal-fsync-delay = "0s"',
    'index-version = "tsi1"',
    'cache-max-memory-size = "4g"',
    'cache-snapshot-write-cold-duration = "5s"',
    'compact-full-write-cold-duration = "10s"',
    '[http]',
    `bind-address = "127.0.0.1:${ports[0]}"`,
    'log-enabled = false',
    'max-body-size = 0',
    '[monitor]',
    'store-enabled = false',
  ];
  writeFileSync(join(folder, 'influx.conf'), `${lines.join('\n')}\n`);
  const server = startPeer('influxdb', ['-config', join(folder, 'influx.conf')], { port: ports[0], folder });
  await waitFor(server, async () => (await fetch(`${server.url}/ping`)).status === 204);
  const create = new URLSearchParams({ q: 'CREATE DATABASE bench WITH DURATION INF SHARD DURATION 520w' });
  await fetch(`${server.url}/query`, { method: 'POST', body: create });
  return server;
}

export async function startVictoria(folder: string, port?: number): Promise<PeerServer> {
  const chosen = port ?? (await findFreePort());
  mkdirSync(folder, { recursive: true });
  const args = [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${chosen}`,
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-search.maxPointsPerTimeseries=100000',
    '-loggerLevel=ERROR',
  ];
  const server = startPeer('victoria-metrics', args, { port: chosen, folder });
  await waitFor(server, async () => (await fetch(`${server.url}/health`)).ok);
  return server;
}

function startPeer(name: PeerName, args: readonly string[], at: { port: number; folder: string }): PeerServer {
  const program = findProgram(peers[name].program);
  if (program === null) throw new Error(tellMissing([name]));
  const child = spawnOwn([...onCore(0), program, ...args], { stdio: 'ignore' });
  return { child, pid: child.pid!, url: `http://127.0.0.1:${at.port}`, ...at };
}

async function waitFor(server: PeerServer, isReady: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + readyMsMax;
  while (performance.now() < endMs) {
    if (server.child.exitCode !== null) throw new Error(`a peer ended at once (${server.child.exitCode})`);
    if (await isReady().catch(() => false)) return;
    await sleep(20);
  }
  throw new Error(`a peer did not answer at ${server.url} within ${readyMsMax} ms`);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((fulfil) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => fulfil(true));
    socket.once('error', () => fulfil(false));
    socket.once('connect', () => socket.destroy());
  });
}
