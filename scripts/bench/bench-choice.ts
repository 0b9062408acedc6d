/**
 * What was asked of a benchmark, checked. Owns nothing.
 */
export interface BenchChoice {
  readonly quick: boolean;
  readonly peers: boolean;
  readonly rounds: number;
  /** Frames a second from each board, in `live`. */
  readonly hz: number;
  /** Files for `size`; the first column is a time. */
  readonly csv: readonly string[];
  /** Options for the hub, to compare settings. */
  readonly hubArgs: readonly string[];
}
