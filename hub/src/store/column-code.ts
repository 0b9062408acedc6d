/**
 * One column of a block as checksummed bytes and back, bit for bit (but for the payload bits of a NaN).
 *
 * Layout: u32 CRC-32 of what follows, u8 format, unsigned count, u8 1 and the row numbers where some rows have no value
 * (else u8 0), then the values as the format says. Formats are numbers for ever: a better coder takes a new one.
 * Owns only scratch memory. Refuses bytes whose checksum is wrong (DamagedColumnError).
 */
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteSink, ByteSource } from './byte-sink.ts';
import { integerMax, putIntegers, takeIntegers } from './integer-code.ts';

/** Value i belongs to row `rowOf[i]`, or to row i where `rowOf` is null. */
export interface Column {
  readonly values: Float64Array | readonly string[];
  readonly count: number;
  readonly rowOf: Uint32Array | Float64Array | null;
}

export class DamagedColumnError extends Error {}

const format = { raw: 0, decimal: 1, rawZstd: 2, dictionary: 3, dictionaryZstd: 4 } as const;
const exponentMax = 12;
/** Below this, zstd's own frame costs more than it saves. */
const zstdBytesMin = 192;

const sink = new ByteSink();
const payload = new ByteSink();
let integers = new Float64Array(4096);
let exceptions = new Float64Array(512);

export function encodeColumn(column: Column): Uint8Array {
  sink.clear();
  sink.reserve(16);
  sink.length = 5;
  sink.putUnsigned(column.count);
  sink.putByte(column.rowOf === null ? 0 : 1);
  if (column.rowOf !== null) putIntegers(sink, Float64Array.from(column.rowOf.subarray(0, column.count)), column.count);
  const { values, count } = column;
  // In two steps: writing the values may move the sink to a larger buffer.
  const kind = values instanceof Float64Array ? putNumbers(values, count) : putTexts(values, count);
  sink.bytes[4] = kind;
  const bytes = sink.take();
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

export function decodeColumn(bytes: Uint8Array): Column {
  if (!(bytes instanceof Uint8Array)) throw new DamagedColumnError('a stored column is not a blob');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 7 || view.getUint32(0, true) !== crc32(bytes.subarray(4))) {
    throw new DamagedColumnError('a stored column does not match its checksum');
  }
  try {
    return takeColumn(bytes);
  } catch (error) {
    // Its checksum was right: written so by our own mistake, or damage that CRC-32 does not see (one in four thousand million).
    if (error instanceof DamagedColumnError) throw error;
    throw new DamagedColumnError('a stored column cannot be read', { cause: error });
  }
}

function takeColumn(bytes: Uint8Array): Column {
  const source = new ByteSource(bytes);
  source.position = 4;
  const kind = source.takeByte();
  const count = source.takeUnsigned();
  const rowOf = source.takeByte() === 1 ? takeIntegers(source, count) : null;
  return { values: takeValues(source, kind, count), count, rowOf };
}

function takeValues(source: ByteSource, kind: number, count: number): Float64Array | readonly string[] {
  switch (kind) {
    case format.raw:
      return takeRaw(source.takeBytes(count * 8), count);
    case format.rawZstd:
      return unshuffle(zstdDecompressSync(source.bytes.subarray(source.position)), count);
    case format.decimal:
      return takeDecimals(source, count);
    case format.dictionary:
      return takeDictionary(source, count);
    case format.dictionaryZstd:
      return takeDictionary(new ByteSource(zstdDecompressSync(source.bytes.subarray(source.position))), count);
    default:
      throw new DamagedColumnError(`a stored column has the unknown format ${kind}`);
  }
}

function putNumbers(values: Float64Array, count: number): number {
  if (integers.length < count) {
    integers = new Float64Array(count * 2);
    exceptions = new Float64Array(count);
  }
  // A few odd values are kept apart, so that one NaN does not make a whole column eight bytes a value.
  const exceptionsMax = count >> 4;
  for (let exponent = guessExponent(values, count); exponent <= exponentMax; exponent++) {
    const odd = scaleToIntegers(values, count, { scale: 10 ** exponent, exceptionsMax });
    if (odd < 0) continue;
    sink.putByte(exponent);
    sink.putUnsigned(odd);
    if (odd > 0) {
      putIntegers(sink, exceptions, odd);
      for (let i = 0; i < odd; i++) sink.putFloat64(values[exceptions[i]!]!);
    }
    putIntegers(sink, integers, count);
    return format.decimal;
  }
  return putRaw(values, count);
}

