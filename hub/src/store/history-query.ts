/**
 * History of a device as equal buckets: block aggregates where a block lies inside one bucket, decoded values elsewhere, then heads.
 *
 * Owns nothing between queries. Streams are walked in order of their keys and each stream in order of its batches, so that among
 * readings of equal time the order (stream, seq, row) decides which is first and which last.
 */
import type { HistoryAnswer, HistoryQuery, HistorySeries, StreamKey } from '../core/ports.ts';
import { type ColumnStats, computeStats, decodeStats } from './block-stats.ts';
import type { Column } from './column-code.ts';
import type { BlockRow, SnapshotStream, Snapshots } from './snapshot.ts';
import { collectTextChanges } from './text-history.ts';

const bucketsMax = 10_000;
/** Six numbers of eight bytes each: 48 MB at most. */
const cellsMax = 1_000_000;

export async function answerHistory(snapshots: Snapshots, query: HistoryQuery): Promise<HistoryAnswer> {
  checkQuery(query);
  return snapshots.run(query, (streams) => {
    const drafts = query.metrics.map(
      (metric) => new SeriesDraft(metric, snapshots.isText(query.device, metric), query),
    );
    for (const stream of streams) addStream({ snapshots, drafts, query }, stream);
    const series = drafts.map((draft) => ({
      ...draft.series,
      texts: draft.isText ? collectTextChanges({ snapshots, streams }, draft.series.metric, query) : [],
    }));
    const through = streams.map(({ key, committedSeq }) => ({ stream: key as StreamKey, seq: committedSeq }));
    return { series, through };
  });
}

function checkQuery({ buckets, metrics, fromMs, toMs }: HistoryQuery): void {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > bucketsMax) {
    throw new RangeError(`A history has 1 to ${bucketsMax} buckets, not ${buckets}.`);
  }
  if (buckets * metrics.length > cellsMax) {
    throw new RangeError(`A history has at most ${cellsMax} buckets over all its metrics.`);
  }
  if (!(toMs > fromMs && Number.isFinite(toMs - fromMs))) throw new RangeError('A history ends after it begins.');
}

interface Walk {
  readonly snapshots: Snapshots;
  readonly drafts: readonly SeriesDraft[];
  readonly query: HistoryQuery;
}
interface TimedReadings {
  readonly values: Float64Array | readonly string[];
  readonly count: number;
  readonly times: Float64Array;
  readonly rowOf: Column['rowOf'];
}

/** One metric's buckets while they fill. */
class SeriesDraft {
  readonly isText: boolean;
  readonly series: Omit<HistorySeries, 'texts'>;
  private readonly firstMs: Float64Array;
  private readonly lastMs: Float64Array;
  private readonly fromMs: number;
  private readonly perMs: number;
  private readonly bucketLast: number;

  constructor(metric: number, isText: boolean, query: HistoryQuery) {
    const { buckets, fromMs, toMs } = query;
    const empty = () => new Float64Array(buckets).fill(Number.NaN);
    this.isText = isText;
    this.series = {
      metric,
      count: new Float64Array(buckets),
      min: empty(),
      max: empty(),
      sum: empty(),
      first: empty(),
      last: empty(),
    };
    this.firstMs = new Float64Array(buckets).fill(Number.POSITIVE_INFINITY);
    this.lastMs = new Float64Array(buckets).fill(Number.NEGATIVE_INFINITY);
    this.fromMs = fromMs;
    this.perMs = buckets / (toMs - fromMs);
    this.bucketLast = buckets - 1;
  }

  /** For a time inside the range. Rises with the time, so a stretch whose ends share a bucket lies in it. */
  bucketOf(timeMs: number): number {
    const bucket = Math.floor((timeMs - this.fromMs) * this.perMs);
    return bucket > this.bucketLast ? this.bucketLast : bucket;
  }

  addStats(bucket: number, stats: ColumnStats): void {
    const { count, min, max, sum, first, last } = this.series;
    count[bucket]! += stats.count;
    if (!Number.isNaN(stats.min)) {
      sum[bucket] = Number.isNaN(min[bucket]!) ? stats.sum : sum[bucket]! + stats.sum;
      if (!(stats.min >= min[bucket]!)) min[bucket] = stats.min;
      if (!(stats.max <= max[bucket]!)) max[bucket] = stats.max;
    }
    if (stats.firstMs < this.firstMs[bucket]!) {
      this.firstMs[bucket] = stats.firstMs;
      first[bucket] = stats.first;
    }
    if (stats.lastMs >= this.lastMs[bucket]!) {
      this.lastMs[bucket] = stats.lastMs;
      last[bucket] = stats.last;
    }
  }

  /** Runs of readings that share a bucket are summed up first, and then count like a block of their own. */
  addReadings({ values, count, times, rowOf }: TimedReadings, toMs: number): void {
    let start = 0;
    while (start < count) {
      const bucket = this.placeOf(times[rowOf === null ? start : rowOf[start]!]!, toMs);
      let end = start + 1;
      while (end < count && this.placeOf(times[rowOf === null ? end : rowOf[end]!]!, toMs) === bucket) end++;
      if (bucket >= 0) this.addStats(bucket, computeStats({ values, rowOf, start, end }, times));
      start = end;
    }
  }

  /** −1 outside the range. */
  private placeOf(timeMs: number, toMs: number): number {
    return timeMs < this.fromMs || timeMs >= toMs ? -1 : this.bucketOf(timeMs);
  }
}

function addStream(walk: Walk, stream: SnapshotStream): void {
  const { snapshots, drafts, query } = walk;
  for (const block of snapshots.findBlocks(stream.key, query)) {
    snapshots.throwIfAborted();
    addBlock(walk, block);
  }
  for (const draft of drafts) {
    for (const { metric, times, values } of stream.columns) {
      if (metric !== draft.series.metric || values instanceof Float64Array === draft.isText) continue;
      draft.addReadings({ values, count: times.length, times, rowOf: null }, query.toMs);
    }
  }
}

function addBlock({ snapshots, drafts, query }: Walk, block: BlockRow): void {
  let times: Float64Array | null = null;
  for (const draft of drafts) {
    const { metric } = draft.series;
    const bytes = snapshots.readStats(block.id, metric, draft.isText);
    if (bytes === undefined) continue;
    const stats = decodeStats(bytes, block);
    if (stats.lastMs < query.fromMs || stats.firstMs >= query.toMs) continue;
    if (stats.firstMs >= query.fromMs && stats.lastMs < query.toMs) {
      const bucket = draft.bucketOf(stats.firstMs);
      if (bucket === draft.bucketOf(stats.lastMs)) {
        draft.addStats(bucket, stats);
        continue;
      }
    }
    times ??= snapshots.readTimes(block.id) ?? null;
    if (times === null) return;
    const column = snapshots.readColumn(block.id, metric, draft.isText);
    if (column === undefined) continue;
    const { rowOf, values, count } = column;
    draft.addReadings({ values, count, times, rowOf }, query.toMs);
  }
}
