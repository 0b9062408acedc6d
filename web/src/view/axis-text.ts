/** Labels of a time axis: as fine as its steps, and the date where a day begins. Owns the formatters. */

const seconds = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const minutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const days = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** `stepMs` is the distance of the labels. */
export function writeTimeAxis(splits: readonly number[], stepMs: number): string[] {
  return splits.map((timeMs) => {
    if (stepMs < 60_000) return seconds.format(timeMs);
    if (stepMs >= 86_400_000) return days.format(timeMs);
    const date = new Date(timeMs);
    return date.getHours() === 0 && date.getMinutes() === 0 ? days.format(timeMs) : minutes.format(timeMs);
  });
}
