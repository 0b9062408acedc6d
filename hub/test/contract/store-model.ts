/**
 * The naive store: every reading in a list. It says what any correct store must answer, and makes the frames that go in.
 *
 * Owns its lists. Nothing here is fast or clever, so that it can be believed.
 */
import { type Batch, encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import type { HistoryQuery, ReadingsQuery } from '../../src/core/ports.ts';

export type Cell = number | string | null;
/** rows × metrics; a text metric holds strings. */
export interface ModelBatch {
  readonly stream: number;
  readonly seq: number;
  readonly arrivedMs: number;
  readonly times: readonly number[];
  readonly columns: readonly { readonly metric: number; readonly cells: readonly Cell[] }[];
}

interface ModelReading {
  readonly stream: number;
  readonly timeMs: number;
  readonly arrivedMs: number;
  readonly value: number | string;
}

export class StoreModel {
  readonly batches: ModelBatch[] = [];

  /** In order of (sample time, stream, seq, row): the sort is stable and streams are gathered in order. */
  readingsOf(streams: readonly number[], metric: number, range: { fromMs: number; toMs: number }): ModelReading[] {
    const found: ModelReading[] = [];
    for (const stream of streams.toSorted((a, b) => a - b)) {
      for (const batch of this.batches.filter((candidate) => candidate.stream === stream)) {
        const column = batch.columns.find((candidate) => candidate.metric === metric);
        column?.cells.forEach((value, row) => {
          const timeMs = batch.times[row]!;
          if (value === null || timeMs < range.fromMs || timeMs >= range.toMs) return;
          found.push({ stream, timeMs, arrivedMs: batch.arrivedMs, value });
        });
      }
    }
    return found.sort((a, b) => a.timeMs - b.timeMs);
  }

  /** `edgesMs`: the buckets' edges, where they are not those of `align: 'exact'`. */
  history(streams: readonly number[], metric: number, query: HistoryQuery & { edgesMs?: readonly number[] }) {
    const edges = query.edgesMs ?? edgesOf(query);
    const buckets = Array.from({ length: query.buckets }, () => [] as ModelReading[]);
    const readings = this.readingsOf(streams, metric, query);
    let place = 0;
    for (const reading of readings) {
      while (reading.timeMs >= edges[place + 1]!) place++;
      buckets[place]!.push(reading);
    }
    const numbersOf = (bucket: ModelReading[]) =>
      bucket.map(({ value }) => value).filter((value): value is number => typeof value === 'number');
    const plain = (bucket: ModelReading[]) => numbersOf(bucket).filter((value) => !Number.isNaN(value));
    const orNaN = (list: number[], pick: (list: number[]) => number) => (list.length === 0 ? Number.NaN : pick(list));
    return {
      count: buckets.map((bucket) => bucket.length),
      numbers: buckets.map((bucket) => plain(bucket).length),
      min: buckets.map((bucket) => orNaN(plain(bucket), (list) => Math.min(...list))),
      max: buckets.map((bucket) => orNaN(plain(bucket), (list) => Math.max(...list))),
      sum: buckets.map((bucket) => orNaN(plain(bucket), (list) => list.reduce((a, b) => a + b))),
      first: buckets.map((bucket) => orNaN(numbersOf(bucket), (list) => list[0]!)),
      last: buckets.map((bucket) => orNaN(numbersOf(bucket), (list) => list.at(-1)!)),
      increase: sumRises(buckets.map(numbersOf)),
      gaps: listGaps(buckets, edges, query.gapIntervals ?? Number.POSITIVE_INFINITY),
      texts: readings
        .filter(({ value }) => typeof value === 'string')
        .filter((reading, i, list) => i === 0 || list[i - 1]!.value !== reading.value)
        .slice(-query.buckets)
        .map(({ timeMs, value }) => ({ timeMs, value })),
    };
  }

  page(streams: readonly number[], query: ReadingsQuery) {
    const all = this.readingsOf(streams, query.metric, query);
    const atStart = all.filter(({ timeMs }) => timeMs === query.fromMs).length;
    return all.slice(Math.min(query.skip, atStart)).slice(0, query.limit);
  }

  latest(streams: readonly number[], metric: number): { timeMs: number; values: (number | string)[] } {
    const all = this.readingsOf(streams, metric, { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY });
    const timeMs = all.at(-1)?.timeMs ?? Number.NaN;
    const newest = all.filter((reading) => reading.timeMs === timeMs);
    const arrivedMs = Math.max(...newest.map((reading) => reading.arrivedMs));
    return { timeMs, values: newest.filter((reading) => reading.arrivedMs === arrivedMs).map(({ value }) => value) };
  }
}

export function edgesOf({ fromMs, toMs, buckets }: HistoryQuery): number[] {
  return Array.from({ length: buckets + 1 }, (_, i) => fromMs + (i * (toMs - fromMs)) / buckets);
}

function sumRises(buckets: readonly (readonly number[])[]): number[] {
  let before = Number.NaN;
  return buckets.map((bucket) => {
    let risen = 0;
    for (const value of bucket.filter(Number.isFinite)) {
      if (!Number.isNaN(before)) risen += value >= before ? value - before : value;
      before = value;
    }
    return risen;
  });
}

function listGaps(buckets: readonly (readonly ModelReading[])[], edges: readonly number[], intervals: number) {
  const filled = buckets.flatMap((bucket, i) => (bucket.length > 0 ? [{ i, bucket }] : []));
  const spread = filled.slice(0, -1).flatMap(({ i, bucket }, k) => {
    const interval = (edges[filled[k + 1]!.i]! - edges[i]!) / bucket.length;
    return bucket.map(() => interval);
  });
  spread.sort((a, b) => a - b);
  const usual = spread[Math.ceil(spread.length / 2) - 1] ?? Number.POSITIVE_INFINITY;
  return filled.slice(1).flatMap(({ i, bucket }, k) => {
    const before = filled[k]!;
    const gap = { fromMs: before.bucket.at(-1)!.timeMs, toMs: bucket[0]!.timeMs };
    return i - before.i > 1 && gap.toMs - gap.fromMs > intervals * usual ? [gap] : [];
  });
}

/** `localOf`: the device's metric index → the stream's. Bool metrics travel as bits. */
export function encodeBatch(batch: ModelBatch, localOf: (metric: number) => number, bools: readonly number[] = []) {
  const columns = batch.columns.map(({ metric, cells }): Batch['columns'][number] => {
    const present = cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : null;
    const local = localOf(metric);
    if (cells.some((cell) => typeof cell === 'string')) {
      return { metric: local, encoding: 'text', present, values: cells.map((cell) => (cell ?? '') as string) };
    }
    const numbers = cells.map((cell) => (cell ?? 0) as number);
    if (!bools.includes(metric)) return makeNumberColumn(local, numbers, present);
    return { metric: local, encoding: 'bool', exponent: 0, present, values: Float64Array.from(numbers) };
  });
  const { seq, times } = batch;
  return encodeMessage({
    type: 'batch',
    seq,
    ackNow: false,
    backfill: false,
    times: Float64Array.from(times),
    columns,
  });
}
