/**
 * A growable byte buffer that the coders write into, and the matching cursor to read from.
 *
 * Owns its bytes until `take` copies them out. Knows nothing of what the bytes mean. A `ByteSource` never reads behind
 * its end: it throws, because stored bytes passed a checksum first and a short one is our bug.
 */
import assert from 'node:assert/strict';

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteSink {
  bytes = new Uint8Array(4096);
  length = 0;
  private view = new DataView(this.bytes.buffer);

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes; the caller then writes `bytes` itself and moves `length`. */
  reserve(count: number): void {
    const need = this.length + count;
    if (need <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  putByte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128, up to 2^53 − 1. */
  putUnsigned(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  putFloat64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  putBytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  putText(text: string): void {
    const bytes = textEncoder.encode(text);
    this.putUnsigned(bytes.length);
    this.putBytes(bytes);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class ByteSource {
  readonly bytes: Uint8Array;
  position = 0;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  takeByte(): number {
    assert(this.position < this.bytes.length, 'stored bytes end too early');
    return this.bytes[this.position++]!;
  }

  takeUnsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.takeByte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }

  takeFloat64(): number {
    assert(this.position + 8 <= this.bytes.length, 'stored bytes end too early');
    this.position += 8;
    return this.view.getFloat64(this.position - 8, true);
  }

  /** A view, not a copy. */
  takeBytes(count: number): Uint8Array {
    assert(this.position + count <= this.bytes.length, 'stored bytes end too early');
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  takeText(): string {
    return textDecoder.decode(this.takeBytes(this.takeUnsigned()));
  }
}
