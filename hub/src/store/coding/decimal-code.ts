/**
 * Numbers as whole numbers ÷ 10^exponent, as sensors and CSV files mean them (the idea of ALP, A. Afroozeh et al., 2023).
 *
 * Two kinds of values that do not fit are kept apart, so that one odd value never spoils a block: what is a few doubles beside a decimal
 * (means and unit conversions make 74.93588199999998 of 74.935882) keeps the distance in doubles, and anything else (NaN, −0, ±Infinity,
 * other doubles) is kept as it is. Layout: u8 exponent | 32 where there are near ones | 64 where there are odd ones, how many of each,
 * the whole numbers, the near ones' places and distances, the odd ones' places and values. Owns scratch memory.
 */
import type { ByteSink } from '../byte-sink.ts';
import { countUlps, moveUlps } from './float-bits.ts';
import { integerMax, putIntegers, spanMax, takeIntegers } from './integer-list.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

/** 10^22 is the largest power of ten that is a double: whole ÷ 10^e is correctly rounded up to there. */
export const exponentMax = 18;
const exponentMask = 31;
const nearFlag = 32;
const oddFlag = 64;
/**
 * Distances up to so many doubles: keeping them so saves 19 % of the NAB files. Above, a double that merely happens to be near would
 * count as a decimal.
 */
const ulpsMax = 64;
/** Only where a decimal at least this many times coarser than the doubles there is a near one no accident. */
const nearWholeMax = 2 ** 43;
const sampledMax = 64;
const scales = Float64Array.from({ length: exponentMax + 1 }, (_, e) => 10 ** e);

let wholes = new Float64Array(0);
let nearAt = new Float64Array(0);
let nearUlps = new Float64Array(0);
let oddAt = new Float64Array(0);

export interface DecimalPlan {
  readonly exponent: number;
  /** Per value, by a sample. */
  readonly bits: number;
}

interface Fit {
  /** NaN where the value is neither at nor near a decimal. */
  whole: number;
  ulps: number;
}
const fit: Fit = { whole: 0, ulps: 0 };

function fitDecimal(value: number, scale: number): void {
  const whole = Math.round(value * scale);
  const back = whole / scale;
  fit.ulps = 0;
  fit.whole = whole;
  if (back === value) {
    if (whole > integerMax || whole < -integerMax || (value === 0 && 1 / value < 0)) fit.whole = Number.NaN;
    return;
  }
  if (
    whole === 0 ||
    whole > nearWholeMax ||
    whole < -nearWholeMax ||
    !(Math.abs(back - value) < Math.abs(back) * 2e-14)
  ) {
    fit.whole = Number.NaN;
    return;
  }
  fit.ulps = countUlps(back, value);
  if (fit.ulps > ulpsMax || fit.ulps < -ulpsMax) fit.whole = Number.NaN;
}

/** The exponent that makes the fewest bits of some 64 values, spread over the column. */
export function planDecimals(values: Float64Array, count: number): DecimalPlan {
  const stride = Math.max(1, Math.floor(count / sampledMax));
  let best: DecimalPlan = { exponent: 0, bits: Number.POSITIVE_INFINITY };
  for (let exponent = 0; exponent <= exponentMax; exponent++) {
    let bits = 0;
    let taken = 0;
    let unfit = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count && taken < sampledMax; i += stride, taken++) {
      fitDecimal(values[i]!, scales[exponent]!);
      if (Number.isNaN(fit.whole)) {
        bits += oddBits;
        unfit++;
        continue;
      }
      if (fit.ulps !== 0) bits += nearBits;
      if (fit.whole < min) min = fit.whole;
      if (fit.whole > max) max = fit.whole;
    }
    bits = bits / taken + (max > min ? Math.log2(max - min + 1) : 0);
    if (bits < best.bits) best = { exponent, bits };
    if (unfit === 0 && best.exponent < exponent) break;
  }
  return best;
}
const oddBits = 72;
const nearBits = 14;

