/**
 * Whole numbers as tokens below 256 and raw bits: the token goes through the entropy stage, the bits as they are.
 *
 * Small magnitudes have a token each; above, a token names the sign, the width and the bit below the highest, and the rest is near
 * enough to noise. Lists that span few numbers (`direct`) have a token for every number instead, which also learns that only even
 * ones occur, or three of a hundred. Owns scratch memory. (The idea is that of JPEG XL's hybrid integers and of pcodec's bins.)
 */
import type { ByteSink } from '../byte-sink.ts';
import { putSymbols, takeSymbols } from './ans-code.ts';
import { chooseLog } from './ans-table.ts';
import { BitWriter, partBits, powerOf, readWide } from './bit-packing.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

/** Zigzag numbers below this have a token each. */
const exactMax = 16;
const exactBits = 4;
const tokensMax = 256;
/** Of a token: raw bits, the number its raw bits are added to (with `tokenStep`'s sign). */
const tokenBits = new Uint8Array(tokensMax);
const tokenBase = new Float64Array(tokensMax);
const tokenStep = new Float64Array(tokensMax);
/** The largest width is 53, so the last tokens stay unused. */
const hybridTokens = exactMax + (53 - exactBits) * 4;

for (let token = 0; token < hybridTokens; token++) {
  const isExact = token < exactMax;
  const width = exactBits + ((token - exactMax) >> 2);
  const sign = token & 1;
  const zigzag = isExact ? token - sign : powerOf[width]! + (((token - exactMax) >> 1) & 1) * powerOf[width - 1]!;
  tokenBits[token] = isExact ? 0 : width - 2;
  tokenBase[token] = sign === 1 ? -zigzag / 2 - 1 : zigzag / 2;
  tokenStep[token] = sign === 1 ? -1 : 1;
}

export const counts = new Int32Array(tokensMax);
let tokens = new Uint8Array(4096);
const decodeBase = new Float64Array(tokensMax);

/** Math.log2 takes longer than all the rest of an estimate. */
const logs = Float64Array.from({ length: 2049 }, (_, i) => Math.log2(i));
function logOf(times: number): number {
  return times < logs.length ? logs[times]! : Math.log2(times);
}

/** Numbers less `center`; `direct` when all lie within center … center + 255. */
export interface TokenPlan {
  readonly direct: boolean;
  readonly center: number;
  /** Estimated, with the table. */
  readonly bits: number;
}

function tokenOf(value: number): number {
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  if (zigzag < exactMax) return zigzag;
  if (zigzag < 2 ** 31) {
    const width = 31 - Math.clz32(zigzag);
    return exactMax + ((width - exactBits) << 2) + (((zigzag >>> (width - 1)) & 1) << 1) + (zigzag & 1);
  }
  const high = Math.floor(zigzag / 2 ** 22);
  const width = 31 - Math.clz32(high);
  return exactMax + ((width + 22 - exactBits) << 2) + (((high >>> (width - 1)) & 1) << 1) + (zigzag % 2);
}

function fillTokens(values: Float64Array, count: number, plan: { direct: boolean; center: number }): number {
  if (tokens.length <= count) tokens = new Uint8Array(count * 2);
  counts.fill(0);
  const { direct, center } = plan;
  let symbols = 0;
  for (let i = 0; i < count; i++) {
    const token = direct ? values[i]! - center : tokenOf(values[i]! - center);
    tokens[i] = token;
    counts[token]!++;
    if (token >= symbols) symbols = token + 1;
  }
  return symbols;
}

