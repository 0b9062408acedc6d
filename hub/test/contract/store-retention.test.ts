/** Retention: what a policy takes, what is left of it, what it would take, and that the space comes back. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RetentionRule } from '../../src/core/ports.ts';
import { checkDatabase } from '../../src/store/check.ts';
import { commitStretch, devices, RollupBench, spanMs, streamsOf, stretch } from './rollup-bench.ts';

const dayMs = 86_400_000;
const rule: RetentionRule = { device: '*', metric: '*', unit: null, kind: null, rawDays: null, tiers: [] };
const all = { metrics: [0, 1, 2], device: devices[0]! };

let bench: RollupBench;
beforeEach(() => {
  bench = new RollupBench(1000);
});
afterEach(() => bench.end());

/** Twenty minutes of readings, ten a second, in blocks of a thousand rows until they are merged. */
function fill(): void {
  for (let part = 0; part < 12; part++) {
    const startMs = part * 100_000;
    commitStretch(bench, {
      do: 'commit',
      stream: 1 as never,
      startMs,
      stepMs: 100,
      jitterMs: 0,
      rows: 1000,
      seed: part,
      hasOdd: false,
      resets: 0,
    });
  }
  while (bench.maintain());
}
const fillMs = 1_200_000;
const countRaw = () =>
  bench.ledger.connection.prepare('SELECT count(*) FROM block_columns WHERE length(data) > 0').pluck().get() as number;

async function expectAll(buckets: number, metrics = [0, 1, 2]): Promise<void> {
  const query = { ...all, metrics, fromMs: 0, toMs: fillMs, buckets, increase: true };
  for (const { metric, count, numbers, min, max, sum, first, last } of (await bench.history(query)).series) {
    const wanted = bench.model.history(streamsOf(1), metric, query);
    expect([...count]).toEqual(wanted.count);
    if (metric === 2) continue;
    expect([[...numbers], [...min], [...max]]).toEqual([wanted.numbers, wanted.min, wanted.max]);
    expect([[...first], [...last]]).toEqual([wanted.first, wanted.last]);
    for (const [i, value] of sum.entries()) expect(value).toBeCloseTo(wanted.sum[i]!, 6);
  }
}

test('rollups outlive readings, coarser ones finer ones, and then nothing is left but that it was received', async () => {
  fill();
  const tiers = [
    { cellMs: 5000, days: 2 },
    { cellMs: 60_000, days: 3 },
  ];
  bench.save({ rules: [{ ...rule, rawDays: 1, tiers }] });
  while (bench.maintain());
  const columns = countRaw();
  expect(columns).toBeGreaterThanOrEqual(3);

  bench.nowMs = fillMs + 1.5 * dayMs;
  while (bench.maintain());
  expect(countRaw()).toBe(0);
  await expectAll(240);
  await expectAll(1);
  const page = { device: devices[0]!, metric: 0, fromMs: 0, toMs: fillMs, limit: 10, skip: 0 };
  expect((await bench.readings(page)).timesMs).toHaveLength(0);
  expect(checkDatabase(`${bench.directory}/lapwing.db`).findings).toEqual([]);

  bench.nowMs = fillMs + 2.5 * dayMs;
  bench.restart();
  while (bench.maintain());
  await expectAll(20);
  // A cell that an edge cuts counts where it begins.
  const halves = await bench.history({ ...all, fromMs: 0, toMs: 60_000, buckets: 2 });
  expect([...halves.series[0]!.count]).toEqual([600, 0]);

  bench.nowMs = fillMs + 4 * dayMs;
  while (bench.maintain());
  bench.save({ rules: [{ ...rule, rawDays: 1, tiers }] });
  while (bench.maintain());
  expect((await bench.history({ ...all, fromMs: 0, toMs: fillMs, buckets: 1 })).series[0]!.count[0]).toBe(0);
  const rows = bench.ledger.connection.prepare('SELECT sum(row_count) FROM blocks').pluck().get();
  expect(rows).toBe(12_000);
  expect(checkDatabase(`${bench.directory}/lapwing.db`).findings).toEqual([]);
});

