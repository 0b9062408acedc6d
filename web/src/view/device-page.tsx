/**
 * One device: what it is, what it says now, and its charts from the past into this instant.
 *
 * Owns the chart board (device-board.ts) of the device and range shown. Renders when the metric list or the presence changes,
 * never for a reading.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { planCharts } from '../core/chart-groups.ts';
import { applyFacts, type DeviceRecord } from '../core/feed-state.ts';
import type { TimeRange } from '../core/time-range.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { type App, useApp } from './app-context.ts';
import { followBoardKeys } from './board-keys.ts';
import { ChartCard } from './chart-card.tsx';
import { DeviceBoard } from './device-board.ts';
import { DeviceHeader } from './device-header.tsx';
import { EventList } from './event-list.tsx';
import { StateStrips } from './state-strips.tsx';
import { TextTable } from './text-table.tsx';
import { ValueTiles } from './value-tiles.tsx';

type Load = 'loading' | 'ready' | 'unknown-device' | 'failed';

interface DevicePageProps {
  readonly deviceId: string;
  readonly range: TimeRange;
  readonly window: TimeWindow | null;
}

export function DevicePage({ deviceId, range, window }: DevicePageProps) {
  const app = useApp();
  const load = useSignal<Load>('loading');
  const introduced = useRef(false);
  useEffect(() => {
    const endObserver = app.addObserver({
      observeSnapshot: (told) => {
        if (told.id === deviceId) introduced.current = true;
      },
    });
    app.watch([deviceId]);
    void loadDevice(app, deviceId, load);
    return () => {
      endObserver();
      app.watch(null);
    };
  }, [deviceId]);
  void app.model.structure.value;
  const device = app.model.feed.devices.get(deviceId);
  if (load.value === 'unknown-device') return <UnknownDevice deviceId={deviceId} />;
  if (device === undefined || (load.value === 'loading' && device.metrics.length === 0)) {
    return load.value === 'failed' ? (
      <DeviceFailed retry={() => void loadDevice(app, deviceId, load)} />
    ) : (
      <DeviceSkeleton deviceId={deviceId} />
    );
  }
  return <KnownDevice device={device} range={range} window={window} introduced={introduced} />;
}

async function loadDevice(app: App, deviceId: string, load: { value: Load }): Promise<void> {
  load.value = 'loading';
  try {
    applyFacts(app.model.feed, await app.hub.readDevice(deviceId));
    app.model.structure.value = app.model.feed.structureVersion;
    load.value = 'ready';
  } catch (error) {
    load.value = error instanceof HubRefusal && error.status === 404 ? 'unknown-device' : 'failed';
  }
}

function KnownDevice(props: {
  device: DeviceRecord;
  range: TimeRange;
  window: TimeWindow | null;
  introduced: { readonly current: boolean };
}) {
  const { device, range, window, introduced } = props;
  const app = useApp();
  const hasEvents = useSignal(false);
  // A component that reads any signal is rendered for its signals and props alone: model, presence and metrics change in place.
  void app.model.structure.value;
  const board = useMemo(() => makeBoard(app, device, { range, introduced }), [device]);
  useLayoutEffect(() => board.setView(range, window), [board, range, window?.fromMs, window?.toMs]);
  useEffect(() => followBoardKeys(app, board), [board]);
  useEffect(() => board.run(), [board]);
  const layout = useMemo(() => planCharts(device.metrics), [device.metrics.length]);
  return (
    <div class="device-page">
      <DeviceHeader device={device} board={board} />
      {device.metrics.length === 0 ? (
        <section class="notice">
          <h2>Nothing measured yet</h2>
          <p>This device has declared no metrics. Charts appear here by themselves with its first reading.</p>
        </section>
      ) : (
        <>
          <ValueTiles device={device} board={board} />
          <div class={hasEvents.value ? 'device-body has-side' : 'device-body'}>
            <div class="device-main">
              <HistoryNote board={board} />
              <div class="charts">
                {layout.charts.map((group) => (
                  <ChartCard key={`${group.id} ${group.series.length}`} group={group} device={device} board={board} />
                ))}
              </div>
              {layout.strips.length > 0 && <StateStrips metrics={layout.strips} device={device} board={board} />}
              {layout.texts.length > 0 && <TextTable metrics={layout.texts} device={device} board={board} />}
            </div>
            <EventList device={device} hasEvents={hasEvents} />
          </div>
        </>
      )}
    </div>
  );
}

function makeBoard(
  app: App,
  device: DeviceRecord,
  look: { range: TimeRange; introduced: { readonly current: boolean } },
): DeviceBoard {
  return new DeviceBoard(app, device, {
    range: look.range,
    wishes: {
      isIntroduced: () => look.introduced.current,
      boardOnWindow: (window) => {
        const route = app.model.route.peek();
        // Each step is an entry of the history: the browser's own back is a zoom out.
        if (route.page === 'device') app.navigate({ ...route, window });
      },
    },
  });
}

function HistoryNote({ board }: { board: DeviceBoard }) {
  if (board.historyState.value !== 'failed') return null;
  return (
    <p class="banner is-late" role="status">
      The history of this range could not be read; what arrives live is shown. Trying again by itself.
    </p>
  );
}

function UnknownDevice({ deviceId }: { deviceId: string }) {
  return (
    <section class="notice">
      <h1>The hub knows no device “{deviceId}”</h1>
      <p>
        It may not have connected yet, or its name is spelt differently. <a href="/">See the devices there are</a>.
      </p>
    </section>
  );
}

function DeviceFailed({ retry }: { retry: () => void }) {
  return (
    <section class="notice" role="alert">
      <h1>The device could not be read</h1>
      <p>The hub did not answer as expected. The device goes on measuring and keeps what the hub has not acked.</p>
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </section>
  );
}

function DeviceSkeleton({ deviceId }: { deviceId: string }) {
  return (
    <div class="device-page is-skeleton" aria-busy="true">
      <div class="device-header">
        <div class="device-title">
          <h1>{deviceId}</h1>
        </div>
      </div>
      <div class="tiles">
        {Array.from({ length: 6 }, (_, i) => (
          <div class="tile" key={i}>
            <i />
          </div>
        ))}
      </div>
      <div class="charts">
        {Array.from({ length: 4 }, (_, i) => (
          <div class="card chart-card" key={i} />
        ))}
      </div>
    </div>
  );
}