/** What `putTokens` would make of values[0 … count), in bits, to a few per cent. */
export function planTokens(values: Float64Array, count: number, center: number): TokenPlan {
  let min = values[0]!;
  let max = min;
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  // A table of a hundred entries for a hundred values tells nothing.
  const direct = max - min < Math.min(tokensMax, 8 + (count >> 3));
  const plan = { direct, center: direct ? min : center };
  const symbols = fillTokens(values, count, plan);
  const log = Math.min(11, 31 - Math.clz32(count));
  const logCount = logOf(count);
  let bits = 24 + 2 * log;
  let first = -1;
  for (let s = 0; s < symbols; s++) {
    const times = counts[s]!;
    if (times > 0) {
      if (first < 0) first = s;
      const share = logCount - logOf(times);
      bits += times * (share + (direct ? 0 : tokenBits[s]!)) + Math.max(2, 1.3 * (log - share));
    } else if (first >= 0) bits += 1;
  }
  return { ...plan, bits };
}

/** The caller writes the plan. */
export function putTokens(
  sink: ByteSink,
  values: Float64Array,
  { count, plan }: { count: number; plan: TokenPlan },
): void {
  const symbols = fillTokens(values, count, plan);
  let used = 0;
  for (let s = 0; s < symbols; s++) if (counts[s]! > 0) used++;
  putSymbols(sink, tokens, { count, counts, symbols, log: chooseLog(count, used) });
  if (plan.direct) return;
  let bits = 0;
  for (let s = exactMax; s < symbols; s++) bits += counts[s]! * tokenBits[s]!;
  if (bits === 0) return;
  sink.reserve((bits >> 3) + 16);
  const writer = new BitWriter(sink);
  for (let i = 0; i < count; i++) {
    const token = tokens[i]!;
    const width = tokenBits[token]!;
    if (width === 0) continue;
    const rest = (values[i]! - plan.center - tokenBase[token]!) * tokenStep[token]!;
    if (width <= partBits) writer.put(rest, width);
    else writer.putWide(rest, width);
  }
  writer.flush();
}

/** Fills out[0 … count). */
export function takeTokens(
  source: PaddedSource,
  out: Float64Array,
  options: { count: number; direct: boolean; center: number },
): void {
  const { count, direct, center } = options;
  if (tokens.length <= count) tokens = new Uint8Array(count * 2);
  takeSymbols(source, tokens, count);
  if (direct) {
    for (let i = 0; i < count; i++) out[i] = center + tokens[i]!;
    return;
  }
  let largest = 0;
  for (let i = 0; i < count; i++) if (tokens[i]! > largest) largest = tokens[i]!;
  if (largest >= hybridTokens) throw new DamagedColumnError(`a stored token ${largest} does not exist`);
  for (let s = 0; s <= largest; s++) decodeBase[s] = tokenBase[s]! + center;
  if (largest < exactMax) {
    for (let i = 0; i < count; i++) out[i] = decodeBase[tokens[i]!]!;
    return;
  }
  if (tokenBits[largest]! <= partBits) takeNarrowBits(source, out, count);
  else takeWideBits(source, out, count);
}

function takeNarrowBits(source: PaddedSource, out: Float64Array, count: number): void {
  const { view } = source;
  let bit = source.position * 8;
  for (let i = 0; i < count; i++) {
    const token = tokens[i]!;
    const width = tokenBits[token]!;
    const rest = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & ((1 << width) - 1);
    out[i] = decodeBase[token]! + tokenStep[token]! * rest;
    bit += width;
  }
  source.moveTo((bit + 7) >>> 3);
}

function takeWideBits(source: PaddedSource, out: Float64Array, count: number): void {
  const { view } = source;
  let bit = source.position * 8;
  for (let i = 0; i < count; i++) {
    const token = tokens[i]!;
    const width = tokenBits[token]!;
    let rest = view.getUint32(bit >>> 3, true) >>> (bit & 7);
    if (width <= partBits) rest &= (1 << width) - 1;
    else if (width <= 2 * partBits) {
      const high = view.getUint32((bit >>> 3) + 3, true) >>> (bit & 7);
      rest = (rest & 0xff_ffff) + (high & ((1 << (width - partBits)) - 1)) * 0x100_0000;
    } else rest = readWide(view, bit, width);
    out[i] = decodeBase[token]! + tokenStep[token]! * rest;
    bit += width;
  }
  source.moveTo((bit + 7) >>> 3);
}
