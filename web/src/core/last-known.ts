/**
 * What a device said last before anybody could hear when: kept by a broker, or shown by the inbox. By the metric's index.
 *
 * Owns no state. Invariant: such a value stands in for a reading only until there is one, and never without its mark: not live.
 */
import type { DeviceFacts } from './feed-state.ts';

export type KnownValues = ReadonlyMap<number, number | string>;

export const lastKnownWords = 'last known, not live';
export const lastKnownTitle = 'Last known, not live: of what time nobody has said. The next reading takes its place.';

export function readKnown({ metrics }: DeviceFacts): KnownValues {
  const known = new Map<number, number | string>();
  for (const { index, kind, latest, lastKnown } of metrics) {
    if (latest !== null || lastKnown === null || lastKnown === undefined) continue;
    known.set(index, kind === 'text' ? lastKnown : Number(lastKnown));
  }
  return known;
}
