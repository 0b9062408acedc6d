/** What came, what did not, and why: the real store, driven with times of its own. */
import { encodeMessage } from '@lapwing/protocol';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { CompletenessQuery } from '../../src/core/ports.ts';
import { device, deviceChanges, StoreBench, stream } from './store-bench.ts';

const benches: StoreBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

async function openBench(...args: Parameters<typeof StoreBench.open>): Promise<StoreBench> {
  const bench = await StoreBench.open(...args);
  benches.push(bench);
  return bench;
}

/** One reading a second from second `from` to second `to`; each arrives at its time, or at `arrivedMs`. */
function fill(
  bench: StoreBench,
  [from, to]: readonly [number, number],
  more: { seq: number; arrivedMs?: number; stream?: number },
) {
  let { seq } = more;
  for (let second = from; second <= to; second++) {
    const arrivedMs = more.arrivedMs ?? second * 1000 + 20;
    bench.append({ seq: seq++, times: [second * 1000], arrivedMs, stream: more.stream ?? stream });
  }
  return seq;
}

const query: CompletenessQuery = { device, fromMs: 0, toMs: 1e7, nowMs: 1_000_000, offlineSinceMs: Number.NaN };

// Sealed in small blocks, merged, and left in the head: the answer must not depend on it.
describe.each([
  { name: 'in the head', options: { sealRowsMax: 4096 } },
  { name: 'in blocks', options: { sealRowsMax: 30, logBytesMax: 1000 } },
])('$name', ({ options }) => {
  test('all there is 100 %, and no gap', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    fill(bench, [1, 1000], { seq: 1 });
    const answer = await bench.store.completeness(query);
    expect(answer).toMatchObject({
      percent: 100,
      received: 1000,
      late: 0,
      backfilled: 0,
      skipped: 0,
      missing: 0,
      gaps: [],
    });
    expect(answer.streams).toEqual([{ stream, received: 1000, late: 0, backfilled: 0, skipped: 0 }]);
  });

  test('a hole is found with its cause, and closed by what comes late', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    const next = fill(bench, [1, 400], { seq: 1 });
    bench.store.change({ kind: 'outage', device, fromMs: 401_000, toMs: 499_000 });
    const after = fill(bench, [501, 1000], { seq: next });
    const holed = await bench.store.completeness(query);
    expect(holed).toMatchObject({ received: 900, missing: 100 });
    expect(holed.percent).toBeCloseTo(90);
    expect(holed.gaps).toEqual([
      { fromMs: 400_000, toMs: 501_000, cause: 'device-offline', because: null, readings: 100 },
    ]);
    fill(bench, [401, 500], { seq: after, arrivedMs: 1_000_500 });
    const filled = await bench.store.completeness(query);
    expect(filled).toMatchObject({ percent: 100, received: 1000, late: 100, missing: 0 });
    expect(filled.gaps).toEqual([
      { fromMs: 401_000, toMs: 500_000, cause: 'backfilled', because: 'device-offline', readings: 100 },
    ]);
  });

  test('what the device skipped is counted as it says, with its reason', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    const next = fill(bench, [1, 600], { seq: 1 });
    const skipped = { type: 'skipped', reason: 'overflow', fromMs: 601_000, toMs: 700_000, readings: 100 } as const;
    const frame = encodeMessage({ ...skipped, fromSeq: next, toSeq: next + 9 });
    bench.store.append({ stream, seq: next + 9, arrivedMs: 701_000, frame });
    fill(bench, [701, 1000], { seq: next + 10 });
    const answer = await bench.store.completeness(query);
    expect(answer).toMatchObject({ percent: 90, received: 900, skipped: 100, missing: 0 });
    expect(answer.gaps).toMatchObject([{ fromMs: 600_000, toMs: 701_000, cause: 'skipped-overflow' }]);
    const [one] = await bench.store.fleetCompleteness(query);
    expect(one?.percent).toBeCloseTo(90);
  });

  test('a new epoch without the rest of the old one is a restart', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    fill(bench, [1, 400], { seq: 1 });
    bench.store.change({ kind: 'stream', key: 2 as never, device, epoch: 78, createdMs: 500_000 });
    bench.store.change({ kind: 'table', stream: 2 as never, table: [0, 1] });
    fill(bench, [501, 1000], { seq: 1, stream: 2 });
    const { gaps, streams } = await bench.store.completeness(query);
    expect(gaps).toMatchObject([{ cause: 'device-restarted', readings: 100 }]);
    expect(streams.map(({ received }) => received)).toEqual([400, 500]);
  });

  test('a range counts what lies in it, and nothing is expected after now', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    fill(bench, [1, 1000], { seq: 1 });
    const part = await bench.store.completeness({ ...query, fromMs: 250_000, toMs: 750_000 });
    expect(part).toMatchObject({ percent: 100, received: 500, gaps: [] });
    const silent = await bench.store.completeness({ ...query, nowMs: 1_100_000, offlineSinceMs: 1_000_000 });
    expect(silent.gaps).toMatchObject([{ fromMs: 1_000_000, toMs: 1_100_000, cause: 'device-offline' }]);
  });
});

