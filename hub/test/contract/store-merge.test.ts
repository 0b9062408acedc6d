/** How far blocks grow, and how often a row is written for it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fullRows } from '../../src/store/merge-choice.ts';
import { devices, RollupBench } from './rollup-bench.ts';

const dayMs = 86_400_000;
const rowsPerCommit = 256;
let bench: RollupBench;
beforeEach(() => {
  bench = new RollupBench(rowsPerCommit);
});
afterEach(() => bench.end());

const listBlocks = () =>
  bench.ledger.connection.prepare('SELECT row_count, t_max - t_min FROM blocks ORDER BY seq_from').raw().all() as [
    rows: number,
    spanMs: number,
  ][];

function fill(rows: number, stepMs: number): void {
  for (let first = 0; first < rows; first += rowsPerCommit) {
    const times = Array.from({ length: rowsPerCommit }, (_, i) => (first + i) * stepMs);
    bench.commit(3, times, [{ metric: 0, cells: times.map((_, i) => ((first + i) % 300) / 10) }]);
    while (bench.maintain());
  }
}

async function expectAll(rows: number, stepMs: number): Promise<void> {
  const range = { fromMs: 0, toMs: rows * stepMs, buckets: 50 };
  const { series } = await bench.history({ ...range, device: devices[1]!, metrics: [0] });
  expect([...series[0]!.count].reduce((sum, count) => sum + count, 0)).toBe(rows);
  expect([...series[0]!.max]).toEqual(bench.model.history([3], 0, { ...range, device: devices[1]!, metrics: [0] }).max);
}

test('a fast stream ends in blocks of the largest tier, each row written five times at most', async () => {
  const rows = fullRows;
  fill(rows, 1000);
  expect(listBlocks().map(([count]) => count)).toEqual([fullRows]);
  expect(bench.ledger.rowsMerged).toBeLessThanOrEqual(4 * rows);
  await expectAll(rows, 1000);
});

test('a slow stream, which reaches no tier in a month, ends in blocks of some weeks', async () => {
  const stepMs = 300_000;
  const rows = Math.ceil((150 * dayMs) / stepMs / rowsPerCommit) * rowsPerCommit;
  fill(rows, stepMs);
  const blocks = listBlocks();
  expect(blocks.every(([, spanMs]) => spanMs <= 32 * dayMs)).toBe(true);
  // All but those that still grow, of which there is less than a stretch.
  const grown = blocks.filter(([, spanMs]) => spanMs > 25 * dayMs).reduce((sum, [count]) => sum + count, 0);
  expect(grown).toBeGreaterThan(rows * 0.6);
  expect(blocks.length).toBeLessThan(14);
  expect(bench.ledger.rowsMerged).toBeLessThanOrEqual(5 * rows);
  await expectAll(rows, stepMs);
});
