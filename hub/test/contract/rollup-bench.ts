/**
 * A ledger and a view of it in one thread, with two devices of several streams, and stretches of readings long enough for rollups.
 *
 * Owns a directory of its own. The clock is whatever a test sets.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import type {
  CompletenessQuery,
  DeviceKey,
  HistoryQuery,
  ReadingsQuery,
  RetentionPolicy,
  StoreChange,
  StreamKey,
} from '../../src/core/ports.ts';
import { answerCompleteness } from '../../src/store/completeness-query.ts';
import { GroupBuilder } from '../../src/store/group.ts';
import { answerHeadRequest } from '../../src/store/head-answer.ts';
import { answerHistory } from '../../src/store/history-query.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { answerReadings } from '../../src/store/readings-query.ts';
import { previewRetention } from '../../src/store/retention-preview.ts';
import { Snapshots } from '../../src/store/snapshot.ts';
import type { HeadRequest } from '../../src/store/worker-messages.ts';
import { encodeBatch, type ModelBatch, StoreModel } from './store-model.ts';

export const devices = [1, 2] as DeviceKey[];
/** Each begins with its first batch. Stream 3 is of device 2, and all others of device 1. */
export const streams = [1, 2, 3, 4] as StreamKey[];
export const streamsOf = (device: number) => (device === 1 ? [1, 2, 4] : [3]);
const kinds = ['gauge', 'counter', 'text'] as const;
const changes: StoreChange[] = [
  ...devices.flatMap((key): StoreChange[] => [
    { kind: 'device', key, deviceId: `dev${key}`, model: '', firmware: '', createdMs: 0 },
    { kind: 'metrics', device: key, firstIndex: 0, metrics: kinds.map((kind) => ({ name: kind, unit: '', kind })) },
  ]),
];
const beginStream = (key: StreamKey): StoreChange[] => [
  { kind: 'stream', key, device: (key === 3 ? 2 : 1) as DeviceKey, epoch: key, createdMs: 0 },
  { kind: 'table', stream: key, table: [0, 1, 2] },
];

export class RollupBench {
  readonly model = new StoreModel();
  private readonly seqs = new Map<number, number>();
  readonly directory = mkdtempSync(join(tmpdir(), 'lapwing-rollups-'));
  private readonly sealRowsMax: number;
  nowMs = 0;
  ledger!: Ledger;
  private snapshots!: Snapshots;
  private channel = new MessageChannel();

  constructor(sealRowsMax: number) {
    this.sealRowsMax = sealRowsMax;
    this.open();
    this.ledger.commit({ bytes: new Uint8Array(0), frames: 0, changes });
  }

  commit(stream: number, times: readonly number[], columns: ModelBatch['columns']): void {
    const begins = this.seqs.has(stream) ? [] : beginStream(stream as StreamKey);
    const seq = (this.seqs.get(stream) ?? 0) + 1;
    this.seqs.set(stream, seq);
    const batch = { stream, seq, arrivedMs: 1e6 + this.model.batches.length, times, columns };
    this.model.batches.push(batch);
    const group = new GroupBuilder(new Uint8Array(64));
    const frame = encodeBatch(batch, (metric) => metric);
    group.append({ stream: stream as StreamKey, seq, arrivedMs: batch.arrivedMs, frame });
    const bytes = group.finish();
    this.ledger.commit({ bytes, frames: group.frames, changes: begins });
    this.ledger.decode(bytes);
  }

  /** The stream's last batch was refused: it comes again. */
  rewind(stream: number): void {
    this.seqs.set(stream, this.seqs.get(stream)! - 1);
  }

  maintain = () => this.ledger.maintain(performance.now());
  save = (policy: RetentionPolicy) =>
    this.ledger.commit({ bytes: new Uint8Array(0), frames: 0, changes: [{ kind: 'retention', policy }] });
  preview = (policy: RetentionPolicy) => previewRetention(this.snapshots, { policy, nowMs: this.nowMs });
  history = (query: HistoryQuery) => answerHistory(this.snapshots, query);
  readings = (query: ReadingsQuery) => answerReadings(this.snapshots, query);
  completeness = (query: CompletenessQuery) => answerCompleteness(this.snapshots, query);
  damaged = () => this.snapshots.damaged.size;
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
    const ledger = new Ledger({ file, ...bounds, pagesMax: undefined, nowMs: () => this.nowMs });
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

export const spanMs = 300_000;
/** A stretch of readings: regular or jittered, anywhere in the span, so that stretches of all streams overlap. */
export const stretch = fc.record({
  do: fc.constant('commit' as const),
  stream: fc.constantFrom(...streams),
  startMs: fc.integer({ min: 0, max: 250 }).map((n) => n * 1000),
  stepMs: fc.constantFrom<number[]>(10, 20, 40, 97),
  jitterMs: fc.constantFrom<number[]>(0, 0, 7, 300),
  rows: fc.integer({ min: 200, max: 1200 }),
  seed: fc.nat({ max: 1e6 }),
  hasOdd: fc.constantFrom(false, false, true),
  resets: fc.constantFrom<number[]>(0, 0.002, 0.1),
});
export type Stretch = typeof stretch extends fc.Arbitrary<infer T> ? T : never;
export function commitStretch(bench: RollupBench, made: Stretch): void {
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
