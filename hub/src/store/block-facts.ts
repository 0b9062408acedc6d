/**
 * What a block says about how it came: how many readings, how many of them late or backfilled, the usual time between rows, and which
 * stretches of sample time it covers without a hole. Completeness is answered from these alone; no value is decoded for it.
 *
 * Layout: u8 1, unsigned readings, late, backfilled, f64 interval, f64 gap bound, then covered and late stretches as unsigned
 * milliseconds, each from the end of the one before. Layout 2 has the block's parts (block-parts.ts) behind them. No state.
 */
import type { BatchScratch } from '@lapwing/protocol';
import { type BlockPart, putParts, takeParts } from './block-parts.ts';
import { ByteSink, ByteSource } from './byte-sink.ts';

/** A reading that arrives this long after its sample time is late; what the device marks as backfill is counted as that instead. */
export const lateMs = 60_000;
/** A hole is a pause longer than this many usual intervals (of the longest five in a hundred). */
const gapIntervals = 3;
const coveredMax = 64;
const lateStretchesMax = 32;
const sampledMax = 256;

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}
export interface LateStretch extends Stretch {
  readonly rows: number;
}
export interface ArrivalCounts {
  readonly readings: number;
  readonly late: number;
  readonly backfilled: number;
}
export interface BlockFacts extends ArrivalCounts {
  /** Median time between rows; NaN where fewer than three tell. */
  readonly intervalMs: number;
  /** A pause longer than this is a hole; NaN where it is not known. */
  readonly gapMs: number;
  /** In order of time, apart from each other. */
  readonly covered: readonly Stretch[];
  readonly late: number;
  readonly lateStretches: readonly LateStretch[];
  /** Where it holds more streams than one. */
  readonly parts: readonly BlockPart[];
}

/** Readings of a batch that count as late, by the rows' own times. */
export function countLate(batch: BatchScratch, arrivedMs: number): number {
  let late = 0;
  for (let r = 0; r < batch.rows; r++) {
    if (arrivedMs - batch.times[r]! <= lateMs) continue;
    for (let c = 0; c < batch.columns; c++) {
      if (batch.presentAll[c] === 1 || batch.present[c * batch.rows + r] === 1) late++;
    }
  }
  return late;
}

export function gatherFacts(times: Float64Array, arrivals: Float64Array, counts: ArrivalCounts): BlockFacts {
  const sorted = sortTimes(times);
  const { intervalMs, gapMs } = learnInterval(sorted);
  const covered = coverTimes(sorted, gapMs);
  return { ...counts, intervalMs, gapMs, covered, lateStretches: findLate(times, arrivals), parts: [] };
}

/** Facts of blocks that become one of these parts. */
export function joinFacts(list: readonly BlockFacts[], parts: readonly BlockPart[]): BlockFacts {
  const sum = (pick: (facts: BlockFacts) => number) => list.reduce((total, facts) => total + pick(facts), 0);
  const gapMs = middleOf(list.map((facts) => facts.gapMs));
  return {
    readings: sum((facts) => facts.readings),
    late: sum((facts) => facts.late),
    backfilled: sum((facts) => facts.backfilled),
    intervalMs: middleOf(list.map((facts) => facts.intervalMs)),
    gapMs,
    covered: boundStretches(
      joinStretches(
        list.flatMap(({ covered }) => covered),
        gapMs,
      ),
      coveredMax,
    ),
    lateStretches: joinLate(list.flatMap(({ lateStretches }) => lateStretches)),
    parts,
  };
}

/** Stretches in order of time; those that touch, or lie no further apart than `apartMs`, are one. */
export function joinStretches(list: readonly Stretch[], apartMs: number): Stretch[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of list.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last !== undefined && (fromMs <= last.toMs || fromMs - last.toMs <= apartMs)) {
      last.toMs = Math.max(last.toMs, toMs);
    } else joined.push({ fromMs, toMs });
  }
  return joined;
}

export function middleOf(list: readonly number[]): number {
  const known = list.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return known.length === 0 ? Number.NaN : known[known.length >> 1]!;
}

function sortTimes(times: Float64Array): Float64Array {
  for (let i = 1; i < times.length; i++) if (times[i]! < times[i - 1]!) return times.slice().sort();
  return times;
}

function learnInterval(sorted: Float64Array): { intervalMs: number; gapMs: number } {
  const step = Math.max(1, Math.ceil((sorted.length - 1) / sampledMax));
  const pauses: number[] = [];
  for (let i = 1; i < sorted.length; i += step) {
    if (sorted[i]! > sorted[i - 1]!) pauses.push(sorted[i]! - sorted[i - 1]!);
  }
  if (pauses.length < 3) return { intervalMs: Number.NaN, gapMs: Number.NaN };
  pauses.sort((a, b) => a - b);
  return {
    intervalMs: pauses[pauses.length >> 1]!,
    gapMs: gapIntervals * pauses[Math.floor((pauses.length - 1) * 0.95)]!,
  };
}

