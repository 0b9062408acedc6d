/**
 * The writer's side of one database file: group commits, the log, the heads behind it, sealing and trimming.
 *
 * Owns the writing connection, every stream's head and the list of log rows. Invariant: a reading that was committed is in exactly
 * one of: a block (seq ≤ sealedSeq), or the log and the head (seq > sealedSeq). Runs in the writer thread only and knows no
 * messages. World failures come out as SQLite's errors, with the transaction rolled back and memory as it was before.
 */
import assert from 'node:assert/strict';
import { decodeMessage, frameType } from '@lapwing/protocol';
import type { StoreChange } from '../core/ports.ts';
import { prepareBlockWriter } from './block-writer.ts';
import { prepareChanges } from './changes.ts';
import { GroupCursor } from './group.ts';
import { HeadBook } from './head-book.ts';
import type { StreamHead } from './heads.ts';
import { HubRun } from './hub-runs.ts';
import { LogBook } from './log-book.ts';
import { Merger } from './merge.ts';
import { fullRows } from './merge-choice.ts';
import { RetentionSweep } from './retention-sweep.ts';
import { migrations } from './schema.ts';
import { prepareSealer } from './sealer.ts';
import {
  type Connection,
  codeOf,
  giveBackPages,
  isDamage,
  isWorldFailure,
  makeBusyError,
  makeDamageError,
  migrate,
  openWriting,
  runTransaction,
  type Statement,
  withoutWaiting,
} from './sqlite.ts';

export interface LedgerOptions {
  readonly file: string;
  /** Heads of this many rows are sealed at once. */
  readonly sealRowsMax: number;
  /** The log's budget: behind it the oldest streams are sealed and the log is trimmed. */
  readonly logBytesMax: number;
  /** What heads may take in memory, about. */
  readonly headBytesMax: number;
  readonly checkpointBytes: number;
  /** For tests of a full disk. */
  readonly pagesMax: number | undefined;
  /** The hub's clock, by which retention reckons ages; Date.now where it is not given. */
  readonly nowMs?: () => number;
}

/** When the log is over its budget it is brought down to this part of it at once: heads that lie together are sealed together. */
const logDrained = 7 / 8;
/** What one transaction seals: about four milliseconds of coding. */
const sealReadingsPerStep = 16_384;
const sealHeadsPerStep = 256;
/** Of heads that are full, where a transaction's pages beside the columns are half of what it writes. */
const sealFullPerStep = 4;
/** What a column costs however few readings are in it, in readings. */
const readingsOfColumn = 48;
/** What a commit writes beside its frames, and how much the probe writes. */
const commitBytes = 16_384;
const probeBytes = 65_536;
/** When nothing comes, a log of more than this is sealed, if its streams have so many rows each. */
const quietBytesMax = 64 * 1024;
const quietRowsMin = 8;
const pagesGivenBack = 512;

export class Ledger {
  readonly connection: Connection;
  readonly heads: HeadBook;
  readonly log: LogBook;
  private readonly options: LedgerOptions;
  private readonly applyChange: (change: StoreChange) => void;
  private readonly seal: (heads: readonly StreamHead[]) => void;
  private readonly merger: Merger;
  private readonly run: HubRun;
  private readonly retention: RetentionSweep;
  /** Streams whose newest blocks may be due for merging. */
  private readonly mergeable = new Set<number>();
  /** Of each device, among those that are not apart. */
  private readonly newestMergeable = new Map<number, number>();
  /** The log is brought down to so many bytes of groups; Infinity while nothing asks for that. */
  private drainTo = Number.POSITIVE_INFINITY;
  private readonly insertEvent: Statement;
  private readonly insertGap: Statement;
  /** Streams with something unsealed, by age of their oldest log row: a Map keeps the order in which they came. */
  private readonly unsealed = new Map<number, StreamHead>();
  /** Long enough for a block of their own; several at once share the pages that a transaction writes. */
  private readonly full = new Set<StreamHead>();
  private bytesSinceCheckpoint = 0;
  private readonly cursor = new GroupCursor();

