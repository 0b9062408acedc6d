/**
 * A hub that is filled step by step with one fleet, for the scenarios that ask what a larger store costs. Owns the hub until
 * `close`. Stages continue each other: the same devices, the same streams, later rows.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '../child-processes.ts';
import { startHub } from '../hub-process.ts';
import { type HubContestant, openHubContestant } from './contestants.ts';
import { askHub, type HistoryQuestion } from './history-asks.ts';
import { quantilesOf } from './latency-window.ts';
import { type FleetPlan, fleetDevice } from './reading-source.ts';
import { onCore, readStack } from './server-stack.ts';

export const grownDevices = 100;
export const grownMetrics = 10;
const rowsPerFrame = 100;
const stepMs = 1000;
const restartMsMax = 60_000;

export interface GrownStore {
  readonly contestant: HubContestant;
  readonly startMs: number;
  readonly rows: () => number;
  /** Adds rows until the store holds `readings`, all acked; it never shrinks. */
  readonly growTo: (readings: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openGrownStore(hubArgs: readonly string[]): Promise<GrownStore> {
  const contestant = await openHubContestant(hubArgs);
  const startMs = Math.floor(Date.now() / 86_400_000 - 30) * 86_400_000;
  let rows = 0;
  return {
    contestant,
    startMs,
    rows: () => rows,
    growTo: async (readings) => {
      const wanted = Math.round(readings / (grownDevices * grownMetrics));
      if (wanted <= rows) throw new Error(`the store holds ${rows} rows a device already; ${wanted} are asked for`);
      const source: FleetPlan = {
        kind: 'fleet',
        devices: grownDevices,
        metrics: grownMetrics,
        fromRow: rows,
        rows: wanted - rows,
        stepMs,
        startMs,
      };
      await contestant.fill(source, { rowsPerFrame, backfill: true, isPrebuilt: false });
      rows = wanted;
    },
    close: () => contestant.close(),
  };
}

/** `rows` rows of one device from `fromRow` on, in 1,000 buckets or as many as there are rows. */
export function askRows(store: GrownStore, { fromRow, rows }: { fromRow: number; rows: number }): HistoryQuestion {
  const buckets = Math.min(1000, rows);
  const bucketMs = Math.floor((rows * stepMs) / buckets);
  return { device: fleetDevice(7), metric: 3, fromMs: store.startMs + fromRow * stepMs, bucketMs, buckets };
}

/** Milliseconds of each, the median of some, after as many to warm up. They take turns: what else the machine does, it does to all. */
export async function timeQuestions(
  asked: readonly { readonly store: GrownStore; readonly question: HistoryQuestion }[],
  times = 200,
): Promise<number[]> {
  const asks = asked.map(({ store, question }) => {
    const hub = store.contestant.hub()!;
    const ask = askHub(hub.url, hub.client.cookie);
    return { ask: () => ask(question), took: new Float64Array(times) };
  });
  for (let i = 0; i < times; i++) for (const { ask } of asks) await ask();
  for (let i = 0; i < times; i++) for (const { ask, took } of asks) took[i] = (await ask()).ms;
  return asks.map(({ took }) => quantilesOf(took).p50 ?? Number.NaN);
}

export interface RestartTimes {
  readonly firstUpgradeMs: number;
  readonly firstAnswerMs: number;
  readonly rssPeakMiB: number;
}

/**
 * kill -9, a new process on the same folder: until a device's upgrade is answered with 101, and until a history answer over all
 * that is stored of a metric has come.
 */
export async function timeRestart(store: GrownStore, hubArgs: readonly string[]): Promise<RestartTimes> {
  const hub = store.contestant.hub()!;
  await endProcess(hub.process.child, 'SIGKILL');
  const startMs = performance.now();
  const starting = startHub({ dataFolder: hub.folder, port: hub.port, wrap: onCore(0), args: hubArgs });
  await waitForUpgrade(hub.port, store.contestant.tokenOf(fleetDevice(0)));
  const firstUpgradeMs = performance.now() - startMs;
  const ask = askHub(hub.url, hub.client.cookie);
  await ask(askRows(store, { fromRow: 0, rows: store.rows() }));
  const firstAnswerMs = performance.now() - startMs;
  const process = await starting;
  store.contestant.adopt({ ...hub, process, pid: process.child.pid! });
  return { firstUpgradeMs, firstAnswerMs, rssPeakMiB: readStack([process.child.pid!]).rssPeakMiB };
}

async function waitForUpgrade(port: number, token: string): Promise<void> {
  const endMs = performance.now() + restartMsMax;
  while (performance.now() < endMs) {
    if (await tryUpgrade(port, token)) return;
    await sleep(2);
  }
  throw new Error(`no upgrade within ${restartMsMax} ms`);
}

function tryUpgrade(port: number, token: string): Promise<boolean> {
  const lines = [
    'GET /device/v1 HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol: lapwing.v1',
    `Authorization: Bearer ${token}`,
    '\r\n',
  ];
  return new Promise((fulfil) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (isUp: boolean): void => {
      socket.destroy();
      fulfil(isUp);
    };
    socket.on('connect', () => socket.write(lines.join('\r\n')));
    socket.on('data', (chunk: Buffer) => answer(chunk.toString('latin1', 0, 12) === 'HTTP/1.1 101'));
    socket.on('error', () => answer(false));
    socket.on('close', () => answer(false));
  });
}
