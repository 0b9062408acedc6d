/**
 * Scenario `growth`: what the hub pays for holding 1e6, 1e7 and 1e8 readings. The same question (the first thousand rows of a
 * metric) and one over everything stored of it, in turns with a second hub that holds 1e6 and no more; a restart, the CPU of taking the
 * next readings, with what the hub does behind them, beside that of a fresh hub of 1e6 in a process as young; and what was written to
 * disk for each byte kept. 1e9 is not measured: its figures continue the last step by the same factor, and are named so.
 */
import { atMost, type LoadReport, toSignificant } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { measureFolder } from './bench-hub.ts';
import {
  askRows,
  type GrownStore,
  grownDevices,
  grownMetrics,
  openGrownStore,
  timeQuestions,
  timeRestart,
} from './grown-store.ts';
import { nameSize } from './restart.ts';
import { Samples } from './samples.ts';
import { readStack, waitUntilQuiet } from './server-stack.ts';

/**
 * Taken for the CPU of intake: a whole turn, in which each reading is sealed once and merged once. Of less than that, some sees merging and
 * some does not: 8.2 million readings took 0.17 to 0.34 µs each, at any size.
 */
const probeReadings = 26_200_000;
const probes = 3;
const questionRows = 1_000;

export async function runGrowth(choice: BenchChoice): Promise<LoadReport> {
  const sizes = choice.quick ? [1e6, 1e7] : [1e6, 1e7, 1e8];
  const samples = new Samples();
  const store = await openGrownStore(choice.hubArgs);
  const small = await openGrownStore(choice.hubArgs);
  let writtenMiB = 0;
  try {
    await small.growTo(sizes[0]!);
    for (const size of sizes) {
      await store.growTo(size);
      const [least = size] = sizes;
      writtenMiB += await measure(store, { small, size, least, hasProbes: size > least, samples, choice, writtenMiB });
      console.error(`${size.toLocaleString('en')} readings: measured`);
    }
  } finally {
    await store.close();
    await small.close();
  }
  return report(choice, sizes, samples);
}

interface Step {
  readonly small: GrownStore;
  readonly size: number;
  readonly least: number;
  /** With whether the next readings are taken for their CPU. */
  readonly hasProbes: boolean;
  readonly samples: Samples;
  readonly choice: BenchChoice;
  /** By the processes before this one. */
  readonly writtenMiB: number;
}

/** MiB that the process which filled the store wrote. */
async function measure(store: GrownStore, step: Step): Promise<number> {
  const { small, size, samples, choice, writtenMiB } = step;
  const { contestant } = store;
  await waitUntilQuiet(contestant.pids(), 30_000);
  const filled = store.rows();
  const first = { fromRow: 0, rows: questionRows };
  const smallAsk = { store: small, question: askRows(small, first) };
  const [queryMs, smallMs] = await timeQuestions([{ store, question: askRows(store, first) }, smallAsk]);
  const allRows = { fromRow: 0, rows: filled };
  const [queryAllMs, smallAllMs] = await timeQuestions([{ store, question: askRows(store, allRows) }, smallAsk]);
  await waitUntilQuiet(contestant.pids(), 30_000);
  let written = readStack(contestant.pids()).writtenMiB;
  const keptMiB = measureFolder(contestant.hub()!.folder) / 2 ** 20;
  const writtenPerKept = (writtenMiB + written) / keptMiB;
  const restarts = [];
  for (let i = 0; i < (choice.quick ? 2 : 5); i++) restarts.push(await timeRestart(store, choice.hubArgs));
  for (const times of restarts) samples.add(nameSize(size), { restartMs: times.firstUpgradeMs });
  samples.add(nameSize(size), {
    queryMs: queryMs!,
    queryRatio: queryMs! / smallMs!,
    queryAllMs: queryAllMs!,
    queryAllRatio: queryAllMs! / smallAllMs!,
    writtenPerKept,
    keptBytesPerReading: (keptMiB * 2 ** 20) / (filled * grownDevices * grownMetrics),
    restartedRssPeakMiB: restarts.at(-1)!.rssPeakMiB,
  });
  if (step.hasProbes) written += await probe(store, step);
  return written;
}

/** What taking the next readings costs, in turns with a hub that holds the least; MiB that the larger one wrote meanwhile. */
async function probe(store: GrownStore, { least, size, samples, choice }: Step): Promise<number> {
  let writtenMiB = 0;
  for (let i = 0; i < probes; i++) {
    const fresh = await openGrownStore(choice.hubArgs);
    try {
      await fresh.growTo(least);
      const before = await takeMore(fresh, choice);
      const now = await takeMore(store, choice);
      writtenMiB += now.writtenMiB;
      samples.add(nameSize(least), { usPerReading: before.usPerReading });
      samples.add(nameSize(size), { usPerReading: now.usPerReading, cpuRatio: now.usPerReading / before.usPerReading });
    } finally {
      await fresh.close();
    }
  }
  return writtenMiB;
}

/** In a process that has just started, whose compiler has seen nothing: until it is quiet again, since sealing comes later. */
async function takeMore(store: GrownStore, choice: BenchChoice): Promise<{ usPerReading: number; writtenMiB: number }> {
  await timeRestart(store, choice.hubArgs);
  const { contestant } = store;
  await waitUntilQuiet(contestant.pids(), 30_000);
  const before = readStack(contestant.pids());
  await store.growTo(store.rows() * grownDevices * grownMetrics + probeReadings);
  await waitUntilQuiet(contestant.pids(), 30_000);
  const after = readStack(contestant.pids());
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  // What a start after kill -9 writes is not growth's.
  return { usPerReading: (cpuSeconds / probeReadings) * 1e6, writtenMiB: after.writtenMiB - before.writtenMiB };
}

function report(choice: BenchChoice, sizes: readonly number[], samples: Samples): LoadReport {
  const first = nameSize(sizes[0]!);
  const last = nameSize(sizes.at(-1)!);
  const ratio = (measure: string): number =>
    toSignificant(samples.median(last, measure) / samples.median(first, measure));
  const said = `${last} ÷ ${first}`;
  const extrapolated = Object.fromEntries(
    ['queryMs', 'queryAllMs', 'usPerReading', 'restartMs'].map((measure) => {
      const before = samples.median(nameSize(sizes.at(-2)!), measure);
      const value = samples.median(last, measure) ** 2 / before;
      return [`ten times more, extrapolated.${measure}`, toSignificant(value)];
    }),
  );
  return {
    scenario: 'growth',
    rounds: 1,
    figures: { hubArgs: choice.hubArgs.join(' '), ...samples.figures(), ...extrapolated },
    goals: [
      atMost(`query of the same rows, ${said}`, samples.median(last, 'queryRatio'), { most: 1.5, unit: 'x' }),
      atMost(`query of everything stored, ${said}`, samples.median(last, 'queryAllRatio'), { most: 1.5, unit: 'x' }),
      atMost(`restart, ${said}`, ratio('restartMs'), { most: 1.2, unit: 'x' }),
      atMost(`restart with ${last}`, samples.median(last, 'restartMs'), { most: 1_000, unit: 'ms' }),
      atMost(`CPU per reading taken, ${said}`, samples.median(last, 'cpuRatio'), { most: 1.05, unit: 'x' }),
      atMost('disk bytes written ÷ kept', samples.median(last, 'writtenPerKept'), { most: 3, unit: 'x' }),
    ],
  };
}
