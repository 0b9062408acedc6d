/**
 * `npm run demo`: a hub with this machine, 48 simulated boards, a handful of devices of each dialect, and a week behind them all.
 *
 * Owns a folder for the hub's data, made anew and taken away at the end unless `--data DIR` names one to keep, and four processes:
 * hub, this machine's agent, the boards, the dialects' devices. Ctrl-C ends the devices first, then the hub.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify, styleText } from 'node:util';
import { buildWebIfStale } from './build-web.ts';
import { endProcess } from './child-processes.ts';
import { importTables, makeBoardTables, makeDialectTables, type Week } from './demo-history.ts';
import { HubClient } from './hub-client.ts';
import { type HubProcess, hubEntry, makeSignInLink, type SimProcess, startHub, startSim } from './hub-process.ts';

const help = `Usage: npm run demo [-- options]

  --port N      the page  [7190; 0 for any free one]
  --mqtt-port N the broker  [any free one]
  --data DIR    keep the data there  [a temporary folder, removed at the end]
  --boards N    [48]
  --devices N   of each dialect  [4]
  --days N      of history  [7]
  --seed S      [1]
`;
const dayMs = 86_400_000;
const devicesMsMax = 30_000;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7190' },
    'mqtt-port': { type: 'string', default: '0' },
    data: { type: 'string' },
    boards: { type: 'string', default: '48' },
    devices: { type: 'string', default: '4' },
    days: { type: 'string', default: '7' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
});

let hub: HubProcess | undefined;
const sims: SimProcess[] = [];
const kept = values.data === undefined ? null : resolve(values.data);
/** Made when the options are known to be right. */
let folder = '';
let isStopping = false;

function readWhole(name: 'port' | 'mqtt-port' | 'boards' | 'devices' | 'days' | 'seed', max: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Error(`--${name} must be a whole number up to ${max}, not "${values[name]}"`);
}

async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await Promise.all(sims.map(({ child }) => endProcess(child, 'SIGTERM', 8_000)));
  await endProcess(hub?.child, 'SIGTERM');
  if (kept === null && folder !== '') rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

async function makeEnrolmentKey(): Promise<string> {
  const args = [hubEntry, 'enrolment-key', '--data', folder, '--label', 'demo', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
  return (JSON.parse(stdout) as { enrolmentKey: string }).enrolmentKey;
}

function startDevices(running: HubProcess, key: string): void {
  const env = { LAPWING_ENROLMENT_KEY: key };
  const where = ['--hub', running.url, '--json', '--state'];
  const { boards, devices, seed } = values;
  const start = (...args: string[]): void => void sims.push(startSim(args, { env }));
  start('host', ...where, join(folder, 'agent'));
  if (boards !== '0') start('fleet', '--boards', boards, '--seed', seed, ...where, join(folder, 'boards'));
  if (devices === '0') return;
  if (running.mqttPort === 0) {
    console.log('  This hub has no MQTT broker: the dialects are left out.');
    return;
  }
  const url = `mqtt://127.0.0.1:${running.mqttPort}`;
  start('mqtt', '--dialect', 'all', '--count', devices, '--seed', seed, '--url', url, '--interval', '3000', '--json');
}

/** Ids of all devices, once no more come. */
async function waitForDevices(client: HubClient, least: number): Promise<string[]> {
  const untilMs = Date.now() + devicesMsMax;
  let before = -1;
  for (;;) {
    const answer = await fetch(`${client.url}/api/v1/devices`, { headers: { cookie: client.cookie } });
    const { devices } = (await answer.json()) as { devices: { id: string }[] };
    if ((devices.length >= least && devices.length === before) || Date.now() > untilMs)
      return devices.map(({ id }) => id);
    before = devices.length;
    await new Promise((done) => setTimeout(done, 1_000));
  }
}

async function run(): Promise<void> {
  const startedMs = Date.now();
  const [port, mqttPort] = [readWhole('port', 65_535), readWhole('mqtt-port', 65_535)];
  const boards = readWhole('boards', 1_000);
  const dialectDevices = readWhole('devices', 100);
  const [days, seed] = [readWhole('days', 60), readWhole('seed', 2 ** 31)];
  folder = kept ?? mkdtempSync(join(tmpdir(), 'lapwing-demo-'));
  buildWebIfStale(() => console.log('Building the page (the first time only) …'));
  hub = await startHub({ dataFolder: folder, port, mqttPort });
  const client = await HubClient.signIn(await makeSignInLink(folder));
  startDevices(hub, await makeEnrolmentKey());
  console.log('Devices are being let in …');
  const ids = await waitForDevices(client, boards + dialectDevices * 12);
  const toMs = Date.now() - 60_000;
  const week: Week = { seed, boards, dialectDevices, fromMs: toMs - days * dayMs, toMs };
  console.log(`Making ${days} days of history for ${ids.length} devices …`);
  const stored =
    (await importTables(client, makeBoardTables(week), ids)) +
    (await importTables(client, makeDialectTables(week), ids));
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const told = (label: string, text: string): void => console.log(`  ${label.padEnd(14)} ${styleText('cyan', text)}`);
  console.log(
    styleText(
      'bold',
      `\nThe demo is running: ${ids.length} devices, ${stored.toLocaleString('en')} readings of the past, in ${seconds} s.`,
    ),
  );
  told('Sign in once', await makeSignInLink(folder));
  told('MQTT', hub.mqttPort === 0 ? 'none' : `mqtt://127.0.0.1:${hub.mqttPort}`);
  console.log(`  Ctrl-C stops it${kept === null ? ' and takes its data away' : ''}.\n`);
  hub.child.once('exit', () => void stop(1));
}

if (values.help === true) console.log(help);
else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  await run().catch(async (error: unknown) => {
    if (isStopping) return;
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  });
}
