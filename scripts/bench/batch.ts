/**
 * Scenario `batch`: frames of 10 samples × 10 metrics, as fast as they are taken, the same readings to each store in turns. The
 * CPU counted runs from the first frame until some time after the last Ack: what a store does later with what it took belongs to
 * its price. Owns nothing but the figures.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { type Contestant, type ContestantName, chooseInstalled, openContestant } from './contestants.ts';
import { readPeerVersions } from './peer-servers.ts';
import { type FleetPlan, fleetDevice } from './reading-source.ts';
import { Samples } from './samples.ts';
import { SeededWalk } from './seeded-walk.ts';
import { readStack } from './server-stack.ts';
import { type Digest, digestOf, isSame } from './stored-digests.ts';

const rowsPerFrame = 10;
/**
 * Four times what the hub seals at a time: sealing is in the figures, and half a minute's work for the slowest store. Of a burst of one
 * second, which a quarter of this is for the hub, a quarter of the CPU is V8's compiler warming up.
 */
const rowsPerDevice = 16_400;
const quickRowsPerDevice = 4_100;
/** Flushing to disk and compaction come within this time. */
const afterMs = 12_000;
const quickAfterMs = 4_000;
const seriesChecked = 8;

export async function runBatch(choice: BenchChoice): Promise<LoadReport> {
  const devices = choice.quick ? 24 : 200;
  const rows = choice.quick ? quickRowsPerDevice : rowsPerDevice;
  const source: FleetPlan = {
    kind: 'fleet',
    devices,
    metrics: 10,
    fromRow: 0,
    rows,
    stepMs: 1000,
    startMs: Date.now() - rows * 1000,
  };
  const names: ContestantName[] = choice.peers
    ? chooseInstalled(['hub', 'victoria-metrics', 'influxdb', 'sqlite'])
    : ['hub'];
  const samples = new Samples();
  let different = 0;
  for (let i = 0; i < choice.rounds; i++) {
    for (const name of names) different += await takeTurn(name, { source, samples, choice });
    console.error(`round ${i + 1} of ${choice.rounds} done`);
  }
  const ratio = (other: ContestantName): number => samples.medianRatio('readingsPerCpuSecond', 'hub', other);
  const versions = await readPeerVersions((['influxdb', 'victoria-metrics'] as const).filter((n) => names.includes(n)));
  return {
    scenario: 'batch',
    rounds: choice.rounds,
    figures: { devices, rowsPerDevice: rows, rowsPerFrame, metrics: source.metrics, ...samples.figures() },
    versions,
    goals: [
      ...(names.includes('victoria-metrics')
        ? [
            atLeast('readings per CPU-second, hub ÷ VictoriaMetrics', ratio('victoria-metrics'), {
              least: 5,
              unit: 'x',
            }),
          ]
        : []),
      ...(names.includes('influxdb')
        ? [atLeast('readings per CPU-second, hub ÷ InfluxDB', ratio('influxdb'), { least: 8, unit: 'x' })]
        : []),
      atMost(`series stored otherwise than sent, of ${seriesChecked} a turn`, different, { most: 0, unit: 'series' }),
    ],
  };
}

interface Turn {
  readonly source: FleetPlan;
  readonly samples: Samples;
  readonly choice: BenchChoice;
}

async function takeTurn(name: ContestantName, { source, samples, choice }: Turn): Promise<number> {
  console.error(`${name}: ${(source.devices * source.rows * source.metrics).toLocaleString('en')} readings`);
  const store = await openContestant(name, choice.hubArgs);
  try {
    const run = await store.fill(source, { rowsPerFrame, backfill: false, isPrebuilt: true });
    await sleep(choice.quick ? quickAfterMs : afterMs);
    const quiet = readStack(store.pids());
    const cpuSeconds = quiet.cpuSeconds - run.before.cpuSeconds;
    const { readings, messages, bytes } = run.result;
    samples.add(name, {
      readingsPerCpuSecond: readings / cpuSeconds,
      readingsPerCpuSecondUntilAcked: readings / (run.after.cpuSeconds - run.before.cpuSeconds),
      readingsPerSecond: readings / run.windowSeconds,
      rssPeakMiB: quiet.rssPeakMiB,
      writtenBytesPerReading: ((quiet.writtenMiB - run.before.writtenMiB) * 2 ** 20) / readings,
      wireBytesPerReading: bytes / readings,
      readingsPerMessage: readings / messages,
      loadCpuPercent: 100 * run.loadCpuShare,
    });
    return await countDifferent(store, source);
  } finally {
    await store.close();
  }
}

/** Of some series, evenly chosen: those that a query answers otherwise than they were made. */
export async function countDifferent(store: Contestant, source: FleetPlan): Promise<number> {
  let different = 0;
  for (let i = 0; i < seriesChecked; i++) {
    const device = Math.floor((i * source.devices) / seriesChecked);
    const metric = (3 * i) % source.metrics;
    const stored = await store.digest({ device: fleetDevice(device), metric: `m${metric}` });
    if (isSame(stored, expectDigest(source, device, metric))) continue;
    different += 1;
    console.error(`${store.name} holds ${JSON.stringify(stored)} of m${metric} of ${fleetDevice(device)}`);
  }
  return different;
}

function expectDigest(source: FleetPlan, device: number, metric: number): Digest {
  const walk = new SeededWalk(device, source.metrics);
  const values: number[] = [];
  for (let r = 0; r < source.fromRow + source.rows; r++) {
    walk.step();
    if (r >= source.fromRow) values.push(walk.tenths[metric]! / 10);
  }
  return digestOf(values);
}
