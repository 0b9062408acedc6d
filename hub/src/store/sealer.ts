/**
 * Turns a head into a block: one row for the block, one per column, the stream's `sealed_seq`, and the newest values.
 *
 * Invariant: all of it in one transaction, so that a replayed log knows exactly which frames are in blocks. The head is cleared
 * only after the commit. That commit is not fsynced by itself: losing it in a power cut leaves the log, which says the same,
 * and the next group's commit makes it durable. Owns the prepared statements of one connection.
 */
import assert from 'node:assert/strict';
import { foldArrivals } from './arrivals.ts';
import { computeStats, encodeStats } from './block-stats.ts';
import { encodeColumn } from './column-code.ts';
import type { HeadColumn, StreamHead } from './heads.ts';
import { columnIdOf } from './schema.ts';
import { type Connection, runRelaxed, type Statement } from './sqlite.ts';

interface SealStatements {
  readonly block: Statement;
  readonly column: Statement;
  readonly sealed: Statement;
  readonly latest: Statement;
}

function prepareStatements(connection: Connection): SealStatements {
  return {
    block: connection.prepare(
      `INSERT INTO blocks(stream, seq_from, seq_to, t_min, t_max, row_count, times, arrivals) VALUES(?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    column: connection.prepare('INSERT INTO block_columns(id, stats, data) VALUES(?, ?, ?)'),
    sealed: connection.prepare('UPDATE streams SET sealed_seq = ?, arrived_ms = ? WHERE key = ?'),
    latest: connection.prepare(
      `INSERT INTO latest(device, metric, time_ms, arrived_ms, value) VALUES(?, ?, ?, ?, ?)
       ON CONFLICT(device, metric) DO UPDATE SET
         time_ms = excluded.time_ms, arrived_ms = excluded.arrived_ms, value = excluded.value
       WHERE excluded.time_ms > time_ms OR (excluded.time_ms = time_ms AND excluded.arrived_ms >= arrived_ms)`,
    ),
  };
}

export function prepareSealer(connection: Connection): (head: StreamHead) => void {
  const statements = prepareStatements(connection);
  return (head) => {
    runRelaxed(connection, () => {
      if (head.rows > 0) writeBlock(statements, head);
      const { changes } = statements.sealed.run(
        head.decodedSeq,
        Number.isNaN(head.arrivedMs) ? null : head.arrivedMs,
        head.key,
      );
      assert(changes === 1, `stream ${head.key} is not in the database`);
    });
    head.clear();
  };
}

function writeBlock(statements: SealStatements, head: StreamHead): void {
  const times = head.times.subarray(0, head.rows);
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < minMs) minMs = time;
    if (time > maxMs) maxMs = time;
  }
  const block = Number(
    statements.block.run(
      head.key,
      head.seqFirst,
      head.decodedSeq,
      minMs,
      maxMs,
      head.rows,
      encodeColumn({ values: times, count: head.rows, rowOf: null }),
      encodeColumn(foldArrivals(head.arrivals, head.rows)),
    ).lastInsertRowid,
  );
  for (const { metric, column } of head.columns()) {
    const values = valuesOf(column);
    const stats = computeStats({ values, rowOf: column.rowOf, start: 0, end: column.count }, times);
    const data = encodeColumn({ values, count: column.count, rowOf: column.rowOf });
    statements.column.run(columnIdOf(block, metric, column.isText), encodeStats(stats, { minMs, maxMs }), data);
    const row = column.rowOf === null ? stats.lastIndex : column.rowOf[stats.lastIndex]!;
    const newest = column.isText ? column.texts[stats.lastIndex]! : encodeNumber(column.numbers[stats.lastIndex]!);
    statements.latest.run(head.device, metric, stats.lastMs, head.arrivals[row]!, newest);
  }
}

export function valuesOf(column: HeadColumn): Float64Array | readonly string[] {
  return column.isText ? column.texts : column.numbers;
}

/** Eight bytes, because REAL keeps neither NaN nor −0. */
function encodeNumber(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}
export function decodeLatest(value: string | Uint8Array): number | string {
  if (typeof value === 'string') return value;
  return new DataView(value.buffer, value.byteOffset, 8).getFloat64(0, true);
}
