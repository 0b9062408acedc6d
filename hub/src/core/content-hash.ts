/**
 * A running hash of text that tells contents apart: 53 bits, as many as a sequence number has. Not for secrets.
 *
 * Owns two 32-bit lanes (multiply and xor, as FNV does, with two odd multipliers; avalanche as in MurmurHash3's finaliser).
 * Invariant: the same texts in the same order give the same number, for ever: numbers that are stored were made by it.
 */
export class ContentHash {
  private high = 0x9e3779b9;
  private low = 0x85ebca6b;

  add(text: string): this {
    let { high, low } = this;
    for (let i = 0; i < text.length; i++) {
      const char = text.charCodeAt(i);
      high = Math.imul(high ^ char, 0x85ebca77);
      low = Math.imul(low ^ char, 0x27d4eb2f) ^ (low >>> 15);
    }
    // The end of each text counts: "ab" and then "c" is not "a" and then "bc".
    this.high = Math.imul(high ^ 0x10001, 0x85ebca77);
    this.low = Math.imul(low ^ 0x10001, 0x27d4eb2f) ^ (low >>> 15);
    return this;
  }

  /** 0 ≤ value < 2^bits, bits ≤ 53. May be asked at any time. */
  value(bits: number): number {
    const high = scatter(this.high ^ (this.low >>> 13));
    const low = scatter(this.low ^ Math.imul(this.high, 0x2c1b3c6d));
    const whole = (high >>> 11) * 2 ** 32 + (low >>> 0);
    return whole % 2 ** bits;
  }
}

function scatter(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
