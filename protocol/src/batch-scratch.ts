/**
 * Where `readBatch` puts one Batch: typed arrays for the largest batch the limits allow, used again for every frame.
 *
 * Owns those arrays. Column-major: the value of column c at row r is `values[c * rows + r]` (`texts[…]` for a text column), and
 * where `presentAll[c]` is 0, `present[c * rows + r]` says whether there is one. What lies outside rows × columns is left from
 * earlier batches and means nothing.
 */
import { limits } from './limits.ts';

export class BatchScratch {
  seq = 0;
  ackNow = false;
  backfill = false;
  rows = 0;
  columns = 0;
  /** Unix milliseconds, one per row. */
  readonly times = new Float64Array(limits.batchRowsMax);
  /** Per column: index into the stream's metric table. */
  readonly metrics = new Uint16Array(limits.metricsMax);
  /** Per column: place in `columnEncodings` (`batchCoding` names them). */
  readonly encodings = new Uint8Array(limits.metricsMax);
  /** Per column: power of ten of a decimal column, else 0. */
  readonly exponents = new Int8Array(limits.metricsMax);
  /** Per column: 1 when every row has a value. */
  readonly presentAll = new Uint8Array(limits.metricsMax);
  /** Per column: rows that have a value. */
  readonly presentCounts = new Uint16Array(limits.metricsMax);
  readonly present = new Uint8Array(limits.batchCellsMax);
  /** 0 where there is no value; untouched for a text column. */
  readonly values = new Float64Array(limits.batchCellsMax);
  /** Filled as far as the last text column reaches, '' where there is no text. */
  readonly texts: string[] = [];
  /** `seen[m]` is the round in which metric m last had a column: a set that is emptied by counting on. */
  readonly seen = new Uint32Array(limits.metricsMax);
  round = 0;

  /** Empties `seen`. */
  startRound(): void {
    if (this.round === 0xffff_ffff) {
      this.seen.fill(0);
      this.round = 0;
    }
    this.round++;
  }
}