/** Fills `integers` and `exceptions`; −1 when more than `exceptionsMax` values are not whole at this scale. */
function scaleToIntegers(
  values: Float64Array,
  count: number,
  { scale, exceptionsMax }: { scale: number; exceptionsMax: number },
): number {
  let odd = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const scaled = Math.round(value * scale);
    if (scaled / scale === value && scaled <= integerMax && scaled >= -integerMax && !(value === 0 && 1 / value < 0)) {
      before = scaled;
    } else {
      if (odd === exceptionsMax) return -1;
      exceptions[odd++] = i;
    }
    integers[i] = before;
  }
  return odd;
}

/** The smallest exponent at which nearly all of some 32 values, spread over the column, are whole; larger if none is. */
function guessExponent(values: Float64Array, count: number): number {
  const step = Math.max(1, count >> 5);
  for (let exponent = 0; exponent <= exponentMax; exponent++) {
    const scale = 10 ** exponent;
    let odd = 0;
    let seen = 0;
    for (let i = 0; i < count; i += step, seen++) {
      const value = values[i]!;
      if (Math.round(value * scale) / scale !== value) odd++;
    }
    if (odd <= seen >> 4) return exponent;
  }
  return exponentMax + 1;
}

function putRaw(values: Float64Array, count: number): number {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, count * 8);
  if (bytes.length >= zstdBytesMin) {
    const packed = zstdCompressSync(shuffle(bytes, count));
    if (packed.length < bytes.length * 0.95) {
      sink.putBytes(packed);
      return format.rawZstd;
    }
  }
  sink.putBytes(bytes);
  return format.raw;
}

/** Byte k of every value together: the sign and exponent bytes of a series are alike, its low bytes are noise. */
function shuffle(bytes: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count * 8);
  for (let k = 0; k < 8; k++) for (let i = 0; i < count; i++) out[k * count + i] = bytes[i * 8 + k]!;
  return out;
}
function unshuffle(planes: Uint8Array, count: number): Float64Array {
  const out = new Float64Array(count);
  const bytes = new Uint8Array(out.buffer);
  for (let k = 0; k < 8; k++) for (let i = 0; i < count; i++) bytes[i * 8 + k] = planes[k * count + i]!;
  return out;
}
function takeRaw(bytes: Uint8Array, count: number): Float64Array {
  const out = new Float64Array(count);
  new Uint8Array(out.buffer).set(bytes);
  return out;
}

function takeDecimals(source: ByteSource, count: number): Float64Array {
  const scale = 10 ** source.takeByte();
  const odd = source.takeUnsigned();
  const oddAt = odd > 0 ? takeIntegers(source, odd) : null;
  const oddValues = new Float64Array(odd);
  for (let i = 0; i < odd; i++) oddValues[i] = source.takeFloat64();
  const out = takeIntegers(source, count);
  if (scale !== 1) for (let i = 0; i < count; i++) out[i] = out[i]! / scale;
  for (let i = 0; i < odd; i++) out[oddAt![i]!] = oddValues[i]!;
  return out;
}

function putTexts(values: readonly string[], count: number): number {
  const indexOf = new Map<string, number>();
  const indexes = new Float64Array(count);
  payload.clear();
  for (let i = 0; i < count; i++) {
    const text = values[i]!;
    let index = indexOf.get(text);
    if (index === undefined) {
      index = indexOf.size;
      indexOf.set(text, index);
      payload.putText(text);
    }
    indexes[i] = index;
  }
  const texts = payload.take();
  payload.clear();
  payload.putUnsigned(indexOf.size);
  payload.putBytes(texts);
  putIntegers(payload, indexes, count);
  const plain = payload.take();
  const packed = plain.length >= zstdBytesMin ? zstdCompressSync(plain) : plain;
  const smaller = packed.length < plain.length;
  sink.putBytes(smaller ? packed : plain);
  return smaller ? format.dictionaryZstd : format.dictionary;
}

function takeDictionary(source: ByteSource, count: number): readonly string[] {
  const texts: string[] = [];
  for (let left = source.takeUnsigned(); left > 0; left--) texts.push(source.takeText());
  const indexes = takeIntegers(source, count);
  const out = new Array<string>(count);
  for (let i = 0; i < count; i++) out[i] = texts[indexes[i]!]!;
  return out;
}
