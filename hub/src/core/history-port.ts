/**
 * What the hub's core asks of stored readings: history in buckets, and readings as they came. Types only; a part of ports.ts, which
 * passes them on.
 */
import type { DeviceKey, StreamKey } from './store-keys.ts';

export interface HistoryPart {
  readonly device: DeviceKey;
  /** Of the device; each is one series of the answer. */
  readonly metrics: readonly number[];
}
/**
 * Bucket i covers [edge i, edge i + 1) of sample time, where edge i is fromMs + i · (toMs − fromMs) / buckets. `align: 'grid'`
 * moves all but the outer two edges by at most a sixteenth of a bucket, to where rollups are cut (`HistoryAnswer.edgesMs`):
 * then long ranges cost little. By default, 'exact', no edge is moved.
 */
export interface HistoryQuery extends HistoryPart {
  /** Further devices, in the same buckets and on the same view of the store. */
  readonly others?: readonly HistoryPart[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly buckets: number;
  readonly align?: 'exact' | 'grid';
  /** Also by how much counters rose (`HistorySeries.increase`). */
  readonly increase?: boolean;
  /** Also stretches without readings (`HistorySeries.gaps`) longer than this many times the series' usual interval. */
  readonly gapIntervals?: number;
  /** Also the readings themselves, thinned out to this many (`HistorySeries.points`), where the range does not hold too many. */
  readonly pointsMax?: number;
}
/**
 * One metric in equal buckets. Where `count` is 0 the others are NaN (but `increase`, which is 0). NaN readings count and may be
 * first or last, but join no min, max or sum: the mean is sum / numbers.
 *
 * Two readings of one metric at one time are two readings: both are kept, both count. In order they stand by (stream, sequence,
 * row), so the one of the newer stream, or the later one of its stream, is `last`.
 */
export interface HistorySeries {
  readonly device: DeviceKey;
  readonly metric: number;
  readonly count: Float64Array;
  /** Readings that joined min, max and sum. */
  readonly numbers: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  /**
   * Where asked for, else empty: the sum, over the readings in the bucket, of how much each rose from the one before it in the
   * range. A reading lower than the one before it is a counter that was reset, and rose from 0. Readings that are not finite
   * are left out.
   */
  readonly increase: Float64Array;
  /** Text metrics only: each change of value in the range (at most `buckets`, the newest), else empty. */
  readonly texts: readonly { readonly timeMs: number; readonly value: string }[];
  /** From the last reading before to the first after, longest first where there are too many, in order of time. */
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Null where not asked for, or where the range holds too many readings. Thinning (MinMaxLTTB) keeps first, last and extremes. */
  readonly points: { readonly timesMs: Float64Array; readonly values: Float64Array } | null;
}
export interface HistoryAnswer {
  readonly series: readonly HistorySeries[];
  /** buckets + 1 of them. */
  readonly edgesMs: Float64Array;
  /** For every stream of the devices: the answer holds all readings up to this sequence number, and none behind it. */
  readonly through: readonly { readonly stream: StreamKey; readonly seq: number }[];
  /** Stored columns left out because they are damaged; absent for none. */
  readonly damaged?: number;
}

export interface ReadingsQuery {
  readonly device: DeviceKey;
  readonly metric: number;
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly limit: number;
  /** Readings at exactly fromMs to leave out: with the last answer's nextMs and nextSkip, the next page. */
  readonly skip: number;
}
/** Readings as they came, in order of (sample time, stream, sequence, row): none merged, none dropped. */
export interface ReadingsAnswer {
  readonly timesMs: Float64Array;
  /** Hub time of arrival of each. */
  readonly arrivedMs: Float64Array;
  /** Numbers (bools as 0 and 1); empty for a text metric. */
  readonly values: Float64Array;
  readonly texts: readonly string[];
  /** Where the next page starts; NaN when this was the last. */
  readonly nextMs: number;
  readonly nextSkip: number;
  /** Stored columns left out because they are damaged; absent for none. */
  readonly damaged?: number;
}
