/**
 * How fresh a device is, as an operator means it: the age of the newest reading, not of the last sign of life.
 *
 * Owns no state. "Fresh" counts from the newest *sample*, in the hub's time: that is how old the numbers on the screen are. The last
 * *contact* (any message) is told beside it where the two differ: a board may be well and its sensor dead, or it may be sending
 * what it kept. Invariant: the answer depends on the record and `nowMs` alone, so a rewound page shows the past's ages.
 */
import type { DeviceRecord } from './feed-state.ts';

/** Grey from so many learned intervals on. */
export const staleIntervals = 1.5;
/** A device at 10 Hz is not stale after 150 ms: nobody could see it. */
const staleMsMin = 1_500;
/** Contact and sample are told apart from this difference on, and only beyond two intervals. */
const apartMsMin = 10_000;

export interface Freshness {
  /** Age of the newest sample; NaN for none. */
  readonly ageMs: number;
  /** Age of the last contact; NaN for never. */
  readonly contactMs: number;
  readonly isStale: boolean;
  /** How much of the ring is left: 1 until stale, then it runs out over six intervals. */
  readonly ring: number;
  /** Contact is so much newer than the sample that both must be said. */
  readonly isApart: boolean;
}

/** Newest sample time of any metric, in the hub's time; NaN for none. */
export function findSampleMs(device: DeviceRecord): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const metric of device.metrics) {
    if (metric !== undefined && metric.latestMs > newest) newest = metric.latestMs;
  }
  if (newest === Number.NEGATIVE_INFINITY) return Number.NaN;
  return newest - (Number.isNaN(device.clockOffsetMs) ? 0 : device.clockOffsetMs);
}

export function judgeFreshness(device: DeviceRecord, nowMs: number): Freshness {
  const ageMs = Math.max(0, nowMs - findSampleMs(device));
  const contactMs = Math.max(0, nowMs - device.lastSeenMs);
  const { intervalMs } = device;
  const allowedMs = Math.max(staleMsMin, intervalMs * staleIntervals || 0);
  const isStale = !(ageMs <= allowedMs);
  const ring = Number.isNaN(ageMs) ? 0 : Math.min(1, Math.max(0, 1 - (ageMs - allowedMs) / (allowedMs * 3)));
  const isApart = ageMs - contactMs > Math.max(apartMsMin, 2 * intervalMs || 0);
  return { ageMs, contactMs, isStale, ring, isApart };
}
