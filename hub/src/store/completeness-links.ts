/**
 * When a device had no link, as one list: the hub's own absence first, since it knew nothing then; then sleep, then the rest. Decides
 * only; reads nothing.
 */
import type { LinkGap } from '../core/ports.ts';
import type { Stretch } from './block-facts.ts';

/** The newest ones, when a range has more. */
const linksMax = 1000;

export interface KnownAbsences {
  readonly downs: readonly Stretch[];
  readonly sleeps: readonly Stretch[];
  readonly outages: readonly Stretch[];
}

/** In order, cut to the range; no two overlap. */
export function listLinks({ downs, sleeps, outages }: KnownAbsences, range: Stretch): LinkGap[] {
  const taken: LinkGap[] = [];
  const add = (state: LinkGap['state'], stretches: readonly Stretch[]) => {
    for (const stretch of stretches) {
      const inside = { fromMs: Math.max(stretch.fromMs, range.fromMs), toMs: Math.min(stretch.toMs, range.toMs) };
      for (const left of subtract(inside, taken)) taken.push({ ...left, state });
    }
  };
  add('hub-down', downs);
  add('asleep', sleeps);
  add('offline', outages);
  return taken.sort((a, b) => a.fromMs - b.fromMs).slice(-linksMax);
}

function subtract(stretch: Stretch, taken: readonly Stretch[]): Stretch[] {
  let left = stretch.toMs > stretch.fromMs ? [stretch] : [];
  for (const one of taken) {
    left = left.flatMap(({ fromMs, toMs }) => {
      if (one.toMs <= fromMs || one.fromMs >= toMs) return [{ fromMs, toMs }];
      return [
        { fromMs, toMs: one.fromMs },
        { fromMs: one.toMs, toMs },
      ].filter((part) => part.toMs > part.fromMs);
    });
  }
  return left;
}
