/**
 * The table of once keys: a row for each group commit that had any, its keys as pairs of words, little-endian.
 *
 * Owns the sizes of the rows, so that the oldest go when there are more keys than are kept, or when nobody repeats himself any more.
 */
import type { StoreChange } from '../core/ports.ts';
import { type Connection, makeDamageError } from './sqlite.ts';

const keysMax = 262_144;
const ageMsMax = 86_400_000;
const bytesPerKey = 8;

interface Row {
  readonly id: number;
  readonly atMs: number;
  readonly bytes: number;
}

/** To be called inside a transaction. */
export function prepareOnceKeys(connection: Connection): (change: StoreChange & { kind: 'onceKeys' }) => void {
  const insert = connection.prepare('INSERT INTO once_keys(at_ms, keys) VALUES(?, ?)');
  const remove = connection.prepare('DELETE FROM once_keys WHERE id <= ?');
  const rows = connection
    .prepare('SELECT id, at_ms AS atMs, length(keys) AS bytes FROM once_keys ORDER BY id')
    .all() as Row[];
  let bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  let first = 0;
  return ({ atMs, words }) => {
    const blob = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    const id = Number(insert.run(atMs, blob).lastInsertRowid);
    rows.push({ id, atMs, bytes: blob.length });
    bytes += blob.length;
    const before = first;
    while (first < rows.length - 1) {
      const oldest = rows[first]!;
      if (bytes <= keysMax * bytesPerKey && atMs - oldest.atMs <= ageMsMax) break;
      bytes -= oldest.bytes;
      first += 1;
    }
    if (first === before) return;
    remove.run(rows[first - 1]!.id);
    if (first > 1_024) rows.splice(0, first);
    if (first > 1_024) first = 0;
  };
}

/** Oldest first. */
export function loadOnceKeys(connection: Connection): Uint32Array {
  const rows = connection.prepare('SELECT keys FROM once_keys ORDER BY id').all() as { keys: Uint8Array }[];
  for (const { keys } of rows) {
    if (!(keys instanceof Uint8Array) || keys.length % bytesPerKey !== 0)
      throw makeDamageError('a row of once_keys holds no keys');
  }
  const bytes = new Uint8Array(rows.reduce((sum, { keys }) => sum + keys.length, 0));
  let at = 0;
  for (const { keys } of rows) {
    bytes.set(keys, at);
    at += keys.length;
  }
  return new Uint32Array(bytes.buffer);
}
