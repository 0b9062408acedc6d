/**
 * Reads CBOR (RFC 8949) from bytes nobody vouches for.
 *
 * Owns its position. *Invariant:* bounded in depth and number of items whatever lengths the bytes announce, and undefined, never an
 * exception, for what is not CBOR. Tags are read through, but for decimal fractions (tag 4), which are numbers.
 */
import { readText } from './read-payload.ts';

export type Cbor =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Cbor[]
  | ReadonlyMap<Cbor, Cbor>;

const depthMax = 8;
const itemsMax = 50_000;

/** Told apart from `undefined`, which is a value in CBOR. */
export const notCbor = Symbol('not CBOR');

/** Thrown and caught within this file only. */
class Malformed extends Error {}

export function readCbor(bytes: Uint8Array): Cbor | typeof notCbor {
  const reader = new CborReader(bytes);
  try {
    const value = reader.item(0);
    return reader.isAtEnd ? value : notCbor;
  } catch (error) {
    if (error instanceof Malformed) return notCbor;
    throw error;
  }
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Cbor {
    if (depth > depthMax || ++this.#items > itemsMax) throw new Malformed();
    const first = this.#byte();
    const major = first >> 5;
    const minor = first & 31;
    if (major === 7) return this.#simple(minor);
    if (minor === 31) return this.#indefinite(major, depth);
    const argument = this.#argument(minor);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 2) return this.#take(argument);
    if (major === 3) return this.#text(argument);
    if (major === 4) return this.#list(argument, depth);
    if (major === 5) return this.#map(argument, depth);
    return this.#tagged(argument, depth);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Malformed();
    return byte;
  }

  #step(bytes: number): number {
    const at = this.#at;
    if (!(at + bytes <= this.#bytes.length)) throw new Malformed();
    this.#at += bytes;
    return at;
  }

  #argument(minor: number): number {
    if (minor < 24) return minor;
    if (minor === 24) return this.#byte();
    if (minor === 25) return this.#view.getUint16(this.#step(2));
    if (minor === 26) return this.#view.getUint32(this.#step(4));
    if (minor === 27) return Number(this.#view.getBigUint64(this.#step(8)));
    throw new Malformed();
  }

  #take(length: number): Uint8Array {
    const at = this.#step(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const text = readText(this.#take(length));
    if (text === null) throw new Malformed();
    return text;
  }

  #list(length: number, depth: number): Cbor[] {
    // An announced length is believed item by item: each takes at least one byte.
    if (length > this.#bytes.length - this.#at) throw new Malformed();
    const list: Cbor[] = [];
    for (let index = 0; index < length; index++) list.push(this.item(depth + 1));
    return list;
  }

  #map(length: number, depth: number): Map<Cbor, Cbor> {
    if (length * 2 > this.#bytes.length - this.#at) throw new Malformed();
    const map = new Map<Cbor, Cbor>();
    for (let index = 0; index < length; index++) map.set(this.item(depth + 1), this.item(depth + 1));
    return map;
  }

  #tagged(tag: number, depth: number): Cbor {
    const value = this.item(depth + 1);
    if (tag !== 4) return value;
    const [exponent, mantissa] = Array.isArray(value) ? value : [];
    if (typeof exponent !== 'number' || typeof mantissa !== 'number') throw new Malformed();
    return Number(`${mantissa}e${exponent}`);
  }

  #indefinite(major: number, depth: number): Cbor {
    const isBreak = (): boolean => {
      if (this.#bytes[this.#at] !== 0xff) return false;
      this.#at++;
      return true;
    };
    if (major === 4) {
      const list: Cbor[] = [];
      while (!isBreak()) list.push(this.item(depth + 1));
      return list;
    }
    if (major === 5) {
      const map = new Map<Cbor, Cbor>();
      while (!isBreak()) map.set(this.item(depth + 1), this.item(depth + 1));
      return map;
    }
    if (major === 3) {
      let text = '';
      while (!isBreak()) {
        const part = this.item(depth + 1);
        if (typeof part !== 'string') throw new Malformed();
        text += part;
      }
      return text;
    }
    throw new Malformed();
  }

  #simple(minor: number): Cbor {
    if (minor === 20) return false;
    if (minor === 21) return true;
    if (minor === 22) return null;
    if (minor === 23) return undefined;
    if (minor === 25) return readHalf(this.#view.getUint16(this.#step(2)));
    if (minor === 26) return this.#view.getFloat32(this.#step(4));
    if (minor === 27) return this.#view.getFloat64(this.#step(8));
    throw new Malformed();
  }
}

function readHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
