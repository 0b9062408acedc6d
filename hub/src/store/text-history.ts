/**
 * A text metric over a range: the newest changes of its value.
 *
 * Blocks may overlap in time, so they are taken in clusters that do not, newest cluster first, and it stops when there are
 * enough changes. Owns nothing between queries; memory is bounded by the largest cluster.
 */
import { decodeStats } from './block-stats.ts';
import type { Range, SnapshotStream, Snapshots } from './snapshot.ts';

export interface TextReading {
  readonly timeMs: number;
  readonly value: string;
}
/** A block or a head; `rank` is its place in the order (stream, seq). */
interface Source {
  readonly rank: number;
  readonly firstMs: number;
  readonly lastMs: number;
  read(): TextReading[];
}

interface View {
  readonly snapshots: Snapshots;
  readonly streams: readonly SnapshotStream[];
}

/** At most `range.buckets`, oldest first. The first reading of the range counts as a change. */
export function collectTextChanges(
  view: View,
  metric: number,
  range: Range & { readonly buckets: number },
): readonly TextReading[] {
  const clusters = groupByOverlap(listSources(view, metric, range));
  let found: TextReading[] = [];
  // The oldest one found may turn out to be no change, hence one more than asked for.
  while (clusters.length > 0 && found.length <= range.buckets) {
    view.snapshots.throwIfAborted();
    const readings = clusters
      .pop()!
      .sort((a, b) => a.rank - b.rank)
      .flatMap((source) => source.read());
    const changes = keepChanges(readings.sort((a, b) => a.timeMs - b.timeMs));
    if (changes.length > 0 && changes.at(-1)!.value === found[0]?.value) found.shift();
    found = changes.concat(found);
  }
  return found.slice(-range.buckets);
}

function keepChanges(readings: readonly TextReading[]): TextReading[] {
  return readings.filter((reading, i) => i === 0 || reading.value !== readings[i - 1]!.value);
}

function listSources({ snapshots, streams }: View, metric: number, range: Range): Source[] {
  const sources: Source[] = [];
  const inRange = (timeMs: number) => timeMs >= range.fromMs && timeMs < range.toMs;
  for (const stream of streams) {
    for (const block of snapshots.findBlocks(stream.key, range)) {
      const stats = snapshots.readStats(block.id, metric, true);
      if (stats === undefined) continue;
      const { firstMs, lastMs } = decodeStats(stats, block);
      const read = () => readBlock(snapshots, block.id, metric).filter(({ timeMs }) => inRange(timeMs));
      sources.push({ rank: sources.length, firstMs, lastMs, read });
    }
    for (const { metric: headMetric, times, values } of stream.columns) {
      if (headMetric !== metric || values instanceof Float64Array || times.length === 0) continue;
      let firstMs = Number.POSITIVE_INFINITY;
      let lastMs = Number.NEGATIVE_INFINITY;
      for (const time of times) {
        firstMs = Math.min(firstMs, time);
        lastMs = Math.max(lastMs, time);
      }
      const read = () => values.map((value, i) => ({ timeMs: times[i]!, value }));
      sources.push({ rank: sources.length, firstMs, lastMs, read });
    }
  }
  return sources;
}

function readBlock(snapshots: Snapshots, block: number, metric: number): TextReading[] {
  const column = snapshots.readColumn(block, metric, true);
  if (column === undefined || column.values instanceof Float64Array) return [];
  const times = snapshots.readTimes(block);
  if (times === undefined) return [];
  const { rowOf } = column;
  return column.values.map((value, i) => ({ timeMs: times[rowOf === null ? i : rowOf[i]!]!, value }));
}

/** Oldest cluster first. */
function groupByOverlap(sources: Source[]): Source[][] {
  const clusters: Source[][] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const source of sources.sort((a, b) => a.firstMs - b.firstMs)) {
    if (source.firstMs > endMs) clusters.push([source]);
    else clusters.at(-1)!.push(source);
    endMs = Math.max(endMs, source.lastMs);
  }
  return clusters;
}
