/**
 * What one block has for the instants of a track, at the least cost: its stats where all of a column is before them, its rollup where
 * that is near enough or all that retention left, else its readings. Owns nothing.
 */
import { type ColumnStats, decodeStats } from './block-stats.ts';
import { openRollup, type Rollup } from './rollup-code.ts';
import { columnsPerBlock } from './schema.ts';
import type { BlockRow, Snapshots } from './snapshot.ts';
import type { InstantTrack } from './state-at-track.ts';

export interface BlockReader {
  readonly snapshots: Snapshots;
  readonly track: InstantTrack;
  readonly kinds: readonly string[];
  readonly roughMs: number;
}
interface Times {
  readonly times: Float64Array;
  readonly isSorted: boolean;
}

export function readBlock(reader: BlockReader, block: BlockRow, rank: number): void {
  const { snapshots, track, kinds } = reader;
  const { firstInstantMs, lastInstantMs } = track;
  let times: Times | null | undefined;
  for (const column of snapshots.listColumns(block.id)) {
    const metric = (column % columnsPerBlock) >> 1;
    const isText = column % 2 === 1;
    if (metric >= kinds.length || isText !== (kinds[metric] === 'text')) continue;
    if (block.maxMs < firstInstantMs && track.isMetricSettled(metric, block.maxMs)) continue;
    const bytes = snapshots.readStats(block.id, metric, isText);
    if (bytes === undefined) continue;
    const stats = decodeStats(bytes, block);
    if (stats.firstMs > lastInstantMs) continue;
    if (stats.lastMs <= firstInstantMs && !isText) {
      track.offer(metric, { timeMs: stats.lastMs, value: stats.last }, rank);
      continue;
    }
    const name = { block, metric, isText, stats, rank };
    if (reader.roughMs > 0 && offerRollup(reader, name, reader.roughMs)) continue;
    const values = snapshots.readColumn(block.id, metric, isText);
    if (values !== undefined && times === undefined) times = sortedTimes(snapshots.readTimes(block.id));
    if (values === undefined || times === null) offerRollup(reader, name, Number.POSITIVE_INFINITY);
    else track.offerRun(metric, { ...values, ...times! }, rank);
  }
}

function sortedTimes(times: Float64Array | undefined): Times | null {
  if (times === undefined) return null;
  for (let i = 1; i < times.length; i++) if (times[i]! < times[i - 1]!) return { times, isSorted: false };
  return { times, isSorted: true };
}

interface ColumnName {
  readonly block: BlockRow;
  readonly metric: number;
  readonly isText: boolean;
  readonly stats: ColumnStats;
  readonly rank: number;
}

/** A cell counts from its end, where its last reading is certain to be past; of a tier no longer than `tierMsMax`. */
function offerRollup({ snapshots, track }: BlockReader, name: ColumnName, tierMsMax: number): boolean {
  const { block, metric, isText, stats, rank } = name;
  if (isText) return false;
  const bytes = snapshots.readRollup(block.id, metric, isText);
  const rollup = bytes === undefined ? null : openRollup(bytes);
  const tier = rollup === null ? -1 : chooseTier(rollup, tierMsMax);
  if (rollup === null || tier < 0) return false;
  const { length, index, last, tierMs } = rollup.decode(tier);
  for (let i = 0; i < length; i++) {
    const timeMs = i === length - 1 ? stats.lastMs : (index[i]! + 1) * tierMs - 1;
    if (timeMs > track.lastInstantMs) break;
    track.offer(metric, { timeMs, value: last[i]! }, rank);
  }
  return true;
}

/** Coarsest first: the coarsest that is fine enough; where nothing is asked, the finest. */
function chooseTier({ tiersMs }: Rollup, tierMsMax: number): number {
  if (tierMsMax === Number.POSITIVE_INFINITY) return tiersMs.length - 1;
  return tiersMs.findIndex((tierMs) => tierMs <= tierMsMax);
}
