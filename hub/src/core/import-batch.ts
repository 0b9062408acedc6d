/**
 * Rows of an import on their way into one Batch frame.
 *
 * Owns the rows of the batch being filled. Invariant: whatever rows it took, the frame stays below the protocol's limits; what
 * would not fit any more is refused by `fits`, and the caller takes the batch first.
 */
import { type BatchColumn, encodeMessage, limits, type MetricKind, makeNumberColumn } from '@lapwing/protocol';
import { countUtf8 } from './import-cell.ts';

/** A reading of one row: index in the stream's table, and its value. */
export interface BatchCell {
  readonly index: number;
  readonly kind: MetricKind;
  readonly value: number | string;
}

const rowsMax = 1_000;
/** At most 9 bytes each, beside 8 per row, 6 and the bits of presence per column, and the texts: together below 64 KiB. */
const cellsMax = 3_000;
const areaMax = 16_384;
const textBytesMax = 16_384;
/** Of a row that is alone in its batch. */
export const rowTextBytesMax = 40_000;

export class ImportBatch {
  cells = 0;
  private times: number[] = [];
  private columns = new Map<number, { kind: MetricKind; values: Map<number, number | string> }>();
  private textBytes = 0;

  /** Always true for an empty batch. */
  fits(cells: readonly BatchCell[]): boolean {
    if (this.times.length === 0) return true;
    const fresh = cells.reduce((count, { index }) => count + (this.columns.has(index) ? 0 : 1), 0);
    return (
      this.times.length < rowsMax &&
      this.cells + cells.length <= cellsMax &&
      (this.times.length + 1) * (this.columns.size + fresh) <= areaMax &&
      this.textBytes + countTextBytes(cells) <= textBytesMax
    );
  }

  /** Cells join the row before when they have its time and it lacks their metrics: the long form has a line for each. */
  add(timeMs: number, cells: readonly BatchCell[]): void {
    const last = this.times.length - 1;
    const joins =
      this.times[last] === timeMs && cells.every(({ index }) => this.columns.get(index)?.values.has(last) !== true);
    const row = joins ? last : this.times.push(timeMs) - 1;
    for (const { index, kind, value } of cells) {
      let column = this.columns.get(index);
      if (column === undefined) {
        column = { kind, values: new Map() };
        this.columns.set(index, column);
      }
      column.values.set(row, value);
    }
    this.cells += cells.length;
    this.textBytes += countTextBytes(cells);
  }

  /** The frame, under that sequence number; the batch is empty afterwards. Files are backfills; what came just now is none. */
  take(seq: number, backfill = true): Uint8Array {
    const times = Float64Array.from(this.times);
    const columns = [...this.columns].map(([index, { kind, values }]) =>
      makeColumn({ index, kind, values }, times.length),
    );
    this.cells = 0;
    this.times = [];
    this.columns = new Map();
    this.textBytes = 0;
    const frame = encodeMessage({ type: 'batch', seq, ackNow: false, backfill, times, columns });
    if (frame.length > limits.frameBytesMax) throw new Error(`an import made a frame of ${frame.length} bytes`);
    return frame;
  }
}

export function countTextBytes(cells: readonly BatchCell[]): number {
  return cells.reduce((sum, { value }) => sum + (typeof value === 'string' ? countUtf8(value) + 2 : 0), 0);
}

function makeColumn(
  { index, kind, values }: { index: number; kind: MetricKind; values: ReadonlyMap<number, number | string> },
  rows: number,
): BatchColumn {
  const present = values.size === rows ? null : new Uint8Array(rows);
  if (present !== null) for (const row of values.keys()) present[row] = 1;
  if (kind === 'text') {
    const texts = Array.from({ length: rows }, (_, row) => String(values.get(row) ?? ''));
    return { metric: index, encoding: 'text', present, values: texts };
  }
  const numbers = new Float64Array(rows);
  for (const [row, value] of values) numbers[row] = value as number;
  if (kind === 'bool') return { metric: index, encoding: 'bool', exponent: 0, present, values: numbers };
  return makeNumberColumn(index, numbers, present);
}
