/**
 * One device: what it is, what it says now, and its charts from the past into this instant.
 *
 * Owns the scene (device-scene.ts) and the board of what is always in sight. Renders when the metric list or the presence changes,
 * never for a reading.
 */
import '../style/device-parts.css';
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { planCharts } from '../core/chart-groups.ts';
import { applyFacts, type DeviceFacts, type DeviceRecord } from '../core/feed-state.ts';
import { nameOf } from '../core/fleet-order.ts';
import { type KnownValues, readKnown } from '../core/last-known.ts';
import type { TimeRange } from '../core/time-range.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { type App, useApp } from './app-context.ts';
import { followBoardKeys } from './board-keys.ts';
import { DeviceBehind, type Kinship, NothingMeasured, noKinship } from './device-behind.tsx';
import { DeviceBoard } from './device-board.ts';
import { DeviceCharts, isLongList } from './device-charts.tsx';
import { DeviceHeader } from './device-header.tsx';
import { makeScene } from './device-scene.ts';
import { EventList } from './event-list.tsx';
import { NewestBanner } from './newest-hint.tsx';
import { StateStrips } from './state-strips.tsx';
import { TextTable } from './text-table.tsx';
import { useShown } from './time-shown.ts';
import { chooseTiles, ValueTiles } from './value-tiles.tsx';

const kinEveryMs = 10_000;

type Load = 'loading' | 'ready' | 'unknown-device' | 'failed';

interface DevicePageProps {
  readonly deviceId: string;
  readonly range: TimeRange;
  readonly window: TimeWindow | null;
}

export function DevicePage({ deviceId, range, window }: DevicePageProps) {
  const app = useApp();
  const load = useSignal<Load>('loading');
  const told = useSignal<Told>(nothingTold);
  const introduced = useRef(false);
  useEffect(() => {
    const endObserver = app.addObserver({
      observeSnapshot: ({ id }) => {
        if (id === deviceId) introduced.current = true;
      },
    });
    app.watch([deviceId]);
    void loadDevice(app, deviceId, { load, told });
    // How those behind a gateway stand comes with no feed of this page.
    const timer = setInterval(() => {
      const isSeen = document.visibilityState === 'visible' && !app.model.feed.isPast;
      if (isSeen && told.peek().behind.length > 0) void readTold(app, deviceId, told).catch(() => undefined);
    }, kinEveryMs);
    return () => {
      clearInterval(timer);
      endObserver();
      app.watch(null);
    };
  }, [deviceId]);
  void app.model.structure.value;
  const device = app.model.feed.devices.get(deviceId);
  if (load.value === 'unknown-device') return <UnknownDevice deviceId={deviceId} />;
  if (device === undefined || (load.value === 'loading' && device.metrics.length === 0)) {
    return load.value === 'failed' ? (
      <DeviceFailed retry={() => void loadDevice(app, deviceId, { load, told })} />
    ) : (
      <DeviceSkeleton name={device === undefined ? deviceId : nameOf(device)} />
    );
  }
  return <KnownDevice device={device} range={range} window={window} introduced={introduced} told={told.value} />;
}

/** What only the hub's list tells, as of when the page was opened. */
interface Told extends Kinship {
  readonly known: KnownValues;
}
const nothingTold: Told = { ...noKinship, known: new Map() };

async function readTold(app: App, deviceId: string, told: { value: Told }): Promise<DeviceFacts> {
  const facts: DeviceFacts = await app.hub.readDevice(deviceId);
  told.value = { gateway: facts.gateway ?? null, behind: facts.behind ?? [], known: readKnown(facts) };
  return facts;
}

async function loadDevice(
  app: App,
  deviceId: string,
  { load, told }: { load: { value: Load }; told: { value: Told } },
): Promise<void> {
  load.value = 'loading';
  told.value = nothingTold;
  try {
    applyFacts(app.model.feed, await readTold(app, deviceId, told));
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
  told: Told;
}) {
  const { device, range, window, introduced, told } = props;
  const app = useApp();
  // A component that reads any signal is rendered for its signals and props alone: model, presence and metrics change in place.
  void app.model.structure.value;
  const isIntroduced = () => introduced.current;
  const scene = useMemo(() => makeScene(app, device, { range, isIntroduced }), [device]);
  const shown = useShown({ device, range, window });
  useLayoutEffect(() => scene.stage.setView(shown.range, shown.window), [scene, shown]);
  useEffect(() => followBoardKeys(app, scene.stage), [scene]);
  const layout = useMemo(() => planCharts(device.metrics), [device.metrics.length]);
  const isLong = isLongList(layout.charts);
  const board = useMemo(() => {
    const always = [...chooseTiles(device), ...layout.strips, ...layout.texts];
    return new DeviceBoard(app, device, { stage: scene.stage, metrics: isLong ? always : null, isIntroduced });
  }, [scene, isLong && layout]);
  // The boards feed before the stage draws.
  useEffect(() => board.run(), [board]);
  useEffect(() => scene.run(), [scene]);
  // What was last known is of the present: of the past it says nothing.
  const known = app.model.feed.isPast ? nothingTold.known : told.known;
  const hasEvents = (scene.events.list.value?.length ?? 0) > 0;
  return (
    <div class="device-page">
      <DeviceHeader device={device} scene={scene} gateway={told.gateway} />
      {device.metrics.length === 0 ? (
        <NothingMeasured device={device} behind={told.behind} />
      ) : (
        <>
          <ValueTiles device={device} board={board} known={known} />
          {/* Without events the charts take the room of their column. */}
          <div class={hasEvents ? 'device-body has-side' : 'device-body'}>
            <div class="device-main">
              <HistoryNote board={board} />
              <NewestBanner board={board} metrics={device.metrics.map(({ index }) => index)} />
              <DeviceCharts charts={layout.charts} scene={scene} board={isLong ? null : board} />
              {layout.strips.length > 0 && (
                <StateStrips metrics={layout.strips} scene={scene} board={board} known={known} />
              )}
              {layout.texts.length > 0 && (
                <TextTable metrics={layout.texts} device={device} board={board} known={known} />
              )}
              <DeviceBehind behind={told.behind} />
            </div>
            <EventList scene={scene} />
          </div>
        </>
      )}
    </div>
  );
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

function DeviceSkeleton({ name }: { name: string }) {
  return (
    <div class="device-page is-skeleton" aria-busy="true">
      <div class="device-header">
        <div class="device-title">
          <h1>{name}</h1>
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
