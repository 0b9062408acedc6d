/**
 * Which blocks become one: neighbours in the order that answers rely on, (stream, seq), which together leave the tier of the largest.
 *
 * Neighbours may be of successive epochs of a device, as long as nothing can come between them: what is not sealed yet ends the
 * walk, and so does a stream whose blocks stay `apart`. Owns the statements of one connection; changes nothing.
 */
import type { BlockPlace } from './block-checks.ts';
import { decodeFacts, takeReadings } from './block-facts.ts';
import type { BlockPart } from './block-parts.ts';
import type { Connection, Statement } from './sqlite.ts';

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
/**
 * With so many, blocks of a wide stream become one, and never again: in rows they would not get there. Half of what one merge may decode,
 * so that smaller ones always fit. Without it they were merged by doubling, each reading twice, once a device had 33,000 rows.
 */
const fullCells = cellsMax / 2;
const blocksMax = 64;
/** Streams without a block of their own are steps, too. */
const streamsMax = 256;
/** A block that spans more would keep old readings from being removed, and be in the way of every query. */
const spanMsMax = 32 * 86_400_000;
const hourMs = 3_600_000;

export interface SmallBlock extends BlockPlace {
  readonly checkSum: Uint8Array | null;
  readonly facts: Uint8Array | null;
}
interface StreamRow {
  readonly stream: number;
  readonly isApart: number;
}

export const blockColumns = `id, stream, seq_from AS seqFrom, seq_to AS seqTo, t_min AS minMs, t_max AS maxMs,
  row_count AS rows, check_sum AS checkSum, facts`;

export class MergeChoice {
  /** Blocks that were found damaged: they stay as they are, and end a stretch. */
  readonly damaged = new Set<number>();
  private readonly isUnsealed: (stream: number) => boolean;
  private readonly selectStream: Statement;
  private readonly selectBefore: Statement;
  private readonly selectBlocks: Statement;

  constructor(connection: Connection, isUnsealed: (stream: number) => boolean) {
    this.isUnsealed = isUnsealed;
    const stream = 'SELECT key AS stream, device, apart OR is_import AS isApart FROM streams';
    this.selectStream = connection.prepare(`${stream} WHERE key = ?`);
    this.selectBefore = connection.prepare(`${stream} WHERE device = ? AND key < ? ORDER BY key DESC LIMIT 1`);
    this.selectBlocks = connection.prepare(
      `SELECT ${blockColumns} FROM blocks INDEXED BY blocks_by_seq WHERE stream = ? AND seq_from < ?
       ORDER BY seq_from DESC LIMIT ${blocksMax}`,
    );
  }

  /** What is to become one block next, oldest first, of what ends with the stream's newest block; fewer than two: nothing. */
  choose(stream: number): SmallBlock[] {
    const [growing, ...closed] = this.splitStretches(this.listNewest(stream));
    const due = growing === undefined ? [] : chooseGrown(growing);
    if (due.length > 1) return due.reverse();
    // What a slow or a wide stream gathers reaches no tier: a stretch that grows no more is merged as it is, each row at most
    // once for every doubling.
    const isDue = ({ blocks }: Stretch) => blocks.length > 1 && sumRows(blocks) >= 2 * maxRows(blocks);
    return closed.find(isDue)?.blocks.reverse() ?? [];
  }

  /** Blocks of the stream and of those that the device ended before it, newest first. */
  private listNewest(newest: number): SmallBlock[] {
    const found: SmallBlock[] = [];
    const first = this.selectStream.get(newest) as (StreamRow & { device: number }) | undefined;
    let at: { stream: StreamRow | undefined; seqBefore: number } = {
      stream: first,
      seqBefore: Number.POSITIVE_INFINITY,
    };
    for (let looked = 0; at.stream !== undefined && looked < streamsMax && found.length < blocksMax; looked++) {
      const { stream, isApart } = at.stream;
      const isEnd = stream !== newest && (isApart === 1 || this.isUnsealed(stream));
      if (isEnd) break;
      const blocks = this.selectBlocks.all(stream, at.seqBefore) as SmallBlock[];
      found.push(...blocks);
      if (isApart === 1 || blocks.length === blocksMax) break;
      at = this.stepBack(first!.device, stream, blocks.at(-1));
    }
    return found.slice(0, blocksMax);
  }

  /** Behind a block of several streams lies what is left of its first one. */
  private stepBack(device: number, stream: number, oldest: SmallBlock | undefined) {
    const part = oldest === undefined ? undefined : firstPartOf(oldest);
    if (part !== undefined) {
      return { stream: this.selectStream.get(part.stream) as StreamRow | undefined, seqBefore: part.seqFrom };
    }
    const before = this.selectBefore.get(device, stream) as StreamRow | undefined;
    return { stream: before, seqBefore: Number.POSITIVE_INFINITY };
  }

  /** Stretches of small neighbours that may become one block, newest first. */
  private splitStretches(newest: readonly SmallBlock[]): Stretch[] {
    const stretches: Stretch[] = [];
    let stretch = new Stretch();
    for (const block of newest) {
      const cells = countReadings(block);
      const isFit = block.rows < fullRows && cells < fullCells && !this.damaged.has(block.id);
      if (isFit && stretch.take(block, cells)) continue;
      if (stretch.blocks.length > 0) stretches.push(stretch);
      stretch = new Stretch();
      if (isFit) stretch.take(block, cells);
    }
    if (stretch.blocks.length > 0) stretches.push(stretch);
    return stretches;
  }
}

export function firstPartOf({ facts }: SmallBlock): BlockPart | undefined {
  return facts !== null && facts[0] === 2 ? decodeFacts(facts).parts[0] : undefined;
}

/** The newest blocks below the highest tier that they reach together; all, where they hold as much as one may. */
function chooseGrown({ blocks, cells }: Stretch): SmallBlock[] {
  if (cells >= fullCells) return blocks;
  let due: SmallBlock[] = [];
  for (const tierRows of tiersRows) {
    const end = blocks.findIndex(({ rows }) => rows >= tierRows);
    const run = blocks.slice(0, end === -1 ? blocks.length : end);
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
  cells = 0;
  private rows = 0;
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
