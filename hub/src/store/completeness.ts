/**
 * Completeness of a device over a range, out of what its blocks and heads say of themselves: what came, what the device skipped,
 * which stretches nothing covers, and why.
 *
 * Nothing here is kept: holes are what the covered stretches of all streams leave open, so late data closes them by itself. Missing
 * readings are estimated: the hole's length in usual intervals, times the usual readings of a row. Decides only; reads nothing.
 */
import type { CompletenessGap, GapCause } from '../core/ports.ts';
import {
  type ArrivalCounts,
  type BlockFacts,
  joinStretches,
  type LateStretch,
  middleOf,
  type Stretch,
} from './block-facts.ts';

/** Where no interval was learnt, a pause is a hole from here on. */
const gapMsUnlearnt = 900_000;
const restartSlackMs = 60_000;

/** Facts of a block or head, and the share of its rows that lies in the range. */
export interface Piece {
  readonly stream: number;
  readonly facts: BlockFacts;
  readonly rows: number;
  readonly share: number;
  /** By stream, where the block holds several. */
  readonly parts?: readonly StreamPart[];
}
export interface StreamPart {
  readonly stream: number;
  readonly facts: ArrivalCounts;
  readonly share: number;
}
export interface Skip extends Stretch {
  readonly reason: string;
  readonly readings: number;
}
/** What is known of why nothing came. */
export interface Circumstances {
  readonly skips: readonly Skip[];
  /** When no hub was running. */
  readonly downs: readonly Stretch[];
  /** When the device had no link and was not asleep by its own word. */
  readonly outages: readonly Stretch[];
  /** When each stream but the device's first was opened; files' do not count. */
  readonly restartsMs: readonly number[];
  /** When the device itself began to speak, where files had been read before; NaN where none were. */
  readonly joinedMs: number;
}
export interface Totals {
  received: number;
  late: number;
  backfilled: number;
  skipped: number;
  missing: number;
}

export function sumPieces(pieces: readonly Omit<StreamPart, 'stream'>[]): Totals {
  const totals = { received: 0, late: 0, backfilled: 0, skipped: 0, missing: 0 };
  for (const { facts, share } of pieces) {
    totals.received += facts.readings * share;
    totals.late += facts.late * share;
    totals.backfilled += facts.backfilled * share;
  }
  for (const name of ['received', 'late', 'backfilled'] as const) totals[name] = Math.round(totals[name]);
  return totals;
}

/** Usual time between rows, the pause from which on it is a hole, usual readings of a row. */
export function learnPace(pieces: readonly Piece[]) {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const readings = pieces.reduce((sum, { facts }) => sum + facts.readings, 0);
  const gapMs = middleOf(pieces.map(({ facts }) => facts.gapMs));
  return {
    intervalMs: middleOf(pieces.map(({ facts }) => facts.intervalMs)),
    gapMs: Number.isNaN(gapMs) ? gapMsUnlearnt : gapMs,
    readingsPerRow: rows === 0 ? 0 : readings / rows,
  };
}

export type Pace = ReturnType<typeof learnPace>;

/** What nothing covers between range.fromMs and range.toMs, longer than a usual pause. */
export function findHoles(pieces: readonly Piece[], range: Stretch, { gapMs }: Pace): Stretch[] {
  const covered = joinStretches(
    pieces.flatMap(({ facts }) => facts.covered),
    gapMs,
  );
  const holes: Stretch[] = [];
  let fromMs = range.fromMs;
  for (const stretch of covered) {
    if (stretch.toMs < range.fromMs) continue;
    if (stretch.fromMs >= range.toMs) break;
    if (stretch.fromMs - fromMs > gapMs) holes.push({ fromMs, toMs: stretch.fromMs });
    fromMs = Math.max(fromMs, stretch.toMs);
  }
  if (range.toMs - fromMs > gapMs) holes.push({ fromMs, toMs: range.toMs });
  return holes;
}

export function describeHole(hole: Stretch, pace: Pace, known: Circumstances): CompletenessGap {
  const cause = chooseCause(hole, known);
  const isExpected = cause !== 'not-connected-yet' && !Number.isNaN(pace.intervalMs);
  const rows = isExpected ? Math.max(0, Math.round((hole.toMs - hole.fromMs) / pace.intervalMs) - 1) : 0;
  return { ...hole, cause, because: null, readings: Math.round(rows * pace.readingsPerRow) };
}

/** A stretch that came late, and whether a file brought it. */
export type FilledStretch = LateStretch & { readonly isImport: boolean };

/** Stretches whose readings came late or as a backfill: a hole in arrival that was filled. */
export function describeFilled(late: readonly FilledStretch[], pace: Pace, known: Circumstances): CompletenessGap[] {
  const filled: FilledStretch[] = [];
  for (const stretch of late.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = filled.at(-1);
    const isOne = last !== undefined && last.isImport === stretch.isImport && stretch.fromMs - last.toMs <= pace.gapMs;
    if (isOne) {
      filled[filled.length - 1] = {
        ...last,
        toMs: Math.max(last.toMs, stretch.toMs),
        rows: last.rows + stretch.rows,
      };
    } else filled.push(stretch);
  }
  return filled.map(({ fromMs, toMs, rows, isImport }) => {
    const because = isImport ? 'imported' : chooseCause({ fromMs, toMs }, known);
    return { fromMs, toMs, cause: 'backfilled', because, readings: Math.round(rows * pace.readingsPerRow) };
  });
}

/** What the device said first; then what explains at least half of the hole, the hub's own absence before the device's. */
export function chooseCause(hole: Stretch, known: Circumstances): GapCause {
  const { skips, downs, outages, restartsMs, joinedMs } = known;
  const skip = skips.find((one) => overlapOf(one, hole) >= 0);
  if (skip !== undefined) return `skipped-${skip.reason}` as GapCause;
  if (joinedMs > hole.fromMs && joinedMs <= hole.toMs + restartSlackMs) return 'not-connected-yet';
  const half = (hole.toMs - hole.fromMs) / 2;
  const down = sumOverlap(downs, hole);
  const outage = sumOverlap(outages, hole);
  if (down > 0 && down >= half) return 'hub-down';
  if (restartsMs.some((ms) => ms > hole.fromMs && ms <= hole.toMs + restartSlackMs)) return 'device-restarted';
  if (outage > 0 && outage >= half) return 'device-offline';
  if (down > 0) return 'hub-down';
  return outage > 0 ? 'device-offline' : 'unknown';
}

function overlapOf(a: Stretch, b: Stretch): number {
  return Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs);
}
function sumOverlap(list: readonly Stretch[], hole: Stretch): number {
  return list.reduce((sum, one) => sum + Math.max(0, overlapOf(one, hole)), 0);
}
