/**
 * Writes Batch frames (SPEC FR, type 03) straight into one reused buffer: what firmware on a small board would do.
 *
 * Owns that buffer and the place in it. Values come as whole numbers and a power of ten, so nothing is divided. For values of
 * unknown precision (a CSV file) use the protocol's `makeNumberColumn` and `encodeMessage` instead. Refuses, by assertion,
 * whole numbers of 2^51 and more.
 */
import { limits } from '@lapwing/protocol';

export interface BatchHead {
  readonly seq: number;
  readonly ackNow: boolean;
  readonly backfill: boolean;
  readonly rows: number;
  readonly columns: number;
  /** At least `rows` long; whole Unix milliseconds. */
  readonly times: Float64Array;
}

const wholeMax = 2 ** 51;

export class BatchWriter {
  private readonly bytes = new Uint8Array(limits.frameBytesMax);
  private at = 0;

  /** Starts a frame; then say exactly `columns` columns, then `finish`. */
  begin(head: BatchHead): void {
    const { rows, times } = head;
    const step = rows > 1 ? times[1]! - times[0]! : 0;
    let regular = true;
    for (let row = 2; row < rows && regular; row++) regular = times[row]! - times[row - 1]! === step;
    this.at = 0;
    this.putByte(0x03);
    this.putByte((head.ackNow ? 1 : 0) | (head.backfill ? 2 : 0) | (regular ? 0 : 4));
    this.putVarint(head.seq);
    this.putVarint(rows);
    this.putSigned(times[0]!);
    if (rows > 1 && regular) this.putSigned(step);
    if (!regular) for (let row = 1; row < rows; row++) this.putSigned(times[row]! - times[row - 1]!);
    this.putVarint(head.columns);
  }

  /** `whole[from + row]` × 10^exponent for each row; NaN where the row has no value (at least one must have). */
  putDecimals(metric: number, exponent: number, column: { whole: Float64Array; from: number; rows: number }): void {
    this.putColumnHead(metric, 0, column);
    this.putByte(exponent & 0xff);
    let before = 0;
    for (let at = column.from; at < column.from + column.rows; at++) {
      const whole = column.whole[at]!;
      if (Number.isNaN(whole)) continue;
      this.putSigned(whole - before);
      before = whole;
    }
  }

  /** 0 and 1 for each row, NaN for none. */
  putBools(metric: number, column: { whole: Float64Array; from: number; rows: number }): void {
    this.putColumnHead(metric, 3, column);
    let bits = 0;
    let count = 0;
    for (let at = column.from; at < column.from + column.rows; at++) {
      const whole = column.whole[at]!;
      if (Number.isNaN(whole)) continue;
      if (whole !== 0) bits |= 1 << (count & 7);
      count += 1;
      if ((count & 7) !== 0) continue;
      this.putByte(bits);
      bits = 0;
    }
    if ((count & 7) !== 0) this.putByte(bits);
  }

  /** The frame, in memory of its own. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }

  private putColumnHead(
    metric: number,
    coding: number,
    column: { whole: Float64Array; from: number; rows: number },
  ): void {
    this.putVarint(metric);
    let holes = false;
    for (let at = column.from; at < column.from + column.rows; at++) {
      if (Number.isNaN(column.whole[at]!)) holes = true;
    }
    this.putByte(coding | (holes ? 8 : 0));
    if (!holes) return;
    for (let row = 0; row < column.rows; row += 8) {
      let bits = 0;
      for (let bit = 0; bit < 8 && row + bit < column.rows; bit++) {
        const whole = column.whole[column.from + row + bit]!;
        if (!Number.isNaN(whole)) bits |= 1 << bit;
      }
      this.putByte(bits);
    }
  }

  private putByte(byte: number): void {
    if (this.at >= this.bytes.length) throw new RangeError('a batch must fit into limits.frameBytesMax bytes');
    this.bytes[this.at++] = byte;
  }

  private putVarint(value: number): void {
    let left = value;
    while (left >= 0x8000_0000) {
      this.putByte((left % 128) | 0x80);
      left = Math.floor(left / 128);
    }
    while (left >= 0x80) {
      this.putByte((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    this.putByte(left);
  }

  private putSigned(value: number): void {
    if (!(Math.abs(value) < wholeMax)) throw new RangeError(`not a whole number below 2^51: ${value}`);
    this.putVarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }
}
