/**
 * Any interleaving of batches, epochs, seals, merges, trims, crashes and restarts answers as the naive model does. Threads are left
 * out: one ledger, one view.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type {
  CompletenessQuery,
  DeviceKey,
  HistoryQuery,
  ReadingsQuery,
  StoreChange,
  StreamKey,
} from '../../src/core/ports.ts';
import { checkDatabase } from '../../src/store/check.ts';
import { answerCompleteness } from '../../src/store/completeness-query.ts';
import { GroupBuilder } from '../../src/store/group.ts';
import { answerHeadRequest } from '../../src/store/head-answer.ts';
import { answerHistory } from '../../src/store/history-query.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { answerReadings } from '../../src/store/readings-query.ts';
import { Snapshots } from '../../src/store/snapshot.ts';
import { loadState } from '../../src/store/stored-state.ts';
import type { HeadRequest } from '../../src/store/worker-messages.ts';
import { type Cell, encodeBatch, type ModelBatch, StoreModel } from './store-model.ts';

const device = 1 as DeviceKey;
const streamsMax = 8;
const kinds = ['gauge', 'counter', 'bool', 'text'] as const;
/** Each stream numbers the metrics its own way. */
const tables: readonly (readonly number[])[] = [
  [0, 1, 2, 3],
  [3, 2, 1, 0],
  [1, 3, 0, 2],
];

const changes: StoreChange[] = [
  { kind: 'device', key: device, deviceId: 'dev', model: '', firmware: '', createdMs: 0 },
  { kind: 'metrics', device, firstIndex: 0, metrics: kinds.map((kind) => ({ name: kind, unit: '', kind })) },
];
const tableOf = (stream: number) => tables[stream % tables.length]!;

interface Bounds {
  readonly sealRowsMax: number;
  readonly logBytesMax: number;
  readonly headBytesMax: number;
}

/** A ledger and a view of it in one thread, with the directory they live in. */
class Bench {
  readonly model = new StoreModel();
  readonly seqs = new Map<number, number>();
  readonly streams: StreamKey[] = [];
  ledger: Ledger;
  private snapshots: Snapshots;
  private readonly bounds: Bounds;
  private directory: string;
  private readonly directories: string[] = [];
  private channel = new MessageChannel();

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.directory = this.makeDirectory();
    [this.ledger, this.snapshots] = this.open();
    this.ledger.commit({ bytes: new Uint8Array(0), frames: 0, changes });
    this.boot();
  }

  /** A new epoch, from which the device goes on; it may still come back to an older one. */
  boot(): void {
    const key = (this.streams.length + 1) as StreamKey;
    if (key > streamsMax) return;
    const boot: StoreChange[] = [
      { kind: 'stream', key, device, epoch: key, createdMs: 0 },
      { kind: 'table', stream: key, table: tableOf(key) },
    ];
    this.ledger.commit({ bytes: new Uint8Array(0), frames: 0, changes: boot });
    this.streams.push(key);
  }

  commit(batches: readonly ModelBatch[]): void {
    const group = new GroupBuilder(new Uint8Array(64));
    for (const batch of batches) {
      const table = tableOf(batch.stream);
      const frame = encodeBatch(batch, (metric) => table.indexOf(metric), [2]);
      group.append({ stream: batch.stream, seq: batch.seq, arrivedMs: batch.arrivedMs, frame });
      this.model.batches.push(batch);
    }
    const bytes = group.finish();
    this.ledger.commit({ bytes, frames: group.frames, changes: [] });
    this.ledger.decode(bytes);
  }

  restart(): void {
    this.close();
    [this.ledger, this.snapshots] = this.open();
  }

  /** What a power cut or kill -9 leaves: the files as they are, nobody having closed them. */
  crash(): void {
    const from = join(this.directory, 'lapwing.db');
    this.directory = this.makeDirectory();
    for (const end of ['', '-wal']) {
      if (existsSync(from + end)) copyFileSync(from + end, join(this.directory, `lapwing.db${end}`));
    }
    this.close();
    [this.ledger, this.snapshots] = this.open();
  }

  history = (query: HistoryQuery) => answerHistory(this.snapshots, query);
  readings = (query: ReadingsQuery) => answerReadings(this.snapshots, query);
  completeness = (query: CompletenessQuery) => answerCompleteness(this.snapshots, query);
  check = () => checkDatabase(join(this.directory, 'lapwing.db'));
  count = (what: string) => this.ledger.connection.prepare(`SELECT count(*) FROM ${what}`).pluck().get() as number;

  end(): void {
    this.close();
    for (const directory of this.directories) rmSync(directory, { recursive: true });
  }

  private makeDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'lapwing-store-'));
    this.directories.push(directory);
    return directory;
  }

  private open(): [Ledger, Snapshots] {
    const file = join(this.directory, 'lapwing.db');
    const rest = { checkpointBytes: 20_000, pagesMax: undefined };
    const ledger = new Ledger({ file, ...this.bounds, ...rest });
    this.channel = new MessageChannel();
    const { port1, port2 } = this.channel;
    port1.on('message', (request: HeadRequest) => port1.postMessage(answerHeadRequest(ledger.heads, request)));
    return [ledger, new Snapshots({ file, writerPort: port2, abortFlag: new SharedArrayBuffer(4) })];
  }

  private close(): void {
    this.snapshots.close();
    this.channel.port1.close();
    this.ledger.close();
  }
}

