/**
 * Scenario `live`: 1,000 boards × 10 metrics at 1 Hz on one hub with one viewer, and the same frames into a `ws` server that does
 * nothing. Server on one core, load on another, where there are two. Owns the processes and the scratch data folder. Counts what
 * arrived: a reading that was not acked is in no figure.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { startHub } from '../hub-process.ts';
import { atMost, type Goal, type LoadReport, round } from '../load-report.ts';
import { type ProcessFigures, readProcess } from '../process-figures.ts';
import { findProgram } from '../system-packages.ts';
import { boardMetrics } from './board-link.ts';
import { boardName, type LivePlan, type LiveResult } from './live-load.ts';

export interface LiveOptions {
  readonly boards: number;
  readonly rounds: number;
  readonly hubArgs: readonly string[];
  readonly warmUpMs: number;
  readonly measureMs: number;
}

interface Measured {
  readonly result: LiveResult;
  readonly before: ProcessFigures | null;
  readonly after: ProcessFigures | null;
  readonly loadCpuShare: number;
}

interface Round {
  readonly hub: Measured;
  readonly floor: Measured;
  readonly lostChecked: number;
  readonly devicesChecked: number;
}

/** A check by query of this many devices, evenly chosen; all of them would take longer than the measurement. */
const devicesChecked = 20;

const canPin = cpus().length >= 2 && findProgram('taskset') !== null;
const onCore = (core: number): string[] => (canPin ? ['taskset', '-c', String(core)] : []);

export async function runLive(options: LiveOptions): Promise<LoadReport> {
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) {
    const floor = await measureFloor(options);
    rounds.push({ ...(await measureHub(options)), floor });
    console.error(`round ${i + 1} of ${options.rounds} done`);
    const lagMs = rounds.at(-1)?.hub.result.lagMsP99 ?? 0;
    if (lagMs > calmLagMs)
      console.error(`the load itself ran ${round(lagMs, 0)} ms late: something else uses this machine`);
  }
  return reportLive(options, rounds);
}

async function measureFloor(options: LiveOptions): Promise<Measured> {
  const command = [...onCore(0), process.execPath, join(import.meta.dirname, 'floor-server.ts')];
  const server = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const { url } = await new Promise<{ url: string }>((fulfil) => server.once('message', fulfil));
    console.error(`floor: ${options.boards} boards into a receiver that does nothing`);
    const tokens = Array.from({ length: options.boards }, () => 'none');
    const { warmUpMs, measureMs } = options;
    return await runLoad({ url, cookie: '', tokens, warmUpMs, measureMs }, server.pid!);
  } finally {
    await endProcess(server, 'SIGTERM');
  }
}

