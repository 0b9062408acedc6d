/**
 * The stores that take the same readings in turns: each can be opened, filled, asked what it holds, restarted, measured on disk
 * and closed. Owns their processes and folders from open to close.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { endProcess, spawnOwn } from '../child-processes.ts';
import {
  type BenchHub,
  closeHub,
  enrolDevices,
  makeScratchFolder,
  measureFolder,
  openHub,
  restartHub,
} from './bench-hub.ts';
import type { FillPlan, FillResult } from './fill-load.ts';
import { type LoadRun, runLoad } from './load-process.ts';
import { type PeerName, peers, startInflux, startVictoria, tellMissing } from './peer-servers.ts';
import { fleetDevice, openSource, type SourcePlan } from './reading-source.ts';
import { onCore, waitUntilQuiet } from './server-stack.ts';
import { type Digest, digestInHub, digestInInflux, digestInVictoria, type SeriesName } from './stored-digests.ts';

export type ContestantName = 'hub' | 'sqlite' | 'influxdb' | 'victoria-metrics';
export type FillOptions = Pick<FillPlan, 'rowsPerFrame' | 'backfill' | 'isPrebuilt'>;

export interface Contestant {
  readonly name: ContestantName;
  readonly url: () => string;
  readonly pids: () => number[];
  readonly fill: (source: SourcePlan, options: FillOptions) => Promise<LoadRun<FillResult>>;
  readonly digest: (series: SeriesName) => Promise<Digest>;
  /** Stops and starts it: nothing is left in its own memory. */
  readonly restart: () => Promise<void>;
  /** Bytes on disk when its background work is done. It takes no more readings afterwards. */
  readonly measureDisk: () => Promise<number>;
  readonly close: () => Promise<void>;
  /** The hub's own; null for the others. */
  readonly hub: () => BenchHub | null;
}

export interface HubContestant extends Contestant {
  /** The same hub as another process: whoever restarts it otherwise says so. */
  readonly adopt: (hub: BenchHub) => void;
  readonly tokenOf: (device: string) => string;
}

const fillMsMax = 900_000;
/** InfluxDB compacts what has been cold for 10 s. */
const influxColdMs = 18_000;

export function openContestant(name: ContestantName, hubArgs: readonly string[]): Promise<Contestant> {
  if (name === 'hub') return openHubContestant(hubArgs);
  return name === 'sqlite' ? openSqliteContestant() : openPeerContestant(name);
}

/** Those of `wanted` that are installed; says which are not. */
export function chooseInstalled(wanted: readonly ContestantName[]): ContestantName[] {
  const isPeer = (name: ContestantName): name is ContestantName & PeerName => name in peers;
  const missing = tellMissing(wanted.filter(isPeer));
  if (missing !== '') console.error(missing);
  return wanted.filter((name) => !isPeer(name) || tellMissing([name]) === '');
}

function runFill(plan: FillPlan, pids: number[]): Promise<LoadRun<FillResult>> {
  return runLoad<FillResult>({ script: 'fill-load.ts', plan, pids, msMax: fillMsMax });
}

const deviceIds = (source: SourcePlan): string[] =>
  source.kind === 'fleet'
    ? Array.from({ length: source.devices }, (_, i) => fleetDevice(i))
    : openSource(source).map(({ id }) => id);

export async function openHubContestant(args: readonly string[]): Promise<HubContestant> {
  let hub = await openHub(args);
  const tokens = new Map<string, string>();
  const enrolAll = async (ids: readonly string[]): Promise<string[]> => {
    const fresh = ids.filter((id) => !tokens.has(id));
    const made = fresh.length === 0 ? [] : await enrolDevices(hub.client, fresh);
    for (const [i, id] of fresh.entries()) tokens.set(id, made[i]!);
    return ids.map((id) => tokens.get(id)!);
  };
  return {
    name: 'hub',
    url: () => hub.url,
    pids: () => [hub.pid],
    fill: async (source, options) => {
      const enrolled = await enrolAll(deviceIds(source));
      return runFill({ target: 'frames', url: hub.url, source, tokens: enrolled, ...options }, [hub.pid]);
    },
    digest: (series) => digestInHub(hub.client, series),
    restart: async () => {
      hub = await restartHub(hub, args, 'SIGTERM');
    },
    measureDisk: async () => {
      await waitUntilQuiet([hub.pid], 30_000);
      await endProcess(hub.process.child, 'SIGTERM');
      return measureFolder(hub.folder, (file) => /\.(db|sqlite)/.test(file));
    },
    close: () => closeHub(hub),
    hub: () => hub,
    adopt: (other) => {
      hub = other;
    },
    tokenOf: (device) => tokens.get(device) ?? '',
  };
}

async function openSqliteContestant(): Promise<Contestant> {
  const folder = makeScratchFolder();
  const file = join(folder, 'readings.db');
  const command = [...onCore(0), process.execPath, join(import.meta.dirname, 'sqlite-server.ts'), file];
  const child = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { url } = await new Promise<{ url: string }>((fulfil) => child.once('message', fulfil));
  return {
    name: 'sqlite',
    url: () => url,
    pids: () => [child.pid!],
    fill: (source, options) => {
      const tokens = deviceIds(source).map(() => '');
      return runFill({ target: 'frames', url, source, tokens, ...options }, [child.pid!]);
    },
    digest: async (series) => digestInFile(file, series),
    restart: () => Promise.reject(new Error('the hand-written store is not restarted')),
    measureDisk: async () => {
      await endProcess(child, 'SIGTERM');
      return measureFolder(folder);
    },
    close: async () => {
      await endProcess(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
    hub: () => null,
  };
}

function digestInFile(file: string, { device, metric }: SeriesName): Digest {
  const database = new Database(file, { readonly: true });
  const asked = `SELECT count(value) AS count, sum(value) AS sum, min(value) AS min, max(value) AS max FROM readings
    JOIN metrics USING (device, metric) JOIN devices ON devices.key = readings.device WHERE id = ? AND name = ?`;
  const digest = database.prepare(asked).get(device, metric) as Digest;
  database.close();
  return digest;
}

async function openPeerContestant(name: 'influxdb' | 'victoria-metrics'): Promise<Contestant> {
  const folder = makeScratchFolder();
  const start = name === 'influxdb' ? startInflux : startVictoria;
  let server = await start(folder);
  return {
    name,
    url: () => server.url,
    pids: () => [server.pid],
    fill: (source, options) =>
      runFill({ target: 'lines', url: server.url, source, tokens: [], ...options }, [server.pid]),
    digest: (series) => (name === 'influxdb' ? digestInInflux : digestInVictoria)(server.url, series),
    restart: async () => {
      await endProcess(server.child, 'SIGTERM');
      server = await start(folder, server.port);
    },
    measureDisk: async () => {
      if (name === 'influxdb') {
        await sleep(influxColdMs);
        await waitUntilQuiet([server.pid], 15_000);
        return measureFolder(folder, (file) => /\.(tsm|wal)$/.test(file));
      }
      for (const step of ['force_flush', 'force_merge']) await fetch(`${server.url}/internal/${step}`);
      await waitUntilQuiet([server.pid], 30_000);
      return measureFolder(join(folder, 'data')) + measureFolder(join(folder, 'indexdb'));
    },
    close: async () => {
      await endProcess(server.child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
    hub: () => null,
  };
}
