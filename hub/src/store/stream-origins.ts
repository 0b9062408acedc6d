/**
 * Where the streams of a device come from: files, the hub's own making, or the device's epochs.
 *
 * Reads one connection; owns its statement.
 */
import { foreignEpoch } from '../core/store-keys.ts';
import type { Connection } from './sqlite.ts';

export interface StreamOrigins {
  readonly imports: ReadonlySet<number>;
  /** When each epoch of the device's own making began, oldest first. */
  readonly openedMs: readonly number[];
  /** When the device itself began to speak, where files had been read before; NaN where none were. */
  readonly joinedMs: number;
}

interface Row {
  readonly key: number;
  readonly epoch: number;
  readonly createdMs: number;
  readonly isImport: number;
}

export function prepareOrigins(connection: Connection): (device: number) => StreamOrigins {
  const select = connection.prepare(
    'SELECT key, epoch, created_ms AS createdMs, is_import AS isImport FROM streams WHERE device = ? ORDER BY key',
  );
  return (device) => {
    const rows = select.all(device) as Row[];
    const imports = new Set(rows.flatMap(({ key, isImport }) => (isImport === 1 ? [key] : [])));
    const own = rows.filter(({ key }) => !imports.has(key));
    return {
      imports,
      openedMs: own.flatMap(({ epoch, createdMs }) => (epoch === foreignEpoch ? [] : [createdMs])),
      joinedMs: imports.size === 0 ? Number.NaN : (own[0]?.createdMs ?? Number.NaN),
    };
  };
}
