/** What somebody who looks at a device may want next: the same stretch in Explore, or its readings as a file. No state. */
import { formatRoute } from '../core/app-route.ts';
import { exploreSeriesMax, writeExplore } from '../core/explore-state.ts';
import { makeExportLink } from '../core/export-link.ts';
import type { DeviceScene } from './device-scene.ts';
import { startDownload } from './start-download.ts';
import { chooseTiles } from './value-tiles.tsx';

export function DeviceActions({ scene }: { scene: DeviceScene }) {
  const { app, device, stage } = scene;
  const route = app.model.route.value;
  const chosen = chooseTiles(device)
    .map((index) => device.metrics[index]!)
    .filter(({ kind }) => kind !== 'text')
    .slice(0, exploreSeriesMax);
  if (route.page !== 'device' || chosen.length === 0) return null;
  const look = writeExplore({
    series: chosen.map(({ name }) => ({ device: device.id, metric: name })),
    layout: 'each',
    aggregate: 'mean',
    compare: 'none',
  });
  const { range, window } = route;
  const save = () => {
    const { fromMs, toMs } = stage.window;
    const stretch = { fromMs: fromMs + stage.offsetMs, toMs: toMs + stage.offsetMs };
    startDownload(makeExportLink({ devices: [device.id], metrics: [], ...stretch }));
  };
  return (
    <span class="device-actions">
      <a
        class="link-button"
        href={formatRoute({ page: 'explore', range, window, look })}
        title="The same stretch, beside other devices or times"
      >
        Explore
      </a>
      <button type="button" class="link-button" onClick={save} title="Every reading of the stretch shown, as a file">
        CSV
      </button>
    </span>
  );
}
