/**
 * Scenario `restart`: kill -9 a hub that stores 1e6 to 1e8 readings, start it again; until a device is let in, and until a
 * question about all that is stored of a metric is answered. Owns the store, which grows from size to size.
 */
import { atMost, type LoadReport, toSignificant } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { openGrownStore, timeRestart } from './grown-store.ts';
import { Samples } from './samples.ts';

export async function runRestart(choice: BenchChoice): Promise<LoadReport> {
  const sizes = choice.quick ? [1e6, 1e7] : [1e6, 1e7, 1e8];
  const times = choice.quick ? 2 : Math.max(5, choice.rounds);
  const samples = new Samples();
  const store = await openGrownStore(choice.hubArgs);
  try {
    for (const size of sizes) {
      await store.growTo(size);
      for (let i = 0; i < times; i++) samples.add(nameSize(size), { ...(await timeRestart(store, choice.hubArgs)) });
      console.error(`${size.toLocaleString('en')} readings: restarted ${times} times`);
    }
  } finally {
    await store.close();
  }
  const least = nameSize(sizes[0]!);
  const most = nameSize(sizes.at(-1)!);
  const upgradeMs = samples.median(most, 'firstUpgradeMs');
  const ratio = toSignificant(upgradeMs / samples.median(least, 'firstUpgradeMs'));
  return {
    scenario: 'restart',
    rounds: times,
    figures: { hubArgs: choice.hubArgs.join(' '), ...samples.figures() },
    goals: [
      atMost(`first 101 with ${most}`, upgradeMs, { most: 1_000, unit: 'ms' }),
      atMost(`first 101, ${most} ÷ ${least}`, ratio, { most: 1.2, unit: 'x' }),
    ],
  };
}

/** 1e7 → `hub 1e7`. */
export const nameSize = (readings: number): string => `hub ${readings.toExponential().replace('+', '')}`;
