/**
 * Times as people and files write them, to whole Unix milliseconds.
 *
 * No state. NaN for what is no time, or lies outside the years 1 to 9999. A time without a zone is UTC.
 */
import { limits } from '@lapwing/protocol';

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
/** Seconds reach this in the year 5138; milliseconds were there in 1973. */
const secondsMax = 1e11;

/** ISO 8601, `YYYY-MM-DD HH:MM:SS`, Unix seconds or milliseconds. */
export function readTimeText(text: string): number {
  const cell = text.trim();
  if (/^-?\d+(?:\.\d+)?$/.test(cell)) {
    const number = Number(cell);
    return keepInRange(Math.round(Math.abs(number) < secondsMax ? number * 1000 : number));
  }
  const match = isoPattern.exec(cell);
  return match === null ? Number.NaN : keepInRange(readIso(match));
}

export function writeTimeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function keepInRange(timeMs: number): number {
  return timeMs >= limits.timeMsMin && timeMs <= limits.timeMsMax ? timeMs : Number.NaN;
}

function readIso(match: RegExpExecArray): number {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction, zone] = match;
  const fields = { year: Number(year), month: Number(month) - 1, day: Number(day) };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  const seconds = Number(hour) * 3_600 + Number(minute) * 60 + Number(second);
  const fractionMs = fraction === undefined ? 0 : Math.round(Number(`0.${fraction}`) * 1000);
  return startOfDay(fields) + seconds * 1000 + fractionMs - readZone(zone);
}

/** NaN where there is no such day: the 31st of April would roll over into May. */
function startOfDay({ year, month, day }: { year: number; month: number; day: number }): number {
  if (month > 11 || month < 0 || day < 1) return Number.NaN;
  if (day <= 28 && year >= 100) return Date.UTC(year, month, day);
  // Not Date.UTC, which takes the years 1 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getUTCDate() === day ? date.getTime() : Number.NaN;
}

function readZone(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
}
