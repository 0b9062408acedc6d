/**
 * One consistent view for one query: what a read transaction sees of the blocks, and the heads that belong to exactly that.
 *
 * Owns a read-only connection and the channel to the writer. Invariant: blocks and heads fit without a hole and without an
 * overlap, because the writer answers for heads only while its sealed_seq of every stream is the one in the snapshot; else the
 * snapshot is taken anew. One query at a time; the transaction ends with it. What does not match its checksum is counted in
 * `damaged` and left out, never returned and never a reason to fail.
 */
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { type BlockPlace, isBlobOf, isBlockWhole, isBytes, takeStats } from './block-checks.ts';
import { type Column, decodeArrivalsOf, decodeColumnOf } from './block-decode.ts';
import { RunCache } from './run-cache.ts';
import { columnIdOf, columnsPerBlock } from './schema.ts';
import { type Connection, makeDamageError, openReading, type Statement } from './sqlite.ts';
import type { HeadAnswer, HeadFacts, HeadRequest, HeadRows } from './worker-messages.ts';

export class QueryAbortedError extends Error {}

export interface SnapshotStream {
  readonly key: number;
  readonly device: number;
  readonly committedSeq: number;
  /** Unsealed readings in the range asked for. */
  readonly columns: readonly HeadRows[];
  /** How its unsealed rows came, where that was asked and there are any. */
  readonly head?: HeadFacts;
}
export interface BlockRow {
  readonly id: number;
  readonly seqFrom: number;
  readonly minMs: number;
  readonly maxMs: number;
}
type RowNumbers = [id: number, seqFrom: number, minMs: number, maxMs: number, dataBytes: number];
/** A block that has a column asked for. */
export interface ColumnBlockRow extends BlockRow {
  /** 0 where retention took the readings. */
  readonly dataBytes: number;
}
export interface Range {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** A new snapshot each time a stream was sealed in between; that does not happen so often in a row. */
const attemptsMax = 1000;

const blockPlace =
  'id, stream, seq_from AS seqFrom, seq_to AS seqTo, t_min AS minMs, t_max AS maxMs, row_count AS rows';

export class Snapshots {
  readonly connection: Connection;
  /** Columns of the running query that were left out because they do not match their checksum, or all of their block does not. */
  readonly damaged = new Set<number>();
  readonly runs = new RunCache();
  private readonly ranges = new Map<number, BlockRow>();
  private readonly writerPort: MessagePort;
  private readonly abortFlag: Int32Array;
  private readonly selectStreams: Statement;
  private readonly selectBlocks: Statement;
  private readonly selectBlocksBefore: Statement;
  private readonly selectColumnIds: Statement;
  private readonly selectColumnBlocks: Statement;
  private readonly selectStats: Statement;
  private readonly selectColumn: Statement;
  private readonly selectTimes: Statement;
  private readonly selectFacts: Statement;
  private readonly selectArrivals: Statement;
  private readonly selectKind: Statement;
  private readonly selectRollup: Statement;

  constructor(options: { file: string; writerPort: MessagePort; abortFlag: SharedArrayBuffer }) {
    this.connection = openReading(options.file);
    this.writerPort = options.writerPort;
    this.abortFlag = new Int32Array(options.abortFlag);
    const prepare = (text: string) => this.connection.prepare(text);
    this.selectStreams = prepare(
      'SELECT key, device, sealed_seq AS sealedSeq, apart OR is_import AS isApart FROM streams WHERE device = ? ORDER BY key',
    );
    this.selectBlocks = prepare(
      `SELECT id, seq_from AS seqFrom, t_min AS minMs, t_max AS maxMs FROM blocks INDEXED BY blocks_by_time
       WHERE stream = ? AND t_max >= ? AND t_min < ? ORDER BY seq_from`,
    );
    this.selectBlocksBefore = prepare(
      `SELECT id, seq_from AS seqFrom, t_min AS minMs, t_max AS maxMs FROM blocks INDEXED BY blocks_by_time
       WHERE stream = ? AND t_max < ? ORDER BY t_max DESC LIMIT ? OFFSET ?`,
    );
    this.selectColumnIds = prepare('SELECT id FROM block_columns WHERE id >= ? AND id < ?').pluck();
    // A length is told without reading the blob. A damaged one may be NULL, which is not the same as no row.
    this.selectColumnBlocks = prepare(
      `SELECT b.stream, b.id, b.seq_from, b.t_min, b.t_max, coalesce(length(c.data), 0)
       FROM streams s CROSS JOIN blocks b INDEXED BY blocks_by_time ON b.stream = s.key
       CROSS JOIN block_columns c ON c.id = b.id * ${columnsPerBlock} + ?
       WHERE s.device = ? AND b.t_max >= ? AND b.t_min < ? ORDER BY b.stream, b.seq_from`,
    ).raw();
    this.selectStats = prepare('SELECT stats FROM block_columns WHERE id = ?').pluck();
    this.selectColumn = prepare('SELECT stats, data FROM block_columns WHERE id = ?');
    this.selectTimes = prepare(`SELECT ${blockPlace}, check_sum AS checkSum, facts, times FROM blocks WHERE id = ?`);
    this.selectFacts = prepare(`SELECT ${blockPlace}, check_sum AS checkSum, facts FROM blocks WHERE id = ?`);
    this.selectArrivals = prepare('SELECT check_sum AS checkSum, arrivals FROM blocks WHERE id = ?');
    this.selectRollup = prepare('SELECT cells FROM rollups WHERE id = ?').pluck();
    this.selectKind = prepare('SELECT kind FROM metrics WHERE device = ? AND metric = ?').pluck();
  }

