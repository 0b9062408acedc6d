/**
 * Scenario `query`: 30 days at 1 Hz of one metric, 2,592,000 readings, to 1,000 buckets of least, greatest and mean. Cold is the
 * first answer after a restart (the files stay in the page cache of the system), young what follows twenty more, each from another
 * second on, when a process has compiled little of what it runs; warm is what it answers after two more seconds of questions.
 * Owns nothing but the figures.
 */
import { atLeast, atMost, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { type Contestant, chooseInstalled, openContestant } from './contestants.ts';
import {
  type AskHistory,
  askHub,
  askInfluxHistory,
  askVictoriaHistory,
  type HistoryQuestion,
  readMeans,
} from './history-asks.ts';
import { quantilesOf } from './latency-window.ts';
import { readPeerVersions } from './peer-servers.ts';
import { type FleetPlan, fleetDevice } from './reading-source.ts';
import { Samples } from './samples.ts';
import { readStack, waitUntilQuiet } from './server-stack.ts';

type Asked = 'hub' | 'influxdb' | 'victoria-metrics';

const days = 30;
const stepMs = 1000;
export const monthRows = (days * 86_400_000) / stepMs;
export const monthBuckets = 1000;
const shiftMs = 7_000;
const youngUps = 20;
const warmUpMs = 2_000;

/** A month that ended yesterday, beginning on a whole day. */
export function planMonth(): FleetPlan {
  const startMs = (Math.floor(Date.now() / 86_400_000) - days - 1) * 86_400_000;
  return { kind: 'fleet', devices: 1, metrics: 1, fromRow: 0, rows: monthRows, stepMs, startMs };
}

/** The `shift`-th question: the range begins a little later each time, so that no answer is one kept from before. */
export function askMonth({ startMs }: FleetPlan, shift: number): HistoryQuestion {
  const bucketMs = (monthRows * stepMs) / monthBuckets;
  return { device: fleetDevice(0), metric: 0, fromMs: startMs + shift * shiftMs, bucketMs, buckets: monthBuckets };
}

export async function runQuery(choice: BenchChoice): Promise<LoadReport> {
  const names = (choice.peers ? chooseInstalled(['hub', 'influxdb', 'victoria-metrics']) : ['hub']) as Asked[];
  const source = planMonth();
  const samples = new Samples();
  const stores: { name: Asked; store: Contestant }[] = [];
  const means = new Map<Asked, number[]>();
  try {
    for (const name of names) {
      console.error(`${name}: ${monthRows.toLocaleString('en')} readings`);
      const store = await openContestant(name, choice.hubArgs);
      stores.push({ name, store });
      await store.fill(source, { rowsPerFrame: name === 'hub' ? 4096 : 5_000, backfill: true, isPrebuilt: false });
      await waitUntilQuiet(store.pids(), 30_000);
    }
    for (let i = 0; i < choice.rounds; i++) {
      for (const { name, store } of stores) {
        await store.restart();
        means.set(name, await measure({ name, store, source, samples, asks: name === 'influxdb' ? 10 : 100 }));
      }
      console.error(`round ${i + 1} of ${choice.rounds} done`);
    }
  } finally {
    for (const { store } of stores) await store.close();
  }
  return report(choice, { names, samples, means });
}

interface Measuring {
  readonly name: Asked;
  readonly store: Contestant;
  readonly source: FleetPlan;
  readonly samples: Samples;
  /** Questions in each of the two windows. */
  readonly asks: number;
}

function makeAsk(name: Asked, store: Contestant): AskHistory {
  if (name === 'hub') return askHub(store.url(), store.hub()!.client.cookie);
  return name === 'influxdb' ? askInfluxHistory(store.url()) : askVictoriaHistory(store.url());
}

async function measure({ name, store, source, samples, asks }: Measuring): Promise<number[]> {
  const ask = makeAsk(name, store);
  const cold = await ask(askMonth(source, 0));
  let shift = 1;
  const askMany = async (count: number): Promise<Float64Array> => {
    const tookMs = new Float64Array(count);
    for (let i = 0; i < count; i++) tookMs[i] = (await ask(askMonth(source, shift++))).ms;
    return tookMs;
  };
  await askMany(youngUps);
  const young = quantilesOf(await askMany(asks));
  const warmFromMs = performance.now() + warmUpMs;
  while (performance.now() < warmFromMs) await askMany(1);
  const before = readStack(store.pids()).cpuSeconds;
  const warm = quantilesOf(await askMany(asks));
  const after = readStack(store.pids());
  samples.add(name, {
    coldMs: cold.ms,
    youngMsP50: young.p50,
    warmMsP50: warm.p50,
    warmMsP99: warm.p99,
    cpuMsPerQuery: (1000 * (after.cpuSeconds - before)) / asks,
    answerKiB: cold.body.length / 1024,
    rssPeakMiB: after.rssPeakMiB,
  });
  return readMeans(name, cold.body);
}

async function report(
  choice: BenchChoice,
  { names, samples, means }: { names: readonly Asked[]; samples: Samples; means: ReadonlyMap<Asked, number[]> },
): Promise<LoadReport> {
  const others = (['influxdb', 'victoria-metrics'] as const).filter((name) => names.includes(name));
  const own = means.get('hub') ?? [];
  const isUnlike = (other: number[]): boolean =>
    other.length !== own.length || other.some((mean, i) => Math.abs(mean - own[i]!) > 1e-6 * Math.abs(mean));
  const unlike = others.filter((name) => isUnlike(means.get(name) ?? []));
  for (const name of unlike)
    console.error(`${name} answers otherwise: ${means.get(name)?.slice(0, 3)} for ${own.slice(0, 3)}`);
  const gains = others.map((name) => samples.medianRatio('warmMsP50', name, 'hub'));
  return {
    scenario: 'query',
    rounds: choice.rounds,
    figures: { readings: monthRows, buckets: monthBuckets, ...samples.figures() },
    versions: await readPeerVersions(others),
    goals: [
      atMost('p50 of a warm query on the hub', samples.median('hub', 'warmMsP50'), { most: 5, unit: 'ms' }),
      ...(gains.length === 0
        ? []
        : [
            atLeast('quicker of the peers ÷ hub, p50', Math.min(...gains), { least: 10, unit: 'x' }),
            atMost('peers that answer otherwise', unlike.length, { most: 0, unit: 'peers' }),
          ]),
    ],
  };
}
