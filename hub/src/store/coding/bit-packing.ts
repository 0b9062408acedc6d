/**
 * Bits in little-endian order: the lowest bit of the first value is the lowest bit of the first byte.
 *
 * A value has at most 53 bits; those above 24 go in two or three parts, lowest first, so that 32-bit arithmetic is enough. Every
 * list begins at a whole byte. No state between calls but the writer's own sink.
 */
import type { ByteSink } from '../byte-sink.ts';
import { DamagedColumnError, type PaddedSource } from './padded-source.ts';

/** A load of four bytes at any bit offset holds at least 25 bits. */
export const partBits = 24;
const groupLength = 128;
const bounds = { min: 0, max: 0 };
const partScale = 2 ** partBits;
/** Powers of two, exact. */
export const powerOf = Float64Array.from({ length: 64 }, (_, i) => 2 ** i);

/** Bits that hold `max`, 0 … 53. */
export function widthOf(max: number): number {
  if (max < 2 ** 31) return 32 - Math.clz32(max);
  return 64 - Math.clz32(Math.floor(max / 2 ** 32));
}

export class BitWriter {
  private readonly sink: ByteSink;
  private held = 0;
  private heldBits = 0;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** `value` < 2^width, width ≤ 24. The caller has reserved the bytes. */
  put(value: number, width: number): void {
    this.held |= value << this.heldBits;
    this.heldBits += width;
    while (this.heldBits >= 8) {
      this.sink.bytes[this.sink.length++] = this.held;
      this.held >>>= 8;
      this.heldBits -= 8;
    }
  }

  putWide(value: number, width: number): void {
    let rest = value;
    let left = width;
    while (left > partBits) {
      const high = Math.floor(rest / partScale);
      this.put(rest - high * partScale, partBits);
      rest = high;
      left -= partBits;
    }
    this.put(rest, left);
  }

  /** Ends the list at a whole byte. */
  flush(): void {
    if (this.heldBits > 0) this.sink.bytes[this.sink.length++] = this.held;
    this.held = this.heldBits = 0;
  }
}

/** Bits that `putGroups` takes, to a byte a group. */
export function measurePacked(values: Float64Array, count: number): number {
  let bits = 0;
  for (let start = 0; start < count; start += groupLength) {
    const end = Math.min(count, start + groupLength);
    findBounds(values, start, end);
    bits += 16 + widthOf(Math.abs(bounds.min)) + widthOf(bounds.max - bounds.min) * (end - start);
  }
  return bits;
}

function findBounds(values: Float64Array, start: number, end: number): void {
  let min = values[start]!;
  let max = min;
  for (let i = start + 1; i < end; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  bounds.min = min;
  bounds.max = max;
}

/** Per group of 128: its least number, the width of the others above it, and they in so many bits. */
export function putGroups(sink: ByteSink, values: Float64Array, count: number): void {
  for (let start = 0; start < count; start += groupLength) {
    const end = Math.min(count, start + groupLength);
    findBounds(values, start, end);
    const { min, max } = bounds;
    const width = widthOf(max - min);
    putSigned(sink, min);
    sink.putByte(width);
    sink.reserve((((end - start) * width) >> 3) + 8);
    const writer = new BitWriter(sink);
    for (let i = start; i < end; i++) writer.putWide(values[i]! - min, width);
    writer.flush();
  }
}

/** Fills out[0 … count). */
export function takeGroups(source: PaddedSource, out: Float64Array, count: number): void {
  for (let start = 0; start < count; start += groupLength) {
    const end = Math.min(count, start + groupLength);
    const min = takeSigned(source);
    const width = source.takeByte();
    if (width > 53) throw new DamagedColumnError(`a stored group is ${width} bits wide`);
    let bit = source.position * 8;
    source.moveTo(source.position + Math.ceil(((end - start) * width) / 8));
    const { view } = source;
    if (width > partBits) {
      for (let i = start; i < end; i++, bit += width) out[i] = min + readWide(view, bit, width);
    } else {
      const mask = (1 << width) - 1;
      for (let i = start; i < end; i++, bit += width) {
        out[i] = min + ((view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask);
      }
    }
  }
}

/** Zigzag LEB128. */
export function putSigned(sink: ByteSink, value: number): void {
  sink.putUnsigned(value < 0 ? -2 * value - 1 : 2 * value);
}
export function takeSigned(source: PaddedSource): number {
  const zigzag = source.takeUnsigned();
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}

export function readWide(view: DataView, bit: number, width: number): number {
  let value = 0;
  let scale = 1;
  let at = bit;
  let left = width;
  while (left > partBits) {
    value += ((view.getUint32(at >>> 3, true) >>> (at & 7)) & 0xff_ffff) * scale;
    scale *= partScale;
    at += partBits;
    left -= partBits;
  }
  return value + ((view.getUint32(at >>> 3, true) >>> (at & 7)) & ((1 << left) - 1)) * scale;
}
