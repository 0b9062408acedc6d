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
