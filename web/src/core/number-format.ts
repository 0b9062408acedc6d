/**
 * Numbers, units and durations as text that does not change its width as it ticks.
 *
 * Owns, per metric, how many decimals its readings have shown to need (`NumberShape`). Invariant: decimals only grow, so a
 * value never jumps between "21.5" and "21.52". Refuses to guess units: a unit is shown as the device spelt it, except that
 * bytes, hertz and seconds are scaled, and that somebody may have chosen another (display-style.ts).
 */
import { findShownUnit } from './display-style.ts';

/** Thin space between number and unit (U+2009), minus sign (U+2212), and what is shown where there is no value. */
export const thinSpace = '\u2009';
/** As wide as a digit, and as a full stop. */
const figureSpace = '\u2007';
const stopSpace = '\u2008';

/** For what stands at the right: all that is written there begins at one place, so that a digit or decimals more move nothing. */
export function padNumber(text: string, places: number): string {
  return text.includes('.') || text.length >= places
    ? text.padStart(places, figureSpace)
    : stopSpace + text.padStart(places - 1, figureSpace);
}
export const noValue = '–';

export interface NumberShape {
  decimals: number;
}

export function makeNumberShape(): NumberShape {
  return { decimals: 0 };
}

/** Learns from one reading. Four significant digits are enough for an eye: 1013.2, 48.25, 0.873. */
export function learnNumber(shape: NumberShape, value: number): void {
  if (!Number.isFinite(value) || Number.isInteger(value)) return;
  const size = Math.abs(value);
  const most = size >= 1000 ? 1 : size >= 10 ? 2 : 3;
  for (let decimals = shape.decimals; decimals < most; decimals++) {
    const scaled = value * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, Math.abs(scaled))) return;
    shape.decimals = decimals + 1;
  }
}

/** Readings of an answer that are looked at. */
const learnedMax = 100;

/**
 * Learns from the newest readings in a column of a history answer: a metric whose latest reading is whole may still need decimals.
 * Empty buckets do not count: in a column of buckets shorter than the time between readings they are most of it.
 */
export function learnNumbers(shape: NumberShape, values: Float64Array | readonly (number | null)[]): void {
  let left = learnedMax;
  for (let i = values.length - 1; i >= 0 && left > 0; i--) {
    const value = values[i];
    if (typeof value !== 'number' || Number.isNaN(value)) continue;
    learnNumber(shape, value);
    left--;
  }
}

export function formatFixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e9) return value.toExponential(3).replace('-', '−').replace('e+', 'e');
  const text = size.toFixed(decimals);
  const dot = text.indexOf('.');
  const whole = dot < 0 ? text : text.slice(0, dot);
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u2009') : whole;
  const isZero = !/[1-9]/.test(text);
  return (value < 0 && !isZero ? '−' : '') + grouped + (dot < 0 ? '' : text.slice(dot));
}

export interface FormattedValue {
  readonly text: string;
  readonly unit: string;
}

const byteUnits = new Map([
  ['B', ''],
  ['byte', ''],
  ['bytes', ''],
  ['By', ''],
  ['B/s', '/s'],
  ['By/s', '/s'],
]);

export function formatValue(value: number, unit: string, shape: NumberShape): FormattedValue {
  const shown = findShownUnit(unit);
  if (shown !== null) {
    // Ten times the unit is one decimal more.
    const decimals = Math.min(6, Math.max(0, shape.decimals - Math.round(Math.log10(shown.scale))));
    return { text: formatFixed(value * shown.scale + shown.offset, decimals), unit: shown.unit };
  }
  const byteSuffix = byteUnits.get(unit);
  if (byteSuffix !== undefined) return formatScaled(value, 'B' + byteSuffix);
  if (unit === 'Hz' || unit === 'bit/s') return formatScaled(value, unit);
  if (unit === 's' && Math.abs(value) >= 120) return { text: formatSpan(value * 1000), unit: '' };
  return { text: formatFixed(value, shape.decimals), unit };
}

