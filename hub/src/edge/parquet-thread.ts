/**
 * One Parquet file in the making, seen from the main thread: hands rows to its worker and bytes back.
 *
 * Owns the worker until `end`. Invariant: one question at a time, so what waits is bounded by the caller's own pace.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ReadingRows } from '../core/export-merge.ts';
import type { ExportPart } from '../core/export-text.ts';
import type { ParquetWorkerData, ToParquetWorker } from './parquet-worker.ts';

export class ParquetThread {
  private readonly worker: Worker;
  private part: ExportPart | null = null;

  constructor(workerData: ParquetWorkerData) {
    this.worker = new Worker(new URL('./parquet-worker.ts', import.meta.url), { workerData });
  }

  /** Bytes that are ready; empty while the row group is not full. */
  writeRows(part: ExportPart, rows: ReadingRows): Promise<Uint8Array> {
    const isNew = this.part !== part;
    this.part = part;
    return this.ask({ part: isNew ? part : null, rows });
  }

  finish(): Promise<Uint8Array> {
    return this.ask({ part: null, rows: null });
  }

  /** Also in the middle: the asker left. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private async ask(question: ToParquetWorker): Promise<Uint8Array> {
    // `once` rejects when the worker fails instead.
    const answer = once(this.worker, 'message');
    this.worker.postMessage(question);
    return (await answer)[0] as Uint8Array;
  }
}
