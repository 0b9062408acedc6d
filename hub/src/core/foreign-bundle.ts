/**
 * What one link says of one device within a commit's time, on its way into one batch: a batch for each message would cost several
 * times what the message itself does.
 *
 * Owns the rows that are not in a frame yet, the keys of their messages, and which of them are owed an answer. Invariant: only plain
 * numbers of one device, so that a row cannot be refused on its own; whatever else comes by the link closes the bundle first, so
 * messages are answered in the order in which they came.
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

export class ForeignBundle {
  isOpen = false;
  dialect = '';
  native = '';
  rows: BundleRow[] = [];
  onces: OnceKey[] = [];
  /** In the order in which they came. */
  packetIds: number[] = [];
  readonly answer: BundleAnswer;

  constructor(answer: BundleAnswer) {
    this.answer = answer;
  }

  isFull(): boolean {
    return this.rows.length >= messagesMax;
  }

  isOf(dialect: string, native: string): boolean {
    return this.isOpen && this.native === native && this.dialect === dialect;
  }

  /** Hands out what is in it, and is empty. */
  take(): Pick<ForeignBundle, 'rows' | 'onces' | 'packetIds'> {
    const { rows, onces, packetIds } = this;
    this.isOpen = false;
    this.rows = [];
    this.onces = [];
    this.packetIds = [];
    return { rows, onces, packetIds };
  }
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
  rows: readonly BundleRow[],
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
  return packReadings(into, readings, { arrivedMs: rows.at(-1)!.arrivedMs, isHistorical: false, seq });
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
