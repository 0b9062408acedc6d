/**
 * A block's column in memory as small as it goes, in order of time, with sums of stretches beside it: so that a bucket costs what
 * its edges cut, not what it holds.
 *
 * Decimals are whole numbers of two bytes above the least, regular times are two numbers. Invariant: `expand` gives every
 * time and value back bit for bit, and `summarize` says what a walk over them would (but for the rounding of a sum, which is exact
 * for decimals). Immutable. Refuses text and NaN: `compactRun` answers null.
 */
import type { TimedRun } from './rollup-cells.ts';

/** Readings of a stretch, which takes 27 bytes: an edge costs half as many on either side. */
const stretchLog = 6;
const stretchReadings = 1 << stretchLog;
/** Stretches that are summed up once more. */
const groupLog = 3;
const groupStretches = 1 << groupLog;
const exponentMax = 6;
/** Sums of whole numbers below this, of as many readings as a block may have, are exact doubles. */
const wholeMax = 2 ** 32;
const lengthMax = 2 ** 20;

export interface RunSummary {
  min: number;
  max: number;
  sum: number;
}

/** Two kinds and no more: each has a loop of its own, compiled for it. */
type Values = Uint16Array | Float64Array;

export class CompactTimes {
  readonly length: number;
  readonly bytes: number;
  private readonly firstMs: number;
  private readonly stepMs: number;
  /** Milliseconds after the first, or the times themselves; null where they are regular. */
  private readonly offsets: Uint32Array | Float64Array | null;
  private readonly isWhole: boolean;

  /** `times` rise. */
  constructor(times: Float64Array, length: number) {
    this.length = length;
    this.firstMs = times[0]!;
    this.stepMs = length > 1 ? times[1]! - times[0]! : 1;
    const { firstMs, stepMs } = this;
    let isRegular = stepMs > 0;
    let isWhole = times[length - 1]! - firstMs < 2 ** 32;
    for (let i = 0; i < length && (isRegular || isWhole); i++) {
      const time = times[i]!;
      if (firstMs + i * stepMs !== time) isRegular = false;
      if (firstMs + ((time - firstMs) >>> 0) !== time) isWhole = false;
    }
    this.isWhole = isWhole;
    if (isRegular) this.offsets = null;
    else if (isWhole) this.offsets = Uint32Array.from({ length }, (_, i) => times[i]! - firstMs);
    else this.offsets = times.slice(0, length);
    this.bytes = 64 + (this.offsets?.byteLength ?? 0);
  }

  at(i: number): number {
    const { offsets, firstMs } = this;
    if (offsets === null) return firstMs + i * this.stepMs;
    return this.isWhole ? firstMs + offsets[i]! : offsets[i]!;
  }

