/**
 * How long an address must wait after failed sign-ins.
 *
 * Owns the failures by address, a bounded number of them. The first few are free (people mistype); then the wait doubles.
 * It does not know whether a user exists, so neither can whoever asks.
 */
const freeFailures = 5;
const waitMsMax = 15 * 60_000;
const addressesMax = 10_000;

export class SignInThrottle {
  private readonly failures = new Map<string, { count: number; untilMs: number }>();

  /** Milliseconds until the address may try again; 0: now. */
  waitMs(address: string, nowMs: number): number {
    return Math.max(0, (this.failures.get(address)?.untilMs ?? 0) - nowMs);
  }

  noteSuccess(address: string): void {
    this.failures.delete(address);
  }

  /** Returns the wait that this failure brings. */
  noteFailure(address: string, nowMs: number): number {
    // Forgetting the oldest is kinder than a table without a bound; 10,000 addresses guess slowly anyway.
    if (this.failures.size >= addressesMax) this.failures.delete(this.failures.keys().next().value!);
    const count = (this.failures.get(address)?.count ?? 0) + 1;
    const waitMs = count < freeFailures ? 0 : Math.min(waitMsMax, 1_000 * 2 ** (count - freeFailures));
    this.failures.set(address, { count, untilMs: nowMs + waitMs });
    return waitMs;
  }
}
