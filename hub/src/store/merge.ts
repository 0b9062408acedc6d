/**
 * Merges small blocks of a device's streams into larger ones: size-tiered, each row written three or four times in its life.
 *
 * Invariant: a merge changes no answer: the new block holds the rows of its sources in their order and takes their place, and only
 * neighbours in the order (stream, seq) are merged (merge-choice.ts). It touches no sealed_seq and no head, so a reader's snapshot
 * holds either the sources or the result. Where an ended stream goes on after all, `takeApart` makes room at its place. Damaged
 * blocks are left as they are. Several streams share a transaction, because their small blocks, sealed together, lie on the same
 * pages. Owns the prepared statements of one connection.
 */
import { isBlobOf, isBlockWhole, takeStats } from './block-checks.ts';
import { type Column, decodeArrivalsOf, decodeColumnOf } from './block-decode.ts';
import { decodeFacts, gatherFacts } from './block-facts.ts';
import { joinBlocks, type ReadBlock, splitBlock } from './block-join.ts';
import type { WriteBlock } from './block-writer.ts';
import { blockColumns, firstPartOf, MergeChoice, type SmallBlock } from './merge-choice.ts';
import { sqlCheck } from './row-check.ts';
import { columnsPerBlock } from './schema.ts';
import { type Connection, runRelaxed, type Statement } from './sqlite.ts';

/** What one transaction merges: about ten milliseconds of coding. */
const cellsPerStep = 32_768;
const streamsPerStep = 256;
/** Blocks of few rows cost more to find, read and delete than to code. */
const stepMs = 8;
export class Merger {
  private readonly connection: Connection;
  private readonly writeBlock: WriteBlock;
  private readonly choice: MergeChoice;
  private readonly setApart: Statement;
  private readonly selectNext: Statement;
  private readonly selectBlobs: Statement;
  private readonly selectColumns: Statement;
  private readonly deleteBlock: Statement;
  private readonly deleteColumns: Statement;
  /** Rows written by merging so far. */
  rowsWritten = 0;

  /** `isUnsealed`: whether a stream holds something that is not in blocks yet. */
  constructor(connection: Connection, writeBlock: WriteBlock, isUnsealed: (stream: number) => boolean) {
    this.connection = connection;
    this.writeBlock = writeBlock;
    this.choice = new MergeChoice(connection, isUnsealed);
    const prepare = (text: string) => connection.prepare(text);
    this.setApart = prepare(
      `UPDATE streams SET apart = 1, check_sum = ${sqlCheck('streams', { apart: '1' })} WHERE key = ?`,
    );
    this.selectNext = prepare(
      `SELECT ${blockColumns} FROM (SELECT key FROM streams WHERE device = ? AND key > ?)
       CROSS JOIN blocks INDEXED BY blocks_by_seq ON stream = key ORDER BY key, seq_from LIMIT 1`,
    );
    this.selectBlobs = prepare('SELECT times, arrivals FROM blocks WHERE id = ?');
    this.selectColumns = prepare('SELECT id, stats, data FROM block_columns WHERE id >= ? AND id < ? ORDER BY id');
    this.deleteBlock = prepare('DELETE FROM blocks WHERE id = ?');
    this.deleteColumns = prepare('DELETE FROM block_columns WHERE id >= ? AND id < ?');
  }

  /** One step: merges of the waiting streams in one transaction, and strikes out those that need none. */
  mergeSome(waiting: Set<number>): void {
    const settled: number[] = [];
    let rows = 0;
    let looked = 0;
    const untilMs = performance.now() + stepMs;
    runRelaxed(this.connection, () => {
      let cells = 0;
      for (const stream of waiting) {
        const merged = this.mergeStream(stream);
        if (merged === null) settled.push(stream);
        else {
          rows += merged.rows;
          cells += merged.cells;
        }
        if (cells >= cellsPerStep || ++looked === streamsPerStep || performance.now() > untilMs) break;
      }
    });
    for (const stream of settled) waiting.delete(stream);
    this.rowsWritten += rows;
  }

  /**
   * Inside a transaction: the stream goes on though a newer one of its device was begun, so from now on nothing is joined across it,
   * and what was is two blocks, with its place between them.
   */
  takeApart({ key, device }: { readonly key: number; readonly device: number }): void {
    this.setApart.run(key);
    const next = this.selectNext.get(device, key) as SmallBlock | undefined;
    const first = next === undefined ? undefined : firstPartOf(next);
    if (next === undefined || first === undefined || first.stream > key) return;
    const block = this.readBlock(next);
    // Where it is damaged its readings are in no answer.
    if (block === null) return;
    for (const half of splitBlock(block, key)) this.writeBlock(half);
    this.deleteAll([next]);
  }

  /** One merge of the newest small blocks up to the stream's; null when none is due. */
  private mergeStream(stream: number): { rows: number; cells: number } | null {
    const run = this.choice.choose(stream);
    if (run.length < 2) return null;
    const blocks: ReadBlock[] = [];
    for (const place of run) {
      const block = this.readBlock(place);
      if (block === null) {
        this.choice.damaged.add(place.id);
        return { rows: 0, cells: 0 };
      }
      blocks.push(block);
    }
    const joined = joinBlocks(blocks);
    this.writeBlock(joined);
    this.deleteAll(run);
    return { rows: joined.times.length, cells: joined.facts.readings };
  }

  private deleteAll(run: readonly SmallBlock[]): void {
    for (const { id } of run) {
      this.deleteColumns.run(id * columnsPerBlock, (id + 1) * columnsPerBlock);
      this.deleteBlock.run(id);
    }
  }

  /** Null where anything of it is damaged. */
  private readBlock(place: SmallBlock): ReadBlock | null {
    const { stream, seqFrom, seqTo, checkSum, facts, rows } = place;
    const blobs = this.selectBlobs.get(place.id) as { times: Uint8Array; arrivals: Uint8Array };
    if (checkSum !== null) {
      const isWhole = facts !== null && isBlockWhole(checkSum, place, facts);
      if (!isWhole || !isBlobOf(checkSum, 'times', blobs.times)) return null;
      if (!isBlobOf(checkSum, 'arrivals', blobs.arrivals)) return null;
    }
    const times = decodeColumnOf(blobs.times)?.values as Float64Array | undefined;
    if (times === undefined || times.length !== rows) return null;
    const arrivals = decodeArrivalsOf(blobs.arrivals, times);
    const columns = this.readColumns(place);
    if (arrivals === undefined || columns === null) return null;
    const read = { stream, seqFrom, seqTo, times, arrivals, columns };
    if (facts !== null) return { ...read, facts: decodeFacts(facts) };
    const readings = columns.reduce((sum, { column }) => sum + column.count, 0);
    return { ...read, facts: gatherFacts(times, arrivals, { readings, late: 0, backfilled: 0 }) };
  }

  private readColumns({ id, minMs, maxMs }: SmallBlock): { place: number; column: Column }[] | null {
    const rows = this.selectColumns.all(id * columnsPerBlock, (id + 1) * columnsPerBlock) as {
      id: number;
      stats: Uint8Array;
      data: Uint8Array;
    }[];
    const columns: { place: number; column: Column }[] = [];
    for (const { id: columnId, stats, data } of rows) {
      if (takeStats({ columnId, minMs, maxMs }, stats, data) === null) return null;
      const column = decodeColumnOf(data);
      if (column === undefined) return null;
      columns.push({ place: columnId - id * columnsPerBlock, column });
    }
    return columns;
  }
}
