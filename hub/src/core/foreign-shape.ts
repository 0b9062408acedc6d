/**
 * What one payload of JSON looks like but for its numbers, so that the next one like it is read without being parsed.
 *
 * Owns the bytes between the numbers. Invariant: what `read` accepts is JSON, and reading it as JSON gives these very numbers at these
 * very places; whatever is in doubt (an exponent, more digits than a double surely holds, one byte more) it refuses, and the dialect
 * reads it. It knows neither metrics nor dialects.
 */
const numbersMax = 32;
const payloadBytesMax = 1_024;
/** Of so many digits every number, times or by such a power of ten, is the double that is nearest to it. */
const digitsMax = 15;
const powers = Float64Array.from({ length: digitsMax + 1 }, (_, exponent) => 10 ** exponent);
const code = { quote: 0x22, escape: 0x5c, minus: 0x2d, point: 0x2e, zero: 0x30, nine: 0x39, brace: 0x7b } as const;

export class NumberShape {
  /** Of the payload that `read` accepted last. */
  readonly values: Float64Array;
  private readonly fixed: Uint8Array;
  /** Where in `fixed` the bytes before each number end. */
  private readonly ends: readonly number[];
  /** Behind the number that was read last. */
  private at = 0;

  private constructor(fixed: Uint8Array, ends: readonly number[]) {
    this.fixed = fixed;
    this.ends = ends;
    this.values = new Float64Array(ends.length);
  }

  /** Of a payload that is JSON; null where there are no numbers in it, or too many. */
  static of(payload: Uint8Array): NumberShape | null {
    if (payload[0] !== code.brace || payload.length > payloadBytesMax) return null;
    const fixed: number[] = [];
    const ends: number[] = [];
    let isText = false;
    for (let at = 0; at < payload.length; at++) {
      const byte = payload[at]!;
      if (!isText && (byte === code.minus || isDigit(byte))) {
        ends.push(fixed.length);
        while (at + 1 < payload.length && isOfNumber(payload[at + 1]!)) at += 1;
        continue;
      }
      fixed.push(byte);
      if (byte === code.quote) isText = !isText;
      else if (byte === code.escape && at + 1 < payload.length) fixed.push(payload[++at]!);
    }
    return ends.length === 0 || ends.length > numbersMax ? null : new NumberShape(Uint8Array.from(fixed), ends);
  }

  /** Puts the numbers into `values`; false: it is not surely one of these. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const { fixed, ends } = this;
    let at = from;
    let k = 0;
    for (let i = 0; i < ends.length; i++) {
      for (const end = ends[i]!; k < end; k++) if (bytes[at++] !== fixed[k]) return false;
      if (!this.readNumber(bytes, at, i)) return false;
      at = this.at;
    }
    if (to - at !== fixed.length - k) return false;
    for (; k < fixed.length; k++) if (bytes[at++] !== fixed[k]) return false;
    return true;
  }

  /** The payload with other numbers in it. */
  write(numbers: readonly string[]): Uint8Array {
    const bytes: number[] = [];
    let k = 0;
    this.ends.forEach((end, i) => {
      for (; k < end; k++) bytes.push(this.fixed[k]!);
      for (const letter of numbers[i]!) bytes.push(letter.charCodeAt(0));
    });
    return Uint8Array.from([...bytes, ...this.fixed.subarray(k)]);
  }

  /** A number as JSON writes it; what stands behind it is the next fixed byte's to judge. */
  private readNumber(bytes: Uint8Array, from: number, i: number): boolean {
    let at = from;
    const isNegative = bytes[at] === code.minus;
    if (isNegative) at += 1;
    const first = at;
    let whole = 0;
    let byte = bytes[at]!;
    for (; byte >= code.zero && byte <= code.nine; byte = bytes[++at]!) whole = whole * 10 + (byte - code.zero);
    let digits = at - first;
    if (digits === 0 || (digits > 1 && bytes[first] === code.zero)) return false;
    let decimals = 0;
    if (byte === code.point) {
      const point = at;
      byte = bytes[++at]!;
      for (; byte >= code.zero && byte <= code.nine; byte = bytes[++at]!) whole = whole * 10 + (byte - code.zero);
      decimals = at - point - 1;
      if (decimals === 0) return false;
      digits += decimals;
    }
    if (digits > digitsMax) return false;
    const size = decimals === 0 ? whole : whole / powers[decimals]!;
    this.values[i] = isNegative ? -size : size;
    this.at = at;
    return true;
  }
}

function isDigit(byte: number): boolean {
  return byte >= code.zero && byte <= code.nine;
}

/** Also of an exponent. */
function isOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === code.point || byte === code.minus || byte === 0x2b || (byte | 0x20) === 0x65;
}
