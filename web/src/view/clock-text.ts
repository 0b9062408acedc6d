/** Times of day and dates as the person's own browser writes them. Owns only the formatters, which are costly to make. */

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const full = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});
const dayClock = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** "14:02:11" */
export function formatClock(timeMs: number): string {
  return Number.isFinite(timeMs) ? clock.format(timeMs) : '–';
}

/** "3 Mar, 14:02" for times of another day, else the time of day. */
export function formatMoment(timeMs: number, nowMs: number): string {
  if (!Number.isFinite(timeMs)) return '–';
  const isToday = new Date(timeMs).toDateString() === new Date(nowMs).toDateString();
  return isToday ? clock.format(timeMs) : dayClock.format(timeMs);
}

/** With date, seconds and zone: for titles on hover. */
export function formatFull(timeMs: number): string {
  return Number.isFinite(timeMs) ? full.format(timeMs) : 'never';
}

const crosshairFine = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 1,
  hourCycle: 'h23',
});
const fullDay = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dateOnly = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });

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
  const isOneDay = new Date(fromMs).toDateString() === new Date(toMs).toDateString();
  return `${fullDay.format(fromMs)} – ${isOneDay ? clock.format(toMs).slice(0, 5) : fullDay.format(toMs)}`;
}
