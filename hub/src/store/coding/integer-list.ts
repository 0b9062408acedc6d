/**
 * Lists of whole numbers in the fewest bytes found: the coder under decimals, times, row lists, dictionary indexes.
 *
 * Layout: u8 (predictor | coder << 3 | 64 where there is a divisor), the first number, the divisor, the predictor's step and jump, then
 * what the predictions of the others were off, as the coder says: all the same, bit-packed, tokens, direct tokens or zstd; or runs.
 * What each part is worth, in bytes saved on blocks of 4,096 (nine NAB files / a simulated fleet / a busy server's own metrics): the
 * entropy stage over bit-packing 8 / 17 / 17 %, the divisor 0 / 0 / 20 % (memory comes in pages of 4,096 bytes), zstd 0 / 1 / 1 % (but a
 * quarter of tables that repeat by the day). Bit-packing is for lists too short for a table of frequencies; above, it saves nothing.
 * Owns scratch memory. Invariant: numbers lie within ±integerMax and span at most spanMax, else the caller must not call.
 */
import type { ByteSink } from '../byte-sink.ts';
import { measurePacked, putGroups, putSigned, takeGroups, takeSigned } from './bit-packing.ts';
import { countRuns, findDivisor, sampleMedian, sampleSpread, sampleStep } from './list-facts.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';
import { type Prediction, predict, predictor, predictorCount, restore } from './predictor.ts';
import { planTokens, putTokens, type TokenPlan, takeTokens } from './token-code.ts';
import { isRepetitive, putZstd, takeZstd } from './zstd-code.ts';

/** Zigzagged, the first number and every difference of differences still are exact doubles. */
export const integerMax = 2 ** 52 - 1;
export const spanMax = 2 ** 49;
const coder = { same: 0, packed: 1, tokens: 2, direct: 3, runs: 4, zstd: 5 } as const;
const divisorFlag = 64;
/** A predictor is chosen by what it does to so many numbers from the middle; four times as many would save 0.1 %. */
const sampleMax = 512;
/** Fewer numbers than this are not worth a table. */
const tokensCountMin = 16;
/** Fewer numbers than this say nothing about trends. */
const predictedCountMin = 8;
/** A level jumps when a number is off so many times further than the middle difference is. */
const jumpSpreads = 8;
const followMax = 2 ** 43;
/** Of a list with fewer changes than one in so many, only the changes are kept. */
const runLengthMin = 48;

/** Shorter lists hold no repetition worth zstd's frame. */
const zstdCountMin = 128;
const zstdBytesMin = 48;

let scaled = new Float64Array(0);
let residuals = new Float64Array(0);
const sample = new Float64Array(sampleMax);

export function putIntegers(sink: ByteSink, values: Float64Array, count: number): void {
  if (count === 0) return;
  const runs = countRuns(values, count);
  if (runs > 1 && runs * runLengthMin <= count) return putRuns(sink, values, { count, runs });
  if (scaled.length < count) {
    scaled = new Float64Array(Math.max(4096, count * 2));
    residuals = new Float64Array(Math.max(4096, count * 2));
  }
  const first = values[0]!;
  const divisor = findDivisor(values, count);
  const rest = count - 1;
  if (divisor === 1) for (let i = 0; i < rest; i++) scaled[i] = values[i + 1]! - first;
  else for (let i = 0; i < rest; i++) scaled[i] = (values[i + 1]! - first) / divisor;
  const prediction = choosePrediction(rest);
  predict(scaled, residuals, { ...prediction, from: 0, count: rest });
  const center = sampleMedian(residuals, rest);
  const plan = rest < 1 || countRuns(residuals, rest) === 1 ? null : planTokens(residuals, rest, center);
  const kind = plan === null ? coder.same : chooseCoder(rest, plan);
  const start = sink.length;
  putHead(sink, { kind, prediction, first, divisor });
  if (rest === 0) return;
  if (plan === null) putSigned(sink, residuals[0]!);
  else if (kind === coder.packed) putGroups(sink, residuals, rest);
  else {
    putSigned(sink, plan.center);
    putTokens(sink, residuals, { count: rest, plan });
  }
  if (rest >= zstdCountMin && sink.length - start > zstdBytesMin) tryZstd(sink, { first, divisor, rest, start });
}

interface ListHead {
  readonly kind: number;
  readonly prediction: Prediction;
  readonly first: number;
  readonly divisor: number;
}

function putHead(sink: ByteSink, { kind, prediction, first, divisor }: ListHead): void {
  sink.putByte(prediction.kind | (kind << 3) | (divisor === 1 ? 0 : divisorFlag));
  putSigned(sink, first);
  if (divisor !== 1) sink.putUnsigned(divisor);
  if (prediction.kind >= predictor.line) putSigned(sink, prediction.step);
  if (prediction.kind > predictor.line) sink.putUnsigned(prediction.jump);
}

