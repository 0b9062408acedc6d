/**
 * One column of one block as a history reads it: its stats, its rollup, its readings, each when it is asked for.
 *
 * Owns what it has read; `RecentRuns` bounds that over a query, and the reader's cache (run-cache.ts) keeps readings over queries.
 */
import { type ColumnStats, decodeStats } from './block-stats.ts';
import { type CompactRun, type CompactTimes, compactRun } from './compact-run.ts';
import type { Source } from './history-series.ts';
import { sortRun, type TimedRun } from './rollup-cells.ts';
import { openRollup, type Rollup } from './rollup-code.ts';
import { columnIdOf } from './schema.ts';
import type { ColumnBlockRow, Snapshots } from './snapshot.ts';

const recentReadingsMax = 1_000_000;

/** Overlapping blocks are read again and again for the same buckets: the newest read are kept, up to so many readings. */
export class RecentRuns {
  private readonly sources: BlockSource[] = [];
  private readings = 0;

  keep(source: BlockSource, readings: number): void {
    this.sources.push(source);
    this.readings += readings;
    while (this.readings > recentReadingsMax && this.sources.length > 1)
      this.readings -= this.sources.shift()!.forgetRun();
  }
}

export class BlockSource implements Source {
  private readonly block: ColumnBlockRow;
  private readonly columnId: number;
  private readonly snapshots: Snapshots;
  private readonly recent: RecentRuns;
  private readonly name: { readonly metric: number; readonly isText: boolean };
  private run: TimedRun | null = null;

  constructor(
    { snapshots, recent }: { readonly snapshots: Snapshots; readonly recent: RecentRuns },
    block: ColumnBlockRow,
    name: { metric: number; isText: boolean },
  ) {
    this.snapshots = snapshots;
    this.recent = recent;
    this.block = block;
    this.name = name;
    this.columnId = columnIdOf(block.id, name.metric, name.isText);
  }

  readStats(): ColumnStats | null {
    const bytes = this.snapshots.readStats(this.block.id, this.name.metric, this.name.isText);
    return bytes === undefined ? null : decodeStats(bytes, this.block);
  }

  readRollup(): Rollup | null {
    const bytes = this.snapshots.readRollup(this.block.id, this.name.metric, this.name.isText);
    return bytes === undefined ? null : openRollup(bytes);
  }

  /** Only where an earlier query left it in memory. */
  findCompact(): CompactRun | null {
    const { dataBytes } = this.block;
    return dataBytes === 0 ? null : this.snapshots.runs.findRun(this.columnId, dataBytes);
  }

  /** Null where the readings are gone or damaged, and for text and NaN: then `readRun` tells. */
  readCompact(): CompactRun | null {
    if (this.name.isText) return null;
    const { runs } = this.snapshots;
    const known = runs.findTimes(this.block.id);
    const run = this.readSorted(known);
    if (run === null) return null;
    const isShared = known !== null && run.times === noTimes;
    const compact = isShared ? compactRun(run, known) : compactRun(run);
    if (compact === null) {
      if (!isShared) this.keepRun(run);
      return null;
    }
    if (!isShared && run.isOfBlock) runs.keepTimes(this.block.id, compact.times);
    runs.keepRun(this.columnId, this.block.dataBytes, compact);
    return compact;
  }

  readRun(): TimedRun | null {
    if (this.run !== null) return this.run;
    const known = this.findCompact();
    const run = known === null ? this.readSorted(null) : known.expand();
    if (run !== null) this.keepRun(run);
    return run;
  }

  /** The memory goes back; asked again, it reads again. Returns how many readings it was. */
  forgetRun(): number {
    const readings = this.run?.length ?? 0;
    this.run = null;
    return readings;
  }

  private keepRun(run: TimedRun): void {
    this.run = run;
    this.recent.keep(this, run.length);
  }

  /** Its times are left out (`noTimes`) where they are `known`, the block's own and in order. */
  private readSorted(known: CompactTimes | null): (TimedRun & { readonly isOfBlock: boolean }) | null {
    this.snapshots.throwIfAborted();
    const { metric, isText } = this.name;
    const column = this.snapshots.readColumn(this.block.id, metric, isText);
    if (column === undefined) return null;
    if (known !== null && column.rowOf === null && column.values instanceof Float64Array) {
      if (known.length === column.count)
        return { times: noTimes, values: column.values, length: column.count, isOfBlock: true };
    }
    const times = this.snapshots.readTimes(this.block.id);
    if (times === undefined) return null;
    const run = sortRun(column, times);
    return { ...run, isOfBlock: run.times === times && run.length === times.length };
  }
}

const noTimes = new Float64Array(0);
