/**
 * One line of a chart: from a series' buffer to what is drawn of it — mean, lowest, highest, last or rate of each bucket.
 *
 * Owns reusable columns, one set per line, because lines of one chart may differ in unit, in what is drawn and in device. Invariant:
 * the line is of its own readings alone; a bucket without any is no row.
 */
import { ChartColumns, type SeriesColumns } from './chart-columns.ts';
import { rateSecondsOf } from './chart-groups.ts';
import type { Aggregate } from './explore-state.ts';
import type { SeriesBuffer } from './series-buffer.ts';

export interface LineLook {
  readonly aggregate: Aggregate;
  readonly isCounter: boolean;
  /** That it is drawn in; of a rate, one of `makeRateUnit`. */
  readonly unit?: string;
  /** Buckets that begin after it are left out. */
  readonly toMs: number;
}

/** A counter's mean height says nothing: it is drawn as what it grows by. */
export function isRateOf(aggregate: Aggregate, isCounter: boolean): boolean {
  return aggregate === 'rate' || (isCounter && aggregate === 'mean');
}

export class LineColumns {
  private readonly columns = new ChartColumns(1);
  private scratch = new Float64Array(0);
  times: Float64Array = new Float64Array(0);
  /** `mean` is the line; `min` and `max` its band. */
  drawn: SeriesColumns = { mean: new Float64Array(0), min: new Float64Array(0), max: new Float64Array(0), gapMs: 0 };
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;

  fill(buffer: SeriesBuffer | null, { aggregate, isCounter, unit = '', toMs }: LineLook): void {
    const rateSeconds = rateSecondsOf(unit);
    const isRate = isRateOf(aggregate, isCounter);
    this.columns.fill([buffer], { isRate: isRate && isCounter, rateSeconds, toMs });
    this.times = this.columns.times;
    const all = this.columns.series[0]!;
    if (aggregate === 'min') this.drawn = { ...all, mean: all.min, max: all.min };
    else if (aggregate === 'max') this.drawn = { ...all, mean: all.max, min: all.max };
    else if (isRate && !isCounter) this.drawn = this.makeLine(all, (row) => this.slopeAt(buffer!, row) * rateSeconds);
    else if (aggregate === 'last') this.drawn = this.makeLine(all, (row) => this.lastAt(buffer!, row));
    else this.drawn = all;
    this.measureExtent();
  }

  /** The row whose time is nearest, if it is near enough to be meant; else −1. */
  findNear(timeMs: number, reachMs: number): number {
    const { times } = this;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle]! < timeMs) low = middle + 1;
      else high = middle;
    }
    const before = low - 1;
    const isBefore = before >= 0 && (low >= times.length || timeMs - times[before]! <= times[low]! - timeMs);
    const row = isBefore ? before : low;
    return row < times.length && Math.abs(times[row]! - timeMs) <= reachMs ? row : -1;
  }

  private makeLine(all: SeriesColumns, valueAt: (row: number) => number): SeriesColumns {
    const rows = this.times.length;
    if (this.scratch.length < rows) this.scratch = new Float64Array(rows);
    for (let row = 0; row < rows; row++) this.scratch[row] = valueAt(row);
    const line = this.scratch.subarray(0, rows);
    return { mean: line, min: line, max: line, gapMs: all.gapMs };
  }

  private slotAt(buffer: SeriesBuffer, row: number): number {
    return buffer.slotOf(Math.round(this.times[row]! / buffer.bucketMs - 0.5));
  }

  private lastAt(buffer: SeriesBuffer, row: number): number {
    return buffer.last[this.slotAt(buffer, row)]!;
  }

  /** Of what may fall as well as rise: the change per second since the bucket before. */
  private slopeAt(buffer: SeriesBuffer, row: number): number {
    if (row === 0) return Number.NaN;
    const [now, before] = [this.slotAt(buffer, row), this.slotAt(buffer, row - 1)];
    return ((buffer.last[now]! - buffer.last[before]!) / (buffer.lastMs[now]! - buffer.lastMs[before]!)) * 1000;
  }

  private measureExtent(): void {
    const { min, max } = this.drawn;
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < min.length; row++) {
      if (min[row]! < this.low) this.low = min[row]!;
      if (max[row]! > this.high) this.high = max[row]!;
    }
  }
}

export interface CsvLine {
  readonly title: string;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/**
 * What is seen, as CSV (RFC 4180): a row per time on the screen, a column per line, numbers whole. A title that a spreadsheet would
 * take for a formula gets an apostrophe in front.
 */
export function writeCsv(lines: readonly CsvLine[], fromMs: number, toMs: number): string {
  const rows = new Map<number, (number | undefined)[]>();
  lines.forEach(({ times, values }, column) => {
    for (let i = 0; i < times.length; i++) {
      const timeMs = times[i]!;
      if (timeMs < fromMs || timeMs > toMs || Number.isNaN(values[i]!)) continue;
      let row = rows.get(timeMs);
      if (row === undefined) {
        row = new Array(lines.length);
        rows.set(timeMs, row);
      }
      row[column] = values[i]!;
    }
  });
  const head = ['time', ...lines.map(({ title }) => quote(title))].join(',');
  const body = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([timeMs, row]) => {
      const cells = Array.from(row, (value) => (value === undefined ? '' : String(value)));
      return [new Date(timeMs).toISOString(), ...cells].join(',');
    });
  return `${[head, ...body].join('\r\n')}\r\n`;
}

function quote(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
