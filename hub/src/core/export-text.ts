/**
 * Exported readings as text: CSV or NDJSON, long (one line per reading) or wide (one line per time).
 *
 * No state. Invariant: the long form loses nothing; what it says reads back bit for bit, and the same readings always give the
 * same bytes, whichever hub they are in (but for the arrival, which is each hub's own). Metrics come in the order of their names.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { writeNumberText, writeTextCell } from './csv-text.ts';
import type { ReadingRows } from './export-merge.ts';
import { writeTimeText } from './time-text.ts';

export type ExportShape = 'long' | 'wide';

/** One device's part of an export. */
export interface ExportPart {
  readonly deviceId: string;
  readonly metrics: readonly MetricDeclaration[];
}

/** Turns rows into text; `head` is what stands before the first row. */
export interface TextWriter {
  readonly head: string;
  writeRows(part: ExportPart, rows: ReadingRows): string;
}

/** The first column is the time, so that any program that takes "a CSV whose first column is a time" takes both forms. */
export const longColumns = [
  'time',
  'timeMs',
  'device',
  'metric',
  'unit',
  'kind',
  'value',
  'arrived',
  'arrivedMs',
] as const;

const lineEnd = '\r\n';

/** `metrics` is what a wide CSV has for columns: those of its one device. */
export function makeTextWriter(format: 'csv' | 'ndjson', shape: ExportShape, metrics: readonly MetricDeclaration[]) {
  if (format === 'csv') return shape === 'long' ? makeLongCsv() : makeWideCsv(metrics);
  return shape === 'long' ? makeLongNdjson() : makeWideNdjson();
}

function makeLongCsv(): TextWriter {
  return {
    head: longColumns.join(',') + lineEnd,
    writeRows: (part, rows) => {
      const middles = part.metrics.map(({ name, unit, kind }) =>
        [part.deviceId, writeTextCell(name), unit === '' ? '' : writeTextCell(unit), kind].join(','),
      );
      let text = '';
      forEachEntry(rows, (entry, place, timeMs) => {
        const { kind } = part.metrics[place]!;
        const arrivedMs = rows.arrivedMs[entry]!;
        text += `${writeTimeText(timeMs)},${timeMs},${middles[place]},${writeCell(kind, rows.values[entry]!)},`;
        text += `${writeTimeText(arrivedMs)},${arrivedMs}${lineEnd}`;
      });
      return text;
    },
  };
}

function makeWideCsv(metrics: readonly MetricDeclaration[]): TextWriter {
  return {
    head: ['time', ...metrics.map(({ name }) => writeTextCell(name))].join(',') + lineEnd,
    writeRows: (part, rows) => {
      let text = '';
      for (let row = 0; row < rows.rows; row++) {
        text += writeTimeText(rows.timesMs[row]!);
        let column = 0;
        for (let entry = rows.rowStarts[row]!; entry < rows.rowStarts[row + 1]!; entry++) {
          const place = rows.places[entry]!;
          text += ','.repeat(place - column + 1) + writeCell(part.metrics[place]!.kind, rows.values[entry]!);
          column = place + 1;
        }
        text += ','.repeat(part.metrics.length - column) + lineEnd;
      }
      return text;
    },
  };
}

function makeLongNdjson(): TextWriter {
  return {
    head: '',
    writeRows: (part, rows) => {
      const middles = part.metrics.map(({ name, unit, kind }) =>
        JSON.stringify({ device: part.deviceId, metric: name, unit, kind }).slice(1, -1),
      );
      let text = '';
      forEachEntry(rows, (entry, place, timeMs) => {
        const value = writeJson(part.metrics[place]!.kind, rows.values[entry]!);
        const arrivedMs = rows.arrivedMs[entry]!;
        text += `{"time":"${writeTimeText(timeMs)}","timeMs":${timeMs},${middles[place]},"value":${value},`;
        text += `"arrived":"${writeTimeText(arrivedMs)}","arrivedMs":${arrivedMs}}\n`;
      });
      return text;
    },
  };
}

/** Values in an object of their own: a metric may be called anything, `time` too. */
function makeWideNdjson(): TextWriter {
  return {
    head: '',
    writeRows: (part, rows) => {
      const names = part.metrics.map(({ name }) => JSON.stringify(name));
      const device = JSON.stringify(part.deviceId);
      let text = '';
      for (let row = 0; row < rows.rows; row++) {
        const timeMs = rows.timesMs[row]!;
        const cells: string[] = [];
        for (let entry = rows.rowStarts[row]!; entry < rows.rowStarts[row + 1]!; entry++) {
          const place = rows.places[entry]!;
          cells.push(`${names[place]}:${writeJson(part.metrics[place]!.kind, rows.values[entry]!)}`);
        }
        text += `{"time":"${writeTimeText(timeMs)}","timeMs":${timeMs},"device":${device},"values":{${cells.join()}}}\n`;
      }
      return text;
    },
  };
}

function forEachEntry(rows: ReadingRows, tell: (entry: number, place: number, timeMs: number) => void): void {
  for (let row = 0; row < rows.rows; row++) {
    const end = rows.rowStarts[row + 1]!;
    for (let entry = rows.rowStarts[row]!; entry < end; entry++) {
      tell(entry, rows.places[entry]!, rows.timesMs[row]!);
    }
  }
}

function writeCell(kind: MetricDeclaration['kind'], value: number | string): string {
  if (typeof value === 'string') return writeTextCell(value);
  return kind === 'bool' ? writeBool(value) : writeNumberText(value);
}

/** What JSON cannot say goes as text. */
function writeJson(kind: MetricDeclaration['kind'], value: number | string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (kind === 'bool') return writeBool(value);
  const text = writeNumberText(value);
  return Number.isFinite(value) && text !== '-0' ? text : `"${text}"`;
}

function writeBool(value: number): string {
  return value === 0 ? 'false' : 'true';
}
