/**
 * When to try a lost link again (SPEC RC).
 *
 * Owns no state: attempt, randomness and the hub's own wish are arguments. Invariant: full jitter, so that a hundred
 * screens that lost one hub do not come back in one instant.
 */

const baseMs = 400;
const ceilingMs = 15_000;

/** `attempt` counts from 0, `random` lies in [0, 1), `hubWishMs` is what Goodbye or Fault asked for (0: nothing). */
export function planReconnect(attempt: number, random: number, hubWishMs: number): number {
  const spread = Math.min(ceilingMs, baseMs * 2 ** Math.min(attempt, 10));
  return Math.round(hubWishMs + spread / 2 + (random * spread) / 2);
}
