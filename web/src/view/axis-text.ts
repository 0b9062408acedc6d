/** Labels of a time axis: as fine as its steps, the date where a day begins, and the year where it is not this one. Owns the formatters. */
import { displayVersion, makeTimeFormat, readZoneOffset } from '../core/display-style.ts';

const seconds = makeTimeFormat({
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const minutes = makeTimeFormat({ hour: '2-digit', minute: '2-digit' });
const days = makeTimeFormat({ month: 'short', day: 'numeric' });
const yearDays = makeTimeFormat({ year: 'numeric', month: 'short', day: 'numeric' });
const months = makeTimeFormat({ year: 'numeric', month: 'short' });

const dayMs = 86_400_000;
/** Charts at most so wide show seconds on their labels. */
const secondsSpanMsMax = 20 * 60_000;

/** `stepMs` is the distance of the labels. */
export function writeTimeAxis(splits: readonly number[], stepMs: number): string[] {
  let year = new Date().getFullYear();
  return splits.map((timeMs) => {
    if (stepMs < 60_000) return seconds.format(timeMs);
    if (stepMs >= 28 * dayMs) return months.format(timeMs);
    // As UTC it reads what a local clock shows.
    const date = new Date(timeMs + readZoneOffset(timeMs));
    if (stepMs < dayMs && (date.getUTCHours() !== 0 || date.getUTCMinutes() !== 0)) return minutes.format(timeMs);
    // The year is said once, by the first label of it.
    const isNewYear = date.getUTCFullYear() !== year;
    year = date.getUTCFullYear();
    return (isNewYear ? yearDays : days).format(timeMs);
  });
}

const [minuteMs, hourMs] = [60_000, 3_600_000];
/** Distances of labels that clocks and calendars know: uPlot's own have no two minutes, so a phone had one label over five. */
export const timeSteps: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * 1_000),
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 4, 6, 8, 12].map((count) => count * hourMs),
  ...[1, 2, 3, 4, 5, 7, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1_825].map((count) => count * dayMs),
];

let ink: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();
let measuredFor = -1;

/** The widest label that an axis over this stretch may have, in CSS pixels. */
export function measureTimeLabel(fromMs: number, toMs: number): number {
  const spanMs = toMs - fromMs;
  if (spanMs < secondsSpanMsMax) return measure('seconds', () => seconds.format(0));
  const isOld = new Date(fromMs).getFullYear() !== new Date().getFullYear();
  // A wide day and month in most languages.
  const wide = Date.UTC(2020, 8, 28, 12);
  return isOld ? measure('years', () => yearDays.format(wide)) : measure('days', () => days.format(wide));
}

function measure(name: string, write: () => string): number {
  if (measuredFor !== displayVersion.peek()) widths.clear();
  measuredFor = displayVersion.peek();
  let width = widths.get(name);
  if (width === undefined) {
    ink ??= document.createElement('canvas').getContext('2d')!;
    ink.font = '11px system-ui, sans-serif';
    width = Math.ceil(ink.measureText(write()).width);
    widths.set(name, width);
  }
  return width;
}