/** Mostly near the ends, so that equal times are common. */
const timeMs = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constantFrom(0, 1, 2, 398, 399, 400));
const odd = fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1 + 0.2, 2 ** 53 + 2);
const gauge = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -500, max: 500 }).map((n) => n / 10) },
  { weight: 1, arbitrary: odd },
);
const cellOf: readonly fc.Arbitrary<Cell>[] = [
  gauge,
  fc.nat({ max: 1e6 }),
  fc.constantFrom(0, 1),
  fc.constantFrom('on', 'off', 'ünknown', ''),
];
const rowCells = (metric: number, rows: number) =>
  fc
    .tuple(
      cellOf[metric]!,
      fc.array(fc.option(cellOf[metric]!, { freq: 4 }), { minLength: rows - 1, maxLength: rows - 1 }),
    )
    .map(([first, rest]) => ({ metric, cells: [first, ...rest] }));
const body = fc.integer({ min: 1, max: 6 }).chain((rows) =>
  fc.record({
    /** 0: the newest epoch; 1: the one before it. */
    back: fc.oneof({ weight: 10, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: streamsMax }) }),
    times: fc.array(timeMs, { minLength: rows, maxLength: rows }),
    columns: fc
      .subarray([0, 1, 2, 3], { minLength: 1 })
      .chain((metrics) => fc.tuple(...metrics.map((metric) => rowCells(metric, rows)))),
  }),
);
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      bodies: fc.array(body, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'boot' as const }) },
  { weight: 5, arbitrary: fc.constant({ do: 'maintain' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'restart' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'crash' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      fromMs: timeMs,
      lengthMs: fc.integer({ min: 1, max: 500 }),
      buckets: fc.integer({ min: 1, max: 12 }),
      limit: fc.integer({ min: 1, max: 30 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function takeStep(bench: Bench, taken: Step): Promise<void> {
  switch (taken.do) {
    case 'commit':
      return bench.commit(
        taken.bodies.map(({ back, ...one }) => {
          const stream = bench.streams.at(-1 - back) ?? bench.streams[0]!;
          const seq = (bench.seqs.get(stream) ?? 0) + 1;
          bench.seqs.set(stream, seq);
          return { ...one, stream, seq, arrivedMs: 1000 + bench.model.batches.length };
        }),
      );
    case 'boot':
      return bench.boot();
    case 'maintain':
      return void bench.ledger.maintain(performance.now());
    case 'settle':
      return void bench.ledger.maintain(Number.POSITIVE_INFINITY);
    case 'restart':
      return bench.restart();
    case 'crash':
      return bench.crash();
    case 'ask':
      await expectHistory(bench, { fromMs: taken.fromMs, toMs: taken.fromMs + taken.lengthMs, buckets: taken.buckets });
      for (const metric of [0, 3]) await expectReadings(bench, metric, taken);
  }
}

async function expectHistory(bench: Bench, range: { fromMs: number; toMs: number; buckets: number }): Promise<void> {
  const query: HistoryQuery = { device, metrics: [0, 1, 2, 3], ...range, increase: true, gapIntervals: 2 };
  const { series, through } = await bench.history(query);
  expect(through).toEqual(bench.streams.map((stream) => ({ stream, seq: bench.seqs.get(stream) ?? 0 })));
  for (const { metric, texts, ...answer } of series) {
    const wanted = bench.model.history(bench.streams, metric, query);
    for (const name of ['count', 'numbers', 'first', 'last'] as const) {
      expect([...answer[name]], name).toEqual(wanted[name]);
    }
    expect(answer.gaps).toEqual(wanted.gaps);
    // The sign of a least or greatest zero, and the rounding of a sum, depend on the order of adding.
    for (const name of ['min', 'max'] as const)
      expect([...answer[name]].map((n) => n + 0)).toEqual(wanted[name].map((n) => n + 0));
    for (const name of ['sum', 'increase'] as const) {
      answer[name].forEach((sum, i) => {
        const want = wanted[name][i]!;
        if (Number.isFinite(want)) expect(sum, name).toBeCloseTo(want, Math.abs(want) > 1e12 ? -2 : 6);
        else expect(sum, name).toBe(want);
      });
    }
    expect(texts).toEqual(wanted.texts);
  }
}

async function expectReadings(
  bench: Bench,
  metric: number,
  asked: { fromMs: number; lengthMs: number; limit: number },
) {
  const toMs = asked.fromMs + asked.lengthMs;
  const got: unknown[] = [];
  let fromMs = asked.fromMs;
  let skip = 0;
  while (!Number.isNaN(fromMs)) {
    const page = await bench.readings({ device, metric, fromMs, toMs, limit: asked.limit, skip });
    expect(page.timesMs.length).toBeLessThanOrEqual(asked.limit);
    page.timesMs.forEach((time, i) => {
      got.push({ timeMs: time, arrivedMs: page.arrivedMs[i], value: metric === 3 ? page.texts[i] : page.values[i] });
    });
    fromMs = page.nextMs;
    skip = page.nextSkip;
  }
  const wanted = bench.model.readingsOf(bench.streams, metric, { fromMs: asked.fromMs, toMs });
  expect(got).toEqual(wanted.map(({ timeMs: time, arrivedMs, value }) => ({ timeMs: time, arrivedMs, value })));
}

function expectState(bench: Bench): void {
  const state = loadState(bench.ledger.connection, bench.ledger.heads);
  state.devices[0]!.latest.forEach(({ timeMs: time, value }, metric) => {
    const wanted = bench.model.latest(bench.streams, metric);
    expect(time).toBe(wanted.timeMs);
    if (wanted.values.length > 0) expect(wanted.values).toContainEqual(value);
  });
  expect(state.streams.map(({ committedSeq }) => committedSeq)).toEqual(
    bench.streams.map((key) => bench.seqs.get(key) ?? 0),
  );
}

const countJoined = (bench: Bench) => bench.count("blocks WHERE hex(substr(facts, 1, 1)) = '02'");

/** Whatever was joined: what each stream sent is told by itself. */
async function expectStreams(bench: Bench, range: { fromMs: number; toMs: number }): Promise<void> {
  const answer = await bench.completeness({ device, ...range, nowMs: 1e6, offlineSinceMs: Number.NaN });
  const wanted = bench.streams.map((stream) => ({
    stream,
    received: [0, 1, 2, 3].reduce((sum, metric) => sum + bench.model.readingsOf([stream], metric, range).length, 0),
  }));
  expect(answer.streams.map(({ stream, received }) => ({ stream, received }))).toEqual(wanted);
}

test('any history of the store answers as the naive model does', { timeout: 60_000 }, async () => {
  const bounds = fc.record({
    sealRowsMax: fc.integer({ min: 1, max: 40 }),
    logBytesMax: fc.constantFrom(0, 100, 500, 5000),
    headBytesMax: fc.constantFrom(200, 2000, 1e6),
  });
  const runs = Number(process.env.LAPWING_MODEL_RUNS ?? 60);
  let rowsMerged = 0;
  let joined = 0;
  let apart = 0;
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(step, { minLength: 5, maxLength: 30 }), async (chosen, steps) => {
      const bench = new Bench(chosen);
      try {
        for (const taken of steps) await takeStep(bench, taken);
        joined += countJoined(bench);
        await takeStep(bench, { do: 'settle' });
        await expectHistory(bench, { fromMs: -10, toMs: 410, buckets: 7 });
        await expectHistory(bench, { fromMs: 0, toMs: 401, buckets: 401 });
        await expectHistory(bench, { fromMs: 0, toMs: 401, buckets: 1 });
        expectState(bench);
        await expectStreams(bench, { fromMs: -10, toMs: 410 });
        expect(bench.check().findings).toEqual([]);
        rowsMerged += bench.ledger.rowsMerged;
        joined += countJoined(bench);
        apart += bench.count('streams WHERE apart = 1');
      } finally {
        bench.end();
      }
    }),
    { numRuns: runs },
  );
  expect(rowsMerged, 'merging took part').toBeGreaterThan(runs / 4);
  expect(joined, 'blocks of several epochs took part').toBeGreaterThan(runs / 16);
  expect(apart, 'streams that went on took part').toBeGreaterThan(0);
});

test('readings of one metric at one time are all kept; the newer stream, or the later row, is last', async () => {
  const bench = new Bench({ sealRowsMax: 3, logBytesMax: 1e6, headBytesMax: 1e6 });
  try {
    bench.boot();
    const say = (stream: number, seq: number, cells: number[]) => {
      const times = cells.map(() => 100);
      bench.seqs.set(stream, seq);
      bench.commit([
        { stream, seq, arrivedMs: 1000 + bench.model.batches.length, times, columns: [{ metric: 0, cells }] },
      ]);
    };
    say(2, 1, [20]);
    say(1, 1, [10, 11]);
    say(2, 2, [21, 22]);
    say(1, 2, [12]);
    const query = { device, metrics: [0], fromMs: 0, toMs: 200, buckets: 1 };
    const [series] = (await bench.history(query)).series;
    expect([series!.count[0], series!.first[0], series!.last[0], series!.sum[0]]).toEqual([6, 10, 22, 96]);
    const page = await bench.readings({ device, metric: 0, fromMs: 0, toMs: 200, limit: 10, skip: 0 });
    expect([...page.values]).toEqual([10, 11, 12, 20, 21, 22]);
    const newest = () => loadState(bench.ledger.connection, bench.ledger.heads).devices[0]!.latest[0]!.value;
    expect(newest()).toBe(12);
    bench.restart();
    expect(newest()).toBe(12);
  } finally {
    bench.end();
  }
});
