/**
 * True doubles: their bits as whole numbers in the order of the values, without the low zero bits that all of them have (29 in what
 * came as 32-bit floats), so that they go through the same predictors and tokens as decimals do.
 *
 * A list of more than 48 bits is cut: the high part is coded, the low part is packed as it is. Layout: u8 zero bits dropped, the odd
 * ones' number, the high parts, the low parts, the odd ones' places and values. Odd are NaN, ±Infinity and those with more bits.
 * Owns scratch memory.
 *
 * In place of XOR with the value before, which knows nothing of carries: bytes a value for this / Gorilla / Chimp128 are 6.8 / 7.2 / 7.2
 * for random doubles in 0 … 1, 5.4 / 6.7 / 6.0 for a sine with noise, 2.0 / 2.9 / 4.1 for a walk of 32-bit floats.
 */
import type { ByteSink } from '../byte-sink.ts';
import { BitWriter } from './bit-packing.ts';
import { putIntegers, takeIntegers } from './integer-list.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

/** Bits of a magnitude that go through the predictors: 2^48 with a sign is within what they take. */
const highBits = 48;
const magnitudeBits = 63;
const droppedMax = 52;
const sampledMax = 64;

let highs = new Float64Array(0);
let lows = new Uint16Array(0);
let oddAt = new Float64Array(0);
let oddValues = new Float64Array(0);
const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** Zero bits at the end of a double's mantissa, 52 of a power of two. */
function countZeros(low: number, high: number): number {
  if (low !== 0) return 31 - Math.clz32(low & -low);
  const upper = high & 0xfffff;
  return upper === 0 ? droppedMax : 32 + 31 - Math.clz32(upper & -upper);
}

/** As many as nearly all of some 64 values can do without. */
function chooseDropped(values: Float64Array, count: number): number {
  const stride = Math.max(1, Math.floor(count / sampledMax));
  const zeros = new Uint8Array(Math.min(count, sampledMax));
  let taken = 0;
  for (let i = 0; i < count && taken < zeros.length; i += stride) {
    if (!Number.isFinite(values[i]!)) continue;
    double[0] = values[i]!;
    zeros[taken++] = countZeros(halves[0]!, halves[1]!);
  }
  return taken === 0 ? 0 : zeros.subarray(0, taken).sort()[taken >> 5]!;
}

export interface FloatOptions {
  readonly count: number;
  /** Writes the values that are kept as they are. */
  readonly putOdd: (sink: ByteSink, values: Float64Array, count: number) => void;
}

export function putFloats(sink: ByteSink, values: Float64Array, { count, putOdd }: FloatOptions): void {
  reserve(count);
  const dropped = chooseDropped(values, count);
  const lowBits = Math.max(0, magnitudeBits - dropped - highBits);
  const odd = splitFloats(values, count, { dropped, lowBits });
  sink.putByte(dropped);
  sink.putUnsigned(odd);
  putIntegers(sink, highs, count);
  if (lowBits > 0) {
    sink.reserve(((count * lowBits) >> 3) + 8);
    const writer = new BitWriter(sink);
    for (let i = 0; i < count; i++) writer.put(lows[i]!, lowBits);
    writer.flush();
  }
  putIntegers(sink, oddAt, odd);
  if (odd > 0) putOdd(sink, oddValues.slice(0, odd), odd);
}

/** Fills the scratch lists; answers how many are odd. An odd one's place repeats the number before. */
function splitFloats(values: Float64Array, count: number, cut: { dropped: number; lowBits: number }): number {
  const { dropped, lowBits } = cut;
  const shift = dropped + lowBits;
  const upScale = 2 ** (32 - shift);
  const lowMask = (1 << lowBits) - 1;
  let odd = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    double[0] = values[i]!;
    const low = halves[0]!;
    const high = halves[1]!;
    const magnitude = high & 0x7fffffff;
    if (magnitude >= 0x7ff00000 || (dropped > 0 && countZeros(low, high) < dropped)) {
      oddAt[odd] = i;
      oddValues[odd++] = values[i]!;
      lows[i] = 0;
    } else {
      const whole = shift < 32 ? magnitude * upScale + (low >>> shift) : magnitude >>> (shift - 32);
      before = high < 0 ? -1 - whole : whole;
      lows[i] = lowBits === 0 ? 0 : (low >>> dropped) & lowMask;
    }
    highs[i] = before;
  }
  let leading = 0;
  while (leading < odd && oddAt[leading] === leading) leading++;
  highs.fill(leading < count ? highs[leading]! : 0, 0, leading);
  return odd;
}

function reserve(count: number): void {
  if (highs.length >= count) return;
  const length = Math.max(4096, count * 2);
  highs = new Float64Array(length);
  lows = new Uint16Array(length);
  oddAt = new Float64Array(length);
  oddValues = new Float64Array(length);
}

export interface TakeFloatOptions {
  readonly count: number;
  readonly takeOdd: (source: PaddedSource, out: Float64Array, count: number) => void;
}

/** Fills out[0 … count). */
export function takeFloats(source: PaddedSource, out: Float64Array, { count, takeOdd }: TakeFloatOptions): void {
  const dropped = source.takeByte();
  if (dropped > droppedMax) throw new DamagedColumnError(`a stored double has ${dropped} bits too few`);
  const odd = source.takeCount(count);
  const lowBits = Math.max(0, magnitudeBits - dropped - highBits);
  takeIntegers(source, out, count);
  joinFloats(source, out, { count, dropped, lowBits });
  if (odd === 0) return;
  const at = new Float64Array(odd);
  const values = new Float64Array(odd);
  takeIntegers(source, at, odd);
  takeOdd(source, values, odd);
  for (let i = 0; i < odd; i++) {
    const place = at[i]!;
    if (!(place >= 0 && place < count)) throw new DamagedColumnError(`a stored place ${place} is not below ${count}`);
    out[place] = values[i]!;
  }
}

function joinFloats(
  source: PaddedSource,
  out: Float64Array,
  cut: { count: number; dropped: number; lowBits: number },
): void {
  const { count, dropped, lowBits } = cut;
  const shift = dropped + lowBits;
  const downScale = 2 ** (shift - 32);
  const lowMask = (1 << lowBits) - 1;
  const { view } = source;
  let bit = source.position * 8;
  source.moveTo(source.position + Math.ceil((count * lowBits) / 8));
  for (let i = 0; i < count; i++) {
    const signed = out[i]!;
    const whole = signed < 0 ? -1 - signed : signed;
    const high = Math.floor(whole * downScale);
    const sign = signed < 0 ? -2147483648 : 0;
    halves[1] = high | sign;
    const upper = shift < 32 ? (whole - high * 2 ** (32 - shift)) << shift : 0;
    const lower = lowBits === 0 ? 0 : ((view.getUint32(bit >>> 3, true) >>> (bit & 7)) & lowMask) << dropped;
    bit += lowBits;
    halves[0] = upper | lower;
    out[i] = double[0]!;
  }
}
