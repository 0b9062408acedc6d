/**
 * The clock a simulated board believes in: set wrong at first, running fast or slow, put right from the hub or not.
 *
 * Owns the correction. Invariant: without error and correction it is the true time. Refuses to read a clock.
 */
export interface BoardClockOptions {
  /** How wrong it is at `bootMs`. */
  readonly errorMs: number;
  /** Parts per million too fast. */
  readonly driftPpm: number;
  readonly bootMs: number;
  /** Takes what Welcome and Pong tell. */
  readonly corrected: boolean;
}

export class BoardClock {
  private readonly options: BoardClockOptions;
  private correctionMs = 0;

  constructor(options: BoardClockOptions) {
    this.options = options;
  }

  read(trueMs: number): number {
    const { errorMs, driftPpm, bootMs } = this.options;
    return trueMs + errorMs + ((trueMs - bootMs) * driftPpm) / 1e6 + this.correctionMs;
  }

  /** `offsetMs`: the hub's clock minus this one, as last measured. True: taken, so the offset is now 0. */
  correct(offsetMs: number): boolean {
    if (this.options.corrected) this.correctionMs += offsetMs;
    return this.options.corrected;
  }
}
