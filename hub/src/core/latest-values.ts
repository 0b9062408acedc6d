/**
 * The newest sample of each metric of one device, by sample time (not by arrival).
 *
 * Columns in step with the device's metric list. Among equal times the later arrival wins.
 */
import { type BatchScratch, batchCoding } from '@lapwing/protocol';

export interface LatestColumns {
  /** Unix milliseconds of the sample, NaN where there is none. */
  readonly timeMs: number[];
  /** Numbers, and bools as 0 and 1. */
  readonly value: number[];
  /** Text metrics only. */
  readonly texts: (string | undefined)[];
  /** What somebody else kept of metrics without a sample, of no time known: shown as that, never as a reading. In memory only. */
  lastKnown?: Map<number, number | string>;
}

export function makeLatest(metrics: number): LatestColumns {
  const latest: LatestColumns = { timeMs: [], value: [], texts: [] };
  growLatest(latest, metrics);
  return latest;
}

export function growLatest(latest: LatestColumns, metrics: number): void {
  while (latest.timeMs.length < metrics) {
    latest.timeMs.push(Number.NaN);
    latest.value.push(Number.NaN);
    latest.texts.push(undefined);
  }
}

/** Folds a decoded batch in; `table` maps its metric indices to the device's. */
export function noteBatch(latest: LatestColumns, table: readonly number[], batch: BatchScratch): void {
  const { rows, columns, times, metrics, presentAll, present, values, texts } = batch;
  for (let column = 0; column < columns; column++) {
    const metric = table[metrics[column]!]!;
    const isText = batch.encodings[column] === batchCoding.text;
    for (let row = 0; row < rows; row++) {
      const cell = column * rows + row;
      if (presentAll[column] === 0 && present[cell] === 0) continue;
      if (times[row]! < latest.timeMs[metric]!) continue;
      latest.timeMs[metric] = times[row]!;
      if (isText) latest.texts[metric] = texts[cell]!;
      else latest.value[metric] = values[cell]!;
    }
  }
}

/** Where a sample is known it says more, and nothing happens. */
export function noteLastKnown(latest: LatestColumns, metric: number, value: number | string): void {
  if (!Number.isNaN(latest.timeMs[metric]!)) return;
  latest.lastKnown ??= new Map();
  latest.lastKnown.set(metric, value);
}

export function readLastKnown(latest: LatestColumns, metric: number): number | string | null {
  return Number.isNaN(latest.timeMs[metric]!) ? (latest.lastKnown?.get(metric) ?? null) : null;
}
