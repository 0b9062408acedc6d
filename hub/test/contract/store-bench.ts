/**
 * A store on real files in a directory of its own, with a listener that writes down what it is told and lets a test wait for it.
 *
 * Owns the directory. Waits only for events, never for time.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  DeviceKey,
  Receipt,
  Store,
  StoreChange,
  StoredState,
  StoreHealth,
  StoreListener,
  StreamKey,
} from '../../src/core/ports.ts';
import { openStore, type StoreOptions } from '../../src/store/store.ts';
import { encodeBatch, type ModelBatch } from './store-model.ts';

export const device = 1 as DeviceKey;
export const stream = 1 as StreamKey;

export class RecordingListener implements StoreListener {
  readonly receipts: Receipt[] = [];
  readonly abandoned: StreamKey[] = [];
  readonly pressures: ('high' | 'normal')[] = [];
  readonly states: StoreHealth[] = [];
  private waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  storeOnCommitted(receipt: Receipt): void {
    this.receipts.push(receipt);
    this.look();
  }
  storeOnAbandoned(streams: readonly StreamKey[]): void {
    this.abandoned.push(...streams);
    this.look();
  }
  storeOnPressure(pressure: 'high' | 'normal'): void {
    this.pressures.push(pressure);
    this.look();
  }
  storeOnState(health: StoreHealth): void {
    this.states.push(health);
    this.look();
  }

  /** Resolves at the first call of the store after which `holds` is true. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ holds, resolve }));
  }

  seqOf(key: StreamKey): number {
    let seq = 0;
    for (const { streams, seqs } of this.receipts) {
      const at = streams.indexOf(key);
      if (at >= 0) seq = seqs[at]!;
    }
    return seq;
  }

  private look(): void {
    const before = this.waiting;
    this.waiting = before.filter(({ holds }) => !holds());
    for (const { holds, resolve } of before) if (holds()) resolve();
  }
}

export class StoreBench {
  readonly directory: string;
  readonly listener = new RecordingListener();
  store!: Store;
  state!: StoredState;

  static async open(options: Partial<StoreOptions> = {}, directory = makeDirectory()): Promise<StoreBench> {
    const bench = new StoreBench(directory);
    const opened = await openStore({ directory, listener: bench.listener, ...options });
    bench.store = opened.store;
    bench.state = opened.state;
    return bench;
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A device with one stream and the metrics 0 (a gauge) and 1 (a text). */
  addDevice(): void {
    for (const change of deviceChanges) this.store.change(change);
  }

  append(batch: Partial<ModelBatch> & { seq: number }): boolean {
    const { seq } = batch;
    const whole: ModelBatch = {
      stream,
      arrivedMs: 10_000 + seq,
      times: [seq * 1000],
      columns: [{ metric: 0, cells: [seq / 10] }],
      ...batch,
    };
    const frame = encodeBatch(whole, (metric) => metric);
    return this.store.append({ stream: whole.stream as StreamKey, seq, arrivedMs: whole.arrivedMs, frame });
  }

  async countReadings(metric = 0): Promise<number> {
    const query = { device, metrics: [metric], fromMs: 0, toMs: 1e12, buckets: 1 };
    return (await this.store.history(query)).series[0]!.count[0]!;
  }

  /** The files as a power cut would leave them, in a new directory. */
  copyFiles(): string {
    const to = makeDirectory();
    for (const name of ['lapwing.db', 'lapwing.db-wal']) {
      if (existsSync(join(this.directory, name))) copyFileSync(join(this.directory, name), join(to, name));
    }
    return to;
  }

  async end(): Promise<void> {
    await this.store.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export const deviceChanges: readonly StoreChange[] = [
  { kind: 'device', key: device, deviceId: 'dev-1', model: 'm', firmware: 'f', createdMs: 5 },
  {
    kind: 'metrics',
    device,
    firstIndex: 0,
    metrics: [
      { name: 'temperature', unit: '°C', kind: 'gauge' },
      { name: 'state', unit: '', kind: 'text' },
    ],
  },
  { kind: 'stream', key: stream, device, epoch: 77, createdMs: 5 },
  { kind: 'table', stream, table: [0, 1] },
];

export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'lapwing-store-'));
}