  constructor(options: LedgerOptions) {
    this.options = options;
    this.connection = openWriting(options.file, options.pagesMax);
    try {
      migrate(this.connection, migrations);
      this.applyChange = prepareChanges(this.connection);
      const writeBlock = prepareBlockWriter(this.connection);
      this.seal = prepareSealer(this.connection, writeBlock);
      this.merger = new Merger(this.connection, writeBlock, (stream) => this.unsealed.has(stream));
      this.retention = new RetentionSweep(this.connection, options.nowMs ?? Date.now);
      this.log = new LogBook(this.connection);
      this.insertEvent = this.connection.prepare(
        'INSERT OR REPLACE INTO events(stream, seq, device, at_ms, arrived_ms, level, code, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?)',
      );
      this.insertGap = this.connection.prepare(
        'INSERT OR REPLACE INTO gaps(stream, from_seq, to_seq, reason, from_ms, to_ms, readings) VALUES(?, ?, ?, ?, ?, ?, ?)',
      );
      this.heads = new HeadBook(this.connection);
      this.replayLog();
      this.run = new HubRun(this.connection, Date.now(), this.heads.newestArrival());
    } catch (error) {
      this.connection.close();
      throw error;
    }
  }

  /** One durable transaction: the changes, then the frames. Memory follows only in `decode`. */
  commit(group: { bytes: Uint8Array; frames: number; changes: readonly StoreChange[] }): void {
    const touched: StreamHead[] = [];
    const apart: StreamHead[] = [];
    const rows: ReturnType<LogBook['insert']>[] = [];
    for (const change of group.changes) this.adoptChange(change);
    try {
      runTransaction(this.connection, () => {
        for (const change of group.changes) this.applyChange(change);
        this.run.noteCommit(Date.now());
        if (group.frames === 0) return;
        this.writeFrames(group.bytes, touched, apart);
        rows.push(this.log.insert(group.bytes));
      });
    } catch (error) {
      for (const head of touched) head.writtenSeq = head.committedSeq;
      throw error;
    }
    for (const head of touched) head.committedSeq = head.writtenSeq;
    for (const head of apart) head.isApart = true;
    for (const change of group.changes) {
      // Only when it is saved: what it takes does not come back.
      if (change.kind === 'retention') this.retention.setPolicy(change.policy);
      else if (change.kind === 'stream') this.heads.noteNewest(change);
    }
    for (const row of rows) this.log.note(row);
    if (this.drainTo === 0) this.drainTo = Number.POSITIVE_INFINITY;
    this.bytesSinceCheckpoint += (rows[0]?.storedBytes ?? 0) + commitBytes;
  }

  /** Brings the heads up to the group just committed. */
  decode(bytes: Uint8Array): void {
    this.decodeFrames(bytes, this.log.newestId);
  }

  /**
   * A slice of upkeep until about `untilMs` of performance.now(): a checkpoint if it is time, then sealing and trimming, then
   * merging, then retention. True: there is more to do.
   */
  maintain(untilMs: number): boolean {
    if (this.bytesSinceCheckpoint >= this.options.checkpointBytes) {
      this.bytesSinceCheckpoint = 0;
      this.connection.pragma('wal_checkpoint(PASSIVE)');
    }
    while (this.shrinkLog() || this.mergeNext() || this.retention.step()) if (performance.now() >= untilMs) return true;
    return false;
  }

  /** Nothing came for a while: `maintain` seals all, where that is worth it, so that a small file is not mostly log. */
  noteQuiet(): void {
    if (this.log.groupBytes > quietBytesMax && this.isWorthSealing()) this.drainTo = 0;
  }

  /** A clean stop: as when nothing comes, and free pages are given back, until about `untilMs` of performance.now(). */
  rest(untilMs: number): void {
    this.noteQuiet();
    while (this.shrinkLog() || this.mergeNext()) if (performance.now() >= untilMs) return;
    while (giveBackPages(this.connection, pagesGivenBack)) if (performance.now() >= untilMs) return;
  }

  /** One step back to the bounds of log and heads; false when within them. */
  private shrinkLog(): boolean {
    const { logBytesMax, headBytesMax } = this.options;
    if (this.full.size > 0) {
      this.sealHeads([...this.full].slice(0, sealFullPerStep));
      return true;
    }
    const { groupBytes } = this.log;
    if (groupBytes > logBytesMax && this.drainTo > 0) this.drainTo = logBytesMax * logDrained;
    if (groupBytes <= this.drainTo) this.drainTo = Number.POSITIVE_INFINITY;
    const isDraining = groupBytes > this.drainTo;
    if (!isDraining && this.heads.memory.bytes <= headBytesMax) return false;
    const oldest: StreamHead | undefined = this.unsealed.values().next().value;
    const trimmable = this.log.oldestId;
    if (isDraining && trimmable > 0 && (oldest === undefined || trimmable < oldest.logRowOldest)) {
      this.log.trim(oldest?.logRowOldest ?? this.log.newestId + 1);
    } else if (oldest !== undefined) this.sealHeads(this.chooseOldest());
    else return false;
    return true;
  }

