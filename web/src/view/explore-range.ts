/**
 * What "everything" means on Explore: since the earliest reading of any of its devices. Owns the answer for as long as they are shown;
 * until it is there, and without it, a year is shown, as the preset says.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { findRange, makeAllRange, type TimeRange } from '../core/time-range.ts';
import { type App, useApp } from './app-context.ts';

export function useExploreRange(devices: readonly string[], range: TimeRange): TimeRange {
  const app = useApp();
  const found = useSignal<TimeRange | null>(null);
  const ids = range === findRange('all') ? [...new Set(devices)].sort().join('\n') : '';
  useEffect(() => {
    found.value = null;
    if (ids === '') return;
    let isOver = false;
    void readAll(app, ids.split('\n')).then((all) => {
      if (!isOver) found.value = all;
    });
    return () => {
      isOver = true;
    };
  }, [ids]);
  return (ids === '' ? null : found.value) ?? range;
}

async function readAll(app: App, ids: readonly string[]): Promise<TimeRange | null> {
  const nowMs = Math.floor(app.nowHubMs());
  const answers = await Promise.all(ids.map((id) => app.hub.readCompleteness(id, 0, nowMs).catch(() => null)));
  const firstMs = Math.min(...answers.map((answer) => answer?.firstMs ?? Number.POSITIVE_INFINITY));
  return firstMs < nowMs ? makeAllRange(firstMs, nowMs) : null;
}