/** False, and nothing written, where too many values are odd or the whole numbers span too much. */
export function putDecimals(sink: ByteSink, values: Float64Array, options: DecimalOptions): boolean {
  const { count, exponent, oddMax, putOdd } = options;
  reserve(count);
  const scale = scales[exponent]!;
  let near = 0;
  let odd = 0;
  let before = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const whole = Math.round(value * scale);
    // The short way for what is almost every value.
    if (whole / scale === value && whole <= integerMax && whole >= -integerMax && (whole !== 0 || 1 / value > 0)) {
      before = whole;
      if (whole < min) min = whole;
      if (whole > max) max = whole;
    } else {
      fitDecimal(value, scale);
      if (Number.isNaN(fit.whole)) {
        if (odd === oddMax) return false;
        oddAt[odd++] = i;
      } else {
        before = fit.whole;
        if (before < min) min = before;
        if (before > max) max = before;
        if (fit.ulps !== 0) {
          nearAt[near] = i;
          nearUlps[near++] = fit.ulps;
        }
      }
    }
    wholes[i] = before;
  }
  if (max - min > spanMax) return false;
  fillBefore(odd, count);
  sink.putByte(exponent | (near > 0 ? nearFlag : 0) | (odd > 0 ? oddFlag : 0));
  if (near > 0) sink.putUnsigned(near);
  if (odd > 0) sink.putUnsigned(odd);
  putIntegers(sink, wholes, count);
  putIntegers(sink, nearAt, near);
  putIntegers(sink, nearUlps, near);
  putIntegers(sink, oddAt, odd);
  if (odd > 0) putOdd(sink, gatherOdd(values, odd), odd);
  return true;
}

export interface DecimalOptions {
  readonly count: number;
  readonly exponent: number;
  readonly oddMax: number;
  /** Writes the values that are kept as they are. */
  readonly putOdd: (sink: ByteSink, values: Float64Array, count: number) => void;
}

function gatherOdd(values: Float64Array, odd: number): Float64Array {
  const out = new Float64Array(odd);
  for (let i = 0; i < odd; i++) out[i] = values[oddAt[i]!]!;
  return out;
}

/** Odd values at the start are given the first whole number, so that they do not make a step. */
function fillBefore(odd: number, count: number): void {
  let leading = 0;
  while (leading < odd && oddAt[leading] === leading) leading++;
  wholes.fill(leading < count ? wholes[leading]! : 0, 0, leading);
}

function reserve(count: number): void {
  if (wholes.length >= count) return;
  const length = Math.max(4096, count * 2);
  wholes = new Float64Array(length);
  nearAt = new Float64Array(length);
  nearUlps = new Float64Array(length);
  oddAt = new Float64Array(length);
}

/** Fills out[0 … count). */
export function takeDecimals(
  source: PaddedSource,
  out: Float64Array,
  options: { count: number; takeOdd: TakeOdd },
): void {
  const { count, takeOdd } = options;
  const header = source.takeByte();
  const exponent = header & exponentMask;
  if (exponent > exponentMax) throw new DamagedColumnError(`a stored exponent is ${exponent}`);
  const near = (header & nearFlag) === 0 ? 0 : source.takeCount(count);
  const odd = (header & oddFlag) === 0 ? 0 : source.takeCount(count);
  const scale = scales[exponent]!;
  takeIntegers(source, out, count);
  if (scale !== 1) for (let i = 0; i < count; i++) out[i] = out[i]! / scale;
  if (near > 0) {
    const at = takeList(source, near);
    const ulps = takeList(source, near);
    for (let i = 0; i < near; i++) {
      const place = checkPlace(at[i]!, count);
      out[place] = moveUlps(out[place]!, ulps[i]!);
    }
  }
  if (odd > 0) {
    const at = takeList(source, odd);
    const values = new Float64Array(odd);
    takeOdd(source, values, odd);
    for (let i = 0; i < odd; i++) out[checkPlace(at[i]!, count)] = values[i]!;
  }
}
export type TakeOdd = (source: PaddedSource, out: Float64Array, count: number) => void;

function takeList(source: PaddedSource, count: number): Float64Array {
  const list = new Float64Array(count);
  takeIntegers(source, list, count);
  return list;
}

function checkPlace(place: number, count: number): number {
  if (!(place >= 0 && place < count)) throw new DamagedColumnError(`a stored place ${place} is not below ${count}`);
  return place;
}
