/**
 * The thread that makes one Parquet file: rows in, bytes out, one answer to each message. Row groups take a tenth of a second to
 * encode, which devices and viewers should not wait for. Owns the file being made, and nothing after it has ended.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MetricDeclaration } from '@lapwing/protocol';
import type { ReadingRows } from '../core/export-merge.ts';
import type { ExportPart, ExportShape } from '../core/export-text.ts';
import { ParquetExport } from './parquet-writer.ts';

export interface ParquetWorkerData {
  readonly shape: ExportShape;
  /** Columns of the wide form. */
  readonly metrics: readonly MetricDeclaration[];
  readonly createdBy: string;
}
/** `part` only where the device changes; `rows` null: that was the last. */
export interface ToParquetWorker {
  readonly part: ExportPart | null;
  readonly rows: ReadingRows | null;
}

const { shape, metrics, createdBy } = workerData as ParquetWorkerData;
const file = new ParquetExport(shape, metrics, createdBy);
let part: ExportPart = { deviceId: '', metrics: [] };

parentPort?.on('message', async (message: ToParquetWorker) => {
  part = message.part ?? part;
  const bytes = message.rows === null ? await file.finish() : file.writeRows(part, message.rows);
  parentPort?.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
});
