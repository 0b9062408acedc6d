/**
 * A stretch of the past held on the screen: zoomed, moved, clamped. Live is the absence of one.
 *
 * Owns no state. Invariant: a window is whole milliseconds, at least `spanMsMin` and at most `spanMsMax` long, and never ends
 * behind the present, so that every window can be an address and a query.
 */
import { bucketsPerRange, type TimeRange } from './time-range.ts';

/** Hub time; `toMs` exclusive. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export const spanMsMin = 1_000;
export const spanMsMax = 400 * 86_400_000;

/** Grids that history can answer from coarse rollups as well as from single readings. */
const buckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000];
const coarse = [2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1_440].map((minutes) => minutes * 60_000);

export function clampWindow({ fromMs, toMs }: TimeWindow, nowMs: number): TimeWindow {
  const span = Math.round(Math.min(spanMsMax, Math.max(spanMsMin, toMs - fromMs)));
  const middle = (fromMs + toMs) / 2;
  const to = Math.floor(Math.min(nowMs, middle + span / 2));
  return { fromMs: to - span, toMs: to };
}

/** Factor below 1 zooms in; what is at `aroundMs` stays where it is. */
export function zoomWindow(window: TimeWindow, how: { aroundMs: number; factor: number; nowMs: number }): TimeWindow {
  const span = window.toMs - window.fromMs;
  const wanted = Math.min(spanMsMax, Math.max(spanMsMin, span * how.factor));
  const share = (how.aroundMs - window.fromMs) / span;
  const fromMs = how.aroundMs - share * wanted;
  return clampWindow({ fromMs, toMs: fromMs + wanted }, how.nowMs);
}

export function panWindow({ fromMs, toMs }: TimeWindow, byMs: number, nowMs: number): TimeWindow {
  const by = Math.min(byMs, nowMs - toMs);
  return clampWindow({ fromMs: fromMs + by, toMs: toMs + by }, nowMs);
}

/** The bucket grid of a window: as fine as a chart can show, on lengths that come again. */
export function makeWindowRange({ fromMs, toMs }: TimeWindow): TimeRange {
  const spanMs = toMs - fromMs;
  const least = spanMs / bucketsPerRange;
  const bucketMs = [...buckets, ...coarse].find((ms) => ms >= least) ?? Math.ceil(least / 86_400_000) * 86_400_000;
  return { spanMs, bucketMs };
}

/** From an address: `from` and `to` in Unix milliseconds; anything else is no window. */
export function readWindow(from: string | undefined, to: string | undefined): TimeWindow | null {
  if (from === undefined || to === undefined || !/^\d{1,15}$/.test(from) || !/^\d{1,15}$/.test(to)) return null;
  const span = Number(to) - Number(from);
  return span >= spanMsMin && span <= spanMsMax ? { fromMs: Number(from), toMs: Number(to) } : null;
}

export function isSameWindow(a: TimeWindow | null, b: TimeWindow | null): boolean {
  return a === b || (a !== null && b !== null && a.fromMs === b.fromMs && a.toMs === b.toMs);
}
