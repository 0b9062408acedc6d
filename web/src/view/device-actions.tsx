/**
 * What somebody who looks at a device may want next: the same stretch in Explore, its readings as a file, its label, tags and credential.
 * Owns whether these are being edited.
 */
import { useSignal } from '@preact/signals';
import { formatRoute } from '../core/app-route.ts';
import { exploreSeriesMax, writeExplore } from '../core/explore-state.ts';
import { makeExportLink } from '../core/export-link.ts';
import '../style/fleet-panels.css';
import type { DeviceScene } from './device-scene.ts';
import { Dialogue } from './dialogue.tsx';
import { FleetEditor } from './fleet-editor.tsx';
import { startDownload } from './start-download.ts';
import { chooseTiles } from './value-tiles.tsx';

export function DeviceActions({ scene }: { scene: DeviceScene }) {
  return (
    <span class="device-actions">
      <Onward scene={scene} />
      <Edit id={scene.device.id} />
    </span>
  );
}

function Edit({ id }: { id: string }) {
  const isOpen = useSignal(false);
  const close = () => {
    isOpen.value = false;
  };
  return (
    <>
      <button
        type="button"
        class="link-button"
        aria-haspopup="dialog"
        title="Label, tags and credential"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        Edit
      </button>
      {isOpen.value && (
        <Dialogue name={id} look="overlay fleet-panel" close={close}>
          <div class="fleet-panel-body">
            <h2>{id}</h2>
            <FleetEditor ids={[id]} close={close} />
          </div>
        </Dialogue>
      )}
    </>
  );
}

function Onward({ scene }: { scene: DeviceScene }) {
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
    <>
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
    </>
  );
}
