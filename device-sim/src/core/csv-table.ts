/**
 * From CSV records to rows of a device: which column is the time, which are numbers, which text.
 *
 * Owns the first rows until the kinds of the columns are known from them. Invariant: rows come out in the order they went in.
 * What does not fit is told with its line and left out; nothing throws.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import { limits } from '@lapwing/protocol';
import type { CsvRecord } from './csv-parser.ts';

export interface CsvRow {
  readonly timeMs: number;
  /** In step with the metrics; null: no value. */
  readonly values: readonly (number | string | null)[];
}

export interface CsvComplaint {
  readonly line: number;
  readonly text: string;
}

export interface CsvTableOptions {
  readonly unit: string;
  readonly csvOnComplaint: (complaint: CsvComplaint) => void;
  /** The metrics are known: called once, before the first row. */
  readonly csvOnMetrics: (metrics: readonly MetricDeclaration[]) => void;
  readonly csvOnRow: (row: CsvRow) => void;
}

const sampleRows = 200;
const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const absent: ReadonlySet<string> = new Set(['', 'NA', 'N/A', 'n/a', 'null', 'NULL', '-']);

export class CsvTable {
  /** Some time had no zone and was taken as UTC. */
  zoneless = false;
  private readonly options: CsvTableOptions;
  private names: readonly string[] | null = null;
  private metrics: readonly MetricDeclaration[] | null = null;
  private waiting: { timeMs: number; record: CsvRecord }[] = [];

  constructor(options: CsvTableOptions) {
    this.options = options;
  }

  take(record: CsvRecord): void {
    if (record.wrong !== '') return this.complain(record.line, record.wrong);
    const time = parseTime(record.fields[0] ?? '');
    if (this.names === null) {
      this.names = makeNames(record.fields, Number.isNaN(time.timeMs));
      if (Number.isNaN(time.timeMs)) return;
    }
    if (record.fields.length !== this.names.length + 1) {
      return this.complain(record.line, `${record.fields.length} fields where ${this.names.length + 1} are expected`);
    }
    if (Number.isNaN(time.timeMs)) return this.complain(record.line, `"${record.fields[0]!.slice(0, 40)}" is no time`);
    if (time.zoneless) this.zoneless = true;
    if (this.metrics !== null) return this.tell(time.timeMs, record);
    this.waiting.push({ timeMs: time.timeMs, record });
    if (this.waiting.length >= sampleRows) this.settle();
  }

  finish(): void {
    if (this.metrics === null && this.waiting.length > 0) this.settle();
  }

  private settle(): void {
    const names = this.names ?? [];
    this.metrics = names.map((name, index) => {
      const cells = this.waiting.map(({ record }) => record.fields[index + 1]!.trim());
      const isText = cells.some((cell) => !absent.has(cell) && Number.isNaN(parseCell(cell)) && !/^nan$/i.test(cell));
      return isText ? { name, unit: '', kind: 'text' } : { name, unit: this.options.unit, kind: 'gauge' };
    });
    this.options.csvOnMetrics(this.metrics);
    const { waiting } = this;
    this.waiting = [];
    for (const { timeMs, record } of waiting) this.tell(timeMs, record);
  }

  private tell(timeMs: number, record: CsvRecord): void {
    const values = this.metrics!.map(({ kind, name }, index) => {
      const cell = record.fields[index + 1]!.trim();
      if (absent.has(cell)) return null;
      if (kind === 'text') return cutText(cell);
      const value = parseCell(cell);
      if (!Number.isNaN(value) || /^nan$/i.test(cell)) return value;
      this.complain(record.line, `"${cell.slice(0, 40)}" in column ${name} is no number: left out`);
      return null;
    });
    this.options.csvOnRow({ timeMs, values });
  }

  private complain(line: number, text: string): void {
    this.options.csvOnComplaint({ line, text });
  }
}

/** Names of the columns behind the time: from the header, made fit for metrics and different from each other. */
function makeNames(fields: readonly string[], isHeader: boolean): readonly string[] {
  const taken = new Set<string>();
  return fields.slice(1).map((field, index) => {
    const wanted = isHeader ? cutName(field) : '';
    const base = wanted === '' ? `column-${index + 2}` : wanted;
    let name = base;
    for (let copy = 2; taken.has(name); copy++) name = `${base}-${copy}`;
    taken.add(name);
    return name;
  });
}

function isControl(char: string): boolean {
  return char < ' ' || char === '\x7f';
}

/** Four bytes a character at most, so a quarter of the limit always fits. */
function cutName(text: string): string {
  return [...text.trim()]
    .filter((char) => !isControl(char))
    .slice(0, limits.metricNameBytesMax / 4 - 2)
    .join('');
}

function cutText(text: string): string {
  return [...text.toWellFormed()]
    .filter((char) => !isControl(char) || char === '\t' || char === '\n')
    .slice(0, limits.textBytesMax / 4)
    .join('');
}

/** NaN for what is no number; infinities are numbers. */
export function parseCell(cell: string): number {
  if (numberPattern.test(cell)) return Number(cell);
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(cell);
  if (infinity === null) return Number.NaN;
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** ISO 8601, `YYYY-MM-DD HH:MM:SS` (UTC), Unix seconds or milliseconds; whole milliseconds, NaN for anything else. */
export function parseTime(text: string): { timeMs: number; zoneless: boolean } {
  const cell = text.trim();
  if (/^-?\d+(?:\.\d+)?$/.test(cell)) {
    const number = Number(cell);
    // Seconds reach 10^11 in the year 5138; milliseconds were there in 1973.
    return { timeMs: Math.round(Math.abs(number) < 1e11 ? number * 1000 : number), zoneless: false };
  }
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
      cell,
    );
  if (match === null) return { timeMs: Number.NaN, zoneless: false };
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const utcMs = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  // Date.UTC rolls the 31st of April over into May: that was no date.
  const check = new Date(utcMs);
  const rolled = check.getUTCMonth() !== month! - 1 || check.getUTCDate() !== day || hour! > 23 || minute! > 59;
  if (rolled || second! > 59) return { timeMs: Number.NaN, zoneless: false };
  const fraction = match[7] === undefined ? 0 : Math.round(Number(`0.${match[7]}`) * 1000);
  return { timeMs: utcMs + fraction - zoneMs(match[8]), zoneless: match[8] === undefined };
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) * 60_000;
}
