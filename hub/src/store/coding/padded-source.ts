/**
 * A cursor over one stored column, and the error that damaged bytes end in.
 *
 * Owns a padded copy of the bytes, reused by every column: the bit readers of the other files load four bytes at a time, and behind
 * the end they find zeros instead of an end. Invariant: nothing is taken from behind `end` without DamagedColumnError, and what a
 * caller may allocate is bounded by `countMax` before it does. Knows nothing of what the bytes mean.
 */
import { DamagedColumnError } from '../column-code.ts';

/** Stored bytes that cannot be what was written: a wrong checksum, an unknown format, a count or a position out of bounds. */
export { DamagedColumnError };

/** Values in one column. Blocks hold far fewer; a damaged count must not allocate more than some megabytes. */
export const countMax = 2 ** 18;
const paddingBytes = 16;

export class PaddedSource {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(65_536);
  view = new DataView(this.bytes.buffer);
  position = 0;
  end = 0;

  /** Takes a copy, so the caller's bytes may go. */
  open(bytes: Uint8Array): void {
    if (bytes.length + paddingBytes > this.bytes.length) {
      this.bytes = new Uint8Array((bytes.length + paddingBytes) * 2);
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(bytes);
    this.bytes.fill(0, bytes.length, bytes.length + paddingBytes);
    this.position = 0;
    this.end = bytes.length;
  }

  takeByte(): number {
    return this.bytes[this.advance(1)]!;
  }

  /** Unsigned LEB128 up to 2^53 − 1. */
  takeUnsigned(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.takeByte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && value <= Number.MAX_SAFE_INTEGER) return value;
      scale *= 128;
    }
    throw new DamagedColumnError('a stored number is too long');
  }

  takeCount(max: number): number {
    const count = this.takeUnsigned();
    if (count > max) throw new DamagedColumnError(`a stored count of ${count} is more than ${max}`);
    return count;
  }

  takeFloat64(): number {
    return this.view.getFloat64(this.advance(8), true);
  }

  /** A view of the copy: gone with the next `open`. */
  takeBytes(count: number): Uint8Array {
    const at = this.advance(count);
    return this.bytes.subarray(at, at + count);
  }

  /** After a reader has moved on by itself. */
  moveTo(position: number): void {
    if (position > this.end) throw new DamagedColumnError('stored bytes end too early');
    this.position = position;
  }

  private advance(count: number): number {
    const at = this.position;
    this.moveTo(at + count);
    return at;
  }
}
