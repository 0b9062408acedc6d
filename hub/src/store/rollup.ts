/**
 * Which tiers a column gets: the finest whose cells are worth their bytes, and those above it.
 *
 * Invariant: a rollup holds exactly the readings of its column, so it is written, merged and thrown away with that column and is
 * never repaired. A column without one is read itself: then it is small, or so are its stats' wants. Owns nothing.
 */
import { type Cells, coarsen, foldRun, sortRun, type TimedRun } from './rollup-cells.ts';
import { encodeRollup } from './rollup-code.ts';

/** Each a multiple of the one before. */
export const tiersMs = [1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000] as const;

/** Six numbers tell a cell: with fewer readings than this in it they are no saving, whatever the coder does. */
const readingsPerCellMin = 24;
/** Fewer cells than this a block's stats do as well. */
const cellsMin = 4;
/**
 * A tier is kept beside a finer one only if its cells are so many times as long: all coarser tiers together are an eighth of the
 * finest, and a query decodes at most so many cells for one. (With 4 they were a third, and a fleet's rollups 16 % of its columns.)
 */
const ratioMin = 12;
/** Of the column's bytes, for all tiers. */
const bytesShareMax = 0.125;
/** A long column that is well told in next to no bytes must still not cost a read of each of its blocks: a quarter of a bit a reading. */
const readingsPerByteAlways = 44;
const longRows = 1024;

export interface RollupColumn {
  readonly values: Float64Array | readonly string[];
  readonly count: number;
  readonly rowOf: Uint32Array | Float64Array | null;
}

/** Null where no tier is worth it. `dataBytes` is what the column itself takes. */
export function makeRollup(column: RollupColumn, times: Float64Array, dataBytes: number): Uint8Array | null {
  const { count } = column;
  if (count < readingsPerCellMin * cellsMin) return null;
  const run = sortRun(column, times);
  const spanMs = run.times[count - 1]! - run.times[0]!;
  const bytesMax = Math.max(count < longRows ? 0 : count / readingsPerByteAlways, dataBytes * bytesShareMax);
  let finest: Cells | null = null;
  for (const tierMs of tiersMs) {
    if (spanMs / tierMs + 1 < cellsMin) return null;
    if (finest === null && (spanMs / tierMs) * readingsPerCellMin > count) continue;
    finest = finest === null ? foldRun(run, tierMs) : coarsen(finest, tierMs);
    if (finest.length < cellsMin) return null;
    if (finest.length * readingsPerCellMin > count || finest.length * 2 > bytesMax) continue;
    const bytes = encodeRollup(addTiers(finest), run.values === null);
    if (bytes.length <= bytesMax) return bytes;
  }
  return null;
}

/** The cells, finest first, of `run` from `finestMs` up; for a column whose readings are about to go. */
export function makeTiers(run: TimedRun, finestMs: number): readonly Cells[] {
  return addTiers(foldRun(run, finestMs));
}

export function addTiers(finest: Cells): readonly Cells[] {
  const tiers = [finest];
  for (const tierMs of tiersMs) {
    const before = tiers.at(-1)!;
    if (tierMs < before.tierMs * ratioMin) continue;
    const cells = coarsen(before, tierMs);
    if (cells.length < cellsMin) break;
    if (cells.length * 4 <= before.length) tiers.push(cells);
  }
  return tiers;
}
