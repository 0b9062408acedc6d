/**
 * A state over a stretch of time: as its readings say it, and held between them, since many devices say a state only when it changes.
 *
 * Owns no state. Invariant: a state is held only as long as somebody could have heard that it changed: not while the device had no
 * link, and not after it was here last. What was before the first reading of the stretch is not made up, unless nothing came since.
 */
import type { LinkGap } from './gap-cause.ts';
import type { SeriesBuffer } from './series-buffer.ts';

export interface HeldStretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Different where both states are inside one bucket. */
  readonly low: number;
  readonly high: number;
}

export interface Holding {
  /** The stretch shown, in sample time. */
  readonly fromMs: number;
  readonly edgeMs: number;
  /** The newest reading; NaN for none. */
  readonly latest: number;
  readonly latestMs: number;
  /** Until when the device was here. */
  readonly hereToMs: number;
  readonly links: readonly LinkGap[];
}

export function listHeld(buffer: SeriesBuffer, holding: Holding): HeldStretch[] {
  const { fromMs, edgeMs, hereToMs } = holding;
  const held: HeldStretch[] = [];
  const hold = (from: number, to: number, state: number) => {
    const [first, last] = [Math.max(from, fromMs), Math.min(to, edgeMs, Math.max(hereToMs, from))];
    if (last > first) held.push(...cutLinks({ fromMs: first, toMs: last, low: state, high: state }, holding.links));
  };
  const { bucketMs } = buffer;
  const first = Math.max(Math.floor(fromMs / bucketMs), buffer.endBucket - buffer.size + 1);
  const last = Math.min(buffer.endBucket, Math.floor(edgeMs / bucketMs));
  /** Said by the bucket before; NaN: nobody has said anything. */
  let state = Number.NaN;
  let sinceMs = Number.NaN;
  for (let bucket = first; bucket <= last; bucket++) {
    const slot = buffer.slotOf(bucket);
    if (buffer.finite[slot] === 0) continue;
    const atMs = bucket * bucketMs;
    if (!Number.isNaN(state)) hold(sinceMs, atMs, state);
    held.push({ fromMs: atMs, toMs: atMs + bucketMs, low: buffer.min[slot]!, high: buffer.max[slot]! });
    state = buffer.last[slot]!;
    sinceMs = atMs + bucketMs;
  }
  if (!Number.isNaN(state)) hold(sinceMs, edgeMs, state);
  else if (holding.latestMs <= fromMs) hold(fromMs, edgeMs, holding.latest);
  return held;
}

/** What is left of it outside the stretches without a link. Asleep, a device would wake to say that something changed. */
function cutLinks(whole: HeldStretch, links: readonly LinkGap[]): HeldStretch[] {
  let parts = [whole];
  for (const { fromMs, toMs, state } of links) {
    if (state === 'asleep') continue;
    parts = parts.flatMap((part) => {
      if (toMs <= part.fromMs || fromMs >= part.toMs) return [part];
      const before = { ...part, toMs: Math.max(part.fromMs, fromMs) };
      const after = { ...part, fromMs: Math.min(part.toMs, toMs) };
      return [before, after].filter((one) => one.toMs > one.fromMs);
    });
  }
  return parts;
}
