/**
 * What a route's range means for one device: "everything there is" needs to know since when there is something. Tells the page's
 * clock, too, whether the charts are held.
 *
 * Owns the answer to that question for as long as the device is shown.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import { findRange, makeAllRange, type TimeRange } from '../core/time-range.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { type App, useApp } from './app-context.ts';

export interface Shown {
  readonly range: TimeRange;
  readonly window: TimeWindow | null;
}

/** A device that has been silent for a larger share of everything is not shown up to now: its data would be a smear at the left. */
const silentShareMax = 0.1;

export function useShown(asked: Shown & { readonly device: DeviceRecord }): Shown {
  const { device, range, window } = asked;
  const app = useApp();
  const extent = useSignal<Shown | null>(null);
  const isAll = range === findRange('all');
  useEffect(() => {
    if (!isAll) return;
    extent.value = null;
    void readExtent(app, device).then((found) => {
      extent.value = found;
    });
  }, [isAll, device]);
  useEffect(() => holdClock(app, window), [window?.toMs]);
  const all = isAll && window === null ? extent.value : null;
  return useMemo(() => all ?? { range, window }, [all, range, window?.fromMs, window?.toMs]);
}

async function readExtent(app: App, device: DeviceRecord): Promise<Shown | null> {
  const nowMs = Math.floor(app.nowHubMs());
  // Without an answer a year is shown, as the preset says.
  const found = await app.hub.readCompleteness(device.id, 0, nowMs).catch(() => null);
  const firstMs = found?.firstMs ?? null;
  if (firstMs === null) return null;
  const newestMs = device.metrics.reduce((most, { latestMs }) => (latestMs > most ? latestMs : most), firstMs);
  const spanMs = Math.max(60_000, newestMs - firstMs);
  if (nowMs - newestMs <= (nowMs - firstMs) * silentShareMax)
    return { range: makeAllRange(firstMs, nowMs), window: null };
  const window = {
    fromMs: Math.floor(firstMs - spanMs * 0.02),
    toMs: Math.ceil(Math.min(nowMs, newestMs + spanMs * 0.02)),
  };
  return { range: findRange('all'), window };
}

/** Live to paused and back; a page that somebody rewound stays so. */
function holdClock({ clock }: App, window: TimeWindow | null): () => void {
  if (window !== null && clock.mode.peek() !== 'rewound') clock.pause(window.toMs);
  return () => {
    if (clock.mode.peek() === 'paused') clock.goLive();
  };
}
