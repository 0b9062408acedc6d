/**
 * The buckets of a history query: their edges, and which one a time falls into.
 *
 * Bucket i covers [edges[i], edges[i + 1]). Edges are from + i · (to − from) / buckets, in doubles; on a grid, all but the outer two
 * are moved to the nearest multiple of `gridMs`, so that no cell of a rollup is cut. Owns its edges.
 */
import { tiersMs } from './rollup.ts';

/** The grid is the longest tier of which a bucket holds this many: an edge moves by a sixteenth of a bucket at most. */
const gridPerBucketMin = 8;

export class Buckets {
  readonly edges: Float64Array;
  /** 0 where edges are exact. */
  readonly gridMs: number;
  readonly count: number;
  private readonly fromMs: number;
  private readonly perMs: number;

  constructor(query: { fromMs: number; toMs: number; buckets: number; align?: 'exact' | 'grid' }) {
    const { fromMs, toMs, buckets } = query;
    const bucketMs = (toMs - fromMs) / buckets;
    this.count = buckets;
    this.fromMs = fromMs;
    this.perMs = 1 / bucketMs;
    this.gridMs = query.align === 'grid' ? findGrid(bucketMs) : 0;
    this.edges = new Float64Array(buckets + 1);
    for (let i = 0; i < buckets; i++) this.edges[i] = fromMs + (i * (toMs - fromMs)) / buckets;
    this.edges[buckets] = toMs;
    if (this.gridMs === 0) return;
    for (let i = 1; i < buckets; i++) this.edges[i] = Math.round(this.edges[i]! / this.gridMs) * this.gridMs;
  }

  /** −1 in front of the range, `count` behind it. Rises with the time. */
  placeOf(timeMs: number): number {
    const { edges, count } = this;
    if (timeMs < edges[0]!) return -1;
    if (timeMs >= edges[count]!) return count;
    let place = Math.floor((timeMs - this.fromMs) * this.perMs);
    if (place >= count) place = count - 1;
    while (timeMs < edges[place]!) place--;
    while (timeMs >= edges[place + 1]!) place++;
    return place;
  }
}

function findGrid(bucketMs: number): number {
  return tiersMs.findLast((tierMs) => tierMs * gridPerBucketMin <= bucketMs) ?? 0;
}
