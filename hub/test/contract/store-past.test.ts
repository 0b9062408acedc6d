/** The fleet at instants of the past answers as the naive model does, from heads, small blocks and merged ones; and who was there. */
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { DeviceKey, FleetAtAnswer, FleetAtQuery, StoreChange, StreamKey } from '../../src/core/ports.ts';
import { device, deviceChanges, StoreBench, stream } from './store-bench.ts';
import { type ModelBatch, StoreModel } from './store-model.ts';

const benches: StoreBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

async function openBench(...args: Parameters<typeof StoreBench.open>): Promise<StoreBench> {
  const bench = await StoreBench.open(...args);
  benches.push(bench);
  return bench;
}

const here = { offlineSinceMs: Number.NaN, asleepSinceMs: Number.NaN, intervalMs: 1000 };
const query: FleetAtQuery = {
  devices: [{ key: device, ...here }],
  fromMs: 0,
  steps: 0,
  stepMs: 1000,
  roughMs: 0,
  nowMs: 1e9,
};

/** metric → newest reading at each instant, as the rows of the answer build it up. */
function rebuild(answer: FleetAtAnswer) {
  const now = new Map<number, string>();
  let row = 0;
  return answer.instants.map(({ rowEnd }) => {
    for (; row < rowEnd; row++) {
      const value = answer.texts.get(row) ?? answer.values[row]!;
      now.set(answer.metrics[row]!, `${answer.timesMs[row]} ${value}`);
    }
    return Object.fromEntries(now);
  });
}

const second: readonly StoreChange[] = [
  { kind: 'stream', key: 2 as StreamKey, device, epoch: 78, createdMs: 6 },
  { kind: 'table', stream: 2 as StreamKey, table: [0, 1] },
];

describe.each([
  { name: 'in the head', options: { sealRowsMax: 4096 } },
  { name: 'in blocks', options: { sealRowsMax: 8, logBytesMax: 300 } },
])('$name', ({ options }) => {
  test('any instants of any readings of two streams, out of order and at equal times', async () => {
    const cell = fc.option(fc.integer({ min: 0, max: 50 }));
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), cell, cell), { minLength: 1, maxLength: 6 });
    const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), rows), { minLength: 1, maxLength: 20 });
    const instants = fc.record({
      fromMs: fc.integer({ min: -1, max: 70 }),
      steps: fc.integer({ min: 0, max: 12 }),
      stepMs: fc.integer({ min: 1, max: 30 }),
    });
    const property = fc.asyncProperty(
      batches,
      fc.array(instants, { minLength: 6, maxLength: 6 }),
      async (given, asked) => {
        const bench = await StoreBench.open(options);
        try {
          bench.addDevice();
          for (const change of second) bench.store.change(change);
          const model = new StoreModel();
          const seqs = [0, 0, 0];
          for (const [key, list] of given) {
            const batch: ModelBatch = {
              stream: key,
              seq: ++seqs[key]!,
              arrivedMs: 1000,
              times: list.map(([time]) => time),
              columns: [
                { metric: 0, cells: list.map(([, number]) => number) },
                { metric: 1, cells: list.map(([, , text]) => (text === null ? null : `t${text}`)) },
              ].filter(({ cells }) => cells.some((value) => value !== null)) as ModelBatch['columns'],
            };
            if (batch.columns.length === 0) {
              seqs[key]!--;
              continue;
            }
            model.batches.push(batch);
            bench.append(batch);
          }
          for (const one of asked) {
            const answer = await bench.store.fleetAt({ ...query, ...one });
            const expected = answer.instants.map(({ atMs }) => {
              const newest = [0, 1].flatMap((metric) => {
                const reading = model.readingsOf([1, 2], metric, { fromMs: -1e9, toMs: atMs + 0.5 }).at(-1);
                return reading === undefined ? [] : [[metric, `${reading.timeMs} ${reading.value}`]];
              });
              return Object.fromEntries(newest);
            });
            expect(rebuild(answer)).toEqual(expected);
          }
        } finally {
          await bench.end();
        }
      },
    );
    await fc.assert(property, { numRuns: 12 });
  }, 60_000);

  test('presence: unknown before the first reading, online, late after an unusual pause, offline or asleep in an outage', async () => {
    const bench = await openBench(options);
    bench.addDevice();
    const base = Date.now() - 1_000_000;
    const times = [...Array(100).keys(), ...Array.from({ length: 100 }, (_, i) => 200 + i)];
    times.forEach((time, i) => {
      bench.append({ seq: i + 1, times: [base + time * 1000], arrivedMs: base + time * 1000 });
    });
    bench.store.change({ kind: 'outage', device, fromMs: base + 150_000, toMs: base + 200_000 });
    bench.store.change({ kind: 'outage', device, fromMs: base + 110_000, toMs: base + 125_000, isAsleep: true });
    const at = async (seconds: number, gone = {}) => {
      const devices = [{ key: device, ...here, ...gone }];
      const answer = await bench.store.fleetAt({ ...query, devices, fromMs: base + seconds * 1000, nowMs: Date.now() });
      return answer.instants[0]!.presence[0]!.state;
    };
    expect(await at(-5)).toBe('unknown');
    expect(await at(50)).toBe('online');
    expect(await at(120)).toBe('asleep');
    expect(await at(130)).toBe('late');
    expect(await at(170)).toBe('offline');
    expect(await at(250)).toBe('online');
    expect(await at(310, { offlineSinceMs: base + 299_000 })).toBe('offline');
    expect(await at(310, { asleepSinceMs: base + 299_000 })).toBe('asleep');
    expect(await at(250, { asleepSinceMs: base + 299_000 })).toBe('online');
    const played = await bench.store.fleetAt({
      ...query,
      fromMs: base + 140_000,
      steps: 4,
      stepMs: 20_000,
      nowMs: Date.now(),
    });
    expect(played.instants.map(({ presence }) => presence.map(({ state }) => state).join())).toEqual([
      'late',
      'offline',
      '',
      'online',
      '',
    ]);
  });
});

