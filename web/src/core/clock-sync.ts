/**
 * How far the hub's clock is from this browser's, from Ping and Pong.
 *
 * Owns the last few measurements. Invariant: the answer comes from the exchange with the shortest round trip, whose error is
 * at most half of that round trip. Refuses to read a clock: times are arguments.
 */

const keptMax = 8;

export class ClockSync {
  private readonly offsets: number[] = [];
  private readonly roundTrips: number[] = [];

  /** One exchange: both browser times in browser milliseconds, `hubMs` what the hub's clock said in between. */
  addExchange(sentMs: number, hubMs: number, receivedMs: number): void {
    const roundTripMs = receivedMs - sentMs;
    if (!(roundTripMs >= 0) || !Number.isFinite(hubMs) || hubMs === 0) return;
    this.offsets.push(hubMs - (sentMs + receivedMs) / 2);
    this.roundTrips.push(roundTripMs);
    if (this.offsets.length > keptMax) {
      this.offsets.shift();
      this.roundTrips.shift();
    }
  }

  /** After a sleep or a change of network the old exchanges say nothing any more. */
  reset(): void {
    this.offsets.length = 0;
    this.roundTrips.length = 0;
  }

  /** Hub clock minus browser clock; 0 until the first exchange. */
  get offsetMs(): number {
    let best = 0;
    let bestTrip = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.offsets.length; i++) {
      if (this.roundTrips[i]! < bestTrip) {
        bestTrip = this.roundTrips[i]!;
        best = this.offsets[i]!;
      }
    }
    return best;
  }

  get isMeasured(): boolean {
    return this.offsets.length > 0;
  }
}
