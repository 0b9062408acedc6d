/**
 * Writes one block: its row, and one row per column, each bound to its place by a checksum (block-checks.ts), with the column's rollup.
 *
 * Called inside a transaction. Owns the prepared statements of one connection, and the block ids it hands out.
 */
import { addStatsCheck, makeBlockCheck } from './block-checks.ts';
import { type BlockFacts, encodeFacts } from './block-facts.ts';
import { type ColumnStats, computeStats, encodeStats } from './block-stats.ts';
import { encodeArrivals, encodeColumn } from './coding/column-block.ts';
import { makeRollup } from './rollup.ts';
import { columnIdOf } from './schema.ts';
import type { Connection } from './sqlite.ts';

export interface BlockColumn {
  readonly metric: number;
  readonly isText: boolean;
  readonly values: Float64Array | readonly string[];
  readonly count: number;
  readonly rowOf: Uint32Array | null;
}
export interface BlockSource {
  readonly stream: number;
  readonly seqFrom: number;
  readonly seqTo: number;
  /** As long as the block has rows. */
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly facts: BlockFacts;
  readonly columns: Iterable<BlockColumn>;
}
export type WrittenColumn = ColumnStats & { readonly lastIndex: number };
export type WriteBlock = (
  source: BlockSource,
  columnOnWritten?: (column: BlockColumn, stats: WrittenColumn) => void,
) => void;

export function prepareBlockWriter(connection: Connection): WriteBlock {
  // Never taken again while this program runs, although merging deletes blocks: a reader may remember one by its id.
  let nextId = connection.prepare('SELECT coalesce(max(id), 0) + 1 FROM blocks').pluck().get() as number;
  const insertBlock = connection.prepare(
    `INSERT INTO blocks(id, stream, seq_from, seq_to, t_min, t_max, row_count, check_sum, facts, times, arrivals)
     VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertColumn = connection.prepare('INSERT INTO block_columns(id, stats, data) VALUES(?, ?, ?)');
  const insertRollup = connection.prepare('INSERT INTO rollups(id, cells) VALUES(?, ?)');
  return (source, columnOnWritten) => {
    const { times } = source;
    const { stream, seqFrom, seqTo } = source;
    const at = { id: nextId++, stream, seqFrom, seqTo, ...rangeOf(times), rows: times.length };
    const blobs = {
      facts: encodeFacts(source.facts),
      times: encodeColumn({ values: times, count: times.length, rowOf: null }),
      arrivals: encodeArrivals(source.arrivals, times, times.length),
    };
    insertBlock.run(
      ...[at.id, stream, seqFrom, seqTo, at.minMs, at.maxMs, at.rows],
      ...[makeBlockCheck(at, blobs), blobs.facts, blobs.times, blobs.arrivals],
    );
    for (const column of source.columns) {
      const { values, count, rowOf } = column;
      const stats = computeStats({ values, rowOf, start: 0, end: count }, times);
      const data = encodeColumn({ values, count, rowOf });
      const columnId = columnIdOf(at.id, column.metric, column.isText);
      const { minMs, maxMs } = at;
      insertColumn.run(columnId, addStatsCheck({ columnId, minMs, maxMs }, encodeStats(stats, at), data), data);
      const cells = makeRollup(column, times, data.length);
      if (cells !== null) insertRollup.run(columnId, cells);
      columnOnWritten?.(column, stats);
    }
  };
}

function rangeOf(times: Float64Array): { minMs: number; maxMs: number } {
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    if (time < minMs) minMs = time;
    if (time > maxMs) maxMs = time;
  }
  return { minMs, maxMs };
}
