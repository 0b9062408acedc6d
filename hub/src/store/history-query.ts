/**
 * History as buckets: readings where they are still in memory from an earlier query; else block aggregates where a block lies inside
 * one bucket, rollups where no bucket's edge cuts their cells, and readings from the file elsewhere; then heads.
 *
 * Owns nothing between queries. Streams are walked in order of their keys and each stream in order of its batches, so that among
 * readings of equal time the order (stream, seq, row) decides which is first and which last. A damaged block is left out; one
 * whose readings retention took is answered by its rollup, and a cell that an edge cuts counts where it begins.
 */
import type { HistoryAnswer, HistoryPart, HistoryQuery, HistorySeries, StreamKey } from '../core/ports.ts';
import { BlockSource, RecentRuns } from './block-source.ts';
import { Buckets } from './history-buckets.ts';
import { findGaps } from './history-gaps.ts';
import { collectPoints } from './history-points.ts';
import { addCells, chooseTier } from './history-rollup.ts';
import { SeriesDraft, type Source } from './history-series.ts';
import { sortRun } from './rollup-cells.ts';
import type { SnapshotStream, Snapshots } from './snapshot.ts';
import { collectTextChanges } from './text-history.ts';

const bucketsMax = 10_000;
/** Eight numbers of eight bytes each: 64 MB at most. */
const cellsMax = 1_000_000;

export async function answerHistory(snapshots: Snapshots, query: HistoryQuery): Promise<HistoryAnswer> {
  const parts = [query, ...(query.others ?? [])];
  checkQuery(query, parts);
  const buckets = new Buckets(query);
  const devices = [...new Set(parts.map(({ device }) => device))];
  const metrics = [...new Set(parts.flatMap((part) => part.metrics))];
  return snapshots.run(
    { device: query.device, devices, metrics, fromMs: query.fromMs, toMs: query.toMs },
    (streams) => {
      const walk = { snapshots, buckets, query, recent: new RecentRuns() };
      const series = parts.flatMap((part) => {
        const own = streams.filter(({ device }) => device === part.device);
        return part.metrics.map((metric) => answerSeries(walk, own, { device: part.device, metric }));
      });
      const through = streams.map(({ key, committedSeq }) => ({ stream: key as StreamKey, seq: committedSeq }));
      return { series, edgesMs: buckets.edges, through };
    },
  );
}

function checkQuery({ buckets, fromMs, toMs }: HistoryQuery, parts: readonly HistoryPart[]): void {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > bucketsMax) {
    throw new RangeError(`A history has 1 to ${bucketsMax} buckets, not ${buckets}.`);
  }
  if (buckets * parts.reduce((sum, { metrics }) => sum + metrics.length, 0) > cellsMax) {
    throw new RangeError(`A history has at most ${cellsMax} buckets over all its metrics.`);
  }
  if (!(toMs > fromMs && Number.isFinite(toMs - fromMs))) throw new RangeError('A history ends after it begins.');
}

interface Walk {
  readonly snapshots: Snapshots;
  readonly buckets: Buckets;
  readonly query: HistoryQuery;
  readonly recent: RecentRuns;
}
interface SeriesName {
  readonly device: HistorySeries['device'];
  readonly metric: number;
}

function answerSeries(walk: Walk, streams: readonly SnapshotStream[], { device, metric }: SeriesName): HistorySeries {
  const { snapshots, buckets, query } = walk;
  const isText = snapshots.isText(device, metric);
  const draft = new SeriesDraft(buckets, query.increase === true && !isText);
  const sources: Source[] = [];
  const blocks = snapshots.findColumnBlocks(device, { metric, isText }, query);
  for (const stream of streams) {
    for (const block of blocks.get(stream.key) ?? []) {
      snapshots.throwIfAborted();
      const source = new BlockSource(walk, block, { metric, isText });
      if (addBlock(draft, buckets, source)) sources.push(source);
    }
    for (const head of stream.columns) {
      if (head.metric !== metric || head.values instanceof Float64Array === isText) continue;
      const run = sortRun({ values: head.values, count: head.times.length, rowOf: null }, head.times);
      const source = { readRun: () => run };
      draft.addRun(source, run);
      sources.push(source);
    }
  }
  const columns = draft.finish();
  const { gapIntervals, pointsMax } = query;
  const timesOf = (bucket: number) => draft.readTimes(bucket);
  const wantsPoints = pointsMax !== undefined && !isText;
  return {
    device,
    metric,
    ...columns,
    texts: isText ? collectTextChanges({ snapshots, streams }, metric, query) : [],
    gaps: gapIntervals === undefined ? [] : findGaps(buckets, { count: columns.count, timesOf }, gapIntervals),
    points: wantsPoints ? collectPoints(sources, { count: columns.count, range: query, pointsMax }) : null,
  };
}

/** False where the column has nothing in the range. */
function addBlock(draft: SeriesDraft, buckets: Buckets, source: BlockSource): boolean {
  const known = source.findCompact();
  if (known !== null) return draft.addCompact(source, known);
  const stats = source.readStats();
  if (stats === null) return false;
  const { edges, count } = buckets;
  if (stats.lastMs < edges[0]! || stats.firstMs >= edges[count]!) return false;
  const bucket = buckets.placeOf(stats.firstMs);
  if (bucket >= 0 && bucket === buckets.placeOf(stats.lastMs) && !draft.wantsRise) {
    const { firstMs, lastMs, ...rest } = stats;
    const times = { firstLo: firstMs, firstHi: firstMs, lastLo: lastMs, lastHi: lastMs };
    draft.add({ source, bucket, ...rest, ...times, rise: 0, riseFirst: Number.NaN, riseLast: Number.NaN });
    return true;
  }
  const rollup = source.readRollup();
  const tier = rollup === null ? null : chooseTier(rollup, buckets, { stats, wantsRise: draft.wantsRise });
  if (tier !== null) {
    addCells({ draft, buckets, source }, tier, stats);
    return true;
  }
  const compact = source.readCompact();
  if (compact !== null) return draft.addCompact(source, compact);
  const run = source.readRun();
  if (run !== null) draft.addRun(source, run);
  else if (rollup !== null) addCells({ draft, buckets, source }, rollup.decode(rollup.tiersMs.length - 1), stats);
  return true;
}
