/**
 * From devices picked in the fleet to a chart of them: the address of Explore with what their columns show.
 *
 * Owns no state. Invariant: at most as many series as Explore draws; every device gets its first metric before any gets a second.
 */
import { exploreSeriesMax, type SeriesName, writeExplore } from './explore-state.ts';
import type { DeviceRecord } from './feed-state.ts';
import { assignMetrics, type TableColumn } from './fleet-columns.ts';

/** '' where there is nothing to draw. */
export function writeExploreLink(devices: readonly DeviceRecord[], columns: readonly TableColumn[]): string {
  const metricsOf = devices.slice(0, exploreSeriesMax).map((device) => assignMetrics(device.metrics, columns));
  const most = devices.length === 1 ? 4 : 1;
  const series: SeriesName[] = [];
  for (let round = 0; round < most; round++) {
    devices.slice(0, exploreSeriesMax).forEach((device, d) => {
      const shown = metricsOf[d]!.filter((metric) => metric >= 0 && device.metrics[metric]?.kind !== 'text');
      const metric = device.metrics[shown[round] ?? -1];
      if (metric !== undefined) series.push({ device: device.id, metric: metric.name });
    });
  }
  if (series.length === 0) return '';
  return `/explore?${writeExplore({ series: series.slice(0, exploreSeriesMax), layout: 'one', aggregate: 'mean', compare: 'none' })}`;
}
