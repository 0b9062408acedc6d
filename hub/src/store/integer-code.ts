/**
 * Lists of whole numbers as bit-packed differences: the coder under times, decimals, row lists and dictionary indexes.
 *
 * Layout: u8 order (0 plain, 1 differences, 2 differences of differences), then `order` start values as zigzag LEB128,
 * then groups of 128 zigzag integers: u8 width, the group's integers at that width. The order with the fewest bits wins.
 * Owns only scratch memory. Invariant: every input lies within ±2^50, so second differences zigzag within 2^53.
 */
import type { ByteSink, ByteSource } from './byte-sink.ts';

export const integerMax = 2 ** 50;
const groupLength = 128;
/** Widths above this are packed as several planes, so that 32-bit arithmetic is enough for each. */
const planeBits = 24;
const planeScale = 2 ** planeBits;

/** Bits of values start … end: of each, `width` bits from the one worth `scale` upwards. */
interface Plane {
  readonly start: number;
  readonly end: number;
  readonly width: number;
  readonly scale: number;
}

const narrow = new Int32Array(groupLength);
const wide = new Float64Array(groupLength);
let zigzags = [new Float64Array(0), new Float64Array(0), new Float64Array(0)];

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
function unzigzag(value: number): number {
  if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Bits to hold `max`, 0…53. */
function widthOf(max: number): number {
  if (max < 2 ** 31) return 32 - Math.clz32(max);
  return 32 + 32 - Math.clz32(Math.floor(max / 2 ** 32));
}

function fillZigzags(values: Float64Array, count: number): void {
  if (zigzags[0]!.length < count) zigzags = zigzags.map(() => new Float64Array(Math.max(4096, count * 2)));
  const [plain, once, twice] = zigzags as [Float64Array, Float64Array, Float64Array];
  let before = 0;
  let step = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const difference = value - before;
    const second = difference - step;
    plain[i] = value < 0 ? -2 * value - 1 : 2 * value;
    once[i] = difference < 0 ? -2 * difference - 1 : 2 * difference;
    twice[i] = second < 0 ? -2 * second - 1 : 2 * second;
    before = value;
    step = difference;
  }
}

function measureBits(list: Float64Array, from: number, count: number): number {
  let bits = 0;
  for (let start = from; start < count; start += groupLength) {
    const end = Math.min(count, start + groupLength);
    let max = 0;
    for (let i = start; i < end; i++) if (list[i]! > max) max = list[i]!;
    bits += 8 + widthOf(max) * (end - start);
  }
  return bits;
}

function packPlane(sink: ByteSink, list: Float64Array, plane: Plane): void {
  const { start, end, width, scale } = plane;
  sink.reserve(((end - start) * width + 7) >> 3);
  const bytes = sink.bytes;
  let at = sink.length;
  let held = 0;
  let heldBits = 0;
  const modulus = 2 ** width;
  for (let i = start; i < end; i++) {
    const value = scale === 1 ? list[i]! : Math.floor(list[i]! / scale);
    held |= (value < modulus ? value : value % modulus) << heldBits;
    heldBits += width;
    while (heldBits >= 8) {
      bytes[at++] = held & 0xff;
      held >>>= 8;
      heldBits -= 8;
    }
  }
  if (heldBits > 0) bytes[at++] = held & 0xff;
  sink.length = at;
}

function packGroups(sink: ByteSink, list: Float64Array, { from, count }: { from: number; count: number }): void {
  for (let start = from; start < count; start += groupLength) {
    const end = Math.min(count, start + groupLength);
    let max = 0;
    for (let i = start; i < end; i++) if (list[i]! > max) max = list[i]!;
    const width = widthOf(max);
    sink.putByte(width);
    for (let done = 0; done < width; done += planeBits) {
      packPlane(sink, list, {
        start,
        end,
        width: Math.min(planeBits, width - done),
        scale: planeScale ** (done / planeBits),
      });
    }
  }
}

/** Appends the first `count` of `values`, whole numbers within ±integerMax. */
export function putIntegers(sink: ByteSink, values: Float64Array, count: number): void {
  fillZigzags(values, count);
  let order = 0;
  let bitsBest = Number.POSITIVE_INFINITY;
  for (let candidate = 0; candidate < 3; candidate++) {
    const bits = measureBits(zigzags[candidate]!, Math.min(candidate, count), count);
    if (bits < bitsBest) {
      bitsBest = bits;
      order = candidate;
    }
  }
  sink.putByte(order);
  const starts = Math.min(order, count);
  if (starts > 0) sink.putUnsigned(zigzag(values[0]!));
  if (starts > 1) sink.putUnsigned(zigzag(values[1]! - values[0]!));
  packGroups(sink, zigzags[order]!, { from: starts, count });
}

/** Up to 24 bits: 32-bit arithmetic all the way. */
function takeNarrow(source: ByteSource, count: number, width: number): void {
  const bytes = source.takeBytes((count * width + 7) >> 3);
  const mask = (1 << width) - 1;
  let at = 0;
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < count; i++) {
    while (heldBits < width) {
      held |= bytes[at++]! << heldBits;
      heldBits += 8;
    }
    const packed = held & mask;
    narrow[i] = (packed >>> 1) ^ -(packed & 1);
    held >>>= width;
    heldBits -= width;
  }
}

function takeWide(source: ByteSource, count: number, width: number): void {
  wide.fill(0);
  for (let done = 0; done < width; done += planeBits) {
    const planeWidth = Math.min(planeBits, width - done);
    const scale = planeScale ** (done / planeBits);
    const bytes = source.takeBytes((count * planeWidth + 7) >> 3);
    const mask = (1 << planeWidth) - 1;
    let at = 0;
    let held = 0;
    let heldBits = 0;
    for (let i = 0; i < count; i++) {
      while (heldBits < planeWidth) {
        held |= bytes[at++]! << heldBits;
        heldBits += 8;
      }
      wide[i] = wide[i]! + (held & mask) * scale;
      held >>>= planeWidth;
      heldBits -= planeWidth;
    }
  }
  for (let i = 0; i < count; i++) wide[i] = unzigzag(wide[i]!);
}

/** Reads `count` whole numbers written by `putIntegers`, into `out` where given: a new array costs more than a few numbers. */
export function takeIntegers(
  source: ByteSource,
  count: number,
  out: Float64Array<ArrayBuffer> = new Float64Array(count),
): Float64Array<ArrayBuffer> {
  const order = source.takeByte();
  const starts = Math.min(order, count);
  let before = starts > 0 ? unzigzag(source.takeUnsigned()) : 0;
  let step = starts > 1 ? unzigzag(source.takeUnsigned()) : 0;
  if (starts > 0) out[0] = before;
  if (starts > 1) out[1] = before += step;
  for (let start = starts; start < count; start += groupLength) {
    const length = Math.min(groupLength, count - start);
    const width = source.takeByte();
    if (width > planeBits) takeWide(source, length, width);
    else takeNarrow(source, length, width);
    const deltas = width > planeBits ? wide : narrow;
    if (order === 0) for (let i = 0; i < length; i++) out[start + i] = deltas[i]!;
    else if (order === 1) for (let i = 0; i < length; i++) out[start + i] = before += deltas[i]!;
    else for (let i = 0; i < length; i++) out[start + i] = before += step += deltas[i]!;
  }
  return out;
}