function coverTimes(sorted: Float64Array, gapMs: number): Stretch[] {
  const covered: Stretch[] = [];
  let fromMs = sorted[0]!;
  for (let i = 1; i < sorted.length; i++) {
    if (!(sorted[i]! - sorted[i - 1]! > gapMs)) continue;
    covered.push({ fromMs, toMs: sorted[i - 1]! });
    fromMs = sorted[i]!;
  }
  covered.push({ fromMs, toMs: sorted.at(-1)! });
  return boundStretches(covered, coveredMax);
}

/** Closes the shortest holes until at most `max` stretches are left. */
function boundStretches(covered: Stretch[], max: number): Stretch[] {
  if (covered.length <= max) return covered;
  const holes = covered.slice(1).map(({ fromMs }, i) => fromMs - covered[i]!.toMs);
  const bound = holes.toSorted((a, b) => b - a)[max - 1]!;
  return joinStretches(covered, bound);
}

function findLate(times: Float64Array, arrivals: Float64Array): LateStretch[] {
  const found: LateStretch[] = [];
  let open: { fromMs: number; toMs: number; rows: number } | null = null;
  for (let row = 0; row < times.length; row++) {
    const time = times[row]!;
    if (arrivals[row]! - time <= lateMs) {
      open = null;
    } else if (open === null || time < open.toMs) {
      open = { fromMs: time, toMs: time, rows: 1 };
      found.push(open);
    } else {
      open.toMs = time;
      open.rows++;
    }
  }
  return joinLate(found);
}

function joinLate(list: readonly LateStretch[]): LateStretch[] {
  let joined = list.toSorted((a, b) => a.fromMs - b.fromMs);
  while (joined.length > lateStretchesMax) {
    const half: LateStretch[] = [];
    for (let i = 0; i < joined.length; i += 2) {
      const [a, b] = [joined[i]!, joined[i + 1] ?? joined[i]!];
      half.push({ fromMs: a.fromMs, toMs: Math.max(a.toMs, b.toMs), rows: a === b ? a.rows : a.rows + b.rows });
    }
    joined = half;
  }
  return joined;
}

const sink = new ByteSink();

export function encodeFacts(facts: BlockFacts): Uint8Array {
  sink.clear();
  sink.putByte(facts.parts.length === 0 ? 1 : 2);
  sink.putUnsigned(facts.readings);
  sink.putUnsigned(facts.late);
  sink.putUnsigned(facts.backfilled);
  sink.putFloat64(facts.intervalMs);
  sink.putFloat64(facts.gapMs);
  putStretches(facts.covered);
  putStretches(facts.lateStretches);
  for (const { rows } of facts.lateStretches) sink.putUnsigned(rows);
  if (facts.parts.length > 0) putParts(sink, facts.parts);
  return sink.take();
}

function putStretches(list: readonly Stretch[]): void {
  sink.putUnsigned(list.length);
  let before = 0;
  for (const { fromMs, toMs } of list) {
    // Late stretches may overlap, and times may lie before 1970: signed.
    putSigned(Math.floor(fromMs) - before);
    putSigned(Math.ceil(toMs) - Math.floor(fromMs));
    before = Math.ceil(toMs);
  }
}
function putSigned(value: number): void {
  sink.putUnsigned(value < 0 ? -2 * value - 1 : 2 * value);
}

/** Only the first number of them. */
export function takeReadings(bytes: Uint8Array): number {
  const source = new ByteSource(bytes);
  source.takeByte();
  return source.takeUnsigned();
}

export function decodeFacts(bytes: Uint8Array): BlockFacts {
  const source = new ByteSource(bytes);
  const hasParts = source.takeByte() === 2;
  const counts = {
    readings: source.takeUnsigned(),
    late: source.takeUnsigned(),
    backfilled: source.takeUnsigned(),
    intervalMs: source.takeFloat64(),
    gapMs: source.takeFloat64(),
    covered: takeStretches(source),
  };
  const lateStretches = takeStretches(source).map((stretch) => ({ ...stretch, rows: source.takeUnsigned() }));
  return { ...counts, lateStretches, parts: hasParts ? takeParts(source) : [] };
}

function takeStretches(source: ByteSource): Stretch[] {
  const takeSigned = () => {
    const value = source.takeUnsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  let before = 0;
  return Array.from({ length: source.takeUnsigned() }, () => {
    const fromMs = before + takeSigned();
    before = fromMs + takeSigned();
    return { fromMs, toMs: before };
  });
}
