/**
 * Merges small blocks of one stream into larger ones: size-tiered, each row written three or four times in its life.
 *
 * Invariant: a merge changes no answer: the new block holds the rows of its sources in their order and takes their place
 * (seq_from … seq_to), and only neighbours in that order are merged. It touches no sealed_seq and no head, so a reader's snapshot
 * holds either the sources or the result. Damaged blocks are left as they are. Several streams share a transaction, because their
 * small blocks, sealed together, lie on the same pages. Owns the prepared statements of one connection.
 */
import { type BlockPlace, isBlobOf, isBlockWhole, takeStats } from './block-checks.ts';
import { type Column, decodeArrivalsOf, decodeColumnOf } from './block-decode.ts';
import { type BlockFacts, decodeFacts, gatherFacts, joinFacts, takeReadings } from './block-facts.ts';
import type { BlockColumn, WriteBlock } from './block-writer.ts';
import { columnsPerBlock } from './schema.ts';
import { type Connection, runRelaxed, type Statement } from './sqlite.ts';

/** Rows of a tier. A run of blocks is merged when its sum leaves the tier of its largest. */
const tiersRows = [8, 64, 512, 4096, 32_768] as const;
/**
 * Blocks of so many rows are never read again by merging. A long history costs a few microseconds a block, whatever is in it, and
 * a short one a decoded block: a month at 1 Hz is 79 blocks, and a look at one minute of it costs a millisecond.
 */
export const fullRows = tiersRows.at(-1)!;
/** Smaller blocks are joined whatever lies between them. */
const nearRowsMin = 512;
/** What one merge may decode, so that a commit never waits long for it. */
const cellsMax = 262_144;
const blocksMax = 64;
/** What one transaction merges: about ten milliseconds of coding. */
const cellsPerStep = 32_768;
const streamsPerStep = 256;
/** A block that spans more would keep old readings from being removed, and be in the way of every query. */
const spanMsMax = 32 * 86_400_000;
const hourMs = 3_600_000;

interface SmallBlock extends BlockPlace {
  readonly checkSum: Uint8Array | null;
  readonly facts: Uint8Array | null;
}
interface ReadColumn {
  readonly column: Column;
  readonly rowBase: number;
}
interface ReadBlock {
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly facts: BlockFacts;
  readonly columns: readonly { readonly place: number; readonly column: Column }[];
}

export class Merger {
  private readonly connection: Connection;
  private readonly writeBlock: WriteBlock;
  private readonly selectNewest: Statement;
  private readonly selectBlobs: Statement;
  private readonly selectColumns: Statement;
  private readonly deleteBlock: Statement;
  private readonly deleteColumns: Statement;
  private readonly damaged = new Set<number>();
  /** Rows written by merging so far. */
  rowsWritten = 0;

  constructor(connection: Connection, writeBlock: WriteBlock) {
    this.connection = connection;
    this.writeBlock = writeBlock;
    const prepare = (text: string) => connection.prepare(text);
    this.selectNewest = prepare(
      `SELECT id, stream, seq_from AS seqFrom, seq_to AS seqTo, t_min AS minMs, t_max AS maxMs, row_count AS rows,
         check_sum AS checkSum, facts
       FROM blocks INDEXED BY blocks_by_seq WHERE stream = ? ORDER BY seq_from DESC LIMIT ${blocksMax}`,
    );
    this.selectBlobs = prepare('SELECT times, arrivals FROM blocks WHERE id = ?');
    this.selectColumns = prepare('SELECT id, stats, data FROM block_columns WHERE id >= ? AND id < ? ORDER BY id');
    this.deleteBlock = prepare('DELETE FROM blocks WHERE id = ?');
    this.deleteColumns = prepare('DELETE FROM block_columns WHERE id >= ? AND id < ?');
  }

  /**
   * One step: merges of the waiting streams (true: the stream is finished, so whatever can be merged) in one transaction, and
   * strikes out those that need none.
   */
  mergeSome(waiting: Map<number, boolean>): void {
    const settled: number[] = [];
    let rows = 0;
    let looked = 0;
    runRelaxed(this.connection, () => {
      let cells = 0;
      for (const [stream, isFinished] of waiting) {
        const merged = this.mergeStream(stream, isFinished);
        if (merged === null) settled.push(stream);
        else {
          rows += merged.rows;
          cells += merged.cells;
        }
        if (cells >= cellsPerStep || ++looked === streamsPerStep) break;
      }
    });
    for (const stream of settled) waiting.delete(stream);
    this.rowsWritten += rows;
  }

  /** One merge of the stream's newest small blocks; null when none is due. */
  private mergeStream(stream: number, isFinished: boolean): { rows: number; cells: number } | null {
    const newest = this.selectNewest.all(stream) as SmallBlock[];
    const run = this.chooseRun(newest, isFinished);
    if (run.length < 2) return null;
    const blocks: ReadBlock[] = [];
    for (const place of run) {
      const block = this.readBlock(place);
      if (block === null) {
        this.damaged.add(place.id);
        return { rows: 0, cells: 0 };
      }
      blocks.push(block);
    }
    const joined = joinBlocks(blocks);
    this.writeBlock({ stream, seqFrom: run[0]!.seqFrom, seqTo: run.at(-1)!.seqTo, ...joined });
    for (const { id } of run) {
      this.deleteColumns.run(id * columnsPerBlock, (id + 1) * columnsPerBlock);
      this.deleteBlock.run(id);
    }
    return { rows: joined.times.length, cells: joined.facts.readings };
  }

