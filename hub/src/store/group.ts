/**
 * A group: the frames of one commit, laid out so that the main thread's buffer is the log row, byte for byte.
 *
 * Layout: u8 2, f64 arrival of the first entry, u32 CRC-32 of these nine bytes and of all that follows, then per
 * entry: unsigned stream, unsigned seq, zigzag milliseconds since that arrival, unsigned length, the frame. `GroupBuilder` owns its buffer until `finish` gives it away; `GroupCursor` walks one
 * without allocating. Neither looks inside a frame.
 */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import type { StoreChange } from '../core/ports.ts';

export const groupHeaderBytes = 13;
/** Of layout 1, which had no checksum. */
const oldHeaderBytes = 9;
const entryHeaderBytesMax = 32;
const layoutVersion = 2;

export class GroupBuilder {
  bytes: Uint8Array<ArrayBuffer>;
  length = groupHeaderBytes;
  frames = 0;
  /** Applied before the frames. */
  readonly changes: StoreChange[] = [];
  private baseMs = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }

  append(entry: { stream: number; seq: number; arrivedMs: number; frame: Uint8Array }): void {
    const { frame } = entry;
    this.reserve(entryHeaderBytesMax + frame.length);
    if (this.frames === 0) this.baseMs = Math.round(entry.arrivedMs);
    const sinceBase = Math.round(entry.arrivedMs) - this.baseMs;
    this.putUnsigned(entry.stream);
    this.putUnsigned(entry.seq);
    this.putUnsigned(sinceBase < 0 ? -2 * sinceBase - 1 : 2 * sinceBase);
    this.putUnsigned(frame.length);
    this.bytes.set(frame, this.length);
    this.length += frame.length;
    this.frames++;
  }

  /** Writes the header and hands over what is to be stored. */
  finish(): Uint8Array<ArrayBuffer> {
    this.reserve(0);
    const header = new DataView(this.bytes.buffer);
    header.setUint8(0, layoutVersion);
    header.setFloat64(1, this.baseMs, true);
    header.setUint32(9, hashGroup(this.bytes.subarray(0, this.length)), true);
    return this.bytes.subarray(0, this.length);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + count, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  private putUnsigned(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }
}

function hashGroup(bytes: Uint8Array): number {
  return crc32(bytes.subarray(groupHeaderBytes), crc32(bytes.subarray(0, oldHeaderBytes)));
}

/** Whether a stored group is as it was written; groups of layout 1 cannot tell. */
export function isGroupWhole(bytes: Uint8Array): boolean {
  if (!(bytes instanceof Uint8Array)) return false;
  if (bytes[0] === 1) return bytes.length >= oldHeaderBytes;
  if (bytes[0] !== layoutVersion || bytes.length < groupHeaderBytes) return false;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(9, true) === hashGroup(bytes);
}

export class GroupCursor {
  stream = 0;
  seq = 0;
  arrivedMs = 0;
  /** The frame is bytes[start … end). */
  start = 0;
  end = 0;
  bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private baseMs = 0;

  open(bytes: Uint8Array): this {
    assert(bytes[0] === 1 || bytes[0] === layoutVersion, 'a log row of an unknown layout');
    const header = bytes[0] === 1 ? oldHeaderBytes : groupHeaderBytes;
    assert(bytes.length >= header, 'a log row ends too early');
    this.bytes = bytes;
    this.baseMs = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(1, true);
    this.at = header;
    return this;
  }

  next(): boolean {
    if (this.at === this.bytes.length) return false;
    this.stream = this.takeUnsigned();
    this.seq = this.takeUnsigned();
    const sinceBase = this.takeUnsigned();
    this.arrivedMs = this.baseMs + (sinceBase % 2 === 0 ? sinceBase / 2 : -(sinceBase + 1) / 2);
    const length = this.takeUnsigned();
    this.start = this.at;
    this.end = this.at = this.at + length;
    assert(this.end <= this.bytes.length, 'a log row ends too early');
    return true;
  }

  frame(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  private takeUnsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      assert(byte !== undefined, 'a log row ends too early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}