test('the hub’s own absence is a cause', async () => {
  const first = await openBench();
  first.addDevice();
  const next = fill(first, [1, 400], { seq: 1 });
  await first.store.close();
  const database = new Database(`${first.directory}/lapwing.db`);
  database.exec('UPDATE hub_runs SET started_ms = 0, alive_ms = 400000');
  database.close();
  const second = await openBench({}, first.directory);
  await second.store.close();
  const again = new Database(`${first.directory}/lapwing.db`);
  again.exec('UPDATE hub_runs SET started_ms = 495000 WHERE id = 2');
  again.close();
  const { store } = await openBench({}, first.directory);
  const bench = Object.assign(Object.create(StoreBench.prototype) as StoreBench, { store });
  fill(bench, [501, 1000], { seq: next });
  expect((await store.completeness(query)).gaps).toMatchObject([{ cause: 'hub-down', readings: 100 }]);
});

test('between what a file brought and the device’s own first connection nothing is expected, and it did not restart', async () => {
  const bench = await openBench();
  for (const change of deviceChanges)
    bench.store.change(change.kind === 'stream' ? { ...change, createdMs: 700_000 } : change);
  const file = 2 as never;
  bench.store.change({ kind: 'stream', key: file, device, epoch: 9, createdMs: 600_000, isImport: true });
  bench.store.change({ kind: 'table', stream: file, table: [0, 1] });
  fill(bench, [1, 400], { seq: 1, stream: 2, arrivedMs: 600_000 });
  fill(bench, [701, 1000], { seq: 1 });
  const { gaps, missing, percent } = await bench.store.completeness(query);
  expect({ missing, percent }).toEqual({ missing: 0, percent: 100 });
  expect(gaps).toMatchObject([
    { cause: 'backfilled', because: 'imported', readings: 400 },
    { cause: 'not-connected-yet', fromMs: 400_000, toMs: 701_000, readings: 0 },
  ]);
  const fleet = await bench.store.fleetCompleteness({ fromMs: 0, toMs: 1e7, nowMs: 1_000_000 });
  expect(fleet).toEqual([{ device, percent: 100 }]);
});

test('a device that never sent is expected to send nothing', async () => {
  const bench = await openBench();
  for (const change of deviceChanges) bench.store.change(change);
  const answer = await bench.store.completeness({ ...query, toMs: 900_000 });
  expect(answer.percent).toBeNaN();
  expect(answer).toMatchObject({ received: 0, missing: 0 });
});

test('when the device had no link is told, asleep or not, and sleep explains no hole', async () => {
  const bench = await openBench();
  bench.addDevice();
  const next = fill(bench, [1, 400], { seq: 1 });
  bench.store.change({ kind: 'outage', device, fromMs: 401_000, toMs: 499_000, isAsleep: true });
  bench.store.change({ kind: 'outage', device, fromMs: 20_000, toMs: 23_000 });
  fill(bench, [501, 1000], { seq: next });
  const answer = await bench.store.completeness({ ...query, fromMs: 21_000, toMs: 1_200_000, nowMs: 1_100_000 });
  expect(answer.links).toEqual([
    { fromMs: 21_000, toMs: 23_000, state: 'offline' },
    { fromMs: 401_000, toMs: 499_000, state: 'asleep' },
  ]);
  expect(answer.gaps[0]).toMatchObject({ fromMs: 400_000, cause: 'unknown' });
  expect(answer.firstMs).toBe(21_000);
  const asleep = { ...query, fromMs: 1_000_500, nowMs: 1_100_000, asleepSinceMs: 1_001_000 };
  const silent = await bench.store.completeness(asleep);
  expect(silent.links).toEqual([{ fromMs: 1_001_000, toMs: 1_100_000, state: 'asleep' }]);
  expect(silent.firstMs).toBeNaN();
});

test('what a sleeping board still holds is not missing until it is back', async () => {
  const bench = await openBench();
  bench.addDevice();
  const next = fill(bench, [1, 400], { seq: 1 });
  const asleep = { ...query, nowMs: 1_000_000 };
  const one = await bench.store.completeness({ ...asleep, asleepSinceMs: 400_500 });
  expect(one).toMatchObject({ percent: 100, received: 400, missing: 0, gaps: [] });
  const fleet = await bench.store.fleetCompleteness({ ...asleep, asleep: new Map([[device, 400_500]]) });
  expect(fleet).toEqual([{ device, percent: 100 }]);
  fill(bench, [801, 1000], { seq: next });
  const back = await bench.store.completeness(asleep);
  expect(back).toMatchObject({ received: 600, missing: 400 });
  expect((await bench.store.fleetCompleteness(asleep))[0]!.percent).toBeCloseTo(60);
});
