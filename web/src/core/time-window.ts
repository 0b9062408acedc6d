/**
 * A stretch of the past held on the screen: zoomed, moved, clamped. Live is the absence of one.
 *
 * Owns no state. Invariant: a window is whole milliseconds, at least `spanMsMin` and at most `spanMsMax` long, and never ends
 * behind the present, so that every window can be an address and a query.
 */
import { makeRange, type TimeRange } from './time-range.ts';

/** Hub time; `toMs` exclusive. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export const spanMsMin = 1_000;
/** Longer than any device has measured. */
export const spanMsMax = 40 * 366 * 86_400_000;

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

/** The bucket grid of a window. */
export function makeWindowRange({ fromMs, toMs }: TimeWindow): TimeRange {
  return makeRange(toMs - fromMs);
}

/** Twice as long around its middle. */
export function widenWindow({ fromMs, toMs }: TimeWindow, nowMs: number): TimeWindow {
  return zoomWindow({ fromMs, toMs }, { aroundMs: (fromMs + toMs) / 2, factor: 2, nowMs });
}

/** A window of `spanMs` that shows `timeMs` with some room behind it. */
export function makeWindowAround(timeMs: number, spanMs: number, nowMs: number): TimeWindow {
  return clampWindow({ fromMs: timeMs - spanMs * 0.95, toMs: timeMs + spanMs * 0.05 }, nowMs);
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
