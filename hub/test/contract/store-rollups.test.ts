/**
 * Long columns, whose blocks have rollups: history answers as the naive model does, whatever came late, overlapped, was sealed,
 * merged or replayed. (store-queries.test.ts does the same with short ones, which have none.)
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HistoryQuery } from '../../src/core/ports.ts';
import { commitStretch, devices, RollupBench, spanMs, streamsOf, stretch } from './rollup-bench.ts';

/** Mostly where edges fall on cells, or just beside. */
const ask = fc.record({
  do: fc.constant('ask' as const),
  fromMs: fc
    .tuple(fc.integer({ min: -5, max: 250 }), fc.constantFrom(0, 0, 0, 0, 1, 437))
    .map(([seconds, rest]) => seconds * 1000 + rest),
  bucketMs: fc.constantFrom<number[]>(1000, 5000, 5000, 7000, 15_000, 20_000, 60_000, 5001, 333),
  buckets: fc.integer({ min: 1, max: 40 }),
  align: fc.constantFrom('exact' as const, 'grid' as const),
});
type Ask = typeof ask extends fc.Arbitrary<infer T> ? T : never;
const step = fc.oneof(
  { weight: 6, arbitrary: stretch },
  { weight: 5, arbitrary: ask },
  { weight: 2, arbitrary: fc.constant({ do: 'maintain' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

let cellsAnswered = 0;

async function expectHistory(bench: RollupBench, asked: Ask): Promise<void> {
  const { fromMs, bucketMs, buckets, align } = asked;
  const lengthMs = bucketMs * buckets;
  const range = { fromMs, toMs: fromMs + lengthMs, buckets, align, increase: true, gapIntervals: 3 };
  const query: HistoryQuery = {
    ...range,
    device: devices[0]!,
    metrics: [0, 1, 2],
    others: [{ device: devices[1]!, metrics: [1, 0] }],
  };
  const { series, edgesMs } = await bench.history(query);
  expect(edgesMs.length).toBe(buckets + 1);
  edgesMs.forEach((edgeMs, i) => {
    const exactMs = fromMs + (i * lengthMs) / buckets;
    expect(Math.abs(edgeMs - exactMs)).toBeLessThanOrEqual(align === 'grid' ? lengthMs / buckets / 16 : 0);
  });
  expect(series.map(({ device, metric }) => [device, metric])).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 0],
  ]);
  for (const { device, metric, ...answer } of series) {
    const wanted = bench.model.history(streamsOf(device), metric, { ...query, edgesMs: [...edgesMs] });
    for (const name of ['count', 'numbers', 'min', 'max', 'first', 'last'] as const) {
      const zero = name === 'min' || name === 'max' ? 0 : -0;
      expect(
        [...answer[name]].map((n) => n + zero),
        `${name} of ${metric}`,
      ).toEqual(wanted[name].map((n) => n + zero));
    }
    for (const name of ['sum', 'increase'] as const) {
      answer[name].forEach((sum, i) => {
        if (Number.isNaN(wanted[name][i])) expect(sum).toBeNaN();
        else expect(sum, name).toBeCloseTo(wanted[name][i]!, 7);
      });
    }
    expect(answer.gaps).toEqual(wanted.gaps);
    expect(answer.texts).toEqual(wanted.texts);
  }
  cellsAnswered += bench.countRollups();
}

test('history of long columns answers as the naive model does', { timeout: 120_000 }, async () => {
  const runs = Number(process.env.LAPWING_MODEL_RUNS ?? 25);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1000, 1000, 2500, 6000),
      fc.array(step, { minLength: 6, maxLength: 24 }),
      async (rows, steps) => {
        const bench = new RollupBench(rows);
        try {
          for (const taken of steps) {
            if (taken.do === 'commit') commitStretch(bench, taken);
            else if (taken.do === 'ask') await expectHistory(bench, taken);
            else if (taken.do === 'maintain') while (bench.maintain());
            else bench.restart();
          }
          while (bench.maintain());
          for (const buckets of [1, 6, 10, 60]) {
            await expectHistory(bench, { do: 'ask', fromMs: 0, bucketMs: spanMs / buckets, buckets, align: 'exact' });
          }
        } finally {
          bench.end();
        }
      },
    ),
    { numRuns: runs },
  );
  expect(cellsAnswered).toBeGreaterThan(0);
});
