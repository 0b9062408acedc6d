/** A device that begins a new epoch at each boot: its blocks become as large as anybody's, and an old epoch may still go on. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDatabase } from '../../src/store/check.ts';
import { devices, RollupBench } from './rollup-bench.ts';

const stepMs = 60_000;
const rowsOfBoot = 60;
/** Stream 3 is another device's. */
const epochs = Array.from({ length: 200 }, (_, i) => i + 1).filter((stream) => stream !== 3);
let bench: RollupBench;
beforeEach(() => {
  bench = new RollupBench(4096);
});
afterEach(() => bench.end());

const listBlocks = () =>
  bench.ledger.connection.prepare('SELECT stream, row_count FROM blocks ORDER BY stream, seq_from').raw().all() as [
    stream: number,
    rows: number,
  ][];
const settle = () => {
  while (bench.maintain());
};

function fill(streams: readonly number[]): void {
  for (const [boot, stream] of streams.entries()) {
    for (let part = 0; part < 4; part++) {
      const times = Array.from({ length: rowsOfBoot / 4 }, (_, i) => (boot * rowsOfBoot + part * 15 + i) * stepMs);
      bench.commit(stream, times, [{ metric: 0, cells: times.map((time) => ((time / stepMs) % 97) / 10) }]);
    }
    settle();
  }
}

async function expectAll(streams: readonly number[], buckets: number): Promise<void> {
  const query = { device: devices[0]!, metrics: [0], fromMs: 0, toMs: streams.length * rowsOfBoot * stepMs, buckets };
  const [series] = (await bench.history(query)).series;
  const wanted = bench.model.history(streams, 0, query);
  for (const name of ['count', 'min', 'max', 'first', 'last'] as const)
    expect([...series![name]]).toEqual(wanted[name]);
  const page = await bench.readings({ ...query, metric: 0, limit: 100_000, skip: 0 });
  expect([...page.values]).toEqual(bench.model.readingsOf(streams, 0, query).map(({ value }) => value));
  const asked = { device: devices[0]!, fromMs: 0, toMs: query.toMs, nowMs: query.toMs, offlineSinceMs: Number.NaN };
  const told = await bench.completeness(asked);
  const received = streams.map((stream) => bench.model.readingsOf([stream], 0, query).length);
  expect(told.streams.map((stream) => stream.received)).toEqual(received);
  expect(checkDatabase(`${bench.directory}/lapwing.db`).findings).toEqual([]);
}

test('two hundred short epochs end in a few blocks, each row written five times at most', async () => {
  fill(epochs);
  const rows = epochs.length * rowsOfBoot;
  // Two of the tier of 4,096, and what gathers below that.
  expect(listBlocks().length).toBeLessThanOrEqual(20);
  expect(listBlocks().filter(([, count]) => count >= 4096).length).toBe(2);
  expect(bench.ledger.rowsMerged).toBeLessThanOrEqual(4 * rows);
  await expectAll(epochs, 50);
  bench.restart();
  await expectAll(epochs, 50);
});

test('an epoch that goes on gets its place between its neighbours back, and keeps it', async () => {
  fill([1, 2, 4]);
  fill([5, 6, 7, 8, 9, 10, 11, 12]);
  const before = listBlocks().length;
  // At times that other epochs have, too: what is first and last depends on the order alone.
  bench.commit(4, [0, stepMs], [{ metric: 0, cells: [500, 501] }]);
  expect(listBlocks().length).toBe(before + 1);
  const streams = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  await expectAll(streams, 400);
  settle();
  fill([13, 14]);
  bench.commit(4, [0, stepMs], [{ metric: 0, cells: [502, 503] }]);
  settle();
  await expectAll([...streams, 13, 14], 400);
  expect(listBlocks().some(([stream]) => stream === 4)).toBe(true);
  bench.restart();
  await expectAll([...streams, 13, 14], 400);
});

test('a commit that fails leaves the joined blocks as they were', async () => {
  fill([1, 2, 4, 5, 6, 7, 8, 9, 10]);
  const before = listBlocks();
  bench.ledger.connection.exec("CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'full'); END");
  const batch = [{ metric: 0, cells: [500] }];
  expect(() => bench.commit(2, [0], batch)).toThrow('full');
  expect(listBlocks()).toEqual(before);
  bench.ledger.connection.exec('DROP TRIGGER full');
  bench.model.batches.pop();
  bench.rewind(2);
  bench.commit(2, [0], batch);
  expect(listBlocks().length).toBe(before.length + 1);
  await expectAll([1, 2, 4, 5, 6, 7, 8, 9, 10], 300);
});
