/**
 * From the lines of a file to rows of readings: which columns there are, and what each cell says.
 *
 * Owns the header, and the first rows of a table whose columns' kinds are still to be guessed. Invariant: rows come out in the
 * order they went in. What does not fit is told with its line and left out; nothing throws. Takes what `export-text.ts` writes,
 * and any CSV whose first column is a time.
 */
import type { MetricKind } from '@lapwing/protocol';
import type { CsvRecord } from './csv-parser.ts';
import { readNumberText, unguardText } from './csv-text.ts';
import { keepInRange, readTimeText } from './time-text.ts';

export interface ImportCell {
  readonly metric: string;
  readonly unit: string;
  /** What the file says it is; null where it does not. */
  readonly kind: MetricKind | null;
  readonly raw: string | number | boolean;
}

export interface ImportRow {
  readonly line: number;
  /** Whose row it is, where the file says so. */
  readonly deviceId: string | null;
  readonly timeMs: number;
  readonly cells: readonly ImportCell[];
}

export interface ImportReaderParts {
  /** The kind that the device's metric of that name has; null for a new one. */
  readonly findKind: (metric: string) => MetricKind | null;
  readonly readerOnRow: (row: ImportRow) => void;
  readonly readerOnBadLine: (line: number, why: string) => void;
}

const sampleRows = 200;
/** What people write where there is no number. */
const absentNumbers: ReadonlySet<string> = new Set(['', 'NA', 'N/A', 'n/a', 'null', 'NULL', 'None', '-']);
const kinds: ReadonlySet<string> = new Set(['gauge', 'counter', 'bool', 'text']);

/** Where the long form's columns are; −1 for those it does not have. */
interface LongHeader {
  readonly form: 'long';
  readonly fields: number;
  readonly time: number;
  readonly timeMs: number;
  readonly device: number;
  readonly metric: number;
  readonly unit: number;
  readonly kind: number;
  readonly value: number;
}
interface WideHeader {
  readonly form: 'wide';
  readonly fields: number;
  readonly names: readonly string[];
  /** Null until enough rows were seen; of a column, until it has its first value. */
  kinds: (MetricKind | null)[] | null;
}

export class ImportReader {
  private readonly parts: ImportReaderParts;
  private header: LongHeader | WideHeader | null = null;
  private waiting: CsvRecord[] = [];

  constructor(parts: ImportReaderParts) {
    this.parts = parts;
  }

  takeRecord(record: CsvRecord): void {
    if (record.wrong !== '') return this.parts.readerOnBadLine(record.line, record.wrong);
    if (this.header === null) {
      const isHeader = Number.isNaN(readTimeText(record.fields[0]!));
      this.header = isHeader ? readHeader(record.fields) : makeWide(record.fields.map(() => ''));
      if (isHeader) return;
    }
    const { header } = this;
    if (record.fields.length !== header.fields) {
      const why = `${record.fields.length} fields where ${header.fields} are expected`;
      return this.parts.readerOnBadLine(record.line, why);
    }
    if (header.form === 'long') return this.takeLong(header, record);
    if (header.kinds !== null || Number.isNaN(readTimeText(record.fields[0]!))) return this.takeWide(header, record);
    this.waiting.push(record);
    if (this.waiting.length >= sampleRows) this.settleKinds(header);
  }

  /** One line of NDJSON. */
  takeJson(line: number, text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.parts.readerOnBadLine(line, 'is no JSON');
    }
    const row = readJsonRow(line, value);
    if (typeof row === 'string') this.parts.readerOnBadLine(line, row);
    else this.parts.readerOnRow(row);
  }

  finish(): void {
    if (this.header?.form === 'wide' && this.header.kinds === null) this.settleKinds(this.header);
  }

  private settleKinds(header: WideHeader): void {
    header.kinds = header.names.map((name, column) => {
      return this.parts.findKind(name) ?? guessKind(this.waiting.map(({ fields }) => fields[column + 1]!.trim()));
    });
    for (const record of this.waiting) this.takeWide(header, record);
    this.waiting = [];
  }

  private takeWide({ names, kinds }: WideHeader, { line, fields, emptyTexts }: CsvRecord): void {
    const timeMs = readTimeText(fields[0]!);
    if (Number.isNaN(timeMs)) return this.parts.readerOnBadLine(line, sayNoTime(fields[0]!));
    const cells: ImportCell[] = [];
    for (let column = 0; column < names.length; column++) {
      const field = fields[column + 1]!;
      const isEmptyText = field === '' && emptyTexts?.includes(column + 1) === true;
      if (field === '' && !isEmptyText) continue;
      const kind = kinds![column] ?? (isEmptyText ? 'text' : guessKind([field.trim()]));
      if (kind === null || (kind !== 'text' && isAbsent(field))) continue;
      kinds![column] = kind;
      cells.push({ metric: names[column]!, unit: '', kind, raw: unguardText(field) });
    }
    this.parts.readerOnRow({ line, deviceId: null, timeMs, cells });
  }

  private takeLong(header: LongHeader, { line, fields }: CsvRecord): void {
    const at = (place: number) => (place === -1 ? '' : fields[place]!);
    const exact = at(header.timeMs);
    const timeMs = /^-?\d+$/.test(exact) ? keepInRange(Number(exact)) : readTimeText(at(header.time));
    if (Number.isNaN(timeMs)) return this.parts.readerOnBadLine(line, sayNoTime(exact || at(header.time)));
    const kind = at(header.kind);
    if (kind !== '' && !kinds.has(kind)) return this.parts.readerOnBadLine(line, `"${cut(kind)}" is no kind of metric`);
    const cell = {
      metric: unguardText(at(header.metric)),
      unit: unguardText(at(header.unit)),
      kind: kind === '' ? null : (kind as MetricKind),
      raw: unguardText(at(header.value)),
    };
    this.parts.readerOnRow({ line, deviceId: at(header.device) || null, timeMs, cells: [cell] });
  }
}

