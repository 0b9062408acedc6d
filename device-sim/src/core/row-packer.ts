/**
 * Packs rows of a CSV file into batches, exactly: every double arrives bit for bit.
 *
 * Owns the rows of the batch being filled. Invariant: the same rows in the same order give the same batches, so an import that
 * is repeated has the same sequence numbers, and the hub takes none twice. Metrics without a value in a batch are left out.
 */
import {
  type Batch,
  type BatchColumn,
  encodeMessage,
  limits,
  type MetricDeclaration,
  makeNumberColumn,
} from '@lapwing/protocol';
import type { CsvRow } from './csv-table.ts';
import type { Outbox } from './outbox.ts';

/** Rows of one batch: enough to make the frame's own cost vanish, few enough for a window of them to be small. */
const batchRowsMax = 1_000;
const batchCellsMax = 16_000;
/** Texts are counted as if they took all they may, with room for the numbers beside them. */
const textBytesMax = limits.frameBytesMax / 2;

export class RowPacker {
  readings = 0;
  private readonly outbox: Outbox;
  private readonly metrics: readonly MetricDeclaration[];
  private readonly backfill: boolean;
  private rows: CsvRow[] = [];
  private textBytes = 0;

  constructor(outbox: Outbox, metrics: readonly MetricDeclaration[], backfill: boolean) {
    this.outbox = outbox;
    this.metrics = metrics;
    this.backfill = backfill;
  }

  /** True when a batch was finished. */
  take(row: CsvRow): boolean {
    this.rows.push(row);
    for (const value of row.values) if (typeof value === 'string') this.textBytes += value.length * 3 + 2;
    const full =
      this.rows.length >= batchRowsMax ||
      this.rows.length * (this.metrics.length + 1) >= batchCellsMax ||
      this.textBytes >= textBytesMax;
    if (full) this.flush(false);
    return full;
  }

  flush(ackNow: boolean): void {
    const { rows } = this;
    this.rows = [];
    this.textBytes = 0;
    if (rows.length > 0) this.append(rows, ackNow);
  }

  private append(rows: readonly CsvRow[], ackNow: boolean): void {
    const columns = this.metrics.flatMap((metric, index) => makeColumn(metric, index, rows));
    // A row without any value is no reading.
    if (columns.length === 0) return;
    const times = Float64Array.from(rows, ({ timeMs }) => timeMs);
    const batch: Batch = { type: 'batch', seq: this.outbox.nextSeq(), ackNow, backfill: this.backfill, times, columns };
    const readings = columns.reduce(
      (sum, { present }) => sum + (present?.reduce((a, b) => a + b, 0) ?? rows.length),
      0,
    );
    this.readings += readings;
    const fromMs = times.reduce((least, time) => Math.min(least, time));
    const toMs = times.reduce((most, time) => Math.max(most, time));
    this.outbox.append(encodeMessage(batch), { readings, fromMs, toMs });
  }
}

function makeColumn(metric: MetricDeclaration, index: number, rows: readonly CsvRow[]): BatchColumn[] {
  const cells = rows.map(({ values }) => values[index] ?? null);
  const count = cells.reduce((sum: number, cell) => sum + (cell === null ? 0 : 1), 0);
  if (count === 0) return [];
  const present = count === rows.length ? null : Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1));
  if (metric.kind === 'text') {
    return [{ metric: index, encoding: 'text', present, values: cells.map((cell) => String(cell ?? '')) }];
  }
  return [
    makeNumberColumn(
      index,
      Float64Array.from(cells, (cell) => Number(cell ?? 0)),
      present,
    ),
  ];
}