async function measureHub(options: LiveOptions): Promise<Omit<Round, 'floor'>> {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-bench-'));
  const hub = await startHub({ dataFolder: folder, wrap: onCore(0), args: options.hubArgs });
  try {
    const client = await HubClient.signIn(hub.signInLink);
    const tokens = await enrolBoards(client, options.boards);
    console.error(`hub: ${options.boards} boards × ${boardMetrics.length} metrics at 1 Hz, one viewer`);
    const { warmUpMs, measureMs } = options;
    const measured = await runLoad(
      { url: hub.url, cookie: client.cookie, tokens, warmUpMs, measureMs },
      hub.child.pid!,
    );
    return { hub: measured, ...(await checkStored(client, measured.result)) };
  } finally {
    await endProcess(hub.child, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function enrolBoards(client: HubClient, count: number): Promise<string[]> {
  const key = await client.makeEnrolmentKey(count);
  const tokens: string[] = [];
  for (let first = 0; first < count; first += 50) {
    const some = Array.from({ length: Math.min(50, count - first) }, (_, i) =>
      client.post<{ token: string }>('/enroll', { key, deviceId: boardName(first + i) }),
    );
    tokens.push(...(await Promise.all(some)).map((answer) => answer.token));
  }
  return tokens;
}

async function runLoad(plan: LivePlan, serverPid: number): Promise<Measured> {
  const command = [...onCore(1), process.execPath, join(import.meta.dirname, 'live-load.ts')];
  const load = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const boundMs = plan.warmUpMs + plan.measureMs + 60_000;
  const timer = setTimeout(() => load.kill('SIGKILL'), boundMs);
  try {
    load.send(plan);
    return await watchLoad(load, serverPid);
  } finally {
    clearTimeout(timer);
    await endProcess(load, 'SIGTERM');
  }
}

function watchLoad(load: ChildProcess, serverPid: number): Promise<Measured> {
  let before: ProcessFigures | null = null;
  let after: ProcessFigures | null = null;
  let loadSeconds = 0;
  const readLoadSeconds = (): number => readProcess(load.pid!)?.cpuSeconds ?? Number.NaN;
  return new Promise((fulfil, reject) => {
    load.on('exit', (code, signal) => reject(new Error(`the load ended (${signal ?? code}) before it had a result`)));
    load.on('message', (message) => {
      const told = message as LiveResult | { type: 'measuring' } | { type: 'measured' };
      if (told.type === 'measuring') {
        before = readProcess(serverPid);
        loadSeconds = -readLoadSeconds();
      } else if (told.type === 'measured') {
        after = readProcess(serverPid);
        loadSeconds += readLoadSeconds();
      } else {
        fulfil({ result: told, before, after, loadCpuShare: loadSeconds / told.windowSeconds });
      }
    });
  });
}

/** Readings that boards saw acked and a query does not find, and the other way round, on some of the devices. */
async function checkStored(
  client: HubClient,
  result: LiveResult,
): Promise<{ lostChecked: number; devicesChecked: number }> {
  let wrong = 0;
  const step = Math.max(1, Math.floor(result.ackedEach.length / devicesChecked));
  let checked = 0;
  for (let i = 0; i < result.ackedEach.length; i += step) {
    const stored = await client.readAll(boardName(i), 'm1');
    wrong += Math.abs(stored.values.length - result.ackedEach[i]!);
    checked += 1;
  }
  return { lostChecked: wrong, devicesChecked: checked };
}

/** When the load itself runs late, the machine was busy with something else, and the latencies tell of that. */
const calmLagMs = 10;

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const cpuOf = ({ before, after }: Measured): number =>
  (after?.cpuSeconds ?? Number.NaN) - (before?.cpuSeconds ?? Number.NaN);
const costUs = (measured: Measured): number => (cpuOf(measured) / measured.result.sentInWindow) * 1e6;

/** Medians over the rounds. */
function reportLive(options: LiveOptions, rounds: readonly Round[]): LoadReport {
  const of = (value: (round: Round) => number, digits = 0): number => round(medianOf(rounds.map(value)), digits);
  const latency = (name: 'p50' | 'p99' | 'p999' | 'max'): number =>
    of(({ hub }) => hub.result.latencyMs[name] ?? Number.NaN, 2);
  const figures = {
    boards: options.boards,
    metrics: boardMetrics.length,
    measuredSeconds: of(({ hub }) => hub.result.windowSeconds, 1),
    hubArgs: options.hubArgs.join(' '),
    pinned: canPin ? 'server on core 0, load on core 1' : 'no',
    messagesPerSecond: of(({ hub }) => hub.result.sentInWindow / hub.result.windowSeconds, 1),
    messagesSent: of(({ hub }) => hub.result.sent),
    messagesAcked: of(({ hub }) => hub.result.acked),
    messagesSeen: of(({ hub }) => hub.result.arrived),
    latenciesMeasured: of(({ hub }) => hub.result.measured),
    hubCpuPercent: of(({ hub }) => (100 * cpuOf(hub)) / hub.result.windowSeconds, 1),
    hubUsPerMessage: of(({ hub }) => costUs(hub), 1),
    floorUsPerMessage: of(({ floor }) => costUs(floor), 1),
    readingsPerCpuSecond: of(({ hub }) => (boardMetrics.length * 1e6) / costUs(hub)),
    hubRssMiB: of(({ hub }) => hub.after?.rssMiB ?? Number.NaN, 1),
    hubRssPeakMiB: of(({ hub }) => hub.after?.rssPeakMiB ?? Number.NaN, 1),
    floorRssMiB: of(({ floor }) => floor.after?.rssMiB ?? Number.NaN, 1),
    latencyMsP50: latency('p50'),
    latencyMsP99: latency('p99'),
    latencyMsP999: latency('p999'),
    latencyMsMax: latency('max'),
    conflatedSnapshots: of(({ hub }) => hub.result.conflated),
    loadCpuPercent: of(({ hub }) => 100 * hub.loadCpuShare, 1),
    loadLagMsP99: of(({ hub }) => hub.result.lagMsP99 ?? Number.NaN, 2),
  };
  const ratio = of(({ hub, floor }) => costUs(hub) / costUs(floor), 2);
  return { scenario: 'live', rounds: rounds.length, figures, goals: judgeLive(rounds, ratio, latency('p99')) };
}

function judgeLive(rounds: readonly Round[], ratio: number, latencyMsP99: number): Goal[] {
  const total = (of: (round: Round) => number): number => rounds.reduce((sum, one) => sum + of(one), 0);
  const none = { most: 0, unit: 'messages' };
  return [
    atMost('CPU per message, hub ÷ no-op ws receiver', ratio, { most: 1.5, unit: 'x' }),
    atMost('p99 device to viewer', latencyMsP99, { most: 10, unit: 'ms' }),
    atMost(
      'sent and not acked',
      total(({ hub }) => hub.result.sent - hub.result.acked),
      none,
    ),
    atMost(
      'sent and not seen by the viewer',
      total(({ hub }) => hub.result.sent - hub.result.arrived),
      none,
    ),
    atMost(
      `acked and stored differ, on ${rounds[0]?.devicesChecked ?? 0} devices a round`,
      total((r) => r.lostChecked),
      none,
    ),
  ];
}
