/** The device page and its charts, loaded when first needed: the fleet must not wait for them. Owns the loaded module. */
import { signal } from '@preact/signals';
import type { TimeRange } from '../core/time-range.ts';

type DevicePageModule = typeof import('./device-page.tsx');

const loaded = signal<DevicePageModule | null>(null);
const failed = signal(false);

export async function preloadDevicePage(): Promise<void> {
  if (loaded.peek() !== null) return;
  try {
    failed.value = false;
    loaded.value = await import('./device-page.tsx');
  } catch {
    failed.value = true; // The hub was away or was updated: the page says so and offers a reload.
  }
}

export function LazyDevicePage(props: { deviceId: string; range: TimeRange }) {
  if (loaded.value !== null) {
    const { DevicePage } = loaded.value;
    return <DevicePage {...props} />;
  }
  if (failed.value) {
    return (
      <section class="notice">
        <h1>This page could not be loaded</h1>
        <p>The hub did not answer, or it was updated since this tab was opened. What it has stored is not touched.</p>
        <p>
          <button type="button" class="button" onClick={() => location.reload()}>
            Load again
          </button>
        </p>
      </section>
    );
  }
  void preloadDevicePage();
  return <div class="device-page" aria-busy="true" />;
}
