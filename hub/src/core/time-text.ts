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
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  if (hour! > 23 || minute! > 59 || second! > 59) return Number.NaN;
  // Not Date.UTC, which takes the years 1 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  // The 31st of April rolls over into May: that was no date.
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day) return Number.NaN;
  date.setUTCHours(hour!, minute!, second!);
  const fractionMs = match[7] === undefined ? 0 : Math.round(Number(`0.${match[7]}`) * 1000);
  return date.getTime() + fractionMs - readZone(match[8]);
}

function readZone(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
}
