/**
 * One metric's buckets while they fill: pieces of blocks and heads, each inside one bucket, and what they add up to.
 *
 * A piece made from readings knows exactly when its first and last were; one made from a rollup knows it to within a cell. That is
 * enough as long as no other piece of the bucket may lie in between; where one may, the bucket's readings are read after all, so
 * the answer is the naive one. Sources come in order (stream, seq); among equal times the earlier source is first, the later last.
 * Owns its pieces.
 */
import type { HistorySeries } from '../core/ports.ts';
import type { CompactRun, RunSummary } from './compact-run.ts';
import type { Buckets } from './history-buckets.ts';
import { stepOf, type TimedRun } from './rollup-cells.ts';

/** A block's column or a head's: in order of time when read. */
export interface Source {
  /** Null where the readings are gone (retention) or damaged: then a rollup's word is all there is. */
  readRun(): TimedRun | null;
}

export interface Piece {
  readonly source: Source;
  readonly bucket: number;
  count: number;
  numbers: number;
  min: number;
  max: number;
  sum: number;
  first: number;
  last: number;
  /** The first reading's time lies in firstLo … firstHi; where they are equal it is known. */
  firstLo: number;
  firstHi: number;
  lastLo: number;
  lastHi: number;
  /** Rise of a counter inside the piece, from `riseFirst` to `riseLast`; NaN where it is not known. */
  rise: number;
  riseFirst: number;
  riseLast: number;
}

export type SeriesColumns = Pick<
  HistorySeries,
  'count' | 'numbers' | 'min' | 'max' | 'sum' | 'first' | 'last' | 'increase'
>;

/** Readings of a bucket in order of time; `null` where some of them can not be read. */
type BucketRun = { readonly times: number[]; readonly values: number[] } | null;

export class SeriesDraft {
  readonly wantsRise: boolean;
  private readonly buckets: Buckets;
  private readonly pieces: Piece[][];

  constructor(buckets: Buckets, wantsRise: boolean) {
    this.buckets = buckets;
    this.wantsRise = wantsRise;
    this.pieces = Array.from({ length: buckets.count }, () => []);
  }

  add(piece: Piece): void {
    this.pieces[piece.bucket]!.push(piece);
  }

  /** Readings in order of time; those outside the range are passed over. */
  addRun(source: Source, run: TimedRun): void {
    const { buckets } = this;
    let start = 0;
    while (start < run.length) {
      const bucket = buckets.placeOf(run.times[start]!);
      if (bucket >= buckets.count) return;
      const endMs = bucket < 0 ? buckets.edges[0]! : buckets.edges[bucket + 1]!;
      let end = start + 1;
      while (end < run.length && run.times[end]! < endMs) end++;
      if (bucket >= 0) this.add(makePiece(source, bucket, { run, start, end, wantsRise: this.wantsRise }));
      start = end;
    }
  }

  /** As `addRun`, without a look at each reading. False where none is in the range. */
  addCompact(source: Source, run: CompactRun): boolean {
    const { buckets, wantsRise } = this;
    const { times } = run;
    let start = times.findStart(buckets.edges[0]!);
    if (start === run.length || times.at(start) >= buckets.edges[buckets.count]!) return false;
    while (start < run.length) {
      const bucket = buckets.placeOf(times.at(start));
      if (bucket >= buckets.count) break;
      const end = times.findStart(buckets.edges[bucket + 1]!, start + 1);
      this.add(makeCompactPiece(source, bucket, { run, start, end, wantsRise }));
      start = end;
    }
    return true;
  }

  finish(): SeriesColumns {
    const { count: length } = this.buckets;
    // One buffer: it is handed from thread to thread.
    const memory = new Float64Array(length * (this.wantsRise ? 8 : 7));
    const column = (i: number) => memory.subarray(i * length, (i + 1) * length);
    memory.fill(Number.NaN, 2 * length, 7 * length);
    const columns = {
      count: column(0),
      numbers: column(1),
      min: column(2),
      max: column(3),
      sum: column(4),
      first: column(5),
      last: column(6),
      increase: this.wantsRise ? column(7) : new Float64Array(0),
    };
    for (let bucket = 0; bucket < length; bucket++) {
      const pieces = this.pieces[bucket]!;
      if (pieces.length > 0) this.finishBucket(columns, bucket, pieces);
    }
    if (this.wantsRise) this.addSteps(columns.increase);
    return columns;
  }

