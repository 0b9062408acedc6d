/** Times of day and dates as the person's own browser writes them, in the clock and zone chosen. Owns only the formatters, which are costly to make. */
import { makeTimeFormat, readDay } from '../core/display-style.ts';

const clock = makeTimeFormat({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const minutes = makeTimeFormat({ hour: '2-digit', minute: '2-digit' });
const full = makeTimeFormat({
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const dayClock = makeTimeFormat({
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** "14:02:11" */
export function formatClock(timeMs: number): string {
  return Number.isFinite(timeMs) ? clock.format(timeMs) : '–';
}

/** "3 Mar, 14:02" for times of another day, else the time of day. */
export function formatMoment(timeMs: number, nowMs: number): string {
  if (!Number.isFinite(timeMs)) return '–';
  const isToday = readDay(timeMs) === readDay(nowMs);
  return isToday ? clock.format(timeMs) : dayClock.format(timeMs);
}

/** With date, seconds and zone: for titles on hover. */
export function formatFull(timeMs: number): string {
  return Number.isFinite(timeMs) ? full.format(timeMs) : 'never';
}

const crosshairFine = makeTimeFormat({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 1,
});
const fullDay = makeTimeFormat({
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const dateOnly = makeTimeFormat({ year: 'numeric', month: 'short', day: 'numeric' });

/** The time under a crosshair, as exactly as a chart over `spanMs` can tell it. */
export function formatCrosshair(timeMs: number, spanMs: number, nowMs: number): string {
  if (spanMs <= 60_000) return crosshairFine.format(timeMs);
  if (spanMs > 3 * 86_400_000) return fullDay.format(timeMs);
  return formatMoment(timeMs, nowMs);
}

/** "3 Apr 2014" when it is long ago, else as `formatMoment`. */
export function formatDay(timeMs: number, nowMs: number): string {
  return nowMs - timeMs > 7 * 86_400_000 ? dateOnly.format(timeMs) : formatMoment(timeMs, nowMs);
}

/** A stretch in as few words as tell it: the second end says only what differs. */
export function formatStretch(fromMs: number, toMs: number): string {
  const isOneDay = readDay(fromMs) === readDay(toMs);
  return `${fullDay.format(fromMs)} – ${isOneDay ? minutes.format(toMs) : fullDay.format(toMs)}`;
}
