/**
 * Turns heads into blocks: a block each, their streams' `sealed_seq`, and the newest values.
 *
 * Invariant: all of it in one transaction, so that a replayed log knows exactly which frames are in blocks. Heads are cleared
 * only after the commit. That commit is not fsynced by itself: losing it in a power cut leaves the log, which says the same,
 * and the next group's commit makes it durable. Owns the prepared statements of one connection.
 */
import assert from 'node:assert/strict';
import { type BlockFacts, gatherFacts } from './block-facts.ts';
import type { BlockColumn, WriteBlock, WrittenColumn } from './block-writer.ts';
import type { HeadColumn, StreamHead } from './heads.ts';
import { sqlCheck } from './row-check.ts';
import { type Connection, runRelaxed, type Statement } from './sqlite.ts';

interface SealStatements {
  readonly sealed: Statement;
  readonly latest: Statement;
}

function prepareStatements(connection: Connection): SealStatements {
  return {
    sealed: connection.prepare(
      `UPDATE streams SET sealed_seq = ?, arrived_ms = ?,
         check_sum = ${sqlCheck('streams', { sealed_seq: '?', arrived_ms: '?' })} WHERE key = ?`,
    ),
    latest: connection.prepare(
      `INSERT INTO latest(device, metric, time_ms, arrived_ms, value) VALUES(?, ?, ?, ?, ?)
       ON CONFLICT(device, metric) DO UPDATE SET
         time_ms = excluded.time_ms, arrived_ms = excluded.arrived_ms, value = excluded.value
       WHERE excluded.time_ms > time_ms OR (excluded.time_ms = time_ms AND excluded.arrived_ms >= arrived_ms)`,
    ),
  };
}

/** Seals several heads in one transaction: neighbours share the pages that it writes. */
export function prepareSealer(connection: Connection, writeBlock: WriteBlock): (heads: readonly StreamHead[]) => void {
  const statements = prepareStatements(connection);
  return (heads) => {
    runRelaxed(connection, () => {
      for (const head of heads) {
        if (head.rows > 0) writeHead(statements, writeBlock, head);
        const arrivedMs = Number.isNaN(head.arrivedMs) ? null : head.arrivedMs;
        const { changes } = statements.sealed.run(head.decodedSeq, arrivedMs, head.decodedSeq, arrivedMs, head.key);
        assert(changes === 1, `stream ${head.key} is not in the database`);
      }
    });
    for (const head of heads) head.clear();
  };
}

function writeHead(statements: SealStatements, writeBlock: WriteBlock, head: StreamHead): void {
  const noteLatest = ({ metric, isText, values, rowOf }: BlockColumn, { lastIndex, lastMs }: WrittenColumn) => {
    const row = rowOf === null ? lastIndex : rowOf[lastIndex]!;
    const newest = isText ? values[lastIndex]! : encodeNumber(values[lastIndex] as number);
    statements.latest.run(head.device, metric, lastMs, head.arrivals[row]!, newest);
  };
  const source = {
    stream: head.key,
    seqFrom: head.seqFirst,
    seqTo: head.decodedSeq,
    times: head.times.subarray(0, head.rows),
    arrivals: head.arrivals.subarray(0, head.rows),
    facts: factsOf(head),
    columns: listColumns(head),
  };
  writeBlock(source, noteLatest);
}

function* listColumns(head: StreamHead): Generator<BlockColumn> {
  for (const { metric, column } of head.columns()) {
    const { isText, count, rowOf } = column;
    yield { metric, isText, values: valuesOf(column), count, rowOf };
  }
}

/** For a head that holds rows. */
export function factsOf(head: StreamHead): BlockFacts {
  const times = head.times.subarray(0, head.rows);
  return gatherFacts(times, head.arrivals.subarray(0, head.rows), head.counts);
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