  /** When a bucket's first and last readings were: exactly, unless these are gone. */
  readTimes(bucket: number): { firstMs: number; lastMs: number } {
    const pieces = this.pieces[bucket]!;
    const first = findFirst(pieces);
    const last = findLast(pieces);
    const known = first !== null && last !== null && first.firstLo === first.firstHi && last.lastLo === last.lastHi;
    const run = known ? null : readBucket(this.buckets, bucket, pieces);
    if (run !== null) return { firstMs: run.times[0]!, lastMs: run.times.at(-1)! };
    return {
      firstMs: Math.min(...pieces.map(({ firstLo }) => firstLo)),
      lastMs: Math.max(...pieces.map(({ lastHi }) => lastHi)),
    };
  }

  private finishBucket(columns: SeriesColumns, bucket: number, pieces: readonly Piece[]): void {
    for (const piece of pieces) addPiece(columns, piece);
    const first = findFirst(pieces);
    const last = findLast(pieces);
    const run = first !== null && last !== null ? null : readBucket(this.buckets, bucket, pieces);
    if (run !== null) {
      columns.first[bucket] = run.values[0]!;
      columns.last[bucket] = run.values.at(-1)!;
      return;
    }
    // Of readings that are gone the order is no longer known to the millisecond.
    columns.first[bucket] = (first ?? pieces.reduce((a, b) => (b.firstLo < a.firstLo ? b : a))).first;
    columns.last[bucket] = (last ?? pieces.reduce((a, b) => (b.lastHi >= a.lastHi ? b : a))).last;
  }

  /** Every reading rises from the one before it in the range, whichever bucket that is in. */
  private addSteps(increase: Float64Array): void {
    let before = Number.NaN;
    for (let bucket = 0; bucket < this.pieces.length; bucket++) {
      for (const { rise, riseFirst, riseLast } of this.orderRises(bucket)) {
        if (Number.isNaN(riseFirst)) continue;
        increase[bucket]! += rise + (Number.isNaN(before) ? 0 : stepOf(before, riseFirst));
        before = riseLast;
      }
    }
  }

  private orderRises(bucket: number): readonly Pick<Piece, 'rise' | 'riseFirst' | 'riseLast'>[] {
    const pieces = this.pieces[bucket]!;
    if (pieces.length < 2 && !Number.isNaN(pieces[0]?.rise ?? 0)) return pieces;
    const ordered = pieces.toSorted((a, b) => a.firstLo - b.firstLo);
    const clear = ordered.every(
      (piece, i) => !Number.isNaN(piece.rise) && (i === 0 || ordered[i - 1]!.lastHi < piece.firstLo),
    );
    if (clear) return ordered;
    const run = readBucket(this.buckets, bucket, pieces);
    return run === null
      ? ordered.filter(({ rise }) => !Number.isNaN(rise))
      : [findRise(run.values, 0, run.values.length)];
  }
}

function makePiece(
  source: Source,
  bucket: number,
  { run, start, end, wantsRise }: { run: TimedRun; start: number; end: number; wantsRise: boolean },
): Piece {
  const { times, values } = run;
  const firstMs = times[start]!;
  const lastMs = times[end - 1]!;
  let numbers = 0;
  let min = Number.NaN;
  let max = Number.NaN;
  let sum = Number.NaN;
  if (values !== null) {
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      sum = numbers++ === 0 ? value : sum + value;
      if (!(value >= min)) min = value;
      if (!(value <= max)) max = value;
    }
  }
  return {
    source,
    bucket,
    count: end - start,
    numbers,
    min,
    max,
    sum,
    first: values === null ? Number.NaN : values[start]!,
    last: values === null ? Number.NaN : values[end - 1]!,
    firstLo: firstMs,
    firstHi: firstMs,
    lastLo: lastMs,
    lastHi: lastMs,
    ...(wantsRise && values !== null ? findRise(values, start, end) : noRise),
  };
}

