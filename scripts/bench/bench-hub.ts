/**
 * A hub for benchmarks: on its own core, signed in, its data in a scratch folder. Whoever opens one closes it; closing removes
 * the folder.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { findFreePort, type HubProcess, startHub } from '../hub-process.ts';
import { onCore } from './server-stack.ts';

export interface BenchHub {
  readonly process: HubProcess;
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly client: HubClient;
  readonly folder: string;
}

const enrolAtOnce = 50;

/** It does not outlive this process, however that ends. */
export function makeScratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-bench-'));
  process.once('exit', () => removeFolder(folder));
  return folder;
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

export async function openHub(args: readonly string[]): Promise<BenchHub> {
  const folder = makeScratchFolder();
  const port = await findFreePort();
  const process = await startHub({ dataFolder: folder, port, wrap: onCore(0), args });
  const client = await HubClient.signIn(process.signInLink);
  return { process, pid: process.child.pid!, port, url: process.url, client, folder };
}

/** Ends the hub with `signal` and starts it again on its folder and port; the session goes on. */
export async function restartHub(hub: BenchHub, args: readonly string[], signal: NodeJS.Signals): Promise<BenchHub> {
  await endProcess(hub.process.child, signal);
  const process = await startHub({ dataFolder: hub.folder, port: hub.port, wrap: onCore(0), args });
  return { ...hub, process, pid: process.child.pid! };
}

export async function closeHub(hub: BenchHub): Promise<void> {
  await endProcess(hub.process.child, 'SIGTERM');
  removeFolder(hub.folder);
}

/** Tokens of devices, in the order of their names. */
export async function enrolDevices(client: HubClient, names: readonly string[]): Promise<string[]> {
  const key = await client.makeEnrolmentKey(names.length);
  const tokens: string[] = [];
  for (let first = 0; first < names.length; first += enrolAtOnce) {
    const some = names
      .slice(first, first + enrolAtOnce)
      .map((deviceId) => client.post<{ token: string }>('/enroll', { key, deviceId }));
    tokens.push(...(await Promise.all(some)).map((answer) => answer.token));
  }
  return tokens;
}

/** Bytes of all files in a folder whose names `isWanted`. */
export function measureFolder(folder: string, isWanted: (name: string) => boolean = () => true): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && isWanted(entry.name)) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}
