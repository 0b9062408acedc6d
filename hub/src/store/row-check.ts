/**
 * Checksums of rows in small tables: who a device is, what its metrics are called, up to where a stream is in blocks.
 *
 * SQL writes them with `row_check(…)` over the row's columns in their order; whoever reads a row looks whether they still fit. Rows
 * of before version 13 of the schema have none until they are written again, and are taken as they are. A stream's row that does not
 * fit is damage, for it may hide what the log holds; a name that does not fit is shown, and told by `lapwing check`. No state.
 */
import { crc32 } from 'node:zlib';

/** In the order in which they are checked. */
export const checkedColumns = {
  devices: ['key', 'device_id', 'model', 'firmware', 'created_ms'],
  metrics: ['device', 'metric', 'name', 'unit', 'kind'],
  streams: ['key', 'device', 'epoch', 'created_ms', 'metric_table', 'sealed_seq', 'arrived_ms', 'is_import', 'apart'],
} as const;
type CheckedTable = keyof typeof checkedColumns;

/** For SQL: the checksum of a row, some of whose columns get other values (SQL, too) in the same statement. */
export function sqlCheck(table: CheckedTable, changed: Readonly<Record<string, string>> = {}): string {
  return `row_check(${checkedColumns[table].map((name) => changed[name] ?? name).join(', ')})`;
}

export function checkRow(...values: readonly unknown[]): number {
  return crc32(JSON.stringify(values));
}

/** For `SELECT ${sqlRow(table)}`: whether the row, as a list, is as it was written. */
export function sqlRow(table: CheckedTable): string {
  return [...checkedColumns[table], 'check_sum'].join(', ');
}
export function isRowWhole(row: readonly unknown[]): boolean {
  const sum = row.at(-1);
  return sum === null || sum === checkRow(...row.slice(0, -1));
}
