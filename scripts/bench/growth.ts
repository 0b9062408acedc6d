/**
 * Scenario `growth`: what the hub pays for holding 1e6, 1e7 and 1e8 readings. The same question (the first thousand rows of a
 * metric) and one over everything stored of it, in turns with a second hub that holds 1e6 and no more; a restart, the CPU of taking the
 * next readings, and what was written to disk for each byte kept. 1e9 is not measured: its figures continue the last step by the same factor, and are named so.
 */
import { atMost, type LoadReport, toSignificant } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { measureFolder } from './bench-hub.ts';
import { askRows, type GrownStore, openGrownStore, timeQuestions, timeRestart } from './grown-store.ts';
import { nameSize } from './restart.ts';
import { Samples } from './samples.ts';
import { readStack, waitUntilQuiet } from './server-stack.ts';

/** Taken at each size for the CPU of intake: enough to seal every device's head once. */
const probeReadings = 4_100_000;
/** A third of a second of CPU each: one alone tells of the machine. */
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
      writtenMiB += await measure(store, { small, size, samples, choice, writtenMiB });
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
  readonly samples: Samples;
  readonly choice: BenchChoice;
  /** By the processes before this one. */
  readonly writtenMiB: number;
}

/** MiB that the process which filled the store wrote. */
async function measure(store: GrownStore, { small, size, samples, choice, writtenMiB }: Step): Promise<number> {
  const { contestant } = store;
  await waitUntilQuiet(contestant.pids(), 30_000);
  const filled = store.rows();
  const first = { fromRow: 0, rows: questionRows };
  const smallAsk = { store: small, question: askRows(small, first) };
  const [queryMs, smallMs] = await timeQuestions([{ store, question: askRows(store, first) }, smallAsk]);
  const allRows = { fromRow: 0, rows: filled };
  const [queryAllMs, smallAllMs] = await timeQuestions([{ store, question: askRows(store, allRows) }, smallAsk]);
  // Once to warm up: the compiler has seen less of a young process than of an old one.
  await store.growTo(size + probeReadings);
  for (let i = 1; i <= probes; i++) {
    const { usPerReading } = await store.growTo(size + (1 + i) * probeReadings);
    samples.add(nameSize(size), { usPerReading });
  }
  await waitUntilQuiet(contestant.pids(), 30_000);
  const written = readStack(contestant.pids()).writtenMiB;
  const keptMiB = measureFolder(contestant.hub()!.folder) / 2 ** 20;
  const restarts = [];
  for (let i = 0; i < (choice.quick ? 2 : 5); i++) restarts.push(await timeRestart(store, choice.hubArgs));
  for (const times of restarts) samples.add(nameSize(size), { restartMs: times.firstUpgradeMs });
  samples.add(nameSize(size), {
    queryMs: queryMs!,
    queryRatio: queryMs! / smallMs!,
    queryAllMs: queryAllMs!,
    queryAllRatio: queryAllMs! / smallAllMs!,
    writtenPerKept: (writtenMiB + written) / keptMiB,
    keptBytesPerReading: (keptMiB * 2 ** 20) / (size + (1 + probes) * probeReadings),
    restartedRssPeakMiB: restarts.at(-1)!.rssPeakMiB,
  });
  return written;
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
      atMost(`CPU per reading taken, ${said}`, ratio('usPerReading'), { most: 1.05, unit: 'x' }),
      atMost('disk bytes written ÷ kept', samples.median(last, 'writtenPerKept'), { most: 3, unit: 'x' }),
    ],
  };
}
