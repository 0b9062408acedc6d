/**
 * Where the streams of a device come from: files, or the device's own epochs.
 *
 * Reads one connection; owns its statement.
 */
import type { Connection } from './sqlite.ts';

export interface StreamOrigins {
  readonly imports: ReadonlySet<number>;
  /** When each of the device's own began, oldest first. */
  readonly openedMs: readonly number[];
  /** When the device itself began to speak, where files had been read before; NaN where none were. */
  readonly joinedMs: number;
}

interface Row {
  readonly key: number;
  readonly createdMs: number;
  readonly isImport: number;
}

export function prepareOrigins(connection: Connection): (device: number) => StreamOrigins {
  const select = connection.prepare(
    'SELECT key, created_ms AS createdMs, is_import AS isImport FROM streams WHERE device = ? ORDER BY key',
  );
  return (device) => {
    const rows = select.all(device) as Row[];
    const imports = new Set(rows.flatMap(({ key, isImport }) => (isImport === 1 ? [key] : [])));
    const own = rows.filter(({ key }) => !imports.has(key));
    return {
      imports,
      openedMs: own.map(({ createdMs }) => createdMs),
      joinedMs: imports.size === 0 ? Number.NaN : (own[0]?.createdMs ?? Number.NaN),
    };
  };
}
