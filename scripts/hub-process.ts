/**
 * Real hub and device-sim processes for end-to-end tests, soak and benchmarks. Whoever starts one ends it, with `endProcess`.
 * Waits for what a program says, never for a time.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { spawnOwn } from './child-processes.ts';

const root = resolve(import.meta.dirname, '..');
export const hubEntry = join(root, 'hub/src/cli.mjs');
export const simEntry = join(root, 'device-sim/src/cli.mjs');

/** How long a hub may take until it listens: a slow machine and a large file, not a hang. */
const readyMsMax = 20_000;
const outputCharsMax = 200_000;

export interface HubOptions {
  readonly dataFolder: string;
  /** 0: any free one. */
  readonly port?: number;
  /** 0: any free one; absent: no MQTT port. */
  readonly mqttPort?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Command in front of node, which must end in exec: `['taskset', '-c', '0']`. */
  readonly wrap?: readonly string[];
}

export interface HubProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** 0 where it has none. */
  readonly mqttPort: number;
  /** One-time; '' after the first start. */
  readonly signInLink: string;
  /** What it has written so far. */
  readonly output: () => string;
}

/** Resolves when the hub listens; rejects with its output when it ends or is silent before that. */
export async function startHub(options: HubOptions): Promise<HubProcess> {
  const args = [
    hubEntry,
    'start',
    '--data',
    options.dataFolder,
    '--port',
    String(options.port ?? 0),
    '--mqtt-port',
    String(options.mqttPort ?? 'off'),
    ...(options.args ?? []),
  ];
  const command = [...(options.wrap ?? []), process.execPath, ...args];
  const child = spawnOwn(command, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = collectOutput(child);
  const ready = await waitForReady(child, output);
  const { url, signInLink, mqttPort } = ready;
  return { child, url, port: Number(new URL(url).port), mqttPort: mqttPort ?? 0, signInLink: signInLink ?? '', output };
}

interface ReadyMessage {
  readonly type?: string;
  readonly url: string;
  readonly mqttPort?: number | null;
  readonly signInLink?: string | null;
}

function waitForReady(child: ChildProcess, output: () => string): Promise<ReadyMessage> {
  return new Promise((fulfil, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the hub ${why}; it said:\n${output()}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${readyMsMax} ms`), readyMsMax);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended (${signal ?? code}) before it listened`));
    child.on('message', (message) => {
      const ready = message as ReadyMessage;
      if (ready.type !== 'ready') return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      fulfil(ready);
    });
  });
}

/** A one-time sign-in link for a hub that runs on `dataFolder`, as `lapwing sign-in-link` makes it. */
export async function makeSignInLink(dataFolder: string): Promise<string> {
  const args = [hubEntry, 'sign-in-link', '--data', dataFolder, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
  return (JSON.parse(stdout) as { signInLink: string }).signInLink;
}

export interface SimProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Lines of standard output so far that are JSON objects. */
  readonly objects: () => Record<string, unknown>[];
}

/** Starts `device-sim ARGS`. */
export function startSim(
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; wrap?: readonly string[] } = {},
): SimProcess {
  const command = [...(options.wrap ?? []), process.execPath, simEntry, ...args];
  const child = spawnOwn(command, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const objects: Record<string, unknown>[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) objects.push(JSON.parse(line) as Record<string, unknown>);
  });
  return { child, output: collectOutput(child, 'stderr'), objects: () => objects };
}

/** A port that was free a moment ago: for a hub that must come back on the same one. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function collectOutput(child: ChildProcess, only?: 'stderr'): () => string {
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-outputCharsMax);
  };
  if (only === undefined) child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => output;
}
