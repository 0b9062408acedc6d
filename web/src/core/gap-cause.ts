/**
 * Why a stretch of a chart is empty, in words: from the causes that the hub knows, or at least the holes that a device declared.
 *
 * Owns no state. Invariant: what nobody declared is never called lost; what a device declared lost is never called anything else.
 */
import { formatSpan } from './number-format.ts';

/** One hole as GET /api/v1/devices/:id/gaps tells it; times are 0 and readings 0 when the device did not know them. */
export interface DeclaredGap {
  readonly stream: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
}

/** One gap as GET /api/v1/devices/:id/completeness tells it: `skipped-…` was declared, the rest is what the hub saw. */
export interface CausedGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cause: string;
  /** Of a backfilled stretch: why it did not come at once. */
  readonly because: string | null;
  /** 0: not known. */
  readonly readings: number;
}

/** A stretch in which the device had no link, or nobody can know. */
export interface LinkGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: 'offline' | 'asleep' | 'hub-down';
}

export interface Completeness {
  /** Null where nothing was expected. */
  readonly percent: number | null;
  readonly received: number;
  readonly late: number;
  readonly backfilled: number;
  readonly skipped: number;
  readonly missing: number;
  readonly gaps: readonly CausedGap[];
  /** In order; absent where the hub does not tell. */
  readonly links?: readonly LinkGap[];
  /** Sample time of the first reading in the stretch; null for none. */
  readonly firstMs?: number | null;
}

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Holes of unknown time are nowhere on a chart. */
export function readDeclared(gaps: readonly DeclaredGap[]): CausedGap[] {
  return gaps
    .filter((gap) => gap.toMs > 0)
    .map(({ fromMs, toMs, reason, readings }) => ({
      fromMs,
      toMs,
      cause: `skipped-${reason}`,
      because: null,
      readings,
    }));
}

const causes: Record<string, string> = {
  'skipped-overflow': 'the outbox was full',
  'skipped-acked-elsewhere': 'another hub has them',
  'skipped-corrupt': 'the outbox could not be read',
  'skipped-dropped': 'left out on purpose',
  'hub-down': 'the hub was not running',
  'device-offline': 'the device was offline',
  'device-restarted': 'the device restarted',
  'not-connected-yet': 'the device was not connected yet',
  imported: 'a file brought them',
  unknown: 'nobody knows why',
};

export function nameCause(cause: string): string {
  return causes[cause] ?? cause;
}

/** One line: how long, and why as far as anybody knows. */
export function explainGap(gaps: readonly CausedGap[], stretch: Stretch): string {
  const span = formatSpan(stretch.toMs - stretch.fromMs);
  const touching = gaps.filter((gap) => gap.fromMs < stretch.toMs && gap.toMs > stretch.fromMs);
  if (touching.length === 0) return `No readings for ${span}; none declared lost`;
  // They are there: what was empty is the time until they came.
  if (touching.every(({ cause }) => cause === 'backfilled')) return `Came later: ${[...sumUp(touching)].join('; ')}`;
  return `No readings for ${span}; ${[...sumUp(touching)].join('; ')}`;
}

/** One clause a cause, in the order they came. */
function* sumUp(gaps: readonly CausedGap[]): Generator<string> {
  for (const cause of new Set(gaps.map((gap) => gap.cause))) {
    const same = gaps.filter((gap) => gap.cause === cause);
    const readings = same.some((gap) => gap.readings === 0) ? 0 : same.reduce((sum, gap) => sum + gap.readings, 0);
    const count = readings === 0 ? 'readings' : `${readings} ${readings === 1 ? 'reading' : 'readings'}`;
    const because = same[0]?.because;
    if (cause === 'backfilled') yield `${count} backfilled${isTelling(because) ? `: ${nameCause(because)}` : ''}`;
    else if (cause.startsWith('skipped-')) yield `${count} lost: ${nameCause(cause)}`;
    else yield readings === 0 ? nameCause(cause) : `about ${count} missing: ${nameCause(cause)}`;
  }
}

function isTelling(because: string | null | undefined): because is string {
  return because != null && because !== 'unknown';
}

/** "100 %" is said only when it is true: what is nearly all is never rounded up to all. */
export function formatPercent(percent: number): string {
  if (percent === 100) return '100';
  const decimals = percent >= 99.9 ? 3 : 2;
  return (Math.floor(percent * 10 ** decimals) / 10 ** decimals).toFixed(decimals);
}