test('the first rule that names a metric decides, and what none names stays', async () => {
  fill();
  const rules = [
    { ...rule, metric: 'gau*' },
    { ...rule, device: 'dev?', kind: 'gauge' as const, rawDays: 1 },
    { ...rule, kind: 'counter' as const, device: 'dev1', rawDays: 0.5, tiers: [{ cellMs: 5000, days: null }] },
  ];
  bench.nowMs = fillMs + dayMs;
  const preview = bench.preview({ rules });
  expect(preview.rules.map(({ metrics }) => metrics)).toEqual([1, 0, 1, 1]);
  expect(preview.rules.map(({ readingBytesFreed }) => readingBytesFreed > 0)).toEqual([false, false, true, false]);
  expect(preview.rules[2]).toMatchObject({ readingsFromMs: 0, readingsToMs: fillMs - 100 });
  const bytes = () =>
    bench.ledger.connection.prepare('SELECT sum(length(data)) FROM block_columns').pluck().get() as number;
  const before = bytes();
  const columns = countRaw();
  bench.save({ rules });
  while (bench.maintain());
  expect(before - bytes()).toBe(preview.rules[2]!.readingBytesFreed);
  expect(countRaw()).toBe((columns / 3) * 2);
  await expectAll(240);
  await expectAll(7, [0, 2]);
});

test('space comes back in slices, without a VACUUM', () => {
  const { connection } = bench.ledger;
  connection.exec('CREATE TABLE ballast(bytes BLOB)');
  const insert = connection.prepare('INSERT INTO ballast VALUES(?)');
  for (let i = 0; i < 400; i++) insert.run(new Uint8Array(8192));
  connection.exec('DROP TABLE ballast');
  const pages = () => connection.pragma('page_count', { simple: true }) as number;
  const before = pages();
  let slices = 0;
  let largest = 0;
  for (let at = before; bench.maintain(); at = pages(), slices++) largest = Math.max(largest, at - pages());
  expect(slices).toBeGreaterThan(5);
  expect(largest).toBeLessThanOrEqual(70);
  expect(pages()).toBeLessThan(before - 500);
});

test('whatever overlaps, what is kept adds up as the model does', { timeout: 120_000 }, async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: stretch },
    { weight: 2, arbitrary: fc.constant({ do: 'maintain' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('age' as const), ageMs: fc.integer({ min: 0, max: 400_000 }) }),
    },
  );
  const tiers = [
    { cellMs: 1000, days: 100_000 / dayMs },
    { cellMs: 15_000, days: 200_000 / dayMs },
    { cellMs: 60_000, days: null },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      const own = new RollupBench(1000);
      try {
        own.save({ rules: [{ ...rule, rawDays: 50_000 / dayMs, tiers }] });
        for (const taken of steps) {
          if (taken.do === 'commit') commitStretch(own, taken);
          else if (taken.do === 'restart') own.restart();
          else {
            if (taken.do === 'age') own.nowMs += taken.ageMs;
            while (own.maintain());
          }
        }
        for (const device of devices) {
          const query = { device, metrics: [0, 1, 2], fromMs: 0, toMs: 2 * spanMs, buckets: 10 };
          const { series, damaged } = await own.history(query);
          expect(damaged ?? 0).toBe(0);
          for (const { metric, count, numbers, min, max, sum } of series) {
            const wanted = own.model.history(streamsOf(device), metric, query);
            expect([[...count], [...numbers]]).toEqual([wanted.count, wanted.numbers]);
            expect([...min, ...max].map((n) => n + 0)).toEqual([...wanted.min, ...wanted.max].map((n) => n + 0));
            sum.forEach((value, i) => {
              if (!Number.isNaN(wanted.sum[i])) expect(value).toBeCloseTo(wanted.sum[i]!, 6);
            });
          }
        }
        expect(checkDatabase(`${own.directory}/lapwing.db`).findings).toEqual([]);
      } finally {
        own.end();
      }
    }),
    { numRuns: Number(process.env.LAPWING_MODEL_RUNS ?? 25) },
  );
});
