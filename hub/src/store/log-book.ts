/**
 * The log: a row for each group committed, until all in it is sealed. This is what makes an Ack true.
 *
 * Owns the log's statements and the list of its rows. Invariant: rows go oldest first, and only in front of the row that somebody
 * still needs. A row is the group as it came (group.ts), or that pressed by zstd where it saves an eighth: every byte of the log
 * is written twice, to the WAL and to the file. Decides nothing about when to trim.
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { isGroupWhole } from './group.ts';
import { type Connection, isWorldFailure, makeDamageError, runRelaxed, type Statement } from './sqlite.ts';

const trimBytesPerSlice = 2 * 1024 * 1024;

/** Layouts 1 and 2 are those of a group as it came. Then u32 its length, u32 CRC-32 of what follows, zstd's frame. */
const pressedLayout = 3;
const pressedHeaderBytes = 9;
/** A call takes 40 µs; below this a page is written for the row whatever it holds. */
const pressBytesMin = 1024;
const pressShareMax = 7 / 8;
const groupBytesMax = 64 * 1024 * 1024;
/** 280 MB/s, to a half or a third. */
const pressOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

interface LogRow {
  readonly id: number;
  /** Of the group: what a start has to read again. */
  readonly groupBytes: number;
  readonly storedBytes: number;
}

export class LogBook {
  /** Of the groups in the log. */
  groupBytes = 0;
  /** As they are stored. */
  storedBytes = 0;
  /** Rows that did not match their checksum when they were read again: kept in `damaged_log`, not shown. */
  damagedRows = 0;
  private readonly connection: Connection;
  private readonly insertRow: Statement;
  private readonly deleteRows: Statement;
  private readonly rows: LogRow[] = [];
  private trimmed = 0;
  private nextId = 1;

  constructor(connection: Connection) {
    this.connection = connection;
    this.insertRow = connection.prepare('INSERT INTO log(id, frames) VALUES(?, ?)');
    this.deleteRows = connection.prepare('DELETE FROM log WHERE id <= ?');
  }

  /** Inside the group's transaction. Returns what `note` wants once it is committed. */
  insert(group: Uint8Array): LogRow {
    const stored = pressGroup(group);
    this.insertRow.run(this.nextId, stored);
    return { id: this.nextId, groupBytes: group.length, storedBytes: stored.length };
  }

  note(row: LogRow): void {
    this.rows.push(row);
    this.groupBytes += row.groupBytes;
    this.storedBytes += row.storedBytes;
    this.nextId = row.id + 1;
  }

  get newestId(): number {
    return this.nextId - 1;
  }

  /** 0 for none. */
  get oldestId(): number {
    return this.rows[this.trimmed]?.id ?? 0;
  }

  /** A slice of the rows in front of `before`. */
  trim(before: number): void {
    let groupBytes = 0;
    let storedBytes = 0;
    let end = this.trimmed;
    while (end < this.rows.length && this.rows[end]!.id < before && storedBytes < trimBytesPerSlice) {
      groupBytes += this.rows[end]!.groupBytes;
      storedBytes += this.rows[end++]!.storedBytes;
    }
    runRelaxed(this.connection, () => void this.deleteRows.run(this.rows[end - 1]!.id));
    this.groupBytes -= groupBytes;
    this.storedBytes -= storedBytes;
    this.trimmed = end;
    if (end > 1024 && end * 2 > this.rows.length) {
      this.rows.splice(0, end);
      this.trimmed = 0;
    }
  }

  /** At the start: every group in it, oldest first, each noted. One row at a time, because sealing on the way needs the connection. */
  *replay(): Generator<{ id: number; group: Uint8Array }> {
    const select = this.connection.prepare('SELECT id, frames FROM log WHERE id > ? ORDER BY id LIMIT 1');
    for (let last = 0; ; ) {
      const row = select.get(last) as { id: number; frames: Uint8Array } | undefined;
      if (row === undefined) return;
      // In a damaged tree the row behind may be one in front: without this it is read over and over.
      if (row.id <= last) throw makeDamageError(`the log’s row ${row.id} lies behind row ${last}`);
      last = row.id;
      const group = openLogRow(row.frames);
      const storedBytes = group === null ? 0 : row.frames.length;
      this.note({ id: last, groupBytes: group?.length ?? 0, storedBytes });
      if (group === null) this.keepDamagedRow(last);
      else yield { id: last, group };
    }
  }

  /** Its frames are lost to the answers, and devices that still have them send them again: a hole in the numbers says so. */
  private keepDamagedRow(id: number): void {
    this.damagedRows++;
    try {
      this.connection.prepare('INSERT OR IGNORE INTO damaged_log SELECT id, frames FROM log WHERE id = ?').run(id);
    } catch (error) {
      if (!isWorldFailure(error)) throw error;
    }
  }
}

function pressGroup(group: Uint8Array): Uint8Array {
  if (group.length < pressBytesMin) return group;
  const pressed = zstdCompressSync(group, pressOptions);
  if (pressed.length > group.length * pressShareMax) return group;
  const stored = new Uint8Array(pressedHeaderBytes + pressed.length);
  stored.set(pressed, pressedHeaderBytes);
  const header = new DataView(stored.buffer);
  header.setUint8(0, pressedLayout);
  header.setUint32(1, group.length, true);
  header.setUint32(5, crc32(pressed), true);
  return stored;
}

/** The group that a row holds; null where it is not as it was written. */
export function openLogRow(stored: Uint8Array): Uint8Array | null {
  if (!(stored instanceof Uint8Array)) return null;
  if (stored[0] !== pressedLayout) return isGroupWhole(stored) ? stored : null;
  if (stored.length < pressedHeaderBytes) return null;
  const header = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const length = header.getUint32(1, true);
  const pressed = stored.subarray(pressedHeaderBytes);
  if (length > groupBytesMax || crc32(pressed) !== header.getUint32(5, true)) return null;
  const group = zstdDecompressSync(pressed, { maxOutputLength: Math.max(length, 1) });
  return group.length === length && isGroupWhole(group) ? group : null;
}
