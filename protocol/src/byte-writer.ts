/**
 * A growing buffer that the encoders write to: the primitive types of SPEC FR-4 to FR-8.
 *
 * Owns one buffer, kept between frames; `finish` hands out a copy of the frame's own size. A value outside its type's
 * range is our own bug and throws a RangeError, before anything reaches a wire.
 */
import type { TextRules } from './byte-reader.ts';
import { limits } from './limits.ts';

declare const TextEncoder: new () => {
  encodeInto(text: string, bytes: Uint8Array): { readonly read: number; readonly written: number };
};

const utf8 = new TextEncoder();
const plainControls = /[\u0000-\u001f\u007f]/;
const lineControls = /[\u0000-\u0008\u000b-\u001f\u007f]/;

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  open(type: number): void {
    this.#at = 0;
    this.writeByte(type);
  }

  finish(bytesMax: number): Uint8Array {
    refuseUnless(this.#at <= bytesMax, `a frame of ${this.#at} bytes, at most ${bytesMax} are allowed`);
    return this.#bytes.slice(0, this.#at);
  }

  writeByte(value: number): void {
    if ((value & 0xff) !== value) refuse(`${value} is not a byte`);
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  writeU16(value: number): void {
    if ((value & 0xffff) !== value) refuse(`${value} is not a u16`);
    this.#reserve(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  writeUv(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(`${value} is not a whole number from 0 to 2^53 − 1`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** As writeUv, for numbers that start at 1. */
  writePositive(value: number): void {
    if (value < 1) refuse(`${value} is below 1`);
    this.writeUv(value);
  }

  /** A count of items that follow. */
  writeCount(count: number, max: number): void {
    if (count > max) refuse(`${count} items, at most ${max} are allowed`);
    this.writeUv(count);
  }

  writeSv(value: number): void {
    if (!Number.isSafeInteger(value)) refuse(`${value} is not a whole number within ±(2^53 − 1)`);
    this.#reserve(8);
    // One byte mostly. The zigzag of 54 bits does not fit a double: its lowest 7 bits are made apart from the rest.
    if (value >= -0x40 && value < 0x40) {
      this.#bytes[this.#at++] = ((value << 1) ^ (value >> 31)) & 0x7f;
      return;
    }
    const sign = value < 0 ? 1 : 0;
    const magnitude = value < 0 ? -value - 1 : value;
    let rest = Math.floor(magnitude / 0x40);
    const lowest = (magnitude % 0x40) * 2 + sign;
    this.#bytes[this.#at++] = lowest + 0x80;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  writeMs(value: number): void {
    if (!(value >= limits.timeMsMin && value <= limits.timeMsMax))
      refuse(`${value} is not a time of the years 1 to 9999`);
    this.writeSv(value);
  }

  writeF32(value: number): void {
    if (!Object.is(Math.fround(value), value)) refuse(`${value} is not exact as float32`);
    this.#reserve(4);
    this.#view.setFloat32(this.#at, value, true);
    this.#at += 4;
  }

  writeF64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  writeText(text: string, rules: TextRules): void {
    refuseUnless(text.isWellFormed(), 'a text holds half a surrogate pair');
    refuseUnless(!(rules.lines ? lineControls : plainControls).test(text), 'a text holds control characters');
    const length = countUtf8Bytes(text);
    refuseUnless(
      length >= rules.bytesMin && length <= rules.bytesMax,
      `a text of ${length} bytes, ${rules.bytesMin} to ${rules.bytesMax} are allowed`,
    );
    this.writeUv(length);
    this.#reserve(length);
    utf8.encodeInto(text, this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** For the hot writers: the text is built only when it is needed (built every time, it was half the cost of a frame). */
function refuse(text: string): never {
  throw new RangeError(`cannot encode: ${text}`);
}

/** The encoder's assertion: a message that breaks the protocol must never leave this program. */
export function refuseUnless(holds: boolean, text: string): asserts holds {
  if (!holds) refuse(text);
}

/** Of a well-formed string. */
function countUtf8Bytes(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Half of a surrogate pair: 2 units make 4 bytes. Anything else from U+0800 takes 3, from U+0080 takes 2.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) count += 2;
    else if (unit >= 0x80) count += 1;
  }
  return count;
}
