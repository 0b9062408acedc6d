/**
 * The clock a simulated board believes in: set wrong at first, running fast or slow, put right from the hub or not; or none, and
 * then only the time since power-on is known until the hub tells its own (SPEC SE-12).
 *
 * Owns the correction. Invariant: without error and correction it is the true time. Refuses to read a clock.
 */
export interface BoardClockOptions {
  /** False: it counts from 0 at `bootMs`. */
  readonly hasClock: boolean;
  /** How wrong it is at `bootMs`. */
  readonly errorMs: number;
  /** Parts per million too fast. */
  readonly driftPpm: number;
  readonly bootMs: number;
  /** Takes what Welcome and Pong tell. */
  readonly corrected: boolean;
}

export class BoardClock {
  readonly options: BoardClockOptions;
  /** What it reads is a time of day, not only a time since power-on. */
  isSet: boolean;
  private correctionMs: number;

  constructor(options: BoardClockOptions) {
    this.options = options;
    this.isSet = options.hasClock;
    this.correctionMs = options.hasClock ? options.errorMs : -options.bootMs;
  }

  read(trueMs: number): number {
    const { driftPpm, bootMs } = this.options;
    return trueMs + ((trueMs - bootMs) * driftPpm) / 1e6 + this.correctionMs;
  }

  /** `offsetMs`: the hub's clock minus this one, as last measured. True: taken, so the offset is now 0. */
  correct(offsetMs: number): boolean {
    const taken = this.options.corrected || !this.options.hasClock;
    if (taken) this.correctionMs += offsetMs;
    this.isSet ||= taken;
    return taken;
  }
}