const summary: RunSummary = { min: 0, max: 0, sum: 0 };

function makeCompactPiece(
  source: Source,
  bucket: number,
  { run, start, end, wantsRise }: { run: CompactRun; start: number; end: number; wantsRise: boolean },
): Piece {
  const firstMs = run.times.at(start);
  const lastMs = run.times.at(end - 1);
  run.summarize(start, end, summary);
  const rise = wantsRise ? findRise(run.copyValues(start, end), 0, end - start) : noRise;
  return {
    source,
    bucket,
    count: end - start,
    numbers: end - start,
    min: summary.min,
    max: summary.max,
    sum: summary.sum,
    first: run.valueAt(start),
    last: run.valueAt(end - 1),
    firstLo: firstMs,
    firstHi: firstMs,
    lastLo: lastMs,
    lastHi: lastMs,
    rise: rise.rise,
    riseFirst: rise.riseFirst,
    riseLast: rise.riseLast,
  };
}

const noRise = { rise: 0, riseFirst: Number.NaN, riseLast: Number.NaN } as const;

/** Readings that are not finite say nothing about a counter and are left out. */
function findRise(values: ArrayLike<number>, start: number, end: number) {
  let riseFirst = Number.NaN;
  let before = Number.NaN;
  let rise = 0;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (Number.isNaN(before)) riseFirst = value;
    else rise += stepOf(before, value);
    before = value;
  }
  return { rise, riseFirst, riseLast: before };
}

function addPiece({ count, numbers, min, max, sum }: SeriesColumns, piece: Piece): void {
  const { bucket } = piece;
  count[bucket]! += piece.count;
  if (piece.numbers === 0) return;
  sum[bucket] = numbers[bucket] === 0 ? piece.sum : sum[bucket]! + piece.sum;
  numbers[bucket]! += piece.numbers;
  if (!(piece.min >= min[bucket]!)) min[bucket] = piece.min;
  if (!(piece.max <= max[bucket]!)) max[bucket] = piece.max;
}

/** The piece with the first reading; null where readings must decide. */
function findFirst(pieces: readonly Piece[]): Piece | null {
  if (pieces.length === 1) return pieces[0]!;
  let hiMs = Number.POSITIVE_INFINITY;
  for (const { firstHi } of pieces) if (firstHi < hiMs) hiMs = firstHi;
  const candidates = pieces.filter(({ firstLo }) => firstLo <= hiMs);
  return candidates.length === 1 || candidates.every(({ firstLo, firstHi }) => firstLo === firstHi)
    ? candidates[0]!
    : null;
}

function findLast(pieces: readonly Piece[]): Piece | null {
  if (pieces.length === 1) return pieces[0]!;
  let loMs = Number.NEGATIVE_INFINITY;
  for (const { lastLo } of pieces) if (lastLo > loMs) loMs = lastLo;
  const candidates = pieces.filter(({ lastHi }) => lastHi >= loMs);
  return candidates.length === 1 || candidates.every(({ lastLo, lastHi }) => lastLo === lastHi)
    ? candidates.at(-1)!
    : null;
}

function readBucket({ edges }: Buckets, bucket: number, pieces: readonly Piece[]): BucketRun {
  const found: { timeMs: number; value: number }[] = [];
  for (const source of new Set(pieces.map((piece) => piece.source))) {
    const run = source.readRun();
    if (run === null) return null;
    for (let i = findStart(run, edges[bucket]!); i < run.length && run.times[i]! < edges[bucket + 1]!; i++) {
      found.push({ timeMs: run.times[i]!, value: run.values === null ? Number.NaN : run.values[i]! });
    }
  }
  // Stable: among equal times the order of the sources stays.
  found.sort((a, b) => a.timeMs - b.timeMs);
  return { times: found.map(({ timeMs }) => timeMs), values: found.map(({ value }) => value) };
}

/** The first reading at or after `timeMs`. */
export function findStart({ times, length }: TimedRun, timeMs: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
