/**
 * What one link says of one device within a commit's time, on its way into one batch: a batch for each message would cost several
 * times what the message itself does.
 *
 * Owns the rows that are not in a frame yet, the keys of their messages, and which of them are owed an answer. Messages of one
 * shape (foreign-habit) are numbers in a row and no objects. Invariant: only plain numbers of one device, so that a row cannot be refused
 * on its own; whatever else comes by the link closes the bundle first, so messages are answered in the order in which they came.
 */
import { type BatchColumn, encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import type { Finding, FoundReading } from './dialects/dialect.ts';
import { type ForeignStream, packReadings } from './foreign-batch.ts';
import type { OnceKey } from './once-keys.ts';

const messagesMax = 256;
/** Of one message. */
const readingsMax = 32;

export type BundleAnswer = (packetIds: readonly number[], outcome: { readonly ok: boolean }) => void;

interface BundleRow {
  readonly arrivedMs: number;
  readonly readings: readonly FoundReading[];
}

/** Messages of one shape. */
interface AlikeRows {
  /** What each of them says, with whatever values. */
  readonly readings: readonly FoundReading[];
  readonly times: number[];
  /** Message by message. */
  readonly values: number[];
}

export interface BundleContent {
  /** Null where they are not all of one shape; else there are no `rows`. */
  readonly alike: AlikeRows | null;
  readonly rows: readonly BundleRow[];
  readonly onces: readonly OnceKey[];
  readonly packetIds: readonly number[];
  /** Of the last message. */
  readonly arrivedMs: number;
}

export class ForeignBundle {
  isOpen = false;
  dialect = '';
  native = '';
  private alike: AlikeRows | null = null;
  private rows: BundleRow[] = [];
  private arrivedMs = 0;
  onces: OnceKey[] = [];
  /** In the order in which they came. */
  packetIds: number[] = [];
  readonly answer: BundleAnswer;

  constructor(answer: BundleAnswer) {
    this.answer = answer;
  }

  isFull(): boolean {
    return (this.alike?.times ?? this.rows).length >= messagesMax;
  }

  add(row: BundleRow): void {
    this.spread();
    this.rows.push(row);
    this.arrivedMs = row.arrivedMs;
  }

  /** A message that says these readings, with these values. */
  addAlike(readings: readonly FoundReading[], values: Float64Array, arrivedMs: number): void {
    if (this.rows.length === 0) this.alike ??= { readings, times: [], values: [] };
    const { alike } = this;
    if (alike === null || alike.readings !== readings) {
      this.add({ arrivedMs, readings: readings.map((reading, i) => ({ ...reading, value: values[i]! })) });
      return;
    }
    alike.times.push(arrivedMs);
    for (let i = 0; i < values.length; i++) alike.values.push(values[i]!);
    this.arrivedMs = arrivedMs;
  }

  /** Something else comes behind messages of one shape. */
  private spread(): void {
    const { alike } = this;
    if (alike === null) return;
    this.alike = null;
    this.rows = spreadRows(alike);
  }

  isOf(dialect: string, native: string): boolean {
    return this.isOpen && this.native === native && this.dialect === dialect;
  }

  /** Hands out what is in it, and is empty. */
  take(): BundleContent {
    const { alike, rows, onces, packetIds, arrivedMs } = this;
    this.isOpen = false;
    this.alike = null;
    if (rows.length > 0) this.rows = [];
    if (onces.length > 0) this.onces = [];
    if (packetIds.length > 0) this.packetIds = [];
    return { alike, rows, onces, packetIds, arrivedMs };
  }
}

function spreadRows({ readings, times, values }: AlikeRows): BundleRow[] {
  return times.map((arrivedMs, r) => ({
    arrivedMs,
    readings: readings.map((reading, i) => ({ ...reading, value: values[r * readings.length + i]! })),
  }));
}

/** The findings as readings, if all of them are numbers of one device, measured just now; else null. */
export function readingsForBundle(findings: readonly Finding[]): readonly FoundReading[] | null {
  if (findings.length === 0 || findings.length > readingsMax) return null;
  const [first] = findings;
  for (const finding of findings) {
    if (finding.type !== 'reading' || finding.isHistorical || typeof finding.value !== 'number') return null;
    if (!Number.isFinite(finding.value) || finding.device !== (first as FoundReading).device) return null;
  }
  return findings as readonly FoundReading[];
}

/** Frames with the numbers behind `seq`, as `packReadings` makes them. */
export function packBundle(
  into: ForeignStream,
  { alike, rows, arrivedMs }: BundleContent,
  seq: number,
): { frames: Uint8Array[]; readings: number; leftOut: number } {
  if (alike !== null) return packAlike(into, alike, seq) ?? packRows(into, { rows: spreadRows(alike), arrivedMs }, seq);
  return packRows(into, { rows, arrivedMs }, seq);
}

/** Null where a metric has no place of its own. */
function packAlike(
  into: ForeignStream,
  { readings, times, values }: AlikeRows,
  seq: number,
): { frames: Uint8Array[]; readings: number; leftOut: number } | null {
  const places = into.placesOf(readings);
  if (places === null) return null;
  const columns = places.map((place, m) => {
    const column = new Float64Array(times.length);
    for (let r = 0, at = m; r < column.length; r++, at += places.length) column[r] = values[at]!;
    return makeNumberColumn(place, column);
  });
  const frame = encodeMessage({
    ...{ type: 'batch', seq: seq + 1, ackNow: false, backfill: false },
    ...{ times: new Float64Array(times), columns },
  });
  return { frames: [frame], readings: values.length, leftOut: 0 };
}

function packRows(
  into: ForeignStream,
  { rows, arrivedMs }: Pick<BundleContent, 'rows' | 'arrivedMs'>,
  seq: number,
): { frames: Uint8Array[]; readings: number; leftOut: number } {
  const columns = alignColumns(into, rows);
  if (columns !== null) {
    const times = Float64Array.from(rows, ({ readings, arrivedMs }) => readings[0]!.timeMs ?? arrivedMs);
    const frame = encodeMessage({ type: 'batch', seq: seq + 1, ackNow: false, backfill: false, times, columns });
    return { frames: [frame], readings: rows.length * columns.length, leftOut: 0 };
  }
  const readings = rows.flatMap((row) =>
    row.readings.map((reading) => (reading.timeMs === null ? { ...reading, timeMs: row.arrivedMs } : reading)),
  );
  return packReadings(into, readings, { arrivedMs, isHistorical: false, seq });
}

/** Null where the messages do not all say the same metrics, each once and at one time. */
function alignColumns(into: ForeignStream, rows: readonly BundleRow[]): BatchColumn[] | null {
  const pattern = rows[0]!.readings;
  const values = pattern.map(() => new Float64Array(rows.length));
  for (const [r, { readings }] of rows.entries()) {
    if (readings.length !== pattern.length) return null;
    for (let m = 0; m < readings.length; m++) {
      const reading = readings[m]!;
      const wanted = pattern[m]!;
      const isAlike = reading.metric === wanted.metric && reading.kind === wanted.kind && reading.unit === wanted.unit;
      if (!isAlike || reading.timeMs !== readings[0]!.timeMs) return null;
      values[m]![r] = reading.value as number;
    }
  }
  const seen = new Set<number>();
  const columns: BatchColumn[] = [];
  for (const [m, reading] of pattern.entries()) {
    const place = into.placeOf(reading);
    if (place === null || seen.has(place.index) || place.kind === 'text') return null;
    seen.add(place.index);
    columns.push(
      place.kind === 'bool'
        ? { metric: place.index, encoding: 'bool', exponent: 0, present: null, values: values[m]! }
        : makeNumberColumn(place.index, values[m]!),
    );
  }
  return columns;
}