  /** Neighbours, oldest first; fewer than two: nothing is due. `newest` is newest first. */
  private chooseRun(newest: readonly SmallBlock[], isFinished: boolean): SmallBlock[] {
    const [growing = [], ...closed] = this.splitStretches(newest);
    const due = isFinished ? growing : chooseGrown(growing);
    if (due.length > 1) return due.reverse();
    // What a slow or a wide stream gathers reaches no tier: a stretch that grows no more is merged as it is, each row at most
    // once for every doubling.
    const isDue = (stretch: readonly SmallBlock[]) =>
      stretch.length > 1 && (isFinished || sumRows(stretch) >= 2 * maxRows(stretch));
    return closed.find(isDue)?.reverse() ?? [];
  }

  /** Stretches of small neighbours that may become one block, newest first. */
  private splitStretches(newest: readonly SmallBlock[]): SmallBlock[][] {
    const stretches: SmallBlock[][] = [];
    let stretch = new Stretch();
    for (const block of newest) {
      const isFit = block.rows < fullRows && !this.damaged.has(block.id);
      const cells = isFit ? countReadings(block) : 0;
      if (isFit && stretch.take(block, cells)) continue;
      if (stretch.blocks.length > 0) stretches.push(stretch.blocks);
      stretch = new Stretch();
      if (isFit) stretch.take(block, cells);
    }
    if (stretch.blocks.length > 0) stretches.push(stretch.blocks);
    return stretches;
  }

  /** Null where anything of it is damaged. */
  private readBlock(place: SmallBlock): ReadBlock | null {
    const { checkSum, facts, rows } = place;
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
    if (facts !== null) return { times, arrivals, columns, facts: decodeFacts(facts) };
    const readings = columns.reduce((sum, { column }) => sum + column.count, 0);
    return { times, arrivals, columns, facts: gatherFacts(times, arrivals, { readings, late: 0, backfilled: 0 }) };
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

/** The newest blocks below the highest tier that they reach together. */
function chooseGrown(stretch: readonly SmallBlock[]): SmallBlock[] {
  let due: SmallBlock[] = [];
  for (const tierRows of tiersRows) {
    const end = stretch.findIndex(({ rows }) => rows >= tierRows);
    const run = stretch.slice(0, end === -1 ? stretch.length : end);
    if (run.length > 1 && sumRows(run) >= tierRows) due = run;
  }
  return due;
}
function sumRows(blocks: readonly SmallBlock[]): number {
  return blocks.reduce((sum, { rows }) => sum + rows, 0);
}
function maxRows(blocks: readonly SmallBlock[]): number {
  return blocks.reduce((most, { rows }) => Math.max(most, rows), 0);
}

/** Of blocks of the first schema nobody counted; few are left small. */
function countReadings({ facts, rows }: SmallBlock): number {
  return facts === null ? rows * 16 : takeReadings(facts);
}

/** Blocks that may become one, newest first, while they are gathered. */
class Stretch {
  readonly blocks: SmallBlock[] = [];
  private rows = 0;
  private cells = 0;
  private spansMs = 0;
  private minMs = Number.POSITIVE_INFINITY;
  private maxMs = Number.NEGATIVE_INFINITY;

  take(block: SmallBlock, cells: number): boolean {
    const rows = this.rows + block.rows;
    const minMs = Math.min(this.minMs, block.minMs);
    const maxMs = Math.max(this.maxMs, block.maxMs);
    const spansMs = this.spansMs + block.maxMs - block.minMs;
    if (this.blocks.length > 0) {
      if (rows > 2 * fullRows || this.cells + cells > cellsMax || maxMs - minMs > spanMsMax) return false;
      // Live blocks and a backfill of last month stay apart: together every query between would have to decode them.
      if (rows > nearRowsMin && maxMs - minMs > 3 * spansMs + hourMs) return false;
    }
    this.blocks.push(block);
    Object.assign(this, { rows, cells: this.cells + cells, minMs, maxMs, spansMs });
    return true;
  }
}

function joinBlocks(blocks: readonly ReadBlock[]) {
  const rows = blocks.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(rows);
  const arrivals = new Float64Array(rows);
  const parts = new Map<number, ReadColumn[]>();
  let rowBase = 0;
  for (const block of blocks) {
    times.set(block.times, rowBase);
    arrivals.set(block.arrivals, rowBase);
    for (const { place, column } of block.columns) {
      const list = parts.get(place);
      if (list === undefined) parts.set(place, [{ column, rowBase }]);
      else list.push({ column, rowBase });
    }
    rowBase += block.times.length;
  }
  return { times, arrivals, facts: joinFacts(blocks.map(({ facts }) => facts)), columns: joinColumns(parts, rows) };
}

/** One after the other, so that only one joined column is in memory. */
function* joinColumns(parts: ReadonlyMap<number, ReadColumn[]>, rows: number): Generator<BlockColumn> {
  for (const [place, list] of parts) {
    const isText = place % 2 === 1;
    const count = list.reduce((sum, { column }) => sum + column.count, 0);
    const values = isText ? list.flatMap(({ column }) => column.values as string[]) : joinNumbers(list, count);
    yield { metric: place >> 1, isText, values, count, rowOf: count === rows ? null : joinRows(list, count) };
  }
}

function joinNumbers(list: readonly ReadColumn[], count: number): Float64Array {
  const values = new Float64Array(count);
  let at = 0;
  for (const { column } of list) {
    values.set(column.values as Float64Array, at);
    at += column.count;
  }
  return values;
}

function joinRows(list: readonly ReadColumn[], count: number): Uint32Array {
  const rowOf = new Uint32Array(count);
  let at = 0;
  for (const { column, rowBase } of list) {
    for (let i = 0; i < column.count; i++) rowOf[at++] = rowBase + (column.rowOf === null ? i : column.rowOf[i]!);
  }
  return rowOf;
}