/** A long form has columns `metric` and `value`; anything else is a table of metrics. */
function readHeader(fields: readonly string[]): LongHeader | WideHeader {
  const names = fields.map((field) => unguardText(field));
  const find = (name: string) => names.findIndex((field) => field.trim() === name);
  const metric = find('metric');
  const value = find('value');
  if (metric === -1 || value === -1) return makeWide(names);
  return {
    form: 'long',
    fields: fields.length,
    time: Math.max(find('time'), 0),
    timeMs: find('timeMs'),
    device: find('device'),
    metric,
    unit: find('unit'),
    kind: find('kind'),
    value,
  };
}

/** Names behind the time column, different from each other; those that are missing are made. */
function makeWide(fields: readonly string[]): WideHeader {
  const taken = new Set<string>();
  const names = fields.slice(1).map((field, index) => {
    const base = field.trim() === '' ? `column-${index + 2}` : field;
    let name = base;
    for (let copy = 2; taken.has(name); copy++) name = `${base}-${copy}`;
    taken.add(name);
    return name;
  });
  return { form: 'wide', fields: fields.length, names, kinds: null };
}

function isAbsent(field: string): boolean {
  const first = field.charCodeAt(0);
  const isDigit = first >= 0x30 && first <= 0x39;
  return !isDigit && absentNumbers.has(field.trim());
}

/** Null where there is nothing to guess from. */
function guessKind(cells: readonly string[]): MetricKind | null {
  const said = cells.filter((cell) => !absentNumbers.has(cell));
  if (said.length === 0) return null;
  if (said.every((cell) => /^(true|false)$/i.test(cell))) return 'bool';
  return said.every((cell) => readNumberText(cell) !== null) ? 'gauge' : 'text';
}

/** A row, or why it is none. */
function readJsonRow(line: number, value: unknown): ImportRow | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object';
  const {
    time,
    timeMs: exact,
    device = null,
    metric,
    unit = '',
    kind = null,
    value: raw,
    values,
  } = value as Record<string, unknown>;
  const timeMs = typeof exact === 'number' ? keepInRange(Math.round(exact)) : readTimeText(String(time ?? ''));
  if (Number.isNaN(timeMs)) return sayNoTime(String(exact ?? time ?? ''));
  if (device !== null && typeof device !== 'string') return '"device" is no text';
  const row = { line, deviceId: device, timeMs };
  if (typeof values === 'object' && values !== null) {
    const cells = Object.entries(values).filter((entry): entry is [string, ImportCell['raw']] => isRaw(entry[1]));
    return {
      ...row,
      cells: cells.map(([name, one]) => ({ metric: name, unit: '', kind: guessJsonKind(one), raw: one })),
    };
  }
  if (typeof metric !== 'string' || !isRaw(raw)) return 'has neither "metric" and "value" nor "values"';
  if (typeof unit !== 'string') return '"unit" is no text';
  if (kind !== null && !kinds.has(kind as string)) return '"kind" is none of gauge, counter, bool, text';
  return { ...row, cells: [{ metric, unit, kind: (kind as MetricKind | null) ?? guessJsonKind(raw), raw }] };
}

/** JSON tells texts from numbers, but for the numbers that it cannot say. */
function guessJsonKind(raw: ImportCell['raw']): MetricKind | null {
  return typeof raw === 'string' && !/^(?:NaN|-?Infinity|-0)$/.test(raw) ? 'text' : null;
}

function isRaw(value: unknown): value is ImportCell['raw'] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function sayNoTime(text: string): string {
  return `"${cut(text)}" is no time`;
}

export function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