  /** Runs `work` on one consistent view of a device, or of several. */
  async run<T>(
    asked: {
      device: number;
      devices?: readonly number[];
      metrics: readonly number[];
      facts?: boolean;
      newestAt?: Float64Array;
    } & Range,
    work: (streams: readonly SnapshotStream[]) => T,
  ): Promise<T> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      this.throwIfAborted();
      this.damaged.clear();
      this.ranges.clear();
      this.runs.beginQuery();
      this.connection.exec('BEGIN');
      try {
        const streams = (asked.devices ?? [asked.device]).flatMap(
          (device) =>
            this.selectStreams.all(device) as { key: number; device: number; sealedSeq: number; isApart: number }[],
        );
        const answer = await this.askWriter({
          streams,
          metrics: asked.metrics,
          fromMs: asked.fromMs,
          toMs: asked.toMs,
          facts: asked.facts === true,
          ...(asked.newestAt === undefined ? {} : { newestAt: asked.newestAt }),
        });
        if (!answer.moved) return work(answer.streams.map((head, i) => ({ ...streams[i]!, ...head })));
      } finally {
        this.connection.exec('COMMIT');
      }
    }
    // The writer looked at these rows when it started: since then they were damaged, or the way to them.
    throw makeDamageError('the rows of streams are not those that the writer knows');
  }

  /** Between two blocks: the asker may have left. */
  throwIfAborted(): void {
    if (Atomics.load(this.abortFlag, 0) !== 0) throw new QueryAbortedError('The query was aborted.');
  }

  isText(device: number, metric: number): boolean {
    return this.selectKind.get(device, metric) === 'text';
  }

  /** Blocks of a stream that may hold something in the range, oldest batches first. The four below take only ids it returned. */
  findBlocks(stream: number, range: Range): readonly BlockRow[] {
    const blocks = this.selectBlocks.all(stream, range.fromMs, range.toMs) as BlockRow[];
    for (const block of blocks) this.ranges.set(block.id, block);
    return blocks;
  }

  /** Blocks of a stream that end before `timeMs`, the latest end first, `atOnce` read at a time. */
  *walkBlocksBefore(stream: number, timeMs: number, atOnce: number): Generator<BlockRow> {
    for (let read = 0; ; read += atOnce) {
      const blocks = this.selectBlocksBefore.all(stream, timeMs, atOnce, read) as BlockRow[];
      for (const block of blocks) {
        this.ranges.set(block.id, block);
        yield block;
      }
      if (blocks.length < atOnce) return;
    }
  }

  /** Ids of all columns of a block (`columnIdOf`). */
  listColumns(block: number): readonly number[] {
    return this.selectColumnIds.all(block * columnsPerBlock, (block + 1) * columnsPerBlock) as number[];
  }

  /**
   * As `findBlocks`, but of all streams of a device, by stream, and only those with a column of the metric. At once: a device that
   * makes a new epoch with every start has hundreds of streams, and a question for each took 14 µs.
   */
  findColumnBlocks(device: number, { metric, isText }: { metric: number; isText: boolean }, range: Range) {
    const rows = this.selectColumnBlocks.all(columnIdOf(0, metric, isText), device, range.fromMs, range.toMs);
    const found = new Map<number, ColumnBlockRow[]>();
    for (const [stream, id, seqFrom, minMs, maxMs, dataBytes] of rows as [number, ...RowNumbers][]) {
      const block = { id, seqFrom, minMs, maxMs, dataBytes };
      this.ranges.set(id, block);
      const list = found.get(stream);
      if (list === undefined) found.set(stream, [block]);
      else list.push(block);
    }
    return found;
  }

  /** Undefined where the block has no such column, or its stats are damaged. */
  readStats(block: number, metric: number, isText: boolean): Uint8Array | undefined {
    const columnId = columnIdOf(block, metric, isText);
    const bytes = this.selectStats.get(columnId) as Uint8Array | undefined;
    if (bytes === undefined) return undefined;
    const { minMs, maxMs } = this.ranges.get(block)!;
    return takeStats({ columnId, minMs, maxMs }, bytes) ?? this.noteDamage(columnId);
  }

  readColumn(block: number, metric: number, isText: boolean): Column | undefined {
    const columnId = columnIdOf(block, metric, isText);
    const row = this.selectColumn.get(columnId) as { stats: Uint8Array; data: Uint8Array } | undefined;
    // Retention leaves no bytes of readings that it took.
    if (row === undefined || (isBytes(row.data) && row.data.length === 0)) return undefined;
    const { minMs, maxMs } = this.ranges.get(block)!;
    if (takeStats({ columnId, minMs, maxMs }, row.stats, row.data) === null) return this.noteDamage(columnId);
    return this.decode(row.data, columnId);
  }

  readRollup(block: number, metric: number, isText: boolean): Uint8Array | undefined {
    return this.selectRollup.get(columnIdOf(block, metric, isText)) as Uint8Array | undefined;
  }

  /** How the block's rows came; undefined where that is not known or damaged. */
  readFacts(block: number): { rows: number; facts: Uint8Array } | undefined {
    const row = this.selectFacts.get(block) as
      | (BlockPlace & { checkSum: Uint8Array | null; facts: Uint8Array | null })
      | undefined;
    if (row === undefined || row.facts === null || row.checkSum === null) return undefined;
    if (!isBlockWhole(row.checkSum, row, row.facts)) return this.noteDamage(columnIdOf(block, 0, false));
    return { rows: row.rows, facts: row.facts };
  }

  /** Undefined where the block's row is damaged. */
  readTimes(block: number): Float64Array | undefined {
    const row = this.selectTimes.get(block) as
      | (BlockPlace & { checkSum: Uint8Array | null; facts: Uint8Array; times: Uint8Array })
      | undefined;
    const blockId = columnIdOf(block, 0, false);
    if (row === undefined) return this.noteDamage(blockId);
    const { checkSum, facts, times } = row;
    // Retention took the readings of the block.
    if (isBytes(times) && times.length === 0) return undefined;
    const isWhole = checkSum === null || (isBlockWhole(checkSum, row, facts) && isBlobOf(checkSum, 'times', times));
    return isWhole ? (this.decode(times, blockId)?.values as Float64Array | undefined) : this.noteDamage(blockId);
  }

  /** `times` are those of the block. */
  readArrivals(block: number, times: Float64Array): Float64Array | undefined {
    const row = this.selectArrivals.get(block) as { checkSum: Uint8Array | null; arrivals: Uint8Array } | undefined;
    const blockId = columnIdOf(block, 0, false);
    if (row === undefined || (row.checkSum !== null && !isBlobOf(row.checkSum, 'arrivals', row.arrivals))) {
      return this.noteDamage(blockId);
    }
    return decodeArrivalsOf(row.arrivals, times) ?? this.noteDamage(blockId);
  }

  private decode(bytes: Uint8Array, columnId: number): Column | undefined {
    return decodeColumnOf(bytes) ?? this.noteDamage(columnId);
  }

  private noteDamage(columnId: number): undefined {
    this.damaged.add(columnId);
  }

  close(): void {
    this.connection.close();
    this.writerPort.close();
  }

  private async askWriter(request: HeadRequest): Promise<HeadAnswer> {
    this.writerPort.postMessage(request);
    const [answer] = (await once(this.writerPort, 'message')) as [HeadAnswer];
    return answer;
  }
}