  /** A block of few rows takes more than they do in the log, and is merged several times. */
  private isWorthSealing(): boolean {
    let rows = 0;
    for (const head of this.unsealed.values()) rows += head.rows;
    return rows >= quietRowsMin * this.unsealed.size;
  }

  /** The streams that hold the log longest, up to one step's worth. */
  private chooseOldest(): StreamHead[] {
    const chosen: StreamHead[] = [];
    let readings = 0;
    for (const head of this.unsealed.values()) {
      chosen.push(head);
      // No more than these: what is held was not looked into.
      readings += (head.rows + readingsOfColumn) * head.table.length;
      if (readings >= sealReadingsPerStep || chosen.length === sealHeadsPerStep) break;
    }
    return chosen;
  }

  /** One step of merging; false when nothing is waiting for it. */
  private mergeNext(): boolean {
    if (this.mergeable.size === 0) return false;
    const before = this.merger.rowsWritten;
    try {
      this.merger.mergeSome(this.mergeable);
    } catch (error) {
      // Damage in pages that only merging reads is no reason to take no readings: these streams stay as they are.
      if (!isDamage(codeOf(error))) throw error;
      this.mergeable.clear();
    }
    this.bytesSinceCheckpoint += (this.merger.rowsWritten - before) * 4;
    return true;
  }

  /** Rows that merging wrote again since the ledger was opened. */
  get rowsMerged(): number {
    return this.merger.rowsWritten;
  }

  /** Throws SQLITE_CORRUPT while SQLite finds the file's structure broken. */
  refuseDamage(): void {
    const [line] = this.connection.pragma('quick_check(1)') as { quick_check: string }[];
    if (line?.quick_check !== 'ok') throw makeDamageError(line?.quick_check ?? 'quick_check says nothing');
  }

  /**
   * A durable write of its own, after moving what the WAL holds into the file: both must work before the store is well again.
   * `wholly`: all of it is moved, and the WAL begun anew. A failed fsync may have left pages of the WAL that read well and are not
   * on the disk, and what is committed behind such a page is lost with it in a power cut, however well its own fsync went.
   */
  probe({ wholly }: { readonly wholly: boolean }): void {
    withoutWaiting(this.connection, () => {
      const [moved] = this.connection.pragma(`wal_checkpoint(${wholly ? 'TRUNCATE' : 'PASSIVE'})`) as {
        busy: number;
      }[];
      if (wholly && moved?.busy !== 0) throw makeBusyError('a query still reads what the WAL holds');
      const write = this.connection.prepare('INSERT OR REPLACE INTO probe(id, bytes) VALUES(1, ?)');
      runTransaction(this.connection, () => void write.run(new Uint8Array(probeBytes)));
      runTransaction(this.connection, () => void write.run(new Uint8Array(1)));
    });
  }

  /**
   * Opened anew after a failure whose outcome is unknown: what the file holds beyond `before` was told as abandoned and will be
   * sent again, so those numbers may come once more without being a mistake.
   */
  allowResending(before: Ledger): void {
    for (const head of this.heads.values()) {
      const known = before.heads.get(head.key);
      const isAhead = head.committedSeq > (known?.committedSeq ?? 0);
      // Opened anew a second time before anything was sent again: what was found the first time may still come.
      head.recoveredSeq = isAhead ? head.committedSeq : (known?.recoveredSeq ?? 0);
    }
  }

  /** The hub lives, although nothing is committed. */
  noteAlive(): void {
    this.run.noteAlive(Date.now());
  }

  close(): void {
    this.connection.close();
  }

  /** Fills in which heads it touched, and which of them go on out of order for the first time. */
  private writeFrames(bytes: Uint8Array, touched: StreamHead[], apart: StreamHead[]): void {
    const cursor = this.cursor.open(bytes);
    while (cursor.next()) {
      const head = this.heads.open(cursor.stream);
      assert(head !== undefined, `a frame of stream ${cursor.stream}, which the store was never told of`);
      if (cursor.seq <= head.writtenSeq) {
        assert(cursor.seq <= head.recoveredSeq, `stream ${head.key}: ${cursor.seq} after ${head.writtenSeq}`);
        continue;
      }
      if (head.writtenSeq === head.committedSeq) touched.push(head);
      head.writtenSeq = cursor.seq;
      if (bytes[cursor.start] !== frameType.batch) this.writeRareFrame(cursor, head);
      else if (!head.isApart && this.heads.isBehind(head) && !apart.includes(head)) {
        this.merger.takeApart(head);
        apart.push(head);
      }
    }
  }

