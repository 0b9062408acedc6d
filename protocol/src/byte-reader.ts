/**
 * A cursor over one frame's bytes: the primitive types of SPEC FR-4 to FR-8, read strictly.
 *
 * Owns the cursor and the first fault found. Invariant: 0 ≤ at ≤ end, and nothing outside the frame is ever looked at.
 * It never throws: after the first fault the cursor stands at the end, every further read gives 0 or '', and `fault`
 * keeps what came first, so a decoder may read on and look once. It is reusable, so that the hot path allocates nothing.
 */
import type { FaultName } from './faults.ts';
import { limits } from './limits.ts';

/** The part of the platform's TextDecoder used here; `core` code compiles without DOM or Node types. */
declare const TextDecoder: new (
  label: string,
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const noBytes = new Uint8Array(0);
const floatView = new DataView(new ArrayBuffer(8));
const floatBytes = new Uint8Array(floatView.buffer);

/** Up to this length a loop over char codes beats TextDecoder, whose call alone takes 80 ns (4 bytes: 19 ns, 12: 68 ns, 24: 158 ns). */
const shortTextBytes = 12;

export interface TextRules {
  readonly bytesMin: number;
  readonly bytesMax: number;
  /** Tabs and line feeds may occur (FR-7). */
  readonly lines: boolean;
}

export class ByteReader {
  bytes: Uint8Array = noBytes;
  at = 0;
  end = 0;
  fault: FaultName | null = null;
  /** What was wrong and at which byte; '' while all is well. */
  text = '';
  /** The last varint in two halves of 28 bits: a zigzag of 54 bits does not fit a double. */
  #low = 0;
  #high = 0;

  /** Starts on a frame, behind its type byte. */
  open(frame: Uint8Array): void {
    this.bytes = frame;
    this.at = frame.length > 0 ? 1 : 0;
    this.end = frame.length;
    this.fault = null;
    this.text = '';
  }

  /** Lets go of the frame, so that a reusable reader does not keep a receive buffer alive. */
  close(): void {
    this.bytes = noBytes;
    this.at = 0;
    this.end = 0;
  }

  /** Notes the first fault, with the offset of the item it was found in, and stops. */
  fail(fault: FaultName, text: string, at = this.at): void {
    if (this.fault === null) {
      this.fault = fault;
      this.text = `byte ${at}: ${text}`;
    }
    this.at = this.end;
  }

  readByte(): number {
    if (this.at < this.end) return this.bytes[this.at++]!;
    this.fail('malformedFrame', 'the frame ends too early');
    return 0;
  }

  /** A byte that must be below `count`; `what` names it in the fault. */
  readChoice(count: number, what: string): number {
    const value = this.readByte();
    if (value < count) return value;
    this.fail('malformedFrame', `${what} ${value} is not defined`, this.at - 1);
    return 0;
  }

  readU16(): number {
    const low = this.readByte();
    return low + this.readByte() * 256;
  }

  /** Unsigned LEB128, shortest form, up to 2^53 − 1 (FR-5). */
  readUv(): number {
    if (this.at < this.end) {
      const byte = this.bytes[this.at]!;
      if (byte < 0x80) {
        this.at++;
        return byte;
      }
    }
    const start = this.at;
    if (!this.#readVarint()) return 0;
    if (this.#high < 0x200_0000) return this.#high * 0x1000_0000 + this.#low;
    this.fail('valueOutOfRange', 'a number above 2^53 - 1', start);
    return 0;
  }

  /** A uv that must lie in 1…2^53 − 1. */
  readPositive(what: string): number {
    const start = this.at;
    const value = this.readUv();
    if (value === 0) this.fail('valueOutOfRange', `${what} must not be 0`, start);
    return value;
  }

  /** A uv that says how many items follow; more than `max` is `fault`. Each item takes a byte at least. */
  readCount(max: number, fault: FaultName, what: string): number {
    const start = this.at;
    const count = this.readUv();
    if (count > max) this.fail(fault, `${count} ${what}, at most ${max} are allowed`, start);
    else if (count > this.end - this.at)
      this.fail('malformedFrame', `the frame is too short for ${count} ${what}`, start);
    else return count;
    return 0;
  }

  /** Zigzag LEB128 of −(2^53 − 1)…2^53 − 1 (FR-6). One and two bytes, nearly all of them, take the short way. */
  readSv(): number {
    const at = this.at;
    if (at + 1 < this.end) {
      const first = this.bytes[at]!;
      if (first < 0x80) {
        this.at = at + 1;
        return unzigzag(first);
      }
      const second = this.bytes[at + 1]!;
      if (second < 0x80 && second > 0) {
        this.at = at + 2;
        return unzigzag((first & 0x7f) | (second << 7));
      }
    }
    return this.#readLongSv();
  }

  /** Unix milliseconds within the years 1 to 9999 (FR-8). */
  readMs(): number {
    const start = this.at;
    const value = this.readSv();
    if (value >= limits.timeMsMin && value <= limits.timeMsMax) return value;
    this.fail('valueOutOfRange', 'a time outside the years 1 to 9999', start);
    return 0;
  }

  readF32(): number {
    return this.#takeFloat(4) ? floatView.getFloat32(0, true) : 0;
  }

  readF64(): number {
    return this.#takeFloat(8) ? floatView.getFloat64(0, true) : 0;
  }

  /** A view of the next `length` bytes, not a copy. */
  readView(length: number): Uint8Array {
    if (length > this.end - this.at) {
      this.fail('malformedFrame', `the frame ends too early for ${length} bytes`);
      return noBytes;
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  readText(rules: TextRules): string {
    const start = this.at;
    const length = this.readUv();
    if (this.fault !== null) return '';
    if (length > rules.bytesMax || length < rules.bytesMin) {
      this.fail('invalidText', `a text of ${length} bytes, ${rules.bytesMin} to ${rules.bytesMax} are allowed`, start);
      return '';
    }
    if (length > this.end - this.at) {
      this.fail('malformedFrame', `the frame ends too early for a text of ${length} bytes`, start);
      return '';
    }
    const from = this.at;
    this.at += length;
    return this.#decodeText(from, length, rules.lines);
  }

  /** Nothing may follow the body (FR-3). */
  expectEnd(): void {
    if (this.at !== this.end) this.fail('malformedFrame', `${this.end - this.at} bytes follow the body`);
  }

  #decodeText(from: number, length: number, lines: boolean): string {
    const to = from + length;
    let high = 0;
    for (let i = from; i < to; i++) {
      const byte = this.bytes[i]!;
      high |= byte;
      if (byte >= 0x20 && byte !== 0x7f) continue;
      if (lines && (byte === 0x09 || byte === 0x0a)) continue;
      this.fail('invalidText', `control character ${byte}`, i);
      return '';
    }
    if (high < 0x80 && length <= shortTextBytes) {
      let text = '';
      for (let i = from; i < to; i++) text += String.fromCharCode(this.bytes[i]!);
      return text;
    }
    try {
      return utf8.decode(this.bytes.subarray(from, to));
    } catch {
      // TextDecoder tells malformed UTF-8 only by throwing; it is foreign input, so it becomes a coded fault.
      this.fail('invalidText', 'the text is not UTF-8', from);
      return '';
    }
  }

  #takeFloat(length: number): boolean {
    const at = this.at;
    if (length > this.end - at) {
      this.fail('malformedFrame', 'the frame ends inside a number');
      return false;
    }
    for (let i = 0; i < length; i++) floatBytes[i] = this.bytes[at + i]!;
    this.at = at + length;
    return true;
  }

  #readLongSv(): number {
    const start = this.at;
    if (!this.#readVarint()) return 0;
    const magnitude = this.#high * 0x800_0000 + (this.#low >>> 1);
    const negative = (this.#low & 1) === 1;
    if (magnitude <= Number.MAX_SAFE_INTEGER && !(negative && magnitude === Number.MAX_SAFE_INTEGER)) {
      return negative ? -magnitude - 1 : magnitude;
    }
    this.fail('valueOutOfRange', 'a number outside +-(2^53 - 1)', start);
    return 0;
  }

  #readVarint(): boolean {
    const start = this.at;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 8; i++) {
      if (start + i >= this.end) {
        this.fail('malformedFrame', 'the frame ends inside a number', start);
        return false;
      }
      const byte = this.bytes[start + i]!;
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else high |= (byte & 0x7f) << (7 * (i - 4));
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) break;
      this.#low = low;
      this.#high = high;
      this.at = start + i + 1;
      return true;
    }
    this.fail('malformedFrame', 'a number is not in its shortest form', start);
    return false;
  }
}

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
