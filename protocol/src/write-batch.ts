/**
 * Batch messages into bytes (SPEC FR-10 to FR-17).
 *
 * No state. A batch that breaks a rule or a limit is our own bug and throws (with fixed texts: what
 * is checked per column and value must not build strings). Times go as one step where they allow it.
 */
import { type ByteWriter, refuseUnless } from './byte-writer.ts';
import { toInteger } from './decimal.ts';
import { limits } from './limits.ts';
import { batchFlag, columnEncodings, presenceFlag, textRules } from './message-codes.ts';
import type { Batch, BatchColumn, NumberColumn } from './messages.ts';

export function writeBatch(to: ByteWriter, batch: Batch): void {
  const { times, columns } = batch;
  const rows = times.length;
  refuseUnless(rows >= 1 && rows <= limits.batchRowsMax, `${rows} rows`);
  refuseUnless(columns.length >= 1 && columns.length <= limits.metricsMax, `${columns.length} columns`);
  refuseUnless(rows * columns.length <= limits.batchCellsMax, `${rows} rows × ${columns.length} columns`);
  refuseUnless(!hasMetricTwice(columns), 'a metric has two columns');
  const irregular = !isRegular(times);
  to.writeByte(
    (batch.ackNow ? batchFlag.ackNow : 0) |
      (batch.backfill ? batchFlag.backfill : 0) |
      (irregular ? batchFlag.irregular : 0),
  );
  to.writePositive(batch.seq);
  to.writeUv(rows);
  writeTimes(to, times, irregular);
  to.writeUv(columns.length);
  for (const column of columns) writeColumn(to, column, rows);
}

/** Each column's metric against those before: for a few columns quicker than a Set, for many a Set is. */
function hasMetricTwice(columns: readonly BatchColumn[]): boolean {
  if (columns.length > 32) return new Set(columns.map((column) => column.metric)).size < columns.length;
  return columns.some(({ metric }, c) => {
    for (let earlier = 0; earlier < c; earlier++) if (columns[earlier]!.metric === metric) return true;
    return false;
  });
}

function isRegular(times: Float64Array): boolean {
  const step = times[1]! - times[0]!;
  for (let r = 2; r < times.length; r++) if (times[r]! - times[r - 1]! !== step) return false;
  return true;
}

function writeTimes(to: ByteWriter, times: Float64Array, irregular: boolean): void {
  const isSound = times.every((time) => time >= limits.timeMsMin && time <= limits.timeMsMax && Number.isInteger(time));
  refuseUnless(isSound, 'a time that is not whole or lies outside the years 1 to 9999');
  to.writeMs(times[0]!);
  const steps = irregular ? times.length : Math.min(times.length, 2);
  for (let r = 1; r < steps; r++) to.writeSv(times[r]! - times[r - 1]!);
}

function writeColumn(to: ByteWriter, column: BatchColumn, rows: number): void {
  const { metric, encoding, present, values } = column;
  refuseUnless(metric < limits.metricsMax, 'a metric index beyond the limit');
  refuseUnless(values.length === rows, 'a column that has not one value per row');
  to.writeUv(metric);
  to.writeByte(columnEncodings.indexOf(encoding) | (present === null ? 0 : presenceFlag));
  if (present !== null) {
    refuseUnless(present.length === rows, 'a column that has not one presence mark per row');
    refuseUnless(present.includes(1), 'a column without values');
    writeBits(to, present);
  }
  if (column.encoding === 'text') {
    for (let r = 0; r < rows; r++) {
      if (present === null || present[r] === 1) to.writeText(column.values[r]!, textRules.reading);
    }
    return;
  }
  const kept = present === null ? column.values : column.values.filter((_, r) => present[r] === 1);
  writeNumbers(to, column, kept);
}

function writeNumbers(to: ByteWriter, column: NumberColumn, values: Float64Array): void {
  const { encoding, exponent } = column;
  if (encoding === 'bool') {
    writeBits(to, values);
  } else if (encoding === 'decimal') {
    refuseUnless(Math.abs(exponent) <= limits.decimalExponentMax, 'an exponent beyond the limit');
    to.writeByte(exponent & 0xff);
    let before = 0;
    for (const value of values) {
      const integer = toInteger(value, exponent, before);
      refuseUnless(!Number.isNaN(integer), 'a value that is no decimal of its column');
      to.writeSv(integer - before);
      before = integer;
    }
  } else {
    for (const value of values) {
      if (encoding === 'float32') to.writeF32(value);
      else to.writeF64(value);
    }
  }
}

/** One bit per item, the first in the lowest bit; unused bits stay 0 (FR-13). */
function writeBits(to: ByteWriter, items: ArrayLike<number>): void {
  for (let start = 0; start < items.length; start += 8) {
    let bits = 0;
    for (let i = 0; i < Math.min(8, items.length - start); i++) {
      const item = items[start + i]!;
      refuseUnless(item === 0 || item === 1, 'a bit that is not 0 or 1');
      bits |= item << i;
    }
    to.writeByte(bits);
  }
}