  private writeRareFrame(cursor: GroupCursor, head: StreamHead): void {
    const decoded = decodeMessage(cursor.frame(), 'device');
    assert(decoded.ok, 'a frame that was not checked');
    const message = decoded.message;
    if (message.type === 'event') {
      const { seq, atMs, level, code, text } = message;
      this.insertEvent.run(head.key, seq, head.device, atMs, cursor.arrivedMs, level, code, text);
      return;
    }
    assert(message.type === 'skipped', `a ${message.type} has no sequence number`);
    const { fromSeq, toSeq, reason, fromMs, toMs, readings } = message;
    assert(toSeq === cursor.seq, 'a Skipped counts as its last sequence number');
    this.insertGap.run(head.key, fromSeq, toSeq, reason, fromMs, toMs, readings);
  }

  private decodeFrames(bytes: Uint8Array, logRow: number): void {
    const cursor = this.cursor.open(bytes);
    while (cursor.next()) {
      const head = this.heads.open(cursor.stream);
      if (head === undefined || cursor.seq <= head.decodedSeq) continue;
      if (head.logRowOldest === 0) {
        head.logRowOldest = logRow;
        this.unsealed.set(head.key, head);
      }
      if (bytes[cursor.start] === frameType.batch) head.hold(bytes, cursor, cursor.arrivedMs);
      head.decodedSeq = cursor.seq;
      if (head.committedSeq < cursor.seq) head.committedSeq = head.writtenSeq = cursor.seq;
      head.arrivedMs = cursor.arrivedMs;
      if (head.rows >= this.options.sealRowsMax) this.full.add(head);
      // One group may hold a million rows of one device: sealed between commits only, they would be too long for a block.
      if (head.rows >= 2 * this.options.sealRowsMax) this.sealIfPossible(head);
    }
  }

  /** Where a full disk only makes the heads longer: what they hold is committed. */
  private sealIfPossible(head: StreamHead): boolean {
    try {
      this.sealHeads([head]);
      return true;
    } catch (error) {
      if (!isWorldFailure(error)) throw error;
      return false;
    }
  }

  private sealHeads(heads: StreamHead[]): void {
    for (const head of heads) head.settle();
    const bytes = heads.map((head) => head.bytes);
    const small = heads.filter((head) => head.rows > 0 && head.rows < fullRows);
    // Neighbours by key are neighbours in the tables.
    this.seal(heads.toSorted((a, b) => a.key - b.key));
    heads.forEach((head, i) => {
      this.unsealed.delete(head.key);
      this.full.delete(head);
      this.bytesSinceCheckpoint += bytes[i]! >> 3;
    });
    for (const head of small) this.noteMergeable(head);
  }

  /** A look at a stream's blocks goes on through those that its device ended before: the newest of them looks for all. */
  private noteMergeable({ key, device, isApart }: StreamHead): void {
    if (isApart) return void this.mergeable.add(key);
    const newest = this.newestMergeable.get(device) ?? 0;
    if (newest > key && this.mergeable.has(newest)) return;
    this.mergeable.delete(newest);
    this.mergeable.add(key);
    this.newestMergeable.set(device, key);
  }

  /** Memory first: a stream that the transaction then does not get is never named by a frame. */
  private adoptChange(change: StoreChange): void {
    if (change.kind === 'stream') this.heads.add(change);
    else if (change.kind === 'table') {
      // A table is kept over an outage, its stream's own change may have been refused: then both mean nothing.
      const head = this.heads.open(change.stream);
      if (head !== undefined) head.table = change.table;
    }
  }

  private replayLog(): void {
    for (const { id, group } of this.log.replay()) {
      this.decodeFrames(group, id);
      this.boundHeads();
    }
  }

  /** A log of dense batches unpacks to many times its size. When sealing fails here, starting matters more than the bound. */
  private boundHeads(): void {
    while (this.heads.memory.bytes > this.options.headBytesMax) {
      const oldest: StreamHead | undefined = this.unsealed.values().next().value;
      if (oldest === undefined || !this.sealIfPossible(oldest)) return;
    }
  }
}
