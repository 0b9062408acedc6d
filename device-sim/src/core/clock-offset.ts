/**
 * How far the hub's clock is from this device's, from Welcome and Pong (SPEC: Ping/Pong also measure clock offset).
 *
 * Owns the offset and the best round trip it rests on. Refuses measurements from slow round trips: they say little about the
 * moment at which the hub read its clock. The bound widens each time, so a path that became slower is believed in the end.
 */
import type { Pong, Welcome } from '@lapwing/protocol';

export class ClockOffset {
  /** Hub clock minus device clock; NaN until measured. */
  offsetMs = Number.NaN;
  private bestRoundTripMs = Number.POSITIVE_INFINITY;

  /** Off by the way back, so any Pong replaces it. */
  takeWelcome(welcome: Welcome, clockMs: number): void {
    this.offsetMs = welcome.serverMs - clockMs;
    this.bestRoundTripMs = Number.POSITIVE_INFINITY;
  }

  /** True when the offset is measured anew. */
  takePong(pong: Pong, clockMs: number): boolean {
    const roundTripMs = clockMs - pong.pingSentMs;
    if (pong.clockMs === 0 || roundTripMs < 0) return false;
    if (roundTripMs > this.bestRoundTripMs * 2 + 5) {
      this.bestRoundTripMs *= 1.5;
      return false;
    }
    this.bestRoundTripMs = roundTripMs;
    this.offsetMs = pong.clockMs + roundTripMs / 2 - clockMs;
    return true;
  }

  /** The hub's time when the device's clock says `clockMs`. */
  toHubMs(clockMs: number): number {
    return Number.isNaN(this.offsetMs) ? clockMs : clockMs + this.offsetMs;
  }
}
