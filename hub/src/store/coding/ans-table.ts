/**
 * Tables of the entropy stage: tabled asymmetric numeral systems (J. Duda, 2013), in the shape of Y. Collet's FSE.
 *
 * `scaleFrequencies` turns a histogram into frequencies that add up to 2^log; they are what is stored, and both sides build their
 * tables from them. Owns scratch tables that live until the next build. Refuses frequencies that do not add up.
 */
import type { ByteSink } from '../byte-sink.ts';
import { BitWriter } from './bit-packing.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

export const symbolsMax = 256;
const logMin = 5;
const logMax = 11;

/** By symbol; 0 for one that does not occur. */
export const frequencies = new Int32Array(symbolsMax);
const spread = new Uint8Array(2 ** logMax);
const cumulated = new Int32Array(symbolsMax + 1);

/** By state: base of the next state << 16 | bits to read << 8 | symbol. */
export const decodeEntries = new Uint32Array(2 ** logMax);
export const encodeStates = new Uint16Array(2 ** logMax);
export const encodeBits = new Int32Array(symbolsMax);
export const encodeOffsets = new Int32Array(symbolsMax);

/**
 * Half as many states as there are values: more fit the frequencies better, but the frequencies themselves take more bytes then (2^11
 * states for 1,024 values made fleets 1 % larger), and the tables take time to build.
 */
export function chooseLog(count: number, symbols: number): number {
  const wanted = Math.min(logMax, 30 - Math.clz32(count));
  return Math.max(logMin, wanted, 33 - Math.clz32(symbols));
}

/** From counts[0 … symbols) that add up to `total`, into `frequencies`. */
export function scaleFrequencies(
  counts: Int32Array,
  { symbols, total, log }: { symbols: number; total: number; log: number },
): void {
  const size = 1 << log;
  frequencies.fill(0);
  let left = size;
  let largest = 0;
  for (let s = 0; s < symbols; s++) {
    if (counts[s] === 0) continue;
    const share = Math.max(1, Math.round((counts[s]! * size) / total));
    frequencies[s] = share;
    left -= share;
    if (share > frequencies[largest]!) largest = s;
  }
  // Rounding errors go to the largest, where they cost least; many rare symbols may take more than it has.
  while (left < 0 && frequencies[largest]! + left < frequencies[largest]! >> 1) {
    let next = -1;
    for (let s = 0; s < symbols; s++) {
      if (frequencies[s]! > 1 && (next < 0 || frequencies[s]! > frequencies[next]!)) next = s;
    }
    const cut = Math.min(-left, frequencies[next]! >> 1);
    frequencies[next]! -= cut;
    left += cut;
    largest = frequencies.indexOf(Math.max(...frequencies.subarray(0, symbols)));
  }
  frequencies[largest]! += left;
}

/** Bits of a frequency kept as they are; neighbours are alike, so the one before tells how many. */
function plainBitsAfter(frequency: number): number {
  return frequency < 3 ? 0 : 30 - Math.clz32(frequency);
}

/** u8 log, u8 first symbol, u8 last symbol, then exponential Golomb codes of the frequencies; the last one is what is left. */
export function putFrequencies(sink: ByteSink, symbols: number, log: number): void {
  let first = 0;
  let last = symbols - 1;
  while (frequencies[first] === 0) first++;
  while (frequencies[last] === 0) last--;
  sink.putByte(log);
  sink.putByte(first);
  sink.putByte(last);
  sink.reserve((last - first) * 5 + 8);
  const writer = new BitWriter(sink);
  let plain = 0;
  for (let s = first; s < last; s++) {
    const frequency = frequencies[s]!;
    const value = (frequency >> plain) + 1;
    const width = 31 - Math.clz32(value);
    // `width` zeros, a one, and the bits below the highest.
    writer.put(1 << width, width + 1);
    writer.put(value - (1 << width), width);
    writer.put(frequency & ((1 << plain) - 1), plain);
    plain = plainBitsAfter(frequency);
  }
  writer.flush();
}

/** Fills `frequencies`, and answers the log. */
export function takeFrequencies(source: PaddedSource): number {
  const log = source.takeByte();
  const first = source.takeByte();
  const last = source.takeByte();
  if (log < logMin || log > logMax || first > last)
    throw new DamagedColumnError('a stored table has impossible bounds');
  frequencies.fill(0);
  const { view } = source;
  let left = 1 << log;
  let bit = source.position * 8;
  let plain = 0;
  for (let s = first; s < last; s++) {
    const word = view.getUint32(bit >>> 3, true) >>> (bit & 7);
    const width = 31 - Math.clz32(word & -word);
    if (word === 0 || width > logMax) throw new DamagedColumnError('a stored frequency is too large');
    const high = ((1 << width) | ((word >>> (width + 1)) & ((1 << width) - 1))) - 1;
    bit += 2 * width + 1;
    const low = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & ((1 << plain) - 1);
    bit += plain;
    if (bit > source.end * 8) throw new DamagedColumnError('stored bytes end too early');
    const frequency = (high << plain) | low;
    frequencies[s] = frequency;
    left -= frequency;
    if (left < 1) throw new DamagedColumnError('stored frequencies do not add up');
    plain = plainBitsAfter(frequency);
  }
  frequencies[last] = left;
  source.moveTo((bit + 7) >>> 3);
  return log;
}

/** Symbols over the states, far apart from their like, as FSE does it. */
function spreadSymbols(log: number): void {
  const size = 1 << log;
  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  for (let s = 0; s < symbolsMax; s++) {
    for (let i = frequencies[s]!; i > 0; i--) {
      spread[state] = s;
      state = (state + step) & (size - 1);
    }
  }
}

export function buildDecoder(log: number): void {
  const size = 1 << log;
  spreadSymbols(log);
  const next = cumulated;
  for (let s = 0; s < symbolsMax; s++) next[s] = frequencies[s]!;
  for (let state = 0; state < size; state++) {
    const symbol = spread[state]!;
    const rank = next[symbol]!++;
    const bits = log - 31 + Math.clz32(rank);
    decodeEntries[state] = (((rank << bits) - size) << 16) | (bits << 8) | symbol;
  }
}

export function buildEncoder(log: number): void {
  const size = 1 << log;
  spreadSymbols(log);
  let total = 0;
  for (let s = 0; s < symbolsMax; s++) {
    cumulated[s] = total;
    const frequency = frequencies[s]!;
    if (frequency > 0) {
      const bits = frequency === 1 ? log : log - (31 - Math.clz32(frequency - 1));
      encodeBits[s] = (bits << 16) - (frequency << bits);
      encodeOffsets[s] = total - frequency;
    }
    total += frequency;
  }
  for (let state = 0; state < size; state++) encodeStates[cumulated[spread[state]!]!++] = size + state;
}
