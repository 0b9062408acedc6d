/**
 * One consistent view for one query: what a read transaction sees of the blocks, and the heads that belong to exactly that.
 *
 * Owns a read-only connection and the channel to the writer. Invariant: blocks and heads fit without a hole and without an
 * overlap, because the writer answers for heads only while its sealed_seq of every stream is the one in the snapshot; else the
 * snapshot is taken anew. One query at a time; the transaction ends with it.
 */
import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { unfoldArrivals } from './arrivals.ts';
import { type Column, decodeColumn } from './column-code.ts';
import { columnIdOf } from './schema.ts';
import { type Connection, openReading, type Statement } from './sqlite.ts';
import type { HeadAnswer, HeadRequest, HeadRows } from './worker-messages.ts';

export class QueryAbortedError extends Error {}

export interface SnapshotStream {
  readonly key: number;
  readonly committedSeq: number;
  /** Unsealed readings in the range asked for. */
  readonly columns: readonly HeadRows[];
}
export interface BlockRow {
  readonly id: number;
  readonly minMs: number;
  readonly maxMs: number;
}
export interface Range {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** A new snapshot each time a stream was sealed in between; more often than this in a row is our bug. */
const attemptsMax = 1000;

export class Snapshots {
  readonly connection: Connection;
  private readonly writerPort: MessagePort;
  private readonly abortFlag: Int32Array;
  private readonly selectStreams: Statement;
  private readonly selectBlocks: Statement;
  private readonly selectStats: Statement;
  private readonly selectData: Statement;
  private readonly selectTimes: Statement;
  private readonly selectArrivals: Statement;
  private readonly selectKind: Statement;

  constructor(options: { file: string; writerPort: MessagePort; abortFlag: SharedArrayBuffer }) {
    this.connection = openReading(options.file);
    this.writerPort = options.writerPort;
    this.abortFlag = new Int32Array(options.abortFlag);
    const prepare = (text: string) => this.connection.prepare(text);
    this.selectStreams = prepare('SELECT key, sealed_seq AS sealedSeq FROM streams WHERE device = ? ORDER BY key');
    this.selectBlocks = prepare(
      `SELECT id, t_min AS minMs, t_max AS maxMs FROM blocks INDEXED BY blocks_by_time
       WHERE stream = ? AND t_max >= ? AND t_min < ? ORDER BY id`,
    );
    this.selectStats = prepare('SELECT stats FROM block_columns WHERE id = ?').pluck();
    this.selectData = prepare('SELECT data FROM block_columns WHERE id = ?').pluck();
    this.selectTimes = prepare('SELECT times FROM blocks WHERE id = ?').pluck();
    this.selectArrivals = prepare('SELECT arrivals, row_count AS rows FROM blocks WHERE id = ?');
    this.selectKind = prepare('SELECT kind FROM metrics WHERE device = ? AND metric = ?').pluck();
  }

  /** Runs `work` on one consistent view of a device. */
  async run<T>(
    asked: { device: number; metrics: readonly number[] } & Range,
    work: (streams: readonly SnapshotStream[]) => T,
  ): Promise<T> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      this.throwIfAborted();
      this.connection.exec('BEGIN');
      try {
        const streams = this.selectStreams.all(asked.device) as { key: number; sealedSeq: number }[];
        const answer = await this.askWriter({
          streams,
          metrics: asked.metrics,
          fromMs: asked.fromMs,
          toMs: asked.toMs,
        });
        if (!answer.moved) return work(answer.streams.map((head, i) => ({ key: streams[i]!.key, ...head })));
      } finally {
        this.connection.exec('COMMIT');
      }
    }
    throw new Error('No consistent view of the store could be had.');
  }

  /** Between two blocks: the asker may have left. */
  throwIfAborted(): void {
    if (Atomics.load(this.abortFlag, 0) !== 0) throw new QueryAbortedError('The query was aborted.');
  }

  isText(device: number, metric: number): boolean {
    return this.selectKind.get(device, metric) === 'text';
  }

  /** Blocks of a stream that may hold something in the range, oldest batches first. */
  findBlocks(stream: number, range: Range): readonly BlockRow[] {
    return this.selectBlocks.all(stream, range.fromMs, range.toMs) as BlockRow[];
  }

  readStats(block: number, metric: number, isText: boolean): Uint8Array | undefined {
    return this.selectStats.get(columnIdOf(block, metric, isText)) as Uint8Array | undefined;
  }

  readColumn(block: number, metric: number, isText: boolean): Column | undefined {
    const data = this.selectData.get(columnIdOf(block, metric, isText)) as Uint8Array | undefined;
    return data === undefined ? undefined : decodeColumn(data);
  }

  readTimes(block: number): Float64Array {
    return decodeColumn(this.selectTimes.get(block) as Uint8Array).values as Float64Array;
  }

  readArrivals(block: number): Float64Array {
    const { arrivals, rows } = this.selectArrivals.get(block) as { arrivals: Uint8Array; rows: number };
    return unfoldArrivals(decodeColumn(arrivals), rows);
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
