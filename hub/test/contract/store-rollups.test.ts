/**
 * Long columns, whose blocks have rollups: history answers as the naive model does, whatever came late, overlapped, was sealed,
 * merged or replayed. (store-queries.test.ts does the same with short ones, which have none.)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeviceKey, HistoryQuery, StoreChange, StreamKey } from '../../src/core/ports.ts';
import { GroupBuilder } from '../../src/store/group.ts';
import { answerHeadRequest } from '../../src/store/head-answer.ts';
import { answerHistory } from '../../src/store/history-query.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { Snapshots } from '../../src/store/snapshot.ts';
import type { HeadRequest } from '../../src/store/worker-messages.ts';
import { encodeBatch, type ModelBatch, StoreModel } from './store-model.ts';

const devices = [1, 2] as DeviceKey[];
/** Streams 1 and 2 are of device 1, stream 3 of device 2. */
const streams = [1, 2, 3] as StreamKey[];
const streamsOf = (device: number) => (device === 1 ? [1, 2] : [3]);
const kinds = ['gauge', 'counter', 'text'] as const;
const changes: StoreChange[] = [
  ...devices.flatMap((key): StoreChange[] => [
    { kind: 'device', key, deviceId: `dev${key}`, model: '', firmware: '', createdMs: 0 },
    { kind: 'metrics', device: key, firstIndex: 0, metrics: kinds.map((kind) => ({ name: kind, unit: '', kind })) },
  ]),
  ...streams.flatMap((key): StoreChange[] => [
    { kind: 'stream', key, device: (key === 3 ? 2 : 1) as DeviceKey, epoch: key, createdMs: 0 },
    { kind: 'table', stream: key, table: [0, 1, 2] },
  ]),
];

class Bench {
  readonly model = new StoreModel();
  private readonly seqs = new Map<number, number>();
  private readonly directory = mkdtempSync(join(tmpdir(), 'lapwing-rollups-'));
  private readonly sealRowsMax: number;
  private ledger!: Ledger;
  private snapshots!: Snapshots;
  private channel = new MessageChannel();

  constructor(sealRowsMax: number) {
    this.sealRowsMax = sealRowsMax;
    this.open();
    this.ledger.commit({ bytes: new Uint8Array(0), frames: 0, changes });
  }

  commit(stream: number, times: readonly number[], columns: ModelBatch['columns']): void {
    const seq = (this.seqs.get(stream) ?? 0) + 1;
    this.seqs.set(stream, seq);
    const batch = { stream, seq, arrivedMs: 1e6 + this.model.batches.length, times, columns };
    this.model.batches.push(batch);
    const group = new GroupBuilder(new Uint8Array(64));
    const frame = encodeBatch(batch, (metric) => metric);
    group.append({ stream: stream as StreamKey, seq, arrivedMs: batch.arrivedMs, frame });
    const bytes = group.finish();
    this.ledger.commit({ bytes, frames: group.frames, changes: [] });
    this.ledger.decode(bytes);
  }

  maintain = () => this.ledger.maintain(performance.now());
  history = (query: HistoryQuery) => answerHistory(this.snapshots, query);
  countRollups = () => this.ledger.connection.prepare('SELECT count(*) FROM rollups').pluck().get() as number;

  restart(): void {
    this.close();
    this.open();
  }

  end(): void {
    this.close();
    rmSync(this.directory, { recursive: true });
  }

  private open(): void {
    const file = join(this.directory, 'lapwing.db');
    const bounds = { sealRowsMax: this.sealRowsMax, logBytesMax: 0, headBytesMax: 1e6, checkpointBytes: 1e5 };
    const ledger = new Ledger({ file, ...bounds, pagesMax: undefined });
    this.ledger = ledger;
    this.channel = new MessageChannel();
    const { port1, port2 } = this.channel;
    port1.on('message', (request: HeadRequest) => port1.postMessage(answerHeadRequest(ledger.heads, request)));
    this.snapshots = new Snapshots({ file, writerPort: port2, abortFlag: new SharedArrayBuffer(4) });
  }

  private close(): void {
    this.snapshots.close();
    this.channel.port1.close();
    this.ledger.close();
  }
}

const spanMs = 300_000;
/** A stretch of readings: regular or jittered, anywhere in the span, so that stretches of all streams overlap. */
const stretch = fc.record({
  do: fc.constant('commit' as const),
  stream: fc.constantFrom(...streams),
  startMs: fc.integer({ min: 0, max: 250 }).map((n) => n * 1000),
  stepMs: fc.constantFrom(10, 20, 40, 97),
  jitterMs: fc.constantFrom(0, 0, 7, 300),
  rows: fc.integer({ min: 200, max: 1200 }),
  seed: fc.nat({ max: 1e6 }),
  hasOdd: fc.constantFrom(false, false, true),
  resets: fc.constantFrom(0, 0.002, 0.1),
});
type Stretch = typeof stretch extends fc.Arbitrary<infer T> ? T : never;
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

function commitStretch(bench: Bench, made: Stretch): void {
  let state = made.seed + 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const times: number[] = [];
  const gauges: number[] = [];
  const counters: number[] = [];
  const texts: string[] = [];
  let walk = 200;
  let total = 1000;
  for (let row = 0; row < made.rows; row++) {
    times.push(made.startMs + row * made.stepMs + Math.floor(random() * made.jitterMs));
    walk += Math.round(random() * 60 - 30);
    total = random() < made.resets ? 0 : total + Math.floor(random() * 50);
    const odd = made.hasOdd && random() < 0.01 ? [Number.NaN, -0, 0.1 + 0.2][row % 3]! : null;
    gauges.push(odd ?? walk / 10);
    counters.push(odd !== null && row % 2 === 0 ? Number.NaN : total);
    texts.push(random() < 0.05 ? 'off' : 'on');
  }
  bench.commit(made.stream, times, [
    { metric: 0, cells: gauges },
    { metric: 1, cells: counters },
    { metric: 2, cells: texts },
  ]);
}

let cellsAnswered = 0;

async function expectHistory(bench: Bench, asked: Ask): Promise<void> {
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
        const bench = new Bench(rows);
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