test('no hub was running: nobody knows', async () => {
  const bench = await openBench();
  bench.addDevice();
  const base = Date.now() - 7_200_000;
  for (let i = 1; i <= 10; i++) bench.append({ seq: i, times: [base + i * 1000], arrivedMs: base + i * 1000 });
  await bench.listener.until(() => bench.listener.seqOf(stream) === 10);
  const file = new Database(`${bench.directory}/lapwing.db`);
  file.exec(`UPDATE hub_runs SET id = id + 1; INSERT INTO hub_runs VALUES(1, ${base}, ${base + 60_000})`);
  file.close();
  const at = async (ms: number) =>
    (await bench.store.fleetAt({ ...query, fromMs: base + ms, nowMs: Date.now() })).instants[0]!.presence[0]!.state;
  expect(await at(11_000)).toBe('online');
  expect(await at(3_600_000)).toBe('unknown');
});

test('rollups answer where that is near enough, and where retention took the readings', async () => {
  const bench = await openBench({ sealRowsMax: 4096, logBytesMax: 1000 });
  bench.addDevice();
  for (let i = 1; i <= 600; i++) {
    const times = Array.from({ length: 10 }, (_, row) => i * 10_000 + row * 1000);
    bench.append({ seq: i, times, columns: [{ metric: 0, cells: times.map((time) => time / 1000) }] });
  }
  await bench.listener.until(() => bench.listener.seqOf(stream) === 600);
  for (const roughMs of [0, 60_000]) {
    const answer = await bench.store.fleetAt({ ...query, fromMs: 3_000_500, steps: 3, stepMs: 60_000, roughMs });
    const rows = [...answer.values];
    expect(rows).toHaveLength(4);
    rows.forEach((value, k) => {
      expect(value).toBeLessThanOrEqual(3000.5 + k * 60);
      expect(value).toBeGreaterThan(3000.5 + k * 60 - 1 - roughMs / 1000);
    });
  }
});

test('many devices are told in the order asked for; more than a screen can use is refused', async () => {
  const bench = await openBench();
  const keys = [1, 2, 3] as DeviceKey[];
  for (const key of keys) {
    for (const change of deviceChanges) {
      if (change.kind === 'device') bench.store.change({ ...change, key, deviceId: `dev-${key}` });
      else if (change.kind === 'metrics') bench.store.change({ ...change, device: key });
      else if (change.kind === 'stream')
        bench.store.change({ ...change, key: key as number as StreamKey, device: key });
      else if (change.kind === 'table') bench.store.change({ ...change, stream: key as number as StreamKey });
    }
    bench.append({ stream: key, seq: 1, times: [1000], columns: [{ metric: 0, cells: [key] }] });
  }
  const devices = [3, 1].map((key) => ({ key, ...here }));
  const answer = await bench.store.fleetAt({ ...query, devices, fromMs: 5000 });
  expect([...answer.devices]).toEqual([0, 1]);
  expect([...answer.values]).toEqual([3, 1]);
  await expect(bench.store.fleetAt({ ...query, steps: 601 })).rejects.toThrow('at most 600 steps');
});