  /** The first one at or after `timeMs`, `length` where there is none; not below `from`. */
  findStart(timeMs: number, from = 0): number {
    if (this.offsets === null) {
      // Rounding may be one off, no more: the times of a block span few of its steps.
      const guess = Math.ceil((timeMs - this.firstMs) / this.stepMs);
      let i = Math.max(from, Math.min(this.length, guess));
      while (i > from && this.at(i - 1) >= timeMs) i--;
      while (i < this.length && this.at(i) < timeMs) i++;
      return i;
    }
    let low = from;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class CompactRun {
  readonly times: CompactTimes;
  readonly length: number;
  private readonly values: Values;
  private readonly least: number;
  /** 0: `values` are what they are; else whole numbers above `least`, in parts of so many. */
  private readonly scale: number;
  /** Min, max and sum of each stretch, and of each group of them. */
  private readonly stretches: Float64Array;
  private readonly groups: Float64Array;

  constructor(times: CompactTimes, packed: { values: Values; least: number; scale: number }) {
    this.times = times;
    this.length = times.length;
    this.values = packed.values;
    this.least = packed.least;
    this.scale = packed.scale;
    const stretches = this.length >> stretchLog;
    this.stretches = new Float64Array(3 * stretches);
    this.groups = new Float64Array(3 * (stretches >> groupLog));
    for (let i = 0; i < stretches; i++) {
      this.keep(this.stretches, i, (into) => this.scan(i << stretchLog, (i + 1) << stretchLog, into));
    }
    for (let i = 0; i < stretches >> groupLog; i++) {
      this.keep(this.groups, i, (into) =>
        joinCells(this.stretches, { start: i << groupLog, end: (i + 1) << groupLog }, into),
      );
    }
  }

  /** With its times, although it may share them: those it shares them with may go first. */
  get bytes(): number {
    return 128 + this.times.bytes + this.values.byteLength + this.stretches.byteLength + this.groups.byteLength;
  }

  valueAt(i: number): number {
    return this.scale === 0 ? this.values[i]! : (this.least + this.values[i]!) / this.scale;
  }

  /** Of readings start … end − 1, at least one. */
  summarize(start: number, end: number, into: RunSummary): void {
    into.min = Number.POSITIVE_INFINITY;
    into.max = Number.NEGATIVE_INFINITY;
    into.sum = 0;
    const first = (start + stretchReadings - 1) >> stretchLog;
    const last = end >> stretchLog;
    if (first >= last) this.scan(start, end, into);
    else {
      this.scan(start, first << stretchLog, into);
      this.joinStretches(first, last, into);
      this.scan(last << stretchLog, end, into);
    }
    const { least, scale } = this;
    if (scale === 0) return;
    into.min = (least + into.min) / scale;
    into.max = (least + into.max) / scale;
    into.sum = (least * (end - start) + into.sum) / scale;
  }

  copyValues(start: number, end: number): Float64Array {
    const out = new Float64Array(end - start);
    for (let i = start; i < end; i++) out[i - start] = this.valueAt(i);
    return out;
  }

  expand(): TimedRun {
    const times = Float64Array.from({ length: this.length }, (_, i) => this.times.at(i));
    return { times, values: this.copyValues(0, this.length), length: this.length };
  }

  private keep(cells: Float64Array, i: number, sum: (into: RunSummary) => void): void {
    const into = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, sum: 0 };
    sum(into);
    cells[3 * i] = into.min;
    cells[3 * i + 1] = into.max;
    cells[3 * i + 2] = into.sum;
  }

  private scan(start: number, end: number, into: RunSummary): void {
    if (this.values instanceof Float64Array) scanFloats(this.values, { start, end }, into);
    else scanWholes(this.values, { start, end }, into);
  }

  private joinStretches(start: number, end: number, into: RunSummary): void {
    const first = (start + groupStretches - 1) >> groupLog;
    const last = end >> groupLog;
    if (first >= last) return joinCells(this.stretches, { start, end }, into);
    joinCells(this.stretches, { start, end: first << groupLog }, into);
    joinCells(this.groups, { start: first, end: last }, into);
    joinCells(this.stretches, { start: last << groupLog, end }, into);
  }
}

function joinCells(cells: Float64Array, { start, end }: { start: number; end: number }, into: RunSummary): void {
  let { min, max, sum } = into;
  for (let i = 3 * start; i < 3 * end; i += 3) {
    if (cells[i]! < min) min = cells[i]!;
    if (cells[i + 1]! > max) max = cells[i + 1]!;
    sum += cells[i + 2]!;
  }
  into.min = min;
  into.max = max;
  into.sum = sum;
}

/** In 32-bit integers: less than half the time of doubles. */
function scanWholes(values: Uint16Array, { start, end }: { start: number; end: number }, into: RunSummary): void {
  if (start === end) return;
  let min = values[start]!;
  let max = min;
  let sum = 0;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  if (min < into.min) into.min = min;
  if (max > into.max) into.max = max;
  into.sum += sum;
}
function scanFloats(values: Float64Array, { start, end }: { start: number; end: number }, into: RunSummary): void {
  let { min, max, sum } = into;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  into.min = min;
  into.max = max;
  into.sum = sum;
}

/** Null for text and for what holds NaN. `times`: the run's own, where they are at hand. */
export function compactRun(run: TimedRun, times = new CompactTimes(run.times, run.length)): CompactRun | null {
  const { values, length } = run;
  if (values === null || length === 0 || length > lengthMax) return null;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return null;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  for (let exponent = 0; exponent <= exponentMax; exponent++) {
    const packed = packWholes(values, { length, min, max, scale: 10 ** exponent });
    if (packed !== null) return new CompactRun(times, packed);
  }
  return new CompactRun(times, { values: values.slice(0, length), least: 0, scale: 0 });
}

function packWholes(
  values: Float64Array,
  { length, min, max, scale }: { length: number; min: number; max: number; scale: number },
): { values: Values; least: number; scale: number } | null {
  const least = Math.round(min * scale);
  const span = Math.round(max * scale) - least;
  if (!(span < 65_536 && Math.abs(least) + span < wholeMax)) return null;
  const packed = new Uint16Array(length);
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    const whole = Math.round(value * scale);
    if (whole / scale !== value || (whole === 0 && 1 / value < 0)) return null;
    packed[i] = whole - least;
  }
  return { values: packed, least, scale };
}
