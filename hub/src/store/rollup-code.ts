/**
 * A column's rollup as checksummed bytes and back: its cells at one or more tiers.
 *
 * Layout: u32 CRC-32 of what follows, u8 format 2 (1: the same, with the lists of integer-code.ts), u8 number of tiers, then for each tier, coarsest first: unsigned tierMs,
 * unsigned length in bytes, that many bytes. A tier's bytes: unsigned cells, u8 flags, zigzag index of the first cell, then the
 * columns in the order of `putCells`. Where all values are decimals they are whole numbers at one exponent and told by what is
 * small: first from the last before, last from first, min and max from those, sum from a forecast. Owns only scratch memory.
 * A rollup whose checksum is wrong is as good as none: `openRollup` answers null, and readings are read instead.
 */
import { crc32 } from 'node:zlib';
import { ByteSink, ByteSource } from './byte-sink.ts';
import { putIntegers, takeIntegers } from './coding/integer-list.ts';
import { PaddedSource } from './coding/padded-source.ts';
import { takeIntegers as takeOldIntegers } from './integer-code.ts';
import { type Cells, type CellsScratch, makeCells } from './rollup-cells.ts';

const format = 2;
const formatOld = 1;
const flag = {
  text: 1,
  /** Cells are not neighbours: their numbers are told. */
  holes: 2,
  /** All counts but the first and the last are alike. */
  evenCounts: 4,
  /** Some readings are no numbers. */
  numbers: 8,
  /** Increase is known: last − first, but where told otherwise. */
  increase: 16,
  decimal: 32,
} as const;
const exponentMax = 9;
/** Whole numbers up to here, and what differs from them and from their multiples, are within what lists of them may span. */
const wholeMax = 2 ** 47;

const body = new ByteSink();
const out = new ByteSink();