/** Keeps the smaller of what was written from `start` on and zstd of the differences. */
function tryZstd(sink: ByteSink, list: { first: number; divisor: number; rest: number; start: number }): void {
  const { first, divisor, rest, start } = list;
  const prediction: Prediction = { kind: predictor.delta, step: 0, jump: 0 };
  predict(scaled, residuals, { ...prediction, from: 0, count: rest });
  const bytes = sink.length - start;
  if (!isRepetitive(residuals, rest, (bytes * 8) / rest)) return;
  const before = sink.bytes.slice(start, sink.length);
  sink.length = start;
  putHead(sink, { kind: coder.zstd, prediction, first, divisor });
  putZstd(sink, residuals, rest);
  if (sink.length - start < bytes) return;
  sink.length = start;
  sink.putBytes(before);
}

function choosePrediction(count: number): Prediction {
  const sampled = Math.min(count, sampleMax);
  const from = (count - sampled) >> 1;
  const base = from === 0 ? 0 : scaled[from - 1]!;
  for (let i = 0; i < sampled; i++) sample[i] = scaled[from + i]! - base;
  const step = sampled < 4 ? 0 : sampleStep(sample, sampled);
  let best: Prediction = { kind: predictor.delta, step, jump: 0 };
  let bestBits = Number.POSITIVE_INFINITY;
  const kinds =
    sampled < predictedCountMin ? predictor.line : isFollowable(sampled) ? predictorCount : predictor.line + 1;
  let jump = 0;
  for (let kind = 0; kind < kinds; kind++) {
    const prediction: Prediction = { kind, step, jump };
    predict(sample, residuals, { ...prediction, from: 0, count: sampled });
    const center = sampleMedian(residuals, sampled);
    const { bits } = planTokens(residuals, sampled, center);
    if (kind === predictor.delta) jump = jumpSpreads * (sampleSpread(residuals, sampled, center) + 1);
    if (bits < bestBits) {
      bestBits = bits;
      best = prediction;
    }
  }
  return best;
}

/** A level lags up to 16 steps behind: further than this its distance would not be exact. */
function isFollowable(sampled: number): boolean {
  for (let i = 0; i < sampled; i++) if (Math.abs(sample[i]!) > followMax) return false;
  return true;
}

function chooseCoder(count: number, plan: TokenPlan): number {
  if (count < tokensCountMin || measurePacked(residuals, count) <= plan.bits) return coder.packed;
  return plan.direct ? coder.direct : coder.tokens;
}

/** Fills out[0 … count). */
export function takeIntegers(source: PaddedSource, out: Float64Array, count: number): void {
  if (count === 0) return;
  const header = source.takeByte();
  const kind = (header >> 3) & 7;
  if (kind === coder.runs) return takeRuns(source, out, count);
  const first = takeSigned(source);
  const divisor = (header & divisorFlag) === 0 ? 1 : source.takeUnsigned();
  const method = header & 7;
  if (method >= predictorCount) throw new DamagedColumnError(`a stored list has the unknown predictor ${method}`);
  const step = method >= predictor.line ? takeSigned(source) : 0;
  const jump = method > predictor.line ? source.takeUnsigned() : 0;
  out[0] = first;
  const rest = count - 1;
  if (rest === 0) return;
  const tail = out.subarray(1, count);
  if (kind === coder.same) tail.fill(takeSigned(source));
  else if (kind === coder.packed) takeGroups(source, tail, rest);
  else if (kind === coder.tokens || kind === coder.direct) {
    takeTokens(source, tail, { count: rest, direct: kind === coder.direct, center: takeSigned(source) });
  } else if (kind === coder.zstd) takeZstd(source, tail, rest);
  else throw new DamagedColumnError(`a stored list has the unknown coder ${kind}`);
  restore(tail, rest, { kind: method, step, jump, base: divisor === 1 ? first : 0 });
  if (divisor !== 1) for (let i = 0; i < rest; i++) tail[i] = first + tail[i]! * divisor;
}

/** Two lists: where the runs after the first begin, and the runs' numbers. */
function putRuns(sink: ByteSink, values: Float64Array, { count, runs }: { count: number; runs: number }): void {
  const starts = new Float64Array(runs - 1);
  const numbers = new Float64Array(runs);
  numbers[0] = values[0]!;
  for (let i = 1, run = 0; i < count; i++) {
    if (values[i] === values[i - 1]) continue;
    starts[run++] = i;
    numbers[run] = values[i]!;
  }
  sink.putByte(coder.runs << 3);
  sink.putUnsigned(runs);
  putIntegers(sink, starts, runs - 1);
  putIntegers(sink, numbers, runs);
}

function takeRuns(source: PaddedSource, out: Float64Array, count: number): void {
  const runs = source.takeCount(count);
  if (runs < 2 || runs * runLengthMin > count)
    throw new DamagedColumnError(`a stored list of ${count} has ${runs} runs`);
  const starts = new Float64Array(runs - 1);
  const numbers = new Float64Array(runs);
  takeIntegers(source, starts, runs - 1);
  takeIntegers(source, numbers, runs);
  let at = 0;
  for (let run = 0; run < runs; run++) {
    const end = run + 1 < runs ? starts[run]! : count;
    if (!(end > at && end <= count)) throw new DamagedColumnError('stored runs are not in order');
    out.fill(numbers[run]!, at, end);
    at = end;
  }
}
