/**
 * A block's rollup as pieces of buckets: which tier, and the cells of each bucket joined to one piece.
 *
 * Invariant: `chooseTier` returns a tier only where no cell is cut by a bucket's edge, so its pieces say exactly what the readings
 * would. Owns only scratch memory.
 */
import type { ColumnStats } from './block-stats.ts';
import type { Buckets } from './history-buckets.ts';
import type { Piece, SeriesDraft, Source } from './history-series.ts';
import { type Cells, CellsScratch, stepOf } from './rollup-cells.ts';
import type { Rollup } from './rollup-code.ts';

const scratch = new CellsScratch();

/** The coarsest tier that answers exactly, or null. Good until the next call. */
export function chooseTier(
  rollup: Rollup,
  buckets: Buckets,
  { stats, wantsRise }: { stats: ColumnStats; wantsRise: boolean },
): Cells | null {
  const { tiersMs } = rollup;
  for (let tier = 0; tier < tiersMs.length; tier++) {
    const tierMs = tiersMs[tier]!;
    if (isTierCut(tierMs, buckets, stats)) continue;
    const cells = rollup.decode(tier, scratch);
    // What a coarser tier does not know of a counter, a finer one does not know either.
    if (wantsRise && cells.increase === null) return null;
    return cells;
  }
  return null;
}

/** Whether an edge lies inside a cell, with readings on both sides as far as the block's ends tell. */
function isTierCut(tierMs: number, buckets: Buckets, { firstMs, lastMs }: ColumnStats): boolean {
  const { edges, count } = buckets;
  const from = Math.max(0, buckets.placeOf(firstMs) + 1);
  const to = Math.min(count, buckets.placeOf(lastMs));
  for (let i = from; i <= to; i++) {
    const edgeMs = edges[i]!;
    if (edgeMs <= firstMs || edgeMs > lastMs) continue;
    if (edgeMs % tierMs !== 0) return true;
  }
  return false;
}

export function addCells(
  { draft, buckets, source }: { draft: SeriesDraft; buckets: Buckets; source: Source },
  cells: Cells,
  stats: ColumnStats,
): void {
  const { length, index, tierMs } = cells;
  let i = 0;
  while (i < length) {
    // The block's own first reading is in its first cell; for all others the cell's start is as near as it gets.
    const startMs = i === 0 ? stats.firstMs : index[i]! * tierMs;
    const bucket = buckets.placeOf(startMs);
    if (bucket >= buckets.count) return;
    const endMs = bucket < 0 ? buckets.edges[0]! : buckets.edges[bucket + 1]!;
    let end = i + 1;
    while (end < length && index[end]! * tierMs < endMs) end++;
    if (bucket >= 0) draft.add(joinCells(cells, { start: i, end, stats }, { source, bucket }));
    i = end;
  }
}

function joinCells(
  cells: Cells,
  part: { start: number; end: number; stats: ColumnStats },
  to: { source: Source; bucket: number },
): Piece {
  const { start, end, stats } = part;
  const { tierMs, index, count, numbers, increase } = cells;
  const last = end - 1;
  const isFirst = start === 0;
  const isLast = end === cells.length;
  const piece: Piece = {
    ...to,
    count: 0,
    numbers: 0,
    min: Number.NaN,
    max: Number.NaN,
    sum: Number.NaN,
    first: cells.first[start]!,
    last: cells.last[last]!,
    firstLo: isFirst ? stats.firstMs : index[start]! * tierMs,
    firstHi: isFirst ? stats.firstMs : Math.min((index[start]! + 1) * tierMs - 1, stats.lastMs),
    lastLo: isLast ? stats.lastMs : Math.max(index[last]! * tierMs, stats.firstMs),
    lastHi: isLast ? stats.lastMs : (index[last]! + 1) * tierMs - 1,
    rise: increase === null ? Number.NaN : 0,
    riseFirst: cells.first[start]!,
    riseLast: cells.last[last]!,
  };
  for (let i = start; i < end; i++) {
    piece.count += count[i]!;
    if (increase !== null) {
      piece.rise += increase[i]! + (i === start ? 0 : stepOf(cells.last[i - 1]!, cells.first[i]!));
    }
    if (numbers[i] === 0) continue;
    piece.sum = piece.numbers === 0 ? cells.sum[i]! : piece.sum + cells.sum[i]!;
    piece.numbers += numbers[i]!;
    if (!(cells.min[i]! >= piece.min)) piece.min = cells.min[i]!;
    if (!(cells.max[i]! <= piece.max)) piece.max = cells.max[i]!;
  }
  return piece;
}
