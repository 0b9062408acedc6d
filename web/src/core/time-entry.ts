/**
 * A stretch of time that a person typed: two dates with times, checked, as a window.
 *
 * Owns no state. Invariant: what is accepted is a window that every chart can show; what is not is refused with the field that is
 * wrong and what to do about it.
 */
import { readZoneOffset } from './display-style.ts';
import { spanMsMax, spanMsMin, type TimeWindow } from './time-window.ts';

export type EntryResult =
  | { readonly ok: true; readonly window: TimeWindow }
  | { readonly ok: false; readonly field: 'from' | 'to'; readonly text: string };

const local = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?$/;

/**
 * Time of the zone chosen, as the browser's own field writes it, with or without seconds; NaN for anything else, 31 February too. An
 * hour that the clocks skip is the one after it.
 */
export function readLocalTime(text: string): number {
  const match = local.exec(text.trim());
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(asUtc);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && minute < 60;
  if (!isReal || hour > 23 || second > 59) return Number.NaN;
  // The offset is that of the instant, which is not known yet: the second guess is right but where clocks change.
  const near = asUtc - readZoneOffset(asUtc);
  return asUtc - readZoneOffset(near);
}

/** As the browser's own field wants it: in the zone chosen, with seconds. */
export function writeLocalTime(timeMs: number): string {
  return new Date(Math.floor(timeMs) + readZoneOffset(timeMs)).toISOString().slice(0, 19);
}

/** An empty end is now; an end still to come is cut to now. */
export function checkEntry(entry: { readonly from: string; readonly to: string }, nowMs: number): EntryResult {
  const fromMs = readLocalTime(entry.from);
  if (Number.isNaN(fromMs)) return refuse('from', 'Say when it begins: a date and a time.');
  if (fromMs < 0) return refuse('from', 'Nothing was measured before 1970.');
  const endMs = entry.to.trim() === '' ? nowMs : readLocalTime(entry.to);
  if (Number.isNaN(endMs)) return refuse('to', 'Give a date and a time, or leave it empty for now.');
  if (fromMs >= nowMs) return refuse('from', 'That is still to come.');
  const toMs = Math.floor(Math.min(nowMs, endMs));
  if (toMs <= fromMs) return refuse('to', 'It must end behind its beginning.');
  if (toMs - fromMs < spanMsMin) return refuse('to', 'At least one second.');
  if (toMs - fromMs > spanMsMax) return refuse('from', 'At most forty years.');
  return { ok: true, window: { fromMs, toMs } };
}

function refuse(field: 'from' | 'to', text: string): EntryResult {
  return { ok: false, field, text };
}
