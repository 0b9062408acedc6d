/**
 * One column of a block as checksummed bytes and back, bit for bit (but for the payload bits of a NaN).
 *
 * Layout: u32 CRC-32 of what follows, u8 format, unsigned count, u8 1 and the row numbers where some rows have no value (else u8 0),
 * then the numbers or the texts. Arrivals have no row numbers but those where a batch begins. Formats are numbers for ever; those
 * below 16 are of column-code.ts, and still decoded there.
 * Owns only scratch memory. Bytes that are not what was written end in DamagedColumnError, and in no other way.
 */
import { crc32 } from 'node:zlib';
import { unfoldArrivals } from '../arrivals.ts';
import { ByteSink } from '../byte-sink.ts';
import { type Column, decodeColumn as decodeOldColumn } from '../column-code.ts';
import { putIntegers, takeIntegers } from './integer-list.ts';
import { putNumbers, takeNumbers } from './number-code.ts';
import { countMax, DamagedColumnError, PaddedSource } from './padded-source.ts';
import { putTexts, takeTexts } from './text-code.ts';

const format = { numbers: 16, texts: 17, arrivals: 18 } as const;
const formatOldMax = 15;

const sink = new ByteSink();
const source = new PaddedSource();
let rows = new Float64Array(0);

export function encodeColumn(column: Column): Uint8Array {
  const { values, count, rowOf } = column;
  if (count > countMax) throw new RangeError(`A column has at most ${countMax} values, not ${count}.`);
  beginColumn(values instanceof Float64Array ? format.numbers : format.texts, count);
  sink.putByte(rowOf === null ? 0 : 1);
  if (rowOf !== null) putRows(rowOf, count);
  if (values instanceof Float64Array) putNumbers(sink, values, count);
  else putTexts(sink, values, count);
  return sealColumn();
}

function beginColumn(kind: number, count: number): void {
  sink.clear();
  sink.reserve(16);
  sink.length = 4;
  sink.putByte(kind);
  sink.putUnsigned(count);
}

function sealColumn(): Uint8Array {
  const bytes = sink.take();
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

function putRows(rowOf: Uint32Array | Float64Array, count: number): void {
  if (rows.length < count) rows = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) rows[i] = rowOf[i]!;
  putIntegers(sink, rows, count);
}

/** Numbers are written into `into` where it is given and long enough, and `values` is then a view of it. */
export function decodeColumn(bytes: Uint8Array, into?: Float64Array): Column {
  checkSum(bytes);
  if (bytes[4]! <= formatOldMax) return decodeOldColumn(bytes);
  return decodeBody(bytes, into);
}

/** What follows the checksum, which is taken as it is: for tests of what damage does when no checksum tells. */
export function decodeBody(bytes: Uint8Array, into?: Float64Array): Column {
  return readSafely(bytes, (kind, count) => {
    const rowOf = source.takeByte() === 0 ? null : takeRows(count);
    if (kind === format.texts) return { values: takeTexts(source, count), count, rowOf };
    if (kind !== format.numbers) throw new DamagedColumnError(`a stored column has the unknown format ${kind}`);
    const values = into !== undefined && into.length >= count ? into.subarray(0, count) : new Float64Array(count);
    takeNumbers(source, values, count);
    return { values, count, rowOf };
  });
}

function readSafely<T>(bytes: Uint8Array, read: (kind: number, count: number) => T): T {
  try {
    source.open(bytes);
    source.moveTo(4);
    const kind = source.takeByte();
    return read(kind, source.takeCount(countMax));
  } catch (error) {
    // A view that is read behind its end throws this; only damaged bits lead there.
    if (error instanceof RangeError) throw new DamagedColumnError('stored bits end too early', { cause: error });
    throw error;
  }
}

function checkSum(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== crc32(bytes.subarray(4))) {
    throw new DamagedColumnError('a stored column does not match its checksum');
  }
}

/**
 * When each row arrived, told from `times`, which decoding needs again. The rows of a batch arrive together and soon after the last of
 * them was sampled: kept are where batches begin, and how long after that sample each arrived.
 */
export function encodeArrivals(arrivals: Float64Array, times: Float64Array, count: number): Uint8Array {
  beginColumn(format.arrivals, count);
  const starts = new Float64Array(count);
  let batches = 0;
  for (let i = 0; i < count; i++) if (i === 0 || arrivals[i] !== arrivals[i - 1]) starts[batches++] = i;
  const offsets = new Float64Array(batches);
  let isExact = 1;
  for (let batch = 0; batch < batches; batch++) {
    const arrived = arrivals[starts[batch]!]!;
    const sampled = times[(batch + 1 < batches ? starts[batch + 1]! : count) - 1]!;
    offsets[batch] = arrived - sampled;
    if (sampled + offsets[batch]! !== arrived) isExact = 0;
  }
  if (isExact === 0) for (let batch = 0; batch < batches; batch++) offsets[batch] = arrivals[starts[batch]!]!;
  sink.putByte(isExact);
  sink.putUnsigned(batches);
  putIntegers(sink, starts, batches);
  putNumbers(sink, offsets, batches);
  return sealColumn();
}

/** One for each of `times`, which are those it was encoded with. */
export function decodeArrivals(bytes: Uint8Array, times: Float64Array): Float64Array {
  checkSum(bytes);
  if (bytes[4]! <= formatOldMax) return unfoldArrivals(decodeOldColumn(bytes), times.length);
  return decodeArrivalsBody(bytes, times);
}

/** What follows the checksum, as in `decodeBody`. */
export function decodeArrivalsBody(bytes: Uint8Array, times: Float64Array): Float64Array {
  return readSafely(bytes, (kind, count) => {
    if (kind !== format.arrivals || count !== times.length) {
      throw new DamagedColumnError('stored arrivals do not belong to these times');
    }
    const isOffset = source.takeByte() !== 0;
    const batches = source.takeCount(count);
    const starts = new Float64Array(batches);
    const offsets = new Float64Array(batches);
    takeIntegers(source, starts, batches);
    takeNumbers(source, offsets, batches);
    const arrivals = new Float64Array(count);
    for (let batch = 0; batch < batches; batch++) {
      const start = starts[batch]!;
      const end = batch + 1 < batches ? starts[batch + 1]! : count;
      if (!(start >= 0 && end > start && end <= count)) throw new DamagedColumnError('stored batches are not in order');
      arrivals.fill(offsets[batch]! + (isOffset ? times[end - 1]! : 0), start, end);
    }
    return arrivals;
  });
}

function takeRows(count: number): Uint32Array {
  if (rows.length < count) rows = new Float64Array(count * 2);
  takeIntegers(source, rows, count);
  const rowOf = new Uint32Array(count);
  let before = -1;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    if (!(row > before && row < 2 ** 32)) throw new DamagedColumnError('stored rows are not in order');
    rowOf[i] = before = row;
  }
  return rowOf;
}
