/**
 * Arrays of numbers that are used again: a head's columns live for a moment between decoding and sealing, and outside V8's heap, which
 * collects everything each time some 60 MiB of them have come (a tenth of the CPU of taking readings as fast as they come).
 *
 * Owns what was given back, of this thread, up to `keptBytesMax`. Invariant: nobody else holds an array that is in it. What it gives has
 * a power of two of elements, and whatever was in them.
 */
export class NumberPool {
  /** By the logarithm of their length. */
  private readonly kept: Float64Array<ArrayBuffer>[][] = [];
  private keptBytes = 0;
  private readonly keptBytesMax: number;

  constructor(keptBytesMax: number) {
    this.keptBytesMax = keptBytesMax;
  }

  /** With room for `need` numbers. */
  take(need: number): Float64Array<ArrayBuffer> {
    const size = 32 - Math.clz32(Math.max(need, 2) - 1);
    const again = this.kept[size]?.pop();
    if (again === undefined) return new Float64Array(2 ** size);
    this.keptBytes -= again.byteLength;
    return again;
  }

  /** Whoever gives it back looks at it no more. */
  give(values: Float64Array<ArrayBuffer>): void {
    const { length, byteLength } = values;
    if (length < shortest || this.keptBytes + byteLength > this.keptBytesMax) return;
    const size = 31 - Math.clz32(length);
    if (this.kept[size] === undefined) this.kept[size] = [];
    this.kept[size].push(values);
    this.keptBytes += byteLength;
  }
}

/** Shorter ones cost less than keeping them. */
const shortest = 64;
