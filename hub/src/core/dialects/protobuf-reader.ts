/**
 * Reads the wire form of Protocol Buffers, one field after another, from bytes nobody vouches for.
 *
 * Owns its position. *Invariant:* it never reads beyond its bytes and never throws: after the first thing that is wrong `isBroken` is true
 * and no more fields come. What the fields mean is the caller's.
 */
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };
const utf8 = new TextDecoder('utf-8', { fatal: false });

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  /** Of the field read last. */
  field = 0;
  #wire = 0;
  isBroken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes to the next field; false at the end and where something is wrong. Each field must then be read or skipped. */
  next(): boolean {
    if (this.isBroken || this.#at >= this.#bytes.length) return false;
    const tag = this.#varint();
    this.field = Number(tag >> 3n);
    this.#wire = Number(tag & 7n);
    if (this.field === 0 || this.field > 536_870_911 || ![0, 1, 2, 5].includes(this.#wire)) this.isBroken = true;
    return !this.isBroken;
  }

  /** An unsigned varint of up to 64 bits. */
  readUint(): bigint {
    return this.#expect(0) ? this.#varint() : 0n;
  }

  readFloat(): number {
    const at = this.#expect(5) ? this.#step(4) : -1;
    return at < 0 ? Number.NaN : this.#view.getFloat32(at, true);
  }

  readDouble(): number {
    const at = this.#expect(1) ? this.#step(8) : -1;
    return at < 0 ? Number.NaN : this.#view.getFloat64(at, true);
  }

  readBytes(): Uint8Array {
    if (!this.#expect(2)) return new Uint8Array(0);
    const length = this.#varint();
    const at = length > BigInt(this.#bytes.length) ? this.#break() : this.#step(Number(length));
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + Number(length));
  }

  readText(): string {
    return utf8.decode(this.readBytes());
  }

  skip(): void {
    if (this.#wire === 0) this.#varint();
    else if (this.#wire === 2) this.readBytes();
    else this.#step(this.#wire === 1 ? 8 : 4);
  }

  #expect(wire: number): boolean {
    if (this.#wire !== wire) this.isBroken = true;
    return !this.isBroken;
  }

  #break(): -1 {
    this.isBroken = true;
    return -1;
  }

  #step(bytes: number): number {
    const at = this.#at;
    if (this.isBroken || at + bytes > this.#bytes.length) return this.#break();
    this.#at += bytes;
    return at;
  }

  #varint(): bigint {
    let value = 0n;
    let small = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      // Four groups of seven bits are a number; BigInt only for what is larger.
      if (index < 4) small |= (byte & 0x7f) << (7 * index);
      else value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value | BigInt(small));
    }
    this.isBroken = true;
    return 0n;
  }
}

/** The few fields that the hub itself sends. */
export function writeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  while (left >= 0x80n) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return bytes;
}
