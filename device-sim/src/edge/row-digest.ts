/**
 * What a CSV file's readings add up to, so that a hub's store can be compared with the file.
 *
 * Owns one SHA-256 per metric. A reading is 8 bytes of time (f64 little-endian, Unix milliseconds) and then the value: 8 bytes
 * f64, or for text its UTF-8 and a zero byte. `checksum` runs in the order of the file; `timeOrderChecksum` in the order of time,
 * equal times in the order of the file, which is how a hub answers. Invariant: −0 and NaN count as they are stored.
 */
import { createHash, type Hash } from 'node:crypto';

export interface MetricDigest {
  readonly name: string;
  readonly readings: number;
  /** Of the finite values; 0 for text. */
  readonly sum: number;
  readonly checksum: string;
  /** Null when the file is not in order of time and too long to be put in order here. */
  readonly timeOrderChecksum: string | null;
}

/** Readings kept to be put in order, unless told otherwise. */
const sortedMaxDefault = 1 << 21;
const chunkBytes = 64 * 1024;

export class RowDigest {
  private readonly name: string;
  private readonly sortedMax: number;
  private readonly hash: Hash = createHash('sha256');
  private readonly chunk = Buffer.alloc(chunkBytes);
  private filled = 0;
  private readings = 0;
  private sum = 0;
  private lastMs = Number.NEGATIVE_INFINITY;
  private ordered = true;
  private kept: { timeMs: number; value: number | string }[] | null = [];

  constructor(name: string, sortedMax: number = sortedMaxDefault) {
    this.name = name;
    this.sortedMax = sortedMax;
  }

  take(timeMs: number, value: number | string): void {
    this.readings += 1;
    if (typeof value === 'number' && Number.isFinite(value)) this.sum += value;
    if (timeMs < this.lastMs) this.ordered = false;
    this.lastMs = timeMs;
    if (this.kept !== null) this.kept.push({ timeMs, value });
    if (this.kept !== null && this.kept.length > this.sortedMax) this.kept = null;
    this.put(timeMs, value);
  }

  finish(): MetricDigest {
    this.hash.update(this.chunk.subarray(0, this.filled));
    const checksum = this.hash.digest('hex');
    return {
      name: this.name,
      readings: this.readings,
      sum: this.sum,
      checksum,
      timeOrderChecksum: this.ordered ? checksum : this.digestInTimeOrder(),
    };
  }

  private digestInTimeOrder(): string | null {
    if (this.kept === null) return null;
    // Array.prototype.sort is stable.
    const sorted = this.kept.sort((a, b) => a.timeMs - b.timeMs);
    const other = new RowDigest(this.name);
    for (const { timeMs, value } of sorted) other.put(timeMs, value);
    other.hash.update(other.chunk.subarray(0, other.filled));
    return other.hash.digest('hex');
  }

  private put(timeMs: number, value: number | string): void {
    const text = typeof value === 'string' ? Buffer.from(`${value}\0`) : null;
    const bytes = 8 + (text?.length ?? 8);
    if (this.filled + bytes > chunkBytes) {
      this.hash.update(this.chunk.subarray(0, this.filled));
      this.filled = 0;
    }
    this.chunk.writeDoubleLE(timeMs, this.filled);
    if (text === null) this.chunk.writeDoubleLE(value as number, this.filled + 8);
    else text.copy(this.chunk, this.filled + 8);
    this.filled += bytes;
  }
}

/** One checksum for a whole file: that of its only metric, or of all of them, one after the other. */
export function joinChecksums(checksums: readonly string[]): string {
  if (checksums.length === 1) return checksums[0]!;
  return createHash('sha256').update(checksums.join('\n')).digest('hex');
}
