/**
 * The one file that knows better-sqlite3: how a connection is opened, how a transaction ends, which errors are the world's.
 *
 * Invariant: a writing connection is in WAL mode with synchronous=FULL and never checkpoints inside a commit. Owns no
 * connection itself. Refuses a database of a newer version than this program knows.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { checkRow } from './row-check.ts';

export type Connection = Database.Database;
export type Statement = Database.Statement<unknown[]>;

/** How long a write waits for a foreign process that holds the database; longer, and the store says so. */
const busyTimeoutMs = 1000;
const journalBytesMax = 64 * 1024 * 1024;
/**
 * Of a new file. Each table and index takes a page however little it holds, and a row of more than half a page has one to itself.
 * Columns of full blocks have 1.2 KiB and more: one page of a chain and a short row, four of which share a page.
 */
const pageBytes = 1024;

/** Secrets' hashes and everybody's readings are nobody else's business: 0600, in a directory of 0700. */
export function makePrivateFile(file: string): void {
  const directory = dirname(file);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (existsSync(file)) {
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  } else closeSync(openSync(file, 'a', 0o600));
}

/** SQLite gives the -wal and -shm files the mode of the database file. `pagesMax` bounds the file, for tests of a full disk. */
export function openWriting(file: string, pagesMax?: number): Connection {
  makePrivateFile(file);
  const connection = new Database(file, { timeout: busyTimeoutMs });
  // Both take effect only in a database that is still empty; an older one keeps its pages, fills free ones again, and is never rewritten.
  connection.pragma(`page_size = ${pageBytes}`);
  connection.pragma('auto_vacuum = INCREMENTAL');
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('wal_autocheckpoint = 0');
  connection.pragma(`journal_size_limit = ${journalBytesMax}`);
  connection.pragma('temp_store = MEMORY');
  connection.function('row_check', { varargs: true, deterministic: true }, checkRow);
  if (pagesMax !== undefined) connection.pragma(`max_page_count = ${pagesMax}`);
  return connection;
}

export function openReading(file: string): Connection {
  const connection = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  connection.pragma('query_only = ON');
  return connection;
}

/** In memory. */
export function openEmpty(): Connection {
  return new Database(':memory:');
}

/** Brings the schema up to the newest version, one transaction per step. */
export function migrate(connection: Connection, migrations: readonly string[]): void {
  const version = connection.pragma('user_version', { simple: true }) as number;
  if (version > migrations.length) {
    throw new Error(
      `The database has version ${version}, this program knows up to ${migrations.length}: it was written by a newer Lapwing. ` +
        'Start that one, or give this one another data directory.',
    );
  }
  for (let step = version; step < migrations.length; step++) {
    runTransaction(connection, () => {
      connection.exec(migrations[step]!);
      connection.pragma(`user_version = ${step + 1}`);
    });
  }
}

/** All or nothing. SQLite itself rolls back after some errors, so only what is still open is rolled back here. */
export function runTransaction(connection: Connection, work: () => void): void {
  connection.exec('BEGIN IMMEDIATE');
  try {
    work();
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

/**
 * As `runTransaction`, but the commit itself waits for no fsync: it is written in order, so the next full commit makes it durable,
 * and until then a power cut undoes it whole.
 */
export function runRelaxed(connection: Connection, work: () => void): void {
  connection.pragma('synchronous = NORMAL');
  try {
    runTransaction(connection, work);
  } finally {
    connection.pragma('synchronous = FULL');
  }
}

/** False when there is nothing more to give; a database made without auto_vacuum keeps what it has. */
export function giveBackPages(connection: Connection, pages: number): boolean {
  const countFree = () => connection.pragma('freelist_count', { simple: true }) as number;
  const free = countFree();
  if (free === 0) return false;
  runRelaxed(connection, () => connection.pragma(`incremental_vacuum(${pages})`));
  return countFree() < free;
}

/** Runs `work` with no patience for a foreign process that holds the database: for a thread that has others to answer. */
export function withoutWaiting(connection: Connection, work: () => void): void {
  connection.pragma('busy_timeout = 0');
  try {
    work();
  } finally {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
  }
}

/**
 * The hub's claim on its data: an exclusive lock on a file of its own, so that readers of the database are not in its way.
 * The kernel drops it with the process, however that ends.
 */
export function lockDirectory(lockFile: string): { release(): void } {
  makePrivateFile(lockFile);
  const connection = new Database(lockFile, { timeout: 0 });
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    throw new Error(
      `Another hub is already using ${dirname(lockFile)}. Stop it first, or use another data directory.`,
      {
        cause: error,
      },
    );
  }
  return { release: () => void connection.close() };
}

function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

/** SQLITE_FULL, SQLITE_IOERR_FSYNC …; '' for anything that is not SQLite's. */
export function codeOf(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}

/** True where the disk, the file system or another process failed; false where this program is wrong. */
export function isWorldFailure(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|PERM|AUTH|NOMEM|CORRUPT|NOTADB|PROTOCOL|NOLFS)/.test(
    codeOf(error),
  );
}

/** After these the connection's idea of the file may be wrong (a failed fsync drops dirty pages): it must be opened anew. */
export function needsReopening(error: unknown): boolean {
  return /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|PROTOCOL|NOMEM)/.test(codeOf(error));
}

/** The file's structure is broken, as opposed to the content of a block, which has checksums of its own. */
export function isDamage(code: string): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}

export function makeDamageError(message: string): Error {
  return new Database.SqliteError(message, 'SQLITE_CORRUPT');
}

export function makeBusyError(message: string): Error {
  return new Database.SqliteError(message, 'SQLITE_BUSY');
}

export const damageAdvice =
  'The database file is damaged and was left as it is. "lapwing check" says where; stop the hub, keep a copy of the file, and ' +
  'either put a backup in its place or save what can be read with "sqlite3 lapwing.db .recover | sqlite3 new.db".';

export function sizeOfFile(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