/** What the device itself said, where another unit is shown in its place; else ''. For who points at it. */
export function writeMeasured(metric: { readonly latest: number | string; unit: string; shape: NumberShape }): string {
  const { latest, unit, shape } = metric;
  if (typeof latest === 'string' || findShownUnit(unit) === null) return '';
  return `${formatFixed(latest, shape.decimals)}${thinSpace}${unit} as measured`;
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** Three significant digits with a decimal prefix: 812 B, 1.42 GB. */
export function formatScaled(value: number, unit: string): FormattedValue {
  if (!Number.isFinite(value)) return { text: formatFixed(value, 0), unit };
  let scaled = Math.abs(value);
  let step = 0;
  while (scaled >= 999.5 && step < prefixes.length - 1) {
    scaled /= 1000;
    step++;
  }
  const decimals = step === 0 ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return { text: (value < 0 ? '−' : '') + scaled.toFixed(decimals), unit: prefixes[step] + unit };
}

/**
 * Labels of a value axis, all on one scale and with the decimals that their distance needs: "20 k", "23.75". The chart's title
 * says the unit, so a label carries only the prefix of a scaled one.
 */
export function formatTicks(values: readonly number[], unit: string): string[] {
  const shown = findShownUnit(unit);
  if (shown !== null) {
    const changed = values.map((value) => value * shown.scale + shown.offset);
    const between = Math.abs((changed[1] ?? 1) - (changed[0] ?? 0)) || 1;
    return writeApart(changed, [countDecimals(between), 9], formatFixed);
  }
  const step = Math.abs((values[1] ?? 1) - (values[0] ?? 0)) || 1;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (unit === 's' && step >= 60) return writeApart(values, [1, 4], writeSpanTick);
  const isScaled = byteUnits.has(unit) || unit === 'Hz' || unit === 'bit/s';
  const power =
    isScaled && largest > 0 ? Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(largest) / 3))) : 0;
  const scale = 1000 ** power;
  const suffix = power === 0 ? '' : thinSpace + prefixes[power];
  const write = (value: number, decimals: number) =>
    value === 0 && power > 0 ? '0' : formatFixed(value / scale, decimals) + suffix;
  return writeApart(values, [countDecimals(step / scale), 9], write);
}

/** With as much detail as it takes for no two labels to be the same. */
function writeApart(
  values: readonly number[],
  [detail, detailMax]: readonly [number, number],
  write: (value: number, detail: number) => string,
): string[] {
  const distinct = new Set(values).size;
  for (let more = detail; ; more++) {
    const labels = values.map((value) => write(value, more));
    if (more >= detailMax || new Set(labels).size === distinct) return labels;
  }
}

const spanUnits: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** "2 h", "2 h 5 min": a length of time in at most so many units. */
function writeSpanTick(seconds: number, parts: number): string {
  let left = Math.round(Math.abs(seconds));
  const words: string[] = [];
  let room = 0;
  for (const [size, unit] of spanUnits) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || room > 0) room++;
    if (count > 0) words.push(`${count}${thinSpace}${unit}`);
    if (room >= parts) break;
  }
  return words.length === 0 ? '0' : (seconds < 0 ? '−' : '') + words.join(' ');
}

/** Decimals that write a step of an axis exactly, as far as an eye cares. */
function countDecimals(step: number): number {
  let decimals = 0;
  while (
    decimals < 6 &&
    Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6 * 10 ** decimals * step
  ) {
    decimals++;
  }
  return decimals;
}

/** A length of time in at most two steps: "3 s", "4 min", "2 h 5 min", "6 d 4 h". */
export function formatSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (seconds < 60) return `${seconds}${thinSpace}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${thinSpace}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joinSteps([hours, 'h'], [minutes % 60, 'min']);
  return joinSteps([Math.floor(hours / 24), 'd'], [hours % 24, 'h']);
}

/** As `formatSpan`, in one step only: for narrow columns. */
export function formatAge(spanMs: number): string {
  return formatSpan(spanMs).split(' ')[0]!;
}

function joinSteps(large: [number, string], small: [number, string]): string {
  const head = `${large[0]}${thinSpace}${large[1]}`;
  return small[0] === 0 ? head : `${head} ${small[0]}${thinSpace}${small[1]}`;
}

/** A clock difference with its sign: "+3 ms", "−1.2 s". */
export function formatOffset(offsetMs: number): string {
  const sign = offsetMs < 0 ? '−' : '+';
  const size = Math.abs(offsetMs);
  if (size < 1000) return `${sign}${Math.round(size)}${thinSpace}ms`;
  if (size < 120_000) return `${sign}${(size / 1000).toFixed(1)}${thinSpace}s`;
  return sign + formatSpan(size);
}
