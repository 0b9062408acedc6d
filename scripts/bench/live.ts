/**
 * Scenario `live`: 1,000 boards × 10 metrics at 1 Hz (`--hz`), one frame a sample, one viewer of them all; the hub, a `ws` server that does
 * nothing, and mosquitto → a lean bridge → InfluxDB take turns. Owns the processes and the scratch folders. A reading that was not
 * acked is in no figure.
 */
import { join } from 'node:path';
import { endProcess, spawnOwn } from '../child-processes.ts';
import { atLeast, atMost, type Goal, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { closeHub, enrolDevices, makeScratchFolder, openHub, removeFolder } from './bench-hub.ts';
import { boardMetrics } from './board-link.ts';
import { boardName, type LivePlan, type LiveResult } from './live-load.ts';
import { type LoadRun, runLoad } from './load-process.ts';
import type { BridgePlan } from './mqtt-influx-bridge.ts';
import { type PeerServer, readPeerVersions, startInflux, startMosquitto, tellMissing } from './peer-servers.ts';
import { Samples } from './samples.ts';
import { onCore } from './server-stack.ts';
import { type Digest, digestInHub, digestInInflux, isSame } from './stored-digests.ts';

interface Turn {
  readonly run: LoadRun<LiveResult>;
  /** Of m1 on some of the boards. */
  readonly digests: readonly Digest[];
}

/** A check by query of this many boards, evenly chosen; all of them would take longer than the measurement. */
const boardsChecked = 20;
/** When the load itself runs late, the machine was busy with something else, and the latencies tell of that. */
const calmLagMs = 10;
const pipelinePeers = ['mosquitto', 'influxdb'] as const;

export async function runLive(choice: BenchChoice): Promise<LoadReport> {
  const boards = Number(process.env.LAPWING_BENCH_BOARDS ?? 1000);
  const missing = choice.peers ? tellMissing(pipelinePeers) : '';
  if (missing !== '') console.error(missing);
  const withPipeline = choice.peers && missing === '';
  const samples = new Samples();
  const counts = { sent: 0, acked: 0, arrived: 0, different: 0, unlike: 0 };
  for (let i = 0; i < choice.rounds; i++) {
    const floor = await takeFloorTurn(boards, choice);
    const hub = await takeHubTurn(boards, choice);
    const pipeline = withPipeline ? await takePipelineTurn(boards, choice) : null;
    note(samples, 'floor', floor);
    note(samples, 'hub', hub.run);
    if (pipeline !== null) note(samples, 'mosquitto+bridge+influxdb', pipeline.run);
    counts.sent += hub.run.result.sent;
    counts.acked += hub.run.result.acked;
    counts.arrived += hub.run.result.arrived;
    const expected = chooseBoards(boards).map((board) => hub.run.result.ackedEach[board]!);
    counts.different += hub.digests.reduce((sum, { count }, k) => sum + Math.abs(count - expected[k]!), 0);
    if (pipeline !== null) counts.unlike += hub.digests.filter((one, k) => !isSame(one, pipeline.digests[k]!)).length;
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  const versions = withPipeline ? await readPeerVersions(pipelinePeers) : {};
  const figures = {
    boards,
    metrics: boardMetrics.length,
    framesPerSecond: boards * choice.hz,
    measuredSeconds: choice.quick ? 6 : 15,
    hubArgs: choice.hubArgs.join(' '),
    ...samples.figures(),
  };
  const goals = judge(samples, counts, withPipeline);
  return { scenario: 'live', rounds: choice.rounds, figures, goals, versions };
}

/** V8 takes most of a minute to compile what a thousand frames a second make hot; a server runs for months. */
function planOf({ quick, hz }: BenchChoice): Pick<LivePlan, 'hz' | 'warmUpMs' | 'measureMs'> {
  return quick ? { hz, warmUpMs: 2_000, measureMs: 6_000 } : { hz, warmUpMs: 45_000, measureMs: 15_000 };
}

function runBoards(plan: LivePlan, pids: readonly number[]): Promise<LoadRun<LiveResult>> {
  return runLoad<LiveResult>({ script: 'live-load.ts', plan, pids, msMax: plan.warmUpMs + plan.measureMs + 60_000 });
}

const chooseBoards = (boards: number): number[] =>
  Array.from({ length: Math.min(boards, boardsChecked) }, (_, i) => Math.floor((i * boards) / boardsChecked));

const noTokens = (boards: number): string[] => Array.from({ length: boards }, () => '');

async function takeFloorTurn(boards: number, choice: BenchChoice): Promise<LoadRun<LiveResult>> {
  const { child, url } = await startFloor();
  try {
    console.error(`floor: ${boards} boards into a receiver that does nothing`);
    const plan: LivePlan = { kind: 'bare', url, cookie: '', tokens: noTokens(boards), ...planOf(choice) };
    return await runBoards(plan, [child.pid!]);
  } finally {
    await endProcess(child, 'SIGTERM');
  }
}

export async function startFloor(): Promise<{ child: ReturnType<typeof spawnOwn>; url: string }> {
  const command = [...onCore(0), process.execPath, join(import.meta.dirname, 'floor-server.ts')];
  const child = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { url } = await new Promise<{ url: string }>((fulfil) => child.once('message', fulfil));
  return { child, url };
}

async function takeHubTurn(boards: number, choice: BenchChoice): Promise<Turn> {
  const hub = await openHub(choice.hubArgs);
  try {
    const names = Array.from({ length: boards }, (_, i) => boardName(i));
    const tokens = await enrolDevices(hub.client, names);
    console.error(`hub: ${boards} boards × ${boardMetrics.length} metrics at ${choice.hz} Hz, one viewer`);
    const plan: LivePlan = { kind: 'hub', url: hub.url, cookie: hub.client.cookie, tokens, ...planOf(choice) };
    const run = await runBoards(plan, [hub.pid]);
    const digests: Digest[] = [];
    for (const i of chooseBoards(boards)) {
      digests.push(await digestInHub(hub.client, { device: boardName(i), metric: 'm1' }));
    }
    return { run, digests };
  } finally {
    await closeHub(hub);
  }
}

async function takePipelineTurn(boards: number, choice: BenchChoice): Promise<Turn> {
  const folder = makeScratchFolder();
  const broker = await startMosquitto(join(folder, 'mosquitto'));
  const influx = await startInflux(join(folder, 'influx'));
  const bridge = await startBridge({ mqttPort: broker.port, influxPort: influx.port });
  try {
    console.error(`mosquitto → bridge → InfluxDB: the same ${boards} boards, one viewer`);
    const plan: LivePlan = { kind: 'mqtt', url: broker.url, cookie: '', tokens: noTokens(boards), ...planOf(choice) };
    const run = await runBoards(plan, [broker.pid, influx.pid, bridge.pid!]);
    return { run, digests: await waitForDigests(influx, run.result.sent, boards) };
  } finally {
    for (const child of [bridge, influx.child, broker.child]) await endProcess(child, 'SIGTERM');
    removeFolder(folder);
  }
}

async function startBridge(plan: BridgePlan): Promise<ReturnType<typeof spawnOwn>> {
  const command = [...onCore(0), process.execPath, join(import.meta.dirname, 'mqtt-influx-bridge.ts')];
  const bridge = spawnOwn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  bridge.send(plan);
  await new Promise((fulfil) => bridge.once('message', fulfil));
  return bridge;
}

/** The bridge sends on after the load has ended: ask until the last has come. */
async function waitForDigests(influx: PeerServer, sent: number, boards: number): Promise<Digest[]> {
  const chosen = chooseBoards(boards);
  for (let attempt = 0; ; attempt++) {
    const digests: Digest[] = [];
    for (const i of chosen) digests.push(await digestInInflux(influx.url, { device: boardName(i), metric: 'm1' }));
    const isAll = digests.every(({ count }) => count >= Math.floor(sent / boards));
    if (isAll || attempt >= 10) return digests;
    await new Promise((fulfil) => setTimeout(fulfil, 300));
  }
}

function note(samples: Samples, contestant: string, run: LoadRun<LiveResult>): void {
  const { result, before, after, windowSeconds, loadCpuShare } = run;
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  samples.add(contestant, {
    usPerMessage: (cpuSeconds / result.sentInWindow) * 1e6,
    readingsPerCpuSecond: (result.sentInWindow * boardMetrics.length) / cpuSeconds,
    cpuPercent: (100 * cpuSeconds) / windowSeconds,
    rssPeakMiB: after.rssPeakMiB,
    writtenBytesPerReading:
      ((after.writtenMiB - before.writtenMiB) * 2 ** 20) / (result.sentInWindow * boardMetrics.length),
    latencyMsP50: result.latencyMs.p50,
    latencyMsP99: result.latencyMs.p99,
    latencyMsP999: result.latencyMs.p999,
    loadCpuPercent: 100 * loadCpuShare,
    loadLagMsP99: result.lagMsP99,
  });
  if (result.lagMsP99 > calmLagMs) {
    console.error(`the load itself ran ${Math.round(result.lagMsP99)} ms late: something else uses this machine`);
  }
}

function judge(
  samples: Samples,
  counts: { sent: number; acked: number; arrived: number; different: number; unlike: number },
  withPipeline: boolean,
): Goal[] {
  const none = { most: 0, unit: 'messages' };
  const ratio = samples.medianRatio('usPerMessage', 'hub', 'floor');
  const gain = samples.medianRatio('readingsPerCpuSecond', 'hub', 'mosquitto+bridge+influxdb');
  return [
    ...(withPipeline
      ? [
          atLeast('readings per CPU-second, hub ÷ mosquitto + bridge + InfluxDB', gain, { least: 4, unit: 'x' }),
          atMost('boards whose readings differ between hub and InfluxDB', counts.unlike, { most: 0, unit: 'boards' }),
        ]
      : []),
    atMost('CPU per message, hub ÷ no-op ws receiver', ratio, { most: 1.5, unit: 'x' }),
    atMost('p99 device to viewer', samples.median('hub', 'latencyMsP99'), { most: 10, unit: 'ms' }),
    atMost('sent and not acked', counts.sent - counts.acked, none),
    atMost('sent and not seen by the viewer', counts.sent - counts.arrived, none),
    atMost(`acked and stored differ, on ${boardsChecked} boards a round`, counts.different, none),
  ];
}
