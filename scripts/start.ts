/**
 * `npm start`: builds the page if need be, starts the hub, and makes this machine its first device by running the agent beside
 * it. Owns two child processes, each in a process group of its own, so that Ctrl-C reaches them in order: the agent first (it
 * still delivers what it has), then the hub. A second signal ends both at once. Flags go on to the hub: `npm start -- --port 80`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, styleText } from 'node:util';
import { buildWebIfStale } from './build-web.ts';

/** What the hub says over its IPC channel once it listens. */
interface Ready {
  readonly type: 'ready';
  readonly url: string;
  /** One-time; null unless this is the very first start. */
  readonly signInLink: string | null;
  /** For any device; null unless this is the very first start. */
  readonly enrolmentKey: string | null;
  /** Single-use enrolment key for this machine's own agent, which needs it only once. */
  readonly ticket: string;
}

const agentBackOffMs = { first: 1_000, most: 30_000, calmAfter: 60_000 };
/** Longer than an agent needs to deliver and say Goodbye; what it could not deliver is in its outbox on disk. */
const agentStopMsMax = 8_000;
const root = resolve(import.meta.dirname, '..');
const hubArgs = process.argv.slice(2);
const { values } = parseArgs({ args: hubArgs, options: { data: { type: 'string' } }, strict: false });
const dataFolder = resolve(typeof values.data === 'string' ? values.data : join(root, 'data'));

let hub: ChildProcess;
let agent: ChildProcess | null = null;
let agentTimer: NodeJS.Timeout | undefined;
let stopping = false;

function startHub(): void {
  const args = [
    join(root, 'hub/src/cli.mjs'),
    'start',
    ...(values.data === undefined ? ['--data', dataFolder] : []),
    ...hubArgs,
  ];
  hub = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
  hub.on('message', (message) => {
    if ((message as Ready | null)?.type === 'ready') hubOnReady(message as Ready);
  });
  hub.on('exit', (code, signal) => {
    if (!stopping) console.error(`The hub ended by itself (${signal ?? `code ${code}`}).`);
    stopping = true;
    clearTimeout(agentTimer);
    agent?.kill('SIGTERM');
    process.exitCode = code ?? 1;
  });
}

function hubOnReady(ready: Ready): void {
  const told = (label: string, text: string): void => console.log(`  ${label.padEnd(15)} ${styleText('cyan', text)}`);
  const where = values.data === undefined ? '' : ` --data ${values.data}`;
  console.log(styleText('bold', '\nLapwing is running.'));
  told('Page', ready.url);
  told('Sign in once', ready.signInLink ?? `npx lapwing sign-in-link${where}`);
  told('Enrol devices', ready.enrolmentKey ?? `npx lapwing enrolment-key${where}`);
  console.log('  This machine is its first device. Ctrl-C stops it.\n');
  startAgent(ready, agentBackOffMs.first);
}

/** The agent is this machine as a device. If it dies the hub goes on, and the agent comes back with growing pauses. */
function startAgent(ready: Ready, pauseMs: number): void {
  const state = join(dataFolder, 'agent');
  const args = [join(root, 'device-sim/src/cli.mjs'), 'host', '--hub', ready.url, '--state', state, '--json'];
  const startMs = performance.now();
  const started = spawn(process.execPath, args, {
    env: { ...process.env, LAPWING_ENROLMENT_KEY: ready.ticket },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  // Its comings and goings are on the page; here only what somebody should look into.
  createInterface({ input: started.stderr }).on('line', (line) => {
    if (!line.startsWith('info:')) console.error(`agent: ${line}`);
  });
  agent = started;
  started.on('exit', (code, signal) => {
    agent = null;
    if (stopping) {
      hub.kill('SIGTERM');
      return;
    }
    const calm = performance.now() - startMs > agentBackOffMs.calmAfter;
    const waitMs = calm ? agentBackOffMs.first : pauseMs;
    console.error(`This machine's agent ended (${signal ?? `code ${code}`}); starting it again in ${waitMs / 1000} s.`);
    agentTimer = setTimeout(() => startAgent(ready, Math.min(waitMs * 2, agentBackOffMs.most)), waitMs);
  });
}

function processOnSignal(): void {
  if (stopping) {
    agent?.kill('SIGKILL');
    hub.kill('SIGKILL');
    return;
  }
  stopping = true;
  clearTimeout(agentTimer);
  if (agent === null) {
    hub.kill('SIGTERM');
    return;
  }
  agent.kill('SIGTERM');
  setTimeout(() => agent?.kill('SIGKILL'), agentStopMsMax).unref();
}

try {
  if (hubArgs.includes('--help') || hubArgs.includes('-h')) {
    process.exitCode =
      spawnSync(process.execPath, [join(root, 'hub/src/cli.mjs'), '--help'], { stdio: 'inherit' }).status ?? 1;
  } else {
    buildWebIfStale(() => console.log('Building the page (the first time only) …'));
    startHub();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, processOnSignal);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