/** Finest tier first, as they are made. */
export function encodeRollup(tiers: readonly Cells[], isText: boolean): Uint8Array {
  out.clear();
  out.reserve(16);
  out.length = 4;
  out.putByte(format);
  out.putByte(tiers.length);
  for (let i = tiers.length - 1; i >= 0; i--) {
    body.clear();
    putCells(body, tiers[i]!, isText);
    out.putUnsigned(tiers[i]!.tierMs);
    out.putUnsigned(body.length);
    out.putBytes(body.bytes.subarray(0, body.length));
  }
  const bytes = out.take();
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

/** A rollup whose tiers can be decoded one by one. */
export interface Rollup {
  /** Coarsest first. */
  readonly tiersMs: readonly number[];
  /** Into `scratch` where given: then they are good until it is used again. */
  decode(tier: number, scratch?: CellsScratch): Cells;
}

export function openRollup(bytes: Uint8Array): Rollup | null {
  // A damaged row may hold anything.
  if (!(bytes instanceof Uint8Array)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== crc32(bytes.subarray(4))) return null;
  if (bytes[4] !== format && bytes[4] !== formatOld) return null;
  const source = new ByteSource(bytes);
  source.position = 5;
  const tiersMs: number[] = [];
  const starts: number[] = [];
  for (let left = source.takeByte(); left > 0; left--) {
    tiersMs.push(source.takeUnsigned());
    const length = source.takeUnsigned();
    starts.push(source.position);
    source.position += length;
  }
  return {
    tiersMs,
    decode: (tier, scratch) => {
      const cells = openCells(bytes, starts[tier]!);
      const length = cells.takeUnsigned();
      const tierMs = tiersMs[tier]!;
      return takeCells(cells, scratch === undefined ? makeCells(tierMs, length) : scratch.take(tierMs, length));
    },
  };
}

/** Reads on from where a tier's bytes begin, until the next call. */
interface CellSource {
  takeByte(): number;
  takeUnsigned(): number;
  takeFloat64(): number;
  takeList(count: number, out: Float64Array<ArrayBuffer>): void;
}
const padded = new PaddedSource();
const newSource: CellSource = {
  takeByte: () => padded.takeByte(),
  takeUnsigned: () => padded.takeUnsigned(),
  takeFloat64: () => padded.takeFloat64(),
  takeList: (count, out) => takeIntegers(padded, out, count),
};

function openCells(bytes: Uint8Array, start: number): CellSource {
  if (bytes[4] === format) {
    padded.open(bytes);
    padded.moveTo(start);
    return newSource;
  }
  const source = new ByteSource(bytes);
  source.position = start;
  return {
    takeByte: () => source.takeByte(),
    takeUnsigned: () => source.takeUnsigned(),
    takeFloat64: () => source.takeFloat64(),
    takeList: (count, out) => void takeOldIntegers(source, count, out),
  };
}

function putCells(sink: ByteSink, cells: Cells, isText: boolean): void {
  const { length, index, count } = cells;
  const holes = length > 0 && index[length - 1]! - index[0]! !== length - 1;
  const evenCounts = length >= 3 && count.subarray(1, length - 1).every((value) => value === count[1]);
  const allNumbers = cells.numbers.every((value, i) => value === count[i]);
  const scaled = isText ? null : scaleCells(cells);
  let flags = (isText ? flag.text : 0) | (holes ? flag.holes : 0) | (evenCounts ? flag.evenCounts : 0);
  if (!isText && !allNumbers) flags |= flag.numbers;
  if (cells.increase !== null) flags |= flag.increase;
  if (scaled !== null) flags |= flag.decimal;
  sink.putUnsigned(length);
  sink.putByte(flags);
  const first = index[0] ?? 0;
  sink.putUnsigned(first < 0 ? -2 * first - 1 : 2 * first);
  if (holes) {
    putIntegers(
      sink,
      index.map((value) => value - first),
      length,
    );
  }
  if (evenCounts) for (const i of [0, 1, length - 1]) sink.putUnsigned(count[i]!);
  else putIntegers(sink, count, length);
  if (isText) return;
  if (!allNumbers) putIntegers(sink, cells.numbers, length);
  if (scaled !== null) putScaled(sink, scaled, cells.numbers);
  else for (const column of listColumns(cells)) for (const value of column) sink.putFloat64(value);
  if (cells.increase !== null) putIncreases(sink, cells, cells.increase);
}

function takeCells(source: CellSource, cells: Cells): Cells {
  const flags = source.takeByte();
  const zigzag = source.takeUnsigned();
  const first = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  const { length, index, count, numbers } = cells;
  if ((flags & flag.holes) !== 0) {
    source.takeList(length, index);
    for (let i = 0; i < length; i++) index[i]! += first;
  } else for (let i = 0; i < length; i++) index[i] = first + i;
  if ((flags & flag.evenCounts) !== 0) {
    const before = source.takeUnsigned();
    count.fill(source.takeUnsigned(), 0, length);
    count[0] = before;
    count[length - 1] = source.takeUnsigned();
  } else source.takeList(length, count);
  if ((flags & flag.text) !== 0) {
    numbers.fill(0, 0, length);
    for (const column of listColumns(cells)) column.fill(Number.NaN, 0, length);
    return cells;
  }
  if ((flags & flag.numbers) !== 0) source.takeList(length, numbers);
  else for (let i = 0; i < length; i++) numbers[i] = count[i]!;
  if ((flags & flag.decimal) !== 0) takeScaled(source, cells);
  else {
    for (const column of listColumns(cells)) for (let i = 0; i < length; i++) column[i] = source.takeFloat64();
  }
  return (flags & flag.increase) === 0 ? cells : { ...cells, increase: takeIncreases(source, cells) };
}

function listColumns(cells: Cells): Float64Array<ArrayBuffer>[] {
  return [cells.first, cells.last, cells.min, cells.max, cells.sum];
}

interface Scaled {
  readonly exponent: number;
  readonly columns: readonly Float64Array[];
}

/** Every value as a whole number at the smallest exponent that is exact for all; null where there is none. */
function scaleCells(cells: Cells): Scaled | null {
  const columns = listColumns(cells).map((column) => new Float64Array(column.length));
  for (let exponent = 0; exponent <= exponentMax; exponent++) {
    const scale = 10 ** exponent;
    const fits = listColumns(cells).every((column, c) =>
      c < 4 ? scaleColumn(column, columns[c]!, scale) : scaleSums(cells, columns[4]!, scale),
    );
    if (fits) return { exponent, columns };
  }
  return null;
}

function scaleColumn(from: Float64Array, to: Float64Array, scale: number): boolean {
  for (let i = 0; i < from.length; i++) {
    const value = from[i]!;
    const whole = Math.round(value * scale);
    if (whole / scale !== value || Math.abs(whole) > wholeMax || (value === 0 && 1 / value < 0)) return false;
    to[i] = whole;
  }
  return true;
}

/**
 * A sum of decimals is one too, but for the rounding of its additions: within that it is told as the decimal it stands for, so
 * that it is nearer to the truth than adding doubles was.
 */
function scaleSums({ sum, min, max, numbers }: Cells, to: Float64Array, scale: number): boolean {
  for (let i = 0; i < sum.length; i++) {
    const whole = Math.round(sum[i]! * scale);
    const largest = Math.max(Math.abs(min[i]!), Math.abs(max[i]!));
    const roundingMax = numbers[i]! * numbers[i]! * largest * Number.EPSILON;
    if (!(Math.abs(whole / scale - sum[i]!) <= roundingMax && largest * scale * numbers[i]! <= wholeMax)) return false;
    to[i] = whole;
  }
  return true;
}

const forecast = { midrange: 0, meanBefore: 1 } as const;

function putScaled(sink: ByteSink, { exponent, columns }: Scaled, numbers: Float64Array): void {
  const [first, last, min, max, sum] = columns as [Float64Array, ...Float64Array[]] as Float64Array[] & { length: 5 };
  const length = first!.length;
  sink.putByte(exponent);
  const list = new Float64Array(length);
  for (let i = 0; i < length; i++) list[i] = first![i]! - (i === 0 ? 0 : last![i - 1]!);
  putIntegers(sink, list, length);
  for (let i = 0; i < length; i++) list[i] = last![i]! - first![i]!;
  putIntegers(sink, list, length);
  for (let i = 0; i < length; i++) list[i] = Math.min(first![i]!, last![i]!) - min![i]!;
  putIntegers(sink, list, length);
  for (let i = 0; i < length; i++) list[i] = max![i]! - Math.max(first![i]!, last![i]!);
  putIntegers(sink, list, length);
  const guesses = [forecast.midrange, forecast.meanBefore].map((kind) => forecastSums(columns, numbers, kind));
  const sizes = guesses.map((guess) => guess.reduce((bits, value, i) => bits + Math.abs(sum![i]! - value), 0));
  const kind = sizes[0]! <= sizes[1]! ? forecast.midrange : forecast.meanBefore;
  sink.putByte(kind);
  for (let i = 0; i < length; i++) list[i] = sum![i]! - guesses[kind]![i]!;
  putIntegers(sink, list, length);
}

/** What a cell's sum probably is. `meanBefore` reads only sums before the one it tells, so a reader can do the same. */
function forecastSum(columns: readonly Float64Array[], numbers: Float64Array, at: { i: number; kind: number }): number {
  const { i, kind } = at;
  const [first, last, min, max, sum] = columns;
  if (kind === forecast.midrange || i === 0) {
    return Math.round(((first![i]! + last![i]! + min![i]! + max![i]!) / 4) * numbers[i]!);
  }
  return Math.round((sum![i - 1]! / numbers[i - 1]!) * numbers[i]!);
}

function forecastSums(columns: readonly Float64Array[], numbers: Float64Array, kind: number): Float64Array {
  return numbers.map((_, i) => forecastSum(columns, numbers, { i, kind }));
}

function takeScaled(source: CellSource, cells: Cells): void {
  const { length, first, last, min, max, sum, numbers } = cells;
  const scale = 10 ** source.takeByte();
  // Differences first, in the columns' own places.
  source.takeList(length, first);
  source.takeList(length, last);
  source.takeList(length, min);
  source.takeList(length, max);
  const kind = source.takeByte();
  source.takeList(length, sum);
  const columns = [first, last, min, max, sum];
  let before = 0;
  for (let i = 0; i < length; i++) {
    const start = before + first[i]!;
    const end = start + last[i]!;
    first[i] = start;
    last[i] = before = end;
    min[i] = (start < end ? start : end) - min[i]!;
    max[i] = (start > end ? start : end) + max[i]!;
    sum[i]! += forecastSum(columns, numbers, { i, kind });
  }
  if (scale === 1) return;
  for (const column of columns) for (let i = 0; i < length; i++) column[i] = column[i]! / scale;
}

/** Only where a reset fell inside a cell is the increase not last − first. */
function putIncreases(sink: ByteSink, { first, last }: Cells, increase: Float64Array): void {
  const told: number[] = [];
  increase.forEach((risen, i) => {
    if (risen !== last[i]! - first[i]!) told.push(i);
  });
  sink.putUnsigned(told.length);
  for (const i of told) {
    sink.putUnsigned(i);
    sink.putFloat64(increase[i]!);
  }
}

function takeIncreases(source: CellSource, { length, first, last }: Cells): Float64Array {
  const increase = new Float64Array(length);
  for (let i = 0; i < length; i++) increase[i] = last[i]! - first[i]!;
  for (let left = source.takeUnsigned(); left > 0; left--) {
    const i = source.takeUnsigned();
    increase[i] = source.takeFloat64();
  }
  return increase;
}
